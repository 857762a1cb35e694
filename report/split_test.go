package report

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"evidence-locker/locker/record"
	"evidence-locker/report/typeset"
)

// noisePNG is a picture that does not compress.
func noisePNG(seed uint64, w, h int) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			n := r.Uint32()
			img.SetRGBA(x, y, color.RGBA{uint8(n), uint8(n >> 8), uint8(n >> 16), 255})
		}
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, img); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// album is an incident with noisy pictures, and a text between them.
func album(pictures, w, h int) *made {
	m := fullIncident()
	for i := range pictures {
		m.file(fmt.Sprintf("shot-%d.png", i), "image/png", noisePNG(uint64(i), w, h), record.Fields{"note": word("画面"), "at": when("2026-11-03T07:12:00+09:00")})
		if i == pictures/2 {
			m.file("client.log", "text/plain", bytes.Repeat([]byte("a line of a log\n"), 200), nil)
		}
	}
	return m
}

// ids returns where links of a report may lead, and its exhibits.
func ids(r *Report) (all map[string]bool, exhibits []string) {
	all = make(map[string]bool)
	for _, block := range r.blocks {
		switch b := block.(type) {
		case typeset.Heading:
			all[b.ID] = true
			if b.Level == 3 && strings.HasPrefix(b.ID, "exhibit-") {
				exhibits = append(exhibits, b.ID)
			}
		case typeset.Card:
			all[b.ID] = true
		case typeset.Picture:
			all[b.ID] = true
		}
	}
	return all, exhibits
}

// deadLinks returns the links that lead nowhere.
func deadLinks(r *Report) (dead []string) {
	all, _ := ids(r)
	relink(r.blocks, func(s typeset.Span) typeset.Span {
		if id, ok := strings.CutPrefix(s.Link, "#"); ok && !all[id] {
			dead = append(dead, s.Link)
		}
		return s
	})
	return dead
}

