package abstract

import (
	"strconv"
	"strings"

	"github.com/rhysd/actionlint"
)

// call works out a function of GitHub's.
func (e *Evaluator) call(n *actionlint.FuncCallNode) Set {
	name := strings.ToLower(n.Callee)
	switch name {
	case "success", "failure", "cancelled", "always":
		return e.Status(name)
	}
	args := make([]Set, len(n.Args))
	for i, arg := range n.Args {
		args[i] = e.eval(arg)
	}
	switch {
	case name == "contains" && len(args) == 2:
		return e.test(args, contains)
	case name == "startswith" && len(args) == 2:
		return e.test(args, startsWith)
	case name == "endswith" && len(args) == 2:
		return e.test(args, endsWith)
	case name == "format" && len(args) > 0:
		return e.format(args)
	case name == "join" && len(args) > 0:
		return e.join(args)
	case name == "tojson" && len(args) == 1:
		return Mapped(args[0], toJSON)
	case name == "fromjson" && len(args) == 1:
		return e.fromJSON(args[0])
	case name == "case" && len(args)%2 == 1:
		return e.cases(args)
	}
	return Open(n.Callee + "()")
}

// test is a function that says yes or no.
func (e *Evaluator) test(args []Set, holds func(a, b Value) Outcome) Set {
	var out Outcome
	for _, a := range args[0] {
		for _, b := range args[1] {
			*e.Fuel -= 1 + len(a.Items)
			out = out.Join(holds(a, b))
		}
	}
	return out.Truths()
}

func contains(a, b Value) Outcome {
	switch {
	case a.Is == Anything && a.Limit >= 0:
		return Either()
	case a.Is == List:
		return a.includes(b)
	case a.Is == Object, !b.primitive():
		return Certain(false)
	}
	x, knowX := a.AsText()
	y, knowY := b.AsText()
	switch {
	case knowY && y == "" && a.Is != Anything:
		return Certain(true)
	case knowX && knowY:
		return Certain(hasFold(x, y))
	case a.Is == Opaque && knowY && (hasFold(a.Opaque.Prefix, y) || hasFold(a.Opaque.Suffix, y)):
		return Certain(true)
	case knowX && x == "" && b.Is == Opaque, knowY && a.Is == Opaque && a.Opaque.lacks(y):
		return Certain(false)
	}
	return Either()
}

func hasFold(s, part string) bool { return strings.Contains(strings.ToLower(s), strings.ToLower(part)) }

// includes tells whether a list has a value.
func (v Value) includes(w Value) Outcome {
	out := Certain(false)
	for _, item := range v.Items {
		must := len(item) > 0
		for _, x := range item {
			equal := meet(w, x)
			out.Yes = out.Yes || equal.Yes
			must = must && equal == Certain(true)
		}
		if must {
			return Certain(true)
		}
	}
	return out
}

func startsWith(a, b Value) Outcome {
	return begins(a, b, strings.HasPrefix, (*Opacity).mayStart)
}

func endsWith(a, b Value) Outcome {
	return begins(a, b, strings.HasSuffix, (*Opacity).mayEnd)
}

// begins tells whether a text may have another at one of its ends, and whether it may not.
func begins(a, b Value, has func(s, part string) bool, may func(o *Opacity, part string) Outcome) Outcome {
	if !a.primitive() || !b.primitive() {
		return Certain(false)
	}
	x, knowX := a.AsText()
	y, knowY := b.AsText()
	switch {
	case knowX && knowY:
		return Certain(has(strings.ToUpper(x), strings.ToUpper(y)))
	case knowY && y == "" && a.Is != Anything:
		return Certain(true)
	case knowY && a.Is == Opaque && a.Opaque.lacks(y):
		return Certain(false)
	case knowY && a.Is == Opaque:
		return may(a.Opaque, y)
	case knowX && x == "" && b.Is == Opaque:
		return Certain(false)
	}
	return Either()
}

