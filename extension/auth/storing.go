package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/dotenv"
	"github.com/gh-hex/gh-hex/core/scaffold"
	"github.com/gh-hex/gh-hex/core/worktree"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/inspect"
	"github.com/gh-hex/gh-hex/extension/target"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

// storing is gh hex auth at work: once Hex has accepted the token, it goes to GitHub and into files.
type storing struct {
	*authOptions
	client *github.Client
	target target.Repository // without a name for an organization
	tree   *worktree.Tree    // the target's own, whose files are completed
	source *worktree.Tree    // the current one, whose .env may name the host
	host   core.Host
	token  core.Token
	owner  core.Identity

	places     []*place
	selected   []int64 // the repositories of --repos
	companions []*companion
	runs       string // the ID of the project to store beside it, of --project or chosen
	keep       string // where to keep a copy on this machine
	// interrupted says that Ctrl-C was pressed while something was written.
	interrupted bool
	files       []scaffold.Change
	trials      *inspect.Trials
	known       *inspect.Remote   // the workflows, once they are read
	there       *github.Inventory // what they find on GitHub, once it is asked
	err         error             // why nothing is stored here: of several repositories, the others go on
}

// prepare asks and decides everything that can be known before the first write.
func (s *storing) prepare(ctx context.Context, source workspace.TokenSource) error {
	if err := s.settleName(ctx); err != nil {
		return err
	}
	if err := s.ask(ctx); err != nil {
		return err
	}
	for _, settle := range []func() error{
		func() error { return s.tryProjects(ctx) },
		s.settleEnvironment,
		func() error { return s.settleReplacement(ctx) },
		s.settleVariables,
		func() error { return s.settleCopy(ctx, source) },
	} {
		if err := settle(); err != nil {
			return err
		}
	}
	return s.planFiles(ctx)
}

// ask reads everything of GitHub: the repository first, since the right to push decides, then the keys, and what is
// there already. One of several places that cannot be used does not keep the others from it.
func (s *storing) ask(ctx context.Context) error {
	if err := s.Interruptible(ctx, "Asking GitHub about "+s.label(), s.askTarget); err != nil {
		return err
	}
	proposed, err := s.propose(ctx)
	if err != nil {
		return err
	}
	if err := s.offerProject(ctx); err != nil {
		return err
	}
	s.planCompanions(ctx)
	for _, at := range append(s.chosen(), proposed...) {
		s.places = append(s.places, &place{at: at, status: "failed"})
	}
	if err := s.Interruptible(ctx, "Asking GitHub what is stored", s.inspectAll); err != nil {
		return err
	}
	if s.env != "" { // from here on as GitHub spells it
		s.env = s.places[0].at.Environment
		for _, v := range s.companions {
			v.at = s.places[0].at
		}
	}
	if !slices.ContainsFunc(s.places, func(p *place) bool { return p.err == nil }) {
		return s.failures()
	}
	return s.judgeCompanions(ctx)
}

// inspectAll asks about the places and the variables at the same time.
func (s *storing) inspectAll(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { s.inspectPlaces(ctx) })
	wg.Go(func() { s.inspectCompanions(ctx) })
	wg.Wait()
	return nil
}

func (s *storing) askTarget(ctx context.Context) error {
	if s.org != "" {
		return s.selectRepositories(ctx)
	}
	repo, err := s.client.Repository(ctx, s.target.Owner, s.target.Name)
	if err != nil {
		return err
	}
	// A renamed repository answers under its present name: that is the one to write to, and to name.
	s.target.Owner, s.target.Name = repo.Owner, repo.Name
	if repo.Archived {
		return fmt.Errorf("%s is archived: GitHub lets nobody change its secrets", s.target)
	}
	if !repo.CanPush {
		return s.client.NoPush(s.target.String())
	}
	return nil
}

// failures are what went wrong with the places.
func (s *storing) failures() error {
	errs := make([]error, len(s.places))
	for i, p := range s.places {
		errs[i] = p.err
	}
	return errors.Join(errs...)
}

// missingEnvironmentError means that the environment does not exist, and that nobody said to create it.
type missingEnvironmentError struct{ name, repo string }

