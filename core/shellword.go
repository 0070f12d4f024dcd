package core

import (
	"runtime"
	"strings"
)

// ShellWord writes text as one word of a line that a user types into a shell, quoted where it has to be: on Windows so
// that PowerShell, cmd and Git Bash read the same. What cmd would run or fill in within any quotes, such as a variable that
// holds a token, is not written there: NAME stands in its place, for the user to replace.
func ShellWord(text string) string {
	if runtime.GOOS == "windows" {
		return windowsWord(text)
	}
	return ScriptWord(text)
}

// ScriptWord is [ShellWord] for a POSIX shell, whatever the system.
func ScriptWord(text string) string {
	if isPlain(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

func windowsWord(text string) string {
	switch {
	case isPlain(text):
		return text
	case strings.Count(text, "%") > 1:
		return "NAME"
	case !strings.ContainsAny(text, "\"$`\\!"):
		return `"` + text + `"`
	case strings.ContainsAny(text, "&|<>^\n"):
		return "NAME"
	}
	return "'" + strings.ReplaceAll(text, "'", "''") + "'" // PowerShell's; cmd takes the quotes for part of the word
}

func isPlain(text string) bool {
	rest := strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./:@+")
	return rest == "" && text != "" && text[0] != '-' && text[0] != '@'
}
