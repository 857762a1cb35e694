package main

import (
	"encoding/json"
	"errors"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func testGrammar() *grammar {
	g := grammarOf(newApp(&env{}))
	g.exists = func(name string) bool { return slices.Contains([]string{"-shot.png", "shot.png"}, name) }
	return g
}

func TestOrder(t *testing.T) {
	for _, c := range []struct {
		name  string
		words []string
		want  []string // the line in order
	}{
		{"in order", []string{"add", "--note", "x", "a.png"}, []string{"locker", "add", "--note=x", "--", "a.png"}},
		{"a flag after the argument", []string{"add", "a.png", "--at", "14:03"}, []string{"locker", "add", "--at=14:03", "--", "a.png"}},
		{"a global flag after the command", []string{"list", "--vault", "v"}, []string{"locker", "--vault=v", "list", "--"}},
		{"a global flag before the command", []string{"--vault=v", "list"}, []string{"locker", "--vault=v", "list", "--"}},
		{"a flag before the command", []string{"--note", "list", "add", "a"}, []string{"locker", "add", "--note=list", "--", "a"}},
		{"two dashes end the flags", []string{"add", "--new", "--", "--note", "-"}, []string{"locker", "add", "--new", "--", "--note", "-"}},
		{"a dash is an argument", []string{"add", "-", "--name", "x"}, []string{"locker", "add", "--name=x", "--", "-"}},
		{"a value with a dash", []string{"add", "--loss", "-5.5E-7 BTC"}, []string{"locker", "add", "--loss=-5.5E-7 BTC", "--"}},
		{"a value that is a dash", []string{"report", "-o", "-"}, []string{"locker", "report", "--output=-", "--"}},
		{"a value after =", []string{"add", "--note=--title"}, []string{"locker", "add", "--note=--title", "--"}},
		{"a value with =", []string{"add", "--set", "order.pair=btc_jpy"}, []string{"locker", "add", "--set=order.pair=btc_jpy", "--"}},
		{"commas and newlines", []string{"add", "--note", "a,b\nc"}, []string{"locker", "add", "--note=a,b\nc", "--"}},
		{"two notes", []string{"add", "--note", "a", "--note", "b"}, []string{"locker", "add", "--note=a", "--note=b", "--"}},
		{"an empty note", []string{"add", "--note", ""}, []string{"locker", "add", "--note=", "--"}},
		{"one value twice the same", []string{"add", "--at", "9:00", "--at", "9:00"}, []string{"locker", "add", "--at=9:00", "--"}},
		{"a short flag", []string{"add", "-i", "3"}, []string{"locker", "add", "--incident=3", "--"}},
		{"a short flag with its value", []string{"add", "-i3", "x"}, []string{"locker", "add", "--incident=3", "--", "x"}},
		{"short flags together", []string{"add", "-qi3"}, []string{"locker", "--quiet", "add", "--incident=3", "--"}},
		{"a file named like a command", []string{"add", "add", "list"}, []string{"locker", "add", "--", "add", "list"}},
		{"a file named like a flag", []string{"add", "note", "--note", "x"}, []string{"locker", "add", "--note=x", "--", "note"}},
		{"the language of the program", []string{"--lang", "en", "report"}, []string{"locker", "--lang=en", "report", "--"}},
		{"the language of the document", []string{"--lang", "en", "report", "--lang", "ja"}, []string{"locker", "--lang=en", "report", "--lang=ja", "--"}},
	} {
		line, err := testGrammar().order(c.words)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := line.argv("locker"); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestOrderRefuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		words []string
		key   string
		fixed string // the corrected line, "" for none
	}{
		{"nothing", nil, "usage.no-command", ""},
		{"an unknown flag", []string{"add", "shot.png", "--noet", "a b"}, "usage.unknown-flag", "locker add shot.png --note 'a b'"},
		{"with its value after =", []string{"add", "--titel=x"}, "usage.unknown-flag", "locker add --title=x"},
		{"with one dash", []string{"add", "-note", "x"}, "usage.unknown-flag", "locker add --note x"},
		{"two unknown flags", []string{"add", "--noet", "x", "--exchagne", "bitbank"}, "usage.unknown-flag", "locker add --note x --exchange bitbank"},
		{"a flag of another kind of record", []string{"add", "--pair", "btc_jpy", "--new"}, "usage.unknown-flag", "locker add --set order.pair=btc_jpy --new"},
		{"the same after =", []string{"add", "--pair=btc jpy"}, "usage.unknown-flag", "locker add --set 'order.pair=btc jpy'"},
		{"nothing near", []string{"add", "--zzzzzz", "x"}, "usage.unknown-flag", ""},
		{"an unknown command", []string{"lst"}, "usage.unknown-command", "locker list"},
		{"an unknown command with an unknown flag", []string{"ad", "--noet", "it's"}, "usage.unknown-command", `locker add --note 'it'\''s'`},
		{"a file for a command", []string{"shot.png", "--note", "x"}, "usage.file-without-command", "locker add shot.png --note x"},
		{"a file with a dash", []string{"add", "-shot.png"}, "usage.file-like-flag", "locker add ./-shot.png"},
		{"no value", []string{"add", "--note"}, "usage.flag-needs-value", ""},
		{"a flag for a value", []string{"add", "--note", "--title", "x"}, "usage.flag-instead-of-value", ""},
		{"a mistyped flag for a value", []string{"add", "--note", "--titel", "x"}, "usage.flag-instead-of-value", ""},
		{"a value too much", []string{"add", "--new=yes"}, "usage.flag-takes-no-value", "locker add --new"},
		{"an empty value", []string{"list", "--vault", ""}, "usage.flag-empty", ""},
		{"two times", []string{"add", "--at", "9:00", "--at", "10:00"}, "usage.flag-twice", ""},
		{"a passphrase", []string{"list", "--passphrase", "hunter2"}, "usage.passphrase-flag", ""},
		{"control characters", []string{"add", "--noet", "a\x1b[2J\n\u202eb"}, "usage.unknown-flag", `locker add --note $'a\x1b[2J\n\xe2\x80\xaeb'`},
	} {
		_, err := testGrammar().order(c.words)
		var usage *usageError
		if !errors.As(err, &usage) {
			t.Errorf("%s: no error", c.name)
			continue
		}
		fixed := ""
		if usage.fixed != nil {
			fixed = quoteLine(usage.fixed)
		}
		if usage.key != c.key || fixed != c.fixed {
			t.Errorf("%s: %s %q, want %s %q", c.name, usage.key, fixed, c.key, c.fixed)
		}
	}
}

// A secret that was typed by mistake is not repeated.
func TestOrderKeepsSecret(t *testing.T) {
	for _, words := range [][]string{{"list", "--passphrase", "hunter2"}, {"list", "--password=hunter2", "--nope"}} {
		_, err := testGrammar().order(words)
		var usage *usageError
		if !errors.As(err, &usage) || strings.Contains(lang("en").msg(usage.key, usage.args...)+quoteLine(usage.fixed), "hunter2") {
			t.Errorf("%q: %v", words, usage)
		}
	}
}

// Whatever is typed, a line in order keeps every value, and order on its own
// output changes nothing.
func FuzzOrder(f *testing.F) {
	f.Add("add\x00shot.png\x00--note\x00x")
	f.Add("--lang\x00en\x00report\x00--lang=ja\x00-o-")
	f.Add("add\x00-qi3\x00--\x00--note")
	f.Add("\xff\x00--pair\x00x\x00--\x00")
	g := testGrammar()
	f.Fuzz(func(t *testing.T, s string) {
		words := strings.Split(s, "\x00")
		line, err := g.order(words)
		if err != nil {
			var usage *usageError
			if !errors.As(err, &usage) || !lang("en").has(usage.key) {
				t.Fatalf("%q: %v", words, err)
			}
			if q := quoteLine(usage.fixed); safe(q) != q {
				t.Fatalf("%q: the corrected line steers the terminal: %q", words, q)
			}
			return
		}
		if line.help || line.version {
			return
		}
		argv := line.argv("locker")
		again, err := g.order(argv[1:])
		if err != nil || !slices.Equal(again.argv("locker"), argv) {
			t.Fatalf("%q became %q and then %v, %v", words, argv, again, err)
		}
	})
}

// What quoteLine writes, a shell reads back as the same words.
func TestQuoteLine(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no POSIX shell")
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash")
	}
	words := []string{"", "plain", "two words", "it's", `back\slash`, "$HOME `ls` !x", "日本語", "絵文字 📸", "a\nb\tc", "\x1b[31m", "\u202e", "\xff", "*?[~#"}
	out, err := exec.Command(bash, "-c", `printf '%s\0' `+quoteLine(words)).Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"); !slices.Equal(got, words) {
		t.Errorf("got %q, want %q", got, words)
	}
}

