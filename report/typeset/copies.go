package typeset

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"sync"
	"sync/atomic"
)

// AreaError says that a mark or a mask covers nothing of its picture, or that
// the picture cannot be shown: a document without a mask that was asked for must
// not be handed over.
type AreaError struct {
	Block         int    // index in Document.Blocks
	ID            string // of the picture
	Mask          bool   // else a mark
	Area          image.Rectangle
	Width, Height int   // pixels of the picture, upright
	Err           error // a *PictureError: why the picture cannot be shown; else nil
}

func (e *AreaError) Error() string {
	kind := "mark"
	if e.Mask {
		kind = "mask"
	}
	s := fmt.Sprintf("typesetting: block %d: the %s %v covers nothing", e.Block+1, kind, e.Area)
	if e.Err != nil {
		return s + ": " + e.Err.Error()
	}
	return s + fmt.Sprintf(" of a picture of %d×%d pixels", e.Width, e.Height)
}

func (e *AreaError) Unwrap() error { return e.Err }

// prepare takes over the marks and masks of block i.
func (in *inspected) prepare(i int, b Picture) error {
	clip := func(areas []image.Rectangle, mask bool) (out []image.Rectangle, err error) {
		for _, a := range areas {
			c := a.Intersect(image.Rect(0, 0, in.Width, in.Height))
			if e := (&AreaError{Block: i, ID: b.ID, Mask: mask, Area: a, Width: in.Width, Height: in.Height}); in.err != nil {
				e.Err = in.err
				return nil, e
			} else if c.Empty() {
				return nil, e
			}
			out = append(out, c)
		}
		return out, nil
	}
	masks, err := clip(b.Masks, true)
	if err != nil {
		return err
	}
	marks, err := clip(b.Marks, false)
	if err != nil {
		return err
	}
	in.marks = marks
	if len(masks) > 0 {
		for k, m := range masks {
			masks[k] = asStored(m, in.Width, in.Height, in.orientation)
		}
		in.pixels = in.pixels.masked(masks)
		in.image = in.pixels.flate(fastLevel)
	}
	return nil
}

// asStored is where an area of a picture, w by h as it is seen upright, is in
// its file.
func asStored(a image.Rectangle, w, h, orientation int) image.Rectangle {
	x0, y0, x1, y1 := a.Min.X, a.Min.Y, a.Max.X, a.Max.Y
	switch orientation {
	case 2:
		return image.Rect(w-x0, y0, w-x1, y1)
	case 3:
		return image.Rect(w-x0, h-y0, w-x1, h-y1)
	case 4:
		return image.Rect(x0, h-y0, x1, h-y1)
	case 5:
		return image.Rect(y0, x0, y1, x1)
	case 6:
		return image.Rect(y0, w-x0, y1, w-x1)
	case 7:
		return image.Rect(h-y0, w-x0, h-y1, w-x1)
	case 8:
		return image.Rect(h-y0, x0, h-y1, x1)
	}
	return a
}

// what tells what the copy is.
func (in inspected) what() Copy {
	c := Copy{Info: in.Info, CopyWidth: in.image.w, CopyHeight: in.image.h, Lossy: in.lossy}
	if in.orientation > 4 {
		c.CopyWidth, c.CopyHeight = c.CopyHeight, c.CopyWidth
	}
	return c
}

// composed is a document with its pages drawn.
type composed struct {
	raw []byte // by gofpdf, without pictures
	spliced
}

func (d *Document) compose(pics map[int]inspected) (*composed, error) {
	l, err := newLayout(d)
	if err != nil {
		return nil, err
	}
	l.pictures = pics
	pages, err := l.paginate(d.Blocks)
	if err != nil {
		return nil, err
	}
	if len(pages) == 0 {
		return nil, errors.New("typesetting: the document has no pages")
	}
	raw, used, err := drawPages(d, l, pages)
	if err != nil {
		return nil, fmt.Errorf("drawing pages: %w", err)
	}
	return &composed{raw, spliced{lang: d.Lang, dayOnly: d.DayOnly, fonts: used, pictures: l.placed}}, nil
}

