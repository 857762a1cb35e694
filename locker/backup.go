package locker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"evidence-locker/locker/record"
	"evidence-locker/locker/volume"
)

// A BackupRequest says how a backup is made.
type BackupRequest struct {
	Name     string                  // what the note in the vault calls the place; "": the file's name
	Full     bool                    // read all of the backup back, not only what is new
	Plan     func(BackupPlan)        // told once, before anything is written; may be nil
	Progress func(done, total int64) // bytes written, and read back; may be nil

	sameDisk bool // the backup is on the vault's own disk
	passing  bool // the file is not kept, so that it counts for nothing
}

// A BackupPlan is what a backup is going to do.
type BackupPlan struct {
	Records int64 // that are new
	Bytes   int64 // of them, as stored
	Fresh   bool  // there is no backup yet
}

// A Backed is what a finished backup holds.
type Backed struct {
	Path    string
	Head    Head
	New     int64 // records that were written
	Bytes   int64 // of them, as stored
	Size    int64 // of the backup file
	Custody int64 // the note in the vault that it was begun; 0 if nothing was new, or it could not be written
	Rekeyed bool  // the backup opened with another passphrase before
}

// Room that a copy needs beside the bytes of its records: pages that are not
// full, indexes, the journal.
const (
	copySlack = 2 << 20
	copyShare = 64 // one part in so many
)

// statVolume is volume.Stat; tests put other disks under a path.
var statVolume = volume.Stat

// Backup brings the backup file at dest up to the vault's records, making it if
// it is not there. It needs no key. The file is a vault: Open, Verify and all
// readers take it. Only one backup at a time goes to a file; others wait.
//
//  1. Check that the backup's records are the vault's first ones, and that
//     there is room. Nothing is written before.
//  2. Record in the vault that the backup is begun, so that the backup holds
//     it. A crash leaves a note of a backup that was not finished.
//  3. Copy what is new, in transactions. A crash leaves a backup that verifies
//     and has fewer records; the next run goes on with it.
//  4. Close it, have the system forget its pages, and compare what is new with
//     what the disk gives back. What an earlier run wrote and did not compare
//     counts as new. A crash leaves it to the next run.
//  5. Note in the vault that this was done. A crash leaves the old note: more
//     is compared next time. Nothing is written to the backup any more, since
//     nobody would compare it.
//
// It returns ErrForeign, ErrOtherVault, *ForkError, ErrCopyDamaged or
// *SpaceError where the backup must not be touched, *SourceError where the
// vault is damaged (what came before the damage is in the backup), ErrReadBack
// where the disk does not keep what is written to it, and ErrFull or
// ErrReadOnly.
func (v *Vault) Backup(ctx context.Context, dest string, r BackupRequest) (*Backed, error) {
	done, err := v.backup(ctx, dest, r)
	if err != nil {
		return nil, fmt.Errorf("backing up to %q: %w", dest, err)
	}
	return done, nil
}

func (v *Vault) backup(ctx context.Context, dest string, r BackupRequest) (*Backed, error) {
	if same(dest, v.path) {
		return nil, fmt.Errorf("%w: it is the vault itself", ErrForeign)
	}
	if v.isBeside(dest) {
		return nil, fmt.Errorf("%w: the vault's own file has this name", ErrForeign)
	}
	var err error
	if r.sameDisk, err = v.checkDisks(dest); err != nil {
		return nil, err
	}
	unlock, err := lockCopy(ctx, dest, v.o.Waiting)
	if err != nil {
		return nil, err
	}
	defer unlock()
	return v.copyTo(ctx, dest, r)
}

