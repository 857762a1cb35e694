package locker_test

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"evidence-locker/locker"
)

// damageVault changes rows of a file that nobody has open.
func damageVault(t testing.TB, path string, statements ...string) {
	t.Helper()
	db := rawDB(t, path)
	withoutTriggers(t, db, func() {
		for _, s := range statements {
			exec1(t, db, s)
		}
	})
	db.Close()
}

func repair(t testing.TB, path, from string) *locker.Repaired {
	t.Helper()
	got, err := locker.Repair(t.Context(), path, from, testOptions(t, filepath.Dir(path)), nil)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// sameTables compares all rows of two files, but those of local.
func sameTables(t testing.TB, a, b string) {
	t.Helper()
	x, y := tables(t, a, 1<<40), tables(t, b, 1<<40)
	for table := range x {
		if x[table] != y[table] {
			t.Errorf("table %s differs", table)
		}
	}
}

// A damaged vault is mended from a backup that lags behind and is damaged
// elsewhere: every row comes back, and what only the vault has stays.
func TestRepair(t *testing.T) {
	v, path, dest := backedUp(t)
	add(t, v, locker.Target{}, []locker.Fact{note("later")}, memFile("late", bytes.Repeat([]byte("late"), 1<<19)))
	v.Close()
	whole := copyVault(t, path)
	damageVault(t, path,
		"UPDATE chunk SET data = x'00' WHERE object = (SELECT id FROM object WHERE seq = 4) AND n = 1",
		"UPDATE record SET sealed = x'00' WHERE seq = 1",
		"UPDATE record SET leaf = replace(leaf, 'sealed sha256:', 'sealed sha256:0') WHERE seq = 3",
		"DELETE FROM record WHERE seq = 5", "DELETE FROM object WHERE seq = 5",
		"UPDATE head SET note = replace(note, 'from', 'form') WHERE size = 3",
		"UPDATE key SET sealed = x'00'", "UPDATE node SET hash = zeroblob(32)",
		"UPDATE local SET value = 'x' WHERE name = 'incident:2'")
	damageVault(t, dest,
		"UPDATE chunk SET data = x'00' WHERE object = (SELECT id FROM object WHERE seq = 4) AND n = 0", // of the same file
		"UPDATE record SET sealed = x'00' WHERE seq = 2", "DELETE FROM record WHERE seq = 6", "DELETE FROM head WHERE size = 1")
	damaged := mustRead(t, path)
	got := repair(t, path, dest)
	if len(got.Left) > 0 || got.Head.Size != 10 || fmt.Sprint(got.Mended) != "[1 2 3 4 5 6 7 9]" || got.Unread {
		t.Errorf("%+v", got)
	}
	sameTables(t, path, whole)
	checkVault(t, path, 10)
	checkTree(t, path)
	if !bytes.Equal(mustRead(t, got.Kept), damaged) || filepath.Base(got.Kept) != "vault.damaged.locker" {
		t.Errorf("kept is %s", got.Kept)
	}
	r, err := locker.Open(t.Context(), path, testOptions(t, filepath.Dir(path)))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if c, err := r.Current(t.Context()); err != nil || c.Number != 1 {
		t.Errorf("current incident %+v, %v", c, err)
	}
	add(t, r, locker.Target{}, []locker.Fact{note("after")})
	checkVault(t, path, 11)

	// Nothing is left to do, and nothing is done.
	before := sum(mustRead(t, path))
	if got := repair(t, path, dest); got.Kept != "" || len(got.Left) > 0 || sum(mustRead(t, path)) != before {
		t.Errorf("again: %+v", got)
	}
	// The other way round.
	if got := repair(t, dest, path); got.Kept == "" || len(got.Left) > 0 {
		t.Errorf("the backup: %+v", got)
	}
	sameTables(t, dest, path)
}

// A vault whose first page is damaged, or lost, and that is reached by a link.
func TestRepairFirstPage(t *testing.T) {
	v, path, dest := backedUp(t)
	add(t, v, locker.Target{}, []locker.Fact{note("only here")})
	v.Close()
	whole := fmt.Sprint(tables(t, path, 1<<40))
	for name, c := range map[string]struct {
		bad  func(page []byte)
		want error // of a restore that is not to salvage
	}{
		"damaged": {func(page []byte) {
			page[3] ^= 0x55
			for i := 100; i < len(page); i += 3 {
				page[i] ^= 0x55
			}
		}, locker.ErrDamaged},
		"lost": {func(page []byte) { clear(page) }, locker.ErrNotVault},
	} {
		path := copyVault(t, path)
		b := mustRead(t, path)
		c.bad(b[:16384])
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := locker.Restore(t.Context(), path, filepath.Join(t.TempDir(), "v"), locker.RestoreRequest{}, baseOptions(t.TempDir()))
		if !errors.Is(err, c.want) {
			t.Errorf("%s: restoring: %v", name, err)
		}
		salvaged := filepath.Join(t.TempDir(), "salvaged.locker")
		if damaged, err := locker.Salvage(t.Context(), path, salvaged, baseOptions(t.TempDir()), nil); err != nil || len(damaged) > 0 {
			t.Errorf("%s: salvaging: %v, %v", name, damaged, err)
		} else if fmt.Sprint(tables(t, salvaged, 1<<40)) != whole {
			t.Errorf("%s: salvaged, but other rows", name)
		}
		link := filepath.Join(t.TempDir(), "link.locker")
		if err := os.Symlink(path, link); err != nil {
			t.Skip(err)
		}
		got := repair(t, link, dest)
		if len(got.Left) > 0 || got.Unread || got.Head.Size != 9 || filepath.Dir(got.Kept) != filepath.Dir(path) {
			t.Errorf("%s: %+v", name, got)
		}
		if info, err := os.Lstat(link); err != nil || info.Mode().Type() != os.ModeSymlink {
			t.Errorf("%s: the link is %v, %v", name, info.Mode(), err)
		}
		if fmt.Sprint(tables(t, path, 1<<40)) != whole {
			t.Errorf("%s: mended, but other rows", name)
		}
		checkVault(t, path, 9)
	}
}

// What is damaged in both is left as it is, and named; what can be mended is.
func TestRepairPartly(t *testing.T) {
	v, path, dest := backedUp(t)
	v.Close()
	for _, p := range []string{path, dest} {
		damageVault(t, p, "UPDATE record SET sealed = x'00' WHERE seq = 1")
	}
	damageVault(t, path, "UPDATE record SET sealed = x'00' WHERE seq = 2")
	got := repair(t, path, dest)
	if len(got.Left) != 1 || got.Left[0].Seq != 1 || fmt.Sprint(got.Mended) != "[2]" {
		t.Errorf("%+v", got)
	}
	before := sum(mustRead(t, path))
	if got := repair(t, path, dest); got.Kept != "" || len(got.Left) != 1 || sum(mustRead(t, path)) != before {
		t.Errorf("nothing more can be mended: %+v", got)
	}
}

// Files that do not belong together are left alone.
func TestRepairRefuses(t *testing.T) {
	v, path, dest := backedUp(t)
	fork := copyVault(t, path)
	add(t, v, locker.Target{}, []locker.Fact{note("here")})
	v.Close()
	f, err := locker.Open(t.Context(), fork, testOptions(t, filepath.Dir(fork)))
	if err != nil {
		t.Fatal(err)
	}
	add(t, f, locker.Target{}, []locker.Fact{note("there")})
	f.Close()
	_, other := newVault(t)
	damageVault(t, path, "UPDATE record SET sealed = x'00' WHERE seq = 1")
	before := sum(mustRead(t, path))
	var forked *locker.ForkError
	if _, err := locker.Repair(t.Context(), path, fork, baseOptions(t.TempDir()), nil); !errors.As(err, &forked) || forked.Seq != 8 {
		t.Errorf("a fork: %v", err)
	}
	if _, err := locker.Repair(t.Context(), path, other, baseOptions(t.TempDir()), nil); !errors.Is(err, locker.ErrOtherVault) {
		t.Errorf("another vault: %v", err)
	}
	if _, err := locker.Repair(t.Context(), path, path, baseOptions(t.TempDir()), nil); !errors.Is(err, locker.ErrForeign) {
		t.Errorf("itself: %v", err)
	}
	text := filepath.Join("..", "testdata", "vault-v1", "README.txt")
	if _, err := locker.Repair(t.Context(), path, text, baseOptions(t.TempDir()), nil); !errors.Is(err, locker.ErrNotVault) {
		t.Errorf("no vault: %v", err)
	}
	foreign := filepath.Join(t.TempDir(), "README.txt")
	copyFile(t, text, foreign)
	if _, err := locker.Repair(t.Context(), foreign, dest, baseOptions(t.TempDir()), nil); !errors.Is(err, locker.ErrNotVault) || sum(mustRead(t, foreign)) != sum(mustRead(t, text)) {
		t.Errorf("a foreign file: %v", err)
	}
	if _, err := locker.Repair(t.Context(), filepath.Join(t.TempDir(), "none"), dest, baseOptions(t.TempDir()), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if sum(mustRead(t, path)) != before {
		t.Error("the vault was changed")
	}
	for _, name := range filesUnder(t, filepath.Dir(path)) {
		if strings.Contains(name, "mending") || strings.Contains(name, ".damaged") {
			t.Errorf("%s is left", name)
		}
	}
}

// A damaged side is told from a fork, by verification, without a key.
func TestAgainst(t *testing.T) {
	v, path, dest := backedUp(t)
	same := func(what string, want locker.Relation, seq int64, a, b bool) {
		t.Helper()
		var last, total int64
		got, err := locker.Against(t.Context(), path, dest, baseOptions(filepath.Dir(path)), func(d, all int64) { last, total = d, all })
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if got.Relation != want || got.Seq != seq || got.ADamaged != a || got.BDamaged != b {
			t.Errorf("%s: %+v", what, got.Comparison)
		}
		if a && len(got.Vault.Faults) == 0 || b && len(got.Backup.Faults) == 0 || last != total || total == 0 {
			t.Errorf("%s: faults %v, %v; progress to %d of %d", what, got.Vault.Faults, got.Backup.Faults, last, total)
		}
	}
	same("as it was made", locker.Same, -1, false, false)
	add(t, v, locker.Target{}, []locker.Fact{note("later")})
	same("ahead", locker.Ahead, 8, false, false)
	v.Close()
	older := copyVault(t, dest)
	// A leaf with one other bit, and stored hashes that somebody made anew.
	damageVault(t, dest, "UPDATE record SET leaf = replace(leaf, 'sealed sha256:', 'sealed sha256:0') WHERE seq = 3")
	same("a leaf of the backup", locker.Damaged, 3, false, true)
	copyFile(t, older, dest)
	db := rawDB(t, dest)
	withoutTriggers(t, db, func() {
		exec1(t, db, "UPDATE record SET leaf = replace(leaf, 'incident 1', 'incident 2') WHERE seq = 2")
		forgeNodes(t, db)
	})
	db.Close()
	same("hashes that follow from a damaged leaf", locker.Damaged, 2, false, true)
	copyFile(t, older, dest)
	damageVault(t, path, "UPDATE record SET leaf = replace(leaf, 'vault ', 'vault 0') WHERE seq = 0")
	same("the genesis", locker.Damaged, 0, true, false)
}

func init() {
	// late: opens the vault at args[0] and reads it, says "ready", and at the
	// first line on stdin adds a note and a file that is staged.
	helpers["late"] = func(args []string) error {
		v, err := locker.Open(context.Background(), args[0], helperOptions(filepath.Dir(args[0])))
		if err != nil {
			return err
		}
		defer v.Close()
		if err := v.Add(context.Background(), locker.AddRequest{Facts: []locker.Fact{note("before")}, Recorded: sayRecorded}); err != nil {
			return err
		}
		fmt.Println("ready")
		bufio.NewReader(os.Stdin).ReadString('\n')
		return v.Add(context.Background(), locker.AddRequest{
			Facts: []locker.Fact{note("while it was mended")}, Files: []locker.File{patternFile("large", 9<<20)}, Recorded: sayRecorded,
		})
	}
}

// Whoever has the damaged vault open while it is mended, and waits to write,
// writes to the mended one.
func TestRepairWhileOthersWait(t *testing.T) {
	_, path, dest := backedUp(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := helperCommand(ctx, "late", path)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	rep := reported{}
	for line := ""; line != "ready\n"; {
		if line, err = lines.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		rep.line(t, strings.TrimSuffix(line, "\n"))
	}
	damageVault(t, path, "UPDATE record SET sealed = x'00' WHERE seq = 1")
	var once sync.Once
	got, err := locker.Repair(ctx, path, dest, baseOptions(filepath.Dir(path)), func(int64, int64) {
		once.Do(func() { // the gate is taken: the helper waits for it
			io.WriteString(in, "go\n")
			time.Sleep(300 * time.Millisecond)
		})
	})
	if err != nil || len(got.Left) > 0 || got.Head.Size != 9 {
		t.Fatalf("%+v, %v", got, err)
	}
	rep.read(t, lines)
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if len(rep) != 3 {
		t.Errorf("reported is %v", rep)
	}
	if n := checkReported(t, path, rep); n != 11 {
		t.Errorf("%d records", n)
	}
}

func init() {
	// mend: mends args[0] from args[1].
	helpers["mend"] = func(args []string) error {
		_, err := locker.Repair(context.Background(), args[0], args[1], baseOptions(filepath.Dir(args[0])), nil)
		return err
	}
}

// A repair that is killed at any moment leaves the damaged vault or the mended
// one. The next one completes it.
func TestRepairKilled(t *testing.T) {
	v, path, dest := backedUp(t)
	for i := range 3 {
		add(t, v, locker.Target{}, []locker.Fact{note("n")}, memFile("large", bytes.Repeat([]byte{byte(i)}, 5<<20)))
	}
	backup(t, v, dest)
	v.Close()
	whole := tables(t, path, 1<<40)
	damageVault(t, path, "UPDATE chunk SET data = x'00' WHERE row IN (2, 5)", "UPDATE record SET sealed = x'00' WHERE seq = 1")
	before := fmt.Sprint(faultCodes(verify(t, path)))
	rounds := 20
	if testing.Short() {
		rounds = 5
	}
	trial := copyVault(t, path)
	began := time.Now()
	repair(t, trial, dest)
	took := time.Since(began)
	rnd := rand.New(rand.NewPCG(3, 4))
	damaged, begun, mended := 0, 0, 0
	for range rounds {
		at := copyVault(t, path)
		ctx, cancel := context.WithTimeout(t.Context(), took/10+time.Duration(rnd.Int64N(int64(took)*5/4)))
		helperCommand(ctx, "mend", at, dest).Run()
		cancel()
		switch now := verify(t, at); {
		case len(now.Faults) == 0:
			mended++
		case fmt.Sprint(faultCodes(now)) == before:
			damaged++
			if _, err := os.Stat(at + ".mending"); err == nil {
				begun++
			}
		default:
			t.Errorf("after a kill: %v", now.Faults)
		}
		got := repair(t, at, dest)
		if len(got.Left) > 0 {
			t.Errorf("the next one: %+v", got)
		}
		for table, rows := range tables(t, at, 1<<40) {
			if rows != whole[table] {
				t.Errorf("table %s differs", table)
			}
		}
	}
	t.Logf("of %d kills %d left the damaged vault, %d of them with a part of the other; %d the mended one", rounds, damaged, begun, mended)
	if damaged == 0 || begun == 0 {
		t.Error("no kill hit")
	}
}

// heal repairs a copy with a flipped byte, and compares all tables.
func (f *flipper) heal(at int, pattern byte, from string, want map[string]string) error {
	dir := fmt.Sprint(f.path, "-", at)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := bytes.Clone(f.whole)
	b[at] ^= pattern
	path := filepath.Join(dir, "flipped.locker")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		return err
	}
	got, err := locker.Repair(context.Background(), path, from, baseOptions(dir), nil)
	if err != nil {
		return fmt.Errorf("mending: %w", err)
	}
	if len(got.Left) > 0 || got.Kept == "" || got.Unread || got.Head != f.head {
		return fmt.Errorf("mending: %+v", got)
	}
	if kept, err := os.ReadFile(got.Kept); err != nil || !bytes.Equal(kept, b) {
		return fmt.Errorf("the damaged file is not kept: %v", err)
	}
	db, err := sql.Open("sqlite3", "file:"+url.PathEscape(path)+"?mode=ro")
	if err != nil {
		return err
	}
	defer db.Close()
	now, err := tablesOf(db, 1<<40)
	if err != nil {
		return err
	}
	for table := range want {
		if now[table] != want[table] {
			return fmt.Errorf("mended, but table %s differs", table)
		}
	}
	return nil
}

// A head whose owner's signature was changed, and that a device has signed all
// the same, does not stay beside the right one.
func TestRepairOwnerSignature(t *testing.T) {
	for name, back := range map[string]int{"signature": 20, "key": 90} { // from the end
		t.Run(name, func(t *testing.T) {
			v, path, dest := backedUp(t)
			v.Close()
			whole := copyVault(t, path)
			db := rawDB(t, path)
			note := []byte(texts(t, db, "SELECT note FROM head WHERE size = 1")[0])
			if note[len(note)-back]++; !strings.Contains(string(note), "\n\n") {
				t.Fatalf("%s", note)
			}
			withoutTriggers(t, db, func() { exec1(t, db, "UPDATE head SET note = ? WHERE size = 1", string(note)) })
			db.Close()
			if got := repair(t, path, dest); len(got.Left) > 0 || got.Kept == "" {
				t.Errorf("%+v", got)
			}
			sameTables(t, path, whole)
		})
	}
}
