package workflow

import (
	"math"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"
)

// evaluator works out what an expression may be, by GitHub's own rules. It is sound: what GitHub makes of the expression
// is among the values, however what is open turns out.
type evaluator struct {
	// context answers for a context by its name in lower case.
	context func(name string) set
	// read answers for a secret or variable; offset is where it is read in the scalar.
	read func(of kind, name string, offset int) set
	// index is told the names that secrets[…] may mean.
	index func(of kind, names set, offset int)
	// status answers for success(), failure(), cancelled() and always().
	status func(name string) set
	// in is the expression that is worked out.
	in expression
	// fuel bounds the work of a whole simulation.
	fuel *int

	// fails tells that evaluating may fail, and lost what was empty in what it failed on.
	fails bool
	lost  []*lack
}

// eval works out a node. Nothing is left of what fails.
func (e *evaluator) eval(node actionlint.ExprNode) set {
	if *e.fuel--; *e.fuel < 0 {
		return open("more than could be worked out")
	}
	switch n := node.(type) {
	case *actionlint.StringNode:
		return one(textValue(n.Value))
	case *actionlint.BoolNode:
		return one(boolValue(n.Value))
	case *actionlint.NullNode:
		return one(value{})
	case *actionlint.IntNode:
		return one(e.literal(n, float64(n.Value)))
	case *actionlint.FloatNode:
		return one(e.literal(n, n.Value))
	case *actionlint.NotOpNode:
		s := e.eval(n.Operand)
		return truths(s.mayBe(false), s.mayBe(true))
	case *actionlint.CompareOpNode:
		return e.compare(n)
	case *actionlint.LogicalOpNode:
		return e.logical(n)
	case *actionlint.FuncCallNode:
		return e.call(n)
	case *actionlint.VariableNode:
		return e.variable(n)
	case *actionlint.ObjectDerefNode:
		return e.member(n, n.Receiver, one(textValue(n.Property)))
	case *actionlint.IndexAccessNode:
		return e.member(n, n.Operand, e.eval(n.Index))
	case *actionlint.ArrayDerefNode:
		return e.filter(n.Receiver)
	}
	return open("an expression")
}

// literal is a number; one in a form that the parser does not know stands beside the tree.
func (e *evaluator) literal(n actionlint.ExprNode, parsed float64) value {
	if f, odd := e.in.numbers[n.Token().Offset]; odd {
		return numberValue(f)
	}
	return numberValue(parsed)
}

// variable is a context as a whole.
func (e *evaluator) variable(n *actionlint.VariableNode) set {
	switch n.Name {
	case "secrets", "vars":
		return open("all of " + n.Name)
	case "infinity":
		return one(numberValue(math.Inf(1)))
	case "nan":
		return one(numberValue(math.NaN()))
	}
	return e.context(n.Name)
}

// member is receiver.name and receiver[name].
func (e *evaluator) member(node, receiver actionlint.ExprNode, names set) set {
	v, isVariable := receiver.(*actionlint.VariableNode)
	if isVariable && (v.Name == "secrets" || v.Name == "vars") {
		return e.named(node, v, names)
	}
	var out set
	for _, of := range e.eval(receiver) {
		for _, name := range names {
			if *e.fuel--; *e.fuel < 0 {
				return open("more than could be worked out")
			}
			out = out.and(carry(of.member(name), of.lacks, nil))
		}
	}
	return out
}

// named reads secrets and variables by names that may have to be worked out.
func (e *evaluator) named(node actionlint.ExprNode, v *actionlint.VariableNode, names set) set {
	of := kind(v.Name)
	if _, indexed := node.(*actionlint.IndexAccessNode); indexed && e.index != nil {
		e.index(of, names, e.in.at+v.Token().Offset)
	}
	var out set
	for _, name := range names {
		if s, known := name.asText(); known && name.primitive() {
			out = out.and(e.read(of, strings.ToUpper(s), e.in.at+v.Token().Offset))
		} else {
			out = out.and(open(string(of) + "[…]"))
		}
	}
	return out
}

