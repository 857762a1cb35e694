package volume_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"evidence-locker/locker/volume"
	"evidence-locker/locker/volume/loop"
)

func TestStatDisks(t *testing.T) {
	const size = 8 << 20
	for _, c := range []struct {
		typ  string
		disk func(testing.TB, int64) *loop.Disk
	}{{"ext4", loop.Ext4}, {"fuseblk", loop.Exfat}} {
		t.Run(c.typ, func(t *testing.T) {
			d := c.disk(t, size)
			empty := stat(t, d.Dir)
			if empty.Type != c.typ || empty.Device == stat(t, filepath.Dir(d.Dir)).Device || empty.MaxFile != 0 || empty.ReadOnly {
				t.Errorf("%+v", empty)
			}
			if empty.Free < size/2 || empty.Free > size {
				t.Errorf("%d bytes are free of %d", empty.Free, size)
			}
			path := filepath.Join(d.Dir, "file")
			write(t, path, make([]byte, size/4))
			if less := empty.Free - stat(t, path).Free; less < size/4 || less > size/4+size/16 {
				t.Errorf("a file of %d bytes takes %d", size/4, less)
			}
			d.Remount(t, "ro")
			if !stat(t, path).ReadOnly {
				t.Error("it does not tell that nothing can be written")
			}
			if err := os.WriteFile(path, nil, 0o600); !errors.Is(err, syscall.EROFS) {
				t.Errorf("control: %v", err)
			}
		})
	}
}

// FAT itself refuses a file that is larger than Stat tells, and one of that size
// only because it is a small disk.
func TestStatFAT(t *testing.T) {
	if b, err := os.ReadFile("/proc/filesystems"); err != nil || !bytes.Contains(b, []byte("\tvfat\n")) {
		t.Skip("this kernel has no FAT")
	}
	d := loop.FAT(t, 64<<20)
	info := stat(t, d.Dir)
	if info.MaxFile == 0 || info.Type != "vfat" {
		t.Fatalf("%+v", info)
	}
	path := filepath.Join(d.Dir, "file")
	write(t, path, nil)
	for more, want := range []error{syscall.ENOSPC, syscall.EFBIG} {
		if err := os.Truncate(path, info.MaxFile+int64(more)); !errors.Is(err, want) {
			t.Errorf("%d bytes: %v", info.MaxFile+int64(more), err)
		}
	}
}

// After Forget, and only then, reading asks the disk, as its own counter tells.
func TestForget(t *testing.T) {
	const size = 4 << 20
	d := loop.Ext4(t, 4*size)
	path, content := filepath.Join(d.Dir, "file"), bytes.Repeat([]byte("0123456789abcdef"), size/16)
	write(t, path, content)
	asked := func() int64 {
		t.Helper()
		before, _ := d.Traffic(t)
		got, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(got, content) {
			t.Fatalf("%d bytes come back, %v", len(got), err)
		}
		after, _ := d.Traffic(t)
		return after - before
	}
	if n := asked(); n >= size/4 {
		t.Errorf("control: %d bytes were read from the disk before it was forgotten", n)
	}
	if ok, err := volume.Forget(path); !ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
	if n := asked(); n < size {
		t.Errorf("%d bytes were read from the disk after it was forgotten", n)
	}

	// What somebody has mapped stays, and that is told.
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := syscall.Mmap(int(f.Fd()), 0, size, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Count(m, []byte("0")) != size/16 {
		t.Error("another content is mapped")
	}
	if ok, err := volume.Forget(path); ok || err != nil {
		t.Errorf("mapped: %v, %v", ok, err)
	}
	if err := syscall.Munmap(m); err != nil {
		t.Fatal(err)
	}
	if ok, err := volume.Forget(path); !ok || err != nil {
		t.Errorf("not mapped any more: %v, %v", ok, err)
	}
}

func TestForgetCannot(t *testing.T) {
	t.Run("in memory only", func(t *testing.T) {
		dir, err := os.MkdirTemp("/dev/shm", "locker-test-*")
		if err != nil {
			t.Skip(err)
		}
		defer os.RemoveAll(dir)
		if typ := stat(t, dir).Type; typ != "tmpfs" {
			t.Skip("/dev/shm is", typ)
		}
		path := filepath.Join(dir, "file")
		write(t, path, []byte("content"))
		if ok, err := volume.Forget(path); ok || err != nil {
			t.Errorf("%v, %v", ok, err)
		}
	})
	t.Run("a program in between", func(t *testing.T) {
		path := filepath.Join(loop.Exfat(t, 4<<20).Dir, "file")
		write(t, path, []byte("content"))
		if ok, err := volume.Forget(path); ok || err != nil {
			t.Errorf("%v, %v", ok, err)
		}
	})
	t.Run("nothing there", func(t *testing.T) {
		if ok, err := volume.Forget(filepath.Join(t.TempDir(), "no")); ok || !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%v, %v", ok, err)
		}
	})
	t.Run("write-protected", func(t *testing.T) {
		d := loop.Ext4(t, 4<<20)
		path := filepath.Join(d.Dir, "file")
		write(t, path, []byte("content"))
		d.Remount(t, "ro")
		if ok, err := volume.Forget(path); !ok || err != nil {
			t.Errorf("%v, %v", ok, err)
		}
	})
	t.Run("empty", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "file")
		write(t, path, nil)
		if _, err := volume.Forget(path); err != nil {
			t.Error(err)
		}
	})
}