// copyTo does the steps of Backup. The caller holds the gate of dest.
func (v *Vault) copyTo(ctx context.Context, dest string, r BackupRequest) (_ *Backed, err error) {
	began := v.o.Now().At
	c := &copier{from: v, path: dest, step: func(int) {}}
	defer func() {
		if err != nil {
			c.leaveNothing(ctx)
		}
		c.close()
	}()

	// 1.
	if err := c.open(ctx); err != nil {
		return nil, err
	}
	if err := c.follow(ctx); err != nil {
		return nil, err
	}
	size, err := v.size(ctx)
	if err != nil {
		return nil, fromError(size, err)
	}
	if err := c.plan(ctx, size); err != nil {
		return nil, err
	}
	done := &Backed{Path: dest}
	checked := int64(0)
	if c.part == "" {
		checked = c.checked(ctx)
		if done.Rekeyed, err = c.rekeyed(ctx); err != nil {
			return nil, err
		}
	}
	if c.at < size || c.part != "" {
		if err := c.room(ctx); err != nil {
			return nil, err
		}
		if r.Plan != nil {
			r.Plan(BackupPlan{Records: size - c.at, Bytes: c.bytes, Fresh: c.part != ""})
		}
		// 2.
		if r.Name == "" {
			r.Name = filepath.Base(dest)
		}
		if size, done.Custody, err = v.noteBegun(ctx, r.Name, size); err != nil {
			return nil, err
		}
		if err := c.plan(ctx, size); err != nil {
			return nil, err
		}
	}
	done.New, done.Bytes = c.size-c.at, c.bytes
	if r.Full {
		checked = 0
	}
	was := c.id
	if done.New > 0 {
		c.newID(ctx, checked)
	}

	// 3.
	if c.progress(ctx, r.Progress, checked); done.New > 0 {
		err = c.run(ctx)
	} else if done.Rekeyed {
		err = c.to.inTransaction(ctx, func(q querier) error { return c.writeKey(ctx, q) })
	}
	if err != nil {
		return nil, err
	}
	if done.New > 0 || done.Rekeyed || checked < c.size {
		// 4.
		if err := c.compare(ctx, checked); err != nil {
			return nil, err
		}
	} else {
		c.close()
	}
	done.Head = Head{c.size, c.head}
	if info, err := os.Stat(dest); err == nil {
		done.Size = info.Size()
	}

	// 5.
	if !r.passing {
		c.noteBacked(ctx, began, was, !r.sameDisk)
	}
	return done, nil
}

// same reports whether two paths are of one file.
func same(a, b string) bool {
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}

// isBeside reports whether a path is that of a file that the vault has beside
// it: SQLite would take a backup there for a journal.
func (v *Vault) isBeside(path string) bool {
	path = filepath.Join(realFolder(path), filepath.Base(path))
	for _, vault := range []string{v.path, strings.TrimSuffix(journalOf(v.path), "-journal")} {
		vault = filepath.Join(realFolder(vault), filepath.Base(vault))
		for _, suffix := range []string{"-journal", "-wal", "-shm", "-lock", "-stage", streamSuffix, mendingSuffix, restoringSuffix, partSuffix} {
			if path == vault+suffix {
				return true
			}
		}
	}
	return false
}

func realFolder(path string) string {
	dir, err := filepath.Abs(filepath.Dir(path))
	if real, rerr := filepath.EvalSymlinks(dir); err == nil && rerr == nil {
		return real
	}
	return dir
}

// size returns the number of records, with an error if a head vouches for more.
// Where nothing can be read it is -1.
func (v *Vault) size(ctx context.Context) (int64, error) {
	// The head first: others may add meanwhile.
	var furthest int64
	if err := queryRow(ctx, v.r, "SELECT coalesce(max(size), 0) FROM head")(&furthest); err != nil {
		return -1, sqlError("reading heads", err)
	}
	newest, err := v.newestRow(ctx)
	if err != nil {
		return -1, err
	}
	if furthest > newest+1 {
		return newest + 1, fmt.Errorf("%w: a head vouches for %d records, %d are there", ErrDamaged, furthest, newest+1)
	}
	return newest + 1, nil
}

// checkDisks warns if the backup would stand on the vault's own disk.
func (v *Vault) checkDisks(dest string) (same bool, err error) {
	there, err := statVolume(filepath.Dir(dest))
	if err != nil {
		return false, err
	}
	if there.ReadOnly {
		return false, fmt.Errorf("%w: %s", ErrReadOnly, filepath.Dir(dest))
	}
	if here, err := statVolume(v.path); err == nil && here.Device == there.Device {
		v.o.warn(WarnSameDisk, "%s", filepath.Dir(dest))
		same = true
	}
	return same, nil
}

