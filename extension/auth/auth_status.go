package auth

import (
	"cmp"
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
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/inspect"
	"github.com/gh-hex/gh-hex/extension/places"
	"github.com/gh-hex/gh-hex/extension/report"
	"github.com/gh-hex/gh-hex/extension/target"
	"github.com/gh-hex/gh-hex/extension/workflow"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

type statusOptions struct {
	*command.Process
	export  *command.Exporter
	repo    string
	org     string
	timeout time.Duration
}

func newAuthStatusCmd(p *command.Process) *cobra.Command {
	o := &statusOptions{Process: p}
	cmd := &cobra.Command{
		Use:        "status",
		SuggestFor: []string{"whoami", "secrets", "list", "me", "account"},
		Short:      "Show where Hex secrets are stored, and the token on this machine",
		Long: heredoc.Doc(`
			Show every place where a Hex secret of this repository is stored, when it was
			last set and which workflows read it, and the token on this machine. With --org,
			the same for every repository of an organization, by its workflows on GitHub.

			It looks into the repository's secrets for Actions, Dependabot, Codespaces and
			agents, those of its environments, and those of the organization.

			GitHub never shows a stored value. When a stored token expires, and whether
			somebody replaced it since, is known from the variable that gh hex auth writes
			beside it; gh hex verify --stored tells whether Hex still accepts it.`),
		Example: command.Example(`
			# List the Hex secrets of this repository
			$ gh hex auth status

			# List those of an organization that nothing reads
			$ gh hex auth status --org octo --json repository,name,app,secret,usedBy --jq '.[] | select(.usedBy == [])'
		`),
		Args: command.NoArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.repo, _ = cmd.Flags().GetString("repo")
			if err := o.check(cmd.Flags().Changed); err != nil {
				return err
			}
			return runStatus(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVarP(&o.org, "org", "o", "", "Look into every repository of this `organization`")
	cmd.Flags().DurationVar(&o.timeout, "timeout", time.Hour, "Give up after this `duration`, waiting for rate limits included")
	o.export = command.AddExport(cmd, places.PlaceFields())
	return cmd
}

func (o *statusOptions) check(given func(flag string) bool) error {
	switch {
	case given("org") && !github.IsOwner(o.org):
		return command.InvalidArgument("org", o.org, errors.New("the name of an organization is needed"))
	case given("org") && given("repo"):
		return errors.New("specify only one of `--org` or `--repo`")
	}
	return command.CheckTimeout(o.timeout)
}

// statusRun is one gh hex auth status at work.
type statusRun struct {
	*statusOptions
	*places.Search
	progress *console.Progress
	target   target.Repository
	tree     *worktree.Tree // of the repository
	settings workspace.Settings
	repo     github.Repository
	note     string // on what could not be listed
}

func runStatus(ctx context.Context, o *statusOptions) error {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	r := &statusRun{statusOptions: o, progress: o.NewProgress(o.Now)}
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
	if r.note != "" {
		r.Say("%s", r.note)
	}
	code := command.ExitOK
	if !o.export.Asked() && !errors.Is(err, console.ErrCancelled) {
		var local localToken
		if err := r.Interruptible(ctx, "Asking Hex about the token", func(ctx context.Context) error {
			local = judged(ctx)
			return nil
		}); err != nil {
			return err
		}
		code = r.printLocal(local)
	}
	if err != nil {
		return inspect.Unanswered(err)
	}
	if code = command.Worst(code, unknownPlaces(places)); code != command.ExitOK {
		return command.Outcome(code)
	}
	return nil
}

// locate finds out what is asked about.
func (r *statusRun) locate(ctx context.Context) error {
	tree, err := workspace.OpenTree(ctx, r.Process)
	if err != nil {
		return err
	}
	host := ""
	if r.org != "" {
		host, _ = auth.DefaultHost()
	} else {
		r.target, err = target.Resolve(ctx, r.Process, r.statusOptions.repo, tree)
		host, r.tree = r.target.Host, treeOf(r.target, tree)
	}
	if err != nil {
		return err
	}
	r.settings = workspace.Find(ctx, r.Process, tree, "")
	options := workspace.GitHubOptions(r.statusOptions.Process)
	if r.org != "" {
		options.Limited, options.Paced = r.progress.Limit, true
	}
	client, err := github.NewClient(host, options)
	r.Search = &places.Search{Client: client, Looked: func(n, of int64) {
		r.progress.Show("Looked into %d of %s", n, console.Counted(int(of), "repository", "repositories"))
	}}
	return err
}

// gather finds all places and what is to be said of them. Ctrl-C ends it.
func (r *statusRun) gather(ctx context.Context) (found []*places.Place, err error) {
	err = r.While(ctx, r.progress, func(ctx context.Context) (err error) {
		r.progress.Show("Looking into %s", cmp.Or(r.org, r.target.String()))
		if found, err = r.find(ctx); console.Cancelled(ctx) == nil {
			r.describe(ctx, found)
		}
		return err
	})
	if errors.Is(err, console.ErrCancelled) || console.Cancelled(ctx) != nil {
		return nil, console.ErrCancelled
	}
	return found, err
}

func (r *statusRun) find(ctx context.Context) ([]*places.Place, error) {
	if r.org != "" {
		return r.findOrganization(ctx)
	}
	repo, err := r.Client.Repository(ctx, r.target.Owner, r.target.Name)
	if err != nil {
		return nil, err
	}
	r.repo = repo
	known := r.ownWorkflows(ctx)
	names := readNames(known.Workflows)
	r.Search.Also = func(name string) bool { return slices.Contains(names, strings.ToUpper(name)) }
	r.Search.Local = func(context.Context, github.Repository) *inspect.Remote { return &known }
	var own, shared []*places.Place
	var hidden []github.App
	var wg sync.WaitGroup
	wg.Go(func() { own = r.Repository(ctx, repo) })
	wg.Go(func() { shared, hidden = r.Reaching(ctx, repo) })
	wg.Wait()
	r.note = places.HiddenNote(r.Client, repo.Owner, hidden)
	places := append(own, shared...)
	r.Readers(ctx, repo, places)
	return places, nil
}

// ownWorkflows are those of the work tree, else those on GitHub.
func (r *statusRun) ownWorkflows(ctx context.Context) inspect.Remote {
	if r.tree == nil {
		return inspect.ReadRemote(ctx, r.Client, r.repo.Owner, r.repo.Name, "")
	}
	return inspect.ReadHere(r.tree, workflow.ReadOptions{Ends: ctx})
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
func (r *statusRun) findOrganization(ctx context.Context) ([]*places.Place, error) {
	shared := r.Organization(ctx, r.org)
	reads := slices.ContainsFunc(shared, func(p *places.Place) bool { return p.Err == nil })
	var mu sync.Mutex
	places, err := r.EveryRepository(ctx, r.org, func(ctx context.Context, repo github.Repository) []*places.Place {
		found := r.Repository(ctx, repo)
		if !reads {
			r.Readers(ctx, repo, found)
			return found
		}
		known := r.Workflows(ctx, repo)
		r.Fill(known, found)
		mu.Lock()
		defer mu.Unlock()
		addReaders(shared, repo, known)
		return found
	})
	if errors.Is(err, github.ErrNotFound) && !reads && len(places) == 0 {
		return nil, err // there is no such organization
	}
	for _, p := range shared {
		slices.Sort(p.UsedBy)
	}
	return append(shared, places...), err
}

// addReaders notes which workflows of a repository read the organization's secrets.
func addReaders(shared []*places.Place, repo github.Repository, known inspect.Remote) {
	uses := known.Workflows.HexSecrets()
	for _, p := range shared {
		if p.Err != nil {
			continue
		}
		p.ReadErr = firstError(p.ReadErr, known.Err)
		for _, file := range places.UsersOf(p, known.Workflows, uses) {
			p.UsedBy = append(p.UsedBy, repo.FullName()+":"+file)
		}
	}
}

// describe settles the status of every place. A place that could not be listed is unknown, never empty.
func (r *statusRun) describe(ctx context.Context, found []*places.Place) {
	var wg sync.WaitGroup
	for _, p := range found {
		if p.Err != nil {
			p.Status, p.Reason = "unknown", inspect.WithHint(p.Err)
			continue
		}
		p.Status = "set"
		if p.At.Level == github.LevelOrganization && p.Entry.Visibility == "" {
			wg.Go(func() { // only the organization's own listing tells who sees it
				if e, err := r.Client.Secret(ctx, p.At, p.Entry.Name); err == nil {
					p.Entry.Visibility = e.Visibility
				}
			})
		}
	}
	wg.Go(func() { r.Remember(ctx, found) })
	wg.Wait()
}

// unknownPlaces is exit code 3 when a place could not be listed.
func unknownPlaces(found []*places.Place) int {
	if slices.ContainsFunc(found, func(p *places.Place) bool { return p.Err != nil }) {
		return command.ExitUnknown
	}
	return command.ExitOK
}

func (r *statusRun) show(found []*places.Place) error {
	if r.export.Asked() {
		rows := make([]places.PlaceResult, len(found))
		for i, p := range found {
			rows[i] = p.Result()
		}
		return r.export.Write(r.Streams, rows)
	}
	if len(found) == 0 && r.org != "" {
		r.Say("This login sees no Hex secret in %s.", r.org)
		return nil
	}
	if len(found) == 0 {
		r.Say("No Hex secret is stored for this repository. Store one with: gh hex auth")
		return nil
	}
	return r.printPlaces(found)
}

// printPlaces prints all that is known in a pipe. For people the place is one column, what it belongs to anyway is left out,
// and places that could not be listed are sentences of their own.
func (r *statusRun) printPlaces(found []*places.Place) error {
	if !r.OutTTY {
		return r.Table(r.records(found))
	}
	listed := slices.DeleteFunc(slices.Clone(found), func(p *places.Place) bool { return p.Err != nil })
	if len(listed) > 0 {
		c, rows := r.columns(listed, "")
		c.Whole = append(c.Whole, "USED BY")
		if !c.Fit(r.Width, rows) {
			c, rows = r.columns(listed, " +%d")
		}
		if err := r.Table(c, rows); err != nil {
			return err
		}
	}
	for _, why := range unlisted(found) {
		r.Print("%s %s", console.Icon(r.Streams, check.StatusUnknown), console.Capitalised(why))
	}
	return nil
}

// unlisted says why places could not be listed, each cause once: a permission that is missing is missing in many places.
func unlisted(found []*places.Place) []string {
	var causes []string
	told, same := map[string]bool{}, map[string][]error{}
	for _, p := range found {
		if p.Err == nil || told[p.Reason] {
			continue
		}
		told[p.Reason] = true
		cause := p.Err.Error()
		if e := (*github.Error)(nil); errors.As(p.Err, &e) {
			cause = fmt.Sprint(e.Status, e.Hint())
		}
		if same[cause] == nil {
			causes = append(causes, cause)
		}
		same[cause] = append(same[cause], p.Err)
	}
	var all []string
	for _, cause := range causes {
		err := same[cause][0]
		why := strings.TrimSuffix(err.Error(), ".")
		if n := len(same[cause]) - 1; n > 0 {
			why += "; nor " + console.Counted(n, "other place", "other places")
		}
		if next := command.Hint(err); next != "" {
			why += ". " + next
		}
		all = append(all, why)
	}
	return all
}

func (r *statusRun) records(found []*places.Place) (console.Columns, [][]string) {
	c := console.Columns{Titles: []string{"SECRET", "APP", "LEVEL", "NAME", "UPDATED", "USED BY"}}
	rows := make([][]string, len(found))
	for i, p := range found {
		row := p.Result()
		rows[i] = []string{console.Safe(row.Secret), string(row.App), levelOf(p), console.Safe(row.Name), r.updated(p), console.Safe(usage(p, " and %d more"))}
		if r.org != "" {
			rows[i] = slices.Insert(rows[i], 0, console.Safe(row.Repository))
		}
	}
	if r.org != "" {
		c.Titles = slices.Insert(c.Titles, 0, "REPOSITORY")
	}
	if hasRecord(found) {
		c.Titles = append(c.Titles, "EXPIRES")
		for i, p := range found {
			expires, here := r.expires(p)
			rows[i] = append(rows[i], strings.Join(slices.DeleteFunc([]string{expires, here}, func(s string) bool { return s == "" }), "; "))
		}
	}
	return c, rows
}

// columns are those of the table for people; more counts the workflows after the first, and without it all are named.
func (r *statusRun) columns(found []*places.Place, more string) (c console.Columns, rows [][]string) {
	c.Whole, c.Spare = []string{"SECRET"}, []string{"TOKEN HERE", "UPDATED", "EXPIRES"}
	if !slices.ContainsFunc(found, func(p *places.Place) bool { return p.Entry.Name != found[0].Entry.Name }) {
		c.Spare = slices.Insert(c.Spare, 1, "SECRET") // what is the same everywhere tells little
	}
	rows = make([][]string, len(found))
	for _, column := range []struct {
		title  string
		needed bool
		text   func(*places.Place) string
	}{
		{"REPOSITORY", r.org != "", func(p *places.Place) string { return p.Repo.Name }},
		{"SECRET", true, func(p *places.Place) string { return p.Entry.Name }},
		{"PLACE", true, placeOf},
		{"USED BY", true, func(p *places.Place) string {
			return strings.NewReplacer(".github/workflows/", "", p.At.Owner+"/", "").Replace(usage(p, more))
		}},
		{"UPDATED", true, r.updated},
		{"EXPIRES", hasRecord(found), func(p *places.Place) string { text, _ := r.expires(p); return text }},
		{"TOKEN HERE", hasRecord(found), func(p *places.Place) string {
			_, here := r.expires(p)
			return strings.TrimPrefix(here, inspect.TokenHere)
		}},
	} {
		if !column.needed {
			continue
		}
		c.Titles = append(c.Titles, column.title)
		for i, p := range found {
			rows[i] = append(rows[i], console.Safe(column.text(p)))
		}
	}
	return c, rows
}

func hasRecord(found []*places.Place) bool {
	return slices.ContainsFunc(found, func(p *places.Place) bool { return p.Record != nil })
}

// expires is what the record beside a secret says, as far as it still counts, and whether the token here is that one.
func (r *statusRun) expires(p *places.Place) (text, here string) {
	switch {
	case p.Record == nil:
		return "", ""
	case p.Replaced:
		return "replaced since", ""
	}
	text = cmp.Or(strings.TrimPrefix(p.Record.Expiry(r.Now()), "expires on "), "unknown")
	if p.Record.NeverExpires {
		text = "never"
	}
	return text, inspect.HereOrNot(*p.Record, r.settings.Token, p.At.Owner)
}

func levelOf(p *places.Place) string {
	if p.Entry.Visibility != "" {
		return fmt.Sprintf("%s (%s)", p.At.Level, console.Safe(p.Entry.Visibility))
	}
	return string(p.At.Level)
}

// placeOf names a place within its repository.
func placeOf(p *places.Place) string {
	switch {
	case p.At.Level == github.LevelEnvironment:
		return "environment " + p.At.Environment
	case p.At.Level == github.LevelOrganization:
		text := strings.TrimPrefix(p.At.String(), "Actions ")
		if p.Entry.Visibility != "" {
			text += " (" + p.Entry.Visibility + ")"
		}
		return text
	}
	return p.At.String()
}

// updated is a relative time on a terminal, an exact one elsewhere.
func (r *statusRun) updated(p *places.Place) string {
	switch {
	case p.Err != nil:
		return p.Status
	case r.OutTTY:
		return console.Age(p.Entry.UpdatedAt, r.Now())
	}
	return p.Entry.UpdatedAt.Format(time.RFC3339)
}

// usage says what reads a place's secret; more counts the files after the first, and without it all are named.
func usage(p *places.Place, more string) string {
	switch {
	case p.Err != nil:
		return p.Reason
	case len(p.UsedBy) == 1, len(p.UsedBy) > 1 && more == "":
		return strings.Join(p.UsedBy, ", ")
	case len(p.UsedBy) > 1:
		return p.UsedBy[0] + fmt.Sprintf(more, len(p.UsedBy)-1)
	case p.At.App == github.Codespaces:
		return "codespaces, not workflows"
	case p.At.App == github.Agents:
		return "agents, not workflows"
	case p.ReadErr != nil:
		return "cannot tell: " + p.ReadErr.Error()
	case p.Packages != nil:
		return fmt.Sprintf("hex.pm, another vendor (%s:%d)", p.Packages.File, p.Packages.Line)
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
func (r *statusRun) judgeLocal(ctx context.Context) func(context.Context) localToken {
	if r.export.Asked() || r.settings.Token.IsZero() && r.settings.TokenErr == nil {
		return func(context.Context) localToken { return localToken{} }
	}
	answer := make(chan localToken, 1)
	go func() {
		owner, report := core.Verify(ctx, core.TokenInput{
			Token: r.settings.Token, TokenErr: r.settings.TokenErr, TokenSource: r.settings.TokenSource, Advice: workspace.Advice(r.settings.Replace),
			Host: r.settings.Host, HostErr: r.settings.HostErr, HostSource: r.settings.HostSource,
			Options: workspace.ClientOptions(r.statusOptions.Process), Now: r.Now,
		})
		answer <- localToken{owner, report}
	}()
	return func(ctx context.Context) localToken {
		select {
		case local := <-answer:
			return local
		case <-ctx.Done():
			return localToken{}
		}
	}
}

// printLocal says what is known of the token on this machine, and returns what that means for the exit code.
func (r *statusRun) printLocal(local localToken) int {
	for _, note := range r.settings.Notes {
		r.Say("%s %s", r.Yellow("!"), note)
	}
	if r.settings.Token.IsZero() && r.settings.TokenErr == nil {
		r.Say("%s", console.Capitalised(inspect.WithHint(r.settings.TokenTrouble())))
		return command.ExitOK
	}
	r.Say("%s", console.Capitalised(local.report.Of("token-present").Message))
	if local.report.Of("token-accepted").Status == check.StatusOK {
		r.Say("%s %s", console.Icon(r.Streams, check.StatusOK), local.owner.Describe())
		return command.ExitOK
	}
	var judged check.Report
	for _, id := range []string{"token-format", "workspace-url", "token-accepted"} {
		res := local.report.Of(id)
		if res.Status != check.StatusError && res.Status != check.StatusUnknown {
			continue
		}
		judged = append(judged, res)
		r.Say("%s %s", console.Icon(r.Streams, res.Status), res.Message)
		r.Say("  %s %s", r.Gray("fix:"), res.Fix)
	}
	return command.ExitCode(report.Judge(judged, false))
}
