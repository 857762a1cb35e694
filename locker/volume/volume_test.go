package volume_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"evidence-locker/locker/volume"
)

func stat(t *testing.T, path string) volume.Info {
	t.Helper()
	info, err := volume.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestStat(t *testing.T) {
	here := t.TempDir()
	path := filepath.Join(here, "file")
	write(t, path, nil)
	of := stat(t, here)
	if of.Free <= 0 || of.ReadOnly || of.Type == "" {
		t.Errorf("%+v", of)
	}
	if file := stat(t, path); file.Device != of.Device || file.Type != of.Type {
		t.Errorf("a file is elsewhere than its folder: %+v, %+v", file, of)
	}
	missing := filepath.Join(here, "no")
	_, err := volume.Stat(missing)
	if !errors.Is(err, fs.ErrNotExist) || strings.Count(err.Error(), missing) != 1 || strings.Contains(err.Error(), "\n") {
		t.Errorf("of nothing: %v", err)
	}
}
