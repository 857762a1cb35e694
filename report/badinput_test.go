package report

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"evidence-locker/locker"
	"evidence-locker/locker/record"
)

// squeezed is what a document says, without its blanks and line ends.
func squeezed(s string) string { return strings.Join(strings.Fields(s), "") }

// pdfText reads a whole PDF with an independent reader, "" if there is none.
func pdfText(t *testing.T, pdf []byte) string {
	t.Helper()
	tool, err := exec.LookPath("pdftotext")
	if err != nil {
		return ""
	}
	cmd := exec.Command(tool, "-raw", "-", "-")
	cmd.Stdin = bytes.NewReader(pdf)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// checkPDF lets an independent program judge the structure of a PDF.
func checkPDF(t *testing.T, pdf []byte) {
	t.Helper()
	tool, err := exec.LookPath("qpdf")
	if err != nil {
		return
	}
	path := filepath.Join(t.TempDir(), "x.pdf")
	if err := os.WriteFile(path, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(tool, "--check", path).CombinedOutput(); err != nil || bytes.Contains(out, []byte("WARNING")) {
		t.Errorf("qpdf: %v\n%s", err, out)
	}
}

// manyRecords is an incident of n records of every kind that a long one has.
func manyRecords(n int) *made {
	m := fullIncident()
	for i := len(m.Incident.Records); i < n; i++ {
		moment := record.Time{At: at("2026-11-03T09:00:00+09:00")}
		id := record.Text(fmt.Sprintf("id-%05d", i))
		switch i % 8 {
		case 0:
			m.add("note", record.Fields{"text": "同じ内容のメモ " + id, "at": moment})
		case 1:
			m.add("order", record.Fields{"id": id, "pair": record.Text("btc_jpy"), "price": record.Text("200"), "average_price": record.Text("205"), "placed_at": moment})
		case 2:
			m.add("transfer", record.Fields{"txid": id, "amount": sum("0.5 BTC"), "to": record.Text(btcAddress), "at": moment})
		case 3:
			m.add("loss", record.Fields{"amount": sum("0.25 ETH"), "note": id})
		case 4:
			m.add("attempt", record.Fields{"what": id, "saw": record.Text("503"), "from": moment})
		case 5:
			m.add("contact", record.Fields{"with": record.Text("support"), "inquiry_no": id, "at": moment})
		case 6:
			m.add("incident", record.Fields{"narrative": "経緯 " + id})
		case 7:
			m.add("actor", record.Fields{"address": id})
		}
	}
	return m
}

// Whatever is handed over, there is a report for every recipient that shows it.
// The order of the day is that nothing is lost and nothing breaks the document.
func TestBadInput(t *testing.T) {
	t.Parallel()
	T := func(s string) record.Value { return record.Text(s) }
	longID, digits := strings.Repeat("A1b2C3", 50), strings.Repeat("1234567890", 4)
	hebrew := "שלום מרחבא"
	cases := []struct {
		name string
		of   record.Type // what the text is in, where some reader leaves that out
		make func() *made
		text []string // in the plain text, blanks aside
		pdf  []string // in the PDF too; where empty, the same as text
	}{
		{"one screenshot alone", "", emptyIncident, []string{"shot.png"}, nil},
		{"a note of 5,000 characters without a blank", "note", func() *made {
			m := newMade()
			m.add("note", record.Fields{"text": T(strings.Repeat("abcdefghij", 500))})
			return m
		}, []string{strings.Repeat("abcdefghij", 500)}, []string{strings.Repeat("abcdefghij", 4)}}, // broken over lines and pages
		{"an order ID of 300 characters", "order", func() *made {
			m := newMade()
			m.add("incident", record.Fields{"kind": T("execution")})
			m.add("order", record.Fields{"id": T(longID)})
			return m
		}, []string{longID}, nil},
		{"right-to-left text", "note", func() *made {
			m := newMade()
			m.add("note", record.Fields{"text": T(hebrew + " \u202egnp.exe")})
			return m
		}, []string{squeezed(hebrew), "〔U+202E〕gnp.exe"}, []string{"〔U+05E9U+05DCU+05D5U+05DD〕", "〔U+202E〕gnp.exe"}},
		{"a NUL byte", "note", func() *made {
			m := newMade()
			m.add("note", record.Fields{"text": T("before\x00after")})
			m.add("order", record.Fields{"id": T("12\x0034")})
			return m
		}, []string{"before〔U+0000〕after", "12〔U+0000〕34"}, nil},
		{"an amount of 40 digits", "", func() *made {
			m := newMade()
			m.add("loss", record.Fields{"amount": sum(digits + ".5 BTC")})
			m.add("loss", record.Fields{"amount": sum("0.25 BTC")})
			m.add("transfer", record.Fields{"amount": sum("0." + digits + " BTC")})
			return m
		}, []string{digits + ".5BTC", "0." + digits + "BTC"}, nil},
		{"a time in 1970 and one in 2999", "", func() *made {
			m := newMade()
			m.add("transfer", record.Fields{"amount": sum("1 BTC"), "at": when("1970-01-01T00:00:00Z")})
			m.add("transfer", record.Fields{"amount": sum("2 BTC"), "at": when("2999-12-31T23:59:59.999+14:00")})
			return m
		}, []string{"1970-01-0100:00:00+00:00", "2999-12-3123:59:59.999+14:00", "2999-12-3109:59:59.999UTC"}, nil},
		{"a damaged record", "", func() *made {
			m := emptyIncident()
			m.Incident.Damaged = []locker.Damage{{Seq: 77, Err: errors.New("x")}}
			return m
		}, []string{"77", "shot.png"}, nil},
		{"300 records", "note", func() *made { return manyRecords(300) }, []string{"id-00296", "id-00297", "id-00298", "id-00299"}, nil},
	}
	for i, c := range cases {
		for j, o := range forms() {
			if (i+j/2+j)%2 == 1 || !gets(o, c.of) {
				continue // each recipient in one of the languages, by turns
			}
			t.Run(c.name+"/"+o.For+"-"+o.Lang, func(t *testing.T) {
				m := c.make()
				s, pdf := squeezed(textOf(t, m.Input, o)), pdfOf(t, m, o)
				checkPDF(t, pdf)
				shown := squeezed(pdfText(t, pdf))
				for _, want := range c.text {
					if !strings.Contains(s, want) {
						t.Errorf("text has no %.60q", want)
					}
				}
				pdfs := c.pdf
				if len(pdfs) == 0 {
					pdfs = c.text
				}
				for _, want := range pdfs {
					if shown != "" && !strings.Contains(shown, want) {
						t.Errorf("PDF has no %.60q", want)
					}
				}
			})
		}
	}
}

// gets tells whether a recipient is shown records of a type.
func gets(o Options, t record.Type) bool {
	return !slices.Contains(recipientFiles()[o.For].LeavesOut, t)
}

// A long incident loses no record, and its first page stays a first page.
func TestTwoThousandRecords(t *testing.T) {
	t.Parallel()
	m := manyRecords(2000)
	for _, o := range forms() {
		if o.Lang == "en" && o.For != "support" {
			continue
		}
		s := squeezed(textOf(t, m.Input, o))
		for i := len(fullIncident().Incident.Records); i < 2000; i++ {
			if !gets(o, []record.Type{"note", "order", "transfer", "loss", "attempt", "contact", "incident", "actor"}[i%8]) {
				continue
			}
			if id := fmt.Sprintf("id-%05d", i); !strings.Contains(s, id) {
				t.Fatalf("%+v: record %s is lost", o, id)
			}
		}
		if o.For != "support" {
			continue
		}
		first := squeezed(pageText(t, pdfOf(t, m, o), 1))
		want := map[string][]string{"ja": {"件名", "してほしいこと口座の停止", "これまでの回答"}, "en": {"Subject", "Whatisasked口座の停止", "Repliessofar"}}[o.Lang]
		for _, w := range want {
			if !strings.Contains(first, w) {
				t.Errorf("%+v: page 1 has no %q:\n%s", o, w, first)
			}
		}
	}
}
