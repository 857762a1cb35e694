package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"evidence-locker/locker"
	"evidence-locker/locker/record"
	"evidence-locker/report/typeset"
)

// exact gives the values of records as they were recorded, to the forms of a
// report that a machine reads. What the document keeps back stays back here
// too: a value counts only if the document was made of it, and if it stands in
// the document's own text.
type exact struct {
	*builder
	words map[string]bool // the spans of the document and their lines
	text  string          // all of them

	spoken map[*locker.Record]map[string]bool // see tell

	fields map[fieldKey]found
}

func newExact(b *builder) *exact {
	own := *b // its maps are written to; other methods of the report may be at work
	own.things, own.parts, own.having, own.clean = maps.Clone(b.things), maps.Clone(b.parts), maps.Clone(b.having), maps.Clone(b.clean)
	own.masked, own.told = make(map[int64]bool), nil
	x := &exact{builder: &own, spoken: b.told, words: make(map[string]bool), fields: make(map[fieldKey]found)}
	var all strings.Builder
	for _, block := range b.blocks {
		for _, spans := range spansOf(block) {
			for _, s := range spans {
				x.words[s.Text] = true
				for line := range strings.SplitSeq(s.Text, "\n") {
					x.words[line] = true
				}
				all.WriteString(s.Text)
			}
			all.WriteString("\n")
		}
	}
	x.text = all.String()
	return x
}

// spansOf returns what stands in a block, but for the names of its rows and
// columns.
func spansOf(b typeset.Block) (out [][]typeset.Span) {
	switch b := b.(type) {
	case typeset.Heading:
		out = append(out, typeset.Text(b.Text))
	case typeset.Paragraph:
		out = append(out, b.Spans)
	case typeset.List:
		out = b.Items
	case typeset.Fields:
		for _, row := range b.Rows {
			out = append(out, row.Value)
		}
	case typeset.Table:
		for _, row := range b.Rows {
			for _, cell := range row {
				out = append(out, cell)
			}
		}
	case typeset.Mono:
		out = append(out, typeset.Text(b.Text))
	case typeset.Note:
		out = append(out, b.Spans)
	case typeset.Card:
		out = append(append(out, b.Title), b.Lines...)
	case typeset.Picture:
		out = append(out, b.Caption)
	}
	return out
}

// shows tells whether the document has all of spans in its text.
func (x *exact) shows(spans []typeset.Span) bool {
	for _, s := range spans {
		if !x.words[s.Text] && !strings.Contains(x.text, strings.TrimSpace(s.Text)) {
			return false
		}
	}
	return len(spans) > 0
}

// tells tells whether the document speaks of a record.
func (x *exact) tells(r *locker.Record) bool { return x.spoken[r] != nil }

// string returns text that came from outside with every character as it is.
// Secrets are masked as in the document; a text with one, and one that is not
// UTF-8, stands as in the document.
func (x *exact) string(r *locker.Record, s string) string {
	shown, printable := x.builder.text(r, s), typeset.Printable(s)
	switch {
	case shown != printable || !utf8.ValidString(s):
		return shown
	case s == printable:
		return s
	}
	s, _ = maskSecrets(s, x.s("〔伏字〕", "[masked]"))
	return s
}

// exactTime is a moment as it was recorded, in its own offset and in UTC.
type exactTime struct {
	At    string `json:"at"`
	UTC   string `json:"utc"`
	Typed string `json:"typed,omitempty"` // what the person typed, where that says more
}

// exactAmount is a quantity of an asset. Quantity is a plain decimal; it and
// Asset are empty where Typed could not be read.
type exactAmount struct {
	Quantity string `json:"quantity"`
	Asset    string `json:"asset"`
	Typed    string `json:"typed"`
}

func rfc3339(t time.Time) string { return record.FormatTime(t) }

func rfc3339UTC(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// field returns the value of a field: a string, []string, int64, exactTime or
// exactAmount; nil where there is none, and where the document keeps it back.
func (x *exact) field(r *locker.Record, name string) any {
	return x.found(r, name).value
}

// found returns a field with its words in the document.
func (x *exact) found(r *locker.Record, name string) found {
	key := fieldKey{r, name}
	f, known := x.fields[key]
	if !known {
		spans := x.value(r, name)
		f = found{x.read(r, name, spans), plain(spans)}
		x.fields[key] = f
	}
	return f
}

type found struct {
	value any
	words string
}

type fieldKey struct {
	rec  *locker.Record
	name string
}

func (x *exact) read(r *locker.Record, name string, spans []typeset.Span) any {
	if len(spans) == 0 || !x.spoken[r][name] {
		return nil
	}
	switch v := r.Fields[name].(type) {
	case record.Time:
		if !x.shows(typeset.Text(localTime(v.At))) {
			return nil
		}
		t := exactTime{At: rfc3339(v.At), UTC: rfc3339UTC(v.At)}
		if raw := typed(v); raw != "" && x.shows(typeset.Text(x.builder.text(r, raw))) {
			t.Typed = x.string(r, raw)
		}
		return t
	case record.List:
		var list []string
		for _, t := range v {
			if x.shows(typeset.Text(x.builder.text(r, string(t)))) {
				list = append(list, x.string(r, string(t)))
			}
		}
		if list == nil {
			return nil
		}
		return list
	}
	if !x.shows(spans) {
		return nil
	}
	switch v := r.Fields[name].(type) {
	case record.Amount:
		return exactAmount{Quantity: x.string(r, v.Quantity), Asset: x.string(r, v.Asset), Typed: x.string(r, v.Raw)}
	case record.Int:
		return int64(v)
	default:
		return x.string(r, v.String())
	}
}

// things returns the records of a type that the document speaks of, each with
// its number in it.
func (x *exact) things(t record.Type) []thing {
	var out []thing
	for i, r := range x.with(string(t)) {
		if x.tells(r) {
			out = append(out, thing{i + 1, r})
		}
	}
	return out
}

// machine is what the forms of a report for machines hold.
type machine struct {
	document object
	rows     []transaction
}

func newMachine(b *builder, r *Report) machine {
	x := newExact(b)
	return machine{x.document(r), x.transactions()}
}

type thing struct {
	n   int
	rec *locker.Record
}

// documentDate is the date of the document: a day, or a moment in its own offset.
func (x *exact) documentDate() string {
	switch {
	case x.date.IsZero():
		return ""
	case x.dayOnly:
		return x.date.Format(time.DateOnly)
	}
	return rfc3339(x.date)
}

// hasFile tells whether the document names an exhibit.
func (x *exact) hasFile(e exhibit) bool {
	return strings.Contains(x.text, fmt.Sprintf("%x", e.SHA256)) || x.words[x.exhibitName(e)]
}

// sorted returns numbers of records in their order, never nil.
func sorted(seqs []int64) []int64 {
	out := append([]int64{}, seqs...)
	slices.Sort(out)
	return out
}
