package workflow

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/extension/abstract"
	"github.com/gh-hex/gh-hex/extension/inventory"
	"github.com/gh-hex/gh-hex/extension/simulate"
	"github.com/gh-hex/gh-hex/extension/source"
	"github.com/gh-hex/gh-hex/extension/vendors"
)

// simulated is the simulation that the judges read; it is worked out when the first of them asks.
func (j *judgement) simulated() *simulate.Simulation {
	j.once.Do(func() {
		j.mapping = &verdict{}
		q := j.asks()
		q.Watch = j.mapping.watch
		talks := false
		if j.least {
			q.Only = func(d *source.Document) bool {
				first := !talks && talksToHex(d) // whether a step does so that may run is told by one of them
				talks = talks || first
				return first || leavesOpen(d)
			}
		}
		j.sim = simulate.Follow(q)
		if talks && !j.mapping.looked {
			q.Only = nil
			j.sim = simulate.Follow(q)
		}
		j.unread(j.mapping)
	})
	return j.sim
}

// asks is what a simulation is asked.
func (j *judgement) asks() simulate.Question {
	return simulate.Question{W: j.w.Workflows, K: j.k, Dependabot: j.c.Dependabot}
}

// fate is a lack in all the runs that nothing tells apart, of those that read Actions' own secrets.
type fate struct {
	*simulate.Lack
	flows     bool
	scenarios []*simulate.Scenario // in which it flows
}

// fates joins the lacks of runs that read Actions' own secrets, in order.
func (j *judgement) fates() []*fate {
	byKey := map[simulate.LackKey]*fate{}
	var out []*fate
	for _, l := range j.simulated().Order {
		if l.Scenario.Source != simulate.OfActions {
			continue
		}
		key := l.LackKey
		key.Scenario = nil
		f := byKey[key]
		if f == nil {
			f = &fate{Lack: l}
			byKey[key] = f
			out = append(out, f)
		}
		if l.Flows || l.Tolerated {
			f.flows = true
			f.scenarios = append(f.scenarios, l.Scenario)
		}
	}
	return out
}

// available judges secret-available and variable-available.
func (j *judgement) available() (secrets, variables *verdict) {
	secrets, variables = &verdict{nothing: "no workflow reads a Hex secret"}, &verdict{nothing: "no workflow reads a Hex variable"}
	of := func(x *source.Read) *verdict {
		if x.Kind == inventory.Secret {
			return secrets
		}
		return variables
	}
	fates := j.fates()
	j.failing = map[simulate.LackKey]bool{}
	groups := map[*source.Alternatives]bool{}
	for _, f := range fates {
		if j.concerns(f.X) && j.severityOf(f) == check.SeverityError {
			groups[f.X.Group] = true
			j.failing[simulate.LackKey{X: f.X, R: f.R, Name: f.Name}] = true
			j.failing[simulate.LackKey{X: f.X, Name: f.Name}] = true
		}
	}
	for _, r := range j.w.Runs {
		for _, x := range r.Reads() {
			if j.judges(x) {
				of(x).looked = true
				j.unreached(of(x), x, r)
			}
		}
	}
	for _, f := range fates {
		if !f.flows && !f.Early && j.failing[simulate.LackKey{X: f.X, Name: f.Name}] {
			continue // said of another job
		}
		if !j.judges(f.X) || f.X.Group != nil && groups[f.X.Group] && !f.flows {
			continue // said at the last one of A || B
		}
		j.report(of(f.X), f)
	}
	j.beyondHundred(secrets)
	j.bounded(secrets)
	return secrets, variables
}

// judges tells the reads that the availability checks look at.
func (j *judgement) judges(x *source.Read) bool {
	return !x.Whole && j.concerns(x) && (x.Kind == inventory.Variable || x.Site.Secrets)
}

// bounded says that not everything was followed.
func (j *judgement) bounded(v *verdict) {
	if j.simulated().Over && v.looked {
		v.add(Place{}, check.SeverityNote, "", "the workflows are so large that only a part of what they may do was worked out", "")
	}
}

