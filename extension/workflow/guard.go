package workflow

import (
	"strings"

	"github.com/rhysd/actionlint"
)

// scenario is one way in which a run gets other secrets than usual.
type scenario struct {
	event string // "pull_request"
	bot   bool   // started by Dependabot; otherwise from a fork
	base  string // the default branch, if known
}

// scenarios lists those that the events of a workflow allow.
func scenarios(on []actionlint.Event, dependabot, forks bool, base string) []scenario {
	var out []scenario
	for _, e := range on {
		hook, ok := e.(*actionlint.WebhookEvent)
		if !ok {
			continue
		}
		name := strings.ToLower(hook.Hook.Value)
		reviewed := name == "pull_request" || name == "pull_request_review" || name == "pull_request_review_comment"
		if reviewed && forks {
			out = append(out, scenario{event: name, base: base})
		}
		if dependabot && (name == "pull_request" && opensPulls(hook, base) || name == "push" && reachesDependabot(hook)) {
			out = append(out, scenario{event: name, bot: true, base: base})
		}
	}
	return out
}

// opensPulls tells whether what Dependabot does to its pull requests, against the default branch, starts a run.
func opensPulls(e *actionlint.WebhookEvent, base string) bool {
	if base != "" && !admits(base, e.Branches, e.BranchesIgnore) {
		return false
	}
	if len(e.Types) == 0 {
		return true
	}
	for _, t := range e.Types {
		switch t.Value {
		case "opened", "synchronize", "reopened", "labeled", "ready_for_review":
			return true
		}
	}
	return false
}

// reachesDependabot tells whether a push to a branch of Dependabot's starts a run.
func reachesDependabot(e *actionlint.WebhookEvent) bool {
	if e.Branches.IsEmpty() && e.BranchesIgnore.IsEmpty() && !(e.Tags.IsEmpty() && e.TagsIgnore.IsEmpty()) {
		return false // tags only
	}
	return admits("dependabot/npm_and_yarn/lodash-4.17.21", e.Branches, e.BranchesIgnore)
}

// admits applies the filters of an event to a branch. The last pattern that matches decides.
func admits(branch string, only, ignore *actionlint.WebhookEventFilter) bool {
	if !only.IsEmpty() {
		admitted := false
		for _, p := range only.Values {
			pattern, negated := strings.CutPrefix(p.Value, "!")
			if matchesGlob(pattern, branch) {
				admitted = !negated
			}
		}
		return admitted
	}
	if !ignore.IsEmpty() {
		for _, p := range ignore.Values {
			if matchesGlob(p.Value, branch) {
				return false
			}
		}
	}
	return true
}

// botID is the number of Dependabot's account.
const botID = "49699333"

// fact answers for what the scenario settles of the github context.
func (s scenario) fact(p []string) set {
	if p[0] != "github" {
		return unknown()
	}
	const bot = "dependabot[bot]"
	key := strings.Join(p[1:], ".")
	switch key {
	case "event_name":
		return one(textValue(s.event))
	case "repository", "event.pull_request.base.repo.full_name", "event.repository.full_name":
		return set{any: true, same: "base"}
	case "repository_owner", "event.repository.owner.login", "event.pull_request.base.repo.owner.login":
		return set{any: true, same: "base-owner"}
	case "event.repository.default_branch":
		if s.base == "" {
			return unknown()
		}
		return one(textValue(s.base))
	case "repository_id", "event.pull_request.base.repo.id", "event.repository.id":
		return set{any: true, same: "base-id"}
	}
	switch {
	case s.event == "push":
		return s.pushFact(key, bot)
	case !strings.HasPrefix(s.event, "pull_request") || s.event == "pull_request_target":
		return unknown()
	case s.bot:
		return s.pullFact(key, bot, "base")
	}
	return s.pullFact(key, "", "fork")
}

func (s scenario) pushFact(key, actor string) set {
	switch {
	case key == "actor" || key == "triggering_actor" || key == "event.sender.login" || key == "event.pusher.name":
		return one(textValue(actor))
	case key == "ref_type":
		return one(textValue("branch"))
	case key == "actor_id" || key == "event.sender.id":
		return one(textValue(botID))
	case key == "event.sender.type":
		return one(textValue("Bot"))
	case key == "ref" || key == "event.ref":
		return one(textValue("refs/heads/dependabot/npm_and_yarn/lodash-4.17.21"))
	case key == "ref_name":
		return one(textValue("dependabot/npm_and_yarn/lodash-4.17.21"))
	case key == "head_ref" || key == "base_ref" || strings.HasPrefix(key, "event.pull_request"):
		return one(value{})
	}
	return unknown()
}

// pullFact answers for a pull request. actor is who started the run, "" when it may be anybody; head is "base" when it
// comes from a branch of the repository itself.
func (s scenario) pullFact(key, actor, head string) set {
	const pull = "event.pull_request."
	switch key {
	case "actor", "triggering_actor", "event.sender.login", pull + "user.login":
		if actor != "" {
			return one(textValue(actor))
		}
	case "actor_id", "event.sender.id", pull + "user.id":
		if actor != "" {
			return one(textValue(botID))
		}
	case "event.sender.type", pull + "user.type":
		if actor != "" {
			return one(textValue("Bot"))
		}
	case pull + "head.repo.fork":
		return one(boolValue(head == "fork"))
	case pull + "head.repo.full_name":
		return set{any: true, same: head}
	case pull + "head.repo.owner.login", pull + "head.user.login":
		return set{any: true, same: map[bool]string{true: "fork", false: "base-owner"}[head == "fork"]}
	case pull + "head.repo.id":
		return set{any: true, same: head + "-id"}
	case "ref_type":
		return one(textValue("branch"))
	case "head_ref", pull + "head.ref":
		if s.bot {
			return one(textValue("dependabot/npm_and_yarn/lodash-4.17.21"))
		}
	case "base_ref", pull + "base.ref":
		if s.bot && s.base != "" {
			return one(textValue(s.base))
		}
	}
	return s.refFact(key)
}

