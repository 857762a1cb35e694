package locker

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"sort"

	"evidence-locker/crypto"
	"evidence-locker/locker/record"

	"golang.org/x/mod/sumdb/tlog"
)

// The codes of faults.
const (
	FaultSQLite    = "sqlite"           // SQLite's own check, or a page that cannot be read
	FaultSchema    = "schema"           // the tables are not those of the format
	FaultGenesis   = "genesis"          // record 0 is not a genesis
	FaultGap       = "gap"              // a record number is missing
	FaultLeaf      = "leaf"             // a leaf is not in its form, or of another place
	FaultSealed    = "sealed"           // a sealed record is not the one the leaf commits to
	FaultObject    = "object"           // a file's stored bytes are missing or not those committed to
	FaultStray     = "stray-object"     // an object that no leaf names
	FaultStrayRow  = "stray-row"        // a row whose number no program gives
	FaultNode      = "node"             // a stored hash does not follow from the leaves
	FaultHead      = "head"             // a head is not of these leaves, or not in its form
	FaultUnsigned  = "unsigned"         // a record that no head of an enrolled device vouches for
	FaultKey       = "key"              // a copy of the sealed key is not the one committed to
	FaultLocal     = "local"            // a row of local is damaged
	FaultPinKey    = "pinned-recipient" // the recipient is not the one this machine saw first
	FaultPinHead   = "pinned-head"      // the vault is no continuation of what this machine saw last
	FaultPlace     = "other-vault"      // another vault stood at this path before
	FaultDevice    = "device-file"      // this machine's device file cannot be read
	FaultRecord    = "record"           // an opened record is not the one committed to, or of another place
	FaultContent   = "content"          // a file's plaintext is not what its record says
	FaultIncident  = "incident"         // incident numbers have a gap
	FaultRetracted = "retracted"        // a retract record names no record of its incident
	FaultOwner     = "owner"            // the owner key is not the identity's
)

// maxGap is how many missing records are counted one by one.
const maxGap = 10000

// A Fault is one thing that is not as it was recorded.
type Fault struct {
	Code   string
	Seq    int64  // -1 if it is about no record
	Object string // object id, "" if it is about none
	Name   string // the file's name, "" if not known
	Detail string
}

// A Verification is what Verify found.
type Verification struct {
	Vault     string
	Head      Head
	Records   int64 // genesis included
	Objects   int64
	Incidents int64
	Bytes     int64 // of objects, as stored
	Staged    int64 // chunks of files whose recording was interrupted; no fault
	Unlocked  bool  // records were opened
	Pinned    bool  // compared with what this machine remembers
	Behind    int64 // records that this machine has seen and this backup does not have yet
	Faults    []Fault
	// Unenrolled says that this machine has signed records that nobody vouches
	// for: its key is not enrolled.
	Unenrolled bool
}

// Verify reads all of the vault and compares it with what it commits to. It
// changes nothing, goes on after a fault, and returns an error only where it
// could not do its work. Without a passphrase function it checks all but what
// is inside the records; an empty passphrase means none.
func Verify(ctx context.Context, path string, o Options, passphrase func() (string, error), progress func(done, total int64)) (*Verification, error) {
	v, err := Open(ctx, path, o)
	if err != nil {
		return nil, err
	}
	defer v.Close()
	var key KeyFunc
	if passphrase != nil {
		key = func(ctx context.Context, v *Vault) (*crypto.Key, error) {
			p, err := passphrase()
			if err != nil || p == "" {
				return nil, err
			}
			return v.Unlock(ctx, p)
		}
	}
	return v.verify(ctx, key, progress)
}

