package extension

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/MakeNowJust/heredoc"
	"github.com/spf13/cobra"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/core/scaffold"
	"github.com/gh-hex/gh-hex/core/worktree"
	"github.com/gh-hex/gh-hex/extension/github"
)

type authOptions struct {
	*process
	export *exporter

	targets      []string
	project      string
	withToken    bool
	secret       string
	variable     string
	apps         []string
	env          string
	createEnv    bool
	org          string
	visibility   string
	repos        []string
	workspaceURL string
	local        string
	noScaffold   bool
	dryRun       bool
	force        bool
	// variableGiven says that --variable was named.
	variableGiven bool
}

func newAuthCmd(p *process) *cobra.Command {
	o := &authOptions{process: p}
	cmd := &cobra.Command{
		Use:   "auth",
		Short: "Verify a Hex token and store it where this repository's workflows read it",
		Long: heredoc.Doc(`
			Verify a Hex token and store it where this repository's workflows read it.

			The token is read from standard input with --with-token, else from the environment
			variable HEX_API_TOKEN, else from a hidden prompt. Nothing is stored and no file is
			written unless Hex accepted it. The host is stored beside it as a variable, and
			.gitignore and .env.example are completed.

			Actions, Dependabot, Codespaces and agents read secrets of their own: --app names
			one or several of them. A job with an environment reads that environment's secret
			first (--env). An organization shares one secret with its repositories (--org).

			Before anything is stored, dry runs of the projects that the workflows run with this
			secret, or of --project, tell whether the token may run them.`),
		Example: example(`
			# Paste a token at the prompt
			$ gh hex auth

			# Read it from a password manager, for a workspace in the EU
			$ op read op://data/hex/token | gh hex auth --with-token --workspace-url eu.hex.tech

			# See what would be stored and written
			$ gh hex auth --dry-run

			# Store it for workflows and for those that Dependabot starts
			$ gh hex auth --app actions,dependabot

			# Store it for two repositories, and the project that they run by default
			$ gh hex auth -R octo/analytics -R octo/reports --project 019f681a-1870-731d-bf1e-b82d136117fa

			# Store it for the jobs that deploy, and for two repositories of an organization
			$ gh hex auth --env production
			$ gh hex auth --org octo --repos analytics,reports
		`),
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.variableGiven = cmd.Flags().Changed("variable")
			if err := o.check(cmd.Flags().Changed); err != nil {
				return &usageError{err, cmd}
			}
			return runAuth(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringArrayVarP(&o.targets, "repo", "R", nil, "Store for this repository, as `[HOST/]OWNER/REPO` (repeatable)")
	f.BoolVar(&o.withToken, "with-token", false, "Read the token from standard input")
	f.StringVar(&o.secret, "secret", tokenName, "The `name` of the secret")
	f.StringVar(&o.variable, "variable", hostName, "The `name` of the variable that holds the host; empty for none")
	enumListVar(f, &o.apps, "app", "a", appNames(), "Store for these apps: {} (default actions)")
	f.StringVarP(&o.env, "env", "e", "", "Store in this deployment `environment` (actions only)")
	f.BoolVar(&o.createEnv, "create-env", false, "Create that environment when it is missing (on a terminal: asked)")
	f.StringVarP(&o.org, "org", "o", "", "Store as a secret of this `organization`")
	enumVar(f, &o.visibility, "visibility", "v", []string{"all", "private", "selected"}, "With --org, who sees it: {} (default private; one that exists keeps its own)")
	f.StringSliceVarP(&o.repos, "repos", "r", nil, "With --org, the selected `repositories`")
	f.StringVar(&o.workspaceURL, "workspace-url", "", "The Hex host, as any `URL` of the workspace")
	enumVar(f, &o.local, "local", "", []string{"keyring", "dotenv", "none"}, "Keep a copy on this machine: {} (default: asked on a terminal, else none)")
	f.BoolVar(&o.noScaffold, "no-scaffold", false, "Leave .gitignore and .env.example alone")
	f.BoolVar(&o.dryRun, "dry-run", false, "Verify, and show what would be stored and written; change nothing")
	f.BoolVar(&o.force, "force", false, "Replace a variable that has another value; store although the secret looks like another vendor's, or the token may not run what the workflows run")
	f.StringVar(&o.project, "project", "", "Also store the ID of this `project` as the variable HEX_PROJECT_ID")
	o.export = addExport(cmd, []string{"secret", "repository", "host", "token", "stores", "variable", "variables", "files", "error"})
	cmd.AddCommand(newAuthLoginCmd(p), newAuthStatusCmd(p), newAuthTokenCmd(p), newAuthLogoutCmd(p))
	return cmd
}

func (o *authOptions) check(given func(flag string) bool) error {
	if err := checkNames(&o.secret, &o.variable); err != nil {
		return err
	}
	return o.checkStores(given)
}

// checkNames judges the names of the secret and of the variable, which may be empty for none, and turns them into GitHub's
// spelling.
func checkNames(secret, variable *string) error {
	if err := checkName(*secret); err != nil {
		return invalidArgument("secret", *secret, err)
	}
	if err := checkName(*variable); err != nil && *variable != "" {
		return invalidArgument("variable", *variable, err)
	}
	*secret, *variable = strings.ToUpper(*secret), strings.ToUpper(*variable)
	return nil
}

// checkName applies GitHub's rules for the names of secrets and variables.
func checkName(name string) error {
	for i, r := range name {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return errors.New("a name holds letters, digits and underscores, and does not start with a digit")
		}
	}
	if name == "" {
		return errors.New("a name is needed")
	}
	if strings.HasPrefix(strings.ToUpper(name), "GITHUB_") {
		return errors.New("GitHub keeps names that start with GITHUB_ to itself")
	}
	return nil
}

// missingTokenError means that there is no token to store.
type missingTokenError struct{ err error }

func (e *missingTokenError) Error() string { return e.err.Error() }
func (e *missingTokenError) Unwrap() error { return e.err }
func (*missingTokenError) ExitCode() int   { return exitAuth }

// authResult is what --json shows.
type authResult struct {
	Secret     string          `json:"secret"`
	Repository string          `json:"repository"`
	Host       string          `json:"host"`
	Token      tokenResult     `json:"token"`
	Stores     []storeResult   `json:"stores"`
	Variable   *variableResult `json:"variable"`
	Variables  []variablePlace `json:"variables"`
	Files      []fileResult    `json:"files"`
	Error      string          `json:"error"`
}

type tokenResult struct {
	Kind      core.Kind `json:"kind"`
	Owner     string    `json:"owner"`
	ExpiresAt *string   `json:"expiresAt"`
}

type storeResult struct {
	App    github.App   `json:"app"`
	Level  github.Level `json:"level"`
	Name   string       `json:"name"`
	Status string       `json:"status"`
	Error  string       `json:"error"`
}

type variableResult struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Status string `json:"status"`
	Error  string `json:"error"`
}

