package typeset

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"
)

// maxBuffered is how many pixels a picture may have to be recompressed in
// memory, beside others. Larger ones are streamed, one at a time.
const maxBuffered = 4 << 20

// writePictures writes the picture objects: number first+2i is the stream of
// picture i, and the next one its length.
func writePictures(ctx context.Context, out *objectWriter, pics []inspected, first int) error {
	ctx, cancel := context.WithCancel(ctx)
	todo := pics
	if out.measure {
		todo = nil
	}
	ahead := recompress(ctx, todo)
	defer func() {
		cancel()
		for job := range ahead { // no worker outlives the call
			<-job
		}
	}()
	for i, p := range pics {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := first + 2*i
		before := out.n
		out.begin(n)
		fmt.Fprintf(out, "%d 0 obj\n<</Type /XObject /Subtype /Image /Width %d /Height %d %s /Length %d 0 R>>\nstream\n",
			n, p.image.w, p.image.h, p.image.dict, n+1)
		start := out.n
		if out.measure {
			out.n += p.image.length
		} else if p.buffered() {
			job, ok := <-ahead
			if !ok {
				return ctx.Err()
			}
			res := <-job
			if res.err != nil {
				return fmt.Errorf("writing picture %d: %w", i+1, res.err)
			}
			out.Write(res.data.Bytes())
			res.data.Reset()
			buffers.Put(res.data)
		} else if err := p.copyTo(ctx, out); err != nil {
			return fmt.Errorf("writing picture %d: %w", i+1, err)
		}
		length := out.n - start
		if out.err == nil && p.image.length >= 0 && length != p.image.length {
			return fmt.Errorf("writing picture %d: %w", i+1, errChanged)
		}
		io.WriteString(out, "\nendstream\nendobj\n")
		out.begin(n + 1)
		fmt.Fprintf(out, "%d 0 obj\n%d\nendobj\n", n+1, length)
		if out.err != nil {
			return fmt.Errorf("writing the PDF: %w", out.err)
		}
		out.pictures = append(out.pictures, out.n-before)
	}
	return nil
}

func (p inspected) buffered() bool {
	return p.image.anew && p.image.w*p.image.h <= maxBuffered
}

// copyTo reads the picture again and writes its stream.
func (p inspected) copyTo(ctx context.Context, w io.Writer) error {
	f, err := p.open()
	if err != nil {
		return err
	}
	defer f.Close()
	return p.image.copy(w, &contextReader{ctx, f})
}

// contextReader ends with the context.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *contextReader) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(b)
}

type compressed struct {
	data *bytes.Buffer // from buffers
	err  error
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// recompress works ahead on the pictures that are to be buffered. The channel
// gives, in order, a channel for each of them. It is closed after the last, or
// when ctx is done.
func recompress(ctx context.Context, pics []inspected) <-chan chan *compressed {
	// A place in the queue is taken before the work begins, so no more than
	// the workers' number of results wait.
	queue := make(chan chan *compressed, max(0, workers()-1))
	go func() {
		defer close(queue)
		for _, p := range pics {
			if !p.buffered() {
				continue
			}
			job := make(chan *compressed, 1)
			select {
			case queue <- job:
			case <-ctx.Done():
				return
			}
			go func() {
				res := &compressed{data: buffers.Get().(*bytes.Buffer)}
				defer func() {
					if p := recover(); p != nil {
						res.err = fmt.Errorf("internal error: %v", p)
					}
					job <- res
				}()
				res.err = p.copyTo(ctx, res.data)
			}()
		}
	}()
	return queue
}
