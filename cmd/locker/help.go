package main

import (
	"strings"

	"evidence-locker/locker/record"

	"github.com/rivo/uniseg"
	"github.com/urfave/cli/v2"
)

// helpWidth is how many columns help and tables take, an East Asian wide
// character counting two.
const helpWidth = 80

// helpIndent is the column in which explanations of flags and commands begin.
const helpIndent = 26

// showHelp prints the help of a command, or of the program for "".
func (e *env) showHelp(app *cli.App, command string) error {
	l := e.ui.lang
	var b strings.Builder
	if command == "" {
		appHelp(&b, l, app)
	} else {
		commandHelp(&b, l, app.Command(command))
	}
	e.ui.print(strings.TrimRight(b.String(), "\n"))
	return nil
}

// showFields lists what --set takes, by what it is about.
func (e *env) showFields() {
	l := e.ui.lang
	var b strings.Builder
	paragraph(&b, l.msg("help.fields"))
	for _, t := range settableTypes {
		heading(&b, l.msg("group."+string(t)))
		for _, f := range record.FieldsOf(t) {
			if !canSet(t, f.Name) {
				continue
			}
			text := l.labelOf(t, f.Name)
			if note, ok := fieldNotes[f.Kind]; ok {
				text += " " + l.msg(note)
			}
			entry(&b, string(t)+"."+f.Name, text)
		}
		b.WriteString("\n")
	}
	e.ui.print(strings.TrimRight(b.String(), "\n"))
}

// fieldNotes say how a value is written that is no plain text.
var fieldNotes = map[record.Kind]string{
	record.KindTime: "help.field-time", record.KindAmount: "help.field-amount", record.KindInt: "help.field-number", record.KindList: "help.field-list",
}

func appHelp(b *strings.Builder, l lang, app *cli.App) {
	paragraph(b, l.msg("help.app"))
	heading(b, l.msg("help.usage"))
	b.WriteString("  locker " + l.msg("help.app.usage") + "\n\n")
	heading(b, l.msg("help.commands"))
	for _, c := range app.Commands {
		entry(b, c.Name, l.msg("help."+c.Name))
	}
	b.WriteString("\n")
	flagHelp(b, l, "help.global-flags", "", app.Flags)
	b.WriteString(l.msg("help.app.more") + "\n")
	exitHelp(b, l)
}

func commandHelp(b *strings.Builder, l lang, c *cli.Command) {
	paragraph(b, l.msg("help."+c.Name))
	heading(b, l.msg("help.usage"))
	b.WriteString("  locker " + c.Name + " " + l.msg("help."+c.Name+".usage") + "\n\n")
	if key := "help." + c.Name + ".text"; l.has(key) {
		b.WriteString(l.msg(key) + "\n\n")
	}
	flagHelp(b, l, "help.flags", c.Name, c.Flags)
	b.WriteString(l.msg("help.see-global") + "\n\n")
	exitHelp(b, l)
}

func flagHelp(b *strings.Builder, l lang, title, command string, flags []cli.Flag) {
	if len(flags) == 0 {
		return
	}
	heading(b, l.msg(title))
	for _, f := range flags {
		names := f.Names()
		left := dashed(names[0])
		if len(names) > 1 {
			left = dashed(names[1]) + ", " + left
		}
		if v := valueName(f); v != "" {
			left += " " + v
		}
		text := l.msg(flagKey(l, command, names[0]))
		if _, many := f.(*cli.StringSliceFlag); many {
			text += l.msg("help.repeat")
		}
		entry(b, left, text)
	}
	b.WriteString("\n")
}

// flagKey finds a flag's text: one of the command's own, or a common one.
func flagKey(l lang, command, name string) string {
	if key := "flag." + command + "." + name; l.has(key) {
		return key
	}
	return "flag." + name
}

func valueName(f cli.Flag) string {
	switch f := f.(type) {
	case *cli.StringFlag:
		return f.Usage
	case *cli.StringSliceFlag:
		return f.Usage
	}
	return ""
}

func exitHelp(b *strings.Builder, l lang) {
	heading(b, l.msg("help.exit"))
	paragraph(b, l.msg("help.exit.text"))
}

func heading(b *strings.Builder, text string) { b.WriteString(text + "\n") }

func paragraph(b *strings.Builder, text string) {
	for _, line := range wrap(text, helpWidth) {
		b.WriteString(line + "\n")
	}
	b.WriteString("\n")
}

// entry writes a name and its explanation in two columns.
func entry(b *strings.Builder, left, text string) {
	left = "  " + left
	pad := strings.Repeat(" ", helpIndent)
	for i, line := range wrap(text, helpWidth-helpIndent) {
		switch {
		case i > 0:
			b.WriteString(pad)
		case uniseg.StringWidth(left) > helpIndent-2:
			b.WriteString(left + "\n" + pad)
		default:
			b.WriteString(left + pad[uniseg.StringWidth(left):])
		}
		b.WriteString(line + "\n")
	}
}

// wrap breaks text into lines of at most width columns where Unicode's rules
// (UAX 14) allow a break, Japanese included.
func wrap(text string, width int) []string {
	var lines []string
	for _, par := range strings.Split(text, "\n") {
		line, state := "", -1
		for rest := par; rest != ""; {
			var word string
			word, rest, _, state = uniseg.FirstLineSegmentInString(rest, state)
			if line != "" && uniseg.StringWidth(line+strings.TrimRight(word, " ")) > width {
				lines = append(lines, strings.TrimRight(line, " "))
				line = ""
			}
			line += word
		}
		lines = append(lines, strings.TrimRight(line, " "))
	}
	return lines
}
