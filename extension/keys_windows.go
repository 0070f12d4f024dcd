package extension

import "os"

// inForeground is always true: Windows knows no jobs in the background of a terminal.
func inForeground(*os.File) bool { return true }
