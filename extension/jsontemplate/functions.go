package jsontemplate

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// function is what a name calls. Its arguments have been checked against params when call gets them.
type function struct {
	params   []kind
	variadic bool // any number of arguments of any kind may follow
	call     func(args []any) (any, error)

	// until, instead of call, makes it stop at the first argument that is so: and, or.
	until *bool
}

func (f function) param(i int) kind {
	if i < len(f.params) {
		return f.params[i]
	}
	return anyKind
}

func (f function) checkCount(name string, written int, piped bool) error {
	got := written
	if piped {
		got++
	}
	if f.variadic && got < len(f.params) {
		return fmt.Errorf("wrong number of args for %s: want at least %d got %d", name, len(f.params), written)
	}
	if !f.variadic && got != len(f.params) {
		return fmt.Errorf("wrong number of args for %s: want %d got %d", name, len(f.params), got)
	}
	return nil
}

func fixed(call func([]any) (any, error), params ...kind) function {
	return function{params: params, call: call}
}

func variadic(call func([]any) (any, error), params ...kind) function {
	return function{params: params, variadic: true, call: call}
}

// onStrings makes a function of strings out of one of Go.
func onStrings[T any](f func(a, b string) T) function {
	return fixed(func(args []any) (any, error) { return f(args[0].(string), args[1].(string)), nil }, stringKind, stringKind)
}

// printing makes a function of one that turns any values into text.
func printing(f func(...any) string) function {
	return variadic(func(args []any) (any, error) { return f(args...), nil })
}

func functionsFor(rows *table, o Options) map[string]function {
	yes, no := true, false
	functions := map[string]function{
		"and": {params: []kind{anyKind}, variadic: true, until: &no},
		"or":  {params: []kind{anyKind}, variadic: true, until: &yes},
		"not": fixed(func(args []any) (any, error) { return !isTrue(args[0]), nil }, anyKind),

		"index": variadic(index, anyKind),
		"slice": variadic(slice, anyKind),
		"len":   fixed(length, anyKind),
		"call":  variadic(callFunction, anyKind),

		"eq": variadic(equalsOne, anyKind),
		"ne": comparison(notEqual),
		"lt": comparison(less),
		"le": comparison(lessOrEqual),
		"gt": comparison(greater),
		"ge": comparison(greaterOrEqual),

		"print":    printing(fmt.Sprint),
		"println":  printing(fmt.Sprintln),
		"printf":   variadic(func(args []any) (any, error) { return fmt.Sprintf(args[0].(string), args[1:]...), nil }, stringKind),
		"html":     printing(func(args ...any) string { return escapeHTML(joined(args)) }),
		"js":       printing(func(args ...any) string { return escapeJS(joined(args)) }),
		"urlquery": printing(func(args ...any) string { return url.QueryEscape(joined(args)) }),

		// In these, the text comes last, so that it can be piped in.
		"contains":   onStrings(func(part, s string) bool { return strings.Contains(s, part) }),
		"hasPrefix":  onStrings(func(part, s string) bool { return strings.HasPrefix(s, part) }),
		"hasSuffix":  onStrings(func(part, s string) bool { return strings.HasSuffix(s, part) }),
		"regexMatch": onStrings(matches),
		"replace":    fixed(replace, stringKind, stringKind, stringKind),
	}
	addFormatting(functions, rows, o)
	return functions
}

// addFormatting adds the functions that gh documents.
func addFormatting(functions map[string]function, rows *table, o Options) {
	now := time.Now
	if o.Now != nil {
		now = o.Now
	}
	start := now()
	autocolor := uncolored
	if o.Color {
		autocolor = colored
	}
	functions["autocolor"] = fixed(autocolor, stringKind, anyKind)
	functions["color"] = fixed(colored, stringKind, anyKind)
	functions["hyperlink"] = onStrings(hyperlink)
	functions["join"] = fixed(join, stringKind, listKind)
	functions["pluck"] = fixed(pluck, stringKind, listKind)
	functions["tablerow"] = variadic(rows.row)
	functions["tablerender"] = fixed(func([]any) (any, error) { return "", rows.render() })
	functions["timeago"] = fixed(func(args []any) (any, error) { return timeAgo(start, args[0].(string)) }, stringKind)
	functions["timefmt"] = fixed(formatTime, stringKind, stringKind)
	functions["truncate"] = fixed(truncate, intKind, anyKind)
}

// matches is false for an expression that is none, as in gh.
func matches(expression, s string) bool {
	match, _ := regexp.MatchString(expression, s)
	return match
}

func replace(args []any) (any, error) {
	return strings.ReplaceAll(args[2].(string), args[0].(string), args[1].(string)), nil
}
