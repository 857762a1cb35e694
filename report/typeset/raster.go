package typeset

import (
	"bytes"
	"compress/zlib"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"io"
	"strings"
	"sync"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"
)

// rowWriter compresses rows of 8-bit samples with PNG filters.
type rowWriter struct {
	z         *zlib.Writer
	cur, prev []byte
	out       []byte
	bpp       int // samples of a pixel
	level     int
}

var zlibWriters [zlib.BestCompression + 1]sync.Pool // by level

func newRowWriter(w io.Writer, width, bpp, level int) *rowWriter {
	z, _ := zlibWriters[level].Get().(*zlib.Writer)
	if z == nil {
		z, _ = zlib.NewWriterLevel(w, level) // the level is a valid one
	} else {
		z.Reset(w)
	}
	n := width * bpp
	return &rowWriter{z: z, level: level, cur: make([]byte, n), prev: make([]byte, n), out: make([]byte, n+1), bpp: bpp}
}

// write writes a row with a filter type of 0 to 4.
func (r *rowWriter) write(row []byte, filter byte) error {
	copy(r.cur, row)
	r.out[0] = filter
	out, cur, prev, bpp := r.out[1:], r.cur, r.prev, r.bpp
	switch filter {
	case 0:
		copy(out, cur)
	case 1:
		copy(out, cur[:bpp])
		for i := bpp; i < len(cur); i++ {
			out[i] = cur[i] - cur[i-bpp]
		}
	case 2:
		for i := range cur {
			out[i] = cur[i] - prev[i]
		}
	case 3:
		for i := range cur {
			left := 0
			if i >= bpp {
				left = int(cur[i-bpp])
			}
			out[i] = cur[i] - byte((left+int(prev[i]))/2)
		}
	case 4:
		for i := range bpp {
			out[i] = cur[i] - prev[i]
		}
		for i := bpp; i < len(cur); i++ {
			out[i] = cur[i] - paeth(cur[i-bpp], prev[i], prev[i-bpp])
		}
	}
	r.cur, r.prev = r.prev, r.cur
	_, err := r.z.Write(r.out)
	return err
}

func (r *rowWriter) close() error {
	err := r.z.Close()
	zlibWriters[r.level].Put(r.z)
	return err
}

type decoder func(io.Reader) (image.Image, error)

// inspectRaster checks a GIF, BMP, TIFF or WebP.
func (in *inspected) inspectRaster(r io.Reader) error {
	var decode decoder
	var config func(io.Reader) (image.Config, error)
	switch in.Format {
	case "gif":
		decode, config = gif.Decode, gif.DecodeConfig
	case "bmp":
		decode, config = bmp.Decode, bmp.DecodeConfig
	case "tiff":
		decode, config = tiff.Decode, tiff.DecodeConfig
	case "webp":
		decode, config = decodeWebP, webp.DecodeConfig
	}
	file, release, err := wholeFile(r)
	defer release()
	if err != nil {
		return err
	}
	if in.Format == "webp" {
		// Byte 20 of an extended WebP holds its flags; bit 1 is animation.
		var head [21]byte
		if _, err := file.ReadAt(head[:], 0); err == nil && string(head[12:16]) == "VP8X" && head[20]&2 != 0 {
			return errAnimated
		}
	}
	cfg, err := config(file)
	if err != nil {
		return rasterError(err)
	}
	in.Width, in.Height = cfg.Width, cfg.Height
	perPixel := bytesPerPixel(cfg.ColorModel)
	if err := checkSize(cfg.Width, cfg.Height, perPixel); err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := in.inspectWhole(file, wholeFile, decode, cfg.Width, cfg.Height, perPixel); err != nil {
		return err
	}
	if in.Format == "tiff" { // its decoder leaves the picture as it is stored
		in.orientation = max(1, tiffOrientation(file))
		if in.orientation > 4 {
			in.Width, in.Height = in.Height, in.Width
		}
	}
	return nil
}

func rasterError(err error) error {
	if strings.Contains(err.Error(), "unsupported") {
		return errUnsupported
	}
	return cutOff(err)
}

func bytesPerPixel(m color.Model) int {
	switch m {
	case color.RGBA64Model, color.NRGBA64Model:
		return 8
	case color.Gray16Model:
		return 2
	case color.GrayModel:
		return 1
	}
	if _, ok := m.(color.Palette); ok {
		return 1
	}
	return 4
}

// loader gets a file ready for a decoder; release must be called in any case.
type loader func(io.Reader) (file *bytes.Reader, release func(), err error)

