package locker_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"evidence-locker/locker"
)

// The disk fails at fifty random moments of a restore. There is no vault then,
// or all of it, and if that was said, it is there. The next restore completes
// what the first one left.
func TestFaultRestore(t *testing.T) {
	smallBatches(t)
	vault, stick, _ := backupOnto(t, false)
	v, err := locker.Open(t.Context(), vault, baseOptions(filepath.Dir(vault)))
	if err != nil {
		t.Fatal(err)
	}
	src := filepath.Join(stick, "b.locker")
	size := backup(t, v, src).Head.Size
	v.Close()
	for _, c := range stickFaults {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			const n = 50
			restore := func(path, config string) error {
				_, err := locker.Restore(t.Context(), src, path, locker.RestoreRequest{Key: withPassphrase(passphrase, new(int))}, baseOptions(config))
				return err
			}
			var config string
			hit, said, whole, begun, unnamed := 0, 0, 0, 0, 0
			strikes(t, c.fault, c.keep, n, fastDir(t), func(dir string) error {
				config = fastDir(t)
				return restore(filepath.Join(dir, "vault.locker"), config)
			}, func(s strike) {
				path := filepath.Join(s.dir, "vault.locker")
				_, err := os.Stat(path)
				there := err == nil
				if s.hit > 0 {
					hit++
				}
				if s.err == nil {
					said++
				}
				if want := faultErrors[c.fault]; s.err != nil && want != nil && !errors.Is(s.err, want) {
					unnamed++
					t.Log(s.err)
				}
				if c.fault == dying && s.err != nil && !errors.Is(s.err, locker.ErrReadBack) && !errors.Is(s.err, locker.ErrDamaged) {
					t.Errorf("another name for it: %v", s.err)
				}
				if s.err == nil && !there {
					t.Error("said to be done, and no vault is there")
				}
				if there {
					whole++
				} else {
					if len(filesUnder(t, s.dir)) > 0 {
						begun++
					}
					if err := restore(path, config); err != nil {
						t.Errorf("the next one: %v (said was: %v)", err, s.err)
						return
					}
				}
				if c.fault == dying && there && s.err != nil {
					return // nobody relies on it
				}
				got, err := locker.Verify(t.Context(), path, baseOptions(config), nil, nil)
				if err != nil || len(got.Faults) > 0 || got.Records < size {
					t.Errorf("%+v, %v (said was: %v)", got, err, s.err)
				}
			})
			t.Logf("%d faults, %d were met; %d restores said that they were done; %d vaults were there, %d begun", n, hit, said, whole, begun)
			if unnamed > unnamedFaults {
				t.Errorf("%d faults had another name", unnamed)
			}
			if hit < n*4/5 || begun < n/4 {
				t.Error("the faults hardly met anything")
			}
		})
	}
}
