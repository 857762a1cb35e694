//go:build unix

package locker_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"evidence-locker/locker"
)

func init() {
	// full: adds to the vault at args[0] under a file-size limit of args[1]
	// bytes until it is reached, then without it.
	helpers["full"] = func(args []string) error {
		signal.Ignore(syscall.SIGXFSZ) // as the program's main does
		var old syscall.Rlimit
		if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
			return err
		}
		v, err := locker.Open(context.Background(), args[0], helperOptions(filepath.Dir(args[0])))
		if err != nil {
			return err
		}
		defer v.Close()
		limit, _ := strconv.ParseUint(args[1], 10, 64)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: old.Max}); err != nil {
			return err
		}
		addOne := func(i int) error {
			files := []locker.File{memFile("small", bytes.Repeat([]byte{byte(i)}, 40_000))}
			if i%2 == 1 {
				files = append(files, memFile("large", bytes.Repeat([]byte{byte(i)}, 5<<20)))
			}
			return v.Add(context.Background(), locker.AddRequest{
				Facts: []locker.Fact{note(fmt.Sprint("note ", i))}, Files: files,
				Recorded: sayRecorded, Failed: func(f locker.File, err error) { panic(err) },
			})
		}
		for i := range 6 {
			if err = addOne(i); err != nil {
				break
			}
		}
		switch {
		case errors.Is(err, locker.ErrFull):
			fmt.Println("full")
		case err != nil:
			return err
		}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
			return err
		}
		return addOne(1)
	}
}

// A file-size limit stands for a full disk, at many places. Nothing is
// reported that is not there, the vault verifies, and once there is room again
// the same process adds.
func TestFullDisk(t *testing.T) {
	template, templatePath := newVault(t)
	add(t, template, locker.Target{}, []locker.Fact{note("before")})
	template.Close()
	info, err := os.Stat(templatePath)
	if err != nil {
		t.Fatal(err)
	}
	limits := []int64{1, 511, 512, 4096, 16384, 20000}
	for n := range int64(26) {
		limits = append(limits, info.Size()+n*17_000)
	}
	for n := range int64(10) {
		limits = append(limits, info.Size()+(n+1)*1_500_000)
	}
	tried, full, partly := 0, 0, 0
	t.Run("limits", func(t *testing.T) {
		for i, limit := range limits {
			if i%min(sparse, 4) != 0 {
				continue
			}
			tried++
			t.Run(fmt.Sprint(limit), func(t *testing.T) {
				path := copyVault(t, templatePath)
				out, err := helperCommand(t.Context(), "full", path, fmt.Sprint(limit)).Output()
				if err != nil {
					t.Errorf("%v\n%s", err, out)
				}
				rep := reported{}
				rep.read(t, bytes.NewReader(out))
				if strings.Contains(string(out), "full\n") {
					full++
					if before, _, _ := strings.Cut(string(out), "full\n"); strings.Contains(before, "recorded") {
						partly++
					}
				}
				if got := checkReported(t, path, rep); got != int64(len(rep))+2 {
					t.Errorf("%d records, %d reported", got-2, len(rep))
				}
			})
		}
	})
	t.Run("control: no limit reached", func(t *testing.T) {
		out, err := helperCommand(t.Context(), "full", copyVault(t, templatePath), fmt.Sprint(100<<20)).Output()
		if err != nil || strings.Contains(string(out), "full\n") {
			t.Errorf("%v\n%s", err, out)
		}
	})
	t.Logf("%d limits: %d were reached, %d of them after something was recorded", tried, full, partly)
	if full < tried*2/3 || partly < 5 {
		t.Error("the limits hardly met anything")
	}
}
