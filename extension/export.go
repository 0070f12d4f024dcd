package extension

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/cli/go-gh/v2/pkg/jq"
	"github.com/cli/go-gh/v2/pkg/jsonpretty"
	"github.com/spf13/cobra"

	"github.com/gh-hex/gh-hex/core"
)

// exporter is the machine output of a command: --json, --jq and --template, as in gh.
type exporter struct {
	fields   []string
	jq       string
	template string
}

// addExport adds the three flags to a command. The exporter is filled in before RunE; asked tells whether to use it.
func addExport(cmd *cobra.Command, fields []string) *exporter {
	e := &exporter{}
	f := cmd.Flags()
	f.StringSliceVar(&e.fields, "json", nil, "Output JSON with the specified `fields`")
	f.StringVarP(&e.jq, "jq", "q", "", "Filter JSON output using a jq `expression`")
	f.StringVarP(&e.template, "template", "t", "", "Format JSON output using a Go template; see \"gh help formatting\"")
	sorted := slices.Sorted(slices.Values(fields))
	if cmd.Annotations == nil {
		cmd.Annotations = map[string]string{}
	}
	cmd.Annotations["fields"] = strings.Join(sorted, ", ")
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error {
		if err := e.check(cmd, sorted); err != nil {
			return &usageError{err, cmd}
		}
		return e.parse()
	}
	return e
}

// parse refuses a filter that cannot work before anything is done: afterwards its error would read as if nothing was.
func (e *exporter) parse() error {
	if err := parseTemplate(e.template); err != nil {
		return err
	}
	return parseJQ(e.jq)
}

// parseJQ is the error of an expression that is none.
func parseJQ(expression string) error {
	if expression == "" {
		return nil
	}
	// The input is read once the expression is compiled.
	if err := jq.Evaluate(unreadable{}, io.Discard, expression); !errors.Is(err, errParsed) {
		return err
	}
	return nil
}

var errParsed = errors.New("parsed")

// unreadable is an input that says that it was asked for.
type unreadable struct{}

func (unreadable) Read([]byte) (int, error) { return 0, errParsed }

func (e *exporter) asked() bool { return e.fields != nil }

func (e *exporter) check(cmd *cobra.Command, known []string) error {
	if !cmd.Flags().Changed("json") {
		if e.jq != "" {
			return errors.New("cannot use `--jq` without specifying `--json`")
		}
		if e.template != "" {
			return errors.New("cannot use `--template` without specifying `--json`")
		}
		return nil
	}
	if e.jq != "" && e.template != "" {
		return errors.New("cannot use `--jq` and `--template` together")
	}
	for _, field := range e.fields {
		if !slices.Contains(known, field) {
			return fmt.Errorf("Unknown JSON field: %q\nAvailable fields:\n  %s", field, strings.Join(known, "\n  ")) //nolint:staticcheck // gh's own text
		}
	}
	return nil
}

// listFields answers --json without fields.
func listFields(cmd *cobra.Command) error {
	known := strings.Split(cmd.Annotations["fields"], ", ")
	return fmt.Errorf("Specify one or more comma-separated fields for `--json`:\n  %s", strings.Join(known, "\n  ")) //nolint:staticcheck // gh's own text
}

// write prints data, a struct or a slice of structs with JSON tags, reduced to the fields asked for.
func (e *exporter) write(s *streams, data any) error {
	reduced, err := e.reduce(data)
	if err != nil {
		return err
	}
	switch {
	case e.jq != "":
		// A filter and a template would print an escape sequence as what it stands for.
		return jq.EvaluateFormatted(bytes.NewReader(s.cleanJSON(reduced)), s.out, e.jq, indent(s), s.color)
	case e.template != "":
		return writeTemplate(s, e.template, s.cleanJSON(reduced))
	case s.color:
		var pretty bytes.Buffer
		if err := jsonpretty.Format(&pretty, bytes.NewReader(reduced), "  ", true); err != nil {
			return err
		}
		reduced = bytes.TrimSuffix(pretty.Bytes(), []byte("\n"))
	}
	_, err = io.WriteString(s.out, core.EscapeJSON(string(reduced))+"\n")
	return err
}

func indent(s *streams) string {
	if s.outTTY {
		return "  "
	}
	return ""
}

func (e *exporter) reduce(data any) ([]byte, error) {
	raw, err := encode(data)
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(raw, []byte("[")) {
		var object map[string]json.RawMessage
		if err := json.Unmarshal(raw, &object); err != nil {
			return nil, err
		}
		return encode(pick(object, e.fields))
	}
	var objects []map[string]json.RawMessage
	if err := json.Unmarshal(raw, &objects); err != nil {
		return nil, err
	}
	for i, o := range objects {
		objects[i] = pick(o, e.fields)
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
