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
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/gh-hex/gh-hex/extension/abstract"
	"github.com/gh-hex/gh-hex/extension/inventory"
	"github.com/gh-hex/gh-hex/extension/source"
)

const stepFuel = 20 // what following a step counts beside its expressions

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

// StepFact is one step in one run.
type StepFact struct {
	I      *instance
	S      *source.Step
	runs   abstract.Outcome
	Asked  abstract.Outcome // as long as all steps before went well
	Env    *environ
	effect abstract.Effect
	known  bool // the effect is that of a script that was understood
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
	ran     abstract.Outcome
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
	unknown := &result{ran: abstract.Either(), fine: abstract.Either(), failed: abstract.Either(), result: abstract.Open("needs." + id), outputs: abstract.NewFields("needs." + id)}
	f.results[id] = unknown // jobs that need each other in a circle
	if depth > maxNeeds || f.sim.fuel < 0 || f.sim.W.Ended() {
		return unknown
	}
	needs := abstract.NewFields("")
	i := &instance{frame: f, R: r, in: abstract.Texts("")}
	fine, failed := abstract.Outcome{Yes: true}, abstract.Outcome{No: true}
	for _, n := range r.Job.AST.Needs {
		needed := f.needed(n.Value, depth)
		needs.Put(n.Value, abstract.ObjectOf(abstract.NewFields("").Put("result", needed.result).Put("outputs", abstract.ObjectOf(needed.outputs))))
		fine = abstract.Outcome{Yes: fine.Yes && needed.fine.Yes, No: fine.No || needed.fine.No}
		failed = abstract.Outcome{Yes: failed.Yes || needed.failed.Yes, No: failed.No && needed.failed.No}
	}
	i.needs = needs
	i.fine, i.failed = fine, failed
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
		out = &result{result: abstract.Texts("skipped"), outputs: abstract.NewFields(""), fine: abstract.Outcome{No: true}, failed: abstract.Outcome{No: true}}
	} else if ran.No {
		out.result = out.result.And(abstract.Texts("skipped"))
		out.fine.No = true
		for _, name := range out.outputs.Names {
			out.outputs.Put(name, out.outputs.Get(name).And(abstract.Texts("")))
		}
	}
	out.fine = abstract.Outcome{Yes: out.fine.Yes && (fine.Yes || len(i.R.Job.AST.Needs) == 0), No: out.fine.No || fine.No}
	out.failed = abstract.Outcome{Yes: out.failed.Yes || failed.Yes, No: out.failed.No && failed.No}
	out.number = len(f.sim.courses)
	return out
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
	return &result{fine: abstract.Either(), failed: abstract.Either(), result: abstract.Open("needs." + id), outputs: abstract.NewFields("needs." + id)}
}

