package main

// This file owns the terminal. The rules:
//
//   - Standard output carries results and nothing else.
//   - Standard error carries lines that begin with "locker: error:",
//     "locker: warning:" or "locker: hint:", in lower case and without a full
//     stop, and the progress bar, which is wiped before anything is printed.
//   - Questions go to the controlling terminal, wherever the streams lead, and
//     so does a generated passphrase, which must reach the person only.
//   - What is typed as a passphrase is never shown, kept or logged. Ctrl-C at a
//     question gives the terminal back as it was.
//   - Text from outside passes through safe before it is shown.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"evidence-locker/locker"

	"golang.org/x/term"
)

// errNoTerminal says that there is nobody to ask.
var errNoTerminal = errors.New("no terminal to ask on")

// A ui talks to the person.
type ui struct {
	lang    lang
	out     io.Writer
	err     io.Writer
	openTTY func() (in, out *os.File, err error)
	quiet   bool
	asJSON  bool
	vault   string // path, for messages
	bar     *bar   // nil while none is shown
	outErr  error  // the first failure of standard output
	partly  bool   // something was not recorded or done as asked
	reading bool   // a question was left unanswered: its terminal stays open
	given   string // the vault as the command line names it, "" if it does not

	kindName  func(key string, width int) string
	verifying bool    // given, if any, is the argument of verify
	committed []int64 // the records that this run has made
}

func newUI(e *env, l lang) *ui {
	return &ui{lang: l, out: e.stdout, err: e.stderr, openTTY: e.openTTY, kindName: e.kindName}
}

// print writes one result line.
func (u *ui) print(line string) {
	u.bar.wipe()
	if _, err := io.WriteString(u.out, line+"\n"); err != nil && u.outErr == nil {
		u.outErr = err
	}
}

// say writes one result line from the catalogue.
func (u *ui) say(key string, args ...any) { u.print(u.lang.msg(key, args...)) }

// committedSeqs lists the records that this run has made.
func (u *ui) committedSeqs() string {
	words := make([]string, len(u.committed))
	for i, seq := range u.committed {
		words[i] = strconv.FormatInt(seq, 10)
	}
	return u.lang.list(words)
}

// command is a command line for the vault that this run is about.
func (u *ui) command(words ...string) []string {
	line := []string{"locker"}
	if u.given != "" {
		line = append(line, "--vault", u.given)
	}
	return append(line, words...)
}

// printJSON writes a result for programs.
func (u *ui) printJSON(v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("writing JSON: %w", err)
	}
	u.print(string(visibleJSON(data)))
	return nil
}

// stderr writes one line, folded where a terminal shows it; the three prefixes
// stay English, for programs.
func (u *ui) stderr(prefix, text string) {
	u.bar.wipe()
	line := "locker: " + prefix + text
	if isTerminalFile(u.err) {
		line = strings.Join(foldMessage(line), "\n")
	}
	fmt.Fprintln(u.err, line)
}

func (u *ui) error(key string, args ...any)   { u.stderr("error: ", u.lang.msg(key, args...)) }
func (u *ui) warning(key string, args ...any) { u.stderr("warning: ", u.lang.msg(key, args...)) }

// hint says what to do next.
func (u *ui) hint(key string, args ...any) {
	if !u.quiet {
		u.stderr("hint: ", u.lang.msg(key, args...))
	}
}

// advise is hint with the program and the vault before the command that it
// names, so that the line holds for the vault that this run is about.
func (u *ui) advise(key string) {
	if strings.Contains(u.lang.msg(key), "%s") {
		u.hint(key, quoteLine(u.command()))
		return
	}
	u.hint(key)
}

// info says what is going on.
func (u *ui) info(key string, args ...any) {
	if !u.quiet {
		u.stderr("", u.lang.msg(key, args...))
	}
}

// plain shows one item of a list that info has announced.
func (u *ui) plain(text string) {
	if !u.quiet {
		u.listed(text)
	}
}

// listed shows one item of a list that a warning has announced.
func (u *ui) listed(text string) {
	u.bar.wipe()
	for i, line := range wrap(safe(text), helpWidth-4) {
		fmt.Fprintln(u.err, strings.Repeat(" ", 2+2*min(i, 1))+line)
	}
}

// lost warns of something that was not recorded or done as asked: the exit
// code will say so too.
func (u *ui) lost(key string, args ...any) {
	u.partly = true
	u.warning(key, args...)
}

// vaultWarning shows a warning of the vault.
func (u *ui) vaultWarning(w locker.Warning) {
	switch key := "vault-warning." + w.Code; {
	case w.Code == "no-such-incident":
		u.partly = true
		u.warning(key, w.Detail)
	case w.Code == "nodes-rebuilt", w.Code == "head-mismatch", w.Code == "schema-differs":
		u.warning(key, quoteLine(u.command("verify")), w.Detail)
	case u.lang.has(key):
		u.warning(key, w.Detail)
	default:
		u.warning("vault-warning.other", w.Code, w.Detail)
	}
}

