package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"evidence-locker/locker"
	"evidence-locker/locker/record"
	"evidence-locker/locker/statement"

	"github.com/rivo/uniseg"
	"github.com/urfave/cli/v2"
)

// importAll is how many rows of a file become records where nothing chooses
// among them. What a person downloads for an incident is a day or a handful; a
// year of trades is not the incident, and every row of it would stand in the
// report, where nobody would find the one that matters.
const importAll = 50

// importNamed is how many damaged rows of a file are named one by one.
const importNamed = 20

func newImportCommand(e *env) *cli.Command {
	return &cli.Command{
		Name: "import",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "incident", Aliases: []string{"i"}, Usage: "N"},
			&cli.BoolFlag{Name: "new"},
			&cli.StringFlag{Name: "exchange", Usage: "NAME"},
			&cli.StringFlag{Name: "since", Usage: "TIME"},
			&cli.StringFlag{Name: "until", Usage: "TIME"},
			&cli.StringSliceFlag{Name: "order", Usage: "ID"},
			&cli.StringSliceFlag{Name: "txid", Usage: "ID"},
			&cli.StringFlag{Name: "zone", Usage: "ZONE"},
			&cli.BoolFlag{Name: "dry-run"},
		},
		Action: func(c *cli.Context) error {
			return runImport(c.Context, e, importOptions{
				paths: c.Args().Slice(), incident: c.String("incident"), fresh: c.Bool("new"), exchange: c.String("exchange"),
				since: c.String("since"), until: c.String("until"), zone: c.String("zone"), dryRun: c.Bool("dry-run"),
				ids: append(c.StringSlice("order"), c.StringSlice("txid")...),
			})
		},
	}
}

type importOptions struct {
	paths                                  []string
	incident, exchange, since, until, zone string
	ids                                    []string
	fresh, dryRun                          bool
}

func runImport(ctx context.Context, e *env, o importOptions) error {
	i := &importing{e: e, o: o}
	target, err := targetOf("import", o.incident, o.fresh)
	if err != nil {
		return err
	}
	if len(o.paths) == 0 {
		return &usageError{key: "usage.nothing-to-import", example: e.ui.command("import", "trades.csv", "--since", "2026-11-01 09:00")}
	}
	own, err := e.ownFiles()
	if err != nil {
		return err
	}
	files, err := e.collectFiles(ctx, o.paths, "", own)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return &failure{key: "err.nothing-done"} // each has been named
	}
	now := e.now().At
	i.choose(now)
	i.book = e.statements()
	for n := range files {
		i.readings = append(i.readings, i.reading(&files[n]))
	}
	if o.dryRun {
		return i.preview(files)
	}
	i.a = &adding{e: e, now: now, files: files, target: target, instead: i.record}
	return i.a.run(ctx)
}

// statements are the formats of files that are known, the person's own over the
// built-in ones.
func (e *env) statements() *statement.Book {
	dir, err := e.configDir()
	if err != nil {
		return statement.Builtin()
	}
	path := filepath.Join(dir, "statements")
	b, err := statement.Load(os.DirFS(path))
	if err != nil {
		e.ui.warning("add.own-data", path, err)
	}
	return b
}

// An importing is one run of import.
type importing struct {
	e        *env
	o        importOptions
	a        *adding
	book     *statement.Book
	request  statement.Request
	all      bool // nothing chooses among the rows
	unclear  bool // what should choose could not be read: no row is taken
	readings []*reading
}

