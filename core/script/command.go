package script

import (
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Command is a simple command, with what stands around it. The words of a loop ("for"), of a choice ("case"), of a test
// ("[[") and of a declaration ("export") are commands by these names.
type Command struct {
	// Words are its name and arguments; none when it only assigns. What runs another command, such as sudo, stands in
	// Through instead.
	Words   []Word
	Through []string
	Assigns []Assignment
	// Inputs are its here-documents and here-strings: data, and no commands.
	Inputs []Word
	// Sources are the files that it reads from, by <.
	Sources []Word
	// Outputs are the files that its output goes to, those of a block around it included.
	Outputs []Word
	// Into is the name of the command that reads its output from a pipe; "?" for one that is not known.
	Into string
	// Function is the name of the function that it stands in.
	Function string
	// Inner says that it stands in a script within the script: of eval, sh -c, or the input of a shell.
	Inner bool
	// Text is how it is written, here-documents apart. At is where that begins.
	Text string
	At   int
}

// Assignment gives a variable a value. Value is empty for an array, whose members are Members.
type Assignment struct {
	Name    string
	Value   Word
	Members []Word
}

// Name is the name of the command without its folder, hex for ./node_modules/.bin/hex; empty when it is decided at run time.
func (c *Command) Name() string {
	if len(c.Words) == 0 {
		return ""
	}
	text, ok := c.Words[0].Literal()
	if !ok {
		return ""
	}
	return baseName(text)
}

func baseName(text string) string {
	text = strings.ReplaceAll(text, `\`, "/")
	if text == "" || strings.HasSuffix(text, "/") {
		return ""
	}
	name := path.Base(text)
	for _, extension := range []string{".exe", ".cmd", ".bat"} {
		name = strings.TrimSuffix(name, extension)
	}
	return name
}

// Begins reports whether the command is this name with these words behind it, all of them for certain.
func (c *Command) Begins(name string, words ...string) bool {
	if c.Name() != name || len(c.Words) <= len(words) {
		return false
	}
	for i, word := range words {
		if !c.Words[i+1].Is(word) {
			return false
		}
	}
	return true
}

// Commands lists the commands of the script in order, those in substitutions, functions, literal eval and sh -c included;
// those in functions that nothing in the script names are left out.
func (s *Script) Commands() []*Command {
	if len(s.functions) == 0 {
		return s.commands
	}
	named := map[string]bool{}
	for _, c := range s.commands {
		for _, w := range c.Words {
			if text, ok := w.Literal(); ok && s.functions[text] && c.Function != text {
				named[text] = true
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(s.commands), func(c *Command) bool { return c.Function != "" && !named[c.Function] })
}

// Defines reports whether the script has a function of this name.
func (s *Script) Defines(name string) bool { return s.functions[name] }

// unwrap takes what runs another command off the front: sudo, env A=b, timeout 5m.
func (c *Command) unwrap() {
	for len(c.Words) > 1 {
		name := c.Name()
		valued, wraps := wrapper(name)
		if !wraps || name == "command" && asks(c.Words[1]) {
			return
		}
		rest := c.afterOptions(c.Words[1:], valued)
		if name == "timeout" && len(rest) > 0 {
			rest = rest[1:]
		}
		if len(rest) == 0 {
			return
		}
		c.Through = append(c.Through, name)
		c.Words = rest
	}
}

// asks tells command -v, which only says where a command is.
func asks(w Word) bool { return w.Is("-v") || w.Is("-V") }

// wrapper tells commands that run the one that their arguments are; valued are their options that take a word of their own.
func wrapper(name string) (valued string, wraps bool) {
	switch name {
	case "exec":
		return "-a", true
	case "command", "builtin", "nohup", "time", "setsid", "chronic":
		return "", true
	case "env":
		return "-u -C --unset --chdir", true
	case "sudo", "doas":
		return "-u -g -h -p -C -D -R -T --user --group --host --prompt", true
	case "timeout":
		return "-k -s --kill-after --signal", true
	case "nice", "ionice":
		return "-n -c --adjustment", true
	case "stdbuf":
		return "-i -o -e", true
	case "xargs":
		return "-I -n -P -L -d -s -a -E --max-args --max-procs --delimiter --arg-file", true
	case "npx", "bunx":
		return "-p --package", true
	}
	return "", false
}

// afterOptions skips options and assignments, which it keeps.
func (c *Command) afterOptions(words []Word, valued string) []Word {
	options := strings.Fields(valued)
	for len(words) > 0 {
		text := words[0].Known()
		name, _, assigns := strings.Cut(text, "=")
		switch {
		case text == "--":
			return words[1:]
		case strings.HasPrefix(text, "-") && len(text) > 1:
			if slices.Contains(options, text) && len(words) > 1 {
				words = words[1:]
			}
		case assigns && syntax.ValidName(name):
			c.Assigns = append(c.Assigns, Assignment{Name: name, Value: words[0].after(len(name) + 1)})
		default:
			return words
		}
		words = words[1:]
	}
	return nil
}

// after is the word without its first n bytes, which are literal.
func (w Word) after(n int) Word {
	if len(w.Parts) == 0 || len(w.Parts[0].Text) < n {
		return Word{At: w.At}
	}
	parts := slices.Clone(w.Parts)
	parts[0].Text, parts[0].At = parts[0].Text[n:], parts[0].At+n
	if parts[0].Text == "" {
		parts = parts[1:]
	}
	return Word{Parts: parts, At: w.At + n}
}

// script is the literal script that the command runs: of eval, sh -c or a here-document of sh; nil when there is none.
func (c *Command) script() (*Word, Language) {
	name := c.Name()
	if name == "eval" && len(c.Words) == 2 {
		return &c.Words[1], Bash
	}
	l := LanguageOf(name)
	if !l.posix() {
		return nil, Unknown
	}
	for i, w := range c.Words[1:] {
		text, _ := w.Literal()
		switch {
		case strings.HasPrefix(text, "-") && !strings.HasPrefix(text, "--") && strings.HasSuffix(text, "c"):
			if i+2 < len(c.Words) {
				return &c.Words[i+2], l
			}
			return nil, l
		case text == "-o" || text == "-O" || strings.HasPrefix(text, "-") || text == "pipefail":
		default:
			return nil, l // the name of a file
		}
	}
	if len(c.Inputs) > 0 {
		return &c.Inputs[0], l
	}
	return nil, l
}
