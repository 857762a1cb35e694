package locker_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"evidence-locker/crypto"
	"evidence-locker/locker"
	"evidence-locker/locker/record"
)

// withPassphrase opens the key with a passphrase, and counts how often it is
// asked to.
func withPassphrase(passphrase string, asked *int) locker.KeyFunc {
	return func(ctx context.Context, v *locker.Vault) (*crypto.Key, error) {
		*asked++
		return v.Unlock(ctx, passphrase)
	}
}

// restore restores a backup to a new folder of a new machine.
func restore(t testing.TB, src string, salvage bool) (*locker.Restored, string) {
	t.Helper()
	dir, asked := t.TempDir(), 0
	path := filepath.Join(dir, "new", "vault.locker")
	got, err := locker.Restore(t.Context(), src, path,
		locker.RestoreRequest{Key: withPassphrase(passphrase, &asked), Salvage: salvage}, baseOptions(filepath.Dir(path)))
	if err != nil {
		t.Fatal(err)
	}
	if asked != 1 {
		t.Errorf("asked for the key %d times", asked)
	}
	return got, path
}

// backedUp is a vault with two incidents, files and a changed passphrase, and
// its backup.
func backedUp(t testing.TB) (v *locker.Vault, path, dest string) {
	t.Helper()
	v, path = newVault(t)
	add(t, v, locker.Target{New: true}, []locker.Fact{note("one")}, memFile("a", []byte("first file")))
	add(t, v, locker.Target{New: true}, []locker.Fact{note("two")}, memFile("b", bytes.Repeat([]byte("second"), 1<<18)), memFile("c", nil))
	add(t, v, locker.Target{Number: 1}, []locker.Fact{note("one again")})
	dest = filepath.Join(stick(t), "b.locker")
	backup(t, v, dest)
	return v, path, dest
}

// On a machine that has nothing, a backup and the passphrase give back every
// row, the current incident, and a vault that this machine adds to.
func TestRestore(t *testing.T) {
	v, path, dest := backedUp(t)
	before := fmt.Sprint(filesUnder(t, filepath.Dir(dest))) + sum(mustRead(t, dest))
	var last, total int64
	dir, asked := t.TempDir(), 0
	to := filepath.Join(dir, "new", "vault.locker")
	options := testOptions(t, filepath.Dir(to))
	got, err := locker.Restore(t.Context(), dest, to, locker.RestoreRequest{Key: withPassphrase(passphrase, &asked), Progress: func(d, all int64) {
		if d < last || d > all {
			t.Errorf("progress from %d to %d of %d", last, d, all)
		}
		last, total = d, all
	}}, options)
	if err != nil {
		t.Fatal(err)
	}
	if last != total || total < 3*(6<<18) {
		t.Errorf("progress ended at %d of %d", last, total)
	}
	if asked != 1 || got.From.Size != 8 || got.Records != 8 || got.Objects != 3 || got.Seq != 9 || got.Head.Size != 10 || len(got.Faults)+len(got.Damaged) > 0 {
		t.Errorf("asked %d times: %+v", asked, got)
	}
	if fmt.Sprint(filesUnder(t, filepath.Dir(dest)))+sum(mustRead(t, dest)) != before {
		t.Error("the backup, or what lies beside it, is another")
	}
	checkVault(t, to, 10)
	a, b := tables(t, path, got.From.Size), tables(t, to, got.From.Size)
	for table := range a {
		if a[table] != b[table] {
			t.Errorf("table %s is another in the restored vault", table)
		}
	}
	left, _ := filepath.Glob(filepath.Join(filepath.Dir(to), "*"))
	for _, name := range left {
		switch filepath.Base(name) {
		case "vault.locker", "vault.locker-lock", "vault.locker-journal", "config":
		default:
			t.Errorf("%s is left", name)
		}
	}

	r, err := locker.Open(t.Context(), to, options)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	was, err1 := v.Current(t.Context())
	is, err2 := r.Current(t.Context())
	if was != is || is.Number != 1 || err1 != nil || err2 != nil {
		t.Errorf("current incident %+v, it was %+v", is, was)
	}
	for size := int64(1); size <= got.From.Size; size++ {
		x, err1 := v.HeadCovering(t.Context(), size)
		y, err2 := r.HeadCovering(t.Context(), size)
		if x != y || err1 != nil || err2 != nil {
			t.Errorf("head over %d: %v, it was %v", size, y, x)
		}
	}
	k, err := r.Unlock(t.Context(), passphrase)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := r.Record(t.Context(), k, got.Seq)
	if err != nil || rec.Type != record.Custody || rec.Fields["action"].String() != "restore" ||
		!strings.HasPrefix(rec.Fields["head"].String(), "8:") || rec.Fields["name"].String() != "b.locker" || rec.Fields["note"] != nil {
		t.Errorf("record %+v, %v", rec, err)
	}
	if out := add(t, r, locker.Target{}, []locker.Fact{note("after")}); len(out) != 1 || out[0].Seq != 10 {
		t.Errorf("added %+v", out)
	}
	if rec, err = r.Record(t.Context(), k, 10); err != nil || rec.Incident != 1 {
		t.Errorf("record 10 is %+v, %v", rec, err)
	}
	checkVault(t, to, 11)
	// Somebody who knows neither machine sees no fault either.
	checkTree(t, to)
	strange, err := locker.Verify(t.Context(), to, testOptions(t, t.TempDir()), nil, nil)
	if err != nil || len(strange.Faults) > 0 {
		t.Errorf("elsewhere: %v, %v", strange.Faults, err)
	}
	// And it backs up to where it came from.
	if _, err := r.Backup(t.Context(), dest, locker.BackupRequest{}); err != nil {
		t.Error(err)
	}
	checkBackup(t, to, dest)
}

