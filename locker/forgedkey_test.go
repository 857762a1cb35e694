package locker_test

import (
	"bytes"
	"crypto/sha256"
	"path/filepath"
	"testing"

	"evidence-locker/crypto"
	"evidence-locker/locker"
	"evidence-locker/locker/record"
)

// Somebody who has a stick, and knows no passphrase of it now, appends a record
// that has its key count as sealed otherwise: for a recipient of theirs, or
// under a passphrase that was changed.
func TestRestoreForgedKey(t *testing.T) {
	for _, recipient := range []bool{true, false} {
		v, _ := newVault(t)
		dest := filepath.Join(stick(t), "b.locker")
		add(t, v, locker.Target{New: true}, []locker.Fact{note("one")})
		k, err := v.Unlock(t.Context(), passphrase)
		if err != nil {
			t.Fatal(err)
		}
		owner := k.Recipient().String()
		sealed, err := k.Seal(passphrase) // the old one; with a stranger's recipient it is the one in use
		if err != nil {
			t.Fatal(err)
		}
		backup(t, v, dest)
		if recipient {
			stranger, err := crypto.NewKey()
			if err != nil {
				t.Fatal(err)
			}
			owner = stranger.Recipient().String()
		}
		db := rawDB(t, dest)
		var size int64
		if err := db.QueryRow("SELECT count(*) FROM record").Scan(&size); err != nil {
			t.Fatal(err)
		}
		body := seal(t, k.Recipient(), bytes.Repeat([]byte{' '}, 512))
		leaf := &record.Leaf{Seq: size, Sealed: sha256.Sum256(body),
			Key: &record.LeafKey{N: 1, Recipient: sha256.Sum256([]byte(owner)), Sealed: sha256.Sum256(sealed)}}
		withoutTriggers(t, db, func() {
			exec1(t, db, "INSERT INTO record VALUES (?, 0, ?, ?)", size, leaf.Marshal(), body)
			exec1(t, db, "UPDATE key SET recipient = ?, sealed = ?", owner, sealed)
			exec1(t, db, "UPDATE key_copy SET recipient = ?, sealed = ?", owner, sealed)
			n, root := forgeNodes(t, db)
			forgeHead(t, db, v.ID(), record.Checkpoint{Vault: v.ID(), Size: n, Root: root, From: size})
		})
		db.Close()
		to := filepath.Join(t.TempDir(), "new", "vault.locker")
		got, err := locker.Restore(t.Context(), dest, to, locker.RestoreRequest{Key: withPassphrase(passphrase, new(int))}, baseOptions(filepath.Dir(to)))
		if err == nil {
			t.Errorf("recipient %v: restored, with faults %v", recipient, got.Faults)
		}
	}
}
