package workflow

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/gh-hex/gh-hex/extension/inventory"
	"github.com/gh-hex/gh-hex/extension/simulate"
	"github.com/gh-hex/gh-hex/extension/source"
	"github.com/gh-hex/gh-hex/extension/vendors"
)

// Environments returns the environments whose secrets and variables have to be listed, sorted: those that the judged
// jobs name, and every one that exists when a job's is chosen at run time. It works with what inv holds so far; with nil
// it knows those that the text alone decides.
func (w *Workflows) Environments(inv inventory.Inventory) []string {
	j := newJudgement(w, inv, Context{})
	names := map[string]string{} // by lower case: environment names are not case-sensitive
	add := func(list []string) {
		for _, name := range list {
			if key := strings.ToLower(name); name != "" && names[key] == "" {
				names[key] = name
			}
		}
	}
	anyOfThem := false
	for _, p := range j.simulated().Places {
		if !p.R.Open && p.R.Job.AST.Environment != nil && (p.R.Job.Hex || w.Options.All) {
			add(p.Names.Known())
			anyOfThem = anyOfThem || p.Names.Undecided() != ""
		}
	}
	if anyOfThem {
		add(j.k.EnvironmentNames())
	}
	return slices.Sorted(maps.Values(names))
}

// HexSecrets returns the secrets that are used as a Hex token, under the names that GitHub keeps them, the most used one
// first. What a file that only other repositories call reads is its interface, and no secret of this repository.
func (w *Workflows) HexSecrets() []Named {
	places := map[string][]Place{}
	w.resolve(func(x *source.Read, r *source.Run, name string) {
		if x.Kind == inventory.Secret && x.Hex && w.isHexToken(name) && !slices.Contains(places[name], r.At(x)) {
			places[name] = append(places[name], r.At(x))
		}
	})
	return ranked(places)
}

// resolve yields the names that reads have on GitHub, as far as the text decides them.
func (w *Workflows) resolve(yield func(x *source.Read, r *source.Run, name string)) {
	j := w.textual()
	for _, r := range w.Runs {
		if r.Open {
			continue
		}
		for _, x := range r.Reads() {
			if x.Whole || x.Kind == inventory.Secret && !x.Site.Secrets {
				continue
			}
			for _, name := range j.namesOf(x, r) {
				yield(x, r, name)
			}
		}
	}
}

// OnlyCalled tells whether all that uses Hex is called by other repositories: its secrets are theirs to keep.
func (w *Workflows) OnlyCalled() bool {
	uses := false
	for _, r := range w.Runs {
		if r.Job.Hex && !r.Open {
			return false
		}
		uses = uses || r.Job.Hex
	}
	return uses
}

// HexVariables returns the variables that are used for Hex, such as the one that holds the host.
func (w *Workflows) HexVariables() []Named {
	return w.named(func(x *source.Read) bool { return x.Kind == inventory.Variable && x.Hex })
}

func (w *Workflows) named(keep func(*source.Read) bool) []Named {
	places := map[string][]Place{}
	for _, d := range w.Docs {
		for _, x := range d.Reads {
			if x.Name != "" && keep(x) {
				places[x.Name] = append(places[x.Name], x.Place)
			}
		}
	}
	return ranked(places)
}

func ranked(places map[string][]Place) []Named {
	out := make([]Named, 0, len(places))
	for name, list := range places {
		out = append(out, Named{Name: name, Places: list})
	}
	slices.SortFunc(out, func(a, b Named) int { return cmp.Or(len(b.Places)-len(a.Places), cmp.Compare(a.Name, b.Name)) })
	return out
}

// RunsProjects tells whether a workflow starts runs of Hex projects.
func (w *Workflows) RunsProjects() bool {
	return slices.ContainsFunc(w.Docs, func(d *source.Document) bool { return d.Marks.Has(vendors.Runs) })
}

