package locker_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"evidence-locker/locker"
)

// smallBatches has the large file of backupOnto copied in two transactions.
func smallBatches(t *testing.T) { t.Cleanup(locker.SetShortCopy(1 << 20)) }

// backupOnto makes a vault and the folder of a stick, with a backup of the first
// records if it is not fresh. It returns how many of them that has.
func backupOnto(t *testing.T, fresh bool) (vault, stick string, old int64) {
	t.Helper()
	v, path := newVault(t)
	stick = fastDir(t)
	few := func(i int) {
		add(t, v, locker.Target{}, []locker.Fact{note(fmt.Sprint("note ", i))}, memFile("small", bytes.Repeat([]byte{byte(i)}, 20_000)))
	}
	few(1)
	few(2)
	if !fresh {
		old = backup(t, v, filepath.Join(stick, "b.locker")).Head.Size
	}
	add(t, v, locker.Target{}, []locker.Fact{note("with a large file")}, memFile("large", bytes.Repeat([]byte("large"), 260_000)))
	few(3)
	few(4)
	v.Close()
	return path, stick, old
}

// copyFast copies a vault that nobody has open to memory.
func copyFast(t testing.TB, path string) string {
	t.Helper()
	dir := fastDir(t)
	copyFile(t, path, filepath.Join(dir, "vault.locker"))
	if err := os.CopyFS(filepath.Join(dir, "config"), os.DirFS(filepath.Join(filepath.Dir(path), "config"))); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "vault.locker")
}

// stickFaults are the ways in which a stick fails.
var stickFaults = []struct {
	name  string
	fault fault
	keep  []kept
}{
	{"pulled", pulled, []kept{keptAll, keptNone}},
	{"power cut", pulled, []kept{keptSome}},
	{"full", full, []kept{keptAll}},
	{"write-protected", writeProtected, []kept{keptAll}},
	{"dying", dying, []kept{keptAll}},
}

// The stick fails at fifty random moments of a backup, half of them of a first
// one. The backup has the records it had or more, all of them if that was said,
// and the next run completes it.
func TestFaultBackup(t *testing.T) {
	smallBatches(t)
	for _, c := range stickFaults {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			said, hit, part, unnamed := 0, 0, 0, 0
			for _, fresh := range []bool{true, false} {
				backupStrikes(t, c.fault, c.keep, 25, fresh, func(b struckBackup) {
					if b.hit > 0 {
						hit++
					}
					if b.err == nil {
						said++
					}
					if want := faultErrors[c.fault]; b.err != nil && want != nil && !errors.Is(b.err, want) {
						unnamed++
						t.Log(b.err)
					}
					if b.state == nil && b.records > 0 && b.records < b.all {
						part++
					}
					b.check(t)
				})
			}
			t.Logf("50 faults, %d were met; %d backups said that they were done; %d held a part", hit, said, part)
			if unnamed > unnamedFaults {
				t.Errorf("%d faults had another name", unnamed)
			}
			if hit < 40 || said > 25 || part < 5 && c.fault != dying {
				t.Error("the faults hardly met anything")
			}
		})
	}
}

// A struckBackup is a backup during which the stick failed.
type struckBackup struct {
	strike
	vault   string // as it was left
	dest    string // what is on the stick
	done    *locker.Backed
	fault   fault
	old     int64 // records that the backup had before
	all     int64 // records of the vault
	records int64 // records that the backup has now, 0 if there is none
	state   error // what is wrong with it
}

// backupStrikes backs up n times, while the stick fails.
func backupStrikes(t *testing.T, f fault, keep []kept, n int, fresh bool, each func(struckBackup)) {
	t.Helper()
	vault, stick, old := backupOnto(t, fresh)
	var b struckBackup
	work := func(dir string) error {
		b = struckBackup{vault: copyFast(t, vault), fault: f, old: old}
		v, err := locker.Open(context.Background(), b.vault, baseOptions(filepath.Dir(b.vault)))
		if err != nil {
			t.Fatal(err)
		}
		defer v.Close()
		b.done, err = v.Backup(context.Background(), filepath.Join(dir, "b.locker"), locker.BackupRequest{})
		return err
	}
	strikes(t, f, keep, n, stick, work, func(s strike) {
		b.strike, b.dest = s, filepath.Join(s.dir, "b.locker")
		b.all = verifyQuick(t, b.vault).Records
		b.look()
		each(b)
	})
}

