package report

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"evidence-locker/locker"
	"evidence-locker/locker/record"
	"evidence-locker/report/typeset"
)

func word(s string) record.Value { return record.Text(s) }

// A file's time is what the person gave for it, and nobody said "captured".
func TestTimeOfAFile(t *testing.T) {
	m := newMade()
	m.file("shot.png", "image/png", pngOf(8, 8), record.Fields{"at": record.Time{At: at("2026-11-03T14:03:00+09:00"), Raw: "14:03"}})
	for _, o := range forms() {
		s := strings.ToLower(textOf(t, m.Input, o))
		want := map[string][]string{"ja": {"資料の日時（本人の入力）", "資料1：shot.png（資料の日時。本人の入力）"}, "en": {"time given for the file", "exhibit 1: shot.png (time given for the file)"}}
		for _, w := range want[o.Lang] {
			if !strings.Contains(s, w) {
				t.Errorf("%+v: no %q:\n%s", o, w, s)
			}
		}
		for _, w := range []string{"取得日時", "を取得", "captured:", " captured\n", "14:03)", "14:03）"} {
			if strings.Contains(s, w) {
				t.Errorf("%+v: says %q:\n%s", o, w, s)
			}
		}
	}
}

func TestTyped(t *testing.T) {
	moment := at("2026-11-03T14:03:00+09:00")
	for raw, want := range map[string]string{
		"": "", "14:03": "", "14：03": "", "2026-11-03 14:03": "", "2026-11-03T14:03:00+09:00": "", "2026-11-03t05:03z": "", "2026年11月3日14時3分": "",
		"11/3 14:03 JST": "", "10m ago": "10m ago", "yesterday 14:03": "yesterday 14:03", "now": "now", "昨日 14:03": "昨日 14:03",
	} {
		if got := typed(record.Time{At: moment, Raw: raw}); got != want {
			t.Errorf("%q: %q, want %q", raw, got, want)
		}
	}
}

func TestMergedRecords(t *testing.T) {
	m := newMade()
	m.add("incident", record.Fields{"exchange": word("bitbank"), "kind": word("execution")})
	first := m.add("order", record.Fields{"id": word("123"), "quantity": word("1"), "status": word("OLD-STATUS")})
	m.add("order", record.Fields{"pair": word("eth_jpy")}) // no id: its own
	second := m.add("order", record.Fields{"id": word(" 123 "), "pair": word("btc_jpy"), "status": word("NEW-STATUS"), "note": word("password: hunter2secret"),
		"placed_at": when("2026-11-03T14:03:00+09:00")})
	m.add("order", record.Fields{"id": word("124")})
	m.add("account", record.Fields{"number": word("777"), "exchange": word("bitbank")})
	m.add("account", record.Fields{"number": word("777"), "email": word("a@example.com")})
	m.add("transfer", record.Fields{"txid": word(btcTxID), "to": word(btcAddress), "amount": sum("1 BTC")})
	m.add("transfer", record.Fields{"txid": word(btcTxID), "at": when("2026-11-03T14:05:00+09:00")})
	m.add("transfer", record.Fields{"txid": word(btcTxID), "to": word(solAddress), "amount": sum("2 BTC")}) // another payment of the same transaction
	for _, o := range forms() {
		if o.For == "freeze" {
			continue // which is not told of orders
		}
		r := mustBuild(t, m.Input, o)
		seqs := "11, 13"
		if first.Seq != 11 || second.Seq != 13 {
			t.Fatal("numbers moved")
		}
		orders := sectionOf(r, "orders")
		if n := strings.Count(orders, map[string]string{"ja": "（記録", "en": " (record"}[o.Lang]); n != 3 {
			t.Errorf("%+v: %d orders:\n%s", o, n, orders)
		}
		for want, times := range map[string]int{seqs: 1, "NEW-STATUS": 1, "OLD-STATUS": 0, "btc_jpy": 1, "eth_jpy": 1, "124": 1} {
			if strings.Count(orders, want) != times {
				t.Errorf("%+v: %q not %d times:\n%s", o, want, times, orders)
			}
		}
		if line := sectionOf(r, "timeline"); !strings.Contains(line, seqs) {
			t.Errorf("%+v: timeline names not all records:\n%s", o, line)
		}
		if s := sectionOf(r, "accounts"); strings.Count(s, "777") != 1 {
			t.Errorf("%+v: accounts:\n%s", o, s)
		}
		if s := sectionOf(r, "transfers"); strings.Count(s, btcTxID) != 2 || !strings.Contains(s, "17, 18") {
			t.Errorf("%+v: transfers:\n%s", o, s)
		}
		if w := r.Warnings(); len(w) != 1 || !slices.Equal(w[0].Seqs, []int64{second.Seq}) {
			t.Errorf("%+v: warnings %v", o, w)
		}
	}
	for _, f := range mustBuild(t, m.Input, Options{Lang: "en"}).Missing() {
		if strings.HasPrefix(f.Path, "order.") {
			t.Errorf("%s is missing though it was given later", f.Path)
		}
	}
	// Another exchange may have an order of the same number.
	m = newMade()
	m.add("order", record.Fields{"id": word("1"), "exchange": word("bitbank")})
	m.add("order", record.Fields{"id": word("1"), "exchange": word("Kraken")})
	m.add("order", record.Fields{"id": word("1"), "exchange": word("ビットバンク")})
	if s := sectionOf(mustBuild(t, m.Input, Options{For: "police", Lang: "en"}), "orders"); strings.Count(s, " (record") != 2 {
		t.Errorf("orders of two exchanges:\n%s", s)
	}
}

