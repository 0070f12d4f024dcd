package workflow

import "github.com/gh-hex/gh-hex/extension/abstract"

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/check"
)

// simulated is the simulation that the judges read; it is worked out when the first of them asks.
func (j *judgement) simulated() *simulation {
	j.once.Do(func() {
		j.mapping = &verdict{}
		j.sim = j.simulate("", j.mappedAt)
	})
	return j.sim
}

// fate is a lack in all the runs that nothing tells apart, of those that read Actions' own secrets.
type fate struct {
	*lack
	flows     bool
	scenarios []*scenario // in which it flows
}

// fates joins the lacks of runs that read Actions' own secrets, in order.
func (j *judgement) fates() []*fate {
	byKey := map[lackKey]*fate{}
	var out []*fate
	for _, l := range j.simulated().order {
		if l.scenario.source != ofActions {
			continue
		}
		key := l.lackKey
		key.scenario = nil
		f := byKey[key]
		if f == nil {
			f = &fate{lack: l}
			byKey[key] = f
			out = append(out, f)
		}
		if l.flows || l.tolerated {
			f.flows = true
			f.scenarios = append(f.scenarios, l.scenario)
		}
	}
	return out
}

// available judges secret-available and variable-available.
func (j *judgement) available() (secrets, variables *verdict) {
	secrets, variables = &verdict{nothing: "no workflow reads a Hex secret"}, &verdict{nothing: "no workflow reads a Hex variable"}
	of := func(x *read) *verdict {
		if x.kind == secret {
			return secrets
		}
		return variables
	}
	fates := j.fates()
	j.failing = map[lackKey]bool{}
	groups := map[*alternatives]bool{}
	for _, f := range fates {
		if j.concerns(f.x) && j.severityOf(f) == check.SeverityError {
			groups[f.x.group] = true
			j.failing[lackKey{x: f.x, r: f.r, name: f.name}] = true
			j.failing[lackKey{x: f.x, name: f.name}] = true
		}
	}
	for _, r := range j.w.runs {
		for _, x := range r.reads() {
			if j.judges(x) {
				of(x).looked = true
				j.unreached(of(x), x, r)
			}
		}
	}
	for _, f := range fates {
		if !f.flows && !f.early && j.failing[lackKey{x: f.x, name: f.name}] {
			continue // said of another job
		}
		if !j.judges(f.x) || f.x.group != nil && groups[f.x.group] && !f.flows {
			continue // said at the last one of A || B
		}
		j.report(of(f.x), f)
	}
	j.beyondHundred(secrets)
	j.bounded(secrets)
	return secrets, variables
}

// judges tells the reads that the availability checks look at.
func (j *judgement) judges(x *read) bool {
	return !x.whole && j.concerns(x) && (x.kind == variable || x.site.secrets)
}

// bounded says that not everything was followed.
func (j *judgement) bounded(v *verdict) {
	if j.simulated().over && v.looked {
		v.add(Place{}, check.SeverityNote, "", "the workflows are so large that only a part of what they may do was worked out", "")
	}
}

// severityOf weighs a fate; empty is nothing to say here.
func (j *judgement) severityOf(f *fate) check.Severity {
	switch {
	case f.state == required:
		return ""
	case f.early:
		return check.SeverityError
	case f.state == partly, !f.flows:
		return check.SeverityNote
	case f.r.caller != nil && f.r.declares(f.name) == declaredOptional && !j.requiredNext(f):
		return check.SeverityNote
	case f.state == hollow:
		return check.SeverityWarning
	}
	return check.SeverityError
}

// requiredNext tells a secret that is handed on to a workflow which requires it.
func (j *judgement) requiredNext(f *fate) bool {
	return f.x.site.passes != "" && slices.ContainsFunc(f.r.called, func(r *run) bool { return r.declares(f.x.site.passes) == declaredRequired })
}

