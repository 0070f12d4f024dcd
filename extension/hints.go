package extension

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/scaffold"
	"github.com/gh-hex/gh-hex/core/worktree"
)

// report prints an error and the next command to type. It is the only place that does.
func (p *process) report(err error) {
	var o outcome
	if err == nil || errors.As(err, &o) {
		return
	}
	if err == errCancelled { //nolint:errorlint // joined with another error, that one is worth showing
		return
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if line != errCancelled.Error() {
			// Line breaks are ours, tabs too; everything else in an error may come from outside.
			p.say("%s%s", styled(strings.Repeat("\t", len(line)-len(strings.TrimLeft(line, "\t")))), strings.TrimLeft(line, "\t"))
		}
	}
	// After Ctrl-C there is nothing to mend, but perhaps something that goes on.
	var start *startError
	if next := hint(err); next != "" && (!errors.Is(err, errCancelled) || errors.As(err, &start)) {
		p.say("%s", next)
	}
	var usage *usageError
	if errors.As(err, &usage) {
		p.say("")
		fmt.Fprint(p.err, usage.cmd.UsageString())
	}
}

// exitCode is what a command ends with. An error of ours that ends it otherwise than as a problem says so itself.
func exitCode(err error) int {
	var own interface {
		error
		ExitCode() int
	}
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errCancelled):
		return exitCancelled
	case errors.Is(err, core.ErrUnauthorized):
		return exitAuth
	case errors.As(err, &own):
		return own.ExitCode()
	case errors.Is(err, core.ErrWatchTimeout), errors.Is(err, worktree.ErrStalled):
		return exitUnknown
	}
	return exitProblem
}

// hint is the next command to type after an error.
func hint(err error) string {
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
		return "Mend the path, then run the command again"
	}
	return ""
}

// hinted makes an error that is the same wherever it happens, with the next command to type.
func hinted(text, hint string) error { return &hintedError{text, hint} }

type hintedError struct{ text, hint string }

func (e *hintedError) Error() string { return e.text }
func (e *hintedError) Hint() string  { return e.hint }

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
