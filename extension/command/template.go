package command

import (
	"bytes"
	"errors"
	"io"

	"github.com/cli/go-gh/v2/pkg/template"

	"github.com/gh-hex/gh-hex/extension/console"
)

// NewTemplate is a Go template with the functions of "gh help formatting", whose output goes to the result.
func NewTemplate(s *console.Streams, source string) (*template.Template, error) {
	t := template.New(s.Out, s.Width, s.Color)
	return t, malformed(t.Parse(source))
}

// malformed is a template or an expression that is none, with where to read how it is written.
func malformed(err error) error {
	if err == nil {
		return nil
	}
	return Hinted(err.Error(), "How it is written: gh help formatting")
}

// parseTemplate is the error of a template that is none.
func parseTemplate(source string) error {
	return malformed(template.New(io.Discard, 0, false).Parse(source))
}

// writeTemplate prints one JSON document, with the rows of its tables.
func writeTemplate(s *console.Streams, source string, document []byte) error {
	t, err := NewTemplate(s, source)
	if err != nil {
		return err
	}
	if err := t.Execute(bytes.NewReader(document)); err != nil {
		return err
	}
	return DrawRows(t)
}

// DrawRows prints the rows that the template itself did not. go-gh panics at a row that is longer than the first one;
// within a template that is an error already.
func DrawRows(t *template.Template) (err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("failed to render table: a row has more fields than the first one")
		}
	}()
	return t.Flush()
}
