package main

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"evidence-locker/locker"
	"evidence-locker/locker/playbook"
	"evidence-locker/locker/record"

	"golang.org/x/text/width"
)

// This file records steps as done.

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
