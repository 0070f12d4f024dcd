package extension

import (
	"bytes"
	"strconv"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// cleanJSON takes the control characters out of the strings of a JSON text, written out or as \u escapes: a filter, or a
// terminal, would act on them. Tabs and line breaks stay. What is no JSON loses its control characters all the same.
func cleanJSON(text []byte) []byte {
	if !bytes.Contains(text, []byte(`\`)) {
		return cleanBytes(text)
	}
	var out bytes.Buffer
	out.Grow(len(text))
	for i := 0; i < len(text); {
		if text[i] != '\\' || i+1 == len(text) {
			end := bytes.IndexByte(text[i+1:], '\\')
			if end < 0 {
				end = len(text) - i - 1
			}
			out.Write(cleanBytes(text[i : i+1+end]))
			i += 1 + end
			continue
		}
		size := escapeLength(text[i:])
		if !isHarmfulEscape(text[i : i+size]) {
			out.Write(text[i : i+size])
		}
		i += size
	}
	return out.Bytes()
}

// escapeLength is the length of the escape that begins a text: a backslash and a character, or \u and four digits.
func escapeLength(text []byte) int {
	if _, ok := escaped(text); ok {
		return 6
	}
	_, size := utf8.DecodeRune(text[1:])
	return 1 + size
}

func escaped(text []byte) (rune, bool) {
	if len(text) < 6 || text[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return rune(n), err == nil
}

func isHarmfulEscape(escape []byte) bool {
	if r, ok := escaped(escape); ok {
		return !utf16.IsSurrogate(r) && isHarmful(r)
	}
	r, _ := utf8.DecodeRune(escape[1:])
	return r == 'b' || r == 'f' || r == 'r' || isHarmful(r) || r == utf8.RuneError
}

// cleanBytes takes the control characters out of any text.
func cleanBytes(text []byte) []byte {
	return bytes.Map(func(r rune) rune {
		if isHarmful(r) {
			return -1
		}
		return r
	}, text)
}

// isHarmful is for what a terminal acts on: control characters, and those that turn the direction of writing.
func isHarmful(r rune) bool {
	switch {
	case r == '\t' || r == '\n':
		return false
	case r == 0x200e || r == 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069:
		return true
	}
	return unicode.IsControl(r)
}
