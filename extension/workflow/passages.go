package workflow

import (
	"sort"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/gh-hex/gh-hex/extension/source"
	"github.com/gh-hex/gh-hex/extension/vendors"
)

// passage is a scalar that may name Hex's hosts and paths: a script, or the value of a variable or input.
type passage struct {
	Name   string // of the variable or input; "" for a script
	Value  *actionlint.String
	Job    *source.Job
	Step   *source.Step // of a script
	Script bool
}

// textsOf returns the passages of a file, in order of place.
func textsOf(d *source.Document) []passage {
	if d.AST == nil {
		return nil
	}
	out := passagesOf(d.AST.Env, nil)
	for _, j := range d.Jobs {
		out = append(out, passagesOf(j.AST.Env, j)...)
		if call := j.AST.WorkflowCall; call != nil {
			for _, in := range call.Inputs {
				out = append(out, passage{Name: in.Name.Value, Value: in.Value, Job: j})
			}
		}
		for _, s := range j.Steps {
			out = append(out, passagesIn(s, j)...)
		}
	}
	sort.SliceStable(out, func(a, b int) bool { return out[a].Value.Pos.IsBefore(out[b].Value.Pos) })
	return out
}

// passagesOf are the values of an `env`.
func passagesOf(e *actionlint.Env, j *source.Job) []passage {
	if e == nil {
		return nil
	}
	var out []passage
	for _, x := range e.Vars {
		out = append(out, passage{Name: x.Name.Value, Value: x.Value, Job: j})
	}
	return out
}

// passagesIn are those of a step.
func passagesIn(s *source.Step, j *source.Job) []passage {
	var out []passage
	source.Each(s.AST, func(name string, value *actionlint.String) {
		out = append(out, passage{Name: name, Value: value, Job: j})
	})
	if e, ok := s.AST.Exec.(*actionlint.ExecRun); ok {
		out = append(out, passage{Value: e.Run, Job: j, Step: s, Script: true})
	}
	return out
}

// text is a passage with its comments blanked.
func (p passage) text() string {
	if p.Script {
		return vendors.WithoutComments(p.Value.Value)
	}
	return p.Value.Value
}

func (p passage) jobID() string {
	if p.Job == nil {
		return ""
	}
	return p.Job.ID
}

// places maps matches in a passage to where they begin.
func (p passage) places(d *source.Document, matches [][]int) []source.Place {
	offsets := make([]int, len(matches))
	for i, m := range matches {
		offsets[i] = m[0]
	}
	out := d.Src.Places(p.Value, offsets)
	for i := range out {
		out[i].File = d.Path
	}
	return out
}

// isHexToken tells whether a variable with the name of a token is Hex's rather than hex.pm's.
func (p passage) isHexToken(d *source.Document) bool {
	m := d.Marks
	if p.Job != nil {
		m = p.Job.Marks
	}
	return m.Has(vendors.Hex) || !m.Has(vendors.Packages) && !vendors.IsContested(p.Name)
}

// talksToHex tells whether the path in a passage is Hex's.
func (p passage) talksToHex() bool {
	return len(vendors.ApiHosts(p.Value.Value)) > 0 || p.Job != nil && p.Job.Hex && (strings.Contains(p.Value.Value, "HEX") || p.Job.Marks.Has(vendors.Hex))
}
