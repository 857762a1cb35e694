package report

import (
	"strings"
	"testing"

	"evidence-locker/locker/record"
	"evidence-locker/report/typeset"
)

// A talk with the police is known as one however the person wrote it down.
func TestPoliceByAnyName(t *testing.T) {
	for _, c := range []struct {
		fields record.Fields
		want   bool
	}{
		{record.Fields{"with": word("police")}, true},
		{record.Fields{"with": word("東京都三田警察署")}, true},
		{record.Fields{"with": word("Tokyo Metropolitan Police")}, true},
		{record.Fields{"with": word("埼玉県警")}, true},
		{record.Fields{"with": word("相談窓口"), "station": word("三田警察署")}, true},
		{record.Fields{"with": word("bitbank"), "officer": word("サポート 佐藤")}, false},
		{record.Fields{"with": word("bitbank"), "station": word("CX部")}, false},
		{record.Fields{}, false},
	} {
		m := newMade()
		c.fields["inquiry_no"] = word("No-1182")
		m.add("contact", c.fields)
		s := sectionOf(mustBuild(t, m.Input, Options{For: "freeze", Lang: "ja"}), "top")
		if got := strings.Contains(s, "警察の受理番号: No-1182"); got != c.want {
			t.Errorf("%v: police number in the request %v, want %v:\n%s", c.fields, got, c.want, s)
		}
	}
}

// On the first page a number says whose it is, a value what it is the value of.
func TestFirstPageSaysWhose(t *testing.T) {
	m := newMade()
	m.add("contact", record.Fields{"with": word("bitbank"), "inquiry_no": word("#4471920")})
	m.add("contact", record.Fields{"with": word("東京都三田警察署"), "station": word("三田警察署"), "inquiry_no": word("R8-1182")})
	m.add("contact", record.Fields{"inquiry_no": word("77")})
	m.add("loss", record.Fields{"amount": sum("0.41 BTC"), "value": sum("6232000 JPY")})
	m.add("loss", record.Fields{"amount": sum("4.2 ETH"), "value": sum("1890000 JPY")})
	for _, c := range []struct{ recipient, lang, want string }{
		{"support", "ja", "bitbank：#4471920"},
		{"support", "ja", "東京都三田警察署：R8-1182"},
		{"support", "ja", "相手は未記入：77"},
		{"support", "en", "with whom is not recorded: 77"},
		{"police", "ja", "0.41 BTC：6232000 JPY"},
		{"police", "ja", "合計：8122000 JPY"},
		{"police-generic", "en", "4.2 ETH: 1890000 JPY"},
		{"police-generic", "en", "Total: 8122000 JPY"},
	} {
		if s := sectionOf(mustBuild(t, m.Input, Options{For: c.recipient, Lang: c.lang}), "top"); !strings.Contains(s, c.want) {
			t.Errorf("%s %s: no %q:\n%s", c.recipient, c.lang, c.want, s)
		}
	}
}

// One inquiry stands on one line, with the desk that any of its talks names; a
// talk without a number is a report only if it was with somebody who takes them.
func TestEachInquiryOnce(t *testing.T) {
	m := newMade()
	m.add("incident", record.Fields{"exchange": word("bitbank")})
	for _, f := range []record.Fields{
		{"inquiry_no": word("123456"), "reply": word("確認します")},
		{"with": word("サポート"), "inquiry_no": word("１２３４５６")},
		{"with": word("bitbank"), "inquiry_no": word("123456")},
		{"with": word("警察"), "inquiry_no": word("R8-1182")},
		{"with": word("警察"), "station": word("三田警察署"), "inquiry_no": word("R8-1182")},
		{"with": word("police"), "inquiry_no": word("123456")},
		{"with": word("警察"), "text": word("電話した")},
		{"with": word("渋谷警察署"), "text": word("電話した")},
		{"with": word("support"), "text": word("再度連絡")},
		{"with": word("bitFlyer"), "text": word("照会")},
		{"with": word("みずほ銀行"), "text": word("照会")},
		{"with": word("みずほ銀行"), "text": word("再照会")},
		{"text": word("誰か")},
	} {
		m.add("contact", f)
	}
	inquiries := "サポート：123456\n警察、三田警察署：R8-1182\n警察：123456\n"
	reported := inquiries + "渋谷警察署：番号は未記入\nみずほ銀行：番号は未記入\n"
	for recipient, want := range map[string]string{"support": inquiries, "ic3": reported, "police-generic": reported, "mica": reported} {
		r := mustBuild(t, m.Input, Options{For: recipient, Lang: "ja"})
		var all strings.Builder
		for _, block := range r.blocks {
			if fields, ok := block.(typeset.Fields); ok {
				for _, row := range fields.Rows {
					if strings.Contains(plain(row.Value), "R8-1182\n") {
						all.WriteString(plain(row.Value) + "\n")
					}
				}
			}
		}
		if all.String() != want {
			t.Errorf("%s:\n%s\nwant:\n%s", recipient, all.String(), want)
		}
	}
}

