package main

import (
	"strings"
	"testing"

	"github.com/rivo/uniseg"
)

// A message is folded at blanks; what is pasted from it stays whole.
func TestFoldMessage(t *testing.T) {
	for _, c := range []struct {
		line  string
		whole string // must stand in one line
		n     int
	}{
		{"locker: hint: short", "locker: hint: short", 1},
		{"locker: warning: " + strings.Repeat("recorded as given, ", 6) + "compare it with the screen", "recorded as given", 3},
		{"locker: warning: " + strings.Repeat("画面と一文字ずつ見比べてください。", 4), "", 3},
		{"locker: hint: to be asked for each, one after the other, and to be able to stop in between: locker --vault '/a b; c/it'\\''s d.locker' fill 1 --for support; or not", "locker --vault '/a b; c/it'\\''s d.locker' fill 1 --for support", 3},
		{"locker: hint: " + strings.Repeat("x ", 31) + "--due \"2 months\" is it", "--due \"2 months\"", 2},
		{"locker: 保管庫がなかったので作りました: /tmp/s4/home-of-somebody/.local/share/locker/vault.locker", " /tmp/s4/home-of-somebody/.local/share/locker/vault.locker", 2},
	} {
		lines := foldMessage(c.line)
		if len(lines) != c.n || !strings.Contains(strings.Join(lines, "\n"), c.whole) {
			t.Errorf("%d lines, want %d with %q whole:\n%s", len(lines), c.n, c.whole, strings.Join(lines, "\n"))
		}
		for i, line := range lines {
			if w := uniseg.StringWidth(line); w > helpWidth {
				t.Errorf("%d columns: %s", w, line)
			}
			if i > 0 && !strings.HasPrefix(line, "        ") {
				t.Errorf("not indented: %q", line)
			}
		}
		bare := strings.NewReplacer(" ", "", "\n", "")
		if got := bare.Replace(strings.Join(lines, "")); got != bare.Replace(c.line) {
			t.Errorf("a sign is lost:\n%s\n%s", got, c.line)
		}
	}
	long := "locker add -- '" + strings.Repeat("a long name ", 9) + ".png'"
	if lines := foldMessage("locker: hint: to record its files: " + long); len(lines) != 2 || strings.TrimSpace(lines[1]) != long {
		t.Errorf("a command is broken: %q", lines)
	}
}

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
		{"   62  送金  取引ID: " + strings.Repeat("f4184fc5", 8) + "; 送信元: a", "       取引ID: " + strings.Repeat("f4184fc5", 8) + ";", 3},
		{"    5  メモ  本文: " + strings.Repeat("出金の画面が突然固まり、", 6), "  本文: 出金の", 3},
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
