package run

import (
	"strings"
	"testing"
	"time"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/command/commandtest"
	"github.com/gh-hex/gh-hex/extension/project"
)

// On a terminal of the usual width what tells one line from the other is there as a whole.
func TestListsAtEightyColumns(t *testing.T) {
	b := commandtest.New(t).OnTerminal()
	b.Width = 80
	stamp := core.Timestamp{Time: time.Now().AddDate(0, 0, -324)}
	id := "019f681a-1870-731d-bf1e-b82d136117fa"
	projects := &project.ProjectListOptions{Process: b.Process}
	if err := projects.PrintTable([]core.Project{{ID: id, Title: "Weekly revenue", Owner: core.Person{Email: "ada@example.com"}, LastPublishedAt: stamp, LastEditedAt: stamp}}); err != nil {
		t.Fatal(err)
	}
	runs := &runListOptions{Process: b.Process}
	took := 61000.0
	if err := runs.printTable([]core.ProjectRun{{RunID: id, Status: core.RunCompleted, RunTrigger: "SCHEDULED", ProjectVersion: "12", StartTime: stamp, ElapsedTime: &took}}); err != nil {
		t.Fatal(err)
	}
	shown := b.Stdout.String()
	for _, whole := range []string{id + "  Weekly revenue  ", "COMPLETED  " + id + "  ", "  324 days ago\n"} {
		if !strings.Contains(shown, whole) {
			t.Errorf("%q is not in\n%s", whole, shown)
		}
	}
	if strings.Contains(shown, "...") {
		t.Errorf("something was shortened although a column could go:\n%s", shown)
	}
	for line := range strings.Lines(shown) {
		if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}
