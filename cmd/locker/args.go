package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// This file puts a command line in order before urfave/cli sees it, which
// stops at the first argument and would take a flag after it for an argument.
// The rules:
//
//   - Flags are accepted anywhere, global ones after the command too, until
//     "--", which ends them. What the app declares decides what is a flag.
//   - A flag's value is the rest of its word after "=", or the next word, even
//     if that begins with a dash, but not if it looks like a flag itself.
//   - A flag that takes one value is given once: of two times or two titles
//     neither is dropped silently.

// A flagSpec is one declared flag.
type flagSpec struct {
	name  string // without dashes, the long form
	value bool   // takes a value
	multi bool   // may be given more than once; its value may be empty
}

// A flagTable finds flags by each of their spellings, dashes included.
type flagTable map[string]flagSpec

func flagTableOf(flags []cli.Flag) flagTable {
	t := flagTable{}
	for _, f := range flags {
		spec := flagSpec{name: f.Names()[0], value: true}
		switch f.(type) {
		case *cli.BoolFlag:
			spec.value = false
		case *cli.StringSliceFlag:
			spec.multi = true
		}
		for _, n := range f.Names() {
			t[dashed(n)] = spec
		}
	}
	return t
}

func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// longNames lists the table's long spellings in order.
func (t flagTable) longNames() []string {
	var names []string
	for n := range t {
		if strings.HasPrefix(n, "--") {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	return names
}

// A grammar is what a command line is read by.
type grammar struct {
	global   flagTable
	commands map[string]flagTable
	// exists reports whether a word names a file; it only shapes advice.
	exists func(string) bool
	// advise returns the words that an unknown flag of a command may stand
	// for, such as --set order.pair=, or nil.
	advise func(command, flag string) []string
}

// A flagUse is one flag with its value, as written.
type flagUse struct {
	flagSpec
	arg string
}

// A commandLine is a command line in order.
type commandLine struct {
	command       string
	global, local []flagUse
	args          []string
	help, version bool
}

// argv returns the line in the one form that needs no interpretation.
func (l *commandLine) argv(program string) []string {
	words := append([]string{program}, useWords(l.global)...)
	words = append(words, l.command)
	words = append(words, useWords(l.local)...)
	return append(append(words, "--"), l.args...)
}

func useWords(uses []flagUse) []string {
	var words []string
	for _, u := range uses {
		w := "--" + u.name
		if u.value {
			w += "=" + u.arg
		}
		words = append(words, w)
	}
	return words
}

// globalValue returns the value of a global flag, "" if it was not given.
func (l *commandLine) globalValue(name string) string {
	for _, u := range l.global {
		if u.name == name {
			return u.arg
		}
	}
	return ""
}

// changed returns the line to paste with a flag of the command left out and
// words added to it.
func (l *commandLine) changed(without string, add ...string) []string {
	words := append([]string{"locker"}, useWords(l.global)...)
	words = append(words, l.command)
	for _, u := range l.local {
		if u.name != without {
			words = append(words, useWords([]flagUse{u})...)
		}
	}
	words = append(words, add...)
	if slices.ContainsFunc(l.args, func(a string) bool { return len(a) > 1 && a[0] == '-' }) {
		words = append(words, "--")
	}
	return append(words, l.args...)
}

// instead returns the line to paste with another word in the place of one, be
// that an argument or the value of a flag.
func (l *commandLine) instead(word, by string) []string {
	c := *l
	c.local, c.args = slices.Clone(l.local), slices.Clone(l.args)
	for i := range c.local {
		if c.local[i].arg == word {
			c.local[i].arg = by
		}
	}
	for i := range c.args {
		if c.args[i] == word {
			c.args[i] = by
		}
	}
	return c.changed("")
}

// withArgs returns the line to paste with other arguments.
func (l *commandLine) withArgs(args []string) []string {
	other := *l
	other.args = args
	return other.changed("")
}

// replaced returns the line to paste with another value of a flag.
func (l *commandLine) replaced(flag, value, by string) []string {
	other := *l
	other.local = slices.Clone(l.local)
	for i, u := range other.local {
		if u.name == flag && u.arg == value {
			other.local[i].arg = by
		}
	}
	return other.changed("")
}

// A usageError says what is wrong with a command line. It is translated where
// it is shown.
type usageError struct {
	key     string // of the catalogue
	args    []any
	fixed   []string // the whole corrected line, nil if there is none
	example []string // a line that shows how it is done, nil if there is none
	command string   // whose help is worth reading
}

func (e *usageError) Error() string { return "usage: " + e.key }

// order reads words, the command line without the program's name. With an
// error it returns what it understood: the language and --help count even then.
func (g *grammar) order(words []string) (*commandLine, error) {
	p := &lineParser{grammar: g, words: words, line: &commandLine{}, fixed: slices.Clone(words)}
	p.line.command = p.findCommand()
	for p.pos < len(p.words) {
		p.next()
	}
	return p.line, p.error()
}

type lineParser struct {
	*grammar
	words []string
	pos   int
	line  *commandLine

	commandSeen bool
	ended       bool     // "--" was there
	fixed       []string // words with the corrections so far
	unfixable   bool
	first       *usageError // the first thing wrong
}

// fail keeps the first error; later ones only add corrections.
func (p *lineParser) fail(key string, args ...any) {
	if p.first == nil {
		p.first = &usageError{key: key, args: args, command: p.line.command}
	}
}

func (p *lineParser) error() error {
	switch {
	case p.first == nil && p.line.command == "" && !p.line.help && !p.line.version:
		return &usageError{key: "usage.no-command"}
	case p.first == nil:
		return nil
	}
	if !p.unfixable && !slices.Equal(p.fixed, p.words) {
		p.first.fixed = append([]string{"locker"}, p.fixed...)
	}
	return p.first
}

// findCommand returns the first word that is neither a flag nor its value, if
// it is a command.
func (p *lineParser) findCommand() string {
	for i := 0; i < len(p.words); i++ {
		w := p.words[i]
		if w == "--" || w == "-" || !strings.HasPrefix(w, "-") {
			if w == "--" && i+1 < len(p.words) {
				w = p.words[i+1]
			}
			if p.commands[w] != nil {
				return w
			}
			return ""
		}
		if spec, ok := p.anywhere(w); ok && spec.value {
			i++
		}
	}
	return ""
}

// anywhere looks a flag up in every table, for words before the command.
func (p *lineParser) anywhere(w string) (flagSpec, bool) {
	if s, ok := p.global[w]; ok {
		return s, true
	}
	for _, t := range p.commands {
		if s, ok := t[w]; ok {
			return s, true
		}
	}
	return flagSpec{}, false
}

// lookup finds a flag where it stands: report has a --lang of its own, which
// holds after the word report, and before it the global one does.
func (p *lineParser) lookup(w string) (spec flagSpec, global, ok bool) {
	local, isLocal := p.commands[p.line.command][w]
	outer, isGlobal := p.global[w]
	if isLocal && (p.commandSeen || !isGlobal) {
		return local, false, true
	}
	return outer, true, isGlobal
}

func (p *lineParser) next() {
	w := p.words[p.pos]
	switch {
	case p.ended || w == "-" || !strings.HasPrefix(w, "-"):
		p.argument(w)
	case w == "--":
		p.ended = true
	default:
		p.flag(w)
	}
	p.pos++
}

func (p *lineParser) argument(w string) {
	if p.commandSeen {
		p.line.args = append(p.line.args, w)
		return
	}
	p.commandSeen = true
	if w == p.line.command {
		return
	}
	names := make([]string, 0, len(p.commands))
	for n := range p.commands {
		names = append(names, n)
	}
	slices.Sort(names)
	near := nearest(w, names)
	switch {
	case len(near) > 0:
		p.replaceFixed(near[0])
		p.fail("usage.unknown-command", w)
		p.line.command = near[0] // whose flags the rest is read by
	case p.exists(w):
		p.insertFixed("add")
		p.fail("usage.file-without-command", w)
		p.line.command = "add"
	default:
		p.unfixable = true
		p.fail("usage.unknown-command", w)
	}
}

// insertFixed puts a word before the current one in the corrected line.
func (p *lineParser) insertFixed(w string) {
	p.fixed = slices.Insert(p.fixed, p.pos-len(p.words)+len(p.fixed), w)
}

// replaceFixed puts words in the place of the current one.
func (p *lineParser) replaceFixed(words ...string) {
	at := p.pos - len(p.words) + len(p.fixed)
	p.fixed = slices.Replace(p.fixed, at, at+1, words...)
}

func (p *lineParser) flag(w string) {
	name, value, hasValue := strings.Cut(w, "=")
	if spec, global, ok := p.lookup(name); ok {
		p.use(w, name, spec, global, value, hasValue)
		return
	}
	if !strings.HasPrefix(w, "--") && p.shorts(w) {
		return
	}
	p.unknown(w, name)
}

// shorts reads -i3 and -hv, if the letters are declared.
func (p *lineParser) shorts(w string) bool {
	type one struct {
		spec   flagSpec
		global bool
		value  string
	}
	var found []one
	for i, r := range w[1:] {
		spec, global, ok := p.lookup("-" + string(r))
		if !ok {
			return false
		}
		if rest := w[1+i+len(string(r)):]; spec.value {
			if rest == "" {
				return false
			}
			found = append(found, one{spec, global, rest})
			break
		}
		found = append(found, one{spec, global, ""})
	}
	for _, f := range found {
		p.use(w, "-"+f.spec.name, f.spec, f.global, f.value, f.spec.value)
	}
	return true
}

// use takes a known flag with its value.
func (p *lineParser) use(w, name string, spec flagSpec, global bool, value string, hasValue bool) {
	switch {
	case !spec.value && hasValue:
		p.replaceFixed(name)
		p.fail("usage.flag-takes-no-value", name, value)
		return
	case spec.value && !hasValue:
		if p.pos+1 >= len(p.words) {
			p.unfixable = true
			p.fail("usage.flag-needs-value", name)
			return
		}
		value = p.words[p.pos+1]
		if p.looksLikeFlag(value) {
			p.unfixable = true
			p.fail("usage.flag-instead-of-value", name, value, name+"="+value)
			return
		}
		p.pos++
	}
	if spec.value && value == "" && !spec.multi {
		p.unfixable = true
		p.fail("usage.flag-empty", name)
		return
	}
	p.add(name, flagUse{spec, value}, global)
}

func (p *lineParser) add(name string, u flagUse, global bool) {
	list := &p.line.local
	if global {
		list = &p.line.global
	}
	for _, old := range *list {
		if old.name != u.name || u.multi {
			continue
		}
		if old.arg != u.arg {
			p.unfixable = true
			p.fail("usage.flag-twice", name, old.arg, u.arg)
		}
		return
	}
	switch {
	case global && u.name == "help":
		p.line.help = true
	case global && u.name == "version":
		p.line.version = true
	}
	*list = append(*list, u)
}

// looksLikeFlag reports whether a word after a flag is more likely the next
// flag than the value.
func (p *lineParser) looksLikeFlag(w string) bool {
	if _, _, ok := p.lookup(w); ok || w == "--" {
		return true
	}
	name, _, _ := strings.Cut(w, "=")
	return len(name) > 2 && strings.HasPrefix(name, "--") && strings.IndexFunc(name, func(r rune) bool {
		return r != '-' && (r < 'a' || r > 'z')
	}) < 0
}

// unknown reports a flag that nobody declared and corrects it if it can.
func (p *lineParser) unknown(w, name string) {
	if slices.Contains([]string{"--passphrase", "--password", "--pass"}, name) {
		p.unfixable = true // the corrected line would repeat a secret
		p.fail("usage.passphrase-flag", name)
		return
	}
	if p.commandSeen && p.exists(w) {
		p.replaceFixed("./" + w)
		p.fail("usage.file-like-flag", w)
		return
	}
	names := p.global.longNames()
	if t := p.commands[p.line.command]; t != nil {
		names = append(t.longNames(), names...)
	}
	long := "--" + strings.TrimLeft(name, "-")
	near := nearest(long, names)
	if len(near) == 0 && p.advise != nil {
		if words := p.advise(p.line.command, strings.TrimPrefix(long, "--")); words != nil {
			p.fixField(w, words)
			p.fail("usage.unknown-flag", name)
			return
		}
	}
	if len(near) == 0 {
		p.unfixable = true
		p.fail("usage.unknown-flag", name)
		return
	}
	p.replaceFixed(near[0] + strings.TrimPrefix(w, name))
	p.fail("usage.unknown-flag", name)
	// What follows is the meant flag's value, not an argument.
	spec, _, _ := p.lookup(near[0])
	if spec.value && !strings.Contains(w, "=") && p.pos+1 < len(p.words) && !p.looksLikeFlag(p.words[p.pos+1]) {
		p.pos++
	}
}

// fixField turns --pair X into --set order.pair=X in the corrected line.
func (p *lineParser) fixField(w string, words []string) {
	_, value, has := strings.Cut(w, "=")
	if !has && p.pos+1 < len(p.words) && !p.looksLikeFlag(p.words[p.pos+1]) {
		value = p.words[p.pos+1]
		at := p.pos + 1 - len(p.words) + len(p.fixed)
		p.fixed = slices.Delete(p.fixed, at, at+1)
		words = append(slices.Clone(words[:len(words)-1]), words[len(words)-1]+value)
		p.fixed = slices.Replace(p.fixed, at-1, at, words...)
		p.pos++
		return
	}
	words = append(slices.Clone(words[:len(words)-1]), words[len(words)-1]+value)
	p.replaceFixed(words...)
}
