package playbook

import (
	"slices"
	"strings"
	"sync"

	"evidence-locker/locker/datafile"
)

// A Step is one thing to do.
type Step struct {
	Key     string // as in "takeover/2"; stable
	JA, EN  string
	Sources []string // tags: see [Book.Source]
	Always  bool     // worth saying whatever happened
}

// A Remark is a sentence with its sources.
type Remark struct {
	JA, EN  string
	Sources []string
}

// Text returns the step in "ja" or "en"; any other language gets English.
func (s Step) Text(lang string) string { return Remark{s.JA, s.EN, nil}.Text(lang) }

// Text returns the remark in "ja" or "en"; any other language gets English.
func (r Remark) Text(lang string) string {
	if lang == "ja" {
		return r.JA
	}
	return r.EN
}

// A Source is where a step was read.
type Source struct {
	Where  string
	Grade  string // official, seed (an article), lawyer, third-party, own
	JA, EN string // what it is
}

// What the person was about when an outage began.
const (
	Trading     = "trading"
	Depositing  = "depositing"
	Withdrawing = "withdrawing"
	API         = "api"
)

// Phases returns all phases.
func Phases() []string { return []string{Trading, Depositing, Withdrawing, API} }

// Lists of steps that belong to no kind.
const (
	General    = "general"    // in every case
	Afterwards = "afterwards" // when the desk has been told
	Prepare    = "prepare"    // before anything happens
)

// Lists returns the names of all built-in lists.
func Lists() []string { return []string{General, Afterwards, Prepare} }

// stepFile is a step in a data file: a text, or all steps of another kind.
type stepFile struct {
	ID      string   // behind the kind's key; without one, the place in the file
	Of      string   // key of a kind whose steps stand here
	Phases  []string // only in these; everywhere without any
	JA, EN  string
	Sources []string
	Always  bool
}

// Steps returns the steps of a kind or a list in their order; those that belong
// to a phase are among them if that phase is asked for.
func (b *Book) Steps(key, phase string) []Step { return b.collect(key, phase, map[string]bool{}) }

// collect follows references to other kinds, each of them once.
func (b *Book) collect(key, phase string, seen map[string]bool) (out []Step) {
	if seen[key] {
		return nil
	}
	seen[key] = true
	f, _ := b.files.Get(key)
	for _, s := range f.Step {
		switch {
		case len(s.Phases) > 0 && !slices.Contains(s.Phases, phase):
		case s.Of != "":
			out = append(out, b.collect(s.Of, phase, seen)...)
		default:
			out = append(out, Step{key + "/" + s.ID, s.JA, s.EN, s.Sources, s.Always})
		}
	}
	return out
}

// Step finds a step by its key, whatever its phase.
func (b *Book) Step(key string) (Step, bool) {
	kind, id, _ := strings.Cut(key, "/")
	f, _ := b.files.Get(kind)
	for _, s := range f.Step {
		if s.Of == "" && s.ID == id {
			return Step{key, s.JA, s.EN, s.Sources, s.Always}, true
		}
	}
	return Step{}, false
}

// List returns a list that belongs to no kind, by its key.
func (b *Book) List(key string) (Kind, bool) {
	f, ok := b.files.Get(key)
	if !ok || !f.List {
		return Kind{}, false
	}
	return Kind{Key: key, JA: f.JA, EN: f.EN, Contradictions: f.Contradiction}, true
}

// Always returns the steps that are worth saying whatever happened.
func (b *Book) Always() []Step {
	return slices.DeleteFunc(b.Steps(General, ""), func(s Step) bool { return !s.Always })
}

// Source finds a source by its tag.
func (b *Book) Source(tag string) (Source, bool) {
	s, ok := sources()[tag]
	return s, ok
}

var sources = sync.OnceValue(func() map[string]Source {
	text, err := files.ReadFile("sources.toml")
	var all map[string]Source
	if err == nil {
		all, err = datafile.Decode[map[string]Source]("sources.toml", text)
	}
	if err != nil {
		panic("playbook: built-in data: " + err.Error()) // a test loads them
	}
	return all
})
