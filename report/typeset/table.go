package typeset

import (
	"errors"
	"strings"
)

func (l *layout) fields(b Fields) []row {
	const padX, padY = 2 * mm, 1.1 * mm
	labelW := b.LabelWidth * mm
	if labelW <= 0 || labelW > l.w*0.6 {
		labelW = l.w * 0.25
	}
	var rows []row
	total := 0.0
	for _, f := range b.Rows {
		label := l.lines(Text(f.Label), labelW-2*padX, l.size*0.92, true)
		value := l.lines(f.Value, l.w-labelW-2*padX, l.size, false)
		r := box{
			cells: []cell{
				{x: l.left + padX, w: labelW - 2*padX, lines: label},
				{x: l.left + labelW + padX, w: l.w - labelW - 2*padX, lines: value},
			},
			lh: l.size * l.leading, top: padY, bottom: padY,
			back: func(p *page, y, h float64) { p.fill(l.left, y, labelW, h, paleGray) },
			front: func(p *page, y, h float64) {
				p.frame(l.left, y, l.w, h, 0.4, midGray)
				p.line(l.left+labelW, y, l.left+labelW, y+h, 0.4, midGray)
			},
		}.row()
		rows = append(rows, r)
		total += r.h
	}
	if len(rows) == 0 {
		return nil
	}
	keepEnds(rows)
	if b.Keep && total <= 0.6*l.h {
		for i := range rows {
			rows[i].keep, rows[i].split = i+1 < len(rows), nil
		}
	}
	rows[0].before = l.size * 0.7
	return append(rows, row{before: l.size * 0.5})
}

// keepEnds keeps the first two rows of a form or table together, and the last
// two.
func keepEnds(rows []row) {
	if n := len(rows); n > 1 {
		rows[0].keep, rows[n-2].keep = true, true
	}
}

func (l *layout) table(b Table) ([]row, error) {
	const padX, padY = 1.3 * mm, 0.9 * mm
	if len(b.Columns) == 0 {
		return nil, errors.New("typesetting: a table without columns")
	}
	size := b.Size
	if size == 0 {
		size = l.size * 0.9
	}
	xs, ws := l.columns(b.Columns)
	lh := size * (1 + (l.leading-1)*0.75) // tables are set a little tighter

	makeBox := func(cells []Cell, head bool) box {
		bx := box{lh: lh, top: padY, bottom: padY}
		for i, col := range b.Columns {
			if i >= len(cells) {
				break
			}
			w := ws[i] - 2*padX
			br := breaker{family: l.d.Face, size: size, bold: head, fixed: col.Mono && !head, tokens: &l.tokens}
			bx.cells = append(bx.cells, cell{x: xs[i] + padX, w: w, lines: br.breakLines(cells[i], w), align: col.Align})
		}
		return bx
	}

	var titles []Cell
	hasHead := false
	for i, c := range b.Columns {
		title := Cell(Text(c.Head))
		if lines := l.headLines(title, ws[i]-2*padX, size); lines > 1 {
			// Rather before a bracket than within it.
			if divided := Cell(Text(beforeBracket.Replace(c.Head))); l.headLines(divided, ws[i]-2*padX, size) <= lines {
				title = divided
			}
		}
		titles = append(titles, title)
		hasHead = hasHead || c.Head != ""
	}
	var head []row
	if hasHead {
		bx := makeBox(titles, true)
		bx.back = func(p *page, y, h float64) {
			p.fill(l.left, y, l.w, h, paleGray)
			p.rule(l.left, y, l.left+l.w, 0.8, black)
			p.rule(l.left, y+h, l.left+l.w, 0.5, black)
		}
		r := bx.row()
		r.split = nil
		r.keep = true
		head = []row{r}
		if r.h > l.h/2 {
			return nil, errors.New("typesetting: the head of a table is higher than half a page")
		}
	}

	rows := append([]row(nil), head...)
	for _, cells := range b.Rows {
		if len(cells) > len(b.Columns) {
			return nil, errors.New("typesetting: a row of a table has more cells than the table has columns")
		}
		bx := makeBox(cells, false)
		bx.back = func(p *page, y, h float64) { p.rule(l.left, y+h, l.left+l.w, 0.3, midGray) }
		r := bx.row()
		r.head = head
		rows = append(rows, r)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	keepEnds(rows[len(head):])
	rows[0].before = l.size * 0.7
	rows[len(rows)-1].keep = false
	return append(rows, row{before: l.size * 0.5}), nil
}

var beforeBracket = strings.NewReplacer("（", "\n（", " (", "\n(")

// headLines is the number of lines of a head of a column.
func (l *layout) headLines(c Cell, width, size float64) int {
	return len(l.lines(c, width, size, true))
}

// columns returns the left edges and widths of the columns. Fixed widths that
// leave too little for the others are shrunk.
func (l *layout) columns(cols []Column) (xs, ws []float64) {
	fixed, share := 0.0, 0.0
	for _, c := range cols {
		if c.MM > 0 {
			fixed += c.MM * mm
		} else {
			share += shareOf(c)
		}
	}
	limit := l.w
	if share > 0 {
		limit = l.w * 0.8
	}
	shrink := 1.0
	if fixed > limit || fixed > 0 && share == 0 {
		shrink = limit / fixed
	}
	x := l.left
	for _, c := range cols {
		w := c.MM * mm * shrink
		if c.MM <= 0 {
			w = (l.w - fixed*shrink) * shareOf(c) / share
		}
		xs, ws = append(xs, x), append(ws, w)
		x += w
	}
	return xs, ws
}

func shareOf(c Column) float64 {
	if c.Width > 0 {
		return c.Width
	}
	return 1
}
