package playbook

import (
	"strings"
	"testing"
	"time"

	"evidence-locker/locker/exchange"
)

// Every limit can be told in both languages and traced.
func TestDeadlines(t *testing.T) {
	if len(Deadlines()) < 3 {
		t.Fatalf("%d deadlines", len(Deadlines()))
	}
	for _, d := range Deadlines() {
		if len(d.With) == 0 || d.Within == "" || d.Text("ja") == d.Text("en") || d.Host() == "" || !strings.Contains("OLT", d.Grade) {
			t.Errorf("incomplete: %+v", d)
		}
		if _, err := time.Parse(time.DateOnly, d.ReadOn); err != nil {
			t.Error(err)
		}
		if _, ok := exchange.Builtin().Lookup(d.Exchange); d.Exchange != "" && !ok {
			t.Errorf("unknown exchange %q", d.Exchange)
		}
	}
}
