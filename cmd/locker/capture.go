package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"evidence-locker/locker"
	"evidence-locker/locker/record"
)

// This file takes a picture of the screen with a program that is there. The
// picture stays in memory until the vault has it: it comes through a pipe, or
// where a program cannot do that, through a private folder on a file system in
// memory. Without one such a program is not used.

const (
	captureTime   = 10 * time.Second      // of one program
	captureAll    = 25 * time.Second      // of all that are tried
	captureOutput = 128 << 20             // bytes of a picture
	capturePoll   = 50 * time.Millisecond // while a file is awaited that another process writes
	versionTime   = 3 * time.Second       // of asking a program for its version
	captureStamp  = "20060102-150405"     // in the name of what was captured
	targetWord    = "{file}"              // among the words of a program that cannot pipe

	// What a shell sets before it starts a program.
	onlyPipes  = "ulimit -f 0"      // it can write no file at all
	smallFiles = "ulimit -f 262144" // in blocks of 512 bytes: captureOutput
)

// A screenTool is a program that takes a picture of the whole screen and asks
// nothing.
type screenTool struct {
	name    string
	session string   // what it works in: see sessions
	desktop string   // the desktop that it belongs to, tried first there and last elsewhere
	words   []string // what follows the name
	version []string // what makes it tell its version, nil if nothing does
	limits  string
}

// The sessions that a program can work in.
const (
	wayland   = "wayland"
	x11       = "x11"
	macintosh = "darwin"
	windows   = "windows"
)

// screenTools are the programs in the order in which they are tried, as their
// manuals have it. import can print a picture too, but keeps it in a file of its
// own meanwhile. grim is under no limit: the picture reaches it in a shared file.
var screenTools = []screenTool{
	{name: "grim", session: wayland, words: []string{"-"}},
	{name: "spectacle", session: wayland, desktop: "KDE", words: []string{"--background", "--nonotify", "--fullscreen", "--output", targetWord}, version: []string{"--version"}, limits: smallFiles},
	{name: "gnome-screenshot", session: wayland, desktop: "GNOME", words: []string{"--file=" + targetWord}, version: []string{"--version"}, limits: smallFiles},
	{name: "scrot", session: x11, words: []string{"-"}, version: []string{"--version"}, limits: onlyPipes},
	{name: "import", session: x11, words: []string{"-silent", "-window", "root", "png:" + targetWord}, version: []string{"-version"}, limits: smallFiles},
	{name: "spectacle", session: x11, desktop: "KDE", words: []string{"--background", "--nonotify", "--fullscreen", "--output", targetWord}, version: []string{"--version"}, limits: smallFiles},
	{name: "gnome-screenshot", session: x11, desktop: "GNOME", words: []string{"--file=" + targetWord}, version: []string{"--version"}, limits: smallFiles},
	{name: "screencapture", session: macintosh, words: []string{"-x", "-t", "png", "/dev/stdout"}},
	{name: "powershell.exe", session: windows, words: powershell(screenScript), version: powershell("$PSVersionTable.PSVersion.ToString()")},
}

// screenScript draws the whole desktop, in pixels and not in what a program
// that knows nothing of scaling is told, and writes it to standard output.
const screenScript = `$ErrorActionPreference = 'Stop'
Add-Type -AssemblyName System.Windows.Forms, System.Drawing
try { Add-Type -Name Dpi -Namespace Locker -MemberDefinition '[DllImport("user32.dll")] public static extern bool SetProcessDPIAware();'; [void][Locker.Dpi]::SetProcessDPIAware() } catch {}
$s = [System.Windows.Forms.SystemInformation]::VirtualScreen
$b = New-Object System.Drawing.Bitmap $s.Width, $s.Height
$g = [System.Drawing.Graphics]::FromImage($b)
$g.CopyFromScreen($s.X, $s.Y, 0, 0, $b.Size)
` + writePNG

// writePNG is the end of a script that has a bitmap $b.
const writePNG = `$m = New-Object System.IO.MemoryStream
$b.Save($m, [System.Drawing.Imaging.ImageFormat]::Png)
$o = [Console]::OpenStandardOutput()
$m.WriteTo($o)
$o.Flush()`

func powershell(script string) []string {
	return []string{"-NoProfile", "-NonInteractive", "-STA", "-Command", script}
}

