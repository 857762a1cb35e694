package report

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"evidence-locker/locker"
	"evidence-locker/locker/datafile"
	"evidence-locker/locker/record"
	"evidence-locker/report/typeset"
)

// shows word those fields of a form that are more than one value as it stands.
// Each returns nothing where nothing is recorded.
var shows map[string]func(*builder) []typeset.Span

func init() { // not a literal: the functions reach shows again
	shows = map[string]func(*builder) []typeset.Span{
		"addressee":         (*builder).showAddressee,
		"age":               (*builder).showAge,
		"birth-date":        (*builder).showBirthDate,
		"circumstances":     (*builder).showCircumstances,
		"error":             (*builder).showError,
		"exhibits":          (*builder).showExhibits,
		"filing-date":       (*builder).showFilingDate,
		"kinds":             (*builder).showKinds,
		"losses":            (*builder).showLosses,
		"noticed":           (*builder).showNoticed,
		"occupation":        (*builder).showOccupation,
		"offender":          (*builder).showOffender,
		"order-data":        (*builder).showOrderData,
		"order-ids":         (*builder).showOrderIDs,
		"owner":             (*builder).showOwner,
		"period":            (*builder).showPeriod,
		"phone":             (*builder).showPhone,
		"place":             (*builder).showPlace,
		"reference":         (*builder).showReference,
		"replies":           (*builder).showReplies,
		"see-circumstances": (*builder).seeCircumstances,
		"subject":           (*builder).showSubject,
		"summary":           (*builder).showSummary,
		"suspected":         (*builder).showSuspected,
		"transfers":         (*builder).showTransfers,
		"values":            (*builder).showValues,
		"victim":            (*builder).showVictim,
		"victim-address":    (*builder).showVictimAddress,
		"when":              (*builder).showWhen,
	}
	maps.Copy(shows, moreShows())
}

func (b *builder) showSubject() []typeset.Span {
	title := b.textOf("incident.title")
	if title == "" {
		return nil
	}
	if len(b.kinds) > 0 {
		title = fmt.Sprintf(b.s("【%s】%s", "[%s] %s"), b.kinds[0].name, title)
	}
	return []typeset.Span{{Text: title, Bold: true}}
}

func (b *builder) showKinds() []typeset.Span {
	var names []string
	for _, k := range b.kinds {
		names = append(names, k.name)
	}
	return plainSpans(strings.Join(names, b.s("、", "; ")))
}

// short is how long a text may be to stand in the form itself.
const short = 250

func (b *builder) showSummary() []typeset.Span {
	if s := b.plainValues("incident.summary"); len(s) > 0 {
		return b.shortOr(s, "circumstances", b.circumstancesTitle())
	}
	// The narrative follows two rows below; only the reader of the missing list
	// must not be told that nothing says what happened.
	if len(b.with("incident.narrative")) > 0 {
		return []typeset.Span{{Text: b.s("下の「状況」のとおり", "see the circumstances below")}}
	}
	return nil
}

// shortOr sends the reader of the form to a section for what is too long for
// it.
func (b *builder) shortOr(v []typeset.Span, section, title string) []typeset.Span {
	if utf8.RuneCountInString(plain(v)) <= short {
		return v
	}
	return []typeset.Span{goTo(section, fmt.Sprintf(b.s("「%s」に記載", "see “%s”"), title))}
}

func (b *builder) showCircumstances() []typeset.Span {
	rs := b.with("incident.narrative")
	if len(rs) == 0 {
		return nil
	}
	// With a summary above it the narrative need not crowd the first page.
	if len(rs) == 1 && len(b.with("incident.summary")) == 0 {
		if v := b.value(rs[0], "narrative"); utf8.RuneCountInString(plain(v)) <= short {
			return v
		}
	}
	return b.seeCircumstances()
}

func (b *builder) seeCircumstances() []typeset.Span {
	if len(b.with("incident.narrative")) == 0 {
		return nil
	}
	return []typeset.Span{goTo("circumstances", b.s("「", "see “")+b.circumstancesTitle()+b.s("」に記載", "”"))}
}

