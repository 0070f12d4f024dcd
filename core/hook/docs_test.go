package hook

import (
	"os"
	"strings"
	"testing"
)

// What the page has people paste is what gh hex prints.
func TestEntriesOfThePage(t *testing.T) {
	page, err := os.ReadFile("../../docs/hooks.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range []string{
		Line, shellEntry(file{text: []byte("npm test\n")}), lefthookEntry(file{path: "/x/lefthook.yml"}), preCommitEntry, simpleEntry(file{path: "/x/package.json"}),
	} {
		if !strings.Contains(string(page), "\n"+entry+"\n```") {
			t.Errorf("the page lacks\n%s", entry)
		}
	}
	for _, k := range kinds() {
		if !strings.Contains(string(page), k.name) || k.install != "npm rebuild husky" && !strings.Contains(string(page), "`"+k.install+"`") {
			t.Errorf("the page lacks %s, or %s", k.name, k.install)
		}
	}
	offered, err := os.ReadFile("../../.pre-commit-hooks.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(preCommitEntry) {
		if line = strings.TrimSpace(line); !strings.Contains(line, "repo: local") && !strings.Contains(line, "hooks:") && !strings.Contains(string(offered), line) {
			t.Errorf(".pre-commit-hooks.yaml lacks %s", line)
		}
	}
}
