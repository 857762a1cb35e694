package main

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"evidence-locker/crypto"
	"evidence-locker/locker"
	"evidence-locker/locker/record"
	"evidence-locker/report"

	"github.com/urfave/cli/v2"
)

func newFillCommand(e *env) *cli.Command {
	return &cli.Command{
		Name: "fill",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "for", Usage: "WHOM"},
			&cli.BoolFlag{Name: "all"},
			&cli.StringSliceFlag{Name: "set", Usage: "KEY=VALUE"},
		},
		Action: func(c *cli.Context) error {
			if c.NArg() > 1 {
				return tooMany("fill", c.Args().Slice()[1:])
			}
			return runFill(c.Context, e, fillOptions{
				number: c.Args().First(), recipient: c.String("for"), all: c.Bool("all"), set: c.StringSlice("set"),
			})
		},
	}
}

type fillOptions struct {
	number, recipient string
	all               bool // for every recipient
	set               []string
}

// read returns the incident and the recipients.
func (o *fillOptions) read(e *env) (incident int, recipients []string, err error) {
	var known []string
	for _, r := range report.Recipients() {
		known = append(known, r.Key)
	}
	incident, recipients = currentIncident, known[:1]
	switch {
	case o.all && o.recipient != "":
		return 0, nil, &usageError{key: "usage.fill-all", command: "fill"}
	case o.all:
		recipients = known
	case o.recipient != "":
		f := flagValue{"for", o.recipient, known}
		if err := f.check(e); err != nil {
			return 0, nil, err
		}
		recipients = []string{o.recipient}
	}
	if o.number != "" {
		incident, err = parseNumber(o.number)
	}
	if err == nil && len(o.set) == 0 && !e.canAsk() {
		err = &usageError{key: "usage.fill-nobody", example: e.ui.command("fill", "--set", "incident.title=TEXT")}
	}
	return incident, recipients, err
}

func runFill(ctx context.Context, e *env, o fillOptions) error {
	now := e.now().At
	number, recipients, err := o.read(e)
	if err != nil {
		return err
	}
	v, k, err := e.openUnlocked(ctx)
	if err != nil {
		return err
	}
	defer v.Close()
	if v.ReadOnly() { // before anything is asked for
		return locker.ErrReadOnly
	}
	in, current, err := e.incident(ctx, v, k, number)
	if err != nil {
		return err
	}
	e.ui.damage(in.Damaged)
	missing, err := e.missingFor(ctx, v, k, in, recipients)
	if err != nil {
		return err
	}
	f := newFilling(e, in, &plan{now: now, monthFirst: e.names().monthFirst})
	for _, m := range missing {
		if m.With != "" {
			f.with[m.Path] = m.With
		}
	}
	interrupted := false
	if len(o.set) > 0 {
		f.set(o.set)
	} else {
		f.d = &dialogue{e: e, ctx: ctx, now: now}
		f.askAll(missing)
		interrupted = f.d.ended
	}
	f.finish()
	// What an incident lacks is filled in later, and does not make it the one
	// that is going on.
	a := &adding{e: e, v: v, now: now, target: locker.Target{Number: in.Number, Fixed: true}, incident: -1, plan: func() *plan { return f.p }}
	if current {
		a.current = in.Number
	}
	if f.p.empty() {
		for _, p := range f.p.problems {
			p.show(e.ui)
		}
	} else if err := a.commitPlan(context.WithoutCancel(ctx)); err != nil {
		if printErr := a.printed(nil); printErr != nil {
			return printErr
		}
		return err
	}
	if interrupted {
		if err := a.printed(nil); err != nil {
			return err
		}
		if len(a.recorded) > 0 {
			e.ui.info("form.kept")
		}
		return context.Canceled
	}
	if in, _, err = e.incident(ctx, v, k, in.Number); err != nil {
		return err
	}
	if missing, err = e.missingFor(ctx, v, k, in, recipients); err != nil {
		return err
	}
	if e.ui.asJSON {
		out := jsonFilled{jsonAdded: a.json(), For: recipients, Missing: missingJSON(missing)}
		out.Incident = in.Number
		if err := e.ui.printJSON(out); err != nil {
			return err
		}
	}
	if len(missing) == 0 {
		e.ui.info("fill.complete")
	} else {
		e.ui.listMissing(missing)
	}
	for _, r := range recipients {
		e.ui.hint("fill.report", e.ui.recipientName(r), quoteLine(e.ui.command("report", strconv.Itoa(in.Number), "--for", r)))
	}
	if len(in.Damaged) > 0 {
		e.ui.advise("hint.damaged")
		return errDamage
	}
	return nil
}

type jsonFilled struct {
	jsonAdded
	For     []string      `json:"for"`
	Missing []jsonMissing `json:"missing"` // still
}

