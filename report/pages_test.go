package report

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// grays are the shades that pages are stored in.
var grays = func() color.Palette {
	p := make(color.Palette, 16)
	for i := range p {
		p[i] = color.Gray{uint8(i * 17)}
	}
	return p
}()

// rendered returns the pages of a PDF as pictures of 45 dots an inch, in the
// shades that they are stored in.
func rendered(t *testing.T, pdf []byte) []*image.Paletted {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command("pdftoppm", "-gray", "-r", "45", "-png", "-", filepath.Join(dir, "p"))
	cmd.Stdin = bytes.NewReader(pdf)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("pdftoppm: %v\n%s", err, out)
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.png")) // numbered with leading zeros
	if err != nil || len(names) == 0 {
		t.Fatalf("no pages: %v", err)
	}
	var pages []*image.Paletted
	for _, name := range names {
		pages = append(pages, readPage(t, name))
	}
	return pages
}

func readPage(t *testing.T, name string) *image.Paletted {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	m, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	p := image.NewPaletted(m.Bounds(), grays)
	draw.Draw(p, p.Rect, m, m.Bounds().Min, draw.Src)
	return p
}

// unlike tells where two pages differ: the first block of 20×20 pixels, wherever
// it lies, of which more than 5 % are lighter or darker by more than an edge of
// a letter may be in another version of the renderer. "" if there is none.
func unlike(got, want *image.Paletted) string {
	if got.Rect != want.Rect {
		return fmt.Sprintf("the page has %v pixels, want %v", got.Rect.Max, want.Rect.Max)
	}
	const block, most, tolerance = 20, 20 * 20 * 5 / 100, 3 // of 16 grays
	w, h := got.Rect.Dx(), got.Rect.Dy()
	sums := make([][]int, h+1) // of the pixels above and to the left that differ
	sums[0] = make([]int, w+1)
	for y := range h {
		sums[y+1] = make([]int, w+1)
		for x := range w {
			n := sums[y][x+1] + sums[y+1][x] - sums[y][x]
			if d := int(got.ColorIndexAt(x, y)) - int(want.ColorIndexAt(x, y)); d > tolerance || d < -tolerance {
				n++
			}
			sums[y+1][x+1] = n
		}
	}
	for y := 0; y+block <= h; y++ {
		for x := 0; x+block <= w; x++ {
			if n := sums[y+block][x+block] - sums[y][x+block] - sums[y+block][x] + sums[y][x]; n > most {
				return fmt.Sprintf("%d of the 400 pixels at %d,%d differ", n, x, y)
			}
		}
	}
	return ""
}

// needRenderer skips the test where PDFs cannot be rendered; that is an error
// where all tests must run.
func needRenderer(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("pdftoppm"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("pdftoppm must be installed in CI")
		}
		t.Skip("pdftoppm is not installed")
	}
}

// Every page of every report looks as it did. Whoever writes the pictures anew
// with -update has to look at them.
func TestPages(t *testing.T) {
	needRenderer(t)
	dir := filepath.Join("testdata", "pages")
	for name, made := range map[string]func() *made{"full": fullIncident, "empty": emptyIncident} {
		for _, o := range forms() {
			name := fmt.Sprintf("%s-%s-%s", name, o.For, o.Lang)
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				got := rendered(t, pdfOf(t, made(), o))
				stored, err := filepath.Glob(filepath.Join(dir, name+"-??.png"))
				if err != nil {
					t.Fatal(err)
				}
				if *update {
					stored = writePages(t, filepath.Join(dir, name), stored, got)
				}
				if len(got) != len(stored) {
					t.Fatalf("%d pages, want %d", len(got), len(stored))
				}
				for i := range got {
					if d := unlike(got[i], readPage(t, stored[i])); d != "" {
						t.Errorf("page %d: %s", i+1, d)
					}
				}
			})
		}
	}
}

// writePages replaces old pictures of pages.
func writePages(t *testing.T, prefix string, old []string, pages []*image.Paletted) (names []string) {
	t.Helper()
	for _, name := range old {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Dir(prefix), 0o777); err != nil {
		t.Fatal(err)
	}
	for i, p := range pages {
		var b bytes.Buffer
		enc := png.Encoder{CompressionLevel: png.BestCompression}
		if err := enc.Encode(&b, p); err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("%s-%02d.png", prefix, i+1)
		if err := os.WriteFile(name, b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	return names
}

// A line that moved, a cell that is missing and a word that is another are
// noticed; a slightly other edge of each letter is not.
func TestUnlikePages(t *testing.T) {
	needRenderer(t)
	page := rendered(t, pdfOf(t, fullIncident(), Options{For: "police", Lang: "ja"}))[1]
	clone := func() *image.Paletted {
		m := image.NewPaletted(page.Rect, grays)
		copy(m.Pix, page.Pix)
		return m
	}
	// Rows of pixels that have text, between white ones.
	var lines []image.Rectangle
	for y, top := 0, -1; y < page.Rect.Dy(); y++ {
		dark := 0
		for x := page.Rect.Dx() / 2; x < page.Rect.Dx(); x++ { // beside the labels
			if page.ColorIndexAt(x, y) < 8 {
				dark++
			}
		}
		switch {
		case dark > 0 && top < 0:
			top = y
		case dark == 0 && top >= 0:
			if y-top >= 4 && y-top <= 9 {
				lines = append(lines, image.Rect(0, top, page.Rect.Dx(), y))
			}
			top = -1
		}
	}
	if len(lines) < 3 {
		t.Fatalf("%d lines of text found", len(lines))
	}
	for _, l := range lines {
		moved := clone()
		draw.Draw(moved, l.Add(image.Pt(0, 2)), page, l.Min, draw.Src)
		if unlike(moved, page) == "" {
			t.Errorf("the line at %v moved by two pixels unnoticed", l)
		}
		without := clone()
		cell := l
		cell.Min.X = page.Rect.Dx() / 2
		draw.Draw(without, cell, image.White, image.Point{}, draw.Src)
		if unlike(without, page) == "" {
			t.Errorf("the cell at %v is missing unnoticed", cell)
		}
	}
	faint := clone()
	for i, v := range faint.Pix {
		if v < 14 {
			faint.Pix[i] = v + 2
		}
	}
	if d := unlike(faint, page); d != "" {
		t.Errorf("fainter letters: %s", d)
	}
	short := image.NewPaletted(image.Rect(0, 0, page.Rect.Dx(), page.Rect.Dy()-1), grays)
	if unlike(short, page) == "" {
		t.Error("another size of the page is not noticed")
	}
}
