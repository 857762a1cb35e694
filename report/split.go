package report

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"evidence-locker/report/typeset"
)

// maxParts is how many parts a report may be split into: a help desk that gets
// more will lose one.
const maxParts = 5

// pageRoom is what a page of an exhibit may take beyond what was measured of
// all of them together, in bytes.
const pageRoom = 2048

// SplitError says that a report does not fit, not even in parts.
type SplitError struct {
	Max   int64 // bytes allowed for each part
	Least int64 // bytes that would do
}

func (e *SplitError) Error() string {
	return fmt.Sprintf("splitting report: %d parts of %d bytes do not hold it, parts of %d bytes would", maxParts, e.Max, e.Least)
}

// Split divides a report whose PDF is larger than o.MaxSize into parts, at most
// five, each of which stands alone: the first has the whole text and the first
// exhibits, the others a short first page, the next exhibits and their hashes.
// Pictures are shrunk only if five parts do not hold them as they are. Each part
// is to be written with the same options. A report that fits, or may have any
// size, is its own only part. The error is a *SplitError if it cannot be done,
// or one of WritePDF's.
func (r *Report) Split(ctx context.Context, o PDFOptions) ([]*Report, error) {
	return r.split(ctx, o, func(d *typeset.Document) (typeset.Sizes, error) { return d.Sizes(ctx) })
}

func (r *Report) split(ctx context.Context, o PDFOptions, sizes func(*typeset.Document) (typeset.Sizes, error)) ([]*Report, error) {
	if o.MaxSize <= 0 {
		return []*Report{r}, nil
	}
	limit := o.MaxSize
	o.MaxSize = 0
	fail := func(err error) ([]*Report, error) { return nil, fmt.Errorf("splitting report: %w", r.areaError(err)) }

	d, err := r.document(ctx, o)
	if err != nil {
		return fail(err)
	}
	s, err := sizes(d)
	if err != nil {
		return fail(err)
	}
	if s.Pages+total(s.Pictures) <= limit {
		return []*Report{r}, nil
	}
	m, err := r.measure(ctx, o, d, s, sizes)
	if err != nil {
		return fail(err)
	}
	counts := m.pack(limit, m.asIs)
	if counts == nil {
		counts = m.pack(limit, m.least)
	}
	if counts == nil {
		return nil, &SplitError{Max: limit, Least: m.leastMax(limit)}
	}
	if len(counts) == 1 {
		return []*Report{r}, nil
	}
	return r.cut(counts), nil
}

func total(ns []int64) (sum int64) {
	for _, n := range ns {
		sum += n
	}
	return sum
}

// measured is what the pieces of a report take in a PDF, in bytes. The sums are
// never too small: what two of them share, as fonts, is counted twice.
type measured struct {
	first, next int64   // a part of either kind without exhibits
	asIs, least []int64 // each exhibit with its pages
}

// measure takes the report apart. d and s are the whole document and its sizes.
func (r *Report) measure(ctx context.Context, o PDFOptions, d *typeset.Document, s typeset.Sizes, sizes func(*typeset.Document) (typeset.Sizes, error)) (m measured, err error) {
	p := r.pieces()
	n := len(p.exhibits)
	m.asIs, m.least = make([]int64, n), make([]int64, n)
	index := make(map[string]int) // of an exhibit, by the ID of its picture
	for i, e := range p.exhibits {
		index[e.x.contentID()] = i
	}
	k := 0
	for _, block := range d.Blocks {
		if pic, ok := block.(typeset.Picture); ok {
			if i, ok := index[pic.ID]; ok && k < len(s.Pictures) && k < len(s.Least) {
				m.asIs[i] += s.Pictures[k]
				m.least[i] += min(s.Least[k], s.Pictures[k])
			}
			k++
		}
	}

	// Pages are measured without their pictures, which would all be read again.
	o.Preview = nil
	counts := []int{0, n} // all in the list of part 2, but shown is what is measured
	pages := func(k int, shown []piece) int64 {
		if err != nil {
			return 0
		}
		var doc *typeset.Document
		if doc, err = r.part(p, k, counts, withoutPictures(shown)).document(ctx, o); err != nil {
			return 0
		}
		var s typeset.Sizes
		s, err = sizes(doc)
		return s.Pages + pageRoom
	}
	m.first, m.next = pages(0, nil), pages(1, nil)
	var cards []piece
	for _, e := range p.exhibits {
		if !e.x.isText() {
			cards = append(cards, e)
		}
	}
	var card int64
	if len(cards) > 0 {
		card = max(0, pages(1, cards)-m.next)/int64(len(cards)) + pageRoom
	}
	for i, e := range p.exhibits {
		size := card
		if e.x.isText() {
			size = max(0, pages(1, p.exhibits[i:i+1])-m.next) + pageRoom
		}
		m.asIs[i] += size
		m.least[i] += size
	}
	return m, err
}

