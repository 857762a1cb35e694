package crypto

import (
	"bytes"
	"errors"
	"fmt"
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

// A key comes back from its text as somebody types it.
func TestKeyText(t *testing.T) {
	k := testKey(t)
	text := k.Text()
	if !strings.HasPrefix(text, "AGE-SECRET-KEY-PQ-1") || len(text) != 77 {
		t.Fatalf("a text of %d bytes", len(text))
	}
	var groups, wide []string
	for rest := text; rest != ""; rest = rest[min(5, len(rest)):] {
		groups = append(groups, rest[:min(5, len(rest))])
	}
	for _, r := range text {
		wide = append(wide, string(r+'！'-'!'))
	}
	for name, typed := range map[string]string{
		"as it is":        text,
		"lower case":      strings.ToLower(text),
		"groups":          strings.Join(groups, " "),
		"lines":           strings.Join(groups, "\r\n") + "\n",
		"dashes":          strings.Join(groups, "-"),
		"wide":            strings.Join(wide, "\u3000"),
		"other dashes":    strings.ReplaceAll(text, "-", "ー"),
		"no dashes":       strings.ReplaceAll(text, "-", ""),
		"a file of age's": "# created: today\n\n  # public key: age1pq1\n" + text + "\n",
		"byte order mark": "\ufeff" + text,
	} {
		got, err := ParseKey(typed)
		if err != nil || got.Text() != text {
			t.Errorf("%s: %v", name, err)
		}
	}
	bad := map[string]string{
		"empty": "", "only a comment": "# " + text, "two": text + "\n" + text, "recipient": k.Recipient().String(),
		"old kind of key": "AGE-SECRET-KEY-1QQPQP", "another letter in it": text + "é", "kanji": "鍵" + text,
		"more": text + "Q", "first letters only": text[:19],
	}
	for i := len("AGE-SECRET-KEY-PQ-1"); i < len(text); i++ {
		bad[fmt.Sprint("cut at ", i)] = text[:i]
		bad[fmt.Sprint("without letter ", i)] = text[:i] + text[i+1:]
		if text[i-1] != text[i] {
			bad[fmt.Sprint("swapped at ", i)] = text[:i-1] + text[i:i+1] + text[i-1:i] + text[i+1:]
		}
		for _, r := range "023456789ACDEFGHJKLMNPQRSTUVWXYZ" {
			if byte(r) != text[i] {
				bad[fmt.Sprintf("%c for letter %d", r, i)] = text[:i] + string(r) + text[i+1:]
			}
		}
	}
	for name, typed := range bad {
		if got, err := ParseKey(typed); err != ErrBadKey || got != nil {
			t.Errorf("%s: %v", name, err)
		}
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
