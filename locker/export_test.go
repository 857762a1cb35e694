package locker

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"evidence-locker/locker/volume"
)

// Seams that are open to tests only.
var (
	SchemaSQL    = schemaSQL
	ReadSchema   = readSchema
	SchemaDigest = schemaDigest
	OpenDB       = openDB
	SignerKey    = signerKey
)

// The steps of the write order, for SetTestHook.
const (
	StepGate   = string(stepGate)
	StepBegin  = string(stepBegin)
	StepCheck  = string(stepCheck)
	StepRecord = string(stepRecord)
	StepHead   = string(stepHead)
	StepCommit = string(stepCommit)
	StepPin    = string(stepPin)
)

// SetPageSize changes the page size of vaults that are made from now on.
func SetPageSize(n int) { pageSize = n }

// SetTestHook has f called before and after each step of append; nil ends it.
func SetTestHook(f func(step string, after bool) error) {
	if f == nil {
		testHook = nil
		return
	}
	testHook = func(s step, after bool) error { return f(string(s), after) }
}

// SetStatVolume has f tell what disk a path is on, and returns the way back.
func SetStatVolume(f func(string) (volume.Info, error)) (back func()) {
	old := statVolume
	statVolume = f
	return func() { statVolume = old }
}

// SetShortCopy changes how many bytes of files one transaction of a copy
// writes, and returns the way back.
func SetShortCopy(n int64) (back func()) {
	old := shortCopy
	shortCopy = n
	return func() { shortCopy = old }
}

// TrustCache leaves out that a backup's pages are forgotten before it is read
// back.
func TrustCache(on bool) { trustCache = on }

// Pools returns the vault's connection pools.
func (v *Vault) Pools() (writer, reader *sql.DB) { return v.w, v.r }

// SyncOff has files that are opened from now on written to without waiting for
// the disk, and returns the way back.
func SyncOff() (back func()) {
	old := writeDSN
	writeDSN = strings.Replace(writeDSN, "synchronous=EXTRA", "synchronous=OFF", 1)
	return func() { writeDSN = old }
}

// NoteBackup notes a backup as Backup does at its end.
func (v *Vault) NoteBackup(ctx context.Context, size int64, at time.Time) error {
	return noteBackup(ctx, v.w, size, at)
}
