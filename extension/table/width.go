package table

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

const (
	ellipsis = "..."
	// minEllipsis is the width below which an ellipsis would hide more than it tells, in columns of the terminal.
	minEllipsis = len(ellipsis) + 2
)

// Shorten fits a text into a width, in columns of the terminal; escape sequences have none, and are kept so that a color
// still ends. A negative width leaves it whole. A text that was shortened ends in an ellipsis where there is room for one, and fills the width.
func Shorten(to int, s string) string {
	if to < 0 || displayWidth(s) <= to {
		return s
	}
	tail := ""
	if to >= minEllipsis {
		tail = ellipsis
	}
	var kept strings.Builder
	used, full := len(tail), false
	for part, w := range parts(s) {
		if !full && used+w > to {
			full = true
			kept.WriteString(tail)
		}
		if full && escape(part) == 0 {
			continue
		}
		used += w
		kept.WriteString(part)
	}
	return kept.String() + strings.Repeat(" ", max(0, to-used))
}

// displayWidth is that of the widest line of a text.
func displayWidth(s string) (widest int) {
	n := 0
	for part, w := range parts(s) {
		n += w
		if part == "\n" {
			n = 0
		}
		widest = max(widest, n)
	}
	return widest
}

// parts yields the characters and the escape sequences of a text, each with its width.
func parts(s string) func(yield func(string, int) bool) {
	return func(yield func(string, int) bool) {
		for len(s) > 0 {
			size, w := escape(s), 0
			if size == 0 {
				r, n := utf8.DecodeRuneInString(s)
				size, w = n, runeWidth(r)
			}
			if !yield(s[:size], w) {
				return
			}
			s = s[size:]
		}
	}
}

func runeWidth(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Cc) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// escape is the length of the escape sequence that a text begins with, in bytes: one of color, or a link; 0 for none.
func escape(s string) int {
	switch {
	case strings.HasPrefix(s, "\x1b["):
		if end := strings.IndexFunc(s[2:], func(r rune) bool { return r >= '@' && r <= '~' }); end >= 0 {
			return end + 3
		}
	case strings.HasPrefix(s, "\x1b]"):
		if end := strings.Index(s, "\x1b\\"); end > 0 {
			return end + 2
		}
	}
	return 0
}
