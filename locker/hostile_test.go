package locker_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"evidence-locker/locker"
	"evidence-locker/locker/record"
)

// Anybody can seal to the recipient that stands in the file. What they put
// there is damage to readers, costs little, and hides nothing else.
func TestHostileRecords(t *testing.T) {
	whole := makeVictim(t)
	pad := func(s string) []byte {
		return []byte(s + strings.Repeat(" ", (record.Block-len(s)%record.Block)%record.Block))
	}
	good := func(edit func(*record.Record)) []byte {
		r := &record.Record{
			Vault: whole.id, ID: strings.Repeat("0", 32), Seq: victimSize, Salt: strings.Repeat("0", 64), Type: record.Note,
			Incident: 1, IncidentID: strings.Repeat("0", 32), RecordedAt: time.Now(), Fields: record.Fields{"text": record.Text("forged")},
		}
		edit(r)
		b, err := r.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	tests := []struct {
		name    string
		plain   []byte
		damaged bool
	}{
		{"control: a record as the program writes it", good(func(*record.Record) {}), false},
		{"nested 100,000 deep", pad(strings.Repeat("[", 100_000)), true},
		{"objects nested 100,000 deep", pad(strings.Repeat(`{"a":`, 100_000)), true},
		{"longer than any record", pad(`{"v":1,"x":"` + strings.Repeat("x", 20<<20) + `"}`), true},
		{"20 MiB of spaces", bytes.Repeat([]byte{' '}, 20<<20), true},
		{"empty", nil, true},
		{"no JSON", pad("\x00\x01\x02"), true},
		{"a million members", pad("{" + strings.Repeat(`"a":1,`, 1_000_000) + `"b":1}`), true},
		{"of another vault", good(func(r *record.Record) { r.Vault = strings.Repeat("1", 32) }), true},
		{"of another place", good(func(r *record.Record) { r.Seq = 3 }), true},
		{"of another incident", good(func(r *record.Record) { r.Incident = 2 }), true},
		{"with an object that its leaf does not name", good(func(r *record.Record) { r.Objects = []record.Object{{ID: strings.Repeat("2", 32)}} }), true},
		{"of a later version", pad(`{"v":99}`), false},
		{"retracting another incident's record", good(func(r *record.Record) {
			r.Type, r.Fields = record.Retract, record.Fields{"id": record.Text("x"), "seq": record.Int(8), "why": record.Text("")}
		}), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := whole.copy(t)
			sealed := seal(t, c.key.Recipient(), test.plain)
			leaf := (&record.Leaf{Seq: victimSize, Incident: 1, Sealed: sha256.Sum256(sealed), Opened: sha256.Sum256(test.plain)}).Marshal()
			withoutTriggers(t, c.db, func() {
				exec1(t, c.db, "INSERT INTO record VALUES (?, 1, ?, ?)", victimSize, leaf, sealed)
				forgeNodes(t, c.db)
			})
			c.db.Close()
			began := time.Now()
			var w warnings
			v, err := locker.Open(t.Context(), c.path, w.options(filepath.Dir(c.path)))
			if err != nil {
				t.Fatal(err)
			}
			defer v.Close()
			incidents, err := v.Incidents(t.Context(), c.key)
			if err != nil {
				t.Fatal(err)
			}
			records, damaged := 0, 0
			for _, in := range incidents {
				records += len(in.Records)
				damaged += len(in.Damaged)
				for _, r := range in.Records {
					if r.Retracted != nil {
						t.Errorf("record %d counts as retracted", r.Seq)
					}
				}
			}
			if records+damaged != victimSize || (damaged == 1) != test.damaged {
				t.Errorf("%d records, %d damaged", records, damaged)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("reading took %v", took)
			}
			got := verify(t, c.path)
			if codes := faultCodes(got); codes[locker.FaultUnsigned] != 1 || (codes[locker.FaultRecord] == 1) != test.damaged {
				t.Errorf("faults %v", codes)
			}
		})
	}
}

// A sealed key that asks for more memory than there is, is refused at once.
func TestHostileScrypt(t *testing.T) {
	for _, factor := range []string{"21", "30", "63", "99", "-1", "010", "99999999999999999999"} {
		v, path := newVault(t)
		v.Close()
		db := rawDB(t, path)
		for _, table := range []string{"key", "key_copy"} {
			var sealed []byte
			if err := db.QueryRow("SELECT sealed FROM " + table).Scan(&sealed); err != nil {
				t.Fatal(err)
			}
			bad := bytes.Replace(sealed, []byte(" 10\n"), []byte(" "+factor+"\n"), 1)
			if bytes.Equal(bad, sealed) {
				t.Fatalf("no work factor in %.80q", sealed)
			}
			exec1(t, db, fmt.Sprintf("UPDATE %s SET sealed = ?", table), bad)
		}
		db.Close()
		began := time.Now()
		v, err := locker.Open(t.Context(), path, testOptions(t, filepath.Dir(path)))
		if err != nil {
			t.Fatal(err)
		}
		k, err := v.Unlock(t.Context(), passphrase)
		v.Close()
		if err == nil || k != nil || errors.Is(err, locker.ErrWrongPassphrase) {
			t.Errorf("factor %s: %v", factor, err)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("factor %s: took %v", factor, took)
		}
	}
}
