package main

import (
	"context"
	"io"
	"slices"
	"strconv"
	"strings"

	"evidence-locker/locker"
	"evidence-locker/locker/statement"

	"github.com/rivo/uniseg"
)

// This file says what files are, which rows of them are taken, and what is odd.

// preview shows what would be recorded, and records nothing.
func (i *importing) preview(files []locker.File) error {
	u := i.e.ui
	read := 0
	if i.o.exchange != "" {
		if key, _, ok := i.e.names().exchange(i.o.exchange); ok {
			i.o.exchange = key
		}
	}
	for n, r := range i.readings {
		rc, err := files[n].Open()
		if err == nil {
			_, err = io.Copy(io.Discard, rc)
			rc.Close()
		}
		if err != nil {
			u.lost("import.unreadable", pathOf(r.name, err), err)
		}
		if !r.opened {
			continue
		}
		read++
		if !u.asJSON && len(r.rows) > 0 {
			u.say("import.file", r.name, i.e.exchangeName(r.res.Exchange))
			for _, line := range i.rowLines(r) {
				u.print(line)
			}
			if r.more {
				u.say("import.and-more", int(r.res.Wanted)-len(r.rows))
			}
		}
		i.tell(r)
	}
	i.tellMissed()
	if read == 0 {
		return &failure{key: "err.nothing-done"}
	}
	if u.asJSON {
		return u.printJSON(struct {
			Files []jsonStatement `json:"files"`
		}{i.statementsJSON(true)})
	}
	u.info("import.dry-run")
	return nil
}

// rowColumns are what a row is shown by; one whose values may be cut is flexible.
var rowColumns = []struct {
	label  string
	fields []string
	flex   bool
}{
	{"at", []string{"placed_at", "at", "filled_at"}, false},
	{"direction", []string{"side", "direction"}, false},
	{"amount", []string{"quantity", "filled", "amount"}, false},
	{"price", []string{"price", "average_price"}, false},
	{"pair", []string{"pair"}, false},
	{"network", []string{"network"}, true},
	{"status", []string{"status"}, true},
	{"id", []string{"id", "txid", "reference"}, false},
}

// rowLines shows the rows in a table. Where a line would be too long, the last
// columns stand below each row.
func (i *importing) rowLines(r *reading) []string {
	const least = 2
	n := len(rowColumns)
	lines := i.table(r, n).lines(helpWidth)
	for n > least && slices.ContainsFunc(lines, func(s string) bool { return uniseg.StringWidth(s) > helpWidth }) {
		n--
		lines = i.table(r, n).lines(helpWidth)
	}
	shown := []string{lines[0]}
	for k, row := range r.rows {
		shown = append(shown, lines[k+1])
		var below []string
		for c := n; c < len(rowColumns); c++ {
			if s := i.cell(row, c); s != "" {
				below = append(below, s)
			}
		}
		const indent = "      "
		if line := indent + strings.Join(below, tableGap); uniseg.StringWidth(line) <= helpWidth {
			below = []string{line[len(indent):]}
		}
		for _, s := range below {
			if s != "" {
				shown = append(shown, indent+s)
			}
		}
	}
	return shown
}

// cell is what stands in a column of a row, on one line.
func (i *importing) cell(row statement.Row, column int) string {
	for _, f := range rowColumns[column].fields {
		if v := row.Fields[f]; v != nil {
			return strings.Join(strings.Fields(i.e.ui.lang.value(v)), " ")
		}
	}
	return ""
}

// table lines the rows up in the first columns. Identifiers and numbers are
// never cut, and a column that is empty is left out.
func (i *importing) table(r *reading, columns int) *table {
	l := i.e.ui.lang
	t := &table{head: []string{l.label("line"), l.label("type")}, rows: make([][]string, len(r.rows))}
	for n, row := range r.rows {
		t.rows[n] = []string{strconv.FormatInt(row.Line, 10), l.typeName(row.Type)}
	}
	for c, column := range rowColumns[:columns] {
		cells := make([]string, len(r.rows))
		for n, row := range r.rows {
			cells[n] = i.cell(row, c)
		}
		if strings.Join(cells, "") == "" {
			continue
		}
		if column.flex {
			t.flex = append(t.flex, len(t.head))
		}
		t.head = append(t.head, l.label(column.label))
		for n := range t.rows {
			t.rows[n] = append(t.rows[n], cells[n])
		}
	}
	return t
}

