package setup

import (
	"io"
	"strings"
	"testing"

	"github.com/rhysd/actionlint"
)

func TestWorkflowText(t *testing.T) {
	for _, test := range []struct {
		branch, version string
		has             []string
	}{
		{"main", "1.2.3", []string{`branches: ["main"]`, "gh extension install gh-hex/gh-hex --pin v1.2.3\n"}},
		{"release/2026.1_x", "0.10.0", []string{`branches: ["release/2026.1_x"]`, "--pin v0.10.0\n"}},
		{"", "dev", []string{`branches: ["main"]`, "gh extension install gh-hex/gh-hex\n"}},
		{"main", "1.2.3-snapshot", []string{"gh extension install gh-hex/gh-hex\n"}},
		{`x"]` + "\nenv: {A: 1}", "1.2.3", []string{`branches: ["main"]`}},
		{"!main", "1.2.3", []string{`branches: ["main"]`}},
		{"a*", "1.2.3; curl example.com", []string{`branches: ["main"]`, "gh extension install gh-hex/gh-hex\n"}},
	} {
		text := workflowText(test.branch, test.version)
		for _, want := range test.has {
			if !strings.Contains(text, want) {
				t.Errorf("%q, %q: no %q", test.branch, test.version, want)
			}
		}
		if strings.Contains(text, "uses:") || !strings.Contains(text, "\npermissions: {}\n") || strings.Contains(text, "BRANCH") || strings.Contains(text, "PIN") {
			t.Errorf("%q, %q: uses an action, has permissions or is not filled in:\n%s", test.branch, test.version, text)
		}
		linter, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{})
		if err != nil {
			t.Fatal(err)
		}
		problems, err := linter.Lint("hex.yml", []byte(text), nil)
		if err != nil || len(problems) > 0 {
			t.Errorf("%q, %q: actionlint: %v, %v", test.branch, test.version, problems, err)
		}
	}
}

// TestWorkflowKeepsTheToken looks at where the token and gh's login go: into the steps that use them, and nowhere else.
func TestWorkflowKeepsTheToken(t *testing.T) {
	w, problems := actionlint.Parse([]byte(workflowText("main", "1.2.3")))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	holds := func(env *actionlint.Env, name string) bool {
		return env != nil && env.Vars[strings.ToLower(name)] != nil
	}
	for id, job := range w.Jobs {
		if holds(w.Env, "HEX_API_TOKEN") || holds(job.Env, "HEX_API_TOKEN") || holds(job.Env, "GH_TOKEN") {
			t.Errorf("%s: every step sees a token", id)
		}
		for _, s := range job.Steps {
			script := s.Exec.(*actionlint.ExecRun).Run.Value
			if got, want := holds(s.Env, "HEX_API_TOKEN"), strings.Contains(script, "gh hex "); got != want {
				t.Errorf("%s: %s: sees the Hex token: %t", id, script, got)
			}
			if got, want := holds(s.Env, "GH_TOKEN"), strings.Contains(script, "gh extension install"); got != want {
				t.Errorf("%s: %s: sees gh's login: %t", id, script, got)
			}
			if strings.Contains(script, "${{") {
				t.Errorf("%s: an expression lands in the script %s", id, script)
			}
		}
	}
}
