package locker

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// The gate is a lock file beside the vault, <vault>-lock, that a writer holds
// for one transaction. SQLite's own locks are polled, so that a process with
// much to write would starve the others; a blocking file lock hands over in
// turn.
//
// A second file, <vault>-stage, is held shared by whoever stages chunks and
// exclusively by whoever sweeps left-over ones.
//
// Each lock is a descriptor of its own: these locks belong to the open file, so
// that they hold between goroutines as they do between processes.
type gate struct {
	path, stagePath string
	refused         bool // it is not taken: the vault is only read
	mu              sync.Mutex
	pid             *os.File // the lock file, for the holder's name
	named           bool     // the name can stand in it
}

// waitNotice is how long a writer waits before it says whom it waits for.
const waitNotice = 2 * time.Second

// holderSize is how many bytes the holder's name takes.
const holderSize = 20

func newGate(vault string) *gate {
	return &gate{path: vault + "-lock", stagePath: vault + "-stage"}
}

func newLock(path string) *flock.Flock {
	return flock.New(path, flock.SetPermissions(0o600), flock.SetFlag(os.O_CREATE|os.O_RDWR))
}

// newReadLock is a lock file that is there already, and may be one that cannot
// be written.
func newReadLock(path string) *flock.Flock {
	return flock.New(path, flock.SetFlag(os.O_RDONLY))
}

// open reports why the lock file cannot be used, nil if it can.
func (g *gate) open() (err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.pid != nil {
		return nil
	}
	if g.refused {
		return ErrReadOnly
	}
	// On a disk of somebody else's a link can lead to any file.
	for _, name := range []string{g.path, g.stagePath} {
		if info, err := os.Lstat(name); err == nil && !info.Mode().IsRegular() {
			return fmt.Errorf("opening lock file: %w: %s", ErrForeign, name)
		}
	}
	if g.pid, err = os.OpenFile(g.path, os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return sysError("opening lock file", err)
	}
	b, err := io.ReadAll(io.LimitReader(g.pid, holderSize+1))
	g.named = err == nil && len(b) <= holderSize && strings.Trim(string(b), "0123456789 ") == ""
	return nil
}

func (g *gate) close() {
	if g.pid != nil {
		g.pid.Close()
	}
}

// lock waits for the gate while the context lives. It calls waiting once, with
// what is known of the holder, if that takes long.
func (g *gate) lock(ctx context.Context, waiting func(holder string)) (unlock func(), err error) {
	if err := g.open(); err != nil {
		return nil, err
	}
	f := newLock(g.path)
	if ok, err := f.TryLock(); err != nil {
		return nil, sysError(fmt.Sprintf("locking %q", g.path), err)
	} else if !ok {
		err := wait(ctx, f, f.Lock, func() {
			if waiting != nil {
				waiting(g.holder())
			}
		})
		if err != nil {
			return nil, err
		}
	}
	// Whoever waits reads this; nothing depends on it.
	if g.named {
		g.pid.WriteAt(fmt.Appendf(nil, "%-*d", holderSize, os.Getpid()), 0)
	}
	return func() { f.Unlock() }, nil
}

// lockStage takes the staging lock shared, with the others who stage.
func (g *gate) lockStage(ctx context.Context) (unlock func(), err error) {
	f := newLock(g.stagePath)
	if err := wait(ctx, f, f.RLock, func() {}); err != nil {
		return nil, err
	}
	return func() { f.Unlock() }, nil
}

// lockSweep takes the staging lock alone if nobody stages.
func (g *gate) lockSweep() (unlock func(), ok bool) {
	f := newLock(g.stagePath)
	ok, err := f.TryLock()
	return func() { f.Unlock() }, ok && err == nil
}

// wait runs lock, which blocks in the system's own queue of waiters, and calls
// notice once if that takes long.
func wait(ctx context.Context, f *flock.Flock, lock func() error, notice func()) error {
	locked := make(chan error, 1)
	go func() { locked <- lock() }()
	timer := time.NewTimer(waitNotice)
	defer timer.Stop()
	for {
		select {
		case err := <-locked:
			if err != nil {
				return sysError(fmt.Sprintf("locking %q", f.Path()), err)
			}
			return nil
		case <-timer.C:
			notice()
		case <-ctx.Done():
			// The system call cannot be taken back; its lock is returned when it
			// comes.
			go func() {
				if <-locked == nil {
					f.Unlock()
				}
			}()
			return ctx.Err()
		}
	}
}

// holder returns the process id of who holds the gate, "" if unknown.
func (g *gate) holder() string {
	b := make([]byte, holderSize)
	n, _ := g.pid.ReadAt(b, 0)
	return strings.TrimSpace(string(b[:n]))
}
