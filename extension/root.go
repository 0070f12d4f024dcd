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
)

// version is stamped by the linker when a release is built.
var version = "dev"

// The exit codes, as documented in the README.
const (
	exitOK        = 0
	exitProblem   = 1
	exitCancelled = 2
	exitUnknown   = 3
	exitAuth      = 4
)

// process is what a command gets from the process it runs in.
type process struct {
	*streams
	getenv func(string) string
	dir    string
	now    func() time.Time
	// patience is how long Hex or GitHub may take to answer one request; zero for what their clients take as their own.
	patience time.Duration
}

func (p *process) userAgent() string { return "gh-hex/" + version }

// inActions tells whether this is a job of GitHub Actions.
func (p *process) inActions() bool { return p.getenv("GITHUB_ACTIONS") == "true" }

// Main runs gh hex with the arguments behind the program's name and returns the exit code.
func Main(args []string) int {
	dir, err := os.Getwd()
	if err != nil {
		fmt.Fprintln(os.Stderr, "find the current folder:", err)
		return exitProblem
	}
	p := &process{streams: systemStreams(), getenv: os.Getenv, dir: dir, now: time.Now}
	ctx, stop := listen(p.giveBack)
	defer stop()
	p.over, p.in = ctx, endingReader{p.in, ctx}
	return run(ctx, p, args)
}

func run(ctx context.Context, p *process, args []string) int {
	root := newRootCmd(p)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		err = p.out.err
	}
	if ctx.Err() != nil && err != nil {
		err = errors.Join(errCancelled, err)
	}
	p.report(err)
	return exitCode(err)
}

func newRootCmd(p *process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "hex <command> [flags]",
		Short: "Run Hex from GitHub, without guessing about tokens",
		Long: heredoc.Doc(`
			Verify Hex API tokens, store them as the GitHub secrets that workflows read, and
			check before a push everything that would fail or leak. List projects, start runs of
			them and watch them to their end, here and in GitHub Actions.

			Hex is the data workspace at hex.tech.`),
		Example: example(`
			# Verify a Hex token and store it for this repository's workflows
			$ gh hex auth

			# Check everything that would fail or leak, before the push
			$ gh hex verify

			# Find a project, then run it and wait for the end
			$ gh hex project list
			$ gh hex run start 019f681a-1870-731d-bf1e-b82d136117fa --watch
		`),
		Annotations:  map[string]string{cobra.CommandDisplayNameAnnotation: "gh hex"},
		Version:      version,
		SilenceUsage: true,
		// cobra itself suggests only where it refuses an argument on its own.
		SuggestionsMinimumDistance: 2,
		SilenceErrors:              true,
		Args:                       noArguments,
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.CompletionOptions.DisableDefaultCmd = true
	cmd.SetIn(p.in)
	cmd.SetOut(p.out)
	cmd.SetErr(p.err)
	cmd.SetUsageTemplate(usageTemplate)
	cmd.SetHelpTemplate(helpTemplate)
	cmd.SetFlagErrorFunc(flagError)
	cmd.PersistentFlags().VarP(new(single), "repo", "R", "Select another repository using the `[HOST/]OWNER/REPO` format")
	cmd.Flags().BoolP("version", "v", false, "Show the version of gh hex")
	cmd.PersistentFlags().BoolP("help", "h", false, "Show help for command")
	startRun := newRunStartCmd(p, "run", "Start a run of a project (the same as gh hex run start)")
	cmd.AddCommand(newAuthCmd(p), newVerifyCmd(p), newInitCmd(p), newProjectCmd(p, startRun), newRunCmd(p), newAPICmd(p), newRotateCmd(p))
	return cmd
}

// example lays out a command's examples as gh does, two columns in.
func example(text string) string {
	lines := strings.Split(strings.TrimSpace(heredoc.Doc(text)), "\n")
	for i, l := range lines {
		if l != "" {
			lines[i] = "  " + l
		}
	}
	return strings.Join(lines, "\n")
}

// usageError is a mistake in what was typed; the command's usage is shown with it.
type usageError struct {
	err error
	cmd *cobra.Command
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func flagError(cmd *cobra.Command, err error) error {
	if err.Error() == "flag needs an argument: --json" {
		return listFields(cmd)
	}
	return &usageError{err, cmd}
}

// noArguments refuses arguments; a command that has subcommands names the nearest.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if !cmd.HasSubCommands() {
		return &usageError{fmt.Errorf("unexpected argument %q for %q", args[0], cmd.CommandPath()), cmd}
	}
	text := fmt.Sprintf("unknown command %q for %q", args[0], cmd.CommandPath())
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		text += fmt.Sprintf("\n\nDid you mean this?\n\t%s", strings.Join(near, "\n\t"))
	}
	return &usageError{errors.New(text), cmd}
}
