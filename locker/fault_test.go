package locker_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"evidence-locker/locker"
	"evidence-locker/locker/volume"
)

// A strike is what a disk held after a fault struck it during some work.
type strike struct {
	dir string
	err error // what the work said
	hit int   // calls that the fault answered
}

// strikes copies the files of a folder to a disk and works on it, n times. Each
// time the disk begins to fail at another random step of the work. keep says
// what it has of what was not synced, in turn.
func strikes(t *testing.T, f fault, keep []kept, n int, from string, work func(dir string) error, each func(strike)) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(uint64(f), uint64(n)))
	steps := 0
	for i := -1; i < n; i++ {
		disk, dir := mountCutFS(t)
		disk.rnd = rnd
		for _, path := range filesUnder(t, from) {
			copyFile(t, path, filepath.Join(dir, filepath.Base(path)))
		}
		disk.syncAll()
		if i < 0 {
			// How many steps there are.
			disk.fail(sound, 0)
			if err := work(dir); err != nil {
				t.Fatalf("without a fault: %v", err)
			}
			steps = disk.steps - disk.from
			continue
		}
		disk.fail(f, rnd.IntN(steps))
		s := strike{dir: fastDir(t)}
		s.err = work(dir)
		disk.mu.Lock()
		s.hit = disk.struck
		err := disk.image(s.dir, keep[i%len(keep)], rnd)
		disk.mu.Unlock()
		if err != nil {
			t.Fatal(err)
		}
		each(s)
	}
}

// syncAll makes all that is on the disk survive anything.
func (c *cutFS) syncAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, f := range c.files {
		c.synced[name] = f
		f.synced, f.pending = bytes.Clone(f.data), nil
	}
	c.pending = nil
}

// unnamedFaults is how many faults of fifty may go without their name: of a
// journal that it cannot make SQLite does not say why.
const unnamedFaults = 5

// faultErrors are what is said of a fault that has a name.
var faultErrors = map[fault]error{full: locker.ErrFull, writeProtected: locker.ErrReadOnly}

// The disk fails at fifty random moments while records are added: it is pulled,
// full, or write-protected. Whatever was reported is there, the fault is told,
// and adding goes on once the disk is well.
func TestFaultAdd(t *testing.T) {
	v, path := newVault(t)
	add(t, v, locker.Target{}, []locker.Fact{note("before")}, memFile("before", []byte("content")))
	k, err := v.Unlock(t.Context(), passphrase)
	if err != nil {
		t.Fatal(err)
	}
	v.Close()
	on := t.TempDir()
	copyFile(t, path, filepath.Join(on, "vault.locker"))
	for _, f := range []fault{pulled, full, writeProtected} {
		t.Run(f.String(), func(t *testing.T) {
			t.Parallel()
			const n = 50
			keep := []kept{keptAll}
			if f == pulled {
				keep = []kept{keptAll, keptNone, keptSome}
			}
			var rep reported
			var config string
			work := func(dir string) error {
				rep, config = reported{}, fastDir(t)
				if err := os.CopyFS(filepath.Join(config, "config"), os.DirFS(filepath.Join(filepath.Dir(path), "config"))); err != nil {
					t.Fatal(err)
				}
				return addUntilFault(filepath.Join(dir, "vault.locker"), baseOptions(config), rep)
			}
			told, named, records := 0, 0, 0
			strikes(t, f, keep, n, on, work, func(s strike) {
				if s.hit == 0 {
					return // what failed was not asked for again
				}
				if s.err != nil {
					told++
				}
				if want := faultErrors[f]; want != nil && allAre(s.err, want) {
					named++
				} else if want != nil {
					t.Logf("another name for it: %v", s.err)
				}
				records += len(rep)
				if err := os.CopyFS(filepath.Join(s.dir, "config"), os.DirFS(filepath.Join(config, "config"))); err != nil {
					t.Fatal(err)
				}
				if err := (&cut{dir: s.dir, rep: rep}).survives(k); err != nil {
					t.Errorf("%v (said was: %v)", err, s.err)
				}
			})
			t.Logf("%d faults: %d were told, %d of them by their name; %d records had been reported", n, told, named, records)
			if told < n*3/4 || records < n/2 {
				t.Error("the faults hardly met anything")
			}
			if faultErrors[f] != nil && told-named > unnamedFaults {
				t.Errorf("%d faults had another name", told-named)
			}
		})
	}
}

// allAre reports whether each of the errors that were joined is of a kind.
func allAre(err, kind error) bool {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return errors.Is(err, kind)
	}
	for _, e := range joined.Unwrap() {
		if e != nil && !allAre(e, kind) && !errors.Is(e, kind) {
			return false
		}
	}
	return true
}

// addUntilFault adds small and large files to a vault, with what the program
// does after a failed add: it tries the next.
func addUntilFault(path string, o locker.Options, rep reported) (failed error) {
	v, err := locker.Open(context.Background(), path, o)
	if err != nil {
		return err
	}
	defer v.Close()
	for i := range 4 {
		files := []locker.File{memFile(fmt.Sprint("small", i), bytes.Repeat([]byte{byte(i)}, 20_000))}
		if i == 2 {
			files = append(files, memFile("large", bytes.Repeat([]byte{byte(i)}, 5<<20)))
		}
		err := v.Add(context.Background(), locker.AddRequest{
			Facts: []locker.Fact{note(fmt.Sprint("note ", i))}, Files: files,
			Recorded: rep.add,
			Failed:   func(_ locker.File, err error) { failed = errors.Join(failed, err) },
		})
		failed = errors.Join(failed, err)
	}
	return failed
}

func volumeOf(t testing.TB, path string) volume.Info {
	t.Helper()
	info, err := volume.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info
}
