package report

import (
	"regexp"
	"slices"
	"strings"

	"github.com/rivo/uniseg"

	"evidence-locker/report/typeset"
)

// This file breaks what a report says into lines of text.

// fieldLines is "label: value", with the value on the lines below where it does
// not fit behind the label.
func fieldLines(prefix, label string, value []typeset.Span) []string {
	inner := strings.Repeat(" ", len(prefix)) + "  "
	head := prefix + label + ": "
	if one := plain(value); !strings.Contains(one, "\n") && uniseg.StringWidth(head+one) <= columns {
		return []string{head + one}
	}
	return append(hanging(prefix, inner, typeset.Text(label+":")), indented(inner, value)...)
}

// oneLine puts the short lines of a table cell behind each other.
func oneLine(cell []typeset.Span) []typeset.Span {
	text := plain(cell)
	if strings.Count(text, "\n") > 2 || uniseg.StringWidth(text) > columns/2+20 {
		return cell
	}
	return typeset.Text(strings.ReplaceAll(text, "\n", " / "))
}

func indented(prefix string, spans []typeset.Span) []string { return hanging(prefix, prefix, spans) }

func hanging(first, rest string, spans []typeset.Span) []string {
	lines := wrap(spans, columns-len(rest))
	for i, l := range lines {
		lines[i] = first + l
		first = rest
	}
	return lines
}

// wrap breaks spans into lines of at most width columns, by the rules of
// Unicode, which know what may begin and end a Japanese line. A word of a
// monospaced span is one piece and stands alone where it is wider, as does what
// looks like an identifier in other text.
func wrap(spans []typeset.Span, width int) []string {
	if s := plain(spans); !strings.Contains(s, "\n") && uniseg.StringWidth(s) <= width {
		return []string{s}
	}
	var lines []string
	var line strings.Builder
	used := 0
	end := func() {
		lines = append(lines, line.String())
		line.Reset()
		used = 0
	}
	put := func(piece string, whole bool) {
		bare := strings.TrimRight(piece, " \n")
		w := uniseg.StringWidth(bare)
		if used > 0 && used+w > width {
			end()
		}
		for w > width && !whole {
			head, n := prefix(bare, width)
			line.WriteString(head)
			end()
			bare, piece = bare[n:], piece[n:]
			w = uniseg.StringWidth(bare)
		}
		piece = strings.TrimRight(piece, "\n")
		line.WriteString(piece)
		used += uniseg.StringWidth(piece)
	}
	for _, s := range spans {
		for i, para := range strings.Split(s.Text, "\n") {
			if i > 0 {
				end()
			}
			for _, p := range split(para, s.Mono) {
				put(p, s.Mono || identifierIn(p))
			}
		}
	}
	end()
	return lines
}

// inText finds what looks like an address, a transaction ID or a URL in running
// text.
var inText = regexp.MustCompile(`https?://[!-~]+|[0-9A-Za-z]{26,}`)

// maxInText is the length in bytes up to which such a find is kept whole; what
// is longer is no identifier but a text without blanks.
const maxInText = 400

func identifierIn(s string) bool {
	return slices.ContainsFunc(inText.FindAllString(s, -1), func(id string) bool { return len(id) <= maxInText })
}

// split cuts a paragraph where a line may end.
func split(s string, mono bool) []string {
	if mono {
		return strings.SplitAfter(s, " ")
	}
	ids := slices.DeleteFunc(inText.FindAllStringIndex(s, -1), func(at []int) bool { return at[1]-at[0] > maxInText })
	var out []string
	// The breaking rules do not know the full-width tilde as a dash; the wave
	// dash has the same length.
	shadow, state := strings.ReplaceAll(s, "～", "〜"), -1
	start, end := 0, 0
	for len(shadow) > 0 {
		var seg string
		seg, shadow, _, state = uniseg.FirstLineSegmentInString(shadow, state)
		end += len(seg)
		for len(ids) > 0 && ids[0][1] <= end {
			ids = ids[1:]
		}
		if len(ids) > 0 && ids[0][0] < end {
			continue // within an identifier
		}
		out = append(out, s[start:end])
		start = end
	}
	return out
}

// prefix returns the longest beginning of s that fits, at least one character.
func prefix(s string, width int) (head string, n int) {
	rest, state, used := s, -1, 0
	for len(rest) > 0 {
		var c string
		var w int
		c, rest, w, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if n > 0 && used+w > width {
			break
		}
		used += w
		n += len(c)
	}
	return s[:n], n
}
