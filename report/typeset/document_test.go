package typeset

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestExtraction(t *testing.T) {
	ids := []string{txid, "0x" + strings.Repeat(txid, 3), "ORD-" + strings.Repeat("1234567890", 30)}
	d := &Document{Title: "題", Lang: "ja", Date: testDate, Blocks: []Block{
		Heading{Level: 1, Text: "題"},
		Paragraph{Spans: Text(contract)},
		Paragraph{Spans: Text("Page {nb} of {nb} stays. " + strings.Repeat("A sentence of plain English that fills the line. ", 5))},
		Mono{Text: ids[1]},
		Fields{Rows: []Field{{"取引ID", Code(ids[0])}, {"注文", Code(ids[2])}}},
		Table{Columns: []Column{{Head: "取引"}, {Head: "値", Mono: true, MM: 40}}, Rows: [][]Cell{{Text("送金"), Cell(Text(ids[0]))}}},
		Paragraph{Spans: Text("𠮷 \xff 😀")},
	}}
	for _, face := range []Face{Gothic, Mincho} {
		d.Face = face
		text := extract(t, write(t, d))
		for _, id := range ids {
			if !strings.Contains(text, id) {
				t.Errorf("%s is not whole in %q", id, text)
			}
		}
		flat := joined(text)
		blank := strings.NewReplacer(" ", "", "\u3000", "")
		for _, s := range []string{contract, "Page {nb} of {nb} stays.", "〔U+20BB7〕 〔0xFF〕 〔U+1F600〕"} {
			if !strings.Contains(blank.Replace(flat), blank.Replace(s)) {
				t.Errorf("%q is not in %q", s, flat)
			}
		}
	}
}

func TestFontsEmbedded(t *testing.T) {
	out := run(t, write(t, sample(Mincho, "ja")), "pdffonts", "FILE")
	lines := strings.Split(strings.TrimSpace(out), "\n")[2:]
	if len(lines) != 4 {
		t.Errorf("fonts:\n%s", out)
	}
	for _, l := range lines {
		if !regexp.MustCompile(`^[A-Z]{6}\+\S+ .* yes yes yes +\d+ +0 *$`).MatchString(l) {
			t.Errorf("font %q", l)
		}
	}
}

// Page totals show although their digits occur nowhere else, and text that
// looks like a placeholder stays.
func TestPageNumbers(t *testing.T) {
	d := &Document{Date: testDate, PageOf: func(n, total int) string { return fmt.Sprintf("%d 枚目／全 %d 枚", n, total) }}
	for range 13 {
		d.Blocks = append(d.Blocks, Paragraph{Spans: Text("文")}, PageBreak{})
	}
	text := extract(t, write(t, d))
	if n := strings.Count(text, "\f"); n != 13 {
		t.Errorf("%d pages", n)
	}
	for _, s := range []string{"1 枚目／全 13 枚", "13 枚目／全 13 枚"} {
		if !strings.Contains(text, s) {
			t.Errorf("no %q", s)
		}
	}
}

func TestSameBytes(t *testing.T) {
	first := write(t, sample(Gothic, "ja"))
	zone := time.FixedZone("elsewhere", 9*3600)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			d := sample(Gothic, "ja")
			d.Date = d.Date.In(zone)
			var b bytes.Buffer
			if err := d.Write(context.Background(), &b); err != nil {
				t.Error(err)
			}
			if sha256.Sum256(b.Bytes()) != sha256.Sum256(first) {
				t.Error("different bytes")
			}
		})
	}
	wg.Wait()
	if !bytes.Contains(first, []byte("D:20261122050300")) {
		t.Error("the date is not in the PDF")
	}
}

// Pictures of one width come out in the same order every time.
func TestSameWidthPictures(t *testing.T) {
	var sums [2][32]byte
	for i := range sums {
		d := &Document{Date: testDate}
		for k := range 6 {
			d.Blocks = append(d.Blocks, Picture{Open: from(encodePNG(t, withAlpha{chart(64, 20+k)}))})
		}
		sums[i] = sha256.Sum256(write(t, d))
	}
	if sums[0] != sums[1] {
		t.Error("different bytes")
	}
}

