package workflow

import (
	"fmt"
	"sort"
	"strings"

	"github.com/gh-hex/gh-hex/core/check"
)

// syntax judges workflow-syntax: what GitHub refuses about files that use Hex.
func (j *judgement) syntax() *verdict {
	v := &verdict{}
	for _, d := range j.w.docs {
		if j.w.ended() || !j.concernsFile(d) {
			continue
		}
		v.looked = true
		for _, p := range append(append([]problem(nil), d.problems...), j.w.callProblems(d, j.k)...) {
			v.add(p.place, p.severity, "", p.message, "")
		}
		for _, job := range d.jobs {
			if ref := callRef(job); j.w.missing[ref] {
				v.add(d.placeOf(job.ast.WorkflowCall.Uses), check.SeverityNote, job.id, fmt.Sprintf("%s calls %s, which could not be read: what it needs was not judged", jobMark, ref), "")
			}
		}
	}
	for _, folder := range sortedKeys(j.w.actions) {
		if d := j.w.actions[folder]; d != nil && d.unread {
			for _, p := range d.problems {
				v.add(p.place, p.severity, "", p.message, "")
			}
		}
	}
	if v.looked && j.w.callsLeft {
		v.add(Place{}, check.SeverityNote, "", fmt.Sprintf("more than %d workflows are called: what the last of them call was not judged", maxCalls), "")
	}
	return v
}

// contexts judges secret-context: secrets where GitHub does not provide them (R7, R15).
func (j *judgement) contexts() *verdict {
	v := &verdict{}
	for _, d := range j.w.docs {
		if j.w.ended() || !j.concernsFile(d) {
			continue
		}
		v.looked = true
		for _, x := range d.reads {
			if x.kind == secret && !x.site.secrets {
				v.add(x.place, check.SeverityError, x.jobID(), misplaced(x), "")
			}
		}
	}
	for _, folder := range sortedKeys(j.w.actions) {
		d := j.w.actions[folder]
		if d == nil || !j.concernsAction(d) {
			continue
		}
		for _, x := range d.reads {
			if x.kind == secret {
				v.add(x.place, check.SeverityError, "", fmt.Sprintf("a composite action has no secrets: %s (%s) makes GitHub refuse it; declare an input and let the workflow pass the secret in `with`", x.what(), x.spot()), "")
			}
		}
	}
	return v
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

func (x *read) jobID() string {
	if x.job == nil {
		return ""
	}
	return x.job.id
}

// what names what a read reads.
func (x *read) what() string {
	switch {
	case x.whole:
		return string(x.kind)
	case x.index != nil:
		return string(x.kind) + "[…]"
	}
	return string(x.kind) + "." + x.name
}

// spot is where a read stands within its job.
func (x *read) spot() string {
	if x.step == nil {
		return x.site.what
	}
	return x.site.what + stepFrom + " of step " + x.step.label + stepTo
}

func misplaced(x *read) string {
	where := "in " + x.spot()
	if x.job != nil {
		where += " of " + jobMark
	}
	advice := "; put it into `env` of a step"
	switch {
	case x.site.ifs && x.step != nil:
		advice = "; put it into `env` of the job or step, and let the `if` look at `env`"
	case x.site.ifs:
		advice = "; a job's `if` cannot look at secrets at all: let a job before it look, and pass the answer as an output"
	case x.step == nil && strings.HasPrefix(x.site.what, "with "):
		advice = "; pass it under `secrets:`"
	}
	return fmt.Sprintf("%s %s: GitHub has no secrets there and refuses the whole file%s", x.what(), where, advice)
}

// concernsAction tells whether a local action is judged.
func (j *judgement) concernsAction(d *document) bool {
	if j.w.options.All || d.marks.has(marksHex) {
		return true
	}
	for _, x := range d.reads {
		if j.w.isHexToken(x.name) {
			return true
		}
	}
	return false
}

// dynamic judges secret-dynamic: names that cannot be worked out, and secrets taken as a whole.
func (j *judgement) dynamic() *verdict {
	v := &verdict{}
	for _, d := range j.w.docs {
		if j.w.ended() || !j.concernsFile(d) {
			continue
		}
		v.looked = true
		for _, x := range d.reads {
			if x.kind != secret || !x.site.secrets {
				continue
			}
			switch {
			case x.whole:
				v.add(x.place, check.SeverityWarning, x.jobID(), whole(x), "")
			case x.index != nil && j.concerns(x) && j.simulated().undecided[x] != "":
				v.add(x.place, check.SeverityWarning, x.jobID(), unnamed(x), "")
			}
		}
	}
	return v
}

func whole(x *read) string {
	return fmt.Sprintf("%s takes every secret at once (%s): whatever sees the value sees them all, and which ones are needed cannot be told; name the secrets", subjectOf(x), x.spot())
}

func unnamed(x *read) string {
	return fmt.Sprintf("%s reads a secret whose name is only known at run time (%s): whether it is there cannot be told; name the secrets, or choose by a literal matrix or a choice input", subjectOf(x), x.spot())
}

func subjectOf(x *read) string {
	if x.job == nil {
		return "the workflow's env"
	}
	return jobMark
}

// passed judges secret-passed (R9, R10).
func (j *judgement) passed() *verdict {
	v := &verdict{nothing: "no workflow that uses Hex calls another"}
	for _, d := range j.w.docs {
		for _, job := range d.jobs {
			callee := j.w.callee(job)
			if callee == nil || callee.ast == nil || !callable(callee) || !j.w.options.All && !job.hex && !callee.hex {
				continue
			}
			v.looked = true
			j.passedBy(v, d, job, callee)
		}
	}
	for _, r := range j.w.runs {
		if !j.w.ended() && r.caller != nil && !r.caller.job.ast.WorkflowCall.InheritSecrets && r.job.ast.Environment != nil {
			j.passedIntoEnvironment(v, r)
		}
	}
	return v
}

func (j *judgement) passedBy(v *verdict, d *document, job *job, callee *document) {
	event, _ := callee.ast.FindWorkflowCallEvent()
	call := job.ast.WorkflowCall
	if !j.k.spend(len(event.Secrets) + len(call.Secrets)*(1+len(event.Secrets)/10)) {
		v.add(d.placeOf(call.Uses), check.SeverityNote, job.id, notAllCalls, "")
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
			v.add(d.placeOf(s.Name), check.SeverityError, job.id, fmt.Sprintf("%s passes secret %s to %s, which does not declare it: GitHub refuses the file%s", jobMark, s.Name.Value, call.Uses.Value, declares(s.Name.Value, names)), "")
		}
	}
	for id, s := range event.Secrets {
		if _, given := call.Secrets[id]; !given && s.Required != nil && s.Required.Value {
			v.add(d.placeOf(call.Uses), check.SeverityError, job.id, fmt.Sprintf("%s calls %s without its required secret %s: GitHub refuses the run; pass it under `secrets:`, or say `secrets: inherit`", jobMark, call.Uses.Value, s.Name.Value), "")
		}
	}
}

