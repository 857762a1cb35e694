package main

import (
	"errors"
	"path/filepath"
	"testing"
)

func TestFolders(t *testing.T) {
	for _, c := range []struct {
		name, goos, home string
		env              map[string]string
		data, config     string
		err              error
	}{
		{"Linux", "linux", "/h", nil, "/h/.local/share/locker", "/h/.config/locker", nil},
		{"XDG", "linux", "/h", map[string]string{"XDG_DATA_HOME": "/d", "XDG_CONFIG_HOME": "/c"}, "/d/locker", "/c/locker", nil},
		{"a relative XDG is void", "linux", "/h", map[string]string{"XDG_DATA_HOME": "d"}, "/h/.local/share/locker", "/h/.config/locker", nil},
		{"macOS", "darwin", "/h", nil, "/h/Library/Application Support/locker", "/h/Library/Application Support/locker/config", nil},
		{"Windows, not roaming", "windows", "/h", map[string]string{"LOCALAPPDATA": "/l", "APPDATA": "/r"}, "/l/locker", "/l/locker/config", nil},
		{"nowhere", "linux", "", nil, "", "", errNoHome},
	} {
		e := &env{goos: c.goos, home: c.home, getenv: func(k string) string { return c.env[k] }}
		data, err := e.dataDir()
		if filepath.ToSlash(data) != c.data || !errors.Is(err, c.err) {
			t.Errorf("%s: data in %q, %v", c.name, data, err)
		}
		config, err := e.configDir()
		if filepath.ToSlash(config) != c.config || !errors.Is(err, c.err) {
			t.Errorf("%s: settings in %q, %v", c.name, config, err)
		}
	}
}
