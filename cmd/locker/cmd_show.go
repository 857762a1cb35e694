package main

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"evidence-locker/crypto"
	"evidence-locker/locker"
	"evidence-locker/locker/record"

	"github.com/urfave/cli/v2"
)

func newShowCommand(e *env) *cli.Command {
	return &cli.Command{
		Name: "show",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "seq", Usage: "SEQ"},
			&cli.BoolFlag{Name: "raw"},
		},
		Action: func(c *cli.Context) error {
			o := showOptions{seq: c.String("seq"), raw: c.Bool("raw")}
			if c.NArg() > 1 {
				return tooMany("show", c.Args().Slice()[1:])
			}
			o.number = c.Args().First()
			return runShow(c.Context, e, o)
		},
	}
}

type showOptions struct {
	number, seq string
	raw         bool
}

func runShow(ctx context.Context, e *env, o showOptions) error {
	seq, number := int64(-1), currentIncident
	var err error
	switch {
	case o.seq != "" && o.number != "":
		return &usageError{key: "usage.seq-and-number", command: "show"}
	case o.raw && o.seq == "":
		return &usageError{key: "usage.raw-without-seq", command: "show"}
	case o.seq != "":
		if seq, err = parseSeq(o.seq); err != nil {
			return err
		}
	case o.number == "0": // what is about the person
		number = 0
	case o.number != "":
		if number, err = parseNumber(o.number); err != nil {
			return err
		}
	}
	v, k, err := e.openUnlocked(ctx)
	if err != nil {
		return err
	}
	defer v.Close()
	if seq >= 0 {
		return e.showRecord(ctx, v, k, seq, o.raw)
	}
	in, current, err := e.incident(ctx, v, k, number)
	if err != nil {
		return err
	}
	e.ui.damage(in.Damaged)
	if e.ui.asJSON {
		out := jsonIncident{Incident: in.Number, Current: current, Records: []jsonRecord{}}
		for _, r := range in.Records {
			out.Records = append(out.Records, recordJSON(r))
		}
		for _, d := range in.Damaged {
			out.Damaged = append(out.Damaged, jsonDamage{d.Seq, d.Err.Error()})
		}
		err = e.ui.printJSON(out)
	} else {
		e.ui.incidentLine(in.Number, current)
		e.ui.showGroups(in)
	}
	if err == nil && len(in.Damaged) > 0 {
		e.ui.advise("hint.damaged")
		err = errDamage
	}
	return err
}

// parseSeq reads the number of a record.
func parseSeq(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 53)
	if err != nil || n < 0 {
		return 0, &usageError{key: "usage.no-seq", args: []any{s}}
	}
	return n, nil
}

// currentIncident stands for the current incident where a number may stand.
const currentIncident = -1

// incident reads incident n; 0 holds what is about the person.
func (e *env) incident(ctx context.Context, v *locker.Vault, k *crypto.Key, n int) (in *locker.Incident, current bool, err error) {
	c, err := v.Current(ctx)
	if err != nil {
		return nil, false, err
	}
	if n == currentIncident {
		if n = c.Number; n == 0 { // a backup, or what is restored from one, has not been added to here
			numbers, err := v.IncidentNumbers(ctx)
			if err != nil {
				return nil, false, err
			}
			if len(numbers) > 0 {
				n = slices.Max(numbers)
			}
		}
		if n == 0 {
			return nil, false, &failure{key: "err.nothing-recorded", hint: "list.empty-hint"}
		}
	}
	in, err = v.Incident(ctx, k, n)
	if errors.Is(err, locker.ErrNoIncident) {
		return nil, false, &failure{key: "err.no-incident", args: []any{n}, hint: "hint.no-incident"}
	}
	if err == nil && n == 0 && len(in.Records)+len(in.Damaged) == 0 {
		err = &failure{key: "err.no-person", hint: "hint.no-person"}
	}
	return in, n == c.Number && n > 0, err
}

// incidentLine names the incident that follows.
func (u *ui) incidentLine(number int, current bool) {
	switch {
	case current:
		u.say("incident.current", number)
	case number == 0:
		u.say("incident.none", number)
	default:
		u.say("incident.other", number)
	}
}

// showGroups prints an incident's records by type, in the order of seq.
func (u *ui) showGroups(in *locker.Incident) {
	groups := map[record.Type][]*locker.Record{}
	var unknown, retracted []*locker.Record
	for _, r := range in.Records {
		switch {
		case !r.Known:
			unknown = append(unknown, r)
		case r.Retracted != nil:
			retracted = append(retracted, r)
		default:
			groups[r.Type] = append(groups[r.Type], r)
		}
	}
	for _, t := range record.Types() {
		u.showGroup("group."+string(t), groups[t])
	}
	u.showGroup("group.retracted", retracted)
	u.showGroup("group.unknown", unknown)
}

