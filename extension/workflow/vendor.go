package workflow

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/extension/abstract"
	"github.com/gh-hex/gh-hex/extension/inventory"
	"github.com/gh-hex/gh-hex/extension/source"
	"github.com/gh-hex/gh-hex/extension/vendors"
)

// vendors judges hex-vendor: secrets that go to hex.pm, the Elixir package registry.
func (j *judgement) vendors() *verdict {
	v := &verdict{}
	uses := map[string]*[2][]*source.Read{} // by name: to hex.pm, to Hex
	for _, d := range j.w.Docs {
		v.looked = v.looked || j.concernsFile(d)
		for _, x := range d.Reads {
			if x.Kind != inventory.Secret || x.Name == "" || source.IsBuiltIn(x) {
				continue
			}
			u := uses[x.Name]
			if u == nil {
				u = &[2][]*source.Read{}
				uses[x.Name] = u
			}
			if x.ToPackages() {
				u[0] = append(u[0], x)
			}
			if x.Hex {
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

func (j *judgement) vendor(v *verdict, name string, x *source.Read, hex []*source.Read) {
	if i := slices.IndexFunc(hex, func(y *source.Read) bool { return y != x }); i >= 0 {
		at := hex[i].Place
		v.add(x.Place, check.SeverityError, x.JobID(), fmt.Sprintf("secret %s goes to hex.pm here and to Hex in %s:%d: one of them gets the other's key; give the Hex token a name of its own", name, at.File, at.Line), j.otherName(name))
		return
	}
	if x.Hex {
		v.add(x.Place, check.SeverityError, x.JobID(), fmt.Sprintf("secret %s goes from here to hex.pm and to Hex: one of them gets the other's key; give the Hex token a name of its own", name), j.otherName(name))
		return
	}
	switch {
	case !j.w.isHexToken(name):
	case name == vendors.SecretNames()[0]:
		v.add(x.Place, check.SeverityWarning, x.JobID(), fmt.Sprintf("secret %s holds a key for hex.pm, the Elixir package registry: `gh hex auth` would overwrite it; store the Hex token under another name", name), j.otherName(name))
	default:
		v.add(x.Place, check.SeverityWarning, x.JobID(), fmt.Sprintf("secret %s holds a key for hex.pm, the Elixir package registry, and is not a name for a Hex token; store that one as %s", name, vendors.SecretNames()[0]), j.otherName(name))
	}
}

// otherName is the command that stores the Hex token under a name of its own.
func (j *judgement) otherName(name string) string {
	if plain := vendors.SecretNames()[0]; name == plain {
		return "gh hex auth --secret " + plain + "_WORKSPACE" + j.c.Flag
	}
	return "gh hex auth" + j.c.Flag
}

// actions judges hex-action: how Hex's own action is used.
func (j *judgement) actions() *verdict {
	v := &verdict{nothing: "no workflow uses " + vendors.Toolkit}
	for _, d := range j.w.Docs {
		for job, s := range d.Steps() {
			if vendors.UsesToolkit(s.AST) {
				v.looked = true
				j.action(v, d, job, s)
			}
		}
	}
	return v
}

func (j *judgement) action(v *verdict, d *source.Document, job *source.Job, s *source.Step) {
	a := s.AST.Exec.(*actionlint.ExecAction)
	version := versionOf(d, a.Uses)
	for id, in := range a.Inputs {
		if message := faultyInput(id, version); message != "" {
			v.add(d.PlaceOf(in.Name), check.SeverityWarning, job.ID, fmt.Sprintf("%s gives %s the input %s, %s", jobMark, a.Uses.Value, in.Name.Value, message), "")
		}
	}
	if _, given := a.Inputs["token"]; !given {
		v.add(d.PlaceOf(a.Uses), check.SeverityWarning, job.ID, fmt.Sprintf("%s uses %s without its required input token", jobMark, a.Uses.Value), "")
	}
	j.actionEvents(v, d, job, s, a)
	j.actionComments(v, d, job, s, a)
	j.actionConfig(v, d, job, s, a)
}

// versionOf is the major version that an action is used in, such as v2: by its tag or, behind the hash of a commit, by
// the comment on its line.
func versionOf(d *source.Document, uses *actionlint.String) string {
	_, ref, _ := strings.Cut(uses.Value, "@")
	if len(ref) == 40 {
		_, comment, _ := strings.Cut(d.Src.Line(uses.Pos.Line), "#")
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
func (j *judgement) actionEvents(v *verdict, d *source.Document, own *source.Job, s *source.Step, a *actionlint.ExecAction) {
	for _, event := range j.simulated().Events(s) {
		switch event {
		case "push", "workflow_dispatch", "schedule", "pull_request", "workflow_call":
			continue
		}
		v.add(d.PlaceOf(a.Uses), check.SeverityWarning, own.ID, fmt.Sprintf("%s uses %s on %s: it runs only on push, workflow_dispatch, schedule and pull_request", jobMark, a.Uses.Value, event), "")
	}
}

// actionComments warns where comment_on_pr lacks what it needs.
func (j *judgement) actionComments(v *verdict, d *source.Document, job *source.Job, s *source.Step, a *actionlint.ExecAction) {
	in, given := a.Inputs["comment_on_pr"]
	if !given || !strings.EqualFold(strings.TrimSpace(in.Value.Value), "true") {
		return
	}
	at := d.PlaceOf(in.Name)
	if p := permissionsOf(job); p != nil && !writesPulls(p) {
		v.add(at, check.SeverityWarning, job.ID, fmt.Sprintf("comment_on_pr needs `permissions: pull-requests: write`, which %s does not have", jobMark), "")
	} else if p == nil {
		v.add(at, check.SeverityNote, job.ID, fmt.Sprintf("comment_on_pr needs `permissions: pull-requests: write`; %s has what the repository's settings give", jobMark), "")
	}
	if !hasEnv(d, job, s, "github_token") {
		v.add(at, check.SeverityWarning, job.ID, fmt.Sprintf("comment_on_pr needs `env: GITHUB_TOKEN`, which the step of %s does not have", jobMark), "")
	}
}

func permissionsOf(j *source.Job) *actionlint.Permissions {
	if j.AST.Permissions != nil {
		return j.AST.Permissions
	}
	return j.Doc.AST.Permissions
}

func writesPulls(p *actionlint.Permissions) bool {
	if p.All != nil {
		return p.All.Value == "write-all"
	}
	s := p.Scopes["pull-requests"]
	return s != nil && s.Value.Value == "write"
}

func hasEnv(d *source.Document, j *source.Job, s *source.Step, name string) bool {
	return slices.ContainsFunc([]*actionlint.Env{d.AST.Env, j.AST.Env, s.AST.Env}, func(e *actionlint.Env) bool {
		return e != nil && (e.Expression != nil || e.Vars[name] != nil)
	})
}

// endpoints judges hex-endpoint: how scripts and values talk to Hex.
func (j *judgement) endpoints() *verdict {
	v := &verdict{}
	for _, d := range j.w.Docs {
		if d.AST == nil {
			continue
		}
		if j.concernsFile(d) {
			v.looked = true
		}
		for _, t := range textsOf(d) {
			j.endpoint(v, d, t)
		}
		j.scripts(v, d)
	}
	return v
}

// scripts warns of secrets that are written straight into a script.
func (j *judgement) scripts(v *verdict, d *source.Document) {
	for _, x := range d.Reads {
		if x.Kind == inventory.Secret && x.Hex && x.Site.What == "run" && !x.Whole && !x.Compared {
			v.add(x.Place, check.SeverityWarning, x.JobID(), fmt.Sprintf("%s writes %s straight into its script, where it can end up in argument lists and logs; pass it by `env`", jobMark, x.What()), "")
		}
	}
}

func (j *judgement) endpoint(v *verdict, d *source.Document, p passage) {
	text := p.text()
	if vendors.IsSecretName(p.Name) && !strings.Contains(text, "${{") && looksSecret(text) && p.isHexToken(d) {
		v.add(d.PlaceOf(p.Value), check.SeverityWarning, p.jobID(), fmt.Sprintf("%s holds a token in plain text; revoke it, and read a new one from a secret", p.Name), "gh hex auth"+j.c.Flag)
		return
	}
	if !vendors.MentionsHex(text) && !strings.Contains(text, "hxt") && !strings.Contains(text, "/api/v1/") && !strings.Contains(text, "earer") {
		return
	}
	j.mark(v, d, p, vendors.Tokens(text), "a token is written here in plain text; revoke it, and read a new one from a secret", "gh hex auth"+j.c.Flag)
	if d.Hex && strings.Contains(text, vendors.OldPath) && p.talksToHex() {
		j.mark(v, d, p, vendors.OldPaths(text), "/api/v1/project/… is the old path of Hex's API; it is /api/v1/projects/{id}/runs now", "")
	}
	if p.Script {
		j.arguments(v, d, p, text)
	}
	j.hosts(v, d, p, text)
}

// arguments warns of tokens that a script writes into the argument list of another process.
func (j *judgement) arguments(v *verdict, d *source.Document, p passage, text string) {
	matches := make([][]int, len(p.Step.Script.Arguments))
	for i, at := range p.Step.Script.Arguments {
		matches[i] = []int{at}
	}
	j.mark(v, d, p, matches, "the token goes into an argument list, which other processes can read; let the command read it from its environment", "")
	if !strings.Contains(text, "${{") {
		return
	}
	named := map[string][][]int{}
	for _, m := range vendors.Compiled().Expanded.FindAllStringSubmatchIndex(text, -1) {
		if name := text[m[2]:m[3]]; vendors.IsSecretName(name) && !vendors.IsContested(name) {
			named[name] = append(named[name], m)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(named)) {
		j.mark(v, d, p, named[name], fmt.Sprintf("env.%s is written straight into the script, where it can end up in argument lists and logs; use it as $%s", name, name), "")
	}
}

func (j *judgement) mark(v *verdict, d *source.Document, p passage, matches [][]int, message, fix string) {
	for _, at := range p.places(d, matches) {
		v.add(at, check.SeverityWarning, p.jobID(), message, fix)
	}
}

// hosts warns of a workspace's host that is not the one this repository is set up for.
func (j *judgement) hosts(v *verdict, d *source.Document, p passage, text string) {
	if j.c.Host == "" {
		return
	}
	others := map[string][][]int{}
	for _, m := range vendors.ApiHosts(text) {
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
