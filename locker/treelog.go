package locker

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"evidence-locker/locker/record"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A tree is the stored hashes as append uses them: in table node, or, where
// that table is damaged beyond being made anew, in memory.
type tree struct {
	q      querier
	memory bool
	hashes []tlog.Hash // with memory, by their stored index
}

// reader gives the hashes to tlog.
func (t *tree) reader(ctx context.Context) tlog.HashReader {
	return tlog.HashReaderFunc(func(ids []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(ids))
		for i, id := range ids {
			if t.memory {
				out[i] = t.hashes[id]
				continue
			}
			var b []byte
			err := queryRow(ctx, t.q, "SELECT hash FROM node WHERE id = ?", id)(&b)
			if err == nil && len(b) != tlog.HashSize {
				err = ErrDamaged
			}
			if err != nil {
				return nil, fmt.Errorf("reading node %d: %w", id, err)
			}
			copy(out[i][:], b)
		}
		return out, nil
	})
}

// root returns the root of the first size leaves.
func (t *tree) root(ctx context.Context, size int64) ([32]byte, error) {
	return tlog.TreeHash(size, t.reader(ctx))
}

// add takes in the hashes that leaf seq adds.
func (t *tree) add(ctx context.Context, seq int64, leaf string) error {
	hashes, err := tlog.StoredHashes(seq, []byte(leaf), t.reader(ctx))
	if err != nil {
		return err
	}
	if t.memory {
		t.hashes = append(t.hashes, hashes...)
		return nil
	}
	first := tlog.StoredHashIndex(0, seq)
	for i, h := range hashes {
		if _, err := t.q.ExecContext(ctx, "INSERT INTO node VALUES (?, ?)", first+int64(i), h[:]); err != nil {
			return err
		}
	}
	return nil
}

// holds reports whether the stored hashes are as many as a tree of this size
// has, and lead to the root.
func (t *tree) holds(ctx context.Context, size int64, root [32]byte) bool {
	var n int64
	if queryRow(ctx, t.q, "SELECT coalesce(max(id) + 1, 0) FROM node")(&n) != nil || n != tlog.StoredHashCount(size) {
		return false
	}
	got, err := t.root(ctx, size)
	return err == nil && got == root
}

// rebuild makes the hashes of the first size leaves anew. The table is insert
// only, so it is dropped and made again. A leaf that is missing, or cannot be
// read, counts as empty.
func (t *tree) rebuild(ctx context.Context, v *Vault, size int64) error {
	if !t.memory {
		for _, s := range append([]string{"DROP TABLE node"}, schemaOf("node")...) {
			if _, err := t.q.ExecContext(ctx, s); err != nil {
				return err
			}
		}
	}
	next := int64(0)
	fill := func(until int64) error {
		for ; next < until; next++ {
			if err := t.add(ctx, next, ""); err != nil {
				return err
			}
		}
		return nil
	}
	// The genesis is not among what rows gives.
	genesis, err := v.leaves(ctx, 0, 1)
	if err == nil {
		err = t.add(ctx, 0, genesis[0])
		next++
	}
	if err != nil {
		return err
	}
	_, err = v.rows(ctx, -1, func(batch []sealedRow) error {
		for _, row := range batch {
			if row.seq >= size {
				return nil
			}
			if err := fill(row.seq); err != nil {
				return err
			}
			if err := t.add(ctx, row.seq, row.leaf); err != nil { // "" with row.err
				return err
			}
			next++
		}
		return nil
	})
	if err != nil {
		return err
	}
	return fill(size)
}

// queryTexts returns the one column of a query's rows.
func queryTexts(ctx context.Context, q querier, text string, args ...any) (out []string, err error) {
	err = query(ctx, q, func(rows *sql.Rows) error {
		var s string
		err := rows.Scan(&s)
		out = append(out, s)
		return err
	}, text, args...)
	return out, err
}

// readLeaf reads the leaf of a record.
func readLeaf(ctx context.Context, q querier, seq int64) (*record.Leaf, error) {
	var text string
	err := queryRow(ctx, q, "SELECT leaf FROM record WHERE seq = ?", seq)(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("%w: %d", ErrNoRecord, seq)
	}
	if err != nil {
		return nil, sqlError("reading leaf", err)
	}
	leaf, err := record.ParseLeaf(text)
	if errors.Is(err, record.ErrNewer) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("%w: leaf %d: %v", ErrDamaged, seq, err)
	}
	if leaf.Seq != seq {
		return nil, fmt.Errorf("%w: leaf %d stands as %d", ErrDamaged, leaf.Seq, seq)
	}
	return leaf, nil
}

