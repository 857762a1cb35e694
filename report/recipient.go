package report

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"

	"evidence-locker/locker/datafile"
	"evidence-locker/locker/record"
	"evidence-locker/report/typeset"
)

// Need says how strongly a recipient asks for a field.
type Need string

const (
	Required Need = "R" // the source says it must be given, or the form has a box for it
	Expected Need = "E" // asked for or strongly advised
	Optional Need = "O" // helps if it is known
	notAsked Need = "-" // filled in at the desk
)

// recipientFile is a data file recipient/<key>.toml.
type recipientFile struct {
	JA, EN    string
	Exchange  bool          // the reader is an exchange: accounts and orders at others are not its business
	LeavesOut []record.Type `toml:"leaves_out"` // types of records that this reader has no use for
	Field     []field
	Hold      []holdRule
	Sources   map[string]string
}

// holdRule is what an exchange says it wants from the police before it keeps
// coins back.
type holdRule struct {
	Exchange, JA, EN, Source string
}

// field is one line of what a recipient asks for.
type field struct {
	Path     string // record field where the answer lives, "account.number"; or only a type
	Show     string // how it is worded, a key of shows or itemShows; empty: the values of Path as they are
	Part     string // the part of the document that it stands in, where there are several
	JA, EN   string
	Kinds    []string // asked for in these kinds of trouble only; empty: in all
	NotKinds []string `toml:"not_kinds"` // not asked for where all kinds are among these
	Absent   string   // what stands where there is nothing: "" not recorded, "none", "unknown"
	Sheet    bool     // belongs on the detachable sheet of identity
	With     string   // of a talk: with whom it is meant, "" for anybody
	Include  string   // in the report only if asked for: "address", see Options.Address
	At       []fieldAt
	asking
}

// asking is how strongly a field is asked for, and why.
type asking struct {
	Need   Need
	Source string
	WhyJA  string `toml:"why_ja"`
	WhyEN  string `toml:"why_en"`
}

// fieldAt is what one exchange asks for in its own way.
type fieldAt struct {
	Exchange string
	asking
}

//go:embed recipient/*.toml
var recipientFS embed.FS

var recipientFiles = sync.OnceValue(func() map[string]recipientFile {
	sub, err := fs.Sub(recipientFS, "recipient")
	if err == nil {
		var all map[string]recipientFile
		if all, err = datafile.Load[recipientFile](sub, nil); err == nil {
			return all
		}
	}
	panic("report: built-in data: " + err.Error()) // a test loads them
})

// Recipient is a reader that a report can be made for.
type Recipient struct{ Key, JA, EN string }

// Name returns the name in "ja" or "en"; any other language gets English.
func (r Recipient) Name(lang string) string {
	if lang == "ja" {
		return r.JA
	}
	return r.EN
}

// recipientOrder is the order in which recipients are offered; the first is
// the default.
var recipientOrder = []string{"support", "police", "ic3", "police-generic", "freeze", "mica"}

// compose makes the content for each recipient.
var compose = map[string]func(*builder){
	"support": (*builder).support, "police": (*builder).police, "ic3": (*builder).ic3,
	"police-generic": (*builder).policeGeneric, "freeze": (*builder).freeze, "mica": (*builder).mica,
}

// setSheet gives a document the paper that its recipient expects.
func setSheet(d *typeset.Document, recipient, lang string) {
	switch d.Size = 9; recipient { // so that the first page of a support report holds the whole form
	case "police":
		// Investigation papers are A4, upright, bound at the left, in Mincho of
		// 10.5 to 12 points (recipients.md, rule 4).
		d.Margins = typeset.Margins{Left: 30, Right: 20, Top: 24, Bottom: 22}
		d.Size = 10.5
		if lang == "ja" {
			d.Face = typeset.Mincho
		}
	case "mica":
		d.Size = 8.5 // so that the whole template stands on the first page
	case "ic3":
		if lang == "en" {
			d.Paper = typeset.Letter // the desk is in the United States
		}
	}
}

// Recipients returns the readers that reports can be made for. The first is
// the one that is taken if none is named.
func Recipients() []Recipient {
	all := recipientFiles()
	var rs []Recipient
	for _, key := range recipientOrder {
		rs = append(rs, Recipient{key, all[key].JA, all[key].EN})
	}
	return rs
}

// ErrUnknownRecipient says that there is no such recipient.
var ErrUnknownRecipient = errors.New("unknown recipient")

func lookupRecipient(key string) (string, recipientFile, error) {
	if key == "" {
		key = recipientOrder[0]
	}
	if !slices.Contains(recipientOrder, key) {
		return "", recipientFile{}, fmt.Errorf("%w %q", ErrUnknownRecipient, key)
	}
	return key, recipientFiles()[key], nil
}

// MissingField is something that the recipient asks for and that is not
// recorded.
type MissingField struct {
	Path         string // "account.number", or only a type of record, as in "evidence"
	JA, EN       string
	Need         Need
	WhyJA, WhyEN string
	Source       string
	With         string // of a talk: with whom it is, "" for anybody
}

// Label returns the name of the field in "ja" or else English.
func (m MissingField) Label(lang string) string {
	if lang == "ja" {
		return m.JA
	}
	return m.EN
}

// Why says in "ja" or else English why the field is asked for.
func (m MissingField) Why(lang string) string {
	if lang == "ja" {
		return m.WhyJA
	}
	return m.WhyEN
}
