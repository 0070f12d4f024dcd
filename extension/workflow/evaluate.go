package workflow

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/rhysd/actionlint"
)

// value is one value that an expression may have.
type value struct {
	text  string
	truth bool
}

func textValue(s string) value { return value{text: s, truth: s != ""} }

func boolValue(b bool) value { return value{text: strconv.FormatBool(b), truth: b} }

// set is every value that an expression may have. any means that the text does not decide it; same then names what it
// is equal to ("base", "fork"), where that much is known.
type set struct {
	values []value
	any    bool
	same   string
}

// Where working out ends and a set becomes any: by its values, or by the length of one of them.
const (
	maxValues = 256
	maxText   = 1000
)

func one(v value) set { return set{}.with(v) }

func either() set { return set{values: []value{boolValue(true), boolValue(false)}} }

func unknown() set { return set{any: true} }

func (s set) mayBe(truth bool) bool {
	return s.any || slices.ContainsFunc(s.values, func(v value) bool { return v.truth == truth })
}

func (s set) with(more ...value) set {
	if len(more) > maxValues {
		return unknown()
	}
	for _, v := range more {
		if len(v.text) > maxText {
			return unknown()
		}
		if !slices.Contains(s.values, v) {
			s.values = append(s.values[:len(s.values):len(s.values)], v)
		}
		if len(s.values) > maxValues {
			return unknown()
		}
	}
	return s
}

func (s set) texts() []string {
	out := make([]string, 0, len(s.values))
	for _, v := range s.values {
		if !slices.Contains(out, v.text) {
			out = append(out, v.text)
		}
	}
	return out
}

// resolver answers for what an expression reads from the contexts, by its path in lower case.
type resolver func(path []string) set

// evaluate works out what an expression may be.
func evaluate(node actionlint.ExprNode, resolve resolver) set {
	switch n := node.(type) {
	case *actionlint.StringNode:
		return one(textValue(n.Value))
	case *actionlint.BoolNode:
		return one(boolValue(n.Value))
	case *actionlint.NullNode:
		return one(value{})
	case *actionlint.IntNode:
		return one(value{text: strconv.Itoa(n.Value), truth: n.Value != 0})
	case *actionlint.FloatNode:
		return one(value{text: strconv.FormatFloat(n.Value, 'g', -1, 64), truth: n.Value != 0})
	case *actionlint.NotOpNode:
		s := evaluate(n.Operand, resolve)
		return truths(s.mayBe(false), s.mayBe(true))
	case *actionlint.CompareOpNode:
		return compare(n, resolve)
	case *actionlint.LogicalOpNode:
		return logical(n, resolve)
	case *actionlint.FuncCallNode:
		return call(n, resolve)
	}
	if p := pathOf(node); p != nil {
		return resolve(p)
	}
	if n, ok := node.(*actionlint.IndexAccessNode); ok {
		return indexed(n, resolve)
	}
	return unknown()
}

func truths(yes, no bool) set {
	var s set
	if yes {
		s = s.with(boolValue(true))
	}
	if no {
		s = s.with(boolValue(false))
	}
	return s
}

func compare(n *actionlint.CompareOpNode, resolve resolver) set {
	if !n.Kind.IsEqualityOp() {
		return either()
	}
	l, r := evaluate(n.Left, resolve), evaluate(n.Right, resolve)
	equal, different := meet(l, r)
	if n.Kind == actionlint.CompareOpNodeKindNotEq {
		equal, different = different, equal
	}
	return truths(equal, different)
}

// meet tells whether two sets may be equal and whether they may differ.
func meet(l, r set) (equal, different bool) {
	if l.any || r.any {
		switch {
		case l.same != "" && r.same != "":
			return l.same == r.same, l.same != r.same
		case l.same == "fork" && !r.any, r.same == "fork" && !l.any:
			return false, true // a name that is written down is not that of somebody's fork
		}
		return true, true
	}
	if tooMany(l, r) {
		return true, true
	}
	for _, a := range l.values {
		for _, b := range r.values {
			if strings.EqualFold(a.text, b.text) {
				equal = true
			} else {
				different = true
			}
		}
	}
	return equal, different
}

func logical(n *actionlint.LogicalOpNode, resolve resolver) set {
	l := evaluate(n.Left, resolve)
	stops := n.Kind == actionlint.LogicalOpNodeKindOr // the truth of the left side that ends the evaluation
	if !l.mayBe(!stops) {
		return l
	}
	r := evaluate(n.Right, resolve)
	var out set
	switch {
	case l.any && stops:
		return unknown()
	case l.any:
		out = out.with(value{})
	default:
		for _, v := range l.values {
			if v.truth == stops {
				out = out.with(v)
			}
		}
	}
	if r.any {
		return unknown()
	}
	return out.with(r.values...)
}

func call(n *actionlint.FuncCallNode, resolve resolver) set {
	name := strings.ToLower(n.Callee)
	switch {
	case name == "contains" && len(n.Args) == 2:
		return contains(n, resolve)
	case (name == "startswith" || name == "endswith") && len(n.Args) == 2:
		return affix(n, resolve)
	case name == "format" && len(n.Args) > 0:
		return format(n, resolve)
	case name == "case" && len(n.Args) > 1:
		return cases(n, resolve)
	case name == "success" || name == "always" || name == "failure" || name == "cancelled":
		return either()
	}
	return unknown()
}

