package locker_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"evidence-locker/locker"

	"golang.org/x/sys/unix"
)

// hotJournal lays a journal beside a vault file that is hot and holds no page.
func hotJournal(t *testing.T, file string) {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	b := []byte{0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7}
	for _, n := range []uint32{0, 1, uint32(info.Size() / 16384), 512, 16384} {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	if err := os.WriteFile(file+"-journal", append(b, make([]byte, 512-len(b))...), 0o600); err != nil {
		t.Fatal(err)
	}
}

// soon fails the test if f does not end.
func soon(t *testing.T, what string, f func(ctx context.Context)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan struct{})
	go func() { defer close(done); f(ctx) }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Errorf("%s does not end", what)
		cancel()
		select {
		case <-done:
		case <-time.After(5 * time.Second):
		}
	}
}

// Pipes beside a file keep nobody waiting.
func TestHostilePipes(t *testing.T) {
	v, _, dest := backedUp(t)
	for _, suffix := range []string{"-journal", "-wal", "-lock", "-stage"} {
		file := filepath.Join(t.TempDir(), "b.locker")
		copyFile(t, dest, file)
		if suffix == "-lock" { // which is taken to copy a hot journal
			hotJournal(t, file)
		}
		if err := unix.Mkfifo(file+suffix, 0o600); err != nil {
			t.Skip(err)
		}
		soon(t, "verify beside a pipe "+suffix, func(ctx context.Context) {
			o := baseOptions(t.TempDir())
			o.Untouched = true
			locker.Verify(ctx, file, o, nil, nil)
		})
		soon(t, "backup beside a pipe "+suffix, func(ctx context.Context) {
			v.Backup(ctx, file, locker.BackupRequest{})
		})
	}
}

