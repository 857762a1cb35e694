package locker

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"evidence-locker/locker/record"
)

// Salvage copies everything that can be read of a damaged vault to a new one at
// path, row by row: what is damaged and can be read stays as it is, since it is
// evidence of what happened; what cannot be read is left out and returned. The
// hashes are made anew. The new file opens, can be added to, and has the faults
// that are left. It returns ErrExists if anything stands at path.
func Salvage(ctx context.Context, src, path string, o Options, progress func(done, total int64)) ([]Damage, error) {
	damaged, err := salvageTo(ctx, src, path, o, progress)
	if err != nil {
		return nil, fmt.Errorf("salvaging %q: %w", src, err)
	}
	return damaged, nil
}

func salvageTo(ctx context.Context, src, path string, o Options, progress func(done, total int64)) (damaged []Damage, err error) {
	if err := nothingStands(path); err != nil {
		return nil, err
	}
	from, err := openSource(ctx, src, o, true)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	unlock, err := lockNew(ctx, path, o.Waiting)
	if err != nil {
		return nil, err
	}
	defer unlock()
	work := path + restoringSuffix
	if err := beginAnew(work); err != nil {
		return nil, err
	}
	defer removeUnfinished(work)
	p := newPhases(ctx, from, 2, progress)
	if damaged, err = salvage(ctx, from, work, p.step); err != nil {
		return nil, err
	}
	p.next()
	if _, err := verifyWritten(ctx, work, o, p.verify); err != nil {
		return nil, err
	}
	p.next()
	if err := nothingStands(path); err != nil {
		return nil, err
	}
	return damaged, putInPlace(work, path)
}

// A salvager copies rows as they are.
type salvager struct {
	from, to *Vault
	step     func(int)
	damaged  []Damage
	took     func(batch [][]any) // takes the rows instead of the new file; may be nil
}

// A rowSource is a table whose rows are numbered.
type rowSource struct {
	table, columns string // the first column is the row's number
	kinds          string // of the columns: i number, t text, b bytes
	where          string
	batch          int64 // rows that one transaction writes
}

var salvaged = []rowSource{
	{"record", "seq, incident, leaf, sealed", "iitb", "true", 64},
	{"chunk", "row, object, n, data", "itib", "true", 4},
	{"head", "id, size, note", "iit", "true", 1024},
	{"token", "id, size, kind, data", "iitb", "true", 64},
}

// salvage makes the file work out of what can be read of from. The caller holds
// the gate of what it will become.
func salvage(ctx context.Context, from *Vault, work string, step func(int)) ([]Damage, error) {
	s := &salvager{from: from, step: step}
	var err error
	if s.to, err = makeBare(ctx, from, work); err != nil {
		return nil, err
	}
	defer s.to.Close()
	for _, source := range salvaged {
		if err := s.rows(ctx, source); err != nil {
			return nil, err
		}
	}
	var records int64
	if err := queryRow(ctx, s.to.r, "SELECT count(*) FROM record")(&records); err != nil {
		return nil, sqlError("counting records", err)
	}
	if records == 0 {
		return nil, fmt.Errorf("%w: no record can be read", ErrDamaged)
	}
	for _, part := range []func(context.Context) error{s.keys, s.objects, s.to.completeBare} {
		if err := part(ctx); err != nil {
			return nil, err
		}
	}
	return s.damaged, s.to.Close()
}

// makeBare makes the file work, with room for the rows of from, and with tables
// alone: triggers would refuse rows that do not follow one another.
func makeBare(ctx context.Context, from *Vault, work string) (*Vault, error) {
	info, err := os.Stat(from.file)
	if err != nil {
		return nil, err
	}
	disk, err := statVolume(filepath.Dir(work))
	if err != nil {
		return nil, err
	}
	need := info.Size() + copySlack
	if err := fits(disk, need, need); err != nil {
		return nil, err
	}
	if err := beginAnew(work); err != nil {
		return nil, err
	}
	var tables []string
	for _, s := range schemaSplit() {
		if s.kind == "TABLE" {
			tables = append(tables, s.text)
		}
	}
	err = makeFile(ctx, work, pageSize, strings.Join(tables, ";\n"), nil)
	if err != nil {
		return nil, err
	}
	to, err := newVault(work, Options{Now: from.o.Now})
	if err != nil {
		return nil, err
	}
	to.id = from.id
	return to, nil
}

