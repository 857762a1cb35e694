package report

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	xunicode "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"evidence-locker/report/typeset"
)

// A long log is shown from its start, as far as a reader leafs through it. The
// rest is in the vault, and the document says how much that is.
const (
	maxTextBytes  = 200_000
	maxTextLines  = 1_000  // printed lines of one exhibit, some 15 pages
	allTextLines  = 20_000 // of all of them
	leastLines    = 60     // of each, however many there are
	textColumns   = 88     // ASCII characters in a printed line, about
	monoSize      = 8.0    // points
	secretMargin  = 4096   // bytes read behind what is shown, to see where a secret at its end goes on
	textPieceSize = 64     // bytes of text that are decoded at a time
)

// isText tells whether the file is shown as monospaced text. Its content may
// still turn out to be none.
func (x exhibit) isText() bool {
	switch m := x.media(); {
	case strings.HasPrefix(m, "text/"), strings.HasPrefix(m, "message/"), strings.HasSuffix(m, "+json"), strings.HasSuffix(m, "+xml"):
		return true
	case m == "application/json", m == "application/x-ndjson", m == "application/xml", m == "application/javascript", m == "application/mbox":
		return true
	case m == "application/octet-stream" || m == "":
		switch x.extension() {
		case ".txt", ".log", ".csv", ".tsv", ".json", ".xml", ".html", ".htm", ".md", ".eml", ".mbox":
			return true
		}
	}
	return false
}

func (x exhibit) extension() string { return strings.ToLower(path.Ext(x.Name)) }

func (x exhibit) isMail() bool {
	return x.isText() && (strings.HasPrefix(x.media(), "message/") || x.extension() == ".eml")
}

// hasPages tells whether the content takes sheets of its own.
func (x exhibit) hasPages() bool { return x.isPicture() || x.isText() }

// textLines is how many printed lines of each text are shown.
func (b *builder) textLines() int {
	n := 0
	for _, x := range b.exhibits {
		if x.isText() {
			n++
		}
	}
	return max(leastLines, min(maxTextLines, allTextLines/max(1, n)))
}

// showText gives the blocks that show a text exhibit.
func (r *Report) showText(ctx context.Context, x exhibit, o PDFOptions) ([]typeset.Block, error) {
	b := r.b
	const window = maxTextBytes + secretMargin
	raw, err := readStart(ctx, o.open(x), window+1)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	whole := len(raw) <= window
	// An original that ends early was not read, even if nothing said so.
	if err == nil && (whole && int64(len(raw)) != x.Size || !whole && int64(len(raw)) > x.Size) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		r.note(r.unreadable, x.Seq)
		return []typeset.Block{b.unreadCard(x)}, nil
	}
	t := decodeText(raw[:min(len(raw), window)], whole, b.textLines())
	if t.binary {
		return []typeset.Block{b.plainCard(x, b.s("種別はテキストとされているが、内容はテキストではないため示さない。",
			"The type says text, but the content is none, so it is not shown."))}, nil
	}
	mask := b.s("〔伏字〕", "[masked]")
	text, masked := maskStart(visible(t.text), visible(t.text+t.behind), mask)

	var out []typeset.Block
	if x.isMail() {
		for _, h := range []struct{ name, ja, en string }{
			{"From", "差出人（下の From を復号したもの）：", "From (decoded from the line below): "},
			{"Subject", "件名（下の Subject を復号したもの）：", "Subject (decoded from the line below): "},
		} {
			if v := mailHeader(t.text, h.name); v != "" {
				s, m := maskSecrets(typeset.Printable(v), mask)
				masked = masked || m
				out = append(out, typeset.Paragraph{Spans: []typeset.Span{{Text: b.s(h.ja, h.en), Bold: true}, {Text: s}}})
			}
		}
		if body, ok := mailBody(raw); ok && whole {
			d := decodeText([]byte(body.text), true, b.textLines())
			s, m := maskStart(visible(d.text), visible(d.text+d.behind), mask)
			masked = masked || m
			head := b.s("本文（下のソースの text/plain を復号したもの）：", "Text (decoded from the text/plain part of the source below):")
			if body.media == "text/html" {
				head = b.s("本文（下のソースの text/html を復号したもの。タグもそのまま示す）：", "Text (decoded from the text/html part of the source below, with its tags):")
			}
			out = append(out, typeset.Paragraph{Spans: []typeset.Span{{Text: head, Bold: true}}}, typeset.Mono{Text: s, Size: monoSize})
			if d.bytes < len(body.text) {
				out = append(out, typeset.Paragraph{Size: 8, Spans: typeset.Text(b.s("復号した本文は長いため、初めの部分だけを示した。", "The decoded text is long; only its beginning is shown."))})
			}
		}
	}
	if masked {
		r.note(r.masked, x.Seq)
	}
	out = append(out, typeset.Paragraph{Size: 8, Spans: typeset.Text(b.aboutText(x, t, masked))})
	if strings.TrimSpace(text) == "" {
		return append(out, b.plainCard(x, b.s("内容は空か、空白だけである。", "The content is empty or blank."))), nil
	}
	out = append(out, typeset.Mono{Text: text, Size: monoSize})
	if left := x.Size - int64(t.bytes); left > 0 {
		out = append(out, typeset.Note{Title: b.s("ここまで", "Shown up to here"), Spans: typeset.Text(fmt.Sprintf(b.s(
			"残りの %s（バイト %s～%s）は本書に示していない。原本は保管庫にある。", "The remaining %s (bytes %s to %s) are not in this document. The original is in the vault."),
			b.bytes(left), thousands(int64(t.bytes)+1), thousands(x.Size)))})
	}
	return out, nil
}

