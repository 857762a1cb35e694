package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"evidence-locker/locker"
	"evidence-locker/locker/record"
	"evidence-locker/report/typeset"
)

// tableSize in points lets a time with its offset stand on one line of 56 mm.
const tableSize = 8.5

// circumstances are the person's own words, each with its record.
func (b *builder) circumstances() []typeset.Block {
	var out []typeset.Block
	for _, r := range b.with("incident.summary") {
		out = append(out, typeset.Paragraph{Spans: append([]typeset.Span{{Text: b.s("要約：", "In short: "), Bold: true}}, b.value(r, "summary")...)})
	}
	for _, r := range b.with("incident.narrative") {
		out = append(out, typeset.Paragraph{Spans: b.value(r, "narrative")},
			typeset.Paragraph{Spans: []typeset.Span{{Text: b.rec(r), Muted: true}}, Align: typeset.Right, Size: 8})
	}
	return out
}

// opinions are kept apart from the facts (recipients.md, rule 1).
func (b *builder) opinions() []typeset.Block {
	var out []typeset.Block
	for _, r := range b.with("incident.opinion") {
		out = append(out, typeset.Paragraph{Spans: b.value(r, "opinion")})
	}
	if len(out) > 0 {
		out = append([]typeset.Block{typeset.Paragraph{Spans: []typeset.Span{{Muted: true, Text: b.s(
			"次は本人の意見や推測であり、事実の記載ではない。",
			"What follows is the person's opinion or guess, not a statement of facts.")}}}}, out...)
	}
	return out
}

