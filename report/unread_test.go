package report

import (
	"strings"
	"testing"

	"evidence-locker/locker/record"
)

// What could not be read as its field stands under the name of the field, not
// under a flag; what the person wrote as a note stands as it is.
func TestNotesOfUnreadFlags(t *testing.T) {
	notes := []struct{ text, ja, en string }{
		{`--at "昨日"`, "日時（入力のまま）：昨日", "time (as typed): 昨日"},
		{`--due "13/45"`, "期限（入力のまま）：13/45", "due (as typed): 13/45"},
		{`--times "a "few""`, `回数（入力のまま）：a "few"`, `times (as typed): a "few"`},
		{`order.placed_at=noon`, "注文日時（入力のまま）：noon", "Placed (as typed): noon"},
		{`--at noon`, "--at noon", "--at noon"},
		{`--with "x"`, `--with "x"`, `--with "x"`},
		{`a.b=c`, "a.b=c", "a.b=c"},
	}
	for _, o := range forms() {
		if o.For != "police" && o.For != "support" {
			continue
		}
		m := newMade()
		for _, n := range notes {
			m.add("note", record.Fields{"text": record.Text(n.text)})
		}
		r := mustBuild(t, m.Input, o)
		got := sectionOf(r, "notes")
		for _, n := range notes {
			want := n.ja
			if o.Lang == "en" {
				want = n.en
			}
			if !strings.Contains(got, want) || want != n.text && strings.Contains(got, n.text) {
				t.Errorf("%s %s: %s: want %q in\n%s", o.For, o.Lang, n.text, want, got)
			}
		}
		var out strings.Builder
		if err := r.WriteJSON(&out); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), `"text": "--due \"13/45\""`) {
			t.Errorf("%s %s: JSON has not the note as recorded", o.For, o.Lang)
		}
	}
}
