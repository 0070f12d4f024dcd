package workflow

import "strings"

// word is one argument of a command in a shell script, without its quotes. In text a $ stands only where the shell
// expands it.
type word struct {
	text string
	at   int // offset in the script
}

// commandsIn takes a script apart as a shell would, roughly: into commands, at line ends and operators, and their words.
// Text in single quotes is kept, but nothing in it is expanded.
func commandsIn(script string) [][]word {
	var commands [][]word
	var command []word
	var b strings.Builder
	start := -1
	endWord := func() {
		if start >= 0 {
			command = append(command, word{b.String(), start})
			b.Reset()
			start = -1
		}
	}
	quote := byte(0)
	for i := 0; i < len(script); i++ {
		c := script[i]
		if start < 0 && !strings.ContainsRune(" \t\r\n;|&()", rune(c)) {
			start = i
		}
		switch {
		case c == '\\' && quote != '\'' && i+1 < len(script):
			i++
			if script[i] == '\n' && b.Len() == 0 {
				start = -1
			} else if script[i] != '\n' && script[i] != '$' {
				b.WriteByte(script[i])
			}
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case c == quote:
			quote = 0
		case quote == '\'' && c == '$':
			b.WriteByte('?')
		case quote != 0:
			b.WriteByte(c)
		case c == ' ' || c == '\t' || c == '\r':
			endWord()
		case strings.IndexByte("\n;|&()", c) >= 0:
			endWord()
			if len(command) > 0 {
				commands = append(commands, command)
				command = nil
			}
		default:
			b.WriteByte(c)
		}
	}
	endWord()
	if len(command) > 0 {
		commands = append(commands, command)
	}
	return commands
}

// tokenArguments returns where a script hands a variable that holds a Hex token to another process as an argument:
// alone, behind a flag, or in the query of a URL. What is sent as a header is left alone.
func tokenArguments(script string) []int {
	var out []int
	for _, command := range commandsIn(script) {
		for len(command) > 0 && isPrefix(command[0].text) {
			command = command[1:]
		}
		if len(command) < 2 || isBuiltin(command[0].text) || strings.Contains(script, command[0].text+"()") || strings.Contains(script, command[0].text+" ()") {
			continue // a function of the script is no other process either
		}
		for i, w := range command[1:] {
			if command[i].text != "<<<" && holdsToken(w.text) {
				out = append(out, w.at)
			}
		}
	}
	return out
}

// holdsToken tells a word that is such a variable, has it behind a flag, or in a query.
func holdsToken(text string) bool {
	if strings.HasPrefix(text, "-") {
		_, text, _ = strings.Cut(text, "=")
	}
	if _, query, found := strings.Cut(text, "token=$"); found && strings.Contains(text, "?") {
		text = "$" + query
	}
	name, expands := strings.CutPrefix(text, "$")
	if !expands {
		return false
	}
	name = strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(name, "{"), "env:"), "Env:")
	end := strings.IndexFunc(name, func(r rune) bool { return r != '_' && !isAlphanumeric(r) })
	if end >= 0 && name[end] != '}' && name[end] != '&' {
		return false
	}
	if end >= 0 {
		name = name[:end]
	}
	return isSecretName(name) && !isContested(name)
}

// isPrefix tells what may stand before a command.
func isPrefix(text string) bool {
	switch text {
	case "if", "then", "else", "elif", "do", "while", "until", "!", "{", "exec", "sudo", "time", "command", "nohup", "env":
		return true
	}
	name, _, assigns := strings.Cut(text, "=")
	return assigns && name != "" && strings.IndexFunc(name, func(r rune) bool { return r != '_' && !isAlphanumeric(r) }) < 0
}

// isBuiltin tells the commands of the shell itself: no other process sees their arguments.
func isBuiltin(text string) bool {
	switch text {
	case "echo", "printf", "test", "[", "[[", "export", "declare", "local", "readonly", "read", "set", "unset", "case", "for",
		":", "eval", "return", "exit", "true", "false", "Write-Output", "Write-Host":
		return true
	}
	return false
}