// otherFacts are those about the incident that no other section shows.
func (b *builder) otherFacts() []typeset.Block {
	var rows []typeset.Field
	for _, name := range []string{"phase", "noticed_how", "own_ip", "isp", "current_risk"} {
		if v := b.plainValues("incident." + name); len(v) > 0 {
			rows = append(rows, typeset.Field{Label: b.label("incident", name), Value: v})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return []typeset.Block{typeset.Fields{Rows: rows}}
}

// event is a dated fact.
type event struct {
	at   time.Time
	rank int     // among those of one moment: what ends something comes last
	seqs []int64 // never empty
	what []typeset.Span
}

// rankOf tells where a time of a record stands among others of the same moment.
func rankOf(name string) int {
	switch name {
	case "last_ok_at", "suspected_from", "started_at":
		return 0
	case "suspected_to", "ended_at", "until":
		return 2
	}
	return 1
}

// isAct tells whether a record can be an act of harm. What came in is none, nor
// what the person and the desks did about it.
func isAct(r *locker.Record) bool {
	return r.Type == "order" || (r.Type == "transfer" || r.Type == "bank") && !incoming(r)
}

// placesActs tells whether the reader wants a place beside every act.
func (b *builder) placesActs() bool { return b.key == "police" || b.key == "police-generic" }

// whereabouts is what is recorded of places for the whole incident.
type whereabouts struct{ services, url, person []typeset.Span }

// placeLine says where an act took place: the service, its address on the web
// and where the person was (recipients.md, rule 2).
func (b *builder) placeLine(r *locker.Record, incident whereabouts) []typeset.Span {
	service := b.value(r, "exchange")
	if r.Type == "bank" {
		service = b.brief(r, "bank", "branch")
	}
	url := incident.url
	if len(service) == 0 {
		service = incident.services
	}
	if plain(service) != b.exchangeName {
		url = nil // it is that of another service
	}
	person := incident.person
	if len(person) == 0 {
		person = typeset.Text(b.notRecorded())
	}
	if len(service) == 0 {
		service = typeset.Text(b.notRecorded())
	}
	person = append(typeset.Text(b.s("本人のいた所：", "The person was at: ")), person...)
	return append([]typeset.Span{{Text: b.s("\n場所：", "\nPlace: "), Muted: true}}, join("\n", service, url, person)...)
}

// events are all dated facts in the order in which they happened, and apart
// from them the records without a time of their own. The time of recording is
// never taken for the time of the fact.
func (b *builder) events() (es []event, undated []untimed) {
	place := func(*locker.Record) []typeset.Span { return nil }
	if b.placesActs() {
		incident := whereabouts{b.services(), b.plainValues("incident.url"), b.plainValues("incident.place")}
		place = func(r *locker.Record) []typeset.Span { return b.placeLine(r, incident) }
	}
	add := func(r *locker.Record, name string, what []typeset.Span) bool {
		t, ok := b.moment(r, name)
		if ok {
			if raw := typed(t); raw != "" {
				what = append(what, typeset.Span{Text: b.s("（時刻の入力: ", " (time as typed: ") + b.text(r, raw) + b.s("）", ")"), Muted: true})
			}
			if isAct(r) || name == "started_at" {
				what = append(what, place(r)...)
			}
			b.tell(r, "")
			es = append(es, event{t.At, rankOf(name), b.seqs(r), what})
		}
		return ok
	}
	for _, name := range []string{"last_ok_at", "first_bad_at", "suspected_from", "suspected_to", "started_at", "ended_at", "noticed_at"} {
		for _, r := range b.with("incident." + name) {
			add(r, name, typeset.Text(b.label("incident", name)))
		}
	}
	dated := []struct {
		t     record.Type
		names []string
		what  func(n int, r *locker.Record, name string) []typeset.Span
	}{
		{"attempt", []string{"from", "until"}, b.attemptEvent},
		{"order", []string{"placed_at", "filled_at", "at"}, b.itemEvent("order", b.s("注文", "Order"), "side", "pair", "quantity", "price")},
		{"transfer", []string{"at"}, b.itemEvent("transfer", b.s("送金", "Transfer"), "direction", "amount", "status")},
		{"bank", []string{"at"}, b.itemEvent("bank", b.s("銀行", "Bank"), "direction", "amount", "bank")},
		{"loss", []string{"at"}, b.itemEvent("loss", b.s("損失", "Loss"), "amount")},
		{"action", []string{"at"}, b.lineEvent("actions", b.s("措置", "Step"), "step", "text")},
		{"contact", []string{"at"}, b.itemEvent("contact", b.s("やり取り", "Contact"), "with", "channel", "direction")},
		{"note", []string{"at"}, b.lineEvent("notes", b.s("メモ", "Note"), "text")},
	}
	for _, d := range dated {
		for i, r := range b.ofIncident(d.t) {
			found := false
			for _, name := range d.names {
				found = add(r, name, d.what(i+1, r, name)) || found
			}
			if !found {
				what := d.what(i+1, r, d.names[0])
				if isAct(r) {
					what = append(what, place(r)...)
				}
				undated = append(undated, untimed{r, what})
			}
		}
	}
	for _, x := range b.exhibits {
		if !add(x.rec, "at", b.exhibitTime(x)) {
			undated = append(undated, untimed{x.rec, []typeset.Span{goTo(x.id(), b.exhibitName(x)), {Text: b.s("：", ": ")}, mono(x.name)}})
		}
	}
	slices.SortStableFunc(es, func(x, y event) int {
		return cmp.Or(x.at.Compare(y.at), cmp.Compare(x.rank, y.rank), cmp.Compare(x.seqs[0], y.seqs[0]))
	})
	slices.SortStableFunc(undated, func(x, y untimed) int { return cmp.Compare(x.rec.Seq, y.rec.Seq) })
	return es, undated
}

// backwards returns the numbers of records by which something ended before it
// began. The report shows them as they are; the person may have mistyped one.
func (b *builder) backwards() []int64 {
	var seqs []int64
	check := func(first *locker.Record, began string, last *locker.Record, ended string) {
		from, ok := first.Fields[began].(record.Time)
		to, good := last.Fields[ended].(record.Time)
		if ok && good && !from.At.IsZero() && !to.At.IsZero() && to.At.Before(from.At) {
			seqs = append(append(seqs, b.seqs(first)...), b.seqs(last)...)
		}
	}
	for _, p := range [][2]string{{"started_at", "ended_at"}, {"suspected_from", "suspected_to"}} {
		if began, ended := b.with("incident."+p[0]), b.with("incident."+p[1]); len(began) > 0 && len(ended) > 0 {
			check(began[0], p[0], ended[0], p[1])
		}
	}
	for t, p := range map[record.Type][2]string{"attempt": {"from", "until"}, "order": {"placed_at", "filled_at"}} {
		for _, r := range b.ofIncident(t) {
			check(r, p[0], r, p[1])
		}
	}
	slices.Sort(seqs)
	return slices.Compact(seqs)
}

// untimed is a record that does not say when something happened.
type untimed struct {
	rec  *locker.Record
	what []typeset.Span
}

// stamp prints a time of recording, if there is one.
func (b *builder) stamp(t time.Time, print func(time.Time) string) string {
	if t.IsZero() {
		return b.notRecorded()
	}
	return print(t)
}

// recordedAt prints when a record, or each of those it is made of, was
// recorded.
func (b *builder) recordedAt(r *locker.Record) string {
	var lines []string
	for _, p := range b.partsOf(r) {
		lines = append(lines, b.stamp(p.RecordedAt, func(t time.Time) string { return localTime(t) + "\n" + utcTime(t) }))
	}
	return strings.Join(slices.Compact(lines), "\n")
}

// recordedWidth is the width in mm of a column of moments of recording, which
// have milliseconds. Mincho, in which the police report is set, is narrower.
func (b *builder) recordedWidth() float64 {
	if b.key == "police" {
		return 56
	}
	return 66
}

// untimedTable shows the records that are not in the timeline, by when they
// were recorded.
func (b *builder) untimedTable(rs []untimed) []typeset.Block {
	t := typeset.Table{Size: tableSize, Columns: []typeset.Column{
		{Head: b.s("記録日時（できごとの日時ではない）", "Recorded (not when it happened)"), MM: b.recordedWidth()},
		{Head: b.s("記録の内容", "What is recorded")},
		{Head: b.s("記録", "Record"), MM: 15, Align: typeset.Right},
	}}
	for _, u := range rs {
		t.Rows = append(t.Rows, []typeset.Cell{typeset.Text(b.recordedAt(u.rec)), u.what, b.recCell(u.rec)})
	}
	return []typeset.Block{
		typeset.Heading{Level: 3, ID: "untimed", Text: b.s("日時の記入がない記録", "Records without a time of their own")}, t,
	}
}

// exhibitTime says no more than is known: the person gave a time for the file.
func (b *builder) exhibitTime(x exhibit) []typeset.Span {
	return []typeset.Span{goTo(x.id(), b.exhibitName(x)), {Text: b.s("：", ": ")}, mono(x.name),
		{Text: b.s("（資料の日時。本人の入力）", " (time given for the file)"), Muted: true}}
}

func (b *builder) attemptEvent(_ int, r *locker.Record, name string) []typeset.Span {
	if name == "until" {
		return append(typeset.Text(b.s("試みの終わり：", "Last attempt: ")), b.value(r, "what")...)
	}
	return append(typeset.Text(b.s("試み：", "Attempt: ")), join(" → ", b.value(r, "what"), b.value(r, "saw"))...)
}

// itemEvent names the item by its number in its own section.
func (b *builder) itemEvent(t record.Type, noun string, names ...string) func(int, *locker.Record, string) []typeset.Span {
	return func(n int, r *locker.Record, name string) []typeset.Span {
		out := []typeset.Span{goTo(itemID(t, n), fmt.Sprintf("%s %d", noun, n))}
		if name == "filled_at" {
			out = append(out, typeset.Span{Text: b.s("が約定", " filled")})
		}
		if what := b.brief(r, names...); len(what) > 0 {
			out = append(append(out, typeset.Span{Text: b.s("：", ": ")}), what...)
		}
		return out
	}
}

// lineEvent gives the text of a short record; a long one is in its section.
func (b *builder) lineEvent(section, noun string, names ...string) func(int, *locker.Record, string) []typeset.Span {
	return func(_ int, r *locker.Record, _ string) []typeset.Span {
		text := b.brief(r, names...)
		if utf8.RuneCountInString(plain(text)) > short {
			return []typeset.Span{{Text: noun}, goTo(section, b.s("（本文は別の節に記載）", " (the text is in its own section)"))}
		}
		return append(typeset.Text(noun+b.s("：", ": ")), text...)
	}
}

// brief prints some fields of a record on one line.
func (b *builder) brief(r *locker.Record, names ...string) []typeset.Span {
	var parts [][]typeset.Span
	for _, name := range names {
		parts = append(parts, b.value(r, name))
	}
	return join(" ", parts...)
}

func (b *builder) timeline() []typeset.Block {
	es, undated := b.events()
	var out []typeset.Block
	if len(es) > 0 {
		t := typeset.Table{Size: tableSize, Columns: []typeset.Column{
			{Head: b.timeHead(), MM: 56},
			{Head: b.s("できごと", "What happened")},
			{Head: b.s("記録", "Record"), MM: 15, Align: typeset.Right},
		}}
		for _, e := range es {
			t.Rows = append(t.Rows, []typeset.Cell{typeset.Text(b.whenCell(e.at)), e.what, typeset.Text(numbers(e.seqs))})
		}
		out = append(out, t)
	}
	// After the table: a paragraph does not stay with the table below it.
	if acts := len(b.with("incident.started_at")) + len(b.with("order")) + len(outgoing(b.with("transfer"))) + len(outgoing(b.with("bank"))); b.placesActs() && acts > 0 {
		out = append(out, typeset.Paragraph{Size: tableSize, Spans: typeset.Text(b.s(
			"送金・注文などの行為には場所を、サービス、URL、本人のいた所の順に付けた。URL と本人のいた所は、案件全体について記録されたものである。",
			"Each transfer, order and the like has its place: the service, its URL, where the person was. URL and whereabouts are those recorded for the incident as a whole."))})
	}
	if len(undated) > 0 {
		out = append(out, b.untimedTable(undated)...)
	}
	return out
}

// attempts show what the person tried: exchanges look at whether the intention
// was visible.
func (b *builder) attempts() []typeset.Block {
	rs := b.with("attempt")
	if len(rs) == 0 {
		return nil
	}
	t := typeset.Table{Size: tableSize, Columns: []typeset.Column{
		{Head: b.s("日時", "Time"), MM: 60}, {Head: b.s("試みたこと", "Tried"), Width: 1.2},
		{Head: b.s("画面の応答", "Response")}, {Head: b.s("回数", "Times"), MM: 14, Align: typeset.Right},
		{Head: b.s("記録", "Record"), MM: 15, Align: typeset.Right},
	}}
	for _, r := range rs {
		at := typeset.Text(b.notRecorded())
		if from, ok := b.moment(r, "from"); ok {
			at = typeset.Text(b.whenCell(from.At))
		}
		if until, ok := b.moment(r, "until"); ok {
			at = append(at, typeset.Span{Text: b.s("\n〜 ", "\nto ") + b.whenCell(until.At)})
		}
		tried := join("\n", b.value(r, "what"), b.brief(r, "side", "quantity", "pair", "price"), b.value(r, "note"))
		t.Rows = append(t.Rows, []typeset.Cell{at, b.or(tried), b.or(b.value(r, "saw")), b.or(b.value(r, "times")), b.recCell(r)})
	}
	return []typeset.Block{t}
}

// or puts a word where there is no value: no box stays empty.
func (b *builder) or(s []typeset.Span) typeset.Cell {
	if len(s) == 0 {
		return typeset.Cell{{Text: b.notRecorded(), Muted: true}}
	}
	return s
}

func itemID(t record.Type, n int) string { return fmt.Sprintf("%s-%d", t, n) }

// items lists the records of a type one by one: every field that is there, and
// those named in wanted as "not recorded" where they are not.
func (b *builder) items(t record.Type, noun string, wanted ...string) []typeset.Block {
	return b.itemsWithout(nil, t, noun, wanted...)
}

// itemsWithout leaves out fields that stand elsewhere.
func (b *builder) itemsWithout(hidden []string, t record.Type, noun string, wanted ...string) []typeset.Block {
	var out []typeset.Block
	for i, r := range b.with(string(t)) {
		out = append(out, typeset.Heading{Level: 3, ID: itemID(t, i+1), Text: fmt.Sprintf(b.s("%s %d（%s）", "%s %d (%s)"), noun, i+1, b.rec(r))})
		var rows []typeset.Field
		for _, f := range record.FieldsOf(t) {
			if slices.Contains(hidden, f.Name) {
				continue
			}
			v := b.value(r, f.Name)
			if f.Name == "line" && len(b.value(r, "file")) > 0 {
				continue // named with the file
			}
			if len(v) == 0 && !slices.Contains(wanted, f.Name) {
				continue
			}
			rows = append(rows, typeset.Field{Label: b.label(t, f.Name), Value: b.or(v)})
		}
		if v := b.orderComparison(r); t == "order" && len(v) > 0 {
			rows = append(rows, typeset.Field{Label: b.s("試みと約定の比較", "Attempted and executed"), Value: v})
		}
		if len(rows) == 0 {
			rows = []typeset.Field{{Label: b.s("内容", "Content"), Value: typeset.Text(b.notRecorded())}}
		}
		out = append(out, typeset.Fields{Keep: true, Rows: rows})
	}
	return out
}

// orders are those at the exchange that reads the report; how many others are
// left out is said.
func (b *builder) orders() []typeset.Block {
	out := b.items("order", b.s("注文", "Order"), "id", "pair", "side", "quantity", "placed_at")
	if n := b.keptBack; n > 0 {
		out = append(out, typeset.Paragraph{Spans: typeset.Text(fmt.Sprintf(b.s(
			"ほかの取引所での注文の記録%d件は、この宛先に関わりがないため載せていない。",
			"Records of orders at other exchanges, left out because they do not concern this reader: %d."), n))})
	}
	return out
}

// losses are itemised with their records, so that a sum entered twice is seen.
func (b *builder) losses() []typeset.Block {
	rs := b.with("loss")
	if len(rs) == 0 {
		return nil
	}
	columns := []typeset.Column{
		{Head: b.s("資産・数量", "Asset and quantity")},
		{Head: b.s("試みた内容／実際／差", "Attempted / executed / difference")},
		{Head: b.s("当時の価格と出所", "Value then and its source"), MM: 56},
		{Head: b.s("記録", "Record"), MM: 15, Align: typeset.Right},
	}
	compares := slices.ContainsFunc(rs, func(r *locker.Record) bool {
		return len(b.value(r, "attempted"))+len(b.value(r, "executed"))+len(b.value(r, "difference")) > 0
	})
	t := typeset.Table{Size: tableSize}
	for _, r := range rs {
		compared := join("\n", b.named(r, "attempted", "試み", "attempted"), b.named(r, "executed", "実際", "executed"), b.lossDifference(r))
		var valued []typeset.Span
		if v, ok := b.moment(r, "value_at"); ok {
			valued = typeset.Text(b.whenCell(v.At))
		}
		source := b.value(r, "value_source")
		if len(source) == 0 && len(b.value(r, "value")) > 0 {
			source = []typeset.Span{{Text: b.s("価格の出所：未記入", "source of the value: not recorded"), Muted: true}}
		}
		worth := join("\n", b.value(r, "value"), source, valued)
		t.Rows = append(t.Rows, []typeset.Cell{b.or(join("\n", b.value(r, "amount"), b.value(r, "note"))), b.or(compared), b.or(worth), b.recCell(r)})
	}
	t.Columns = columns
	if !compares {
		t.Columns = slices.Delete(columns, 1, 2)
		for i := range t.Rows {
			t.Rows[i] = slices.Delete(t.Rows[i], 1, 2)
		}
	}
	out := []typeset.Block{t}
	for _, sums := range []struct {
		field, ja, en string
	}{{"amount", "資産・数量の合計: ", "Total of assets: "}, {"value", "当時の価格の合計: ", "Total of values then: "}} {
		if lines := b.totals(sums.field); len(lines) > 0 {
			out = append(out, typeset.Paragraph{Spans: typeset.Text(b.s(sums.ja, sums.en) + strings.Join(lines, "\n"))})
		}
	}
	return out
}

// named puts a short name before a value.
func (b *builder) named(r *locker.Record, name, ja, en string) []typeset.Span {
	v := b.value(r, name)
	if len(v) == 0 {
		return nil
	}
	return append([]typeset.Span{{Text: b.s(ja+"：", en+": "), Muted: true}}, v...)
}

// lines is a table of time, text and record for short records.
func (b *builder) lines(t record.Type, head string, names ...string) []typeset.Block {
	table := typeset.Table{Size: tableSize, Columns: []typeset.Column{
		{Head: b.s("日時", "Time"), MM: 56}, {Head: head}, {Head: b.s("記録", "Record"), MM: 15, Align: typeset.Right},
	}}
	for _, r := range b.with(string(t)) {
		at := typeset.Cell{{Text: b.notRecorded(), Muted: true},
			{Text: b.s("\n記録日時：\n", "\nrecorded:\n") + b.recordedAt(r), Muted: true}}
		if v, ok := b.moment(r, "at"); ok {
			at = typeset.Text(b.whenCell(v.At))
		}
		var parts [][]typeset.Span
		for _, name := range names {
			parts = append(parts, b.value(r, name))
		}
		table.Rows = append(table.Rows, []typeset.Cell{at, b.or(join("\n", parts...)), b.recCell(r)})
	}
	if len(table.Rows) == 0 {
		return nil
	}
	return []typeset.Block{table}
}
