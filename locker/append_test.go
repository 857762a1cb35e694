package locker_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"evidence-locker/locker"
)

var errInjected = errors.New("injected")

// breakAt makes one step of the write order fail: the nth time it is reached,
// before it is done or after.
type breakAt struct {
	step  string
	after bool
	nth   int
	hits  int // times the step was reached
	fired int
}

func (b *breakAt) hook(step string, after bool) error {
	if step != b.step || after != b.after {
		return nil
	}
	if b.hits++; b.hits != b.nth {
		return nil
	}
	b.fired++
	return errInjected
}

// Each step of the write order fails before it is done and after. Whatever
// was reported is there, nothing else is claimed, and the next add works.
func TestAppendBreakEveryStep(t *testing.T) {
	small := func() ([]locker.Fact, []locker.File) {
		return []locker.Fact{note("one"), note("two")}, []locker.File{memFile("small.png", []byte("small"))}
	}
	large := func() ([]locker.Fact, []locker.File) {
		// 13 MiB: four staging transactions before the last one.
		return []locker.Fact{note("one")}, []locker.File{memFile("large.bin", bytes.Repeat([]byte("0123456789abc"), 1<<20))}
	}
	type row struct {
		kind  string
		make  func() ([]locker.Fact, []locker.File)
		step  string
		after bool
		nth   int
		saved int // records that are there afterwards
	}
	var rows []row
	for _, step := range []string{locker.StepGate, locker.StepBegin, locker.StepCheck, locker.StepRecord, locker.StepHead} {
		for _, after := range []bool{false, true} {
			rows = append(rows, row{"small", small, step, after, 1, 0})
		}
	}
	rows = append(rows,
		row{"small", small, locker.StepRecord, false, 3, 0},
		row{"small", small, locker.StepRecord, true, 3, 0},
		row{"small", small, locker.StepCommit, false, 1, 0},
		row{"small", small, locker.StepCommit, true, 1, 3}, // durable, and reported as failed
		row{"small", small, locker.StepPin, false, 1, 3},
		// The note is a transaction before the file's.
		row{"large", large, locker.StepGate, false, 2, 1},
		row{"large", large, locker.StepBegin, false, 2, 1}, // the first staging transaction
		row{"large", large, locker.StepBegin, true, 2, 1},
		row{"large", large, locker.StepBegin, false, 4, 1},
		row{"large", large, locker.StepBegin, true, 4, 1},
		row{"large", large, locker.StepBegin, false, 6, 1}, // the last transaction
		row{"large", large, locker.StepCheck, true, 2, 1},
		row{"large", large, locker.StepRecord, false, 2, 1},
		row{"large", large, locker.StepRecord, true, 2, 1},
		row{"large", large, locker.StepHead, true, 2, 1},
		row{"large", large, locker.StepCommit, false, 2, 1},
		row{"large", large, locker.StepCommit, true, 2, 2},
		row{"large", large, locker.StepPin, false, 2, 2},
	)
	staged := 0
	for _, r := range rows {
		when := "before"
		if r.after {
			when = "after"
		}
		t.Run(fmt.Sprintf("%s/%s %s %d", r.kind, when, r.step, r.nth), func(t *testing.T) {
			v, path := newVault(t)
			rep := reported{}
			keep := func(x locker.Recorded) { rep.add(x) }
			facts, files := r.make()
			b := &breakAt{step: r.step, after: r.after, nth: r.nth}
			locker.SetTestHook(b.hook)
			t.Cleanup(func() { locker.SetTestHook(nil) })
			err := v.Add(t.Context(), locker.AddRequest{Facts: facts, Files: files, Recorded: keep,
				Failed: func(f locker.File, err error) { t.Errorf("%s: %v", f.Name, err) }})
			locker.SetTestHook(nil)
			if b.fired != 1 {
				t.Fatalf("the step was reached %d times, the fault fell %d times", b.hits, b.fired)
			}
			if whole := len(facts) + len(files); (err == nil) != (r.saved == whole) {
				t.Errorf("%d of %d saved, error %v", r.saved, whole, err)
			} else if err != nil && !errors.Is(err, errInjected) {
				t.Errorf("another error: %v", err)
			}
			if len(rep) != r.saved {
				t.Errorf("%d reported, want %d", len(rep), r.saved)
			}
			if got := checkReported(t, path, rep); got != int64(r.saved)+1 {
				t.Errorf("%d records are there, want %d", got-1, r.saved)
			}
			if n := verify(t, path).Staged; n > 0 {
				staged++
			}
			// The same open vault, and a new one, go on.
			facts, files = r.make()
			for _, x := range add(t, v, locker.Target{}, facts, files...) {
				rep.add(x)
			}
			v2, err := locker.Open(t.Context(), path, testOptions(t, filepath.Dir(path)))
			if err != nil {
				t.Fatal(err)
			}
			defer v2.Close()
			for _, x := range add(t, v2, locker.Target{}, []locker.Fact{note("last")}) {
				rep.add(x)
			}
			if got := checkReported(t, path, rep); got != int64(len(rep))+1 {
				t.Errorf("%d records, %d reported", got, len(rep))
			}
			if n := verify(t, path).Staged; n != 0 {
				t.Errorf("%d staged chunks are left", n)
			}
		})
	}
	t.Logf("%d faults fell, %d of them left staged chunks", len(rows), staged)
	if staged < 5 {
		t.Errorf("only %d faults left staged chunks", staged)
	}

	t.Run("control: a hook that never fails", func(t *testing.T) {
		v, path := newVault(t)
		seen := map[string]int{}
		locker.SetTestHook(func(step string, after bool) error { seen[step]++; return nil })
		t.Cleanup(func() { locker.SetTestHook(nil) })
		facts, files := large()
		add(t, v, locker.Target{}, facts, files...)
		for _, step := range []string{locker.StepGate, locker.StepBegin, locker.StepCheck, locker.StepRecord, locker.StepHead, locker.StepCommit, locker.StepPin} {
			if seen[step] == 0 {
				t.Errorf("step %s was not reached", step)
			}
		}
		checkVault(t, path, 3)
	})
}

// Ctrl-C in the middle of a large file keeps what was reported before it.
func TestAddInterrupted(t *testing.T) {
	for _, step := range []string{locker.StepGate, locker.StepBegin, locker.StepRecord, locker.StepCommit} {
		for nth := 1; nth <= 3; nth++ {
			v, path := newVault(t)
			ctx, cancel := context.WithCancel(t.Context())
			n := 0
			locker.SetTestHook(func(s string, after bool) error {
				if s == step && !after {
					if n++; n == nth {
						cancel()
					}
				}
				return nil
			})
			rep := reported{}
			err := v.Add(ctx, locker.AddRequest{
				Facts:    []locker.Fact{note("one")},
				Files:    []locker.File{memFile("large.bin", bytes.Repeat([]byte("0123456789"), 1<<20))},
				Recorded: func(r locker.Recorded) { rep.add(r) },
				Failed:   func(f locker.File, err error) { t.Errorf("%s: %v", f.Name, err) },
			})
			locker.SetTestHook(nil)
			cancel()
			if err != nil && !errors.Is(err, context.Canceled) || err == nil && len(rep) != 2 {
				t.Errorf("%s %d: %d reported, %v", step, nth, len(rep), err)
			}
			if got := checkReported(t, path, rep); got != int64(len(rep))+1 {
				t.Errorf("%s %d: %d records, %d reported", step, nth, got, len(rep))
			}
			add(t, v, locker.Target{}, []locker.Fact{note("next")})
		}
	}
}
