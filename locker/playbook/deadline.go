package playbook

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"slices"
	"sync"

	"evidence-locker/locker/datafile"
)

// Deadline is a time limit that a source tells of. None is certain to hold:
// each was read in a stored copy of unknown age.
type Deadline struct {
	With     []string // whom a talk is with that it matters to: "support", "police"
	Exchange string   // the exchange that set it, "" for a rule of law or custom
	Within   string   // as the contact command reads it, "2 months"
	JA, EN   string
	Source   string
	Grade    string // O official, L lawyer, T third party
	ReadOn   string `toml:"read_on"`
}

// Text says in "ja" or, any other language, in English what the limit is.
func (d Deadline) Text(lang string) string {
	if lang == "ja" {
		return d.JA
	}
	return d.EN
}

// Host is the site that the source is on.
func (d Deadline) Host() string {
	if u, err := url.Parse(d.Source); err == nil {
		return u.Host
	}
	return ""
}

//go:embed deadline/*.toml
var deadlineFiles embed.FS

// Deadlines returns the known time limits in the order of their files.
var Deadlines = sync.OnceValue(func() []Deadline {
	dir, err := fs.Sub(deadlineFiles, "deadline")
	var all map[string]Deadline
	if err == nil {
		all, err = datafile.Load[Deadline](dir, nil)
	}
	if err != nil {
		panic(fmt.Sprintf("playbook: built-in deadlines: %v", err)) // a test loads them
	}
	var list []Deadline
	for _, key := range slices.Sorted(maps.Keys(all)) {
		list = append(list, all[key])
	}
	return list
})
