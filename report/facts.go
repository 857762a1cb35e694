package report

import (
	"maps"
	"slices"
	"strings"

	"evidence-locker/locker"
	"evidence-locker/locker/datafile"
	"evidence-locker/locker/playbook"
	"evidence-locker/locker/record"
)

// counts tells whether a record is among those that a report is made of.
// Custody records never are: issuing a report must not change the next one. Nor
// are those about the vault itself.
func counts(r *locker.Record) bool {
	return r.Type != "custody" && r.Type != "key" && r.Type != "device"
}

// used calls f for every record that a report of in is made of, in their order,
// the person's own first.
func used(in Input, f func(*locker.Record)) {
	for _, i := range []*locker.Incident{in.Reporter, in.Incident} {
		if i == nil {
			continue
		}
		for _, r := range i.Records {
			if counts(r) {
				f(r)
			}
		}
	}
}

// newest returns the record with the highest number that says when it was
// recorded, nil if there is none.
func newest(in Input) *locker.Record {
	var last *locker.Record
	used(in, func(r *locker.Record) {
		for _, r := range []*locker.Record{r, r.Retracted} {
			if r != nil && !r.RecordedAt.IsZero() && (last == nil || r.Seq > last.Seq) {
				last = r
			}
		}
	})
	return last
}

// HeadSize returns the size of the smallest tree that holds every record that
// a report of in is made of. A head of that size or the next larger one is what
// the report should name: custody records that came later must not change it.
func HeadSize(in Input) int64 {
	var size int64
	used(in, func(r *locker.Record) {
		size = max(size, r.Seq+1)
		if r.Retracted != nil { // of another incident, where the record came from there
			size = max(size, r.Retracted.Seq+1)
		}
	})
	for _, i := range []*locker.Incident{in.Reporter, in.Incident} {
		if i == nil {
			continue
		}
		for _, d := range i.Damaged {
			if !d.Absent { // no head covers what is not there; the record that names it counts
				size = max(size, d.Seq+1)
			}
		}
	}
	return size
}

// live returns the records of a type that count as facts: readable, known and
// not withdrawn.
func live(in *locker.Incident, t record.Type) []*locker.Record {
	if in == nil {
		return nil
	}
	var rs []*locker.Record
	for _, r := range in.Records {
		if r.Type == t && r.Known && r.Retracted == nil {
			rs = append(rs, r)
		}
	}
	return rs
}

// with returns the records of a path that have a value there. For the incident
// and the person the newest counts, but for fields that add up; of the exchange
// the newest that is known, since another spelling of it may be mistyped. Account
// data is that of the incident's exchange only.
func (b *builder) with(path string) []*locker.Record {
	typ, name, _ := strings.Cut(path, ".")
	t := record.Type(typ)
	var rs []*locker.Record
	switch t {
	case "reporter":
		rs = live(b.in.Reporter, t)
	case "account":
		rs = b.accounts
	default:
		rs = b.ofIncident(t)
	}
	if name == "" {
		return rs
	}
	if known, ok := b.having[path]; ok {
		return known
	}
	rs = slices.DeleteFunc(slices.Clone(rs), func(r *locker.Record) bool { return len(b.wording(r, name)) == 0 })
	if _, f, ok := record.LookupField(path); ok && !f.Multi && (t == "incident" || t == "reporter") && len(rs) > 1 {
		counts := len(rs) - 1
		for i, r := range rs {
			if _, known := b.exchanges.Lookup(plain(b.wording(r, name))); path == "incident.exchange" && known {
				counts = i
			}
		}
		rs = rs[counts : counts+1]
	}
	b.having[path] = rs
	return rs
}

// textOf returns the newest value of a path as text, "" if there is none.
func (b *builder) textOf(path string) string {
	_, name, _ := strings.Cut(path, ".")
	rs := b.with(path)
	if len(rs) == 0 {
		return ""
	}
	return plain(b.value(rs[len(rs)-1], name))
}

