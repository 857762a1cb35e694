package typeset

import (
	"compress/zlib"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"iter"
	"math"
)

// pixels gives the rows of a picture, for copies that are made anew.
type pixels struct {
	w, h int  // as stored
	gray bool // one sample a pixel, else red, green and blue

	// each reads the file of the picture and calls f with every row from the
	// top: samples of 8 bits, on white, and the PNG filter that suits the row.
	// f may change the row. The error is errChanged where the file is not what
	// it was when it was inspected.
	each func(r io.Reader, f func(row []byte, filter byte) error) error
}

func (p pixels) channels() int {
	if p.gray {
		return 1
	}
	return 3
}

// masked is p with areas, in pixels as stored, blacked out.
func (p pixels) masked(areas []image.Rectangle) pixels {
	each, n := p.each, p.channels()
	p.each = func(r io.Reader, f func([]byte, byte) error) error {
		y := 0
		return each(r, func(row []byte, filter byte) error {
			for _, a := range areas {
				if y >= a.Min.Y && y < a.Max.Y {
					clear(row[a.Min.X*n : a.Max.X*n])
				}
			}
			y++
			return f(row, filter)
		})
	}
	return p
}

// rowSink takes the rows of a picture one after the other.
type rowSink interface {
	write(row []byte, filter byte) error
	close() error
}

// encode is the encoding that sink makes of the pixels.
func (p pixels) encode(dict string, sink func(io.Writer) rowSink) encoding {
	return encoding{w: p.w, h: p.h, dict: dict, length: -1, anew: true, copy: func(w io.Writer, r io.Reader) error {
		out := sink(w)
		err := p.each(r, out.write)
		if cerr := out.close(); err == nil {
			err = cerr
		}
		return err
	}}
}

// flate compresses the pixels without loss, with a level of zlib.
func (p pixels) flate(level int) encoding {
	space := "/DeviceRGB"
	if p.gray {
		space = "/DeviceGray"
	}
	return p.encode(fmt.Sprintf("/ColorSpace %s /BitsPerComponent 8 /Filter /FlateDecode "+
		"/DecodeParms <</Predictor 15 /Colors %d /BitsPerComponent 8 /Columns %d>>", space, p.channels(), p.w), p.flateSink(level))
}

func (p pixels) flateSink(level int) func(io.Writer) rowSink {
	return func(w io.Writer) rowSink { return newRowWriter(w, p.w, p.channels(), level) }
}

const (
	// jpegQuality is that of shrunk copies. Red text of 11 pixels on white was
	// readable with 85, although colours have half the resolution.
	jpegQuality = 85

	fastLevel = zlib.BestSpeed // of copies that are not shrunk

	// shrunkLevel compresses by a seventh better than the fastest level in
	// about the same time.
	shrunkLevel = zlib.BestSpeed + 4
)

// jpeg compresses the pixels as a JPEG.
func (p pixels) jpeg() encoding {
	return p.encode("/ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode", p.jpegSink)
}

func (p pixels) jpegSink(w io.Writer) rowSink { return newJPEGWriter(w, p.w, p.h, p.channels()) }

// jpegWriter is a picture whose rows come while it is encoded: the encoder
// works from the top, sixteen rows at a time, so no more are kept.
type jpegWriter struct {
	w, h, n int // size, and samples of a pixel
	window  [16][]byte
	have    int // rows that have come
	colour  color.RGBA
	next    func() (struct{}, bool)
	stop    func()
	yield   func(struct{}) bool
	err     error
}

func newJPEGWriter(w io.Writer, width, height, n int) *jpegWriter {
	j := &jpegWriter{w: width, h: height, n: n}
	for i := range j.window {
		j.window[i] = make([]byte, width*n)
	}
	j.next, j.stop = iter.Pull(func(yield func(struct{}) bool) {
		j.yield = yield
		j.err = jpeg.Encode(w, j, &jpeg.Options{Quality: jpegQuality})
	})
	j.next() // to where the first row is wanted
	return j
}

func (j *jpegWriter) write(row []byte, _ byte) error {
	copy(j.window[j.have%len(j.window)], row)
	j.have++
	j.next()
	return j.err
}

func (j *jpegWriter) close() error {
	j.stop()
	return j.err
}

