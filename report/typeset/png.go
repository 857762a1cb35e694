package typeset

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"image/png"
	"io"
	"sync"
)

const (
	pngGray      = 0
	pngRGB       = 2
	pngPalette   = 3
	pngGrayAlpha = 4
	pngRGBA      = 6
)

// pngReader reads a PNG file chunk by chunk. Read gives the data of the IDAT
// chunks, with their checksums verified.
type pngReader struct {
	r           io.Reader
	w, h        int
	depth, kind int
	interlaced  bool
	plte, trns  []byte

	typ  string // of the present chunk
	left uint32 // bytes of it not read yet
	crc  hash.Hash32
}

var errPNGChecksum = errors.New("wrong checksum")

func misplaced(typ string) error { return errors.New("misplaced " + typ + " chunk") }

// openPNG reads a PNG up to its first IDAT chunk and checks its header.
func openPNG(r io.Reader) (*pngReader, error) {
	p := &pngReader{r: r, crc: crc32.NewIEEE()}
	var sig [8]byte
	if _, err := io.ReadFull(r, sig[:]); err != nil {
		return nil, cutOff(err)
	}
	for p.typ != "IDAT" {
		if err := p.nextChunk(); err != nil {
			return nil, err
		}
		if (p.typ == "IHDR") != (p.w == 0) {
			return nil, errors.New("header is not the first chunk")
		}
		var err error
		switch p.typ {
		case "IHDR":
			err = p.header()
		case "PLTE":
			if p.plte != nil || p.trns != nil {
				return nil, misplaced(p.typ)
			}
			p.plte, err = p.small(3 * 256)
		case "tRNS":
			if p.trns != nil || p.kind == pngPalette && p.plte == nil {
				return nil, misplaced(p.typ)
			}
			p.trns, err = p.small(256)
		case "IDAT":
		case "IEND":
			err = errors.New("no image data")
		default:
			err = p.skip()
		}
		if err != nil {
			return nil, err
		}
	}
	return p, p.checkTransparency()
}

func (p *pngReader) header() error {
	b, err := p.small(13)
	if err != nil {
		return err
	}
	if len(b) != 13 {
		return errors.New("bad header")
	}
	w, h := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	if w == 0 || h == 0 || w > 1<<31-1 || h > 1<<31-1 {
		return errors.New("no pixels")
	}
	p.w, p.h, p.depth, p.kind = int(w), int(h), int(b[8]), int(b[9])
	p.interlaced = b[12] == 1
	ok := false
	switch p.kind {
	case pngGray:
		ok = p.depth == 1 || p.depth == 2 || p.depth == 4 || p.depth == 8 || p.depth == 16
	case pngPalette:
		ok = p.depth == 1 || p.depth == 2 || p.depth == 4 || p.depth == 8
	case pngRGB, pngGrayAlpha, pngRGBA:
		ok = p.depth == 8 || p.depth == 16
	}
	if !ok || b[10] != 0 || b[11] != 0 || b[12] > 1 {
		return errors.New("bad header")
	}
	return nil
}

// checkTransparency checks the palette and the transparent colours.
func (p *pngReader) checkTransparency() error {
	if p.kind == pngPalette && (len(p.plte) == 0 || len(p.plte)%3 != 0 || len(p.plte)/3 > 1<<p.depth) {
		return errors.New("bad palette")
	}
	if p.kind == pngGrayAlpha || p.kind == pngRGBA {
		p.trns = nil // has no meaning there
	}
	if n := len(p.trns); n > 0 {
		if p.kind == pngGray && n != 2 || p.kind == pngRGB && n != 6 || p.kind == pngPalette && n > len(p.plte)/3 {
			return errors.New("bad transparency")
		}
	}
	return nil
}

// nextChunk reads the head of a chunk.
func (p *pngReader) nextChunk() error {
	var b [8]byte
	if _, err := io.ReadFull(p.r, b[:]); err != nil {
		return cutOff(err)
	}
	p.left = binary.BigEndian.Uint32(b[:])
	if p.left > 1<<31-1 {
		return errors.New("bad chunk length")
	}
	p.typ = string(b[4:])
	p.crc.Reset()
	p.crc.Write(b[4:])
	return nil
}

