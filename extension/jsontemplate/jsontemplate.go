// Package jsontemplate executes Go templates on JSON documents; it is what stands behind --template.
//
// The language is that of text/template with the functions that gh adds to it (see "gh help formatting"), and what is
// printed is what gh prints. It is interpreted here because text/template calls methods by name, which makes the linker
// keep every exported method of the program; what JSON decodes to has no methods. The parser is the standard library's.
package jsontemplate

import (
	"encoding/json"
	"fmt"
	"io"
	"text/template/parse"
	"time"
)

// Options is what the output depends on besides the template and the data.
type Options struct {
	// Width is the number of terminal columns that a table may fill.
	Width int
	// Color makes autocolor emit colours. The function color always does.
	Color bool
	// Now is the time that timeago counts from; nil means time.Now. It is asked once an execution.
	Now func() time.Time
}

// Execute applies the template source to data, one JSON document, and writes the result to w. Rows of a table that the
// template did not render itself are rendered at the end. An error that the template causes names the place in the source;
// what was written before the error stays written. An error of w is returned as it is.
func Execute(w io.Writer, source string, data []byte, o Options) error {
	rows := newTable(w, o.Width)
	functions := functionsFor(rows, o)
	trees, err := parse.Parse("", source, "", "", namesOf(functions))
	if err != nil {
		return err
	}
	var document any
	if err := json.Unmarshal(data, &document); err != nil {
		return fmt.Errorf("decode the data for the template: %w", err)
	}
	dot := unwrap(document)
	s := &state{out: w, trees: trees, functions: functions, tree: trees[""], vars: []variable{{"$", dot}}}
	if err := s.walk(dot, s.tree.Root); err != nil {
		return err
	}
	return rows.render()
}

// namesOf is the form in which the parser wants to know which functions exist.
func namesOf(functions map[string]function) map[string]any {
	names := make(map[string]any, len(functions))
	for name := range functions {
		names[name] = true
	}
	return names
}
