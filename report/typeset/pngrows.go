package typeset

import (
	"bytes"
	"errors"
	"io"
)

// pixels reads the picture row by row. length and crc are those of its
// compressed data.
func (p *pngReader) pixels(length int64, crc uint32) pixels {
	out := pixels{w: p.w, h: p.h, gray: p.kind == pngGray || p.kind == pngGrayAlpha}
	out.each = func(r io.Reader, f func([]byte, byte) error) error {
		q, err := openPNG(r)
		if err != nil {
			return err
		}
		if q.w != p.w || q.h != p.h || q.kind != p.kind || q.depth != p.depth || q.interlaced ||
			!bytes.Equal(q.plte, p.plte) || !bytes.Equal(q.trns, p.trns) {
			return errChanged
		}
		c := &checked{r: q}
		if err := q.eachRow(c, make([]byte, out.w*out.channels()), f); err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, c); err != nil {
			return err
		}
		if c.n != length || c.crc != crc {
			return errChanged
		}
		return nil
	}
	return out
}

// eachRow reads zlib data of rows from r and calls f with each of them in row,
// with 8 bits a sample and on white.
func (p *pngReader) eachRow(r io.Reader, row []byte, f func(row []byte, filter byte) error) error {
	z, done, err := newInflater(&byteReader{r: r})
	if err != nil {
		return err
	}
	defer done()
	cur, prev := make([]byte, p.rowBytes()+1), make([]byte, p.rowBytes()+1)
	bpp := max(1, p.channels()*p.depth/8)
	for range p.h {
		if _, err := io.ReadFull(z, cur); err != nil {
			return cutOff(err)
		}
		if err := unfilter(cur[0], cur[1:], prev[1:], bpp); err != nil {
			return err
		}
		p.flatten(row, cur[1:])
		// The filter that suited the row of the file suits this one too.
		if err := f(row, cur[0]); err != nil {
			return err
		}
		cur, prev = prev, cur
	}
	// The end of the zlib data carries its checksum.
	if n, err := z.Read(cur[:1]); n != 0 || err != io.EOF {
		return errors.New("bad image data")
	}
	return nil
}

// unfilter restores a row; prev is the one above.
func unfilter(filter byte, cur, prev []byte, bpp int) error {
	switch filter {
	case 0:
	case 1:
		for i := bpp; i < len(cur); i++ {
			cur[i] += cur[i-bpp]
		}
	case 2:
		for i, p := range prev[:len(cur)] {
			cur[i] += p
		}
	case 3:
		for i := range cur {
			left := 0
			if i >= bpp {
				left = int(cur[i-bpp])
			}
			cur[i] += byte((left + int(prev[i])) / 2)
		}
	case 4:
		for i := range min(bpp, len(cur)) {
			cur[i] += prev[i]
		}
		for i := bpp; i < len(cur); i++ {
			cur[i] += paeth(cur[i-bpp], prev[i], prev[i-bpp])
		}
	default:
		return errors.New("bad filter type")
	}
	return nil
}

func paeth(a, b, c byte) byte {
	pa := int(b) - int(c)
	pb := int(a) - int(c)
	pc := abs(pa + pb)
	pa, pb = abs(pa), abs(pb)
	if pa <= pb && pa <= pc {
		return a
	}
	if pb <= pc {
		return b
	}
	return c
}

func abs(x int) int {
	if x < 0 {
		return -x
	}
	return x
}

// flatten converts a row to RGB or gray samples of 8 bits, on white.
func (p *pngReader) flatten(dst, src []byte) {
	switch {
	case p.kind == pngRGBA && p.depth == 8:
		for i, j := 0, 0; i+3 < len(src); i, j = i+4, j+3 {
			a := src[i+3]
			if a == 255 {
				dst[j], dst[j+1], dst[j+2] = src[i], src[i+1], src[i+2]
				continue
			}
			dst[j], dst[j+1], dst[j+2] = onWhite(src[i], a), onWhite(src[i+1], a), onWhite(src[i+2], a)
		}
	case p.depth == 8 && len(p.trns) == 0 && (p.kind == pngRGB || p.kind == pngGray):
		copy(dst, src)
	case p.kind == pngPalette:
		for x := range p.w {
			i := p.sample(src, x)
			c := [3]byte{} // an index beyond the palette is black
			a := byte(255)
			if 3*i+2 < len(p.plte) {
				c = [3]byte(p.plte[3*i:])
			}
			if i < len(p.trns) {
				a = p.trns[i]
			}
			for k := range c {
				dst[3*x+k] = onWhite(c[k], a)
			}
		}
	default:
		p.flattenSamples(dst, src)
	}
}

// flattenSamples handles every kind but palettes, of any depth.
func (p *pngReader) flattenSamples(dst, src []byte) {
	n := p.channels()
	colours := n
	if p.kind == pngGrayAlpha || p.kind == pngRGBA {
		colours--
	}
	top := 1<<p.depth - 1
	for x := range p.w {
		alpha := byte(255)
		if colours < n {
			alpha = to8(p.sample(src, x*n+colours), top)
		}
		if len(p.trns) > 0 {
			same := true
			for k := range colours {
				key := (int(p.trns[2*k])<<8 | int(p.trns[2*k+1])) & top
				same = same && p.sample(src, x*n+k) == key
			}
			if same {
				alpha = 0
			}
		}
		for k := range colours {
			dst[x*colours+k] = onWhite(to8(p.sample(src, x*n+k), top), alpha)
		}
	}
}

// sample returns sample i of a row.
func (p *pngReader) sample(row []byte, i int) int {
	switch p.depth {
	case 16:
		return int(row[2*i])<<8 | int(row[2*i+1])
	case 8:
		return int(row[i])
	}
	bit := i * p.depth
	return int(row[bit/8]) >> (8 - p.depth - bit%8) & (1<<p.depth - 1)
}

// to8 scales a sample of 0 to top to 8 bits.
func to8(v, top int) byte { return byte((v*255 + top/2) / top) }

// onWhite puts a colour of opacity a on white.
func onWhite(c, a byte) byte {
	return byte((int(c)*int(a) + 255*(255-int(a)) + 127) / 255)
}
