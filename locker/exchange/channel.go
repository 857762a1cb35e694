package exchange

import (
	"cmp"
	"slices"
)

// A Channel is a way to reach an exchange, or to hear from it.
type Channel struct {
	Kind          string // a key of [ChannelKinds]
	Offered       Offered
	For           []string // kinds of trouble; empty for all
	Address       string   // what to open, dial or look for, "" if none is known
	AddressGrade  Grade    `toml:"address_grade"` // of the address's own source, "" for that of the channel
	Date          string   // day of the source of the address, "" if it has none
	JA, EN        string   // a note
	Sources       []ChannelSource
	Contradiction Remark // how the sources differ
}

// Offered says whether the exchange has a channel.
type Offered string

// What the sources say of a channel.
const (
	Yes          Offered = "yes"
	No           Offered = "no"
	Contradicted Offered = "contradicted"
)

// A Grade says how far a source can be trusted.
type Grade string

// The grades, the best first.
const (
	Official   Grade = "official"
	Seed       Grade = "seed" // an article, not the exchange's own
	ThirdParty Grade = "third-party"
)

// A ChannelSource is where something was read.
type ChannelSource struct {
	Where string
	Grade Grade
}

// A Remark is a sentence in both languages.
type Remark struct {
	JA, EN  string
	Sources []ChannelSource
}

// ChannelKinds are the keys of channels.
func ChannelKinds() []string {
	return []string{"form", "fax", "phone", "mail", "chat", "freeze", "help", "status", "news", "social", "app"}
}

// Grade returns the best grade among the sources.
func (c Channel) Grade() Grade {
	best := ThirdParty
	for _, s := range c.Sources {
		if rank(s.Grade) < rank(best) {
			best = s.Grade
		}
	}
	return best
}

func rank(g Grade) int {
	if i := slices.Index([]Grade{Official, Seed, ThirdParty}, g); i >= 0 {
		return i
	}
	return 3
}

// Known reports whether the channel may be shown. Of one that is contradicted,
// and of a phone, fax or mail that no official source confirms, nothing is
// shown but that it is to be looked up on the official site: a wrong number
// leads a frightened person to a stranger.
func (c Channel) Known() bool {
	if c.Offered != Yes {
		return false
	}
	return !slices.Contains([]string{"phone", "fax", "mail"}, c.Kind) || c.Grade() == Official
}

// Note returns the note in "ja" or "en"; any other language gets English.
func (c Channel) Note(lang string) string { return Remark{JA: c.JA, EN: c.EN}.Text(lang) }

// Text returns the remark in "ja" or "en"; any other language gets English.
func (r Remark) Text(lang string) string {
	if lang == "ja" {
		return r.JA
	}
	return r.EN
}

// Channels returns the exchange's channels for any of these kinds of trouble,
// or all of them without any: what may be shown first, and of that the official
// source first. An address that may not be shown is left out.
func (e Exchange) Channels(kinds ...string) []Channel {
	var out []Channel
	for _, c := range e.channels {
		if len(kinds) > 0 && len(c.For) > 0 && !slices.ContainsFunc(c.For, func(k string) bool { return slices.Contains(kinds, k) }) {
			continue
		}
		if !c.Known() {
			c.Address = ""
		}
		out = append(out, c)
	}
	place := func(c Channel) int {
		if !c.Known() {
			return 10
		}
		return rank(c.Grade())
	}
	slices.SortStableFunc(out, func(x, y Channel) int { return cmp.Compare(place(x), place(y)) })
	return out
}
