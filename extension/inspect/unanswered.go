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
	if unreachable(err) && !errors.Is(err, github.ErrUnauthorized) {
		return &unansweredError{err}
	}
	return err
}
