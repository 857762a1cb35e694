package main

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"evidence-locker/locker"
	"evidence-locker/locker/exchange"
	"evidence-locker/locker/playbook"
	"evidence-locker/locker/record"
)

// This file turns the flags of add into facts. A fact is one record with one
// field, since each has its own history; only what describes one thing, an
// order and its pair, stays together. Nothing that was typed is dropped: what
// cannot be read as its field is kept as a note.

// futureSlack is how far a time may lie ahead of the clock unremarked.
const futureSlack = 5 * time.Minute

// A problem is something that was not recorded as given, or is worth a look.
type problem struct {
	key  string
	args []any
	near []string // what may have been meant
	line []string // of the command that records the nearest of it, nil if there is none
	lost bool     // exit 4
	hint bool     // no warning at all
}

func (p problem) show(u *ui) {
	switch {
	case p.hint:
		u.info(p.key, p.args...)
		return
	case p.lost:
		u.lost(p.key, p.args...)
	default:
		u.warning(p.key, p.args...)
	}
	if len(p.near) > 0 {
		var line []string
		if p.line != nil {
			line = u.command(p.line...)
		}
		u.near(p.near, line)
	}
}

// near says what may have been meant, and shows the command for it, if there is
// one.
func (u *ui) near(names, line []string) {
	u.hint("hint.near", u.lang.list(names))
	if line != nil && !u.quiet {
		u.lineToCopy(line)
	}
}

// names finds exchanges and kinds by any of their spellings, and knows what
// identifiers at an exchange look like and how the person writes dates.
type names struct {
	exchange, kind func(string) (key string, near []string, ok bool)
	// id tells whether an identifier of that sort looks right at the exchange,
	// whether that can be told, and how the exchange is called.
	id         func(at, of, id string) (name string, looks, known bool)
	monthFirst bool // 5/6 is the sixth of May
}

// names finds them in the built-in data and in the person's own.
func (e *env) names() names {
	return names{
		monthFirst: e.ui.lang == "ja",
		exchange: func(s string) (string, []string, bool) {
			c, _ := e.books()
			x, ok := c.Lookup(s)
			if ok {
				return x.Key, nil, true
			}
			return "", c.Near(s), false
		},
		kind: func(s string) (string, []string, bool) {
			_, b := e.books()
			k, ok := b.Lookup(s)
			if ok {
				return k.Key, nil, true
			}
			return "", b.Near(s), false
		},
		id: func(at, of, id string) (string, bool, bool) {
			c, _ := e.books()
			x, _ := c.Lookup(at)
			looks, known := x.LooksLike(of, id)
			return x.Name(string(e.ui.lang)), looks, known
		},
	}
}

// books reads what is known of exchanges and of kinds of trouble, the person's
// own files over the built-in ones. What is wrong with the former is warned of
// once and stops nothing.
func (e *env) books() (*exchange.Catalog, *playbook.Book) {
	if e.catalog != nil {
		return e.catalog, e.book
	}
	dir, err := e.configDir()
	if err != nil {
		e.catalog, e.book = exchange.Builtin(), playbook.Builtin()
		return e.catalog, e.book
	}
	for _, own := range []struct {
		dir  string
		load func(fs.FS) error
	}{
		{"exchanges", func(f fs.FS) (err error) { e.catalog, err = exchange.Load(f); return err }},
		{"kinds", func(f fs.FS) (err error) { e.book, err = playbook.Load(f); return err }},
	} {
		path := filepath.Join(dir, own.dir)
		if err := own.load(os.DirFS(path)); err != nil {
			e.ui.warning("add.own-data", path, err)
		}
	}
	return e.catalog, e.book
}

// A plan is what a command line of add amounts to.
type plan struct {
	facts      []locker.Fact
	person     []locker.Fact // of all incidents, whatever their type
	kept       []locker.Fact // notes that keep what could not be read as what it was meant for
	at         *record.Time  // when the files, notes, orders ... of the call happened
	began      bool          // at is when the incident began
	file       record.Fields // of every file of the call
	problems   []problem
	now        time.Time
	monthFirst bool // see names

	fileWords []string // what file came from, as typed
	again     []string // the command that adds to the same incident, nil if no line is to be shown
}