type fileResult struct {
	Path   string          `json:"path"`
	Action scaffold.Action `json:"action"`
}

// runAuth keeps the promise that nothing is stored or written unless Hex accepted the token: everything that can be
// known before is asked and decided first. Of several repositories each has a result of its own.
func runAuth(ctx context.Context, o *authOptions) error {
	all, err := o.locateAll(ctx)
	if err != nil {
		return err
	}
	found := findHostSettings(ctx, o.process, all[0].source, o.workspaceURL)
	for _, note := range found.notes {
		o.say("%s %s", o.yellow("!"), note)
	}
	if err := found.hostTrouble(); err != nil {
		return err
	}
	project, err := o.projectID(found.host)
	if err != nil {
		return err
	}
	for _, s := range all {
		s.host, s.runs = found.host, project
		o.say("Storing for %s", s.label())
	}
	if err := all.each(func(s *storing) error { return s.refuseVendor(ctx) }); err != nil {
		return err
	}
	token, how, err := o.readToken(o.withToken, found.host, "gh hex auth")
	if err != nil {
		return err
	}
	owner, err := o.accept(ctx, found, token, o.tell)
	if err != nil {
		return all[0].explainRejection(ctx, err)
	}
	if err := o.confirmFound(how, owner, all); err != nil {
		return err
	}
	all.take(token, owner)
	if err := all.each(func(s *storing) error { return s.prepare(ctx, how) }); err != nil {
		return err
	}
	return all.carryOut(ctx)
}

// projectID reads --project. A project on another host than the token's cannot be run with it.
func (o *authOptions) projectID(host core.Host) (string, error) {
	if o.project == "" {
		return "", nil
	}
	id, named, err := core.ParseProjectRef(o.project)
	switch {
	case err != nil:
		return "", invalidArgument("project", safe(o.project), err)
	case !named.IsZero() && named != host:
		return "", &otherHostError{named, host}
	}
	return id, nil
}

// treeOf is the work tree when it is the target's own: the files of another repository are neither judged nor touched.
func treeOf(place target, tree *worktree.Tree) *worktree.Tree {
	if place.here {
		return tree
	}
	return nil
}

// tokenSource tells how the token came in, which decides what is asked afterwards.
type tokenSource int

const (
	fromInput tokenSource = iota
	fromEnvironment
	fromPrompt
)

// readToken takes the token from standard input, the environment or a prompt; command is the one that was typed.
func (p *process) readToken(withToken bool, host core.Host, command string) (core.Token, tokenSource, error) {
	switch {
	case withToken:
		token, err := p.tokenFromInput()
		return token, fromInput, err
	case strings.TrimSpace(p.getenv(tokenName)) != "":
		token, err := parseToken(p.getenv(tokenName))
		return token, fromEnvironment, err
	case !p.canAsk():
		return core.Token{}, fromInput, &missingTokenError{errors.New("no Hex token: pipe it in with --with-token, or set the environment variable HEX_API_TOKEN")}
	}
	token, err := p.tokenFromPrompt(host, command+" --workspace-url HOST")
	return token, fromPrompt, err
}

