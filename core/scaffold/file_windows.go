package scaffold

import (
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// nonblock is nothing here: a named pipe has no place in the file system.
const nonblock = 0

// writableFolder cannot tell from the mode: an access control list decides, when the file is written.
func writableFolder(*os.Root, string) error { return nil }

// private changes nothing: the mode says nothing about who may read the file.
func private(mode fs.FileMode) fs.FileMode { return mode }

// lock gives the file to this process until it closes it or ends, and tells when another has it; it does not wait. Where
// the file system knows no locks, it is as if nobody had it: a file that changed meanwhile is noticed all the same.
func lock(f *os.File) bool {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	return windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, new(windows.Overlapped)) != windows.ERROR_LOCK_VIOLATION
}
