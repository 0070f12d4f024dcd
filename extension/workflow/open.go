package workflow

import (
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/gh-hex/gh-hex/extension/source"
	"github.com/gh-hex/gh-hex/extension/vendors"
)

// The checks that need no inventory ask a simulation which names are worked out, and whether a token reaches the steps that
// need one. Most workflows answer that by their text: names are written out, and the step itself is given the secret. What
// such a workflow does on which event plays no part then, and is not followed.

// followed is what the text says of the workflows without an inventory.
func (w *Workflows) followed(least bool) *judgement {
	j := newJudgement(w, nil, Context{})
	j.least = least
	j.simulated().Forget()
	return j
}

// leavesOpen tells a workflow that only a simulation can answer about: it passes values on to others, works names out, or
// has a step that is not given its token as an expression.
func leavesOpen(d *source.Document) bool {
	if givesOpenly(d.AST.Env) || slices.ContainsFunc(d.Reads, func(x *source.Read) bool { return x.Index != nil }) {
		return true
	}
	return slices.ContainsFunc(d.Jobs, func(job *source.Job) bool {
		return job.AST.WorkflowCall != nil || len(job.AST.Outputs) > 0 || givesOpenly(job.AST.Env) ||
			slices.ContainsFunc(job.Steps, func(s *source.Step) bool { return stepLeavesOpen(d, job, s) })
	})
}

func stepLeavesOpen(d *source.Document, job *source.Job, s *source.Step) bool {
	return s.Local != nil || vendors.UsesToolkit(s.AST) || givesOpenly(s.AST.Env) ||
		slices.ContainsFunc(s.Script.Needs, func(n vendors.Need) bool { return !isGiven(n.Name, s.AST.Env, job.AST.Env, d.AST.Env) })
}

// givesOpenly tells variables that are one expression, and a token that is a plain text.
func givesOpenly(e *actionlint.Env) bool {
	if e == nil {
		return false
	}
	for _, v := range e.Vars {
		if vendors.IsSecretName(v.Name.Value) && !strings.Contains(v.Value.Value, "${{") {
			return true
		}
	}
	return e.Expression != nil
}

// isGiven tells whether the innermost environment that has a variable gives it as an expression.
func isGiven(name string, environments ...*actionlint.Env) bool {
	for _, e := range environments {
		if e == nil {
			continue
		}
		if v := e.Vars[strings.ToLower(name)]; v != nil {
			return v.Name.Value == name && strings.Contains(v.Value.Value, "${{")
		}
	}
	return false
}

func talksToHex(d *source.Document) bool {
	return slices.ContainsFunc(d.Jobs, func(job *source.Job) bool {
		return slices.ContainsFunc(job.Steps, func(s *source.Step) bool { return len(s.Script.Needs) > 0 })
	})
}
