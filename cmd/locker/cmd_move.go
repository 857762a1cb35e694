package main

import (
	"context"
	"errors"
	"strconv"

	"evidence-locker/locker"
	"evidence-locker/locker/record"

	"github.com/urfave/cli/v2"
)

func newMoveCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:  "move",
		Flags: []cli.Flag{&cli.StringFlag{Name: "to", Usage: "N"}},
		Action: func(c *cli.Context) error {
			return runMove(c.Context, e, c.Args().Slice(), c.String("to"))
		},
	}
}

type jsonMoved struct {
	To      int          `json:"to"`
	Records []jsonRecord `json:"records"`
}

func runMove(ctx context.Context, e *env, args []string, to string) error {
	seqs, err := parseSeqs("move", args)
	if err != nil {
		return err
	}
	if to == "" {
		return &usageError{key: "usage.no-target", command: "move"}
	}
	number, err := parseNumber(to)
	if err != nil {
		return err
	}
	v, err := e.openVault(ctx)
	if err != nil {
		return err
	}
	defer v.Close()
	if v.ReadOnly() {
		return locker.ErrReadOnly
	}
	var there []int64
	var last error
	for _, seq := range seqs {
		if last, err = e.movable(ctx, v, seq, number); err != nil {
			return err
		}
		if last == nil {
			there = append(there, seq)
			continue
		}
		var f *failure
		if len(seqs) > 1 && errors.As(last, &f) {
			e.ui.lost(f.key, f.args...)
		}
	}
	switch {
	case len(there) == 0 && len(seqs) == 1:
		return last
	case len(there) == 0:
		return &failure{key: "err.nothing-done"}
	}
	made, err := v.Move(ctx, there, number)
	if errors.Is(err, locker.ErrNoIncident) {
		return &failure{key: "err.no-incident", args: []any{number}, hint: "hint.no-incident"}
	}
	if err != nil {
		return err
	}
	out := jsonMoved{To: number}
	for _, r := range made {
		e.ui.committed = append(e.ui.committed, r.Seq)
		out.Records = append(out.Records, jsonRecord{Seq: r.Seq, Incident: r.Incident, Type: string(r.Fact.Type), Fields: fieldsJSON(r.Fact.Fields)})
	}
	if e.ui.asJSON {
		return e.ui.printJSON(out)
	}
	for _, r := range made {
		list, _ := r.Fact.Fields["seqs"].(record.List)
		words := make([]string, len(list))
		for i, s := range list {
			words[i] = string(s)
		}
		e.ui.say("move.done", number, r.Fact.Fields["incident"].String(), e.ui.lang.list(words), r.Seq)
	}
	e.ui.info("move.stays")
	undo := []string{"retract"}
	for _, r := range made {
		undo = append(undo, strconv.FormatInt(r.Seq, 10))
	}
	e.ui.hint("move.undo", quoteLine(e.ui.command(append(undo, "--why", "TEXT")...)))
	return nil
}

// movable tells why a record cannot be brought into an incident.
func (e *env) movable(ctx context.Context, v *locker.Vault, seq int64, to int) (why, err error) {
	switch n, err := v.IncidentOf(ctx, seq); {
	case errors.Is(err, locker.ErrNoRecord):
		return &failure{key: "err.no-record", args: []any{seq}, hint: "hint.no-record"}, nil
	case err != nil:
		return nil, err
	case n == 0:
		return &failure{key: "err.everywhere", args: []any{seq}}, nil
	case n == to:
		return &failure{key: "err.there-already", args: []any{seq, to}}, nil
	}
	return nil, nil
}

// parseSeqs reads the numbers of records, each once, in their order.
func parseSeqs(command string, args []string) (seqs []int64, err error) {
	if len(args) == 0 {
		return nil, &usageError{key: "usage.no-record-given", command: command}
	}
	seen := map[int64]bool{}
	for _, a := range args {
		seq, err := parseSeq(a)
		if err != nil {
			return nil, err
		}
		if !seen[seq] {
			seen[seq] = true
			seqs = append(seqs, seq)
		}
	}
	return seqs, nil
}
