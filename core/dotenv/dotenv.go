// Package dotenv reads and edits .env files one line at a time, without touching the lines it was not asked to change.
//
// A line is NAME=value, with or without "export " in front and white space around "=". A value is plain up to
// " #", 'literal', or "with \n, \r, \t, \", \\ and \$ escaped"; nothing is expanded, and a quoted value ends on its line.
package dotenv

import (
	"bytes"
	"iter"
	"strings"
	"unicode/utf16"
)

const byteOrderMark = "\xef\xbb\xbf"

// assignment is one NAME=value line. start and end enclose the value as written, quotes included.
type assignment struct {
	name, value string
	start, end  int
	line        int
}

// Lookup returns the value of the last assignment of key, and its line, counted from 1. A UTF-16 file, which
// Windows' own tools write, is read as well.
func Lookup(data []byte, key string) (value string, line int, ok bool) {
	for _, a := range parse(toUTF8(data)) {
		if a.name == key {
			value, line, ok = a.value, a.line, true
		}
	}
	return value, line, ok
}

// Names returns the names that are assigned, each once, in the order of their first assignment.
func Names(data []byte) []string {
	var names []string
	seen := map[string]bool{}
	for _, a := range parse(toUTF8(data)) {
		if !seen[a.name] {
			seen[a.name] = true
			names = append(names, a.name)
		}
	}
	return names
}

// Each yields every assignment in its order, those that a later one replaces included.
func Each(data []byte) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for _, a := range parse(toUTF8(data)) {
			if !yield(a.name, a.value) {
				return
			}
		}
	}
}

// Set returns data with value in the place of every value that key is assigned, or with a line appended when there is
// none; everything else stays as it is. Every assignment is replaced because tools differ in which one wins, and so
// that no older token stays behind. The value is quoted only when it has to be. Data in UTF-16 is returned unchanged.
func Set(data []byte, key, value string) []byte {
	if UTF16(data) {
		return data
	}
	var out []byte
	from, found := 0, false
	for _, a := range parse(data) {
		if a.name != key {
			continue
		}
		out = append(out, data[from:a.start]...)
		out = append(out, quote(value)...)
		if value != "" && a.end < len(data) && data[a.end] == '#' {
			out = append(out, ' ') // a comment needs a space before it when the value is plain
		}
		from, found = a.end, true
	}
	if !found {
		return Append(data, key+"="+quote(value))
	}
	return append(out, data[from:]...)
}

// Append returns data followed by lines, with the line ending that most lines of data have. The result ends in a line
// ending unless data is not empty and does not.
func Append(data []byte, lines ...string) []byte {
	eol := "\n"
	if crlf := bytes.Count(data, []byte("\r\n")); crlf > 0 && 2*crlf >= bytes.Count(data, []byte("\n")) {
		eol = "\r\n"
	}
	added := strings.Join(lines, eol)
	text := bytes.TrimPrefix(data, []byte(byteOrderMark))
	if len(text) == 0 || bytes.HasSuffix(text, []byte("\n")) {
		added += eol
	} else {
		added = eol + added
	}
	return append(bytes.Clone(data), added...)
}

// UTF16 reports whether data starts with the byte-order mark of UTF-16.
func UTF16(data []byte) bool {
	return bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff"))
}

func toUTF8(data []byte) []byte {
	if !UTF16(data) {
		return data
	}
	high, low := 0, 1
	if data[0] == 0xff {
		high, low = 1, 0
	}
	var units []uint16
	for i := 2; i+1 < len(data); i += 2 {
		units = append(units, uint16(data[i+high])<<8|uint16(data[i+low]))
	}
	return []byte(string(utf16.Decode(units)))
}

func parse(data []byte) []assignment {
	var all []assignment
	offset := 0
	if bytes.HasPrefix(data, []byte(byteOrderMark)) {
		offset = len(byteOrderMark)
	}
	for line := 1; offset < len(data); line++ {
		end := len(data)
		if i := bytes.IndexByte(data[offset:], '\n'); i >= 0 {
			end = offset + i
		}
		if a, ok := parseLine(string(data[offset:end])); ok {
			a.start, a.end, a.line = a.start+offset, a.end+offset, line
			all = append(all, a)
		}
		offset = end + 1
	}
	return all
}

const blank = " \t\r"

// parseLine reads one line without its line feed; the offsets it returns count from the start of the line.
func parseLine(line string) (assignment, bool) {
	before, after, ok := strings.Cut(line, "=")
	if !ok {
		return assignment{}, false
	}
	name := strings.Trim(before, blank)
	if rest, ok := strings.CutPrefix(name, "export"); ok && strings.TrimLeft(rest, blank) != rest {
		name = strings.TrimLeft(rest, blank)
	}
	if !validName(name) {
		return assignment{}, false
	}
	raw := strings.TrimLeft(after, blank)
	if raw == "" {
		start := len(strings.TrimRight(line, "\r"))
		return assignment{name: name, start: start, end: start}, true
	}
	value, length := parseValue(raw)
	start := len(line) - len(raw)
	return assignment{name: name, value: value, start: start, end: start + length}, true
}

func validName(name string) bool {
	for i, r := range name {
		letter := r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || r != '.' && r != '-' && (r < '0' || r > '9')) {
			return false
		}
	}
	return name != ""
}

// parseValue returns the value that raw starts with and how many bytes of raw it takes.
func parseValue(raw string) (string, int) {
	if end := closingQuote(raw); end > 0 {
		if rest := strings.TrimLeft(raw[end+1:], blank); rest == "" || rest[0] == '#' {
			return unquote(raw[:end+1]), end + 1
		}
	}
	plain := raw
	for i := range len(raw) {
		if raw[i] == '#' && (i == 0 || strings.IndexByte(blank, raw[i-1]) >= 0) {
			plain = raw[:i]
			break
		}
	}
	plain = strings.TrimRight(plain, blank)
	return plain, len(plain)
}

// closingQuote returns where the quote that raw starts with is closed; 0 when it starts with none, or it stays open.
func closingQuote(raw string) int {
	if raw[0] == '\'' {
		return strings.IndexByte(raw[1:], '\'') + 1
	}
	if raw[0] != '"' {
		return 0
	}
	for i := 1; i < len(raw); i++ {
		switch raw[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return 0
}

func unquote(quoted string) string {
	inner := quoted[1 : len(quoted)-1]
	if quoted[0] == '\'' {
		return inner
	}
	return strings.NewReplacer(`\n`, "\n", `\r`, "\r", `\t`, "\t", `\"`, `"`, `\\`, `\`, `\$`, "$").Replace(inner)
}

const plainBytes = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./:@%+,="

func quote(value string) string {
	switch {
	case strings.Trim(value, plainBytes) == "":
		return value
	case !strings.ContainsAny(value, "'\r\n"):
		return "'" + value + "'"
	default:
		return `"` + strings.NewReplacer("\n", `\n`, "\r", `\r`, `"`, `\"`, `\`, `\\`, "$", `\$`).Replace(value) + `"`
	}
}
