package report

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"evidence-locker/locker/record"
	"evidence-locker/report/typeset"
)

// told are the fields that a receiving exchange gets to read; of types that are
// not here, nothing. * stands for all fields.
var told = map[record.Type]string{
	"incident": "exchange started_at ended_at noticed_at noticed_how place url summary narrative request suspected_from suspected_to last_ok_at first_bad_at",
	"account":  "exchange number user_id email name",
	"transfer": "*", "loss": "*", "actor": "*", "evidence": "*", "action": "step text at result", "under": "*",
	"contact":  "with channel direction inquiry_no at officer station outcome",
	"reporter": "name email",
}

func toldToFreeze(t record.Type, name string) bool {
	return told[t] == "*" || slices.Contains(strings.Fields(told[t]), name)
}

// A stranger gets what it asks for, and no more: neither from what is recorded
// nor from what was retracted.
func TestFreezeTellsNoMore(t *testing.T) {
	fill := func(m *made, retract bool) (all []string) {
		for _, typ := range record.Types() {
			if slices.Contains([]record.Type{"custody", "key", "device", "retract", "evidence", "under"}, typ) {
				continue
			}
			f := make(record.Fields)
			for _, field := range record.FieldsOf(typ) {
				if field.Kind == record.KindText && field.Name != "exchange" && !(typ == "reporter" && field.Name == "victim_name") {
					f[field.Name] = word(fmt.Sprintf("%s.%s.word", typ, field.Name))
					all = append(all, string(typ)+"."+field.Name)
				}
			}
			if r := m.add(typ, f); retract {
				m.retract(r, "x")
			}
		}
		return all
	}
	for _, lang := range []string{"ja", "en"} {
		for _, retracted := range []bool{false, true} {
			m := newMade()
			paths := fill(m, retracted)
			s := textOf(t, m.Input, Options{For: "freeze", Lang: lang})
			for _, path := range paths {
				typ, name, _ := strings.Cut(path, ".")
				if got := strings.Contains(s, path+".word"); got != (!retracted && toldToFreeze(record.Type(typ), name)) {
					t.Errorf("%s, retracted %v: %s is shown: %v", lang, retracted, path, got)
				}
			}
		}
		m := newMade()
		fill(m, false)
		s := textOf(t, m.Input, Options{For: "freeze", Lang: lang, Address: true})
		wantAll(t, s, "reporter.address.word", "reporter.phone.word")
	}
}

// sentAway is an incident whose coins went to two exchanges and to one that
// nobody recorded.
func sentAway() *made {
	m := newMade()
	m.add("reporter", record.Fields{"name": word("見本 太郎"), "email": word("taro@example.com")})
	m.add("incident", record.Fields{"exchange": word("bitbank"), "kind": word("theft"), "summary": word("就寝中に出金された。"),
		"started_at": when("2026-11-03T02:14:09+09:00")})
	m.add("account", record.Fields{"exchange": word("bitbank"), "user_id": word("O0l1-user"), "email": word("taro@example.com")})
	m.add("transfer", record.Fields{"direction": word("out"), "amount": sum("0.05 BTC"), "network": word("BTC"), "txid": word(btcTxID), "to": word(btcAddress),
		"at": when("2026-11-03T02:14:09+09:00"), "service": word("binance.com"), "explorer_url": word("https://explorer.example/tx/" + strings.ToUpper(btcTxID))})
	m.add("transfer", record.Fields{"direction": word("out"), "amount": sum("1.5 SOL"), "txid": word(solTxID), "to": word(solAddress), "memo": word("100245"),
		"at": when("2026-11-03T02:31:00+09:00"), "explorer_url": word("https://explorer.example/account/" + solAddress)})
	m.add("transfer", record.Fields{"direction": word("out"), "amount": sum("2 XRP"), "txid": word("ABCDEF"), "explorer_url": word("javascript:alert('ABCDEF')")})
	m.add("transfer", record.Fields{"direction": word("in"), "amount": sum("9 DOGE"), "txid": word("incoming-hash")})
	m.add("actor", record.Fields{"address": word("bc1q-further-address"), "email": word("x@other.example")})
	m.add("contact", record.Fields{"with": word("警察"), "inquiry_no": word("POLICE-777"), "station": word("見本警察署"), "officer": word("巡査部長 見本")})
	m.file("login.png", "image/png", pngOf(64, 48), record.Fields{"note": word("ログイン後の画面")})
	return m
}

