package workflow

import "github.com/gh-hex/gh-hex/extension/abstract"

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/gh-hex/gh-hex/core/check"
)

// vendors judges hex-vendor: secrets that go to hex.pm, the Elixir package registry.
func (j *judgement) vendors() *verdict {
	v := &verdict{}
	uses := map[string]*[2][]*read{} // by name: to hex.pm, to Hex
	for _, d := range j.w.docs {
		v.looked = v.looked || j.concernsFile(d)
		for _, x := range d.reads {
			if x.kind != secret || x.name == "" || isBuiltIn(x) {
				continue
			}
			u := uses[x.name]
			if u == nil {
				u = &[2][]*read{}
				uses[x.name] = u
			}
			if x.toPackages() {
				u[0] = append(u[0], x)
			}
			if x.hex {
				u[1] = append(u[1], x)
			}
		}
	}
	for name, u := range uses {
		for _, x := range u[0] {
			j.vendor(v, name, x, u[1])
		}
	}
	return v
}

// toPackages tells whether a read goes to hex.pm.
func (x *read) toPackages() bool {
	if !x.marks.has(marksPM) {
		return false
	}
	return isSecretName(x.name) || isSecretName(x.site.env) || x.step != nil || x.marks.has(marksHex)
}

func (j *judgement) vendor(v *verdict, name string, x *read, hex []*read) {
	if i := slices.IndexFunc(hex, func(y *read) bool { return y != x }); i >= 0 {
		at := hex[i].place
		v.add(x.place, check.SeverityError, x.jobID(), fmt.Sprintf("secret %s goes to hex.pm here and to Hex in %s:%d: one of them gets the other's key; give the Hex token a name of its own; `%s` stores it", name, at.File, at.Line, otherName(name)), otherName(name))
		return
	}
	if x.hex {
		v.add(x.place, check.SeverityError, x.jobID(), fmt.Sprintf("secret %s goes from here to hex.pm and to Hex: one of them gets the other's key; give the Hex token a name of its own; `%s` stores it", name, otherName(name)), otherName(name))
		return
	}
	switch {
	case !j.w.isHexToken(name):
	case name == secretNames()[0]:
		v.add(x.place, check.SeverityWarning, x.jobID(), fmt.Sprintf("secret %s holds a key for hex.pm, the Elixir package registry: `gh hex auth` would overwrite another vendor's key; `%s` stores the Hex token under another name", name, otherName(name)), otherName(name))
	default:
		v.add(x.place, check.SeverityWarning, x.jobID(), fmt.Sprintf("secret %s holds a key for hex.pm, the Elixir package registry, and is no name for a Hex token; `%s` stores that as %s", name, otherName(name), secretNames()[0]), otherName(name))
	}
}

// otherName is the command that stores the Hex token under a name of its own.
func otherName(name string) string {
	if plain := secretNames()[0]; name == plain {
		return "gh hex auth --secret " + plain + "_WORKSPACE"
	}
	return "gh hex auth"
}

// actions judges hex-action: how Hex's own action is used.
func (j *judgement) actions() *verdict {
	v := &verdict{nothing: "no workflow uses " + toolkit}
	for _, d := range j.w.docs {
		for _, job := range d.jobs {
			for _, s := range job.steps {
				if usesToolkit(s.ast) {
					v.looked = true
					j.action(v, d, job, s)
				}
			}
		}
	}
	return v
}

func (j *judgement) action(v *verdict, d *document, job *job, s *step) {
	a := s.ast.Exec.(*actionlint.ExecAction)
	version := d.versionOf(a.Uses)
	for id, in := range a.Inputs {
		if message := faultyInput(id, version); message != "" {
			v.add(d.placeOf(in.Name), check.SeverityWarning, job.id, fmt.Sprintf("%s gives %s the input %s, %s", jobMark, a.Uses.Value, in.Name.Value, message), "")
		}
	}
	if _, given := a.Inputs["token"]; !given {
		v.add(d.placeOf(a.Uses), check.SeverityWarning, job.id, fmt.Sprintf("%s uses %s without its required input token", jobMark, a.Uses.Value), "")
	}
	j.actionEvents(v, d, job, s, a)
	j.actionComments(v, d, job, s, a)
}

// versionOf is the major version that an action is used in, such as v2: by its tag or, behind the hash of a commit, by
// the comment on its line.
func (d *document) versionOf(uses *actionlint.String) string {
	_, ref, _ := strings.Cut(uses.Value, "@")
	if len(ref) == 40 {
		_, comment, _ := strings.Cut(d.src.line(uses.Pos.Line), "#")
		ref, _, _ = strings.Cut(strings.TrimSpace(comment), " ")
	}
	version, _, _ := strings.Cut(ref, ".")
	return version
}

