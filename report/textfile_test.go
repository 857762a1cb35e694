package report

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	xunicode "golang.org/x/text/encoding/unicode"

	"evidence-locker/locker"
	"evidence-locker/report/typeset"
)

const japaneseText = "出金が完了しました。\nテキスト 0.05 BTC\n"

func encode(t *testing.T, e encoding.Encoding, s string) []byte {
	t.Helper()
	b, err := e.NewEncoder().Bytes([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var (
	utf16LE = xunicode.UTF16(xunicode.LittleEndian, xunicode.UseBOM)
	utf16BE = xunicode.UTF16(xunicode.BigEndian, xunicode.UseBOM)
)

// shownOf returns what stands in the pages of an exhibit behind its form: the
// verbatim text, and everything else.
func shownOf(t *testing.T, r *Report, o PDFOptions, seq int64) (verbatim, rest string) {
	t.Helper()
	d, err := r.document(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	in := false
	for _, block := range d.Blocks {
		switch block := block.(type) {
		case typeset.Heading:
			in = slices.ContainsFunc(r.b.exhibits, func(x exhibit) bool { return x.Seq == seq && block.ID == x.id() })
		case typeset.Mono:
			if in {
				verbatim += block.Text
			}
		case typeset.Fields:
		default:
			if in {
				rest += blockText(block) + "\n"
			}
		}
	}
	return verbatim, strings.Join(strings.Fields(rest), " ")
}

// one makes a report with one file.
func one(t *testing.T, name, media string, content []byte) (*made, *Report, int64) {
	t.Helper()
	m := newMade()
	x := m.file(name, media, content, nil)
	return m, mustBuild(t, m.Input, Options{Lang: "en"}), x.Seq
}

// The character set is told by the bytes, never by what the file says.
func TestTextCharset(t *testing.T) {
	mail := "Subject: x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + strings.ReplaceAll(japaneseText, "\n", "\r\n")
	for _, c := range []struct {
		charset string
		bytes   []byte
		want    string
	}{
		{"ASCII", []byte("plain\n"), "plain\n"},
		{"UTF-8", []byte(japaneseText), japaneseText},
		{"UTF-8 (BOM)", []byte("\ufeff" + japaneseText), japaneseText},
		{"UTF-16 (little-endian, BOM)", encode(t, utf16LE, japaneseText), japaneseText},
		{"UTF-16 (big-endian, BOM)", encode(t, utf16BE, japaneseText+"𠮷\n"), japaneseText + "𠮷\n"},
		{"Shift_JIS", encode(t, japanese.ShiftJIS, japaneseText), japaneseText},
		{"EUC-JP", encode(t, japanese.EUCJP, japaneseText), japaneseText},
		{"ISO-2022-JP", encode(t, japanese.ISO2022JP, japaneseText), japaneseText},
		{"Shift_JIS", encode(t, japanese.ShiftJIS, mail), strings.ReplaceAll(mail, "\r\n", "\n")}, // says utf-8
		{"", []byte("日本\xff語\n"), "日本〔0xFF〕語\n"},
		{"", []byte("caf\xe9 au lait\n"), "caf〔0xE9〕 au lait\n"},
		{"", append(encode(t, utf16LE, "ab"), 'c'), "〔0xFF 0xFE〕a〔U+0000〕b〔U+0000〕c"},
		// An escape that begins no known set: a terminal's, not a mail's.
		{"ASCII", []byte("\x1b[31mred\x1b[0m \x1b$Zx"), "〔U+001B〕[31mred〔U+001B〕[0m 〔U+001B〕$Zx"},
	} {
		m, r, seq := one(t, "a.eml", "message/rfc822", c.bytes)
		got, rest := shownOf(t, r, PDFOptions{Content: m.content}, seq)
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.charset, got, c.want)
		}
		said := "assumed to be " + c.charset + "."
		if c.charset == "" {
			said = "character set was not recognised"
		}
		if n := fmt.Sprintf("bytes 1 to %d of %[1]d bytes", len(c.bytes)); !strings.Contains(rest, said) || !strings.Contains(rest, n) {
			t.Errorf("%s: says %q", c.charset, rest)
		}
	}
}

func TestTextControls(t *testing.T) {
	in := "nul\x00 esc\x1b[2J bell\x07 cr\rover\r\nvt\vff\fnel\u0085ls\u2028 rtl\u202egnp.exe zero\u200bwidth\ttab\n"
	want := "nul〔U+0000〕 esc〔U+001B〕[2J bell〔U+0007〕 cr〔U+000D〕over\nvt〔U+000B〕ff〔U+000C〕nel〔U+0085〕ls〔U+2028〕 rtl〔U+202E〕gnp.exe zero〔U+200B〕width    tab\n"
	m, r, seq := one(t, "a.log", "text/plain; charset=utf-8", []byte(in))
	if got, _ := shownOf(t, r, PDFOptions{Content: m.content}, seq); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	// Where CR is the only line end, it is one.
	m, r, seq = one(t, "a.log", "text/plain", []byte("a\rb\r"))
	if got, _ := shownOf(t, r, PDFOptions{Content: m.content}, seq); got != "a\nb\n" {
		t.Errorf("%q", got)
	}
}

// What is shown ends between two characters, and is exactly the bytes that are
// said.
func TestTextCut(t *testing.T) {
	for name, e := range map[string]encoding.Encoding{
		"UTF-8": encoding.Nop, "Shift_JIS": japanese.ShiftJIS, "EUC-JP": japanese.EUCJP, "ISO-2022-JP": japanese.ISO2022JP, "UTF-16 (little-endian, BOM)": utf16LE,
	} {
		for pad := range 4 {
			line := strings.Repeat("日本語の記録ｱ", 30) + "\n"
			if e == utf16LE || e == encoding.Nop {
				line = strings.ReplaceAll(line, "ｱ", "𠮷")
			} else if e == japanese.ISO2022JP {
				line = strings.ReplaceAll(line, "ｱ", "x")
			}
			raw := encode(t, e, strings.Repeat("x", pad)+strings.Repeat(line, 300_000/len(line)*3))
			if len(raw) < maxTextBytes+secretMargin {
				t.Fatalf("%s: only %d bytes", name, len(raw))
			}
			for _, window := range []int{maxTextBytes + secretMargin, maxTextBytes + secretMargin - 1, maxTextBytes + secretMargin - 2} {
				for _, lines := range []int{1e6, 500} {
					d := decodeText(raw[:window], false, lines)
					if d.charset != name {
						t.Errorf("%s, pad %d: taken for %q", name, pad, d.charset)
					}
					if d.bytes > maxTextBytes || lines == 1e6 && d.bytes < maxTextBytes-300 || lines == 500 && d.bytes > 100_000 {
						t.Errorf("%s: %d bytes in %d lines", name, d.bytes, lines)
					}
					// Another way to the same text: decode the bytes before the cut
					// and those behind it. ISO-2022-JP may be cut between an
					// escape and its characters, but loses none of them.
					back, err := e.NewDecoder().Bytes(raw[:d.bytes])
					if err != nil || string(back) != d.text || strings.ContainsRune(d.text, utf8.RuneError) {
						t.Errorf("%s, pad %d, window %d, %d lines: bytes 1 to %d are %d characters, shown %d (%v)", name, pad, window, lines, d.bytes, len(back), len(d.text), err)
					}
					if n := strings.Count(d.text, "\n") * 5; lines == 500 && (n < 400 || n > 600) {
						t.Errorf("%s: about %d printed lines, want 500", name, n)
					}
				}
			}
		}
	}
}

// counter counts what is read of an endless log.
type counter struct {
	line   string
	n      int64
	closed bool
}

func (c *counter) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = c.line[(c.n+int64(i))%int64(len(c.line))]
	}
	c.n += int64(len(b))
	return len(b), nil
}

