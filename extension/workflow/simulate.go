package workflow

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
	parsed    map[*actionlint.String][]expression
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
	names    set
	live     bool
}

// stepFact is one step in one run.
type stepFact struct {
	i      *instance
	s      *step
	runs   outcome
	asked  outcome // as long as all steps before went well
	env    *environ
	effect effect
	known  bool // the effect is that of a script that was understood
}

func (j *judgement) simulate(without string, onSteps func(stepFact)) *simulation {
	sim := &simulation{
		j: j, without: without, onSteps: onSteps,
		lacks: map[lackKey]*lack{}, names: map[readKey][]string{}, undecided: map[*read]string{}, events: map[*step][]string{},
		parsed: map[*actionlint.String][]expression{}, hollow: map[*actionlint.String]bool{}, used: map[any]*usage{}, effects: map[effectKey]*actionEffect{},
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
	inputs  *fields
	caller  *instance
	passed  map[string]set // secrets that the caller gives, by name in upper case
	jobs    *fields        // its jobs, for its outputs
	results map[string]*result
	byID    map[string]*run
	alive   bool // of a called workflow: its caller may run
}

// result is what became of a job.
type result struct {
	ran     outcome
	fine    outcome // it and all that it needs have succeeded
	failed  outcome // it, or one that it needs, has failed
	result  set
	outputs *fields
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
	unknown := &result{ran: either(), fine: either(), failed: either(), result: open("needs." + id), outputs: newFields("needs." + id)}
	f.results[id] = unknown // jobs that need each other in a circle
	if depth > maxNeeds || f.sim.fuel < 0 || f.sim.j.w.ended() {
		return unknown
	}
	needs := newFields("")
	i := &instance{frame: f, r: r, steps: newFields(""), failed: outcome{no: true}, in: texts("")}
	fine, failed := outcome{yes: true}, outcome{no: true}
	for _, n := range r.job.ast.Needs {
		needed := f.needed(n.Value, depth)
		needs.put(n.Value, objectOf(newFields("").put("result", needed.result).put("outputs", objectOf(needed.outputs))))
		fine = outcome{fine.yes && needed.fine.yes, fine.no || needed.fine.no}
		failed = outcome{failed.yes || needed.failed.yes, failed.no && needed.failed.no}
	}
	i.needs = needs
	i.status = func(name string) set { return statusOf(name, fine, failed) }
	i.before(r.job.ast)
	ran := i.condition(r.job.ast.If)
	alive := f.caller == nil || f.alive
	i.live = alive && ran.yes
	out := f.rows(i)
	if !ran.yes {
		out = &result{result: texts("skipped"), outputs: newFields(""), fine: outcome{no: true}, failed: outcome{no: true}}
	} else if ran.no {
		out.result = out.result.and(texts("skipped"))
		out.fine.no = true
		for _, name := range out.outputs.names {
			out.outputs.put(name, out.outputs.get(name).and(texts("")))
		}
	}
	out.ran = ran
	out.fine = outcome{out.fine.yes && (fine.yes || len(r.job.ast.Needs) == 0), out.fine.no || fine.no}
	out.failed = outcome{out.failed.yes || failed.yes, out.failed.no && failed.no}
	f.results[id] = out
	return out
}

// before works out what is looked at before a job runs, when variables of its environment are not there yet (R8).
func (i *instance) before(job *actionlint.Job) {
	if job.Strategy != nil && job.Strategy.Matrix != nil {
		i.matrix = newFields("matrix")
	}
	if e := job.Environment; e != nil && e.Name != nil {
		i.in = mapped(i.scalar(e.Name), asTextValue)
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
	return &result{fine: either(), failed: either(), result: open("needs." + id), outputs: newFields("needs." + id)}
}

func statusOf(name string, fine, failed outcome) set {
	switch name {
	case "success":
		return truths(fine.yes, fine.no)
	case "failure":
		return truths(failed.yes, failed.no)
	case "cancelled":
		return truths(true, true)
	}
	return truths(true, false)
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
		own.matrix, own.steps = c, newFields("")
		next := own.row1()
		if out == nil {
			out = next
			continue
		}
		out.result = out.result.and(next.result)
		out.fine = outcome{out.fine.yes && next.fine.yes, out.fine.no || next.fine.no}
		out.failed = outcome{out.failed.yes || next.failed.yes, out.failed.no && next.failed.no}
		for _, name := range next.outputs.names {
			out.outputs.put(name, out.outputs.get(name).and(next.outputs.get(name)))
		}
		if next.outputs.open != "" {
			out.outputs.open = next.outputs.open
		}
	}
	return out
}

// instance is a job as one combination of its matrix has it run.
type instance struct {
	*frame
	r        *run
	live     bool // it may run
	needs    *fields
	matrix   cell // nil without one
	steps    *fields
	env      *environ
	in       set // the environment that it runs in
	status   func(name string) set
	failed   outcome // a step before has failed
	asked    outcome // the last condition, as long as all went well
	action   *document
	actions  int     // how many actions are around
	given    *fields // inputs of the action
	loggedIn string  // what may have left a token for later steps
	changed  string  // what may have changed the environment of later steps in a way that is not known
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
	i.in = texts("")
	if e := job.Environment; e != nil && e.Name != nil {
		v := i.scalar(e.Name)
		i.flow(v.lacks(), false)
		i.in = mapped(withoutLacks(v), asTextValue)
	}
	i.sim.places = append(i.sim.places, inEnvironment{i.r, i.s, i.in, i.live})
	if job.WorkflowCall != nil {
		return i.call(job.WorkflowCall)
	}
	i.env = newEnviron(nil)
	i.addEnv(i.env, i.d.ast.Env, ofWorkflow)
	i.addEnv(i.env, job.Env, ofJob)
	i.containers(job)
	i.failed = outcome{no: true}
	i.status = func(name string) set { return statusOf(name, outcome{i.failed.no, i.failed.yes}, i.failed) }
	for _, s := range i.r.job.steps {
		i.step(s)
	}
	i.settleEnv()
	out := &result{outputs: newFields(""), fine: outcome{i.failed.no, i.failed.yes}, failed: i.failed}
	if out.fine.yes {
		out.result = out.result.and(texts("success"))
	}
	if out.failed.yes {
		out.result = out.result.and(texts("failure", "cancelled"))
	}
	if c := job.ContinueOnError; c != nil && (c.Value || c.Expression != nil) {
		out.result, out.fine.yes = out.result.and(texts("success")), true
	}
	for _, id := range sortedKeys(job.Outputs) {
		v := i.scalar(job.Outputs[id].Value)
		i.flow(v.lacks(), false)
		out.outputs.put(id, i.dropped(v, job.Outputs[id].Value))
	}
	return out
}

// dropped is what is left of a job's output: the runner leaves out one that holds a secret.
func (i *instance) dropped(s set, at *actionlint.String) set {
	var out set
	for _, v := range s {
		if len(v.holds) > 0 {
			v = value{is: text, lacks: v.lacks, drops: &drop{at: i.doc().placeOf(at), secret: v.holds[0], job: i.r}}
		}
		out = out.with(asTextValue(v))
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
			i.flow(v.value.lacks(), false)
		}
	}
}

