package locker

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"evidence-locker/locker/durable"
	"evidence-locker/locker/record"
)

// shortCopy is how many bytes of files one transaction of a copy writes: what a
// stick that is pulled out costs.
var shortCopy int64 = 64 << 20

const (
	// batchRecords is how many records it writes.
	batchRecords = 1024
	// rewritten is how many older records are read back, too, without their
	// files: rows of theirs can stand on pages that were written anew. A page
	// has 8 records, or the hashes of 256.
	rewritten = 256
	// partSuffix marks a copy that has no record yet.
	partSuffix = ".part"
)

// A copier brings the vault file at path up to the records of another one of
// the same vault, making it if it is not there. Nothing of it is interpreted:
// rows are compared with their leaves and written as they are. Both backup and
// restore are copies.
//
// Every transaction leaves a file that verifies: it ends where the source has
// a head, and never between two changes of the passphrase, since of the sealed
// keys only the newest is there.
type copier struct {
	from *Vault
	to   *Vault // no place of this machine's: without pins and device key
	path string
	made bool   // part was made by this run
	part string // where the file stands until it has records, "" if it has
	id   string // of the copy, "" if it has none yet
	next string // the id that it gets with what is new, "" if it keeps the one it has

	at      int64            // records in the copy
	head    [32]byte         // root of them
	size    int64            // records that it is to have
	objects map[int64][]want // of the records that are new
	heads   []int64          // sizes from has heads of, rising, of what is new
	keyed   int64            // newest of the new records that seals the key anew, -1 if none does
	bytes   int64            // of what is new, as stored
	step    func(n int)      // told of bytes written, and of bytes read back
}

// A want is an object as its leaf commits to it.
type want struct {
	id     string
	seq    int64
	size   int64
	sum    [32]byte
	chunks int
	staged bool
}

// lockCopy takes the gate of a file that is copied to, for the whole of the
// copy: one who copies at a time.
func lockCopy(ctx context.Context, path string, waiting func(holder string)) (unlock func(), err error) {
	g := newGate(path)
	release, err := g.lock(ctx, waiting)
	if err != nil {
		g.close()
		return nil, err
	}
	return func() { release(); g.close() }, nil
}

// lockNew does the same for a file that is to be new, and returns ErrExists if
// it is not: of two processes that both make it, one must not succeed.
func lockNew(ctx context.Context, path string, waiting func(holder string)) (unlock func(), err error) {
	if unlock, err = lockCopy(ctx, path, waiting); err != nil {
		return nil, err
	}
	if err := nothingStands(path); err != nil {
		unlock()
		return nil, err
	}
	return unlock, nil
}

// open opens the copy, or lays out a new one beside where it will stand. The
// caller holds its gate.
func (c *copier) open(ctx context.Context) error {
	o := Options{Now: c.from.o.Now, Waiting: c.from.o.Waiting}
	c.at, c.id, c.part = 0, "", "" // a restore may have removed what it opened first
	info, err := os.Lstat(c.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return c.layOut(ctx, o)
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%w: %s", ErrForeign, c.path)
	}
	if c.to, err = Open(ctx, c.path, o); errors.Is(err, ErrNotVault) {
		return fmt.Errorf("%w: %s", ErrForeign, c.path)
	} else if err != nil {
		return copyDamaged(err)
	}
	if c.to.id != c.from.id {
		return fmt.Errorf("%w: %s", ErrOtherVault, c.path)
	}
	if c.at, err = c.to.size(ctx); err != nil {
		return copyDamaged(err)
	}
	c.id = c.to.getLocal(ctx, localCopy)
	cp, _, err := headOf(ctx, c.to.r, c.to.id, c.at)
	if err != nil {
		return copyDamaged(err)
	}
	if c.head = cp.Root; !(&tree{q: c.to.r}).holds(ctx, c.at, c.head) {
		return copyDamaged(fmt.Errorf("%w: its stored hashes do not lead to its head", ErrDamaged))
	}
	return nil
}

