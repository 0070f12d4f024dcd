package source

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rhysd/actionlint"

	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/core/script"
	"github.com/gh-hex/gh-hex/extension/abstract"
	"github.com/gh-hex/gh-hex/extension/vendors"
)

// visitor walks a workflow and collects reads and faulty expressions.
type visitor struct {
	doc  *Document
	job  *Job
	step *Step
	// inside tells that the environment is that of a container or service.
	inside bool
}

func (d *Document) visit() {
	v := visitor{doc: d}
	w := d.AST
	v.scalar(w.Name, site{What: "name"})
	v.scalar(w.RunName, site{What: "run-name", Early: true})
	v.env(w.Env)
	v.defaults(w.Defaults)
	v.concurrency(w.Concurrency)
	for _, e := range w.On {
		v.event(e)
	}
	for _, ast := range w.Jobs {
		d.Jobs = append(d.Jobs, &Job{Doc: d, ID: ast.ID.Value, AST: ast})
	}
	sort.Slice(d.Jobs, func(i, j int) bool { return d.Jobs[i].AST.Pos.IsBefore(d.Jobs[j].AST.Pos) })
	for _, j := range d.Jobs {
		visitor{doc: d, job: j}.visitJob(j.AST)
	}
}

func (v visitor) event(e actionlint.Event) {
	call, ok := e.(*actionlint.WorkflowCallEvent)
	if !ok {
		return
	}
	for _, in := range call.Inputs {
		v.scalar(in.Default, site{What: "default of input " + in.Name.Value, Early: true})
	}
	for _, out := range call.Outputs {
		v.scalar(out.Value, site{What: "output " + out.Name.Value, Early: true})
	}
}

func (v visitor) visitJob(j *actionlint.Job) {
	v.scalar(j.Name, site{What: "name", Early: true})
	v.scalar(j.If, site{What: "if", Early: true, Ifs: true})
	v.runner(j.RunsOn)
	v.environment(j.Environment)
	v.concurrency(j.Concurrency)
	for _, o := range j.Outputs {
		v.scalar(o.Value, site{What: "output " + o.Name.Value, Secrets: true})
	}
	v.env(j.Env)
	v.defaults(j.Defaults)
	v.number(j.TimeoutMinutes, site{What: "timeout-minutes", Early: true})
	v.flag(j.ContinueOnError, site{What: "continue-on-error", Early: true})
	v.strategy(j.Strategy)
	v.container(j.Container, "container")
	if s := j.Services; s != nil {
		v.scalar(s.Expression, site{What: "services"})
		for id, service := range s.Value {
			v.container(service.Container, "service "+id)
		}
	}
	if j.Snapshot != nil {
		v.scalar(j.Snapshot.If, site{What: "if of snapshot", Early: true, Ifs: true})
	}
	v.call(j.WorkflowCall)
	for i, s := range j.Steps {
		v.addStep(s, i)
	}
}

func (v visitor) addStep(s *actionlint.Step, index int) {
	v.step = &Step{AST: s, Label: stepLabel(s, index)}
	v.job.Steps = append(v.job.Steps, v.step)
	v.step.Script = v.readScript(s)
	v.visitStep(s)
}

func (v visitor) runner(r *actionlint.Runner) {
	if r == nil {
		return
	}
	at := site{What: "runs-on", Early: true}
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
	v.scalar(e.Name, site{What: "environment", Early: true})
	v.scalar(e.URL, site{What: "url of environment"})
}

func (v visitor) concurrency(c *actionlint.Concurrency) {
	if c == nil {
		return
	}
	v.scalar(c.Group, site{What: "concurrency", Early: true})
	v.flag(c.CancelInProgress, site{What: "concurrency", Early: true})
}

func (v visitor) defaults(d *actionlint.Defaults) {
	if d == nil || d.Run == nil {
		return
	}
	v.scalar(d.Run.Shell, site{What: "defaults"})
	v.scalar(d.Run.WorkingDirectory, site{What: "defaults"})
}