// aboutText says what of a file is shown, and how.
func (b *builder) aboutText(x exhibit, t decodedText, masked bool) string {
	s := fmt.Sprintf(b.s("内容の写し：バイト 1～%s（全 %s）。", "Copy of the content: bytes 1 to %s of %s."), thousands(int64(t.bytes)), b.bytes(x.Size))
	if t.bytes == 0 {
		s = fmt.Sprintf(b.s("内容の写し：全 %s のうち 0 バイト。", "Copy of the content: nothing of %s."), b.bytes(x.Size))
	}
	if t.charset == "" {
		s += b.s("文字コードを判別できなかった。UTF-8 として読めないバイトは〔0x83〕のように値で示す。",
			" The character set was not recognised. Bytes that are not UTF-8 are shown by their value, as in 〔0x83〕.")
	} else {
		s += fmt.Sprintf(b.s("文字コードは %s と仮定した。", " The character set is assumed to be %s."), t.charset)
	}
	s += b.s("改行以外の制御文字や見えない文字は〔U+001B〕のように符号で示し、タブは空白にした。長い行は折り返している。",
		" Control characters other than line ends, and invisible ones, are shown by their code, as in 〔U+001B〕; tabs are blanks. Long lines are continued.")
	switch {
	case x.isMail():
		s += b.s("以下のソースはヘッダーを含む受信したままのもので、添付は復号していない。",
			" The source below is as it was received, with all headers; attachments are not decoded.")
	case x.media() == "text/html":
		s += b.s("HTML はソースのまま示す。", " HTML is shown as its source.")
	}
	if masked {
		s += b.s("パスワードや認証コードなどと読める箇所は伏せた。", " What reads like a password, code or key was masked.")
	}
	return s
}

// readStart reads the first n bytes, or all if there are fewer. It reads no
// further than that.
func readStart(ctx context.Context, open func() (io.ReadCloser, error), n int64) ([]byte, error) {
	f, err := open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(f, n))
}

// decodedText is the beginning of a text file.
type decodedText struct {
	text    string
	bytes   int    // of the file that text was made of
	behind  string // some of what follows
	charset string // "" if it is none that is known
	binary  bool   // it is no text at all
}

// decodeText decodes the beginning of a file up to the limits above. whole
// tells that raw is all of the file.
func decodeText(raw []byte, whole bool, lines int) decodedText {
	charset, next := recognise(raw, whole)
	t := decodedText{charset: charset}
	var all strings.Builder
	used, column, cut := 0, 0, -1
	controls, n := 0, 0
	for pos := 0; pos < len(raw); {
		piece, size := next(raw[pos:])
		if size == 0 {
			break // a character that goes on behind raw
		}
		if cut < 0 {
			rows, col := used, column
			for _, r := range piece {
				w := columnsOf(r)
				switch {
				case r == '\n':
					rows, col = rows+1, 0
					continue
				case col+w > textColumns:
					rows, col = rows+1, 0
				}
				col += w
				if r < ' ' && !strings.ContainsRune("\t\r\f\x1b", r) {
					controls++
				}
			}
			if pos+size > maxTextBytes || rows >= lines {
				cut = all.Len()
				t.bytes = pos
			} else {
				used, column = rows, col
				n += utf8.RuneCountInString(piece)
			}
		}
		all.WriteString(piece)
		pos += size
		if cut < 0 {
			t.bytes = pos
		} else if pos > t.bytes+secretMargin {
			break
		}
	}
	if cut < 0 {
		cut = all.Len()
	}
	t.text, t.behind = all.String()[:cut], all.String()[cut:]
	// Compressed data has one control character in nine bytes.
	t.binary = controls > 8 && controls > n/20
	return t
}

// columnsOf is about how wide a character is printed.
func columnsOf(r rune) int {
	switch {
	case r == '\t':
		return 4
	case r >= ' ' && r < 0x7f:
		return 1
	case r == utf8.RuneError, typeset.Hidden(r):
		return 10
	}
	return 2
}

// A decoder turns the beginning of src into text, a small piece at a time, and
// tells how many bytes that took; none if src ends within a character.
type decoder func(src []byte) (text string, n int)

