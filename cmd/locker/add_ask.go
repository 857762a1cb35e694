package main

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"evidence-locker/locker/record"

	"golang.org/x/text/width"
)

// askFacts asks for the first facts, where the command line has none: exchange,
// kind, time, orders and what happened, in this order. It reports whether it
// was interrupted; what was given until then is in the options.
func (a *adding) askFacts(ctx context.Context, o *addOptions) (interrupted bool) {
	d := &dialogue{e: a.e, ctx: ctx, now: a.now}
	a.sayWhere(d)
	d.tell("form.intro")
	if x := d.exchange(); x != "" {
		o.exchange = []string{x}
	}
	o.kind = d.kinds()
	at := d.time("now", "form.when")
	o.order = d.orderIDs()
	if text := d.lines("form.what"); text != "" {
		// What belongs to an incident that goes on is told as a note, which has
		// a time of its own.
		if a.begins {
			o.set = []string{string(record.Incident) + ".narrative=" + text}
		} else {
			o.note = []string{text}
		}
	}
	// "Now" by an Enter says when what was told happened. By itself it says
	// nothing, least of all when an incident began that goes on.
	if at != "now" || len(o.order)+len(o.note) > 0 || a.begins && o.hasFacts() {
		o.at = at
	}
	return d.ended
}

// sayWhere names the incident that the answers go to, while it can still be
// another one. From here on it is that one, whatever else is added meanwhile.
func (a *adding) sayWhere(d *dialogue) {
	if !a.begins && a.target.Number == 0 {
		a.target.Number = a.current
	}
	switch n := a.target.Number; {
	case a.begins:
		d.tell("form.to-new")
	case n == a.current:
		// Only the hour of the last addition is known.
		d.tell("form.to-current", n, a.e.ui.formatAge(max(0, a.now.Sub(a.last))+time.Hour))
	default:
		d.tell("form.to-other", n)
	}
}

var idShaped = regexp.MustCompile(`^[0-9A-Za-z_-]*[0-9][0-9A-Za-z_-]*$`)

// orderIDs asks for order IDs. Blanks separate those that look like IDs: an ID
// has none, while a remark beside one does.
func (d *dialogue) orderIDs() (ids []string) {
	split := false
	for _, part := range listMark.Split(d.harmless(func() string { return d.block("form.orders") }), -1) {
		words := strings.Fields(part)
		switch {
		case len(words) == 0:
		case len(words) > 1 && !slices.ContainsFunc(words, func(w string) bool { return !idShaped.MatchString(width.Fold.String(w)) }):
			ids, split = append(ids, words...), true
		default:
			ids = append(ids, strings.TrimSpace(part))
		}
	}
	if split {
		d.echo(d.e.ui.lang.msg("form.orders-split", len(ids), d.e.ui.lang.list(ids)))
	}
	return ids
}
