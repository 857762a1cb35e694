package main

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"evidence-locker/locker"
	"evidence-locker/locker/exchange"
	"evidence-locker/locker/playbook"
	"evidence-locker/locker/record"

	"github.com/urfave/cli/v2"
	"golang.org/x/text/width"
)

func newGuideCommand(e *env) *cli.Command {
	return &cli.Command{
		Name: "guide",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "exchange", Usage: "NAME"},
			&cli.StringFlag{Name: "phase", Usage: "PHASE"},
			&cli.StringSliceFlag{Name: "done", Usage: "K"},
			&cli.StringFlag{Name: "note", Usage: "TEXT"},
			&cli.StringFlag{Name: "at", Usage: "TIME"},
			&cli.BoolFlag{Name: "sources"},
		},
		Action: func(c *cli.Context) error {
			return runGuide(c.Context, e, guideOptions{
				words: c.Args().Slice(), exchange: c.String("exchange"), phase: c.String("phase"), done: c.StringSlice("done"),
				note: c.String("note"), at: c.String("at"), sources: c.Bool("sources"),
			})
		},
	}
}

// guideOptions is a command line of guide, as typed.
type guideOptions struct {
	words                     []string // kinds, lists, the number of an incident, an exchange: in any order
	exchange, phase, note, at string
	done                      []string
	sources                   bool
}

// A guide is what is shown: the steps for some kinds of trouble at an exchange.
// Steps are numbered by where they stand in it, so that --done needs no look
// into the vault: the same kinds give the same numbers.
type guide struct {
	topics   []playbook.Kind // kinds and lists in the order of sort
	lists    bool            // the topics are all lists
	phase    string
	exchange *exchange.Exchange // nil: none given, or not known
	named    string             // the exchange as it was given
	incident int                // 0: none
	current  bool
	done     map[string][]*locker.Record // by the step's key
	damaged  []locker.Damage
}

func runGuide(ctx context.Context, e *env, o guideOptions) error {
	now := e.now().At
	g, err := e.parseGuide(o)
	if err != nil {
		return err
	}
	if len(o.done) == 0 && (o.note != "" || o.at != "") {
		return &usageError{key: "usage.guide-no-done", example: e.line.changed("", "--done", "K")}
	}
	if len(o.done) > 0 {
		return e.guideDone(ctx, g, o, now)
	}
	if g.incident > 0 {
		if err := e.guideIncident(ctx, g); err != nil {
			return err
		}
	}
	if len(o.words) == 0 && g.named == "" && o.phase == "" {
		return e.guideOverview()
	}
	e.guideDefaults(g)
	e.ui.damage(g.damaged)
	if e.ui.asJSON {
		err = e.ui.printJSON(e.guideJSON(g))
	} else {
		e.showGuide(g, o.sources)
	}
	if err == nil && len(g.damaged) > 0 {
		e.ui.advise("hint.damaged")
		err = errDamage
	}
	return err
}

// parseGuide finds out what each word is.
func (e *env) parseGuide(o guideOptions) (*guide, error) {
	exchanges, book := e.books()
	g := &guide{phase: o.phase}
	if o.phase != "" && !slices.Contains(playbook.Phases(), o.phase) {
		return nil, &usageError{key: "usage.not-among", args: []any{"--phase", o.phase, e.ui.lang.list(playbook.Phases())}, command: "guide"}
	}
	if o.exchange != "" {
		g.at(exchanges, o.exchange)
	}
	for i, w := range o.words {
		if _, err := strconv.Atoi(width.Fold.String(w)); err == nil {
			n, err := parseNumber(w)
			if err != nil {
				return nil, err
			}
			if g.incident > 0 && g.incident != n {
				return nil, tooMany("guide", []string{w})
			}
			g.incident = n
			continue
		}
		if l, ok := book.List(strings.ToLower(w)); ok {
			g.topics = append(g.topics, l)
		} else if k, ok := book.Lookup(w); ok {
			g.topics = append(g.topics, k)
		} else if x, ok := exchanges.Lookup(w); ok && (g.exchange == nil || g.exchange.Key == x.Key) {
			g.at(exchanges, w)
		} else {
			if near := append(book.Near(w), exchanges.Near(w)...); len(near) > 0 {
				words := slices.Clone(o.words)
				words[i] = near[0]
				return nil, &usageError{key: "usage.guide-unknown-near", args: []any{w, e.ui.lang.list(near)}, fixed: e.line.withArgs(words)}
			}
			return nil, &usageError{key: "usage.guide-unknown", args: []any{w}, example: e.ui.command("guide")}
		}
	}
	g.sort(book)
	g.lists = len(g.topics) > 0 && !slices.ContainsFunc(g.topics, func(k playbook.Kind) bool {
		_, isList := book.List(k.Key)
		return !isList
	})
	return g, nil
}

