//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"evidence-locker/locker"
	"evidence-locker/report"
)

// onePagePDF is a PDF of one page of the given size in points.
func onePagePDF(width, height int) []byte {
	content := "BT /F1 24 Tf 100 700 Td (withdrawal completed) Tj ET 0 0 300 300 re f"
	var b bytes.Buffer
	var at []int
	b.WriteString("%PDF-1.4\n")
	for i, o := range []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents 4 0 R /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>", width, height),
		fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(content), content),
	} {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	xref := b.Len()
	b.WriteString("xref\n0 5\n0000000000 65535 f \n")
	for _, n := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", n)
	}
	fmt.Fprintf(&b, "trailer << /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", xref)
	return b.Bytes()
}

func preview(t *testing.T, content []byte, mediaType string) ([]byte, string, error) {
	t.Helper()
	if _, err := exec.LookPath("pdftoppm"); err != nil {
		t.Skip("no pdftoppm:", err)
	}
	p := systemEnv().previewer(func(context.Context, *locker.Exhibit) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(content)), nil
	})
	return p(t.Context(), &locker.Exhibit{MediaType: mediaType, Size: int64(len(content))})
}

func TestPreview(t *testing.T) {
	for _, size := range [][2]int{{595, 842}, {842, 595}, {14400, 14400}, {14400, 3}} {
		data, program, err := preview(t, onePagePDF(size[0], size[1]), "application/pdf")
		if err != nil {
			t.Fatal(size, err)
		}
		m, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(size, err)
		}
		if long := max(m.Bounds().Dx(), m.Bounds().Dy()); long != 1600 {
			t.Errorf("%v: %v", size, m.Bounds())
		}
		if !strings.HasPrefix(program, "pdftoppm ") || strings.ContainsAny(program, "\n") || len(program) > 40 {
			t.Errorf("program %q", program)
		}
		if r, _, _, _ := m.At(10, m.Bounds().Dy()-2).RGBA(); r != 0 {
			t.Errorf("%v: the page is not drawn", size)
		}
	}
}

// What cannot be drawn is no preview, and nothing worse.
func TestNoPreview(t *testing.T) {
	good := onePagePDF(595, 842)
	for name, c := range map[string]struct {
		content   []byte
		mediaType string
	}{
		"another type":     {good, "video/mp4"},
		"nothing":          {nil, "application/pdf"},
		"no PDF":           {bytes.Repeat([]byte("x"), 1<<20), "application/pdf"},
		"cut short":        {good[:60], "application/pdf"},
		"pages that cycle": {bytes.Replace(good, []byte("/Kids [3 0 R]"), []byte("/Kids [2 0 R]"), 1), "application/pdf"},
	} {
		if data, _, err := preview(t, c.content, c.mediaType); !errors.Is(err, report.ErrNoPreview) || data != nil {
			t.Errorf("%s: %d bytes, %v", name, len(data), err)
		}
	}
	t.Setenv("PATH", t.TempDir())
	p := systemEnv().previewer(func(context.Context, *locker.Exhibit) (io.ReadCloser, error) {
		t.Error("an exhibit is opened for a program that is not there")
		return nil, errors.New("opened")
	})
	if _, _, err := p(t.Context(), &locker.Exhibit{MediaType: "application/pdf"}); !errors.Is(err, report.ErrNoPreview) {
		t.Errorf("without the program: %v", err)
	}
}

// fakeTool is a shell script in the place of the program that draws.
func fakeTool(t *testing.T, script string) previewTool {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pdftoppm")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	return previewTool{path, "fake"}
}

// A program that hangs, with a child that does too, is ended with it.
func TestPreviewEnds(t *testing.T) {
	hang := fakeTool(t, "sleep 60 &\nwait") // the child holds the output open
	start := time.Now()
	if _, err := hang.firstPage(t.Context(), strings.NewReader("x"), 300*time.Millisecond); err == nil {
		t.Error("no error")
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	flood := fakeTool(t, "exec yes")
	if _, err := flood.firstPage(t.Context(), strings.NewReader("x"), previewTime); err == nil {
		t.Error("no error for output without end")
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
}

// Files that hang the program do not hold up a report one after the other.
func TestPreviewGivesUp(t *testing.T) {
	for _, c := range []struct {
		script string
		limit  time.Duration
		opened int
	}{{"exec sleep 60", 100 * time.Millisecond, previewSlow}, {"exit 1", time.Minute, 6}} {
		opened := 0
		p := previews(func(context.Context, *locker.Exhibit) (io.ReadCloser, error) {
			opened++
			return io.NopCloser(strings.NewReader("x")), nil
		}, func() previewTool { return fakeTool(t, c.script) }, c.limit)
		for i := range 6 {
			x := &locker.Exhibit{MediaType: "application/pdf", ObjectID: fmt.Sprint(i)}
			if _, _, err := p(t.Context(), x); !errors.Is(err, report.ErrNoPreview) {
				t.Errorf("%q: %v", c.script, err)
			}
		}
		if opened != c.opened {
			t.Errorf("%q: %d files were opened, want %d", c.script, opened, c.opened)
		}
	}
}

// The program gets nothing of the environment and can write no file.
func TestPreviewIsConfined(t *testing.T) {
	t.Setenv("SECRET_OF_MINE", "hunter2")
	target := filepath.Join(t.TempDir(), "leak")
	tool := fakeTool(t, "cat >/dev/null; printf '\\211PNG\\r\\n\\032\\n'; env; (echo plaintext > "+target+") 2>/dev/null && echo WRITTEN; ulimit -v")
	out, err := tool.firstPage(t.Context(), strings.NewReader("x"), previewTime)
	if err != nil {
		t.Fatal(err)
	}
	if s := string(out); strings.Contains(s, "hunter2") || strings.Contains(s, "HOME=") || strings.Contains(s, "WRITTEN") || !strings.HasSuffix(s, "1048576\n") {
		t.Errorf("the program saw or could do too much:\n%s", s)
	}
	if left, err := os.ReadFile(target); err == nil && len(left) > 0 {
		t.Errorf("a file was written: %q", left)
	}
}
