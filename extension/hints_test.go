package extension

import (
	"errors"
	"fmt"
	"testing"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/worktree"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/run"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

func TestErrorsHintAtTheNextCommand(t *testing.T) {
	busy := &core.APIError{Method: "POST", Path: "/projects/p/runs", Status: 503}
	for _, tt := range []struct {
		err  error
		want string
	}{
		{&workspace.NoRunError{}, "Find one with: gh hex run list <project>"},
		{fmt.Errorf("look: %w", &workspace.NoRunError{Project: "p"}), "Find one with: gh hex run list p"},
		{&command.InputError{Err: errors.New("no such file")}, "Check the file that --input, or -F with @, names"},
		{errors.Join(errors.New("something else"), workspace.ErrNoKeyring), "Store the copy in .env with: --local dotenv, or none with: --local none"},
		{fmt.Errorf("%w: really", workspace.ErrNoLocalToken), "Next: gh hex auth login (without a keyring: --local dotenv), or set HEX_API_TOKEN"},
		{&workspace.ForeignHostError{File: ".env"}, "If you log in to Hex there, set HEX_WORKSPACE_URL in the environment; else delete that line in .env"},
		{&run.StartError{Project: "p", Err: fmt.Errorf("%w: %w", core.ErrMaybeStarted, busy)}, "It was not started again. To see whether it runs: gh hex run list p"},
		{&run.StartError{Project: "p", Err: busy}, "It may have taken effect: look before you repeat it"}, // it has nothing to say itself
		{worktree.ErrNotRepository, "Change into a git repository, or name one with: -R [HOST/]OWNER/REPO"},
		{&core.APIError{Method: "GET", Path: "/projects/p", Status: 404}, "Check the ID and the host. To list the projects that the token can see: gh hex project list"},
		{&core.APIError{Method: "GET", Path: "/users/nobody", Status: 404}, "Check the ID and the host (HEX_WORKSPACE_URL)"},
		{&core.APIError{Method: "DELETE", Path: "/projects/" + aProject + "/runs/" + aRun, Status: 422}, "To see the run: gh hex run view " + aProject + " " + aRun},
		{errors.New("of no kind"), ""},
	} {
		if got := command.Hint(tt.err); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.err, got, tt.want)
		}
	}
}
