package workflow

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/extension/abstract"
)

// scope is what the expressions of a place may name; ok is false where that is not judged.
func (v visitor) scope(at site) (s abstract.Scope, ok bool) {
	has := func(names ...string) abstract.Scope {
		return abstract.Scope{Contexts: append([]string{"github", "inputs", "vars"}, names...)}
	}
	switch {
	case v.doc.isAction, at.what == "uses", at.what == "shell":
		return s, false
	case v.step != nil:
		s = has("needs", "strategy", "matrix", "steps", "job", "runner", "env")
		s.Files, s.Status = true, at.ifs
		return s, true
	case v.job == nil:
		return v.fileScope(at, has)
	case v.container && at.env != "" || at.what == "url of environment":
		return has("needs", "strategy", "matrix", "steps", "job", "runner", "env"), true
	case strings.HasPrefix(at.what, "output "):
		return has("needs", "strategy", "matrix", "steps", "job", "runner", "env"), true
	case strings.HasPrefix(at.what, "credentials of "), at.what == "defaults":
		return has("needs", "strategy", "matrix", "env"), true
	case at.what == "if":
		s = has("needs")
		s.Status = true
		return s, true
	case at.what == "strategy":
		return has("needs"), true
	}
	s = has("needs", "strategy", "matrix")
	s.Status = at.ifs
	return s, true
}

// fileScope is that of what stands outside jobs.
func (v visitor) fileScope(at site, has func(...string) abstract.Scope) (s abstract.Scope, ok bool) {
	switch {
	case strings.HasPrefix(at.what, "output "):
		return has("jobs"), true
	case at.what == "name", at.what == "defaults":
		return s, false // they are plain texts
	}
	return has(), true
}

// refusals finds what GitHub refuses a whole file for and the parser lets pass.
func (d *document) refusals() {
	d.refuseNeeds()
	d.refusePermissions(d.ast.Permissions)
	for _, e := range d.ast.On {
		if call, ok := e.(*actionlint.WorkflowCallEvent); ok && call.Secrets["github_token"] != nil {
			d.refuse(call.Secrets["github_token"].Name.Pos, "GITHUB_TOKEN cannot be declared under secrets: every workflow has its own")
		}
	}
	for _, j := range d.jobs {
		d.refuseID(j.ast.ID, "job")
		d.refusePermissions(j.ast.Permissions)
		seen := map[string]bool{}
		d.refuseContainers(j)
		for _, s := range j.ast.Steps {
			d.refuseAction(s)
			if s.ID == nil || s.ID.Value == "" {
				continue
			}
			d.refuseID(s.ID, "step")
			if id := strings.ToLower(s.ID.Value); seen[id] {
				d.refuse(s.ID.Pos, fmt.Sprintf("two steps of job %s have the ID %s", j.id, s.ID.Value))
			} else {
				seen[id] = true
			}
		}
	}
}

func (d *document) refuse(pos *actionlint.Pos, message string) {
	d.fault(Place{File: d.path, Line: pos.Line, Column: pos.Col}, check.SeverityError, message)
}

var idPattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

func (d *document) refuseID(id *actionlint.String, what string) {
	switch {
	case !idPattern.MatchString(id.Value):
		d.refuse(id.Pos, fmt.Sprintf("the ID of a %s holds only letters, digits, - and _, and begins with a letter or _, unlike %q", what, id.Value))
	case strings.HasPrefix(id.Value, "__"):
		d.refuse(id.Pos, fmt.Sprintf("the ID of a %s cannot begin with __, as %s does", what, id.Value))
	}
}

// refuseContainers looks for containers without an image.
func (d *document) refuseContainers(j *job) {
	containers := []*actionlint.Container{j.ast.Container}
	if j.ast.Services != nil {
		for _, service := range j.ast.Services.Value {
			containers = append(containers, service.Container)
		}
	}
	for _, c := range containers {
		if c != nil && c.Image == nil {
			d.refuse(c.Pos, fmt.Sprintf("a container of job %s has no image", j.id))
		}
	}
}

// actionPattern is the form of an action that is neither in a folder here nor an image.
var actionPattern = regexp.MustCompile(`^[^/@\s]+/[^@\s]+@\S+$`)

func (d *document) refuseAction(s *actionlint.Step) {
	action, ok := s.Exec.(*actionlint.ExecAction)
	if !ok || action.Uses == nil || action.Uses.Value == "" {
		return
	}
	uses := action.Uses.Value
	for _, prefix := range []string{"./", "$/", "docker://"} {
		if strings.HasPrefix(uses, prefix) {
			return
		}
	}
	if !actionPattern.MatchString(uses) || strings.Contains(uses, "${{") {
		d.refuse(action.Uses.Pos, fmt.Sprintf("an action is OWNER/REPO@REF, ./FOLDER or docker://IMAGE, not %q", uses))
	}
}

// refuseNeeds looks for jobs that wait for what is not there, or for each other.
func (d *document) refuseNeeds() {
	for _, j := range d.jobs {
		for _, n := range j.ast.Needs {
			if d.byID[strings.ToLower(n.Value)] == nil {
				d.refuse(n.Pos, fmt.Sprintf("job %s needs %s, and there is no such job", j.id, n.Value))
			}
		}
	}
	done := map[*job]bool{}
	waits := func(n *actionlint.String) bool {
		other := d.byID[strings.ToLower(n.Value)]
		return other != nil && !done[other]
	}
	for again := true; again; {
		again = false
		for _, j := range d.jobs {
			if !done[j] && !slices.ContainsFunc(j.ast.Needs, waits) {
				done[j], again = true, true
			}
		}
	}
	for _, j := range d.jobs {
		if !done[j] {
			n := j.ast.Needs[slices.IndexFunc(j.ast.Needs, waits)]
			d.refuse(n.Pos, fmt.Sprintf("job %s needs %s, which waits for it in turn, or for jobs that wait for each other", j.id, n.Value))
			return
		}
	}
}

// permissions are those that GitHub's own reader knows, with what each may be beside none.
func permissions() map[string]string {
	const any, write, read = "read write", "write", "read"
	return map[string]string{
		"actions": any, "artifact-metadata": any, "attestations": any, "checks": any, "code-quality": any, "contents": any, "copilot-requests": write, "deployments": any,
		"discussions": any, "drives": any, "id-token": write, "issues": any, "models": read, "packages": any, "pages": any, "pull-requests": any, "repository-projects": any,
		"security-events": any, "statuses": any, "vulnerability-alerts": read,
	}
}

func (d *document) refusePermissions(p *actionlint.Permissions) {
	if p == nil {
		return
	}
	if p.All != nil && p.All.Value != "" && p.All.Value != "read-all" && p.All.Value != "write-all" {
		d.refuse(p.All.Pos, fmt.Sprintf("permissions are read-all, write-all or a list, not %q", p.All.Value))
	}
	for _, one := range p.Scopes {
		levels, known := permissions()[one.Name.Value]
		switch {
		case !known:
			d.refuse(one.Name.Pos, fmt.Sprintf("there is no permission %q", one.Name.Value))
		case one.Value.Value != "none" && !slices.Contains(strings.Fields(levels), one.Value.Value):
			d.refuse(one.Value.Pos, fmt.Sprintf("permission %s is none or %s, not %q", one.Name.Value, strings.ReplaceAll(levels, " ", " or "), one.Value.Value))
		}
	}
}
