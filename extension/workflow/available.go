package workflow

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/extension/github"
)

// state is how a read fares in a run.
type state int

const (
	found    state = iota
	partly         // decided at run time: some of what it could be has it
	doubtful       // a place that could hold it could not be listed
	unpassed       // the caller of the workflow does not pass it
	absent
)

// fate is a state with its reasons.
type fate struct {
	state       state
	name        string
	environment string // where it was looked for; "" for none
	any         bool   // the environment is decided at run time
	early       bool   // an environment variable that is not there yet
	holders     []string
	reason      string
	by          *run // of unpassed: the job that does not pass it
}

// maxPerRead bounds how many of the ways that a read may fare are looked at.
const maxPerRead = 1000

// available judges secret-available and variable-available.
func (j *judgement) available() (secrets, variables *verdict) {
	secrets, variables = &verdict{nothing: "no workflow reads a Hex secret"}, &verdict{nothing: "no workflow reads a Hex variable"}
	for _, r := range j.w.runs {
		if j.w.ended() {
			break
		}
		fates := map[*read][]fate{}
		var order []*read
		for _, x := range r.reads() {
			if x.whole || !j.concerns(x) || x.kind == secret && !x.site.secrets {
				continue
			}
			j.verdictOf(x, secrets, variables).looked = true
			fates[x] = j.fates(x, r)
			order = append(order, x)
		}
		for _, x := range order {
			j.report(x, r, fates, j.verdictOf(x, secrets, variables))
		}
	}
	return secrets, variables
}

func (j *judgement) verdictOf(x *read, secrets, variables *verdict) *verdict {
	if x.kind == secret {
		return secrets
	}
	return variables
}

// fates lists how a read fares, found ones left out.
func (j *judgement) fates(x *read, r *run) []fate {
	var out []fate
	for _, s := range j.sightsOf(r) {
		names := j.names(x, r, s.variant)
		if names.any {
			continue // secret-dynamic says so
		}
		for _, name := range names.texts() {
			for _, f := range j.look(x, r, name, s.environment) {
				if f.state != found && len(out) < maxPerRead {
					out = append(out, f)
				}
			}
		}
	}
	return out
}

// look finds one name from a run, in each environment that it may be in.
func (j *judgement) look(x *read, r *run, name string, environment set) []fate {
	if x.kind == secret {
		if o := r.origin(name); o.passed || o.open {
			return nil
		} else if o.by != nil {
			return []fate{j.lookUnpassed(r, name, environment, o.by)}
		}
	} else if r.open {
		return nil
	}
	if environment.any {
		return []fate{j.lookAnywhere(x, name)}
	}
	var out []fate
	for _, e := range environment.texts() {
		out = append(out, j.lookIn(x, name, e))
	}
	return out
}

// origin says where a run's secret comes from: the stores, when neither field is set.
type origin struct {
	passed bool // its caller passes it, and is judged for that
	open   bool // from callers that are not at hand
	by     *run // the job that does not pass it
}

// origin follows a name through the callers (R9).
func (r *run) origin(name string) origin {
	for r.caller != nil {
		call := r.caller.job.ast.WorkflowCall
		if !call.InheritSecrets {
			if _, listed := call.Secrets[strings.ToLower(name)]; listed {
				return origin{passed: true}
			}
			return origin{by: r.caller}
		}
		r = r.caller
	}
	return origin{open: r.open}
}

// lookUnpassed judges a secret that the caller does not pass. That the job's own environment holds it is the business
// of secret-passed, and so is one that the called workflow requires.
func (j *judgement) lookUnpassed(r *run, name string, environment set, by *run) fate {
	f := fate{state: unpassed, name: name, by: by}
	if len(j.holders(secret, name, environment)) > 0 || r.declares(name) == required {
		f.state = found
	}
	return f
}

// declaration is what a called workflow says of a secret.
type declaration int

const (
	undeclared declaration = iota
	optional
	required
)

func (r *run) declares(name string) declaration {
	event, ok := r.job.doc.ast.FindWorkflowCallEvent()
	if !ok {
		return undeclared
	}
	s, declared := event.Secrets[strings.ToLower(name)]
	switch {
	case !declared:
		return undeclared
	case s.Required != nil && s.Required.Value:
		return required
	}
	return optional
}

