// Package simulate follows the runs that workflows start, and says who gets what in them.
//
// One model stands behind every verdict about who gets what: a run, followed in the manner of abstract interpretation.
//
// A value is known (a few texts, numbers, lists, objects), opaque (a text that is not empty and otherwise not known: the
// value of a secret, the name of some branch), or anything (decided at run time, with the name of what decides it); an
// expression has a set of them. A value that came out empty because a secret or variable is missing carries that lack
// with it, until a condition looks at it or something needs it. The rules of truth, comparison and coercion are GitHub's,
// and what is worked out is sound: what GitHub makes of an expression is always among it.
//
// A scenario is one way in which the events start a workflow: a push to each branch that matters and to another one, a
// pull request of this repository, of a fork, of Dependabot, a schedule, a manual run for each choice. It fixes the
// contexts github and inputs, and whose secrets are read. Scenarios that nothing in a workflow tells apart are one.
//
// For each scenario and each row of a matrix the jobs are followed in the order of `needs` and their steps in theirs:
// conditions with the implicit success(), environments, env, outputs and results, called workflows with what they are
// passed, composite actions, and shell scripts with the control flow that their variables decide. Where a lack reaches
// a step that runs and needs it, that is a finding; a lack that nothing needs is a note.
//
// All of it is bounded: sets, texts, scenarios, rows, and the work for one workflow and for all.
package simulate

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/gh-hex/gh-hex/extension/abstract"
	"github.com/gh-hex/gh-hex/extension/source"
)

// Course is how a job goes, in all the scenarios that it cannot tell apart.
type Course struct {
	Scenarios []*Scenario
	out       *result
}

// On reports whether an event starts the job so.
func (c *Course) On(event string) bool {
	return slices.ContainsFunc(c.Scenarios, func(s *Scenario) bool { return slices.Contains(s.Events, event) })
}

// courseKey is everything by which the ways differ that a job goes.
type courseKey struct {
	r                 *source.Run
	ran, fine, failed abstract.Outcome
	looks             string    // at the scenario
	needs             string    // the jobs that it needs, where it looks at them
	alone             *Scenario // of a job that may look at more than can be told
}

// ReadKey is a read as one run comes to it.
type ReadKey struct {
	X *source.Read
	R *source.Run
}

// InEnvironment is a job in the environments that it may run in.
type InEnvironment struct {
	R     *source.Run
	In    *Course
	Names abstract.Set
	Live  bool
}

// frame is a workflow as it is run once.
type frame struct {
	sim     *Simulation
	d       *source.Document
	S       *Scenario
	runs    []*source.Run // of its jobs
	inputs  *abstract.Fields
	caller  *instance
	passed  map[string]abstract.Set // secrets that the caller gives, by name in upper case
	jobs    *abstract.Fields        // its jobs, for its outputs
	results map[string]*result
	byID    map[string]*source.Run
	alive   bool // of a called workflow: its caller may run
}

// result is what became of a job.
type result struct {
	number  int
	fine    abstract.Outcome // it and all that it needs have succeeded
	failed  abstract.Outcome // it, or one that it needs, has failed
	result  abstract.Set
	outputs *abstract.Fields
}

func (f *frame) walk() {
	f.results, f.byID = map[string]*result{}, map[string]*source.Run{}
	for _, r := range f.runs {
		f.byID[strings.ToLower(r.Job.ID)] = r
	}
	for _, r := range f.runs {
		f.job(r, 0)
	}
}

// job simulates a job after those that it needs.
func (f *frame) job(r *source.Run, depth int) *result {
	id := strings.ToLower(r.Job.ID)
	if known := f.results[id]; known != nil {
		return known
	}
	unknown := unknownResult(id)
	f.results[id] = unknown // jobs that need each other in a circle
	if depth > maxNeeds || f.sim.fuel < 0 || f.sim.W.Ended() {
		return unknown
	}
	needs := abstract.NewFields("")
	i := &instance{frame: f, R: r, in: abstract.Texts("")}
	fine, failed := abstract.Certain(true), abstract.Certain(false)
	for _, n := range r.Job.AST.Needs {
		needed := f.needed(n.Value, depth)
		needs.Put(n.Value, abstract.ObjectOf(abstract.NewFields("").Put("result", needed.result).Put("outputs", abstract.ObjectOf(needed.outputs))))
		fine, failed = fine.And(needed.fine), failed.Or(needed.failed)
	}
	i.needs, i.fine, i.failed = needs, fine, failed
	i.before(r.Job.AST)
	ran := i.condition(r.Job.AST.If)
	alive := f.caller == nil || f.alive
	i.Live = alive && ran.Yes
	i.course = f.course(r, ran, fine, failed)
	if i.course.out == nil {
		i.course.out = f.goes(i, ran, fine, failed)
	}
	f.results[id] = i.course.out
	return i.course.out
}

