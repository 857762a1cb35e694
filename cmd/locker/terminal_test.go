//go:build unix

package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

// A session is the program on a pseudo-terminal.
type session struct {
	t   *testing.T
	cmd *exec.Cmd
	tty *os.File // our end
	out chan []byte
	got bytes.Buffer
}

func startSession(t *testing.T, home string, args ...string) *session {
	t.Helper()
	cmd := exec.Command("locker", args...)
	cmd.Dir = home
	cmd.Env = append(os.Environ(), "HOME="+home, "XDG_DATA_HOME=", "XDG_CONFIG_HOME=", "LANG=C", "LOCKER_LANG=", "LOCKER_VAULT=", "LOCKER_PASSPHRASE_FILE=", "LC_ALL=", "TERM=xterm")
	return onTerminal(t, cmd)
}

// onTerminal starts a program on a pseudo-terminal.
func onTerminal(t *testing.T, cmd *exec.Cmd) *session {
	t.Helper()
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 80})
	if err != nil {
		t.Fatal(err)
	}
	s := &session{t: t, cmd: cmd, tty: tty, out: make(chan []byte, 100)}
	go func() {
		defer close(s.out)
		for {
			b := make([]byte, 4096)
			n, err := tty.Read(b)
			s.out <- b[:n]
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		tty.Close()
	})
	return s
}

// expect waits until the terminal shows text.
func (s *session) expect(text string) {
	s.t.Helper()
	deadline := time.After(20 * time.Second)
	for !strings.Contains(s.got.String(), text) {
		select {
		case b, ok := <-s.out:
			if !ok {
				s.t.Fatalf("the program ended without %q:\n%s", text, s.got.String())
			}
			s.got.Write(b)
		case <-deadline:
			s.t.Fatalf("waited for %q:\n%s", text, s.got.String())
		}
	}
}

func (s *session) send(text string) {
	s.t.Helper()
	if _, err := s.tty.WriteString(text); err != nil {
		s.t.Fatal(err)
	}
}

// code waits for the end of the program and returns its exit code.
func (s *session) code() int {
	s.t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- s.cmd.Wait() }()
	select {
	case err := <-ended:
		for b := range s.out {
			s.got.Write(b)
		}
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return exit.ExitCode()
		}
		return 0
	case <-time.After(20 * time.Second):
		s.t.Fatalf("the program does not end:\n%s", s.got.String())
		return -1
	}
}

// Ctrl-C at a question gives the terminal back as it was and exits 130.
func TestInterruptAtPrompt(t *testing.T) {
	s := startSession(t, t.TempDir(), "init")
	s.expect("New passphrase")
	waitForEcho(t, s.tty, false)
	s.send("half a passph\x03")
	if code := s.code(); code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
	if !strings.Contains(s.got.String(), "locker: error: interrupted") {
		t.Errorf("nothing said:\n%s", s.got.String())
	}
	if strings.Contains(s.got.String(), "passph\r") || strings.Contains(s.got.String(), "half") {
		t.Errorf("what was typed is shown:\n%s", s.got.String())
	}
	if !echo(t, s.tty) {
		t.Error("the terminal was left without echo")
	}
}

// Ctrl-C after the first add has made a vault keeps vault and record.
func TestInterruptKeepsRecord(t *testing.T) {
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, "shot.txt"), []byte("evidence"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := startSession(t, home, "add", "shot.txt")
	s.expect("Own passphrase instead")
	waitForEcho(t, s.tty, false)
	s.send("\x03")
	if code := s.code(); code != exitDone { // what was asked for is done
		t.Errorf("exit code %d, want %d:\n%s", code, exitDone, s.got.String())
	}
	if strings.Contains(s.got.String(), "error:") {
		t.Errorf("an error is shown:\n%s", s.got.String())
	}
	if !strings.Contains(s.got.String(), "everything is recorded; the generated passphrase stays in force") {
		t.Errorf("not said:\n%s", s.got.String())
	}
	check := startSession(t, home, "verify")
	check.expect("Enter to skip")
	check.send("\r")
	check.expect("files 1")
	check.expect("no fault found")
	if code := check.code(); code != exitDone {
		t.Errorf("verify: exit code %d", code)
	}
}

