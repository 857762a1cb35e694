package report

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"evidence-locker/locker/exchange"
	"evidence-locker/locker/playbook"
	"evidence-locker/locker/record"
	"evidence-locker/report/typeset"
)

func TestRecipientFiles(t *testing.T) {
	all := recipientFiles()
	if len(all) != len(recipientOrder) || len(Recipients()) != len(all) {
		t.Errorf("%d files, %d in order", len(all), len(recipientOrder))
	}
	usedShows := make(map[string]bool)
	for key, file := range all {
		if file.JA == "" || file.EN == "" || len(file.Field) == 0 {
			t.Errorf("%s: incomplete", key)
		}
		if compose[key] == nil {
			t.Errorf("%s: nothing composes it", key)
		}
		for _, typ := range file.LeavesOut {
			if record.FieldsOf(typ) == nil {
				t.Errorf("%s: leaves out %q, which is no type of record", key, typ)
			}
		}
		for _, h := range file.Hold {
			if got, ok := exchange.Builtin().Lookup(h.Exchange); !ok || got.Key != h.Exchange || h.JA == "" || h.EN == "" {
				t.Errorf("%s: incomplete: %+v", key, h)
			}
			for _, tag := range strings.Split(h.Source, ", ") {
				if file.Sources[tag] == "" {
					t.Errorf("%s: %q: source %q is not listed", key, h.Exchange, tag)
				}
			}
		}
		var cited []string
		for _, f := range file.Field {
			cited = append(cited, strings.Split(f.Source, ", ")...)
			for _, at := range f.At {
				cited = append(cited, strings.Split(at.Source, ", ")...)
			}
		}
		for _, tag := range cited {
			if !regexp.MustCompile(`^00[0-4]$`).MatchString(tag) && file.Sources[tag] == "" {
				t.Errorf("%s: source %q is not listed", key, tag)
			}
		}
		for _, f := range file.Field {
			if f.Path != "" {
				if _, _, ok := record.LookupField(f.Path); !ok && record.FieldsOf(record.Type(f.Path)) == nil {
					t.Errorf("%s: no such record field %q", key, f.Path)
				}
			} else if f.Need != notAsked {
				t.Errorf("%s: %q asks for nothing", key, f.EN)
			}
			// A field of a single transaction is worded for that one.
			if item := f.Part == "transaction"; f.Show != "" && (item && itemShows[f.Show] == nil || !item && shows[f.Show] == nil) {
				t.Errorf("%s: no such show %q", key, f.Show)
			}
			usedShows[f.Show] = true
			if !slices.Contains([]string{"", "none", "unknown"}, f.Absent) {
				t.Errorf("%s: %q: absent %q", key, f.EN, f.Absent)
			}
			if f.JA == "" || f.EN == "" {
				t.Errorf("%s: incomplete: %+v", key, f)
			}
			for _, k := range slices.Concat(f.Kinds, f.NotKinds) {
				if got, ok := playbook.Builtin().Lookup(k); !ok || got.Key != k {
					t.Errorf("%s: %q: no such kind %q", key, f.EN, k)
				}
			}
			asks := []asking{f.asking}
			for _, at := range f.At {
				if got, ok := exchange.Builtin().Lookup(at.Exchange); !ok || got.Key != at.Exchange {
					t.Errorf("%s: %q: no such exchange %q", key, f.EN, at.Exchange)
				}
				asks = append(asks, at.asking)
			}
			for i, a := range asks {
				if !slices.Contains([]Need{Required, Expected, Optional, notAsked}, a.Need) {
					t.Errorf("%s: %q: need %q", key, f.EN, a.Need)
				}
				if a.WhyJA == "" || a.WhyEN == "" || a.Source == "" {
					t.Errorf("%s: incomplete: %+v", key, a)
				}
				for _, tag := range strings.Split(a.Source, ", ") {
					if strings.HasPrefix(tag, "W") && file.Sources[tag] == "" {
						t.Errorf("%s: %q: source %s is not listed", key, f.EN, tag)
					}
				}
				// A reason that names an exchange is told only there.
				for _, e := range exchange.Builtin().Exchanges() {
					for _, why := range []string{a.WhyJA, a.WhyEN} {
						if strings.Contains(why, e.EN) && (i == 0 || f.At[i-1].Exchange != e.Key) {
							t.Errorf("%s: %q: %q is told to others too", key, f.EN, why)
						}
					}
				}
			}
		}
	}
	for _, name := range slices.Concat(slices.Collect(maps.Keys(shows)), slices.Collect(maps.Keys(itemShows))) {
		if !usedShows[name] {
			t.Errorf("show %q is not used", name)
		}
	}
}

