package report

import (
	"fmt"
	"image"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"evidence-locker/locker"
	"evidence-locker/locker/datafile"
	"evidence-locker/locker/exchange"
	"evidence-locker/locker/playbook"
	"evidence-locker/locker/record"
	"evidence-locker/report/typeset"
)

// builder gathers the content of one report.
type builder struct {
	in        Input
	key, lang string
	file      recipientFile
	custody   bool
	address   bool // see Options.Address
	book      *playbook.Book
	exchanges *exchange.Catalog

	exchangeKey  string // of the incident, or the text as recorded; "" if not recorded
	exchangeName string
	here         string // the exchange whose data may stand in the report, see elsewhere
	kinds        []kind
	accounts     []*locker.Record
	exhibits     []exhibit
	marks, masks map[int64][]image.Rectangle // see Options
	damaged      []int64
	date         time.Time
	dayOnly      bool // the date was asked for: it has no time of day

	parts  map[*locker.Record][]*locker.Record // what a merged record is made of
	things map[record.Type][]*locker.Record    // see ofIncident
	having map[string][]*locker.Record         // see with
	clean  map[string]maskedText               // see text
	told   map[*locker.Record]map[string]bool  // what the document was made of, at least; see tell

	title    string
	blocks   []typeset.Block
	sections int
	none     []string           // titles of sections without a record
	pictures map[string]exhibit // by the ID of their block
	files    map[string]exhibit // by the ID of the card that stands for them
	missing  []MissingField
	masked   map[int64]bool
	rounded  bool // some ratio is not exact

	most, mostAside int // how many values stand in the form of a field that is asked for, of another
	shown           int // of the field that is being shown
	keptBack        int // how many records of orders at other exchanges are left out
}

func newBuilder(in Input, o Options, key string, file recipientFile) *builder {
	b := &builder{
		in: in, key: key, lang: o.Lang, file: file, custody: o.Custody, address: o.Address, most: most, mostAside: most, shown: most, book: in.Kinds, exchanges: in.Exchanges,
		date: o.Date, dayOnly: !o.Date.IsZero(), marks: cloneAreas(o.Marks), masks: cloneAreas(o.Masks),
		parts: make(map[*locker.Record][]*locker.Record), things: make(map[record.Type][]*locker.Record),
		having: make(map[string][]*locker.Record), clean: make(map[string]maskedText), told: make(map[*locker.Record]map[string]bool),
		pictures: make(map[string]exhibit), files: make(map[string]exhibit), masked: make(map[int64]bool),
	}
	if b.book == nil {
		b.book = playbook.Builtin()
	}
	if b.exchanges == nil {
		b.exchanges = exchange.Builtin()
	}
	if last := newest(in); last != nil && b.date.IsZero() {
		b.date = last.RecordedAt
	}
	b.exchangeName = b.textOf("incident.exchange") // already by its name if it is known
	b.exchangeKey = b.exchangeName
	if e, ok := b.exchanges.Lookup(b.exchangeName); ok {
		b.exchangeKey, b.exchangeName = e.Key, e.Name(b.lang)
	}
	b.here = datafile.Fold(b.exchangeKey)
	if b.here == "" && b.file.Exchange {
		b.here = b.onlyExchange()
	}
	b.kinds = b.recordedKinds()
	b.accounts = b.ownAccounts()
	for _, i := range []*locker.Incident{in.Reporter, in.Incident} {
		if i == nil {
			continue
		}
		for _, d := range i.Damaged {
			b.damaged = append(b.damaged, d.Seq)
		}
	}
	slices.Sort(b.damaged)
	b.exhibits = b.numberExhibits()
	return b
}

// s picks the text of the document's language.
func (b *builder) s(ja, en string) string {
	if b.lang == "ja" {
		return ja
	}
	return en
}

func (b *builder) notRecorded() string { return b.s("未記入", "not recorded") }
func (b *builder) none1() string       { return b.s("該当なし", "none") }

func (b *builder) add(blocks ...typeset.Block) { b.blocks = append(b.blocks, blocks...) }

// section adds a numbered section, or remembers that there is nothing for it.
func (b *builder) section(id, title string, blocks []typeset.Block) {
	if len(blocks) == 0 {
		b.none = append(b.none, title)
		return
	}
	b.optional(id, title, blocks)
}

