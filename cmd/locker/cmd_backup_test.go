//go:build unix

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"evidence-locker/locker"
)

// The text beside a backup holds the commands that get everything out of it.
func TestBackupReadme(t *testing.T) {
	if _, err := exec.LookPath("sqlite3"); err != nil && os.Getenv("CI") == "" {
		t.Skip("needs the sqlite3 program")
	}
	home, stick, bin, tmp := t.TempDir(), filepath.Join(t.TempDir(), "a stick"), t.TempDir(), t.TempDir()
	if err := os.Mkdir(stick, 0o700); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-o", bin, "filippo.io/age/cmd/age")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building age of go.mod's version: %v\n%s", err, out)
	}
	initWithFile(t, home)
	files := map[[32]byte]bool{}
	for _, content := range []string{"a screenshot", strings.Repeat("several chunks ", 200_000)} {
		files[sha256.Sum256([]byte(content))] = true
		name := filepath.Join(home, fmt.Sprint(len(content)))
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if code := startSession(t, home, "add", name, "--note", "seen").code(); code != exitDone {
			t.Fatalf("add: exit code %d", code)
		}
	}
	if s := startSession(t, home, "backup", stick); s.code() != exitDone {
		t.Fatalf("backup: %s", s.got.String())
	}
	names, _ := filepath.Glob(filepath.Join(stick, "locker-*-README.txt"))
	if len(names) != 1 {
		t.Fatal(names)
	}
	text, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	if bytes.ContainsRune(text, '\r') {
		t.Error("the text has carriage returns")
	}
	_, commands, ok := strings.Cut(string(text), "\nCommands\n========\n")
	if !ok {
		t.Fatalf("no commands in:\n%s", text)
	}
	script := "set -e\n"
	for _, line := range strings.Split(commands, "\n") {
		if command, ok := strings.CutPrefix(line, "    "); ok {
			script += strings.Replace(command, "STICK=/media/usb", "STICK="+quoteWord(stick), 1) + "\n"
		}
	}
	before := read(t, stick)
	run := func(passphrase string) *session {
		cmd := exec.Command("sh", "-c", script)
		cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "TMPDIR="+tmp)
		s := onTerminal(t, cmd)
		s.expect("passphrase")
		s.send(passphrase + "\n")
		return s
	}
	// Control: another passphrase gets nothing out.
	if s := run("another passphrase"); s.code() == 0 {
		t.Fatalf("another passphrase: %s", s.got.String())
	}
	if left, _ := filepath.Glob(filepath.Join(tmp, "*", "file-*")); len(left) > 0 {
		t.Fatal(left)
	}
	if err := os.RemoveAll(tmp); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(tmp, 0o700); err != nil {
		t.Fatal(err)
	}
	if s := run("a long enough passphrase"); s.code() != 0 {
		t.Fatalf("%s\n%s", script, s.got.String())
	}
	out, _ := filepath.Glob(filepath.Join(tmp, "*", "file-*"))
	for _, name := range out {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		delete(files, sha256.Sum256(data))
	}
	if len(out) != 2 || len(files) > 0 {
		t.Errorf("files that came out: %v", out)
	}
	notes := 0
	records, _ := filepath.Glob(filepath.Join(tmp, "*", "0*.json"))
	for _, name := range records {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var r struct{ Type string }
		if err := json.Unmarshal(data, &r); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if r.Type == "note" {
			notes++
		}
	}
	if len(records) != 5 || notes != 2 {
		t.Errorf("records that came out: %v, %d notes", records, notes)
	}
	if read(t, stick) != before {
		t.Error("the commands have changed the stick")
	}
}

// read returns the names and content of a folder's files.
func read(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s %x\n", e.Name(), sha256.Sum256(data))
	}
	return b.String()
}

