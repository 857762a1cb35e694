package report

import (
	"cmp"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"evidence-locker/locker"
	"evidence-locker/locker/datafile"
	"evidence-locker/locker/record"
	"evidence-locker/report/typeset"
)

// partFields are the fields of the recipient's list that stand in one part of
// the document.
func (b *builder) partFields(part string) []field {
	return slices.DeleteFunc(slices.Clone(b.file.Field), func(f field) bool { return f.Part != part })
}

// part makes the rows of one part of the recipient's list; nothing if no row of
// it applies.
func (b *builder) part(part string) []typeset.Block {
	rows := b.form(b.partFields(part), false)
	if len(rows) == 0 {
		return nil
	}
	width := 46.0
	if b.key == "mica" {
		width = 58 // the template's labels are long
	}
	return []typeset.Block{typeset.Fields{LabelWidth: width, Rows: rows}}
}

// itemShows word those fields of a single record that are more than a value as
// it stands.
var itemShows = map[string]func(*builder, field, *locker.Record) []typeset.Span{
	"explorer":  (*builder).itemExplorer,
	"service":   (*builder).itemService,
	"txid-link": (*builder).itemTxID,
}

// transactions shows each transfer as one whole block: what the recipient asks
// for in its order, then what else is recorded of it. Where there is no transfer,
// the block says so field by field.
func (b *builder) transactions() []typeset.Block {
	fields, rs := b.partFields("transaction"), b.with("transfer")
	if len(rs) == 0 {
		var rows []typeset.Field
		for _, f := range fields {
			if b.asked(f) && f.Need != Optional {
				b.missIn(f, f.asking)
				rows = append(rows, typeset.Field{Label: b.s(f.JA, f.EN), Value: typeset.Text(b.absent(f))})
			}
		}
		if len(rows) == 0 {
			return nil
		}
		return []typeset.Block{typeset.Fields{LabelWidth: 46, Rows: rows}}
	}
	var out []typeset.Block
	for i, r := range rs {
		var rows []typeset.Field
		listed := make(map[string]bool)
		for _, f := range fields {
			name := strings.TrimPrefix(f.Path, "transfer.")
			listed[name] = true
			v := b.value(r, name)
			if show := itemShows[f.Show]; show != nil {
				v = show(b, f, r)
			}
			if len(v) == 0 {
				if f.Need == Optional {
					continue
				}
				b.missIn(f, f.asking)
				v = typeset.Text(b.absent(f))
			}
			rows = append(rows, typeset.Field{Label: b.s(f.JA, f.EN), Value: v})
		}
		var more [][]typeset.Span
		for _, f := range record.FieldsOf("transfer") {
			if l := labels["transfer."+f.Name]; !listed[f.Name] {
				more = append(more, b.named(r, f.Name, l[0], l[1]))
			}
		}
		if v := join(b.s("、", "; "), more...); len(v) > 0 {
			rows = append(rows, typeset.Field{Label: b.s("そのほか", "Also recorded"), Value: v})
		}
		out = append(out,
			typeset.Heading{Level: 3, ID: itemID("transfer", i+1), Text: fmt.Sprintf(b.s("送金 %d（%s）", "Transfer %d (%s)"), i+1, b.rec(r))},
			typeset.Fields{LabelWidth: 46, Keep: true, Rows: rows})
	}
	return out
}

// explorerLink returns the recorded link if it leads to the transfer: a web
// address in ASCII, without a user's name, that has the transaction ID behind
// its host. Any other is shown and leads nowhere; none is ever made up.
func (b *builder) explorerLink(r *locker.Record) string {
	text := func(name string) string {
		v := r.Fields[name]
		if v == nil || b.text(r, v.String()) != v.String() {
			return "" // a part of it is masked, or cannot be printed
		}
		return strings.TrimSpace(v.String())
	}
	link, txid := text("explorer_url"), strings.ToLower(text("txid"))
	if strings.ContainsFunc(link, func(r rune) bool { return r <= ' ' || r > '~' || r == '\\' }) {
		return ""
	}
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || txid == "" {
		return ""
	}
	if _, behind, _ := strings.Cut(strings.ToLower(link), strings.ToLower(u.Host)); !strings.Contains(behind, txid) {
		return ""
	}
	return link
}