// verify does what Verify does. Key may be nil, and may return no key.
func (v *Vault) verify(ctx context.Context, key KeyFunc, progress func(done, total int64)) (out *Verification, err error) {
	if progress == nil {
		progress = func(int64, int64) {}
	}
	c := &verifier{v: v, progress: progress, out: &Verification{Vault: v.id}, lost: map[string]bool{}}
	// Read before the vault: others may add meanwhile, and what this machine
	// has seen must not be ahead of what is read here.
	if c.device, err = loadDevice(&v.o, v.id); err != nil {
		c.fault(FaultDevice, -1, "%v", err)
	}
	c.pin = loadPin(&v.o, v.id)
	if key != nil {
		if c.key, err = key(ctx, v); err != nil {
			return nil, err
		}
		c.out.Unlocked = c.key != nil
	}
	for _, check := range []func(context.Context) error{
		c.integrity, c.schema, c.keys, c.records, c.objects, c.nodes, c.heads, c.pins, c.local, c.opened,
	} {
		if err := check(ctx); err != nil {
			return nil, fmt.Errorf("verifying: %w", err)
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	sort.SliceStable(c.out.Faults, func(i, j int) bool { return c.out.Faults[i].Seq < c.out.Faults[j].Seq })
	return c.out, nil
}

// verifier carries a verification through its checks.
type verifier struct {
	v        *Vault
	out      *Verification
	key      *crypto.Key // nil: not unlocked
	progress func(done, total int64)

	device      *device // nil: this machine has none
	pin         *record.Checkpoint
	total, done int64
	genesis     *record.Leaf
	leaves      []*record.Leaf // by seq; nil: unreadable or newer
	hashes      []tlog.Hash    // stored hashes as they follow from the leaves
	newestKey   *record.LeafKey
	incidents   map[int]bool
	lost        map[string]bool // objects with a fault
	newer       map[int64]bool  // records whose leaf a newer program wrote
	missing     int64           // records
}

func (c *verifier) fault(code string, seq int64, format string, args ...any) {
	c.out.Faults = append(c.out.Faults, Fault{Code: code, Seq: seq, Detail: fmt.Sprintf(format, args...)})
}

// damage makes a fault of an error that comes from damaged pages, and hands
// back any other.
func (c *verifier) damage(seq int64, err error) error {
	if err = sqlError("reading", err); errors.Is(err, ErrDamaged) {
		c.fault(FaultSQLite, seq, "%v", err)
		return nil
	}
	return err
}

// each runs a query and scans its rows.
func (c *verifier) each(ctx context.Context, scan func(*sql.Rows) error, text string, args ...any) error {
	return query(ctx, c.v.r, scan, text, args...)
}

// integrity runs SQLite's own check on the tables whose rows are small. Chunks
// are covered by their digests.
func (c *verifier) integrity(ctx context.Context) error {
	for _, table := range []string{"key", "key_copy", "record", "object", "node", "head", "token", "local"} {
		var answers []string
		err := c.each(ctx, func(rows *sql.Rows) error {
			var s string
			err := rows.Scan(&s)
			answers = append(answers, s)
			return err
		}, "PRAGMA integrity_check("+table+")")
		if err != nil {
			if err := c.damage(-1, fmt.Errorf("table %s: %w", table, err)); err != nil {
				return err
			}
			continue
		}
		for _, s := range answers {
			if s != "ok" {
				c.fault(FaultSQLite, -1, "table %s: %s", table, s)
			}
		}
	}
	return nil
}

func (c *verifier) schema(ctx context.Context) error {
	got, err := readSchema(ctx, c.v.r)
	if err != nil {
		return c.damage(-1, err)
	}
	if got != schemaDigest || c.v.mended {
		c.fault(FaultSchema, -1, "the tables are not those of format %d", formatVersion)
	}
	return nil
}

// keys compares both copies of the sealed key with the newest key line.
func (c *verifier) keys(ctx context.Context) error {
	var rows []keyRow
	for range 2 { // a passphrase that is changed meanwhile is no fault
		var err error
		if rows, err = c.v.readKeys(ctx); err != nil {
			return c.damage(-1, err)
		}
		if rows[len(rows)-1].believed {
			return nil
		}
	}
	for _, row := range rows {
		if !row.believed {
			c.fault(FaultKey, -1, "table %s", row.table)
		}
	}
	return nil
}

// records checks every row of record against its leaf, in one pass.
func (c *verifier) records(ctx context.Context) error {
	c.incidents, c.newer = map[int]bool{}, map[int64]bool{}
	reader := c.reader()
	if err := queryRow(ctx, c.v.r, "SELECT coalesce(sum(size), 0) FROM object")(&c.total); err != nil {
		if err := c.damage(-1, err); err != nil {
			return err
		}
	}
	check := func(row sealedRow) error {
		// Only where the trigger was got round. What is missing is counted up to
		// a limit: a number far ahead would cost memory without end.
		if missing := row.seq - int64(len(c.leaves)); missing > 0 {
			c.fault(FaultGap, int64(len(c.leaves)), "%d records are missing", missing)
			if c.missing += missing; c.missing > maxGap {
				return nil
			}
		}
		for int64(len(c.leaves)) < row.seq {
			c.leaves = append(c.leaves, nil)
			if err := c.addLeaf(reader, ""); err != nil {
				return err
			}
		}
		c.leaves = append(c.leaves, c.checkRow(row))
		return c.addLeaf(reader, row.leaf)
	}
	// The genesis is not among what rows gives.
	row, err := readRow(ctx, c.v.r, 0)
	row.err = err
	if err := check(row); err != nil {
		return err
	}
	last, err := c.v.rows(ctx, -1, func(batch []sealedRow) error {
		for _, row := range batch {
			if err := check(row); err != nil {
				return err
			}
		}
		return ctx.Err()
	})
	if err != nil {
		if err := c.damage(int64(len(c.leaves)), err); err != nil {
			return err
		}
	}
	if there := int64(len(c.leaves)) - 1; there < last && c.missing <= maxGap {
		c.fault(FaultGap, there+1, "%d records are missing at the end", last-there)
	}
	c.out.Records = int64(len(c.leaves))
	c.out.Incidents = int64(len(c.incidents))
	return nil
}

// reader gives the hashes as they follow from the leaves.
func (c *verifier) reader() tlog.HashReader {
	return tlog.HashReaderFunc(func(ids []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(ids))
		for i, id := range ids {
			out[i] = c.hashes[id]
		}
		return out, nil
	})
}

func (c *verifier) addLeaf(r tlog.HashReader, leaf string) error {
	hashes, err := tlog.StoredHashes(int64(len(c.leaves))-1, []byte(leaf), r)
	c.hashes = append(c.hashes, hashes...)
	return err
}

// checkRow returns the row's leaf, nil if it cannot be used.
func (c *verifier) checkRow(row sealedRow) *record.Leaf {
	if row.err != nil {
		c.fault(FaultSQLite, row.seq, "%v", row.err)
		return nil
	}
	if row.incident > 0 {
		c.incidents[row.incident] = true
	}
	leaf, err := record.ParseLeaf(row.leaf)
	switch {
	case errors.Is(err, record.ErrNewer):
		c.newer[row.seq] = true
		return nil
	case err != nil:
		c.fault(FaultLeaf, row.seq, "%v", err)
		return nil
	case leaf.Seq != row.seq || leaf.Incident != row.incident:
		c.fault(FaultLeaf, row.seq, "leaf says record %d of incident %d, the row %d of %d", leaf.Seq, leaf.Incident, row.seq, row.incident)
		return nil
	}
	if leaf.Key != nil && leaf.Key.N == 1 {
		c.newestKey = leaf.Key
	}
	if row.seq == 0 {
		c.genesis = leaf
		if len(row.sealed) != 0 {
			c.fault(FaultGenesis, 0, "the genesis holds a record")
		}
		return leaf
	}
	if sha256.Sum256(row.sealed) != leaf.Sealed {
		c.fault(FaultSealed, row.seq, "sealed record is not the one committed to")
	}
	return leaf
}

func (c *verifier) local(ctx context.Context) error {
	err := c.each(ctx, func(rows *sql.Rows) error {
		var name, value, sum string
		if err := rows.Scan(&name, &value, &sum); err != nil {
			return err
		}
		if sum != localSum(name, value) {
			c.fault(FaultLocal, -1, "row %q", name)
		}
		return nil
	}, "SELECT name, value, sum FROM local")
	if err != nil {
		return c.damage(-1, err)
	}
	return nil
}
