//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"evidence-locker/locker"

	"github.com/fsnotify/fsnotify"
)

// A watch is the program at work in a folder.
type watch struct {
	t      *testing.T
	cmd    *exec.Cmd
	home   string
	dir    string
	mu     sync.Mutex
	out    bytes.Buffer
	errout bytes.Buffer
}

type lockedWriter struct {
	mu *sync.Mutex
	b  *bytes.Buffer
}

func (w lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Write(p)
}

func (w *watch) stdout() string { w.mu.Lock(); defer w.mu.Unlock(); return w.out.String() }
func (w *watch) stderr() string { w.mu.Lock(); defer w.mu.Unlock(); return w.errout.String() }

func startWatch(t *testing.T, prepare func(dir string), args ...string) *watch {
	t.Helper()
	w := &watch{t: t, home: t.TempDir()}
	w.dir = filepath.Join(w.home, "Pictures", "Screenshots")
	if err := os.MkdirAll(w.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if prepare != nil {
		prepare(w.dir)
	}
	initWithFile(t, w.home)
	w.cmd = w.command(append([]string{"watch"}, args...)...)
	w.cmd.Stdout, w.cmd.Stderr = lockedWriter{&w.mu, &w.out}, lockedWriter{&w.mu, &w.errout}
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.cmd.Process.Kill() })
	w.expect(w.stderr, "Ctrl-C ends")
	return w
}

func (w *watch) command(args ...string) *exec.Cmd {
	cmd := exec.Command("locker", args...)
	cmd.Dir = w.home
	cmd.Env = append(os.Environ(), "HOME="+w.home, "XDG_DATA_HOME=", "XDG_CONFIG_HOME=", "LANG=C", "LOCKER_LANG=", "LOCKER_VAULT=", "LOCKER_PASSPHRASE_FILE="+filepath.Join(w.home, "pw"), "LC_ALL=")
	return cmd
}

func (w *watch) expect(from func() string, text string) {
	w.t.Helper()
	for start := time.Now(); !strings.Contains(from(), text); time.Sleep(10 * time.Millisecond) {
		if time.Since(start) > 30*time.Second {
			w.t.Fatalf("waited for %q:\n%s\n%s", text, w.stdout(), w.stderr())
		}
	}
}

// end presses Ctrl-C and returns the exit code.
func (w *watch) end() int {
	w.t.Helper()
	if err := w.cmd.Process.Signal(os.Interrupt); err != nil {
		w.t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- w.cmd.Wait() }()
	select {
	case err := <-done:
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return exit.ExitCode()
		}
		return 0
	case <-time.After(20 * time.Second):
		w.t.Fatal("the watch does not end")
		return -1
	}
}

