package main

import (
	"context"
	"errors"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"evidence-locker/locker"

	"github.com/urfave/cli/v2"
	"golang.org/x/text/width"
)

// staleAfter is how long after the last addition an incident stops being taken
// for the one that is going on.
const staleAfter = 24 * time.Hour

func newAddCommand(e *env) *cli.Command {
	many := func(name, value string, aliases ...string) cli.Flag {
		return &cli.StringSliceFlag{Name: name, Usage: value, Aliases: aliases}
	}
	return &cli.Command{
		Name: "add",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "incident", Aliases: []string{"i"}, Usage: "N"},
			&cli.BoolFlag{Name: "new"},
			many("exchange", "NAME"), many("kind", "KIND"), many("title", "TEXT"),
			&cli.StringFlag{Name: "at", Usage: "TIME"},
			&cli.StringFlag{Name: "until", Usage: "TIME"},
			&cli.StringFlag{Name: "noticed", Usage: "TIME"},
			many("account", "ID"), many("order", "ID"), many("txid", "ID"),
			many("to-address", "ADDRESS"), many("from-address", "ADDRESS"), many("loss", "AMOUNT"),
			many("error", "TEXT"), many("url", "URL"), many("place", "TEXT"), many("inquiry", "ID"),
			many("note", "TEXT"), many("set", "KEY=VALUE"),
			&cli.StringFlag{Name: "name", Usage: "NAME"},
		},
		Action: func(c *cli.Context) error {
			return runAdd(c.Context, e, addOptions{
				paths: c.Args().Slice(), incident: c.String("incident"), fresh: c.Bool("new"), name: c.String("name"),
				exchange: c.StringSlice("exchange"), kind: c.StringSlice("kind"), title: c.StringSlice("title"),
				at: c.String("at"), until: c.String("until"), noticed: c.String("noticed"),
				account: c.StringSlice("account"), order: c.StringSlice("order"), txid: c.StringSlice("txid"),
				to: c.StringSlice("to-address"), from: c.StringSlice("from-address"), loss: c.StringSlice("loss"),
				errorText: c.StringSlice("error"), url: c.StringSlice("url"), place: c.StringSlice("place"),
				inquiry: c.StringSlice("inquiry"), note: c.StringSlice("note"), set: c.StringSlice("set"),
			})
		},
	}
}

// addOptions is a command line of add, as typed.
type addOptions struct {
	paths              []string
	incident, name     string
	fresh              bool // --new
	at, until, noticed string

	exchange, kind, title, account, order, txid, to, from, loss []string
	errorText, url, place, inquiry, note, set                   []string
}

func runAdd(ctx context.Context, e *env, o addOptions) error {
	now := e.now().At // "10m ago" counts from here, however long a question stays open
	target, err := o.target()
	if err != nil {
		return err
	}
	own, err := e.ownFiles()
	if err != nil {
		return err
	}
	files, err := e.collectFiles(ctx, o.paths, o.name, own)
	if err != nil {
		return err
	}
	if len(files) == 0 && !o.hasFacts() {
		if len(o.paths) > 0 {
			return &failure{key: "err.nothing-done"} // each has been named
		}
		return &usageError{key: "usage.nothing-to-add", example: e.ui.command("add", "shot.png", "--note", "error 503")}
	}
	if tz := e.getenv("TZ"); tz != "" && e.now().Zone == "" {
		e.ui.warning("add.unknown-zone", tz)
	}
	v, generated, err := e.openForAdd(ctx)
	if err != nil {
		return err
	}
	defer v.Close()
	if small(files) {
		debug.SetGCPercent(-1) // the process ends before there is anything worth collecting
	}
	a := &adding{e: e, v: v, now: now, opts: o, files: files, target: target}
	if err := a.chooseIncident(ctx); err != nil {
		return err
	}
	if err := a.record(ctx); err != nil {
		return err
	}
	if generated != "" {
		return e.offerOwnPassphrase(ctx, v, generated)
	}
	return nil
}

// small reports whether the files together are a few screenshots.
func small(files []locker.File) bool {
	var total int64
	for _, f := range files {
		if f.Size < 0 {
			return false
		}
		total += f.Size
	}
	return total <= 4<<20
}

