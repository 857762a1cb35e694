package datafile

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// A counted folder remembers which files were read.
type counted struct {
	fstest.MapFS
	read *[]string
}

func (c counted) ReadFile(name string) ([]byte, error) {
	*c.read = append(*c.read, name)
	return c.MapFS.ReadFile(name)
}

func TestFiles(t *testing.T) {
	var read []string
	builtin := counted{fstest.MapFS{"a.toml": file(`name = "a"`), "b.toml": file(`name = "b"`), "c.toml": file(`name = "c"`), "broken.toml": file("x"), "note.txt": file("")}, &read}
	own := fstest.MapFS{"b.toml": file(`name = "mine"`), "c.toml": file("broken"), "d.toml": file("name = \"d\"\nn = -1")}
	odd := errors.New("odd")
	f, err := Open(builtin, own, func(key string, v thing) (string, error) {
		if v.N < 0 {
			return v.Name, odd
		}
		return key + "=" + v.Name, nil
	})
	if !errors.Is(err, odd) || !strings.Contains(err.Error(), `"c.toml"`) || strings.Contains(err.Error(), "broken.toml") {
		t.Errorf("error %v", err)
	}
	if len(read) > 0 || !slices.Equal(f.Keys(), []string{"a", "b", "broken", "c", "d"}) || !slices.Equal(f.Own(), []string{"b", "d"}) {
		t.Errorf("read %q, keys %q, own %q", read, f.Keys(), f.Own())
	}
	for range 2 {
		for key, want := range map[string]string{"a": "a=a", "b": "b=mine", "c": "c=c", "d": "d", "broken": "", "none": "", "note": ""} {
			if got, ok := f.Get(key); got != want || ok != (want != "") {
				t.Errorf("%s: %q, %v", key, got, ok)
			}
		}
	}
	if slices.Sort(read); !slices.Equal(slices.Compact(slices.Clone(read)), []string{"a.toml", "broken.toml", "c.toml"}) || len(read) > 4 {
		t.Errorf("read %q", read)
	}
	if f, err := Open(fstest.MapFS{}, nil, func(_ string, v thing) (thing, error) { return v, nil }); err != nil || len(f.Keys()) > 0 {
		t.Error(err)
	}
	if _, err := Open(noFS{}, nil, func(_ string, v thing) (thing, error) { return v, nil }); err == nil {
		t.Error("a folder that cannot be listed")
	}
}

type noFS struct{}

func (noFS) Open(string) (fs.File, error) { return nil, fs.ErrPermission }
