package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"evidence-locker/locker/record"

	"github.com/rivo/uniseg"
	"github.com/urfave/cli/v2"
)

var verb = regexp.MustCompile(`%[a-z]`)

// Both catalogues have the same keys, and their texts take the same arguments
// in the same order.
func TestCataloguesMatch(t *testing.T) {
	for key, en := range english {
		ja, ok := japanese[key]
		if !ok {
			t.Errorf("%q has no Japanese text", key)
			continue
		}
		if a, b := verb.FindAllString(en, -1), verb.FindAllString(ja, -1); !slices.Equal(a, b) {
			t.Errorf("%q takes %v in English and %v in Japanese", key, a, b)
		}
	}
	for key := range japanese {
		if _, ok := english[key]; !ok {
			t.Errorf("%q has no English text", key)
		}
	}
}

// same are texts that are alike in both languages.
var same = []string{"list.separator", "help.completion.usage", "guide.stop", "fill.item", "report.sum", "err.other", "field.url", "field.sha256"}

func TestJapaneseIsJapanese(t *testing.T) {
	for key, text := range japanese {
		has := strings.ContainsFunc(text, func(r rune) bool {
			return unicode.In(r, unicode.Hiragana, unicode.Katakana, unicode.Han)
		})
		if !has && !slices.Contains(same, key) {
			t.Errorf("%q is not Japanese: %q", key, text)
		}
	}
}

// keyPrefixes are put together with a suffix at run time.
var keyPrefixes = []string{"help.", "flag.", "field.", "type.", "group.", "person.", "need.", "fault.", "vault-warning.", "report-warning.", "list.", "file.", "add.unknown-", "guide.clock-", "channel.", "grade.", "import.row-"}

// Every key that the source names is in the catalogue, and every key of the
// catalogue is named somewhere.
func TestEveryKeyIsUsed(t *testing.T) {
	named := map[string]bool{}
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") || strings.HasPrefix(f.Name(), "lang_") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), f.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				s, _ := strconv.Unquote(lit.Value)
				named[s] = true
			}
			return true
		})
	}
	prefixes := map[string]bool{}
	for key := range english {
		if i := strings.IndexByte(key, '.'); i > 0 {
			prefixes[key[:i+1]] = true
		}
		if !named[key] && !slices.ContainsFunc(keyPrefixes, func(p string) bool { return strings.HasPrefix(key, p) }) {
			t.Errorf("no source names %q", key)
		}
	}
	key := regexp.MustCompile(`^[a-z-]+\.[a-z-]*[a-z](\.[a-z-]+)*$`)
	for s := range named {
		prefix, _, _ := strings.Cut(s, ".")
		if key.MatchString(s) && !strings.HasSuffix(s, ".txt") && prefixes[prefix+"."] {
			if _, ok := english[s]; !ok {
				t.Errorf("the source names %q, which has no text", s)
			}
		}
	}
}

// Every code of the vault has its sentence.
func TestVaultCodesHaveTexts(t *testing.T) {
	prefixes := map[string]string{"Warn": "vault-warning.", "Fault": "fault.", "File": "file."}
	pkgs, err := filepath.Glob("../../locker/*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range pkgs {
		tree, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Names) != 1 || len(spec.Values) != 1 {
				return true
			}
			lit, ok := spec.Values[0].(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			code, _ := strconv.Unquote(lit.Value)
			for start, prefix := range prefixes {
				if strings.HasPrefix(spec.Names[0].Name, start) {
					found++
					if !lang("en").has(prefix + code) {
						t.Errorf("%s %q has no text %q", spec.Names[0].Name, code, prefix+code)
					}
				}
			}
			return true
		})
	}
	if found < 20 {
		t.Errorf("found only %d codes in package locker", found)
	}
}

// Every flag, command, type and field has its text.
func TestTextsAreComplete(t *testing.T) {
	app := newApp(&env{})
	need := func(key string) {
		if !lang("en").has(key) {
			t.Errorf("%q has no text", key)
		}
	}
	check := func(command string, flags []cli.Flag) {
		for _, f := range flags {
			need(flagKey("en", command, f.Names()[0]))
		}
	}
	check("", app.Flags)
	for _, c := range app.Commands {
		need("help." + c.Name)
		need("help." + c.Name + ".usage")
		check(c.Name, c.Flags)
	}
	for _, typ := range record.Types() {
		need("type." + string(typ))
		need("group." + string(typ))
		for _, f := range record.FieldsOf(typ) {
			need("field." + f.Name)
		}
	}
}

// Help fits a terminal of 80 columns in both languages.
func TestHelpWidth(t *testing.T) {
	for l := range maps.Keys(catalogues) {
		app := newApp(&env{})
		for _, c := range append(app.Commands, nil) {
			var b strings.Builder
			name := ""
			if c == nil {
				appHelp(&b, l, app)
			} else {
				name = c.Name
				commandHelp(&b, l, c)
			}
			for _, line := range strings.Split(b.String(), "\n") {
				if w := uniseg.StringWidth(line); w > helpWidth {
					t.Errorf("%s help of %q: %d columns: %s", l, name, w, line)
				}
			}
		}
	}
}

func TestChooseLang(t *testing.T) {
	for _, c := range []struct {
		name, flag string
		env        map[string]string
		want       lang
		ok         bool
	}{
		{"nothing set", "", nil, "en", true},
		{"the locale", "", map[string]string{"LANG": "ja_JP.UTF-8"}, "ja", true},
		{"LC_ALL before LANG", "", map[string]string{"LC_ALL": "C", "LANG": "ja_JP.UTF-8"}, "en", true},
		{"LC_MESSAGES before LANG", "", map[string]string{"LC_MESSAGES": "ja_JP", "LANG": "de_DE"}, "ja", true},
		{"the variable before the locale", "", map[string]string{"LOCKER_LANG": "en", "LANG": "ja_JP"}, "en", true},
		{"the flag before all", "ja", map[string]string{"LOCKER_LANG": "en"}, "ja", true},
		{"a variable that makes no sense", "", map[string]string{"LOCKER_LANG": "fr", "LANG": "ja_JP"}, "ja", true},
		{"one that is not there", "fr", map[string]string{"LANG": "ja_JP"}, "ja", false},
	} {
		got, ok := chooseLang(c.flag, func(k string) string { return c.env[k] })
		if got != c.want || ok != c.ok {
			t.Errorf("%s: %s, %v", c.name, got, ok)
		}
	}
}

// Text from outside cannot steer a terminal through a message.
func TestMessagesAreHarmless(t *testing.T) {
	got := lang("en").msg("err.writing", "a\x1b[2Jb\nlocker: warning: x\u202e", &usageError{key: "\x07"})
	if safe(got) != got {
		t.Errorf("message still holds control characters: %q", got)
	}
}
