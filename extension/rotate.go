package extension

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/MakeNowJust/heredoc"
	"github.com/cli/go-gh/v2/pkg/auth"
	"github.com/spf13/cobra"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/core/worktree"
	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/workflow"
)

type rotateOptions struct {
	*process
	export *exporter

	repos        []string
	org          string
	all          bool
	envs         []string
	apps         []string
	withToken    bool
	yes          bool
	force        bool
	dryRun       bool
	secret       string
	variable     string
	workspaceURL string
	timeout      time.Duration
}

func newRotateCmd(p *process) *cobra.Command {
	o := &rotateOptions{process: p}
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "Replace a Hex token in every place that holds it",
		Long: heredoc.Doc(`
			Replace a Hex token in the places on GitHub that hold it.

			A new token is read from standard input with --with-token, else from a hidden
			prompt, and verified with Hex. Then every place that holds a secret of that name is
			looked for, and the chosen ones are replaced. Equal names need not hold equal
			values: on a terminal the places are a checklist, elsewhere they are named with
			--env, --app, --org and -R, or --all is given. Naming a repository or an
			organization alone means its Actions secret.

			A place whose variable names another Hex host, or whose repository uses the name for
			hex.pm, is left alone unless it is named. So is one whose workflows run a project that
			the new token may not run, as a dry run tells (five at most), unless --force is given.

			Each place ends as new, old, or cannot tell, and the exit code is 1 unless all chosen
			ones are new. Run the same command again to finish. Nothing is deleted. The copy of
			the old token on this machine is replaced last, once all chosen places are new; from
			then on gh hex auth stores the new token in further places.`),
		Example: example(`
			# Choose the places of this repository from a list
			$ gh hex rotate

			# Everywhere in this repository
			$ gh hex rotate --all

			# Everywhere in an organization and its repositories
			$ gh hex rotate --all --org octo --with-token <new-token.txt

			# The Actions and the Dependabot secrets of two repositories
			$ gh hex rotate --app actions,dependabot -R octo/analytics -R octo/reports
		`),
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(cmd.Flags().Changed); err != nil {
				return &usageError{err, cmd}
			}
			return runRotate(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringArrayVarP(&o.repos, "repo", "R", nil, "Look into this repository, as `[HOST/]OWNER/REPO` (repeatable)")
	f.StringVarP(&o.org, "org", "o", "", "Look into this `organization` and all its repositories")
	f.BoolVar(&o.all, "all", false, "Replace every place found")
	f.StringArrayVarP(&o.envs, "env", "e", nil, "Replace the secret of this `environment` (repeatable)")
	enumListVar(f, &o.apps, "app", "a", appNames(), "Replace the secrets of these apps: {}")
	f.BoolVar(&o.withToken, "with-token", false, "Read the new token from standard input")
	f.BoolVarP(&o.yes, "yes", "y", false, "Do not ask for confirmation")
	f.BoolVar(&o.dryRun, "dry-run", false, "Verify, and show what would be replaced; change nothing")
	f.BoolVar(&o.force, "force", false, "Replace it, too, where the new token may not run what the workflows run")
	f.StringVar(&o.secret, "secret", tokenName, "The `name` of the secret")
	f.StringVar(&o.variable, "variable", hostName, "The `name` of the variable that holds the host; empty for none")
	f.StringVar(&o.workspaceURL, "workspace-url", "", "The Hex host of the new token, as any `URL` of the workspace")
	f.DurationVar(&o.timeout, "timeout", time.Hour, "Stop after this `duration`, waiting for rate limits included")
	o.export = addExport(cmd, placeFields())
	return cmd
}

func (o *rotateOptions) check(given func(flag string) bool) error {
	switch {
	case o.all && len(o.apps)+len(o.envs) > 0:
		return errors.New("specify either `--all`, or the places with `--app` and `--env`")
	case slices.Contains(o.envs, ""):
		return invalidArgument("env", "", errors.New("a name is needed"))
	case given("org") && (o.org == "" || strings.Contains(o.org, "/")):
		return invalidArgument("org", o.org, errors.New("the name of an organization is needed"))
	case o.timeout <= 0:
		return checkTimeout(o.timeout)
	}
	return checkNames(&o.secret, &o.variable)
}

// rotation is one gh hex rotate at work.
type rotation struct {
	*rotateOptions
	*search
	progress *progress
	targets  []target
	tree     *worktree.Tree // the current one
	own      bool           // it is a target's, so that its files may be written
	settings settings
	host     core.Host
	token    core.Token
	owner    core.Identity
	spots    []*spot
	unlisted []string // notes on what could not be listed
	done     atomic.Int64
}

func runRotate(ctx context.Context, o *rotateOptions) error {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	r := &rotation{rotateOptions: o, progress: o.newProgress(o.now)}
	if err := r.locate(ctx); err != nil {
		return err
	}
	if err := r.takeToken(ctx); err != nil {
		return err
	}
	if err := r.find(ctx); err != nil {
		return err
	}
	if err := r.choose(); err != nil {
		return err
	}
	if err := r.tryProjects(ctx); err != nil {
		return err
	}
	interrupted := r.replace(ctx)
	if err := r.show(); err != nil {
		return err
	}
	return r.conclude(ctx, interrupted)
}

// locate finds out where to look, and builds the client for that host.
func (r *rotation) locate(ctx context.Context) error {
	tree, err := openTree(ctx, r.process)
	if err != nil {
		return err
	}
	r.tree = tree
	host, err := r.locateTargets(ctx, tree)
	if err != nil {
		return err
	}
	for _, t := range r.targets {
		r.own = r.own || t.here
		if !strings.EqualFold(auth.NormalizeHostname(t.Host), auth.NormalizeHostname(host)) {
			return fmt.Errorf("the repositories are on several hosts (%s, %s): rotate on one at a time", host, t.Host)
		}
	}
	r.settings = findSettings(ctx, r.process, r.tree, r.workspaceURL)
	r.host = r.settings.host
	if err := r.settings.hostTrouble(); err != nil {
		return err
	}
	options := r.gitHubOptions()
	options.Limited = r.progress.limit
	client, err := github.NewClient(host, options)
	r.search = &search{client: client, wanted: r.secret, starts: true}
	r.local = r.ownWorkflows
	return err
}

func (r *rotation) locateTargets(ctx context.Context, tree *worktree.Tree) (host string, err error) {
	if r.org != "" {
		host, _ = auth.DefaultHost()
		r.own, err = isOfOwner(ctx, tree, host, r.org)
	}
	names := r.repos
	if len(names) == 0 && r.org == "" {
		names = []string{""} // the current one
	}
	for _, name := range names {
		t, err := resolveTarget(ctx, r.process, name, tree)
		if err != nil {
			return "", err
		}
		if r.org != "" && !strings.EqualFold(t.Owner, r.org) {
			return "", fmt.Errorf("%s is no repository of %s", t, r.org)
		}
		r.targets = append(r.targets, t)
		if host == "" {
			host = t.Host
		}
	}
	return host, err
}

// isOfOwner tells whether one of the remotes leads to a repository of owner.
func isOfOwner(ctx context.Context, tree *worktree.Tree, host, owner string) (bool, error) {
	if tree == nil {
		return false, nil
	}
	remotes, _, err := gitHubRemotes(ctx, tree)
	return slices.ContainsFunc(remotes, func(r remoteRepository) bool {
		return isKnown([]string{host}, r.Host) && strings.EqualFold(r.Owner, owner)
	}), err
}

// ownWorkflows are those of the work tree, for the repository that it is of.
func (r *rotation) ownWorkflows(repo github.Repository) *remote {
	if r.tree == nil {
		return nil
	}
	here := slices.ContainsFunc(r.targets, func(t target) bool {
		return t.here && strings.EqualFold(t.Owner, repo.Owner) && strings.EqualFold(t.Name, repo.Name)
	})
	if !here {
		return nil
	}
	return &remote{workflows: readWorkflows(r.tree, workflow.ReadOptions{Secret: r.secret})}
}

// sameTokenError means that the new token is the one that this machine has already.
type sameTokenError struct{ source string }

func (e *sameTokenError) Error() string {
	return "this is the token on this machine already (from " + e.source + "): rotating takes a new one"
}

func (*sameTokenError) Hint() string {
	return "To store this one in further places, run: gh hex auth"
}

// newTokenError means that the token to rotate to cannot be used: the next one goes to gh hex rotate too.
type newTokenError struct{ err error }

func (e *newTokenError) Error() string { return e.err.Error() }
func (e *newTokenError) Unwrap() error { return e.err }

func (e *newTokenError) Hint() string {
	return strings.Replace(hint(e.err), "gh hex auth", "gh hex rotate", 1)
}

func ofNewToken(err error) error {
	var refused *core.TokenError
	var rejected *rejection
	if errors.As(err, &refused) || errors.As(err, &rejected) {
		return &newTokenError{err}
	}
	return err
}

// takeToken reads the new token and has Hex accept it.
func (r *rotation) takeToken(ctx context.Context) (err error) {
	switch {
	case r.withToken:
		r.token, err = r.tokenFromInput()
	case r.canAsk():
		r.token, err = r.tokenFromPrompt(r.host, "gh hex rotate --workspace-url HOST")
	default:
		err = &missingTokenError{errors.New("no new Hex token: pipe it in with --with-token")}
	}
	if err != nil {
		return ofNewToken(err)
	}
	if !r.settings.token.IsZero() && r.settings.token.Equal(r.token) {
		return &sameTokenError{r.settings.tokenSource}
	}
	r.owner, err = r.accept(ctx, r.settings, r.token, r.tell)
	err = ofNewToken(err)
	if err != nil && len(r.targets) > 0 {
		return r.explain(ctx, err)
	}
	return err
}

func (r *rotation) explain(ctx context.Context, err error) error {
	var rejected *rejection
	if !errors.As(err, &rejected) || !rejected.Auth || r.variable == "" {
		return err
	}
	t := r.targets[0]
	store := github.Store{App: github.Actions, Level: github.LevelRepository, Owner: t.Owner, Repo: t.Name}
	return explainHost(ctx, r.client, store, r.variable, r.host, t.String(), err)
}

// tell is conversation: the result is the list of places.
func (r *rotation) tell(status, format string, args ...any) {
	r.say("%s "+format, append([]any{icon(r.streams, check.Status(status))}, args...)...)
}

// find looks for every place that holds the secret.
func (r *rotation) find(ctx context.Context) (err error) {
	waiting := r.wait(ctx)
	ctx = waiting
	r.progress.show("Looking for the places")
	defer func() {
		r.progress.clear()
		waiting.close()
		for _, note := range r.unlisted {
			r.say("%s", note)
		}
	}()
	seen := &repositories{ids: map[int64]bool{}}
	look := func(ctx context.Context, repo github.Repository) []*spot {
		if !seen.add(repo.ID) {
			return nil // under another spelling, an old name, or moved to another page
		}
		found := r.lookInto(ctx, repo)
		r.progress.show("Looked into %s", counted(seen.count(), "repository", "repositories"))
		return found
	}
	if r.org != "" {
		r.spots = r.organization(ctx, r.org)
	}
	if r.org != "" && len(r.targets) == 0 {
		found, err := r.everyRepository(ctx, r.org, look)
		r.spots = append(r.spots, found...)
		if err != nil {
			store := github.Store{App: github.Actions, Level: github.LevelRepository, Owner: r.org, Repo: "*"}
			r.spots = append(r.spots, &spot{store: store, err: err})
		}
		return cancelled(ctx)
	}
	r.unlisted = r.lookUp(ctx, look)
	return cancelled(ctx)
}

// cancelled is the interruption of a context, if there was one. That its time is over is no interruption.
func cancelled(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return errCancelled
	}
	return nil
}