// A lock file that is a link, or somebody's file, is not written to.
func TestLockFileOfOthers(t *testing.T) {
	v, _, dest := backedUp(t)
	const text = "something of value, and quite long"
	for _, c := range []struct {
		what string
		make func(victim, lock string) error
	}{{"link", os.Symlink}, {"hard link", os.Link}, {"file", os.Rename}} {
		t.Run(c.what, func(t *testing.T) {
			dir := t.TempDir()
			victim, file := filepath.Join(dir, "victim"), filepath.Join(dir, "b.locker")
			copyFile(t, dest, file)
			if err := os.WriteFile(victim, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := c.make(victim, file+"-lock"); err != nil {
				t.Fatal(err)
			}
			_, err := v.Backup(t.Context(), file, locker.BackupRequest{})
			if got := mustRead(t, file+"-lock"); string(got) != text {
				t.Errorf("the file is now %q; the answer was %v", got, err)
			}
			if c.what == "link" && !errors.Is(err, locker.ErrForeign) {
				t.Error(err)
			}
		})
	}
	// No file is made through a link that leads nowhere.
	file, nowhere := filepath.Join(t.TempDir(), "b.locker"), filepath.Join(t.TempDir(), "made")
	if err := os.Symlink(nowhere, file+"-lock"); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Backup(t.Context(), file, locker.BackupRequest{}); !errors.Is(err, locker.ErrForeign) {
		t.Error(err)
	}
	if _, err := os.Lstat(nowhere); err == nil {
		t.Error("a file was made where the link leads")
	}
}

// What is no vault stays, whatever its name.
func TestWorkFileOfOthers(t *testing.T) {
	_, path, dest := backedUp(t)
	const text = "something of value"
	for _, c := range []struct {
		what, suffix string
		run          func(to string) error
	}{
		{"salvage", ".restoring", func(to string) error {
			_, err := locker.Salvage(t.Context(), dest, to, baseOptions(t.TempDir()), nil)
			return err
		}},
		{"restore", ".restoring", func(to string) error {
			bad := filepath.Join(t.TempDir(), "bad.locker")
			copyFile(t, dest, bad)
			damageVault(t, bad, "UPDATE record SET sealed = x'00' WHERE seq = 2")
			_, err := locker.Restore(t.Context(), bad, to, locker.RestoreRequest{Salvage: true, Key: withPassphrase(passphrase, new(int))}, baseOptions(t.TempDir()))
			return err
		}},
		{"repair", ".mending", func(to string) error {
			copyFile(t, path, to)
			damageVault(t, to, "UPDATE record SET sealed = x'00' WHERE seq = 2")
			_, err := locker.Repair(t.Context(), to, dest, baseOptions(t.TempDir()), nil)
			return err
		}},
	} {
		t.Run(c.what, func(t *testing.T) {
			to := filepath.Join(t.TempDir(), "v.locker")
			if err := os.WriteFile(to+c.suffix, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := c.run(to); !errors.Is(err, locker.ErrForeign) {
				t.Error(err)
			}
			if got, _ := os.ReadFile(to + c.suffix); string(got) != text {
				t.Fatalf("the file is %q", got)
			}
			// What an interrupt left is no obstacle.
			copyFile(t, dest, to+c.suffix)
			os.Remove(to)
			if err := c.run(to); err != nil {
				t.Errorf("control: %v", err)
			}
		})
	}
}

// A backup does not take a name that SQLite has for the vault's own journal,
// nor is the vault itself an interrupted backup.
func TestBackupBesideVault(t *testing.T) {
	made, path := newVault(t)
	add(t, made, locker.Target{New: true}, []locker.Fact{note("one")})
	made.Close()
	v, err := locker.Open(t.Context(), path, baseOptions(filepath.Dir(path))) // which warns of the disk
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	for _, suffix := range []string{"-journal", "-wal", "-stage"} {
		os.Remove(path + suffix)
		if _, err := v.Backup(t.Context(), path+suffix, locker.BackupRequest{}); !errors.Is(err, locker.ErrForeign) {
			t.Errorf("%s: %v", suffix, err)
		}
	}
	dest := filepath.Join(filepath.Dir(path), "b.locker")
	if err := os.Link(path, dest+".part"); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Backup(t.Context(), dest, locker.BackupRequest{}); !errors.Is(err, locker.ErrForeign) {
		t.Errorf("the vault as an interrupted backup: %v", err)
	}
	if got := verify(t, path); len(got.Faults) > 0 {
		t.Error(got.Faults)
	}
}

// Two sticks that were one do not pass for each other: what was read back of
// one was not of the other.
func TestBackupClone(t *testing.T) {
	for _, image := range []bool{false, true} {
		v, _ := newVault(t)
		dir := stick(t)
		a, b := filepath.Join(dir, "a.locker"), filepath.Join(dir, "b.locker")
		add(t, v, locker.Target{New: true}, nil, memFile("one", bytes.Repeat([]byte("x"), 3<<20)))
		backup(t, v, a)
		copyFile(t, a, b)
		add(t, v, locker.Target{}, nil, memFile("two", bytes.Repeat([]byte("y"), 3<<20)))
		backup(t, v, a)
		if image {
			copyFile(t, b, a) // the older state again
			b = a
		}
		// Here the disk of b loses what is written, after the copying.
		add(t, v, locker.Target{}, nil, memFile("three", []byte("z")))
		ctx, cancel := context.WithCancel(t.Context())
		begun := false
		_, err := v.Backup(ctx, b, locker.BackupRequest{Progress: func(done, total int64) {
			if begun = true; done > total/2 { // it reads back
				cancel()
			}
		}})
		if !errors.Is(err, context.Canceled) || !begun {
			t.Fatalf("not interrupted: %v", err)
		}
		db := rawDB(t, b)
		withoutTriggers(t, db, func() {
			exec1(t, db, "UPDATE chunk SET data = zeroblob(length(data)) WHERE object = (SELECT id FROM object ORDER BY seq DESC LIMIT 1 OFFSET 1)")
		})
		db.Close()
		if got, err := v.Backup(t.Context(), b, locker.BackupRequest{}); !errors.Is(err, locker.ErrReadBack) {
			t.Errorf("image %v: %+v, %v", image, got, err)
		}
	}
}

// A file of somebody's making costs neither time nor memory without end.
func TestHostileFile(t *testing.T) {
	_, path, dest := backedUp(t)
	for what, statements := range map[string][]string{
		"far record": {"INSERT INTO record SELECT 549755813888, incident, leaf, sealed FROM record WHERE seq = 1"},
		"view": {"ALTER TABLE record RENAME TO was", `CREATE VIEW record AS WITH RECURSIVE c(x) AS (SELECT 1 UNION SELECT x + 1 FROM c)
			SELECT x AS seq, 0 AS incident, 'x' AS leaf, x'' AS sealed FROM c`},
	} {
		file := filepath.Join(t.TempDir(), "b.locker")
		copyFile(t, dest, file)
		db := rawDB(t, file)
		for _, name := range texts(t, db, "SELECT name FROM sqlite_schema WHERE type = 'trigger'") {
			exec1(t, db, "DROP TRIGGER "+name)
		}
		for _, s := range statements {
			exec1(t, db, s)
		}
		db.Close()
		o := baseOptions(t.TempDir())
		soon(t, what+": verify", func(ctx context.Context) { locker.Verify(ctx, file, o, nil, nil) })
		soon(t, what+": against", func(ctx context.Context) { locker.Against(ctx, path, file, o, nil) })
		soon(t, what+": salvage", func(ctx context.Context) { locker.Salvage(ctx, file, file+".saved", o, nil) })
		soon(t, what+": repair", func(ctx context.Context) { locker.Repair(ctx, copyVault(t, path), file, o, nil) })
		soon(t, what+": mended", func(ctx context.Context) { locker.Repair(ctx, file, path, o, nil) })
	}
}

// A row of 30 MB is not read with 255 others, nor a head a thousand times.
func TestHostileRows(t *testing.T) {
	_, _, dest := backedUp(t)
	db := rawDB(t, dest)
	for _, name := range texts(t, db, "SELECT name FROM sqlite_schema WHERE type = 'trigger'") {
		exec1(t, db, "DROP TRIGGER "+name)
	}
	// A column that is computed costs no room in the file.
	sealed := "CASE WHEN seq = 0 THEN x'' ELSE zeroblob(20000000) END"
	exec1(t, db, "ALTER TABLE record RENAME TO was")
	exec1(t, db, "CREATE TABLE record (seq INTEGER PRIMARY KEY, incident INTEGER, leaf TEXT, sealed BLOB AS ("+sealed+"))")
	exec1(t, db, "INSERT INTO record SELECT seq, incident, leaf FROM was")
	exec1(t, db, "WITH RECURSIVE c(x) AS (SELECT 10 UNION ALL SELECT x + 1 FROM c WHERE x < 60) INSERT OR IGNORE INTO record SELECT x, 0, 'x' FROM c")
	exec1(t, db, "ALTER TABLE head RENAME TO heads")
	exec1(t, db, "CREATE TABLE head (id INTEGER PRIMARY KEY, size INTEGER, text TEXT, note TEXT AS (coalesce(text, printf('%20000000d', 1))))")
	exec1(t, db, "INSERT INTO head SELECT id, size, note FROM heads")
	exec1(t, db, "WITH RECURSIVE c(x) AS (SELECT 100 UNION ALL SELECT x + 1 FROM c WHERE x < 140) INSERT INTO head SELECT x, 1, NULL FROM c")
	db.Close()
	var most int64
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
				most = max(most, residentNow(t))
			}
		}
	}()
	before := residentNow(t)
	o := baseOptions(t.TempDir())
	_, err := locker.Verify(t.Context(), dest, o, nil, nil)
	_, serr := locker.Salvage(t.Context(), dest, dest+".saved", o, nil)
	close(stop)
	<-done
	t.Logf("verify %v, salvage %v; %d MiB more", err, serr, (most-before)>>20)
	if most-before > 250<<20 {
		t.Errorf("%d MiB more", (most-before)>>20)
	}
}

func residentNow(t *testing.T) int64 {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip(err)
	}
	var pages int64
	fmt.Sscan(strings.Fields(string(b))[1], &pages)
	return pages * int64(os.Getpagesize())
}
