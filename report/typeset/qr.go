package typeset

import (
	"fmt"
	"image"

	"github.com/boombuler/barcode/qr"
)

// quietZone is the white border that readers of QR codes want, in modules.
const quietZone = 4

// qr lays out a QR code, drawn as rectangles so that a printer gives sharp
// edges, with text beside it.
func (l *layout) qr(b QR) ([]row, error) {
	// A quarter of it may be smudged or torn.
	code, err := qr.Encode(b.Text, qr.Q, qr.Auto)
	if err != nil {
		// The library's own error quotes the text, which may be a secret.
		return nil, fmt.Errorf("typesetting: QR code: %d bytes are too many", len(b.Text))
	}
	bounds := code.Bounds()
	side := b.MM * mm
	module := side / float64(bounds.Dx()+2*quietZone)
	gap := 6 * mm
	if side <= 0 || side+gap+20*mm > l.w {
		return nil, fmt.Errorf("typesetting: QR code: %v mm leave no room for text", b.MM)
	}
	x := l.left + side + gap
	size := b.Size
	if size == 0 {
		size = l.size
	}
	var lines []line
	for _, spans := range b.Beside {
		lines = append(lines, l.lines(spans, l.left+l.w-x, size, false)...)
	}
	lh := size * l.leading
	h := max(side, float64(len(lines))*lh)
	draw := func(p *page, y float64) {
		for _, r := range runs(code) {
			p.fill(l.left+float64(r.Min.X+quietZone)*module, y+float64(r.Min.Y+quietZone)*module,
				float64(r.Dx())*module, float64(r.Dy())*module, black)
		}
		p.text(lines, x, y+(h-float64(len(lines))*lh)/2, l.left+l.w-x, lh, Left)
	}
	return []row{{before: l.size * 0.3, h: h, draw: draw}}, nil
}

// runs cuts the black modules into rectangles, as high as they can be: side by
// side they would show hairlines on some screens.
func runs(code image.Image) (out []image.Rectangle) {
	b := code.Bounds()
	dark := func(x, y int) bool {
		r, _, _, _ := code.At(x, y).RGBA()
		return r == 0
	}
	open := map[image.Rectangle]int{} // runs that end at the row above, by their columns
	for y := b.Min.Y; y < b.Max.Y; y++ {
		next := map[image.Rectangle]int{}
		for x := b.Min.X; x < b.Max.X; x++ {
			if !dark(x, y) {
				continue
			}
			from := x
			for x < b.Max.X && dark(x, y) {
				x++
			}
			columns := image.Rect(from, 0, x, 1)
			i, ok := open[columns]
			if !ok {
				i = len(out)
				out = append(out, image.Rect(from, y, x, y+1))
			}
			out[i].Max.Y = y + 1
			next[columns] = i
		}
		open = next
	}
	return out
}
