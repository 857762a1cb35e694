package typeset

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// clean turns any string into one that can be drawn and measured: valid UTF-8
// of the basic plane, composed, with no control characters but newlines. It is
// the border that every drawn string passes.
//
// Nothing is lost silently. A character that the fonts lack, or that would be
// invisible (a zero-width space or a direction mark may hide in a forged
// address), appears as its code point: 〔U+200B〕. A byte that is not UTF-8
// appears as 〔0xFF〕. Only the two variation selectors that choose between a
// black and a coloured symbol, and a byte order mark at the start, are dropped.
func clean(s string) string {
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
	for s != "" {
		seg := compose(s[:segment(s)])
		s = s[segment(s):]
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
			case r == '\ufe0e', r == '\ufe0f':
			case unicode.In(r, unicode.Cc, unicode.Cf):
				marked = append(marked, fmt.Sprintf("%U", r))
			case drawable(r):
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

// Undrawable returns the characters of s, in order and each once, that a
// document shows by their code points.
func Undrawable(s string) []rune {
	var out []rune
	seen := map[rune]bool{}
	for s = strings.TrimPrefix(s, "\ufeff"); s != ""; {
		n := segment(s)
		for _, r := range compose(s[:n]) {
			if !seen[r] && strings.HasPrefix(clean("\n"+string(r)), "\n〔U") {
				seen[r] = true
				out = append(out, r)
			}
		}
		s = s[n:]
	}
	return out
}
