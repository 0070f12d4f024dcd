package hook

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gh-hex/gh-hex/core/worktree"
	"github.com/gh-hex/gh-hex/core/worktree/gittest"
)

// repository is a fresh one, with a configuration of its user that nothing on this machine has a part in.
type repository struct {
	t   *testing.T
	dir string
}

func newRepository(t *testing.T) repository {
	t.Helper()
	return repository{t, gittest.Init(t)}
}

func (r repository) git(args ...string) {
	r.t.Helper()
	gittest.Run(r.t, r.dir, "", args...)
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
