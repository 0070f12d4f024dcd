package workflow

import "github.com/gh-hex/gh-hex/extension/abstract"

import (
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/gh-hex/gh-hex/core/script"
)

// envLevel is where an environment variable comes from.
type envLevel uint8

const (
	ofWorkflow envLevel = iota
	ofJob
	ofStep
	ofExport // GITHUB_ENV of an earlier step
)

// envVar is an environment variable that a step sees.
type envVar struct {
	name  string
	value abstract.Set
	level envLevel
	text  *actionlint.String
	doc   *document
}

// environ is what a step sees in its environment: variables of its own, and those of its job behind them.
type environ struct {
	job  *environ
	vars map[string]*envVar
	list []*envVar
	open string // what decides further variables
	seen bool   // of a job's: a step runs that may read them
}

func newEnviron(job *environ) *environ { return &environ{job: job, vars: map[string]*envVar{}} }

func (e *environ) find(name string) *envVar {
	if v := e.named(strings.ToLower(name)); v != nil && v.name == name {
		return v
	}
	return nil
}

// named finds a variable as expressions do: the case of its name, given in lower case, does not matter.
func (e *environ) named(key string) *envVar {
	for ; e != nil; e = e.job {
		if v := e.vars[key]; v != nil {
			return v
		}
	}
	return nil
}

func (e *environ) put(v *envVar) {
	key := strings.ToLower(v.name)
	if e.vars[key] == nil {
		e.list = append(e.list, v)
	} else {
		e.list[slices.Index(e.list, e.vars[key])] = v
	}
	e.vars[key] = v
}

// Member finds a variable as a member of the context env.
func (e *environ) Member(key string) (abstract.Set, bool) {
	if v := e.named(key); v != nil {
		return abstract.Mapped(v.value, abstract.AsTextValue), true
	}
	return nil, false
}

// Each yields the variables, those of the job that the step has its own for left out.
func (e *environ) Each(yield func(name string, s abstract.Set)) {
	for at := e; at != nil; at = at.job {
		for _, v := range at.list {
			if e.find(v.name) == v {
				yield(v.name, abstract.Mapped(v.value, abstract.AsTextValue))
			}
		}
	}
}

// context is the context env; further names may be set by what is changed.
func (e *environ) context(changed string) *abstract.Fields {
	return &abstract.Fields{Env: e, Open: changed + e.opened(), Of: map[string]abstract.Set{}}
}

func (e *environ) opened() string {
	if e.job != nil {
		return e.open + e.job.open
	}
	return e.open
}

// addEnv evaluates variables as they are written.
func (i *instance) addEnv(into *environ, e *actionlint.Env, level envLevel) {
	if e == nil {
		return
	}
	if e.Expression != nil && len(e.Vars) == 0 {
		v := i.scalar(e.Expression)
		i.flow(v.Lacks(), false)
		into.open = "an environment that is one expression"
		return
	}
	for _, key := range sortedKeys(e.Vars) {
		x := e.Vars[key]
		into.put(&envVar{name: x.Name.Value, value: i.scalar(x.Value), level: level, text: x.Value, doc: i.doc()})
	}
}

// explicit tells a step that uses a variable which it inherits: it names it, or its tool reads it by itself.
func (s *step) explicit(name string) bool {
	if s.local != nil {
		return s.marks != 0 && (hexReads(name) || packagesRead(name)) || s.mentions(name)
	}
	return s.marks.has(marksHex) && hexReads(name) || s.marks.has(marksPM) && packagesRead(name) || s.mentions(name)
}

// usage is which variables the steps of a job, or of all jobs of a file, use openly.
type usage struct {
	names   map[string]bool
	hex, pm bool
}

func (sim *simulation) usageOf(owner any, jobs ...*job) *usage {
	u := sim.used[owner]
	if u != nil {
		return u
	}
	u = &usage{names: map[string]bool{}}
	sim.used[owner] = u
	for _, j := range jobs {
		for _, s := range j.steps {
			s.eachName(func(name string) { u.names[name] = true })
			u.hex, u.pm = u.hex || s.marks.has(marksHex), u.pm || s.marks.has(marksPM)
		}
	}
	return u
}

func (u *usage) has(name string) bool {
	return u.names[name] || u.hex && hexReads(name) || u.pm && packagesRead(name)
}

// usedOpenly tells whether a step that shares a variable of a job, or of a file, uses it openly.
func (sim *simulation) usedOpenly(j *job, v *envVar) bool {
	if v.level == ofWorkflow {
		return sim.usageOf(j.doc, j.doc.jobs...).has(v.name)
	}
	return sim.usageOf(j, j).has(v.name)
}

// see notes that a step runs which may read the environment of its job.
func (i *instance) see() {
	if i.live {
		i.env.job.seen = true
	}
}

