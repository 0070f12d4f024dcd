package workflow

import (
	"fmt"
	"strings"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/check"
)

// onEvents judges secret-on-event: runs that get other secrets than the usual ones (R12, R13).
func (j *judgement) onEvents() *verdict {
	v := &verdict{nothing: "no workflow reads a Hex secret"}
	for _, r := range j.w.runs {
		if r.open || j.w.ended() {
			continue
		}
		list := j.scenariosOf(r)
		for _, x := range r.reads() {
			if x.kind != secret || x.whole || !x.site.secrets || !j.concerns(x) {
				continue
			}
			v.looked = true
			for _, s := range list {
				j.reportEvent(v, x, r, s)
			}
		}
	}
	return v
}

func (j *judgement) scenariosOf(r *run) []scenario {
	repo := j.k.Repository
	forks := !repo.Private || repo.AllowForking
	return scenarios(r.root.ast.On, j.c.Dependabot, forks, repo.DefaultBranch)
}

func (j *judgement) reportEvent(v *verdict, x *read, r *run, s scenario) {
	if x.optional || x.group != nil && x.group.reads[len(x.group.reads)-1] != x || j.settled(s, r, x) {
		return
	}
	if !s.bot {
		for _, name := range j.ownNames(x, r) {
			if r.provides(name) {
				continue
			}
			v.add(r.at(x), check.SeverityWarning, r.label(), fmt.Sprintf(
				"%s reads secret %s (%s), which is empty when a fork's %s starts it; guard it with `if: github.event.pull_request.head.repo.full_name == github.repository`",
				jobMark, name, x.spot(), s.event), "")
		}
		return
	}
	j.reportDependabot(v, x, r, s)
}

// ownNames are the names that a read takes from the stores, rather than from what a caller passes.
func (j *judgement) ownNames(x *read, r *run) []string {
	var out []string
	for _, s := range j.sightsOf(r) {
		for _, name := range j.names(x, r, s.variant).texts() {
			if r.origin(name) == (origin{}) {
				out = append(out, name)
			}
		}
	}
	return out
}

func (j *judgement) reportDependabot(v *verdict, x *read, r *run, s scenario) {
	places := []place{{"Dependabot's secrets", j.k.Dependabot}, {"the organization's Dependabot secrets", j.k.DependabotOrganization}}
	for _, name := range j.ownNames(x, r) {
		if r.provides(name) || j.dependabotHas(x, r, name) {
			continue
		}
		if j.k.Dependabot.Err != nil {
			_, doubt := search(name, places[:1])
			v.doubt(r.at(x), fmt.Sprintf("cannot tell whether Dependabot's runs of job %s see secret %s: %s", r.label(), name, doubt))
			continue
		}
		command := "gh secret set " + core.ShellWord(name) + " --app dependabot"
		if j.w.isHexToken(name) {
			command = strings.TrimSuffix(j.storeCommand(name, "")+" --app dependabot", " ")
		}
		unsure := ""
		if j.k.DependabotOrganization.Err != nil {
			unsure = fmt.Sprintf(" (unless the organization's do, which could not be listed: %v)", j.k.DependabotOrganization.Err)
		}
		v.add(r.at(x), check.SeverityWarning, r.label(), fmt.Sprintf(
			"%s reads secret %s (%s), which is empty when Dependabot starts it by %s: its runs see only Dependabot's secrets, which do not have it%s; `%s` stores it there, `if: github.actor != 'dependabot[bot]'` skips them",
			jobMark, name, x.spot(), s.event, unsure, command), command)
	}
}

// dependabotHas tells whether Dependabot's secrets have a name, or one of its alternatives.
func (j *judgement) dependabotHas(x *read, r *run, name string) bool {
	names := []string{name}
	if x.group != nil {
		for _, other := range x.group.reads {
			if other.kind == secret && other.name != "" {
				names = append(names, other.name)
			}
		}
	}
	for _, n := range names {
		_, own := j.k.Dependabot.Find(n)
		_, organization := j.k.DependabotOrganization.Find(n)
		if own || organization {
			return true
		}
	}
	return false
}