// format fills {0}, {1}, …; {{ and }} stand for braces.
func (e *Evaluator) format(args []Set) Set {
	var out Set
	for _, pattern := range args[0] {
		shape, known := pattern.AsText()
		if !known {
			out = out.And(One(Value{Is: Anything, Text: "format"}.markedBy(args...)))
			continue
		}
		parts, ok := formatParts(shape, len(args)-1)
		if !ok {
			e.fail(args...)
			continue
		}
		filled := One(Value{Is: Text, Lacks: pattern.Lacks})
		for _, p := range parts {
			if p.arg < 0 {
				filled = concatText(filled, p.literal)
			} else {
				filled = e.concat(filled, args[1+p.arg])
			}
		}
		out = out.And(filled)
	}
	return out
}

type formatPart struct {
	literal string
	arg     int
}

func formatParts(pattern string, args int) (out []formatPart, ok bool) {
	literal := ""
	flush := func() {
		if literal != "" {
			out = append(out, formatPart{literal: literal, arg: -1})
			literal = ""
		}
	}
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c != '{' && c != '}':
			literal += pattern[i : i+1]
		case i+1 < len(pattern) && pattern[i+1] == c:
			literal += pattern[i : i+1]
			i++
		case c == '}':
			return nil, false
		default:
			end := strings.IndexByte(pattern[i:], '}')
			n, digits := leadingNumber(pattern[i+1:])
			if end < 0 || digits == 0 || n >= args {
				return nil, false
			}
			flush()
			out = append(out, formatPart{arg: n})
			i += end
		}
	}
	flush()
	return out, true
}

func leadingNumber(s string) (n, digits int) {
	for digits < len(s) && digits < 9 && s[digits] >= '0' && s[digits] <= '9' {
		digits++
	}
	n, _ = strconv.Atoi(s[:digits])
	return n, digits
}

// fail notes that evaluating may fail, on what these are empty of.
func (e *Evaluator) fail(args ...Set) {
	e.Fails = true
	for _, a := range args {
		e.Lost = Union(e.Lost, a.Lacks())
	}
}

func (e *Evaluator) join(args []Set) Set {
	separators := Texts(",")
	if len(args) > 1 {
		separators = args[1]
	}
	var out Set
	for _, v := range args[0] {
		switch {
		case v.Is == List:
			for _, by := range separators {
				out = out.And(e.joined(v.Items, by))
			}
		case v.Is == Object:
			out = out.With(Value{Is: Text})
		default:
			out = out.And(e.concat(One(Value{Is: Text}), One(v)))
		}
	}
	return out
}

func (e *Evaluator) joined(items []Set, by Value) Set {
	if !by.primitive() {
		by = TextValue(",")
	}
	out := One(Value{Is: Text})
	for i, item := range items {
		if i > 0 {
			out = e.concat(out, One(by))
		}
		out = e.concat(out, item)
	}
	return out
}

func Mapped(s Set, f func(Value) Value) Set {
	var out Set
	for _, v := range s {
		out = out.With(f(v).marked(v))
	}
	return out
}

func toJSON(v Value) Value {
	if s, ok := v.Json(""); ok {
		return TextValue(s)
	}
	return Value{Is: Opaque, Opaque: &Opacity{}}
}

func (e *Evaluator) fromJSON(s Set) Set {
	var out Set
	for _, v := range s {
		t, known := v.AsText()
		if !known {
			e.Fails = true
			out = out.And(carry(Open("fromJSON of "+Set{v}.Undecided()), v.Lacks, v.Holds))
			continue
		}
		if w, ok := FromJSON(t); ok {
			w.Lacks = v.Lacks
			out = out.With(w)
		} else {
			e.fail(One(v))
		}
	}
	return out
}

// cases is case(condition, value, …, default). A condition has to be a boolean.
func (e *Evaluator) cases(args []Set) Set {
	var out Set
	for i := 0; i+1 < len(args); i += 2 {
		var holds Outcome
		for _, v := range args[i] {
			switch v.Is {
			case Boolean, Anything:
				holds = holds.Join(v.truth())
				e.Fails = e.Fails || v.Is == Anything
			default:
				e.fail(args[i])
			}
		}
		if holds.Yes {
			out = out.And(args[i+1])
		}
		if !holds.No {
			return out
		}
	}
	return out.And(args[len(args)-1])
}
