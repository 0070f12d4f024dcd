package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/cli/go-gh/v2/pkg/auth"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/workflow"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

// companion is a variable that is stored beside the secret: the host, or the project of --project.
type companion struct {
	at          github.Place
	name, value string
	// same reports whether a value that stands there already means the same.
	same   func(value string) bool
	before github.Entry // what is there already
	err    error
	// wider is who has to see an organization's variable besides those who do now; zero when all do who see the secret.
	wider github.Sharing
}

// stands reports whether the variable is as it has to be.
func (v *companion) stands() bool {
	return v.before.Name != "" && v.same(v.before.Value) && v.wider.Visibility == ""
}

// planCompanions decides which variables belong to the places that are chosen. Those of Actions do not reach agents, which
// have their own; Dependabot and Codespaces have none.
func (s *storing) planCompanions(ctx context.Context) {
	var chosen []github.Place
	for _, at := range s.chosen() {
		if at.App == github.Actions || at.App == github.Agents {
			chosen = append(chosen, at)
		}
	}
	hosts := chosen
	if len(chosen) == 0 {
		chosen = []github.Place{s.actionsPlace()}
		if s.variableGiven {
			hosts = chosen // somebody asked for it
		}
	}
	if s.variable != "" {
		for _, at := range hosts {
			s.companions = append(s.companions, &companion{at: at, name: s.variable, value: s.host.String(), same: s.isHost})
		}
	}
	if s.runs != "" {
		for _, at := range chosen {
			s.companions = append(s.companions, &companion{at: at, name: workspace.ProjectName, value: s.runs, same: s.isProject})
		}
	}
	if s.variable != "" && len(hosts) == 0 {
		s.sayHostless(ctx)
	}
}

// sayHostless says where the host has to come from for apps that have no variables.
func (s *storing) sayHostless(ctx context.Context) {
	for _, at := range s.chosen() {
		switch at.App {
		case github.Dependabot:
			s.Say("Note: Dependabot has no variables of its own. The workflows that it starts take the host from the Actions variable; to set it: %s", s.destination().SetVariable(s.HasGH(ctx, "variable"), s.variable, s.host.String()))
		case github.Codespaces:
			s.Say("Note: Codespaces have no variables. In a codespace the host has to come from a secret; to set it: %s --app codespaces --body %s", s.destination().Set("secret", s.variable), s.host)
		}
	}
}

// destination is what is stored for, to the commands of gh.
func (s *storing) destination() workflow.Destination {
	if s.org == "" {
		return workflow.Destination{Repository: s.target.String()}
	}
	d := workflow.Destination{Organization: s.org}
	if host := auth.NormalizeHostname(s.target.Host); host != "github.com" {
		d.Host = host
	}
	return d
}

// actionsPlace is where the variables of Actions are beside what is stored.
func (s *storing) actionsPlace() github.Place {
	at := s.chosen()[0]
	at.App = github.Actions
	return at
}

// isHost reports whether a value names the host, in whichever form.
func (s *storing) isHost(value string) bool {
	named, err := core.ParseHost(value)
	return err == nil && named == s.host
}

// isProject reports whether a value names the project of --project, in whichever form.
func (s *storing) isProject(value string) bool {
	id, host, err := core.ParseProjectRef(value)
	return err == nil && id == s.runs && (host.IsZero() || host == s.host)
}

func (s *storing) inspectCompanions(ctx context.Context) {
	var wg sync.WaitGroup
	for _, v := range s.companions {
		wg.Go(func() { v.before, v.err = s.client.Variable(ctx, v.at, v.name) })
	}
	wg.Wait()
}

// judgeCompanions is the first reason why a variable cannot be set, as far as is known before.
func (s *storing) judgeCompanions(ctx context.Context) error {
	for _, v := range s.companions {
		err := v.err
		if err == nil || errors.Is(err, github.ErrNotFound) {
			err = s.widen(ctx, v)
		}
		if err != nil {
			return s.variableTrouble(v, github.ForWrite(err))
		}
	}
	return nil
}

func (s *storing) variableTrouble(v *companion, err error) error {
	if v.name != s.variable {
		return fmt.Errorf("%w\nTo store the secret alone, leave out: --project", err)
	}
	return fmt.Errorf("%w\nTo store the secret alone, add: --variable \"\"", err)
}

// sharingOf is who sees the secret that a variable belongs to.
func (s *storing) sharingOf(v *companion) github.Sharing {
	own := slices.IndexFunc(s.places, func(p *place) bool { return p.err == nil && p.at.App == v.at.App })
	usable := slices.IndexFunc(s.places, func(p *place) bool { return p.err == nil })
	return s.places[max(own, usable, 0)].sharing
}