func (b *builder) circumstancesTitle() string {
	if b.key == "police" {
		return b.s("被害の模様", "How it happened")
	}
	return b.s("状況", "Circumstances")
}

func (b *builder) showError() []typeset.Span {
	return b.shortOr(b.errorSpans(), "errors", b.errorsTitle())
}

func (b *builder) errorsTitle() string { return b.s("表示された文言", "What the screen said") }

func (b *builder) errorSpans() []typeset.Span {
	code := b.plainValues("incident.error_code")
	if len(code) > 0 {
		code = append([]typeset.Span{{Text: b.s("コード: ", "Code: ")}}, code...)
	}
	return join("\n", b.plainValues("incident.error_text"), code)
}

func (b *builder) lossesTitle() string {
	if b.key == "police" {
		return b.s("被害金品", "Property")
	}
	return b.s("損失", "Losses")
}

// shortTime prints a time in a form that must stay short: with its offset only.
// The sections give it in full.
func (b *builder) shortTime(r *locker.Record, name string) []typeset.Span {
	t, ok := b.moment(r, name)
	if !ok {
		return nil
	}
	return typeset.Text(localTime(t.At))
}

// labelled puts "name: " before a time or text of the incident.
func (b *builder) labelled(path, label string) []typeset.Span {
	v := b.plainValues(path)
	if len(v) == 0 {
		return nil
	}
	return append([]typeset.Span{{Text: label + b.s("：", ": ")}}, v...)
}

func (b *builder) showWhen() []typeset.Span {
	began := b.plainValues("incident.started_at")
	if len(began) == 0 {
		return nil
	}
	return join("\n", began,
		b.labelled("incident.ended_at", b.s("終了", "Ended")),
		b.labelled("incident.noticed_at", b.s("気付いた", "Noticed")))
}

func (b *builder) showPeriod() []typeset.Span {
	began := b.plainValues("incident.started_at")
	if len(began) == 0 {
		return nil
	}
	return join("\n", began,
		b.labelled("incident.ended_at", b.s("終了", "Until")),
		[]typeset.Span{goTo("timeline", b.s("行為ごとの日時は「時系列」に記載", "each act: see the timeline"))})
}

func (b *builder) showNoticed() []typeset.Span {
	return join("\n", b.plainValues("incident.noticed_at"), b.plainValues("incident.noticed_how"))
}

func (b *builder) showSuspected() []typeset.Span {
	return join("\n", b.labelled("incident.suspected_from", b.s("始まり", "From")),
		b.labelled("incident.suspected_to", b.s("終わり", "Until")))
}

func (b *builder) showPlace() []typeset.Span {
	var service []typeset.Span
	place, url := b.plainValues("incident.place"), b.plainValues("incident.url")
	if b.exchangeName != "" {
		service = typeset.Text(b.s("サービス：", "Service: ") + b.exchangeName)
		if b.placesActs() { // one desk answers for its own service only
			service = typeset.Text(b.s("サービス：", "Service: ") + plain(b.services()))
		}
	}
	if len(place) == 0 && len(service)+len(url) > 0 && b.key == "police" {
		// The form asks where the person was.
		place = typeset.Text(b.s("いた場所：", "Where the person was: ") + b.notRecorded())
	}
	return join("\n", place, service, url)
}

