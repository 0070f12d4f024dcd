package run

import (
	"fmt"
	"strings"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

// runSummary is the table that the page of the workflow run shows.
func runSummary(title string, run core.ProjectRun, duration string) string {
	status := console.Word(string(run.Status))
	mark := map[core.RunStatus]string{core.RunCompleted: "✅ ", core.RunErrored: "❌ ", core.RunKilled: "❌ ", core.RunNoKernel: "❌ "}[run.Status]
	where := ""
	if page := workspace.Link(run.RunURL); page != "" && !strings.ContainsAny(page, "()") {
		where = "[Open the run](<" + strings.NewReplacer("|", "%7C", "*", "%2A", "_", "%5F").Replace(page) + ">)"
	}
	return fmt.Sprintf("### Hex run\n\n| Project | Status | Duration | Link |\n| --- | --- | --- | --- |\n| %s | %s%s | %s | %s |\n\n",
		command.Cell(title), mark, strings.ReplaceAll(status, "_", "\\_"), command.Markdown(duration), where)
}
