package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "evidence-locker"

// A room is a package, what it may import from outside, and which of our
// packages its arrows lead to.
type room struct {
	path    string
	outside []string // prefixes of module paths
	ours    []string // packages; a trailing slash takes all below
	rule    string
}

// free may be imported everywhere.
var free = []string{"golang.org/x/text", "github.com/rivo/uniseg", "github.com/shopspring/decimal"}

var rooms = []room{
	{"crypto", []string{"filippo.io/age"}, nil,
		"crypto: may import filippo.io/age, may touch bytes, readers and writers; never files, prompts, clock, SQL"},
	{"locker/durable", nil, nil,
		"locker/durable: may import the standard library only, may touch the file it is given; never formats or our types"},
	{"locker/volume", []string{"golang.org/x/sys"}, nil,
		"locker/volume: may import x/sys, may touch the file it is asked about; never formats or our types"},
	{"locker/datafile", []string{"github.com/BurntSushi/toml"}, nil,
		"locker/datafile: the one reader of TOML"},
	{"locker/record", nil, nil,
		"locker/record: bytes and values only, so that fuzzing it does not compile SQLite"},
	{"locker/exchange", nil, []string{"locker/datafile"},
		"locker/exchange: data files only"},
	{"locker/playbook", nil, []string{"locker/datafile"},
		"locker/playbook: data files only"},
	{"locker/chain", []string{"github.com/btcsuite/btcd/btcutil/bech32", "github.com/mr-tron/base58", "golang.org/x/crypto/sha3"}, []string{"locker/datafile"},
		"locker/chain: text only; may import bech32, base58 and sha3 (Keccak); never files, the clock"},
	{"locker/statement", nil, []string{"locker/datafile", "locker/record"},
		"locker/statement: a reader in, rows out; never files, SQL, the clock"},
	{"locker/claims", []string{"github.com/bep/imagemeta"}, []string{"locker/record"},
		"locker/claims: bytes and values only; may import imagemeta"},
	{"locker", []string{"github.com/mattn/go-sqlite3", "golang.org/x/mod", "github.com/gofrs/flock", "github.com/gabriel-vasile/mimetype"}, []string{"crypto", "locker/"},
		"locker: may import go-sqlite3, x/mod, flock, mimetype; may touch the vault file and the backup folder; never print, prompt, exit, env vars, or the clock except through now"},
	{"report/typeset", []string{"github.com/jung-kurt/gofpdf", "golang.org/x/image", "github.com/boombuler/barcode/qr"}, nil,
		"report/typeset: may import gofpdf, x/image and barcode/qr, may touch the writer it is given; never files, SQL, keys, the clock"},
	{"report", nil, []string{"locker", "locker/", "report/"},
		"report: may touch the writer it is given; never files, SQL, keys, the clock"},
	{"cmd/locker", []string{"github.com/urfave/cli", "golang.org/x/term", "github.com/schollz/progressbar", "github.com/sethvargo/go-diceware", "github.com/fsnotify/fsnotify", "golang.org/x/image/font", "golang.org/x/image/math"},
		[]string{"crypto", "locker", "locker/", "report", "report/"},
		"cmd/locker: may import urfave/cli, x/term, progressbar, diceware, fsnotify, and x/image for the screens of the demo; may touch arguments, env vars, streams, terminal, and output files through durable; never SQL, age, gofpdf, tlog"},
}

// vendors are outside packages that exactly one room imports.
var vendors = []string{"filippo.io/age", "github.com/mattn/go-sqlite3", "github.com/jung-kurt/gofpdf", "github.com/urfave/cli", "golang.org/x/term", "github.com/BurntSushi/toml", "github.com/gofrs/flock", "golang.org/x/mod", "github.com/gabriel-vasile/mimetype", "github.com/btcsuite/btcd", "github.com/mr-tron/base58", "golang.org/x/crypto", "github.com/fsnotify/fsnotify", "github.com/bep/imagemeta", "golang.org/x/sys", "github.com/boombuler/barcode"}

// roomOf finds the room of a package: its own, or the nearest one above.
func roomOf(pkg string) *room {
	best := (*room)(nil)
	for i, r := range rooms {
		if (pkg == r.path || strings.HasPrefix(pkg, r.path+"/")) && (best == nil || len(r.path) > len(best.path)) {
			best = &rooms[i]
		}
	}
	return best
}

// violations returns what a package imports against its room's rule.
func violations(pkg string, imports []string) []string {
	r := roomOf(pkg)
	if r == nil {
		return []string{fmt.Sprintf("%s is in no room; give it one in imports_test.go", pkg)}
	}
	under := func(path string, list []string) bool {
		return slices.ContainsFunc(list, func(p string) bool {
			return path == strings.TrimSuffix(p, "/") && !strings.HasSuffix(p, "/") || strings.HasPrefix(path, strings.TrimSuffix(p, "/")+"/") && (strings.Contains(p, ".") || strings.HasSuffix(p, "/"))
		})
	}
	var bad []string
	for _, i := range imports {
		own, isOwn := strings.CutPrefix(i, module+"/")
		first, _, _ := strings.Cut(i, "/")
		switch {
		case isOwn && (under(own, r.ours) || strings.HasPrefix(own, r.path+"/")):
		case isOwn, strings.Contains(first, ".") && !under(i, r.outside) && !under(i, free):
			bad = append(bad, fmt.Sprintf("%s imports %s. %s", pkg, i, r.rule))
		}
	}
	return bad
}

