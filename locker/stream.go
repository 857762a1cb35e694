package locker

import (
	"context"
	"fmt"
	"io"
	"os"
)

// streamSuffix marks the file that Stream makes beside the vault.
const streamSuffix = "-stream"

// Stream writes a whole new backup to w. It is made in a file beside the vault
// first, which like every backup holds nothing in the clear, and which is
// removed at the end; what a killed Stream left of its own, the next one
// removes. Only one runs at a time. What becomes of the bytes behind w is not
// known here, so that it does not count as a backup.
//
// Its errors are those of Backup. One of w is a *StreamError.
func (v *Vault) Stream(ctx context.Context, w io.Writer, r BackupRequest) (*Backed, error) {
	done, err := v.stream(ctx, w, r)
	if err != nil {
		return nil, fmt.Errorf("streaming backup: %w", err)
	}
	return done, nil
}

func (v *Vault) stream(ctx context.Context, w io.Writer, r BackupRequest) (*Backed, error) {
	path := v.path + streamSuffix
	unlock, err := lockCopy(ctx, path, v.o.Waiting)
	if err != nil {
		return nil, err
	}
	defer unlock()
	sweep := func() {
		for _, p := range []string{path, path + partSuffix} {
			os.Remove(p)
			os.Remove(p + "-journal")
		}
	}
	sweep()
	defer sweep()
	r.passing = true
	done, err := v.copyTo(ctx, path, r)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sent := &sending{ctx: ctx, w: w}
	if _, err := io.Copy(sent, f); err != nil {
		return nil, err
	}
	done.Path = ""
	return done, nil
}

// A StreamError says after how many bytes nobody took more of them.
type StreamError struct {
	Sent int64
	Err  error
}

func (e *StreamError) Error() string { return fmt.Sprintf("after %d bytes: %v", e.Sent, e.Err) }
func (e *StreamError) Unwrap() error { return e.Err }

// sending counts what w took, and ends with ctx.
type sending struct {
	ctx  context.Context
	w    io.Writer
	sent int64
}

func (s *sending) Write(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := s.w.Write(p)
	if s.sent += int64(n); err != nil {
		return n, &StreamError{s.sent, err}
	}
	return n, nil
}