// A vault never stands under a passphrase that was not shown: killed as soon as
// there is a vault, the program has shown it.
func TestPassphraseBeforeVault(t *testing.T) {
	for _, args := range [][]string{{"add", "--note", "x"}, {"init"}} {
		home := t.TempDir()
		s := startSession(t, home, args...)
		if args[0] == "init" {
			s.expect("New passphrase")
			s.send("\r")
		}
		vault := filepath.Join(home, ".local/share/locker/vault.locker")
		for start := time.Now(); !exists(vault); {
			if time.Since(start) > 20*time.Second {
				t.Fatal("no vault")
			}
		}
		s.cmd.Process.Kill()
		s.expect("It is shown only now")
		s.expect("Write it down now")
	}
}

// Standard input that is a terminal is no file to read a passphrase from: what is
// typed is not shown, and Ctrl-C works.
func TestInterruptAtPassphraseStdin(t *testing.T) {
	home := t.TempDir()
	first := startSession(t, home, "add", "--note", "x")
	first.expect("Own passphrase instead")
	first.send("\r")
	first.code()
	s := startSession(t, home, "list", "--passphrase-file", "-")
	s.expect("Passphrase for")
	waitForEcho(t, s.tty, false)
	s.send("half a passph\x03")
	if code := s.code(); code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
	if strings.Contains(s.got.String(), "half") {
		t.Errorf("what was typed is shown:\n%s", s.got.String())
	}
}

