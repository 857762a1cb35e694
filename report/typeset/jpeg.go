package typeset

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/jpeg"
	"io"
)

// jpegHead is what the segments before the picture data say.
type jpegHead struct {
	w, h, components int
	progressive      bool
	rgb              bool // samples are red, green and blue
	halved           bool // colours have half the resolution or less
	orientation      int
}

// maxScans is how many times a JPEG may refine its picture. Encoders make some
// ten; a file of a megabyte could have twenty thousand, each of which costs
// every reader as much as the whole picture.
const maxScans = 100

// stripJPEG copies a JPEG from its start to its end marker without comments and
// without application data but Adobe's, which tells the colours. check is
// called with the head before the picture data is copied.
func stripJPEG(w io.Writer, r *bufio.Reader, check func(jpegHead) error) error {
	var h jpegHead
	h.orientation = 1
	var ids [4]byte
	adobe := -1
	var two [2]byte
	if _, err := io.ReadFull(r, two[:]); err != nil || two != [2]byte{0xff, 0xd8} {
		return errors.New("no JPEG")
	}
	if _, err := w.Write(two[:]); err != nil {
		return err
	}
	scans := 0
	for {
		m, err := nextMarker(r)
		if err != nil {
			return err
		}
		if m == 0xd9 {
			if scans == 0 {
				return errors.New("no image data")
			}
			_, err := w.Write([]byte{0xff, 0xd9})
			return err
		}
		if m == 0 || m == 1 || m >= 0xd0 && m <= 0xd8 {
			return errors.New("misplaced marker")
		}
		seg, err := segmentData(r)
		if err != nil {
			return err
		}
		keep := true
		switch {
		case m == 0xc0, m == 0xc1, m == 0xc2:
			if h.components != 0 || len(seg) < 6 || len(seg) != 6+3*int(seg[5]) {
				return errors.New("bad frame header")
			}
			if seg[0] != 8 {
				return errUnsupported
			}
			h.progressive = m == 0xc2
			h.h, h.w = int(binary.BigEndian.Uint16(seg[1:])), int(binary.BigEndian.Uint16(seg[3:]))
			h.components = int(seg[5])
			if h.components != 1 && h.components != 3 && h.components != 4 {
				return errUnsupported
			}
			for i := range h.components {
				ids[i] = seg[6+3*i]
				// The first component is the one with the full resolution.
				h.halved = h.halved || i > 0 && seg[7+3*i] != seg[7]
			}
		case m >= 0xc3 && m <= 0xcf && m != 0xc4 && m != 0xc8 && m != 0xcc:
			return errUnsupported // lossless, hierarchical or arithmetic
		case m == 0xe1:
			if o := exifOrientation(seg); o != 0 {
				h.orientation = o
			}
			keep = false
		case m == 0xee && len(seg) >= 12 && string(seg[:5]) == "Adobe":
			adobe = int(seg[11])
		case m >= 0xe0 && m <= 0xef, m == 0xfe:
			keep = false
		case m == 0xda && scans == 0:
			if h.components == 0 {
				return errors.New("no frame header")
			}
			h.rgb = h.components == 3 && (adobe == 0 || adobe < 0 && string(ids[:3]) == "RGB")
			if err := check(h); err != nil {
				return err
			}
		}
		if keep {
			head := []byte{0xff, m, byte((len(seg) + 2) >> 8), byte(len(seg) + 2)}
			if _, err := w.Write(append(head, seg...)); err != nil {
				return err
			}
		}
		if m == 0xda {
			if scans++; scans > maxScans {
				return errUnsupported
			}
			if err := copyScan(w, r); err != nil {
				return err
			}
		}
	}
}

// nextMarker reads the code of the next marker, which may be filled up with
// 0xff bytes.
func nextMarker(r *bufio.Reader) (byte, error) {
	c, err := r.ReadByte()
	if err != nil {
		return 0, cutOff(err)
	}
	if c != 0xff {
		return 0, errors.New("marker expected")
	}
	for c == 0xff {
		if c, err = r.ReadByte(); err != nil {
			return 0, cutOff(err)
		}
	}
	return c, nil
}

// segmentData reads the data of a segment, without its length.
func segmentData(r *bufio.Reader) ([]byte, error) {
	var two [2]byte
	if _, err := io.ReadFull(r, two[:]); err != nil {
		return nil, cutOff(err)
	}
	n := int(binary.BigEndian.Uint16(two[:])) - 2
	if n < 0 {
		return nil, errors.New("bad segment length")
	}
	seg := make([]byte, n)
	_, err := io.ReadFull(r, seg)
	return seg, cutOff(err)
}

// copyScan copies picture data up to the next marker that is not a part of it.
func copyScan(w io.Writer, r *bufio.Reader) error {
	for {
		b, err := r.Peek(2)
		if len(b) < 2 {
			return cutOff(err)
		}
		b, _ = r.Peek(r.Buffered())
		i := bytes.IndexByte(b, 0xff)
		if i < 0 {
			i = len(b)
		}
		if i == 0 {
			// 0xff00 is a byte of data, 0xffd0 to 0xffd7 divide it.
			if c := b[1]; c != 0 && (c < 0xd0 || c > 0xd7) {
				return nil
			}
			i = 2
		}
		if _, err := w.Write(b[:i]); err != nil {
			return err
		}
		r.Discard(i)
	}
}

// exifOrientation returns the orientation, 1 to 8, or 0 if seg does not hold one.
func exifOrientation(seg []byte) int {
	t, ok := bytes.CutPrefix(seg, []byte("Exif\x00\x00"))
	if !ok {
		return 0
	}
	return tiffOrientation(bytes.NewReader(t))
}

