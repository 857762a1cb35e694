package main

import (
	"context"
	"errors"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"evidence-locker/locker"
	"evidence-locker/locker/claims"
	"evidence-locker/locker/record"

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
			&cli.BoolFlag{Name: "screen"},
			&cli.BoolFlag{Name: "clipboard"},
		},
		Action: func(c *cli.Context) error {
			return runAdd(c.Context, e, addOptions{
				paths: c.Args().Slice(), incident: c.String("incident"), fresh: c.Bool("new"), name: c.String("name"),
				screen: c.Bool("screen"), clipboard: c.Bool("clipboard"),
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
	screen, clipboard  bool
	at, until, noticed string

	exchange, kind, title, account, order, txid, to, from, loss []string
	errorText, url, place, inquiry, note, set                   []string
}

func runAdd(ctx context.Context, e *env, o addOptions) error {
	now := e.now().At // "10m ago" counts from here, however long a question stays open
	target, err := targetOf("add", o.incident, o.fresh)
	if err != nil {
		return err
	}
	own, err := e.ownFiles()
	if err != nil {
		return err
	}
	var taken []locker.File // first of all: the screen changes
	if o.screen {
		taken = e.captureScreen(ctx)
	}
	if o.clipboard {
		taken = append(taken, e.captureClipboard(ctx)...)
	}
	files, err := e.collectFiles(ctx, o.paths, o.name, own)
	if err != nil {
		return err
	}
	files = append(taken, files...)
	asks := len(files) == 0 && !o.hasFacts()
	switch {
	case asks && (len(o.paths) > 0 || o.screen || o.clipboard):
		return &failure{key: "err.nothing-done"} // each has been named
	case asks && !e.canAsk():
		return &usageError{key: "usage.nothing-to-add", example: e.ui.command("add", "shot.png", "--note", e.ui.lang.msg("add.example"))}
	}
	a := &adding{e: e, now: now, files: files, target: target, unasked: o.screen || o.clipboard, remind: true}
	a.plan = func() *plan { return o.plan(now, a.begins, len(files) > 0, e.names()) }
	if asks {
		a.ask = func(ctx context.Context) (interrupted bool, err error) {
			interrupted = a.askFacts(ctx, &o)
			switch {
			case o.hasFacts():
			case interrupted:
				err = context.Canceled
			default:
				err = &usageError{key: "usage.nothing-to-add", command: "add"}
			}
			return interrupted, err
		}
	}
	return a.run(ctx)
}

// run opens the vault, chooses the incident and records what is planned for it.
func (a *adding) run(ctx context.Context) error {
	e := a.e
	if tz := e.getenv("TZ"); tz != "" && e.now().Zone == "" {
		e.ui.warning("add.unknown-zone", tz)
	}
	v, generated, err := e.openForAdd(ctx)
	if err != nil {
		return err
	}
	defer v.Close()
	a.v = v
	if a.instead == nil && small(a.files) {
		debug.SetGCPercent(-1) // the process ends before there is anything worth collecting
	}
	if err := a.chooseIncident(ctx); err != nil {
		return a.nothing(err)
	}
	if a.ask != nil {
		interrupted, err := a.ask(ctx)
		if err != nil {
			return a.nothing(err)
		}
		if interrupted {
			return a.recordInterrupted(ctx, generated != "")
		}
	}
	record := a.record
	if a.instead != nil {
		record = a.instead
	}
	if err := record(ctx); err != nil {
		return err
	}
	if a.remind {
		defer e.remind(ctx, v)
	}
	if generated != "" {
		return e.offerOwnPassphrase(ctx, v, generated)
	}
	return nil
}

// nothing says at Ctrl-C that there is no record.
func (a *adding) nothing(err error) error {
	if errors.Is(err, context.Canceled) {
		a.e.ui.info("form.nothing")
	}
	return err
}

// recordInterrupted records what was answered before Ctrl-C, and says so.
func (a *adding) recordInterrupted(ctx context.Context, generated bool) error {
	if err := a.record(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	a.e.ui.info("form.kept")
	if generated {
		a.e.ui.info("add.passphrase-stays")
	}
	return context.Canceled
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

// targetOf reads --incident and --new of a command.
func targetOf(command, incident string, fresh bool) (t locker.Target, err error) {
	t.New = fresh
	if incident == "" {
		return t, nil
	}
	if fresh {
		return t, &usageError{key: "usage.new-and-incident", command: command}
	}
	n, err := parseNumber(incident)
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

// An adding is one run of a command that records without a passphrase.
type adding struct {
	e    *env
	v    *locker.Vault
	now  time.Time    // when the command was given
	plan func() *plan // called once the incident is chosen
	// ask asks for what plan needs, nil if there is nothing to ask.
	ask func(context.Context) (interrupted bool, err error)
	// instead records what no plan can know before the files are read, nil
	// otherwise.
	instead func(context.Context) error

	files  []locker.File
	target locker.Target
	guided bool // the person has the first steps before them
	goesOn bool // without a target, the current incident is meant however old it is

	remind  bool // ends with what is overdue
	unasked bool // nothing is asked: what is on the screen was taken with one keystroke

	current  int       // the current incident before the run, 0 if there is none
	begins   bool      // a new incident begins
	last     time.Time // the hour in which current was last added to
	recorded []jsonRecord
	told     []locker.Fact // those of them about the incident itself
	failed   []jsonFailed
	done     map[string]bool // files that were shown or named as failed, nil if that is of no use
	incident int             // of the last line printed, -1 before the first
	problems []problem       // said with the first record: "kept as a note" is true only then
	sums     [][32]byte      // of the files recorded
}

// chooseIncident settles which incident is added to. It asks only if the
// current one has gone cold and somebody is there.
func (a *adding) chooseIncident(ctx context.Context) error {
	c, err := a.v.Current(ctx)
	if err != nil {
		return err
	}
	a.current, a.last, a.incident = c.Number, c.LastAdded, -1
	switch age := a.now.Sub(c.LastAdded); {
	case a.target.New, a.target.Number > 0, a.target.Fixed:
	case c.Number == 0:
		a.target.New = true
	case a.goesOn:
		if age > staleAfter {
			a.e.ui.hint("add.goes-on", c.Number)
		}
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
		answer, err := "", errNoTerminal
		if !a.unasked {
			d := &dialogue{e: a.e, ctx: ctx, now: a.now}
			answer, err = d.line("ask.which-incident", current, ago), d.err
		}
		switch {
		case errors.Is(err, errNoTerminal):
			u.warning("add.stale", current, ago)
			u.hint("add.stale-hint", current)
			return locker.Target{New: true}, nil
		case err != nil:
			return locker.Target{}, err
		}
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
	return a.finish(ctx, a.commitPlan(ctx), nil)
}

// commitPlan records what is planned: what is about the person after the rest.
func (a *adding) commitPlan(ctx context.Context) error {
	p := a.plan()
	p.checkMails()
	a.problems = p.problems
	for i := range a.files {
		a.files[i].Fields = p.fileFields(a.files[i].Fields)
	}
	var err error
	if len(p.facts)+len(a.files) > 0 || len(p.person) == 0 {
		err = a.commit(ctx, a.target, p.facts, a.files)
	}
	if err == nil && len(p.person) > 0 {
		err = a.commit(ctx, locker.Target{Fixed: true}, p.person, nil)
	}
	return err
}

// commit records facts and files, and shows each of them.
func (a *adding) commit(ctx context.Context, t locker.Target, facts []locker.Fact, files []locker.File) error {
	update, end := a.e.ui.progress("progress.add")
	defer end()
	return a.v.Add(ctx, locker.AddRequest{
		Target: t, Facts: facts, Files: files, Describe: claims.Of,
		Recorded: a.show, Failed: a.fail, Progress: update,
	})
}

// finish ends a run that recorded what it could until err. statements are what
// import says of the files.
func (a *adding) finish(ctx context.Context, err error, statements []jsonStatement) error {
	u := a.e.ui
	if len(a.recorded) > 0 && a.begins && a.target.Number > 0 && a.current > 0 {
		u.hint("add.former", quoteLine(u.command("add", "-i", strconv.Itoa(a.current))))
	}
	if err == nil && len(a.failed) > 0 {
		err = ctx.Err() // an interrupted read fails its file only
	}
	if jsonErr := a.printed(statements); jsonErr != nil {
		return jsonErr
	}
	if err != nil {
		if len(a.recorded) > 0 && u.outErr == nil { // else exit lists what is not "above"
			u.info("add.kept", len(a.recorded))
		}
		return err
	}
	if len(a.recorded) == 0 {
		return &failure{key: "err.nothing-done"}
	}
	a.pointToGuide()
	return nil
}

// json is what was recorded, for programs.
func (a *adding) json() jsonAdded {
	out := jsonAdded{Records: append([]jsonRecord{}, a.recorded...), Failed: a.failed, New: a.begins}
	for _, r := range a.recorded { // what is about the person belongs to none
		out.Incident = max(out.Incident, r.Incident)
	}
	return out
}

func (a *adding) printed(statements []jsonStatement) error {
	if !a.e.ui.asJSON || len(a.recorded)+len(a.failed) == 0 {
		return nil
	}
	out := a.json()
	out.Files = statements
	return a.e.ui.printJSON(out)
}

type jsonAdded struct {
	Incident int             `json:"incident"`
	New      bool            `json:"new"`
	Records  []jsonRecord    `json:"records"`
	Failed   []jsonFailed    `json:"failed,omitempty"`
	Files    []jsonStatement `json:"files,omitempty"`
}

type jsonFailed struct {
	Name  jsonText `json:"name"`
	Error jsonText `json:"error"`
}

// show prints one committed record.
func (a *adding) show(r locker.Recorded) {
	u := a.e.ui
	if a.done != nil && r.File != nil {
		a.done[string(r.File.RawName)] = true
	}
	u.committed = append(u.committed, r.Seq)
	if r.File != nil {
		a.sums = append(a.sums, r.File.SHA256)
	}
	taken, far := a.takenFar(r.Fact.Fields)
	if far {
		r.Warnings = append(r.Warnings, fileTakenFar)
	}
	a.recorded = append(a.recorded, jsonRecord{
		Seq: r.Seq, Incident: r.Incident, Type: string(r.Fact.Type), Fields: fieldsJSON(r.Fact.Fields),
		Exhibit: exhibitJSON(r.File), Warnings: r.Warnings,
	})
	if r.Fact.Type == record.Incident {
		a.told = append(a.told, r.Fact)
	}
	if a.incident != r.Incident {
		a.incident = r.Incident
		if !u.asJSON {
			u.say(a.headline(r), r.Incident)
		}
	}
	if !u.asJSON {
		for _, line := range u.recordLines(r.Seq, r.Fact.Type, u.worded(r.Fact.Type, r.Fact.Fields), r.File) {
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
		switch w {
		case fileTakenFar:
			u.warning("file."+w, name, taken)
		case locker.FileEmpty:
			u.warning("file."+w, name)
		default:
			u.lost("file."+w, name)
		}
	}
}

// fileTakenFar warns of a picture that says it was taken at quite another time.
// Both stay as they are: the clock of the camera may be wrong, or the picture
// old.
const fileTakenFar = "taken-far"

// takenFar tells whether a picture says it was taken more than a day from now.
func (a *adding) takenFar(f record.Fields) (taken string, far bool) {
	says, _ := f["taken"].(record.Text)
	now := a.e.now().At
	t, ok := claims.TakenTime(string(says), now.Location())
	return string(says), ok && now.Sub(t).Abs() > 24*time.Hour
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
	if a.done != nil {
		a.done[f.Name] = true
	}
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
