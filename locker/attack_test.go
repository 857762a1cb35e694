package locker_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"evidence-locker/crypto"
	"evidence-locker/locker"
	"evidence-locker/locker/record"

	signed "golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// victim is a vault that somebody without its key has got hold of.
type victim struct {
	t     *testing.T
	path  string
	id    string
	older string // a copy from before the last two records
	key   *crypto.Key
	db    *sql.DB
}

// size is the number of records in every victim, the genesis included.
const victimSize = 10

// makeVictim makes the vault that each attack gets a copy of.
func makeVictim(t *testing.T) *victim {
	v, path := newVault(t)
	c := &victim{t: t, path: path, id: v.ID()}
	for i := range 7 {
		var files []locker.File
		if i == 2 {
			files = append(files, memFile("shot.png", bytes.Repeat([]byte("pixels"), 3000)))
		}
		add(t, v, locker.Target{New: i == 5}, []locker.Fact{note(fmt.Sprint("fact ", i))}, files...)
	}
	var err error
	if c.key, err = v.Unlock(t.Context(), passphrase); err != nil {
		t.Fatal(err)
	}
	v.Close()
	c.older = filepath.Join(t.TempDir(), "older")
	copyFile(t, path, c.older)
	if v, err = locker.Open(t.Context(), path, testOptions(t, filepath.Dir(path))); err != nil {
		t.Fatal(err)
	}
	add(t, v, locker.Target{}, []locker.Fact{note("fact 7")})
	v.Close()
	return c
}

func (c *victim) copy(t *testing.T) *victim {
	out := *c
	out.t = t
	out.path = copyVault(t, c.path)
	out.db = rawDB(t, out.path)
	return &out
}

// do runs statements with the triggers out of the way.
func (c *victim) do(statements ...string) {
	c.t.Helper()
	withoutTriggers(c.t, c.db, func() {
		for _, s := range statements {
			exec1(c.t, c.db, s)
		}
	})
}

// forge returns a record of the attacker's and the leaf that commits to it.
func (c *victim) forge(seq int64, r crypto.Recipient) (leaf string, sealed []byte) {
	c.t.Helper()
	sealed = seal(c.t, r, bytes.Repeat([]byte{' '}, 512))
	l := &record.Leaf{Seq: seq, Incident: 1, Sealed: sha256.Sum256(sealed)}
	return l.Marshal(), sealed
}

// cut removes the last n records and all that came with them.
func (c *victim) cut(n int) {
	size := victimSize - n
	c.do(
		fmt.Sprintf("DELETE FROM record WHERE seq >= %d", size),
		fmt.Sprintf("DELETE FROM head WHERE size > %d", size),
		fmt.Sprintf("DELETE FROM chunk WHERE object IN (SELECT id FROM object WHERE seq >= %d)", size),
		fmt.Sprintf("DELETE FROM object WHERE seq >= %d", size),
	)
	withoutTriggers(c.t, c.db, func() { forgeNodes(c.t, c.db) })
}

// takeOver rewrites the genesis: another recipient, another device, consistent
// throughout.
func (c *victim) takeOver() {
	stranger, err := crypto.NewKey()
	if err != nil {
		c.t.Fatal(err)
	}
	sealed, err := stranger.Seal("theirs")
	if err != nil {
		c.t.Fatal(err)
	}
	old, err := record.ParseLeaf(texts(c.t, c.db, "SELECT leaf FROM record WHERE seq = 0")[0])
	if err != nil {
		c.t.Fatal(err)
	}
	text := stranger.Recipient().String()
	old.Key = &record.LeafKey{N: 1, Recipient: sha256.Sum256([]byte(text)), Sealed: sha256.Sum256(sealed)}
	withoutTriggers(c.t, c.db, func() {
		exec1(c.t, c.db, "UPDATE record SET leaf = ? WHERE seq = 0", old.Marshal())
		exec1(c.t, c.db, "UPDATE key SET recipient = ?, sealed = ?", text, sealed)
		exec1(c.t, c.db, "UPDATE key_copy SET recipient = ?, sealed = ?", text, sealed)
		exec1(c.t, c.db, "DELETE FROM head")
		size, root := forgeNodes(c.t, c.db)
		forgeHead(c.t, c.db, c.id, record.Checkpoint{Vault: c.id, Size: size, Root: root, From: 0})
	})
}