// signHead returns a checkpoint as a signed note.
func signHead(cp record.Checkpoint, signers ...note.Signer) (string, error) {
	b, err := note.Sign(&note.Note{Text: cp.Marshal()}, signers...)
	if err != nil {
		return "", fmt.Errorf("signing head: %w", err)
	}
	return string(b), nil
}

// openHead reads a signed note. If none of the known keys has signed it, the
// checkpoint comes back with signed false.
func openHead(text, vault string, known ...note.Verifier) (cp record.Checkpoint, signed bool, err error) {
	n, err := note.Open([]byte(text), note.VerifierList(known...))
	var unverified *note.UnverifiedNoteError
	if errors.As(err, &unverified) {
		n = unverified.Note
	} else if err != nil {
		return cp, false, fmt.Errorf("reading head: %w: %v", ErrDamaged, err)
	}
	if cp, err = record.ParseCheckpoint(n.Text); err != nil {
		return cp, false, fmt.Errorf("reading head: %w: %v", ErrDamaged, err)
	}
	if cp.Vault != vault {
		return cp, false, fmt.Errorf("reading head: %w: it is of vault %s", ErrDamaged, cp.Vault)
	}
	return cp, len(n.Sigs) > 0, nil
}

// headTexts reads the heads of the given size, the newest first.
func headTexts(ctx context.Context, q querier, size int64) (texts []string, err error) {
	texts, err = queryTexts(ctx, q, "SELECT note FROM head WHERE size = ? AND octet_length(note) <= ? ORDER BY id DESC LIMIT 1000", size, record.MaxLeaf)
	return texts, sqlError("reading head", err)
}

// headOf reads a head of the given size, and whether one of the known keys
// signed it. Where there are several, a signed one counts before the others,
// and a newer one before an older.
func headOf(ctx context.Context, q querier, vault string, size int64, known ...note.Verifier) (best record.Checkpoint, signed bool, err error) {
	texts, err := headTexts(ctx, q, size)
	if err != nil {
		return best, false, err
	}
	for _, text := range texts {
		cp, ok, err := openHead(text, vault, known...)
		if err != nil || cp.Size != size {
			continue
		}
		if ok {
			return cp, true, nil
		}
		if best.Size == 0 {
			best = cp
		}
	}
	if best.Size == 0 {
		return best, false, fmt.Errorf("%w: no head of size %d", ErrDamaged, size)
	}
	return best, false, nil
}

// signedHead is headOf with all keys that count. Enrolled ones are looked for
// only if need be: that reads every leaf.
func (v *Vault) signedHead(ctx context.Context, t *tree, size int64) (cp record.Checkpoint, signed bool, err error) {
	cp, signed, err = headOf(ctx, v.r, v.id, size, v.verifiers(ctx)...)
	if err == nil && !signed {
		if more := v.enrolled(ctx, t); len(more) > 0 {
			return headOf(ctx, v.r, v.id, size, more...)
		}
	}
	return cp, signed, err
}

// verifiers returns the keys whose signature counts, enrolled ones apart: the
// device that made the vault, and this machine's own.
func (v *Vault) verifiers(ctx context.Context) (known []note.Verifier) {
	if genesis, err := readLeaf(ctx, v.r, 0); err == nil {
		if first := deviceKey(genesis, v.id); first != nil {
			known = addKey(known, first)
		}
	}
	if d, err := v.loadDevice(); err == nil && d != nil {
		known = addKey(known, d.verifier)
	}
	return known
}

// vaultOfHeads returns the vault id that the heads name, for a vault whose
// genesis cannot be read.
func vaultOfHeads(ctx context.Context, q querier) (string, error) {
	texts, err := queryTexts(ctx, q, "SELECT note FROM head WHERE octet_length(note) <= ? ORDER BY id LIMIT 100", record.MaxLeaf)
	for _, text := range texts {
		body, _, _ := strings.Cut(text, "\n\n")
		if cp, err := record.ParseCheckpoint(body + "\n"); err == nil {
			return cp.Vault, nil
		}
	}
	return "", errors.Join(ErrDamaged, err)
}
