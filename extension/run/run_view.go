package run

import (
	"context"

	"github.com/MakeNowJust/heredoc"
	"github.com/spf13/cobra"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

type runViewOptions struct {
	*command.Process
	*workspace.Workspace
	export *command.Exporter

	run workspace.Reference
	web bool
}

func newRunViewCmd(p *command.Process) *cobra.Command {
	o := &runViewOptions{Process: p}
	cmd := &cobra.Command{
		Use:        "view {<project> <run> | <url>}",
		SuggestFor: []string{"show", "open"},
		Short:      "View a run",
		Long: heredoc.Doc(`
			View a run: its status, when it started and how long it took.

			Hex's API does not say why a run failed: open its page with --web.`),
		Example: command.Example(`
			# View a run
			$ gh hex run view 019f681a-1870-731d-bf1e-b82d136117fa 019f6a00-51c2-7000-8a1b-3d0f2c9be001

			# Open it in the browser
			$ gh hex run view 019f681a-1870-731d-bf1e-b82d136117fa 019f6a00-51c2-7000-8a1b-3d0f2c9be001 --web
		`),
		Args: command.AtMost(2),
		RunE: workspace.Run(p, &o.Workspace, func(args []string) (err error) {
			o.run, err = workspace.RunArguments(p, args)
			return err
		}, func(ctx context.Context) error { return runRunView(ctx, o) }),
	}
	cmd.Flags().BoolVarP(&o.web, "web", "w", false, "Open the run in the browser")
	o.export = command.AddExport(cmd, runFields())
	return cmd
}

func runRunView(ctx context.Context, o *runViewOptions) error {
	if err := settleRun(ctx, o.Workspace, &o.run, everyRun); err != nil {
		return err
	}
	var run core.ProjectRun
	err := o.Read(ctx, "Asking Hex about the run", func(ctx context.Context, _ func(int)) (err error) {
		run, err = o.Client.RunStatus(ctx, o.run.Project, o.run.Run)
		return err
	})
	switch {
	case err != nil:
		return err
	case o.web:
		return o.Open(run.RunURL)
	case o.export.Asked():
		return o.export.Write(o.Streams, run)
	}
	o.show(run)
	return nil
}

func (o *runViewOptions) show(run core.ProjectRun) {
	if o.OutTTY {
		o.Print("%s %s", statusIcon(o.Streams, run.Status), o.Bold(console.Word(string(run.Status))))
	}
	for _, line := range [][2]string{
		{"status", console.Word(string(run.Status))}, {"run", run.RunID}, {"project", run.ProjectID}, {"version", string(run.ProjectVersion)},
		{"trigger", console.Word(run.RunTrigger)}, {"started", o.When(run.StartTime)}, {"ended", o.When(run.EndTime)},
		{"elapsed", console.Took(elapsed(run, o.Now()))}, {"url", workspace.Link(run.RunURL)}, {"trace", run.TraceID},
	} {
		o.Detail(line[0], line[1], "status")
	}
}
