package workflow

import "github.com/gh-hex/gh-hex/extension/abstract"

import (
	"fmt"
	"sort"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/gh-hex/gh-hex/core/check"
)

// visitor walks a workflow and collects reads and faulty expressions.
type visitor struct {
	doc  *document
	job  *job
	step *step
	// container tells that the environment is that of a container or service.
	container bool
}

func (d *document) visit() {
	v := visitor{doc: d}
	w := d.ast
	v.scalar(w.Name, site{what: "name"})
	v.scalar(w.RunName, site{what: "run-name", early: true})
	v.env(w.Env)
	v.defaults(w.Defaults)
	v.concurrency(w.Concurrency)
	for _, e := range w.On {
		v.event(e)
	}
	for _, ast := range w.Jobs {
		d.jobs = append(d.jobs, &job{doc: d, id: ast.ID.Value, ast: ast})
	}
	sort.Slice(d.jobs, func(i, j int) bool { return d.jobs[i].ast.Pos.IsBefore(d.jobs[j].ast.Pos) })
	for _, j := range d.jobs {
		d.byID[strings.ToLower(j.id)] = j
		visitor{doc: d, job: j}.visitJob(j.ast)
	}
}

func (v visitor) event(e actionlint.Event) {
	call, ok := e.(*actionlint.WorkflowCallEvent)
	if !ok {
		return
	}
	for _, in := range call.Inputs {
		v.scalar(in.Default, site{what: "default of input " + in.Name.Value, early: true})
	}
	for _, out := range call.Outputs {
		v.scalar(out.Value, site{what: "output " + out.Name.Value, early: true})
	}
}

func (v visitor) visitJob(j *actionlint.Job) {
	v.scalar(j.Name, site{what: "name", early: true})
	v.scalar(j.If, site{what: "if", early: true, ifs: true})
	v.runner(j.RunsOn)
	v.environment(j.Environment)
	v.concurrency(j.Concurrency)
	for _, o := range j.Outputs {
		v.scalar(o.Value, site{what: "output " + o.Name.Value, secrets: true})
	}
	v.env(j.Env)
	v.defaults(j.Defaults)
	v.number(j.TimeoutMinutes, site{what: "timeout-minutes", early: true})
	v.flag(j.ContinueOnError, site{what: "continue-on-error", early: true})
	v.strategy(j.Strategy)
	v.image(j.Container, "container")
	if s := j.Services; s != nil {
		v.scalar(s.Expression, site{what: "services"})
		for id, service := range s.Value {
			v.image(service.Container, "service "+id)
		}
	}
	if j.Snapshot != nil {
		v.scalar(j.Snapshot.If, site{what: "if of snapshot", early: true, ifs: true})
	}
	v.call(j.WorkflowCall)
	for i, s := range j.Steps {
		v.addStep(s, i)
	}
}

func (v visitor) addStep(s *actionlint.Step, index int) {
	v.step = &step{ast: s, label: stepLabel(s, index)}
	v.job.steps = append(v.job.steps, v.step)
	v.step.script = v.readScript(s)
	v.visitStep(s)
}

func (v visitor) runner(r *actionlint.Runner) {
	if r == nil {
		return
	}
	at := site{what: "runs-on", early: true}
	v.scalar(r.LabelsExpr, at)
	v.scalar(r.Group, at)
	for _, l := range r.Labels {
		v.scalar(l, at)
	}
}

func (v visitor) environment(e *actionlint.Environment) {
	if e == nil {
		return
	}
	v.scalar(e.Name, site{what: "environment", early: true})
	v.scalar(e.URL, site{what: "url of environment"})
}

func (v visitor) concurrency(c *actionlint.Concurrency) {
	if c == nil {
		return
	}
	v.scalar(c.Group, site{what: "concurrency", early: true})
	v.flag(c.CancelInProgress, site{what: "concurrency", early: true})
}