// hasFacts reports whether anything but files was given.
func (o *addOptions) hasFacts() bool {
	for _, list := range [][]string{o.exchange, o.kind, o.title, o.account, o.order, o.txid, o.to, o.from, o.loss,
		o.errorText, o.url, o.place, o.inquiry, o.note, o.set, {o.at}, {o.until}, {o.noticed}} {
		for _, s := range list {
			if s != "" {
				return true
			}
		}
	}
	return false
}

// plan maps the flags to facts. begins says that a new incident begins.
func (o *addOptions) plan(now time.Time, begins, hasFiles bool, n names) *plan {
	p := &plan{now: now, monthFirst: n.monthFirst, again: []string{"add"}}
	if o.incident != "" {
		p.again = append(p.again, "-i", o.incident)
	}
	exchangeKey := ""
	for _, s := range o.exchange {
		exchangeKey = p.named(s, "exchange", n.exchange)
	}
	for _, s := range o.kind {
		p.named(s, "kind", n.kind)
	}
	p.incidentTexts("title", o.title)
	p.times(o, begins, hasFiles)
	p.incidentTexts("url", o.url)
	p.incidentTexts("place", o.place)
	p.incidentTexts("error_text", o.errorText)
	things := o.things(p, exchangeKey)
	o.sets(p, things)
	p.check(things, exchangeKey, n)
	p.facts = append(p.facts, things.facts()...)
	for _, s := range o.note {
		if p.blank("--note", s) {
			continue
		}
		p.fact(record.Note, "text", record.Text(s))
	}
	p.date()
	if !hasFiles {
		p.noFile()
	}
	p.facts = append(p.facts, p.kept...)
	return p
}

// noFile keeps what was said of files where there are none to put it on.
func (p *plan) noFile() {
	for _, s := range p.fileWords {
		p.keep(s)
		p.problem(true, nil, "add.no-file", s)
	}
}

func (p *plan) empty() bool { return len(p.facts)+len(p.person) == 0 }

// keep makes a note of what could not be read, without a time.
func (p *plan) keep(s string) {
	p.kept = append(p.kept, locker.Fact{Type: record.Note, Fields: record.Fields{"text": record.Text(s)}})
}

// fact adds a record of one field.
func (p *plan) fact(t record.Type, field string, v record.Value) {
	p.facts = append(p.facts, locker.Fact{Type: t, Fields: record.Fields{field: v}})
}

func (p *plan) problem(lost bool, near []string, key string, args ...any) {
	p.problems = append(p.problems, problem{key: key, args: args, near: near, lost: lost})
}

func blankText(s string) bool { return strings.TrimSpace(s) == "" }

// blank drops a value without text, which says nothing, and warns.
func (p *plan) blank(flag, s string) bool {
	if !blankText(s) {
		return false
	}
	p.problem(true, nil, "add.blank", flag)
	return true
}

// meant gives the last problem the command line that records what was meant.
func (p *plan) meant(words ...string) {
	p.problems[len(p.problems)-1].line = words
}

// named records an exchange or a kind under its key, or as given.
func (p *plan) named(s, field string, find func(string) (string, []string, bool)) string {
	key := p.known(s, field, find)
	if key != "" {
		p.fact(record.Incident, field, record.Text(key))
	}
	return key
}

// known returns the key of an exchange or a kind, s itself if it is not known,
// and "" if it is blank.
func (p *plan) known(s, field string, find func(string) (string, []string, bool)) string {
	if p.blank("--"+field, s) {
		return ""
	}
	key, near, ok := find(s)
	if !ok {
		key = s
		p.problem(false, near, "add.unknown-"+field, s)
		if len(near) > 0 && p.again != nil {
			p.meant(append(slices.Clone(p.again), "--"+field, near[0])...)
		}
	}
	return key
}

func (p *plan) incidentTexts(field string, values []string) {
	for _, s := range values {
		if !p.blank("--"+strings.TrimSuffix(field, "_text"), s) {
			p.fact(record.Incident, field, record.Text(s))
		}
	}
}

