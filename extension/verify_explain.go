package extension

import (
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/worktree"
	"github.com/gh-hex/gh-hex/docs"
	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/workflow"
)

// runExplain shows the page of a check, or what every job of a workflow gets on each event.
func runExplain(ctx context.Context, o *verifyOptions) error {
	if slices.Contains(allChecks(), o.explain) {
		fmt.Fprintln(o.out, docs.Check(o.explain))
		return o.out.err
	}
	tree, err := openTree(ctx, o.process)
	if err != nil {
		return err
	}
	if tree == nil {
		return worktree.ErrNotRepository
	}
	i := newInspection(ctx, o.process, o.scope, tree)
	var inv workflow.Inventory
	if !o.offline {
		known, err := i.inventory()
		if err != nil && !errors.Is(err, github.ErrNotFound) {
			return err
		}
		inv = i.kept(known)
	}
	name := path.Join(workflowFolder, filepath.Base(o.explain))
	rows, ok := workflow.Explain(i.workflows(), inv, workflow.Context{Dependabot: hasDependabot(i.tree)}, name)
	if !ok {
		return fmt.Errorf("%q is neither a check nor a workflow in %s; the checks are:\n%s", o.explain, workflowFolder, listedChecks())
	}
	var list [][]string
	for _, r := range rows {
		var row []string
		for _, field := range []string{r.Scenario, r.Job, r.Step, r.Runs, r.Gets} {
			row = append(row, core.Printable(strings.ReplaceAll(field, "\n", " ")))
		}
		list = append(list, row)
	}
	return o.table(columns{titles: []string{"SCENARIO", "JOB", "STEP", "RUNS", "GETS"}}, list)
}