// tell says what a file is and what is odd about it.
func (i *importing) tell(r *reading) {
	u, res := i.e.ui, &r.res
	switch {
	case r.changed:
		u.lost("import.changed", r.name)
		return
	case r.err != nil:
		u.lost("import.unreadable", r.name, r.err)
		return
	case res.Zip:
		u.lost("import.zip", r.name)
		return
	case !res.Known() && !r.isText():
		u.lost("import.no-table", r.name)
		if !i.o.dryRun {
			u.hint("import.file-stays")
		}
		return
	}
	i.tellProblems(r)
	switch {
	case !res.Known() && len(r.problems) > 0 && len(res.Header) == 0:
		return
	case !res.Known() && len(res.Header) == 0:
		u.lost("import.no-rows-at-all", r.name)
		return
	case !res.Known():
		u.lost("import.unknown", r.name, int(res.Line), cut(strings.Join(res.Header, ","), 2000))
		if !i.o.dryRun {
			u.hint("import.file-stays")
		}
		u.hint("import.by-hand", quoteLine(u.command("add", "--order", "ID", "--at", "TIME", "--note", "TEXT")))
		return
	}
	i.tellRows(r)
	i.tellZone(r)
	if res.Undirected > 0 && !r.more {
		u.warning("import.undirected", r.name, int(res.Undirected))
	}
	if x := i.o.exchange; x != "" && x != res.Exchange {
		u.warning("import.other-exchange", r.name, i.e.exchangeName(res.Exchange), i.e.exchangeName(x))
	}
}

// tellRows says how many rows there are, and why none is taken if so.
func (i *importing) tellRows(r *reading) {
	u, res := i.e.ui, &r.res
	span := formatTime(res.First) + " - " + formatTime(res.Last)
	switch {
	case res.Sentence != "":
		u.info("import.sentence", r.name, res.Sentence)
	case res.Rows == 0:
		u.info("import.no-rows", r.name)
	case i.unclear:
		u.lost("import.none-taken", r.name, int(res.Rows))
	case r.more && !i.o.dryRun:
		u.lost("import.too-many", r.name, int(res.Rows), importAll)
		u.hint("import.choose")
	case res.Wanted == 0 && res.First.IsZero():
		u.lost("import.none-wanted", r.name, int(res.Rows))
	case res.Wanted == 0:
		u.lost("import.none-between", r.name, int(res.Rows), span)
	case res.First.IsZero():
		u.info("import.taken", r.name, int(res.Rows), int(res.Wanted))
	default:
		u.info("import.taken-between", r.name, int(res.Rows), span, int(res.Wanted))
	}
	if i.request.Since.IsZero() && i.request.Until.IsZero() {
		return
	}
	if res.Untimed > 0 {
		u.lost("import.untimed", r.name, int(res.Untimed))
	}
}

func (i *importing) tellProblems(r *reading) {
	u := i.e.ui
	for _, p := range r.problems {
		args := []any{r.name, int(p.Line)}
		switch p.Code {
		case statement.BadTime, statement.BadAmount, statement.BadTwice:
			args = append(args, cut(p.Text, 200))
		}
		u.lost("import.row-"+p.Code, args...)
	}
	if r.unnamed > 0 {
		u.lost("import.rows-more", r.name, r.unnamed)
	}
}

// tellZone says where the offset of the times comes from. One that nobody says
// is worth a warning: nine hours decide what the report proves.
func (i *importing) tellZone(r *reading) {
	u, zone := i.e.ui, r.res.Zone
	if len(r.rows) == 0 || r.more && !i.o.dryRun { // none was taken
		return
	}
	if zone == "Local" {
		if zone = i.e.now().Zone; zone == "" {
			zone = i.e.now().At.Format("-07:00")
		}
	}
	switch r.res.ZoneFrom {
	case statement.ZoneAssumed:
		u.warning("import.zone-assumed", r.name, zone)
		u.hint("import.zone-hint")
	case statement.ZoneName:
		u.info("import.zone-name", r.name, zone)
	case statement.ZoneGiven:
	default:
		if i.request.Zone != nil {
			u.warning("import.zone-unused", r.name)
		}
	}
}

