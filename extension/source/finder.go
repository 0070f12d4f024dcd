package source

import (
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/gh-hex/gh-hex/extension/inventory"
)

// Alternatives are the operands of `A || B`: one that is there is enough.
type Alternatives struct{ reads []*Read }

// finder collects the reads of secrets and vars of an expression.
type finder struct {
	found    func(r Read, offset int)
	group    *Alternatives
	compared bool // in an operand of a comparison
	json     bool // in what fromJSON takes apart
}

// walk visits a node.
func (f finder) walk(node actionlint.ExprNode) {
	switch n := node.(type) {
	case *actionlint.VariableNode:
		if n.Name == "secrets" { // toJSON(secrets), secrets.*
			f.report(Read{Kind: inventory.Secret, Whole: true}, n.Token().Offset)
		}
	case *actionlint.ObjectDerefNode:
		if v, ok := n.Receiver.(*actionlint.VariableNode); ok {
			f.name(v, n.Property)
			return
		}
		f.walk(n.Receiver)
	case *actionlint.ArrayDerefNode:
		f.walk(n.Receiver)
	case *actionlint.IndexAccessNode:
		f.index(n)
	case *actionlint.NotOpNode:
		f.comparing().walk(n.Operand)
	case *actionlint.CompareOpNode:
		f.comparing().walk(n.Left)
		f.comparing().walk(n.Right)
	case *actionlint.LogicalOpNode:
		f.logical(n)
	case *actionlint.FuncCallNode:
		f.group, f.json = nil, f.json || strings.EqualFold(n.Callee, "fromJSON")
		for _, arg := range n.Args {
			f.walk(arg)
		}
	}
}

func (f finder) alone() finder {
	f.group = nil
	return f
}

// comparing is a finder for operands of a comparison.
func (f finder) comparing() finder {
	f.group, f.compared = nil, true
	return f
}

// report hands on a read.
func (f finder) report(r Read, offset int) {
	r.Compared, r.JSON = f.compared, f.json
	f.found(r, offset)
}

func (f finder) name(v *actionlint.VariableNode, name string) {
	if v.Name == "secrets" || v.Name == "vars" {
		f.report(Read{Kind: inventory.Kind(v.Name), Name: strings.ToUpper(name), Group: f.group}, v.Token().Offset)
	}
}

func (f finder) index(n *actionlint.IndexAccessNode) {
	v, isVariable := n.Operand.(*actionlint.VariableNode)
	if !isVariable {
		f.walk(n.Operand)
		f.alone().walk(n.Index)
		return
	}
	if s, literal := n.Index.(*actionlint.StringNode); literal {
		f.name(v, s.Value)
		return
	}
	f.alone().walk(n.Index)
	if v.Name == "secrets" || v.Name == "vars" {
		f.report(Read{Kind: inventory.Kind(v.Name), Index: n.Index, Group: f.group}, v.Token().Offset)
	}
}

// logical visits A && B && last, whose conditions are compared, and A || B, of which one that is there is enough.
func (f finder) logical(n *actionlint.LogicalOpNode) {
	operands := operandsOf(n, n.Kind, nil)
	last := len(operands) - 1
	if n.Kind == actionlint.LogicalOpNodeKindAnd {
		for _, c := range operands[:last] {
			f.comparing().walk(c)
		}
		f.walk(operands[last])
		return
	}
	if f.group == nil && allDirect(operands) {
		f.group = &Alternatives{}
	}
	for _, o := range operands {
		f.walk(o)
	}
}

// operandsOf adds the operands of a chain of one operator, however it is nested.
func operandsOf(node actionlint.ExprNode, kind actionlint.LogicalOpNodeKind, out []actionlint.ExprNode) []actionlint.ExprNode {
	for {
		n, ok := node.(*actionlint.LogicalOpNode)
		if !ok || n.Kind != kind {
			return append(out, node)
		}
		out = operandsOf(n.Left, kind, out)
		node = n.Right
	}
}

func allDirect(operands []actionlint.ExprNode) bool {
	return !slices.ContainsFunc(operands, func(o actionlint.ExprNode) bool { return !direct(o) })
}

// direct tells a read of one secret or variable, chosen by a condition or not.
func direct(node actionlint.ExprNode) bool {
	switch n := node.(type) {
	case *actionlint.LogicalOpNode:
		return n.Kind == actionlint.LogicalOpNodeKindAnd && direct(n.Right)
	case *actionlint.ObjectDerefNode:
		v, ok := n.Receiver.(*actionlint.VariableNode)
		return ok && (v.Name == "secrets" || v.Name == "vars")
	case *actionlint.IndexAccessNode:
		v, ok := n.Operand.(*actionlint.VariableNode)
		return ok && (v.Name == "secrets" || v.Name == "vars")
	}
	return false
}
