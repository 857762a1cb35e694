package locker

import (
	"context"
	"fmt"
	"time"

	"evidence-locker/locker/record"
)

const (
	backupDays = 7   // for so long records may be on one device only
	drillDays  = 180 // for so long nobody need have practised a restore
)

// A Reminder is what is overdue: one thing at most, a backup before a drill.
type Reminder struct {
	Backup bool // records have been on one device only
	Drill  bool // nobody has practised a restore
	Days   int  // for so many whole days
}

// Remind tells what is overdue, without the passphrase.
func (v *Vault) Remind(ctx context.Context) Reminder {
	now := v.o.Now().At
	days := func(since time.Time) int { return int(now.Sub(since) / (24 * time.Hour)) }
	if since, ok := parseHour(v.getLocal(ctx, localUnsaved)); ok && days(since) > backupDays {
		return Reminder{Backup: true, Days: days(since)}
	}
	since, ok := parseHour(v.getLocal(ctx, localDrill))
	if !ok {
		created, err := v.Created(ctx)
		if err != nil {
			return Reminder{}
		}
		since = created
	}
	if days(since) > drillDays {
		return Reminder{Drill: true, Days: days(since)}
	}
	return Reminder{}
}

// Created returns when the vault was made.
func (v *Vault) Created(ctx context.Context) (time.Time, error) {
	genesis, err := readLeaf(ctx, v.r, 0)
	if err != nil {
		return time.Time{}, err
	}
	return genesis.Created, nil
}

// noteUnsaved remembers when the first of the records was made that no backup
// holds. What only speaks of the vault itself need not be saved for its own
// sake: a backup leaves a record of custody behind.
func (w *writer) noteUnsaved(ctx context.Context, entries []*entry) error {
	for _, e := range entries {
		switch e.typ {
		case record.Custody, record.KeyType, record.DeviceType:
			continue
		}
		if w.v.getLocal(ctx, localUnsaved) != "" {
			return nil
		}
		return setLocal(ctx, w.conn, localUnsaved, hourOf(w.v.o.Now().At))
	}
	return nil
}

// noteBackup remembers that a backup begun at this time holds the first size
// records. What is not in it was made since.
func noteBackup(ctx context.Context, q querier, size int64, at time.Time) error {
	if err := setLocal(ctx, q, localBackup, fmt.Sprintf("%d %s", size, hourOf(at))); err != nil {
		return err
	}
	var records int64
	if err := q.QueryRowContext(ctx, "SELECT coalesce(max(seq), -1) + 1 FROM record").Scan(&records); err != nil {
		return err
	}
	if records <= size {
		return deleteLocal(ctx, q, localUnsaved)
	}
	since, ok := parseHour(readLocal(ctx, q, localUnsaved))
	if !ok || !since.Before(at.UTC().Truncate(time.Hour)) {
		return nil // not set: all that came since is about the vault itself
	}
	return setLocal(ctx, q, localUnsaved, hourOf(at))
}

func hourOf(t time.Time) string { return t.UTC().Format(hourForm) }

func parseHour(s string) (time.Time, bool) {
	t, err := time.Parse(hourForm, s)
	return t, err == nil
}
