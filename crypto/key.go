// Package crypto encrypts what a vault holds, with age, and knows nothing of
// incidents, files or databases.
//
// Everything is an ordinary age v1 file: records and objects are encrypted to
// one hybrid recipient (age1pq1..., ML-KEM-768 with X25519), and the matching
// identity is itself an age file under a passphrase (scrypt). The age program,
// 1.3 or newer, opens all of them.
package crypto

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"unicode"

	"filippo.io/age"
)

// ErrWrongPassphrase says that a sealed identity does not open under the
// passphrase given.
var ErrWrongPassphrase = errors.New("wrong passphrase")

// ErrBadKey says that a text is no key, or has a mistake in it.
var ErrBadKey = errors.New("not a key, or mistyped")

// maxWorkFactor bounds the scrypt cost that a sealed identity may ask for:
// 2^20 takes 1 GiB for a moment. Whoever can change the vault file chooses the
// number, and must not be able to exhaust the machine with it.
const maxWorkFactor = 20

// maxSealed bounds a sealed identity in bytes. A real one has about 400.
const maxSealed = 16 << 10

// workFactor is the scrypt cost of newly sealed identities as a power of two;
// 0 means age's own choice (2^18, 256 MiB).
var workFactor int

// TestOnlyScryptWorkFactor lowers the cost of sealing to 2^logN, for tests.
// No program code calls it; a test keeps that so.
func TestOnlyScryptWorkFactor(logN int) { workFactor = logN }

// A Recipient is the public half of a vault's key. It encrypts and cannot
// decrypt.
type Recipient struct{ r *age.HybridRecipient }

// ParseRecipient reads a recipient in its one text form, age1pq1....
func ParseRecipient(s string) (Recipient, error) {
	r, err := age.ParseHybridRecipient(s)
	if err != nil {
		return Recipient{}, fmt.Errorf("parsing recipient: %w", err)
	}
	if r.String() != s {
		return Recipient{}, errors.New("parsing recipient: not in canonical form")
	}
	return Recipient{r}, nil
}

// String returns the recipient's text form, age1pq1....
func (r Recipient) String() string { return r.r.String() }

// A Key is a vault's opened identity.
type Key struct{ id *age.HybridIdentity }

// NewKey makes a key from the system's randomness.
func NewKey() (*Key, error) {
	id, err := age.GenerateHybridIdentity()
	if err != nil {
		return nil, fmt.Errorf("generating key: %w", err)
	}
	return &Key{id}, nil
}

// keyPrefix begins the text form of a key.
const keyPrefix = "AGE-SECRET-KEY-PQ-1"

// Text returns the text form of k, AGE-SECRET-KEY-PQ-1..., which age takes as
// well. Whoever has it can open all that was encrypted to k.
func (k *Key) Text() string { return k.id.String() }

// ParseKey reads the text form of a key as somebody typed it from paper: in
// groups, over several lines, in lower case, in the wide letters of a Japanese
// keyboard. Lines that begin with "#" are passed over, as age does. A checksum
// in the text finds mistakes. It returns ErrBadKey, which quotes nothing.
func ParseKey(text string) (*Key, error) {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		for _, r := range line {
			if r >= '！' && r <= '～' {
				r -= '！' - '!'
			}
			switch {
			case r >= '0' && r <= '9', r >= 'A' && r <= 'Z':
				b.WriteRune(r)
			case r >= 'a' && r <= 'z':
				b.WriteRune(r - 'a' + 'A')
			case r > 0x7f && (unicode.IsLetter(r) || unicode.IsNumber(r)) && r != 'ー':
				return nil, ErrBadKey
			}
		}
	}
	data, ok := strings.CutPrefix(b.String(), strings.ReplaceAll(keyPrefix, "-", ""))
	if !ok {
		return nil, ErrBadKey
	}
	id, err := age.ParseHybridIdentity(keyPrefix + data)
	if err != nil {
		return nil, ErrBadKey // age's own error could quote the key
	}
	return &Key{id}, nil
}

// Recipient returns the public half of k.
func (k *Key) Recipient() Recipient { return Recipient{k.id.Recipient()} }

// Seal encrypts k under a passphrase and returns an age scrypt file whose
// content is the identity's text form and a newline: what age takes with -i.
func (k *Key) Seal(passphrase string) ([]byte, error) {
	// scrypt's memory is handed back at once; see Open.
	defer debug.FreeOSMemory()
	r, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return nil, fmt.Errorf("sealing key: %w", err)
	}
	if workFactor != 0 {
		r.SetWorkFactor(workFactor)
	}
	var out bytes.Buffer
	w, err := age.Encrypt(&out, r)
	if err != nil {
		return nil, fmt.Errorf("sealing key: %w", err)
	}
	if _, err := io.WriteString(w, k.Text()+"\n"); err != nil {
		return nil, fmt.Errorf("sealing key: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("sealing key: %w", err)
	}
	return out.Bytes(), nil
}

// Open opens a sealed identity. It returns ErrWrongPassphrase if the
// passphrase is not the one, and another error if the file is damaged.
// Opening takes 266 MiB for a moment.
func Open(sealed []byte, passphrase string) (*Key, error) {
	// scrypt leaves 256 MiB behind that the garbage collector would keep for
	// minutes; everything that follows is meant to run in 64 MiB.
	defer debug.FreeOSMemory()
	id, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, ErrWrongPassphrase // age refuses the empty one
	}
	id.SetMaxWorkFactor(maxWorkFactor)
	r, err := age.Decrypt(io.LimitReader(bytes.NewReader(sealed), maxSealed), id)
	if err != nil {
		var no *age.NoIdentityMatchError
		if errors.As(err, &no) || errors.Is(err, age.ErrIncorrectIdentity) {
			return nil, ErrWrongPassphrase
		}
		return nil, fmt.Errorf("opening key: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(r, maxSealed))
	if err != nil {
		return nil, fmt.Errorf("opening key: %w", err)
	}
	// The parser's own error could quote the key.
	h, err := age.ParseHybridIdentity(strings.TrimSuffix(string(text), "\n"))
	if err != nil {
		return nil, errors.New("opening key: the sealed file holds no identity")
	}
	return &Key{h}, nil
}

// ownerInfo separates the owner key from every other use of the identity.
const ownerInfo = "evidence-locker/owner/v1"

// Owner derives the owner's Ed25519 key, with which only the holder of the
// passphrase can speak for the vault: HKDF-SHA-256 (RFC 5869) over the
// identity's text form, no salt, info "evidence-locker/owner/v1", 32 bytes,
// taken as the seed of RFC 8032.
func (k *Key) Owner() ed25519.PrivateKey {
	seed, err := hkdf.Key(sha256.New, []byte(k.Text()), nil, ownerInfo, ed25519.SeedSize)
	if err != nil {
		panic(err) // only for lengths that HKDF cannot give
	}
	return ed25519.NewKeyFromSeed(seed)
}
