//go:build unix

package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
)

// captureEnv is an env with its own variables and what it says.
func captureEnv(t *testing.T, goos string, vars map[string]string) (e *env, said *bytes.Buffer) {
	t.Helper()
	said = new(bytes.Buffer)
	e = systemEnv()
	e.goos, e.stderr, e.stdout = goos, said, said
	e.getenv = func(k string) string { return vars[k] }
	e.ui = newUI(e, "en")
	return e, said
}

// fakeProgram is a shell script.
func fakeProgram(t *testing.T, name, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// A program that can only write a file is not started where there is no file
// system in memory.
func TestScreenNeedsMemory(t *testing.T) {
	started := filepath.Join(t.TempDir(), "started")
	path := fakeProgram(t, "gnome-screenshot", "touch "+started+"\n")
	tool := screenTool{name: "gnome-screenshot", words: []string{"--file=" + targetWord}}
	vars := map[string]string{"PATH": os.Getenv("PATH")}
	e, _ := captureEnv(t, "freebsd", vars)
	_, err := e.takeScreen(t.Context(), tool, path, captureTime)
	if err == nil || err.Error() != "it can only write into a file, and there is no file system in memory for that: on a disk the picture would stay readable" || exists(started) {
		t.Errorf("%v, started %v", err, exists(started))
	}
	for _, dir := range []string{"", "/proc", filepath.Join(t.TempDir(), "none")} {
		if folder, _, err := makeMemoryFolder([]string{dir}); err == nil {
			t.Errorf("%q: made %s", dir, folder)
		}
	}
	if runtime.GOOS != "linux" {
		return
	}
	e, _ = captureEnv(t, "linux", vars) // the control
	if _, err := e.takeScreen(t.Context(), tool, path, time.Second); err == nil || !strings.Contains(err.Error(), "it gave no picture") || !exists(started) {
		t.Errorf("control: %v, started %v", err, exists(started))
	}
}

// What a killed capture left in memory is removed, and nothing that is in use or
// somebody else's.
func TestSweepMemoryFolders(t *testing.T) {
	if runtime.GOOS != "linux" || !inMemory("/dev/shm") {
		t.Skip("no file system in memory")
	}
	dir, err := os.MkdirTemp("/dev/shm", "locker-test-*")
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	used, remove, err := makeMemoryFolder([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	left, other, link := filepath.Join(dir, memoryPrefix+"1"), filepath.Join(dir, "other"), filepath.Join(dir, memoryPrefix+"2")
	for _, folder := range []string{left, other} {
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "screen.png"), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(other, link); err != nil {
		t.Fatal(err)
	}
	sweepMemoryFolders([]string{"", t.TempDir(), dir})
	if exists(left) || !exists(used) || !exists(filepath.Join(other, "screen.png")) || !exists(link) {
		t.Errorf("left over %v, in use %v, other %v, link %v", exists(left), exists(used), exists(other), exists(link))
	}
	remove()
	if exists(used) {
		t.Error("still there")
	}
}

// A program that hangs is ended with its children.
func TestProgramIsEndedWithItsChildren(t *testing.T) {
	pid := filepath.Join(t.TempDir(), "pid")
	path := fakeProgram(t, "hang", "sleep 300 &\necho $! > "+pid+"\nwait")
	start := time.Now()
	_, _, err := program{path: path, env: []string{"PATH=" + os.Getenv("PATH")}, output: 10, time: 500 * time.Millisecond}.run(t.Context())
	if !errors.Is(err, errProgramTime) || time.Since(start) > 5*time.Second {
		t.Fatalf("%v after %v", err, time.Since(start))
	}
	data, err := os.ReadFile(pid)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; !ended(n); i++ {
		if i == 100 {
			t.Fatal("the child still runs")
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// ended tells whether a process is gone or waits only for being noticed.
func ended(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return true
	}
	stat, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return bytes.Contains(stat, []byte(") Z "))
}

// Each session has its programs; on Wayland none that shows X11 only.
func TestSession(t *testing.T) {
	for _, c := range []struct {
		goos, want string
		vars       map[string]string
	}{
		{"linux", "", nil},
		{"linux", x11, map[string]string{"DISPLAY": ":0"}},
		{"linux", wayland, map[string]string{"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}},
		{"linux", wayland, map[string]string{"DISPLAY": ":0", "XDG_SESSION_TYPE": "wayland"}},
		{"freebsd", x11, map[string]string{"DISPLAY": ":0"}},
		{"darwin", macintosh, nil},
		{"windows", windows, nil},
	} {
		e, _ := captureEnv(t, c.goos, c.vars)
		if got := e.session(); got != c.want {
			t.Errorf("%s %v: %q, want %q", c.goos, c.vars, got, c.want)
		}
	}
}

// The desktop's own program comes first, another desktop's last.
func TestScreenToolRank(t *testing.T) {
	for i, want := range []int{1, 0, 2} {
		if got := screenTools[i].rank([]string{"KDE"}); got != want {
			t.Errorf("%s: %d, want %d", screenTools[i].name, got, want)
		}
	}
}

// Where the system's own program gives nothing there is another way.
func TestScreenOnMac(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	e, said := captureEnv(t, "darwin", nil)
	if files := e.captureScreen(t.Context()); files != nil || !e.ui.partly {
		t.Errorf("%v, partly %v", files, e.ui.partly)
	}
	if s := said.String(); !strings.Contains(s, "is installed: screencapture\n") || !strings.Contains(s, "press Ctrl-Shift-Command-3 and then give: locker add --clipboard") {
		t.Errorf("said %q", s)
	}
}

// osascript prints bytes as digits between words.
func TestDecodeAppleData(t *testing.T) {
	for printed, want := range map[string]string{
		"«data PNGf89504E47»\n": "\x89PNG", "«data PNGf»\n": "", "«data PNGf895»\n": "", "text\n": "", "": "",
	} {
		if got := string(decodeAppleData([]byte(printed))); got != want {
			t.Errorf("%q: %q, want %q", printed, got, want)
		}
	}
}

// On macOS one program reads pictures and another one text.
func TestClipboardOnMac(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	for name, script := range map[string]string{"pngpaste": "echo 'pngpaste: No image data found on the clipboard' >&2; exit 1", "osascript": "echo 'execution error' >&2; exit 1", "pbpaste": "printf 'from the page'"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	e, said := captureEnv(t, "darwin", map[string]string{"PATH": os.Getenv("PATH")})
	files := e.captureClipboard(t.Context())
	if len(files) != 1 || !strings.HasSuffix(files[0].Name, ".txt") || files[0].Size != 13 || said.Len() > 0 {
		t.Fatalf("%+v, said %q", files, said)
	}
	if err := os.WriteFile(filepath.Join(dir, "osascript"), []byte("#!/bin/sh\necho '«data PNGf89504E47»'\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	files = e.captureClipboard(t.Context())
	if len(files) != 1 || !strings.HasSuffix(files[0].Name, ".png") || files[0].Size != 4 {
		t.Errorf("%+v, said %q", files, said)
	}
}

// import works on a picture in a file of its own, which is not on the disk.
func TestScreenLeavesNothingOnDisk(t *testing.T) {
	for _, name := range []string{"Xvfb", "import"} {
		if _, err := exec.LookPath(name); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	display, stop, err := startXvfb()
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	watcher, err := fsnotify.NewBufferedWatcher(10000)
	if err != nil {
		t.Fatal(err)
	}
	defer watcher.Close()
	if err := watcher.Add(os.TempDir()); err != nil {
		t.Fatal(err)
	}
	made := func() (files []string) {
		for {
			select {
			case ev := <-watcher.Events:
				if ev.Has(fsnotify.Create) && strings.HasPrefix(filepath.Base(ev.Name), "magick-") {
					files = append(files, ev.Name)
				}
			case <-time.After(300 * time.Millisecond):
				return files
			}
		}
	}
	e, _ := captureEnv(t, "linux", map[string]string{"PATH": os.Getenv("PATH"), "DISPLAY": display})
	for _, tool := range screenTools {
		if tool.name != "import" {
			continue
		}
		path, _ := findProgram(tool.name)
		if c, err := e.takeScreen(t.Context(), tool, path, captureTime); err != nil || len(c.data) == 0 {
			t.Fatal(err)
		}
		if files := made(); files != nil {
			t.Errorf("the picture was in %v", files)
		}
		cmd := exec.Command(path, "-silent", "-window", "root", "png:-") // the control
		cmd.Env = append(os.Environ(), "DISPLAY="+display)
		if err := cmd.Run(); err != nil {
			t.Fatal(err)
		}
		if files := made(); files == nil {
			t.Log("this import does without a file")
		}
	}
}

// --screen asks nothing, not even which incident it belongs to.
func TestScreenAsksNothing(t *testing.T) {
	home := t.TempDir()
	t.Setenv("DISPLAY", "")
	t.Setenv("WAYLAND_DISPLAY", "")
	t.Setenv("XDG_SESSION_TYPE", "")
	t.Setenv("LOCKER_TEST_NOW", "2026-11-20T10:00:00+09:00")
	initWithFile(t, home)
	if s := startSession(t, home, "add", "--note", "x"); s.code() != exitDone {
		t.Fatal(s.got.String())
	}
	t.Setenv("LOCKER_TEST_NOW", "2026-11-22T10:00:00+09:00")
	s := startSession(t, home, "add", "--screen", "--note", "y")
	if code := s.code(); code != exitPartly || !strings.Contains(s.got.String(), "incident 1 was last added to 2 days ago, so a new one begins") {
		t.Errorf("exit code %d:\n%s", code, s.got.String())
	}
	t.Setenv("LOCKER_TEST_NOW", "2026-11-24T10:00:00+09:00")
	control := startSession(t, home, "add", "--note", "z")
	control.expect("Incident 2 was last added to 2 days ago. Enter for a new incident")
	control.send("\r")
	control.code()
}
