package console

import (
	"bytes"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/gh-hex/gh-hex/core"
)

// CleanJSON prepares a JSON text for a filter, a template or the eyes: control characters are taken out of its strings,
// written out or as \u escapes, as gh does; on a terminal everything that is never shown. Tabs and line breaks stay. What
// is no JSON loses the same characters.
func (s *Streams) CleanJSON(text []byte) []byte {
	if s.OutTTY {
		return cleanJSON(text, core.Hidden)
	}
	return cleanJSON(text, unicode.IsControl)
}

func cleanJSON(text []byte, harmful func(rune) bool) []byte {
	if !bytes.Contains(text, []byte(`\`)) {
		return cleanBytes(text, harmful)
	}
	var out bytes.Buffer
	out.Grow(len(text))
	for i := 0; i < len(text); {
		if text[i] != '\\' || i+1 == len(text) {
			end := bytes.IndexByte(text[i+1:], '\\')
			if end < 0 {
				end = len(text) - i - 1
			}
			out.Write(cleanBytes(text[i:i+1+end], harmful))
			i += 1 + end
			continue
		}
		r, size := unescape(text[i:])
		if !drops(r, harmful) {
			out.Write(text[i : i+size])
		}
		i += size
	}
	return out.Bytes()
}

// unescape reads the escape that begins a text: a backslash and a character, \u and four digits, or two of these for one
// character.
func unescape(text []byte) (r rune, size int) {
	r, ok := escaped(text)
	if !ok {
		r, size = utf8.DecodeRune(text[1:])
		if short, known := map[rune]rune{'b': '\b', 'f': '\f', 'r': '\r'}[r]; known {
			r = short
		}
		return r, 1 + size
	}
	if low, ok := escaped(text[6:]); ok && utf16.IsSurrogate(r) {
		if pair := utf16.DecodeRune(r, low); pair != unicode.ReplacementChar {
			return pair, 12
		}
	}
	if r == unicode.ReplacementChar {
		return ' ', 6 // a character that was sent, not one that could not be read
	}
	return r, 6
}

func escaped(text []byte) (rune, bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return rune(n), err == nil
}

// cleanBytes takes what is harmful out of any text.
func cleanBytes(text []byte, harmful func(rune) bool) []byte {
	return bytes.Map(func(r rune) rune {
		if r != utf8.RuneError && drops(r, harmful) {
			return -1
		}
		return r
	}, text)
}

func drops(r rune, harmful func(rune) bool) bool {
	return r != '\t' && r != '\n' && (harmful(r) || r == utf8.RuneError)
}

// Visible leaves out what is never shown, line breaks apart.
func Visible(text string) string {
	return strings.Map(func(r rune) rune {
		if core.Hidden(r) && r != '\r' && r != '\n' {
			return -1
		}
		return r
	}, text)
}
