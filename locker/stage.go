package locker

import (
	"bytes"
	"context"
	"crypto/sha256"
	"hash"
	"io"
	"strings"

	"evidence-locker/crypto"
)

const (
	stageChunks = 4   // chunks in one transaction
	sweepChunks = 128 // chunks that one command sweeps at the most
)

// stage encrypts a file into chunks whose object row is still missing. It
// reads, hashes and encrypts while the previous chunks are written, and holds
// no more than two transactions' worth in memory. The returned release gives
// back the lock that keeps the chunks from being swept; it is called after the
// object row is committed.
func (v *Vault) stage(ctx context.Context, o *opened, r crypto.Recipient, progress func(done, total int64)) (*sealedObject, func(), error) {
	if err := v.gate.open(); err != nil {
		return nil, nil, err
	}
	release, err := v.gate.lockStage(ctx)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &stager{
		ctx: ctx, o: o, full: make(chan [][]byte), free: make(chan []byte, 2*stageChunks),
		plain: sha256.New(), sealed: sha256.New(),
	}
	go s.run(r)

	object := &sealedObject{id: randomHex(16)}
	for batch := range s.full {
		if err := v.writeStaged(ctx, object, batch); err != nil {
			cancel()
			for range s.full { // let the other side end
			}
			release()
			return nil, nil, err
		}
		for _, chunk := range batch {
			s.free <- chunk[:0]
		}
		if progress != nil {
			progress(object.size, o.limit) // sealed bytes, a few more than plain ones
		}
	}
	if err := context.Cause(ctx); err != nil {
		release()
		return nil, nil, err
	}
	if s.err != nil {
		release()
		return nil, nil, s.err
	}
	o.end(s.readErr, s.plainSize)
	object.plainSize = s.plainSize
	s.plain.Sum(object.plainSum[:0])
	s.sealed.Sum(object.sum[:0])
	return object, release, nil
}

// writeStaged inserts a batch of chunks. The first one leaves a note, so that
// what an interrupt leaves behind is found without looking at every chunk.
func (v *Vault) writeStaged(ctx context.Context, object *sealedObject, batch [][]byte) error {
	return v.transact(ctx, func(ctx context.Context, q querier) error {
		if object.chunks == 0 {
			hour := hourOf(v.o.Now().At)
			if err := setLocal(ctx, q, stageName(object.id), hour); err != nil {
				return err
			}
		}
		for i, chunk := range batch {
			if err := insertChunk(ctx, q, object.id, object.chunks+i, chunk); err != nil {
				return err
			}
		}
		for _, chunk := range batch {
			object.size += int64(len(chunk))
		}
		object.chunks += len(batch)
		return nil
	})
}

// transact runs f in a writing transaction of its own, under the gate.
func (v *Vault) transact(ctx context.Context, f func(ctx context.Context, q querier) error) error {
	unlock, err := v.gate.lock(ctx, v.o.Waiting)
	if err != nil {
		return err
	}
	defer unlock()
	return v.inTransaction(ctx, func(q querier) error { return f(context.WithoutCancel(ctx), q) })
}

// inTransaction runs f in a writing transaction of its own. The caller holds
// the gate.
func (v *Vault) inTransaction(ctx context.Context, f func(q querier) error) error {
	conn, err := v.begin(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	err = f(conn)
	if err == nil {
		err = v.waitFor(ctx, conn, "COMMIT")
	}
	if err != nil {
		conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		return sqlError("writing", err)
	}
	return nil
}

// stager turns a file into batches of sealed chunks.
type stager struct {
	ctx  context.Context
	o    *opened
	full chan [][]byte
	free chan []byte // written chunks, to be filled again: memory must not grow with the file

	plain, sealed hash.Hash
	plainSize     int64
	readErr       error // the file ended in it; what came before counts
	err           error // nothing counts

	batch [][]byte
	chunk []byte
}

func (s *stager) run(r crypto.Recipient) {
	defer close(s.full)
	w, err := crypto.Encrypt(s, r)
	if err != nil {
		s.err = err
		return
	}
	if s.err = s.copy(w); s.err != nil {
		return
	}
	if s.err = w.Close(); s.err != nil {
		return
	}
	if len(s.chunk) > 0 {
		s.batch = append(s.batch, s.chunk)
	}
	s.err = s.send()
}

// copy hands the plaintext to the encrypter.
func (s *stager) copy(w io.Writer) error {
	buf := make([]byte, 256<<10)
	src := io.MultiReader(bytes.NewReader(s.o.head), s.o.body)
	for {
		n, err := src.Read(buf)
		s.plain.Write(buf[:n])
		s.plainSize += int64(n)
		if _, werr := w.Write(buf[:n]); werr != nil {
			return werr
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			s.readErr = err
			return nil
		}
	}
}

// Write takes the age file's bytes and cuts them into chunks.
func (s *stager) Write(p []byte) (int, error) {
	s.sealed.Write(p)
	for rest := p; len(rest) > 0; {
		if s.chunk == nil {
			select {
			case s.chunk = <-s.free:
			default:
				s.chunk = make([]byte, 0, chunkSize)
			}
		}
		n := min(len(rest), chunkSize-len(s.chunk))
		s.chunk = append(s.chunk, rest[:n]...)
		rest = rest[n:]
		if len(s.chunk) == chunkSize {
			s.batch, s.chunk = append(s.batch, s.chunk), nil
			if len(s.batch) == stageChunks {
				if err := s.send(); err != nil {
					return 0, err
				}
			}
		}
	}
	return len(p), nil
}

func (s *stager) send() error {
	batch := s.batch
	s.batch = nil
	if len(batch) == 0 {
		return nil
	}
	select {
	case s.full <- batch:
		return nil
	case <-s.ctx.Done():
		return s.ctx.Err()
	}
}

// sweep removes staged chunks that an interrupted process left, a few at a
// time and only while nobody stages. What remains waits for the next command.
func (v *Vault) sweep(ctx context.Context) error {
	names, err := queryTexts(ctx, v.r, "SELECT name FROM local WHERE name >= ? AND name < ? ORDER BY name", localStage, localStage+"g")
	if err != nil || len(names) == 0 {
		return nil // what was to be recorded is; the next command tries again
	}
	unlock, ok := v.gate.lockSweep()
	if !ok {
		return nil
	}
	defer unlock()
	left := sweepChunks
	for _, name := range names {
		object := strings.TrimPrefix(name, localStage)
		for gone := false; !gone; left-- {
			if left == 0 || ctx.Err() != nil {
				return nil
			}
			err := v.transact(ctx, func(ctx context.Context, q querier) error {
				// From the end: chunks are numbered without a gap. Those of an
				// object that is recorded stay, whatever the note says.
				res, err := q.ExecContext(ctx, `DELETE FROM chunk WHERE row = (SELECT row FROM chunk WHERE object = ?1 ORDER BY n DESC LIMIT 1)
					AND NOT EXISTS (SELECT 1 FROM object WHERE id = ?1)`, object)
				if err != nil {
					return err
				}
				if n, _ := res.RowsAffected(); n > 0 {
					return nil
				}
				gone = true
				return deleteLocal(ctx, q, name)
			})
			if err != nil {
				v.o.warn(WarnStagedLeft, "%v", err)
				return nil
			}
		}
	}
	return nil
}
