package workflow

import (
	"fmt"
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/gh-hex/gh-hex/core/check"
)

const (
	maxDepth = 10      // GitHub's limit of nested calls
	maxRuns  = 5000    // of all workflows together; GitHub's own limits are far below
	maxCalls = 500     // called workflows that are read
	maxReads = 200_000 // reads of all runs together
)

// notAllCalls is said where looking at every call would take too long.
const notAllCalls = "the workflows call each other with so many inputs and secrets that not all calls were judged"

// run is a job as one workflow, and those that call it, have it run.
type run struct {
	job    *job
	caller *run      // the job that calls the workflow; nil at the root
	root   *document // whose events start it
	open   bool      // the root is itself only ever called, from outside
	depth  int
	called []*run // the jobs of the workflow that this one calls
}

// callRef is the workflow that a job calls, as a key of callees: a path, or owner/repo/path@ref.
func callRef(j *job) string {
	if j == nil || j.ast.WorkflowCall == nil || j.ast.WorkflowCall.Uses == nil {
		return ""
	}
	uses := j.ast.WorkflowCall.Uses.Value
	local, ok := inRepository(uses)
	if !ok {
		return uses
	}
	if j.doc.remote == "" {
		return local
	}
	// inside a workflow of another repository "./" is that repository, at the same commit
	where, ref, _ := strings.Cut(j.doc.remote, "@")
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

func isRemote(ref string) bool { return strings.Contains(ref, "@") && strings.Count(ref, "/") >= 2 }

func (w *loaded) callee(j *job) *document { return w.callees[callRef(j)] }

// loadCalls reads the workflows that are called and not among the files, and those that they call.
func (w *loaded) loadCalls() {
	queue := w.documents()
	for len(queue) > 0 && len(w.callees) < maxCalls+len(w.docs) && !w.ended() {
		d := queue[0]
		queue = queue[1:]
		for _, j := range d.jobs {
			ref := callRef(j)
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
	w.callsLeft = len(queue) > 0
	for _, d := range w.documents() {
		d.cyclic = slices.DeleteFunc(slices.Clone(d.calls), func(c *document) bool { return !reaches(c, d) })
	}
}

func (w *loaded) load(ref string) *document {
	if w.ended() {
		return nil
	}
	if !isRemote(ref) {
		if w.options.Lookup == nil || !isWorkflow(ref) {
			return nil
		}
		if data, ok := w.options.Lookup(ref); ok {
			return w.parse(ref, "", data, w.admit(countYAML(data)), nil)
		}
		return nil
	}
	if w.options.Remote != nil && !strings.Contains(ref, "${{") {
		if data, err := w.options.Remote(ref); err == nil {
			return w.parse(ref, ref, data, w.admit(countYAML(data)), nil)
		}
	}
	w.missing[ref] = true
	return nil
}

// RemoteRefs returns the workflows of other repositories (owner/repo/path@ref) whose content was not at hand and
// would make the judgement better, sorted.
func (w *loaded) RemoteRefs() []string {
	wanted := map[string]bool{}
	for _, d := range w.documents() {
		for _, j := range d.jobs {
			ref := callRef(j)
			if w.missing[ref] && !strings.Contains(ref, "${{") && (w.options.All || j.hex || j.ast.WorkflowCall.InheritSecrets) {
				wanted[ref] = true
			}
		}
	}
	out := make([]string, 0, len(wanted))
	for ref := range wanted {
		out = append(out, ref)
	}
	sort.Strings(out)
	return out
}

// expand lists every job as it is run: once for its own workflow's events, and once for each chain of calls to it.
func (w *loaded) expand() {
	for _, d := range w.docs {
		if d.ast == nil {
			continue
		}
		_, callable := d.ast.FindWorkflowCallEvent()
		open := callable && len(d.ast.On) == 1
		if open && d.called {
			continue // judged from its callers
		}
		w.expandJobs(d, nil, d, open)
	}
}

func (w *loaded) expandJobs(d *document, caller *run, root *document, open bool) {
	for _, j := range d.jobs {
		r := &run{job: j, caller: caller, root: root, open: open}
		w.runReads += len(j.reads) + len(d.common) + 1
		if w.ended() {
			return
		}
		if len(w.runs) >= maxRuns || w.runReads > maxReads {
			root.faultOnce("the workflows call each other so often that only a part of the calls was judged")
			return
		}
		if caller != nil {
			r.depth = caller.depth + 1
			caller.called = append(caller.called, r)
		}
		w.runs = append(w.runs, r)
		if j.ast.WorkflowCall != nil {
			w.expandCall(r)
		}
	}
}

// expandCall follows the call of a job.
func (w *loaded) expandCall(r *run) {
	callee := w.callee(r.job)
	if callee == nil || callee.ast == nil || r.recursive(callee) || r.depth >= maxDepth {
		return
	}
	if _, callable := callee.ast.FindWorkflowCallEvent(); callable {
		w.expandJobs(callee, r, r.root, r.open)
	}
}

func (r *run) recursive(callee *document) bool {
	for ; r != nil; r = r.caller {
		if r.job.doc == callee {
			return true
		}
	}
	return false
}

func (d *document) faultOnce(message string) {
	for _, p := range d.problems {
		if p.message == message {
			return
		}
	}
	d.fault(Place{}, check.SeverityNote, message)
}

// callProblems returns what GitHub refuses about the calls of a file: a workflow that is not there, cannot be called or
// calls itself, and inputs that do not fit.
func (w *loaded) callProblems(d *document, spend func(int) bool) []problem {
	var out []problem
	for _, j := range d.jobs {
		if j.ast.WorkflowCall == nil {
			continue
		}
		if message := w.callProblem(j); message != "" {
			out = append(out, problem{place: d.placeOf(j.ast.WorkflowCall.Uses), severity: check.SeverityError, message: message})
			continue
		}
		out = append(out, w.inputProblems(j, spend)...)
	}
	return out
}

func (w *loaded) callProblem(j *job) string {
	uses := j.ast.WorkflowCall.Uses.Value
	ref := callRef(j)
	callee, known := w.callees[ref]
	_, local := inRepository(uses)
	switch {
	case isRemote(ref) && !local:
		if callee != nil && callee.ast != nil && !callable(callee) {
			return fmt.Sprintf("job %s calls %s, which has no `on: workflow_call`", j.id, uses)
		}
		return ""
	case !local:
		return fmt.Sprintf("job %s calls %q, which is neither ./.github/workflows/NAME.yml nor OWNER/REPO/.github/workflows/NAME.yml@REF", j.id, uses)
	case j.doc.remote != "" || !known:
		return ""
	case !isWorkflow(ref):
		return fmt.Sprintf("job %s calls %s: a called workflow has to stand right in .github/workflows", j.id, uses)
	case callee == nil:
		return fmt.Sprintf("job %s calls %s, which does not exist", j.id, uses)
	case slices.Contains(j.doc.cyclic, callee):
		return fmt.Sprintf("job %s calls %s, which calls this workflow again: a cycle", j.id, uses)
	case callee.ast != nil && !callable(callee):
		return fmt.Sprintf("job %s calls %s, which has no `on: workflow_call`", j.id, uses)
	}
	return ""
}

func callable(d *document) bool {
	_, ok := d.ast.FindWorkflowCallEvent()
	return ok
}

// reaches tells whether calls lead from one workflow to another.
func reaches(from, to *document) bool {
	seen := map[*document]bool{}
	queue := []*document{from}
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
func (w *loaded) inputProblems(j *job, spend func(int) bool) []problem {
	callee, call := w.callee(j), j.ast.WorkflowCall
	if callee == nil || callee.ast == nil {
		return nil
	}
	event, _ := callee.ast.FindWorkflowCallEvent()
	declared := map[string]bool{}
	var out []problem
	if !spend(len(event.Inputs) + len(call.Inputs)) {
		return []problem{{j.doc.placeOf(call.Uses), check.SeverityNote, notAllCalls}}
	}
	for _, in := range event.Inputs {
		declared[in.ID] = true
		if _, given := call.Inputs[in.ID]; in.IsRequired() && !given && in.Default == nil {
			out = append(out, problem{j.doc.placeOf(call.Uses), check.SeverityError, fmt.Sprintf("job %s calls %s without its required input %s", j.id, call.Uses.Value, in.Name.Value)})
		}
	}
	for id, in := range call.Inputs {
		if !declared[id] {
			out = append(out, problem{j.doc.placeOf(in.Name), check.SeverityError, fmt.Sprintf("job %s gives %s the input %s, which it does not declare", j.id, call.Uses.Value, in.Name.Value)})
		}
	}
	return out
}

// placeOf is where a scalar's text begins.
func (d *document) placeOf(s *actionlint.String) Place {
	p := Place{File: d.path}
	if s != nil {
		p = d.src.places(s, []int{0})[0]
		p.File = d.path
	}
	return p
}
