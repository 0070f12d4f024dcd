package extension

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// help lays out a command's help as gh does. It is code and not a template: text/template alone makes the binary two
// megabytes larger, since it keeps the linker from dropping methods that nobody calls.
func help(cmd *cobra.Command) string {
	var b strings.Builder
	text := cmd.Long
	if text == "" {
		text = cmd.Short
	}
	section := func(title, body string) {
		if body != "" {
			fmt.Fprintf(&b, "\n%s\n%s\n", title, body)
		}
	}
	b.WriteString(strings.TrimSpace(text) + "\n")
	section("USAGE", "  "+cmd.UseLine())
	section("COMMANDS", commands(cmd, true))
	section("FLAGS", strings.TrimRight(cmd.LocalFlags().FlagUsages(), "\n"))
	section("INHERITED FLAGS", strings.TrimRight(cmd.InheritedFlags().FlagUsages(), "\n"))
	if fields := cmd.Annotations["fields"]; fields != "" {
		section("JSON FIELDS", "  "+fields)
	}
	section("EXAMPLES", cmd.Example)
	return b.String()
}

// usageOf is what is shown after a mistake.
func usageOf(cmd *cobra.Command) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Usage:  %s\n", cmd.UseLine())
	if list := commands(cmd, false); list != "" {
		fmt.Fprintf(&b, "\nAvailable commands:\n%s\n", list)
	}
	if flags := strings.TrimRight(cmd.LocalFlags().FlagUsages(), "\n"); flags != "" {
		fmt.Fprintf(&b, "\nFlags:\n%s\n", flags)
	}
	return b.String()
}

func commands(cmd *cobra.Command, described bool) string {
	var lines []string
	for _, c := range cmd.Commands() {
		switch {
		case !c.IsAvailableCommand():
		case described:
			lines = append(lines, fmt.Sprintf("  %-11s %s", c.Name()+":", c.Short))
		default:
			lines = append(lines, "  "+c.Name())
		}
	}
	return strings.Join(lines, "\n")
}
