package main

import (
	"slices"
	"strconv"
	"time"

	"evidence-locker/locker"
	"evidence-locker/locker/record"
)

// This file shows what list knows of talks: what is due, and what has no reply.

// talks fills in the clocks of an incident as they stand now.
func (s *jsonSummary) talks(talks []*locker.Talk, now time.Time) {
	for _, t := range talks {
		if t.Incident != s.Incident {
			continue
		}
		for _, r := range t.Due {
			due := r.Fields["due"].(record.Time).At // a talk has no other
			s.Due = append(s.Due, jsonDue{
				At: timeJSON(due), DaysLeft: daysBetween(now, due), Overdue: due.Before(now),
				With: jsonText(t.With), Inquiry: jsonText(t.Number), Seq: r.Seq, incident: s.Incident, at: due,
			})
		}
		if r := t.Waiting; r != nil {
			since, said := r.Happened()
			s.Waiting = append(s.Waiting, jsonWaiting{
				Since: timeJSON(since), Recorded: !said, Days: daysBetween(since, now),
				With: jsonText(t.With), Inquiry: jsonText(t.Number), Seq: r.Seq, incident: s.Incident, at: since,
			})
		}
		for _, r := range t.Unsure {
			s.Unsure = append(s.Unsure, r.Seq)
			s.ambiguous = append(s.ambiguous, t.Number != "")
		}
		for _, r := range t.Elsewhere {
			s.Elsewhere = append(s.Elsewhere, jsonElsewhere{Seq: r.Seq, Under: r.Incident, Inquiry: jsonText(t.Number)})
		}
	}
}

// daysBetween counts the midnights between two moments where the clock of now
// stands, whichever of them is now.
func daysBetween(from, to time.Time) int {
	day := func(t time.Time) time.Time {
		t = t.Local()
		return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	}
	return int(day(to).Sub(day(from)) / (24 * time.Hour))
}

// talkTables lists what is due, the nearest first, and what waits, the longest
// first, of all incidents.
func (u *ui) talkTables(list []jsonSummary) {
	l := u.lang
	var due []jsonDue
	var waiting []jsonWaiting
	for _, s := range list {
		due = append(due, s.Due...)
		waiting = append(waiting, s.Waiting...)
	}
	slices.SortStableFunc(due, func(x, y jsonDue) int { return x.at.Compare(y.at) })
	slices.SortStableFunc(waiting, func(x, y jsonWaiting) int { return x.at.Compare(y.at) })
	t := &table{head: u.heads("due-at", "left", "number", "with", "inquiry", "record"), flex: []int{3}}
	for _, d := range due {
		left := l.msg("list.days-left", d.DaysLeft)
		switch {
		case d.Overdue && d.DaysLeft == 0:
			left = l.msg("list.overdue-today")
		case d.Overdue:
			left = l.msg("list.overdue", -d.DaysLeft)
		case d.DaysLeft == 0:
			left = l.msg("list.today")
		}
		t.rows = append(t.rows, []string{d.at.Local().Format("2006-01-02 15:04"), left, strconv.Itoa(d.incident),
			u.desk(d.With), orDash(string(d.Inquiry)), strconv.FormatInt(d.Seq, 10)})
	}
	u.titled("list.due", t)
	t = &table{head: u.heads("since", "days", "number", "with", "inquiry", "record"), flex: []int{3}}
	for _, w := range waiting {
		since := w.at.Local().Format(time.DateOnly)
		if w.Recorded {
			since += " " + l.msg("list.recorded")
		}
		t.rows = append(t.rows, []string{since, strconv.Itoa(w.Days), strconv.Itoa(w.incident),
			u.desk(w.With), orDash(string(w.Inquiry)), strconv.FormatInt(w.Seq, 10)})
	}
	u.titled("list.waiting", t)
	for _, s := range list {
		u.elsewhere(s)
		for i, seq := range s.Unsure {
			under := strconv.Itoa(s.Incident)
			if s.ambiguous[i] {
				under = "N"
			}
			u.warning("list.unsure", seq, quoteLine(u.command("contact", "-i", under, "--inquiry", "ID", "--outcome", "TEXT")))
		}
	}
}

// elsewhere names the records that count for a talk of an incident and do not
// stand there, and how to have them in its reports.
func (u *ui) elsewhere(s jsonSummary) {
	if len(s.Elsewhere) == 0 || u.quiet {
		return
	}
	words := []string{"move"}
	for _, r := range s.Elsewhere {
		u.hint("list.elsewhere", r.Seq, r.Under, string(r.Inquiry), s.Incident)
		words = append(words, strconv.FormatInt(r.Seq, 10))
	}
	u.hint("list.bring")
	u.lineToCopy(u.command(append(words, "--to", strconv.Itoa(s.Incident))...))
}

func (u *ui) heads(names ...string) []string {
	for i, n := range names {
		names[i] = u.lang.msg("list." + n)
	}
	return names
}

// desk names whom a talk is with.
func (u *ui) desk(with jsonText) string {
	if key, ok := partyNames[string(with)]; ok {
		return u.lang.msg(key)
	}
	return orDash(string(with))
}

// titled prints a table that has rows, under a title.
func (u *ui) titled(key string, t *table) {
	if len(t.rows) == 0 {
		return
	}
	u.print("")
	u.say(key)
	for _, line := range t.lines(helpWidth) {
		u.print(line)
	}
}
