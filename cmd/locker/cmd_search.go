package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"evidence-locker/crypto"
	"evidence-locker/locker"
	"evidence-locker/locker/record"

	"github.com/urfave/cli/v2"
)

func newSearchCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:  "search",
		Flags: []cli.Flag{&cli.StringSliceFlag{Name: "file", Usage: "FILE"}},
		Action: func(c *cli.Context) error {
			return runSearch(c.Context, e, c.Args().Slice(), c.StringSlice("file"))
		},
	}
}

// A search goes through all incidents.
type search struct {
	e     *env
	terms []string // folded; a record must hold all
	files []*soughtFile

	hits    []jsonHit
	shown   int // the incident of the last line, -1 before the first
	current int
	damaged []locker.Damage
}

// jsonHit is a field that holds a part of what was looked for.
type jsonHit struct {
	Incident    int      `json:"incident"`
	Seq         int64    `json:"seq"`
	Type        string   `json:"type"`
	Field       string   `json:"field"`
	Match       jsonText `json:"match"` // as recorded
	Text        jsonText `json:"text"`  // with what stands around it
	Name        jsonText `json:"name,omitempty"`
	RetractedBy *int64   `json:"retracted_by,omitempty"`

	shown string // see searchable
}

// A soughtFile is a file of which the person asks whether it is recorded.
type soughtFile struct {
	Path   jsonText       `json:"path"`
	Size   int64          `json:"size"`
	SHA256 string         `json:"sha256"`
	Found  []jsonLocation `json:"found"`

	sum [32]byte
}

type jsonLocation struct {
	Incident    int      `json:"incident"`
	Seq         int64    `json:"seq"`
	Name        jsonText `json:"name"`
	RecordedAt  string   `json:"recorded_at"`
	RetractedBy *int64   `json:"retracted_by,omitempty"`

	at time.Time
}

type jsonSearch struct {
	Hits    []jsonHit     `json:"hits,omitempty"`
	Files   []*soughtFile `json:"files,omitempty"`
	Damaged []jsonDamage  `json:"damaged,omitempty"`
}

func runSearch(ctx context.Context, e *env, words, paths []string) error {
	s := &search{e: e, shown: -1}
	for _, w := range words {
		if q := foldQuery(w); q != "" {
			s.terms = append(s.terms, strings.TrimPrefix(q, "sha256:"))
		}
	}
	switch {
	case len(s.terms) == 0 && len(paths) == 0:
		return &usageError{key: "usage.nothing-sought", example: e.ui.command("search", e.ui.lang.msg("search.example"))}
	case len(words) > 0 && len(paths) > 0:
		return &usageError{key: "usage.text-and-file", command: "search"}
	}
	for _, p := range paths { // before the vault is open: see ownFiles
		f, err := e.hashFile(ctx, p)
		if err != nil {
			return err
		}
		s.files = append(s.files, f)
	}
	v, k, err := e.openUnlocked(ctx)
	if err != nil {
		return err
	}
	defer v.Close()
	if err := s.run(ctx, v, k); err != nil {
		return err
	}
	return s.report()
}

// hashFile takes the SHA-256 of a file as it streams by.
func (e *env) hashFile(ctx context.Context, path string) (*soughtFile, error) {
	own, err := e.ownFiles()
	if err != nil {
		return nil, err
	}
	fi, err := os.Stat(path)
	switch {
	case err != nil:
	case fi.IsDir():
		err = &os.PathError{Op: "open", Path: path, Err: syscall.EISDIR}
	case !fi.Mode().IsRegular():
		err = &os.PathError{Op: "open", Path: path, Err: errChangedKind}
	case isOwn(fi, own):
		return nil, &failure{key: "err.own-file", args: []any{path}}
	}
	var f *os.File
	if err == nil {
		f, err = os.Open(path)
	}
	if err != nil {
		return nil, &failure{key: "err.reading", args: []any{path, err}}
	}
	defer f.Close()
	update, end := e.ui.progress("progress.search")
	defer end()
	h := sha256.New()
	n, err := io.CopyBuffer(h, &countingReader{r: &patientReader{ctx: ctx, r: f}, total: fi.Size(), update: update}, make([]byte, 1<<20))
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, &failure{key: "err.reading", args: []any{path, err}}
	}
	out := &soughtFile{Path: jsonText(path), Size: n, sum: [32]byte(h.Sum(nil)), Found: []jsonLocation{}}
	out.SHA256 = hex.EncodeToString(out.sum[:])
	return out, nil
}

