package workflow

import "github.com/gh-hex/gh-hex/extension/abstract"

import (
	"slices"
	"strings"

	"github.com/rhysd/actionlint"
)

// Start is a step that starts runs of Hex projects with a secret, and one project that it names.
type Start struct {
	// Project is what names it; without Ref and Variable it is decided at run time.
	Project
	Job string
	// Environments are those that the job may run in, "" for none; AnyEnvironment says that others are possible.
	Environments   []string
	AnyEnvironment bool
}

// Starts returns what the steps that read a secret of this name start, in order of place: each project of each of them.
func (w *Workflows) Starts(secretName string) []Start {
	j := w.textual()
	var out []Start
	for _, r := range w.runs {
		if r.open {
			continue
		}
		for _, s := range r.job.steps {
			if s.marks.has(marksRuns) && j.sees(r, s, secretName) {
				out = append(out, j.startsOf(r, s)...)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Start) int {
		switch {
		case before(a.Place, b.Place):
			return -1
		case before(b.Place, a.Place):
			return 1
		}
		return 0
	})
	return out
}

// sees tells whether a step gets the value of a secret: itself, or from what its job or its workflow sets for all.
func (j *judgement) sees(r *run, s *step, secretName string) bool {
	return slices.ContainsFunc(r.reads(), func(x *read) bool {
		return x.kind == secret && x.site.secrets && !x.compared && (x.step == nil || x.step == s) && !x.onlyToPackages() &&
			slices.Contains(j.namesOf(x, r), strings.ToUpper(secretName))
	})
}

func (j *judgement) startsOf(r *run, s *step) []Start {
	base := Start{Job: r.label()}
	for _, p := range j.simulated().places {
		if p.r == r {
			base.AnyEnvironment = base.AnyEnvironment || p.names.Undecided() != ""
			base.Environments = abstract.Union(base.Environments, p.names.Known())
		}
	}
	projects := projectsOf(r, s)
	if len(projects) == 0 {
		projects = []Project{{Place: r.job.doc.stepPlace(s)}} // decided at run time
	}
	out := make([]Start, len(projects))
	for i, p := range projects {
		out[i] = base
		out[i].Project = p
	}
	return out
}

// stepPlace is where a step begins.
func (d *document) stepPlace(s *step) Place {
	p := Place{File: d.path}
	if s.ast.Pos != nil {
		p.Line, p.Column = s.ast.Pos.Line, s.ast.Pos.Col
	}
	return p
}

// projectsOf are the projects that a step names, itself or in the local action that it uses; else those that its job or
// its workflow sets for it, under the name of a project or under one that the script mentions.
func projectsOf(r *run, s *step) []Project {
	d := r.job.doc
	script := ""
	var own []passage
	each(s.ast, func(name string, value *actionlint.String) {
		own = append(own, passage{name: name, value: value, job: r.job})
	})
	if e, ok := s.ast.Exec.(*actionlint.ExecRun); ok {
		own = append(own, passage{value: e.Run, job: r.job, script: true})
		script = e.Run.Value
	}
	out := d.startedBy(own, r.reads(), func(x *read) bool { return x.step == s })
	if s.local != nil && len(out) == 0 {
		out = startedWithin(s.local)
	}
	if len(out) > 0 {
		return out
	}
	mentioned := func(name string) bool {
		return named(name, []string{projectName}) || name != "" && strings.Contains(script, name)
	}
	for _, e := range []*actionlint.Env{r.job.ast.Env, d.ast.Env} {
		wide := slices.DeleteFunc(passagesOf(e, r.job), func(p passage) bool { return !mentioned(p.name) })
		inner := e == r.job.ast.Env
		out = d.startedBy(wide, append(slices.Clone(r.reads()), d.reads...), func(x *read) bool {
			return x.step == nil && (x.job != nil) == inner && mentioned(x.site.env)
		})
		if len(out) > 0 {
			return out
		}
	}
	return nil
}

func passagesOf(e *actionlint.Env, j *job) []passage {
	if e == nil {
		return nil
	}
	var out []passage
	for _, x := range e.Vars {
		out = append(out, passage{name: x.Name.Value, value: x.Value, job: j})
	}
	return out
}

// startedWithin are the projects that the steps of a composite action name.
func startedWithin(d *document) []Project {
	var out []Project
	for _, j := range d.jobs {
		for _, s := range j.steps {
			var own []passage
			each(s.ast, func(name string, value *actionlint.String) {
				own = append(own, passage{name: name, value: value, job: j})
			})
			if e, ok := s.ast.Exec.(*actionlint.ExecRun); ok {
				own = append(own, passage{value: e.Run, job: j, script: true})
			}
			out = append(out, d.startedBy(own, j.reads, func(x *read) bool { return x.step == s })...)
		}
	}
	return out
}

// startedBy are the projects in what a step that starts runs is given: URLs, IDs, and variables. A variable of another name
// may be anything; what it holds tells.
func (d *document) startedBy(texts []passage, reads []*read, given func(*read) bool) []Project {
	var out []Project
	add := func(p Project) {
		same := func(q Project) bool { return strings.EqualFold(q.Ref, p.Ref) && q.Variable == p.Variable }
		if !slices.ContainsFunc(out, same) {
			out = append(out, p)
		}
	}
	for _, p := range texts {
		p.name = projectName // whatever its own is: it goes to Hex
		for _, project := range d.projects(p) {
			add(project)
		}
	}
	for _, x := range reads {
		if x.kind == variable && x.name != "" && given(x) && !isHostName(x) {
			add(Project{Variable: x.name, Place: x.place})
		}
	}
	return out
}

func isHostName(x *read) bool { return named(x.name, hostNames()) || named(x.site.env, hostNames()) }