// repositories remembers which were looked into.
type repositories struct {
	mu  sync.Mutex
	ids map[int64]bool
}

func (r *repositories) add(id int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ids[id] {
		return false
	}
	r.ids[id] = true
	return true
}

func (r *repositories) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.ids)
}

// lookUp looks into the repositories that were named, or the current one, and for what their owners share with them. The
// notes say what could not be listed.
func (r *rotation) lookUp(ctx context.Context, look func(context.Context, github.Repository) []*spot) (notes []string) {
	own, shared := make([][]*spot, len(r.targets)), make([][]*spot, len(r.targets))
	hidden := make([]string, len(r.targets))
	var wg sync.WaitGroup
	for i, t := range r.targets {
		wg.Go(func() {
			repo, err := r.client.Repository(ctx, t.Owner, t.Name)
			if err != nil {
				store := github.Store{App: github.Actions, Level: github.LevelRepository, Owner: t.Owner, Repo: t.Name}
				own[i] = []*spot{{store: store, err: err}}
				return
			}
			own[i] = look(ctx, repo)
			if r.org == "" && len(own[i]) > 0 {
				var apps []github.App
				shared[i], apps = r.reaching(ctx, repo)
				hidden[i] = hiddenNote(r.client, repo.Owner, apps)
			}
		})
	}
	wg.Wait()
	r.spots = append(r.spots, slices.Concat(own...)...)
	for _, p := range slices.Concat(shared...) {
		if !slices.ContainsFunc(r.spots, func(q *spot) bool { return q.store == p.store }) {
			r.spots = append(r.spots, p)
		}
	}
	slices.Sort(hidden)
	return slices.DeleteFunc(slices.Compact(hidden), func(note string) bool { return note == "" })
}