// initWithFile makes a vault under a known passphrase.
func initWithFile(t *testing.T, home string) {
	t.Helper()
	pw := filepath.Join(home, "pw")
	if err := os.WriteFile(pw, []byte("a long enough passphrase\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := startSession(t, home, "init", "--passphrase-file", pw)
	if code := s.code(); code != exitDone {
		t.Fatalf("init: exit code %d:\n%s", code, s.got.String())
	}
}

// What is typed while a passphrase is checked is neither shown nor taken for an
// answer to the next question.
func TestTypedAhead(t *testing.T) {
	home := t.TempDir()
	initWithFile(t, home)
	s := startSession(t, home, "list")
	s.expect("Passphrase for")
	waitForEcho(t, s.tty, false)
	s.send("wrong\rtyped ahead\r")
	s.expect("wrong passphrase, try again\r\nPassphrase for")
	if echo(t, s.tty) {
		t.Error("echo is on between the tries")
	}
	s.send("a long enough passphrase\r")
	if code := s.code(); code != exitDone {
		t.Errorf("exit code %d:\n%s", code, s.got.String())
	}
	if strings.Contains(s.got.String(), "typed ahead") {
		t.Errorf("what was typed is shown:\n%s", s.got.String())
	}
	if !echo(t, s.tty) {
		t.Error("the terminal was left without echo")
	}
}

// Three tries.
func TestWrongPassphrases(t *testing.T) {
	home := t.TempDir()
	initWithFile(t, home)
	s := startSession(t, home, "list")
	s.expect("Passphrase for")
	s.send("one\r")
	s.expect("try again\r\nPassphrase for")
	s.got.Reset()
	s.send("two\r")
	s.expect("try again\r\nPassphrase for")
	s.send("three\r")
	if code := s.code(); code != exitPassphrase {
		t.Errorf("exit code %d, want %d", code, exitPassphrase)
	}
	if !strings.Contains(s.got.String(), "locker: error: wrong passphrase") {
		t.Errorf("not said:\n%s", s.got.String())
	}
}

// Ctrl-C while a passphrase is checked ends the program without another word
// about it.
func TestInterruptWhileChecking(t *testing.T) {
	t.Setenv("LOCKER_TEST_SCRYPT", "real") // a check takes a second
	home := t.TempDir()
	initWithFile(t, home)
	s := startSession(t, home, "list")
	s.expect("Passphrase for")
	waitForEcho(t, s.tty, false)
	s.send("wrong\r")
	s.expect("vault.locker: \r")
	s.send("\x03")
	if code := s.code(); code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
	if got := s.got.String(); strings.Contains(got, "try again") || strings.Count(got, "Passphrase for") != 1 {
		t.Errorf("it went on:\n%s", got)
	}
	if !echo(t, s.tty) {
		t.Error("the terminal was left without echo")
	}
}

// A PDF is not for a terminal.
func TestReportOnTerminal(t *testing.T) {
	s := startSession(t, t.TempDir(), "report", "-o", "-")
	s.expect("a PDF is not for a terminal; give -o FILE, or --format text")
	if code := s.code(); code != exitUsage {
		t.Errorf("exit code %d, want %d", code, exitUsage)
	}
}

// A signal in the middle of standard input ends the wait.
func TestInterruptAtStdin(t *testing.T) {
	home := t.TempDir()
	first := startSession(t, home, "init")
	first.expect("New passphrase")
	first.send("\r")
	first.expect("made the vault")
	first.code()
	s := startSession(t, home, "add", "-")
	s.expect("type or paste what is to be recorded, then Ctrl-D")
	s.send("\x03")
	if code := s.code(); code != exitInterrupted {
		t.Errorf("exit code %d, want %d:\n%s", code, exitInterrupted, s.got.String())
	}
}

// Help puts nothing on a terminal but itself: no question to the terminal that
// may never be answered.
func TestHelpAsksNothing(t *testing.T) {
	s := startSession(t, t.TempDir(), "--help")
	if code := s.code(); code != exitDone {
		t.Errorf("exit code %d", code)
	}
	if out := strings.ReplaceAll(s.got.String(), "\r\n", "\n"); strings.ContainsFunc(out, func(r rune) bool { return r < ' ' && r != '\n' }) {
		t.Errorf("help holds control characters: %q", out)
	}
}

// Several lines that are pasted at a question for one are its answer, an
// unfinished last one too. They answer no other question.
func TestPastedBlockAnswersOneQuestion(t *testing.T) {
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		t.Skip("what was pasted is told from what was typed on Linux and macOS only")
	}
	home := t.TempDir()
	initWithFile(t, home)
	s := startSession(t, home, "add")
	for _, a := range []struct{ prompt, answer string }{
		{"part of it:", "my own\rexchange\r"},
		{`(Enter keeps "my own exchange" as it is):`, "\r"},
		{"or names, several with commas:", "theft\r\rtakeover"},
		{"not known)", "tea\rtime\r"},
		{"as a note):", "\r"},
		{"Order IDs, if any, several with commas:", "90000000001\r90000000002　３\rsell 4\r\r"},
		{"an empty line ends)", "\r"},
	} {
		s.expect(a.prompt)
		s.got.Reset()
		s.send(a.answer)
		if !strings.HasSuffix(a.answer, "\r") {
			s.expect("takeover ") // the program has it, and waits for the Enter
			s.send("\r")
		}
	}
	if code := s.code(); code != exitPartly { // the time
		t.Errorf("exit code %d, want %d", code, exitPartly)
	}
	for _, want := range []string{"exchange: my own exchange\r", "kind: theft\r", "kind: takeover\r", `note  --at "tea time"`,
		"ID: 90000000001;", "ID: 90000000002;", "ID: ３;", "ID: sell 4;"} {
		if !strings.Contains(s.got.String(), want) {
			t.Errorf("no %q:\n%s", want, s.got.String())
		}
	}
	if n := strings.Count(s.got.String(), "order  ID:"); n != 4 {
		t.Errorf("%d orders", n)
	}
}

// An empty line in the middle of a pasted text does not end it: nothing of it is
// lost or left to the shell. The empty line that somebody types does.
func TestPastedTextIsTakenWhole(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("what was pasted is told from what was typed on Linux only")
	}
	home := t.TempDir()
	initWithFile(t, home)
	s := startSession(t, home, "add")
	for _, prompt := range []string{"part of it:", "or names, several with commas:", "not known)", "Order IDs, if any, several with commas:"} {
		s.expect(prompt)
		s.send("\r")
	}
	s.expect("an empty line ends)")
	s.send("the mail said:\r\rYour coins are safe\rno end")
	s.expect("no end> \r\r\n> ")
	s.send("\r")
	if code := s.code(); code != exitDone {
		t.Errorf("exit code %d, want %d", code, exitDone)
	}
	if want := `the mail said:\n\nYour coins are safe\nno end`; !strings.Contains(s.got.String(), want) {
		t.Errorf("no %q:\n%s", want, s.got.String())
	}
}

