// Package gittest makes git repositories to test with.
package gittest

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Init makes an empty repository. Until the test ends, git reads no configuration that this machine has.
func Init(t testing.TB) (dir string) {
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
	Run(t, dir, "", "init", "-q", "-b", "main")
	return dir
}

// Run is git in a folder with this standard input, and what it prints.
func Run(t testing.TB, dir, input string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		t.Fatal("this test asks git, and this machine has none: install it, which scripts/test does by itself")
	}
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}