// waiting says whom a writer waits for.
func (u *ui) waiting(holder string) {
	if holder == "" {
		u.warning("waiting")
		return
	}
	u.warning("waiting-for", holder)
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// wipeLine clears the line that the terminal w is in.
func wipeLine(w io.Writer) {
	f, ok := w.(*os.File)
	if !ok {
		return
	}
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 1 {
		fmt.Fprintf(f, "\r%*s\r", width-1, "")
	}
}

// hasTerminal reports whether there is somebody to ask.
func (u *ui) hasTerminal() bool {
	return u.withTTY(func(_, _ *os.File) error { return nil }) == nil
}

func (u *ui) withTTY(f func(in, out *os.File) error) error {
	in, out, err := u.openTTY()
	if err != nil {
		return errNoTerminal
	}
	defer func() {
		if u.reading { // whoever was left behind at an interrupt still reads from it
			return
		}
		in.Close()
		if out != in {
			out.Close()
		}
	}()
	if !isTerminal(in) {
		return errNoTerminal
	}
	return f(in, out)
}

// tell shows lines on the controlling terminal only.
func (u *ui) tell(lines ...string) error {
	u.bar.wipe()
	return u.withTTY(func(_, out *os.File) error {
		_, err := io.WriteString(out, strings.Join(lines, "\r\n")+"\r\n")
		return err
	})
}

// askSecret asks for one line and does not show it.
func (u *ui) askSecret(ctx context.Context, key string, args ...any) (string, error) {
	return u.prompt(ctx, u.lang.msg(key, args...), func(in, out *os.File) (string, error) {
		b, err := term.ReadPassword(int(in.Fd()))
		// The Enter that was typed was not shown either.
		fmt.Fprint(out, "\r\n")
		return string(b), err
	})
}

// askLine asks for one line in words of its own, folded, with a blank after them. If ctx ends in the middle of
// the line, it returns what was typed of it beside the error, where the system
// can tell.
func (u *ui) askLine(ctx context.Context, text string) (string, error) {
	return u.converse(ctx, strings.Join(wrap(text, helpWidth-1), "\r\n"), readLine, true)
}

// typedAhead reports whether a line is there before its question is asked. What
// follows it then answers the next one.
func (u *ui) typedAhead() (there bool) {
	_ = u.withTTY(func(in, _ *os.File) error {
		there = lineThere(in)
		return nil
	})
	return there
}

// rest returns what was typed or pasted and no question has read yet.
func (u *ui) rest() (text string) {
	_ = u.withTTY(func(in, _ *os.File) error {
		text = takeRest(in)
		return nil
	})
	return text
}

// prompt shows text and reads an answer with read, until ctx ends.
func (u *ui) prompt(ctx context.Context, text string, read func(in, out *os.File) (string, error)) (string, error) {
	return u.converse(ctx, text, read, false)
}

// halfLine is how long what was typed of a line may take to arrive.
const halfLine = 200 * time.Millisecond

// converse is prompt; keep saves what was typed of a line when ctx ends.
func (u *ui) converse(ctx context.Context, text string, read func(in, out *os.File) (string, error), keep bool) (string, error) {
	u.bar.wipe()
	var answer string
	err := u.withTTY(func(in, out *os.File) error {
		before, err := term.GetState(int(in.Fd()))
		if err != nil {
			return errNoTerminal
		}
		if keep {
			keepTyped(in)
			defer term.Restore(int(in.Fd()), before)
		}
		fmt.Fprintf(out, "%s ", text)
		type result struct {
			text string
			err  error
		}
		done := make(chan result, 1)
		go func() {
			s, err := read(in, out)
			done <- result{s, err}
		}()
		select {
		case r := <-done:
			answer, err = r.text, r.err
		case <-ctx.Done():
			if keep && takeTyped(in) {
				select {
				case r := <-done:
					answer = r.text
					fmt.Fprint(out, "\r\n")
					return ctx.Err()
				case <-time.After(halfLine): // nothing was typed
				}
			}
			// The reader stays behind until the process ends; the terminal
			// must not stay as it set it.
			_ = term.Restore(int(in.Fd()), before)
			fmt.Fprint(out, "\r\n")
			u.reading = true
			return ctx.Err()
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		return err
	})
	return answer, err
}

// readLine reads one line byte by byte, so that what follows stays for the
// next question.
func readLine(in, _ *os.File) (string, error) {
	var line []byte
	b := make([]byte, 1)
	for {
		n, err := in.Read(b)
		if n == 1 && b[0] == '\n' {
			return strings.TrimSuffix(string(line), "\r"), nil
		}
		line = append(line, b[:n]...)
		if err != nil {
			return string(line), err
		}
	}
}

// formatAge says how long ago something was, in the largest whole unit.
func (u *ui) formatAge(d time.Duration) string {
	if h := int(d.Hours()); h < 48 {
		return u.lang.msg("age.hours", h)
	}
	return u.lang.msg("age.days", int(d.Hours()/24))
}
