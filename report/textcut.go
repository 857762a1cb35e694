package report

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"

	"evidence-locker/report/typeset"
)

// This file chooses what a text that is too long leaves out.

// TextLimitError says that not even the first row fits a limit.
type TextLimitError struct {
	Max   int // characters allowed
	Least int // characters of the shortest text
}

func (e *TextLimitError) Error() string {
	return fmt.Sprintf("writing report as text: the shortest text takes %d characters, more than %d", e.Least, e.Max)
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

// longRow is how many lines make a row a running text, which may be cut between
// its lines.
const longRow = 12

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

// characters counts a text as TextOptions says.
func characters(s string) int {
	n := strings.Count(s, "\n")
	for _, r := range s {
		n += utf16.RuneLen(r) // never negative: ranging gives U+FFFD for what is no character
	}
	return n
}
