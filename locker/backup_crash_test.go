package locker_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"evidence-locker/locker"
	"evidence-locker/locker/volume/loop"
)

func init() {
	// backup: adds to the vault at args[0] and backs it up to args[1], again and
	// again, saying how many records the backup has.
	helpers["backup"] = func(args []string) error {
		locker.SetShortCopy(1 << 20)
		v, err := locker.Open(context.Background(), args[0], baseOptions(filepath.Dir(args[0])))
		if err != nil {
			return err
		}
		fmt.Println("ready")
		for i := 0; ; i++ {
			files := []locker.File{memFile("small", bytes.Repeat([]byte{byte(i)}, 3000))}
			if i%3 == 0 {
				files = append(files, memFile("large", bytes.Repeat([]byte{byte(i)}, 1_300_000)))
			}
			err := v.Add(context.Background(), locker.AddRequest{Facts: []locker.Fact{note("note")}, Files: files, Recorded: func(locker.Recorded) {}})
			if err != nil {
				return err
			}
			done, err := v.Backup(context.Background(), args[1], locker.BackupRequest{})
			if err != nil {
				return err
			}
			os.Stdout.WriteString(fmt.Sprintln("backed", done.Head.Size))
		}
	}
	// backup once: backs the vault at args[0] up to args[1].
	helpers["backup once"] = func(args []string) error {
		v, err := locker.Open(context.Background(), args[0], baseOptions(filepath.Dir(args[0])))
		if err != nil {
			return err
		}
		defer v.Close()
		_, err = v.Backup(context.Background(), args[1], locker.BackupRequest{})
		return err
	}
}

// 200 processes are killed at random moments while they back up. Each time the
// backup verifies, and has what was said to be in it.
func TestKillBackup(t *testing.T) {
	const vaults = 8
	kills := 25 / min(sparse, 5)
	var mu sync.Mutex
	var hot, part, said, total int
	t.Run("vaults", func(t *testing.T) {
		for w := range vaults {
			t.Run(fmt.Sprint(w), func(t *testing.T) {
				t.Parallel()
				rnd := rand.New(rand.NewPCG(3, uint64(w)))
				v, path := newVault(t)
				v.Close()
				path = copyFast(t, path)
				dest, backed := "", int64(0)
				for i := range kills {
					if i%5 == 0 { // a new one
						dest, backed = filepath.Join(fastDir(t), "b.locker"), 0
					}
					size := killBackup(t, path, dest, rnd)
					info, err := os.Stat(dest + "-journal")
					mu.Lock()
					total++
					if err == nil && info.Size() > 0 {
						hot++
					}
					if _, err := os.Lstat(dest + ".part"); err == nil {
						part++
					}
					if size > 0 {
						said++
					}
					mu.Unlock()
					if backed = max(backed, size); backed == 0 {
						if _, err := os.Lstat(dest); errors.Is(err, fs.ErrNotExist) {
							continue
						}
					}
					if got := verifyQuick(t, dest).Records; got < backed {
						t.Errorf("%d records in the backup, %d were said to be", got, backed)
					} else {
						backed = got
					}
				}
				verifyQuick(t, path)
				v, err := locker.Open(t.Context(), path, testOptions(t, filepath.Dir(path), locker.WarnSameDisk))
				if err != nil {
					t.Fatal(err)
				}
				backup(t, v, dest)
				v.Close()
				checkBackup(t, path, dest)
			})
		}
	})
	t.Logf("%d kills; %d between first write and commit, %d before the backup had its name; %d after a backup was done", total, hot, part, said)
	if total != vaults*kills || hot < total/20 || said < total/5 {
		t.Error("the kills hardly met anything")
	}
}