// uses works out a text that is needed as it is.
func (i *instance) uses(s *actionlint.String) set {
	if s == nil {
		return nil
	}
	v := i.scalar(s)
	i.flow(v.lacks(), false)
	return v
}

// flow notes that what is empty reaches something that needs it.
func (i *instance) flow(lacks []*lack, tolerated bool) {
	if !i.live {
		return
	}
	for _, l := range lacks {
		if tolerated {
			l.tolerated = true
		} else {
			l.flows = true
		}
	}
}

// call simulates the workflow that a job calls.
func (i *instance) call(c *actionlint.WorkflowCall) *result {
	unknown := &result{fine: either(), failed: either(), result: open("needs." + i.r.job.id), outputs: newFields("needs." + i.r.job.id)}
	passed := map[string]set{}
	for _, id := range sortedKeys(c.Secrets) {
		passed[strings.ToUpper(id)] = i.scalar(c.Secrets[id].Value)
	}
	given := newFields("")
	for _, id := range sortedKeys(c.Inputs) {
		given.put(id, i.scalar(c.Inputs[id].Value))
	}
	callee := i.sim.j.w.callee(i.r.job)
	if callee == nil || callee.ast == nil || len(i.r.called) == 0 {
		for _, v := range passed {
			i.flow(v.lacks(), false)
		}
		for _, id := range given.names {
			i.flow(given.get(id).lacks(), false)
		}
		return unknown
	}
	event, _ := callee.ast.FindWorkflowCallEvent()
	inner := &frame{sim: i.sim, d: callee, s: i.s, runs: i.r.called, caller: i, passed: passed, alive: i.live, inputs: newFields("")}
	for _, in := range event.Inputs {
		inner.inputs.put(in.ID, i.inputOf(in, given))
	}
	for name, v := range passed {
		if !slices.ContainsFunc(callee.reads, func(x *read) bool { return x.kind == secret && (x.name == name || x.index != nil || x.whole) }) {
			i.flow(v.lacks(), false)
		}
	}
	for _, name := range given.names {
		if !callee.asks(name) {
			i.flow(given.get(name).lacks(), false)
		}
	}
	inner.walk()
	return inner.joined(event)
}

