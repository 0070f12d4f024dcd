package workflow

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/cli/go-gh/v2/pkg/text"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/extension/inventory"
	"github.com/gh-hex/gh-hex/extension/source"
	"github.com/gh-hex/gh-hex/extension/vendors"
)

// syntax judges workflow-syntax: what GitHub refuses about files that use Hex.
func (j *judgement) syntax() *verdict {
	v := &verdict{}
	for d := range j.judgedFiles(v) {
		for _, p := range append(append([]source.Problem(nil), d.Problems...), j.w.CallProblems(d, j.k.Spend)...) {
			v.add(p.Place, p.Severity, "", p.Message, "")
		}
	}
	j.called(v)
	for _, folder := range slices.Sorted(maps.Keys(j.w.Actions)) {
		if d := j.w.Actions[folder]; d != nil && d.Unread && d.Remote == "" {
			for _, p := range d.Problems {
				v.add(p.Place, p.Severity, "", p.Message, "")
			}
		}
	}
	if v.looked && j.w.CallsLeft {
		v.add(Place{}, check.SeverityNote, "", fmt.Sprintf("more than %d workflows are called: what the last of them call was not judged", source.MaxCalls), "")
	}
	return v
}

// readable says what GitHub can read, of what was judged, and counts what was not.
func (j *judgement) readable() string {
	judged, others, left := 0, 0, len(j.w.Missing)
	for _, d := range j.w.Docs {
		switch {
		case !j.concernsFile(d):
			others++
		case d.Unread || d.AST == nil:
			left++
		default:
			judged++
		}
	}
	for _, d := range j.w.Actions {
		if d != nil && d.Unread {
			left++
		}
	}
	said := "GitHub can read every workflow"
	switch {
	case judged == 0:
		said = "no workflow was judged"
	case others+left > 0 && judged == 1:
		said = "GitHub can read the workflow that uses Hex"
	case others+left > 0:
		said = fmt.Sprintf("GitHub can read the %d workflows that use Hex", judged)
	}
	if left > 0 {
		said += fmt.Sprintf("; not judged: %s", text.Pluralize(left, "file"))
	}
	return said
}

// LeavesOut reports whether a result of [Syntax] names something that was not judged.
func LeavesOut(r check.Result) bool {
	return slices.ContainsFunc(r.Findings, func(f check.Finding) bool { return strings.Contains(f.Message, "not judged") })
}

// called says what is wrong with workflows that are called, at the call of this repository that leads to them: what GitHub
// refuses of those that other repositories have, what could not be read of them, and permissions that no caller may give.
func (j *judgement) called(v *verdict) {
	for _, r := range j.w.Runs {
		if j.w.Ended() {
			return
		}
		if ref := source.CallRef(r.Job); j.w.Missing[ref] {
			v.aside(r.CallPlace(), r.Label(), fmt.Sprintf("%s calls %s, which could not be read: what it needs was not judged", jobMark, ref))
		}
		for _, s := range r.Job.Steps {
			for _, action := range j.w.Unseen(s) {
				v.aside(r.CallPlace(), r.Label(), fmt.Sprintf("%s uses %s, which could not be read: what it does was not judged", jobMark, action))
			}
		}
		if callee := j.w.Callee(r.Job); callee != nil && callee.Remote != "" && (callee.Unread || j.concernsFile(r.Root)) {
			for _, p := range append(slices.Clone(callee.Problems), j.w.CallProblems(callee, j.k.Spend)...) {
				v.add(r.CallPlace(), p.Severity, r.Label(), fmt.Sprintf("%s calls %s (line %d there): %s", jobMark, callee.Remote, max(p.Place.Line, 1), p.Message), "")
			}
		}
		if asked, most := r.Exceeds(); asked != "" && j.concernsFile(r.Root) {
			v.add(r.Caller.CallPlace(), check.SeverityError, r.Label(), fmt.Sprintf("%s asks for the permission %s, and the job that calls it may give %s: GitHub refuses the call", jobMark, asked, most), "")
		}
	}
}

// judgedFiles yields the files that are judged as a whole, for a verdict that looks at each.
func (j *judgement) judgedFiles(v *verdict) iter.Seq[*source.Document] {
	return func(yield func(*source.Document) bool) {
		for _, d := range j.w.Docs {
			if j.w.Ended() || !j.concernsFile(d) {
				continue
			}
			v.looked = true
			if !yield(d) {
				return
			}
		}
	}
}

