package inspect

import (
	"errors"

	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/github"
)

// unansweredError is a failure of a service that leaves open what it would have said.
type unansweredError struct{ err error }

func (e *unansweredError) Error() string { return e.err.Error() }
func (e *unansweredError) Unwrap() error { return e.err }
func (e *unansweredError) ExitWith() int { return command.ExitUnknown }

// Unanswered gives such a failure the exit code of what could not be told.
func Unanswered(err error) error {
	var onGitHub *github.Error
	if errors.As(err, &onGitHub) && (onGitHub.Ambiguous() || onGitHub.RateLimited) {
		return &unansweredError{err}
	}
	return err
}
