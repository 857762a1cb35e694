package volume

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

func stat(path string) (Info, error) {
	var fs unix.Statfs_t
	var st unix.Stat_t
	if err := unix.Statfs(path, &fs); err != nil {
		return Info{}, err
	}
	if err := unix.Stat(path, &st); err != nil {
		return Info{}, err
	}
	i := Info{
		Device:   uint64(st.Dev),
		Free:     int64(fs.Bavail) * int64(fs.Frsize),
		ReadOnly: fs.Flags&unix.ST_RDONLY != 0,
		Type:     mountType(path),
	}
	if fs.Type == unix.MSDOS_SUPER_MAGIC {
		i.MaxFile = fatMaxFile
	}
	return i, nil
}

// mountType returns the type that the mount of a path has in mountinfo, as in
// "fuse.sshfs", which the number in statfs does not tell apart.
func mountType(path string) string {
	// By the mount's id: files of btrfs and overlay have other device numbers
	// than their mount.
	var st unix.Statx_t
	if unix.Statx(unix.AT_FDCWD, path, 0, unix.STATX_MNT_ID, &st) != nil || st.Mask&unix.STATX_MNT_ID == 0 {
		return "" // before Linux 5.8
	}
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return ""
	}
	defer f.Close()
	id := strconv.FormatUint(st.Mnt_id, 10) + " "
	for s := bufio.NewScanner(f); s.Scan(); {
		if !strings.HasPrefix(s.Text(), id) {
			continue
		}
		// Any number of fields, a lone hyphen, the type. Spaces within fields
		// are escaped.
		_, after, _ := strings.Cut(s.Text(), " - ")
		typ, _, _ := strings.Cut(after, " ")
		return typ
	}
	return ""
}

func forget(path string) (ok bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	if err := f.Sync(); errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) {
		return false, nil // then nothing tells what the disk holds
	} else if err != nil {
		return false, err
	}
	if err := unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED); err != nil {
		return false, fmt.Errorf("dropping %q from memory: %w", path, err)
	}
	if held, err := inMemory(f); err != nil || held {
		return false, nil
	}
	// A program that serves a whole disk reads it through the disk's own pages,
	// which only the administrator can drop.
	return mountType(path) != "fuseblk", nil
}

// inMemory reports whether the system holds any page of a file. It says so of
// every file that we could not write.
func inMemory(f *os.File) (bool, error) {
	info, err := f.Stat()
	if err != nil {
		return false, err
	}
	const window = 1 << 30 // a small part of a 32-bit address space
	pages := make([]byte, window/os.Getpagesize())
	for at := int64(0); at < info.Size(); at += window {
		n := int(min(window, info.Size()-at))
		m, err := unix.Mmap(int(f.Fd()), at, n, unix.PROT_NONE, unix.MAP_PRIVATE)
		if err != nil {
			return false, err
		}
		clear(pages)
		_, _, errno := unix.Syscall(unix.SYS_MINCORE, uintptr(unsafe.Pointer(&m[0])), uintptr(n), uintptr(unsafe.Pointer(&pages[0])))
		if err := unix.Munmap(m); err != nil {
			return false, err
		}
		if errno != 0 {
			return false, errno
		}
		for _, p := range pages {
			if p&1 != 0 {
				return true, nil
			}
		}
	}
	return false, nil
}
