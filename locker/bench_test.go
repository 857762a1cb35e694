package locker_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"testing"

	"evidence-locker/locker"
)

// benchSizes are the numbers of records that a vault has.
var benchSizes = []int{100, 1_000, 10_000}

// filledVault is a vault with n notes over ten incidents.
func filledVault(b *testing.B, n int) (*locker.Vault, string) {
	v, path := newVault(b)
	for i := range 10 {
		facts := make([]locker.Fact, n/10)
		for j := range facts {
			facts[j] = note(fmt.Sprint("note ", i, j))
		}
		add(b, v, locker.Target{New: true}, facts)
	}
	return v, path
}

// BenchmarkAdd records a screenshot of 1 MiB.
func BenchmarkAdd(b *testing.B) {
	shot := bytes.Repeat([]byte("pixel123"), 1<<17)
	for _, n := range benchSizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			v, _ := filledVault(b, n)
			b.SetBytes(int64(len(shot)))
			for b.Loop() {
				add(b, v, locker.Target{}, nil, memFile("shot.png", shot))
			}
		})
	}
}

// BenchmarkIncidents opens every record.
func BenchmarkIncidents(b *testing.B) {
	for _, n := range benchSizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			v, _ := filledVault(b, n)
			k, err := v.Unlock(b.Context(), passphrase)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := v.Incidents(b.Context(), k); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkIncident opens one incident of ten; its cost is that of its own
// records.
func BenchmarkIncident(b *testing.B) {
	for _, n := range benchSizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			v, _ := filledVault(b, n)
			add(b, v, locker.Target{New: true}, []locker.Fact{note("x"), note("y")})
			k, err := v.Unlock(b.Context(), passphrase)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := v.Incident(b.Context(), k, 11); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkVerify checks all that can be without the passphrase.
func BenchmarkVerify(b *testing.B) {
	for _, n := range benchSizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			v, path := filledVault(b, n)
			v.Close()
			for b.Loop() {
				got, err := locker.Verify(b.Context(), path, testOptions(b, filepath.Dir(path)), nil, nil)
				if err != nil || len(got.Faults) > 0 {
					b.Fatal(got, err)
				}
			}
		})
	}
}
