package extension

import (
	"github.com/MakeNowJust/heredoc"
	"github.com/spf13/cobra"

	"github.com/gh-hex/gh-hex/extension/command"
)

// newHelpCmd is cobra's own, except that a topic which is none is an error.
func newHelpCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "help [<command>]",
		Short: "Show help for a command",
		Long: heredoc.Doc(`
			Show help for a command: what it does, its flags, and examples.`),
		Example: command.Example(`
			# Show help for a command
			$ gh hex help run start
		`),
		RunE: func(cmd *cobra.Command, args []string) error {
			topic, rest, err := cmd.Root().Find(args)
			if err == nil {
				err = command.NoArguments(topic, rest)
			}
			if err != nil {
				return err
			}
			topic.InitDefaultHelpFlag()
			return topic.Help()
		},
	}
}

// helpTemplate lays out a command's help as gh does.
const helpTemplate = `{{or .Long .Short | trim}}

USAGE
  {{.UseLine}}
{{- if .HasAvailableSubCommands}}

COMMANDS
{{- range .Commands}}{{if .IsAvailableCommand}}
  {{rpad (printf "%s:" .Name) 11}} {{.Short}}
{{- end}}{{end}}{{end}}
{{- if .HasAvailableLocalFlags}}

FLAGS
{{.LocalFlags.FlagUsagesWrapped 80 | trimTrailingWhitespaces}}
{{- end}}
{{- if .HasAvailableInheritedFlags}}

INHERITED FLAGS
{{.InheritedFlags.FlagUsagesWrapped 80 | trimTrailingWhitespaces}}
{{- end}}
{{- with index .Annotations "fields"}}

JSON FIELDS
  {{.}}
{{- end}}
{{- with .Example}}

EXAMPLES
{{.}}
{{- end}}
`
