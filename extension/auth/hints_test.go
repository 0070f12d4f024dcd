package auth

import (
	"testing"

	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

func TestLogoutErrorHintsAtTheKeyring(t *testing.T) {
	want := "If the keyring is locked, unlock it, then run the command again; where there is none, there is nothing to remove"
	if got := command.Hint(&logoutError{workspace.ErrNoKeyring}); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
