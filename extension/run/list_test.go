package run

import (
	"testing"
	"time"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/command/commandtest"
)

// On a terminal of the usual width what tells one line from the other is there as a whole.
func TestListAtEightyColumns(t *testing.T) {
	b := commandtest.New(t).OnTerminal()
	b.Width = 80
	runs := &runListOptions{Process: b.Process}
	took := 61000.0
	started := core.Timestamp{Time: time.Now().AddDate(0, 0, -324)}
	if err := runs.printTable([]core.ProjectRun{{RunID: commandtest.Run, Status: core.RunCompleted, RunTrigger: "SCHEDULED", ProjectVersion: "12", StartTime: started, ElapsedTime: &took}}); err != nil {
		t.Fatal(err)
	}
	commandtest.WholeAtEighty(t, b.Stdout.String(), "COMPLETED  "+commandtest.Run+"  324 days ago  ")
}