func (c *counter) Close() error { c.closed = true; return nil }

func TestHugeText(t *testing.T) {
	m, _, seq := one(t, "huge.log", "text/plain", nil)
	const size = 1 << 30
	m.Incident.Records[0].Exhibit.Size = size
	r := mustBuild(t, m.Input, Options{Lang: "en"})
	c := &counter{line: strings.Repeat("0123456789abcdef", 12) + "\n"}
	content := PDFOptions{Content: func(*locker.Exhibit) (io.ReadCloser, error) { return c, nil }}
	got, rest := shownOf(t, r, content, seq)
	if c.n > 2*maxTextBytes || !c.closed {
		t.Errorf("read %d bytes, closed: %v", c.n, c.closed)
	}
	if want := fmt.Sprintf("bytes 1 to %s of 1,073,741,824 bytes.", thousands(int64(len(got)))); !strings.Contains(rest, want) {
		t.Errorf("no %q in %q", want, rest)
	}
	if want := fmt.Sprintf("remaining %s bytes (bytes %s to 1,073,741,824)", thousands(size-int64(len(got))), thousands(int64(len(got))+1)); !strings.Contains(rest, want) {
		t.Errorf("no %q in %q", want, rest)
	}
	if len(got) < 50_000 || len(got) > maxTextBytes {
		t.Errorf("%d bytes are shown", len(got))
	}
}

