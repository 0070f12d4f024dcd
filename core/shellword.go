package core

import "strings"

// ShellWord writes text as one word of a line that a user types into a POSIX shell, quoted where it has to be.
func ShellWord(text string) string {
	plain := strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./:@+") == ""
	if plain && text != "" && text[0] != '-' {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