// withoutPictures puts an empty page in the place of each picture.
func withoutPictures(ps []piece) []piece {
	ps = slices.Clone(ps)
	for i := range ps {
		var blocks []typeset.Block
		for _, block := range ps[i].blocks {
			if p, ok := block.(typeset.Picture); ok {
				blocks = append(blocks, typeset.Paragraph{Spans: p.Caption}, typeset.PageBreak{})
				continue
			}
			blocks = append(blocks, block)
		}
		ps[i].blocks = blocks
	}
	return ps
}

// pack fills parts with the exhibits in their order, and returns how many are
// in each; nil if five parts of limit bytes do not hold them.
func (m measured) pack(limit int64, exhibits []int64) []int {
	counts, used := []int{0}, m.first
	for _, size := range exhibits {
		if used+size > limit {
			counts, used = append(counts, 0), m.next
		}
		counts[len(counts)-1]++
		used += size
		if used > limit || len(counts) > maxParts {
			return nil
		}
	}
	if used > limit {
		return nil
	}
	return counts
}

// leastMax returns the smallest size of parts that would do, which is more than
// low.
func (m measured) leastMax(low int64) int64 {
	high := max(m.first, m.next) + total(m.least)
	for low+1 < high {
		if mid := low + (high-low)/2; m.pack(mid, m.least) == nil {
			low = mid
		} else {
			high = mid
		}
	}
	return high
}

// piece is what a report shows of one exhibit.
type piece struct {
	x      exhibit
	blocks []typeset.Block
	sheet  bool // began a page in the whole document
}

// apart are the blocks of a report with those of each exhibit by themselves.
type apart struct {
	before, after []typeset.Block
	exhibits      []piece
}

// pieces finds the exhibits by the IDs of their headings.
func (r *Report) pieces() (p apart) {
	byID := make(map[string]exhibit)
	for _, x := range r.b.exhibits {
		byID[x.id()] = x
	}
	to, sheet := &p.before, false
	for _, block := range r.blocks {
		if h, ok := block.(typeset.Heading); ok {
			x, ok := byID[h.ID]
			switch {
			case ok && h.Level == 3:
				p.exhibits = append(p.exhibits, piece{x: x, sheet: sheet})
				to = &p.exhibits[len(p.exhibits)-1].blocks
			case len(p.exhibits) > 0:
				if sheet {
					p.after = append(p.after, typeset.PageBreak{})
				}
				to = &p.after
			}
			sheet = false
		}
		// A page break between two exhibits belongs to the second.
		if _, ok := block.(typeset.PageBreak); ok && len(p.exhibits) > 0 && to != &p.after {
			sheet = true
			continue
		}
		*to = append(*to, block)
	}
	return p
}

// cut makes the parts: counts[k] exhibits in part k.
func (r *Report) cut(counts []int) []*Report {
	p := r.pieces()
	var parts []*Report
	for k := range counts {
		parts = append(parts, r.part(p, k, counts, p.of(k, counts)))
	}
	return parts
}