// carry hands on what was empty, or what is hidden, in what a set was made of.
func carry(s set, lacks []*lack, holds []string) set {
	if len(lacks) == 0 && len(holds) == 0 {
		return s
	}
	var out set
	for _, v := range s {
		v.lacks, v.holds = union(v.lacks, lacks), union(v.holds, holds)
		out = append(out, v)
	}
	return out
}

// member looks a name up in a value: null in everything that has no members.
func (v value) member(name value) set {
	switch {
	case v.is == anything && v.limit < 0:
		return one(value{})
	case v.is == anything:
		key, _ := name.asText()
		return carry(open(strings.TrimSuffix(v.text+"."+strings.ToLower(key), ".")), nil, v.holds)
	case v.is == list && v.filtered:
		return v.filteredMember(name)
	case v.is == list:
		return v.item(name)
	case v.is == object:
		return v.field(name)
	}
	return one(value{})
}

func (v value) field(name value) set {
	if key, known := name.asText(); known {
		if !name.primitive() {
			return one(value{})
		}
		return v.fields.get(key)
	}
	out := one(value{}) // a name that is not known may be any of them, or none
	all := v.fields.whole()
	for _, n := range all.names {
		if equal, _ := meet(textValue(n), name); equal {
			out = out.and(all.get(n))
		}
	}
	if v.fields.open != "" {
		out = out.with(value{is: anything, text: v.fields.open})
	}
	return out
}

func (v value) item(name value) set {
	if name.is == anything || name.is == opaque {
		out := one(value{})
		for _, item := range v.items {
			out = out.and(item)
		}
		return out
	}
	n := name.asNumber()
	if math.IsNaN(n) || n < 0 || math.Floor(n) >= float64(len(v.items)) {
		return one(value{})
	}
	return v.items[int(math.Floor(n))]
}

// filteredMember looks a name up in the members of a list that `.*` made; those that lack it are left out.
func (v value) filteredMember(name value) set {
	out := value{is: list, filtered: true}
	for _, item := range v.items {
		if len(item) != 1 || item[0].is == anything {
			return open("a list that is not known")
		}
		switch of := item[0]; of.is {
		case object:
			key, known := name.asText()
			if !known || of.fields.open != "" {
				return open("a list that is not known")
			}
			if m, there := of.fields.of[strings.ToLower(key)]; there && name.primitive() {
				out.items = append(out.items, m)
			}
		case list:
			if n := name.asNumber(); !math.IsNaN(n) && n >= 0 && int(n) < len(of.items) {
				out.items = append(out.items, of.items[int(n)])
			}
		}
	}
	return one(out)
}

// filter is receiver.*: the members of a list or object, as a list.
func (e *evaluator) filter(receiver actionlint.ExprNode) set {
	var out set
	for _, v := range e.eval(receiver) {
		out = out.and(carry(v.members(), v.lacks, v.holds))
	}
	return out
}

func (v value) members() set {
	w := value{is: list, filtered: true}
	switch {
	case v.is == anything && v.limit >= 0:
		return open(v.text)
	case v.is == object && v.fields.open != "":
		return open(v.fields.open)
	case v.is == object:
		all := v.fields.whole()
		for _, name := range all.names {
			w.items = append(w.items, all.get(name))
		}
	case v.is == list && !v.filtered:
		w.items = v.items
	case v.is == list:
		for _, item := range v.items {
			if len(item) != 1 {
				return open("a list that is not known")
			}
			inner := item[0].members()
			if len(inner) != 1 || inner[0].is != list {
				return open("a list that is not known")
			}
			w.items = append(w.items, inner[0].items...)
		}
	}
	return one(w)
}

// logical returns operands, as GitHub does. What the left side of && is empty of was looked at: it goes no further.
func (e *evaluator) logical(n *actionlint.LogicalOpNode) set {
	yes, no := e.eval(n.Left).split()
	if n.Kind == actionlint.LogicalOpNodeKindAnd {
		if len(yes) == 0 {
			return withoutLacks(no)
		}
		return withoutLacks(no).and(e.eval(n.Right))
	}
	if len(no) == 0 {
		return yes
	}
	return yes.and(e.eval(n.Right))
}