// course is the way that a job goes, which may be that of an earlier scenario. What a called workflow does is a part of how
// its caller goes.
func (f *frame) course(r *source.Run, ran, fine, failed abstract.Outcome) *Course {
	if f.caller != nil {
		return &Course{Scenarios: f.caller.course.Scenarios}
	}
	key := courseKey{r: r, ran: ran, fine: fine, failed: failed}
	if paths, needs, ok := r.Job.Distinctions(); ok && !f.sim.Apart {
		f.sim.fuel -= len(paths)
		key.looks = string(f.S.signature(nil, paths))
		if needs {
			key.needs = f.numbers(r.Job.AST.Needs)
		}
	} else {
		key.alone = f.S
	}
	c := f.sim.courses[key]
	if c == nil {
		c = &Course{}
		f.sim.courses[key] = c
	}
	c.Scenarios = append(c.Scenarios, f.S)
	return c
}

// numbers are those of what became of jobs.
func (f *frame) numbers(needs []*actionlint.String) string {
	var b []byte
	for _, n := range needs {
		b = strconv.AppendInt(append(b, ' '), int64(f.needed(n.Value, 0).number), 10)
	}
	return string(b)
}

// goes works out how a job goes.
func (f *frame) goes(i *instance, ran, fine, failed abstract.Outcome) *result {
	out := f.rows(i)
	if !ran.Yes {
		out = &result{result: abstract.Texts("skipped"), outputs: abstract.NewFields(""), fine: abstract.Certain(false), failed: abstract.Certain(false)}
	} else if ran.No {
		out.result = out.result.And(abstract.Texts("skipped"))
		out.fine.No = true
		mayLack(out.outputs)
	}
	out.fine, out.failed = out.fine.And(fine), out.failed.Or(failed)
	out.number = len(f.sim.courses)
	return out
}

// mayLack makes each member one that may be empty as well.
func mayLack(f *abstract.Fields) {
	for _, name := range f.Names {
		f.Put(name, f.Get(name).And(abstract.Texts("")))
	}
}

// before works out what is looked at before a job runs, when variables of its environment are not there yet (R8).
func (i *instance) before(job *actionlint.Job) {
	if job.Strategy != nil && job.Strategy.Matrix != nil {
		i.matrix = abstract.NewFields("matrix")
	}
	if e := job.Environment; e != nil && e.Name != nil {
		i.in = abstract.Mapped(i.Scalar(e.Name), abstract.AsTextValue)
	}
	if r := job.RunsOn; r != nil {
		for _, s := range append([]*actionlint.String{r.LabelsExpr, r.Group}, r.Labels...) {
			if s != nil {
				i.Scalar(s)
			}
		}
	}
}

// maxNeeds bounds how deep a chain of needs is followed.
const maxNeeds = 1000

func (f *frame) needed(id string, depth int) *result {
	if r := f.byID[strings.ToLower(id)]; r != nil {
		return f.job(r, depth+1)
	}
	return unknownResult(id)
}

func unknownResult(id string) *result {
	return &result{fine: abstract.Either(), failed: abstract.Either(), result: abstract.Open("needs." + id), outputs: abstract.NewFields("needs." + id)}
}

// rows simulates a job for each combination of its matrix, and joins what became of them.
func (f *frame) rows(i *instance) *result {
	cells := []cell{nil}
	if s := i.R.Job.AST.Strategy; s != nil && s.Matrix != nil {
		cells = i.cells(s.Matrix, f.d.PathsOf("matrix"))
	}
	var out *result
	for _, c := range cells {
		own := *i
		own.matrix, own.steps = c, abstract.NewFields("")
		next := own.run()
		if out == nil {
			out = next
			continue
		}
		out.result = out.result.And(next.result)
		out.fine, out.failed = out.fine.And(next.fine), out.failed.Or(next.failed)
		for _, name := range next.outputs.Names {
			out.outputs.Put(name, out.outputs.Get(name).And(next.outputs.Get(name)))
		}
		if next.outputs.Open != "" {
			out.outputs.Open = next.outputs.Open
		}
	}
	return out
}

// instance is a job as one combination of its matrix has it run.
type instance struct {
	*frame
	R        *source.Run
	course   *Course
	Live     bool // it may run
	needs    *abstract.Fields
	matrix   cell // nil without one
	steps    *abstract.Fields
	env      *environ
	in       abstract.Set     // the environment that it runs in
	fine     abstract.Outcome // all has gone well so far: the jobs that are needed, or the steps before
	failed   abstract.Outcome // some of it has failed
	asked    abstract.Outcome // the last condition, as long as all went well
	Action   *source.Document
	actions  int              // how many actions are around
	given    *abstract.Fields // inputs of the action
	loggedIn string           // what may have left a token for later steps
	changed  string           // what may have changed the environment of later steps in a way that is not known
}

