package extension

import (
	"context"

	"github.com/MakeNowJust/heredoc"
	"github.com/spf13/cobra"
)

type runCancelOptions struct {
	*process
	*workspace
	run reference
}

func newRunCancelCmd(p *process) *cobra.Command {
	o := &runCancelOptions{process: p}
	cmd := &cobra.Command{
		Use:   "cancel {<project> <run> | <url>}",
		Short: "Cancel a run",
		Long: heredoc.Doc(`
			Ask Hex to stop a run, which then ends as KILLED a little later.

			In a workflow, do it in a step with "if: cancelled()": cancelling the workflow alone
			leaves the run going.`),
		Example: example(`
			# Cancel a run
			$ gh hex run cancel 019f681a-1870-731d-bf1e-b82d136117fa 019f6a00-51c2-7000-8a1b-3d0f2c9be001
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
			return runRunCancel(cmd.Context(), o)
		},
	}
	return cmd
}

func runRunCancel(ctx context.Context, o *runCancelOptions) error {
	if err := o.reach(o.run); err != nil {
		return err
	}
	if err := o.client.CancelRun(ctx, o.run.project, o.run.run); err != nil {
		return err
	}
	o.record("ok", "Asked Hex to cancel run %s: it ends as KILLED a little later", o.run.run)
	return nil
}