func (b *builder) itemTxID(_ field, r *locker.Record) []typeset.Span {
	v := b.value(r, "txid")
	for i := range v {
		v[i].Link = b.explorerLink(r)
	}
	return v
}

func (b *builder) itemExplorer(f field, r *locker.Record) []typeset.Span {
	v := b.value(r, "explorer_url")
	if len(v) == 0 || v[0].Link != "" {
		return v
	}
	b.missIn(f, f.asking)
	return append(v, typeset.Span{Text: b.s("（この TXID へのリンクではない）", " (not a link to this TXID)"), Muted: true})
}

// itemService marks what nobody but the service itself can confirm.
func (b *builder) itemService(_ field, r *locker.Record) []typeset.Span {
	v := b.value(r, "service")
	if len(v) == 0 {
		return nil
	}
	return append(v, typeset.Span{Text: b.s("（推定：本人の記録によるもので、確認されていない）", " (estimate: as the person recorded it, not confirmed)"), Muted: true})
}

// isPolice tells whether a talk was with the police, however the person wrote
// it, as in 三田警察署 or "Tokyo Police". A station alone may be a department of a
// desk.
func isPolice(r *locker.Record) bool { return WithPolice(r.Fields) }

// WithPolice tells whether the fields of a talk say that it was with the police,
// of whatever country.
func WithPolice(f record.Fields) bool {
	for _, name := range []string{"with", "station"} {
		if v, ok := f[name]; ok && policeWord.MatchString(datafile.Fold(v.String())) {
			return true
		}
	}
	return false
}

var policeWord = regexp.MustCompile(`police|警察|警視庁|県警|府警|道警`)

// moreShows are those of the recipients whose lists have parts.
func moreShows() map[string]func(*builder) []typeset.Span {
	return map[string]func(*builder) []typeset.Span{
		"client-reference":   (*builder).showClientReference,
		"complainant":        (*builder).showComplainant,
		"damage":             (*builder).showDamage,
		"exchanges":          (*builder).showExchanges,
		"filer":              (*builder).showFiler,
		"hold":               (*builder).showHold,
		"inquiries":          (*builder).showInquiries,
		"mails":              (*builder).showMails,
		"narrative-below":    (*builder).showNarrativeBelow,
		"no-field":           (*builder).showNoField,
		"officer":            (*builder).showOfficer,
		"other-contact":      (*builder).showOtherContact,
		"other-victim":       (*builder).showOtherVictim,
		"police-number":      (*builder).showPoliceNumber,
		"proof":              (*builder).showProof,
		"receivers":          (*builder).showReceivers,
		"reported":           (*builder).showReported,
		"representative":     (*builder).showRepresentative,
		"service-references": (*builder).showServiceReferences,
		"subject-matter":     (*builder).showSubjectMatter,
		"subjects":           (*builder).showSubjects,
		"two-factor":         (*builder).showTwoFactor,
		"victim-account":     (*builder).showVictimAccount,
		"victim-email":       (*builder).showVictimEmail,
		"victim-phone":       (*builder).showVictimPhone,
		"web":                (*builder).showWeb,
	}
}

// otherVictim returns the name of the victim where it is not the person who
// keeps the records.
func (b *builder) otherVictim() []typeset.Span {
	v := b.plainValues("reporter.victim_name")
	if datafile.Fold(plain(v)) == datafile.Fold(b.textOf("reporter.name")) {
		return nil
	}
	return v
}

func (b *builder) showOtherVictim() []typeset.Span { return b.otherVictim() }
func (b *builder) showVictimEmail() []typeset.Span { return b.ofVictim("reporter.email") }

