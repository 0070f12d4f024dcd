package simulate

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/gh-hex/gh-hex/extension/abstract"
	"github.com/gh-hex/gh-hex/extension/inventory"
	"github.com/gh-hex/gh-hex/extension/source"
)

// keeper is whose secrets a run reads.
type keeper uint8

const (
	OfActions    keeper = iota
	OfNobody            // a fork's pull request
	OfDependabot        // a run that Dependabot starts
	ofCallers           // a workflow that only others call
)

// Scenario is one way in which a workflow is started, with everything that is known of the contexts then.
type Scenario struct {
	Event  string
	Events []string // of those that nothing distinguishes from this one
	What   string   // for people: "a push to main"
	Names  []string // What, and that of the first of each further event
	Source keeper
	github *abstract.Fields
	inputs *abstract.Fields
	Branch string // of the ref that the run is for, where it is known
	Tag    bool   // the ref is a tag
	Pull   bool   // the ref is a pull request's
}

const botName, botID = "dependabot[bot]", "49699333"

// maxScenarios bounds how many ways of starting one workflow are told apart, maxSplit how many of them one event has.
const maxScenarios, maxSplit = 60, 24

// starts lists the ways in which the events of a workflow start it.
type starts struct {
	Question
	names []string // of branches that its expressions name
	paths [][]string
	out   []*Scenario
}

// scenariosOf lists the ways in which a workflow is started, those that nothing in it tells apart as one.
func (q Question) scenariosOf(d *source.Document, called bool) []*Scenario {
	s := &starts{Question: q}
	s.paths, s.names = d.Distinctions()
	if called {
		s.out = []*Scenario{{Event: "workflow_call", What: "a call from another repository", Names: []string{"a call from another repository"}, Source: ofCallers, github: abstract.NewFields("github"), inputs: abstract.NewFields("inputs")}}
		return s.out
	}
	for _, e := range d.AST.On {
		s.event(e)
	}
	return s.merged()
}

func (s *starts) add(x *Scenario) {
	if len(s.out) < 4*maxScenarios {
		s.out = append(s.out, x)
	}
}

// merged leaves one of those scenarios that the workflow cannot tell apart.
func (s *starts) merged() []*Scenario {
	restricted := slices.ContainsFunc(s.K.Repository.Environments, func(e inventory.Environment) bool { return e.Restricted || e.Reviewers })
	seen := map[string]*Scenario{}
	var out []*Scenario
	for _, x := range s.out {
		key := s.signature(x, restricted)
		if first := seen[key]; first != nil {
			if !slices.Contains(first.Events, x.Event) {
				first.Events, first.Names = append(first.Events, x.Event), append(first.Names, x.What)
			}
			continue
		}
		seen[key] = x
		x.Events, x.Names = []string{x.Event}, []string{x.What}
		if out = append(out, x); len(out) == maxScenarios {
			break
		}
	}
	return out
}

// signature is everything of a scenario that a workflow looks at; what environments look at is in it when some are
// restricted.
func (s *starts) signature(x *Scenario, restricted bool) string {
	var b []byte
	if restricted {
		b = fmt.Appendf(b, "%v %q %v %v", x.Tag, x.Branch, x.Pull, x.Event == "schedule")
	}
	return string(x.signature(b, s.paths))
}