func (i *instance) inputOf(in *actionlint.WorkflowCallEventInput, given *fields) set {
	if v, there := given.of[in.ID]; there {
		return v
	}
	switch {
	case in.Default == nil && in.Type == actionlint.WorkflowCallEventInputTypeBoolean:
		return truths(false, true)
	case in.Default == nil && in.Type == actionlint.WorkflowCallEventInputTypeNumber:
		return one(numberValue(0))
	case in.Default == nil:
		return texts("")
	case strings.Contains(in.Default.Value, "${{"):
		return open("inputs." + in.ID)
	case in.Type == actionlint.WorkflowCallEventInputTypeBoolean:
		return truths(in.Default.Value == "true", in.Default.Value != "true")
	case in.Type == actionlint.WorkflowCallEventInputTypeNumber:
		return one(numberValue(parseNumber(in.Default.Value)))
	}
	return texts(in.Default.Value)
}

// joined is what became of all the jobs of a called workflow.
func (f *frame) joined(event *actionlint.WorkflowCallEvent) *result {
	out := &result{fine: outcome{yes: true}, failed: outcome{no: true}, outputs: newFields("")}
	for _, r := range f.runs {
		one := f.results[strings.ToLower(r.job.id)]
		out.failed = outcome{out.failed.yes || one.failed.yes, out.failed.no && one.failed.no}
	}
	out.fine = outcome{out.failed.no, out.failed.yes}
	out.result = texts("success")
	if out.failed.yes {
		out.result = texts("success", "failure", "cancelled")
	}
	jobs := newFields("")
	for _, r := range f.runs {
		jobs.put(r.job.id, objectOf(newFields("").put("outputs", objectOf(f.results[strings.ToLower(r.job.id)].outputs))))
	}
	f.jobs = jobs
	i := &instance{frame: f, r: f.runs[0], needs: newFields(""), steps: newFields(""), in: texts("")}
	for _, id := range sortedKeys(event.Outputs) {
		out.outputs.put(id, mapped(i.scalar(event.Outputs[id].Value), asTextValue))
	}
	return out
}

