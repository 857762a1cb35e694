package typeset

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"io"
	"strings"
	"testing"
	"time"
)

// chunk is a PNG chunk.
func chunk(typ string, data []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	b = append(append(b, typ...), data...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// insert puts chunks before the first chunk of type typ.
func insert(file []byte, typ string, chunks ...[]byte) []byte {
	i := bytes.Index(file, []byte(typ)) - 4
	return bytes.Join([][]byte{file[:i], bytes.Join(chunks, nil), file[i:]}, nil)
}

// resize changes the size in the header of a PNG.
func resize(file []byte, w, h uint32) []byte {
	head := bytes.Clone(file[16:29])
	binary.BigEndian.PutUint32(head, w)
	binary.BigEndian.PutUint32(head[4:], h)
	return bytes.Join([][]byte{file[:8], chunk("IHDR", head), file[33:]}, nil)
}

// withExif puts an EXIF orientation, a GPS tag and a comment into a JPEG.
func withExif(file []byte, orientation byte) []byte {
	tiff := []byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00GPS 35.6586")
	tiff[19] = orientation
	seg := append([]byte("Exif\x00\x00"), tiff...)
	app1 := append([]byte{0xff, 0xe1, 0, byte(len(seg) + 2)}, seg...)
	com := append([]byte{0xff, 0xfe, 0, 16}, "secret comment"...)
	return bytes.Join([][]byte{file[:2], app1, com, file[2:], []byte("trailing data")}, nil)
}

func TestBrokenPictures(t *testing.T) {
	opaque := encodePNG(t, chart(64, 48))
	alpha := encodePNG(t, withAlpha{chart(64, 48)})
	idat := bytes.Index(alpha, []byte("IDAT")) - 4
	photo := encodeJPEG(t, chart(64, 48))
	adam7 := interlaced(chart(64, 48))
	short := insert(opaque, "IDAT", chunk("tRNS", []byte{0, 1}))
	huge := bytes.Clone(opaque)
	binary.BigEndian.PutUint32(huge[33:], 1<<31+5)
	crc := bytes.Clone(opaque)
	crc[len(crc)-13] ^= 1
	for _, c := range []struct {
		name   string
		file   []byte
		reason Reason
	}{
		{"empty", nil, Unsupported},
		{"text", []byte("hello"), Unsupported},
		{"html", []byte("<html>"), Unsupported},
		{"heic", []byte("\x00\x00\x00\x18ftypheic"), Unsupported},
		{"png signature only", opaque[:8], Damaged},
		{"png without data", insert(opaque[:33], "IHDR"), Damaged},
		{"png cut", opaque[:len(opaque)/2], Damaged},
		{"png without end", opaque[:len(opaque)-12], Damaged},
		{"rgba cut", alpha[:len(alpha)/2], Damaged},
		{"png checksum", crc, Damaged},
		{"png chunk over 2 GiB", huge, Damaged},
		{"png short tRNS", short, Damaged},
		{"png with data in its end", append(bytes.Clone(opaque[:len(opaque)-12]), chunk("IEND", []byte("more"))...), Damaged},
		{"png with a wrong end", append(bytes.Clone(opaque[:len(opaque)-4]), 1, 2, 3, 4), Damaged},
		{"interlaced png with data in its end", append(bytes.Clone(adam7[:len(adam7)-12]), chunk("IEND", []byte("more"))...), Damaged},
		{"png cut and interlaced", adam7[:len(adam7)/2], Damaged},
		{"png with late transparency", insert(opaque, "IEND", chunk("tRNS", make([]byte, 6))), Damaged},
		{"png with two palettes", insert(insert(opaque, "IDAT", chunk("PLTE", make([]byte, 3))), "IDAT", chunk("PLTE", make([]byte, 3))), Damaged},
		{"png 0×0", resize(opaque, 0, 0), Damaged},
		{"png higher than its data", resize(opaque, 64, 4800), Damaged},
		{"png lower than its data", resize(opaque, 64, 8), Damaged},
		{"rgba higher than its data", resize(alpha, 64, 4800), Damaged},
		{"rgba with a bad stream", append(bytes.Clone(alpha[:idat]), append(chunk("IDAT", []byte("garbage")), chunk("IEND", nil)...)...), Damaged},
		{"png bomb", resize(opaque, 20000, 20000), TooLarge},
		{"png bomb 2", resize(opaque, 1<<31-1, 1<<31-1), TooLarge},
		{"png too wide", resize(opaque, 30001, 1), TooLarge},
		{"jpeg cut", photo[:len(photo)-200], Damaged},
		{"jpeg head", photo[:20], Damaged},
		{"jpeg bomb", jpegOfSize(photo, 20000, 20000), TooLarge},
		{"jpeg lying", jpegOfSize(photo, 640, 4800), Damaged},
		{"gif head", []byte("GIF89a\x10\x00\x10\x00\x00\x00\x00"), Damaged},
		{"gif bomb", []byte("GIF89a\xff\xff\xff\xff\x00\x00\x00"), TooLarge},
		{"bmp head", []byte("BM0000000000"), Damaged},
		{"tiff head", []byte("II*\x00\x08\x00\x00\x00"), Damaged},
		{"webp animated", append([]byte("RIFF\x20\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02"), make([]byte, 20)...), Animated},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			_, err := Inspect(from(c.file))
			var pe *PictureError
			if !errors.As(err, &pe) || pe.Reason != c.reason {
				t.Fatalf("got %v, want reason %q", err, c.reason)
			}
			if d := time.Since(start); d > 2*time.Second {
				t.Errorf("took %v", d)
			}
		})
	}
	// Whole they can be shown, and with what may follow their end.
	for name, file := range map[string][]byte{"png": opaque, "rgba": alpha, "jpeg": photo, "interlaced": adam7,
		"one palette": insert(opaque, "IDAT", chunk("PLTE", make([]byte, 3))), "early transparency": insert(opaque, "IDAT", chunk("tRNS", make([]byte, 6))),
		"more behind": append(bytes.Clone(opaque), "more"...)} {
		if _, err := Inspect(from(file)); err != nil {
			t.Errorf("control %s: %v", name, err)
		}
	}
	t.Run("open", func(t *testing.T) {
		_, err := Inspect(func() (io.ReadCloser, error) { return nil, io.ErrUnexpectedEOF })
		var pe *PictureError
		if !errors.As(err, &pe) || pe.Reason != Unreadable || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Error(err)
		}
	})
	t.Run("read", func(t *testing.T) {
		_, err := Inspect(func() (io.ReadCloser, error) {
			return io.NopCloser(io.MultiReader(bytes.NewReader(opaque[:100]), badReader{})), nil
		})
		var pe *PictureError
		if !errors.As(err, &pe) || pe.Reason != Unreadable {
			t.Error(err)
		}
	})
}

