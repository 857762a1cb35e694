package typeset

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// secretColour is nowhere else in the pictures of these tests.
var secretColour = color.RGBA{255, 0, 200, 255}

// secret is the area that is to be masked, upright.
var secret = image.Rect(37, 21, 90, 60)

// withSecret is a chart with something in it that must not be seen.
func withSecret(w, h int) *image.RGBA {
	m := chart(w, h)
	for y := secret.Min.Y; y < secret.Max.Y; y++ {
		for x := secret.Min.X; x < secret.Max.X; x++ {
			if (x+y)%3 != 0 {
				m.SetRGBA(x, y, secretColour)
			}
		}
	}
	return m
}

// secretPixels counts what is left of the secret: pixels near its
// colour, which the chart has nowhere.
func secretPixels(m *image.RGBA) (n int) {
	for i := 0; i < len(m.Pix); i += 4 {
		if r, g, b := int(m.Pix[i]), int(m.Pix[i+1]), int(m.Pix[i+2]); r > 170 && b > 170 && g < 60 {
			n++
		}
	}
	return n
}

// formats are files of the same picture.
func formats(t testing.TB, m *image.RGBA) map[string][]byte {
	files := map[string][]byte{}
	b := m.Bounds()
	pal := image.NewPaletted(b, color.Palette{secretColour, color.White, color.Black, color.RGBA{60, 90, 128, 255}})
	half := image.NewNRGBA(b)
	deep := image.NewRGBA64(b)
	for y := range b.Dy() {
		for x := range b.Dx() {
			c := m.RGBAAt(x, y)
			pal.Set(x, y, c)
			deep.Set(x, y, c)
			half.SetNRGBA(x, y, color.NRGBA{c.R, c.G, c.B, 250})
		}
	}
	files["png"] = encodePNG(t, m)
	files["png opaque alpha"] = encodePNG(t, withAlpha{m})
	files["png alpha"] = encodePNG(t, half)
	files["png palette"] = encodePNG(t, pal)
	files["png 16 bit"] = encodePNG(t, deep)
	files["png interlaced"] = interlaced(m)
	for o := 1; o <= 8; o++ {
		files[fmt.Sprint("jpeg ", o)] = withExif(encodeJPEG(t, storedAs(m, o)), byte(o))
	}
	var g, bm, tf bytes.Buffer
	if err := errors.Join(gif.Encode(&g, pal, nil), bmp.Encode(&bm, m), tiff.Encode(&tf, m, nil)); err != nil {
		t.Fatal(err)
	}
	files["gif"], files["bmp"], files["tiff"] = g.Bytes(), bm.Bytes(), tf.Bytes()
	for o := 1; o <= 8; o++ {
		var b bytes.Buffer
		if err := tiff.Encode(&b, storedAs(m, o), nil); err != nil {
			t.Fatal(err)
		}
		files[fmt.Sprint("tiff ", o)] = turnedTIFF(b.Bytes(), uint16(o))
	}
	return files
}

// turnedTIFF puts an orientation into a TIFF of Go's encoder: a copy of its
// directory, with the tag in its place, behind the file.
func turnedTIFF(file []byte, orientation uint16) []byte {
	le := binary.LittleEndian
	off := le.Uint32(file[4:])
	n := int(le.Uint16(file[off:]))
	entries := file[off+2 : int(off)+2+12*n]
	at := 0
	for at < len(entries) && le.Uint16(entries[at:]) < 0x0112 {
		at += 12
	}
	out := bytes.Clone(file)
	le.PutUint32(out[4:], uint32(len(out)))
	out = le.AppendUint16(out, uint16(n+1))
	out = append(out, entries[:at]...)
	out = le.AppendUint16(le.AppendUint16(out, 0x0112), 3)
	out = le.AppendUint32(le.AppendUint32(out, 1), uint32(orientation))
	out = append(out, entries[at:]...)
	return le.AppendUint32(out, 0)
}

// interlaced writes an Adam7 PNG with 8-bit RGB.
func interlaced(m *image.RGBA) []byte {
	var raw bytes.Buffer
	b := m.Bounds()
	for _, p := range [][4]int{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}} {
		for y := p[1]; y < b.Dy(); y += p[3] {
			raw.WriteByte(0)
			for x := p[0]; x < b.Dx(); x += p[2] {
				c := m.RGBAAt(x, y)
				raw.Write([]byte{c.R, c.G, c.B})
			}
		}
	}
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(b.Dx())), uint32(b.Dy()))
	return bytes.Join([][]byte{[]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", append(head, 8, 2, 0, 0, 1)),
		chunk("IDAT", deflated(raw.Bytes())), chunk("IEND", nil)}, nil)
}

// upright undoes storedAs.
func upright(m *image.RGBA, orientation int) *image.RGBA {
	back := []int{0, 1, 2, 3, 4, 5, 8, 7, 6}
	return storedAs(m, back[orientation])
}