func (u *ui) showGroup(title string, records []*locker.Record) {
	if len(records) == 0 {
		return
	}
	u.print("")
	u.say(title)
	for _, r := range records {
		for _, line := range u.shownLines(r) {
			u.print(line)
		}
	}
}

// shownLines describes a record with the time at which it was recorded.
func (u *ui) shownLines(r *locker.Record) []string {
	indent := strings.Repeat(" ", seqColumn+2)
	if !r.Known {
		lines := []string{pad(strconv.FormatInt(r.Seq, 10), seqColumn)}
		for _, l := range safeLines(string(r.Raw)) {
			lines = append(lines, indent+l)
		}
		return lines
	}
	lines := u.recordLines(r.Seq, r.Type, u.worded(r.Type, r.Fields), r.Exhibit)
	lines = append(lines, indent+u.lang.msg("show.recorded-at", formatTime(r.RecordedAt.Truncate(time.Second))))
	if r.Under != nil {
		lines = append(lines, indent+u.lang.msg("show.from-incident", r.Incident, r.Under.Seq))
	}
	if r.Retracted != nil {
		lines = append(lines, indent+u.lang.msg("show.retracted", r.Retracted.Seq, u.lang.value(r.Retracted.Fields["why"])))
	}
	return lines
}

// showRecord prints one record with everything it says of itself.
func (e *env) showRecord(ctx context.Context, v *locker.Vault, k *crypto.Key, seq int64, raw bool) error {
	r, err := e.record(ctx, v, k, seq)
	if err != nil {
		return err
	}
	u := e.ui
	switch {
	case raw:
		raw := r.Raw
		if isTerminalFile(u.out) { // elsewhere it is the sealed bytes themselves
			raw = visibleJSON(raw)
		}
		u.print(string(raw))
		return nil
	case u.asJSON:
		return u.printJSON(recordJSON(r))
	case !r.Known:
		u.warning("show.newer", seq)
		for _, line := range safeLines(string(r.Raw)) {
			u.print(line)
		}
		return nil
	}
	l := u.lang
	u.say("show.record", r.Seq, l.typeName(r.Type), r.Incident)
	if r.Retracted != nil {
		u.print("  " + l.msg("show.retracted", r.Retracted.Seq, l.value(r.Retracted.Fields["why"])))
	}
	pair := func(name, value string) { u.print("  " + name + ": " + value) }
	shown := u.worded(r.Type, r.Fields)
	for _, name := range fieldNames(r.Type, r.Fields) {
		text, ok := r.Fields[name].(record.Text)
		if lines := safeLines(string(text)); ok && len(lines) > 1 {
			u.print("  " + l.labelOf(r.Type, name) + ":")
			for _, line := range lines {
				u.print("    " + line)
			}
			continue
		}
		value := l.value(shown[name])
		if t, ok := r.Fields[name].(record.Time); ok && t.Raw != "" {
			value += " " + l.msg("value.typed", t.Raw)
		}
		pair(l.labelOf(r.Type, name), value)
	}
	if x := r.Exhibit; x != nil {
		pair(l.label("size"), l.size(x.Size))
		pair(l.label("sha256"), exhibitJSON(x).SHA256)
	}
	pair(l.label("recorded_at"), formatTime(r.RecordedAt)+" "+safe(r.Clock.Zone))
	if s := r.Clock.Synchronised; s != nil {
		key := "show.clock-not-synchronised"
		if *s {
			key = "show.clock-synchronised"
		}
		pair(l.label("clock"), l.msg(key))
	}
	pair(l.label("device"), safe(strings.Join(slices.DeleteFunc([]string{r.Device.Host, r.Device.OS, r.Device.Arch},
		func(s string) bool { return s == "" }), " ")))
	pair(l.label("tool"), safe(r.Tool.Name+" "+r.Tool.Version))
	return nil
}

// record reads one record. Whether it was retracted stands in its incident.
func (e *env) record(ctx context.Context, v *locker.Vault, k *crypto.Key, seq int64) (*locker.Record, error) {
	r, err := v.Record(ctx, k, seq)
	if errors.Is(err, locker.ErrNoRecord) {
		return nil, &failure{key: "err.no-record", args: []any{seq}, hint: "hint.no-record"}
	}
	if err != nil {
		return nil, err
	}
	in, err := v.Incident(ctx, k, r.Incident)
	if err != nil {
		return r, nil // the record itself was readable, that is what was asked for
	}
	for _, full := range in.Records {
		if full.Seq == seq {
			return full, nil
		}
	}
	return r, nil
}
