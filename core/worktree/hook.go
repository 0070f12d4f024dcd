package worktree

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/gh-hex/gh-hex/core/scaffold"
)

const (
	hookName = "pre-push"
	keptName = "pre-push.kept"
	// maxHook bounds how much of a hook is read to find out what it is, in bytes.
	maxHook = 1 << 20

	// HookLine is what a hook of somebody else needs in order to run gh hex.
	HookLine = `gh hex verify --pre-push "$@"`
	hookMark = "# Written by gh hex init --hook."
)

// hookText runs the hook that was there before, then gh hex. Where gh or the extension is gone, or the extension is too
// old to know the flag, the push goes on: the test is whether it can judge a push of nothing.
const hookText = `#!/bin/sh
` + hookMark + ` It looks for Hex tokens, .env files and broken workflows in what is pushed.
# A hook that was here before is now ` + keptName + `, and runs first.
# To go past both once: git push --no-verify
# To remove it, delete this file; if there is a ` + keptName + `, rename it to ` + hookName + ` again.
refs=$(cat)
send() { [ -z "$refs" ] || printf '%s\n' "$refs"; }

kept=${0%/*}/` + keptName + `
if [ -f "$kept" ] && [ -x "$kept" ]; then
	send | "$kept" "$@" || exit
fi

if ! command -v gh >/dev/null 2>&1; then
	echo "gh hex checked nothing of this push: gh is not installed" >&2
	exit 0
fi
if ! gh hex verify --pre-push </dev/null >/dev/null 2>&1; then
	echo "gh hex checked nothing of this push: the extension gh-hex is missing or old (gh extension install gh-hex/gh-hex)" >&2
	exit 0
fi
send | ` + HookLine + ` >&2
`

// Hook is a pre-push hook as it was found and as it will be.
type Hook struct {
	// Path is that of the hook, an absolute path of this system.
	Path string
	// Kept is where a hook that is there already will be, and be run from; empty when there is none.
	Kept string
	// Action is what Write does to the file.
	Action scaffold.Action
	// Idle says why the kept hook does not run, as it did not before; empty when it runs.
	Idle string
	// Obstacle says why the file is not ours to write; empty when it is. Instead, Add is to be added to Where, or to be
	// typed when Where is empty.
	Obstacle, Where, Add string

	// mode is what a hook that only lacks the right to be run gets; 0 when the file is written.
	mode fs.FileMode

	base, name string // of the folder that nothing is written outside of, and of the hook in it
}

// PlanHook finds out where git looks for its pre-push hook, and what stands there. It only reads.
func PlanHook(ctx context.Context, t *Tree) (Hook, error) {
	folder, configured, err := t.hooksFolder(ctx)
	if err != nil {
		return Hook{}, err
	}
	h := Hook{Path: filepath.Join(folder, hookName), Action: scaffold.Created}
	if folder == "" || folder == os.DevNull || folder == "/dev/null" {
		h.Path = "pre-push"
		return h.leave(fmt.Sprintf("core.hooksPath is %q: git runs no hook of this repository", folder), "", hooksAgain), nil
	}
	if i := strings.Index(filepath.ToSlash(folder)+"/", "/.husky/"); configured && i >= 0 {
		return h.leave("husky manages the hooks", filepath.Join(folder[:i], ".husky", hookName), HookLine), nil
	}
	for _, base := range []string{t.commonDir, t.root} {
		if name, err := filepath.Rel(base, h.Path); h.base == "" && err == nil && filepath.IsLocal(name) {
			h.base, h.name = base, name
		}
	}
	if h.base == "" {
		return h.leave("core.hooksPath leads out of this repository", h.Path, HookLine), nil
	}
	return h.inspect()
}

// hooksAgain leads to the setting that turns hooks off, which may be one for all repositories.
const hooksAgain = "git config --show-origin core.hooksPath"

func (h Hook) leave(obstacle, where, add string) Hook {
	h.Obstacle, h.Where, h.Add = obstacle, where, add
	h.Action = scaffold.Unchanged
	return h
}

// hooksFolder is where git looks for hooks, and whether somebody configured that. Our own setting is passed over.
func (t *Tree) hooksFolder(ctx context.Context) (folder string, configured bool, err error) {
	out, err := t.git.run(ctx, t.root, nil, "config", "--show-scope", "--type=path", "-z", "--get-all", "core.hooksPath")
	if err := failure(err); err != nil {
		return "", false, err
	}
	folder = filepath.Join(t.commonDir, "hooks")
	settings := fields(out)
	for i := 0; i+1 < len(settings); i += 2 {
		if settings[i] == "command" {
			continue
		}
		folder, configured = filepath.FromSlash(settings[i+1]), true
		if folder != "" && !filepath.IsAbs(folder) {
			folder = filepath.Join(t.root, folder)
		}
	}
	return folder, configured, nil
}