func (e *missingEnvironmentError) Error() string {
	return fmt.Sprintf("%s has no environment %s; nothing was stored", e.repo, e.name)
}

func (*missingEnvironmentError) Hint() string { return "Create it with: --create-env" }

// settleEnvironment decides whether an environment that --env names is created. One that was proposed has been asked about.
func (s *storing) settleEnvironment() error {
	if s.env == "" || !s.places[0].missing || s.createEnv {
		return nil
	}
	if !s.CanAsk() || s.dryRun {
		return &missingEnvironmentError{s.env, s.target.String()}
	}
	yes, err := s.Confirm(fmt.Sprintf("%s has no environment %s. Create it, without protection rules?", s.target, s.env), false)
	if err != nil || !yes {
		return errors.Join(console.ErrCancelled, err)
	}
	return nil
}

// settleCopy decides where a copy for gh hex verify is kept. It is asked only after a prompt: who pipes a token in keeps
// it elsewhere.
func (s *storing) settleCopy(ctx context.Context, source workspace.TokenSource) error {
	s.keep = s.local
	if s.keep == "keyring" && !s.dryRun {
		if err := workspace.Keyring(s.authOptions.Process, s.host).Usable(workspace.KeyringPatience); err != nil {
			return fmt.Errorf("nothing was stored: %w", err)
		}
	}
	if s.keep != "" || source != workspace.FromPrompt || s.dryRun {
		return nil
	}
	choices, labels := []string{"none"}, []string{"no"}
	if workspace.Keyring(s.authOptions.Process, s.host).Usable(workspace.KeyringGlance) == nil {
		choices, labels = append(choices, "keyring"), append(labels, "in this machine's keyring")
	}
	safe, err := s.mayUseDotenv(ctx)
	if err != nil {
		return err
	}
	if safe {
		choices, labels = append(choices, "dotenv"), append(labels, "in .env, which git ignores")
	}
	if len(choices) == 1 {
		return nil
	}
	i, err := s.Choose("Store a copy on this machine, for gh hex verify?", labels)
	s.keep = choices[i]
	return err
}

// mayUseDotenv reports whether git ignores .env, or will after this command.
func (s *storing) mayUseDotenv(ctx context.Context) (bool, error) {
	if s.tree == nil {
		return false, nil
	}
	git := s.tree.Git(ctx)
	if tracked, err := git.Tracked(".env"); err != nil || tracked {
		return false, err
	}
	reach, err := git.Ignored(".env")
	return reach != scaffold.Nobody || !s.noScaffold, err
}

func (s *storing) planFiles(ctx context.Context) error {
	if s.tree == nil {
		if s.keep == "dotenv" {
			return fmt.Errorf("--local dotenv works only in a checkout of %s", s.label())
		}
		return nil
	}
	git := s.tree.Git(ctx)
	if !s.noScaffold {
		planned, err := scaffold.Plan(s.tree.Root(), git, scaffold.Options{Host: workspace.ScaffoldHost(s.host), Names: inspect.ExampleNames(ctx, s.tree)})
		if err != nil {
			return fmt.Errorf("nothing was stored: %w", &fileError{err, "touching files: --no-scaffold"})
		}
		s.files = planned
	}
	if s.keep != "dotenv" {
		return nil
	}
	copied, err := scaffold.PlanDotenv(s.tree.Root(), git, s.files, s.token.Reveal, workspace.ScaffoldHost(s.host))
	if err != nil {
		return fmt.Errorf("nothing was stored: %w", &fileError{err, "a copy: --local none"})
	}
	if !s.host.IsHex() {
		s.Say("%s .env holds the token only: a host outside hex.tech is taken from the environment (%s=%s)", s.Yellow("!"), workspace.HostName, s.host)
	}
	s.files = append(s.files, copied)
	if data, err := s.tree.ReadLocal(ctx, ".env.local"); err == nil {
		other, _, _ := dotenv.Lookup(data, workspace.TokenName)
		if token, err := core.ParseToken(other); err == nil && !token.Equal(s.token) {
			s.Say("%s .env.local holds another token (%s), which is found before the one in .env", s.Yellow("!"), token)
		}
	}
	return nil
}

// fileError means that a file cannot be written; without says what is left out, and by which flag.
type fileError struct {
	err     error
	without string
}

