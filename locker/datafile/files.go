package datafile

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Files are the data files of [Load], of which a built-in one is read when it is
// asked for: most calls of the program need one or two. They may be used by
// several goroutines.
type Files[F, T any] struct {
	builtin fs.FS
	of      func(key string, f F) (T, error)
	keys    []string
	own     []string

	mu   sync.Mutex
	read map[string]T
}

// Open reads the files in own and lists those in builtin. of makes a T of each
// file; what it returns counts even if there is an error. As with [Load], the
// result is usable even if there is an error, which tells of own alone: that the
// built-in files are right is for a test to see.
func Open[F, T any](builtin, own fs.FS, of func(key string, f F) (T, error)) (*Files[F, T], error) {
	f := &Files[F, T]{builtin: builtin, of: of, read: make(map[string]T)}
	var errs []error
	if own != nil {
		mine := make(map[string]F)
		errs = append(errs, layer(mine, own))
		f.own = slices.Sorted(maps.Keys(mine))
		for _, key := range f.own {
			v, err := of(key, mine[key])
			f.read[key] = v
			errs = append(errs, err)
		}
	}
	f.keys = slices.Clone(f.own)
	names, err := fs.ReadDir(builtin, ".")
	if err != nil {
		errs = append(errs, fmt.Errorf("listing data files: %w", err))
	}
	for _, e := range names {
		if key, ok := strings.CutSuffix(e.Name(), ".toml"); ok && !slices.Contains(f.own, key) {
			f.keys = append(f.keys, key)
		}
	}
	slices.Sort(f.keys)
	return f, errors.Join(errs...)
}

// Keys returns the keys of all files in their order.
func (f *Files[F, T]) Keys() []string { return f.keys }

// Own returns those of the user's own files.
func (f *Files[F, T]) Own() []string { return f.own }

// Get returns what is in a file.
func (f *Files[F, T]) Get(key string) (v T, ok bool) {
	if _, known := slices.BinarySearch(f.keys, key); !known {
		return v, false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if v, ok = f.read[key]; ok {
		return v, true
	}
	name := key + ".toml"
	text, err := fs.ReadFile(f.builtin, name)
	if err != nil {
		return v, false
	}
	file, err := Decode[F](name, text)
	if err != nil {
		return v, false
	}
	v, _ = f.of(key, file)
	f.read[key] = v
	return v, true
}
