package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cli/go-gh/v2/pkg/auth"
	"github.com/cli/go-gh/v2/pkg/repository"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/inspect"
	"github.com/gh-hex/gh-hex/extension/places"
	"github.com/gh-hex/gh-hex/extension/target"
	"github.com/gh-hex/gh-hex/extension/workflow"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

// place is where gh hex auth stores the token, and what becomes of it.
type place struct {
	at      github.Place
	key     github.PublicKey
	before  github.Entry // metadata of the secret that is there already
	sharing github.Sharing
	missing bool      // the environment does not exist yet
	same    bool      // by the record, the secret that was there held the same token
	set     time.Time // when GitHub stored it, by its own clock
	status  string
	err     error
}

// checkPlaces refuses places that GitHub does not have, before anything is asked of anybody.
func (o *authOptions) checkPlaces(given func(flag string) bool) error {
	others := slices.ContainsFunc(places.NamedApps(o.apps), func(a github.App) bool { return a != github.Actions })
	switch {
	case given("env") && o.env == "":
		return command.InvalidArgument("env", "", errors.New("a name is needed"))
	case given("org") && !github.IsOwner(o.org):
		return command.InvalidArgument("org", o.org, errors.New("the name of an organization is needed"))
	case o.org != "" && o.env != "":
		return errors.New("specify only one of `--org` or `--env`: an organization has no environments")
	case o.env != "" && others:
		return errors.New("`--env` goes with the app actions only: environments hold no other secrets")
	case o.org != "" && given("repo"):
		return errors.New("specify only one of `--org` or `--repo`; the repositories that see the secret are named with `--repos`")
	case o.createEnv && o.env == "":
		return errors.New("`--create-env` is only supported with `--env`")
	}
	return o.checkSharing(given)
}

// checkSharing follows gh secret set.
func (o *authOptions) checkSharing(given func(flag string) bool) error {
	switch {
	case o.org == "" && given("visibility"):
		return errors.New("`--visibility` is only supported with `--org`")
	case o.org == "" && given("repos"):
		return errors.New("`--repos` is only supported with `--org`")
	case given("visibility") && o.visibility != "selected" && len(o.repos) > 0:
		return errors.New("`--repos` is only supported with `--visibility=selected`")
	case o.visibility == "selected" && len(o.repos) == 0:
		return errors.New("`--repos` list required with `--visibility=selected`")
	}
	if len(o.repos) > 0 {
		o.visibility = "selected"
	}
	return nil
}

// locate finds out for what the token is stored, and builds the client for its host.
func (s *storing) locate(ctx context.Context, name string) error {
	tree, err := workspace.OpenTree(ctx, s.Process)
	if err != nil {
		return err
	}
	s.source = tree
	if s.org != "" {
		host, _ := auth.DefaultHost()
		s.target = target.Repository{Repository: repository.Repository{Host: host, Owner: s.org}}
	} else {
		s.target, err = target.Resolve(ctx, s.Process, name, tree)
		s.tree = treeOf(s.target, tree)
	}
	if err != nil {
		return err
	}
	s.client, err = github.NewClient(s.target.Host, workspace.GitHubOptions(s.authOptions.Process))
	return err
}

// label names what the token is stored for.
func (s *storing) label() string {
	switch {
	case s.org != "":
		return "the organization " + s.org
	case s.env != "":
		return fmt.Sprintf("%s (environment %s)", s.target, s.env)
	}
	return s.target.String()
}

// chosen are the places that the flags name.
func (s *storing) chosen() []github.Place {
	if s.env != "" {
		return []github.Place{github.InEnvironment(s.target.Owner, s.target.Name, s.env)}
	}
	apps := places.NamedApps(s.apps)
	if len(apps) == 0 {
		apps = []github.App{github.Actions}
	}
	chosen := make([]github.Place, len(apps))
	for i, app := range apps {
		chosen[i] = github.InRepository(app, s.target.Owner, s.target.Name)
		if s.org != "" {
			chosen[i] = github.InOrganization(app, s.org)
		}
	}
	return chosen
}

