package report

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"evidence-locker/locker"
	"evidence-locker/locker/record"
	"evidence-locker/report/typeset"
)

// jst is the zone of Japanese era dates, whatever the machine's own is.
var jst = time.FixedZone("JST", 9*60*60)

// localTime prints a moment in the offset that it was recorded with, which is
// always named (recipients.md, rule 3).
func localTime(t time.Time) string { return t.Format(clockFormat(t) + " -07:00") }

func utcTime(t time.Time) string { return t.UTC().Format(clockFormat(t)) + " UTC" }

// clockFormat gives a moment with milliseconds all three of them, so that one
// does not look less exact than the next.
func clockFormat(t time.Time) string {
	if t.Nanosecond() < int(time.Millisecond) {
		return time.DateTime
	}
	return "2006-01-02 15:04:05.000"
}

// eraDate prints the day in Japan with its era year (recipients.md, rule 5).
func eraDate(t time.Time) string {
	t = t.In(jst)
	name, year := "", t.Year()
	switch day := t.Year()*10000 + int(t.Month())*100 + t.Day(); {
	case day >= 20190501:
		name, year = "令和", year-2018
	case day >= 19890108:
		name, year = "平成", year-1988
	case day >= 19261225:
		name, year = "昭和", year-1925
	}
	if name == "" {
		return fmt.Sprintf("%d年%d月%d日", t.Year(), t.Month(), t.Day())
	}
	y := fmt.Sprint(year)
	if year == 1 {
		y = "元"
	}
	return fmt.Sprintf("%s%s年%d月%d日", name, y, t.Month(), t.Day())
}

// eraTime prints a moment in Japan for the Japanese police.
func eraTime(t time.Time) string {
	j := t.In(jst)
	return fmt.Sprintf("%s %d時%02d分%02d秒", eraDate(t), j.Hour(), j.Minute(), j.Second())
}

// when prints a moment on one line.
func (b *builder) when(t time.Time) string {
	switch {
	case b.era():
		zone := "日本時間。"
		if _, offset := t.Zone(); offset == 9*60*60 {
			zone = ""
		}
		return fmt.Sprintf("%s（%s%s、%s）", eraTime(t), zone, localTime(t), utcTime(t))
	case b.utcFirst():
		return fmt.Sprintf(b.s("%s（%s）", "%s (%s)"), utcTime(t), localTime(t))
	case b.lang == "ja":
		return fmt.Sprintf("%s（%s）", localTime(t), utcTime(t))
	}
	return fmt.Sprintf("%s (%s)", localTime(t), utcTime(t))
}

// whenCell prints a moment in a narrow column.
func (b *builder) whenCell(t time.Time) string {
	s := localTime(t) + "\n" + utcTime(t)
	if b.utcFirst() {
		return utcTime(t) + "\n" + localTime(t)
	}
	if b.era() {
		s = eraTime(t) + "\n" + s
	}
	return s
}

// era tells whether dates carry era years.
func (b *builder) era() bool { return b.key == "police" && b.lang == "ja" }

// utcFirst tells whether UTC stands before the time as recorded: the receiving
// exchange compares times with a chain.
func (b *builder) utcFirst() bool { return b.key == "freeze" }

// timeHead is the head of a column of whenCell.
func (b *builder) timeHead() string {
	if b.utcFirst() {
		return b.s("日時（UTC と記録の時差）", "Time (UTC, and as recorded)")
	}
	return b.s("日時（記録の時差と UTC）", "Time (as recorded, and UTC)")
}

// plainTime is a date or time of day: typed, it says no more than the moment
// that was recorded.
var plainTime = regexp.MustCompile(`^[0-9\s:.,/+\-年月日時分秒]*[TZ]?[0-9\s:.,/+\-年月日時分秒]*(?:Z|UTC|GMT|JST)?$`)

// typed returns what the person typed for a time where that says more than the
// time itself, as "10m ago" does; else "".
func typed(t record.Time) string {
	raw := strings.TrimSpace(t.Raw)
	if plainTime.MatchString(strings.ToUpper(norm.NFKC.String(raw))) {
		return ""
	}
	return raw
}

