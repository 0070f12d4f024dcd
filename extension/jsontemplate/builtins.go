package jsontemplate

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"
)

var (
	errBadComparison = errors.New("invalid type for comparison")
	errNoComparison  = errors.New("missing argument for comparison")
)

// callFunction refuses what it is given: no value of JSON is a function.
func callFunction(args []any) (any, error) {
	if args[0] == nil {
		return nil, errors.New("call of nil")
	}
	return nil, fmt.Errorf("non-function of type %T", args[0])
}

func length(args []any) (any, error) {
	switch v := args[0].(type) {
	case string:
		return len(v), nil
	case []any:
		return len(v), nil
	case map[string]any:
		return len(v), nil
	case nil:
		return nil, errors.New("len of nil pointer")
	}
	return nil, fmt.Errorf("len of type %T", args[0])
}

// index is x[1][2][3] for "index x 1 2 3".
func index(args []any) (any, error) {
	item := args[0]
	if item == nil {
		return nil, errors.New("index of untyped nil")
	}
	for _, at := range args[1:] {
		var err error
		if item, err = element(item, at); err != nil {
			return nil, err
		}
	}
	return item, nil
}

func element(item, at any) (any, error) {
	switch item := item.(type) {
	case string:
		i, err := position(at, len(item)-1)
		if err != nil {
			return nil, err
		}
		return item[i], nil
	case []any:
		i, err := position(at, len(item)-1)
		if err != nil {
			return nil, err
		}
		return item[i], nil
	case map[string]any:
		return member(item, at)
	case nil:
		return nil, errors.New("index of nil pointer")
	}
	return nil, fmt.Errorf("can't index item of type %T", item)
}

func member(object map[string]any, key any) (any, error) {
	name, ok := key.(string)
	if key == nil {
		return nil, errors.New("value is nil; should be of type string")
	}
	if !ok {
		return nil, fmt.Errorf("value has type %T; should be string", key)
	}
	return object[name], nil
}

// position is an index from 0 to limit. A number of the document is none: JSON has no integers.
func position(at any, limit int) (int, error) {
	i := 0
	switch at := at.(type) {
	case int:
		i = at
	case uint8:
		i = int(at)
	case nil:
		return 0, errors.New("cannot index slice/array with nil")
	default:
		return 0, fmt.Errorf("cannot index slice/array with type %T", at)
	}
	if i < 0 || i > limit {
		return 0, fmt.Errorf("index out of range: %d", i)
	}
	return i, nil
}

// slice is x[1:2] for "slice x 1 2".
func slice(args []any) (any, error) {
	switch item := args[0].(type) {
	case string:
		if len(args) == 4 {
			return nil, errors.New("cannot 3-index slice a string")
		}
		at, err := bounds(args[1:], len(item), len(item))
		if err != nil {
			return nil, err
		}
		return item[at[0]:at[1]], nil
	case []any:
		// As in Go, a list can be sliced up to its capacity.
		at, err := bounds(args[1:], len(item), cap(item))
		if err != nil {
			return nil, err
		}
		return item[at[0]:at[1]:at[2]], nil
	case nil:
		return nil, errors.New("slice of untyped nil")
	}
	return nil, fmt.Errorf("can't slice item of type %T", args[0])
}

// bounds are the low, high and maximal index of a slice expression.
func bounds(indexes []any, length, capacity int) ([3]int, error) {
	at := [3]int{0, length, capacity}
	if len(indexes) > len(at) {
		return at, fmt.Errorf("too many slice indexes: %d", len(indexes))
	}
	for i, index := range indexes {
		var err error
		if at[i], err = position(index, capacity); err != nil {
			return at, err
		}
	}
	if at[0] > at[1] {
		return at, fmt.Errorf("invalid slice index: %d > %d", at[0], at[1])
	}
	if at[1] > at[2] {
		return at, fmt.Errorf("invalid slice index: %d > %d", at[1], at[2])
	}
	return at, nil
}

func comparison(f func(a, b any) (bool, error)) function {
	return fixed(func(args []any) (any, error) { return f(args[0], args[1]) }, anyKind, anyKind)
}

// equalsOne tells whether the first argument equals one of the others.
func equalsOne(args []any) (any, error) {
	if len(args) == 1 {
		return false, errNoComparison
	}
	for _, other := range args[1:] {
		if ok, err := equal(args[0], other); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

func equal(a, b any) (bool, error) {
	a, b = widened(a), widened(b)
	if isNil(a) || isNil(b) {
		return equalNil(a, b)
	}
	if reflect.TypeOf(a) != reflect.TypeOf(b) {
		return false, fmt.Errorf("incompatible types for comparison: %T and %T", a, b)
	}
	if !isBasic(a) {
		return false, fmt.Errorf("non-comparable type %T", a)
	}
	return a == b, nil
}

// equalNil compares values of which at least one is nil or a nil list; a nil list compares with nil and lists only.
func equalNil(a, b any) (bool, error) {
	if a != nil && b != nil && reflect.TypeOf(a) != reflect.TypeOf(b) {
		return false, fmt.Errorf("incompatible types for comparison: %T and %T", a, b)
	}
	return isNil(a) == isNil(b), nil
}

func isNil(v any) bool {
	list, ok := v.([]any)
	return v == nil || ok && list == nil
}

// widened makes a byte of a string comparable with other integers.
func widened(v any) any {
	if b, ok := v.(uint8); ok {
		return int(b)
	}
	return v
}

func isBasic(v any) bool {
	switch v.(type) {
	case nil, []any, map[string]any:
		return false
	}
	return true
}

func notEqual(a, b any) (bool, error) {
	ok, err := equal(a, b)
	return !ok, err
}

func less(a, b any) (bool, error) {
	a, b = widened(a), widened(b)
	if !isBasic(a) || !isBasic(b) {
		return false, errBadComparison
	}
	if reflect.TypeOf(a) != reflect.TypeOf(b) {
		return false, fmt.Errorf("incompatible types for comparison: %T and %T", a, b)
	}
	switch a := a.(type) {
	case string:
		return a < b.(string), nil
	case float64:
		return a < b.(float64), nil
	case int:
		return a < b.(int), nil
	}
	return false, errBadComparison
}

func lessOrEqual(a, b any) (bool, error) {
	if ok, err := less(a, b); ok || err != nil {
		return ok, err
	}
	return equal(a, b)
}

func greater(a, b any) (bool, error) {
	ok, err := lessOrEqual(a, b)
	return !ok, err
}

func greaterOrEqual(a, b any) (bool, error) {
	ok, err := less(a, b)
	return !ok, err
}

// joined is the text that html, js and urlquery escape.
func joined(args []any) string {
	for i, v := range args {
		if v == nil {
			args[i] = "<no value>"
		}
	}
	return fmt.Sprint(args...)
}

func escapeHTML(s string) string {
	return strings.NewReplacer("\x00", "\uFFFD", `"`, "&#34;", `'`, "&#39;", "&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

func escapeJS(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		b.WriteString(escapeRuneJS(r, s[i:i+size]))
		i += size
	}
	return b.String()
}

func escapeRuneJS(r rune, encoded string) string {
	switch {
	case r == '\\', r == '\'', r == '"':
		return `\` + encoded
	case strings.ContainsRune("<>&=", r), r < ' ', r >= utf8.RuneSelf && !unicode.IsPrint(r):
		return fmt.Sprintf(`\u%04X`, r)
	}
	return encoded
}
