package locker

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"evidence-locker/crypto"
	"evidence-locker/locker/durable"
	"evidence-locker/locker/record"

	"golang.org/x/mod/sumdb/note"
)

// deviceLine begins a device file.
const deviceLine = "evidence-locker/device/v1"

// A device is what this machine keeps of a vault, outside of it: the key that
// signs heads, the recipient that was seen first, and the last head. Two
// files, since the head is rewritten with each record and without waiting for
// the disk, which must never put the key at risk:
//
//	device-<vault id>   the device line, the signer key, "recipient age1pq1..."
//	head-<vault id>     an unsigned checkpoint
//
// A third one, place-<hash of the vault's path>, holds the id of the vault
// that stood there last: a vault that another one takes the place of has no
// pin of its own. A fourth, home-<vault id>, holds the path that the pinned
// head is of.
type device struct {
	signer    note.Signer
	verifier  note.Verifier
	vkey      string // verifier's text
	recipient crypto.Recipient
}

func deviceFile(dir, vault string) string { return filepath.Join(dir, "device-"+vault) }
func pinFile(dir, vault string) string    { return filepath.Join(dir, "head-"+vault) }

// newDevice makes a device key and keeps it, with the recipient, before
// anything is signed with it.
func newDevice(o *Options, vault string, r crypto.Recipient) (*device, error) {
	skey, _, err := note.GenerateKey(rand.Reader, record.Origin(vault))
	if err != nil {
		return nil, fmt.Errorf("generating device key: %w", err)
	}
	d := &device{recipient: r}
	if err = d.parseKey(skey); err != nil {
		return nil, fmt.Errorf("generating device key: %w", err)
	}
	if o.ConfigDir == "" {
		return d, nil
	}
	text := fmt.Sprintf("%s\n%s\nrecipient %s\n", deviceLine, skey, r)
	err = durable.MkdirAll(o.ConfigDir)
	if err == nil {
		err = durable.WriteFile(deviceFile(o.ConfigDir, vault), []byte(text), true)
	}
	if err != nil {
		// Evidence is not refused for want of a place for a signature's key.
		o.warn(WarnDeviceUnkept, "%v", err)
	}
	return d, nil
}

// signerKey spells an Ed25519 key as a signer key: the hash of a verifier key
// stands in it.
func signerKey(name string, key ed25519.PrivateKey) (string, error) {
	vkey, err := note.NewEd25519VerifierKey(name, key.Public().(ed25519.PublicKey))
	if err != nil {
		return "", err
	}
	hash, b64, _ := strings.Cut(strings.TrimPrefix(vkey, name+"+"), "+")
	public, err := base64.StdEncoding.DecodeString(b64)
	if err != nil {
		return "", err
	}
	secret := append(public[:1:1], key.Seed()...) // the type byte, and the seed
	return "PRIVATE+KEY+" + name + "+" + hash + "+" + base64.StdEncoding.EncodeToString(secret), nil
}

// parseKey takes a signer key in. Its error never quotes the key.
func (d *device) parseKey(skey string) error {
	bad := errors.New("no signer key")
	s, err := note.NewSigner(skey)
	if err != nil {
		return bad
	}
	// PRIVATE+KEY+<name>+<hash>+<base64 of a type byte and the seed>, which may
	// itself hold a plus.
	parts := strings.SplitN(skey, "+", 5)
	b, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(b) != 1+ed25519.SeedSize {
		return bad
	}
	vkey, err := note.NewEd25519VerifierKey(s.Name(), ed25519.NewKeyFromSeed(b[1:]).Public().(ed25519.PublicKey))
	if err != nil {
		return bad
	}
	v, err := note.NewVerifier(vkey)
	if err != nil || v.KeyHash() != s.KeyHash() {
		return bad
	}
	d.signer, d.verifier, d.vkey = s, v, vkey
	return nil
}

// loadDevice reads the device file. It returns nil without an error if this
// machine has none for the vault.
func loadDevice(o *Options, vault string) (*device, error) {
	if o.ConfigDir == "" {
		return nil, nil
	}
	path := deviceFile(o.ConfigDir, vault)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading device file: %w", err)
	}
	lines := strings.Split(string(text), "\n")
	if len(lines) != 4 || lines[0] != deviceLine {
		return nil, fmt.Errorf("reading device file %q: %w", path, ErrDamaged)
	}
	d := &device{}
	if err = d.parseKey(lines[1]); err != nil || d.signer.Name() != record.Origin(vault) {
		return nil, fmt.Errorf("reading device file %q: %w: no key of this vault", path, ErrDamaged)
	}
	r, _ := strings.CutPrefix(lines[2], "recipient ")
	if d.recipient, err = crypto.ParseRecipient(r); err != nil {
		return nil, fmt.Errorf("reading device file %q: %w", path, err)
	}
	return d, nil
}

