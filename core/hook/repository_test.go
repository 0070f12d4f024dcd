package hook

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gh-hex/gh-hex/core/worktree"
)

// repository is a fresh one, with a configuration of its user that nothing on this machine has a part in.
type repository struct {
	t   *testing.T
	dir string
}

func newRepository(t *testing.T) repository {
	t.Helper()
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(home, "config"))
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	t.Setenv("GIT_CONFIG_GLOBAL", filepath.Join(home, "gitconfig"))
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r := repository{t, dir}
	r.git("init", "-q", "-b", "main")
	return r
}

func (r repository) git(args ...string) {
	r.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = r.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		r.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func (r repository) open() *worktree.Tree {
	r.t.Helper()
	tree, err := worktree.Open(r.t.Context(), r.dir)
	if err != nil {
		r.t.Fatal(err)
	}
	return tree
}

func (r repository) hook(name string) string {
	r.t.Helper()
	data, err := os.ReadFile(filepath.Join(r.dir, ".git", "hooks", name))
	if err != nil {
		return "none"
	}
	return string(data)
}

func (r repository) writeHook(name, text string) {
	r.t.Helper()
	path := filepath.Join(r.dir, ".git", "hooks", name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.Chmod(path, 0o755); err != nil {
		r.t.Fatal(err)
	}
}

func (r repository) planHook() Hook {
	r.t.Helper()
	h, err := Plan(r.t.Context(), r.open(), "")
	if err != nil {
		r.t.Fatal(err)
	}
	return h
}
