package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// only fails if dir holds anything but the named files with their content.
func only(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		got, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if w, ok := want[e.Name()]; !ok || w != string(got) {
			t.Errorf("%s holds %q, want %q (known %v)", e.Name(), got, w, ok)
		}
	}
	if len(entries) != len(want) {
		t.Errorf("%d files, want %d", len(entries), len(want))
	}
}

func write(t *testing.T, path, content string) *File {
	t.Helper()
	f, err := New(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(content); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestCreate(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	f := write(t, path, "one")
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal("the file appeared before it was whole")
	}
	if err := f.Create(); err != nil {
		t.Fatal(err)
	}
	f.Discard()
	only(t, dir, map[string]string{"a": "one"})

	// A taken name is never written over, and another can be given.
	f = write(t, path, "two")
	if err := f.Create(); !errors.Is(err, fs.ErrExist) {
		t.Fatalf("got %v, want fs.ErrExist", err)
	}
	f.At("b")
	if err := f.Create(); err != nil {
		t.Fatal(err)
	}
	only(t, dir, map[string]string{"a": "one", "b": "two"})
	info, err := os.Stat(filepath.Join(dir, "b"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestReplaceAndDiscard(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	if err := WriteFile(path, []byte("one"), false); err != nil {
		t.Fatal(err)
	}
	write(t, path, "lost").Discard()
	only(t, dir, map[string]string{"a": "one"})
	if err := write(t, path, "two").Replace(); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(filepath.Join(dir, "b"), []byte("three"), true); err != nil {
		t.Fatal(err)
	}
	only(t, dir, map[string]string{"a": "two", "b": "three"})
}

// A name of the greatest length leaves no room for a temporary one beside it.
func TestLongName(t *testing.T) {
	dir := t.TempDir()
	name := strings.Repeat("x", 255)
	if err := write(t, filepath.Join(dir, name), "long").Create(); err != nil {
		t.Fatal(err)
	}
	only(t, dir, map[string]string{name: "long"})
}
