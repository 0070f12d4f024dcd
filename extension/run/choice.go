package run

import (
	"context"
	"fmt"
	"slices"

	"github.com/cli/go-gh/v2/pkg/text"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

// maxOffered bounds the runs of a choice: the newest ones.
const maxOffered = 100

// everyRun and goingOn say which runs a command may be about.
func everyRun(core.ProjectRun) bool { return true }

func goingOn(run core.ProjectRun) bool { return !run.Status.Ended() }

// settleRun completes what the arguments name: on a terminal a project and a run that were left out are chosen from lists.
func settleRun(ctx context.Context, w *workspace.Workspace, r *workspace.Reference, among func(core.ProjectRun) bool) error {
	if err := w.Settle(ctx, r, false); err != nil || r.Run != "" {
		return err
	}
	var page core.RunPage
	err := w.Read(ctx, "Listing the runs", func(ctx context.Context, _ func(int)) (err error) {
		page, err = w.Client.Runs(ctx, r.Project, core.RunListOptions{Limit: maxOffered})
		return err
	})
	if err != nil {
		return err
	}
	if len(page.Runs) == 0 {
		return command.Hinted(fmt.Sprintf("project %s has no run", r.Project), "Start one with: gh hex run start "+r.Project)
	}
	runs := slices.DeleteFunc(page.Runs, func(run core.ProjectRun) bool { return !among(run) })
	if len(runs) == 0 {
		return command.Hinted(fmt.Sprintf("none of the latest runs of project %s is going on", r.Project), "See them with: gh hex run list "+r.Project)
	}
	w.Forget()
	i, err := w.Choose("Which run?", runLabels(w, runs))
	if err == nil {
		r.Run = runs[i].RunID
	}
	return err
}

// runLabels tell runs from each other, on a terminal of 80 columns.
func runLabels(w *workspace.Workspace, runs []core.ProjectRun) []string {
	labels := make([]string, len(runs))
	for i, run := range runs {
		labels[i] = fmt.Sprintf("%s  %s  %s", text.PadRight(9, console.Word(string(run.Status))), text.PadRight(15, w.When(run.StartTime)), run.RunID)
	}
	return labels
}
