package locker_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"evidence-locker/crypto"
	"evidence-locker/locker"
	"evidence-locker/locker/record"

	signed "golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// helperEnv names the environment variable that turns the test binary into a
// helper process.
const helperEnv = "LOCKER_TEST_HELPER"

// helpers are the processes that tests start; each gets its arguments.
var helpers = map[string]func(args []string) error{}

// runHelper runs the helper that the environment names, if any, and exits.
func runHelper() {
	name := os.Getenv(helperEnv)
	if name == "" {
		return
	}
	if err := helpers[name](os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, name+":", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// helperCommand is the test binary as a helper process.
func helperCommand(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), helperEnv+"="+name)
	cmd.Stderr = os.Stderr
	return cmd
}

// helperOptions are testOptions for a process without a *testing.T; warnings
// go to stderr.
func helperOptions(dir string) locker.Options {
	o := baseOptions(dir)
	o.Warn = func(w locker.Warning) { fmt.Fprintf(os.Stderr, "warning %s: %s\n", w.Code, w.Detail) }
	return o
}

// sayRecorded prints what a helper was told is recorded, in one write, so that
// a kill cannot cut the line.
func sayRecorded(r locker.Recorded) {
	text := ""
	if t, ok := r.Fact.Fields["text"].(record.Text); ok {
		text = string(t)
	}
	if r.File != nil {
		text = r.File.Name + ":" + hex.EncodeToString(r.File.SHA256[:])
	}
	os.Stdout.WriteString(fmt.Sprintf("recorded %d %s\n", r.Seq, text))
}

// reported is what somebody was told, by seq: a note's text, or a file's name
// and digest.
type reported map[int64]string

// read takes the lines that sayRecorded wrote; an unfinished one counts for
// nothing.
func (rep reported) read(t testing.TB, output io.Reader) {
	t.Helper()
	b, err := io.ReadAll(output)
	if err != nil {
		t.Fatal(err)
	}
	s := bufio.NewScanner(bytes.NewReader(b[:bytes.LastIndexByte(b, '\n')+1]))
	for s.Scan() {
		rep.line(t, s.Text())
	}
}

// line takes one line; others than "recorded" are not its own.
func (rep reported) line(t testing.TB, line string) {
	t.Helper()
	var seq int64
	if _, err := fmt.Sscanf(line, "recorded %d", &seq); err != nil {
		return
	}
	text := strings.SplitN(line, " ", 3)[2]
	if old, ok := rep[seq]; ok {
		t.Errorf("record %d was reported twice: %q, %q", seq, old, text)
	}
	rep[seq] = text
}

func (rep reported) add(r locker.Recorded) {
	if r.File != nil {
		rep[r.Seq] = r.File.Name + ":" + hex.EncodeToString(r.File.SHA256[:])
	} else {
		rep[r.Seq] = string(r.Fact.Fields["text"].(record.Text))
	}
}

// checkReported re-opens the vault and checks that it verifies, that the tree
// follows from the leaves by the tlog package alone, and that everything that
// was reported is there, contents of files included. It returns the number of
// records, the genesis included.
func checkReported(t testing.TB, path string, rep reported, expectedWarnings ...string) int64 {
	t.Helper()
	got := verify(t, path, expectedWarnings...)
	for _, f := range got.Faults {
		t.Errorf("fault %+v", f)
	}
	checkTree(t, path)
	v, err := locker.Open(context.Background(), path, testOptions(t, filepath.Dir(path), expectedWarnings...))
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	k, err := v.Unlock(context.Background(), passphrase)
	if err != nil {
		t.Fatal(err)
	}
	for seq, want := range rep {
		r, err := v.Record(context.Background(), k, seq)
		if err != nil {
			t.Errorf("record %d (%.40q) was reported: %v", seq, want, err)
			continue
		}
		have, _ := r.Fields["text"].(record.Text)
		if r.Exhibit != nil {
			have = record.Text(r.Exhibit.Name + ":" + hex.EncodeToString(r.Exhibit.SHA256[:]))
		}
		if string(have) != want {
			t.Errorf("record %d is %.40q, reported was %.40q", seq, have, want)
		}
	}
	return got.Records
}

// checkTree computes every stored hash and the newest head's root from the
// leaves, with the tlog package and no code of ours.
func checkTree(t testing.TB, path string) {
	t.Helper()
	db := rawDB(t, path)
	defer db.Close()
	var hashes []tlog.Hash
	reader := tlog.HashReaderFunc(func(ids []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(ids))
		for i, id := range ids {
			out[i] = hashes[id]
		}
		return out, nil
	})
	leaves := texts(t, db, "SELECT leaf FROM record ORDER BY seq")
	for i, leaf := range leaves {
		h, err := tlog.StoredHashes(int64(i), []byte(leaf), reader)
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, h...)
	}
	nodes := texts(t, db, "SELECT lower(hex(hash)) FROM node ORDER BY id")
	if len(nodes) != len(hashes) {
		t.Errorf("%d nodes for %d leaves, want %d", len(nodes), len(leaves), len(hashes))
		return
	}
	for i := range nodes {
		if nodes[i] != hex.EncodeToString(hashes[i][:]) {
			t.Errorf("node %d is wrong", i)
		}
	}
	root, err := tlog.TreeHash(int64(len(leaves)), reader)
	if err != nil {
		t.Fatal(err)
	}
	heads := texts(t, db, "SELECT note FROM head ORDER BY id DESC LIMIT 1")
	want := fmt.Sprintf("\n%d\n%s\nfrom ", len(leaves), root.String())
	if len(heads) == 0 || !strings.Contains(heads[0], want) {
		t.Errorf("the newest head is not of the %d leaves:\n%s", len(leaves), strings.Join(heads, ""))
	}
}

