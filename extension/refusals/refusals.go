// Package refusals knows what GitHub refuses a whole workflow for, although a parser of its text lets it pass.
package refusals

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/rhysd/actionlint"
)

// maxRefusals bounds what is said of one file.
const maxRefusals = 50

// Refusal is one reason, and where it stands.
type Refusal struct {
	Pos     *actionlint.Pos
	Message string
}

// reader goes through a workflow. Its jobs are in order of place.
type reader struct {
	jobs  []*actionlint.Job
	byID  map[string]*actionlint.Job // in lower case
	found []Refusal
}

// Of finds what GitHub refuses a workflow for, in no order.
func Of(w *actionlint.Workflow) []Refusal {
	d := &reader{byID: map[string]*actionlint.Job{}}
	for _, j := range w.Jobs {
		d.jobs = append(d.jobs, j)
		d.byID[strings.ToLower(j.ID.Value)] = j
	}
	sort.Slice(d.jobs, func(i, j int) bool { return d.jobs[i].Pos.IsBefore(d.jobs[j].Pos) })
	d.refuseNeeds()
	d.refusePermissions(w.Permissions)
	d.refuseDefaults(w.Defaults)
	for _, e := range w.On {
		if call, ok := e.(*actionlint.WorkflowCallEvent); ok && call.Secrets["github_token"] != nil {
			d.refuse(call.Secrets["github_token"].Name.Pos, "GITHUB_TOKEN cannot be declared under secrets: every workflow has its own")
		}
	}
	for _, j := range d.jobs {
		d.refuseID(j.ID, "job")
		d.refusePermissions(j.Permissions)
		d.refuseDefaults(j.Defaults)
		d.refusePlace(j)
		seen := map[string]bool{}
		d.refuseContainers(j)
		for _, s := range j.Steps {
			d.refuseAction(s)
			d.refuseEmpty("the ID of a step", s.ID)
			if s.ID == nil || s.ID.Value == "" {
				continue
			}
			d.refuseID(s.ID, "step")
			if id := strings.ToLower(s.ID.Value); seen[id] {
				d.refuse(s.ID.Pos, fmt.Sprintf("two steps of job %s have the ID %s", j.ID.Value, s.ID.Value))
			} else {
				seen[id] = true
			}
		}
	}
	return d.found
}

func (d *reader) refuse(pos *actionlint.Pos, message string) {
	if len(d.found) < maxRefusals {
		d.found = append(d.found, Refusal{Pos: pos, Message: message})
	}
}

// named is the job that another one needs; nil when there is none.
func (d *reader) named(n *actionlint.String) *actionlint.Job { return d.byID[strings.ToLower(n.Value)] }

var idPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`) })

func (d *reader) refuseID(id *actionlint.String, what string) {
	switch {
	case !idPattern().MatchString(id.Value):
		d.refuse(id.Pos, fmt.Sprintf("the ID of a %s has only letters, digits, - and _, and begins with a letter or _, unlike %q", what, id.Value))
	case strings.HasPrefix(id.Value, "__"):
		d.refuse(id.Pos, fmt.Sprintf("the ID of a %s cannot begin with __, as %s does", what, id.Value))
	}
}

// refuseEmpty looks for texts that are there and empty, where GitHub wants one.
func (d *reader) refuseEmpty(what string, texts ...*actionlint.String) {
	for _, s := range texts {
		if s != nil && s.Value == "" {
			d.refuse(s.Pos, what+" is empty: give it a value, or leave it out")
		}
	}
}

func (d *reader) refuseDefaults(of *actionlint.Defaults) {
	if of != nil && of.Run != nil {
		d.refuseEmpty("a default of run", of.Run.Shell, of.Run.WorkingDirectory)
	}
}

// refusePlace looks at where a job runs, and beside which others.
func (d *reader) refusePlace(j *actionlint.Job) {
	if j.Concurrency != nil {
		d.refuseEmpty("a concurrency group", j.Concurrency.Group)
	}
	if j.RunsOn != nil {
		d.refuseEmpty("runs-on", j.RunsOn.Labels...)
		d.refuseEmpty("a group of runners", j.RunsOn.Group)
		d.refuseGroup(j.RunsOn.Group)
	}
}

var groupPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([^/]*|(org|organization|ent|enterprise)/[^/]+)$`) })

func (d *reader) refuseGroup(g *actionlint.String) {
	if g != nil && !strings.Contains(g.Value, "${{") && !groupPattern().MatchString(g.Value) {
		d.refuse(g.Pos, fmt.Sprintf("a group of runners is NAME, organization/NAME or enterprise/NAME, not %q", g.Value))
	}
}

// refuseContainers looks for containers without an image.
func (d *reader) refuseContainers(j *actionlint.Job) {
	containers := []*actionlint.Container{j.Container}
	if j.Services != nil {
		for _, service := range j.Services.Value {
			containers = append(containers, service.Container)
		}
	}
	for _, c := range containers {
		if c != nil && c.Image == nil {
			d.refuse(c.Pos, fmt.Sprintf("a container of job %s has no image", j.ID.Value))
		}
	}
}

