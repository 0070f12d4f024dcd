package simulate

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/gh-hex/gh-hex/core/script"
	"github.com/gh-hex/gh-hex/extension/abstract"
	"github.com/gh-hex/gh-hex/extension/source"
	"github.com/gh-hex/gh-hex/extension/vendors"
)

// envLevel is where an environment variable comes from.
type envLevel uint8

const (
	ofWorkflow envLevel = iota
	ofJob
	ofStep
	ofExport // GITHUB_ENV of an earlier step
)

// EnvVar is an environment variable that a step sees.
type EnvVar struct {
	Name  string
	Value abstract.Set
	level envLevel
	Text  *actionlint.String
	Doc   *source.Document
}

// environ is what a step sees in its environment: variables of its own, and those of its job behind them.
type environ struct {
	Job  *environ
	vars map[string]*EnvVar
	List []*EnvVar
	lack []*EnvVar // those that are empty of something
	open string    // what decides further variables
	seen bool      // of a job's: a step runs that may read them
}

func newEnviron(job *environ) *environ { return &environ{Job: job} }

func (e *environ) Find(name string) *EnvVar {
	if v := e.named(strings.ToLower(name)); v != nil && v.Name == name {
		return v
	}
	return nil
}

// named finds a variable as expressions do: the case of its name, given in lower case, does not matter.
func (e *environ) named(key string) *EnvVar {
	for ; e != nil; e = e.Job {
		if v := e.vars[key]; v != nil {
			return v
		}
	}
	return nil
}

func (e *environ) put(v *EnvVar) {
	key := strings.ToLower(v.Name)
	if old := e.vars[key]; old == nil {
		e.List = append(e.List, v)
	} else {
		e.List[slices.Index(e.List, old)] = v
		e.lack = slices.DeleteFunc(e.lack, func(l *EnvVar) bool { return l == old })
	}
	if len(v.Value.Lacks()) > 0 {
		e.lack = append(e.lack, v)
	}
	if e.vars == nil {
		e.vars = map[string]*EnvVar{}
	}
	e.vars[key] = v
}

// Member finds a variable as a member of the context env.
func (e *environ) Member(key string) (abstract.Set, bool) {
	if v := e.named(key); v != nil {
		return abstract.Mapped(v.Value, abstract.AsTextValue), true
	}
	return nil, false
}

// Each yields the variables, those of the job that the step has its own for left out.
func (e *environ) Each(yield func(name string, s abstract.Set)) {
	for at := e; at != nil; at = at.Job {
		for _, v := range at.List {
			if e.Find(v.Name) == v {
				yield(v.Name, abstract.Mapped(v.Value, abstract.AsTextValue))
			}
		}
	}
}

// context is the context env; further names may be set by what is changed.
func (e *environ) context(changed string) *abstract.Fields {
	return &abstract.Fields{Env: e, Open: changed + e.opened()}
}

func (e *environ) opened() string {
	if e.Job != nil {
		return e.open + e.Job.open
	}
	return e.open
}

// addEnv evaluates variables as they are written.
func (i *instance) addEnv(into *environ, e *actionlint.Env, level envLevel) {
	if e == nil {
		return
	}
	if e.Expression != nil && len(e.Vars) == 0 {
		v := i.Scalar(e.Expression)
		i.flow(v.Lacks(), false)
		into.open = "an environment that is one expression"
		return
	}
	for _, key := range slices.Sorted(maps.Keys(e.Vars)) {
		x := e.Vars[key]
		into.put(&EnvVar{Name: x.Name.Value, Value: i.Scalar(x.Value), level: level, Text: x.Value, Doc: i.Doc()})
	}
}

// usage is which variables the steps of a job, or of all jobs of a file, use openly.
type usage struct {
	names   map[string]bool
	hex, pm bool
}

