package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"evidence-locker/locker"
	"evidence-locker/locker/record"
)

// The name and version of the format of WriteJSON. The version grows when a
// member changes its meaning or goes away, not when one is added.
const (
	jsonFormat  = "evidence-locker-report"
	jsonVersion = 1
)

// WriteJSON writes the whole report for a machine: one JSON object in UTF-8
// (RFC 8259), indented, with a newline at its end. The same report gives the
// same bytes.
//
// Keys, and values of the program's own, are the same in every language.
// Members named "label", "text", "title" and "why" of what is missing are
// worded in the language "lang", as in the document. Other strings are exactly
// as recorded, control characters, emoji and rare kanji included; a masked
// secret, and text that is not UTF-8, stand as in the document. Nothing is here
// that the document does not show; its custody log is not here.
//
//	format, version  "evidence-locker-report", 1
//	recipient, lang, title
//	date             of the document, RFC 3339, or a day; "" if there is none
//	vault, head      id; "size:root" with the root in base64, "" if there is none
//	incident         {number, exchange, kinds}: keys where they are known
//	form             what the recipient asks for, in its order: {path, label, need,
//	                 sheet, given, text, values}; need is R (required), E (expected),
//	                 O (optional) or - (filled in at the desk), sheet is true for what
//	                 stands on the detachable sheet of identity, text the words of
//	                 the form, values the recorded values in it: {value, seqs}
//	facts, opinions  of the incident: {path, value, seqs}
//	timeline         {at, utc, seqs, text} in order of time
//	untimed          records without a time: {seqs, recorded_at, text}
//	accounts, attempts, orders, transfers, bank, losses, actors, actions,
//	contacts, notes, {item, seqs, recorded_at, fields}: item is the number in the
//	under            document, fields are those of the record by their names; under
//	                 tells of records of other incidents; one with an address that
//	                 is mistyped has address_check, {field, value, text}, beside them
//	elsewhere        how many records of orders at other exchanges are left out
//	exhibits         {number, seq, name, sha256, size, media_type, modified,
//	                 recorded_at, fields}
//	retracted        {seq, type, by, at, why}; what they said is not here, and
//	                 why is "" where the document keeps it back
//	damaged, newer   numbers of the records that could not be read, and of those
//	                 that a newer version of the program wrote
//	missing          {path, label, need, why, source}
//	warnings         {code, seqs}
//
// seqs are the numbers of the records that a value comes from, recorded_at is
// when they were recorded. A time is {at, utc, typed}: in its recorded offset,
// in UTC, and what the person typed where that says more. An amount is
// {quantity, asset, typed}, the first two empty where the third could not be
// read. Lists are never null.
func (r *Report) WriteJSON(w io.Writer) error {
	b, err := marshal(r.machine().document)
	if err != nil {
		return fmt.Errorf("writing report as JSON: %w", err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, b, "", "  "); err != nil {
		return fmt.Errorf("writing report as JSON: %w", err)
	}
	out.WriteByte('\n')
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("writing report as JSON: %w", err)
	}
	return nil
}

// marshal is json.Marshal without HTML's escapes.
func marshal(v any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// object is a JSON object that keeps the order of its members.
type object []member

type member struct {
	name  string
	value any
}

func (o object) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, m := range o {
		if i > 0 {
			out = append(out, ',')
		}
		name, err := marshal(m.name)
		if err != nil {
			return nil, err
		}
		value, err := marshal(m.value)
		if err != nil {
			return nil, err
		}
		out = append(append(append(out, name...), ':'), value...)
	}
	return append(out, '}'), nil
}

func (x *exact) document(r *Report) object {
	head := ""
	if x.in.Head.Size > 0 {
		head = x.in.Head.String()
	}
	timeline, untimed := x.timelineObjects()
	warnings := []object{}
	for _, w := range r.warnings {
		warnings = append(warnings, object{{"code", w.Code}, {"seqs", sorted(w.Seqs)}})
	}
	missing := []object{}
	for _, m := range r.missing {
		missing = append(missing, object{{"path", m.Path}, {"label", m.Label(r.lang)}, {"need", m.Need}, {"why", m.Why(r.lang)}, {"source", m.Source}})
	}
	out := object{
		{"format", jsonFormat}, {"version", jsonVersion}, {"recipient", r.recipient}, {"lang", r.lang}, {"title", r.title},
		{"date", x.documentDate()}, {"vault", x.in.Vault}, {"head", head},
		{"incident", object{{"number", x.in.Incident.Number}, {"exchange", x.exchangeID()}, {"kinds", x.kindKeys()}}},
		{"form", x.formObjects()}, {"facts", x.facts(false)}, {"opinions", x.facts(true)}, {"timeline", timeline}, {"untimed", untimed},
	}
	for _, list := range []struct {
		name string
		t    record.Type
	}{{"accounts", "account"}, {"attempts", "attempt"}, {"orders", "order"}, {"transfers", "transfer"}, {"bank", "bank"}, {"losses", "loss"},
		{"actors", "actor"}, {"actions", "action"}, {"contacts", "contact"}, {"notes", "note"}, {"under", "under"}} {
		out = append(out, member{list.name, x.thingObjects(list.t)})
	}
	out = append(out, member{"elsewhere", x.keptBack})
	return append(out, member{"exhibits", x.exhibitObjects()}, member{"retracted", x.retractedObjects()},
		member{"damaged", sorted(x.damaged)}, member{"newer", sorted(x.unknown())}, member{"missing", missing}, member{"warnings", warnings})
}

// exchangeID is the key of the incident's exchange, or its name if it is not
// known to the program.
func (x *exact) exchangeID() string {
	if e, ok := x.exchanges.Lookup(x.exchangeName); ok {
		return e.Key
	}
	return x.exchangeName
}

