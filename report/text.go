package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/rivo/uniseg"

	"evidence-locker/report/typeset"
)

// columns is the width of the plain text, in columns of East Asian width.
const columns = 78

// TextOptions are what WriteText works with.
type TextOptions struct {
	// MaxChars is the most characters that the text may have, 0 for any number.
	// They are counted the strictest way that contact forms do: in UTF-16 units,
	// as browsers count, and a line end as two.
	MaxChars int
}

// WriteText writes the report as plain UTF-8 text for a contact form. No line
// is wider than 78 columns, but for one that holds a single longer identifier:
// identifiers are never broken. Pictures are described, not drawn.
//
// A text that is longer than allowed first loses the rules below its headlines,
// then its least important sections from their ends: forms and tables between
// two rows, running text between two lines. The order on the page stays. The
// text then ends with a list of what is left out, and left holds that list. A
// larger limit never shows less. Where not even the first row of the form fits,
// the error is a *TextLimitError and nothing is written.
func (r *Report) WriteText(w io.Writer, o TextOptions) (left []string, err error) {
	t := r.text()
	text := t.render(nil)
	if o.MaxChars > 0 && characters(text) > o.MaxChars {
		c, err := t.cut(o.MaxChars)
		if err != nil {
			return nil, err
		}
		text, left = t.render(c), c.left()
	}
	if _, err := io.WriteString(w, text); err != nil {
		return nil, fmt.Errorf("writing report as text: %w", err)
	}
	return left, nil
}

// text makes the lines of the report.
func (r *Report) text() *text {
	t := &text{ja: r.lang == "ja", aside: make(map[string]int)}
	if b := r.b; b != nil {
		t.listed = b.key == "support" || b.key == "police" || b.key == "mica"
	}
	if t.listed && r.b.key == "support" {
		for _, f := range r.b.file.Field {
			t.aside[r.b.s(f.JA, f.EN)] = aside[f.Path]
		}
	}
	t.blocks(r.blocks)
	return t
}

// text is a document as lines.
type text struct {
	ja       bool
	sections []textSection
	heads    []string       // of level 3, waiting for what they stand over
	listed   bool           // the transfers stand in the form
	aside    map[string]int // by the label of a row of the form
}

type textSection struct {
	id, title string
	head      []string // lines of the headline
	width     int      // of its widest line in columns
	rule      string   // mark of the rule below
	items     []textItem
}

// textItem is a row of a form or table, or a paragraph.
type textItem struct {
	heads []string // headlines of level 3 that stand before it
	gap   bool     // an empty line stands before it
	row   bool
	aside int // how late a row of the form is wanted
	lines []string
}

func (t *text) blocks(blocks []typeset.Block) {
	for _, b := range blocks {
		t.block(b)
	}
	if len(t.heads) > 0 { // nothing stands below them
		t.item(textItem{lines: []string{""}})
	}
}

func (t *text) s(ja, en string) string {
	if t.ja {
		return ja
	}
	return en
}

// item adds an item to the last section.
func (t *text) item(i textItem) {
	if len(t.sections) == 0 {
		t.sections = append(t.sections, textSection{})
	}
	i.heads, t.heads = t.heads, nil
	for n, l := range i.lines {
		i.lines[n] = strings.TrimRight(l, " ")
	}
	s := &t.sections[len(t.sections)-1]
	s.items = append(s.items, i)
}

func (t *text) block(b typeset.Block) {
	switch b := b.(type) {
	case typeset.Heading:
		lines := wrap(typeset.Text(b.Text), columns)
		if b.Level > 2 {
			t.heads = append(t.heads, lines...)
			return
		}
		s := textSection{id: b.ID, title: b.Text, head: lines, rule: []string{"", "=", "-"}[b.Level]}
		for _, l := range lines {
			s.width = max(s.width, uniseg.StringWidth(l))
		}
		t.sections = append(t.sections, s)
	case typeset.Paragraph:
		t.item(textItem{gap: true, lines: indented("", b.Spans)})
	case typeset.List:
		for n, item := range b.Items {
			t.item(textItem{gap: n == 0, lines: hanging("- ", "  ", item)})
		}
	case typeset.Fields:
		for n, f := range b.Rows {
			late := 0
			if len(t.sections) > 0 && t.sections[len(t.sections)-1].id == "top" {
				late = t.aside[f.Label]
			}
			t.item(textItem{gap: n == 0, row: true, aside: late, lines: fieldLines("", f.Label, f.Value)})
		}
	case typeset.Table:
		for n, row := range b.Rows {
			var lines []string
			for j, cell := range row {
				prefix := "     "
				if j == 0 {
					prefix = fmt.Sprintf("%-5s", fmt.Sprintf("(%d)", n+1))
				}
				lines = append(lines, fieldLines(prefix, b.Columns[j].Head, oneLine(cell))...)
			}
			t.item(textItem{gap: true, row: true, lines: lines})
		}
	case typeset.Mono:
		t.item(textItem{gap: true, lines: indented("", typeset.Text(b.Text))})
	case typeset.Note:
		t.item(textItem{gap: true, lines: hanging("* ", "  ", append([]typeset.Span{{Text: b.Title + "\n"}}, b.Spans...))})
	case typeset.Card:
		lines := hanging("[ ", "  ", b.Title)
		for _, l := range b.Lines {
			lines = append(lines, indented("  ", l)...)
		}
		t.item(textItem{gap: true, row: true, lines: lines})
	case typeset.Picture:
		caption := append(typeset.Text(t.s("画像は PDF にある: ", "the picture is in the PDF: ")), b.Caption...)
		t.item(textItem{gap: true, row: true, lines: hanging("[ ", "  ", caption)})
	case typeset.Signature:
		for _, l := range b.Labels {
			t.item(textItem{gap: true, row: true, lines: []string{l + "  ______________________________"}})
		}
	}
}

// render writes what a cut keeps, or all where it is nil.
func (t *text) render(c *cut) string {
	var out strings.Builder
	write := func(lines ...string) {
		for _, l := range lines {
			out.WriteString(l + "\n")
		}
	}
	gap := func() {
		if out.Len() > 0 {
			write("")
		}
	}
	for i, s := range t.sections {
		begun := len(s.head) == 0
		for j, item := range s.items {
			n := len(item.lines)
			if c != nil {
				n = c.kept[i][j]
			}
			if n == 0 {
				continue
			}
			if !begun {
				gap()
				write(s.head...)
				if c == nil {
					write(strings.Repeat(s.rule, max(4, min(columns, s.width))))
				}
				begun = true
			}
			if len(item.heads) > 0 {
				gap()
				write(item.heads...)
			}
			if item.gap {
				gap()
			}
			write(item.lines[:n]...)
		}
	}
	if c != nil && !c.whole() {
		gap()
		write(c.list()...)
	}
	return out.String()
}