func withoutLacks(s set) set {
	out := slices.Clone(s)
	for i := range out {
		out[i].lacks = nil
	}
	return out
}

func (e *evaluator) compare(n *actionlint.CompareOpNode) set {
	l, r := e.eval(n.Left), e.eval(n.Right)
	yes, no := false, false
	for _, a := range l {
		for _, b := range r {
			*e.fuel--
			y, n := compareValues(n.Kind, a, b)
			yes, no = yes || y, no || n
		}
	}
	return truths(yes, no)
}

// compareValues tells whether a comparison may hold and whether it may fail.
func compareValues(kind actionlint.CompareOpNodeKind, a, b value) (yes, no bool) {
	equal, different := meet(a, b)
	switch kind {
	case actionlint.CompareOpNodeKindEq:
		return equal, different
	case actionlint.CompareOpNodeKindNotEq:
		return different, equal
	}
	for _, v := range []value{a, b} {
		if v.is == anything || v.is == opaque {
			return true, true
		}
	}
	less, more := order(a, b)
	var holds bool
	switch kind {
	case actionlint.CompareOpNodeKindLess:
		holds = less
	case actionlint.CompareOpNodeKindLessEq:
		holds = less || equal
	case actionlint.CompareOpNodeKindGreater:
		holds = more
	default:
		holds = more || equal
	}
	return holds, !holds
}

// order compares values that are known.
func order(a, b value) (less, more bool) {
	switch {
	case a.is == text && b.is == text:
		x, y := strings.ToUpper(a.text), strings.ToUpper(b.text)
		return x < y, x > y
	case !a.primitive() || !b.primitive():
		return false, false
	}
	x, y := a.asNumber(), b.asNumber()
	return x < y, x > y
}

// meet tells whether two values may be equal and whether they may differ.
func meet(a, b value) (equal, different bool) {
	switch {
	case a.is == anything || b.is == anything:
		return true, true
	case a.is == opaque:
		return a.opaque.meet(b)
	case b.is == opaque:
		return b.opaque.meet(a)
	case !a.primitive() || !b.primitive():
		equal = a.is == b.is && a.same(b) && (a.is == object || len(a.items) > 0)
		return equal, !equal
	case a.is == text && b.is == text:
		equal = strings.EqualFold(a.text, b.text)
	case a.is == null && b.is == null:
		equal = true
	default:
		equal = a.asNumber() == b.asNumber()
	}
	return equal, !equal
}

// meet compares an opaque text with another value.
func (o *opacity) meet(v value) (equal, different bool) {
	switch v.is {
	case text:
		return o.mayBe(v.text), true
	case opaque:
		p := v.opaque
		switch {
		case o == p || o.id != "" && o.id == p.id:
			return true, false
		case slices.Contains(o.never, p.id) && p.id != "", slices.Contains(p.never, o.id) && o.id != "":
			return false, true
		case !compatible(o.prefix, p.prefix, strings.HasPrefix), !compatible(o.suffix, p.suffix, strings.HasSuffix):
			return false, true
		}
		return true, true
	case list, object:
		return false, true
	}
	return o.prefix == "" && !o.apart, true // a number, where it could be one
}

func compatible(a, b string, has func(s, part string) bool) bool {
	a, b = strings.ToLower(a), strings.ToLower(b)
	return has(a, b) || has(b, a)
}

// mayBe tells whether the text may be this one.
func (o *opacity) mayBe(s string) bool {
	if s == "" || o.apart || len(s) < len(o.prefix)+len(o.suffix) {
		return false
	}
	lower := strings.ToLower(s)
	if !strings.HasPrefix(lower, strings.ToLower(o.prefix)) || !strings.HasSuffix(lower, strings.ToLower(o.suffix)) {
		return false
	}
	return !slices.ContainsFunc(o.never, func(n string) bool { return strings.EqualFold(n, s) }) &&
		!slices.ContainsFunc(o.neverStarts, func(n string) bool { return strings.HasPrefix(lower, strings.ToLower(n)) })
}