// widen finds out whether some who see an organization's secret do not see the variable that is there already: they
// would take the token to the default host.
func (s *storing) widen(ctx context.Context, v *companion) error {
	if s.org == "" || v.before.Visibility == "" {
		return nil
	}
	wanted, before := s.sharingOf(v), v.before
	widths := []string{"selected", "private", "all"}
	if slices.Index(widths, wanted.Visibility) > slices.Index(widths, before.Visibility) {
		v.wider = wanted
	}
	if wanted.Visibility != "selected" || before.Visibility != "selected" {
		return nil
	}
	now, err := s.client.VariableSharing(ctx, v.at, before)
	all := slices.Compact(slices.Sorted(slices.Values(slices.Concat(now.Repositories, wanted.Repositories))))
	if err == nil && len(all) > len(slices.Compact(slices.Sorted(slices.Values(now.Repositories)))) {
		v.wider = github.Sharing{Visibility: "selected", Repositories: all}
	}
	return err
}

// variableConflictError means that the variable has another value, which is not replaced silently.
type variableConflictError struct{ name, value, wanted string }

func (e *variableConflictError) Error() string {
	return fmt.Sprintf("the variable %s has another value (%s, not %s); nothing was stored", e.name, e.value, e.wanted)
}

func (*variableConflictError) Hint() string {
	return "Keep both with: --variable OTHER_NAME, or replace it with: --force"
}

// conflicts reports whether the variable has a value that is not to be replaced without a word.
func (s *storing) conflicts(v *companion) bool {
	return v.before.Name != "" && !v.same(v.before.Value) && !s.force
}

// conflict is the first variable with another value; nil when there is none.
func (s *storing) conflict() error {
	for _, v := range s.companions {
		if s.conflicts(v) {
			return &variableConflictError{v.name, v.before.Value, v.value}
		}
	}
	return nil
}

// settleVariables asks about the variables that have another value; off a terminal the first one ends it.
func (s *storing) settleVariables() error {
	if s.dryRun {
		return nil
	}
	if !s.CanAsk() {
		return s.conflict()
	}
	for _, v := range s.companions {
		if !s.conflicts(v) {
			continue
		}
		yes, err := s.Confirm(fmt.Sprintf("Replace the %s of %s, now %s, with %s?", s.variableNoun(v), s.label(), v.before.Value, v.value), false)
		if err != nil || !yes {
			return errors.Join(console.ErrCancelled, err)
		}
	}
	return nil
}

// variableNoun names a variable in a question: only another app's than Actions' is told from it.
func (s *storing) variableNoun(v *companion) string {
	if v.at.App == github.Actions {
		return "variable " + v.name
	}
	return v.at.String() + " variable " + v.name
}

// variablePlace is one variable as --json lists it.
type variablePlace struct {
	App github.App `json:"app"`
	variableResult
}

func (s *storing) variableResults() []variablePlace {
	results := make([]variablePlace, len(s.companions))
	for i, v := range s.companions {
		results[i] = variablePlace{v.at.App, variableResult{Name: v.name, Value: v.value, Status: "skipped"}}
	}
	return results
}

// hostResult is the variable that holds the host, the first one of several; nil when there is none.
func (s *storing) hostResult(results []variablePlace) *variableResult {
	for i := range results {
		if results[i].Name == s.variable {
			return &results[i].variableResult
		}
	}
	return nil
}

// writeVariables sets them all, and tells of each what became of it.
func (s *storing) writeVariables(ctx context.Context, results []variablePlace) (failed bool) {
	for i, v := range s.companions {
		err := s.writeVariable(ctx, v, &results[i].variableResult)
		s.complain(err)
		failed = failed || err != nil
	}
	return failed
}

func (s *storing) writeVariable(ctx context.Context, v *companion, r *variableResult) error {
	exists := v.before.Name != ""
	if v.stands() {
		s.tellUnchanged(v, r)
		return nil
	}
	sharing := v.wider
	if !exists {
		sharing = s.sharingOf(v)
	}
	if err := s.client.SetVariable(ctx, v.at, v.name, v.value, exists, sharing); err != nil {
		r.Status, r.Error = "failed", console.Safe(err.Error())
		return fmt.Errorf("the secret was stored, but the variable was not: %w", err)
	}
	r.Status = map[bool]string{true: "updated", false: "created"}[exists]
	s.tell("ok", "Set %s variable %s for %s", v.at, v.name, s.label())
	return nil
}

func (s *storing) tellUnchanged(v *companion, r *variableResult) {
	r.Status = "unchanged"
	s.tell("ok", "%s variable %s of %s is %s already", v.at, v.name, s.label(), v.before.Value)
}

func (s *storing) planVariable(v *companion, r *variableResult) {
	before := v.before
	r.Status = "planned"
	switch {
	case before.Name == "":
		s.tell("planned", "Would set %s variable %s for %s to %s", v.at, v.name, s.label(), v.value)
	case v.stands():
		s.tellUnchanged(v, r)
	case v.same(before.Value):
		s.tell("planned", "Would let %s see %s variable %s", describeSharing(s.org, v.wider), v.at, v.name)
	case s.force:
		s.tell("planned", "Would replace %s variable %s of %s, now %s, with %s", v.at, v.name, s.label(), before.Value, v.value)
	case s.CanAsk():
		s.tell("planned", "Would ask whether to replace %s variable %s of %s, now %s, with %s", v.at, v.name, s.label(), before.Value, v.value)
	default:
		r.Status, r.Error = "failed", console.Safe((&variableConflictError{v.name, before.Value, v.value}).Error())
	}
}
