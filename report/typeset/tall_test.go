package typeset

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"testing"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// tallPage is a long page of a phone with a numbered line every 40 pixels, and
// a band at the left that tells it to programs: a blue strip, then a strip of
// black or white for each bit.
func tallPage(t testing.TB, width, lines int) *image.RGBA {
	t.Helper()
	f, err := opentype.Parse(FontGothic())
	if err != nil {
		t.Fatal(err)
	}
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: 30, DPI: 72})
	if err != nil {
		t.Fatal(err)
	}
	m := image.NewRGBA(image.Rect(0, 0, width, 40*lines))
	draw.Draw(m, m.Rect, image.White, image.Point{}, draw.Src)
	d := font.Drawer{Dst: m, Src: image.Black, Face: face}
	for n := range lines {
		draw.Draw(m, image.Rect(0, 40*n, strip, 40*n+40), image.NewUniform(color.RGBA{20, 40, 220, 255}), image.Point{}, draw.Src)
		for bit := range 8 {
			if n>>bit&1 == 1 {
				draw.Draw(m, image.Rect(strip*(bit+1), 40*n, strip*(bit+2), 40*n+40), image.Black, image.Point{}, draw.Src)
			}
		}
		d.Dot = fixed.P(400, 40*n+31)
		d.DrawString(fmt.Sprintf("%04d 約定 0.0358 BTC 1,234,567円", n))
	}
	return m
}

const strip = 40

// blue tells whether a pixel is in the first strip.
func blue(c color.Color) bool {
	r, _, b, _ := c.RGBA()
	return r < 0x6000 && b > 0xb000
}

// On every page, a tall picture is as large as its text needs, and each line is
// whole on at least one of them: plain, shrunk and with a mask.
func TestTallText(t *testing.T) {
	const lines = 110
	m := tallPage(t, 1179, lines)
	file := encodePNG(t, m)
	plain := &Document{Date: testDate, Lang: "ja", Blocks: []Block{Heading{Level: 2, Text: "別紙"}, Picture{Caption: Text("画面"), Open: from(file)}}}
	s := sizesOf(t, plain)
	mask := image.Rect(900, 40*50, 1100, 40*54)
	for _, c := range []struct {
		name  string
		max   int64
		masks []image.Rectangle
		width int
	}{{"plain", 0, nil, 1179}, {"shrunk", s.Pages + s.Least[0], nil, 1000}, {"masked", 0, []image.Rectangle{mask}, 1179}, {"both", s.Pages + s.Least[0] + 5000, []image.Rectangle{mask}, 1000}} {
		t.Run(c.name, func(t *testing.T) {
			d := *plain
			d.MaxSize = c.max
			d.Blocks = []Block{plain.Blocks[0], Picture{Caption: Text("画面"), Open: from(file), Masks: c.masks}}
			pdf := write(t, &d)
			if w := stored(t, pdf)[0].Rect.Dx(); w != c.width {
				t.Fatalf("%d pixels across", w)
			}
			const dpi = 120
			whole := map[int]bool{}
			masked := 0
			pages := rasterAll(t, pdf, fmt.Sprint(dpi))
			if len(pages) < 2 {
				t.Fatalf("%d pages", len(pages))
			}
			for _, p := range pages {
				b := p.Bounds()
				left, right := 0, 0
				for y := 0; y < b.Dy() && right-left < 8; y += 10 {
					left = 0
					for left < b.Dx() && !blue(p.At(left, y)) {
						left++
					}
					right = left
					for right < b.Dx() && blue(p.At(right, y)) {
						right++
					}
				}
				if right-left < 8 {
					t.Fatal("no picture on the page")
				}
				// The width of the picture in the middle of the page tells the scale.
				scale := float64(b.Dx()-2*left) / 1179
				if pt := 30 * scale * 72 / dpi; pt < 6.5 {
					t.Errorf("type of 30 pixels has %.1f points", pt)
				}
				at := func(x, y int) bool {
					r, _, _, _ := p.At(left+int(float64(x)*scale), y).RGBA()
					return r < 0x8000
				}
				heights := map[int]int{}
				for y := range b.Dy() {
					if !blue(p.At((left+right)/2, y)) {
						continue
					}
					n := 0
					for bit := range 8 {
						if at(strip*(bit+1)+strip/2, y) {
							n |= 1 << bit
						}
					}
					heights[n]++
					if at(1000, y) {
						masked++
					}
				}
				for n, h := range heights {
					if float64(h) > 0.85*40*scale {
						whole[n] = true
					}
				}
			}
			for n := range lines {
				if !whole[n] {
					t.Errorf("line %d is not whole on any page", n)
				}
			}
			if len(c.masks) > 0 && masked < 50 || len(c.masks) == 0 && masked > 0 {
				t.Errorf("%d black pixels", masked)
			}
		})
	}
}
