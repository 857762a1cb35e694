package report

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"evidence-locker/locker/record"
)

// The home address and phone are in a support report only if they were asked
// for. The police get them on their own sheet in any case.
func TestAddressOnlyIfAsked(t *testing.T) {
	const home, phone, old = "東京都千代田区見本町1-1", "000-0000-0000", "000-9999-9999"
	for lang, rows := range map[string][]string{
		"ja": {"住所: " + home + "\n", "電話番号: " + phone + "（携帯）\n"}, "en": {"Address: " + home + "\n", "Phone: " + phone + " (mobile)\n"},
	} {
		m := fullIncident()
		m.retract(m.add("reporter", record.Fields{"phone": record.Text(old), "address": record.Text("旧" + home)}), "moved")
		without, with := textOf(t, m.Input, Options{Lang: lang}), textOf(t, m.Input, Options{Lang: lang, Address: true})
		for _, private := range []string{home, phone, old} {
			if strings.Contains(without, private) {
				t.Errorf("%s: says %q", lang, private)
			}
		}
		top := sectionOf(mustBuild(t, m.Input, Options{Lang: lang, Address: true}), "top")
		wantAll(t, top, rows...)
		if strings.Contains(with, old) || strings.Count(with, home) != 1 {
			t.Errorf("%s: more than the two rows:\n%s", lang, with)
		}
		police := Options{For: "police", Lang: lang}
		asked := police
		asked.Address = true
		if !strings.Contains(sectionOf(mustBuild(t, m.Input, police), "identity"), home) || !bytes.Equal(pdfOf(t, m, police), pdfOf(t, m, asked)) {
			t.Errorf("%s: the police sheet depends on it", lang)
		}
		// What was asked for and is not recorded is seen, and does not count as
		// missing: the desk does not want it.
		none := emptyIncident()
		wantAll(t, sectionOf(mustBuild(t, none.Input, Options{Lang: lang, Address: true}), "top"),
			map[string]string{"ja": "電話番号: 未記入\n", "en": "Phone: not recorded\n"}[lang])
		for _, f := range mustBuild(t, none.Input, Options{Lang: lang, Address: true}).Missing() {
			if f.Path == "reporter.address" || f.Path == "reporter.phone" {
				t.Errorf("%s: %s is missing", lang, f.Path)
			}
		}
	}
}

// A withdrawn account says nothing of itself, wherever it is; what else was
// withdrawn does.
func TestWithdrawnAccountsStayOut(t *testing.T) {
	for _, o := range forms() {
		m := newMade()
		m.add("incident", record.Fields{"exchange": record.Text("bitbank")})
		m.add("account", record.Fields{"exchange": record.Text("bitbank"), "user_id": record.Text("own-id")})
		for _, at := range []string{"Kraken", "bitbank", ""} {
			m.retract(m.add("account", record.Fields{"exchange": record.Text(at), "user_id": record.Text("withdrawn-id"), "email": record.Text("withdrawn@example.com")}), "wrong")
		}
		m.retract(m.add("order", record.Fields{"id": record.Text("withdrawn-order")}), "wrong")
		s := textOf(t, m.Input, o)
		for _, private := range []string{"withdrawn-id", "withdrawn@example.com", "Kraken", "クラーケン"} {
			if strings.Contains(s, private) {
				t.Errorf("%+v: says %q", o, private)
			}
		}
		if gets(o, "order") {
			wantAll(t, sectionOf(mustBuild(t, m.Input, o), "withdrawn"), "withdrawn-order")
		}
		wantAll(t, s, "own-id") // control: the account that stays
	}
}