// recognise finds the character set of a text by its bytes alone: what a mail
// or a page says of itself may be wrong, and may be a lie. Only a set in which
// every byte has a meaning is taken.
func recognise(raw []byte, whole bool) (charset string, next decoder) {
	if bytes.HasPrefix(raw, []byte("\xef\xbb\xbf")) && validUTF8(raw, whole) {
		return "UTF-8 (BOM)", utf8Pieces(whole)
	}
	try := func(e encoding.Encoding) bool {
		next := pieces(e, whole)
		for pos := 0; pos < len(raw); {
			s, n := next(raw[pos:])
			if n == 0 {
				return !whole
			}
			if strings.ContainsFunc(s, func(r rune) bool { return r == utf8.RuneError || r >= 0x80 && r < 0xa0 }) {
				return false
			}
			pos += n
		}
		return true
	}
	high := bytes.ContainsFunc(raw, func(r rune) bool { return r >= utf8.RuneSelf })
	for _, c := range []struct {
		name string
		is   bool
		e    encoding.Encoding
	}{
		{"UTF-16 (little-endian, BOM)", bytes.HasPrefix(raw, []byte("\xff\xfe")), xunicode.UTF16(xunicode.LittleEndian, xunicode.ExpectBOM)},
		{"UTF-16 (big-endian, BOM)", bytes.HasPrefix(raw, []byte("\xfe\xff")), xunicode.UTF16(xunicode.BigEndian, xunicode.ExpectBOM)},
		{"ISO-2022-JP", !high && (bytes.Contains(raw, []byte("\x1b$B")) || bytes.Contains(raw, []byte("\x1b$@"))), japanese.ISO2022JP},
	} {
		if c.is && try(c.e) {
			return c.name, pieces(c.e, whole)
		}
	}
	switch {
	case !high:
		return "ASCII", utf8Pieces(whole)
	case validUTF8(raw, whole):
		return "UTF-8", utf8Pieces(whole)
	case try(japanese.EUCJP):
		return "EUC-JP", pieces(japanese.EUCJP, whole)
	case try(japanese.ShiftJIS):
		return "Shift_JIS", pieces(japanese.ShiftJIS, whole)
	}
	return "", utf8Pieces(whole)
}

func validUTF8(raw []byte, whole bool) bool {
	if !whole {
		raw = raw[:len(raw)-partial(raw)]
	}
	return utf8.Valid(raw)
}

// partial returns how many bytes at the end begin a UTF-8 character.
func partial(b []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(b); n++ {
		if c := b[len(b)-n]; utf8.RuneStart(c) {
			if c >= utf8.RuneSelf && !utf8.FullRune(b[len(b)-n:]) {
				return n
			}
			break
		}
	}
	return 0
}

// utf8Pieces passes bytes on as they are. It divides neither line ends nor a
// letter and its marks, unless there is no end of them.
func utf8Pieces(whole bool) decoder {
	return func(src []byte) (string, int) {
		n := min(len(src), textPieceSize)
		if n < len(src) || !whole {
			n -= partial(src[:n])
		}
		for n < len(src) && n < 4*textPieceSize {
			r, size := utf8.DecodeRune(src[n:])
			if !unicode.Is(unicode.M, r) && !(r == '\n' && n > 0 && src[n-1] == '\r') {
				break
			}
			n += size
		}
		return string(src[:n]), n
	}
}

func pieces(e encoding.Encoding, whole bool) decoder {
	d := e.NewDecoder()
	dst := make([]byte, textPieceSize)
	return func(src []byte) (string, int) {
		nDst, nSrc, err := d.Transform(dst, src, whole)
		if err != nil && err != transform.ErrShortDst && err != transform.ErrShortSrc && nSrc == 0 {
			return string(utf8.RuneError), 1
		}
		return string(dst[:nDst]), nSrc
	}
}

// unusual shows the line ends that are easily overlooked; Printable would make
// them ordinary ones.
var unusual = strings.NewReplacer("\r\n", "\n", "\r", "〔U+000D〕", "\v", "〔U+000B〕", "\f", "〔U+000C〕",
	"\u0085", "〔U+0085〕", "\u2028", "〔U+2028〕", "\u2029", "〔U+2029〕")

func visible(s string) string {
	if !strings.Contains(s, "\n") {
		s = strings.ReplaceAll(s, "\r", "\n") // line ends of old systems
	}
	return typeset.Printable(unusual.Replace(s))
}

// maskStart masks the secrets in s, which all begins with. One that begins in s
// and is only seen to be a secret by what follows is masked as well.
func maskStart(s, all, mask string) (string, bool) {
	short, masked := maskSecrets(s, mask)
	long, _ := maskSecrets(all, mask)
	if strings.HasPrefix(long, short) {
		return short, masked
	}
	n := 0
	for i, r := range short {
		if !strings.HasPrefix(long[i:], string(r)) {
			break
		}
		n = i + utf8.RuneLen(r)
	}
	if strings.HasPrefix(long[n:], mask) {
		return short[:n] + mask, true
	}
	return short[:n], masked
}
