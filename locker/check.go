package locker

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/note"
)

// This file is step 3 of append: what is checked before anything is written,
// and under which incident it will go.

// checkTree returns the number of records, after making sure that the stored
// hashes are those of the leaves.
func (v *Vault) checkTree(ctx context.Context, q querier, d *device) (size int64, err error) {
	if err := q.QueryRowContext(ctx, "SELECT coalesce(max(seq) + 1, 0) FROM record").Scan(&size); err != nil {
		return 0, err
	}
	known := []note.Verifier{d.verifier}
	if genesis, err := readLeaf(ctx, q, 0); err == nil {
		if first, err := note.NewVerifier(genesis.Device); err == nil && first.KeyHash() != d.verifier.KeyHash() {
			known = append(known, first)
		}
	}
	head, signed, err := headOf(ctx, q, v.id, size, known...)
	if err == nil && nodesHold(ctx, q, size, head.Root) {
		if !signed {
			v.o.warn(WarnHeadMismatch, "%s", v.path)
		}
		return size, nil
	}
	var there int64
	if cerr := q.QueryRowContext(ctx, "SELECT count(*) FROM record WHERE seq >= 0").Scan(&there); cerr != nil {
		return 0, cerr
	}
	if size-there > maxGap {
		return 0, fmt.Errorf("%w: of %d records %d are there", ErrDamaged, size, there)
	}
	v.o.warn(WarnNodes, "%s", v.path)
	if err := rebuildNodes(ctx, q, size); err != nil {
		return 0, err
	}
	if root, rerr := rootOf(ctx, q, size); err != nil || rerr != nil || root != head.Root {
		// Somebody changed leaves or heads. What is added now is vouched for
		// from here on, and nothing before it.
		v.o.warn(WarnHeadMismatch, "%s", v.path)
	}
	return size, nil
}

// checkPins compares the vault with what this machine remembers of it, warns,
// and reports whether the vault follows the pinned head. Recording goes on in
// any case, sealed to the pinned recipient.
func (v *Vault) checkPins(ctx context.Context, q querier, d *device, size int64) (follows bool) {
	rows, err := v.readKeys(ctx, q)
	if err != nil {
		v.o.warn(WarnKeyCopies, "%v", err)
	}
	for _, row := range rows {
		if row.recipient != d.recipient.String() && row.sealed != nil {
			v.o.warn(WarnRecipient, "%s", row.table)
			break
		}
	}
	pin := loadPin(&v.o, v.id)
	if pin == nil {
		return true
	}
	if pin.Size <= size {
		if root, err := rootOf(ctx, q, pin.Size); err == nil && root == pin.Root {
			return true
		}
	}
	v.o.warn(WarnOldCopy, "%s", pinFile(v.o.ConfigDir, v.id))
	return false
}

// chooseIncident gives the records their incident's number and id.
func (v *Vault) chooseIncident(ctx context.Context, q querier, t target) (out appended, id string, err error) {
	out.incident = t.Number
	switch {
	case t.fixed && t.Number == 0:
		return out, "", nil
	case t.New:
		out.fresh = true
	case t.Number == 0:
		c, err := current(ctx, q)
		if err != nil {
			return out, "", err
		}
		out.incident, out.fresh = c.Number, c.Number == 0
	}
	if !out.fresh {
		var one int
		err := q.QueryRowContext(ctx, "SELECT 1 FROM record WHERE incident = ? LIMIT 1", out.incident).Scan(&one)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			v.o.warn(WarnNoIncident, "%d", out.incident)
			out.missing, out.fresh = out.incident, true
		case err != nil:
			return out, "", err
		}
	}
	if out.fresh {
		if err := q.QueryRowContext(ctx, "SELECT coalesce(max(incident), 0) + 1 FROM record").Scan(&out.incident); err != nil {
			return out, "", err
		}
	}
	id, err = incidentID(ctx, q, out.incident)
	return out, id, err
}
