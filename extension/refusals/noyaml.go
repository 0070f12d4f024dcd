package refusals

import (
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
		{"expected ',' or ']'", "the [ that stands here is not closed"},
		{"expected ',' or '}'", "the { that stands here is not closed"},
		{"expected key", "what begins here has a line that does not belong to it: see how far its lines are indented"},
		{"expected '-' indicator", "the list that begins here has a line that does not belong to it: see how far its lines are indented"},
		{"mapping values are not allowed", "a text with `: ` in it has to stand in quotes, or on the lines after |"},
		{"cannot start any token", "no value begins so: lines are indented with blanks, and a text that begins with @ or ` stands in quotes"},
		{"unexpected end of stream", "the quotation mark that stands here is not closed"},
	} {
		if strings.Contains(why, known[0]) {
			why = known[1]
			break
		}
	}
	return line, column, "this is not YAML: " + why, true
}