// kindKeys are the kinds of trouble, by their keys where they are known.
func (x *exact) kindKeys() []string {
	keys := []string{}
	for _, k := range x.kinds {
		if k.Key != "" {
			keys = append(keys, k.Key)
		} else {
			keys = append(keys, k.name)
		}
	}
	return keys
}

// formObjects are the rows of the recipient's form, those that the document
// leaves out as well left out.
func (x *exact) formObjects() []object {
	rows := []object{}
	for _, f := range x.file.Field {
		if f.Part == "transaction" || x.onRequest(f) { // transactions: see the transfers
			continue
		}
		spans := x.show(f)
		text := plain(spans)
		switch {
		case !x.asked(f) && len(spans) == 0:
			continue
		case len(spans) > 0 && !x.shows(spans):
			continue
		}
		need := x.asking(f).Need
		given := text != "" && text != x.notRecorded()
		values := []object{}
		if _, name, ok := strings.Cut(f.Path, "."); ok && given {
			for _, r := range x.with(f.Path) {
				// A worded row may speak of another thing than its path: its
				// values are those that stand in it.
				if v := x.found(r, name); v.value != nil && (f.Show == "" || strings.Contains(text, v.words)) {
					values = append(values, object{{"value", v.value}, {"seqs", x.seqs(r)}})
				}
			}
		}
		if need == notAsked { // its words are those of a blank to fill in
			given = len(values) > 0
		}
		rows = append(rows, object{{"path", f.Path}, {"label", x.s(f.JA, f.EN)}, {"need", need}, {"sheet", f.Sheet},
			{"given", given}, {"text", text}, {"values", values}})
	}
	return rows
}

// facts are the fields of the incident itself, or its opinions.
func (x *exact) facts(opinions bool) []object {
	out := []object{}
	for _, f := range record.FieldsOf("incident") {
		if (f.Name == "opinion") != opinions {
			continue
		}
		for _, r := range x.with("incident." + f.Name) {
			if v := x.field(r, f.Name); v != nil {
				out = append(out, object{{"path", "incident." + f.Name}, {"value", v}, {"seqs", x.seqs(r)}})
			}
		}
	}
	return out
}

func (x *exact) timelineObjects() (timeline, untimed []object) {
	timeline, untimed = []object{}, []object{}
	es, undated := x.events()
	for _, e := range es {
		if x.shows(e.what) {
			timeline = append(timeline, object{{"at", rfc3339(e.at)}, {"utc", rfc3339UTC(e.at)}, {"seqs", e.seqs}, {"text", plain(e.what)}})
		}
	}
	for _, u := range undated {
		if x.shows(u.what) {
			untimed = append(untimed, object{{"seqs", x.seqs(u.rec)}, {"recorded_at", x.recordedTimes(u.rec)}, {"text", plain(u.what)}})
		}
	}
	return timeline, untimed
}

// recordedTimes are when the records that r is made of were recorded, "" for
// one that does not say.
func (x *exact) recordedTimes(r *locker.Record) []string {
	times := []string{}
	for _, p := range x.partsOf(r) {
		times = append(times, x.recordedTime(p))
	}
	return times
}

func (x *exact) recordedTime(r *locker.Record) string {
	if r.RecordedAt.IsZero() {
		return ""
	}
	return rfc3339(r.RecordedAt)
}

func (x *exact) fieldObject(r *locker.Record) object {
	fields := object{}
	for _, f := range record.FieldsOf(r.Type) {
		if v := x.field(r, f.Name); v != nil {
			fields = append(fields, member{f.Name, v})
		}
	}
	return fields
}

func (x *exact) thingObjects(t record.Type) []object {
	out := []object{}
	for _, th := range x.things(t) {
		o := object{{"item", th.n}, {"seqs", x.seqs(th.rec)}, {"recorded_at", x.recordedTimes(th.rec)}, {"fields", x.fieldObject(th.rec)}}
		if wrong := x.doubts(th.rec); len(wrong) > 0 {
			checks := []object{}
			for _, w := range wrong {
				checks = append(checks, object{{"field", w.field}, {"value", w.address}, {"text", w.words}})
			}
			o = append(o, member{"address_check", checks})
		}
		out = append(out, o)
	}
	return out
}

func (x *exact) exhibitObjects() []object {
	out := []object{}
	for _, e := range x.exhibits {
		if !x.hasFile(e) {
			continue
		}
		modified := ""
		if !e.Modified.IsZero() {
			modified = rfc3339(e.Modified)
		}
		fields := object{}
		for _, f := range record.FieldsOf("evidence") {
			name := f.Name
			if slices.Contains([]string{"name", "name_raw", "media_type", "modified"}, name) { // beside it
				continue
			}
			if v := x.field(e.rec, name); v != nil {
				fields = append(fields, member{name, v})
			}
		}
		out = append(out, object{{"number", e.n}, {"seq", e.rec.Seq}, {"name", x.string(e.rec, e.Name)}, {"sha256", fmt.Sprintf("%x", e.SHA256)},
			{"size", e.Size}, {"media_type", x.string(e.rec, e.MediaType)}, {"modified", modified}, {"recorded_at", x.recordedTime(e.rec)}, {"fields", fields}})
	}
	return out
}

func (x *exact) retractedObjects() []object {
	out := []object{}
	used(x.in, func(r *locker.Record) {
		if r.Retracted == nil {
			return
		}
		why, _ := x.field(r.Retracted, "why").(string)
		out = append(out, object{{"seq", r.Seq}, {"type", string(r.Type)}, {"by", r.Retracted.Seq}, {"at", x.recordedTime(r.Retracted)}, {"why", why}})
	})
	return out
}
