package main

import (
	"slices"
	"strconv"
	"strings"

	"evidence-locker/locker/record"
	"evidence-locker/report"
)

// This file asks for what a report lacks.

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
