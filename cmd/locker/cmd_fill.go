package main

import (
	"context"
	"slices"
	"strconv"

	"evidence-locker/crypto"
	"evidence-locker/locker"
	"evidence-locker/report"

	"github.com/urfave/cli/v2"
)

func newFillCommand(e *env) *cli.Command {
	return &cli.Command{
		Name: "fill",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "for", Usage: "WHOM"},
			&cli.BoolFlag{Name: "all"},
			&cli.StringSliceFlag{Name: "set", Usage: "KEY=VALUE"},
		},
		Action: func(c *cli.Context) error {
			if c.NArg() > 1 {
				return tooMany("fill", c.Args().Slice()[1:])
			}
			return runFill(c.Context, e, fillOptions{
				number: c.Args().First(), recipient: c.String("for"), all: c.Bool("all"), set: c.StringSlice("set"),
			})
		},
	}
}

type fillOptions struct {
	number, recipient string
	all               bool // for every recipient
	set               []string
}

// read returns the incident and the recipients.
func (o *fillOptions) read(e *env) (incident int, recipients []string, err error) {
	var known []string
	for _, r := range report.Recipients() {
		known = append(known, r.Key)
	}
	incident, recipients = currentIncident, known[:1]
	switch {
	case o.all && o.recipient != "":
		return 0, nil, &usageError{key: "usage.fill-all", command: "fill"}
	case o.all:
		recipients = known
	case o.recipient != "":
		f := flagValue{"for", o.recipient, known}
		if err := f.check(e); err != nil {
			return 0, nil, err
		}
		recipients = []string{o.recipient}
	}
	if o.number != "" {
		incident, err = parseNumber(o.number)
	}
	if err == nil && len(o.set) == 0 && !e.canAsk() {
		err = &usageError{key: "usage.fill-nobody", example: e.ui.command("fill", "--set", "incident.title=TEXT")}
	}
	return incident, recipients, err
}

func runFill(ctx context.Context, e *env, o fillOptions) error {
	now := e.now().At
	number, recipients, err := o.read(e)
	if err != nil {
		return err
	}
	v, k, err := e.openUnlocked(ctx)
	if err != nil {
		return err
	}
	defer v.Close()
	if v.ReadOnly() { // before anything is asked for
		return locker.ErrReadOnly
	}
	in, current, err := e.incident(ctx, v, k, number)
	if err != nil {
		return err
	}
	e.ui.damage(in.Damaged)
	missing, err := e.missingFor(ctx, v, k, in, recipients)
	if err != nil {
		return err
	}
	f := newFilling(e, in, &plan{now: now, monthFirst: e.names().monthFirst})
	for _, m := range missing {
		if m.With != "" {
			f.with[m.Path] = m.With
		}
	}
	interrupted := false
	if len(o.set) > 0 {
		f.set(o.set)
	} else {
		f.d = &dialogue{e: e, ctx: ctx, now: now}
		f.askAll(missing)
		interrupted = f.d.ended
	}
	f.finish()
	// What an incident lacks is filled in later, and does not make it the one
	// that is going on.
	a := &adding{e: e, v: v, now: now, target: locker.Target{Number: in.Number, Fixed: true}, incident: -1, plan: func() *plan { return f.p }}
	if current {
		a.current = in.Number
	}
	if f.p.empty() {
		for _, p := range f.p.problems {
			p.show(e.ui)
		}
	} else if err := a.commitPlan(context.WithoutCancel(ctx)); err != nil {
		if printErr := a.printed(nil); printErr != nil {
			return printErr
		}
		return err
	}
	if interrupted {
		if err := a.printed(nil); err != nil {
			return err
		}
		if len(a.recorded) > 0 {
			e.ui.info("form.kept")
		}
		return context.Canceled
	}
	if in, _, err = e.incident(ctx, v, k, in.Number); err != nil {
		return err
	}
	if missing, err = e.missingFor(ctx, v, k, in, recipients); err != nil {
		return err
	}
	if e.ui.asJSON {
		out := jsonFilled{jsonAdded: a.json(), For: recipients, Missing: missingJSON(missing)}
		out.Incident = in.Number
		if err := e.ui.printJSON(out); err != nil {
			return err
		}
	}
	if len(missing) == 0 {
		e.ui.info("fill.complete")
	} else {
		e.ui.listMissing(missing)
	}
	for _, r := range recipients {
		e.ui.hint("fill.report", e.ui.recipientName(r), quoteLine(e.ui.command("report", strconv.Itoa(in.Number), "--for", r)))
	}
	if len(in.Damaged) > 0 {
		e.ui.advise("hint.damaged")
		return errDamage
	}
	return nil
}

type jsonFilled struct {
	jsonAdded
	For     []string      `json:"for"`
	Missing []jsonMissing `json:"missing"` // still
}

// missingFor returns what reports on an incident still lack, each once, in the
// order of the recipients and of their lists.
func (e *env) missingFor(ctx context.Context, v *locker.Vault, k *crypto.Key, in *locker.Incident, recipients []string) ([]report.MissingField, error) {
	var all []report.MissingField
	for _, key := range recipients {
		r, _, err := e.buildReport(ctx, v, k, in, report.Options{For: key, Lang: string(e.ui.lang)})
		if err != nil {
			return nil, err
		}
		for _, f := range r.Missing() {
			if !slices.ContainsFunc(all, func(have report.MissingField) bool { return have.Path == f.Path }) {
				all = append(all, f)
			}
		}
	}
	return all, nil
}

// listMissing lists on standard error what a recipient asks for and nobody has
// given.
func (u *ui) listMissing(fields []report.MissingField) {
	u.info("report.missing", len(fields))
	for _, f := range fields {
		line := f.Label(string(u.lang)) + " (" + f.Path + ")"
		if why := f.Why(string(u.lang)); why != "" {
			line += ": " + why
		}
		u.plain(line)
	}
}

func missingJSON(fields []report.MissingField) []jsonMissing {
	out := []jsonMissing{}
	for _, f := range fields {
		out = append(out, jsonMissing{f.Path, string(f.Need)})
	}
	return out
}