// actionPattern is the form of an action that is neither in a folder here nor an image. GitHub looks no closer when it
// reads the file: not at blanks, nor at the line break that a block of text ends with.
var actionPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[/\\]*[^/\\@]+[/\\]+[^/\\@][^@]*@[^@]+$`) })

func (d *reader) refuseAction(s *actionlint.Step) {
	if run, ok := s.Exec.(*actionlint.ExecRun); ok {
		d.refuseEmpty("shell", run.Shell)
	}
	action, ok := s.Exec.(*actionlint.ExecAction)
	if ok {
		d.refuseEmpty("uses", action.Uses)
	}
	if !ok || action.Uses == nil || action.Uses.Value == "" {
		return
	}
	uses := action.Uses.Value
	for _, prefix := range []string{"./", "$/", "docker://"} {
		if strings.HasPrefix(uses, prefix) {
			return
		}
	}
	if !actionPattern().MatchString(uses) || strings.Contains(uses, "${{") {
		d.refuse(action.Uses.Pos, fmt.Sprintf("an action is OWNER/REPO@REF, ./FOLDER or docker://IMAGE, not %q", uses))
	}
}

// refuseNeeds looks for jobs that wait for what is not there, or for each other.
func (d *reader) refuseNeeds() {
	left := map[*actionlint.Job]int{} // how many others a job still waits for
	waiting := map[*actionlint.Job][]*actionlint.Job{}
	for _, j := range d.jobs {
		for _, n := range j.Needs {
			other := d.named(n)
			if other == nil {
				d.refuse(n.Pos, fmt.Sprintf("job %s needs %s, and there is no such job", j.ID.Value, n.Value))
				continue
			}
			left[j]++
			waiting[other] = append(waiting[other], j)
		}
	}
	free := slices.DeleteFunc(slices.Clone(d.jobs), func(j *actionlint.Job) bool { return left[j] > 0 })
	for len(free) > 0 {
		first := free[0]
		free = free[1:]
		for _, j := range waiting[first] {
			if left[j]--; left[j] == 0 {
				free = append(free, j)
			}
		}
	}
	d.refuseCircle(left)
}

// refuseCircle tells of the first job that waits for ever.
func (d *reader) refuseCircle(left map[*actionlint.Job]int) {
	for _, j := range d.jobs {
		for _, n := range j.Needs {
			if other := d.named(n); other != nil && left[j] > 0 && left[other] > 0 {
				d.refuse(n.Pos, fmt.Sprintf("job %s needs %s, which waits for it in turn, or for jobs that wait for each other", j.ID.Value, n.Value))
				return
			}
		}
	}
}

// permissions are those that GitHub's own reader knows, with what each may be beside none.
var permissions = sync.OnceValue(func() map[string]string {
	const any, write, read = "read write", "write", "read"
	return map[string]string{
		"actions": any, "artifact-metadata": any, "attestations": any, "checks": any, "code-quality": any, "contents": any, "copilot-requests": write, "deployments": any,
		"discussions": any, "drives": any, "id-token": write, "issues": any, "models": read, "packages": any, "pages": any, "pull-requests": any, "repository-projects": any,
		"security-events": any, "statuses": any, "vulnerability-alerts": read,
	}
})

func (d *reader) refusePermissions(p *actionlint.Permissions) {
	if p == nil {
		return
	}
	d.refuseEmpty("permissions", p.All)
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

// levels orders what a permission may be.
func levels() []string { return []string{"none", "read", "write"} }

// Exceeds returns which permissions one of those that are asked for has beyond the most that there may be, and what they may
// be instead: "contents: write" and "contents: read". Both are empty for none, and where it is not known what there may be (nil).
func Exceeds(most *actionlint.Permissions, asked ...*actionlint.Permissions) (beyond, instead string) {
	if !legible(most) {
		return "", ""
	}
	var wanted, allowed []string
	for _, name := range slices.Sorted(maps.Keys(permissions())) {
		have, want := levelOf(most, name, true), 0
		for _, p := range asked {
			if legible(p) {
				want = max(want, slices.Index(levels(), levelOf(p, name, false)))
			}
		}
		if want > slices.Index(levels(), have) {
			wanted, allowed = append(wanted, name+": "+levels()[want]), append(allowed, name+": "+have)
		}
	}
	return listed(wanted), listed(allowed)
}

// listed names some of many.
func listed(names []string) string {
	const most = 4
	if more := len(names) - most; more > 1 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), more)
	}
	return strings.Join(names, ", ")
}

func legible(p *actionlint.Permissions) bool {
	return p != nil && (p.All == nil || p.All.Value == "read-all" || p.All.Value == "write-all")
}

// levelOf is what a permission is by a list, or by read-all and write-all. Of those that GitHub has learned lately, or gives
// to some only, it is not known whether they are among all: they are taken for what excuses, being asked for or given.
func levelOf(p *actionlint.Permissions, name string, given bool) string {
	if p.All != nil {
		level, _, _ := strings.Cut(p.All.Value, "-")
		switch {
		case name == "id-token" && level == "read":
			return "none"
		case permissions()[name] == "read write" && !recent(name):
			return level
		case given:
			return "write"
		}
		return "none"
	}
	if s := p.Scopes[name]; s != nil && slices.Contains(levels(), s.Value.Value) {
		return s.Value.Value
	}
	return "none"
}

func recent(name string) bool {
	return slices.Contains([]string{"artifact-metadata", "attestations", "code-quality", "drives"}, name)
}
