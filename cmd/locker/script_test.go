//go:build unix

package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/png"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"evidence-locker/crypto"
	"evidence-locker/locker"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"locker": lockerMain})
}

// lockerMain is the program as scripts run it: with a cheap passphrase and,
// where a script asks for it, another clock.
func lockerMain() {
	// A script without ttyin has no terminal, wherever the tests are started.
	// With ttyin the process leads its session already and this fails.
	if _, err := syscall.Setsid(); err != nil && os.Getenv("LOCKER_TEST_SCRIPT") != "" {
		waitTyped()
	}
	if os.Getenv("LOCKER_TEST_SCRYPT") != "real" {
		crypto.TestOnlyScryptWorkFactor(10)
	}
	e := systemEnv()
	if at := os.Getenv("LOCKER_TEST_NOW"); at != "" {
		now, err := time.Parse(time.RFC3339, at)
		if err != nil {
			panic(err)
		}
		e.now = func() locker.Stamp { return locker.Stamp{At: now.In(time.Local), Zone: zoneName()} }
	}
	os.Exit(runWithSignals(e))
}

// waitTyped waits until what a script types is there. What comes while the first
// question stands counts as pasted into it.
func waitTyped() {
	in, out, err := openTTY()
	if err != nil {
		return
	}
	defer out.Close()
	for end := time.Now().Add(5 * time.Second); !lineThere(in) && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "../../testdata/script",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			home := filepath.Join(e.WorkDir, "home")
			pw := filepath.Join(e.WorkDir, "pw")
			e.Setenv("LOCKER_TEST_SCRIPT", "1")
			e.Setenv("HOME", home)
			e.Setenv("PW", pw)
			e.Setenv("VAULT", filepath.Join(home, ".local/share/locker/vault.locker"))
			e.Setenv("TZ", "Asia/Tokyo")
			e.Setenv("LANG", "C")
			if err := os.WriteFile(pw, []byte("a long enough passphrase\n"), 0o600); err != nil {
				return err
			}
			return os.Mkdir(home, 0o700)
		},
		Condition: func(c string) (bool, error) {
			if c == "root" {
				return os.Getuid() == 0, nil
			}
			if program, ok := strings.CutPrefix(c, "missing:"); ok {
				_, err := exec.LookPath(program)
				if err != nil && os.Getenv("CI") != "" {
					return false, err // what CI installs is there
				}
				return err != nil, nil
			}
			return false, errors.New("unknown condition " + c)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":   cmdExits,
			"mkfifo":  cmdMkfifo,
			"patch":   cmdPatch,
			"picture": cmdPicture,
			"xvfb":    cmdXvfb,
		},
	})
}

// exits CODE PROGRAM [ARG...] runs a program that must end with that code.
func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits code program [arg...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func cmdMkfifo(ts *testscript.TestScript, _ bool, args []string) {
	for _, a := range args {
		ts.Check(syscall.Mkfifo(ts.MkAbs(a), 0o600))
	}
}

// patch FILE OLD NEW replaces the first occurrence of bytes with as many others.
func cmdPatch(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 || len(args[1]) != len(args[2]) {
		ts.Fatalf("usage: patch file old new")
	}
	data, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	i := strings.Index(string(data), args[1])
	if i < 0 {
		ts.Fatalf("%q is not in %s", args[1], args[0])
	}
	copy(data[i:], args[2])
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o600))
}

// picture FILE WIDTH HEIGHT [TIME] draws noise, which no compression makes
// smaller. The PNG says that it was made at that time.
func cmdPicture(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 && len(args) != 4 {
		ts.Fatalf("usage: picture file width height [time]")
	}
	w, err := strconv.Atoi(args[1])
	ts.Check(err)
	h, err := strconv.Atoi(args[2])
	ts.Check(err)
	ts.Check(writeNoise(ts.MkAbs(args[0]), w, h))
	if len(args) == 4 {
		data, err := os.ReadFile(ts.MkAbs(args[0]))
		ts.Check(err)
		body := "tEXtCreation Time\x00" + args[3]
		chunk := binary.BigEndian.AppendUint32(nil, uint32(len(body)-4))
		chunk = append(chunk, body...)
		chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE([]byte(body)))
		const header = 8 + 25 // the signature and IHDR
		ts.Check(os.WriteFile(ts.MkAbs(args[0]), slices.Insert(data, header, chunk...), 0o600))
	}
}

// xvfb starts an X server without a screen of its own and sets DISPLAY.
func cmdXvfb(ts *testscript.TestScript, _ bool, _ []string) {
	display, stop, err := startXvfb()
	ts.Check(err)
	ts.Defer(stop)
	ts.Setenv("DISPLAY", display)
}

func startXvfb() (display string, stop func(), err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return "", nil, err
	}
	defer r.Close()
	cmd := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", "320x200x24", "-nolisten", "tcp")
	cmd.ExtraFiles = []*os.File{w}
	err = cmd.Start()
	w.Close()
	if err != nil {
		return "", nil, err
	}
	stop = func() {
		cmd.Process.Kill()
		cmd.Wait()
	}
	number, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		stop()
		return "", nil, err
	}
	return ":" + strings.TrimSpace(number), stop, nil
}

func writeNoise(path string, w, h int) error {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	rand.NewChaCha8([32]byte{}).Read(m.Pix)
	for i := 3; i < len(m.Pix); i += 4 {
		m.Pix[i] = 0xff
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(png.Encode(f, m), f.Close())
}

// untested are texts that no script can bring about on every machine.
var untested = []string{
	"err.no-home",             // unit test of env
	"file.cut-short",          // a disk that fails in the middle
	"file.changed-while-read", // the tests of package locker bring it about
	"passphrase.void-new",     // a disk that fails while the passphrase is changed
	"err.stdout",              // /dev/full is Linux's own; see results.txtar
	"err.opening-vault",       // what SQLite says of a failing disk
	"err.other",               // has no words of its own
	"usage.other",             // order refuses what urfave/cli would
	"err.empty-passphrase",    // passphrase.txtar, through a source's own text
}

// Every text of an error or warning of the command line stands in a script or
// in a test: in those that can be read as patterns, its longest fixed part.
func TestEveryErrorTextIsTested(t *testing.T) {
	var all strings.Builder
	for _, pattern := range []string{"../../testdata/script/*.txtar", "*_test.go"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatal(pattern, err)
		}
		for _, n := range names {
			b, err := os.ReadFile(n)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(b)
		}
	}
	tested := strings.NewReplacer(`\`, "", "''", "'").Replace(all.String())
	for key, text := range english {
		prefix, _, _ := strings.Cut(key, ".")
		switch prefix {
		case "err", "usage", "file", "add", "capture", "watch", "when", "passphrase", "extract":
		default:
			continue
		}
		fixed := ""
		for _, part := range regexp.MustCompile(`%[a-z]`).Split(text, -1) {
			if len(part) > len(fixed) {
				fixed = part
			}
		}
		skip := false
		for _, u := range untested {
			skip = skip || u == key
		}
		if fixed = strings.TrimSpace(strings.Trim(fixed, `":; `)); !skip && !strings.Contains(tested, fixed) {
			t.Errorf("no test shows %s: %q", key, fixed)
		}
	}
}
