package report

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"slices"
	"strings"
	"testing"

	"evidence-locker/locker"
	"evidence-locker/report/typeset"
)

func area(x, y, w, h int) []image.Rectangle { return []image.Rectangle{image.Rect(x, y, x+w, y+h)} }

// A mask that would hide nothing stops the report, before a byte is written.
func TestAreaErrors(t *testing.T) {
	m := newMade()
	good := m.file("good.png", "image/png", pngOf(40, 30), nil).Seq
	odd := m.file("odd.png", "image/png", []byte("no picture"), nil).Seq
	text := m.file("a.txt", "text/plain", []byte("x"), nil).Seq
	gone := m.file("gone.png", "image/png", pngOf(20, 20), nil)
	m.retract(gone, "wrong")
	note := m.add("note", nil).Seq
	for _, mask := range []bool{true, false} {
		for _, c := range []struct {
			seq     int64
			areas   []image.Rectangle
			reason  AreaReason
			atBuild bool
			says    string
		}{
			{999, area(0, 0, 5, 5), NoExhibit, true, "not an exhibit"},
			{note, area(0, 0, 5, 5), NoExhibit, true, "not an exhibit"},
			{gone.Seq, area(0, 0, 5, 5), NoExhibit, true, "not an exhibit"},
			{text, area(0, 0, 5, 5), NoPicture, true, "not a picture"},
			{good, append(area(0, 0, 5, 5), area(3, 3, 0, 9)...), EmptyArea, true, "empty"},
			{good, []image.Rectangle{{Min: image.Pt(9, 9), Max: image.Pt(3, 20)}}, EmptyArea, true, "empty"},
			{good, append(area(0, 0, 5, 5), area(40, 0, 9, 9)...), Outside, false, "outside the picture of 40×30 pixels"},
			{good, area(-9, -9, 9, 9), Outside, false, "outside"},
			{odd, area(0, 0, 5, 5), NotShown, false, "cannot be shown: picture format is not supported"},
		} {
			o, what := Options{Lang: "en"}, "frame"
			if mask {
				o.Masks, what = map[int64][]image.Rectangle{c.seq: c.areas}, "mask"
			} else {
				o.Marks = map[int64][]image.Rectangle{c.seq: c.areas}
			}
			r, err := Build(m.Input, o)
			if (err != nil) != c.atBuild {
				t.Fatalf("%s %v: Build: %v", what, c, err)
			}
			var b bytes.Buffer
			if err == nil {
				err = r.WritePDF(t.Context(), &b, PDFOptions{Content: m.content})
			}
			var e *AreaError
			if !errors.As(err, &e) || e.Seq != c.seq || e.Reason != c.reason || e.Mask != mask || e.Area != c.areas[len(c.areas)-1] {
				t.Errorf("%s %v: %v", what, c, err)
			} else if !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), fmt.Sprintf("%s of record %d", what, c.seq)) {
				t.Errorf("says %q", err)
			}
			if b.Len() > 0 {
				t.Errorf("%s %v: %d bytes were written", what, c, b.Len())
			}
		}
	}
	// An original that cannot be read is not handed over unmasked either.
	r := mustBuild(t, m.Input, Options{Lang: "en", Masks: map[int64][]image.Rectangle{good: area(0, 0, 5, 5)}})
	var e *AreaError
	if err := r.WritePDF(t.Context(), io.Discard, PDFOptions{}); !errors.As(err, &e) || e.Reason != NotShown {
		t.Errorf("error %v", err)
	}
}

func TestAreasReachThePicture(t *testing.T) {
	m := newMade()
	seq := m.file("shot.png", "image/png", pngOf(40, 30), nil).Seq
	m.file("other.png", "image/png", pngOf(41, 31), nil)
	masks := map[int64][]image.Rectangle{seq: append(area(-5, -5, 15, 15), area(30, 20, 100, 100)...), 999: nil}
	o := Options{Lang: "en", Masks: masks, Marks: map[int64][]image.Rectangle{seq: area(1, 2, 3, 4)}}
	r := mustBuild(t, m.Input, o)
	masks[seq][0] = image.Rect(0, 0, 1, 1) // the report has its own copy
	for range 2 {
		d, err := r.document(t.Context(), PDFOptions{Content: m.content})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, b := range d.Blocks {
			if p, ok := b.(typeset.Picture); ok {
				want, marks := append(area(-5, -5, 15, 15), area(30, 20, 100, 100)...), area(1, 2, 3, 4)
				if n++; n == 2 {
					want, marks = nil, nil
				}
				if !slices.Equal(p.Masks, want) || !slices.Equal(p.Marks, marks) {
					t.Errorf("picture %d: masks %v, marks %v", n, p.Masks, p.Marks)
				}
			}
		}
		if n != 2 {
			t.Errorf("%d pictures", n)
		}
	}
}

