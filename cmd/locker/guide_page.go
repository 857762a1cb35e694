package main

import (
	"cmp"
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
)

// This file prints the guide, and what an add shows of it.

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

// ownCommand is a command of the program within a text: a line does not end in
// it.
var ownCommand = pattern(`locker [a-z]+`)

// hanging writes text behind a label, later lines under the first one's text.
func hanging(label, text string) []string {
	indent := strings.Repeat(" ", uniseg.StringWidth(label))
	const noBreak = "\u00a0"
	whole := ownCommand().ReplaceAllStringFunc(safe(text), func(s string) string { return strings.ReplaceAll(s, " ", noBreak) })
	lines := wrap(whole, helpWidth-len(indent))
	for i := range lines {
		lines[i] = strings.ReplaceAll(lines[i], noBreak, " ")
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
