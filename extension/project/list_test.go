package project

import (
	"testing"
	"time"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/command/commandtest"
)

// On narrow terminals columns go, the least telling first, and titles stay whole.
func TestListOnNarrowTerminals(t *testing.T) {
	var stamp core.Timestamp
	if err := stamp.UnmarshalJSON([]byte(time.Now().AddDate(0, 0, -324).Format(`"` + time.RFC3339 + `"`))); err != nil {
		t.Fatal(err)
	}
	list := []core.Project{
		{ID: commandtest.Project, Title: "Weekly revenue by region", Owner: core.Person{Email: "ada@example.com"}, LastPublishedAt: stamp, LastEditedAt: stamp},
		{ID: commandtest.Run, Title: "Churn", LastEditedAt: core.Timestamp{Time: time.Now().Add(-3 * time.Hour)}},
	}
	for width, want := range map[int]string{
		120: "ID                                    TITLE                     OWNER            PUBLISHED  EDITED\n" +
			commandtest.Project + "  Weekly revenue by region  ada@example.com  11mo       11mo\n" +
			commandtest.Run + "  Churn                                      never      3h\n",
		80: "ID                                    TITLE                     PUBLISHED\n" +
			commandtest.Project + "  Weekly revenue by region  11mo\n" +
			commandtest.Run + "  Churn                     never\n",
		60: "ID                                    TITLE\n" +
			commandtest.Project + "  Weekly revenue by region\n" +
			commandtest.Run + "  Churn\n",
	} {
		b := commandtest.New(t).OnTerminal()
		b.Width = width
		o := &projectListOptions{Process: b.Process}
		if err := o.printTable(list); err != nil {
			t.Fatal(err)
		}
		if got := b.Stdout.String(); got != want {
			t.Errorf("%d columns:\n%swant\n%s", width, got, want)
		}
	}
}
