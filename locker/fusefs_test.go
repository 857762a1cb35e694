package locker_test

import (
	"bytes"
	"context"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// A cutFS is a file system of one folder, in memory, that fails from a chosen
// step on, and whose power can be cut. It keeps apart what was synced and what
// was only written, file by file; names are synced with the folder.
type cutFS struct {
	fs.Inode
	mu     sync.Mutex
	steps  int    // writes, truncations, changed names and syncs so far
	after  func() // called after each of them, with mu held; may be nil
	fault  fault
	from   int   // the step that the fault begins with
	struck int   // calls that the fault answered, or bytes that it changed
	size   int64 // bytes that fit
	rnd    *rand.Rand

	files   map[string]*cutFile   // as programs see them
	synced  map[string]*cutFile   // as the disk has them
	pending []map[string]*cutFile // changes since the last sync of the folder; nil: removed
}

// A fault is how a cutFS fails.
type fault int

const (
	sound          fault = iota
	pulled               // everything is an input/output error
	full                 // nothing more fits than there is
	writeProtected       // nothing can be changed
	dying                // of all that is written one bit is stored wrongly
)

var faultNames = map[fault]string{sound: "sound", pulled: "pulled", full: "full", writeProtected: "write-protected", dying: "dying"}

func (f fault) String() string { return faultNames[f] }

// sector is what a disk writes whole or not at all.
const sector = 512

// mountCutFS mounts an empty cutFS at a new folder.
func mountCutFS(t testing.TB) (*cutFS, string) {
	t.Helper()
	if _, err := os.Stat("/dev/fuse"); err != nil && os.Getenv("CI") == "" {
		t.Skip("needs /dev/fuse")
	}
	root, dir := &cutFS{size: 1 << 30, rnd: rand.New(rand.NewPCG(1, 1)), files: map[string]*cutFile{}, synced: map[string]*cutFile{}}, t.TempDir()
	options := &fs.Options{UID: uint32(os.Getuid()), GID: uint32(os.Getgid())}
	options.DirectMount, options.FsName = true, "cutfs"
	// The system keeps what was written in memory until somebody drops it, as
	// with any disk.
	options.ExplicitDataCacheControl = true
	server, err := fs.Mount(dir, root, options)
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skipf("cannot mount: %v", err)
	}
	t.Cleanup(func() {
		if err := server.Unmount(); err != nil {
			t.Error(err)
		}
	})
	return root, dir
}

// fail begins a fault after so many further steps. The caller does not hold mu.
func (c *cutFS) fail(f fault, steps int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fault, c.from, c.struck = f, c.steps+steps, 0
}

// now is the fault that has begun. The caller holds mu.
func (c *cutFS) now() fault {
	if c.steps < c.from {
		return sound
	}
	return c.fault
}

// look is the answer to a call that changes nothing, change to one that does.
// The caller holds mu.
func (c *cutFS) look() syscall.Errno {
	if c.now() == pulled {
		c.struck++
		return syscall.EIO
	}
	return 0
}

func (c *cutFS) change() syscall.Errno {
	if c.now() == writeProtected {
		c.struck++
		return syscall.EROFS
	}
	return c.look()
}

// room is how many bytes still fit. The caller holds mu.
func (c *cutFS) room() int64 {
	if c.now() == full {
		return 0
	}
	left := c.size
	for _, f := range c.files {
		left -= int64(len(f.data))
	}
	return max(left, 0)
}

func (c *cutFS) done() {
	c.steps++
	if c.after != nil {
		c.after()
	}
}

// What of the writes since the last sync a disk has that lost its power.
type kept int

const (
	keptAll  kept = iota // it was pulled, but had written all
	keptNone             // only what was synced
	keptSome             // any sectors, of each file
)