// optional adds a numbered section that nobody expects where it is empty.
func (b *builder) optional(id, title string, blocks []typeset.Block) {
	if len(blocks) == 0 {
		return
	}
	b.sections++
	number := fmt.Sprint(b.sections)
	if b.key == "mica" {
		number = string(rune('A' + b.sections - 1)) // the template has the figures
	}
	b.add(typeset.Heading{Level: 2, Text: number + ". " + title, ID: id})
	b.add(blocks...)
}

// running is the head line of every page: which incident, of which date.
func (b *builder) running() string {
	s := fmt.Sprintf(b.s("案件 %d", "Incident %d"), b.in.Incident.Number)
	if !b.date.IsZero() {
		s += " ・ " + b.day()
	}
	return s
}

// day prints the date of the document without a time of day.
func (b *builder) day() string {
	day := b.date
	if b.era() {
		if b.dayOnly {
			day = time.Date(day.Year(), day.Month(), day.Day(), 12, 0, 0, 0, jst)
		}
		return eraDate(day) + "（" + day.In(jst).Format(time.DateOnly) + "）"
	}
	return day.Format(time.DateOnly)
}

// rec names the records that a fact comes from.
func (b *builder) rec(r *locker.Record) string {
	b.tell(r, "")
	if seqs := b.seqs(r); len(seqs) > 1 {
		return fmt.Sprintf(b.s("記録%s", "records %s"), numbers(seqs))
	}
	if r.Under != nil {
		return fmt.Sprintf(b.s("記録%d、案件%dから", "record %d, from incident %d"), r.Seq, r.Incident)
	}
	return fmt.Sprintf(b.s("記録%d", "record %d"), r.Seq)
}

// recCell names the records in a column of their numbers.
func (b *builder) recCell(r *locker.Record) typeset.Cell {
	b.tell(r, "")
	return typeset.Text(numbers(b.seqs(r)))
}

// goTo is a mention of another place in the document.
func goTo(id, text string) typeset.Span { return typeset.Span{Text: text, Link: "#" + id} }

// asked tells whether the field applies to this incident's kinds. Where no kind
// is recorded, only what every kind asks for does.
func (b *builder) asked(f field) bool {
	if len(f.NotKinds) > 0 && len(b.kinds) > 0 {
		return slices.ContainsFunc(b.kinds, func(k kind) bool { return !slices.Contains(f.NotKinds, k.Key) })
	}
	if len(f.Kinds) == 0 {
		return true
	}
	return slices.ContainsFunc(b.kinds, func(k kind) bool { return slices.Contains(f.Kinds, k.Key) })
}

// asking tells how the incident's exchange asks for a field.
func (b *builder) asking(f field) asking {
	for _, at := range f.At {
		if at.Exchange == b.exchangeKey {
			return at.asking
		}
	}
	return f.asking
}

// onRequest tells whether a field is left out because nobody asked to include
// it.
func (b *builder) onRequest(f field) bool { return f.Include == "address" && !b.address }

// form makes the rows of fields of the recipient's list, in their order. What
// is not there stands as a word, never as an empty box, and is listed as missing
// if the recipient wants it. sheet chooses those of the detachable sheet.
func (b *builder) form(fields []field, sheet bool) []typeset.Field {
	var rows []typeset.Field
	for _, f := range fields {
		if f.Sheet != sheet && !(sheet && f.Path == "reporter.name" && f.Show == "") {
			continue
		}
		if b.onRequest(f) {
			continue
		}
		b.shown = b.most
		if !b.asked(f) {
			b.shown = b.mostAside
		}
		spans := b.show(f)
		b.shown = most
		ask := b.asking(f)
		switch {
		case !b.asked(f) && f.Show == "see-circumstances":
			continue // says nothing that another row does not
		case len(spans) > 0:
			// The service alone does not say where the person was.
			if f.Show == "place" && b.key == "police" && len(b.with(f.Path)) == 0 {
				b.missIn(f, ask)
			}
		case !b.asked(f) || ask.Need == Optional && f.Absent == "" && f.Include == "" && !f.Sheet:
			continue
		default:
			spans = typeset.Text(b.absent(f))
			if f.Sheet == sheet && f.Absent == "" {
				b.missIn(f, ask)
			}
		}
		rows = append(rows, typeset.Field{Label: b.s(f.JA, f.EN), Value: spans})
	}
	return rows
}

