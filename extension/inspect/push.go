package inspect

import (
	"context"
	"slices"
	"strings"

	"github.com/cli/go-gh/v2/pkg/ssh"

	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/core/worktree"
	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/target"
)

// judgePush reports whether GitHub would refuse the next push: a classic token that pushes a changed workflow over https
// needs the scope workflow.
func (i *Inspection) judgePush(ctx context.Context) check.Result {
	if i.Tree == nil {
		return check.Leave(i.notHere(), i.notHere())
	}
	inv, err := i.inventory()
	if err != nil {
		return i.unlisted()
	}
	remote, found, err := i.pushRemote(ctx)
	if err != nil {
		return check.Unknown("cannot tell what a push would send: "+err.Error(), "")
	}
	if !found || !strings.HasPrefix(remote.PushURL, "https://") {
		return check.Skip("pushes do not go over https")
	}
	helper, err := i.Tree.CredentialHelper(ctx, "https://"+i.Target.Host)
	if err != nil || !strings.Contains(helper, "gh auth git-credential") && !strings.Contains(helper, `gh.exe" auth git-credential`) {
		return check.Skip("pushes do not use gh's login")
	}
	changed := i.Source != nil // a push is under way, and it changes workflows
	if !changed {
		changed, err = i.Tree.Unpushed(ctx, remote.Name, WorkflowFolder)
	}
	switch {
	case err != nil:
		return check.Unknown("cannot tell what a push would send: "+err.Error(), "")
	case !changed:
		return check.Skip("no unpushed commit changes a workflow")
	case !inv.Repository.Classic || slices.Contains(inv.Repository.Scopes, "workflow"):
		return check.OK("the login may push workflows")
	}
	return check.Fail("unpushed commits change workflows, and gh's login lacks the scope workflow: GitHub will refuse the push",
		"gh auth refresh"+github.HostFlag(i.Target.Host)+" -s workflow")
}

// pushRemote is the remote that leads to the target.
func (i *Inspection) pushRemote(ctx context.Context) (worktree.Remote, bool, error) {
	remotes, err := i.Tree.Remotes(ctx)
	for _, r := range remotes {
		repo, parseErr := target.ParseRemote(r.PushURL, []string{i.Target.Host}, ssh.NewTranslator())
		if parseErr == nil && (target.RemoteRepository{Repository: repo}).Is(i.Target.Repository) {
			return r, true, nil
		}
	}
	return worktree.Remote{}, false, err
}