// amount prints a quantity, with its own spelling beside it where that differs
// in more than blanks and commas.
func (b *builder) amount(a record.Amount) string {
	if a.Quantity == "" {
		return a.Raw
	}
	// Nobody writes 500000 ¥.
	if raw := strings.TrimSpace(a.Raw); raw != "" {
		if r, _ := utf8.DecodeRuneInString(raw); unicode.Is(unicode.Sc, r) {
			return raw
		}
	}
	plain := strings.NewReplacer(" ", "", ",", "")
	s := strings.TrimSpace(a.Quantity + " " + a.Asset)
	raw := plain.Replace(a.Raw)
	if r, size := utf8.DecodeRuneInString(a.Asset); size == len(a.Asset) && unicode.Is(unicode.Sc, r) {
		return strings.TrimSpace(a.Raw)
	}
	if raw == "" || raw == plain.Replace(s) || raw == a.Asset+a.Quantity {
		return s
	}
	return s + b.s("（入力: ", " (as typed: ") + a.Raw + b.s("）", ")")
}

// identifiers are the fields that are set in the face that tells 0 from O and
// are never broken.
var identifiers = map[string]bool{
	"account.number": true, "account.user_id": true, "account.login_id": true, "account.email": true,
	"incident.url": true, "incident.error_code": true, "incident.own_ip": true,
	"order.id": true, "transfer.txid": true, "transfer.from": true, "transfer.to": true, "transfer.memo": true,
	"transfer.explorer_url": true, "bank.number": true, "bank.reference": true,
	"actor.address": true, "actor.email": true, "actor.phone": true, "actor.url": true, "actor.domain": true,
	"actor.ip": true, "actor.handle": true, "actor.bank_account": true,
	"contact.inquiry_no": true, "evidence.url": true, "reporter.email": true, "reporter.phone": true,
}

// worded are the fields that hold a word of the program's own.
var worded = map[string]bool{
	"attempt.side": true, "order.side": true, "transfer.direction": true, "bank.direction": true,
	"contact.with": true, "contact.direction": true, "contact.channel": true, "reporter.phone_kind": true,
}

// mono sets an identifier in the face that tells its letters apart. A name in
// Japanese keeps the face of the text.
func mono(s string) typeset.Span {
	return typeset.Span{Text: s, Mono: !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })}
}

// tell remembers that the document speaks of a record, or of one of its fields.
func (b *builder) tell(r *locker.Record, name string) {
	if b.told == nil {
		return
	}
	if b.told[r] == nil {
		b.told[r] = make(map[string]bool)
	}
	b.told[r][name] = true
}

// moment returns a time of a record for the document, ok if one is recorded.
func (b *builder) moment(r *locker.Record, name string) (t record.Time, ok bool) {
	t, ok = r.Fields[name].(record.Time)
	b.tell(r, name)
	return t, ok && !t.At.IsZero()
}

// value prints a field of a record for the document, nothing if it is not there.
func (b *builder) value(r *locker.Record, name string) []typeset.Span {
	b.tell(r, name)
	return b.wording(r, name)
}

// wording prints a field of a record.
func (b *builder) wording(r *locker.Record, name string) []typeset.Span {
	path := string(r.Type) + "." + name
	switch v := r.Fields[name].(type) {
	case nil:
		return nil
	case record.Time:
		if v.At.IsZero() {
			return nil
		}
		spans := typeset.Text(b.when(v.At))
		if t := typed(v); t != "" {
			spans = append(spans, typeset.Span{Text: b.s("（入力: ", " (as typed: ") + b.text(r, t) + b.s("）", ")"), Muted: true})
		}
		return spans
	case record.Amount:
		return plainSpans(b.text(r, b.amount(v)))
	case record.List:
		var spans []typeset.Span
		for i, t := range v {
			if i > 0 {
				spans = append(spans, typeset.Span{Text: "\n"})
			}
			spans = append(spans, typeset.Span{Text: b.text(r, string(t)), Mono: identifiers[path]})
			spans = append(spans, b.doubtMark(r, name, string(t))...)
		}
		return spans
	default:
		s := b.text(r, v.String())
		if strings.TrimSpace(s) == "" {
			return nil
		}
		if name == "file" && r.Fields["line"] != nil {
			return b.rowOf(s, r.Fields["line"].String())
		}
		if worded[path] {
			s = b.word(path, s)
		}
		if path == "note.text" {
			s = b.asTyped(s)
		}
		if e, ok := b.exchanges.Lookup(s); ok && name == "exchange" {
			s = e.Name(b.lang)
		}
		span := typeset.Span{Text: s, Mono: identifiers[path]}
		if name == "pair" || path == "custody.name" {
			span = mono(s)
		}
		if path == "transfer.explorer_url" {
			// An address of the other side is never a link: nobody should open it by
			// a slip.
			span.Link = b.explorerLink(r)
		}
		return append([]typeset.Span{span}, b.doubtMark(r, name, v.String())...)
	}
}

