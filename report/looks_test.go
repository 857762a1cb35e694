package report_test

import (
	"testing"

	"evidence-locker/report"
)

// What is asked for is not taken if a report would black it out, or if it is a
// recovery phrase without a label; what people write is.
func TestLooksSecret(t *testing.T) {
	twelve := "abandon ability able about above absent absorb abstract absurd abuse access accident"
	for _, c := range []struct {
		text   string
		secret bool
	}{
		{"password: hunter2", true},
		{"パスワードは hunter2 です", true},
		{twelve, true},
		{"  Abandon ability able about above absent absorb abstract absurd abuse access accident \n", true},
		{twelve + " account accuse achieve", true},
		{twelve + " " + twelve, true},
		{twelve + " account", false},
		{"", false},
		{"the desk asked for my password", false},
		{"I sold 0.5 BTC, and the page said 503.", false},
		{"口座から 0.5 BTC が消えた", false},
		{"bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", false},
	} {
		if got := report.LooksSecret(c.text); got != c.secret {
			t.Errorf("%q: %v, want %v", c.text, got, c.secret)
		}
	}
}
