package report

import (
	"bytes"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"evidence-locker/locker/record"
	"evidence-locker/report/typeset"
)

// The tests below are named after the rules of section 0 of the facts on
// recipients. Rule 8 (a side file of identifiers) belongs to another output.

func sectionOf(r *Report, id string) string {
	var s strings.Builder
	in := false
	for _, block := range r.blocks {
		if h, ok := block.(typeset.Heading); ok && h.Level < 3 {
			in = h.ID == id
		}
		if in {
			s.WriteString(blockText(block))
		}
	}
	return s.String()
}

func blockText(b typeset.Block) string {
	r := Report{lang: "en", blocks: []typeset.Block{b}}
	var s strings.Builder
	if err := r.WriteText(&s); err != nil {
		panic(err)
	}
	return s.String()
}

func TestRule01FactsAndOpinionApart(t *testing.T) {
	for _, o := range forms() {
		r := mustBuild(t, fullIncident().Input, o)
		const opinion = "偽のログインページ"
		for _, h := range r.blocks {
			if h, ok := h.(typeset.Heading); ok && h.Level < 3 {
				if got := strings.Contains(sectionOf(r, h.ID), opinion); got != (h.ID == "opinion") {
					t.Errorf("%+v: opinion in section %q: %v", o, h.ID, got)
				}
			}
		}
	}
}

func TestRule02TimeAndPlace(t *testing.T) {
	for _, o := range forms() {
		s := sectionOf(mustBuild(t, fullIncident().Input, o), "top")
		for _, want := range []string{"2026-11-03 02:14:09 +09:00", "自宅", "bitbank", "https://app.bitbank.cc/account/withdraw/history"} {
			if !strings.Contains(s, want) {
				t.Errorf("%+v: form has no %q:\n%s", o, want, s)
			}
		}
	}
}

func TestRule03ZoneOnEveryTime(t *testing.T) {
	clock := regexp.MustCompile(`\d\d:\d\d:\d\d(?:\.\d+)?( [+-]\d\d:\d\d| UTC)?`)
	for _, o := range forms() {
		s := strings.ReplaceAll(textOf(t, fullIncident().Input, o), "\n", " ")
		s = regexp.MustCompile(` +`).ReplaceAllString(s, " ")
		n := 0
		for _, m := range clock.FindAllStringSubmatch(s, -1) {
			n++
			if m[1] == "" {
				t.Errorf("%+v: time without zone: %q", o, m[0])
			}
		}
		if n < 20 {
			t.Errorf("%+v: only %d times", o, n)
		}
		if !strings.Contains(s, "UTC") || !strings.Contains(sectionOf(mustBuild(t, fullIncident().Input, o), "about"), map[string]string{"ja": "機器の時計", "en": "device's clock"}[o.Lang]) {
			t.Errorf("%+v: no statement of the clock", o)
		}
	}
}

func TestRule04PoliceSheet(t *testing.T) {
	pdf := pdfOf(t, fullIncident(), Options{For: "police", Lang: "ja"})
	if tool, err := exec.LookPath("pdfinfo"); err == nil {
		cmd := exec.Command(tool, "-")
		cmd.Stdin = bytes.NewReader(pdf)
		out, err := cmd.Output()
		if err != nil || !strings.Contains(string(out), "A4") {
			t.Errorf("not A4 (%v):\n%s", err, out)
		}
	}
	if tool, err := exec.LookPath("pdffonts"); err == nil {
		cmd := exec.Command(tool, "-")
		cmd.Stdin = bytes.NewReader(pdf)
		if out, err := cmd.Output(); err != nil || !strings.Contains(string(out), "Mincho") {
			t.Errorf("no Mincho (%v):\n%s", err, out)
		}
	}
	if tool, err := exec.LookPath("pdftotext"); err == nil {
		cmd := exec.Command(tool, "-bbox", "-", "-")
		cmd.Stdin = bytes.NewReader(pdf)
		out, err := cmd.Output()
		words := regexp.MustCompile(`xMin="([0-9.]+)"`).FindAllSubmatch(out, -1)
		if err != nil || len(words) < 500 {
			t.Fatalf("%d words, %v", len(words), err)
		}
		for _, w := range words {
			if x, _ := strconv.ParseFloat(string(w[1]), 64); x < 30/25.4*72-0.5 {
				t.Errorf("text at %.1f points, inside the left margin of 30 mm", x)
			}
		}
	}
	if last := pageText(t, pdf, 1); !regexp.MustCompile(`1 / \d+ ページ`).MatchString(last) {
		t.Errorf("no page n of m:\n%s", last)
	}
}

