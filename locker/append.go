package locker

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"evidence-locker/crypto"
	"evidence-locker/locker/record"

	"golang.org/x/mod/sumdb/note"
)

// An entry is a record on its way into the vault.
type entry struct {
	typ    record.Type
	body   record.Fields
	object *sealedObject                              // nil: no file
	key    *record.LeafKey                            // nil: the sealed identity stays
	device string                                     // the device key that it enrols; the last entry only
	owner  note.Signer                                // signs the head as well; nil: the device alone does
	before func(ctx context.Context, q querier) error // further changes in the same transaction; may be nil

	seq int64 // set by append
}

// A sealedObject is a file's age file, in memory or staged in chunks.
type sealedObject struct {
	id        string
	plainSize int64
	plainSum  [32]byte
	size      int64
	sum       [32]byte
	data      []byte // nil: staged
	chunks    int
}

// target says under which incident records go.
type target struct {
	Target
	fixed bool // take Number as it is, 0 included, and leave the current incident alone
}

// appended is what a transaction made.
type appended struct {
	incident int
	fresh    bool // the incident began with it
	head     record.Checkpoint
	follows  bool // the vault is a continuation of the pinned head
}

// A step of the write order, named for the tests that fail each one.
type step string

const (
	stepGate   step = "gate"
	stepBegin  step = "begin"
	stepCheck  step = "check"
	stepRecord step = "record"
	stepHead   step = "head"
	stepCommit step = "commit"
	stepPin    step = "pin"
)

// testHook, if set by a test, is called before and after each step of append;
// an error from it takes the place of the step's own.
var testHook func(s step, after bool) error

func hook(s step, after bool) error {
	if testHook == nil {
		return nil
	}
	return testHook(s, after)
}

// chunkSize is the largest piece of an object in one row, in bytes.
const chunkSize = 1 << 20

// append writes entries as consecutive records of one incident, all or none.
//
//  1. Take the gate. A crash gives it back.
//  2. Begin. Until step 6 a crash leaves a journal that the next process rolls
//     back: the vault is as it was.
//  3. Check that the triggers are the format's and that the stored hashes lead
//     to the newest head, else make them anew; compare the pins. Choose the
//     incident.
//  4. For each entry: seal its record; insert record, object, the chunks that
//     are not staged, and the hashes of its leaf.
//  5. Sign and insert the head; note the current incident; read the rows back.
//  6. Commit. If its answer is an error, look whether the leaves are there: a
//     commit can be durable and still be reported as failed.
//  7. Pin the head in the config folder, without waiting for the disk. A crash
//     before leaves a pin that lags.
//
// Only then may anybody be told that it is recorded.
//
// If a damaged page stops it, steps 2 to 6 are done again without the tables
// that recording can do without.
func (v *Vault) append(ctx context.Context, t target, entries []*entry) (out appended, err error) {
	unlock, err := v.lockGate(ctx)
	if err != nil {
		return out, err
	}
	defer unlock()
	var damage error
	for without := nothing; without <= heads; without++ {
		if out, err = v.transaction(ctx, t, entries, without); !errors.Is(err, ErrDamaged) {
			break
		}
		damage = err
	}
	if err != nil {
		return out, err
	}
	if damage != nil {
		v.o.warn(WarnDamaged, "%v", damage)
	}
	// A pin that the vault does not follow is kept: what is gone stays noticed.
	if err := hook(stepPin, false); err == nil && out.follows && !v.unborn {
		v.savePin(out.head)
		v.devMu.Lock()
		if v.newPlace {
			v.savePlace()
			v.newPlace = false
		}
		v.devMu.Unlock()
	}
	return out, nil
}

// What recording can do without, if it is damaged: hashes follow from the
// leaves; without table local a new incident begins; without a head the record
// is there, and verify says that nobody vouches for it.
type dispensable int

const (
	nothing dispensable = iota
	nodes               // tables node and local
	heads               // and table head
)

