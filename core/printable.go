package core

import (
	"strings"
	"unicode"
)

// Printable makes text from outside safe to show in one line of a terminal: control characters (C0, DEL, C1) and
// characters that reorder or hide text (bidirectional marks, zero width) are removed, white space becomes a blank.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, s)
}
