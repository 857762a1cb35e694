package locker

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"evidence-locker/crypto"
	"evidence-locker/locker/record"

	"golang.org/x/mod/sumdb/note"
)

// Enrol makes this machine's device key one whose heads vouch for records:
// those that it has signed and those that it will. It returns the seq of the
// record that says so, 0 if the key counts already, and ErrOtherKey if k is
// not the vault's.
func (v *Vault) Enrol(ctx context.Context, k *crypto.Key) (seq int64, err error) {
	if seq, err = v.enrol(ctx, k); err != nil {
		return 0, fmt.Errorf("enrolling this machine's key: %w", err)
	}
	return seq, nil
}

func (v *Vault) enrol(ctx context.Context, k *crypto.Key) (int64, error) {
	genesis, err := readLeaf(ctx, v.r, 0)
	if err != nil {
		return 0, err
	}
	owner, err := ownerKey(v.id, k)
	if err != nil {
		return 0, err
	}
	if genesis.Owner != owner {
		return 0, ErrOtherKey
	}
	signer, err := ownerSigner(v.id, k)
	if err != nil {
		return 0, err
	}
	d, err := v.loadDevice()
	if err != nil || d == nil {
		// Under the gate: two processes must not both make a device key.
		unlock, err := v.lockGate(ctx)
		if err != nil {
			return 0, err
		}
		d, err = v.device(ctx)
		unlock()
		if err != nil {
			return 0, err
		}
	}
	if d.vkey == genesis.Device || v.isEnrolled(ctx, d) {
		return 0, nil
	}
	body := record.Fields{"key": record.Text(d.vkey)}
	if v.o.Device.Host != "" {
		body["name"] = record.Text(v.o.Device.Host)
	}
	e := &entry{typ: record.DeviceType, body: body, device: d.vkey, owner: signer}
	if _, err := v.append(ctx, target{fixed: true}, []*entry{e}); err != nil {
		return 0, err
	}
	if !v.isEnrolled(ctx, d) {
		return 0, fmt.Errorf("%w: the head of record %d", ErrDamaged, e.seq) // written without it
	}
	return e.seq, nil
}

func (v *Vault) isEnrolled(ctx context.Context, d *device) bool {
	for _, known := range v.enrolled(ctx, &tree{q: v.r}) {
		if known.KeyHash() == d.verifier.KeyHash() {
			return true
		}
	}
	return false
}

// enrolled returns the keys of enrolled devices, the first one not among them.
// What cannot be read, or is not of the tree, is passed over.
func (v *Vault) enrolled(ctx context.Context, t *tree) (keys []note.Verifier) {
	genesis, err := readLeaf(ctx, v.r, 0)
	if err != nil {
		return nil
	}
	for after, seq := int64(0), int64(0); ; after = seq {
		var text string
		err := queryRow(ctx, v.r, `SELECT seq, coalesce(CASE WHEN octet_length(leaf) <= ? THEN leaf END, '') FROM record
			WHERE instr(leaf, char(10) || 'device ') > 0 AND seq > ? ORDER BY seq LIMIT 1`, record.MaxLeaf, after)(&seq, &text)
		if err != nil || seq <= after { // no more, or a damaged page
			return keys
		}
		leaf, err := record.ParseLeaf(text)
		if err != nil || leaf.Seq != seq {
			continue
		}
		root, err := t.root(ctx, seq+1)
		if err != nil {
			continue
		}
		if ok, err := ownerSigned(ctx, v.r, genesis, seq+1, root); err != nil || !ok {
			continue
		}
		if key := deviceKey(leaf, v.id); key != nil {
			keys = addKey(keys, key)
		}
	}
}

// addKey adds a key that is not among them: note.VerifierList wants each once.
func addKey(keys []note.Verifier, key note.Verifier) []note.Verifier {
	for _, k := range keys {
		if k.KeyHash() == key.KeyHash() {
			return keys
		}
	}
	return append(keys, key)
}

// deviceKey returns the key that a leaf's device line names, nil if there is
// none for heads of this vault.
func deviceKey(leaf *record.Leaf, vault string) note.Verifier {
	v, err := note.NewVerifier(leaf.Device)
	if err != nil || v.Name() != record.Origin(vault) {
		return nil
	}
	return v
}

// ownerSigned reports whether the owner that the genesis names has signed a
// head of this size and root. Only whoever holds the identity can.
func ownerSigned(ctx context.Context, q querier, genesis *record.Leaf, size int64, root [32]byte) (bool, error) {
	owner, err := note.NewVerifier(genesis.Owner)
	if err != nil {
		return false, nil
	}
	texts, err := headTexts(ctx, q, size)
	if err != nil {
		return false, err
	}
	for _, text := range texts {
		cp, ok, err := openHead(text, genesis.Vault, owner)
		if err == nil && ok && cp.Root == root {
			return true, nil
		}
	}
	return false, nil
}

// UnlockKey proves that a key, say one typed from paper, is the vault's. It
// returns ErrOtherKey if it is another's.
func (v *Vault) UnlockKey(ctx context.Context, k *crypto.Key) error {
	genesis, err := readLeaf(ctx, v.r, 0)
	if err == nil {
		// The owner key comes out of the identity itself, so that the recipient
		// need not be looked at: a row that was swapped shows elsewhere.
		if owner, err := ownerKey(v.id, k); err != nil || owner != genesis.Owner {
			return ErrOtherKey
		}
		return nil
	}
	if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNoRecord) {
		return err
	}
	line, err := newestKey(ctx, v.r)
	if err != nil {
		return fmt.Errorf("comparing the key: %w", err)
	}
	if line.Recipient != sha256.Sum256([]byte(k.Recipient().String())) {
		return ErrOtherKey
	}
	return nil
}