func (p *process) tokenFromInput() (core.Token, error) {
	raw, err := io.ReadAll(io.LimitReader(p.in, 64<<10))
	if err != nil {
		return core.Token{}, fmt.Errorf("read the token from standard input: %w", err)
	}
	return parseToken(string(raw))
}

// tokenFromPrompt says first where to make a token; command is how to name another host.
func (p *process) tokenFromPrompt(host core.Host, command string) (core.Token, error) {
	p.say("Create a token at %s: Settings → API keys → New Token. Tick Projects: Read, and Projects: Run to start runs.", host)
	p.say("Your workspace is on another host? Press Ctrl-C and run: %s", command)
	raw, err := p.ask("Paste the token (it stays hidden):", true)
	if err != nil {
		return core.Token{}, err
	}
	return parseToken(raw)
}

// parseToken tells an empty input, which is a missing token, from one that is refused.
func parseToken(raw string) (core.Token, error) {
	token, err := core.ParseToken(raw)
	if refused := (*core.TokenError)(nil); errors.As(err, &refused) && refused.Empty() {
		return token, &missingTokenError{err}
	}
	return token, err
}

// rejection is a token that Hex did not accept, or of which it cannot be told.
type rejection struct{ check.Result }

func (r *rejection) Error() string { return r.Message }

func (r *rejection) Hint() string { return "Next: " + r.Fix }

func (r *rejection) ExitCode() int {
	if r.Auth {
		return exitAuth
	}
	return exitProblem
}

// accept asks Hex whose token it is and what it can read, and says so through tell.
func (p *process) accept(ctx context.Context, found settings, token core.Token, tell func(status, format string, args ...any)) (core.Identity, error) {
	var owner core.Identity
	var report check.Report
	err := p.interruptible(ctx, "Asking Hex about the token", func(ctx context.Context) error {
		owner, report = core.Verify(ctx, core.TokenInput{
			Token: token, Host: found.host, HostSource: found.hostSource,
			Advice: advice(storeAgain), Shared: true, Options: p.clientOptions(), Now: p.now,
		})
		return cancelled(ctx)
	})
	if err != nil {
		return owner, errCancelled
	}
	for _, id := range []string{"workspace-url", "token-accepted", "token-expiry"} {
		r := report.Of(id)
		if r.Status == check.StatusError || id == "token-accepted" && r.Status != check.StatusOK {
			if shape := report.Of("token-format"); r.Auth && shape.Status == check.StatusWarning {
				r.Message += "; besides, " + shape.Message // a part of it was copied, most likely
			}
			return owner, &rejection{r}
		}
	}
	if owner.Kind == "" {
		owner.Kind = token.Kind() // a host that does not tell
	}
	tell("ok", "Hex accepted the token: %s", owner.Describe())
	for _, id := range []string{"token-format", "token-expiry", "token-owner", "scope-read"} {
		r := report.Of(id)
		switch {
		case id == "scope-read" && r.Status == check.StatusOK:
			tell("ok", "%s", capitalised(r.Message))
		case r.Status == check.StatusOK || r.Status == check.StatusSkipped:
		default:
			// What the token cannot read is for the owner to judge: Hex accepted it.
			tell("warning", "%s", capitalised(r.Message))
			p.say("  %s %s", p.gray("fix:"), r.Fix)
		}
	}
	return owner, nil
}

// tell prints a line of the result: behind an icon on a terminal, behind the status and a tab in a pipe. With --json it
// is conversation.
func (o *authOptions) tell(status, format string, args ...any) {
	if o.export.asked() {
		o.say("%s "+format, append([]any{icon(o.streams, check.Status(status))}, args...)...)
		return
	}
	o.record(status, format, args...)
}

// explainRejection adds what GitHub itself says of the host, since another region's host answers 401 too.
func (s *storing) explainRejection(ctx context.Context, err error) error {
	var r *rejection
	if !errors.As(err, &r) || !r.Auth || s.variable == "" {
		return err
	}
	return explainHost(ctx, s.client, s.actionsStore(), s.variable, s.host, s.label(), err)
}

func explainHost(ctx context.Context, client *github.Client, store github.Store, variable string, host core.Host, label string, err error) error {
	v, lookup := client.Variable(ctx, store, variable)
	if lookup != nil {
		return err
	}
	named, parse := core.ParseHost(v.Value)
	if parse != nil || named == host {
		return err
	}
	return fmt.Errorf("%w\nThe variable %s of %s names another host. Is the token from there? Name it with: --workspace-url %s", err, variable, label, named)
}