// settleEnv lets flow what the job's own variables are empty of: into the steps that use them or, where none does so
// openly, into any that runs.
func (i *instance) settleEnv() {
	for _, v := range i.env.list {
		if !i.env.seen || v.level == ofExport {
			continue
		}
		if lacks := v.value.Lacks(); len(lacks) > 0 && !i.sim.usedOpenly(i.r.job, v) {
			i.flow(lacks, false)
		}
		if i.sim.onSteps != nil && isSecretName(v.name) {
			i.sim.j.given(stepFact{i: i, env: i.env}, v, false)
		}
	}
}

// inherited are the variables of the job that a step uses openly, as far as they are empty of something.
func (i *instance) inherited(s *step) []*envVar {
	var out []*envVar
	take := func(v *envVar) {
		if v != nil && i.env.vars[strings.ToLower(v.name)] == nil && len(v.value.Lacks()) > 0 && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	for e := i.env.job; e != nil && s.marks != 0; e = e.job {
		i.sim.fuel -= len(e.list)
		for _, v := range e.list {
			if (hexReads(v.name) || packagesRead(v.name)) && s.explicit(v.name) {
				take(v)
			}
		}
	}
	s.eachName(func(name string) { take(i.env.job.find(name)) })
	return out
}

// script is a step that runs one.
func (i *instance) script(s *step, e *actionlint.ExecRun, fact *stepFact, tolerated bool) *abstract.Fields {
	for _, t := range []*actionlint.String{e.WorkingDirectory} {
		if t != nil {
			i.flow(i.scalar(t).Lacks(), tolerated)
		}
	}
	language := s.script.language
	list := i.expressions(e.Run, false)
	fact.known = language == script.Bash || language == script.POSIX
	if fact.known && s.script.parsed == nil {
		fact.effect = abstract.Effect{External: true, Outputs: abstract.NewFields("the outputs of a script"), Env: abstract.NewFields("")}
		i.flow(i.evaluated(e.Run, list).Lacks(), tolerated)
	} else if fact.known {
		i.follow(s, e.Run, list, fact, tolerated)
	}
	if !fact.known {
		fact.effect = abstract.Effect{External: true, Outputs: abstract.NewFields("the outputs of a script"), Env: abstract.NewFields("")}
		if strings.Contains(e.Run.Value, "GITHUB_ENV") {
			fact.effect.Env.Open = "GITHUB_ENV"
		}
		i.flow(i.evaluated(e.Run, list).Lacks(), tolerated)
	}
	for _, v := range append(i.inherited(s), i.env.list...) {
		if lacks := v.value.Lacks(); len(lacks) > 0 && i.reaches(s, e.Run.Value, v, fact) {
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
func (i *instance) reaches(s *step, text string, v *envVar, fact *stepFact) bool {
	switch {
	case !fact.known:
		return s.script.language != script.PowerShell || !leavesWithout(text, v.name)
	case !fact.effect.External:
		return false
	}
	tested := slices.ContainsFunc(v.value.Lacks(), func(l any) bool { return slices.Contains(fact.effect.Tested, l) })
	return !tested || hexReads(v.name) || packagesRead(v.name)
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

// follow works out what a shell script does with the values that it is given.
func (i *instance) follow(s *step, run *actionlint.String, list []abstract.Expression, fact *stepFact, tolerated bool) {
	parsed := s.script.parsed
	if parsed == nil || parsed.File == nil || parsed.Err != nil {
		fact.known = false
		return
	}
	x := &abstract.Follower{Reads: hexReads, S: parsed, E: &abstract.Evaluator{Fuel: &i.sim.fuel}, Variable: i.variable}
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
}

func sameExpression(text string, e abstract.Expression, written string) bool {
	from := e.At - len("${{")
	return from >= 0 && strings.HasPrefix(text[from:], written)
}

// variable is the value of an environment variable in a script.
func (i *instance) variable(name string) abstract.Set {
	if v := i.env.find(name); v != nil {
		return abstract.Mapped(v.value, abstract.AsTextValue)
	}
	return abstract.Open(name)
}

// setsNothing tells the actions that are known to put nothing into the environment that others could have meant.
func setsNothing(uses string) bool {
	name, _, _ := strings.Cut(uses, "@")
	name = strings.ToLower(name)
	if strings.HasPrefix(name, "actions/setup-") {
		return true
	}
	return slices.Contains([]string{
		"actions/checkout", "actions/cache", "actions/cache/restore", "actions/cache/save", "actions/upload-artifact", "actions/download-artifact",
		"actions/github-script", "astral-sh/setup-uv", "pnpm/action-setup", "actions/labeler",
	}, name)
}