// times records --at, --until and --noticed. --at is when the trouble began if
// a new incident begins or if the call brings nothing else that happened.
func (p *plan) times(o *addOptions, begins, hasFiles bool) {
	brings := hasFiles || len(o.note)+len(o.order)+len(o.txid)+len(o.to)+len(o.from)+len(o.loss)+len(o.inquiry) > 0
	for _, s := range o.set {
		key, _, _ := strings.Cut(s, "=")
		t, _, _ := settable(strings.TrimSpace(key))
		brings = brings || dated(t) != "" && t != record.Evidence
	}
	if t := p.time("--at", o.at); t != nil {
		p.at = t
		if begins || !brings {
			p.began = true
			p.fact(record.Incident, "started_at", *t)
		}
	}
	if t := p.time("--until", o.until); t != nil {
		p.fact(record.Incident, "ended_at", *t)
	}
	if t := p.time("--noticed", o.noticed); t != nil {
		p.fact(record.Incident, "noticed_at", *t)
	}
}

// time reads a time. One that cannot be read becomes a note: nothing is
// recorded under a wrong time.
func (p *plan) time(flag, s string) *record.Time {
	if s == "" {
		return nil
	}
	v, err := p.readTime(s)
	if err != nil {
		p.keep(flag + ` "` + s + `"`)
		p.problem(true, nil, "add.bad-time", flag, s, err)
		return nil
	}
	return &v
}

func (p *plan) readTime(s string) (record.Time, error) {
	t, err := parseWhen(s, p.now, p.monthFirst)
	if err != nil {
		return record.Time{}, err
	}
	if t.After(p.now.Add(futureSlack)) {
		p.problem(false, nil, "add.future", formatTime(t))
	}
	v := record.Time{At: t.Truncate(time.Millisecond), Raw: s}
	if record.FormatTime(v.At) == s {
		v.Raw = ""
	}
	return v, nil
}

func (p *plan) amount(flag, s string) record.Amount {
	a, ok := record.ParseAmount(s)
	if !ok {
		a = record.Amount{Raw: s}
		p.problem(true, nil, "add.bad-amount", flag, s)
	}
	return a
}

// dated returns the field of records of this type that --at fills, "" if it
// says nothing of them.
func dated(t record.Type) string {
	switch t {
	case record.Note, record.Order, record.Transfer, record.Loss, record.Bank, record.Action, record.Contact, record.Evidence:
		return "at"
	case record.Attempt:
		return "from"
	}
	return ""
}

// date gives the call's time to what happened then. A time of the fact's own
// stays. Where it says when the incident began, it says that of the coins that
// went and of the words, but not of a screenshot taken later or of an order.
func (p *plan) date() {
	if p.at == nil {
		return
	}
	for _, f := range p.facts {
		if p.began && !slices.Contains([]record.Type{record.Note, record.Transfer, record.Loss}, f.Type) {
			continue
		}
		if name := dated(f.Type); name != "" && f.Fields[name] == nil {
			f.Fields[name] = *p.at
		}
	}
}

// fileFields are the fields of a file of the call that has some of its own. What
// was said of every file goes before those, and those before the call's time: a
// picture of the screen is of now.
func (p *plan) fileFields(own record.Fields) record.Fields {
	f := record.Fields{}
	if p.at != nil && !p.began {
		f["at"] = *p.at
	}
	maps.Copy(f, own)
	maps.Copy(f, p.file)
	if program, typed := own["source"], p.file["source"]; program != nil && typed != nil {
		f["source"] = record.Text(typed.String() + " (" + program.String() + ")")
	}
	return f
}

// setFile gives a field to every file of the call; s is how it was typed. A
// second value for a field is kept as a note: neither is dropped.
func (p *plan) setFile(name string, v record.Value, s string) {
	if p.file[name] != nil {
		p.keep(s)
		p.problem(true, nil, "add.set-twice", "evidence."+name)
		return
	}
	if p.file == nil {
		p.file = record.Fields{}
	}
	p.file[name] = v
	p.fileWords = append(p.fileWords, s)
}

// things are the records that hold several fields, by type.
type things map[record.Type][]record.Fields

// facts lists the things, in the order of the types.
func (t things) facts() []locker.Fact {
	var facts []locker.Fact
	for _, typ := range record.Types() {
		for _, f := range t[typ] {
			facts = append(facts, locker.Fact{Type: typ, Fields: f})
		}
	}
	return facts
}

