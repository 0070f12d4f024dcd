package workflow

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"
)

// keeper is whose secrets a run reads.
type keeper uint8

const (
	ofActions    keeper = iota
	ofNobody            // a fork's pull request
	ofDependabot        // a run that Dependabot starts
	ofCallers           // a workflow that only others call
)

// scenario is one way in which a workflow is started, with everything that is known of the contexts then.
type scenario struct {
	event  string
	events []string // of those that nothing distinguishes from this one
	what   string   // for people: "a push to main"
	source keeper
	github *fields
	inputs *fields
	branch string // of the ref that the run is for, where it is known
	tag    bool   // the ref is a tag
	pull   bool   // the ref is a pull request's
}

const botName, botID = "dependabot[bot]", "49699333"

// maxScenarios bounds how many ways of starting one workflow are told apart, maxSplit how many of them one event has.
const maxScenarios, maxSplit = 60, 24

// starts lists the ways in which the events of a workflow start it.
type starts struct {
	j     *judgement
	doc   *document
	names []string // of branches that its expressions name
	paths [][]string
	out   []*scenario
}

// scenariosOf lists the ways in which a workflow is started, those that nothing in it tells apart as one.
func (j *judgement) scenariosOf(d *document, called bool) []*scenario {
	s := &starts{j: j, doc: d}
	s.paths, s.names = d.distinctions(j.w)
	if called {
		s.out = []*scenario{{event: "workflow_call", what: "a call from another repository", source: ofCallers, github: newFields("github"), inputs: newFields("inputs")}}
		return s.out
	}
	for _, e := range d.ast.On {
		s.event(e)
	}
	return s.merged()
}

// distinctions are the paths of the contexts that the expressions of a workflow, and of those it calls, read, and the
// names of branches that stand beside refs.
func (d *document) distinctions(w *Workflows) (paths [][]string, names []string) {
	seen := map[*document]bool{}
	queue := []*document{d}
	for len(queue) > 0 {
		next := queue[0]
		queue = queue[1:]
		if seen[next] || next == nil {
			continue
		}
		seen[next] = true
		paths = append(paths, next.pathsOf("github", "inputs")...)
		names = union2(names, next.branches)
		queue = append(queue, next.calls...)
		for _, j := range next.jobs {
			for _, s := range j.steps {
				queue = append(queue, s.local)
			}
		}
	}
	slices.SortFunc(paths, slices.Compare)
	return slices.CompactFunc(paths, func(a, b []string) bool { return slices.Equal(a, b) }), names
}

func union2(a, b []string) []string {
	for _, x := range b {
		if !slices.Contains(a, x) && len(a) < maxSplit {
			a = append(a, x)
		}
	}
	return a
}

// branchesIn are the names in an expression that looks at the ref: 'refs/heads/main', or a text of it.
func branchesIn(node actionlint.ExprNode) []string {
	var out []string
	actionlint.VisitExprNode(node, func(n, _ actionlint.ExprNode, entering bool) {
		if s, ok := n.(*actionlint.StringNode); ok && entering && len(out) < maxSplit {
			out = append(out, branchNames(s.Value)...)
		}
	})
	return out
}

func branchNames(literal string) []string {
	if v, ok := fromJSON(literal); ok && v.is == object {
		return v.fields.names
	} else if ok && v.is == list {
		var out []string
		for _, item := range v.items {
			out = append(out, item.known()...)
		}
		return out
	}
	name := strings.TrimPrefix(literal, "refs/heads/")
	if name == "" || len(name) > 100 || strings.HasPrefix(name, "refs/") || strings.HasSuffix(name, "/") || strings.ContainsAny(name, " ~^:?*[\\{") {
		return nil
	}
	return []string{name}
}

func (s *starts) add(x *scenario) {
	if len(s.out) < 4*maxScenarios {
		s.out = append(s.out, x)
	}
}

// merged leaves one of those scenarios that the workflow cannot tell apart.
func (s *starts) merged() []*scenario {
	restricted := slices.ContainsFunc(s.j.k.repository.Environments, func(e Environment) bool { return e.Restricted || e.Reviewers })
	seen := map[string]*scenario{}
	var out []*scenario
	for _, x := range s.out {
		key := s.signature(x, restricted)
		if first := seen[key]; first != nil {
			if !slices.Contains(first.events, x.event) {
				first.events = append(first.events, x.event)
			}
			continue
		}
		seen[key] = x
		x.events = []string{x.event}
		if out = append(out, x); len(out) == maxScenarios {
			break
		}
	}
	return out
}

