package workflow

import "github.com/gh-hex/gh-hex/extension/abstract"

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"
)

// What bounds the work of one simulation, in nodes of expressions that are worked out: for one workflow with those that
// it calls, and for all.
const (
	maxFuel  = 300_000
	allFuel  = 5_000_000
	stepFuel = 20 // what following a step counts beside its expressions
)

// simulation follows every run that the events of the workflows start.
type simulation struct {
	j    *judgement
	fuel int  // that is left for one workflow
	over bool // some had too little
	// without is a secret, in upper case, that counts as missing where it cannot be told.
	without string

	lacks     map[lackKey]*lack
	order     []*lack
	names     map[readKey][]string // of the stores' secrets and variables that a read may mean
	undecided map[*read]string     // what decides an index at run time
	places    []inEnvironment
	events    map[*step][]string          // that a step may run on
	hollow    map[*actionlint.String]bool // conditions that are the text 'false', which counts as true
	onSteps   func(stepFact)              // is told of every step
	parsed    map[*actionlint.String][]abstract.Expression
	used      map[any]*usage
	effects   map[effectKey]*actionEffect
}

type readKey struct {
	x *read
	r *run
}

// inEnvironment is a job in the environments that it may run in.
type inEnvironment struct {
	r        *run
	scenario *scenario
	names    abstract.Set
	live     bool
}

// stepFact is one step in one run.
type stepFact struct {
	i      *instance
	s      *step
	runs   abstract.Outcome
	asked  abstract.Outcome // as long as all steps before went well
	env    *environ
	effect abstract.Effect
	known  bool // the effect is that of a script that was understood
}

func (j *judgement) simulate(without string, onSteps func(stepFact)) *simulation {
	sim := &simulation{
		j: j, without: without, onSteps: onSteps,
		lacks: map[lackKey]*lack{}, names: map[readKey][]string{}, undecided: map[*read]string{}, events: map[*step][]string{},
		parsed: map[*actionlint.String][]abstract.Expression{}, hollow: map[*actionlint.String]bool{}, used: map[any]*usage{}, effects: map[effectKey]*actionEffect{},
	}
	left := allFuel
	for _, d := range j.w.docs {
		runs := j.roots[d]
		if d.ast == nil || len(runs) == 0 || j.w.ended() {
			continue
		}
		sim.fuel = min(maxFuel, left)
		left -= sim.fuel
		for _, s := range j.scenariosOf(d, runs[0].open) {
			f := &frame{sim: sim, d: d, s: s, runs: runs, inputs: s.inputs}
			f.walk()
		}
		left += max(sim.fuel, 0)
		sim.over = sim.over || sim.fuel < 0
	}
	return sim
}

// forget drops what was only needed on the way.
func (sim *simulation) forget() {
	sim.lacks, sim.order, sim.parsed, sim.used, sim.effects = nil, nil, nil, nil, nil
}

// frame is a workflow as it is run once.
type frame struct {
	sim     *simulation
	d       *document
	s       *scenario
	runs    []*run // of its jobs
	inputs  *abstract.Fields
	caller  *instance
	passed  map[string]abstract.Set // secrets that the caller gives, by name in upper case
	jobs    *abstract.Fields        // its jobs, for its outputs
	results map[string]*result
	byID    map[string]*run
	alive   bool // of a called workflow: its caller may run
}

// result is what became of a job.
type result struct {
	ran     abstract.Outcome
	fine    abstract.Outcome // it and all that it needs have succeeded
	failed  abstract.Outcome // it, or one that it needs, has failed
	result  abstract.Set
	outputs *abstract.Fields
}

func (f *frame) walk() {
	f.results, f.byID = map[string]*result{}, map[string]*run{}
	for _, r := range f.runs {
		f.byID[strings.ToLower(r.job.id)] = r
	}
	for _, r := range f.runs {
		f.job(r, 0)
	}
}

