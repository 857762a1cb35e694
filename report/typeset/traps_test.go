package typeset

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// readPDF is what an independent reader finds in a PDF.
type readPDF struct {
	bookmarks []place
	links     []place
}

// place is a target: the page, counted from 1 in the order of the page tree, and
// the distance from the lower edge.
type place struct {
	title string // of a bookmark
	page  int
	y     float64
}

func readTargets(t *testing.T, pdf []byte) readPDF {
	t.Helper()
	var doc struct {
		Pages []struct {
			Object string
		}
		Outlines []bookmark
		QPDF     []map[string]json.RawMessage
	}
	if err := json.Unmarshal([]byte(run(t, pdf, "qpdf", "--json=2", "--json-key=pages", "--json-key=outlines", "--json-key=qpdf", "FILE")), &doc); err != nil {
		t.Fatal(err)
	}
	number := map[string]int{}
	for i, p := range doc.Pages {
		number[p.Object] = i + 1
	}
	target := func(title string, dest []any) place {
		if len(dest) < 4 || dest[1] != "/XYZ" {
			t.Fatalf("%q has the target %v", title, dest)
		}
		ref, _ := dest[0].(string)
		y, ok := dest[3].(float64)
		if number[ref] == 0 || !ok {
			t.Fatalf("%q leads to %v, which is no page", title, dest)
		}
		return place{title, number[ref], y}
	}
	var r readPDF
	var walk func([]bookmark)
	walk = func(bs []bookmark) {
		for _, b := range bs {
			r.bookmarks = append(r.bookmarks, target(b.Title, b.Dest))
			walk(b.Kids)
		}
	}
	walk(doc.Outlines)
	for _, p := range doc.Pages {
		var page struct {
			Value struct {
				Annots []struct {
					Dest []any `json:"/Dest"`
				} `json:"/Annots"`
			}
		}
		if err := json.Unmarshal(doc.QPDF[1]["obj:"+p.Object], &page); err != nil {
			t.Fatal(err)
		}
		for _, a := range page.Value.Annots {
			if a.Dest != nil {
				r.links = append(r.links, target("link", a.Dest))
			}
		}
	}
	return r
}

type bookmark struct {
	Title string
	Dest  []any
	Kids  []bookmark
}

// Titles and bookmarks read back as they were cleaned, with characters beyond
// the basic plane and bytes that are no text.
func TestTitles(t *testing.T) {
	for in, want := range map[string]string{
		"𠮷野家の件":        "〔U+20BB7〕野家の件",
		"障害 😀👍":        "障害 〔U+1F600 U+1F44D〕",
		"cut abc\xe3":  "cut abc〔0xE3〕",
		"mid \xff def": "mid 〔0xFF〕 def",
		"a(b)\\c":      "a(b)\\c",
		"two\nlines":   "two lines",
		"x\x00y\u202e": "x〔U+0000〕y〔U+202E〕",
	} {
		pdf := write(t, &Document{Title: in, Author: in, Subject: in, Date: testDate, Blocks: []Block{
			Heading{Level: 1, Text: in}, Paragraph{Spans: Text("x")}, Heading{Level: 2, Text: in + "2"}}})
		info := run(t, pdf, "pdfinfo", "-enc", "UTF-8", "FILE")
		for _, name := range []string{"Title", "Author", "Subject"} {
			if !regexp.MustCompile(`(?m)^` + name + `: +` + regexp.QuoteMeta(want) + `$`).MatchString(info) {
				t.Errorf("%s of %q:\n%s", name, in, info)
			}
		}
		r := readTargets(t, pdf)
		if len(r.bookmarks) != 2 || r.bookmarks[0].title != want || r.bookmarks[1].title != want+"2" {
			t.Errorf("bookmarks of %q: %+v", in, r.bookmarks)
		}
	}
}

// With pictures spliced in between, each link and bookmark leads to the page,
// and the height on it, where its heading is.
func TestTargetsAmongPictures(t *testing.T) {
	d := &Document{Lang: "en", Date: testDate, Paper: Letter, Header: Text("head")}
	var words []string
	list := List{}
	for i := range 7 {
		word := fmt.Sprintf("Target%d", i)
		words = append(words, word)
		list.Items = append(list.Items, []Span{{Text: "to it", Link: "#" + word}})
	}
	d.Blocks = append(d.Blocks, list)
	for i, word := range words {
		d.Blocks = append(d.Blocks, Paragraph{Spans: Text(strings.Repeat("line\n", 7*i%11) + "line")}, Heading{Level: 2, Text: word, ID: word})
		pic := encodePNG(t, chart(300, 200+9*i))
		switch i % 3 {
		case 1:
			pic = encodePNG(t, withAlpha{chart(300, 200)})
		case 2:
			pic = encodeJPEG(t, chart(90, 900)) // over several pages
		}
		d.Blocks = append(d.Blocks, Picture{Caption: Text("caption"), Open: from(pic)})
	}
	pdf := write(t, d)
	r := readTargets(t, pdf)
	if len(r.bookmarks) != len(words) || len(r.links) != len(words) {
		t.Fatalf("%d bookmarks, %d links", len(r.bookmarks), len(r.links))
	}
	// Where the words are, by another reader.
	found := map[string]place{}
	for i, page := range strings.Split(run(t, pdf, "pdftotext", "-bbox", "FILE", "-"), "<page ")[1:] {
		for _, m := range regexp.MustCompile(`yMin="([\d.]+)" xMax="[\d.]+" yMax="[\d.]+">(Target\d)<`).FindAllStringSubmatch(page, -1) {
			y, err := strconv.ParseFloat(m[1], 64)
			if err != nil {
				t.Fatal(err)
			}
			found[m[2]] = place{page: i + 1, y: 792 - y}
		}
	}
	pages := map[int]bool{}
	for i, word := range words {
		at := found[word]
		pages[at.page] = true
		for what, to := range map[string]place{"bookmark": r.bookmarks[i], "link": r.links[i]} {
			if to.page != at.page || math.Abs(to.y-at.y) > 8 {
				t.Errorf("%s %s leads to page %d, %.0f; the heading is on page %d, %.0f", what, word, to.page, to.y, at.page, at.y)
			}
		}
		if i > 0 && r.bookmarks[i] == r.bookmarks[i-1] {
			t.Errorf("two bookmarks lead to %+v", r.bookmarks[i])
		}
	}
	if len(pages) < 3 {
		t.Errorf("the targets are on %d pages only", len(pages))
	}
}