// vendorError means that the workflows use the secret's name for another vendor's key.
type vendorError struct {
	name string
	at   workflow.Place
}

func (e *vendorError) Error() string {
	return fmt.Sprintf("the workflows use the secret %s for hex.pm, the Elixir package registry (%s:%d): a Hex token would overwrite that key, so nothing was stored",
		e.name, e.at.File, e.at.Line)
}

func (*vendorError) Hint() string {
	return "Store the Hex token under another name with: --secret HEX_WORKSPACE_TOKEN, or replace that key with: --force"
}

// structuredError means that the secret is meant to hold something else than a bare token.
type structuredError struct {
	name, holding, fix string
}

func (e *structuredError) Error() string {
	return fmt.Sprintf("the secret %s has to be %s, not a bare token; nothing was stored", e.name, e.holding)
}

func (e *structuredError) Hint() string {
	return "Set it with: " + e.fix + ", or the bare token with: --force"
}

// settleStructured asks whether a bare token may stand where the workflows expect something else. Where nobody can be asked
// it may not.
func (s *storing) settleStructured(ctx context.Context) error {
	if s.force || s.org != "" {
		return nil
	}
	holding := s.workflows(ctx).Holding(s.secret)
	if holding == "" {
		return nil
	}
	if !s.CanAsk() || s.dryRun {
		return &structuredError{s.secret, holding, s.destination().Set("secret", s.secret)}
	}
	yes, err := s.Confirm(fmt.Sprintf("The secret %s of %s has to be %s. Store a bare token there anyway?", s.secret, s.target, holding), false)
	if err != nil || !yes {
		return errors.Join(console.ErrCancelled, err)
	}
	return nil
}

// refuseVendor keeps the key of another vendor from being overwritten.
func (s *storing) refuseVendor(ctx context.Context) error {
	if s.force || s.org != "" {
		return nil
	}
	if uses := s.workflows(ctx).Packages(s.secret); len(uses) > 0 {
		return &vendorError{s.secret, uses[0]}
	}
	return nil
}

// workflows are those of the work tree or, for another repository, those on GitHub. Some that cannot be read there are as
// good as none: nothing can be said of them.
func (s *storing) workflows(ctx context.Context) *workflow.Workflows {
	if s.known == nil {
		s.known = s.readWorkflows(ctx)
	}
	return s.known.Workflows
}

func (s *storing) readWorkflows(ctx context.Context) *inspect.Remote {
	if s.tree != nil {
		known := inspect.ReadHere(s.tree, workflow.ReadOptions{Ends: ctx, Secret: s.secret})
		return &known
	}
	known := inspect.ReadRemote(ctx, s.client, s.target.Owner, s.target.Name, s.secret)
	return &known
}

// propose asks which other places to fill, when the flags name none: those that the workflows need. Where nobody can be
// asked it says so.
func (s *storing) propose(ctx context.Context) ([]github.Place, error) {
	if s.tree == nil || len(s.apps) > 0 || s.env != "" || s.org != "" {
		return nil, nil
	}
	workflows := s.workflows(ctx)
	if len(workflows.HexSecrets()) == 0 {
		return nil, nil
	}
	inv, err := s.inventory(ctx)
	if err != nil {
		return nil, err
	}
	var chosen []github.Place
	for _, p := range workflows.Proposals(inspect.Kept{Inventory: inv}, s.secret, workflow.Context{Dependabot: inspect.HasDependabot(s.tree), Host: s.host.Name()}) {
		at := github.InRepository(github.App(p.App), s.target.Owner, s.target.Name)
		if p.Environment != "" {
			at = github.InEnvironment(s.target.Owner, s.target.Name, p.Environment)
		}
		yes, err := s.offer(p, inv)
		if err != nil {
			return nil, err
		}
		if yes {
			chosen = append(chosen, at)
		}
	}
	return chosen, nil
}

