package locker

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"evidence-locker/locker/record"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A side is one of the two files.
type side struct {
	*Vault
	found *Verification
	lost  map[string]bool // files that are not whole
	last  int64           // its newest record
}

// note sorts what verification found.
func (s *side) note() {
	s.lost = map[string]bool{}
	for _, f := range s.found.Faults {
		if f.Object != "" {
			s.lost[f.Object] = true
		}
	}
}

// A merger makes one file of two.
type merger struct {
	sides  []*side         // the one at path first, if it can be read
	chosen map[int64]int   // side of each leaf that differs
	known  []note.Verifier // of devices
	owner  []note.Verifier // one, or none where the genesis is gone
	step   func(int)

	to    *Vault
	conn  *sql.Conn // with a transaction, nil if none is open
	n     int       // rows written in it
	bytes int64
}

// open opens both files as far as they open.
func (m *merger) open(ctx context.Context, path, from string, o Options) error {
	for i, name := range []string{path, from} {
		if i == 1 {
			o.Untouched = true
		}
		v, err := openAnyway(ctx, name, o)
		switch {
		case err == nil:
			m.sides = append(m.sides, &side{Vault: v})
		case i == 1 || !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNotVault) && !errors.Is(err, ErrNewerFormat):
			return err
		case !looksDamaged(name):
			return err // somebody else's file
		}
	}
	if len(m.sides) == 2 && !oneVault(ctx, m.sides[0].Vault, m.sides[1].Vault) {
		return fmt.Errorf("%w: %s", ErrOtherVault, from)
	}
	for _, s := range m.sides {
		var err error
		if s.last, err = s.lastSeq(ctx); err != nil {
			if !errors.Is(err, ErrDamaged) {
				return err
			}
			s.last = 0
		}
	}
	return nil
}

func (m *merger) close() {
	m.closeNew()
	for _, s := range m.sides {
		s.Close()
	}
	m.sides = nil
}

func (m *merger) closeNew() {
	if m.conn != nil {
		m.conn.Close()
		m.conn = nil
	}
	if m.to != nil {
		m.to.Close()
		m.to = nil
	}
}

func (m *merger) last() (last int64) {
	for _, s := range m.sides {
		last = max(last, s.last)
	}
	return last
}

// choose finds out which side's leaf counts where they differ.
func (m *merger) choose(ctx context.Context, from string) error {
	m.chosen = map[int64]int{}
	if len(m.sides) < 2 {
		return nil
	}
	a, b := m.sides[0], m.sides[1]
	for lo := int64(0); lo <= m.last(); lo += readBatch {
		la, err1 := a.leaves(ctx, lo, lo+readBatch)
		lb, err2 := b.leaves(ctx, lo, lo+readBatch)
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		for i := range la {
			x, y, seq := la[i], lb[i], lo+int64(i)
			if x == y {
				continue
			}
			votesX, votesY := m.votes(ctx, seq, x), m.votes(ctx, seq, y)
			if votesX == votesY {
				vx, err1 := a.vouched(ctx, seq, a.found)
				vy, err2 := b.vouched(ctx, seq, b.found)
				if err := errors.Join(err1, err2); err != nil {
					return err
				}
				if vx == vy && votesX >= 0 {
					return &ForkError{Path: from, Seq: seq}
				}
				if vy {
					votesY++
				}
			}
			if votesY > votesX {
				m.chosen[seq] = 1
			}
		}
	}
	return nil
}

// votes counts the sides whose stored hash is of this leaf. -1 is for what is
// no leaf of this place, -2 for nothing.
func (m *merger) votes(ctx context.Context, seq int64, text string) (n int) {
	if text == "" {
		return -2
	}
	if leaf, err := record.ParseLeaf(text); !errors.Is(err, record.ErrNewer) && (err != nil || leaf.Seq != seq) {
		return -1
	}
	for _, s := range m.sides {
		if s.stands(ctx, seq, text) {
			n++
		}
	}
	return n
}

// make writes the new file.
func (m *merger) make(ctx context.Context, work string) error {
	var err error
	if m.to, err = makeBare(ctx, m.sides[0].Vault, work); err != nil {
		return err
	}
	for seq := int64(0); seq <= m.last(); seq++ {
		if err := m.record(ctx, seq); err != nil {
			return err
		}
	}
	for _, part := range []func(context.Context) error{m.flush, m.to.completeBare, m.keys, m.heads, m.tokens, m.local, m.flush} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	m.closeNew()
	return nil
}

