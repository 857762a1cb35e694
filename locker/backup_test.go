package locker_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"evidence-locker/locker"
	"evidence-locker/locker/volume"
)

// stick is a folder that counts as a disk of its own.
func stick(t testing.TB) string {
	t.Helper()
	dir := fastDir(t)
	t.Cleanup(locker.SetStatVolume(func(path string) (volume.Info, error) {
		info, err := volume.Stat(path)
		if info, serr := os.Stat(path); serr == nil && !info.IsDir() {
			path = filepath.Dir(path)
		}
		h := fnv.New64()
		h.Write([]byte(path))
		info.Device = h.Sum64()
		return info, err
	}))
	return dir
}

// shortCopies has transactions of a copy hold 2 MiB of files.
func shortCopies(t testing.TB) {
	t.Cleanup(locker.SetShortCopy(2 << 20))
}

// backup backs the vault up, and fails the test if that goes wrong.
func backup(t testing.TB, v *locker.Vault, dest string) *locker.Backed {
	t.Helper()
	done, err := v.Backup(t.Context(), dest, locker.BackupRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// checkBackup verifies a backup by itself, and compares it with the first
// records of the vault, row by row. It returns the number of records.
func checkBackup(t testing.TB, vault, dest string) int64 {
	t.Helper()
	got, err := locker.Verify(t.Context(), dest, baseOptions(t.TempDir()), func() (string, error) { return passphrase, nil }, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range got.Faults {
		t.Errorf("backup: fault %+v", f)
	}
	if got.Staged > 0 {
		t.Errorf("backup: %d staged chunks", got.Staged)
	}
	checkTree(t, dest)
	a, b := tables(t, vault, got.Records), tables(t, dest, got.Records)
	for table := range a {
		if a[table] != b[table] {
			t.Errorf("table %s is another in the backup", table)
		}
	}
	return got.Records
}

// tables returns the rows of the first size records, by table, each as the
// SHA-256 of its text.
func tables(t testing.TB, path string, size int64) map[string]string {
	t.Helper()
	db := rawDB(t, path)
	defer db.Close()
	out, err := tablesOf(db, size)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func tablesOf(db *sql.DB, size int64) (map[string]string, error) {
	out := map[string]string{}
	for table, q := range map[string]string{
		"key":      "SELECT quote(recipient) || quote(sealed) FROM key",
		"key_copy": "SELECT quote(recipient) || quote(sealed) FROM key_copy",
		"record":   "SELECT seq || ' ' || incident || quote(leaf) || quote(sealed) FROM record WHERE seq < ? ORDER BY seq",
		"object":   "SELECT quote(id) || seq || ' ' || chunks || ' ' || size || quote(sha256) FROM object WHERE seq < ? ORDER BY id",
		"chunk":    "SELECT quote(object) || n || quote(data) FROM chunk WHERE object IN (SELECT id FROM object WHERE seq < ?) ORDER BY object, n",
		"head":     "SELECT size || quote(note) FROM head WHERE size <= ? ORDER BY size, note",
		"token":    "SELECT size || quote(kind) || quote(data) FROM token WHERE size <= ? ORDER BY size",
	} {
		var args []any
		if strings.Contains(q, "?") {
			args = append(args, size)
		}
		rows, err := db.Query(q, args...)
		if err != nil {
			return nil, err
		}
		var all strings.Builder
		for rows.Next() {
			var row string
			if err := rows.Scan(&row); err != nil {
				return nil, err
			}
			all.WriteString(row + "\n")
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return nil, err
		}
		out[table] = sum([]byte(all.String()))
	}
	return out, nil
}

// A backup is a vault with the same rows; the next one writes what is new; one
// with nothing new writes nothing.
func TestBackup(t *testing.T) {
	v, path := newVault(t)
	dest := filepath.Join(stick(t), locker.BackupName(v.ID()))
	add(t, v, locker.Target{New: true}, []locker.Fact{note("one")}, memFile("a", []byte("first file")))
	var plan locker.BackupPlan
	var last, total int64
	done, err := v.Backup(t.Context(), dest, locker.BackupRequest{
		Plan: func(p locker.BackupPlan) { plan = p },
		Progress: func(d, all int64) {
			if d < last || d > all {
				t.Errorf("progress from %d to %d of %d", last, d, all)
			}
			last, total = d, all
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if !plan.Fresh || plan.Records != 3 || plan.Bytes == 0 {
		t.Errorf("plan %+v", plan)
	}
	if done.New != 4 || done.Custody != 3 || done.Head.Size != 4 || done.Rekeyed {
		t.Errorf("done %+v", done)
	}
	if last != total || last < 2*done.Bytes {
		t.Errorf("progress ended at %d of %d", last, total)
	}
	if n := checkBackup(t, path, dest); n != 4 {
		t.Errorf("%d records", n)
	}

	before := sum(mustRead(t, dest))
	done = backup(t, v, dest)
	if done.New != 0 || done.Custody != 0 || done.Head.Size != 4 {
		t.Errorf("nothing is new: %+v", done)
	}
	if sum(mustRead(t, dest)) != before {
		t.Error("the backup was written to")
	}

	add(t, v, locker.Target{New: true}, []locker.Fact{note("two")}, memFile("b", bytes.Repeat([]byte("second"), 1<<18)), memFile("c", nil))
	if done = backup(t, v, dest); done.New != 4 || done.Custody != 7 {
		t.Errorf("second backup %+v", done)
	}
	if n := checkBackup(t, path, dest); n != 8 {
		t.Errorf("%d records", n)
	}
	if _, err := v.Backup(t.Context(), dest, locker.BackupRequest{Full: true}); err != nil {
		t.Error(err)
	}
	for _, name := range []string{dest + "-journal", dest + ".part", dest + ".part-journal"} {
		if info, err := os.Lstat(name); err == nil && info.Size() > 0 {
			t.Errorf("%s is left", name)
		}
	}
}

func mustRead(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Files larger than a transaction, and many batches.
func TestBackupLarge(t *testing.T) {
	shortCopies(t)
	v, path := newVault(t)
	dest := filepath.Join(stick(t), "b.locker")
	for i := range 3 {
		add(t, v, locker.Target{New: true}, []locker.Fact{note("note")},
			memFile("large", bytes.Repeat([]byte{byte(i)}, 5<<20)), memFile("medium", bytes.Repeat([]byte{byte(i)}, 1<<20)), memFile("small", []byte("x")))
	}
	facts := make([]locker.Fact, 500)
	for i := range facts {
		facts[i] = note(fmt.Sprint(i))
	}
	for range 3 {
		add(t, v, locker.Target{}, facts)
	}
	backup(t, v, dest)
	if n := checkBackup(t, path, dest); n != 1+3*4+3*500+1 {
		t.Errorf("%d records", n)
	}
}

// The sealed key travels along, over several changes of the passphrase, into an
// old backup and a new one.
func TestBackupRekeyed(t *testing.T) {
	shortCopies(t)
	v, path := newVault(t)
	dir := stick(t)
	old, fresh := filepath.Join(dir, "old.locker"), filepath.Join(dir, "fresh.locker")
	add(t, v, locker.Target{New: true}, []locker.Fact{note("one")})
	backup(t, v, old)
	k, err := v.Unlock(t.Context(), passphrase)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"second", "third", passphrase} {
		if _, err := v.ChangePassphrase(t.Context(), k, p); err != nil {
			t.Fatal(err)
		}
		add(t, v, locker.Target{}, []locker.Fact{note("after " + p)}, memFile("f", bytes.Repeat([]byte{1}, 3<<20)))
	}
	if done := backup(t, v, old); !done.Rekeyed {
		t.Error("the old backup opened with another passphrase before")
	}
	if done := backup(t, v, fresh); done.Rekeyed {
		t.Error("a new backup opened with none before")
	}
	checkBackup(t, path, old) // without the newest record, of the second backup
	checkBackup(t, path, fresh)
	if done := backup(t, v, old); done.Rekeyed || done.New != 2 {
		t.Errorf("third backup: %+v", done)
	}
}

// What must not be written to is left as it is, byte for byte, and the vault
// has no note of it.
func TestBackupRefuses(t *testing.T) {
	v, path := newVault(t)
	dir := stick(t)
	add(t, v, locker.Target{New: true}, []locker.Fact{note("one")})
	good := filepath.Join(dir, "good.locker")
	backup(t, v, good)
	other, _ := newVault(t)
	otherDest := filepath.Join(dir, "other.locker")
	backup(t, other, otherDest)

	text := filepath.Join(dir, "text.locker")
	if err := os.WriteFile(text, []byte("a shopping list"), 0o600); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(dir, "empty.locker")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link.locker")
	if err := os.Symlink(good, link); err != nil {
		t.Fatal(err)
	}
	dangling := filepath.Join(dir, "dangling.locker")
	if err := os.Symlink(filepath.Join(dir, "nowhere"), dangling); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, "folder.locker")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	part := filepath.Join(dir, "part.locker")
	if err := os.WriteFile(part+".part", []byte("another list"), 0o600); err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(dir, "cut.locker") // a backup whose newest record is gone
	copyFile(t, good, cut)
	db := rawDB(t, cut)
	withoutTriggers(t, db, func() { exec1(t, db, "DELETE FROM record WHERE seq = 2") })
	db.Close()

	records := verify(t, path).Records
	for dest, want := range map[string]error{
		otherDest: locker.ErrOtherVault,
		text:      locker.ErrForeign,
		empty:     locker.ErrForeign,
		link:      locker.ErrForeign,
		dangling:  locker.ErrForeign,
		folder:    locker.ErrForeign,
		part:      locker.ErrForeign,
		path:      locker.ErrForeign,
		cut:       locker.ErrCopyDamaged,
	} {
		var before string
		if info, err := os.Stat(dest); err == nil && info.Mode().IsRegular() && dest != path {
			before = sum(mustRead(t, dest))
		}
		if _, err := v.Backup(t.Context(), dest, locker.BackupRequest{}); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", filepath.Base(dest), err, want)
		}
		if before != "" && sum(mustRead(t, dest)) != before {
			t.Errorf("%s was changed", filepath.Base(dest))
		}
	}
	if string(mustRead(t, part+".part")) != "another list" {
		t.Error("the file under the name of a beginning backup was changed")
	}
	if got := verify(t, path).Records; got != records {
		t.Errorf("the vault has %d records, %d before", got, records)
	}
	if got := backup(t, v, good); got.New != 0 { // control
		t.Errorf("the good one: %+v", got)
	}
}

// Too little room is told before anything is written.
func TestBackupRoom(t *testing.T) {
	v, path := newVault(t)
	dir := stick(t)
	dest := filepath.Join(dir, "b.locker")
	add(t, v, locker.Target{New: true}, nil, memFile("f", make([]byte, 5<<20)))
	disk := volume.Info{Device: 1, Free: 4 << 20}
	t.Cleanup(locker.SetStatVolume(func(p string) (volume.Info, error) {
		if p == dir {
			return disk, nil
		}
		return volume.Info{Device: 2, Free: 1 << 40}, nil
	}))
	refused := func(limit bool) {
		t.Helper()
		_, err := v.Backup(t.Context(), dest, locker.BackupRequest{})
		var space *locker.SpaceError
		if !errors.As(err, &space) || !errors.Is(err, locker.ErrFull) || space.FileLimit != limit || space.Need < 5<<20 || space.Free != 4<<20 {
			t.Errorf("got %v, %+v", err, space)
		}
		for _, name := range []string{dest, dest + ".part", dest + ".part-journal"} {
			if _, err := os.Lstat(name); err == nil {
				t.Errorf("%s is there", name)
			}
		}
		if n := verify(t, path).Records; n != 2 {
			t.Errorf("%d records", n)
		}
	}
	refused(false)
	disk.Free, disk.MaxFile = 1<<40, 4<<20
	refused(true)
	disk.ReadOnly = true
	if _, err := v.Backup(t.Context(), dest, locker.BackupRequest{}); !errors.Is(err, locker.ErrReadOnly) {
		t.Errorf("read-only: %v", err)
	}
	disk = volume.Info{Device: 1, Free: 1 << 40, MaxFile: 1<<32 - 1}
	backup(t, v, dest)
	checkBackup(t, path, dest)
}

// A damaged vault does not reach the backup; what came before the damage does.
func TestBackupDamagedSource(t *testing.T) {
	for name, s := range map[string]struct {
		statement string
		seq       int64
	}{
		"control": {"SELECT 1", -1},
		"chunk":   {"UPDATE chunk SET data = CAST(x'00' || substr(data, 2) AS BLOB) WHERE object = (SELECT id FROM object WHERE seq = 4)", 4},
		"missing": {"DELETE FROM chunk WHERE object = (SELECT id FROM object WHERE seq = 4)", 4},
		"sealed":  {"UPDATE record SET sealed = CAST(sealed || x'00' AS BLOB) WHERE seq = 4", 4},
		"leaf":    {"UPDATE record SET leaf = replace(leaf, 'incident 1', 'incident 2'), incident = 2 WHERE seq = 4", 4},
		"opened":  {"UPDATE record SET leaf = replace(leaf, 'opened sha256:', 'opened sha256:0') WHERE seq = 4", 4},
		"head":    {"UPDATE head SET note = replace(note, char(10) || 'from', 'x' || char(10) || 'from') WHERE size = 5", 4},
		"key":     {"UPDATE key SET sealed = CAST(sealed || x'00' AS BLOB)", -1},
	} {
		t.Run(name, func(t *testing.T) {
			v, path := newVault(t)
			dest := filepath.Join(stick(t), "b.locker")
			add(t, v, locker.Target{New: true}, []locker.Fact{note("one")})
			backup(t, v, dest)
			add(t, v, locker.Target{}, nil, memFile("f", []byte("content")))
			add(t, v, locker.Target{}, nil, memFile("g", []byte("content")))
			v.Close()
			bad := copyVault(t, path)
			db := rawDB(t, bad)
			withoutTriggers(t, db, func() { exec1(t, db, s.statement) })
			db.Close()
			v, err := locker.Open(t.Context(), bad, (&warnings{}).options(filepath.Dir(bad)))
			if err != nil {
				t.Fatal(err)
			}
			defer v.Close()
			_, err = v.Backup(t.Context(), dest, locker.BackupRequest{})
			var source *locker.SourceError
			switch {
			case s.seq < 0 && err != nil:
				t.Error(err)
			case s.seq >= 0 && !errors.As(err, &source):
				t.Errorf("got %v", err)
			case s.seq >= 0 && (source.Seq != s.seq && source.Seq != 6 || !errors.Is(err, locker.ErrDamaged)):
				t.Errorf("damage at %d: %v", source.Seq, err)
			}
			want := int64(3)
			if s.seq < 0 {
				want = 6
			}
			if name == "key" { // the backup has kept the good one
				db := rawDB(t, bad)
				exec1(t, db, "UPDATE key SET sealed = (SELECT sealed FROM key_copy)")
				db.Close()
			}
			if n := checkBackup(t, bad, dest); n != want {
				t.Errorf("%d records, want %d", n, want)
			}
		})
	}
}

// A fork at each record of a vault is found at that record.
func TestBackupFork(t *testing.T) {
	const size = 20
	v, path := newVault(t)
	dir := stick(t)
	var states []string // the vault with 1, 2, ... records
	for i := range size {
		states = append(states, copyVault(t, path))
		add(t, v, locker.Target{New: i == 0}, []locker.Fact{note(fmt.Sprint("note ", i))})
	}
	pristine := copyVault(t, states[5])
	found := 0
	for i, state := range states {
		fork := int64(i + 1)
		other, err := locker.Open(t.Context(), state, testOptions(t, filepath.Dir(state)))
		if err != nil {
			t.Fatal(err)
		}
		for j := range size {
			add(t, other, locker.Target{New: i == 0 && j == 0}, []locker.Fact{note(fmt.Sprint("other ", j))})
		}
		dest := filepath.Join(dir, fmt.Sprint(fork, ".locker"))
		backup(t, other, dest)
		other.Close()
		before := sum(mustRead(t, dest))
		_, err = v.Backup(t.Context(), dest, locker.BackupRequest{})
		var forked *locker.ForkError
		if !errors.As(err, &forked) || forked.Seq != fork || forked.Ahead {
			t.Errorf("fork at record %d: %v", fork, err)
		} else {
			found++
		}
		if sum(mustRead(t, dest)) != before {
			t.Errorf("fork at record %d: the backup was changed", fork)
		}
	}
	if found != size {
		t.Errorf("%d of %d forks found", found, size)
	}

	// An older state of the vault is behind its backup.
	dest := filepath.Join(dir, "whole.locker")
	backup(t, v, dest)
	old, err := locker.Open(t.Context(), pristine, testOptions(t, filepath.Dir(pristine)))
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	var forked *locker.ForkError
	if _, err := old.Backup(t.Context(), dest, locker.BackupRequest{}); !errors.As(err, &forked) || !forked.Ahead {
		t.Errorf("an older state: %v", err)
	}
}

// A backup that fails before each of its transactions leaves one that verifies,
// or none; the next run completes it, and needs room only for what is missing.
func TestBackupInterrupted(t *testing.T) {
	t.Cleanup(locker.SetShortCopy(1 << 20))
	v, path := newVault(t)
	dir := stick(t)
	for i := range 3 {
		add(t, v, locker.Target{New: true}, []locker.Fact{note("note")}, memFile("large", bytes.Repeat([]byte{byte(i)}, 2<<20)), memFile("small", []byte("x")))
	}
	defer locker.SetTestHook(nil)
	interrupted, unnamed, gone := 0, 0, errors.New("pulled")
	for at := 1; ; at++ {
		dest := filepath.Join(dir, fmt.Sprint(at, ".locker"))
		begun := 0
		locker.SetTestHook(func(step string, after bool) error {
			if step == locker.StepBegin && !after {
				if begun++; begun-1 == at { // the first is the note's, in the vault
					return gone
				}
			}
			return nil
		})
		_, err := v.Backup(t.Context(), dest, locker.BackupRequest{})
		locker.SetTestHook(nil)
		if err == nil {
			break
		}
		if !errors.Is(err, gone) {
			t.Fatal(err)
		}
		interrupted++
		if _, err := os.Stat(dest); err != nil {
			unnamed++
		} else {
			got, err := locker.Verify(t.Context(), dest, baseOptions(t.TempDir()), nil, nil)
			if err != nil || len(got.Faults) > 0 {
				t.Errorf("interrupted at transaction %d: %v, %+v", at, err, got)
			}
		}
		backup(t, v, dest)
		checkBackup(t, path, dest)
	}
	t.Logf("%d interrupted, %d before the backup had its name", interrupted, unnamed)
	if interrupted < 8 || unnamed == 0 || unnamed == interrupted {
		t.Error("the interrupts hardly met anything")
	}
}

// What an interrupted backup left counts as room.
func TestBackupRoomStaged(t *testing.T) {
	shortCopies(t)
	v, path := newVault(t)
	dir := stick(t)
	dest := filepath.Join(dir, "b.locker")
	add(t, v, locker.Target{New: true}, nil, memFile("large", make([]byte, 9<<20)))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := v.Backup(ctx, dest, locker.BackupRequest{Progress: func(done, total int64) {
		if done > 8<<20 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	disk := volume.Info{Free: 6 << 20}
	t.Cleanup(locker.SetStatVolume(func(string) (volume.Info, error) { disk.Device++; return disk, nil }))
	var space *locker.SpaceError
	if _, err := v.Backup(t.Context(), filepath.Join(dir, "control.locker"), locker.BackupRequest{}); !errors.As(err, &space) {
		t.Errorf("control: %v", err)
	}
	backup(t, v, dest)
	checkBackup(t, path, dest)
}