// things maps the flags for accounts, orders, transfers, losses and inquiries.
func (o *addOptions) things(p *plan, exchangeKey string) things {
	t := things{}
	each := func(flag string, values []string, typ record.Type, field string) {
		for _, s := range values {
			if p.blank(flag, s) {
				continue
			}
			f := record.Fields{field: record.Text(s)}
			if exchangeKey != "" && (typ == record.Account || typ == record.Order) {
				f["exchange"] = record.Text(exchangeKey)
			}
			t[typ] = append(t[typ], f)
		}
	}
	each("--account", o.account, record.Account, "number")
	each("--order", o.order, record.Order, "id")
	each("--inquiry", o.inquiry, record.Contact, "inquiry_no")
	for _, s := range o.loss {
		if !p.blank("--loss", s) {
			t[record.Loss] = append(t[record.Loss], record.Fields{"amount": p.amount("--loss", s)})
		}
	}
	o.transfers(p, each, t)
	return t
}

// transfers makes one transfer of one --txid and one --to-address, and of one
// --loss beside them unless --set gives an amount. More than one of them cannot
// be matched up without guessing, so then each is a transfer of its own. It says
// which it did.
func (o *addOptions) transfers(p *plan, each func(string, []string, record.Type, string), t things) {
	each("--txid", o.txid, record.Transfer, "txid")
	if to := slices.DeleteFunc(slices.Clone(o.to), blankText); len(t[record.Transfer]) == 1 && len(to) == 1 {
		f := t[record.Transfer][0]
		f["to"] = record.Text(to[0])
		sets := slices.ContainsFunc(o.set, func(s string) bool {
			key, _, _ := strings.Cut(s, "=")
			return strings.TrimSpace(key) == "transfer.amount"
		})
		if len(t[record.Loss]) == 1 && !sets {
			f["amount"] = t[record.Loss][0]["amount"]
			p.problems = append(p.problems, problem{key: "add.one-transfer", hint: true})
		}
		for _, s := range o.to {
			p.blank("--to-address", s)
		}
	} else {
		each("--to-address", o.to, record.Transfer, "to")
	}
	var from record.List
	for _, s := range o.from {
		if !p.blank("--from-address", s) {
			from = append(from, record.Text(s))
		}
	}
	switch {
	case len(from) > 0 && len(t[record.Transfer]) == 1:
		t[record.Transfer][0]["from"] = from
	default:
		for _, s := range from {
			t[record.Transfer] = append(t[record.Transfer], record.Fields{"from": record.List{s}})
		}
	}
	if len(t[record.Transfer]) > 1 {
		p.problems = append(p.problems, problem{key: "add.many-transfers", args: []any{len(t[record.Transfer])}, hint: true})
	}
}

// settableTypes are the types that --set fills, the likelier ones first.
var settableTypes = []record.Type{
	record.Incident, record.Order, record.Transfer, record.Account, record.Loss, record.Bank,
	record.Actor, record.Contact, record.Attempt, record.Action, record.Note, record.Reporter, record.Evidence,
}

// settableOfFile are the fields of a file that --set fills; the others are what
// the file itself says.
var settableOfFile = []string{"note", "at", "url", "source", "captured_by"}

func canSet(t record.Type, field string) bool {
	// guide --done knows the keys of steps, import where a record comes from.
	if t == record.Action && field == "guide" || field == "file" || field == "line" {
		return false
	}
	return slices.Contains(settableTypes, t) && (t != record.Evidence || slices.Contains(settableOfFile, field))
}

// settable finds the field that a --set key names. The fields of the incident
// itself go without the type. What only the vault writes cannot be set.
func settable(key string) (record.Type, record.Field, bool) {
	t, f, ok := record.LookupField(key)
	if !ok {
		t, f, ok = record.LookupField(string(record.Incident) + "." + key)
	}
	if !canSet(t, f.Name) {
		return "", record.Field{}, false
	}
	return t, f, ok
}

// settablePaths lists what --set takes.
func settablePaths() []string {
	var paths []string
	for _, t := range settableTypes {
		for _, f := range record.FieldsOf(t) {
			if canSet(t, f.Name) {
				paths = append(paths, string(t)+"."+f.Name)
			}
		}
	}
	return paths
}

