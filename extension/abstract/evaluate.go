package abstract

import (
	"math"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"
)

// evaluator works out what an expression may be, by GitHub's own rules. It is sound: what GitHub makes of the expression
// is among the values, however what is open turns out.
type Evaluator struct {
	// context answers for a context by its name in lower case.
	Context func(name string) Set
	// read answers for a secret or variable; offset is where it is read in the scalar.
	Read func(of, name string, offset int) Set
	// index is told the names that secrets[…] may mean.
	Index func(of string, names Set, offset int)
	// status answers for success(), failure(), cancelled() and always().
	Status func(name string) Set
	// in is the expression that is worked out.
	in Expression
	// fuel bounds the work of a whole simulation.
	Fuel *int

	// fails tells that evaluating may fail, and lost what was empty in what it failed on.
	Fails bool
	Lost  []any
}

// eval works out a node. Nothing is left of what fails.
func (e *Evaluator) eval(node actionlint.ExprNode) Set {
	if *e.Fuel--; *e.Fuel < 0 {
		return Open("more than could be worked out")
	}
	switch n := node.(type) {
	case *actionlint.StringNode:
		return One(TextValue(n.Value))
	case *actionlint.BoolNode:
		return One(BoolValue(n.Value))
	case *actionlint.NullNode:
		return One(Value{})
	case *actionlint.IntNode:
		return One(e.literal(n, float64(n.Value)))
	case *actionlint.FloatNode:
		return One(e.literal(n, n.Value))
	case *actionlint.NotOpNode:
		return e.eval(n.Operand).Truth().Not().Truths()
	case *actionlint.CompareOpNode:
		return e.compare(n)
	case *actionlint.LogicalOpNode:
		return e.logical(n)
	case *actionlint.FuncCallNode:
		return e.call(n)
	case *actionlint.VariableNode:
		return e.variable(n)
	case *actionlint.ObjectDerefNode:
		if v, isVariable := n.Receiver.(*actionlint.VariableNode); isVariable && isStore(v.Name) {
			return e.Read(v.Name, strings.ToUpper(n.Property), e.in.At+v.Token().Offset)
		}
		return e.member(n, n.Receiver, One(TextValue(n.Property)))
	case *actionlint.IndexAccessNode:
		return e.member(n, n.Operand, e.eval(n.Index))
	case *actionlint.ArrayDerefNode:
		return e.filter(n.Receiver)
	}
	return Open("an expression")
}

// literal is a number; one in a form that the parser does not know stands beside the tree.
func (e *Evaluator) literal(n actionlint.ExprNode, parsed float64) Value {
	if f, odd := e.in.numbers[n.Token().Offset]; odd {
		return NumberValue(f)
	}
	return NumberValue(parsed)
}

// variable is a context as a whole.
func (e *Evaluator) variable(n *actionlint.VariableNode) Set {
	switch n.Name {
	case "secrets", "vars":
		return Open("all of " + n.Name)
	case "infinity":
		return One(NumberValue(math.Inf(1)))
	case "nan":
		return One(NumberValue(math.NaN()))
	}
	return e.Context(n.Name)
}

// member is receiver.name and receiver[name].
func (e *Evaluator) member(node, receiver actionlint.ExprNode, names Set) Set {
	v, isVariable := receiver.(*actionlint.VariableNode)
	if isVariable && isStore(v.Name) {
		return e.named(node, v, names)
	}
	var out Set
	for _, of := range e.eval(receiver) {
		for _, name := range names {
			if *e.Fuel--; *e.Fuel < 0 {
				return Open("more than could be worked out")
			}
			out = out.And(carry(of.Member(name), of.Lacks, nil))
		}
	}
	return out
}

// isStore tells the contexts whose members are kept by GitHub.
func isStore(context string) bool { return context == "secrets" || context == "vars" }

// named reads secrets and variables by names that may have to be worked out.
func (e *Evaluator) named(node actionlint.ExprNode, v *actionlint.VariableNode, names Set) Set {
	of := v.Name
	if _, indexed := node.(*actionlint.IndexAccessNode); indexed && e.Index != nil {
		e.Index(of, names, e.in.At+v.Token().Offset)
	}
	var out Set
	for _, name := range names {
		if s, known := name.AsText(); known && name.primitive() {
			out = out.And(e.Read(of, strings.ToUpper(s), e.in.At+v.Token().Offset))
		} else {
			out = out.And(Open(of + "[…]"))
		}
	}
	return out
}

