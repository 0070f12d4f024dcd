package places

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cli/go-gh/v2/pkg/auth"

	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/inspect"
	"github.com/gh-hex/gh-hex/extension/stored"
	"github.com/gh-hex/gh-hex/extension/workflow"
)

// PlaceResult is one place of a Hex secret, as --json shows it.
type PlaceResult struct {
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

// PlaceFields are the fields that --json knows of a place.
func PlaceFields() []string {
	return []string{"repository", "level", "name", "app", "secret", "updatedAt", "usedBy", "status", "error"}
}

// Place is somewhere a secret is, or may be: Err says why the place could not be listed.
type Place struct {
	At    github.Place
	Repo  github.Repository // zero for an organization's secret
	Entry github.Entry
	Err   error
	// UsedBy are the workflow files that read the secret; ReadErr says why they are not known.
	UsedBy  []string
	ReadErr error
	// Holding is what the workflows take the secret for that is no bare token; empty when nothing says so.
	Holding string
	// Packages is where a workflow uses the name for hex.pm; nil when none does.
	Packages *workflow.Place
	// Starts are the projects that steps run with the secret, where they are asked for; Refused says why the new token may
	// not run one of them.
	Starts  []workflow.Start
	Refused error
	// OtherHost is the host that the place's variable names, when it is not the one asked about; HostErr says why the
	// variable is not known.
	OtherHost string
	HostErr   error
	// Record is what was written down beside the secret; Replaced says that somebody set it since.
	Record   *stored.Entry
	Replaced bool

	Chosen bool
	Named  bool // and it was named, not only found
	Status string
	Reason string // of the status
}

// shortName is the place's own name: of the repository, the environment or the organization.
func (p *Place) shortName() string {
	switch p.At.Level {
	case github.LevelEnvironment:
		return p.At.Environment
	case github.LevelOrganization:
		return p.At.Owner
	}
	return p.At.Owner + "/" + p.At.Repo
}

// Result is the place as data.
func (p *Place) Result() PlaceResult {
	r := PlaceResult{
		Level: p.At.Level, Name: p.shortName(), App: p.At.App, Secret: p.Entry.Name,
		UsedBy: p.UsedBy, Status: p.Status, Error: console.Safe(p.Reason),
	}
	if p.Repo.Name != "" {
		r.Repository = p.Repo.FullName()
	}
	if !p.Entry.UpdatedAt.IsZero() {
		r.UpdatedAt = &p.Entry.UpdatedAt
	}
	if r.UsedBy == nil {
		r.UsedBy = []string{}
	}
	return r
}

// Search looks for secrets in the places of GitHub.
type Search struct {
	Client *github.Client
	Wanted string // the one that is looked for; empty for every name of a Hex token
	// Also are further names to take for a Hex token's; nil for none.
	Also func(name string) bool
	// Starts says that the projects are wanted that steps run with the secrets.
	Starts bool
	// Local returns the workflows of a repository that is checked out here; nil for another.
	Local func(context.Context, github.Repository) *inspect.Remote
	// Looked is told how many of the repositories listed so far were looked into.
	Looked func(n, of int64)
}

func (s *Search) wants(name string) bool {
	if s.Wanted != "" {
		return strings.EqualFold(name, s.Wanted)
	}
	return workflow.IsTokenName(name) || s.Also != nil && s.Also(name)
}

// take keeps of what a place holds the secrets that are looked for, or why it could not be listed.
func (s *Search) take(at github.Place, repo github.Repository, l github.Listing) []*Place {
	if l.Err != nil && s.absent(at, l.Err) {
		return nil
	}
	if l.Err != nil {
		return []*Place{{At: at, Repo: repo, Err: l.Err}}
	}
	var out []*Place
	for _, e := range l.Entries {
		if s.wants(e.Name) {
			out = append(out, &Place{At: at, Repo: repo, Entry: e})
		}
	}
	return out
}

// absent reports whether a server does not have such a place at all, rather than hides it.
func (s *Search) absent(at github.Place, err error) bool {
	hosted := at.App == github.Codespaces || at.App == github.Agents
	return hosted && errors.Is(err, github.ErrNotFound) && auth.IsEnterprise(s.Client.Host())
}

// Repository looks into a repository and its environments, all at once.
func (s *Search) Repository(ctx context.Context, repo github.Repository) []*Place {
	var inEnvironments []*Place
	var wg sync.WaitGroup
	wg.Go(func() { inEnvironments = s.environments(ctx, repo) })
	found := inEach(ctx, s, repo, allApps(), func(app github.App) github.Place { return github.InRepository(app, repo.Owner, repo.Name) })
	wg.Wait()
	return slices.Concat(found[0], inEnvironments, slices.Concat(found[1:]...))
}

// inEach looks into the place of each of several, all at once. repo is zero for those of an organization.
func inEach[T any](ctx context.Context, s *Search, repo github.Repository, several []T, place func(T) github.Place) [][]*Place {
	found := make([][]*Place, len(several))
	var wg sync.WaitGroup
	for i, of := range several {
		at := place(of)
		wg.Go(func() { found[i] = s.take(at, repo, s.Client.Secrets(ctx, at)) })
	}
	wg.Wait()
	return found
}

func (s *Search) environments(ctx context.Context, repo github.Repository) []*Place {
	list := s.Client.Environments(ctx, repo.Owner, repo.Name)
	if list.Err != nil {
		return []*Place{{At: github.InEnvironment(repo.Owner, repo.Name, "*"), Repo: repo, Err: list.Err}}
	}
	return slices.Concat(inEach(ctx, s, repo, list.Entries, func(e github.Entry) github.Place {
		return github.InEnvironment(repo.Owner, repo.Name, e.Name)
	})...)
}

// Organization looks into the organization's own secrets.
func (s *Search) Organization(ctx context.Context, org string) []*Place {
	return slices.Concat(inEach(ctx, s, github.Repository{}, allApps(), func(app github.App) github.Place {
		return github.InOrganization(app, org)
	})...)
}

// Reaching looks for the organization's secrets that a repository sees. What only an organization's administrator may
// list is left out where this login may not: hidden says so.
func (s *Search) Reaching(ctx context.Context, repo github.Repository) (found []*Place, hidden []github.App) {
	if !repo.Organization {
		return nil, nil
	}
	apps := allApps()
	lists := make([]github.Listing, len(apps))
	var wg sync.WaitGroup
	for i, app := range apps {
		wg.Go(func() {
			if app == github.Actions {
				lists[i] = s.Client.VisibleOrganization(ctx, repo.Owner, repo.Name, "secrets")
				return
			}
			lists[i] = s.Client.Secrets(ctx, github.InOrganization(app, repo.Owner))
		})
	}
	wg.Wait()
	for i, app := range apps {
		if app != github.Actions && (errors.Is(lists[i].Err, github.ErrForbidden) || errors.Is(lists[i].Err, github.ErrNotFound)) {
			hidden = append(hidden, app)
			continue
		}
		for _, p := range s.take(github.InOrganization(app, repo.Owner), github.Repository{}, lists[i]) {
			if app == github.Actions || s.reaches(ctx, p, repo) {
				found = append(found, p)
			}
		}
	}
	return found, hidden
}

// reaches reports whether a repository sees a secret from the organization's own listing. One of which that cannot be told
// is kept, as a place that is not known.
func (s *Search) reaches(ctx context.Context, p *Place, repo github.Repository) bool {
	switch {
	case p.Err != nil || p.Entry.Visibility == "all":
		return true
	case p.Entry.Visibility != "selected":
		return repo.Private
	}
	sharing, err := s.Client.Sharing(ctx, p.At, p.Entry)
	p.Err = err
	return err != nil || slices.Contains(sharing.Repositories, repo.ID)
}

// maxRepositoriesAtOnce bounds how many repositories are looked into at the same time; the client bounds the requests.
const maxRepositoriesAtOnce = 20

// EveryRepository looks into the repositories of an organization as their pages come in, and returns what was found in
// the order of the list.
func (s *Search) EveryRepository(ctx context.Context, org string, look func(context.Context, github.Repository) []*Place) ([]*Place, error) {
	var results []*[]*Place
	var done, listed atomic.Int64
	slots := make(chan struct{}, maxRepositoriesAtOnce)
	var wg sync.WaitGroup
	err := s.Client.OrganizationRepositories(ctx, org, func(repo github.Repository) error {
		found := new([]*Place)
		results = append(results, found)
		listed.Add(1)
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		wg.Go(func() {
			defer func() { <-slots }()
			*found = look(ctx, repo)
			s.Looked(done.Add(1), listed.Load())
		})
		return nil
	})
	wg.Wait()
	var all []*Place
	for _, r := range results {
		all = append(all, *r...)
	}
	return all, err
}

// Readers fills in which workflows of a repository read the places' secrets, and whether one is used for hex.pm.
func (s *Search) Readers(ctx context.Context, repo github.Repository, places []*Place) {
	if !slices.ContainsFunc(places, func(p *Place) bool { return p.Err == nil }) {
		return
	}
	s.Fill(s.Workflows(ctx, repo), places)
}

// Fill notes what the workflows of a repository do with the secrets of its places.
func (s *Search) Fill(known inspect.Remote, places []*Place) {
	uses := known.Workflows.HexSecrets()
	for _, p := range places {
		if p.Err != nil {
			continue
		}
		p.ReadErr = known.Err
		p.UsedBy = UsersOf(p, known.Workflows, uses)
		if s.Starts && p.At.App != github.Codespaces && p.At.App != github.Agents {
			p.Starts = known.Workflows.Starts(p.Entry.Name)
		}
		p.Holding = known.Workflows.Holding(p.Entry.Name)
		if at := known.Workflows.Packages(p.Entry.Name); len(at) > 0 {
			p.Packages = &at[0]
		}
	}
}

// Workflows are those of a repository: of the work tree when it is checked out here, else those on GitHub.
func (s *Search) Workflows(ctx context.Context, repo github.Repository) inspect.Remote {
	if s.Local != nil {
		if known := s.Local(ctx, repo); known != nil {
			return *known
		}
	}
	return inspect.ReadRemote(ctx, s.Client, repo.Owner, repo.Name, s.Wanted)
}

// UsersOf lists the workflow files that read the secret of a place: none reads those of Codespaces and agents.
func UsersOf(p *Place, w *workflow.Workflows, uses []workflow.Named) []string {
	switch {
	case p.At.App == github.Codespaces || p.At.App == github.Agents:
		return nil
	case p.At.App == github.Dependabot || p.At.Level == github.LevelEnvironment:
		return w.Readers(p.Entry.Name, string(p.At.App), p.At.Environment)
	}
	return readersOf(uses, p.Entry.Name)
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

// HiddenNote is empty when nothing is hidden.
func HiddenNote(client *github.Client, org string, apps []github.App) string {
	if len(apps) == 0 {
		return ""
	}
	names := make([]string, len(apps))
	for i, app := range apps {
		names[i] = github.Place{App: app}.String()
	}
	fix := (&github.Error{Host: client.Host(), Source: client.Source(), Scopes: []string{"admin:org"}}).ScopeHint()
	return fmt.Sprintf("Not listed: the %s secrets of the organization %s, which only its administrators see. If you are one: %s", strings.Join(names, ", "), org, strings.ToLower(fix[:1])+fix[1:])
}
