package extension

import (
	"errors"
	"strings"
	"testing"
)

func TestDocumentsShareATable(t *testing.T) {
	b := newBench(t).onTerminal()
	tmpl, err := newTemplate(b.streams, `{{range .}}{{tablerow . "end"}}{{end}}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range []string{`["a"]`, `["a long one", "b"]`} {
		if err := tmpl.Execute(strings.NewReader(page)); err != nil || b.stdout.Len() > 0 {
			t.Fatalf("after %s: %q, %v", page, b.stdout.String(), err)
		}
	}
	if err := drawRows(tmpl); err != nil {
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
		b := newBench(t)
		b.out.w = failingWriter{full}
		if err := writeTemplate(b.streams, source, []byte(`1`)); err == nil || !errors.Is(b.out.err, full) {
			t.Errorf("%s: got %v and %v", source, err, b.out.err)
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
		b := newBench(t)
		if err := writeTemplate(b.streams, source, []byte(`["a"]`)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n got %v\nwant %s", source, err, want)
		}
	}
}
