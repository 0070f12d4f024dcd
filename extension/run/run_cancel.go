package run

import (
	"context"
	"errors"
	"fmt"

	"github.com/MakeNowJust/heredoc"
	"github.com/spf13/cobra"

	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

type runCancelOptions struct {
	*command.Process
	*workspace.Workspace
	run workspace.Reference
}

func newRunCancelCmd(p *command.Process) *cobra.Command {
	o := &runCancelOptions{Process: p}
	cmd := &cobra.Command{
		Use:        "cancel {<project> <run> | <url>}",
		SuggestFor: []string{"stop", "kill", "abort"},
		Short:      "Cancel a run",
		Long: heredoc.Doc(`
			Ask Hex to stop a run, which then ends as KILLED a little later.

			In a workflow, do it in a step with "if: cancelled()": cancelling the workflow
			alone leaves the run going.`),
		Example: command.Example(`
			# Cancel a run
			$ gh hex run cancel 019f681a-1870-731d-bf1e-b82d136117fa 019f6a00-51c2-7000-8a1b-3d0f2c9be001
		`),
		Args: command.AtMost(2),
		RunE: workspace.Run(p, &o.Workspace, func(args []string) (err error) {
			o.run, err = workspace.RunArguments(p, args)
			return err
		}, func(ctx context.Context) error { return runRunCancel(ctx, o) }),
	}
	return cmd
}

func runRunCancel(ctx context.Context, o *runCancelOptions) error {
	if err := settleRun(ctx, o.Workspace, &o.run, goingOn); err != nil {
		return o.Process.Untouched(err, "cancelled")
	}
	err := o.Interruptible(ctx, "Asking Hex to cancel the run", func(ctx context.Context) error {
		return o.Client.CancelRun(ctx, o.run.Project, o.run.Run)
	})
	if errors.Is(err, console.ErrCancelled) {
		return errors.Join(console.ErrCancelled, fmt.Errorf("Hex may cancel the run anyway; to see: gh hex run view %s %s", o.run.Project, o.run.Run))
	}
	if err != nil {
		return err
	}
	o.Record("ok", "Asked Hex to cancel run %s: it ends as KILLED a little later", o.run.Run)
	return nil
}
