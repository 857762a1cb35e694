package typeset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/image/draw"
)

// noisy is a chart that compresses badly, as photos do.
func noisy(w, h int) *image.RGBA {
	m := chart(w, h)
	rnd := rand.New(rand.NewPCG(uint64(w), uint64(h)))
	for i := range m.Pix {
		if i%4 != 3 {
			m.Pix[i] ^= byte(rnd.IntN(16))
		}
	}
	return m
}

func sizesOf(t testing.TB, d *Document) Sizes {
	t.Helper()
	s, err := d.Sizes(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sum(ns []int64) (n int64) {
	for _, v := range ns {
		n += v
	}
	return n
}

// The document keeps to its size with the widest of the copies that do, and is
// refused before anything is written where none does.
func TestMaxSize(t *testing.T) {
	wide, turned := noisy(2100, 300), noisy(1400, 400)
	// Of one bit a pixel, it would only grow.
	bits := image.NewPaletted(image.Rect(0, 0, 1100, 100), color.Palette{color.White, color.Black})
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range bits.Pix {
		bits.Pix[i] = uint8(rnd.IntN(2))
	}
	blocks := []Block{
		Picture{Open: from(encodePNG(t, wide))},
		Picture{Open: from(withExif(encodeJPEG(t, storedAs(turned, 8)), 8))},
		Picture{Open: from(encodePNG(t, noisy(1000, 200)))},
		Picture{Open: from(encodePNG(t, bits))},
		Picture{Open: from([]byte("no picture"))},
	}
	var copies []Copy
	for i := range blocks {
		p := blocks[i].(Picture)
		p.Caption = Text(fmt.Sprintf("Picture %d.", i+1))
		p.Shown = func(c Copy) []Span {
			for len(copies) <= i {
				copies = append(copies, Copy{})
			}
			copies[i] = c
			return Text(fmt.Sprintf(" %d×%d of %d×%d, lossy %v.", c.CopyWidth, c.CopyHeight, c.Width, c.Height, c.Lossy))
		}
		blocks[i] = p
	}
	d := &Document{Date: testDate, Blocks: blocks}
	plain := write(t, d)
	s := sizesOf(t, d)
	if len(s.Pictures) != 5 || len(s.Least) != 5 || s.Pictures[4] != 0 || s.Least[4] != 0 || s.Pictures[2] != s.Least[2] || s.Pictures[3] != s.Least[3] {
		t.Fatalf("%+v", s)
	}
	if got, want := s.Pages+sum(s.Pictures), int64(len(plain)); got < want || got > want+2000 {
		t.Errorf("sizes say %d, the PDF has %d", got, want)
	}

	d.MaxSize = int64(len(plain))
	if !bytes.Equal(write(t, d), plain) {
		t.Error("a document that fits is changed")
	}
	last := int64(len(plain))
	var least int64
	d.MaxSize--
	for _, want := range []int{1920, 1600, 1280, 1000} {
		pdf := write(t, d)
		n := int64(len(pdf))
		if n > d.MaxSize || n >= last {
			t.Errorf("%d bytes, allowed %d", n, d.MaxSize)
		}
		got := stored(t, pdf)
		if len(got) != 4 || len(copies) != 4 {
			t.Fatalf("%d pictures, %d copies", len(got), len(copies))
		}
		w := got[0].Rect.Dx()
		if w != want {
			t.Errorf("shrunk to %d, want %d", w, want)
		}
		text := strings.ReplaceAll(extract(t, pdf), "\n", " ")
		for i, c := range copies {
			b := got[i].Rect
			if i == 1 {
				b = image.Rect(0, 0, b.Dy(), b.Dx())
			}
			full := []int{2100, 1400, 1000, 1100}[i]
			if c.CopyWidth != b.Dx() || c.CopyHeight != b.Dy() || c.Width != full || i < 2 && b.Dx() != min(want, full) || i >= 2 && b.Dx() != full {
				t.Errorf("with %d: picture %d has %v, told as %+v", want, i+1, b, c)
			}
			if i >= 2 && c.Lossy || i < 2 && !c.Lossy {
				t.Errorf("with %d: picture %d: %+v", want, i+1, c)
			}
			if said := fmt.Sprintf("Picture %d. %d×%d of %d×%d, lossy %v.", i+1, c.CopyWidth, c.CopyHeight, c.Width, c.Height, c.Lossy); !strings.Contains(text, said) {
				t.Errorf("no %q in %q", said, text)
			}
		}
		if !strings.Contains(text, "Picture 5.") {
			t.Error("no caption of the card")
		}
		mean, _ := difference(got[0], scaledDown(wide, w, got[0].Rect.Dy()))
		if mean > 6 {
			t.Errorf("with %d: differs by %.1f", want, mean)
		}
		if want == 1600 {
			for _, procs := range []int{1, 4} {
				before := runtime.GOMAXPROCS(procs)
				again := write(t, d)
				runtime.GOMAXPROCS(before)
				if !bytes.Equal(again, pdf) {
					t.Errorf("other bytes with %d processors", procs)
				}
			}
		}
		last, least = n, n
		d.MaxSize = n - 1
	}
	var out bytes.Buffer
	err := d.Write(context.Background(), &out)
	var se *SizeError
	if !errors.As(err, &se) || se.Max != d.MaxSize || se.Least != least || out.Len() != 0 {
		t.Errorf("%v, %d bytes written, least is %d", err, out.Len(), least)
	}
	if got := s.Pages + sum(s.Least); got < least || got > least+2000 {
		t.Errorf("sizes say %d at least, the PDF has %d", got, least)
	}
	// Not a byte less than its text.
	d = &Document{Blocks: []Block{Paragraph{Spans: Text("text")}}, MaxSize: 100}
	if err := d.Write(context.Background(), &out); !errors.As(err, &se) || se.Least < 1000 || out.Len() != 0 {
		t.Error(err)
	}
}

func scaledDown(m image.Image, w, h int) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.CatmullRom.Scale(out, out.Rect, m, m.Bounds(), draw.Src, nil)
	return out
}

// pixelsOf gives the rows of m without a file.
func pixelsOf(m *image.RGBA, gray bool) pixels {
	p := pixels{w: m.Rect.Dx(), h: m.Rect.Dy(), gray: gray}
	p.each = func(_ io.Reader, f func([]byte, byte) error) error {
		row := make([]byte, 0, 3*p.w)
		for y := range p.h {
			row = row[:0]
			for x := range p.w {
				c := m.RGBAAt(x, y)
				if row = append(row, c.R); !gray {
					row = append(row, c.G, c.B)
				}
			}
			if err := f(row, 0); err != nil {
				return err
			}
		}
		return nil
	}
	return p
}

// collect is the picture that pixels give.
func collect(t testing.TB, p pixels) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, p.w, p.h))
	y, n := 0, p.channels()
	if err := p.each(nil, func(row []byte, _ byte) error {
		for x := range p.w {
			m.SetRGBA(x, y, color.RGBA{row[n*x], row[n*x+n/2], row[n*x+n-1], 255})
		}
		y++
		return nil
	}); err != nil || y != p.h {
		t.Fatalf("%d rows of %d: %v", y, p.h, err)
	}
	return m
}