// mayStart tells whether the text may begin with this one, and whether it may not.
func (o *opacity) mayStart(s string) (yes, no bool) {
	s, prefix := strings.ToLower(s), strings.ToLower(o.prefix)
	switch {
	case strings.HasPrefix(prefix, s):
		return true, false
	case !strings.HasPrefix(s, prefix):
		return false, true
	}
	never := slices.ContainsFunc(o.neverStarts, func(n string) bool { return strings.HasPrefix(s, strings.ToLower(n)) })
	return !never, true
}

// expression works out one expression.
func (e *evaluator) expression(x expression) set {
	if x.node == nil {
		return open("a faulty expression")
	}
	e.in = x
	return e.eval(x.node)
}

// scalar works out a scalar with expressions in it. The expressions of list belong to it.
func (e *evaluator) scalar(s string, list []expression) set {
	if len(list) == 0 {
		return one(textValue(s))
	}
	if len(list) > maxParts {
		return e.long(list)
	}
	out := one(value{is: text})
	at := 0
	for _, x := range list {
		v := e.expression(x)
		if x.whole {
			return v
		}
		out = e.concat(concatText(out, s[at:x.at-len("${{")]), v)
		at = x.at + closing(s[x.at:]) + len("}}")
	}
	return concatText(out, s[at:])
}

// maxParts is how many expressions of a scalar are put together; a text of more is opaque.
const maxParts = 100

func (e *evaluator) long(list []expression) set {
	out := value{is: opaque, opaque: &opacity{}}
	for _, x := range list {
		v := e.expression(x)
		out.lacks, out.holds = union(out.lacks, v.lacks()), union(out.holds, v.holds())
	}
	return one(out)
}

func concatText(s set, literal string) set {
	if literal == "" {
		return s
	}
	var out set
	for _, v := range s {
		out = out.with(join2(v, textValue(literal)))
	}
	return out
}

func (e *evaluator) concat(l, r set) set {
	var out set
	for _, a := range l {
		for _, b := range r {
			if *e.fuel--; *e.fuel < 0 {
				return open("more than could be worked out")
			}
			out = out.with(join2(a, b))
		}
	}
	return out
}

// join2 puts two texts together.
func join2(a, b value) value {
	x, knowX := a.asText()
	y, knowY := b.asText()
	var out value
	switch {
	case knowX && knowY:
		out = textValue(x + y)
	case knowX && x == "" && b.is == opaque:
		out = b
	case knowY && y == "" && a.is == opaque:
		out = a
	default:
		o := &opacity{prefix: a.begins(), suffix: b.ends()}
		if a.is != opaque && b.is != opaque && o.prefix == "" && o.suffix == "" {
			out = value{is: anything, text: a.text + b.text} // it may be empty
			break
		}
		o.id = joinedID(a, b)
		out = value{is: opaque, opaque: o}
	}
	out.lacks, out.holds = union(a.lacks, b.lacks), union(a.holds, b.holds)
	return out
}

// joinedID names what is put together of texts that are known and ones of which each has an ID.
func joinedID(a, b value) string {
	id := ""
	for _, v := range []value{a, b} {
		t, known := v.asText()
		switch {
		case known:
			id += t
		case v.is == opaque && v.opaque.id != "":
			id += "\x00" + v.opaque.id + "\x00"
		default:
			return ""
		}
	}
	return id
}

func (v value) begins() string {
	if v.is == opaque {
		return v.opaque.prefix
	}
	if v.is == anything {
		return ""
	}
	t, _ := v.asText()
	return t
}

func (v value) ends() string {
	if v.is == opaque {
		return v.opaque.suffix
	}
	if v.is == anything {
		return ""
	}
	t, _ := v.asText()
	return t
}
