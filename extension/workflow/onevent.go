package workflow

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/extension/abstract"
	"github.com/gh-hex/gh-hex/extension/inventory"
	"github.com/gh-hex/gh-hex/extension/simulate"
	"github.com/gh-hex/gh-hex/extension/source"
)

// onEvents judges secret-on-event: runs that get other secrets than the usual ones (R12, R13).
func (j *judgement) onEvents() *verdict {
	v := &verdict{nothing: "no workflow reads a Hex secret"}
	j.available() // what is missing for every run is said there
	for _, r := range j.w.Runs {
		for _, x := range r.Reads() {
			if x.Kind == inventory.Secret && j.judges(x) && !r.Open {
				v.looked = true
				j.onTarget(v, x, r)
			}
		}
	}
	for _, l := range j.simulated().Order {
		if l.X.Kind != inventory.Secret || !j.judges(l.X) || l.Name == "" || !l.Flows && !l.Tolerated || j.failing[simulate.LackKey{X: l.X, R: l.R, Name: l.Name}] {
			continue
		}
		severity := check.SeverityWarning
		if !l.Flows {
			severity = check.SeverityNote
		}
		switch {
		case l.State == simulate.Unpassed || l.State == simulate.Required:
		case l.Scenario.Source == simulate.OfNobody:
			v.add(l.R.At(l.X), severity, l.R.Label(), fmt.Sprintf(
				"%s reads secret %s (%s), which is empty when a fork's %s starts it; guard it with `if: github.event.pull_request.head.repo.full_name == github.repository`",
				jobMark, l.Name, spot(l.X), l.Scenario.Event), "")
		case l.Scenario.Source == simulate.OfDependabot:
			j.onDependabot(v, l, severity)
		}
	}
	return v
}

// onDependabot reports a secret that is empty in runs that Dependabot starts.
func (j *judgement) onDependabot(v *verdict, l *simulate.Lack, severity check.Severity) {
	if own := j.k.Listing(inventory.Place{Level: inventory.OfDependabot}); own.Err != nil {
		v.doubt(l.R.At(l.X), fmt.Sprintf("cannot tell whether Dependabot's runs of job %s see secret %s: %s", l.R.Label(), l.Name, l.Reason))
		return
	}
	command := j.storeCommand(l.Name, "", " --app dependabot")
	unsure := ""
	if err := j.k.Listing(inventory.Place{Level: inventory.OfDependabotOrganization}).Err; err != nil {
		unsure = fmt.Sprintf(" (unless it is among the organization's, which could not be listed: %v)", err)
	}
	v.add(l.R.At(l.X), severity, l.R.Label(), fmt.Sprintf(
		"%s reads secret %s (%s), which is empty when Dependabot starts it by %s: its runs see only Dependabot's secrets, where it is not%s; store it there, or skip them with `if: github.actor != 'dependabot[bot]'`",
		jobMark, l.Name, spot(l.X), l.Scenario.Event, unsure), command)
}

// onTarget warns of pull_request_target in a public repository, which GitHub's default policy blocks.
func (j *judgement) onTarget(v *verdict, x *source.Read, r *source.Run) {
	if j.k.Repository.Private || !j.onTargets(x, r) {
		return
	}
	for _, name := range j.namesOf(x, r) {
		v.add(r.At(x), check.SeverityWarning, r.Label(), fmt.Sprintf(
			"%s reads secret %s (%s) on pull_request_target, which GitHub's default policy blocks in public repositories from 2026-12-02: such a run fails, unless the organization allows it",
			jobMark, name, spot(x)), "")
	}
}

func (j *judgement) onTargets(x *source.Read, r *source.Run) bool {
	const event = "pull_request_target"
	if x.Step != nil {
		return slices.Contains(j.simulated().Events(x.Step), event)
	}
	return slices.ContainsFunc(j.simulated().Places, func(p simulate.InEnvironment) bool {
		return p.R == r && p.Live && p.In.On(event)
	})
}

