// Package durable writes files that appear whole or not at all.
//
// A file is written under a temporary name in the folder where it will stand,
// synced, and renamed. No verb needs hard links, which FAT and exFAT do not
// have.
package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// A File is being written and has not appeared yet. Exactly one of Create,
// Replace and Discard ends it; Discard after one of the others does nothing.
type File struct {
	*os.File
	dir, path string
	done      bool
}

// New starts a file that will stand at path, with mode 0600.
func New(path string) (*File, error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".part-*")
	if errors.Is(err, syscall.ENAMETOOLONG) {
		f, err = os.CreateTemp(dir, ".locker.part-*")
	}
	if err != nil {
		return nil, err
	}
	return &File{File: f, dir: dir, path: path}, nil
}

// Create makes the file appear at its path if nothing is there. The error is
// fs.ErrExist if something is; the file can then still be given another path
// with At.
func (f *File) Create() error {
	if err := f.finish(); err != nil {
		return err
	}
	// The name is taken first, by an empty file that nobody else can have
	// made; renaming over it cannot destroy anything. A crash in between
	// leaves an empty file and the whole one under its temporary name.
	hold, err := os.OpenFile(f.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := hold.Close(); err != nil {
		return err
	}
	if err := f.rename(); err != nil {
		if !f.done {
			os.Remove(f.path) // the empty file
		}
		return err
	}
	return nil
}

// MkdirAll makes a folder with mode 0700, and those above it that are missing,
// so that their names survive a power cut.
func MkdirAll(dir string) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := MkdirAll(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return SyncDir(parent)
}

// Replace makes the file appear at its path, over whatever file stands there.
func (f *File) Replace() error {
	if err := f.finish(); err != nil {
		return err
	}
	return f.rename()
}

// At changes the path, within the same folder, at which the file will appear.
func (f *File) At(name string) { f.path = filepath.Join(f.dir, filepath.Base(name)) }

// Path returns the path at which the file stands once it has appeared.
func (f *File) Path() string { return f.path }

// Discard removes a file that has not appeared.
func (f *File) Discard() {
	if f.done {
		return
	}
	f.done = true
	f.File.Close()
	os.Remove(f.Name())
}

// finish syncs and closes, once.
func (f *File) finish() error {
	err := f.Sync()
	if errors.Is(err, os.ErrClosed) {
		return nil // an earlier Create found the name taken
	}
	if err != nil && !toleratedSync(err) {
		return err
	}
	return f.Close()
}

func (f *File) rename() error {
	if err := os.Rename(f.Name(), f.path); err != nil {
		return err
	}
	f.done = true
	return SyncDir(f.dir)
}

// WriteFile replaces the file at path with data, durably if sync is set. Without
// it a power cut can leave the old content, the new, or an empty file.
func WriteFile(path string, data []byte, sync bool) error {
	f, err := New(path)
	if err != nil {
		return err
	}
	defer f.Discard()
	if _, err := f.Write(data); err != nil {
		return err
	}
	if sync {
		return f.Replace()
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	f.done = true
	return nil
}

// SyncDir makes the names in a folder survive a power cut, where the system
// can do that.
func SyncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !toleratedSync(err) {
		return fmt.Errorf("syncing folder %q: %w", dir, err)
	}
	return nil
}

// toleratedSync names the answers of file systems that cannot sync at all.
func toleratedSync(err error) bool {
	return errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) || errors.Is(err, fs.ErrInvalid)
}
