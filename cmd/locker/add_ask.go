package main

import (
	"context"
	"strings"

	"evidence-locker/locker/record"
)

// askFacts asks for the first facts, where the command line has none: exchange,
// kind, time, orders and what happened, in this order. It reports whether it
// was interrupted; what was given until then is in the options.
func (a *adding) askFacts(ctx context.Context, o *addOptions) (interrupted bool) {
	d := &dialogue{e: a.e, ctx: ctx, now: a.now}
	d.tell("form.intro")
	if x := d.exchange(); x != "" {
		o.exchange = []string{x}
	}
	o.kind = d.kinds()
	at := d.time("now", "form.when")
	for _, id := range listMark.Split(d.text("form.orders"), -1) {
		if id = strings.TrimSpace(id); id != "" {
			o.order = append(o.order, id)
		}
	}
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
