package command

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/leak"
)

// What is printed after a mistake ends with what was meant: the usage of a command would push that off the screen.

// NoArguments refuses arguments.
func NoArguments(cmd *cobra.Command, args []string) error { return AtMost(0)(cmd, args) }

// AtMost refuses more arguments than a command takes.
func AtMost(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) <= n {
			return nil
		}
		if err := typedToken(args[n]); err != nil {
			return err
		}
		if cmd.HasSubCommands() {
			return unknownCommand(cmd, args[n])
		}
		return Hinted(fmt.Sprintf("unexpected argument %q for %q", args[n], cmd.CommandPath()), meantArgument(cmd, args[n]))
	}
}

// Group is for a command that has others below it. A project that stands right behind it is for the one named.
func Group(below string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 {
			if _, _, err := core.ParseProjectRef(args[0]); err == nil {
				return Hinted(fmt.Sprintf("%q needs a command before the project", cmd.CommandPath()),
					didYouMean(cmd.CommandPath()+" "+below+" "+args[0]))
			}
		}
		return NoArguments(cmd, args)
	}
}

var errTokenTyped = Hinted("a token must not be an argument: the shell keeps what is typed, and other programs on this machine can see it",
	"Pipe it into: gh hex auth --with-token. Revoke one that others may have seen, in Hex (Settings → API keys)")

// TypedTokens refuses a token of Hex wherever it stands in what was typed, before anything is asked: as a name it would be
// sent to GitHub. What git hands a hook stands behind "--", and is not typed.
func TypedTokens(args []string) error {
	for _, arg := range args {
		if arg == "--" {
			return nil
		}
		if slices.ContainsFunc(leak.Find([]byte(arg)), func(m leak.Match) bool { return m.Certain }) {
			return errTokenTyped
		}
	}
	return nil
}

// typedToken refuses a token without repeating it: a log keeps what an error says, even where nobody sees what was typed.
func typedToken(word string) error {
	const shortest = 20 // what is shorter may be a word, such as sk-learn
	_, err := core.ParseToken(word)
	var refused *core.TokenError
	switch {
	case isToken(word):
		return errTokenTyped
	case errors.As(err, &refused) && refused.Vendor != "" && len(word) >= shortest:
		return Hinted("a token must not be an argument, and this one "+refused.Reason, "Revoke one that others may have seen, where it was created. How to hand over one of Hex: gh hex auth --help")
	}
	return nil
}

func isToken(word string) bool {
	return strings.HasPrefix(word, "hxtp_") || strings.HasPrefix(word, "hxtw_")
}

func unknownCommand(cmd *cobra.Command, word string) error {
	next := didYouMean(meantCommands(cmd, word)...)
	if next == "" {
		next = fmt.Sprintf("The commands of %s: %s", cmd.CommandPath(), strings.Join(commandNames(cmd), ", "))
	}
	return Hinted(fmt.Sprintf("unknown command %q for %q", word, cmd.CommandPath()), next)
}

func didYouMean(lines ...string) string {
	if len(lines) == 0 {
		return ""
	}
	return "Did you mean: " + strings.Join(lines, ", or: ")
}

func commandNames(cmd *cobra.Command) (names []string) {
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return names
}

// meantCommands are the lines that a word may have stood for: a command of that name anywhere, first of all below cmd, a
// flag, or a command with a name nearly like it.
func meantCommands(cmd *cobra.Command, word string) []string {
	called := func(c *cobra.Command) bool {
		return slices.Contains(append(c.SuggestFor, c.Name()), word) || c.HasAlias(word)
	}
	alike := func(c *cobra.Command) bool { return nearly(word, c.Name()) }
	for _, like := range []func(*cobra.Command) bool{called, alike} {
		for _, from := range []*cobra.Command{cmd, cmd.Root()} {
			if lines := below(from, like); len(lines) > 0 {
				return lines
			}
		}
		if cmd.Flags().Lookup(word) != nil {
			return []string{cmd.CommandPath() + " --" + word}
		}
	}
	return nil
}

// below lists the commands under one that are like something.
func below(cmd *cobra.Command, like func(*cobra.Command) bool) (lines []string) {
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() && like(c) {
			lines = append(lines, c.CommandPath())
		}
		lines = append(lines, below(c, like)...)
	}
	return lines
}

// nearly reports whether a word is a name with a slip of the keyboard, or the beginning of it.
func nearly(word, name string) bool {
	word = strings.ToLower(word)
	return len(word) > 1 && strings.HasPrefix(name, word) || core.EditDistance(word, name) <= min(2, len(word)/2)
}

