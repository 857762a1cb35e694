// Package loop makes real file systems for tests, each on a disk of its own
// that is a file. It needs root, and programs that may not be there; a test is
// skipped with the reason then, except in CI.
package loop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A Disk has one file system, which is mounted at Dir.
type Disk struct {
	Dir    string
	Device string // as in /dev/loop0
	mount  []string
}

// Ext4 makes a disk of a size in bytes with ext4.
func Ext4(t testing.TB, size int64) *Disk {
	t.Helper()
	return newDisk(t, size, []string{"mkfs.ext4", "-q", "-m", "0"}, []string{"mount"})
}

// Exfat makes a disk of a size in bytes with exFAT, whose driver is a program.
func Exfat(t testing.TB, size int64) *Disk {
	t.Helper()
	return newDisk(t, size, []string{"mkfs.exfat"}, []string{"mount.exfat-fuse"})
}

// FAT makes a disk of a size in bytes with FAT32, which not every kernel has.
func FAT(t testing.TB, size int64) *Disk {
	t.Helper()
	return newDisk(t, size, []string{"mkfs.vfat", "-F", "32"}, []string{"mount"})
}

func newDisk(t testing.TB, size int64, mkfs, mount []string) *Disk {
	t.Helper()
	missing := t.Skipf
	if os.Getenv("CI") != "" {
		missing = t.Fatalf
	}
	if os.Geteuid() != 0 {
		missing("needs root to mount")
	}
	for _, name := range []string{"losetup", "umount", mkfs[0], mount[0]} {
		if _, err := exec.LookPath(name); err != nil {
			missing("needs %s: %v", name, err)
		}
	}
	image := filepath.Join(t.TempDir(), "disk")
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(image, size); err != nil {
		t.Fatal(err)
	}
	out, err := run("losetup", "--find", "--show", image)
	if err != nil {
		missing("cannot make a loop device: %v", err)
	}
	d := &Disk{Dir: t.TempDir(), Device: strings.TrimSpace(out), mount: mount}
	t.Cleanup(func() {
		if _, err := run("losetup", "--detach", d.Device); err != nil {
			t.Error(err)
		}
	})
	if _, err := run(mkfs[0], append(mkfs[1:], d.Device)...); err != nil {
		t.Fatal(err)
	}
	if _, err := run(mount[0], append(mount[1:], d.Device, d.Dir)...); err != nil {
		missing("cannot mount: %v", err)
	}
	t.Cleanup(func() { d.unmount(t) })
	return d
}

// Remount takes the disk out and puts it in again, with options as in "ro". No
// file on it may be open.
func (d *Disk) Remount(t testing.TB, options string) {
	t.Helper()
	d.unmount(t)
	args := append(d.mount[1:], "-o", options, d.Device, d.Dir)
	if _, err := run(d.mount[0], args...); err != nil {
		t.Fatal(err)
	}
}

func (d *Disk) unmount(t testing.TB) {
	t.Helper()
	if _, err := run("umount", d.Dir); err != nil {
		t.Error(err)
	}
}

// Traffic returns how many bytes were read from the disk and written to it so
// far.
func (d *Disk) Traffic(t testing.TB) (read, written int64) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("/sys/block", filepath.Base(d.Device), "stat"))
	if err != nil {
		t.Fatal(err)
	}
	// Requests, merged ones, sectors, milliseconds; of reads, then of writes.
	var skip, r, w int64
	if _, err := fmt.Sscan(string(b), &skip, &skip, &r, &skip, &skip, &skip, &w); err != nil {
		t.Fatal(err)
	}
	return r * 512, w * 512
}

func run(name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, complaint.String())
	}
	return string(out), nil
}