// Many logs together do not make a book.
func TestManyTexts(t *testing.T) {
	t.Parallel()
	lines := func(texts int) int {
		m := newMade()
		var last int64
		for i := range texts {
			last = m.file("a.log", "text/plain", []byte(strings.Repeat(fmt.Sprintln("line", i), 3000)), nil).Seq
		}
		got, _ := shownOf(t, mustBuild(t, m.Input, Options{Lang: "en"}), PDFOptions{Content: m.content}, last)
		return strings.Count(got, "\n")
	}
	for texts, want := range map[int]int{1: maxTextLines, 20: maxTextLines, 100: allTextLines / 100} {
		if got := lines(texts); got > want || got < want-15 {
			t.Errorf("%d texts: %d lines of each, want about %d", texts, got, want)
		}
	}
}

// A type that lies makes a card, not pages of noise.
func TestTextThatIsNone(t *testing.T) {
	noise := make([]byte, 50_000)
	r1 := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(r1.Uint32())
	}
	for name, content := range map[string][]byte{"noise": noise, "picture": pngOf(200, 200), "wide": encode(t, xunicode.UTF16(xunicode.LittleEndian, xunicode.IgnoreBOM), strings.Repeat("wide text ", 20))} {
		m, r, seq := one(t, "a.log", "text/plain", content)
		got, rest := shownOf(t, r, PDFOptions{Content: m.content}, seq)
		if got != "" || !strings.Contains(rest, "the content is none") {
			t.Errorf("%s: %.80q, %q", name, got, rest)
		}
		if n := r.Unreadable(); len(n) > 0 {
			t.Errorf("%s: unreadable %v", name, n)
		}
	}
	// Controls: a log with some of it is text, and so is a file of no known type.
	for name, media := range map[string]string{"a.log": "text/plain", "b.LOG": "application/octet-stream"} {
		m, r, seq := one(t, name, media, []byte(strings.Repeat("a line of a log\n", 50)+strings.Repeat("\x00", 10)))
		if got, rest := shownOf(t, r, PDFOptions{Content: m.content}, seq); !strings.HasPrefix(got, "a line of a log\na") {
			t.Errorf("%s: %.80q, %q", name, got, rest)
		}
	}
	m, r, seq := one(t, "b.bin", "application/octet-stream", []byte("text"))
	if got, rest := shownOf(t, r, PDFOptions{Content: m.content}, seq); got != "" || !strings.Contains(rest, "not shown") {
		t.Errorf("%q, %q", got, rest)
	}
}