// A writer is one transaction of append.
type writer struct {
	v       *Vault
	conn    *sql.Conn
	tree    *tree
	without dispensable
}

// transaction does steps 2 to 6.
func (v *Vault) transaction(ctx context.Context, t target, entries []*entry, without dispensable) (out appended, err error) {
	conn, err := v.begin(ctx)
	if err != nil {
		return out, err
	}
	defer conn.Close()
	w := &writer{v: v, conn: conn, tree: &tree{q: conn, memory: without >= nodes}, without: without}
	// What has begun is finished: an interrupt between here and the commit
	// would only cost the record. It still ends the wait for a reader.
	interrupt := ctx
	ctx = context.WithoutCancel(ctx)
	var leaves []string
	out, leaves, err = w.write(ctx, t, entries)
	if err == nil {
		err = v.commit(interrupt, conn)
	}
	if err != nil {
		conn.ExecContext(ctx, "ROLLBACK")
		if !v.landed(ctx, entries, leaves) {
			return out, sqlError("recording", err)
		}
	}
	return out, nil
}

func (v *Vault) lockGate(ctx context.Context) (unlock func(), err error) {
	if err := hook(stepGate, false); err != nil {
		return nil, err
	}
	unlock, err = v.gate.lock(ctx, v.o.Waiting)
	if err != nil {
		return nil, err
	}
	if err := hook(stepGate, true); err != nil {
		unlock()
		return nil, err
	}
	return unlock, nil
}

// warm opens the writing connection, for whoever needs it next.
func (v *Vault) warm(ctx context.Context) {
	if conn, err := v.w.Conn(ctx); err == nil {
		conn.Close()
	}
}

// begin starts a writing transaction; readers can hold it up for a moment.
func (v *Vault) begin(ctx context.Context) (*sql.Conn, error) {
	if err := hook(stepBegin, false); err != nil {
		return nil, err
	}
	v.follow()
	conn, err := v.w.Conn(ctx)
	if err != nil {
		return nil, sqlError("opening vault for writing", err)
	}
	err = v.waitFor(ctx, conn, "BEGIN IMMEDIATE")
	if err == nil {
		err = hook(stepBegin, true)
	}
	if err != nil {
		conn.ExecContext(ctx, "ROLLBACK")
		conn.Close()
		return nil, sqlError("beginning to write", err)
	}
	return conn, nil
}

func (v *Vault) commit(ctx context.Context, conn *sql.Conn) error {
	if err := hook(stepCommit, false); err != nil {
		return err
	}
	// A reader's lock makes COMMIT wait; the transaction stays open meanwhile.
	if err := v.waitFor(ctx, conn, "COMMIT"); err != nil {
		return err
	}
	return hook(stepCommit, true)
}

// waitFor runs a statement that other connections can hold up, until it
// succeeds or the context ends, and says once that it waits.
func (v *Vault) waitFor(ctx context.Context, conn *sql.Conn, statement string) error {
	began, told := time.Now(), v.o.Waiting == nil
	return retry(ctx, func() error {
		if !told && time.Since(began) > waitNotice {
			told = true
			v.o.Waiting("") // whoever it is does not use the gate
		}
		_, err := conn.ExecContext(context.WithoutCancel(ctx), statement)
		return err
	})
}

// landed reports whether the entries are in the vault although writing them
// ended in an error.
func (v *Vault) landed(ctx context.Context, entries []*entry, leaves []string) bool {
	if len(leaves) != len(entries) {
		return false
	}
	db, err := openDB(v.file, "rw", readDSN) // a new connection: the old one's state is unknown
	if err != nil {
		return false
	}
	defer db.Close()
	for i, e := range entries {
		var leaf string
		err := queryRow(ctx, db, "SELECT leaf FROM record WHERE seq = ?", e.seq)(&leaf)
		if err != nil || leaf != leaves[i] {
			return false
		}
	}
	return true
}