// signature is everything of a scenario that the workflow looks at.
func (s *starts) signature(x *scenario, restricted bool) string {
	var b strings.Builder
	fmt.Fprint(&b, x.source, x.source != ofActions && x.event != "", x.tag && restricted)
	if x.source != ofActions {
		b.WriteString(x.event)
	}
	if restricted {
		fmt.Fprintf(&b, "%q %v %v", x.branch, x.pull, x.event == "schedule")
	}
	for _, p := range s.paths {
		of := x.github
		if p[0] == "inputs" {
			of = x.inputs
		}
		for _, v := range at(of, p[1:]) {
			fmt.Fprintf(&b, "|%d %v %v %q %v", v.is, v.truth, v.number, v.text, v.limit)
			if v.opaque != nil {
				fmt.Fprintf(&b, "%+v", *v.opaque)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func (s *starts) event(e actionlint.Event) {
	switch x := e.(type) {
	case *actionlint.WorkflowCallEvent:
	case *actionlint.WorkflowDispatchEvent:
		s.dispatch(x)
	case *actionlint.ScheduledEvent:
		s.scheduled(x)
	case *actionlint.WebhookEvent:
		s.webhook(x)
	default:
		s.add(s.other(e.EventName(), nil))
	}
}

func (s *starts) webhook(e *actionlint.WebhookEvent) {
	switch name := strings.ToLower(e.Hook.Value); name {
	case "push":
		s.push(e)
	case "pull_request", "pull_request_review", "pull_request_review_comment":
		s.pull(name, e)
	case "pull_request_target":
		s.target(e)
	default:
		s.add(s.other(name, e))
	}
}

// facts are those of every event: who and where the repository is. by is who started the run.
func (s *starts) facts(event string, actor set) *fields {
	repo := s.j.k.repository
	f := newFields("github")
	f.put("event_name", texts(event))
	full, owner := one(hidden("github.repository")), one(hidden("github.repository_owner"))
	if repo.Owner != "" {
		full, owner = texts(repo.Owner+"/"+repo.Name), texts(repo.Owner)
	}
	f.put("repository", full).put("repository_owner", owner)
	f.put("repository_id", one(hidden("github.repository_id"))).put("actor", actor).put("triggering_actor", actor)
	about := newFields("github.event.repository").put("full_name", full).put("id", f.get("repository_id"))
	about.put("owner", objectOf(newFields("github.event.repository.owner").put("login", owner)))
	if repo.DefaultBranch != "" {
		about.put("default_branch", texts(repo.DefaultBranch))
	} else {
		about.put("default_branch", one(hidden("github.event.repository.default_branch")))
	}
	payload := newFields("github.event").put("repository", objectOf(about))
	payload.put("sender", objectOf(newFields("github.event.sender").put("login", actor)))
	for key, of := range map[string]string{
		"inputs": "workflow_dispatch", "schedule": "schedule", "release": "release", "workflow_run": "workflow_run",
		"client_payload": "repository_dispatch", "merge_group": "merge_group", "deployment": "deployment", "head_commit": "push", "commits": "push", "pusher": "push",
	} {
		if of != event {
			payload.put(key, one(value{}))
		}
	}
	if members, listed := membersOf(event); listed {
		for _, name := range members {
			payload.put(name, open("github.event."+name))
		}
		payload.open = ""
	}
	if !strings.HasPrefix(event, "pull_request") {
		payload.put("pull_request", one(value{}))
		f.put("head_ref", texts("")).put("base_ref", texts(""))
	}
	if event != "issues" && event != "issue_comment" {
		payload.put("issue", one(value{}))
	}
	return f.put("event", objectOf(payload))
}

func payloadOf(f *fields) *fields { return f.get("event")[0].fields }

// membersOf are the further members of the payload of events that have few.
func membersOf(event string) (names []string, listed bool) {
	common := []string{"organization", "enterprise", "installation"}
	switch event {
	case "push":
		return append(common, "before", "after", "created", "deleted", "forced", "base_ref", "compare", "commits", "head_commit", "pusher"), true
	case "schedule", "workflow_dispatch":
		return append(common, "workflow", "ref"), true
	}
	return nil, false
}

// human is anybody but Dependabot.
func human() set {
	return one(value{is: opaque, opaque: &opacity{id: "github.actor", never: []string{botName}}})
}

func (s *starts) bot(f *fields) {
	f.put("actor_id", texts(botID))
	account := newFields("github.event.sender").put("login", texts(botName)).put("id", one(numberValue(49699333))).put("type", texts("Bot"))
	payloadOf(f).put("sender", objectOf(account)).put("pusher", objectOf(newFields("github.event.pusher").put("name", texts(botName))))
}

// on puts a branch or tag into the facts. A name that is not known has what it is known not to be.
func (x *scenario) on(name set, tag bool) {
	kind, prefix := "branch", "refs/heads/"
	if tag {
		kind, prefix = "tag", "refs/tags/"
	}
	ref := concatTexts(texts(prefix), name)
	x.github.put("ref", ref).put("ref_name", name).put("ref_type", texts(kind))
	x.tag = tag
	if known := name.known(); len(known) == 1 && len(name) == 1 {
		x.branch = known[0]
	}
	if x.event == "push" {
		payloadOf(x.github).put("ref", ref)
	}
}

func concatTexts(l, r set) set {
	var out set
	for _, a := range l {
		for _, b := range r {
			joined := join2(a, b)
			if o := joined.opaque; o != nil && b.opaque != nil {
				for _, n := range b.opaque.never {
					o.never = append(o.never, a.text+n)
				}
				o.prefix += b.opaque.prefix
			}
			out = out.with(joined)
		}
	}
	return out
}

// branches lists the branches that filters admit: those named, and, unless the filters name each, another one.
func (s *starts) branches(only, ignore *actionlint.WebhookEventFilter) []set {
	var out []set
	var named []string
	literal := !only.IsEmpty()
	candidates, prefix := slices.Clone(s.names), ""
	if !only.IsEmpty() {
		for _, p := range only.Values {
			if strings.ContainsAny(p.Value, "*?+[!\\") {
				literal, prefix = false, p.Value[:strings.IndexAny(p.Value, "*?+[!\\")]
			} else {
				candidates = append(candidates, p.Value)
			}
		}
		if len(only.Values) > 1 {
			prefix = ""
		}
	}
	if len(candidates) > 0 || s.asksDefault() {
		candidates = append(candidates, s.j.k.repository.DefaultBranch)
	}
	for _, name := range candidates {
		if name != "" && !slices.Contains(named, name) {
			named = append(named, name)
			if admits(name, only, ignore) && len(out) < maxSplit {
				out = append(out, texts(name))
			}
		}
	}
	if !literal {
		out = append(out, one(value{is: opaque, opaque: &opacity{id: "github.ref_name", prefix: prefix, never: named}}))
	}
	return out
}

// asksDefault tells whether an expression looks at the name of the default branch.
func (s *starts) asksDefault() bool {
	return slices.ContainsFunc(s.paths, func(p []string) bool { return p[len(p)-1] == "default_branch" })
}

func (s *starts) push(e *actionlint.WebhookEvent) {
	noBranches, noTags := e.Branches.IsEmpty() && e.BranchesIgnore.IsEmpty(), e.Tags.IsEmpty() && e.TagsIgnore.IsEmpty()
	if !noBranches || noTags {
		for _, name := range s.branches(e.Branches, e.BranchesIgnore) {
			x := s.new("push", "a push to "+says(name, "another branch"), human())
			x.on(name, false)
			s.add(x)
		}
		if s.j.c.Dependabot && admits("dependabot/npm_and_yarn/lodash-4.17.21", e.Branches, e.BranchesIgnore) {
			x := s.new("push", "a push of Dependabot's", texts(botName))
			x.source = ofDependabot
			x.on(one(value{is: opaque, opaque: &opacity{id: "github.ref_name", prefix: "dependabot/"}}), false)
			s.bot(x.github)
			s.add(x)
		}
	}
	if !noTags || noBranches {
		x := s.new("push", "a push of a tag", human())
		tag := &opacity{id: "github.ref_name"}
		if !e.Tags.IsEmpty() && len(e.Tags.Values) == 1 {
			tag.prefix, _, _ = strings.Cut(strings.ReplaceAll(strings.ReplaceAll(e.Tags.Values[0].Value, "[", "*"), "?", "*"), "*")
		}
		x.on(one(value{is: opaque, opaque: tag}), true)
		s.add(x)
	}
}

func says(name set, otherwise string) string {
	if known := name.known(); len(known) == 1 {
		return known[0]
	}
	return otherwise
}

func (s *starts) new(event, what string, actor set) *scenario {
	return &scenario{event: event, what: what, github: s.facts(event, actor), inputs: newFields("")}
}

// pull adds the pull requests of this repository, of forks, and of Dependabot.
func (s *starts) pull(event string, e *actionlint.WebhookEvent) {
	s.add(s.pullOf(event, "a "+event+" of this repository", e, "base"))
	repo := s.j.k.repository
	if !repo.Private || repo.AllowForking {
		x := s.pullOf(event, "a fork's "+event, e, "fork")
		x.source = ofNobody
		s.add(x)
	}
	if s.j.c.Dependabot && event == "pull_request" && s.opensPulls(e) {
		x := s.pullOf(event, "Dependabot's pull_request", e, "bot")
		x.source = ofDependabot
		s.add(x)
	}
}

// opensPulls tells whether what Dependabot does to its pull requests, against the default branch, starts a run.
func (s *starts) opensPulls(e *actionlint.WebhookEvent) bool {
	base := s.j.k.repository.DefaultBranch
	if base != "" && !admits(base, e.Branches, e.BranchesIgnore) {
		return false
	}
	return len(e.Types) == 0 || slices.ContainsFunc(e.Types, func(t *actionlint.String) bool {
		return slices.Contains([]string{"opened", "synchronize", "reopened", "labeled", "ready_for_review"}, t.Value)
	})
}

func (s *starts) pullOf(event, what string, e *actionlint.WebhookEvent, from string) *scenario {
	actor := human()
	if from == "bot" {
		actor = texts(botName)
	}
	x := s.new(event, what, actor)
	x.pull = true
	x.github.put("ref", one(value{is: opaque, opaque: &opacity{id: "github.ref", prefix: "refs/pull/", suffix: "/merge"}}))
	x.github.put("ref_name", one(value{is: opaque, opaque: &opacity{id: "github.ref_name", suffix: "/merge"}})).put("ref_type", texts("branch"))
	if from == "bot" {
		s.bot(x.github)
	}
	s.between(x, e, from)
	return x
}

// between puts a pull request's own facts into the payload.
func (s *starts) between(x *scenario, e *actionlint.WebhookEvent, from string) {
	f := x.github
	head := newFields("github.event.pull_request.head")
	repo := newFields("github.event.pull_request.head.repo")
	owner := f.get("repository_owner")
	full, id, fork, label := f.get("repository"), f.get("repository_id"), boolValue(false), &opacity{}
	if known := owner.known(); len(known) == 1 {
		label.prefix = known[0] + ":"
	}
	if from == "fork" {
		full, owner, id, fork = unlike(full, "the fork"), unlike(owner, "the fork's owner"), unlike(id, "the fork's ID"), boolValue(true)
		label = &opacity{neverStarts: []string{label.prefix}}
		if label.neverStarts[0] == "" {
			label.neverStarts = nil
		}
	}
	login := objectOf(newFields("the owner").put("login", owner))
	repo.put("full_name", full).put("id", id).put("fork", one(fork)).put("owner", login)
	ref := hidden("github.head_ref")
	if from == "bot" {
		ref.opaque.prefix = "dependabot/"
	}
	head.put("repo", objectOf(repo)).put("ref", one(ref)).put("user", login).put("label", one(value{is: opaque, opaque: label}))
	base := s.baseOf(e, from)
	of := newFields("github.event.pull_request").put("head", objectOf(head))
	of.put("base", objectOf(newFields("github.event.pull_request.base").put("ref", base).put("repo", payloadOf(f).get("repository"))))
	user := newFields("github.event.pull_request.user")
	if from == "bot" {
		user = payloadOf(f).get("sender")[0].fields
	} else {
		user.put("login", one(value{is: opaque, opaque: &opacity{id: "github.event.pull_request.user.login", never: []string{botName}}}))
	}
	of.put("user", objectOf(user))
	actions := actionsOf(e, "opened", "synchronize", "reopened")
	if !slices.Contains(actions.known(), "closed") {
		of.put("merged", one(boolValue(false))).put("state", texts("open"))
	}
	payloadOf(f).put("pull_request", objectOf(of)).put("action", actions)
	f.put("head_ref", one(ref)).put("base_ref", base)
}

// unlike is a text that is another one than those.
func unlike(those set, id string) set {
	o := &opacity{id: id}
	for _, v := range those {
		if v.opaque != nil {
			o.never = append(o.never, v.opaque.id)
		} else {
			o.never = append(o.never, v.text)
		}
	}
	return one(value{is: opaque, opaque: o})
}

func (s *starts) baseOf(e *actionlint.WebhookEvent, from string) set {
	if from == "bot" && s.j.k.repository.DefaultBranch != "" {
		return texts(s.j.k.repository.DefaultBranch)
	}
	var out set
	for _, name := range s.branches(e.Branches, e.BranchesIgnore) {
		for _, v := range name {
			if v.opaque != nil {
				v.opaque.id = "github.base_ref"
			}
			out = out.with(v)
		}
	}
	return out
}

// actionsOf are the types of an event that start a run.
func actionsOf(e *actionlint.WebhookEvent, usual ...string) set {
	var out set
	for _, t := range e.Types {
		out = out.with(textValue(t.Value))
	}
	if len(out) == 0 {
		return texts(usual...)
	}
	return out
}

// target adds pull_request_target, which reads the base repository's secrets whoever sends it.
func (s *starts) target(e *actionlint.WebhookEvent) {
	for _, from := range []string{"base", "fork"} {
		if repo := s.j.k.repository; from == "fork" && repo.Private && !repo.AllowForking {
			continue
		}
		what := map[string]string{"base": "a pull_request_target of this repository", "fork": "a fork's pull_request_target"}[from]
		x := s.new("pull_request_target", what, human())
		s.between(x, e, from)
		x.on(x.github.get("base_ref"), false)
		s.add(x)
	}
}

func (s *starts) scheduled(e *actionlint.ScheduledEvent) {
	x := s.new("schedule", "a schedule", human())
	var crons set
	for _, c := range e.Schedules {
		if c.Cron != nil {
			crons = crons.with(textValue(c.Cron.Value))
		}
	}
	payloadOf(x.github).put("schedule", crons)
	x.on(payloadOf(x.github).get("repository")[0].member(textValue("default_branch")), false)
	s.add(x)
}

// other is an event of which little is known but its name and types.
func (s *starts) other(event string, e *actionlint.WebhookEvent) *scenario {
	x := s.new(event, "an event "+event, human())
	if e != nil && len(e.Types) > 0 {
		payloadOf(x.github).put("action", actionsOf(e))
	}
	switch event {
	case "workflow_run", "issues", "issue_comment", "discussion", "discussion_comment", "label", "milestone", "watch", "fork", "gollum", "repository_dispatch":
		x.on(payloadOf(x.github).get("repository")[0].member(textValue("default_branch")), false)
	}
	return x
}

// dispatch adds a manual run for each choice of its inputs, and each branch that matters.
func (s *starts) dispatch(e *actionlint.WorkflowDispatchEvent) {
	choices := []*fields{newFields("")}
	for _, id := range sortedKeys(e.Inputs) {
		choices = s.choose(choices, id, s.inputOf(e.Inputs[id]))
	}
	branches := s.branches(nil, nil)
	for _, inputs := range choices {
		for _, name := range branches {
			x := s.new("workflow_dispatch", "a manual run"+with(inputs), human())
			x.inputs = inputs
			asText := newFields("")
			for _, n := range inputs.names {
				asText.put(n, mapped(inputs.get(n), asTextValue))
			}
			payloadOf(x.github).put("inputs", objectOf(asText))
			x.on(name, false)
			s.add(x)
		}
	}
}

func asTextValue(v value) value {
	if t, known := v.asText(); known {
		w := textValue(t)
		w.lacks, w.holds, w.drops = v.lacks, v.holds, v.drops
		return w
	}
	return v
}

func with(inputs *fields) string {
	var parts []string
	for _, n := range inputs.names {
		if known := inputs.get(n).known(); len(known) == 1 {
			parts = append(parts, n+"="+known[0])
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " with " + strings.Join(parts, ", ")
}

// choose splits by the values of an input, as long as that is not too many; else the input may be any of them.
func (s *starts) choose(in []*fields, id string, values set) []*fields {
	mentioned := slices.ContainsFunc(s.paths, func(p []string) bool { return p[len(p)-1] == id })
	split := mentioned && values.undecided() == "" && len(in)*len(values) <= maxSplit
	var out []*fields
	for _, f := range in {
		if !split {
			out = append(out, f.plus(id, values))
			continue
		}
		for _, v := range values {
			out = append(out, f.plus(id, one(v)))
		}
	}
	return out
}

func (f *fields) plus(name string, s set) *fields {
	return f.copy().put(name, s)
}

func (s *starts) inputOf(in *actionlint.DispatchInput) set {
	switch in.Type {
	case actionlint.WorkflowDispatchEventInputTypeBoolean:
		return truths(true, true)
	case actionlint.WorkflowDispatchEventInputTypeChoice:
		var out set
		for _, o := range in.Options {
			out = out.with(textValue(o.Value))
		}
		if len(out) > 0 {
			return out
		}
	case actionlint.WorkflowDispatchEventInputTypeEnvironment:
		if names := s.j.k.environmentNames(); len(names) > 0 && s.j.k.repository.EnvironmentsErr == nil {
			return texts(names...)
		}
	}
	if in.Name == nil {
		return open("inputs")
	}
	return open("inputs." + strings.ToLower(in.Name.Value))
}
