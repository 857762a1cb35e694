package locker

import (
	"context"
	"crypto/sha256"
	"database/sql"
	_ "embed"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"sync"
)

//go:embed schema.sql
var schemaSQL string

// schemaDigest is the SHA-256 of the vault's sqlite_schema, as readSchema
// spells it. A test computes it from schema.sql.
const schemaDigest = "2b6d1655addad1422abe071a057c86c8afe3286b4905c1d23057ab23d4305e2f"

// readSchema returns the digest of all that sqlite_schema holds.
func readSchema(ctx context.Context, q querier) (string, error) {
	h := sha256.New()
	err := query(ctx, q, func(rows *sql.Rows) error {
		var typ, name, tbl, text string
		err := rows.Scan(&typ, &name, &tbl, &text)
		fmt.Fprintf(h, "%q %q %q %q\n", typ, name, tbl, text)
		return err
	}, "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema ORDER BY type, name")
	return hex.EncodeToString(h.Sum(nil)), err
}

// schemaSplit finds the statements of schema.sql: kind, name, text. Each ends
// with a semicolon at a line's end, a trigger with END before it.
var schemaSplit = sync.OnceValue(func() (out []struct{ kind, name, text string }) {
	re := regexp.MustCompile(`(?ms)^CREATE (?:(TRIGGER) (\w+).*?END|(TABLE|INDEX) (\w+).*?);$`)
	for _, m := range re.FindAllStringSubmatch(schemaSQL, -1) {
		out = append(out, struct{ kind, name, text string }{m[1] + m[3], m[2] + m[4], strings.TrimSuffix(m[0], ";")})
	}
	return out
})

// schemaOf returns the statements that make a table with its indexes and
// triggers.
func schemaOf(table string) (out []string) {
	for _, s := range schemaSplit() {
		if s.name == table || strings.HasPrefix(s.name, table+"_") {
			out = append(out, s.text)
		}
	}
	return out
}

// notTable returns the name of a table of the format in whose place a query
// stands, "" if there is none: one that somebody put there can go on without
// end.
func (v *Vault) notTable(ctx context.Context) string {
	for _, s := range schemaSplit() {
		var n int64
		if s.kind != "TABLE" {
			continue
		}
		err := queryRow(ctx, v.r, "SELECT count(*) FROM pragma_table_list(?) WHERE type IN ('view', 'virtual')", s.name)(&n)
		if err == nil && n > 0 {
			return s.name
		}
	}
	return ""
}

// restoreSchema puts the format's triggers and indexes in the place of whatever
// the file has, and makes tables that are missing, if its schema is not that of
// the format. Somebody who has the file can have left a trigger there that
// undoes what is inserted, or an index that refuses it.
func restoreSchema(ctx context.Context, q querier) error {
	digest, err := readSchema(ctx, q)
	if err != nil || digest == schemaDigest {
		return err
	}
	statements, err := queryTexts(ctx, q, `SELECT printf('DROP %s "%w"', upper(type), name) FROM sqlite_schema
		WHERE type IN ('trigger', 'view') OR type = 'index' AND sql IS NOT NULL`)
	if err != nil {
		return err
	}
	for _, s := range schemaSplit() {
		if s.kind == "TABLE" {
			statements = append(statements, strings.Replace(s.text, "CREATE TABLE", "CREATE TABLE IF NOT EXISTS", 1))
		}
	}
	for _, s := range schemaSplit() {
		if s.kind != "TABLE" {
			statements = append(statements, s.text)
		}
	}
	for _, s := range statements {
		if _, err := q.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	return nil
}
