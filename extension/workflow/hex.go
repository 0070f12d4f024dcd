package workflow

import "github.com/gh-hex/gh-hex/extension/abstract"

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/rhysd/actionlint"
)

// marks says what a step talks to.
type marks uint8

const (
	marksHex  marks = 1 << iota // Hex (hex.tech)
	marksPM                     // hex.pm, the Elixir package registry
	marksRuns                   // starts runs of Hex projects
)

func (m marks) has(x marks) bool { return m&x != 0 }

// both tells what talks to both vendors.
func (m marks) both() bool { return m.has(marksHex) && m.has(marksPM) }

// Names that are Hex's, alone or with a suffix (HEX_API_TOKEN_EU).
func secretNames() []string {
	return []string{"HEX_API_TOKEN", "HEX_TOKEN", "HEX_API_KEY", "HEX_CLI_TOKEN", "HEX_RUN_TOKEN", "HEX_READ_TOKEN", loginName, "DATAHUB_HEX_TOKEN", connectionName}
}

func hostNames() []string {
	return []string{"HEX_WORKSPACE_URL", "HEX_BASE_URL", "HEX_API_BASE_URL", "HEX_API_BASE", "HEX_URL"}
}

const projectName = "HEX_PROJECT_ID"

func named(name string, names []string) bool {
	name = strings.ToUpper(name)
	return slices.ContainsFunc(names, func(n string) bool {
		return name == n || strings.HasPrefix(name, n) && name[len(n)] == '_'
	})
}

// isSecretName tells a name under which a token is kept. What ends in _INFO is the record beside one.
func isSecretName(name string) bool {
	return named(name, secretNames()) && !strings.HasSuffix(strings.ToUpper(name), "_INFO")
}

func isVariableName(name string) bool { return named(name, append(hostNames(), projectName)) }

// isContested tells a name that is nearly always hex.pm's: alone it says nothing.
func isContested(name string) bool { return named(name, []string{"HEX_API_KEY"}) }

// patterns find what is Hex's and hex.pm's in values, and addresses in what a command is given.
type patterns struct {
	runsURL, oldPath, pmHost, pmAction, uuid, projectURL, token, expanded *regexp.Regexp
}

// compiled compiles the patterns when they are first needed: most commands never need them.
var compiled = sync.OnceValue(compile)

func compile() *patterns {
	return &patterns{
		runsURL:    regexp.MustCompile(`/projects?/[^\s"']+/runs?\b`),
		oldPath:    regexp.MustCompile(`/api/v1/project/`),
		pmHost:     regexp.MustCompile(`(?i)\bhex\.pm\b`),
		pmAction:   regexp.MustCompile(`(?i)publish[-_]?(?:to[-_])?hex|hex[-_]?publish|hex_?pm|hex\.pm`),
		uuid:       regexp.MustCompile(`(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`),
		projectURL: regexp.MustCompile(`(?i)https://[a-z0-9-]+\.hex\.tech/[^\s"'<>]*?/(?:app|hex)/(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[A-Za-z0-9_-]*-?[0-9A-Za-z]{22})(?:/[^\s"'<>]*)?`),
		expanded:   regexp.MustCompile(`\$\{\{[ \t]*env\.([A-Za-z_][A-Za-z0-9_]*)[ \t]*\}\}`),
		token:      regexp.MustCompile(`\bhxt[pw]_[0-9a-fA-F]{16,}|(?i)\bbearer[ \t]+[0-9a-f]{64,}\b`),
	}
}

// isAPIHost tells a name under hex.tech that is a workspace's, rather than one of Hex's own sites.
func isAPIHost(label string) bool {
	switch strings.ToLower(label) {
	case "learn", "www", "static", "status", "docs", "help", "community", "blog", "trust":
		return false
	}
	return true
}

// mentionsHex is the cheap question that comes before every pattern.
func mentionsHex(text string) bool {
	return strings.Contains(text, "hex") || strings.Contains(text, "HEX") || strings.Contains(text, "Hex")
}

// callsHost tells a host that is called, alone or below /api, from a link to a page there.
func callsHost(text string) bool {
	for _, m := range apiHosts(text) {
		rest := text[m[1]:]
		if strings.HasPrefix(rest, ":") {
			rest = strings.TrimLeft(rest[1:], "0123456789")
		}
		path, below := strings.CutPrefix(rest, "/")
		if !below || strings.HasPrefix(path, "api") || path == "" || !abstract.IsWord(path[0]) {
			return true
		}
	}
	return false
}