// missingFor returns what reports on an incident still lack, each once, in the
// order of the recipients and of their lists.
func (e *env) missingFor(ctx context.Context, v *locker.Vault, k *crypto.Key, in *locker.Incident, recipients []string) ([]report.MissingField, error) {
	var all []report.MissingField
	for _, key := range recipients {
		r, _, err := e.buildReport(ctx, v, k, in, report.Options{For: key, Lang: string(e.ui.lang)})
		if err != nil {
			return nil, err
		}
		for _, f := range r.Missing() {
			if !slices.ContainsFunc(all, func(have report.MissingField) bool { return have.Path == f.Path }) {
				all = append(all, f)
			}
		}
	}
	return all, nil
}

// A filling turns answers into facts of one incident and of the person.
type filling struct {
	e        *env
	d        *dialogue // nil: nobody is asked
	in       *locker.Incident
	p        *plan
	exchange string // of the incident, its key; "" if none is recorded
	kinds    []string
	things   map[record.Type][]*thing
	account  record.Fields     // the person's at the exchange, for every incident
	with     map[string]string // by path of a missing field: of a talk with whom it is
}

// A thing is an order, a transfer and so on, with what is added to it.
type thing struct {
	name  string        // for people
	id    record.Fields // what tells it from the others in a further record
	known record.Fields // everything recorded of it
	add   record.Fields
}

// idOf names the field that a report knows a thing again by.
var idOf = map[record.Type]string{
	record.Order: "id", record.Transfer: "txid", record.Account: "number", record.Contact: "inquiry_no",
}

func newFilling(e *env, in *locker.Incident, p *plan) *filling {
	f := &filling{e: e, in: in, p: p, kinds: in.Kinds(), things: map[record.Type][]*thing{}, account: record.Fields{}, with: map[string]string{}}
	if s := e.exchangeOf(in); s != "" {
		f.exchange, _, _ = e.names().exchange(s)
		if f.exchange == "" {
			f.exchange = s
		}
	}
	for _, t := range record.Types() {
		for _, r := range in.All(t) {
			f.note(r)
		}
	}
	return f
}

// note takes in what a record says of a thing.
func (f *filling) note(r *locker.Record) {
	t := r.Type
	id := textOf(r.Fields, idOf[t])
	if t == record.Account && (id == "" || !f.here(r.Fields)) {
		return
	}
	for _, old := range f.things[t] {
		if id != "" && textOf(old.known, idOf[t]) == id && agree(old.known, r.Fields, "to", "direction", "exchange") {
			maps.Copy(old.known, r.Fields)
			return
		}
	}
	n := &thing{id: record.Fields{}, known: maps.Clone(r.Fields), add: record.Fields{}}
	l := f.e.ui.lang
	if n.name = id; id != "" {
		for _, name := range []string{idOf[t], "exchange", "to", "with"} {
			if v, ok := r.Fields[name]; ok {
				n.id[name] = v
			}
		}
	} else {
		// Nothing tells it from others of its type but the number of its record.
		n.name = l.msg("fill.record", r.Seq)
		if names := fieldNames(t, r.Fields); len(names) > 0 {
			n.name += ", " + l.value(r.Fields[names[0]])
		}
		if _, _, ok := record.LookupField(string(t) + ".note"); ok {
			n.id["note"] = record.Text(n.name)
		}
	}
	f.things[t] = append(f.things[t], n)
}

// here tells whether an account can be the one at the incident's exchange.
func (f *filling) here(account record.Fields) bool {
	at := textOf(account, "exchange")
	key, _, ok := f.e.names().exchange(at)
	return at == "" || f.exchange == "" || at == f.exchange || ok && key == f.exchange
}

// agree reports whether two records do not contradict each other in some fields.
func agree(x, y record.Fields, names ...string) bool {
	return !slices.ContainsFunc(names, func(name string) bool {
		v, w := textOf(x, name), textOf(y, name)
		return v != "" && w != "" && v != w
	})
}

// askAll asks for one missing thing after the other.
func (f *filling) askAll(missing []report.MissingField) {
	if len(missing) > 0 {
		f.d.tell("form.intro")
	}
	named := false
	for i, m := range missing {
		typ, field, ok := record.LookupField(m.Path)
		if f.d.ended || m.Path == string(record.Reporter)+".victim_name" && named {
			continue // the victim is the reporter where nobody else is named
		}
		l := f.e.ui.lang
		f.d.tell("fill.item", i+1, len(missing), m.Label(string(l)), l.msg("need."+string(m.Need)))
		if why := m.Why(string(l)); why != m.Label(string(l)) {
			f.d.remark("", why)
		}
		switch {
		case !ok || !canSet(typ, field.Name):
			f.d.tell("fill.no-field", quoteLine(f.e.ui.command("add", "-i", strconv.Itoa(f.in.Number), "FILE")))
		case typ == record.Reporter:
			if v := f.value(field, l.personLabel(field.Name)); v != nil {
				f.p.fact(typ, field.Name, v)
				named = named || field.Name == "name"
			}
		case typ == record.Incident:
			f.askIncident(field)
		default:
			f.askThings(typ, field)
		}
	}
}