func (j *judgement) report(v *verdict, f *fate) {
	severity := j.severityOf(f)
	if severity == "" {
		return
	}
	if f.state == doubtful {
		if severity == check.SeverityError && j.stillFlows(f) {
			v.cannotTell(fmt.Sprintf("cannot tell whether job %s sees %s %s: %s", f.r.label(), f.x.kind.word(), f.name, f.reason))
		}
		severity = check.SeverityNote
	}
	message, fix := j.say(f, severity)
	v.add(f.r.at(f.x), severity, f.r.label(), message, fix)
}

// stillFlows asks again about a name that cannot be told, with that one missing for certain: what guards it then shows.
func (j *judgement) stillFlows(f *fate) bool {
	if len(j.again) > maxAgain {
		return true
	}
	sim := j.again[f.name]
	if sim == nil {
		if j.again == nil {
			j.again = map[string]*simulation{}
		}
		sim = j.simulate(f.name, nil)
		j.again[f.name] = sim
	}
	return slices.ContainsFunc(sim.order, func(l *lack) bool { return l.x == f.x && l.r == f.r && l.name == f.name && l.flows })
}

// maxAgain bounds how many names are asked about again.
const maxAgain = 5

// unreached notes a read that no run comes to, of what is not there.
func (j *judgement) unreached(v *verdict, x *read, r *run) {
	if _, reached := j.simulated().names[readKey{x, r}]; reached || r.open || x.index != nil || x.name == "" {
		return
	}
	if x.kind == secret && r.origin(x.name) != (origin{}) {
		return
	}
	for _, e := range j.environmentsOf(r) {
		places := append([]place{j.k.inEnvironment(x.kind, e)}, j.k.wide(x.kind)...)
		if found, doubt := search(x.name, places); found == nil && doubt == "" {
			f := &fate{lack: &lack{lackKey: lackKey{x: x, r: r, name: x.name, environment: e}}}
			message, _ := j.say(f, check.SeverityNote)
			v.add(r.at(x), check.SeverityNote, r.label(), message, "")
		}
	}
}

// environmentsOf are those that a run's job may be in, as far as they are known.
func (j *judgement) environmentsOf(r *run) []string {
	var out []string
	for _, p := range j.simulated().places {
		if p.r == r {
			out = abstract.Union(out, p.names.Known())
		}
	}
	if len(out) == 0 {
		return []string{""}
	}
	return out
}

// runsHere tells whether a job may run in this repository at all.
func (j *judgement) runsHere(r *run) bool {
	return slices.ContainsFunc(j.simulated().places, func(p inEnvironment) bool { return p.r == r && p.live })
}

// asksRepository tells whether the `if` of a run's job, or of one that calls it, looks at which repository it is in.
func (r *run) asksRepository() bool {
	for ; r != nil; r = r.caller {
		if s := r.job.ast.If; s != nil && strings.Contains(strings.ToLower(s.Value), "github.repository") {
			return true
		}
	}
	return false
}

