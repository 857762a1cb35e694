package report

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rivo/uniseg"

	"evidence-locker/locker"
	"evidence-locker/locker/record"
)

var update = flag.Bool("update", false, "write the golden files anew")

// diff tells where two texts differ, "" if they do not.
func diff(got, want []byte) string {
	if bytes.Equal(got, want) {
		return ""
	}
	g, w := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("line %d:\n got %q\nwant %q", i+1, g[i], w[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(g), len(w))
}

func TestGolden(t *testing.T) {
	for name, m := range map[string]*made{"full": fullIncident(), "empty": emptyIncident()} {
		for _, o := range forms() {
			path := filepath.Join("testdata", "golden", fmt.Sprintf("%s-%s-%s.txt", name, o.For, o.Lang))
			got := []byte(textOf(t, m.Input, o))
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
			// Control: one changed byte is seen.
			want[len(want)/2] ^= 1
			if diff(got, want) == "" {
				t.Errorf("%s: a changed golden is not noticed", path)
			}
		}
	}
}

// Same records, same bytes: on any machine, and twice on this one.
func TestSameBytes(t *testing.T) {
	defer func(l *time.Location, n int) {
		time.Local = l
		runtime.GOMAXPROCS(n)
	}(time.Local, runtime.GOMAXPROCS(0))
	for _, o := range eachReader() {
		var pdfs, texts []string
		for i, zone := range []*time.Location{time.UTC, jst, time.FixedZone("", -8*60*60)} {
			time.Local = zone
			runtime.GOMAXPROCS(1 + 2*i)
			t.Setenv("TZ", zone.String())
			t.Setenv("LC_ALL", "tr_TR.UTF-8")
			m := fullIncident()
			pdfs = append(pdfs, string(pdfOf(t, m, o)))
			texts = append(texts, textOf(t, m.Input, o))
		}
		for i := range pdfs {
			if pdfs[i] != pdfs[0] || texts[i] != texts[0] {
				t.Errorf("%+v: differs in another time zone", o)
			}
		}
	}
}

func TestCustodyChangesNothing(t *testing.T) {
	t.Parallel()
	for _, o := range eachReader() {
		m := fullIncident()
		size := HeadSize(m.Input)
		pdf, text := fullPDF(t, o), textOf(t, m.Input, o)
		m.add("custody", record.Fields{"action": record.Text("report"), "sha256": record.Text("abc"), "note": record.Text("later")})
		machine := csvOf(t, fullIncident().Input, o) + jsonOf(t, fullIncident().Input, o)
		if !bytes.Equal(pdf, pdfOf(t, m, o)) || text != textOf(t, m.Input, o) || machine != csvOf(t, m.Input, o)+jsonOf(t, m.Input, o) || HeadSize(m.Input) != size {
			t.Errorf("%+v: a custody record changed the report", o)
		}
		// Control: any other record does.
		m.add("note", record.Fields{"text": record.Text("later")})
		if o.For == "support" && bytes.Equal(pdf, pdfOf(t, m, o)) || text == textOf(t, m.Input, o) || HeadSize(m.Input) == size {
			t.Errorf("%+v: a new record did not change the report", o)
		}
		o.Custody = true
		if !strings.Contains(textOf(t, m.Input, o), "custody-file.pdf") {
			t.Errorf("%+v: no custody log", o)
		}
	}
}

func TestRetracted(t *testing.T) {
	m := newMade()
	m.retract(m.file("secret-shot.png", "image/png", pngOf(8, 8), nil), "wrong file")
	m.add("note", record.Fields{"text": record.Text("stays")})
	for _, o := range forms() {
		s := textOf(t, m.Input, o)
		if strings.Contains(s, "secret-shot") || strings.Contains(s, "wrong file") == (o.For == "freeze") || strings.Contains(s, "stays") == (o.For == "freeze") {
			t.Errorf("%+v: got\n%s", o, s)
		}
	}
}

func TestDamagedOnFirstPage(t *testing.T) {
	t.Parallel()
	m := fullIncident()
	m.Incident.Damaged = []locker.Damage{{Seq: 17, Err: errors.New("x")}, {Seq: 21, Err: errors.New("y")}}
	for _, o := range eachReader() {
		r := mustBuild(t, m.Input, o)
		if w := r.Warnings(); len(w) == 0 || w[0].Code != "damaged" || !slices.Equal(w[0].Seqs, []int64{17, 21}) {
			t.Errorf("%+v: warnings %v", o, w)
		}
		first := pageText(t, pdfOf(t, m, o), 1)
		if !strings.Contains(first, "17, 21") {
			t.Errorf("%+v: first page says nothing of damaged records:\n%s", o, first)
		}
		if strings.Contains(pageText(t, fullPDF(t, o), 1), "17, 21") {
			t.Errorf("%+v: the undamaged control names them too", o)
		}
	}
}

// pageText reads a page with an independent reader.
func pageText(t *testing.T, pdf []byte, page int) string {
	t.Helper()
	tool, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Skip("no pdftotext")
	}
	n := fmt.Sprint(page)
	cmd := exec.Command(tool, "-layout", "-f", n, "-l", n, "-", "-")
	cmd.Stdin = bytes.NewReader(pdf)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// A support desk acts on page 1 alone.
func TestSupportFirstPage(t *testing.T) {
	for _, lang := range []string{"ja", "en"} {
		first := pageText(t, fullPDF(t, Options{Lang: lang}), 1)
		for _, want := range []string{"夜間にBTC", "見本", "0123456789", "O0l1-user", "taro@example.com", "2026-11-03 02:14:09 +09:00",
			"90000000001", btcTxID, "0.05 BTC", "INQ-000123", "口座の停止"} {
			if !strings.Contains(first, want) {
				t.Errorf("%s: page 1 has no %q:\n%s", lang, want, first)
			}
		}
	}
}

func TestNewerRecords(t *testing.T) {
	m := newMade()
	r := m.add("", nil)
	r.Known, r.Raw, r.RecordedAt = false, []byte(`{"type":"hologram","v":2,"address":"1-2-3"}`), time.Time{}
	for _, o := range forms() {
		rep := mustBuild(t, m.Input, o)
		if s := sectionOf(rep, "newer"); !strings.Contains(s, fmt.Sprint(r.Seq)) || strings.Contains(s, "hologram") {
			t.Errorf("%+v: number alone is to be named:\n%s", o, s)
		}
		if s := textOf(t, m.Input, o); strings.Contains(s, "hologram") || strings.Contains(s, "1-2-3") {
			t.Errorf("%+v: shown raw:\n%s", o, s)
		}
		if w := rep.Warnings(); len(w) != 1 || w[0].Code != "newer-record" || w[0].Seqs[0] != r.Seq {
			t.Errorf("warnings %v", w)
		}
	}
}

// Whatever was recorded is somewhere in the report.
func TestEveryFieldIsShown(t *testing.T) {
	for _, o := range forms() {
		m := newMade()
		var want []string
		for _, typ := range record.Types() {
			if slices.Contains([]record.Type{"custody", "key", "device", "retract"}, typ) {
				continue
			}
			f := make(record.Fields)
			for i, field := range record.FieldsOf(typ) {
				word := fmt.Sprintf("%s.%s.word", typ, field.Name)
				moment := fmt.Sprintf("2026-11-%02d 0%d:%02d:%02d", 1+len(typ), i%10, i, len(want)%60)
				switch {
				case field.Name == "exchange":
					f[field.Name], word = record.Text("bitbank"), map[string]string{"ja": "ビットバンク", "en": "bitbank"}[o.Lang]
				case slices.Contains([]string{"name_raw", "media_type", "modified"}, field.Name),
					typ == "evidence" && field.Name == "name",
					typ == "action" && field.Name == "guide", // the program's own key of the step
					o.For == "support" && typ == "reporter" && field.Name != "name",
					(o.For == "ic3" || o.For == "mica") && typ == "reporter" && slices.Contains([]string{"kana", "age", "occupation", "birth_date"}, field.Name),
					(o.For == "ic3" || o.For == "police-generic") && typ == "incident" && field.Name == "kind",
					o.For == "mica" && typ == "incident" && slices.Contains([]string{"title", "kind"}, field.Name),
					o.For == "freeze" && !toldToFreeze(typ, field.Name),
					o.For == "police" && (typ == "incident" && slices.Contains([]string{"title", "kind", "request"}, field.Name)),
					typ == "reporter" && (field.Name == "note" || field.Name == "victim_name"): // with another victim, less is shown
					continue // shown from the exhibit, or not this reader's business
				case field.Kind == record.KindTime:
					f[field.Name], word = when(strings.Replace(moment, " ", "T", 1)+"+09:00"), moment
				case field.Kind == record.KindAmount:
					word = fmt.Sprintf("%d.25 XYZ", 1000+len(want))
					f[field.Name] = sum(word)
				case field.Kind == record.KindInt:
					word = fmt.Sprint(770000 + len(want))
					f[field.Name] = record.Int(770000 + len(want))
				case field.Kind == record.KindList:
					f[field.Name] = record.List{record.Text(word), record.Text(word + "2")}
					want = append(want, word+"2")
				default:
					f[field.Name] = record.Text(word)
				}
				want = append(want, word)
			}
			if typ == "evidence" {
				m.file("evidence-name", "text/plain", []byte("x"), f)
			} else {
				m.add(typ, f)
			}
		}
		s := textOf(t, m.Input, o)
		for _, w := range want {
			if !strings.Contains(s, w) {
				t.Errorf("%s %s: %q is not shown", o.For, o.Lang, w)
			}
		}
	}
}

func TestMissing(t *testing.T) {
	paths := func(r *Report) (ps []string) {
		for _, m := range r.Missing() {
			ps = append(ps, m.Path)
			if m.Label("ja") == "" || m.Label("en") == "" || m.Why("ja") == "" || m.Why("en") == "" || m.Source == "" {
				t.Errorf("incomplete: %+v", m)
			}
		}
		return ps
	}
	empty := paths(mustBuild(t, emptyIncident().Input, Options{Lang: "en"}))
	for _, want := range []string{"incident.kind", "incident.started_at", "incident.summary", "account.user_id", "incident.request"} {
		if !slices.Contains(empty, want) {
			t.Errorf("not listed as missing: %s in %q", want, empty)
		}
	}
	for _, not := range []string{"evidence", "account.number", "order.id", "contact.inquiry_no"} {
		if slices.Contains(empty, not) {
			t.Errorf("listed as missing: %s", not)
		}
	}
	if full := paths(mustBuild(t, fullIncident().Input, Options{Lang: "ja"})); full != nil {
		t.Errorf("full incident misses %q", full)
	}
	if full := paths(mustBuild(t, fullIncident().Input, Options{Lang: "ja", For: "police"})); full != nil {
		t.Errorf("full incident misses %q for the police", full)
	}
	// bitbank asks for the account number, and a bad fill for its order ID.
	m := newMade()
	m.add("incident", record.Fields{"exchange": record.Text("bitbank"), "kind": record.Text("execution")})
	got := mustBuild(t, m.Input, Options{Lang: "en"}).Missing()
	for _, want := range []string{"account.number", "order.id", "order.pair"} {
		i := slices.IndexFunc(got, func(f MissingField) bool { return f.Path == want })
		if i < 0 || want == "account.number" && got[i].Need != Required {
			t.Errorf("%s: %+v", want, got)
		}
	}
}

func TestOddValues(t *testing.T) {
	t.Parallel()
	digits := strings.Repeat("1234567890", 4)
	id := strings.Repeat("A1b2C3", 50)
	m := fullIncident()
	m.add("loss", record.Fields{"amount": sum(digits + ".5 BTC")})
	m.add("order", record.Fields{"id": record.Text(id)})
	m.add("transfer", record.Fields{"txid": record.Text(id)})
	m.add("action", record.Fields{"text": record.Text("nul\x00 bell\x07 esc\x1b[31m bad\xff rtl\u202egnp.exe 𠮷 😀"), "at": when("1970-01-01T00:00:00Z")})
	m.add("action", record.Fields{"text": record.Text(strings.Repeat("x", 5000)), "at": when("2999-12-31T23:59:59.999+14:00")})
	m.add("action", record.Fields{"text": record.Text(strings.Repeat("証拠", 2500)), "at": record.Time{}})
	m.add("loss", record.Fields{"amount": record.Amount{Raw: "たくさん"}})
	m.add("note", nil)
	m.file("\x00\n", "image/png", []byte("no picture"), nil)
	m.file("cut.png", "image/png", pngOf(500, 500)[:900], nil)
	for _, o := range forms() {
		s := textOf(t, m.Input, o)
		for _, want := range []string{digits + ".5 BTC", id, "nul〔U+0000〕 bell〔U+0007〕 esc〔U+001B〕[31m bad〔0xFF〕 rtl〔U+202E〕gnp.exe 𠮷 😀",
			"1970-01-01 00:00:00 +00:00", "2999-12-31 23:59:59.999 +14:00", "たくさん"} {
			if !strings.Contains(strings.ReplaceAll(strings.ReplaceAll(s, "\n", ""), " ", ""), strings.ReplaceAll(want, " ", "")) {
				t.Errorf("%s %s: no %q", o.For, o.Lang, want)
			}
		}
		if !strings.Contains(s, id) || !strings.Contains(s, digits) {
			t.Errorf("%s %s: an identifier is broken", o.For, o.Lang)
		}
		for line := range strings.Lines(s) {
			line = strings.TrimSuffix(line, "\n")
			if w := uniseg.StringWidth(line); w > columns && strings.Contains(strings.TrimSpace(line), " ") {
				t.Errorf("%s %s: %d columns: %q", o.For, o.Lang, w, line)
			}
			if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' }) {
				t.Errorf("control character in %q", line)
			}
		}
	}
	for _, o := range eachReader() {
		checkPDF(t, pdfOf(t, m, o))
	}
}

