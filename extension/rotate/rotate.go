package rotate

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
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/inspect"
	"github.com/gh-hex/gh-hex/extension/places"
	"github.com/gh-hex/gh-hex/extension/target"
	"github.com/gh-hex/gh-hex/extension/workflow"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

type rotateOptions struct {
	*command.Process
	export *command.Exporter

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

// NewCmd is gh hex rotate.
func NewCmd(p *command.Process) *cobra.Command {
	o := &rotateOptions{Process: p}
	cmd := &cobra.Command{
		Use:        "rotate",
		SuggestFor: []string{"replace", "renew"},
		Short:      "Replace a Hex token in every place that holds it",
		Long: heredoc.Doc(`
			Replace a Hex token in the places on GitHub that hold it.

			A new token is read from standard input with --with-token, else from a hidden
			prompt, and verified with Hex. Then every place that holds a secret of that name
			is looked for, and the chosen ones are replaced. Secrets of the same name may
			have different values: on a terminal the places are a checklist, elsewhere they
			are named with --env, --app, --org and -R, or --all is given. Naming a
			repository or an organization alone means its Actions secret.

			A place whose variable names another Hex host, or whose repository uses the name
			for hex.pm, is left alone unless it is named. So is one whose workflows run a
			project that the new token may not run, as a dry run tells (five at most),
			unless --force is given.

			Each place ends as new, old, or cannot tell, and the exit code is 1 unless all
			chosen ones are new. Run the same command again to finish. Nothing is deleted.
			The copy of the old token on this machine is replaced last, once all chosen
			places are new; from then on gh hex auth stores the new token in further places.`),
		Example: command.Example(`
			# Choose the places of this repository from a list
			$ gh hex rotate

			# Everywhere in this repository
			$ gh hex rotate --all

			# Everywhere in an organization and its repositories
			$ gh hex rotate --all --org octo --with-token <new-token.txt

			# The Actions and the Dependabot secrets of two repositories
			$ gh hex rotate --app actions,dependabot -R octo/analytics -R octo/reports
		`),
		Args: command.NoArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(cmd.Flags().Changed); err != nil {
				return err
			}
			return runRotate(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	command.RepositoriesVar(f, &o.repos, "Look into this repository, as `[HOST/]OWNER/REPO` (repeatable)")
	f.StringVarP(&o.org, "org", "o", "", "Look into this `organization` and all its repositories")
	f.BoolVar(&o.all, "all", false, "Replace every place found")
	f.StringArrayVarP(&o.envs, "env", "e", nil, "Replace the secret of this `environment` (repeatable)")
	command.EnumListVar(f, &o.apps, "app", "a", places.AppNames(), "Replace the secrets of these apps: {}")
	f.BoolVar(&o.withToken, "with-token", false, "Read the new token from standard input")
	f.BoolVarP(&o.yes, "yes", "y", false, "Do not ask for confirmation")
	f.BoolVar(&o.dryRun, "dry-run", false, "Verify, and show what would be replaced; change nothing")
	f.BoolVar(&o.force, "force", false, "Replace it even where the new token may not run what the workflows run")
	f.StringVar(&o.secret, "secret", workspace.TokenName, "The `name` of the secret")
	f.StringVar(&o.variable, "variable", workspace.HostName, "The `name` of the variable that holds the host; empty for none")
	f.StringVar(&o.workspaceURL, "workspace-url", "", "The Hex host of the new token, as any `URL` of the workspace")
	f.DurationVar(&o.timeout, "timeout", time.Hour, "Stop after this `duration`, waiting for rate limits included")
	o.export = command.AddExport(cmd, places.PlaceFields())
	return cmd
}

func (o *rotateOptions) check(given func(flag string) bool) error {
	switch {
	case o.all && len(o.apps)+len(o.envs) > 0:
		return errors.New("specify either `--all`, or the places with `--app` and `--env`")
	case slices.Contains(o.envs, ""):
		return command.InvalidArgument("env", "", errors.New("a name is needed"))
	case given("org") && !github.IsOwner(o.org):
		return command.InvalidArgument("org", o.org, errors.New("the name of an organization is needed"))
	case o.timeout <= 0:
		return command.CheckTimeout(o.timeout)
	}
	return command.CheckNames(&o.secret, &o.variable)
}

// rotation is one gh hex rotate at work.
type rotation struct {
	*rotateOptions
	*places.Search
	progress *console.Progress
	targets  []target.Repository
	tree     *worktree.Tree // the current one
	own      bool           // it is a target's, so that its files may be written
	settings workspace.Settings
	host     core.Host
	token    core.Token
	owner    core.Identity
	places   []*places.Place
	unlisted []string // notes on what could not be listed
	// noHost reports whether the organization is known to hold the host for no repository.
	noHost func() bool

	recording sync.Mutex // guards what follows
	variables map[github.Place]github.Listing
	records   places.Records
	unwritten string // a note on records
	done      atomic.Int64
}

func runRotate(ctx context.Context, o *rotateOptions) error {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	r := &rotation{rotateOptions: o, variables: map[github.Place]github.Listing{}, records: places.Records{}, progress: o.NewProgress(o.Now)}
	r.noHost = sync.OnceValue(func() bool { return r.holdsNoHost(ctx) })
	for _, step := range []func() error{
		func() error { return r.locate(ctx) },
		func() error { return r.takeToken(ctx) },
		func() error { return r.find(ctx) },
		r.choose,
		func() error { return r.tryProjects(ctx) },
	} {
		if err := step(); err != nil {
			return o.Untouched(err, "stored")
		}
	}
	interrupted := r.replace(ctx)
	if err := r.show(); err != nil {
		return err
	}
	return r.conclude(ctx, interrupted)
}

// locate finds out where to look, and builds the client for that host.
func (r *rotation) locate(ctx context.Context) error {
	tree, err := workspace.OpenTree(ctx, r.Process)
	if err != nil {
		return err
	}
	r.tree = tree
	host, err := r.locateTargets(ctx, tree)
	if err != nil {
		return err
	}
	for _, t := range r.targets {
		r.own = r.own || t.Here
		if !strings.EqualFold(auth.NormalizeHostname(t.Host), auth.NormalizeHostname(host)) {
			return fmt.Errorf("the repositories are on several hosts (%s, %s): rotate on one at a time", host, t.Host)
		}
	}
	r.settings = workspace.Find(ctx, r.Process, r.tree, r.workspaceURL)
	r.host = r.settings.Host
	if err := r.settings.HostTrouble(); err != nil {
		return err
	}
	options := workspace.GitHubOptions(r.rotateOptions.Process)
	options.Limited = r.progress.Limit // not paced: most rotations are over before a minute's limit, and who reaches it waits
	client, err := github.NewClient(host, options)
	r.Search = &places.Search{
		Client: client, Wanted: r.secret, Starts: true,
		Looked: func(n, of int64) {
			r.progress.Show("Looked into %d of %s", n, console.Counted(int(of), "repository", "repositories"))
		},
	}
	r.Local = r.ownWorkflows
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
		t, err := target.Resolve(ctx, r.Process, name, tree)
		if err != nil {
			return "", err
		}
		if r.org != "" && !strings.EqualFold(t.Owner, r.org) {
			return "", fmt.Errorf("%s is not a repository of %s", t, r.org)
		}
		r.targets = append(r.targets, t)
		if host == "" {
			host = t.Host
		}
	}
	return host, err
}

// isOfOwner reports whether one of the remotes leads to a repository of owner.
func isOfOwner(ctx context.Context, tree *worktree.Tree, host, owner string) (bool, error) {
	if tree == nil {
		return false, nil
	}
	remotes, _, err := target.GitHubRemotes(ctx, tree)
	return slices.ContainsFunc(remotes, func(r target.RemoteRepository) bool {
		return target.IsKnown([]string{host}, r.Host) && strings.EqualFold(r.Owner, owner)
	}), err
}

// ownWorkflows are those of the work tree, for the repository that it is of.
func (r *rotation) ownWorkflows(ctx context.Context, repo github.Repository) *inspect.Remote {
	if r.tree == nil {
		return nil
	}
	here := slices.ContainsFunc(r.targets, func(t target.Repository) bool {
		return t.Here && strings.EqualFold(t.Owner, repo.Owner) && strings.EqualFold(t.Name, repo.Name)
	})
	if !here {
		return nil
	}
	known := inspect.ReadHere(r.tree, workflow.ReadOptions{Secret: r.secret, Ends: ctx})
	return &known
}

// sameTokenError means that the new token is the one that this machine has already.
type sameTokenError struct{ source string }

func (e *sameTokenError) Error() string {
	return "this token is on this machine already (from " + e.source + "): rotating needs a new one"
}

func (*sameTokenError) Hint() string {
	return "To store this one in further places, run: gh hex auth"
}

// AnotherToken reports that another token may do.
func (*sameTokenError) AnotherToken() bool { return true }

// takeToken reads the new token and has Hex accept it.
func (r *rotation) takeToken(ctx context.Context) error {
	return workspace.WithToken(r.rotateOptions.Process, func(first bool) (source workspace.TokenSource, err error) {
		if source, err = r.readToken(first); err != nil {
			return source, err
		}
		if !r.settings.Token.IsZero() && r.settings.Token.Equal(r.token) {
			return source, &sameTokenError{r.settings.TokenSource}
		}
		r.owner, err = workspace.Accept(ctx, r.rotateOptions.Process, r.settings, r.token, source, "gh hex rotate", r.tell)
		if err != nil && len(r.targets) > 0 {
			err = r.explain(ctx, err)
		}
		return source, err
	})
}

func (r *rotation) readToken(first bool) (source workspace.TokenSource, err error) {
	switch {
	case r.withToken:
		r.token, err = workspace.TokenFromInput(r.rotateOptions.Process, "gh hex rotate")
		return workspace.FromInput, err
	case r.CanAsk():
		r.token, err = workspace.TokenFromPrompt(r.rotateOptions.Process, r.host, "gh hex rotate", first)
		return workspace.FromPrompt, err
	}
	return workspace.FromInput, &workspace.MissingTokenError{Err: command.Hinted("no new Hex token: pipe it in with --with-token", workspace.NoTerminal(r.rotateOptions.Process, "gh hex rotate"))}
}

func (r *rotation) explain(ctx context.Context, err error) error {
	var rejected *workspace.Rejection
	if !errors.As(err, &rejected) || !rejected.Auth || r.variable == "" {
		return err
	}
	t := r.targets[0]
	at := github.InRepository(github.Actions, t.Owner, t.Name)
	return places.ExplainHost(ctx, r.Client, at, r.variable, r.host, t.String(), err)
}

// tell is conversation: the result is the list of places.
func (r *rotation) tell(status, format string, args ...any) {
	r.Say("%s "+format, append([]any{console.Icon(r.Streams, check.Status(status))}, args...)...)
}

// find looks for every place that holds the secret.
func (r *rotation) find(ctx context.Context) (err error) {
	waiting := r.Wait(ctx)
	ctx = waiting
	r.progress.Show("Looking for the places")
	defer func() {
		r.progress.Clear()
		waiting.Close()
		for _, note := range r.unlisted {
			r.Say("%s", note)
		}
	}()
	seen := &repositories{ids: map[int64]bool{}}
	look := func(ctx context.Context, repo github.Repository) []*places.Place {
		if !seen.add(repo.ID) {
			return nil // under another spelling, an old name, or moved to another page
		}
		return r.lookInto(ctx, repo)
	}
	if r.org != "" {
		r.places = r.Organization(ctx, r.org)
	}
	if r.org != "" && len(r.targets) == 0 {
		found, err := r.EveryRepository(ctx, r.org, look)
		r.places = append(r.places, found...)
		if err != nil {
			at := github.InRepository(github.Actions, r.org, "*")
			r.places = append(r.places, &places.Place{At: at, Err: err})
		}
		return console.Cancelled(ctx)
	}
	r.unlisted = r.lookUp(ctx, look)
	return console.Cancelled(ctx)
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

// lookUp looks into the repositories that were named, or the current one, and for what their owners share with them. The
// notes say what could not be listed.
func (r *rotation) lookUp(ctx context.Context, look func(context.Context, github.Repository) []*places.Place) (notes []string) {
	own, shared := make([][]*places.Place, len(r.targets)), make([][]*places.Place, len(r.targets))
	hidden := make([]string, len(r.targets))
	var wg sync.WaitGroup
	var done atomic.Int64
	for i, t := range r.targets {
		wg.Go(func() {
			defer func() { r.Looked(done.Add(1), int64(len(r.targets))) }()
			repo, err := r.Client.Repository(ctx, t.Owner, t.Name)
			if err != nil {
				at := github.InRepository(github.Actions, t.Owner, t.Name)
				own[i] = []*places.Place{{At: at, Err: err}}
				return
			}
			own[i] = look(ctx, repo)
			if r.org == "" && len(own[i]) > 0 {
				var apps []github.App
				shared[i], apps = r.Reaching(ctx, repo)
				hidden[i] = places.HiddenNote(r.Client, repo.Owner, apps)
			}
		})
	}
	wg.Wait()
	r.places = append(r.places, slices.Concat(own...)...)
	for _, p := range slices.Concat(shared...) {
		if !slices.ContainsFunc(r.places, func(q *places.Place) bool { return q.At == p.At }) {
			r.places = append(r.places, p)
		}
	}
	slices.Sort(hidden)
	return slices.DeleteFunc(slices.Compact(hidden), func(note string) bool { return note == "" })
}

// lookInto finds the places of one repository, and what speaks against replacing each. One without any is listed as such.
func (r *rotation) lookInto(ctx context.Context, repo github.Repository) []*places.Place {
	found := r.Repository(ctx, repo)
	if len(found) == 0 {
		at := github.InRepository(github.Actions, repo.Owner, repo.Name)
		return []*places.Place{{At: at, Repo: repo, Status: statusMissing, Reason: "holds no secret " + r.secret}}
	}
	var wg sync.WaitGroup
	wg.Go(func() { r.Readers(ctx, repo, found) })
	wg.Go(func() { r.compareHosts(ctx, repo, found) })
	wg.Wait()
	return found
}

// compareHosts notes which places belong to another Hex host, by the variable that their workflows read.
func (r *rotation) compareHosts(ctx context.Context, repo github.Repository, found []*places.Place) {
	if r.variable == "" || !slices.ContainsFunc(found, func(p *places.Place) bool { return p.Err == nil }) {
		return
	}
	at := github.InRepository(github.Actions, repo.Owner, repo.Name)
	value, err := r.hostVariable(ctx, at)
	if err == nil && value == "" && repo.Organization && !r.noHost() {
		l := r.Client.VisibleOrganization(ctx, repo.Owner, repo.Name, "variables")
		e, _ := l.Find(r.variable)
		value, err = e.Value, l.Err
	}
	for _, p := range found {
		own, ownErr := "", error(nil)
		if p.Err == nil && p.At.Level == github.LevelEnvironment {
			own, ownErr = r.hostVariable(ctx, p.At)
		}
		if own != "" || ownErr != nil {
			p.OtherHost, p.HostErr = r.differs(own), ownErr
		} else {
			p.OtherHost, p.HostErr = r.differs(value), err
		}
	}
}

// holdsNoHost asks an organization once what would have to be asked for each of its repositories, which it still is where
// no answer comes soon.
func (r *rotation) holdsNoHost(ctx context.Context) bool {
	if r.org == "" {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	l := r.Client.Variables(ctx, github.InOrganization(github.Actions, r.org))
	_, found := l.Find(r.variable)
	return l.Err == nil && !found
}

// hostVariable is the value of the variable that holds the host; empty when there is none. All variables are listed: the
// record of the secret is one of them.
func (r *rotation) hostVariable(ctx context.Context, at github.Place) (string, error) {
	l := r.Client.Variables(ctx, at)
	r.recording.Lock()
	r.variables[at] = l
	r.recording.Unlock()
	if errors.Is(l.Err, github.ErrNotFound) && auth.IsEnterprise(r.Client.Host()) { // an old server has no variables
		return "", nil
	}
	e, _ := l.Find(r.variable)
	return e.Value, l.Err
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

	reasonNotChosen = "not chosen"
	statusPlanned   = "planned" // with --dry-run
)

// errNoneChosen means that every place was left alone, or that there is none.
var errNoneChosen = errors.New("no place was chosen: nothing was replaced")

// errPlanned stands for a write that --dry-run leaves out.
var errPlanned = errors.New("not written: --dry-run")

// conclude says how the rotation went, and replaces the copy on this machine when all is new.
func (r *rotation) conclude(ctx context.Context, interrupted bool) error {
	count := map[string]int{}
	chosen, denied := 0, 0
	for _, p := range r.places {
		if !p.Chosen {
			continue
		}
		chosen++
		count[p.Status]++
		if errors.Is(p.Err, github.ErrUnauthorized) {
			denied++
		}
	}
	switch {
	case chosen == 0:
		return errNoneChosen
	case r.dryRun:
		r.Say("Nothing was replaced: %d of %s would be.", count[statusPlanned], console.Counted(chosen, "chosen place", "chosen places"))
		if count[statusPlanned] == chosen {
			return nil
		}
		return command.Outcome(command.ExitProblem)
	}
	if r.unwritten != "" {
		r.Say("%s", r.unwritten)
	}
	if count[statusNew] == chosen && !interrupted {
		return r.finish(ctx)
	}
	r.sayUnfinished(count[statusNew], count[statusMissing], chosen, interrupted)
	switch {
	case interrupted:
		return errors.Join(console.ErrCancelled, command.Outcome(command.ExitProblem))
	case denied == chosen:
		return command.Outcome(command.ExitAuth)
	}
	return command.Outcome(command.ExitProblem)
}

// sayUnfinished says what is left to do.
func (r *rotation) sayUnfinished(renewed, missing, chosen int, interrupted bool) {
	if interrupted {
		r.Say("Interrupted: writes that were under way are finished.")
	}
	again := "."
	if interrupted || renewed+missing < chosen {
		again = "; run the same command again to finish."
	}
	r.Say("%d of %s new. Keep the old token until all are%s", renewed, console.Counted(chosen, "chosen place is", "chosen places are"), console.Styled(again))
	for _, next := range r.hints() {
		r.Say("%s", next)
	}
}

// hints are what to do about the places that are not new, each once.
func (r *rotation) hints() []string {
	var all []string
	for _, p := range r.places {
		if next := r.hint(p); p.Chosen && next != "" && !slices.Contains(all, next) && len(all) < 5 {
			all = append(all, next)
		}
	}
	return all
}

// hint is what to do about a place that is not new. A secret that is not there is none to replace.
func (r *rotation) hint(p *places.Place) string {
	if p.Status != statusMissing || p.At.Repo == "*" {
		return command.Hint(p.Err)
	}
	flags := r.flagOf(github.Repository{Owner: p.At.Owner, Name: p.At.Repo})
	switch {
	case p.At.Level == github.LevelEnvironment:
		flags = " --env " + core.ShellWord(p.At.Environment) + flags
	case p.At.App != github.Actions:
		flags = " --app " + string(p.At.App) + flags
	}
	return "To store the token there too: gh hex auth" + flags
}

// finish is for a rotation that is complete.
func (r *rotation) finish(ctx context.Context) error {
	if err := r.keepCopy(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("all places are new, but the copy on this machine is not: %w", err)
	}
	revoke := "Revoke the old token now"
	if r.sayProof() {
		revoke = "Then revoke the old token"
	}
	if len(r.unlisted) > 0 {
		r.Say("First check the places that could not be listed, and those that were not chosen. Once none holds the old token, revoke it at %s: Settings → API keys.", r.host)
		return nil
	}
	if slices.ContainsFunc(r.places, func(p *places.Place) bool { return !p.Chosen && p.Status != statusMissing }) {
		r.Say("Revoke the old token at %s (Settings → API keys) once none of the places that were not chosen holds it.", r.host)
		return nil
	}
	r.Say("%s at %s: Settings → API keys. Runs that were queued before still use it.", revoke, r.host)
	return nil
}