// Ctrl-C in the middle of the questions records what was answered, and on Linux
// what was typed of the line too, says so, and gives the terminal back.
func TestInterruptKeepsAnswers(t *testing.T) {
	home := t.TempDir()
	initWithFile(t, home)
	s := startSession(t, home, "add")
	s.expect("part of it:")
	s.send("bitbank\r")
	s.expect("with commas:")
	s.send("theft\r")
	s.expect("not known)")
	s.send("\r")
	s.expect("with commas:")
	s.send("\r")
	s.expect("an empty line ends)")
	s.send("it is all gone\r")
	s.expect("\n> ")
	s.send("since half past")
	s.expect("since half past")
	s.send("\x03")
	if code := s.code(); code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
	want := []string{"exchange: bitbank", "kind: theft", "account of events: it is all gone", "what was answered until then is recorded", "error: interrupted"}
	if runtime.GOOS == "linux" {
		want[2] += `\nsince half past`
	}
	for _, text := range want {
		if !strings.Contains(s.got.String(), text) {
			t.Errorf("no %q:\n%s", text, s.got.String())
		}
	}
	if !echo(t, s.tty) {
		t.Error("the terminal was left without echo")
	}
	show := startSession(t, home, "show", "--passphrase-file", "pw")
	show.expect("it is all gone")
	show.code()
}

// Ctrl-C in the middle of fill keeps what was answered, the thing that was being
// answered included, and so it does in profile.
func TestInterruptKeepsFilled(t *testing.T) {
	home := t.TempDir()
	initWithFile(t, home)
	first := startSession(t, home, "add", "--note", "x", "--exchange", "bitbank", "--order", "1")
	first.code()
	s := startSession(t, home, "fill", "--passphrase-file", "pw")
	s.expect("title (Enter to skip)")
	s.send("coins gone\r")
	s.expect("name (Enter to skip)")
	s.send("Hanako")
	s.expect("Hanako")
	s.send("\x03")
	if code := s.code(); code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
	want := []string{"title: coins gone", "what was answered until then is recorded"}
	if runtime.GOOS == "linux" {
		want = append(want, "person  name: Hanako")
	}
	for _, text := range want {
		if !strings.Contains(s.got.String(), text) {
			t.Errorf("no %q:\n%s", text, s.got.String())
		}
	}
	p := startSession(t, home, "profile", "set")
	p.expect("name (Enter to skip)")
	p.send("\r")
	p.expect("kana (Enter to skip)")
	p.send("ハナコ\r")
	p.expect("address (Enter to skip)")
	p.send("\x03")
	if code := p.code(); code != exitInterrupted {
		t.Errorf("profile: exit code %d, want %d", code, exitInterrupted)
	}
	if !strings.Contains(p.got.String(), "kana: ハナコ") {
		t.Errorf("profile did not keep it:\n%s", p.got.String())
	}
}

// A terminal that is closed in the middle of the questions loses no answer.
func TestHangupKeepsAnswers(t *testing.T) {
	home := t.TempDir()
	initWithFile(t, home)
	s := startSession(t, home, "add")
	s.expect("part of it:")
	s.send("bitbank\r")
	s.expect("with commas:")
	if err := s.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if code := s.code(); code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
	show := startSession(t, home, "show", "--passphrase-file", "pw")
	show.expect("exchange: bitbank")
	show.code()
}

// Ctrl-C before any answer records nothing.
func TestInterruptBeforeAnswers(t *testing.T) {
	home := t.TempDir()
	initWithFile(t, home)
	s := startSession(t, home, "add")
	s.expect("part of it:")
	s.send("\x03")
	if code := s.code(); code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
	if got := s.got.String(); !strings.Contains(got, "locker: nothing was recorded\r\nlocker: error: interrupted") || strings.Contains(got, "incident 1") {
		t.Errorf("it is not said that nothing is recorded:\n%s", got)
	}
}

// Questions need no answer from the terminal itself, and put nothing on it that
// steers it: neither where it is dumb nor where it says nothing.
func TestQuestionsSteerNothing(t *testing.T) {
	home := t.TempDir()
	initWithFile(t, home)
	start := time.Now()
	s := startSession(t, home, "add")
	s.expect("part of it:")
	if took := time.Since(start); took > 4*time.Second {
		t.Errorf("the first question took %v", took)
	}
	s.send("bitbank\r")
	for _, prompt := range []string{"with commas:", "not known)", "Order IDs, if any, several with commas:", "an empty line ends)"} {
		s.expect(prompt)
		s.send("\r")
	}
	if code := s.code(); code != exitDone {
		t.Errorf("exit code %d:\n%s", code, s.got.String())
	}
	if out := strings.ReplaceAll(s.got.String(), "\r", ""); strings.ContainsFunc(out, func(r rune) bool { return r < ' ' && r != '\n' }) {
		t.Errorf("questions hold control characters: %q", out)
	}
}

