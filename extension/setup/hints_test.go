package setup

import (
	"testing"

	"github.com/gh-hex/gh-hex/core/worktree"
	"github.com/gh-hex/gh-hex/extension/command"
)

func TestInitNeedsAWorkTree(t *testing.T) {
	want := "Change into a git repository, then run the command again"
	if got := command.Hint(&initPlaceError{worktree.ErrNotRepository}); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