// image writes to a folder what the disk holds if it fails now. The caller
// holds mu.
func (c *cutFS) image(dir string, keep kept, rnd *rand.Rand) error {
	names := maps.Clone(c.synced)
	for _, p := range c.pending {
		if keep == keptNone || keep == keptSome && rnd.IntN(4) == 0 {
			break // in their order, as a journal has them
		}
		rename(names, p)
	}
	for name, f := range names {
		data := bytes.Clone(f.synced)
		for _, op := range f.pending {
			switch keep {
			case keptAll:
				op.apply(&data)
			case keptSome:
				op.applySome(&data, rnd)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func rename(names, change map[string]*cutFile) {
	for name, f := range change {
		if f == nil {
			delete(names, name)
		} else {
			names[name] = f
		}
	}
}

// rename changes names. The caller holds mu.
func (c *cutFS) rename(change map[string]*cutFile) {
	rename(c.files, change)
	c.pending = append(c.pending, change)
	c.done()
}

func (c *cutFS) Create(ctx context.Context, name string, flags, mode uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if errno := c.change(); errno != 0 {
		return nil, nil, 0, errno
	}
	if c.room() == 0 {
		c.struck++
		return nil, nil, 0, syscall.ENOSPC
	}
	f := &cutFile{fs: c}
	node := c.NewPersistentInode(ctx, f, fs.StableAttr{Mode: syscall.S_IFREG})
	c.rename(map[string]*cutFile{name: f})
	f.attr(&out.Attr)
	return node, nil, fuse.FOPEN_KEEP_CACHE, 0
}

func (c *cutFS) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if errno := c.look(); errno != 0 {
		return nil, errno
	}
	f := c.files[name]
	if f == nil {
		return nil, syscall.ENOENT
	}
	f.attr(&out.Attr)
	return f.EmbeddedInode(), 0
}

func (c *cutFS) Readdir(ctx context.Context) (fs.DirStream, syscall.Errno) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if errno := c.look(); errno != 0 {
		return nil, errno
	}
	var list []fuse.DirEntry
	for name, f := range c.files {
		list = append(list, fuse.DirEntry{Name: name, Mode: syscall.S_IFREG, Ino: f.StableAttr().Ino})
	}
	return fs.NewListDirStream(list), 0
}

func (c *cutFS) Unlink(ctx context.Context, name string) syscall.Errno {
	c.mu.Lock()
	defer c.mu.Unlock()
	if errno := c.change(); errno != 0 {
		return errno
	}
	c.rename(map[string]*cutFile{name: nil})
	return 0
}

func (c *cutFS) Rename(ctx context.Context, name string, to fs.InodeEmbedder, newName string, flags uint32) syscall.Errno {
	c.mu.Lock()
	defer c.mu.Unlock()
	if errno := c.change(); errno != 0 {
		return errno
	}
	if flags != 0 {
		return syscall.EINVAL // as many disks do
	}
	c.rename(map[string]*cutFile{name: nil, newName: c.files[name]})
	return 0
}

// Fsync is for the folder.
func (c *cutFS) Fsync(ctx context.Context, h fs.FileHandle, flags uint32) syscall.Errno {
	c.mu.Lock()
	defer c.mu.Unlock()
	if errno := c.sync(len(c.pending) > 0); errno != 0 {
		return errno
	}
	c.synced, c.pending = maps.Clone(c.files), nil
	c.done()
	return 0
}

// sync is the answer to a sync.
func (c *cutFS) sync(something bool) syscall.Errno {
	if something {
		return c.change()
	}
	return c.look()
}

func (c *cutFS) Statfs(ctx context.Context, out *fuse.StatfsOut) syscall.Errno {
	c.mu.Lock()
	defer c.mu.Unlock()
	if errno := c.look(); errno != 0 {
		return errno
	}
	left := uint64(c.room() / sector)
	*out = fuse.StatfsOut{Blocks: uint64(c.size / sector), Bfree: left, Bavail: left, Bsize: sector, Frsize: sector, NameLen: 255}
	return 0
}

// A cutOp is a write, or a truncation if data is nil.
type cutOp struct {
	at   int64
	data []byte
}

func (op cutOp) apply(data *[]byte) {
	if op.data == nil {
		*data = resize(*data, op.at)
		return
	}
	if end := op.at + int64(len(op.data)); end > int64(len(*data)) {
		*data = resize(*data, end)
	}
	copy((*data)[op.at:], op.data)
}

// applySome does what is left of the operation after a power cut.
func (op cutOp) applySome(data *[]byte, rnd *rand.Rand) {
	if len(op.data) < sector { // truncations too
		if rnd.IntN(2) == 0 {
			op.apply(data)
		}
		return
	}
	all, none := rnd.IntN(4) == 0, rnd.IntN(4) == 0
	for at := 0; at < len(op.data); at += sector {
		if all || !none && rnd.IntN(2) == 0 {
			cutOp{op.at + int64(at), op.data[at:min(at+sector, len(op.data))]}.apply(data)
		}
	}
}

func resize(data []byte, size int64) []byte {
	if size <= int64(len(data)) {
		return data[:size:size]
	}
	return append(data, make([]byte, size-int64(len(data)))...)
}

// A cutFile is a file of a cutFS.
type cutFile struct {
	fs.Inode
	fs      *cutFS
	data    []byte // as the disk has it while it has power
	synced  []byte
	pending []cutOp // what came since the last sync
}

// do changes the file as far as there is room. The caller does not hold mu.
func (f *cutFile) do(op cutOp) (n int, errno syscall.Errno) {
	c := f.fs
	c.mu.Lock()
	defer c.mu.Unlock()
	if errno := c.change(); errno != 0 {
		return 0, errno
	}
	if room := int64(len(f.data)) + c.room(); op.at+int64(len(op.data)) > room {
		c.struck++
		if op.at >= room || op.data == nil {
			return 0, syscall.ENOSPC
		}
		op.data = op.data[:room-op.at]
	}
	n = len(op.data)
	if c.now() == dying && n > 0 {
		c.struck++
		bit := c.rnd.IntN(8 * n)
		op.data[bit/8] ^= 1 << (bit % 8)
	}
	op.apply(&f.data)
	f.pending = append(f.pending, op)
	c.done()
	return n, 0
}

func (f *cutFile) attr(out *fuse.Attr) {
	out.Mode, out.Size = syscall.S_IFREG|0o600, uint64(len(f.data))
}

func (f *cutFile) Open(ctx context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	answer := f.fs.look
	if flags&syscall.O_ACCMODE != syscall.O_RDONLY {
		answer = f.fs.change
	}
	f.fs.mu.Lock()
	errno := answer()
	f.fs.mu.Unlock()
	if errno == 0 && flags&syscall.O_TRUNC != 0 {
		_, errno = f.do(cutOp{})
	}
	return nil, fuse.FOPEN_KEEP_CACHE, errno
}

func (f *cutFile) Read(ctx context.Context, h fs.FileHandle, dest []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if errno := f.fs.look(); errno != 0 {
		return nil, errno
	}
	n := 0
	if off < int64(len(f.data)) {
		n = copy(dest, f.data[off:])
	}
	return fuse.ReadResultData(dest[:n]), 0
}

func (f *cutFile) Write(ctx context.Context, h fs.FileHandle, data []byte, off int64) (uint32, syscall.Errno) {
	n, errno := f.do(cutOp{off, append([]byte{}, data...)})
	return uint32(n), errno
}

func (f *cutFile) Getattr(ctx context.Context, h fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if errno := f.fs.look(); errno != 0 {
		return errno
	}
	f.attr(&out.Attr)
	return 0
}

func (f *cutFile) Setattr(ctx context.Context, h fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	if size, ok := in.GetSize(); ok {
		if _, errno := f.do(cutOp{at: int64(size)}); errno != 0 {
			return errno
		}
	}
	return f.Getattr(ctx, h, out)
}

func (f *cutFile) Fsync(ctx context.Context, h fs.FileHandle, flags uint32) syscall.Errno {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if errno := f.fs.sync(len(f.pending) > 0); errno != 0 {
		return errno
	}
	for _, op := range f.pending {
		op.apply(&f.synced)
	}
	f.pending = nil
	f.fs.done()
	return 0
}