// run looks at every record, and keeps no more of them than what it found.
func (s *search) run(ctx context.Context, v *locker.Vault, k *crypto.Key) error {
	current, err := v.Current(ctx)
	if err != nil {
		return err
	}
	s.current = current.Number
	total := int64(-1)
	if head, err := v.Head(ctx); err == nil {
		total = head.Size
	}
	s.e.books() // loaded before goroutines ask for them
	update, end := s.e.ui.steps("progress.search")
	defer end()
	var mu sync.Mutex
	done := int64(0)
	incidents, err := v.Survey(ctx, k, func(r *locker.Record) bool {
		mu.Lock()
		done++
		update(done, total)
		mu.Unlock()
		return s.sought(r) || len(s.hitsIn(r)) > 0
	})
	if err != nil {
		return err
	}
	end()
	for _, in := range incidents {
		s.damaged = append(s.damaged, in.Damaged...)
		for _, r := range in.Records {
			s.take(r)
		}
	}
	return nil
}

// sought tells whether a record is of one of the files.
func (s *search) sought(r *locker.Record) bool {
	return r.Exhibit != nil && slices.ContainsFunc(s.files, func(f *soughtFile) bool { return f.sum == r.Exhibit.SHA256 })
}

// take keeps and shows what is in a record.
func (s *search) take(r *locker.Record) {
	if x := r.Exhibit; x != nil {
		for _, f := range s.files {
			if f.sum == x.SHA256 {
				f.Found = append(f.Found, jsonLocation{r.Incident, r.Seq, jsonText(x.Name), timeJSON(r.RecordedAt), retractedBy(r), r.RecordedAt})
			}
		}
	}
	hits := s.hitsIn(r)
	s.hits = append(s.hits, hits...)
	if !s.e.ui.asJSON {
		for _, h := range hits {
			s.show(h)
		}
	}
}

// hitsIn returns the fields of a record that hold a term, if it holds them all.
func (s *search) hitsIn(r *locker.Record) (hits []jsonHit) {
	if len(s.terms) == 0 {
		return nil
	}
	held := make([]bool, len(s.terms))
	for _, t := range s.texts(r) {
		f := foldText(t.text)
		from, to, found := 0, 0, false
		for i, term := range s.terms {
			a, b, ok := f.find(term)
			if t.whole && a != 0 { // a hash or ID is named from its beginning
				ok = false
			}
			if !ok {
				continue
			}
			held[i] = true
			if !found {
				from, to, found = a, b, true
			}
		}
		if found {
			h := jsonHit{shown: t.shown, Incident: r.Incident, Seq: r.Seq, Type: string(r.Type), Field: t.field, RetractedBy: retractedBy(r),
				Match: jsonText(t.text[from:to]), Text: jsonText(surroundings(t.text, from, to))}
			if r.Exhibit != nil {
				h.Name = jsonText(r.Exhibit.Name)
			}
			hits = append(hits, h)
		}
	}
	if slices.Contains(held, false) {
		return nil
	}
	return hits
}

func retractedBy(r *locker.Record) *int64 {
	if r.Retracted == nil {
		return nil
	}
	return &r.Retracted.Seq
}

// A searchable is a text of a record.
type searchable struct {
	field, text string
	whole       bool   // only the beginning of it counts
	shown       string // how it is shown, "" for what it says around the hit
}

// hexStart is the beginning of a hash or ID that is long enough to mean one.
var hexStart = regexp.MustCompile(`^[0-9a-f]{6,}$`)

// texts returns what a record says, each value in all its spellings.
func (s *search) texts(r *locker.Record) (all []searchable) {
	if !r.Known {
		return []searchable{{field: "raw", text: string(r.Raw)}}
	}
	add := func(field string, texts ...string) {
		for i, t := range texts {
			if t != "" && (i == 0 || t != texts[0]) {
				all = append(all, searchable{field: field, text: t})
			}
		}
	}
	shown := s.e.ui.worded(r.Type, r.Fields)
	for _, name := range fieldNames(r.Type, r.Fields) {
		switch v := r.Fields[name].(type) {
		case record.List:
			for _, t := range v {
				add(name, string(t))
			}
		case record.Time:
			add(name, formatTime(v.At), v.Raw)
		case record.Amount:
			add(name, v.Raw, v.String())
		case record.FileName:
			if r.Exhibit == nil || r.Exhibit.Name != string(v.Name) {
				add(name, v.String())
			}
		default:
			add(name, s.named(name, v.String()))
			if w := shown[name].String(); w != v.String() {
				all[len(all)-1].shown = w
			}
		}
	}
	for _, term := range s.terms {
		if !hexStart.MatchString(term) {
			continue
		}
		if r.Exhibit != nil {
			all = append(all, searchable{field: "sha256", text: hex.EncodeToString(r.Exhibit.SHA256[:]), whole: true})
		}
		all = append(all, searchable{field: "id", text: r.ID, whole: true})
		break
	}
	return all
}