// killBackup starts a helper, kills it at a random moment, and returns how many
// records it said are in the backup.
func killBackup(t *testing.T, path, dest string, rnd *rand.Rand) (size int64) {
	t.Helper()
	cmd := helperCommand(t.Context(), "backup", path, dest)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	wire := &tripwire{left: 1 + rnd.IntN(3), trip: func() {
		time.AfterFunc(time.Duration(rnd.Int64N(int64(killWindow))), func() { cmd.Process.Kill() })
	}}
	s := bufio.NewScanner(out)
	for s.Scan() {
		fmt.Sscanf(s.Text(), "backed %d", &size)
		wire.Write([]byte{'\n'})
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != -1 {
		t.Errorf("the helper ended by itself: %v", err)
	}
	return size
}

// A stick that is too small is told before anything is written; one that fills
// up on the way, when it does.
func TestBackupFullStick(t *testing.T) {
	v, path := newVault(t)
	add(t, v, locker.Target{}, []locker.Fact{note("small")})
	disk := loop.Ext4(t, 16<<20)
	dest := filepath.Join(disk.Dir, "b.locker")
	old := backup(t, v, dest).Head.Size
	before := sum(mustRead(t, dest))
	add(t, v, locker.Target{}, nil, memFile("large", bytes.Repeat([]byte("large"), 1<<20)))

	fill := func(left int64) (remove func()) {
		t.Helper()
		name := filepath.Join(disk.Dir, "another file")
		f, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for block := make([]byte, 64<<10); volumeOf(t, disk.Dir).Free > left; {
			if _, err := f.Write(block); errors.Is(err, syscall.ENOSPC) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			if err := f.Sync(); err != nil {
				t.Fatal(err)
			}
		}
		return func() { os.Remove(name) }
	}
	remove := fill(3 << 20)
	var space *locker.SpaceError
	if _, err := v.Backup(t.Context(), dest, locker.BackupRequest{}); !errors.As(err, &space) || space.Free > 3<<20 || space.Need < 5<<20 {
		t.Errorf("%v", err)
	}
	if sum(mustRead(t, dest)) != before {
		t.Error("the backup was written to")
	}
	remove()

	met := 0
	for _, left := range []int64{0, 1 << 20, 2 << 20, 4 << 20} {
		_, err := v.Backup(t.Context(), dest, locker.BackupRequest{Plan: func(locker.BackupPlan) { remove = fill(left) }})
		if !errors.Is(err, locker.ErrFull) || errors.As(err, &space) {
			t.Errorf("with %d bytes left: %v", left, err)
		} else {
			met++
		}
		if got := verifyQuick(t, dest).Records; got < old {
			t.Errorf("with %d bytes left: %d records, %d before", left, got, old)
		}
		remove()
	}
	t.Logf("%d disks filled up on the way", met)
	backup(t, v, dest)
	checkBackup(t, path, dest)
}

// Two processes at a time back up to one stick, and ten add meanwhile. All of
// them succeed, and the last backup holds all.
func TestBackupAtOnce(t *testing.T) {
	v, path := newVault(t)
	add(t, v, locker.Target{}, []locker.Fact{note("first")}, memFile("large", bytes.Repeat([]byte("large"), 1<<20)))
	dest := filepath.Join(stick(t), "b.locker")
	run := func(name string, args ...string) *exec.Cmd {
		cmd := helperCommand(t.Context(), name, args...)
		cmd.Stdin = bytes.NewReader([]byte("\n"))
		cmd.Stdout = new(bytes.Buffer)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	const adders, each = 10, 25
	var adds []*exec.Cmd
	for range adders {
		adds = append(adds, run("small", path, fmt.Sprint(each)))
	}
	added, rep := make(chan struct{}), reported{}
	go func() {
		defer close(added)
		for _, cmd := range adds {
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
		}
	}()
	during := 0
	for going := true; going; {
		two := []*exec.Cmd{run("backup once", path, dest), run("backup once", path, dest)}
		for _, cmd := range two {
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
		}
		verifyQuick(t, dest)
		select {
		case <-added:
			going = false
		default:
			during += 2
		}
	}
	for _, cmd := range adds {
		rep.read(t, cmd.Stdout.(*bytes.Buffer))
	}
	t.Logf("%d backups, two at a time, while %d processes added", during, adders)
	if during == 0 || len(rep) != adders*each {
		t.Errorf("%d records were reported", len(rep))
	}
	backup(t, v, dest)
	v.Close()
	if got, want := checkBackup(t, path, dest), checkReported(t, path, rep); got != want {
		t.Errorf("%d records in the backup, %d in the vault", got, want)
	}
}
