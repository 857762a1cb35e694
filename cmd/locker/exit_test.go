package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"evidence-locker/locker"
)

// A folder that cannot be written is another trouble than a vault that cannot.
func TestReadOnlyFolder(t *testing.T) {
	dir := t.TempDir()
	var out bytes.Buffer
	u := &ui{lang: "en", out: &out, err: &out, vault: filepath.Join(dir, "new.locker")}
	if code := u.exit(&vaultError{fmt.Errorf("creating: %w", locker.ErrReadOnly)}); code != exitFailed {
		t.Errorf("exit code %d, want %d", code, exitFailed)
	}
	for _, want := range []string{"no vault can be made in the folder", "it cannot be written", "name another place with --vault FILE"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not said:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "reports work") {
		t.Errorf("there is nothing to read:\n%s", out.String())
	}
}
