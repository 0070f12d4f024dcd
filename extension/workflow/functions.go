package workflow

import (
	"strconv"
	"strings"

	"github.com/rhysd/actionlint"
)

// call works out a function of GitHub's.
func (e *evaluator) call(n *actionlint.FuncCallNode) set {
	name := strings.ToLower(n.Callee)
	switch name {
	case "success", "failure", "cancelled", "always":
		return e.status(name)
	}
	args := make([]set, len(n.Args))
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
		return mapped(args[0], toJSON)
	case name == "fromjson" && len(args) == 1:
		return e.fromJSON(args[0])
	case name == "case" && len(args)%2 == 1:
		return e.cases(args)
	}
	return open(n.Callee + "()")
}

// test is a function that says yes or no.
func (e *evaluator) test(args []set, holds func(a, b value) (yes, no bool)) set {
	yes, no := false, false
	for _, a := range args[0] {
		for _, b := range args[1] {
			*e.fuel -= 1 + len(a.items)
			y, n := holds(a, b)
			yes, no = yes || y, no || n
		}
	}
	return truths(yes, no)
}

func contains(a, b value) (yes, no bool) {
	switch {
	case a.is == anything && a.limit >= 0:
		return true, true
	case a.is == list:
		return a.includes(b)
	case a.is == object, !b.primitive():
		return false, true
	}
	x, knowX := a.asText()
	y, knowY := b.asText()
	switch {
	case knowY && y == "" && a.is != anything:
		return true, false
	case knowX && knowY:
		yes = strings.Contains(strings.ToLower(x), strings.ToLower(y))
		return yes, !yes
	case a.is == opaque && knowY && (hasFold(a.opaque.prefix, y) || hasFold(a.opaque.suffix, y)):
		return true, false
	case knowX && x == "" && b.is == opaque:
		return false, true
	}
	return true, true
}

func hasFold(s, part string) bool { return strings.Contains(strings.ToLower(s), strings.ToLower(part)) }

// includes tells whether a list has a value.
func (v value) includes(w value) (yes, no bool) {
	no = true
	for _, item := range v.items {
		must := len(item) > 0
		for _, x := range item {
			equal, different := meet(w, x)
			yes = yes || equal
			must = must && equal && !different
		}
		if must {
			return true, false
		}
	}
	return yes, no
}

func startsWith(a, b value) (yes, no bool) {
	if !a.primitive() || !b.primitive() {
		return false, true
	}
	x, knowX := a.asText()
	y, knowY := b.asText()
	switch {
	case knowX && knowY:
		yes = strings.HasPrefix(strings.ToUpper(x), strings.ToUpper(y))
		return yes, !yes
	case knowY && y == "" && a.is != anything:
		return true, false
	case knowY && a.is == opaque:
		return a.opaque.mayStart(y)
	case knowX && x == "" && b.is == opaque:
		return false, true
	}
	return true, true
}

func endsWith(a, b value) (yes, no bool) {
	if !a.primitive() || !b.primitive() {
		return false, true
	}
	x, knowX := a.asText()
	y, knowY := b.asText()
	switch {
	case knowX && knowY:
		yes = strings.HasSuffix(strings.ToUpper(x), strings.ToUpper(y))
		return yes, !yes
	case knowY && y == "" && a.is != anything, knowY && a.is == opaque && strings.HasSuffix(strings.ToUpper(a.opaque.suffix), strings.ToUpper(y)):
		return true, false
	case knowY && a.is == opaque && !compatible(a.opaque.suffix, y, strings.HasSuffix), knowX && x == "" && b.is == opaque:
		return false, true
	}
	return true, true
}

// format fills {0}, {1}, …; {{ and }} stand for braces.
func (e *evaluator) format(args []set) set {
	var out set
	for _, pattern := range args[0] {
		shape, known := pattern.asText()
		if !known {
			out = out.and(mixed(args))
			continue
		}
		parts, ok := formatParts(shape, len(args)-1)
		if !ok {
			e.fail(args...)
			continue
		}
		filled := one(value{is: text, lacks: pattern.lacks})
		for _, p := range parts {
			if p.arg < 0 {
				filled = concatText(filled, p.literal)
			} else {
				filled = e.concat(filled, args[1+p.arg])
			}
		}
		out = out.and(filled)
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

// mixed is a text made of all the arguments in a way that is not known.
func mixed(args []set) set {
	v := value{is: anything, text: "format"}
	for _, a := range args {
		v.lacks, v.holds = union(v.lacks, a.lacks()), union(v.holds, a.holds())
	}
	return one(v)
}

// fail notes that evaluating may fail, on what these are empty of.
func (e *evaluator) fail(args ...set) {
	e.fails = true
	for _, a := range args {
		e.lost = union(e.lost, a.lacks())
	}
}

func (e *evaluator) join(args []set) set {
	separators := texts(",")
	if len(args) > 1 {
		separators = args[1]
	}
	var out set
	for _, v := range args[0] {
		switch {
		case v.is == list:
			for _, by := range separators {
				out = out.and(e.joined(v.items, by))
			}
		case v.is == object:
			out = out.with(value{is: text})
		default:
			out = out.and(e.concat(one(value{is: text}), one(v)))
		}
	}
	return out
}

func (e *evaluator) joined(items []set, by value) set {
	if !by.primitive() {
		by = textValue(",")
	}
	out := one(value{is: text})
	for i, item := range items {
		if i > 0 {
			out = e.concat(out, one(by))
		}
		out = e.concat(out, item)
	}
	return out
}

func mapped(s set, f func(value) value) set {
	var out set
	for _, v := range s {
		w := f(v)
		w.lacks, w.holds = union(w.lacks, v.lacks), union(w.holds, v.holds)
		out = out.with(w)
	}
	return out
}

func toJSON(v value) value {
	if s, ok := v.json(""); ok {
		return textValue(s)
	}
	return value{is: opaque, opaque: &opacity{}}
}

func (e *evaluator) fromJSON(s set) set {
	var out set
	for _, v := range s {
		t, known := v.asText()
		if !known {
			e.fails = true
			out = out.and(carry(open("fromJSON of "+set{v}.undecided()), v.lacks, v.holds))
			continue
		}
		if w, ok := fromJSON(t); ok {
			w.lacks = v.lacks
			out = out.with(w)
		} else {
			e.fail(one(v))
		}
	}
	return out
}

// cases is case(condition, value, …, default). A condition has to be a boolean.
func (e *evaluator) cases(args []set) set {
	var out set
	for i := 0; i+1 < len(args); i += 2 {
		yes, no := false, false
		for _, v := range args[i] {
			switch v.is {
			case boolean:
				yes, no = yes || v.truth, no || !v.truth
			case anything:
				yes, no = yes || v.limit >= 0, no || v.limit <= 0
				e.fails = true
			default:
				e.fail(args[i])
			}
		}
		if yes {
			out = out.and(args[i+1])
		}
		if !no {
			return out
		}
	}
	return out.and(args[len(args)-1])
}
