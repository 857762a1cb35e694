package main

import (
	"strconv"

	"evidence-locker/locker"
	"evidence-locker/locker/record"
)

// knownExchange reports whether name is one of an exchange.
func (e *env) knownExchange(name string) bool {
	exchanges, _ := e.books()
	_, ok := exchanges.Lookup(name)
	return ok
}

// exchangeOf returns the exchange of an incident, "" if none is recorded: the
// newest that is known, since what was recorded after it may be mistyped. It
// says so, and how to correct what may have been meant otherwise.
func (e *env) exchangeOf(in *locker.Incident) string {
	v, counts := in.Choose("exchange", e.knownExchange)
	if counts == nil {
		return ""
	}
	u, name := e.ui, v.String()
	newest, last := in.Value("exchange")
	if e.knownExchange(name) {
		if last != counts {
			u.warning("exchange.passed-over", newest.String(), last.Seq, e.exchangeName(name))
			words := []string{"retract"}
			for _, r := range in.All(record.Incident) {
				if v, ok := r.Fields["exchange"]; ok && e.knownExchange(v.String()) {
					words = append(words, strconv.FormatInt(r.Seq, 10))
				}
			}
			u.hint("exchange.withdraw", quoteLine(u.command(append(words, "--why", "TEXT")...)))
		}
		return name
	}
	exchanges, _ := e.books()
	if near := exchanges.Near(name); len(near) > 0 {
		u.hint("exchange.correct", name, near[0], quoteLine(u.command("add", "-i", strconv.Itoa(in.Number), "--exchange", near[0])))
	}
	return name
}
