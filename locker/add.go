package locker

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"evidence-locker/crypto"
	"evidence-locker/locker/record"

	"github.com/gabriel-vasile/mimetype"
	"golang.org/x/text/unicode/norm"
)

// inlineLimit is how many bytes of files go into one transaction with the
// facts. A larger file is staged in transactions of its own, so that losing it
// loses nothing else.
const inlineLimit = 4 << 20

// sniffSize is how many bytes tell a file's type, and describeSize how many are
// looked at for what it says of itself.
const (
	sniffSize    = 3072
	describeSize = 1 << 20
)

// A Target says under which incident something is recorded. The zero value is
// the current incident, or a new one if there is none.
type Target struct {
	New    bool
	Number int
	Fixed  bool // take Number as it is, 0 for what is about the person, and leave the current incident alone
}

// A Fact is a record other than a file's.
type Fact struct {
	Type   record.Type
	Fields record.Fields
}

// A File is taken in byte for byte.
type File struct {
	Name     string                        // as the system has it; only the base name is kept
	Open     func() (io.ReadCloser, error) // called once
	Size     int64                         // bytes, -1 if not known
	Modified time.Time                     // zero if not known
	Fields   record.Fields                 // further fields of its evidence record
}

// An AddRequest is what Add records.
type AddRequest struct {
	Target Target
	Facts  []Fact
	Files  []File

	// Describe returns what a file says of itself, as further fields of its
	// evidence record; it may be nil. head is the file's beginning, up to 1 MiB,
	// and whole says that this is all of it. Fields that the record has anyway
	// stay as they are. If it panics, the file is recorded without.
	Describe func(mediaType, name string, head []byte, whole bool) record.Fields

	// Each may be nil.
	Recorded func(Recorded)          // called for each record, after the commit that holds it
	Failed   func(File, error)       // called for a file that is not recorded; the others go on
	Progress func(done, total int64) // bytes of the large file under way, total -1 if not known
}

// Recorded is one record that is now in the vault.
type Recorded struct {
	Seq         int64
	Incident    int
	NewIncident bool
	Fact        Fact
	File        *Exhibit // nil for facts
	Warnings    []string // codes of what was odd about the file
}

// What can be odd about a file that was recorded.
const (
	FileEmpty   = "empty-file"
	FileChanged = "changed-while-read" // its length or modification time is another than at the start
	FileCut     = "cut-short"          // reading ended in an error; what came before it is recorded
)

// Add records facts and files. Facts and files of up to 4 MiB together are one
// transaction; each larger file is one by itself, after them. The error says
// that nothing more was recorded than what Recorded was told; what is wrong
// with a single file goes to Failed alone.
func (v *Vault) Add(ctx context.Context, r AddRequest) error {
	if len(r.Facts) == 0 && len(r.Files) == 0 {
		return ErrNothing
	}
	// While files are read and encrypted, the connection that will write them
	// opens and the device's key is made ready.
	go v.warm(ctx)
	go v.loadDevice()
	a := adder{v: v, r: &r, t: target{Target: r.Target}}
	switch {
	case r.Target.Fixed:
		a.t.fixed = true
	case len(r.Files) == 0 && !slices.ContainsFunc(r.Facts, func(f Fact) bool { return f.Type != record.Reporter }):
		a.t = target{fixed: true} // no incident begins with the person's name
	}
	for _, f := range r.Facts {
		a.batch = append(a.batch, pending{entry: &entry{typ: f.Type, body: f.Fields}, fact: f})
	}
	// Files that are large, or turn out to be, wait until the rest is recorded,
	// and so does a pipe that may take its time. They are opened only then: there
	// may be thousands.
	var later []func() error
	for _, f := range r.Files {
		if f.Size > inlineLimit || f.Size < 0 {
			later = append(later, func() error { return a.file(ctx, f) })
			continue
		}
		o, err := open(f)
		if err != nil {
			a.failed(f, err)
			continue
		}
		if o.body != nil {
			defer o.rc.Close()
			later = append(later, func() error { return a.large(ctx, o) })
			continue
		}
		if err := a.small(ctx, o); err != nil {
			return err
		}
	}
	if err := a.flush(ctx); err != nil {
		return err
	}
	for _, next := range later {
		if err := next(); err != nil {
			return err
		}
	}
	return v.sweep(ctx)
}

type pending struct {
	entry    *entry
	fact     Fact
	exhibit  *Exhibit
	warnings []string
}

// adder carries one Add through its transactions.
type adder struct {
	v     *Vault
	r     *AddRequest
	t     target
	batch []pending
	bytes int // of files in the batch
	key   *crypto.Recipient
}

// recipient is the one that this machine pinned, else the vault's own. It
// cannot change while the vault is open.
func (a *adder) recipient(ctx context.Context) (crypto.Recipient, error) {
	if a.key == nil {
		d, err := a.v.loadDevice()
		if err == nil && d != nil {
			a.key = &d.recipient
		} else {
			r, err := a.v.recipient(ctx)
			if err != nil {
				return crypto.Recipient{}, err
			}
			a.key = &r
		}
	}
	return *a.key, nil
}