// attacks is what somebody who holds the file, but no key, can do to it.
var attacks = []struct {
	name   string
	do     func(c *victim)
	faults []string // at least one of these is reported
	refuse bool     // opening is refused, nothing is added
	quiet  bool     // add need not warn: it does not look at what is wrong
	heals  bool     // add makes good what was done
	stuck  bool     // add cannot number its records and says so
	other  bool     // it is another vault; add can only warn of that
}{
	{name: "last records cut", do: func(c *victim) { c.cut(3) }, faults: []string{locker.FaultPinHead}},
	{name: "last record cut, its head left", do: func(c *victim) { c.do("DELETE FROM record WHERE seq = 9") },
		faults: []string{locker.FaultHead}},
	{name: "record in the middle cut", do: func(c *victim) { c.do("DELETE FROM record WHERE seq = 4") },
		faults: []string{locker.FaultGap}, quiet: true},
	{name: "record in the middle cut, nodes gone", do: func(c *victim) { c.do("DELETE FROM record WHERE seq = 4", "DELETE FROM node WHERE id > 5") },
		faults: []string{locker.FaultGap}},
	{name: "record replaced", do: func(c *victim) {
		leaf, sealed := c.forge(3, c.key.Recipient())
		withoutTriggers(c.t, c.db, func() {
			exec1(c.t, c.db, "UPDATE record SET leaf = ?, sealed = ? WHERE seq = 3", leaf, sealed)
		})
	}, faults: []string{locker.FaultNode}, quiet: true},
	{name: "record and nodes replaced", do: func(c *victim) {
		leaf, sealed := c.forge(3, c.key.Recipient())
		withoutTriggers(c.t, c.db, func() {
			exec1(c.t, c.db, "UPDATE record SET leaf = ?, sealed = ? WHERE seq = 3", leaf, sealed)
			forgeNodes(c.t, c.db)
		})
	}, faults: []string{locker.FaultHead}},
	{name: "record, nodes and heads replaced", do: func(c *victim) {
		leaf, sealed := c.forge(3, c.key.Recipient())
		withoutTriggers(c.t, c.db, func() {
			exec1(c.t, c.db, "UPDATE record SET leaf = ?, sealed = ? WHERE seq = 3", leaf, sealed)
			size, root := forgeNodes(c.t, c.db)
			exec1(c.t, c.db, "DELETE FROM head")
			forgeHead(c.t, c.db, c.id, record.Checkpoint{Vault: c.id, Size: size, Root: root})
		})
	}, faults: []string{locker.FaultUnsigned}},
	{name: "sealed bytes of two records swapped", do: func(c *victim) {
		c.do("CREATE TEMP TABLE x AS SELECT seq, sealed FROM record", "UPDATE record SET sealed = (SELECT sealed FROM x WHERE x.seq = 11 - record.seq) WHERE seq IN (5, 6)")
	}, faults: []string{locker.FaultSealed}, quiet: true},
	{name: "two records reordered", do: func(c *victim) {
		c.do("UPDATE record SET seq = 100 WHERE seq = 5", "UPDATE record SET seq = 5 WHERE seq = 6", "UPDATE record SET seq = 6 WHERE seq = 100")
		withoutTriggers(c.t, c.db, func() { forgeNodes(c.t, c.db) })
	}, faults: []string{locker.FaultLeaf}},
	{name: "record replayed at the end", do: func(c *victim) {
		c.do("INSERT INTO record SELECT 10, incident, leaf, sealed FROM record WHERE seq = 3")
	}, faults: []string{locker.FaultLeaf}},
	{name: "older copy put back", do: func(c *victim) { c.db.Close(); copyFile(c.t, c.older, c.path) }, faults: []string{locker.FaultPinHead}},
	{name: "record appended under an own device key", do: func(c *victim) {
		leaf, sealed := c.forge(10, c.key.Recipient())
		withoutTriggers(c.t, c.db, func() {
			exec1(c.t, c.db, "INSERT INTO record VALUES (10, 1, ?, ?)", leaf, sealed)
			size, root := forgeNodes(c.t, c.db)
			forgeHead(c.t, c.db, c.id, record.Checkpoint{Vault: c.id, Size: size, Root: root, From: 10})
		})
	}, faults: []string{locker.FaultUnsigned}},
	{name: "device of their own enrolled, record under its key", do: func(c *victim) {
		_, vkey, err := signed.GenerateKey(fixedRand{}, record.Origin(c.id)) // forgeHead's
		if err != nil {
			c.t.Fatal(err)
		}
		root := c.enrolForged(10, vkey)
		forgeHead(c.t, c.db, c.id, record.Checkpoint{Vault: c.id, Size: 11, Root: root, From: 10})
		addForged(c, 11)
	}, faults: []string{locker.FaultUnsigned}},
	{name: "record appended, no head", do: func(c *victim) {
		leaf, sealed := c.forge(10, c.key.Recipient())
		withoutTriggers(c.t, c.db, func() {
			exec1(c.t, c.db, "INSERT INTO record VALUES (10, 1, ?, ?)", leaf, sealed)
			forgeNodes(c.t, c.db)
		})
	}, faults: []string{locker.FaultUnsigned}},
	{name: "both key rows swapped", do: func(c *victim) {
		k, err := crypto.NewKey()
		if err != nil {
			c.t.Fatal(err)
		}
		sealed, err := k.Seal("theirs")
		if err != nil {
			c.t.Fatal(err)
		}
		for _, table := range []string{"key", "key_copy"} {
			exec1(c.t, c.db, "UPDATE "+table+" SET recipient = ?, sealed = ?", k.Recipient().String(), sealed)
		}
	}, faults: []string{locker.FaultKey}},
	{name: "recipient swapped, the seal left", do: func(c *victim) {
		k, err := crypto.NewKey()
		if err != nil {
			c.t.Fatal(err)
		}
		exec1(c.t, c.db, "UPDATE key SET recipient = ?", k.Recipient().String())
	}, faults: []string{locker.FaultKey}},
	{name: "key rows removed", do: func(c *victim) { c.do("DELETE FROM key", "DELETE FROM key_copy") }, faults: []string{locker.FaultKey}, quiet: true},
	{name: "genesis rewritten for another recipient", do: (*victim).takeOver, faults: []string{locker.FaultPinKey}},
	{name: "another vault put in its place", do: func(c *victim) {
		// This machine has added to the vault at its place.
		v, err := locker.Open(context.Background(), c.path, baseOptions(filepath.Dir(c.path)))
		if err != nil {
			c.t.Fatal(err)
		}
		add(c.t, v, locker.Target{}, []locker.Fact{note("here")})
		v.Close()
		c.db.Close()
		os.Remove(c.path)
		dir := c.t.TempDir()
		v, err = locker.Create(context.Background(), filepath.Join(dir, "v"), "theirs", baseOptions(dir))
		if err != nil {
			c.t.Fatal(err)
		}
		v.Close()
		copyFile(c.t, filepath.Join(dir, "v"), c.path)
	}, faults: []string{locker.FaultPlace}, other: true},
	{name: "heads removed", do: func(c *victim) { c.do("DELETE FROM head") }, faults: []string{locker.FaultUnsigned}},
	{name: "one head removed", do: func(c *victim) { c.do("DELETE FROM head WHERE size = 6") }, faults: []string{locker.FaultUnsigned}, quiet: true},
	{name: "signature of a head cut off", do: func(c *victim) {
		c.do("UPDATE head SET note = substr(note, 1, instr(note, '—') - 1) WHERE size = 6")
	}, faults: []string{locker.FaultHead, locker.FaultUnsigned}, quiet: true},
	{name: "head claims to vouch for more", do: func(c *victim) {
		c.do("UPDATE head SET note = replace(note, 'from 5', 'from 2') WHERE size = 6")
	}, faults: []string{locker.FaultHead, locker.FaultUnsigned}, quiet: true},
	{name: "junk in the last row that a head can have", do: func(c *victim) { c.do("INSERT INTO head VALUES (9223372036854775807, 10, 'x')") },
		faults: []string{locker.FaultHead}, quiet: true},
	{name: "head far ahead", do: func(c *victim) { c.do("INSERT INTO head (size, note) VALUES (1000000, 'x')") }, faults: []string{locker.FaultHead}, quiet: true},
	{name: "all nodes removed", do: func(c *victim) { c.do("DELETE FROM node") }, faults: []string{locker.FaultNode}, heals: true},
	{name: "one node removed", do: func(c *victim) { c.do("DELETE FROM node WHERE id = 2") }, faults: []string{locker.FaultNode}, quiet: true},
	{name: "one node changed", do: func(c *victim) { c.do("UPDATE node SET hash = zeroblob(32) WHERE id = 2") },
		faults: []string{locker.FaultNode}, quiet: true},
	{name: "nodes too many", do: func(c *victim) { c.do("INSERT INTO node SELECT max(id) + 1, zeroblob(32) FROM node") }, faults: []string{locker.FaultNode}, heals: true},
	{name: "node below zero", do: func(c *victim) { c.do("INSERT INTO node VALUES (-1, zeroblob(32))") }, faults: []string{locker.FaultStrayRow}, quiet: true},
	{name: "record below zero", do: func(c *victim) { c.do("INSERT INTO record SELECT -5, 1, leaf, sealed FROM record WHERE seq = 3") },
		faults: []string{locker.FaultStrayRow}, quiet: true},
	{name: "record far ahead", do: func(c *victim) { c.do("INSERT INTO record SELECT 1 << 40, 1, leaf, sealed FROM record WHERE seq = 3") },
		faults: []string{locker.FaultGap}, quiet: true, stuck: true},
	{name: "stray object", do: func(c *victim) {
		c.do("INSERT INTO object SELECT '00112233445566778899aabbccddeeff', seq, chunks, size, sha256 FROM object")
	}, faults: []string{locker.FaultStray}, quiet: true},
	{name: "object removed", do: func(c *victim) { c.do("DELETE FROM object") }, faults: []string{locker.FaultObject}, quiet: true},
	{name: "file's bytes replaced", do: func(c *victim) { c.do("UPDATE chunk SET data = zeroblob(length(data))") },
		faults: []string{locker.FaultObject}, quiet: true},
	{name: "file's bytes cut", do: func(c *victim) { c.do("UPDATE chunk SET data = substr(data, 1, length(data) - 1)") },
		faults: []string{locker.FaultObject}, quiet: true},
	{name: "file's bytes removed", do: func(c *victim) { c.do("DELETE FROM chunk") }, faults: []string{locker.FaultObject}, quiet: true},
	{name: "file given to another record", do: func(c *victim) { c.do("UPDATE object SET seq = 2") }, faults: []string{locker.FaultObject}, quiet: true},
	{name: "incident changed in the row", do: func(c *victim) { c.do("UPDATE record SET incident = 7 WHERE seq = 4") },
		faults: []string{locker.FaultLeaf}, quiet: true},
	{name: "incident changed in row and leaf", do: func(c *victim) {
		c.do("UPDATE record SET incident = 7, leaf = replace(leaf, 'incident 1', 'incident 7') WHERE seq = 4")
	}, faults: []string{locker.FaultNode, locker.FaultHead}, quiet: true},
	{name: "local row edited", do: func(c *victim) { c.do("UPDATE local SET value = '1 2026-01-01T00Z' WHERE name = 'current'") },
		faults: []string{locker.FaultLocal}, quiet: true, heals: true},
	{name: "triggers dropped", do: func(c *victim) {
		for _, name := range texts(c.t, c.db, "SELECT name FROM sqlite_schema WHERE type = 'trigger'") {
			exec1(c.t, c.db, "DROP TRIGGER "+name)
		}
	}, faults: []string{locker.FaultSchema}, heals: true},
	{name: "trigger that swallows records", do: func(c *victim) {
		exec1(c.t, c.db, "DROP TRIGGER record_delete")
		exec1(c.t, c.db, "CREATE TRIGGER swallow AFTER INSERT ON head BEGIN DELETE FROM record WHERE seq = NEW.size - 1; END")
	}, faults: []string{locker.FaultSchema}, heals: true},
	{name: "trigger that refuses records", do: func(c *victim) {
		exec1(c.t, c.db, "CREATE TRIGGER refuse BEFORE INSERT ON record BEGIN SELECT RAISE(ABORT, 'no'); END")
	}, faults: []string{locker.FaultSchema}, heals: true},
	{name: "chunk row that blocks the next", do: func(c *victim) {
		c.do("INSERT INTO chunk VALUES (-1, 'ffffffffffffffffffffffffffffffff', 0, x'00')")
	}, quiet: true},
	{name: "newer format claimed", do: func(c *victim) { exec1(c.t, c.db, "PRAGMA user_version = 2") }, refuse: true},
	{name: "older format claimed", do: func(c *victim) { exec1(c.t, c.db, "PRAGMA user_version = 0") }, refuse: true},
	{name: "no vault claimed", do: func(c *victim) { exec1(c.t, c.db, "PRAGMA application_id = 0") }, refuse: true},
	{name: "leaf longer than any", do: func(c *victim) {
		c.do("UPDATE record SET leaf = leaf || replace(hex(zeroblob(2000000)), '00', 'x y' || char(10)) WHERE seq = 4")
	}, faults: []string{locker.FaultLeaf}, quiet: true},
}