func (e *fileError) Error() string { return e.err.Error() }

func (e *fileError) Unwrap() error { return e.err }

func (e *fileError) Hint() string { return "Fix that, or go on without " + e.without }

const (
	// writeLimit is the time that all writes of gh hex auth have, so that with what comes after it the command ends within
	// a minute.
	writeLimit = 45 * time.Second
	// variableTime is what is left for the variable in any case.
	variableTime = 5 * time.Second
)

// errNoTimeLeft means that the writes before took all the time.
var errNoTimeLeft = command.Hinted("GitHub did not answer an earlier request in time", "Run the command again: it stores the same values once more")

// carryOut writes: the secrets, the variable, the files. A write that has begun is finished even when the user interrupts.
// Each failure is told where it happens.
func (s *storing) carryOut(ctx context.Context) (authResult, error) {
	if s.dryRun {
		r, err := s.planned(), s.failures()
		if err == nil && !s.CanAsk() {
			err = s.conflict() // as it would end without --dry-run
		}
		return r, err
	}
	// All writes share one time: several places that do not answer take no longer than one.
	end := time.Now().Add(cmp.Or(s.Patience, writeLimit))
	ctx, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	stored := 0
	for _, p := range s.places {
		if s.write(ctx, p) {
			stored++
		}
		s.complain(p.err)
	}
	r := s.result()
	if stored == 0 {
		s.Say("No variable was set and no file was changed.")
		return r, ended(s.failed())
	}
	// What belongs to a secret that is stored is not left out, whatever comes.
	if least := time.Now().Add(variableTime); end.Before(least) {
		end = least
	}
	ctx, cancel = context.WithDeadline(context.WithoutCancel(ctx), end)
	defer cancel()
	variableFailed := s.writeVariables(ctx, r.Variables)
	s.writeRecords(ctx)
	rest := errors.Join(s.writeFiles(ctx, &r), s.writeKeyring())
	s.complain(rest)
	code := s.failed()
	if variableFailed || rest != nil {
		code = command.Worst(code, command.ExitProblem)
	}
	return r, ended(code)
}

// ended is the exit code of failures that have been told.
func ended(code int) error {
	if code == command.ExitOK {
		return nil
	}
	return command.Outcome(code)
}

// failed is the exit code for the places: that of the login only when nothing was stored for want of one.
func (s *storing) failed() int {
	code := command.ExitOK
	for _, p := range s.places {
		code = command.Worst(code, command.ExitCode(p.err))
	}
	if s.interrupted && code != command.ExitOK {
		return command.ExitCancelled
	}
	if code == command.ExitAuth && slices.ContainsFunc(s.places, func(p *place) bool { return p.err == nil }) {
		return command.ExitProblem
	}
	return code
}

// complain prints a failure with what to do about it.
func (s *storing) complain(err error) {
	if err == nil {
		return
	}
	s.tell("error", "%s", console.Capitalised(err.Error()))
	if next := command.Hint(err); next != "" && !s.interrupted {
		s.Say("  %s", next)
	}
}

// write fills one place.
func (s *storing) write(ctx context.Context, p *place) bool {
	if p.err == nil && p.missing && !s.interrupted {
		p.err = s.createEnvironment(context.WithoutCancel(ctx), p)
	}
	if p.err == nil && (s.interrupted || ctx.Err() != nil) {
		reason := console.ErrCancelled
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			reason = errNoTimeLeft
		}
		p.err = fmt.Errorf("the %s secret %s of %s was not written: %w", p.at, s.secret, s.describe(p), reason)
	}
	if p.err != nil {
		return false
	}
	s.sayReplaced(p)
	var created bool
	err := s.Interruptible(ctx, "Storing it in "+s.describe(p), func(interrupted context.Context) error {
		write, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(interrupted, func() { time.AfterFunc(time.Second, cancel) })() // once sent, the client sees to it
		created, p.err = s.client.PutSecret(write, p.at, p.key, s.secret, s.token.Reveal(), p.before, p.sharing)
		return nil
	})
	s.interrupted = errors.Is(err, console.ErrCancelled) // this write is finished, further ones are not begun
	if p.err != nil {
		return false
	}
	p.set = s.client.Now()
	p.status = "updated"
	if created {
		p.status = "created"
	}
	s.tell("ok", "Set %s secret %s for %s", p.at, s.secret, s.describe(p))
	return true
}

