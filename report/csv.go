package report

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"evidence-locker/locker"
	"evidence-locker/locker/record"
	"evidence-locker/report/typeset"
)

// csvColumns are the columns of WriteCSV in their order. The names are part of
// the format: programs of others read them.
var csvColumns = []string{
	"type", "item", "records", "time", "time_utc", "exchange", "direction", "side", "order_type", "pair",
	"asset", "quantity", "amount_as_typed", "price", "filled_quantity", "average_price", "placed_at", "filled_at",
	"fee_asset", "fee_quantity", "fee_as_typed", "network", "txid", "order_id", "from", "to", "memo",
	"bank", "branch", "bank_account_kind", "bank_account", "bank_holder", "bank_reference",
	"status", "service", "explorer_url", "value_asset", "value_quantity", "value_as_typed", "value_source", "value_at",
	"attempted", "executed", "difference", "intended", "slippage", "note", "file", "line",
}

// csvCheck is the column of what is wrong with addresses.
const csvCheck = "address_check"

// csvNames are the columns of those fields that have another name there.
var csvNames = map[string]string{
	"order.id": "order_id", "order.type": "order_type", "order.filled": "filled_quantity",
	"bank.kind": "bank_account_kind", "bank.number": "bank_account", "bank.holder": "bank_holder", "bank.reference": "bank_reference",
	"transfer.at": "time", "bank.at": "time", "loss.at": "time", "order.at": "time",
}

// csvIdentifiers are the columns that hold an identifier.
var csvIdentifiers = []string{"txid", "order_id", "from", "to", "memo", "bank_account", "bank_reference", "explorer_url", "file"}

// WriteCSV writes the transactions of the report, one to a row: transfers,
// orders and bank transfers, in order of time and then of their records, those
// without a time last; then the losses, which repeat what the others say, in
// the same order. It is the side file of identifiers
// that an exchange or an officer can copy from (recipients.md, rule 8).
//
// The format is RFC 4180 in UTF-8 with a byte order mark, without which Excel
// shows no Japanese. The first row names the columns; names, and values of the
// program's own, are the same in every language. "type" is transfer, order,
// bank or loss, and "item" its number in the document; "records" and "from" may
// hold several, with a blank between. "time" is in the offset that was recorded
// (RFC 3339); for an order without a time of its own it is that of placing, or
// else of filling it. "exchange" is the key of a known exchange.
//
// Where an address is mistyped there is one more column, the last:
// "address_check" says which and why, in the language of the document.
//
// Every character is as recorded, but for control and direction characters,
// which stand as their code points as in the text, and for masked secrets. An
// attacker chooses memos, names and so notes, and a spreadsheet takes a cell
// that begins with = + - @ (also in full width), a tab or a line end for a
// formula, so such a cell gets an apostrophe in front; so does what would begin
// a cell where the spreadsheet divides rows at semicolons or tabs, as in many
// languages, or at the line ends within a cell. Numbers stay exact, and so do
// identifiers that begin with + or - and have nothing in them that could call a
// function or a program.
//
// A spreadsheet that opens the file shows a long number such as an order ID
// rounded (Excel keeps 15 digits) and a leading zero not at all. The file
// itself is exact; imported with all columns as text it shows so.
func (r *Report) WriteCSV(w io.Writer) error {
	_, err := io.WriteString(w, "\ufeff")
	if err != nil {
		return fmt.Errorf("writing report as CSV: %w", err)
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	columns, rows := csvColumns, r.machine().rows
	if slices.ContainsFunc(rows, func(t transaction) bool { return t.cells[csvCheck] != "" }) {
		columns = append(slices.Clone(columns), csvCheck)
	}
	out.Write(columns)
	for _, row := range rows {
		cells := make([]string, len(columns))
		for i, name := range columns {
			cells[i] = csvCell(name, row.cells[name])
		}
		out.Write(cells)
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("writing report as CSV: %w", err)
	}
	return nil
}

// transaction is a row.
type transaction struct {
	at    time.Time // zero if not recorded
	seq   int64
	cells map[string]string // by column
}

// loss tells a loss from what moved: a clerk adds up one or the other.
func (t transaction) loss() bool { return t.cells["type"] == "loss" }

func (x *exact) transactions() []transaction {
	var rows []transaction
	for _, t := range []record.Type{"transfer", "order", "bank", "loss"} {
		for _, th := range x.things(t) {
			rows = append(rows, x.transaction(th))
		}
	}
	slices.SortStableFunc(rows, func(a, b transaction) int {
		switch {
		case a.loss() && !b.loss():
			return 1
		case b.loss() && !a.loss():
			return -1
		}
		if a.at.IsZero() != b.at.IsZero() {
			return cmp.Compare(b.at.Unix(), a.at.Unix()) // the zero time is the earliest of all
		}
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.seq, b.seq))
	})
	return rows
}