// look verifies what is on the stick.
func (b *struckBackup) look() {
	b.records, b.state = 0, nil
	got, err := locker.Verify(context.Background(), b.dest, baseOptions(filepath.Dir(b.dest)), nil, nil)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		b.state = err
	case len(got.Faults) > 0:
		b.state = fmt.Errorf("%d faults, the first %+v", len(got.Faults), got.Faults[0])
	default:
		b.records = got.Records
	}
}

// check is what must hold after any fault.
func (b *struckBackup) check(t *testing.T) {
	t.Helper()
	if b.err == nil && (b.state != nil || b.records != b.all || b.done.Head.Size != b.all) {
		t.Errorf("said to be done (%d of %d records): %v", b.records, b.all, b.state)
	}
	if b.fault != dying {
		if b.state != nil || b.records < b.old {
			t.Errorf("%d records, there were %d: %v (said was: %v)", b.records, b.old, b.state, b.err)
		}
	} else if b.err != nil && !errors.Is(b.err, locker.ErrReadBack) && !errors.Is(b.err, locker.ErrCopyDamaged) {
		t.Errorf("another name for it: %v", b.err)
	}
	v, err := locker.Open(t.Context(), b.vault, baseOptions(filepath.Dir(b.vault)))
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	_, err = v.Backup(t.Context(), b.dest, locker.BackupRequest{Full: b.fault == dying})
	switch {
	case err == nil:
		v.Close()
		checkBackup(t, b.vault, b.dest)
	case b.fault != dying || b.state == nil:
		t.Errorf("the next run: %v (said was: %v)", err, b.err)
	}
}

// Control: read back from memory, bytes that the stick stored wrongly are not
// seen.
func TestFaultBackupTrust(t *testing.T) {
	smallBatches(t)
	locker.TrustCache(true)
	t.Cleanup(func() { locker.TrustCache(false) })
	missed := 0
	backupStrikes(t, dying, []kept{keptAll}, 10, false, func(b struckBackup) {
		if b.err == nil && b.state != nil {
			missed++
		}
	})
	t.Logf("10 dying sticks, %d damaged backups were said to be done", missed)
	if missed == 0 {
		t.Error("the dying stick is none: nobody needs to read back from it")
	}
}

// Control: without waiting for the disk, power cuts lose records of the backup
// that was there.
func TestFaultBackupSyncOff(t *testing.T) {
	smallBatches(t)
	t.Cleanup(locker.SyncOff())
	lost := 0
	backupStrikes(t, pulled, []kept{keptSome}, 15, false, func(b struckBackup) {
		if b.state != nil || b.records < b.old {
			if lost == 0 {
				t.Log(b.state)
			}
			lost++
		}
	})
	t.Logf("15 power cuts, %d lost records of the backup", lost)
	if lost == 0 {
		t.Error("the power cut is none: nothing was lost without syncing")
	}
}

// Older rows that stand on pages which a backup writes anew are read back with
// what is new.
func TestBackupRewritten(t *testing.T) {
	for name, statement := range map[string]string{
		"control": "SELECT 1",
		"hash":    "UPDATE node SET hash = zeroblob(32) WHERE id = 0",
		"record":  "UPDATE record SET sealed = zeroblob(100) WHERE seq = 1",
	} {
		t.Run(name, func(t *testing.T) {
			v, _ := newVault(t)
			dest := filepath.Join(stick(t), "b.locker")
			add(t, v, locker.Target{}, []locker.Fact{note("old")})
			backup(t, v, dest)
			db := rawDB(t, dest)
			withoutTriggers(t, db, func() { exec1(t, db, statement) })
			db.Close()
			add(t, v, locker.Target{}, []locker.Fact{note("new")})
			_, err := v.Backup(t.Context(), dest, locker.BackupRequest{})
			if name == "control" && err != nil || name != "control" && !errors.Is(err, locker.ErrReadBack) {
				t.Error(err)
			}
		})
	}
}