// target reads --incident and --new.
func (o *addOptions) target() (t locker.Target, err error) {
	t.New = o.fresh
	if o.incident == "" {
		return t, nil
	}
	if o.fresh {
		return t, &usageError{key: "usage.new-and-incident", command: "add"}
	}
	n, err := parseNumber(o.incident)
	t.Number = n
	return t, err
}

// parseNumber reads the number of an incident.
func parseNumber(s string) (int, error) {
	n, err := strconv.Atoi(width.Fold.String(s)) // as a Japanese keyboard types it
	if err != nil || n < 1 {
		return 0, &usageError{key: "usage.no-number", args: []any{s}}
	}
	return n, nil
}

// An adding is one run of add with an open vault.
type adding struct {
	e      *env
	v      *locker.Vault
	now    time.Time // when the command was given
	opts   addOptions
	files  []locker.File
	target locker.Target

	current  int  // the current incident before the run, 0 if there is none
	begins   bool // a new incident begins
	recorded []jsonRecord
	failed   []jsonFailed
	incident int       // of the last line printed, -1 before the first
	problems []problem // said with the first record: "kept as a note" is true only then
}

// chooseIncident settles which incident is added to. It asks only if the
// current one has gone cold and somebody is there.
func (a *adding) chooseIncident(ctx context.Context) error {
	c, err := a.v.Current(ctx)
	if err != nil {
		return err
	}
	a.current, a.incident = c.Number, -1
	switch age := a.now.Sub(c.LastAdded); {
	case a.target.New, a.target.Number > 0:
	case c.Number == 0:
		a.target.New = true
	case age > staleAfter:
		a.target, err = a.askIncident(ctx, c.Number, age)
		if err != nil {
			return err
		}
	}
	a.begins = a.target.New
	if a.target.Number > 0 {
		numbers, err := a.v.IncidentNumbers(ctx)
		if err != nil {
			return err
		}
		a.begins = !slices.Contains(numbers, a.target.Number)
	}
	return nil
}

// askIncident asks whether an incident that was left alone goes on.
func (a *adding) askIncident(ctx context.Context, current int, age time.Duration) (locker.Target, error) {
	u := a.e.ui
	ago := u.formatAge(age)
	for {
		answer, err := u.ask(ctx, "ask.which-incident", current, ago)
		switch {
		case errors.Is(err, errNoTerminal):
			u.warning("add.stale", current, ago)
			u.hint("add.stale-hint", current)
			return locker.Target{New: true}, nil
		case err != nil:
			return locker.Target{}, err
		}
		answer = strings.TrimSpace(answer)
		if answer == "" {
			return locker.Target{New: true}, nil
		}
		if n, err := parseNumber(answer); err == nil {
			return locker.Target{Number: n}, nil
		}
		u.warning("usage.no-number", answer)
	}
}

// record hands everything to the vault and shows what it has committed.
func (a *adding) record(ctx context.Context) error {
	u := a.e.ui
	plan := a.plan()
	a.problems = plan.problems
	for i := range a.files {
		a.files[i].Fields = plan.fileFields()
	}
	update, end := u.progress("progress.add")
	err := a.v.Add(ctx, locker.AddRequest{
		Target: a.target, Facts: plan.facts, Files: a.files,
		Recorded: a.show, Failed: a.fail, Progress: update,
	})
	end()
	if len(a.recorded) > 0 && a.begins && a.target.Number > 0 && a.current > 0 {
		u.hint("add.former", quoteLine(u.command("add", "-i", strconv.Itoa(a.current))))
	}
	if err == nil && len(a.failed) > 0 {
		err = ctx.Err() // an interrupted read fails its file only
	}
	if u.asJSON && (len(a.recorded) > 0 || len(a.failed) > 0) {
		out := jsonAdded{Records: append([]jsonRecord{}, a.recorded...), Failed: a.failed, New: a.begins}
		for _, r := range a.recorded { // what is about the person belongs to none
			out.Incident = max(out.Incident, r.Incident)
		}
		if err := u.printJSON(out); err != nil {
			return err
		}
	}
	if err != nil {
		if len(a.recorded) > 0 {
			if u.outErr == nil { // else exit lists what is not "above"
				u.info("add.kept", len(a.recorded))
			}
		}
		return err
	}
	if len(a.recorded) == 0 {
		return &failure{key: "err.nothing-done"}
	}
	return nil
}

