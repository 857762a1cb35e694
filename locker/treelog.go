package locker

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"evidence-locker/locker/record"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// nodeReader reads stored hashes from the database.
func nodeReader(ctx context.Context, q querier) tlog.HashReader {
	return tlog.HashReaderFunc(func(ids []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(ids))
		for i, id := range ids {
			var b []byte
			err := q.QueryRowContext(ctx, "SELECT hash FROM node WHERE id = ?", id).Scan(&b)
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

// rootOf returns the root of the first size leaves, as the nodes have it.
func rootOf(ctx context.Context, q querier, size int64) ([32]byte, error) {
	return tlog.TreeHash(size, nodeReader(ctx, q))
}

// appendNodes stores the hashes that leaf seq adds.
func appendNodes(ctx context.Context, q querier, seq int64, leaf string) error {
	hashes, err := tlog.StoredHashes(seq, []byte(leaf), nodeReader(ctx, q))
	if err != nil {
		return err
	}
	first := tlog.StoredHashIndex(0, seq)
	for i, h := range hashes {
		if _, err := q.ExecContext(ctx, "INSERT INTO node VALUES (?, ?)", first+int64(i), h[:]); err != nil {
			return err
		}
	}
	return nil
}

// nodesHold reports whether the stored hashes are as many as a tree of this
// size has, and lead to the root.
func nodesHold(ctx context.Context, q querier, size int64, root [32]byte) bool {
	var n int64
	if q.QueryRowContext(ctx, "SELECT coalesce(max(id) + 1, 0) FROM node").Scan(&n) != nil || n != tlog.StoredHashCount(size) {
		return false
	}
	got, err := rootOf(ctx, q, size)
	return err == nil && got == root
}

// rebuildNodes makes the stored hashes of the first size leaves anew. The
// table is insert only, so it is dropped and made again, word for word.
func rebuildNodes(ctx context.Context, q querier, size int64) error {
	rows, err := q.QueryContext(ctx, "SELECT sql FROM sqlite_schema WHERE tbl_name = 'node' AND sql <> '' ORDER BY type = 'table' DESC, name")
	if err != nil {
		return err
	}
	statements, err := scanTexts(rows)
	if err != nil {
		return err
	}
	for _, s := range append([]string{"DROP TABLE node"}, statements...) {
		if _, err := q.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	// Leaves are read in batches: the connection cannot write while a result
	// is open. A leaf that is missing counts as empty.
	for next := int64(0); next < size; {
		leaves := map[int64]string{}
		rows, err := q.QueryContext(ctx, "SELECT seq, leaf FROM record WHERE seq >= ? AND seq < ?", next, next+1000)
		if err != nil {
			return err
		}
		for rows.Next() {
			var seq int64
			var leaf string
			if err = rows.Scan(&seq, &leaf); err != nil {
				break
			}
			leaves[seq] = leaf
		}
		if err = errors.Join(err, rows.Err(), rows.Close()); err != nil {
			return err
		}
		for end := min(next+1000, size); next < end; next++ {
			if err := appendNodes(ctx, q, next, leaves[next]); err != nil {
				return err
			}
		}
	}
	return nil
}

func scanTexts(rows *sql.Rows) (out []string, err error) {
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// readLeaf reads the leaf of a record.
func readLeaf(ctx context.Context, q querier, seq int64) (*record.Leaf, error) {
	var text string
	err := retry(ctx, func() error {
		return q.QueryRowContext(ctx, "SELECT leaf FROM record WHERE seq = ?", seq).Scan(&text)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("%w: %d", ErrNoRecord, seq)
	}
	if err != nil {
		return nil, sqlError("reading leaf", err)
	}
	leaf, err := record.ParseLeaf(text)
	if err != nil {
		return nil, err
	}
	if leaf.Seq != seq {
		return nil, fmt.Errorf("%w: leaf %d stands as %d", ErrDamaged, leaf.Seq, seq)
	}
	return leaf, nil
}

// signHead returns a checkpoint as a signed note.
func signHead(s note.Signer, cp record.Checkpoint) (string, error) {
	b, err := note.Sign(&note.Note{Text: cp.Marshal()}, s)
	if err != nil {
		return "", fmt.Errorf("signing head: %w", err)
	}
	return string(b), nil
}

// openHead reads a signed note of this vault. If no verifier is given, or none
// has signed, the checkpoint comes back with signed false.
func openHead(text, vault string, known ...note.Verifier) (cp record.Checkpoint, signed bool, err error) {
	n, err := note.Open([]byte(text), note.VerifierList(known...))
	var unverified *note.UnverifiedNoteError
	if errors.As(err, &unverified) {
		n = unverified.Note
	} else if err != nil {
		return cp, false, fmt.Errorf("reading head: %w: %v", ErrDamaged, err)
	}
	if cp, err = record.ParseCheckpoint(n.Text); err != nil {
		return cp, false, fmt.Errorf("reading head: %w", err)
	}
	if cp.Vault != vault {
		return cp, false, fmt.Errorf("reading head: %w: it is of vault %s", ErrDamaged, cp.Vault)
	}
	return cp, len(n.Sigs) > 0, nil
}

// headOf reads a head of the given size, and whether one of the known keys
// signed it. Where there are several, the newest that can be read counts.
func headOf(ctx context.Context, q querier, vault string, size int64, known ...note.Verifier) (cp record.Checkpoint, signed bool, err error) {
	var texts []string
	err = retry(ctx, func() error {
		rows, err := q.QueryContext(ctx, "SELECT note FROM head WHERE size = ? ORDER BY id DESC LIMIT 100", size)
		if err != nil {
			return err
		}
		texts, err = scanTexts(rows)
		return err
	})
	if err != nil {
		return cp, false, sqlError("reading head", err)
	}
	for _, text := range texts {
		if cp, signed, err = openHead(text, vault, known...); err == nil && cp.Size == size {
			return cp, signed, nil
		}
	}
	return record.Checkpoint{}, false, fmt.Errorf("%w: no head of size %d", ErrDamaged, size)
}