// exec writes to the new file, in transactions that do not grow.
func (m *merger) exec(ctx context.Context, bytes int, text string, args ...any) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if m.conn == nil {
		var err error
		if m.conn, err = m.to.begin(ctx); err != nil {
			return err
		}
	}
	if _, err := m.conn.ExecContext(ctx, text, args...); err != nil {
		return sqlError("writing", err)
	}
	m.step(bytes)
	m.n++
	if m.bytes += int64(bytes); m.bytes >= shortCopy || m.n >= 4*batchRecords {
		return m.flush(ctx)
	}
	return nil
}

// q reads the new file as it is written.
func (m *merger) q() querier {
	if m.conn != nil {
		return m.conn
	}
	return m.to.r
}

func (m *merger) flush(ctx context.Context) error {
	if m.conn == nil {
		return nil
	}
	err := m.to.waitFor(ctx, m.conn, "COMMIT")
	m.conn.Close()
	m.conn, m.n, m.bytes = nil, 0, 0
	return sqlError("writing", err)
}

// record writes one record with its files.
func (m *merger) record(ctx context.Context, seq int64) error {
	rows := make([]*sealedRow, len(m.sides))
	for i, s := range m.sides {
		r, err := readRow(ctx, s.r, seq)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			rows[i] = &r
		}
	}
	// The leaf from the side that was chosen, the sealed record from the one
	// where it is what this leaf commits to.
	best := rows[m.chosen[seq]]
	for _, r := range rows {
		if best == nil {
			best = r
		}
	}
	if best == nil {
		return nil // it is in neither
	}
	out := *best
	leaf, err := record.ParseLeaf(best.leaf)
	if err == nil && leaf.Seq == seq {
		out.incident = leaf.Incident
		for _, r := range rows {
			if r != nil && seq > 0 && sha256.Sum256(r.sealed) == leaf.Sealed {
				out.sealed = r.sealed
			}
		}
		if seq == 0 {
			out.sealed = nil
		}
	}
	if out.sealed == nil {
		out.sealed = []byte{} // not NULL
	}
	err2 := m.exec(ctx, len(out.sealed), "INSERT INTO record VALUES (?, ?, ?, ?)", seq, out.incident, out.leaf, out.sealed)
	if err2 != nil {
		return err2
	}
	if err != nil || leaf.Seq != seq {
		return m.rawObjects(ctx, seq, rows)
	}
	for _, o := range leaf.Objects {
		if err := m.object(ctx, seq, out.leaf, rows, o); err != nil {
			return err
		}
	}
	return nil
}

// keys writes the sealed identity that the leaves name, or what there is, and
// those of newer programs.
func (m *merger) keys(ctx context.Context) error {
	var vaults []*Vault
	for _, s := range m.sides {
		vaults = append(vaults, s.Vault)
	}
	key, err := m.to.believed(ctx, vaults...)
	if err != nil {
		return err
	}
	for _, table := range keyTables {
		if key != nil {
			if err := m.exec(ctx, 0, "INSERT INTO "+table+" VALUES (1, ?, ?)", key.recipient, key.sealed); err != nil {
				return err
			}
		}
		for _, v := range vaults {
			t := rowSource{table, "n, recipient, sealed", "itb", "n > 0", 64}
			if err := m.rows(ctx, v, t, "n"); err != nil {
				return err
			}
		}
	}
	return nil
}

// rows copies rows of small tables whose number is not there yet.
func (m *merger) rows(ctx context.Context, v *Vault, t rowSource, key string) error {
	rows, err := v.allRows(ctx, t, key)
	if err != nil {
		return err
	}
	marks := "?1" + strings.Repeat(", ?", len(t.kinds)-1)
	for _, row := range rows {
		err := m.exec(ctx, 0, "INSERT INTO "+t.table+" SELECT "+marks+" WHERE NOT EXISTS (SELECT 1 FROM "+t.table+" WHERE "+key+" = ?1)", row...)
		if err != nil {
			return err
		}
	}
	return nil
}

// allRows reads what can be read of a small table.
func (v *Vault) allRows(ctx context.Context, t rowSource, key string) (out [][]any, err error) {
	s := &salvager{from: v, step: func(int) {}, took: func(batch [][]any) { out = append(out, batch...) }}
	return out, s.rows(ctx, t)
}