type jsonAdded struct {
	Incident int          `json:"incident"`
	New      bool         `json:"new"`
	Records  []jsonRecord `json:"records"`
	Failed   []jsonFailed `json:"failed,omitempty"`
}

type jsonFailed struct {
	Name  jsonText `json:"name"`
	Error jsonText `json:"error"`
}

// show prints one committed record.
func (a *adding) show(r locker.Recorded) {
	u := a.e.ui
	u.committed = append(u.committed, r.Seq)
	a.recorded = append(a.recorded, jsonRecord{
		Seq: r.Seq, Incident: r.Incident, Type: string(r.Fact.Type), Fields: fieldsJSON(r.Fact.Fields),
		Exhibit: exhibitJSON(r.File), Warnings: r.Warnings,
	})
	if a.incident != r.Incident {
		a.incident = r.Incident
		if !u.asJSON {
			u.say(a.headline(r), r.Incident)
		}
	}
	if !u.asJSON {
		for _, line := range u.recordLines(r.Seq, r.Fact.Type, r.Fact.Fields, r.File) {
			u.print(line)
		}
	}
	for _, p := range a.problems {
		p.show(u)
	}
	a.problems = nil
	for _, w := range r.Warnings {
		name := ""
		if r.File != nil {
			name = r.File.Name
		}
		if w == locker.FileEmpty {
			u.warning("file."+w, name)
		} else {
			u.lost("file."+w, name)
		}
	}
}

// headline names the incident that lines belong to.
func (a *adding) headline(r locker.Recorded) string {
	switch {
	case r.Incident == 0:
		return "incident.none"
	case r.NewIncident || a.begins:
		return "incident.new"
	case r.Incident == a.current:
		return "incident.current"
	default:
		return "incident.other"
	}
}

// fail names a file that was not recorded.
func (a *adding) fail(f locker.File, err error) {
	a.failed = append(a.failed, jsonFailed{jsonText(f.Name), jsonText(err.Error())})
	a.e.ui.lost("file.failed", pathOf(f.Name, err), err)
}

// openForAdd opens the vault. If there is none and somebody is at a terminal,
// it makes one under a generated passphrase, so that nothing stands between
// the person and the record.
func (e *env) openForAdd(ctx context.Context) (v *locker.Vault, generated string, err error) {
	v, err = e.openVault(ctx)
	if err == nil && v.ReadOnly() {
		v.Close()
		return nil, "", locker.ErrReadOnly
	}
	if !errors.Is(err, locker.ErrNoVault) {
		return v, "", err
	}
	path, pathErr := e.vaultPath()
	if pathErr != nil {
		return nil, "", pathErr
	}
	if !e.ui.hasTerminal() {
		return nil, "", &failure{key: "err.no-vault", args: []any{path}, hint: "hint.init-first",
			with: []any{e.initLine()}}
	}
	if generated, err = generatePassphrase(); err != nil {
		return nil, "", err
	}
	v, err = e.createUnderGenerated(ctx, path, generated)
	if errors.Is(err, locker.ErrExists) { // another process was quicker
		v, err = e.openVault(ctx)
		return v, "", err
	}
	if err != nil {
		return nil, "", err
	}
	e.ui.info("add.made-vault", path)
	return v, generated, nil
}

// initLine is the command that makes the vault where there is no terminal.
func (e *env) initLine() string {
	words := []string{"locker", "init", "--passphrase-file", "FILE"}
	if p := e.line.globalValue("vault"); p != "" {
		words = append(words, "--vault", p)
	}
	return quoteLine(words)
}

// offerOwnPassphrase lets the person replace a generated passphrase, now that
// everything is recorded.
func (e *env) offerOwnPassphrase(ctx context.Context, v *locker.Vault, generated string) error {
	own, err := e.newPassphrase(ctx, "ask.own-passphrase")
	if err != nil {
		e.ui.info("add.passphrase-stays")
		if errors.Is(err, context.Canceled) {
			return nil // what was asked for is done
		}
		return err
	}
	if own == "" {
		return nil
	}
	k, err := v.Unlock(ctx, generated)
	if err != nil {
		return err
	}
	if _, err := v.ChangePassphrase(ctx, k, own); err != nil {
		return err
	}
	e.ui.info("add.passphrase-changed")
	return nil
}