// completeBare makes the hashes, and puts triggers and indexes there.
func (v *Vault) completeBare(ctx context.Context) error {
	newest, err := v.newestRow(ctx)
	if err != nil {
		return err
	}
	return v.inTransaction(ctx, func(q querier) error {
		if err := restoreSchema(ctx, q); err != nil {
			return err
		}
		return (&tree{q: q}).rebuild(ctx, v, newest+1)
	})
}

func (s *salvager) lost(seq int64, err error) {
	if len(s.damaged) < maxGap {
		s.damaged = append(s.damaged, Damage{Seq: seq, Err: err})
	}
}

// rows copies the rows of a table, one by one where a batch meets a damaged
// page.
func (s *salvager) rows(ctx context.Context, t rowSource) error {
	key, _, _ := strings.Cut(t.columns, ",")
	var last int64
	err := queryRow(ctx, s.from.r, "SELECT coalesce(max("+key+"), -1) FROM "+t.table+" WHERE "+t.where)(&last)
	if t.table == "record" {
		last, err = s.from.lastSeq(ctx)
	}
	unknown := err != nil // then the rows are tried until none comes for long
	if err := s.damage(ctx, t, -1, err); err != nil {
		return err
	}
	if unknown {
		last = maxRecords
	}
	for after, empty := int64(-1), 0; after < last; {
		var batch [][]any
		bytes, cut := 0, false // cut: there is more, which would take too much memory
		err := query(ctx, s.from.r, func(rows *sql.Rows) error {
			row, err := scanRow(rows.Scan, t.kinds)
			if err != nil {
				return err
			}
			if n := row[0].(int64); n <= after || n > last || len(batch) > 0 && n <= batch[len(batch)-1][0].(int64) {
				return fmt.Errorf("row %d out of order", n)
			}
			batch = append(batch, row)
			if bytes += rowBytes(row); bytes > record.MaxSize {
				cut = true
				return errors.New("enough")
			}
			return nil
		}, "SELECT "+t.columns+" FROM "+t.table+" NOT INDEXED WHERE "+t.where+" AND "+key+" > ? AND "+key+" <= ? ORDER BY "+key+" LIMIT ?", after, last, t.batch)
		end := last
		if cut {
			err = nil
		}
		if err = sqlError("reading "+t.table, err); errors.Is(err, ErrDamaged) {
			end = min(after+t.batch, last)
			if batch, err = s.oneByOne(ctx, t, key, after, end); err == nil && len(batch) == 0 {
				if empty += int(t.batch); empty > maxGap {
					s.lost(-1, fmt.Errorf("%w: table %s from row %d on", ErrDamaged, t.table, end+1))
					return nil
				}
			} else {
				empty = 0
			}
		} else if err == nil {
			if cut || int64(len(batch)) == t.batch {
				end = batch[len(batch)-1][0].(int64)
			}
			if t.table == "record" {
				s.gaps(after, end, batch)
			}
		}
		if err != nil {
			return err
		}
		if err := s.insert(ctx, t, batch); err != nil {
			return err
		}
		after = end
	}
	return nil
}

func rowBytes(row []any) (n int) {
	for _, x := range row {
		switch x := x.(type) {
		case string:
			n += len(x)
		case []byte:
			n += len(x)
		}
	}
	return n
}

