package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
	_ "time/tzdata" // for systems that have none: a time typed in a zone must not count as UTC

	"evidence-locker/crypto"
	"evidence-locker/locker"
	"evidence-locker/locker/exchange"
	"evidence-locker/locker/playbook"
	"evidence-locker/locker/record"
)

// version is the program's own, as records and reports name it.
const version = "0.1.0"

// An env is everything that comes in from outside: nothing else in the program
// asks the system for arguments, variables, streams, folders or the time.
type env struct {
	args   []string // without the program's name
	getenv func(string) string
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	// openTTY opens the controlling terminal for reading and writing.
	openTTY func() (in, out *os.File, err error)
	now     func() locker.Stamp
	device  record.Device
	goos    string
	home    string   // "" if unknown
	program []string // how the program was started

	ui      *ui
	line    *commandLine
	catalog *exchange.Catalog // read at first use
	book    *playbook.Book
}

// systemEnv is the env of a real process.
func systemEnv() *env {
	home, _ := os.UserHomeDir()
	host, _ := os.Hostname()
	return &env{
		args:    os.Args[1:],
		getenv:  os.Getenv,
		stdin:   os.Stdin,
		stdout:  os.Stdout,
		stderr:  os.Stderr,
		openTTY: openTTY,
		now:     systemClock,
		device:  record.Device{OS: runtime.GOOS, Arch: runtime.GOARCH, Host: host},
		goos:    runtime.GOOS,
		home:    home,
		program: programWords(),
	}
}

// programWords are the words that start the program again: `go run` leaves
// nothing behind that could be.
func programWords() []string {
	const source = "./cmd/locker"
	if exe, err := os.Executable(); err == nil && strings.Contains(exe, "go-build") && exists(filepath.Join(source, "main.go")) {
		return []string{"go", "run", source}
	}
	return []string{"locker"}
}

// systemClock reads the system's clock and what it says of itself.
func systemClock() locker.Stamp {
	return locker.Stamp{At: time.Now(), Zone: zoneName(), Synchronised: clockSynchronised()}
}

// zoneName returns the IANA name of the local zone, "" where there is none.
func zoneName() string {
	if tz, ok := os.LookupEnv("TZ"); ok {
		tz = strings.TrimPrefix(tz, ":")
		if i := strings.Index(tz, "zoneinfo/"); i >= 0 {
			return tz[i+len("zoneinfo/"):]
		}
		if tz == "" {
			return "UTC"
		}
		if _, err := time.LoadLocation(tz); err == nil {
			return tz
		}
		return ""
	}
	if target, err := os.Readlink("/etc/localtime"); err == nil {
		if _, name, ok := strings.Cut(target, "zoneinfo/"); ok {
			return strings.TrimPrefix(name, "posix/")
		}
	}
	if name := time.Local.String(); name != "Local" {
		return name
	}
	return ""
}

// openTTY opens the terminal that the person sits at, wherever the standard
// streams lead.
func openTTY() (in, out *os.File, err error) {
	if runtime.GOOS == "windows" {
		if in, err = os.OpenFile("CONIN$", os.O_RDWR, 0); err != nil {
			return nil, nil, err
		}
		if out, err = os.OpenFile("CONOUT$", os.O_WRONLY, 0); err != nil {
			in.Close()
			return nil, nil, err
		}
		return in, out, nil
	}
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	return tty, tty, err
}

// dataDir is the folder of the default vault.
func (e *env) dataDir() (string, error) {
	return e.folder("XDG_DATA_HOME", ".local/share", "")
}

// configDir is the folder of the device keys and the person's own data files.
// It lies on this machine and does not roam: a device key speaks for a device.
func (e *env) configDir() (string, error) {
	return e.folder("XDG_CONFIG_HOME", ".config", "config")
}

// folder returns $VARIABLE/locker, or the platform's own folder: under home on
// Unix, and with the sub-folder sub where data and settings share one.
func (e *env) folder(variable, unix, sub string) (string, error) {
	if dir := e.getenv(variable); filepath.IsAbs(dir) {
		return filepath.Join(dir, "locker"), nil
	}
	if e.goos == "windows" {
		if dir := e.getenv("LOCALAPPDATA"); dir != "" {
			return filepath.Join(dir, "locker", sub), nil
		}
	}
	if e.home == "" {
		return "", errNoHome
	}
	if e.goos == "darwin" {
		return filepath.Join(e.home, "Library", "Application Support", "locker", sub), nil
	}
	return filepath.Join(e.home, unix, "locker"), nil
}

// global returns a global flag, or the variable that stands for it.
func (e *env) global(name, variable string) string {
	if v := e.line.globalValue(name); v != "" {
		return v
	}
	return e.getenv(variable)
}

// vaultPath returns the vault's path: --vault, LOCKER_VAULT, or the default.
func (e *env) vaultPath() (path string, err error) {
	defer func() { e.ui.vault = path }()
	if p := e.global("vault", "LOCKER_VAULT"); p != "" {
		return filepath.Abs(p)
	}
	dir, err := e.dataDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "vault.locker"), nil
}

// vaultOptions joins the vault to this run: clock, device, warnings.
func (e *env) vaultOptions() (locker.Options, error) {
	dir, err := e.configDir()
	if err != nil {
		return locker.Options{}, err
	}
	return e.optionsIn(dir), nil
}

// optionsIn are the options with the device's files in a folder.
func (e *env) optionsIn(configDir string) locker.Options {
	return locker.Options{
		Now:       e.now,
		Device:    e.device,
		Tool:      record.Tool{Name: "locker", Version: version},
		ConfigDir: configDir,
		Waiting:   func(holder string) { e.ui.waiting(holder) },
		Warn:      func(w locker.Warning) { e.ui.vaultWarning(w) },
	}
}

// openVault opens the vault, for reading too: where the file cannot be written,
// only adding to it fails.
func (e *env) openVault(ctx context.Context) (*locker.Vault, error) {
	path, err := e.vaultPath()
	if err != nil {
		return nil, err
	}
	o, err := e.vaultOptions()
	if err != nil {
		return nil, err
	}
	v, err := locker.Open(ctx, path, o)
	if err != nil {
		return nil, &vaultError{err}
	}
	return v, nil
}

// openUnlocked opens the vault and, asking for the passphrase, its key.
func (e *env) openUnlocked(ctx context.Context) (*locker.Vault, *crypto.Key, error) {
	v, err := e.openVault(ctx)
	if err != nil {
		return nil, nil, err
	}
	k, err := e.unlock(ctx, v)
	if err != nil {
		v.Close()
		return nil, nil, err
	}
	return v, k, nil
}

// A vaultError is an error of opening the vault.
type vaultError struct{ err error }

func (e *vaultError) Error() string { return fmt.Sprintf("opening vault: %v", e.err) }
func (e *vaultError) Unwrap() error { return e.err }

// isTerminalFile reports whether w is a file that is a terminal.
func isTerminalFile(w any) bool {
	f, ok := w.(*os.File)
	return ok && isTerminal(f)
}

// exists reports whether something stands at path, without following it.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil || errors.Is(err, fs.ErrPermission)
}
