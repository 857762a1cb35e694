package locker_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"evidence-locker/locker"
)

// killWindow is how long a helper lives at the most, after it has opened the
// vault: some adds.
var killWindow = 60 * time.Millisecond

func init() {
	// kill: adds to the vault at args[0] until it is killed. Large files are
	// staged, 5 MiB in two transactions.
	helpers["kill"] = func(args []string) error {
		v, err := locker.Open(context.Background(), args[0], helperOptions(filepath.Dir(args[0])))
		if err != nil {
			return err
		}
		fmt.Println("ready")
		for i := 0; ; i++ {
			files := []locker.File{memFile("small", bytes.Repeat([]byte{byte(i)}, 3000))}
			if i%3 == 1 {
				files = append(files, memFile("large", bytes.Repeat([]byte{byte(i)}, 5<<20)))
			}
			err := v.Add(context.Background(), locker.AddRequest{
				Facts: []locker.Fact{note(fmt.Sprint("note ", i))}, Files: files,
				Recorded: sayRecorded, Failed: func(f locker.File, err error) { panic(err) },
			})
			if err != nil {
				return err
			}
		}
	}
}

// 200 processes are killed at random moments while they add. Whatever they had
// reported is there, and the vault verifies each time.
func TestKill(t *testing.T) {
	const vaults = 8
	kills := 25 / min(sparse, 5)
	var mu sync.Mutex
	var hot, staged, lines, total int
	t.Run("vaults", func(t *testing.T) {
		for w := range vaults {
			t.Run(fmt.Sprint(w), func(t *testing.T) {
				t.Parallel()
				rnd := rand.New(rand.NewPCG(2, uint64(w)))
				v, path := newVault(t)
				v.Close()
				rep := reported{}
				for range kills {
					before := len(rep)
					killOne(t, path, rep, rnd)
					info, err := os.Stat(path + "-journal")
					got := verifyQuick(t, path)
					mu.Lock()
					total++
					lines += len(rep) - before
					if err == nil && info.Size() > 0 {
						hot++
					}
					if got.Staged > 0 {
						staged++
					}
					mu.Unlock()
					if got.Records <= int64(len(rep)) {
						t.Errorf("%d records, %d were reported", got.Records-1, len(rep))
					}
				}
				checkReported(t, path, rep)
			})
		}
	})
	t.Logf("%d kills; %d between first write and commit, %d with staged chunks left; %d records had been reported", total, hot, staged, lines)
	if total != vaults*kills || hot < total/10 || staged < total/100 || lines < total {
		t.Error("the kills hardly met anything")
	}
}

// killOne starts a helper and kills it at a random moment.
func killOne(t *testing.T, path string, rep reported, rnd *rand.Rand) {
	t.Helper()
	cmd := helperCommand(t.Context(), "kill", path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(out)
	if line, err := r.ReadString('\n'); line != "ready\n" {
		t.Errorf("the helper says %q, %v", line, err)
	}
	// By what it has done, and a moment after: a busy machine must not make the
	// kills miss.
	wire := &tripwire{left: rnd.IntN(9), trip: func() {
		time.AfterFunc(time.Duration(rnd.Int64N(int64(killWindow))), func() { cmd.Process.Kill() })
	}}
	wire.Write(nil)
	rep.read(t, bufio.NewReader(io.TeeReader(r, wire)))
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != -1 {
		t.Errorf("the helper ended by itself: %v", err)
	}
}

// A tripwire calls trip once as many lines as left went through it.
type tripwire struct {
	left int
	trip func()
}

func (w *tripwire) Write(p []byte) (int, error) {
	if w.left -= bytes.Count(p, []byte{'\n'}); w.left <= 0 && w.trip != nil {
		w.trip()
		w.trip = nil
	}
	return len(p), nil
}

// verifyQuick checks a vault without the passphrase.
func verifyQuick(t *testing.T, path string) *locker.Verification {
	t.Helper()
	got, err := locker.Verify(t.Context(), path, testOptions(t, filepath.Dir(path)), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range got.Faults {
		t.Errorf("fault %+v", f)
	}
	return got
}