type badReader struct{}

func (badReader) Read([]byte) (int, error) { return 0, errors.New("disk on fire") }

func jpegOfSize(file []byte, w, h uint16) []byte {
	b := bytes.Clone(file)
	i := bytes.Index(b, []byte{0xff, 0xc0})
	binary.BigEndian.PutUint16(b[i+5:], h)
	binary.BigEndian.PutUint16(b[i+7:], w)
	return b
}

// A picture that cannot be shown leaves a card in its place, with its caption
// and as the target of links.
func TestCardInstead(t *testing.T) {
	d := &Document{Date: testDate, Blocks: []Block{
		Paragraph{Spans: []Span{{Text: "see exhibit", Link: "#x"}}},
		PageBreak{},
		Picture{ID: "x", Caption: Text("caption 1"), Open: from([]byte("nothing")), Card: func(e *PictureError) Card {
			return Card{Title: Text("card for " + e.Reason.String())}
		}},
		Picture{Caption: Text("caption 2"), Open: from(nil)},
	}}
	pdf := write(t, d)
	text := extract(t, pdf)
	for _, want := range []string{"card for format is not supported", "caption 1", "caption 2", "This picture is not shown"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %q", want, text)
		}
	}
	if n := strings.Count(string(pdf), "/Dest [5 0 R"); n != 1 {
		t.Errorf("%d links to page 2", n)
	}
}