// missIn notes that a field is missing, if the recipient wants it.
func (b *builder) missIn(f field, ask asking) {
	if ask.Need == Required || ask.Need == Expected {
		b.miss(MissingField{f.Path, f.JA, f.EN, ask.Need, ask.WhyJA, ask.WhyEN, ask.Source, f.With})
	}
}

// miss notes what is missing, once for each field of a record.
func (b *builder) miss(m MissingField) {
	if !slices.ContainsFunc(b.missing, func(have MissingField) bool { return have.Path == m.Path }) {
		b.missing = append(b.missing, m)
	}
}

func (b *builder) absent(f field) string {
	switch f.Absent {
	case "none":
		// Beside a talk whose number or reply is not recorded, "none" would be
		// a statement that nobody made.
		if strings.HasPrefix(f.Path, "contact.") && len(b.with("contact")) > 0 {
			return b.notRecorded()
		}
		return b.none1()
	case "unknown":
		return b.s("不詳", "unknown")
	}
	return b.notRecorded()
}

// show words the value of a field, nothing if there is none.
func (b *builder) show(f field) []typeset.Span {
	if f.Show != "" {
		return shows[f.Show](b)
	}
	return b.plainValues(f.Path)
}

// most is how many values of one field stand in the form at first; all of them
// are in the sections behind it.
const most = 3

// formOnOnePage shows fewer values of each field where the form would not fit
// the first page, which is to be enough to act upon.
func (b *builder) formOnOnePage(points float64) []typeset.Field {
	for {
		rows := b.form(b.file.Field, false)
		switch {
		case formHeight(rows) <= points || b.most <= 1:
			return rows
		case b.mostAside > 1:
			b.mostAside-- // nobody asked for these in this kind of trouble
		default:
			b.most--
		}
	}
}

// formHeight estimates how high a form of 9 points is set, in points. A line of
// it holds some 62 columns of Latin letters, its label 22; Japanese lines are
// narrower and higher.
func formHeight(rows []typeset.Field) float64 {
	high := func(s string, columns int) (points float64) {
		for l := range strings.SplitSeq(s, "\n") {
			width, line := uniseg.StringWidth(l), 13.0
			if width > utf8.RuneCountInString(l) {
				width, line = width*5/6, 15
			}
			points += line * float64(max(1, (width+columns-1)/columns))
		}
		return points
	}
	height := 0.0
	for _, row := range rows {
		height += 6.5 + max(high(row.Label, 22), high(plain(row.Value), 62))
	}
	return height
}

// plainValues prints the distinct values of a path, one to a line.
func (b *builder) plainValues(path string) []typeset.Span {
	_, name, _ := strings.Cut(path, ".")
	var out []typeset.Span
	seen := make(map[string]bool)
	for _, r := range b.with(path) {
		v := b.value(r, name)
		if text := plain(v); !seen[text] {
			seen[text] = true
			if len(seen) <= b.shown {
				out = join("\n", out, v)
			}
		}
	}
	if n := len(seen) - b.shown; n > 0 {
		out = append(out, typeset.Span{Text: fmt.Sprintf(b.s("\nほか%d件", "\nand %d more"), n)})
	}
	return out
}

// damageNote stands on the first page if something could not be read.
func (b *builder) damageNote() []typeset.Block {
	if len(b.damaged) == 0 {
		return nil
	}
	return []typeset.Block{typeset.Note{
		Title: b.s("読めない記録があります", "Some records could not be read"),
		Spans: typeset.Text(fmt.Sprintf(b.s(
			"この文書の元になる記録のうち%d件は、保管庫で壊れていて読めない。記録番号: %s。本書は残りの記録から作った。",
			"%d of the records behind this document are damaged in the vault and could not be read. Record numbers: %s. The document is made from the rest."),
			len(b.damaged), numbers(b.damaged))),
	}}
}

func numbers(seqs []int64) string {
	s := make([]string, len(seqs))
	for i, n := range seqs {
		s[i] = fmt.Sprint(n)
	}
	return strings.Join(s, ", ")
}

// unknown returns the numbers of records that a newer version wrote.
func (b *builder) unknown() []int64 {
	var seqs []int64
	for _, r := range b.newer() {
		seqs = append(seqs, r.Seq)
	}
	return seqs
}

func (b *builder) newer() []*locker.Record {
	var rs []*locker.Record
	used(b.in, func(r *locker.Record) {
		if !r.Known && r.Retracted == nil {
			rs = append(rs, r)
		}
	})
	return rs
}
