package locker

import (
	"context"
	"fmt"
	"time"

	"evidence-locker/crypto"
	"evidence-locker/locker/record"
)

// A Drilled is what a drill found.
type Drilled struct {
	Verification *Verification
	Took         time.Duration // to read and open all
}

// Drill opens all of a backup with the key, as a restore would, and writes
// nothing. What is damaged is in the Verification; it returns ErrWrongPassphrase
// or ErrOtherKey where the key does not open the backup.
func Drill(ctx context.Context, src string, key KeyFunc, o Options, progress func(done, total int64)) (*Drilled, error) {
	out, err := drill(ctx, src, key, o, progress)
	if err != nil {
		return nil, fmt.Errorf("practising with %q: %w", src, err)
	}
	return out, nil
}

func drill(ctx context.Context, src string, key KeyFunc, o Options, progress func(done, total int64)) (*Drilled, error) {
	v, err := Open(ctx, src, o.reading())
	if err != nil {
		return nil, err
	}
	defer v.Close()
	k, err := provenKey(ctx, v, key)
	if err != nil {
		return nil, err
	}
	began := o.Now().At
	got, err := v.verify(ctx, func(context.Context, *Vault) (*crypto.Key, error) { return k, nil }, progress)
	if err != nil {
		return nil, err
	}
	return &Drilled{Verification: got, Took: o.Now().At.Sub(began)}, nil
}

// NoteDrill records in the vault that a restore was practised with a backup of
// this head, and how it ended.
func (v *Vault) NoteDrill(ctx context.Context, head Head, ok bool) error {
	action := "drill"
	if !ok {
		action = "drill-failed"
	}
	_, err := v.AppendCustody(ctx, 0, record.Fields{"action": record.Text(action), "head": record.Text(head.String())})
	if err != nil || !ok {
		return err
	}
	return v.transact(ctx, func(ctx context.Context, q querier) error {
		return setLocal(ctx, q, localDrill, hourOf(v.o.Now().At))
	})
}