// inventory is what the workflows find on GitHub now.
func (s *storing) inventory(ctx context.Context) (github.Inventory, error) {
	if s.there != nil {
		return *s.there, nil
	}
	var inv github.Inventory
	err := s.Interruptible(ctx, "Looking at what the workflows need", func(ctx context.Context) (err error) {
		inv, err = s.client.Inventory(ctx, s.target.Owner, s.target.Name, s.workflows(ctx).Environments(nil))
		return err
	})
	if err == nil {
		s.there = &inv
	}
	return inv, err
}

// offer asks about one proposal. An environment is proposed by default only where it holds a secret of that name, which
// would hide the repository's new one.
func (s *storing) offer(p workflow.Proposal, inv github.Inventory) (bool, error) {
	command, question, likely := "--app actions,dependabot", "store it for Dependabot too?", true
	if p.Environment != "" {
		_, likely = inv.EnvironmentSecrets[strings.ToLower(p.Environment)].Find(s.secret)
		command, question = "--env "+core.ShellWord(p.Environment), "store it there too?"
		if _, exists := inv.Environments.Find(p.Environment); !exists && inv.Environments.Err == nil {
			question = "that environment does not exist yet; create it and store it there too?"
			command += " --create-env"
		}
	}
	if !s.CanAsk() || s.dryRun {
		s.Say("Note: %s (%s:%d). To store it there too: gh hex auth %s", p.Reason, p.File, p.Line, command)
		return false, nil
	}
	return s.Confirm(fmt.Sprintf("%s: %s", console.Capitalised(p.Reason), question), likely)
}

// inspectPlaces asks GitHub for the keys of all places, and for what is there already, all at once.
func (s *storing) inspectPlaces(ctx context.Context) {
	var wg sync.WaitGroup
	for _, p := range s.places {
		wg.Go(func() { s.inspect(ctx, p) })
	}
	wg.Wait()
}

func (s *storing) inspect(ctx context.Context, p *place) {
	if p.at.Level == github.LevelEnvironment {
		name, err := s.client.Environment(ctx, p.at.Owner, p.at.Repo, p.at.Environment)
		if errors.Is(err, github.ErrNotFound) {
			p.missing = true
			return
		}
		if err == nil { // else the key tells whether it is there
			p.at.Environment = name
		}
	}
	var beforeErr, sharingErr error
	var wg sync.WaitGroup
	wg.Go(func() { p.key, p.err = s.client.PublicKey(ctx, p.at) })
	wg.Go(func() {
		p.before, beforeErr = s.client.Secret(ctx, p.at, s.secret)
		if errors.Is(beforeErr, github.ErrNotFound) {
			beforeErr = nil
		}
		if beforeErr == nil {
			p.sharing, sharingErr = s.sharing(ctx, p)
		}
	})
	wg.Wait()
	p.err = github.ForWrite(firstError(p.err, beforeErr, sharingErr))
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// sharing says who is to see an organization's secret: whom the flags name, else those who see it now, else private
// repositories.
func (s *storing) sharing(ctx context.Context, p *place) (github.Sharing, error) {
	switch {
	case s.org == "":
		return github.Sharing{}, nil
	case s.visibility == "" && p.before.Name != "":
		return s.client.Sharing(ctx, p.at, p.before)
	case s.visibility == "":
		return github.Sharing{Visibility: "private"}, nil
	}
	return github.Sharing{Visibility: s.visibility, Repositories: s.selected}, nil
}

// selectRepositories turns the names of --repos into the numbers that GitHub wants.
func (s *storing) selectRepositories(ctx context.Context) error {
	ids, errs := make([]int64, len(s.repos)), make([]error, len(s.repos))
	var wg sync.WaitGroup
	for i, name := range s.repos {
		owner, short, named := strings.Cut(name, "/")
		if !named {
			owner, short = s.org, name
		}
		if !strings.EqualFold(owner, s.org) || short == "" || strings.Contains(short, "/") {
			return fmt.Errorf("%q is not a repository of %s", name, s.org)
		}
		wg.Go(func() {
			r, err := s.client.Repository(ctx, owner, short)
			ids[i], errs[i] = r.ID, err
		})
	}
	wg.Wait()
	s.selected = slices.Compact(slices.Sorted(slices.Values(ids)))
	return errors.Join(errs...)
}
