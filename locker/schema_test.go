package locker_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"evidence-locker/locker"
)

// refused are statements that would change what was recorded.
func refused() (out []string) {
	keys := map[string]string{"record": "seq", "object": "id", "chunk": "row", "node": "id", "head": "id", "token": "id"}
	for table, key := range keys {
		out = append(out,
			"DELETE FROM "+table,
			"DELETE FROM "+table+" WHERE "+key+" = (SELECT max("+key+") FROM "+table+")",
			fmt.Sprintf("UPDATE %s SET %s = %s", table, key, key),
			fmt.Sprintf("UPDATE OR REPLACE %s SET %s = (SELECT min(%s) FROM %s)", table, key, key, table),
			fmt.Sprintf("UPDATE OR IGNORE %s SET %s = %s", table, key, key),
			fmt.Sprintf("INSERT OR REPLACE INTO %s SELECT * FROM %s", table, table),
			fmt.Sprintf("REPLACE INTO %s SELECT * FROM %s ORDER BY %s DESC LIMIT 1", table, table, key),
			fmt.Sprintf("INSERT INTO %s SELECT * FROM %s WHERE true ON CONFLICT DO UPDATE SET %s = excluded.%s", table, table, key, key),
		)
	}
	return append(out,
		"UPDATE record SET leaf = 'x'", "UPDATE record SET sealed = x''", "UPDATE record SET incident = 9",
		"UPDATE object SET sha256 = x''", "UPDATE chunk SET data = x''", "UPDATE node SET hash = x''", "UPDATE head SET note = ''", "UPDATE token SET data = x''",
		// Explicit row ids, and conflicts on what is unique besides the key.
		"INSERT OR REPLACE INTO record (rowid, incident, leaf, sealed) VALUES (1, 1, 'x', x'')",
		"INSERT OR REPLACE INTO record VALUES (0, 1, 'x', x'')",
		"INSERT OR REPLACE INTO record (incident, leaf, sealed) VALUES (1, 'x', x'')",
		"INSERT INTO record VALUES (1000, 1, 'x', x'')",
		"INSERT INTO record VALUES (-1, 1, 'x', x'')",
		"INSERT OR REPLACE INTO node VALUES (0, zeroblob(32))",
		"INSERT INTO node VALUES (100000, zeroblob(32))",
		"INSERT OR REPLACE INTO node (hash) VALUES (zeroblob(32))",
		"INSERT OR REPLACE INTO head VALUES (1, 1, 'x')",
		"INSERT OR REPLACE INTO head (rowid, size, note) VALUES (1, 1, 'x')",
		"INSERT OR REPLACE INTO chunk SELECT 1000, object, n, x'00' FROM chunk",
		"INSERT OR REPLACE INTO chunk (object, n, data) SELECT object, n, x'00' FROM chunk",
		"INSERT INTO chunk (object, n, data) SELECT id, chunks, x'00' FROM object",
		"INSERT INTO chunk (object, n, data) VALUES ('new', 1, x'00')",
		"INSERT OR REPLACE INTO object SELECT id, seq, chunks, 0, x'' FROM object",
		"INSERT OR REPLACE INTO token VALUES (1, 1, 'x', x'')",
		"INSERT OR REPLACE INTO key VALUES (1, 'x', x'')", "DELETE FROM key", "INSERT OR REPLACE INTO key_copy VALUES (1, 'x', x'')", "DELETE FROM key_copy",
		// STRICT columns.
		"INSERT INTO head (size, note) VALUES ('x', 'x')", "INSERT INTO head (size, note) VALUES (1, NULL)",
	)
}