// job simulates a job after those that it needs.
func (f *frame) job(r *run, depth int) *result {
	id := strings.ToLower(r.job.id)
	if known := f.results[id]; known != nil {
		return known
	}
	unknown := &result{ran: abstract.Either(), fine: abstract.Either(), failed: abstract.Either(), result: abstract.Open("needs." + id), outputs: abstract.NewFields("needs." + id)}
	f.results[id] = unknown // jobs that need each other in a circle
	if depth > maxNeeds || f.sim.fuel < 0 || f.sim.j.w.ended() {
		return unknown
	}
	needs := abstract.NewFields("")
	i := &instance{frame: f, r: r, steps: abstract.NewFields(""), failed: abstract.Outcome{No: true}, in: abstract.Texts("")}
	fine, failed := abstract.Outcome{Yes: true}, abstract.Outcome{No: true}
	for _, n := range r.job.ast.Needs {
		needed := f.needed(n.Value, depth)
		needs.Put(n.Value, abstract.ObjectOf(abstract.NewFields("").Put("result", needed.result).Put("outputs", abstract.ObjectOf(needed.outputs))))
		fine = abstract.Outcome{Yes: fine.Yes && needed.fine.Yes, No: fine.No || needed.fine.No}
		failed = abstract.Outcome{Yes: failed.Yes || needed.failed.Yes, No: failed.No && needed.failed.No}
	}
	i.needs = needs
	i.status = func(name string) abstract.Set { return statusOf(name, fine, failed) }
	i.before(r.job.ast)
	ran := i.condition(r.job.ast.If)
	alive := f.caller == nil || f.alive
	i.live = alive && ran.Yes
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
	out.ran = ran
	out.fine = abstract.Outcome{Yes: out.fine.Yes && (fine.Yes || len(r.job.ast.Needs) == 0), No: out.fine.No || fine.No}
	out.failed = abstract.Outcome{Yes: out.failed.Yes || failed.Yes, No: out.failed.No && failed.No}
	f.results[id] = out
	return out
}