// The separate sheet of the police form has the era year of a birth date, and
// the date as it was recorded (recipients.md, rule 5).
func TestBirthDate(t *testing.T) {
	for typed, want := range map[string]string{
		"1985-03-02": "昭和60年3月2日（1985-03-02）", "1990/12/31": "平成2年12月31日（1990/12/31）", "昭和60年": "昭和60年", "1985-13-40": "1985-13-40",
	} {
		m := newMade()
		m.add("reporter", record.Fields{"name": word("見本 太郎"), "birth_date": word(typed)})
		if s := textOf(t, m.Input, Options{For: "police", Lang: "ja"}); !strings.Contains(s, "被害者の生年月日: "+want+"\n") {
			t.Errorf("%q: no %q:\n%s", typed, want, s)
		}
	}
}

// Without the exchange the desk's own list is unknown, so it is missed first.
func TestMissesTheExchange(t *testing.T) {
	m := newMade()
	if r := mustBuild(t, m.Input, Options{For: "support", Lang: "en"}); len(r.Missing()) == 0 || r.Missing()[0].Path != "incident.exchange" {
		t.Errorf("missing: %v", r.Missing())
	}
	m.add("incident", record.Fields{"exchange": word("bitbank")})
	for _, f := range mustBuild(t, m.Input, Options{For: "support", Lang: "en"}).Missing() {
		if f.Path == "incident.exchange" {
			t.Error("the exchange is missed though it is recorded")
		}
	}
}

// A text cut to what a contact form takes still has what a desk acts upon, and
// the story before what only repeats the form.
func TestCutKeepsWhatIsActedUpon(t *testing.T) {
	m := newMade()
	m.add("reporter", record.Fields{"name": word("見本 太郎")})
	m.add("incident", record.Fields{"exchange": word("bitbank"), "kind": word("theft"), "title": word("身に覚えのない出金"), "summary": word("出金された。"),
		"started_at": when("2026-11-03T02:14:09+09:00"), "place": word("自宅"), "narrative": word("NARRATIVE 就寝中に出金された。"), "request": word("口座の凍結をお願いします。")})
	m.add("order", record.Fields{"id": word("ORDER-5"), "note": word(strings.Repeat("長いメモ。", 100))})
	m.add("transfer", record.Fields{"amount": sum("0.05 BTC"), "txid": word(btcTxID), "to": word(btcAddress), "note": word(strings.Repeat("長いメモ。", 40))})
	m.add("contact", record.Fields{"with": word("bitbank"), "inquiry_no": word("#4471920")})
	m.add("loss", record.Fields{"amount": sum("0.05 BTC"), "note": word(strings.Repeat("長いメモ。", 100))})
	for _, c := range []struct {
		recipient, lang string
		max             int
		want            []string
	}{
		{"support", "ja", 620, []string{btcTxID, "凍結をお願い", "#4471920"}},
		{"support", "en", 800, []string{btcTxID, "凍結をお願い", "#4471920"}},
		{"support", "ja", 1000, []string{btcTxID, "NARRATIVE"}},
		{"ic3", "en", 1700, []string{btcTxID, btcAddress, "NARRATIVE"}},
		{"mica", "en", 2600, []string{"3.a", "3.d", btcTxID, "NARRATIVE"}},
	} {
		var got strings.Builder
		left, err := mustBuild(t, m.Input, Options{For: c.recipient, Lang: c.lang}).WriteText(&got, TextOptions{MaxChars: c.max})
		if err != nil || len(left) == 0 {
			t.Fatalf("%s: %v, %v", c.recipient, left, err)
		}
		for _, want := range c.want {
			if !strings.Contains(got.String(), want) {
				t.Errorf("%s %s, %d: no %q:\n%s", c.recipient, c.lang, c.max, want, got.String())
			}
		}
	}
}

// A clerk who adds up a column of the CSV finds what moved first, and the losses
// apart from it.
func TestCSVLossesLast(t *testing.T) {
	m := newMade()
	m.add("loss", record.Fields{"amount": sum("0.05 BTC"), "at": when("2026-11-03T01:00:00+09:00")})
	m.add("transfer", record.Fields{"amount": sum("0.05 BTC"), "at": when("2026-11-03T02:00:00+09:00")})
	m.add("order", record.Fields{"id": word("5")})
	var b strings.Builder
	if err := mustBuild(t, m.Input, Options{For: "freeze", Lang: "en"}).WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	var types []string
	for line := range strings.Lines(b.String()) {
		name, _, _ := strings.Cut(line, ",")
		types = append(types, name)
	}
	if got := strings.Join(types[1:], " "); got != "transfer loss" && got != "transfer order loss" {
		t.Errorf("rows: %s", got)
	}
}
