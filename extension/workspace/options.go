package workspace

import (
	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/github"
)

// ClientOptions are for clients of Hex.
func ClientOptions(p *command.Process) core.ClientOptions {
	return core.ClientOptions{UserAgent: p.UserAgent(), Transport: debugTransport(p), Patience: p.Patience}
}

// GitHubOptions are for clients of GitHub.
func GitHubOptions(p *command.Process) github.Options {
	return github.Options{UserAgent: p.UserAgent(), Patience: p.Patience}
}
