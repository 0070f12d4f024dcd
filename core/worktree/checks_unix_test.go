//go:build !windows

package worktree

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/gh-hex/gh-hex/core/scaffold"
)

func (r repository) chmod(name string, mode os.FileMode) {
	r.t.Helper()
	if err := os.Chmod(filepath.Join(r.dir, name), mode); err != nil {
		r.t.Fatal(err)
	}
}

func TestEnvPermissions(t *testing.T) {
	r := newRepository(t)
	r.write(".env", "PORT=80\nHEX_API_TOKEN=\nHEX_PROJECT_ID=x\n")
	r.expect("env-permissions", "skipped: no untracked .env file holds a token []")
	r.write(".env", "HEX_API_TOKEN=old-style\n")
	r.write("app/.env", "# "+token(4)+"\n")
	r.write("tracked/.env", "HEX_API_TOKEN=old-style\n")
	r.git("add", "tracked")
	r.chmod("app/.env", 0o620)
	r.expect("env-permissions",
		"warning: .env holds a token, and its mode 0644 lets others on this machine read it (and 1 more) [chmod 600 .env]",
		"  warning .env:0:0 .env holds a token, and its mode 0644 lets others on this machine read it",
		"  warning app/.env:0:0 app/.env holds a token, and its mode 0620 lets others on this machine read it")
	fixed, err := FixPermissions(t.Context(), r.open())
	if err != nil || !slices.Equal(fixed, []string{".env", "app/.env"}) {
		t.Errorf("fixed %q, %v", fixed, err)
	}
	r.expect("env-permissions", "ok: only you can read the .env files that hold a token []")
	if fixed, err := FixPermissions(t.Context(), r.open()); err != nil || fixed != nil {
		t.Errorf("a second time fixed %q, %v", fixed, err)
	}
}

func TestNamedPipesAndLinksAreNotRead(t *testing.T) {
	r := newRepository(t)
	for _, name := range []string{".env", ".env.prod", ".env.example"} {
		if err := syscall.Mkfifo(filepath.Join(r.dir, name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	outside := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(outside, []byte("HEX_API_TOKEN=old-style\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(r.dir, ".env.local")); err != nil {
		t.Fatal(err)
	}
	tree := r.open()
	for name, want := range map[string]string{".env": "is a named pipe", ".env.local": "is a symbolic link"} {
		if _, err := tree.ReadLocal(t.Context(), name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error is %v", name, err)
		}
	}
	if files, err := tree.EnvFiles(t.Context()); err != nil || files != nil {
		t.Errorf("files %+v, %v", files, err)
	}
	r.expect("env-permissions", "skipped: no untracked .env file holds a token []")
	if fixed, err := FixPermissions(t.Context(), tree); err != nil || fixed != nil {
		t.Errorf("fixed %q, %v", fixed, err)
	}
}

// The configuration of a repository that somebody else packed can name programs. Each of these would leave a mark.
func TestNothingOfTheRepositoryIsExecuted(t *testing.T) {
	r := newRepository(t)
	mark := filepath.Join(t.TempDir(), "executed")
	script := filepath.Join(r.dir, "evil.sh")
	r.write("evil.sh", "#!/bin/sh\necho \"$0 $*\" >> '"+mark+"'\n")
	r.chmod("evil.sh", 0o755)
	r.write(".env", "HEX_API_TOKEN=old-style\n")
	r.write(".env.prod", "HEX_API_TOKEN=old-style\n")
	r.write(".gitattributes", "* filter=evil diff=evil\n")
	r.commit(".env", ".env.prod", ".gitattributes")
	r.write(".env", "HEX_API_TOKEN=y\n")
	for _, setting := range []string{
		"core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.askPass", "core.alternateRefsCommand", "core.gitProxy",
		"diff.external", "diff.evil.command", "diff.evil.textconv", "filter.evil.clean", "filter.evil.smudge", "filter.evil.process",
		"gpg.program", "gpg.ssh.program", "credential.helper", "interactive.diffFilter", "pager.log", "pager.config", "uploadpack.packObjectsHook",
		"remote.origin.uploadpack",
	} {
		r.git("config", setting, script)
	}
	signed := strings.Replace(r.git("cat-file", "commit", "HEAD"), "\n\n",
		"\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\n", 1)
	r.write("commit", signed+"\n")
	r.git("update-ref", "refs/heads/signed", r.git("hash-object", "-t", "commit", "-w", "--no-filters", "commit"))
	for _, command := range []string{"log", "ls-files", "check-ignore", "rev-parse", "cat-file", "remote", "config"} {
		r.git("config", "alias."+command, "!"+script)
	}
	r.git("config", "log.showSignature", "true")
	for _, hook := range []string{"post-index-change", "fsmonitor-watchman", "reference-transaction"} {
		path := filepath.Join(r.dir, ".git", "hooks", hook)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Link(script, path); err != nil {
			t.Fatal(err)
		}
	}
	// A missing object of a partial clone would be fetched, by whatever command the remote is reached.
	r.git("config", "core.repositoryFormatVersion", "1")
	r.git("config", "extensions.partialClone", "origin")
	r.git("config", "remote.origin.promisor", "true")
	r.git("config", "remote.origin.url", "ssh://host/x")
	r.git("config", "protocol.allow", "always")
	os.Remove(mark)
	blob := r.git("rev-parse", "HEAD:.env.prod")
	object := filepath.Join(r.dir, ".git", "objects", blob[:2], blob[2:])
	if err := os.Remove(object); err != nil {
		t.Fatal(err)
	}

	tree := r.open()
	judged := r.judge("")
	if !strings.Contains(judged, ".env is tracked by git and holds HEX_API_TOKEN") {
		t.Errorf("the checks say\n%s", judged)
	}
	if _, err := tree.Remotes(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := tree.ReadLocal(t.Context(), ".env"); err == nil {
		t.Error("read a tracked file")
	}
	if _, err := scaffold.Plan(r.dir, tree.Git(t.Context()), scaffold.Options{}); err != nil {
		t.Error(err)
	}
	if marks, err := os.ReadFile(mark); err == nil {
		t.Errorf("executed:\n%s", marks)
	}

	// The trap works: plain git falls into it.
	r.t.Setenv("GIT_SSH_VARIANT", "simple")
	for _, args := range [][]string{{"status"}, {"cat-file", "blob", blob}, {"diff"}, {"-c", "log.showSignature=true", "-c", "core.fsmonitor=false", "log", "signed", "--"}} {
		os.Remove(mark)
		runPlainGit(r.dir, args...)
		if _, err := os.Stat(mark); err != nil {
			t.Errorf("git %v executes nothing either", args)
		}
	}
}

func runPlainGit(dir string, args ...string) {
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Run()
}

// An untracked file cannot be called so that it passes for a tracked one.
func TestUntrackedNamesAreNoStages(t *testing.T) {
	r := newRepository(t)
	if err := os.MkdirAll(filepath.Join(r.dir, "H 100644 e69de29bb2d1d6434b8b29ae775ad8c2e48c5391 0\tsub"), 0o755); err != nil {
		t.Fatal(err)
	}
	r.write("H 100644 e69de29bb2d1d6434b8b29ae775ad8c2e48c5391 0\tsub/.env", "HEX_API_TOKEN=x\n")
	files, err := r.open().EnvFiles(t.Context())
	if err != nil || len(files) != 1 || files[0].Tracked {
		t.Errorf("%+v, %v", files, err)
	}
}
