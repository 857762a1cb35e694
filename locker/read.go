package locker

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sort"
	"sync"
	"time"

	"evidence-locker/crypto"
	"evidence-locker/locker/record"
)

// A Record is an opened record, as readers see it.
type Record struct {
	record.Record
	Exhibit   *Exhibit // the file of an evidence record, else nil
	Retracted *Record  // the record that withdrew it, nil if none
	Under     *Record  // the record that brought it in from another incident, nil if it is the incident's own
	Raw       []byte   // the record's JSON without padding
	Known     bool     // false: a newer program wrote it, only Seq, Incident and Raw are set
}

// An Exhibit is a file in the vault.
type Exhibit struct {
	Seq       int64
	ObjectID  string // 32 hex digits
	Name      string // for show
	RawName   []byte // as the system gave it
	Size      int64  // bytes
	SHA256    [32]byte
	MediaType string    // by content
	Modified  time.Time // the file's own, zero if not known
}

// Damage is a record that could not be read.
type Damage struct {
	Seq    int64
	Err    error
	Absent bool // another record names it, and it is not where that says
}

// readBatch is how many records one statement reads. No reader holds its lock
// for longer: a writer waits for it.
const readBatch = 256

// sealedRow is a row of record.
type sealedRow struct {
	seq      int64
	incident int
	leaf     string
	sealed   []byte
	err      error // the row cannot be read; only seq is set
}

// rows calls f for the records of an incident, or of all incidents with
// incident -1, in order, in batches, up to the newest one at the start. The
// genesis is not among them. It returns the number of the newest record that
// there is or was.
func (v *Vault) rows(ctx context.Context, incident int, f func([]sealedRow) error) (last int64, err error) {
	where := "seq > ? AND seq <= ?"
	if incident >= 0 {
		where += fmt.Sprintf(" AND incident = %d", incident)
	}
	if last, err = v.lastSeq(ctx); err != nil {
		return 0, err
	}
	for after := int64(0); after < last; {
		var batch []sealedRow
		cut := false
		err := retry(ctx, func() error {
			bytes := 0
			batch, cut = batch[:0], false
			rows, err := v.r.QueryContext(ctx, "SELECT seq, incident, leaf, sealed FROM record WHERE "+where+" ORDER BY seq LIMIT ?", after, last, readBatch)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var r sealedRow
				if err := rows.Scan(&r.seq, &r.incident, &r.leaf, &r.sealed); err != nil {
					return scanError(ctx, err)
				}
				// On a damaged page rows can come out of order, and without end.
				if r.seq <= after || r.seq > last || len(batch) > 0 && r.seq <= batch[len(batch)-1].seq {
					return fmt.Errorf("%w: record %d out of order", ErrDamaged, r.seq)
				}
				batch = append(batch, r)
				if bytes += len(r.leaf) + len(r.sealed); bytes > record.MaxSize {
					cut = true
					return nil
				}
			}
			return rows.Err()
		})
		end := last
		if err = sqlError("reading records", err); errors.Is(err, ErrDamaged) {
			end = min(after+readBatch, last)
			batch, err = v.rowsOneByOne(ctx, incident, after, end)
		} else if cut || len(batch) == readBatch {
			end = batch[len(batch)-1].seq
		}
		if err != nil {
			return last, err
		}
		after = end
		if len(batch) > 0 {
			if err := f(batch); err != nil {
				return last, err
			}
		}
	}
	return last, nil
}

// scanError is for what a row holds that cannot be scanned: no program wrote
// it.
func scanError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("%w: %v", ErrDamaged, err)
}

// maxRecords is a number of records that no vault reaches. A greater one is
// damage, and is not counted up to.
const maxRecords = 1 << 40

// newestRow returns the number of the newest row of record.
func (v *Vault) newestRow(ctx context.Context) (row int64, err error) {
	err = queryRow(ctx, v.r, "SELECT coalesce(max(seq), 0) FROM record")(&row)
	if err = sqlError("reading records", err); err == nil && row > maxGap && row > v.mostRecords() {
		err = fmt.Errorf("%w: there is a record of number %d", ErrDamaged, row)
	}
	return row, err
}

// minRow is less than any row of record has, in bytes.
const minRow = 128

// mostRecords returns a number that the newest record of a file of this size
// does not reach, with gaps that are counted one by one.
func (v *Vault) mostRecords() int64 {
	info, err := os.Stat(v.file)
	if err != nil {
		return maxRecords
	}
	return min(info.Size()/minRow+maxGap, maxRecords)
}

// lastSeq returns the number of the newest record that there is or was: where
// rows are gone, or their page cannot be read, the heads tell.
func (v *Vault) lastSeq(ctx context.Context) (int64, error) {
	// The head first: others may add meanwhile.
	var head int64
	headErr := sqlError("reading heads", queryRow(ctx, v.r, "SELECT coalesce(max(size), 1) - 1 FROM head")(&head))
	row, err := v.newestRow(ctx)
	switch {
	case err == nil && (headErr != nil || head-row > maxGap): // a head of somebody's invention
		return row, nil
	case errors.Is(err, ErrDamaged) && headErr == nil:
		var rows int64 // from an index
		if err := sqlError("counting records", queryRow(ctx, v.r, "SELECT count(*) FROM record")(&rows)); err != nil {
			return 0, err
		}
		return min(head, rows+maxGap), nil
	}
	return max(row, head), err
}

