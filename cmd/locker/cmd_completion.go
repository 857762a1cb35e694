package main

import (
	_ "embed"
	"slices"
	"strings"

	"evidence-locker/locker"
	"evidence-locker/locker/playbook"
	"evidence-locker/report"

	"github.com/urfave/cli/v2"
)

// The scripts teach a shell to ask this program what may come next.
var (
	//go:embed completion/locker.bash
	bashCompletion string
	//go:embed completion/locker.zsh
	zshCompletion string
	//go:embed completion/locker.fish
	fishCompletion string
)

var completions = []struct{ shell, script string }{
	{"bash", bashCompletion}, {"zsh", zshCompletion}, {"fish", fishCompletion},
}

// newCompletionCommand prints a shell's script, or, after "--", what may take
// the place of the last of the words of a command line.
func newCompletionCommand(e *env) *cli.Command {
	return &cli.Command{
		Name: "completion",
		Action: func(c *cli.Context) error {
			if slices.Contains(e.args, "--") {
				return e.printCandidates(c.Args().Slice())
			}
			if c.NArg() > 1 {
				return tooMany("completion", c.Args().Slice()[1:])
			}
			var shells []string
			for _, s := range completions {
				if s.shell == c.Args().First() {
					e.ui.print(strings.TrimRight(s.script, "\n"))
					return nil
				}
				shells = append(shells, s.shell)
			}
			return &usageError{key: "usage.no-shell", args: []any{c.Args().First(), e.ui.lang.list(shells)}, command: "completion"}
		},
	}
}

// A candidate may stand at the end of a command line.
type candidate struct{ word, about string }

// printCandidates prints a candidate on each line, with what it means after a
// tab.
func (e *env) printCandidates(words []string) error {
	for _, c := range e.candidates(words) {
		line := c.word
		if about := safe(oneLineOf(c.about)); about != "" && about != c.word {
			line += "\t" + about
		}
		e.ui.print(line)
	}
	return nil
}

func oneLineOf(s string) string { return strings.Join(strings.Fields(s), " ") }

// candidates returns what may take the place of the last word. It reads
// neither the vault nor the words before it for what they say.
func (e *env) candidates(words []string) []candidate {
	if words = joinEquals(words); len(words) == 0 {
		return nil
	}
	app, last := newApp(e), words[len(words)-1]
	words = words[:len(words)-1]
	p := &lineParser{grammar: grammarOf(app), words: words}
	command := p.findCommand()
	find := func(w string) (flagSpec, bool) {
		if spec, ok := p.commands[command][w]; ok {
			return spec, true
		}
		spec, ok := p.global[w]
		return spec, ok
	}
	var found []candidate
	flag, _, given := strings.Cut(last, "=")
	switch spec, ok := find(flag); {
	case slices.Contains(words, "--"): // nothing but arguments
		found = e.argumentValues(command)
	case given && ok && spec.value:
		for _, c := range e.flagValues(spec.name) {
			found = append(found, candidate{flag + "=" + c.word, c.about})
		}
	case given && strings.HasPrefix(last, "-"):
	default:
		if len(words) > 0 {
			if spec, ok := find(words[len(words)-1]); ok && spec.value {
				found = e.flagValues(spec.name)
				break
			}
		}
		switch {
		case strings.HasPrefix(last, "-"):
			found = e.flagNames(app, command)
		case command == "":
			for _, c := range app.Commands {
				found = append(found, candidate{c.Name, e.ui.lang.msg("help." + c.Name)})
			}
		default:
			found = e.argumentValues(command)
		}
	}
	return slices.DeleteFunc(found, func(c candidate) bool { return !strings.HasPrefix(c.word, last) })
}

// joinEquals undoes the shells that take "=" for a word of its own.
func joinEquals(words []string) []string {
	var out []string
	for i := 0; i < len(words); i++ {
		n := len(out)
		switch {
		case words[i] == "=" && n > 0 && strings.HasPrefix(out[n-1], "--"):
			out[n-1] += "="
			if i+1 < len(words) {
				i++
				out[n-1] += words[i]
			}
		default:
			out = append(out, words[i])
		}
	}
	return out
}

func (e *env) flagNames(app *cli.App, command string) []candidate {
	var found []candidate
	add := func(command string, flags []cli.Flag) {
		for _, f := range flags {
			name := f.Names()[0]
			found = append(found, candidate{dashed(name), e.ui.lang.msg(flagKey(e.ui.lang, command, name))})
		}
	}
	if c := app.Command(command); c != nil {
		add(command, c.Flags)
	}
	add("", app.Flags)
	return found
}

// flagValues are the words that a flag is known to take.
func (e *env) flagValues(flag string) []candidate {
	l := string(e.ui.lang)
	var found []candidate
	exchanges, kinds := e.books()
	switch flag {
	case "exchange":
		for _, x := range exchanges.Exchanges() {
			found = append(found, candidate{x.Key, x.Name(l)})
		}
	case "kind":
		for _, k := range kinds.Kinds() {
			found = append(found, candidate{k.Key, k.Name(l)})
		}
	case "for":
		for _, r := range report.Recipients() {
			found = append(found, candidate{r.Key, r.Name(l)})
		}
	case "set":
		for _, path := range settablePaths() {
			found = append(found, candidate{path + "=", ""})
		}
	case "phase":
		for _, p := range playbook.Phases() {
			found = append(found, candidate{p, ""})
		}
	case "with":
		for _, key := range locker.Parties() {
			found = append(found, candidate{key, e.ui.lang.msg(partyNames[key])})
		}
	case "direction":
		for _, key := range []string{"in", "out"} {
			found = append(found, candidate{key, e.ui.lang.msg(directionNames[key])})
		}
	case "lang":
		found = []candidate{{"en", "English"}, {"ja", "日本語"}}
	case "format":
		for _, f := range formats {
			found = append(found, candidate{f.name, ""})
		}
	}
	return found
}

// argumentValues are the words that a command is known to take; most take
// files, which the shell knows best.
func (e *env) argumentValues(command string) []candidate {
	var found []candidate
	switch command {
	case "help":
		for _, c := range newApp(e).Commands {
			found = append(found, candidate{c.Name, e.ui.lang.msg("help." + c.Name)})
		}
	case "guide":
		_, kinds := e.books()
		for _, k := range kinds.Kinds() {
			found = append(found, candidate{k.Key, k.Name(string(e.ui.lang))})
		}
		for _, name := range playbook.Lists() {
			list, _ := kinds.List(name)
			found = append(found, candidate{name, list.Name(string(e.ui.lang))})
		}
	case "key":
		found = []candidate{{"print", ""}, {"enrol", ""}}
	case "completion":
		for _, c := range completions {
			found = append(found, candidate{c.shell, ""})
		}
	}
	return found
}
