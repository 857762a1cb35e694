package locker

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"evidence-locker/locker/durable"
)

// A Repaired is what a repair did.
type Repaired struct {
	Path   string
	Kept   string  // where the damaged file is kept, "" if nothing could be mended
	Mended []int64 // records that had a fault and have none now
	Left   []Fault // what is damaged in both files
	Head   Head
	Unread bool // nothing of the damaged file could be read; what only it had is in Kept alone
}

// mendingSuffix marks a file that a repair is making.
const mendingSuffix = ".mending"

// Repair makes a file out of two of the same vault, one of which may lag behind
// the other, and puts it in the place of the one at path. Each row comes from
// the side where it is what the leaves and signed heads commit to; what only
// one side has comes from there; where neither is right, it stays as it is at
// path. Nobody can add to the vault meanwhile.
//
//  1. Verify both. If they forked, or are of different vaults, nothing is done.
//  2. Make the new file beside path. A crash leaves it; the next repair begins
//     anew.
//  3. Verify it, as the disk gives it back. If it is no better, nothing is done.
//  4. Keep the damaged file under a name of its own.
//  5. Rename the new one over path. A crash leaves one or the other there.
//
// It needs no key. It returns ErrOtherVault or *ForkError where the files do
// not belong together.
func Repair(ctx context.Context, path, from string, o Options, progress func(done, total int64)) (*Repaired, error) {
	out, err := repair(ctx, path, from, o, progress)
	if err != nil {
		return nil, fmt.Errorf("mending %q from %q: %w", path, from, err)
	}
	return out, nil
}

func repair(ctx context.Context, path, from string, o Options, progress func(done, total int64)) (*Repaired, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	if same(path, from) {
		return nil, fmt.Errorf("%w: it is the vault itself", ErrForeign)
	}
	unlock, err := lockAll(ctx, path, o.Waiting)
	if err != nil {
		return nil, err
	}
	defer unlock()
	m := &merger{}
	defer m.close()
	plain := o
	plain.room, plain.ConfigDir, plain.Warn = o.ConfigDir, "", nil
	if err := m.open(ctx, path, from, plain); err != nil {
		return nil, err
	}
	// SQLite follows a link, and so must what is put in the file's place.
	file, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, err
	}
	p := newPhases(ctx, m.sides[len(m.sides)-1].Vault, int64(len(m.sides))+2, progress)

	// 1.
	for _, s := range m.sides {
		if s.found, err = s.verify(ctx, nil, p.verify); err != nil {
			return nil, err
		}
		s.note()
		p.next()
	}
	out := &Repaired{Path: path, Unread: len(m.sides) == 1}
	was := m.sides[0].found
	if !out.Unread && len(was.Faults) == 0 {
		out.Head = was.Head
		return out, nil
	}
	if err := m.choose(ctx, from); err != nil {
		return nil, err
	}
	// 2.
	work := file + mendingSuffix
	m.step = p.step
	if err := beginAnew(work); err != nil {
		return nil, err
	}
	if err := m.make(ctx, work); err != nil {
		m.closeNew()
		removeUnfinished(work)
		return nil, err
	}
	// 3.
	p.next()
	got, err := verifyWritten(ctx, work, o, p.verify)
	if err == nil && !out.Unread && !better(got.Faults, was.Faults, m.sides[0].last) {
		removeUnfinished(work)
		out.Head, out.Left = was.Head, was.Faults
		return out, nil
	}
	p.next()
	m.close()
	if err == nil {
		// 4.
		out.Kept, err = keepBeside(ctx, file)
	}
	if err != nil {
		removeUnfinished(work)
		return nil, err
	}
	// 5.
	if err := putInPlace(work, file); err != nil {
		return nil, err
	}
	out.Head, out.Left = got.Head, got.Faults
	if !out.Unread {
		out.Mended = mended(was.Faults, got.Faults)
	}
	return out, nil
}

// lockAll keeps everybody from writing to a vault: those who stage a file, too.
func lockAll(ctx context.Context, path string, waiting func(holder string)) (unlock func(), err error) {
	// Whoever stages takes the gate again and again: so this lock comes first.
	stage := newLock(newGate(path).stagePath)
	if err := wait(ctx, stage, stage.Lock, func() {
		if waiting != nil {
			waiting("")
		}
	}); err != nil {
		return nil, sysError("waiting for others", err)
	}
	release, err := lockCopy(ctx, path, waiting)
	if err != nil {
		stage.Unlock()
		return nil, err
	}
	return func() { release(); stage.Unlock() }, nil
}

// keepBeside gives the damaged file a second name, or where there are no links
// makes a copy. A journal that nobody could roll back goes with it.
func keepBeside(ctx context.Context, path string) (kept string, err error) {
	base, ext := strings.TrimSuffix(path, Suffix)+".damaged", Suffix
	for n := 1; ; n++ {
		if kept = base + ext; n > 1 {
			kept = fmt.Sprintf("%s-%d%s", base, n, ext)
		}
		if same(kept, path) {
			break // a crash came after this step
		}
		if _, err := os.Lstat(kept); err == nil {
			continue
		} else if !os.IsNotExist(err) {
			return "", err
		}
		if os.Link(path, kept) == nil {
			break
		}
		f, err := durable.New(kept)
		if err != nil {
			return "", sysError("keeping the damaged file", err)
		}
		defer f.Discard()
		in, err := os.Open(path)
		if err != nil {
			return "", err
		}
		_, err = io.Copy(f, withContext{ctx, in})
		in.Close()
		if err == nil {
			err = f.Create()
		}
		if err != nil {
			return "", sysError("keeping the damaged file", err)
		}
		break
	}
	// Else it would be rolled into the mended file.
	if info, err := os.Stat(journalOf(path)); err == nil && info.Size() > 0 {
		if err := os.Rename(journalOf(path), journalOf(kept)); err != nil {
			return "", sysError("keeping the damaged file", err)
		}
	}
	return kept, durable.SyncDir(filepath.Dir(path))
}

// better reports whether there are fewer faults, and none at a record of which
// path had all.
func better(now, before []Fault, last int64) bool {
	had := map[int64]bool{-1: true}
	for _, f := range before {
		had[f.Seq] = true
	}
	for _, f := range now {
		if !had[f.Seq] && f.Seq <= last && f.Code != FaultUnsigned {
			return false
		}
	}
	return len(now) < len(before)
}

// mended are the records with a fault before and none now.
func mended(before, now []Fault) (seqs []int64) {
	seen := map[int64]bool{-1: true}
	for _, f := range now {
		seen[f.Seq] = true
	}
	for _, f := range before {
		if !seen[f.Seq] {
			seen[f.Seq] = true
			seqs = append(seqs, f.Seq)
		}
	}
	return seqs
}