// tellMissed names the IDs that no file has.
func (i *importing) tellMissed() {
	for n, id := range i.request.IDs {
		missed := func(r *reading) bool { return !r.opened || slices.Contains(r.res.Missed, i.request.IDs[n]) }
		if !slices.ContainsFunc(i.readings, func(r *reading) bool { return !missed(r) }) {
			i.e.ui.lost("import.missed", id)
		}
	}
}

// tellAgain points out a file that may have been recorded before. Only the
// passphrase could tell: all that is seen without it is how long files are.
func (i *importing) tellAgain(ctx context.Context) {
	for _, r := range i.a.recorded {
		if r.Exhibit == nil || r.Exhibit.Size == 0 {
			continue
		}
		// What cannot be read now keeps nobody from recording.
		if before, err := i.a.v.SameLength(ctx, r.Seq); err == nil && len(before) > 0 {
			i.e.ui.hint("import.again", r.Exhibit.Name, before[0], quoteLine(i.e.ui.command("show", "--seq", strconv.FormatInt(before[0], 10))))
		}
	}
}

// tellExchange shows how to record the exchange whose files these are as the one
// that a new incident is about. That it is, only the person knows.
func (i *importing) tellExchange() {
	exchange := ""
	for _, r := range i.readings {
		switch key := r.res.Exchange; {
		case !r.opened || key == "" || key == exchange:
		case exchange == "":
			exchange = key
		default:
			return
		}
	}
	if exchange != "" && i.o.exchange == "" && i.a.begins && len(i.a.recorded) > 0 {
		i.e.ui.hint("import.exchange", i.e.exchangeName(exchange), quoteLine(i.e.ui.command("add", "--exchange", exchange)))
	}
}

type jsonStatement struct {
	Name     jsonText      `json:"name"`
	Exchange string        `json:"exchange,omitempty"`
	Format   string        `json:"format,omitempty"`
	Header   []string      `json:"header,omitempty"`
	Line     int64         `json:"header_line,omitempty"`
	Rows     int64         `json:"rows"`
	Wanted   int64         `json:"wanted"`
	Damaged  int64         `json:"damaged"`
	First    string        `json:"first,omitempty"`
	Last     string        `json:"last,omitempty"`
	Zone     string        `json:"zone,omitempty"`
	ZoneFrom string        `json:"zone_from,omitempty"`
	Problems []jsonProblem `json:"problems,omitempty"`
	Records  []jsonRow     `json:"records,omitempty"`
}

type jsonProblem struct {
	Line int64    `json:"line"`
	Code string   `json:"code"`
	Text jsonText `json:"text,omitempty"`
}

type jsonRow struct {
	Line   int64          `json:"line"`
	Type   string         `json:"type"`
	Fields map[string]any `json:"fields"`
}

func (i *importing) statementsJSON(rows bool) []jsonStatement {
	all := []jsonStatement{}
	for _, r := range i.readings {
		if !r.opened {
			continue
		}
		s := jsonStatement{
			Name: jsonText(r.name), Exchange: r.res.Exchange, Format: r.res.Format, Header: r.res.Header, Line: r.res.Line,
			Rows: r.res.Rows, Wanted: r.res.Wanted, Damaged: r.res.Damaged,
			First: timeJSON(r.res.First), Last: timeJSON(r.res.Last), Zone: r.res.Zone, ZoneFrom: r.res.ZoneFrom,
		}
		for _, p := range r.problems {
			s.Problems = append(s.Problems, jsonProblem{p.Line, p.Code, jsonText(p.Text)})
		}
		if rows {
			for _, row := range r.rows {
				s.Records = append(s.Records, jsonRow{row.Line, string(row.Type), fieldsJSON(row.Fields)})
			}
		}
		all = append(all, s)
	}
	return all
}
