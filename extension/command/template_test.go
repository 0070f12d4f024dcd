package command

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/gh-hex/gh-hex/extension/console"
)

func TestDocumentsShareATable(t *testing.T) {
	b := buffered("")
	b.OutTTY = true
	tmpl, err := NewTemplate(b.Streams, `{{range .}}{{tablerow . "end"}}{{end}}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range []string{`["a"]`, `["a long one", "b"]`} {
		if err := tmpl.Execute(strings.NewReader(page)); err != nil || b.stdout.Len() > 0 {
			t.Fatalf("after %s: %q, %v", page, b.stdout.String(), err)
		}
	}
	if err := DrawRows(tmpl); err != nil {
		t.Fatal(err)
	}
	if got, want := b.stdout.String(), "a           end\na long one  end\nb           end\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A full disk must not pass as success, wherever a template meets it.
func TestTemplatesTellWhatCannotBeWritten(t *testing.T) {
	full := errors.New("disk full")
	for _, source := range []string{`text`, `{{.}}`, `{{tablerow "a"}}`, `{{tablerow "a"}}{{tablerender}}`} {
		b := buffered("")
		b.Out.W = failingWriter{full}
		if err := writeTemplate(b.Streams, source, []byte(`1`)); err == nil || !errors.Is(b.Out.Err, full) {
			t.Errorf("%s: got %v and %v", source, err, b.Out.Err)
		}
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

func TestTemplatesThatFail(t *testing.T) {
	for source, want := range map[string]string{
		`{{tablerow 1.5}}{{tablerow "a" "b"}}`:                "failed to render table: a row has more fields than the first one",
		`{{tablerow 1.5}}{{tablerow "a" "b"}}{{tablerender}}`: "error calling tablerender",
		`{{pluck "x" .}}`: "error calling pluck",
		`{{define "t"}}{{template "t"}}{{end}}{{template "t"}}`: "exceeded maximum template depth",
		`{{unknown}}`: `function "unknown" not defined`,
	} {
		b := buffered("")
		if err := writeTemplate(b.Streams, source, []byte(`["a"]`)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n got %v\nwant %s", source, err, want)
		}
	}
}

// buffer is a process with streams in memory.
type buffer struct {
	*Process
	stdout bytes.Buffer
}

func buffered(input string) *buffer {
	b := &buffer{}
	b.Process = &Process{Streams: &console.Streams{
		In: strings.NewReader(input), Out: &console.StickyWriter{W: &b.stdout}, Err: io.Discard, Width: 100,
	}}
	return b
}
