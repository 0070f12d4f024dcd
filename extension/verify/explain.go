package verify

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/worktree"
	"github.com/gh-hex/gh-hex/docs"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/inspect"
	"github.com/gh-hex/gh-hex/extension/workflow"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

// runExplain shows the page of a check, or what every job of a workflow gets on each event.
func runExplain(ctx context.Context, o *verifyOptions) error {
	if slices.Contains(inspect.AllChecks(), o.explain) {
		o.Page(docs.Check(o.explain))
		if o.OutTTY {
			o.Verbatim("")
			o.Verbatim(docs.CheckURL(o.explain))
		}
		return o.Out.Err
	}
	if ext := filepath.Ext(o.explain); ext != ".yml" && ext != ".yaml" {
		return unknownCheck(o.explain)
	}
	tree, err := workspace.OpenTree(ctx, o.Process)
	if err != nil {
		return err
	}
	if tree == nil {
		return worktree.ErrNotRepository
	}
	rows, ok, err := inspect.New(ctx, o.Process, o.Scope, tree).Explain(filepath.Base(o.explain))
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("there is no %q in .github/workflows", filepath.Base(o.explain))
	}
	if o.OutTTY {
		listRuns(o.Process, rows)
		return o.Out.Err
	}
	var list [][]string
	for _, r := range rows {
		list = append(list, []string{core.Printable(r.Scenario), core.Printable(r.Job), core.Printable(r.Step), r.Runs, core.Printable(strings.Join(r.Gets, "; "))})
	}
	return o.Table(console.Columns{Titles: []string{"SCENARIO", "JOB", "STEP", "RUNS", "GETS"}}, list)
}

// listRuns is the table for a terminal, which would cut what a step gets.
func listRuns(p *command.Process, rows []workflow.Row) {
	runs := map[string]string{"yes": "runs", "maybe": "may run", "no": "does not run"}
	scenario := ""
	for _, r := range rows {
		if r.Scenario != scenario {
			scenario = r.Scenario
			p.Print("%s", scenario)
		}
		p.Print("  job %s, step %s: %s", r.Job, r.Step, console.Styled(runs[r.Runs]))
		for _, text := range r.Gets {
			p.Print("    %s", text)
		}
	}
}
