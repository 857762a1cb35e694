package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"evidence-locker/locker"

	"github.com/fsnotify/fsnotify"
)

// This file watches a folder. What the system tells of it only says where to
// look: a file is taken when it has stopped changing, nobody writes to it and
// its end is there, and the whole folder is looked through whenever something
// may have been missed.

const (
	watchTick = 100 * time.Millisecond // between looks at files that are not settled
	watchIdle = 30 * time.Second       // between looks at a folder that the system tells of
	watchPoll = 2 * time.Second        // and at one that is not there, or that it cannot tell of

	// In ticks without a change.
	settled  = 3   // of a file that looks whole
	patient  = 50  // of one that does not, and of a new state of one that is recorded
	resigned = 600 // of one that somebody holds open to write
	retry    = 100 // before a file that could not be recorded is tried again
)

// A watching is one run of watch.
type watching struct {
	ui       *ui
	folder   string
	existing bool
	own      func(name string, info fs.FileInfo) bool // the vault's: never opened
	take     func(context.Context, []locker.File) (done map[string]bool, err error)

	notify  *fsnotify.Watcher // nil if the system does not tell
	is      fs.FileInfo       // the folder, nil while it is not there; holding it open would hide its end
	pending map[string]*settling
	seen    map[string]seenFile // by name
	left    map[string]bool     // names that were said to be left out
	trouble string              // the last error of recording, said once
}

// A settling is a file that may still be written.
type settling struct {
	info  fs.FileInfo
	quiet int // ticks
	wait  int // ticks before the next try to record it
}

// A seenFile is a file that is recorded, or was there before.
type seenFile struct {
	info fs.FileInfo
	sum  [32]byte // of what is recorded, else 0
}

// run watches until ctx ends, and then takes what has arrived.
func (w *watching) run(ctx context.Context) error {
	events, errs := (chan fsnotify.Event)(nil), (chan error)(nil)
	if n, err := fsnotify.NewWatcher(); err != nil {
		w.ui.warning("watch.no-events", err)
	} else {
		defer n.Close()
		w.notify, events, errs = n, n.Events, n.Errors
	}
	w.open(!w.existing)
	w.ui.info("watch.begins", w.folder)
	idle := time.NewTimer(w.pause())
	defer idle.Stop()
	tick := time.NewTicker(watchTick)
	tick.Stop()
	defer tick.Stop()
	for ticking := false; ; {
		if ticking != (len(w.pending) > 0) {
			if ticking = !ticking; ticking {
				tick.Reset(watchTick)
			} else {
				tick.Stop()
			}
		}
		select {
		case ev := <-events:
			w.event(ev)
		case err := <-errs:
			w.lostTrack(err)
		case <-tick.C:
			w.tick(ctx)
		case <-idle.C:
			w.look()
			idle.Reset(w.pause())
		case <-ctx.Done():
			w.finish(context.WithoutCancel(ctx))
			w.ui.info("watch.ends", len(w.ui.committed))
			return nil
		}
		if w.is == nil {
			idle.Reset(w.pause())
		}
	}
}

func (w *watching) pause() time.Duration {
	if w.notify == nil || w.is == nil {
		return watchPoll
	}
	return watchIdle
}

// open begins with the folder as it is now. What is in it counts as seen if it
// was there before.
func (w *watching) open(before bool) {
	info, err := os.Stat(w.folder)
	if err != nil || !info.IsDir() {
		return
	}
	w.is = info
	if w.notify != nil {
		if err := w.notify.Add(w.folder); err != nil {
			w.ui.warning("watch.no-events", err)
			w.notify = nil
		}
	}
	for _, name := range w.names() {
		info, err := w.lstat(name)
		switch {
		case err != nil:
		case before:
			w.seen[name] = seenFile{info: info}
		default:
			w.note(name)
		}
	}
}

// look looks at the whole folder: whether it is still the same one, and what is
// in it.
func (w *watching) look() {
	now, err := os.Stat(w.folder)
	if w.is != nil && (err != nil || !os.SameFile(now, w.is)) {
		w.is = nil
		if w.notify != nil {
			_ = w.notify.Remove(w.folder) // most likely gone with the folder
		}
		w.ui.warning("watch.gone", w.folder)
	}
	if w.is == nil {
		if w.open(false); w.is != nil {
			w.ui.info("watch.back", w.folder)
		}
		return
	}
	for _, name := range w.names() {
		w.note(name)
	}
}

