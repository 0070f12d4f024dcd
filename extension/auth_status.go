package extension

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
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

type statusOptions struct {
	*process
	export  *exporter
	repo    string
	org     string
	timeout time.Duration
}

func newAuthStatusCmd(p *process) *cobra.Command {
	o := &statusOptions{process: p}
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show where Hex secrets live, and the token on this machine",
		Long: heredoc.Doc(`
			Show every place where a Hex secret of this repository lives, when it was last set
			and which workflows read it, and the token on this machine. With --org, the same for
			every repository of an organization, by the workflows that stand on GitHub.

			Looked into are the repository's secrets for Actions, Dependabot, Codespaces and
			agents, those of its environments, and those of the organization.

			GitHub never shows a stored value: whether a stored token still works cannot be told.`),
		Example: example(`
			# List the Hex secrets of this repository
			$ gh hex auth status

			# List those of an organization that nothing reads
			$ gh hex auth status --org octo --json repository,name,app,secret,usedBy --jq '.[] | select(.usedBy == [])'
		`),
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.repo, _ = cmd.Flags().GetString("repo")
			if err := o.check(cmd.Flags().Changed); err != nil {
				return &usageError{err, cmd}
			}
			return runStatus(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVarP(&o.org, "org", "o", "", "Look into every repository of this `organization`")
	cmd.Flags().DurationVar(&o.timeout, "timeout", time.Hour, "Give up after this `duration`, waiting for rate limits included")
	o.export = addExport(cmd, placeFields())
	return cmd
}

func (o *statusOptions) check(given func(flag string) bool) error {
	switch {
	case given("org") && (o.org == "" || strings.Contains(o.org, "/")):
		return invalidArgument("org", o.org, errors.New("the name of an organization is needed"))
	case given("org") && given("repo"):
		return errors.New("specify only one of `--org` and `--repo`")
	}
	return checkTimeout(o.timeout)
}

// statusRun is one gh hex auth status at work.
type statusRun struct {
	*statusOptions
	*search
	progress *progress
	place    target
	tree     *worktree.Tree // of the repository
	settings settings
	repo     github.Repository
}

func runStatus(ctx context.Context, o *statusOptions) error {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	r := &statusRun{statusOptions: o, progress: o.newProgress(o.now)}
	if err := r.locate(ctx); err != nil {
		return err
	}
	judged := r.judgeLocal(ctx)
	places, err := r.gather(ctx)
	if err == nil || len(places) > 0 {
		if printErr := r.show(places); printErr != nil {
			return printErr
		}
	}
	code := exitOK
	if !o.export.asked() && !errors.Is(err, errCancelled) {
		code = r.printLocal(judged())
	}
	if err != nil {
		return unanswered(err)
	}
	if code = worst(code, unknownPlaces(places)); code != exitOK {
		return outcome(code)
	}
	return nil
}

// unansweredError is a failure of a service that leaves open what it would have said.
type unansweredError struct{ err error }

func (e *unansweredError) Error() string { return e.err.Error() }
func (e *unansweredError) Unwrap() error { return e.err }
func (e *unansweredError) ExitCode() int { return exitUnknown }

func unanswered(err error) error {
	var onGitHub *github.Error
	if errors.As(err, &onGitHub) && (onGitHub.Ambiguous() || onGitHub.RateLimited) {
		return &unansweredError{err}
	}
	return err
}

// locate finds out what is asked about.
func (r *statusRun) locate(ctx context.Context) error {
	tree, err := openTree(ctx, r.process)
	if err != nil {
		return err
	}
	host := ""
	if r.org != "" {
		host, _ = auth.DefaultHost()
	} else {
		r.place, err = resolveTarget(ctx, r.process, r.statusOptions.repo, tree)
		host, r.tree = r.place.Host, treeOf(r.place, tree)
	}
	if err != nil {
		return err
	}
	r.settings = findSettings(ctx, r.process, tree, "")
	options := r.gitHubOptions()
	if r.org != "" {
		options.Limited = r.progress.limit
	}
	client, err := github.NewClient(host, options)
	r.search = &search{client: client}
	return err
}

// gather finds all places and what is to be said of them. An organization takes its time: Ctrl-C ends it.
func (r *statusRun) gather(ctx context.Context) ([]*spot, error) {
	if r.org != "" {
		waiting := r.wait(ctx)
		defer waiting.close()
		ctx = waiting
		defer r.progress.clear()
		r.progress.show("Looking into %s", r.org)
	}
	places, err := r.find(ctx)
	if cancelled(ctx) != nil {
		return nil, errCancelled
	}
	r.describe(ctx, places)
	return places, err
}

func (r *statusRun) find(ctx context.Context) ([]*spot, error) {
	if r.org != "" {
		return r.findOrganization(ctx)
	}
	repo, err := r.client.Repository(ctx, r.place.Owner, r.place.Name)
	if err != nil {
		return nil, err
	}
	r.repo = repo
	known := r.ownWorkflows(ctx)
	names := readNames(known.workflows)
	r.search.also = func(name string) bool { return slices.Contains(names, strings.ToUpper(name)) }
	r.search.local = func(github.Repository) *remote { return &known }
	var own, shared []*spot
	var hidden []github.App
	var wg sync.WaitGroup
	wg.Go(func() { own = r.repository(ctx, repo) })
	wg.Go(func() { shared, hidden = r.reaching(ctx, repo) })
	wg.Wait()
	if note := hiddenNote(r.client, repo.Owner, hidden); note != "" {
		r.say("%s", note)
	}
	places := append(own, shared...)
	r.readers(ctx, repo, places)
	return places, nil
}

// ownWorkflows are those of the work tree, else those on GitHub.
func (r *statusRun) ownWorkflows(ctx context.Context) remote {
	if r.tree == nil {
		return remoteWorkflows(ctx, r.client, r.repo.Owner, r.repo.Name, "")
	}
	return remote{workflows: readWorkflows(r.tree, workflow.ReadOptions{Ends: ctx})}
}

// readNames are the names under which workflows read a Hex token.
func readNames(w *workflow.Workflows) []string {
	var names []string
	for _, n := range w.HexSecrets() {
		names = append(names, n.Name)
	}
	return names
}

// findOrganization looks into the organization and then into its repositories. The workflows of a repository without a
// secret of its own matter when it may read the organization's.
func (r *statusRun) findOrganization(ctx context.Context) ([]*spot, error) {
	shared := r.organization(ctx, r.org)
	reads := slices.ContainsFunc(shared, func(p *spot) bool { return p.err == nil })
	var mu sync.Mutex
	places, err := r.everyRepository(ctx, r.org, func(ctx context.Context, repo github.Repository) []*spot {
		found := r.repository(ctx, repo)
		r.progress.show("Looked into %s", repo.FullName())
		if !reads {
			r.readers(ctx, repo, found)
			return found
		}
		known := r.workflows(ctx, repo)
		r.fill(known, found)
		mu.Lock()
		defer mu.Unlock()
		addReaders(shared, repo, known)
		return found
	})
	for _, p := range shared {
		slices.Sort(p.usedBy)
	}
	return append(shared, places...), err
}

// addReaders notes which workflows of a repository read the organization's secrets.
func addReaders(shared []*spot, repo github.Repository, known remote) {
	uses := known.workflows.HexSecrets()
	for _, p := range shared {
		if p.err != nil {
			continue
		}
		p.readErr = firstError(p.readErr, known.err)
		for _, file := range usersOf(p, known.workflows, uses) {
			p.usedBy = append(p.usedBy, repo.FullName()+":"+file)
		}
	}
}

// describe settles the status of every place. A place that could not be listed is unknown, never empty.
func (r *statusRun) describe(ctx context.Context, found []*spot) {
	var wg sync.WaitGroup
	for _, p := range found {
		if p.err != nil {
			p.status, p.reason = "unknown", withHint(p.err)
			continue
		}
		p.status = "set"
		if p.store.Level == github.LevelOrganization && p.entry.Visibility == "" {
			wg.Go(func() { // only the organization's own listing tells who sees it
				if e, err := r.client.Secret(ctx, p.store, p.entry.Name); err == nil {
					p.entry.Visibility = e.Visibility
				}
			})
		}
	}
	wg.Wait()
}

// unknownPlaces is exit code 3 when a place could not be listed.
func unknownPlaces(found []*spot) int {
	if slices.ContainsFunc(found, func(p *spot) bool { return p.err != nil }) {
		return exitUnknown
	}
	return exitOK
}

func (r *statusRun) show(found []*spot) error {
	if r.export.asked() {
		rows := make([]placeResult, len(found))
		for i, p := range found {
			rows[i] = p.result()
		}
		return r.export.write(r.streams, rows)
	}
	if len(found) == 0 && r.org != "" {
		r.say("No Hex secret is stored in a place of %s that this login sees.", r.org)
		return nil
	}
	if len(found) == 0 {
		r.say("No Hex secret is stored where this repository can see it. Store one with: gh hex auth")
		return nil
	}
	return r.printPlaces(found)
}

func (r *statusRun) printPlaces(found []*spot) error {
	c := columns{titles: []string{"SECRET", "APP", "LEVEL", "NAME", "UPDATED", "USED BY"}, whole: []string{"UPDATED"}}
	rows := make([][]string, len(found))
	for i, p := range found {
		row := p.result()
		rows[i] = []string{safe(row.Secret), string(row.App), levelOf(p), safe(row.Name), r.updated(p), safe(usage(p))}
		if r.org != "" {
			rows[i] = slices.Insert(rows[i], 0, safe(row.Repository))
		}
	}
	if r.org != "" {
		c.titles = slices.Insert(c.titles, 0, "REPOSITORY")
	}
	return r.table(c, rows)
}

func levelOf(p *spot) string {
	if p.entry.Visibility != "" {
		return fmt.Sprintf("%s (%s)", p.store.Level, safe(p.entry.Visibility))
	}
	return string(p.store.Level)
}

// updated is a relative time on a terminal, an exact one elsewhere.
func (r *statusRun) updated(p *spot) string {
	switch {
	case p.err != nil:
		return p.status
	case r.outTTY:
		return ago(p.entry.UpdatedAt, r.now())
	}
	return p.entry.UpdatedAt.Format(time.RFC3339)
}

// usage says what reads a place's secret.
func usage(p *spot) string {
	switch {
	case p.err != nil:
		return p.reason
	case len(p.usedBy) == 1:
		return p.usedBy[0]
	case len(p.usedBy) > 1:
		return fmt.Sprintf("%s and %d more", p.usedBy[0], len(p.usedBy)-1)
	case p.store.App == github.Codespaces:
		return "codespaces, not workflows"
	case p.store.App == github.Agents:
		return "agents, not workflows"
	case p.readErr != nil:
		return "cannot tell: " + p.readErr.Error()
	case p.packages != nil:
		return fmt.Sprintf("hex.pm, another vendor (%s:%d)", p.packages.File, p.packages.Line)
	}
	return "nothing reads it"
}

// localToken is what Hex says of the token on this machine.
type localToken struct {
	owner  core.Identity
	report check.Report
}

// judgeLocal asks Hex about the token on this machine while GitHub is asked about the places. The function that it
// returns waits for the answer. With --json, which has no place for it, nothing is asked.
func (r *statusRun) judgeLocal(ctx context.Context) func() localToken {
	if r.export.asked() || r.settings.token.IsZero() && r.settings.tokenErr == nil {
		return func() localToken { return localToken{} }
	}
	answer := make(chan localToken, 1)
	go func() {
		owner, report := core.Verify(ctx, core.TokenInput{
			Token: r.settings.token, TokenErr: r.settings.tokenErr, TokenSource: r.settings.tokenSource, Advice: advice(r.settings.replace),
			Host: r.settings.host, HostErr: r.settings.hostErr, HostSource: r.settings.hostSource,
			Options: r.clientOptions(), Now: r.now,
		})
		answer <- localToken{owner, report}
	}()
	return func() localToken { return <-answer }
}

// printLocal says what is known of the token on this machine, and returns what that means for the exit code.
func (r *statusRun) printLocal(local localToken) int {
	for _, note := range r.settings.notes {
		r.say("%s %s", r.yellow("!"), note)
	}
	if r.settings.token.IsZero() && r.settings.tokenErr == nil {
		r.say("No Hex token on this machine. To keep one here: gh hex auth login, or set HEX_API_TOKEN")
		return exitOK
	}
	r.say("%s", capitalised(local.report.Of("token-present").Message))
	if local.report.Of("token-accepted").Status == check.StatusOK {
		r.say("%s %s", icon(r.streams, check.StatusOK), local.owner.Describe())
		return exitOK
	}
	var judged check.Report
	for _, id := range []string{"token-format", "workspace-url", "token-accepted"} {
		res := local.report.Of(id)
		if res.Status != check.StatusError && res.Status != check.StatusUnknown {
			continue
		}
		judged = append(judged, res)
		r.say("%s %s", icon(r.streams, res.Status), res.Message)
		r.say("  %s %s", r.gray("fix:"), res.Fix)
	}
	return exitCode(judgeReport(judged, false))
}
