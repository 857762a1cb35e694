// Package exchange knows the exchanges by name, what their identifiers look like
// and how they are reached. Each exchange is a data file that names its sources; adding an exchange
// is adding a file.
package exchange

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"sync"

	"evidence-locker/locker/datafile"
)

// Exchange is one exchange.
type Exchange struct {
	Key     string // as in "binance-japan"; stable
	EN, JA  string
	Sources []string
	ReadOn  string // day on which the sources were read, as in 2026-11-22

	Contradictions []Remark // on what the sources disagree, apart from channels
	channels       []Channel
	ids            []idShape
}

type idShape struct {
	of      string
	pattern *regexp.Regexp
}

// What an identifier names.
const (
	Order    = "order"
	Transfer = "transfer" // the exchange's own number of a deposit or withdrawal, not a chain's
)

// Name returns the name in "ja" or "en"; any other language gets English.
func (e Exchange) Name(lang string) string {
	if lang == "ja" && e.JA != "" {
		return e.JA
	}
	return e.EN
}

// LooksLike tells whether id has a shape that was seen in this exchange's
// identifiers of that sort ([Order] or [Transfer]), and whether any such shape
// is known. Shapes come from samples and promise nothing: use them to warn,
// never to refuse.
func (e Exchange) LooksLike(of, id string) (looks, known bool) {
	for _, s := range e.ids {
		if s.of != of {
			continue
		}
		known = true
		if s.pattern.MatchString(strings.TrimSpace(id)) {
			return true, true
		}
	}
	return false, known
}

// exchangeFile is a data file data/<key>.toml.
type exchangeFile struct {
	EN, JA    string
	Spellings []string // other names that a person may type
	Sources   []string
	ReadOn    string `toml:"read_on"` // when these and the sources of the shapes were read
	ID        []struct {
		Of, Pattern, Source string
	}
	Channel       []Channel
	Contradiction []Remark
}

// Catalog is a set of exchanges. Each is read when it is asked for.
type Catalog struct {
	files *datafile.Files[exchangeFile, entry]
	keys  datafile.Names
	names func() *datafile.Names // all of them
}

// entry is what a data file holds.
type entry struct {
	Exchange
	spellings []string
}

//go:embed data/*.toml
var files embed.FS

// Builtin returns the exchanges that come with the program.
var Builtin = sync.OnceValue(func() *Catalog {
	c, err := Load(nil)
	if err != nil {
		panic("exchange: built-in data: " + err.Error()) // a test loads them
	}
	return c
})

// Load returns the built-in exchanges with the user's own files over them. The
// catalog is usable even if there is an error: see [datafile.Open]; an
// identifier pattern that is no regular expression is left out.
func Load(own fs.FS) (*Catalog, error) {
	builtin, err := fs.Sub(files, "data")
	if err != nil {
		return nil, fmt.Errorf("opening built-in exchanges: %w", err)
	}
	c := &Catalog{}
	c.files, err = datafile.Open(builtin, own, entryOf)
	for _, key := range c.files.Keys() {
		c.keys.Add(key, key)
	}
	c.names = sync.OnceValue(func() *datafile.Names {
		names := &datafile.Names{}
		for _, key := range c.files.Keys() {
			names.Add(key, key)
		}
		for _, key := range c.files.Keys() {
			e, _ := c.files.Get(key)
			for _, name := range append([]string{e.EN, e.JA}, e.spellings...) {
				names.Add(key, name)
			}
		}
		return names
	})
	return c, err
}

func entryOf(key string, f exchangeFile) (e entry, err error) {
	e = entry{Exchange{Key: key, EN: f.EN, JA: f.JA, Sources: f.Sources, ReadOn: f.ReadOn,
		Contradictions: f.Contradiction, channels: f.Channel}, f.Spellings}
	for _, id := range f.ID {
		re, bad := regexp.Compile(id.Pattern)
		if bad != nil {
			err = errors.Join(err, fmt.Errorf("reading data file %q: pattern %q: %w", key+".toml", id.Pattern, bad))
			continue
		}
		e.ids = append(e.ids, idShape{id.Of, re})
	}
	return e, err
}

// Exchanges returns all exchanges in the order of their keys.
func (c *Catalog) Exchanges() (all []Exchange) {
	for _, key := range c.files.Keys() {
		if e, ok := c.files.Get(key); ok {
			all = append(all, e.Exchange)
		}
	}
	return all
}

// Lookup finds an exchange by its key, name or another spelling, whatever the
// case and width of the letters.
func (c *Catalog) Lookup(name string) (Exchange, bool) {
	key, ok := c.keys.Lookup(name)
	if !ok {
		key, _ = c.names().Lookup(name)
	}
	e, ok := c.files.Get(key)
	return e.Exchange, ok
}

// Near returns at most three names that may have been meant.
func (c *Catalog) Near(name string) []string { return c.names().Near(name) }