// JSON that is printed steers no terminal and stays the same value.
func TestVisibleJSON(t *testing.T) {
	in := "日本語 👩\u200d💻 a\u009b31m\u202e\x7f\ufeff\U000e0001\u2028\x1b"
	data, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	got := visibleJSON(data)
	if s := string(got); safe(s) != s || !strings.Contains(s, "👩") {
		t.Errorf("still steers: %q", s)
	}
	var back string
	if err := json.Unmarshal(got, &back); err != nil || back != in {
		t.Errorf("came back as %q, %v", back, err)
	}
	if got, err := json.Marshal(jsonText("a\xff")); err != nil || string(got) != `{"b64":"Yf8="}` {
		t.Errorf("no UTF-8: %s, %v", got, err)
	}
}

func TestSafe(t *testing.T) {
	for in, want := range map[string]string{
		"plain 日本語 👩‍💻":         "plain 日本語 👩‍💻",
		"\x1b[2J\x07":           `\x1b[2J\x07`,
		"a\r\nb\tc":             `a\r\nb\tc`,
		"\u202eabc\u200b\ufeff": `\u{202e}abc\u{200b}\u{feff}`,
		"\xff\u009b":            `\xff\u{009b}`,
	} {
		if got := safe(in); got != want {
			t.Errorf("safe(%q) = %q, want %q", in, got, want)
		}
	}
}
