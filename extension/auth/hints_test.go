package auth

import (
	"testing"

	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

func TestLogoutErrorHintsAtTheKeyring(t *testing.T) {
	want := "Where there is no keyring there is nothing to remove; one that is locked: unlock it, then run the command again"
	if got := command.Hint(&logoutError{workspace.ErrNoKeyring}); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