// copyDamaged is for what is found wrong in the copy, as opposed to what it is
// made of.
func copyDamaged(err error) error {
	if errors.Is(err, ErrDamaged) {
		return fmt.Errorf("%w: %w", ErrCopyDamaged, err)
	}
	return err
}

// layOut makes the file in which the copy begins, or goes on with the one that
// an interrupt left.
func (c *copier) layOut(ctx context.Context, o Options) (err error) {
	// A journal that another file left would be rolled into the new one.
	for _, name := range []string{c.path + "-journal", c.path + "-wal"} {
		if info, err := os.Lstat(name); err == nil && info.Size() > 0 {
			return fmt.Errorf("%w: %s", ErrForeign, name)
		}
	}
	c.part = c.path + partSuffix
	for made := false; ; made = true {
		info, err := os.Lstat(c.part)
		if errors.Is(err, fs.ErrNotExist) {
			err = makeFile(ctx, c.part, pageSize, schemaSQL, nil)
			if c.made = err == nil; err != nil {
				os.Remove(c.part)
			}
		} else if err == nil && (!info.Mode().IsRegular() || same(c.part, c.from.path)) {
			err = fmt.Errorf("%w: %s", ErrForeign, c.part)
		}
		if err != nil {
			return err
		}
		if c.to, err = newVault(c.part, o); err != nil {
			return err
		}
		c.to.id = c.from.id
		app, tables, records, err := c.contents(ctx)
		switch {
		case errors.Is(err, ErrDamaged):
		case err != nil:
			return err
		case app == applicationID && records == 0:
			return nil
		case app == applicationID:
			// It was only to get its name.
			if first, err := readLeaf(ctx, c.to.r, 0); err != nil || first.Vault != c.from.id {
				break
			}
			if err := c.name(ctx); err != nil {
				return err
			}
			c.close()
			return c.open(ctx)
		case tables == 0 && !made:
			// Making it was interrupted.
			c.close()
			if err := os.Remove(c.part); err != nil {
				return sysError("removing what an interrupt left", err)
			}
			continue
		}
		// Whatever else lies there under this name is left alone.
		return fmt.Errorf("%w: %s", ErrForeign, c.part)
	}
}

// contents tells what a file that may be a copy is.
func (c *copier) contents(ctx context.Context) (app, tables, records int64, err error) {
	for _, x := range []struct {
		query string
		into  *int64
	}{
		{"PRAGMA application_id", &app},
		{"SELECT count(*) FROM sqlite_schema", &tables},
		{"SELECT count(*) FROM record", &records},
	} {
		if err := queryRow(ctx, c.to.r, x.query)(x.into); err != nil {
			return 0, 0, 0, sqlError("reading what an interrupt left", err)
		}
		if x.into == &tables && app != applicationID {
			break
		}
	}
	return app, tables, records, nil
}

func (c *copier) close() {
	if c.to != nil {
		c.to.Close()
		c.to = nil
	}
}

// follow checks that the copy's records are the first ones of from.
func (c *copier) follow(ctx context.Context) error {
	if c.part != "" {
		return nil
	}
	newest, err := c.from.newestRow(ctx)
	if err != nil {
		return &SourceError{Seq: -1, Err: err}
	}
	if c.at <= newest+1 {
		if root, err := (&tree{q: c.from.r}).root(ctx, c.at); err == nil && root == c.head {
			return nil
		}
	}
	// Which record is the first to differ is worth reading all leaves.
	got, err := Compare(ctx, c.from, c.to)
	switch {
	case err != nil:
		return err
	case got.Relation == Same || got.Relation == Ahead:
		return nil // only stored hashes of from are wrong
	case got.Relation == Damaged && got.BDamaged:
		return fmt.Errorf("%w: record %d", ErrCopyDamaged, got.Seq)
	case got.Relation == Damaged:
		return &SourceError{Seq: got.Seq, Err: ErrDamaged}
	}
	return &ForkError{Path: c.path, Seq: got.Seq, Ahead: got.Relation == Behind}
}