// of returns the exhibits of part k.
func (p apart) of(k int, counts []int) []piece {
	from := 0
	for _, n := range counts[:k] {
		from += n
	}
	return p.exhibits[from : from+counts[k]]
}

// part makes part k, counted from 0, with the blocks of the exhibits in shown.
func (r *Report) part(p apart, k int, counts []int, shown []piece) *Report {
	out := &Report{
		title:     r.title + fmt.Sprintf(r.b.s("（%d分冊の%d）", " (part %[2]d of %[1]d)"), len(counts), k+1),
		recipient: r.recipient, lang: r.lang, date: r.date, pictures: r.pictures, files: r.files,
		running: r.running, dayOnly: r.dayOnly, machine: r.machine, b: r.b,
		unreadable: make(map[int64]bool), masked: make(map[int64]bool),
	}
	if k == 0 {
		out.missing, out.warnings = r.missing, r.warnings
		for _, block := range p.before {
			h, ok := block.(typeset.Heading)
			if ok && h.Level == 1 {
				h.Text += strings.TrimPrefix(out.title, r.title)
				block = h
			}
			out.blocks = append(out.blocks, block)
			if ok && h.ID == "top" {
				out.blocks = append(out.blocks, typeset.Paragraph{Size: 8, Spans: typeset.Text(r.others(p, k, counts))})
			}
		}
		if len(shown) == 0 {
			out.blocks = append(out.blocks, typeset.Paragraph{Spans: typeset.Text(r.b.s("資料は第2分冊からにある。", "The exhibits begin in part 2."))})
		}
	} else {
		out.blocks = r.cover(p, k, counts, out.title)
	}
	for i, e := range shown {
		if i > 0 && e.sheet {
			out.blocks = append(out.blocks, typeset.PageBreak{})
		}
		out.blocks = append(out.blocks, e.blocks...)
	}
	if k == 0 {
		out.blocks = append(out.blocks, p.after...)
	}

	where := make(map[string]int) // the part of each exhibit
	for k := range counts {
		for _, e := range p.of(k, counts) {
			where["#"+e.x.id()] = k
		}
	}
	out.blocks = relink(out.blocks, func(s typeset.Span) typeset.Span {
		if in, ok := where[s.Link]; ok && in != k {
			s.Text += fmt.Sprintf(r.b.s("（第%d分冊）", " (part %d)"), in+1)
			s.Link = ""
		}
		return s
	})
	return out
}

// cover is the first page of a part that has exhibits only.
func (r *Report) cover(p apart, k int, counts []int, title string) []typeset.Block {
	b := r.b
	var xs []exhibit
	for _, e := range p.of(k, counts) {
		xs = append(xs, e.x)
	}
	exchange := b.exchangeName
	if exchange == "" {
		exchange = b.notRecorded()
	}
	rows := []typeset.Field{
		{Label: b.s("案件", "Incident"), Value: typeset.Text(fmt.Sprint(b.in.Incident.Number))},
		{Label: b.s("文書の宛先", "Made for"), Value: typeset.Text(b.s(b.file.JA, b.file.EN))},
		{Label: b.s("取引所", "Exchange"), Value: typeset.Text(exchange)},
		{Label: b.s("この分冊に収めるもの", "In this part"), Value: typeset.Text(r.span(xs) + fmt.Sprintf(b.s("（全%d点のうち%d点）", " (%[2]d of %[1]d)"), len(b.exhibits), len(xs)))},
		{Label: b.s("ほかの分冊", "The other parts"), Value: typeset.Text(r.others(p, k, counts))},
	}
	// The vault and its head stand here as in the whole document.
	in := false
	for _, block := range r.blocks {
		if h, ok := block.(typeset.Heading); ok {
			in = h.ID == "about"
		}
		if f, ok := block.(typeset.Fields); ok && in {
			rows = append(rows, f.Rows...)
		}
	}
	said := append([]string{b.s(
		"原本は、受け取ったままのバイト列で保管庫にあり、変えていない。この分冊に示すのは写しで、SHA-256 は原本の値である。本文は第1分冊にある。",
		"The originals are in the vault, byte for byte as they were taken in. What this part shows are copies; each SHA-256 is that of the original. The text is in part 1.")},
		b.copies(xs)...)
	l := typeset.List{}
	for _, s := range said {
		l.Items = append(l.Items, typeset.Text(s))
	}
	out := []typeset.Block{typeset.Heading{Level: 1, Text: title, ID: "top"}}
	out = append(out, b.damageNote()...)
	out = append(out, typeset.Fields{LabelWidth: 46, Rows: rows}, l, typeset.Heading{Level: 2, Text: b.s("ハッシュ値の一覧", "List of hashes"), ID: "hashes"})
	out = append(out, b.hashesOf(xs)...)
	return append(out, typeset.PageBreak{}, typeset.Heading{Level: 2, Text: b.s("資料", "Exhibits"), ID: "exhibits"})
}

