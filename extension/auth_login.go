package extension

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/MakeNowJust/heredoc"
	"github.com/spf13/cobra"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/scaffold"
	"github.com/gh-hex/gh-hex/core/worktree"
)

type loginOptions struct {
	*process
	withToken    bool
	workspaceURL string
	local        string
}

func newAuthLoginCmd(p *process) *cobra.Command {
	o := &loginOptions{process: p}
	cmd := &cobra.Command{
		Use:   "login",
		Short: "Verify a Hex token and keep it on this machine only",
		Long: heredoc.Doc(`
			Verify a Hex token and keep it on this machine only, in a repository or outside of
			one. GitHub is asked nothing, and no secret is touched.

			The token is read from standard input with --with-token, else from the environment
			variable HEX_API_TOKEN, else from a hidden prompt. It goes to the operating system's
			keyring, as the entry of its Hex host; with --local dotenv to .env at the top of the
			work tree, if git ignores that file.`),
		Example: example(`
			# Paste a token at the prompt
			$ gh hex auth login

			# Where there is no keyring
			$ gh hex auth login --local dotenv

			# Read it from a password manager, for a workspace in the EU
			$ op read op://data/hex/token | gh hex auth login --with-token --workspace-url eu.hex.tech
		`),
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return runLogin(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.withToken, "with-token", false, "Read the token from standard input")
	f.StringVar(&o.workspaceURL, "workspace-url", "", "The Hex host, as any `URL` of the workspace")
	enumVar(f, &o.local, "local", "", []string{"keyring", "dotenv"}, "Where to keep it: {} (default keyring)")
	hideRepo(f)
	return cmd
}

// keepError means that the token cannot be kept where it was to be; next is the command that keeps it elsewhere.
type keepError struct {
	err  error
	next string
}

func (e *keepError) Error() string { return "nothing was saved: " + e.err.Error() }
func (e *keepError) Unwrap() error { return e.err }
func (e *keepError) Hint() string  { return "Next: " + e.next }

// runLogin finds out first whether there is a place for the token, so that nobody pastes one in vain.
func runLogin(ctx context.Context, o *loginOptions) error {
	tree, err := openTree(ctx, o.process)
	if err != nil && o.local == "dotenv" {
		return err
	}
	found := findHostSettings(ctx, o.process, tree, o.workspaceURL)
	for _, note := range found.notes {
		o.say("%s %s", o.yellow("!"), note)
	}
	if err := found.hostTrouble(); err != nil {
		return err
	}
	if err := o.hasPlace(tree, found.host); err != nil {
		return err
	}
	token, how, err := o.readToken(o.withToken, found.host, "gh hex auth login")
	if err != nil {
		return ofLocalToken(err)
	}
	owner, err := o.accept(ctx, found, token, o.record)
	if err != nil {
		return ofLocalToken(err)
	}
	if how == fromEnvironment && o.canAsk() {
		yes, err := o.confirm(fmt.Sprintf("Keep the token in the environment variable %s (%s) on this machine?", tokenName, owner.Describe()), true)
		if err != nil || !yes {
			return errors.Join(errCancelled, err)
		}
	}
	if err := o.keep(ctx, tree, found.host, token); err != nil {
		return err
	}
	o.sayWhatIsFound(ctx, tree, found, token)
	return nil
}

func (o *loginOptions) hasPlace(tree *worktree.Tree, host core.Host) error {
	if o.local == "dotenv" {
		if tree == nil {
			return &keepError{errors.New("--local dotenv needs a work tree of git, at whose top .env is"), "gh hex auth login"}
		}
		return nil
	}
	if err := o.keyring(host).usable(keyringPatience); err != nil {
		return &keepError{err, "gh hex auth login --local dotenv"}
	}
	return nil
}

func (o *loginOptions) keep(ctx context.Context, tree *worktree.Tree, host core.Host, token core.Token) error {
	if o.local != "dotenv" {
		if err := o.keyring(host).set(token); err != nil {
			return &keepError{err, "gh hex auth login --local dotenv"}
		}
		o.record("ok", "Saved the token for %s in this machine's keyring", host.Name())
		return nil
	}
	change, err := scaffold.PlanDotenv(tree.Root(), tree.Git(ctx), nil, token.Reveal, scaffoldHost(host))
	if err == nil {
		err = scaffold.Apply(tree.Root(), []scaffold.Change{change})
	}
	if err != nil {
		return &keepError{err, "gh hex init, which has git ignore .env; then: gh hex auth login --local dotenv"}
	}
	o.record("ok", "%s: %s", change.Path, change.Describe())
	return nil
}

// sayWhatIsFound warns of what keeps the token from being found: another one that comes first, or another host.
func (o *loginOptions) sayWhatIsFound(ctx context.Context, tree *worktree.Tree, before settings, token core.Token) {
	now := findSettings(ctx, o.process, tree, "")
	switch {
	case now.hostErr == nil && now.host != before.host:
		o.say("%s Commands look for the token of %s. To use this one, set the host: export %s=%s", o.yellow("!"), now.host.Name(), hostName, before.host)
	case now.tokenErr != nil || !now.token.IsZero() && !now.token.Equal(token):
		o.say("%s Another token is found first, from %s", o.yellow("!"), now.tokenSource)
	default:
		o.say("Next: gh hex project list")
	}
}

// localTokenError is about the token on this machine, not about one to store: the next one stays here, too.
type localTokenError struct{ err error }

func (e *localTokenError) Error() string { return e.err.Error() }
func (e *localTokenError) Unwrap() error { return e.err }

func (e *localTokenError) Hint() string {
	return strings.Replace(hint(e.err), "gh hex auth", "gh hex auth login", 1)
}

func ofLocalToken(err error) error {
	var refused *core.TokenError
	var rejected *rejection
	if errors.As(err, &refused) || errors.As(err, &rejected) {
		return &localTokenError{err}
	}
	return err
}
