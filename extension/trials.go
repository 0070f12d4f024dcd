package extension

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/workflow"
)

const (
	// maxTrials bounds the dry runs of one command: Hex allows 20 starts a minute.
	maxTrials = 5
	// maxLookUps bounds the variables that are asked for to find out what to try.
	maxLookUps = 20
	// trialLimit is how long all of them may take together.
	trialLimit = 15 * time.Second
)

var errNotTried = fmt.Errorf("not tried: only the first %d projects are", maxTrials)

// trials tries with dry runs, which start nothing, whether a token may run projects: each project once a command.
type trials struct {
	hex    *core.Client
	host   core.Host
	github *github.Client
	limit  time.Duration
	// results are what the dry run of a project said, by its ID: a refusal only where Hex shows the project to the token.
	results map[string]trial
	values  map[string]trialValue
	seen    map[string]bool // the projects that were named so far
}

type trial struct {
	refused bool
	doubt   string // why it cannot be told
}

type trialValue struct {
	text string
	err  error
}

func (p *process) newTrials(host core.Host, token core.Token, client *github.Client) *trials {
	return &trials{
		hex: core.NewClient(host, token, p.clientOptions()), host: host, github: client, limit: cmp.Or(p.patience, trialLimit),
		results: map[string]trial{}, values: map[string]trialValue{}, seen: map[string]bool{},
	}
}

// started is a step, or --project, and the project that it starts.
type started struct {
	workflow.Start
	id    string
	doubt string // why the project is not known
}

// what names it in a sentence: "what job nightly runs (.github/workflows/hex.yml:12)".
func (s started) what() string {
	project := "project " + s.id
	if s.id == "" {
		project = "what"
	}
	switch {
	case s.Place.File == "":
		return project + " of --project"
	case s.id == "":
		return fmt.Sprintf("what job %s runs (%s:%d)", s.Job, s.Place.File, s.Place.Line)
	}
	return fmt.Sprintf("%s, which job %s runs (%s:%d)", project, s.Job, s.Place.File, s.Place.Line)
}

// resolve finds the projects of what the workflows of a repository start.
func (t *trials) resolve(ctx context.Context, owner, repo string, starts []workflow.Start) []started {
	ctx, cancel := context.WithTimeout(ctx, t.limit)
	defer cancel()
	var out []started
	for _, start := range starts {
		s := started{Start: start}
		ref := start.Ref
		switch {
		case start.Variable != "" && (len(t.seen) >= maxTrials || len(t.values) >= maxLookUps):
			s.doubt = errNotTried.Error()
		case start.Variable != "":
			v := t.value(ctx, owner, repo, start)
			ref = v.text
			if v.err != nil {
				s.doubt = v.err.Error()
			} else if ref == "" {
				s.doubt = "the variable " + start.Variable + " is not set"
			}
		case ref == "":
			s.doubt = "the project is decided at run time"
		}
		if s.doubt == "" {
			s.id, s.doubt = t.projectOf(ref)
		}
		if s.id != "" {
			t.seen[s.id] = true
		}
		if s.doubt != "" && start.Variable != "" && !strings.HasPrefix(start.Variable, projectName) {
			continue // it need not hold a project at all
		}
		out = append(out, s)
	}
	return out
}

func (t *trials) projectOf(ref string) (id, doubt string) {
	id, host, err := core.ParseProjectRef(ref)
	switch {
	case err != nil:
		return "", err.Error()
	case !host.IsZero() && host != t.host:
		return "", "its URL is on " + host.Name()
	}
	return id, ""
}