func (sim *Simulation) usageOf(owner any, jobs ...*source.Job) *usage {
	u := sim.used[owner]
	if u != nil {
		return u
	}
	u = &usage{names: map[string]bool{}}
	sim.used[owner] = u
	actions := map[*source.Document]bool{nil: true}
	for len(jobs) > 0 {
		j := jobs[0]
		jobs = jobs[1:]
		for _, s := range j.Steps {
			s.EachName(func(name string) { u.names[name] = true })
			u.hex, u.pm = u.hex || s.Marks.Has(vendors.Hex), u.pm || s.Marks.Has(vendors.Packages)
			if !actions[s.Local] {
				actions[s.Local] = true
				jobs = append(slices.Clip(jobs), s.Local.Jobs...)
			}
		}
	}
	return u
}

func (u *usage) has(name string) bool {
	return u.names[name] || u.hex && vendors.HexReads(name) || u.pm && vendors.PackagesRead(name)
}

// usedOpenly tells whether a step that shares a variable of a job, or of a file, uses it openly.
func (sim *Simulation) usedOpenly(j *source.Job, v *EnvVar) bool {
	if v.level == ofWorkflow {
		return sim.usageOf(j.Doc, j.Doc.Jobs...).has(v.Name)
	}
	return sim.usageOf(j, j).has(v.Name)
}

// see notes that a step runs which may read the environment of its job.
func (i *instance) see() {
	if i.Live {
		i.env.Job.seen = true
	}
}

// settleEnv lets flow what the job's own variables are empty of: into the steps that use them or, where none does so
// openly, into any that runs.
func (i *instance) settleEnv() {
	for _, v := range i.env.List {
		if !i.env.seen || v.level == ofExport {
			continue
		}
		if lacks := v.Value.Lacks(); len(lacks) > 0 && !i.sim.usedOpenly(i.R.Job, v) {
			i.flow(lacks, false)
		}
		if i.sim.watch.Shared != nil {
			i.sim.watch.Shared(StepFact{I: i, Env: i.env}, v)
		}
	}
}

// settleStep is settleEnv for the variables that a step gives an action of the repository.
func (i *instance) settleStep(a *source.Document, tolerated bool) {
	used := i.sim.usageOf(a, a.Jobs...)
	for _, v := range i.env.List {
		if !used.has(v.Name) {
			i.flow(v.Value.Lacks(), tolerated)
		}
	}
}

// inherited are the variables of the job that a step uses openly, as far as they are empty of something.
func (i *instance) inherited(s *source.Step) []*EnvVar {
	var out []*EnvVar
	for e := i.env.Job; e != nil; e = e.Job {
		i.sim.fuel -= len(e.lack)
		for _, v := range e.lack {
			if i.env.vars[strings.ToLower(v.Name)] == nil && i.env.Job.Find(v.Name) == v {
				out = append(out, v)
			}
		}
	}
	const few = 8
	if len(out) <= few {
		return slices.DeleteFunc(out, func(v *EnvVar) bool { return !s.Explicit(v.Name) })
	}
	names := map[string]bool{}
	s.EachName(func(name string) { names[name] = true })
	return slices.DeleteFunc(out, func(v *EnvVar) bool {
		return !names[v.Name] && (s.Marks == 0 || !vendors.HexReads(v.Name) && !vendors.PackagesRead(v.Name) || !s.Explicit(v.Name))
	})
}