// A row of a recorded file names the file by its number in the document. The
// same row read twice is one thing; parts of one order are not, and neither is
// the order as a list shows it.
func TestRowsOfFiles(t *testing.T) {
	m := newMade()
	m.add("incident", record.Fields{"exchange": word("bitbank"), "kind": word("execution")})
	x := m.file("trades.csv", "text/csv", []byte("rows"), nil)
	file, other := word(hexOf(x.Exhibit.SHA256)), word(strings.Repeat("ab", 32))
	row := func(t record.Type, file record.Value, line int64, f record.Fields) {
		f["file"], f["line"] = file, record.Int(line)
		m.add(t, f)
	}
	part := func(filled, at string) record.Fields {
		return record.Fields{"id": word("900"), "filled": sum(filled), "filled_at": when(at)}
	}
	row("order", file, 2, part("0.4 BTC", "2026-11-03T14:03:00+09:00"))
	row("order", file, 3, part("0.6 BTC", "2026-11-03T14:03:01+09:00"))
	row("order", file, 3, part("0.6 BTC", "2026-11-03T05:03:01+00:00")) // again, in another zone
	row("order", other, 7, part("0.4 BTC", "2026-11-03T14:03:00+09:00"))
	row("order", other, 8, record.Fields{"id": word("900"), "quantity": sum("1 BTC"), "placed_at": when("2026-11-03T14:00:00+09:00")})
	m.add("order", record.Fields{"id": word("900"), "note": word("mine")})
	row("transfer", file, 4, record.Fields{"txid": word(btcTxID), "amount": sum("1 BTC")})
	row("transfer", file, 5, record.Fields{"txid": word(btcTxID), "amount": sum("1 BTC")})
	row("transfer", other, 5, record.Fields{"txid": word(btcTxID), "amount": sum("1 BTC"), "status": word("DONE")})
	row("bank", file, 6, record.Fields{"amount": sum("100 JPY")})
	row("bank", file, 6, record.Fields{"amount": sum("100 JPY")})
	m.file("trades.csv", "text/csv", []byte("rows"), nil)                                 // recorded again
	m.file("trades.csv", "text/csv", []byte("rows"), record.Fields{"note": word("mine")}) // with more to say
	for _, o := range forms() {
		r := mustBuild(t, m.Input, o)
		if s := textOf(t, m.Input, o); !strings.Contains(s, map[string]string{"ja": "資料2", "en": "Exhibit 2"}[o.Lang]) ||
			strings.Contains(s, map[string]string{"ja": "資料3", "en": "Exhibit 3"}[o.Lang]) {
			t.Errorf("%+v: not two exhibits:\n%s", o, s)
		}
		count := func(section, part string, want int) {
			t.Helper()
			if s := sectionOf(r, section); strings.Count(s, part) != want {
				t.Errorf("%+v: %q not %d times in %s:\n%s", o, part, want, section, s)
			}
		}
		record, row3, row6 := " (record", "line 3 of Exhibit 1", "line 6 of Exhibit 1"
		if o.Lang == "ja" {
			record, row3, row6 = "（記録", "資料1の3行目", "資料1の6行目"
		}
		if !gets(o, "order") {
			continue
		}
		count("orders", record, 3) // 0.4, 0.6 and the order itself
		count("orders", row3, 1)
		count("orders", strings.Repeat("ab", 32), 2)
		count("transfers", record, 2)
		count("transfers", "DONE", 1)
		count("bank", record, 1)
		count("bank", row6, 1)
	}
}

