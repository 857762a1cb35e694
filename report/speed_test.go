package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"evidence-locker/locker/record"
)

// A transaction that pays thousands is one thing for each address, and is not
// compared with itself over and over.
func TestManyPaymentsOfOneTransaction(t *testing.T) {
	const n = 16000
	m := newMade()
	for i := range n {
		m.add("transfer", record.Fields{"txid": word("one-id"), "to": word(fmt.Sprint("address-", i))})
	}
	m.add("transfer", record.Fields{"txid": word("one-id"), "to": word("address-77"), "memo": word("late")})
	m.add("transfer", record.Fields{"txid": word("one-id"), "network": word("any of them")}) // joins the first
	start := time.Now()
	b := newBuilder(m.Input, Options{Lang: "en"}, "support", recipientFiles()["support"])
	got := b.with("transfer")
	if d := time.Since(start); d > 4*time.Second {
		t.Errorf("took %v", d)
	}
	if len(got) != n || plain(b.value(got[77], "memo")) != "late" || plain(b.value(got[0], "network")) != "any of them" {
		t.Errorf("%d transfers, %v, %v", len(got), got[77].Fields, got[0].Fields)
	}
	// One that is told its address later is found by it from then on.
	m = newMade()
	for _, f := range []record.Fields{{"network": word("x")}, {"to": word("a")}, {"to": word("b")}, {"to": word("a"), "memo": word("1")}, {"to": word("b"), "memo": word("2")}} {
		f["txid"] = word("one-id")
		m.add("transfer", f)
	}
	b = newBuilder(m.Input, Options{Lang: "en"}, "support", recipientFiles()["support"])
	got = b.with("transfer")
	if len(got) != 2 || plain(b.value(got[0], "memo")) != "1" || plain(b.value(got[1], "memo")) != "2" || plain(b.value(got[0], "network")) != "x" {
		t.Errorf("%d transfers", len(got))
	}
}

// What a text may be without a look at the expressions is what they would leave
// as it is.
func TestQuickLookAtSecrets(t *testing.T) {
	for _, mark := range []string{":", "：", "=", "＝", "は", " is ", " WAS ", " iſ "} {
		s := "passwd" + mark + "hunter2x"
		got, masked := maskSecrets(s, "*")
		if want := labelledSecret.MatchString(s); !want || masked != want || strings.Contains(got, "hunter2x") {
			t.Errorf("%q: %q, %v", s, got, masked)
		}
	}
	for _, s := range []string{"xprv" + strings.Repeat("9", 110), "-----BEGIN PRIVATE KEY-----", "bearer " + strings.Repeat("a", 20)} {
		if _, masked := maskSecrets(s, "*"); !masked {
			t.Errorf("%q stays", s)
		}
	}
}
