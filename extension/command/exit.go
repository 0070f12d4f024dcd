package command

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/worktree"
	"github.com/gh-hex/gh-hex/extension/console"
)

// ExitCode is what a command ends with. An error of ours that ends it otherwise than as a problem says so itself.
func ExitCode(err error) int {
	var own interface {
		error
		ExitWith() int
	}
	switch {
	case err == nil:
		return ExitOK
	case errors.Is(err, console.ErrCancelled):
		return ExitCancelled
	case errors.Is(err, core.ErrUnauthorized):
		return ExitAuth
	case errors.As(err, &own):
		return own.ExitWith()
	case errors.Is(err, core.ErrWatchTimeout), errors.Is(err, worktree.ErrStalled):
		return ExitUnknown
	}
	return ExitProblem
}

// Outcome is the exit code of a command whose result says everything already.
type Outcome int

func (o Outcome) Error() string { return fmt.Sprintf("exit code %d", int(o)) }

func (o Outcome) ExitWith() int { return int(o) }

// Worst is the exit code that counts when several apply.
func Worst(codes ...int) int {
	for _, code := range []int{ExitCancelled, ExitProblem, ExitAuth, ExitUnknown} {
		if slices.Contains(codes, code) {
			return code
		}
	}
	return ExitOK
}

// The exit codes, as documented in the README.
const (
	ExitOK        = 0
	ExitProblem   = 1
	ExitCancelled = 2
	ExitUnknown   = 3
	ExitAuth      = 4
)
