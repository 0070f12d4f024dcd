//go:build unix

package extension

import (
	"os"

	"golang.org/x/sys/unix"
)

// inForeground tells whether this process may use its terminal.
func inForeground(tty *os.File) bool {
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err != nil || group == unix.Getpgrp()
}
