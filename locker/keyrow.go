package locker

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"math"

	"evidence-locker/crypto"
	"evidence-locker/locker/record"
)

// keyTables are the tables that hold the sealed identity, each the same.
var keyTables = []string{"key", "key_copy"}

// A keyRow is a row of key or key_copy. It is believed if it is the one that
// the newest key line of the leaves names.
type keyRow struct {
	table     string
	recipient string
	sealed    []byte // nil if the row is missing or unreadable
	believed  bool
}

// readKeys returns both copies of the sealed identity, believed ones first. It
// never reads through the writing connection: a damaged page that is met within
// a transaction ends all further writing in it.
func (v *Vault) readKeys(ctx context.Context) ([]keyRow, error) {
	line, err := newestKey(ctx, v.r)
	if err != nil && !errors.Is(err, ErrDamaged) {
		return nil, err
	}
	var good, bad []keyRow
	for _, table := range keyTables {
		row, err := readKey(ctx, v.r, table)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		row.believed = err == nil && line != nil && row.isOf(line)
		if row.believed {
			good = append(good, row)
		} else {
			bad = append(bad, row)
		}
	}
	if len(good) == 1 {
		v.o.warn(WarnKeyCopies, "%s", bad[0].table)
	}
	return append(good, bad...), nil
}

// readKey reads the sealed identity from one of its tables.
func readKey(ctx context.Context, q querier, table string) (keyRow, error) {
	row := keyRow{table: table}
	err := queryRow(ctx, q, "SELECT recipient, sealed FROM "+table+" WHERE n = 1")(&row.recipient, &row.sealed)
	return row, err
}

// same reports whether two rows hold the same, whatever their tables.
func (r *keyRow) same(other *keyRow) bool {
	return r.recipient == other.recipient && bytes.Equal(r.sealed, other.sealed)
}

// isOf reports whether the row is the one that a key line names.
func (r *keyRow) isOf(line *record.LeafKey) bool {
	return sha256.Sum256([]byte(r.recipient)) == line.Recipient && sha256.Sum256(r.sealed) == line.Sealed
}

// newestKey returns the newest key line about key 1. Lines about others, and
// leaves that cannot be read, are passed over.
func newestKey(ctx context.Context, q querier) (*record.LeafKey, error) {
	for before := int64(math.MaxInt64); ; {
		var text string
		err := queryRow(ctx, q, `SELECT seq, coalesce(CASE WHEN octet_length(leaf) <= ? THEN leaf END, '') FROM record
			WHERE instr(leaf, char(10) || 'key ') > 0 AND seq < ? ORDER BY seq DESC LIMIT 1`, record.MaxLeaf, before)(&before, &text)
		if errors.Is(err, sql.ErrNoRows) {
			return nil, fmt.Errorf("%w: no key line", ErrDamaged)
		}
		if err != nil {
			return nil, sqlError("reading key line", err)
		}
		if leaf, err := record.ParseLeaf(text); err == nil && leaf.Seq == before && leaf.Key != nil && leaf.Key.N == 1 {
			return leaf.Key, nil
		}
	}
}

// recipient returns the vault's own recipient, as far as it can be believed
// without a pin.
func (v *Vault) recipient(ctx context.Context) (crypto.Recipient, error) {
	rows, err := v.readKeys(ctx)
	if err != nil {
		return crypto.Recipient{}, fmt.Errorf("reading recipient: %w", err)
	}
	err = fmt.Errorf("%w: both copies of the key", ErrDamaged)
	for _, row := range rows {
		r, perr := crypto.ParseRecipient(row.recipient)
		if perr != nil {
			continue
		}
		if !row.believed {
			v.o.warn(WarnRecipient, "%s", row.table)
		}
		return r, nil
	}
	return crypto.Recipient{}, err
}

// ChangePassphrase seals the key under another passphrase and records that it
// was done. Older copies of the vault still open with the old passphrase.
func (v *Vault) ChangePassphrase(ctx context.Context, k *crypto.Key, passphrase string) (seq int64, err error) {
	sealed, err := k.Seal(passphrase)
	if err != nil {
		return 0, err
	}
	// The old seal goes: the new one must open before it is written.
	if again, err := crypto.Open(sealed, passphrase); err != nil || again.Text() != k.Text() {
		return 0, fmt.Errorf("changing passphrase: %w: the new seal does not open: %v", ErrDamaged, err)
	}
	recipient := k.Recipient().String()
	e := &entry{
		typ: record.KeyType, body: record.Fields{"n": record.Int(1)},
		key: &record.LeafKey{N: 1, Recipient: sha256.Sum256([]byte(recipient)), Sealed: sha256.Sum256(sealed)},
		before: func(ctx context.Context, q querier) error {
			return setKey(ctx, q, recipient, sealed)
		},
	}
	if _, err := v.append(ctx, target{fixed: true}, []*entry{e}); err != nil {
		return 0, fmt.Errorf("changing passphrase: %w", err)
	}
	return e.seq, nil
}

// setKey puts the sealed identity into both of its tables. A damaged file can
// have lost the rows; ones that are right are not written again.
func setKey(ctx context.Context, q querier, recipient string, sealed []byte) error {
	for _, table := range keyTables {
		for _, s := range []string{
			"UPDATE " + table + " SET recipient = ?1, sealed = ?2 WHERE n = 1 AND (recipient IS NOT ?1 OR sealed IS NOT ?2)",
			"INSERT INTO " + table + " SELECT 1, ?1, ?2 WHERE NOT EXISTS (SELECT 1 FROM " + table + " WHERE n = 1)",
		} {
			if _, err := q.ExecContext(ctx, s, recipient, sealed); err != nil {
				return err
			}
		}
	}
	return nil
}
