//go:build unix

package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"evidence-locker/crypto"
	"evidence-locker/locker"
	"evidence-locker/locker/record"
	"evidence-locker/report"
)

// keyedVault makes a default vault under home and returns its key's text.
func keyedVault(t *testing.T, home, passphrase string) string {
	t.Helper()
	crypto.TestOnlyScryptWorkFactor(10)
	dir := filepath.Join(home, ".local", "share", "locker")
	v, err := locker.Create(t.Context(), filepath.Join(dir, "vault.locker"), passphrase,
		locker.Options{Now: systemClock, ConfigDir: filepath.Join(home, ".config", "locker")})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	k, err := v.Unlock(t.Context(), passphrase)
	if err != nil {
		t.Fatal(err)
	}
	return k.Text()
}

// The key is not on the screen, nor in a file that nobody named, before the
// person has said so.
func TestKeyPrintAsks(t *testing.T) {
	for _, c := range []struct {
		name, answer string
		args         []string
		code         int
		shown, file  bool
	}{
		{"text, yes", "y", []string{"--format", "text"}, exitDone, true, false},
		{"text, Enter", "", []string{"--format", "text"}, exitFailed, false, false},
		{"text to -, no", "n", []string{"--format", "text", "-o", "-"}, exitFailed, false, false},
		{"PDF, yes", "yes", nil, exitDone, false, true},
		{"PDF, Enter", "", nil, exitFailed, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			home := t.TempDir()
			key := keyedVault(t, home, "a long enough passphrase")
			t.Parallel()
			s := startSession(t, home, append([]string{"key", "print"}, c.args...)...)
			s.expect("(y/N)")
			s.send(c.answer + "\r")
			if c.code == exitDone {
				s.expect("Passphrase for")
				waitForEcho(t, s.tty, false)
				s.send("a long enough passphrase\r")
			}
			if code := s.code(); code != c.code {
				t.Errorf("exit code %d, want %d:\n%s", code, c.code, s.got.String())
			}
			if shown := strings.Contains(s.got.String(), key); shown != c.shown {
				t.Errorf("the key is on the screen: %v, want %v", shown, c.shown)
			}
			files, err := filepath.Glob(filepath.Join(home, "locker-key-*"))
			if err != nil || len(files) == 1 != c.file {
				t.Errorf("files %v, %v", files, err)
			}
			if c.file {
				info, err := os.Stat(files[0])
				if err != nil || info.Mode().Perm() != 0o600 {
					t.Errorf("file %v, %v", info, err)
				}
			}
		})
	}
}

// Whoever has lost the passphrase types the key from paper, and is told of a
// mistake. It is not shown.
func TestPasswdWithTypedKey(t *testing.T) {
	home := t.TempDir()
	key := keyedVault(t, home, "a passphrase that is lost")
	typed := strings.ToLower(key[:19]) + " " + key[19:40] + " " + key[40:]
	s := startSession(t, home, "passwd", "--key-file", "-")
	s.expect("Key, as its page has it (it is not shown):")
	waitForEcho(t, s.tty, false)
	s.send(strings.Replace(typed, key[40:], "Q"+key[40:], 1) + "\r")
	s.expect("that is no key, or there is a mistake in it; try again")
	waitForEcho(t, s.tty, false)
	s.send(typed + "\r")
	s.expect("New passphrase")
	waitForEcho(t, s.tty, false)
	s.send("the new one, not lost\r")
	s.expect("The same passphrase again:")
	waitForEcho(t, s.tty, false)
	s.send("the new one, not lost\r")
	if code := s.code(); code != exitDone {
		t.Fatalf("exit code %d:\n%s", code, s.got.String())
	}
	if strings.Contains(s.got.String(), key[19:40]) {
		t.Errorf("the key is shown:\n%s", s.got.String())
	}
	check := startSession(t, home, "verify")
	check.expect("Enter to skip")
	check.send("the new one, not lost\r")
	check.expect("no fault found")
	if code := check.code(); code != exitDone {
		t.Errorf("verify: exit code %d", code)
	}
}

// The commands on the page open a vault with sqlite3 and age alone.
func TestKeyPageCommands(t *testing.T) {
	if _, err := exec.LookPath("sqlite3"); err != nil && os.Getenv("CI") == "" {
		t.Skip("needs the sqlite3 program")
	}
	crypto.TestOnlyScryptWorkFactor(10)
	dir, bin := t.TempDir(), t.TempDir()
	if out, err := exec.Command("go", "build", "-o", bin, "filippo.io/age/cmd/age").CombinedOutput(); err != nil {
		t.Fatalf("building age: %v\n%s", err, out)
	}
	v, err := locker.Create(t.Context(), filepath.Join(dir, "BACKUP.locker"), "p", locker.Options{Now: systemClock})
	if err != nil {
		t.Fatal(err)
	}
	video := bytes.Repeat([]byte("frames"), 1<<20) // several chunks
	id := ""
	err = v.Add(t.Context(), locker.AddRequest{
		Facts: []locker.Fact{{Type: record.Note, Fields: record.Fields{"text": record.Text("what happened")}}},
		Files: []locker.File{{Name: "video.bin", Size: int64(len(video)), Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(video)), nil }}},
		Recorded: func(r locker.Recorded) {
			if r.File != nil {
				id = r.File.ObjectID
			}
		},
		Failed: func(_ locker.File, err error) { t.Error(err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	k, err := v.Unlock(t.Context(), "p")
	if err != nil {
		t.Fatal(err)
	}
	page := report.KeyPage{Key: k.Text(), Vault: v.ID(), Lang: "en"}
	if page.Created, err = v.Created(t.Context()); err != nil {
		t.Fatal(err)
	}
	v.Close()
	var text bytes.Buffer
	if err := page.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "KEY.txt"), text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	_, part, _ := strings.Cut(text.String(), "# Without locker")
	for line := range strings.Lines(part) {
		if command, ok := strings.CutPrefix(line, "#   "); ok {
			script.WriteString(command)
		}
	}
	if n := strings.Count(script.String(), "age -d -i KEY.txt"); n != 2 {
		t.Fatalf("the page has %d age commands:\n%s", n, script.String())
	}
	cmd := exec.CommandContext(context.Background(), "sh", "-ec", strings.NewReplacer("ID-*", id+"-*", "FILE", "video.out").Replace(script.String()))
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "video.out")); err != nil || !bytes.Equal(got, video) {
		t.Errorf("the file that comes out is another, %v", err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "000001.json")); err != nil || !bytes.Contains(got, []byte("what happened")) {
		t.Errorf("record 1 is %.300s, %v", got, err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "000002.json")); err != nil || !bytes.Contains(got, []byte(id)) || !bytes.Contains(got, []byte("video.bin")) {
		t.Errorf("record 2 is %.300s, %v", got, err)
	}
}