// value asks GitHub for a variable where the job sees it: in its environment, the repository, the organization.
func (t *trials) value(ctx context.Context, owner, repo string, start workflow.Start) trialValue {
	places := []github.Store{{App: github.Actions, Level: github.LevelRepository, Owner: owner, Repo: repo}}
	if e := onlyEnvironment(start); e != "" {
		places = append([]github.Store{{App: github.Actions, Level: github.LevelEnvironment, Owner: owner, Repo: repo, Environment: e}}, places...)
	}
	key := fmt.Sprint(places, start.Variable)
	if v, known := t.values[key]; known {
		return v
	}
	v := trialValue{}
	for _, place := range places {
		e, err := t.github.Variable(ctx, place, start.Variable)
		if errors.Is(err, github.ErrNotFound) {
			continue
		}
		v = trialValue{e.Value, err}
		break
	}
	if v == (trialValue{}) {
		l := t.github.VisibleOrganization(ctx, owner, repo, "variables")
		e, _ := l.Find(start.Variable)
		v = trialValue{e.Value, l.Err}
		if errors.Is(l.Err, github.ErrNotFound) {
			v.err = nil // a user's repository has none
		}
	}
	t.values[key] = v
	return v
}

// onlyEnvironment is the environment that a job runs in; empty when it has none, or may run in several.
func onlyEnvironment(start workflow.Start) string {
	if start.AnyEnvironment || len(start.Environments) != 1 {
		return ""
	}
	return start.Environments[0]
}

// try sends the dry runs that were not sent yet, as far as their number allows.
func (t *trials) try(ctx context.Context, all []started) {
	ctx, cancel := context.WithTimeout(ctx, t.limit)
	defer cancel()
	var ids []string
	for _, s := range all {
		if _, known := t.results[s.id]; s.id != "" && !known && !slices.Contains(ids, s.id) && len(t.results)+len(ids) < maxTrials {
			ids = append(ids, s.id)
		}
	}
	results := make([]trial, len(ids))
	var wg sync.WaitGroup
	for i, id := range ids {
		wg.Go(func() { results[i] = t.one(ctx, id) })
	}
	wg.Wait()
	for i, id := range ids {
		t.results[id] = results[i]
	}
}

// one tries one project. A refusal counts only where Hex shows the project to the token: it answers the same for a project
// that the token may not know of.
func (t *trials) one(ctx context.Context, id string) trial {
	_, err := t.hex.RunProject(ctx, id, core.RunInput{DryRun: true})
	var answer *core.APIError
	switch {
	case err == nil, errors.Is(err, core.ErrInputs):
		return trial{}
	case errors.As(err, &answer) && answer.Status == http.StatusUnprocessableEntity && !errors.Is(err, core.ErrUnpublished):
		return trial{}
	case errors.Is(err, core.ErrNotFound):
		return trial{doubt: "Hex has no such project, or does not show it to the token"}
	case !errors.Is(err, core.ErrForbidden):
		return trial{doubt: err.Error()}
	}
	if _, shown := t.hex.Project(ctx, id); shown != nil {
		return trial{doubt: "Hex refuses it (403), and does not show the project to the token either"}
	}
	return trial{refused: true}
}

// of is what became of one.
func (t *trials) of(s started) trial {
	if s.doubt != "" {
		return trial{doubt: s.doubt}
	}
	if r, tried := t.results[s.id]; tried {
		return r
	}
	return trial{doubt: errNotTried.Error()}
}

// refusedRunError means that the token may not run what the workflows run with it.
type refusedRunError struct {
	places []string
	kind   core.Kind
}

func (e *refusedRunError) Error() string {
	lines := make([]string, len(e.places))
	for i, place := range e.places {
		lines[i] = "the token may not run " + place + ": Hex answers 403, although the token sees the project"
	}
	return strings.Join(lines, "\n")
}

func (e *refusedRunError) Hint() string {
	return capitalised(runScope(e.kind)) + "; to go on all the same: --force"
}

// runScope is what to tick for a token that may not run projects. Only workspace tokens have scopes.
func runScope(kind core.Kind) string {
	const scope = `Projects: Run ("Run projects")`
	if kind == core.KindPersonal {
		return "ask an admin of the Hex workspace for the right to run the project, or use a workspace token with " + scope
	}
	return "tick " + scope + " for the token in Hex (Settings → API keys)"
}