// write does steps 3 to 5.
func (w *writer) write(ctx context.Context, t target, entries []*entry) (out appended, leaves []string, err error) {
	if err := hook(stepCheck, false); err != nil {
		return out, nil, err
	}
	if err := restoreSchema(ctx, w.conn); err != nil {
		return out, nil, fmt.Errorf("checking tables: %w", err)
	}
	d, err := w.v.device(ctx)
	if err != nil {
		return out, nil, err
	}
	size, err := w.checkTree(ctx)
	if err != nil {
		return out, nil, fmt.Errorf("checking tree: %w", err)
	}
	follows := w.checkPins(ctx, d, size)
	out, incidentID, err := w.chooseIncident(ctx, t)
	out.follows = follows
	if err != nil {
		return out, nil, fmt.Errorf("choosing incident: %w", err)
	}
	if err := hook(stepCheck, true); err != nil {
		return out, nil, err
	}

	for i, e := range entries {
		if err := hook(stepRecord, false); err != nil {
			return out, nil, err
		}
		e.seq = size + int64(i)
		incident, id := out.incident, incidentID
		if e.typ == record.Reporter { // the person is the same in all incidents
			incident, id = 0, ""
		}
		leaf, err := w.insert(ctx, d.recipient, incident, id, e)
		if err != nil {
			return out, nil, err
		}
		leaves = append(leaves, leaf)
		if err := hook(stepRecord, true); err != nil {
			return out, leaves, err
		}
	}

	if err := hook(stepHead, false); err != nil {
		return out, leaves, err
	}
	out.head = record.Checkpoint{Vault: w.v.id, Size: size + int64(len(entries)), From: size}
	if out.head.Root, err = w.tree.root(ctx, out.head.Size); err != nil {
		return out, leaves, err
	}
	signers := []note.Signer{d.signer}
	if last := entries[len(entries)-1]; last.owner != nil {
		signers = append(signers, last.owner)
	}
	text, err := signHead(out.head, signers...)
	if err != nil {
		return out, leaves, err
	}
	if w.without < heads {
		if _, err := w.conn.ExecContext(ctx, "INSERT INTO head (size, note) VALUES (?, ?)", out.head.Size, text); err != nil {
			return out, leaves, err
		}
	}
	// What is added to is a vault of its own from now on.
	if w.v.IsBackup(ctx) {
		w.v.o.warn(WarnBackup, "%s", w.v.path)
		if err := deleteLocal(ctx, w.conn, localCopy); err != nil {
			return out, leaves, err
		}
	}
	if !t.fixed && w.without == nothing {
		if err := setCurrent(ctx, w.conn, out.incident, w.v.o.Now().At); err != nil {
			return out, leaves, err
		}
	}
	if w.without == nothing {
		if err := w.noteUnsaved(ctx, entries); err != nil {
			return out, leaves, err
		}
	}
	if err := readBack(ctx, w.conn, entries, leaves); err != nil {
		return out, leaves, fmt.Errorf("reading back: %w", err)
	}
	return out, leaves, hook(stepHead, true)
}

// readBack makes sure, before the commit, that the rows are as they were
// inserted: a trigger of somebody else's making would run unseen.
func readBack(ctx context.Context, q querier, entries []*entry, leaves []string) error {
	for i, e := range entries {
		var leaf string
		var sealed []byte
		if err := q.QueryRowContext(ctx, "SELECT leaf, sealed FROM record WHERE seq = ?", e.seq).Scan(&leaf, &sealed); err != nil {
			return err
		}
		l, err := record.ParseLeaf(leaf)
		if err != nil || leaf != leaves[i] || sha256.Sum256(sealed) != l.Sealed {
			return fmt.Errorf("%w: record %d is another", ErrDamaged, e.seq)
		}
		if o := e.object; o != nil {
			var size, stored int64
			err := q.QueryRowContext(ctx, "SELECT size, (SELECT sum(length(data)) FROM chunk WHERE object = id) FROM object WHERE id = ? AND seq = ?", o.id, e.seq).Scan(&size, &stored)
			if err != nil || size != o.size || stored != o.size {
				return fmt.Errorf("%w: file of record %d is another: %v", ErrDamaged, e.seq, err)
			}
		}
	}
	return nil
}