func (b *builder) showVictimPhone() []typeset.Span {
	if len(b.otherVictim()) > 0 {
		return b.ofVictim("reporter.phone")
	}
	return b.showPhone()
}

// showFiler names the person who keeps the records with what reaches them,
// where the victim is another.
func (b *builder) showFiler() []typeset.Span {
	if len(b.otherVictim()) == 0 {
		return nil
	}
	return join("\n", b.plainValues("reporter.name"), b.plainValues("reporter.address"), b.showPhone(), b.plainValues("reporter.email"))
}

func (b *builder) showNarrativeBelow() []typeset.Span {
	if len(b.with("incident.narrative")) == 0 {
		return nil
	}
	return typeset.Text(b.s("下に全文", "in full below"))
}

// distinct joins values to lines, each once.
func distinct(values ...[]typeset.Span) []typeset.Span {
	var out []typeset.Span
	seen := make(map[string]bool)
	for _, v := range values {
		if s := plain(v); !seen[s] {
			seen[s] = true
			out = join("\n", out, v)
		}
	}
	return out
}

// valuesOf are the values of some fields of all records of a type.
func (b *builder) valuesOf(t record.Type, names ...string) (out [][]typeset.Span) {
	for _, name := range names {
		for _, r := range b.with(string(t) + "." + name) {
			out = append(out, b.value(r, name))
		}
	}
	return out
}

func (b *builder) showExchanges() []typeset.Span {
	values := [][]typeset.Span{plainSpans(b.exchangeName)}
	values = append(values, b.valuesOf("account", "exchange")...)
	return distinct(append(values, b.valuesOf("transfer", "service")...)...)
}

func (b *builder) showWeb() []typeset.Span {
	return distinct(b.valuesOf("actor", "domain", "url", "app")...)
}

func (b *builder) showMails() []typeset.Span {
	var lines []typeset.Span
	for _, x := range b.exhibits {
		if x.MediaType == "message/rfc822" {
			lines = join("\n", lines, []typeset.Span{goTo(x.id(), b.exhibitName(x)), {Text: b.s("：", ": ")}, mono(x.name)})
		}
	}
	return lines
}

func (b *builder) showTwoFactor() []typeset.Span {
	return typeset.Text(b.s("事実の記録があれば経緯の中にある。コードと読める箇所は伏せる。", "Whatever is recorded of it stands in the description. What reads like a code is masked."))
}

// showReported lists what was reported elsewhere and every inquiry, each with
// its number (recipients.md, rule 12).
func (b *builder) showReported() []typeset.Span {
	var lines []typeset.Span
	for _, r := range b.references(b.with("contact")) {
		lines = join("\n", lines, r.line(b))
	}
	return lines
}

// showInquiries lists the inquiries that have a number, each with whose number
// it is.
func (b *builder) showInquiries() []typeset.Span {
	var lines []typeset.Span
	rs := b.references(b.with("contact.inquiry_no"))
	for i, r := range rs {
		if i == b.shown {
			return append(lines, typeset.Span{Text: fmt.Sprintf(b.s("\nほか%d件", "\nand %d more"), len(rs)-i)})
		}
		lines = join("\n", lines, r.line(b))
	}
	return lines
}

// A reference is one inquiry or report, of which any number of talks tell.
type reference struct {
	desk        string // what tells it from other desks; "" if no talk names it
	id, name    string // number and who, as they are compared
	who, number []typeset.Span
	station     bool // who says which
}

