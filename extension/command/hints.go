package command

import (
	"cmp"
	"errors"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/scaffold"
	"github.com/gh-hex/gh-hex/core/worktree"
)

// Hint is the next command to type after an error.
func Hint(err error) string {
	return cmp.Or(ownHint(err), coreHint(err), hexHint(err))
}

// coreHint is for the errors of core, which knows no commands of ours.
func coreHint(err error) string {
	var path *scaffold.PathError
	var token *core.TokenError
	switch {
	case errors.As(err, &token) && token.Reference:
		return "" // the sentence names the way
	case errors.As(err, &token):
		return "Copy the token again, or create one in Hex (Settings → API keys → New Token), then run: gh hex auth"
	case errors.Is(err, worktree.ErrPushList):
		return "git runs this from its pre-push hook; to add one: gh hex init --hook"
	case errors.Is(err, worktree.ErrNotRepository):
		return "Change into a git repository, or name one with: -R [HOST/]OWNER/REPO"
	case errors.As(err, &path):
		return "Fix the path, then run the command again"
	}
	return ""
}

// Hinted makes an error that is the same wherever it happens, with the next command to type.
func Hinted(text, hint string) error { return &hintedError{text, hint} }

type hintedError struct{ text, hint string }

func (e *hintedError) Error() string { return e.text }

func (e *hintedError) Hint() string { return e.hint }

// ownHint is what the outermost of our errors that knows the next command to type says. An error of ours has its hint
// beside it; those of core do not know our commands.
func ownHint(err error) string {
	if e, ok := err.(interface{ Hint() string }); ok { //nolint:errorlint // one that has nothing to say leaves it to what it wraps
		if next := e.Hint(); next != "" {
			return next
		}
	}
	switch e := err.(type) { //nolint:errorlint // this walks through all that are wrapped
	case interface{ Unwrap() error }:
		return ownHint(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			if next := ownHint(inner); next != "" {
				return next
			}
		}
	}
	return ""
}
