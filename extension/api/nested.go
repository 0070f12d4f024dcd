package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/gh-hex/gh-hex/extension/command"
)

// maxNesting bounds how deep a key of a field goes.
const maxNesting = 32

// nest builds an object from fields whose names may hold brackets, as in gh api: a[b]=1 sets a key of an object, a[]=1
// appends to a list, a[][b]=1 sets a key of the last object in a list, or of a new one when it has that key already. A
// last [] without a value is an empty list.
func nest(fields []command.Field) (map[string]any, error) {
	root := map[string]any{}
	for _, f := range fields {
		keys, err := splitKey(f.Name)
		if err == nil {
			err = setKey(root, keys, f.Value)
		}
		if err != nil {
			return nil, fmt.Errorf("field %q: %w", f.Name, err)
		}
	}
	return root, nil
}

// splitKey turns a[b][] into a, b and "".
func splitKey(name string) ([]string, error) {
	first, rest, _ := strings.Cut(name, "[")
	if first == "" {
		return nil, errors.New("the name begins with a bracket")
	}
	keys := []string{first}
	if first == name {
		return keys, nil
	}
	for rest = "[" + rest; rest != ""; {
		key, after, closed := strings.Cut(strings.TrimPrefix(rest, "["), "]")
		if !strings.HasPrefix(rest, "[") || !closed || strings.Contains(key, "[") {
			return nil, errors.New("the brackets do not match")
		}
		keys, rest = append(keys, key), after
	}
	if len(keys) > maxNesting {
		return nil, fmt.Errorf("nested deeper than %d", maxNesting)
	}
	return keys, nil
}

func setKey(object map[string]any, keys []string, value any) error {
	key, rest := keys[0], keys[1:]
	old, present := object[key]
	switch {
	case len(rest) == 0 && present:
		return fmt.Errorf("%q is set twice", key)
	case len(rest) == 0:
		object[key] = value
		return nil
	case rest[0] == "":
		list, ok := old.([]any)
		if present && !ok {
			return fmt.Errorf("%q is not a list", key)
		}
		list, err := appendTo(list, rest[1:], value)
		object[key] = list
		return err
	}
	child, ok := old.(map[string]any)
	if present && !ok {
		return fmt.Errorf("%q is not an object", key)
	}
	if !present {
		child = map[string]any{}
		object[key] = child
	}
	return setKey(child, rest, value)
}

// appendTo adds a value, or a key of an object, to a list. The list is never null, so that a[]= makes an empty one.
func appendTo(list []any, keys []string, value any) ([]any, error) {
	if list == nil {
		list = []any{}
	}
	switch {
	case len(keys) == 0 && value == "":
		return list, nil
	case len(keys) == 0:
		return append(list, value), nil
	case keys[0] == "":
		inner, err := appendTo(nil, keys[1:], value)
		return append(list, inner), err
	}
	if len(list) > 0 {
		if last, ok := list[len(list)-1].(map[string]any); ok && fits(last, keys) {
			return list, setKey(last, keys, value)
		}
	}
	child := map[string]any{}
	return append(list, child), setKey(child, keys, value)
}

// fits reports whether a key can be set in an object without replacing anything.
func fits(object map[string]any, keys []string) bool {
	old, present := object[keys[0]]
	if !present {
		return true
	}
	if len(keys) == 1 {
		return false
	}
	child, ok := old.(map[string]any)
	_, list := old.([]any)
	return list && keys[1] == "" || ok && keys[1] != "" && fits(child, keys[1:])
}

// queryOf writes an object as the query of a URL; lists as a[]=, objects as a[b]=.
func queryOf(object map[string]any) (url.Values, error) {
	query := url.Values{}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if err := addQuery(query, key, object[key]); err != nil {
			return nil, err
		}
	}
	return query, nil
}

func addQuery(query url.Values, key string, value any) error {
	switch v := value.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if err := addQuery(query, key+"["+k+"]", v[k]); err != nil {
				return err
			}
		}
	case []any:
		for _, item := range v {
			if err := addQuery(query, key+"[]", item); err != nil {
				return err
			}
		}
	case string:
		query.Add(key, v)
	case nil:
		query.Add(key, "")
	default:
		text, err := json.Marshal(v)
		if err != nil {
			return err
		}
		query.Add(key, string(text))
	}
	return nil
}
