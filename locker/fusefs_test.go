package locker_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// A cutFS is a file system of one folder, in memory, whose power can be cut. It
// keeps apart what was synced and what was only written, file by file. Names
// are kept at once.
type cutFS struct {
	fs.Inode
	mu     sync.Mutex
	writes int    // writes, truncations and syncs so far
	after  func() // called after each of them, with mu held; may be nil
}

// sector is what a disk writes whole or not at all.
const sector = 512

// mountCutFS mounts an empty cutFS at a new folder.
func mountCutFS(t testing.TB) (*cutFS, string) {
	t.Helper()
	if _, err := os.Stat("/dev/fuse"); err != nil && os.Getenv("CI") == "" {
		t.Skip("needs /dev/fuse")
	}
	root, dir := &cutFS{}, t.TempDir()
	server, err := fs.Mount(dir, root, &fs.Options{MountOptions: fuse.MountOptions{DirectMount: true, FsName: "cutfs"}})
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

// image writes to a folder what a disk may hold if the power fails now: of each
// file what was synced, and of what was written since then any sectors. The
// caller holds mu.
func (c *cutFS) image(dir string, rnd *rand.Rand) error {
	for name, node := range c.Children() {
		f := node.Operations().(*cutFile)
		data := bytes.Clone(f.synced)
		for _, op := range f.pending {
			op.applySome(&data, rnd)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (c *cutFS) done() {
	c.writes++
	if c.after != nil {
		c.after()
	}
}

func (c *cutFS) Create(ctx context.Context, name string, flags, mode uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	node := c.NewPersistentInode(ctx, &cutFile{fs: c}, fs.StableAttr{Mode: syscall.S_IFREG})
	return node, nil, 0, 0
}

func (c *cutFS) Unlink(ctx context.Context, name string) syscall.Errno { return 0 }

func (c *cutFS) Rename(ctx context.Context, name string, to fs.InodeEmbedder, newName string, flags uint32) syscall.Errno {
	return 0
}

func (c *cutFS) Fsync(ctx context.Context, f fs.FileHandle, flags uint32) syscall.Errno { return 0 }

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
	data    []byte // as programs see it
	synced  []byte
	pending []cutOp // what came since the last sync
}

func (f *cutFile) do(op cutOp) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	op.apply(&f.data)
	f.pending = append(f.pending, op)
	f.fs.done()
}

func (f *cutFile) Open(ctx context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	if flags&syscall.O_TRUNC != 0 {
		f.do(cutOp{})
	}
	return nil, 0, 0
}

func (f *cutFile) Read(ctx context.Context, h fs.FileHandle, dest []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	n := 0
	if off < int64(len(f.data)) {
		n = copy(dest, f.data[off:])
	}
	return fuse.ReadResultData(dest[:n]), 0
}

func (f *cutFile) Write(ctx context.Context, h fs.FileHandle, data []byte, off int64) (uint32, syscall.Errno) {
	f.do(cutOp{off, append([]byte{}, data...)})
	return uint32(len(data)), 0
}

func (f *cutFile) Getattr(ctx context.Context, h fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	out.Mode, out.Size = 0o600, uint64(len(f.data))
	return 0
}

func (f *cutFile) Setattr(ctx context.Context, h fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	if size, ok := in.GetSize(); ok {
		f.do(cutOp{at: int64(size)})
	}
	return f.Getattr(ctx, h, out)
}

func (f *cutFile) Fsync(ctx context.Context, h fs.FileHandle, flags uint32) syscall.Errno {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	f.synced, f.pending = bytes.Clone(f.data), nil
	f.fs.done()
	return 0
}