// inspect decides by what stands in the hook's place.
func (h Hook) inspect() (Hook, error) {
	r, err := os.OpenRoot(h.base)
	if err != nil {
		return h, err
	}
	defer r.Close()
	info, err := r.Lstat(h.name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return h, nil
	case err != nil:
		return h.leave("the folder of hooks is not in this repository", h.Path, HookLine), nil
	}
	if info.IsDir() {
		return h.leave("a folder stands there", "", "git rev-parse --git-path hooks/"+hookName), nil
	}
	var text []byte
	if info.Mode().IsRegular() && info.Size() <= maxHook {
		text, err = r.ReadFile(h.name)
	}
	if err != nil {
		return h, fmt.Errorf("read the hook: %w", err)
	}
	return h.beside(r, text).runnable(info.Mode()).idle(), nil
}

// idle notes why a hook that is to be kept does not run. It is asked about through links, as git does.
func (h Hook) idle() Hook {
	if h.Kept == "" || h.Obstacle != "" {
		return h
	}
	info, err := os.Stat(h.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		h.Idle = "it is a link that leads nowhere"
	case err != nil || !info.Mode().IsRegular():
		h.Idle = "it is no file"
	case info.Mode()&0o111 == 0 && runtime.GOOS != "windows":
		h.Idle = "nobody may execute it (chmod +x)"
	}
	return h
}

// runnable has a hook that is to stay made executable: git passes over one that is not. Windows knows no such right.
func (h Hook) runnable(mode fs.FileMode) Hook {
	if h.Action == scaffold.Unchanged && h.Obstacle == "" && mode&0o100 == 0 && runtime.GOOS != "windows" {
		h.Action = scaffold.Updated
		h.mode = mode.Perm() | mode.Perm()>>2&0o111 // whoever may read it may run it
	}
	return h
}

// beside decides what becomes of a hook with this text.
func (h Hook) beside(r *os.Root, text []byte) Hook {
	runs, maybe := runsVerify(string(text))
	switch {
	case runs || string(text) == hookText:
		h.Action = scaffold.Unchanged
	case bytes.Contains(text, []byte(hookMark)):
		// Kept, it would look for a kept hook in its turn, and find itself.
		return h.leave("somebody changed the hook that gh hex wrote", h.Path, HookLine)
	case bytes.Contains(text, []byte("https://pre-commit.com")):
		return h.leave("pre-commit manages this hook", ".pre-commit-config.yaml, under repos", preCommitEntry)
	case maybe:
		return h.leave("it names gh hex verify --pre-push, and may or may not run it", h.Path, HookLine)
	default:
		h.Kept = filepath.Join(filepath.Dir(h.Path), keptName)
		if _, err := r.Lstat(h.keptName()); err == nil {
			return h.leave("there is a hook already, and a "+keptName+" too", h.Path, HookLine)
		}
	}
	return h
}

const preCommitEntry = `  - repo: local
    hooks:
      - id: gh-hex
        name: gh hex
        entry: gh hex verify --pre-push
        language: system
        stages: [pre-push]
        always_run: true
        pass_filenames: false
        verbose: true`

func (h Hook) keptName() string { return filepath.Join(filepath.Dir(h.name), keptName) }

// Write puts the hook in its place; that of a zero Hook is nowhere. Should that fail, the one that was there stays.
func (h Hook) Write() error {
	if h.Action == scaffold.Unchanged || h.base == "" {
		return nil
	}
	r, err := os.OpenRoot(h.base)
	if err != nil {
		return err
	}
	defer r.Close()
	if h.mode != 0 {
		return r.Chmod(h.name, h.mode)
	}
	temporary := filepath.Join(filepath.Dir(h.name), ".gh-hex-"+rand.Text()+".tmp")
	err = writeHook(r, temporary)
	if err == nil && h.Kept != "" {
		err = r.Rename(h.name, h.keptName())
	}
	if err == nil {
		if err = r.Rename(temporary, h.name); err != nil && h.Kept != "" {
			err = errors.Join(err, r.Rename(h.keptName(), h.name))
		}
	}
	if err != nil {
		_ = r.Remove(temporary)
		return fmt.Errorf("write the hook: %w", err)
	}
	return nil
}

func writeHook(r *os.Root, name string) error {
	if err := r.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	f, err := r.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o777)
	if err != nil {
		return err
	}
	_, err = f.WriteString(hookText)
	return errors.Join(err, f.Close())
}
