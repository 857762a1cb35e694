package locker

import (
	"context"
	"errors"
	"fmt"
)

// A Compared is what Against found.
type Compared struct {
	Comparison
	Vault, Backup *Verification
}

// Against verifies a vault and a backup of it, and tells how the vault stands
// to the backup. It needs no key and writes nothing. Records that differ
// because one side is damaged are no fork: verification tells that.
func Against(ctx context.Context, path, backup string, o Options, progress func(done, total int64)) (*Compared, error) {
	out, err := against(ctx, path, backup, o, progress)
	if err != nil {
		return nil, fmt.Errorf("comparing %q with %q: %w", path, backup, err)
	}
	return out, nil
}

func against(ctx context.Context, path, backup string, o Options, progress func(done, total int64)) (*Compared, error) {
	if same(path, backup) {
		return nil, fmt.Errorf("%w: it is the vault itself", ErrForeign)
	}
	o.Untouched = true
	a, err := openAnyway(ctx, path, o)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	b, err := openAnyway(ctx, backup, o.reading())
	if err != nil {
		return nil, err
	}
	defer b.Close()
	oneVault(ctx, a, b)
	p := newPhases(ctx, a, 1, progress)
	q := newPhases(ctx, b, 1, nil)
	p.total += q.total
	out := &Compared{}
	if out.Vault, err = a.verify(ctx, nil, p.verify); err != nil {
		return nil, err
	}
	p.next()
	p.each = q.each
	if out.Backup, err = b.verify(ctx, nil, p.verify); err != nil {
		return nil, err
	}
	p.next()
	if out.Comparison, err = Compare(ctx, a, b); err != nil || out.Relation != Forked {
		return out, err
	}
	va, err1 := a.vouched(ctx, out.Seq, out.Vault)
	vb, err2 := b.vouched(ctx, out.Seq, out.Backup)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	if va != vb {
		out.Relation, out.ADamaged, out.BDamaged = Damaged, !va, !vb
	}
	return out, nil
}

// oneVault has two files count as of one vault if the heads of either name the
// other: in one of them the leaf that says it may be what is damaged.
func oneVault(ctx context.Context, a, b *Vault) bool {
	for _, pair := range [][2]*Vault{{a, b}, {b, a}} {
		if pair[0].id == pair[1].id {
			return true
		}
		if id, err := vaultOfHeads(ctx, pair[0].r); err == nil && id == pair[1].id {
			pair[0].id = id
			return true
		}
	}
	return false
}

// vouched reports whether a head over more than the first seq records follows
// from the leaves, as verification found them.
func (v *Vault) vouched(ctx context.Context, seq int64, found *Verification) (bool, error) {
	bad := map[int64]bool{}
	for _, f := range found.Faults {
		if f.Code == FaultHead {
			bad[f.Seq+1] = true
		}
	}
	for size := seq; ; {
		err := queryRow(ctx, v.r, "SELECT coalesce(min(size), 0) FROM head WHERE size > ?", size)(&size)
		if err = sqlError("reading heads", err); errors.Is(err, ErrDamaged) {
			return false, nil
		}
		if err != nil || size == 0 || size > found.Records {
			return false, err
		}
		if !bad[size] {
			return true, nil
		}
	}
}
