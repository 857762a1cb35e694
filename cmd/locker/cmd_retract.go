package main

import (
	"context"
	"strings"

	"evidence-locker/locker"

	"github.com/urfave/cli/v2"
)

func newRetractCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:  "retract",
		Flags: []cli.Flag{&cli.StringFlag{Name: "why", Usage: "TEXT"}},
		Action: func(c *cli.Context) error {
			switch {
			case c.NArg() == 0:
				return &usageError{key: "usage.no-record-given", command: "retract"}
			case c.NArg() > 1:
				return tooMany("retract", c.Args().Slice()[1:])
			}
			return runRetract(c.Context, e, c.Args().First(), c.String("why"))
		},
	}
}

func runRetract(ctx context.Context, e *env, arg, why string) error {
	seq, err := parseSeq(arg)
	if err != nil {
		return err
	}
	if strings.TrimSpace(why) == "" {
		return &usageError{key: "usage.no-why", command: "retract"}
	}
	v, k, err := e.openUnlocked(ctx)
	if err != nil {
		return err
	}
	defer v.Close()
	if v.ReadOnly() {
		return locker.ErrReadOnly
	}
	r, err := e.record(ctx, v, k, seq)
	if err != nil {
		return err
	}
	if r.Retracted != nil {
		return &failure{key: "err.retracted-before", args: []any{seq, r.Retracted.Seq}}
	}
	by, err := v.Retract(ctx, k, seq, why)
	if err != nil {
		return err
	}
	e.ui.committed = append(e.ui.committed, by)
	if e.ui.asJSON {
		return e.ui.printJSON(map[string]any{"seq": by, "retracted": recordJSON(r), "why": why})
	}
	e.ui.say("retract.done", by, seq)
	for _, line := range e.ui.shownLines(r) {
		e.ui.print(line)
	}
	e.ui.info("retract.stays")
	return nil
}
