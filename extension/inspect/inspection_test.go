package inspect

import (
	"testing"

	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/workflow"
)

// Who presses Ctrl-C between the inventory and the judgement gets neither a verdict nor a crash.
func TestJudgingThatWasToldToEnd(t *testing.T) {
	i := &Inspection{
		inventory: func() (github.Inventory, error) { return github.Inventory{}, nil },
		judged:    func() map[string]check.Result { return nil },
	}
	if r := i.workflowCheck(check.GroupWorkflows, workflow.SecretAvailable, "").Run(t.Context()); r.Status != check.StatusUnknown || r.Message == "" {
		t.Errorf("%+v", r)
	}
}