// settled tells whether a guard keeps a scenario from a read. What an environment variable of the job holds is settled
// when every step that uses it is; what goes to a called workflow, when everything that reads it there is.
func (j *judgement) settled(s scenario, r *run, x *read) bool {
	started := j.started[s]
	if started == nil {
		started = map[*job]bool{}
		j.started[s] = started
	}
	if s.settled(r, x.step, started) {
		return true
	}
	if x.site.passes != "" {
		return j.settledInCallee(s, r, x.site.passes, started)
	}
	return x.step == nil && x.site.env != "" && j.skipsUsers(s, r.job, x.site.env)
}

func (j *judgement) settledInCallee(s scenario, r *run, name string, started map[*job]bool) bool {
	reads := 0
	for _, called := range r.called {
		for _, x := range called.reads() {
			if x.kind != secret || x.name != name {
				continue
			}
			reads++
			if !j.settled(s, called, x) {
				return false
			}
		}
	}
	return reads > 0
}

// skipsUsers tells whether every step that uses an environment variable is skipped, and there is one.
func (j *judgement) skipsUsers(s scenario, of *job, name string) bool {
	if j.users[of] == nil {
		j.users[of] = of.users()
	}
	users := j.users[of][name]
	if isSecretName(name) || isVariableName(name) {
		users = append(users[:len(users):len(users)], j.users[of][""]...)
	}
	for _, st := range users {
		if !s.skips(st) {
			return false
		}
	}
	return len(users) > 0
}

// users returns the steps of a job by the words they use; under "" those that talk to Hex.
func (j *job) users() map[string][]*step {
	out := map[string][]*step{}
	for _, st := range j.steps {
		words := map[string]bool{}
		st.words(words)
		for word := range words {
			out[word] = append(out[word], st)
		}
		if st.marks.has(marksHex) {
			out[""] = append(out[""], st)
		}
	}
	return out
}

// environmentsExist judges environment-exists.
func (j *judgement) environmentsExist() *verdict {
	v := &verdict{nothing: "no job that uses Hex names an environment"}
	for _, r := range j.w.runs {
		e := r.job.ast.Environment
		if r.open || e == nil || e.Name == nil || !r.job.hex && !j.w.options.All {
			continue
		}
		v.looked = true
		for _, s := range j.sightsOf(r) {
			if s.environment.any && j.k.Variables.Err != nil && strings.Contains(strings.ToLower(e.Name.Value), "vars.") {
				v.doubt(r.environmentPlace(), fmt.Sprintf("cannot tell the environment of job %s: the variables could not be listed (%v)", r.label(), j.k.Variables.Err))
			}
			for _, name := range s.environment.texts() {
				j.environmentExists(v, r, name)
			}
		}
	}
	return v
}

func (j *judgement) environmentExists(v *verdict, r *run, name string) {
	if _, exists := j.k.Environments.Find(name); exists || name == "" || name == "github-pages" {
		return // GitHub makes the one for Pages itself
	}
	if j.k.Environments.Err != nil {
		v.doubt(r.environmentPlace(), fmt.Sprintf("cannot tell whether environment %s exists: the environments could not be listed (%v)", name, j.k.Environments.Err))
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

// environmentPlace is where a run's job names its environment.
func (r *run) environmentPlace() Place {
	if r.job.doc.remote != "" {
		return r.at(&read{})
	}
	name := r.job.ast.Environment.Name
	if list := expressions(name.Value, false, nil); len(list) > 0 {
		p := r.job.doc.src.places(name, []int{firstInside(name.Value, list[0].at)})[0]
		p.File = r.job.doc.path
		return p
	}
	return r.job.doc.placeOf(name)
}

// firstInside is the offset of an expression's first character other than a blank.
func firstInside(text string, at int) int {
	return at + len(text[at:]) - len(strings.TrimLeft(text[at:], " \t\r\n"))
}
