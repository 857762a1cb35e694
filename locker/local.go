package locker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The names in use in the local table.
const (
	localCurrent  = "current"   // "<incident> <UTC hour, RFC 3339 to the hour>"
	localIncident = "incident:" // + number: the incident's random id
	localCopy     = "copy"      // in a backup: its random id, another one whenever it is extended
	localChecked  = "checked:"  // + id of a backup: how many of its records were read back from the disk
	localStage    = "stage:"    // + object id: the UTC hour in which its staging began
	localBackup   = "backup"    // "<size> <UTC hour>": what the last backup holds, and when it began
	localUnsaved  = "unsaved"   // the UTC hour of the first record that no backup holds
	localDrill    = "drill"     // the UTC hour of the last restore, practised or real
)

// hourForm is a UTC hour; nothing finer is kept in the clear.
const hourForm = "2006-01-02T15Z"

func stageName(object string) string { return localStage + object }

func incidentName(n int) string { return localIncident + strconv.Itoa(n) }

func localSum(name, value string) string {
	sum := sha256.Sum256([]byte(name + "\n" + value))
	return hex.EncodeToString(sum[:8])
}

func setLocal(ctx context.Context, q querier, name, value string) error {
	_, err := q.ExecContext(ctx, "INSERT OR REPLACE INTO local VALUES (?, ?, ?)", name, value, localSum(name, value))
	return err
}

func deleteLocal(ctx context.Context, q querier, name string) error {
	_, err := q.ExecContext(ctx, "DELETE FROM local WHERE name = ?", name)
	return err
}

func (v *Vault) getLocal(ctx context.Context, name string) string {
	return readLocal(ctx, v.r, name)
}

// readLocal returns "" for what is not there, or damaged: the table stands
// outside the tree, so that each row carries its own check.
func readLocal(ctx context.Context, q querier, name string) string {
	var value, sum string
	err := queryRow(ctx, q, "SELECT value, sum FROM local WHERE name = ?", name)(&value, &sum)
	if err != nil || sum != localSum(name, value) {
		return ""
	}
	return value
}

// Current tells which incident records go to if none is named.
type Current struct {
	Number    int       // 0: none is known
	LastAdded time.Time // the UTC hour, zero with Number 0
}

// Current returns the incident that was last added to.
func (v *Vault) Current(ctx context.Context) (Current, error) {
	number, hour, _ := strings.Cut(v.getLocal(ctx, localCurrent), " ")
	n, err1 := strconv.Atoi(number)
	at, err2 := time.Parse(hourForm, hour)
	if err1 != nil || err2 != nil || n < 1 {
		return Current{}, ctx.Err()
	}
	return Current{Number: n, LastAdded: at}, nil
}

func setCurrent(ctx context.Context, q querier, incident int, at time.Time) error {
	return setLocal(ctx, q, localCurrent, fmt.Sprintf("%d %s", incident, hourOf(at)))
}