// loadPin reads the pinned head, nil if there is none that can be read.
func loadPin(o *Options, vault string) *record.Checkpoint {
	if o.ConfigDir == "" {
		return nil
	}
	text, err := os.ReadFile(pinFile(o.ConfigDir, vault))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		var cp record.Checkpoint
		if cp, err = record.ParseCheckpoint(string(text)); err == nil && cp.Vault == vault {
			return &cp
		}
	}
	o.warn(WarnPin, "%s", pinFile(o.ConfigDir, vault)) // torn by a power cut, as it may be
	return nil
}

// loadDevice reads the device file once: neither the key nor the recipient
// changes while the vault is open.
func (v *Vault) loadDevice() (*device, error) {
	v.devMu.Lock()
	defer v.devMu.Unlock()
	if v.dev == nil {
		d, err := loadDevice(&v.o, v.id)
		if err != nil || d == nil {
			return nil, err
		}
		v.dev = d
	}
	return v.dev, nil
}

// device returns this machine's device for the vault, a new one if need be.
func (v *Vault) device(ctx context.Context) (*device, error) {
	o := v.o
	d, err := v.loadDevice()
	switch {
	case err == nil && d != nil:
		return d, nil
	case err != nil:
		// A damaged device file must not stop recording either, and is left
		// where it lies.
		v.o.warn(WarnNewDevice, "%v", err)
		o.ConfigDir = ""
	default:
		v.o.warn(WarnNewDevice, "%s", deviceFile(o.ConfigDir, v.id))
	}
	r, err := v.recipient(ctx)
	if err != nil {
		return nil, err
	}
	if d, err = newDevice(&o, v.id, r); err != nil {
		return nil, err
	}
	v.devMu.Lock()
	v.dev = d // one key for as long as the vault is open, kept or not
	v.devMu.Unlock()
	return d, nil
}

// savePin remembers the newest head. It may lag: it is written after the
// commit and without waiting for the disk.
//
// The pin belongs to the vault at one path, its home. A copy that is added to
// elsewhere leaves it alone: else the vault at home would count as an old copy
// from then on.
func (v *Vault) savePin(cp record.Checkpoint) {
	if v.o.ConfigDir == "" || !v.atHome() {
		return
	}
	if err := durable.WriteFile(pinFile(v.o.ConfigDir, v.id), []byte(cp.Marshal()), false); err != nil {
		v.o.warn(WarnPin, "%v", err)
	}
}

// atHome reports whether the vault stands where its pin was made. If nothing
// stands there any more, the vault has moved, and this is its home.
func (v *Vault) atHome() bool {
	path, err := filepath.Abs(v.path)
	if err != nil {
		return true
	}
	file := filepath.Join(v.o.ConfigDir, "home-"+v.id)
	b, err := os.ReadFile(file)
	home := string(b)
	if err == nil && home == path {
		return true
	}
	if err == nil && home != "" {
		if _, err := os.Lstat(home); err == nil {
			return false
		}
	}
	// If that fails, the vault has no home yet.
	durable.WriteFile(file, []byte(path), true)
	return true
}

// isElsewhere reports whether the vault that this machine remembers stands at
// another path: this is a copy of it, and is not measured by it.
func (v *Vault) isElsewhere() bool {
	b, err := os.ReadFile(filepath.Join(v.o.ConfigDir, "home-"+v.id))
	home := string(b)
	if err != nil || home == "" {
		return false
	}
	if path, err := filepath.Abs(v.path); err != nil || path == home {
		return false
	}
	_, err = os.Lstat(home)
	return err == nil
}

func placeFile(dir, path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	sum := sha256.Sum256([]byte(path))
	return filepath.Join(dir, "place-"+hex.EncodeToString(sum[:16]))
}

// checkPlace warns if another vault stood at this path before.
func (v *Vault) checkPlace() {
	if v.o.ConfigDir == "" {
		return
	}
	b, err := os.ReadFile(placeFile(v.o.ConfigDir, v.path))
	was := strings.TrimSpace(string(b))
	v.newPlace = errors.Is(err, fs.ErrNotExist) || err == nil && was == ""
	if err == nil && was != "" && was != v.id {
		v.o.warn(WarnOtherVault, "%s", placeFile(v.o.ConfigDir, v.path))
		v.other = true
	}
}

// savePlace remembers that this vault stands at its path.
func (v *Vault) savePlace() {
	if v.o.ConfigDir != "" {
		// If that fails, it is as on a machine that has not seen the vault.
		durable.WriteFile(placeFile(v.o.ConfigDir, v.path), []byte(v.id+"\n"), true)
	}
}
