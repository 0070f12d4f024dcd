package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
	"github.com/cli/go-gh/v2/pkg/jq"
	"github.com/cli/go-gh/v2/pkg/jsonpretty"
	"github.com/spf13/cobra"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/console"
)

// Exporter is the machine output of a command: --json, --jq and --template, as in gh.
type Exporter struct {
	Fields   []string
	Jq       string
	Template string
}

// AddExport adds the three flags to a command. The exporter is filled in before RunE; Asked reports whether to use it.
func AddExport(cmd *cobra.Command, fields []string) *Exporter {
	e := &Exporter{}
	f := cmd.Flags()
	f.StringSliceVar(&e.Fields, "json", nil, "Output JSON with the specified `fields`")
	f.StringVarP(&e.Jq, "jq", "q", "", "Filter JSON output using a jq `expression`")
	f.StringVarP(&e.Template, "template", "t", "", "Format JSON output using a Go template; see \"gh help formatting\"")
	sorted := slices.Sorted(slices.Values(fields))
	if cmd.Annotations == nil {
		cmd.Annotations = map[string]string{}
	}
	cmd.Annotations["fields"] = strings.ReplaceAll(ansi.Wordwrap(strings.Join(sorted, ", "), 78, ""), "\n", "\n  ")
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error {
		if err := e.check(cmd, sorted); err != nil {
			return err
		}
		return e.parse()
	}
	return e
}

// parse refuses a filter that cannot work before anything is done: afterwards its error would read as if nothing was.
func (e *Exporter) parse() error {
	if err := parseTemplate(e.Template); err != nil {
		return err
	}
	return ParseJQ(e.Jq)
}

// ParseJQ is the error of an expression that is none.
func ParseJQ(expression string) error {
	if expression == "" {
		return nil
	}
	// The input is read once the expression is compiled.
	if err := jq.Evaluate(unreadable{}, io.Discard, expression); !errors.Is(err, errParsed) {
		return malformed(err)
	}
	return nil
}

var errParsed = errors.New("parsed")

// unreadable is an input that says that it was asked for.
type unreadable struct{}

func (unreadable) Read([]byte) (int, error) { return 0, errParsed }

// Asked reports whether the result is wanted as JSON.
func (e *Exporter) Asked() bool { return e.Fields != nil }

func (e *Exporter) check(cmd *cobra.Command, known []string) error {
	if !cmd.Flags().Changed("json") {
		if e.Jq != "" {
			return errors.New("cannot use `--jq` without specifying `--json`")
		}
		if e.Template != "" {
			return errors.New("cannot use `--template` without specifying `--json`")
		}
		return nil
	}
	if e.Jq != "" && e.Template != "" {
		return errors.New("cannot use `--jq` and `--template` together")
	}
	return e.Only(known)
}

// Only refuses a field that is not among the known ones, in gh's own words.
func (e *Exporter) Only(known []string) error {
	for _, field := range e.Fields {
		if !slices.Contains(known, field) {
			text := fmt.Sprintf("Unknown JSON field: %q\nAvailable fields:\n  %s", field, strings.Join(slices.Sorted(slices.Values(known)), "\n  "))
			if near := core.NearestName(field, known); near != "" {
				return Hinted(text, "Did you mean "+near+"?")
			}
			return errors.New(text)
		}
	}
	return nil
}

// listFields answers --json without fields.
func listFields(cmd *cobra.Command) error {
	known := strings.Fields(strings.ReplaceAll(cmd.Annotations["fields"], ",", ""))
	return fmt.Errorf("Specify one or more comma-separated fields for `--json`:\n  %s", strings.Join(known, "\n  ")) //nolint:staticcheck // gh's own text
}

// Write prints data, a struct or a slice of structs with JSON tags, reduced to the fields asked for.
func (e *Exporter) Write(s *console.Streams, data any) error {
	reduced, err := e.reduce(data)
	if err != nil {
		return err
	}
	switch {
	case e.Jq != "":
		// A filter and a template would print an escape sequence as what it stands for.
		return jq.EvaluateFormatted(bytes.NewReader(s.CleanJSON(reduced)), s.Out, e.Jq, Indent(s), s.Color)
	case e.Template != "":
		return writeTemplate(s, e.Template, s.CleanJSON(reduced))
	case s.Color:
		var pretty bytes.Buffer
		if err := jsonpretty.Format(&pretty, bytes.NewReader(reduced), "  ", true); err != nil {
			return err
		}
		reduced = bytes.TrimSuffix(pretty.Bytes(), []byte("\n"))
	}
	_, err = io.WriteString(s.Out, core.EscapeJSON(string(reduced))+"\n")
	return err
}

// Indent is how far JSON is indented: for people, not in a pipe.
func Indent(s *console.Streams) string {
	if s.OutTTY {
		return "  "
	}
	return ""
}

func (e *Exporter) reduce(data any) ([]byte, error) {
	raw, err := encode(data)
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(raw, []byte("[")) {
		var object map[string]json.RawMessage
		if err := json.Unmarshal(raw, &object); err != nil {
			return nil, err
		}
		return encode(pick(object, e.Fields))
	}
	var objects []map[string]json.RawMessage
	if err := json.Unmarshal(raw, &objects); err != nil {
		return nil, err
	}
	for i, o := range objects {
		objects[i] = pick(o, e.Fields)
	}
	return encode(objects)
}

func pick(object map[string]json.RawMessage, fields []string) map[string]json.RawMessage {
	out := make(map[string]json.RawMessage, len(fields))
	for _, f := range fields {
		out[f] = object[f]
	}
	return out
}

// encode is json.Marshal without the escaping of <, > and &, as in gh.
func encode(data any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(data); err != nil {
		return nil, fmt.Errorf("encode the result: %w", err)
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}
