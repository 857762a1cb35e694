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

// A date, its time and its zone stay on one line where they fit.
func TestMomentsStayWhole(t *testing.T) {
	moments := []string{"2024-01-15 14:03:07 +09:00", "2024-01-15 05:03:07.25 UTC", "2024-01-15 14:03 -05:00"}
	text := "令和6年1月15日（" + moments[0] + "、" + moments[1] + "）と Time " + moments[2] + " (UTC) に"
	for w := 180.0; w < 420; w += 3.3 {
		lines := linesOf(text, w, false)
		for _, m := range moments {
			if !strings.Contains(strings.Join(lines, "|"), m) {
				t.Errorf("width %v: %s is divided in %q", w, m, lines)
			}
		}
	}
	// In a column that is narrower they are divided at their blanks.
	if l := linesOf(moments[0], 70, false); strings.Join(l, "|") != "2024-01-15|14:03:07|+09:00" {
		t.Errorf("%q", l)
	}
	// Other blanks between digits are places to break.
	if l := linesOf("12345 67890 12345 67890", 80, false); len(l) != 2 {
		t.Errorf("%q", l)
	}
}

// No paragraph ends with a line of a syllable, unless it would take one line
// more to avoid it.
func TestLastLine(t *testing.T) {
	const text = "取引所は、警察官本人からの公的なメールアドレスによる照会を求め、私用のものは受け付けない。記録の保全と開示は別である。"
	breakOnce := func(s string, w float64) []line {
		n := 0
		b := &breaker{size: 10, tokens: &n, spans: Text(s)}
		var shadow strings.Builder
		for _, r := range s {
			b.add(r, 0, &shadow)
		}
		b.fill(s, shadow.String(), w)
		return b.lines
	}
	short, better := 0, 0
	for w := 130.0; w < 500; w += 1.3 {
		n := 0
		lines := breaker{size: 10, tokens: &n}.breakLines(Text(text), w)
		plain := breakOnce(text, w)
		if len(lines) != len(plain) {
			t.Errorf("width %v: %d lines instead of %d", w, len(lines), len(plain))
		}
		if plain[len(plain)-1].w < 25 {
			short++
			if lines[len(lines)-1].w >= 25 {
				better++
			}
		}
		for _, l := range lines {
			if l.w > w+0.1 {
				t.Errorf("width %v: a line is %v wide", w, l.w)
			}
		}
	}
	if short < 5 || better < short*9/10 {
		t.Errorf("%d of %d short last lines are longer", better, short)
	}
}

// A head that needs two lines is divided before its bracket.
func TestHeadsOfColumns(t *testing.T) {
	l, err := newLayout(&Document{})
	if err != nil {
		t.Fatal(err)
	}
	pages, err := l.paginate([]Block{Table{Columns: []Column{{Head: "作成者（取得者）", MM: 19}, {Head: "作成者（取得者）", MM: 60}, {Head: "Made (by whom)", MM: 22}, {}}, Rows: [][]Cell{{Text("x")}}}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := pageText(pages[0]), "作成者|（取得者）|作成者（取得者）|Made|(by whom)|x|"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