// size is how many bytes the PDF will take, and of these each picture. The
// lengths of the pictures must be known.
func (c *composed) size(ctx context.Context) (total int64, pictures []int64, err error) {
	out := newObjectWriter(io.Discard)
	out.measure = true
	err = spliceTo(ctx, out, c.raw, c.spliced)
	return out.n, out.pictures, err
}

// widths are the pixels across that pictures are shrunk to.
var widths = [...]int{1920, 1600, 1280, MinWidth}

// fit composes the document so that it keeps to MaxSize: with the pictures as
// they are if that does; else with the first of widths that does, for all of
// them alike.
func (d *Document) fit(ctx context.Context, pics map[int]inspected) (*composed, error) {
	if d.MaxSize <= 0 {
		return d.compose(pics)
	}
	if err := measure(ctx, pics); err != nil {
		return nil, err
	}
	plain, err := d.compose(pics)
	if err != nil {
		return nil, err
	}
	size, each, err := plain.size(ctx)
	if err != nil || size <= d.MaxSize {
		return plain, err
	}
	pages := size // without pictures
	for _, n := range each {
		pages -= n
	}
	// The smallest first: it is what is most often needed where anything is,
	// and tells whether there is an answer.
	smallest, err := shrinkAll(ctx, pics, MinWidth, -1)
	if err != nil {
		return nil, err
	}
	least, err := d.compose(smallest)
	if err != nil {
		return nil, err
	}
	if size, _, err = least.size(ctx); err != nil {
		return nil, err
	}
	if size > d.MaxSize {
		return nil, &SizeError{Max: d.MaxSize, Least: size}
	}
	widest := 0
	for _, in := range pics {
		widest = max(widest, in.Width)
	}
	for i, width := range widths[:len(widths)-1] {
		if i > 0 && widths[i-1] >= widest {
			continue // the same as the width before
		}
		some, err := shrinkAll(ctx, pics, width, max(0, d.MaxSize-pages))
		if err != nil {
			return nil, err
		}
		if some == nil {
			continue
		}
		c, err := d.compose(some)
		if err != nil {
			return nil, err
		}
		size, _, err := c.size(ctx)
		if err != nil {
			return nil, err
		}
		if size <= d.MaxSize {
			return c, nil
		}
	}
	return d.compose(smallest) // anew, so that this is what Shown hears last
}

// Sizes tells how large the document is. It reads every picture several times.
func (d *Document) Sizes(ctx context.Context) (s Sizes, err error) {
	defer recovered(&err)
	pics, err := inspectAll(ctx, d.Blocks)
	if err != nil {
		return Sizes{}, err
	}
	if err := measure(ctx, pics); err != nil {
		return Sizes{}, err
	}
	smallest, err := shrinkAll(ctx, pics, MinWidth, -1)
	if err != nil {
		return Sizes{}, err
	}
	plain, err := d.compose(pics)
	if err != nil {
		return Sizes{}, err
	}
	least, err := d.compose(smallest)
	if err != nil {
		return Sizes{}, err
	}
	var each, eachLeast []int64
	if s.Pages, each, err = plain.size(ctx); err != nil {
		return Sizes{}, err
	}
	leastPages, eachLeast, err := least.size(ctx)
	if err != nil {
		return Sizes{}, err
	}
	k := 0
	for i := range d.Blocks {
		in, ok := pics[i]
		switch {
		case !ok:
		case in.err != nil:
			s.Pictures, s.Least = append(s.Pictures, 0), append(s.Least, 0)
		default:
			s.Pictures, s.Least = append(s.Pictures, each[k]), append(s.Least, eachLeast[k])
			s.Pages -= each[k]
			leastPages -= eachLeast[k]
			k++
		}
	}
	// Captions may say more of a picture that was shrunk.
	s.Pages = max(s.Pages, leastPages)
	return s, nil
}

