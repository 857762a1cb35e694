package locker_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"evidence-locker/locker"
)

// patternFile is a file of n bytes that takes no memory.
func patternFile(name string, n int64) locker.File {
	return locker.File{Name: name, Size: n, Open: func() (io.ReadCloser, error) {
		return io.NopCloser(io.LimitReader(patternReader{}, n)), nil
	}}
}

type patternReader struct{}

func (patternReader) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(i * 7)
	}
	return len(p), nil
}

func init() {
	// small: opens the vault at args[0], says "ready", and at the first line on
	// stdin adds args[1] notes, saying how long each took.
	helpers["small"] = func(args []string) error {
		v, err := locker.Open(context.Background(), args[0], helperOptions(filepath.Dir(args[0])))
		if err != nil {
			return err
		}
		defer v.Close()
		fmt.Println("ready")
		bufio.NewReader(os.Stdin).ReadString('\n')
		n, _ := strconv.Atoi(args[1])
		for i := range n {
			began := time.Now()
			err := v.Add(context.Background(), locker.AddRequest{
				Facts:    []locker.Fact{note(fmt.Sprint("process ", os.Getpid(), " note ", i))},
				Recorded: func(r locker.Recorded) { sayRecorded(r); fmt.Println("took", time.Since(began).Milliseconds()) },
			})
			if err != nil {
				return err
			}
			time.Sleep(20 * time.Millisecond) // a person is slower still
		}
		return nil
	}
	// large: adds a file of args[1] MiB to the vault at args[0].
	helpers["large"] = func(args []string) error {
		v, err := locker.Open(context.Background(), args[0], helperOptions(filepath.Dir(args[0])))
		if err != nil {
			return err
		}
		defer v.Close()
		mib, _ := strconv.ParseInt(args[1], 10, 64)
		fmt.Println("ready")
		return v.Add(context.Background(), locker.AddRequest{
			Files: []locker.File{patternFile("video", mib<<20)}, Recorded: sayRecorded,
			Failed: func(f locker.File, err error) { panic(err) },
		})
	}
	// hold: keeps the gate of the vault at args[0] until stdin ends.
	helpers["hold"] = func(args []string) error {
		v, err := locker.Open(context.Background(), args[0], helperOptions(filepath.Dir(args[0])))
		if err != nil {
			return err
		}
		defer v.Close()
		locker.SetTestHook(func(step string, after bool) error {
			if step == locker.StepGate && after {
				fmt.Println("ready")
				io.Copy(io.Discard, os.Stdin)
			}
			return nil
		})
		return v.Add(context.Background(), locker.AddRequest{Facts: []locker.Fact{note("held")}, Recorded: sayRecorded})
	}
}

// manyMiB is the size of the large file; LOCKER_TEST_MIB=1024 for the whole
// gigabyte.
func manyMiB() string {
	if s := os.Getenv("LOCKER_TEST_MIB"); s != "" {
		return s
	}
	if testing.Short() {
		return "64"
	}
	return "256"
}

