package typeset

import (
	"slices"
	"strconv"
	"strings"
)

// cell is a box of text lines within a row.
type cell struct {
	x, w  float64
	lines []line
	align Align
}

// box is a row of cells side by side with room around them.
type box struct {
	cells       []cell
	lh          float64                     // line height
	top, bottom float64                     // inner margins
	back        func(p *page, y, h float64) // drawn under the text
	front       func(p *page, y, h float64) // drawn over it
}

// lines is the number of lines of the highest cell.
func (b box) lines() int {
	n := 0
	for _, c := range b.cells {
		n = max(n, len(c.lines))
	}
	return n
}

// row makes a row of the box.
func (b box) row() row {
	r := row{h: float64(b.lines())*b.lh + b.top + b.bottom}
	r.draw = func(p *page, y float64) {
		if b.back != nil {
			b.back(p, y, r.h)
		}
		for _, c := range b.cells {
			p.text(c.lines, c.x, y+b.top, c.w, b.lh, c.align)
		}
		if b.front != nil {
			b.front(p, y, r.h)
		}
	}
	if b.lines() > 1 {
		r.split = b.split
	}
	return r
}

// split divides the box between two lines. See row.split.
func (b box) split(avail float64, force bool) (first, rest row, ok bool) {
	most := int(max(0, avail-b.top-b.bottom+eps) / b.lh)
	n := min(most, b.lines()-2)
	for n >= 2 && b.lonely(n) {
		n--
	}
	if n < 2 {
		if !force {
			return row{}, row{}, false
		}
		n = min(max(1, most), b.lines()-1)
	}
	up, down := b, b
	up.cells, down.cells = nil, nil
	for _, c := range b.cells {
		u, d, n := c, c, min(n, len(c.lines))
		u.lines, d.lines = c.lines[:n], c.lines[n:]
		up.cells, down.cells = append(up.cells, u), append(down.cells, d)
	}
	return up.row(), down.row(), true
}

// lonely tells whether a cut below n lines leaves a single line of a cell.
func (b box) lonely(n int) bool {
	return slices.ContainsFunc(b.cells, func(c cell) bool { return len(c.lines) == n+1 })
}

// text draws lines one below the other. Their em boxes are centred in the line
// height lh.
func (p *page) text(lines []line, x, y, w, lh float64, align Align) {
	for _, ln := range lines {
		fx := x
		switch align {
		case Center:
			fx += (w - ln.w) / 2
		case Right:
			fx += w - ln.w
		}
		// 0.88 em of a Japanese font are above the baseline.
		base := y + (lh-ln.size)/2 + 0.88*ln.size
		for _, f := range ln.frags {
			p.add(textOp{frag: f, x: fx, base: base})
			fx += f.w
		}
		y += lh
	}
}

// textRows makes a row of each line, and keeps the first and the last two
// together.
func textRows(lines []line, x, w, lh, before float64, align Align) []row {
	rows := make([]row, len(lines))
	for i := range lines {
		ln := lines[i : i+1]
		rows[i] = row{h: lh, draw: func(p *page, y float64) { p.text(ln, x, y, w, lh, align) }}
		rows[i].keep = i+1 < len(lines) && (i == 0 || i == len(lines)-2)
	}
	rows[0].before = before
	return rows
}

func (l *layout) heading(b Heading) []row {
	level := min(max(b.Level, 1), 3)
	size := l.size * [...]float64{1.75, 1.25, 1.05}[level-1]
	before := l.size * [...]float64{0.6, 2.0, 1.4}[level-1]
	after := l.size * [...]float64{0.9, 0.7, 0.35}[level-1]
	lh := size * 1.35
	lines := l.lines(Text(b.Text), l.w, size, true)
	rows := textRows(lines, l.left, l.w, lh, before, Left)

	// Bookmarks may not skip a level on the way down.
	if level > l.headLevel {
		l.outLevel = min(l.outLevel+1, level)
	} else {
		l.outLevel = min(l.outLevel, level)
	}
	l.headLevel = level
	mark := bookmarkOp{text: oneLine(b.Text), level: l.outLevel - 1}

	drawFirst := rows[0].draw
	rows[0].id = b.ID
	rows[0].draw = func(p *page, y float64) {
		mark.y = y
		p.add(mark)
		drawFirst(p, y)
	}
	for i := range rows {
		rows[i].keep = true
	}
	last := &rows[len(rows)-1]
	last.h += after
	if level < 3 {
		drawLast := last.draw
		weight := [...]float64{1, 0.5}[level-1]
		last.draw = func(p *page, y float64) {
			drawLast(p, y)
			p.rule(l.left, y+lh+1.5, l.left+l.w, weight, black)
		}
	}
	return rows
}

func (l *layout) paragraph(b Paragraph) []row {
	size := b.Size
	if size == 0 {
		size = l.size
	}
	x := l.left + b.Indent*mm
	w := l.left + l.w - x
	if w < 10*mm {
		x, w = l.left, l.w
	}
	return textRows(l.lines(b.Spans, w, size, false), x, w, size*l.leading, l.size*0.45, b.Align)
}

