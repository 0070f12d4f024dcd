package places

import (
	"context"
	"fmt"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/github"
)

// ExplainHost adds to err, a rejected token, that the variable of a place names another host; err as it is when that is not
// so, or cannot be told.
func ExplainHost(ctx context.Context, client *github.Client, at github.Place, variable string, host core.Host, label string, err error) error {
	v, lookup := client.Variable(ctx, at, variable)
	if lookup != nil {
		return err
	}
	named, parse := core.ParseHost(v.Value)
	if parse != nil || named == host {
		return err
	}
	return fmt.Errorf("%w\nThe variable %s of %s names another host. Is the token from there? Name it with: --workspace-url %s", err, variable, label, named)
}