const secretKey = "AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ"

func TestTextSecrets(t *testing.T) {
	m, r, seq := one(t, "a.txt", "text/plain", []byte("user: taro\npassword: hunter2secret\nkey "+secretKey+"\nend\n"))
	if w := r.Warnings(); len(w) != 0 {
		t.Errorf("warned before reading: %v", w)
	}
	got, rest := shownOf(t, r, PDFOptions{Content: m.content}, seq)
	if got != "user: taro\npassword: [masked]\nkey [masked]\nend\n" || !strings.Contains(rest, "was masked") {
		t.Errorf("%q, %q", got, rest)
	}
	if w := r.Warnings(); len(w) != 1 || w[0].Code != "masked-secret" || !slices.Equal(w[0].Seqs, []int64{seq}) {
		t.Errorf("warnings %v", w)
	}
	var text strings.Builder
	if _, err := r.WriteText(&text, TextOptions{}); err != nil || strings.Contains(text.String(), "taro") {
		t.Errorf("plain text has content of the file (%v)", err)
	}
	// With a secret in a record, both are named once.
	full := fullIncident()
	x := full.file("b.txt", "text/plain", []byte("password: hunter2secret"), nil)
	r = mustBuild(t, full.Input, Options{Lang: "ja"})
	before := r.Warnings()
	for range 2 {
		shownOf(t, r, PDFOptions{Content: full.content}, x.Seq)
	}
	after := r.Warnings()
	if len(before) != 1 || len(after) != 1 || !slices.Equal(after[0].Seqs, append(slices.Clone(before[0].Seqs), x.Seq)) {
		t.Errorf("warnings %v, then %v", before, after)
	}
}

// A secret across the end of what is shown does not show its first half.
func TestSecretAtCut(t *testing.T) {
	for _, secret := range []string{secretKey, "password: hunter2secrethunter2secret", "xprv9s21" + strings.Repeat("ZrQH143K", 16), "seed phrase: alpha bravo charlie delta echo"} {
		all := "a line\nbefore " + secret + "\n- tail\n"
		begin := strings.Index(all, secret)
		value := begin // what is to be hidden
		if i := strings.Index(secret, ": "); i >= 0 {
			value += i + 2
		}
		for cut := range len(all) + 1 {
			got, masked := maskStart(all[:cut], all, "[masked]")
			want := all[:min(cut, value)]
			if cut > value {
				want += "[masked]"
			}
			if end := begin + len(secret); cut > end {
				want += all[end:cut]
			}
			if got != want || masked != (cut > value) {
				t.Errorf("cut at %d: %q (%v), want %q", cut, got, masked, want)
			}
		}
	}
}

func TestMailSubject(t *testing.T) {
	sjis := encode(t, japanese.ShiftJIS, "出金")
	for subject, want := range map[string]string{
		"=?UTF-8?B?5Ye66YeR?=":               "出金",
		"=?ISO-2022-JP?B?GyRCPVA2YhsoQg==?=": "出金",
		fmt.Sprintf("=?Shift_JIS?Q?=%X=%X=%X=%X?=", sjis[0], sjis[1], sjis[2], sjis[3]): "出金",
		"=?UTF-8?B?5Ye6?=\r\n =?UTF-8?B?6YeR?=":                                         "出金",
		"plain":                                                                         "",
		"=?made-up?B?5Ye66YeR?=":                                                        "",
		"=?UTF-8?B?!!!?=":                                                               "",
		"=?UTF-8?Q?rtl=E2=80=AEgnp?=":                                                   "rtl\u202egnp",
	} {
		if got := mailHeader("From: a\r\nsubject: "+subject+"\r\nTo: b\r\n\r\nSubject: other\r\n", "Subject"); got != want {
			t.Errorf("%q: %q, want %q", subject, got, want)
		}
	}
	if got := mailHeader("From: a\n\nSubject: =?UTF-8?B?5Ye66YeR?=\n", "Subject"); got != "" {
		t.Errorf("%q from the body", got)
	}
	m, r, seq := one(t, "a.eml", "text/plain", []byte("Subject: =?UTF-8?Q?password:_hunter2secret=E2=80=AE?=\r\n\r\nx"))
	got, rest := shownOf(t, r, PDFOptions{Content: m.content}, seq)
	if !strings.Contains(rest, "Subject (decoded from the line below): password: [masked]") || strings.Contains(rest, "hunter2") || !strings.Contains(rest, "not decoded") {
		t.Errorf("%q, %q", got, rest)
	}
}

