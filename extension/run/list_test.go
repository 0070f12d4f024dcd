package run

import (
	"strings"
	"testing"
	"time"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/command/commandtest"
)

// On narrow terminals columns go, the least telling first, and what tells one run from the other is there as a whole.
func TestListOnNarrowTerminals(t *testing.T) {
	took := 61000.0
	started := core.Timestamp{Time: time.Now().AddDate(0, 0, -324)}
	list := []core.ProjectRun{{RunID: commandtest.Run, Status: core.RunCompleted, RunTrigger: "SCHEDULED", ProjectVersion: "12", StartTime: started, ElapsedTime: &took}}
	for width, want := range map[int]string{
		100: "✓  COMPLETED  " + commandtest.Run + "  SCHEDULED  12       11mo     1m1s\n",
		80:  "✓  COMPLETED  " + commandtest.Run + "  SCHEDULED  11mo     1m1s\n",
		60:  "✓  COMPLETED  " + commandtest.Run + "  11mo\n",
	} {
		b := commandtest.New(t).OnTerminal()
		b.Width = width
		o := &runListOptions{Process: b.Process}
		if err := o.printTable(list); err != nil {
			t.Fatal(err)
		}
		if got := b.Stdout.String(); !strings.HasSuffix(got, "\n"+want) {
			t.Errorf("%d columns:\n%swant\n%s", width, got, want)
		}
	}
}
