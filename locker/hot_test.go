package locker_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"evidence-locker/locker"
	"evidence-locker/locker/volume"
)

// halfWritten is a stick that was pulled in the middle of a transaction: a backup
// and its hot journal, in a folder of their own. It returns how many records
// the backup had before.
func halfWritten(t testing.TB) (v *locker.Vault, path, file string, records int64) {
	t.Helper()
	v, path, dest := backedUp(t)
	records = verify(t, dest).Records
	dir := t.TempDir()
	file = filepath.Join(dir, "b.locker")
	// A transaction that has spilled to the file, as a long one does.
	db := rawDB(t, dest)
	exec1(t, db, "PRAGMA journal_mode=TRUNCATE")
	exec1(t, db, "PRAGMA cache_size=2")
	exec1(t, db, "BEGIN IMMEDIATE")
	for _, name := range texts(t, db, "SELECT name FROM sqlite_schema WHERE type = 'trigger'") {
		exec1(t, db, "DROP TRIGGER "+name)
	}
	exec1(t, db, "DELETE FROM chunk")
	exec1(t, db, "UPDATE record SET sealed = zeroblob(length(sealed))")
	copyFile(t, dest, file)
	copyFile(t, dest+"-journal", file+"-journal")
	exec1(t, db, "ROLLBACK")
	db.Close()
	if journal := mustRead(t, file+"-journal"); len(journal) < 512 || bytes.Equal(mustRead(t, file), mustRead(t, dest)) {
		t.Fatalf("the journal has %d bytes, or nothing was written", len(journal))
	}
	return v, path, file, records
}

// A file with a hot journal reads as it was before the interrupt, and stays as
// it is, with its journal; nothing is left of the copy that was read.
func TestHotJournalUntouched(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	_, path, file, records := halfWritten(t)
	dir := filepath.Dir(file)
	state := func() (s string) {
		for _, f := range filesUnder(t, dir) {
			s += f + " " + sum(mustRead(t, f)) + "\n"
		}
		return s
	}
	before := state()
	o := testOptions(t, t.TempDir())
	o.Untouched = true
	check := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if now := state(); now != before {
			t.Errorf("%s: the folder is\n%s, it was\n%s", what, now, before)
		}
		if left, _ := os.ReadDir(os.TempDir()); len(left) > 0 {
			t.Errorf("%s: %v is left", what, left)
		}
	}
	got, err := locker.Verify(t.Context(), file, o, func() (string, error) { return passphrase, nil }, nil)
	if check("verify", err); err == nil && (len(got.Faults) > 0 || got.Records != records) {
		t.Errorf("%d records, faults %v", got.Records, got.Faults)
	}
	_, err = locker.Against(t.Context(), path, file, baseOptions(filepath.Dir(path)), nil)
	check("against", err)
	_, err = locker.Drill(t.Context(), file, withPassphrase(passphrase, new(int)), baseOptions(t.TempDir()), nil)
	check("drill", err)
	to := filepath.Join(t.TempDir(), "vault.locker")
	_, err = locker.Restore(t.Context(), file, to, locker.RestoreRequest{Key: withPassphrase(passphrase, new(int))}, testOptions(t, filepath.Dir(to)))
	check("restore", err)
	checkVault(t, to, records+2)
	_, err = locker.Salvage(t.Context(), file, filepath.Join(t.TempDir(), "s.locker"), baseOptions(t.TempDir()), nil)
	check("salvage", err)

	v, err := locker.Open(t.Context(), file, o)
	if err != nil {
		t.Fatal(err)
	}
	private, _ := filepath.Glob(filepath.Join(os.TempDir(), "*"))
	if len(private) != 1 {
		t.Errorf("private folders %v", private)
	} else if info, err := os.Stat(private[0]); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("private folder %v, %v", info.Mode(), err)
	}
	err = v.Add(t.Context(), locker.AddRequest{Facts: []locker.Fact{note("x")}, Recorded: func(locker.Recorded) { t.Error("recorded") }})
	if !errors.Is(err, locker.ErrReadOnly) || !v.ReadOnly() {
		t.Errorf("adding: %v", err)
	}
	v.Close()
	check("opened", nil)

	_, err = locker.Drill(t.Context(), file, withPassphrase("wrong", new(int)), baseOptions(t.TempDir()), nil)
	if check("wrong passphrase", nil); !errors.Is(err, locker.ErrWrongPassphrase) {
		t.Error(err)
	}
	// The control: opened for writing, it is rolled back where it stands.
	if got := verify(t, file); len(got.Faults) > 0 || got.Records != records || state() == before {
		t.Errorf("control: %v", got.Faults)
	}
}

// There must be room for the copy.
func TestHotJournalRoom(t *testing.T) {
	_, _, file, _ := halfWritten(t)
	o := baseOptions(t.TempDir())
	o.Untouched = true
	t.Cleanup(locker.SetStatVolume(func(path string) (volume.Info, error) { return volume.Info{Free: 1 << 20}, nil }))
	var space *locker.SpaceError
	if _, err := locker.Verify(t.Context(), file, o, nil, nil); !errors.As(err, &space) || space.Need < 1<<20 || space.Free != 1<<20 {
		t.Errorf("%v", err)
	}
}

// A writer at work has a journal too, and is no crash: its file is read as it
// is, without a copy.
func TestLiveWriterIsNoCrash(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	_, path, _ := backedUp(t)
	db := rawDB(t, path)
	exec1(t, db, "BEGIN IMMEDIATE")
	exec1(t, db, "INSERT INTO local VALUES ('x', 'y', 'z')")
	defer db.Exec("ROLLBACK")
	if info, err := os.Stat(path + "-journal"); err != nil || info.Size() == 0 {
		t.Fatal("the writer has no journal")
	}
	o := testOptions(t, filepath.Dir(path))
	o.Untouched = true
	v, err := locker.Open(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if private, _ := filepath.Glob(filepath.Join(os.TempDir(), "*")); len(private) > 0 {
		t.Errorf("copied to %v", private)
	}
	if head, err := v.Head(t.Context()); err != nil || head.Size != 8 {
		t.Errorf("%v, %v", head, err)
	}
}
