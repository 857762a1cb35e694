//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Ctrl-C while a report is written leaves no file, whole or half.
func TestInterruptReport(t *testing.T) {
	home := t.TempDir()
	initWithFile(t, home)
	for i, name := range []string{"a.png", "b.png", "c.png", "d.png"} {
		if err := writeNoise(filepath.Join(home, name), 1500, 1000+i); err != nil {
			t.Fatal(err)
		}
	}
	add := startSession(t, home, "add", "a.png", "b.png", "c.png", "d.png")
	if code := add.code(); code != exitDone {
		t.Fatalf("add: exit code %d", code)
	}
	out := filepath.Join(home, "out")
	if err := os.Mkdir(out, 0o700); err != nil {
		t.Fatal(err)
	}
	run := func(interrupt bool, args ...string) (code int, left []string) {
		cmd := exec.Command("locker", append([]string{"report", "--passphrase-file", filepath.Join(home, "pw")}, args...)...)
		cmd.Dir = home
		cmd.Env = append(os.Environ(), "HOME="+home, "XDG_DATA_HOME=", "XDG_CONFIG_HOME=", "LOCKER_VAULT=", "LANG=C")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(20 * time.Second); interrupt && time.Now().Before(end); time.Sleep(time.Millisecond) {
			if begun, _ := filepath.Glob(filepath.Join(out, ".*part-*")); len(begun) > 0 {
				break
			}
		}
		if interrupt {
			cmd.Process.Signal(os.Interrupt)
		}
		_ = cmd.Wait()
		entries, err := os.ReadDir(out)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			left = append(left, e.Name())
		}
		return cmd.ProcessState.ExitCode(), left
	}
	for _, args := range [][]string{{"-o", "out/x.pdf", "--max-size", "0"}, {"-o", "out/y.pdf", "--split", "--max-size", "10MB"}} {
		if code, left := run(true, args...); code != exitInterrupted || len(left) > 0 {
			t.Errorf("%s: exit code %d, left %v", strings.Join(args, " "), code, left)
		}
	}
	if code, left := run(false, "-o", "out/x.pdf", "--max-size", "0"); code != exitDone || len(left) != 1 {
		t.Errorf("without Ctrl-C: exit code %d, left %v", code, left)
	}
}
