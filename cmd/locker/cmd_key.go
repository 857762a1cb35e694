package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"evidence-locker/locker"
	"evidence-locker/locker/durable"
	"evidence-locker/locker/record"
	"evidence-locker/report"

	"github.com/urfave/cli/v2"
)

func newKeyCommand(e *env) *cli.Command {
	return &cli.Command{
		Name: "key",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "FILE"},
			&cli.StringFlag{Name: "format", Usage: "pdf|text"},
		},
		Action: func(c *cli.Context) error {
			args := c.Args().Slice()
			switch {
			case len(args) == 0:
				return &usageError{key: "usage.key-nothing", command: "key"}
			case len(args) > 1:
				return tooMany("key", args[1:])
			case args[0] == "print":
				return runKeyPrint(c.Context, e, c.String("output"), c.String("format"))
			case args[0] != "enrol":
				return &usageError{key: "usage.key", args: []any{args[0]}, example: e.ui.command("key", "print")}
			case c.String("output") != "" || c.String("format") != "":
				return &usageError{key: "usage.key-enrol", command: "key"}
			}
			return runKeyEnrol(c.Context, e)
		},
	}
}

// runKeyEnrol lets what this machine signs count.
func runKeyEnrol(ctx context.Context, e *env) error {
	v, k, err := e.openUnlocked(ctx)
	if err != nil {
		return err
	}
	defer v.Close()
	seq, err := v.Enrol(ctx, k)
	switch {
	case err != nil:
		return err
	case e.ui.asJSON:
		return e.ui.printJSON(map[string]int64{"enrolled": seq})
	case seq == 0:
		e.ui.say("enrol.before")
	default:
		e.ui.say("enrol.done", seq)
	}
	return nil
}

type jsonKeyPage struct {
	Path   jsonText `json:"path"`
	Format string   `json:"format"`
	Lang   string   `json:"lang"`
}

// runKeyPrint writes the page with the key: to a file, to a pipe, or, as text
// and after a question, to the terminal.
func runKeyPrint(ctx context.Context, e *env, output, format string) error {
	if format == "" {
		format = "pdf"
		if strings.EqualFold(filepath.Ext(output), ".txt") {
			format = "text"
		}
	}
	if format != "pdf" && format != "text" {
		return &usageError{key: "usage.key-format", args: []any{format}, command: "key"}
	}
	v, err := e.openVault(ctx)
	if err != nil {
		return err
	}
	defer v.Close()
	if output == "-" {
		output = ""
	}
	switch {
	case output == "" && e.ui.asJSON:
		return &usageError{key: "usage.key-json", example: e.ui.command("key", "print", "-o", keyPageName(v, format))}
	case output == "" && isTerminalFile(e.stdout):
		if output, err = e.askWhereKey(ctx, v, format); err != nil {
			return err
		}
	}
	if output != "" {
		if err := e.checkTarget(output, false); err != nil {
			return err
		}
		if exists(output) {
			return &failure{key: "err.file-exists", args: []any{output}}
		}
	}
	k, err := e.unlock(ctx, v)
	if err != nil {
		return err
	}
	page := report.KeyPage{Key: k.Text(), Vault: v.ID(), Lang: string(e.ui.lang)}
	if page.Created, err = v.Created(ctx); err != nil {
		return err
	}
	var b bytes.Buffer
	if format == "pdf" {
		err = page.WritePDF(ctx, &b)
	} else {
		err = page.WriteText(&b)
	}
	if err != nil {
		return err
	}
	done := jsonKeyPage{"-", format, page.Lang}
	if output == "" {
		// Noted even if it fails in the middle: a part may have been seen.
		if _, err = e.stdout.Write(b.Bytes()); err != nil {
			err = fmt.Errorf("writing to standard output: %w", err)
		}
	} else {
		if err := writeKeyPage(output, b.Bytes()); err != nil {
			return err
		}
		done.Path = jsonText(output)
	}
	e.noteCustody(ctx, v, 0, record.Fields{
		"action": record.Text("key-print"), "format": record.Text(format), "lang": record.Text(page.Lang),
		"name": record.Text(filepath.Base(string(done.Path))),
	})
	e.enrol(ctx, v, k)
	switch {
	case output == "", err != nil:
	case e.ui.asJSON:
		err = e.ui.printJSON(done)
	default:
		e.ui.say("key.written", output)
		e.ui.hint("key.remove")
	}
	return err
}

// keyPageName is the name of the page's file if nobody gives one.
func keyPageName(v *locker.Vault, format string) string {
	return "locker-key-" + v.ID()[:8] + map[string]string{"pdf": ".pdf", "text": ".txt"}[format]
}

// askWhereKey asks on the terminal before the key is on it, or in a file that
// nobody has named. An output of "" is the terminal.
func (e *env) askWhereKey(ctx context.Context, v *locker.Vault, format string) (output string, err error) {
	name, answer := "", ""
	if format == "pdf" {
		name = keyPageName(v, format)
		answer, err = e.ui.askLine(ctx, e.ui.lang.msg("key.ask-file", name))
	} else {
		answer, err = e.ui.askLine(ctx, e.ui.lang.msg("key.ask-show"))
	}
	if err != nil {
		return "", err
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes", "ｙ", "はい":
		return name, nil
	}
	return "", &failure{key: "err.nothing-written"}
}

// writeKeyPage makes the page appear at path, where nothing is.
func writeKeyPage(path string, data []byte) error {
	f, err := durable.New(path)
	if err == nil {
		defer f.Discard()
		if _, err = f.Write(data); err == nil {
			err = f.Create()
		}
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		return &failure{key: "err.file-exists", args: []any{path}}
	case err != nil:
		return &failure{key: "err.writing", args: []any{path, err}}
	}
	return nil
}
