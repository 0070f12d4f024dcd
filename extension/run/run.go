package run

import (
	"time"

	"github.com/MakeNowJust/heredoc"
	"github.com/spf13/cobra"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

// NewCmd is gh hex run with what stands below it.
func NewCmd(p *command.Process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run <command>",
		Short: "Start, watch, list and cancel runs of Hex projects",
		Long: heredoc.Doc(`
			Start runs of published Hex projects, watch them to their end, list and cancel
			them.

			A project is named by its ID or by any URL of it, copied from the browser. It
			may be left out when the environment variable HEX_PROJECT_ID is set. A run is
			named by its project and its own ID, or by its URL. On a terminal what is left
			out is chosen from a list, and the title of a project is accepted after a yes.`),
		Example: command.Example(`
			# Find the ID of a project
			$ gh hex project list --published

			# Start a run of it and wait for the end
			$ gh hex run start 019f681a-1870-731d-bf1e-b82d136117fa --watch

			# See its latest runs
			$ gh hex run list 019f681a-1870-731d-bf1e-b82d136117fa
		`),
		Args: command.Group("start"),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	workspace.AddURLFlag(cmd)
	cmd.AddCommand(NewStartCmd(p, "start", "Start a run of a project"), newRunListCmd(p), newRunViewCmd(p), newRunWatchCmd(p), newRunCancelCmd(p))
	return cmd
}

func runFields() []string {
	return []string{"projectId", "projectVersion", "runId", "runUrl", "status", "runTrigger", "startTime", "endTime", "elapsedTime", "traceId"}
}

// statusIcon tells how a run stands at a glance.
func statusIcon(s *console.Streams, status core.RunStatus) console.Styled {
	switch {
	case status == core.RunCompleted:
		return s.Green("✓")
	case status.Ended():
		return s.Red("✗")
	}
	return s.Yellow("*")
}

// elapsed is how long a run took or, as long as it goes on, has taken; zero when that cannot be told.
func elapsed(run core.ProjectRun, now time.Time) time.Duration {
	switch {
	case run.ElapsedTime != nil && *run.ElapsedTime >= 0 && *run.ElapsedTime < float64(maxElapsed/time.Millisecond):
		return time.Duration(*run.ElapsedTime) * time.Millisecond
	case run.StartTime.IsZero():
		return 0
	case !run.EndTime.IsZero():
		now = run.EndTime.Time
	case run.Status.Ended():
		return 0
	}
	return min(max(0, now.Sub(run.StartTime.Time)), maxElapsed)
}

const maxElapsed = 10000 * time.Hour

// watchCommand is what to type to watch a run (again).
func watchCommand(project, run string) string { return "gh hex run watch " + project + " " + run }