// endChunk compares the checksum of a chunk that has been read.
func (p *pngReader) endChunk() error {
	var b [4]byte
	if _, err := io.ReadFull(p.r, b[:]); err != nil {
		return cutOff(err)
	}
	if binary.BigEndian.Uint32(b[:]) != p.crc.Sum32() {
		return errPNGChecksum
	}
	return nil
}

// small reads the data of a chunk of at most limit bytes.
func (p *pngReader) small(limit int) ([]byte, error) {
	if int64(p.left) > int64(limit) {
		return nil, errors.New("bad " + p.typ + " chunk")
	}
	b := make([]byte, p.left)
	if _, err := io.ReadFull(p.r, b); err != nil {
		return nil, cutOff(err)
	}
	p.crc.Write(b)
	p.left = 0
	return b, p.endChunk()
}

// skip passes over a chunk. Its checksum does not matter for the picture.
func (p *pngReader) skip() error {
	_, err := io.CopyN(io.Discard, p.r, int64(p.left)+4)
	return cutOff(err)
}

// Read reads image data. It returns io.EOF after the last IDAT chunk; the head
// of the following one has been read then.
func (p *pngReader) Read(b []byte) (int, error) {
	for p.typ == "IDAT" && p.left == 0 {
		if err := p.endChunk(); err != nil {
			return 0, err
		}
		if err := p.nextChunk(); err != nil {
			return 0, err
		}
	}
	if p.typ != "IDAT" {
		return 0, io.EOF
	}
	n, err := p.r.Read(b[:min(len(b), int(p.left))])
	p.crc.Write(b[:n])
	p.left -= uint32(n)
	return n, cutOff(err)
}

// finish reads the rest of the file to its IEND chunk; what follows that is of
// no concern.
func (p *pngReader) finish() error {
	if _, err := io.Copy(io.Discard, p); err != nil {
		return err
	}
	for p.typ != "IEND" {
		if p.typ == "IDAT" || p.typ == "IHDR" || p.typ == "PLTE" || p.typ == "tRNS" {
			return misplaced(p.typ)
		}
		if err := p.skip(); err != nil {
			return err
		}
		if err := p.nextChunk(); err != nil {
			return err
		}
	}
	if p.left != 0 {
		return errors.New("bad IEND chunk")
	}
	return p.endChunk()
}

// cutOff says that a file is too short in words that need no Go.
func cutOff(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the file is cut off")
	}
	return err
}

// channels is the number of samples of a pixel.
func (p *pngReader) channels() int {
	switch p.kind {
	case pngRGB:
		return 3
	case pngGrayAlpha:
		return 2
	case pngRGBA:
		return 4
	}
	return 1
}

// rowBytes is the length of a row without its filter type.
func (p *pngReader) rowBytes() int { return (p.w*p.channels()*p.depth + 7) / 8 }

func (in *inspected) inspectPNG(r io.Reader) error {
	p, err := openPNG(r)
	if err != nil {
		return err
	}
	in.Width, in.Height = p.w, p.h
	perPixel := 0
	if p.interlaced {
		perPixel = max(4, p.depth/8*4)
	}
	if err := checkSize(p.w, p.h, perPixel); err != nil {
		return err
	}
	if p.interlaced {
		return in.inspectWhole(io.MultiReader(p.replay(), p.r), nil, png.Decode, p.w, p.h, perPixel)
	}
	idat := &checked{r: p}
	clean, err := inflates(idat, p.h, p.rowBytes())
	if err != nil {
		return err
	}
	if err := p.finish(); err != nil {
		return err
	}
	p.r = nil // the encoding keeps p, but not the buffers of the file
	in.pixels = p.pixels(idat.n, idat.crc)
	in.image = in.pixels.flate(fastLevel)
	if clean && p.depth <= 8 && p.kind <= pngPalette && len(p.trns) == 0 {
		in.image = p.passThrough(idat.n, idat.crc)
	}
	return nil
}

