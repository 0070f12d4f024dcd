package extension

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cli/go-gh/v2/pkg/auth"

	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/workflow"
)

// placeResult is one place of a Hex secret, as --json shows it.
type placeResult struct {
	Repository string       `json:"repository"`
	Level      github.Level `json:"level"`
	Name       string       `json:"name"`
	App        github.App   `json:"app"`
	Secret     string       `json:"secret"`
	UpdatedAt  *time.Time   `json:"updatedAt"`
	UsedBy     []string     `json:"usedBy"`
	Status     string       `json:"status"`
	Error      string       `json:"error"`
}

func placeFields() []string {
	return []string{"repository", "level", "name", "app", "secret", "updatedAt", "usedBy", "status", "error"}
}

// spot is somewhere a secret is, or may be: err says why the place could not be listed.
type spot struct {
	store github.Store
	repo  github.Repository // zero for an organization's secret
	entry github.Entry
	err   error
	// usedBy are the workflow files that read the secret; readErr says why they are not known.
	usedBy  []string
	readErr error
	// packages is where a workflow uses the name for hex.pm; nil when none does.
	packages *workflow.Place
	// starts are the projects that steps run with the secret, where they are asked for; refused says why the new token may
	// not run one of them.
	starts  []workflow.Start
	refused error
	// otherHost is the host that the place's variable names, when it is not the one asked about; hostErr says why the
	// variable is not known.
	otherHost string
	hostErr   error

	chosen bool
	named  bool // and it was named, not only found
	status string
	reason string // of the status
}

// shortName is the place's own name: of the repository, the environment or the organization.
func (p *spot) shortName() string {
	switch p.store.Level {
	case github.LevelEnvironment:
		return p.store.Environment
	case github.LevelOrganization:
		return p.store.Owner
	}
	return p.store.Owner + "/" + p.store.Repo
}

func (p *spot) result() placeResult {
	r := placeResult{
		Level: p.store.Level, Name: p.shortName(), App: p.store.App, Secret: p.entry.Name,
		UsedBy: p.usedBy, Status: p.status, Error: safe(p.reason),
	}
	if p.repo.Name != "" {
		r.Repository = p.repo.FullName()
	}
	if !p.entry.UpdatedAt.IsZero() {
		r.UpdatedAt = &p.entry.UpdatedAt
	}
	if r.UsedBy == nil {
		r.UsedBy = []string{}
	}
	return r
}

// search looks for secrets in the places of GitHub.
type search struct {
	client *github.Client
	wanted string // the one that is looked for; empty for every name of a Hex token
	// also are further names to take for a Hex token's; nil for none.
	also func(name string) bool
	// starts says that the projects are wanted that steps run with the secrets.
	starts bool
	// local returns the workflows of a repository that is checked out here; nil for another.
	local func(github.Repository) *remote
}

func (s *search) wants(name string) bool {
	if s.wanted != "" {
		return strings.EqualFold(name, s.wanted)
	}
	return workflow.IsTokenName(name) || s.also != nil && s.also(name)
}

// take turns what a store holds into places, one of them when it could not be listed.
func (s *search) take(store github.Store, repo github.Repository, l github.Listing) []*spot {
	if l.Err != nil && s.absent(store, l.Err) {
		return nil
	}
	if l.Err != nil {
		return []*spot{{store: store, repo: repo, err: l.Err}}
	}
	var out []*spot
	for _, e := range l.Entries {
		if s.wants(e.Name) {
			out = append(out, &spot{store: store, repo: repo, entry: e})
		}
	}
	return out
}

// absent tells that a server does not have such a store at all, rather than hides it.
func (s *search) absent(store github.Store, err error) bool {
	hosted := store.App == github.Codespaces || store.App == github.Agents
	return hosted && errors.Is(err, github.ErrNotFound) && auth.IsEnterprise(s.client.Host())
}

// repository looks into a repository and its environments, all at once.
func (s *search) repository(ctx context.Context, repo github.Repository) []*spot {
	apps := allApps()
	found := make([][]*spot, len(apps))
	var inEnvironments []*spot
	var wg sync.WaitGroup
	for i, app := range apps {
		store := github.Store{App: app, Level: github.LevelRepository, Owner: repo.Owner, Repo: repo.Name}
		wg.Go(func() { found[i] = s.take(store, repo, s.client.Secrets(ctx, store)) })
	}
	wg.Go(func() { inEnvironments = s.environments(ctx, repo) })
	wg.Wait()
	return slices.Concat(found[0], inEnvironments, slices.Concat(found[1:]...))
}

func (s *search) environments(ctx context.Context, repo github.Repository) []*spot {
	store := github.Store{App: github.Actions, Level: github.LevelEnvironment, Owner: repo.Owner, Repo: repo.Name}
	list := s.client.Environments(ctx, repo.Owner, repo.Name)
	if list.Err != nil {
		store.Environment = "*"
		return []*spot{{store: store, repo: repo, err: list.Err}}
	}
	found := make([][]*spot, len(list.Entries))
	var wg sync.WaitGroup
	for i, e := range list.Entries {
		store := store
		store.Environment = e.Name
		wg.Go(func() { found[i] = s.take(store, repo, s.client.Secrets(ctx, store)) })
	}
	wg.Wait()
	return slices.Concat(found...)
}

// organization looks into the organization's own secrets.
func (s *search) organization(ctx context.Context, org string) []*spot {
	apps := allApps()
	found := make([][]*spot, len(apps))
	var wg sync.WaitGroup
	for i, app := range apps {
		store := github.Store{App: app, Level: github.LevelOrganization, Owner: org}
		wg.Go(func() { found[i] = s.take(store, github.Repository{}, s.client.Secrets(ctx, store)) })
	}
	wg.Wait()
	return slices.Concat(found...)
}