// references are the inquiries and reports that talks tell of, each once: by
// number and desk, where a talk that names no desk is with the one that another
// talk names. A talk without a number counts if it was a report: what was said to
// an exchange without one is no reference to anything.
func (b *builder) references(talks []*locker.Record) (all []*reference) {
	var unnumbered []*locker.Record
	for _, r := range talks {
		number := b.value(r, "inquiry_no")
		if len(number) == 0 {
			unnumbered = append(unnumbered, r)
			continue
		}
		desk, id := b.desk(r), datafile.Fold(plain(number))
		i := slices.IndexFunc(all, func(o *reference) bool {
			return o.id == id && (o.desk == desk || o.desk == "" || desk == "")
		})
		if i < 0 {
			i, all = len(all), append(all, &reference{id: id, number: number})
		}
		all[i].add(b, r, desk)
	}
	for _, r := range unnumbered {
		desk, name := b.desk(r), datafile.Fold(plain(b.who(r)))
		_, anyDesk := locker.Party(name)
		known := func(o *reference) bool {
			return o.desk == desk && (anyDesk || strings.Contains(o.name, name))
		}
		if b.isReport(r) && !slices.ContainsFunc(all, known) {
			o := &reference{}
			o.add(b, r, desk)
			all = append(all, o)
		}
	}
	return all
}

// add takes in what a talk says of the desk.
func (o *reference) add(b *builder, r *locker.Record, desk string) {
	station := len(b.value(r, "station")) > 0
	if who := b.who(r); len(o.who) == 0 || station && !o.station {
		o.who, o.name, o.station = who, datafile.Fold(plain(who)), station
	}
	o.desk = cmp.Or(o.desk, desk)
}

// line is with whom the talks were, and the number.
func (o *reference) line(b *builder) []typeset.Span {
	who, number := o.who, o.number
	if len(who) == 0 {
		who = typeset.Text(b.s("相手は未記入", "with whom is not recorded"))
	}
	if len(number) == 0 {
		number = typeset.Text(b.s("番号は未記入", "number not recorded"))
	}
	return join(b.s("：", ": "), who, number)
}

// who is with whom a talk was.
func (b *builder) who(r *locker.Record) []typeset.Span {
	with, station := b.value(r, "with"), b.value(r, "station")
	if strings.HasSuffix(plain(with), plain(station)) {
		station = nil // said already
	}
	return join(b.s("、", ", "), with, station)
}

// desk tells desks apart, however they are called: that of the exchange is its
// support.
func (b *builder) desk(r *locker.Record) string {
	with := plain(b.value(r, "with"))
	if isPolice(r) {
		return "police"
	}
	if x, ok := b.exchanges.Lookup(with); ok && x.Key == b.exchangeKey {
		return "support"
	}
	if key, ok := locker.Party(with); ok {
		return key
	}
	return datafile.Fold(with)
}

// isReport tells whether a talk was with somebody to whom things are reported: the
// police, a bank, an agency. Exchanges are called after banks.
func (b *builder) isReport(r *locker.Record) bool {
	with := b.desk(r)
	_, exchange := b.exchanges.Lookup(with)
	return !exchange && reportWord.MatchString(with)
}

var reportWord = regexp.MustCompile(`police|bank$|^bankof|銀行|信用金庫|fbi|ic3|fraud|agency|authority|bureau|commission|ministry|regulator|庁$|局$|委員会|消費者|消費生活|国民生活|検察|裁判所`)

func (b *builder) showSubjects() []typeset.Span {
	n := len(b.with("actor"))
	if n == 0 {
		return nil
	}
	return []typeset.Span{goTo("actors", fmt.Sprintf(b.s("分かっていること%d件（「相手方」に記載）", "known facts: %d, under “The other side”"), n))}
}

// The freeze request.

// receivers are the names of the services that the transfers went to.
func (b *builder) receivers() [][]typeset.Span {
	var out [][]typeset.Span
	for _, r := range b.with("transfer.service") {
		v := b.value(r, "service")
		if e, ok := b.exchanges.Lookup(plain(v)); ok {
			v = typeset.Text(e.Name(b.lang))
		}
		out = append(out, v)
	}
	return out
}

func (b *builder) showReceivers() []typeset.Span { return distinct(b.receivers()...) }

func (b *builder) showHold() []typeset.Span {
	return typeset.Text(b.s(
		"1. 下の受取側アドレスに届いた資産を、警察から連絡があるまで一時的に保留すること。\n2. そのアドレスと、それにつながる口座の記録を保全すること。\n顧客情報の開示は求めない。開示と凍結は、警察が別に求める。",
		"1. Hold what arrived at the receiving addresses below until the police write to you.\n2. Preserve your records of these addresses and of the accounts behind them.\nDisclosure is not asked for. That and a freeze are for the police to request."))
}

