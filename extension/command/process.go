package command

import (
	"errors"
	"time"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/console"
)

// Version is stamped by the linker when a release is built.
var Version = "dev"

// Process is what a command gets from the process it runs in.
type Process struct {
	*console.Streams
	Getenv func(string) string
	Dir    string
	Now    func() time.Time
	// Patience is how long Hex or GitHub may take to answer one request; zero for what their clients take as their own.
	Patience time.Duration
}

// UserAgent names this program to Hex and GitHub.
func (p *Process) UserAgent() string { return "gh-hex/" + Version }

// InActions reports whether this is a job of GitHub Actions.
func (p *Process) InActions() bool { return p.Getenv("GITHUB_ACTIONS") == "true" }

// Untouched says of what was cancelled that nothing was done; done is "stored", or another such word.
func (p *Process) Untouched(err error, done string) error {
	if errors.Is(err, console.ErrCancelled) {
		p.Say("Nothing was %s.", done)
	}
	return err
}

// Age is how long ago something was, short enough for a table on a terminal; an exact time elsewhere.
func (p *Process) Age(t core.Timestamp) string {
	if p.OutTTY {
		return console.Age(t.Time, p.Now())
	}
	return p.When(t)
}

// When is a relative time on a terminal, an exact one elsewhere.
func (p *Process) When(t core.Timestamp) string {
	switch {
	case t.IsZero():
		return ""
	case p.OutTTY:
		return console.Ago(t.Time, p.Now())
	}
	return t.Format(time.RFC3339)
}