// sessionVariables are what a program may need to find the session, and all of
// the environment that it gets.
var sessionVariables = []string{
	"PATH", "HOME", "USER", "LOGNAME", "DISPLAY", "XAUTHORITY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR", "XDG_SESSION_TYPE",
	"XDG_CURRENT_DESKTOP", "XDG_SESSION_DESKTOP", "DESKTOP_SESSION", "KDE_FULL_SESSION", "KDE_SESSION_VERSION",
	"DBUS_SESSION_BUS_ADDRESS", "XDG_DATA_DIRS", "XDG_CONFIG_DIRS", "QT_QPA_PLATFORM",
	"SystemRoot", "SystemDrive", "windir", "ComSpec", "PATHEXT", "PSModulePath", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "TEMP", "TMP",
}

func (e *env) sessionEnv() []string {
	out := []string{"LC_ALL=C.UTF-8"}
	for _, name := range sessionVariables {
		if v := e.getenv(name); v != "" {
			out = append(out, name+"="+v)
		}
	}
	return out
}

// session is the kind of graphical session that this process is in, "" if in
// none. A picture through X11 shows nothing of a Wayland session.
func (e *env) session() string {
	switch {
	case e.goos == macintosh, e.goos == windows:
		return e.goos
	case e.getenv("WAYLAND_DISPLAY") != "" || e.getenv("XDG_SESSION_TYPE") == wayland:
		return wayland
	case e.getenv("DISPLAY") != "":
		return x11
	}
	return ""
}

// A captureError says in the person's language why nothing was captured.
type captureError struct {
	key  string
	args []any
}

func (c *captureError) Error() string           { return lang("en").msg(c.key, c.args...) }
func (c *captureError) translate(l lang) string { return l.msg(c.key, c.args...) }

// because turns what run returned into the reason that the person reads: the
// program's own words, if it ended by itself and had any.
func because(messages string, err error) error {
	switch {
	case errors.Is(err, errProgramTime), errors.Is(err, context.DeadlineExceeded):
		return &captureError{"capture.hangs", nil}
	case errors.Is(err, errProgramOutput):
		return &captureError{"capture.too-much", []any{captureOutput >> 20}}
	case errors.Is(err, context.Canceled):
		return err
	}
	for _, line := range strings.Split(messages, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			return errors.New(line)
		}
	}
	return err
}

// A captured is what a program gave.
type captured struct {
	data    []byte
	at      locker.Stamp
	program string // with its version
	name    string // of the file
}

// file is what was captured as a file to record.
func (c *captured) file() locker.File {
	return locker.File{
		Name: c.name,
		Size: int64(len(c.data)),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(c.data)), nil },
		Fields: record.Fields{
			"at":     record.Time{At: c.at.At.Truncate(time.Millisecond)},
			"source": record.Text(c.program),
		},
	}
}

// captureScreen takes a picture of the screen. Where that fails it says so, and
// that something is not recorded.
func (e *env) captureScreen(ctx context.Context) []locker.File {
	session := e.session()
	if session == "" {
		e.ui.lost("capture.no-session")
		return nil
	}
	sweepMemoryFolders(e.memoryFolders())
	ctx, cancel := context.WithTimeout(ctx, captureAll)
	defer cancel()
	var tools []screenTool
	var names []string
	for _, t := range screenTools {
		if t.session == session {
			tools, names = append(tools, t), append(names, t.name)
		}
	}
	desktops := strings.Split(e.getenv("XDG_CURRENT_DESKTOP"), ":")
	slices.SortStableFunc(tools, func(a, b screenTool) int { return a.rank(desktops) - b.rank(desktops) })
	failed := map[string]error{}
	for _, t := range tools {
		path, ok := findProgram(t.name)
		if !ok {
			continue
		}
		c, err := e.takeScreen(ctx, t, path, captureTime)
		if err == nil {
			for _, name := range names {
				if failed[name] != nil { // another did it
					e.ui.info("capture.screen-failed", name, failed[name])
				}
			}
			return []locker.File{c.file()}
		}
		failed[t.name] = err
	}
	for _, name := range names {
		if failed[name] != nil {
			e.ui.lost("capture.screen-failed", name, failed[name])
		}
	}
	if len(failed) == 0 {
		e.ui.lost("capture.no-screen-program", e.ui.lang.list(names))
	}
	if session == macintosh {
		e.ui.hint("capture.mac-hint", quoteLine(e.ui.command("add", "--clipboard")))
	}
	return nil
}

// rank is 0 for the program of this desktop, 2 for that of another.
func (t screenTool) rank(desktops []string) int {
	switch {
	case t.desktop == "":
		return 1
	case slices.Contains(desktops, t.desktop):
		return 0
	}
	return 2
}

