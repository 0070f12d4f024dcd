package workflow

import (
	"strings"

	"github.com/gh-hex/gh-hex/core/shell"
)

// tokenArguments returns where a script hands a variable that holds a Hex token to another process as an argument:
// alone, behind a flag, or in the query of a URL. What is sent as a header is left alone.
func tokenArguments(script string) []int {
	var out []int
	for _, command := range shell.Commands(script) {
		command = shell.AfterKeywords(command)
		name := command[0].Text
		if isBuiltin(name) || strings.Contains(script, name+"()") || strings.Contains(script, name+" ()") {
			continue // a function of the script is no other process either
		}
		for i, w := range command[1:] {
			if command[i].Text != "<<<" && holdsToken(w.Text) {
				out = append(out, w.At)
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

// isBuiltin tells the commands of the shell itself: no other process sees their arguments.
func isBuiltin(text string) bool {
	switch text {
	case "echo", "printf", "test", "[", "[[", "export", "declare", "local", "readonly", "read", "set", "unset", "case", "for",
		":", "eval", "return", "exit", "true", "false", "Write-Output", "Write-Host":
		return true
	}
	return false
}