// plan finds out what is new below size.
func (c *copier) plan(ctx context.Context, size int64) error {
	c.size, c.objects, c.heads, c.bytes = size, map[int64][]want{}, nil, 0
	err := query(ctx, c.from.r, func(rows *sql.Rows) error {
		var w want
		var sum []byte
		if err := rows.Scan(&w.id, &w.seq, &w.chunks, &w.size, &sum); err != nil {
			return err
		}
		copy(w.sum[:], sum)
		c.objects[w.seq] = append(c.objects[w.seq], w)
		c.bytes += w.size
		return nil
	}, "SELECT id, seq, chunks, size, sha256 FROM object WHERE seq >= ? AND seq < ?", c.at, size)
	if err == nil {
		err = query(ctx, c.from.r, func(rows *sql.Rows) error {
			var h int64
			err := rows.Scan(&h)
			c.heads = append(c.heads, h)
			return err
		}, "SELECT DISTINCT size FROM head WHERE size > ? AND size <= ? ORDER BY size", c.at, size)
	}
	var records int64
	if err == nil {
		err = queryRow(ctx, c.from.r, "SELECT coalesce(sum(octet_length(leaf) + octet_length(sealed)), 0) FROM record WHERE seq >= ? AND seq < ?", c.at, size)(&records)
	}
	if err == nil {
		err = queryRow(ctx, c.from.r, "SELECT coalesce(max(seq), -1) FROM record WHERE instr(leaf, char(10) || 'key ') > 0 AND seq >= ? AND seq < ?", c.at, size)(&c.keyed)
	}
	c.bytes += records
	return fromError(-1, sqlError("reading what is new", err))
}

// fromError names damage in what is copied for what it is.
func fromError(seq int64, err error) error {
	if errors.Is(err, ErrDamaged) {
		return &SourceError{Seq: seq, Err: err}
	}
	return err
}

// run copies what is new.
//
//  1. Files that are too large for one transaction go ahead, as staged chunks.
//     A crash leaves them to the next run, which goes on behind them.
//  2. A batch of records, with their other files, hashes, heads and the sealed
//     key, in one transaction. A crash leaves the copy as it was before it.
//  3. A new copy gets its name after its first batch.
func (c *copier) run(ctx context.Context) error {
	for c.at < c.size {
		end, large, err := c.batch()
		if err != nil {
			return err
		}
		if large {
			if err := c.stage(ctx, c.at, end); err != nil {
				return err
			}
		}
		err = c.to.inTransaction(ctx, func(q querier) error { return c.write(ctx, q, end) })
		if err != nil {
			return copying(err)
		}
		c.at = end
		if c.part != "" {
			if err := c.name(ctx); err != nil {
				return copying(err)
			}
		}
	}
	return nil
}

// copying tells which side an error comes from: damage to what is copied has
// its own type already.
func copying(err error) error {
	var source *SourceError
	if errors.As(err, &source) {
		return err
	}
	return copyDamaged(sqlError("writing copy", err))
}

// batch returns where the next transaction ends, and whether its files go
// ahead of it.
func (c *copier) batch() (end int64, large bool, err error) {
	bytes, counted := int64(0), c.at
	for _, h := range c.heads {
		if h <= c.at || h <= c.keyed && c.keyed >= c.at {
			continue
		}
		more := int64(0)
		for ; counted < h; counted++ {
			for _, w := range c.objects[counted] {
				more += w.size
			}
		}
		if end != 0 && (h-c.at > batchRecords || bytes+more > shortCopy) {
			break
		}
		end, bytes = h, bytes+more
	}
	if end == 0 {
		return 0, false, &SourceError{Seq: c.size - 1, Err: fmt.Errorf("%w: no head of %d records", ErrDamaged, c.size)}
	}
	return end, bytes > shortCopy, nil
}