// environmentsExist judges environment-exists.
func (j *judgement) environmentsExist() *verdict {
	v := &verdict{nothing: "no job that uses Hex names an environment"}
	refused := map[string]bool{}
	for _, p := range j.simulated().Places {
		e := p.R.Job.AST.Environment
		if p.R.Open || e == nil || e.Name == nil || !p.R.Job.Hex && !j.w.Options.All {
			continue
		}
		v.looked = true
		if !p.Live {
			continue
		}
		if err := j.k.Listing(inventory.Place{Variables: true}).Err; err != nil && strings.HasPrefix(p.Names.Undecided(), "vars.") {
			v.doubt(environmentPlace(p.R), fmt.Sprintf("cannot tell the environment of job %s: the variables could not be listed (%v)", p.R.Label(), err))
		}
		for _, name := range p.Names.Known() {
			if name != "" {
				j.environmentExists(v, p.R, name)
				if key := p.R.Label() + "\x00" + strings.ToLower(name); !refused[key] {
					refused[key] = j.keepsOut(v, p, name)
				}
			}
		}
	}
	return v
}

func (j *judgement) environmentExists(v *verdict, r *source.Run, name string) {
	if _, exists := j.k.Environment(name); exists || name == "github-pages" {
		return // GitHub makes the one for Pages itself
	}
	if err := j.k.Repository.EnvironmentsErr; err != nil {
		v.doubt(environmentPlace(r), fmt.Sprintf("cannot tell whether environment %s exists: the environments could not be listed (%v)", name, err))
		return
	}
	subject := fmt.Sprintf("%s runs in environment %s, which does not exist: GitHub would create it, empty and unprotected", jobMark, name)
	if near := core.NearestName(name, j.k.EnvironmentNames()); near != "" {
		v.add(environmentPlace(r), check.SeverityError, r.Label(), fmt.Sprintf("%s; did you mean %s?", subject, near), fmt.Sprintf("write %s instead of %s", near, name))
		return
	}
	command := fmt.Sprintf("gh hex auth --env %s --create-env%s", core.ShellWord(name), j.c.Flag)
	if !r.Job.Hex {
		command = Destination{Repository: j.c.Repository}.api("-X PUT ", environmentPath(name))
	}
	v.add(environmentPlace(r), check.SeverityError, r.Label(), subject, command)
}

// keepsOut warns of a job that its environment refuses, or has wait for a person when nobody is there.
func (j *judgement) keepsOut(v *verdict, p simulate.InEnvironment, name string) bool {
	e, exists := j.k.Environment(name)
	at, label := environmentPlace(p.R), p.R.Label()
	switch {
	case !exists:
	case e.Reviewers && p.In.On("schedule"):
		v.add(at, check.SeverityWarning, label, fmt.Sprintf("%s runs in environment %s on a schedule, where it waits for a person to approve it", jobMark, e.Name), "")
		return true
	case e.Restricted && e.PolicyErr != nil:
		v.doubt(at, fmt.Sprintf("cannot tell which branches environment %s lets in: they could not be listed (%v)", e.Name, e.PolicyErr))
		return true
	case e.Restricted:
		n := slices.IndexFunc(p.In.Scenarios, func(s *simulate.Scenario) bool { return refuses(e, s) })
		if n >= 0 {
			v.add(at, check.SeverityWarning, label, fmt.Sprintf("%s runs in environment %s, whose branch policy refuses it on %s: the job fails there", jobMark, e.Name, p.In.Scenarios[n].What), "")
		}
		return n >= 0
	}
	return false
}

// refuses tells whether the policy keeps a run out for certain.
func refuses(e inventory.Environment, s *simulate.Scenario) bool {
	patterns := e.Branches
	switch {
	case s.Tag:
		return len(e.Tags) == 0
	case s.Pull:
		return !slices.ContainsFunc(patterns, func(p string) bool { return strings.HasPrefix(p, "refs/pull/") || strings.HasPrefix(p, "*") })
	case s.Branch != "":
		return !slices.ContainsFunc(patterns, func(p string) bool { return abstract.MatchesGlob(p, s.Branch) })
	case s.Event == "push":
		return !slices.ContainsFunc(patterns, func(p string) bool { return strings.ContainsAny(p, "*?[") })
	}
	return false
}

// environmentPlace is where a run's job names its environment.
func environmentPlace(r *source.Run) Place {
	if r.Job.Doc.Remote != "" {
		return r.At(&source.Read{})
	}
	name := r.Job.AST.Environment.Name
	if list := abstract.Expressions(name.Value, false, nil); len(list) > 0 {
		p := r.Job.Doc.Src.Places(name, []int{firstInside(name.Value, list[0].At)})[0]
		p.File = r.Job.Doc.Path
		return p
	}
	return r.Job.Doc.PlaceOf(name)
}

// firstInside is the offset of an expression's first character other than a blank.
func firstInside(text string, at int) int {
	return at + len(text[at:]) - len(strings.TrimLeft(text[at:], " \t\r\n"))
}