// choose reads the flags that choose rows. With one that cannot be read, the
// files are recorded and no row is: the wrong rows would be worse than none.
func (i *importing) choose(now time.Time) {
	u, q := i.e.ui, &i.request
	monthFirst := u.lang == "ja"
	moment := func(flag, s string, wholeDay bool) (t time.Time) {
		if s == "" {
			return t
		}
		t, err := parseWhen(s, now, monthFirst)
		if errors.Is(err, errWhenDate) {
			if t, err = parseWhen(s+" 00:00", now, monthFirst); err == nil && wholeDay {
				t = t.AddDate(0, 0, 1).Add(-time.Minute)
			}
		}
		if err != nil {
			i.unclear = true
			u.lost("import.bad-time", flag, s, err)
			return time.Time{}
		}
		if wholeDay && t.Second() == 0 { // 14:03 goes on until 14:04
			t = t.Add(time.Minute - 1)
		}
		return t
	}
	q.Since, q.Until = moment("--since", i.o.since, false), moment("--until", i.o.until, true)
	if !q.Since.IsZero() && !q.Until.IsZero() && q.Since.After(q.Until) {
		i.unclear = true
		u.lost("import.backwards")
	}
	for _, id := range i.o.ids {
		if id = strings.TrimSpace(id); id != "" {
			q.IDs = append(q.IDs, id)
		}
	}
	if i.o.zone != "" {
		var ok bool
		if q.Zone, ok = statement.ParseZone(i.o.zone); !ok {
			i.unclear = true
			u.lost("import.bad-zone", i.o.zone)
		}
	}
	q.Local = now.Location()
	i.all = q.Since.IsZero() && q.Until.IsZero() && len(q.IDs) == 0
}

// A reading is one file on its way, and what is found in it.
type reading struct {
	name     string
	opened   bool
	res      statement.Result
	rows     []statement.Row
	more     bool // than importAll, and nothing chooses
	problems []statement.Problem
	unnamed  int // problems beyond importNamed
	sum      [32]byte
	changed  bool  // what was read here is not what was recorded
	err      error // the rows could not be read, for a fault of the program's
}

// reading makes file be read for its rows while it is recorded: from one and
// the same reading of it, so that the rows are those of the bytes recorded.
func (i *importing) reading(file *locker.File) *reading {
	r := &reading{name: file.Name}
	open := file.Open
	file.Open = func() (io.ReadCloser, error) {
		rc, err := open()
		if err != nil {
			return nil, err
		}
		r.opened = true
		pr, pw := io.Pipe()
		t := &tee{rc: rc, pipe: pw, sum: sha256.New(), done: make(chan struct{})}
		t.end = func(sum [32]byte) { r.sum = sum }
		go func() {
			defer close(t.done)
			i.read(r, pr)
			pr.Close()
		}()
		return t, nil
	}
	return r
}

func (i *importing) read(r *reading, src io.Reader) {
	q := i.request
	q.Name = r.name
	if i.all {
		q.Most = importAll
	}
	if !i.unclear {
		q.Row = func(row statement.Row) { r.rows = append(r.rows, row) }
	}
	q.Problem = func(p statement.Problem) {
		if len(r.problems) == importNamed {
			r.unnamed++
			return
		}
		r.problems = append(r.problems, p)
	}
	// The file is being recorded meanwhile, and nothing in it may stop that.
	defer func() {
		if p := recover(); p != nil {
			r.rows, r.err = nil, fmt.Errorf("%v", p)
		}
	}()
	r.res, _ = i.book.Read(src, q) // who writes to src sees its error
	r.more = i.all && r.res.Wanted > importAll
}

// A tee hands on what is read of a file, and its digest at the end.
type tee struct {
	rc   io.ReadCloser
	pipe *io.PipeWriter
	sum  hash.Hash
	done chan struct{}
	end  func([32]byte)
}

func (t *tee) Read(p []byte) (int, error) {
	n, err := t.rc.Read(p)
	t.sum.Write(p[:n])
	_, _ = t.pipe.Write(p[:n]) // recording goes on, whatever the other side does
	return n, err
}

func (t *tee) Close() error {
	t.pipe.Close()
	<-t.done
	t.end([32]byte(t.sum.Sum(nil)))
	return t.rc.Close()
}

// Stat lets the vault see whether the file changes under its hands.
func (t *tee) Stat() (fs.FileInfo, error) {
	if s, ok := t.rc.(interface{ Stat() (fs.FileInfo, error) }); ok {
		return s.Stat()
	}
	return nil, errors.ErrUnsupported
}