// signature adds whose secrets are read, and what stands at some paths.
func (x *Scenario) signature(b []byte, paths [][]string) []byte {
	b = append(b, byte(x.Source))
	if x.Source != OfActions {
		b = append(b, x.Event...)
	}
	for _, p := range paths {
		of := x.github
		switch p[0] {
		case "inputs":
			of = x.inputs
		case "matrix":
			continue
		}
		b = append(b, '\n')
		for _, v := range at(of, p[1:]) {
			b = append(b, byte(v.Is), byte(v.Limit))
			b = strconv.AppendBool(b, v.Truth)
			b = strconv.AppendFloat(b, v.Number, 'g', -1, 64)
			b = strconv.AppendQuote(b, v.Text)
			if v.Opaque != nil {
				b = fmt.Appendf(b, "%+v", *v.Opaque)
			}
		}
	}
	return b
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

// aboutRepository is what the payload of every event says of the repository.
func (q Question) aboutRepository() *abstract.Fields {
	repo := q.K.Repository
	full, owner := abstract.Hidden(abstract.Opacity{Id: "github.repository"}), abstract.Hidden(abstract.Opacity{Id: "github.repository_owner"})
	if repo.Owner != "" {
		full, owner = abstract.Texts(repo.Owner+"/"+repo.Name), abstract.Texts(repo.Owner)
	}
	about := abstract.NewFields("github.event.repository").Put("full_name", full).Put("id", abstract.Hidden(abstract.Opacity{Id: "github.repository_id"}))
	about.Put("owner", abstract.ObjectOf(abstract.NewFields("github.event.repository.owner").Put("login", owner)))
	if repo.DefaultBranch != "" {
		return about.Put("default_branch", abstract.Texts(repo.DefaultBranch))
	}
	return about.Put("default_branch", abstract.Hidden(abstract.Opacity{Id: "github.event.repository.default_branch"}))
}

// facts are those of every event: who and where the repository is. by is who started the run.
func (s *starts) facts(event string, actor abstract.Set) *abstract.Fields {
	f := abstract.NewFields("github")
	f.Put("event_name", abstract.Texts(event)).Put("actor", actor).Put("triggering_actor", actor)
	f.Put("repository", s.about.Get("full_name")).Put("repository_owner", s.about.Get("owner")[0].Fields.Get("login")).Put("repository_id", s.about.Get("id"))
	if !strings.HasPrefix(event, "pull_request") {
		f.Put("head_ref", abstract.Texts("")).Put("base_ref", abstract.Texts(""))
	}
	return f.Put("event", abstract.ObjectOf(s.payload(event, actor)))
}

// payload is that of an event, where somebody looks at it.
func (s *starts) payload(event string, actor abstract.Set) *abstract.Fields {
	payload := abstract.NewFields("github.event").Put("repository", abstract.ObjectOf(s.about))
	if !s.asksPayload() {
		return payload
	}
	none := abstract.One(abstract.Value{})
	payload.Put("sender", abstract.ObjectOf(abstract.NewFields("github.event.sender").Put("login", actor)))
	for key, of := range map[string]string{
		"inputs": "workflow_dispatch", "schedule": "schedule", "release": "release", "workflow_run": "workflow_run",
		"client_payload": "repository_dispatch", "merge_group": "merge_group", "deployment": "deployment", "head_commit": "push", "commits": "push", "pusher": "push",
	} {
		if of != event {
			payload.Put(key, none)
		}
	}
	if members, listed := membersOf(event); listed {
		for _, name := range members {
			payload.Put(name, abstract.Open("github.event."+name))
		}
		payload.Open = ""
	}
	if !strings.HasPrefix(event, "pull_request") {
		payload.Put("pull_request", none)
	}
	if event != "issues" && event != "issue_comment" {
		payload.Put("issue", none)
	}
	return payload
}

// asksPayload tells whether an expression looks at the payload of the event.
func (s *starts) asksPayload() bool {
	return slices.ContainsFunc(s.paths, func(p []string) bool { return p[0] == "github" && p[1] == "event" })
}

func payloadOf(f *abstract.Fields) *abstract.Fields { return f.Get("event")[0].Fields }

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
func human() abstract.Set {
	return abstract.Hidden(abstract.Opacity{Id: "github.actor", Never: []string{botName}})
}

func (s *starts) bot(f *abstract.Fields) {
	f.Put("actor_id", abstract.Texts(botID))
	if !s.asksPayload() {
		return
	}
	account := abstract.NewFields("github.event.sender").Put("login", abstract.Texts(botName)).Put("id", abstract.One(abstract.NumberValue(49699333))).Put("type", abstract.Texts("Bot"))
	payloadOf(f).Put("sender", abstract.ObjectOf(account)).Put("pusher", abstract.ObjectOf(abstract.NewFields("github.event.pusher").Put("name", abstract.Texts(botName))))
}

// on puts a branch or tag into the facts. A name that is not known has what it is known not to be.
func (x *Scenario) on(name abstract.Set, tag bool) {
	kind, prefix := "branch", "refs/heads/"
	if tag {
		kind, prefix = "tag", "refs/tags/"
	}
	ref := concatTexts(abstract.Texts(prefix), name)
	x.github.Put("ref", ref).Put("ref_name", name).Put("ref_type", abstract.Texts(kind))
	x.Tag = tag
	if known := name.Known(); len(known) == 1 && len(name) == 1 {
		x.Branch = known[0]
	}
	if x.Event == "push" {
		payloadOf(x.github).Put("ref", ref)
	}
}

func concatTexts(l, r abstract.Set) abstract.Set {
	var out abstract.Set
	for _, a := range l {
		for _, b := range r {
			joined := abstract.Join2(a, b)
			if o := joined.Opaque; o != nil && b.Opaque != nil {
				for _, n := range b.Opaque.Never {
					o.Never = append(o.Never, a.Text+n)
				}
				o.Prefix += b.Opaque.Prefix
			}
			out = out.With(joined)
		}
	}
	return out
}

// branches lists the branches that filters admit: those named, and, unless the filters name each, another one.
func (s *starts) branches(only, ignore *actionlint.WebhookEventFilter) []abstract.Set {
	var out []abstract.Set
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
		candidates = append(candidates, s.K.Repository.DefaultBranch)
	}
	for _, name := range candidates {
		if name != "" && !slices.Contains(named, name) {
			named = append(named, name)
			if abstract.Admits(name, only, ignore) && len(out) < maxSplit {
				out = append(out, abstract.Texts(name))
			}
		}
	}
	if !literal {
		out = append(out, abstract.Hidden(abstract.Opacity{Id: "github.ref_name", Prefix: prefix, Never: named}))
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
		if s.Dependabot && abstract.Admits("dependabot/npm_and_yarn/lodash-4.17.21", e.Branches, e.BranchesIgnore) {
			x := s.new("push", "a push by Dependabot", abstract.Texts(botName))
			x.Source = OfDependabot
			x.on(abstract.Hidden(abstract.Opacity{Id: "github.ref_name", Prefix: "dependabot/"}), false)
			s.bot(x.github)
			s.add(x)
		}
	}
	if !noTags || noBranches {
		x := s.new("push", "a push of a tag", human())
		tag := abstract.Opacity{Id: "github.ref_name"}
		if !e.Tags.IsEmpty() && len(e.Tags.Values) == 1 {
			tag.Prefix, _, _ = strings.Cut(strings.ReplaceAll(strings.ReplaceAll(e.Tags.Values[0].Value, "[", "*"), "?", "*"), "*")
		}
		x.on(abstract.Hidden(tag), true)
		s.add(x)
	}
}

