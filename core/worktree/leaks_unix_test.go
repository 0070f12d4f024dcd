//go:build !windows

package worktree

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestOnlyFilesOfTheTreeAreOpened(t *testing.T) {
	r := newRepository(t)
	outside := t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "secret"), []byte(token(1)), 0o600); err != nil {
		t.Fatal(err)
	}
	r.write("dir/secret", "")
	r.write("target", "")
	r.git("add", ".")
	if err := os.RemoveAll(filepath.Join(r.dir, "dir")); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{
		"dir":  outside, // stands where a tracked folder was
		"link": filepath.Join(outside, "secret"),
		"gone": "nowhere",
		"loop": "loop",
		"text": token(2),
	} {
		if err := os.Symlink(target, filepath.Join(r.dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(r.dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(r.dir, "target")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(r.dir, "target"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.expectLeaks(LeakOptions{},
		"error: text holds a Hex token ("+short(token(2))+") ["+revoke+"]",
		"  error text:1:1 text holds a Hex token ("+short(token(2))+")")
}

func TestFileThatCannotBeRead(t *testing.T) {
	s := &search{where: " x"}
	s.addFile("a", found{}, syscall.EACCES)
	if got := s.result(nil, "fine"); got.Status != "unknown" || !strings.Contains(got.Message, "permission denied") {
		t.Errorf("got %+v", got)
	}
}

// TestHostileConfiguration plants a program at every place where a configuration can name one.
func TestHostileConfiguration(t *testing.T) {
	r := newRepository(t)
	r.write(".gitattributes", "* filter=evil diff=evil merge=evil\n")
	r.write("clean", "1\n")
	r.git("add", ".")
	r.commitEmpty("start")
	r.write("we\nird", token(1))
	r.git("add", ".")
	r.commitEmpty("two")
	trap := filepath.Join(t.TempDir(), "trap")
	executed := trap + ".executed"
	if err := os.WriteFile(trap, []byte("#!/bin/sh\ntouch '"+executed+"'\ncat\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.gitProxy", "core.askPass", "core.alternateRefsCommand",
		"diff.external", "diff.evil.command", "diff.evil.textconv", "filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "merge.evil.driver",
		"gpg.program", "credential.helper", "pager.ls-files", "pager.log", "pager.rev-list", "pager.diff-tree", "alias.ls-files", "alias.rev-list", "alias.cat-file",
		"uploadpack.packObjectsHook", "sequence.editor", "interactive.diffFilter", "remote.origin.uploadpack", "remote.origin.vcs"} {
		r.git("config", key, trap)
	}
	hooks := filepath.Join(r.dir, ".git", "hooks")
	for _, hook := range []string{"post-index-change", "pre-commit", "post-checkout", "fsmonitor-watchman", "query-watchman", "reference-transaction", "pre-push"} {
		if err := os.MkdirAll(hooks, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(hooks, hook), []byte("#!/bin/sh\ntouch '"+executed+"'\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	touched := time.Now().Add(time.Minute)
	if err := os.Chtimes(filepath.Join(r.dir, "clean"), touched, touched); err != nil {
		t.Fatal(err)
	}
	for _, o := range []LeakOptions{{}, {History: true}} {
		if got := r.leaks(o); !strings.HasPrefix(got, "error: we\nird holds a Hex token") {
			t.Errorf("got %s", got)
		}
	}
	if _, err := os.Stat(executed); err == nil {
		t.Error("a program of the configuration was executed")
	}
	// The trap works: plain git does execute it.
	r.git("status")
	if _, err := os.Stat(executed); err != nil {
		t.Error("the trap is none")
	}
}