func TestAttack(t *testing.T) {
	whole := makeVictim(t)

	t.Run("control: untouched", func(t *testing.T) {
		c := whole.copy(t)
		checkVault(t, c.path, victimSize)
		if codes := c.addAfter(t); len(codes) != 0 {
			t.Errorf("add warns %v", codes)
		}
		checkVault(t, c.path, victimSize+2)
	})

	var begun, done atomic.Int64
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			begun.Add(1)
			c := whole.copy(t)
			a.do(c)
			c.db.Close()
			var w warnings
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			got, err := locker.Verify(ctx, c.path, w.options(filepath.Dir(c.path)), nil, nil)
			if a.refuse {
				if err == nil {
					t.Fatal("it opens")
				}
				t.Log(err)
				done.Add(1)
				return
			}
			if err != nil {
				t.Fatalf("verifying: %v", err)
			}
			codes := faultCodes(got)
			if len(got.Faults) > 10*victimSize {
				t.Errorf("%d faults are more than anybody reads", len(got.Faults))
			}
			if len(a.faults) > 0 && !slices.ContainsFunc(a.faults, func(f string) bool { return codes[f] > 0 }) {
				t.Errorf("faults %v, want one of %v", codes, a.faults)
			}
			if a.stuck {
				v, err := locker.Open(ctx, c.path, w.options(filepath.Dir(c.path)))
				if err == nil {
					err = v.Add(ctx, locker.AddRequest{Facts: []locker.Fact{note("x")}, Recorded: func(locker.Recorded) { t.Error("recorded") }})
					v.Close()
				}
				if !errors.Is(err, locker.ErrDamaged) {
					t.Errorf("add: %v", err)
				}
				done.Add(1)
				return
			}
			if a.other {
				v, err := locker.Open(ctx, c.path, w.options(filepath.Dir(c.path)))
				if err != nil {
					t.Fatal(err)
				}
				add(t, v, locker.Target{}, []locker.Fact{note("x")})
				v.Close()
				if w.codes[locker.WarnOtherVault] == 0 {
					t.Errorf("warnings %v", w.codes)
				}
				done.Add(1)
				return
			}
			warned := c.addAfter(t)
			if len(warned) == 0 && !a.quiet {
				t.Error("add does not warn")
			}
			t.Log("faults", codes, "warnings", warned)
			if again, err := locker.Verify(ctx, c.path, w.options(filepath.Dir(c.path)), nil, nil); err != nil {
				t.Errorf("verifying after the add: %v", err)
			} else if len(again.Faults) == 0 && len(codes) > 0 && !a.heals {
				t.Errorf("one add later nobody notices any more; before: %v", codes)
			}
			done.Add(1)
		})
	}
	t.Cleanup(func() { // the attacks are parallel tests
		if begun.Load() == 0 || done.Load() != begun.Load() {
			t.Errorf("%d of %d attacks were carried out", done.Load(), begun.Load())
		}
	})
}