// faultyInput says what is wrong with an input of Hex's action in a version.
func faultyInput(id, version string) string {
	switch id {
	case "token", "config_file", "hex_url", "comment_on_pr":
		return ""
	case "publish", "publish_guides", "delete_untracked_guides":
		if version == "v2" {
			return "which v2 no longer has"
		}
		return ""
	}
	return "which it does not have"
}

// actionEvents warns of events that the action refuses, unless a guard keeps them away. A workflow that is only called
// is judged by its callers' events.
func (j *judgement) actionEvents(v *verdict, d *document, own *job, s *step, a *actionlint.ExecAction) {
	for _, event := range j.simulated().events[s] {
		switch event {
		case "push", "workflow_dispatch", "schedule", "pull_request", "workflow_call":
			continue
		}
		v.add(d.placeOf(a.Uses), check.SeverityWarning, own.id, fmt.Sprintf("%s uses %s on %s: it runs only on push, workflow_dispatch, schedule and pull_request", jobMark, a.Uses.Value, event), "")
	}
}

// actionComments warns where comment_on_pr lacks what it needs.
func (j *judgement) actionComments(v *verdict, d *document, job *job, s *step, a *actionlint.ExecAction) {
	in, given := a.Inputs["comment_on_pr"]
	if !given || !strings.EqualFold(strings.TrimSpace(in.Value.Value), "true") {
		return
	}
	at := d.placeOf(in.Name)
	if p := permissionsOf(job); p != nil && !writesPulls(p) {
		v.add(at, check.SeverityWarning, job.id, fmt.Sprintf("comment_on_pr needs `permissions: pull-requests: write`, which %s does not have", jobMark), "")
	} else if p == nil {
		v.add(at, check.SeverityNote, job.id, fmt.Sprintf("comment_on_pr needs `permissions: pull-requests: write`; %s has what the repository's settings give", jobMark), "")
	}
	if !hasEnv(d, job, s, "github_token") {
		v.add(at, check.SeverityWarning, job.id, fmt.Sprintf("comment_on_pr needs `env: GITHUB_TOKEN`, which the step of %s does not have", jobMark), "")
	}
}

func permissionsOf(j *job) *actionlint.Permissions {
	if j.ast.Permissions != nil {
		return j.ast.Permissions
	}
	return j.doc.ast.Permissions
}

func writesPulls(p *actionlint.Permissions) bool {
	if p.All != nil {
		return p.All.Value == "write-all"
	}
	s := p.Scopes["pull-requests"]
	return s != nil && s.Value.Value == "write"
}

func hasEnv(d *document, j *job, s *step, name string) bool {
	for _, e := range []*actionlint.Env{d.ast.Env, j.ast.Env, s.ast.Env} {
		if e != nil && (e.Expression != nil || e.Vars[name] != nil) {
			return true
		}
	}
	return false
}

// endpoints judges hex-endpoint: how scripts and values talk to Hex.
func (j *judgement) endpoints() *verdict {
	v := &verdict{}
	for _, d := range j.w.docs {
		if d.ast == nil {
			continue
		}
		if j.concernsFile(d) {
			v.looked = true
		}
		for _, t := range d.texts() {
			j.endpoint(v, d, t)
		}
		j.scripts(v, d)
	}
	return v
}

// scripts warns of secrets that are written straight into a script.
func (j *judgement) scripts(v *verdict, d *document) {
	for _, x := range d.reads {
		if x.kind == secret && x.hex && x.site.what == "run" && !x.whole && !x.compared {
			v.add(x.place, check.SeverityWarning, x.jobID(), fmt.Sprintf("%s writes %s straight into its script, where it can end up in argument lists and logs; pass it by `env`", jobMark, x.what()), "")
		}
	}
}

// passage is a scalar that may name Hex's hosts and paths: a script, or the value of a variable or input.
type passage struct {
	name   string // of the variable or input; "" for a script
	value  *actionlint.String
	job    *job
	step   *step // of a script
	script bool
}

// texts returns the passages of a file, in order of place.
func (d *document) texts() []passage {
	if d.ast == nil {
		return nil
	}
	var out []passage
	add := func(e *actionlint.Env, j *job) {
		if e != nil {
			for _, x := range e.Vars {
				out = append(out, passage{name: x.Name.Value, value: x.Value, job: j})
			}
		}
	}
	add(d.ast.Env, nil)
	for _, j := range d.jobs {
		add(j.ast.Env, j)
		if call := j.ast.WorkflowCall; call != nil {
			for _, in := range call.Inputs {
				out = append(out, passage{name: in.Name.Value, value: in.Value, job: j})
			}
		}
		for _, s := range j.steps {
			each(s.ast, func(name string, value *actionlint.String) {
				out = append(out, passage{name: name, value: value, job: j})
			})
			if e, ok := s.ast.Exec.(*actionlint.ExecRun); ok {
				out = append(out, passage{value: e.Run, job: j, step: s, script: true})
			}
		}
	}
	sort.SliceStable(out, func(a, b int) bool { return out[a].value.Pos.IsBefore(out[b].value.Pos) })
	return out
}

