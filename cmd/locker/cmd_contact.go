package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"evidence-locker/locker"
	"evidence-locker/locker/exchange"
	"evidence-locker/locker/playbook"
	"evidence-locker/locker/record"

	"github.com/urfave/cli/v2"
)

func newContactCommand(e *env) *cli.Command {
	text := func(name string) cli.Flag { return &cli.StringFlag{Name: name, Usage: "TEXT"} }
	return &cli.Command{
		Name: "contact",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "with", Usage: "WHOM"},
			text("channel"),
			&cli.StringFlag{Name: "direction", Usage: "in|out"},
			&cli.StringFlag{Name: "inquiry", Usage: "ID"},
			&cli.StringFlag{Name: "at", Usage: "TIME"},
			&cli.StringSliceFlag{Name: "text", Aliases: []string{"note"}, Usage: "TEXT"},
			&cli.StringSliceFlag{Name: "reply", Usage: "TEXT"},
			text("officer"),
			text("station"),
			&cli.StringFlag{Name: "due", Usage: "TIME"},
			&cli.StringSliceFlag{Name: "outcome", Usage: "TEXT"},
			&cli.StringFlag{Name: "incident", Aliases: []string{"i"}, Usage: "N"},
			&cli.BoolFlag{Name: "new"},
		},
		Action: func(c *cli.Context) error {
			return runContact(c.Context, e, contactOptions{
				paths: c.Args().Slice(), with: c.String("with"), channel: c.String("channel"), direction: c.String("direction"),
				inquiry: c.String("inquiry"), at: c.String("at"), text: c.StringSlice("text"), reply: c.StringSlice("reply"),
				officer: c.String("officer"), station: c.String("station"), due: c.String("due"), outcome: c.StringSlice("outcome"),
				incident: c.String("incident"), fresh: c.Bool("new"),
			})
		},
	}
}

// contactOptions is a command line of contact, as typed.
type contactOptions struct {
	paths                             []string
	with, channel, direction, inquiry string
	at, due, officer, station         string
	text, reply, outcome              []string
	incident                          string
	fresh                             bool
}

func runContact(ctx context.Context, e *env, o contactOptions) error {
	now := e.now().At
	target, err := targetOf("contact", o.incident, o.fresh)
	if err != nil {
		return err
	}
	said := strings.Join(slices.Concat([]string{o.with, o.channel, o.direction, o.inquiry, o.at, o.due, o.officer, o.station}, o.text, o.reply, o.outcome), "")
	if strings.TrimSpace(said) == "" && len(o.paths) == 0 {
		return &usageError{key: "usage.nothing-said", example: e.ui.command("contact", "--with", "support", "--inquiry", "123456", "--direction", "out", "--text", e.ui.lang.msg("contact.example"))}
	}
	own, err := e.ownFiles()
	if err != nil {
		return err
	}
	files, err := e.collectFiles(ctx, o.paths, "", own)
	if err != nil {
		return err
	}
	// A reply comes days later and is about the same trouble. Which one an
	// inquiry number is of cannot be seen without the passphrase, and no digest
	// of it is kept in the clear: so short a number could be guessed from one.
	// Reading finds its talk (locker.Talks).
	a := &adding{e: e, now: now, files: files, target: target, goesOn: true}
	a.plan = func() *plan {
		p := o.plan(now, len(files) > 0, e)
		if numbers, _ := a.v.IncidentNumbers(ctx); len(numbers) > 1 && !blankText(o.inquiry) && o.incident == "" && !a.begins {
			p.problems = append(p.problems, problem{key: "contact.any-incident", args: []any{o.inquiry}, hint: true})
		}
		return p
	}
	return a.run(ctx)
}

