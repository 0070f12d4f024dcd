package hook

import (
	"slices"
	"strings"

	"github.com/gh-hex/gh-hex/core/script"
)

// runsVerify tells whether a hook runs gh hex on the push itself, or maybe does: where the words stand in the argument of
// another command than echo, in the text that one is given, or in another language than that of a shell. Comments do not
// count, and neither does the question of our own hook whether the extension is there, which has no input.
func runsVerify(text string) (runs, maybe bool) {
	language := script.POSIX
	if interpreter, named := strings.CutPrefix(text, "#!"); named {
		interpreter, _, _ = strings.Cut(interpreter, "\n")
		language = script.LanguageOf(interpreter)
	}
	if language != script.POSIX && language != script.Bash && language != script.Zsh {
		return false, namesVerify(text)
	}
	hook := script.Parse(text, language)
	for _, c := range hook.Commands() {
		silent := slices.ContainsFunc(c.Sources, func(w script.Word) bool { return w.Is("/dev/null") })
		switch {
		case silent || c.Name() == "echo" || c.Name() == "printf" || c.Name() == ":":
		case !c.Inner && c.Begins("gh", "hex", "verify") && slices.ContainsFunc(c.Words, func(w script.Word) bool { return w.Is("--pre-push") }):
			runs = true
		default:
			maybe = maybe || saysVerify(c.Text) || slices.ContainsFunc(c.Inputs, func(w script.Word) bool { return saysVerify(w.Known()) })
		}
	}
	return runs, maybe || hook.Err != nil && namesVerify(text)
}

// namesVerify tells whether a line other than a comment or a message names gh hex verify --pre-push, in a text that is not
// read otherwise.
func namesVerify(text string) bool {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if saysVerify(line) && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "echo ") {
			return true
		}
	}
	return false
}

func saysVerify(text string) bool {
	return strings.Contains(text, "hex verify") && strings.Contains(text, "--pre-push")
}
