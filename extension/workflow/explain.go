package workflow

import "github.com/gh-hex/gh-hex/extension/abstract"

import (
	"fmt"
	"slices"
	"strings"
)

// Row is one step of a run, or one job without any, and what it gets.
type Row struct {
	Scenario string // "a push to main"; several that nothing distinguishes are joined
	Job      string
	Step     string
	Runs     string // yes, no or maybe
	Gets     string // "HEX_API_TOKEN: the secret HEX_API_TOKEN"
}

// Explain lists what the jobs of one workflow get, for each way in which its events start it. path is that of a file
// among those that were read; ok is false for any other.
func Explain(w *Workflows, inv Inventory, c Context, path string) (rows []Row, ok bool) {
	at := slices.IndexFunc(w.docs, func(d *document) bool { return d.path == path })
	if at < 0 {
		return nil, false
	}
	j := newJudgement(w, inv, c)
	j.simulate("", func(f stepFact) {
		if f.i.root() == w.docs[at] && len(rows) < maxRows {
			rows = append(rows, f.row())
		}
	})
	return joined(rows), true
}

// maxRows bounds what is explained.
const maxRows = 5000

// root is the workflow whose events started the run.
func (f *frame) root() *document {
	for f.caller != nil {
		f = f.caller.frame
	}
	return f.d
}

func (f stepFact) row() Row {
	out := Row{Scenario: f.i.s.what, Job: f.i.label(), Step: f.s.label, Runs: "no"}
	switch {
	case f.i.live && f.asked.No:
		out.Runs = "maybe"
	case f.i.live:
		out.Runs = "yes"
	}
	var gets []string
	for e := f.env; e != nil; e = e.job {
		for _, v := range e.list {
			if f.env.find(v.name) == v && (isSecretName(v.name) || isVariableName(v.name) || len(v.value.Holds())+len(v.value.Lacks()) > 0) {
				gets = append(gets, v.name+": "+tells(v.value))
			}
		}
	}
	slices.Sort(gets)
	out.Gets = strings.Join(gets, "; ")
	return out
}

// label names the job with the row of its matrix and its environment.
func (i *instance) label() string {
	parts := []string{i.r.label()}
	if i.matrix != nil {
		for _, name := range i.matrix.Names {
			if known := i.matrix.Get(name).Known(); len(known) == 1 && known[0] != "Object" && known[0] != "Array" {
				parts = append(parts, name+" "+known[0])
			}
		}
	}
	if known := i.in.Known(); len(known) > 0 && known[0] != "" {
		parts = append(parts, "in "+strings.Join(known, " or "))
	} else if i.in.Undecided() != "" {
		parts = append(parts, "in an environment that "+i.in.Undecided()+" decides")
	}
	return strings.Join(parts, ", ")
}

// tells says what a value is.
func tells(s abstract.Set) string {
	var out []string
	add := func(text string) {
		if !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	for _, v := range s {
		t, known := v.AsText()
		switch {
		case len(v.Lacks) > 0 && v.Lacks[0].(*lack).name == "":
			add("empty, since the name of the secret is")
		case len(v.Lacks) > 0:
			add(fmt.Sprintf("empty, since %s %s is", v.Lacks[0].(*lack).x.kind.word(), v.Lacks[0].(*lack).name))
		case len(v.Holds) > 0:
			add("secret " + strings.Join(v.Holds, ", "))
		case v.Drops != nil:
			add("empty, since the runner leaves out outputs with secrets")
		case known && t == "":
			add("empty")
		case known:
			add(fmt.Sprintf("%q", t))
		default:
			add("decided by " + abstract.Set{v}.Undecided())
		}
	}
	return strings.Join(out, " or ")
}

// joined leaves one of scenarios in which everything is the same.
func joined(rows []Row) []Row {
	var order []string
	byScenario := map[string][]Row{}
	for _, r := range rows {
		if byScenario[r.Scenario] == nil {
			order = append(order, r.Scenario)
		}
		byScenario[r.Scenario] = append(byScenario[r.Scenario], r)
	}
	same := func(a, b Row) bool { return a.Job == b.Job && a.Step == b.Step && a.Runs == b.Runs && a.Gets == b.Gets }
	var out []Row
	for n, name := range order {
		list := byScenario[name]
		if list == nil {
			continue
		}
		names := []string{name}
		for _, other := range order[n+1:] {
			if slices.EqualFunc(list, byScenario[other], same) {
				names = append(names, other)
				byScenario[other] = nil
			}
		}
		for _, r := range list {
			r.Scenario = strings.Join(names, "; ")
			out = append(out, r)
		}
	}
	return out
}