// mayBePM spares most scripts a pattern that is slow to refuse them.
func mayBePM(script string) bool {
	lower := strings.ToLower(script)
	for _, word := range []string{"mix", "rebar3", "hex.pm", "gleam"} {
		if strings.Contains(lower, word) {
			return true
		}
	}
	return false
}

// apiHosts returns where the hosts of Hex workspaces stand in a text.
func apiHosts(text string) [][]int {
	if !strings.Contains(strings.ToLower(text), "hex.tech") {
		return nil
	}
	var out [][]int
	lower := strings.ToLower(text)
	if len(lower) != len(text) {
		lower = text // a letter whose lower case has another length: no host holds one
	}
	for at := 0; ; {
		n := strings.Index(lower[at:], hexDomain)
		if n < 0 {
			return out
		}
		dot := at + n
		at = dot + len(hexDomain)
		start := dot
		for start > 0 && isLabel(lower[start-1]) {
			start--
		}
		if start < dot && !goesOn(lower[at:]) && isAPIHost(text[start:dot]) {
			out = append(out, []int{start, at})
		}
	}
}

// goesOn tells whether a host's name does, as in app.hex.tech.example.com.
func goesOn(rest string) bool {
	if rest == "" {
		return false
	}
	return abstract.IsWord(rest[0]) || rest[0] == '-' || rest[0] == '.' && len(rest) > 1 && isLabel(rest[1])
}

// hexDomain follows the name of a workspace's host.
const hexDomain = ".hex.tech"

