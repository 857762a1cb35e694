package typeset

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// tallCells returns rows whose cells have the given numbers of lines. A line names
// its row, cell and place: "3.0.7|".
func tallCells(heights ...[2]int) (form Fields, table Table) {
	table.Columns = []Column{{Head: "Head"}, {Head: "B"}}
	for i, h := range heights {
		var cells []Cell
		for k, n := range h {
			s := make([]string, n)
			for j := range s {
				s[j] = fmt.Sprintf("%d.%d.%d", i, k, j)
			}
			cells = append(cells, Text(strings.Join(s, "\n")))
		}
		form.Rows = append(form.Rows, Field{Label: string(cells[0][0].Text), Value: cells[1]})
		table.Rows = append(table.Rows, cells)
	}
	return form, table
}

// faults tells what is wrong with how rows lie on the pages: lines that stand
// alone, rows that should be together, room left empty, a head left out.
func faults(l *layout, pages []*page, heights [][2]int, head bool) map[string]bool {
	found := map[string]bool{}
	type part struct{ row, cell int }
	last := len(heights) - 1
	seen := map[part]int{}
	for i, p := range pages {
		lines, rows := map[part]int{}, map[int]bool{}
		bottom, heads := 0.0, 0
		for _, o := range p.ops {
			t, ok := o.(textOp)
			if !ok {
				continue
			}
			bottom = max(bottom, t.base)
			var pt part
			var n int
			if t.text == "Head" {
				heads++
			} else if _, err := fmt.Sscanf(t.text, "%d.%d.%d", &pt.row, &pt.cell, &n); err == nil {
				if n != seen[pt] {
					found["a line is out of its order"] = true
				}
				seen[pt]++
				lines[pt]++
				rows[pt.row] = true
			}
			if t.base > l.top+l.h {
				found["text lies below the page"] = true
			}
		}
		for pt, n := range lines {
			if n == 1 && heights[pt.row][pt.cell] > 1 {
				found["a line of a row stands alone"] = true
			}
		}
		if len(rows) == 0 {
			continue
		}
		if len(rows) == 1 && last > 0 {
			for r := range rows {
				if r == 0 && seen[part{0, 0}] == heights[0][0] && seen[part{0, 1}] == heights[0][1] {
					found["the first row ends alone"] = true
				}
				if r == last && lines[part{last, 0}] == heights[last][0] && lines[part{last, 1}] == heights[last][1] {
					found["the last row is alone"] = true
				}
			}
		}
		if head && heads != 1 {
			found["a page without the head of its table"] = true
		}
		if i < len(pages)-1 && bottom < l.top+l.h*3/4-3*l.size*l.leading {
			found["a large gap"] = true
		}
	}
	for i, h := range heights {
		for k, n := range h {
			if seen[part{i, k}] != n {
				found["lines are lost"] = true
			}
		}
	}
	return found
}

// However high their rows are and wherever they begin, forms and tables leave
// no line and no first or last row alone on a page, and no page half empty.
func TestKeepEnds(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 14))
	sets := [][][2]int{
		{{1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}},
		{{1, 1}, {1, 40}, {1, 1}}, // small rows beside large ones
		{{1, 20}, {1, 1}},
		{{1, 1}, {1, 20}},
		{{1, 1}, {30, 2}, {3, 30}, {1, 1}},
		{{1, 200}, {1, 1}}, // higher than any page
		{{5, 120}},
	}
	for range 25 {
		var set [][2]int
		for range 2 + rnd.IntN(7) {
			h := [2]int{1 + rnd.IntN(4), 1 + rnd.IntN(4)}
			if rnd.IntN(3) == 0 {
				h[rnd.IntN(2)] = 4 + rnd.IntN(50)
			}
			set = append(set, h)
		}
		sets = append(sets, set)
	}
	noticed := map[string]bool{}
	for _, set := range sets {
		form, table := tallCells(set...)
		for before := 20; before < 60; before++ {
			for _, b := range []Block{form, table} {
				_, head := b.(Table)
				check := func(change func([]row)) map[string]bool {
					l, err := newLayout(&Document{})
					if err != nil {
						t.Fatal(err)
					}
					var rows []row
					for _, b := range []Block{Space(1), Paragraph{Spans: Text(strings.Repeat("x\n", before) + "x")}, b} {
						r, err := l.rows(0, b)
						if err != nil {
							t.Fatal(err)
						}
						rows = append(rows, r...)
					}
					change(rows)
					return faults(l, l.place(rows), set, head)
				}
				for f := range check(func([]row) {}) {
					t.Errorf("%T of %v below %d lines: %s", b, set, before, f)
				}
				if before%7 > 0 {
					continue
				}
				// Controls: without each of the rules its fault is seen.
				maps.Copy(noticed, check(func(rows []row) {
					for i := range rows {
						rows[i].keep = false
					}
				}))
				maps.Copy(noticed, check(func(rows []row) {
					for i := range rows {
						rows[i].split = nil
					}
				}))
				maps.Copy(noticed, check(func(rows []row) {
					for i := range rows {
						rows[i].head = nil
						if split := rows[i].split; split != nil {
							rows[i].split = func(avail float64, _ bool) (row, row, bool) { return split(1, true) }
						}
					}
				}))
			}
		}
	}
	for _, f := range []string{"text lies below the page", "a line of a row stands alone", "the first row ends alone", "the last row is alone",
		"a page without the head of its table", "a large gap"} {
		if !noticed[f] {
			t.Errorf("no control shows that %s", f)
		}
	}
}