func says(name abstract.Set, otherwise string) string {
	if known := name.Known(); len(known) == 1 {
		return known[0]
	}
	return otherwise
}

func (s *starts) new(event, what string, actor abstract.Set) *Scenario {
	return &Scenario{Event: event, What: what, github: s.facts(event, actor), inputs: abstract.NewFields("")}
}

// pull adds the pull requests of this repository, of forks, and of Dependabot.
func (s *starts) pull(event string, e *actionlint.WebhookEvent) {
	s.add(s.pullOf(event, "a "+event+" of this repository", e, "base"))
	repo := s.K.Repository
	if !repo.Private || repo.AllowForking {
		x := s.pullOf(event, "a fork's "+event, e, "fork")
		x.Source = OfNobody
		s.add(x)
	}
	if s.Dependabot && event == "pull_request" && s.opensPulls(e) {
		x := s.pullOf(event, "Dependabot's pull_request", e, "bot")
		x.Source = OfDependabot
		s.add(x)
	}
}

// opensPulls tells whether what Dependabot does to its pull requests, against the default branch, starts a run.
func (s *starts) opensPulls(e *actionlint.WebhookEvent) bool {
	base := s.K.Repository.DefaultBranch
	if base != "" && !abstract.Admits(base, e.Branches, e.BranchesIgnore) {
		return false
	}
	return len(e.Types) == 0 || slices.ContainsFunc(e.Types, func(t *actionlint.String) bool {
		return slices.Contains([]string{"opened", "synchronize", "reopened", "labeled", "ready_for_review"}, t.Value)
	})
}

func (s *starts) pullOf(event, what string, e *actionlint.WebhookEvent, from string) *Scenario {
	actor := human()
	if from == "bot" {
		actor = abstract.Texts(botName)
	}
	x := s.new(event, what, actor)
	x.Pull = true
	x.github.Put("ref", abstract.Hidden(abstract.Opacity{Id: "github.ref", Prefix: "refs/pull/", Suffix: "/merge"}))
	x.github.Put("ref_name", abstract.Hidden(abstract.Opacity{Id: "github.ref_name", Suffix: "/merge"})).Put("ref_type", abstract.Texts("branch"))
	if from == "bot" {
		s.bot(x.github)
	}
	s.between(x, e, from)
	return x
}

