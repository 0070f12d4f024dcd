package console

import (
	"os"

	"golang.org/x/sys/windows"
	"golang.org/x/term"
)

// makeRaw is that of term, which changes nothing of the output here.
func makeRaw(tty *os.File) (*term.State, error) { return term.MakeRaw(int(tty.Fd())) }

// inForeground is always true: Windows knows no jobs in the background of a terminal.
func inForeground(*os.File) bool { return true }

// discardInput throws away what a console holds. Whether there was anything cannot be told: that a key was let go counts
// as input too.
func discardInput(tty *os.File) bool {
	_ = windows.FlushConsoleInputBuffer(windows.Handle(tty.Fd()))
	return false
}
