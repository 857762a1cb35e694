package typeset

import (
	"math"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/jung-kurt/gofpdf"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/unicode/bidi"
)

func TestClean(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"plain {nb} text", "plain {nb} text"},
		{"a\r\nb\rc\u2028d\u0085e", "a\nb\nc\nd\ne"},
		{"か\u3099き", "がき"},                           // NFD of file names
		{"神\ufa19 﨑 髙", "神\ufa19 﨑 髙"},               // names keep their own forms
		{"𠮷野家", "〔U+20BB7〕野家"},                       // beyond the basic plane
		{"葛\U000e0100", "葛〔U+E0100〕"},                // variation of a kanji
		{"👨\u200d👩", "〔U+1F468 U+200D U+1F469〕"},     // one bracket for a run
		{"☑\ufe0f", "〔U+2611〕"},                      // presentation selector
		{"\ufeffa\ufeff", "a〔U+FEFF〕"},               // byte order mark
		{"abc\xe3", "abc〔0xE3〕"},                     // cut in the middle of a character
		{"abc\xff\xfedef", "abc〔0xFF 0xFE〕def"},      // not UTF-8
		{"\xed\xa0\x80", "〔0xED 0xA0 0x80〕"},         // half a surrogate pair
		{"a\x00b\x1b[31m", "a〔U+0000〕b〔U+001B〕[31m"}, // control characters
		{"x\u202egnp.exe", "x〔U+202E〕gnp.exe"},       // a forged name
		{"pay\u200bpal", "pay〔U+200B〕pal"},
		{"soft\u00adhyphen", "soft〔U+00AD〕hyphen"},
		{"a\u2003b", "a b"},
		{"\ufffd", "\ufffd"},
		{"שלום", "〔U+05E9 U+05DC U+05D5 U+05DD〕"},
	} {
		if got := clean(c.in); got != c.want && !(c.in == "\ufffd" && got == "〔U+FFFD〕") {
			t.Errorf("clean(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

// The tables of widths agree with what gofpdf reads from the same fonts, for
// every character that is drawn. And no font reorders text.
func TestWidths(t *testing.T) {
	for _, f := range fontFiles {
		pdf := gofpdf.New("P", "pt", "A4", "")
		pdf.AddUTF8FontFromBytes(f.key, "", append([]byte(nil), f.ttf...))
		pdf.SetFont(f.key, "", 1000)
		if err := pdf.Error(); err != nil {
			t.Fatal(err)
		}
		n := 0
		for r := rune(0x20); r < 0x10000; r++ {
			w, ok := f.advance(r)
			if !ok {
				continue
			}
			n++
			if got := pdf.GetStringWidth(string(r)); math.Abs(got-float64(w)) > 0.5 {
				t.Errorf("%s: %U is %v wide, want %d", f.name, r, got, w)
			}
			p, _ := bidi.LookupRune(r)
			if c := p.Class(); c == bidi.R || c == bidi.AL {
				t.Errorf("%s: %U is written from right to left", f.name, r)
			}
		}
		if strings.HasPrefix(f.name, "BIZ") && n < 11000 {
			t.Errorf("%s has %d characters", f.name, n)
		}
	}
}

// Every character of JIS X 0208 with its vendors' additions, and the signs that
// reports use, can be drawn in every style.
func TestCoverage(t *testing.T) {
	n := 0
	for hi := byte(0xa1); hi <= 0xfe; hi++ {
		for lo := byte(0xa1); lo <= 0xfe; lo++ {
			b, err := japanese.EUCJP.NewDecoder().Bytes([]byte{hi, lo})
			if r, _ := utf8.DecodeRune(b); err == nil && r != utf8.RuneError {
				n++
				if !drawable(r) {
					t.Errorf("%c %U", r, r)
				}
			}
		}
	}
	if n < 6879 {
		t.Errorf("only %d characters tried", n)
	}
	for _, r := range "①⑳㈱㈲髙﨑彅¥—～〜✓…→€™№℡㎡㍻㋿≤≥〒〆ｶﾅﾊﾟ〔〕□■○●・※" {
		if !drawable(r) {
			t.Errorf("%c %U", r, r)
		}
	}
}

func linesOf(text string, width float64, fixed bool) []string {
	n := 0
	b := breaker{size: 10, fixed: fixed, tokens: &n}
	var out []string
	for _, l := range b.breakLines(Text(text), width) {
		s := ""
		for _, f := range l.frags {
			s += f.text
		}
		out = append(out, s)
	}
	return out
}

const contract = "2024年1月15日（月）、取引所「Example」は、システム障害のため注文を受け付けませんでした。手数料は0.0005 BTC、料率は0.12％～0.25％です。" +
	"「取消」を押しても応答がなく……画面には「503」と“Error”が表示され、チャット、ッ、ー、ショップも行頭に来ません。証拠の取得、裏付ける資料、月日、〒100-0001、￥6,543,210円、々と（括弧）。"

// No character is lost at any width, and no line begins or ends with a
// character that may not.
func TestBreakLines(t *testing.T) {
	const notFirst = "、。，．・：；？！）」』】〕〉》’”々ーッャュョっゃゅょ～〜％…"
	const notLast = "（「『【〔〈《‘“￥"
	want := strings.ReplaceAll(contract, " ", "")
	for w := 45.0; w < 500; w += 1.3 {
		lines := linesOf(contract, w, false)
		if got := strings.ReplaceAll(strings.Join(lines, ""), " ", ""); got != want {
			t.Fatalf("width %v: text changed to %q", w, got)
		}
		for i, l := range lines {
			first, _ := utf8.DecodeRuneInString(l)
			last, _ := utf8.DecodeLastRuneInString(l)
			if i > 0 && strings.ContainsRune(notFirst, first) || i < len(lines)-1 && strings.ContainsRune(notLast, last) {
				t.Errorf("width %v: line %q", w, l)
			}
		}
	}
}

func TestBreakLongWords(t *testing.T) {
	for _, c := range []struct {
		name, text string
		width      float64
		want       string
	}{
		{"newlines", "a\n\nb", 100, "a||b"},
		{"wide letter", "WW", 1, "W|W"},
		{"blanks at the end", "aaa    bbb", 25, "aaa|bbb"},
	} {
		if got := strings.Join(linesOf(c.text, c.width, false), "|"); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	for w := 20.0; w < 120; w++ {
		if lines := linesOf(strings.Repeat("a", 20)+".", w, false); lines[len(lines)-1] == "." {
			t.Errorf("width %v: the full stop is alone", w)
		}
	}
	// An identifier is cut only where it has to be.
	id := "https://example.com/order/" + strings.Repeat("0123456789abcdef-", 20)
	lines := linesOf(id, 200, true)
	if strings.Join(lines, "") != id {
		t.Errorf("identifier changed: %q", lines)
	}
	for _, l := range lines[:len(lines)-1] {
		if len(l) != len(lines[0]) {
			t.Errorf("lines differ in length: %q", lines)
		}
	}
	// One that is a little too wide for a line gets a smaller size.
	n := 0
	b := breaker{size: 10, fixed: true, tokens: &n}
	if l := b.breakLines(Text(txid), 300); len(l) != 1 || l[0].w > 300.1 || l[0].frags[0].text != txid {
		t.Errorf("%+v", l)
	}
}

func FuzzBreakLines(f *testing.F) {
	f.Add(contract, 100.0, false)
	f.Add("か\u3099\u202e😀\x00\xff\u0301 a\u0301", 30.0, true)
	f.Add(strings.Repeat("x", 300), 55.5, true)
	f.Fuzz(func(t *testing.T, text string, width float64, fixed bool) {
		if !(width > 0.1 && width < 1000) || len(text) > 10000 {
			return
		}
		s := clean(text)
		if !utf8.ValidString(s) || clean(s) != s {
			t.Fatalf("clean(%q) = %q is not clean", text, s)
		}
		for _, r := range s {
			if r > 0xffff || r != '\n' && unicode.IsControl(r) {
				t.Fatalf("clean(%q) has %U", text, r)
			}
		}
		strip := strings.NewReplacer(" ", "", "\u3000", "", "\n", "")
		if got := strings.Join(linesOf(text, width, fixed), ""); strip.Replace(got) != strip.Replace(s) {
			t.Fatalf("%q became %q", s, got)
		}
	})
}
