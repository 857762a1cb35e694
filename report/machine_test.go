package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"evidence-locker/locker"
	"evidence-locker/locker/record"
)

func csvOf(t *testing.T, in Input, o Options) string {
	t.Helper()
	var b strings.Builder
	if err := mustBuild(t, in, o).WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func jsonOf(t *testing.T, in Input, o Options) string {
	t.Helper()
	var b strings.Builder
	if err := mustBuild(t, in, o).WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// rowsOf reads a CSV back, each row by the names of its columns.
func rowsOf(t *testing.T, s string) []map[string]string {
	t.Helper()
	all, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(s, "\ufeff"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]string
	for _, cells := range all[1:] {
		row := make(map[string]string)
		for i, name := range all[0] {
			row[name] = cells[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// parsed is a JSON report as any program reads it.
func parsed(t *testing.T, s string) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestMachineGolden(t *testing.T) {
	for name, m := range map[string]*made{"full": fullIncident(), "empty": emptyIncident()} {
		for _, o := range forms() {
			for ext, got := range map[string]string{"csv": csvOf(t, m.Input, o), "json": jsonOf(t, m.Input, o)} {
				path := filepath.Join("testdata", "golden", fmt.Sprintf("%s-%s-%s.%s", name, o.For, o.Lang, ext))
				if ext == "csv" { // the same in every language
					path = filepath.Join("testdata", "golden", fmt.Sprintf("%s-%s.csv", name, o.For))
				}
				if *update {
					if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if d := diff([]byte(got), want); d != "" {
					t.Errorf("%+v: %s: %s", o, path, d)
				}
			}
		}
	}
}

func TestMachineSameBytes(t *testing.T) {
	defer func(l *time.Location) { time.Local = l }(time.Local)
	for _, o := range forms() {
		var before string
		for i, zone := range []*time.Location{time.UTC, jst, time.FixedZone("", -8*60*60)} {
			time.Local = zone
			in := fullIncident().Input
			got := csvOf(t, in, o) + jsonOf(t, in, o)
			if i > 0 && got != before {
				t.Errorf("%+v: differs in another time zone", o)
			}
			before = got
		}
	}
}

// Every field of a transaction is in the CSV and every field in the JSON, as
// exactly as it was recorded.
func TestMachineHasEveryField(t *testing.T) {
	for _, o := range forms() {
		m := newMade()
		inCSV := make(map[string]bool) // value -> expected there
		for _, typ := range record.Types() {
			if slices.Contains([]record.Type{"custody", "key", "device", "retract", "under", "reporter"}, typ) || !gets(o, typ) {
				continue
			}
			f := make(record.Fields)
			for i, field := range record.FieldsOf(typ) {
				word := fmt.Sprintf("%s.%s.word", typ, field.Name)
				moment := fmt.Sprintf("2026-11-%02dT0%d:%02d:%02d+09:00", 1+len(typ), i%10, i, len(inCSV)%60)
				switch {
				case field.Name == "exchange":
					word = "bitbank"
					f[field.Name] = record.Text(word)
				case typ == "evidence" && slices.Contains([]string{"name", "name_raw", "media_type", "modified"}, field.Name),
					o.For != "support" && typ == "incident" && slices.Contains([]string{"title", "kind", "request"}, field.Name):
					continue
				case field.Kind == record.KindTime:
					word = moment
					f[field.Name] = when(moment)
				case field.Kind == record.KindAmount:
					word = fmt.Sprintf("%d.250", 1000+len(inCSV))
					f[field.Name] = sum(word + " XYZ")
				case field.Kind == record.KindInt:
					word = fmt.Sprint(770000 + len(inCSV))
					f[field.Name] = record.Int(770000 + len(inCSV))
				case field.Kind == record.KindList:
					f[field.Name] = record.List{record.Text(word), record.Text(word + "2")}
				default:
					f[field.Name] = record.Text(word)
				}
				inCSV[word] = inCSV[word] || slices.Contains([]record.Type{"transfer", "order", "bank", "loss"}, typ)
			}
			if typ == "evidence" {
				m.file("evidence-name", "text/plain", []byte("x"), f)
			} else {
				m.add(typ, f)
			}
		}
		j, c := jsonOf(t, m.Input, o), csvOf(t, m.Input, o)
		text := textOf(t, m.Input, o)
		hidden := 0
		for word, transaction := range inCSV {
			shown, _, _ := strings.Cut(strings.Replace(word, "T", " ", 1), "+")
			if word != "bitbank" && !strings.Contains(text, shown) {
				hidden++ // not this reader's business
				continue
			}
			if !strings.Contains(j, word) {
				t.Errorf("%+v: %q is not in the JSON", o, word)
			}
			if transaction && (gets(o, "order") || word != "bitbank") && !strings.Contains(c, word) {
				t.Errorf("%+v: %q is not in the CSV", o, word)
			}
		}
		if hidden > 10 && gets(o, "order") || hidden > len(inCSV)/4 {
			t.Errorf("%+v: %d of %d values are not looked at", o, hidden, len(inCSV))
		}
	}
	for i, name := range csvColumns {
		if slices.Index(csvColumns, name) != i || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") != "" {
			t.Errorf("column %q", name)
		}
	}
}

// Addresses, transaction IDs and order IDs leave as text of a file beside the
// document, each whole and in a cell of its own.
func TestRule08SideFile(t *testing.T) {
	for _, o := range forms() {
		m := fullIncident()
		id := strings.Repeat("A1b2C3", 50)
		m.add("order", record.Fields{"id": word(id)})
		found := make(map[string]bool)
		for _, row := range rowsOf(t, csvOf(t, m.Input, o)) {
			for _, cell := range row {
				found[cell] = true
			}
		}
		for _, want := range []string{btcTxID, solTxID, btcAddress, solAddress, "90000000001", id} {
			if (want == id || want == "90000000001") && !gets(o, "order") {
				continue
			}
			if !found[want] {
				t.Errorf("%+v: no cell with %q", o, want)
			}
		}
	}
}

func TestCSVRows(t *testing.T) {
	for _, o := range forms() {
		s := csvOf(t, fullIncident().Input, o)
		if !strings.HasPrefix(s, "\ufefftype,item,records,time,time_utc,") || strings.Count(s, "\r\n") != strings.Count(s, "\n") {
			t.Errorf("%+v: begins %.40q", o, s)
		}
		rows := rowsOf(t, s)
		var order []string
		for _, row := range rows {
			order = append(order, row["type"]+row["records"])
		}
		if !gets(o, "order") {
			order = slices.Insert(order, 0, "order15")
			rows = slices.Insert(rows, 0, nil)
		}
		if want := []string{"order15", "transfer16", "transfer17", "loss18", "loss19", "loss20"}; !slices.Equal(order, want) {
			t.Fatalf("%+v: rows %q, want %q", o, order, want)
		}
		for i, want := range []map[string]string{
			{"time": "2026-11-03T02:12:00.5+09:00", "time_utc": "2026-11-02T17:12:00.5Z", "order_id": "90000000001", "pair": "btc_jpy", "side": "sell", "quantity": "0.5", "status": "CANCELED_UNFILLED"},
			{"direction": "out", "asset": "BTC", "quantity": "0.05", "amount_as_typed": "0.05 BTC", "fee_quantity": "0.0001", "txid": btcTxID, "to": btcAddress, "from": "", "exchange": ""},
			{"quantity": "1.50000000", "txid": solTxID, "from": btcAddress + " " + solAddress, "time": "2026-11-02T17:31:00+00:00"},
			{"value_asset": "JPY", "value_quantity": "500000", "value_source": "bitbank 約定価格", "value_at": "2026-11-03T02:14:00+09:00", "time": ""},
			{"quantity": "0.0500"},
			{"quantity": "0.00000055", "amount_as_typed": "5.5E-7 SOL", "attempted": "9800000 で売り"},
		} {
			for name, v := range want {
				if rows[i] != nil && rows[i][name] != v {
					t.Errorf("%+v: row %d: %s is %q, want %q", o, i, name, rows[i][name], v)
				}
			}
		}
	}
}

func TestCSVMerged(t *testing.T) {
	m := newMade()
	m.add("transfer", record.Fields{"txid": word(btcTxID), "amount": sum("1 BTC")})
	m.add("transfer", record.Fields{"txid": word(btcTxID), "at": when("2026-11-03T14:05:00+09:00")})
	rows := rowsOf(t, csvOf(t, m.Input, Options{Lang: "en"}))
	if len(rows) != 1 || rows[0]["records"] != "10 11" || rows[0]["time_utc"] != "2026-11-03T05:05:00Z" {
		t.Errorf("rows %v", rows)
	}
}

func TestCSVCell(t *testing.T) {
	for _, c := range []struct{ column, in, want string }{
		{"note", "", ""}, {"note", "plain, \"quoted\"", "plain, \"quoted\""},
		{"note", "=1+1", "'=1+1"}, {"note", "+81 call me", "'+81 call me"}, {"note", "-x", "'-x"}, {"note", "@SUM(A1)", "'@SUM(A1)"},
		{"note", "\t=1", "'\t'=1"}, {"note", "\r=1", "'\n'=1"}, {"note", "\n=1", "'\n'=1"}, {"bank_holder", "＝1", "'＝1"}, {"note", "＠x", "'＠x"},
		{"quantity", "-5.5", "-5.5"}, {"price", "+1E5", "+1E5"}, {"note", "-5", "-5"}, {"value_source", "-5%", "'-5%"},
		{"memo", `=HYPERLINK("http://x","y")`, `'=HYPERLINK("http://x","y")`}, {"memo", "+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"},
		{"memo", "0000123", "0000123"}, {"to", "-1:83df", "-1:83df"}, {"txid", "+a/b+c==", "+a/b+c=="}, {"txid", "=A1", "'=A1"}, {"to", "-1:83df(", "'-1:83df("},
		{"note", "a\x00b\u202ec", "a〔U+0000〕b〔U+202E〕c"}, {"note", "👨\u200d👩 ❤\ufe0f 𠮷", "👨\u200d👩 ❤\ufe0f 𠮷"}, {"note", "a\tb\nc", "a\tb\nc"},
		{"note", "a;=1;@b;c", "a;'=1;'@b;c"}, {"memo", `a;"=cmd|' /C calc'!A0"`, `a;"'=cmd|' /C calc'!A0"`}, {"note", "a\n=1\n -b\t+c", "a\n'=1\n '-b\t'+c"},
		{"note", ";;＝1", ";;'＝1"}, {"note", "a = b; c-d", "a = b; c-d"},
	} {
		if got := csvCell(c.column, c.in); got != c.want {
			t.Errorf("%s %q: %q, want %q", c.column, c.in, got, c.want)
		}
	}
	for _, name := range csvIdentifiers {
		if !slices.Contains(csvColumns, name) {
			t.Errorf("no column %q", name)
		}
	}
	m := newMade()
	m.add("transfer", record.Fields{"note": word("=1+1\r\n2"), "memo": word("@me"), "to": word("bc1q")})
	row := rowsOf(t, csvOf(t, m.Input, Options{Lang: "en"}))[0]
	if row["note"] != "'=1+1\n2" || row["memo"] != "'@me" { // the reader makes CRLF one newline
		t.Errorf("row %q", row)
	}
}

func TestJSONExact(t *testing.T) {
	odd := "nul\x00 bell\x07 <b>&amp;</b> 😀 👨\u200d👩 𠮷 神\U000E0100 か\u3099 עברית rtl\u202egnp.exe tab\t \u2028 end"
	m := fullIncident()
	r := m.add("note", record.Fields{"text": word(odd)})
	m.add("note", record.Fields{"text": word("bad\xff")})
	for _, o := range forms() {
		s := jsonOf(t, m.Input, o)
		if strings.Contains(s, `\u003c`) || !strings.HasSuffix(s, "}\n") {
			t.Errorf("%+v: HTML escapes, or no newline at the end", o)
		}
		doc := parsed(t, s)
		var texts []string
		for _, n := range doc["notes"].([]any) {
			if text, ok := n.(map[string]any)["fields"].(map[string]any)["text"].(string); ok {
				texts = append(texts, text)
			}
		}
		if gets(o, "note") && !slices.Contains(texts, odd) || gets(o, "note") && !slices.Contains(texts, "bad〔0xFF〕") {
			t.Errorf("%+v: notes %q of record %d", o, texts, r.Seq)
		}
		var missing, warnings int
		for range doc["missing"].([]any) {
			missing++
		}
		for range doc["warnings"].([]any) {
			warnings++
		}
		rep := mustBuild(t, m.Input, o)
		if missing != len(rep.Missing()) || warnings != len(rep.Warnings()) || warnings == 0 {
			t.Errorf("%+v: %d missing, %d warnings", o, missing, warnings)
		}
		if doc["format"] != "evidence-locker-report" || doc["version"] != 1.0 || doc["recipient"] != o.For || doc["lang"] != o.Lang {
			t.Errorf("%+v: head of %.200s", o, s)
		}
	}
}

// keysOf replaces what may differ between languages.
func keysOf(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			switch k {
			case "label", "text", "title", "why", "lang":
				if _, ok := v["item"]; !ok {
					v[k] = ""
				}
			default:
				v[k] = keysOf(v[k])
			}
		}
	case []any:
		for i := range v {
			v[i] = keysOf(v[i])
		}
	}
	return v
}

// Nothing but labels and wording follows the language.
func TestMachineLanguages(t *testing.T) {
	m := fullIncident()
	m.Incident.Records = slices.DeleteFunc(m.Incident.Records, func(r *locker.Record) bool {
		return strings.Contains(fmt.Sprint(r.Fields), "パスワード") // the mask is a word
	})
	for _, to := range Recipients() {
		var docs []string
		for _, lang := range []string{"ja", "en"} {
			b, err := json.Marshal(keysOf(parsed(t, jsonOf(t, m.Input, Options{For: to.Key, Lang: lang}))))
			if err != nil {
				t.Fatal(err)
			}
			docs = append(docs, string(b))
		}
		if docs[0] != docs[1] {
			t.Errorf("%s:\n%s\n%s", to.Key, docs[0], docs[1])
		}
		if csvOf(t, m.Input, Options{For: to.Key, Lang: "ja"}) != csvOf(t, m.Input, Options{For: to.Key, Lang: "en"}) {
			t.Errorf("%s: the CSV follows the language", to.Key)
		}
	}
}

// What the document keeps back leaves by no other door.
func TestMachineKeepsBack(t *testing.T) {
	t.Parallel()
	m := fullIncident()
	m.add("account", record.Fields{"exchange": word("Kraken"), "user_id": word("kraken-user-id"), "email": word("kraken@example.com"), "note": word("kraken-note")})
	m.add("transfer", record.Fields{"memo": word("pass\ufe0fword: hunter2hidden"), "note": word("seed phrase: apple banana cherry"), "txid": word("tx-of-secret")})
	m.retract(m.add("transfer", record.Fields{"txid": word("retracted-txid"), "to": word("retracted-address")}), "wrong")
	m.retract(m.add("reporter", record.Fields{"phone": word("000-9999-0000")}), "wrong")
	secrets := []string{"hunter2", "apple banana"}
	for i, o := range forms() {
		kept := slices.Clone(secrets)
		text := textOf(t, m.Input, o)
		for _, s := range []string{"東京都千代田区見本町1-1", "000-0000-0000", "000-9999-0000", "みほん", "会社員", "taro@example.com",
			"binance-other-id", "kraken-user-id", "kraken@example.com", "kraken-note"} {
			if !strings.Contains(text, s) {
				kept = append(kept, s)
			}
		}
		if o.For == "support" && !slices.Contains(kept, "東京都千代田区見本町1-1") || o.For == "support" && !slices.Contains(kept, "kraken-user-id") {
			t.Errorf("%+v: the text has it: %q", o, kept)
		}
		outs := map[string]string{"csv": csvOf(t, m.Input, o), "json": jsonOf(t, m.Input, o), "text": text}
		if (i/2+i)%2 == 0 { // each recipient in one of the languages
			outs["pdf"] = allPages(t, pdfOf(t, m, o))
		}
		for name, s := range outs {
			for _, secret := range kept {
				if strings.Contains(strings.ReplaceAll(s, "\n", ""), secret) {
					t.Errorf("%+v: %q is in the %s", o, secret, name)
				}
			}
			if !strings.Contains(s, "tx-of-secret") {
				t.Errorf("%+v: control: the %s lacks the transfer", o, name)
			}
		}
		for _, s := range []string{"retracted-txid", "retracted-address"} {
			if strings.Contains(outs["csv"], s) || strings.Contains(outs["json"], s) {
				t.Errorf("%+v: %q is there", o, s)
			}
		}
		if strings.Contains(outs["csv"], "見本町") {
			t.Errorf("%+v: the address is in the CSV", o)
		}
	}
}

// Nor does it where what is kept back reads like something that is shown.
func TestMachineKeepsBackWhatReadsAlike(t *testing.T) {
	m := newMade()
	m.add("reporter", record.Fields{"name": word("Taro"), "phone": word("10"), "address": word("bitbank"), "email": word("BTC")})
	m.add("incident", record.Fields{"exchange": word("bitbank"), "summary": word("0.05 BTC"), "opinion": word("0.05 BTC"), "own_ip": word("BTC")})
	m.add("account", record.Fields{"exchange": word("bitbank"), "user_id": word("O0l1"), "login_id": word("O0l1"), "note": word("O0l1")})
	m.add("contact", record.Fields{"with": word("police"), "inquiry_no": word("P-10"), "text": word("BTC"), "reply": word("P-10")})
	m.add("transfer", record.Fields{"amount": sum("0.05 BTC"), "txid": word(btcTxID), "to": word(btcAddress)})
	for _, lang := range []string{"ja", "en"} {
		freeze, support := jsonOf(t, m.Input, Options{For: "freeze", Lang: lang}), jsonOf(t, m.Input, Options{For: "support", Lang: lang})
		for _, kept := range []string{`"login_id"`, `"reply"`, `"note": "O0l1"`, "incident.opinion", "incident.own_ip", "reporter.phone", "reporter.address"} {
			if strings.Contains(freeze, kept) {
				t.Errorf("%s: %s is in the JSON for the receiving exchange", lang, kept)
			}
		}
		for _, kept := range []string{"reporter.phone", "reporter.address"} {
			if strings.Contains(support, kept) {
				t.Errorf("%s: %s is in the JSON for the support desk", lang, kept)
			}
		}
		// Control: what is shown is there, and so are the rest for those who get them.
		wantAll(t, freeze, `"user_id"`, `"inquiry_no"`, btcTxID, "incident.summary")
		wantAll(t, support, `"login_id"`, `"reply"`, "incident.opinion", "incident.own_ip")
		wantAll(t, jsonOf(t, m.Input, Options{For: "support", Lang: lang, Address: true}), "reporter.phone", "reporter.address")
	}
}

// A time that says nothing is none: the record is not lost with it, and no year
// 1 is printed.
func TestZeroTimes(t *testing.T) {
	m := newMade()
	m.add("action", record.Fields{"step": word("first step"), "at": record.Time{}})
	m.add("attempt", record.Fields{"what": word("the attempt"), "from": record.Time{}, "until": record.Time{}})
	m.add("transfer", record.Fields{"txid": word("zero-txid"), "at": record.Time{}})
	m.file("zero.png", "image/png", pngOf(8, 8), record.Fields{"at": record.Time{}}).RecordedAt = time.Time{}
	gone := m.add("note", record.Fields{"text": word("gone")})
	m.retract(gone, "wrong")
	gone.Retracted.RecordedAt = time.Time{}
	for _, o := range forms() {
		r := mustBuild(t, m.Input, o)
		for out, s := range map[string]string{"text": textOf(t, m.Input, o), "json": jsonOf(t, m.Input, o), "csv": csvOf(t, m.Input, o)} {
			if strings.Contains(s, "0001-01-01") || strings.Contains(s, "0001年") || !strings.Contains(s, "zero-txid") {
				t.Errorf("%+v: %s:\n%s", o, out, s)
			}
		}
		wantAll(t, sectionOf(r, "timeline"), "first step", "zero.png")
	}
}

func allPages(t *testing.T, pdf []byte) string {
	t.Helper()
	tool, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Skip("no pdftotext")
	}
	cmd := exec.Command(tool, "-layout", "-", "-")
	cmd.Stdin = bytes.NewReader(pdf)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// A value is shown to a machine only if the document shows it.
func TestExactOnlyWhatIsShown(t *testing.T) {
	m := fullIncident()
	r := mustBuild(t, m.Input, Options{Lang: "en"})
	whole := jsonOf(t, m.Input, Options{Lang: "en"})
	b := newBuilder(m.Input, Options{Lang: "en"}, r.recipient, recipientFiles()[r.recipient])
	var out bytes.Buffer
	x := newExact(b) // a document without a block
	doc, err := marshal(x.document(r))
	if err != nil {
		t.Fatal(err)
	}
	out.Write(doc)
	for _, s := range []string{btcTxID, solAddress, "INQ-000123", "O0l1-user", "出金履歴.png", "9800000", "2026-11-03T02:14:09"} {
		if strings.Contains(out.String(), s) || !strings.Contains(whole, s) {
			t.Errorf("%q is in the JSON of an empty document, or not in that of the whole", s)
		}
	}
	if rows := x.transactions(); len(rows) != 0 {
		t.Errorf("rows %v", rows)
	}
}

func TestMachineAtOnce(t *testing.T) {
	m := fullIncident()
	r := mustBuild(t, m.Input, Options{Lang: "ja"})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			var b bytes.Buffer
			if r.WriteCSV(&b) != nil || r.WriteJSON(&b) != nil || r.WritePDF(t.Context(), &b, PDFOptions{Content: m.content}) != nil {
				t.Error("failed")
			}
		})
	}
	wg.Wait()
}

func TestMachineErrors(t *testing.T) {
	r := mustBuild(t, newMade().Input, Options{Lang: "en"})
	full := errors.New("disk full")
	if err := r.WriteCSV(failing{full}); !errors.Is(err, full) || !strings.HasPrefix(err.Error(), "writing report as CSV: ") {
		t.Errorf("error %v", err)
	}
	if err := r.WriteJSON(failing{full}); !errors.Is(err, full) || !strings.HasPrefix(err.Error(), "writing report as JSON: ") {
		t.Errorf("error %v", err)
	}
}

// Readers that are not ours see the same.
func TestMachineOtherReaders(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3")
	}
	const script = `
import csv, io, json, sys
c, j = open(sys.argv[1], encoding="utf-8-sig", newline=""), open(sys.argv[2], encoding="utf-8")
rows = list(csv.DictReader(c, strict=True))
doc = json.load(j)
print(len(rows), len({len(r) for r in rows}), rows[1]["txid"], rows[1]["note"].encode("unicode_escape").decode())
print(doc["transfers"][0]["fields"]["txid"], doc["transfers"][0]["fields"]["note"].encode("unicode_escape").decode(), doc["transfers"][1]["fields"]["from"])
`
	m := fullIncident()
	for _, r := range m.Incident.Records {
		if v, ok := r.Fields["txid"]; ok && v.String() == btcTxID {
			r.Fields["note"] = word("=a,\"b\"\n😀")
		}
	}
	dir := t.TempDir()
	c, j := filepath.Join(dir, "a.csv"), filepath.Join(dir, "a.json")
	for path, s := range map[string]string{c: csvOf(t, m.Input, Options{Lang: "ja"}), j: jsonOf(t, m.Input, Options{Lang: "ja"})} {
		if err := os.WriteFile(path, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command(python, "-c", script, c, j).CombinedOutput()
	want := "6 1 " + btcTxID + ` '=a,"b"\r\n\U0001f600` + "\n" + btcTxID + ` =a,"b"\n\U0001f600 ['` + btcAddress + "', '" + solAddress + "']\n"
	if err != nil || string(out) != want {
		t.Errorf("%v: got\n%s\nwant\n%s", err, out, want)
	}
}
