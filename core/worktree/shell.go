package worktree

import (
	"path"
	"slices"
	"strings"

	"github.com/gh-hex/gh-hex/core/shell"
)

// runsVerify tells whether a hook runs gh hex on the push itself, or maybe does: where the words stand in the argument of
// another command than echo, in a here-document, or in another language than that of the shell. Comments do not count,
// and neither does the question of our own hook whether the extension is there, which has no input.
func runsVerify(text string) (runs, maybe bool) {
	first, _, _ := strings.Cut(text, "\n")
	named := func(word string) bool { return strings.HasSuffix(word, "sh") }
	posix := !strings.HasPrefix(first, "#!") || slices.ContainsFunc(strings.Fields(first), named)
	for _, command := range shell.Commands(text) {
		var words []string
		for _, w := range shell.AfterKeywords(command) {
			words = append(words, w.Text)
		}
		line := strings.Join(words, " ")
		if !strings.Contains(line, "hex verify") || !strings.Contains(line, "--pre-push") || strings.Contains(line, "/dev/null") && strings.Contains(line, "<") {
			continue
		}
		switch {
		case words[0] == "echo" || words[0] == "printf" || words[0] == ":":
		case posix && !strings.Contains(text, "<<") && len(words) > 3 && path.Base(words[0]) == "gh" && words[1] == "hex" && words[2] == "verify":
			runs = true
		default:
			maybe = true
		}
	}
	return runs, maybe
}