// services are the exchanges that the incident tells of, in the order in which
// they were recorded.
func (b *builder) services() []typeset.Span {
	var names []string
	for _, r := range b.ofIncident("incident") {
		if name := plain(b.value(r, "exchange")); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return plainSpans(strings.Join(names, b.s("、", ", ")))
}

func (b *builder) showOrderIDs() []typeset.Span {
	return b.shortOr(b.plainValues("order.id"), "orders", b.s("注文", "Orders"))
}

func (b *builder) showOrderData() []typeset.Span {
	var lines []typeset.Span
	n := 0
	rs := b.with("order")
	for i, r := range rs {
		line := join(b.s("、", ", "), b.value(r, "pair"), b.shortTime(r, "placed_at"), b.slippage(r))
		if len(line) == 0 {
			continue
		}
		if n++; n > b.shown {
			return append(lines, goTo("orders", b.s("\nほかは「注文」に記載", "\nmore under “Orders”")))
		}
		if len(rs) > 1 {
			name := goTo(itemID("order", i+1), fmt.Sprintf("%s %d", b.s("注文", "Order"), i+1))
			line = append([]typeset.Span{name, {Text: b.s("：", ": ")}}, line...)
		}
		lines = join("\n", lines, line)
	}
	return lines
}

func (b *builder) showLosses() []typeset.Span {
	var lines []typeset.Span
	for i, r := range b.with("loss.amount") {
		if i == b.shown {
			return append(lines, goTo("losses", fmt.Sprintf(b.s("\nほかは「%s」に記載", "\nmore under “%s”"), b.lossesTitle())))
		}
		v := b.value(r, "amount")
		lines = join("\n", lines, append(v, typeset.Span{Text: b.s("（", " (") + b.rec(r) + b.s("）", ")"), Muted: true}))
	}
	return lines
}

func (b *builder) showValues() []typeset.Span {
	lines := b.lossValues()
	if sums := b.totals("value"); len(lines) > 0 && len(sums) > 0 {
		lines = join("\n", lines, typeset.Text(b.s("合計：", "Total: ")+strings.Join(sums, "\n")))
	}
	return lines
}

// lossValues lists what each loss was worth.
func (b *builder) lossValues() []typeset.Span {
	var lines []typeset.Span
	for i, r := range b.with("loss.value") {
		if i == b.shown {
			return append(lines, goTo("losses", fmt.Sprintf(b.s("\nほかは「%s」に記載", "\nmore under “%s”"), b.lossesTitle())))
		}
		worth := join(b.s("、", ", "), b.value(r, "value"), b.value(r, "value_source"), b.shortTime(r, "value_at"))
		lines = join("\n", lines, join(b.s("：", ": "), b.value(r, "amount"), worth))
	}
	return lines
}

// totals adds up an amount of the losses for each asset that has more than one,
// exactly, and names the losses that are in no total.
func (b *builder) totals(field string) []string {
	type sum struct {
		asset string
		total *big.Rat
		scale int
		seqs  []int64
		yen   bool // some are not spelled JPY
	}
	sums := make(map[string]*sum)
	var order []string
	var absent, unread, single []int64
	for _, r := range b.with("loss") {
		a, ok := r.Fields[field].(record.Amount)
		if !ok || strings.TrimSpace(a.Raw+a.Quantity) == "" {
			absent = append(absent, b.seqs(r)...)
			continue
		}
		f, good := reckon(a)
		if !good {
			unread = append(unread, b.seqs(r)...)
			continue
		}
		s := sums[f.unit]
		if s == nil {
			s = &sum{asset: f.asset, total: new(big.Rat)}
			sums[f.unit] = s
			order = append(order, f.unit)
		}
		s.total.Add(s.total, f.q)
		s.scale = max(s.scale, f.scale)
		s.seqs = append(s.seqs, r.Seq)
		s.yen = s.yen || f.yen
	}
	var lines []string
	for _, key := range order {
		s := sums[key]
		if len(s.seqs) == 1 {
			single = append(single, s.seqs...)
			continue
		}
		yen := ""
		if s.yen {
			yen = b.s("。円・¥・万円は JPY として数えた", "; ¥ and 円 are counted as JPY")
		}
		lines = append(lines, fmt.Sprintf(b.s("%s（記録%s の合計%s）", "%s (sum of records %s%s)"),
			strings.TrimSpace(s.total.FloatString(s.scale)+" "+typeset.Printable(s.asset)), numbers(s.seqs), yen))
	}
	if len(lines) == 0 {
		return nil
	}
	slices.Sort(single)
	for _, left := range []struct {
		seqs   []int64
		ja, en string
	}{
		{single, "同じ単位の記録がほかにない", "no other record is in the same unit"},
		{unread, "数値として読み取れない", "not readable as a number"},
		{absent, "未記入", "not recorded"},
	} {
		if len(left.seqs) > 0 {
			lines = append(lines, fmt.Sprintf(b.s("合計に入れていない記録: %s（%s）", "In no total, by record: %s (%s)"), numbers(left.seqs), b.s(left.ja, left.en)))
		}
	}
	return lines
}

func (b *builder) showTransfers() []typeset.Span {
	var lines []typeset.Span
	rs := b.with("transfer")
	if b.key == "police" {
		rs = outgoing(rs) // what came in is no loss
	}
	for i, r := range rs {
		if i == b.shown {
			return append(lines, goTo("transfers", b.s("\nほかは「送金」に記載", "\nmore under “Transfers”")))
		}
		lines = join("\n", lines, join(b.s("、", ", "), b.value(r, "amount"), b.shortTime(r, "at")), b.named(r, "txid", "TxID", "TxID"))
		if b.key == "police" {
			lines = join("\n", lines, b.named(r, "to", "送付先", "To"))
		}
	}
	return lines
}

// outgoing leaves out the transfers that are recorded as incoming.
func outgoing(rs []*locker.Record) []*locker.Record {
	return slices.DeleteFunc(slices.Clone(rs), incoming)
}

func incoming(r *locker.Record) bool {
	v, ok := r.Fields["direction"]
	return ok && slices.Contains([]string{"in", "incoming", "deposit", "入金", "受取", "受領", "預入"}, datafile.Fold(v.String()))
}

func (b *builder) showExhibits() []typeset.Span {
	if len(b.exhibits) == 0 {
		return nil
	}
	return []typeset.Span{goTo("exhibits", fmt.Sprintf(b.s("%d点（「資料」に記載）", "%d, under “Exhibits”"), len(b.exhibits)))}
}

func (b *builder) showReplies() []typeset.Span {
	if len(b.with("contact.reply")) == 0 {
		return nil
	}
	return []typeset.Span{goTo("contacts", b.s("「やり取り」に記載", "under “Correspondence so far”"))}
}

// The police form.

// showFilingDate leaves the date open: the desk may accept the report later
// (recipients.md, rule 7).
func (b *builder) showFilingDate() []typeset.Span {
	return typeset.Text(b.s("令和　　年　　月　　日（受理の日に記入）", "(to be filled in on the day of filing)"))
}

func (b *builder) showAddressee() []typeset.Span {
	station := ""
	for _, r := range b.with("contact.station") {
		if isPolice(r) {
			station = plain(b.value(r, "station"))
		}
	}
	head, ok := strings.CutSuffix(station, "警察署長")
	if !ok {
		head, ok = strings.CutSuffix(station, "警察署")
	}
	switch {
	case ok && b.lang == "ja":
		return typeset.Text(head + "警察署長　殿")
	case station != "" && b.lang != "ja":
		return typeset.Text("Chief of " + station)
	case station != "":
		return typeset.Text("　　　　　　警察署長　殿（提出先を記入。相談した部署：" + station + "）")
	}
	return typeset.Text(b.s("　　　　　　警察署長　殿（提出先を記入）", "Chief of the police station (to be filled in)"))
}

// ofVictim prints what is recorded of the reporter, where the reporter is the
// victim. Of another person nothing is recorded but the name.
func (b *builder) ofVictim(path string) []typeset.Span {
	if len(b.otherVictim()) > 0 {
		return []typeset.Span{{Text: b.notRecorded(), Muted: true}}
	}
	return b.plainValues(path)
}

func (b *builder) showOccupation() []typeset.Span    { return b.ofVictim("reporter.occupation") }
func (b *builder) showVictimAddress() []typeset.Span { return b.ofVictim("reporter.address") }

func (b *builder) showBirthDate() []typeset.Span {
	v := b.ofVictim("reporter.birth_date")
	if day, err := time.ParseInLocation(time.DateOnly, strings.ReplaceAll(plain(v), "/", "-"), jst); err == nil && b.era() {
		return append(typeset.Text(eraDate(day)), append(append(typeset.Text("（"), v...), typeset.Text("）")...)...)
	}
	return v
}

func (b *builder) showAge() []typeset.Span {
	age := b.ofVictim("reporter.age")
	if n, err := strconv.Atoi(plain(age)); err == nil && b.lang == "ja" {
		return typeset.Text(fmt.Sprintf("%d歳", n))
	}
	return age
}

func (b *builder) showPhone() []typeset.Span {
	phone, kind := b.plainValues("reporter.phone"), b.textOf("reporter.phone_kind")
	if len(phone) == 0 || kind == "" {
		return phone
	}
	return append(phone, typeset.Span{Text: b.s("（", " (") + kind + b.s("）", ")")})
}

func (b *builder) showVictim() []typeset.Span {
	if v := b.plainValues("reporter.victim_name"); len(v) > 0 {
		return v
	}
	return b.plainValues("reporter.name")
}

func (b *builder) showOwner() []typeset.Span {
	if holder := b.plainValues("account.name"); len(holder) > 0 {
		return holder
	}
	return b.showVictim()
}

// showOffender gives what tells the other side, and says what does not.
func (b *builder) showOffender() []typeset.Span {
	var lines []typeset.Span
	actors := b.with("actor")
	for i, r := range actors {
		if i == b.shown {
			lines = append(lines, goTo("actors", b.s("\nほかは「相手方について分かっていること」に記載", "\nmore under what is known of the other party")))
			break
		}
		var known []typeset.Span
		for _, f := range record.FieldsOf("actor") {
			if f.Name != "note" {
				known = join(b.s("、", ", "), known, b.value(r, f.Name))
			}
		}
		name := goTo(itemID("actor", i+1), fmt.Sprintf("%s %d", b.s("相手方", "Party"), i+1))
		if n := utf8.RuneCountInString(plain(known)); n > 0 && n <= short {
			lines = join("\n", lines, append([]typeset.Span{name, {Text: b.s("：", ": ")}}, known...))
		} else {
			lines = join("\n", lines, []typeset.Span{name})
		}
	}
	var to []typeset.Span
	if len(outgoing(b.with("transfer.to"))) > 0 {
		to = []typeset.Span{goTo("transfers", b.s("送付先アドレスは「送金」に記載", "destination addresses: see the transfers"))}
	}
	if len(lines)+len(to) > 0 && len(b.with("actor.name")) == 0 {
		lines = join("\n", typeset.Text(b.s("氏名又は通称：不詳", "Name or alias: unknown")), lines)
	}
	return join("\n", lines, to)
}

func (b *builder) showReference() []typeset.Span {
	var parts [][]typeset.Span
	mention := func(n int, id, ja, en string) {
		if n > 0 {
			parts = append(parts, []typeset.Span{goTo(id, fmt.Sprintf(b.s(ja, en), n))})
		}
	}
	mention(len(b.exhibits), "list", "資料%d点（「資料目録」に記載）", "exhibits: %d, see the list of exhibits")
	mention(len(b.with("contact")), "contacts", "やり取り%d件（「やり取り」に記載）", "contacts: %d, see the correspondence so far")
	mention(len(b.with("action")), "actions", "講じた措置%d件（「講じた措置」に記載）", "steps taken: %d, see the steps taken")
	return join("\n", parts...)
}

// word translates a value of a field that the command line writes itself.
func (b *builder) word(path, s string) string {
	key := strings.ToLower(strings.TrimSpace(s))
	for _, key := range []string{path + " " + key, key} {
		if w, ok := words[key]; ok {
			return b.s(w[0], w[1])
		}
	}
	return s
}
