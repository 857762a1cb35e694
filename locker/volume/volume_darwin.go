package volume

import (
	"errors"
	"os"

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
		Device:   uint64(uint32(st.Dev)),
		Free:     int64(fs.Bavail) * int64(fs.Bsize),
		ReadOnly: fs.Flags&unix.MNT_RDONLY != 0,
		Type:     unix.ByteSliceToString(fs.Fstypename[:]),
	}
	if i.Type == "msdos" {
		i.MaxFile = fatMaxFile
	}
	return i, nil
}

// forget writes to the disk. F_NOCACHE keeps later pages out of memory, but
// pages that are there are still read from it.
func forget(path string) (ok bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	if err := f.Sync(); err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOTSUP) {
		return false, err
	}
	return false, nil
}