// Whatever does not end in a vault leaves nothing behind.
func TestRestoreRefuses(t *testing.T) {
	_, path, dest := backedUp(t)
	other := func(context.Context, *locker.Vault) (*crypto.Key, error) { return crypto.NewKey() }
	right := withPassphrase(passphrase, new(int))
	damaged := filepath.Join(t.TempDir(), "damaged.locker")
	copyFile(t, dest, damaged)
	exec1(t, rawDB(t, damaged), "UPDATE local SET value = 'x'") // harmless alone
	withoutTriggers(t, rawDB(t, damaged), func() { exec1(t, rawDB(t, damaged), "UPDATE chunk SET data = x'00' WHERE row = 1") })
	for name, c := range map[string]struct {
		src     string
		key     locker.KeyFunc
		prepare func(to string)
		want    error
	}{
		"wrong passphrase": {dest, withPassphrase("wrong", new(int)), nil, locker.ErrWrongPassphrase},
		"other key":        {dest, other, nil, locker.ErrOtherKey},
		"a vault is there": {dest, right, func(to string) { copyFile(t, path, to) }, locker.ErrExists},
		"a file is there":  {dest, right, func(to string) { os.WriteFile(to, []byte("mine"), 0o600) }, locker.ErrExists},
		"a journal is there": {dest, right, func(to string) { os.WriteFile(to+"-journal", []byte("hot"), 0o600) },
			locker.ErrExists},
		"damaged":   {damaged, right, nil, locker.ErrDamaged},
		"no backup": {filepath.Join(t.TempDir(), "none"), right, nil, locker.ErrNoVault},
		"no vault":  {filepath.Join("..", "testdata", "vault-v1", "README.txt"), right, nil, locker.ErrNotVault},
	} {
		dir := t.TempDir()
		to := filepath.Join(dir, "vault.locker")
		if c.prepare != nil {
			c.prepare(to)
		}
		before := map[string]string{}
		for _, f := range filesUnder(t, dir) {
			before[f] = sum(mustRead(t, f))
		}
		_, err := locker.Restore(t.Context(), c.src, to, locker.RestoreRequest{Key: c.key}, baseOptions(dir))
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		after := filesUnder(t, dir)
		for _, f := range after {
			if before[f] != sum(mustRead(t, f)) {
				t.Errorf("%s: %s is left or changed", name, f)
			}
		}
		if len(after) != len(before) {
			t.Errorf("%s: %v is left of %v", name, after, before)
		}
	}
	var faults *locker.FaultsError
	_, err := locker.Restore(t.Context(), damaged, filepath.Join(t.TempDir(), "v"), locker.RestoreRequest{Key: right}, baseOptions(t.TempDir()))
	if !errors.As(err, &faults) || len(faults.Faults) != 2 {
		t.Errorf("%v", err)
	}
}

