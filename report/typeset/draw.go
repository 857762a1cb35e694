package typeset

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/jung-kurt/gofpdf"
)

// Shades of gray, from 0 for black to 255.
const (
	black    = 0
	textGray = 95
	midGray  = 140
	ruleGray = 120
	paleGray = 243
)

// op is one thing to draw.
type op interface{ draw(*drawer) }

func (p *page) add(o op) { p.ops = append(p.ops, o) }

// rule draws a horizontal line.
func (p *page) rule(x1, y, x2, width float64, gray int) { p.line(x1, y, x2, y, width, gray) }

func (p *page) line(x1, y1, x2, y2, width float64, gray int) {
	p.add(lineOp{x1, y1, x2, y2, width, gray})
}

func (p *page) fill(x, y, w, h float64, gray int) { p.add(rectOp{x, y, w, h, 0, gray}) }

func (p *page) frame(x, y, w, h, width float64, gray int) { p.add(rectOp{x, y, w, h, width, gray}) }

type (
	textOp struct {
		frag
		x, base float64
	}
	lineOp struct {
		x1, y1, x2, y2, width float64
		gray                  int
	}
	// rectOp is a frame, or filled if width is 0.
	rectOp struct {
		x, y, w, h, width float64
		gray              int
	}
	bookmarkOp struct {
		text  string
		level int
		y     float64
	}
)

// drawer draws pages with gofpdf.
type drawer struct {
	pdf   *gofpdf.Fpdf
	l     *layout
	used  map[faceID]map[rune]bool
	links map[string]int
	face  faceID
	size  float64 // 0 if no font is set on this page
}

// drawPages draws everything but the pictures' pixels, and returns a PDF and
// the characters it uses of each font.
func drawPages(d *Document, l *layout, pages []*page) ([]byte, map[faceID]map[rune]bool, error) {
	pdf := gofpdf.NewCustom(&gofpdf.InitType{
		OrientationStr: "P", UnitStr: "pt", Size: gofpdf.SizeType{Wd: l.pageW, Ht: l.pageH},
	})
	pdf.SetMargins(0, 0, 0)
	pdf.SetAutoPageBreak(false, 0)
	pdf.SetCatalogSort(true)
	date := d.Date.UTC()
	if d.Date.IsZero() {
		date = time.Unix(0, 0).UTC() // gofpdf would take the clock
	}
	if d.DayOnly {
		date = time.Date(d.Date.Year(), d.Date.Month(), d.Date.Day(), 0, 0, 0, 0, time.UTC)
	}
	pdf.SetCreationDate(date)
	pdf.SetModificationDate(date)
	pdf.SetProducer("evidence-locker", true)
	pdf.SetTitle(oneLine(d.Title), true)
	pdf.SetAuthor(oneLine(d.Author), true)
	pdf.SetSubject(oneLine(d.Subject), true)

	dr := &drawer{pdf: pdf, l: l, used: map[faceID]map[rune]bool{}, links: map[string]int{}}
	for i, p := range pages {
		pdf.AddPage()
		dr.size = 0
		dr.setFont(textFace(d.Face, false), l.size) // Bookmark wants a current font
		dr.header(runOf(pages, i))
		dr.page(p)
	}
	for id, n := range dr.links {
		t := l.dests[id]
		pdf.SetLink(n, t.y, t.page)
	}
	var buf bytes.Buffer
	if err := pdf.Output(&buf); err != nil {
		return nil, nil, err
	}
	return buf.Bytes(), dr.used, nil
}

// header draws the running head and the footer of page n of total; front tells
// that the page is of the first of several counts.
func (dr *drawer) header(n, total int, front bool) {
	l, p := dr.l, &page{}
	const lh = smallSize * smallLeading
	if len(l.header) > 0 {
		p.text(muted(l.header), l.left, l.headerY, l.w, lh, Left)
		p.rule(l.left, l.headerY+float64(len(l.header))*lh+2, l.left+l.w, 0.3, midGray)
	}
	number := fmt.Sprintf("%d / %d", n, total)
	if front && l.d.FrontOf != nil {
		number = oneLine(l.d.FrontOf(n, total))
	} else if l.d.PageOf != nil {
		number = oneLine(l.d.PageOf(n, total))
	}
	p.rule(l.left, l.footerY-3, l.left+l.w, 0.3, midGray)
	p.text(muted(l.footer), l.left, l.footerY, l.w, lh, Left)
	lines := breaker{family: l.d.Face, size: smallSize, tokens: &l.tokens}.breakLines(Text(number), l.w)
	p.text(muted(lines), l.left, l.footerY, l.w, lh, Right)
	dr.page(p)
}