var repositoryName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\w[\w.-]*(/[\w.-]+){1,2}$`) })

// meantArgument is what an argument of a command that takes none may have stood for.
func meantArgument(cmd *cobra.Command, word string) string {
	switch repo := cmd.Flags().Lookup("repo"); {
	case word == "help":
		return didYouMean(cmd.CommandPath() + " --help")
	case cmd.Flags().Lookup(word) != nil:
		return didYouMean(cmd.CommandPath() + " --" + word)
	case repositoryName().MatchString(word) && repo != nil && !repo.Hidden:
		return didYouMean(cmd.CommandPath() + " -R " + word)
	}
	return Usage(cmd)
}

// Usage is the form of a command, and where to read more.
func Usage(cmd *cobra.Command) string {
	return fmt.Sprintf("Usage: %s (more: %s --help)", cmd.UseLine(), cmd.CommandPath())
}

// FlagError adds to cobra's complaint about a flag what was meant. A wrong command before it is told instead.
func FlagError(cmd *cobra.Command, err error) error {
	var missing *pflag.ValueRequiredError
	var unknown *pflag.NotExistError
	var invalid *pflag.InvalidValueError
	switch before := cmd.Flags().Args(); {
	case cmd.HasSubCommands() && len(before) > 0:
		return cmd.Args(cmd, before)
	case errors.As(err, &missing) && missing.GetFlag().Name == "json":
		return listFields(cmd)
	case errors.As(err, &missing):
		what, usage := pflag.UnquoteUsage(missing.GetFlag())
		return Hinted(err.Error(), fmt.Sprintf("--%s %s: %s", missing.GetFlag().Name, what, usage))
	case errors.As(err, &unknown):
		return Hinted(err.Error(), meantFlag(cmd, strings.Trim(unknown.GetSpecifiedName()+"\n"+unknown.GetSpecifiedShortnames(), "\n")))
	case errors.As(err, &invalid) && typedToken(invalid.GetValue()) != nil:
		return typedToken(invalid.GetValue())
	case errors.As(err, &invalid):
		text := err.Error()
		if slices.Contains([]string{"int", "duration", "bool"}, invalid.GetFlag().Value.Type()) { // what Go says of it helps nobody
			text = strings.TrimSuffix(text, ": "+invalid.Unwrap().Error())
		}
		return Hinted(text, meantValue(cmd, invalid))
	}
	return err
}

// otherNames are what other programs call our flags.
func otherNames(flag string) []string {
	return map[string][]string{
		"with-token":    {"token", "stdin", "token-stdin", "password-stdin"},
		"workspace-url": {"host", "hostname", "url", "workspace", "base-url"},
		"repo":          {"repository"},
		"env":           {"environment"},
		"org":           {"organization", "organisation", "owner"},
		"json":          {"o", "output", "format"},
		"watch":         {"wait", "follow", "f"},
		"field":         {"input", "param", "d", "data"},
		"secret":        {"name", "secret-name"},
		"yes":           {"confirm", "assume-yes"},
		"limit":         {"n", "max", "count", "per-page"},
	}[flag]
}

// meantFlag finds the flag that a name may have stood for: of this command, else of another one.
func meantFlag(cmd *cobra.Command, name string) string {
	name, short, _ := strings.Cut(name, "\n")
	word := name
	if short != "" {
		word = short // -only for --only
	}
	var exact, near []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		switch {
		case f.Hidden:
		case f.Name == word, slices.Contains(otherNames(f.Name), name):
			exact = append(exact, "--"+f.Name)
		case len(word) > 1 && nearly(word, f.Name):
			near = append(near, "--"+f.Name)
		}
	})
	if len(exact) == 0 {
		exact = near
	}
	if len(exact) > 0 {
		return "Did you mean " + strings.Join(exact, " or ") + "?"
	}
	has := func(c *cobra.Command) bool {
		f := c.LocalFlags().Lookup(name)
		return f != nil && !f.Hidden
	}
	if lines := below(cmd.Root(), has); len(lines) > 0 && len(name) > 1 {
		return fmt.Sprintf("--%s is a flag of %s; those of %s: %s --help", name, strings.Join(lines, ", "), cmd.CommandPath(), cmd.CommandPath())
	}
	return "The flags of " + cmd.CommandPath() + ": " + cmd.CommandPath() + " --help"
}

// meantValue is what a flag takes, where its own complaint does not say so.
func meantValue(cmd *cobra.Command, e *pflag.InvalidValueError) string {
	switch e.GetFlag().Value.Type() {
	case "int":
		return fmt.Sprintf("--%s takes a whole number, such as 30", e.GetFlag().Name)
	case "duration":
		return fmt.Sprintf("--%s takes a time, such as 90s, 10m or 1h30m", e.GetFlag().Name)
	case "bool":
		return fmt.Sprintf("--%s is on or off: write it alone, or leave it out", e.GetFlag().Name)
	}
	if f := cmd.Flags().Lookup(strings.ToLower(e.GetValue())); f != nil && f.Name == "json" {
		return didYouMean("--json FIELDS") + "; the fields: " + cmd.CommandPath() + " --json"
	}
	return ""
}