func (a *adder) failed(f File, err error) {
	if a.r.Failed != nil {
		a.r.Failed(f, err)
	}
}

// file takes in a file by itself.
func (a *adder) file(ctx context.Context, f File) error {
	o, err := open(f)
	if err != nil {
		a.failed(f, err)
		return nil
	}
	if f.Size < 0 {
		// Whoever interrupts a pipe wants it to end, not what it gave to be lost.
		ctx = context.WithoutCancel(ctx)
	}
	if o.body != nil {
		defer o.rc.Close()
		return a.large(ctx, o)
	}
	if err := a.small(ctx, o); err != nil {
		return err
	}
	return a.flush(ctx)
}

// small takes in a file that is in memory.
func (a *adder) small(ctx context.Context, o *opened) error {
	if a.bytes+len(o.head) > inlineLimit {
		if err := a.flush(ctx); err != nil {
			return err
		}
	}
	a.bytes += len(o.head)
	r, err := a.recipient(ctx)
	if err != nil {
		return err
	}
	plainSum := make(chan [32]byte, 1)
	go func() { plainSum <- sha256.Sum256(o.head) }()
	sealed := bytes.NewBuffer(make([]byte, 0, len(o.head)+len(o.head)/1024+8192))
	w, err := crypto.Encrypt(sealed, r)
	if err != nil {
		return err
	}
	if _, err := w.Write(o.head); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	a.push(o, &sealedObject{
		id: randomHex(16), plainSize: int64(len(o.head)), plainSum: <-plainSum,
		size: int64(sealed.Len()), sum: sha256.Sum256(sealed.Bytes()),
		data: sealed.Bytes(), chunks: (sealed.Len() + chunkSize - 1) / chunkSize,
	})
	return nil
}

// large stages a file and records it by itself.
func (a *adder) large(ctx context.Context, o *opened) error {
	r, err := a.recipient(ctx)
	if err != nil {
		return err
	}
	object, release, err := a.v.stage(ctx, o, r, a.r.Progress)
	if err != nil {
		return fmt.Errorf("recording %q: %w", o.file.Name, err)
	}
	defer release()
	a.push(o, object)
	return a.flush(ctx)
}

// push makes the evidence record of a file that was read to its end.
func (a *adder) push(o *opened, object *sealedObject) {
	e, body := o.describe(object, a.r.Describe)
	a.batch = append(a.batch, pending{
		entry:   &entry{typ: record.Evidence, body: body, object: object},
		fact:    Fact{record.Evidence, body},
		exhibit: e, warnings: o.warnings,
	})
}

// flush commits the batch and tells of it.
func (a *adder) flush(ctx context.Context) error {
	if len(a.batch) == 0 {
		return nil
	}
	entries := make([]*entry, len(a.batch))
	for i, p := range a.batch {
		entries[i] = p.entry
	}
	out, err := a.v.append(ctx, a.t, entries)
	if err != nil {
		return err
	}
	for _, p := range a.batch {
		rec := Recorded{Seq: p.entry.seq, Incident: out.incident, NewIncident: out.fresh, Fact: p.fact, File: p.exhibit, Warnings: p.warnings}
		if rec.File != nil {
			rec.File.Seq = p.entry.seq
		}
		if p.fact.Type == record.Reporter {
			rec.Incident, rec.NewIncident = 0, false
		}
		if a.r.Recorded != nil {
			a.r.Recorded(rec)
		}
	}
	a.batch, a.bytes = nil, 0
	a.t.Target = Target{Number: out.incident}
	return nil
}

// opened is a file under way.
type opened struct {
	file     File
	rc       io.ReadCloser
	head     []byte      // what was read first
	body     io.Reader   // what follows head; nil if all of it is in head, and rc closed
	limit    int64       // bytes to read of a regular file; -1: to its end
	start    fs.FileInfo // nil if the source cannot tell
	warnings []string
}

// open opens a file and reads up to the inline limit of it.
func open(f File) (*opened, error) {
	rc, err := f.Open()
	if err != nil {
		return nil, err
	}
	o := &opened{file: f, rc: rc, limit: -1}
	if s, ok := rc.(interface{ Stat() (fs.FileInfo, error) }); ok {
		if info, err := s.Stat(); err == nil && info.Mode().IsRegular() {
			o.start = info
			// A file that grows while it is read would never end. A size of 0
			// says nothing (/proc): then its end counts.
			if info.Size() > 0 {
				o.limit = info.Size()
			}
		}
	}
	var src io.Reader = rc
	if o.limit >= 0 {
		src = io.LimitReader(rc, o.limit)
	}
	want := int64(inlineLimit + 1)
	if o.limit > inlineLimit {
		want = describeSize // it is large for certain
	}
	head := bytes.NewBuffer(make([]byte, 0, max(0, min(o.limit, want))+bytes.MinRead))
	_, err = head.ReadFrom(io.LimitReader(src, want))
	o.head = head.Bytes()
	if err != nil && len(o.head) == 0 {
		rc.Close()
		return nil, err
	}
	if err == nil && int64(len(o.head)) == want {
		o.body = src
		return o, nil
	}
	o.end(err, int64(len(o.head)))
	rc.Close()
	return o, nil
}

