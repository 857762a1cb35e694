package locker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"evidence-locker/crypto"
	"evidence-locker/locker/durable"
	"evidence-locker/locker/record"
	"evidence-locker/locker/volume"
)

// A KeyFunc opens a vault's key: it asks for the passphrase, or reads the key's
// text. It is called at most once.
type KeyFunc func(ctx context.Context, v *Vault) (*crypto.Key, error)

// A RestoreRequest says how a vault is restored.
type RestoreRequest struct {
	Key      KeyFunc
	Salvage  bool                    // take what is whole of a backup that is damaged
	Progress func(done, total int64) // bytes read, written, and read back; may be nil
}

// A Restored is what a restored vault holds.
type Restored struct {
	Path    string
	From    Head // of the backup
	Head    Head // of the vault, with the records that say that it was restored
	Records int64
	Objects int64
	Bytes   int64    // of files, as stored
	Seq     int64    // the record that says so
	Faults  []Fault  // what is damaged in the vault, as it was in the backup
	Damaged []Damage // what could not be read at all, and is not in the vault
}

// restoringSuffix marks a vault that is being restored.
const restoringSuffix = ".restoring"

// harmless are faults of a backup that a restore does not stop for: nothing of
// them is lost, and Verify names them in the vault as it did in the backup.
var harmless = map[string]bool{FaultUnsigned: true, FaultLocal: true}

// Restore makes the vault at path out of a backup, which is left as it is. It
// returns ErrExists if anything stands at path.
//
//  1. Verify all of the backup. With faults it goes on only to salvage.
//  2. Ask for the key, and prove that it is the vault's.
//  3. Copy to a name of its own beside path. A crash leaves that, and a later
//     restore goes on with it, or begins anew if it is of something else.
//  4. Make a device key for this machine, enrol it, record that the vault was
//     restored and from what, and note where records go. A crash leaves the
//     copy, which the next restore begins anew, and the device key, which it
//     takes.
//  5. Verify the copy, as the disk gives it back. Nothing is written after that.
//  6. Rename it to path: the vault. Pin its head.
//
// It returns *FaultsError where the backup is damaged, ErrWrongPassphrase or
// ErrOtherKey where the key does not open it, and *SpaceError or ErrFull.
func Restore(ctx context.Context, src, path string, r RestoreRequest, o Options) (*Restored, error) {
	out, err := restore(ctx, src, path, r, o)
	if err != nil {
		return nil, fmt.Errorf("restoring from %q: %w", src, err)
	}
	return out, nil
}

func restore(ctx context.Context, src, path string, r RestoreRequest, o Options) (*Restored, error) {
	if err := nothingStands(path); err != nil {
		return nil, err
	}
	from, err := openSource(ctx, src, o, r.Salvage)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	p := newPhases(ctx, from, 3, r.Progress)

	// 1.
	checked, err := from.verify(ctx, nil, p.verify)
	if err != nil {
		return nil, err
	}
	damaged := false
	for _, f := range checked.Faults {
		damaged = damaged || !harmless[f.Code]
	}
	if damaged && !r.Salvage {
		return nil, &FaultsError{Path: src, Faults: checked.Faults}
	}
	// 2.
	key, err := provenKey(ctx, from, r.Key)
	if err != nil {
		return nil, err
	}

	if err := durable.MkdirAll(filepath.Dir(path)); err != nil {
		return nil, sysError("making folder", err)
	}
	unlock, err := lockNew(ctx, path, o.Waiting)
	if err != nil {
		return nil, err
	}
	defer unlock()
	// 3.
	out := &Restored{Path: path, From: checked.Head}
	work := path + restoringSuffix
	p.next()
	if damaged {
		out.Damaged, err = salvage(ctx, from, work, p.step)
	} else {
		err = copyAll(ctx, from, work, p.step)
	}
	if errors.Is(err, ErrFull) {
		removeUnfinished(work) // others need the room
	}
	if err != nil {
		return nil, err
	}
	// 4.
	whole := checked
	if damaged {
		if whole, err = verifyWritten(ctx, work, o, nil); err != nil {
			return nil, err
		}
	}
	out.Records, out.Objects, out.Bytes = whole.Records, whole.Objects, whole.Bytes
	for _, f := range whole.Faults {
		if f.Code != FaultLocal || damaged { // what stands there is not copied
			out.Faults = append(out.Faults, f)
		}
	}
	if err := settle(ctx, work, filepath.Base(src), key, out, o); err != nil {
		return nil, err
	}
	// 5.
	p.next()
	got, err := verifyWritten(ctx, work, o, p.verify)
	if err == nil && (got.Head != out.Head || worse(got.Faults, out.Faults)) {
		err = fmt.Errorf("%w: %s", ErrReadBack, work)
	}
	if errors.Is(err, ErrReadBack) {
		removeUnfinished(work) // nobody can go on with it
	}
	if err != nil {
		return nil, err
	}
	p.next()
	// 6.
	return out, appear(ctx, work, out, o)
}

