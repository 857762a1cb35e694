package locker_test

import (
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"evidence-locker/crypto"
	"evidence-locker/locker"
	"evidence-locker/locker/record"

	signed "golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// otherMachine copies a vault, but no config folder, as a backup carries it.
func otherMachine(t *testing.T, path string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "vault.locker")
	copyFile(t, path, to)
	return to
}

// otherTo makes the machine in a vault's folder the one that has the vault at
// path open, and returns the vault's path there. It is a link.
func otherTo(t *testing.T, machine, path string) string {
	t.Helper()
	if err := os.Remove(machine); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path, machine); err != nil {
		t.Fatal(err)
	}
	return machine
}

// enrol opens the vault as the machine in its folder and enrols that.
func enrol(t *testing.T, path string, expectedWarnings ...string) int64 {
	t.Helper()
	v, err := locker.Open(t.Context(), path, testOptions(t, filepath.Dir(path), expectedWarnings...))
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	k, err := v.Unlock(t.Context(), passphrase)
	if err != nil {
		t.Fatal(err)
	}
	seq, err := v.Enrol(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

func addOn(t *testing.T, path, text string, expectedWarnings ...string) {
	t.Helper()
	v, err := locker.Open(t.Context(), path, testOptions(t, filepath.Dir(path), expectedWarnings...))
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	add(t, v, locker.Target{}, []locker.Fact{note(text)})
}

// What another machine adds is vouched for once the holder of the passphrase
// has enrolled it, also what it added before.
func TestEnrol(t *testing.T) {
	v, path := newVault(t)
	add(t, v, locker.Target{}, []locker.Fact{note("at home")})
	v.Close()
	checkVault(t, path, 2)
	if seq := enrol(t, path); seq != 0 {
		t.Errorf("the first device is enrolled with record %d", seq)
	}

	away := otherMachine(t, path)
	addOn(t, away, "elsewhere", locker.WarnNewDevice) // record 2
	got := verify(t, away)
	if codes := faultCodes(got); codes[locker.FaultUnsigned] != 1 || len(codes) != 1 || !got.Unenrolled {
		t.Errorf("before enrolling: %+v, unenrolled %v", got.Faults, got.Unenrolled)
	}
	if seq := enrol(t, away); seq != 3 {
		t.Errorf("enrolled with record %d, want 3", seq)
	}
	checkVault(t, away, 4)
	if verify(t, away).Unenrolled {
		t.Error("unenrolled")
	}
	if seq := enrol(t, away); seq != 0 {
		t.Errorf("enrolled again with record %d", seq)
	}
	addOn(t, away, "elsewhere again")
	checkVault(t, away, 5)

	// A third one, and the first one again, which takes the file back.
	third := otherMachine(t, away)
	addOn(t, third, "on the third", locker.WarnNewDevice)
	if seq := enrol(t, third); seq != 6 {
		t.Errorf("enrolled with record %d, want 6", seq)
	}
	copyFile(t, third, path)
	addOn(t, path, "at home again")
	checkVault(t, path, 8)

	v, err := locker.Open(t.Context(), path, testOptions(t, filepath.Dir(path)))
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	k, err := v.Unlock(t.Context(), passphrase)
	if err != nil {
		t.Fatal(err)
	}
	// Also where the stored hashes were lost: an enrolled key is found through
	// those made anew.
	lost := copyVault(t, path)
	addOn(t, otherTo(t, third, lost), "on the third again")
	db := rawDB(t, lost)
	withoutTriggers(t, db, func() { exec1(t, db, "DELETE FROM node") })
	db.Close()
	addOn(t, lost, "at home, without nodes", locker.WarnNodes)
	checkVault(t, lost, 10)

	// A head that an enrolled key signed is taken for one that is signed.
	if h, err := v.HeadCovering(t.Context(), 3); err != nil || h.Size != 3 {
		t.Errorf("head %d covers 3 records, %v", h.Size, err)
	}
	r, err := v.Record(t.Context(), k, 3)
	if err != nil || r.Type != record.DeviceType || !r.Known || r.Incident != 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	leaf, err := record.ParseLeaf(texts(t, rawDB(t, path), "SELECT leaf FROM record WHERE seq = 3")[0])
	if err != nil || r.Fields["key"] != record.Text(leaf.Device) {
		t.Errorf("record says %v, leaf %q, %v", r.Fields["key"], leaf.Device, err)
	}
	if _, err := v.Retract(t.Context(), k, 3, "no"); !errors.Is(err, locker.ErrStays) {
		t.Errorf("retracting the enrolment: %v", err)
	}
}

// Another vault's key enrols nobody, and is not taken for this vault's.
func TestOtherKey(t *testing.T) {
	v, path := newVault(t)
	defer v.Close()
	other, err := crypto.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	if seq, err := v.Enrol(t.Context(), other); !errors.Is(err, locker.ErrOtherKey) || seq != 0 {
		t.Errorf("enrolled: %d, %v", seq, err)
	}
	own, err := v.Unlock(t.Context(), passphrase)
	if err != nil {
		t.Fatal(err)
	}
	unlock := func() {
		t.Helper()
		if err := v.UnlockKey(t.Context(), other); !errors.Is(err, locker.ErrOtherKey) {
			t.Errorf("another key: %v", err)
		}
		if err := v.UnlockKey(t.Context(), own); err != nil {
			t.Errorf("the vault's key: %v", err)
		}
	}
	unlock()
	// Without the genesis, a later key line tells.
	if _, err := v.ChangePassphrase(t.Context(), own, "another one"); err != nil {
		t.Fatal(err)
	}
	db := rawDB(t, path)
	withoutTriggers(t, db, func() { exec1(t, db, "UPDATE record SET leaf = 'x' WHERE seq = 0") })
	unlock()
}

// Somebody who has the file, but not the passphrase, cannot enrol a key of
// their own. Each row does it in another way; the control has the owner key.
func TestEnrolForged(t *testing.T) {
	whole, path := newVault(t)
	add(t, whole, locker.Target{}, []locker.Fact{note("one")})
	id := whole.ID()
	k, err := whole.Unlock(t.Context(), passphrase)
	if err != nil {
		t.Fatal(err)
	}
	whole.Close()
	// There is an enrolled device already, and a fork in which another is.
	fork := otherMachine(t, path)
	if seq := enrol(t, fork, locker.WarnNewDevice); seq != 2 {
		t.Fatalf("enrolled with record %d", seq)
	}
	away := otherMachine(t, path)
	enrol(t, away, locker.WarnNewDevice)
	copyFile(t, away, path)
	checkVault(t, path, 3)

	_, theirs, err := signed.GenerateKey(fixedRand{}, record.Origin(id)) // forgeHead's
	if err != nil {
		t.Fatal(err)
	}
	var owner signed.Signer
	if skey, err := locker.SignerKey(record.Origin(id), k.Owner()); err != nil {
		t.Fatal(err)
	} else if owner, err = signed.NewSigner(skey); err != nil {
		t.Fatal(err)
	}

	for _, test := range []struct {
		name string
		do   func(c *victim)
		ok   bool
	}{
		{name: "control: signed by the owner", ok: true, do: func(c *victim) {
			root := c.enrolForged(3, theirs)
			forgeHead(t, c.db, id, record.Checkpoint{Vault: id, Size: 4, Root: root, From: 3})
			text, err := signed.Sign(&signed.Note{Text: record.Checkpoint{Vault: id, Size: 4, Root: root, From: 3}.Marshal()}, owner)
			if err != nil {
				t.Fatal(err)
			}
			exec1(t, c.db, "INSERT INTO head (size, note) VALUES (4, ?)", string(text))
		}},
		{name: "nobody's signature", do: func(c *victim) { c.enrolForged(3, theirs) }},
		{name: "their own signature", do: func(c *victim) {
			root := c.enrolForged(3, theirs)
			forgeHead(t, c.db, id, record.Checkpoint{Vault: id, Size: 4, Root: root, From: 3})
		}},
		{name: "their own signature for more than the record", do: func(c *victim) {
			root := c.enrolForged(3, theirs)
			forgeHead(t, c.db, id, record.Checkpoint{Vault: id, Size: 4, Root: root, From: 0})
		}},
		{name: "the owner's signature of another head", do: func(c *victim) {
			root := c.enrolForged(3, theirs)
			old := texts(t, c.db, "SELECT note FROM head WHERE size = 3")[0]
			_, sigs, _ := strings.Cut(old, "\n\n")
			exec1(t, c.db, "INSERT INTO head (size, note) VALUES (4, ?)", record.Checkpoint{Vault: id, Size: 4, Root: root, From: 3}.Marshal()+"\n"+sigs)
		}},
		{name: "the owner's head of the genesis as that of the record", do: func(c *victim) {
			c.enrolForged(3, theirs)
			exec1(t, c.db, "INSERT INTO head (size, note) SELECT 4, note FROM head WHERE size = 1")
		}},
		{name: "in the place of the true one, its head left", do: func(c *victim) {
			withoutTriggers(t, c.db, func() { exec1(t, c.db, "DELETE FROM record WHERE seq = 2") })
			c.enrolForged(2, theirs)
			addForged(c, 3)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := &victim{t: t, path: copyVault(t, path), id: id, key: k}
			c.db = rawDB(t, c.path)
			test.do(c)
			addForged(c, 4)
			c.db.Close()
			var w warnings
			got, err := locker.Verify(t.Context(), c.path, w.options(filepath.Dir(c.path)), nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			unsigned := map[int64]bool{}
			for _, f := range got.Faults {
				if f.Code == locker.FaultUnsigned {
					unsigned[f.Seq] = true
				} else if test.ok {
					t.Errorf("fault %+v", f)
				}
			}
			if test.ok != (len(unsigned) == 0) {
				t.Errorf("faults %+v", got.Faults)
			}
			// What add asks before it adds: whether a key that counts has signed.
			v, err := locker.Open(t.Context(), c.path, w.options(filepath.Dir(c.path)))
			if err != nil {
				t.Fatal(err)
			}
			defer v.Close()
			add(t, v, locker.Target{}, []locker.Fact{note("after")})
			if warned := w.codes[locker.WarnHeadMismatch] > 0; warned == test.ok {
				t.Errorf("warnings %v", w.codes)
			}
		})
	}

	// A head of a fork that the owner did sign enrols nobody here.
	c := &victim{t: t, path: copyVault(t, path), id: id, key: k}
	c.db = rawDB(t, c.path)
	other := rawDB(t, fork)
	leaf, note := texts(t, other, "SELECT leaf FROM record WHERE seq = 2")[0], texts(t, other, "SELECT note FROM head WHERE size = 3")[0]
	withoutTriggers(t, c.db, func() {
		exec1(t, c.db, "INSERT INTO record SELECT 3, 0, ?, sealed FROM record WHERE seq = 2", strings.Replace(leaf, "seq 2\n", "seq 3\n", 1))
		exec1(t, c.db, "INSERT INTO head (size, note) VALUES (4, ?), (3, ?)", note, note)
		forgeNodes(t, c.db)
	})
	c.db.Close()
	var w warnings
	got, err := locker.Verify(t.Context(), c.path, w.options(t.TempDir()), nil, nil)
	if err != nil || faultCodes(got)[locker.FaultUnsigned] != 1 {
		t.Errorf("%+v, %v", got.Faults, err)
	}
}

// enrolForged appends a record whose leaf names a device key.
func (c *victim) enrolForged(seq int64, vkey string) (root tlog.Hash) {
	c.t.Helper()
	sealed := seal(c.t, c.key.Recipient(), make([]byte, record.Block))
	leaf := &record.Leaf{Seq: seq, Sealed: sha256.Sum256(sealed), Device: vkey}
	withoutTriggers(c.t, c.db, func() {
		exec1(c.t, c.db, "INSERT INTO record VALUES (?, 0, ?, ?)", seq, leaf.Marshal(), sealed)
		_, root = forgeNodes(c.t, c.db)
	})
	return root
}

// addForged appends a record with a head that only the forger has signed.
func addForged(c *victim, seq int64) {
	c.t.Helper()
	leaf, sealed := c.forge(seq, c.key.Recipient())
	withoutTriggers(c.t, c.db, func() {
		exec1(c.t, c.db, "INSERT INTO record VALUES (?, 1, ?, ?)", seq, leaf, sealed)
		size, root := forgeNodes(c.t, c.db)
		forgeHead(c.t, c.db, c.id, record.Checkpoint{Vault: c.id, Size: size, Root: root, From: seq})
	})
}
