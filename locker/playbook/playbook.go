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

// Book is a set of kinds.
type Book struct {
	kinds   []Kind
	lists   map[string]Kind
	at      map[string]int
	names   datafile.Names
	steps   map[string][]stepFile
	sources map[string]Source
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
// is usable even if there is an error: see [datafile.Load].
func Load(own fs.FS) (*Book, error) {
	builtin, err := fs.Sub(files, "kind")
	if err != nil {
		return nil, fmt.Errorf("opening built-in kinds: %w", err)
	}
	all, err := datafile.Load[kindFile](builtin, own)
	b := &Book{at: make(map[string]int), lists: make(map[string]Kind), steps: make(map[string][]stepFile)}
	keys := make([]string, 0, len(all))
	for key, f := range all {
		for i, s := range f.Step {
			if s.Of != "" && len(all[s.Of].Step) == 0 {
				err = errors.Join(err, fmt.Errorf("reading data file %q: there are no steps of %q", key+".toml", s.Of))
			}
			if s.ID == "" {
				f.Step[i].ID = strconv.Itoa(i + 1)
			}
		}
		b.steps[key] = f.Step
		if f.List {
			b.lists[key] = Kind{Key: key, JA: f.JA, EN: f.EN, Contradictions: f.Contradiction}
			continue
		}
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(x, y string) int {
		return cmp.Or(cmp.Compare(all[x].Order, all[y].Order), cmp.Compare(x, y))
	})
	for i, key := range keys {
		f := all[key]
		b.kinds = append(b.kinds, Kind{key, f.JA, f.EN, f.Police, f.Clock, f.Dangerous, f.Sources, f.Wish, f.Contradiction})
		b.at[key] = i
	}
	// Keys first: no other name may hide one.
	for _, k := range b.kinds {
		b.names.Add(k.Key, k.Key)
	}
	for _, k := range b.kinds {
		for _, name := range append([]string{k.JA, k.EN}, all[k.Key].Also...) {
			b.names.Add(k.Key, name)
		}
	}
	text, bad := files.ReadFile("sources.toml")
	if bad == nil {
		b.sources, bad = datafile.Decode[map[string]Source]("sources.toml", text)
	}
	return b, errors.Join(err, bad)
}

// Kinds returns all kinds in their order.
func (b *Book) Kinds() []Kind { return slices.Clone(b.kinds) }

// Lookup finds a kind by its key or by a Japanese or English name, whatever the
// case and width of the letters.
func (b *Book) Lookup(name string) (Kind, bool) {
	key, ok := b.names.Lookup(name)
	if !ok {
		return Kind{}, false
	}
	return b.kinds[b.at[key]], true
}

// Near returns at most three names that may have been meant.
func (b *Book) Near(name string) []string { return b.names.Near(name) }