func (v visitor) defaults(d *actionlint.Defaults) {
	if d == nil || d.Run == nil {
		return
	}
	v.scalar(d.Run.Shell, site{what: "defaults"})
	v.scalar(d.Run.WorkingDirectory, site{what: "defaults"})
}

func (v visitor) strategy(s *actionlint.Strategy) {
	if s == nil {
		return
	}
	at := site{what: "strategy", early: true}
	v.flag(s.FailFast, at)
	if s.MaxParallel != nil {
		v.scalar(s.MaxParallel.Expression, at)
	}
	if s.Matrix != nil {
		v.matrix(s.Matrix, at)
	}
}

func (v visitor) matrix(m *actionlint.Matrix, at site) {
	v.scalar(m.Expression, at)
	for _, row := range m.Rows {
		v.scalar(row.Expression, at)
		for _, value := range row.Values {
			v.raw(value, at)
		}
	}
	for _, combinations := range []*actionlint.MatrixCombinations{m.Include, m.Exclude} {
		if combinations == nil {
			continue
		}
		v.scalar(combinations.Expression, at)
		for _, c := range combinations.Combinations {
			v.scalar(c.Expression, at)
			for _, a := range c.Assigns {
				v.raw(a.Value, at)
			}
		}
	}
}

func (v visitor) raw(value actionlint.RawYAMLValue, at site) {
	switch r := value.(type) {
	case *actionlint.RawYAMLString:
		v.doc.raw[r] = &actionlint.String{Value: r.Value, Pos: r.Pos()}
		v.scalar(v.doc.raw[r], at)
	case *actionlint.RawYAMLArray:
		for _, e := range r.Elems {
			v.raw(e, at)
		}
	case *actionlint.RawYAMLObject:
		for _, p := range r.Props {
			v.raw(p, at)
		}
	}
}

func (v visitor) image(c *actionlint.Container, what string) {
	if c == nil {
		return
	}
	v.scalar(c.Image, site{what: "image of " + what, early: true})
	if c.Credentials != nil {
		for _, s := range []*actionlint.String{c.Credentials.Username, c.Credentials.Password, c.Credentials.Expression} {
			v.scalar(s, site{what: "credentials of " + what, secrets: true})
		}
	}
	inside := v
	inside.container = true
	inside.env(c.Env)
	v.scalar(c.Options, site{what: "options of " + what, early: true})
	for _, s := range c.Ports { // the parser keeps volumes there too
		v.scalar(s, site{what: what, early: true})
	}
}

func (v visitor) call(c *actionlint.WorkflowCall) {
	if c == nil {
		return
	}
	v.scalar(c.Uses, site{what: "uses"})
	for _, in := range c.Inputs {
		v.scalar(in.Value, site{what: "with " + in.Name.Value, early: true})
	}
	for id, s := range c.Secrets {
		v.scalar(s.Value, site{what: "secrets " + s.Name.Value, secrets: true, early: true, passes: strings.ToUpper(id)})
	}
}

func (v visitor) env(e *actionlint.Env) {
	if e == nil {
		return
	}
	v.scalar(e.Expression, site{what: "env", secrets: true})
	for _, x := range e.Vars {
		v.scalar(x.Value, site{what: "env " + x.Name.Value, secrets: true, env: x.Name.Value})
	}
}

func (v visitor) flag(b *actionlint.Bool, at site) {
	if b != nil {
		v.scalar(b.Expression, at)
	}
}

func (v visitor) number(f *actionlint.Float, at site) {
	if f != nil {
		v.scalar(f.Expression, at)
	}
}

func stepLabel(s *actionlint.Step, index int) string {
	switch {
	case s.Name != nil && s.Name.Value != "":
		return s.Name.Value
	case s.ID != nil && s.ID.Value != "":
		return s.ID.Value
	}
	return fmt.Sprintf("%d", index+1)
}

