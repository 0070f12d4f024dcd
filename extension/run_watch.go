package extension

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/MakeNowJust/heredoc"
	"github.com/spf13/cobra"

	"github.com/gh-hex/gh-hex/core"
)

type runWatchOptions struct {
	*process
	*workspace
	export *exporter

	run      reference
	interval time.Duration
	timeout  time.Duration
}

func newRunWatchCmd(p *process) *cobra.Command {
	o := &runWatchOptions{process: p}
	cmd := &cobra.Command{
		Use:   "watch {<project> <run> | <url>}",
		Short: "Watch a run until it ends",
		Long: heredoc.Doc(`
			Watch a run until it ends. The exit code is 0 only when it completed, 1 when it
			ended in any other way, and 3 when it goes on after the time-out.

			Ctrl-C asks whether the run is to be cancelled too.`),
		Example: example(`
			# Watch a run
			$ gh hex run watch 019f681a-1870-731d-bf1e-b82d136117fa 019f6a00-51c2-7000-8a1b-3d0f2c9be001

			# Give up after ten minutes
			$ gh hex run watch 019f681a-1870-731d-bf1e-b82d136117fa 019f6a00-51c2-7000-8a1b-3d0f2c9be001 --timeout 10m
		`),
		Args: atMost(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			err := o.check(args)
			if err != nil {
				return &usageError{err, cmd}
			}
			if o.workspace, err = openWorkspace(cmd, p); err != nil {
				return err
			}
			return runRunWatch(cmd.Context(), o)
		},
	}
	cmd.Flags().DurationVarP(&o.interval, "interval", "i", defaultInterval, "Time between two questions to Hex, 5s or more")
	cmd.Flags().DurationVar(&o.timeout, "timeout", defaultTimeout, "Give up after this `duration`; the run goes on")
	o.export = addExport(cmd, runFields())
	return cmd
}

func (o *runWatchOptions) check(args []string) (err error) {
	o.run, err = o.runArguments(args)
	switch {
	case err != nil:
		return err
	case o.interval < defaultInterval:
		return invalidArgument("interval", o.interval.String(), fmt.Errorf("Hex allows one question every %s", defaultInterval))
	}
	return checkTimeout(o.timeout)
}

func checkTimeout(d time.Duration) error {
	if d <= 0 {
		return invalidArgument("timeout", d.String(), errors.New("a positive duration is needed"))
	}
	return nil
}

func runRunWatch(ctx context.Context, o *runWatchOptions) error {
	if err := o.reach(o.run); err != nil {
		return err
	}
	a := newActions(o.process, o.export.asked())
	w := &watcher{process: o.process, actions: a, project: o.run.project, id: o.run.run,
		interval: o.interval, timeout: o.timeout, quiet: o.export.asked()}
	run, err := o.follow(ctx, w)
	a.output("run-id", o.run.run)
	a.output("run-url", link(run.RunURL))
	return o.conclude(ctx, a, run, err, o.export)
}

// follow watches a run on the terminal that there is.
func (w *workspace) follow(ctx context.Context, watch *watcher) (core.ProjectRun, error) {
	waiting := w.wait(ctx)
	defer waiting.close()
	watch.interrupts, watch.cooked = waiting.Done(), waiting.cooked
	watch.sure = func() (bool, error) { return w.confirm("Cancel the run in Hex too?", false) }
	watch.ask = func(ctx context.Context) (core.ProjectRun, error) {
		return w.client.PollRun(ctx, watch.project, watch.id)
	}
	watch.cancel = func(ctx context.Context) error { return w.client.CancelRun(ctx, watch.project, watch.id) }
	return watch.watch(ctx)
}

// conclude reports how watching a run ended, to the runner of GitHub Actions and as --json.
func (w *workspace) conclude(ctx context.Context, a *actions, run core.ProjectRun, err error, export *exporter) error {
	if run.Status.Ended() {
		a.output("status", word(string(run.Status)))
	}
	if a != nil && !errors.Is(err, errCancelled) {
		title := w.title(ctx, run.ProjectID)
		a.summary(runSummary(title, run, took(elapsed(run, w.now()))))
		if err != nil {
			a.command("error", "Hex run of "+title, withURL(err, run))
		}
	}
	if export.asked() && run.RunID != "" {
		err = errors.Join(err, export.write(w.streams, run))
	}
	return errors.Join(err, a.failure())
}

// withURL makes sure that an annotation says where to look.
func withURL(err error, run core.ProjectRun) string {
	var ended *runEndedError
	if errors.As(err, &ended) {
		return ended.annotation()
	}
	page := link(run.RunURL)
	if page == "" {
		return err.Error()
	}
	return err.Error() + ": " + page
}

// title is the name of a project, or its ID when Hex does not tell in time.
func (w *workspace) title(ctx context.Context, id string) string {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer stop()
	p, err := w.client.Project(ctx, id)
	if err != nil || p.Title == "" {
		return id
	}
	return p.Title
}