// sets maps --set. Fields of one type belong to the one thing of that type
// that the call names, or to one of their own; a field that is there already
// begins the next.
func (o *addOptions) sets(p *plan, t things) {
	into := map[record.Type]int{} // the thing that --set fills, index + 1
	for _, s := range o.set {
		key, value, hasValue := strings.Cut(s, "=")
		typ, field, ok := settable(strings.TrimSpace(key))
		if ok && !hasValue {
			p.keep(s)
			p.problem(true, []string{string(typ) + "." + field.Name + "=VALUE"}, "add.no-equals", s)
			continue
		}
		if !ok {
			p.keep(s)
			near := nearestField(key)
			p.problem(true, near, "add.unknown-field", key)
			if len(near) > 0 && hasValue && p.again != nil {
				p.meant(append(slices.Clone(p.again), "--set", near[0]+"="+value)...)
			}
			continue
		}
		if p.blank("--set "+key, value) {
			continue
		}
		v := p.value(field, "--set "+key, s, value)
		if v == nil {
			continue
		}
		switch typ {
		case record.Incident:
			p.fact(typ, field.Name, v)
			continue
		case record.Evidence:
			p.setFile(field.Name, v, s)
			continue
		}
		if into[typ] == 0 && len(t[typ]) == 1 {
			into[typ] = 1
		}
		at := into[typ] - 1
		if at < 0 || t[typ][at][field.Name] != nil && field.Kind != record.KindList {
			t[typ] = append(t[typ], record.Fields{})
			into[typ] = len(t[typ])
			at = len(t[typ]) - 1
		}
		if list, isList := v.(record.List); isList {
			old, _ := t[typ][at][field.Name].(record.List)
			v = append(slices.Clone(old), list...)
		}
		t[typ][at][field.Name] = v
	}
}

// value reads value as field's kind, nil if it cannot: then s is a note.
func (p *plan) value(field record.Field, flag, s, value string) record.Value {
	switch field.Kind {
	case record.KindTime:
		if v, err := p.readTime(value); err == nil {
			return v
		} else {
			p.keep(s)
			p.problem(true, nil, "add.bad-time", flag, value, err)
			return nil
		}
	case record.KindAmount:
		return p.amount(flag, value)
	case record.KindList:
		return record.List{record.Text(value)}
	case record.KindInt:
		n, err := strconv.ParseInt(value, 10, 53)
		if err != nil {
			p.keep(s)
			p.problem(true, nil, "add.bad-number", flag, value)
			return nil
		}
		return record.Int(n)
	}
	return record.Text(value)
}

// nearestField returns the --set keys that key may mean.
func nearestField(key string) []string {
	paths := settablePaths()
	if near := labelled(strings.TrimSpace(key), paths); len(near) > 0 {
		return near
	}
	if near := nearest(key, paths); len(near) > 0 {
		return near
	}
	if !strings.Contains(key, ".") {
		var near []string
		for _, p := range paths {
			if _, name, _ := strings.Cut(p, "."); len(nearest(key, []string{name})) > 0 {
				near = append(near, p)
			}
		}
		return near[:min(3, len(near))]
	}
	return nil
}

// asked are labels of the reports that are not those of the fields.
var asked = map[string]string{
	"氏名": "reporter.name", "住所": "reporter.address", "電話番号": "reporter.phone", "生年月日": "reporter.birth_date",
	"メールアドレス": "reporter.email", "職業": "reporter.occupation", "取引ペア": "order.pair", "説明": "evidence.note",
}

// labelled returns the paths, at most three, whose field people call label.
func labelled(label string, paths []string) []string {
	var found []string
	if p := asked[label]; slices.Contains(paths, p) {
		found = append(found, p)
	}
	for _, p := range paths {
		_, field, _ := strings.Cut(p, ".")
		if japanese["field."+field] == label && !slices.Contains(found, p) {
			found = append(found, p)
		}
	}
	return found[:min(3, len(found))]
}

// adviseField says what an unknown flag of add may stand for: --pair is the
// field order.pair.
func adviseField(command, flag string) []string {
	if command != "add" {
		return nil
	}
	name := strings.ReplaceAll(flag, "-", "_")
	for _, p := range settablePaths() {
		if _, field, _ := strings.Cut(p, "."); field == name || p == name {
			return []string{"--set", p + "="}
		}
	}
	return nil
}
