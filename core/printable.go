package core

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
)

// Hidden reports whether a character is never shown: a terminal or a page would act on it, or it would hide or reorder
// what stands around it. These are control characters (C0, DEL, C1), marks of the direction of writing, line separators,
// characters without width, and tags. Everything that prints what came from outside goes by this list.
func Hidden(r rune) bool {
	return unicode.IsControl(r) || r == 0x061c || between(r, 0x200b, 0x200f) || between(r, 0x2028, 0x202e) ||
		between(r, 0x2060, 0x2069) || r == 0xfeff || between(r, 0xe0000, 0xe007f)
}

func between(r, first, last rune) bool { return first <= r && r <= last }

// Printable makes text from outside safe to show in one line: white space becomes a blank, what is [Hidden] or no
// character at all is removed.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case Hidden(r) || r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, s)
}

// EscapeJSON writes what is [Hidden] in a JSON text as \uXXXX, so that nothing acts on it and nothing is lost. The C0
// controls are left alone: within strings they are escaped already, elsewhere they are the layout.
func EscapeJSON(text string) string {
	if !strings.ContainsFunc(text, hiddenInJSON) {
		return text
	}
	var b strings.Builder
	for i, r := range text {
		switch {
		case !hiddenInJSON(r):
			b.WriteString(text[i : i+len(string(r))])
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

func hiddenInJSON(r rune) bool { return r > ' ' && Hidden(r) }
