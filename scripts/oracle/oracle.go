// Package oracle asks GitHub's own JavaScript about workflows and expressions, for the tests that hold ours against it.
package oracle

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// packages of npm are what the scripts may import, in versions that do not move by themselves.
const packages = "@actions/expressions@0.3.61 @actions/workflow-parser@0.3.61"

// Ask has a module for Node.js answer every question: it reads them as one JSON string a line, and prints one JSON value a
// line. Its arguments start at process.argv[1].
func Ask[Answer any](t *testing.T, script string, questions []string, args ...string) []Answer {
	t.Helper()
	var in bytes.Buffer
	lines := json.NewEncoder(&in)
	for _, q := range questions {
		if err := lines.Encode(q); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("node", append([]string{"--no-warnings", "--input-type=module", "--eval", script, "--"}, args...)...)
	cmd.Dir, cmd.Stdin, cmd.Stderr = folder(t), &in, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("the oracle failed: %v", err)
	}
	var answers []Answer
	for line := range bytes.Lines(out) {
		var a Answer
		if err := json.Unmarshal(line, &a); err != nil {
			t.Fatal(err)
		}
		answers = append(answers, a)
	}
	if len(answers) != len(questions) {
		t.Fatalf("%d answers to %d questions", len(answers), len(questions))
	}
	return answers
}

// folder has the packages, in the user's cache: they are brought once, and are there as a whole or not at all.
func folder(t *testing.T) string {
	t.Helper()
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("%s is missing: this test asks GitHub's own programs (%s). Install Node.js, which scripts/test does by itself, or leave the test out with -skip '^%s$'", tool, packages, t.Name())
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	base := filepath.Join(cache, "gh-hex-tests")
	dir := filepath.Join(base, strings.NewReplacer("@", "", "/", "-", " ", "+").Replace(packages))
	if _, err := os.Stat(dir); err == nil {
		return dir
	}
	if err := os.MkdirAll(base, 0o755); err != nil {
		t.Fatal(err)
	}
	fresh, err := os.MkdirTemp(base, "new")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(fresh)
	install := exec.Command("npm", append([]string{"install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", fresh}, strings.Fields(packages)...)...)
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("%s could not be installed (%v): that needs the registry of npm\n%s", packages, err, out)
	}
	if err := os.Rename(fresh, dir); err != nil {
		if _, there := os.Stat(dir); there != nil { // else another test was faster
			t.Fatal(err)
		}
	}
	return dir
}