func contains(n *actionlint.FuncCallNode, resolve resolver) set {
	needle := evaluate(n.Args[1], resolve)
	if list, ok := literalJSON(n.Args[0]).([]any); ok && !needle.any {
		return each2(needle, one(value{}), func(v, _ string) bool {
			return slices.ContainsFunc(list, func(x any) bool { return strings.EqualFold(fmt.Sprint(x), v) })
		})
	}
	return each2(evaluate(n.Args[0], resolve), needle, func(text, part string) bool {
		return strings.Contains(strings.ToLower(text), strings.ToLower(part))
	})
}

func affix(n *actionlint.FuncCallNode, resolve resolver) set {
	test := strings.HasPrefix
	if strings.EqualFold(n.Callee, "endswith") {
		test = strings.HasSuffix
	}
	return each2(evaluate(n.Args[0], resolve), evaluate(n.Args[1], resolve), func(text, part string) bool {
		return test(strings.ToLower(text), strings.ToLower(part))
	})
}

func each2(l, r set, test func(l, r string) bool) set {
	if l.any || r.any || tooMany(l, r) {
		return either()
	}
	yes, no := false, false
	for _, a := range l.values {
		for _, b := range r.values {
			if test(a.text, b.text) {
				yes = true
			} else {
				no = true
			}
		}
	}
	return truths(yes, no)
}

// cases is case(condition, value, …, default).
func cases(n *actionlint.FuncCallNode, resolve resolver) set {
	var out set
	for i, arg := range n.Args {
		if i%2 == 0 && i != len(n.Args)-1 {
			continue
		}
		s := evaluate(arg, resolve)
		if s.any {
			return unknown()
		}
		out = out.with(s.values...)
	}
	return out
}

func format(n *actionlint.FuncCallNode, resolve resolver) set {
	out := evaluate(n.Args[0], resolve)
	if out.any {
		return out
	}
	for i, arg := range n.Args[1:] {
		s := evaluate(arg, resolve)
		mark := fmt.Sprintf("{%d}", i)
		if s.any {
			if slices.ContainsFunc(out.values, func(v value) bool { return strings.Contains(v.text, mark) }) {
				return unknown()
			}
			continue
		}
		out = product(out, s, func(text, part string) string { return replace(text, mark, part) })
	}
	return product(out, one(value{}), func(text, _ string) string {
		return strings.NewReplacer("{{", "{", "}}", "}").Replace(text)
	})
}

// replace puts a part in the place of each mark; of a text that becomes too long, in as many as make it that.
func replace(text, mark, part string) string {
	return strings.Replace(text, mark, part, maxText/max(len(part), 1)+1)
}

// tooMany tells sets whose pairs are more than what is worked out.
func tooMany(l, r set) bool { return len(l.values)*len(r.values) > maxValues }

func product(l, r set, combine func(l, r string) string) set {
	if l.any || r.any || tooMany(l, r) {
		return unknown()
	}
	var out set
	for _, a := range l.values {
		for _, b := range r.values {
			out = out.with(textValue(combine(a.text, b.text)))
		}
	}
	return out
}

// indexed is fromJSON('{"main":"prod"}')[…], or the member of a literal list.
func indexed(n *actionlint.IndexAccessNode, resolve resolver) set {
	key := evaluate(n.Index, resolve)
	object, ok := literalJSON(n.Operand).(map[string]any)
	if !ok {
		return unknown()
	}
	var out set
	for name, member := range object {
		if _, isText := member.(string); !isText {
			return unknown()
		}
		if key.any || slices.ContainsFunc(key.values, func(v value) bool { return strings.EqualFold(v.text, name) }) {
			out = out.with(textValue(member.(string)))
		}
	}
	if key.any || slices.ContainsFunc(key.values, func(v value) bool { return object[v.text] == nil }) {
		out = out.with(value{})
	}
	sort.Slice(out.values, func(i, j int) bool { return out.values[i].text < out.values[j].text })
	return out
}

// literalJSON is what fromJSON makes of a literal string; nil for anything else.
func literalJSON(node actionlint.ExprNode) any {
	n, ok := node.(*actionlint.FuncCallNode)
	if !ok || !strings.EqualFold(n.Callee, "fromJSON") || len(n.Args) != 1 {
		return nil
	}
	s, ok := n.Args[0].(*actionlint.StringNode)
	if !ok {
		return nil
	}
	var out any
	if json.Unmarshal([]byte(s.Value), &out) != nil {
		return nil
	}
	return out
}

// evaluateText works out a scalar with expressions in it.
func evaluateText(s string, list []expression, resolve resolver) set {
	out := one(value{})
	at := 0
	for _, e := range list {
		if e.node == nil {
			return unknown()
		}
		v := evaluate(e.node, resolve)
		if e.whole {
			return v
		}
		literal := s[at : e.at-len("${{")]
		out = product(out, v, func(l, r string) string { return l + literal + r })
		at = e.at + closing(s[e.at:]) + len("}}")
	}
	rest := s[at:]
	return product(out, one(value{}), func(l, _ string) string { return l + rest })
}
