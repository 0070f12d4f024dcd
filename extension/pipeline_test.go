package extension

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/rhysd/actionlint"
)

// ownWorkflows reads the workflows of this repository, by file name.
func ownWorkflows(t *testing.T) map[string]*actionlint.Workflow {
	t.Helper()
	files, err := filepath.Glob("../.github/workflows/*.yml")
	if err != nil || len(files) < 2 {
		t.Fatalf("%v, %v", files, err)
	}
	all := map[string]*actionlint.Workflow{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		linter, err := actionlint.NewLinter(os.Stderr, &actionlint.LinterOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if problems, err := linter.Lint(file, data, nil); err != nil || len(problems) > 0 {
			t.Errorf("%s: %v, %v", file, problems, err)
		}
		w, problems := actionlint.Parse(data)
		if len(problems) > 0 {
			t.Fatal(file, problems)
		}
		all[filepath.Base(file)] = w
	}
	return all
}

// An action is named by its commit: a tag can be moved.
func TestOwnActionsArePinned(t *testing.T) {
	pinned := regexp.MustCompile(`^[a-z-]+/[a-z-]+@[0-9a-f]{40}$`)
	for file, w := range ownWorkflows(t) {
		for id, job := range w.Jobs {
			for _, s := range job.Steps {
				if action, ok := s.Exec.(*actionlint.ExecAction); ok && !pinned.MatchString(action.Uses.Value) {
					t.Errorf("%s: %s uses %s", file, id, action.Uses.Value)
				}
			}
		}
	}
}

// What is published is built where no test runs and nothing is installed that only tests need.
func TestReleaseIsBuiltApart(t *testing.T) {
	// The scripts that are let in: one more deserves a look at what it brings along.
	allowed := []string{"go install github.com/anchore/syft/cmd/syft@v1.57.1", `gh release edit "$GITHUB_REF_NAME" --draft=false`}
	jobs := ownWorkflows(t)["release.yml"].Jobs
	release, tests := jobs["release"], jobs["test"]
	if release == nil || tests == nil || len(release.Needs) != 1 || release.Needs[0].Value != "test" {
		t.Fatal("the release does not wait for the tests")
	}
	if p := tests.Permissions; p == nil || len(p.Scopes) != 1 || p.Scopes["contents"].Value.Value != "read" {
		t.Error("the tests may do more than read")
	}
	for _, s := range release.Steps {
		if run, ok := s.Exec.(*actionlint.ExecRun); ok && !slices.Contains(allowed, run.Run.Value) {
			t.Errorf("the job that builds the release runs %q", run.Run.Value)
		}
	}
	if last, ok := tests.Steps[len(tests.Steps)-1].Exec.(*actionlint.ExecRun); !ok || last.Run.Value != ".ci/run --full" {
		t.Error("the tests are not run")
	}
}
