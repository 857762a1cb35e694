package typeset

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Printable turns any bytes into text that hides nothing, in a document or out
// of one: valid UTF-8, composed, with no control characters but newlines. Tabs
// become blanks and every kind of line end a newline.
//
// Nothing is lost silently. What would be invisible, or would change how its
// neighbours are seen (a zero-width space or a direction mark may hide in a
// forged address), appears as its code point: 〔U+200B〕. A byte that is not
// UTF-8 appears as 〔0xFF〕. Only the two variation selectors that choose between
// a black and a coloured symbol, and a byte order mark at the start, are
// dropped.
func Printable(s string) string { return rewrite(s, func(rune) bool { return true }) }

// clean turns any string into one that can be drawn and measured: printable
// and of the basic plane. A character that the fonts lack appears as its code
// point. It is the border that every drawn string passes.
func clean(s string) string { return rewrite(s, drawable) }

// rewrite does the work of Printable for the characters that keep tells.
func rewrite(s string, keep func(rune) bool) string {
	if isPlainASCII(s) {
		return s
	}
	var b strings.Builder
	var marked []string // code points waiting to be written in one bracket
	flush := func() {
		if len(marked) > 0 {
			b.WriteString("〔" + strings.Join(marked, " ") + "〕")
			marked = marked[:0]
		}
	}
	put := func(s string) { flush(); b.WriteString(s) }

	s = strings.TrimPrefix(s, "\ufeff")
	s = selectors.Replace(s) // before composing: they may stand between a letter and its mark
	for s != "" {
		n := segment(s)
		seg := compose(s[:n])
		s = s[n:]
		for seg != "" {
			r, n := utf8.DecodeRuneInString(seg)
			switch {
			case r == utf8.RuneError && n == 1:
				marked = append(marked, fmt.Sprintf("0x%02X", seg[0]))
			case r == '\r' && strings.HasPrefix(s, "\n"):
				// The newline follows as the next segment.
			case r == '\n', r == '\r', r == '\v', r == '\f', r == '\u0085', r == '\u2028', r == '\u2029':
				put("\n")
			case r == '\t':
				put("    ")
			case Hidden(r):
				marked = append(marked, fmt.Sprintf("%U", r))
			case keep(r):
				put(string(r))
			case unicode.Is(unicode.Zs, r):
				put(" ")
			default:
				marked = append(marked, fmt.Sprintf("%U", r))
			}
			seg = seg[n:]
		}
	}
	flush()
	return b.String()
}

var selectors = strings.NewReplacer("\ufe0e", "", "\ufe0f", "")

// Hidden reports what Printable shows by its code point: control characters
// but for newlines and tabs, the invisible and direction-changing ones, and
// those without an agreed meaning.
func Hidden(r rune) bool {
	return r != '\n' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp) || r&0xfffe == 0xfffe
}

func isPlainASCII(s string) bool {
	for i := range len(s) {
		if c := s[i]; c != '\n' && (c < 0x20 || c > 0x7e) {
			return false
		}
	}
	return true
}

// segment returns the length of the first run of s that composes as a unit.
func segment(s string) int {
	if n := norm.NFC.NextBoundaryInString(s, true); n > 0 {
		return n
	}
	return len(s)
}

// compose joins a letter and its marks, as file names from macOS need. A
// character without marks stays as it is: full NFC would replace the
// compatibility ideographs by which some family names are written.
func compose(seg string) string {
	if _, n := utf8.DecodeRuneInString(seg); n == len(seg) {
		return seg
	}
	return norm.NFC.String(seg)
}
