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
	// Now is the time that timeago counts from; nil means time.Now. It is asked once a template.
	Now func() time.Time
}

// Template is a parsed template that writes to one place. It serves one execution at a time.
type Template struct {
	out       io.Writer
	trees     map[string]*parse.Tree
	functions map[string]function
	rows      *table
}

// Execute applies the template source to data, one JSON document, and writes the result to w, rows of a table included.
// See New and the methods of Template, which it calls, for the errors.
func Execute(w io.Writer, source string, data []byte, o Options) error {
	t, err := New(w, source, o)
	if err != nil {
		return err
	}
	if err := t.Execute(data); err != nil {
		return err
	}
	return t.Flush()
}

// New parses a template whose output goes to w. An error names the line of the source.
func New(w io.Writer, source string, o Options) (*Template, error) {
	rows := newTable(w, o.Width)
	functions := functionsFor(rows, o)
	trees, err := parse.Parse("", source, "", "", namesOf(functions))
	if err != nil {
		return nil, err
	}
	return &Template{out: w, trees: trees, functions: functions, rows: rows}, nil
}

// Execute applies the template to one JSON document. Rows of a table that the template does not render itself are kept for
// Flush, so that several documents, the pages of a list, can share a table. An error that the template causes names the
// place in the source; what was written before it stays written. An error of the writer is returned as it is.
func (t *Template) Execute(data []byte) error {
	var document any
	if err := json.Unmarshal(data, &document); err != nil {
		return fmt.Errorf("decode the data for the template: %w", err)
	}
	dot := unwrap(document)
	s := &state{out: t.out, trees: t.trees, functions: t.functions, tree: t.trees[""], vars: []variable{{"$", dot}}}
	return s.walk(dot, s.tree.Root)
}

// Flush renders the rows that no template has rendered.
func (t *Template) Flush() error { return t.rows.render() }

// namesOf is the form in which the parser wants to know which functions exist.
func namesOf(functions map[string]function) map[string]any {
	names := make(map[string]any, len(functions))
	for name := range functions {
		names[name] = true
	}
	return names
}