// unreadFlag is a note that add and the like keep of a flag whose value they
// could not read, unreadField one of a field given with --set.
var (
	unreadFlag  = regexp.MustCompile(`(?s)^--(at|from|until|noticed|due|times) "(.*)"$`)
	unreadField = regexp.MustCompile(`(?s)^([a-z_]+\.[a-z_]+)=(.*)$`)
)

var flagLabels = map[string][2]string{
	"at": {"日時", "time"}, "from": {"始まりの日時", "beginning"}, "until": {"終わりの日時", "end"},
	"noticed": {"気付いた日時", "noticed at"}, "due": {"期限", "due"}, "times": {"回数", "times"},
}

// asTyped words a note that was kept of what could not be read: a reader of the
// document knows the field, and no flags.
func (b *builder) asTyped(s string) string {
	label, value := [2]string{}, ""
	if m := unreadFlag.FindStringSubmatch(s); m != nil {
		label, value = flagLabels[m[1]], m[2]
	} else if m := unreadField.FindStringSubmatch(s); m != nil {
		label, value = labels[m[1]], m[2]
	}
	if label[0] == "" {
		return s
	}
	return b.s(label[0], label[1]) + b.s("（入力のまま）：", " (as typed): ") + value
}

// rowOf names a line of an exhibit by the exhibit's digest, and the digest where
// the file is none of this incident's.
func (b *builder) rowOf(sum, line string) []typeset.Span {
	for _, x := range b.exhibits {
		if fmt.Sprintf("%x", x.SHA256) == sum {
			link := goTo(x.id(), b.exhibitName(x))
			if b.lang == "ja" {
				return []typeset.Span{link, {Text: "の" + line + "行目"}}
			}
			return []typeset.Span{{Text: "line " + line + " of "}, link}
		}
	}
	return []typeset.Span{{Text: b.s(line+"行目、SHA-256 ", "line "+line+" of the file with SHA-256 ")}, {Text: sum, Mono: true}}
}

// text prepares text that came from outside: printable, and without secrets.
func (b *builder) text(r *locker.Record, s string) string {
	t, done := b.clean[s] // most texts are asked for several times
	if !done {
		t.text, t.masked = maskSecrets(typeset.Printable(s), b.s("〔伏字〕", "[masked]"))
		b.clean[s] = t
	}
	if t.masked {
		for _, p := range b.partsOf(r) {
			if len(b.parts[r]) == 0 || hasSecret(p) {
				b.masked[p.Seq] = true
			}
		}
	}
	return t.text
}

// maskedText is a text as it may be printed, and whether a secret was in it.
type maskedText struct {
	text   string
	masked bool
}

// hasSecret tells whether some field of a record has a part to be masked.
func hasSecret(r *locker.Record) bool {
	for _, v := range r.Fields {
		for _, s := range texts(v) {
			if _, masked := maskSecrets(typeset.Printable(s), ""); masked {
				return true
			}
		}
	}
	return false
}

func plainSpans(s string) []typeset.Span {
	if strings.TrimSpace(s) == "" {
		return nil
	}
	return typeset.Text(s)
}

// plain returns the text of spans.
func plain(spans []typeset.Span) string {
	var s strings.Builder
	for _, sp := range spans {
		s.WriteString(sp.Text)
	}
	return s.String()
}

// join puts parts on one line each, leaving out empty ones.
func join(sep string, parts ...[]typeset.Span) []typeset.Span {
	var out []typeset.Span
	for _, p := range parts {
		if len(p) == 0 {
			continue
		}
		if len(out) > 0 {
			out = append(out, typeset.Span{Text: sep})
		}
		out = append(out, p...)
	}
	return out
}
