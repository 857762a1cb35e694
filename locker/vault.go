package locker

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"evidence-locker/crypto"
	"evidence-locker/locker/record"

	"github.com/mattn/go-sqlite3"
)

const (
	applicationID = 0x45564c4b // "EVLK", in the SQLite header
	formatVersion = 1          // user_version in the SQLite header
)

// pageSize is what SQLite calls page_size: 1 MiB chunks stream 1.7 times as
// fast with 16 KiB as with the usual 4 KiB.
var pageSize = 16384

// A Stamp is a reading of the clock, with what the system says of it.
type Stamp struct {
	At           time.Time
	Zone         string // IANA name, "" if none is known
	Synchronised *bool  // nil: the system does not say
}

// A Warning tells of something that did not stop the work. Code is fixed;
// Detail names the thing.
type Warning struct{ Code, Detail string }

// The codes of warnings.
const (
	WarnRecipient    = "recipient-swapped"  // the vault's recipient is not the one this machine pinned
	WarnOldCopy      = "old-copy"           // the vault is not a continuation of what this machine saw last
	WarnNewDevice    = "new-device-key"     // this machine had no device key for the vault
	WarnDeviceUnkept = "device-key-unkept"  // and could not keep the new one
	WarnPin          = "pin-unreadable"     // the pinned head could not be read
	WarnNodes        = "nodes-rebuilt"      // stored hashes were wrong and were made anew from the leaves
	WarnDamaged      = "damaged-page"       // a page that recording can do without is damaged
	WarnHeadMismatch = "head-mismatch"      // the newest signed head is not of these leaves
	WarnNoIncident   = "no-such-incident"   // a new incident was begun instead
	WarnKeyCopies    = "key-copies-differ"  // one of the two copies of the sealed key is damaged
	WarnSchema       = "schema-differs"     // the file's tables are not those of the format
	WarnGenesis      = "genesis-damaged"    // record 0 cannot be read; the rest can
	WarnOtherVault   = "other-vault"        // another vault stood at this path before
	WarnSameDisk     = "same-disk"          // a backup stands on the vault's own disk
	WarnNoCustody    = "no-custody"         // what was done could not be noted in the vault
	WarnBackup       = "is-backup"          // what was recorded went into a backup, which goes its own way now
	WarnStagedLeft   = "staged-chunks-left" // an interrupted file's chunks could not be swept
)

// Options are what a vault takes from outside.
type Options struct {
	Now       func() Stamp
	Device    record.Device
	Tool      record.Tool
	ConfigDir string              // folder of the device keys and pins; "": none are kept
	Waiting   func(holder string) // called when another process has held the gate for two seconds; may be nil
	Warn      func(Warning)       // may be nil
	Untouched bool                // nothing is written, to the file or beside it; writing gives ErrReadOnly

	room string // folder for private copies if the system's own has no room
}

func (o *Options) warn(code, format string, args ...any) {
	if o.Warn != nil {
		o.Warn(Warning{code, fmt.Sprintf(format, args...)})
	}
}

// A Vault is an open vault file. Its methods may be called by several
// goroutines; several processes may have the file open.
type Vault struct {
	path     string
	file     string // that is open: path, or what stands in for it
	private  string // folder of the copy that is read in its place, "" if none is
	mended   bool   // that copy has the first pages that the file must have had
	unborn   bool   // it is being restored, and not yet what this machine remembers
	id       string
	o        Options
	gate     *gate
	devMu    sync.Mutex
	dev      *device     // what loadDevice read
	other    bool        // another vault stood at this path before
	newPlace bool        // this machine has seen no vault at this path
	seen     os.FileInfo // the file that the connections are to, under devMu; nil: it is not looked at
	w        *sql.DB     // one connection; used only between gate.lock and unlock
	r        *sql.DB
}

// querier is what *sql.DB and *sql.Conn share.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// maxRow bounds a row in bytes, so that a vault of somebody else's making
// cannot take all memory: a record, its age file's overhead, and its leaf.
const maxRow = 2 * record.MaxSize

const driverName = "evidence-locker"

func init() {
	sql.Register(driverName, &sqlite3.SQLiteDriver{ConnectHook: func(c *sqlite3.SQLiteConn) error {
		c.SetLimit(sqlite3.SQLITE_LIMIT_LENGTH, maxRow)
		// What the DSN has no key for. temp_store: nothing spills to a file.
		for _, s := range []string{
			"PRAGMA trusted_schema=OFF", "PRAGMA cell_size_check=ON",
			"PRAGMA fullfsync=ON", "PRAGMA temp_store=MEMORY",
		} {
			if _, err := c.Exec(s, nil); err != nil {
				return err
			}
		}
		return nil
	}})
}

// synchronous=EXTRA: with FULL a rollback journal can lose the last commit to a
// power cut. The cache holds a whole transaction, which else would be spilled to
// the file in several synced parts.
var writeDSN = "_journal_mode=TRUNCATE&_synchronous=EXTRA&_secure_delete=FAST&_txlock=immediate&_busy_timeout=250&_cache_size=-8000"

