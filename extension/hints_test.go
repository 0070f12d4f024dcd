package extension

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/worktree"
	"github.com/gh-hex/gh-hex/extension/github"
)

func TestErrorsHintAtTheNextCommand(t *testing.T) {
	busy := &core.APIError{Method: "POST", Path: "/projects/p/runs", Status: 503}
	for _, tt := range []struct {
		err  error
		want string
	}{
		{&noRunError{}, "Its runs: gh hex run list <project>"},
		{fmt.Errorf("look: %w", &noRunError{"p"}), "Its runs: gh hex run list p"},
		{&inputError{errors.New("no such file")}, "Check the file that --input, or -F with @, names"},
		{errors.Join(errors.New("something else"), errNoKeyring), "Keep the copy in .env with: --local dotenv, or keep none with: --local none"},
		{fmt.Errorf("%w: really", errNoLocalToken), "Set the environment variable HEX_API_TOKEN, or keep a token on this machine with: gh hex auth login (without a keyring: --local dotenv)"},
		{&logoutError{errNoKeyring}, "Where there is no keyring there is nothing to remove; one that is locked: unlock it, then run the command again"},
		{&foreignHostError{file: ".env"}, "If you log in to Hex there, set it in the environment (export HEX_WORKSPACE_URL=…); else take the line out of .env"},
		{&startError{"p", fmt.Errorf("%w: %w", core.ErrMaybeStarted, busy)}, "It is not started again by itself. See whether it runs: gh hex run list p"},
		{&startError{"p", busy}, "It may have taken effect: look before you repeat it"}, // it has nothing to say itself
		{&initPlaceError{worktree.ErrNotRepository}, "Change into a git repository, then run the command again"},
		{worktree.ErrNotRepository, "Change into a git repository, or name one with: -R [HOST/]OWNER/REPO"},
		{errors.New("of no kind"), ""},
	} {
		if got := hint(tt.err); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.err, got, tt.want)
		}
	}
}

// Who may not push is told which account that is, and how to change to another one.
func TestNoPushNamesTheAccount(t *testing.T) {
	accounts(t, "ada", "grace")
	err := &noPushError{"octo/analytics", &github.Error{Host: "github.com", Source: "oauth_token"}}
	if got := hint(err); !strings.Contains(got, "for the account ada") || !strings.Contains(got, "gh auth switch") {
		t.Error(got)
	}
}
