package locker

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"evidence-locker/crypto"

	"github.com/mattn/go-sqlite3"
)

var (
	// ErrNoVault says that there is no file at the vault's path.
	ErrNoVault = fmt.Errorf("no vault: %w", fs.ErrNotExist)
	// ErrExists says that a vault, or any other file, stands where one was to be made.
	ErrExists = fmt.Errorf("vault: %w", fs.ErrExist)
	// ErrNotVault says that the file is no vault.
	ErrNotVault = errors.New("not a vault")
	// ErrNewerFormat says that the vault's format is later than this program.
	ErrNewerFormat = errors.New("vault format is newer than this program")
	// ErrReadOnly says that the vault cannot be written to.
	ErrReadOnly = errors.New("vault cannot be written")
	// ErrFull says that the disk, or the allowed file size, is used up.
	ErrFull = errors.New("no space left")
	// ErrWrongPassphrase says that the passphrase does not open the vault.
	ErrWrongPassphrase = crypto.ErrWrongPassphrase
	// ErrBadKey says that a text is no key, or has a mistake in it.
	ErrBadKey = crypto.ErrBadKey
	// ErrOtherKey says that a key is not the vault's.
	ErrOtherKey = errors.New("the key of another vault")
	// ErrNoRecord says that no record has the number asked for.
	ErrNoRecord = errors.New("no such record")
	// ErrNoIncident says that no incident has the number asked for.
	ErrNoIncident = errors.New("no such incident")
	// ErrDamaged says that stored bytes are not those that were recorded.
	ErrDamaged = errors.New("damaged")
	// ErrStays says that a record is of a type that cannot be withdrawn.
	ErrStays = errors.New("cannot be withdrawn")
	// ErrForeign says that something stands where a backup would, and is none.
	ErrForeign = errors.New("no backup of a vault")
	// ErrOtherVault says that a file is of another vault.
	ErrOtherVault = errors.New("of another vault")
	// ErrCopyDamaged says that a backup is damaged, and was not written to.
	ErrCopyDamaged = fmt.Errorf("backup: %w", ErrDamaged)
	// ErrReadBack says that a disk does not give back what was written to it.
	ErrReadBack = errors.New("the disk gives back other bytes than were written")
	// ErrBackup says that the vault is a backup, which is only added to by Backup.
	ErrBackup = errors.New("a backup")
	// ErrDisk says that a disk failed, as one does that was pulled out.
	ErrDisk = errors.New("the disk failed")
	// ErrNothing says that there was nothing to record.
	ErrNothing = errors.New("nothing to record")
)

// sqlError turns the database's answer into one of the errors above where a
// caller acts on it. It returns nil for nil.
func sqlError(doing string, err error) error {
	if err == nil {
		return nil
	}
	var e sqlite3.Error
	if errors.As(err, &e) {
		switch {
		case e.Code == sqlite3.ErrFull, e.SystemErrno == syscall.ENOSPC, e.SystemErrno == syscall.EFBIG, e.SystemErrno == syscall.EDQUOT:
			return fmt.Errorf("%s: %w (%v)", doing, ErrFull, err)
		case e.Code == sqlite3.ErrReadonly, e.SystemErrno == syscall.EROFS:
			return fmt.Errorf("%s: %w (%w)", doing, ErrReadOnly, err)
		case e.Code == sqlite3.ErrCorrupt, e.Code == sqlite3.ErrNotADB, e.Code == sqlite3.ErrTooBig, e.Code == sqlite3.ErrError && otherSchema(err.Error()):
			return fmt.Errorf("%s: %w (%v)", doing, ErrDamaged, err)
		case e.Code == sqlite3.ErrIoErr:
			return fmt.Errorf("%s: %w: %w", doing, ErrDisk, err)
		}
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// otherSchema reports whether SQLite says that a statement is not for these
// tables. Ours are for the format's, so that it is the file that is not.
func otherSchema(message string) bool {
	for _, s := range []string{"no such table", "no such column", "no such index", "unknown function", "has no column", " columns but ", "no tables"} {
		if strings.Contains(message, s) {
			return true
		}
	}
	return false
}

// sysError does the same for the system's answers about files.
func sysError(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return fmt.Errorf("%s: %w: %w", doing, ErrFull, err)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%s: %w: %w", doing, ErrReadOnly, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// isBusy reports whether another connection held a lock for too long.
func isBusy(err error) bool {
	var e sqlite3.Error
	return errors.As(err, &e) && (e.Code == sqlite3.ErrBusy || e.Code == sqlite3.ErrLocked)
}
