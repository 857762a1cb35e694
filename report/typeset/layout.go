package typeset

import (
	"errors"
	"fmt"
	"slices"
)

// mm is a millimetre in points. All lengths inside the package are points, from
// the upper left corner of the page.
const mm = 72 / 25.4

// layout is the geometry of a document and what is collected while it is laid
// out.
type layout struct {
	d                   *Document
	size                float64 // of body text
	leading             float64 // line height by font size
	pageW, pageH        float64
	left, top, w, h     float64 // of the area for blocks
	header, footer      []line
	headerY, footerY    float64 // top of their first line
	tokens              int
	pictures            map[int]inspected // by index of block
	placed              []inspected       // in the order of their numbers in the PDF
	dests               map[string]dest
	headLevel, outLevel int // last level of a heading, and of its bookmark
}

// dest is where a link leads to.
type dest struct {
	page int // from 1
	y    float64
}

// row is a piece of a page.
type row struct {
	before float64 // space above, left out at the top of a page
	h      float64
	keep   bool   // its end stays on one page with the start of the next row
	brk    bool   // begins a page
	count  bool   // and with it a new count of pages
	id     string // target of links
	draw   func(p *page, y float64)
	head   []row // repeated above the row when it begins a page

	// split divides the row so that the first part is no higher than avail. It
	// fails where that would leave a line alone, unless force is set. Nil if
	// the row cannot be divided.
	split func(avail float64, force bool) (first, rest row, ok bool)

	// shrink makes the row no higher than avail, if that is not too little. Nil
	// if its height is fixed.
	shrink func(avail float64) (row, bool)
}

// page is a finished page.
type page struct {
	ops     []op
	restart bool // the count of pages begins here
}

// runOf returns the number of page i within its count, the total of that count,
// and whether it is the first of several counts.
func runOf(pages []*page, i int) (n, total int, front bool) {
	start, end := i, i+1
	for start > 0 && !pages[start].restart {
		start--
	}
	for end < len(pages) && !pages[end].restart {
		end++
	}
	return i - start + 1, end - start, start == 0 && end < len(pages)
}

const (
	smallSize    = 7.5 // of header and footer, points
	smallLeading = 1.35
)

func newLayout(d *Document) (*layout, error) {
	l := &layout{d: d, size: d.Size, leading: 1.45, pageW: 210 * mm, pageH: 297 * mm, dests: map[string]dest{}}
	if d.Paper == Letter {
		l.pageW, l.pageH = 612, 792
	}
	if l.size == 0 {
		l.size = 10
	}
	if d.Lang == "ja" {
		l.leading = 1.65 // kanji fill their square and need more air
	}
	m := d.Margins
	if m == (Margins{}) {
		m = Margins{Left: 20, Right: 20, Top: 22, Bottom: 20}
	}
	l.left, l.w = m.Left*mm, l.pageW-(m.Left+m.Right)*mm
	l.top = m.Top * mm
	bottom := l.pageH - m.Bottom*mm
	if l.size < 4 || l.size > 40 || l.w < 20*mm || m.Left < 0 || m.Right < 0 || m.Top < 0 || m.Bottom < 0 {
		return nil, errors.New("typesetting: font size or margins leave no room for text")
	}

	const lh = smallSize * smallLeading
	small := func(spans []Span, width float64) []line {
		if len(spans) == 0 {
			return nil
		}
		return breaker{family: d.Face, size: smallSize, tokens: &l.tokens}.breakLines(spans, width)
	}
	l.header = small(d.Header, l.w)
	l.footer = small(d.Footer, l.w-24*mm)
	// Long heads and footers push the text away instead of being cut off.
	const edge, gap = 8 * mm, 3 * mm
	if n := float64(len(l.header)); n > 0 {
		l.top = max(l.top, edge+n*lh+2*gap)
		l.headerY = l.top - 2*gap - n*lh
	}
	n := float64(max(1, len(l.footer)))
	bottom = min(bottom, l.pageH-edge-n*lh-gap)
	l.footerY = bottom + gap
	l.h = bottom - l.top
	if l.h < 40*mm {
		return nil, errors.New("typesetting: margins, header and footer leave no room for text")
	}
	return l, nil
}

// lines breaks spans in the body face.
func (l *layout) lines(spans []Span, width, size float64, bold bool) []line {
	return breaker{family: l.d.Face, size: size, bold: bold, tokens: &l.tokens}.breakLines(spans, width)
}

// flow puts rows on pages.
type flow struct {
	l     *layout
	pages []*page
	y     float64 // next free place on the last page
	empty bool    // nothing on the last page yet, but a repeated head
}

// paginate lays out the blocks. A document without blocks is one empty page.
func (l *layout) paginate(blocks []Block) ([]*page, error) {
	var rows []row
	for i, b := range blocks {
		r, err := l.rows(i, b)
		if err != nil {
			return nil, err
		}
		if _, ok := b.(Signature); ok && len(r) > 0 {
			keepLast(rows)
		}
		rows = append(rows, r...)
	}
	return l.place(rows), nil
}

