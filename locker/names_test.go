package locker_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/iotest"
	"time"

	"evidence-locker/locker"
	"evidence-locker/locker/record"
)

// Names and texts come out byte for byte, whatever they are.
func TestOddBytesKept(t *testing.T) {
	v, path := newVault(t)
	dir := t.TempDir()
	names := []struct{ raw, show string }{
		{"\x83X\x83N\x83\x8a\x81[\x83\x93.png", "\uFFFDX\uFFFDN\uFFFD[\uFFFD.png"}, // Shift_JIS
		{"か\u3099めん.png", "がめん.png"},                                               // NFD, as macOS has it
		{"e\u0301.txt", "é.txt"},
		{"-rf", "-rf"},
		{"a\nb\tc", "a\nb\tc"},
		{"\x1b[31mred", "\x1b[31mred"},
		{"画面 😱.png", "画面 😱.png"},
		{"\u202egnp.exe", "\u202egnp.exe"},
	}
	var files []locker.File
	for i, n := range names {
		full := filepath.Join(dir, n.raw)
		if err := os.WriteFile(full, []byte{0, byte(i), 0, 0xff}, 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, locker.File{Name: full, Open: func() (io.ReadCloser, error) { return os.Open(full) }})
	}
	texts := []string{"a\x00b", "\x00", "\xff\xfe", "\x83e", "\u2028", "\uFFFD", "line\r\nline"}
	var facts []locker.Fact
	for _, s := range texts {
		facts = append(facts, note(s))
	}
	got := add(t, v, locker.Target{}, facts, files...)
	k, err := v.Unlock(t.Context(), passphrase)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range texts {
		r, err := v.Record(t.Context(), k, got[i].Seq)
		if err != nil || r.Fields["text"] != record.Text(s) {
			t.Errorf("%q: %#v, %v", s, r, err)
		}
	}
	for i, n := range names {
		r, err := v.Record(t.Context(), k, got[len(texts)+i].Seq)
		if err != nil {
			t.Errorf("%q: %v", n.raw, err)
			continue
		}
		if string(r.Exhibit.RawName) != n.raw {
			t.Errorf("raw name %q, want %q", r.Exhibit.RawName, n.raw)
		}
		// How many replacement characters stand for bad bytes does not matter.
		if r.Exhibit.Name != n.show && !bytes.ContainsRune([]byte(n.show), '\uFFFD') {
			t.Errorf("%q is shown as %q, want %q", n.raw, r.Exhibit.Name, n.show)
		}
		if b, err := readContent(v, k, r.Exhibit); err != nil || !bytes.Equal(b, []byte{0, byte(i), 0, 0xff}) {
			t.Errorf("%q: content %q, %v", n.raw, b, err)
		}
	}
	checkVault(t, path, int64(1+len(texts)+len(names)))
}

// changingFile does something to its file after the first read.
type changingFile struct {
	*os.File
	change func(*os.File) error
	done   bool
}

func (c *changingFile) Read(p []byte) (int, error) {
	n, err := c.File.Read(p[:min(len(p), 1000)])
	if !c.done {
		c.done = true
		if err := c.change(c.File); err != nil {
			return n, err
		}
	}
	return n, err
}

var past = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

func sumOf(r locker.Recorded) string { return hex.EncodeToString(r.File.SHA256[:]) }

// A file that changes while it is read is recorded as it was read, and the
// report says so.
func TestFileChangesWhileRead(t *testing.T) {
	errRead := errors.New("bad sector")
	tests := []struct {
		name    string
		change  func(*os.File) error
		warning string // "" for the control
		cut     bool   // what comes out ends where the change was seen
	}{
		{"control: nothing happens", func(f *os.File) error { return nil }, "", false},
		{"it shrinks", func(f *os.File) error { return f.Truncate(500) }, locker.FileChanged, true},
		{"it grows", func(f *os.File) error { _, err := f.WriteAt([]byte("more"), 6<<20); return err }, locker.FileChanged, false},
		{"other bytes, same length", func(f *os.File) error {
			if _, err := f.WriteAt([]byte("X"), 1500); err != nil {
				return err
			}
			return os.Chtimes(f.Name(), past, past)
		}, locker.FileChanged, false},
		{"reading fails half-way", func(f *os.File) error { return errRead }, locker.FileCut, true},
	}
	for _, size := range []int{3000, 5 << 20} {
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				v, path := newVault(t)
				file := filepath.Join(t.TempDir(), "file")
				if err := os.WriteFile(file, bytes.Repeat([]byte("a"), size), 0o600); err != nil {
					t.Fatal(err)
				}
				got := add(t, v, locker.Target{}, nil, locker.File{Name: file, Size: int64(size), Open: func() (io.ReadCloser, error) {
					f, err := os.OpenFile(file, os.O_RDWR, 0)
					return &changingFile{File: f, change: test.change}, err
				}})
				if len(got) != 1 {
					t.Fatalf("%d recorded", len(got))
				}
				if test.warning == "" && len(got[0].Warnings) > 0 || test.warning != "" && !slices.Contains(got[0].Warnings, test.warning) {
					t.Errorf("warnings %v, want %q", got[0].Warnings, test.warning)
				}
				k, err := v.Unlock(t.Context(), passphrase)
				if err != nil {
					t.Fatal(err)
				}
				b, err := readContent(v, k, got[0].File)
				if err != nil || sum(b) != sumOf(got[0]) || test.cut && (len(b) == 0 || len(b) > 1000) || !test.cut && len(b) != size {
					t.Errorf("%d bytes of %d come out: %v", len(b), size, err)
				}
				checkVault(t, path, 2)
			})
		}
	}
}

// Of five sources one of which cannot be read, four are recorded and the fifth
// is named.
func TestOneOfFiveUnreadable(t *testing.T) {
	v, path := newVault(t)
	errOpen := errors.New("permission denied")
	reader := func(r io.Reader) func() (io.ReadCloser, error) {
		return func() (io.ReadCloser, error) { return io.NopCloser(r), nil }
	}
	var failed []string
	var got []locker.Recorded
	err := v.Add(t.Context(), locker.AddRequest{
		Files: []locker.File{
			memFile("a", []byte("a")),
			{Name: "closed", Size: -1, Open: func() (io.ReadCloser, error) { return nil, errOpen }},
			{Name: "broken at once", Size: -1, Open: reader(iotest.ErrReader(errOpen))},
			{Name: "one byte at a time", Size: -1, Open: reader(iotest.OneByteReader(bytes.NewReader([]byte("slow"))))},
			{Name: "data with the error", Size: -1, Open: reader(iotest.DataErrReader(bytes.NewReader([]byte("eof"))))},
		},
		Recorded: func(r locker.Recorded) { got = append(got, r) },
		Failed: func(f locker.File, err error) {
			failed = append(failed, f.Name)
			if !errors.Is(err, errOpen) {
				t.Errorf("%s: %v", f.Name, err)
			}
		},
	})
	if err != nil || len(got) != 3 || !slices.Equal(failed, []string{"closed", "broken at once"}) {
		t.Errorf("%d recorded, failed %v: %v", len(got), failed, err)
	}
	checkVault(t, path, 4)
}
