package locker

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"evidence-locker/locker/record"
	"fmt"
	"io"
	"math"
	"strconv"
)

// objects checks that each object is the one that its leaf commits to.
func (c *verifier) objects(ctx context.Context) error {
	type row struct {
		id        string
		seq, size int64
		chunks    int
		sum       []byte
		named     bool
	}
	rows := map[string]*row{}
	stored, err := c.chunkRows(ctx)
	if err != nil {
		return err
	}
	err = c.each(ctx, func(r *sql.Rows) error {
		var o row
		err := r.Scan(&o.id, &o.seq, &o.chunks, &o.size, &o.sum)
		rows[o.id] = &o
		return err
	}, "SELECT id, seq, chunks, size, sha256 FROM object WHERE seq < ?", len(c.leaves))
	if err != nil {
		if err := c.damage(-1, err); err != nil {
			return err
		}
	}
	for seq, leaf := range c.leaves {
		if leaf == nil {
			continue
		}
		for _, want := range leaf.Objects {
			c.out.Objects++
			bad := func(format string, args ...any) {
				c.lost[want.ID] = true
				c.out.Faults = append(c.out.Faults, Fault{Code: FaultObject, Seq: int64(seq), Object: want.ID, Detail: fmt.Sprintf(format, args...)})
			}
			o := rows[want.ID]
			if o == nil {
				bad("no object row")
			} else {
				o.named = true
				if o.seq != int64(seq) || o.size != want.Size || !bytes.Equal(o.sum, want.SHA256[:]) {
					bad("object row says another record, size or digest than the leaf")
				}
			}
			size, chunks, sum, err := c.v.objectSum(ctx, want.ID, want.Size, c.advance)
			switch {
			case err != nil && !errors.Is(err, ErrDamaged):
				return err
			case err != nil:
				bad("%v", err)
			case chunks != stored[want.ID]:
				bad("%d chunks stand in the table, %d in its index", stored[want.ID], chunks)
			case size != want.Size || sum != want.SHA256 || o != nil && chunks != o.chunks:
				bad("%d bytes in %d chunks are stored, not the %d committed to", size, chunks, want.Size)
			default:
				c.out.Bytes += size
			}
		}
	}
	for id, o := range rows {
		if !o.named && !c.newer[o.seq] {
			c.out.Faults = append(c.out.Faults, Fault{Code: FaultStray, Seq: o.seq, Object: id, Detail: "no leaf names it"})
		}
	}
	err = queryRow(ctx, c.v.r, "SELECT count(*) FROM chunk WHERE NOT EXISTS (SELECT 1 FROM object WHERE id = chunk.object)")(&c.out.Staged)
	if err != nil {
		return c.damage(-1, err)
	}
	return nil
}

// chunkRows counts the chunks of each object without their index, which is
// what they are read through: a row can be damaged where the index is not.
func (c *verifier) chunkRows(ctx context.Context) (map[string]int, error) {
	stored := map[string]int{}
	for after := int64(math.MinInt64); ; {
		n := 0
		err := c.each(ctx, func(rows *sql.Rows) error {
			var row int64
			var object string
			var number int
			if err := rows.Scan(&row, &object, &number); err != nil {
				return err
			}
			if row <= after {
				return fmt.Errorf("%w: chunk row %d out of order", ErrDamaged, row)
			}
			after = row
			n++
			if number == stored[object] { // they were inserted in this order
				stored[object]++
			}
			return nil
		}, "SELECT row, object, n FROM chunk NOT INDEXED WHERE row > ? ORDER BY row LIMIT 4096", after)
		if err != nil {
			return stored, c.damage(-1, err)
		}
		if n == 0 {
			return stored, nil
		}
	}
}

func (c *verifier) advance(n int) {
	c.done += int64(n)
	c.progress(c.done, max(c.total, c.done))
}

// opened checks what only the key shows.
func (c *verifier) opened(ctx context.Context) error {
	if c.key == nil {
		return nil
	}
	if c.genesis != nil {
		if owner, err := ownerKey(c.v.id, c.key); err != nil || owner != c.genesis.Owner {
			c.fault(FaultOwner, 0, "the owner key is not the one of this vault's identity")
		}
	}
	for n := range c.incidents {
		if n > len(c.incidents) {
			c.fault(FaultIncident, -1, "incident %s is there, but not all before it", strconv.Itoa(n))
		}
	}
	incidents, err := c.v.Survey(ctx, c.key, func(r *Record) bool { return r.Exhibit != nil })
	if err != nil {
		return c.damage(-1, err)
	}
	names := map[string]string{}
	for _, in := range incidents {
		for _, d := range in.Damaged {
			if d.Seq >= int64(len(c.leaves)) || c.leaves[d.Seq] == nil {
				continue // named with its row
			}
			c.fault(FaultRecord, d.Seq, "%v", d.Err)
		}
		retracted := map[*Record]bool{}
		for _, r := range in.Records {
			if r.Retracted != nil {
				retracted[r.Retracted] = true
			}
		}
		for _, r := range in.Records {
			if r.Known && r.Type == record.Retract && !retracted[r] && !c.again(in, r) {
				c.fault(FaultRetracted, r.Seq, "it withdraws a record that is not in its incident")
			}
			if r.Exhibit == nil {
				continue
			}
			names[r.Exhibit.ObjectID] = r.Exhibit.Name
			if c.lost[r.Exhibit.ObjectID] {
				continue // already named
			}
			if err := c.content(ctx, r.Exhibit); err != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				c.out.Faults = append(c.out.Faults, Fault{Code: FaultContent, Seq: r.Seq, Object: r.Exhibit.ObjectID, Name: r.Exhibit.Name, Detail: err.Error()})
			}
		}
	}
	for i := range c.out.Faults {
		if f := &c.out.Faults[i]; f.Object != "" {
			f.Name = names[f.Object]
		}
	}
	return nil
}

// again reports whether r withdraws a record that another had withdrawn.
func (c *verifier) again(in *Incident, r *Record) bool {
	id, _ := r.Fields["id"].(record.Text)
	for _, other := range in.Records {
		if other.ID == string(id) && other.Retracted != nil {
			return true
		}
	}
	return false
}

func (c *verifier) content(ctx context.Context, e *Exhibit) error {
	rc, err := c.v.Content(ctx, c.key, e)
	if err != nil {
		return err
	}
	defer rc.Close()
	_, err = io.Copy(io.Discard, rc)
	return err
}
