package main

import (
	"path/filepath"
	"testing"

	"evidence-locker/locker"
	"evidence-locker/locker/record"
)

// Whoever can append can name any record; a search does not grow with the
// number.
func TestSearchHostileNumber(t *testing.T) {
	e, _ := captureEnv(t, "linux", nil)
	const pass = "a long enough passphrase"
	v, err := locker.Create(t.Context(), filepath.Join(t.TempDir(), "v.locker"), pass, locker.Options{Now: e.now})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	k, err := v.Unlock(t.Context(), pass)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []locker.Fact{
		{Type: record.Note, Fields: record.Fields{"text": record.Text("sought")}},
		{Type: record.Under, Fields: record.Fields{"incident": record.Int(1), "seqs": record.List{"4503599627370495"}}},
	} {
		if err := v.Add(t.Context(), locker.AddRequest{Target: locker.Target{New: true}, Facts: []locker.Fact{f}}); err != nil {
			t.Fatal(err)
		}
	}
	s := &search{e: e, terms: []string{"sought"}, shown: -1}
	if err := s.run(t.Context(), v, k); err != nil {
		t.Fatal(err)
	}
	if len(s.hits) != 1 || s.hits[0].Seq != 1 || len(s.damaged) != 0 {
		t.Errorf("hits %+v, damaged %v", s.hits, s.damaged)
	}
}
