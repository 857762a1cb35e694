package locker

import (
	"context"
	"fmt"
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
type gate struct {
	mu    chan struct{} // one holder in this process; a flock.Flock knows only processes
	path  string
	file  *flock.Flock
	stage *flock.Flock
	once  sync.Once
	pid   *os.File // the same file, for the holder's name
}

// waitNotice is how long a writer waits before it says whom it waits for.
const waitNotice = 2 * time.Second

func newGate(vault string) *gate {
	return &gate{
		mu:    make(chan struct{}, 1),
		path:  vault + "-lock",
		file:  flock.New(vault+"-lock", flock.SetPermissions(0o600), flock.SetFlag(os.O_CREATE|os.O_RDWR)),
		stage: flock.New(vault+"-stage", flock.SetPermissions(0o600), flock.SetFlag(os.O_CREATE|os.O_RDWR)),
	}
}

// open reports why the lock file cannot be used, nil if it can.
func (g *gate) open() (err error) {
	g.once.Do(func() { g.pid, _ = os.OpenFile(g.path, os.O_CREATE|os.O_RDWR, 0o600) })
	if g.pid == nil {
		return fmt.Errorf("%w: %s", ErrReadOnly, g.path)
	}
	return nil
}

func (g *gate) close() {
	if g.pid != nil {
		g.pid.Close()
	}
	g.file.Close()
	g.stage.Close()
}

// lock waits for the gate while the context lives. It calls waiting once, with
// what is known of the holder, if that takes long.
func (g *gate) lock(ctx context.Context, waiting func(holder string)) (unlock func(), err error) {
	if err := g.open(); err != nil {
		return nil, err
	}
	select {
	case g.mu <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if ok, err := g.file.TryLock(); err != nil {
		<-g.mu
		return nil, fmt.Errorf("locking %q: %w", g.path, err)
	} else if !ok {
		if err := g.wait(ctx, waiting); err != nil {
			return nil, err
		}
	}
	// Whoever waits reads this; nothing depends on it.
	g.pid.WriteAt(fmt.Appendf(nil, "%-20d", os.Getpid()), 0)
	return func() { g.file.Unlock(); <-g.mu }, nil
}

// wait blocks in the system's own queue of waiters.
func (g *gate) wait(ctx context.Context, waiting func(string)) error {
	locked := make(chan error, 1)
	go func() { locked <- g.file.Lock() }()
	notice := time.NewTimer(waitNotice)
	defer notice.Stop()
	for {
		select {
		case err := <-locked:
			if err != nil {
				<-g.mu
				return fmt.Errorf("locking %q: %w", g.path, err)
			}
			return nil
		case <-notice.C:
			if waiting != nil {
				waiting(g.holder())
			}
		case <-ctx.Done():
			// The system call cannot be taken back; its lock is returned when it
			// comes.
			go func() {
				if <-locked == nil {
					g.file.Unlock()
				}
				<-g.mu
			}()
			return ctx.Err()
		}
	}
}

// holder returns the process id of who holds the gate, "" if unknown.
func (g *gate) holder() string {
	b := make([]byte, 20)
	n, _ := g.pid.ReadAt(b, 0)
	return strings.TrimSpace(string(b[:n]))
}
