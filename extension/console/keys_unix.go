//go:build unix

package console

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// makeRaw is that of term, except that a line feed returns the carriage: what reads our pipe may print on the terminal
// meanwhile.
func makeRaw(tty *os.File) (*term.State, error) {
	fd := int(tty.Fd())
	before, err := term.MakeRaw(fd)
	if err != nil {
		return nil, err
	}
	if now, err := unix.IoctlGetTermios(fd, getTermios); err == nil {
		now.Oflag |= unix.OPOST
		_ = unix.IoctlSetTermios(fd, setTermios, now)
	}
	return before, nil
}

// inForeground reports whether this process may use its terminal.
func inForeground(tty *os.File) bool {
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err != nil || group == unix.Getpgrp()
}

const (
	// quiet is how long nothing has to come until a paste counts as over: a long one arrives in pieces.
	quiet = 50 * time.Millisecond
	// maxDiscarded bounds what is thrown away, in bytes.
	maxDiscarded = 16 << 20
)

// discardInput throws away what a terminal in raw mode holds, and reports whether there was anything.
func discardInput(tty *os.File) bool {
	total, piece := 0, make([]byte, 4096)
	for total < maxDiscarded && readable(int(tty.Fd())) {
		n, err := tty.Read(piece)
		total += n
		if err != nil {
			break
		}
	}
	return total > 0
}

// readable waits for input a little. It asks with select, since macOS knows no poll for terminals.
func readable(fd int) bool {
	var set unix.FdSet
	set.Set(fd)
	wait := unix.NsecToTimeval(quiet.Nanoseconds())
	n, err := unix.Select(fd+1, &set, nil, nil, &wait)
	return err == nil && n > 0
}
