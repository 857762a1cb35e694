package crypto

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

func testKey(t *testing.T) *Key {
	t.Helper()
	k, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func lowCost(t *testing.T) {
	t.Helper()
	TestOnlyScryptWorkFactor(10)
	t.Cleanup(func() { TestOnlyScryptWorkFactor(0) })
}

func TestSealOpen(t *testing.T) {
	lowCost(t)
	k := testKey(t)
	sealed, err := k.Seal("correct horse")
	if err != nil {
		t.Fatal(err)
	}
	got, err := Open(sealed, "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if got.Recipient().String() != k.Recipient().String() {
		t.Error("another key came out")
	}
	for _, p := range []string{"", "correct hors", "correct horse "} {
		if _, err := Open(sealed, p); !errors.Is(err, ErrWrongPassphrase) {
			t.Errorf("passphrase %q: %v, want ErrWrongPassphrase", p, err)
		}
	}
	if _, err := k.Seal(""); err == nil {
		t.Error("an empty passphrase sealed the key")
	}
}

// Every flipped bit of a sealed identity is an error, and never another key.
func TestOpenDamaged(t *testing.T) {
	lowCost(t)
	sealed, err := testKey(t).Seal("p")
	if err != nil {
		t.Fatal(err)
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := Open(bad, "p"); err == nil {
			t.Fatalf("flipping byte %d went unnoticed", i)
		} else if strings.Contains(err.Error(), "AGE-SECRET-KEY") {
			t.Fatalf("the error quotes the key: %v", err)
		}
		if _, err := Open(sealed[:i], "p"); err == nil {
			t.Fatalf("cutting at byte %d went unnoticed", i)
		}
	}
}

// A sealed identity that asks for 4 GiB of scrypt memory is refused.
func TestOpenWorkFactorBounded(t *testing.T) {
	lowCost(t)
	sealed, err := testKey(t).Seal("p")
	if err != nil {
		t.Fatal(err)
	}
	bad := bytes.Replace(sealed, []byte(" 10\n"), []byte(" 22\n"), 1)
	if bytes.Equal(bad, sealed) {
		t.Fatal("no work factor found to change")
	}
	if _, err := Open(bad, "p"); err == nil || errors.Is(err, ErrWrongPassphrase) {
		t.Errorf("got %v, want a refusal", err)
	}
}

func TestEncryptDecrypt(t *testing.T) {
	k := testKey(t)
	for _, n := range []int{0, 1, 64 << 10, 64<<10 + 1} {
		var file bytes.Buffer
		w, err := Encrypt(&file, k.Recipient())
		if err != nil {
			t.Fatal(err)
		}
		want := bytes.Repeat([]byte{7}, n)
		if _, err := w.Write(want); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		r, err := Decrypt(bytes.NewReader(file.Bytes()), k)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: got %d, %v", n, len(got), err)
		}
		if _, err := Decrypt(bytes.NewReader(file.Bytes()), testKey(t)); err == nil {
			t.Error("a foreign key opened it")
		}
	}
}

func TestParseRecipient(t *testing.T) {
	s := testKey(t).Recipient().String()
	if r, err := ParseRecipient(s); err != nil || r.String() != s {
		t.Fatalf("%v, %v", r, err)
	}
	for _, bad := range []string{"", "age1", s + " ", strings.ToUpper(s), s[:len(s)-1]} {
		if _, err := ParseRecipient(bad); err == nil {
			t.Errorf("%.20q... was taken", bad)
		}
	}
}

// The owner key is a function of the identity, and of nothing else.
func TestOwner(t *testing.T) {
	k := testKey(t)
	if !bytes.Equal(k.Owner(), k.Owner()) {
		t.Error("two owner keys from one identity")
	}
	if bytes.Equal(k.Owner(), testKey(t).Owner()) {
		t.Error("one owner key from two identities")
	}
}
