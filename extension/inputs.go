package extension

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// maxInput bounds a file or standard input that is sent to Hex, in bytes.
const maxInput = 10 << 20

// inputFlags are -f, -F and --input.
type inputFlags struct {
	raw, typed []string
	file       string
}

func (f *inputFlags) add(cmd *cobra.Command, what string) {
	flags := cmd.Flags()
	flags.StringArrayVarP(&f.raw, "raw-field", "f", nil, "Set "+what+" to a string, as `name=value`")
	flags.StringArrayVarP(&f.typed, "field", "F", nil, "Set "+what+" to a typed value, as `name=value`: a number, true, false, null, JSON, or @file")
	flags.StringVar(&f.file, "input", "", "Read JSON from a `file`; - for standard input")
}

// field is a name with its value.
type field struct {
	name  string
	value any
}

// fields reads the values of -f, then those of -F.
func (f *inputFlags) fields(p *process) ([]field, error) {
	var out []field
	for _, pair := range f.raw {
		name, value, err := splitField(pair)
		if err != nil {
			return nil, err
		}
		out = append(out, field{name, value})
	}
	for _, pair := range f.typed {
		name, text, err := splitField(pair)
		if err != nil {
			return nil, err
		}
		value, err := p.typedValue(text)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", name, err)
		}
		out = append(out, field{name, value})
	}
	return out, nil
}

func splitField(pair string) (name, value string, err error) {
	name, value, found := strings.Cut(pair, "=")
	if !found || name == "" {
		return "", "", fmt.Errorf("field %q should be name=value", pair)
	}
	return name, value, nil
}

// check refuses to read standard input twice.
func (f *inputFlags) check() error {
	n := 0
	for _, pair := range f.typed {
		if _, value, _ := strings.Cut(pair, "="); value == "@-" {
			n++
		}
	}
	if f.file == "-" {
		n++
	}
	if n > 1 {
		return errors.New("standard input can be read only once")
	}
	return nil
}

var number = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// typedValue turns what follows -F name= into a JSON value. A number keeps its digits.
func (p *process) typedValue(text string) (any, error) {
	switch {
	case text == "true", text == "false":
		return text == "true", nil
	case text == "null":
		return nil, nil
	case number.MatchString(text):
		return json.Number(text), nil
	case strings.HasPrefix(text, "@"):
		data, err := p.readInput(text[1:])
		return string(data), err
	case strings.HasPrefix(text, "{"), strings.HasPrefix(text, "["):
		value, err := decodeJSON([]byte(text))
		if err != nil {
			return nil, fmt.Errorf("it begins like JSON but is not (%w); for a plain string use -f", err)
		}
		return value, nil
	}
	return text, nil
}

// inputError means that a file with input cannot be read, or that what it holds is not what it should.
type inputError struct{ err error }

func (e *inputError) Error() string { return e.err.Error() }
func (e *inputError) Unwrap() error { return e.err }
func (e *inputError) Hint() string  { return "Check the file that --input, or -F with @, names" }

// readInput reads a file, or standard input when it is named "-".
func (p *process) readInput(name string) ([]byte, error) {
	in := p.in
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, &inputError{err}
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, maxInput+1))
	switch {
	case err != nil:
		return nil, &inputError{fmt.Errorf("read %s: %w", name, err)}
	case len(data) > maxInput:
		return nil, fmt.Errorf("read %s: more than %d MiB", name, maxInput>>20)
	}
	return data, nil
}

// decodeJSON reads exactly one value; numbers keep their digits.
func decodeJSON(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the value")
	}
	return value, nil
}

// runInputs reads the inputs of a run by name: those of --input, then single ones, which win.
func (p *process) runInputs(f *inputFlags) (map[string]any, error) {
	inputs := map[string]any{}
	if f.file != "" {
		data, err := p.readInput(f.file)
		if err != nil {
			return nil, err
		}
		value, err := decodeJSON(data)
		if err != nil {
			return nil, &inputError{fmt.Errorf("--input: not JSON: %w", err)}
		}
		object, ok := value.(map[string]any)
		if !ok {
			return nil, errors.New("--input: the file should hold a JSON object: each input of the project by its name")
		}
		if isRunBody(object) {
			return nil, errors.New("--input: this is the body of a request (inputParams …); give only what stands in its inputParams, or send it as it is with gh hex api")
		}
		inputs = object
	}
	fields, err := f.fields(p)
	if err != nil {
		return nil, err
	}
	for _, x := range fields {
		inputs[x.name] = x.value
	}
	return inputs, nil
}

// isRunBody tells a body for RunProject from inputs: it would be sent as an input named inputParams.
func isRunBody(object map[string]any) bool {
	_, nested := object["inputParams"].(map[string]any)
	for name := range object {
		if !slices.Contains([]string{"inputParams", "dryRun", "updatePublishedResults", "useCachedSqlResults", "viewId", "notifications"}, name) {
			return false
		}
	}
	return nested
}