// between puts a pull request's own facts into the contexts.
func (s *starts) between(x *Scenario, e *actionlint.WebhookEvent, from string) {
	ref := abstract.Opacity{Id: "github.head_ref"}
	if from == "bot" {
		ref.Prefix = "dependabot/"
	}
	x.github.Put("head_ref", abstract.Hidden(ref)).Put("base_ref", s.baseOf(e, from))
	if s.asksPayload() {
		s.pullRequest(x.github, e, from)
	}
}

// pullRequest puts a pull request into the payload.
func (s *starts) pullRequest(f *abstract.Fields, e *actionlint.WebhookEvent, from string) {
	head := abstract.NewFields("github.event.pull_request.head")
	repo := abstract.NewFields("github.event.pull_request.head.repo")
	owner := f.Get("repository_owner")
	full, id, fork, label := f.Get("repository"), f.Get("repository_id"), abstract.BoolValue(false), abstract.Opacity{}
	if known := owner.Known(); len(known) == 1 {
		label.Prefix = known[0] + ":"
	}
	if from == "fork" {
		full, owner, id, fork = unlike(full, "the fork"), unlike(owner, "the fork's owner"), unlike(id, "the fork's ID"), abstract.BoolValue(true)
		label = abstract.Opacity{NeverStarts: []string{label.Prefix}}
		if label.NeverStarts[0] == "" {
			label.NeverStarts = nil
		}
	}
	login := abstract.ObjectOf(abstract.NewFields("the owner").Put("login", owner))
	repo.Put("full_name", full).Put("id", id).Put("fork", abstract.One(fork)).Put("owner", login)
	head.Put("repo", abstract.ObjectOf(repo)).Put("ref", f.Get("head_ref")).Put("user", login).Put("label", abstract.Hidden(label))
	of := abstract.NewFields("github.event.pull_request").Put("head", abstract.ObjectOf(head))
	of.Put("base", abstract.ObjectOf(abstract.NewFields("github.event.pull_request.base").Put("ref", f.Get("base_ref")).Put("repo", payloadOf(f).Get("repository"))))
	user := abstract.NewFields("github.event.pull_request.user")
	author := abstract.Opacity{Id: "github.event.pull_request.user.login", Never: []string{botName}}
	if from == "fork" { // a person: apps send their pull requests from where they are installed
		author.Without = "["
		user.Put("type", abstract.Texts("User"))
	}
	user.Put("login", abstract.Hidden(author))
	if from == "bot" {
		user = payloadOf(f).Get("sender")[0].Fields
	}
	of.Put("user", abstract.ObjectOf(user))
	actions := actionsOf(e, "opened", "synchronize", "reopened")
	if from == "bot" || !slices.Contains(actions.Known(), "closed") {
		of.Put("merged", abstract.One(abstract.BoolValue(false))).Put("state", abstract.Texts("open"))
	}
	payloadOf(f).Put("pull_request", abstract.ObjectOf(of)).Put("action", actions)
}

// unlike is a text that is another one than those.
func unlike(those abstract.Set, id string) abstract.Set {
	o := abstract.Opacity{Id: id}
	for _, v := range those {
		if v.Opaque != nil {
			o.Never = append(o.Never, v.Opaque.Id)
		} else {
			o.Never = append(o.Never, v.Text)
		}
	}
	return abstract.Hidden(o)
}

func (s *starts) baseOf(e *actionlint.WebhookEvent, from string) abstract.Set {
	if from == "bot" && s.K.Repository.DefaultBranch != "" {
		return abstract.Texts(s.K.Repository.DefaultBranch)
	}
	var out abstract.Set
	for _, name := range s.branches(e.Branches, e.BranchesIgnore) {
		for _, v := range name {
			if v.Opaque != nil {
				v.Opaque.Id = "github.base_ref"
			}
			out = out.With(v)
		}
	}
	return out
}

// actionsOf are the types of an event that start a run.
func actionsOf(e *actionlint.WebhookEvent, usual ...string) abstract.Set {
	var out abstract.Set
	for _, t := range e.Types {
		out = out.With(abstract.TextValue(t.Value))
	}
	if len(out) == 0 {
		return abstract.Texts(usual...)
	}
	return out
}

