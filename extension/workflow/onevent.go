package workflow

import "github.com/gh-hex/gh-hex/extension/abstract"

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/check"
)

// onEvents judges secret-on-event: runs that get other secrets than the usual ones (R12, R13).
func (j *judgement) onEvents() *verdict {
	v := &verdict{nothing: "no workflow reads a Hex secret"}
	j.available() // what is missing for every run is said there
	for _, r := range j.w.runs {
		for _, x := range r.reads() {
			if x.kind == secret && j.judges(x) && !r.open {
				v.looked = true
				j.onTarget(v, x, r)
			}
		}
	}
	for _, l := range j.simulated().order {
		if l.x.kind != secret || !j.judges(l.x) || l.name == "" || !l.flows && !l.tolerated || j.failing[lackKey{x: l.x, r: l.r, name: l.name}] {
			continue
		}
		severity := check.SeverityWarning
		if !l.flows {
			severity = check.SeverityNote
		}
		switch {
		case l.state == unpassed || l.state == required:
		case l.scenario.source == ofNobody:
			v.add(l.r.at(l.x), severity, l.r.label(), fmt.Sprintf(
				"%s reads secret %s (%s), which is empty when a fork's %s starts it; guard it with `if: github.event.pull_request.head.repo.full_name == github.repository`",
				jobMark, l.name, l.x.spot(), l.scenario.event), "")
		case l.scenario.source == ofDependabot:
			j.onDependabot(v, l, severity)
		}
	}
	return v
}

// onDependabot reports a secret that is empty in runs that Dependabot starts.
func (j *judgement) onDependabot(v *verdict, l *lack, severity check.Severity) {
	if own := j.k.list(Store{Level: OfDependabot}); own.err != nil {
		v.doubt(l.r.at(l.x), fmt.Sprintf("cannot tell whether Dependabot's runs of job %s see secret %s: %s", l.r.label(), l.name, l.reason))
		return
	}
	command := "gh secret set " + core.ShellWord(l.name) + " --app dependabot"
	if j.w.isHexToken(l.name) && j.w.structured(l.name) == "" {
		command = j.storeCommand(l.name, "") + " --app dependabot"
	}
	unsure := ""
	if err := j.k.list(Store{Level: OfDependabotOrganization}).err; err != nil {
		unsure = fmt.Sprintf(" (unless the organization's do, which could not be listed: %v)", err)
	}
	v.add(l.r.at(l.x), severity, l.r.label(), fmt.Sprintf(
		"%s reads secret %s (%s), which is empty when Dependabot starts it by %s: its runs see only Dependabot's secrets, which do not have it%s; `%s` stores it there, `if: github.actor != 'dependabot[bot]'` skips them",
		jobMark, l.name, l.x.spot(), l.scenario.event, unsure, command), command)
}

// onTarget warns of pull_request_target in a public repository, which GitHub's default policy blocks.
func (j *judgement) onTarget(v *verdict, x *read, r *run) {
	if j.k.repository.Private || !j.onTargets(x, r) {
		return
	}
	for _, name := range j.namesOf(x, r) {
		v.add(r.at(x), check.SeverityWarning, r.label(), fmt.Sprintf(
			"%s reads secret %s (%s) on pull_request_target, which GitHub's default policy blocks in public repositories from 2026-12-02: such a run fails, unless the organization allows it",
			jobMark, name, x.spot()), "")
	}
}

func (j *judgement) onTargets(x *read, r *run) bool {
	const event = "pull_request_target"
	if x.step != nil {
		return slices.Contains(j.simulated().events[x.step], event)
	}
	return slices.ContainsFunc(j.simulated().places, func(p inEnvironment) bool {
		return p.r == r && p.live && slices.Contains(p.scenario.events, event)
	})
}