func TestRule05EraYears(t *testing.T) {
	if s := textOf(t, fullIncident().Input, Options{For: "police", Lang: "ja"}); !strings.Contains(s, "令和8年11月3日 2時14分09秒（2026-11-03 02:14:09 +09:00、") {
		t.Errorf("no era year beside the ISO time:\n%s", s)
	}
	for in, want := range map[string]string{
		"2019-04-30T23:59:59+09:00": "平成31年4月30日", "2019-04-30T15:00:00Z": "令和元年5月1日", "1989-01-07T23:59:59+09:00": "昭和64年1月7日",
		"1989-01-08T00:00:00+09:00": "平成元年1月8日", "1970-01-01T00:00:00Z": "昭和45年1月1日", "1926-12-24T00:00:00+09:00": "1926年12月24日", "2999-01-01T00:00:00+09:00": "令和981年1月1日",
	} {
		if got := eraDate(at(in)); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestRule06IdentityOnItsOwnSheet(t *testing.T) {
	m := fullIncident()
	m.add("account", record.Fields{"exchange": record.Text("bitbank"), "login_id": record.Text("taro@example.com")})
	for _, lang := range []string{"ja", "en"} {
		r := mustBuild(t, m.Input, Options{For: "police", Lang: lang})
		var body strings.Builder
		first := true
		for _, b := range r.blocks {
			if _, ok := b.(typeset.PageBreak); ok {
				first = false
			}
			if !first {
				body.WriteString(blockText(b))
			}
		}
		sheet := sectionOf(r, "identity")
		for _, private := range []string{"見本町1-1", "000-0000-0000", "taro@example.com", "会社員"} {
			if !strings.Contains(sheet, private) {
				t.Errorf("%s: sheet has no %q", lang, private)
			}
			if strings.Contains(body.String(), private) {
				t.Errorf("%s: body has %q", lang, private)
			}
		}
		for _, public := range []string{"見本 太郎", "41"} {
			if !strings.Contains(body.String(), public) {
				t.Errorf("%s: body has no %q", lang, public)
			}
		}
	}
	for _, lang := range []string{"ja", "en"} { // nobody asked for the address
		if s := textOf(t, fullIncident().Input, Options{Lang: lang}); strings.Contains(s, "見本町") || strings.Contains(s, "000-0000-0000") {
			t.Errorf("%s: support report has the home address or phone", lang)
		}
	}
}

func TestRule07FilingDateBlank(t *testing.T) {
	s := sectionOf(mustBuild(t, fullIncident().Input, Options{For: "police", Lang: "ja"}), "top")
	if !strings.Contains(s, "届出年月日: 令和　　年　　月　　日") {
		t.Errorf("filing date:\n%s", s)
	}
}

func TestRule09NothingShortened(t *testing.T) {
	for _, o := range forms() {
		text := textOf(t, fullIncident().Input, o)
		for _, id := range []string{btcTxID, btcAddress, solTxID, solAddress, "90000000001", "https://app.bitbank.cc/account/withdraw/history"} {
			if !strings.Contains(text, id) {
				t.Errorf("%+v: %q is not whole", o, id)
			}
		}
		for _, b := range mustBuild(t, fullIncident().Input, o).blocks {
			if f, ok := b.(typeset.Fields); ok {
				for _, row := range f.Rows {
					for _, span := range row.Value {
						if strings.Contains(span.Text, btcTxID) && !span.Mono {
							t.Errorf("%+v: identifier not in the mono face", o)
						}
					}
				}
			}
		}
	}
}

func TestRule10OriginalsAndCopies(t *testing.T) {
	for _, o := range forms() {
		m := fullIncident()
		s := textOf(t, m.Input, o)
		for _, x := range m.Incident.Records {
			if x.Exhibit != nil && strings.Count(s, hexOf(x.Exhibit.SHA256)) < 2 {
				t.Errorf("%+v: hash of %q not at the exhibit and in the list", o, x.Exhibit.Name)
			}
		}
		if about := sectionOf(mustBuild(t, m.Input, o), "about"); !strings.Contains(about, map[string]string{"ja": "原本", "en": "originals"}[o.Lang]) {
			t.Errorf("%+v: nothing about originals", o)
		}
	}
}

func hexOf(h [32]byte) string {
	const digits = "0123456789abcdef"
	var s strings.Builder
	for _, b := range h {
		s.WriteByte(digits[b>>4])
		s.WriteByte(digits[b&15])
	}
	return s.String()
}

func TestRule11NoSecrets(t *testing.T) {
	for in, secret := range map[string]string{
		"パスワード: hunter2secret を使った":                                               "hunter2secret",
		`{"password":"hunter2secret","order":"9001"}`:                             "hunter2secret",
		`{"api_secret": "abcdefgh"}`:                                              "abcdefgh",
		`{\"api_secret\": \"abcd efgh\"}`:                                         "efgh",
		`{"pin":12}`:                                                              ":12",
		`password: "two \"words\" zebra"`:                                         "zebra",
		"passphrase: correct horse battery staple":                                "staple",
		`passphrase: "correct horse" and more`:                                    "horse",
		"パスフレーズは「正しい馬」だった":                                                        "馬",
		"the password is hunter2secret.":                                          "hunter2",
		"my Password was hunter2secret":                                           "hunter2",
		"シードフレーズは legal winner thank です":                                          "winner",
		"シードフレーズは あいこくしん あおぞら あかちゃん":                                              "あおぞら",
		"passwords: hunter2secret":                                                "hunter2",
		"access_token_secret=abcdefgh":                                            "abcdefgh",
		"Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.e30":                          "eyJhb",
		"password: abc def ghi":                                                   "ghi",
		"-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMG\n-----END PRIVATE KEY-----\n後": "MIGHAgEAMBMG",
		"-----BEGIN RSA PRIVATE KEY-----\nMIGHAgEAMBMG":                           "MIGHAgEAMBMG",
		"AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQ":                               "QQQQ",
		"Password = correct-horse!":                                               "correct-horse!",
		"認証コード：123456 と入れた":                                                       "123456",
		"2FA code: 998877":                                                        "998877",
		"API secret: abcdEFGH1234":                                                "abcdEFGH1234",
		"秘密鍵は 5Kb8kLf9zgWQnogidDA76MzPL6TsZZY36hWXMssSzNyd":                       "5Kb8kLf9zgWQnogidDA76MzPL6TsZZY36hWXMssSzNyd",
		"seed phrase: legal winner thank year wave":                               "winner thank",
		"key xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi end": "xprv9s21",
	} {
		m := newMade()
		r := m.add("note", record.Fields{"text": record.Text(in)})
		for _, o := range forms() {
			if s := textOf(t, m.Input, o); strings.Contains(s, secret) {
				t.Errorf("%q is printed", in)
			}
			if w := mustBuild(t, m.Input, o).Warnings(); len(w) != 1 || w[0].Code != "masked-secret" || w[0].Seqs[0] != r.Seq {
				t.Errorf("%q: warnings %v", in, w)
			}
		}
	}
	for _, harmless := range []string{"パスワードを変更した", "I changed the password.", "二段階認証を設定した", "API接続に失敗した", "txid: " + btcTxID,
		"the password is not accepted", "2FA: on", "シードフレーズは誰にも教えていない", "パスフレーズは使っていません。", "二段階認証: あり", "Passwords were changed", "-----BEGIN CERTIFICATE-----\nMIGH", "the laptop: new", "compass: north"} {
		if got, masked := maskSecrets(harmless, "X"); masked {
			t.Errorf("%q became %q", harmless, got)
		}
	}
	// Only the word after は, not what the sentence says of it.
	if got, _ := maskSecrets("秘密鍵は USB に保存していた", "X"); got != "秘密鍵は X に保存していた" {
		t.Errorf("got %q", got)
	}
}

func TestRule12AlreadyReported(t *testing.T) {
	for _, o := range forms() {
		if s := sectionOf(mustBuild(t, fullIncident().Input, o), "contacts"); !strings.Contains(s, "INQ-000123") || !strings.Contains(s, "調査中") {
			t.Errorf("%+v: talks:\n%s", o, s)
		}
	}
}

func TestRule13Order(t *testing.T) {
	for _, o := range forms() {
		var ids []string
		for _, b := range mustBuild(t, fullIncident().Input, o).blocks {
			if h, ok := b.(typeset.Heading); ok {
				ids = append(ids, h.ID)
			}
		}
		for _, pair := range [][2]string{{"top", "timeline"}, {"timeline", "transfers"}, {"transfers", "exhibits"}, {"contacts", "exhibits"}} {
			if slices.Index(ids, pair[0]) >= slices.Index(ids, pair[1]) {
				t.Errorf("%+v: %q does not stand before %q: %q", o, pair[0], pair[1], ids)
			}
		}
	}
}

// The police paper names no offence and is no complaint.
func TestPoliceNamesNoOffence(t *testing.T) {
	m := emptyIncident()
	m.add("incident", record.Fields{"kind": record.Text("theft"), "exchange": record.Text("bitbank")})
	m.add("incident", record.Fields{"kind": record.Text("phishing")})
	for _, lang := range []string{"ja", "en"} {
		s := strings.ToLower(textOf(t, m.Input, Options{For: "police", Lang: lang}))
		for _, word := range []string{"告訴", "罪", "窃盗", "詐欺", "盗難", "theft", "fraud", "stolen", "criminal", "complaint"} {
			if strings.Contains(s, word) {
				t.Errorf("%s: says %q", lang, word)
			}
		}
	}
}

// The time of recording never stands for the time of the event.
func TestRecordingTimeIsNotTheEvent(t *testing.T) {
	m := newMade()
	m.add("incident", record.Fields{"title": record.Text("x")})
	m.add("transfer", record.Fields{"amount": sum("1 BTC")})
	m.add("attempt", record.Fields{"what": record.Text("login")})
	for _, o := range forms() {
		r := mustBuild(t, m.Input, o)
		for _, id := range []string{"top", "timeline", "transfers", "attempts"} {
			s := sectionOf(r, id)
			if id == "timeline" {
				// A table of its own says that these are times of recording.
				event, recorded, ok := strings.Cut(s, map[string]string{"ja": "できごとの日時ではない", "en": "not when it happened"}[o.Lang])
				if !ok || !strings.Contains(recorded, "2026-11-03 08:12:00 +09:00") {
					t.Errorf("%+v: the times of recording are not labelled:\n%s", o, s)
				}
				s = event
			}
			if strings.Contains(s, "2026-11-") {
				t.Errorf("%+v: %s has a time that nobody gave:\n%s", o, id, s)
			}
			if want := map[string]string{"ja": "未記入", "en": "ot recorded"}[o.Lang]; id != "timeline" && !strings.Contains(s, want) {
				t.Errorf("%+v: %s does not say %q:\n%s", o, id, want, s)
			}
		}
	}
}

// No box is empty, and nothing is made up: with no facts there is no phone
// number, no address and no name of an exchange on the paper.
func TestNothingInvented(t *testing.T) {
	invented := regexp.MustCompile(`\d{2,4}-\d{2,4}-\d{3,4}\b|@|https?://|bitbank|Binance`)
	for _, o := range forms() {
		m := emptyIncident()
		m.Vault = ""
		for _, b := range mustBuild(t, m.Input, o).blocks {
			var values [][]typeset.Span
			switch b := b.(type) {
			case typeset.Fields:
				for _, row := range b.Rows {
					values = append(values, row.Value)
				}
			case typeset.Table:
				for _, row := range b.Rows {
					for _, cell := range row {
						values = append(values, cell)
					}
				}
			}
			for _, v := range values {
				if strings.TrimSpace(plain(v)) == "" {
					t.Errorf("%+v: empty box in %+v", o, b)
				}
			}
		}
		s := textOf(t, m.Input, o)
		for _, hit := range invented.FindAllString(s, -1) {
			t.Errorf("%+v: says %q", o, hit)
		}
	}
}

func TestDate(t *testing.T) {
	m := newMade()
	last := m.add("note", record.Fields{"text": record.Text("x")})
	m.add("custody", nil)
	if got := mustBuild(t, m.Input, Options{Lang: "en"}).Date(); !got.Equal(last.RecordedAt) {
		t.Errorf("date %v", got)
	}
	asked := time.Date(2026, 12, 1, 0, 0, 0, 0, jst)
	if got := mustBuild(t, m.Input, Options{Lang: "en", Date: asked}).Date(); !got.Equal(asked) {
		t.Errorf("date %v", got)
	}
}

// Only the data of this exchange goes to it, from the incident and from the
// person's own accounts.
func TestOtherExchangesStayOut(t *testing.T) {
	m := fullIncident()
	for _, f := range []record.Fields{
		{"exchange": record.Text("Kraken"), "user_id": record.Text("kraken-profile-id")},
		{"exchange": record.Text("bitbank"), "login_id": record.Text("bitbank-profile-id")},
	} {
		r := m.add("account", f)
		m.Incident.Records = m.Incident.Records[:len(m.Incident.Records)-1]
		m.Reporter.Records = append(m.Reporter.Records, r)
	}
	for _, lang := range []string{"ja", "en"} {
		s := textOf(t, m.Input, Options{Lang: lang})
		for id, want := range map[string]bool{"binance-other-id": false, "kraken-profile-id": false, "bitbank-profile-id": true, "O0l1-user": true} {
			if strings.Contains(s, id) != want {
				t.Errorf("%s: %q is shown: %v", lang, id, !want)
			}
		}
		if s := textOf(t, m.Input, Options{For: "police", Lang: lang}); strings.Contains(s, "kraken-profile-id") {
			t.Errorf("%s: the police paper has an account that this is not about", lang)
		}
	}
}
