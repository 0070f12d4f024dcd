package scaffold_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gh-hex/gh-hex/core/scaffold"
	"github.com/gh-hex/gh-hex/core/worktree"
)

const (
	helperRoot = "SCAFFOLD_TEST_ROOT"
	fakeToken  = "hxtp_kept-by-a-test"
)

// TestHelperProcess is no test but what the tests below start: a process that plans, says so, applies once it is told to,
// and stops before each file is put in its place until it is told to go on.
func TestHelperProcess(t *testing.T) {
	root := os.Getenv(helperRoot)
	if root == "" {
		t.Skip("started by other tests")
	}
	tree, err := worktree.Open(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	told := bufio.NewReader(os.Stdin)
	pause := func(at string) {
		os.Stdout.WriteString("at " + at + "\n")
		if _, err := told.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	changes, err := scaffold.Plan(tree.Root(), tree.Git(t.Context()), scaffold.Options{})
	if err != nil {
		t.Fatal(err)
	}
	dotenv, err := scaffold.PlanDotenv(tree.Root(), tree.Git(t.Context()), changes, func() string { return fakeToken }, "https://eu.hex.tech")
	if err != nil {
		t.Fatal(err)
	}
	pause("plan")
	err = scaffold.ApplyRenaming(tree.Root(), append(changes, dotenv), func(r *os.Root, from, to string) error {
		pause(to)
		return r.Rename(from, to)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// helper is a process that was started.
type helper struct {
	*exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func startHelper(t *testing.T, tree *worktree.Tree) *helper {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestHelperProcess$")
	cmd.Env = append(os.Environ(), helperRoot+"="+tree.Root())
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return &helper{cmd, in, bufio.NewReader(out)}
}

// until lets the process run to a place where it stops.
func (h *helper) until(t *testing.T, place string) {
	t.Helper()
	for {
		line, err := h.out.ReadString('\n')
		if err != nil {
			t.Fatalf("the process ended before %s: %v %s", place, err, line)
		}
		if strings.TrimSpace(line) == "at "+place {
			return
		}
		if strings.HasPrefix(line, "at ") {
			h.goOn(t)
		}
	}
}

func (h *helper) goOn(t *testing.T) {
	t.Helper()
	if _, err := io.WriteString(h.in, "\n"); err != nil {
		t.Fatal(err)
	}
}

// finish lets the process run to its end.
func (h *helper) finish(t *testing.T) {
	t.Helper()
	_, _ = io.WriteString(h.in, strings.Repeat("\n", 10)) // one that has nothing more to write may have ended by itself
	said, _ := io.ReadAll(h.out)
	if err := h.Wait(); err != nil {
		t.Errorf("%v: %s", err, said)
	}
}

func (h *helper) kill() {
	_ = h.Process.Kill()
	_ = h.Wait()
}

// Whatever the moment at which the process is killed: git sees no token, others read none, and the next one clears it away.
func TestKilledProcessLeavesNothingThatGitSees(t *testing.T) {
	for _, rules := range []string{"", "!.gh-hex\n!.gh-hex/**\n!*.tmp\n"} {
		for _, place := range []string{".gitignore", ".env.example", ".env"} {
			t.Run(place, func(t *testing.T) {
				tree := newTree(t)
				write(t, tree, ".gitignore", "node_modules\n"+rules)
				h := startHelper(t, tree)
				h.until(t, place)
				h.kill()
				if holdsToken(t, tree) != (place == ".env") {
					t.Fatal("the process was not killed where it should have been")
				}
				git(t, tree.Root(), "add", "-A")
				cmd := exec.Command("git", "grep", "--cached", "-e", fakeToken)
				cmd.Dir = tree.Root()
				if out, err := cmd.Output(); err == nil {
					t.Errorf("git would commit %s", out)
				}
				initialize(t, tree)
				if holdsToken(t, tree) || exists(tree, ".gh-hex") {
					t.Error("the next command left it there")
				}
				initialize(t, tree) // nothing to write, nothing to clear
			})
		}
	}
}

func exists(tree *worktree.Tree, name string) bool {
	_, err := os.Lstat(filepath.Join(tree.Root(), name))
	return err == nil
}

// holdsToken looks for the token in the work tree, .git apart, and for a mode by which others could read it.
func holdsToken(t *testing.T, tree *worktree.Tree) bool {
	t.Helper()
	found := false
	err := filepath.WalkDir(tree.Root(), func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || strings.Contains(filepath.ToSlash(path), "/.git/") {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(data, []byte(fakeToken)) {
			return err
		}
		found = true
		if info, err := d.Info(); err != nil || scaffold.Private(info.Mode()) != info.Mode() {
			t.Errorf("%s has mode %v (%v)", path, info.Mode(), err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Two processes that both found the lines missing write them once. The second waits for the first.
func TestTwoProcessesWriteNoLineTwice(t *testing.T) {
	for _, place := range []string{".gitignore", ".env.example", ".env"} {
		t.Run(place, func(t *testing.T) {
			tree := newTree(t)
			write(t, tree, ".gitignore", "node_modules\n")
			write(t, tree, ".env.example", "OTHER=\n")
			first, second := startHelper(t, tree), startHelper(t, tree)
			first.until(t, "plan")
			second.until(t, "plan")
			first.goOn(t)
			first.until(t, place)
			second.goOn(t)
			first.finish(t)
			second.finish(t)
			for name, want := range map[string]string{
				".gitignore":   "node_modules\n.env\n.env.local\n",
				".env.example": "OTHER=\nHEX_API_TOKEN=\nHEX_WORKSPACE_URL=https://app.hex.tech\n",
				".env":         "HEX_API_TOKEN=" + fakeToken + "\nHEX_WORKSPACE_URL=https://eu.hex.tech\n",
			} {
				if data, err := os.ReadFile(filepath.Join(tree.Root(), name)); err != nil || string(data) != want {
					t.Errorf("%s is %q, %v", name, data, err)
				}
			}
			if exists(tree, ".gh-hex") {
				t.Error(".gh-hex was left")
			}
		})
	}
}

// Waiting for another process ends with the command.
func TestWaitingForAnotherProcessEnds(t *testing.T) {
	tree := newTree(t)
	changes, err := scaffold.Plan(tree.Root(), tree.Git(t.Context()), scaffold.Options{})
	if err != nil {
		t.Fatal(err)
	}
	other := startHelper(t, tree)
	other.until(t, ".gitignore")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := scaffold.Apply(ctx, tree.Root(), changes); !errors.Is(err, context.Canceled) {
		t.Errorf("Apply: %v", err)
	}
	other.finish(t)
}

// A repository that brings such a folder gets nothing into it, and loses nothing.
func TestForeignWorkshop(t *testing.T) {
	for name, make := range map[string]func(dir string) error{
		"a file":        func(dir string) error { return os.WriteFile(dir, nil, 0o600) },
		"a link":        func(dir string) error { return os.Symlink(".git", dir) },
		"a folder lock": func(dir string) error { return os.MkdirAll(filepath.Join(dir, "lock"), 0o700) },
		"other rules": func(dir string) error {
			if err := os.Mkdir(dir, 0o700); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(dir, ".gitignore"), []byte("!*\n"), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			tree := newTree(t)
			if err := make(filepath.Join(tree.Root(), ".gh-hex")); err != nil {
				t.Fatal(err)
			}
			changes, err := scaffold.Plan(tree.Root(), tree.Git(t.Context()), scaffold.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := scaffold.Apply(t.Context(), tree.Root(), changes); err == nil || !strings.HasPrefix(err.Error(), ".gh-hex") {
				t.Errorf("Apply: %v", err)
			}
			if exists(tree, ".gitignore") || exists(tree, ".env.example") || exists(tree, ".git/lock") || !exists(tree, ".gh-hex") {
				t.Error("something was written or removed")
			}
		})
	}
}
