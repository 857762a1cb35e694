package locker_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"evidence-locker/locker"
	"evidence-locker/locker/record"
)

// A reminder comes when it is due, a day later than the last quiet one, and a
// backup before a drill.
func TestRemind(t *testing.T) {
	now := time.Date(2026, 11, 22, 14, 30, 0, 0, time.FixedZone("", 9*3600))
	made, dir := now, t.TempDir()
	o := testOptions(t, dir)
	o.Now = func() locker.Stamp { return locker.Stamp{At: now} }
	v, err := locker.Create(t.Context(), filepath.Join(dir, "v"), passphrase, o)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	later := func(days, hours int) { now = now.Add(time.Duration(24*days+hours) * time.Hour) }
	want := func(what string, r locker.Reminder) {
		t.Helper()
		if got := v.Remind(t.Context()); got != r {
			t.Errorf("%s: %+v, want %+v", what, got, r)
		}
	}
	backup := func(size int64, at time.Time) {
		t.Helper()
		if err := v.NoteBackup(t.Context(), size, at); err != nil {
			t.Fatal(err)
		}
	}
	if at, err := v.Created(t.Context()); err != nil || !at.Equal(made) {
		t.Errorf("created %v, %v", at, err)
	}

	later(100, 0)
	want("nothing recorded", locker.Reminder{})
	if _, err := v.AppendCustody(t.Context(), 0, record.Fields{"action": record.Text("report")}); err != nil {
		t.Fatal(err)
	}
	later(20, 0)
	want("only custody", locker.Reminder{})

	add(t, v, locker.Target{}, []locker.Fact{note("one")}) // record 2
	later(7, 23)
	want("seven days", locker.Reminder{})
	add(t, v, locker.Target{}, []locker.Fact{note("two")}) // record 3; the first counts
	later(0, 1)
	want("eight days", locker.Reminder{Backup: true, Days: 8})
	later(60, 0)
	want("both are due", locker.Reminder{Backup: true, Days: 68})

	backup(4, now)
	want("backed up: the drill", locker.Reminder{Drill: true, Days: 188})
	if err := v.NoteDrill(t.Context(), locker.Head{Size: 4}, true); err != nil {
		t.Fatal(err)
	}
	want("nothing is due", locker.Reminder{})
	later(180, 0)
	want("180 days", locker.Reminder{})
	later(1, 0)
	want("181 days", locker.Reminder{Drill: true, Days: 181})
	if err := v.NoteDrill(t.Context(), locker.Head{Size: 4}, true); err != nil {
		t.Fatal(err)
	}

	// While a backup of 7 records runs, an eighth is added: it counts from when
	// the backup began.
	add(t, v, locker.Target{}, []locker.Fact{note("three")}) // record 6
	later(3, 0)
	began := now
	later(0, 2)
	add(t, v, locker.Target{}, []locker.Fact{note("four")}) // record 7
	backup(7, began)
	later(7, 22)
	want("since the backup began", locker.Reminder{Backup: true, Days: 8})
	// And one that was the first since: from when it was made.
	backup(8, now)
	began = now
	later(1, 0)
	add(t, v, locker.Target{}, []locker.Fact{note("five")}) // record 8
	backup(8, began)
	later(7, 12)
	want("since it was made", locker.Reminder{})
	later(1, 0)
	want("a day more", locker.Reminder{Backup: true, Days: 8})
	// What came since is only about the vault.
	backup(9, now)
	if _, err := v.AppendCustody(t.Context(), 0, record.Fields{"action": record.Text("report")}); err != nil {
		t.Fatal(err)
	}
	backup(9, now)
	later(30, 0)
	want("custody after the backup", locker.Reminder{})
	// A clock that was ahead says nothing.
	now = made.Add(-365 * 24 * time.Hour)
	want("a clock that is behind", locker.Reminder{})
	if got := fmt.Sprint(texts(t, rawDB(t, filepath.Join(dir, "v")), "SELECT name FROM local WHERE name IN ('backup', 'unsaved', 'drill') ORDER BY 1")); got != "[backup drill]" {
		t.Errorf("rows %s", got)
	}
}

// A backup on the vault's own disk leaves the records on one device; one on
// another disk, the control, does not.
func TestRemindSameDisk(t *testing.T) {
	now := time.Date(2026, 11, 22, 14, 30, 0, 0, time.UTC)
	dir := t.TempDir()
	o := testOptions(t, dir, locker.WarnSameDisk)
	o.Now = func() locker.Stamp { return locker.Stamp{At: now} }
	v, err := locker.Create(t.Context(), filepath.Join(dir, "v"), passphrase, o)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	add(t, v, locker.Target{New: true}, []locker.Fact{note("one")})
	now = now.Add(8 * 24 * time.Hour)
	backup(t, v, filepath.Join(dir, "b.locker"))
	if !v.Remind(t.Context()).Backup {
		t.Error("a backup on the same disk counts")
	}
	backup(t, v, filepath.Join(stick(t), "b.locker"))
	if r := v.Remind(t.Context()); r.Backup {
		t.Errorf("control: %+v", r)
	}
}