func declares(name string, names []string) string {
	if near := nearestName(name, names); near != "" {
		return fmt.Sprintf("; did you mean %s?", near)
	}
	if len(names) == 0 {
		return "; it declares none"
	}
	return "; it declares " + strings.Join(names[:min(len(names), 10)], ", ")
}

// inherited warns where `secrets: inherit` goes to another owner, which works only within an enterprise.
func (j *judgement) inherited(v *verdict, d *document, job *job) {
	uses := job.ast.WorkflowCall.Uses.Value
	owner, _, _ := strings.Cut(uses, "/")
	if j.k.repository.Owner == "" || !isRemote(uses) || strings.EqualFold(owner, j.k.repository.Owner) {
		return
	}
	v.add(d.placeOf(job.ast.WorkflowCall.Uses), check.SeverityWarning, job.id, fmt.Sprintf("%s says `secrets: inherit` to a workflow of %s: secrets are inherited only within one organization or enterprise; pass them by name", jobMark, owner), "")
}

// passedIntoEnvironment warns of secrets that a called job expects from its environment: without `secrets: inherit`
// they are empty there. Offline, a secret that is neither passed nor required is taken for one of those.
func (j *judgement) passedIntoEnvironment(v *verdict, r *run) {
	for _, x := range r.reads() {
		if !j.k.spend(1) {
			return
		}
		if x.kind != secret || x.name == "" || !x.site.secrets || !j.concerns(x) {
			continue
		}
		o := r.origin(x.name)
		if o.by != r.caller || r.declares(x.name) == declaredRequired {
			continue
		}
		j.passedInto(v, r, x)
	}
}

func (j *judgement) passedInto(v *verdict, r *run, x *read) {
	severity := check.SeverityWarning
	where := "its environment"
	if holders := j.k.holders(secret, x.name, j.environmentsOf(r)); len(holders) > 0 {
		where = "environment " + strings.Join(holders, ", ")
	} else if j.online {
		return
	} else if x.compared || r.declares(x.name) == declaredOptional {
		severity = check.SeverityNote
	}
	v.add(r.at(x), severity, r.label(), fmt.Sprintf("%s reads secret %s (%s) from %s, but job %s of %s calls it without `secrets: inherit`: it will be empty; say `secrets: inherit` there",
		jobMark, x.name, x.spot(), where, r.caller.job.id, r.caller.job.doc.name()), "")
}