const readDSN = "_query_only=1&_txlock=deferred&_busy_timeout=250&_cache_size=-2000"

// openDB opens a database; mode is SQLite's: "rw", "ro" or "rwc".
func openDB(path, mode, settings string) (*sql.DB, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	// An SQLite URI takes any byte as %XX; nothing in a name may be read as a
	// parameter.
	var uri strings.Builder
	uri.WriteString("file:")
	if p := filepath.ToSlash(abs); p[0] != '/' {
		uri.WriteString("///") // a drive letter
		abs = p
	} else {
		abs = p
	}
	for _, c := range []byte(abs) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("/-._~:", c) >= 0 {
			uri.WriteByte(c)
		} else {
			fmt.Fprintf(&uri, "%%%02X", c)
		}
	}
	db, err := sql.Open(driverName, uri.String()+"?mode="+mode+"&"+settings)
	if err != nil {
		return nil, err
	}
	return db, nil
}

// newVault prepares the two pools; nothing is opened yet.
func newVault(path string, o Options) (*Vault, error) {
	v := &Vault{path: path, o: o, gate: newGate(path)}
	mode := "rw"
	if v.gate.refused = o.Untouched; o.Untouched {
		mode = "ro" // which never rolls a journal back
	}
	return v, v.connect(path, mode)
}

// connect makes the pools for the file that is to be read. Mode "rw" lets
// SQLite roll back what was interrupted.
func (v *Vault) connect(file, mode string) (err error) {
	v.file = file
	if err := checkBeside(file); err != nil {
		return err
	}
	if v.w, err = openDB(file, mode, writeDSN); err != nil {
		return err
	}
	v.w.SetMaxOpenConns(1)
	if v.r, err = openDB(file, mode, readDSN); err != nil {
		return err
	}
	v.r.SetMaxOpenConns(runtime.NumCPU())
	v.r.SetMaxIdleConns(runtime.NumCPU())
	return nil
}

// Open opens the vault at path. It returns ErrNoVault, ErrNotVault or
// ErrNewerFormat where that is the case. A vault that cannot be written still
// opens; writing to it gives ErrReadOnly. What an interrupted process or a
// pulled stick left half-done is undone: in the file, or, where that cannot or
// must not be written, in a private copy that Close removes.
func Open(ctx context.Context, path string, o Options) (*Vault, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("opening vault %q: %w", path, ErrNoVault)
	case err != nil:
		return nil, fmt.Errorf("opening vault: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("opening vault %q: %w", path, ErrNotVault)
	}
	v, err := newVault(path, o)
	if err != nil {
		return nil, fmt.Errorf("opening vault %q: %w", path, err)
	}
	err = v.identify(ctx)
	for range hotTries {
		if !isHot(path, err) {
			break
		}
		v.Close()
		if v, err = openHot(ctx, path, o); err != nil {
			return nil, fmt.Errorf("opening vault %q: %w", path, err)
		}
		err = v.identify(ctx)
	}
	if err != nil {
		v.Close()
		return nil, fmt.Errorf("opening vault %q: %w", path, err)
	}
	if v.private == "" {
		v.seen = info
	}
	return v, nil
}

// follow drops the connections to a file that another one was put in the place
// of, by a repair: what is written to the old one would be lost. The caller
// holds the gate.
func (v *Vault) follow() {
	v.devMu.Lock()
	defer v.devMu.Unlock()
	if v.seen == nil {
		return
	}
	info, err := os.Stat(v.file)
	if err != nil || os.SameFile(info, v.seen) {
		return
	}
	v.seen = info
	for _, db := range []*sql.DB{v.w, v.r} {
		db.SetMaxIdleConns(-1)
		db.SetMaxIdleConns(runtime.NumCPU())
	}
}

// identify checks that the file is a vault of this format and reads its id.
func (v *Vault) identify(ctx context.Context) error {
	var app, version int64
	err := queryRow(ctx, v.r, "PRAGMA application_id")(&app)
	if err == nil {
		err = queryRow(ctx, v.r, "PRAGMA user_version")(&version)
	}
	var e sqlite3.Error
	switch {
	case errors.As(err, &e) && e.Code == sqlite3.ErrNotADB, err == nil && app != applicationID:
		return ErrNotVault
	case err != nil:
		return sqlError("reading header", err)
	case version > formatVersion:
		return fmt.Errorf("%w (format %d)", ErrNewerFormat, version)
	case version != formatVersion:
		return fmt.Errorf("%w: format version %d", ErrDamaged, version)
	}
	schema, err := readSchema(ctx, v.r)
	if err != nil {
		return sqlError("reading schema", err)
	}
	if schema != schemaDigest {
		v.o.warn(WarnSchema, "%s", v.path)
		if name := v.notTable(ctx); name != "" {
			return fmt.Errorf("%w: %s is no table", ErrDamaged, name)
		}
	}
	if leaf, err := readLeaf(ctx, v.r, 0); err == nil {
		v.id = leaf.Vault
	} else if ctx.Err() != nil {
		return ctx.Err()
	} else if v.id, err = vaultOfHeads(ctx, v.r); err != nil {
		return fmt.Errorf("reading genesis: %w", err)
	} else {
		v.o.warn(WarnGenesis, "%s", v.path) // one bit must not lock out all the rest
	}
	v.checkPlace()
	return nil
}

