package extension

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/scaffold"
	"github.com/gh-hex/gh-hex/core/worktree"
	"github.com/gh-hex/gh-hex/extension/github"
)

// storing is the second half of gh hex auth: Hex has accepted the token, and it goes to GitHub and into files.
type storing struct {
	*authOptions
	client *github.Client
	place  target
	tree   *worktree.Tree
	host   core.Host
	token  core.Token
	owner  core.Identity

	store    github.Store
	key      github.PublicKey
	before   github.Entry // metadata of the secret that is there already
	existing github.Entry // the variable that is there already
	keep     string       // where to keep a copy on this machine
	files    []scaffold.Change
}

// errNoPush means that the login can read the repository but not set its secrets.
var errNoPush = errors.New("permission to push is missing")

// prepare asks and decides everything that can be known before the first write.
func (s *storing) prepare(ctx context.Context, source tokenSource) error {
	if err := s.ask(ctx); err != nil {
		return err
	}
	if source == fromEnvironment && s.canAsk() && !s.dryRun {
		yes, err := s.confirm(fmt.Sprintf("Store the token in the environment variable %s (%s) for %s?", tokenName, s.owner.Describe(), s.place), true)
		if err != nil || !yes {
			return errors.Join(errCancelled, err)
		}
	}
	if err := s.settleVariable(); err != nil {
		return err
	}
	if err := s.settleCopy(ctx, source); err != nil {
		return err
	}
	return s.planFiles(ctx)
}

// ask reads everything of GitHub at once: the repository, the key, and what is there already.
func (s *storing) ask(ctx context.Context) error {
	s.store = github.Store{App: github.Actions, Level: github.LevelRepository, Owner: s.place.Owner, Repo: s.place.Name}
	var repo github.Repository
	var repoErr, keyErr, beforeErr, variableErr error
	var wg sync.WaitGroup
	wg.Go(func() { repo, repoErr = s.client.Repository(ctx, s.place.Owner, s.place.Name) })
	wg.Go(func() { s.key, keyErr = s.client.PublicKey(ctx, s.store) })
	wg.Go(func() { s.before, beforeErr = s.client.Secret(ctx, s.store, s.secret) })
	if s.variable != "" {
		wg.Go(func() { s.existing, variableErr = s.client.Variable(ctx, s.store, s.variable) })
	}
	wg.Wait()
	if repoErr != nil {
		return repoErr
	}
	// A renamed repository answers under its present name: that is the one to write to, and to name.
	s.place.Owner, s.place.Name = repo.Owner, repo.Name
	s.store.Owner, s.store.Repo = repo.Owner, repo.Name
	if !repo.CanPush {
		return fmt.Errorf("this login cannot set secrets of %s: %w", s.place, errNoPush)
	}
	if keyErr != nil {
		return keyErr
	}
	if beforeErr != nil && !errors.Is(beforeErr, github.ErrNotFound) {
		return beforeErr
	}
	if variableErr != nil && !errors.Is(variableErr, github.ErrNotFound) {
		return fmt.Errorf("%w\nTo store the secret alone, add: --variable \"\"", variableErr)
	}
	return nil
}

// variableConflictError means that the variable has another value, which is not replaced silently.
type variableConflictError struct{ name, value, wanted string }

func (e *variableConflictError) Error() string {
	return fmt.Sprintf("the variable %s has another value (%s, not %s); nothing was stored", e.name, e.value, e.wanted)
}

func (s *storing) settleVariable() error {
	if s.variable == "" || s.existing.Name == "" || s.sameHost() || s.force {
		return nil
	}
	conflict := &variableConflictError{s.variable, s.existing.Value, s.host.String()}
	if !s.canAsk() {
		return conflict
	}
	yes, err := s.confirm(fmt.Sprintf("Replace the variable %s of %s, now %s, with %s?", s.variable, s.place, s.existing.Value, s.host), false)
	if err != nil || !yes {
		return errors.Join(errCancelled, err)
	}
	return nil
}

// sameHost tells whether the variable names the host already, in whichever form.
func (s *storing) sameHost() bool {
	named, err := core.ParseHost(s.existing.Value)
	return err == nil && named == s.host
}

// settleCopy decides where a copy for gh hex verify is kept. It is asked only after a prompt: who pipes a token in keeps
// it elsewhere.
func (s *storing) settleCopy(ctx context.Context, source tokenSource) error {
	s.keep = s.local
	if s.keep != "" || source != fromPrompt || s.tree == nil || s.dryRun {
		return nil
	}
	if tracked, err := s.tree.Tracked(ctx, ".env"); err != nil || len(tracked) > 0 {
		return err
	}
	yes, err := s.confirm("Keep a copy in .env for gh hex verify on this machine?", false)
	if yes {
		s.keep = "dotenv"
	}
	return err
}

