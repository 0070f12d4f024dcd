package run

import (
	"context"
	"errors"
	"time"

	"github.com/MakeNowJust/heredoc"
	"github.com/spf13/cobra"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

type runStartOptions struct {
	*command.Process
	*workspace.Workspace
	export *command.Exporter

	project        workspace.Reference
	inputs         command.InputFlags
	noCache        bool
	publishResults bool
	dryRun         bool
	watch          bool
	timeout        time.Duration
}

// NewStartCmd builds the command under one of its two names.
func NewStartCmd(p *command.Process, name, short string) *cobra.Command {
	o := &runStartOptions{Process: p}
	cmd := &cobra.Command{
		Use:        name + " [<project>]",
		SuggestFor: []string{"execute", "trigger"},
		Short:      short,
		Long: heredoc.Doc(`
			Start a run of the published version of a project, with the inputs given, and
			with --watch wait for its end. On a terminal a project that is left out is
			chosen from a list, and its title is accepted after a yes.

			A start is never repeated when it is not certain that nothing was started. With
			--watch the exit code is 0 only when the run completed, 1 when it ended in any
			other way, and 3 when it goes on after the time-out.

			In GitHub Actions the step gets the outputs run-id and run-url as soon as the
			run has started, and status when it has ended.`),
		Example: command.Example(`
			# Start a run and wait for its end
			$ gh hex run start 019f681a-1870-731d-bf1e-b82d136117fa --watch

			# Set inputs of the published app: a string, a number, a date from a file
			$ gh hex run start 019f681a-1870-731d-bf1e-b82d136117fa -f region=EMEA -F limit=100 -F day=@day.txt

			# Read the inputs as JSON
			$ echo '{"region": "EMEA", "limit": 100}' | gh hex run start 019f681a-1870-731d-bf1e-b82d136117fa --input -

			# See whether Hex would take it, without starting anything
			$ gh hex run start 019f681a-1870-731d-bf1e-b82d136117fa -f region=EMEA --dry-run
		`),
		Args: command.AtMost(1),
		RunE: workspace.Run(p, &o.Workspace, o.check, func(ctx context.Context) error { return runRunStart(ctx, o) }),
	}
	f := cmd.Flags()
	o.inputs.Add(cmd, "an input of the project")
	f.BoolVar(&o.noCache, "no-cache", false, "Run all SQL anew instead of using cached results")
	f.BoolVar(&o.publishResults, "publish-results", false, "Show the results in the published app")
	f.BoolVar(&o.dryRun, "dry-run", false, "Let Hex check the request; start nothing")
	f.BoolVarP(&o.watch, "watch", "w", false, "Watch the run until it ends")
	f.DurationVar(&o.timeout, "timeout", command.DefaultTimeout, "Give up watching after this `duration`; the run goes on")
	o.export = command.AddExport(cmd, runFields())
	return cmd
}

func (o *runStartOptions) check(args []string) (err error) {
	if o.project, err = workspace.ProjectArgument(o.Process, args); err != nil {
		return err
	}
	if o.dryRun && o.watch {
		return errors.New("specify only one of `--dry-run` or `--watch`")
	}
	if err := command.CheckTimeout(o.timeout); err != nil {
		return err
	}
	return o.inputs.Check()
}

// StartError is a run that could not be started, as far as can be told.
type StartError struct {
	Project string
	Err     error
}

func (e *StartError) Error() string { return e.Err.Error() }

func (e *StartError) Unwrap() error { return e.Err }

func (e *StartError) Hint() string {
	if !errors.Is(e.Err, core.ErrMaybeStarted) {
		return ""
	}
	return "It was not started again. To see whether it runs: gh hex run list " + e.Project
}

func runRunStart(ctx context.Context, o *runStartOptions) error {
	a := command.NewActions(o.Process, o.export.Asked())
	run, err := o.start(ctx)
	if err != nil {
		a.Command("error", "Hex run not started", err.Error())
		return err
	}
	if o.dryRun {
		return o.wouldStart(run)
	}
	a.Output("run-id", run.RunID)
	a.Output("run-url", workspace.Link(run.RunURL))
	if !o.watch {
		return errors.Join(o.started(run), a.Failure())
	}
	w := &watcher{Process: o.Process, actions: a, project: o.project.Project, id: console.Safe(run.RunID), last: run,
		interval: defaultInterval, timeout: o.timeout, started: true, quiet: o.export.Asked()}
	last, err := follow(ctx, o.Workspace, w)
	return conclude(ctx, o.Workspace, a, last, err, o.export)
}

func (o *runStartOptions) start(ctx context.Context) (core.ProjectRun, error) {
	if err := o.Settle(ctx, &o.project, true); err != nil {
		return core.ProjectRun{}, o.Process.Untouched(err, "started")
	}
	inputs, err := runInputs(o.Process, &o.inputs)
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
	err = o.Interruptible(ctx, "Starting a run", func(ctx context.Context) (err error) {
		run, err = o.Client.RunProject(ctx, o.project.Project, in)
		return err
	})
	if err != nil {
		return run, &StartError{o.project.Project, err}
	}
	if run.ProjectID == "" {
		run.ProjectID = o.project.Project
	}
	return run, nil
}

func (o *runStartOptions) wouldStart(run core.ProjectRun) error {
	if o.export.Asked() {
		return o.export.Write(o.Streams, run)
	}
	o.Record("ok", "Hex would start this run; nothing was started")
	return nil
}

// started tells of a run that nobody waits for.
func (o *runStartOptions) started(run core.ProjectRun) error {
	if o.export.Asked() {
		err := o.export.Write(o.Streams, run)
		if err != nil { // what failed is the output
			o.Say("Started run %s. Watch it with: %s", run.RunID, watchCommand(o.project.Project, console.Safe(run.RunID)))
		}
		return err
	}
	if !o.OutTTY {
		o.Print("started\t%s\t%s\t", run.RunID, workspace.Link(run.RunURL))
		return nil
	}
	o.Print("%s Started a run: %s", console.Icon(o.Streams, check.StatusOK), workspace.Link(run.RunURL))
	o.Say("Watch it with: %s", watchCommand(o.project.Project, console.Safe(run.RunID)))
	return nil
}
