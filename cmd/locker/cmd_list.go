package main

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"evidence-locker/locker"
	"evidence-locker/locker/record"

	"github.com/urfave/cli/v2"
)

func newListCommand(e *env) *cli.Command {
	return &cli.Command{Name: "list", Action: func(c *cli.Context) error {
		if c.NArg() > 0 {
			return tooMany("list", c.Args().Slice())
		}
		return runList(c.Context, e)
	}}
}

type jsonSummary struct {
	Incident  int        `json:"incident"`
	Current   bool       `json:"current"`
	StartedAt string     `json:"started_at,omitempty"`
	Recorded  string     `json:"first_recorded_at,omitempty"`
	Exchange  jsonText   `json:"exchange,omitempty"`
	Kinds     []jsonText `json:"kinds"`
	Title     jsonText   `json:"title,omitempty"`
	Records   int        `json:"records"`
	Files     int        `json:"files"`
	Damaged   int        `json:"damaged"`

	Due     []jsonDue     `json:"due,omitempty"`
	Waiting []jsonWaiting `json:"waiting,omitempty"`
	Unsure  []int64       `json:"unsure,omitempty"` // answers of which nobody can tell what they answer

	Elsewhere []jsonElsewhere `json:"elsewhere,omitempty"`

	ambiguous []bool // for each of Unsure: it has a number, which several incidents have
}

// jsonElsewhere is a record of a talk of this incident that was recorded under
// another one.
type jsonElsewhere struct {
	Seq     int64    `json:"seq"`
	Under   int      `json:"incident"`
	Inquiry jsonText `json:"inquiry_no,omitempty"`
}

// jsonDue is a clock that runs.
type jsonDue struct {
	At       string   `json:"at"`
	DaysLeft int      `json:"days_left"` // calendar days, negative once it is past
	Overdue  bool     `json:"overdue"`
	With     jsonText `json:"with,omitempty"`
	Inquiry  jsonText `json:"inquiry_no,omitempty"`
	Seq      int64    `json:"seq"`

	incident int
	at       time.Time
}

// jsonWaiting is a message that no reply followed.
type jsonWaiting struct {
	Since    string   `json:"since"`
	Recorded bool     `json:"since_recorded,omitempty"` // nobody said when it was sent: since is the time of recording
	Days     int      `json:"days"`
	With     jsonText `json:"with,omitempty"`
	Inquiry  jsonText `json:"inquiry_no,omitempty"`
	Seq      int64    `json:"seq"`

	incident int
	at       time.Time
}

func runList(ctx context.Context, e *env) error {
	v, k, err := e.openUnlocked(ctx)
	if err != nil {
		return err
	}
	defer v.Close()
	current, err := v.Current(ctx)
	if err != nil {
		return err
	}
	incidents, err := v.Survey(ctx, k, func(r *locker.Record) bool { return r.Type == record.Incident || r.Type == record.Contact })
	if err != nil {
		return err
	}
	list := []jsonSummary{}
	talks := locker.Talks(incidents)
	damaged := false
	for _, in := range incidents {
		damaged = damaged || len(in.Damaged) > 0
		e.ui.damage(in.Damaged)
		if in.Number > 0 {
			s := e.summarise(in, current.Number)
			s.talks(talks, e.now().At)
			list = append(list, s)
		}
	}
	switch {
	case e.ui.asJSON:
		err = e.ui.printJSON(list)
	case len(list) == 0:
		e.ui.info("list.empty")
		e.ui.advise("list.empty-hint")
	default:
		for _, line := range e.ui.summaryTable(list).lines(helpWidth) {
			e.ui.print(line)
		}
		e.ui.talkTables(list)
	}
	if err == nil && damaged {
		e.ui.advise("hint.damaged")
		err = errDamage
	}
	if err == nil {
		e.remind(ctx, v)
	}
	return err
}

func (e *env) summarise(in *locker.Incident, current int) jsonSummary {
	name, _ := in.Choose("exchange", e.knownExchange)
	s := jsonSummary{
		Incident: in.Number, Current: in.Number == current,
		Kinds: []jsonText{}, Title: jsonText(in.Text("title")),
		Records: len(in.Records), Files: len(in.Exhibits()), Damaged: len(in.Damaged),
	}
	if name != nil {
		s.Exchange = jsonText(name.String())
	}
	for _, k := range in.Kinds() {
		s.Kinds = append(s.Kinds, jsonText(k))
	}
	if t, ok := first(in.Value("started_at")).(record.Time); ok {
		s.StartedAt = timeJSON(t.At)
	}
	if len(in.Records) > 0 {
		s.Recorded = timeJSON(in.Records[0].RecordedAt)
	}
	return s
}

func first(v record.Value, _ *locker.Record) record.Value { return v }

// kindsColumn is what a kind takes of a line of list at most.
const kindsColumn = 24

// summaryTable lists incidents. When one began is never guessed from when it
// was recorded.
func (u *ui) summaryTable(list []jsonSummary) *table {
	l := u.lang
	t := &table{flex: []int{4, 3, 2}, short: map[string]string{}} // title, kinds, exchange: show has them whole
	for _, c := range []string{"number", "when", "exchange", "kinds", "title", "records", "files"} {
		t.head = append(t.head, l.msg("list."+c))
	}
	for _, s := range list {
		number := strconv.Itoa(s.Incident)
		if s.Current {
			number += "*"
		}
		when := "-"
		if len(s.StartedAt) >= len("2006-01-02T15:04") {
			when = strings.Replace(s.StartedAt[:len("2006-01-02T15:04")], "T", " ", 1)
		}
		kinds, keys := make([]string, len(s.Kinds)), make([]string, len(s.Kinds))
		for i, k := range s.Kinds {
			kinds[i], keys[i] = u.kindName(string(k), kindsColumn), string(k)
		}
		// The keys are what commands take, so of a long cell they stay.
		t.short[orDash(strings.Join(kinds, ","))] = orDash(strings.Join(keys, ","))
		t.rows = append(t.rows, []string{
			number, when, orDash(string(s.Exchange)), orDash(strings.Join(kinds, ",")), orDash(string(s.Title)),
			strconv.Itoa(s.Records), strconv.Itoa(s.Files),
		})
	}
	return t
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return safe(s)
}

// damage names the records that could not be read.
func (u *ui) damage(damaged []locker.Damage) {
	for _, d := range damaged {
		if !errors.Is(d.Err, context.Canceled) {
			u.warning("show.damaged", d.Seq, d.Err)
		}
	}
}