// readRow reads one row; sql.ErrNoRows says that there is none of this number.
func readRow(ctx context.Context, q querier, seq int64) (sealedRow, error) {
	r := sealedRow{seq: seq}
	err := queryRow(ctx, q, "SELECT incident, leaf, sealed FROM record WHERE seq = ?", seq)(&r.incident, &r.leaf, &r.sealed)
	return r, err
}

// rowsOneByOne reads the rows around a damaged page: every one that can be
// read, and the error of every one that cannot. Which incident the latter are
// of is not known; they count for each.
func (v *Vault) rowsOneByOne(ctx context.Context, incident int, after, end int64) (batch []sealedRow, err error) {
	for seq := after + 1; seq <= end; seq++ {
		// Not by incident: an index could be what is damaged.
		r, err := readRow(ctx, v.r, seq)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			r = sealedRow{seq: seq, err: fmt.Errorf("%w: %v", ErrDamaged, err)}
		} else if incident >= 0 && r.incident != incident {
			continue
		}
		batch = append(batch, r)
	}
	return batch, nil
}

// openAll opens rows on all cores. A row that does not open is a Damage. See
// [Vault.Survey] for keep; nil keeps all.
func (v *Vault) openAll(ctx context.Context, k *crypto.Key, incident int, keep func(*Record) bool) (records []*Record, damaged []Damage, err error) {
	type result struct {
		seq int64
		rec *Record
		err error
	}
	type job struct {
		row sealedRow
		to  *result
	}
	var (
		jobs    = make(chan job, readBatch)
		all     []*result
		workers sync.WaitGroup
	)
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for j := range jobs {
				r, err := v.openRow(k, j.row)
				if err == nil && keep != nil && r.Type != record.Retract && r.Type != record.Under && !keep(r) {
					r = r.bare()
				}
				j.to.rec, j.to.err = r, err
			}
		})
	}
	last, err := v.rows(ctx, incident, func(batch []sealedRow) error {
		for _, row := range batch {
			r := &result{seq: row.seq}
			all = append(all, r)
			jobs <- job{row, r}
		}
		return ctx.Err()
	})
	close(jobs)
	workers.Wait()
	next, missing := int64(1), 0
	gone := func(until int64) {
		for ; incident < 0 && next < until && missing < maxGap; next++ {
			damaged = append(damaged, Damage{Seq: next, Err: fmt.Errorf("%w: record is missing", ErrDamaged)})
			missing++
		}
		next = until + 1
	}
	for _, r := range all {
		gone(r.seq)
		if r.err != nil {
			damaged = append(damaged, Damage{Seq: r.seq, Err: r.err})
		} else {
			records = append(records, r.rec)
		}
	}
	gone(last + 1)
	return records, damaged, err
}

// bare is the record without what it says.
func (r *Record) bare() *Record {
	return &Record{Known: r.Known, Record: record.Record{ID: r.ID, Seq: r.Seq, Incident: r.Incident, Type: r.Type, RecordedAt: r.RecordedAt}}
}

// openRow opens one record and checks it against its leaf.
func (v *Vault) openRow(k *crypto.Key, row sealedRow) (*Record, error) {
	if row.err != nil {
		return nil, row.err
	}
	leaf, err := record.ParseLeaf(row.leaf)
	if errors.Is(err, record.ErrNewer) {
		return &Record{Record: record.Record{Seq: row.seq, Incident: row.incident}, Raw: []byte(row.leaf)}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrDamaged, err)
	}
	if leaf.Seq != row.seq || leaf.Incident != row.incident {
		return nil, fmt.Errorf("%w: leaf of another record", ErrDamaged)
	}
	if sha256.Sum256(row.sealed) != leaf.Sealed {
		return nil, fmt.Errorf("%w: sealed record is not the one committed to", ErrDamaged)
	}
	r, err := crypto.Decrypt(bytes.NewReader(row.sealed), k)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrDamaged, err)
	}
	opened := bytes.NewBuffer(make([]byte, 0, len(row.sealed))) // more than it takes, so that it never grows
	if _, err := opened.ReadFrom(r); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrDamaged, err)
	}
	plain := opened.Bytes()
	if sha256.Sum256(plain) != leaf.Opened {
		return nil, fmt.Errorf("%w: record is not the one committed to", ErrDamaged)
	}
	out := &Record{Raw: bytes.Clone(bytes.TrimRight(plain, " "))}
	rec, err := record.Parse(plain)
	if errors.Is(err, record.ErrNewer) {
		out.Seq, out.Incident = row.seq, row.incident
		return out, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrDamaged, err)
	}
	if rec.Vault != v.id || rec.Seq != row.seq || rec.Incident != row.incident || len(rec.Objects) != len(leaf.Objects) {
		return nil, fmt.Errorf("%w: record of another place", ErrDamaged)
	}
	for i, o := range rec.Objects {
		if o.ID != leaf.Objects[i].ID {
			return nil, fmt.Errorf("%w: object of another record", ErrDamaged)
		}
	}
	out.Record, out.Known = *rec, true
	out.Exhibit = exhibit(rec)
	return out, nil
}

