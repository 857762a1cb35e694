package locker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/mattn/go-sqlite3"
)

// A stick that is pulled while it is written to carries a journal that is hot:
// whoever opens the file must roll it back first. Where the file cannot be
// written, or must not be, both are copied to a private folder and read there.

const (
	// hotTries is how often a copy is begun anew because others wrote meanwhile.
	hotTries = 5
	// hotSlack is room beside the copy, in bytes.
	hotSlack = 1 << 20
)

// journalOf returns where SQLite keeps the journal of a file.
func journalOf(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	return path + "-journal"
}

// checkBeside refuses a file that has something else than a file in the place
// of its journal: opening a pipe would wait for ever.
func checkBeside(path string) error {
	for _, name := range []string{journalOf(path), strings.TrimSuffix(journalOf(path), "journal") + "wal"} {
		// SQLite follows no link there.
		if info, err := os.Lstat(name); err == nil && !info.Mode().IsRegular() && info.Mode()&fs.ModeSymlink == 0 {
			return fmt.Errorf("%w: %s is no file", ErrDamaged, name)
		}
	}
	return nil
}

// isHot reports whether err, from reading the file, is SQLite's answer to a
// journal that it finds hot and cannot roll back. Whether it is hot only
// SQLite can tell: a live writer has a journal, too, and locks.
func isHot(path string, err error) bool {
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return false
	}
	switch {
	case e.Code == sqlite3.ErrReadonly, e.Code == sqlite3.ErrCantOpen, e.Code == sqlite3.ErrPerm, e.ExtendedCode == sqlite3.ErrIoErrDelete:
		info, err := os.Stat(journalOf(path))
		return err == nil && info.Size() > 0
	}
	return false
}

// openHot opens a private copy of the file and its hot journal. No connection
// to the file is open in this process. Where there is no journal any more,
// somebody else rolled it back, and the file itself is opened.
func openHot(ctx context.Context, path string, o Options) (*Vault, error) {
	dir, err := copyHot(ctx, path, &o)
	if errors.Is(err, fs.ErrNotExist) {
		return newVault(path, o)
	}
	if err != nil {
		return nil, err
	}
	v := &Vault{path: path, private: dir, o: o, gate: newGate(path)}
	v.gate.refused = true // what was written to the copy would be lost
	if err := v.connect(filepath.Join(dir, hotName), "rw"); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	return v, nil
}

// hotName is what the copied file is called.
const hotName = "vault"

// copyHot copies a file and its journal to a new folder that only this user
// can enter. The error is fs.ErrNotExist if there is no journal.
func copyHot(ctx context.Context, path string, o *Options) (dir string, err error) {
	// Whoever writes with this program holds the gate, if there is one.
	if info, err := os.Lstat(newGate(path).path); err == nil && info.Mode().IsRegular() {
		if unlock, err := lockToRead(ctx, path); err == nil {
			defer unlock()
		} else if ctx.Err() != nil {
			return "", err
		}
	}
	if dir, err = privateFolder(path, o); err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(dir)
			dir = ""
		}
	}()
	file := filepath.Join(dir, hotName)
	for range hotTries {
		// The journal first: rolling an older journal back over a newer state of
		// the same interrupted transaction is right, the other way round is not.
		if err = copyBytes(ctx, journalOf(path), journalOf(file)); err != nil {
			return dir, err
		}
		if err = copyBytes(ctx, path, file); err != nil {
			return dir, err
		}
		unchanged, err := sameBytes(ctx, journalOf(path), journalOf(file))
		if unchanged || err != nil {
			return dir, err
		}
	}
	return dir, fmt.Errorf("copying %q: others write to it", path)
}

// privateFolder makes a folder with room for a copy of the file and its
// journal: in the system's folder for such, else in the config folder.
func privateFolder(path string, o *Options) (string, error) {
	need := int64(hotSlack)
	for _, name := range []string{path, journalOf(path)} {
		if info, err := os.Stat(name); err == nil {
			need += info.Size()
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	short := &SpaceError{Need: need}
	for _, parent := range []string{os.TempDir(), o.room, o.ConfigDir} {
		if parent == "" {
			continue
		}
		disk, err := statVolume(parent)
		if err != nil || disk.ReadOnly || fits(disk, need, need) != nil {
			short.Free = max(short.Free, disk.Free)
			continue
		}
		return os.MkdirTemp(parent, "locker-*")
	}
	return "", short
}

// lockToRead takes the gate without writing to its file.
func lockToRead(ctx context.Context, path string) (unlock func(), err error) {
	f := newReadLock(newGate(path).path)
	if err := wait(ctx, f, f.Lock, func() {}); err != nil {
		return nil, err
	}
	return func() { f.Unlock() }, nil
}

func copyBytes(ctx context.Context, from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	if _, err := io.Copy(out, withContext{ctx, in}); err != nil {
		return sysError("copying", err)
	}
	return out.Close()
}

func sameBytes(ctx context.Context, a, b string) (bool, error) {
	var parts [2][]byte
	var files [2]*os.File
	for i, name := range []string{a, b} {
		f, err := os.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		defer f.Close()
		files[i], parts[i] = f, make([]byte, 64<<10)
	}
	for {
		n, err1 := io.ReadFull(files[0], parts[0])
		m, err2 := io.ReadFull(files[1], parts[1])
		switch {
		case n != m || !bytes.Equal(parts[0][:n], parts[1][:m]):
			return false, nil
		case ctx.Err() != nil:
			return false, ctx.Err()
		case err1 == io.EOF || err1 == io.ErrUnexpectedEOF:
			return err2 == err1, nil
		case err1 != nil || err2 != nil:
			return false, errors.Join(err1, err2)
		}
	}
}

// withContext ends reading with the context.
type withContext struct {
	ctx context.Context
	r   io.Reader
}

func (c withContext) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