// What lies below a mask is not in the PDF, whatever the file; and without the
// mask it is.
func TestMasks(t *testing.T) {
	m := withSecret(321, 243)
	for name, file := range formats(t, m) {
		t.Run(name, func(t *testing.T) {
			orientation := 1
			fmt.Sscanf(name, "jpeg %d", &orientation)
			fmt.Sscanf(name, "tiff %d", &orientation)
			plain := &Document{Blocks: []Block{Picture{Open: from(file)}}}
			control := upright(stored(t, write(t, plain))[0], orientation)
			if n := secretPixels(control); n < 300 {
				t.Fatalf("control: only %d pixels of the secret", n)
			}
			d := &Document{Blocks: []Block{Picture{Open: from(file), Masks: []image.Rectangle{secret}}}}
			pdf := write(t, d)
			all := stored(t, pdf)
			if len(all) != 1 {
				t.Fatalf("%d pictures", len(all))
			}
			got := upright(all[0], orientation)
			if got.Rect != m.Rect {
				t.Fatalf("%v", got.Rect)
			}
			outside, sum := 0, 0
			for y := range got.Rect.Dy() {
				for x := range got.Rect.Dx() {
					c := got.RGBAAt(x, y)
					if image.Pt(x, y).In(secret) {
						if c != (color.RGBA{0, 0, 0, 255}) {
							t.Fatalf("pixel %d,%d below the mask is %v", x, y, c)
						}
						continue
					}
					was := control.RGBAAt(x, y)
					d := abs(int(c.R)-int(was.R)) + abs(int(c.G)-int(was.G)) + abs(int(c.B)-int(was.B))
					sum += d
					if d > 0 {
						outside++
					}
				}
			}
			// Of a JPEG, the reader smoothes the colours, and Go does not.
			if mean := float64(sum) / (3 * 321 * 243); strings.HasPrefix(name, "jpeg") && mean > 4 || !strings.HasPrefix(name, "jpeg") && outside > 0 {
				t.Errorf("%d pixels beside the mask have changed, by %.1f", outside, mean)
			}
			if i := bytes.Index(file, []byte("IDAT")); i > 0 && bytes.Contains(pdf, file[i+4:i+200]) {
				t.Error("data of the file is in the PDF")
			}
			// As a reader sees the page, the black is where the secret was.
			page := rasterAll(t, pdf, "96")[0]
			left := (page.Bounds().Dx() - 321) / 2
			for _, p := range []image.Point{secret.Min.Add(image.Pt(3, 3)), secret.Max.Sub(image.Pt(4, 4))} {
				r, g, b, _ := page.At(left+p.X, 83+p.Y).RGBA()
				if r|g|b > 0x1000 {
					t.Errorf("the page is not black at %v of the picture", p)
				}
			}
		})
	}
}

