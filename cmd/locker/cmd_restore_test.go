//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"evidence-locker/locker"
)

// What disks do to a restore is said in both languages, with what to do next.
func TestRestoreErrors(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	running := t.Context()
	mend := (*restore).explainMend
	make := (*restore).explain
	for _, c := range []struct {
		name    string
		explain func(*restore, context.Context, error) error
		ctx     context.Context
		err     error
		code    int
		en, ja  string
	}{
		{"too little room", make, running, &locker.SpaceError{Need: 1000, Free: 100}, exitFailed,
			`it needs 1,000 bytes, and 100 bytes are free in "/v"; nothing was written` + "\nlocker: hint: make room, or restore to another disk with --to FILE\n", "1,000 バイト要りますが、空きは 100 バイトです"},
		{"full in the middle", make, running, fmt.Errorf("writing: %w", locker.ErrFull), exitFailed,
			`no space left in "/v"; nothing was restored`, "に空き容量がありません。何も復元していません"},
		{"a dying disk", make, running, locker.ErrReadBack, exitDamage,
			`THE DISK OF "/v" DOES NOT GIVE BACK WHAT IS WRITTEN TO IT; nothing was restored`, "書いたとおりに読み出せません"},
		{"write-protected", make, running, locker.ErrReadOnly, exitFailed, `nothing can be written in "/v"`, "には書き込めません"},
		{"a newer format", make, running, locker.ErrNewerFormat, exitFailed, "the vault s.locker has a newer format than this program knows", "新しい形式です"},
		{"pulled out", make, running, fmt.Errorf("reading: %w", locker.ErrDisk), exitFailed,
			`cannot restore from "s.locker": the disk gave an error` + "\nlocker: hint: run it again; the backup is as it was\n", "から復元できません: ディスクがエラーを返しました"},
		{"Ctrl-C", make, ended, context.Canceled, exitInterrupted, "error: interrupted\nlocker: hint: run it again", "バックアップは元のままです"},
		{"mending, full", mend, running, fmt.Errorf("writing: %w", locker.ErrFull), exitFailed, `no space left in "/v"`, "に空き容量がありません"},
		{"mending, no room", mend, running, &locker.SpaceError{Need: 1000, Free: 100}, exitFailed, "it needs 1,000 bytes", "1,000 バイト要りますが"},
		{"mending, pulled out", mend, running, locker.ErrDisk, exitFailed,
			"the vault was not mended: the disk gave an error\nlocker: hint: the vault is as it was\n", "保管庫は直せませんでした: ディスクがエラーを返しました"},
		{"mending, Ctrl-C", mend, ended, context.Canceled, exitInterrupted, "error: interrupted\nlocker: hint: the vault is as it was", "保管庫は元のままです"},
		{"mending, a newer format", mend, running, locker.ErrNewerFormat, exitFailed, "the vault s.locker has a newer format", "新しい形式です"},
		{"mending, write-protected", mend, running, locker.ErrReadOnly, exitFailed, "no vault can be made in the folder", "書き込めないため"},
	} {
		for l, want := range map[lang]string{"en": c.en, "ja": c.ja} {
			var stderr bytes.Buffer
			e := &env{stderr: &stderr}
			e.ui = newUI(e, l)
			r := &restore{e: e, src: "s.locker", path: "/v/vault.locker"}
			e.ui.vault = r.path
			if code := e.ui.exit(c.explain(r, c.ctx, c.err)); code != c.code || !strings.Contains(stderr.String(), want) {
				t.Errorf("%s, %s: exit code %d:\n%swant %s", c.name, l, code, stderr.String(), want)
			}
		}
	}
}