// leaveNothing removes the file of a copy that was begun just now and has
// nothing in it.
func (c *copier) leaveNothing(ctx context.Context) {
	if !c.made || c.part == "" || c.to == nil {
		return
	}
	chunks := int64(1)
	err := queryRow(context.WithoutCancel(ctx), c.to.r, "SELECT count(*) FROM chunk")(&chunks)
	if c.close(); err == nil && chunks == 0 {
		os.Remove(c.part)
		os.Remove(c.part + "-journal")
	}
}

// room returns a SpaceError if what is new does not fit on the disk.
func (c *copier) room(ctx context.Context) error {
	disk, err := statVolume(filepath.Dir(c.path))
	if err != nil {
		return err
	}
	var there int64
	if info, err := os.Stat(c.to.path); err == nil {
		there = info.Size()
	}
	need := c.bytes + c.bytes/copyShare + copySlack
	if fits(disk, need, there+need) == nil {
		return nil
	}
	// What an interrupted copy left is there already.
	staged, err := c.stagedBytes(ctx)
	if err != nil {
		return err
	}
	need -= staged
	return fits(disk, need, there+need)
}

// fits returns a SpaceError if so many bytes more, in a file that will have size
// bytes, do not fit on a disk.
func fits(disk volume.Info, need, size int64) error {
	switch {
	case need > disk.Free:
		return &SpaceError{Need: need, Free: disk.Free}
	case disk.MaxFile > 0 && size > disk.MaxFile:
		return &SpaceError{Need: size, Free: disk.MaxFile, FileLimit: true}
	}
	return nil
}

// stagedBytes returns how much of the new files is in the copy already.
func (c *copier) stagedBytes(ctx context.Context) (staged int64, err error) {
	for _, objects := range c.objects {
		for _, w := range objects {
			var n int64
			err := queryRow(ctx, c.to.r, "SELECT coalesce(sum(octet_length(data)), 0) FROM chunk WHERE object = ?", w.id)(&n)
			if err != nil {
				return 0, copyDamaged(sqlError("reading staged chunks", err))
			}
			staged += min(n, w.size)
		}
	}
	return staged, nil
}

// noteBegun records in the vault that a backup is begun, and returns the size
// with that record, whose number is seq. A vault that cannot be written is
// backed up without.
func (v *Vault) noteBegun(ctx context.Context, name string, size int64) (withNote, seq int64, err error) {
	head, err := v.headAt(ctx, size)
	if err != nil {
		return 0, 0, fromError(-1, err)
	}
	seq, err = v.AppendCustody(ctx, 0, record.Fields{
		"action": record.Text("backup"), "name": record.Text(name),
		"head": record.Text(head.String()),
	})
	switch {
	case errors.Is(err, ErrBackup):
		return size, 0, nil
	case errors.Is(err, ErrReadOnly), errors.Is(err, ErrFull):
		v.o.warn(WarnNoCustody, "%v", err)
		return size, 0, nil
	case err != nil:
		return 0, 0, err
	}
	return seq + 1, seq, nil
}

// rekeyed reports whether the copy's sealed key is another than that of from.
func (c *copier) rekeyed(ctx context.Context) (bool, error) {
	key, err := c.sealedKey(ctx)
	if err != nil || key == nil {
		return false, err
	}
	rows, err := c.to.readKeys(ctx)
	if err != nil {
		return false, copyDamaged(err)
	}
	for _, row := range rows {
		if !row.same(key) {
			return true, nil
		}
	}
	return false, nil
}

// progress counts what will be written, and read back from record checked on.
func (c *copier) progress(ctx context.Context, tell func(done, total int64), checked int64) {
	if tell == nil {
		return
	}
	total, done := 2*c.bytes, int64(0)
	if checked < c.at {
		var files, records int64
		// Only a figure for the bar.
		queryRow(ctx, c.from.r, "SELECT coalesce(sum(size), 0) FROM object WHERE seq >= ? AND seq < ?", checked, c.at)(&files)
		queryRow(ctx, c.from.r, "SELECT coalesce(sum(octet_length(leaf) + octet_length(sealed)), 0) FROM record WHERE seq >= ? AND seq < ?", checked, c.at)(&records)
		total += files + records
	}
	c.step = func(n int) {
		done += int64(n)
		tell(done, max(done, total))
	}
}

