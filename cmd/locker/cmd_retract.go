package main

import (
	"context"
	"errors"
	"strings"

	"evidence-locker/locker"

	"github.com/urfave/cli/v2"
)

func newRetractCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:  "retract",
		Flags: []cli.Flag{&cli.StringFlag{Name: "why", Usage: "TEXT"}},
		Action: func(c *cli.Context) error {
			return runRetract(c.Context, e, c.Args().Slice(), c.String("why"))
		},
	}
}

type jsonRetraction struct {
	Seq       int64      `json:"seq"`
	Retracted jsonRecord `json:"retracted"`
	Why       jsonText   `json:"why"`
}

// runRetract withdraws records one by one. What cannot be withdrawn is named;
// the others are withdrawn all the same.
func runRetract(ctx context.Context, e *env, args []string, why string) error {
	seqs, err := parseSeqs("retract", args)
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
	done := []jsonRetraction{}
	for _, seq := range seqs {
		r, err := e.record(ctx, v, k, seq)
		if err == nil && r.Retracted != nil {
			err = &failure{key: "err.retracted-before", args: []any{seq, r.Retracted.Seq}}
		}
		var by int64
		if err == nil {
			by, err = v.Retract(ctx, k, seq, why)
		}
		var f *failure
		switch {
		case err == nil:
		case len(seqs) == 1, ctx.Err() != nil:
			return err
		case errors.As(err, &f):
			e.ui.lost(f.key, f.args...)
			continue
		case errors.Is(err, locker.ErrStays):
			e.ui.lost("retract.stays-that", seq)
			continue
		default:
			return err
		}
		e.ui.committed = append(e.ui.committed, by)
		done = append(done, jsonRetraction{by, recordJSON(r), jsonText(why)})
		if e.ui.asJSON {
			continue
		}
		e.ui.say("retract.done", by, seq)
		for _, line := range e.ui.shownLines(r) {
			e.ui.print(line)
		}
	}
	e.enrol(ctx, v, k)
	if e.ui.asJSON {
		if err := e.ui.printJSON(done); err != nil {
			return err
		}
	}
	if len(done) == 0 {
		return &failure{key: "err.nothing-done"}
	}
	if !e.ui.asJSON {
		e.ui.info("retract.stays")
	}
	return nil
}