// reaching looks for the organization's secrets that a repository sees. What only an organization's administrator may
// list is left out where this login may not: hidden says so.
func (s *search) reaching(ctx context.Context, repo github.Repository) (found []*spot, hidden []github.App) {
	if !repo.Organization {
		return nil, nil
	}
	apps := allApps()
	lists := make([]github.Listing, len(apps))
	var wg sync.WaitGroup
	for i, app := range apps {
		wg.Go(func() {
			if app == github.Actions {
				lists[i] = s.client.VisibleOrganization(ctx, repo.Owner, repo.Name, "secrets")
				return
			}
			lists[i] = s.client.Secrets(ctx, github.Store{App: app, Level: github.LevelOrganization, Owner: repo.Owner})
		})
	}
	wg.Wait()
	for i, app := range apps {
		if app != github.Actions && (errors.Is(lists[i].Err, github.ErrForbidden) || errors.Is(lists[i].Err, github.ErrNotFound)) {
			hidden = append(hidden, app)
			continue
		}
		for _, p := range s.take(github.Store{App: app, Level: github.LevelOrganization, Owner: repo.Owner}, github.Repository{}, lists[i]) {
			if app == github.Actions || s.reaches(ctx, p, repo) {
				found = append(found, p)
			}
		}
	}
	return found, hidden
}

// reaches tells whether a repository sees a secret from the organization's own listing. One of which that cannot be told
// is kept, as a place that is not known.
func (s *search) reaches(ctx context.Context, p *spot, repo github.Repository) bool {
	switch {
	case p.err != nil || p.entry.Visibility == "all":
		return true
	case p.entry.Visibility != "selected":
		return repo.Private
	}
	sharing, err := s.client.Sharing(ctx, p.store, p.entry)
	p.err = err
	return err != nil || slices.Contains(sharing.Repositories, repo.ID)
}

// maxRepositoriesAtOnce bounds how many repositories are looked into at the same time; the client bounds the requests.
const maxRepositoriesAtOnce = 20

// everyRepository looks into the repositories of an organization as their pages come in, and returns what was found in
// the order of the list.
func (s *search) everyRepository(ctx context.Context, org string, look func(context.Context, github.Repository) []*spot) ([]*spot, error) {
	var results []*[]*spot
	slots := make(chan struct{}, maxRepositoriesAtOnce)
	var wg sync.WaitGroup
	err := s.client.OrganizationRepositories(ctx, org, func(repo github.Repository) error {
		found := new([]*spot)
		results = append(results, found)
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		wg.Go(func() {
			defer func() { <-slots }()
			*found = look(ctx, repo)
		})
		return nil
	})
	wg.Wait()
	var all []*spot
	for _, r := range results {
		all = append(all, *r...)
	}
	return all, err
}

// readers fills in which workflows of a repository read the places' secrets, and whether one is used for hex.pm.
func (s *search) readers(ctx context.Context, repo github.Repository, places []*spot) {
	if !slices.ContainsFunc(places, func(p *spot) bool { return p.err == nil }) {
		return
	}
	s.fill(s.workflows(ctx, repo), places)
}

func (s *search) fill(known remote, places []*spot) {
	uses := known.workflows.HexSecrets()
	for _, p := range places {
		if p.err != nil {
			continue
		}
		p.readErr = known.err
		p.usedBy = usersOf(p, known.workflows, uses)
		if s.starts && p.store.App != github.Codespaces && p.store.App != github.Agents {
			p.starts = known.workflows.Starts(p.entry.Name)
		}
		if at := known.workflows.Packages(p.entry.Name); len(at) > 0 {
			p.packages = &at[0]
		}
	}
}

func (s *search) workflows(ctx context.Context, repo github.Repository) remote {
	if s.local != nil {
		if known := s.local(repo); known != nil {
			return *known
		}
	}
	return remoteWorkflows(ctx, s.client, repo.Owner, repo.Name, s.wanted)
}

// usersOf lists the workflow files that read the secret of a place: none reads those of Codespaces and agents.
func usersOf(p *spot, w *workflow.Workflows, uses []workflow.Named) []string {
	switch {
	case p.store.App == github.Codespaces || p.store.App == github.Agents:
		return nil
	case p.store.App == github.Dependabot || p.store.Level == github.LevelEnvironment:
		return w.Readers(p.entry.Name, string(p.store.App), p.store.Environment)
	}
	return readersOf(uses, p.entry.Name)
}

// readersOf lists the workflow files that read a secret, wherever it comes from.
func readersOf(uses []workflow.Named, secret string) []string {
	files := []string{}
	for _, n := range uses {
		if !strings.EqualFold(n.Name, secret) {
			continue
		}
		for _, p := range n.Places {
			if !slices.Contains(files, p.File) {
				files = append(files, p.File)
			}
		}
	}
	return files
}

// hiddenNote is empty when nothing is hidden.
func hiddenNote(client *github.Client, org string, apps []github.App) string {
	if len(apps) == 0 {
		return ""
	}
	names := make([]string, len(apps))
	for i, app := range apps {
		names[i] = github.Store{App: app}.String()
	}
	fix := (&github.Error{Host: client.Host(), Source: client.Source(), Scopes: []string{"admin:org"}}).ScopeHint()
	return fmt.Sprintf("Not listed: the %s secrets of the organization %s, which only its administrators see. If you are one: %s", strings.Join(names, ", "), org, strings.ToLower(fix[:1])+fix[1:])
}
