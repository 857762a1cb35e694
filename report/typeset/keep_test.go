package typeset

import (
	"fmt"
	"strings"
	"testing"
)

// Neither the first nor the last row of a form or table stands alone on a page.
func TestKeepEnds(t *testing.T) {
	const n = 12
	form := Fields{}
	table := Table{Columns: []Column{{Head: "a"}, {Head: "b"}}}
	for i := range n {
		s := fmt.Sprintf("row%02d", i)
		form.Rows = append(form.Rows, Field{Label: "x", Value: Text(s)})
		table.Rows = append(table.Rows, []Cell{Text(s), Text("y")})
	}
	for _, b := range []Block{form, table} {
		for space := range 60 {
			l, err := newLayout(&Document{})
			if err != nil {
				t.Fatal(err)
			}
			rows, err := l.rows(0, b)
			if err != nil {
				t.Fatal(err)
			}
			// The page of each row that is drawn, from where it was put.
			var at []int
			f := &flow{l: l}
			for i := range rows {
				draw := rows[i].draw
				if draw == nil || i == 0 && len(rows) > n+1 {
					continue // the head of the table
				}
				rows[i].draw = func(p *page, y float64) {
					at = append(at, len(f.pages))
					draw(p, y)
				}
			}
			f.newPage()
			f.put(row{h: l.h - float64(space)*5, draw: func(*page, float64) {}})
			for len(rows) > 0 {
				k := 1
				for k < len(rows) && rows[k-1].keep {
					k++
				}
				f.putGroup(rows[:k])
				rows = rows[k:]
			}
			if len(at) != n || at[0] != at[1] || at[n-1] != at[n-2] {
				t.Errorf("%T, %d: rows on pages %v", b, space*5, at)
			}
		}
	}
}

// No paragraph leaves its first or its last line alone on a page.
func TestParagraphEnds(t *testing.T) {
	alone := func(before int, broken bool) bool {
		l, err := newLayout(&Document{})
		if err != nil {
			t.Fatal(err)
		}
		blocks := []Block{Space(1), Paragraph{Spans: Text(strings.Repeat("x\n", before) + "x")}}
		para := "line1\nline2\nline3\nline4\nline5"
		if broken { // control: the same lines without anything that keeps them
			for s := range strings.SplitSeq(para, "\n") {
				blocks = append(blocks, Paragraph{Spans: Text(s)})
			}
		} else {
			blocks = append(blocks, Paragraph{Spans: Text(para)})
		}
		pages, err := l.paginate(blocks)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range pages {
			if n := strings.Count(pageText(p), "line"); n == 1 {
				return true
			}
		}
		return false
	}
	noticed := false
	for before := 20; before < 60; before++ {
		if alone(before, false) {
			t.Errorf("after %d lines: a line stands alone", before)
		}
		noticed = noticed || alone(before, true)
	}
	if !noticed {
		t.Error("the control has no line that stands alone")
	}
}