// named adds to the key of an exchange, a kind or a desk what people call it.
func (s *search) named(field, value string) string {
	exchanges, kinds := s.e.books()
	var names []string
	switch field {
	case "exchange":
		if x, ok := exchanges.Lookup(value); ok {
			names = []string{x.EN, x.JA}
		}
	case "kind":
		if k, ok := kinds.Lookup(value); ok {
			names = []string{k.JA, k.EN}
		}
	case "with":
		if key, ok := partyNames[value]; ok {
			names = []string{japanese[key], english[key]}
		}
	}
	out := value
	for _, n := range names {
		if n != "" && foldQuery(n) != foldQuery(value) {
			out += " (" + n + ")"
		}
	}
	return out
}

// show prints one hit, under its incident.
func (s *search) show(h jsonHit) {
	u := s.e.ui
	if s.shown != h.Incident {
		s.shown = h.Incident
		u.incidentLine(h.Incident, h.Incident == s.current && h.Incident > 0)
	}
	typ := u.lang.typeName(record.Type(h.Type))
	if h.Type == "" {
		typ = "?"
	}
	line := fmt.Sprintf("%*d  %s  ", seqColumn, h.Seq, typ)
	if h.Name != "" && h.Field != "name" {
		line += safe(string(h.Name)) + "  "
	}
	line += u.lang.labelOf(record.Type(h.Type), h.Field) + ": " + safe(cmp.Or(h.shown, string(h.Text)))
	if h.RetractedBy != nil {
		line += "  " + u.lang.msg("search.retracted", *h.RetractedBy)
	}
	if !isTerminalFile(u.out) { // a program or grep reads a hit on a line
		u.print(line)
		return
	}
	for _, folded := range foldLine(line, false) {
		u.print(folded)
	}
}

// report says what was found of the files, what could not be read, and how the
// search ends: nothing found is 1 as with grep, unless it may be in what is
// damaged.
func (s *search) report() error {
	u := s.e.ui
	damaged := s.damaged
	slices.SortFunc(damaged, func(x, y locker.Damage) int { return cmp.Compare(x.Seq, y.Seq) })
	u.damage(damaged)
	var missing []string
	for _, f := range s.files {
		if len(f.Found) == 0 {
			missing = append(missing, string(f.Path))
		}
		if !u.asJSON {
			s.showFile(f)
		}
	}
	if u.asJSON {
		out := jsonSearch{Hits: s.hits, Files: s.files}
		for _, d := range damaged {
			out.Damaged = append(out.Damaged, jsonDamage{d.Seq, d.Err.Error()})
		}
		if err := u.printJSON(out); err != nil {
			return err
		}
	}
	switch {
	case len(damaged) > 0:
		u.advise("hint.damaged")
		return errDamage
	case len(missing) > 0:
		return &failure{key: "err.not-recorded", args: []any{u.lang.list(missing)}}
	case len(s.files) == 0 && len(s.hits) == 0:
		return &failure{key: "err.not-found"}
	}
	return nil
}

func (s *search) showFile(f *soughtFile) {
	u := s.e.ui
	u.print(safe(string(f.Path)) + "  " + u.lang.size(f.Size))
	u.print(shaLine(f.SHA256))
	for _, l := range f.Found {
		line := u.lang.msg("search.recorded", strconv.Itoa(l.Incident), strconv.FormatInt(l.Seq, 10), string(l.Name), formatTime(l.at.Truncate(time.Second)))
		if l.RetractedBy != nil {
			line += "  " + u.lang.msg("search.retracted", *l.RetractedBy)
		}
		u.print(strings.Repeat(" ", seqColumn+2) + line)
	}
}
