package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/MakeNowJust/heredoc"
	"github.com/spf13/cobra"

	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

type tokenOptions struct {
	*command.Process
	workspaceURL string
}

func newAuthTokenCmd(p *command.Process) *cobra.Command {
	o := &tokenOptions{Process: p}
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Print the Hex token on this machine",
		Long: heredoc.Doc(`
			Print the Hex token on this machine on standard output, for pipes: from the
			environment variable HEX_API_TOKEN, else from .env.local or .env, else from the
			keyring entry of the Hex host.

			In GitHub Actions the runner is told to mask it first.`),
		Example: command.Example(`
			# Hand the token to another program
			$ gh hex auth token | other-program --token-stdin
		`),
		Args: command.NoArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return runToken(cmd.Context(), o) },
	}
	cmd.Flags().StringVar(&o.workspaceURL, "workspace-url", "", "The Hex host, as any `URL` of the workspace")
	command.HideRepo(cmd.Flags())
	return cmd
}

func runToken(ctx context.Context, o *tokenOptions) error {
	tree, err := workspace.OpenTree(ctx, o.Process)
	if err != nil {
		return err
	}
	found := workspace.Find(ctx, o.Process, tree, o.workspaceURL)
	for _, note := range found.Notes {
		o.Say("%s %s", o.Yellow("!"), note)
	}
	switch {
	case found.HostErr != nil:
		return found.HostTrouble()
	case found.TokenTrouble() != nil:
		return found.TokenTrouble()
	}
	o.Say("%s", o.Gray("The token from "+found.TokenSource))
	if o.InActions() {
		// On standard error, which the runner reads too: standard output may go to another program.
		fmt.Fprintf(console.Unmasked(o.Err), "::add-mask::%s\n", strings.ReplaceAll(found.Token.Reveal(), "%", "%25"))
	}
	_, err = fmt.Fprintln(console.Unmasked(o.Out), found.Token.Reveal())
	return err
}

type logoutOptions struct {
	*command.Process
	workspaceURL string
}

func newAuthLogoutCmd(p *command.Process) *cobra.Command {
	o := &logoutOptions{Process: p}
	cmd := &cobra.Command{
		Use:        "logout",
		SuggestFor: []string{"remove", "delete", "forget"},
		Short:      "Remove the Hex token from this machine's keyring",
		Long: heredoc.Doc(`
			Remove the keyring entry of the Hex host from this machine.

			Nothing on GitHub is touched, no file either, and the token itself stays valid:
			it is revoked in Hex, under Settings → API keys.`),
		Example: command.Example(`
			# Forget the token of the host in use
			$ gh hex auth logout

			# That of another host
			$ gh hex auth logout --workspace-url eu.hex.tech
		`),
		Args: command.NoArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return runLogout(cmd.Context(), o) },
	}
	cmd.Flags().StringVar(&o.workspaceURL, "workspace-url", "", "The Hex host, as any `URL` of the workspace")
	command.HideRepo(cmd.Flags())
	return cmd
}

// logoutError means that the keyring could not be asked to remove a token. Where to keep one instead is no answer to that.
type logoutError struct{ Err error }

func (e *logoutError) Error() string { return "nothing was removed: " + e.Err.Error() }

func (e *logoutError) Unwrap() error { return e.Err }

func (*logoutError) Hint() string {
	return "If the keyring is locked, unlock it, then run the command again; where there is none, there is nothing to remove"
}

func runLogout(ctx context.Context, o *logoutOptions) error {
	tree, err := workspace.OpenTree(ctx, o.Process)
	if err != nil {
		return err
	}
	found := workspace.FindHost(ctx, o.Process, tree, o.workspaceURL)
	if err := found.HostTrouble(); err != nil {
		return err
	}
	err = workspace.Keyring(o.Process, found.Host).Remove()
	if err == nil {
		o.Record("ok", "Removed the token for %s from the keyring", found.Host.Name())
	}
	if found.TokenSource != "" {
		o.Say("%s A token is still on this machine, from %s", o.Yellow("!"), found.TokenSource)
	}
	switch {
	case errors.Is(err, workspace.ErrNotInKeyring):
		return fmt.Errorf("nothing was removed: %w", err)
	case err != nil:
		return &logoutError{err}
	}
	return nil
}
