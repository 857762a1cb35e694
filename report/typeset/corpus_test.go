package typeset

import (
	"bytes"
	"fmt"
	"go/build"
	"image"
	"image/draw"
	_ "image/gif"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/tiff"
)

// corpus returns the pictures that come with Go and with golang.org/x/image.
func corpus(t testing.TB) []string {
	t.Helper()
	dirs := []string{
		filepath.Join(build.Default.GOROOT, "src/image/testdata"),
		filepath.Join(build.Default.GOROOT, "src/image/png/testdata"),
		filepath.Join(build.Default.GOROOT, "src/image/png/testdata/pngsuite"),
	}
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "golang.org/x/image").Output()
	if err != nil {
		t.Fatal(err)
	}
	dirs = append(dirs, filepath.Join(strings.TrimSpace(string(out)), "testdata"))
	var files []string
	for _, d := range dirs {
		for _, ext := range []string{"png", "jpg", "jpeg", "gif", "bmp", "tiff", "webp"} {
			m, _ := filepath.Glob(filepath.Join(d, "*."+ext))
			files = append(files, m...)
		}
	}
	if len(files) == 0 {
		t.Skip("the pictures of the Go distribution are not installed")
	}
	return files
}

// flat is img on white.
func flat(img image.Image) *image.RGBA {
	b := img.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(out, out.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(out, out.Bounds(), img, b.Min, draw.Over)
	return out
}

// difference is the mean and the largest difference of the samples.
func difference(a, b *image.RGBA) (mean float64, most int) {
	if a.Rect != b.Rect {
		return 255, 255
	}
	sum := 0
	for i := range a.Pix {
		d := abs(int(a.Pix[i]) - int(b.Pix[i]))
		sum += d
		most = max(most, d)
	}
	return float64(sum) / float64(max(1, len(a.Pix))), most
}

// stored returns the pictures of a PDF in the order of their objects.
func stored(t testing.TB, pdf []byte) []*image.RGBA {
	t.Helper()
	program(t, "pdfimages")
	dir := t.TempDir()
	file := save(t, pdf)
	list, err := exec.Command("pdfimages", "-list", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("pdfimages", file, filepath.Join(dir, "p")).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("pdfimages: %v %s", err, out)
	}
	var out []*image.RGBA
	seen := map[string]bool{}
	for _, ln := range strings.Split(string(list), "\n")[2:] {
		f := strings.Fields(ln)
		if len(f) < 12 || seen[f[10]] {
			continue
		}
		seen[f[10]] = true
		var n int
		fmt.Sscan(f[1], &n)
		names, err := filepath.Glob(filepath.Join(dir, fmt.Sprintf("p-%03d.*", n)))
		if err != nil || len(names) != 1 {
			t.Fatalf("picture %d is in %q, %v", n, names, err)
		}
		out = append(out, readPNM(t, names[0]))
	}
	return out
}

// Every picture of the Go distribution is stored as its decoder sees it, on
// white. JPEG is decoded by the reader of the PDF, with its own rounding and
// smoothing of colours.
func TestCorpus(t *testing.T) {
	d := &Document{Date: testDate}
	var names []string
	var want []*image.RGBA
	for _, name := range corpus(t) {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		base := filepath.Base(name)
		in := inspect(from(b))
		img, _, derr := image.Decode(bytes.NewReader(b))
		if in.Format == "webp" && derr == nil {
			img, derr = decodeWebP(bytes.NewReader(b))
		}
		if in.err != nil {
			if derr == nil {
				t.Errorf("%s: not shown: %v", base, in.err)
			} else {
				t.Logf("%s: %v", base, in.err)
			}
			continue
		}
		if derr != nil {
			t.Errorf("%s is shown, but cannot be decoded: %v", base, derr)
			continue
		}
		d.Blocks = append(d.Blocks, Picture{Caption: Text(base), Open: from(b)})
		names = append(names, base)
		m := flat(img)
		if w, ok := img.(*limitedYCbCr); ok {
			for y := range m.Rect.Dy() {
				row := make([]byte, 3*m.Rect.Dx())
				w.row(row, y)
				for x := range m.Rect.Dx() {
					copy(m.Pix[m.PixOffset(x, y):], row[3*x:3*x+3])
				}
			}
		}
		want = append(want, m)
	}
	got := stored(t, write(t, d))
	if len(got) != len(want) {
		t.Fatalf("%d pictures in the PDF, want %d", len(got), len(want))
	}
	for i, name := range names {
		if name == "basn3p01.png" {
			continue // pdfimages ignores palettes of one bit; see TestRendered
		}
		mean, most := difference(got[i], want[i])
		limit, limitMean := 1, 1.0
		if ext := filepath.Ext(name); ext == ".jpeg" || ext == ".jpg" {
			limit, limitMean = 255, 4
		}
		if mean > limitMean || most > limit {
			t.Errorf("%s: differs by %.2f, at most %d", name, mean, most)
		}
	}
	t.Logf("%d pictures compared", len(names))
}

// A lossy WebP looks like the PNG it was made from, which it does not if its
// samples are taken for those of a JPEG.
func TestLossyWebPColours(t *testing.T) {
	var lossy, plain *image.RGBA
	for _, name := range corpus(t) {
		switch filepath.Base(name) {
		case "blue-purple-pink.lossy.webp", "blue-purple-pink.png":
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			m := stored(t, write(t, &Document{Blocks: []Block{Picture{Open: from(b)}}}))[0]
			if strings.HasSuffix(name, "webp") {
				lossy = m
			} else if plain == nil {
				plain = m
			}
		}
	}
	if lossy == nil || plain == nil {
		t.Skip("pictures are not there")
	}
	if mean, _ := difference(lossy, plain); mean > 4 {
		t.Errorf("differs by %.2f", mean)
	}
}
