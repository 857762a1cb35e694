package locker

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// This file is step 3 of append: what is checked before anything is written,
// and under which incident it will go. It reads through other connections than
// the writing one: a damaged page that is met within a transaction ends all
// further writing in it.

// checkTree returns the number of records, after making sure that the stored
// hashes are those of the leaves.
func (w *writer) checkTree(ctx context.Context) (size int64, err error) {
	v := w.v
	newest, err := v.newestRow(ctx)
	if err != nil {
		return 0, err
	}
	size = newest + 1
	head, signed, err := v.signedHead(ctx, &tree{q: v.r}, size)
	holds := err == nil && (&tree{q: v.r}).holds(ctx, size, head.Root)
	if !holds || w.tree.memory {
		var there int64
		if err := queryRow(ctx, v.r, "SELECT count(*) FROM record WHERE seq >= 0")(&there); err != nil {
			return 0, err
		}
		if size-there > maxGap {
			return 0, fmt.Errorf("%w: of %d records %d are there", ErrDamaged, size, there)
		}
		if !w.tree.memory {
			v.o.warn(WarnNodes, "%s", v.path)
		}
		if err := w.tree.rebuild(ctx, v, size); err != nil {
			return 0, err
		}
		if err == nil && !signed { // an enrolled key is found through the tree
			head, signed, err = v.signedHead(ctx, w.tree, size)
		}
		root, rerr := w.tree.root(ctx, size)
		holds = err == nil && rerr == nil && root == head.Root
	}
	if !holds || !signed {
		// Somebody changed leaves or heads. What is added now is vouched for
		// from here on, and nothing before it.
		v.o.warn(WarnHeadMismatch, "%s", v.path)
	}
	return size, nil
}

// checkPins compares the vault with what this machine remembers of it, warns,
// and reports whether the vault follows the pinned head. Recording goes on in
// any case, sealed to the pinned recipient.
func (w *writer) checkPins(ctx context.Context, d *device, size int64) (follows bool) {
	v := w.v
	rows, err := v.readKeys(ctx)
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
		if root, err := w.tree.root(ctx, pin.Size); err == nil && root == pin.Root {
			return true
		}
	}
	if v.isElsewhere() {
		return false
	}
	v.o.warn(WarnOldCopy, "%s", pinFile(v.o.ConfigDir, v.id))
	return false
}

// chooseIncident gives the records their incident's number and id.
func (w *writer) chooseIncident(ctx context.Context, t target) (out appended, id string, err error) {
	v := w.v
	out.incident = t.Number
	switch {
	case t.fixed && t.Number == 0:
		return out, "", nil
	case t.New:
		out.fresh = true
	case t.Number == 0:
		c, err := v.Current(ctx)
		if err != nil {
			return out, "", err
		}
		out.incident, out.fresh = c.Number, c.Number == 0
	}
	if !out.fresh {
		var one int
		err := queryRow(ctx, v.r, "SELECT 1 FROM record WHERE incident = ? LIMIT 1", out.incident)(&one)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			v.o.warn(WarnNoIncident, "%d", out.incident)
			out.fresh = true
		case err != nil:
			return out, "", err
		}
	}
	if out.fresh {
		// There are never more incidents than records: a row with a greater
		// number is somebody else's, and must not use the numbers up.
		err := queryRow(ctx, v.r, "SELECT coalesce(max(incident), 0) + 1 FROM record WHERE incident <= (SELECT max(seq) FROM record)")(&out.incident)
		if err != nil {
			return out, "", err
		}
	}
	id, err = w.incidentID(ctx, out.incident)
	return out, id, err
}

// incidentID returns the random id of an incident. Where this file does not
// know it (it was restored from a backup), a new one begins: the number is
// what joins records, the id tells two incidents of one number apart.
func (w *writer) incidentID(ctx context.Context, incident int) (string, error) {
	name := incidentName(incident)
	if id := w.v.getLocal(ctx, name); id != "" {
		return id, nil
	}
	id := randomHex(16)
	if w.without > nothing {
		return id, nil
	}
	return id, setLocal(ctx, w.conn, name, id)
}