// scanRow scans columns of these kinds.
func scanRow(scan func(...any) error, kinds string) ([]any, error) {
	at := make([]any, len(kinds))
	for i, k := range kinds {
		switch k {
		case 'i':
			at[i] = new(int64)
		case 't':
			at[i] = new(string)
		default:
			at[i] = new([]byte)
		}
	}
	if err := scan(at...); err != nil {
		return nil, err
	}
	for i := range at {
		switch p := at[i].(type) {
		case *int64:
			at[i] = *p
		case *string:
			at[i] = *p
		case *[]byte:
			if at[i] = *p; *p == nil {
				at[i] = []byte{} // not NULL
			}
		}
	}
	return at, nil
}

// gaps names the records of a batch that are missing.
func (s *salvager) gaps(after, end int64, batch [][]any) {
	next := after + 1
	for _, row := range append(batch, []any{end + 1}) {
		for ; next < row[0].(int64) && len(s.damaged) < maxGap; next++ {
			s.lost(next, fmt.Errorf("%w: record is missing", ErrDamaged))
		}
		next = row[0].(int64) + 1
	}
}

// oneByOne reads the rows around a damaged page.
func (s *salvager) oneByOne(ctx context.Context, t rowSource, key string, after, end int64) (batch [][]any, err error) {
	for n := after + 1; n <= end; n++ {
		var row []any
		err := retry(ctx, func() (err error) {
			row, err = scanRow(s.from.r.QueryRowContext(ctx, "SELECT "+t.columns+" FROM "+t.table+" WHERE "+t.where+" AND "+key+" = ?", n).Scan, t.kinds)
			return err
		})
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err == nil && row[0].(int64) == n:
			batch = append(batch, row)
		case errors.Is(err, sql.ErrNoRows) && t.table != "record":
		default:
			seq := int64(-1)
			if t.table == "record" {
				seq = n
			}
			s.lost(seq, fmt.Errorf("%w: row %d of table %s: %v", ErrDamaged, n, t.table, err))
		}
	}
	return batch, nil
}

// damage takes note of an error that comes from damaged pages, and hands back
// any other.
func (s *salvager) damage(ctx context.Context, t rowSource, seq int64, err error) error {
	if err = sqlError("reading "+t.table, err); err == nil || ctx.Err() != nil || !errors.Is(err, ErrDamaged) {
		return err
	}
	s.lost(seq, err)
	return nil
}

func (s *salvager) insert(ctx context.Context, t rowSource, batch [][]any) error {
	if len(batch) == 0 {
		return ctx.Err()
	}
	if s.took != nil {
		s.took(batch)
		return ctx.Err()
	}
	text := "INSERT OR IGNORE INTO " + t.table + " (" + t.columns + ") VALUES (?" + strings.Repeat(", ?", len(t.kinds)-1) + ")"
	return s.to.inTransaction(ctx, func(q querier) error {
		for _, row := range batch {
			res, err := q.ExecContext(ctx, text, row...)
			if err != nil {
				return err
			}
			if n, _ := res.RowsAffected(); n == 0 {
				s.lost(-1, fmt.Errorf("%w: row %d of table %s stands twice", ErrDamaged, row[0], t.table))
			}
			if b, ok := row[len(row)-1].([]byte); ok {
				s.step(len(b))
			}
		}
		return nil
	})
}

// keys copies the sealed identity: the one that the leaves name, or what there
// is.
func (s *salvager) keys(ctx context.Context) error {
	rows, err := s.to.believed(ctx, s.from)
	if err != nil {
		return err
	}
	where := "true"
	if rows != nil {
		where = "n <> 1" // a newer program's
		err := s.to.inTransaction(ctx, func(q querier) error { return setKey(ctx, q, rows.recipient, rows.sealed) })
		if err != nil {
			return err
		}
	}
	for _, table := range keyTables {
		if err := s.rows(ctx, rowSource{table, "n, recipient, sealed", "itb", where, 64}); err != nil {
			return err
		}
	}
	return nil
}

