package locker

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"regexp"
)

//go:embed schema.sql
var schemaSQL string

// schemaDigest is the SHA-256 of the vault's sqlite_schema, as readSchema
// spells it. A test computes it from schema.sql.
const schemaDigest = "2b6d1655addad1422abe071a057c86c8afe3286b4905c1d23057ab23d4305e2f"

// readSchema returns the digest of all that sqlite_schema holds.
func readSchema(ctx context.Context, q querier) (string, error) {
	rows, err := q.QueryContext(ctx, "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema ORDER BY type, name")
	if err != nil {
		return "", err
	}
	defer rows.Close()
	h := sha256.New()
	for rows.Next() {
		var typ, name, tbl, text string
		if err := rows.Scan(&typ, &name, &tbl, &text); err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%q %q %q %q\n", typ, name, tbl, text)
	}
	return hex.EncodeToString(h.Sum(nil)), rows.Err()
}

// restoreTriggers puts the format's triggers in the place of whatever triggers
// the file has, if its tables are not those of the format. Somebody who has the
// file can have left one there that undoes what is inserted.
func restoreTriggers(ctx context.Context, q querier) error {
	digest, err := readSchema(ctx, q)
	if err != nil || digest == schemaDigest {
		return err
	}
	rows, err := q.QueryContext(ctx, "SELECT printf('DROP TRIGGER \"%w\"', name) FROM sqlite_schema WHERE type = 'trigger'")
	if err != nil {
		return err
	}
	statements, err := scanTexts(rows)
	if err != nil {
		return err
	}
	triggers := regexp.MustCompile(`(?s)CREATE TRIGGER .*? END;`).FindAllString(schemaSQL, -1)
	for _, s := range append(statements, triggers...) {
		if _, err := q.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	return nil
}