// status answers for success(), failure(), cancelled() and always().
func (i *instance) status(name string) abstract.Set {
	switch name {
	case "success":
		return abstract.Truths(i.fine.Yes, i.fine.No)
	case "failure":
		return abstract.Truths(i.failed.Yes, i.failed.No)
	case "cancelled":
		return abstract.Truths(true, true)
	}
	return abstract.Truths(true, false)
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
		next := own.row1()
		if out == nil {
			out = next
			continue
		}
		out.result = out.result.And(next.result)
		out.fine = abstract.Outcome{Yes: out.fine.Yes && next.fine.Yes, No: out.fine.No || next.fine.No}
		out.failed = abstract.Outcome{Yes: out.failed.Yes || next.failed.Yes, No: out.failed.No && next.failed.No}
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

func (i *instance) row1() *result {
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
	i.fine, i.failed = abstract.Outcome{Yes: true}, abstract.Outcome{No: true}
	for _, s := range i.R.Job.Steps {
		i.step(s)
	}
	i.settleEnv()
	out := &result{outputs: abstract.NewFields(""), fine: i.fine, failed: i.failed}
	if c := job.ContinueOnError; c != nil && (c.Value || c.Expression != nil) {
		out.fine.Yes = true
	}
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

// call simulates the workflow that a job calls.
func (i *instance) call(c *actionlint.WorkflowCall) *result {
	unknown := &result{fine: abstract.Either(), failed: abstract.Either(), result: abstract.Open("needs." + i.R.Job.ID), outputs: abstract.NewFields("needs." + i.R.Job.ID)}
	passed := map[string]abstract.Set{}
	for _, id := range slices.Sorted(maps.Keys(c.Secrets)) {
		passed[strings.ToUpper(id)] = i.Scalar(c.Secrets[id].Value)
	}
	given := abstract.NewFields("")
	for _, id := range slices.Sorted(maps.Keys(c.Inputs)) {
		given.Put(id, i.Scalar(c.Inputs[id].Value))
	}
	callee := i.sim.W.Callee(i.R.Job)
	if callee == nil || callee.AST == nil || len(i.R.Called) == 0 {
		for _, v := range passed {
			i.flow(v.Lacks(), false)
		}
		for _, id := range given.Names {
			i.flow(given.Get(id).Lacks(), false)
		}
		return unknown
	}
	event, _ := callee.AST.FindWorkflowCallEvent()
	inner := &frame{sim: i.sim, d: callee, S: i.S, runs: i.R.Called, caller: i, passed: passed, alive: i.Live, inputs: abstract.NewFields("")}
	for _, in := range event.Inputs {
		inner.inputs.Put(in.ID, i.inputOf(in, given))
	}
	for name, v := range passed {
		if !slices.ContainsFunc(callee.Reads, func(x *source.Read) bool {
			return x.Kind == inventory.Secret && (x.Name == name || x.Index != nil || x.Whole)
		}) {
			i.flow(v.Lacks(), false)
		}
	}
	for _, name := range given.Names {
		if !callee.Asks(name) {
			i.flow(given.Get(name).Lacks(), false)
		}
	}
	inner.walk()
	return inner.joined(event)
}

func (i *instance) inputOf(in *actionlint.WorkflowCallEventInput, given *abstract.Fields) abstract.Set {
	if v, there := given.Of[in.ID]; there {
		return v
	}
	switch {
	case in.Default == nil && in.Type == actionlint.WorkflowCallEventInputTypeBoolean:
		return abstract.Truths(false, true)
	case in.Default == nil && in.Type == actionlint.WorkflowCallEventInputTypeNumber:
		return abstract.One(abstract.NumberValue(0))
	case in.Default == nil:
		return abstract.Texts("")
	case strings.Contains(in.Default.Value, "${{"):
		return abstract.Open("inputs." + in.ID)
	case in.Type == actionlint.WorkflowCallEventInputTypeBoolean:
		return abstract.Truths(in.Default.Value == "true", in.Default.Value != "true")
	case in.Type == actionlint.WorkflowCallEventInputTypeNumber:
		return abstract.One(abstract.NumberValue(abstract.ParseNumber(in.Default.Value)))
	}
	return abstract.Texts(in.Default.Value)
}

// joined is what became of all the jobs of a called workflow.
func (f *frame) joined(event *actionlint.WorkflowCallEvent) *result {
	out := &result{fine: abstract.Outcome{Yes: true}, failed: abstract.Outcome{No: true}, outputs: abstract.NewFields("")}
	for _, r := range f.runs {
		one := f.results[strings.ToLower(r.Job.ID)]
		out.failed = abstract.Outcome{Yes: out.failed.Yes || one.failed.Yes, No: out.failed.No && one.failed.No}
	}
	out.fine = abstract.Outcome{Yes: out.failed.No, No: out.failed.Yes}
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

// condition works out an `if`. Without a function of status in it, it holds only while all went well.
func (i *instance) condition(s *actionlint.String) abstract.Outcome {
	i.asked = abstract.Outcome{Yes: true}
	if s == nil || strings.TrimSpace(s.Value) == "" {
		return i.fine
	}
	list := i.expressions(s, true)
	v := i.evaluated(s, list)
	if slices.Contains(v.Known(), "false") && v.MayBe(true) && !slices.ContainsFunc(v, func(x abstract.Value) bool { return x.Is == abstract.Boolean }) {
		i.sim.Hollow[s] = true
	}
	out := abstract.Outcome{Yes: v.MayBe(true), No: v.MayBe(false)}
	if len(v) == 0 {
		out = abstract.Outcome{No: true}
	}
	i.asked = out
	if !slices.ContainsFunc(list, func(e abstract.Expression) bool { return e.Node != nil && asksStatus(e.Node) }) {
		out = abstract.Outcome{Yes: out.Yes && i.fine.Yes, No: out.No || i.fine.No}
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
		return abstract.One(abstract.Value{Is: abstract.Opaque, Opaque: &abstract.Opacity{Id: "secrets." + name}})
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

// step simulates one step.
func (i *instance) step(s *source.Step) {
	if i.sim.fuel -= stepFuel; i.sim.fuel < 0 {
		return
	}
	env := newEnviron(i.env)
	i.addEnv(env, s.AST.Env, ofStep)
	outer := i.env
	i.env = env
	runs := i.condition(s.AST.If)
	live := i.Live
	i.Live = live && runs.Yes
	tolerated := s.AST.ContinueOnError != nil && (s.AST.ContinueOnError.Value || s.AST.ContinueOnError.Expression != nil)
	if c := s.AST.ContinueOnError; c != nil && c.Expression != nil {
		i.Scalar(c.Expression)
	}
	fact := StepFact{I: i, S: s, runs: runs, Asked: i.asked, Env: env}
	i.hands(s.AST.Name, tolerated)
	var outputs *abstract.Fields
	switch e := s.AST.Exec.(type) {
	case *actionlint.ExecRun:
		outputs = i.script(s, e, &fact, tolerated)
	case *actionlint.ExecAction:
		outputs = i.useAction(s, e, tolerated)
	default:
		outputs = abstract.NewFields("a step of an unknown kind")
	}
	if i.sim.watch.Step != nil {
		i.sim.watch.Step(fact)
	}
	if list := i.sim.steps[s]; i.Live && (len(list) == 0 || list[len(list)-1] != i.course) {
		i.sim.steps[s] = append(list, i.course)
	}
	i.finish(s, fact, outputs, tolerated)
	i.env, i.Live = outer, live
	if runs.Yes {
		i.remember(fact)
		i.exported(fact, outer)
	}
}

// finish notes what became of a step.
func (i *instance) finish(s *source.Step, fact StepFact, outputs *abstract.Fields, tolerated bool) {
	runs := fact.runs
	ends := fact.known && fact.effect.Ends
	if runs.Yes && !tolerated {
		i.failed = abstract.Outcome{Yes: true, No: i.failed.No && (!ends || runs.No)}
		i.fine = abstract.Outcome{Yes: i.failed.No, No: true}
	}
	if s.AST.ID == nil {
		return
	}
	outcomes := make([]string, 0, 3)
	if runs.Yes && !ends {
		outcomes = append(outcomes, "success")
	}
	if runs.Yes {
		outcomes = append(outcomes, "failure")
	}
	conclusions := slices.Clone(outcomes)
	if runs.Yes && tolerated {
		conclusions = []string{"success"}
	}
	if !runs.Yes {
		outputs = abstract.NewFields("")
	}
	if runs.No {
		outcomes, conclusions = append(outcomes, "skipped"), append(conclusions, "skipped")
		for _, name := range outputs.Names {
			outputs.Put(name, outputs.Get(name).And(abstract.Texts("")))
		}
	}
	i.steps.Put(s.AST.ID.Value, abstract.ObjectOf(abstract.NewFields("").Put("outputs", abstract.ObjectOf(outputs)).
		Put("outcome", abstract.Texts(outcomes...)).Put("conclusion", abstract.Texts(conclusions...))))
}

// exported takes over what a step puts into the environment of later ones.
func (i *instance) exported(fact StepFact, outer *environ) {
	e := fact.effect.Env
	if e == nil {
		return
	}
	if e.Open != "" {
		i.changed = e.Open
	}
	for _, name := range e.Names {
		v := e.Get(name)
		if old := outer.Find(name); old != nil && fact.runs.No {
			v = v.And(old.Value)
		} else if fact.runs.No {
			v = v.And(abstract.Texts(""))
		}
		outer.put(&EnvVar{Name: name, Value: v, level: ofExport})
	}
}

// useAction is a step that uses an action.
func (i *instance) useAction(s *source.Step, e *actionlint.ExecAction, tolerated bool) *abstract.Fields {
	i.hands(e.Entrypoint, tolerated)
	i.hands(e.Args, tolerated)
	ids := slices.Sorted(maps.Keys(e.Inputs))
	if s.Local != nil && s.Local.IsAction && i.actions < maxNested {
		given := abstract.NewFields("")
		for _, id := range ids {
			given.Put(id, i.Scalar(e.Inputs[id].Value))
		}
		return i.composite(s, given, tolerated)
	}
	for _, id := range ids {
		i.hands(e.Inputs[id].Value, tolerated)
	}
	for _, v := range append(i.inherited(s), i.env.List...) {
		i.flow(v.Value.Lacks(), tolerated)
	}
	i.see()
	name := ""
	if e.Uses != nil {
		name = e.Uses.Value
	}
	if !SetsNothing(name) {
		i.changed = name
	}
	return abstract.NewFields("the outputs of " + name)
}

// maxNested is GitHub's limit of actions within actions.
const maxNested = 10

// composite simulates the steps of an action of the repository.
func (i *instance) composite(s *source.Step, given *abstract.Fields, tolerated bool) *abstract.Fields {
	a := s.Local
	key := effectKey{a, i.R, i.S, i.Live, tolerated, i.signature(given)}
	if known := i.sim.effects[key]; known != nil {
		i.changed, i.loggedIn = cmp.Or(i.changed, known.changed), cmp.Or(i.loggedIn, known.loggedIn)
		return known.outputs.Copy()
	}
	i.sim.effects[key] = &actionEffect{outputs: abstract.NewFields("an action that uses itself")}
	inner := *i
	inner.Action, inner.actions, inner.steps, inner.given = a, i.actions+1, abstract.NewFields(""), abstract.NewFields("")
	inner.fine, inner.failed = abstract.Outcome{Yes: true}, abstract.Outcome{No: true}
	for _, name := range slices.Sorted(maps.Keys(a.Defaults)) {
		if v, there := given.Of[name]; there {
			inner.given.Put(name, abstract.Mapped(v, abstract.AsTextValue))
		} else if d := a.Defaults[name]; d != nil {
			inner.given.Put(name, abstract.Mapped(inner.Scalar(d), abstract.AsTextValue))
		} else {
			inner.given.Put(name, abstract.Texts(""))
		}
	}
	for _, name := range given.Names {
		if !a.Asks(name) {
			i.flow(given.Get(name).Lacks(), tolerated) // whatever takes it does so in a way that is not seen
		}
	}
	for _, x := range a.Jobs[0].Steps {
		inner.step(x)
	}
	if i.env.seen {
		i.see()
		i.settleStep(a, tolerated)
	}
	i.changed, i.loggedIn = inner.changed, inner.loggedIn
	out := abstract.NewFields("")
	for _, name := range slices.Sorted(maps.Keys(a.Outputs)) {
		out.Put(name, abstract.Mapped(inner.Scalar(a.Outputs[name]), abstract.AsTextValue))
	}
	i.sim.effects[key] = &actionEffect{out.Copy(), inner.changed, inner.loggedIn}
	return out
}

// effectKey tells apart what an action may do in one job: an effect is worked out once.
type effectKey struct {
	action          *source.Document
	r               *source.Run
	s               *Scenario
	live, tolerated bool
	given           string
}

// actionEffect is what an action leaves to the steps behind it.
type actionEffect struct {
	outputs           *abstract.Fields
	changed, loggedIn string
}

// signature tells what an action is given apart.
func (i *instance) signature(given *abstract.Fields) string {
	var b strings.Builder
	for _, name := range given.Names {
		fmt.Fprintf(&b, "%s=", name)
		for _, v := range given.Get(name) {
			fmt.Fprintf(&b, "%d%v%v%q%p%p%v|", v.Is, v.Truth, v.Number, v.Text, v.Fields, v.Opaque, v.Lacks)
		}
	}
	for _, v := range i.env.List {
		fmt.Fprintf(&b, "%p", v)
	}
	fmt.Fprintf(&b, "%p %d", i.env.Job, len(i.env.Job.List))
	return b.String()
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