// say words a fate.
func (j *judgement) say(f *fate, severity check.Severity) (message, fix string) {
	subject := fmt.Sprintf("%s reads %s %s (%s)", jobMark, f.x.kind.word(), f.name, f.x.spot())
	switch {
	case f.state == hollow:
		return fmt.Sprintf("%s reads a %s whose name is empty (%s) for some of its runs: it will be empty", jobMark, f.x.kind.word(), f.x.spot()), ""
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
	message = fmt.Sprintf("%s, which is %s: %s%s", subject, j.whereNot(f), j.empty(f), j.noGuard(f))
	if severity == check.SeverityNote {
		return message + j.whereElse(f) + j.whyNote(f), ""
	}
	return j.advise(message, f)
}

// noGuard says why a condition that was meant to keep a step from running does not.
func (j *judgement) noGuard(f *fate) string {
	conditions := []*actionlint.String{f.r.job.ast.If}
	if f.x.step != nil {
		conditions = append(conditions, f.x.step.ast.If)
	}
	for _, c := range conditions {
		if c != nil && f.flows && j.simulated().hollow[c] {
			return fmt.Sprintf(" (`if: %s` is no guard: a text counts as true, 'false' as well; compare it, == 'true')", strings.TrimSpace(c.Value))
		}
	}
	return ""
}

// empty says that there is nothing and, where that is so in some runs only, in which.
func (j *judgement) empty(f *fate) string {
	e := f.r.job.ast.Environment
	if f.environment != "" || f.any || e == nil || e.Name == nil || len(f.scenarios) == 0 || !f.flows {
		return "it will be empty"
	}
	return fmt.Sprintf("on %s no environment is chosen, and it will be empty", f.scenarios[0].what)
}

func (j *judgement) whyNote(f *fate) string {
	if !j.runsHere(f.r) && f.r.asksRepository() {
		return "; but the job does not run in this repository"
	}
	return "; the workflow provides for that"
}

// advise adds what to do about a value that is missing.
func (j *judgement) advise(message string, f *fate) (string, string) {
	kind := f.x.kind
	if why := refusedName(f.name); why != "" && kind == secret {
		return fmt.Sprintf("%s; no secret can have that name: %s; read it under another name", message, why), ""
	}
	if other := j.storedAsOther(f); other {
		return j.adviseOther(message, f)
	}
	if command, why := j.hiddenInOrganization(f); command != "" {
		message = strings.Replace(message, j.whereNot(f), "not in the repository", 1)
		return fmt.Sprintf("%s; %s; `%s` shows it to those that are named, all of which have to be", message, why, command), command
	}
	near := j.nearest(f)
	if ours := isSecretName(near) || isVariableName(near); ours && !isSecretName(f.name) && !isVariableName(f.name) {
		return fmt.Sprintf("%s; did you mean %s?", message, near), fmt.Sprintf("write %s instead of %s", near, f.name)
	}
	command := j.command(kind, f)
	elsewhere, end := j.whereElse(f), ";"
	if strings.HasSuffix(elsewhere, "?") {
		end = " Else"
	}
	if kind == secret && j.w.structured(f.name) != "" {
		return fmt.Sprintf("%s%s%s it holds %s, not a bare token: `%s` asks for it", message, elsewhere, end, j.w.structured(f.name), command), command
	}
	return fmt.Sprintf("%s%s%s `%s` stores it", message, elsewhere, end, command), command
}

// Remedy is the command that mends a secret which is missing in the repository, the same that secret-available names;
// empty when there is none.
func Remedy(w *Workflows, inv Inventory, c Context, name string) string {
	j := newJudgement(w, inv, c)
	_, fix := j.advise("", &fate{lack: &lack{lackKey: lackKey{x: &read{kind: secret}, name: name}}})
	return fix
}

// refusedName says why GitHub refuses a name; empty when it does not.
func refusedName(name string) string {
	switch {
	case strings.HasPrefix(strings.ToUpper(name), "GITHUB_"):
		return "GitHub keeps names that begin with GITHUB_ for itself"
	case strings.IndexFunc(name, func(r rune) bool { return r != '_' && !abstract.IsAlphanumeric(r) }) >= 0:
		return "a name has letters, digits and _ only"
	case name != "" && name[0] >= '0' && name[0] <= '9':
		return "a name does not begin with a digit"
	}
	return ""
}

// storedAsOther tells whether a name is not there as what it is read, but every job sees it as the other kind.
func (j *judgement) storedAsOther(f *fate) bool {
	return slices.ContainsFunc(j.k.wide(f.x.kind.other()), func(p place) bool { return p.has(f.name) })
}

// adviseOther: a token that was stored as a variable is no secret any more.
func (j *judgement) adviseOther(message string, f *fate) (string, string) {
	kind := f.x.kind
	if kind == secret && j.w.isHexToken(f.name) {
		command := j.storeCommand(f.name, f.environment)
		return fmt.Sprintf("%s; it was stored as a variable, which everybody who can read the repository sees: make a new token at Hex, `%s` stores it as a secret; then delete the variable and revoke the old token", message, command), command
	}
	return fmt.Sprintf("%s; there is a %s of that name: read %s.%s", message, kind.other().word(), kind.other(), f.name),
		fmt.Sprintf("read %s.%s instead of %s.%s", kind.other(), f.name, kind, f.name)
}

// hiddenInOrganization is the command that shows a secret of the organization to this repository, where it has one that
// the repository does not see.
func (j *judgement) hiddenInOrganization(f *fate) (command, why string) {
	if f.x.kind != secret || !j.k.repository.Organization {
		return "", ""
	}
	e, there := j.k.list(Store{Level: AllOfOrganization}).find(f.name)
	if !there {
		return "", ""
	}
	owner := j.k.repository.Owner
	why = "the organization " + owner + " has it, but this repository does not see it"
	switch e.Value {
	case "selected":
		why += ": it is for selected repositories"
	case "private":
		why += ": it is for private repositories"
	}
	command = "gh secret set " + core.ShellWord(f.name)
	if j.w.isHexToken(f.name) && j.w.structured(f.name) == "" {
		command = j.storeCommand(f.name, "")
	}
	return fmt.Sprintf("%s --org %s --visibility selected --repos %s", command, core.ShellWord(owner), core.ShellWord(j.k.repository.Name)), why
}

// beyondHundred warns of secrets of the organization that a run does not get: it gets the first hundred by name (R24).
func (j *judgement) beyondHundred(v *verdict) {
	const most = 100
	entries := j.k.list(Store{Level: OfOrganization}).entries
	if len(entries) <= most {
		return
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = strings.ToUpper(e.Name)
	}
	slices.Sort(names)
	for _, r := range j.w.runs {
		for _, x := range r.reads() {
			if x.kind != secret || !j.judges(x) || r.open {
				continue
			}
			for _, name := range j.namesOf(x, r) {
				if at, there := slices.BinarySearch(names, name); there && at >= most && j.onlyOrganization(r, name) {
					v.add(r.at(x), check.SeverityWarning, r.label(), fmt.Sprintf("%s reads secret %s (%s), which is the organization's number %d by name: a run gets the first %d, so it will be empty; store it in the repository: `%s`",
						jobMark, name, x.spot(), at+1, most, j.storeCommand(name, "")), j.storeCommand(name, ""))
				}
			}
		}
	}
}

func (j *judgement) onlyOrganization(r *run, name string) bool {
	if j.k.list(Store{}).has(name) {
		return false
	}
	return len(j.k.holders(secret, name, j.environmentsOf(r))) == 0
}

// namesOf are the secrets or variables of the stores that a read may mean in a run.
func (j *judgement) namesOf(x *read, r *run) []string {
	if names, reached := j.simulated().names[readKey{x, r}]; reached {
		return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == "" })
	}
	if x.name == "" || x.kind == secret && r.origin(x.name) != (origin{}) {
		return nil
	}
	return []string{x.name}
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

func (j *judgement) whereNot(f *fate) string {
	organization := j.k.repository.Organization
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
func (j *judgement) whereElse(f *fate) string {
	of := f.x.kind
	holders := slices.DeleteFunc(j.k.holders(of, f.name, j.k.environmentNames()), func(e string) bool { return strings.EqualFold(e, f.environment) })
	if len(holders) > 0 {
		return "; " + have(holders) + " it"
	}
	if of == secret && j.k.list(Store{Level: OfDependabot}).has(f.name) {
		return "; Dependabot has it, for its own runs only"
	}
	if near := j.nearest(f); near != "" {
		return fmt.Sprintf("; did you mean %s?", near)
	}
	return ""
}

func (j *judgement) nearest(f *fate) string {
	var names []string
	for _, p := range append(j.k.wide(f.x.kind), j.k.inEnvironment(f.x.kind, f.environment)) {
		for _, e := range p.entries {
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

func (j *judgement) command(of kind, f *fate) string {
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