// A damaged backup gives back all that is whole, and a vault that says what is
// not.
func TestRestoreSalvage(t *testing.T) {
	_, _, dest := backedUp(t)
	damaged := filepath.Join(t.TempDir(), "damaged.locker")
	copyFile(t, dest, damaged)
	db := rawDB(t, damaged)
	withoutTriggers(t, db, func() {
		exec1(t, db, "UPDATE chunk SET data = x'00' WHERE object = (SELECT id FROM object WHERE seq = 4) AND n = 1")
		exec1(t, db, "UPDATE record SET sealed = x'00' WHERE seq = 1")
		exec1(t, db, "DELETE FROM node WHERE id > 3")
		exec1(t, db, "UPDATE key SET sealed = x'00'")
	})
	db.Close()
	got, to := restore(t, damaged, true)
	codes := map[string]int{}
	for _, f := range got.Faults {
		codes[f.Code]++
	}
	if fmt.Sprint(codes) != "map[object:1 sealed:1]" || len(got.Damaged) > 0 {
		t.Errorf("faults %v, damaged %v", got.Faults, got.Damaged)
	}
	after := verify(t, to)
	if fmt.Sprint(faultCodes(after)) != "map[object:1 sealed:1]" && fmt.Sprint(faultCodes(after)) != "map[object:1 record:1 sealed:1]" {
		t.Errorf("faults after it %v", after.Faults)
	}
	v, err := locker.Open(t.Context(), to, testOptions(t, filepath.Dir(to)))
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	k, err := v.Unlock(t.Context(), passphrase)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := v.Record(t.Context(), k, got.Seq)
	if err != nil || fmt.Sprint(rec.Fields["seqs"]) != "1, 4" || rec.Fields["note"].String() != "sealed 1\nobject 4" {
		t.Errorf("record %+v, %v", rec.Fields, err)
	}
	for seq, content := range map[int64][]byte{2: []byte("first file"), 5: {}} {
		r, err := v.Record(t.Context(), k, seq)
		if err != nil {
			t.Error(err)
			continue
		}
		if b, err := readContent(v, k, r.Exhibit); err != nil || !bytes.Equal(b, content) {
			t.Errorf("file of record %d: %d bytes, %v", seq, len(b), err)
		}
	}
	// The damaged bytes are kept as they were.
	if got := texts(t, rawDB(t, to), "SELECT hex(sealed) FROM record WHERE seq = 1"); got[0] != "00" {
		t.Errorf("record 1 is %s", got)
	}
	add(t, v, locker.Target{}, []locker.Fact{note("after")})
}

// A machine that has seen more than an older backup holds says so, and takes
// the restored vault for its own from then on.
func TestRestoreOlder(t *testing.T) {
	v, path, dest := backedUp(t)
	add(t, v, locker.Target{}, []locker.Fact{note("lost with the disk")})
	v.Close()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	os.Remove(path + "-journal")
	var w warnings
	_, err := locker.Restore(t.Context(), dest, path, locker.RestoreRequest{Key: withPassphrase(passphrase, new(int))}, w.options(filepath.Dir(path)))
	if err != nil || fmt.Sprint(w.codes) != "map[old-copy:1]" {
		t.Fatalf("%v, warnings %v", err, w.codes)
	}
	r, err := locker.Open(t.Context(), path, testOptions(t, filepath.Dir(path)))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	add(t, r, locker.Target{}, []locker.Fact{note("next")})
	checkVault(t, path, 8+1+1) // this machine's key was there already
}

// A vault of an older program backs up and comes back.
func TestRestoreFrozen(t *testing.T) {
	const passphrase = "frozen evidence 2026"
	path := copyVault(t, filepath.Join("..", "testdata", "vault-v1", "vault.locker"))
	want := describe(t, path, passphrase)
	v, err := locker.Open(t.Context(), path, testOptions(t, filepath.Dir(path)))
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	dest := filepath.Join(stick(t), "b.locker")
	backup(t, v, dest)
	to := filepath.Join(t.TempDir(), "vault.locker")
	_, err = locker.Restore(t.Context(), dest, to, locker.RestoreRequest{Key: withPassphrase(passphrase, new(int))}, testOptions(t, filepath.Dir(to)))
	if err != nil {
		t.Fatal(err)
	}
	// Without the head and incident 0, which hold what was added since.
	old := strings.Split(want, "\n")
	missing := 0
	got := describe(t, to, passphrase)
	for _, line := range old {
		if !strings.HasPrefix(line, "head ") && !strings.HasPrefix(line, "incident 0,") && !strings.Contains(got, line+"\n") {
			missing++
			t.Errorf("missing is %s", line)
		}
	}
	if len(old) < 20 || missing > 0 {
		t.Errorf("%d of %d lines are missing", missing, len(old))
	}
}