// provides tells whether a caller that hands on all its secrets does not call without this one.
func (r *run) provides(name string) bool {
	for c := r.caller; c != nil && c.job.ast.WorkflowCall.InheritSecrets; c = c.caller {
		if c.job.provided[strings.ToUpper(name)] {
			return true
		}
	}
	return false
}

// holders returns those of the environments that hold a name.
func (j *judgement) holders(of kind, name string, environment set) []string {
	names := environment.texts()
	if environment.any {
		names = j.k.environmentNames()
	}
	var out []string
	for _, e := range names {
		if _, ok := j.k.environment(of, e).Find(name); ok && e != "" {
			out = append(out, e)
		}
	}
	return out
}

func (k *knowledge) environmentNames() []string {
	out := make([]string, 0, len(k.Environments.Entries))
	for _, e := range k.Environments.Entries {
		out = append(out, e.Name)
	}
	return out
}

// environment is what an environment holds: nothing when it does not exist, unknown when it was not looked into.
func (k *knowledge) environment(of kind, name string) github.Listing {
	if name == "" {
		return github.Listing{}
	}
	lists := k.EnvironmentSecrets
	if of == variable {
		lists = k.EnvironmentVars
	}
	if l, known := lists[strings.ToLower(name)]; known {
		return l
	}
	if _, exists := k.Environments.Find(name); !exists && k.Environments.Err == nil {
		return github.Listing{}
	}
	return github.Listing{Err: fmt.Errorf("it was not looked into")}
}

// wide are the places that every job sees.
func (k *knowledge) wide(of kind) []place {
	if of == variable {
		return []place{{"the repository's variables", k.Variables}, {"the organization's variables", k.OrganizationVars}}
	}
	return []place{{"the repository's secrets", k.Secrets}, {"the organization's secrets", k.OrganizationSecrets}}
}

type place struct {
	what    string
	listing github.Listing
}

// search looks a name up in places; doubt is the first that could not be listed.
func search(name string, places []place) (ok bool, doubt string) {
	for _, p := range places {
		if _, ok := p.listing.Find(name); ok {
			return true, ""
		}
		if p.listing.Err != nil && doubt == "" {
			doubt = fmt.Sprintf("%s could not be listed (%v)", p.what, p.listing.Err)
		}
	}
	return false, doubt
}

// lookIn looks in one environment ("" for none), then in the repository and organization (R1).
func (j *judgement) lookIn(x *read, name, environment string) fate {
	f := fate{name: name, environment: environment}
	places := j.k.wide(x.kind)
	inner := place{"environment " + environment, j.k.environment(x.kind, environment)}
	if x.kind == variable && x.site.early {
		_, f.early = inner.listing.Find(name)
	} else {
		places = append([]place{inner}, places...)
	}
	ok, doubt := search(name, places)
	switch {
	case ok:
		f.state = found
	case doubt != "":
		f.state, f.reason = doubtful, doubt
	default:
		f.state = absent
	}
	return f
}

// lookAnywhere looks everywhere, for a job whose environment is decided at run time.
func (j *judgement) lookAnywhere(x *read, name string) fate {
	f := fate{name: name, any: true}
	ok, doubt := search(name, j.k.wide(x.kind))
	if ok {
		return f
	}
	if x.kind == variable && x.site.early {
		f.early = len(j.holders(variable, name, unknown())) > 0
		return settle(f, doubt)
	}
	if f.holders = j.holders(x.kind, name, unknown()); len(f.holders) > 0 {
		f.state = partly
		return f
	}
	if doubt == "" && j.k.Environments.Err != nil {
		doubt = fmt.Sprintf("the environments could not be listed (%v)", j.k.Environments.Err)
	}
	for _, e := range j.k.environmentNames() {
		if l := j.k.environment(x.kind, e); l.Err != nil && doubt == "" {
			doubt = fmt.Sprintf("environment %s could not be listed (%v)", e, l.Err)
		}
	}
	return settle(f, doubt)
}

func settle(f fate, doubt string) fate {
	f.state, f.reason = absent, doubt
	if doubt != "" {
		f.state = doubtful
	}
	return f
}