// tryProjects has the token try what the workflows run with it, before anything is stored.
func (s *storing) tryProjects(ctx context.Context) error {
	all, err := s.starts(ctx)
	if err != nil || len(all) == 0 {
		return err
	}
	results := make([]trial, len(all))
	err = s.interruptible(ctx, "Trying the projects, without starting them", func(ctx context.Context) error {
		s.trials.try(ctx, all)
		bounded, cancel := context.WithTimeout(ctx, s.trials.limit)
		defer cancel()
		for i, one := range all {
			if results[i] = s.trials.of(one); results[i].refused {
				results[i] = s.elsewhere(bounded, one)
			}
		}
		return cancelled(ctx)
	})
	if err != nil {
		return err
	}
	return s.judgeTrials(all, results)
}

// judgeTrials refuses to store what would fail, and says what cannot be told.
func (s *storing) judgeTrials(all []started, results []trial) error {
	refused := &refusedRunError{kind: s.owner.Kind}
	var doubts []string
	for i, one := range all {
		switch {
		case results[i].refused && s.force:
			s.say("%s The token may not run %s (403); stored all the same, with --force", s.yellow("!"), one.what())
		case results[i].refused:
			refused.places = append(refused.places, one.what())
		case results[i].doubt != "":
			doubts = append(doubts, fmt.Sprintf("Cannot tell whether the token may run %s: %s", one.what(), results[i].doubt))
		}
	}
	s.sayDoubts(doubts)
	if len(refused.places) == 0 {
		return nil
	}
	return fmt.Errorf("%w\nnothing was stored", refused)
}

// sayDoubts shows the first of them, and how many more there are.
func (p *process) sayDoubts(doubts []string) {
	for _, text := range doubts[:min(len(doubts), maxTrials)] {
		p.say("%s %s", p.yellow("!"), text)
	}
	if more := len(doubts) - maxTrials; more > 0 {
		p.say("%s The same of %d more", p.yellow("!"), more)
	}
}

// starts is what the stored secret will be used to run: --project alone, or what the steps do that read it.
func (s *storing) starts(ctx context.Context) ([]started, error) {
	if s.runs != "" {
		return []started{{id: s.runs}}, nil
	}
	read := slices.ContainsFunc(s.chosen(), func(store github.Store) bool {
		return store.App == github.Actions || store.App == github.Dependabot // no workflow reads the others
	})
	if s.org != "" || !read {
		return nil, nil
	}
	starts := s.workflows(ctx).Starts(s.secret)
	if s.known.err != nil {
		s.say("%s Cannot tell whether the token may run what the workflows run: %v", s.yellow("!"), s.known.err)
	}
	if s.env != "" {
		starts = slices.DeleteFunc(starts, func(x workflow.Start) bool { return !x.AnyEnvironment && !inEnvironment(x, s.env) })
	}
	if len(starts) == 0 {
		return nil, nil
	}
	var all []started
	err := s.interruptible(ctx, "Asking GitHub which projects the workflows run", func(ctx context.Context) error {
		all = s.trials.resolve(ctx, s.place.Owner, s.place.Name, starts)
		return cancelled(ctx)
	})
	return all, err
}

func inEnvironment(start workflow.Start, name string) bool {
	return slices.ContainsFunc(start.Environments, func(e string) bool { return strings.EqualFold(e, name) })
}

// elsewhere tells what a refusal means for a job that may read the secret of an environment instead.
func (s *storing) elsewhere(ctx context.Context, one started) trial {
	if one.Place.File == "" {
		return trial{refused: true}
	}
	if s.env != "" && onlyEnvironment(one.Start) == "" || s.env == "" && one.AnyEnvironment {
		return trial{doubt: "Hex refuses it (403), but in which environment the job runs is decided at run time"}
	}
	if s.env != "" {
		return trial{refused: true}
	}
	for _, name := range one.Environments {
		if name == "" {
			return trial{refused: true}
		}
		store := github.Store{App: github.Actions, Level: github.LevelEnvironment, Owner: s.place.Owner, Repo: s.place.Name, Environment: name}
		_, err := s.client.Secret(ctx, store, s.secret)
		switch {
		case errors.Is(err, github.ErrNotFound):
			return trial{refused: true}
		case err != nil:
			return trial{doubt: "Hex refuses it (403), but the job may read another secret: " + err.Error()}
		}
	}
	return trial{} // the environment has its own
}
