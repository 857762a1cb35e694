package locker_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"evidence-locker/crypto"
	"evidence-locker/locker"
	"evidence-locker/locker/record"
)

const passphrase = "correct horse battery staple"

func TestMain(m *testing.M) {
	crypto.TestOnlyScryptWorkFactor(10)
	runHelper()
	flag.Parse()
	if testing.Short() {
		sparse = 16
	}
	os.Exit(m.Run())
}

// baseOptions are the options of all tests.
func baseOptions(dir string) locker.Options {
	return locker.Options{
		Now:       func() locker.Stamp { return locker.Stamp{At: time.Now(), Zone: "Asia/Tokyo"} },
		Device:    record.Device{OS: "linux", Arch: "amd64", Host: "test"},
		Tool:      record.Tool{Name: "locker", Version: "test"},
		ConfigDir: filepath.Join(dir, "config"),
	}
}

// testOptions fail the test on any warning that is not expected.
func testOptions(t testing.TB, dir string, expected ...string) locker.Options {
	o := baseOptions(dir)
	o.Warn = func(w locker.Warning) {
		if !slices.Contains(expected, w.Code) {
			t.Errorf("warning %s: %s", w.Code, w.Detail)
		}
	}
	return o
}

// newVault makes a vault in a new folder.
func newVault(t testing.TB) (*locker.Vault, string) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "vault.locker")
	v, err := locker.Create(t.Context(), path, passphrase, testOptions(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	return v, path
}

// memFile is a file in memory.
func memFile(name string, content []byte) locker.File {
	return locker.File{
		Name: name, Size: int64(len(content)),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil },
	}
}

func note(text string) locker.Fact {
	return locker.Fact{Type: record.Note, Fields: record.Fields{"text": record.Text(text)}}
}

// add records and returns what was reported; any failure is the test's.
func add(t testing.TB, v *locker.Vault, target locker.Target, facts []locker.Fact, files ...locker.File) (out []locker.Recorded) {
	t.Helper()
	err := v.Add(t.Context(), locker.AddRequest{
		Target: target, Facts: facts, Files: files,
		Recorded: func(r locker.Recorded) { out = append(out, r) },
		Failed:   func(f locker.File, err error) { t.Errorf("%s: %v", f.Name, err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// verify checks the vault with the passphrase and returns its faults.
func verify(t testing.TB, path string, expected ...string) *locker.Verification {
	t.Helper()
	got, err := locker.Verify(context.Background(), path, testOptions(t, filepath.Dir(path), expected...),
		func() (string, error) { return passphrase, nil }, nil)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func checkVault(t testing.TB, path string, records int64) {
	t.Helper()
	got := verify(t, path)
	for _, f := range got.Faults {
		t.Errorf("fault %+v", f)
	}
	if got.Records != records {
		t.Errorf("%d records, want %d", got.Records, records)
	}
}

func TestAddReadBack(t *testing.T) {
	v, path := newVault(t)
	small := bytes.Repeat([]byte("small"), 1000)
	large := bytes.Repeat([]byte("0123456789abcdef"), 9<<16) // 9 MiB: staged
	got := add(t, v, locker.Target{}, []locker.Fact{note("one"), note("two\x00三")},
		memFile("/tmp/shot.png", small), memFile("video.bin", large), memFile("empty", nil))
	if len(got) != 5 {
		t.Fatalf("%d recorded: %+v", len(got), got)
	}
	for i, r := range got {
		if r.Seq != int64(i+1) || r.Incident != 1 {
			t.Errorf("record %d: %+v", i, r)
		}
	}
	if w := got[3].Warnings; len(w) != 1 || w[0] != locker.FileEmpty {
		t.Errorf("warnings for the empty file: %v", w)
	}
	k, err := v.Unlock(t.Context(), passphrase)
	if err != nil {
		t.Fatal(err)
	}
	in, err := v.Incident(t.Context(), k, 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(in.Records) != 5 || len(in.Damaged) != 0 {
		t.Fatalf("%d records, %v", len(in.Records), in.Damaged)
	}
	if text := in.Records[1].Fields["text"]; text != record.Text("two\x00三") {
		t.Errorf("text %q", text)
	}
	for i, want := range [][]byte{small, nil, large} {
		e := in.Exhibits()[i].Exhibit
		rc, err := v.Content(t.Context(), k, e)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(rc)
		if err != nil || !bytes.Equal(b, want) {
			t.Errorf("%s: %d bytes, %v", e.Name, len(b), err)
		}
	}
	checkVault(t, path, 6)
}

func TestUnlock(t *testing.T) {
	v, _ := newVault(t)
	if _, err := v.Unlock(t.Context(), "wrong"); !errors.Is(err, locker.ErrWrongPassphrase) {
		t.Errorf("got %v", err)
	}
}

// The digest in the program is the one of the tables that it makes.
func TestSchemaDigest(t *testing.T) {
	v, _ := newVault(t)
	db, err := locker.OpenDB(v.Path(), "ro", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	got, err := locker.ReadSchema(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	if got != locker.SchemaDigest {
		t.Errorf("schema has digest\n%s, the program\n%s", got, locker.SchemaDigest)
	}
}
