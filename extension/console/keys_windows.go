package console

import (
	"os"

	"golang.org/x/sys/windows"
)

// inForeground is always true: Windows knows no jobs in the background of a terminal.
func inForeground(*os.File) bool { return true }

// discardInput throws away what a console holds. Whether there was anything cannot be told: that a key was let go counts
// as input too.
func discardInput(tty *os.File) bool {
	_ = windows.FlushConsoleInputBuffer(windows.Handle(tty.Fd()))
	return false
}
