package project

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
	o := &projectListOptions{Process: b.Process}
	stamp := core.Timestamp{Time: time.Now().AddDate(0, 0, -324)}
	if err := o.printTable([]core.Project{{ID: commandtest.Project, Title: "Weekly revenue", Owner: core.Person{Email: "ada@example.com"}, LastPublishedAt: stamp, LastEditedAt: stamp}}); err != nil {
		t.Fatal(err)
	}
	commandtest.WholeAtEighty(t, b.Stdout.String(), commandtest.Project+"  Weekly revenue  ", "  324 days ago\n")
}
