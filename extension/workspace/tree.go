package workspace

import (
	"context"
	"errors"

	"github.com/gh-hex/gh-hex/core/worktree"
	"github.com/gh-hex/gh-hex/extension/command"
)

// OpenTree opens the work tree around the current folder; outside of one it returns nil without an error.
func OpenTree(ctx context.Context, p *command.Process) (*worktree.Tree, error) {
	tree, err := worktree.Open(ctx, p.Dir)
	if errors.Is(err, worktree.ErrNotRepository) || errors.Is(err, worktree.ErrNoGit) {
		return nil, nil
	}
	return tree, err
}