type broken struct{ io.Reader }

func (b broken) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		err = errors.New("chunk is damaged")
	}
	return n, err
}

// A file of any kind that cannot be read is a card that says so.
func TestUnreadableFiles(t *testing.T) {
	m := newMade()
	var bad []int64
	for _, f := range [][2]string{{"a.log", "text/plain"}, {"a.eml", "message/rfc822"}, {"a.pdf", "application/pdf"}, {"a.mp4", "video/mp4"}} {
		m.file("good "+f[0], f[1], []byte("good content"+f[0]), nil)
		bad = append(bad, m.file("bad "+f[0], f[1], []byte("bad content"+f[0]), nil).Seq)
	}
	for name, fault := range map[string]func() (io.ReadCloser, error){
		"open": func() (io.ReadCloser, error) { return nil, errors.New("no such object") },
		"read": func() (io.ReadCloser, error) { return io.NopCloser(broken{strings.NewReader("")}), nil },
	} {
		o := PDFOptions{Content: func(e *locker.Exhibit) (io.ReadCloser, error) {
			if strings.HasPrefix(e.Name, "bad") {
				return fault()
			}
			return m.content(e)
		}}
		r := mustBuild(t, m.Input, Options{Lang: "en"})
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				if err := r.WritePDF(t.Context(), io.Discard, o); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := r.Unreadable(); !slices.Equal(got, bad) {
			t.Errorf("%s: unreadable %v, want %v", name, got, bad)
		}
		for i, seq := range bad {
			if got, rest := shownOf(t, r, o, seq); got != "" || !strings.Contains(rest, "cannot be read") {
				t.Errorf("%s, %d: %q, %q", name, i, got, rest)
			}
		}
	}
	// A text that breaks off, or ends before its recorded size, is no text.
	for name, content := range map[string]io.Reader{"cut": strings.NewReader("good"), "breaks": broken{strings.NewReader("good")}} {
		m, r, seq := one(t, "a.log", "text/plain", []byte("good content"))
		o := PDFOptions{Content: func(*locker.Exhibit) (io.ReadCloser, error) { return io.NopCloser(content), nil }}
		if got, rest := shownOf(t, r, o, seq); got != "" || !strings.Contains(rest, "cannot be read") || !slices.Equal(r.Unreadable(), []int64{seq}) {
			t.Errorf("%s: %q, %q", name, got, rest)
		}
		if got, _ := shownOf(t, r, PDFOptions{Content: m.content}, seq); got != "good content" {
			t.Errorf("control: %q", got)
		}
	}
}

// The work is bounded whatever the text: labels of secrets on one line, marks
// without end, nothing but line ends, wide characters, no line ends.
func TestOddTexts(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]string{
		"labels": "pin: 1 ", "marks": "\u0301", "ends": "\n", "emoji": "😀", "letters": "a", "quotes": "password: \"", "nul": "a\x00", "bytes": "\xff\xfe",
		"escapes": "\x1b$B",
	} {
		m, r, seq := one(t, "a.log", "text/plain", []byte(strings.Repeat(s, 300_000/len(s))))
		start := time.Now()
		if err := r.WritePDF(t.Context(), io.Discard, PDFOptions{Content: m.content}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if d := time.Since(start); d > 20*time.Second {
			t.Errorf("%s: took %v", name, d)
		}
		t.Log(name, time.Since(start), seq)
	}
}