// forAll calls f for the pictures that can be shown, several at a time, and
// sets each to what f gives. It stops early when the context is done, f fails
// or stop says so.
func forAll(ctx context.Context, pics map[int]inspected, stop func() bool, f func(context.Context, inspected) (inspected, error)) error {
	var todo []int
	for i, in := range pics {
		if in.err == nil {
			todo = append(todo, i)
		}
	}
	var mu sync.Mutex
	var failed error
	failedAt := -1
	next := make(chan int)
	var wg sync.WaitGroup
	work := func(i int) {
		var out inspected
		err := ctx.Err()
		func() {
			defer recovered(&err)
			mu.Lock()
			in := pics[i]
			mu.Unlock()
			if err == nil {
				out, err = f(ctx, in)
			}
		}()
		mu.Lock()
		defer mu.Unlock()
		if err == nil {
			pics[i] = out
		} else if failedAt < 0 || i < failedAt {
			failed, failedAt = err, i
		}
	}
	for range min(workers(), len(todo)) {
		wg.Go(func() {
			for i := range next {
				work(i)
			}
		})
	}
	for _, i := range todo {
		mu.Lock()
		end := failed != nil
		mu.Unlock()
		if end || ctx.Err() != nil || stop() {
			break
		}
		next <- i
	}
	close(next)
	wg.Wait()
	if failed != nil && ctx.Err() == nil {
		return fmt.Errorf("reading the picture of block %d: %w", failedAt+1, failed)
	}
	return ctx.Err()
}

// measure finds out the lengths of the pictures.
func measure(ctx context.Context, pics map[int]inspected) error {
	return forAll(ctx, pics, func() bool { return false }, func(ctx context.Context, in inspected) (inspected, error) {
		if in.image.length >= 0 {
			return in, nil
		}
		var n counter
		err := in.copyTo(ctx, &n)
		in.image.length = int64(n)
		return in, err
	})
}

// counter counts what is written.
type counter int64

func (c *counter) Write(b []byte) (int, error) { *c += counter(len(b)); return len(b), nil }

// shrinkAll gives smaller copies of measured pictures, of at most width pixels
// across. With a limit of zero or more, it gives nil if they take more bytes
// together.
func shrinkAll(ctx context.Context, pics map[int]inspected, width int, limit int64) (map[int]inspected, error) {
	out := map[int]inspected{}
	for i, in := range pics {
		out[i] = in
	}
	var sum atomic.Int64
	over := func() bool { return limit >= 0 && sum.Load() > limit }
	err := forAll(ctx, out, over, func(ctx context.Context, in inspected) (inspected, error) {
		in, err := in.shrink(ctx, width)
		sum.Add(max(0, in.image.length))
		return in, err
	})
	if err != nil || over() {
		return nil, err
	}
	return out, nil
}

// shrink gives the smallest of three copies: the picture as it is, and with at
// most width pixels across either without loss or as a JPEG. A picture with
// MinWidth pixels or fewer stays as it is.
func (in inspected) shrink(ctx context.Context, width int) (inspected, error) {
	if in.Width <= MinWidth {
		return in, nil
	}
	p := in.pixels
	if width < in.Width {
		w, h := width, max(1, (in.Height*width+in.Width/2)/in.Width)
		if in.orientation > 4 {
			w, h = h, w
		}
		p = p.shrunk(w, h)
	}
	lossless, lossy := p.flate(shrunkLevel), p.jpeg()
	f, err := in.open()
	if err != nil {
		return in, err
	}
	defer f.Close()
	var n, m counter
	a, b := p.flateSink(shrunkLevel)(&n), p.jpegSink(&m)
	err = p.each(&contextReader{ctx, f}, func(row []byte, filter byte) error {
		return errors.Join(a.write(row, filter), b.write(row, filter))
	})
	if err = errors.Join(err, a.close(), b.close()); err != nil {
		return in, err
	}
	lossless.length, lossy.length = int64(n), int64(m)
	if lossless.length < in.image.length {
		in.image = lossless
	}
	if lossy.length < in.image.length {
		in.image, in.lossy = lossy, true
	}
	return in, nil
}

// recovered turns a panic into an error.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("typesetting: internal error: %v", p)
	}
}