// openSource opens a backup for reading alone: this machine's pins say nothing
// of it. A damaged one that does not open as it is can still be salvaged.
func openSource(ctx context.Context, src string, o Options, salvage bool) (*Vault, error) {
	if salvage {
		return openAnyway(ctx, src, o.reading())
	}
	v, err := Open(ctx, src, o.reading())
	if opensDamaged(err) && looksDamaged(src) {
		return nil, &FaultsError{Path: src, Faults: []Fault{{Code: FaultSchema, Seq: -1, Detail: err.Error()}}}
	}
	return v, err
}

// reading returns the options to read a copy of a vault with: what this machine
// remembers of the vault is not about the copy.
func (o Options) reading() Options {
	o.Untouched = true
	o.room, o.ConfigDir = o.ConfigDir, ""
	return o
}

// provenKey asks for the key, and proves that it is the vault's.
func provenKey(ctx context.Context, v *Vault, ask KeyFunc) (*crypto.Key, error) {
	key, err := ask(ctx, v)
	if err != nil {
		return nil, err
	}
	return key, v.UnlockKey(ctx, key)
}

// copyAll makes work a copy of all records, or completes the one that an
// interrupt left there.
func copyAll(ctx context.Context, from *Vault, work string, step func(int)) error {
	c := &copier{from: from, path: work, step: step}
	defer c.close()
	err := c.open(ctx)
	if err == nil {
		err = c.follow(ctx)
	}
	var fork *ForkError
	if errors.As(err, &fork) || errors.Is(err, ErrOtherVault) || errors.Is(err, ErrCopyDamaged) {
		c.close()
		if err = removeUnfinished(work); err == nil {
			err = c.open(ctx)
		}
	}
	if err != nil {
		return err
	}
	size, err := from.size(ctx)
	if err != nil {
		return fromError(size, err)
	}
	if err := c.plan(ctx, size); err != nil {
		return err
	}
	if err := c.room(ctx); err != nil {
		return err
	}
	return c.run(ctx)
}