func (x *exact) transaction(th thing) transaction {
	r := th.rec
	row := transaction{seq: r.Seq, cells: map[string]string{
		"type": string(r.Type), "item": fmt.Sprint(th.n), "records": strings.ReplaceAll(numbers(x.seqs(r)), ",", ""),
	}}
	for _, f := range record.FieldsOf(r.Type) {
		name, ok := csvNames[string(r.Type)+"."+f.Name]
		if !ok {
			name = f.Name
		}
		switch v := x.field(r, f.Name).(type) {
		case nil:
		case string:
			if e, ok := x.exchanges.Lookup(v); ok && f.Name == "exchange" {
				v = e.Key
			}
			row.cells[name] = v
		case []string:
			row.cells[name] = strings.Join(v, " ")
		case int64:
			row.cells[name] = fmt.Sprint(v)
		case exactTime:
			row.cells[name] = v.At
		case exactAmount:
			prefix, typed := name+"_", name+"_as_typed"
			if name == "amount" {
				prefix = ""
			}
			row.cells[prefix+"asset"], row.cells[prefix+"quantity"], row.cells[typed] = v.Asset, v.Quantity, v.Typed
		}
	}
	var checks []string
	for _, w := range x.doubts(r) {
		checks = append(checks, w.field+" "+w.address+x.s("：", ": ")+w.words)
	}
	row.cells[csvCheck] = strings.Join(checks, "\n")
	for _, name := range []string{"at", "placed_at", "filled_at"} {
		if row.at = x.timeOf(r, name); !row.at.IsZero() {
			row.cells["time"], row.cells["time_utc"] = rfc3339(row.at), rfc3339UTC(row.at)
			break
		}
	}
	return row
}

// timeOf returns the time of a field, the zero time where there is none to
// show.
func (x *exact) timeOf(r *locker.Record, name string) time.Time {
	if t, ok := r.Fields[name].(record.Time); ok && x.field(r, name) != nil {
		return t.At
	}
	return time.Time{}
}

var (
	csvNumber = regexp.MustCompile(`^[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$`)
	// csvInner finds what begins a cell only where other signs than commas divide
	// a row.
	csvInner = regexp.MustCompile(`([;\t\n]["' ]*)([=+\-@＝＋－＠])`)
	// csvHarmless has no parenthesis, comma, quote, bar or exclamation mark:
	// without them no formula calls a function, another file or a program.
	csvHarmless = regexp.MustCompile(`^[+-][0-9A-Za-z][0-9A-Za-z:._/+= -]*$`)
)

// csvCell makes a value safe to open in a spreadsheet.
func csvCell(column, s string) string {
	if strings.ContainsFunc(s, func(r rune) bool {
		return typeset.Hidden(r) && r != '\t' && !unicode.Is(unicode.Join_Control, r) // joiners spell words and emoji
	}) {
		s = typeset.Printable(s)
	}
	s = csvInner.ReplaceAllString(s, "$1'$2")
	first, _ := utf8.DecodeRuneInString(s)
	if !strings.ContainsRune("=+-@\t\n＝＋－＠", first) || csvNumber.MatchString(s) ||
		slices.Contains(csvIdentifiers, column) && csvHarmless.MatchString(s) {
		return s
	}
	return "'" + s
}