func (w *watching) names() []string {
	d, err := os.Open(w.folder)
	if err != nil {
		return nil
	}
	defer d.Close()
	names, _ := d.Readdirnames(-1)
	slices.Sort(names)
	return names
}

func (w *watching) lstat(name string) (fs.FileInfo, error) {
	info, err := os.Lstat(filepath.Join(w.folder, name))
	if err == nil {
		os.SameFile(info, info) // Windows looks for what identifies it only now, by its name
	}
	return info, err
}

// event takes what the system tells.
func (w *watching) event(ev fsnotify.Event) {
	if ev.Name == w.folder { // itself was removed or renamed
		w.look()
		return
	}
	if ev.Has(fsnotify.Create) || ev.Has(fsnotify.Write) {
		w.note(filepath.Base(ev.Name))
	}
}

// lostTrack looks at everything after an error of what tells of changes. That
// there were too many of them is no news.
func (w *watching) lostTrack(err error) {
	if !errors.Is(err, fsnotify.ErrEventOverflow) {
		w.ui.warning("watch.error", err)
	}
	w.look()
}

// note puts a file among those that are looked at until they are settled,
// unless it is known as it is.
func (w *watching) note(name string) {
	if passing(name) || w.is == nil {
		return
	}
	info, err := w.lstat(name)
	if err != nil || !info.Mode().IsRegular() {
		return
	}
	if p := w.pending[name]; p != nil { // first: a log that grows tells of each line
		p.see(info)
		return
	}
	if w.known(name, info) || w.own(name, info) {
		return
	}
	w.pending[name] = &settling{info: info}
}

// passing tells whether a name is one that programs give to what is not
// complete, or hide.
func passing(name string) bool {
	lower := strings.ToLower(name)
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "~$") || strings.HasSuffix(name, "~") ||
		slices.Contains([]string{".part", ".partial", ".crdownload", ".download", ".opdownload", ".filepart", ".tmp", ".temp", ".swp"}, filepath.Ext(lower))
}

// known tells whether a file is one that was seen in this state. It may have
// been renamed.
func (w *watching) known(name string, info fs.FileInfo) bool {
	same := func(s seenFile) bool {
		return os.SameFile(s.info, info) && s.info.Size() == info.Size() && s.info.ModTime().Equal(info.ModTime())
	}
	if s, ok := w.seen[name]; ok && same(s) {
		return true
	}
	for old, s := range w.seen {
		if same(s) {
			delete(w.seen, old)
			w.seen[name] = s
			return true
		}
	}
	return false
}

func (p *settling) see(info fs.FileInfo) {
	if info.Size() != p.info.Size() || !info.ModTime().Equal(p.info.ModTime()) || !os.SameFile(info, p.info) {
		p.quiet = 0
	}
	p.info = info
}

// tick looks at what is not settled and takes what is.
func (w *watching) tick(ctx context.Context) {
	var ready []string
	for name, p := range w.pending {
		if w.is == nil {
			delete(w.pending, name)
			continue
		}
		info, err := w.lstat(name)
		if err != nil || !info.Mode().IsRegular() {
			delete(w.pending, name) // renamed: the new name has its own event
			continue
		}
		p.see(info)
		p.quiet++
		if p.wait--; p.wait > 0 {
			continue
		}
		if p.quiet >= settled {
			ready = append(ready, name)
		}
	}
	w.record(ctx, ready, false)
}

// finish takes what is there when the person ends the watch.
func (w *watching) finish(ctx context.Context) {
	if w.look(); w.is == nil {
		return
	}
	var ready []string
	for name := range w.pending {
		ready = append(ready, name)
	}
	w.record(ctx, ready, true)
	for name, p := range w.pending {
		if p.info.Size() > 0 && p.wait <= 0 {
			w.ui.lost("watch.unfinished", name)
		}
	}
}