func TestGoldenFreeze(t *testing.T) {
	for _, lang := range []string{"ja", "en"} {
		path := filepath.Join("testdata", "golden", "sent-freeze-"+lang+".txt")
		got := []byte(textOf(t, sentAway().Input, Options{For: "freeze", Lang: lang}))
		if *update {
			if err := os.WriteFile(path, got, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := diff(got, want); d != "" {
			t.Errorf("%s: %s", path, d)
		}
	}
}

// A TXID is a link only where the recorded address leads to it.
func TestFreezeLinks(t *testing.T) {
	for _, lang := range []string{"ja", "en"} {
		r := mustBuild(t, sentAway().Input, Options{For: "freeze", Lang: lang})
		links := make(map[string][]string)
		for _, b := range r.blocks {
			if f, ok := b.(typeset.Fields); ok {
				for _, row := range f.Rows {
					for _, s := range row.Value {
						if s.Link != "" && !strings.HasPrefix(s.Link, "#") {
							links[s.Text] = append(links[s.Text], s.Link)
						}
					}
				}
			}
		}
		url := "https://explorer.example/tx/" + strings.ToUpper(btcTxID)
		if len(links) != 2 || !slices.Equal(links[btcTxID], []string{url}) || !slices.Equal(links[url], []string{url}) {
			t.Errorf("%s: links %q", lang, links)
		}
		s := sectionOf(r, "transfers")
		if n := strings.Count(s, map[string]string{"ja": "この TXID へのリンクではない", "en": "not a link to this TXID"}[lang]); n != 2 {
			t.Errorf("%s: %d addresses are said to lead elsewhere:\n%s", lang, n, s)
		}
		if s := textOf(t, sentAway().Input, Options{For: "freeze", Lang: lang}); strings.Contains(s, "incoming-hash") || strings.Contains(s, "DOGE") {
			t.Errorf("%s: an incoming transfer is in the request", lang)
		}
		var missing []string
		for _, f := range r.Missing() {
			missing = append(missing, f.Path)
		}
		for path, want := range map[string]bool{"transfer.explorer_url": true, "transfer.at": true, "transfer.txid": false, "contact.inquiry_no": false, "evidence": false} {
			if slices.Contains(missing, path) != want {
				t.Errorf("%s: %s missing: %v, want %v", lang, path, !want, want)
			}
		}
	}
	m := newMade()
	m.add("transfer", record.Fields{"txid": word(btcTxID)})
	if s := sectionOf(mustBuild(t, m.Input, Options{For: "freeze", Lang: "en"}), "transfers"); !strings.Contains(s, "Explorer link: not recorded") || strings.Contains(s, "http") {
		t.Errorf("a link is made up:\n%s", s)
	}
}

// Whoever reads it, a recorded address is a link only if it leads to the
// transaction, and the text of another person never makes it lead elsewhere.
func TestExplorerLinksOfAnyReader(t *testing.T) {
	for link, want := range map[string]bool{
		"https://explorer.example/tx/" + btcTxID: true, "http://explorer.example/?q=" + strings.ToUpper(btcTxID) + "#in": true,
		"https://explorer.example:8443/tx/" + btcTxID: true,
		"https://explorer.example/":                   false, "https://" + btcTxID + ".evil.example/": false, "https://explorer.example@evil.example/" + btcTxID: false,
		"https://explorer.example/" + btcTxID + " x": false, "https://еxplorer.example/tx/" + btcTxID: false, "https:\\\\evil.example\\" + btcTxID: false,
		"javascript:alert('" + btcTxID + "')": false, "#" + btcTxID: false, "//evil.example/" + btcTxID: false, "file:///etc/" + btcTxID: false,
		"https://explorer.example/tx/" + btcTxID + "?access_token=" + strings.Repeat("s", 20): false, // masked
	} {
		m := newMade()
		m.add("transfer", record.Fields{"txid": word(btcTxID), "to": word("https://evil.example/" + btcTxID), "explorer_url": word(link)})
		m.add("incident", record.Fields{"url": word("https://evil.example/login"), "narrative": word(link)})
		for _, key := range recipientOrder {
			r := mustBuild(t, m.Input, Options{For: key, Lang: "en"})
			links := 0
			relink(r.blocks, func(s typeset.Span) typeset.Span {
				if s.Link != "" && s.Link[0] != '#' || strings.Contains(s.Link, btcTxID) {
					links++
					if s.Link != link {
						t.Errorf("%s: link to %q", key, s.Link)
					}
				}
				return s
			})
			if links > 0 != want {
				t.Errorf("%s: %q: %d links", key, link, links)
			}
		}
	}
}

// UTC comes first at every time, and what an exchange wants of the police is
// told to that exchange only.
func TestFreezeTimesAndRules(t *testing.T) {
	local := regexp.MustCompile(`(\S+ )?[(（]?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? [+-]\d\d:\d\d`)
	for _, lang := range []string{"ja", "en"} {
		r := mustBuild(t, sentAway().Input, Options{For: "freeze", Lang: lang})
		n := 0
		for _, id := range []string{"transfers", "facts", "timeline"} {
			event, _, _ := strings.Cut(sectionOf(r, id), map[string]string{"ja": "日時の記入がない", "en": "without a time"}[lang])
			for _, hit := range local.FindAllString(strings.Join(strings.Fields(event), " "), -1) {
				n++
				if !strings.ContainsAny(hit, "(（") && !strings.HasPrefix(hit, "/") && !strings.HasPrefix(hit, "UTC") {
					t.Errorf("%s: %s: %q stands before UTC", lang, id, hit)
				}
			}
		}
		if n < 5 {
			t.Errorf("%s: only %d times", lang, n)
		}
	}
	for service, want := range map[string][2]bool{"": {true, true}, "Binance": {true, false}, "バイビット": {false, true}, "Kraken": {false, false}, "an unknown one": {false, false}} {
		m := newMade()
		m.add("transfer", record.Fields{"service": word(service), "amount": sum("1 BTC")})
		s := sectionOf(mustBuild(t, m.Input, Options{For: "freeze", Lang: "en"}), "police")
		if got := [2]bool{strings.Contains(s, "within 7 days"), strings.Contains(s, "freezing order first")}; got != want {
			t.Errorf("%q: rules told %v, want %v:\n%s", service, got, want, s)
		}
		if strings.Contains(s, "within 7 days") && (!strings.Contains(s, "confirmed on the official site") || !strings.Contains(s, "unknown date")) {
			t.Errorf("%q: told as if it were current:\n%s", service, s)
		}
	}
}

// Every transaction is one whole block, in the order that the reader wants.
func TestTransactionsWhole(t *testing.T) {
	for recipient, order := range map[string][]string{
		"ic3":            {btcAddress, "0.05 BTC", "2026-11-03 02:14:09 +09:00", btcTxID},
		"police-generic": {btcTxID, btcAddress, "0.05 BTC", "2026-11-03 02:14:09 +09:00"},
		"freeze":         {"2026-11-02 17:14:09 UTC", btcTxID, "0.05 BTC", btcAddress},
	} {
		for _, lang := range []string{"ja", "en"} {
			m := fullIncident()
			r := mustBuild(t, m.Input, Options{For: recipient, Lang: lang})
			_, s, _ := strings.Cut(sectionOf(r, "transfers"), map[string]string{"ja": "送金 1", "en": "Transfer 1"}[lang])
			one, _, ok := strings.Cut(s, map[string]string{"ja": "送金 2", "en": "Transfer 2"}[lang])
			at := -1
			for _, want := range order {
				i := strings.Index(one, want)
				if !ok || i <= at {
					t.Errorf("%s %s: %q is not in its place:\n%s", recipient, lang, want, one)
				}
				at = i
			}
			// What one of them lacks is missing, though the other has it.
			if got := slices.ContainsFunc(r.Missing(), func(f MissingField) bool { return f.Path == "transfer.from" }); !got {
				t.Errorf("%s %s: the address of transfer 1 is not missing", recipient, lang)
			}
			m = emptyIncident()
			r = mustBuild(t, m.Input, Options{For: recipient, Lang: lang})
			if s := sectionOf(r, "transfers"); strings.Count(s, map[string]string{"ja": "未記入", "en": "not recorded"}[lang]) < 5 {
				t.Errorf("%s %s: no word for each thing that is not there:\n%s", recipient, lang, s)
			}
		}
	}
}

// Each reader has what it needs on the first page.
func TestFirstPages(t *testing.T) {
	for recipient, wants := range map[string][]string{
		"ic3":            {btcTxID, btcAddress, solAddress, "0.05 BTC", "2026-11-03 02:14:09 +09:00", "見本 太郎", "taro@example.com"},
		"police-generic": {"夜間にBTC", "見本 太郎", "000-0000-0000", "0.05 BTC", "2026-11-03 02:14:09 +09:00", "INQ-000123", "口座の停止"},
		"freeze":         {btcTxID, btcAddress, "2026-11-02 17:14:09 UTC", "0.05 BTC", "taro@example.com", "O0l1-user"},
		"mica":           {"1.a", "1.b", "2.a", "2.b", "3.a", "3.b", "3.c", "3.d", "東京都千代田区見本町1-1", "0123456789", "90000000001", "0.05 BTC"},
	} {
		for _, lang := range []string{"ja", "en"} {
			first := pageText(t, fullPDF(t, Options{For: recipient, Lang: lang}), 1)
			for _, want := range wants {
				if !strings.Contains(first, want) {
					t.Errorf("%s %s: page 1 has no %q:\n%s", recipient, lang, want, first)
				}
			}
		}
	}
}

// The complaint says which of its fields are known from copies only.
func TestMicaSaysWhatIsNotConfirmed(t *testing.T) {
	for lang, want := range map[string]string{"ja": "3.d より後の項目は確認できていない", "en": "What follows 3.d could not be confirmed"} {
		s := sectionOf(mustBuild(t, emptyIncident().Input, Options{For: "mica", Lang: lang}), "template-3")
		wantAll(t, s, want, "nomox.eu", "frontnode.com")
	}
	// Nobody said that the complainant has no other contact or representative.
	s := textOf(t, fullIncident().Input, Options{For: "mica", Lang: "en"})
	for _, claim := range []string{"not applicable", "natural person", "none\n"} {
		if strings.Contains(s, claim) {
			t.Errorf("asserts %q", claim)
		}
	}
}

// Where the victim is another, what reaches the person who keeps the records
// stands beside the victim's name and not as the victim's.
func TestFiledForAnother(t *testing.T) {
	m := fullIncident()
	m.add("reporter", record.Fields{"victim_name": word("見本 花子")})
	for recipient, sections := range map[string][2]string{"ic3": {"victim", "filer"}, "mica": {"template-1", "template-1"}} {
		for _, lang := range []string{"ja", "en"} {
			r := mustBuild(t, m.Input, Options{For: recipient, Lang: lang})
			victim, filer := sectionOf(r, sections[0]), sectionOf(r, sections[1])
			if recipient == "mica" { // one table: the other contact is its field 1.b
				victim, filer, _ = strings.Cut(victim, "1.b")
			}
			if !strings.Contains(victim, "見本 花子") || strings.Contains(victim, "taro@example.com") || strings.Contains(victim, "見本町") {
				t.Errorf("%s %s: victim:\n%s", recipient, lang, victim)
			}
			wantAll(t, filer, "見本 太郎", "taro@example.com", "000-0000-0000")
		}
	}
	if s := textOf(t, fullIncident().Input, Options{For: "ic3", Lang: "en"}); strings.Contains(s, "Who filed this") {
		t.Errorf("the victim files it, and is named twice:\n%s", s)
	}
}