// Shrinking agrees with the scaler of golang.org/x/image.
func TestShrink(t *testing.T) {
	for _, c := range [][4]int{{1920, 1080, 1000, 563}, {301, 203, 300, 202}, {300, 2, 30, 1}, {77, 50, 77, 50}, {1500, 7, 1000, 5}, {2000, 1, 1000, 1}} {
		m := chart(c[0], c[1])
		got := collect(t, pixelsOf(m, false).shrunk(c[2], c[3]))
		want := scaledDown(m, c[2], c[3])
		if mean, most := difference(got, want); mean > 0.5 || most > 6 {
			t.Errorf("%v: differs by %.2f, at most %d", c, mean, most)
		}
		if mean, _ := difference(got, scaledDown(storedAs(m, 2), c[2], c[3])); mean < 5 {
			t.Errorf("%v: a mirrored picture is taken for the same", c)
		}
		one := image.NewRGBA(m.Rect)
		draw.Draw(one, one.Rect, image.NewUniform(color.RGBA{77, 77, 77, 255}), image.Point{}, draw.Src)
		for i, v := range collect(t, pixelsOf(one, true).shrunk(c[2], c[3])).Pix {
			if i%4 < 3 && v != 77 {
				t.Fatalf("%v: an even gray of 77 becomes %d", c, v)
			}
		}
	}
}

