package locker_test

import (
	"bytes"
	"path/filepath"
	"testing"

	"evidence-locker/locker"
	"evidence-locker/locker/volume/loop"
)

// A vault lives on the file system that sticks come with: no links, no modes,
// its driver a program. Two writers take turns through its lock files.
func TestExfat(t *testing.T) {
	disk, config := loop.Exfat(t, 64<<20), t.TempDir()
	path, options := filepath.Join(disk.Dir, "vault.locker"), testOptions(t, config)
	v, err := locker.Create(t.Context(), path, passphrase, options)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	other, err := locker.Open(t.Context(), path, options)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	large := bytes.Repeat([]byte("large"), 1<<20)
	const each = 2
	t.Run("at once", func(t *testing.T) {
		for _, v := range []*locker.Vault{v, other} {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				for range each {
					add(t, v, locker.Target{}, []locker.Fact{note("text")}, memFile("small", large[:1000]), memFile("large", large))
				}
			})
		}
	})
	for _, v := range []*locker.Vault{v, other} {
		if err := v.Close(); err != nil {
			t.Fatal(err)
		}
	}
	disk.Remount(t, "ro")
	got, err := locker.Verify(t.Context(), path, options, func() (string, error) { return passphrase, nil }, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Faults) > 0 || got.Records < 1+2*each*3 {
		t.Errorf("%d records, faults %v", got.Records, got.Faults)
	}
}
