package workflow

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gh-hex/gh-hex/extension/abstract"
	"github.com/gh-hex/gh-hex/extension/inventory"
	"github.com/gh-hex/gh-hex/extension/simulate"
	"github.com/gh-hex/gh-hex/extension/source"
	"github.com/gh-hex/gh-hex/extension/vendors"
)

// Row is one step of a run, or one job without any, and what it gets.
type Row struct {
	Scenario string // "a push to main"; several that nothing distinguishes are joined
	Job      string
	Step     string
	Runs     string   // yes, no or maybe
	Gets     []string // "HEX_API_TOKEN: secret HEX_API_TOKEN"
}

// Explain lists what the jobs of one workflow get, for each way in which its events start it. path is that of a file
// among those that were read; ok is false for any other.
func Explain(w *Workflows, inv inventory.Inventory, c Context, path string) (rows []Row, ok bool) {
	at := slices.IndexFunc(w.Docs, func(d *source.Document) bool { return d.Path == path })
	if at < 0 {
		return nil, false
	}
	q := newJudgement(w, inv, c).asks()
	q.Apart = true
	q.Watch = func() simulate.Watch {
		return simulate.Watch{Step: func(f simulate.StepFact) {
			if f.I.Root() == w.Docs[at] && len(rows) < maxRows {
				rows = append(rows, row(f))
			}
		}}
	}
	simulate.Follow(q)
	return joined(rows), true
}

// maxRows bounds what is explained.
const maxRows = 5000

func row(f simulate.StepFact) Row {
	out := Row{Scenario: strings.Join(f.I.S.Names, "; "), Job: f.I.Label(), Step: f.S.Label, Runs: "no"}
	switch {
	case f.I.Live && f.Asked.No:
		out.Runs = "maybe"
	case f.I.Live:
		out.Runs = "yes"
	}
	for e := f.Env; e != nil; e = e.Job {
		for _, v := range e.List {
			if f.Env.Find(v.Name) == v && (vendors.IsSecretName(v.Name) || vendors.IsVariableName(v.Name) || len(v.Value.Holds())+len(v.Value.Lacks()) > 0) {
				out.Gets = append(out.Gets, v.Name+": "+tells(v.Value))
			}
		}
	}
	slices.Sort(out.Gets)
	return out
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
		case len(v.Lacks) > 0 && v.Lacks[0].(*simulate.Lack).Name == "":
			add("empty, since the name of the secret is")
		case len(v.Lacks) > 0:
			add(fmt.Sprintf("empty, since %s %s is", v.Lacks[0].(*simulate.Lack).X.Kind.Word(), v.Lacks[0].(*simulate.Lack).Name))
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
	same := func(a, b Row) bool {
		return a.Job == b.Job && a.Step == b.Step && a.Runs == b.Runs && slices.Equal(a.Gets, b.Gets)
	}
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
