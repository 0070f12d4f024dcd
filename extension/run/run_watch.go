package run

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/MakeNowJust/heredoc"
	"github.com/spf13/cobra"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

type runWatchOptions struct {
	*command.Process
	*workspace.Workspace
	export *command.Exporter

	run      workspace.Reference
	interval time.Duration
	timeout  time.Duration
}

func newRunWatchCmd(p *command.Process) *cobra.Command {
	o := &runWatchOptions{Process: p}
	cmd := &cobra.Command{
		Use:        "watch {<project> <run> | <url>}",
		SuggestFor: []string{"wait", "follow", "logs"},
		Short:      "Watch a run until it ends",
		Long: heredoc.Doc(`
			Watch a run until it ends. The exit code is 0 only when it completed, 1 when it
			ended in any other way, and 3 when it goes on after the time-out.

			On a terminal a project or a run that is left out is chosen from a list. Ctrl-C
			asks whether the run is to be cancelled too.`),
		Example: command.Example(`
			# Watch a run
			$ gh hex run watch 019f681a-1870-731d-bf1e-b82d136117fa 019f6a00-51c2-7000-8a1b-3d0f2c9be001

			# Give up after ten minutes
			$ gh hex run watch 019f681a-1870-731d-bf1e-b82d136117fa 019f6a00-51c2-7000-8a1b-3d0f2c9be001 --timeout 10m
		`),
		Args: command.AtMost(2),
		RunE: workspace.Run(p, &o.Workspace, o.check, func(ctx context.Context) error { return runRunWatch(ctx, o) }),
	}
	cmd.Flags().DurationVarP(&o.interval, "interval", "i", defaultInterval, "Time between two requests to Hex, 5s or more")
	cmd.Flags().DurationVar(&o.timeout, "timeout", command.DefaultTimeout, "Give up after this `duration`; the run goes on")
	o.export = command.AddExport(cmd, runFields())
	return cmd
}

func (o *runWatchOptions) check(args []string) (err error) {
	o.run, err = workspace.RunArguments(o.Process, args)
	switch {
	case err != nil:
		return err
	case o.interval < defaultInterval:
		return command.InvalidArgument("interval", o.interval.String(), fmt.Errorf("Hex allows one request every %s", defaultInterval))
	}
	return command.CheckTimeout(o.timeout)
}

func runRunWatch(ctx context.Context, o *runWatchOptions) error {
	if err := settleRun(ctx, o.Workspace, &o.run, goingOn); err != nil {
		return err
	}
	a := command.NewActions(o.Process, o.export.Asked())
	w := &watcher{Process: o.Process, actions: a, project: o.run.Project, id: o.run.Run,
		interval: o.interval, timeout: o.timeout, quiet: o.export.Asked()}
	run, err := follow(ctx, o.Workspace, w)
	a.Output("run-id", o.run.Run)
	a.Output("run-url", workspace.Link(run.RunURL))
	return conclude(ctx, o.Workspace, a, run, err, o.export)
}

// follow watches a run on the terminal that there is.
func follow(ctx context.Context, w *workspace.Workspace, watch *watcher) (core.ProjectRun, error) {
	waiting := w.Wait(ctx)
	defer waiting.Close()
	watch.interrupts, watch.cooked = waiting.Done(), waiting.Cooked
	watch.sure = func() (bool, error) { return w.Confirm("Cancel the run in Hex too?", false) }
	watch.ask = func(ctx context.Context) (core.ProjectRun, error) {
		return w.Client.PollRun(ctx, watch.project, watch.id)
	}
	watch.cancel = func(ctx context.Context) error { return w.Client.CancelRun(ctx, watch.project, watch.id) }
	return watch.watch(ctx)
}

// conclude reports how watching a run ended, to the runner of GitHub Actions and as --json.
func conclude(ctx context.Context, w *workspace.Workspace, a *command.Actions, run core.ProjectRun, err error, export *command.Exporter) error {
	if run.Status.Ended() {
		a.Output("status", console.Word(string(run.Status)))
	}
	if a != nil && !errors.Is(err, console.ErrCancelled) {
		title := title(ctx, w, run.ProjectID)
		a.Summary(runSummary(title, run, console.Took(elapsed(run, w.Now()))))
		if err != nil {
			a.Command("error", "Hex run of "+title, withURL(err, run))
		}
	}
	if export.Asked() && run.RunID != "" {
		err = errors.Join(err, export.Write(w.Streams, run))
	}
	return errors.Join(err, a.Failure())
}

// withURL makes sure that an annotation says where to look.
func withURL(err error, run core.ProjectRun) string {
	var ended *runEndedError
	if errors.As(err, &ended) {
		return ended.annotation()
	}
	page := workspace.Link(run.RunURL)
	if page == "" {
		return err.Error()
	}
	return err.Error() + ": " + page
}

// title is the name of a project, or its ID when Hex does not tell in time.
func title(ctx context.Context, w *workspace.Workspace, id string) string {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer stop()
	p, err := w.Client.Project(ctx, id)
	if err != nil || p.Title == "" {
		return id
	}
	return p.Title
}
