package main

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"evidence-locker/locker"

	"github.com/urfave/cli/v2"
)

func newWatchCommand(e *env) *cli.Command {
	return &cli.Command{
		Name: "watch",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "incident", Aliases: []string{"i"}, Usage: "N"},
			&cli.BoolFlag{Name: "new"},
			&cli.BoolFlag{Name: "existing"},
		},
		Action: func(c *cli.Context) error {
			if c.NArg() > 1 {
				return tooMany("watch", c.Args().Slice()[1:])
			}
			return runWatch(c.Context, e, watchOptions{
				folder: c.Args().First(), incident: c.String("incident"), fresh: c.Bool("new"), existing: c.Bool("existing"),
			})
		},
	}
}

type watchOptions struct {
	folder, incident string
	fresh, existing  bool
}

func runWatch(ctx context.Context, e *env, o watchOptions) error {
	target, err := targetOf("watch", o.incident, o.fresh)
	if err != nil {
		return err
	}
	folder := o.folder
	if folder == "" {
		if folder = e.screenshotFolder(ctx); folder == "" {
			return &failure{key: "err.no-screenshot-folder", hint: "hint.watch-folder", with: []any{quoteLine(e.ui.command("watch")) + " DIR"}}
		}
	}
	if folder, err = filepath.Abs(folder); err != nil {
		return err
	}
	// A folder that is not there yet would be waited for without a word.
	if d, err := os.ReadDir(folder); err != nil && len(d) == 0 {
		return &failure{key: "err.watch-folder", args: []any{folder, err}}
	}
	own, err := e.ownPlaces()
	if err != nil {
		return err
	}
	v, generated, err := e.openForAdd(ctx)
	if err != nil {
		return err
	}
	defer v.Close()
	a := &adding{e: e, v: v, now: e.now().At, target: target, unasked: true}
	a.plan = func() *plan { return &plan{now: a.now} }
	if err := a.chooseIncident(ctx); err != nil {
		return err
	}
	w := &watching{
		ui: e.ui, folder: folder, existing: o.existing, pending: map[string]*settling{}, seen: map[string]seenFile{}, left: map[string]bool{},
		own:  func(name string, info fs.FileInfo) bool { return ownName(own, folder, name) || e.isOwnNow(info) },
		take: a.takeWatched,
	}
	if err := w.run(ctx); err != nil {
		return err
	}
	if generated != "" {
		e.ui.info("add.passphrase-stays")
	}
	return nil
}

// isOwnNow tells whether a file is one of the vault's own under another name, as
// a hard link is.
func (e *env) isOwnNow(info fs.FileInfo) bool {
	own, err := e.ownFiles()
	return err == nil && isOwn(info, own)
}

// ownName tells whether a file of that name in a folder would be the vault's
// own, which opening could harm.
func ownName(own []ownPlace, folder, name string) bool {
	for _, p := range own {
		if p.holds(name) && sameFolder(p.dir, folder) {
			return true
		}
	}
	return false
}

// takeWatched records files that have come, each time into the same incident.
// It returns the names of those that are recorded, or cannot be and were named.
func (a *adding) takeWatched(ctx context.Context, files []locker.File) (done map[string]bool, err error) {
	a.files, a.recorded, a.failed, a.done = files, nil, nil, map[string]bool{}
	err = a.record(ctx)
	if len(a.recorded) > 0 {
		a.current, a.begins = a.incident, false
		a.target = locker.Target{Number: a.incident}
	}
	if len(a.failed) == len(files) {
		err = nil // each has been named
	}
	return a.done, err
}

// screenshotFolder is where this system puts pictures of the screen, "" if that
// cannot be told.
func (e *env) screenshotFolder(ctx context.Context) string {
	var places []string
	switch e.goos {
	case macintosh:
		if path, ok := findProgram("defaults"); ok {
			out, _, err := program{path: path, args: []string{"read", "com.apple.screencapture", "location"}, env: e.sessionEnv(), output: messageLimit, time: versionTime}.run(ctx)
			if place := strings.TrimSpace(string(out)); err == nil && place != "" {
				if rest, ok := strings.CutPrefix(place, "~/"); ok {
					place = filepath.Join(e.home, rest)
				}
				places = append(places, place)
			}
		}
		places = append(places, filepath.Join(e.home, "Desktop"))
	case windows:
		for _, base := range []string{e.getenv("OneDrive"), e.home} {
			if base != "" {
				places = append(places, filepath.Join(base, "Pictures", "Screenshots"))
			}
		}
	default:
		// GNOME translates the name of the folder within.
		pictures := e.picturesFolder()
		places = append(places, filepath.Join(pictures, "Screenshots"), filepath.Join(pictures, "スクリーンショット"), pictures)
	}
	for _, p := range places {
		if fi, err := os.Stat(p); err == nil && fi.IsDir() && filepath.IsAbs(p) {
			return p
		}
	}
	return ""
}

// picturesFolder is the person's folder of pictures, as the file user-dirs.dirs
// of the desktop (freedesktop.org) names it.
func (e *env) picturesFolder() string {
	config := e.getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(config) {
		config = filepath.Join(e.home, ".config")
	}
	text, _ := readLimited(filepath.Join(config, "user-dirs.dirs"), 64<<10)
	for _, line := range strings.Split(string(text), "\n") {
		value, ok := strings.CutPrefix(strings.TrimSpace(line), "XDG_PICTURES_DIR=")
		if !ok {
			continue
		}
		value = strings.Trim(value, `"`)
		if rest, ok := strings.CutPrefix(value, "$HOME"); ok {
			value = e.home + rest
		}
		if filepath.IsAbs(value) {
			return filepath.Clean(value)
		}
	}
	return filepath.Join(e.home, "Pictures")
}
