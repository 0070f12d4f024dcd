package source

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/extension/refusals"
)

const (
	MaxDepth = 10      // GitHub's limit of nested calls
	maxRuns  = 5000    // of all workflows together; GitHub's own limits are far below
	MaxCalls = 500     // called workflows that are read
	maxReads = 200_000 // reads of all runs together
)

// NotAllCalls is said where looking at every call would take too long.
const NotAllCalls = "the workflows call each other with so many inputs and secrets that not all calls were judged"

// Run is a job as one workflow, and those that call it, have it run.
type Run struct {
	Job    *Job
	Caller *Run      // the job that calls the workflow; nil at the root
	Root   *Document // whose events start it
	Open   bool      // the root is itself only ever called, from outside
	depth  int
	Called []*Run // the jobs of the workflow that this one calls
}

// CallRef is the workflow that a job calls, as a key of callees: a path, or owner/repo/path@ref.
func CallRef(j *Job) string {
	if j == nil || j.AST.WorkflowCall == nil || j.AST.WorkflowCall.Uses == nil {
		return ""
	}
	uses := j.AST.WorkflowCall.Uses.Value
	local, ok := inRepository(uses)
	if !ok {
		return uses
	}
	return j.Doc.beside(local)
}

// beside is what a path names in the repository of a document: inside one of another repository "./" and "$/" are that
// repository, at the same commit.
func (d *Document) beside(local string) string {
	if d.Remote == "" {
		return local
	}
	where, ref, _ := strings.Cut(d.Remote, "@")
	parts := strings.SplitN(where, "/", 3)
	return strings.Join([]string{parts[0], parts[1], local}, "/") + "@" + ref
}

// inRepository returns the clean path of what `uses` names in the same repository: ./path in the work tree, or $/path
// at the commit of the workflow.
func inRepository(uses string) (string, bool) {
	if rest, ok := strings.CutPrefix(uses, "$/"); ok {
		return path.Clean(rest), true
	}
	return path.Clean(uses), strings.HasPrefix(uses, "./")
}

// IsRemote tells the reference of a workflow in another repository.
func IsRemote(ref string) bool { return strings.Contains(ref, "@") && strings.Count(ref, "/") >= 2 }

func (w *Workflows) Callee(j *Job) *Document { return w.callees[CallRef(j)] }

// loadCalls reads the workflows that are called and not among the files, and those that they call.
func (w *Workflows) loadCalls() {
	queue := w.documents()
	for len(queue) > 0 && len(w.callees) < MaxCalls+len(w.Docs) && !w.Ended() {
		d := queue[0]
		queue = queue[1:]
		for _, j := range d.Jobs {
			ref := CallRef(j)
			if ref == "" {
				continue
			}
			called, known := w.callees[ref]
			if !known {
				called = w.load(ref)
				w.callees[ref] = called
			}
			if called == nil {
				continue
			}
			if !known {
				queue = append(queue, called)
			}
			called.called = true
			if !slices.Contains(d.calls, called) {
				d.calls = append(d.calls, called)
			}
		}
	}
	w.CallsLeft = len(queue) > 0
	for _, d := range w.documents() {
		d.cyclic = slices.DeleteFunc(slices.Clone(d.calls), func(c *Document) bool { return !reaches(c, d) })
	}
}

func (w *Workflows) load(ref string) *Document {
	if w.Ended() {
		return nil
	}
	if !IsRemote(ref) {
		if w.Options.Lookup == nil || !isWorkflow(ref) {
			return nil
		}
		if data, ok := w.Options.Lookup(ref); ok {
			return w.parse(ref, "", data, w.admit(countYAML(data)))
		}
		return nil
	}
	if data, there := w.remote(ref); there {
		return w.parse(ref, ref, data, w.admit(countYAML(data)))
	}
	return nil
}

// remote is a file of another repository, as far as it is at hand.
func (w *Workflows) remote(ref string) ([]byte, bool) {
	if w.Options.Remote != nil && !strings.Contains(ref, "${{") {
		if data, err := w.Options.Remote(ref); err == nil {
			return data, true
		}
	}
	w.Missing[ref] = true
	return nil, false
}

// RemoteRefs returns the files of other repositories (owner/repo/path@ref) whose content was not at hand: workflows that
// are called, those first that are given secrets, and the actions that stand beside them.
func (w *Workflows) RemoteRefs() []string {
	given := map[string]int{}
	for _, d := range w.documents() {
		for _, j := range d.Jobs {
			if w.handsOn(j) {
				given[CallRef(j)] = -1
			}
		}
	}
	refs := slices.DeleteFunc(slices.Sorted(maps.Keys(w.Missing)), func(ref string) bool { return strings.Contains(ref, "${{") })
	slices.SortStableFunc(refs, func(a, b string) int { return given[a] - given[b] })
	return refs
}

