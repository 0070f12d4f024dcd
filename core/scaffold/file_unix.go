//go:build !windows

package scaffold

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// nonblock keeps the opening of a named pipe from waiting for its other end.
const nonblock = syscall.O_NONBLOCK

// writableFolder respects a folder without any right to write, although the superuser could write there.
func writableFolder(r *os.Root, dir string) error {
	info, err := r.Lstat(dir)
	if err != nil {
		return err
	}
	if info.Mode()&0o222 == 0 {
		return fs.ErrPermission
	}
	const writeAndSearch = 2 | 1
	return syscall.Access(filepath.Join(r.Name(), filepath.FromSlash(dir)), writeAndSearch)
}

// private is mode without the rights of group and others.
func private(mode fs.FileMode) fs.FileMode { return mode &^ 0o077 }

// lock gives the file to this process until it closes it or ends, and tells when another has it; it does not wait. Where
// the file system knows no locks, it is as if nobody had it: a file that changed meanwhile is noticed all the same.
func lock(f *os.File) bool {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != syscall.EWOULDBLOCK
}
