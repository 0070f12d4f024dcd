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
	hook := parse(text)
	if hook == nil {
		return false, namesVerify(text)
	}
	for _, c := range hook.Commands() {
		switch {
		case silent(c):
		case isVerify(c):
			runs = true
		default:
			maybe = maybe || saysVerify(c.Text) || slices.ContainsFunc(c.Inputs, func(w script.Word) bool { return saysVerify(w.Known()) })
		}
	}
	return runs, maybe || hook.Err != nil && namesVerify(text)
}

// parse reads a script of shell; nil for one in another language.
func parse(text string) *script.Script {
	language := script.POSIX
	if interpreter, named := strings.CutPrefix(text, "#!"); named {
		interpreter, _, _ = strings.Cut(interpreter, "\n")
		language = script.LanguageOf(interpreter)
	}
	if language != script.POSIX && language != script.Bash && language != script.Zsh {
		return nil
	}
	return script.Parse(text, language)
}

func isVerify(c *script.Command) bool {
	return !c.Inner && c.Begins("gh", "hex", "verify") && slices.ContainsFunc(c.Words, func(w script.Word) bool { return w.Is("--pre-push") })
}

// silent tells of a command that it does nothing but tell, or gets nothing to read.
func silent(c *script.Command) bool {
	return slices.ContainsFunc(c.Sources, func(w script.Word) bool { return w.Is("/dev/null") }) || slices.Contains([]string{"echo", "printf", ":"}, c.Name())
}

// acts tells whether a script does something besides what gh hex is for. One in another language does.
func acts(text string) bool {
	hook := parse(text)
	return hook == nil || slices.ContainsFunc(hook.Commands(), func(c *script.Command) bool {
		return !silent(c) && !isVerify(c) && !slices.Contains([]string{"", ".", "source", "set", "export", "exit", "true"}, c.Name())
	})
}

// takes names a command that reads what git hands over beside gh hex; empty when none is known to. A gh that is given its
// input through a pipe leaves the rest to others.
func takes(text string) string {
	hook := parse(text)
	if hook == nil {
		return ""
	}
	reader := ""
	for _, c := range hook.Commands() {
		if c.Into == "gh" {
			return ""
		}
		if reads(c) && reader == "" {
			reader = c.Name()
		}
	}
	return reader
}

// reads tells of commands that are known to read standard input, and of those that get what a hook is called with.
func reads(c *script.Command) bool {
	switch {
	case isVerify(c) || silent(c) || len(c.Sources)+len(c.Inputs) > 0 || c.Function != "":
		return false
	case slices.Contains([]string{"cat", "read", "tee", "xargs", "mapfile", "readarray", "git-lfs"}, c.Name()):
		return len(c.Words) == 1 || c.Name() != "cat"
	}
	return c.Begins("git", "lfs")
}

// shellEntry is for a script of shell. What stands in it already gets what git hands over, too: whoever reads it first takes
// it from the next.
func shellEntry(f file) string {
	switch {
	case strings.TrimSpace(string(f.text)) == "":
		return "#!/bin/sh\n" + Line
	case !acts(string(f.text)):
		return Line
	}
	return "refs=$(cat)\nprintf '%s\\n' \"$refs\" | " + Line + " || exit\nexec <<END\n$refs\nEND"
}

// amongCommands is where that stands.
func amongCommands(f file) string {
	if acts(string(f.text)) {
		return "before what runs there"
	}
	return ""
}

func shellFound(f file) entry {
	e := judgeLine(string(f.text))
	if reader := takes(string(f.text)); e.there && reader != "" {
		return entry{flaw: "it runs gh hex, and " + reader + " too: whichever reads git's input first takes it from the other"}
	}
	return e
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
