package command

import (
	"errors"
	"fmt"
	"strings"

	"github.com/MakeNowJust/heredoc"
	"github.com/spf13/cobra"
)

// Example lays out a command's examples as gh does, two columns in.
func Example(text string) string {
	lines := strings.Split(strings.TrimSpace(heredoc.Doc(text)), "\n")
	for i, l := range lines {
		if l != "" {
			lines[i] = "  " + l
		}
	}
	return strings.Join(lines, "\n")
}

// UsageError is a mistake in what was typed; the command's usage is shown with it.
type UsageError struct {
	Err error
	Cmd *cobra.Command
}

func (e *UsageError) Error() string { return e.Err.Error() }

func (e *UsageError) Unwrap() error { return e.Err }

// FlagError makes cobra's complaint about a flag a [UsageError].
func FlagError(cmd *cobra.Command, err error) error {
	if err.Error() == "flag needs an argument: --json" {
		return listFields(cmd)
	}
	return &UsageError{err, cmd}
}

// NoArguments refuses arguments; a command that has subcommands names the nearest.
func NoArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if !cmd.HasSubCommands() {
		return &UsageError{fmt.Errorf("unexpected argument %q for %q", args[0], cmd.CommandPath()), cmd}
	}
	text := fmt.Sprintf("unknown command %q for %q", args[0], cmd.CommandPath())
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		text += fmt.Sprintf("\n\nDid you mean this?\n\t%s", strings.Join(near, "\n\t"))
	}
	return &UsageError{errors.New(text), cmd}
}

// AtMost refuses more arguments than a command takes.
func AtMost(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > n {
			return &UsageError{fmt.Errorf("unexpected argument %q for %q", args[n], cmd.CommandPath()), cmd}
		}
		return nil
	}
}