// A form that is to be kept is on one page with its heading, and one that takes
// more than a page is divided like any other.
func TestKeepForm(t *testing.T) {
	// pagesOf returns the first page of the form, and on how many it is.
	pagesOf := func(before int, keep bool, heights ...[2]int) (first, n int) {
		l, err := newLayout(&Document{})
		if err != nil {
			t.Fatal(err)
		}
		form, _ := tallCells(heights...)
		form.Keep = keep
		pages, err := l.paginate([]Block{Space(1), Paragraph{Spans: Text(strings.Repeat("x\n", before) + "x")}, Heading{Level: 3, Text: "Title"}, form})
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range pages {
			if s := pageText(p); strings.Contains(s, ".0.") || strings.Contains(s, ".1.") || strings.Contains(s, "Title") {
				first, n = i+1-n, n+1
			}
		}
		return first, n
	}
	ten := slices.Repeat([][2]int{{1, 1}, {1, 2}}, 5)
	divided := false
	for before := 1; before < 60; before++ {
		if _, n := pagesOf(before, true, ten...); n != 1 {
			t.Errorf("below %d lines: on %d pages", before, n)
		}
		if first, n := pagesOf(before, true, append(ten, [2]int{1, 80})...); n < 2 || first > 1 && before < 30 {
			t.Errorf("a large one below %d lines: on %d pages from page %d", before, n, first)
		}
		_, n := pagesOf(before, false, ten...)
		divided = divided || n > 1
	}
	if !divided {
		t.Error("the control is never divided")
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

// A place to sign has the end of the text on its page.
func TestSignatureNotAlone(t *testing.T) {
	alone := func(before int, change func([]row)) bool {
		l, err := newLayout(&Document{})
		if err != nil {
			t.Fatal(err)
		}
		var blocks []Block
		for range before {
			blocks = append(blocks, Paragraph{Spans: Text("text")})
		}
		blocks = append(blocks, Note{Spans: Text("text")}, Signature{Labels: []string{"Date", "Signature"}})
		pages, err := l.paginate(blocks)
		if change != nil { // control: the same rows without what keeps them
			var rows []row
			for _, b := range blocks {
				r, _ := l.rows(0, b)
				rows = append(rows, r...)
			}
			pages = l.place(rows)
		}
		if err != nil {
			t.Fatal(err)
		}
		last := pageText(pages[len(pages)-1])
		return !strings.Contains(last, "text") || !strings.Contains(last, "Date") || !strings.Contains(last, "Signature")
	}
	noticed := false
	for before := 20; before < 60; before++ {
		if alone(before, nil) {
			t.Errorf("below %d lines the signature is alone", before)
		}
		noticed = noticed || alone(before, func([]row) {})
	}
	if !noticed {
		t.Error("the control has no signature that is alone")
	}
}

// A picture shrinks to what is left of a page, with its marks and its target,
// but not to less than half of its size, nor to a size at which its text could
// not be read.
func TestPictureShrinks(t *testing.T) {
	for _, c := range []struct {
		w, h          int
		least         float64 // height in mm
		shrunk, moved bool
	}{
		{900, 500, 170 * 500 / 900 / 2.0, true, true}, // half of its size
		{1920, 1080, 1080 / 12.0, true, true},         // 12 pixels for a millimetre
		{1080, 2340, 2340 / 18.0, true, true},         // 18, for a telephone has small pixels
		{400, 3000, 1000, false, true},                // but its screen is no narrow strip
		{64, 48, 48 / 96.0 * 25.4 / 2, true, true},
	} {
		d := &Document{Date: testDate}
		file := encodePNG(t, chart(c.w, c.h))
		shrunk, moved := 0, 0
		var full float64
		for before := range 60 {
			d.Blocks = []Block{Paragraph{Spans: Text(strings.Repeat("x\n", before) + "x")}, Picture{ID: "p", Caption: Text("caption"), Open: from(file)}}
			l, err := newLayout(d)
			if err != nil {
				t.Fatal(err)
			}
			l.pictures, err = inspectAll(t.Context(), d.Blocks)
			if err != nil {
				t.Fatal(err)
			}
			rows, err := l.rows(1, d.Blocks[1])
			if err != nil {
				t.Fatal(err)
			}
			full = rows[0].h
			l.placed = nil
			pages, err := l.paginate(d.Blocks)
			if err != nil {
				t.Fatal(err)
			}
			for i, p := range pages {
				for _, o := range p.ops {
					o, ok := o.(pictureOp)
					if !ok {
						continue
					}
					if o.y+o.h > l.top+l.h || !strings.Contains(pageText(p), "caption") || l.dests["p"] != (dest{i + 1, o.y}) {
						t.Errorf("%d×%d below %d lines: picture at %v, %v high, on page %d", c.w, c.h, before, o.y, o.h, i+1)
					}
					if o.h < min(full, c.least*mm)-eps || o.h > full+eps || o.part != o.h || math.Abs(o.w/o.h*float64(c.h)/float64(c.w)-1) > 0.01 ||
						math.Abs(o.scale-o.w/float64(c.w)) > 1e-6 || math.Abs(o.x+o.w/2-l.pageW/2) > 0.01 {
						t.Errorf("%d×%d below %d lines: %v high in full, %+v", c.w, c.h, before, full, o)
					}
					if o.h < full-eps {
						shrunk++
					}
					if i > 0 {
						moved++
						if room := l.h - float64(before+1)*l.size*l.leading; room > min(full, c.least*mm)+3*l.size*l.leading {
							t.Errorf("%d×%d below %d lines: moved although %v are left", c.w, c.h, before, room)
						}
					}
				}
			}
		}
		if (shrunk > 0) != c.shrunk || (moved > 0) != c.moved {
			t.Errorf("%d×%d: %d shrunk, %d moved", c.w, c.h, shrunk, moved)
		}
	}
}
