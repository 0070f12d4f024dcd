package worktree

import (
	"context"
	"strings"
)

// DefaultBranch is the branch that git knows as the default one of the remote origin, else the one that is checked out;
// empty when HEAD is on none.
func (t *Tree) DefaultBranch(ctx context.Context) string {
	if name, err := t.git.line(ctx, t.root, "symbolic-ref", "--quiet", "refs/remotes/origin/HEAD"); err == nil {
		return strings.TrimPrefix(name, "refs/remotes/origin/")
	}
	name, err := t.git.line(ctx, t.root, "symbolic-ref", "--quiet", "HEAD")
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(name, "refs/heads/")
}
