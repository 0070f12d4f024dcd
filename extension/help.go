package extension

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
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}
{{- end}}
{{- if .HasAvailableInheritedFlags}}

INHERITED FLAGS
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}
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

// usageTemplate is what is shown after a mistake.
const usageTemplate = `Usage:  {{.UseLine}}
{{- if .HasAvailableSubCommands}}

Available commands:
{{- range .Commands}}{{if .IsAvailableCommand}}
  {{.Name}}
{{- end}}{{end}}{{end}}
{{- if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}
{{- end}}
`