// Links and bookmarks lead to the page that holds their target: the object of
// page n is number 1+2n, which the page tree confirms.
func TestLinks(t *testing.T) {
	d := &Document{Date: testDate, Blocks: []Block{
		Heading{Level: 2, Text: "一"},
		Paragraph{Spans: []Span{{Text: "三へ", Link: "#c"}, {Text: "無い", Link: "#none"}, {Text: "web", Link: "https://example.com/あ?a=(1)"},
			{Text: "bad", Link: "javascript:alert(1)"}, {Text: "mail", Link: "mailto:a@example.com"}, {Text: "/XObject <<\n endobj"}}},
		PageBreak{}, Heading{Level: 3, Text: "二 endobj"}, PageBreak{}, Heading{Level: 1, Text: "三", ID: "c"},
	}}
	pdf := write(t, d)
	kids := regexp.MustCompile(`/Kids \[([^]]*)\]`).FindSubmatch(pdf)
	if kids == nil || strings.TrimSpace(string(kids[1])) != "3 0 R 5 0 R 7 0 R" {
		t.Fatalf("pages are %s", kids)
	}
	if n := bytes.Count(pdf, []byte("/Subtype /Link")); n != 3 {
		t.Errorf("%d links, want 3", n)
	}
	if !regexp.MustCompile(`/Subtype /Link [^>]*/Dest \[7 0 R`).Match(pdf) {
		t.Error("the link does not lead to page 3")
	}
	for n, p := range []string{"3", "5", "7"} {
		if !regexp.MustCompile(`/Title [^\n]*\n(/\w+ \d+ 0 R\n)*/Dest \[` + p + ` 0 R`).Match(pdf) {
			t.Errorf("no bookmark for page %d", n+1)
		}
	}
	if !bytes.Contains(pdf, []byte(`(https://example.com/%E3%81%82?a=\(1\))`)) {
		t.Error("the URL is not escaped")
	}
	d.Lang = "ja"
	pdf = write(t, d)
	for _, want := range []string{"/Lang (ja)", "/DisplayDocTitle true", "/ID [<"} {
		if !bytes.Contains(pdf, []byte(want)) {
			t.Errorf("no %s", want)
		}
	}
}

// A heading is never the last thing on a page, whatever fills it.
func TestHeadingKeepsNext(t *testing.T) {
	for n := 20; n < 60; n++ {
		d := &Document{Lang: "en", Date: testDate}
		for range n {
			d.Blocks = append(d.Blocks, Paragraph{Spans: Text("line")})
		}
		d.Blocks = append(d.Blocks, Heading{Level: 2, Text: "Head"}, Space(2), Table{Columns: []Column{{Head: "Column"}}, Rows: [][]Cell{{Cell(Text("first row"))}}})
		l, err := newLayout(d)
		if err != nil {
			t.Fatal(err)
		}
		pages, err := l.paginate(d.Blocks)
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range pages {
			s := pageText(p)
			if strings.Contains(s, "Head") && !strings.Contains(s, "first row") || strings.Contains(s, "Column") != strings.Contains(s, "first row") {
				t.Errorf("%d lines: page %d is %q", n, i+1, s)
			}
		}
	}
}

func pageText(p *page) string {
	s := ""
	for _, o := range p.ops {
		if t, ok := o.(textOp); ok {
			s += t.text + "|"
		}
	}
	return s
}

func TestTables(t *testing.T) {
	long := strings.Repeat("行が一頁より長い。", 900)
	d := &Document{Lang: "ja", Date: testDate, Blocks: []Block{
		Table{Columns: []Column{{Head: "頭一"}, {Head: "頭二", Width: 2}}, Rows: [][]Cell{{Text("甲"), Text(long)}, {Text("乙")}, {Text("丙"), Text("丁")}}},
		Fields{Rows: []Field{{"長い", Text(long)}}},
		Note{Title: "注", Spans: Text(long)},
		Card{Title: Text("札"), Lines: [][]Span{Text(long)}},
		List{}, Table{Columns: []Column{{Head: "無"}}}, Fields{}, Signature{}, Mono{}, Paragraph{}, Heading{},
	}}
	l, err := newLayout(d)
	if err != nil {
		t.Fatal(err)
	}
	pages, err := l.paginate(d.Blocks)
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	for i, p := range pages {
		text += pageText(p)
		for _, o := range p.ops {
			op, ok := o.(textOp)
			if ok && (op.base > l.top+l.h || op.base < l.top) {
				t.Fatalf("page %d: %q is outside the page", i+1, op.text)
			}
		}
	}
	if n := strings.Count(strings.ReplaceAll(text, "|", ""), long); n < 3 {
		t.Errorf("long text found %d times, want whole in fields, note and card", n)
	}
	if n := strings.Count(text, "頭一"); n < 2 {
		t.Errorf("head of the table drawn %d times", n)
	}
	write(t, d)
}