// target adds pull_request_target, which reads the base repository's secrets whoever sends it.
func (s *starts) target(e *actionlint.WebhookEvent) {
	for _, from := range []string{"base", "fork"} {
		if repo := s.K.Repository; from == "fork" && repo.Private && !repo.AllowForking {
			continue
		}
		what := map[string]string{"base": "a pull_request_target of this repository", "fork": "a fork's pull_request_target"}[from]
		x := s.new("pull_request_target", what, human())
		s.between(x, e, from)
		x.on(x.github.Get("base_ref"), false)
		s.add(x)
	}
}

func (s *starts) scheduled(e *actionlint.ScheduledEvent) {
	x := s.new("schedule", "a schedule", human())
	var crons abstract.Set
	for _, c := range e.Schedules {
		if c.Cron != nil {
			crons = crons.With(abstract.TextValue(c.Cron.Value))
		}
	}
	payloadOf(x.github).Put("schedule", crons)
	x.on(s.about.Get("default_branch"), false)
	s.add(x)
}

// other is an event of which little is known but its name and types.
func (s *starts) other(event string, e *actionlint.WebhookEvent) *Scenario {
	x := s.new(event, "an event "+event, human())
	if e != nil && len(e.Types) > 0 {
		payloadOf(x.github).Put("action", actionsOf(e))
	}
	switch event {
	case "workflow_run", "issues", "issue_comment", "discussion", "discussion_comment", "label", "milestone", "watch", "fork", "gollum", "repository_dispatch":
		x.on(s.about.Get("default_branch"), false)
	}
	return x
}

// dispatch adds a manual run for each choice of its inputs, and each branch that matters.
func (s *starts) dispatch(e *actionlint.WorkflowDispatchEvent) {
	choices := []*abstract.Fields{abstract.NewFields("")}
	for _, id := range slices.Sorted(maps.Keys(e.Inputs)) {
		choices = s.choose(choices, id, s.inputOf(e.Inputs[id]))
	}
	branches := s.branches(nil, nil)
	for _, inputs := range choices {
		for _, name := range branches {
			x := s.new("workflow_dispatch", "a manual run"+with(inputs), human())
			x.inputs = inputs
			asText := abstract.NewFields("")
			for _, n := range inputs.Names {
				asText.Put(n, abstract.Mapped(inputs.Get(n), abstract.AsTextValue))
			}
			payloadOf(x.github).Put("inputs", abstract.ObjectOf(asText))
			x.on(name, false)
			s.add(x)
		}
	}
}

func with(inputs *abstract.Fields) string {
	var parts []string
	for _, n := range inputs.Names {
		if known := inputs.Get(n).Known(); len(known) == 1 {
			parts = append(parts, n+"="+known[0])
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " with " + strings.Join(parts, ", ")
}

// choose splits by the values of an input, as long as that is not too many; else the input may be any of them.
func (s *starts) choose(in []*abstract.Fields, id string, values abstract.Set) []*abstract.Fields {
	mentioned := slices.ContainsFunc(s.paths, func(p []string) bool { return p[len(p)-1] == id })
	split := mentioned && values.Undecided() == "" && len(in)*len(values) <= maxSplit
	var out []*abstract.Fields
	for _, f := range in {
		if !split {
			out = append(out, f.Plus(id, values))
			continue
		}
		for _, v := range values {
			out = append(out, f.Plus(id, abstract.One(v)))
		}
	}
	return out
}

func (s *starts) inputOf(in *actionlint.DispatchInput) abstract.Set {
	switch in.Type {
	case actionlint.WorkflowDispatchEventInputTypeBoolean:
		return abstract.Either().Truths()
	case actionlint.WorkflowDispatchEventInputTypeChoice:
		var out abstract.Set
		for _, o := range in.Options {
			out = out.With(abstract.TextValue(o.Value))
		}
		if len(out) > 0 {
			return out
		}
	case actionlint.WorkflowDispatchEventInputTypeEnvironment:
		if names := s.K.EnvironmentNames(); len(names) > 0 && s.K.Repository.EnvironmentsErr == nil {
			return abstract.Texts(names...)
		}
	}
	if in.Name == nil {
		return abstract.Open("inputs")
	}
	return abstract.Open("inputs." + strings.ToLower(in.Name.Value))
}