// span names exhibits that follow each other.
func (r *Report) span(xs []exhibit) string {
	switch n := len(xs); n {
	case 0:
		return r.b.none1()
	case 1:
		return r.b.exhibitName(xs[0])
	default:
		return r.b.exhibitName(xs[0]) + r.b.s("～", " to ") + r.b.exhibitName(xs[n-1])
	}
}

// others says what the other parts hold.
func (r *Report) others(p apart, k int, counts []int) string {
	var s []string
	for i := range counts {
		if i == k {
			continue
		}
		var xs []exhibit
		for _, e := range p.of(i, counts) {
			xs = append(xs, e.x)
		}
		what := r.span(xs)
		switch {
		case i == 0 && len(xs) == 0:
			what = r.b.s("本文", "the text")
		case i == 0:
			what = r.b.s("本文と", "the text and ") + what
		}
		s = append(s, fmt.Sprintf(r.b.s("第%d分冊：%s", "part %d: %s"), i+1, what))
	}
	text := strings.Join(s, r.b.s("、", "; "))
	if k == 0 {
		text = fmt.Sprintf(r.b.s("この文書は%d分冊の1。%s。", "This is part 1 of %d; %s."), len(counts), text)
	}
	return text
}

// relink passes every span through f. It changes no block in place.
func relink(blocks []typeset.Block, f func(typeset.Span) typeset.Span) []typeset.Block {
	spans := func(in []typeset.Span) []typeset.Span {
		out := slices.Clone(in)
		for i := range out {
			out[i] = f(out[i])
		}
		return out
	}
	out := slices.Clone(blocks)
	for i, block := range out {
		switch b := block.(type) {
		case typeset.Paragraph:
			b.Spans = spans(b.Spans)
			out[i] = b
		case typeset.List:
			b.Items = slices.Clone(b.Items)
			for j := range b.Items {
				b.Items[j] = spans(b.Items[j])
			}
			out[i] = b
		case typeset.Fields:
			b.Rows = slices.Clone(b.Rows)
			for j := range b.Rows {
				b.Rows[j].Value = spans(b.Rows[j].Value)
			}
			out[i] = b
		case typeset.Table:
			b.Rows = slices.Clone(b.Rows)
			for j, row := range b.Rows {
				b.Rows[j] = slices.Clone(row)
				for k := range row {
					b.Rows[j][k] = spans(row[k])
					// What was added to all of a narrow cell gets its own line.
					if added, ok := strings.CutPrefix(plain(b.Rows[j][k]), plain(row[k])); ok && added != "" && len(row[k]) == 1 {
						b.Rows[j][k][0].Text = row[k][0].Text + "\n" + strings.TrimSpace(added)
					}
				}
			}
			out[i] = b
		case typeset.Note:
			b.Spans = spans(b.Spans)
			out[i] = b
		}
	}
	return out
}