// keepLast keeps the last row with text on one page with what follows.
func keepLast(rows []row) {
	for i := len(rows) - 1; i >= 0 && !rows[i].brk; i-- {
		if rows[i].draw != nil {
			rows[i].keep = true
			return
		}
	}
}

// place puts rows on pages.
func (l *layout) place(rows []row) []*page {
	f := &flow{l: l}
	f.newPage()
	for len(rows) > 0 {
		n := 1
		for n < len(rows) && !rows[n].brk && (rows[n-1].keep || n > 1 && rows[n-1].draw == nil) {
			n++
		}
		f.putGroup(rows[:n])
		rows = rows[n:]
	}
	// A page break at the end leaves no empty sheet.
	if n := len(f.pages); n > 1 && len(f.pages[n-1].ops) == 0 {
		f.pages = f.pages[:n-1]
	}
	return f.pages
}

func (f *flow) newPage() {
	f.pages = append(f.pages, &page{})
	f.y = f.l.top
	f.empty = true
}

func (f *flow) room() float64 { return f.l.top + f.l.h - f.y }

const eps = 0.01

// height is what the rows would take from here on.
func (f *flow) height(rows []row) float64 {
	h := 0.0
	for i, r := range rows {
		h += r.h
		if i > 0 || !f.empty {
			h += r.before
		}
	}
	return h
}

// putGroup puts rows that belong together on one page. One of them is divided
// if no page can hold them, or if moving them to the next would leave more than
// a quarter of this one empty.
func (f *flow) putGroup(rows []row) {
	if rows[0].brk && !f.empty {
		f.newPage()
	}
	if rows[0].count && len(f.pages) > 1 {
		f.pages[len(f.pages)-1].restart = true
	}
	for {
		need := f.height(rows)
		if need <= f.room()+eps {
			break
		}
		if f.room() > f.l.h/4 || need > f.l.h {
			if rest := f.putSplit(rows, false); rest != nil {
				rows = rest
				continue
			}
		}
		if rest := f.shrunk(rows, need-f.room()); rest != nil {
			rows = rest
			break
		}
		if f.empty {
			break // nothing keeps them together
		}
		f.newPage()
		f.putHead(rows[0].head)
	}
	for _, r := range rows {
		f.put(r)
	}
}

// shrunk returns the rows with the first that can be shrunk lower by excess, nil
// if there is none.
func (f *flow) shrunk(rows []row, excess float64) []row {
	for i, r := range rows {
		if r.shrink == nil {
			continue
		}
		if low, ok := r.shrink(r.h - excess); ok {
			rows = slices.Clone(rows)
			rows[i] = low
			return rows
		}
	}
	return nil
}

// putSplit fills the page with the first rows, the last of them in part, and
// begins a new page. It returns what is left, nil if no row can be divided.
func (f *flow) putSplit(rows []row, force bool) []row {
	for k := len(rows) - 1; k >= 0; k-- {
		r := rows[k]
		if r.split == nil {
			continue
		}
		first, rest, ok := r.split(f.room()-f.height(rows[:k+1])+r.h, force)
		if !ok {
			continue
		}
		first.before, first.id = r.before, r.id
		rest.head, rest.keep = r.head, r.keep
		for _, above := range rows[:k] {
			f.draw(above)
		}
		f.draw(first)
		f.newPage()
		f.putHead(r.head)
		return append([]row{rest}, rows[k+1:]...)
	}
	return nil
}

func (f *flow) putHead(head []row) {
	for _, r := range head {
		f.draw(r)
		f.empty = true
	}
}

// put places one row, on a new page if need be.
func (f *flow) put(r row) {
	for f.height([]row{r}) > f.room()+eps {
		if !f.empty {
			f.newPage()
			f.putHead(r.head)
		} else if rest := f.putSplit([]row{r}, true); rest != nil {
			r = rest[0]
		} else {
			break // nothing more can be done for it
		}
	}
	f.draw(r)
}

func (f *flow) draw(r row) {
	p := f.pages[len(f.pages)-1]
	if !f.empty {
		f.y += r.before
	}
	if r.id != "" {
		if _, ok := f.l.dests[r.id]; !ok {
			f.l.dests[r.id] = dest{page: len(f.pages), y: f.y}
		}
	}
	if r.draw != nil {
		r.draw(p, f.y)
		f.empty = false
	}
	f.y += r.h
}

// rows lays out block number i.
func (l *layout) rows(i int, b Block) ([]row, error) {
	switch b := b.(type) {
	case Heading:
		return l.heading(b), nil
	case Paragraph:
		return l.paragraph(b), nil
	case List:
		return l.list(b), nil
	case Fields:
		return l.fields(b), nil
	case Table:
		return l.table(b)
	case Mono:
		return l.mono(b), nil
	case Note:
		return l.note(b), nil
	case Card:
		return l.card(b), nil
	case Picture:
		return l.picture(b, l.pictures[i]), nil
	case Signature:
		return l.signature(b), nil
	case QR:
		return l.qr(b)
	case Space:
		return []row{{before: max(0, float64(b)) * mm}}, nil
	case PageBreak:
		return []row{{brk: true, count: b.Restart}}, nil
	}
	return nil, fmt.Errorf("typesetting: block %d has the unknown type %T", i+1, b)
}
