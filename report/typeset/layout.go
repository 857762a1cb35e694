package typeset

import (
	"errors"
	"fmt"
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

// row is a piece of a page that is not divided unless it is higher than a page.
type row struct {
	before float64 // space above, left out at the top of a page
	h      float64
	min    float64 // height needed to begin the row; less than h if it will be split
	keep   bool    // stays on one page with the start of the next row
	brk    bool    // begins a page
	count  bool    // and with it a new count of pages
	id     string  // target of links
	draw   func(p *page, y float64)
	split  func(avail float64) (first, rest row) // nil if the row cannot be split
	head   []row                                 // repeated above the row when it begins a page
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
		rows = append(rows, r...)
	}
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
	return f.pages, nil
}

func (f *flow) newPage() {
	f.pages = append(f.pages, &page{})
	f.y = f.l.top
	f.empty = true
}

func (f *flow) room() float64 { return f.l.top + f.l.h - f.y }

const eps = 0.01

// putGroup puts rows that belong together on one page if any page can hold them.
func (f *flow) putGroup(rows []row) {
	if rows[0].brk && !f.empty {
		f.newPage()
	}
	if rows[0].count && len(f.pages) > 1 {
		f.pages[len(f.pages)-1].restart = true
	}
	need := 0.0
	for i, r := range rows {
		if i == len(rows)-1 {
			need += r.min
		} else {
			need += r.h
		}
		if i > 0 || !f.empty {
			need += r.before
		}
	}
	if need > f.room()+eps && !f.empty {
		f.newPage()
		f.putHead(rows[0].head)
	}
	for _, r := range rows {
		f.put(r)
	}
}

func (f *flow) putHead(head []row) {
	for _, r := range head {
		f.draw(r)
		f.empty = true
	}
}

// put places one row, on a new page if need be.
func (f *flow) put(r row) {
	for {
		if !f.empty {
			f.y += r.before
		}
		if r.h <= f.room()+eps {
			f.draw(r)
			return
		}
		if r.split != nil && r.min <= f.room()+eps {
			first, rest := r.split(f.room())
			f.draw(first)
			f.newPage()
			f.putHead(r.head)
			r = rest
			continue
		}
		if f.empty {
			f.draw(r) // nothing more can be done for it
			return
		}
		f.newPage()
		f.putHead(r.head)
	}
}

func (f *flow) draw(r row) {
	p := f.pages[len(f.pages)-1]
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
	case Space:
		return []row{{before: max(0, float64(b)) * mm}}, nil
	case PageBreak:
		return []row{{brk: true, count: b.Restart}}, nil
	}
	return nil, fmt.Errorf("typesetting: block %d has the unknown type %T", i+1, b)
}
