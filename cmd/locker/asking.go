package main

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"evidence-locker/locker/datafile"
	"evidence-locker/locker/record"
	"evidence-locker/report"

	"github.com/rivo/uniseg"
	"golang.org/x/text/width"
)

// A dialogue asks one question after the other on the terminal, each on a line
// of its own, skipped with Enter. It writes plain lines and nothing that steers
// a terminal: the cursor stays where an input method shows what is being
// converted, a screen reader reads every line once, and a dumb terminal shows
// all of it.
type dialogue struct {
	e     *env
	ctx   context.Context
	now   time.Time
	ended bool // by Ctrl-C: nothing more is asked, and what was given counts

	err    error // why it ended
	waited bool  // for the last line: it was not typed before its question
	enters int   // typed in advance, one for each of the next questions
}

// canAsk reports whether somebody sits there to answer: at a terminal, and with
// nothing else led to standard input.
func (e *env) canAsk() bool { return isTerminalFile(e.stdin) && e.ui.hasTerminal() }

// tell shows a text of the catalogue, wrapped.
func (d *dialogue) tell(key string, args ...any) {
	if d.ended {
		return
	}
	_ = d.e.ui.tell(wrap(d.e.ui.lang.msg(key, args...), helpWidth)...)
}

// echo shows how an answer was understood.
func (d *dialogue) echo(text string) { d.remark("= ", text) }

func (d *dialogue) remark(mark, text string) {
	if d.ended {
		return
	}
	lines := wrap(safe(text), helpWidth-4)
	for i := range lines {
		lines[i] = "  " + mark + lines[i]
		mark = "  "
	}
	_ = d.e.ui.tell(lines...)
}

// line asks for one line. The lines of a block that is pasted are joined by
// blanks.
func (d *dialogue) line(key string, args ...any) string {
	return strings.ReplaceAll(d.block(key, args...), "\n", " ")
}

// block asks for one line. If several are pasted, all of them are the answer:
// they must not answer the next questions. Those without text are left out. The
// last one may want its Enter still, which must skip no question either.
func (d *dialogue) block(key string, args ...any) string {
	answer := d.prompt(d.e.ui.lang.msg(key, args...))
	if d.ended || !d.waited {
		return answer
	}
	rest := d.rest()
	if rest != "" && !strings.HasSuffix(rest, "\n") {
		rest += d.prompt("")
	}
	if answer == "" && strings.TrimSpace(rest) == "" {
		d.enters = strings.Count(rest, "\n")
		return ""
	}
	var given []string
	for _, line := range strings.Split(answer+"\n"+rest, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			given = append(given, line)
		}
	}
	if len(given) > 1 {
		d.remark("", d.e.ui.lang.msg("form.pasted", len(given)))
	}
	return strings.Join(given, "\n")
}

// rest returns what came together with the last line.
func (d *dialogue) rest() string { return strings.ReplaceAll(d.e.ui.rest(), "\r", "\n") }

func (d *dialogue) prompt(text string) string {
	if d.ended {
		return ""
	}
	if d.enters > 0 {
		d.enters--
		d.waited = false
		_ = d.e.ui.tell(text)
		return ""
	}
	d.waited = !d.e.ui.typedAhead()
	answer, err := d.e.ui.askLine(d.ctx, text)
	d.ended, d.err = err != nil, err
	return strings.TrimSpace(answer)
}

// text asks for what a report may show: what looks like a secret is not taken.
func (d *dialogue) text(key string, args ...any) string {
	return d.harmless(func() string { return d.line(key, args...) })
}

// lines asks for a text of any number of lines, so that one that is pasted does
// not answer the next questions too. An empty line ends it, unless it stands in
// the middle of what was pasted: the rest must neither be lost nor reach the
// shell.
func (d *dialogue) lines(key string, args ...any) string {
	return d.harmless(func() string { return d.more(d.prompt(d.e.ui.lang.msg(key, args...))) })
}

// more reads the lines after the first.
func (d *dialogue) more(text string) string {
	mayBePasted := d.waited
	for next := text; !d.ended; {
		if next == "" {
			if !mayBePasted {
				break
			}
			rest := d.rest()
			if strings.TrimSpace(rest) == "" {
				break
			}
			if text != "" {
				text += "\n\n"
			}
			text += strings.TrimSpace(rest)
			if !strings.HasSuffix(rest, "\n") {
				_ = d.e.ui.tell("")
			}
		}
		if next = d.prompt(">"); next != "" {
			text += "\n" + next
		}
	}
	return text
}

func (d *dialogue) harmless(ask func() string) string {
	for {
		s := ask()
		if s == "" || !report.LooksSecret(s) {
			return s
		}
		d.e.ui.warning("form.secret")
		if d.ended {
			return ""
		}
	}
}

// time asks for a time and shows what it understood. Where it cannot read one,
// it asks again; Enter then keeps what was typed, of which a plan makes a note.
// Enter at once stands for other.
func (d *dialogue) time(other, key string, args ...any) string {
	typed := ""
	for {
		s := d.line(key, args...)
		switch {
		case s == "" && (typed != "" || other == "" || d.ended):
			return typed
		case s == "":
			s = other
		case s == "-":
			return ""
		}
		t, err := parseWhen(s, d.now, d.e.ui.lang == "ja")
		if err == nil {
			d.echo(formatTime(t))
			return s
		}
		if typed != "" {
			typed += "; "
		}
		typed += s // of two tries neither is dropped
		d.remark("? ", d.e.ui.lang.reason(err))
		key, args = "form.time-again", nil
	}
}

