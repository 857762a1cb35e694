package typeset

import (
	"context"
	"image"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/boombuler/barcode/qr"
)

// scan reads the QR codes on the first page of a PDF with zbarimg.
func scan(t *testing.T, pdf []byte) string {
	t.Helper()
	program(t, "pdftoppm")
	program(t, "zbarimg")
	dir := t.TempDir()
	if out, err := exec.Command("pdftoppm", "-r", "120", "-png", "-f", "1", "-singlefile", save(t, pdf), filepath.Join(dir, "page")).CombinedOutput(); err != nil {
		t.Fatalf("pdftoppm: %v\n%s", err, out)
	}
	out, err := exec.Command("zbarimg", "-q", "--raw", filepath.Join(dir, "page.png")).Output()
	if err != nil {
		t.Logf("zbarimg: %v", err)
	}
	return strings.TrimSuffix(string(out), "\n")
}

// A scanner reads what was put into a QR code.
func TestQRScanned(t *testing.T) {
	for _, text := range []string{"AGE-SECRET-KEY-PQ-1" + strings.Repeat("QPZRY9X8", 7) + "QP", "1", "small letters, 日本語"} {
		pdf := write(t, &Document{Date: testDate, Blocks: []Block{
			Heading{Level: 1, Text: "code"}, QR{Text: text, MM: 44, Size: 12, Beside: [][]Span{Text("beside it"), Code("AAAAA BBBBB")}}}})
		if got := scan(t, pdf); got != text {
			t.Errorf("%q is read as %q", text, got)
		}
		if got := run(t, pdf, "pdftotext", "FILE", "-"); !strings.Contains(got, "beside it") || !strings.Contains(got, "AAAAA BBBBB") {
			t.Errorf("beside it stands %q", got)
		}
	}
	if got := scan(t, write(t, &Document{Date: testDate, Blocks: []Block{Mono{Text: "no code"}}})); got != "" {
		t.Errorf("control: %q is read from a page without a code", got)
	}
}

// The rectangles cover the black modules, each once, and no other.
func TestQRRuns(t *testing.T) {
	code, err := qr.Encode("any text will do", qr.Q, qr.Auto)
	if err != nil {
		t.Fatal(err)
	}
	covered := map[image.Point]int{}
	rects := runs(code)
	for _, r := range rects {
		for y := r.Min.Y; y < r.Max.Y; y++ {
			for x := r.Min.X; x < r.Max.X; x++ {
				covered[image.Pt(x, y)]++
			}
		}
	}
	b, black := code.Bounds(), 0
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r, _, _, _ := code.At(x, y).RGBA()
			want := 0
			if r == 0 {
				want, black = 1, black+1
			}
			if n := covered[image.Pt(x, y)]; n != want {
				t.Errorf("module %d,%d is covered %d times, want %d", x, y, n, want)
			}
		}
	}
	if len(rects) >= black {
		t.Errorf("%d rectangles for %d modules", len(rects), black)
	}
}

// What cannot be a code is an error that does not quote it.
func TestQRImpossible(t *testing.T) {
	for _, b := range []QR{{Text: "secret", MM: 160}, {Text: "secret"}, {Text: "secret", MM: -1}, {Text: strings.Repeat("secret", 2000), MM: 40}} {
		err := (&Document{Date: testDate, Blocks: []Block{b}}).Write(context.Background(), io.Discard)
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%d bytes in %v mm: %.200v", len(b.Text), b.MM, err)
		}
	}
}
