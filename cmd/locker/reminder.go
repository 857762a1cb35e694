package main

import (
	"context"

	"evidence-locker/locker"
)

// remind ends a command with one line about a backup or a drill that is
// overdue. Whoever does not want it sets LOCKER_NO_REMINDER.
func (e *env) remind(ctx context.Context, v *locker.Vault) {
	if e.ui.quiet || e.ui.asJSON || e.getenv("LOCKER_NO_REMINDER") != "" {
		return
	}
	switch r := v.Remind(ctx); {
	case r.Backup:
		e.ui.hint("remind.backup", r.Days, quoteLine(e.ui.command("backup")))
	case r.Drill:
		e.ui.hint("remind.drill", r.Days, quoteLine(e.ui.command("restore", "--drill")))
	}
}