// ownAccounts returns the account records that may go to this recipient. Of the
// person's own accounts those are the ones at the incident's exchange.
func (b *builder) ownAccounts() []*locker.Record {
	var rs []*locker.Record
	for _, r := range live(b.in.Reporter, "account") {
		switch {
		case b.here == "" || b.atExchange(r) != b.here:
		case len(rs) == 0:
			rs = append(rs, r)
		default: // of what the person says once for all incidents, the newest counts
			rs[0] = b.join(rs[0], r, "")
		}
	}
	return slices.DeleteFunc(b.merged(append(rs, live(b.in.Incident, "account")...)), b.elsewhere)
}

// elsewhere tells whether a record is about another exchange than the one that
// reads the report: what the person has there is not its business.
func (b *builder) elsewhere(r *locker.Record) bool {
	at := b.atExchange(r)
	return b.file.Exchange && (r.Type == "account" || r.Type == "order") && at != "" && b.here != "" && at != b.here
}

// onlyExchange is the exchange of the incident's accounts and orders where its
// own is not recorded: one that they all share, or else none, so that no
// exchange is told of what is at another.
func (b *builder) onlyExchange() string {
	only := ""
	for _, r := range append(live(b.in.Incident, "account"), live(b.in.Incident, "order")...) {
		switch at := b.atExchange(r); {
		case at == "" || at == only:
		case only == "":
			only = at
		default:
			return "\x00" // no exchange has this name
		}
	}
	return only
}

// ofIncident returns the things of a type that the incident tells of and that
// the reader may see.
func (b *builder) ofIncident(t record.Type) []*locker.Record {
	if slices.Contains(b.file.LeavesOut, t) {
		return nil
	}
	rs, done := b.things[t]
	if !done {
		for _, r := range b.merged(live(b.in.Incident, t)) {
			if b.elsewhere(r) {
				b.keptBack += len(b.seqs(r))
			} else {
				rs = append(rs, r)
			}
		}
		b.things[t] = rs
	}
	return rs
}

// merged joins the records that tell of one and the same thing: an order with
// the same number, an account with the same number, a transfer with the same
// transaction ID. The later value of a field wins. A record without such an id
// stays its own, as do those that cannot be of one thing for what else they say.
func (b *builder) merged(rs []*locker.Record) []*locker.Record {
	var out []*locker.Record
	// The places in out by their id and, as one transaction may pay thousands,
	// by their destination.
	type key struct{ id, to string }
	at := make(map[key][]int)
	keyOf := func(r *locker.Record) (k key) {
		k.id = b.identity(r)
		if v := r.Fields["to"]; r.Type == "transfer" && v != nil {
			k.to = v.String()
		}
		return k
	}
	all := make(map[string][]int) // by their id alone
	for _, r := range rs {
		k := keyOf(r)
		if k.id == "" {
			out = append(out, r)
			continue
		}
		near := all[k.id]
		if k.to != "" {
			near = append(slices.Clone(at[k]), at[key{id: k.id}]...)
			slices.Sort(near)
		}
		i := slices.IndexFunc(near, func(i int) bool { return b.sameThing(out[i], r) })
		if i < 0 {
			at[k], all[k.id] = append(at[k], len(out)), append(all[k.id], len(out))
			out = append(out, r)
			continue
		}
		place := near[i]
		joined := out[place]
		was := keyOf(joined)
		joined = b.join(joined, r, idField[r.Type])
		out[place] = joined
		if now := keyOf(joined); now != was {
			at[was] = slices.DeleteFunc(at[was], func(i int) bool { return i == place })
			at[now] = append(at[now], place)
		}
	}
	return out
}

// join adds what r says to joined, but for the field except.
func (b *builder) join(joined, r *locker.Record, except string) *locker.Record {
	if b.parts[joined] == nil {
		first := joined
		joined = &locker.Record{Record: first.Record, Known: true}
		joined.Fields = maps.Clone(first.Fields)
		b.parts[joined] = []*locker.Record{first}
	}
	for name, v := range r.Fields {
		if strings.TrimSpace(v.String()) != "" && name != except {
			joined.Fields[name] = v
		}
	}
	b.parts[joined] = append(b.parts[joined], b.partsOf(r)...)
	return joined
}

