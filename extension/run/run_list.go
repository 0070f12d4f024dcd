package run

import (
	"context"
	"slices"
	"strings"

	"github.com/MakeNowJust/heredoc"
	"github.com/spf13/cobra"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

type runListOptions struct {
	*command.Process
	*workspace.Workspace
	export *command.Exporter

	project workspace.Reference
	limit   int
	status  string
	trigger string
}

func newRunListCmd(p *command.Process) *cobra.Command {
	o := &runListOptions{Process: p, trigger: "all"}
	cmd := &cobra.Command{
		Use:        "list [<project>]",
		SuggestFor: []string{"runs"},
		Aliases:    []string{"ls"},
		Short:      "List runs of a project, the newest first",
		Long: heredoc.Doc(`
			List runs of a project, the newest first: those started through the API, by a
			schedule, or by a refresh of the app.`),
		Example: command.Example(`
			# List the latest runs
			$ gh hex run list 019f681a-1870-731d-bf1e-b82d136117fa

			# List scheduled runs that failed
			$ gh hex run list 019f681a-1870-731d-bf1e-b82d136117fa --trigger scheduled --status errored
		`),
		Args: command.AtMost(1),
		RunE: workspace.Run(p, &o.Workspace, o.check, func(ctx context.Context) error { return runRunList(ctx, o) }),
	}
	f := cmd.Flags()
	f.IntVarP(&o.limit, "limit", "L", 20, "Maximum number of runs to list")
	command.EnumVar(f, &o.status, "status", "s", runStatuses(), "Only runs with this status: {}")
	command.EnumVar(f, &o.trigger, "trigger", "", []string{"api", "scheduled", "app_refresh", "all"}, "Only runs started by: {}")
	o.export = command.AddExport(cmd, runFields())
	return cmd
}

func (o *runListOptions) check(args []string) (err error) {
	o.project, err = workspace.ProjectArgument(o.Process, args)
	o.status, o.trigger = strings.ToUpper(o.status), strings.ToUpper(o.trigger)
	if err != nil {
		return err
	}
	return command.CheckLimit(o.limit)
}

// runStatuses are those that Hex can be asked for.
func runStatuses() []string {
	var names []string
	for _, s := range []core.RunStatus{core.RunPending, core.RunRunning, core.RunCompleted, core.RunErrored, core.RunKilled, core.RunNoKernel} {
		names = append(names, strings.ToLower(string(s)))
	}
	return names
}

func runRunList(ctx context.Context, o *runListOptions) error {
	if err := o.Settle(ctx, &o.project, false); err != nil {
		return err
	}
	runs := []core.ProjectRun{}
	filter := core.RunListOptions{Status: core.RunStatus(o.status), Trigger: o.trigger, Limit: o.limit}
	err := o.Read(ctx, "Listing the runs", func(ctx context.Context, soFar func(int)) error {
		for run, err := range o.Client.AllRuns(ctx, o.project.Project, filter) {
			if err != nil {
				return err
			}
			runs = append(runs, run)
			if soFar(len(runs)); len(runs) == o.limit {
				break
			}
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case o.export.Asked():
		return o.export.Write(o.Streams, runs)
	case len(runs) == 0:
		o.Say("No runs found.")
		return nil
	}
	return o.printTable(runs)
}

func (o *runListOptions) printTable(runs []core.ProjectRun) error {
	c := console.Columns{
		Titles: []string{"STATUS", "RUN", "TRIGGER", "VERSION", "STARTED", "ELAPSED"},
		Whole:  []string{"", "STATUS", "RUN"},
		Spare:  []string{"VERSION", "ELAPSED", "TRIGGER", "STARTED"},
	}
	rows := make([][]string, len(runs))
	for i, run := range runs {
		rows[i] = []string{console.Word(string(run.Status)), console.Safe(run.RunID), console.Word(run.RunTrigger), console.Safe(string(run.ProjectVersion)), o.Age(run.StartTime), console.Took(elapsed(run, o.Now()))}
	}
	if !o.OutTTY {
		return o.Table(c, rows)
	}
	c.Titles = slices.Insert(c.Titles, 0, "")
	for i, run := range runs {
		rows[i] = slices.Insert(rows[i], 0, string(statusIcon(o.Streams, run.Status)))
	}
	return o.Table(c, rows)
}