func TestErrors(t *testing.T) {
	in := newMade().Input
	if _, err := Build(in, Options{For: "fbi", Lang: "en"}); !errors.Is(err, ErrUnknownRecipient) || err.Error() != `unknown recipient "fbi"` {
		t.Errorf("error %v", err)
	}
	if _, err := Build(in, Options{Lang: "de"}); !errors.Is(err, ErrUnknownLanguage) || err.Error() != `unknown language "de"` {
		t.Errorf("error %v", err)
	}
	if _, err := Build(Input{}, Options{Lang: "en"}); err == nil || err.Error() != "building report: no incident" {
		t.Errorf("error %v", err)
	}
	r := mustBuild(t, in, Options{Lang: "en"})
	full := errors.New("disk full")
	if _, err := r.WriteText(failing{full}, TextOptions{}); !errors.Is(err, full) || !strings.HasPrefix(err.Error(), "writing report as text: ") {
		t.Errorf("error %v", err)
	}
	if err := r.WritePDF(t.Context(), failing{full}, PDFOptions{}); !errors.Is(err, full) || !strings.HasPrefix(err.Error(), "writing report as PDF: ") {
		t.Errorf("error %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

var _ io.Writer = failing{}

// An ordinary incident without pictures is to take well under half a second,
// and one of 2,000 records of every kind no more than a few.
func BenchmarkBuild(b *testing.B) {
	for _, n := range []int{20, 2000} {
		for _, rcpt := range Recipients() {
			b.Run(fmt.Sprintf("%s-%d", rcpt.Key, n), func(b *testing.B) {
				m := manyRecords(n)
				m.Incident.Records = slices.DeleteFunc(m.Incident.Records, func(r *locker.Record) bool { return r.Exhibit != nil })
				for b.Loop() {
					r, err := Build(m.Input, Options{For: rcpt.Key, Lang: "ja"})
					if err != nil {
						b.Fatal(err)
					}
					if err := r.WritePDF(b.Context(), io.Discard, PDFOptions{Content: m.content}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