// removeUnfinished removes a file that is not a vault yet, with all that lies
// beside it.
func removeUnfinished(work string) error {
	var errs []error
	for _, name := range []string{work + partSuffix, work} {
		for _, suffix := range []string{"", "-journal", "-lock", "-stage"} {
			if err := os.Remove(name + suffix); err != nil && !os.IsNotExist(err) {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

// putInPlace gives a finished file its name.
func putInPlace(work, path string) error {
	if err := os.Rename(work, path); err != nil {
		return sysError("naming the vault", err)
	}
	removeUnfinished(work) // what lies beside it, empty
	return durable.SyncDir(filepath.Dir(path))
}

// beginAnew removes what an interrupt left under the name of a file that is to
// be made. What is no vault is somebody's, and stays.
func beginAnew(work string) error {
	for _, name := range []string{work + partSuffix, work} {
		info, err := os.Lstat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return err
		case !info.Mode().IsRegular():
			return fmt.Errorf("%w: %s", ErrForeign, name)
		case info.Size() == 0:
			continue
		}
		first, err := firstBytes(name)
		if err != nil || !resembles(first) && len(bytes.Trim(first, "\x00")) > 0 {
			return fmt.Errorf("%w: %s", ErrForeign, name)
		}
	}
	return removeUnfinished(work)
}

// verifyWritten verifies a file that was written and closed, as the disk gives
// it back.
func verifyWritten(ctx context.Context, path string, o Options, progress func(done, total int64)) (*Verification, error) {
	if _, err := volume.Forget(path); err != nil {
		return nil, sysError("reading back", err)
	}
	v, err := Open(ctx, path, o.reading())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrReadBack, err)
	}
	defer v.Close()
	return v.verify(ctx, nil, progress)
}

// worse reports whether there are faults that were not there before.
func worse(now, before []Fault) bool {
	had := map[Fault]bool{}
	for _, f := range before {
		f.Detail = ""
		had[f] = true
	}
	for _, f := range now {
		if f.Detail = ""; !had[f] {
			return true
		}
	}
	return false
}

// settle makes the copy this machine's own.
func settle(ctx context.Context, work, name string, key *crypto.Key, out *Restored, o Options) error {
	o.Warn = eachOnce(o.Warn)
	v, err := newVault(work, o)
	if err != nil {
		return err
	}
	defer v.Close()
	v.path, v.unborn = out.Path, true
	if err := v.identify(ctx); err != nil {
		return err
	}
	// It was written as backups are, and is none.
	if err := v.inTransaction(ctx, func(q querier) error { return deleteLocal(ctx, q, localCopy) }); err != nil {
		return err
	}
	if h, err := v.headAt(ctx, out.From.Size); err == nil && len(out.Damaged) == 0 && len(out.Faults) == 0 && h != out.From {
		return fmt.Errorf("%w: head of %d records", ErrReadBack, h.Size)
	}
	if d, err := v.loadDevice(); err == nil && d == nil {
		if d, err = newDevice(&v.o, v.id, key.Recipient()); err != nil {
			return err
		}
		v.devMu.Lock()
		v.dev = d
		v.devMu.Unlock()
	}
	// Where the genesis is damaged nobody can be enrolled; verify says so.
	if _, err := v.Enrol(ctx, key); err != nil && !(len(out.Faults) > 0 && errors.Is(err, ErrDamaged)) {
		return err
	}
	body := record.Fields{"action": record.Text("restore"), "name": record.Text(name), "head": record.Text(out.From.String())}
	if text, seqs := describeFaults(out); text != "" {
		body["note"], body["seqs"] = record.Text(text), seqs
	}
	if out.Seq, err = v.AppendCustody(ctx, 0, body); err != nil {
		return err
	}
	incident, err := v.lastIncident(ctx, key)
	if err != nil {
		return err
	}
	err = v.transact(ctx, func(ctx context.Context, q querier) error {
		if incident != nil {
			if err := setCurrent(ctx, q, incident.Incident, incident.RecordedAt); err != nil {
				return err
			}
		}
		return setLocal(ctx, q, localDrill, hourOf(v.o.Now().At)) // no practice is closer to it
	})
	if err != nil {
		return err
	}
	out.Head, err = v.Head(ctx)
	return err
}

// maxNamed is how many faults the record of a restore names.
const maxNamed = 1000

// describeFaults puts what is damaged into words for the record, one fault a
// line, with the numbers of the records.
func describeFaults(out *Restored) (text string, seqs record.List) {
	var lines []string
	seen := map[int64]bool{}
	name := func(seq int64, words ...string) {
		if len(lines) == maxNamed {
			lines = append(lines, "...")
		}
		if len(lines) > maxNamed {
			return
		}
		if seq >= 0 {
			words = append(words, strconv.FormatInt(seq, 10))
		}
		lines = append(lines, strings.Join(words, " "))
		if seq >= 0 && !seen[seq] {
			seen[seq] = true
			seqs = append(seqs, record.Text(strconv.FormatInt(seq, 10)))
		}
	}
	for _, d := range out.Damaged {
		name(d.Seq, "unreadable")
	}
	for _, f := range out.Faults {
		name(f.Seq, f.Code)
	}
	return strings.Join(lines, "\n"), seqs
}

// aside are the types of records that leave the current incident as it is.
var aside = map[record.Type]bool{
	record.Custody: true, record.KeyType: true, record.DeviceType: true,
	record.Retract: true, record.Reporter: true, record.Under: true,
}

// lastIncident returns the newest record that made its incident the current
// one in the vault that was backed up, nil if there is none.
func (v *Vault) lastIncident(ctx context.Context, key *crypto.Key) (*Record, error) {
	newest, err := v.newestRow(ctx)
	for seq := newest; seq > 0 && err == nil; seq-- {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		r, err := v.Record(ctx, key, seq)
		if err == nil && r.Known && r.Incident > 0 && !aside[r.Type] {
			return r, nil
		}
	}
	return nil, err
}

// appear gives the restored vault its name, and remembers it on this machine.
func appear(ctx context.Context, work string, out *Restored, o Options) error {
	if err := nothingStands(out.Path); err != nil {
		return err
	}
	if err := putInPlace(work, out.Path); err != nil {
		return err
	}
	o.Warn = nil
	v, err := Open(ctx, out.Path, o)
	if err != nil {
		return err
	}
	defer v.Close()
	// An older backup may be all that is left: from here on it is the vault.
	if cp, _, err := headOf(ctx, v.r, v.id, out.Head.Size); err == nil {
		v.savePin(cp)
	}
	v.savePlace()
	return nil
}

// eachOnce hands on one warning of each kind.
func eachOnce(warn func(Warning)) func(Warning) {
	if warn == nil {
		return nil
	}
	told := map[string]bool{}
	return func(w Warning) {
		if !told[w.Code] {
			told[w.Code] = true
			warn(w)
		}
	}
}

// A FaultsError says that a backup is damaged, and in what.
type FaultsError struct {
	Path   string
	Faults []Fault
}

func (e *FaultsError) Error() string {
	return fmt.Sprintf("%s is damaged: %d faults", e.Path, len(e.Faults))
}

// Unwrap makes it an ErrDamaged.
func (e *FaultsError) Unwrap() error { return ErrDamaged }

// phases tells the progress of work that goes over all files several times.
type phases struct {
	tell        func(done, total int64)
	each, total int64 // bytes
	begun, done int64
}

func newPhases(ctx context.Context, v *Vault, n int64, tell func(done, total int64)) *phases {
	p := &phases{tell: tell}
	// Only a figure for the bar.
	queryRow(ctx, v.r, "SELECT coalesce(sum(size), 0) FROM object")(&p.each)
	p.total = n * p.each
	return p
}

// next ends a phase.
func (p *phases) next() {
	p.to(p.begun + p.each)
	p.begun += p.each
}

func (p *phases) step(n int) { p.to(p.done + int64(n)) }

func (p *phases) verify(done, _ int64) { p.to(p.begun + done) }

func (p *phases) to(done int64) {
	if p.done = min(max(done, p.done), p.begun+p.each); p.tell != nil {
		p.tell(p.done, p.total)
	}
}