func exhibit(r *record.Record) *Exhibit {
	if len(r.Objects) == 0 {
		return nil
	}
	o := r.Objects[0]
	e := &Exhibit{Seq: r.Seq, ObjectID: o.ID, Size: o.Size, SHA256: o.SHA256}
	if t, ok := r.Fields["name"].(record.Text); ok {
		e.Name = string(t)
	}
	if n, ok := r.Fields["name_raw"].(record.FileName); ok {
		e.RawName = []byte(n.Name)
	}
	if t, ok := r.Fields["media_type"].(record.Text); ok {
		e.MediaType = string(t)
	}
	if t, ok := r.Fields["modified"].(record.Time); ok {
		e.Modified = t.At
	}
	return e
}

// Incidents returns all incidents, in order, each record in the one that it was
// recorded under. Number 0 comes first and holds what is about the person and
// the vault.
func (v *Vault) Incidents(ctx context.Context, k *crypto.Key) ([]*Incident, error) {
	return v.Survey(ctx, k, nil)
}

// Survey is Incidents, but of a record for which keep says false it tells only
// what and where it is and when it was recorded, not what it says: those of a
// large vault need not all be in memory. What withdraws records, or brings them
// under another incident, is always kept. keep is
// called once for each record that can be read, on several goroutines.
func (v *Vault) Survey(ctx context.Context, k *crypto.Key, keep func(*Record) bool) ([]*Incident, error) {
	records, damaged, err := v.openAll(ctx, k, -1, keep)
	if err != nil {
		return nil, err
	}
	by := map[int]*Incident{}
	in := func(n int) *Incident {
		if by[n] == nil {
			by[n] = &Incident{Number: n}
		}
		return by[n]
	}
	for _, r := range records {
		in(r.Incident).Records = append(in(r.Incident).Records, r)
	}
	for _, d := range damaged {
		n, err := v.incidentOf(ctx, d.Seq)
		if err != nil {
			n = 0
		}
		in(n).Damaged = append(in(n).Damaged, d)
	}
	out := make([]*Incident, 0, len(by))
	for _, i := range by {
		i.markRetracted()
		out = append(out, i)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Number < out[j].Number })
	return out, nil
}

func (v *Vault) incidentOf(ctx context.Context, seq int64) (n int, err error) {
	err = queryRow(ctx, v.r, "SELECT incident FROM record WHERE seq = ?", seq)(&n)
	return n, err
}

// Incident returns one incident with the records of others that belong there
// too (see [Vault.Move]); it opens no record of an incident that has none such.
// It returns ErrNoIncident if there is none of that number; 0, the person, is
// always there.
func (v *Vault) Incident(ctx context.Context, k *crypto.Key, n int) (*Incident, error) {
	records, damaged, err := v.openAll(ctx, k, n, nil)
	if err != nil {
		return nil, err
	}
	if n != 0 && len(records)+len(damaged) == 0 {
		return nil, fmt.Errorf("%w: %d", ErrNoIncident, n)
	}
	in := &Incident{Number: n, Records: records, Damaged: damaged}
	in.markRetracted()
	return in, v.bringIn(ctx, k, in)
}

// IncidentNumbers returns the numbers of all incidents, without the key.
func (v *Vault) IncidentNumbers(ctx context.Context) (out []int, err error) {
	err = query(ctx, v.r, func(rows *sql.Rows) error {
		var n int
		err := rows.Scan(&n)
		out = append(out, n)
		return err
	}, "SELECT DISTINCT incident FROM record WHERE incident > 0 AND incident <= (SELECT max(seq) FROM record) ORDER BY incident")
	if err != nil {
		return nil, sqlError("reading incidents", err)
	}
	return out, nil
}

// SameLength returns the earlier records with a file exactly as long as one of
// record seq, the newest first, without the key: the length of an age file tells that of
// what is in it. Whether the content is the same, only the key tells.
func (v *Vault) SameLength(ctx context.Context, seq int64) (out []int64, err error) {
	err = query(ctx, v.r, func(rows *sql.Rows) error {
		var n int64
		err := rows.Scan(&n)
		out = append(out, n)
		return err
	}, "SELECT DISTINCT seq FROM object WHERE seq < ?1 AND size IN (SELECT size FROM object WHERE seq = ?1) ORDER BY seq DESC", seq)
	if err != nil {
		return nil, sqlError("reading objects", err)
	}
	return out, nil
}

// Record returns one record, without looking whether it was retracted. It
// returns ErrNoRecord if there is none.
func (v *Vault) Record(ctx context.Context, k *crypto.Key, seq int64) (*Record, error) {
	if seq < 1 {
		return nil, fmt.Errorf("%w: %d", ErrNoRecord, seq)
	}
	row, err := readRow(ctx, v.r, seq)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("%w: %d", ErrNoRecord, seq)
	}
	if err != nil {
		return nil, sqlError("reading record", err)
	}
	return v.openRow(k, row)
}