// Every field that can be recorded has a name in both languages, unless no
// section prints its name.
func TestLabels(t *testing.T) {
	unnamed := []record.Type{"attempt", "loss", "note", "action", "evidence", "key", "device", "retract", "reporter"}
	for _, typ := range record.Types() {
		if slices.Contains(unnamed, typ) {
			continue
		}
		for _, f := range record.FieldsOf(typ) {
			if l := labels[string(typ)+"."+f.Name]; l[0] == "" || l[1] == "" {
				t.Errorf("%s.%s has no name", typ, f.Name)
			}
		}
	}
	kana := regexp.MustCompile(`[\p{Han}\p{Hiragana}\p{Katakana}]`)
	for path, l := range labels {
		if _, _, ok := record.LookupField(path); !ok {
			t.Errorf("label of an unknown field %q", path)
		}
		if !kana.MatchString(l[0]) && l[0] != "URL" && l[0] != "SHA-256" {
			t.Errorf("%s: %q is not Japanese", path, l[0])
		}
	}
}

// A report reads nothing but what it is given.
func TestReadsNothingElse(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range files {
		if filepath.Ext(f.Name()) != ".go" || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		n++
		src, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{`"os"`, `"os/`, `"database/sql`, `"crypto`, `"net"`, `"net/http`, `"net/rpc`, `"net/smtp`, "time.Now", "time.Local", ".Local()", "time.Since"} {
			if strings.Contains(string(src), word) {
				t.Errorf("%s uses %s", f.Name(), word)
			}
		}
	}
	if n < 5 {
		t.Errorf("only %d files were looked at", n)
	}
}

func FuzzPrintable(f *testing.F) {
	for _, s := range []string{"a\x00b", "bad\xff", "パスワード: hunter2", "line\r\nline\ttab", "\u202e", "𠮷😀"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := typeset.Printable(s)
		if !utf8.ValidString(got) || strings.ContainsFunc(got, typeset.Hidden) {
			t.Errorf("Printable(%q) = %q", s, got)
		}
		if typeset.Printable(got) != got {
			t.Errorf("%q is not stable: %q", got, typeset.Printable(got))
		}
		maskSecrets(got, "X")
	})
}

func FuzzWrap(f *testing.F) {
	f.Add("証拠の説明。「括弧」と、2026年11月3日～4日", "bc1q0amsnea7yvuxg68f8hc9mf33xdt7mhw04w7r86")
	f.Add("", " a b ")
	f.Add("送り先は「9aa4FWpEp32AJHJKGc7pBrXTLy7VA9PfmAShXNNX4C3o」、https://example.com/a?b=c～", "x")
	f.Fuzz(func(t *testing.T, text, id string) {
		text, id = typeset.Printable(text), typeset.Printable(id)
		lines := wrap([]typeset.Span{{Text: text}, {Text: id, Mono: true}}, 40)
		blank := func(s string) string { return strings.Join(strings.Fields(s), "") }
		if got, want := blank(strings.Join(lines, "")), blank(text+id); got != want {
			t.Errorf("text lost: %q, want %q", got, want)
		}
		for _, word := range strings.Fields(id) {
			if !slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, word) }) {
				t.Errorf("identifier %q is broken: %q", word, lines)
			}
		}
		for _, l := range lines {
			if uniseg.StringWidth(strings.TrimSpace(l)) > 40 && !identifierIn(l) && !slices.ContainsFunc(strings.Fields(id), func(w string) bool { return strings.Contains(l, w) }) {
				t.Errorf("%d columns: %q", uniseg.StringWidth(l), l)
			}
		}
	})
}