// plan makes one record of the talk; files belong to it by what they say.
func (o *contactOptions) plan(now time.Time, hasFiles bool, e *env) *plan {
	n := e.names()
	p := &plan{now: now, monthFirst: n.monthFirst}
	f := record.Fields{}
	_, atExchange := e.exchangeNamed(o.with)
	if s := o.with; s != "" && !p.blank("--with", s) {
		key, ok := locker.Party(s)
		if !ok {
			key = s
			if near := locker.PartyNear(s); len(near) > 0 && !atExchange {
				p.problem(false, near, "add.unknown-with", s)
			}
		}
		f["with"] = record.Text(key)
	}
	if s := o.direction; s != "" && !p.blank("--direction", s) {
		key, ok := locker.Direction(s)
		if !ok {
			key = s
			p.problem(false, nil, "add.unknown-direction", s)
		}
		f["direction"] = record.Text(key)
	}
	for _, t := range []struct{ field, flag, value string }{
		{"channel", "--channel", o.channel}, {"inquiry_no", "--inquiry", o.inquiry},
		{"officer", "--officer", o.officer}, {"station", "--station", o.station},
	} {
		if t.value != "" {
			p.text(f, t.field, t.flag, []string{t.value})
		}
	}
	p.text(f, "text", "--text", o.text)
	p.text(f, "reply", "--reply", o.reply)
	p.text(f, "outcome", "--outcome", o.outcome)
	at := p.time("--at", o.at)
	from := now
	if at != nil {
		f["at"], from = *at, at.At
	}
	if o.due != "" {
		p.due(f, o.due, from)
	} else {
		p.proposeDue(f, o.with, e)
	}
	if len(f) > 0 {
		p.facts = append(p.facts, locker.Fact{Type: record.Contact, Fields: f})
	}
	if hasFiles {
		p.attach(f, e.ui)
	}
	p.facts = append(p.facts, p.kept...)
	return p
}

// due records when something is due, in words kept beside the moment.
func (p *plan) due(f record.Fields, s string, from time.Time) {
	at, err := parseDue(s, from, p.now, p.monthFirst)
	if err != nil {
		p.keep(`--due "` + s + `"`)
		p.problem(true, nil, "add.bad-due", s)
		return
	}
	f["due"] = record.Time{At: at, Raw: s}
	if at.Before(p.now) {
		p.problem(false, nil, "add.due-past", formatTime(at))
	}
}

// attach says in the files' records which talk they belong to.
func (p *plan) attach(f record.Fields, u *ui) {
	with, number := textOf(u.worded(record.Contact, f), "with"), textOf(f, "inquiry_no")
	if with == "" && number == "" {
		return
	}
	p.setFile("note", record.Text(u.lang.msg("contact.attached", strings.TrimSpace(with+" "+number))), "")
}

// exchangeNamed finds the exchange that a desk is named after.
func (e *env) exchangeNamed(with string) (exchange.Exchange, bool) {
	c, _ := e.books()
	return c.Lookup(with)
}

// partyNames and directionNames say what the keys mean that records hold.
var (
	partyNames     = map[string]string{"support": "contact.support", "police": "contact.police", "bank": "contact.bank", "lawyer": "contact.lawyer", "other": "contact.other"}
	directionNames = map[string]string{"in": "contact.in", "out": "contact.out"}
)

// grades say how far a source can be trusted.
var grades = map[string]string{"O": "contact.grade-official", "L": "contact.grade-lawyer", "T": "contact.grade-third-party"}

// proposeDue tells of the time limits that may run from this talk on. None is
// recorded unasked: whether it holds here is for the person to find out.
func (p *plan) proposeDue(f record.Fields, with string, e *env) {
	x, atExchange := e.exchangeNamed(with)
	party := textOf(f, "with")
	if atExchange {
		party = "support"
	}
	if d := textOf(f, "direction"); d == "in" || f["outcome"] != nil || f["reply"] != nil {
		return
	}
	found := false
	for _, d := range playbook.Deadlines() {
		if !slices.Contains(d.With, party) || atExchange && d.Exchange != "" && d.Exchange != x.Key {
			continue
		}
		found = true
		p.problems = append(p.problems, problem{key: "contact.known", hint: true,
			args: []any{d.Text(string(e.ui.lang)), d.Within, d.Host(), e.ui.lang.msg(grades[d.Grade]), d.ReadOn}})
	}
	if found {
		p.problems = append(p.problems, problem{key: "contact.not-recorded", hint: true})
	}
}