// Between two readings a file may go away or change.
func TestChangedPicture(t *testing.T) {
	one, two := chart(64, 48), chart(64, 48)
	two.SetRGBA(5, 5, color.RGBA{1, 2, 3, 255})
	for name, files := range map[string][2][]byte{
		"png":  {encodePNG(t, one), encodePNG(t, two)},
		"rgba": {encodePNG(t, withAlpha{one}), encodePNG(t, withAlpha{two})},
		"jpeg": {encodeJPEG(t, one), encodeJPEG(t, two)},
		"gone": {encodePNG(t, one), nil},
	} {
		t.Run(name, func(t *testing.T) {
			calls := 0
			d := &Document{Blocks: []Block{Picture{Open: func() (io.ReadCloser, error) {
				calls++
				return io.NopCloser(bytes.NewReader(files[min(calls, 2)-1])), nil
			}}}}
			if err := d.Write(context.Background(), io.Discard); err == nil {
				t.Error("no error")
			}
			if calls != 2 {
				t.Errorf("opened %d times", calls)
			}
		})
	}
}

func TestSourcesAreClosed(t *testing.T) {
	open := 0
	d := &Document{Blocks: []Block{Picture{Open: func() (io.ReadCloser, error) {
		open++
		return closer{bytes.NewReader(encodePNG(t, withAlpha{chart(9, 9)})), &open}, nil
	}}}}
	write(t, d)
	if open != 0 {
		t.Errorf("%d readers left open", open)
	}
}

type closer struct {
	io.Reader
	n *int
}

func (c closer) Close() error { *c.n--; return nil }

func TestJPEGIsStripped(t *testing.T) {
	pdf := write(t, &Document{Blocks: []Block{Picture{Open: from(withExif(encodeJPEG(t, chart(64, 48)), 1))}}})
	for _, s := range []string{"Exif", "GPS", "secret comment", "trailing data"} {
		if bytes.Contains(pdf, []byte(s)) {
			t.Errorf("%q is in the PDF", s)
		}
	}
}

// upright returns m as it has to be stored to be seen like m with an orientation.
func storedAs(m *image.RGBA, orientation int) *image.RGBA {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	sw, sh := w, h
	if orientation > 4 {
		sw, sh = h, w
	}
	out := image.NewRGBA(image.Rect(0, 0, sw, sh))
	for y := range h {
		for x := range w {
			sx, sy := x, y
			switch orientation {
			case 2:
				sx = w - 1 - x
			case 3:
				sx, sy = w-1-x, h-1-y
			case 4:
				sy = h - 1 - y
			case 5:
				sx, sy = y, x
			case 6:
				sx, sy = y, w-1-x
			case 7:
				sx, sy = h-1-y, w-1-x
			case 8:
				sx, sy = h-1-y, x
			}
			out.Set(sx, sy, m.At(x, y))
		}
	}
	return out
}

// cellsOf averages a picture within its frame over a grid of 8 by 6.
func cellsOf(m image.Image, r image.Rectangle) (out [48][3]int) {
	for i := range out {
		x0, x1 := r.Min.X+r.Dx()*(i%8)/8, r.Min.X+r.Dx()*(i%8+1)/8
		y0, y1 := r.Min.Y+r.Dy()*(i/8)/6, r.Min.Y+r.Dy()*(i/8+1)/6
		n := 0
		for y := y0 + 2; y < y1-2; y++ {
			for x := x0 + 2; x < x1-2; x++ {
				c := color.RGBAModel.Convert(m.At(x, y)).(color.RGBA)
				out[i][0], out[i][1], out[i][2] = out[i][0]+int(c.R), out[i][1]+int(c.G), out[i][2]+int(c.B)
				n++
			}
		}
		for k := range out[i] {
			out[i][k] /= max(1, n)
		}
	}
	return out
}

