package simulate

import (
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/gh-hex/gh-hex/extension/abstract"
	"github.com/gh-hex/gh-hex/extension/inventory"
	"github.com/gh-hex/gh-hex/extension/source"
)

// status answers for success(), failure(), cancelled() and always().
func (i *instance) status(name string) abstract.Set {
	switch name {
	case "success":
		return i.fine.Truths()
	case "failure":
		return i.failed.Truths()
	case "cancelled":
		return abstract.Either().Truths()
	}
	return abstract.Certain(true).Truths()
}

// condition works out an `if`. Without a function of status in it, it holds only while all went well.
func (i *instance) condition(s *actionlint.String) abstract.Outcome {
	i.asked = abstract.Certain(true)
	if s == nil || strings.TrimSpace(s.Value) == "" {
		return i.fine
	}
	list := i.expressions(s, true)
	v := i.evaluated(s, list)
	out := v.Truth()
	if slices.Contains(v.Known(), "false") && out.Yes && !slices.ContainsFunc(v, func(x abstract.Value) bool { return x.Is == abstract.Boolean }) {
		i.sim.Hollow[s] = true
	}
	if len(v) == 0 {
		out = abstract.Certain(false)
	}
	i.asked = out
	if !slices.ContainsFunc(list, func(e abstract.Expression) bool { return e.Node != nil && asksStatus(e.Node) }) {
		out = out.And(i.fine)
	}
	return out
}

func asksStatus(node actionlint.ExprNode) bool {
	found := false
	actionlint.VisitExprNode(node, func(n, _ actionlint.ExprNode, entering bool) {
		if c, ok := n.(*actionlint.FuncCallNode); ok && entering {
			switch strings.ToLower(c.Callee) {
			case "success", "failure", "cancelled", "always":
				found = true
			}
		}
	})
	return found
}

func (i *instance) expressions(s *actionlint.String, condition bool) []abstract.Expression {
	list, parsed := i.sim.parsed[s]
	if !parsed {
		list = abstract.Expressions(s.Value, condition, &i.sim.W.Expressions)
		i.sim.parsed[s] = list
	}
	return list
}

// Scalar works out a text with expressions in it.
func (i *instance) Scalar(s *actionlint.String) abstract.Set {
	if !strings.Contains(s.Value, "${{") {
		return abstract.One(abstract.TextValue(s.Value))
	}
	return i.evaluated(s, i.expressions(s, false))
}

func (i *instance) evaluated(s *actionlint.String, list []abstract.Expression) abstract.Set {
	e := i.evaluator(s)
	return e.Settled(e.Scalar(s.Value, list))
}

// evaluator works out the expressions of a scalar.
func (i *instance) evaluator(s *actionlint.String) *abstract.Evaluator {
	e := &abstract.Evaluator{Context: i.context, Status: i.status, Fuel: &i.sim.fuel}
	d := i.Doc()
	e.Read = func(of, name string, offset int) abstract.Set {
		return i.read(d.ReadAt(s, offset), inventory.Kind(of), name)
	}
	e.Index = func(_ string, names abstract.Set, offset int) {
		if x := d.ReadAt(s, offset); x != nil && names.Undecided() != "" && i.sim.Undecided[x] == "" {
			i.sim.Undecided[x] = names.Undecided()
		}
	}
	return e
}

// context answers for a context as a whole.
func (i *instance) context(name string) abstract.Set {
	switch name {
	case "github":
		return abstract.ObjectOf(i.S.github)
	case "inputs":
		if i.given != nil {
			return abstract.ObjectOf(i.given)
		}
		return abstract.ObjectOf(i.frame.inputs)
	case "needs":
		return abstract.ObjectOf(i.needs)
	case "steps":
		return abstract.ObjectOf(i.steps)
	case "jobs":
		if i.jobs != nil {
			return abstract.ObjectOf(i.jobs)
		}
	case "matrix":
		if i.matrix != nil {
			return abstract.ObjectOf(i.matrix)
		}
		return abstract.One(abstract.Value{})
	case "env":
		if i.env != nil {
			return abstract.ObjectOf(i.env.context(i.changed))
		}
	}
	return abstract.Open(name)
}

// read is the value of a secret or variable.
func (i *instance) read(x *source.Read, of inventory.Kind, name string) abstract.Set {
	if of == inventory.Secret {
		return i.secret(x, name)
	}
	return i.stored(x, of, name)
}

// secret follows a secret through the callers (R9).
func (i *instance) secret(x *source.Read, name string) abstract.Set {
	if source.BuiltIn(name) {
		return abstract.Hidden(abstract.Opacity{Id: "secrets." + name})
	}
	if i.Action != nil {
		return abstract.Open("secrets")
	}
	for f := i.frame; f.caller != nil; f = f.caller.frame {
		if f.caller.R.Job.AST.WorkflowCall.InheritSecrets {
			continue
		}
		if v, passed := f.passed[name]; passed {
			return v
		}
		return i.unpassed(x, name, f.caller.R)
	}
	return i.stored(x, inventory.Secret, name)
}
