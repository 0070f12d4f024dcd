package verify

import (
	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

// namedProjects reads what --project names.
func namedProjects(refs []string) ([]workspace.Reference, error) {
	var out []workspace.Reference
	for _, ref := range refs {
		id, host, err := core.ParseProjectRef(ref)
		if err != nil {
			return nil, command.InvalidArgument("project", console.Safe(ref), err)
		}
		out = append(out, workspace.Reference{Project: id, Host: host})
	}
	return out, nil
}