func TestParts(t *testing.T) {
	t.Parallel()
	for _, o := range forms() {
		m := album(5, 30, 20)
		o.Masks = map[int64][]image.Rectangle{m.Incident.Exhibits()[7].Exhibit.Seq: area(1, 1, 2, 2)}
		r := mustBuild(t, m.Input, o)
		whole := textOf(t, m.Input, o)
		all, exhibits := ids(r)
		dangling := deadLinks(r)
		if slices.ContainsFunc(dangling, func(l string) bool { return strings.Contains(l, "exhibit") }) {
			t.Errorf("links of the whole to nowhere: %q", dangling)
		}
		if len(exhibits) != 9 {
			t.Fatalf("%d exhibits", len(exhibits))
		}
		for _, counts := range [][]int{{9}, {4, 5}, {0, 9}, {0, 3, 3, 2, 1}, {8, 1}} {
			parts := r.cut(counts)
			var got []string
			for k, p := range parts {
				part := fmt.Sprintf("%+v, part %d of %v", o.For+o.Lang, k+1, counts)
				have, xs := ids(p)
				got = append(got, xs...)
				if len(xs) != counts[k] {
					t.Errorf("%s: has %q", part, xs)
				}
				for id := range all {
					if k == 0 && !have[id] && !strings.HasPrefix(id, "exhibit-") {
						t.Errorf("%s: no %q", part, id)
					}
					if k > 0 && have[id] && !strings.HasPrefix(id, "exhibit-") && !slices.Contains([]string{"top", "exhibits", "hashes"}, id) {
						t.Errorf("%s: has %q", part, id)
					}
				}
				if dead := deadLinks(p); len(dead) > 0 && !slices.Equal(dead, dangling) {
					t.Errorf("%s: links to nowhere: %q", part, dead)
				}
				want := fmt.Sprintf("(part %d of %d)", k+1, len(counts))
				if o.Lang == "ja" {
					want = fmt.Sprintf("（%d分冊の%d）", len(counts), k+1)
				}
				if !strings.HasSuffix(p.Title(), want) || !p.Date().Equal(r.Date()) {
					t.Errorf("%s: title %q", part, p.Title())
				}
				var b, b2 strings.Builder
				for _, w := range []struct {
					r *Report
					b *strings.Builder
				}{{p, &b}, {r.cut(counts)[k], &b2}} {
					if _, err := w.r.WriteText(w.b, TextOptions{}); err != nil {
						t.Fatal(err)
					}
				}
				text := b.String()
				if text != b2.String() {
					t.Errorf("%s: differs the second time", part)
				}
				if !strings.Contains(text, m.Vault) || !strings.Contains(text, "41:AQID") {
					t.Errorf("%s: no vault and head", part)
				}
				for i, x := range m.Incident.Exhibits() {
					mine := slices.Contains(xs, fmt.Sprintf("exhibit-%d", i+1))
					if sum := fmt.Sprintf("%x", x.Exhibit.SHA256); (mine || k == 0) != strings.Contains(text, sum) {
						t.Errorf("%s: hash of exhibit %d, which is in it: %v", part, i+1, mine)
					}
				}
				if k > 0 && (strings.Contains(text, "東京都") || strings.Contains(text, "taro@example.com") || len(p.Missing()) > 0) {
					t.Errorf("%s: tells of the person:\n%s", part, text)
				}
				masks := map[string]string{"ja": "黒塗りした写しが含まれる", "en": "contains masked copies"}[o.Lang]
				says := strings.Contains(strings.Join(strings.Fields(text), " "), masks) || strings.Contains(strings.Join(strings.Fields(text), ""), masks)
				if want := k == 0 || slices.Contains(xs, "exhibit-8"); says != want {
					t.Errorf("%s: tells of masked copies: %v", part, says)
				}
			}
			if !slices.Equal(got, exhibits) {
				t.Errorf("%v: %q", counts, got)
			}
		}
		mention := map[string]string{"ja": "資料9（第2分冊）", "en": "Exhibit 9 (part 2)"}[o.Lang]
		var b strings.Builder
		if _, err := r.cut([]int{4, 5})[0].WriteText(&b, TextOptions{}); err != nil || !strings.Contains(b.String(), mention) || strings.Contains(whole, mention) {
			t.Errorf("%+v: no %q (%v)", o, mention, err)
		}
		// The whole is as it was.
		b.Reset()
		if _, err := r.WriteText(&b, TextOptions{}); err != nil || b.String() != whole {
			t.Errorf("%+v: the parts changed the whole (%v)", o, err)
		}
	}
}

func TestPack(t *testing.T) {
	m := measured{first: 40, next: 10, asIs: []int64{50, 50, 50, 90, 10, 10}, least: []int64{5, 5, 5, 9, 1, 1}}
	for _, c := range []struct {
		limit int64
		want  []int
	}{
		{100, []int{1, 1, 1, 1, 2}}, {110, []int{1, 2, 2, 1}}, {1000, []int{6}}, {99, nil}, {39, nil}, {90, nil}, {139, []int{1, 2, 3}}, {140, []int{2, 1, 3}},
	} {
		if got := m.pack(c.limit, m.asIs); !slices.Equal(got, c.want) {
			t.Errorf("%d: %v, want %v", c.limit, got, c.want)
		}
	}
	if got := m.pack(60, []int64{30, 50}); !slices.Equal(got, []int{0, 1, 1}) {
		t.Errorf("body alone: %v", got)
	}
	least := m.leastMax(3)
	if m.pack(least, m.least) == nil || m.pack(least-1, m.least) != nil {
		t.Errorf("least %d", least)
	}
}

// copiesIn tells of the copies in the PDF of a part that is written next.
func copiesIn(p *Report) map[string]typeset.Copy {
	copies := make(map[string]typeset.Copy)
	var mu sync.Mutex
	for i, block := range p.blocks {
		if pic, ok := block.(typeset.Picture); ok {
			shown := pic.Shown
			pic.Shown = func(c typeset.Copy) []typeset.Span {
				mu.Lock()
				defer mu.Unlock()
				copies[pic.ID] = c // the last is the one in the document
				return shown(c)
			}
			p.blocks[i] = pic
		}
	}
	return copies
}

