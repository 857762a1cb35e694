package locker_test

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"evidence-locker/crypto"
	"evidence-locker/locker"
	"evidence-locker/locker/record"
)

// held writes an incident as "seq:incident" of each record, "<by" where it was
// brought in and "!" where it is withdrawn, then "?seq" for damage, "-?seq" for
// what is not there.
func held(t *testing.T, v *locker.Vault, k *crypto.Key, n int) string {
	t.Helper()
	in, err := v.Incident(t.Context(), k, n)
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, r := range in.Records {
		w := fmt.Sprintf("%d:%d", r.Seq, r.Incident)
		if r.Under != nil {
			w += fmt.Sprintf("<%d", r.Under.Seq)
		}
		if r.Retracted != nil {
			w += "!"
		}
		words = append(words, w)
	}
	for _, d := range in.Damaged {
		w := fmt.Sprintf("?%d", d.Seq)
		if d.Absent {
			w = "-" + w
		}
		words = append(words, w)
	}
	return strings.Join(words, " ")
}

func TestMove(t *testing.T) {
	v, path := newVault(t)
	ctx := t.Context()
	k, err := v.Unlock(ctx, passphrase)
	if err != nil {
		t.Fatal(err)
	}
	add(t, v, locker.Target{New: true}, []locker.Fact{note("a"), note("b"), note("c")}, memFile("x.txt", []byte("content"))) // 1 to 4
	add(t, v, locker.Target{New: true}, []locker.Fact{note("d")})                                                            // 5
	add(t, v, locker.Target{New: true}, []locker.Fact{note("e"), {Type: record.Reporter, Fields: record.Fields{"name": record.Text("f")}}})
	expect := func(what string, n int, want string) {
		t.Helper()
		if got := held(t, v, k, n); got != want {
			t.Errorf("%s: incident %d holds %q, want %q", what, n, got, want)
		}
	}
	expect("before", 2, "5:2")

	// Only what is named comes along, at its place; its own incident keeps it.
	made, err := v.Move(ctx, []int64{4, 2, 2, 6, 5, 7}, 2)
	if err != nil || len(made) != 2 || made[0].Seq != 8 || made[1].Seq != 9 {
		t.Fatalf("%+v, %v", made, err)
	}
	expect("moved", 2, "2:1<8 4:1<8 5:2 6:3<9 8:2 9:2")
	expect("moved", 1, "1:1 2:1 3:1 4:1")
	expect("moved", 3, "6:3")
	if c, err := v.Current(ctx); err != nil || c.Number != 3 {
		t.Errorf("current incident %+v, %v", c, err)
	}
	in, err := v.Incident(ctx, k, 2)
	if err != nil {
		t.Fatal(err)
	}
	content, err := readContent(v, k, in.Exhibits()[0].Exhibit)
	if err != nil || string(content) != "content" {
		t.Errorf("%q, %v", content, err)
	}
	// All incidents together hold each record once.
	all, err := v.Incidents(ctx, k)
	count := 0
	for _, in := range all {
		count += len(in.Records)
	}
	if err != nil || count != 9 {
		t.Errorf("%d records, %v", count, err)
	}

	// What was withdrawn in its own incident is so here; and a record that
	// brings others in brings nothing on to a third.
	if _, err := v.Retract(ctx, k, 2, "wrong"); err != nil { // 10
		t.Fatal(err)
	}
	expect("withdrawn", 2, "2:1<8! 4:1<8 5:2 6:3<9 8:2 9:2")
	if _, err := v.Move(ctx, []int64{8, 5, 10}, 3); err != nil { // 11, 12
		t.Fatal(err)
	}
	expect("moved on", 3, "5:2<12 6:3 11:3 12:3")
	// Withdrawing the record that brings in undoes it.
	if _, err := v.Retract(ctx, k, 9, "undo"); err != nil { // 13
		t.Fatal(err)
	}
	expect("undone", 2, "2:1<8! 4:1<8 5:2 8:2 9:2! 13:2")

	// A record cannot hide another's by withdrawing what was brought in.
	add(t, v, locker.Target{Number: 2}, []locker.Fact{{Type: record.Retract, Fields: record.Fields{ // 14
		"id": record.Text(in.Exhibits()[0].ID), "seq": record.Int(4), "why": record.Text("x")}}})
	expect("a foreign withdrawal", 2, "2:1<8! 4:1<8 5:2 8:2 9:2! 13:2 14:2")

	for _, c := range []struct {
		seqs []int64
		to   int
		want error
	}{{[]int64{1, 99}, 2, locker.ErrNoRecord}, {[]int64{0}, 2, locker.ErrNoRecord}, {[]int64{-1}, 2, locker.ErrNoRecord}, {[]int64{1}, 9, locker.ErrNoIncident}, {[]int64{1}, 0, locker.ErrNoIncident}} {
		if made, err := v.Move(ctx, c.seqs, c.to); !errors.Is(err, c.want) || made != nil {
			t.Errorf("%v to %d: %v, %v", c.seqs, c.to, made, err)
		}
	}
	if made, err := v.Move(ctx, []int64{5, 7}, 2); err != nil || made != nil {
		t.Errorf("nothing to move: %v, %v", made, err)
	}
	got := verify(t, path)
	for _, f := range got.Faults {
		if f.Code != locker.FaultRetracted || f.Seq != 14 { // the one made above
			t.Errorf("fault %+v", f)
		}
	}

	// One that cannot be read is told of where it belongs, and one beside it
	// that was not named is not.
	db := rawDB(t, path)
	withoutTriggers(t, db, func() { exec1(t, db, "UPDATE record SET sealed = zeroblob(99) WHERE seq IN (3, 4)") })
	db.Close()
	expect("damaged", 2, "2:1<8! 5:2 8:2 9:2! 13:2 14:2 ?4")
	expect("damaged", 1, "1:1 2:1! 10:1 ?3 ?4")
}