// contexts judges secret-context: secrets where GitHub does not provide them (R7, R15).
func (j *judgement) contexts() *verdict {
	v := &verdict{}
	for d := range j.judgedFiles(v) {
		for _, x := range d.Reads {
			if x.Kind == inventory.Secret && !x.Site.Secrets {
				v.add(x.Place, check.SeverityError, x.JobID(), misplaced(x), "")
			}
		}
	}
	for _, folder := range slices.Sorted(maps.Keys(j.w.Actions)) {
		d := j.w.Actions[folder]
		if d == nil || d.Remote != "" || !j.concernsAction(d) {
			continue
		}
		for _, x := range d.Reads {
			if x.Kind == inventory.Secret {
				v.add(x.Place, check.SeverityError, "", fmt.Sprintf("a composite action has no secrets: %s (%s) makes GitHub refuse it; declare an input, and have the workflow pass the secret in `with`", x.What(), spot(x)), "")
			}
		}
	}
	return v
}

// spot is where a read stands within its job.
func spot(x *source.Read) string {
	if x.Step == nil {
		return x.Site.What
	}
	return x.Site.What + stepFrom + " of step " + x.Step.Label + stepTo
}

func misplaced(x *source.Read) string {
	where := "in " + spot(x)
	if x.Job != nil {
		where += " of " + jobMark
	}
	advice := "; put it in `env` of a step"
	switch {
	case x.Site.Ifs && x.Step != nil:
		advice = "; put it in `env` of the job or step, and have the `if` look at `env`"
	case x.Site.Ifs:
		advice = "; a job's `if` cannot look at secrets at all: have an earlier job look, and pass the answer as an output"
	case x.Step == nil && strings.HasPrefix(x.Site.What, "with "):
		advice = "; pass it under `secrets:`"
	}
	return fmt.Sprintf("%s %s: GitHub has no secrets there and refuses the whole file%s", x.What(), where, advice)
}

// concernsAction tells whether a local action is judged.
func (j *judgement) concernsAction(d *source.Document) bool {
	return j.w.Options.All || d.Marks.Has(vendors.Hex) || slices.ContainsFunc(d.Reads, func(x *source.Read) bool { return j.w.isHexToken(x.Name) })
}

// dynamic judges secret-dynamic: names that cannot be worked out, and secrets taken as a whole.
func (j *judgement) dynamic() *verdict {
	v := &verdict{}
	for d := range j.judgedFiles(v) {
		for _, x := range d.Reads {
			if x.Kind != inventory.Secret || !x.Site.Secrets {
				continue
			}
			switch {
			case x.Whole:
				v.add(x.Place, check.SeverityWarning, x.JobID(), whole(x), "")
			case x.Index != nil && j.concerns(x) && j.simulated().Undecided[x] != "":
				v.add(x.Place, check.SeverityWarning, x.JobID(), unnamed(x), "")
			}
		}
	}
	return v
}

func whole(x *source.Read) string {
	return fmt.Sprintf("%s takes every secret at once (%s): whatever sees the value sees them all, and nobody can tell which ones it needs; name the secrets", subjectOf(x), spot(x))
}

func unnamed(x *source.Read) string {
	return fmt.Sprintf("%s reads a secret whose name is only known at run time (%s), so nobody can tell whether it is there; name the secrets, or choose by a literal matrix or a choice input", subjectOf(x), spot(x))
}

func subjectOf(x *source.Read) string {
	if x.Job == nil {
		return "the workflow's env"
	}
	return jobMark
}

// passed judges secret-passed (R9, R10).
func (j *judgement) passed() *verdict {
	v := &verdict{nothing: "no workflow that uses Hex calls another"}
	for _, d := range j.w.Docs {
		for _, job := range d.Jobs {
			callee := j.w.Callee(job)
			if callee == nil || callee.AST == nil || !source.Callable(callee) || !j.w.Options.All && !job.Hex && !callee.Hex {
				continue
			}
			v.looked = true
			j.passedBy(v, d, job, callee)
		}
	}
	for _, r := range j.w.Runs {
		if !j.w.Ended() && r.Caller != nil && !r.Caller.Job.AST.WorkflowCall.InheritSecrets && r.Job.AST.Environment != nil {
			j.passedIntoEnvironment(v, r)
		}
	}
	return v
}