// queryRow returns a function that runs a query for one row and scans it,
// waiting for locks of other connections.
func queryRow(ctx context.Context, q querier, query string, args ...any) func(dest ...any) error {
	return func(dest ...any) error {
		return retry(ctx, func() error { return q.QueryRowContext(ctx, query, args...).Scan(dest...) })
	}
}

// query runs a query and scans its rows. It begins anew only before the first
// row: once SQLite gives rows it holds its lock, and is not busy any more.
func query(ctx context.Context, q querier, scan func(*sql.Rows) error, query string, args ...any) error {
	return retry(ctx, func() error {
		rows, err := q.QueryContext(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := scan(rows); err != nil {
				return scanError(ctx, err)
			}
		}
		return rows.Err()
	})
}

// retry runs f until it fails with something other than a lock held by
// another connection, or the context ends.
func retry(ctx context.Context, f func() error) error {
	for {
		err := f()
		if err == nil || !isBusy(err) {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		time.Sleep(5 * time.Millisecond) // after the 250 ms that SQLite waited
	}
}

// Close closes the vault.
func (v *Vault) Close() (err error) {
	v.gate.close()
	for _, db := range []*sql.DB{v.w, v.r} {
		if db != nil { // it was not opened
			err = errors.Join(err, db.Close())
		}
	}
	if v.private != "" {
		err = errors.Join(err, os.RemoveAll(v.private))
	}
	return err
}

// ID returns the vault's id, 32 hex digits.
func (v *Vault) ID() string { return v.id }

// Path returns the path the vault was opened at.
func (v *Vault) Path() string { return v.path }

// ReadOnly reports whether the vault's folder keeps this process from writing.
// A file of its own that cannot be written shows when it is tried.
func (v *Vault) ReadOnly() bool { return v.gate.open() != nil }

// A Head is the state of a vault's tree.
type Head struct {
	Size int64    // records, the genesis included
	Root [32]byte // RFC 6962 root hash
}

// String spells a head as reports and custody records do: the size, a colon,
// the root in base64.
func (h Head) String() string {
	return fmt.Sprintf("%d:%s", h.Size, base64.StdEncoding.EncodeToString(h.Root[:]))
}

// Head returns the head of all records that are there: the signed one, or what
// the stored hashes say where no key that counts has signed it.
func (v *Vault) Head(ctx context.Context) (Head, error) {
	newest, err := v.newestRow(ctx)
	if err != nil {
		return Head{}, fmt.Errorf("reading head: %w", err)
	}
	return v.headAt(ctx, newest+1)
}

func (v *Vault) headAt(ctx context.Context, size int64) (Head, error) {
	if cp, signed, err := v.signedHead(ctx, &tree{q: v.r}, size); err == nil && signed {
		return Head{cp.Size, cp.Root}, nil
	}
	root, err := (&tree{q: v.r}).root(ctx, size)
	if err != nil {
		return Head{}, fmt.Errorf("reading head: %w", err)
	}
	return Head{size, root}, nil
}

// HeadCovering returns the smallest signed head over at least size records, so
// that what speaks of those records names the same head whatever came later.
func (v *Vault) HeadCovering(ctx context.Context, size int64) (Head, error) {
	known := v.verifiers(ctx)
	for _, key := range v.enrolled(ctx, &tree{q: v.r}) {
		known = addKey(known, key)
	}
	for at, last := size, int64(0); ; at = last + 1 {
		if err := queryRow(ctx, v.r, "SELECT coalesce(min(size), 0) FROM head WHERE size >= ?", at)(&last); err != nil {
			return Head{}, sqlError("reading head", err)
		}
		if last == 0 {
			return v.Head(ctx) // somebody removed heads
		}
		if cp, signed, err := headOf(ctx, v.r, v.id, last, known...); err == nil && signed {
			return Head{cp.Size, cp.Root}, nil
		}
	}
}

// Unlock opens the vault's key with the passphrase. It returns
// ErrWrongPassphrase if the passphrase does not open it.
func (v *Vault) Unlock(ctx context.Context, passphrase string) (*crypto.Key, error) {
	rows, err := v.readKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("opening key: %w", err)
	}
	for _, row := range rows {
		if row.sealed == nil {
			continue
		}
		var k *crypto.Key
		if k, err = crypto.Open(row.sealed, passphrase); err == nil {
			return k, nil
		}
		if errors.Is(err, ErrWrongPassphrase) && row.believed {
			return nil, err // the copies are the same; one try costs a second
		}
	}
	if err == nil {
		err = fmt.Errorf("%w: both copies of the sealed key", ErrDamaged)
	}
	return nil, err
}