// carry hands on what was empty, or what is hidden, in what a set was made of.
func carry(s Set, lacks []any, holds []string) Set {
	if len(lacks) == 0 && len(holds) == 0 {
		return s
	}
	var out Set
	for _, v := range s {
		v.Lacks, v.Holds = Union(v.Lacks, lacks), Union(v.Holds, holds)
		out = append(out, v)
	}
	return out
}

// member looks a name up in a value: null in everything that has no members.
func (v Value) Member(name Value) Set {
	switch {
	case v.Is == Anything && v.Limit < 0:
		return One(Value{})
	case v.Is == Anything:
		key, _ := name.AsText()
		return carry(Open(strings.TrimSuffix(v.Text+"."+strings.ToLower(key), ".")), nil, v.Holds)
	case v.Is == List && v.filtered:
		return v.filteredMember(name)
	case v.Is == List:
		return v.item(name)
	case v.Is == Object:
		return v.field(name)
	}
	return One(Value{})
}

func (v Value) field(name Value) Set {
	if key, known := name.AsText(); known {
		if !name.primitive() {
			return One(Value{})
		}
		return v.Fields.Get(key)
	}
	out := One(Value{}) // a name that is not known may be any of them, or none
	all := v.Fields.whole()
	for _, n := range all.Names {
		if meet(TextValue(n), name).Yes {
			out = out.And(all.Get(n))
		}
	}
	if v.Fields.Open != "" {
		out = out.With(Value{Is: Anything, Text: v.Fields.Open})
	}
	return out
}

func (v Value) item(name Value) Set {
	if name.open() {
		out := One(Value{})
		for _, item := range v.Items {
			out = out.And(item)
		}
		return out
	}
	n := name.asNumber()
	if math.IsNaN(n) || n < 0 || math.Floor(n) >= float64(len(v.Items)) {
		return One(Value{})
	}
	return v.Items[int(math.Floor(n))]
}

// filteredMember looks a name up in the members of a list that `.*` made; those that lack it are left out.
func (v Value) filteredMember(name Value) Set {
	out := Value{Is: List, filtered: true}
	for _, item := range v.Items {
		if len(item) != 1 || item[0].Is == Anything {
			return Open("a list that is not known")
		}
		switch of := item[0]; of.Is {
		case Object:
			key, known := name.AsText()
			if !known || of.Fields.Open != "" {
				return Open("a list that is not known")
			}
			if m, there := of.Fields.Of[strings.ToLower(key)]; there && name.primitive() {
				out.Items = append(out.Items, m)
			}
		case List:
			if n := name.asNumber(); !math.IsNaN(n) && n >= 0 && int(n) < len(of.Items) {
				out.Items = append(out.Items, of.Items[int(n)])
			}
		}
	}
	return One(out)
}

// filter is receiver.*: the members of a list or object, as a list.
func (e *Evaluator) filter(receiver actionlint.ExprNode) Set {
	var out Set
	for _, v := range e.eval(receiver) {
		out = out.And(carry(v.members(), v.Lacks, v.Holds))
	}
	return out
}

func (v Value) members() Set {
	w := Value{Is: List, filtered: true}
	switch {
	case v.Is == Anything && v.Limit >= 0:
		return Open(v.Text)
	case v.Is == Object && v.Fields.Open != "":
		return Open(v.Fields.Open)
	case v.Is == Object:
		all := v.Fields.whole()
		for _, name := range all.Names {
			w.Items = append(w.Items, all.Get(name))
		}
	case v.Is == List && !v.filtered:
		w.Items = v.Items
	case v.Is == List:
		for _, item := range v.Items {
			if len(item) != 1 {
				return Open("a list that is not known")
			}
			inner := item[0].members()
			if len(inner) != 1 || inner[0].Is != List {
				return Open("a list that is not known")
			}
			w.Items = append(w.Items, inner[0].Items...)
		}
	}
	return One(w)
}

// logical returns operands, as GitHub does. What the left side of && is empty of was looked at: it goes no further.
func (e *Evaluator) logical(n *actionlint.LogicalOpNode) Set {
	yes, no := e.eval(n.Left).split()
	if n.Kind == actionlint.LogicalOpNodeKindAnd {
		if len(yes) == 0 {
			return WithoutLacks(no)
		}
		return WithoutLacks(no).And(e.eval(n.Right))
	}
	if len(no) == 0 {
		return yes
	}
	return yes.And(e.eval(n.Right))
}

func WithoutLacks(s Set) Set {
	out := slices.Clone(s)
	for i := range out {
		out[i].Lacks = nil
	}
	return out
}

