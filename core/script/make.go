package script

import (
	"slices"
	"strings"
)

// Recipe is what make runs for a target.
func Recipe(makefile, target string) string {
	var b strings.Builder
	in := false
	for line := range strings.Lines(makefile) {
		if !strings.HasPrefix(line, "\t") {
			names, _, rule := strings.Cut(line, ":")
			in = rule && slices.Contains(strings.Fields(names), target)
		} else if in {
			b.WriteString(strings.TrimLeft(line, "\t@-"))
		}
	}
	return b.String()
}
