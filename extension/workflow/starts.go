package workflow

import (
	"slices"
	"sort"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/abstract"
	"github.com/gh-hex/gh-hex/extension/inventory"
	"github.com/gh-hex/gh-hex/extension/source"
	"github.com/gh-hex/gh-hex/extension/vendors"
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
	j := w.whole()
	var out []Start
	for _, r := range w.Runs {
		if r.Open {
			continue
		}
		for _, s := range r.Job.Steps {
			if s.Marks.Has(vendors.Runs) && j.sees(r, s, secretName) {
				out = append(out, j.startsOf(r, s)...)
			}
		}
	}
	sort.SliceStable(out, func(a, b int) bool { return source.Before(out[a].Place, out[b].Place) })
	return out
}

// sees tells whether a step gets the value of a secret: itself, or from what its job or its workflow sets for all.
func (j *judgement) sees(r *source.Run, s *source.Step, secretName string) bool {
	return slices.ContainsFunc(r.Reads(), func(x *source.Read) bool {
		return x.Kind == inventory.Secret && x.Site.Secrets && !x.Compared && (x.Step == nil || x.Step == s) && !x.OnlyToPackages() &&
			slices.Contains(j.namesOf(x, r), strings.ToUpper(secretName))
	})
}

func (j *judgement) startsOf(r *source.Run, s *source.Step) []Start {
	base := Start{Job: r.Label()}
	for _, p := range j.simulated().Places {
		if p.R == r {
			base.AnyEnvironment = base.AnyEnvironment || p.Names.Undecided() != ""
			base.Environments = abstract.Union(base.Environments, p.Names.Known())
		}
	}
	projects := projectsOf(r, s)
	if len(projects) == 0 {
		projects = []Project{{Place: r.Job.Doc.StepPlace(s)}} // decided at run time
	}
	out := make([]Start, len(projects))
	for i, p := range projects {
		out[i] = base
		out[i].Project = p
	}
	return out
}

// projectsOf are the projects that a step names, itself or in the local action that it uses; else those that its job or
// its workflow sets for it, under the name of a project or under one that the script mentions.
func projectsOf(r *source.Run, s *source.Step) []Project {
	d := r.Job.Doc
	script := ""
	if e, ok := s.AST.Exec.(*actionlint.ExecRun); ok {
		script = e.Run.Value
	}
	out := startedBy(d, passagesIn(s, r.Job), r.Reads(), func(x *source.Read) bool { return x.Step == s })
	if s.Local != nil && len(out) == 0 {
		out = startedWithin(s.Local)
	}
	if len(out) > 0 {
		return out
	}
	mentioned := func(name string) bool {
		return vendors.IsProjectName(name) || name != "" && strings.Contains(script, name)
	}
	for _, e := range []*actionlint.Env{r.Job.AST.Env, d.AST.Env} {
		wide := slices.DeleteFunc(passagesOf(e, r.Job), func(p passage) bool { return !mentioned(p.Name) })
		inner := e == r.Job.AST.Env
		out = startedBy(d, wide, append(slices.Clone(r.Reads()), d.Reads...), func(x *source.Read) bool {
			return x.Step == nil && (x.Job != nil) == inner && mentioned(x.Site.Env)
		})
		if len(out) > 0 {
			return out
		}
	}
	return nil
}

// startedWithin are the projects that the steps of a composite action name.
func startedWithin(d *source.Document) []Project {
	var out []Project
	for j, s := range d.Steps() {
		out = append(out, startedBy(d, passagesIn(s, j), j.Reads, func(x *source.Read) bool { return x.Step == s })...)
	}
	return out
}

// startedBy are the projects in what a step that starts runs is given: URLs, IDs, and variables. A variable of another name
// may be anything; what it holds tells.
func startedBy(d *source.Document, texts []passage, reads []*source.Read, given func(*source.Read) bool) []Project {
	var out []Project
	add := func(p Project) {
		same := func(q Project) bool { return strings.EqualFold(q.Ref, p.Ref) && q.Variable == p.Variable }
		if !slices.ContainsFunc(out, same) {
			out = append(out, p)
		}
	}
	for _, p := range texts {
		p.Name = core.ProjectName // whatever its own is: it goes to Hex
		for _, project := range projects(d, p) {
			add(project)
		}
	}
	for _, x := range reads {
		if x.Kind == inventory.Variable && x.Name != "" && given(x) && !isHostName(x) {
			add(Project{Variable: x.Name, Place: x.Place})
		}
	}
	return out
}

func isHostName(x *source.Read) bool {
	return vendors.IsHostName(x.Name) || vendors.IsHostName(x.Site.Env)
}