func (e *Evaluator) compare(n *actionlint.CompareOpNode) Set {
	l, r := e.eval(n.Left), e.eval(n.Right)
	var out Outcome
	for _, a := range l {
		for _, b := range r {
			*e.Fuel--
			out = out.Join(compareValues(n.Kind, a, b))
		}
	}
	return out.Truths()
}

// compareValues tells whether a comparison may hold and whether it may fail.
func compareValues(kind actionlint.CompareOpNodeKind, a, b Value) Outcome {
	equal := meet(a, b)
	switch {
	case kind == actionlint.CompareOpNodeKindEq:
		return equal
	case kind == actionlint.CompareOpNodeKindNotEq:
		return equal.Not()
	case a.open() || b.open():
		return Either()
	}
	less, more := order(a, b)
	switch kind {
	case actionlint.CompareOpNodeKindLess:
		return Certain(less)
	case actionlint.CompareOpNodeKindLessEq:
		return Certain(less || equal.Yes)
	case actionlint.CompareOpNodeKindGreater:
		return Certain(more)
	}
	return Certain(more || equal.Yes)
}

// open tells a value that is not known.
func (v Value) open() bool { return v.Is == Anything || v.Is == Opaque }

// order compares values that are known.
func order(a, b Value) (less, more bool) {
	switch {
	case a.Is == Text && b.Is == Text:
		x, y := strings.ToUpper(a.Text), strings.ToUpper(b.Text)
		return x < y, x > y
	case !a.primitive() || !b.primitive():
		return false, false
	}
	x, y := a.asNumber(), b.asNumber()
	return x < y, x > y
}

// meet tells whether two values may be equal and whether they may differ.
func meet(a, b Value) Outcome {
	switch {
	case a.Is == Anything || b.Is == Anything:
		return Either()
	case a.Is == Opaque:
		return a.Opaque.meet(b)
	case b.Is == Opaque:
		return b.Opaque.meet(a)
	case !a.primitive() || !b.primitive():
		return Certain(a.Is == b.Is && a.same(b) && (a.Is == Object || len(a.Items) > 0))
	case a.Is == Text && b.Is == Text:
		return Certain(strings.EqualFold(a.Text, b.Text))
	}
	return Certain(a.asNumber() == b.asNumber()) // those of null are equal
}

// meet compares an opaque text with another value.
func (o *Opacity) meet(v Value) Outcome {
	switch v.Is {
	case Text:
		return Outcome{o.mayBe(v.Text), true}
	case Opaque:
		p := v.Opaque
		switch {
		case o == p || o.Id != "" && o.Id == p.Id:
			return Certain(true)
		case slices.Contains(o.Never, p.Id) && p.Id != "", slices.Contains(p.Never, o.Id) && o.Id != "",
			!compatible(o.Prefix, p.Prefix, strings.HasPrefix), !compatible(o.Suffix, p.Suffix, strings.HasSuffix):
			return Certain(false)
		}
		return Either()
	case List, Object:
		return Certain(false)
	}
	return Outcome{o.Prefix == "" && !o.apart, true} // a number, where it could be one
}

func compatible(a, b string, has func(s, part string) bool) bool {
	a, b = strings.ToLower(a), strings.ToLower(b)
	return has(a, b) || has(b, a)
}

// mayBe tells whether the text may be this one.
func (o *Opacity) mayBe(s string) bool {
	if s == "" || o.apart || o.lacks(s) || len(s) < len(o.Prefix)+len(o.Suffix) {
		return false
	}
	lower := strings.ToLower(s)
	if !strings.HasPrefix(lower, strings.ToLower(o.Prefix)) || !strings.HasSuffix(lower, strings.ToLower(o.Suffix)) {
		return false
	}
	return !slices.ContainsFunc(o.Never, func(n string) bool { return strings.EqualFold(n, s) }) && !o.neverStarts(lower)
}

// lacks tells whether a text stands nowhere in it.
func (o *Opacity) lacks(s string) bool { return o.Without != "" && strings.Contains(s, o.Without) }

// mayStart tells whether the text may begin with this one, and whether it may not.
func (o *Opacity) mayStart(s string) Outcome {
	s, prefix := strings.ToLower(s), strings.ToLower(o.Prefix)
	switch {
	case strings.HasPrefix(prefix, s):
		return Certain(true)
	case !strings.HasPrefix(s, prefix), o.lacks(s), o.neverStarts(s):
		return Certain(false)
	}
	return Either()
}