func (v visitor) visitStep(s *actionlint.Step) {
	v.scalar(s.If, site{what: "if", ifs: true})
	v.scalar(s.Name, site{what: "name", secrets: true})
	v.env(s.Env)
	v.flag(s.ContinueOnError, site{what: "continue-on-error", secrets: true})
	v.number(s.TimeoutMinutes, site{what: "timeout-minutes", secrets: true})
	switch e := s.Exec.(type) {
	case *actionlint.ExecRun:
		v.scalar(e.Run, site{what: "run", secrets: true})
		v.scalar(e.WorkingDirectory, site{what: "working-directory", secrets: true})
		v.scalar(e.Shell, site{what: "shell"})
	case *actionlint.ExecAction:
		v.scalar(e.Uses, site{what: "uses"})
		for _, in := range e.Inputs {
			v.scalar(in.Value, site{what: "with " + in.Name.Value, secrets: true})
		}
		v.scalar(e.Entrypoint, site{what: "with entrypoint", secrets: true})
		v.scalar(e.Args, site{what: "with args", secrets: true})
	}
}

// scalar collects what the expressions of a scalar read.
func (v visitor) scalar(s *actionlint.String, at site) {
	if s == nil || !at.ifs && !strings.Contains(s.Value, "${{") {
		return
	}
	list := abstract.Expressions(s.Value, at.ifs, v.doc.known)
	scope, scoped := v.scope(at)
	var found []*read
	var offsets, faulty []int
	var problems []string
	for _, e := range list {
		if e.Problem != "" {
			faulty, problems = append(faulty, e.Where), append(problems, e.Problem)
			continue
		}
		newFinder(func(r read, offset int) {
			own := at
			if at.what == "run" {
				own.env = assignedTo(s.Value[:max(e.At-len("${{"), 0)])
			}
			found = append(found, v.complete(r, own))
			offsets = append(offsets, e.At+offset)
		}).walk(e.Node)
		v.doc.note(e.Node)
		if scoped {
			for _, m := range scope.Misnomers(e.Node) {
				faulty, problems = append(faulty, e.At+m.Offset), append(problems, fmt.Sprintf("in %s: %s", v.where(at), m.Message))
			}
		}
	}
	if len(faulty) > 0 {
		for i, p := range v.doc.src.places(s, faulty) {
			v.doc.fault(p, check.SeverityError, "expression: "+problems[i])
		}
	}
	v.keep(s, found, offsets)
}

// where names a place, for people.
func (v visitor) where(at site) string {
	switch {
	case v.step != nil:
		return fmt.Sprintf("%s of step %s", at.what, v.step.label)
	case v.job != nil:
		return fmt.Sprintf("%s of job %s", at.what, v.job.id)
	}
	return at.what
}

// assignedTo is the variable of Hex's that a script gives the value to which follows: HEX_API_TOKEN="…; empty when it is none.
func assignedTo(script string) string {
	script = strings.TrimRight(script, `"'`)
	name, assigns := strings.CutSuffix(script, "=")
	if !assigns {
		return ""
	}
	name = name[strings.LastIndexFunc(name, func(r rune) bool { return r != '_' && !abstract.IsAlphanumeric(r) })+1:]
	if !isSecretName(name) && !isVariableName(name) {
		return ""
	}
	return name
}

func (v visitor) complete(r read, at site) *read {
	r.doc, r.job, r.step, r.site = v.doc, v.job, v.step, at
	if r.group != nil {
		r.group.reads = append(r.group.reads, &r)
	}
	return &r
}

func (v visitor) keep(s *actionlint.String, found []*read, offsets []int) {
	if len(found) == 0 {
		return
	}
	order := make([]int, len(found))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(i, j int) bool { return offsets[order[i]] < offsets[order[j]] })
	sort.Ints(offsets)
	places := make([]located, len(found))
	v.doc.located[s] = places
	for i, p := range v.doc.src.places(s, offsets) {
		r := found[order[i]]
		places[i] = located{offsets[i], r}
		r.place = p
		r.place.File = v.doc.path
		v.doc.reads = append(v.doc.reads, r)
		if v.job != nil {
			v.job.reads = append(v.job.reads, r)
		}
	}
}