// amount asks for an amount, again if it cannot be read.
func (d *dialogue) amount(key string, args ...any) string {
	typed := ""
	for {
		s := d.line(key, args...)
		if s == "" {
			return typed
		}
		if _, ok := record.ParseAmount(s); ok {
			return s
		}
		typed = s
		d.remark("? ", d.e.ui.lang.msg("form.bad-amount"))
		key, args = "form.amount-again", nil
	}
}

// A choice is one thing of a list, under all the names that it may be found by.
type choice struct {
	key, name string
	names     []string
}

func (e *env) exchangeChoices() []choice {
	c, _ := e.books()
	var all []choice
	for _, x := range c.Exchanges() {
		all = append(all, choice{x.Key, x.Name(string(e.ui.lang)), []string{x.Key, x.EN, x.JA}})
	}
	return all
}

func (e *env) kindChoices() []choice {
	_, b := e.books()
	var all []choice
	for _, k := range b.Kinds() {
		all = append(all, choice{k.Key, k.Name(string(e.ui.lang)), []string{k.Key, k.EN, k.JA}})
	}
	return all
}

func (d *dialogue) exchange() string {
	keys := d.choose("form.exchange", "form.one", d.e.exchangeChoices(), d.e.names().exchange, false)
	if len(keys) == 0 {
		return ""
	}
	return keys[0]
}

func (d *dialogue) kinds() []string {
	return d.choose("form.kind", "form.several", d.e.kindChoices(), d.e.names().kind, true)
}

var (
	listMark    = regexp.MustCompile(`[,，、;；\n]`)
	onlyNumbers = regexp.MustCompile(`^[0-9\s]+$`)
)

// choose shows a list and takes numbers, names or parts of names. What fits
// nothing in the list is asked about, and then taken as it was typed.
func (d *dialogue) choose(title, prompt string, all []choice, lookup func(string) (string, []string, bool), several bool) []string {
	for {
		d.tell(title)
		d.show(all)
		answer := d.block(prompt)
		parts := []string{strings.ReplaceAll(answer, "\n", " ")}
		if several {
			parts = listMark.Split(answer, -1)
			if folded := width.Fold.String(answer); onlyNumbers.MatchString(folded) {
				parts = strings.Fields(folded)
			}
		}
		var keys []string
		again := false
		for _, p := range parts {
			p = strings.TrimSpace(p)
			if p == "" {
				continue
			}
			key, ok := d.find(p, all, all, lookup)
			again = again || !ok
			if key != "" && !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
		if !again || d.ended {
			return keys
		}
	}
}

// find returns the key of what s stands for: a number in shown, a name, or a
// part of one. It asks which, if several have that part. It is not ok if s is a
// number of nothing.
func (d *dialogue) find(s string, shown, all []choice, lookup func(string) (string, []string, bool)) (key string, ok bool) {
	if n, err := strconv.Atoi(width.Fold.String(s)); err == nil {
		if n < 1 || n > len(shown) {
			d.remark("? ", d.e.ui.lang.msg("form.no-number", s))
			return "", d.ended
		}
		d.echo(shown[n-1].name)
		return shown[n-1].key, true
	}
	key, near, known := lookup(s)
	for _, c := range all {
		if known && c.key == key {
			d.echo(c.name)
			return key, true
		}
	}
	part := datafile.Fold(s)
	var fit, having []choice // which it may mean, and which have it as a part
	for _, c := range all {
		has := slices.ContainsFunc(c.names, func(name string) bool {
			return part != "" && strings.Contains(datafile.Fold(name), part)
		})
		if has {
			having = append(having, c)
		}
		if has || slices.ContainsFunc(c.names, func(name string) bool { return slices.Contains(near, name) }) {
			fit = append(fit, c)
		}
	}
	switch {
	case d.ended:
		return s, true
	case len(having) == 1:
		d.echo(having[0].name)
		return having[0].key, true
	}
	for {
		if len(fit) > 0 {
			d.tell("form.which", s)
			d.show(fit)
		} else {
			d.remark("? ", d.e.ui.lang.msg("form.none", s))
			fit = all
		}
		answer := d.line("form.keep", s)
		if answer == "" || answer == s {
			return s, true
		}
		if key, ok := d.find(answer, fit, all, lookup); ok {
			return key, true
		}
	}
}

// show lists choices with their numbers, in as many columns as there is room for.
func (d *dialogue) show(list []choice) {
	if d.ended {
		return
	}
	cells, widest := make([]string, len(list)), 0
	for i, c := range list {
		cells[i] = fmt.Sprintf("%3d %s", i+1, safe(c.name))
		widest = max(widest, uniseg.StringWidth(cells[i])+1)
	}
	var lines []string
	for columns := max(1, helpWidth/widest); len(cells) > 0; {
		n := min(columns, len(cells))
		line := ""
		for _, c := range cells[:n] {
			line += c + strings.Repeat(" ", widest-uniseg.StringWidth(c))
		}
		lines = append(lines, strings.TrimRight(line, " "))
		cells = cells[n:]
	}
	_ = d.e.ui.tell(lines...)
}