func isLabel(b byte) bool { return b == '-' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' }

// withoutComments blanks the lines of a script that are comments; offsets stay.
func withoutComments(script string) string {
	if !strings.Contains(script, "#") {
		return script
	}
	var b strings.Builder
	for line := range strings.Lines(script) {
		if strings.HasPrefix(strings.TrimLeft(line, " \t"), "#") {
			line = strings.Repeat(" ", len(strings.TrimRight(line, "\r\n"))) + line[len(strings.TrimRight(line, "\r\n")):]
		}
		b.WriteString(line)
	}
	return b.String()
}

// toolkit is Hex's own action.
const toolkit = "hex-inc/action-context-toolkit"

// marksOfStep judges one step, with the local action that it uses.
func marksOfStep(s *step) marks {
	var m marks
	each(s.ast, func(_ string, value *actionlint.String) { m |= marksOfValue(value.Value) })
	m |= s.script.marks | s.marksOfCalled()
	if e, ok := s.ast.Exec.(*actionlint.ExecAction); ok && e.Uses != nil {
		if owner, _, _ := strings.Cut(e.Uses.Value, "/"); strings.EqualFold(owner, "hex-inc") {
			m |= marksHex
		}
		if compiled().pmAction.MatchString(e.Uses.Value) {
			m |= marksPM
		}
	}
	if s.local != nil {
		m |= s.local.marks
	}
	return m
}

// each yields a step's environment variables and inputs.
func each(s *actionlint.Step, yield func(name string, value *actionlint.String)) {
	if s.Env != nil {
		for _, x := range s.Env.Vars {
			yield(x.Name.Value, x.Value)
		}
	}
	if a, ok := s.Exec.(*actionlint.ExecAction); ok {
		for _, in := range a.Inputs {
			yield(in.Name.Value, in.Value)
		}
	}
}

// markActions says what each local action does, once: what its own steps do, handed on to the actions that use it.
func (w *Workflows) markActions() {
	users := map[*document][]*document{}
	var queue []*document
	for _, d := range w.actions {
		if d == nil {
			continue
		}
		for _, j := range d.jobs {
			for _, s := range j.steps {
				d.marks |= marksOfStep(s)
				if s.local != nil {
					users[s.local] = append(users[s.local], d)
				}
			}
		}
		queue = append(queue, d)
	}
	for len(queue) > 0 {
		d := queue[0]
		queue = queue[1:]
		for _, user := range users[d] {
			if user.marks|d.marks != user.marks {
				user.marks |= d.marks
				queue = append(queue, user)
			}
		}
	}
}

// classify decides which reads, jobs and files concern Hex.
func (w *Workflows) classify() {
	w.markActions()
	docs := w.documents()
	atOnce(len(docs), func(i int) { docs[i].mark() })
	for _, d := range docs {
		d.hexNames = map[string]bool{}
		for _, r := range d.reads {
			r.marks = marksAround(r)
			w.setHex(r, w.isHex(r))
		}
	}
	w.passOn(docs)
	for _, d := range docs {
		shared := slices.ContainsFunc(d.reads, func(r *read) bool { return r.job == nil && r.hex })
		for _, j := range d.jobs {
			own := slices.ContainsFunc(j.reads, func(r *read) bool { return r.hex })
			j.hex = j.marks.has(marksHex) || own || shared && j.ast.WorkflowCall == nil
		}
		d.hex = d.hex || d.speaksOfHex()
	}
	w.callersOfHex(docs)
}

// callersOfHex marks the jobs and files that call, at whatever depth, a workflow that uses Hex.
func (w *Workflows) callersOfHex(docs []*document) {
	for changed, rounds := true, 0; changed && rounds < maxDepth; rounds++ {
		changed = false
		for _, d := range docs {
			for _, j := range d.jobs {
				if callee := w.callee(j); callee != nil && callee.hex && !(j.hex && d.hex) {
					j.hex, d.hex, changed = true, true, true
				}
			}
		}
	}
}

// mark judges the steps, jobs and the whole of a file.
func (d *document) mark() {
	var shared *actionlint.Env
	if d.ast != nil {
		shared = d.ast.Env
	}
	d.hexWords = map[string]bool{}
	hosts, asked := namesOfHosts(shared), namesOfReads(d.reads, nil)
	for _, j := range d.jobs {
		own, ownAsked := namesOfHosts(j.ast.Env), namesOfReads(j.reads, j)
		j.words = map[string]bool{}
		note := func(name string) { j.words[name], d.hexWords[name] = true, true }
		for _, s := range j.steps {
			s.marks = marksOfStep(s)
			if s.namesAny(hosts, nil) || s.namesAny(own, nil) {
				s.marks |= marksHex
			}
			j.marks |= s.marks
			if s.marks.has(marksHex) {
				s.namesAny(asked, note)
				s.namesAny(ownAsked, note)
			}
		}
		d.marks |= j.marks
	}
}

func (w *Workflows) setHex(r *read, hex bool) {
	r.hex = hex
	if !hex || r.kind != secret || r.name == "" {
		return
	}
	r.doc.hexNames[r.name] = true
}

// speaksOfHex tells whether a file concerns Hex: by what it reads or calls or, when it cannot be parsed, by its text.
func (d *document) speaksOfHex() bool {
	if d.unread || d.marks.has(marksHex) || slices.ContainsFunc(d.reads, func(r *read) bool { return r.hex }) {
		return true
	}
	if len(d.problems) == 0 || !mentionsHex(d.src.text) {
		return false
	}
	text := withoutComments(d.src.text)
	upper := strings.ToUpper(d.src.text)
	return callsHost(text) || hasHexLine(text) || slices.ContainsFunc(secretNames(), func(n string) bool {
		return !isContested(n) && strings.Contains(upper, n)
	})
}

// hasHexLine tells whether a line of a text, one of the first that may, is a command of Hex's.
func hasHexLine(text string) bool {
	left := 1000
	for line := range strings.Lines(text) {
		if !strings.Contains(line, "hex ") {
			continue
		}
		if left--; left < 0 {
			return false
		}
		if marksOfValue(strings.TrimPrefix(strings.TrimSpace(line), "- run: ")).has(marksHex) {
			return true
		}
	}
	return false
}

// isHex tells whether a read concerns Hex without --all.
func (w *Workflows) isHex(r *read) bool {
	if isBuiltIn(r) || r.onlyToPackages() {
		return false
	}
	if w.options.Secret != "" && r.kind == secret && strings.EqualFold(r.name, w.options.Secret) {
		return true
	}
	for _, name := range []string{r.name, r.site.env, r.site.passes, r.assigned()} {
		if isVariableName(name) || isSecretName(name) && (!isContested(name) || r.marks.has(marksHex)) {
			return true
		}
	}
	if r.index != nil && r.kind == secret && indexesHex(r.index) {
		return true
	}
	if !r.marks.has(marksHex) || r.site.ifs {
		return false
	}
	if r.step != nil && len(r.step.called) > 0 && !r.step.script.marks.has(marksHex) {
		return slices.ContainsFunc(r.step.called, func(text string) bool { return hasWord(text, r.site.env) })
	}
	if r.step != nil {
		return true
	}
	return r.site.env != "" && r.seenByHexStep()
}

// onlyToPackages tells a read that goes to hex.pm and not to Hex.
func (r *read) onlyToPackages() bool { return r.marks.has(marksPM) && !r.marks.has(marksHex) }

// indexesHex tells an index that begins like the name of a Hex token: secrets[format('HEX_API_TOKEN_{0}', …)].
func indexesHex(index actionlint.ExprNode) bool {
	found := false
	actionlint.VisitExprNode(index, func(n, _ actionlint.ExprNode, _ bool) {
		if s, ok := n.(*actionlint.StringNode); ok && isSecretName(s.Value) && !isContested(s.Value) {
			found = true
		}
	})
	return found
}

// seenByHexStep tells whether a step that talks to Hex mentions the environment variable that gets the value.
func (r *read) seenByHexStep() bool {
	if r.job != nil {
		return r.job.words[r.site.env]
	}
	return r.doc.hexWords[r.site.env]
}

// words adds the words of a step's script, inputs and environment.
func (s *step) words(into map[string]bool) {
	s.eachName(func(name string) { into[name] = true })
}

// isBuiltIn tells the secrets that GitHub provides itself, or that are meant to be absent (R14).
func isBuiltIn(r *read) bool {
	switch r.name {
	case "GITHUB_TOKEN", "ACTIONS_STEP_DEBUG", "ACTIONS_RUNNER_DEBUG":
		return r.kind == secret
	}
	return false
}

// passOn carries Hex's secrets over calls: what a called workflow uses as Hex's is Hex's where its caller reads it.
func (w *Workflows) passOn(docs []*document) {
	for changed, rounds := true, 0; changed && rounds < maxDepth; rounds++ {
		changed = false
		for _, d := range docs {
			for _, r := range d.reads {
				if r.site.passes == "" || r.hex || isBuiltIn(r) {
					continue
				}
				if callee := w.callee(r.job); callee != nil && callee.hexNames[r.site.passes] {
					w.setHex(r, true)
					changed = true
				}
			}
		}
	}
}

// classifyNames decides which secrets, by the names that GitHub keeps them under, serve as a token.
func (w *Workflows) classifyNames() {
	w.resolve(func(x *read, r *run, name string) {
		switch {
		case x.kind != secret || !x.hex:
		case w.isToken(x, r, name, 0):
			w.tokens[name] = true
		case x.marks.has(marksHex):
			w.besides[name] = true
		}
		if x.kind == secret && x.json {
			w.holding[name] = "JSON"
		}
	})
}

// structured says what a secret holds that is no bare token; empty when it is one.
func (w *Workflows) structured(name string) string {
	if name == connectionName {
		return "an Airflow connection"
	}
	return w.holding[name]
}

// isToken tells whether a read serves as a Hex token, rather than standing beside one.
func (w *Workflows) isToken(r *read, in *run, name string, depth int) bool {
	return name != "" && (isSecretName(name) || isSecretName(r.site.env) || isSecretName(r.site.passes) || isSecretName(r.assigned()) ||
		r.step != nil && usesToolkit(r.step.ast) && r.site.what == "with token" || r.sentAsToken() || w.passesToken(r, in, depth))
}

// passesToken tells a read that is passed to a workflow which uses it as a token.
func (w *Workflows) passesToken(r *read, in *run, depth int) bool {
	if r.site.passes == "" || depth > maxDepth {
		return false
	}
	for _, called := range in.called {
		for _, x := range called.reads() {
			if x.kind == secret && x.name == r.site.passes && w.isToken(x, called, x.name, depth+1) {
				return true
			}
		}
	}
	return false
}

// connectionName is the variable of Airflow that holds a connection to Hex.
const connectionName = "AIRFLOW_CONN_HEX_DEFAULT"

// usesToolkit tells whether a step runs Hex's own action.
func usesToolkit(s *actionlint.Step) bool {
	a, ok := s.Exec.(*actionlint.ExecAction)
	if !ok || a.Uses == nil {
		return false
	}
	name, _, _ := strings.Cut(a.Uses.Value, "@")
	return strings.EqualFold(name, toolkit)
}
