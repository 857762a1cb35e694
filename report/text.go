package report

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"

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

// TextLimitError says that not even the first row fits a limit.
type TextLimitError struct {
	Max   int // characters allowed
	Least int // characters of the shortest text
}

func (e *TextLimitError) Error() string {
	return fmt.Sprintf("writing report as text: the shortest text takes %d characters, more than %d", e.Least, e.Max)
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

// characters counts a text as TextOptions says.
func characters(s string) int {
	n := strings.Count(s, "\n")
	for _, r := range s {
		n += utf16.RuneLen(r) // never negative: ranging gives U+FFFD for what is no character
	}
	return n
}

// importance are the sections by their IDs, those that a cut spares longest
// first. The empty ID stands for the sections that are not named.
var importance = []string{
	"top", "identity", "template-1", "template-3", "transfers", "victim", "facts", "circumstances", "beside", "reported",
	"losses", "orders", "bank", "attempts", "timeline", "errors", "contacts", "used", "officer", "actions", "actors", "accounts",
	"notes", "other", "", "opinion", "damage", "list", "exhibits", "under", "withdrawn", "newer", "custody", "hashes", "about",
}

// rank is the place of a section in importance. Where the form has the
// transfers already, what happened comes before the rest of them.
func (t *text) rank(id string) int {
	if t.listed && id == "circumstances" {
		id = "transfers"
	} else if t.listed && id == "transfers" {
		id = "circumstances"
	}
	if i := slices.Index(importance, id); i >= 0 {
		return i
	}
	return slices.Index(importance, "")
}

// aside are the fields of a desk's form that a cut spares least: the long one,
// then those that only lead to other sections or that the desk can do without.
var aside = map[string]int{
	"transfer.txid": 1, "incident.place": 2, "incident.suspected_from": 2, "order.pair": 2,
	"incident.narrative": 3, "evidence": 3, "contact.reply": 3,
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

// longRow is how many lines make a row a running text, which may be cut between
// its lines.
const longRow = 12

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

// next returns how many lines may be shown after the first n are: a row stands
// whole if it is not long, with its label and first line together if it is.
func (i textItem) next(n int) int {
	switch {
	case i.row && len(i.lines) <= longRow:
		return len(i.lines)
	case i.row && n == 0:
		return 2
	}
	return n + 1
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

// cut is a text of which only some is shown.
type cut struct {
	*text
	kept  [][]int // how many lines of each item of each section are shown
	out   []tally // of each section
	first int     // place of the most important section
	head  int     // characters of the list's first line
}

// tally counts what of a section is left out: rows, or lines where it has none.
type tally struct {
	rows      bool
	left, all int  // left: nothing of it is shown
	within    bool // a row is shown in part
	size      int  // characters that the list spends on the section
}

// cut leaves out what does not fit a limit. The texts that it chooses from
// show one step more each, so that a larger limit never shows less.
func (t *text) cut(limit int) (*cut, error) {
	steps := t.steps()
	c := t.empty()
	size := -2 // no empty line stands before the first line
	best, least := 0, 0
	for n, st := range steps {
		size += c.show(st)
		total := size
		if !c.whole() {
			total += 2 + c.listSize()
		}
		if total <= limit {
			best = n + 1
		}
		if least == 0 || total < least {
			least = total
		}
	}
	if best == 0 {
		return nil, &TextLimitError{Max: limit, Least: least}
	}
	c = t.empty()
	for _, st := range steps[:best] {
		c.show(st)
	}
	return c, nil
}

// step is one more piece of an item to show, up to the line to.
type step struct{ section, item, to int }

// steps are all steps to the whole text, the most important first.
func (t *text) steps() []step {
	var out []step
	for place, i := range t.order() {
		items := make([]int, len(t.sections[i].items))
		for j := range items {
			items[j] = j
		}
		// A first row is wanted more than what introduces it.
		row := slices.IndexFunc(t.sections[i].items, func(x textItem) bool { return x.row })
		if place == 0 && row > 0 {
			items = slices.Insert(slices.Delete(items, row, row+1), 0, row)
		}
		slices.SortStableFunc(items, func(x, y int) int { return t.sections[i].items[x].aside - t.sections[i].items[y].aside })
		for _, j := range items {
			item := t.sections[i].items[j]
			for to := item.next(0); ; to = item.next(to) {
				out = append(out, step{i, j, to})
				if to == len(item.lines) {
					break
				}
			}
		}
	}
	return out
}

// order returns the places of the sections, the most important first.
func (t *text) order() []int {
	var order []int
	for i, s := range t.sections {
		if len(s.items) > 0 {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(i, j int) int { return t.rank(t.sections[i].id) - t.rank(t.sections[j].id) })
	return order
}

// empty is a cut that shows nothing.
func (t *text) empty() *cut {
	c := &cut{text: t, kept: make([][]int, len(t.sections)), out: make([]tally, len(t.sections))}
	if order := t.order(); len(order) > 0 {
		c.first = order[0]
	}
	c.head = linesSize(c.listHead())
	for i, s := range t.sections {
		c.kept[i] = make([]int, len(s.items))
		o := &c.out[i]
		o.rows = slices.ContainsFunc(s.items, func(x textItem) bool { return x.row })
		for _, item := range s.items {
			if o.rows {
				o.all++
			} else {
				o.all += len(item.lines)
			}
		}
		o.left = o.all
		o.size = linesSize(c.entryLines(i))
	}
	return c
}

// show takes a step and returns how many characters longer the text is,
// without its list of what is left out.
func (c *cut) show(st step) int {
	s, o := &c.sections[st.section], &c.out[st.section]
	item, from := &s.items[st.item], c.kept[st.section][st.item]
	size := linesSize(item.lines[from:st.to])
	if o.left == o.all && !o.within && len(s.head) > 0 {
		size += 2 + linesSize(s.head)
	}
	if from == 0 {
		if len(item.heads) > 0 {
			size += 2 + linesSize(item.heads)
		}
		if item.gap {
			size += 2
		}
	}
	c.kept[st.section][st.item] = st.to
	if !o.rows {
		o.left -= st.to - from
	} else {
		if from == 0 {
			o.left--
		}
		o.within = st.to < len(item.lines)
	}
	o.size = linesSize(c.entryLines(st.section))
	return size
}

func (c *cut) complete(i int) bool { return c.out[i].left == 0 && !c.out[i].within }

// whole tells whether nothing is left out.
func (c *cut) whole() bool {
	for i := range c.sections {
		if !c.complete(i) {
			return false
		}
	}
	return true
}

// entry says what of a section is left out, "" if nothing is.
func (c *cut) entry(i int) string {
	o := c.out[i]
	title := c.sections[i].title
	switch {
	case c.complete(i):
		return ""
	case o.left == o.all:
		return title
	}
	return title + c.s("：", ": ") + c.amount(o)
}

// amount words a tally: "28 of 40 rows".
func (c *cut) amount(o tally) string {
	ja, en := "%[2]d行のうち%[1]d行", "%d of %d rows"
	if !o.rows {
		ja, en = "文章%[2]d行のうち%[1]d行", "%d of %d lines"
	}
	n := fmt.Sprintf(c.s(ja, en), o.left, o.all)
	switch {
	case o.within && o.left == 0:
		return c.s("最後の行の途中から", "the end of the last row")
	case o.within:
		return n + c.s("と、その前の行の途中から", " and the end of the row before")
	}
	return n
}

func (c *cut) entryLines(i int) []string {
	if e := c.entry(i); e != "" {
		return hanging("- ", "  ", typeset.Text(e))
	}
	return nil
}

// left returns what is left out, an entry for each section.
func (c *cut) left() []string {
	var out []string
	for i := range c.sections {
		if e := c.entry(i); e != "" {
			out = append(out, e)
		}
	}
	return out
}

// list is what the text says at its end of what is left out: a line for each
// section, but only their number as long as the form itself is not whole.
func (c *cut) list() []string {
	if !c.complete(c.first) {
		return c.shortList()
	}
	lines := c.listHead()
	for i := range c.sections {
		lines = append(lines, c.entryLines(i)...)
	}
	return lines
}

func (c *cut) listHead() []string {
	return indented("", typeset.Text(c.s("字数の制限のため、次を省略した。", "Left out for want of space:")))
}

func (c *cut) shortList() []string {
	others := 0
	for i := range c.sections {
		if i != c.first && !c.complete(i) {
			others++
		}
	}
	s := c.s("字数の制限のため省略：", "Left out for want of space: ") + c.amount(c.out[c.first])
	if others > 0 {
		s += fmt.Sprintf(c.s("、ほかの節%d", ", other sections: %d"), others)
	}
	return indented("", typeset.Text(s))
}

// listSize counts the characters of list.
func (c *cut) listSize() int {
	if !c.complete(c.first) {
		return linesSize(c.shortList())
	}
	size := c.head
	for _, o := range c.out {
		size += o.size
	}
	return size
}

func linesSize(lines []string) int {
	n := 0
	for _, l := range lines {
		n += characters(l) + 2
	}
	return n
}

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