// at sets the exchange.
func (g *guide) at(exchanges *exchange.Catalog, name string) {
	g.named = name
	if x, ok := exchanges.Lookup(name); ok {
		g.exchange = &x
	}
}

// sort puts what is dangerous first, then what is to be done at once, each
// topic once: the order in which kinds were named changes no number.
func (g *guide) sort(book *playbook.Book) {
	place := map[string]int{}
	for i, k := range book.Kinds() {
		place[k.Key] = i
		switch {
		case k.Dangerous:
		case k.Clock == playbook.AtOnce:
			place[k.Key] += 1000
		default:
			place[k.Key] += 2000
		}
	}
	for i, name := range playbook.Lists() {
		place[name] = 3000 + i
	}
	slices.SortStableFunc(g.topics, func(x, y playbook.Kind) int { return cmp.Compare(place[x.Key], place[y.Key]) })
	g.topics = slices.CompactFunc(g.topics, func(x, y playbook.Kind) bool { return x.Key == y.Key })
}

// keys are the topics' keys.
func (g *guide) keys() []string {
	keys := []string{}
	for _, k := range g.topics {
		keys = append(keys, k.Key)
	}
	return keys
}

// guideIncident fills in what the incident says and which steps are done.
func (e *env) guideIncident(ctx context.Context, g *guide) error {
	v, k, err := e.openUnlocked(ctx)
	if err != nil {
		return err
	}
	defer v.Close()
	in, current, err := e.incident(ctx, v, k, g.incident)
	if err != nil {
		return err
	}
	g.current, g.damaged = current, in.Damaged
	exchanges, book := e.books()
	if len(g.topics) == 0 {
		for _, name := range in.Kinds() {
			if kind, ok := book.Lookup(name); ok {
				g.topics = append(g.topics, kind)
			}
		}
		g.sort(book)
		// Not with kinds from the line: there a number must mean the same with
		// the passphrase and without.
		if phase := in.Text("phase"); g.phase == "" && slices.Contains(playbook.Phases(), phase) {
			g.phase = phase
		}
	}
	if g.named == "" {
		if name := e.exchangeOf(in); name != "" {
			g.at(exchanges, name)
		}
	}
	g.done = map[string][]*locker.Record{}
	for _, r := range in.All(record.Action) {
		if key, ok := r.Fields["guide"].(record.Text); ok {
			g.done[string(key)] = append(g.done[string(key)], r)
		}
	}
	return nil
}

// guideDefaults settles what is shown where no kind is known.
func (e *env) guideDefaults(g *guide) {
	if len(g.topics) > 0 {
		return
	}
	_, book := e.books()
	l, _ := book.List(playbook.General)
	g.topics, g.lists = []playbook.Kind{l}, true
	if g.incident > 0 {
		e.ui.hint("guide.no-kind", quoteLine(e.ui.command("add", "-i", strconv.Itoa(g.incident), "--kind", "KIND")), quoteLine(e.ui.command("guide")))
	}
}

// steps returns the steps of each topic that no topic before it had.
func (g *guide) steps(book *playbook.Book) [][]playbook.Step {
	seen := map[string]bool{}
	var all [][]playbook.Step
	for _, k := range g.topics {
		var own []playbook.Step
		for _, s := range book.Steps(k.Key, g.phase) {
			if !seen[s.Key] {
				seen[s.Key] = true
				own = append(own, s)
			}
		}
		all = append(all, own)
	}
	return all
}

// words are the command that shows this guide, but for the exchange.
func (g *guide) words() []string {
	words := []string{"guide"}
	if g.incident > 0 {
		words = append(words, strconv.Itoa(g.incident))
	}
	words = append(words, g.keys()...)
	if g.phase != "" {
		words = append(words, "--phase", g.phase)
	}
	return words
}

// next is the first step after line number after that is not known to be done,
// with its number, which is 0 if there is none.
func (g *guide) next(lines []playbook.Step, after int) (number int, s playbook.Step) {
	for i, s := range lines {
		if i >= after && len(g.done[s.Key]) == 0 {
			return i + 1, s
		}
	}
	return 0, s
}
