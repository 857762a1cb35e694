package locker

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"evidence-locker/crypto"
	"evidence-locker/locker/durable"
	"evidence-locker/locker/record"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Create makes a vault at path, sealed under the passphrase, and opens it. It
// returns ErrExists if anything stands there. Folders that are missing are
// made with mode 0700.
//
// The order, and what a crash after each step leaves:
//
//  1. the device key, synced: a key for a vault that never came to be;
//  2. the vault under a temporary name, with its genesis: a file that nobody
//     opens;
//  3. the rename: the vault.
func Create(ctx context.Context, path, passphrase string, o Options) (*Vault, error) {
	v, err := create(ctx, path, passphrase, o)
	if err != nil {
		return nil, fmt.Errorf("making vault %q: %w", path, err)
	}
	return v, nil
}

func create(ctx context.Context, path, passphrase string, o Options) (*Vault, error) {
	if err := durable.MkdirAll(filepath.Dir(path)); err != nil {
		return nil, err
	}
	unlock, err := lockNew(ctx, path, o.Waiting)
	if err != nil {
		return nil, err
	}
	defer unlock()

	key, err := crypto.NewKey()
	if err != nil {
		return nil, err
	}
	sealed, err := key.Seal(passphrase)
	if err != nil {
		return nil, err
	}
	id := randomHex(16)
	d, err := newDevice(&o, id, key.Recipient())
	if err != nil {
		return nil, err
	}
	ownerNote, err := ownerSigner(id, key)
	if err != nil {
		return nil, err
	}
	owner, err := ownerKey(id, key)
	if err != nil {
		return nil, err
	}
	recipient := key.Recipient().String()
	genesis := &record.Leaf{
		Vault: id, Created: o.Now().At, Owner: owner, Device: d.vkey,
		Key: &record.LeafKey{N: 1, Recipient: sha256.Sum256([]byte(recipient)), Sealed: sha256.Sum256(sealed)},
	}
	temp := path + ".new-" + randomHex(4)
	err = writeGenesis(ctx, temp, []note.Signer{d.signer, ownerNote}, genesis, recipient, sealed)
	os.Remove(temp + "-journal") // truncated, or of a vault that is not to be
	if err != nil {
		os.Remove(temp)
		return nil, err
	}
	if err := os.Rename(temp, path); err != nil {
		os.Remove(temp)
		return nil, err
	}
	if err := durable.SyncDir(filepath.Dir(path)); err != nil {
		return nil, err
	}
	v, err := Open(ctx, path, o)
	if err != nil {
		return nil, err
	}
	if cp, _, err := headOf(ctx, v.r, v.id, 1); err == nil {
		v.savePin(cp)
	}
	v.savePlace()
	return v, nil
}

// nothingStands returns ErrExists if a file stands at path, or one beside it
// that would become part of it: a journal that another vault left there would
// be rolled into the new one.
func nothingStands(path string) error {
	for _, name := range []string{path, journalOf(path), path + "-wal"} {
		if info, err := os.Lstat(name); err == nil && (name == path || info.Size() > 0) {
			return fmt.Errorf("%w: %s", ErrExists, name)
		} else if err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return nil
}

func writeGenesis(ctx context.Context, path string, signers []note.Signer, genesis *record.Leaf, recipient string, sealed []byte) error {
	leaf := genesis.Marshal()
	root := tlog.RecordHash([]byte(leaf))
	// The owner signs the genesis, and with it the first device: else whoever
	// has the file could put a device of their own there.
	text, err := signHead(record.Checkpoint{Vault: genesis.Vault, Size: 1, Root: root, From: 0}, signers...)
	if err != nil {
		return err
	}
	return makeFile(ctx, path, pageSize, schemaSQL, func(ctx context.Context, q querier) error {
		if err := setKey(ctx, q, recipient, sealed); err != nil {
			return err
		}
		_, err := q.ExecContext(ctx, "INSERT INTO record VALUES (0, 0, ?, x'')", leaf)
		if err == nil {
			_, err = q.ExecContext(ctx, "INSERT INTO node VALUES (0, ?)", root[:])
		}
		if err == nil {
			_, err = q.ExecContext(ctx, "INSERT INTO head (size, note) VALUES (1, ?)", text)
		}
		return err
	})
}

// makeFile makes a file of the format with these tables, and lets fill put into
// them what belongs to the first transaction; it may be nil.
func makeFile(ctx context.Context, path string, page int, schema string, fill func(context.Context, querier) error) error {
	// SQLite would make the file with the mode of the umask.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return sysError("making file", err)
	}
	if err := f.Close(); err != nil {
		return err
	}
	db, err := openDB(path, "rw", writeDSN)
	if err != nil {
		return err
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return sqlError("making tables", err)
	}
	defer conn.Close()
	for _, s := range []string{
		fmt.Sprintf("PRAGMA page_size=%d", page), "BEGIN IMMEDIATE", schema,
		fmt.Sprintf("PRAGMA application_id=%d", applicationID),
		fmt.Sprintf("PRAGMA user_version=%d", formatVersion),
	} {
		if _, err := conn.ExecContext(ctx, s); err != nil {
			return sqlError("making tables", err)
		}
	}
	if fill != nil {
		err = fill(ctx, conn)
	}
	if err == nil {
		_, err = conn.ExecContext(ctx, "COMMIT")
	}
	return sqlError("making tables", err)
}

// ownerKey returns the verifier key of the vault's owner.
func ownerKey(id string, k *crypto.Key) (string, error) {
	return note.NewEd25519VerifierKey(record.Origin(id), k.Owner().Public().(ed25519.PublicKey))
}

// ownerSigner returns what signs heads as the vault's owner.
func ownerSigner(id string, k *crypto.Key) (note.Signer, error) {
	skey, err := signerKey(record.Origin(id), k.Owner())
	if err != nil {
		return nil, err
	}
	return note.NewSigner(skey)
}

// randomHex returns n random bytes in hex.
func randomHex(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return hex.EncodeToString(b)
}