// before works out what is looked at before a job runs, when variables of its environment are not there yet (R8).
func (i *instance) before(job *actionlint.Job) {
	if job.Strategy != nil && job.Strategy.Matrix != nil {
		i.matrix = abstract.NewFields("matrix")
	}
	if e := job.Environment; e != nil && e.Name != nil {
		i.in = abstract.Mapped(i.scalar(e.Name), abstract.AsTextValue)
	}
	if r := job.RunsOn; r != nil {
		for _, s := range append([]*actionlint.String{r.LabelsExpr, r.Group}, r.Labels...) {
			if s != nil {
				i.scalar(s)
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

func statusOf(name string, fine, failed abstract.Outcome) abstract.Set {
	switch name {
	case "success":
		return abstract.Truths(fine.Yes, fine.No)
	case "failure":
		return abstract.Truths(failed.Yes, failed.No)
	case "cancelled":
		return abstract.Truths(true, true)
	}
	return abstract.Truths(true, false)
}

// rows simulates a job for each combination of its matrix, and joins what became of them.
func (f *frame) rows(i *instance) *result {
	cells := []cell{nil}
	if s := i.r.job.ast.Strategy; s != nil && s.Matrix != nil {
		cells = projected(i.cells(s.Matrix), f.d.pathsOf("matrix"))
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
	r        *run
	live     bool // it may run
	needs    *abstract.Fields
	matrix   cell // nil without one
	steps    *abstract.Fields
	env      *environ
	in       abstract.Set // the environment that it runs in
	status   func(name string) abstract.Set
	failed   abstract.Outcome // a step before has failed
	asked    abstract.Outcome // the last condition, as long as all went well
	action   *document
	actions  int              // how many actions are around
	given    *abstract.Fields // inputs of the action
	loggedIn string           // what may have left a token for later steps
	changed  string           // what may have changed the environment of later steps in a way that is not known
}

func (i *instance) doc() *document {
	if i.action != nil {
		return i.action
	}
	return i.d
}

func (i *instance) row1() *result {
	job := i.r.job.ast
	i.sim.fuel -= stepFuel
	i.in = abstract.Texts("")
	if e := job.Environment; e != nil && e.Name != nil {
		v := i.scalar(e.Name)
		i.flow(v.Lacks(), false)
		i.in = abstract.Mapped(abstract.WithoutLacks(v), abstract.AsTextValue)
	}
	i.sim.places = append(i.sim.places, inEnvironment{i.r, i.s, i.in, i.live})
	if job.WorkflowCall != nil {
		return i.call(job.WorkflowCall)
	}
	i.env = newEnviron(nil)
	i.addEnv(i.env, i.d.ast.Env, ofWorkflow)
	i.addEnv(i.env, job.Env, ofJob)
	i.containers(job)
	i.failed = abstract.Outcome{No: true}
	i.status = func(name string) abstract.Set {
		return statusOf(name, abstract.Outcome{Yes: i.failed.No, No: i.failed.Yes}, i.failed)
	}
	for _, s := range i.r.job.steps {
		i.step(s)
	}
	i.settleEnv()
	out := &result{outputs: abstract.NewFields(""), fine: abstract.Outcome{Yes: i.failed.No, No: i.failed.Yes}, failed: i.failed}
	if out.fine.Yes {
		out.result = out.result.And(abstract.Texts("success"))
	}
	if out.failed.Yes {
		out.result = out.result.And(abstract.Texts("failure", "cancelled"))
	}
	if c := job.ContinueOnError; c != nil && (c.Value || c.Expression != nil) {
		out.result, out.fine.Yes = out.result.And(abstract.Texts("success")), true
	}
	for _, id := range sortedKeys(job.Outputs) {
		v := i.scalar(job.Outputs[id].Value)
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
			v = abstract.Value{Is: abstract.Text, Lacks: v.Lacks, Drops: &drop{at: i.doc().placeOf(at), secret: v.Holds[0], job: i.r}}
		}
		out = out.With(abstract.AsTextValue(v))
	}
	return out
}

// containers notes what the job's container and services get.
func (i *instance) containers(job *actionlint.Job) {
	all := []*actionlint.Container{job.Container}
	if job.Services != nil {
		for _, id := range sortedKeys(job.Services.Value) {
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
		for _, v := range env.list {
			i.flow(v.value.Lacks(), false)
		}
	}
}

// uses works out a text that is needed as it is.
func (i *instance) uses(s *actionlint.String) abstract.Set {
	if s == nil {
		return nil
	}
	v := i.scalar(s)
	i.flow(v.Lacks(), false)
	return v
}

// flow notes that what is empty reaches something that needs it.
func (i *instance) flow(lacks []any, tolerated bool) {
	if !i.live {
		return
	}
	for _, mark := range lacks {
		l := mark.(*lack)
		if tolerated {
			l.tolerated = true
		} else {
			l.flows = true
		}
	}
}

// call simulates the workflow that a job calls.
func (i *instance) call(c *actionlint.WorkflowCall) *result {
	unknown := &result{fine: abstract.Either(), failed: abstract.Either(), result: abstract.Open("needs." + i.r.job.id), outputs: abstract.NewFields("needs." + i.r.job.id)}
	passed := map[string]abstract.Set{}
	for _, id := range sortedKeys(c.Secrets) {
		passed[strings.ToUpper(id)] = i.scalar(c.Secrets[id].Value)
	}
	given := abstract.NewFields("")
	for _, id := range sortedKeys(c.Inputs) {
		given.Put(id, i.scalar(c.Inputs[id].Value))
	}
	callee := i.sim.j.w.callee(i.r.job)
	if callee == nil || callee.ast == nil || len(i.r.called) == 0 {
		for _, v := range passed {
			i.flow(v.Lacks(), false)
		}
		for _, id := range given.Names {
			i.flow(given.Get(id).Lacks(), false)
		}
		return unknown
	}
	event, _ := callee.ast.FindWorkflowCallEvent()
	inner := &frame{sim: i.sim, d: callee, s: i.s, runs: i.r.called, caller: i, passed: passed, alive: i.live, inputs: abstract.NewFields("")}
	for _, in := range event.Inputs {
		inner.inputs.Put(in.ID, i.inputOf(in, given))
	}
	for name, v := range passed {
		if !slices.ContainsFunc(callee.reads, func(x *read) bool { return x.kind == secret && (x.name == name || x.index != nil || x.whole) }) {
			i.flow(v.Lacks(), false)
		}
	}
	for _, name := range given.Names {
		if !callee.asks(name) {
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
		one := f.results[strings.ToLower(r.job.id)]
		out.failed = abstract.Outcome{Yes: out.failed.Yes || one.failed.Yes, No: out.failed.No && one.failed.No}
	}
	out.fine = abstract.Outcome{Yes: out.failed.No, No: out.failed.Yes}
	out.result = abstract.Texts("success")
	if out.failed.Yes {
		out.result = abstract.Texts("success", "failure", "cancelled")
	}
	jobs := abstract.NewFields("")
	for _, r := range f.runs {
		jobs.Put(r.job.id, abstract.ObjectOf(abstract.NewFields("").Put("outputs", abstract.ObjectOf(f.results[strings.ToLower(r.job.id)].outputs))))
	}
	f.jobs = jobs
	i := &instance{frame: f, r: f.runs[0], needs: abstract.NewFields(""), steps: abstract.NewFields(""), in: abstract.Texts("")}
	for _, id := range sortedKeys(event.Outputs) {
		out.outputs.Put(id, abstract.Mapped(i.scalar(event.Outputs[id].Value), abstract.AsTextValue))
	}
	return out
}

// condition works out an `if`. Without a function of status in it, it holds only while all went well.
func (i *instance) condition(s *actionlint.String) abstract.Outcome {
	fine := i.status("success")
	i.asked = abstract.Outcome{Yes: true}
	if s == nil || strings.TrimSpace(s.Value) == "" {
		return abstract.Outcome{Yes: fine.MayBe(true), No: fine.MayBe(false)}
	}
	list := i.expressions(s, true)
	v := i.evaluated(s, list)
	if slices.Contains(v.Known(), "false") && v.MayBe(true) && !slices.ContainsFunc(v, func(x abstract.Value) bool { return x.Is == abstract.Boolean }) {
		i.sim.hollow[s] = true
	}
	out := abstract.Outcome{Yes: v.MayBe(true), No: v.MayBe(false)}
	if len(v) == 0 {
		out = abstract.Outcome{No: true}
	}
	i.asked = out
	if !slices.ContainsFunc(list, func(e abstract.Expression) bool { return e.Node != nil && asksStatus(e.Node) }) {
		out = abstract.Outcome{Yes: out.Yes && fine.MayBe(true), No: out.No || fine.MayBe(false)}
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
	list, known := i.sim.parsed[s]
	if !known {
		list = abstract.Expressions(s.Value, condition, nil)
		i.sim.parsed[s] = list
	}
	return list
}

// scalar works out a text with expressions in it.
func (i *instance) scalar(s *actionlint.String) abstract.Set {
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
	d := i.doc()
	e.Read = func(of, name string, offset int) abstract.Set { return i.read(d.readAt(s, offset), kind(of), name) }
	e.Index = func(_ string, names abstract.Set, offset int) {
		if x := d.readAt(s, offset); x != nil && names.Undecided() != "" && i.sim.undecided[x] == "" {
			i.sim.undecided[x] = names.Undecided()
		}
	}
	if e.Status == nil {
		e.Status = func(string) abstract.Set { return abstract.Truths(true, true) }
	}
	return e
}

// context answers for a context as a whole.
func (i *instance) context(name string) abstract.Set {
	switch name {
	case "github":
		return abstract.ObjectOf(i.s.github)
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
func (i *instance) read(x *read, of kind, name string) abstract.Set {
	if of == secret {
		return i.secret(x, name)
	}
	return i.stored(x, of, name)
}

// secret follows a secret through the callers (R9).
func (i *instance) secret(x *read, name string) abstract.Set {
	if isBuiltInName(name) {
		return abstract.One(abstract.Value{Is: abstract.Opaque, Opaque: &abstract.Opacity{Id: "secrets." + name}})
	}
	if i.action != nil {
		return abstract.Open("secrets")
	}
	for f := i.frame; f.caller != nil; f = f.caller.frame {
		if f.caller.r.job.ast.WorkflowCall.InheritSecrets {
			continue
		}
		if v, passed := f.passed[name]; passed {
			return v
		}
		return i.unpassed(x, name, f.caller.r)
	}
	return i.stored(x, secret, name)
}

// step simulates one step.
func (i *instance) step(s *step) {
	if i.sim.fuel -= stepFuel; i.sim.fuel < 0 {
		return
	}
	env := newEnviron(i.env)
	i.addEnv(env, s.ast.Env, ofStep)
	outer := i.env
	i.env = env
	runs := i.condition(s.ast.If)
	live := i.live
	i.live = live && runs.Yes
	tolerated := s.ast.ContinueOnError != nil && (s.ast.ContinueOnError.Value || s.ast.ContinueOnError.Expression != nil)
	if c := s.ast.ContinueOnError; c != nil && c.Expression != nil {
		i.scalar(c.Expression)
	}
	fact := stepFact{i: i, s: s, runs: runs, asked: i.asked, env: env}
	for _, t := range []*actionlint.String{s.ast.Name} {
		if t != nil {
			i.flow(i.scalar(t).Lacks(), tolerated)
		}
	}
	var outputs *abstract.Fields
	switch e := s.ast.Exec.(type) {
	case *actionlint.ExecRun:
		outputs = i.script(s, e, &fact, tolerated)
	case *actionlint.ExecAction:
		outputs = i.useAction(s, e, tolerated)
	default:
		outputs = abstract.NewFields("a step of an unknown kind")
	}
	if i.sim.onSteps != nil {
		i.sim.onSteps(fact)
	}
	if i.live {
		i.sim.events[s] = abstract.Union(i.sim.events[s], i.s.events)
	}
	i.finish(s, fact, outputs, tolerated)
	i.env, i.live = outer, live
	if runs.Yes {
		i.remember(fact)
		i.exported(fact, outer)
	}
}

// finish notes what became of a step.
func (i *instance) finish(s *step, fact stepFact, outputs *abstract.Fields, tolerated bool) {
	runs := fact.runs
	ends := fact.known && fact.effect.Ends
	var outcomeOf, conclusion abstract.Set
	if runs.Yes && !ends {
		outcomeOf, conclusion = abstract.Texts("success"), abstract.Texts("success")
	}
	if runs.Yes {
		outcomeOf = outcomeOf.And(abstract.Texts("failure"))
		if tolerated {
			conclusion = conclusion.And(abstract.Texts("success"))
		} else {
			conclusion = conclusion.And(abstract.Texts("failure"))
			i.failed = abstract.Outcome{Yes: true, No: i.failed.No && (!ends || runs.No)}
		}
	}
	if !runs.Yes {
		outputs = abstract.NewFields("")
	}
	if runs.No {
		outcomeOf, conclusion = outcomeOf.And(abstract.Texts("skipped")), conclusion.And(abstract.Texts("skipped"))
		for _, name := range outputs.Names {
			outputs.Put(name, outputs.Get(name).And(abstract.Texts("")))
		}
	}
	if s.ast.ID != nil {
		i.steps.Put(s.ast.ID.Value, abstract.ObjectOf(abstract.NewFields("").Put("outputs", abstract.ObjectOf(outputs)).Put("outcome", outcomeOf).Put("conclusion", conclusion)))
	}
}

// exported takes over what a step puts into the environment of later ones.
func (i *instance) exported(fact stepFact, outer *environ) {
	e := fact.effect.Env
	if e == nil {
		return
	}
	if e.Open != "" {
		i.changed = e.Open
	}
	for _, name := range e.Names {
		v := e.Get(name)
		if old := outer.find(name); old != nil && fact.runs.No {
			v = v.And(old.value)
		} else if fact.runs.No {
			v = v.And(abstract.Texts(""))
		}
		outer.put(&envVar{name: name, value: v, level: ofExport})
	}
}

// useAction is a step that uses an action.
func (i *instance) useAction(s *step, e *actionlint.ExecAction, tolerated bool) *abstract.Fields {
	given := abstract.NewFields("")
	for _, id := range sortedKeys(e.Inputs) {
		given.Put(id, i.scalar(e.Inputs[id].Value))
	}
	for _, t := range []*actionlint.String{e.Entrypoint, e.Args} {
		if t != nil {
			i.flow(i.scalar(t).Lacks(), tolerated)
		}
	}
	if s.local != nil && s.local.isAction && i.actions < maxNested {
		return i.composite(s, given, tolerated)
	}
	for _, id := range given.Names {
		i.flow(given.Get(id).Lacks(), tolerated)
	}
	for _, v := range append(i.inherited(s), i.env.list...) {
		i.flow(v.value.Lacks(), tolerated)
	}
	i.see()
	name := ""
	if e.Uses != nil {
		name = e.Uses.Value
	}
	if !setsNothing(name) {
		i.changed = name
	}
	return abstract.NewFields("the outputs of " + name)
}

// maxNested is GitHub's limit of actions within actions.
const maxNested = 10

// composite simulates the steps of an action of the repository.
func (i *instance) composite(s *step, given *abstract.Fields, tolerated bool) *abstract.Fields {
	a := s.local
	key := effectKey{a, i.r, i.s, i.live, tolerated, i.signature(given)}
	if known := i.sim.effects[key]; known != nil {
		i.changed, i.loggedIn = union3(i.changed, known.changed), union3(i.loggedIn, known.loggedIn)
		return known.outputs.Copy()
	}
	i.sim.effects[key] = &actionEffect{outputs: abstract.NewFields("an action that uses itself")}
	inner := *i
	inner.action, inner.actions, inner.steps, inner.given = a, i.actions+1, abstract.NewFields(""), abstract.NewFields("")
	inner.status = func(name string) abstract.Set {
		return statusOf(name, abstract.Outcome{Yes: inner.failed.No, No: inner.failed.Yes}, inner.failed)
	}
	inner.failed = abstract.Outcome{No: true}
	for _, name := range sortedKeys(a.defaults) {
		if v, there := given.Of[name]; there {
			inner.given.Put(name, abstract.Mapped(v, abstract.AsTextValue))
		} else if d := a.defaults[name]; d != nil {
			inner.given.Put(name, abstract.Mapped(inner.scalar(d), abstract.AsTextValue))
		} else {
			inner.given.Put(name, abstract.Texts(""))
		}
	}
	for _, name := range given.Names {
		if !a.asks(name) {
			i.flow(given.Get(name).Lacks(), tolerated) // whatever takes it does so in a way that is not seen
		}
	}
	for _, x := range a.jobs[0].steps {
		inner.step(x)
	}
	i.see()
	i.changed, i.loggedIn = inner.changed, inner.loggedIn
	out := abstract.NewFields("")
	for _, name := range sortedKeys(a.outputs) {
		out.Put(name, abstract.Mapped(inner.scalar(a.outputs[name]), abstract.AsTextValue))
	}
	i.sim.effects[key] = &actionEffect{out.Copy(), inner.changed, inner.loggedIn}
	return out
}

// effectKey tells apart what an action may do in one job: an effect is worked out once.
type effectKey struct {
	action          *document
	r               *run
	s               *scenario
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
	for _, v := range i.env.list {
		fmt.Fprintf(&b, "%p", v)
	}
	fmt.Fprintf(&b, "%p %d", i.env.job, len(i.env.job.list))
	return b.String()
}
