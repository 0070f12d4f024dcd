// Package extension holds the commands of gh hex: what a user types, and what they get back.
package extension

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/MakeNowJust/heredoc"
	"github.com/spf13/cobra"

	"github.com/gh-hex/gh-hex/extension/api"
	"github.com/gh-hex/gh-hex/extension/auth"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/project"
	"github.com/gh-hex/gh-hex/extension/rotate"
	"github.com/gh-hex/gh-hex/extension/run"
	"github.com/gh-hex/gh-hex/extension/setup"
	"github.com/gh-hex/gh-hex/extension/verify"
)

// Main runs gh hex with the arguments behind the program's name and returns the exit code.
func Main(args []string) int {
	dir, err := os.Getwd()
	if err != nil {
		fmt.Fprintln(os.Stderr, "find the current folder:", err)
		return command.ExitProblem
	}
	p := &command.Process{Streams: console.System(), Getenv: os.Getenv, Dir: dir, Now: time.Now}
	ctx, stop := listen(p.GiveBack)
	defer stop()
	p.Over, p.In = ctx, endingReader{p.In, ctx}
	return execute(ctx, p, args)
}

func execute(ctx context.Context, p *command.Process, args []string) int {
	err := command.TypedTokens(args)
	if err == nil {
		root := newRootCmd(p, args...)
		root.SetArgs(args)
		err = root.ExecuteContext(ctx)
	}
	if err == nil {
		err = p.Out.Err
	}
	if ctx.Err() != nil && err != nil {
		err = errors.Join(console.ErrCancelled, err)
	}
	report(p, err)
	return command.ExitCode(err)
}

// newRootCmd builds the tree of commands, or as much of it as the arguments need.
func newRootCmd(p *command.Process, args ...string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "hex <command> [flags]",
		Short: "Run Hex from GitHub, without guessing about tokens",
		Long: heredoc.Doc(`
			Verify Hex API tokens, store them as the GitHub secrets that workflows read, and
			check before a push everything that would fail or leak. List projects, start
			runs of them and watch them to their end, here and in GitHub Actions.

			Hex is the data workspace at hex.tech.`),
		Example: command.Example(`
			# Verify a Hex token and store it for this repository's workflows
			$ gh hex auth

			# Check everything that would fail or leak, before the push
			$ gh hex verify

			# Find a project, then run it and wait for the end
			$ gh hex project list
			$ gh hex run start 019f681a-1870-731d-bf1e-b82d136117fa --watch
		`),
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: "gh hex"},
		Version:       command.Version,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          command.Group("run start"),
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.CompletionOptions.DisableDefaultCmd = true
	cmd.SetIn(p.In)
	cmd.SetOut(p.Out)
	cmd.SetErr(p.Err)
	cmd.SetHelpTemplate(helpTemplate)
	cmd.SetFlagErrorFunc(command.FlagError)
	cmd.PersistentFlags().VarP(new(command.Single), "repo", "R", "Select another repository using the `[HOST/]OWNER/REPO` format")
	cmd.Flags().BoolP("version", "v", false, "Show the version of gh hex")
	cmd.PersistentFlags().BoolP("help", "h", false, "Show help for command")
	cmd.SetHelpCommand(newHelpCmd())
	addGroups(cmd, p, args)
	return cmd
}

// addGroups adds the groups of commands, which the version does not need.
func addGroups(cmd *cobra.Command, p *command.Process, args []string) {
	if len(args) == 1 && (args[0] == "--version" || args[0] == "-v") {
		return
	}
	startRun := run.NewStartCmd(p, "run", "Start a run of a project (the same as gh hex run start)")
	cmd.AddCommand(auth.NewCmd(p), verify.NewCmd(p), setup.NewCmd(p), project.NewCmd(p, startRun), run.NewCmd(p), api.NewCmd(p), rotate.NewCmd(p))
}

// report prints an error and the next command to type. It is the only place that does.
func report(p *command.Process, err error) {
	var o command.Outcome
	if err == nil || errors.As(err, &o) {
		return
	}
	if err == console.ErrCancelled { //nolint:errorlint // joined with another error, that one is worth showing
		return
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if line != console.ErrCancelled.Error() {
			// Line breaks are ours, tabs too; everything else in an error may come from outside.
			p.Say("%s%s", console.Styled(strings.Repeat("\t", len(line)-len(strings.TrimLeft(line, "\t")))), strings.TrimLeft(line, "\t"))
		}
	}
	// After Ctrl-C there is nothing to mend, but perhaps something that goes on.
	var start *run.StartError
	if next := command.Hint(err); next != "" && (!errors.Is(err, console.ErrCancelled) || errors.As(err, &start)) {
		p.Say("%s", next)
	}
}
