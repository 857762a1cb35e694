package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"evidence-locker/locker"
	"evidence-locker/locker/record"

	"github.com/rivo/uniseg"
)

// jsonIssued is one file of a report, as the vault noted that it was made.
type jsonIssued struct {
	Seq      int64    `json:"seq"` // of the note
	Incident int      `json:"incident"`
	At       string   `json:"issued_at"`
	For      jsonText `json:"for"`
	Format   jsonText `json:"format"`
	Lang     jsonText `json:"lang"`
	Name     jsonText `json:"name"` // "-" : standard output
	Note     jsonText `json:"note,omitempty"`
	Size     int64    `json:"size"`
	SHA256   jsonText `json:"sha256"`

	at time.Time
}

// issuedIn lists the reports of an incident in the order in which they were
// made.
func issuedIn(in *locker.Incident) []jsonIssued {
	list := []jsonIssued{}
	for _, r := range in.All(record.Custody) {
		text := func(name string) jsonText {
			t, _ := r.Fields[name].(record.Text)
			return jsonText(t)
		}
		if text("action") != "report" {
			continue
		}
		size, _ := r.Fields["size"].(record.Int)
		list = append(list, jsonIssued{
			Seq: r.Seq, Incident: r.Incident, At: timeJSON(r.RecordedAt), For: text("for"), Format: text("format"), Lang: text("lang"),
			Name: text("name"), Note: text("note"), Size: int64(size), SHA256: text("sha256"), at: r.RecordedAt,
		})
	}
	return list
}

// runIssued lists what was issued to whom and when: of one incident, or of all
// of them with number "".
func runIssued(ctx context.Context, e *env, number string) error {
	n := currentIncident
	var err error
	if number != "" {
		if n, err = parseNumber(number); err != nil {
			return err
		}
	}
	v, k, err := e.openUnlocked(ctx)
	if err != nil {
		return err
	}
	defer v.Close()
	var incidents []*locker.Incident
	if number == "" {
		incidents, err = v.Survey(ctx, k, func(r *locker.Record) bool { return r.Type == record.Custody })
	} else {
		incidents = make([]*locker.Incident, 1)
		incidents[0], _, err = e.incident(ctx, v, k, n)
	}
	if err != nil {
		return err
	}
	list, damaged := []jsonIssued{}, false
	for _, in := range incidents {
		damaged = damaged || len(in.Damaged) > 0
		e.ui.damage(in.Damaged)
		list = append(list, issuedIn(in)...)
	}
	switch {
	case e.ui.asJSON:
		err = e.ui.printJSON(list)
	case len(list) > 0:
		e.ui.issuedTable(list)
	case number == "":
		e.ui.info("issued.none")
	default:
		e.ui.info("issued.none-of", n)
	}
	if err == nil && damaged {
		e.ui.advise("hint.damaged")
		err = errDamage
	}
	return err
}

// issuedTable prints a row for each file, and below it what is too long for
// one: its name and its hash.
func (u *ui) issuedTable(list []jsonIssued) {
	l := u.lang
	t := &table{flex: []int{3}}
	for _, c := range []string{"issued.seq", "issued.incident", "issued.at", "issued.for", "issued.format", "issued.lang"} {
		t.head = append(t.head, l.msg(c))
	}
	for _, i := range list {
		t.rows = append(t.rows, []string{
			fmt.Sprintf("%*d", seqColumn, i.Seq), strconv.Itoa(i.Incident), formatTime(i.at.Truncate(time.Second)),
			orDash(string(i.For)), orDash(string(i.Format)), orDash(string(i.Lang)),
		})
	}
	t.head[0] = strings.Repeat(" ", max(0, seqColumn-uniseg.StringWidth(t.head[0]))) + t.head[0]
	lines := t.lines(helpWidth)
	u.print(lines[0])
	for n, i := range list {
		u.print(lines[n+1])
		name := l.issuedName(i) + "  " + l.size(i.Size)
		if i.Note != "" {
			name += "  (" + safe(string(i.Note)) + ")"
		}
		u.print(strings.Repeat(" ", seqColumn+2) + name)
		u.print(shaLine(safe(string(i.SHA256))))
	}
}

// issuedName is the name of a report's file.
func (l lang) issuedName(i jsonIssued) string {
	if i.Name == "-" {
		return l.msg("issued.stdout")
	}
	return safe(string(i.Name))
}
