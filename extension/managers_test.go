//go:build linux

package extension_test

import (
	"os"
	"testing"
)

// TestManagers drives the real managers of hooks, git-lfs and the framework pre-commit, which run their own install before
// and after gh hex init --hook. scripts/test --full brings them; there, one that is missing is a failure.
func TestManagers(t *testing.T) {
	if os.Getenv("GH_HEX_MANAGERS") == "" {
		t.Skip("needs the programs that scripts/test --full brings")
	}
	runScripts(t, "testdata/managers")
}
