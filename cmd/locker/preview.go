package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
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
		if errors.Is(err, errProgramTime) {
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
	path, ok := findProgram("pdftoppm")
	if !ok {
		return previewTool{}
	}
	_, said, err := confined(path, nil, previewTime, "-v").run(context.Background())
	if err != nil {
		return previewTool{}
	}
	line, _, _ := strings.Cut(said, "\n")
	version, ok := strings.CutPrefix(strings.TrimSpace(line), "pdftoppm version ")
	if !ok {
		return previewTool{}
	}
	return previewTool{path, "pdftoppm " + version}
}

// firstPage draws page 1 as a PNG.
func (t previewTool) firstPage(ctx context.Context, in io.Reader, limit time.Duration) ([]byte, error) {
	picture, _, err := confined(t.path, in, limit, "-f", "1", "-l", "1", "-singlefile", "-png", "-scale-to", previewPixels, "-").run(ctx)
	if err != nil {
		return nil, fmt.Errorf("drawing the first page: %w", err)
	}
	if !bytes.HasPrefix(picture, pngSignature) {
		return nil, errors.New("drawing the first page: no picture came back")
	}
	return picture, nil
}

var pngSignature = []byte("\x89PNG\r\n\x1a\n")

// previewLimits are those of a program that reads what may be hostile: 1 GiB of
// memory, no file of more than 0 bytes, no core file.
const previewLimits = "ulimit -v 1048576; ulimit -f 0 && ulimit -c 0"

// confined is a program with the limits above and no environment but the
// language of its messages.
func confined(path string, in io.Reader, limit time.Duration, args ...string) program {
	return program{path: path, args: args, env: []string{"LC_ALL=C"}, limits: previewLimits, stdin: in, output: previewOutput, time: limit}
}