// Pages with pictures of many kinds look alike: the same picture at the same
// place, whatever the file.
func TestRendered(t *testing.T) {
	m := chart(320, 240)
	pal := image.NewPaletted(image.Rect(0, 0, 320, 240), color.Palette{color.Black, color.White, color.RGBA{200, 30, 30, 255}})
	for y := range 240 {
		for x := range 320 {
			pal.SetColorIndex(x, y, uint8(x/40+y/60)%2)
		}
	}
	two := image.NewPaletted(pal.Rect, color.Palette{color.RGBA{10, 60, 200, 255}, color.RGBA{230, 200, 20, 255}})
	copy(two.Pix, pal.Pix)
	half := image.NewNRGBA(m.Rect)
	deep := image.NewRGBA64(m.Rect)
	for y := range 240 {
		for x := range 320 {
			c := m.RGBAAt(x, y)
			half.SetNRGBA(x, y, color.NRGBA{c.R, c.G, c.B, uint8(x * 255 / 320)})
			deep.Set(x, y, c)
		}
	}
	type test struct {
		name string
		file []byte
		want image.Image
	}
	tests := []test{
		{"rgb", encodePNG(t, m), m},
		{"rgba", encodePNG(t, withAlpha{m}), m},
		{"half transparent", encodePNG(t, half), flat(half)},
		{"16 bit", encodePNG(t, deep), m},
		{"palette 2 bit", encodePNG(t, pal), pal},
		{"palette 1 bit", encodePNG(t, two), two},
		{"palette with transparency", encodePNG(t, transparent(two)), flat(transparent(two))},
		{"empty chunks", insert(encodePNG(t, m), "IDAT", chunk("tEXt", nil), chunk("IDAT", nil)), m},
		{"jpeg", encodeJPEG(t, m), m},
	}
	for o := 1; o <= 8; o++ {
		tests = append(tests, test{fmt.Sprint("orientation ", o), withExif(encodeJPEG(t, storedAs(m, o)), byte(o)), m})
	}
	files := formats(t, m)
	for o := 1; o <= 8; o++ {
		tests = append(tests, test{fmt.Sprint("tiff, orientation ", o), files[fmt.Sprint("tiff ", o)], m})
	}
	d := &Document{Margins: Margins{20, 20, 22, 20}}
	for _, c := range tests {
		d.Blocks = append(d.Blocks, Picture{Open: from(c.file)}, PageBreak{})
	}
	pages := rasterAll(t, write(t, d), "96")
	if len(pages) != len(tests) {
		t.Fatalf("%d pages, want %d", len(pages), len(tests))
	}
	for n, c := range tests {
		// The picture is in the middle, at 96 pixels an inch.
		left := (pages[n].Bounds().Dx() - 320) / 2
		got := cellsOf(pages[n], image.Rect(left, 83, left+320, 83+240))
		want := cellsOf(c.want, image.Rect(0, 0, 320, 240))
		worst := 0
		for i := range got {
			for k := range got[i] {
				worst = max(worst, abs(got[i][k]-want[i][k]))
			}
		}
		if worst > 14 {
			t.Errorf("%s: a part differs by %d", c.name, worst)
		}
	}
}

func transparent(p *image.Paletted) *image.Paletted {
	q := *p
	q.Palette = color.Palette{color.NRGBA{10, 60, 200, 90}, color.NRGBA{230, 200, 20, 200}}
	return &q
}