// text is a passage with its comments blanked.
func (p passage) text() string {
	if p.script {
		return withoutComments(p.value.Value)
	}
	return p.value.Value
}

func (p passage) jobID() string {
	if p.job == nil {
		return ""
	}
	return p.job.id
}

// placesOf maps offsets of a passage to places.
func (d *document) placesOf(p passage, offsets []int) []Place {
	out := d.src.places(p.value, offsets)
	for i := range out {
		out[i].File = d.path
	}
	return out
}

func (j *judgement) endpoint(v *verdict, d *document, p passage) {
	text := p.text()
	if isSecretName(p.name) && !strings.Contains(text, "${{") && looksSecret(text) && p.isHexToken(d) {
		v.add(d.placeOf(p.value), check.SeverityWarning, p.jobID(), fmt.Sprintf("%s holds a token in plain text; revoke it and read it from a secret", p.name), "gh hex auth")
		return
	}
	if !mentionsHex(text) && !strings.Contains(text, "hxt") && !strings.Contains(text, "/api/v1/") && !strings.Contains(text, "earer") {
		return
	}
	j.mark(v, d, p, compiled().token.FindAllStringIndex(text, -1), "a token stands here in plain text; revoke it and read it from a secret", "gh hex auth")
	if d.hex && p.talksToHex() {
		j.mark(v, d, p, compiled().oldPath.FindAllStringIndex(text, -1), "/api/v1/project/… is the old path of Hex's API; it is /api/v1/projects/{id}/runs now", "")
	}
	if p.script {
		j.arguments(v, d, p, text)
	}
	j.hosts(v, d, p, text)
}

// arguments warns of tokens that a script writes into the argument list of another process.
func (j *judgement) arguments(v *verdict, d *document, p passage, text string) {
	matches := make([][]int, len(p.step.script.arguments))
	for i, at := range p.step.script.arguments {
		matches[i] = []int{at}
	}
	j.mark(v, d, p, matches, "the token goes into an argument list, which other processes can read; let the command read it from its environment", "")
	if !strings.Contains(text, "${{") {
		return
	}
	named := map[string][][]int{}
	for _, m := range compiled().expanded.FindAllStringSubmatchIndex(text, -1) {
		if name := text[m[2]:m[3]]; isSecretName(name) && !isContested(name) {
			named[name] = append(named[name], m)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(named)) {
		j.mark(v, d, p, named[name], fmt.Sprintf("env.%s is written straight into the script, where it can end up in argument lists and logs; use it as $%s", name, name), "")
	}
}

// isHexToken tells whether a variable with the name of a token is Hex's rather than hex.pm's.
func (p passage) isHexToken(d *document) bool {
	m := d.marks
	if p.job != nil {
		m = p.job.marks
	}
	return m.has(marksHex) || !m.has(marksPM) && !isContested(p.name)
}

// talksToHex tells whether the path in a passage is Hex's.
func (p passage) talksToHex() bool {
	if len(apiHosts(p.value.Value)) > 0 {
		return true
	}
	return p.job != nil && p.job.hex && (strings.Contains(p.value.Value, "HEX") || p.job.marks.has(marksHex))
}

func (j *judgement) mark(v *verdict, d *document, p passage, matches [][]int, message, fix string) {
	offsets := make([]int, len(matches))
	for i, m := range matches {
		offsets[i] = m[0]
	}
	for _, at := range d.placesOf(p, offsets) {
		v.add(at, check.SeverityWarning, p.jobID(), message, fix)
	}
}

// hosts warns of a workspace's host that is not the one this repository is set up for.
func (j *judgement) hosts(v *verdict, d *document, p passage, text string) {
	if j.c.Host == "" {
		return
	}
	others := map[string][][]int{}
	for _, m := range apiHosts(text) {
		if host := strings.ToLower(text[m[0]:m[1]]); !strings.EqualFold(host, j.c.Host) {
			others[host] = append(others[host], m)
		}
	}
	for _, host := range slices.Sorted(maps.Keys(others)) {
		j.mark(v, d, p, others[host], fmt.Sprintf("%s is not the host of this repository's workspace, %s", host, j.c.Host), "")
	}
}

// looksSecret tells a value that could be a token, from a placeholder or a word.
func looksSecret(s string) bool {
	s = strings.TrimSpace(s)
	digits := strings.IndexFunc(s, func(r rune) bool { return r >= '0' && r <= '9' }) >= 0
	return len(s) >= 20 && digits && strings.IndexFunc(s, func(r rune) bool { return !abstract.IsAlphanumeric(r) && !strings.ContainsRune("_-.", r) }) < 0 &&
		!strings.Contains(strings.ToLower(s), "xxxx")
}
