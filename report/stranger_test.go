package report

import (
	"slices"
	"strings"
	"testing"

	"evidence-locker/locker/record"
)

func wantAll(t *testing.T, s string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(s, want) {
			t.Errorf("no %q in\n%s", want, s)
		}
	}
}

// The police form names the service even where the person's own place is not
// recorded, which stays missing.
func TestPoliceNamesService(t *testing.T) {
	m := newMade()
	m.add("incident", record.Fields{"exchange": record.Text("binance")})
	missesPlace := func(r *Report) bool {
		return slices.ContainsFunc(r.Missing(), func(f MissingField) bool { return f.Path == "incident.place" })
	}
	for lang, want := range map[string]string{"ja": "被害の場所:\n  いた場所：未記入\n  サービス：バイナンス\n", "en": "  Where the person was: not recorded\n  Service: Binance\n"} {
		r := mustBuild(t, m.Input, Options{For: "police", Lang: lang})
		wantAll(t, textOf(t, m.Input, Options{For: "police", Lang: lang}), want)
		if !missesPlace(r) {
			t.Errorf("%s: the place is not missing: %v", lang, r.Missing())
		}
	}
	m.add("incident", record.Fields{"place": record.Text("自宅")})
	if missesPlace(mustBuild(t, m.Input, Options{For: "police", Lang: "ja"})) {
		t.Error("a recorded place is missing")
	}
}

func TestTotals(t *testing.T) {
	m := newMade()
	for _, s := range []string{"0.05 BTC", "0.5 btc", "50万円", "500,000 JPY", "¥500,000", "1 SOL"} {
		m.add("loss", record.Fields{"amount": sum(s)})
	}
	m.add("loss", record.Fields{"amount": record.Amount{Raw: "沢山"}})
	m.add("loss", record.Fields{"value": sum("1000 JPY")})
	s := textOf(t, m.Input, Options{For: "police", Lang: "ja"})
	wantAll(t, s, "0.55 BTC（記録10, 11 の合計）", "1500000 JPY（記録12, 13, 14 の合計。円・¥・万円は JPY として数えた）",
		"合計に入れていない記録: 15（同じ単位の記録がほかにない）", "合計に入れていない記録: 16（数値として読み取れない）",
		"合計に入れていない記録: 17（未記入）", "資産・数量: ¥500,000\n", "資産・数量: 500000 JPY\n")
	if strings.Contains(s, "当時の価格の合計") || strings.Contains(s, "500000 ¥") {
		t.Errorf("got\n%s", s)
	}
}

func TestRetractedSaysWhat(t *testing.T) {
	m := newMade()
	m.retract(m.add("incident", record.Fields{"exchange": record.Text("bitbank")}), "取引所が違った")
	m.retract(m.add("reporter", record.Fields{"phone": record.Text("000-1111-2222")}), "番号が違った")
	s := textOf(t, m.Input, Options{For: "police", Lang: "ja"})
	wantAll(t, s, "種類: 事実\n     取り消した内容: 取引所：ビットバンク\n", "取り消した内容: 内容は示さない\n")
	if strings.Contains(s, "000-1111-2222") {
		t.Errorf("personal data of a retracted record:\n%s", s)
	}
}

func TestCustodyHasTime(t *testing.T) {
	m := newMade()
	m.add("custody", record.Fields{"action": record.Text("report"), "for": record.Text("support"), "format": record.Text("pdf"), "lang": record.Text("ja")})
	s := textOf(t, m.Input, Options{For: "support", Lang: "ja", Custody: true})
	wantAll(t, s, "記録日時: 2026-11-03 08:10:00 +09:00（2026-11-02 23:10:00 UTC）\n扱い: 報告書の作成\n宛先: 取引所のサポート\n形式: PDF\n言語: 日本語\n")
}

func TestNoteWithoutTime(t *testing.T) {
	m := newMade()
	m.add("note", record.Fields{"text": record.Text("balance shows 0")})
	s := textOf(t, m.Input, Options{For: "support", Lang: "en"})
	wantAll(t, s, "not recorded\n", "recorded:\n       2026-11-03 08:10:00 +09:00", "Records without a time of their own", "What is recorded: Note: balance shows 0")
}
