package volume

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows"
)

func stat(path string) (Info, error) {
	st, err := os.Stat(path)
	if err != nil {
		return Info{}, err
	}
	if !st.IsDir() {
		path = filepath.Dir(path) // the system answers for folders
	}
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return Info{}, err
	}
	var i Info
	var free uint64
	if err := windows.GetDiskFreeSpaceEx(name, &free, nil, nil); err != nil {
		return Info{}, err
	}
	i.Free = int64(free)
	root := make([]uint16, windows.MAX_LONG_PATH)
	if err := windows.GetVolumePathName(name, &root[0], uint32(len(root))); err != nil {
		return Info{}, err
	}
	var serial, flags uint32
	typ := make([]uint16, windows.MAX_PATH+1)
	if err := windows.GetVolumeInformation(&root[0], nil, 0, &serial, nil, &flags, &typ[0], uint32(len(typ))); err != nil {
		return Info{}, err
	}
	i.Device = uint64(serial)
	i.ReadOnly = flags&windows.FILE_READ_ONLY_VOLUME != 0
	i.Type = windows.UTF16ToString(typ)
	if strings.HasPrefix(i.Type, "FAT") {
		i.MaxFile = fatMaxFile
	}
	return i, nil
}

// forget writes to the disk; no call drops a file from memory.
func forget(path string) (ok bool, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrPermission) {
		return false, nil // only who may write can wait for the disk
	} else if err != nil {
		return false, err
	}
	defer f.Close()
	return false, f.Sync()
}