// What disks do to a backup is said in both languages, with what to do next.
func TestBackupErrors(t *testing.T) {
	home := t.TempDir()
	initWithFile(t, home)
	vault := filepath.Join(home, ".local/share/locker/vault.locker")
	stick := t.TempDir()
	dest := filepath.Join(stick, "b.locker")
	again := "    locker backup " + dest + "\n"
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name   string
		err    error
		ctx    context.Context
		path   string
		code   int
		en, ja string
		line   string // below the hint
	}{
		{name: "FAT", err: &locker.SpaceError{Need: 5 << 30, Free: 1<<32 - 1, FileLimit: true}, code: exitFailed,
			en: "the backup will take 5,368,709,120 bytes, and the file system there holds at most 4,294,967,295 bytes in one file, as FAT does\nlocker: hint: use a stick with exFAT",
			ja: "バックアップは 5,368,709,120 バイトになりますが、書き込み先では一つのファイルが最大 4,294,967,295 バイトです (FAT の制限)"},
		{name: "too little room", err: &locker.SpaceError{Need: 1000, Free: 100}, code: exitFailed,
			en: `the backup needs 1,000 bytes, and 100 bytes are free in "` + stick + `"; nothing was written`, ja: "バックアップに 1,000 バイト要りますが、空きは 100 バイトです"},
		{name: "full in the middle", err: fmt.Errorf("writing: %w", locker.ErrFull), code: exitFailed,
			en: `no space left in "` + stick + `"; what was in the backup before stands`, ja: "に空き容量がありません。それまでのバックアップの内容は無事です"},
		{name: "write-protected", err: locker.ErrReadOnly, code: exitFailed,
			en: `nothing can be written in "` + stick + `"` + "\nlocker: hint: is the stick write-protected?", ja: "には書き込めません"},
		{name: "a dying stick", err: fmt.Errorf("%w: record 3", locker.ErrReadBack), code: exitDamage,
			en: `DO NOT TRUST THIS STICK: what was written to "` + dest + `" does not come back from it`, ja: "この USB メモリーは信用しないでください"},
		{name: "pulled out, still mounted", err: fmt.Errorf("writing: %w", locker.ErrDisk), code: exitFailed,
			en: `the backup to "` + dest + `" broke off: the disk gave an error; what is on it stands` + "\nlocker: hint: the same line goes on where it was:\n" + again,
			ja: "へのバックアップが途中で止まりました: ディスクがエラーを返しました。入っている分は無事です"},
		{name: "pulled out", err: syscall.ENOENT, path: filepath.Join(stick, "gone", "b.locker"), code: exitFailed,
			en: `"` + filepath.Join(stick, "gone") + `" is gone: was the stick pulled out? what is on it stands`, ja: "USB メモリーを抜きましたか"},
		{name: "Ctrl-C", err: context.Canceled, ctx: ended, code: exitInterrupted,
			en: "error: interrupted\nlocker: hint: the same line goes on where it was:\n" + again, ja: "同じコマンドで続きから再開します"},
		{name: "a newer format", err: locker.ErrNewerFormat, code: exitFailed,
			en: "the vault " + dest + " has a newer format", ja: "このプログラムより新しい形式です"},
	} {
		for l, want := range map[lang]string{"en": c.en, "ja": c.ja} {
			var stderr bytes.Buffer
			e := &env{now: func() locker.Stamp { return locker.Stamp{At: time.Now()} }, stderr: &stderr}
			e.ui = newUI(e, l)
			v, err := locker.Open(t.Context(), vault, locker.Options{Now: e.now})
			if err != nil {
				t.Fatal(err)
			}
			b := &backup{e: e, v: v, path: dest}
			if c.path != "" {
				b.path = c.path
			}
			ctx := t.Context()
			if c.ctx != nil {
				ctx = c.ctx
			}
			code := e.ui.exit(b.explain(ctx, c.err))
			v.Close()
			if code != c.code || !strings.Contains(stderr.String(), want) {
				t.Errorf("%s, %s: exit code %d:\n%swant %s", c.name, l, code, stderr.String(), want)
			}
		}
	}
}
