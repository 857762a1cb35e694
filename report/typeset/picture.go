package typeset

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"runtime"
	"sync"
)

// Reason says why a picture cannot be shown.
type Reason int

const (
	Unreadable  Reason = iota // its source gave an error
	Unsupported               // not a format that is known here, or a rare kind of it
	Damaged                   // cut off, corrupt, or not what its header says
	TooLarge                  // more pixels than are drawn, see Inspect
	Animated                  // moving WebP
)

var reasons = [...]string{"cannot be read", "format is not supported", "file is damaged", "too large to be drawn", "is animated"}

func (r Reason) String() string { return reasons[r] }

// PictureError tells why a picture is not shown.
type PictureError struct {
	Reason        Reason
	Format        string // "png", "jpeg", "gif", "bmp", "tiff", "webp", or "" if unknown
	Width, Height int    // pixels as the file claims them, 0 if unknown
	Err           error  // the cause; may be nil
}

func (e *PictureError) Error() string {
	s := "picture " + e.Reason.String()
	if e.Format != "" {
		s = e.Format + " " + s
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *PictureError) Unwrap() error { return e.Err }

// Info describes a picture that can be shown.
type Info struct {
	Format        string // "png", "jpeg", "gif", "bmp", "tiff" or "webp"
	Width, Height int    // pixels, upright
}

const (
	maxPixels  = 50e6
	maxSide    = 30_000
	maxDecoded = 128 << 20 // bytes of a picture that has to be decoded as a whole
	maxFile    = 48 << 20  // bytes of a file of a kind that is read as a whole
)

// Inspect reads a picture to its end and tells what it is. The error is a
// *PictureError. Pictures may have 50 million pixels and 30,000 pixels a side,
// and no more than 128 MiB when decoded if that has to be done as a whole, as
// for all formats but PNG without interlacing. Files of formats other than PNG
// and JPEG may have 48 MiB.
func Inspect(open func() (io.ReadCloser, error)) (Info, error) {
	in := inspect(open)
	if in.err != nil {
		return Info{}, in.err
	}
	return in.Info, nil
}

// inspected is a checked picture, ready to be drawn.
type inspected struct {
	Info
	err         *PictureError
	orientation int // of EXIF or TIFF, 1 to 8
	pixels      pixels
	image       encoding // of the document's copy
	marks       []image.Rectangle
	lossy       bool // the copy has lost something
	open        func() (io.ReadCloser, error)
}

// encoding is how a picture is written into a PDF.
type encoding struct {
	w, h   int    // pixels as stored
	dict   string // entries of the image dictionary but its sizes
	length int64  // of the stream; -1 if not known before it is written
	anew   bool   // made from the pixels, which takes time

	// copy writes the stream, reading the file of the picture from the start.
	copy func(w io.Writer, r io.Reader) error
}

// errChanged means that a picture's second reading was not like its first.
var errChanged = errors.New("the file changed while the document was written")

// inspect checks a picture. It never panics, whatever the file.
func inspect(open func() (io.ReadCloser, error)) (in inspected) {
	fail := func(reason Reason, err error) {
		in.err = &PictureError{Reason: reason, Format: in.Format, Width: in.Width, Height: in.Height, Err: err}
	}
	defer func() {
		if p := recover(); p != nil {
			fail(Damaged, fmt.Errorf("decoder failed: %v", p))
		}
	}()
	if open == nil {
		fail(Unreadable, errors.New("no source"))
		return in
	}
	f, err := open()
	if err != nil {
		fail(Unreadable, err)
		return in
	}
	defer f.Close()
	src := &source{r: f}
	r := bufio.NewReaderSize(src, 64<<10)
	head, _ := r.Peek(16)
	in.open, in.orientation = open, 1
	in.Format = sniff(head)
	switch in.Format {
	case "png":
		err = in.inspectPNG(r)
	case "jpeg":
		err = in.inspectJPEG(r)
	case "":
		err = errUnsupported
	default:
		err = in.inspectRaster(r)
	}
	var limit *limitError
	switch {
	case src.err != nil:
		fail(Unreadable, src.err) // whatever else it led to
	case errors.As(err, &limit):
		in.Width, in.Height = limit.w, limit.h
		fail(TooLarge, nil)
	case errors.Is(err, errUnsupported):
		fail(Unsupported, nil)
	case errors.Is(err, errAnimated):
		fail(Animated, nil)
	case err != nil:
		fail(Damaged, err)
	}
	return in
}

// source remembers an error of the reader itself, to tell it from bad data.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(b []byte) (int, error) {
	n, err := s.r.Read(b)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

var (
	errUnsupported = errors.New("not supported")
	errAnimated    = errors.New("animated")
)

// limitError refuses a picture for its size.
type limitError struct{ w, h int }

func (e *limitError) Error() string { return fmt.Sprintf("%d×%d pixels are too many", e.w, e.h) }

// checkSize applies the limits of Inspect; perPixel is 0 if the picture is not
// decoded as a whole.
func checkSize(w, h, perPixel int) error {
	if w <= 0 || h <= 0 {
		return errors.New("no pixels")
	}
	if w > maxSide || h > maxSide || w*h > maxPixels || w*h*perPixel > maxDecoded {
		return &limitError{w, h}
	}
	return nil
}

// sniff tells the format of a file by how it begins.
func sniff(head []byte) string {
	for _, m := range []struct{ magic, format string }{
		{"\x89PNG\r\n\x1a\n", "png"},
		{"\xff\xd8\xff", "jpeg"},
		{"GIF87a", "gif"},
		{"GIF89a", "gif"},
		{"BM", "bmp"},
		{"II*\x00", "tiff"},
		{"MM\x00*", "tiff"},
	} {
		if bytes.HasPrefix(head, []byte(m.magic)) {
			return m.format
		}
	}
	if len(head) >= 12 && string(head[:4]) == "RIFF" && string(head[8:12]) == "WEBP" {
		return "webp"
	}
	return ""
}

// workers is how many pictures are worked on at a time. More than four would
// only take memory.
func workers() int { return min(4, runtime.GOMAXPROCS(0)) }

// inspectAll inspects the pictures among the blocks, several at a time, and
// applies their marks and masks.
func inspectAll(ctx context.Context, blocks []Block) (map[int]inspected, error) {
	var todo []int
	for i, b := range blocks {
		if _, ok := b.(Picture); ok {
			todo = append(todo, i)
		}
	}
	results := make([]inspected, len(todo))
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(workers(), len(todo)) {
		wg.Go(func() {
			for k := range next {
				results[k] = inspect(blocks[todo[k]].(Picture).Open)
			}
		})
	}
	for k := range todo {
		if ctx.Err() != nil {
			break
		}
		next <- k
	}
	close(next)
	wg.Wait()
	out := map[int]inspected{}
	for k, i := range todo {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := results[k].prepare(i, blocks[i].(Picture)); err != nil {
			return nil, err
		}
		out[i] = results[k]
	}
	return out, ctx.Err()
}

// budget bounds the memory of pictures that are decoded as a whole at one time.
type budget struct {
	mu   sync.Mutex
	cond *sync.Cond
	free int64
}

// memory is shared by all documents of the program. One picture of the largest
// size fits, with its file.
var memory = newBudget(maxDecoded + maxFile)

// wholeFiles is held while a file is in memory: only one at a time may wait for
// more.
var wholeFiles sync.Mutex

// wholeFile reads a file that is decoded from memory. release gives the memory
// back and lets the next one in; it is never nil.
func wholeFile(r io.Reader) (file *bytes.Reader, release func(), err error) {
	const reading = 2 * maxFile // io.ReadAll copies once
	wholeFiles.Lock()
	memory.acquire(reading)
	data, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err == nil && len(data) > maxFile {
		data, err = nil, &limitError{}
	}
	n := int64(len(data))
	memory.release(reading - n)
	return bytes.NewReader(data), func() { memory.release(n); wholeFiles.Unlock() }, err
}

func newBudget(n int64) *budget {
	b := &budget{free: n}
	b.cond = sync.NewCond(&b.mu)
	return b
}

func (b *budget) acquire(n int64) {
	b.mu.Lock()
	for b.free < n {
		b.cond.Wait()
	}
	b.free -= n
	b.mu.Unlock()
}

func (b *budget) release(n int64) {
	b.mu.Lock()
	b.free += n
	b.mu.Unlock()
	b.cond.Broadcast()
}
