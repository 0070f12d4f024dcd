//go:build linux

package extension_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gh-hex/gh-hex/extension/inspect"
	"github.com/gh-hex/gh-hex/scripts/sandbox"
)

// checksPage has a section for each check, and in it the workflows and the output of its script.
func checksPage() page {
	return page{
		path: "../docs/checks.md", scripts: "testdata/checks", workflows: true, update: "TestChecksDocumented",
		start: regexp.MustCompile(`(?m)^### (.+)\n`), end: regexp.MustCompile(`(?m)^##`),
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

// The patterns that the page gives to other scanners find tokens of both kinds.
func TestPatternsForOtherScanners(t *testing.T) {
	page, err := os.ReadFile(checksPage().path)
	if err != nil {
		t.Fatal(err)
	}
	patterns := regexp.MustCompile(`(?m)^(?:regex = '''(.*)'''|(hxt.*))$`).FindAllStringSubmatch(string(page), -1)
	if len(patterns) != 2 {
		t.Fatalf("%d patterns, want 2", len(patterns))
	}
	for _, p := range patterns {
		pattern := regexp.MustCompile(p[1] + p[2])
		for _, token := range []string{sandbox.NewToken(sandbox.Personal, "a"), sandbox.NewToken(sandbox.Workspace, "b")} {
			if got := pattern.FindString("token: '" + token + "'"); got != token {
				t.Errorf("%s does not find a token of %d characters", pattern, len(token))
			}
			if strings.Contains(p[1], `\b`) && pattern.MatchString(token+"0") {
				t.Errorf("%s finds a part of a longer word", pattern)
			}
		}
	}
}
