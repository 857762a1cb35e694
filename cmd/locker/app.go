package main

import (
	"context"
	"slices"

	"github.com/urfave/cli/v2"
)

// commands is the table of commands, in the order in which --help lists them.
func commands(e *env) []*cli.Command {
	return []*cli.Command{
		newAddCommand(e),
		newGuideCommand(e),
		newTriedCommand(e),
		newContactCommand(e),
		newImportCommand(e),
		newWatchCommand(e),
		newListCommand(e),
		newShowCommand(e),
		newSearchCommand(e),
		newReportCommand(e),
		newFillCommand(e),
		newProfileCommand(e),
		newCheckCommand(e),
		newExtractCommand(e),
		newRetractCommand(e),
		newMoveCommand(e),
		newVerifyCommand(e),
		newBackupCommand(e),
		newRestoreCommand(e),
		newInitCommand(e),
		newPasswdCommand(e),
		newKeyCommand(e),
		newDemoCommand(e),
		newCompletionCommand(e),
		newHelpCommand(e),
	}
}

// globalFlags are accepted before and after every command. The Usage of a flag
// holds the name of its value; what it means stands in the catalogue.
func globalFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "vault", Usage: "FILE"},
		&cli.StringFlag{Name: "passphrase-file", Usage: "FILE"},
		&cli.StringFlag{Name: "passphrase-command", Usage: "CMD"},
		&cli.BoolFlag{Name: "json"},
		&cli.StringFlag{Name: "lang", Usage: "en|ja"},
		&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}},
		&cli.BoolFlag{Name: "help", Aliases: []string{"h"}},
		&cli.BoolFlag{Name: "version"},
	}
}

// newApp builds the app. Nothing in it prints or exits by itself.
func newApp(e *env) *cli.App {
	app := &cli.App{
		Name:                      "locker",
		Flags:                     globalFlags(),
		HideHelp:                  true, // ours are in the person's language
		HideVersion:               true,
		DisableSliceFlagSeparator: true, // a note may hold commas
		OnUsageError:              passUsageError,
		ExitErrHandler:            func(*cli.Context, error) {},
		Writer:                    e.stderr,
		ErrWriter:                 e.stderr,
	}
	for _, c := range commands(e) {
		c.HideHelp = true
		c.OnUsageError = passUsageError // not inherited
		app.Commands = append(app.Commands, c)
	}
	return app
}

// passUsageError hands what urfave/cli could not parse to run.
func passUsageError(_ *cli.Context, err error, _ bool) error {
	return &usageError{key: "usage.other", args: []any{err}}
}

func grammarOf(app *cli.App) *grammar {
	g := &grammar{
		global:   flagTableOf(app.Flags),
		commands: map[string]flagTable{},
		exists:   exists,
		advise:   adviseField,
	}
	for _, c := range app.Commands {
		g.commands[c.Name] = flagTableOf(c.Flags)
	}
	return g
}

// run runs one command line and returns the exit code.
func run(ctx context.Context, e *env) int {
	app := newApp(e)
	line, err := grammarOf(app).order(e.args)
	e.line = line
	l, known := chooseLang(line.globalValue("lang"), e.getenv)
	e.ui = newUI(e, l)
	e.ui.given = line.globalValue("vault")
	e.ui.quiet = slices.ContainsFunc(line.global, func(u flagUse) bool { return u.name == "quiet" })
	e.ui.asJSON = slices.ContainsFunc(line.global, func(u flagUse) bool { return u.name == "json" })
	switch {
	case line.help:
		return e.ui.exit(e.showHelp(app, line.command))
	case line.version && err == nil:
		e.ui.print("locker " + version)
		return e.ui.exit(nil)
	case err != nil:
		return e.ui.exit(err)
	case !known:
		return e.ui.exit(&usageError{key: "usage.unknown-lang"})
	}
	return e.ui.exit(app.RunContext(ctx, line.argv(app.Name)))
}

// newHelpCommand answers `locker help add`, and `locker help fields`.
func newHelpCommand(e *env) *cli.Command {
	return &cli.Command{Name: "help", Action: func(c *cli.Context) error {
		app, name := newApp(e), c.Args().First()
		if c.NArg() > 1 {
			return tooMany("help", c.Args().Slice()[1:])
		}
		if name == "fields" {
			e.showFields()
			return nil
		}
		if name != "" && app.Command(name) == nil {
			return &usageError{key: "usage.unknown-command", args: []any{name}}
		}
		return e.showHelp(app, name)
	}}
}

// tooMany refuses arguments that would otherwise be ignored.
func tooMany(command string, extra []string) error {
	return &usageError{key: "usage.too-many", args: []any{quoteLine(extra)}, command: command}
}