func (f *filling) askIncident(field record.Field) {
	switch field.Name {
	case "exchange":
		if s := f.d.exchange(); s != "" {
			f.exchange = f.p.named(s, "exchange", f.e.names().exchange)
		}
	case "kind":
		for _, s := range f.d.kinds() {
			f.kinds = append(f.kinds, f.p.named(s, "kind", f.e.names().kind))
		}
	case "request":
		if s := f.d.request(f.wishes()); s != "" {
			f.p.fact(record.Incident, field.Name, record.Text(s))
		}
	default:
		if v := f.value(field, f.e.ui.lang.label(field.Name)); v != nil {
			f.p.fact(record.Incident, field.Name, v)
		}
	}
}

// askThings asks for a field of each thing that lacks it; where there is none,
// for one that is not recorded yet.
func (f *filling) askThings(typ record.Type, field record.Field) {
	l := f.e.ui.lang
	label := l.label(field.Name)
	things := f.meant(typ, field.Name)
	if typ == record.Account {
		label = l.personLabel(field.Name)
		if len(things) == 0 && f.exchange != "" && field.Name != "exchange" {
			// The account is the person's in every incident.
			if v := f.value(field, l.msg("fill.of", f.e.exchangeName(f.exchange), label)); v != nil {
				f.account[field.Name] = v
			}
			return
		}
	}
	if len(things) == 0 && field.Name == idOf[typ] {
		for _, s := range listMark.Split(f.d.text("fill.several", label), -1) {
			if s = strings.TrimSpace(s); s != "" {
				f.begin(typ, s, record.Fields{field.Name: record.Text(s)})
			}
		}
		return
	}
	if len(things) == 0 {
		if v := f.value(field, l.msg("fill.of", l.typeName(typ), label)); v != nil {
			f.begin(typ, l.value(v), record.Fields{field.Name: v})
		}
		return
	}
	for _, t := range things {
		if t.known[field.Name] != nil || f.d.ended {
			continue
		}
		if v := f.value(field, l.msg("fill.of", l.typeName(typ)+" "+t.name, label)); v != nil {
			t.add[field.Name] = v
		}
	}
}

// meant are the things of a type that a missing field can be of: a number that
// the police gave is not that of a talk with a support desk.
func (f *filling) meant(typ record.Type, field string) []*thing {
	with := f.with[string(typ)+"."+field]
	return slices.DeleteFunc(slices.Clone(f.things[typ]), func(t *thing) bool {
		return with == "police" && !report.WithPolice(t.known)
	})
}

// meantBy are the things of a type that all of some KEY=VALUE pairs can be of.
func (f *filling) meantBy(typ record.Type, pairs []string) []*thing {
	all := f.things[typ]
	for _, s := range pairs {
		key, _, _ := strings.Cut(s, "=")
		if t, field, ok := settable(strings.TrimSpace(key)); ok && t == typ {
			all = slices.DeleteFunc(slices.Clone(all), func(x *thing) bool { return !slices.Contains(f.meant(typ, field.Name), x) })
		}
	}
	return all
}

// begin makes a thing that is not recorded yet.
func (f *filling) begin(typ record.Type, name string, fields record.Fields) {
	for field := range fields {
		if with := f.with[string(typ)+"."+field]; with != "" {
			fields["with"] = record.Text(with)
		}
	}
	if f.exchange != "" && (typ == record.Order || typ == record.Account) {
		fields["exchange"] = record.Text(f.exchange)
	}
	f.things[typ] = append(f.things[typ], &thing{name: name, known: fields, add: fields})
}

// long are the fields that take more than a line.
var long = []string{"summary", "narrative", "opinion", "request", "error_text", "noticed_how", "text", "reply", "current_risk"}

// value asks for a field, nil if it is skipped.
func (f *filling) value(field record.Field, label string) record.Value {
	s := ""
	switch {
	case field.Kind == record.KindTime:
		s = f.d.time("", "fill.time", label)
	case field.Kind == record.KindAmount:
		s = f.d.amount("fill.amount", label)
	case slices.Contains(long, field.Name):
		s = f.d.lines("fill.long", label)
	default:
		s = f.d.text("form.field", label)
	}
	if s == "" {
		return nil
	}
	return f.p.value(field, label, label+": "+s, s)
}