// severityOf weighs a fate; empty is nothing to say here.
func (j *judgement) severityOf(f *fate) check.Severity {
	switch {
	case f.State == simulate.Required:
		return ""
	case f.Early:
		return check.SeverityError
	case f.State == simulate.Partly, !f.flows:
		return check.SeverityNote
	case optional(f.R, f.Name) && !j.requiredNext(f):
		return check.SeverityNote
	case f.State == simulate.Hollow:
		return check.SeverityWarning
	}
	return check.SeverityError
}

// optional tells whether a secret is declared as one that may be left out: by the called workflow that reads it, or by one
// above that hands on all that it gets.
func optional(r *source.Run, name string) bool {
	for ; r.Caller != nil; r = r.Caller {
		switch r.Declares(name) {
		case source.DeclaredOptional:
			return true
		case source.DeclaredRequired:
			return false
		}
		if !r.Caller.Job.AST.WorkflowCall.InheritSecrets {
			return false
		}
	}
	return false
}

// requiredNext tells a secret that is handed on to a workflow which requires it.
func (j *judgement) requiredNext(f *fate) bool {
	return f.X.Site.Passes != "" && slices.ContainsFunc(f.R.Called, func(r *source.Run) bool { return r.Declares(f.X.Site.Passes) == source.DeclaredRequired })
}

func (j *judgement) report(v *verdict, f *fate) {
	severity := j.severityOf(f)
	if severity == "" {
		return
	}
	if f.State == simulate.Doubtful {
		if severity == check.SeverityError && j.stillFlows(f) {
			v.cannotTell(fmt.Sprintf("cannot tell whether job %s sees %s %s: %s", f.R.Label(), f.X.Kind.Word(), f.Name, f.Reason))
		}
		severity = check.SeverityNote
	}
	message, fix := j.say(f, severity)
	v.add(f.R.At(f.X), severity, f.R.Label(), message, fix)
}

// stillFlows asks again about a name that cannot be told, with that one missing for certain: what guards it then shows.
func (j *judgement) stillFlows(f *fate) bool {
	if len(j.again) > maxAgain {
		return true
	}
	sim := j.again[f.Name]
	if sim == nil {
		if j.again == nil {
			j.again = map[string]*simulate.Simulation{}
		}
		q := j.asks()
		q.Without = f.Name
		sim = simulate.Follow(q)
		j.again[f.Name] = sim
	}
	return slices.ContainsFunc(sim.Order, func(l *simulate.Lack) bool { return l.X == f.X && l.R == f.R && l.Name == f.Name && l.Flows })
}

// maxAgain bounds how many names are asked about again.
const maxAgain = 5

// unreached notes a read that no run comes to, of what is not there.
func (j *judgement) unreached(v *verdict, x *source.Read, r *source.Run) {
	if _, reached := j.simulated().Names[simulate.ReadKey{X: x, R: r}]; reached || r.Open || x.Index != nil || x.Name == "" {
		return
	}
	if x.Kind == inventory.Secret && r.Origin(x.Name) != (source.Origin{}) {
		return
	}
	for _, e := range j.environmentsOf(r) {
		places := append([]inventory.Listed{j.k.InEnvironment(x.Kind, e)}, j.k.Wide(x.Kind)...)
		if found, doubt := inventory.Search(x.Name, places); found == nil && doubt == "" {
			f := &fate{Lack: &simulate.Lack{LackKey: simulate.LackKey{X: x, R: r, Name: x.Name, Environment: e}}}
			message, _ := j.say(f, check.SeverityNote)
			v.add(r.At(x), check.SeverityNote, r.Label(), message, "")
		}
	}
}

// environmentsOf are those that a run's job may be in, as far as they are known.
func (j *judgement) environmentsOf(r *source.Run) []string {
	var out []string
	for _, p := range j.simulated().Places {
		if p.R == r {
			out = abstract.Union(out, p.Names.Known())
		}
	}
	if len(out) == 0 {
		return []string{""}
	}
	return out
}