// lookInto finds the places of one repository, and what speaks against replacing each. One without any is listed as such.
func (r *rotation) lookInto(ctx context.Context, repo github.Repository) []*spot {
	found := r.repository(ctx, repo)
	if len(found) == 0 {
		store := github.Store{App: github.Actions, Level: github.LevelRepository, Owner: repo.Owner, Repo: repo.Name}
		return []*spot{{store: store, repo: repo, status: statusMissing, reason: "holds no secret " + r.secret}}
	}
	var wg sync.WaitGroup
	wg.Go(func() { r.readers(ctx, repo, found) })
	wg.Go(func() { r.compareHosts(ctx, repo, found) })
	wg.Wait()
	return found
}

// compareHosts notes which places belong to another Hex host, by the variable that their workflows read.
func (r *rotation) compareHosts(ctx context.Context, repo github.Repository, found []*spot) {
	if r.variable == "" || !slices.ContainsFunc(found, func(p *spot) bool { return p.err == nil }) {
		return
	}
	store := github.Store{App: github.Actions, Level: github.LevelRepository, Owner: repo.Owner, Repo: repo.Name}
	value, err := r.hostVariable(ctx, store)
	if err == nil && value == "" && repo.Organization {
		l := r.client.VisibleOrganization(ctx, repo.Owner, repo.Name, "variables")
		e, _ := l.Find(r.variable)
		value, err = e.Value, l.Err
	}
	for _, p := range found {
		own, ownErr := "", error(nil)
		if p.err == nil && p.store.Level == github.LevelEnvironment {
			own, ownErr = r.hostVariable(ctx, p.store)
		}
		if own != "" || ownErr != nil {
			p.otherHost, p.hostErr = r.differs(own), ownErr
		} else {
			p.otherHost, p.hostErr = r.differs(value), err
		}
	}
}

