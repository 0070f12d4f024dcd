package auth

import (
	"context"
	"errors"
	"fmt"

	"github.com/MakeNowJust/heredoc"
	"github.com/spf13/cobra"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/scaffold"
	"github.com/gh-hex/gh-hex/core/worktree"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

type loginOptions struct {
	*command.Process
	withToken    bool
	workspaceURL string
	local        string
}

func newAuthLoginCmd(p *command.Process) *cobra.Command {
	o := &loginOptions{Process: p}
	cmd := &cobra.Command{
		Use:   "login",
		Short: "Verify a Hex token and store it on this machine only",
		Long: heredoc.Doc(`
			Verify a Hex token and store it on this machine only, in a repository or outside
			of one. GitHub is asked nothing, and no secret is touched.

			The token is read from standard input with --with-token, else from the
			environment variable HEX_API_TOKEN, else from a hidden prompt. It goes to the
			operating system's keyring, as the entry of its Hex host; with --local dotenv to
			.env at the top of the work tree, if git ignores that file.`),
		Example: command.Example(`
			# Paste a token at the prompt
			$ gh hex auth login

			# Where there is no keyring
			$ gh hex auth login --local dotenv

			# Read it from a password manager, for a workspace in the EU
			$ op read op://data/hex/token | gh hex auth login --with-token --workspace-url eu.hex.tech
		`),
		Args: command.NoArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return runLogin(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.withToken, "with-token", false, "Read the token from standard input")
	f.StringVar(&o.workspaceURL, "workspace-url", "", "The Hex host, as any `URL` of the workspace")
	command.EnumVar(f, &o.local, "local", "", []string{"keyring", "dotenv"}, "Where to store it: {} (default keyring)")
	command.HideRepo(f)
	return cmd
}

// keepError means that the token cannot be kept where it was to be; next is the command that keeps it elsewhere.
type keepError struct {
	err  error
	next string
}

func (e *keepError) Error() string { return "nothing was stored: " + e.err.Error() }

func (e *keepError) Unwrap() error { return e.err }

func (e *keepError) Hint() string { return "Next: " + e.next }

// runLogin finds out first whether there is a place for the token, so that nobody pastes one in vain.
func runLogin(ctx context.Context, o *loginOptions) error {
	tree, err := workspace.OpenTree(ctx, o.Process)
	if err != nil && o.local == "dotenv" {
		return err
	}
	found := workspace.FindHost(ctx, o.Process, tree, o.workspaceURL)
	for _, note := range found.Notes {
		o.Say("%s %s", o.Yellow("!"), note)
	}
	if err := found.HostTrouble(); err != nil {
		return err
	}
	if err := o.hasPlace(tree, found.Host); err != nil {
		return err
	}
	token, err := o.takeToken(ctx, found)
	if err != nil {
		return o.Untouched(err, "stored")
	}
	if err := o.keep(ctx, tree, found.Host, token); err != nil {
		return err
	}
	o.sayWhatIsFound(ctx, tree, found, token)
	return nil
}

// takeToken reads a token that Hex accepts. One that nobody typed is asked about.
func (o *loginOptions) takeToken(ctx context.Context, found workspace.Settings) (token core.Token, err error) {
	var how workspace.TokenSource
	var owner core.Identity
	err = workspace.WithToken(o.Process, func(first bool) (_ workspace.TokenSource, err error) {
		if token, how, err = workspace.ReadToken(o.Process, o.withToken, found.Host, "gh hex auth login", first); err == nil {
			owner, err = workspace.Accept(ctx, o.Process, found, token, how, "gh hex auth login", o.Record)
		}
		return how, err
	})
	if err != nil {
		return token, err
	}
	if how == workspace.FromEnvironment && o.CanAsk() {
		yes, err := o.Confirm(fmt.Sprintf("Store the token from the environment variable %s (%s) on this machine?", workspace.TokenName, owner.Describe()), true)
		if err != nil || !yes {
			return token, errors.Join(console.ErrCancelled, err)
		}
	}
	return token, nil
}

func (o *loginOptions) hasPlace(tree *worktree.Tree, host core.Host) error {
	if o.local == "dotenv" {
		if tree == nil {
			return &keepError{errors.New("--local dotenv needs a git repository, since .env is at its top"), "gh hex auth login"}
		}
		return nil
	}
	if err := workspace.Keyring(o.Process, host).Usable(workspace.KeyringPatience); err != nil {
		return &keepError{err, "gh hex auth login --local dotenv"}
	}
	return nil
}

func (o *loginOptions) keep(ctx context.Context, tree *worktree.Tree, host core.Host, token core.Token) error {
	if o.local != "dotenv" {
		if err := workspace.Keyring(o.Process, host).Set(token); err != nil {
			return &keepError{err, "gh hex auth login --local dotenv"}
		}
		o.Record("ok", "Stored the token for %s in this machine's keyring", host.Name())
		return nil
	}
	change, err := scaffold.PlanDotenv(tree.Root(), tree.Git(ctx), nil, token.Reveal, workspace.ScaffoldHost(host))
	if err == nil {
		err = scaffold.Apply(ctx, tree.Root(), []scaffold.Change{change})
	}
	if err != nil {
		return &keepError{err, "gh hex init, which has git ignore .env; then: gh hex auth login --local dotenv"}
	}
	o.Record("ok", "%s: %s", change.Path, change.Describe())
	return nil
}

// sayWhatIsFound warns of what keeps the token from being found: another one that comes first, or another host.
func (o *loginOptions) sayWhatIsFound(ctx context.Context, tree *worktree.Tree, before workspace.Settings, token core.Token) {
	now := workspace.Find(ctx, o.Process, tree, "")
	switch {
	case now.HostErr == nil && now.Host != before.Host:
		o.Say("%s Commands use the token for %s. To use this one, set %s=%s in the environment", o.Yellow("!"), now.Host.Name(), workspace.HostName, before.Host)
	case now.TokenErr != nil || !now.Token.IsZero() && !now.Token.Equal(token):
		o.Say("%s Another token is found first, from %s", o.Yellow("!"), now.TokenSource)
	default:
		o.Say("Next: gh hex project list")
	}
}