// expand lists every job as it is run: once for its own workflow's events, and once for each chain of calls to it.
func (w *Workflows) expand() {
	for _, d := range w.Docs {
		if d.AST == nil {
			continue
		}
		open := Callable(d) && len(d.AST.On) == 1
		if open && d.called {
			continue // judged from its callers
		}
		w.expandJobs(d, nil, d, open)
	}
}

func (w *Workflows) expandJobs(d *Document, caller *Run, root *Document, open bool) {
	for _, j := range d.Jobs {
		r := &Run{Job: j, Caller: caller, Root: root, Open: open}
		w.runReads += len(j.Reads) + len(d.common) + 1
		if w.Ended() {
			return
		}
		if len(w.Runs) >= maxRuns || w.runReads > maxReads {
			root.faultOnce("the workflows call each other so often that only a part of the calls was judged")
			return
		}
		if caller != nil {
			r.depth = caller.depth + 1
			caller.Called = append(caller.Called, r)
		}
		w.Runs = append(w.Runs, r)
		if j.AST.WorkflowCall != nil {
			w.expandCall(r)
		}
	}
}

// expandCall follows the call of a job.
func (w *Workflows) expandCall(r *Run) {
	callee := w.Callee(r.Job)
	if callee != nil && callee.AST != nil && !r.recursive(callee) && r.depth < MaxDepth && Callable(callee) {
		w.expandJobs(callee, r, r.Root, r.Open)
	}
}

// Exceeds returns the permissions that a run of a called workflow asks for, by itself or for the whole workflow, beyond
// what its caller says that it may have; empty for none, and where nobody says it: the repository's own settings decide then.
func (r *Run) Exceeds() (asked, most string) {
	if r.Caller == nil {
		return "", ""
	}
	return refusals.Exceeds(r.Caller.permissions(), r.Job.Doc.AST.Permissions, r.Job.AST.Permissions)
}

// permissions are those that the text gives to a run: its own, its file's, or those of its caller.
func (r *Run) permissions() *actionlint.Permissions {
	for ; r != nil; r = r.Caller {
		for _, p := range []*actionlint.Permissions{r.Job.AST.Permissions, r.Job.Doc.AST.Permissions} {
			if p != nil {
				return p
			}
		}
	}
	return nil
}

func (r *Run) recursive(callee *Document) bool {
	for ; r != nil; r = r.Caller {
		if r.Job.Doc == callee {
			return true
		}
	}
	return false
}

func (d *Document) faultOnce(message string) {
	if !slices.ContainsFunc(d.Problems, func(p Problem) bool { return p.Message == message }) {
		d.fault(Place{}, check.SeverityNote, message)
	}
}

// CallProblems returns what GitHub refuses about the calls of a file: a workflow that is not there, cannot be called or
// calls itself, and inputs that do not fit.
func (w *Workflows) CallProblems(d *Document, spend func(int) bool) []Problem {
	var out []Problem
	for _, j := range d.Jobs {
		if j.AST.WorkflowCall == nil {
			continue
		}
		if message := w.callProblem(j); message != "" {
			out = append(out, Problem{Place: d.PlaceOf(j.AST.WorkflowCall.Uses), Severity: check.SeverityError, Message: message})
			continue
		}
		out = append(out, w.inputProblems(j, spend)...)
	}
	return out
}

func (w *Workflows) callProblem(j *Job) string {
	uses := j.AST.WorkflowCall.Uses.Value
	ref := CallRef(j)
	callee, known := w.callees[ref]
	_, local := inRepository(uses)
	switch {
	case !local && !IsRemote(ref):
		return fmt.Sprintf("job %s calls %q, which is neither ./.github/workflows/NAME.yml nor OWNER/REPO/.github/workflows/NAME.yml@REF", j.ID, uses)
	case !known:
		return ""
	case local && !isWorkflow(path.Clean(uses[2:])):
		return fmt.Sprintf("job %s calls %s: a called workflow has to be directly in .github/workflows", j.ID, uses)
	case callee == nil && IsRemote(ref):
		return "" // it is said to be missing
	case callee == nil:
		return fmt.Sprintf("job %s calls %s, which does not exist", j.ID, uses)
	case slices.Contains(j.Doc.cyclic, callee):
		return fmt.Sprintf("job %s calls %s, which calls this workflow again: a cycle", j.ID, uses)
	case callee.AST != nil && !Callable(callee):
		return fmt.Sprintf("job %s calls %s, which has no `on: workflow_call`", j.ID, uses)
	}
	return ""
}