// runsHere tells whether a job may run in this repository at all.
func (j *judgement) runsHere(r *source.Run) bool {
	return slices.ContainsFunc(j.simulated().Places, func(p simulate.InEnvironment) bool { return p.R == r && p.Live })
}

// OnlyElsewhere tells whether all jobs that use Hex run in other repositories only, as a fork's do in its parent.
func OnlyElsewhere(w *Workflows, inv inventory.Inventory) bool {
	j := newJudgement(w, inv, Context{})
	any := false
	for _, r := range w.Runs {
		if r.Job.Hex && r.Job.AST.WorkflowCall == nil && !r.Open {
			if j.runsHere(r) || !asksRepository(r) {
				return false
			}
			any = true
		}
	}
	return any
}

// asksRepository tells whether the `if` of a run's job, or of one that calls it, looks at which repository it is in.
func asksRepository(r *source.Run) bool {
	for ; r != nil; r = r.Caller {
		if s := r.Job.AST.If; s != nil && strings.Contains(strings.ToLower(s.Value), "github.repository") {
			return true
		}
	}
	return false
}

// say words a fate.
func (j *judgement) say(f *fate, severity check.Severity) (message, fix string) {
	subject := fmt.Sprintf("%s reads %s %s (%s)", jobMark, f.X.Kind.Word(), f.Name, spot(f.X))
	switch {
	case f.State == simulate.Hollow:
		return fmt.Sprintf("%s reads a %s whose name is empty (%s) for some of its runs: it will be empty", jobMark, f.X.Kind.Word(), spot(f.X)), ""
	case f.State == simulate.Unpassed:
		return fmt.Sprintf("%s, which job %s of %s does not pass: it will be empty; pass it under `secrets:`, or write `secrets: inherit`",
			subject, f.By.Job.ID, f.By.Job.Doc.Name()), ""
	case f.State == simulate.Partly:
		return fmt.Sprintf("%s in an environment that is chosen at run time; %s it", subject, have(f.Holders)), ""
	case f.State == simulate.Doubtful:
		return fmt.Sprintf("%s: cannot tell whether it is there, %s", subject, f.Reason), ""
	case f.Early:
		return fmt.Sprintf("%s before the job is in its environment, which alone has it: only the repository's and the organization's variables are there yet, so it is empty", subject),
			j.variableCommand(f.Name, "")
	}
	message = fmt.Sprintf("%s, which is %s: %s%s", subject, j.whereNot(f), j.empty(f), j.noGuard(f))
	if severity == check.SeverityNote {
		return message + j.whereElse(f) + j.whyNote(f), ""
	}
	return j.advise(message, f)
}

// noGuard says why a condition that was meant to keep a step from running does not.
func (j *judgement) noGuard(f *fate) string {
	conditions := []*actionlint.String{f.R.Job.AST.If}
	if f.X.Step != nil {
		conditions = append(conditions, f.X.Step.AST.If)
	}
	for _, c := range conditions {
		if c != nil && f.flows && j.simulated().Hollow[c] {
			return fmt.Sprintf(" (`if: %s` does not guard it: any text counts as true, even 'false'; compare it with == 'true')", strings.TrimSpace(c.Value))
		}
	}
	return ""
}

// empty says that there is nothing and, where that is so in some runs only, in which.
func (j *judgement) empty(f *fate) string {
	e := f.R.Job.AST.Environment
	if f.Environment != "" || f.Any || e == nil || e.Name == nil || len(f.scenarios) == 0 || !f.flows {
		return "it will be empty"
	}
	return fmt.Sprintf("on %s no environment is chosen, and it will be empty", f.scenarios[0].What)
}

func (j *judgement) whyNote(f *fate) string {
	if !j.runsHere(f.R) && asksRepository(f.R) {
		return "; but the job does not run in this repository"
	}
	return "; the workflow provides for that"
}