// refFact answers for github.ref, of which only the beginning matters: a pull request is no branch.
func (s scenario) refFact(key string) set {
	switch key {
	case "ref":
		return one(textValue("refs/pull/1/merge"))
	case "ref_name":
		return one(textValue("1/merge"))
	}
	return unknown()
}

// settled tells whether a scenario never gets as far as a read: by the `if` of its step, its job, a job it needs, or of
// a job that calls its workflow. started keeps what was found out about jobs.
func (s scenario) settled(r *run, st *step, started map[*job]bool) bool {
	if s.skips(st) {
		return true
	}
	for ; r != nil; r = r.caller {
		if !s.starts(r.job, started) {
			return true
		}
	}
	return false
}

func (s scenario) skips(st *step) bool {
	return st != nil && st.ast.If != nil && !s.passes(st.ast.If)
}

// starts tells whether a job may run. A job is skipped with those it needs, unless its `if` says always() or the like.
func (s scenario) starts(j *job, started map[*job]bool) bool {
	if known, seen := started[j]; seen {
		return known
	}
	started[j] = true // jobs that need each other in a circle
	started[j] = s.mayStart(j, started)
	return started[j]
}

func (s scenario) mayStart(j *job, started map[*job]bool) bool {
	if j.ast.If != nil {
		if !s.passes(j.ast.If) {
			return false
		}
		if overrides(j.ast.If.Value) {
			return true
		}
	}
	for _, n := range j.ast.Needs {
		if needed := j.doc.byID[strings.ToLower(n.Value)]; needed != nil && !s.starts(needed, started) {
			return false
		}
	}
	return true
}

// overrides tells an `if` with a status function, which GitHub evaluates even when a needed job was skipped.
func overrides(condition string) bool {
	for _, name := range []string{"always(", "failure(", "cancelled("} {
		if strings.Contains(strings.ToLower(condition), name) {
			return true
		}
	}
	return false
}

// passes tells whether an `if` may be true.
func (s scenario) passes(condition *actionlint.String) bool {
	list := expressions(condition.Value, true, nil)
	if len(list) != 1 || !list[0].whole || list[0].node == nil {
		return true // text around an expression makes a string, which is always true
	}
	return evaluate(list[0].node, s.fact).mayBe(true)
}

// matchesGlob matches a branch against a filter's pattern: * within a path segment, ** across, ? + [] as in a regular
// expression's quantifiers and classes. The time is bounded by the product of both lengths.
func matchesGlob(pattern, name string) bool {
	parts := globParts(pattern)
	states := map[int]bool{0: true}
	states = closeOver(parts, states)
	for i := 0; i < len(name); i++ {
		next := map[int]bool{}
		for at := range states {
			if at == len(parts) || !parts[at].matches(name[i]) {
				continue
			}
			next[at+1] = true
			if parts[at].many {
				next[at] = true
			}
		}
		if states = closeOver(parts, next); len(states) == 0 {
			return false
		}
	}
	return states[len(parts)]
}

// globPart is one element of a pattern: a set of bytes, that may be left out or repeated.
type globPart struct {
	class          string // the bytes that match; "" is any
	notSlash       bool
	optional, many bool
}

func (p globPart) matches(b byte) bool {
	if p.class != "" {
		return strings.IndexByte(p.class, b) >= 0
	}
	return !p.notSlash || b != '/'
}

func closeOver(parts []globPart, states map[int]bool) map[int]bool {
	for at := 0; at < len(parts); at++ {
		if states[at] && parts[at].optional {
			states[at+1] = true
		}
	}
	return states
}

func globParts(pattern string) []globPart {
	var out []globPart
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '*' && strings.HasPrefix(pattern[i:], "**"):
			out = append(out, globPart{optional: true, many: true})
			i++
			if strings.HasPrefix(pattern[i+1:], "/") && (i == 1 || pattern[i-2] == '/') {
				out = append(out, globPart{class: "/", optional: true})
				i++
			}
		case c == '*':
			out = append(out, globPart{notSlash: true, optional: true, many: true})
		case c == '?' && len(out) > 0:
			out[len(out)-1].optional = true
		case c == '+' && len(out) > 0:
			out[len(out)-1].many = true
		case c == '[' && strings.Contains(pattern[i:], "]"):
			end := i + strings.IndexByte(pattern[i:], ']')
			out = append(out, globPart{class: expandClass(pattern[i+1 : end])})
			i = end
		case c == '\\' && i+1 < len(pattern):
			i++
			out = append(out, globPart{class: string(pattern[i])})
		default:
			out = append(out, globPart{class: string([]byte{c})})
		}
	}
	return out
}

// expandClass lists the bytes of a class such as a-z0-9; an empty one matches nothing.
func expandClass(class string) string {
	var b strings.Builder
	for i := 0; i < len(class); i++ {
		if i+2 < len(class) && class[i+1] == '-' {
			for c := int(class[i]); c <= int(class[i+2]); c++ {
				b.WriteByte(byte(c))
			}
			i += 2
			continue
		}
		b.WriteByte(class[i])
	}
	if b.Len() == 0 {
		return "\x00"
	}
	return b.String()
}
