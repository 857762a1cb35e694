package locker_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"evidence-locker/locker"
)

// protect is the folder where nothing can be written.
func protect(t testing.TB, dir string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		if err := os.Chmod(dir, 0o500); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.Chmod(dir, 0o700) })
		for _, f := range filesUnder(t, dir) {
			if err := os.Chmod(f, 0o400); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	// Modes do not stop root.
	at := t.TempDir()
	if err := syscall.Mount(dir, at, "", syscall.MS_BIND, ""); err != nil {
		t.Skipf("cannot mount: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(at, 0); err != nil {
			t.Error(err)
		}
	})
	if err := syscall.Mount("", at, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skipf("cannot mount: %v", err)
	}
	return at
}

// A stick that was pulled mid-write and is write-protected since: all that
// reads does so, whether or not it was told to leave the file alone.
func TestPulledThenProtected(t *testing.T) {
	_, _, file, records := halfWritten(t)
	at := filepath.Join(protect(t, filepath.Dir(file)), filepath.Base(file))
	if f, err := os.OpenFile(at, os.O_RDWR, 0); err == nil {
		f.Close()
		t.Fatal("it can be written")
	}
	// The control: SQLite by itself cannot read it.
	db := rawDB(t, at)
	var n int
	if err := db.QueryRow("SELECT count(*) FROM record").Scan(&n); err == nil {
		t.Fatalf("control: %d records", n)
	}
	db.Close()
	for _, untouched := range []bool{false, true} {
		o := testOptions(t, t.TempDir())
		o.Untouched = untouched
		got, err := locker.Verify(t.Context(), at, o, func() (string, error) { return passphrase, nil }, nil)
		if err != nil || len(got.Faults) > 0 || got.Records != records {
			t.Errorf("untouched %v: %+v, %v", untouched, got, err)
			continue
		}
		v, err := locker.Open(t.Context(), at, o)
		if err != nil {
			t.Fatal(err)
		}
		err = v.Add(t.Context(), locker.AddRequest{Facts: []locker.Fact{note("x")}, Recorded: func(locker.Recorded) { t.Error("recorded") }})
		if !errors.Is(err, locker.ErrReadOnly) {
			t.Errorf("adding: %v", err)
		}
		v.Close()
	}
	to := filepath.Join(t.TempDir(), "vault.locker")
	if _, err := locker.Restore(t.Context(), at, to, locker.RestoreRequest{Key: withPassphrase(passphrase, new(int))}, testOptions(t, filepath.Dir(to))); err != nil {
		t.Fatal(err)
	}
	checkVault(t, to, records+2)
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "locker-*", "vault")); len(left) > 0 {
		t.Errorf("%s is left", left[0])
	}
}