// Rule 10: which file is an original and which a working copy, with the hash
// that is the original's.
func TestMaskedCopyIsNamed(t *testing.T) {
	m := fullIncident()
	var seq int64
	var sum string
	for _, x := range m.Incident.Exhibits() {
		if x.Exhibit.MediaType == "image/png" {
			seq, sum = x.Exhibit.Seq, fmt.Sprintf("%x", x.Exhibit.SHA256)
		}
	}
	for _, o := range forms() {
		plain := textOf(t, m.Input, o)
		masked, marked := o, o
		masked.Masks = map[int64][]image.Rectangle{seq: area(0, 0, 5, 5)}
		marked.Marks = masked.Masks
		words := map[string][]string{
			"ja": {"一部を黒く塗った写し", "黒塗りした写しが含まれる：資料1。", "枠は本書で書き加えたもの", "次の写しには枠を書き加えた：資料1。"},
			"en": {"Masked copy: parts of it were blacked out", "This document contains masked copies: Exhibit 1.", "frames were added in this document", "Frames were added to these copies: Exhibit 1."},
		}[o.Lang]
		squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
		for i, form := range []Options{masked, marked} {
			r := mustBuild(t, m.Input, form)
			var b strings.Builder
			if _, err := r.WriteText(&b, TextOptions{}); err != nil {
				t.Fatal(err)
			}
			caption := squeeze(sectionOf(r, "exhibits"))
			about := squeeze(sectionOf(r, "about"))
			if !strings.Contains(caption, squeeze(words[2*i])) || !strings.Contains(about, squeeze(words[2*i+1])) {
				t.Errorf("%+v: no %q:\n%s", o, words[2*i:2*i+2], about)
			}
			if n := strings.Count(b.String(), sum) - strings.Count(plain, sum); n != 1-i {
				t.Errorf("%+v: the original's hash stands %d more times", form, n)
			}
		}
		for _, w := range words {
			if strings.Contains(squeeze(plain), squeeze(w)) {
				t.Errorf("%+v: the unmasked control says %q", o, w)
			}
		}
	}
}

func TestShrunkCopy(t *testing.T) {
	for _, c := range []struct {
		w, h  int
		lossy bool
		want  string
	}{
		{1920, 1080, false, ""},
		{1000, 563, false, "the original has 1920×1080 pixels, this copy 1000×563, compressed without loss."},
		{1000, 563, true, "the original has 1920×1080 pixels, this copy 1000×563, compressed with loss."},
		{1920, 1080, true, "1920×1080 pixels as in the original, compressed with loss."},
	} {
		b := &builder{lang: "en"}
		got := plain(b.shrunk(typeset.Copy{Info: typeset.Info{Width: 1920, Height: 1080}, CopyWidth: c.w, CopyHeight: c.h, Lossy: c.lossy}))
		if c.want == "" && got != "" || !strings.HasSuffix(got, c.want) {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

func TestPreview(t *testing.T) {
	m := newMade()
	seq := m.file("a.pdf", "application/pdf", []byte("%PDF-1.7"), nil).Seq
	m.file("a.png", "image/png", pngOf(8, 8), nil)
	m.file("a.txt", "text/plain", []byte("x"), nil)
	r := mustBuild(t, m.Input, Options{Lang: "en"})
	picture := pngOf(60, 80)
	var asked []string
	o := PDFOptions{Content: m.content, Preview: func(_ context.Context, e *locker.Exhibit) ([]byte, string, error) {
		asked = append(asked, e.Name)
		return picture, "pdf\x1btoppm 1.2", nil
	}}
	_, rest := shownOf(t, r, o, seq)
	if !strings.Contains(rest, "Picture of page 1 only, made by pdf〔U+001B〕toppm 1.2. It is not the file itself") || !slices.Equal(asked, []string{"a.pdf"}) {
		t.Errorf("%q, asked for %q", rest, asked)
	}
	if err := r.WritePDF(t.Context(), io.Discard, o); err != nil {
		t.Error(err)
	}
	for name, preview := range map[string]func(context.Context, *locker.Exhibit) ([]byte, string, error){
		"nil":    nil,
		"none":   func(context.Context, *locker.Exhibit) ([]byte, string, error) { return nil, "", ErrNoPreview },
		"failed": func(context.Context, *locker.Exhibit) ([]byte, string, error) { return picture, "x", errors.New("x") },
		"cut":    func(context.Context, *locker.Exhibit) ([]byte, string, error) { return picture[:60], "x", nil },
		"large": func(context.Context, *locker.Exhibit) ([]byte, string, error) {
			return append(slices.Clone(picture), make([]byte, maxPreviews)...), "x", nil
		},
	} {
		_, rest := shownOf(t, r, PDFOptions{Content: m.content, Preview: preview}, seq)
		if !strings.Contains(rest, "Exhibit 1: the content of this file is not shown") || strings.Contains(rest, "page 1") || len(r.Unreadable()) > 0 {
			t.Errorf("%s: %q", name, rest)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	o.Preview = func(context.Context, *locker.Exhibit) ([]byte, string, error) { cancel(); return nil, "", ctx.Err() }
	if err := r.WritePDF(ctx, io.Discard, o); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestDefaultMaxSize(t *testing.T) {
	for key, want := range map[string]int64{"": 7e6, "support": 7e6, "freeze": 7e6, "mica": 7e6, "police": 0, "ic3": 0, "police-generic": 0} {
		if got := DefaultMaxSize(key); got != want {
			t.Errorf("%q: %d", key, got)
		}
	}
}