// importsOf asks the go command what each of our packages imports, tests left
// out.
func importsOf(t *testing.T) map[string][]string {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", module+"/...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	all := map[string][]string{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := d.Decode(&p); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimPrefix(p.ImportPath, module+"/")] = p.Imports
	}
}

func TestImports(t *testing.T) {
	all := importsOf(t)
	for _, must := range []string{"cmd/locker", "report", "locker", "crypto"} {
		if len(all[must]) == 0 {
			t.Errorf("go list shows no imports of %s", must)
		}
	}
	users := map[string][]string{}
	for pkg, imports := range all {
		for _, v := range violations(pkg, imports) {
			t.Error(v)
		}
		for _, i := range imports {
			for _, v := range vendors {
				if i == v || strings.HasPrefix(i, v+"/") {
					users[v] = append(users[v], roomOf(pkg).path)
				}
			}
		}
	}
	for v, in := range users {
		slices.Sort(in)
		if in = slices.Compact(in); len(in) > 1 {
			t.Errorf("%s is imported in %v; one vendor per room", v, in)
		}
	}
}

// Wrong imports would be found, and right ones are not complained about.
func TestImportsControl(t *testing.T) {
	for _, c := range []struct {
		pkg, imports string
		wrong        bool
	}{
		{"crypto", "filippo.io/age", false},
		{"crypto", "filippo.io/age/armor", false},
		{"crypto", "evidence-locker/locker", true},
		{"crypto", "github.com/mattn/go-sqlite3", true},
		{"locker/durable", "os", false},
		{"locker/durable", "evidence-locker/locker/record", true},
		{"locker/durable", "golang.org/x/sys/unix", true},
		{"locker/volume", "golang.org/x/sys/unix", false},
		{"locker/volume", "evidence-locker/locker/durable", true},
		{"locker", "evidence-locker/locker/volume", false},
		{"locker", "golang.org/x/sys/unix", true},
		{"locker", "evidence-locker/crypto", false},
		{"locker", "golang.org/x/text/unicode/norm", false},
		{"locker", "evidence-locker/report", true},
		{"locker", "github.com/urfave/cli/v2", true},
		{"locker", "filippo.io/age", true},
		{"locker/chain", "github.com/mr-tron/base58", false},
		{"locker/chain", "github.com/btcsuite/btcd/btcutil/bech32", false},
		{"locker/chain", "github.com/btcsuite/btcd/btcutil", true},
		{"locker/exchange", "github.com/mr-tron/base58", true},
		{"locker/statement", "evidence-locker/locker/record", false},
		{"locker/statement", "evidence-locker/locker", true},
		{"report", "evidence-locker/locker", false},
		{"report", "evidence-locker/crypto", true},
		{"report", "github.com/jung-kurt/gofpdf", true},
		{"report", "evidence-locker/cmd/locker", true},
		{"report/typeset", "github.com/jung-kurt/gofpdf", false},
		{"cmd/locker", "github.com/urfave/cli/v2", false},
		{"cmd/locker", "golang.org/x/mod/sumdb/tlog", true},
		{"cmd/locker", "filippo.io/age", true},
		{"tools", "os", true},
	} {
		if got := len(violations(c.pkg, []string{c.imports})) > 0; got != c.wrong {
			t.Errorf("%s imports %s: wrong = %v, want %v", c.pkg, c.imports, got, c.wrong)
		}
	}
}

// No file of the program but env.go and its clock reads the time, the
// environment or the standard streams.
func TestOutsideComesThroughEnv(t *testing.T) {
	for _, f := range goFiles(t) {
		if f.name == "env.go" || f.name == "main.go" {
			continue
		}
		for _, word := range []string{"os.Args", "os.Getenv", "os.Stdin", "os.Stdout", "os.Stderr", "os.Exit", "cli.Exit(", "TestOnly"} {
			if strings.Contains(f.text, word) {
				t.Errorf("%s uses %s; it belongs in env.go or main.go", f.name, word)
			}
		}
		if strings.Contains(f.text, "time.Now") && f.name != "progress.go" {
			t.Errorf("%s uses time.Now; the time comes through env", f.name)
		}
	}
}

type goFile struct{ name, text string }

// goFiles reads the program's sources, tests left out.
func goFiles(t *testing.T) []goFile {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil || len(names) == 0 {
		t.Fatal("no sources", err)
	}
	var files []goFile
	for _, n := range names {
		if strings.HasSuffix(n, "_test.go") {
			continue
		}
		text, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, goFile{n, string(text)})
	}
	return files
}
