package main

import (
	"context"
	"os"
	"strconv"
	"strings"
	"time"

	"evidence-locker/locker"
	"evidence-locker/locker/record"

	"github.com/urfave/cli/v2"
	"golang.org/x/text/unicode/norm"
)

func newTriedCommand(e *env) *cli.Command {
	return &cli.Command{
		Name: "tried",
		Flags: []cli.Flag{
			&cli.StringSliceFlag{Name: "saw", Usage: "TEXT"},
			&cli.StringFlag{Name: "from", Aliases: []string{"at"}, Usage: "TIME"},
			&cli.StringFlag{Name: "until", Usage: "TIME"},
			&cli.StringFlag{Name: "times", Usage: "N"},
			&cli.StringSliceFlag{Name: "note", Usage: "TEXT"},
			&cli.StringFlag{Name: "incident", Aliases: []string{"i"}, Usage: "N"},
			&cli.BoolFlag{Name: "new"},
			&cli.BoolFlag{Name: "screen"},
		},
		Action: func(c *cli.Context) error {
			return runTried(c.Context, e, triedOptions{
				args: c.Args().Slice(), saw: c.StringSlice("saw"), from: c.String("from"), until: c.String("until"),
				times: c.String("times"), note: c.StringSlice("note"), incident: c.String("incident"), fresh: c.Bool("new"), screen: c.Bool("screen"),
			})
		},
	}
}

// triedOptions is a command line of tried, as typed.
type triedOptions struct {
	args                         []string
	saw, note                    []string
	from, until, times, incident string
	fresh, screen                bool
}

func runTried(ctx context.Context, e *env, o triedOptions) error {
	now := e.now().At
	target, err := targetOf("tried", o.incident, o.fresh)
	if err != nil {
		return err
	}
	what, paths := o.split()
	if what == "" && strings.TrimSpace(strings.Join(o.saw, "")) == "" {
		return &usageError{key: "usage.nothing-tried", example: e.ui.command("tried", e.ui.lang.msg("tried.example"), "--saw", e.ui.lang.msg("tried.example-saw"))}
	}
	var taken []locker.File // first of all: the screen changes
	if o.screen {
		taken = e.captureScreen(ctx)
	}
	own, err := e.ownFiles()
	if err != nil {
		return err
	}
	files, err := e.collectFiles(ctx, paths, "", own)
	if err != nil {
		return err
	}
	files = append(taken, files...)
	a := &adding{e: e, now: now, files: files, target: target, unasked: o.screen}
	a.plan = func() *plan { return o.plan(what, now, e.names()) }
	return a.run(ctx)
}

// fileLike is a word that can only be meant as a file.
var fileLike = pattern(`(?i)\.(png|jpe?g|webp|gif|heic|pdf|txt|eml|csv|html?|mhtml|mp4|mov|mkv|json|log)$`)

// split tells the words of the attempt from the files. Whoever is in a hurry
// leaves out the quotes. A file that is called like one of the words does
// not take its place: both are recorded.
func (o *triedOptions) split() (what string, paths []string) {
	var words []string
	for i, a := range o.args {
		switch {
		case a == "-", fileLike().MatchString(a), strings.ContainsRune(a, os.PathSeparator) && exists(a):
			paths = append(paths, a)
		case i > 0 && exists(a): // either was meant, and neither may be lost
			paths, words = append(paths, a), append(words, a)
		default:
			words = append(words, a)
		}
	}
	if strings.TrimSpace(strings.Join(words, "")) == "" {
		return "", paths
	}
	return strings.Join(words, " "), paths
}

// plan makes one record of the attempt. Its words are kept as they were typed,
// with what could be read of them beside.
func (o *triedOptions) plan(what string, now time.Time, n names) *plan {
	p := &plan{now: now, monthFirst: n.monthFirst}
	f := record.Fields{}
	if what != "" {
		f = readAttempt(what)
		f["what"] = record.Text(what)
	}
	p.text(f, "saw", "--saw", o.saw)
	p.text(f, "note", "--note", o.note)
	from, until := p.time("--from", o.from), p.time("--until", o.until)
	if o.from == "" && o.until == "" {
		from = &record.Time{At: now.Truncate(time.Second)}
	}
	if from != nil {
		f["from"] = *from
	}
	if until != nil {
		f["until"] = *until
		if from != nil && until.At.Before(from.At) {
			p.problem(false, nil, "add.until-before", formatTime(until.At), formatTime(from.At))
		}
	}
	p.timesTried(f, o.times)
	p.facts = append(p.facts, locker.Fact{Type: record.Attempt, Fields: f})
	p.facts = append(p.facts, p.kept...)
	return p
}

// text joins values into a field, a line for each.
func (p *plan) text(f record.Fields, field, flag string, values []string) {
	var lines []string
	for _, s := range values {
		if !p.blank(flag, s) {
			lines = append(lines, s)
		}
	}
	if len(lines) > 0 {
		f[field] = record.Text(strings.Join(lines, "\n"))
	}
}

// countForm is a number of times: "12", "12 times", "12回".
var countForm = pattern(`^(\d{1,9}) ?(?:times?|x|回|度)?$`)

func (p *plan) timesTried(f record.Fields, s string) {
	if s == "" {
		return
	}
	m := countForm().FindStringSubmatch(strings.ToLower(strings.TrimSpace(norm.NFKC.String(s))))
	if m == nil {
		p.keep(`--times "` + s + `"`)
		p.problem(true, nil, "add.bad-number", "--times", s)
		return
	}
	n, _ := strconv.ParseInt(m[1], 10, 64) // nine digits at most
	f["times"] = record.Int(n)
}
