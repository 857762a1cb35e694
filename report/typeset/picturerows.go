package typeset

import (
	"fmt"
	"image"
	"math"
)

// Scales of pictures, in pixels by point.
const (
	coarsest  = 96.0 / 72 // small pictures are not blown up
	finest    = 18.0 / mm // text of a screenshot is still readable
	comfy     = 12.0 / mm // for pictures that are divided, or shrunk to stand with what is above
	leastPart = 0.5       // how far a picture shrinks to stand on a page with what is above
	narrow    = 50 * mm   // of a telephone's screen, still readable
	maxParts  = 30        // pages of one picture
	overlap   = 5 * mm    // what two parts of a picture share
	reserve   = 18 * mm   // left for a heading above a picture
)

func (l *layout) picture(b Picture, in inspected) []row {
	size := l.size * 0.9
	lh := size * l.leading
	caption := func(spans []Span) []row {
		if len(spans) == 0 {
			return nil
		}
		return textRows(l.lines(spans, l.w, size, false), l.left, l.w, lh, 1.5*mm, Left)
	}
	if in.err != nil {
		return append(l.pictureCard(b, in.err), caption(b.Caption)...)
	}
	if b.Shown != nil {
		b.Caption = append(b.Caption[:len(b.Caption):len(b.Caption)], b.Shown(in.what())...)
	}
	l.placed = append(l.placed, in)
	num := len(l.placed)

	capH := 1.5 * mm
	for _, r := range caption(b.Caption) {
		capH += r.h
	}
	maxH := l.h - min(capH, l.h/3) - reserve
	pw, ph := float64(in.Width), float64(in.Height)
	scale := max(coarsest, pw/l.w) // pixels by point
	if ph/scale > maxH {
		if fit := ph / maxH; fit <= finest || pw < ph/maxH {
			scale = max(scale, fit)
		} else {
			scale = max(coarsest, comfy, pw/l.w)
		}
	}
	w, h := pw/scale, ph/scale
	parts := 1
	if h > maxH+eps {
		step := maxH - overlap
		if n := math.Ceil((h - overlap) / step); n > maxParts {
			shrink := (maxParts*step + overlap) / h
			w, h = w*shrink, h*shrink
		}
		parts = int(math.Ceil((h - overlap - eps) / step))
	}

	var rows []row
	for i := range parts {
		off := float64(i) * (maxH - overlap)
		part := min(h-off, maxH)
		o := pictureOp{num: num, orientation: in.orientation, x: l.left + (l.w-w)/2, w: w, h: h, off: off, part: part,
			marks: in.marks, scale: w / pw}
		r := o.row(l.size * 0.7)
		if i == 0 {
			r.id = b.ID
		}
		if parts == 1 {
			r.shrink = func(avail float64) (row, bool) {
				f := avail / r.h
				phone := ph > pw && w*f >= narrow // its text has three pixels for one of a desktop's
				if f < leastPart || scale/f > finest || scale/f > comfy && !phone {
					return row{}, false
				}
				low := o
				low.x, low.w, low.h, low.part, low.scale = l.left+(l.w-w*f)/2, w*f, h*f, part*f, o.scale*f
				s := low.row(r.before)
				s.id = r.id
				return s, true
			}
		}
		rows = append(rows, r)
		spans := b.Caption
		if parts > 1 {
			spans = append(append([]Span(nil), spans...), Span{Text: fmt.Sprintf("  (%d/%d)", i+1, parts), Muted: true})
		}
		rows = append(rows, caption(spans)...)
		rows[len(rows)-1].keep = false
	}
	return append(rows, row{before: l.size * 0.7})
}

// pictureCard stands for a picture that cannot be shown.
func (l *layout) pictureCard(b Picture, err *PictureError) []row {
	var c Card
	if b.Card != nil {
		c = b.Card(err)
	} else {
		c = Card{Title: Text("This picture is not shown"), Lines: [][]Span{Text("Reason: " + err.Error())}}
	}
	if b.ID != "" {
		c.ID = b.ID
	}
	rows := l.card(c)[:1]
	rows[0].keep = len(b.Caption) > 0
	return rows
}

// pictureOp draws a picture or a horizontal part of it.
type pictureOp struct {
	num, orientation int
	x, y, w, h       float64 // of the whole picture, the part being at y
	off, part        float64 // where the part begins in the picture, and its height
	marks            []image.Rectangle
	scale            float64 // points by pixel
}

func (o pictureOp) row(before float64) row {
	return row{h: o.part, before: before, keep: true, draw: func(p *page, y float64) {
		o.y = y
		p.add(o)
	}}
}

// orientations maps the unit square of a stored picture to the upright one: the
// first four numbers of a matrix and its offset, by EXIF orientation.
var orientations = [9][6]float64{
	1: {1, 0, 0, 1, 0, 0},
	2: {-1, 0, 0, 1, 1, 0},
	3: {-1, 0, 0, -1, 1, 1},
	4: {1, 0, 0, -1, 0, 1},
	5: {0, -1, -1, 0, 1, 1},
	6: {0, -1, 1, 0, 0, 1},
	7: {0, 1, 1, 0, 0, 0},
	8: {0, 1, -1, 0, 1, 0},
}

func (o pictureOp) draw(dr *drawer) {
	dr.pdf.ClipRect(o.x, o.y, o.w, o.part, false)
	m := orientations[o.orientation]
	x0, y0 := o.x, dr.l.pageH-(o.y-o.off+o.h)
	dr.pdf.RawWriteStr(fmt.Sprintf("q %.5f %.5f %.5f %.5f %.5f %.5f cm /P%d Do Q",
		m[0]*o.w, m[1]*o.h, m[2]*o.w, m[3]*o.h, x0+m[4]*o.w, y0+m[5]*o.h, o.num))
	for _, r := range o.marks {
		x, y := o.x+float64(r.Min.X)*o.scale, o.y-o.off+float64(r.Min.Y)*o.scale
		w, h := float64(r.Dx())*o.scale, float64(r.Dy())*o.scale
		// A white rim keeps the frame visible on dark pictures.
		dr.pdf.SetDrawColor(255, 255, 255)
		dr.pdf.SetLineWidth(3.2)
		dr.pdf.Rect(x, y, w, h, "D")
		dr.pdf.SetDrawColor(190, 0, 0)
		dr.pdf.SetLineWidth(1.6)
		dr.pdf.Rect(x, y, w, h, "D")
	}
	dr.pdf.ClipEnd()
	rectOp{o.x, o.y, o.w, o.part, 0.3, midGray}.draw(dr)
}