// Callable tells a workflow that others may call.
func Callable(d *Document) bool {
	_, ok := d.AST.FindWorkflowCallEvent()
	return ok
}

// reaches tells whether calls lead from one workflow to another.
func reaches(from, to *Document) bool {
	seen := map[*Document]bool{}
	queue := []*Document{from}
	for len(queue) > 0 {
		d := queue[0]
		queue = queue[1:]
		if d == to {
			return true
		}
		if !seen[d] {
			seen[d] = true
			queue = append(queue, d.calls...)
		}
	}
	return false
}

// inputProblems judges the `with` of a call against the inputs that the called workflow declares.
func (w *Workflows) inputProblems(j *Job, spend func(int) bool) []Problem {
	callee, call := w.Callee(j), j.AST.WorkflowCall
	if callee == nil || callee.AST == nil {
		return nil
	}
	event, _ := callee.AST.FindWorkflowCallEvent()
	declared := map[string]bool{}
	var out []Problem
	if !spend(len(event.Inputs) + len(call.Inputs)) {
		return []Problem{{j.Doc.PlaceOf(call.Uses), check.SeverityNote, NotAllCalls}}
	}
	for _, in := range event.Inputs {
		declared[in.ID] = true
		if _, given := call.Inputs[in.ID]; in.IsRequired() && !given && in.Default == nil {
			out = append(out, Problem{j.Doc.PlaceOf(call.Uses), check.SeverityError, fmt.Sprintf("job %s calls %s without its required input %s", j.ID, call.Uses.Value, in.Name.Value)})
		}
	}
	for id, in := range call.Inputs {
		if !declared[id] {
			out = append(out, Problem{j.Doc.PlaceOf(in.Name), check.SeverityError, fmt.Sprintf("job %s gives %s the input %s, which it does not declare", j.ID, call.Uses.Value, in.Name.Value)})
		}
	}
	return out
}

// PlaceOf is where a scalar's text begins.
func (d *Document) PlaceOf(s *actionlint.String) Place {
	p := Place{File: d.Path}
	if s != nil {
		p = d.Src.Places(s, []int{0})[0]
		p.File = d.Path
	}
	return p
}

// Label names a run's job, with its file where it is not the root's.
func (r *Run) Label() string {
	if r.Caller == nil {
		return r.Job.ID
	}
	return fmt.Sprintf("%s of %s", r.Job.ID, r.Job.Doc.Name())
}

// At is where a finding about a read stands: the read itself or, in a file of another repository, the call that leads
// there.
func (r *Run) At(x *Read) Place {
	if r.Job.Doc.Remote == "" {
		return x.Place
	}
	return r.CallPlace()
}

// CallPlace is where this repository has the call that leads to what a run calls, or is called by.
func (r *Run) CallPlace() Place {
	for ; r != nil; r = r.Caller {
		if r.Job.Doc.Remote == "" && r.Job.AST.WorkflowCall != nil {
			return r.Job.Doc.PlaceOf(r.Job.AST.WorkflowCall.Uses)
		}
	}
	return Place{}
}

// Reads returns what a run reads: its job's own, and what stands at the top of the file for every job with steps.
func (r *Run) Reads() []*Read {
	if r.Job.AST.WorkflowCall != nil {
		return r.Job.Reads
	}
	return append(slices.Clone(r.Job.Reads), r.Job.Doc.common...)
}

// Declaration is what a called workflow says of a secret.
type Declaration uint8

const (
	undeclared Declaration = iota
	DeclaredOptional
	DeclaredRequired
)

func (r *Run) Declares(name string) Declaration {
	if r.Job.Doc.AST == nil {
		return undeclared
	}
	event, ok := r.Job.Doc.AST.FindWorkflowCallEvent()
	if !ok {
		return undeclared
	}
	s, declared := event.Secrets[strings.ToLower(name)]
	switch {
	case !declared:
		return undeclared
	case s.Required != nil && s.Required.Value:
		return DeclaredRequired
	}
	return DeclaredOptional
}

// Origin says where a run's secret comes from: the stores, when neither field is set.
type Origin struct {
	passed bool // its caller passes it, and is judged for that
	open   bool // from callers that are not at hand
	By     *Run // the job that does not pass it
}

// Origin follows a name through the callers (R9).
func (r *Run) Origin(name string) Origin {
	for r.Caller != nil {
		call := r.Caller.Job.AST.WorkflowCall
		if !call.InheritSecrets {
			if _, listed := call.Secrets[strings.ToLower(name)]; listed {
				return Origin{passed: true}
			}
			return Origin{By: r.Caller}
		}
		r = r.Caller
	}
	return Origin{open: r.Open}
}