func (j *judgement) passedBy(v *verdict, d *source.Document, job *source.Job, callee *source.Document) {
	event, _ := callee.AST.FindWorkflowCallEvent()
	call := job.AST.WorkflowCall
	if !j.k.Spend(len(event.Secrets) + len(call.Secrets)*(1+len(event.Secrets)/10)) {
		v.add(d.PlaceOf(call.Uses), check.SeverityNote, job.ID, source.NotAllCalls, "")
		return
	}
	if call.InheritSecrets {
		j.inherited(v, d, job)
		return
	}
	var names []string
	for _, s := range event.Secrets {
		names = append(names, s.Name.Value)
	}
	sort.Strings(names)
	for id, s := range call.Secrets {
		if _, declared := event.Secrets[id]; !declared {
			v.add(d.PlaceOf(s.Name), check.SeverityError, job.ID, fmt.Sprintf("%s passes secret %s to %s, which does not declare it: GitHub refuses the file%s", jobMark, s.Name.Value, call.Uses.Value, declares(s.Name.Value, names)), "")
		}
	}
	for id, s := range event.Secrets {
		if _, given := call.Secrets[id]; !given && s.Required != nil && s.Required.Value {
			v.add(d.PlaceOf(call.Uses), check.SeverityError, job.ID, fmt.Sprintf("%s calls %s without its required secret %s: GitHub refuses the run; pass it under `secrets:`, or write `secrets: inherit`", jobMark, call.Uses.Value, s.Name.Value), "")
		}
	}
}

func declares(name string, names []string) string {
	if near := core.NearestName(name, names); near != "" {
		return fmt.Sprintf("; did you mean %s?", near)
	}
	if len(names) == 0 {
		return "; it declares none"
	}
	return "; it declares " + strings.Join(names[:min(len(names), 10)], ", ")
}

// inherited warns where `secrets: inherit` goes to another owner, which works only within an enterprise.
func (j *judgement) inherited(v *verdict, d *source.Document, job *source.Job) {
	uses := job.AST.WorkflowCall.Uses.Value
	owner, _, _ := strings.Cut(uses, "/")
	if j.k.Repository.Owner == "" || !source.IsRemote(uses) || strings.EqualFold(owner, j.k.Repository.Owner) {
		return
	}
	v.add(d.PlaceOf(job.AST.WorkflowCall.Uses), check.SeverityWarning, job.ID, fmt.Sprintf("%s passes `secrets: inherit` to a workflow of %s: secrets are inherited only within one organization or enterprise; pass them by name", jobMark, owner), "")
}

// passedIntoEnvironment warns of secrets that a called job expects from its environment: without `secrets: inherit`
// they are empty there. Offline, a secret that is neither passed nor required is taken for one of those.
func (j *judgement) passedIntoEnvironment(v *verdict, r *source.Run) {
	for _, x := range r.Reads() {
		if !j.k.Spend(1) {
			return
		}
		if x.Kind != inventory.Secret || x.Name == "" || !x.Site.Secrets || !j.concerns(x) {
			continue
		}
		o := r.Origin(x.Name)
		if o.By != r.Caller || r.Declares(x.Name) == source.DeclaredRequired {
			continue
		}
		j.passedInto(v, r, x)
	}
}

func (j *judgement) passedInto(v *verdict, r *source.Run, x *source.Read) {
	severity := check.SeverityWarning
	where := "its environment"
	if holders := j.k.Holders(inventory.Secret, x.Name, j.environmentsOf(r)); len(holders) > 0 {
		where = "environment " + strings.Join(holders, ", ")
	} else if j.online {
		return
	} else if x.Compared || r.Declares(x.Name) == source.DeclaredOptional {
		severity = check.SeverityNote
	}
	v.add(r.At(x), severity, r.Label(), fmt.Sprintf("%s reads secret %s (%s) from %s, but job %s of %s calls it without `secrets: inherit`: it will be empty; write `secrets: inherit` there",
		jobMark, x.Name, spot(x), where, r.Caller.Job.ID, r.Caller.Job.Doc.Name()), "")
}
