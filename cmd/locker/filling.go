package main

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"evidence-locker/locker"
	"evidence-locker/locker/record"
	"evidence-locker/report"
)

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
