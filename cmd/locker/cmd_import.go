package main

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"evidence-locker/locker"
	"evidence-locker/locker/record"
	"evidence-locker/locker/statement"

	"github.com/urfave/cli/v2"
)

// importAll is how many rows of a file become records where nothing chooses
// among them. What a person downloads for an incident is a day or a handful; a
// year of trades is not the incident, and every row of it would stand in the
// report, where nobody would find the one that matters.
const importAll = 50

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

// record records the files, and then the rows that were found in them.
func (i *importing) record(ctx context.Context) error {
	a, p := i.a, &plan{now: i.a.now}
	if i.o.exchange != "" {
		i.o.exchange = p.named(i.o.exchange, "exchange", i.e.names().exchange)
	}
	a.problems = p.problems
	err := a.commit(ctx, a.target, p.facts, a.files)
	i.tellAgain(ctx)
	// The rows of a file that is recorded follow even after Ctrl-C: importing it
	// again would record it again.
	if facts := i.facts(); len(facts) > 0 {
		err = cmp.Or(err, a.commit(context.WithoutCancel(ctx), locker.Target{Number: a.incident}, facts, nil))
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
	i.tellExchange()
	return a.finish(ctx, err, i.statementsJSON(false))
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
