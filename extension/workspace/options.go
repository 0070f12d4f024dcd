package workspace

import (
	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/github"
)

func ClientOptions(p *command.Process) core.ClientOptions {
	return core.ClientOptions{UserAgent: p.UserAgent(), Transport: debugTransport(p), Patience: p.Patience}
}

func GitHubOptions(p *command.Process) github.Options {
	return github.Options{UserAgent: p.UserAgent(), Patience: p.Patience}
}