// report turns the fates of a read into findings.
func (j *judgement) report(x *read, r *run, fates map[*read][]fate, v *verdict) {
	for _, f := range fates[x] {
		severity := j.severity(x, r, f, fates)
		if severity == "" {
			continue
		}
		if severity == check.SeverityError {
			f = doubted(x, f, fates)
		}
		if f.state == doubtful {
			if severity == check.SeverityError {
				v.cannotTell(fmt.Sprintf("cannot tell whether job %s sees %s %s: %s", r.label(), x.kind.word(), f.name, f.reason))
			}
			severity = check.SeverityNote
		}
		message, fix := j.say(x, r, f, severity)
		v.add(r.at(x), severity, r.label(), message, fix)
	}
}

// doubted is a fate in the light of its alternatives: one that may be there makes the whole doubtful.
func doubted(x *read, f fate, fates map[*read][]fate) fate {
	if x.group == nil || f.state == doubtful {
		return f
	}
	for _, other := range x.group.reads {
		for _, o := range fates[other] {
			if o.state == doubtful {
				f.state, f.reason = doubtful, o.reason
			}
		}
	}
	return f
}

// severity weighs a fate: what the workflow provides for is a note (R18); of `A || B` only the last one counts, and
// only when all are missing.
func (j *judgement) severity(x *read, r *run, f fate, fates map[*read][]fate) check.Severity {
	switch {
	case f.state == partly:
		return check.SeverityNote
	case f.early:
		return check.SeverityError
	case x.optional, r.caller != nil && r.declares(f.name) == optional, r.provides(f.name):
		return check.SeverityNote
	}
	if x.group == nil || len(x.group.reads) < 2 {
		return check.SeverityError
	}
	worst := absent
	for _, other := range x.group.reads {
		worst = min(worst, stateIn(fates[other], f))
	}
	last := x.group.reads[len(x.group.reads)-1]
	switch {
	case worst == found || worst == partly:
		return check.SeverityNote
	case x != last:
		return "" // said once, at the last one
	}
	return check.SeverityError
}

// stateIn is how a read fares in the same circumstances.
func stateIn(fates []fate, as fate) state {
	best := found
	for _, f := range fates {
		if f.environment == as.environment && f.any == as.any || f.state == unpassed {
			best = f.state
		}
	}
	return best
}

func (k kind) word() string {
	if k == variable {
		return "variable"
	}
	return "secret"
}

// say words a fate.
func (j *judgement) say(x *read, r *run, f fate, severity check.Severity) (message, fix string) {
	subject := fmt.Sprintf("%s reads %s %s (%s)", jobMark, x.kind.word(), f.name, x.spot())
	switch {
	case f.state == unpassed:
		return fmt.Sprintf("%s, which job %s of %s does not pass: it will be empty; pass it under `secrets:`, or say `secrets: inherit`",
			subject, f.by.job.id, f.by.job.doc.name()), ""
	case f.state == partly:
		return fmt.Sprintf("%s in an environment that is chosen at run time; %s it", subject, have(f.holders)), ""
	case f.state == doubtful:
		return fmt.Sprintf("%s: cannot tell whether it is there, %s", subject, f.reason), ""
	case f.early:
		return fmt.Sprintf("%s before the job is in its environment, which alone has it: only the repository's and the organization's variables are there yet, so it is empty; `%s` stores it for the repository", subject, j.variableCommand(f.name, "")),
			j.variableCommand(f.name, "")
	}
	command := j.command(x.kind, f)
	message = fmt.Sprintf("%s, which is %s: it will be empty", subject, j.whereNot(f))
	if severity == check.SeverityNote {
		return message + j.whereElse(x.kind, f) + "; the workflow provides for that", ""
	}
	if j.isOther(x.kind, f) {
		return fmt.Sprintf("%s; there is a %s of that name: read %s.%s", message, x.kind.other().word(), x.kind.other(), f.name),
			fmt.Sprintf("read %s.%s instead of %s.%s", x.kind.other(), f.name, x.kind, f.name)
	}
	near := j.nearest(x.kind, f)
	if ours := isSecretName(near) || isVariableName(near); ours && !isSecretName(f.name) && !isVariableName(f.name) {
		return fmt.Sprintf("%s; did you mean %s?", message, near), fmt.Sprintf("write %s instead of %s", near, f.name)
	}
	elsewhere, end := j.whereElse(x.kind, f), ";"
	if strings.HasSuffix(elsewhere, "?") {
		end = " Else"
	}
	return fmt.Sprintf("%s%s%s `%s` stores it", message, elsewhere, end, command), command
}

func (k kind) other() kind {
	if k == variable {
		return secret
	}
	return variable
}

