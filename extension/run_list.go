package extension

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/MakeNowJust/heredoc"
	"github.com/spf13/cobra"

	"github.com/gh-hex/gh-hex/core"
)

type runListOptions struct {
	*process
	*workspace
	export *exporter

	project reference
	limit   int
	status  string
	trigger string
}

func newRunListCmd(p *process) *cobra.Command {
	o := &runListOptions{process: p, trigger: "all"}
	cmd := &cobra.Command{
		Use:     "list [<project>]",
		Aliases: []string{"ls"},
		Short:   "List runs of a project, the newest first",
		Long: heredoc.Doc(`
			List runs of a project, the newest first: those started through the API, by a
			schedule, or by a refresh of the app.`),
		Example: example(`
			# List the latest runs
			$ gh hex run list 019f681a-1870-731d-bf1e-b82d136117fa

			# List scheduled runs that failed
			$ gh hex run list 019f681a-1870-731d-bf1e-b82d136117fa --trigger scheduled --status errored
		`),
		Args: atMost(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			err := o.check(args)
			if err != nil {
				return &usageError{err, cmd}
			}
			if o.workspace, err = openWorkspace(cmd, p); err != nil {
				return err
			}
			return runRunList(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.IntVarP(&o.limit, "limit", "L", 20, "Maximum number of runs to list")
	enumVar(f, &o.status, "status", "s", runStatuses(), "Only runs with this status: {}")
	enumVar(f, &o.trigger, "trigger", "", []string{"api", "scheduled", "app_refresh", "all"}, "Only runs started by: {}")
	o.export = addExport(cmd, runFields())
	return cmd
}

func (o *runListOptions) check(args []string) (err error) {
	o.project, err = o.projectArgument(args)
	o.status, o.trigger = strings.ToUpper(o.status), strings.ToUpper(o.trigger)
	switch {
	case err != nil:
		return err
	case o.limit < 1:
		return fmt.Errorf("invalid limit: %d", o.limit)
	}
	return nil
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
	if err := o.reach(o.project); err != nil {
		return err
	}
	runs := []core.ProjectRun{}
	filter := core.RunListOptions{Status: core.RunStatus(o.status), Trigger: o.trigger, Limit: o.limit}
	for run, err := range o.client.AllRuns(ctx, o.project.project, filter) {
		if err != nil {
			return err
		}
		if runs = append(runs, run); len(runs) == o.limit {
			break
		}
	}
	switch {
	case o.export.asked():
		return o.export.write(o.streams, runs)
	case len(runs) == 0:
		o.say("No runs found.")
		return nil
	}
	return o.printTable(runs)
}

func (o *runListOptions) printTable(runs []core.ProjectRun) error {
	c := columns{
		titles: []string{"STATUS", "RUN", "TRIGGER", "VERSION", "STARTED", "ELAPSED"},
		whole:  []string{"", "STATUS", "RUN"},
		spare:  []string{"VERSION", "TRIGGER", "ELAPSED", "STARTED"},
	}
	rows := make([][]string, len(runs))
	for i, run := range runs {
		rows[i] = []string{word(string(run.Status)), safe(run.RunID), word(run.RunTrigger), safe(string(run.ProjectVersion)), o.when(run.StartTime), took(elapsed(run, o.now()))}
	}
	if !o.outTTY {
		return o.table(c, rows)
	}
	c.titles = slices.Insert(c.titles, 0, "")
	for i, run := range runs {
		rows[i] = slices.Insert(rows[i], 0, string(statusIcon(o.streams, run.Status)))
	}
	return o.table(c, rows)
}
