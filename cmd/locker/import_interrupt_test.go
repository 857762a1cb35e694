//go:build unix

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Ctrl-C while import still reads leaves no recorded file without its rows.
func TestInterruptImport(t *testing.T) {
	home := t.TempDir()
	initWithFile(t, home)
	if err := os.WriteFile(filepath.Join(home, "a.csv"), []byte(withdrawal), 0o600); err != nil {
		t.Fatal(err)
	}
	recorded := 0
	for delay := 50 * time.Millisecond; recorded < 2 && delay < 5*time.Second; delay *= 2 {
		cmd := exec.Command("locker", "import", "a.csv", "-", "--exchange", "bybit")
		cmd.Dir = home
		cmd.Env = append(os.Environ(), "HOME="+home, "XDG_DATA_HOME=", "XDG_CONFIG_HOME=", "LOCKER_VAULT=", "LANG=C")
		var out bytes.Buffer
		cmd.Stdout = &out
		stdin, err := cmd.StdinPipe() // never ends
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(delay)
		cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
		stdin.Close()
		if code := cmd.ProcessState.ExitCode(); code != exitInterrupted {
			t.Errorf("after %v: exit code %d", delay, code)
		}
		if !strings.Contains(out.String(), "  file  a.csv") {
			continue
		}
		recorded++
		if !strings.Contains(out.String(), "  transfer  ") {
			t.Errorf("after %v: the file without its rows:\n%s", delay, out.String())
		}
	}
	if recorded == 0 {
		t.Error("Ctrl-C never met a recorded file")
	}
}
