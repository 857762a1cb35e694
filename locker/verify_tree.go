package locker

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"

	"evidence-locker/locker/record"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// nodes compares every stored hash with what follows from the leaves.
func (c *verifier) nodes(ctx context.Context) error {
	next := int64(0)
	bad := 0
	for {
		n := 0
		err := c.each(ctx, func(rows *sql.Rows) error {
			var id int64
			var hash []byte
			if err := rows.Scan(&id, &hash); err != nil {
				return err
			}
			n++
			if id < next || id >= int64(len(c.hashes)) { // a damaged page
				return fmt.Errorf("%w: node %d out of order", ErrDamaged, id)
			}
			if id != next || !bytes.Equal(hash, c.hashes[id][:]) {
				bad++
			}
			next = id + 1
			return nil
		}, "SELECT id, hash FROM node WHERE id >= ? AND id < ? ORDER BY id LIMIT 5000", next, len(c.hashes))
		if err != nil {
			return c.damage(-1, err)
		}
		if n == 0 {
			break
		}
	}
	if missing := int64(len(c.hashes)) - next; bad > 0 || missing > 0 {
		c.fault(FaultNode, -1, "%d stored hashes are wrong, %d are missing", bad, max(missing, 0))
	}
	return c.counts(ctx)
}

// counts checks that the tables end together. It looks at one moment, which
// may be later than the one the other checks look at.
func (c *verifier) counts(ctx context.Context) error {
	var records, nodes, head, objects int64
	err := queryRow(ctx, c.v.r, `SELECT (SELECT coalesce(max(seq), -1) FROM record), (SELECT coalesce(max(id), -1) FROM node),
		(SELECT coalesce(max(size), 0) FROM head), (SELECT coalesce(max(seq), -1) FROM object)`)(&records, &nodes, &head, &objects)
	if err != nil {
		return c.damage(-1, err)
	}
	if c.missing > maxGap {
		return nil // the numbers mean nothing
	}
	if records > maxGap && records > c.v.mostRecords() {
		c.fault(FaultGap, int64(len(c.leaves)), "there is a record of number %d, with none before it", records)
		return nil
	}
	records, nodes, objects = records+1, nodes+1, objects+1
	if nodes > tlog.StoredHashCount(records) {
		c.fault(FaultNode, -1, "%d stored hashes are too many", nodes-tlog.StoredHashCount(records))
	}
	if head > records {
		c.fault(FaultHead, -1, "a head vouches for %d records, %d are there", head, records)
	}
	if objects > records {
		c.fault(FaultStray, objects-1, "an object belongs to a record that is not there")
	}
	// Rows that nobody would read.
	for _, q := range []string{"record WHERE seq < 0", "node WHERE id < 0", "key WHERE n < 1", "key_copy WHERE n < 1", "object WHERE seq < 1", "head WHERE size < 1"} {
		var n int64
		if err := queryRow(ctx, c.v.r, "SELECT count(*) FROM "+q)(&n); err != nil {
			return c.damage(-1, err)
		}
		if n > 0 {
			c.fault(FaultStrayRow, -1, "%d rows in %s", n, q)
		}
	}
	return nil
}

