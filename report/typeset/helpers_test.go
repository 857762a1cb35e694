package typeset

import (
	"bytes"
	"compress/zlib"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var testDate = time.Date(2026, 11, 22, 5, 3, 0, 0, time.UTC)

// program skips the test if name is not installed, but fails it in CI.
func program(t testing.TB, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s must be installed in CI: %v", name, err)
		}
		t.Skipf("%s is not installed", name)
	}
}

// write writes d, checks the PDF with qpdf where there is one, and returns it.
// With KEEP_PDF set, a copy goes to that folder.
func write(t testing.TB, d *Document) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := d.Write(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("KEEP_PDF"); dir != "" {
		name := strings.NewReplacer("/", "_", "#", "_").Replace(t.Name())
		if err := os.WriteFile(filepath.Join(dir, name+".pdf"), b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	checkPDF(t, b.Bytes())
	return b.Bytes()
}

func checkPDF(t testing.TB, pdf []byte) {
	t.Helper()
	if _, err := exec.LookPath("qpdf"); err != nil && os.Getenv("CI") == "" {
		return
	}
	out, err := exec.Command("qpdf", "--check", save(t, pdf)).CombinedOutput()
	if err != nil || strings.Contains(strings.ToUpper(string(out)), "WARN") {
		t.Errorf("qpdf --check: %v\n%s", err, out)
	}
}

func save(t testing.TB, pdf []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "out.pdf")
	if err := os.WriteFile(name, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// run runs a program with a PDF as "FILE" among its arguments.
func run(t testing.TB, pdf []byte, name string, args ...string) string {
	t.Helper()
	program(t, name)
	file := save(t, pdf)
	for i, a := range args {
		args[i] = strings.ReplaceAll(a, "FILE", file)
	}
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

// extract returns the text of the PDF as a second program reads it.
func extract(t testing.TB, pdf []byte) string {
	t.Helper()
	return run(t, pdf, "pdftotext", "-enc", "UTF-8", "FILE", "-")
}

// joined is extracted text without line ends.
func joined(s string) string {
	return strings.NewReplacer("\n", "", "\f", "").Replace(s)
}

// rasterAll renders all pages at dpi.
func rasterAll(t testing.TB, pdf []byte, dpi string) []image.Image {
	t.Helper()
	dir := t.TempDir()
	run(t, pdf, "pdftoppm", "-r", dpi, "FILE", filepath.Join(dir, "p"))
	names, err := filepath.Glob(filepath.Join(dir, "*.ppm"))
	if err != nil {
		t.Fatal(err)
	}
	var pages []image.Image
	for _, name := range names {
		pages = append(pages, readPNM(t, name))
	}
	return pages
}

// readPNM reads a picture in one of the plain formats that poppler's programs
// write many times faster than PNG: PBM, PGM and PPM.
func readPNM(t testing.TB, name string) *image.RGBA {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var kind byte
	var w, h, most int
	head := map[bool]string{true: "P%c\n%d %d\n", false: "P%c\n%d %d\n%d\n"}[bytes.HasPrefix(b, []byte("P4"))]
	to := []any{&kind, &w, &h, &most}[:strings.Count(head, "%")]
	if _, err := fmt.Sscanf(string(b[:min(len(b), 64)]), head, to...); err != nil || len(to) == 4 && most != 255 {
		t.Fatalf("%s: %v", name, err)
	}
	stride := map[byte]int{'4': (w + 7) / 8, '5': w, '6': 3 * w}[kind]
	if stride == 0 || len(b) < stride*h {
		t.Fatalf("%s: %d bytes for %d×%d of kind %c", name, len(b), w, h, kind)
	}
	b = b[len(b)-stride*h:]
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := 0; i < w*h; i++ {
		x, row := i%w, b[i/w*stride:]
		p := m.Pix[4*i : 4*i+4]
		p[3] = 255
		switch kind {
		case '4':
			v := row[x/8]>>(7-x%8)&1 - 1 // 1 is black
			p[0], p[1], p[2] = v, v, v
		case '5':
			p[0], p[1], p[2] = row[x], row[x], row[x]
		case '6':
			copy(p, row[3*x:3*x+3])
		}
	}
	return m
}

func from(b []byte) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }
}

func encodePNG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func encodeJPEG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// chart is an opaque picture that is not symmetric in any way.
func chart(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{uint8(255 * x / w), uint8(255 * y / h), 128, 255}
			if x < w/3 && y < h/4 {
				c = color.RGBA{0, 0, 0, 255}
			}
			if (x/16+y/16)%7 == 0 {
				c = color.RGBA{255, 255, 255, 255}
			}
			m.SetRGBA(x, y, c)
		}
	}
	return m
}

func deflated(b []byte) []byte {
	var out bytes.Buffer
	z := zlib.NewWriter(&out)
	z.Write(b)
	z.Close()
	return out.Bytes()
}
