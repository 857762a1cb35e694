package main

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// This file finds text whatever its case, its width and its white space. The
// text itself stays as it is: a hit is a part of it.

// A foldedText is text in the form in which it is compared.
type foldedText struct {
	raw, text string
	at        []int // for each byte of text, and its end, where in raw it comes from
}

// foldText folds text: NFKC, no case, a run of white space as one blank.
func foldText(raw string) foldedText {
	f := foldedText{raw: raw, at: make([]int, 0, len(raw)+1)}
	text := make([]byte, 0, len(raw))
	put := func(s string, at int) {
		for i := range len(s) {
			b := s[i]
			if b == ' ' && len(text) > 0 && text[len(text)-1] == ' ' {
				continue
			}
			text = append(text, b)
			f.at = append(f.at, at)
		}
	}
	var it norm.Iter
	it.InitString(norm.NFKC, raw)
	for !it.Done() {
		at := it.Pos()
		put(foldPart(string(it.Next())), at)
	}
	f.text = string(text)
	f.at = append(f.at, len(raw))
	return f
}

func foldPart(s string) string {
	if len(s) == 1 && s[0] < utf8.RuneSelf {
		b := s[0]
		switch {
		case b >= 'A' && b <= 'Z':
			return string(b + 'a' - 'A')
		case b >= '\t' && b <= '\r':
			return " "
		}
		return s
	}
	s = norm.NFKC.String(cases.Fold().String(s))
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		return r
	}, s)
}

// foldQuery folds what is looked for; blanks at its ends do not count.
func foldQuery(s string) string { return strings.TrimSpace(foldText(s).text) }

// find returns the part of the raw text that matches a folded query.
func (f *foldedText) find(query string) (from, to int, ok bool) {
	i := strings.Index(f.text, query)
	if i < 0 || query == "" {
		return 0, 0, false
	}
	last := f.at[i+len(query)-1]
	to, _ = slices.BinarySearch(f.at, last+1) // the first byte of what follows the last part
	return f.at[i], f.at[to], true
}

// around is how many signs are shown before and after a hit, and longWord how
// many more for a word to be whole: identifiers are never cut.
const around, longWord = 30, 130

// surroundings returns a hit on one line, with what stands around it.
func surroundings(raw string, from, to int) string {
	start := from - reach(raw[:from], utf8.DecodeLastRuneInString, func(s string, n int) string { return s[:len(s)-n] })
	end := to + reach(raw[to:], utf8.DecodeRuneInString, func(s string, n int) string { return s[n:] })
	s := raw[start:end]
	if start > 0 {
		s = "…" + s
	}
	if end < len(raw) {
		s += "…"
	}
	return oneLineOf(s)
}

// reach counts the bytes to show of s, from one of its ends.
func reach(s string, next func(string) (rune, int), rest func(string, int) string) (bytes int) {
	for n := 0; s != "" && n < around+longWord; n++ {
		r, size := next(s)
		if n >= around && (r >= utf8.RuneSelf || unicode.IsSpace(r)) {
			break
		}
		bytes += size
		s = rest(s, size)
	}
	return bytes
}
