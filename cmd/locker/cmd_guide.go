package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"evidence-locker/locker"
	"evidence-locker/locker/exchange"
	"evidence-locker/locker/playbook"
	"evidence-locker/locker/record"

	"github.com/rivo/uniseg"
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

// guideOverview lists the kinds, the dangerous ones first, on one screen.
func (e *env) guideOverview() error {
	u := e.ui
	_, book := e.books()
	if u.asJSON {
		out := jsonOverview{Lists: playbook.Lists()}
		for _, k := range book.Kinds() {
			out.Kinds = append(out.Kinds, jsonKind{k.Key, k.JA, k.EN, k.Dangerous, string(k.Clock), string(k.Police)})
		}
		slices.SortStableFunc(out.Kinds, func(x, y jsonKind) int { return cmp.Compare(btoi(y.Dangerous), btoi(x.Dangerous)) })
		return u.printJSON(out)
	}
	for _, part := range []struct {
		key       string
		dangerous bool
	}{{"guide.dangerous", true}, {"guide.others", false}} {
		u.say(part.key)
		for _, k := range book.Kinds() {
			if k.Dangerous == part.dangerous {
				u.print(cut("  "+pad(safe(k.Key), 14)+" "+safe(k.Name(string(u.lang))), helpWidth))
			}
		}
	}
	for _, line := range strings.Split(u.lang.msg("guide.go-on"), "\n") {
		u.print(line)
	}
	return nil
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// hanging writes text behind a label, later lines under the first one's text.
func hanging(label, text string) []string {
	indent := strings.Repeat(" ", uniseg.StringWidth(label))
	lines := wrap(safe(text), helpWidth-len(indent))
	for i := range lines {
		if i == 0 {
			lines[i] = label + lines[i]
		} else {
			lines[i] = indent + lines[i]
		}
	}
	return lines
}

// showGuide prints the steps, the channels, what to ask for and what never to do.
func (e *env) showGuide(g *guide, sources bool) {
	u, l := e.ui, e.ui.lang
	_, book := e.books()
	out := func(lines []string) {
		for _, line := range lines {
			u.print(line)
		}
	}
	if g.incident > 0 {
		u.incidentLine(g.incident, g.current)
	}
	var tags []string
	cite := func(indent, key string, of []string) {
		if sources && len(of) > 0 {
			tags = append(tags, of...)
			out(hanging(indent, strings.TrimSpace(safe(key)+" "+l.msg("guide.source", l.list(of)))))
		}
	}
	n := 0
	for i, steps := range g.steps(book) {
		k := g.topics[i]
		title := safe(k.Name(string(l)))
		if _, isList := book.List(k.Key); !isList {
			title = safe(k.Key) + ": " + title
			if key := "guide.clock-" + string(k.Clock); l.has(key) {
				title += " " + l.msg(key)
			}
		}
		out(hanging("", title))
		for _, s := range steps {
			n++
			label := fmt.Sprintf("%2d. ", n)
			if g.incident > 0 {
				box := "[ ] "
				if len(g.done[s.Key]) > 0 {
					box = "[x] "
				}
				label += box
			}
			indent := strings.Repeat(" ", len(label))
			out(hanging(label, s.Text(string(l))))
			for _, r := range g.done[s.Key] {
				out(hanging(indent, l.doneLine(r)))
			}
			cite(indent, s.Key, s.Sources)
		}
	}
	if g.named != "" {
		u.print("")
		e.showChannels(g, sources)
	}
	if !g.lists {
		for _, k := range g.topics {
			if wish := k.Wish.Text(string(l)); wish != "" {
				out(hanging(l.msg("guide.wish")+" ", wish))
				cite("  ", "", k.Wish.Sources)
			}
		}
		var words, from []string
		for _, s := range book.Always() {
			words, from = append(words, s.Text(string(l))), append(from, s.Sources...)
		}
		out(hanging("! ", strings.Join(words, l.msg("guide.stop"))))
		cite("  ", "", from)
	}
	if sources {
		e.showSources(g, tags)
	}
	e.guideHints(g)
}

// guideHints says how to go on.
func (e *env) guideHints(g *guide) {
	if slices.ContainsFunc(g.topics, func(k playbook.Kind) bool { return k.Key == playbook.Prepare }) {
		return
	}
	u, words := e.ui, g.words()
	switch {
	case g.exchange != nil:
		words = append(words, "--exchange", g.exchange.Key)
	case g.named == "" && !g.lists:
		u.hint("guide.channels-hint", quoteLine(u.command(append(words, "--exchange", "NAME")...)))
	}
	_, book := e.books()
	if next, _ := g.next(slices.Concat(g.steps(book)...), 0); next > 0 {
		u.hint("guide.done-hint", quoteLine(u.command(append(words, "--done", strconv.Itoa(next))...)))
	}
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

// doneLine says when a step was done.
func (l lang) doneLine(r *locker.Record) string {
	at := r.RecordedAt.Truncate(time.Second)
	key := "guide.done-recorded"
	if t, ok := r.Fields["at"].(record.Time); ok {
		at, key = t.At.Truncate(time.Second), "guide.done-at"
	}
	line := l.msg(key, formatTime(at), r.Seq)
	if text, ok := r.Fields["text"].(record.Text); ok {
		line += ": " + string(text)
	}
	return line
}

// showChannels prints how the exchange is reached: what an official source
// confirms first, and on one line what must be looked up.
func (e *env) showChannels(g *guide, sources bool) {
	u, l := e.ui, e.ui.lang
	out := func(lines []string) {
		for _, line := range lines {
			u.print(line)
		}
	}
	if g.exchange == nil {
		e.unknownExchange(g)
		out(hanging("", l.msg("guide.no-channels", g.named)))
		return
	}
	x := *g.exchange
	name := x.Name(string(l))
	channels := x.Channels(e.channelKinds(g)...)
	if !slices.ContainsFunc(channels, exchange.Channel.Known) {
		out(hanging("", l.msg("guide.no-channels", name)))
	} else {
		out(hanging("", l.msg("guide.channels", name, x.ReadOn)))
	}
	var lookUp []string
	differ := false
	for _, c := range channels {
		label := l.msg("channel." + c.Kind)
		if !c.Known() {
			lookUp = append(lookUp, label)
			differ = differ || c.Offered == exchange.Contradicted
			continue
		}
		text := label + " (" + l.msg("grade."+string(c.Grade())) + "): " + c.Note(string(l))
		var of []string // what is to be said of the address alone
		if c.AddressGrade != "" && c.AddressGrade != c.Grade() {
			of = append(of, l.msg("grade."+string(c.AddressGrade)))
		}
		if c.Date != "" {
			of = append(of, c.Date)
		}
		address := safe(c.Address)
		switch {
		case address == "":
			out(hanging("- ", text))
		case len(of) == 0 && uniseg.StringWidth("- "+text+": "+address) <= helpWidth:
			u.print("- " + safe(text) + ": " + address)
		default: // an address stands whole, however long
			out(hanging("- ", text))
			if len(of) > 0 {
				address += " (" + l.list(of) + ")"
			}
			u.print("  " + address)
		}
	}
	if len(lookUp) > 0 {
		text := l.msg("guide.look-up", l.list(lookUp))
		if differ {
			text += l.msg("guide.differ")
		}
		out(hanging("- ", text))
	}
	if sources {
		for _, c := range channels {
			out(hanging("  * ", l.msg("channel."+c.Kind)+": "+l.graded(c.Sources)))
			if text := c.Contradiction.Text(string(l)); text != "" {
				out(hanging("    ", l.msg("guide.contradiction", text)))
			}
		}
		for _, r := range x.Contradictions {
			out(hanging("  * ", l.msg("guide.contradiction", r.Text(string(l)))+" ("+l.graded(r.Sources)+")"))
		}
	}
}

// unknownExchange says that nothing is known of an exchange: no reason to hold
// the steps back.
func (e *env) unknownExchange(g *guide) {
	exchanges, _ := e.books()
	e.ui.warning("guide.unknown-exchange", g.named)
	if near := exchanges.Near(g.named); len(near) > 0 {
		e.ui.near(near, e.ui.command(append(g.words(), "--exchange", near[0])...))
	}
}

// channelKinds are the kinds whose channels are wanted: all for a list.
func (e *env) channelKinds(g *guide) []string {
	if g.lists {
		return nil
	}
	return g.keys()
}

// graded names sources with how far they can be trusted.
func (l lang) graded(sources []exchange.ChannelSource) string {
	words := make([]string, len(sources))
	for i, s := range sources {
		words[i] = s.Where + " (" + l.msg("grade."+string(s.Grade)) + ")"
	}
	return l.list(words)
}

// showSources says what the tags stand for, and where sources disagree.
func (e *env) showSources(g *guide, tags []string) {
	u, l := e.ui, e.ui.lang
	_, book := e.books()
	for _, k := range g.topics {
		for _, r := range k.Contradictions {
			tags = append(tags, r.Sources...)
			for _, line := range hanging("* ", l.msg("guide.contradiction", r.Text(string(l)))+" ("+l.list(r.Sources)+")") {
				u.print(line)
			}
		}
	}
	u.print("")
	u.say("guide.sources")
	slices.Sort(tags)
	for _, tag := range slices.Compact(tags) {
		text := tag
		if s, ok := book.Source(tag); ok {
			text = playbook.Remark{JA: s.JA, EN: s.EN}.Text(string(l)) + " (" + l.msg("grade."+s.Grade) + ")"
			if s.Where != "" {
				text += ": " + s.Where
			}
		}
		for _, line := range hanging("  "+pad(safe(tag), 5), text) {
			u.print(line)
		}
	}
}

// guideDone records steps as done. It needs the passphrase only where the
// number of a line is given without the kinds that it counts in.
func (e *env) guideDone(ctx context.Context, g *guide, o guideOptions, now time.Time) error {
	_, book := e.books()
	counts := slices.ContainsFunc(o.done, func(k string) bool { return !strings.Contains(k, "/") })
	if counts && len(g.topics) == 0 {
		if g.incident == 0 {
			return &usageError{key: "usage.guide-which", args: []any{o.done[0]}, example: e.ui.command("guide", "theft", "--done", "1")}
		}
		if err := e.guideIncident(ctx, g); err != nil {
			return err
		}
		e.guideDefaults(g)
	}
	lines := slices.Concat(g.steps(book)...)
	var steps []playbook.Step
	last := 0 // the number of the last line that was named
	for _, k := range o.done {
		s, n, err := findStep(book, lines, k)
		if err != nil {
			return err
		}
		steps, last = append(steps, s), n
	}
	a := &adding{e: e, now: now, target: locker.Target{Number: g.incident}, guided: true}
	a.plan = func() *plan {
		var said addOptions
		if a.begins { // with what the person has said it is
			for _, k := range g.topics {
				if _, isList := book.List(k.Key); !isList {
					said.kind = append(said.kind, k.Key)
				}
			}
			if g.named != "" {
				said.exchange = []string{g.named}
			}
		}
		p := said.plan(now, a.begins, false, e.names())
		p.steps(steps, string(e.ui.lang), o.note, o.at)
		return p
	}
	if err := a.run(ctx); err != nil {
		return err
	}
	if n, s := g.next(lines, last); n > 0 && last > 0 && !e.ui.asJSON {
		e.ui.hint("guide.next", n, s.Text(string(e.ui.lang)))
	}
	return nil
}

// findStep finds a step by its number in lines or by its key. The number is 0
// if it does not stand there.
func findStep(book *playbook.Book, lines []playbook.Step, k string) (playbook.Step, int, error) {
	word := strings.ToLower(strings.TrimSpace(width.Fold.String(k)))
	n, err := strconv.Atoi(word)
	switch {
	case err == nil && n >= 1 && n <= len(lines):
		word = lines[n-1].Key
	case !strings.Contains(word, "/"):
		return playbook.Step{}, 0, &usageError{key: "usage.guide-no-step", args: []any{k, len(lines)}, command: "guide"}
	default:
		n = slices.IndexFunc(lines, func(s playbook.Step) bool { return s.Key == word }) + 1
	}
	s, ok := book.Step(word)
	if !ok {
		return s, 0, &usageError{key: "usage.guide-no-key", args: []any{k}, command: "guide"}
	}
	if strings.HasPrefix(word, playbook.Prepare+"/") {
		return s, 0, &usageError{key: "usage.guide-prepare", command: "guide"}
	}
	return s, n, nil
}

// steps adds what was done, at the time given or else now: whoever says "done"
// says that.
func (p *plan) steps(steps []playbook.Step, lang, note, at string) {
	kept := len(p.kept)
	t := &record.Time{At: p.now.Truncate(time.Second)}
	if at != "" {
		t = p.time("--at", at)
	}
	for _, s := range steps {
		f := record.Fields{"step": record.Text(s.Text(lang)), "guide": record.Text(s.Key)}
		if t != nil {
			f["at"] = *t
		}
		if strings.TrimSpace(note) != "" {
			f["text"] = record.Text(note)
		}
		p.facts = append(p.facts, locker.Fact{Type: record.Action, Fields: f})
	}
	p.facts = append(p.facts, p.kept[kept:]...)
}

// pointToGuide ends an add: with the first steps of each dangerous kind that it
// named, and with the way to the rest if an incident began.
func (a *adding) pointToGuide() {
	u := a.e.ui
	if u.asJSON || u.quiet || a.guided {
		return
	}
	g := &guide{}
	var first []playbook.Step
	for _, f := range a.told {
		// Only now is the data read: an add that names neither does without.
		if name, ok := f.Fields["kind"].(record.Text); ok {
			_, book := a.e.books()
			if k, ok := book.Lookup(string(name)); ok {
				g.topics = append(g.topics, k)
				g.sort(book)
				first = firstSteps(book, g.topics)
			}
		}
		if name, ok := f.Fields["exchange"].(record.Text); ok {
			exchanges, _ := a.e.books()
			g.at(exchanges, string(name))
		}
	}
	words := append([]string{"guide"}, g.keys()...)
	if g.exchange != nil {
		words = append(words, "--exchange", g.exchange.Key)
	}
	line := quoteLine(u.command(words...))
	switch {
	case len(first) > 0:
		u.hint("guide.first", line)
	case a.begins && slices.ContainsFunc(a.recorded, func(r jsonRecord) bool { return r.Incident > 0 }):
		u.hint("guide.what-now", line)
	}
	for i, s := range first {
		for _, text := range hanging(fmt.Sprintf("  %d. ", i+1), s.Text(string(u.lang))) {
			fmt.Fprintln(u.err, text)
		}
	}
}

// firstSteps are the first three steps of each dangerous kind, each once.
func firstSteps(book *playbook.Book, kinds []playbook.Kind) (first []playbook.Step) {
	for _, k := range kinds {
		if !k.Dangerous {
			continue
		}
		steps := book.Steps(k.Key, "")
		for _, s := range steps[:min(3, len(steps))] {
			if !slices.ContainsFunc(first, func(f playbook.Step) bool { return f.Key == s.Key }) {
				first = append(first, s)
			}
		}
	}
	return first
}

type jsonKind struct {
	Key       string `json:"key"`
	JA        string `json:"ja"`
	EN        string `json:"en"`
	Dangerous bool   `json:"dangerous"`
	Clock     string `json:"clock,omitempty"`
	Police    string `json:"police,omitempty"`
}

type jsonOverview struct {
	Kinds []jsonKind `json:"kinds"`
	Lists []string   `json:"lists"`
}

type jsonGuide struct {
	Incident int           `json:"incident,omitempty"`
	Topics   []string      `json:"topics"`
	Phase    string        `json:"phase,omitempty"`
	Exchange string        `json:"exchange,omitempty"`
	Steps    []jsonStep    `json:"steps"`
	Channels []jsonChannel `json:"channels,omitempty"`
	Wishes   []jsonRemark  `json:"wishes,omitempty"`
	Always   []jsonStep    `json:"always,omitempty"`
	Differ   []jsonRemark  `json:"contradictions,omitempty"`
	Damaged  []jsonDamage  `json:"damaged,omitempty"`
}

type jsonStep struct {
	N       int        `json:"n,omitempty"`
	Key     string     `json:"key"`
	JA      string     `json:"ja"`
	EN      string     `json:"en"`
	Sources []string   `json:"sources"`
	Done    []jsonDone `json:"done,omitempty"`
}

type jsonDone struct {
	Seq        int64    `json:"seq"`
	At         string   `json:"at,omitempty"`
	RecordedAt string   `json:"recorded_at"`
	Note       jsonText `json:"note,omitempty"`
}

type jsonRemark struct {
	Topic   string   `json:"topic"` // a kind, a list or an exchange
	JA      string   `json:"ja"`
	EN      string   `json:"en"`
	Sources []string `json:"sources"`
}

type jsonChannel struct {
	Kind          string             `json:"kind"`
	Offered       string             `json:"offered"`
	LookUp        bool               `json:"look_up"` // on the official site: nothing confirmed is known
	Address       string             `json:"address,omitempty"`
	AddressGrade  string             `json:"address_grade,omitempty"`
	Date          string             `json:"date,omitempty"`
	ReadOn        string             `json:"read_on"`
	JA            string             `json:"ja,omitempty"`
	EN            string             `json:"en,omitempty"`
	Sources       []jsonChannelFrom  `json:"sources"`
	Contradiction *jsonContradiction `json:"contradiction,omitempty"`
}

type jsonChannelFrom struct {
	Where string `json:"where"`
	Grade string `json:"grade"`
}

type jsonContradiction struct {
	JA string `json:"ja"`
	EN string `json:"en"`
}

func (e *env) guideJSON(g *guide) jsonGuide {
	_, book := e.books()
	out := jsonGuide{Incident: g.incident, Topics: g.keys(), Phase: g.phase, Steps: []jsonStep{}}
	for _, s := range slices.Concat(g.steps(book)...) {
		j := jsonStep{N: len(out.Steps) + 1, Key: s.Key, JA: s.JA, EN: s.EN, Sources: s.Sources}
		for _, r := range g.done[s.Key] {
			d := jsonDone{Seq: r.Seq, RecordedAt: timeJSON(r.RecordedAt)}
			if t, ok := r.Fields["at"].(record.Time); ok {
				d.At = timeJSON(t.At)
			}
			text, _ := r.Fields["text"].(record.Text)
			d.Note = jsonText(text)
			j.Done = append(j.Done, d)
		}
		out.Steps = append(out.Steps, j)
	}
	if !g.lists {
		for _, k := range g.topics {
			out.Wishes = append(out.Wishes, jsonRemark{k.Key, k.Wish.JA, k.Wish.EN, k.Wish.Sources})
		}
		for _, s := range book.Always() {
			out.Always = append(out.Always, jsonStep{Key: s.Key, JA: s.JA, EN: s.EN, Sources: s.Sources})
		}
	}
	for _, k := range g.topics {
		for _, r := range k.Contradictions {
			out.Differ = append(out.Differ, jsonRemark{k.Key, r.JA, r.EN, r.Sources})
		}
	}
	if x := g.exchange; x != nil {
		out.Exchange = x.Key
		for _, c := range x.Channels(e.channelKinds(g)...) {
			j := jsonChannel{
				Kind: c.Kind, Offered: string(c.Offered), LookUp: !c.Known(), Address: c.Address,
				AddressGrade: string(c.AddressGrade), Date: c.Date, ReadOn: x.ReadOn, JA: c.JA, EN: c.EN,
			}
			for _, s := range c.Sources {
				j.Sources = append(j.Sources, jsonChannelFrom{s.Where, string(s.Grade)})
			}
			if c.Contradiction.EN != "" {
				j.Contradiction = &jsonContradiction{c.Contradiction.JA, c.Contradiction.EN}
			}
			out.Channels = append(out.Channels, j)
		}
		for _, r := range x.Contradictions {
			var sources []string
			for _, s := range r.Sources {
				sources = append(sources, s.Where)
			}
			out.Differ = append(out.Differ, jsonRemark{x.Key, r.JA, r.EN, sources})
		}
	} else if g.named != "" {
		e.unknownExchange(g)
	}
	for _, d := range g.damaged {
		out.Damaged = append(out.Damaged, jsonDamage{d.Seq, d.Err.Error()})
	}
	return out
}