// checkSplit splits a report and writes its parts; each must fit.
func checkSplit(t *testing.T, m *made, o Options, limit int64) (parts []*Report, smaller bool) {
	t.Helper()
	po := PDFOptions{Content: m.content, MaxSize: limit}
	r := mustBuild(t, m.Input, o)
	parts, err := r.Split(t.Context(), po)
	if err != nil {
		t.Fatal(err)
	}
	var exhibits []string
	for k, p := range parts {
		_, xs := ids(p)
		exhibits = append(exhibits, xs...)
		copies := copiesIn(p)
		var b bytes.Buffer
		if err := p.WritePDF(t.Context(), &b, po); err != nil {
			t.Fatal(err)
		}
		if int64(b.Len()) > limit {
			t.Errorf("part %d has %d bytes, more than %d", k+1, b.Len(), limit)
		}
		for _, c := range copies {
			smaller = smaller || c.Lossy || c.CopyWidth < c.Width
		}
		checkPDF(t, b.Bytes())
	}
	if _, all := ids(r); !slices.Equal(exhibits, all) {
		t.Errorf("parts have %q", exhibits)
	}
	return parts, smaller
}

func TestSplit(t *testing.T) {
	t.Parallel()
	m := album(6, 1200, 100) // some 360 kB each
	for _, o := range []Options{{Lang: "ja"}, {For: "police", Lang: "en"}} {
		parts, smaller := checkSplit(t, m, o, 900_000)
		if len(parts) < 3 || len(parts) > maxParts || smaller {
			t.Errorf("%d parts, shrunk: %v", len(parts), smaller)
		}
	}
	// Five parts do not hold them as they are: shrunk.
	if parts, smaller := checkSplit(t, m, Options{Lang: "en"}, 400_000); len(parts) < 2 || !smaller {
		t.Errorf("%d parts, shrunk: %v", len(parts), smaller)
	}
	r := mustBuild(t, m.Input, Options{Lang: "en"})
	for _, limit := range []int64{0, -1, 1 << 40} {
		if parts, err := r.Split(t.Context(), PDFOptions{Content: m.content, MaxSize: limit}); err != nil || len(parts) != 1 || parts[0] != r {
			t.Errorf("%d: %d parts, %v", limit, len(parts), err)
		}
	}
}

// What cannot be split says which size would do, and it does.
func TestSplitError(t *testing.T) {
	t.Parallel()
	m := album(12, 1200, 100)
	r := mustBuild(t, m.Input, Options{Lang: "en"})
	_, err := r.Split(t.Context(), PDFOptions{Content: m.content, MaxSize: 100_000})
	var e *SplitError
	if !errors.As(err, &e) || e.Max != 100_000 || e.Least <= e.Max {
		t.Fatalf("error %v", err)
	}
	if want := fmt.Sprintf("splitting report: 5 parts of 100000 bytes do not hold it, parts of %d bytes would", e.Least); err.Error() != want {
		t.Errorf("says %q", err)
	}
	if parts, smaller := checkSplit(t, m, Options{Lang: "en"}, e.Least); len(parts) < 2 || !smaller {
		t.Errorf("%d parts, shrunk: %v", len(parts), smaller)
	}
	if _, err := r.Split(t.Context(), PDFOptions{Content: m.content, MaxSize: e.Least - 1}); !errors.As(err, &e) {
		t.Errorf("error %v", err)
	}
	// Faults come through.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Split(ctx, PDFOptions{Content: m.content, MaxSize: 1000}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	masked := mustBuild(t, m.Input, Options{Lang: "en", Masks: map[int64][]image.Rectangle{m.Incident.Exhibits()[3].Exhibit.Seq: area(5000, 0, 9, 9)}})
	var a *AreaError
	if _, err := masked.Split(t.Context(), PDFOptions{Content: m.content, MaxSize: 1000}); !errors.As(err, &a) {
		t.Errorf("error %v", err)
	}
}