// advise adds what to do about a value that is missing.
func (j *judgement) advise(message string, f *fate) (string, string) {
	kind := f.X.Kind
	if why := RefusedName(f.Name); why != "" && kind == inventory.Secret {
		return fmt.Sprintf("%s; no secret can have that name: %s; read it under another name", message, why), ""
	}
	if other := j.storedAsOther(f); other {
		return j.adviseOther(message, f)
	}
	if command, why := j.hiddenInOrganization(f); command != "" {
		message = strings.Replace(message, j.whereNot(f), "not in the repository", 1)
		return fmt.Sprintf("%s; %s; name every repository that is to see it, since the command replaces the list", message, why), command
	}
	near := j.nearest(f)
	if ours := vendors.IsSecretName(near) || vendors.IsVariableName(near); ours && !vendors.IsSecretName(f.Name) && !vendors.IsVariableName(f.Name) {
		return fmt.Sprintf("%s; did you mean %s?", message, near), fmt.Sprintf("write %s instead of %s", near, f.Name)
	}
	message += j.whereElse(f)
	if kind == inventory.Secret && j.w.Holding(f.Name) != "" {
		message += fmt.Sprintf("; it has to be %s, not a bare token", j.w.Holding(f.Name))
	}
	return message, j.command(kind, f)
}

// Remedy is the command that mends a secret which is missing in the repository, the same that secret-available names;
// empty when there is none.
func Remedy(w *Workflows, inv inventory.Inventory, c Context, name string) string {
	j := newJudgement(w, inv, c)
	_, fix := j.advise("", &fate{Lack: &simulate.Lack{LackKey: simulate.LackKey{X: &source.Read{Kind: inventory.Secret}, Name: name}}})
	return fix
}

// RefusedName says why GitHub refuses a name; empty when it does not.
func RefusedName(name string) string {
	switch {
	case strings.HasPrefix(strings.ToUpper(name), "GITHUB_"):
		return "GitHub reserves names that start with GITHUB_"
	case strings.IndexFunc(name, func(r rune) bool { return r != '_' && !abstract.IsAlphanumeric(r) }) >= 0:
		return "a name has letters, digits and _ only"
	case name != "" && name[0] >= '0' && name[0] <= '9':
		return "a name does not begin with a digit"
	}
	return ""
}

// storedAsOther tells whether a name is not there as what it is read, but every job sees it as the other kind.
func (j *judgement) storedAsOther(f *fate) bool {
	return slices.ContainsFunc(j.k.Wide(f.X.Kind.Other()), func(p inventory.Listed) bool { return p.Has(f.Name) })
}

// adviseOther: a token that was stored as a variable is no secret any more.
func (j *judgement) adviseOther(message string, f *fate) (string, string) {
	kind := f.X.Kind
	if kind == inventory.Secret && j.w.isHexToken(f.Name) {
		command := j.storeCommand(f.Name, f.Environment, "")
		return message + "; it is stored as a variable, which everybody who can read the repository sees: store a new token as a secret, then delete the variable and revoke the old token", command
	}
	return fmt.Sprintf("%s; there is a %s of that name: read %s.%s", message, kind.Other().Word(), kind.Other(), f.Name),
		fmt.Sprintf("read %s.%s instead of %s.%s", kind.Other(), f.Name, kind, f.Name)
}

// hiddenInOrganization is the command that shows a secret of the organization to this repository, where it has one that
// the repository does not see.
func (j *judgement) hiddenInOrganization(f *fate) (command, why string) {
	if f.X.Kind != inventory.Secret || !j.k.Repository.Organization {
		return "", ""
	}
	e, there := j.k.Listing(inventory.Place{Level: inventory.AllOfOrganization}).Find(f.Name)
	if !there {
		return "", ""
	}
	owner := j.k.Repository.Owner
	why = "the organization " + owner + " has it, but this repository does not see it"
	switch e.Value {
	case "selected":
		why += ": it is for selected repositories"
	case "private":
		why += ": it is for private repositories"
	}
	command = "gh secret set " + core.ShellWord(f.Name)
	if j.w.isHexToken(f.Name) && j.w.Holding(f.Name) == "" {
		command = "gh hex auth"
		if f.Name != vendors.SecretNames()[0] {
			command += " --secret " + core.ShellWord(f.Name)
		}
	}
	return fmt.Sprintf("%s --org %s --visibility selected --repos %s", command, core.ShellWord(owner), core.ShellWord(j.k.Repository.Name)), why
}