// What was withdrawn is told by plain words, not by the names of its fields.
func TestWithdrawnPlainWords(t *testing.T) {
	moment := when("2026-11-03T14:03:00+09:00")
	m := newMade()
	for typ, f := range map[record.Type]record.Fields{
		"note": {"text": record.Text("x"), "at": moment}, "loss": {"amount": sum("1 BTC"), "at": moment, "value_at": moment}, "action": {"step": record.Text("x"), "at": moment},
	} {
		m.retract(m.add(typ, f), "wrong")
	}
	s := sectionOf(mustBuild(t, m.Input, Options{Lang: "ja"}), "withdrawn")
	wantAll(t, s, "種類: メモ", "種類: 損失", "種類: 措置", "価格の時刻：2026-11-03 14:03:00 +09:00", "資産・数量：1 BTC", "措置：x")
	if n := strings.Count(s, "日時：2026-11-03 14:03:00 +09:00"); n != 3 {
		t.Errorf("%d times named as such:\n%s", n, s)
	}
}

// Currency signs are left where they were typed.
func TestCurrencySigns(t *testing.T) {
	b := &builder{lang: "ja"}
	for in, want := range map[string]string{
		"¥500,000": "¥500,000", "500,000¥": "500,000¥", "€ 5": "€ 5", "500,000 JPY": "500000 JPY", "0.5BTC": "0.5 BTC", "50万円": "50 万円",
		"５０万円": "50 万円（入力: ５０万円）",
	} {
		if got := b.amount(sum(in)); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// The custody log words what the command line writes, and shows the rest as it
// is.
func TestCustodyWords(t *testing.T) {
	m := newMade()
	for _, f := range [][2]string{{"ic3", "text"}, {"police-generic", "csv"}, {"freeze", "json"}, {"mica", "pdf"}, {"support", "pdf"}, {"police", "pdf"}, {"new-desk", "new-form"}} {
		m.add("custody", record.Fields{"action": record.Text("report"), "for": record.Text(f[0]), "format": record.Text(f[1])})
	}
	s := sectionOf(mustBuild(t, m.Input, Options{Lang: "ja", Custody: true}), "custody")
	wantAll(t, s, "宛先: FBI IC3\n形式: テキスト", "宛先: 警察（日本以外）\n形式: 表（CSV）", "宛先: 送付先の取引所（凍結の依頼）\n形式: JSON",
		"宛先: EU の取引所（苦情）\n形式: PDF", "宛先: 取引所のサポート", "宛先: 警察（日本）", "宛先: new-desk\n形式: new-form")
	if n := strings.Count(s, "記録日時: 2026-11-03 "); n != 7 {
		t.Errorf("%d entries have their time:\n%s", n, s)
	}
}

// Where an act took place stands beside it for the police, and beside no other
// record.
func TestPlaceOfEveryAct(t *testing.T) {
	T := func(s string) record.Value { return record.Text(s) }
	m := newMade()
	moment := when("2026-11-03T14:03:00+09:00")
	m.add("incident", record.Fields{"exchange": T("bitbank"), "url": T("https://app.example/x"), "started_at": moment})
	m.add("transfer", record.Fields{"amount": sum("1 BTC"), "at": moment})
	m.add("order", record.Fields{"id": T("1"), "exchange": T("Kraken"), "placed_at": moment})
	m.add("bank", record.Fields{"bank": T("見本銀行"), "branch": T("本店"), "at": moment})
	m.add("transfer", record.Fields{"amount": sum("2 BTC"), "direction": T("out")}) // without its time
	m.add("transfer", record.Fields{"amount": sum("3 BTC"), "direction": T("in"), "at": moment})
	m.add("note", record.Fields{"text": T("x"), "at": moment})
	m.add("action", record.Fields{"step": T("x"), "at": moment})
	const here = "場所：ビットバンク、https://app.example/x、本人のいた所："
	place := func(where string) string {
		s := sectionOf(mustBuild(t, m.Input, Options{For: "police", Lang: "ja"}), where)
		return strings.NewReplacer("\n       ", "、", " / ", "、").Replace(s)
	}
	s := place("timeline")
	wantAll(t, s, "場所：クラーケン、本人のいた所：未記入", "場所：見本銀行 本店、本人のいた所：未記入")
	if n := strings.Count(s, here+"未記入"); n != 3 {
		t.Errorf("%d acts at the exchange, want 3:\n%s", n, s)
	}
	if n := strings.Count(s, "場所："); n != 5 {
		t.Errorf("%d places, want 5:\n%s", n, s)
	}
	m.add("incident", record.Fields{"place": T("自宅")})
	if n := strings.Count(place("timeline"), here+"自宅"); n != 3 {
		t.Errorf("%d acts with the recorded place:\n%s", n, place("timeline"))
	}
	if s := sectionOf(mustBuild(t, m.Input, Options{Lang: "ja"}), "timeline"); strings.Contains(s, "場所：") {
		t.Errorf("the support desk is told where its own service is:\n%s", s)
	}
}

// The police read of every exchange that was recorded; a desk of its own.
func TestSeveralExchanges(t *testing.T) {
	m := newMade()
	m.add("incident", record.Fields{"exchange": record.Text("Binance"), "url": record.Text("https://app.example/x")})
	m.add("incident", record.Fields{"exchange": record.Text("bitbank")})
	m.add("incident", record.Fields{"exchange": record.Text("bitbank")})
	m.add("transfer", record.Fields{"amount": sum("1 BTC"), "at": when("2026-11-03T14:03:00+09:00")})
	police := textOf(t, m.Input, Options{For: "police", Lang: "ja"})
	wantAll(t, police, "サービス：バイナンス、ビットバンク\n", "       場所：バイナンス、ビットバンク\n       本人のいた所：未記入\n")
	if s := textOf(t, m.Input, Options{Lang: "ja"}); strings.Contains(s, "バイナンス") || !strings.Contains(s, "サービス：ビットバンク\n") {
		t.Errorf("support:\n%s", s)
	}
}

// At one moment, what ends the incident stands behind what happened in it.
func TestEndStandsLast(t *testing.T) {
	m := newMade()
	moment := when("2026-11-03T14:03:00+09:00")
	m.add("incident", record.Fields{"ended_at": moment})
	m.add("transfer", record.Fields{"amount": sum("1 BTC"), "at": moment})
	m.add("incident", record.Fields{"started_at": moment})
	s := sectionOf(mustBuild(t, m.Input, Options{Lang: "en"}), "timeline")
	began, moved, ended := strings.Index(s, "The incident began"), strings.Index(s, "Transfer 1"), strings.Index(s, "The incident ended")
	if began < 0 || moved < began || ended < moved {
		t.Errorf("order:\n%s", s)
	}
}

// The person reads in the row itself that nothing is asked for yet.
func TestRequestIsMissed(t *testing.T) {
	has := func(m *made) bool {
		for _, f := range mustBuild(t, m.Input, Options{Lang: "ja"}).Missing() {
			if f.Path == "incident.request" {
				return true
			}
		}
		return false
	}
	m := emptyIncident()
	wantAll(t, sectionOf(mustBuild(t, m.Input, Options{Lang: "ja"}), "top"), "してほしいこと: 未記入\n")
	if !has(m) {
		t.Error("not listed as missing")
	}
	m.add("incident", record.Fields{"request": record.Text("取り消しと調査")})
	wantAll(t, sectionOf(mustBuild(t, m.Input, Options{Lang: "ja"}), "top"), "してほしいこと: 取り消しと調査\n")
	if has(m) {
		t.Error("listed as missing though recorded")
	}
}

// A photograph tells who took it, of what and when.
func TestPhotographLabels(t *testing.T) {
	for _, o := range []Options{{For: "police", Lang: "ja"}, {For: "support", Lang: "ja"}} {
		s := sectionOf(mustBuild(t, fullIncident().Input, o), "exhibits")
		photo := strings.Contains(s, "撮影対象（何を示すか）: 出金履歴の画面\n") && strings.Contains(s, "撮影者・取得者: 見本 太郎\n") && strings.Contains(s, "撮影日時・資料の日時（本人の入力）:")
		if photo != (o.For == "police") || !strings.Contains(s, "説明: 出金完了メール\n") {
			t.Errorf("%+v: %v:\n%s", o, photo, s)
		}
	}
}

// An end before its beginning is told to the person, and shown as recorded.
func TestEndBeforeStart(t *testing.T) {
	early, late := when("2026-11-03T13:00:00+09:00"), when("2026-11-03T05:00:00Z")
	for _, wrong := range []bool{true, false} {
		began, ended := early, late
		if wrong {
			began, ended = late, early
		}
		m := newMade()
		m.add("incident", record.Fields{"started_at": began})
		m.add("incident", record.Fields{"ended_at": ended})
		m.add("attempt", record.Fields{"from": began, "until": ended})
		m.add("order", record.Fields{"placed_at": began, "filled_at": ended})
		m.add("order", record.Fields{"placed_at": began})
		for _, o := range forms() {
			r := mustBuild(t, m.Input, o)
			seqs := []int64{10, 11, 12, 13}
			if !gets(o, "order") {
				seqs = seqs[:2]
			}
			i := slices.IndexFunc(r.Warnings(), func(w Warning) bool { return w.Code == "end-before-start" })
			if (i >= 0) != wrong || wrong && !slices.Equal(r.Warnings()[i].Seqs, seqs) {
				t.Errorf("%+v: %v: warnings %v", o, wrong, r.Warnings())
			}
			wantAll(t, sectionOf(r, "timeline"), "2026-11-03 13:00:00 +09:00", "2026-11-03 05:00:00 +00:00")
		}
	}
}

// The box of the offender says what is known, and what is not.
func TestOffender(t *testing.T) {
	T := func(s string) record.Value { return record.Text(s) }
	top := func(m *made) string {
		return sectionOf(mustBuild(t, m.Input, Options{For: "police", Lang: "ja"}), "top")
	}
	m := newMade()
	wantAll(t, top(m), "特徴等: 不詳\n")
	m.add("transfer", record.Fields{"to": T(btcAddress), "direction": T("out")})
	wantAll(t, top(m), "特徴等:\n  氏名又は通称：不詳\n  送付先アドレスは「送金」に記載\n")
	m.add("actor", record.Fields{"domain": T("bad.example"), "email": T("bad@example.com"), "note": T("メモ")})
	wantAll(t, top(m), "  氏名又は通称：不詳\n  相手方 1：bad@example.com、bad.example\n  送付先アドレスは「送金」に記載\n")
	m.add("actor", record.Fields{"name": T("山田と名のる者")})
	m.add("actor", record.Fields{"handle": T(strings.Repeat("x", 300))})
	m.add("actor", record.Fields{"handle": T("four")})
	s := top(m)
	wantAll(t, s, "  相手方 2：山田と名のる者\n  相手方 3\n  ほかは「相手方について分かっていること」に記載\n")
	if strings.Contains(s, "不詳") || strings.Contains(s, "four") || strings.Contains(s, "メモ") {
		t.Errorf("box:\n%s", s)
	}
}

// A value without a source says so.
func TestValueWithoutSource(t *testing.T) {
	m := newMade()
	m.add("loss", record.Fields{"amount": sum("1 BTC"), "value": sum("5 JPY")})
	m.add("loss", record.Fields{"amount": sum("1 BTC"), "value": sum("5 JPY"), "value_source": record.Text("画面")})
	m.add("loss", record.Fields{"amount": sum("1 BTC")})
	s := sectionOf(mustBuild(t, m.Input, Options{Lang: "ja"}), "losses")
	if strings.Count(s, "価格の出所：未記入") != 1 {
		t.Errorf("losses:\n%s", s)
	}
}
