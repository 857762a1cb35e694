package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"evidence-locker/locker"
)

// ownFiles returns the files that belong to the vault and to its device: the
// vault itself, its journal and locks, and the device's keys. Opening one of
// the former while the vault is open would drop SQLite's locks on it.
func (e *env) ownFiles() ([]fs.FileInfo, error) {
	places, err := e.ownPlaces()
	if err != nil {
		return nil, err
	}
	var own []fs.FileInfo
	for _, p := range places {
		entries, _ := os.ReadDir(p.dir)
		for _, d := range entries {
			if !p.holds(d.Name()) {
				continue
			}
			if fi, err := os.Stat(filepath.Join(p.dir, d.Name())); err == nil && fi.Mode().IsRegular() {
				own = append(own, fi)
			}
		}
	}
	return own, nil
}

// An ownPlace is a folder with the names in it that are the program's own,
// whether or not a file of that name is there: a foreign journal beside a vault
// would be rolled into it.
type ownPlace struct {
	dir, name string   // name itself, if any
	prefixes  []string // and names that begin so
}

func (p ownPlace) holds(name string) bool {
	lower := strings.ToLower(name) // some file systems do not tell A from a
	return p.name != "" && lower == strings.ToLower(p.name) || slices.ContainsFunc(p.prefixes, func(prefix string) bool {
		return strings.HasPrefix(lower, strings.ToLower(prefix))
	})
}

func (e *env) ownPlaces() ([]ownPlace, error) {
	path, err := e.vaultPath()
	if err != nil {
		return nil, err
	}
	places := []ownPlace{{filepath.Dir(path), filepath.Base(path), []string{filepath.Base(path) + "-"}}}
	if real, err := filepath.EvalSymlinks(path); err == nil && real != path { // the journal lies beside that
		places = append(places, ownPlace{filepath.Dir(real), filepath.Base(real), []string{filepath.Base(real) + "-"}})
	}
	if dir, err := e.configDir(); err == nil {
		places = append(places, ownPlace{dir: dir, prefixes: []string{"device-", "head-", "place-"}})
	}
	return places, nil
}

// checkTarget refuses to write to path if that is a file of the vault or of its
// device, whatever --force says. With --force nothing but a regular file is
// replaced: a device or a link has its name for a reason.
func (e *env) checkTarget(path string, force bool) error {
	places, err := e.ownPlaces()
	if err != nil {
		return err
	}
	own, err := e.ownFiles()
	if err != nil {
		return err
	}
	fi, statErr := os.Stat(path)
	mine := statErr == nil && isOwn(fi, own)
	for _, p := range places {
		mine = mine || p.holds(filepath.Base(path)) && sameFolder(p.dir, filepath.Dir(path))
	}
	if mine {
		return &failure{key: "err.own-target", args: []any{path}, hint: "hint.own-target"}
	}
	if fi, err := os.Lstat(path); force && err == nil && !fi.Mode().IsRegular() {
		return &failure{key: "err.not-replaced", args: []any{path}, hint: "hint.own-target"}
	}
	return nil
}