// end looks back at a file of which n bytes were read.
func (o *opened) end(readErr error, n int64) {
	if readErr != nil {
		o.warnings = append(o.warnings, FileCut)
	}
	if n == 0 {
		o.warnings = append(o.warnings, FileEmpty)
	}
	if o.start == nil {
		return
	}
	changed := readErr == nil && o.limit >= 0 && n != o.limit
	if s, ok := o.rc.(interface{ Stat() (fs.FileInfo, error) }); ok {
		if now, err := s.Stat(); err != nil || now.Size() != o.start.Size() || !now.ModTime().Equal(o.start.ModTime()) {
			changed = true
		}
	}
	if changed {
		o.warnings = append(o.warnings, FileChanged)
	}
}

// describe makes the fields of the evidence record.
func (o *opened) describe(object *sealedObject, claims func(string, string, []byte, bool) record.Fields) (*Exhibit, record.Fields) {
	raw := filepath.Base(o.file.Name)
	e := &Exhibit{
		ObjectID: object.id, Size: object.plainSize, SHA256: object.plainSum,
		Name: ShowName(raw), RawName: []byte(raw),
		MediaType: MediaType(o.head),
		Modified:  o.file.Modified,
	}
	body := o.claims(e, claims)
	body["name"] = record.Text(e.Name)
	body["name_raw"] = record.FileName{OS: runtime.GOOS, Name: record.Text(raw)}
	body["media_type"] = record.Text(e.MediaType)
	if !e.Modified.IsZero() {
		body["modified"] = record.Time{At: e.Modified}
	}
	for name, value := range o.file.Fields {
		body[name] = value
	}
	return e, body
}

// claims asks describe what the file says of itself.
func (o *opened) claims(e *Exhibit, describe func(string, string, []byte, bool) record.Fields) (f record.Fields) {
	f = record.Fields{}
	if describe == nil {
		return f
	}
	defer func() {
		if recover() != nil { // the file is worth more than what it says
			f = record.Fields{}
		}
	}()
	head := o.head[:min(len(o.head), describeSize)]
	maps.Copy(f, describe(e.MediaType, e.Name, head, int64(len(head)) == e.Size))
	return f
}

// MediaType tells a file's type by its first bytes.
func MediaType(head []byte) string {
	return mimetype.Detect(head[:min(len(head), sniffSize)]).String()
}

// ShowName returns a file name as it is shown: valid UTF-8 in normal form C,
// so that a name from macOS reads like any other.
func ShowName(raw string) string {
	return norm.NFC.String(strings.ToValidUTF8(raw, "\uFFFD"))
}

// AppendCustody records that a report was made, files were extracted or the
// like. It does not change which incident is the current one. To a backup it
// adds nothing and returns ErrBackup: who reads one must not make it differ
// from its vault.
func (v *Vault) AppendCustody(ctx context.Context, incident int, f record.Fields) (seq int64, err error) {
	if v.IsBackup(ctx) {
		return 0, fmt.Errorf("recording custody: %w", ErrBackup)
	}
	e := &entry{typ: record.Custody, body: f}
	if _, err := v.append(ctx, target{Target: Target{Number: incident}, fixed: true}, []*entry{e}); err != nil {
		return 0, fmt.Errorf("recording custody: %w", err)
	}
	return e.seq, nil
}

// Retract records that record seq is withdrawn. Both stay. It returns
// ErrNoRecord if there is none and ErrStays if its type is not withdrawn, and
// needs the key since it names the record by
// the id inside it.
func (v *Vault) Retract(ctx context.Context, k *crypto.Key, seq int64, why string) (newSeq int64, err error) {
	r, err := v.Record(ctx, k, seq)
	if err != nil {
		return 0, fmt.Errorf("retracting record %d: %w", seq, err)
	}
	if !r.Known {
		return 0, fmt.Errorf("retracting record %d: %w", seq, record.ErrNewer)
	}
	switch r.Type {
	case record.Retract, record.Custody, record.KeyType, record.DeviceType:
		return 0, fmt.Errorf("retracting record %d: %w: a record of type %s stays", seq, ErrStays, r.Type)
	}
	e := &entry{typ: record.Retract, body: record.Fields{
		"id": record.Text(r.ID), "seq": record.Int(seq), "why": record.Text(why),
	}}
	if _, err := v.append(ctx, target{Target: Target{Number: r.Incident}, fixed: true}, []*entry{e}); err != nil {
		return 0, fmt.Errorf("retracting record %d: %w", seq, err)
	}
	return e.seq, nil
}