// showVictimAccount tells the account at the exchange that the coins left from,
// and no other.
func (b *builder) showVictimAccount() []typeset.Span {
	var lines []typeset.Span
	for _, r := range b.accounts {
		at := b.value(r, "exchange")
		if len(at) == 0 {
			at = plainSpans(b.exchangeName)
		}
		lines = join("\n", lines, join(b.s("、", ", "), at, b.named(r, "user_id", "ユーザーID", "user ID"), b.named(r, "number", "口座番号", "account number"),
			b.named(r, "email", "登録メール", "registered e-mail"), b.named(r, "name", "名義", "holder")))
	}
	return lines
}

func (b *builder) showProof() []typeset.Span {
	if len(b.exhibits) == 0 {
		return nil
	}
	return []typeset.Span{goTo("exhibits", fmt.Sprintf(b.s("資料%d点を添える（何を示すかは各資料の「説明」に記載）", "exhibits attached: %d (what each shows is said beside it)"), len(b.exhibits)))}
}

func (b *builder) showPoliceNumber() []typeset.Span {
	var numbers [][]typeset.Span
	for _, r := range b.with("contact.inquiry_no") {
		if isPolice(r) {
			numbers = append(numbers, b.value(r, "inquiry_no"))
		}
	}
	return distinct(numbers...)
}

func (b *builder) showOfficer() []typeset.Span {
	var lines [][]typeset.Span
	for _, r := range b.with("contact") {
		if v := join(b.s("、", ", "), b.value(r, "station"), b.value(r, "officer")); isPolice(r) && len(v) > 0 {
			lines = append(lines, v)
		}
	}
	return distinct(lines...)
}

// The complaint under MiCA.

func (b *builder) showComplainant() []typeset.Span {
	name := b.showVictim()
	if len(name) == 0 {
		return nil
	}
	return append(name, typeset.Span{Text: b.s("（姓と名に分けずに記録されている）", " (recorded undivided)"), Muted: true})
}

func (b *builder) showNoField() []typeset.Span {
	return []typeset.Span{{Text: b.s("未記入（保管庫に欄がない）", "not recorded (the vault has no field for it)"), Muted: true}}
}

func (b *builder) showRepresentative() []typeset.Span {
	return []typeset.Span{{Text: b.s("未記入（保管庫に欄がない。いるときは委任状などを添付）",
		"not recorded (no field for it; needs a power of attorney)"), Muted: true}}
}

func (b *builder) showSubjectMatter() []typeset.Span {
	if len(b.with("incident.summary")) == 0 {
		return b.seeCircumstances()
	}
	return join("\n", b.showSummary(), b.seeCircumstances())
}

func (b *builder) showClientReference() []typeset.Span {
	var lines []typeset.Span
	for _, r := range b.accounts {
		lines = join("\n", lines, join(b.s("、", ", "), b.named(r, "number", "口座番号", "account number"), b.named(r, "user_id", "ユーザーID", "user ID")))
	}
	return lines
}

func (b *builder) showOtherContact() []typeset.Span {
	if v := b.showFiler(); len(v) > 0 {
		return v
	}
	return []typeset.Span{{Text: b.s("1.a と異なる連絡先は記録されていない", "no contact details that differ from 1.a are recorded"), Muted: true}}
}

func (b *builder) showServiceReferences() []typeset.Span {
	return join("\n", b.labelled("order.id", b.s("注文番号", "Order ID")), b.labelled("transfer.txid", "TXID"))
}

func (b *builder) showDamage() []typeset.Span {
	value := b.lossValues() // their total stands under the losses
	if len(value) > 0 {
		value = append(typeset.Text(b.s("当時の価格：", "Value then: ")), value...)
	}
	return join("\n", b.showLosses(), value)
}
