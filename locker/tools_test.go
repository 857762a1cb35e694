//go:build unix

package locker_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"evidence-locker/locker"

	"github.com/creack/pty"
)

// tools runs the README's recovery commands in a folder of their own.
type tools struct {
	t   *testing.T
	dir string
	bin string // folder of the age program
}

func (x *tools) sh(script string) []byte {
	x.t.Helper()
	cmd := exec.Command("sh", "-ec", script)
	cmd.Dir = x.dir
	cmd.Env = append(os.Environ(), "PATH="+x.bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		x.t.Fatalf("%s: %v\n%s", script, err, stderr.Bytes())
	}
	return out
}

// ask runs a command that asks for the passphrase on its terminal.
func (x *tools) ask(script, passphrase string) error {
	cmd := exec.Command("sh", "-ec", script)
	cmd.Dir = x.dir
	cmd.Env = append(os.Environ(), "PATH="+x.bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	term, err := pty.Start(cmd)
	if err != nil {
		return err
	}
	defer term.Close()
	var seen bytes.Buffer
	timeout := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
	defer timeout.Stop()
	buf := make([]byte, 4096)
	for told := false; ; {
		n, err := term.Read(buf)
		seen.Write(buf[:n])
		if !told && strings.Contains(seen.String(), "passphrase") {
			told = true
			if _, err := io.WriteString(term, passphrase+"\n"); err != nil {
				return err
			}
		}
		if err != nil { // a terminal that nobody has open any more reads as EIO
			break
		}
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w\n%s", script, err, seen.Bytes())
	}
	return nil
}

// A screenshot and a video come out of a vault with sqlite3 and age alone, by
// the commands of the README.
func TestRecoverWithTools(t *testing.T) {
	if _, err := exec.LookPath("sqlite3"); err != nil && os.Getenv("CI") == "" {
		t.Skip("needs the sqlite3 program")
	}
	v, path := newVault(t)
	shot := append([]byte("\x89PNG\r\n\x1a\n"), bytes.Repeat([]byte{0, 1, 0xff, 7}, 100_000)...)
	video := bytes.Repeat([]byte("frame"), 1<<20) // staged, several chunks
	got := add(t, v, locker.Target{}, []locker.Fact{note("first")}, memFile("shot.png", shot), memFile("video.bin", video))
	id := v.ID()
	v.Close()

	x := &tools{t: t, dir: t.TempDir(), bin: t.TempDir()}
	build := exec.Command("go", "build", "-o", x.bin, "filippo.io/age/cmd/age")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building age of go.mod's version: %v\n%s", err, out)
	}
	copyFile(t, path, filepath.Join(x.dir, "vault.locker"))

	x.sh(`sqlite3 vault.locker "SELECT writefile('key.age', sealed) FROM key"`)
	if err := x.ask(`age -d key.age > key.txt`, passphrase); err != nil {
		t.Fatal(err)
	}
	x.sh(`sqlite3 vault.locker "SELECT writefile(printf('%06d.age', seq), sealed) FROM record WHERE seq > 0"`)
	list := x.sh(`for f in 0*.age; do age -d -i key.txt "$f" | tr -s ' '; echo; done`)

	type object struct {
		ID     string
		SHA256 string
		Size   int64
	}
	var records []struct {
		Vault   string
		Seq     int64
		Type    string
		Objects []object
		Body    map[string]any
	}
	for _, line := range strings.Split(strings.TrimSpace(string(list)), "\n") {
		records = append(records, struct {
			Vault   string
			Seq     int64
			Type    string
			Objects []object
			Body    map[string]any
		}{})
		if err := json.Unmarshal([]byte(line), &records[len(records)-1]); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
	}
	if len(records) != len(got) || records[0].Body["text"] != "first" || records[0].Vault != id {
		t.Fatalf("%s", list)
	}
	for i, want := range [][]byte{shot, video} {
		r := records[i+1]
		if r.Seq != int64(i+2) || len(r.Objects) != 1 || r.Objects[0].SHA256 != sum(want) || r.Objects[0].Size != int64(len(want)) {
			t.Fatalf("record %d: %+v", i+2, r)
		}
		x.sh(fmt.Sprintf(`rm -f part-*; sqlite3 vault.locker "SELECT writefile(printf('part-%%06d', n), data) FROM chunk WHERE object = '%s' ORDER BY n"`, r.Objects[0].ID))
		x.sh(`cat part-* | age -d -i key.txt > shot.png`)
		if b, err := os.ReadFile(filepath.Join(x.dir, "shot.png")); err != nil || !bytes.Equal(b, want) {
			t.Errorf("%v: %d bytes, %v", r.Body["name"], len(b), err)
		}
	}
	// The commands have changed nothing.
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if after, err := os.ReadFile(filepath.Join(x.dir, "vault.locker")); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the vault was changed: %v", err)
	}
	// Control: another passphrase does not open the key.
	if err := x.ask(`age -d key.age > wrong.txt`, passphrase+"x"); err == nil || !strings.Contains(err.Error(), "incorrect passphrase") {
		t.Errorf("another passphrase: %v", err)
	}
}
