package locker

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"evidence-locker/locker/datafile"
	"evidence-locker/locker/record"
)

// A Talk is what was said with one desk about one matter. Contact records
// belong together
//
//   - by inquiry number, unless they are with different desks: those of one
//     incident first, else the one talk of all other incidents that has it.
//     Nobody can look a number up when a reply comes, so that it may be recorded
//     under the wrong incident. The support of different exchanges, where both
//     incidents name theirs, is different desks;
//   - a record without a number: with the one open talk that its incident has
//     with that desk (or has at all, if it names no desk). If several are open,
//     nobody can tell: it is a talk of its own, and Unsure if it is an answer;
//   - an answer with a number that is new: with the one open talk of its incident
//     with that desk that has no number yet, which thereby gets it.
//
// A record that was brought into another incident ([Vault.Move]) is of both, of
// that one first. An outcome ends a talk and its clocks. A further message to
// the desk opens it again, and so does a further due time.
type Talk struct {
	Incident  int    // the one under which it began
	With      string // as [Party] has it, or as recorded; "" if not recorded
	Number    string // the inquiry number as recorded, "" if none is
	Due       []*Record
	Waiting   *Record   // the first message that no reply followed, nil if none
	Unsure    []*Record // it is not certain that these belong to no other talk
	Elsewhere []*Record // these are of other incidents and were not brought into this one

	closed   bool
	exchange string       // of the incident, as [datafile.Fold] has it
	in       map[int]bool // the incidents of its records
}

func (t *Talk) open() bool { return !t.closed || len(t.Due) > 0 }

// A contact is a contact record with what its incident tells of it.
type contact struct {
	*Record
	exchange string
	brought  []int // the other incidents that it was brought into
}

// Talks returns the talks of incidents, as [Vault.Incidents] returns those, in
// the order in which they began. Records count in the order in which the talks
// took place, as far as that is recorded.
func Talks(incidents []*Incident) (talks []*Talk) {
	type place struct {
		incident int
		seq      int64
	}
	brought := map[place][]int{}
	var records []contact
	for _, in := range incidents {
		for n, named := range in.named() {
			for seq := range named {
				brought[place{n, seq}] = append(brought[place{n, seq}], in.Number)
			}
		}
		exchange := datafile.Fold(in.Text("exchange"))
		for _, r := range in.All(record.Contact) {
			records = append(records, contact{Record: r, exchange: exchange})
		}
	}
	slices.SortStableFunc(records, func(x, y contact) int {
		a, _ := x.Happened()
		b, _ := y.Happened()
		return cmp.Or(a.Compare(b), cmp.Compare(x.Seq, y.Seq))
	})
	for _, r := range records {
		r.brought = brought[place{r.Incident, r.Seq}]
		t, fresh, sure := talkOf(talks, r)
		if fresh {
			talks = append(talks, t)
		}
		t.add(r, fresh, sure)
	}
	for _, t := range talks { // with nothing left to end, it does not matter
		if !slices.ContainsFunc(talks, func(o *Talk) bool {
			near := o.in[t.Incident] || t.Number != "" && datafile.Fold(o.Number) == datafile.Fold(t.Number)
			return o != t && near && o.open() && (t.With == "" || o.With == t.With)
		}) {
			t.Unsure = nil
		}
	}
	return talks
}

// Happened returns when what the record tells of took place; if nobody said so,
// when it was recorded and false.
func (r *Record) Happened() (at time.Time, said bool) {
	if t, ok := r.Fields["at"].(record.Time); ok && !t.At.IsZero() {
		return t.At, true
	}
	return r.RecordedAt, false
}

// said returns a text field without blanks around it.
func (r *Record) said(field string) string {
	if v := r.Fields[field]; v != nil {
		return strings.TrimSpace(v.String())
	}
	return ""
}

func (r *Record) party() string {
	with := r.said("with")
	if key, ok := Party(with); ok {
		return key
	}
	return with
}

// answers tells whether a contact record holds something that the desk said.
func (r *Record) answers() bool {
	d, _ := Direction(r.said("direction"))
	return d == "in" || r.said("reply") != "" || r.said("outcome") != ""
}

