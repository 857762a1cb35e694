// Package statement reads what exchanges let people download: CSV files of
// trades, orders, deposits and withdrawals, and saved answers of their APIs. A
// file is recognised by its header or by the names in its objects, never by its
// own name. How a format's columns become the fields of records stands in a
// data file for each exchange; adding a format is adding an entry.
//
// Files are streamed: memory does not grow with them, whatever is in them. A
// row that cannot be read is named by its line, and reading goes on behind it.
package statement

import (
	"bufio"
	"bytes"
	"io"
	"slices"
	"strings"
	"time"

	"evidence-locker/locker/record"
)

// A Request says how to read a file and which of its rows are wanted: those
// with a time from Since to Until, and those with one of the IDs. Where neither
// is given, all of them are.
type Request struct {
	Name         string         // of the file; it may tell the zone, or deposits from withdrawals
	Zone         *time.Location // of times that carry none, nil if nobody said
	Local        *time.Location // the machine's zone, for want of any other; nil is UTC
	Since, Until time.Time      // zero: open
	IDs          []string       // of orders or transactions

	Most    int64         // how many of the wanted rows are handed on; 0: all
	Row     func(Row)     // called for each of them, in their order; may be nil
	Problem func(Problem) // called for what could not be read
}

// A Row is a row of a file as a record: an order, a transfer of coins or one of
// money.
type Row struct {
	Line   int64 // on which it begins, from 1
	Type   record.Type
	Fields record.Fields
}

// A Problem is something in a file that could not be read.
type Problem struct {
	Line int64
	Code string
	Text string // what stands there, if that helps
}

// The codes of problems. Rows with the first four are damaged and left out.
const (
	BadQuotes  = "quotes"  // a quotation mark does not end where it should
	BadColumns = "columns" // more or fewer cells than the header
	BadLength  = "length"  // a line or text longer than any row
	BadJSON    = "json"    // what follows is no JSON; nothing behind it can be read
	BadTwice   = "twice"   // an object with two values of one name
	BadTime    = "time"    // no time: the row is taken without, unless times choose
	BadAmount  = "amount"  // no number: kept as it stands
)

// Where the zone of a file's times comes from.
const (
	ZoneCell    = "cell"    // each time has its own
	ZoneHeader  = "header"  // the header says it
	ZoneGiven   = "given"   // Request.Zone
	ZoneName    = "name"    // the file's name says it
	ZoneFormat  = "format"  // the exchange's documents say it
	ZoneAssumed = "assumed" // nobody says it
)

// A Result tells what a file is and what was found in it.
type Result struct {
	Exchange string   // key of the exchange, "" if the file was not recognised
	Format   string   // as in "trades", for programs
	Header   []string // the names of the columns; of the likeliest line if the file was not recognised
	Line     int64    // of the header
	Zip      bool     // a ZIP file, as .xlsx files are: not looked into

	Rows        int64 // that could be read
	Wanted      int64 // of these, those that were asked for
	Damaged     int64
	Untimed     int64 // without a time, of Rows
	First, Last time.Time
	ZoneFrom    string
	Zone        string   // as in "+09:00" or "Asia/Tokyo"; "" where each time has its own
	Undirected  int64    // wanted transfers of which nothing tells whether they went in or out
	Sentence    string   // what stands in the place of rows in an empty export
	Missed      []string // IDs that no row has
}

// Known reports whether the file was recognised.
func (r *Result) Known() bool { return r.Exchange != "" }

// maxLine bounds a line, and a text in JSON. No exchange's rows come near it.
const maxLine = 1 << 20

// Read reads a file to its end. The error is that of r; what was found before
// it counts.
func (b *Book) Read(r io.Reader, q Request) (Result, error) {
	src := bufio.NewReaderSize(r, maxLine)
	if bom, _ := src.Peek(3); string(bom) == "\ufeff" {
		_, _ = src.Discard(3)
	}
	rd := &reader{book: b, q: q, found: make([]bool, len(q.IDs))}
	head, _ := src.Peek(512)
	var err error
	switch first := bytes.TrimLeft(head, " \t\r\n"); {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		rd.res.Zip = true
		_, err = io.Copy(io.Discard, src)
	case len(first) > 0 && (first[0] == '{' || first[0] == '['):
		err = rd.json(src)
	default:
		err = rd.csv(src)
	}
	for i, id := range q.IDs {
		if !rd.found[i] {
			rd.res.Missed = append(rd.res.Missed, id)
		}
	}
	return rd.res, err
}