// isOther tells whether a name is not there as what it is read, but every job sees it as the other kind.
func (j *judgement) isOther(of kind, f fate) bool {
	return slices.ContainsFunc(j.k.wide(of.other()), func(p place) bool { _, there := p.listing.Find(f.name); return there })
}

func have(names []string) string {
	const most = 10
	list := strings.Join(names[:min(len(names), most)], ", ")
	if len(names) == 1 {
		return "environment " + list + " has"
	}
	if len(names) > most {
		list += fmt.Sprintf(" and %d more", len(names)-most)
	}
	return "environments " + list + " have"
}

func (j *judgement) whereNot(f fate) string {
	organization := j.k.Repository.Organization
	switch {
	case f.any && organization:
		return "in no environment, nor in the repository or the organization"
	case f.any:
		return "in no environment, nor in the repository"
	case f.environment != "" && organization:
		return fmt.Sprintf("not in environment %s, the repository or the organization", f.environment)
	case f.environment != "":
		return fmt.Sprintf("not in environment %s or the repository", f.environment)
	case organization:
		return "not in the repository or the organization"
	}
	return "not in the repository"
}

// whereElse says where the value does exist, or which name is nearest.
func (j *judgement) whereElse(of kind, f fate) string {
	if holders := slices.DeleteFunc(j.holders(of, f.name, unknown()), func(e string) bool { return strings.EqualFold(e, f.environment) }); len(holders) > 0 {
		return "; " + have(holders) + " it"
	}
	if of == secret {
		if _, ok := j.k.Dependabot.Find(f.name); ok {
			return "; Dependabot has it, for its own runs only"
		}
	}
	if near := j.nearest(of, f); near != "" {
		return fmt.Sprintf("; did you mean %s?", near)
	}
	return ""
}

func (j *judgement) nearest(of kind, f fate) string {
	var names []string
	listings := []github.Listing{j.k.environment(of, f.environment)}
	for _, p := range j.k.wide(of) {
		listings = append(listings, p.listing)
	}
	for _, l := range listings {
		for _, e := range l.Entries {
			names = append(names, e.Name)
		}
	}
	return nearestName(f.name, names)
}

// nearestName is the name that was probably meant, or "".
func nearestName(name string, names []string) string {
	best, distance := "", min(len(name)/4, 2)+1
	for _, n := range names {
		if d := editDistance(strings.ToUpper(name), strings.ToUpper(n)); d < distance && d > 0 {
			best, distance = n, d
		}
	}
	return best
}

// editDistance counts the characters to insert, drop or change. Names are short (GitHub allows 255 characters).
func editDistance(a, b string) int {
	a, b = a[:min(len(a), 255)], b[:min(len(b), 255)]
	row := make([]int, len(b)+1)
	for i := range row {
		row[i] = i
	}
	for i := range a {
		diagonal := row[0]
		row[0] = i + 1
		for k := range b {
			cost := 1
			if a[i] == b[k] {
				cost = 0
			}
			diagonal, row[k+1] = row[k+1], min(row[k+1]+1, row[k]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}

func (j *judgement) command(of kind, f fate) string {
	if of == secret {
		return j.storeCommand(f.name, f.environment)
	}
	if f.environment == "" && strings.EqualFold(f.name, hostNames()[0]) {
		return "gh hex auth"
	}
	return j.variableCommand(f.name, f.environment)
}

// variableCommand is the command that stores a variable. It goes through gh api: the oldest gh that is supported, 2.23,
// has no command for variables.
func (j *judgement) variableCommand(name, environment string) string {
	path := "actions/variables"
	if environment != "" {
		path = environmentPath(environment) + "/variables"
	}
	return j.apiCommand("", path) + " -f name=" + core.ShellWord(name) + " -f value=VALUE"
}

func environmentPath(name string) string {
	return "environments/" + core.ShellWord(strings.ReplaceAll(name, "/", "%2F"))
}

// apiCommand is a call of GitHub's API, path being below the repository's.
func (j *judgement) apiCommand(flags, path string) string {
	host, repository := "", j.c.Repository
	if strings.Count(repository, "/") == 2 {
		host, repository, _ = strings.Cut(repository, "/")
		flags += "--hostname " + core.ShellWord(host) + " "
	}
	return "gh api " + flags + "repos/" + cmp.Or(repository, "{owner}/{repo}") + "/" + path
}