// condition works out an `if`. Without a function of status in it, it holds only while all went well.
func (i *instance) condition(s *actionlint.String) outcome {
	fine := i.status("success")
	i.asked = outcome{yes: true}
	if s == nil || strings.TrimSpace(s.Value) == "" {
		return outcome{fine.mayBe(true), fine.mayBe(false)}
	}
	list := i.expressions(s, true)
	v := i.evaluated(s, list)
	if slices.Contains(v.known(), "false") && v.mayBe(true) && !slices.ContainsFunc(v, func(x value) bool { return x.is == boolean }) {
		i.sim.hollow[s] = true
	}
	out := outcome{v.mayBe(true), v.mayBe(false)}
	if len(v) == 0 {
		out = outcome{no: true}
	}
	i.asked = out
	if !slices.ContainsFunc(list, func(e expression) bool { return e.node != nil && asksStatus(e.node) }) {
		out = outcome{out.yes && fine.mayBe(true), out.no || fine.mayBe(false)}
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

func (i *instance) expressions(s *actionlint.String, condition bool) []expression {
	list, known := i.sim.parsed[s]
	if !known {
		list = expressions(s.Value, condition, nil)
		i.sim.parsed[s] = list
	}
	return list
}

// scalar works out a text with expressions in it.
func (i *instance) scalar(s *actionlint.String) set {
	if !strings.Contains(s.Value, "${{") {
		return one(textValue(s.Value))
	}
	return i.evaluated(s, i.expressions(s, false))
}

func (i *instance) evaluated(s *actionlint.String, list []expression) set {
	e := i.evaluator(s)
	return e.settled(e.scalar(s.Value, list))
}

// settled is a value in the light of what failed.
func (e *evaluator) settled(v set) set {
	if !e.fails || len(e.lost) == 0 && len(v) > 0 {
		return v
	}
	if len(v) == 0 {
		return one(value{is: anything, text: "an expression that fails", lacks: e.lost})
	}
	return carry(v, e.lost, nil)
}

// evaluator works out the expressions of a scalar.
func (i *instance) evaluator(s *actionlint.String) *evaluator {
	e := &evaluator{context: i.context, status: i.status, fuel: &i.sim.fuel}
	d := i.doc()
	e.read = func(of kind, name string, offset int) set { return i.read(d.readAt(s, offset), of, name) }
	e.index = func(_ kind, names set, offset int) {
		if x := d.readAt(s, offset); x != nil && names.undecided() != "" && i.sim.undecided[x] == "" {
			i.sim.undecided[x] = names.undecided()
		}
	}
	if e.status == nil {
		e.status = func(string) set { return truths(true, true) }
	}
	return e
}

// context answers for a context as a whole.
func (i *instance) context(name string) set {
	switch name {
	case "github":
		return objectOf(i.s.github)
	case "inputs":
		if i.given != nil {
			return objectOf(i.given)
		}
		return objectOf(i.frame.inputs)
	case "needs":
		return objectOf(i.needs)
	case "steps":
		return objectOf(i.steps)
	case "jobs":
		if i.jobs != nil {
			return objectOf(i.jobs)
		}
	case "matrix":
		if i.matrix != nil {
			return objectOf(i.matrix)
		}
		return one(value{})
	case "env":
		if i.env != nil {
			return objectOf(i.env.context(i.changed))
		}
	}
	return open(name)
}

// read is the value of a secret or variable.
func (i *instance) read(x *read, of kind, name string) set {
	if of == secret {
		return i.secret(x, name)
	}
	return i.stored(x, of, name)
}

// secret follows a secret through the callers (R9).
func (i *instance) secret(x *read, name string) set {
	if isBuiltInName(name) {
		return one(value{is: opaque, opaque: &opacity{id: "secrets." + name}})
	}
	if i.action != nil {
		return open("secrets")
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
	i.live = live && runs.yes
	tolerated := s.ast.ContinueOnError != nil && (s.ast.ContinueOnError.Value || s.ast.ContinueOnError.Expression != nil)
	if c := s.ast.ContinueOnError; c != nil && c.Expression != nil {
		i.scalar(c.Expression)
	}
	fact := stepFact{i: i, s: s, runs: runs, asked: i.asked, env: env}
	for _, t := range []*actionlint.String{s.ast.Name} {
		if t != nil {
			i.flow(i.scalar(t).lacks(), tolerated)
		}
	}
	var outputs *fields
	switch e := s.ast.Exec.(type) {
	case *actionlint.ExecRun:
		outputs = i.script(s, e, &fact, tolerated)
	case *actionlint.ExecAction:
		outputs = i.useAction(s, e, tolerated)
	default:
		outputs = newFields("a step of an unknown kind")
	}
	if i.sim.onSteps != nil {
		i.sim.onSteps(fact)
	}
	if i.live {
		i.sim.events[s] = union(i.sim.events[s], i.s.events)
	}
	i.finish(s, fact, outputs, tolerated)
	i.env, i.live = outer, live
	if runs.yes {
		i.remember(fact)
		i.exported(fact, outer)
	}
}

// finish notes what became of a step.
func (i *instance) finish(s *step, fact stepFact, outputs *fields, tolerated bool) {
	runs := fact.runs
	ends := fact.known && fact.effect.ends
	var outcomeOf, conclusion set
	if runs.yes && !ends {
		outcomeOf, conclusion = texts("success"), texts("success")
	}
	if runs.yes {
		outcomeOf = outcomeOf.and(texts("failure"))
		if tolerated {
			conclusion = conclusion.and(texts("success"))
		} else {
			conclusion = conclusion.and(texts("failure"))
			i.failed = outcome{true, i.failed.no && (!ends || runs.no)}
		}
	}
	if !runs.yes {
		outputs = newFields("")
	}
	if runs.no {
		outcomeOf, conclusion = outcomeOf.and(texts("skipped")), conclusion.and(texts("skipped"))
		for _, name := range outputs.names {
			outputs.put(name, outputs.get(name).and(texts("")))
		}
	}
	if s.ast.ID != nil {
		i.steps.put(s.ast.ID.Value, objectOf(newFields("").put("outputs", objectOf(outputs)).put("outcome", outcomeOf).put("conclusion", conclusion)))
	}
}

// exported takes over what a step puts into the environment of later ones.
func (i *instance) exported(fact stepFact, outer *environ) {
	e := fact.effect.env
	if e == nil {
		return
	}
	if e.open != "" {
		i.changed = e.open
	}
	for _, name := range e.names {
		v := e.get(name)
		if old := outer.find(name); old != nil && fact.runs.no {
			v = v.and(old.value)
		} else if fact.runs.no {
			v = v.and(texts(""))
		}
		outer.put(&envVar{name: name, value: v, level: ofExport})
	}
}

// useAction is a step that uses an action.
func (i *instance) useAction(s *step, e *actionlint.ExecAction, tolerated bool) *fields {
	given := newFields("")
	for _, id := range sortedKeys(e.Inputs) {
		given.put(id, i.scalar(e.Inputs[id].Value))
	}
	for _, t := range []*actionlint.String{e.Entrypoint, e.Args} {
		if t != nil {
			i.flow(i.scalar(t).lacks(), tolerated)
		}
	}
	if s.local != nil && s.local.isAction && i.actions < maxNested {
		return i.composite(s, given, tolerated)
	}
	for _, id := range given.names {
		i.flow(given.get(id).lacks(), tolerated)
	}
	for _, v := range append(i.inherited(s), i.env.list...) {
		i.flow(v.value.lacks(), tolerated)
	}
	i.see()
	name := ""
	if e.Uses != nil {
		name = e.Uses.Value
	}
	if !setsNothing(name) {
		i.changed = name
	}
	return newFields("the outputs of " + name)
}

// maxNested is GitHub's limit of actions within actions.
const maxNested = 10

// composite simulates the steps of an action of the repository.
func (i *instance) composite(s *step, given *fields, tolerated bool) *fields {
	a := s.local
	key := effectKey{a, i.r, i.s, i.live, tolerated, i.signature(given)}
	if known := i.sim.effects[key]; known != nil {
		i.changed, i.loggedIn = union3(i.changed, known.changed), union3(i.loggedIn, known.loggedIn)
		return known.outputs.copy()
	}
	i.sim.effects[key] = &actionEffect{outputs: newFields("an action that uses itself")}
	inner := *i
	inner.action, inner.actions, inner.steps, inner.given = a, i.actions+1, newFields(""), newFields("")
	inner.status = func(name string) set { return statusOf(name, outcome{inner.failed.no, inner.failed.yes}, inner.failed) }
	inner.failed = outcome{no: true}
	for _, name := range sortedKeys(a.defaults) {
		if v, there := given.of[name]; there {
			inner.given.put(name, mapped(v, asTextValue))
		} else if d := a.defaults[name]; d != nil {
			inner.given.put(name, mapped(inner.scalar(d), asTextValue))
		} else {
			inner.given.put(name, texts(""))
		}
	}
	for _, name := range given.names {
		if !a.asks(name) {
			i.flow(given.get(name).lacks(), tolerated) // whatever takes it does so in a way that is not seen
		}
	}
	for _, x := range a.jobs[0].steps {
		inner.step(x)
	}
	i.see()
	i.changed, i.loggedIn = inner.changed, inner.loggedIn
	out := newFields("")
	for _, name := range sortedKeys(a.outputs) {
		out.put(name, mapped(inner.scalar(a.outputs[name]), asTextValue))
	}
	i.sim.effects[key] = &actionEffect{out.copy(), inner.changed, inner.loggedIn}
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
	outputs           *fields
	changed, loggedIn string
}

// signature tells what an action is given apart.
func (i *instance) signature(given *fields) string {
	var b strings.Builder
	for _, name := range given.names {
		fmt.Fprintf(&b, "%s=", name)
		for _, v := range given.get(name) {
			fmt.Fprintf(&b, "%d%v%v%q%p%p%v|", v.is, v.truth, v.number, v.text, v.fields, v.opaque, v.lacks)
		}
	}
	for _, v := range i.env.list {
		fmt.Fprintf(&b, "%p", v)
	}
	fmt.Fprintf(&b, "%p %d", i.env.job, len(i.env.job.list))
	return b.String()
}