func TestMaskedWebP(t *testing.T) {
	n := 0
	for _, name := range corpus(t) {
		if filepath.Ext(name) != ".webp" || strings.Contains(name, "tux") {
			continue
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Inspect(from(b)); err != nil {
			continue
		}
		n++
		area := image.Rect(10, 12, 60, 40)
		got := stored(t, write(t, &Document{Blocks: []Block{Picture{Open: from(b), Masks: []image.Rectangle{area}},
			Picture{Open: from(b)}}}))
		black := func(m *image.RGBA) bool {
			for y := area.Min.Y; y < area.Max.Y; y++ {
				for x := area.Min.X; x < area.Max.X; x++ {
					if m.RGBAAt(x, y) != (color.RGBA{0, 0, 0, 255}) {
						return false
					}
				}
			}
			return true
		}
		if !black(got[0]) || black(got[1]) {
			t.Errorf("%s: black with mask %v, without %v", filepath.Base(name), black(got[0]), black(got[1]))
		}
	}
	if n < 2 {
		t.Errorf("only %d files", n)
	}
}

// A mask stays one when the picture is shrunk.
func TestMasksOfShrunk(t *testing.T) {
	m := withSecret(1700, 500)
	for i := range m.Pix { // noise, so that shrinking pays
		m.Pix[i] ^= byte(i * 7919 >> 5 & 7)
	}
	draw.Draw(m, secret, image.NewUniform(secretColour), image.Point{}, draw.Src)
	for name, file := range map[string][]byte{"png": encodePNG(t, m), "jpeg 6": withExif(encodeJPEG(t, storedAs(m, 6)), 6)} {
		t.Run(name, func(t *testing.T) {
			d := &Document{Blocks: []Block{Picture{Open: from(file)}}}
			sizes, err := d.Sizes(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			orientation := 1
			fmt.Sscanf(name, "jpeg %d", &orientation)
			d.MaxSize = sizes.Pages + sizes.Least[0]
			control := upright(stored(t, write(t, d))[0], orientation)
			d.Blocks = []Block{Picture{Open: from(file), Masks: []image.Rectangle{secret}}}
			got := upright(stored(t, write(t, d))[0], orientation)
			if control.Rect.Dx() != 1000 || got.Rect.Dx() != 1000 {
				t.Fatalf("%v, %v", control.Rect, got.Rect)
			}
			if n := secretPixels(control); n < 200 {
				t.Errorf("control: only %d pixels of the secret", n)
			}
			if n := secretPixels(got); n != 0 {
				t.Errorf("%d pixels of the secret", n)
			}
			inner := image.Rect(secret.Min.X*10/17+9, secret.Min.Y*10/17+9, secret.Max.X*10/17-9, secret.Max.Y*10/17-9)
			for y := inner.Min.Y; y < inner.Max.Y; y++ {
				for x := inner.Min.X; x < inner.Max.X; x++ {
					if c := got.RGBAAt(x, y); max(c.R, c.G, c.B) > 10 {
						t.Fatalf("pixel %d,%d is %v", x, y, c)
					}
				}
			}
		})
	}
}

// Areas are cut off at the edges of the picture; one that covers nothing is
// refused before a byte is written.
func TestAreas(t *testing.T) {
	m := withSecret(321, 243)
	file := encodePNG(t, m)
	got := stored(t, write(t, &Document{Blocks: []Block{Picture{Open: from(file),
		Masks: []image.Rectangle{image.Rect(-50, -9, 90, 60), image.Rect(300, 200, 9999, 9999)},
		Marks: []image.Rectangle{image.Rect(300, 100, 500, 140)}}}}))[0]
	if secretPixels(got) != 0 || got.RGBAAt(0, 0) != (color.RGBA{0, 0, 0, 255}) || got.RGBAAt(320, 242) != (color.RGBA{0, 0, 0, 255}) {
		t.Error("clipped masks do not cover")
	}
	turned := withExif(encodeJPEG(t, storedAs(m, 6)), 6)
	for name, area := range map[string]image.Rectangle{
		"empty": {}, "no width": image.Rect(5, 5, 5, 9), "right": image.Rect(321, 0, 400, 9), "below": image.Rect(0, 243, 9, 300),
		"above": image.Rect(0, -9, 9, 0), "inside out": {Min: image.Pt(9, 9), Max: image.Pt(5, 5)},
	} {
		for _, mask := range []bool{true, false} {
			for _, file := range [][]byte{file, turned} {
				p := Picture{ID: "x", Open: from(file)}
				if mask {
					p.Masks = []image.Rectangle{image.Rect(1, 1, 2, 2), area}
				} else {
					p.Marks = []image.Rectangle{area}
				}
				var out bytes.Buffer
				d := &Document{Blocks: []Block{Space(1), p}}
				err := d.Write(context.Background(), &out)
				var ae *AreaError
				if !errors.As(err, &ae) || out.Len() > 0 || ae.Mask != mask || ae.Area != area || ae.Block != 1 || ae.ID != "x" || ae.Width != 321 {
					t.Errorf("%s: %v, %d bytes", name, err, out.Len())
				}
				if _, err := d.Sizes(context.Background()); !errors.As(err, &ae) {
					t.Errorf("%s: Sizes: %v", name, err)
				}
			}
		}
	}
	// Nor is a document without what was asked for written where the picture
	// cannot be shown.
	for _, p := range []Picture{{Open: from(file[:200]), Masks: []image.Rectangle{{}}}, {Open: from(file[:200]), Marks: []image.Rectangle{image.Rect(0, 0, 9, 9)}}} {
		var out bytes.Buffer
		var ae *AreaError
		var pe *PictureError
		if err := (&Document{Blocks: []Block{p}}).Write(context.Background(), &out); !errors.As(err, &ae) || !errors.As(err, &pe) || ae.Mask != (p.Masks != nil) || out.Len() > 0 {
			t.Error(err)
		}
	}
	if err := (&Document{Blocks: []Block{Picture{Open: from(file[:200])}}}).Write(context.Background(), io.Discard); err != nil { // the control: a card
		t.Error(err)
	}
}

// A file that changes between its readings is an error with a mask too.
func TestMaskedPictureChanges(t *testing.T) {
	one, two := chart(64, 48), chart(64, 48)
	two.SetRGBA(5, 5, color.RGBA{1, 2, 3, 255})
	changed := formats(t, two)
	for name, file := range formats(t, one) {
		for again, want := range map[bool]bool{false: false, true: true} {
			calls := 0
			d := &Document{Blocks: []Block{Picture{Masks: []image.Rectangle{image.Rect(40, 40, 44, 44)}, Open: func() (io.ReadCloser, error) {
				calls++
				if again && calls == 2 {
					return io.NopCloser(bytes.NewReader(changed[name])), nil
				}
				return io.NopCloser(bytes.NewReader(file)), nil
			}}}}
			if err := d.Write(context.Background(), io.Discard); (err != nil) != want && !bytes.Equal(file, changed[name]) {
				t.Errorf("%s, changed %v: %v", name, again, err)
			}
		}
	}
}