// tiffOrientation returns the orientation, 1 to 8, that the first directory of
// a TIFF tells, or 0.
func tiffOrientation(r io.ReaderAt) int {
	var head [8]byte
	if _, err := r.ReadAt(head[:], 0); err != nil {
		return 0
	}
	var order binary.ByteOrder
	switch string(head[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 0
	}
	off := int64(order.Uint32(head[4:]))
	var count [2]byte
	if _, err := r.ReadAt(count[:], off); err != nil {
		return 0
	}
	for i := range int64(order.Uint16(count[:])) {
		var e [12]byte
		if _, err := r.ReadAt(e[:], off+2+12*i); err != nil {
			return 0
		}
		if order.Uint16(e[:]) == 0x0112 && order.Uint16(e[2:]) == 3 {
			if o := int(order.Uint16(e[8:])); o >= 1 && o <= 8 {
				return o
			}
			return 0
		}
	}
	return 0
}

// inspectJPEG decodes the stripped JPEG as a proof: what is decoded is exactly
// what the PDF will hold.
func (in *inspected) inspectJPEG(r *bufio.Reader) error {
	pr, pw := io.Pipe()
	proof := &checked{r: pr}
	var img image.Image
	done := make(chan error, 1)
	go func() {
		var err error
		img, err = decodeProof(proof)
		pr.CloseWithError(io.ErrClosedPipe)
		done <- err
	}()

	var h jpegHead
	var weight int64
	head := &bytes.Buffer{} // what comes before the limits are checked
	var dst io.Writer = head
	err := stripJPEG(writerFunc(func(b []byte) (int, error) {
		if head.Len() > 1<<20 {
			return 0, errors.New("bad header")
		}
		return dst.Write(b)
	}), r, func(got jpegHead) error {
		h = got
		in.Width, in.Height = h.upright()
		if err := checkSize(h.w, h.h, h.perPixel()); err != nil {
			return err
		}
		weight = int64(h.w) * int64(h.h) * int64(h.perPixel())
		memory.acquire(weight)
		dst = pw
		_, err := pw.Write(head.Bytes())
		return err
	})
	pw.CloseWithError(err) // nil ends the data
	derr := <-done
	memory.release(weight)
	switch {
	case err != nil && !errors.Is(err, io.ErrClosedPipe):
		return err
	case derr != nil:
		if _, ok := derr.(jpeg.UnsupportedError); ok {
			return errUnsupported
		}
		return cutOff(derr)
	case err != nil:
		return err
	}
	in.orientation = h.orientation
	in.pixels = wholePixels(img.Bounds(), nil, decodeAgain(proof.n, proof.crc), weight, nil)
	in.image = in.pixels.flate(fastLevel)
	if h.components != 4 { // viewers disagree about CMYK, so it is converted
		in.image = h.passThrough(proof.n, proof.crc)
	}
	return nil
}

// decodeAgain decodes a JPEG as it is when stripped, which is length bytes with
// a checksum of crc.
func decodeAgain(length int64, crc uint32) decoder {
	return func(r io.Reader) (image.Image, error) {
		pr, pw := io.Pipe()
		done := make(chan error, 1)
		go func() {
			err := stripJPEG(pw, bufio.NewReaderSize(r, 64<<10), func(jpegHead) error { return nil })
			pw.CloseWithError(err)
			done <- err
		}()
		proof := &checked{r: pr}
		img, err := decodeProof(proof)
		pr.CloseWithError(io.ErrClosedPipe)
		// What is wrong with the file says more than what the decoder made of it.
		if serr := <-done; serr != nil && !errors.Is(serr, io.ErrClosedPipe) {
			return nil, serr
		}
		if err == nil && (proof.n != length || proof.crc != crc) {
			err = errChanged
		}
		return img, err
	}
}

// decodeProof decodes a JPEG and reads on to the end of r.
func decodeProof(r io.Reader) (img image.Image, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("decoder failed: %v", p)
		}
	}()
	br := bufio.NewReader(r)
	if img, err = jpeg.Decode(br); err != nil {
		return nil, err
	}
	_, err = io.Copy(io.Discard, br)
	return img, err
}

// upright is the size of the picture as it is seen.
func (h jpegHead) upright() (width, height int) {
	if h.orientation > 4 {
		return h.h, h.w
	}
	return h.w, h.h
}

// perPixel is the memory for decoding a pixel, in bytes.
func (h jpegHead) perPixel() int {
	switch {
	case h.progressive:
		return 5 * h.components // its coefficients are kept until the end
	case h.components == 4:
		return 8
	case h.components == 3 && h.halved:
		return 2
	}
	return h.components
}

// passThrough is the encoding of a stripped JPEG of length bytes.
func (h jpegHead) passThrough(length int64, crc uint32) encoding {
	space, parms := "/DeviceRGB", ""
	if h.components == 1 {
		space = "/DeviceGray"
	}
	if h.rgb {
		parms = " /DecodeParms <</ColorTransform 0>>"
	}
	return encoding{
		w: h.w, h: h.h, length: length,
		dict: fmt.Sprintf("/ColorSpace %s /BitsPerComponent 8 /Filter /DCTDecode%s", space, parms),
		copy: func(w io.Writer, r io.Reader) error {
			var n int64
			sum := crc32.NewIEEE()
			again := writerFunc(func(b []byte) (int, error) {
				n += int64(len(b))
				sum.Write(b)
				if n > length {
					return 0, errChanged
				}
				return w.Write(b)
			})
			if err := stripJPEG(again, bufio.NewReaderSize(r, 64<<10), func(jpegHead) error { return nil }); err != nil {
				return err
			}
			if n != length || sum.Sum32() != crc {
				return errChanged
			}
			return nil
		},
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }
