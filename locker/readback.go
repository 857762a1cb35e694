package locker

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// readBack compares the records of the copy from a number on with those of
// from, as the disk gives them back.
func (c *copier) readBack(ctx context.Context, first int64) error {
	if !c.to.isOfFormat(ctx) {
		return otherThanWritten("tables")
	}
	t := &tree{q: c.to.r}
	for seq := max(first-rewritten, 0); seq < c.size; seq++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		row, objects, err := c.record(ctx, seq)
		if err != nil {
			return err
		}
		got, err := readRow(ctx, c.to.r, seq)
		if err != nil {
			return readingBack(seq, err)
		}
		if got.incident != row.incident || got.leaf != row.leaf || !bytes.Equal(got.sealed, row.sealed) {
			return otherThanWritten("record %d", seq)
		}
		if err := c.readNodes(ctx, t, seq, row.leaf); err != nil {
			return err
		}
		if seq < first {
			continue
		}
		c.step(len(row.leaf) + len(row.sealed))
		for _, w := range objects {
			if err := c.readObject(ctx, w); err != nil {
				return err
			}
		}
	}
	if err := c.readHeads(ctx, first); err != nil {
		return err
	}
	cp, _, err := headOf(ctx, c.to.r, c.to.id, c.size)
	if err != nil {
		return readingBack(c.size-1, err)
	}
	if root, err := t.root(ctx, c.size); err != nil || root != cp.Root {
		return otherThanWritten("head of %d records", c.size)
	}
	c.head = cp.Root
	return c.readKey(ctx)
}

// readObject compares a file with its digest, and its row.
func (c *copier) readObject(ctx context.Context, w want) error {
	size, chunks, sum, err := c.to.objectSum(ctx, w.id, w.size, func(n int) { c.step(n) })
	if err != nil {
		return readingBack(w.seq, err)
	}
	var row want
	var rowSum []byte
	err = queryRow(ctx, c.to.r, "SELECT seq, chunks, size, sha256 FROM object WHERE id = ?", w.id)(&row.seq, &row.chunks, &row.size, &rowSum)
	if err != nil {
		return readingBack(w.seq, err)
	}
	if size != w.size || sum != w.sum || row.seq != w.seq || row.chunks != chunks || row.size != w.size || !bytes.Equal(rowSum, w.sum[:]) {
		return otherThanWritten("file of record %d", w.seq)
	}
	return nil
}

// readKey compares both rows of the sealed identity.
func (c *copier) readKey(ctx context.Context) error {
	key, err := c.sealedKey(ctx)
	if err != nil || key == nil {
		return err
	}
	for _, table := range keyTables {
		row, err := readKey(ctx, c.to.r, table)
		if err != nil {
			return readingBack(-1, err)
		}
		if !row.same(key) {
			return otherThanWritten("the sealed key")
		}
	}
	return nil
}

// readHeads compares the heads of more than first records.
func (c *copier) readHeads(ctx context.Context, first int64) error {
	notes := func(q querier) (out map[string]bool, err error) {
		out = map[string]bool{}
		err = query(ctx, q, func(rows *sql.Rows) error {
			var note string
			err := rows.Scan(&note)
			out[note] = true
			return err
		}, "SELECT note FROM head WHERE size > ? AND size <= ?", first, c.size)
		return out, err
	}
	want, err := notes(c.from.r)
	if err != nil {
		return fromError(-1, sqlError("reading heads", err))
	}
	got, err := notes(c.to.r)
	if err != nil {
		return readingBack(-1, err)
	}
	for note := range want {
		if !got[note] {
			return otherThanWritten("a head")
		}
	}
	return nil
}

// readNodes compares the hashes that a leaf adds with the stored ones.
func (c *copier) readNodes(ctx context.Context, t *tree, seq int64, leaf string) error {
	hashes, err := tlog.StoredHashes(seq, []byte(leaf), t.reader(ctx))
	if err != nil {
		return readingBack(seq, err)
	}
	ids := make([]int64, len(hashes))
	for i := range ids {
		ids[i] = tlog.StoredHashIndex(0, seq) + int64(i)
	}
	stored, err := t.reader(ctx).ReadHashes(ids)
	if err != nil {
		return readingBack(seq, err)
	}
	for i := range hashes {
		if stored[i] != hashes[i] {
			return otherThanWritten("hashes of record %d", seq)
		}
	}
	return nil
}

// otherThanWritten is for what the disk gives back and is not what was written.
func otherThanWritten(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrReadBack, fmt.Sprintf(format, args...))
}

// readingBack is for a row of the copy that does not come back: it was written,
// and committed.
func readingBack(seq int64, err error) error {
	err = sqlError("reading back", err)
	if errors.Is(err, ErrDamaged) || errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%w: record %d: %w", ErrReadBack, seq, err)
	}
	return err
}