// rawDB opens a vault's file as any SQLite program would, without our settings.
func rawDB(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+url.PathEscape(path)+"?mode=rw&_busy_timeout=5000")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	return db
}

func exec1(t testing.TB, db *sql.DB, query string, args ...any) {
	t.Helper()
	if _, err := db.Exec(query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func texts(t testing.TB, db *sql.DB, query string, args ...any) (out []string) {
	t.Helper()
	rows, err := db.Query(query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// withoutTriggers runs f and puts the triggers back word for word, as somebody
// who does not want to be noticed would.
func withoutTriggers(t testing.TB, db *sql.DB, f func()) {
	t.Helper()
	triggers := texts(t, db, "SELECT sql FROM sqlite_schema WHERE type = 'trigger'")
	for _, name := range texts(t, db, "SELECT name FROM sqlite_schema WHERE type = 'trigger'") {
		exec1(t, db, "DROP TRIGGER "+name)
	}
	f()
	for _, s := range triggers {
		exec1(t, db, s)
	}
}

// forgeNodes makes the stored hashes follow from the leaves.
func forgeNodes(t testing.TB, db *sql.DB) (size int64, root tlog.Hash) {
	t.Helper()
	exec1(t, db, "DELETE FROM node")
	var hashes []tlog.Hash
	reader := tlog.HashReaderFunc(func(ids []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(ids))
		for i, id := range ids {
			out[i] = hashes[id]
		}
		return out, nil
	})
	for i, leaf := range texts(t, db, "SELECT leaf FROM record ORDER BY seq") {
		h, err := tlog.StoredHashes(int64(i), []byte(leaf), reader)
		if err != nil {
			t.Fatal(err)
		}
		for _, hash := range h {
			exec1(t, db, "INSERT INTO node VALUES (?, ?)", len(hashes), hash[:])
			hashes = append(hashes, hash)
		}
		size++
	}
	root, err := tlog.TreeHash(size, reader)
	if err != nil {
		t.Fatal(err)
	}
	return size, root
}

// forgeHead signs a head with a key that this vault never heard of.
func forgeHead(t testing.TB, db *sql.DB, vault string, cp record.Checkpoint) {
	t.Helper()
	skey, _, err := signed.GenerateKey(fixedRand{}, record.Origin(vault))
	if err != nil {
		t.Fatal(err)
	}
	signer, err := signed.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	text, err := signed.Sign(&signed.Note{Text: cp.Marshal()}, signer)
	if err != nil {
		t.Fatal(err)
	}
	exec1(t, db, "INSERT INTO head (size, note) VALUES (?, ?)", cp.Size, string(text))
}

// fixedRand is a fixed source: a forger's key need not be random.
type fixedRand struct{}

func (fixedRand) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 7
	}
	return len(p), nil
}

// copyVault copies a vault that nobody has open, and its config folder, to a
// new folder, as if both had always been there.
func copyVault(t testing.TB, path string) string {
	t.Helper()
	dir := t.TempDir()
	copyFile(t, path, filepath.Join(dir, "vault.locker"))
	config := filepath.Join(filepath.Dir(path), "config")
	if _, err := os.Stat(config); err == nil {
		if err := os.CopyFS(filepath.Join(dir, "config"), os.DirFS(config)); err != nil {
			t.Fatal(err)
		}
	}
	homes, err := filepath.Glob(filepath.Join(dir, "config", "home-*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, home := range homes {
		if err := os.WriteFile(home, []byte(filepath.Join(dir, "vault.locker")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "vault.locker")
}

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// seal encrypts what anybody who knows the recipient can.
func seal(t testing.TB, r crypto.Recipient, plain []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := crypto.Encrypt(&b, r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// warnings collects warning codes.
type warnings struct {
	mu    sync.Mutex
	codes map[string]int
}

func (w *warnings) options(dir string) locker.Options {
	o := baseOptions(dir)
	w.codes = map[string]int{}
	o.Warn = func(x locker.Warning) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.codes[x.Code]++
	}
	return o
}

// faultCodes counts the faults of a verification by code.
func faultCodes(v *locker.Verification) map[string]int {
	out := map[string]int{}
	for _, f := range v.Faults {
		out[f.Code]++
	}
	return out
}

func readContent(v *locker.Vault, k *crypto.Key, e *locker.Exhibit) ([]byte, error) {
	rc, err := v.Content(context.Background(), k, e)
	if err != nil {
		return nil, err
	}
	defer rc.Close()
	return io.ReadAll(rc)
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// filesUnder returns every regular file in a folder and below.
func filesUnder(t testing.TB, dir string) (out []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			out = append(out, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