// insert does step 4 for one entry and returns its leaf.
func (w *writer) insert(ctx context.Context, r crypto.Recipient, incident int, incidentID string, e *entry) (string, error) {
	if e.before != nil {
		if err := e.before(ctx, w.conn); err != nil {
			return "", err
		}
	}
	now := w.v.o.Now()
	rec := &record.Record{
		Vault: w.v.id, ID: randomHex(16), Seq: e.seq, Salt: randomHex(32), Type: e.typ,
		Incident: incident, IncidentID: incidentID,
		RecordedAt: now.At, Clock: record.Clock{Zone: now.Zone, Synchronised: now.Synchronised},
		Device: w.v.o.Device, Tool: w.v.o.Tool, Fields: e.body,
	}
	leaf := &record.Leaf{Seq: e.seq, Incident: incident, Key: e.key, Device: e.device}
	if o := e.object; o != nil {
		rec.Objects = []record.Object{{ID: o.id, SHA256: o.plainSum, Size: o.plainSize}}
		leaf.Objects = []record.LeafObject{{ID: o.id, Size: o.size, SHA256: o.sum}}
	}
	plain, err := rec.Marshal()
	if err != nil {
		return "", fmt.Errorf("writing record: %w", err)
	}
	var sealed bytes.Buffer
	age, err := crypto.Encrypt(&sealed, r)
	if err != nil {
		return "", err
	}
	if _, err := age.Write(plain); err != nil {
		return "", err
	}
	if err := age.Close(); err != nil {
		return "", err
	}
	leaf.Opened = sha256.Sum256(plain)
	leaf.Sealed = sha256.Sum256(sealed.Bytes())
	text := leaf.Marshal()
	if _, err := w.conn.ExecContext(ctx, "INSERT INTO record VALUES (?, ?, ?, ?)", e.seq, incident, text, sealed.Bytes()); err != nil {
		return "", err
	}
	if e.object != nil {
		if err := w.insertObject(ctx, e.seq, e.object); err != nil {
			return "", err
		}
	}
	return text, w.tree.add(ctx, e.seq, text)
}

// insertObject inserts the object's row, after its chunks if they are not
// staged; staged ones must all be there.
func (w *writer) insertObject(ctx context.Context, seq int64, o *sealedObject) error {
	q := w.conn
	for n := 0; n*chunkSize < len(o.data); n++ {
		end := min((n+1)*chunkSize, len(o.data))
		if err := insertChunk(ctx, q, o.id, n, o.data[n*chunkSize:end]); err != nil {
			return err
		}
	}
	var chunks int
	var size sql.NullInt64
	if err := q.QueryRowContext(ctx, "SELECT count(*), sum(length(data)) FROM chunk WHERE object = ?", o.id).Scan(&chunks, &size); err != nil {
		return err
	}
	if chunks != o.chunks || size.Int64 != o.size {
		return fmt.Errorf("%w: %d chunks with %d bytes are staged, not %d with %d", ErrDamaged, chunks, size.Int64, o.chunks, o.size)
	}
	if _, err := q.ExecContext(ctx, "INSERT INTO object VALUES (?, ?, ?, ?, ?)", o.id, seq, o.chunks, o.size, o.sum[:]); err != nil {
		return err
	}
	if o.data != nil || w.without > nothing {
		return nil
	}
	return deleteLocal(ctx, q, stageName(o.id)) // it was staged
}

func insertChunk(ctx context.Context, q querier, object string, n int, data []byte) error {
	_, err := q.ExecContext(ctx, "INSERT INTO chunk (object, n, data) VALUES (?, ?, ?)", object, n, data)
	return err
}