// believed returns the row of one of the vaults that the newest key line of v
// names, nil if none has it.
func (v *Vault) believed(ctx context.Context, vaults ...*Vault) (*keyRow, error) {
	line, err := newestKey(ctx, v.r)
	if errors.Is(err, ErrDamaged) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, from := range vaults {
		for _, table := range keyTables {
			row, err := readKey(ctx, from.r, table)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if err == nil && row.isOf(line) {
				return &row, nil
			}
		}
	}
	return nil, nil
}

// objects copies the rows of object. One that cannot be read is made anew out
// of its leaf: without it the file's chunks would count as staged.
func (s *salvager) objects(ctx context.Context) error {
	// They are not numbered: from both ends to a damaged page, then by name.
	whole, err := s.objectRows(ctx, "id > ?", "id", "")
	if err == nil && !whole {
		_, err = s.objectRows(ctx, "id < ?", "id DESC", "g")
	}
	if err != nil {
		return err
	}
	newest, err := s.to.newestRow(ctx)
	if err != nil {
		return err
	}
	for lo := int64(0); lo <= newest; lo += readBatch {
		leaves, err := s.to.leaves(ctx, lo, lo+readBatch)
		if err != nil {
			return err
		}
		for _, text := range leaves {
			leaf, err := record.ParseLeaf(text)
			if err != nil {
				continue
			}
			for _, o := range leaf.Objects {
				if err := s.object(ctx, leaf.Seq, o); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

const objectColumns, objectKinds = "id, seq, chunks, size, sha256", "tiiib"

// objectRows copies rows of object in one order. It reports whether it came to
// the end.
func (s *salvager) objectRows(ctx context.Context, after, order, edge string) (whole bool, err error) {
	for {
		var batch [][]any
		err := query(ctx, s.from.r, func(rows *sql.Rows) error {
			row, err := scanRow(rows.Scan, objectKinds)
			if err == nil && (row[0].(string) == edge || (row[0].(string) > edge) != (order == "id")) {
				err = errors.New("a row out of order")
			}
			if err == nil {
				edge = row[0].(string)
				batch = append(batch, row)
			}
			return err
		}, "SELECT "+objectColumns+" FROM object WHERE "+after+" ORDER BY "+order+" LIMIT 1024", edge)
		if err := s.insertObjects(ctx, batch...); err != nil {
			return false, err
		}
		if err != nil {
			return false, s.damage(ctx, rowSource{table: "object"}, -1, err)
		}
		if len(batch) == 0 {
			return true, nil
		}
	}
}

// object copies or makes the row of an object that a leaf names, if it is not
// there.
func (s *salvager) object(ctx context.Context, seq int64, o record.LeafObject) error {
	var there, chunks int64
	err := queryRow(ctx, s.to.r, "SELECT (SELECT count(*) FROM object WHERE id = ?1), (SELECT count(*) FROM chunk WHERE object = ?1)", o.ID)(&there, &chunks)
	if err != nil || there > 0 {
		return sqlError("reading objects", err)
	}
	var row []any
	err = retry(ctx, func() (err error) {
		row, err = scanRow(s.from.r.QueryRowContext(ctx, "SELECT "+objectColumns+" FROM object WHERE id = ?", o.ID).Scan, objectKinds)
		return err
	})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil:
	case chunks == 0:
		return nil // nothing of the file is there
	default:
		row = []any{o.ID, seq, chunks, o.Size, o.SHA256[:]}
	}
	return s.insertObjects(ctx, row)
}

func (s *salvager) insertObjects(ctx context.Context, rows ...[]any) error {
	if len(rows) == 0 {
		return ctx.Err()
	}
	return s.to.inTransaction(ctx, func(q querier) error {
		for _, row := range rows {
			if _, err := q.ExecContext(ctx, "INSERT OR IGNORE INTO object VALUES (?, ?, ?, ?, ?)", row...); err != nil {
				return err
			}
		}
		return nil
	})
}
