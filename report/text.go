package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/rivo/uniseg"

	"evidence-locker/report/typeset"
)

// columns is the width of the plain text, in columns of East Asian width.
const columns = 78

// WriteText writes the report as plain UTF-8 text for a contact form. No line
// is wider than 78 columns, but for one that holds a single longer identifier:
// identifiers are never broken. Pictures are described, not drawn.
func (r *Report) WriteText(w io.Writer) error {
	t := &textWriter{w: bufio.NewWriter(w), ja: r.lang == "ja"}
	for _, b := range r.blocks {
		t.block(b)
	}
	if err := t.w.Flush(); err != nil {
		return fmt.Errorf("writing report as text: %w", err)
	}
	return nil
}

type textWriter struct {
	w     *bufio.Writer
	ja    bool
	begun bool
}

// gap puts an empty line between blocks.
func (t *textWriter) gap() {
	if t.begun {
		t.line("")
	}
	t.begun = true
}

// line writes a line; a failing writer shows at Flush.
func (t *textWriter) line(s string) {
	t.w.WriteString(strings.TrimRight(s, " ") + "\n")
}

func (t *textWriter) rule(mark string, width int) {
	t.line(strings.Repeat(mark, max(4, min(columns, width))))
}

func (t *textWriter) block(b typeset.Block) {
	switch b := b.(type) {
	case typeset.Heading:
		t.gap()
		lines := wrap(typeset.Text(b.Text), columns)
		width := 0
		for _, l := range lines {
			t.line(l)
			width = max(width, uniseg.StringWidth(l))
		}
		if b.Level < 3 {
			t.rule([]string{"", "=", "-"}[b.Level], width)
		}
	case typeset.Paragraph:
		t.gap()
		t.indented("", b.Spans)
	case typeset.List:
		t.gap()
		for _, item := range b.Items {
			t.hanging("- ", "  ", item)
		}
	case typeset.Fields:
		t.gap()
		for _, f := range b.Rows {
			t.field("", f.Label, f.Value)
		}
	case typeset.Table:
		for i, row := range b.Rows {
			t.gap()
			for j, cell := range row {
				prefix := "     "
				if j == 0 {
					prefix = fmt.Sprintf("%-5s", fmt.Sprintf("(%d)", i+1))
				}
				t.field(prefix, b.Columns[j].Head, oneLine(cell))
			}
		}
	case typeset.Mono:
		t.gap()
		t.indented("", typeset.Text(b.Text))
	case typeset.Note:
		t.gap()
		t.hanging("* ", "  ", append([]typeset.Span{{Text: b.Title + "\n"}}, b.Spans...))
	case typeset.Card:
		t.gap()
		t.hanging("[ ", "  ", b.Title)
		for _, l := range b.Lines {
			t.indented("  ", l)
		}
	case typeset.Picture:
		t.gap()
		if t.ja {
			t.hanging("[ ", "  ", append([]typeset.Span{{Text: "画像は PDF にある: "}}, b.Caption...))
		} else {
			t.hanging("[ ", "  ", append([]typeset.Span{{Text: "the picture is in the PDF: "}}, b.Caption...))
		}
	case typeset.Signature:
		for _, l := range b.Labels {
			t.gap()
			t.line(l + "  ______________________________")
		}
	}
}

// field writes "label: value", with the value on the lines below where it does
// not fit behind the label.
func (t *textWriter) field(prefix, label string, value []typeset.Span) {
	inner := strings.Repeat(" ", len(prefix)) + "  "
	head := prefix + label + ": "
	if one := plain(value); !strings.Contains(one, "\n") && uniseg.StringWidth(head+one) <= columns {
		t.line(head + one)
		return
	}
	t.hanging(prefix, inner, typeset.Text(label+":"))
	t.indented(inner, value)
}

// oneLine puts the short lines of a table cell behind each other.
func oneLine(cell []typeset.Span) []typeset.Span {
	text := plain(cell)
	if strings.Count(text, "\n") > 2 || uniseg.StringWidth(text) > columns/2+20 {
		return cell
	}
	return typeset.Text(strings.ReplaceAll(text, "\n", " / "))
}

func (t *textWriter) indented(prefix string, spans []typeset.Span) { t.hanging(prefix, prefix, spans) }

func (t *textWriter) hanging(first, rest string, spans []typeset.Span) {
	for _, l := range wrap(spans, columns-len(rest)) {
		t.line(first + l)
		first = rest
	}
}

// wrap breaks spans into lines of at most width columns, by the rules of
// Unicode, which know what may begin and end a Japanese line. A word of a
// monospaced span is one piece and stands alone where it is wider.
func wrap(spans []typeset.Span, width int) []string {
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
			head, n := cut(bare, width)
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
			pieces := split(para, s.Mono)
			for _, p := range pieces {
				put(p, s.Mono)
			}
		}
	}
	end()
	return lines
}

// split cuts a paragraph where a line may end.
func split(s string, mono bool) []string {
	var out []string
	if mono {
		return strings.SplitAfter(s, " ")
	}
	// The breaking rules do not know the full-width tilde as a dash; the wave
	// dash has the same length.
	shadow, state := strings.ReplaceAll(s, "～", "〜"), -1
	for len(shadow) > 0 {
		var seg string
		seg, shadow, _, state = uniseg.FirstLineSegmentInString(shadow, state)
		out = append(out, s[:len(seg)])
		s = s[len(seg):]
	}
	return out
}

// cut returns the longest beginning of s that fits, at least one character.
func cut(s string, width int) (head string, n int) {
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