// inspectWhole decodes a picture to see that it can be. w and h are what its
// header says. load is what the second reading begins with, nil for a decoder
// that takes little more than the picture.
func (in *inspected) inspectWhole(r io.Reader, load loader, decode decoder, w, h, perPixel int) error {
	weight := int64(w) * int64(h) * int64(perPixel)
	memory.acquire(weight)
	defer memory.release(weight)
	img, err := decode(r)
	if err != nil {
		return rasterError(err)
	}
	b := img.Bounds()
	// The first frame of a GIF may be smaller than its screen.
	if b.Empty() || b.Dx() > w || b.Dy() > h || in.Format != "gif" && (b.Dx() != w || b.Dy() != h) {
		return errors.New("size is not what the header says")
	}
	in.Width, in.Height = b.Dx(), b.Dy()
	sum := crc32.NewIEEE()
	eachRow(img, func(row []byte) error { sum.Write(row); return nil })
	want := sum.Sum32()
	in.pixels = wholePixels(b, load, decode, weight, &want)
	in.image = in.pixels.flate(fastLevel)
	return nil
}

// wholePixels are those of a picture of bounds b that is decoded again. want is
// their checksum, nil if decode sees to it that the file is the same.
func wholePixels(b image.Rectangle, load loader, decode decoder, weight int64, want *uint32) pixels {
	return pixels{w: b.Dx(), h: b.Dy(), each: func(r io.Reader, f func([]byte, byte) error) error {
		if load != nil {
			file, release, err := load(r)
			defer release()
			if err != nil {
				return err
			}
			r = file
		}
		memory.acquire(weight)
		defer memory.release(weight)
		img, err := decode(r)
		if err != nil {
			return err
		}
		if img.Bounds() != b {
			return errChanged
		}
		sum := crc32.NewIEEE()
		err = eachRow(img, func(row []byte) error {
			if want != nil {
				sum.Write(row)
			}
			return f(row, 2)
		})
		if err == nil && want != nil && sum.Sum32() != *want {
			return errChanged
		}
		return err
	}}
}

// eachRow calls f with each row of img as RGB samples on white.
func eachRow(img image.Image, f func(row []byte) error) error {
	b := img.Bounds()
	row := make([]byte, 3*b.Dx())
	at := func(x, y int) color.Color { return img.At(x, y) }
	if m, ok := img.(image.RGBA64Image); ok {
		at = func(x, y int) color.Color { return m.RGBA64At(x, y) }
	}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		switch m := img.(type) {
		case *limitedYCbCr:
			m.row(row, y)
		case *image.YCbCr:
			for x := b.Min.X; x < b.Max.X; x++ {
				yo, co := m.YOffset(x, y), m.COffset(x, y)
				i := 3 * (x - b.Min.X)
				row[i], row[i+1], row[i+2] = color.YCbCrToRGB(m.Y[yo], m.Cb[co], m.Cr[co])
			}
		default:
			for x := b.Min.X; x < b.Max.X; x++ {
				// Samples are multiplied with the opacity already.
				r, g, bl, a := at(x, y).RGBA()
				i := 3 * (x - b.Min.X)
				white := 0xffff - a
				row[i], row[i+1], row[i+2] = to8(int(r+white), 0xffff), to8(int(g+white), 0xffff), to8(int(bl+white), 0xffff)
			}
		}
		if err := f(row); err != nil {
			return err
		}
	}
	return nil
}

// limitedYCbCr is a lossy WebP. Its samples span 16 to 235, not 0 to 255 as
// the image package takes them.
type limitedYCbCr struct {
	*image.YCbCr
	alpha []byte // nil if opaque
	astep int
}

func decodeWebP(r io.Reader) (image.Image, error) {
	img, err := webp.Decode(r)
	if err != nil {
		return nil, err
	}
	switch m := img.(type) {
	case *image.YCbCr:
		return &limitedYCbCr{YCbCr: m}, nil
	case *image.NYCbCrA:
		return &limitedYCbCr{YCbCr: &m.YCbCr, alpha: m.A, astep: m.AStride}, nil
	}
	return img, nil
}

func (m *limitedYCbCr) row(dst []byte, y int) {
	for x := m.Rect.Min.X; x < m.Rect.Max.X; x++ {
		yo, co := m.YOffset(x, y), m.COffset(x, y)
		l := 1.164383 * (float64(m.Y[yo]) - 16)
		cb, cr := float64(m.Cb[co])-128, float64(m.Cr[co])-128
		i := 3 * (x - m.Rect.Min.X)
		a := byte(255)
		if m.alpha != nil {
			a = m.alpha[(y-m.Rect.Min.Y)*m.astep+x-m.Rect.Min.X]
		}
		dst[i] = onWhite(toByte(l+1.596027*cr), a)
		dst[i+1] = onWhite(toByte(l-0.391762*cb-0.812968*cr), a)
		dst[i+2] = onWhite(toByte(l+2.017232*cb), a)
	}
}

func toByte(v float64) byte { return byte(min(255, max(0, v+0.5))) }