// addAfter adds a note and a file to an attacked vault, proves with the true
// key that both are there, and returns what add warned of.
func (c *victim) addAfter(t *testing.T) map[string]int {
	t.Helper()
	var w warnings
	v, err := locker.Open(t.Context(), c.path, w.options(filepath.Dir(c.path)))
	if err != nil {
		t.Fatalf("opening to add: %v", err)
	}
	secret, content := "added after the attack", []byte("picture taken after the attack")
	var got []locker.Recorded
	err = v.Add(t.Context(), locker.AddRequest{
		Facts: []locker.Fact{note(secret)}, Files: []locker.File{memFile("after.png", content)},
		Recorded: func(r locker.Recorded) { got = append(got, r) },
		Failed:   func(f locker.File, err error) { t.Errorf("%s: %v", f.Name, err) },
	})
	v.Close()
	if err != nil || len(got) != 2 {
		t.Errorf("add is refused (%d recorded): %v", len(got), err)
		return w.codes
	}
	db := rawDB(t, c.path)
	defer db.Close()
	open := func(sealed []byte) []byte {
		r, err := crypto.Decrypt(bytes.NewReader(sealed), c.key)
		if err != nil {
			t.Errorf("what was added is not sealed to the true recipient: %v", err)
			return nil
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Error(err)
		}
		return b
	}
	blob := func(query string, args ...any) []byte {
		s := texts(t, db, query, args...)
		if len(s) != 1 {
			t.Errorf("%s: %d rows", query, len(s))
			return nil
		}
		b, _ := hex.DecodeString(s[0])
		return b
	}
	if plain := open(blob("SELECT hex(sealed) FROM record WHERE seq = ?", got[0].Seq)); !bytes.Contains(plain, []byte(secret)) {
		t.Errorf("record %d does not hold the note", got[0].Seq)
	}
	if !strings.Contains(strings.Join(texts(t, db, "SELECT leaf FROM record WHERE seq = ?", got[1].Seq), ""), got[1].File.ObjectID) {
		t.Errorf("record %d does not name its file", got[1].Seq)
	}
	if plain := open(blob("SELECT hex(data) FROM chunk WHERE object = ?", got[1].File.ObjectID)); !bytes.Equal(plain, content) {
		t.Error("the file does not come out again")
	}
	return w.codes
}

