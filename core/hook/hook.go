// Package hook finds out who owns the pre-push hook of a repository, and has git run gh hex before a push.
package hook

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/gh-hex/gh-hex/core/scaffold"
	"github.com/gh-hex/gh-hex/core/worktree"
)

const (
	hookName = "pre-push"
	keptName = "pre-push.kept"
	// maxHook bounds how much of a hook is read to find out what it is, in bytes.
	maxHook = 1 << 20
	// maxCopy bounds a hook that has to be copied in order to be kept, in bytes.
	maxCopy = 64 << 20

	// Line is what a hook of somebody else needs in order to run gh hex. A remote can be called --help.
	Line     = `gh hex verify --pre-push -- "$@"`
	hookMark = "# Written by gh hex init --hook."
)

// hookText runs the hook that was there before, then gh hex. Where gh or the extension is gone, or the extension is too
// old to know the flag, the push goes on: the test is whether it can judge a push of nothing. A kept hook that is this one
// again, or that runs it, would start processes without end: it is passed over, and the push is judged all the same.
const hookText = `#!/bin/sh
` + hookMark + ` It looks for Hex tokens, .env files and broken workflows in what is pushed.
# A hook that was here before is now ` + keptName + `, and runs first.
# To go past both once: git push --no-verify
# To remove it, delete this file; if there is a ` + keptName + `, rename it to ` + hookName + ` again.
refs=$(cat)
send() { [ -z "$refs" ] || printf '%s\n' "$refs"; }

folder=$(CDPATH= cd -- "${0%/*}" && pwd -P)
kept=${0%/*}/` + keptName + `
if [ -f "$kept" ] && [ -x "$kept" ]; then
	{ read -r second; read -r second; } 2>/dev/null <"$kept"
	case ":$GH_HEX_HOOKS:$second" in
	*":$folder:"* | *":` + hookMark + `"*)
		echo "gh hex passed over $kept: it runs this hook again (take that out of it, or delete it)" >&2
		;;
	*)
		send | GH_HEX_HOOKS=$GH_HEX_HOOKS:$folder "$kept" "$@" || exit
		;;
	esac
fi

if ! command -v gh >/dev/null 2>&1; then
	echo "gh hex checked nothing of this push: gh is not installed" >&2
	exit 0
fi
if ! gh hex verify --pre-push </dev/null >/dev/null 2>&1; then
	echo "gh hex checked nothing of this push: the extension gh-hex is missing or old (gh extension install gh-hex/gh-hex)" >&2
	exit 0
fi
send | ` + Line + ` >&2
`

// earlierHook is the SHA-256 of a hookText of ours, which passed what git says of the remote as options of gh hex.
const earlierHook = "1c94da5e10a81617441f20b7a78e020327f4c863a1b2cb600432da7d45defbb0"

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
	before     []byte // what is to be replaced, when it is ours
}

// Plan finds out where git looks for its pre-push hook, and what stands there. It only reads.
func Plan(ctx context.Context, t *worktree.Tree) (Hook, error) {
	folder, configured, err := t.HooksFolder(ctx)
	if err != nil {
		return Hook{}, err
	}
	h := Hook{Path: filepath.Join(folder, hookName), Action: scaffold.Created}
	if folder == "" || folder == os.DevNull || folder == "/dev/null" {
		h.Path = "pre-push"
		return h.leave(fmt.Sprintf("core.hooksPath is %q: git runs no hook of this repository", folder), "", hooksAgain), nil
	}
	if i := strings.Index(filepath.ToSlash(folder)+"/", "/.husky/"); configured && i >= 0 {
		return h.leave("husky manages the hooks", filepath.Join(folder[:i], ".husky", hookName), Line), nil
	}
	for _, base := range []string{t.CommonDir(), t.Root()} {
		if name, err := filepath.Rel(base, h.Path); h.base == "" && err == nil && filepath.IsLocal(name) {
			h.base, h.name = base, name
		}
	}
	if h.base == "" {
		return h.leave("core.hooksPath leads out of this repository", h.Path, Line), nil
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
		return h.leave("the folder of hooks is not in this repository", h.Path, Line), nil
	}
	if info.IsDir() {
		return h.leave("a folder stands there", "", "git rev-parse --git-path hooks/"+hookName), nil
	}
	text, err := readHook(r, h.name)
	if err != nil {
		return h, fmt.Errorf("read the hook: %w", err)
	}
	return h.beside(r, text).runnable(info.Mode()).idle(), nil
}

