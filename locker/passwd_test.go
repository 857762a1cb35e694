package locker_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"evidence-locker/locker"
)

const newPassphrase = "another horse altogether"

var appendSteps = []string{locker.StepGate, locker.StepBegin, locker.StepCheck, locker.StepRecord, locker.StepHead, locker.StepCommit, locker.StepPin}

func init() {
	// passwd: changes the passphrase of the vault at args[0] and is killed
	// before or after the step args[1].
	helpers["passwd"] = func(args []string) error {
		v, err := locker.Open(context.Background(), args[0], helperOptions(filepath.Dir(args[0])))
		if err != nil {
			return err
		}
		k, err := v.Unlock(context.Background(), passphrase)
		if err != nil {
			return err
		}
		locker.SetTestHook(func(step string, after bool) error {
			if step == args[1] && after == (args[2] == "after") {
				self, _ := os.FindProcess(os.Getpid())
				self.Kill()
				select {}
			}
			return nil
		})
		_, err = v.ChangePassphrase(context.Background(), k, newPassphrase)
		return err
	}
}

// opensWith returns which of the two passphrases opens the vault. Exactly one
// must.
func opensWith(t *testing.T, path string) string {
	t.Helper()
	v, err := locker.Open(t.Context(), path, testOptions(t, filepath.Dir(path)))
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	opens := map[string]bool{}
	for _, p := range []string{passphrase, newPassphrase} {
		_, err := v.Unlock(t.Context(), p)
		if err != nil && !errors.Is(err, locker.ErrWrongPassphrase) {
			t.Error(err)
		}
		opens[p] = err == nil
	}
	if opens[passphrase] == opens[newPassphrase] {
		t.Errorf("the old passphrase opens it: %v, the new one: %v", opens[passphrase], opens[newPassphrase])
	}
	if opens[newPassphrase] {
		return newPassphrase
	}
	return passphrase
}

// Whatever happens while the passphrase is changed, the old one or the new one
// opens the vault, and the vault is whole. The new one does once it is written.
func TestPassphraseChangeBroken(t *testing.T) {
	for _, step := range appendSteps {
		for _, when := range []string{"before", "after"} {
			if step == locker.StepPin && when == "after" {
				continue // there is no such moment
			}
			want := passphrase
			if step == locker.StepCommit && when == "after" || step == locker.StepPin {
				want = newPassphrase
			}
			check := func(t *testing.T, path string) {
				t.Helper()
				if got := opensWith(t, path); got != want {
					t.Errorf("%q opens it, want %q", got, want)
				}
				verifyQuick(t, path)
				checkTree(t, path)
				v, err := locker.Open(t.Context(), path, testOptions(t, filepath.Dir(path)))
				if err != nil {
					t.Fatal(err)
				}
				defer v.Close()
				k, err := v.Unlock(t.Context(), want)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := v.ChangePassphrase(t.Context(), k, newPassphrase); err != nil {
					t.Errorf("once more: %v", err)
				}
				if got := opensWith(t, path); got != newPassphrase {
					t.Error("then the old one opens it")
				}
			}
			t.Run(fmt.Sprintf("fault %s %s", when, step), func(t *testing.T) {
				v, path := newVault(t)
				k, err := v.Unlock(t.Context(), passphrase)
				if err != nil {
					t.Fatal(err)
				}
				b := &breakAt{step: step, after: when == "after", nth: 1}
				locker.SetTestHook(b.hook)
				t.Cleanup(func() { locker.SetTestHook(nil) })
				_, err = v.ChangePassphrase(t.Context(), k, newPassphrase)
				locker.SetTestHook(nil)
				if b.fired != 1 {
					t.Fatalf("the fault fell %d times", b.fired)
				}
				if (err == nil) != (want == newPassphrase) {
					t.Errorf("error %v", err)
				}
				check(t, path)
			})
			t.Run(fmt.Sprintf("kill %s %s", when, step), func(t *testing.T) {
				v, path := newVault(t)
				v.Close()
				cmd := helperCommand(t.Context(), "passwd", path, step, when)
				if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != -1 {
					t.Fatalf("the helper was not killed: %v", err)
				}
				check(t, path)
			})
		}
	}
}

// Both copies of the key are the new one, and the old seal is nowhere in the
// file.
func TestPassphraseChangeWhole(t *testing.T) {
	v, path := newVault(t)
	k, err := v.Unlock(t.Context(), passphrase)
	if err != nil {
		t.Fatal(err)
	}
	old := texts(t, rawDB(t, path), "SELECT hex(sealed) FROM key")[0]
	if _, err := v.ChangePassphrase(t.Context(), k, newPassphrase); err != nil {
		t.Fatal(err)
	}
	v.Close()
	for _, table := range []string{"key", "key_copy"} {
		rows := texts(t, rawDB(t, path), "SELECT hex(sealed) FROM "+table)
		if len(rows) != 1 || rows[0] == old {
			t.Errorf("table %s has %d rows, the old one: %v", table, len(rows), rows[0] == old)
		}
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	oldSeal, err := hex.DecodeString(old)
	if err != nil {
		t.Fatal(err)
	}
	if tail := oldSeal[len(oldSeal)-64:]; bytes.Contains(file, tail) {
		t.Error("the old seal is still in the file")
	}
	newSeal, _ := hex.DecodeString(texts(t, rawDB(t, path), "SELECT hex(sealed) FROM key")[0])
	if tail := newSeal[len(newSeal)-64:]; !bytes.Contains(file, tail) {
		t.Error("the control, the new seal, is not found in the file")
	}
	if got := verifyQuick(t, path); got.Records != 2 {
		t.Errorf("%d records", got.Records)
	}
}
