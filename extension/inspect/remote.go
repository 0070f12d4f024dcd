package inspect

import (
	"context"

	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/workflow"
)

// Remote is what is known of the workflows of a repository that is not checked out here.
type Remote struct {
	Workflows *workflow.Workflows
	Err       error // they could not be read
}

// ReadRemote reads the workflows that stand on GitHub; secret is the name of the only one that is looked for, empty for
// every Hex token.
func ReadRemote(ctx context.Context, client *github.Client, owner, repo, secret string) Remote {
	files, err := client.Workflows(ctx, owner, repo)
	return Remote{workflow.Read(filesOf(files), workflow.ReadOptions{Ends: ctx, Secret: secret}), err}
}

func filesOf(onGitHub []github.File) []workflow.File {
	files := make([]workflow.File, len(onGitHub))
	for i, f := range onGitHub {
		files[i] = workflow.File{Path: f.Path, Data: f.Data}
	}
	return files
}
