package locker

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"

	"evidence-locker/crypto"
)

// Content streams the original bytes of an exhibit. Every chunk is
// authenticated before it is given out; io.EOF comes only after size and
// digest of the whole have been compared, ErrDamaged instead of it if they
// differ.
func (v *Vault) Content(ctx context.Context, k *crypto.Key, e *Exhibit) (io.ReadCloser, error) {
	c := &contentReader{stored: chunkReader{ctx: ctx, v: v, object: e.ObjectID}, sum: sha256.New(), e: e}
	var err error
	if c.plain, err = crypto.Decrypt(&c.stored, k); err != nil {
		return nil, c.failure("opening", err)
	}
	return c, nil
}

type contentReader struct {
	stored chunkReader
	plain  io.Reader
	sum    hash.Hash
	n      int64
	e      *Exhibit
}

func (c *contentReader) Read(p []byte) (int, error) {
	n, err := c.plain.Read(p)
	c.sum.Write(p[:n])
	c.n += int64(n)
	switch {
	case err == nil:
		return n, nil
	case err != io.EOF:
		return n, c.failure("reading", err)
	case c.n != c.e.Size || [32]byte(c.sum.Sum(nil)) != c.e.SHA256:
		return n, fmt.Errorf("reading %q: %w: not the bytes that were recorded", c.e.Name, ErrDamaged)
	}
	return n, io.EOF
}

// failure tells bytes that are wrong from a vault that could not be read just
// now.
func (c *contentReader) failure(doing string, err error) error {
	if c.stored.err != nil {
		return fmt.Errorf("%s %q: %w", doing, c.e.Name, c.stored.err)
	}
	return fmt.Errorf("%s %q: %w: %v", doing, c.e.Name, ErrDamaged, err)
}

func (c *contentReader) Close() error { return nil }

// chunkReader reads an object's age file, a chunk at a time.
type chunkReader struct {
	ctx    context.Context
	v      *Vault
	object string
	n      int
	rest   []byte
	err    error // why the vault could not be read
}

func (c *chunkReader) Read(p []byte) (int, error) {
	for len(c.rest) == 0 {
		err := c.v.chunk(c.ctx, "chunk", c.object, c.n, &c.rest)
		if errors.Is(err, ErrDamaged) { // the index may be what is damaged
			err = c.v.chunk(c.ctx, "chunk NOT INDEXED", c.object, c.n, &c.rest)
		}
		if errors.Is(err, sql.ErrNoRows) {
			return 0, io.EOF // age knows whether this was the end
		}
		if err != nil {
			c.err = err
			return 0, err
		}
		c.n++
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// chunk reads one chunk; sql.ErrNoRows says that there is none of this number.
func (v *Vault) chunk(ctx context.Context, from, object string, n int, data *[]byte) error {
	err := queryRow(ctx, v.r, "SELECT data FROM "+from+" WHERE object = ? AND n = ?", object, n)(data)
	if errors.Is(err, sql.ErrNoRows) {
		return err
	}
	return sqlError("reading chunk", err)
}

// objectSum reads an object's stored bytes and returns how many they are, in
// how many chunks, and their digest. It stops where they are more than limit.
func (v *Vault) objectSum(ctx context.Context, object string, limit int64, progress func(int)) (size int64, chunks int, sum [32]byte, err error) {
	h := newDigest()
	for {
		var data []byte
		err := v.chunk(ctx, "chunk", object, chunks, &data)
		if errors.Is(err, sql.ErrNoRows) {
			return size, chunks, h.sum(), nil
		}
		if err != nil {
			return size, chunks, sum, err
		}
		h.write(data)
		size += int64(len(data))
		chunks++
		progress(len(data))
		if size > limit {
			return size, chunks, sum, nil
		}
	}
}

// A digest is a SHA-256 that is made beside what is done meanwhile, such as
// reading the next chunk.
type digest struct {
	hash hash.Hash
	busy sync.WaitGroup
}

func newDigest() *digest { return &digest{hash: sha256.New()} }

// write takes data, which must not be changed any more.
func (d *digest) write(data []byte) {
	d.busy.Wait()
	d.busy.Go(func() { d.hash.Write(data) })
}

func (d *digest) sum() (sum [32]byte) {
	d.busy.Wait()
	d.hash.Sum(sum[:0])
	return sum
}