// write copies the records up to end.
func (c *copier) write(ctx context.Context, q querier, end int64) error {
	if err := restoreSchema(ctx, q); err != nil {
		return fmt.Errorf("checking tables: %w", err)
	}
	var there int64
	if err := queryRow(ctx, q, "SELECT coalesce(max(seq) + 1, 0) FROM record")(&there); err != nil {
		return err
	}
	if there != c.at {
		return fmt.Errorf("%w: it has %d records, not %d", ErrCopyDamaged, there, c.at)
	}
	t := &tree{q: q}
	for seq := c.at; seq < end; seq++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		leaf, err := c.writeRecord(ctx, q, seq)
		if err != nil {
			return err
		}
		if err := t.add(ctx, seq, leaf); err != nil {
			return err
		}
	}
	if err := c.writeHeads(ctx, q, t, end); err != nil {
		return err
	}
	if c.next != "" {
		if err := setLocal(ctx, q, localCopy, c.next); err != nil {
			return err
		}
		c.id = c.next
	}
	return c.writeKey(ctx, q)
}

// record reads a record of from and compares it with its leaf. A newer
// program's leaf is taken as it is, with the objects that are said to be its.
func (c *copier) record(ctx context.Context, seq int64) (row sealedRow, objects []want, err error) {
	bad := func(format string, args ...any) error {
		return &SourceError{Seq: seq, Err: fmt.Errorf("%w: "+format, append([]any{ErrDamaged}, args...)...)}
	}
	row, err = readRow(ctx, c.from.r, seq)
	if errors.Is(err, sql.ErrNoRows) {
		err = bad("it is missing")
	}
	if err != nil {
		return row, nil, fromError(seq, sqlError("reading record", err))
	}
	leaf, err := record.ParseLeaf(row.leaf)
	switch {
	case errors.Is(err, record.ErrNewer):
		return row, c.objects[seq], nil
	case err != nil:
		return row, nil, bad("%v", err)
	case leaf.Seq != seq || leaf.Incident != row.incident || seq == 0 && leaf.Vault != c.from.id:
		return row, nil, bad("leaf of another record")
	case seq == 0 && len(row.sealed) > 0, seq > 0 && sha256.Sum256(row.sealed) != leaf.Sealed:
		return row, nil, bad("sealed record is not the one committed to")
	}
	for _, o := range leaf.Objects {
		w := want{id: o.ID, seq: seq, size: o.Size, sum: o.SHA256}
		for _, known := range c.objects[seq] {
			w.staged = w.staged || known.id == w.id && known.staged
		}
		objects = append(objects, w)
	}
	return row, objects, nil
}

// writeRecord copies one record with its files and returns its leaf.
func (c *copier) writeRecord(ctx context.Context, q querier, seq int64) (string, error) {
	row, objects, err := c.record(ctx, seq)
	if err != nil {
		return "", err
	}
	if row.sealed == nil {
		row.sealed = []byte{} // not NULL
	}
	if _, err := q.ExecContext(ctx, "INSERT INTO record VALUES (?, ?, ?, ?)", seq, row.incident, row.leaf, row.sealed); err != nil {
		return "", err
	}
	c.step(len(row.leaf) + len(row.sealed))
	for _, w := range objects {
		s := &stagedCopy{want: w}
		if !w.staged {
			for more := true; more; {
				if _, more, err = c.chunk(ctx, q, s); err != nil {
					return "", err
				}
			}
		} else if err := queryRow(ctx, q, "SELECT count(*) FROM chunk WHERE object = ?", w.id)(&s.n); err != nil {
			return "", err
		}
		if _, err := q.ExecContext(ctx, "INSERT INTO object VALUES (?, ?, ?, ?, ?)", w.id, seq, s.n, w.size, w.sum[:]); err != nil {
			return "", err
		}
	}
	return row.leaf, nil
}

// A stagedCopy is an object on its way.
type stagedCopy struct {
	want
	n     int // chunks that are there
	found int // of them were there before
	bytes int64
	hash  *digest
	next  chan storedChunk // chunk n of from, being read; nil: nobody reads it
}

