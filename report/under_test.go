package report

import (
	"strings"
	"testing"

	"evidence-locker/locker"
	"evidence-locker/locker/record"
)

// What belongs here too and was recorded under another incident says so. That
// it was withdrawn there changes the report, so the head must cover that.
func TestBroughtIn(t *testing.T) {
	m := newMade()
	m.add("note", record.Fields{"text": word("own words")})
	foreign := m.add("order", record.Fields{"id": word("123")})
	foreign.Incident, foreign.Under = 1, m.add("under", record.Fields{"incident": record.Int(1), "seqs": record.List{"11"}})
	for _, o := range forms() {
		if !gets(o, "order") {
			continue
		}
		s := textOf(t, m.Input, o)
		want := map[string]string{"ja": "（記録11、案件1から）", "en": "(record 11, from incident 1)"}[o.Lang]
		if !strings.Contains(s, want) {
			t.Errorf("%+v: no %q:\n%s", o, want, s)
		}
		if n := strings.Count(s, "incident 1)") + strings.Count(s, "案件1から"); n != 1 {
			t.Errorf("%+v: %d records from incident 1:\n%s", o, n, s)
		}
	}
	if n := HeadSize(m.Input); n != 13 {
		t.Errorf("head size %d before", n)
	}
	foreign.Retracted = &locker.Record{Known: true, Record: record.Record{Seq: 40, Type: "retract", Incident: 1,
		RecordedAt: at("2026-11-04T08:00:00+09:00"), Fields: record.Fields{"why": word("another order")}}}
	if n := HeadSize(m.Input); n != 41 {
		t.Errorf("head size %d, want that of the withdrawal", n)
	}
	// What a record names and is not there is covered by no head, whatever its
	// number; what cannot be read is.
	m.Incident.Damaged = []locker.Damage{{Seq: 1 << 40, Err: locker.ErrDamaged, Absent: true}}
	if n := HeadSize(m.Input); n != 41 {
		t.Errorf("head size %d with a record that is not there", n)
	}
	m.Incident.Damaged[0].Absent = false
	if n := HeadSize(m.Input); n != 1<<40+1 {
		t.Errorf("head size %d with a damaged record", n)
	}
	m.Incident.Damaged = nil
	s := textOf(t, m.Input, Options{For: "support", Lang: "en"})
	wantAll(t, s, "another order", "2026-11-04")
}