// script is a step that runs one.
func (i *instance) script(s *source.Step, e *actionlint.ExecRun, fact *StepFact, tolerated bool) *abstract.Fields {
	i.hands(e.WorkingDirectory, tolerated)
	language := s.Script.Language
	list := i.expressions(e.Run, false)
	shell := language == script.Bash || language == script.POSIX
	followed := shell && s.Script.Parsed != nil && i.follow(s, e.Run, list, fact, tolerated)
	fact.known = followed || shell && s.Script.Parsed == nil
	if !followed {
		fact.effect = abstract.Effect{External: true, Outputs: abstract.NewFields("the outputs of a script"), Env: abstract.NewFields("")}
		if !fact.known && strings.Contains(e.Run.Value, "GITHUB_ENV") {
			fact.effect.Env.Open = "GITHUB_ENV"
		}
		i.flow(i.evaluated(e.Run, list).Lacks(), tolerated)
	}
	for _, v := range append(i.inherited(s), i.env.List...) {
		if lacks := v.Value.Lacks(); len(lacks) > 0 && i.reaches(s, e.Run.Value, v, fact) {
			i.flow(lacks, tolerated)
		}
	}
	if fact.effect.External {
		i.see()
	}
	return fact.effect.Outputs
}

// reaches tells whether a script that runs may need a variable that is empty, beyond the commands that name it: a program
// that it runs may read it by itself. One that the script tests for is provided for, unless its tools are known to read it.
func (i *instance) reaches(s *source.Step, text string, v *EnvVar, fact *StepFact) bool {
	switch {
	case !fact.known:
		return s.Script.Language != script.PowerShell || !leavesWithout(text, v.Name)
	case !fact.effect.External:
		return false
	}
	tested := slices.ContainsFunc(v.Value.Lacks(), func(l any) bool { return slices.Contains(fact.effect.Tested, l) })
	return !tested || vendors.HexReads(v.Name) || vendors.PackagesRead(v.Name)
}

// leavesWithout tells a script of PowerShell that ends well where a variable is empty.
func leavesWithout(text, name string) bool {
	lower := strings.ToLower(text)
	variable := "$env:" + strings.ToLower(name)
	for line := range strings.Lines(lower) {
		_, rest, found := strings.Cut(line, "if")
		if !found || !strings.Contains(rest, variable) {
			continue
		}
		empty := strings.Contains(rest, "-not "+variable) || strings.Contains(rest, "!"+variable) || strings.Contains(rest, "isnullor") ||
			strings.Contains(rest, "-eq ''") || strings.Contains(rest, `-eq ""`) || strings.Contains(rest, "-eq $null")
		_, after, _ := strings.Cut(lower, line)
		body, _, _ := strings.Cut(rest+after, "}")
		if empty && (strings.Contains(body, "exit 0") || strings.Contains(body, "return") || strings.HasSuffix(strings.TrimSpace(body), "exit")) {
			return true
		}
	}
	return false
}

// follow works out what a shell script does with the values that it is given; false where that cannot be told.
func (i *instance) follow(s *source.Step, run *actionlint.String, list []abstract.Expression, fact *StepFact, tolerated bool) bool {
	parsed := s.Script.Parsed
	if parsed.File == nil || parsed.Err != nil {
		return false
	}
	x := &abstract.Follower{Reads: vendors.HexReads, S: parsed, E: &abstract.Evaluator{Fuel: &i.sim.fuel}, Variable: i.variable}
	e := i.evaluator(run)
	x.Expressed = func(text string) abstract.Set {
		for _, own := range list {
			if sameExpression(run.Value, own, text) {
				return e.Settled(e.Expression(own))
			}
		}
		return abstract.Open("an expression")
	}
	fact.effect = x.Follow()
	i.sim.fuel -= abstract.MaxStatements - x.Left
	i.flow(fact.effect.Lacks, tolerated)
	for _, own := range list {
		line := run.Value[strings.LastIndexByte(run.Value[:own.At], '\n')+1 : own.At]
		if strings.HasPrefix(strings.TrimSpace(line), "#") { // GitHub fills in comments, too
			i.flow(e.Settled(e.Expression(own)).Lacks(), tolerated)
		}
	}
	return true
}

func sameExpression(text string, e abstract.Expression, written string) bool {
	from := e.At - len("${{")
	return from >= 0 && strings.HasPrefix(text[from:], written)
}

