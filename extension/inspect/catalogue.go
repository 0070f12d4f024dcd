package inspect

import (
	"context"
	"slices"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/core/hook"
	"github.com/gh-hex/gh-hex/core/worktree"
	"github.com/gh-hex/gh-hex/extension/workflow"
)

// Catalogue lists every check, in the order of reports. They say what they are; to carry them out takes an inspection.
func Catalogue() []check.Check {
	none := (*Inspection)(nil)
	return slices.Concat(none.withStored(core.TokenChecks(core.TokenInput{})), none.gitHubChecks(), none.workflowChecks(), fileChecks(nil, worktree.LeakOptions{}, nil))
}

// withStored adds the check of the stored tokens to those of the one here, before those about projects.
func (i *Inspection) withStored(checks []check.Check) []check.Check {
	at := slices.IndexFunc(checks, func(c check.Check) bool { return c.ID == "scope-run" })
	return slices.Insert(checks, at, i.storedCheck())
}

// AllChecks are the IDs of all checks.
func AllChecks() []string {
	var ids []string
	for _, c := range Catalogue() {
		ids = append(ids, c.ID)
	}
	return ids
}

// gitHubChecks are about what GitHub stores.
func (i *Inspection) gitHubChecks() []check.Check {
	checks := []check.Check{
		{ID: "github-access", Title: "GitHub shows the repository", Run: func(context.Context) check.Result { return i.judgeAccess() }},
		{ID: "secret-stored", Title: "The Hex secret is stored", Run: func(context.Context) check.Result { return i.stored() }},
		i.workflowCheck(check.GroupGitHub, workflow.SecretAvailable, "Every job sees the secrets it reads"),
		i.workflowCheck(check.GroupGitHub, workflow.VariableAvailable, "Every job sees the variables it reads"),
		i.workflowCheck(check.GroupGitHub, workflow.EnvironmentExists, "The environments exist"),
		{ID: "push-scope", Title: "The login may push workflows", Run: i.judgePush},
		i.workflowCheck(check.GroupGitHub, workflow.SecretOnEvent, "The secret is there for every event"),
	}
	for n := range checks {
		checks[n].Group, checks[n].Network = check.GroupGitHub, true
		if n > 0 {
			checks[n].Needs = []string{checks[0].ID}
		}
	}
	return checks
}

// workflowChecks are about the texts of the workflows alone.
func (i *Inspection) workflowChecks() []check.Check {
	return []check.Check{
		i.workflowCheck(check.GroupWorkflows, workflow.Syntax, "GitHub can read the workflows"),
		i.workflowCheck(check.GroupWorkflows, workflow.SecretContext, "Secrets are used where GitHub provides them"),
		i.workflowCheck(check.GroupWorkflows, workflow.SecretPassed, "Called workflows get their secrets"),
		i.workflowCheck(check.GroupWorkflows, workflow.SecretDynamic, "Secrets are read by name"),
		i.workflowCheck(check.GroupHex, workflow.HexVendor, "The secret is not hex.pm's"),
		i.workflowCheck(check.GroupHex, workflow.TokenMapped, "The token reaches the steps that need it"),
		i.workflowCheck(check.GroupHex, workflow.HexAction, "Hex's action is used as its version allows"),
		i.workflowCheck(check.GroupHex, workflow.HexEndpoint, "Hex is called safely"),
	}
}

// workflowCheck is one of those that package workflow judges.
func (i *Inspection) workflowCheck(group check.Group, id, title string) check.Check {
	return check.Check{ID: id, Title: title, Group: group, Run: func(context.Context) check.Result {
		if r, known := i.judged()[id]; known {
			return r
		}
		return i.unlisted()
	}}
}

// fileChecks judge the files of the work tree, and the hook that git runs before a push from there.
func fileChecks(tree *worktree.Tree, o worktree.LeakOptions, used func() []string) []check.Check {
	return append(worktree.Checks(tree, "gh hex init", used), hook.Check(tree), worktree.LeakCheck(tree, o))
}
