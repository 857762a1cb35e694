package main

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// quoteLine writes words as one line that a shell reads back as the same
// words. The line holds nothing that a terminal obeys.
func quoteLine(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = quoteWord(w)
	}
	return strings.Join(quoted, " ")
}

func quoteWord(w string) string {
	switch {
	case w == "":
		return "''"
	case safe(w) != w:
		return quoteANSI(w)
	case strings.IndexFunc(w, special) < 0:
		return w
	}
	return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
}

// special reports whether a shell may give r a meaning of its own.
func special(r rune) bool {
	if unicode.IsLetter(r) || unicode.IsDigit(r) {
		return false
	}
	return r < utf8.RuneSelf && !strings.ContainsRune("_@%+=:,./-", r) || unicode.IsSpace(r)
}

// quoteANSI writes w in the $'...' form, byte by byte where it must.
func quoteANSI(w string) string {
	var b strings.Builder
	b.WriteString("$'")
	for len(w) > 0 {
		r, n := utf8.DecodeRuneInString(w)
		switch s := w[:n]; {
		case r == '\'' || r == '\\':
			b.WriteString(`\` + s)
		case r == '\n':
			b.WriteString(`\n`)
		case safe(s) == s:
			b.WriteString(s)
		default:
			for _, c := range []byte(s) {
				fmt.Fprintf(&b, `\x%02x`, c)
			}
		}
		w = w[n:]
	}
	return b.String() + "'"
}

// safe makes text from outside harmless on a terminal, on one line: control
// characters, direction marks and other invisible signs appear as escapes, and
// so do bytes that are no UTF-8. Printable text is returned as it is.
func safe(s string) string {
	if strings.IndexFunc(s, hidden) < 0 && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case hidden(r) && r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		case hidden(r):
			fmt.Fprintf(&b, `\u{%04x}`, r)
		default:
			b.WriteRune(r)
		}
		s = s[n:]
	}
	return b.String()
}

// hidden reports whether r steers a terminal or cannot be seen on one. The two
// joiners stay: emoji and several scripts are written with them.
func hidden(r rune) bool {
	if r == '\u200c' || r == '\u200d' {
		return false
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// safeLines makes text from outside harmless and keeps its line breaks.
func safeLines(s string) []string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	lines := strings.Split(strings.TrimSuffix(s, "\n"), "\n")
	for i, l := range lines {
		lines[i] = safe(l)
	}
	return lines
}