func sameFolder(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

func isOwn(fi fs.FileInfo, own []fs.FileInfo) bool {
	for _, o := range own {
		if os.SameFile(fi, o) {
			return true
		}
	}
	return false
}

// collectFiles looks at what the arguments name, without opening anything. It
// names what cannot be taken and goes on.
func (e *env) collectFiles(ctx context.Context, paths []string, stdinName string, own []fs.FileInfo) ([]locker.File, error) {
	var files []locker.File
	stdin := false
	for _, path := range e.expand(paths) {
		if path == "-" {
			if stdin {
				return nil, &usageError{key: "usage.stdin-twice", command: e.line.command}
			}
			stdin = true
			if f, ok := e.stdin.(*os.File); ok && wasClosed(f) {
				e.ui.lost("file.closed-stdin")
				continue
			}
			files = append(files, e.stdinFile(ctx, stdinName))
			continue
		}
		fi, err := os.Stat(path)
		switch {
		case err != nil:
			e.ui.lost("file.failed", path, err)
		case fi.IsDir():
			files = append(files, e.collectFolder(path, own)...)
		case !fi.Mode().IsRegular():
			e.lostSpecial(path, fi)
		case isOwn(fi, own):
			e.ui.lost("file.own", path)
		default:
			files = append(files, regularFile(path, fi))
		}
	}
	if stdinName != "" && !stdin {
		return nil, &usageError{key: "usage.name-without-stdin", command: "add"}
	}
	return files, nil
}

// expand resolves patterns where the shell leaves them to the program.
func (e *env) expand(paths []string) []string {
	if e.goos != "windows" {
		return paths
	}
	var all []string
	for _, p := range paths {
		found, err := filepath.Glob(p)
		if err != nil || len(found) == 0 || exists(p) {
			found = []string{p}
		}
		all = append(all, found...)
	}
	return all
}

// collectFolder takes a folder's regular files, hidden ones too, and names the
// rest. It does not go down: a whole disk is easily named by mistake.
func (e *env) collectFolder(dir string, own []fs.FileInfo) []locker.File {
	entries, err := os.ReadDir(dir)
	if err != nil {
		e.ui.lost("file.failed", dir, err)
	}
	var files []locker.File
	for _, d := range entries {
		path := filepath.Join(dir, d.Name())
		fi, err := d.Info()
		switch {
		case err != nil:
			e.ui.lost("file.failed", path, err)
		case fi.IsDir():
			e.ui.lost("file.sub-folder", path)
			e.ui.hint("file.sub-folder-hint", quoteLine(e.ui.command("add", "--", path)))
		case fi.Mode()&fs.ModeSymlink != 0:
			e.ui.lost("file.link", path)
		case !fi.Mode().IsRegular():
			e.lostSpecial(path, fi)
		case isOwn(fi, own):
			e.ui.info("file.own-skipped", path)
		default:
			files = append(files, regularFile(path, fi))
		}
	}
	if len(entries) == 0 && err == nil {
		e.ui.lost("file.empty-folder", dir)
	}
	return files
}

// lostSpecial names a pipe, socket or device, which opening could wait on for
// ever, and how to record what it gives.
func (e *env) lostSpecial(path string, fi fs.FileInfo) {
	e.ui.lost("file.special", path)
	if fi.Mode()&fs.ModeSocket == 0 {
		line := quoteLine(e.ui.command("add", "-", "--name", filepath.Base(path)))
		e.ui.hint("file.special-hint", line+" < "+quoteWord(path))
	}
}

// errChangedKind says that a path no longer names a regular file.
var errChangedKind = errors.New("no longer a regular file")

func regularFile(path string, fi fs.FileInfo) locker.File {
	return locker.File{
		Name:     filepath.Base(path),
		Size:     fi.Size(),
		Modified: fi.ModTime(),
		Open: func() (io.ReadCloser, error) {
			f, err := os.Open(path)
			if err != nil {
				return nil, err
			}
			if now, err := f.Stat(); err != nil || !now.Mode().IsRegular() {
				f.Close()
				return nil, &fs.PathError{Op: "open", Path: path, Err: errChangedKind}
			}
			return f, nil
		},
	}
}

// stdinFile is standard input under a name.
func (e *env) stdinFile(ctx context.Context, name string) locker.File {
	if name == "" {
		name = "stdin"
	}
	return locker.File{Name: filepath.Base(name), Size: -1, Open: func() (io.ReadCloser, error) {
		if isTerminalFile(e.stdin) {
			e.ui.info("add.typing")
		}
		return io.NopCloser(&patientReader{ctx: ctx, r: e.stdin}), nil
	}}
}

// A patientReader gives up a read that blocks when its context ends.
type patientReader struct {
	ctx context.Context
	r   io.Reader
}

func (p *patientReader) Read(b []byte) (int, error) {
	type result struct {
		data []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		own := make([]byte, len(b)) // b is the caller's again after a cancel
		n, err := p.r.Read(own)
		done <- result{own[:n], err}
	}()
	select {
	case r := <-done:
		return copy(b, r.data), r.err
	case <-p.ctx.Done():
		return 0, p.ctx.Err()
	}
}

// pathOf returns the path that an error names, else name.
func pathOf(name string, err error) string {
	var p *fs.PathError
	if errors.As(err, &p) && filepath.Base(p.Path) == name {
		return p.Path
	}
	return name
}