// idField is the field by which things of a type are told apart.
var idField = map[record.Type]string{"order": "id", "account": "number", "transfer": "txid"}

// identity is the number by which a record names its thing, or the row of a
// file that it was read from; "" if it does neither.
func (b *builder) identity(r *locker.Record) string {
	if v, ok := r.Fields[idField[r.Type]]; ok && strings.TrimSpace(v.String()) != "" {
		return strings.TrimSpace(v.String())
	}
	return rowID(r)
}

// rowID names the row of a file that a record was read from, "" if it was not.
func rowID(r *locker.Record) string {
	file, line := r.Fields["file"], r.Fields["line"]
	if file == nil || line == nil {
		return ""
	}
	return file.String() + " " + line.String()
}

// sameRow tells whether two records with one id, both read from files, are of
// one thing. An order may have been filled in parts, each a row; the order as a
// list of orders shows it is not one of them.
func sameRow(x, y *locker.Record) bool {
	alike := func(names ...string) bool {
		for _, name := range names {
			v, w := x.Fields[name], y.Fields[name]
			if (v == nil) != (w == nil) || v != nil && v.String() != w.String() {
				return false
			}
		}
		return true
	}
	switch sameFile := alike("file"); {
	case rowID(x) == rowID(y): // a file of one line may hold several things
		return alike("amount", "to", "filled", "quantity")
	case sameFile:
		return false
	case x.Type == "transfer":
		return alike("amount")
	case x.Fields["placed_at"] != nil && y.Fields["placed_at"] != nil:
		return true
	}
	return alike("placed_at", "filled_at", "at", "filled", "average_price")
}

// sameThing tells whether two records with one id can be of one thing. A
// transaction may pay several addresses.
func (b *builder) sameThing(x, y *locker.Record) bool {
	if rowID(x) != "" && rowID(y) != "" && !sameRow(x, y) {
		return false
	}
	if x.Type == "transfer" {
		for _, name := range []string{"to", "direction"} {
			v, w := x.Fields[name], y.Fields[name]
			if v != nil && w != nil && v.String() != w.String() {
				return false
			}
		}
	}
	at, other := b.atExchange(x), b.atExchange(y)
	return at == "" || other == "" || at == other
}

// partsOf returns the records that r was made of, r itself if it is one.
func (b *builder) partsOf(r *locker.Record) []*locker.Record {
	if ps := b.parts[r]; len(ps) > 0 {
		return ps
	}
	return []*locker.Record{r}
}

func (b *builder) seqs(r *locker.Record) []int64 {
	var seqs []int64
	for _, p := range b.partsOf(r) {
		seqs = append(seqs, p.Seq)
	}
	return seqs
}

func (b *builder) atExchange(r *locker.Record) string {
	v, ok := r.Fields["exchange"]
	if !ok {
		return ""
	}
	if e, ok := b.exchanges.Lookup(v.String()); ok {
		return datafile.Fold(e.Key)
	}
	return datafile.Fold(v.String())
}

// kind is a kind of trouble as recorded; Key is "" if it is not a known one.
type kind struct {
	playbook.Kind
	name string
}

func (b *builder) recordedKinds() []kind {
	var ks []kind
	seen := make(map[string]bool)
	for _, r := range live(b.in.Incident, "incident") {
		v, ok := r.Fields["kind"]
		if !ok {
			continue
		}
		for _, s := range texts(v) {
			k := kind{name: b.text(r, s)}
			if known, ok := b.book.Lookup(s); ok {
				k = kind{known, known.Name(b.lang)}
			}
			if k.name != "" && !seen[k.name] {
				seen[k.name] = true
				ks = append(ks, k)
			}
		}
	}
	return ks
}

func texts(v record.Value) []string {
	if l, ok := v.(record.List); ok {
		var ss []string
		for _, t := range l {
			ss = append(ss, string(t))
		}
		return ss
	}
	return []string{v.String()}
}
