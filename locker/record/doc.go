// Package record is the content of a vault as bytes: records, the leaves that
// commit to them, and checkpoints. It does no I/O.
//
// Every parser here accepts exactly one spelling of a value and gives that
// spelling back on output. The format itself is described in package locker.
package record

import "errors"

var (
	// ErrMalformed says that bytes are not in the one form that is written.
	ErrMalformed = errors.New("malformed")
	// ErrNewer says that a record or leaf is of a version that this program
	// does not know. It is kept and shown as it is; it is no damage.
	ErrNewer = errors.New("written by a newer version")
)
