package locker

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"hash"

	"evidence-locker/locker/record"
)

// rawObjects copies the objects that are said to be a record's whose leaf says
// nothing, as a newer program's.
func (m *merger) rawObjects(ctx context.Context, seq int64, rows []*sealedRow) error {
	for _, s := range m.sides {
		var objects []record.LeafObject
		err := query(ctx, s.r, func(rows *sql.Rows) error {
			var o record.LeafObject
			var sum []byte
			err := rows.Scan(&o.ID, &o.Size, &sum)
			copy(o.SHA256[:], sum)
			objects = append(objects, o)
			return err
		}, "SELECT id, size, sha256 FROM object WHERE seq = ?", seq)
		if err != nil && !errors.Is(sqlError("reading objects", err), ErrDamaged) {
			return err
		}
		if len(objects) == 0 {
			continue
		}
		for _, o := range objects {
			if err := m.object(ctx, seq, "", rows, o); err != nil {
				return err
			}
		}
		return nil
	}
	return nil
}

// maxMixed is how many differing chunks of one file are tried in all ways.
const maxMixed = 6

// object writes one file from the side where it is whole: where the row has
// this leaf, verification looked at it. Where it is on neither, chunks of both
// may make a whole one.
func (m *merger) object(ctx context.Context, seq int64, leaf string, rows []*sealedRow, o record.LeafObject) error {
	for i, s := range m.sides {
		if s.lost[o.ID] || rows[i] == nil || rows[i].leaf != leaf {
			continue
		}
		ok, err := m.chunks(ctx, o, func(int) int { return i }, true)
		if err == nil && !ok {
			err = fmt.Errorf("%w: file of record %d, a moment ago whole", ErrDamaged, seq)
		}
		if err != nil {
			return err
		}
		return m.objectRow(ctx, seq, o)
	}
	var differ []int
	chunks := int((o.Size + chunkSize - 1) / chunkSize)
	for n := 0; n < chunks && len(m.sides) == 2; n++ {
		x, okX, err1 := m.sides[0].anyChunk(ctx, o.ID, n)
		y, okY, err2 := m.sides[1].anyChunk(ctx, o.ID, n)
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		if okX && okY && string(x) != string(y) {
			differ = append(differ, n)
		}
	}
	way := func(mask int) func(int) int {
		return func(n int) int {
			for bit, d := range differ {
				if d == n && bit < maxMixed && mask>>bit&1 == 1 {
					return 1
				}
			}
			return 0
		}
	}
	pick := way(0)
	for mask := range 1 << min(len(differ), maxMixed) {
		ok, err := m.chunks(ctx, o, way(mask), false)
		if err != nil {
			return err
		}
		if ok {
			pick = way(mask)
			break
		}
	}
	if _, err := m.chunks(ctx, o, pick, true); err != nil {
		return err
	}
	return m.objectRow(ctx, seq, o)
}

// chunks goes through a file's chunks, each from the side that pick names or
// else from the other, and reports whether they make what was committed to.
func (m *merger) chunks(ctx context.Context, o record.LeafObject, pick func(n int) int, write bool) (whole bool, err error) {
	var h hash.Hash = sha256.New()
	size := int64(0)
	for n := 0; size < o.Size; n++ {
		data, ok, err := m.sides[pick(n)].anyChunk(ctx, o.ID, n)
		if err == nil && !ok && len(m.sides) == 2 {
			data, ok, err = m.sides[1-pick(n)].anyChunk(ctx, o.ID, n)
		}
		if err != nil {
			return false, err
		}
		if !ok && int64(n)*chunkSize >= o.Size {
			break
		}
		h.Write(data)
		size += int64(len(data))
		if !ok {
			size += chunkSize // it is gone: what follows is kept
			continue
		}
		if write {
			if err := m.exec(ctx, len(data), "INSERT OR IGNORE INTO chunk (object, n, data) VALUES (?, ?, ?)", o.ID, n, data); err != nil {
				return false, err
			}
		}
	}
	return size == o.Size && [32]byte(h.Sum(nil)) == o.SHA256, nil
}

// anyChunk reads a chunk; ok is false if it is not there or cannot be read.
func (v *Vault) anyChunk(ctx context.Context, object string, n int) (data []byte, ok bool, err error) {
	err = v.chunk(ctx, "chunk", object, n, &data)
	if err != nil && ctx.Err() == nil {
		err = v.chunk(ctx, "chunk NOT INDEXED", object, n, &data) // the index may be what is damaged
	}
	if err == nil || ctx.Err() != nil {
		return data, err == nil, ctx.Err()
	}
	return nil, false, nil
}

func (m *merger) objectRow(ctx context.Context, seq int64, o record.LeafObject) error {
	return m.exec(ctx, 0, "INSERT OR IGNORE INTO object SELECT ?1, ?2, count(*), ?3, ?4 FROM chunk WHERE object = ?1", o.ID, seq, o.Size, o.SHA256[:])
}