// reader carries one Read.
type reader struct {
	book  *Book
	q     Request
	res   Result
	found []bool // by the index of Request.IDs
	zone  *time.Location
}

func (rd *reader) problem(line int64, code, text string) {
	switch code {
	case BadTime, BadAmount:
	default:
		rd.res.Damaged++
	}
	if rd.q.Problem != nil {
		rd.q.Problem(Problem{line, code, text})
	}
}

// begin settles the zone, once the format is known. header is what the header
// says of it, nil if it says nothing.
func (rd *reader) begin(f *format, header *time.Location) {
	rd.res.Exchange, rd.res.Format = f.exchange, f.Of
	name := nameZone(rd.q.Name)
	switch {
	case f.Zone == "cell":
		rd.zone, rd.res.ZoneFrom = time.UTC, ZoneCell
		if rd.q.Zone != nil {
			rd.zone = rd.q.Zone
		}
		return
	case header != nil:
		rd.zone, rd.res.ZoneFrom = header, ZoneHeader
	case f.zone != nil && !f.assumed:
		rd.zone, rd.res.ZoneFrom = f.zone, ZoneFormat
	case rd.q.Zone != nil:
		rd.zone, rd.res.ZoneFrom = rd.q.Zone, ZoneGiven
	case name != nil:
		rd.zone, rd.res.ZoneFrom = name, ZoneName
	case f.zone != nil:
		rd.zone, rd.res.ZoneFrom = f.zone, ZoneAssumed
	default:
		rd.zone, rd.res.ZoneFrom = rd.q.Local, ZoneAssumed
		if rd.zone == nil {
			rd.zone = time.UTC
		}
	}
	rd.res.Zone = zoneName(rd.zone)
}

// bare takes note of a time without a zone, in a file where each has one.
func (rd *reader) bare(own bool) {
	if own || rd.res.ZoneFrom != ZoneCell {
		return
	}
	rd.res.ZoneFrom, rd.res.Zone = ZoneAssumed, zoneName(rd.zone)
	if rd.q.Zone != nil {
		rd.res.ZoneFrom = ZoneGiven
	}
}

func (rd *reader) byTime() bool { return !rd.q.Since.IsZero() || !rd.q.Until.IsZero() }

// wants reports whether a row is wanted for its times or IDs, and takes note of
// both.
func (rd *reader) wants(times []time.Time, ids []string) bool {
	rd.res.Rows++
	q := &rd.q
	byTime := rd.byTime()
	wanted := !byTime && len(q.IDs) == 0
	if len(times) == 0 {
		rd.res.Untimed++
	}
	for i, t := range times {
		if byTime && !t.Before(q.Since) && (q.Until.IsZero() || !t.After(q.Until)) {
			wanted = true
		}
		if i > 0 {
			continue
		}
		if rd.res.First.IsZero() || t.Before(rd.res.First) {
			rd.res.First = t
		}
		if t.After(rd.res.Last) {
			rd.res.Last = t
		}
	}
	for i, want := range q.IDs {
		// Hex digits of a transaction ID come in either case.
		if slices.ContainsFunc(ids, func(id string) bool { return strings.EqualFold(id, want) }) {
			wanted, rd.found[i] = true, true
		}
	}
	if wanted {
		rd.res.Wanted++
	}
	return wanted
}

// emit hands a wanted row on.
func (rd *reader) emit(f *format, line int64, cells []cell) {
	if !rd.emits() {
		return
	}
	row, problems := f.build(cells, rd.zone, rd.q.Name)
	row.Line = line
	for _, p := range problems {
		rd.problem(line, p.Code, p.Text)
	}
	if _, ok := row.Fields["direction"]; !ok && row.Type != record.Order {
		rd.res.Undirected++
	}
	rd.q.Row(row)
}

// emits reports whether the row that wants has just counted is handed on.
func (rd *reader) emits() bool {
	return rd.q.Row != nil && (rd.q.Most == 0 || rd.res.Wanted <= rd.q.Most)
}
