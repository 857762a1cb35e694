package main

import (
	"strings"
	"testing"

	"github.com/rivo/uniseg"
)

// A record's line is folded without losing a sign, and what is copied from a
// terminal stays whole.
func TestFoldLine(t *testing.T) {
	long := "https://example.com/very-long/path?with=many-parts/" + strings.Repeat("ab-cd/", 15)
	for _, c := range []struct {
		line  string
		whole string // must stand in one line
		n     int
	}{
		{"    1  fact  exchange: bitbank", "    1  fact  exchange: bitbank", 1},
		{"    1  attempt  tried: sell 0.5 btc_jpy 9800000; came back: 503 Service Unavailable; began: 2026-11-22 14:30:00 +09:00; times: 12", "came back: 503 Service Unavailable; began: 2026-11-22 14:30:00 +09:00;", 3},
		{"    2  transfer  txid: 3252c9ba03fe493184bbcf3eb777fd9b3772ce0c452ec23e762c2e0255eafee9; to: bc1q0amsnea7yvuxg68f8hc9mf33xdt7mhw04w7r86", "txid: 3252c9ba03fe493184bbcf3eb777fd9b3772ce0c452ec23e762c2e0255eafee9;", 3},
		{"    3  fact  URL: " + long, long, 2},
		{"    4  メモ  " + strings.Repeat("出金の画面が突然固まり、再読み込みもできなくなった。", 4), "", 3},
	} {
		lines := foldLine(c.line, false)
		if len(lines) != c.n || !strings.Contains(strings.Join(lines, "\n"), c.whole) {
			t.Errorf("%d lines, want %d with %q whole:\n%s", len(lines), c.n, c.whole, strings.Join(lines, "\n"))
		}
		for i, line := range lines {
			if w := uniseg.StringWidth(line); w > helpWidth && !strings.Contains(line, long) {
				t.Errorf("%d columns: %s", w, line)
			}
			if i > 0 && !strings.HasPrefix(line, "       ") {
				t.Errorf("not indented: %q", line)
			}
		}
		bare := strings.NewReplacer(" ", "", "\n", "")
		if got := bare.Replace(strings.Join(lines, "")); got != bare.Replace(c.line) {
			t.Errorf("a sign is lost:\n%s\n%s", got, c.line)
		}
	}
}
