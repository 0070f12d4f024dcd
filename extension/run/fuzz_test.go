package run

import (
	"strings"
	"testing"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/command/commandtest"
)

// FuzzWorkflowCommand lets titles and messages try to become commands, outputs or markup of their own.
func FuzzWorkflowCommand(f *testing.F) {
	f.Add("Hex run of Sales", "it failed")
	f.Add("a,line=1::stop-commands::x", "b\r\n::add-mask::c%0A::error::d")
	f.Add("| [x](https://elsewhere.example.com) @octo #1 <!-- ", "`**\\|\u2028")
	f.Fuzz(func(t *testing.T, title, message string) {
		b := commandtest.New(t)
		a := &command.Actions{Process: b.Process}
		a.Command("error", title, message)
		got := b.Stdout.String()
		commandtest.OneRecord(t, got, 1)
		property, _, _ := strings.Cut(strings.TrimPrefix(got, "::error title="), "::")
		if title != "" && core.Printable(title) != "" && strings.ContainsAny(property, ",:\r\n") {
			t.Errorf("the title escapes: %q", got)
		}
		row := runSummary(title, core.ProjectRun{Status: core.RunStatus(message), RunURL: message}, message)
		if strings.Count(row, "\n") != 6 || strings.ContainsAny(strings.ReplaceAll(row, "(<", ""), "@#") && !strings.HasPrefix(row, "### Hex run") {
			t.Errorf("the summary escapes: %q", row)
		}
	})
}