// beyondHundred warns of secrets of the organization that a run does not get: it gets the first hundred by name (R24).
func (j *judgement) beyondHundred(v *verdict) {
	const most = 100
	entries := j.k.Listing(inventory.Place{Level: inventory.OfOrganization}).Entries
	if len(entries) <= most {
		return
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = strings.ToUpper(e.Name)
	}
	slices.Sort(names)
	for _, r := range j.w.Runs {
		for _, x := range r.Reads() {
			if x.Kind != inventory.Secret || !j.judges(x) || r.Open {
				continue
			}
			for _, name := range j.namesOf(x, r) {
				if at, there := slices.BinarySearch(names, name); there && at >= most && j.onlyOrganization(r, name) {
					v.add(r.At(x), check.SeverityWarning, r.Label(), fmt.Sprintf("%s reads secret %s (%s), which is the organization's number %d by name: a run gets the first %d, so it will be empty; store it in the repository",
						jobMark, name, spot(x), at+1, most), j.storeCommand(name, "", ""))
				}
			}
		}
	}
}

func (j *judgement) onlyOrganization(r *source.Run, name string) bool {
	return !j.k.Listing(inventory.Place{}).Has(name) && len(j.k.Holders(inventory.Secret, name, j.environmentsOf(r))) == 0
}

// namesOf are the secrets or variables of the places that a read may mean in a run.
func (j *judgement) namesOf(x *source.Read, r *source.Run) []string {
	if names, reached := j.simulated().Names[simulate.ReadKey{X: x, R: r}]; reached {
		return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == "" })
	}
	if x.Name == "" || x.Kind == inventory.Secret && r.Origin(x.Name) != (source.Origin{}) {
		return nil
	}
	return []string{x.Name}
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
	organization := j.k.Repository.Organization
	switch {
	case f.Any && organization:
		return "in no environment, nor in the repository or the organization"
	case f.Any:
		return "in no environment, nor in the repository"
	case f.Environment != "" && organization:
		return fmt.Sprintf("not in environment %s, the repository or the organization", f.Environment)
	case f.Environment != "":
		return fmt.Sprintf("not in environment %s or the repository", f.Environment)
	case organization:
		return "not in the repository or the organization"
	}
	return "not in the repository"
}

// whereElse says where the value does exist, or which name is nearest.
func (j *judgement) whereElse(f *fate) string {
	of := f.X.Kind
	holders := slices.DeleteFunc(j.k.Holders(of, f.Name, j.k.EnvironmentNames()), func(e string) bool { return strings.EqualFold(e, f.Environment) })
	if len(holders) > 0 {
		return "; " + have(holders) + " it"
	}
	if of == inventory.Secret && j.k.Listing(inventory.Place{Level: inventory.OfDependabot}).Has(f.Name) {
		return "; Dependabot has it, for its own runs only"
	}
	if near := j.nearest(f); near != "" {
		return fmt.Sprintf("; did you mean %s?", near)
	}
	return ""
}

func (j *judgement) nearest(f *fate) string {
	var names []string
	for _, p := range append(j.k.Wide(f.X.Kind), j.k.InEnvironment(f.X.Kind, f.Environment)) {
		for _, e := range p.Entries {
			names = append(names, e.Name)
		}
	}
	return core.NearestName(f.Name, names)
}

func (j *judgement) command(of inventory.Kind, f *fate) string {
	if of == inventory.Secret {
		return j.storeCommand(f.Name, f.Environment, "")
	}
	if f.Environment == "" && strings.EqualFold(f.Name, core.HostNames()[0]) {
		return "gh hex auth" + j.c.Flag
	}
	return j.variableCommand(f.Name, f.Environment)
}

// variableCommand is the command that stores a variable.
func (j *judgement) variableCommand(name, environment string) string {
	known := j.c.HasVariable != nil && j.c.HasVariable()
	return Destination{Repository: j.c.Repository, Environment: environment}.SetVariable(known, name, "VALUE")
}
