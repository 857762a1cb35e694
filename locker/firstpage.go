package locker

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"io"
	"math/bits"
	"os"
	"path/filepath"
)

// What a vault's header always holds, by offset. See the SQLite file format.
var header = map[int][]byte{
	0:  []byte("SQLite format 3\x00"),
	18: {1, 1, 0, 64, 32, 32},
	32: make([]byte, 8), // no free pages: whoever only reads needs none
	44: {0, 0, 0, 4},
	48: make([]byte, 8),
	56: {0, 0, 0, 1},
	60: {0, 0, 0, formatVersion},
	64: make([]byte, 4),
	68: binary.BigEndian.AppendUint32(nil, applicationID),
	72: make([]byte, 20),
}

// opensDamaged reports whether an error of Open may come from a damaged first
// page.
func opensDamaged(err error) bool {
	return err != nil && !errors.Is(err, ErrNoVault) && !errors.Is(err, ErrReadOnly) && !errors.Is(err, context.Canceled) &&
		!errors.Is(err, context.DeadlineExceeded) && !isBusy(err)
}

// openAnyway opens a vault as far as it can be read, whatever its first pages
// have become. Where nothing helps, the error is that of Open.
func openAnyway(ctx context.Context, path string, o Options) (*Vault, error) {
	v, err := Open(ctx, path, o)
	switch {
	case err == nil && v.isOfFormat(ctx):
		return v, nil
	case err == nil:
		// Before the file is read past SQLite: that drops its locks.
		v.Close()
	case !opensDamaged(err):
		return nil, err
	}
	if d, derr := openDamaged(ctx, path, o); d != nil || derr != nil {
		return d, derr
	}
	if err != nil {
		return nil, err
	}
	return Open(ctx, path, o)
}

// isOfFormat reports whether the tables are those of the format.
func (v *Vault) isOfFormat(ctx context.Context) bool {
	digest, err := readSchema(ctx, v.r)
	return err == nil && digest == schemaDigest
}

// openDamaged opens a private copy of a vault, with the header that it must
// have had, and the schema as it is in a new file: where tables begin is the
// same in every file of one page size. It returns nil if that makes no vault.
func openDamaged(ctx context.Context, path string, o Options) (*Vault, error) {
	first, err := firstBytes(path)
	if err != nil {
		return nil, nil
	}
	dir, err := privateFolder(path, &o)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, hotName)
	if err = copyBytes(ctx, path, file); err == nil {
		if info, serr := os.Stat(journalOf(path)); serr == nil && info.Size() > 0 && info.Mode().IsRegular() {
			err = copyBytes(ctx, journalOf(path), journalOf(file))
		}
	}
	for _, page := range pageSizes(first) {
		for _, graft := range []bool{false, true} {
			if err == nil {
				err = mendHeader(file, first, page)
			}
			if err == nil && graft {
				err = graftSchema(ctx, file, page)
			}
			if err != nil || ctx.Err() != nil {
				os.RemoveAll(dir)
				return nil, errors.Join(err, ctx.Err())
			}
			v := &Vault{path: path, private: dir, mended: true, o: o, gate: newGate(path)}
			v.gate.refused = true
			if v.connect(file, "rw") == nil && v.isOfFormat(ctx) && v.identify(ctx) == nil {
				return v, nil
			}
			for _, db := range []*sql.DB{v.w, v.r} {
				if db != nil {
					db.Close()
				}
			}
		}
	}
	return nil, os.RemoveAll(dir)
}

// firstBytes returns the header of a file that no connection is open to.
func firstBytes(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	first := make([]byte, 100)
	_, err = io.ReadFull(f, first)
	return first, err
}

// graftSchema puts the pages of the schema, as they are in a new file, into a
// file.
func graftSchema(ctx context.Context, file string, page int) error {
	fresh := file + "-fresh"
	defer os.Remove(fresh)
	defer os.Remove(journalOf(fresh))
	if err := makeFile(ctx, fresh, page, schemaSQL, nil); err != nil {
		return err
	}
	db, err := openDB(fresh, "ro", readDSN)
	if err != nil {
		return err
	}
	roots := map[int]bool{}
	err = query(ctx, db, func(rows *sql.Rows) error {
		var n int
		err := rows.Scan(&n)
		roots[n] = true
		return err
	}, "SELECT rootpage FROM sqlite_schema")
	db.Close()
	if err != nil {
		return err
	}
	from, err := os.ReadFile(fresh)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	for n := 1; n*page <= len(from); n++ {
		if roots[n] {
			continue
		}
		at := (n - 1) * page
		if n == 1 {
			at = 100 // the header is mended already
		}
		if _, err := f.WriteAt(from[at:n*page], int64(at)); err != nil {
			return err
		}
	}
	return f.Close()
}

// resembles reports whether a file's first bytes are a vault's, but for some.
func resembles(first []byte) bool {
	same, all := 0, 0
	for at, want := range header {
		for i, b := range want {
			all++
			if first[at+i] == b {
				same++
			}
		}
	}
	id := binary.BigEndian.Uint32(first[68:]) ^ applicationID
	return all-same <= 16 && bits.OnesCount32(id) <= 8
}

// pageSizes are the sizes to try: the one that the header says, then others.
func pageSizes(first []byte) (sizes []int) {
	said := int(binary.BigEndian.Uint16(first[16:]))
	if said >= 512 && bits.OnesCount(uint(said)) == 1 {
		sizes = append(sizes, said)
	}
	for _, n := range []int{pageSize, 16384, 4096, 512, 1024, 2048, 8192, 32768} {
		if n != said {
			sizes = append(sizes, n)
		}
	}
	return sizes
}

// mendHeader writes the header that a vault must have.
func mendHeader(file string, first []byte, page int) error {
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	b := append([]byte{}, first...)
	for at, want := range header {
		copy(b[at:], want)
	}
	binary.BigEndian.PutUint16(b[16:], uint16(page))
	binary.BigEndian.PutUint32(b[28:], uint32(info.Size()/int64(page)))
	copy(b[92:96], b[24:28]) // the size counts
	if _, err := f.WriteAt(b, 0); err != nil {
		return err
	}
	return f.Close()
}

// looksDamaged reports whether a file that does not open was a vault.
func looksDamaged(path string) bool {
	first, err := firstBytes(path)
	return err == nil && resembles(first)
}