// passThrough is the encoding of a PNG whose data a PDF can hold as it is.
func (p *pngReader) passThrough(length int64, crc uint32) encoding {
	space := "/DeviceGray"
	switch p.kind {
	case pngRGB:
		space = "/DeviceRGB"
	case pngPalette:
		// Readers disagree about an index beyond the palette; here it is black.
		full := make([]byte, 3<<p.depth)
		copy(full, p.plte)
		space = fmt.Sprintf("[/Indexed /DeviceRGB %d <%x>]", len(full)/3-1, full)
	}
	return encoding{
		w: p.w, h: p.h, length: length,
		dict: fmt.Sprintf("/ColorSpace %s /BitsPerComponent %d /Filter /FlateDecode "+
			"/DecodeParms <</Predictor 15 /Colors %d /BitsPerComponent %d /Columns %d>>",
			space, p.depth, p.channels(), p.depth, p.w),
		copy: func(w io.Writer, r io.Reader) error {
			q, err := openPNG(r)
			if err != nil {
				return err
			}
			c := &checked{r: q}
			if _, err := io.Copy(w, io.LimitReader(c, length)); err != nil {
				return err
			}
			if c.n != length || c.crc != crc {
				return errChanged
			}
			return nil
		},
	}
}

// checked counts what is read through it, and sums it up.
type checked struct {
	r   io.Reader
	n   int64
	crc uint32
}

func (c *checked) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	c.crc = crc32.Update(c.crc, crc32.IEEETable, b[:n])
	return n, err
}

var zlibReaders sync.Pool

// newInflater returns a reader of zlib data, and a function to give it back.
func newInflater(r io.Reader) (io.Reader, func(), error) {
	if z, ok := zlibReaders.Get().(io.ReadCloser); ok {
		if err := z.(zlib.Resetter).Reset(r, nil); err != nil {
			return nil, nil, err
		}
		return z, func() { zlibReaders.Put(z) }, nil
	}
	z, err := zlib.NewReader(r)
	if err != nil {
		return nil, nil, err
	}
	return z, func() { zlibReaders.Put(z) }, nil
}

// inflates checks that r holds zlib data of h rows with valid filter types,
// neither more nor less. clean tells that nothing follows the zlib data.
func inflates(r io.Reader, h, rowBytes int) (clean bool, err error) {
	br := &byteReader{r: r}
	z, done, err := newInflater(br)
	if err != nil {
		return false, cutOff(err)
	}
	defer done()
	buf := make([]byte, 32<<10)
	next := 0 // offset of the next filter type in buf
	total := int64(h) * int64(rowBytes+1)
	for {
		n, err := z.Read(buf)
		total -= int64(n)
		for next < n {
			if buf[next] > 4 {
				return false, errors.New("bad filter type")
			}
			next += rowBytes + 1
		}
		next -= n
		if total < 0 {
			return false, errors.New("more pixels than the header says")
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return false, cutOff(err)
		}
	}
	if total > 0 {
		return false, errors.New("fewer pixels than the header says")
	}
	n, err := io.Copy(io.Discard, br)
	return n == 0, err
}

// byteReader is a small buffer of its own, so that what is left behind the zlib
// data is known.
type byteReader struct {
	r    io.Reader
	buf  [4096]byte
	i, n int
}

func (b *byteReader) fill() error {
	for b.i == b.n {
		n, err := b.r.Read(b.buf[:])
		b.i, b.n = 0, n
		if n == 0 && err != nil {
			return err
		}
	}
	return nil
}

func (b *byteReader) ReadByte() (byte, error) {
	if b.i == b.n {
		if err := b.fill(); err != nil {
			return 0, err
		}
	}
	c := b.buf[b.i]
	b.i++
	return c, nil
}

func (b *byteReader) Read(p []byte) (int, error) {
	if err := b.fill(); err != nil {
		return 0, err
	}
	n := copy(p, b.buf[b.i:b.n])
	b.i += n
	return n, nil
}

// replay is the part of the file that openPNG has read, as far as a decoder
// needs it.
func (p *pngReader) replay() io.Reader {
	var b bytes.Buffer
	b.WriteString("\x89PNG\r\n\x1a\n")
	chunk := func(typ string, data []byte) {
		binary.Write(&b, binary.BigEndian, uint32(len(data)))
		body := append([]byte(typ), data...)
		b.Write(body)
		binary.Write(&b, binary.BigEndian, crc32.ChecksumIEEE(body))
	}
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(p.w)), uint32(p.h))
	interlace := byte(0)
	if p.interlaced {
		interlace = 1
	}
	chunk("IHDR", append(head, byte(p.depth), byte(p.kind), 0, 0, interlace))
	if len(p.plte) > 0 {
		chunk("PLTE", p.plte)
	}
	if len(p.trns) > 0 {
		chunk("tRNS", p.trns)
	}
	binary.Write(&b, binary.BigEndian, p.left)
	b.WriteString("IDAT")
	return &b
}
