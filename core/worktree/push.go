package worktree

import (
	"context"
	"slices"
	"strings"
)

// Unpushed tells whether a commit that is reachable from HEAD, and that the remote did not have when git last asked it,
// touches one of paths; deleting counts. An empty remote stands for all remotes.
func (t *Tree) Unpushed(ctx context.Context, remote string, paths ...string) (bool, error) {
	args := append([]string{"--literal-pathspecs", "rev-list", "--max-count=1", "HEAD", "--not", remoteRefs(remote), "--"}, paths...)
	out, err := t.git.line(ctx, t.root, args...)
	return out != "", t.orUnborn(ctx, err)
}

// orUnborn makes nothing of a failure of git for which there is this reason: nothing is committed yet.
func (t *Tree) orUnborn(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if _, unborn := t.Resolve(ctx, "HEAD"); unborn != nil {
		return failure(unborn)
	}
	return err
}

// escapeGlob makes a remote's name stand for itself where git takes a pattern.
func escapeGlob(name string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(name)
}

// CredentialHelper is the last program that git is configured to ask for the credentials of a URL; empty for none.
func (t *Tree) CredentialHelper(ctx context.Context, url string) (string, error) {
	settings, err := t.settings(ctx)
	if err != nil || !slices.ContainsFunc(settings, func(s setting) bool { return s.section == "credential" }) {
		return "", err
	}
	helper, err := t.git.line(ctx, t.root, "config", "--get-urlmatch", "credential.helper", url)
	return helper, failure(err)
}