// Whatever an under record says, nothing comes in but what it names, and what
// it names and is not there is told.
func TestOddUnder(t *testing.T) {
	v, _ := newVault(t)
	k, err := v.Unlock(t.Context(), passphrase)
	if err != nil {
		t.Fatal(err)
	}
	add(t, v, locker.Target{New: true}, []locker.Fact{note("a"), note("b")}) // 1, 2
	for i, c := range []struct {
		fields record.Fields
		want   string // but for the record itself
	}{
		{record.Fields{"incident": record.Int(1), "seqs": record.List{"1"}}, "1:1"}, // control
		{record.Fields{"incident": record.Int(1), "seqs": record.List{"x", "", "-1", "0", "1.0", " 1", "99999999999999999999"}}, ""},
		{record.Fields{"incident": record.Text("1"), "seqs": record.List{"1"}}, ""},
		{record.Fields{"incident": record.Int(1), "seqs": record.Text("1")}, ""},
		{record.Fields{"incident": record.Int(0), "seqs": record.List{"1"}}, ""},
		{record.Fields{"incident": record.Int(1 << 52), "seqs": record.List{"1"}}, "-?1"},
		{record.Fields{"incident": record.Int(1), "seqs": record.List{"1", "77", "77"}}, "1:1 -?77"},
		{record.Fields{}, ""},
	} {
		out := add(t, v, locker.Target{New: true}, []locker.Fact{{Type: record.Under, Fields: c.fields}})
		own := fmt.Sprintf("%d:%d", out[0].Seq, out[0].Incident)
		got := strings.ReplaceAll(held(t, v, k, out[0].Incident), fmt.Sprintf("<%d", out[0].Seq), "")
		if got = strings.Join(strings.Fields(strings.Replace(" "+got+" ", " "+own+" ", " ", 1)), " "); got != c.want {
			t.Errorf("%d: %q, want %q", i, got, c.want)
		}
	}
}

// A survey holds every record, and of those that nobody wants not what they
// say; withdrawals hold in it.
func TestSurvey(t *testing.T) {
	v, _ := newVault(t)
	ctx := t.Context()
	k, err := v.Unlock(ctx, passphrase)
	if err != nil {
		t.Fatal(err)
	}
	add(t, v, locker.Target{New: true}, []locker.Fact{note("a"), {Type: record.Order, Fields: record.Fields{"id": record.Text("1")}}}, memFile("x.txt", []byte("content"))) // 1 to 3
	add(t, v, locker.Target{New: true}, []locker.Fact{note("b")})                                                                                                           // 4
	if _, err := v.Retract(ctx, k, 3, "why"); err != nil {                                                                                                                  // 5
		t.Fatal(err)
	}
	whole, err := v.Incidents(ctx, k)
	if err != nil {
		t.Fatal(err)
	}
	asked := make([]atomic.Int32, 6)
	in, err := v.Survey(ctx, k, func(r *locker.Record) bool {
		asked[r.Seq].Add(1)
		return r.Type == record.Note
	})
	if err != nil || len(in) != len(whole) {
		t.Fatalf("%d incidents, %v", len(in), err)
	}
	for i, want := range whole {
		if len(in[i].Records) != len(want.Records) {
			t.Fatalf("incident %d: %d records", want.Number, len(in[i].Records))
		}
		for j, w := range want.Records {
			r := in[i].Records[j]
			n := int32(1)
			if w.Type == record.Retract {
				n = 0
			}
			if r.ID != w.ID || r.Seq != w.Seq || r.Type != w.Type || !r.RecordedAt.Equal(w.RecordedAt) || !r.Known || (r.Retracted == nil) != (w.Retracted == nil) || asked[r.Seq].Load() != n {
				t.Errorf("record %d: %+v, asked for %d times", w.Seq, r, asked[r.Seq].Load())
			}
			kept := w.Type == record.Note || w.Type == record.Retract
			if (len(r.Fields) > 0) != kept || (len(r.Raw) > 0) != kept || r.Exhibit != nil || r.Objects != nil {
				t.Errorf("record %d, kept %v: %+v", w.Seq, kept, r)
			}
		}
	}
}
