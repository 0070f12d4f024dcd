package command

import (
	"strings"

	"github.com/MakeNowJust/heredoc"
)

// Example lays out a command's examples as gh does, two columns in.
func Example(text string) string {
	lines := strings.Split(strings.TrimSpace(heredoc.Doc(text)), "\n")
	for i, l := range lines {
		if l != "" {
			lines[i] = "  " + l
		}
	}
	return strings.Join(lines, "\n")
}