// Opaque PNGs are not compressed anew.
func TestPassThrough(t *testing.T) {
	file := encodePNG(t, chart(300, 200))
	i := bytes.Index(file, []byte("IDAT"))
	n := int(binary.BigEndian.Uint32(file[i-4:]))
	pdf := write(t, &Document{Blocks: []Block{Picture{Open: from(file)}}})
	if !bytes.Contains(pdf, file[i+4:i+4+n]) {
		t.Error("the data of the PNG is not in the PDF")
	}
}

// A very high picture is continued on further pages, with nothing left out.
func TestTallPicture(t *testing.T) {
	m := image.NewGray(image.Rect(0, 0, 540, 10000))
	for i := range m.Pix {
		m.Pix[i] = uint8(i / 540 * 250 / 10000)
	}
	pdf := write(t, &Document{Date: testDate, Blocks: []Block{Heading{Level: 2, Text: "Exhibit"},
		Picture{ID: "tall", Caption: Text("the whole screen"), Open: from(encodePNG(t, m))}}})
	text := extract(t, pdf)
	pages := strings.Count(text, "\f")
	if pages < 4 || pages > 12 || strings.Count(text, "the whole screen") != pages {
		t.Errorf("%d pages, %d captions", pages, strings.Count(text, "the whole screen"))
	}
	if n := bytes.Count(pdf, []byte("/Subtype /Image")); n != 1 {
		t.Errorf("%d copies of the picture", n)
	}
	last := -1
	for i, img := range rasterAll(t, pdf, "20") {
		p := i + 1
		x := img.Bounds().Dx() / 2
		shade := func(y int) int { r, _, _, _ := img.At(x, y).RGBA(); return int(r >> 8) }
		var column []int
		for y := 18; y < img.Bounds().Dy()-26; y++ {
			if v := shade(y); v < 254 {
				column = append(column, v)
			}
		}
		if len(column) < 5 {
			t.Fatalf("page %d is empty", p)
		}
		if last >= 0 && column[2] > last+1 {
			t.Errorf("page %d begins at %d, the one before ended at %d", p, column[2], last)
		}
		last = column[len(column)-3]
	}
	if last < 240 {
		t.Errorf("the end is missing: %d", last)
	}
	for _, size := range [][2]int{{1, 30000}, {30000, 1}, {3, 3}} {
		write(t, &Document{Blocks: []Block{Picture{Open: from(encodePNG(t, image.NewGray(image.Rect(0, 0, size[0], size[1]))))}}})
	}
}

func FuzzPicture(f *testing.F) {
	f.Add(encodePNG(f, chart(20, 10)))
	f.Add(encodePNG(f, withAlpha{chart(20, 10)}))
	f.Add(encodePNG(f, transparent(image.NewPaletted(image.Rect(0, 0, 9, 9), nil))))
	f.Add(encodeJPEG(f, chart(20, 10)))
	f.Add(withExif(encodeJPEG(f, chart(20, 10)), 6))
	f.Fuzz(func(t *testing.T, file []byte) {
		info := inspect(from(file))
		if info.err != nil || info.Width*info.Height > 1<<20 {
			return
		}
		// What has been accepted can be written, also with a mask.
		if err := info.copyTo(context.Background(), io.Discard); err != nil {
			t.Error(err)
		}
		masked := info
		if err := masked.prepare(0, Picture{Masks: []image.Rectangle{image.Rect(0, 0, 2, 1)}}); err != nil {
			t.Error(err)
		}
		if err := masked.copyTo(context.Background(), io.Discard); err != nil {
			t.Error(err)
		}
		// An accepted PNG is one for Go's decoder too, but for chunks that do
		// not matter.
		if info.Format == "png" {
			if _, err := png.Decode(bytes.NewReader(file)); err != nil && !strings.Contains(err.Error(), "checksum") && !strings.Contains(err.Error(), "mismatch") {
				t.Errorf("accepted, but: %v\n%x", err, file)
			}
		}
	})
}