// createEnvironment makes the environment and fetches its key, which exists only now.
func (s *storing) createEnvironment(ctx context.Context, p *place) error {
	if err := s.client.CreateEnvironment(ctx, p.at.Owner, p.at.Repo, p.at.Environment); err != nil {
		return err
	}
	s.tell("ok", "Created environment %s of %s", p.at.Environment, s.target)
	var err error
	p.key, err = s.client.PublicKey(ctx, p.at)
	return err
}

// describe names what a place belongs to, and who sees it.
func (s *storing) describe(p *place) string {
	switch p.at.Level {
	case github.LevelOrganization:
		return describeSharing(s.org, p.sharing)
	case github.LevelEnvironment:
		return fmt.Sprintf("%s (environment %s)", s.target, p.at.Environment)
	}
	return s.target.String()
}

func describeSharing(org string, sharing github.Sharing) string {
	switch sharing.Visibility {
	case "all":
		return org + " (all repositories)"
	case "selected":
		return fmt.Sprintf("%s (%s)", org, console.Counted(len(sharing.Repositories), "selected repository", "selected repositories"))
	}
	return org + " (private repositories)"
}

func (s *storing) writeFiles(ctx context.Context, r *authResult) error {
	if s.tree == nil {
		return nil
	}
	if err := scaffold.Apply(ctx, s.tree.Root(), s.files); err != nil {
		return fmt.Errorf("the secret was stored, but the files were not written: %w", err)
	}
	for _, c := range s.files {
		r.Files = append(r.Files, fileResult{c.Path, c.Action})
		s.tell("ok", "%s: %s", c.Path, c.Describe())
	}
	return nil
}

func (s *storing) writeKeyring() error {
	if s.keep != "keyring" {
		return nil
	}
	if err := workspace.Keyring(s.authOptions.Process, s.host).Set(s.token); err != nil {
		return fmt.Errorf("the secret was stored, but the copy on this machine was not: %w", err)
	}
	s.tell("ok", "Stored the token for %s in this machine's keyring", s.host.Name())
	return nil
}

func (s *storing) result() authResult {
	r := authResult{
		Secret: s.secret, Repository: s.target.String(), Host: s.host.String(),
		Token:  tokenResult{Kind: s.owner.Kind, Owner: s.owner.Owner()},
		Places: make([]placeResult, len(s.places)),
		Files:  []fileResult{},
	}
	if s.org != "" {
		r.Repository = ""
	}
	for i, p := range s.places {
		r.Places[i] = placeResult{App: p.at.App, Level: p.at.Level, Name: s.placeName(p.at), Status: p.status}
		if p.err != nil {
			r.Places[i].Error = console.Safe(p.err.Error())
		}
	}
	if s.owner.HasExpiry {
		at := s.owner.ExpiresAt.Format("2006-01-02T15:04:05Z07:00")
		r.Token.ExpiresAt = &at
	}
	r.Variables = s.variableResults()
	r.Variable = s.hostResult(r.Variables)
	return r
}

// placeName is the name in a row of --json: of the repository, the environment or the organization.
func (s *storing) placeName(at github.Place) string {
	switch at.Level {
	case github.LevelEnvironment:
		return at.Environment
	case github.LevelOrganization:
		return at.Owner
	}
	return s.target.String()
}

// planned says what a run without --dry-run would do.
func (s *storing) planned() authResult {
	for _, p := range s.places {
		if p.err != nil {
			continue
		}
		p.status = "planned"
		if p.missing {
			s.tell("planned", "Would create environment %s of %s", p.at.Environment, s.target)
		}
		s.tell("planned", "Would set %s secret %s for %s%s", p.at, s.secret, s.describe(p), s.replaced(p))
	}
	r := s.result()
	for i, v := range s.companions {
		s.planVariable(v, &r.Variables[i].variableResult)
	}
	for _, c := range s.files {
		r.Files = append(r.Files, fileResult{c.Path, c.Action})
		s.tell("planned", "%s: %s", c.Path, c.Describe())
	}
	return r
}
