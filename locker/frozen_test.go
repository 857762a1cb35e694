package locker_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"evidence-locker/locker"
)

// describe writes down what a vault holds, as expected.txt does.
func describe(t *testing.T, path, passphrase string) string {
	t.Helper()
	v, err := locker.Open(t.Context(), path, testOptions(t, filepath.Dir(path)))
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	k, err := v.Unlock(t.Context(), passphrase)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	head, err := v.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&b, "vault %s\nhead %d %x\nrecipient %s\n", v.ID(), head.Size, head.Root, sum([]byte(k.Recipient().String())))
	incidents, err := v.Incidents(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range incidents {
		fmt.Fprintf(&b, "\nincident %d, %d records, %d damaged\n", in.Number, len(in.Records), len(in.Damaged))
		for _, r := range in.Records {
			fmt.Fprintf(&b, "record %d %s %s %s known %v retracted %v sha256 %s\n", r.Seq, r.Type, r.ID, r.RecordedAt.Format("2006-01-02T15:04:05.000-07:00"), r.Known, r.Retracted != nil, sum(r.Raw))
			var fields []string
			for name, value := range r.Fields {
				fields = append(fields, fmt.Sprintf("  %s %T %q\n", name, value, value.String()))
			}
			sort.Strings(fields)
			b.WriteString(strings.Join(fields, ""))
			if r.Exhibit != nil {
				content, err := readContent(v, k, r.Exhibit)
				if err != nil {
					t.Errorf("%s: %v", r.Exhibit.Name, err)
				}
				fmt.Fprintf(&b, "  file %q raw %q %d bytes %s sha256 %s\n", r.Exhibit.Name, r.Exhibit.RawName, len(content), r.Exhibit.MediaType, sum(content))
			}
		}
	}
	return b.String()
}

// A vault of format 1 that was made when the format was fixed, with the
// passphrase that stands in its README.txt, opens, verifies and reads as it
// did then, and can be added to.
func TestFrozenVault(t *testing.T) {
	const passphrase = "frozen evidence 2026"
	from := filepath.Join("..", "testdata", "vault-v1")
	want, err := os.ReadFile(filepath.Join(from, "expected.txt"))
	if err != nil {
		t.Fatal(err)
	}
	path := copyVault(t, filepath.Join(from, "vault.locker"))
	check := func() *locker.Verification {
		t.Helper()
		got, err := locker.Verify(t.Context(), path, testOptions(t, filepath.Dir(path)), func() (string, error) { return passphrase, nil }, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range got.Faults {
			t.Errorf("fault %+v", f)
		}
		if !got.Pinned || !got.Unlocked {
			t.Errorf("pinned %v, unlocked %v", got.Pinned, got.Unlocked)
		}
		return got
	}
	before := check()
	checkTree(t, path)
	if got := describe(t, path, passphrase); got != string(want) {
		t.Errorf("it reads\n%s\nexpected.txt is\n%s", got, want)
	}
	v, err := locker.Open(t.Context(), path, testOptions(t, filepath.Dir(path)))
	if err != nil {
		t.Fatal(err)
	}
	add(t, v, locker.Target{}, []locker.Fact{note("years later")}, memFile("later.png", []byte("later")))
	v.Close()
	if after := check(); after.Records != before.Records+2 {
		t.Errorf("%d records after the add, %d before", after.Records, before.Records)
	}
	checkTree(t, path)
}

// Damaged vaults, each named after its fault, are reported as they were when
// they were kept. The control, "none", has no fault.
func TestDamagedVaults(t *testing.T) {
	folders, err := filepath.Glob(filepath.Join("..", "testdata", "damaged", "*", "vault.locker"))
	if err != nil || len(folders) < 6 {
		t.Fatalf("%d damaged vaults, %v", len(folders), err)
	}
	for _, from := range folders {
		name := filepath.Base(filepath.Dir(from))
		t.Run(name, func(t *testing.T) {
			want, err := os.ReadFile(filepath.Join(filepath.Dir(from), "expected.txt"))
			if err != nil {
				t.Fatal(err)
			}
			if got := faultLines(t, copyVault(t, from)); got != string(want) {
				t.Errorf("reported is\n%s\nwant\n%s", got, want)
			}
			if clean := len(want) == 0; clean != (name == "none") {
				t.Error("only the control has no fault")
			}
		})
	}
}

// faultLines is what Verify says of a damaged vault, one fault a line.
func faultLines(t *testing.T, path string) string {
	t.Helper()
	var w warnings
	got, err := locker.Verify(t.Context(), path, w.options(filepath.Dir(path)), nil, nil)
	if err != nil {
		return "error\n"
	}
	lines := map[string]bool{}
	for _, f := range got.Faults {
		lines[fmt.Sprintf("%s %d %s\n", f.Code, f.Seq, f.Object)] = true
	}
	var out []string
	for line := range lines {
		out = append(out, line)
	}
	sort.Strings(out)
	return strings.Join(out, "")
}
