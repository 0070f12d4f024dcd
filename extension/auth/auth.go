package auth

import (
	"context"
	"errors"

	"github.com/MakeNowJust/heredoc"
	"github.com/spf13/cobra"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/core/scaffold"
	"github.com/gh-hex/gh-hex/core/worktree"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/places"
	"github.com/gh-hex/gh-hex/extension/target"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

type authOptions struct {
	*command.Process
	export *command.Exporter

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

// NewCmd is gh hex auth with what stands below it.
func NewCmd(p *command.Process) *cobra.Command {
	o := &authOptions{Process: p}
	cmd := &cobra.Command{
		Use:        "auth",
		SuggestFor: []string{"secret", "store", "set", "add"},
		Short:      "Verify a Hex token and store it for this repository's workflows",
		Long: heredoc.Doc(`
			Verify a Hex token and store it where this repository's workflows read it.

			The token is read from standard input with --with-token, else from the
			environment variable HEX_API_TOKEN, else from a hidden prompt. Nothing is stored
			and no file is written unless Hex accepted it. The host is stored beside it as a
			variable, and .gitignore and .env.example are completed.

			Actions, Dependabot, Codespaces and agents read secrets of their own: --app
			names one or several of them. A job with an environment reads that environment's
			secret first (--env). An organization shares one secret with its repositories
			(--org).

			Before anything is stored, dry runs of the projects that the workflows run with
			this secret, or of --project, tell whether the token may run them. Where the
			workflows read the variable HEX_PROJECT_ID, or none uses Hex yet, and nobody has
			set it, a terminal offers the published projects for it.`),
		Example: command.Example(`
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

			# Store it for jobs that deploy, and for two repositories of an organization
			$ gh hex auth --env production
			$ gh hex auth --org octo --repos analytics,reports
		`),
		Args: command.NoArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.variableGiven = cmd.Flags().Changed("variable")
			if err := o.check(cmd.Flags().Changed); err != nil {
				return err
			}
			return runAuth(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	command.RepositoriesVar(f, &o.targets, "Store for this repository, as `[HOST/]OWNER/REPO` (repeatable)")
	f.BoolVar(&o.withToken, "with-token", false, "Read the token from standard input")
	f.StringVar(&o.secret, "secret", workspace.TokenName, "The `name` of the secret")
	f.StringVar(&o.variable, "variable", workspace.HostName, "The `name` of the variable that holds the host; empty for none")
	command.EnumListVar(f, &o.apps, "app", "a", places.AppNames(), "Store for these apps: {} (default actions)")
	f.StringVarP(&o.env, "env", "e", "", "Store in this deployment `environment` (actions only)")
	f.BoolVar(&o.createEnv, "create-env", false, "Create that environment when it is missing (default: asked on a terminal)")
	f.StringVarP(&o.org, "org", "o", "", "Store as a secret of this `organization`")
	command.EnumVar(f, &o.visibility, "visibility", "v", []string{"all", "private", "selected"}, "With --org, who sees it: {} (default private; one that exists keeps its own)")
	f.StringSliceVarP(&o.repos, "repos", "r", nil, "With --org, the selected `repositories`")
	f.StringVar(&o.workspaceURL, "workspace-url", "", "The Hex host, as any `URL` of the workspace")
	command.EnumVar(f, &o.local, "local", "", []string{"keyring", "dotenv", "none"}, "Store a copy on this machine: {} (default: asked on a terminal, else none)")
	f.BoolVar(&o.noScaffold, "no-scaffold", false, "Leave .gitignore and .env.example alone")
	f.BoolVar(&o.dryRun, "dry-run", false, "Verify, and show what would be stored and written; change nothing")
	f.BoolVar(&o.force, "force", false, "Replace a variable that has another value; store even if the secret looks like another vendor's or the token may not run what the workflows run")
	f.StringVar(&o.project, "project", "", "Also store the ID of this `project` as the variable HEX_PROJECT_ID")
	o.export = command.AddExport(cmd, []string{"secret", "repository", "host", "token", "stores", "variable", "variables", "files", "error"})
	cmd.AddCommand(newAuthLoginCmd(p), newAuthStatusCmd(p), newAuthTokenCmd(p), newAuthLogoutCmd(p))
	return cmd
}

func (o *authOptions) check(given func(flag string) bool) error {
	if err := command.CheckNames(&o.secret, &o.variable); err != nil {
		return err
	}
	return o.checkPlaces(given)
}

// authResult is what --json shows.
type authResult struct {
	Secret     string          `json:"secret"`
	Repository string          `json:"repository"`
	Host       string          `json:"host"`
	Token      tokenResult     `json:"token"`
	Places     []placeResult   `json:"stores"`
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

type placeResult struct {
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
		return o.Untouched(err, "stored")
	}
	found := workspace.FindHost(ctx, o.Process, all[0].source, o.workspaceURL)
	for _, note := range found.Notes {
		o.Say("%s %s", o.Yellow("!"), note)
	}
	if err := found.HostTrouble(); err != nil {
		return err
	}
	project, err := o.projectID(found.Host)
	if err != nil {
		return err
	}
	for _, s := range all {
		s.host, s.runs = found.Host, project
		o.Say("Storing for %s", s.label())
	}
	if err := all.each(func(s *storing) error { return s.refuseVendor(ctx) }); err != nil {
		return err
	}
	if err := o.settle(ctx, all, found); err != nil {
		return o.Untouched(err, "stored")
	}
	return all.carryOut(ctx)
}

// settle takes the token, and asks and decides everything that can be known before the first write.
func (o *authOptions) settle(ctx context.Context, all storings, found workspace.Settings) error {
	if err := all.each(func(s *storing) error { return s.settleStructured(ctx) }); err != nil {
		return err
	}
	var token core.Token
	var how workspace.TokenSource
	var owner core.Identity
	err := workspace.WithToken(o.Process, func(first bool) (_ workspace.TokenSource, err error) {
		if token, how, err = workspace.ReadToken(o.Process, o.withToken, found.Host, "gh hex auth", first); err != nil {
			return how, err
		}
		if owner, err = workspace.Accept(ctx, o.Process, found, token, how, "gh hex auth", o.tell); err != nil {
			err = all[0].explainRejection(ctx, err)
		}
		return how, err
	})
	if err != nil {
		return err
	}
	if err := o.confirmFound(how, owner, all); err != nil {
		return err
	}
	all.take(token, owner)
	return all.each(func(s *storing) error { return s.prepare(ctx, how) })
}

// projectID reads --project. A project on another host than the token's cannot be run with it.
func (o *authOptions) projectID(host core.Host) (string, error) {
	if o.project == "" {
		return "", nil
	}
	r, err := workspace.ProjectFlag(o.project)
	if err == nil && !r.Host.IsZero() && r.Host != host {
		err = &workspace.OtherHostError{Named: r.Host, Used: host}
	}
	return r.Project, err
}

// treeOf is the work tree when it is the target's own: the files of another repository are neither judged nor touched.
func treeOf(place target.Repository, tree *worktree.Tree) *worktree.Tree {
	if place.Here {
		return tree
	}
	return nil
}

// tell prints a line of the result: behind an icon on a terminal, behind the status and a tab in a pipe. With --json it
// is conversation.
func (o *authOptions) tell(status, format string, args ...any) {
	if o.export.Asked() {
		o.Say("%s "+format, append([]any{console.Icon(o.Streams, check.Status(status))}, args...)...)
		return
	}
	o.Record(status, format, args...)
}

// explainRejection adds what GitHub itself says of the host, since another region's host answers 401 too.
func (s *storing) explainRejection(ctx context.Context, err error) error {
	var r *workspace.Rejection
	if !errors.As(err, &r) || !r.Auth || s.variable == "" {
		return err
	}
	return places.ExplainHost(ctx, s.client, s.actionsPlace(), s.variable, s.host, s.label(), err)
}
