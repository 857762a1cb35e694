// Package playbook knows the kinds of trouble a person may have at an exchange,
// and the first steps of each. Each kind is a data file that names its sources.
package playbook

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"sync"

	"evidence-locker/locker/datafile"
)

// Police says what the sources tell about going to the police.
type Police string

// Clock says how soon the sources tell the person to act.
type Clock string

const (
	PoliceNo       Police = "no"        // not told to
	PoliceIfLarge  Police = "if-large"  // when the loss is large; no source gives an amount
	PoliceNotNamed Police = "not-named" // the sources are silent, though a crime is likely

	AtOnce Clock = "at-once"
	Wait   Clock = "wait"   // wait and record
	Repeat Clock = "repeat" // write again, and log it
	Normal Clock = "normal"
)

// Kind is one kind of trouble.
type Kind struct {
	Key       string // as in "theft"; stable
	JA, EN    string
	Police    Police
	Clock     Clock
	Dangerous bool     // the first minutes count: first steps are shown unasked
	Sources   []string // articles that name it

	Wish           Remark   // what the desk is asked to do, as a proposal
	Contradictions []Remark // on what the sources disagree
}

// Name returns the name in "ja" or "en"; any other language gets English.
func (k Kind) Name(lang string) string {
	if lang == "ja" {
		return k.JA
	}
	return k.EN
}

// kindFile is a data file kind/<key>.toml.
type kindFile struct {
	Order     int // place in lists, from 1
	JA, EN    string
	Also      []string // other names that a person may type
	Police    Police
	Clock     Clock
	Dangerous bool
	Sources   []string

	List          bool // no kind, but steps for every kind: see [Book.List]
	Wish          Remark
	Step          []stepFile
	Contradiction []Remark
}

// Book is a set of kinds. Each is read when it is asked for.
type Book struct {
	files *datafile.Files[kindFile, kindFile]
	keys  datafile.Names
	all   func() ([]Kind, *datafile.Names) // all kinds in their order, and by all names
}

//go:embed kind/*.toml sources.toml
var files embed.FS

// Builtin returns the kinds that come with the program.
var Builtin = sync.OnceValue(func() *Book {
	b, err := Load(nil)
	if err != nil {
		panic("playbook: built-in data: " + err.Error()) // a test loads them
	}
	return b
})

// Load returns the built-in kinds with the user's own files over them. The book
// is usable even if there is an error: see [datafile.Open].
func Load(own fs.FS) (*Book, error) {
	builtin, err := fs.Sub(files, "kind")
	if err != nil {
		return nil, fmt.Errorf("opening built-in kinds: %w", err)
	}
	b := &Book{}
	b.files, err = datafile.Open(builtin, own, func(_ string, f kindFile) (kindFile, error) {
		for i := range f.Step {
			if f.Step[i].ID == "" {
				f.Step[i].ID = strconv.Itoa(i + 1)
			}
		}
		return f, nil
	})
	for _, key := range b.files.Keys() {
		b.keys.Add(key, key)
	}
	b.all = sync.OnceValues(b.readAll)
	for _, key := range b.files.Own() {
		f, _ := b.files.Get(key)
		err = errors.Join(err, b.dangling(key, f))
	}
	return b, err
}

// dangling tells of a file whose steps are to be those of a kind without any.
func (b *Book) dangling(key string, f kindFile) (err error) {
	for _, s := range f.Step {
		if s.Of == "" {
			continue
		}
		if of, _ := b.files.Get(s.Of); len(of.Step) == 0 {
			err = errors.Join(err, fmt.Errorf("reading data file %q: there are no steps of %q", key+".toml", s.Of))
		}
	}
	return err
}

func (b *Book) readAll() (kinds []Kind, names *datafile.Names) {
	names = &datafile.Names{}
	read := make(map[string]kindFile)
	for _, key := range b.files.Keys() {
		if f, ok := b.files.Get(key); ok && !f.List {
			read[key] = f
			kinds = append(kinds, f.kind(key))
			names.Add(key, key) // keys first: no other name may hide one
		}
	}
	slices.SortStableFunc(kinds, func(x, y Kind) int { return cmp.Compare(read[x.Key].Order, read[y.Key].Order) })
	for _, k := range kinds {
		for _, name := range append([]string{k.JA, k.EN}, read[k.Key].Also...) {
			names.Add(k.Key, name)
		}
	}
	return kinds, names
}

func (f kindFile) kind(key string) Kind {
	return Kind{key, f.JA, f.EN, f.Police, f.Clock, f.Dangerous, f.Sources, f.Wish, f.Contradiction}
}

// Kinds returns all kinds in their order.
func (b *Book) Kinds() []Kind {
	kinds, _ := b.all()
	return slices.Clone(kinds)
}

// Lookup finds a kind by its key or by a Japanese or English name, whatever the
// case and width of the letters.
func (b *Book) Lookup(name string) (Kind, bool) {
	key, _ := b.keys.Lookup(name)
	f, ok := b.files.Get(key)
	if !ok || f.List {
		_, names := b.all()
		key, _ = names.Lookup(name)
		f, ok = b.files.Get(key)
	}
	if !ok {
		return Kind{}, false
	}
	return f.kind(key), true
}

// Near returns at most three names that may have been meant.
func (b *Book) Near(name string) []string {
	_, names := b.all()
	return names.Near(name)
}