// Long identifiers and addresses copy back as one string from wherever they
// stand, however often they are wrapped.
func TestCopiesWhole(t *testing.T) {
	const solana = "5VERv8NMvzbJMEkV8xnrLkEaWRtSz9CosKDYjCJjBRnbJLgp8uirBgmQpjKhoR4tjF3ZpRzrFmBV6UjKdiSZkQUW"
	address := "https://example.com/account/withdraw/history?from=2024-01-15&id=" + strings.Repeat("0123456789abcdef", 14) + "#top"
	ids := []string{solana, address, "ORD_" + strings.Repeat("1234567890-", 12) + "Z"}
	if len(solana) != 88 {
		t.Fatal("not the length of a signature on Solana")
	}
	for _, d := range []*Document{
		{Lang: "ja", Date: testDate, Face: Mincho, Size: 10.5, Margins: Margins{Left: 30, Right: 20, Top: 22, Bottom: 22}},
		{Lang: "en", Date: testDate, Paper: Letter},
	} {
		for _, id := range ids {
			d.Blocks = append(d.Blocks,
				Fields{Rows: []Field{{"取引ID", Code(id)}, {"取引", []Span{{Text: "前の文 "}, {Text: id, Mono: true, Link: "https://example.com/"}, {Text: " 後の文"}}}}},
				Table{Columns: []Column{{Head: "送金"}, {Head: "ID", MM: 32, Mono: true}, {Head: "値", MM: 20}}, Rows: [][]Cell{{Text("出金"), Text(id), Text("1")}, {Code(id)}}},
				Paragraph{Spans: []Span{{Text: "取引は "}, {Text: id, Mono: true}, {Text: " である。"}}},
				Note{Spans: Code(id)}, Card{Title: Text("x"), Lines: [][]Span{Code(id)}}, List{Items: [][]Span{Code(id)}},
				Mono{Text: id})
		}
		text := extract(t, write(t, d))
		for _, id := range ids {
			if n := strings.Count(text, id); n != 9 {
				t.Errorf("%s: %d of 9 are whole", id, n)
			}
		}
	}
	// Control: the same identifier as running text is divided.
	d := &Document{Date: testDate, Blocks: []Block{Table{Columns: []Column{{MM: 32}, {}}, Rows: [][]Cell{{Text(solana)}}}}}
	if strings.Contains(extract(t, write(t, d)), solana) {
		t.Error("control: nothing was wrapped")
	}
}

// Right-to-left text, which the fonts lack, is whole and in its order, wherever
// it stands.
func TestRightToLeft(t *testing.T) {
	texts := []string{"שלום עולם, 123 אבג", "مرحبا بالعالم 456", "start שָׁלוֹם end \u202etxt.exe\u202c", strings.Repeat("عربي ", 12)}
	blank := strings.NewReplacer(" ", "", "\n", "", "\f", "")
	for _, s := range texts {
		d := &Document{Lang: "ja", Date: testDate, Blocks: []Block{Paragraph{Spans: Text(s)}, Fields{Rows: []Field{{"メモ", Text(s)}}}, Note{Spans: Code(s)}}}
		text := blank.Replace(extract(t, write(t, d)))
		want := blank.Replace(clean(s))
		if n := strings.Count(text, want); n != 3 {
			t.Errorf("%q: %q is there %d times in\n%s", s, want, n, text)
		}
		for _, r := range s {
			if r > 0x500 && !strings.Contains(want, fmt.Sprintf("%U", r)) {
				t.Errorf("%q: %U is lost", s, r)
			}
		}
		runes := []rune(want)
		slices.Reverse(runes)
		if strings.Contains(text, string(runes)) {
			t.Errorf("%q is reversed", s)
		}
	}
}

// Another process, in another time zone and language, on one processor, makes
// the same bytes.
func TestSameBytesElsewhere(t *testing.T) {
	digests := func() string {
		s := ""
		for _, d := range []*Document{sample(Gothic, "ja"), sample(Mincho, "ja"), english(Gothic)} {
			var b bytes.Buffer
			if err := d.Write(context.Background(), &b); err != nil {
				t.Fatal(err)
			}
			s += fmt.Sprintf("digest %x\n", sha256.Sum256(b.Bytes()))
		}
		return s
	}
	if os.Getenv("TYPESET_DIGESTS") != "" {
		fmt.Print(digests())
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestSameBytesElsewhere$")
	cmd.Env = append(os.Environ(), "TYPESET_DIGESTS=1", "TZ=America/New_York", "LC_ALL=tr_TR.UTF-8", "LANG=ja_JP.UTF-8", "GOMAXPROCS=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if want := digests(); !strings.Contains(string(out), want) || strings.Count(want, "digest ") != 3 {
		t.Errorf("elsewhere:\n%shere:\n%s", out, want)
	}
}
