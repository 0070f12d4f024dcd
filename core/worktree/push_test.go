package worktree

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestUnpushed(t *testing.T) {
	dir, bare := t.TempDir(), t.TempDir()
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=Ada", "-c", "user.email=ada@example.com"}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	file := filepath.Join(dir, ".github", "workflows", "hex.yml")
	expect := func(when string, want bool) {
		t.Helper()
		tree, err := Open(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		got, err := tree.Unpushed(t.Context(), "origin", ".github/workflows")
		if err != nil || got != want {
			t.Errorf("%s: %v, %v; want %v", when, got, err, want)
		}
	}
	git("init", "-q", "-b", "main")
	git("init", "-q", "--bare", bare)
	git("remote", "add", "origin", bare)
	expect("nothing committed", false)
	git("commit", "-q", "--allow-empty", "-m", "Start")
	expect("no workflow", false)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("on: push\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	expect("not committed", false)
	git("add", "-A")
	git("commit", "-q", "-m", "Add")
	expect("added", true)
	git("push", "-q", "origin", "main")
	expect("pushed", false)
	git("rm", "-q", file)
	git("commit", "-q", "-m", "Remove")
	expect("deleted", true)
}
