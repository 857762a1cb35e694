package locker

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// A Relation tells how one vault file stands to another.
type Relation string

// The relations of a vault to another one.
const (
	Same       Relation = "same"        // the same records
	Ahead      Relation = "ahead"       // all records of the other, and more
	Behind     Relation = "behind"      // the other has all of its records, and more
	Forked     Relation = "forked"      // from one record on they differ
	Damaged    Relation = "damaged"     // a record cannot be compared, since one side of it is damaged
	OtherVault Relation = "other-vault" // they are not of one vault
)

// A Comparison is what Compare found.
type Comparison struct {
	Relation Relation
	Seq      int64 // first record that differs, or that one side lacks; -1 with Same and OtherVault
	A, B     Head

	ADamaged, BDamaged bool // which side, with Damaged
}

// Compare tells how vault a stands to vault b, by their leaves, which commit to
// everything else. It needs no key, and changes nothing.
func Compare(ctx context.Context, a, b *Vault) (got Comparison, err error) {
	got.Seq = -1
	for _, side := range []struct {
		v *Vault
		h *Head
	}{{a, &got.A}, {b, &got.B}} {
		newest, err := side.v.newestRow(ctx)
		if err != nil {
			return got, fmt.Errorf("comparing: %w", err)
		}
		side.h.Size = newest + 1
		// Without stored hashes the sizes still tell something.
		if h, err := side.v.headAt(ctx, side.h.Size); err == nil {
			*side.h = h
		}
	}
	if a.id != b.id {
		got.Relation = OtherVault
		return got, nil
	}
	both := min(got.A.Size, got.B.Size)
	for lo := int64(0); lo < both; lo += readBatch {
		hi := min(lo+readBatch, both)
		la, err := a.leaves(ctx, lo, hi)
		if err != nil {
			return got, fmt.Errorf("comparing: %w", err)
		}
		lb, err := b.leaves(ctx, lo, hi)
		if err != nil {
			return got, fmt.Errorf("comparing: %w", err)
		}
		for i := range la {
			if la[i] == lb[i] && la[i] != "" {
				continue
			}
			got.Seq = lo + int64(i)
			got.ADamaged = !a.stands(ctx, got.Seq, la[i])
			got.BDamaged = !b.stands(ctx, got.Seq, lb[i])
			if got.Relation = Forked; got.ADamaged || got.BDamaged {
				got.Relation = Damaged
			}
			return got, nil
		}
	}
	switch {
	case got.A.Size == got.B.Size:
		got.Relation = Same
	case got.A.Size > got.B.Size:
		got.Relation, got.Seq = Ahead, both
	default:
		got.Relation, got.Seq = Behind, both
	}
	return got, nil
}

// leaves returns the leaves from lo to hi, "" for one that is missing or cannot
// be read.
func (v *Vault) leaves(ctx context.Context, lo, hi int64) ([]string, error) {
	out := make([]string, hi-lo)
	err := query(ctx, v.r, func(rows *sql.Rows) error {
		var seq int64
		var leaf string
		if err := rows.Scan(&seq, &leaf); err != nil {
			return scanError(ctx, err)
		}
		if seq >= lo && seq < hi {
			out[seq-lo] = leaf
		}
		return nil
	}, "SELECT seq, leaf FROM record WHERE seq >= ? AND seq < ?", lo, hi)
	if err = sqlError("reading leaves", err); !errors.Is(err, ErrDamaged) {
		return out, err
	}
	for seq := lo; seq < hi; seq++ {
		if queryRow(ctx, v.r, "SELECT leaf FROM record WHERE seq = ?", seq)(&out[seq-lo]) != nil {
			out[seq-lo] = ""
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return out, nil
}

// stands reports whether the stored hashes are of this leaf. Where they are
// not, the leaf or its hash was changed by accident: somebody who rewrites a
// vault rewrites both.
func (v *Vault) stands(ctx context.Context, seq int64, leaf string) bool {
	if leaf == "" {
		return false
	}
	h, err := (&tree{q: v.r}).reader(ctx).ReadHashes([]int64{tlog.StoredHashIndex(0, seq)})
	return err == nil && h[0] == tlog.RecordHash([]byte(leaf))
}