// Rows that come one by one give the JPEG that the whole picture gives.
func TestJPEGWriter(t *testing.T) {
	for _, c := range [][2]int{{1, 1}, {16, 16}, {17, 33}, {100, 47}, {33, 1}} {
		m := chart(c[0], c[1])
		var got, want bytes.Buffer
		if err := pixelsOf(m, false).jpeg().copy(&got, nil); err != nil {
			t.Fatal(err)
		}
		if err := jpeg.Encode(&want, m, &jpeg.Options{Quality: jpegQuality}); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want.Bytes()) {
			t.Errorf("%v: %d bytes, want %d", c, got.Len(), want.Len())
		}
		if err := pixelsOf(m, true).jpeg().copy(&got, nil); err != nil {
			t.Error(err)
		}
	}
	// What ends early ends.
	p := pixelsOf(chart(40, 40), false)
	each := p.each
	p.each = func(r io.Reader, f func([]byte, byte) error) error {
		n := 0
		return each(r, func(row []byte, filter byte) error {
			if n++; n == 20 {
				return io.ErrUnexpectedEOF
			}
			return f(row, filter)
		})
	}
	if err := p.jpeg().copy(io.Discard, nil); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
	if err := pixelsOf(noisy(400, 400), false).jpeg().copy(&fullDisk{}, nil); err == nil {
		t.Error("no error of a full disk")
	}
}

// A file that changes at any of its readings, or cannot be read then, is an
// error; before the last of them nothing has been written.
func TestChangedWhileShrunk(t *testing.T) {
	one := noisy(1400, 300)
	two := noisy(1400, 300)
	two.Set(1000, 200, color.RGBA{1, 2, 3, 255})
	for name, files := range map[string][2][]byte{
		"png": {encodePNG(t, one), encodePNG(t, two)}, "alpha": {encodePNG(t, withAlpha{one}), encodePNG(t, withAlpha{two})},
		"jpeg": {encodeJPEG(t, one), encodeJPEG(t, two)}, "cut": {encodePNG(t, one), encodePNG(t, one)[:5000]},
	} {
		var calls, bad atomic.Int32
		d := &Document{Blocks: []Block{Picture{Open: func() (io.ReadCloser, error) {
			if calls.Add(1) == bad.Load() {
				return io.NopCloser(bytes.NewReader(files[1])), nil
			}
			return io.NopCloser(bytes.NewReader(files[0])), nil
		}}}}
		s := sizesOf(t, d)
		d.MaxSize = s.Pages + s.Least[0]
		calls.Store(0)
		write(t, d)
		times := calls.Load()
		if times < 3 {
			t.Fatalf("%s: %d readings", name, times)
		}
		for n := int32(2); n <= times; n++ {
			calls.Store(0)
			bad.Store(n)
			var out bytes.Buffer
			err := d.Write(context.Background(), &out)
			if err == nil || n < times && out.Len() > 0 {
				t.Errorf("%s: changed at reading %d of %d: %v, %d bytes", name, n, times, err, out.Len())
			}
		}
	}
}

func TestSizesStop(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	d := &Document{MaxSize: 1 << 20, Blocks: []Block{Picture{Open: func() (io.ReadCloser, error) {
		cancel()
		return from(encodePNG(t, noisy(1400, 300)))()
	}}}}
	if _, err := d.Sizes(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := d.Write(ctx, io.Discard); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
