package refusals

import (
	"bytes"
	"strings"

	"github.com/rhysd/actionlint"
)

// NotYAML is where and why a text is no YAML, in the words of who wrote it; ok is false for any other complaint. What the
// parser counts columns from 0, and the lines too of what begins a structure.
func NotYAML(e *actionlint.Error) (line, column int, message string, ok bool) {
	why, ok := strings.CutPrefix(e.Message, "could not parse as YAML: ")
	if !ok {
		return e.Line, e.Column, e.Message, false
	}
	line, column = e.Line, e.Column+1
	if strings.Contains(why, "did not find expected") {
		line++
	}
	for _, known := range [][2]string{
		{"expected ',' or ']'", "this [ is not closed"},
		{"expected ',' or '}'", "this { is not closed"},
		{"expected key", "what begins here has a line that does not belong to it: check the indentation"},
		{"expected '-' indicator", "the list that begins here has a line that does not belong to it: check the indentation"},
		{"mapping values are not allowed", "a text with `: ` in it has to be quoted, or on the lines after |"},
		{"cannot start any token", "no value begins like this: indent lines with spaces, and quote a text that begins with @ or `"},
		{"unexpected end of stream", "this quotation mark is not closed"},
	} {
		if strings.Contains(why, known[0]) {
			why = known[1]
			break
		}
	}
	return line, column, "this is not YAML: " + why, true
}

// SecondDocument is the line on which a second document begins; 0 for none. GitHub takes one, even if the other is empty.
func SecondDocument(text string) int {
	begun, ended := false, false
	n := 0
	for line := range strings.Lines(text) {
		n++
		word, _, _ := strings.Cut(strings.TrimRight(line, " \t\r\n"), " ")
		switch {
		case word == "", strings.HasPrefix(strings.TrimLeft(line, " \t"), "#"), !begun && line[0] == '%':
		case word == "...":
			ended = begun
		case begun && word == "---", ended:
			return n
		default:
			begun = true
		}
	}
	return 0
}

// WithoutVersion makes a comment of a line that says which version of YAML follows: the parser knows one version only.
func WithoutVersion(data []byte) []byte {
	at := bytes.Index(data[:min(len(data), 1000)], []byte("%YAML "))
	if at < 0 || at > 0 && data[at-1] != '\n' && data[at-1] != '\r' {
		return data
	}
	data = bytes.Clone(data)
	data[at] = '#'
	return data
}
