package main

import (
	"encoding/hex"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"evidence-locker/locker"
	"evidence-locker/locker/record"

	"github.com/rivo/uniseg"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// labelOf returns the name of a field of a type for people: "from" is a time of
// an attempt and an address of a transfer.
func (l lang) labelOf(t record.Type, field string) string {
	if key := "field." + string(t) + "." + field; l.has(key) {
		return l.msg(key)
	}
	return l.label(field)
}

// label returns the name of a record's field for people.
func (l lang) label(field string) string {
	if key := "field." + field; l.has(key) {
		return l.msg(key)
	}
	return safe(field)
}

// typeName returns the name of a type of record for people.
func (l lang) typeName(t record.Type) string {
	if key := "type." + string(t); l.has(key) {
		return l.msg(key)
	}
	return safe(string(t))
}

// value writes a value for people, on one line. Identifiers and amounts stand
// as they were typed.
func (l lang) value(v record.Value) string {
	switch v := v.(type) {
	case record.Time:
		return formatTime(v.At)
	case record.Amount:
		return safe(v.Raw)
	case record.List:
		words := make([]string, len(v))
		for i, t := range v {
			words[i] = safe(string(t))
		}
		return strings.Join(words, ", ")
	case nil:
		return ""
	}
	return safe(v.String())
}

// unseen are fields of an evidence record that the exhibit shows already.
var unseen = []string{"name", "name_raw", "media_type", "modified"}

// fieldNames lists the names of fields in the order of the type, what is not
// known last.
func fieldNames(t record.Type, f record.Fields) []string {
	var names []string
	for _, known := range record.FieldsOf(t) {
		if f[known.Name] != nil {
			names = append(names, known.Name)
		}
	}
	var other []string
	for name := range f {
		if !slices.Contains(names, name) {
			other = append(other, name)
		}
	}
	slices.Sort(other)
	return append(names, other...)
}

// fields writes a record's fields on one line, the note's text without a name.
func (l lang) fields(t record.Type, f record.Fields) string {
	var parts []string
	for _, name := range fieldNames(t, f) {
		switch {
		case t == record.Retract && name == "id":
		case name == "file" && f["line"] != nil: // shown in full by show --seq
		case t == record.Note && name == "text":
			parts = append(parts, l.value(f[name]))
		case name == "mail_hops": // long, and read by few: show --seq has them
			hops, _ := f[name].(record.List)
			parts = append(parts, l.label(name)+": "+strconv.Itoa(len(hops)))
		default:
			parts = append(parts, l.labelOf(t, name)+": "+l.value(f[name]))
		}
	}
	return strings.Join(parts, "; ")
}

// seqColumn is the width of record numbers.
const seqColumn = 5

// recordLines describes one record: number, type and what it says, folded where
// a terminal shows it. Elsewhere a program or grep reads a record on a line.
func (u *ui) recordLines(seq int64, t record.Type, f record.Fields, x *locker.Exhibit) []string {
	lines := u.unfolded(seq, t, f, x)
	if !isTerminalFile(u.out) {
		return lines
	}
	var folded []string
	for i, line := range lines {
		folded = append(folded, foldLine(line, i > 0)...)
	}
	return folded
}

// foldLine breaks a line that is wider than a terminal, later ones indented as
// far as what stands under a record: between its fields, and within one that is
// longer than a line. What holds no blank and no Japanese stays whole, however
// long: an identifier, an address or a link is copied from here.
func foldLine(line string, indented bool) []string {
	indent := strings.Repeat(" ", seqColumn+2)
	inner := helpWidth - len(indent)
	lines, width := []string{""}, helpWidth
	if indented {
		line, width = strings.TrimPrefix(line, indent), inner
	}
	fits := func(part string) bool {
		return uniseg.StringWidth(lines[len(lines)-1]+strings.TrimRight(part, " ")) <= width
	}
	put := func(part string, begin bool) {
		if begin && strings.TrimSpace(lines[len(lines)-1]) != "" {
			lines, width = append(lines, ""), inner
		}
		lines[len(lines)-1] += part
	}
	for i, field := range strings.SplitAfter(line, "; ") {
		if at := headEnd(field); i == 0 && !indented && !fits(field) && at > 0 {
			put(field[:at], false)
			field = field[at:]
		}
		if fits(field) || uniseg.StringWidth(strings.TrimRight(field, " ")) <= inner {
			put(field, !fits(field))
			continue
		}
		for _, word := range labelWhole(field) {
			put(word, !fits(word))
		}
	}
	for i := range lines {
		if lines[i] = strings.TrimRight(lines[i], " "); i > 0 || indented {
			lines[i] = indent + lines[i]
		}
	}
	return lines
}

// headEnd returns where a record's number and type end before its first label,
// 0 if there are none.
func headEnd(field string) int {
	label := strings.Index(field, ": ")
	if label < 0 {
		return 0
	}
	if at := strings.LastIndex(field[:label], "  "); strings.TrimSpace(field[:max(at, 0)]) != "" {
		return at + len("  ")
	}
	return 0
}

// labelWhole is unbroken for a field whose label, if it is one word, stays whole.
func labelWhole(field string) []string {
	at := strings.Index(field, ": ") + len(": ")
	if at < len(": ") || strings.ContainsRune(field[:at-len(": ")], ' ') {
		return unbroken(field, true)
	}
	words := unbroken(field[at:], true)
	if len(words) > 0 {
		words[0] = field[:at] + words[0]
	}
	return words
}

// pasted finds what is to be pasted from a message: words after the program's
// name, quoted ones with what they hold, up to the end of the clause; and a flag
// with its quoted value.
var pasted = regexp.MustCompile(`\blocker(?: (?:\\.|'[^']*'|[^\s',;"、。」])+)+|--[a-z-]+ "[^"]*"`)

// foldMessage breaks a message that is wider than a terminal, at blanks and
// between Japanese signs. A command stays whole, however long: broken in two it
// could not be pasted.
func foldMessage(line string) []string {
	const indent = "        " // as wide as "locker: "
	var words []string
	from := 0
	for _, at := range pasted.FindAllStringIndex(line, -1) {
		words = append(words, unbroken(line[from:at[0]], false)...)
		words = append(words, line[at[0]:at[1]])
		from = at[1]
	}
	words = append(words, unbroken(line[from:], false)...)
	lines := []string{""}
	for _, word := range words {
		last := &lines[len(lines)-1]
		if strings.TrimSpace(*last) != "" && uniseg.StringWidth(*last+strings.TrimRight(word, " ")) > helpWidth {
			*last = strings.TrimRight(*last, " ")
			lines = append(lines, indent)
			last = &lines[len(lines)-1]
		}
		*last += word
	}
	return lines
}

// unbroken cuts text where it may be broken; labels keeps what follows a label
// on its line.
func unbroken(text string, labels bool) (words []string) {
	word, state := "", -1
	for rest := text; rest != ""; {
		var part string
		part, rest, _, state = uniseg.FirstLineSegmentInString(rest, state)
		word += part
		last, _ := utf8.DecodeLastRuneInString(part)
		next, _ := utf8.DecodeRuneInString(rest)
		if rest != "" && (last != ' ' && max(last, next) < utf8.RuneSelf || labels && strings.HasSuffix(part, ": ")) {
			continue // inside a word, or between a label and its value
		}
		words, word = append(words, word), ""
	}
	return words
}

func (u *ui) unfolded(seq int64, t record.Type, f record.Fields, x *locker.Exhibit) []string {
	l := u.lang
	head := fmt.Sprintf("%*d  %s  ", seqColumn, seq, l.typeName(t))
	if text, ok := f["text"].(record.Text); ok && t == record.Note {
		if lines := safeLines(string(text)); len(lines) > 1 {
			return append([]string{head + lines[0]}, indented(append(lines[1:], l.others(t, f, "text")...))...)
		}
	}
	if x == nil {
		return []string{head + l.fields(t, f)}
	}
	lines := []string{
		head + safe(x.Name) + "  " + l.size(x.Size) + "  " + safe(x.MediaType),
		shaLine(hex.EncodeToString(x.SHA256[:])),
	}
	return append(lines, indented(l.others(t, f, unseen...))...)
}

func shaLine(sum string) string { return strings.Repeat(" ", seqColumn+2) + "sha256 " + sum }

func indented(lines []string) []string {
	for i := range lines {
		lines[i] = strings.Repeat(" ", seqColumn+2) + lines[i]
	}
	return lines
}

// others writes all fields but some on a line of their own, if there are any.
func (l lang) others(t record.Type, f record.Fields, but ...string) []string {
	rest := maps.Clone(f)
	for _, name := range but {
		delete(rest, name)
	}
	if len(rest) == 0 {
		return nil
	}
	return []string{l.fields(t, rest)}
}

// size writes a number of bytes in full.
func (l lang) size(n int64) string {
	return l.msg("size.bytes", message.NewPrinter(language.English).Sprint(n))
}