// record records the files, and then the rows that were found in them.
func (i *importing) record(ctx context.Context) error {
	a, p := i.a, &plan{now: i.a.now}
	if i.o.exchange != "" {
		i.o.exchange = p.named(i.o.exchange, "exchange", i.e.names().exchange)
	}
	a.problems = p.problems
	err := a.commit(ctx, a.target, p.facts, a.files)
	i.tellAgain(ctx)
	if err == nil {
		if facts := i.facts(); len(facts) > 0 {
			err = a.commit(ctx, locker.Target{Number: a.incident}, facts, nil)
		}
	}
	if err != nil {
		return a.finish(ctx, err, i.statementsJSON(false))
	}
	for _, r := range i.readings {
		// A file that was not recorded has been named. Another may have its name.
		if r.opened && !(r.changed && slices.ContainsFunc(a.failed, func(f jsonFailed) bool { return string(f.Name) == r.name })) {
			i.tell(r)
		}
	}
	i.tellMissed()
	return a.finish(ctx, err, i.statementsJSON(false))
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

// facts are the rows to be recorded, of files that are.
func (i *importing) facts() []locker.Fact {
	var facts []locker.Fact
	for _, r := range i.readings {
		r.changed = r.opened && !slices.Contains(i.a.sums, r.sum)
		if !r.opened || r.changed || r.more {
			continue
		}
		for _, row := range r.rows {
			facts = append(facts, i.fact(r, row))
		}
	}
	return facts
}

// fact is a row with where it stands.
func (i *importing) fact(r *reading, row statement.Row) locker.Fact {
	f := maps.Clone(row.Fields)
	f["file"], f["line"] = record.Text(hex.EncodeToString(r.sum[:])), record.Int(row.Line)
	if i.o.exchange != "" && row.Type == record.Order {
		f["exchange"] = record.Text(i.o.exchange)
	}
	return locker.Fact{Type: row.Type, Fields: f}
}

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

// rowLines shows the rows in a table, their identifiers below them where a line
// would be too long.
func (i *importing) rowLines(r *reading) []string {
	lines := i.table(r, true).lines(helpWidth)
	if !slices.ContainsFunc(lines, func(s string) bool { return uniseg.StringWidth(s) > helpWidth }) {
		return lines
	}
	lines = nil
	for n, line := range i.table(r, false).lines(helpWidth) {
		lines = append(lines, line)
		if n == 0 {
			continue
		}
		if id := i.idOf(r.rows[n-1]); id != "" {
			lines = append(lines, "      "+id)
		}
	}
	return lines
}

// idOf is what a row is known by.
func (i *importing) idOf(row statement.Row) string {
	for _, name := range []string{"id", "txid", "reference"} {
		if v := row.Fields[name]; v != nil {
			return i.e.ui.lang.value(v)
		}
	}
	return ""
}

// table lines the rows up. Identifiers and numbers are never cut, and a column
// that is empty is left out.
func (i *importing) table(r *reading, ids bool) *table {
	l := i.e.ui.lang
	columns := []struct {
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
	if !ids {
		columns = columns[:len(columns)-1]
	}
	t := &table{head: []string{l.label("line"), l.label("type")}, rows: make([][]string, len(r.rows))}
	for n, row := range r.rows {
		t.rows[n] = []string{strconv.FormatInt(row.Line, 10), l.typeName(row.Type)}
	}
	for _, c := range columns {
		cells, empty := make([]string, len(r.rows)), true
		for n, row := range r.rows {
			for _, f := range c.fields {
				if v := row.Fields[f]; v != nil && cells[n] == "" {
					cells[n] = strings.Join(strings.Fields(l.value(v)), " ")
					empty = false
				}
			}
		}
		if empty {
			continue
		}
		if c.flex {
			t.flex = append(t.flex, len(t.head))
		}
		t.head = append(t.head, l.label(c.label))
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