func (s *storing) planFiles(ctx context.Context) error {
	if s.tree == nil {
		if s.keep == "dotenv" {
			return fmt.Errorf("--local dotenv needs the work tree of %s", s.place)
		}
		return nil
	}
	git := s.tree.Git(ctx)
	if !s.noScaffold {
		planned, err := scaffold.Plan(s.tree.Root(), git, scaffold.Options{Host: scaffoldHost(s.host)})
		if err != nil {
			return fmt.Errorf("nothing was stored: %w", err)
		}
		s.files = planned
	}
	if s.keep != "dotenv" {
		return nil
	}
	copied, err := scaffold.PlanDotenv(s.tree.Root(), git, s.files, s.token.Reveal, s.host.String())
	if err != nil {
		return fmt.Errorf("nothing was stored: %w", err)
	}
	s.files = append(s.files, copied)
	return nil
}

// carryOut writes: the secret, the variable, the files. A write that has begun is finished even when the user interrupts.
func (s *storing) carryOut(ctx context.Context) error {
	if s.dryRun {
		return s.finish(s.planned())
	}
	writing := context.WithoutCancel(ctx)
	r := s.result()
	created, err := s.client.PutSecret(writing, s.store, s.key, s.secret, s.token.Reveal(), s.before, github.SecretOptions{})
	if err != nil {
		return fmt.Errorf("%w\nNo file was changed", err)
	}
	r.Stores[0].Status = "updated"
	if created {
		r.Stores[0].Status = "created"
	}
	s.tell("ok", "Set %s secret %s for %s", s.store, s.secret, s.place)
	variableErr := s.writeVariable(writing, r.Variable)
	filesErr := s.writeFiles(&r)
	if err := errors.Join(variableErr, filesErr); err != nil {
		return errors.Join(s.finish(r), err)
	}
	return s.finish(r)
}

func (s *storing) writeVariable(ctx context.Context, r *variableResult) error {
	if s.variable == "" {
		return nil
	}
	if s.existing.Name != "" && s.sameHost() {
		r.Status = "unchanged"
		s.tell("ok", "Actions variable %s of %s is %s already", s.variable, s.place, s.existing.Value)
		return nil
	}
	exists := s.existing.Name != ""
	if err := s.client.SetVariable(ctx, s.store, s.variable, s.host.String(), exists, github.SecretOptions{}); err != nil {
		r.Status, r.Error = "failed", core.Printable(err.Error())
		return fmt.Errorf("the secret was stored, the variable was not: %w", err)
	}
	r.Status = map[bool]string{true: "updated", false: "created"}[exists]
	s.tell("ok", "Set Actions variable %s for %s", s.variable, s.place)
	return nil
}

func (s *storing) writeFiles(r *authResult) error {
	if s.tree == nil {
		return nil
	}
	if err := scaffold.Apply(s.tree.Root(), s.files); err != nil {
		return fmt.Errorf("the secret was stored, the files were not written: %w", err)
	}
	for _, c := range s.files {
		r.Files = append(r.Files, fileResult{c.Path, c.Action})
		s.tell("ok", "%s: %s", c.Path, describe(c))
	}
	return nil
}

func (s *storing) result() authResult {
	r := authResult{
		Secret: s.secret, Repository: s.place.String(), Host: s.host.String(),
		Token:  tokenResult{Kind: s.owner.Kind, Owner: s.owner.Owner()},
		Stores: []storeResult{{App: s.store.App, Level: s.store.Level, Name: s.place.String()}},
		Files:  []fileResult{},
	}
	if s.owner.HasExpiry {
		at := s.owner.ExpiresAt.Format("2006-01-02T15:04:05Z07:00")
		r.Token.ExpiresAt = &at
	}
	if s.variable != "" {
		r.Variable = &variableResult{Name: s.variable, Value: s.host.String()}
	}
	return r
}

// planned says what a run without --dry-run would do.
func (s *storing) planned() authResult {
	r := s.result()
	r.Stores[0].Status = "planned"
	s.tell("planned", "Would set %s secret %s for %s", s.store, s.secret, s.place)
	if r.Variable != nil {
		r.Variable.Status = "planned"
		s.tell("planned", "Would set Actions variable %s for %s to %s", s.variable, s.place, s.host)
	}
	for _, c := range s.files {
		r.Files = append(r.Files, fileResult{c.Path, c.Action})
		s.tell("planned", "%s: %s", c.Path, describe(c))
	}
	return r
}

func (s *storing) finish(r authResult) error {
	if s.export.asked() {
		return s.export.write(s.streams, r)
	}
	return nil
}
