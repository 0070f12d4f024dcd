package vendors

import (
	"strings"

	"github.com/gh-hex/gh-hex/extension/abstract"
)

// EachName yields what could be the name of a variable in a text.
func EachName(text string, yield func(name string)) {
	start := -1
	for i := 0; i <= len(text); i++ {
		in := i < len(text) && IsNameByte(text[i])
		if in && start < 0 {
			start = i
		}
		if !in && start >= 0 {
			yield(text[start:i])
			start = -1
		}
	}
}

// HexReads tells the environment variables that Hex's tools read by themselves.
func HexReads(name string) bool {
	return IsSecretName(name) && !IsContested(name) || IsVariableName(name)
}

// PackagesRead tells those that the tools of hex.pm read by themselves.
func PackagesRead(name string) bool {
	return IsContested(name) || strings.HasPrefix(strings.ToUpper(name), "HEXPM_")
}

func IsNameByte(b byte) bool { return b == '_' || abstract.IsAlphanumeric(rune(b)) }

// HasWord tells whether a name stands in a text, and is not a part of a longer one there.
func HasWord(text, name string) bool {
	for at := 0; name != ""; {
		n := strings.Index(text[at:], name)
		if n < 0 {
			return false
		}
		start, end := at+n, at+n+len(name)
		if (start == 0 || !IsNameByte(text[start-1])) && (end == len(text) || !IsNameByte(text[end])) {
			return true
		}
		at = start + 1
	}
	return false
}
