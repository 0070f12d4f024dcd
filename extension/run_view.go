package extension

import (
	"context"

	"github.com/MakeNowJust/heredoc"
	"github.com/spf13/cobra"

	"github.com/gh-hex/gh-hex/core"
)

type runViewOptions struct {
	*process
	*workspace
	export *exporter

	run reference
	web bool
}

func newRunViewCmd(p *process) *cobra.Command {
	o := &runViewOptions{process: p}
	cmd := &cobra.Command{
		Use:   "view {<project> <run> | <url>}",
		Short: "View a run",
		Long: heredoc.Doc(`
			View a run: its status, when it started and how long it took.

			Hex's API does not say why a run failed: open its page with --web.`),
		Example: example(`
			# View a run
			$ gh hex run view 019f681a-1870-731d-bf1e-b82d136117fa 019f6a00-51c2-7000-8a1b-3d0f2c9be001

			# Open it in the browser
			$ gh hex run view 019f681a-1870-731d-bf1e-b82d136117fa 019f6a00-51c2-7000-8a1b-3d0f2c9be001 --web
		`),
		Args: atMost(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if o.run, err = p.runArguments(args); err != nil {
				return &usageError{err, cmd}
			}
			if o.workspace, err = openWorkspace(cmd, p); err != nil {
				return err
			}
			return runRunView(cmd.Context(), o)
		},
	}
	cmd.Flags().BoolVarP(&o.web, "web", "w", false, "Open the run in the browser")
	o.export = addExport(cmd, runFields())
	return cmd
}

func runRunView(ctx context.Context, o *runViewOptions) error {
	if err := o.reach(o.run); err != nil {
		return err
	}
	run, err := o.client.RunStatus(ctx, o.run.project, o.run.run)
	switch {
	case err != nil:
		return err
	case o.web:
		return o.open(run.RunURL)
	case o.export.asked():
		return o.export.write(o.streams, run)
	}
	o.show(run)
	return nil
}

func (o *runViewOptions) show(run core.ProjectRun) {
	if o.outTTY {
		o.print("%s %s", statusIcon(o.streams, run.Status), o.bold(word(string(run.Status))))
	}
	for _, line := range [][2]string{
		{"status", word(string(run.Status))}, {"run", run.RunID}, {"project", run.ProjectID}, {"version", string(run.ProjectVersion)},
		{"trigger", word(run.RunTrigger)}, {"started", o.when(run.StartTime)}, {"ended", o.when(run.EndTime)},
		{"elapsed", took(elapsed(run, o.now()))}, {"url", link(run.RunURL)}, {"trace", run.TraceID},
	} {
		o.detail(line[0], line[1], "status")
	}
}
