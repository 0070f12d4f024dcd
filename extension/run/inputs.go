package run

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gh-hex/gh-hex/extension/command"
)

// runInputs reads the inputs of a run by name: those of --input, then single ones, which win.
func runInputs(p *command.Process, f *command.InputFlags) (map[string]any, error) {
	inputs := map[string]any{}
	if f.File != "" {
		data, err := p.ReadInput(f.File)
		if err != nil {
			return nil, err
		}
		value, err := command.DecodeJSON(data)
		if err != nil {
			return nil, &command.InputError{Err: fmt.Errorf("--input: not JSON: %w", err)}
		}
		object, ok := value.(map[string]any)
		if !ok {
			return nil, errors.New("--input: the file should hold a JSON object: each input of the project by its name")
		}
		if isRunBody(object) {
			return nil, errors.New("--input: this is the body of a request (inputParams …); give only its inputParams, or send it as it is with gh hex api")
		}
		inputs = object
	}
	fields, err := f.Fields(p)
	if err != nil {
		return nil, err
	}
	for _, x := range fields {
		inputs[x.Name] = x.Value
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
