package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"

	"github.com/spf13/cobra"
)

// MaxInput bounds a file or standard input that is sent to Hex, in bytes.
const MaxInput = 10 << 20

// InputFlags are -f, -F and --input.
type InputFlags struct {
	Raw, Typed []string
	File       string
}

// Add adds the flags to a command; what is what they set, in words.
func (f *InputFlags) Add(cmd *cobra.Command, what string) {
	flags := cmd.Flags()
	flags.StringArrayVarP(&f.Raw, "raw-field", "f", nil, "Set "+what+" to a string, as `name=value`")
	flags.StringArrayVarP(&f.Typed, "field", "F", nil, "Set "+what+" to a typed value, as `name=value`: a number, true, false, null, JSON, or @file")
	flags.StringVar(&f.File, "input", "", "Read JSON from a `file`; - for standard input")
}

// Field is a name with its value.
type Field struct {
	Name  string
	Value any
}

// Fields reads the values of -f, then those of -F.
func (f *InputFlags) Fields(p *Process) ([]Field, error) {
	var out []Field
	for _, pair := range f.Raw {
		name, value, err := splitField(pair)
		if err != nil {
			return nil, err
		}
		out = append(out, Field{name, value})
	}
	for _, pair := range f.Typed {
		name, text, err := splitField(pair)
		if err != nil {
			return nil, err
		}
		value, err := p.typedValue(text)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", name, err)
		}
		out = append(out, Field{name, value})
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

// Check refuses to read standard input twice.
func (f *InputFlags) Check() error {
	n := 0
	for _, pair := range f.Typed {
		if _, value, _ := strings.Cut(pair, "="); value == "@-" {
			n++
		}
	}
	if f.File == "-" {
		n++
	}
	if n > 1 {
		return errors.New("standard input can be read only once")
	}
	return nil
}

var number = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`) })

// typedValue turns what follows -F name= into a JSON value. A number keeps its digits.
func (p *Process) typedValue(text string) (any, error) {
	switch {
	case text == "true", text == "false":
		return text == "true", nil
	case text == "null":
		return nil, nil
	case number().MatchString(text):
		return json.Number(text), nil
	case strings.HasPrefix(text, "@"):
		data, err := p.ReadInput(text[1:])
		return string(data), err
	case strings.HasPrefix(text, "{"), strings.HasPrefix(text, "["):
		value, err := DecodeJSON([]byte(text))
		if err != nil {
			return nil, fmt.Errorf("it begins like JSON but is not (%w); for a plain string use -f", err)
		}
		return value, nil
	}
	return text, nil
}

// InputError means that a file with input cannot be read, or that what it holds is not what it should.
type InputError struct{ Err error }

func (e *InputError) Error() string { return e.Err.Error() }

func (e *InputError) Unwrap() error { return e.Err }

func (e *InputError) Hint() string { return "Check the file that --input, or -F with @, names" }

// ReadInput reads a file, or standard input when it is named "-".
func (p *Process) ReadInput(name string) ([]byte, error) {
	in := p.In
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, &InputError{err}
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, MaxInput+1))
	switch {
	case err != nil:
		return nil, &InputError{fmt.Errorf("read %s: %w", name, err)}
	case len(data) > MaxInput:
		return nil, fmt.Errorf("read %s: more than %d MiB", name, MaxInput>>20)
	}
	return data, nil
}

// DecodeJSON reads exactly one value; numbers keep their digits.
func DecodeJSON(data []byte) (any, error) {
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