// neverStarts tells whether a text in lower case begins as it never does.
func (o *Opacity) neverStarts(s string) bool {
	return slices.ContainsFunc(o.NeverStarts, func(n string) bool { return strings.HasPrefix(s, strings.ToLower(n)) })
}

// mayEnd tells whether the text may end with this one, and whether it may not.
func (o *Opacity) mayEnd(s string) Outcome {
	s, suffix := strings.ToUpper(s), strings.ToUpper(o.Suffix)
	certain := strings.HasSuffix(suffix, s)
	return Outcome{certain || strings.HasSuffix(s, suffix), !certain}
}

// expression works out one expression.
func (e *Evaluator) Expression(x Expression) Set {
	if x.Node == nil {
		return Open("a faulty expression")
	}
	e.in = x
	return e.eval(x.Node)
}

// scalar works out a scalar with expressions in it. The expressions of list belong to it.
func (e *Evaluator) Scalar(s string, list []Expression) Set {
	if len(list) == 0 {
		return One(TextValue(s))
	}
	if len(list) > maxParts {
		return e.long(list)
	}
	out := One(Value{Is: Text})
	at := 0
	for _, x := range list {
		v := e.Expression(x)
		if x.whole {
			return v
		}
		out = e.concat(concatText(out, s[at:x.At-len("${{")]), v)
		end := closing(s[x.At:])
		if end < 0 { // faulty, and the last one
			return out
		}
		at = x.At + end + len("}}")
	}
	return concatText(out, s[at:])
}

// maxParts is how many expressions of a scalar are put together; a text of more is opaque.
const maxParts = 100

func (e *Evaluator) long(list []Expression) Set {
	out := Value{Is: Opaque, Opaque: &Opacity{}}
	for _, x := range list {
		out = out.markedBy(e.Expression(x))
	}
	return One(out)
}

func concatText(s Set, literal string) Set {
	if literal == "" {
		return s
	}
	var out Set
	for _, v := range s {
		out = out.With(Join2(v, TextValue(literal)))
	}
	return out
}

func (e *Evaluator) concat(l, r Set) Set {
	var out Set
	for _, a := range l {
		for _, b := range r {
			if *e.Fuel--; *e.Fuel < 0 {
				return Open("more than could be worked out")
			}
			if out = out.add(Join2(a, b)); out.crowded() {
				return One(out[0].markedBy(l, r))
			}
		}
	}
	return out
}

// Join2 puts two texts together.
func Join2(a, b Value) Value {
	x, knowX := a.AsText()
	y, knowY := b.AsText()
	var out Value
	switch {
	case knowX && knowY:
		out = TextValue(x + y)
	case knowX && x == "" && b.Is == Opaque:
		out = b
	case knowY && y == "" && a.Is == Opaque:
		out = a
	default:
		o := &Opacity{Prefix: a.begins(), Suffix: b.ends()}
		if a.Is != Opaque && b.Is != Opaque && o.Prefix == "" && o.Suffix == "" {
			out = Value{Is: Anything, Text: a.Text + b.Text} // it may be empty
			break
		}
		o.Id = joinedID(a, b)
		out = Value{Is: Opaque, Opaque: o}
	}
	out.Lacks, out.Holds = Union(a.Lacks, b.Lacks), Union(a.Holds, b.Holds)
	return out
}

// joinedID names what is put together of texts that are known and ones of which each has an ID.
func joinedID(a, b Value) string {
	id := ""
	for _, v := range []Value{a, b} {
		t, known := v.AsText()
		switch {
		case known:
			id += t
		case v.Is == Opaque && v.Opaque.Id != "":
			id += "\x00" + v.Opaque.Id + "\x00"
		default:
			return ""
		}
	}
	return id
}

// begins is what a value as a text begins with, as far as it is known, and ends what it ends with.
func (v Value) begins() string {
	if v.Is == Opaque {
		return v.Opaque.Prefix
	}
	t, _ := v.AsText()
	return t
}

func (v Value) ends() string {
	if v.Is == Opaque {
		return v.Opaque.Suffix
	}
	t, _ := v.AsText()
	return t
}

// Settled is a value in the light of what failed.
func (e *Evaluator) Settled(v Set) Set {
	if !e.Fails || len(e.Lost) == 0 && len(v) > 0 {
		return v
	}
	if len(v) == 0 {
		return One(Value{Is: Anything, Text: "an expression that fails", Lacks: e.Lost})
	}
	return carry(v, e.Lost, nil)
}
