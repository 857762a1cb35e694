package typeset

import (
	"fmt"
	"strings"
	"testing"
)

// Katakana words and numbers with their units stay on one line where they fit.
func TestWordsStayWhole(t *testing.T) {
	const text = "注文のスリッページが大きく、キャンセルとログインができないまま15日と3時間後に543,210円を失った。"
	for w := 85.0; w < 300; w += 1.7 {
		lines := linesOf(text, w, false)
		if strings.Join(lines, "") != text {
			t.Fatalf("width %v: %q", w, lines)
		}
		for _, word := range []string{"スリッページ", "キャンセル", "ログイン", "15日", "543,210円"} {
			if !strings.Contains(strings.Join(lines, "|"), word) {
				t.Errorf("width %v: %s is divided in %q", w, word, lines)
			}
		}
	}
	// One that is wider than the line is divided, and nothing of it is lost.
	if l := linesOf("スリッページ", 35, false); len(l) < 2 || strings.Join(l, "") != "スリッページ" {
		t.Errorf("%q", l)
	}
}

// Sheets before a restart have a count of their own.
func TestPageRuns(t *testing.T) {
	for _, restart := range []bool{true, false} {
		d := &Document{Date: testDate, FrontOf: func(n, total int) string { return fmt.Sprintf("front %d of %d", n, total) },
			PageOf: func(n, total int) string { return fmt.Sprintf("body %d of %d", n, total) },
			Blocks: []Block{Paragraph{Spans: Text("a")}, PageBreak{Restart: restart}, Paragraph{Spans: Text("b")}, PageBreak{}, Paragraph{Spans: Text("c")}}}
		want := []string{"front 1 of 1", "body 1 of 2", "body 2 of 2"}
		if !restart {
			want = []string{"body 1 of 3", "body 2 of 3", "body 3 of 3"}
		}
		for i, p := range strings.Split(strings.TrimRight(extract(t, write(t, d)), "\f"), "\f") {
			if !strings.Contains(p, want[i]) {
				t.Errorf("page %d: no %q in %q", i+1, want[i], p)
			}
		}
	}
}
