package locker_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"evidence-locker/locker"
)

func init() {
	// peak: runs the helper args[0], and says how much memory it took at most.
	helpers["peak"] = func(args []string) error {
		if args[0] != "nothing" {
			if err := helpers[args[0]](args[1:]); err != nil {
				return err
			}
		}
		status, err := os.ReadFile("/proc/self/status")
		_, after, _ := strings.Cut(string(status), "VmHWM:")
		line, _, _ := strings.Cut(after, " kB")
		fmt.Println("peak", strings.TrimSpace(line))
		return err
	}
	// salvage: salvages args[0] to args[1].
	helpers["salvage"] = func(args []string) error {
		_, err := locker.Salvage(context.Background(), args[0], args[1], baseOptions(filepath.Dir(args[1])), nil)
		return err
	}
}

// The memory that restoring, salvaging and mending take does not follow the
// size of files.
func TestMemoryBounded(t *testing.T) {
	if sparse > 1 {
		t.Skip("a large file")
	}
	v, path := newVault(t)
	const size = 160 << 20
	add(t, v, locker.Target{}, []locker.Fact{note("n")}, patternFile("large", size))
	dest := filepath.Join(stick(t), "b.locker")
	backup(t, v, dest)
	v.Close()
	damageVault(t, path, "UPDATE chunk SET data = x'00' WHERE row = 7", "UPDATE record SET sealed = x'00' WHERE seq = 1")
	peak := func(args ...string) (n int64) {
		t.Helper()
		out, err := helperCommand(t.Context(), "peak", args...).Output()
		if err != nil {
			t.Fatalf("%s: %v", args, err)
		}
		_, line, _ := strings.Cut(string(out), "peak ")
		if _, err := fmt.Sscan(line, &n); err != nil || n == 0 {
			t.Fatalf("%s: %q, %v", args, out, err)
		}
		return n << 10
	}
	least := peak("nothing")
	dir := t.TempDir()
	for name, n := range map[string]int64{
		"restore": peak("restore", dest, filepath.Join(dir, "vault.locker")),
		"salvage": peak("salvage", path, filepath.Join(dir, "salvaged.locker")),
		"mend":    peak("mend", path, dest),
	} {
		t.Logf("%s: %d MiB, %d of them for the process itself", name, n>>20, least>>20)
		if n > 64<<20 {
			t.Errorf("%s takes %d MiB for a file of %d", name, n>>20, size>>20)
		}
	}
	if got := verify(t, path); len(got.Faults) > 0 {
		t.Errorf("mended: %v", got.Faults)
	}
}
