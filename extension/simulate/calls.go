package simulate

import (
	"maps"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/gh-hex/gh-hex/extension/abstract"
	"github.com/gh-hex/gh-hex/extension/inventory"
	"github.com/gh-hex/gh-hex/extension/source"
)

// call simulates the workflow that a job calls.
func (i *instance) call(c *actionlint.WorkflowCall) *result {
	passed := map[string]abstract.Set{}
	for _, id := range slices.Sorted(maps.Keys(c.Secrets)) {
		passed[strings.ToUpper(id)] = i.Scalar(c.Secrets[id].Value)
	}
	given := abstract.NewFields("")
	for _, id := range slices.Sorted(maps.Keys(c.Inputs)) {
		given.Put(id, i.Scalar(c.Inputs[id].Value))
	}
	callee := i.sim.W.Callee(i.R.Job)
	known := callee != nil && callee.AST != nil && len(i.R.Called) > 0
	for name, v := range passed {
		if !known || !readsSecret(callee, name) {
			i.flow(v.Lacks(), false)
		}
	}
	for _, name := range given.Names {
		if !known || !callee.Asks(name) {
			i.flow(given.Get(name).Lacks(), false)
		}
	}
	if !known {
		return unknownResult(i.R.Job.ID)
	}
	event, _ := callee.AST.FindWorkflowCallEvent()
	inner := &frame{sim: i.sim, d: callee, S: i.S, runs: i.R.Called, caller: i, passed: passed, alive: i.Live, inputs: abstract.NewFields("")}
	for _, in := range event.Inputs {
		inner.inputs.Put(in.ID, i.inputOf(in, given))
	}
	inner.walk()
	return inner.joined(event)
}

// readsSecret tells whether a called workflow reads a secret that it is passed, or may.
func readsSecret(d *source.Document, name string) bool {
	return slices.ContainsFunc(d.Reads, func(x *source.Read) bool {
		return x.Kind == inventory.Secret && (x.Name == name || x.Index != nil || x.Whole)
	})
}

func (i *instance) inputOf(in *actionlint.WorkflowCallEventInput, given *abstract.Fields) abstract.Set {
	if v, there := given.Of[in.ID]; there {
		return v
	}
	text := "" // which is false as a boolean, and 0 as a number
	if in.Default != nil {
		text = in.Default.Value
	}
	switch {
	case strings.Contains(text, "${{"):
		return abstract.Open("inputs." + in.ID)
	case in.Type == actionlint.WorkflowCallEventInputTypeBoolean:
		return abstract.Certain(text == "true").Truths()
	case in.Type == actionlint.WorkflowCallEventInputTypeNumber:
		return abstract.One(abstract.NumberValue(abstract.ParseNumber(text)))
	}
	return abstract.Texts(text)
}

// joined is what became of all the jobs of a called workflow.
func (f *frame) joined(event *actionlint.WorkflowCallEvent) *result {
	out := &result{failed: abstract.Certain(false), outputs: abstract.NewFields("")}
	for _, r := range f.runs {
		out.failed = out.failed.Or(f.results[strings.ToLower(r.Job.ID)].failed)
	}
	out.fine = out.failed.Not()
	out.result = abstract.Texts("success")
	if out.failed.Yes {
		out.result = abstract.Texts("success", "failure", "cancelled")
	}
	jobs := abstract.NewFields("")
	for _, r := range f.runs {
		jobs.Put(r.Job.ID, abstract.ObjectOf(abstract.NewFields("").Put("outputs", abstract.ObjectOf(f.results[strings.ToLower(r.Job.ID)].outputs))))
	}
	f.jobs = jobs
	i := &instance{frame: f, R: f.runs[0], fine: abstract.Either(), failed: abstract.Either(), needs: abstract.NewFields(""), steps: abstract.NewFields(""), in: abstract.Texts("")}
	for _, id := range slices.Sorted(maps.Keys(event.Outputs)) {
		out.outputs.Put(id, abstract.Mapped(i.Scalar(event.Outputs[id].Value), abstract.AsTextValue))
	}
	return out
}