// variable is the value of an environment variable in a script.
func (i *instance) variable(name string) abstract.Set {
	if v := i.env.Find(name); v != nil {
		return abstract.Mapped(v.Value, abstract.AsTextValue)
	}
	return abstract.Open(name)
}

// SetsNothing tells the actions that are known to put nothing into the environment that others could have meant.
func SetsNothing(uses string) bool {
	name, _, _ := strings.Cut(uses, "@")
	name = strings.ToLower(name)
	return strings.HasPrefix(name, "actions/setup-") || slices.Contains([]string{
		"actions/checkout", "actions/cache", "actions/cache/restore", "actions/cache/save", "actions/upload-artifact", "actions/download-artifact",
		"actions/github-script", "astral-sh/setup-uv", "pnpm/action-setup", "actions/labeler",
	}, name)
}

// Needs are the variables that the commands of a step take a token from.
func (f StepFact) Needs() []vendors.Need {
	var out []vendors.Need
	all := f.S.Script.Needs
	if f.known {
		all = nil
		for _, c := range f.effect.Commands {
			all = append(all, vendors.NeedsOf(c)...)
		}
	}
	for _, n := range all {
		if !slices.ContainsFunc(out, func(o vendors.Need) bool { return o.Name == n.Name }) {
			out = append(out, n)
		}
	}
	return out
}

// MayBeSet says what could have set a variable that no `env:` names; empty when nothing could.
func (i *instance) MayBeSet(by *source.Step) string {
	job := i.R.Job.AST
	switch {
	case i.changed != "":
		return i.changed
	case i.env.opened() != "":
		return i.env.opened()
	case job.Container != nil:
		return "the container"
	case !hosted(job.RunsOn):
		return "the runner"
	case i.loggedIn != "":
		return i.loggedIn
	case i.Action == nil && loadsBefore(i.R.Job.Steps, by):
		return "what an earlier step runs"
	}
	return ""
}

// loadsBefore tells whether one of the steps before runs something that may set variables; scripts in which nothing else
// matters were not read before.
func loadsBefore(steps []*source.Step, by *source.Step) bool {
	for _, s := range steps {
		if s == by {
			return false
		}
		e, ok := s.AST.Exec.(*actionlint.ExecRun)
		if ok && e.Run != nil && s.Script.Parsed == nil && len(e.Run.Value) <= source.MaxScript &&
			slices.ContainsFunc(script.Parse(e.Run.Value, script.Bash).Commands(), loads) {
			return true
		}
	}
	return false
}

// loads tells a command that runs something of the repository, or a tool that loads an environment.
func loads(c *script.Command) bool {
	name := c.Name()
	return len(c.Words) > 0 && (name == "" || strings.Contains(c.Words[0].Known(), "/") ||
		slices.Contains([]string{"make", "just", "task", "bash", "sh", "zsh", "source", ".", "direnv", "nix", "devbox"}, name))
}

// hosted tells GitHub's own runners by their labels.
func hosted(r *actionlint.Runner) bool {
	if r == nil || r.LabelsExpr != nil || r.Group != nil || len(r.Labels) == 0 {
		return false
	}
	return !slices.ContainsFunc(r.Labels, func(l *actionlint.String) bool {
		os, version, _ := strings.Cut(strings.ToLower(l.Value), "-")
		return !slices.Contains([]string{"ubuntu", "windows", "macos"}, os) || version == ""
	})
}

// remember notes what a script does that may give later steps a token.
func (i *instance) remember(fact StepFact) {
	for _, c := range fact.effect.Commands {
		name := c.Name()
		switch {
		case (name == "hex" || name == "gh" && len(c.Words) > 1 && c.Words[1].Is("hex")) && slices.ContainsFunc(c.Words, func(w script.Word) bool { return w.Is("login") }):
			i.loggedIn = "an earlier login"
		case loads(c):
			i.changed = cmp.Or(i.changed, "what an earlier step runs")
		}
	}
}
