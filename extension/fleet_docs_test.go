//go:build linux

package extension

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rhysd/actionlint"

	"github.com/gh-hex/gh-hex/scripts/sandbox"
)

// The workflow of docs/fleet.md is one that actionlint and gh hex verify find nothing wrong with, and that has no right but
// those of its own login.
func TestFleetWorkflow(t *testing.T) {
	page := pagesOf(t)["../docs/fleet.md"]
	found := regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$").FindAllStringSubmatch(page, -1)
	if len(found) != 1 {
		t.Fatalf("%d workflows, want one to copy", len(found))
	}
	text := found[0][1]
	linter, err := actionlint.NewLinter(&bytes.Buffer{}, &actionlint.LinterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	problems, err := linter.Lint("hex-fleet.yml", []byte(text), nil)
	if err != nil || len(problems) > 0 {
		t.Errorf("actionlint: %v %v", problems, err)
	}
	for _, part := range []string{"\npermissions: {}\n", "--pin v", "gh hex verify --org", "--format github", "secrets.GH_FLEET_TOKEN"} {
		if !strings.Contains(text, part) {
			t.Errorf("it lacks %q", part)
		}
	}
	if strings.Contains(text, "uses:") {
		t.Error("it uses an action")
	}

	m := newMatrix(t)
	w := m.fleetWorld(t)
	w.box.Update(func(st *sandbox.State) {
		st.GitHub["github.com"].Repositories["octo/fleet"] = &sandbox.Repository{Private: true, Secrets: map[string]map[string]*sandbox.Secret{"actions": {"GH_FLEET_TOKEN": {Value: "x"}}}}
	})
	dir := t.TempDir()
	cloneOf(t, dir, "fleet", map[string]string{".github/workflows/hex-fleet.yml": text})
	ids := "workflow-syntax,secret-context,secret-passed,secret-dynamic,hex-vendor,token-mapped,hex-action,hex-endpoint,secret-available,variable-available,environment-exists,secret-on-event"
	for _, args := range [][]string{{"--strict", "--only", ids}, {"--strict", "--all", "--only", ids}, {"--strict", "--offline", "--only", ids}} {
		if code, stdout, stderr := w.run(t.Context(), dir, nil, append([]string{"verify"}, args...)...); code != 0 {
			t.Errorf("%v: exit code %d: %s%s", args, code, stdout, stderr)
		}
	}

	// As the step runs it: the summary tells of the repository, without a value.
	w.box.Update(smallFleet)
	summary := filepath.Join(t.TempDir(), "summary.md")
	code, stdout, stderr := w.run(t.Context(), t.TempDir(), map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": summary}, "verify", "--org", "octo", "--format", "github", "--timeout", "80m")
	shown, err := os.ReadFile(summary)
	if code != 1 || err != nil || !strings.Contains(string(shown), "octo/bare") {
		t.Errorf("exit code %d %v: %s%s%s", code, err, stdout, stderr, shown)
	}
	if !strings.Contains(stdout, "::error title=octo/bare%3A secret-stored::") || strings.Contains(stdout, "file=") {
		t.Errorf("annotations: %s", stdout)
	}
}