func (w *watch) write(name, content string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(content), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// names lists the files that were recorded, as often as they were.
func (w *watch) names() map[string]int {
	names := map[string]int{}
	for _, m := range regexp.MustCompile(`(?m)^ +\d+  file  (\S+)  `).FindAllStringSubmatch(w.stdout(), -1) {
		names[m[1]]++
	}
	return names
}

// picturePNG is a picture that differs by n.
func picturePNG(t *testing.T, n int) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 200, 200))
	for x := range 200 {
		m.Set(x, n, color.RGBA{uint8(x * n), uint8(n), 7, 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A burst of screenshots within five seconds, written at once, in pieces or
// under another name first: all, once each. Twenty are alike.
func TestWatchBurst(t *testing.T) {
	w := startWatch(t, nil)
	var group sync.WaitGroup
	start := time.Now()
	for n := range 100 {
		data := picturePNG(t, min(n, 80))
		path := filepath.Join(w.dir, fmt.Sprintf("shot-%03d.png", n))
		group.Go(func() {
			time.Sleep(time.Duration(n) * 20 * time.Millisecond)
			switch n % 3 {
			case 0:
				os.WriteFile(path, data, 0o600)
			case 1:
				os.WriteFile(path+".part", data, 0o600)
				time.Sleep(50 * time.Millisecond)
				os.Rename(path+".part", path)
			case 2:
				f, err := os.Create(path)
				if err != nil {
					t.Error(err)
					return
				}
				f.Write(data[:len(data)/2])
				time.Sleep(time.Second) // longer than a file is given that looks whole
				f.Write(data[len(data)/2:])
				f.Close()
			}
		})
	}
	group.Wait()
	if took := time.Since(start); took > 5*time.Second {
		t.Logf("written in %v", took)
	}
	for start := time.Now(); len(w.names()) < 100 && time.Since(start) < 30*time.Second; {
		time.Sleep(50 * time.Millisecond)
	}
	if code := w.end(); code != exitDone {
		t.Errorf("exit code %d: %s", code, w.stderr())
	}
	names := w.names()
	for n := range 100 {
		if name := fmt.Sprintf("shot-%03d.png", n); names[name] != 1 {
			t.Errorf("%s: recorded %d times", name, names[name])
		}
	}
	if len(names) != 100 || !strings.Contains(w.stderr(), "no longer watching; recorded and safe: 100") {
		t.Errorf("%d names; %s", len(names), w.stderr())
	}
	// What was recorded is whole, and one incident.
	out, err := w.command("extract", "1", "-o", "out").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for n := range 100 {
		name := fmt.Sprintf("shot-%03d.png", n)
		got, _ := os.ReadFile(filepath.Join(w.home, "out", name))
		if want := picturePNG(t, min(n, 80)); !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, want %d", name, len(got), len(want))
		}
	}
}

// What was there before is left alone, and so is what is hidden, unfinished, no
// document, or a link; a new name is no new file, new content is.
func TestWatchTakesWhatIsNew(t *testing.T) {
	w := startWatch(t, func(dir string) {
		os.WriteFile(filepath.Join(dir, "old.txt"), []byte("there before"), 0o600)
	})
	outside := filepath.Join(w.home, "outside.txt")
	os.WriteFile(outside, []byte("not of this folder"), 0o600)
	if err := os.Symlink(outside, filepath.Join(w.dir, "link.txt")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(w.dir, "pipe.txt"), 0o600); err != nil {
		t.Fatal(err)
	}
	os.Mkdir(filepath.Join(w.dir, "folder.txt"), 0o700)
	for _, name := range []string{".hidden.txt", "saved.txt~", "big.iso.part", "page.html.crdownload", "a.tmp"} {
		w.write(name, "not complete")
	}
	w.write("empty.txt", "")
	w.write("program.bin", "\x7fELF\x02\x01\x01\x00\x00\x00")
	w.write("chat.txt", "send it here")
	w.write("letter.pdf", "%PDF-1.4\n1 0 obj\n%%EOF\n")
	w.expect(w.stdout, "letter.pdf")
	w.expect(w.stdout, "chat.txt")
	w.expect(w.stderr, `"program.bin" is no picture, PDF or text (application/x-elf), left out`)
	// Renamed, touched, saved anew as it was.
	os.Rename(filepath.Join(w.dir, "chat.txt"), filepath.Join(w.dir, "renamed.txt"))
	os.Rename(filepath.Join(w.dir, "old.txt"), filepath.Join(w.dir, "older.txt"))
	w.write("letter.pdf", "%PDF-1.4\n1 0 obj\n%%EOF\n")
	w.write("last.txt", "the last one")
	w.expect(w.stdout, "last.txt")
	// New content, as soon as it has settled.
	w.write("renamed.txt", "send it here, quickly")
	w.expect(w.stdout, "renamed.txt")
	if code := w.end(); code != exitDone {
		t.Errorf("exit code %d: %s", code, w.stderr())
	}
	want := map[string]int{"chat.txt": 1, "letter.pdf": 1, "last.txt": 1, "renamed.txt": 1}
	if got := w.names(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("recorded %v, want %v", got, want)
	}
}

// With --existing what is there is recorded too. What is there at Ctrl-C is
// recorded, unless somebody still writes to it: that is said.
func TestWatchExistingAndEnd(t *testing.T) {
	w := startWatch(t, func(dir string) {
		os.WriteFile(filepath.Join(dir, "old.txt"), []byte("there before"), 0o600)
	}, "--existing", "Pictures/Screenshots")
	w.expect(w.stdout, "old.txt")
	f, err := os.Create(filepath.Join(w.dir, "half.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	f.WriteString("the first half")
	w.write("just-now.txt", "a moment before the end")
	code := w.end()
	want := map[string]int{"old.txt": 1, "just-now.txt": 1}
	if runtime.GOOS == "linux" {
		if code != exitPartly || !strings.Contains(w.stderr(), `"half.txt" is not recorded: somebody still writes to it`) {
			t.Errorf("exit code %d: %s", code, w.stderr())
		}
	} else {
		want["half.txt"] = 1
	}
	if got := w.names(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("recorded %v, want %v", got, want)
	}
}

// The folder may go and come back.
func TestWatchFolderComesBack(t *testing.T) {
	w := startWatch(t, nil)
	w.write("one.txt", "one")
	w.expect(w.stdout, "one.txt")
	if err := os.RemoveAll(w.dir); err != nil {
		t.Fatal(err)
	}
	w.expect(w.stderr, "Screenshots is gone, waiting for it to come back")
	os.Mkdir(w.dir, 0o700)
	w.write("two.txt", "two")
	w.expect(w.stderr, "Screenshots is there again")
	w.expect(w.stdout, "two.txt")
	w.write("three.txt", "three")
	w.expect(w.stdout, "three.txt")
	// Moved away, and another one in its place.
	if err := os.Rename(w.dir, w.dir+"-old"); err != nil {
		t.Fatal(err)
	}
	os.Mkdir(w.dir, 0o700)
	w.write("four.txt", "four")
	w.expect(w.stdout, "four.txt")
	if code := w.end(); code != exitDone {
		t.Errorf("exit code %d: %s", code, w.stderr())
	}
	if got := w.names(); len(got) != 4 {
		t.Errorf("recorded %v", got)
	}
}

// Nothing happens, and nothing is done.
func TestWatchIdles(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("no /proc")
	}
	w := startWatch(t, nil)
	w.write("one.txt", "one")
	w.expect(w.stdout, "one.txt")
	time.Sleep(time.Second)
	used := func() (total time.Duration) { // of all threads
		tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", w.cmd.Process.Pid))
		if err != nil || len(tasks) == 0 {
			t.Fatalf("%d threads, %v", len(tasks), err)
		}
		for _, task := range tasks {
			stat, err := os.ReadFile(task)
			if err != nil {
				t.Fatal(err)
			}
			ns, err := strconv.ParseInt(strings.Fields(string(stat))[0], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			total += time.Duration(ns)
		}
		return total
	}
	before := used()
	time.Sleep(3 * time.Second)
	if cpu := used() - before; cpu > 15*time.Millisecond {
		t.Errorf("%v of CPU in 3 s", cpu)
	}
	if before < time.Millisecond {
		t.Errorf("control: %v of CPU for the start and a file", before)
	}
	w.end()
}

// A hard link to the vault in the folder is not opened: closing it would drop
// SQLite's locks.
func TestWatchLeavesTheVault(t *testing.T) {
	w := startWatch(t, nil)
	if err := os.Link(filepath.Join(w.home, ".local", "share", "locker", "vault.locker"), filepath.Join(w.dir, "link.png")); err != nil {
		t.Fatal(err)
	}
	w.write("after.txt", "control")
	w.expect(w.stdout, "after.txt")
	if code := w.end(); code != exitDone {
		t.Errorf("exit code %d", code)
	}
	if said := w.stdout() + w.stderr(); strings.Contains(said, "link.png") { // looked into, it would be named as left out
		t.Errorf("said:\n%s", said)
	}
}

// newWatching is a watching without the program around it.
func newWatching(t *testing.T, take func([]locker.File) (map[string]bool, error)) (w *watching, said *bytes.Buffer) {
	t.Helper()
	e, said := captureEnv(t, "linux", nil)
	w = &watching{
		ui: e.ui, folder: t.TempDir(), pending: map[string]*settling{}, seen: map[string]seenFile{}, left: map[string]bool{},
		own:  func(name string, _ fs.FileInfo) bool { return name == "vault.txt" },
		take: func(_ context.Context, f []locker.File) (map[string]bool, error) { return take(f) },
	}
	return w, said
}

// When the system has lost track, all of the folder is looked at.
func TestWatchOverflow(t *testing.T) {
	var got []string
	w, said := newWatching(t, func(files []locker.File) (map[string]bool, error) {
		done := map[string]bool{}
		for _, f := range files {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			io.Copy(io.Discard, r)
			r.Close()
			got, done[f.Name] = append(got, f.Name), true
		}
		return done, nil
	})

	w.open(true)
	for i := range 50 {
		os.WriteFile(filepath.Join(w.folder, fmt.Sprintf("%02d.txt", i)), []byte(strconv.Itoa(i)), 0o600)
	}
	os.WriteFile(filepath.Join(w.folder, "vault.txt"), []byte("the vault's own"), 0o600)
	for range settled + 1 {
		w.tick(t.Context())
	}
	if len(got) != 0 {
		t.Fatalf("control: %v", got)
	}
	w.lostTrack(fsnotify.ErrEventOverflow)
	for range settled + 1 {
		w.tick(t.Context())
	}
	w.look()
	for range settled + 1 {
		w.tick(t.Context())
	}
	if len(got) != 50 || said.Len() > 0 {
		t.Errorf("%d files, said %q", len(got), said)
	}
	w.lostTrack(errors.New("out of luck"))
	if !strings.Contains(said.String(), "the system lost track of the folder (out of luck), so all of it is looked at again") {
		t.Errorf("said %q", said)
	}
}

// Where the system cannot tell of changes, the folder is looked at in turns.
func TestWatchWithoutEvents(t *testing.T) {
	w, said := newWatching(t, func([]locker.File) (map[string]bool, error) { return nil, nil })
	n, err := fsnotify.NewWatcher()
	if err != nil {
		t.Fatal(err)
	}
	n.Close()
	w.notify = n
	w.open(true)
	if w.pause() != watchPoll || !strings.Contains(said.String(), "(fsnotify: watcher already closed), so the folder is looked at every two seconds") {
		t.Errorf("%v, said %q", w.pause(), said)
	}
}

// What the vault cannot take is tried again, and nothing twice.
func TestWatchTriesAgain(t *testing.T) {
	got := map[string]int{}
	full := true
	w, said := newWatching(t, func(files []locker.File) (map[string]bool, error) {
		done := map[string]bool{}
		for i, f := range files {
			if full && i == 1 {
				return done, locker.ErrFull
			}
			got[f.Name]++
			done[f.Name] = true
		}
		return done, nil
	})
	w.open(true)
	for _, name := range []string{"a.txt", "b.txt", "c.txt"} {
		os.WriteFile(filepath.Join(w.folder, name), []byte(name), 0o600)
	}
	w.look()
	for range settled + 1 {
		w.tick(t.Context())
	}
	if len(got) != 1 || !strings.Contains(said.String(), "not recorded yet: no space left; it is tried again") {
		t.Fatalf("%v, said %q", got, said)
	}
	full = false
	for range retry + 1 {
		w.tick(t.Context())
	}
	if fmt.Sprint(got) != "map[a.txt:1 b.txt:1 c.txt:1]" {
		t.Errorf("%v", got)
	}
	full = true
	for _, name := range []string{"d.txt", "e.txt"} {
		os.WriteFile(filepath.Join(w.folder, name), []byte(name), 0o600)
	}
	w.finish(t.Context())
	if !strings.Contains(said.String(), `warning: "e.txt" is not recorded: no space left`) || strings.Contains(said.String(), `"d.txt" is not`) || !w.ui.partly {
		t.Errorf("said %q", said)
	}
}

// The folder is found where the desktop says.
func TestScreenshotFolder(t *testing.T) {
	home := t.TempDir()
	e, _ := captureEnv(t, "linux", nil)
	e.home = home
	make := func(words ...string) string {
		p := filepath.Join(append([]string{home}, words...)...)
		if err := os.MkdirAll(p, 0o700); err != nil {
			t.Fatal(err)
		}
		return p
	}
	check := func(want string) {
		t.Helper()
		if got := e.screenshotFolder(t.Context()); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	check("")
	want := make("Pictures")
	check(want)
	want = make("Pictures", "スクリーンショット")
	check(want)
	want = make("Pictures", "Screenshots")
	check(want)
	make(".config")
	os.WriteFile(filepath.Join(home, ".config", "user-dirs.dirs"), []byte("# made by xdg-user-dirs\nXDG_DESKTOP_DIR=\"$HOME/x\"\nXDG_PICTURES_DIR=\"$HOME/ピクチャ\"\n"), 0o600)
	check("")
	want = make("ピクチャ", "スクリーンショット")
	check(want)
	e.goos = "windows"
	check(filepath.Join(home, "Pictures", "Screenshots"))
	e.goos = "darwin"
	want = make("Desktop")
	check(want)
}