// takeScreen runs one program.
func (e *env) takeScreen(ctx context.Context, t screenTool, path string, limit time.Duration) (*captured, error) {
	words, folder, environ := slices.Clone(t.words), "", e.sessionEnv()
	for i, w := range words {
		if !strings.Contains(w, targetWord) {
			continue
		}
		made, remove, err := makeMemoryFolder(e.memoryFolders())
		if err != nil {
			return nil, err
		}
		defer remove()
		folder = made
		words[i] = strings.ReplaceAll(w, targetWord, filepath.Join(folder, "screen.png"))
		// Where import, and gnome-screenshot, put what they work on.
		environ = append(environ, "TMPDIR="+folder, "MAGICK_TEMPORARY_PATH="+folder, "XDG_CACHE_HOME="+folder)
	}
	at := e.now()
	data, messages, err := program{path: path, args: words, env: environ, limits: t.limits, output: captureOutput, time: limit}.run(ctx)
	if err == nil && folder != "" {
		data, err = awaitPicture(ctx, filepath.Join(folder, "screen.png"), limit/2)
	}
	switch {
	case err != nil:
		return nil, because(messages, err)
	case !wholePNG(data):
		return nil, because(messages, &captureError{"capture.no-picture", nil})
	}
	return &captured{
		data: data, at: at, name: "screen-" + at.At.Format(captureStamp) + ".png",
		program: strings.TrimSpace(t.name + " " + e.programVersion(path, t.version)),
	}, nil
}

// wholePNG tells whether data is a PNG to its end.
func wholePNG(data []byte) bool {
	return bytes.HasPrefix(data, pngSignature) && bytes.HasSuffix(data, []byte("IEND\xaeB`\x82"))
}

// awaitPicture reads a picture that the program wrote, or lets another process
// write that runs already.
func awaitPicture(ctx context.Context, path string, limit time.Duration) ([]byte, error) {
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	for {
		data, err := readLimited(path, captureOutput)
		if err == nil && wholePNG(data) || errors.Is(err, errProgramOutput) {
			return data, err
		}
		select {
		case <-time.After(capturePoll):
		case <-deadline.C:
			return data, nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func readLimited(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if int64(len(data)) > limit {
		return nil, errProgramOutput
	}
	return data, err
}

// memoryFolders are folders that may lie on a file system in memory. Only Linux
// has them.
func (e *env) memoryFolders() []string {
	if e.goos != "linux" {
		return nil
	}
	return []string{e.getenv("XDG_RUNTIME_DIR"), "/dev/shm"}
}

const memoryPrefix = "locker-screen-"

// makeMemoryFolder makes a private folder in the first of dirs that lies on a
// file system in memory.
func makeMemoryFolder(dirs []string) (folder string, remove func(), err error) {
	for _, dir := range dirs {
		if dir == "" || !inMemory(dir) {
			continue
		}
		for range 3 { // before it is held, another capture may take it for left over
			folder, err := os.MkdirTemp(dir, memoryPrefix+"*") // mode 0700
			if err != nil {
				break
			}
			held, err := holdFolder(folder)
			if err == nil {
				return folder, func() { os.RemoveAll(folder); held.Close() }, nil
			}
			os.RemoveAll(folder)
		}
	}
	return "", nil, &captureError{"capture.no-memory-folder", nil}
}

// sweepMemoryFolders removes the folders of captures that were killed: a
// picture would stay in them until the machine is shut down.
func sweepMemoryFolders(dirs []string) {
	for _, dir := range dirs {
		if dir == "" || !inMemory(dir) {
			continue
		}
		entries, _ := os.ReadDir(dir) // what cannot be read holds nothing of ours
		for _, entry := range entries {
			if !strings.HasPrefix(entry.Name(), memoryPrefix) {
				continue
			}
			path := filepath.Join(dir, entry.Name())
			if held, err := holdFolder(path); err == nil {
				os.RemoveAll(path)
				held.Close()
			}
		}
	}
}

// programVersion is the version that a program names itself, "" if it does not.
func (e *env) programVersion(path string, words []string) string {
	if words == nil {
		return ""
	}
	out, said, err := program{path: path, args: words, env: e.sessionEnv(), output: messageLimit, time: versionTime}.run(context.Background())
	if err != nil {
		return ""
	}
	for _, word := range strings.Fields(string(out) + " " + said) {
		if word[0] >= '0' && word[0] <= '9' || len(word) > 1 && word[0] == 'v' && word[1] >= '0' && word[1] <= '9' {
			return fmt.Sprintf("%.40s", strings.TrimSuffix(word, ","))
		}
	}
	return ""
}