// chunk copies the next chunk of an object. At its end, more is false, and its
// digest is right.
func (c *copier) chunk(ctx context.Context, q querier, s *stagedCopy) (n int, more bool, err error) {
	if s.hash == nil {
		if err := c.begin(ctx, q, s); err != nil {
			return 0, false, err
		}
	}
	if err := ctx.Err(); err != nil {
		return 0, false, err
	}
	data, err := c.read(ctx, s)
	if err == nil && s.bytes < s.size {
		s.hash.write(data)
		if err := insertChunk(ctx, q, s.id, s.n, data); err != nil {
			return 0, false, err
		}
		s.n++
		s.bytes += int64(len(data))
		c.step(len(data))
		return len(data), true, nil
	}
	if err == nil || errors.Is(err, sql.ErrNoRows) {
		if s.bytes == s.size && s.hash.sum() == s.sum && err != nil {
			return 0, false, nil
		}
		err = fmt.Errorf("%w: %d bytes are stored, not the %d committed to", ErrDamaged, s.bytes, s.size)
	}
	if s.found > 0 && errors.Is(err, ErrDamaged) {
		// What an interrupted copy left may be what is wrong.
		if _, err := q.ExecContext(ctx, "DELETE FROM chunk WHERE object = ?", s.id); err != nil {
			return 0, false, err
		}
		*s = stagedCopy{want: s.want, hash: newDigest()}
		return 0, true, nil
	}
	return 0, false, fromError(s.seq, err)
}

// A storedChunk is what reading a chunk gave.
type storedChunk struct {
	data []byte
	err  error
}

// read returns the next chunk of an object of from, and has the one after it
// read while this one is written.
func (c *copier) read(ctx context.Context, s *stagedCopy) ([]byte, error) {
	begin := func(n int) chan storedChunk {
		out := make(chan storedChunk, 1) // nobody may come for it
		go func() {
			var got storedChunk
			got.err = c.from.chunk(ctx, "chunk", s.id, n, &got.data)
			if errors.Is(got.err, ErrDamaged) { // the index may be what is damaged
				got.err = c.from.chunk(ctx, "chunk NOT INDEXED", s.id, n, &got.data)
			}
			out <- got
		}()
		return out
	}
	if s.next == nil {
		s.next = begin(s.n)
	}
	got := <-s.next
	if s.next = nil; got.err == nil {
		s.next = begin(s.n + 1)
	}
	return got.data, got.err
}

// begin takes account of the chunks that an interrupted copy left.
func (c *copier) begin(ctx context.Context, q querier, s *stagedCopy) error {
	s.hash = newDigest()
	for {
		var data []byte
		err := queryRow(ctx, q, "SELECT data FROM chunk WHERE object = ? AND n = ?", s.id, s.n)(&data)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		s.hash.write(data)
		s.n++
		s.found++
		s.bytes += int64(len(data))
		c.step(len(data))
	}
}

// stage copies the files of the records from lo to hi ahead of them, in short
// transactions.
func (c *copier) stage(ctx context.Context, lo, hi int64) error {
	var queue []*stagedCopy
	for seq := lo; seq < hi; seq++ {
		if len(c.objects[seq]) == 0 {
			continue
		}
		_, objects, err := c.record(ctx, seq)
		if err != nil {
			return err
		}
		for _, w := range objects {
			queue = append(queue, &stagedCopy{want: w})
		}
		for i := range c.objects[seq] {
			c.objects[seq][i].staged = true
		}
	}
	for len(queue) > 0 {
		err := c.to.inTransaction(ctx, func(q querier) error {
			if err := restoreSchema(ctx, q); err != nil {
				return fmt.Errorf("checking tables: %w", err)
			}
			for written := int64(0); written < shortCopy && len(queue) > 0; {
				n, more, err := c.chunk(ctx, q, queue[0])
				if err != nil {
					return err
				}
				if written += int64(n); !more {
					queue = queue[1:]
				}
			}
			return nil
		})
		if err != nil {
			return copying(err)
		}
	}
	return nil
}

