package locker_test

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"evidence-locker/locker/volume"
)

// TestFaultDisk tests the file system that the fault tests stand on.
func TestFaultDisk(t *testing.T) {
	const block = 4096
	blockOf := func(b byte) []byte { return bytes.Repeat([]byte{b}, block) }
	// A disk with two files that are synced.
	start := func(t *testing.T) (*cutFS, string, *os.File) {
		t.Helper()
		disk, dir := mountCutFS(t)
		f, err := os.Create(filepath.Join(dir, "old"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		if _, err := f.Write(blockOf('a')); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "second"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(f.Sync(), syncDir(dir)); err != nil {
			t.Fatal(err)
		}
		return disk, dir, f
	}
	// What programs do to a disk, by what it asks of it.
	type call struct {
		name string
		do   func(dir string, f *os.File) error
	}
	looks := []call{
		{"stat", func(dir string, _ *os.File) error { _, err := os.Stat(filepath.Join(dir, "old")); return err }},
		{"open", func(dir string, _ *os.File) error { _, err := os.ReadFile(filepath.Join(dir, "old")); return err }},
		{"list", func(dir string, _ *os.File) error { _, err := os.ReadDir(dir); return err }},
		{"ask for room", func(dir string, _ *os.File) error { _, err := volume.Stat(dir); return err }},
	}
	overwrites := []call{
		{"overwrite", func(_ string, f *os.File) error { _, err := f.WriteAt(blockOf('b'), 0); return err }},
		{"shorten", func(_ string, f *os.File) error { return f.Truncate(block / 2) }},
		{"rename", func(dir string, _ *os.File) error {
			return os.Rename(filepath.Join(dir, "old"), filepath.Join(dir, "new"))
		}},
		{"remove", func(dir string, _ *os.File) error { return os.Remove(filepath.Join(dir, "second")) }},
	}
	extends := []call{
		{"extend", func(_ string, f *os.File) error { _, err := f.WriteAt(blockOf('c'), block); return err }},
		{"lengthen", func(_ string, f *os.File) error { return f.Truncate(1 << 20) }},
		{"create", func(dir string, _ *os.File) error {
			f, err := os.Create(filepath.Join(dir, "new"))
			if err == nil {
				f.Close()
			}
			return err
		}},
	}
	for _, c := range []struct {
		fault                    fault
		look, overwrite, extends error
	}{
		{sound, nil, nil, nil},
		{pulled, syscall.EIO, syscall.EIO, syscall.EIO},
		{full, nil, nil, syscall.ENOSPC},
		{writeProtected, nil, syscall.EROFS, syscall.EROFS},
		{dying, nil, nil, nil},
	} {
		t.Run(c.fault.String(), func(t *testing.T) {
			disk, dir, f := start(t)
			disk.fail(c.fault, 1)
			if _, err := f.WriteAt(blockOf('a'), 0); err != nil {
				t.Errorf("before its turn: %v", err)
			}
			refused := 0
			for _, group := range []struct {
				calls []call
				want  error
			}{{looks, c.look}, {extends, c.extends}, {overwrites, c.overwrite}} {
				for _, x := range group.calls {
					err := x.do(dir, f)
					if !errors.Is(err, group.want) || group.want == nil && err != nil {
						t.Errorf("%s: %v, want %v", x.name, err, group.want)
					}
					if err != nil {
						refused++
					}
				}
			}
			disk.mu.Lock()
			defer disk.mu.Unlock()
			if (disk.struck > 0) != (c.fault != sound) || disk.struck < refused {
				t.Errorf("%d calls failed, it counted %d", refused, disk.struck)
			}
		})
	}

	t.Run("a write that fits in part", func(t *testing.T) {
		disk, dir, f := start(t)
		disk.mu.Lock()
		disk.size = 2*block + sector
		disk.mu.Unlock()
		if info, err := volume.Stat(dir); err != nil || info.Free != block+sector {
			t.Errorf("%+v, %v", info, err)
		}
		if _, err := f.WriteAt(make([]byte, 2*block), block); !errors.Is(err, syscall.ENOSPC) {
			t.Error(err)
		}
		if info, err := f.Stat(); err != nil || info.Size() != 2*block+sector {
			t.Errorf("%d bytes, %v", info.Size(), err)
		}
		if err := f.Truncate(block); err != nil {
			t.Error(err)
		}
		if n, err := f.WriteAt(make([]byte, block), block); err != nil {
			t.Errorf("with room again: %d bytes, %v", n, err)
		}
	})

	t.Run("dying is seen after Forget only", func(t *testing.T) {
		disk, dir, f := start(t)
		disk.fail(dying, 0)
		for i := range 8 {
			if _, err := f.WriteAt(blockOf(byte(i)), int64(i)*block); err != nil {
				t.Fatal(err)
			}
		}
		f.Close()
		wrong := func() (n int) {
			t.Helper()
			b, err := os.ReadFile(filepath.Join(dir, "old"))
			if err != nil || len(b) != 8*block {
				t.Fatalf("%d bytes, %v", len(b), err)
			}
			for i := range 8 {
				if !bytes.Equal(b[i*block:(i+1)*block], blockOf(byte(i))) {
					n++
				}
			}
			return n
		}
		if n := wrong(); n != 0 {
			t.Errorf("%d of 8 blocks are wrong while they are in memory", n)
		}
		if ok, err := volume.Forget(filepath.Join(dir, "old")); !ok || err != nil {
			t.Errorf("forgetting: %v, %v", ok, err)
		}
		if n := wrong(); n != 8 {
			t.Errorf("%d of 8 blocks are wrong on the disk", n)
		}
	})

	t.Run("power", func(t *testing.T) {
		disk, dir, f := start(t)
		if _, err := f.WriteAt(blockOf('b'), 0); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"new", "newer"} {
			if err := os.WriteFile(filepath.Join(dir, name), blockOf('n'), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Rename(filepath.Join(dir, "newer"), filepath.Join(dir, "new")); err != nil {
			t.Fatal(err)
		}
		rnd := rand.New(rand.NewPCG(1, 1))
		image := func(keep kept) (old, new string) {
			t.Helper()
			to := t.TempDir()
			disk.mu.Lock()
			defer disk.mu.Unlock()
			if err := disk.image(to, keep, rnd); err != nil {
				t.Fatal(err)
			}
			text := func(name string) string {
				b, err := os.ReadFile(filepath.Join(to, name))
				if errors.Is(err, fs.ErrNotExist) {
					return "-"
				} else if err != nil {
					t.Fatal(err)
				}
				return string(b)
			}
			return text("old"), text("new")
		}
		a, b, n := string(blockOf('a')), string(blockOf('b')), string(blockOf('n'))
		if old, new := image(keptAll); old != b || new != n {
			t.Errorf("kept all: %.5q, %.5q", old, new)
		}
		if old, new := image(keptNone); old != a || new != "-" {
			t.Errorf("kept none: %.5q, %.5q", old, new)
		}
		seen := map[string]int{}
		for range 200 {
			old, new := image(keptSome)
			torn := false
			for at := 0; at < block; at += sector {
				s := old[at : at+sector]
				if s != a[:sector] && s != b[:sector] {
					t.Fatalf("a torn sector: %q", s)
				}
				torn = torn || s != old[:sector]
			}
			switch {
			case torn:
				seen["torn"]++
			case old == a:
				seen["old"]++
			default:
				seen["new"]++
			}
			if new == "-" {
				seen["no name"]++
			} else {
				seen["name"]++
			}
		}
		t.Log(seen)
		if len(seen) != 5 {
			t.Error("some outcomes never happened")
		}
		if err := errors.Join(f.Sync(), syncDir(dir)); err != nil {
			t.Fatal(err)
		}
		// Its content was not synced, only its name.
		if old, new := image(keptNone); old != b || new != "" {
			t.Errorf("kept what was synced: %.5q, %.5q", old, new)
		}
	})
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