func (j *jpegWriter) ColorModel() color.Model { return color.RGBAModel }
func (j *jpegWriter) Bounds() image.Rectangle { return image.Rect(0, 0, j.w, j.h) }

func (j *jpegWriter) At(x, y int) color.Color {
	for y >= j.have {
		if !j.yield(struct{}{}) {
			j.have = j.h // given up: the rest does not matter
		}
	}
	row := j.window[y%len(j.window)]
	if j.n == 1 {
		v := row[x]
		j.colour = color.RGBA{v, v, v, 255}
	} else {
		j.colour = color.RGBA{row[3*x], row[3*x+1], row[3*x+2], 255}
	}
	return &j.colour // a pointer, so that no memory is taken for each pixel
}

// Scaling is done in whole numbers, so that every machine gives the same bytes.
const (
	weightBits = 14
	sampleBits = 7 // more than a byte has, kept between the two directions
)

// taps are the weights of the source pixels that make up one pixel; they add up
// to 1<<weightBits.
type taps struct {
	from    int
	weights []int32
}

// shrinkTaps are those that shrink a row of src pixels to dst, by a Catmull-Rom
// curve as wide as the step between pixels: sharper than their mean.
func shrinkTaps(src, dst int) []taps {
	step := float64(src) / float64(dst)
	curve := func(x float64) float64 {
		x = math.Abs(x)
		if x < 1 {
			return (1.5*x-2.5)*x*x + 1
		}
		if x < 2 {
			return ((-0.5*x+2.5)*x-4)*x + 2
		}
		return 0
	}
	out := make([]taps, dst)
	for i := range out {
		centre := (float64(i)+0.5)*step - 0.5
		from, to := max(0, int(math.Ceil(centre-2*step))), min(src-1, int(math.Floor(centre+2*step)))
		sum := 0.0
		for k := from; k <= to; k++ {
			sum += curve((float64(k) - centre) / step)
		}
		t := taps{from: from, weights: make([]int32, to-from+1)}
		left := int32(1 << weightBits)
		for k := range t.weights {
			t.weights[k] = int32(math.Round(curve((float64(from+k)-centre)/step) / sum * (1 << weightBits)))
			left -= t.weights[k]
		}
		t.weights[len(t.weights)/2] += left
		out[i] = t
	}
	return out
}

// shrunk is p with w by h pixels, which are no more than it has. No more rows
// are kept than one row is made of.
func (p pixels) shrunk(w, h int) pixels {
	each, n := p.each, p.channels()
	across, down := shrinkTaps(p.w, w), shrinkTaps(p.h, h)
	most := 0
	for _, t := range down {
		most = max(most, len(t.weights))
	}
	p.w, p.h = w, h
	p.each = func(r io.Reader, f func([]byte, byte) error) error {
		ring := make([][]int32, most)
		for i := range ring {
			ring[i] = make([]int32, w*n)
		}
		sum, out := make([]int32, w*n), make([]byte, w*n)
		y, next := 0, 0
		return each(r, func(row []byte, _ byte) error {
			shrinkRow(ring[y%most], row, across, n)
			y++
			for next < h && down[next].from+len(down[next].weights) <= y {
				t := down[next]
				clear(sum)
				for k, weight := range t.weights {
					for i, v := range ring[(t.from+k)%most] {
						sum[i] += weight * v
					}
				}
				for i, v := range sum {
					v = (v + 1<<(weightBits+sampleBits-1)) >> (weightBits + sampleBits)
					out[i] = byte(min(255, max(0, v)))
				}
				next++
				// Text compresses best without a filter once it is smoothed.
				if err := f(out, 0); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return p
}

func shrinkRow(dst []int32, row []byte, across []taps, n int) {
	const half, shift = 1 << (weightBits - sampleBits - 1), weightBits - sampleBits
	if n == 1 {
		for x, t := range across {
			var v int32
			for k, weight := range t.weights {
				v += weight * int32(row[t.from+k])
			}
			dst[x] = (v + half) >> shift
		}
		return
	}
	for x, t := range across {
		var r, g, b int32
		src := row[3*t.from:]
		for _, weight := range t.weights {
			r += weight * int32(src[0])
			g += weight * int32(src[1])
			b += weight * int32(src[2])
			src = src[3:]
		}
		dst[3*x], dst[3*x+1], dst[3*x+2] = (r+half)>>shift, (g+half)>>shift, (b+half)>>shift
	}
}