// writeHeads copies the heads up to end. One of size end must be of these
// leaves, and none may be of others.
func (c *copier) writeHeads(ctx context.Context, q querier, t *tree, end int64) error {
	type row struct {
		size int64
		note string
	}
	var heads []row
	err := query(ctx, c.from.r, func(rows *sql.Rows) error {
		var h row
		err := rows.Scan(&h.size, &h.note)
		heads = append(heads, h)
		return err
	}, "SELECT size, note FROM head WHERE size > ? AND size <= ? ORDER BY id", c.at, end)
	if err != nil {
		return fromError(-1, sqlError("reading heads", err))
	}
	for _, h := range heads {
		cp, _, err := openHead(h.note, c.from.id)
		if err != nil || cp.Size != h.size {
			return &SourceError{Seq: h.size - 1, Err: fmt.Errorf("%w: head of %d records: %v", ErrDamaged, h.size, err)}
		}
		root, err := t.root(ctx, h.size)
		if err != nil {
			return err
		}
		if root != cp.Root {
			return &SourceError{Seq: h.size - 1, Err: fmt.Errorf("%w: the head of %d records is not of them", ErrDamaged, h.size)}
		}
		if _, err := q.ExecContext(ctx, "INSERT INTO head (size, note) VALUES (?, ?)", h.size, h.note); err != nil {
			return err
		}
	}
	return c.writeTokens(ctx, q, end)
}

// writeTokens copies the time-stamps over heads up to end that the copy does
// not have. They can come long after their head.
func (c *copier) writeTokens(ctx context.Context, q querier, end int64) error {
	var newest int64
	if err := queryRow(ctx, q, "SELECT coalesce(max(id), 0) FROM token")(&newest); err != nil {
		return err
	}
	type row struct {
		id, size int64
		kind     string
		data     []byte
	}
	var tokens []row
	err := query(ctx, c.from.r, func(rows *sql.Rows) error {
		var t row
		err := rows.Scan(&t.id, &t.size, &t.kind, &t.data)
		tokens = append(tokens, t)
		return err
	}, "SELECT id, size, kind, data FROM token WHERE id > ? AND size <= ? ORDER BY id", newest, end)
	if err != nil {
		return fromError(-1, sqlError("reading time-stamps", err))
	}
	for _, t := range tokens {
		if _, err := q.ExecContext(ctx, "INSERT INTO token VALUES (?, ?, ?, ?)", t.id, t.size, t.kind, t.data); err != nil {
			return err
		}
	}
	return nil
}

// sealedKey returns the sealed identity of from, nil if neither copy of it is
// the one committed to.
func (c *copier) sealedKey(ctx context.Context) (*keyRow, error) {
	rows, err := c.from.readKeys(ctx)
	if err != nil || !rows[0].believed {
		return nil, err
	}
	return &rows[0], nil
}

// writeKey puts the sealed identity of from into the copy. A damaged one never
// goes over a good one.
func (c *copier) writeKey(ctx context.Context, q querier) error {
	key, err := c.sealedKey(ctx)
	if err != nil {
		return err
	}
	if key == nil {
		if c.keyed >= c.at {
			return &SourceError{Seq: c.keyed, Err: fmt.Errorf("%w: both copies of the sealed key", ErrDamaged)}
		}
		return nil
	}
	return setKey(ctx, q, key.recipient, key.sealed)
}

// name gives a new copy its name. Until then nothing stands there.
func (c *copier) name(ctx context.Context) (err error) {
	if err := c.to.Close(); err != nil {
		return err
	}
	if _, err := os.Lstat(c.path); err == nil {
		return fmt.Errorf("%w: %s", ErrForeign, c.path)
	}
	if err := os.Rename(c.part, c.path); err != nil {
		return sysError("naming file", err)
	}
	os.Remove(c.part + "-journal") // empty
	if err := durable.SyncDir(filepath.Dir(c.path)); err != nil {
		return err
	}
	c.part = ""
	c.to, err = Open(ctx, c.path, c.to.o)
	return err
}