// Thirty processes add while another streams a large file. All is recorded,
// and no small add starves: behind a stream without the gate one waited for 12 s,
// and each waits for a fraction of a second where the machine is idle.
func TestManyProcesses(t *testing.T) {
	const processes, each = 30, 4
	v, path := newVault(t)
	add(t, v, locker.Target{}, []locker.Fact{note("first")})
	v.Close()
	rep := reported{}
	var mu sync.Mutex
	var worst, during int
	var start, done sync.WaitGroup
	streaming := make(chan struct{}) // closed when the large file is recorded
	read := func(out io.Reader, ready func()) {
		s := bufio.NewScanner(out)
		for s.Scan() {
			ms, took := strings.CutPrefix(s.Text(), "took ")
			mu.Lock()
			switch {
			case s.Text() == "ready":
				ready()
			case took:
				n, _ := strconv.Atoi(ms)
				worst = max(worst, n)
				select {
				case <-streaming:
				default:
					during++
				}
			default:
				rep.line(t, s.Text())
			}
			mu.Unlock()
		}
	}
	run := func(name string, args ...string) (stdin io.WriteCloser) {
		cmd := helperCommand(t.Context(), name, args...)
		stdin, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		start.Add(1)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		done.Go(func() {
			read(out, start.Done)
			if err := cmd.Wait(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if name == "large" {
				close(streaming)
			}
		})
		return stdin
	}
	var starters []io.WriteCloser
	for range processes {
		starters = append(starters, run("small", path, fmt.Sprint(each)))
	}
	start.Wait()
	run("large", path, manyMiB())
	start.Wait()
	for i, w := range starters {
		time.Sleep(time.Duration(i) * time.Millisecond)
		w.Write([]byte("\n"))
		w.Close()
	}
	done.Wait()
	t.Logf("%d adds, %d of them while the file streamed; the longest took %d ms", processes*each, during, worst)
	if len(rep) != processes*each+1 {
		t.Errorf("%d records reported", len(rep))
	}
	if worst > 6000 {
		t.Errorf("an add took %d ms", worst)
	}
	if during < processes*each/2 {
		t.Error("the file was through too early: nothing was tested")
	}
	if got := checkReported(t, path, rep); got != int64(len(rep))+2 {
		t.Errorf("%d records", got)
	}
}

// Whoever waits for another process is told so, and Ctrl-C ends the wait at
// once, Close included.
func TestInterruptInWait(t *testing.T) {
	v, path := newVault(t)
	v.Close()
	cmd := helperCommand(t.Context(), "hold", path)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(out)
	if line, err := r.ReadString('\n'); line != "ready\n" {
		t.Fatalf("%q, %v", line, err)
	}

	o := testOptions(t, filepath.Dir(path))
	told := make(chan string, 1)
	o.Waiting = func(holder string) { told <- holder }
	if v, err = locker.Open(t.Context(), path, o); err != nil {
		t.Fatal(err)
	}
	for name, files := range map[string][]locker.File{"a note": nil, "a large file": {patternFile("large", 5<<20)}} {
		ctx, cancel := context.WithCancel(t.Context())
		var canceled time.Time
		time.AfterFunc(150*time.Millisecond, func() { canceled = time.Now(); cancel() })
		err := v.Add(ctx, locker.AddRequest{
			Facts: []locker.Fact{note(name)}, Files: files,
			Recorded: func(locker.Recorded) { t.Errorf("%s: recorded while the gate was held", name) },
			Failed:   func(f locker.File, err error) { t.Errorf("%s: %v", f.Name, err) },
		})
		if took := time.Since(canceled); !errors.Is(err, context.Canceled) || took > 100*time.Millisecond {
			t.Errorf("%s: %v, %v after Ctrl-C", name, err, took)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() {
		result <- v.Add(ctx, locker.AddRequest{Facts: []locker.Fact{note("x")}, Recorded: func(locker.Recorded) { t.Error("recorded") }})
	}()
	select {
	case holder := <-told:
		if holder != fmt.Sprint(cmd.Process.Pid) {
			t.Errorf("waits for process %q, it is %d", holder, cmd.Process.Pid)
		}
	case <-time.After(10 * time.Second):
		t.Error("nobody says whom it waits for")
	}
	began := time.Now()
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	closed := make(chan error, 1)
	go func() { closed <- v.Close() }()
	select {
	case err := <-closed:
		if took := time.Since(began); err != nil || took > 200*time.Millisecond {
			t.Errorf("closing took %v: %v", took, err)
		}
	case <-time.After(5 * time.Second):
		t.Error("Close waits for the other process")
	}
	stdin.Close() // the holder goes on, and records
	rest, _ := io.ReadAll(r)
	if err := cmd.Wait(); err != nil || !strings.Contains(string(rest), "recorded 1 held") {
		t.Errorf("%s: %v", rest, err)
	}
	checkVault(t, path, 2)
}