// readHook returns nothing of what is no file, or too long to be a hook.
func readHook(r *os.Root, name string) ([]byte, error) {
	info, err := r.Lstat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxHook {
		return nil, err
	}
	text, _, err := scaffold.Read(r, filepath.ToSlash(name), maxHook)
	return text, err
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
	case string(text) == hookText || runs && guarded(string(text)):
		h.Action = scaffold.Unchanged
	case fmt.Sprintf("%x", sha256.Sum256(text)) == earlierHook:
		h.Action, h.before = scaffold.Updated, text
	case bytes.Contains(text, []byte(hookMark)):
		// Kept, it would look for a kept hook in its turn, and find itself.
		return h.leave("somebody changed the hook that gh hex wrote", h.Path, Line)
	case bytes.Contains(text, []byte("https://pre-commit.com")):
		return h.leave("pre-commit manages this hook", ".pre-commit-config.yaml, under repos", preCommitEntry)
	case runs:
		return h.leave("what git tells it of the remote is read as options of gh hex there, for want of --", h.Path, Line)
	case maybe:
		return h.leave("it names gh hex verify --pre-push, and may or may not run it", h.Path, Line)
	default:
		h.Kept = filepath.Join(filepath.Dir(h.Path), keptName)
		if _, err := r.Lstat(h.keptName()); err == nil && !same(r, h.name, h.keptName()) {
			return h.leave("there is a hook already, and a "+keptName+" too", h.Path, Line)
		}
	}
	return h
}

// guarded tells whether a hook that runs gh hex passes on git's arguments, if at all, as no options.
func guarded(text string) bool {
	for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", " ")) {
		before, _, passes := strings.Cut(line, "$")
		if passes && strings.Contains(before, "--pre-push") && !strings.Contains(before, " -- ") {
			return false
		}
	}
	return true
}

const preCommitEntry = `  - repo: local
    hooks:
      - id: gh-hex
        name: gh hex
        entry: gh hex verify --pre-push --
        language: system
        stages: [pre-push]
        always_run: true
        pass_filenames: false
        verbose: true`

func (h Hook) keptName() string { return filepath.Join(filepath.Dir(h.name), keptName) }

// Write puts the hook in its place; that of a zero Hook is nowhere. What stands there by now decides, not what did when it
// was planned: the Hook that comes back says what was done. Nothing is lost when it fails, or when several run at once.
func (h Hook) Write() (Hook, error) {
	const tries = 5
	for range tries {
		err := h.write()
		if !errors.Is(err, errMeanwhile) {
			return h, err
		}
		if h, err = h.again(); err != nil {
			return h, err
		}
	}
	return h, fmt.Errorf("write the hook: %w; run the command again", errMeanwhile)
}

// errMeanwhile means that a hook is not the one that was planned for.
var errMeanwhile = errors.New("the hook changes all the time")

// again plans for the same place.
func (h Hook) again() (Hook, error) {
	return Hook{Path: h.Path, Action: scaffold.Created, base: h.base, name: h.name}.inspect()
}

func (h Hook) write() error {
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
	if err = writeHook(r, temporary); err == nil {
		err = h.place(r, temporary)
	}
	_ = r.Remove(temporary)
	if err != nil && !errors.Is(err, errMeanwhile) {
		return fmt.Errorf("write the hook: %w", err)
	}
	return err
}

// place gives the new hook its name. One that is to be kept has its other name before it loses this one.
func (h Hook) place(r *os.Root, temporary string) error {
	if h.Kept == "" && h.before == nil {
		return exclusively(r, temporary, h.name)
	}
	if h.Kept != "" {
		if err := exclusively(r, h.name, h.keptName()); err != nil && !same(r, h.name, h.keptName()) {
			return err
		}
	}
	now, err := readHook(r, h.name)
	switch {
	case err != nil:
		return errMeanwhile
	case h.Kept != "" && bytes.Contains(now, []byte(hookMark)):
		if same(r, h.name, h.keptName()) {
			_ = r.Remove(h.keptName()) // ours came in between: it is none to be kept
		}
		return errMeanwhile
	case h.Kept == "" && !bytes.Equal(now, h.before), h.Kept != "" && !same(r, h.name, h.keptName()):
		return errMeanwhile
	}
	return r.Rename(temporary, h.name)
}

// same tells whether two names are those of one hook, as they are while one is put beside another.
func same(r *os.Root, a, b string) bool {
	infoA, errA := r.Lstat(a)
	infoB, errB := r.Lstat(b)
	if errA != nil || errB != nil {
		return false
	}
	textA, _ := readHook(r, a)
	textB, _ := readHook(r, b)
	return os.SameFile(infoA, infoB) || textA != nil && bytes.Equal(textA, textB) && infoA.Mode() == infoB.Mode()
}

// exclusively gives a file a second name that nothing has yet. Where the file system knows no second names, it is a copy.
func exclusively(r *os.Root, from, to string) error {
	err := r.Link(from, to)
	if err == nil {
		return nil
	}
	if _, taken := r.Lstat(to); taken == nil {
		return errMeanwhile
	}
	info, missing := r.Lstat(from)
	switch {
	case missing != nil:
		return errMeanwhile
	case !info.Mode().IsRegular():
		return err
	}
	return duplicate(r, from, to, info.Mode().Perm())
}

func duplicate(r *os.Root, from, to string, mode fs.FileMode) error {
	text, _, err := scaffold.Read(r, filepath.ToSlash(from), maxCopy)
	if err != nil {
		return err
	}
	out, err := r.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return errMeanwhile
	}
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	return errors.Join(err, out.Close())
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