func TestBadDocuments(t *testing.T) {
	for name, d := range map[string]*Document{
		"margins":    {Margins: Margins{Left: 150, Right: 60}},
		"size":       {Size: 200},
		"footer":     {Footer: Text(strings.Repeat("a\n", 200))},
		"no columns": {Blocks: []Block{Table{}}},
		"many cells": {Blocks: []Block{Table{Columns: []Column{{}}, Rows: [][]Cell{{nil, nil}}}}},
		"nil block":  {Blocks: []Block{nil}},
		"high head":  {Blocks: []Block{Table{Columns: []Column{{Head: strings.Repeat("a\n", 50)}}}}},
	} {
		if err := d.Write(context.Background(), io.Discard); err == nil || strings.Contains(err.Error(), "internal") {
			t.Errorf("%s: %v", name, err)
		}
	}
	write(t, &Document{})
}

type fullDisk struct{ left int }

func (f *fullDisk) Write(b []byte) (int, error) {
	if f.left -= len(b); f.left < 0 {
		return 0, errors.New("no space left")
	}
	return len(b), nil
}

func TestWriteErrors(t *testing.T) {
	size := len(write(t, sample(Gothic, "ja")))
	for _, room := range []int{0, 10, size / 2, size - 1} {
		err := sample(Gothic, "ja").Write(context.Background(), &fullDisk{room})
		if err == nil || !strings.Contains(err.Error(), "no space left") {
			t.Errorf("room for %d bytes: %v", room, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := sample(Gothic, "ja").Write(ctx, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// What is not a PDF as expected is refused, never passed on.
func TestSpliceFailsClosed(t *testing.T) {
	d := &Document{Date: testDate, Blocks: []Block{Paragraph{Spans: Text("text")}}}
	l, err := newLayout(d)
	if err != nil {
		t.Fatal(err)
	}
	pages, err := l.paginate(d.Blocks)
	if err != nil {
		t.Fatal(err)
	}
	raw, used, err := drawPages(d, l, pages)
	if err != nil {
		t.Fatal(err)
	}
	if err := splice(context.Background(), io.Discard, raw, spliced{fonts: used}); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(raw); i += max(1, len(raw)/300) {
		splice(context.Background(), io.Discard, raw[:i], spliced{fonts: used}) // must not panic
		if err := splice(context.Background(), io.Discard, raw[:i], spliced{fonts: used}); err == nil {
			t.Errorf("cut at %d: no error", i)
		}
	}
	for _, s := range []string{"/Type /Catalog\n", "/Subtype /Type0\n", "/XObject <<\n", "xref\n0 ", "/Root ", "startxref\n", "/FontName /utf8"} {
		broken := bytes.Replace(raw, []byte(s), []byte(strings.ToUpper(s[:len(s)-1])+s[len(s)-1:]), 1)
		if bytes.Equal(broken, raw) {
			broken = bytes.Replace(raw, []byte(s), bytes.Repeat([]byte("x"), len(s)), 1)
		}
		if err := splice(context.Background(), io.Discard, broken, spliced{fonts: used}); err == nil {
			t.Errorf("without %q: no error", s)
		}
	}
}

// The targets of web and mail links are written exactly, whatever they hold.
func TestLinkTargets(t *testing.T) {
	for link, want := range map[string]string{
		`http://example.com/(a)\b`:   `/S /URI /URI (http://example.com/\(a\)\\b)>>`,
		"https://example.com/円 x":    `/S /URI /URI (https://example.com/%E5%86%86%20x)>>`,
		"mailto:a@example.com":       `/S /URI /URI (mailto:a@example.com)>>`,
		"HTTPS://example.com/":       `/S /URI /URI (HTTPS://example.com/)>>`,
		"ftp://example.com/":         "",
		"file:///etc/passwd":         "",
		"javascript:alert(1)":        "",
		"data:text/html,x":           "",
		"//example.com/without-name": "",
	} {
		pdf := write(t, &Document{Date: testDate, Blocks: []Block{Paragraph{Spans: []Span{{Text: "x", Link: link}}}}})
		if want == "" && bytes.Contains(pdf, []byte("/URI")) {
			t.Errorf("%q is linked", link)
		}
		if want != "" && !bytes.Contains(pdf, []byte(want)) {
			t.Errorf("%q: no %s", link, want)
		}
	}
}
