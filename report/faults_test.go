package report

import (
	"bytes"
	"context"
	"errors"
	"image"
	"io"
	"slices"
	"sync"
	"testing"

	"evidence-locker/locker"
)

// An original that cannot be opened, that ends early, that fails in the middle
// or that is another one the next time, whichever of the openings it happens at:
// the report says so or is not written, and its masks are never left out.
func TestContentFaults(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	m := newMade()
	masked := m.file("masked.png", "image/png", noisePNG(1, 80, 60), nil).Seq
	for name, c := range map[string]struct {
		media   string
		content []byte
	}{
		"plain.png": {"image/png", noisePNG(2, 80, 60)}, "a.txt": {"text/plain", bytes.Repeat([]byte("a line\n"), 500)}, "a.pdf": {"application/pdf", []byte("%PDF-1.4")},
	} {
		m.file(name, c.media, c.content, nil)
	}
	o := Options{Lang: "en", Masks: map[int64][]image.Rectangle{masked: {image.Rect(5, 5, 50, 50)}}}
	preview := func(context.Context, *locker.Exhibit) ([]byte, string, error) { return pngOf(50, 50), "drawer", nil }
	var good bytes.Buffer
	opens := 0
	var mu sync.Mutex // pictures are opened at the same time
	count := func(x *locker.Exhibit) (io.ReadCloser, error) {
		mu.Lock()
		defer mu.Unlock()
		opens++
		return m.content(x)
	}
	if err := mustBuild(t, m.Input, o).WritePDF(t.Context(), &good, PDFOptions{Content: count, Preview: preview}); err != nil || opens < 6 {
		t.Fatal(opens, err)
	}
	faults := map[string]func([]byte) (io.ReadCloser, error){
		"does not open": func([]byte) (io.ReadCloser, error) { return nil, broken },
		"ends early":    func(b []byte) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b[:len(b)/2])), nil },
		"fails": func(b []byte) (io.ReadCloser, error) {
			return io.NopCloser(io.MultiReader(bytes.NewReader(b[:len(b)/2]), errReader{broken})), nil
		},
		"is another": func([]byte) (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(noisePNG(3, 40, 30))), nil
		},
	}
	said := make(map[string]bool)
	for name, fault := range faults {
		for k := range opens {
			r := mustBuild(t, m.Input, o)
			n := 0
			var hit int64
			content := func(x *locker.Exhibit) (io.ReadCloser, error) {
				mu.Lock()
				defer mu.Unlock()
				if n++; n == k+1 {
					hit = x.Seq
					return fault(m.files[x.SHA256])
				}
				return m.content(x)
			}
			var out bytes.Buffer
			err := r.WritePDF(t.Context(), &out, PDFOptions{Content: content, Preview: preview})
			switch {
			case err != nil:
				said["error"] = true
			case slices.Contains(r.Unreadable(), hit):
				said["unreadable"] = true
			case bytes.Equal(out.Bytes(), good.Bytes()) && hit != masked:
				said["not needed"] = true // only the start of a file that is not shown is read
			case name == "ends early" || name == "is another":
				said["card"] = true // a damaged picture, or another: the vault knows its hash and would have failed
			default:
				t.Errorf("%s, opening %d of record %d: a PDF of %d bytes, and nothing is said", name, k+1, hit, out.Len())
			}
			if err == nil && k%3 == 0 {
				checkPDF(t, out.Bytes())
			}
		}
	}
	for _, want := range []string{"error", "unreadable"} {
		if !said[want] {
			t.Errorf("no fault led to %q: %v", want, said)
		}
	}
}

type errReader struct{ err error }

func (e errReader) Read([]byte) (int, error) { return 0, e.err }
