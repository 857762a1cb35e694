// Package datafile reads the TOML files that hold what the program knows about
// the world: exchanges, kinds of trouble, recipients of reports. They are
// embedded in the program, and a file of the same name in the user's own folder
// takes the place of the built-in one. It is the only reader of TOML.
package datafile

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/BurntSushi/toml"
)

// Load decodes every *.toml file at the top of builtin and, over it, of own,
// each into a T. The key of the result is the file's name without ".toml". own
// may be nil, and a folder that does not exist is an empty one.
//
// A file with a key that T does not have is an error that names file and key.
// The result is usable even then: it holds every file that could be read, and
// the built-in one where the user's is broken, so that a slip in a data file
// never stands in the way of recording.
func Load[T any](builtin, own fs.FS) (map[string]T, error) {
	all := make(map[string]T)
	err := layer(all, builtin)
	if own != nil {
		err = errors.Join(err, layer(all, own))
	}
	return all, err
}

func layer[T any](all map[string]T, fsys fs.FS) error {
	names, err := fs.ReadDir(fsys, ".")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("listing data files: %w", err)
	}
	var errs []error
	for _, e := range names {
		if e.IsDir() || path.Ext(e.Name()) != ".toml" {
			continue
		}
		text, err := fs.ReadFile(fsys, e.Name())
		if err != nil {
			errs = append(errs, fmt.Errorf("reading data file %q: %w", e.Name(), err))
			continue
		}
		v, err := Decode[T](e.Name(), text)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		all[strings.TrimSuffix(e.Name(), ".toml")] = v
	}
	return errors.Join(errs...)
}

// Decode reads one file. name is for messages only. On error the result is the
// zero T.
func Decode[T any](name string, text []byte) (T, error) {
	var v, zero T
	meta, err := toml.Decode(string(text), &v)
	if err != nil {
		return zero, fmt.Errorf("decoding data file %q: %w", name, err)
	}
	if extra := meta.Undecoded(); len(extra) > 0 {
		keys := make([]string, len(extra))
		for i, k := range extra {
			keys[i] = k.String()
		}
		return zero, fmt.Errorf("decoding data file %q: unknown key %q", name, strings.Join(keys, ", "))
	}
	return v, nil
}