// echo reports whether the terminal shows what is typed.
func echo(t *testing.T, tty *os.File) bool {
	t.Helper()
	stty := exec.Command("stty", "-a")
	stty.Stdin = tty
	out, err := stty.Output()
	if err != nil {
		t.Skip("no stty that reads a pseudo-terminal:", err)
	}
	return !strings.Contains(string(out), "-echo ")
}

func waitForEcho(t *testing.T, tty *os.File, want bool) {
	t.Helper()
	for range 100 {
		if echo(t, tty) == want {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("echo is still %v", !want)
}

// BenchmarkHelp is the start-up of the program.
func BenchmarkHelp(b *testing.B) {
	for b.Loop() {
		if err := exec.Command("locker", "--help").Run(); err != nil {
			b.Fatal(err)
		}
	}
}

// On a terminal no line of a record is wider than it; in a pipe each is one.
func TestRecordsFitTheTerminal(t *testing.T) {
	home := t.TempDir()
	initWithFile(t, home)
	args := []string{"tried", "sell 0.5 btc_jpy 9800000", "--saw", "503 Service Unavailable, please wait for a while", "--times", "12"}
	s := startSession(t, home, args...)
	s.code()
	shown := 0
	for _, line := range strings.Split(s.got.String(), "\r\n") {
		if shown++; len(line) > helpWidth {
			t.Errorf("%d columns: %s", len(line), line)
		}
	}
	if shown < 4 {
		t.Errorf("not folded:\n%s", s.got.String())
	}
	cmd := exec.Command("locker", args...)
	cmd.Dir, cmd.Env = home, append(os.Environ(), "HOME="+home, "XDG_DATA_HOME=", "XDG_CONFIG_HOME=", "LANG=C", "LOCKER_LANG=", "LOCKER_VAULT=", "LC_ALL=")
	out, err := cmd.Output()
	if err != nil || strings.Count(string(out), "\n") != 2 {
		t.Errorf("%v: %q", err, out)
	}
}

// A message on a terminal is folded, in a pipe it is one line.
func TestMessagesFitTheTerminal(t *testing.T) {
	home := t.TempDir()
	initWithFile(t, home)
	args := []string{"add", "--to-address", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb"}
	s := startSession(t, home, args...)
	s.code()
	said := strings.ReplaceAll(s.got.String(), "\r", "")
	for _, line := range strings.Split(said, "\n") {
		if len(line) > helpWidth {
			t.Errorf("%d columns: %s", len(line), line)
		}
	}
	cmd := exec.Command("locker", args...)
	cmd.Dir, cmd.Env = home, append(os.Environ(), "HOME="+home, "XDG_DATA_HOME=", "XDG_CONFIG_HOME=", "LANG=C", "LOCKER_LANG=", "LOCKER_VAULT=", "LC_ALL=")
	var errout strings.Builder
	cmd.Stderr = &errout
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	long := 0
	for _, line := range strings.Split(strings.TrimSpace(errout.String()), "\n") {
		if !strings.HasPrefix(line, "locker: ") {
			t.Errorf("folded in a pipe: %q", line)
		}
		if len(line) > helpWidth {
			long++
		}
	}
	if long == 0 {
		t.Errorf("nothing there is to fold: %s", errout.String())
	}
}

// A question about a long identifier is folded, and the identifier stays whole.
func TestQuestionsFitTheTerminal(t *testing.T) {
	home := t.TempDir()
	initWithFile(t, home)
	txid := strings.Repeat("f4184fc5", 8)
	add := startSession(t, home, "add", "--kind", "mis-send", "--txid", txid)
	if code := add.code(); code != 0 {
		t.Fatalf("exit code %d: %s", code, add.got.String())
	}
	s := startSession(t, home, "fill", "1", "--for", "ic3", "--passphrase-file", "pw")
	s.expect(txid)
	s.expect("(Enter to skip): ")
	s.send("\x03")
	s.code()
	said := strings.ReplaceAll(s.got.String(), "\r", "")
	if !strings.Contains(said, txid) {
		t.Errorf("the identifier is broken:\n%s", said)
	}
	for _, line := range strings.Split(said, "\n") {
		if len(line) > helpWidth {
			t.Errorf("%d columns: %s", len(line), line)
		}
	}
}