// environmentsExist judges environment-exists.
func (j *judgement) environmentsExist() *verdict {
	v := &verdict{nothing: "no job that uses Hex names an environment"}
	refused := map[string]bool{}
	for _, p := range j.simulated().places {
		e := p.r.job.ast.Environment
		if p.r.open || e == nil || e.Name == nil || !p.r.job.hex && !j.w.options.All {
			continue
		}
		v.looked = true
		if !p.live {
			continue
		}
		if err := j.k.list(Store{Variables: true}).err; err != nil && strings.HasPrefix(p.names.Undecided(), "vars.") {
			v.doubt(p.r.environmentPlace(), fmt.Sprintf("cannot tell the environment of job %s: the variables could not be listed (%v)", p.r.label(), err))
		}
		for _, name := range p.names.Known() {
			if name != "" {
				j.environmentExists(v, p.r, name)
				if key := p.r.label() + "\x00" + strings.ToLower(name); !refused[key] {
					refused[key] = j.keepsOut(v, p, name)
				}
			}
		}
	}
	return v
}

func (j *judgement) environmentExists(v *verdict, r *run, name string) {
	if _, exists := j.k.environment(name); exists || name == "github-pages" {
		return // GitHub makes the one for Pages itself
	}
	if err := j.k.repository.EnvironmentsErr; err != nil {
		v.doubt(r.environmentPlace(), fmt.Sprintf("cannot tell whether environment %s exists: the environments could not be listed (%v)", name, err))
		return
	}
	subject := fmt.Sprintf("%s runs in environment %s, which does not exist: GitHub would create it, empty and unprotected", jobMark, name)
	if near := nearestName(name, j.k.environmentNames()); near != "" {
		v.add(r.environmentPlace(), check.SeverityError, r.label(), fmt.Sprintf("%s; did you mean %s?", subject, near), fmt.Sprintf("write %s instead of %s", near, name))
		return
	}
	command := fmt.Sprintf("gh hex auth --env %s --create-env", core.ShellWord(name))
	if !r.job.hex {
		command = j.apiCommand("-X PUT ", environmentPath(name))
	}
	v.add(r.environmentPlace(), check.SeverityError, r.label(), fmt.Sprintf("%s; `%s` creates it", subject, command), command)
}

// keepsOut warns of a job that its environment refuses, or has wait for a person when nobody is there.
func (j *judgement) keepsOut(v *verdict, p inEnvironment, name string) bool {
	e, exists := j.k.environment(name)
	at, label := p.r.environmentPlace(), p.r.label()
	switch {
	case !exists:
	case e.Reviewers && slices.Contains(p.scenario.events, "schedule"):
		v.add(at, check.SeverityWarning, label, fmt.Sprintf("%s runs in environment %s on a schedule, where it waits for a person to approve it", jobMark, e.Name), "")
		return true
	case e.Restricted && e.PolicyErr != nil:
		v.doubt(at, fmt.Sprintf("cannot tell which branches environment %s lets in: they could not be listed (%v)", e.Name, e.PolicyErr))
		return true
	case e.Restricted && e.refuses(p.scenario):
		v.add(at, check.SeverityWarning, label, fmt.Sprintf("%s runs in environment %s, whose branch policy refuses it on %s: the job fails there", jobMark, e.Name, p.scenario.what), "")
		return true
	}
	return false
}

// refuses tells whether the policy keeps a run out for certain.
func (e Environment) refuses(s *scenario) bool {
	patterns := e.Branches
	switch {
	case s.tag:
		return len(e.Tags) == 0
	case s.pull:
		return !slices.ContainsFunc(patterns, func(p string) bool { return strings.HasPrefix(p, "refs/pull/") || strings.HasPrefix(p, "*") })
	case s.branch != "":
		return !slices.ContainsFunc(patterns, func(p string) bool { return abstract.MatchesGlob(p, s.branch) })
	case s.event == "push":
		return !slices.ContainsFunc(patterns, func(p string) bool { return strings.ContainsAny(p, "*?[") })
	}
	return false
}

// environmentPlace is where a run's job names its environment.
func (r *run) environmentPlace() Place {
	if r.job.doc.remote != "" {
		return r.at(&read{})
	}
	name := r.job.ast.Environment.Name
	if list := abstract.Expressions(name.Value, false, nil); len(list) > 0 {
		p := r.job.doc.src.places(name, []int{firstInside(name.Value, list[0].At)})[0]
		p.File = r.job.doc.path
		return p
	}
	return r.job.doc.placeOf(name)
}

// firstInside is the offset of an expression's first character other than a blank.
func firstInside(text string, at int) int {
	return at + len(text[at:]) - len(strings.TrimLeft(text[at:], " \t\r\n"))
}