// What could not be read is told after writing; what was read and cannot be
// drawn is not among it.
func TestUnreadable(t *testing.T) {
	m := newMade()
	bad := m.file("bad.png", "image/png", pngOf(30, 30), nil)
	m.file("good.png", "image/png", pngOf(40, 40), nil)
	m.file("odd.png", "image/png", []byte("no picture"), nil)
	m.file("mail.eml", "message/rfc822", []byte("x"), nil)
	content := func(e *locker.Exhibit) (io.ReadCloser, error) {
		if e.Seq == bad.Seq {
			return nil, errors.New("chunk is damaged")
		}
		return m.content(e)
	}
	for _, o := range forms() {
		r := mustBuild(t, m.Input, o)
		if got := r.Unreadable(); len(got) != 0 {
			t.Errorf("before writing: %v", got)
		}
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				if err := r.WritePDF(t.Context(), io.Discard, PDFOptions{Content: content}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := r.Unreadable(); !slices.Equal(got, []int64{bad.Seq}) {
			t.Errorf("%+v: unreadable %v, want %d", o, got, bad.Seq)
		}
		s := textOf(t, m.Input, o)
		if strings.Contains(s, "can be checked") || strings.Contains(s, "上の SHA-256 で確かめ") {
			t.Errorf("%+v: promises what was not tried:\n%s", o, s)
		}
	}
}

func TestAddressee(t *testing.T) {
	for _, c := range []struct{ with, station, ja, en string }{
		{"support", "CX部", "警察署長　殿（提出先を記入）", "to be filled in"},
		{"", "CX部", "警察署長　殿（提出先を記入）", "to be filled in"},
		{"police", "見本警察署", "宛先: 見本警察署長　殿", "Chief of 見本警察署"},
		{"police", "見本警察署長", "宛先: 見本警察署長　殿", "Chief of 見本警察署長"},
		{"警察", "サイバー課", "警察署長　殿（提出先を記入。相談した部署：サイバー課）", "Chief of サイバー課"},
	} {
		m := newMade()
		f := record.Fields{"station": word(c.station)}
		if c.with != "" {
			f["with"] = word(c.with)
		}
		m.add("contact", f)
		for lang, want := range map[string]string{"ja": c.ja, "en": c.en} {
			if s := sectionOf(mustBuild(t, m.Input, Options{For: "police", Lang: lang}), "top"); !strings.Contains(s, want) {
				t.Errorf("%+v: no %q:\n%s", c, want, s)
			}
		}
	}
}

// What came in is neither lost nor a trace of the offender.
func TestIncomingTransfer(t *testing.T) {
	m := newMade()
	m.add("transfer", record.Fields{"direction": word("in"), "amount": sum("3 BTC"), "to": word(btcAddress), "txid": word(btcTxID)})
	r := mustBuild(t, m.Input, Options{For: "police", Lang: "ja"})
	if s := sectionOf(r, "top"); strings.Contains(s, btcTxID) || strings.Contains(s, "送付先アドレス") {
		t.Errorf("form:\n%s", s)
	}
	if s := sectionOf(r, "transfers"); !strings.Contains(s, btcTxID) {
		t.Errorf("transfers:\n%s", s)
	}
	m.add("transfer", record.Fields{"direction": word("out"), "to": word(solAddress)})
	if s := sectionOf(mustBuild(t, m.Input, Options{For: "police", Lang: "ja"}), "top"); !strings.Contains(s, "送付先アドレス") || !strings.Contains(s, solAddress) {
		t.Errorf("control: outgoing is not in the form:\n%s", s)
	}
}

func TestVictimIsAnother(t *testing.T) {
	m := newMade()
	m.add("reporter", record.Fields{"name": word("見本 太郎"), "age": word("41"), "occupation": word("会社員"), "address": word("見本町1"), "birth_date": word("1985-01-01")})
	whole := func() (string, *Report) {
		r := mustBuild(t, m.Input, Options{For: "police", Lang: "ja"})
		return sectionOf(r, "identity") + sectionOf(r, "top"), r
	}
	s, _ := whole()
	for _, want := range []string{"被害者の氏名: 見本 太郎\n", "被害者の年齢: 41歳", "被害者の職業: 会社員", "被害者の住居: 見本町1", "被害者の生年月日: 昭和60年1月1日（1985-01-01）"} {
		if !strings.Contains(s, want) {
			t.Errorf("no %q:\n%s", want, s)
		}
	}
	if strings.Contains(s, "届出人と同じ") {
		t.Error("says what nobody recorded")
	}
	m.add("reporter", record.Fields{"victim_name": word("見本 花子")})
	s, r := whole()
	for _, want := range []string{"届出人の氏名: 見本 太郎", "届出人の住居: 見本町1", "被害者の氏名: 見本 花子", "被害者の年齢: 未記入", "被害者の職業: 未記入", "被害者の住居: 未記入", "被害者の生年月日: 未記入"} {
		if !strings.Contains(s, want) {
			t.Errorf("no %q:\n%s", want, s)
		}
	}
	for _, f := range r.Missing() {
		if f.Path == "reporter.age" {
			t.Error("asks for the age of another, which has no field")
		}
	}
}

// Words are translated in the program's own fields only.
func TestOwnWordsStay(t *testing.T) {
	m := newMade()
	m.add("note", record.Fields{"text": word("home"), "at": when("2026-11-03T14:03:00+09:00")})
	m.add("attempt", record.Fields{"what": word("sell"), "side": word("sell"), "from": when("2026-11-03T14:03:00+09:00")})
	m.add("contact", record.Fields{"with": word("police"), "direction": word("out"), "channel": word("in"), "at": when("2026-11-03T14:03:00+09:00")})
	s := textOf(t, m.Input, Options{Lang: "ja"})
	for _, want := range []string{"メモ：home", "試み：sell", "売り（sell）", "警察 in 発信"} {
		if !strings.Contains(s, want) {
			t.Errorf("no %q:\n%s", want, s)
		}
	}
}

// A date that was asked for has no time of day.
func TestAskedDate(t *testing.T) {
	m := emptyIncident()
	for _, zone := range []*time.Location{time.UTC, jst, time.FixedZone("", -11*3600)} {
		for _, o := range forms() {
			o.Date = time.Date(2026, 12, 20, 0, 0, 0, 0, zone)
			r := mustBuild(t, m.Input, o)
			about := sectionOf(r, "about")
			want := map[bool]string{true: "令和8年12月20日（2026-12-20）", false: "2026-12-20"}[o.For == "police" && o.Lang == "ja"]
			if !strings.Contains(about, ": "+want+"\n") || !strings.HasSuffix(r.running, " ・ "+want) {
				t.Errorf("%+v: date in %q and:\n%s", o, r.running, about)
			}
			if o.For != "support" && o.For != "police" {
				continue // the metadata is made in one place
			}
			if pdf := string(pdfOf(t, m, o)); strings.Count(pdf, "Date (D:20261220)") != 2 || strings.Contains(pdf, "(D:20261220000000)") {
				t.Errorf("%+v: the PDF has a time of day", o)
			}
		}
	}
}

func TestNoneAndNotRecorded(t *testing.T) {
	m := newMade()
	if s := sectionOf(mustBuild(t, m.Input, Options{Lang: "ja"}), "top"); !strings.Contains(s, "これまでの問い合わせ番号: 該当なし") {
		t.Errorf("without a talk:\n%s", s)
	}
	m.add("contact", record.Fields{"with": word("support")})
	s := sectionOf(mustBuild(t, m.Input, Options{Lang: "ja"}), "top")
	for _, want := range []string{"これまでの問い合わせ番号: 未記入", "これまでの回答: 未記入"} {
		if !strings.Contains(s, want) {
			t.Errorf("no %q:\n%s", want, s)
		}
	}
}

// Each exchange is asked for what it asks for, with its own reason.
func TestAskedByExchange(t *testing.T) {
	for at, want := range map[string]map[string]Need{
		"bitbank":  {"reporter.name": Required, "account.number": Required, "account.user_id": Required, "order.pair": Expected},
		"bitFlyer": {"reporter.name": "", "account.number": "", "account.user_id": Required},
		"Binance":  {"reporter.name": "", "account.user_id": Expected, "incident.error_text": Expected},
		"":         {"reporter.name": "", "account.user_id": Expected, "incident.error_text": Required},
	} {
		m := newMade()
		m.add("incident", record.Fields{"kind": word("execution")})
		if at != "" {
			m.add("incident", record.Fields{"exchange": word(at)})
		}
		got := make(map[string]Need)
		for _, f := range mustBuild(t, m.Input, Options{Lang: "en"}).Missing() {
			got[f.Path] = f.Need
			for _, other := range []string{"bitbank", "Binance", "bitFlyer"} {
				if other != at && strings.Contains(f.Why("en")+f.Why("ja"), other) {
					t.Errorf("%s is told of %s: %s", at, other, f.Why("en"))
				}
			}
		}
		for path, need := range want {
			if got[path] != need {
				t.Errorf("%q: %s is %q, want %q", at, path, got[path], need)
			}
		}
	}
}

// Property is asked for where it may be lost, or where nothing is known.
func TestLossesOnlyWhereLost(t *testing.T) {
	for kinds, want := range map[string]bool{"": true, "login": false, "outage": false, "theft": true, "login theft": true, "something else": true} {
		m := newMade()
		for k := range strings.FieldsSeq(kinds) {
			m.add("incident", record.Fields{"kind": word(k)})
		}
		r := mustBuild(t, m.Input, Options{For: "police", Lang: "en"})
		if got := slices.ContainsFunc(r.Missing(), func(f MissingField) bool { return f.Path == "loss.amount" }); got != want {
			t.Errorf("%q: loss asked for: %v", kinds, got)
		}
		m.add("loss", record.Fields{"amount": sum("4.25 XYZ")})
		if s := sectionOf(mustBuild(t, m.Input, Options{For: "police", Lang: "en"}), "top"); !strings.Contains(s, "4.25 XYZ") {
			t.Errorf("%q: a recorded loss is not shown", kinds)
		}
	}
}

func TestNamesInTheDocumentsLanguage(t *testing.T) {
	m := newMade()
	m.add("incident", record.Fields{"exchange": word("gmo coin")})
	m.add("order", record.Fields{"exchange": word("GMO Coin")})
	m.add("account", record.Fields{"exchange": word("gmo-coin")})
	for lang, want := range map[string]string{"ja": "GMOコイン", "en": "GMO Coin"} {
		if s := textOf(t, m.Input, Options{Lang: lang}); !strings.Contains(s, want) {
			t.Errorf("%s: no %q:\n%s", lang, want, s)
		}
		if s := textOf(t, m.Input, Options{Lang: lang}); strings.Count(s, want) != strings.Count(strings.ToLower(s), strings.ToLower(want)) || strings.Count(s, want) < 4 {
			t.Errorf("%s: more than one name:\n%s", lang, s)
		}
	}
}

// One word for one thing.
func TestTerms(t *testing.T) {
	m := fullIncident()
	m.retract(m.add("incident", record.Fields{"title": word("x")}), "wrong")
	for _, o := range forms() {
		s := textOf(t, m.Input, o)
		for _, not := range []string{"事案", "取り下げ", "取下げ"} {
			if strings.Contains(s, not) {
				t.Errorf("%+v: says %q", o, not)
			}
		}
		if o.Lang == "ja" && !strings.Contains(s, "取り消した記録") {
			t.Errorf("%+v: no list of what was retracted", o)
		}
	}
}

// The PDF shows the text as the text form does, but for what no font has.
func TestPDFAndTextAgree(t *testing.T) {
	odd := "tab\tvs\ufe0f zw\u200b zwj\u200d pua\ue000 か\u3099 bad\xff sep\u2028line cr\rend"
	m := newMade()
	m.add("note", record.Fields{"text": word(odd)})
	o := Options{Lang: "ja"}
	squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
	want := squeeze(typeset.Printable(odd))
	if !strings.Contains(want, "zwj〔U+200D〕pua〔U+E000〕が") {
		t.Errorf("printable: %q", want)
	}
	if s := squeeze(textOf(t, m.Input, o)); !strings.Contains(s, want) {
		t.Errorf("text has not %q:\n%s", want, s)
	}
	pdf := pdfOf(t, m, o)
	found := false
	for page := 1; page <= bytes.Count(pdf, []byte("/Type /Page\n")); page++ {
		found = found || strings.Contains(squeeze(pageText(t, pdf, page)), "zwj〔U+200D〕pua〔U+E000〕が")
	}
	if !found {
		t.Error("PDF shows the note in another way")
	}
}

// Pairs and plain file names are in the face that shows an underscore.
func TestMonoNames(t *testing.T) {
	m := newMade()
	m.add("order", record.Fields{"id": word("1"), "pair": word("btc_jpy")})
	m.file("my_file.bin", "application/octet-stream", []byte("x"), nil)
	m.file("画面_1.bin", "application/octet-stream", []byte("y"), nil)
	seen := make(map[string]bool)
	check := func(spans []typeset.Span) {
		for _, sp := range spans {
			for name, want := range map[string]bool{"btc_jpy": true, "my_file.bin": true, "画面_1.bin": false} {
				if sp.Text == name {
					seen[name] = true
					if sp.Mono != want {
						t.Errorf("%q mono: %v", name, sp.Mono)
					}
				}
			}
		}
	}
	for _, b := range mustBuild(t, m.Input, Options{Lang: "ja"}).blocks {
		switch b := b.(type) {
		case typeset.Fields:
			for _, row := range b.Rows {
				check(row.Value)
			}
		case typeset.Table:
			for _, row := range b.Rows {
				for _, c := range row {
					check(c)
				}
			}
		}
	}
	if len(seen) != 3 {
		t.Errorf("looked at %v only", seen)
	}
}

// A field that a form has twice is one thing to fill in.
func TestMissingOnce(t *testing.T) {
	for _, o := range forms() {
		seen := make(map[string]bool)
		for _, f := range mustBuild(t, newMade().Input, o).Missing() {
			if seen[f.Path] {
				t.Errorf("%+v: %s is listed twice", o, f.Path)
			}
			seen[f.Path] = true
		}
		if o.For == "police" && !seen["reporter.address"] {
			t.Errorf("%+v: address is not listed", o)
		}
	}
}