// muted returns the lines in gray.
func muted(lines []line) []line {
	out := make([]line, len(lines))
	for i, l := range lines {
		out[i] = line{w: l.w, size: l.size}
		for _, f := range l.frags {
			f.muted = true
			out[i].frags = append(out[i].frags, f)
		}
	}
	return out
}

// page draws the operations of a page. The pieces of an identifier that runs
// over several lines are marked as one text, so that a reader copies it whole.
func (dr *drawer) page(p *page) {
	for i := 0; i < len(p.ops); i++ {
		t, ok := p.ops[i].(textOp)
		if !ok || t.token == 0 {
			p.ops[i].draw(dr)
			continue
		}
		end, whole := i+1, t.text
		for j := i + 1; j < len(p.ops); j++ {
			next, ok := p.ops[j].(textOp)
			if ok && next.token != t.token {
				break
			}
			if ok {
				whole += next.text
				end = j + 1
			}
		}
		if end > i+1 {
			dr.pdf.RawWriteStr("/Span <</ActualText <" + utf16Hex("\ufeff"+whole) + ">>> BDC")
		}
		for _, o := range p.ops[i:end] {
			o.draw(dr)
		}
		if end > i+1 {
			dr.pdf.RawWriteStr("EMC")
		}
		i = end - 1
	}
}

// utf16Hex is s in big-endian UTF-16, as hexadecimal digits.
func utf16Hex(s string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, "%04X", u)
	}
	return b.String()
}

func (dr *drawer) setFont(id faceID, size float64) {
	if dr.size == size && dr.face == id {
		return
	}
	f := fontFiles[id]
	if dr.used[id] == nil {
		dr.used[id] = map[rune]bool{}
		dr.pdf.AddUTF8FontFromBytes(f.key, "", bytes.Clone(f.ttf))
	}
	dr.pdf.SetFont(f.key, "", size)
	dr.face, dr.size = id, size
}

func (t textOp) draw(dr *drawer) {
	dr.setFont(t.face, t.size)
	for _, r := range t.text {
		dr.used[t.face][r] = true
	}
	linked := dr.link(t)
	switch {
	case linked:
		dr.pdf.SetTextColor(20, 45, 110)
	case t.muted:
		dr.pdf.SetTextColor(textGray, textGray, textGray)
	default:
		dr.pdf.SetTextColor(0, 0, 0)
	}
	dr.pdf.Text(t.x, t.base, t.text)
	if linked {
		lineOp{t.x, t.base + t.size*0.13, t.x + t.w, t.base + t.size*0.13, 0.35, ruleGray}.draw(dr)
	}
}

// link puts a link over the text if it has one that leads somewhere.
func (dr *drawer) link(t textOp) bool {
	y, h := t.base-t.size*0.95, t.size*1.2
	if id, ok := strings.CutPrefix(t.frag.link, "#"); ok {
		if _, ok := dr.l.dests[id]; !ok {
			return false
		}
		if dr.links[id] == 0 {
			dr.links[id] = dr.pdf.AddLink()
		}
		dr.pdf.Link(t.x, y, t.w, h, dr.links[id])
		return true
	}
	u, err := url.Parse(t.frag.link)
	if err != nil {
		return false
	}
	switch strings.ToLower(u.Scheme) {
	case "http", "https", "mailto":
	default:
		return false
	}
	target := asciiURL(t.frag.link)
	dr.pdf.LinkString(t.x, y, t.w, h, target)
	return true
}

// asciiURL escapes what may not stand in a URI.
func asciiURL(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > 0x7e {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

func (o lineOp) draw(dr *drawer) {
	dr.pdf.SetDrawColor(o.gray, o.gray, o.gray)
	dr.pdf.SetLineWidth(o.width)
	dr.pdf.Line(o.x1, o.y1, o.x2, o.y2)
}

func (o rectOp) draw(dr *drawer) {
	if o.width == 0 {
		dr.pdf.SetFillColor(o.gray, o.gray, o.gray)
		dr.pdf.Rect(o.x, o.y, o.w, o.h, "F")
		return
	}
	dr.pdf.SetDrawColor(o.gray, o.gray, o.gray)
	dr.pdf.SetLineWidth(o.width)
	dr.pdf.Rect(o.x, o.y, o.w, o.h, "D")
}

func (o bookmarkOp) draw(dr *drawer) { dr.pdf.Bookmark(o.text, o.level, o.y) }
