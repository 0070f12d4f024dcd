package jsontemplate

import "fmt"

// A value is what JSON decodes to (map[string]any, []any, string, float64, bool, nil), what literals and functions add
// (int, complex128, and uint8 for a byte of a string), or noValue.
//
// Two kinds of nothing must be told apart, since a field of the one is nothing again and a field of the other is an error:
// nil is a null that was just taken out of its object or list, noValue a key that is missing. A null that has been through
// a pipeline has become noValue.

// noValue is printed as "<no value>".
type noValue struct{}

// absent stands for the value that the first command of a pipeline does not get from a command before it.
type absent struct{}

func unwrap(v any) any {
	if v == nil {
		return noValue{}
	}
	return v
}

// isTrue tells what if, with, and, or and not make of a value.
func isTrue(v any) bool {
	switch v := v.(type) {
	case bool:
		return v
	case string:
		return v != ""
	case float64:
		return v != 0
	case int:
		return v != 0
	case uint8:
		return v != 0
	case complex128:
		return v != 0
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	}
	return false
}

// kind is the type of a parameter of a function.
type kind int

const (
	anyKind kind = iota
	stringKind
	intKind
	listKind
)

func (k kind) String() string {
	return [...]string{"interface {}", "string", "int", "[]interface {}"}[k]
}

// typeName is the type of a value as Go would print it.
func typeName(v any) string {
	if v == nil {
		return anyKind.String()
	}
	return fmt.Sprintf("%T", v)
}

// accept makes v an argument of kind k, or says why it cannot be one. Functions see nil for both kinds of nothing.
func (k kind) accept(v any) (any, error) {
	if v == (noValue{}) {
		return k.zero("invalid value; expected %s")
	}
	ok := k == anyKind
	switch v.(type) {
	case string:
		ok = ok || k == stringKind
	case int:
		ok = ok || k == intKind
	case []any:
		ok = ok || k == listKind
	}
	if !ok {
		return nil, fmt.Errorf("wrong type for value; expected %s; got %s", k, typeName(v))
	}
	return v, nil
}

// zero is the nil of kind k; complaint is the error of a kind that has none.
func (k kind) zero(complaint string) (any, error) {
	switch k {
	case anyKind:
		return nil, nil
	case listKind:
		return []any(nil), nil
	}
	return nil, fmt.Errorf(complaint, k)
}