func (v visitor) strategy(s *actionlint.Strategy) {
	if s == nil {
		return
	}
	at := site{What: "strategy", Early: true}
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
		v.doc.Raw[r] = &actionlint.String{Value: r.Value, Pos: r.Pos()}
		v.scalar(v.doc.Raw[r], at)
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

func (v visitor) container(c *actionlint.Container, what string) {
	if c == nil {
		return
	}
	v.scalar(c.Image, site{What: "image of " + what, Early: true})
	if c.Credentials != nil {
		for _, s := range []*actionlint.String{c.Credentials.Username, c.Credentials.Password, c.Credentials.Expression} {
			v.scalar(s, site{What: "credentials of " + what, Secrets: true})
		}
	}
	inside := v
	inside.inside = true
	inside.env(c.Env)
	v.scalar(c.Options, site{What: "options of " + what, Early: true})
	for _, s := range c.Ports { // the parser keeps volumes there too
		v.scalar(s, site{What: what, Early: true})
	}
}

func (v visitor) call(c *actionlint.WorkflowCall) {
	if c == nil {
		return
	}
	v.scalar(c.Uses, site{What: "uses"})
	for _, in := range c.Inputs {
		v.scalar(in.Value, site{What: "with " + in.Name.Value, Early: true})
	}
	for id, s := range c.Secrets {
		v.scalar(s.Value, site{What: "secrets " + s.Name.Value, Secrets: true, Early: true, Passes: strings.ToUpper(id)})
	}
}

func (v visitor) env(e *actionlint.Env) {
	if e == nil {
		return
	}
	v.scalar(e.Expression, site{What: "env", Secrets: true})
	for _, x := range e.Vars {
		v.scalar(x.Value, site{What: "env " + x.Name.Value, Secrets: true, Env: x.Name.Value})
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
	return strconv.Itoa(index + 1)
}

func (v visitor) visitStep(s *actionlint.Step) {
	v.scalar(s.If, site{What: "if", Ifs: true})
	v.scalar(s.Name, site{What: "name", Secrets: true})
	v.env(s.Env)
	v.flag(s.ContinueOnError, site{What: "continue-on-error", Secrets: true})
	v.number(s.TimeoutMinutes, site{What: "timeout-minutes", Secrets: true})
	switch e := s.Exec.(type) {
	case *actionlint.ExecRun:
		v.scalar(e.Run, site{What: "run", Secrets: true})
		v.scalar(e.WorkingDirectory, site{What: "working-directory", Secrets: true})
		v.scalar(e.Shell, site{What: "shell"})
	case *actionlint.ExecAction:
		v.scalar(e.Uses, site{What: "uses"})
		for _, in := range e.Inputs {
			v.scalar(in.Value, site{What: "with " + in.Name.Value, Secrets: true})
		}
		v.scalar(e.Entrypoint, site{What: "with entrypoint", Secrets: true})
		v.scalar(e.Args, site{What: "with args", Secrets: true})
	}
}

// maxText is how long a text with expressions may be, in characters. GitHub counts an expression a little shorter, by the
// blanks in it.
const maxText = 21_000

// scalar collects what the expressions of a scalar read.
func (v visitor) scalar(s *actionlint.String, at site) {
	if s == nil || !at.Ifs && !strings.Contains(s.Value, "${{") {
		return
	}
	list := abstract.Expressions(s.Value, at.Ifs, v.doc.expressions)
	var found []*Read
	var offsets []int
	for _, e := range list {
		if e.Problem != "" {
			continue
		}
		finder{found: func(r Read, offset int) {
			own := at
			if at.What == "run" {
				own.Env = vendors.AssignedTo(s.Value[:max(e.At-len("${{"), 0)])
			}
			found = append(found, v.complete(r, own))
			offsets = append(offsets, e.At+offset)
		}}.walk(e.Node)
		v.note(e.Node, at)
	}
	v.refuse(s, list, at)
	v.keep(s, found, offsets)
}

// refuse says what GitHub refuses about the expressions of a scalar.
func (v visitor) refuse(s *actionlint.String, list []abstract.Expression, at site) {
	var offsets []int
	var problems []string
	add := func(offset int, problem string) {
		offsets, problems = append(offsets, offset), append(problems, problem)
	}
	if len(list) > 0 && utf8.RuneCountInString(s.Value) > maxText+10*len(list) {
		add(list[0].At-len("${{"), v.where(at)+" is longer than the 21,000 characters that GitHub accepts with an expression in it; pass values by env")
	}
	scope, scoped := v.scope(at)
	for _, e := range list {
		switch {
		case e.Problem != "":
			add(e.Where, e.Problem)
		case scoped:
			for _, m := range scope.Misnomers(e.Node) {
				add(e.At+m.Offset, fmt.Sprintf("in %s: %s", v.where(at), m.Message))
			}
		}
	}
	if len(offsets) == 0 {
		return
	}
	for i, p := range v.doc.Src.Places(s, offsets) {
		v.doc.fault(p, check.SeverityError, "expression: "+problems[i])
	}
}

// note keeps what an expression reads of the contexts that tell runs apart, where it may decide who gets what, the inputs
// that it reads and the branches that it names.
func (v visitor) note(node actionlint.ExprNode, at site) {
	paths := abstract.PathsIn(node, "github", "inputs", "matrix")
	for _, p := range paths {
		if p[0] == "inputs" {
			v.doc.inputs[p[1]] = true
		}
	}
	if slices.ContainsFunc(paths, func(p []string) bool {
		return p[0] == "github" && (p[1] == "ref_name" || strings.HasSuffix(p[len(p)-1], "ref"))
	}) {
		v.doc.branches = moreBranches(v.doc.branches, abstract.BranchesIn(node))
	}
	if !v.decides(at) && abstract.OnlyReads(node, "github", "matrix", "runner", "job", "strategy") {
		return
	}
	for _, p := range paths {
		v.doc.paths[strings.Join(p, ".")] = p
	}
	switch {
	case v.job == nil:
		v.doc.shared = distinct(v.doc.shared, paths)
	case v.step != nil || !at.Ifs: // a job's own condition is worked out for each scenario
		v.job.paths = distinct(v.job.paths, paths)
		v.job.needs = v.job.needs || !abstract.OnlyReads(node, "github", "matrix", "runner", "job", "strategy", "inputs", "secrets", "vars", "env", "steps")
	}
}

// distinct adds the paths that a list lacks, as long as they are few.
func distinct(list, more [][]string) [][]string {
	for _, p := range more {
		if len(list) <= maxDistinctions && !slices.ContainsFunc(list, func(q []string) bool { return slices.Equal(p, q) }) {
			list = append(list, p)
		}
	}
	return list
}

// decides tells whether the value of what stands at a place may decide anything. What names something, chooses a runner
// or is handed to the action of somebody else does not.
func (v visitor) decides(at site) bool {
	switch at.What {
	case "name", "run-name", "runs-on", "concurrency", "timeout-minutes", "continue-on-error", "url of environment", "working-directory", "shell", "uses", "defaults":
		return false
	case "run":
		return v.step.Script.Parsed != nil && v.step.Script.Parsed.File != nil
	}
	if v.step == nil || !strings.HasPrefix(at.What, "with ") {
		return true
	}
	a, ok := v.step.AST.Exec.(*actionlint.ExecAction)
	return !ok || a.Uses == nil || strings.HasPrefix(a.Uses.Value, ".")
}

// where names a place, for people.
func (v visitor) where(at site) string {
	switch {
	case v.step != nil:
		return fmt.Sprintf("%s of step %s", at.What, v.step.Label)
	case v.job != nil:
		return fmt.Sprintf("%s of job %s", at.What, v.job.ID)
	}
	return at.What
}

func (v visitor) complete(r Read, at site) *Read {
	r.doc, r.Job, r.Step, r.Site = v.doc, v.job, v.step, at
	if r.Group != nil {
		r.Group.reads = append(r.Group.reads, &r)
	}
	return &r
}

func (v visitor) keep(s *actionlint.String, found []*Read, offsets []int) {
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
	for i, p := range v.doc.Src.Places(s, offsets) {
		r := found[order[i]]
		places[i] = located{offsets[i], r}
		r.Place = p
		r.Place.File = v.doc.Path
		v.doc.Reads = append(v.doc.Reads, r)
		if v.job != nil {
			v.job.Reads = append(v.job.Reads, r)
		}
	}
}

// maxScripts is how much of the scripts of one file is read command by command, in bytes; what is beyond is judged by the
// hosts that it names.
const maxScripts = 256 << 10

// readScript reads the script of a step.
func (v visitor) readScript(s *actionlint.Step) vendors.Script {
	e, ok := s.Exec.(*actionlint.ExecRun)
	if !ok || e.Run == nil {
		return vendors.Script{}
	}
	language := v.language(e)
	if !vendors.MayMatter(e.Run.Value) {
		return vendors.Script{Language: language}
	}
	if v.doc.scripts += min(len(e.Run.Value), script.MaxLength); v.doc.scripts > maxScripts {
		out := vendors.JudgeScript(e.Run.Value, script.Unknown)
		out.Beyond = true
		return out
	}
	return vendors.JudgeScript(e.Run.Value, language)
}

// language is what a step's script is written in.
func (v visitor) language(e *actionlint.ExecRun) script.Language {
	defaults := []*actionlint.Defaults{v.job.AST.Defaults}
	if v.doc.AST != nil {
		defaults = append(defaults, v.doc.AST.Defaults)
	}
	shells := []*actionlint.String{e.Shell}
	for _, d := range defaults {
		if d != nil && d.Run != nil {
			shells = append(shells, d.Run.Shell)
		}
	}
	for _, shell := range shells {
		if shell != nil && shell.Value != "" {
			return script.LanguageOf(shell.Value)
		}
	}
	if onWindows(v.job.AST.RunsOn) {
		return script.PowerShell
	}
	return script.Bash
}

func onWindows(r *actionlint.Runner) bool {
	return r != nil && slices.ContainsFunc(r.Labels, func(label *actionlint.String) bool {
		return strings.HasPrefix(strings.ToLower(label.Value), "windows")
	})
}
