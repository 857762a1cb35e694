package locker

import (
	"database/sql"
	"strings"
)

// Seams that are open to tests only.
var (
	SchemaSQL    = schemaSQL
	ReadSchema   = readSchema
	SchemaDigest = schemaDigest
	OpenDB       = openDB
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

// Pools returns the vault's connection pools.
func (v *Vault) Pools() (writer, reader *sql.DB) { return v.w, v.r }

// SyncOff makes the vault write without waiting for the disk.
func (v *Vault) SyncOff() error {
	off := strings.Replace(writeDSN, "synchronous=EXTRA", "synchronous=OFF", 1)
	w, err := openDB(v.path, "rw", off)
	if err != nil {
		return err
	}
	w.SetMaxOpenConns(1)
	v.w.Close()
	v.w = w
	return nil
}
