package locker_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"evidence-locker/locker"
)

// Every bit of the file's header is flipped in turn, in a vault with free
// pages, and then something is added. What Add then reports is there, and what
// was there before still is.
func TestFlipHeaderThenAdd(t *testing.T) {
	smallPages(t, 1024)
	dir := fastDir(t)
	path := filepath.Join(dir, "vault.locker")
	v, err := locker.Create(t.Context(), path, passphrase, testOptions(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	add(t, v, locker.Target{}, []locker.Fact{note("one")}, memFile("a.png", bytes.Repeat([]byte("picture"), 1000)))
	k, err := v.Unlock(t.Context(), passphrase)
	if err != nil {
		t.Fatal(err)
	}
	// An interrupted file that was swept leaves free pages.
	writer, _ := v.Pools()
	for _, s := range []string{"INSERT INTO chunk (object, n, data) VALUES ('x', 0, zeroblob(30000))", "DELETE FROM chunk WHERE object = 'x'"} {
		if _, err := writer.Exec(s); err != nil {
			t.Fatal(err)
		}
	}
	add(t, v, locker.Target{}, []locker.Fact{note("two")})
	v.Close()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	pins, err := os.ReadFile(filepath.Join(dir, "config", "head-"+v.ID()))
	if err != nil {
		t.Fatal(err)
	}

	noticed, refused, quiet, added := 0, 0, 0, 0
	for at := range 100 {
		for bit := range 8 {
			if (8*at+bit)%min(sparse, 5) != 0 {
				continue
			}
			for _, suffix := range []string{"-wal", "-shm", "-journal"} {
				os.Remove(path + suffix)
			}
			bad := bytes.Clone(whole)
			bad[at] ^= 1 << bit
			if err := os.WriteFile(path, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "config", "head-"+v.ID()), pins, 0o600); err != nil {
				t.Fatal(err)
			}
			what := fmt.Sprintf("byte %d bit %d", at, bit)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			var w warnings
			got, err := locker.Verify(ctx, path, w.options(dir), nil, nil)
			clean := err == nil && len(got.Faults) == 0
			if !clean {
				noticed++
			}
			rep, err := addHeader(ctx, path, w.options(dir))
			if ctx.Err() != nil {
				t.Errorf("%s: adding does not end", what)
			}
			cancel()
			switch {
			case err != nil && len(rep) == 0:
				refused++
				if clean {
					quiet++
				}
				continue
			case err != nil:
				t.Errorf("%s: %d reported, then %v", what, len(rep), err)
				continue
			}
			added++
			// What add recorded without, and warned of, verify names.
			warned := w.codes[locker.WarnDamaged] > 0
			after, err := locker.Verify(t.Context(), path, w.options(dir), nil, nil)
			if err != nil || clean && !warned && len(after.Faults) > 0 {
				t.Errorf("%s: after the add: %+v, %v", what, after, err)
				continue
			}
			rep[1], rep[2], rep[3] = "one", "", "two"
			if err := present(t.Context(), path, w.options(dir), k, rep); err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
	}
	t.Logf("%d noticed by Verify; %d adds refused, %d of them in vaults that verify; %d done", noticed, refused, quiet, added)
	if noticed < 40 || refused < 40 || added < 40 {
		t.Error("one of the outcomes hardly happened")
	}
}

// addHeader adds a note and a file that need pages of their own.
func addHeader(ctx context.Context, path string, o locker.Options) (reported, error) {
	v, err := locker.Open(ctx, path, o)
	if err != nil {
		return nil, err
	}
	defer v.Close()
	rep := reported{}
	err = v.Add(ctx, locker.AddRequest{
		Facts: []locker.Fact{note("after")}, Files: []locker.File{memFile("b", bytes.Repeat([]byte("b"), 20_000))},
		Recorded: func(r locker.Recorded) { rep.add(r) }, Failed: func(locker.File, error) {},
	})
	return rep, err
}