// record records those of the files that are complete. last says that there is
// no later.
func (w *watching) record(ctx context.Context, names []string, last bool) {
	slices.SortFunc(names, func(a, b string) int { // as they came
		if c := w.pending[a].info.ModTime().Compare(w.pending[b].info.ModTime()); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	var files []locker.File
	states := map[string]seenFile{}
	for _, name := range names {
		p := w.pending[name]
		state, verdict := w.examine(name, p, last)
		switch verdict {
		case takeIt:
			files = append(files, w.file(name, state.info))
			states[name] = state
		case leaveIt:
			w.seen[name] = state
			delete(w.pending, name)
		}
	}
	if len(files) == 0 {
		return
	}
	// An interrupt ends the watch when these are recorded.
	done, err := w.take(context.WithoutCancel(ctx), files)
	for name, state := range states {
		if !done[name] {
			w.pending[name].wait = retry
			continue
		}
		w.seen[name] = state
		delete(w.pending, name)
	}
	switch {
	case err == nil:
		w.trouble = ""
	case last:
		for _, name := range slices.Sorted(maps.Keys(states)) {
			if !done[name] {
				w.ui.lost("file.failed", name, err)
			}
		}
	case err.Error() != w.trouble:
		w.trouble = err.Error()
		w.ui.warning("watch.not-recorded-yet", err)
	}
}

// What becomes of a file that has stopped changing.
type verdict int

const (
	waitOn verdict = iota
	takeIt
	leaveIt
)

// watchEnd is how much of a file's end shows whether it is whole.
const watchEnd = 1024

// examine decides about a file that has stopped changing.
func (w *watching) examine(name string, p *settling, last bool) (seenFile, verdict) {
	if w.own(name, p.info) { // put there since it was noted
		return seenFile{info: p.info}, leaveIt
	}
	f, err := w.openFile(name, p.info)
	if err != nil {
		if last || p.quiet > patient {
			return seenFile{info: p.info}, takeIt // recording it will say why it cannot be read
		}
		return seenFile{}, waitOn
	}
	defer f.Close()
	if p.info.Size() == 0 {
		if p.quiet > patient {
			delete(w.pending, name) // its first bytes will tell
		}
		return seenFile{}, waitOn
	}
	head, tail := make([]byte, 3072), make([]byte, min(p.info.Size(), watchEnd))
	n, _ := io.ReadFull(f, head)
	_, tailErr := f.ReadAt(tail, p.info.Size()-int64(len(tail)))
	media := locker.MediaType(head[:n])
	writer := beingWritten(f)
	whole := tailErr == nil && looksWhole(media, tail)
	_, again := w.seen[name] // a log that grows would be recorded with each line
	switch {
	case writer && p.quiet < resigned:
		return seenFile{}, waitOn
	case (!whole || again && !strings.HasPrefix(media, "image/")) && p.quiet < patient && !last:
		return seenFile{}, waitOn
	}
	if !watched(media, name) {
		if !w.left[name] {
			w.left[name] = true
			w.ui.info("watch.left-out", name, media)
		}
		return seenFile{info: p.info}, leaveIt
	}
	sum, err := sumOf(f)
	if err != nil {
		return seenFile{info: p.info}, takeIt
	}
	state := seenFile{info: p.info, sum: sum}
	for old, s := range w.seen {
		if (old == name || os.SameFile(s.info, p.info)) && s.sum == sum {
			return state, leaveIt // touched, or saved anew as it was
		}
	}
	return state, takeIt
}

func sumOf(f *os.File) (sum [32]byte, err error) {
	if _, err = f.Seek(0, io.SeekStart); err != nil {
		return sum, err
	}
	h := sha256.New()
	_, err = io.Copy(h, f)
	h.Sum(sum[:0])
	return sum, err
}

// watched tells whether a type is one that watch records.
func watched(media, name string) bool {
	return strings.HasPrefix(media, "image/") || strings.HasPrefix(media, "text/") || strings.HasPrefix(media, "message/") ||
		media == "application/pdf" || media == "application/json" || media == "application/x-ndjson" || strings.EqualFold(filepath.Ext(name), ".eml")
}

// looksWhole tells from its end whether a file of a type that has one is whole.
func looksWhole(media string, tail []byte) bool {
	switch media {
	case "image/png":
		return bytes.Contains(tail, []byte("IEND\xaeB`\x82"))
	case "image/jpeg":
		return bytes.Contains(tail, []byte{0xff, 0xd9})
	case "application/pdf":
		return bytes.Contains(tail, []byte("%%EOF"))
	}
	return true
}

// openFile opens the file that info is of, within the folder only.
func (w *watching) openFile(name string, info fs.FileInfo) (*os.File, error) {
	root, err := os.OpenRoot(w.folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	if now, err := f.Stat(); err != nil || !now.Mode().IsRegular() || !os.SameFile(now, info) {
		f.Close()
		return nil, &fs.PathError{Op: "open", Path: name, Err: errChangedKind}
	}
	return f, nil
}

func (w *watching) file(name string, info fs.FileInfo) locker.File {
	return locker.File{
		Name: name, Size: info.Size(), Modified: info.ModTime(),
		Open: func() (io.ReadCloser, error) { return w.openFile(name, info) },
	}
}