// finish makes facts of what the things are to have, and of the account. What
// is about the person comes last.
func (f *filling) finish() {
	for _, typ := range record.Types() {
		for _, t := range f.things[typ] {
			if len(t.add) == 0 {
				continue
			}
			fields := maps.Clone(t.add)
			maps.Copy(fields, t.id)
			f.p.facts = append(f.p.facts, locker.Fact{Type: typ, Fields: fields})
		}
	}
	person := func(fact locker.Fact) bool { return fact.Type == record.Reporter }
	for _, fact := range f.p.facts {
		if person(fact) {
			f.p.person = append(f.p.person, fact)
		}
	}
	f.p.facts = slices.DeleteFunc(f.p.facts, person)
	f.p.account(f.account, f.exchange)
	f.p.facts = append(f.p.facts, f.p.kept...)
	f.p.kept = nil
}

// wishes are what the kinds of trouble suggest to ask of the desk.
func (f *filling) wishes() string {
	_, b := f.e.books()
	var all []string
	for _, s := range f.kinds {
		k, ok := b.Lookup(s)
		if w := k.Wish.Text(string(f.e.ui.lang)); ok && w != "" && !slices.Contains(all, w) {
			all = append(all, w)
		}
	}
	return strings.Join(all, "\n")
}

// request asks what the desk is to do. A proposal is recorded only if the person
// takes it.
func (d *dialogue) request(proposal string) string {
	if proposal == "" {
		return d.lines("fill.long", d.e.ui.lang.label("request"))
	}
	d.tell("fill.proposal")
	for _, line := range safeLines(proposal) {
		d.remark("", line)
	}
	return d.harmless(func() string {
		switch s := d.line("fill.take"); strings.ToLower(s) {
		case "":
			return ""
		case "y", "yes", "ｙ", "はい":
			return proposal
		default:
			return d.more(s)
		}
	})
}

// set takes KEY=VALUE as add --set does, and joins what is of the one thing of
// its type to it.
func (f *filling) set(pairs []string) {
	o, t, given := addOptions{}, things{}, map[record.Type]bool{}
	f.p.again = []string{"fill", strconv.Itoa(f.in.Number)}
	for _, s := range pairs {
		if report.LooksSecret(s) {
			f.p.problem(true, nil, "form.secret")
			continue
		}
		o.set = append(o.set, s)
		key, _, _ := strings.Cut(s, "=")
		typ, field, _ := settable(strings.TrimSpace(key))
		given[typ] = given[typ] || field.Name == idOf[typ]
	}
	seeds := map[record.Type]int{} // with how many fields a thing began
	for typ, id := range idOf {
		if known := f.meantBy(typ, o.set); len(known) == 1 && !given[typ] && textOf(known[0].known, id) != "" {
			t[typ] = []record.Fields{maps.Clone(known[0].id)}
			seeds[typ] = len(t[typ][0])
		}
	}
	o.sets(f.p, t)
	f.p.noFile()
	for _, talk := range t[record.Contact] {
		for name := range talk {
			if with := f.with[string(record.Contact)+"."+name]; with != "" && talk["with"] == nil {
				talk["with"] = record.Text(with)
			}
		}
	}
	for typ, n := range seeds {
		if len(t[typ][0]) == n {
			t[typ] = t[typ][1:]
		}
	}
	for _, typ := range record.Types() {
		if len(t[typ]) > 0 && !given[typ] && idOf[typ] != "" && len(f.things[typ]) > 1 {
			f.p.problem(false, nil, "fill.which", len(f.things[typ]), string(typ)+"."+idOf[typ])
		}
	}
	f.p.check(t, f.exchange, f.e.names())
	accounts := t[record.Account]
	delete(t, record.Account)
	f.p.facts = append(f.p.facts, t.facts()...)
	for _, a := range accounts {
		switch at := textOf(a, "exchange"); {
		case len(f.things[record.Account]) == 0 && at+f.exchange != "":
			if at == "" {
				at = f.exchange
			}
			f.p.account(a, at)
		default:
			if at == "" && f.exchange != "" {
				a["exchange"] = record.Text(f.exchange)
			}
			f.p.facts = append(f.p.facts, locker.Fact{Type: record.Account, Fields: a})
		}
	}
}

// listMissing lists on standard error what a recipient asks for and nobody has
// given.
func (u *ui) listMissing(fields []report.MissingField) {
	u.info("report.missing", len(fields))
	for _, f := range fields {
		line := f.Label(string(u.lang)) + " (" + f.Path + ")"
		if why := f.Why(string(u.lang)); why != "" {
			line += ": " + why
		}
		u.plain(line)
	}
}

func missingJSON(fields []report.MissingField) []jsonMissing {
	out := []jsonMissing{}
	for _, f := range fields {
		out = append(out, jsonMissing{f.Path, string(f.Need)})
	}
	return out
}
