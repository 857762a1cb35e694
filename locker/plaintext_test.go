package locker_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"evidence-locker/locker"
	"evidence-locker/locker/record"
)

// planted are the secrets of TestNoPlaintextOnDisk.
var planted = []string{
	"PLANTED-NOTE-7f3a", "PLANTED-CONTENT-91bc", "PLANTED-NAME-c2d4.png", "PLANTED-LARGE-55aa", "PLANTED-FAILED-e07b",
	"PLANTED-HOST-1d2c", "planted passphrase 83b1",
}

// search returns the files under the folders that hold a secret, in the clear,
// in base64 or in hex.
func search(t *testing.T, dirs ...string) (found []string, bytesRead int) {
	t.Helper()
	for _, dir := range dirs {
		for _, path := range filesUnder(t, dir) {
			b, err := os.ReadFile(path)
			if err != nil {
				continue // it was there a moment ago
			}
			bytesRead += len(b)
			for _, secret := range planted {
				// Two more bytes shift base64's groups.
				forms := []string{secret, hex.EncodeToString([]byte(secret))}
				for shift := range 3 {
					forms = append(forms, base64.StdEncoding.EncodeToString([]byte(secret[shift:])[:12]))
				}
				for _, form := range forms {
					if bytes.Contains(b, []byte(form)) || bytes.Contains([]byte(path), []byte(form)) {
						found = append(found, path+": "+secret)
					}
				}
			}
		}
	}
	return found, bytesRead
}

// Nothing that was recorded, and no passphrase, stands readable in the vault,
// its folder, the config folder or the folder of temporary files, at any time.
func TestNoPlaintextOnDisk(t *testing.T) {
	dir, temp := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", temp)
	t.Setenv("SQLITE_TMPDIR", temp)
	path := filepath.Join(dir, "vault.locker")
	o := testOptions(t, dir)
	o.Device.Host = planted[5]
	secret := planted[6]
	v, err := locker.Create(t.Context(), path, secret, o)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()

	// Looked at while it happens: journal, staged chunks, unfinished files.
	stop, stopped := make(chan bool), make(chan bool)
	looks := 0
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-time.After(2 * time.Millisecond):
				// Not the vault itself: closing it would drop SQLite's locks.
				for _, p := range filesUnder(t, temp) {
					t.Errorf("temporary file %s", p)
				}
				looks++
			}
		}
	}()
	large := bytes.Repeat([]byte(planted[3]+" "), 6<<20/len(planted[3]))
	got := add(t, v, locker.Target{}, []locker.Fact{note(planted[0])},
		memFile(planted[2], bytes.Repeat([]byte(planted[1]), 500)), memFile("large", large))
	k, err := v.Unlock(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Unlock(t.Context(), secret+"x"); err == nil {
		t.Error("a wrong passphrase opens")
	}
	if _, err := v.Incidents(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	if b, err := readContent(v, k, got[2].File); err != nil || !bytes.Equal(b, large) {
		t.Error(err)
	}
	if _, err := v.Retract(t.Context(), k, 1, planted[0]); err != nil {
		t.Error(err)
	}
	if _, err := v.AppendCustody(t.Context(), 1, record.Fields{"name": record.Text(planted[2])}); err != nil {
		t.Error(err)
	}
	// A failure half-way leaves a rolled back transaction and staged chunks.
	n := 0
	locker.SetTestHook(func(step string, after bool) error {
		if step == locker.StepHead && after {
			if n++; n == 2 {
				return errors.New("injected")
			}
		}
		return nil
	})
	v.Add(t.Context(), locker.AddRequest{Facts: []locker.Fact{note(planted[4])}, Files: []locker.File{memFile(planted[2], large)},
		Recorded: func(locker.Recorded) {}, Failed: func(locker.File, error) {}})
	locker.SetTestHook(nil)
	if n < 2 {
		t.Error("the failure did not happen")
	}
	if _, err := locker.Verify(t.Context(), path, o, func() (string, error) { return secret, nil }, nil); err != nil {
		t.Error(err)
	}
	v.Close()
	stop <- true
	<-stopped

	found, looked := search(t, dir, temp)
	for _, f := range found {
		t.Error(f)
	}
	t.Logf("%d bytes searched, %d looks at the folder of temporary files", looked, looks)
	if looked < 10<<20 || looks < 10 {
		t.Error("hardly anything was searched")
	}

	// Control: the search finds what is there.
	if err := os.WriteFile(filepath.Join(temp, "leak"), []byte("x"+base64.StdEncoding.EncodeToString([]byte(planted[0]))), 0o600); err != nil {
		t.Fatal(err)
	}
	if found, _ := search(t, temp); len(found) == 0 {
		t.Error("the search finds nothing")
	}
	// And the mode of all files.
	for _, p := range filesUnder(t, dir) {
		if info, err := os.Stat(p); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", p, info.Mode(), err)
		}
	}
}