func (i *instance) Doc() *source.Document {
	if i.Action != nil {
		return i.Action
	}
	return i.d
}

func (i *instance) run() *result {
	job := i.R.Job.AST
	i.sim.fuel -= stepFuel
	i.in = abstract.Texts("")
	if e := job.Environment; e != nil && e.Name != nil {
		v := i.Scalar(e.Name)
		i.flow(v.Lacks(), false)
		i.in = abstract.Mapped(abstract.WithoutLacks(v), abstract.AsTextValue)
	}
	i.sim.Places = append(i.sim.Places, InEnvironment{i.R, i.course, i.in, i.Live})
	if job.WorkflowCall != nil {
		return i.call(job.WorkflowCall)
	}
	i.env = newEnviron(nil)
	i.addEnv(i.env, i.d.AST.Env, ofWorkflow)
	i.addEnv(i.env, job.Env, ofJob)
	i.containers(job)
	i.fine, i.failed = abstract.Certain(true), abstract.Certain(false)
	for _, s := range i.R.Job.Steps {
		i.step(s)
	}
	i.settleEnv()
	out := &result{outputs: abstract.NewFields(""), fine: i.fine, failed: i.failed}
	out.fine.Yes = out.fine.Yes || tolerates(job.ContinueOnError)
	results := make([]string, 0, 3)
	if out.fine.Yes {
		results = append(results, "success")
	}
	if out.failed.Yes {
		results = append(results, "failure", "cancelled")
	}
	out.result = abstract.Texts(results...)
	for _, id := range slices.Sorted(maps.Keys(job.Outputs)) {
		v := i.Scalar(job.Outputs[id].Value)
		i.flow(v.Lacks(), false)
		out.outputs.Put(id, i.dropped(v, job.Outputs[id].Value))
	}
	return out
}

// tolerates tells whether a failure may count for nothing.
func tolerates(on *actionlint.Bool) bool { return on != nil && (on.Value || on.Expression != nil) }

// dropped is what is left of a job's output: the runner leaves out one that holds a secret.
func (i *instance) dropped(s abstract.Set, at *actionlint.String) abstract.Set {
	var out abstract.Set
	for _, v := range s {
		if len(v.Holds) > 0 {
			v = abstract.Value{Is: abstract.Text, Lacks: v.Lacks, Drops: &Drop{At: i.Doc().PlaceOf(at), Secret: v.Holds[0], Job: i.R}}
		}
		out = out.With(abstract.AsTextValue(v))
	}
	return out
}

// containers notes what the job's container and services get.
func (i *instance) containers(job *actionlint.Job) {
	all := []*actionlint.Container{job.Container}
	if job.Services != nil {
		for _, id := range slices.Sorted(maps.Keys(job.Services.Value)) {
			all = append(all, job.Services.Value[id].Container)
		}
	}
	for _, c := range all {
		if c == nil {
			continue
		}
		if c.Credentials != nil {
			for _, s := range []*actionlint.String{c.Credentials.Username, c.Credentials.Password, c.Credentials.Expression} {
				i.uses(s)
			}
		}
		env := newEnviron(nil)
		i.addEnv(env, c.Env, ofJob)
		for _, v := range env.List {
			i.flow(v.Value.Lacks(), false)
		}
	}
}

// uses works out a text that is needed as it is.
func (i *instance) uses(s *actionlint.String) abstract.Set {
	if s == nil {
		return nil
	}
	v := i.Scalar(s)
	i.flow(v.Lacks(), false)
	return v
}

// hands notes what is empty in a text that something is given.
func (i *instance) hands(s *actionlint.String, tolerated bool) {
	if s != nil && strings.Contains(s.Value, "${{") {
		i.flow(i.Scalar(s).Lacks(), tolerated)
	}
}

// flow notes that what is empty reaches something that needs it.
func (i *instance) flow(lacks []any, tolerated bool) {
	if !i.Live {
		return
	}
	for _, mark := range lacks {
		l := mark.(*Lack)
		if tolerated {
			l.Tolerated = true
		} else {
			l.Flows = true
		}
	}
}

// Root is the workflow whose events started the run.
func (f *frame) Root() *source.Document {
	for f.caller != nil {
		f = f.caller.frame
	}
	return f.d
}

// Label names the job with what distinguishes the row of its matrix, and its environment.
func (i *instance) Label() string {
	parts := []string{i.R.Label()}
	if i.matrix != nil {
		paths := i.d.PathsOf("matrix")
		for _, name := range i.matrix.Names {
			if known := i.matrix.Get(name).Known(); looked(paths, name) && len(known) == 1 && known[0] != "Object" && known[0] != "Array" {
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

// Drop is an output of a job that the runner leaves out, since it holds a secret.
type Drop struct {
	At     source.Place
	Secret string
	Job    *source.Run
}