// heads writes the heads of both sides: one that follows from the leaves and is
// signed goes before one that was changed; others stay, as the proof that
// records were cut off.
func (m *merger) heads(ctx context.Context) error {
	m.known = m.to.verifiers(ctx)
	if genesis, err := readLeaf(ctx, m.to.r, 0); err == nil {
		if owner, err := note.NewVerifier(genesis.Owner); err == nil {
			m.owner = []note.Verifier{owner}
		}
	}
	for _, s := range m.sides {
		for _, k := range s.enrolled(ctx, &tree{q: m.to.r}) {
			m.known = addKey(m.known, k)
		}
	}
	t := rowSource{"head", "id, size, note", "iit", "true", 1024}
	for i, s := range m.sides {
		s := &salvager{from: s.Vault, step: func(int) {}}
		var failed error
		s.took = func(batch [][]any) {
			for _, row := range batch {
				if failed == nil {
					failed = m.head(ctx, i, row[0].(int64), row[1].(int64), row[2].(string))
				}
			}
		}
		if err := errors.Join(s.rows(ctx, t), failed, m.flush(ctx)); err != nil {
			return err
		}
	}
	return nil
}

// head writes one head of a side.
func (m *merger) head(ctx context.Context, i int, id, size int64, text string) error {
	if m.good(ctx, size, text) {
		return m.putHead(ctx, id, size, text)
	}
	if i == 1 {
		// A changed one that path has right, or has as it is.
		texts, err := headTexts(ctx, m.q(), size)
		for _, other := range texts {
			if other == text || m.good(ctx, size, other) {
				return err
			}
		}
		return m.putHead(ctx, id, size, text)
	}
	// Which one it was, the other side knows by the number or by the text.
	if len(m.sides) == 2 {
		var otherSize int64
		var other string
		err := queryRow(ctx, m.sides[1].r, "SELECT size, note FROM head WHERE note = ? OR id = ? ORDER BY note = ? DESC LIMIT 1", text, id, text)(&otherSize, &other)
		if err == nil && m.good(ctx, otherSize, other) {
			size, text = otherSize, other
		}
	}
	return m.putHead(ctx, id, size, text)
}

// good reports whether a head is signed by a device of the vault and follows
// from the leaves.
func (m *merger) good(ctx context.Context, size int64, text string) bool {
	cp, signed, err := openHead(text, m.to.id, m.known...)
	if err != nil || !signed || cp.Size != size || size > m.last()+1 {
		return false
	}
	// The owner's signature may be what was changed.
	all, err := note.Open([]byte(text), note.VerifierList(append(m.owner, m.known...)...))
	if err != nil || len(all.UnverifiedSigs) > 0 {
		return false
	}
	root, err := (&tree{q: m.q()}).root(ctx, size)
	return err == nil && root == tlog.Hash(cp.Root)
}

func (m *merger) putHead(ctx context.Context, id, size int64, text string) error {
	return m.exec(ctx, 0, `INSERT INTO head SELECT CASE WHEN EXISTS (SELECT 1 FROM head WHERE id = ?1) THEN (SELECT max(id) + 1 FROM head) ELSE ?1 END, ?2, ?3
		WHERE NOT EXISTS (SELECT 1 FROM head WHERE size = ?2 AND note = ?3)`, id, size, text)
}

// tokens writes the time-stamps of both sides.
func (m *merger) tokens(ctx context.Context) error {
	for _, s := range m.sides {
		rows, err := s.allRows(ctx, rowSource{"token", "id, size, kind, data", "iitb", "true", 64}, "id")
		if err != nil {
			return err
		}
		for _, row := range rows {
			err := m.exec(ctx, 0, `INSERT INTO token SELECT CASE WHEN EXISTS (SELECT 1 FROM token WHERE id = ?1) THEN (SELECT max(id) + 1 FROM token) ELSE ?1 END, ?2, ?3, ?4
				WHERE NOT EXISTS (SELECT 1 FROM token WHERE size = ?2 AND kind = ?3 AND data = ?4)`, row...)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// local takes over what commands know without the passphrase, as far as it is
// not damaged. What was staged stays behind.
func (m *merger) local(ctx context.Context) error {
	if len(m.sides) < 2 {
		return nil
	}
	var rows [][3]string
	err := query(ctx, m.sides[0].r, func(r *sql.Rows) error {
		var row [3]string
		err := r.Scan(&row[0], &row[1], &row[2])
		rows = append(rows, row)
		return err
	}, "SELECT name, value, sum FROM local")
	if err != nil && !errors.Is(sqlError("reading local", err), ErrDamaged) {
		return err
	}
	for _, row := range rows {
		if row[2] != localSum(row[0], row[1]) || strings.HasPrefix(row[0], localStage) {
			continue
		}
		if err := m.exec(ctx, 0, "INSERT OR IGNORE INTO local VALUES (?, ?, ?)", row[0], row[1], row[2]); err != nil {
			return err
		}
	}
	return nil
}
