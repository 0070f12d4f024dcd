//go:build linux

package extension_test

import (
	"regexp"
	"slices"
	"testing"

	"github.com/gh-hex/gh-hex/extension/inspect"
)

// checksPage has a section for each check, and in it the workflows and the output of its script.
func checksPage() examples {
	return examples{
		pages: []string{"../docs/checks.md"}, scripts: "testdata/checks", workflows: true, update: "TestChecksDocumented",
		start: regexp.MustCompile(`(?m)^### (.+)\n`), end: regexp.MustCompile(`(?m)^()##`),
	}
}

// TestChecksDocumented holds docs/checks.md to the truth: a section for each check, and in it the example of
// testdata/checks/ID.txtar. That is a script: it makes the problem, shows it with "example", mends it with the command
// that the check itself names, and sees the check pass.
func TestChecksDocumented(t *testing.T) {
	shown := checksPage().hold(t)
	if want := inspect.AllChecks(); !slices.Equal(shown, want) {
		t.Errorf("the page has sections for\n%q, want one for each check, in the order of the report:\n%q", shown, want)
	}
}
