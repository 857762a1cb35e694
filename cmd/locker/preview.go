package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"evidence-locker/locker"
	"evidence-locker/report"
)

// This file draws the first page of a PDF among the exhibits, with pdftoppm
// (poppler) where that is installed. The PDF may be hostile. It reaches the
// program through a pipe and the picture comes back through one; the program
// sees nothing of the environment, and has a limit of time and of output. On
// Unix it can write no file and has a limit of memory (see confined).
// --no-preview does without.

const (
	previewTime   = 20 * time.Second
	previewInput  = 256 << 20 // bytes: the program holds the PDF in memory
	previewOutput = 32 << 20  // bytes
	previewPixels = "1600"    // of the longer side
	previewSlow   = 3         // files that may use up the time, so that a hundred do not hold up a report
)

var (
	errPreviewOutput = errors.New("the picture is too large")
	errPreviewTime   = errors.New("drawing took too long")
)

// previewer returns a report's Preview over the originals that content opens.
func (e *env) previewer(content func(context.Context, *locker.Exhibit) (io.ReadCloser, error)) func(context.Context, *locker.Exhibit) ([]byte, string, error) {
	return previews(content, sync.OnceValue(findPreviewTool), previewTime)
}

func previews(content func(context.Context, *locker.Exhibit) (io.ReadCloser, error), tool func() previewTool, limit time.Duration) func(context.Context, *locker.Exhibit) ([]byte, string, error) {
	var failed sync.Map // by object: a report in parts asks twice, and a time limit is long
	var slow atomic.Int32
	return func(ctx context.Context, x *locker.Exhibit) ([]byte, string, error) {
		if x.MediaType != "application/pdf" || x.Size > previewInput || tool().path == "" {
			return nil, "", report.ErrNoPreview
		}
		if err, ok := failed.Load(x.ObjectID); ok {
			return nil, "", err.(error)
		}
		if slow.Load() >= previewSlow {
			return nil, "", report.ErrNoPreview
		}
		in, err := content(ctx, x)
		if err != nil {
			return nil, "", err
		}
		defer in.Close()
		picture, err := tool().firstPage(ctx, in, limit)
		if ctx.Err() != nil {
			return nil, "", ctx.Err()
		}
		if errors.Is(err, errPreviewTime) {
			slow.Add(1)
		}
		if err != nil {
			err = fmt.Errorf("%w: %v", report.ErrNoPreview, err)
			failed.Store(x.ObjectID, err)
			return nil, "", err
		}
		return picture, tool().name, nil
	}
}

// A previewTool is the program that draws.
type previewTool struct{ path, name string }

// findPreviewTool looks for pdftoppm; path is "" if there is none that works.
func findPreviewTool() previewTool {
	path, err := exec.LookPath("pdftoppm")
	if err != nil {
		return previewTool{}
	}
	ctx, cancel := context.WithTimeout(context.Background(), previewTime)
	defer cancel()
	out := &limitedBuffer{limit: 4096, full: cancel}
	cmd := confined(ctx, path, "-v")
	cmd.Stderr = out
	if err := cmd.Run(); err != nil {
		return previewTool{}
	}
	line, _, _ := strings.Cut(string(out.data), "\n")
	version, ok := strings.CutPrefix(strings.TrimSpace(line), "pdftoppm version ")
	if !ok {
		return previewTool{}
	}
	return previewTool{path, "pdftoppm " + version}
}

// firstPage draws page 1 as a PNG.
func (t previewTool) firstPage(ctx context.Context, in io.Reader, limit time.Duration) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := confined(ctx, t.path, "-f", "1", "-l", "1", "-singlefile", "-png", "-scale-to", previewPixels, "-")
	out := &limitedBuffer{limit: previewOutput, full: cancel}
	cmd.Stdin, cmd.Stdout = in, out
	if err := cmd.Run(); err != nil {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			err = errPreviewTime
		}
		return nil, fmt.Errorf("drawing the first page: %w", err)
	}
	if !bytes.HasPrefix(out.data, []byte("\x89PNG\r\n\x1a\n")) {
		return nil, errors.New("drawing the first page: no picture came back")
	}
	return out.data, nil
}

// A limitedBuffer takes so many bytes and calls full at the first one more. The
// buffer is not embedded: copying to it must go through Write.
type limitedBuffer struct {
	data  []byte
	limit int
	full  func()
}

func (b *limitedBuffer) Write(p []byte) (int, error) {
	if len(b.data)+len(p) > b.limit {
		b.full()
		return 0, errPreviewOutput
	}
	b.data = append(b.data, p...)
	return len(p), nil
}