// ProjectIDs returns the Hex projects that the workflows name, each once, in order of place.
func (w *Workflows) ProjectIDs() []Project {
	var out []Project
	seen := map[string]bool{}
	add := func(p Project) {
		if key := strings.ToLower(p.Ref) + "\x00" + p.Variable; !seen[key] {
			seen[key] = true
			out = append(out, p)
		}
	}
	for _, d := range w.Docs {
		var list []Project
		for _, x := range d.Reads {
			if x.Kind == inventory.Variable && vendors.IsProjectName(x.Name) {
				list = append(list, Project{Variable: x.Name, Place: x.Place})
			}
		}
		for _, t := range textsOf(d) {
			list = append(list, projects(d, t)...)
		}
		sort.SliceStable(list, func(i, k int) bool { return source.Before(list[i].Place, list[k].Place) })
		for _, p := range list {
			add(p)
		}
	}
	return out
}

// projects finds the IDs and URLs of projects in a passage: URLs anywhere, bare IDs where they go to Hex.
func projects(d *source.Document, p passage) []Project {
	text := p.text()
	var matches [][]int
	if vendors.MentionsHex(text) {
		matches = vendors.Compiled().ProjectURL.FindAllStringIndex(text, -1)
	}
	toHex := vendors.IsProjectName(p.Name) || p.Script && p.Step.Script.Marks.Has(vendors.Hex)
	if toHex {
		for _, m := range vendors.Compiled().Uuid.FindAllStringIndex(text, -1) {
			within := slices.ContainsFunc(matches, func(url []int) bool { return url[0] <= m[0] && m[1] <= url[1] })
			if !within && !isRunID(text[:m[0]]) {
				matches = append(matches, m)
			}
		}
	}
	sort.Slice(matches, func(i, j int) bool { return matches[i][0] < matches[j][0] })
	out := make([]Project, 0, len(matches))
	for i, at := range p.places(d, matches) {
		out = append(out, Project{Ref: text[matches[i][0]:matches[i][1]], Place: at})
	}
	return out
}

// isRunID tells from what stands before it that an ID is that of a run.
func isRunID(before string) bool {
	return strings.HasSuffix(before, "/runs/") || strings.HasSuffix(before, "/run/")
}

// Hosts returns the Hex hosts that the workflows name, in lower case.
func (w *Workflows) Hosts() []Named {
	places := map[string][]Place{}
	for _, d := range w.Docs {
		for _, t := range textsOf(d) {
			text := t.text()
			for _, m := range vendors.ApiHosts(text) {
				host := strings.ToLower(text[m[0]:m[1]])
				places[host] = append(places[host], t.places(d, [][]int{m})...)
			}
		}
	}
	return ranked(places)
}

// Proposals returns the places that the workflows need for a secret of this name beside the repository's own.
func (w *Workflows) Proposals(inv inventory.Inventory, secretName string, c Context) []Proposal {
	j := newJudgement(w, inv, c)
	var out []Proposal
	add := func(p Proposal) {
		same := func(q Proposal) bool { return q.App == p.App && strings.EqualFold(q.Environment, p.Environment) }
		if !slices.ContainsFunc(out, same) {
			out = append(out, p)
		}
	}
	for _, r := range w.Runs {
		for _, x := range r.Reads() {
			if !r.Open && x.Kind == inventory.Secret && x.Site.Secrets && !x.OnlyToPackages() && slices.Contains(j.namesOf(x, r), strings.ToUpper(secretName)) {
				j.propose(x, r, strings.ToUpper(secretName), add)
			}
		}
	}
	return out
}

// propose names the places that one read needs.
func (j *judgement) propose(x *source.Read, r *source.Run, name string, add func(Proposal)) {
	at := r.At(x)
	for _, e := range j.environmentsOf(r) {
		if e != "" {
			add(Proposal{App: "actions", Environment: e, Reason: fmt.Sprintf("job %s reads it in environment %s", r.Label(), e), File: at.File, Line: at.Line})
		}
	}
	for _, l := range j.simulated().Order {
		if l.X == x && l.R == r && l.Name == name && l.Scenario.Source == simulate.OfDependabot && (l.Flows || l.Tolerated) {
			add(Proposal{App: "dependabot", Reason: fmt.Sprintf("%s runs on %s and Dependabot is enabled", r.Root.Name(), l.Scenario.Event), File: at.File, Line: at.Line})
		}
	}
}
