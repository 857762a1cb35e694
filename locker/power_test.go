package locker_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"evidence-locker/crypto"
	"evidence-locker/locker"
)

// A cut is what a power cut left, and what had been reported before it.
type cut struct {
	dir string
	rep reported
	hot bool // it fell between the first write of a transaction and its commit
}

// powerCuts adds records to a vault on a cutFS and returns what each of n
// power cuts, at random writes, would have left.
func powerCuts(t *testing.T, n int, prepare func()) (cuts []*cut, k *crypto.Key) {
	disk, dir := mountCutFS(t)
	config := t.TempDir()
	options := baseOptions(config)
	path := filepath.Join(dir, "vault.locker")
	v, err := locker.Create(t.Context(), path, passphrase, options)
	if err != nil {
		t.Fatal(err)
	}
	v.Close()
	prepare()
	if v, err = locker.Open(t.Context(), path, options); err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if k, err = v.Unlock(t.Context(), passphrase); err != nil {
		t.Fatal(err)
	}

	var mu sync.Mutex
	rep := reported{}
	rnd := rand.New(rand.NewPCG(1, uint64(n)))
	next := 5
	disk.mu.Lock()
	disk.after = func() {
		if disk.steps < next || len(cuts) == n {
			return
		}
		next = disk.steps + 1 + rnd.IntN(40)
		c := &cut{dir: t.TempDir()}
		mu.Lock()
		c.rep = maps.Clone(rep)
		mu.Unlock()
		// The config folder is on another disk, which nobody switched off.
		err := os.CopyFS(filepath.Join(c.dir, "config"), os.DirFS(filepath.Join(config, "config")))
		if err == nil {
			err = disk.image(c.dir, keptSome, rnd)
		}
		if err != nil {
			t.Error(err)
		}
		if info, err := os.Stat(filepath.Join(c.dir, "vault.locker-journal")); err == nil && info.Size() > 0 {
			c.hot = true
		}
		cuts = append(cuts, c)
	}
	disk.mu.Unlock()
	for i := 0; ; i++ {
		disk.mu.Lock()
		done := len(cuts) == n
		disk.mu.Unlock()
		if done {
			return cuts, k
		}
		files := []locker.File{memFile(fmt.Sprint("small", i), bytes.Repeat([]byte{byte(i)}, 2000))}
		if i%4 == 3 {
			files = append(files, memFile(fmt.Sprint("large", i), bytes.Repeat([]byte{byte(i)}, 5<<20)))
		}
		err := v.Add(t.Context(), locker.AddRequest{
			Facts: []locker.Fact{note(fmt.Sprint("note ", i))}, Files: files,
			Recorded: func(r locker.Recorded) { mu.Lock(); rep.add(r); mu.Unlock() },
			Failed:   func(f locker.File, err error) { t.Errorf("%s: %v", f.Name, err) },
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// survives returns what is wrong with a vault after a power cut.
func (c *cut) survives(k *crypto.Key) error {
	path := filepath.Join(c.dir, "vault.locker")
	got, err := locker.Verify(context.Background(), path, baseOptions(c.dir), nil, nil)
	if err != nil {
		return err
	}
	if len(got.Faults) > 0 {
		return fmt.Errorf("%d faults, the first %+v", len(got.Faults), got.Faults[0])
	}
	v, err := locker.Open(context.Background(), path, baseOptions(c.dir))
	if err != nil {
		return err
	}
	defer v.Close()
	for seq, want := range c.rep {
		if r, err := v.Record(context.Background(), k, seq); err != nil {
			return fmt.Errorf("record %d, reported as %.40q: %w", seq, want, err)
		} else if r.Exhibit != nil {
			if _, err := readContent(v, k, r.Exhibit); err != nil {
				return err
			}
		}
	}
	return v.Add(context.Background(), locker.AddRequest{Facts: []locker.Fact{note("next")}, Recorded: func(locker.Recorded) {}})
}

// The power fails at fifty random moments while records are added. Whatever was
// reported is there.
func TestPowerCut(t *testing.T) {
	const n = 50
	cuts, k := powerCuts(t, n, func() {})
	hot, records := 0, 0
	for i, c := range cuts {
		if err := c.survives(k); err != nil {
			t.Errorf("cut %d: %v", i, err)
		}
		if c.hot {
			hot++
		}
		records += len(c.rep)
	}
	t.Logf("%d cuts, %d of them between first write and commit; %d reported records were looked for", len(cuts), hot, records)
	if hot < n/5 || records < n {
		t.Error("the cuts hardly met anything")
	}
}

// Control: without waiting for the disk, the same power cuts lose records.
func TestPowerCutSyncOff(t *testing.T) {
	cuts, k := powerCuts(t, 15, func() { t.Cleanup(locker.SyncOff()) })
	lost := 0
	for _, c := range cuts {
		if err := c.survives(k); err != nil {
			if lost == 0 {
				t.Log(err)
			}
			lost++
		}
	}
	t.Logf("%d of %d cuts lost a record or the vault", lost, len(cuts))
	if lost == 0 {
		t.Error("the power cut is none: nothing was lost without syncing")
	}
}
