package extension

import (
	"strings"
	"testing"
	"time"

	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/scripts/sandbox"
)

// TestStoresShareTheTime has every store wait for an answer that never comes: together they take no longer than one.
func TestStoresShareTheTime(t *testing.T) {
	m := newMatrix(t)
	row := matrixRow{command: "auth", args: "--with-token --app actions,dependabot,codespaces,agents -R octo/analytics", input: true, bare: true}
	o := m.runRow(t, row, sandbox.Fault{Service: "github", Method: "PUT", DelayMS: 120_000})
	// The time for writing, then what a write that was sent gets in addition, and a look at what became of it.
	if limit := matrixPatience + 5*time.Second + 5*time.Second + 3*time.Second; o.took > limit {
		t.Errorf("took %s, more than %s", o.took, limit)
	}
	if o.code != command.ExitProblem || o.stored || strings.Count(o.stderr+o.stdout, "was not written: GitHub did not answer an earlier request in time") != 3 {
		t.Errorf("exit code %d, stored %t\n%s%s", o.code, o.stored, o.stdout, o.stderr)
	}
}
