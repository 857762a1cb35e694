package locker

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The names in use in the local table.
const (
	localCurrent  = "current"   // "<incident> <UTC hour, RFC 3339 to the hour>"
	localIncident = "incident:" // + number: the incident's random id
	localStage    = "stage:"    // + object id: the UTC hour in which its staging began
)

// hourForm is a UTC hour; nothing finer is kept in the clear.
const hourForm = "2006-01-02T15Z"

func stageName(object string) string { return localStage + object }

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

// getLocal returns "" for what is not there, or damaged: the table stands
// outside the tree, so that each row carries its own check.
func getLocal(ctx context.Context, q querier, name string) (string, error) {
	var value, sum string
	err := q.QueryRowContext(ctx, "SELECT value, sum FROM local WHERE name = ?", name).Scan(&value, &sum)
	if errors.Is(err, sql.ErrNoRows) || err == nil && sum != localSum(name, value) {
		return "", nil
	}
	return value, err
}

func current(ctx context.Context, q querier) (Current, error) {
	value, err := getLocal(ctx, q, localCurrent)
	if err != nil {
		return Current{}, err
	}
	number, hour, _ := strings.Cut(value, " ")
	n, err1 := strconv.Atoi(number)
	at, err2 := time.Parse(hourForm, hour)
	if err1 != nil || err2 != nil || n < 1 {
		return Current{}, nil
	}
	return Current{Number: n, LastAdded: at}, nil
}

func setCurrent(ctx context.Context, q querier, incident int, at time.Time) error {
	return setLocal(ctx, q, localCurrent, fmt.Sprintf("%d %s", incident, at.UTC().Format(hourForm)))
}

// incidentID returns the random id of an incident. Where this file does not
// know it (it was restored from a backup), a new one begins: the number is
// what joins records, the id tells two incidents of one number apart.
func incidentID(ctx context.Context, q querier, incident int) (string, error) {
	name := localIncident + strconv.Itoa(incident)
	id, err := getLocal(ctx, q, name)
	if err != nil || id != "" {
		return id, err
	}
	id = randomHex(16)
	return id, setLocal(ctx, q, name, id)
}

// Current tells which incident records go to if none is named.
type Current struct {
	Number    int       // 0: none yet
	LastAdded time.Time // the UTC hour, zero with Number 0
}

// Current returns the incident that was last added to.
func (v *Vault) Current(ctx context.Context) (c Current, err error) {
	err = retry(ctx, func() error {
		c, err = current(ctx, v.r)
		return err
	})
	if err != nil {
		return c, sqlError("reading current incident", err)
	}
	return c, nil
}
