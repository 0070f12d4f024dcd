package extension

import (
	"context"
	"errors"
	"time"

	"github.com/MakeNowJust/heredoc"
	"github.com/spf13/cobra"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/check"
)

type runStartOptions struct {
	*process
	*workspace
	export *exporter

	project        reference
	inputs         inputFlags
	noCache        bool
	publishResults bool
	dryRun         bool
	watch          bool
	timeout        time.Duration
}

// newRunStartCmd builds the command under one of its two names.
func newRunStartCmd(p *process, name, short string) *cobra.Command {
	o := &runStartOptions{process: p}
	cmd := &cobra.Command{
		Use:   name + " [<project>]",
		Short: short,
		Long: heredoc.Doc(`
			Start a run of the published version of a project, with the inputs given, and with
			--watch wait for its end.

			A start is never repeated when it is not certain that nothing was started. With
			--watch the exit code is 0 only when the run completed, 1 when it ended in any other
			way, and 3 when it goes on after the time-out.

			In GitHub Actions the step gets the outputs run-id and run-url as soon as the run has
			started, and status when it has ended.`),
		Example: example(`
			# Start a run and wait for its end
			$ gh hex run start 019f681a-1870-731d-bf1e-b82d136117fa --watch

			# Set inputs of the published app: a string, a number, a date from a file
			$ gh hex run start 019f681a-1870-731d-bf1e-b82d136117fa -f region=EMEA -F limit=100 -F day=@day.txt

			# Read the inputs as JSON
			$ echo '{"region": "EMEA", "limit": 100}' | gh hex run start 019f681a-1870-731d-bf1e-b82d136117fa --input -

			# See whether Hex would take it, without starting anything
			$ gh hex run start 019f681a-1870-731d-bf1e-b82d136117fa -f region=EMEA --dry-run
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
			return runRunStart(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	o.inputs.add(cmd, "an input of the project")
	f.BoolVar(&o.noCache, "no-cache", false, "Run all SQL anew instead of using cached results")
	f.BoolVar(&o.publishResults, "publish-results", false, "Show the results in the published app")
	f.BoolVar(&o.dryRun, "dry-run", false, "Let Hex check the request; start nothing")
	f.BoolVarP(&o.watch, "watch", "w", false, "Watch the run until it ends")
	f.DurationVar(&o.timeout, "timeout", defaultTimeout, "Give up watching after this `duration`; the run goes on")
	o.export = addExport(cmd, runFields())
	return cmd
}

func (o *runStartOptions) check(args []string) (err error) {
	if o.project, err = o.projectArgument(args); err != nil {
		return err
	}
	if o.dryRun && o.watch {
		return errors.New("specify only one of --dry-run and --watch")
	}
	if err := checkTimeout(o.timeout); err != nil {
		return err
	}
	return o.inputs.check()
}

// startError is a run that could not be started, as far as can be told.
type startError struct {
	project string
	err     error
}

func (e *startError) Error() string { return e.err.Error() }
func (e *startError) Unwrap() error { return e.err }

func (e *startError) Hint() string {
	if !errors.Is(e.err, core.ErrMaybeStarted) {
		return ""
	}
	return "It is not started again by itself. See whether it runs: gh hex run list " + e.project
}

func runRunStart(ctx context.Context, o *runStartOptions) error {
	a := newActions(o.process, o.export.asked())
	run, err := o.start(ctx)
	if err != nil {
		a.command("error", "Hex run not started", err.Error())
		return err
	}
	if o.dryRun {
		return o.wouldStart(run)
	}
	a.output("run-id", run.RunID)
	a.output("run-url", link(run.RunURL))
	if !o.watch {
		return errors.Join(o.started(run), a.failure())
	}
	w := &watcher{process: o.process, actions: a, project: o.project.project, id: safe(run.RunID), last: run,
		interval: defaultInterval, timeout: o.timeout, started: true, quiet: o.export.asked()}
	last, err := o.follow(ctx, w)
	return o.conclude(ctx, a, last, err, o.export)
}

func (o *runStartOptions) start(ctx context.Context) (core.ProjectRun, error) {
	if err := o.reach(o.project); err != nil {
		return core.ProjectRun{}, err
	}
	inputs, err := o.runInputs(&o.inputs)
	if err != nil {
		return core.ProjectRun{}, err
	}
	in := core.RunInput{InputParams: inputs, DryRun: o.dryRun, UpdatePublishedResults: o.publishResults}
	if o.noCache {
		in.UseCachedSQLResults = new(bool)
	}
	ctx, stop := context.WithTimeout(ctx, o.timeout)
	defer stop()
	var run core.ProjectRun
	err = o.interruptible(ctx, "Starting a run", func(ctx context.Context) (err error) {
		run, err = o.client.RunProject(ctx, o.project.project, in)
		return err
	})
	if err != nil {
		return run, &startError{o.project.project, err}
	}
	if run.ProjectID == "" {
		run.ProjectID = o.project.project
	}
	return run, nil
}

func (o *runStartOptions) wouldStart(run core.ProjectRun) error {
	if o.export.asked() {
		return o.export.write(o.streams, run)
	}
	o.record("ok", "Hex would start this run; nothing was started")
	return nil
}

// started tells of a run that nobody waits for.
func (o *runStartOptions) started(run core.ProjectRun) error {
	if o.export.asked() {
		err := o.export.write(o.streams, run)
		if err != nil { // what failed is the output
			o.say("Started run %s. Watch it with: %s", run.RunID, watchCommand(o.project.project, safe(run.RunID)))
		}
		return err
	}
	if !o.outTTY {
		o.print("started\t%s\t%s\t", run.RunID, link(run.RunURL))
		return nil
	}
	o.print("%s Started a run: %s", icon(o.streams, check.StatusOK), link(run.RunURL))
	o.say("Watch it with: %s", watchCommand(o.project.project, safe(run.RunID)))
	return nil
}