// On a machine that has never seen the vault, nothing is pinned. Whoever puts a
// device of their own into the genesis, and signs all heads with it, lacks the
// owner's signature; whoever replaces the owner as well lacks the passphrase.
func TestGenesisDeviceReplaced(t *testing.T) {
	whole := makeVictim(t)
	for _, owner := range []bool{false, true} {
		c := whole.copy(t)
		_, vkey, err := signed.GenerateKey(fixedRand{}, record.Origin(c.id)) // as forgeHead's
		if err != nil {
			t.Fatal(err)
		}
		genesis, err := record.ParseLeaf(texts(t, c.db, "SELECT leaf FROM record WHERE seq = 0")[0])
		if err != nil {
			t.Fatal(err)
		}
		genesis.Device = vkey
		if owner {
			genesis.Owner = vkey
		}
		withoutTriggers(t, c.db, func() {
			exec1(t, c.db, "UPDATE record SET leaf = ? WHERE seq = 0", genesis.Marshal())
			size, root := forgeNodes(t, c.db)
			exec1(t, c.db, "DELETE FROM head")
			forgeHead(t, c.db, c.id, record.Checkpoint{Vault: c.id, Size: 1, Root: tlog.RecordHash([]byte(genesis.Marshal()))})
			forgeHead(t, c.db, c.id, record.Checkpoint{Vault: c.id, Size: size, Root: root, From: 1})
		})
		c.db.Close()
		o := baseOptions(t.TempDir())
		o.ConfigDir = ""
		for _, unlocked := range []bool{false, true} {
			got, err := locker.Verify(t.Context(), c.path, o, func() (string, error) {
				if unlocked {
					return passphrase, nil
				}
				return "", nil
			}, nil)
			if err != nil {
				t.Fatal(err)
			}
			// Without the passphrase a replaced owner cannot be told from the true one.
			if want := !owner || unlocked; (faultCodes(got)[locker.FaultOwner] > 0) != want {
				t.Errorf("owner replaced %v, unlocked %v: faults %v", owner, unlocked, got.Faults)
			}
		}
	}
}
