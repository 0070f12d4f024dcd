package worktree

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A clone can hold a folder that git takes for a bare repository, with a configuration that claims another work tree.
func TestEmbeddedRepositoryIsRefused(t *testing.T) {
	for _, claimed := range []string{".", "../..", ".."} {
		outer := t.TempDir()
		clone := filepath.Join(outer, "clone")
		for _, dir := range []string{outer, clone} {
			if out, err := exec.Command("git", "init", "-q", dir).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
		}
		trap := filepath.Join(clone, "trap")
		for _, dir := range []string{"objects", "refs/heads"} {
			if err := os.MkdirAll(filepath.Join(trap, dir), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		write := func(name, text string) {
			if err := os.WriteFile(filepath.Join(trap, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		write("HEAD", "ref: refs/heads/main\n")
		write("config", "[core]\n\trepositoryformatversion=0\n\tbare=false\n\tworktree="+claimed+"\n[remote \"origin\"]\n\turl=https://github.com/evil/repo.git\n")
		if tree, err := Open(t.Context(), trap); !errors.Is(err, ErrBare) {
			t.Errorf("worktree=%s: opened %v, error %v", claimed, tree, err)
		}
		// git before 2.38 does not know the setting: the second guard alone must do.
		g, err := findGit()
		if err != nil {
			t.Fatal(err)
		}
		if tree, err := newTree(t.Context(), g, trap, filepath.Join(trap, claimed)+"\n"+trap+"\n"+trap); !errors.Is(err, ErrBare) {
			t.Errorf("worktree=%s, old git: %v, error %v", claimed, tree, err)
		}
	}
}