// A drill opens everything and writes nothing; that it was done is recorded.
func TestDrill(t *testing.T) {
	v, path, dest := backedUp(t)
	before := fmt.Sprint(filesUnder(t, filepath.Dir(dest))) + sum(mustRead(t, dest))
	now := time.Date(2026, 11, 22, 14, 0, 0, 0, time.UTC)
	o := testOptions(t, filepath.Dir(path))
	o.Now = func() locker.Stamp { now = now.Add(3 * time.Second); return locker.Stamp{At: now} }
	asked := 0
	got, err := locker.Drill(t.Context(), dest, withPassphrase(passphrase, &asked), o, nil)
	if err != nil {
		t.Fatal(err)
	}
	if asked != 1 || got.Took != 3*time.Second || !got.Verification.Unlocked || len(got.Verification.Faults) > 0 || got.Verification.Records != 8 {
		t.Errorf("asked %d times, %+v, %+v", asked, got, got.Verification)
	}
	if fmt.Sprint(filesUnder(t, filepath.Dir(dest)))+sum(mustRead(t, dest)) != before {
		t.Error("something was written beside the backup")
	}
	if _, err := locker.Drill(t.Context(), dest, withPassphrase("wrong", &asked), o, nil); !errors.Is(err, locker.ErrWrongPassphrase) {
		t.Error(err)
	}
	if err := v.NoteDrill(t.Context(), got.Verification.Head, true); err != nil {
		t.Fatal(err)
	}
	if err := v.NoteDrill(t.Context(), got.Verification.Head, false); err != nil {
		t.Fatal(err)
	}
	k, err := v.Unlock(t.Context(), passphrase)
	if err != nil {
		t.Fatal(err)
	}
	for seq, action := range map[int64]string{8: "drill", 9: "drill-failed"} {
		r, err := v.Record(t.Context(), k, seq)
		if err != nil || r.Type != record.Custody || r.Fields["action"].String() != action || !strings.HasPrefix(r.Fields["head"].String(), "8:") {
			t.Errorf("record %d: %+v, %v", seq, r, err)
		}
	}
}

func init() {
	// restore: restores args[0] to args[1], with the passphrase of the tests.
	helpers["restore"] = func(args []string) error {
		fmt.Println("ready")
		_, err := locker.Restore(context.Background(), args[0], args[1],
			locker.RestoreRequest{Key: withPassphrase(passphrase, new(int))}, baseOptions(filepath.Dir(args[1])))
		return err
	}
}

// A restore that is killed at any moment leaves no vault or the whole one. The
// next one completes it.
func TestRestoreKilled(t *testing.T) {
	shortCopies(t)
	v, _, dest := backedUp(t)
	for i := range 3 {
		add(t, v, locker.Target{}, []locker.Fact{note("n")}, memFile("large", bytes.Repeat([]byte{byte(i)}, 5<<20)))
	}
	size := backup(t, v, dest).Head.Size
	rounds := 24
	if testing.Short() {
		rounds = 6
	}
	// How long one takes.
	began := time.Now()
	restore(t, dest, false)
	took := time.Since(began)
	rnd := rand.New(rand.NewPCG(1, 2))
	none, left, whole := 0, 0, 0
	for range rounds {
		to := filepath.Join(t.TempDir(), "vault.locker")
		ctx, cancel := context.WithTimeout(t.Context(), took/10+time.Duration(rnd.Int64N(int64(took)*5/4)))
		helperCommand(ctx, "restore", dest, to).Run()
		cancel()
		if _, err := os.Stat(to); err == nil {
			whole++
		} else {
			if none++; len(filesUnder(t, filepath.Dir(to))) > 0 {
				left++
			}
			if _, err := locker.Restore(t.Context(), dest, to, locker.RestoreRequest{Key: withPassphrase(passphrase, new(int))}, baseOptions(filepath.Dir(to))); err != nil {
				t.Errorf("after a kill: %v", err)
				continue
			}
		}
		checkVault(t, to, size+2)
	}
	t.Logf("of %d kills %d left no vault, %d of them something else; %d a whole one", rounds, none, left, whole)
	if none == 0 || left == 0 {
		t.Error("no kill hit")
	}
}

// Stored hashes that are damaged are made anew from the leaves.
func TestNodesMadeAnew(t *testing.T) {
	v, path := newVault(t)
	add(t, v, locker.Target{}, []locker.Fact{note("one"), note("two"), note("three")})
	v.Close()
	db := rawDB(t, path)
	withoutTriggers(t, db, func() { exec1(t, db, "UPDATE node SET hash = zeroblob(32)") })
	db.Close()
	if got := verify(t, path); faultCodes(got)[locker.FaultNode] != 1 {
		t.Fatalf("control: %v", got.Faults)
	}
	var w warnings
	v, err := locker.Open(t.Context(), path, w.options(filepath.Dir(path)))
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	add(t, v, locker.Target{}, []locker.Fact{note("four")})
	if fmt.Sprint(w.codes) != "map[nodes-rebuilt:1]" {
		t.Errorf("warnings %v", w.codes)
	}
	checkVault(t, path, 5)
	checkTree(t, path)
}