func TestInsertOnly(t *testing.T) {
	v, path := newVault(t)
	add(t, v, locker.Target{}, []locker.Fact{note("one")}, memFile("a", []byte("content")))
	v.Close()
	db := rawDB(t, path)
	exec1(t, db, "INSERT INTO token (size, kind, data) VALUES (1, 'test', x'00')")
	before, err := dump(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	statements := refused()
	tried := 0
	for _, recursive := range []string{"ON", "OFF"} {
		for _, ignore := range []string{"ON", "OFF"} {
			exec1(t, db, "PRAGMA recursive_triggers="+recursive)
			exec1(t, db, "PRAGMA ignore_check_constraints="+ignore)
			for _, s := range statements {
				if _, err := db.Exec(s); err == nil {
					t.Errorf("recursive_triggers %s, ignore_check_constraints %s: %s is not refused", recursive, ignore, s)
				}
				tried++
			}
		}
	}
	after, err := dump(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	if after != before {
		t.Errorf("rows changed:\n%s", firstDifference(after, before))
	}

	// Control: without the triggers most of them would go through.
	through := 0
	for _, s := range statements {
		c := rawDB(t, copyVault(t, path))
		for _, name := range texts(t, c, "SELECT name FROM sqlite_schema WHERE type = 'trigger'") {
			exec1(t, c, "DROP TRIGGER "+name)
		}
		if _, err := c.Exec(s); err == nil {
			through++
		}
		c.Close()
	}
	t.Logf("%d statements refused; without triggers %d of %d are carried out", tried, through, len(statements))
	if through < len(statements)/2 {
		t.Error("the control hardly changed anything")
	}
}

// Staged chunks can go, and only they.
func TestStagedChunksCanGo(t *testing.T) {
	v, path := newVault(t)
	add(t, v, locker.Target{}, nil, memFile("a", []byte("content")))
	v.Close()
	db := rawDB(t, path)
	exec1(t, db, "INSERT INTO chunk (object, n, data) VALUES ('staged', 0, x'00')")
	exec1(t, db, "DELETE FROM chunk WHERE object = 'staged'")
	if _, err := db.Exec("DELETE FROM chunk"); err == nil {
		t.Error("a recorded chunk can be deleted")
	}
	checkVault(t, path, 2)
}

// Every connection of both pools has its settings.
func TestSettings(t *testing.T) {
	v, _ := newVault(t)
	add(t, v, locker.Target{}, []locker.Fact{note("one")})
	writer, reader := v.Pools()
	read := func(c *sql.Conn, pragma string) string {
		var s string
		if err := c.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&s); err != nil {
			t.Errorf("%s: %v", pragma, err)
		}
		return s
	}
	both := map[string]string{"page_size": "16384", "trusted_schema": "0", "cell_size_check": "1", "fullfsync": "1", "temp_store": "2", "busy_timeout": "250"}
	for name, pool := range map[string]struct {
		db   *sql.DB
		want map[string]string
	}{
		"writer": {writer, map[string]string{"synchronous": "3", "journal_mode": "truncate", "secure_delete": "2", "query_only": "0"}},
		"reader": {reader, map[string]string{"query_only": "1"}},
	} {
		var conns []*sql.Conn
		most := pool.db.Stats().MaxOpenConnections
		for range most {
			c, err := pool.db.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			conns = append(conns, c)
		}
		for i, c := range conns {
			for _, want := range []map[string]string{both, pool.want} {
				for pragma, value := range want {
					if got := read(c, pragma); got != value {
						t.Errorf("%s %d of %d: %s is %s, want %s", name, i+1, most, pragma, got, value)
					}
				}
			}
			c.Close()
		}
	}
	// Control: a plain connection has other ones.
	db := rawDB(t, v.Path())
	c, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if read(c, "synchronous") == "3" || read(c, "trusted_schema") == "0" || read(c, "cell_size_check") == "1" {
		t.Error("the driver has these settings by itself")
	}
	if got := read(c, "application_id"); got != "1163283531" {
		t.Errorf("application_id %s", got)
	}
}

// Two openings of one vault in one process, several goroutines each, adding,
// reading and verifying at once.
func TestConcurrent(t *testing.T) {
	v1, path := newVault(t)
	dir := filepath.Dir(path)
	v2, err := locker.Open(t.Context(), path, testOptions(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v2.Close() })
	k, err := v1.Unlock(t.Context(), passphrase)
	if err != nil {
		t.Fatal(err)
	}
	add(t, v1, locker.Target{}, []locker.Fact{note("first")})
	large := bytes.Repeat([]byte("large file "), 9<<20/11)
	var (
		mu    sync.Mutex
		rep   = reported{}
		group sync.WaitGroup
	)
	record := func(v *locker.Vault, facts []locker.Fact, files ...locker.File) {
		err := v.Add(context.Background(), locker.AddRequest{
			Facts: facts, Files: files,
			Recorded: func(r locker.Recorded) { mu.Lock(); rep.add(r); mu.Unlock() },
			Failed:   func(f locker.File, err error) { t.Errorf("%s: %v", f.Name, err) },
		})
		if err != nil {
			t.Error(err)
		}
	}
	const each = 5
	for i, v := range []*locker.Vault{v1, v2} {
		for j := range 2 {
			group.Go(func() {
				for n := range each {
					record(v, []locker.Fact{note(fmt.Sprint("note ", i, j, n))}, memFile(fmt.Sprint("small", i, j, n), []byte("small")))
				}
			})
			group.Go(func() { record(v, nil, memFile(fmt.Sprint("large", i, j), large)) })
		}
		group.Go(func() {
			for range 3 {
				if _, err := v.Incidents(context.Background(), k); err != nil {
					t.Error(err)
				}
				if got, err := locker.Verify(context.Background(), path, baseOptions(dir), nil, nil); err != nil || len(got.Faults) > 0 {
					t.Errorf("verifying meanwhile: %+v, %v", got, err)
				}
			}
		})
	}
	group.Wait()
	if want := 2*2*each*2 + 4; len(rep) != want {
		t.Errorf("%d records reported, want %d", len(rep), want)
	}
	if got := checkReported(t, path, rep); got != int64(len(rep))+2 {
		t.Errorf("%d records", got)
	}
}