// hostVariable is the value of the variable that holds the host; empty when there is none.
func (r *rotation) hostVariable(ctx context.Context, store github.Store) (string, error) {
	v, err := r.client.Variable(ctx, store, r.variable)
	if errors.Is(err, github.ErrNotFound) {
		return "", nil
	}
	return v.Value, err
}

// differs returns a host that is not the new token's.
func (r *rotation) differs(value string) string {
	if value == "" {
		return ""
	}
	if named, err := core.ParseHost(value); err != nil || named != r.host {
		return value
	}
	return ""
}

// What becomes of a place.
const (
	statusNew        = "new"
	statusOld        = "old"
	statusCannotTell = "cannot tell"
	statusUnchanged  = "unchanged" // not chosen
	statusMissing    = "missing"
	statusPlanned    = "planned" // with --dry-run
)

// errNoneChosen means that every place was left alone, or that there is none.
var errNoneChosen = errors.New("no place was chosen: nothing was replaced")

// errPlanned stands for a write that --dry-run leaves out.
var errPlanned = errors.New("not written: --dry-run")

// conclude says how the rotation went, and replaces the copy on this machine when all is new.
func (r *rotation) conclude(ctx context.Context, interrupted bool) error {
	count := map[string]int{}
	chosen, denied := 0, 0
	for _, p := range r.spots {
		if !p.chosen {
			continue
		}
		chosen++
		count[p.status]++
		if errors.Is(p.err, github.ErrUnauthorized) {
			denied++
		}
	}
	if chosen == 0 {
		return errNoneChosen
	}
	if r.dryRun {
		r.say("Nothing was replaced: %d of %s would be.", count[statusPlanned], counted(chosen, "chosen place", "chosen places"))
		if count[statusPlanned] == chosen {
			return nil
		}
		return outcome(exitProblem)
	}
	left := chosen - count[statusNew]
	if left == 0 && !interrupted {
		return r.finish(ctx)
	}
	if interrupted {
		r.say("Interrupted: writes that were under way are finished.")
	}
	r.say("%d of %s new. Keep the old token until all are; run the same command again to finish.", count[statusNew], counted(chosen, "chosen place is", "chosen places are"))
	for _, next := range r.hints() {
		r.say("%s", next)
	}
	switch {
	case interrupted:
		return errors.Join(errCancelled, outcome(exitProblem))
	case denied == chosen:
		return outcome(exitAuth)
	}
	return outcome(exitProblem)
}

// hints are what to do about the places that are not new, each once.
func (r *rotation) hints() []string {
	var all []string
	for _, p := range r.spots {
		if next := hint(p.err); p.chosen && p.err != nil && next != "" && !slices.Contains(all, next) && len(all) < 5 {
			all = append(all, next)
		}
	}
	return all
}

// finish is for a rotation that is complete.
func (r *rotation) finish(ctx context.Context) error {
	if err := r.keepCopy(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("all places are new, but the copy on this machine is not: %w", err)
	}
	if len(r.unlisted) > 0 {
		r.say("First check the places that could not be listed, and those that were not chosen. Once none holds the old token, revoke it at %s: Settings → API keys.", r.host)
		return nil
	}
	if slices.ContainsFunc(r.spots, func(p *spot) bool { return !p.chosen && p.status != statusMissing }) {
		r.say("Revoke the old token at %s (Settings → API keys) once none of the places that were not chosen holds it.", r.host)
		return nil
	}
	r.say("Revoke the old token now at %s: Settings → API keys. Runs that were queued before still use it.", r.host)
	return nil
}