// compare closes the copy, has the system forget it, and reads its records
// back from number first on.
func (c *copier) compare(ctx context.Context, first int64) (err error) {
	o := c.to.o
	c.close()
	if !trustCache {
		if _, err := volume.Forget(c.path); err != nil {
			return err
		}
	}
	if c.to, err = Open(ctx, c.path, o); err != nil {
		return readingBack(-1, err)
	}
	if err := c.readBack(ctx, first); err != nil {
		return err
	}
	c.close()
	return nil
}

// trustCache is set by the test that shows what reading back is for.
var trustCache bool

// checked returns how many records of the copy have been read back.
func (c *copier) checked(ctx context.Context) int64 {
	n, err := strconv.ParseInt(c.from.getLocal(ctx, localChecked+c.id), 10, 64)
	if err != nil || n < 0 || n > c.at {
		return 0
	}
	return n
}

// newID gives the copy another id with what is new, so that a clone of the
// stick, or one that an image was written back to, does not pass for it. What
// was compared of it is known under both ids until the backup is finished. If
// it cannot be noted, all is compared next time.
func (c *copier) newID(ctx context.Context, checked int64) {
	c.next = randomHex(16)
	if checked == 0 {
		return
	}
	c.from.transact(ctx, func(ctx context.Context, q querier) error {
		return setLocal(ctx, q, localChecked+c.next, strconv.FormatInt(checked, 10))
	})
}

// noteBacked notes in the vault what the finished backup holds, which had the id
// was before. If it cannot, the next reminder comes too early, and more is
// compared next time. A backup on the vault's own disk (apart is false) leaves
// the records on one device.
func (c *copier) noteBacked(ctx context.Context, began time.Time, was string, apart bool) {
	c.from.transact(ctx, func(ctx context.Context, q querier) error {
		if was != "" && was != c.id {
			if err := deleteLocal(ctx, q, localChecked+was); err != nil {
				return err
			}
		}
		if c.id != "" {
			if err := setLocal(ctx, q, localChecked+c.id, strconv.FormatInt(c.size, 10)); err != nil {
				return err
			}
		}
		if !apart {
			return nil
		}
		return noteBackup(ctx, q, c.size, began)
	})
}

// IsBackup reports whether the vault is a backup that nobody has added to
// since.
func (v *Vault) IsBackup(ctx context.Context) bool { return v.getLocal(ctx, localCopy) != "" }

// BackupName is the name of the backup of a vault in a folder.
func BackupName(vault string) string { return "locker-" + vault[:8] + Suffix }

// Suffix ends the names of vault files.
const Suffix = ".locker"

// A ForkError says that a backup is not of the vault's first records.
type ForkError struct {
	Path  string
	Seq   int64 // the first record that differs
	Ahead bool  // none differs: the backup holds all of the vault, and more
}

func (e *ForkError) Error() string {
	if e.Ahead {
		return fmt.Sprintf("%s holds all of the vault and more, from record %d on", e.Path, e.Seq)
	}
	return fmt.Sprintf("%s differs from record %d on", e.Path, e.Seq)
}

// A SourceError says that what is to be copied is damaged.
type SourceError struct {
	Seq int64 // the record, -1 if it is about none
	Err error
}

func (e *SourceError) Error() string {
	if e.Seq < 0 {
		return fmt.Sprintf("the vault is damaged: %v", e.Err)
	}
	return fmt.Sprintf("the vault is damaged at record %d: %v", e.Seq, e.Err)
}

// Unwrap leaves out SQLite's own error, which is about the vault's file.
func (e *SourceError) Unwrap() error { return ErrDamaged }

// A SpaceError says that what is to be written does not fit. It is an ErrFull.
type SpaceError struct {
	Need, Free int64 // bytes
	FileLimit  bool  // Need is the size of the file, Free the largest that the file system can hold
}

func (e *SpaceError) Error() string {
	what := "free"
	if e.FileLimit {
		what = "in one file"
	}
	return fmt.Sprintf("%d bytes are needed, %d are possible %s", e.Need, e.Free, what)
}

func (e *SpaceError) Unwrap() error { return ErrFull }