// talkOf finds the talk that a contact record belongs to, or begins one.
func talkOf(talks []*Talk, r contact) (t *Talk, fresh, sure bool) {
	number, party := datafile.Fold(r.said("inquiry_no")), r.party()
	same := func(t *Talk, strict bool) bool {
		return datafile.Fold(t.With) == datafile.Fold(party) || !strict && (t.With == "" || party == "")
	}
	only := func(match func(*Talk) bool) (found *Talk, n int) {
		for _, t := range talks {
			if match(t) {
				found = t
				n++
			}
		}
		return found, n
	}
	begun := &Talk{Incident: r.Incident, With: party, Number: r.said("inquiry_no"), exchange: r.exchange, in: map[int]bool{}}
	// What was brought somewhere is meant for there, if something there fits.
	homes := [][]int{r.brought, {r.Incident}}
	in := func(t *Talk, home []int) bool { return slices.ContainsFunc(home, func(n int) bool { return t.in[n] }) }
	if number != "" {
		numbered := func(t *Talk) bool { return datafile.Fold(t.Number) == number && same(t, false) }
		for _, home := range homes {
			for _, t := range slices.Backward(talks) {
				if in(t, home) && numbered(t) {
					return t, false, true
				}
			}
		}
		other, n := only(func(t *Talk) bool {
			return numbered(t) && (party != "support" || t.exchange == "" || r.exchange == "" || t.exchange == r.exchange)
		})
		switch {
		case n == 1:
			return other, false, true
		case n > 1:
			return begun, true, !r.answers()
		}
		for _, home := range homes {
			if t, n := only(func(t *Talk) bool { return t.Number == "" && in(t, home) && t.open() && same(t, true) }); n == 1 && r.answers() {
				return t, false, true
			}
		}
		return begun, true, true
	}
	open := 0
	for _, home := range homes {
		t, n := only(func(t *Talk) bool { return in(t, home) && t.open() && (party == "" || same(t, true)) })
		if n == 1 {
			return t, false, true
		}
		open += n
	}
	return begun, true, open == 0 || !r.answers()
}

func (t *Talk) add(r contact, fresh, sure bool) {
	if r.Incident != t.Incident && !slices.Contains(r.brought, t.Incident) {
		t.Elsewhere = append(t.Elsewhere, r.Record)
	}
	for _, n := range append(r.brought, r.Incident) {
		t.in[n] = true
	}
	if t.With == "" {
		t.With = r.party()
	}
	if t.Number == "" {
		t.Number = r.said("inquiry_no")
	}
	if !sure {
		t.Unsure = append(t.Unsure, r.Record)
	}
	direction, _ := Direction(r.said("direction"))
	if direction == "out" || direction != "in" && !r.answers() && (fresh || r.said("text") != "") {
		t.closed = false
		if t.Waiting == nil {
			t.Waiting = r.Record
		}
	}
	if r.answers() {
		t.Waiting = nil
	}
	if r.said("outcome") != "" {
		t.closed, t.Due = true, nil
	}
	if due, ok := r.Fields["due"].(record.Time); ok && !due.At.IsZero() {
		t.Due = append(t.Due, r.Record)
	}
}

// Party returns the key of the sort of desk that people call so: "support",
// "police", "bank", "lawyer" or "other".
func Party(name string) (key string, ok bool) { return parties.Lookup(name) }

// PartyNear returns at most three names that may have been meant.
func PartyNear(name string) []string { return parties.Near(name) }

// Direction returns "in" for what came from the other side and "out" for what
// went there, however people say it.
func Direction(word string) (key string, ok bool) { return directions.Lookup(word) }

// Parties lists the keys of [Party].
func Parties() []string { return []string{"support", "police", "bank", "lawyer", "other"} }

var parties = named(map[string][]string{
	"support": {"support desk", "help desk", "customer support", "サポート", "カスタマーサポート", "窓口", "お客様窓口", "サポートセンター"},
	"police":  {"警察", "警察署", "警察官"},
	"bank":    {"銀行"},
	"lawyer":  {"attorney", "solicitor", "弁護士"},
	"other":   {"その他", "他"},
})

var directions = named(map[string][]string{
	"in":  {"incoming", "received", "from them", "受", "受信", "着信", "受け", "受取", "先方から"},
	"out": {"outgoing", "sent", "to them", "送", "送信", "発信", "送り", "こちらから"},
})

func named(words map[string][]string) *datafile.Names {
	n := &datafile.Names{}
	for _, key := range slices.Sorted(maps.Keys(words)) {
		for _, w := range append([]string{key}, words[key]...) {
			n.Add(key, w)
		}
	}
	return n
}
