package inspect

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
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/workflow"
	"github.com/gh-hex/gh-hex/extension/workspace"
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

// Trials tries with dry runs, which start nothing, whether a token may run projects: each project once a command.
type Trials struct {
	hex    *core.Client
	host   core.Host
	github *github.Client
	Limit  time.Duration
	// Results are what the dry run of a project said, by its ID: a refusal only where Hex shows the project to the token.
	Results map[string]Trial
	values  map[string]trialValue
	seen    map[string]bool // the projects that were named so far
}

// Trial is what the dry run of a project said.
type Trial struct {
	Refused bool
	Doubt   string // why it cannot be told
	err     error  // that Hex rejects the token, which it accepted before
}

type trialValue struct {
	text string
	err  error
}

// NewTrials tries token on host; client finds the projects that workflows name by a variable.
func NewTrials(p *command.Process, host core.Host, token core.Token, client *github.Client) *Trials {
	return &Trials{
		hex: core.NewClient(host, token, workspace.ClientOptions(p)), host: host, github: client, Limit: cmp.Or(p.Patience, trialLimit),
		Results: map[string]Trial{}, values: map[string]trialValue{}, seen: map[string]bool{},
	}
}

// Started is a step, or --project, and the project that it starts.
type Started struct {
	workflow.Start
	Id    string
	doubt string // why the project is not known
}

// What names it in a sentence: "what job nightly runs (.github/workflows/hex.yml:12)".
func (s Started) What() string {
	project := "project " + s.Id
	if s.Id == "" {
		project = "what"
	}
	switch {
	case s.Place.File == "":
		return project + " of --project"
	case s.Id == "":
		return fmt.Sprintf("what job %s runs (%s:%d)", s.Job, s.Place.File, s.Place.Line)
	}
	return fmt.Sprintf("%s, which job %s runs (%s:%d)", project, s.Job, s.Place.File, s.Place.Line)
}

// Resolve finds the projects of what the workflows of a repository start.
func (t *Trials) Resolve(ctx context.Context, owner, repo string, starts []workflow.Start) []Started {
	ctx, cancel := context.WithTimeout(ctx, t.Limit)
	defer cancel()
	var out []Started
	for _, start := range starts {
		s := Started{Start: start}
		ref, doubt := t.refOf(ctx, owner, repo, start)
		if s.doubt = doubt; doubt == "" {
			s.Id, s.doubt = t.projectOf(ref)
		}
		if s.Id != "" {
			t.seen[s.Id] = true
		}
		if s.doubt != "" && start.Variable != "" && !strings.HasPrefix(start.Variable, workspace.ProjectName) {
			continue // it need not hold a project at all
		}
		out = append(out, s)
	}
	return out
}

// refOf is how a project is named, or why that cannot be told.
func (t *Trials) refOf(ctx context.Context, owner, repo string, start workflow.Start) (ref, doubt string) {
	switch {
	case start.Variable == "" && start.Ref == "":
		return "", "the project is decided at run time"
	case start.Variable == "":
		return start.Ref, ""
	case len(t.seen) >= maxTrials || len(t.values) >= maxLookUps:
		return "", errNotTried.Error()
	}
	v := t.value(ctx, owner, repo, start)
	switch {
	case v.err != nil:
		return "", v.err.Error()
	case v.text == "":
		return "", "the variable " + start.Variable + " is not set"
	}
	return v.text, ""
}

func (t *Trials) projectOf(ref string) (id, doubt string) {
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
func (t *Trials) value(ctx context.Context, owner, repo string, start workflow.Start) trialValue {
	places := []github.Place{github.InRepository(github.Actions, owner, repo)}
	if e := OnlyEnvironment(start); e != "" {
		places = append([]github.Place{github.InEnvironment(owner, repo, e)}, places...)
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

// OnlyEnvironment is the environment that a job runs in; empty when it has none, or may run in several.
func OnlyEnvironment(start workflow.Start) string {
	if start.AnyEnvironment || len(start.Environments) != 1 {
		return ""
	}
	return start.Environments[0]
}

// Try sends the dry runs that were not sent yet, as far as their number allows.
func (t *Trials) Try(ctx context.Context, all []Started) error {
	ctx, cancel := context.WithTimeout(ctx, t.Limit)
	defer cancel()
	var ids []string
	for _, s := range all {
		if _, known := t.Results[s.Id]; s.Id != "" && !known && !slices.Contains(ids, s.Id) && len(t.Results)+len(ids) < maxTrials {
			ids = append(ids, s.Id)
		}
	}
	results := make([]Trial, len(ids))
	var wg sync.WaitGroup
	for i, id := range ids {
		wg.Go(func() { results[i] = t.one(ctx, id) })
	}
	wg.Wait()
	for i, id := range ids {
		t.Results[id] = results[i]
		if results[i].err != nil {
			return results[i].err
		}
	}
	return nil
}

// one tries one project. A refusal counts only where Hex shows the project to the token: it answers the same for a project
// that the token may not know of.
func (t *Trials) one(ctx context.Context, id string) Trial {
	_, err := t.hex.RunProject(ctx, id, core.RunInput{DryRun: true})
	var answer *core.APIError
	switch {
	case err == nil, errors.Is(err, core.ErrInputs):
		return Trial{}
	case errors.Is(err, core.ErrUnauthorized):
		return Trial{err: err}
	case errors.Is(err, core.ErrNotFound):
		return Trial{Doubt: "Hex has no such project, or does not show it to the token"}
	case errors.As(err, &answer) && answer.Status == http.StatusUnprocessableEntity && !errors.Is(err, core.ErrUnpublished):
		return Trial{}
	case !errors.Is(err, core.ErrForbidden):
		return Trial{Doubt: err.Error()}
	}
	return Trial{Refused: true}
}

// Of is what became of one.
func (t *Trials) Of(s Started) Trial {
	if s.doubt != "" {
		return Trial{Doubt: s.doubt}
	}
	if r, tried := t.Results[s.Id]; tried {
		return r
	}
	return Trial{Doubt: errNotTried.Error()}
}

// RefusedRunError means that the token may not run what the workflows run with it.
type RefusedRunError struct {
	Places []string
	Kind   core.Kind
}

func (e *RefusedRunError) Error() string {
	lines := make([]string, len(e.Places))
	for i, place := range e.Places {
		lines[i] = "the token may not run " + place + ": Hex answers 403, although the token sees the project"
	}
	return strings.Join(lines, "\n")
}

func (e *RefusedRunError) Hint() string {
	return console.Capitalised(runScope(e.Kind)) + "; to go on anyway: --force"
}

// runScope is what to tick for a token that may not run projects. Only workspace tokens have scopes.
func runScope(kind core.Kind) string {
	const scope = `Projects: Run ("Run projects")`
	if kind == core.KindPersonal {
		return "ask an admin of the Hex workspace for the right to run the project, or use a workspace token with " + scope
	}
	return "tick " + scope + " for the token in Hex (Settings → API keys)"
}

// SayDoubts shows the first of them, and how many more there are.
func SayDoubts(p *command.Process, doubts []string) {
	for _, text := range doubts[:min(len(doubts), maxTrials)] {
		p.Say("%s %s", p.Yellow("!"), text)
	}
	if more := len(doubts) - maxTrials; more > 0 {
		p.Say("%s The same of %d more", p.Yellow("!"), more)
	}
}

// InEnvironment reports whether the job of a start runs in the environment of that name.
func InEnvironment(start workflow.Start, name string) bool {
	return slices.ContainsFunc(start.Environments, func(e string) bool { return strings.EqualFold(e, name) })
}
