package extension

import (
	"fmt"
	"os"
	"strings"
)

// isGH reports whether a process is gh, which starts its extensions itself. Whoever else started this command, a shell or
// nohup, may end before it.
func isGH(pid int) bool {
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return err == nil && isProgramGH(strings.TrimSpace(string(name)))
}