func (l *layout) list(b List) []row {
	var rows []row
	indent := l.size * 1.2
	if b.Numbered {
		indent = l.size * (0.9 + 0.6*float64(len(strconv.Itoa(len(b.Items)))))
	}
	lh := l.size * l.leading
	for i, item := range b.Items {
		mark, align := "・", Left
		if b.Numbered {
			mark, align = strconv.Itoa(i+1)+".", Right
		}
		r := textRows(l.lines(item, l.w-indent, l.size, false), l.left+indent, l.w-indent, lh, l.size*0.25, Left)
		marks := l.lines(Text(mark), indent, l.size, false)
		draw := r[0].draw
		r[0].draw = func(p *page, y float64) {
			p.text(marks, l.left, y, indent-l.size*0.35, lh, align)
			draw(p, y)
		}
		rows = append(rows, r...)
	}
	if len(rows) > 0 {
		rows[0].before = l.size * 0.45
	}
	return rows
}

func (l *layout) note(b Note) []row {
	const inset = 4 * mm
	size := l.size * 0.95
	var lines []line
	if b.Title != "" {
		lines = l.lines(Text(b.Title), l.w-inset, size, true)
	}
	if len(b.Spans) > 0 {
		lines = append(lines, l.lines(b.Spans, l.w-inset, size, false)...)
	}
	r := box{
		cells: []cell{{x: l.left + inset, w: l.w - inset, lines: lines}},
		lh:    size * l.leading,
		top:   1, bottom: 1,
		back: func(p *page, y, h float64) { p.fill(l.left, y, 2.2, h, ruleGray) },
	}.row()
	r.before = l.size * 0.7
	return []row{r, {before: l.size * 0.3}}
}

func (l *layout) card(b Card) []row {
	const inset = 4 * mm
	w := l.w - 2*inset
	size := l.size * 0.95
	lines := l.lines(b.Title, w, size, true)
	for _, s := range b.Lines {
		lines = append(lines, l.lines(s, w, size, false)...)
	}
	r := box{
		cells: []cell{{x: l.left + inset, w: w, lines: lines}},
		lh:    size * l.leading,
		top:   3 * mm, bottom: 3 * mm,
		back: func(p *page, y, h float64) {
			p.fill(l.left, y, l.w, h, paleGray)
			p.frame(l.left, y, l.w, h, 0.7, midGray)
		},
	}.row()
	r.before = l.size * 0.7
	r.id = b.ID
	return []row{r, {before: l.size * 0.3}}
}

func (l *layout) mono(b Mono) []row {
	const inset, pad = 3 * mm, 2 * mm
	size := b.Size
	if size == 0 {
		size = l.size * 0.95
	}
	lh := size * 1.35
	w := l.w - 2*inset
	br := breaker{family: l.d.Face, size: size, fixed: true, tokens: &l.tokens}
	lines := br.breakLines([]Span{{Text: expandTabs(b.Text)}}, w)
	rows := textRows(lines, l.left+inset, w, lh, l.size*0.5, Left)
	for i := range rows {
		var above, below float64
		if i == 0 {
			above = pad
		}
		if i == len(rows)-1 {
			below = pad
		}
		draw := rows[i].draw
		rows[i].h += above + below
		h := rows[i].h
		rows[i].draw = func(p *page, y float64) {
			p.fill(l.left, y, l.w, h, paleGray)
			draw(p, y+above)
		}
	}
	return append(rows, row{before: l.size * 0.4})
}

func (l *layout) signature(b Signature) []row {
	const gap, label = 4 * mm, 12 * mm
	labelW := 0.0
	var labels [][]line
	for _, s := range b.Labels {
		ls := l.lines(Text(oneLine(s)), l.w/2, l.size, false)
		for _, ln := range ls {
			labelW = max(labelW, ln.w)
		}
		labels = append(labels, ls)
	}
	lh := l.size * l.leading
	var rows []row
	for i, ls := range labels {
		h := label + float64(len(ls)-1)*lh
		rows = append(rows, row{h: h, keep: i+1 < len(labels), draw: func(p *page, y float64) {
			p.text(ls, l.left, y+h-float64(len(ls))*lh, labelW, lh, Left)
			p.rule(l.left+labelW+gap, y+h, l.left+l.w, 0.5, black)
		}})
	}
	if len(rows) > 0 {
		rows[0].before = l.size * 0.7
	}
	return rows
}

// oneLine is s without line breaks.
func oneLine(s string) string { return strings.ReplaceAll(clean(s), "\n", " ") }

// expandTabs puts tab stops every eight characters, as in a terminal.
func expandTabs(s string) string {
	if !strings.Contains(s, "\t") {
		return s
	}
	var b strings.Builder
	col := 0
	for _, part := range strings.SplitAfter(s, "\n") {
		col = 0
		for i, p := range strings.Split(part, "\t") {
			if i > 0 {
				n := 8 - col%8
				b.WriteString(strings.Repeat(" ", n))
				col += n
			}
			b.WriteString(p)
			col += len([]rune(p))
		}
	}
	return b.String()
}
