package extension

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/MakeNowJust/heredoc"
	"github.com/spf13/cobra"
)

type tokenOptions struct {
	*process
	workspaceURL string
}

func newAuthTokenCmd(p *process) *cobra.Command {
	o := &tokenOptions{process: p}
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Print the Hex token on this machine",
		Long: heredoc.Doc(`
			Print the Hex token on this machine on standard output, for pipes: from the
			environment variable HEX_API_TOKEN, else from .env.local or .env, else from the
			keyring entry of the Hex host.

			In GitHub Actions the runner is told to mask it first.`),
		Example: example(`
			# Hand the token to another program
			$ gh hex auth token | other-program --token-stdin
		`),
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return runToken(cmd.Context(), o) },
	}
	cmd.Flags().StringVar(&o.workspaceURL, "workspace-url", "", "The Hex host, as any `URL` of the workspace")
	hideRepo(cmd.Flags())
	return cmd
}

func runToken(ctx context.Context, o *tokenOptions) error {
	tree, err := openTree(ctx, o.process)
	if err != nil {
		return err
	}
	found := findSettings(ctx, o.process, tree, o.workspaceURL)
	for _, note := range found.notes {
		o.say("%s %s", o.yellow("!"), note)
	}
	switch {
	case found.hostErr != nil:
		return found.hostTrouble()
	case found.tokenErr != nil:
		return ofLocalToken(fmt.Errorf("the token from %s cannot be used: %w", found.tokenSource, found.tokenErr))
	case found.token.IsZero():
		return &missingTokenError{fmt.Errorf("%w for %s", errNoLocalToken, found.host.Name())}
	}
	o.say("%s", o.gray("The token from "+found.tokenSource))
	if o.inActions() {
		// On standard error, which the runner reads too: standard output may go to another program.
		fmt.Fprintf(unmasked(o.err), "::add-mask::%s\n", strings.ReplaceAll(found.token.Reveal(), "%", "%25"))
	}
	_, err = fmt.Fprintln(unmasked(o.out), found.token.Reveal())
	return err
}

type logoutOptions struct {
	*process
	workspaceURL string
}

func newAuthLogoutCmd(p *process) *cobra.Command {
	o := &logoutOptions{process: p}
	cmd := &cobra.Command{
		Use:   "logout",
		Short: "Remove the Hex token from this machine's keyring",
		Long: heredoc.Doc(`
			Remove the keyring entry of the Hex host from this machine.

			Nothing on GitHub is touched, no file either, and the token itself stays valid: it
			is revoked in Hex, under Settings → API keys.`),
		Example: example(`
			# Forget the token of the host in use
			$ gh hex auth logout

			# That of another host
			$ gh hex auth logout --workspace-url eu.hex.tech
		`),
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return runLogout(cmd.Context(), o) },
	}
	cmd.Flags().StringVar(&o.workspaceURL, "workspace-url", "", "The Hex host, as any `URL` of the workspace")
	hideRepo(cmd.Flags())
	return cmd
}

// logoutError means that the keyring could not be asked to remove a token. Where to keep one instead is no answer to that.
type logoutError struct{ err error }

func (e *logoutError) Error() string { return "nothing was removed: " + e.err.Error() }
func (e *logoutError) Unwrap() error { return e.err }

func (*logoutError) Hint() string {
	return "Where there is no keyring there is nothing to remove; one that is locked: unlock it, then run the command again"
}

func runLogout(ctx context.Context, o *logoutOptions) error {
	tree, err := openTree(ctx, o.process)
	if err != nil {
		return err
	}
	found := findHostSettings(ctx, o.process, tree, o.workspaceURL)
	if err := found.hostTrouble(); err != nil {
		return err
	}
	err = o.keyring(found.host).remove()
	if err == nil {
		o.record("ok", "Removed the token for %s from the keyring", found.host.Name())
	}
	if found.tokenSource != "" {
		o.say("%s A token is still on this machine, from %s", o.yellow("!"), found.tokenSource)
	}
	switch {
	case errors.Is(err, errNotInKeyring):
		return fmt.Errorf("nothing was removed: %w", err)
	case err != nil:
		return &logoutError{err}
	}
	return nil
}