// heads checks every signed head, and which records none vouches for.
func (c *verifier) heads(ctx context.Context) error {
	var known []note.Verifier
	if c.genesis == nil {
		c.fault(FaultGenesis, 0, "there is none")
	} else if d := deviceKey(c.genesis, c.v.id); d == nil {
		c.fault(FaultGenesis, 0, "device key is none")
	} else {
		known = append(known, d)
	}
	owned, known, err := c.owned(ctx, known)
	if err != nil {
		return err
	}
	signed := make([]bool, len(c.leaves))
	own := make([]bool, len(c.leaves)) // signed by this machine, enrolled or not
	err = c.each(ctx, func(rows *sql.Rows) error {
		var size int64
		var text string
		if err := rows.Scan(&size, &text); err != nil {
			return err
		}
		cp, ok, err := openHead(text, c.v.id, known...)
		switch {
		case err != nil:
			c.fault(FaultHead, size-1, "%v", err)
			return nil
		case cp.Size != size:
			c.fault(FaultHead, size-1, "head of size %d stands as %d", cp.Size, size)
			return nil
		}
		root, err := tlog.TreeHash(size, c.reader())
		if err != nil {
			return err
		}
		if root != cp.Root {
			c.fault(FaultHead, size-1, "the head of size %d is not of these records", size)
			return nil
		}
		mark := signed
		if !ok && c.device != nil {
			_, ok, _ = openHead(text, c.v.id, c.device.verifier)
			mark = own
		}
		if ok {
			for i := cp.From; i < size; i++ {
				mark[i] = true
			}
		}
		return nil
	}, "SELECT size, CASE WHEN octet_length(note) <= ? THEN note ELSE '' END FROM head WHERE size <= ? ORDER BY size, id", record.MaxLeaf, len(c.leaves))
	if err != nil {
		if err := c.damage(-1, err); err != nil {
			return err
		}
	}
	c.out.Head = Head{Size: int64(len(c.leaves))}
	if c.out.Head.Root, err = tlog.TreeHash(c.out.Head.Size, c.reader()); err != nil {
		return err
	}
	if !owned && c.genesis != nil {
		c.fault(FaultOwner, 0, "the vault's owner has not signed the genesis")
	}
	for from := 0; from < len(signed); {
		until := from
		for until < len(signed) && !signed[until] {
			c.out.Unenrolled = c.out.Unenrolled || own[until]
			// Whoever has the file can seal for a recipient of theirs, or bring an
			// older passphrase back.
			if leaf := c.leaves[until]; until > 0 && leaf != nil && leaf.Key != nil && !own[until] {
				c.fault(FaultKey, int64(until), "nobody vouches for this change of the passphrase")
			}
			until++
		}
		if until > from {
			c.fault(FaultUnsigned, int64(from), "records %d to %d: no head signed by a device of this vault vouches for them", from, until-1)
		}
		from = until + 1
	}
	return nil
}

// owned reports whether the owner has signed the genesis, and adds the keys
// that the owner has enrolled to the known ones.
func (c *verifier) owned(ctx context.Context, known []note.Verifier) (bool, []note.Verifier, error) {
	if c.genesis == nil {
		return false, known, nil
	}
	owned := false
	for seq, leaf := range c.leaves {
		if leaf == nil || leaf.Device == "" {
			continue
		}
		size := int64(seq) + 1
		root, err := tlog.TreeHash(size, c.reader())
		if err != nil {
			return false, known, err
		}
		ok, err := ownerSigned(ctx, c.v.r, c.genesis, size, root)
		if err != nil {
			if err := c.damage(int64(seq), err); err != nil {
				return false, known, err
			}
		}
		if seq == 0 {
			owned = ok
		} else if key := deviceKey(leaf, c.v.id); ok && key != nil {
			known = addKey(known, key)
		}
	}
	return owned, known, nil
}

// pins compares the vault with what this machine remembers.
func (c *verifier) pins(ctx context.Context) error {
	if c.v.other {
		c.fault(FaultPlace, -1, "another vault stood at this path before")
	}
	d := c.device
	if d == nil {
		return nil
	}
	c.out.Pinned = true
	if c.newestKey != nil && sha256.Sum256([]byte(d.recipient.String())) != c.newestKey.Recipient {
		c.fault(FaultPinKey, -1, "the vault's recipient is not the one that this machine saw first")
	}
	if c.pin == nil {
		return nil
	}
	elsewhere := c.v.isElsewhere()
	if elsewhere && !c.v.IsBackup(ctx) { // it may go its own way
		c.out.Pinned = false
		return nil
	}
	if lacks := c.pin.Size - int64(len(c.leaves)); lacks > 0 {
		if elsewhere {
			c.out.Behind = lacks
			return nil
		}
		c.fault(FaultPinHead, -1, "this machine has seen %d records, %d are there", c.pin.Size, len(c.leaves))
		return nil
	}
	root, err := tlog.TreeHash(c.pin.Size, c.reader())
	if err != nil {
		return err
	}
	if root != c.pin.Root {
		c.fault(FaultPinHead, -1, "the first %d records are not those that this machine has seen", c.pin.Size)
	}
	return nil
}
