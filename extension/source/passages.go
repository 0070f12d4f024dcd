package source

import (
	"sort"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/gh-hex/gh-hex/extension/vendors"
)

// Passage is a scalar that may name Hex's hosts and paths: a script, or the value of a variable or input.
type Passage struct {
	Name   string // of the variable or input; "" for a script
	Value  *actionlint.String
	Job    *Job
	Step   *Step // of a script
	Script bool
}

// Texts returns the passages of a file, in order of place.
func (d *Document) Texts() []Passage {
	if d.AST == nil {
		return nil
	}
	var out []Passage
	add := func(e *actionlint.Env, j *Job) {
		if e != nil {
			for _, x := range e.Vars {
				out = append(out, Passage{Name: x.Name.Value, Value: x.Value, Job: j})
			}
		}
	}
	add(d.AST.Env, nil)
	for _, j := range d.Jobs {
		add(j.AST.Env, j)
		if call := j.AST.WorkflowCall; call != nil {
			for _, in := range call.Inputs {
				out = append(out, Passage{Name: in.Name.Value, Value: in.Value, Job: j})
			}
		}
		for _, s := range j.Steps {
			Each(s.AST, func(name string, value *actionlint.String) {
				out = append(out, Passage{Name: name, Value: value, Job: j})
			})
			if e, ok := s.AST.Exec.(*actionlint.ExecRun); ok {
				out = append(out, Passage{Value: e.Run, Job: j, Step: s, Script: true})
			}
		}
	}
	sort.SliceStable(out, func(a, b int) bool { return out[a].Value.Pos.IsBefore(out[b].Value.Pos) })
	return out
}

// Text is a passage with its comments blanked.
func (p Passage) Text() string {
	if p.Script {
		return vendors.WithoutComments(p.Value.Value)
	}
	return p.Value.Value
}

func (p Passage) JobID() string {
	if p.Job == nil {
		return ""
	}
	return p.Job.ID
}

// PlacesOf maps offsets of a passage to places.
func (d *Document) PlacesOf(p Passage, offsets []int) []Place {
	out := d.Src.Places(p.Value, offsets)
	for i := range out {
		out[i].File = d.Path
	}
	return out
}

// IsHexToken tells whether a variable with the name of a token is Hex's rather than hex.pm's.
func (p Passage) IsHexToken(d *Document) bool {
	m := d.Marks
	if p.Job != nil {
		m = p.Job.marks
	}
	return m.Has(vendors.Hex) || !m.Has(vendors.Packages) && !vendors.IsContested(p.Name)
}

// TalksToHex tells whether the path in a passage is Hex's.
func (p Passage) TalksToHex() bool {
	if len(vendors.ApiHosts(p.Value.Value)) > 0 {
		return true
	}
	return p.Job != nil && p.Job.Hex && (strings.Contains(p.Value.Value, "HEX") || p.Job.marks.Has(vendors.Hex))
}
