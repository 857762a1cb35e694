package main

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFind(t *testing.T) {
	for _, c := range []struct{ raw, query, hit string }{
		{"口座から不正出金がありました", "不正出金", "不正出金"},
		{"ＢＴＣを０．５", "btcを0.5", "ＢＴＣを０．５"},
		{"btc 0.5", "ＢＴＣ　０．５", "btc 0.5"},
		{"ﾛｸﾞｲﾝﾊﾟｽﾜｰﾄﾞ", "パスワード", "ﾊﾟｽﾜｰﾄﾞ"},
		{"パスワード", "ﾊﾟｽﾜｰﾄﾞ", "パスワード"},
		{"か\u3099くせい", "がく", "か\u3099く"}, // as macOS spells it
		{"Service\n  Unavailable", "service unavailable", "Service\n  Unavailable"},
		{"STRASSE Straße", "straße", "STRASSE"},
		{"①㍿令㋿", "令和", "㋿"},
		{"㍿", "株式会社", "㍿"},
		{"ABC", "abcd", ""}, {"abc", "", ""}, {"abc", "  ", ""}, {"", "a", ""},
		{"a\xffb", "b", "b"},
		{"İstanbul", "istanbul", ""}, // a dotted İ is another letter
	} {
		f := foldText(c.raw)
		from, to, ok := f.find(foldQuery(c.query))
		if got := c.raw[from:to]; got != c.hit || ok != (c.hit != "") {
			t.Errorf("%q in %q: %q, %v", c.query, c.raw, got, ok)
		}
	}
}

func TestSurroundings(t *testing.T) {
	long := strings.Repeat("あ", 100)
	for _, c := range []struct{ before, hit, after, want string }{
		{"", "x", "", "x"},
		{long, "不正", long, "…" + long[:90] + "不正" + long[:90] + "…"},
		{"one\ntwo ", "three", "\tfour", "one two three four"},
		{strings.Repeat("word ", 20), "0x" + strings.Repeat("ab", 20), strings.Repeat("cd", 30) + " end" + strings.Repeat(" word", 20),
			"…word word word word word word 0x" + strings.Repeat("ab", 20) + strings.Repeat("cd", 30) + "…"},
	} {
		raw := c.before + c.hit + c.after
		if got := surroundings(raw, len(c.before), len(c.before)+len(c.hit)); got != c.want {
			t.Errorf("%q:\n%q, want\n%q", raw, got, c.want)
		}
	}
}

// A hit is a part of the text, never within a letter, and folds to something
// that holds the query.
func FuzzFind(f *testing.F) {
	f.Add("ﾛｸﾞｲﾝﾊﾟｽ ㍿ Straße", "パ")
	f.Add("a\xff\u3099", "\u3099")
	f.Fuzz(func(t *testing.T, raw, query string) {
		text := foldText(raw)
		if len(text.at) != len(text.text)+1 {
			t.Fatalf("%q: %d places for %d bytes", raw, len(text.at), len(text.text))
		}
		q := foldQuery(query)
		from, to, ok := text.find(q)
		if !ok {
			return
		}
		if from >= to || to > len(raw) || utf8.ValidString(raw) && !utf8.ValidString(raw[from:to]) {
			t.Fatalf("%q in %q: %d to %d", query, raw, from, to)
		}
		surroundings(raw, from, to)
	})
}
