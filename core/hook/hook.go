// Package hook finds out who owns the pre-push hook of a repository, and has git run gh hex before a push.
package hook

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

	"github.com/gh-hex/gh-hex/core"
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
)

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
	// typed when Where is empty; Instead says that it takes the place of what is there.
	Obstacle, Where, Add string
	Instead              bool
	// Owner is the manager of the hooks that runs gh hex already, as Where has it do.
	Owner string
	// Dead says why git will not run what a manager was told to, and Then is the command that mends it.
	Dead, Then string

	// mode is what a hook that only lacks the right to be run gets; 0 when the file is written.
	mode fs.FileMode

	base, name string // of the folder that nothing is written outside of, and of the hook in it
	text       string // what is written
	before     []byte // what is to be replaced, when it is ours
}

// Plan finds out where git looks for its pre-push hook, who owns it, and what stands there. It only reads. gh is the folder
// of the gh that the hook shall run where PATH knows none; it may be empty.
func Plan(ctx context.Context, t *worktree.Tree, gh string) (Hook, error) {
	s, err := look(ctx, t)
	if err != nil {
		return Hook{}, err
	}
	h := Hook{Path: s.path, Action: scaffold.Created, text: scriptFor(gh)}
	if owner := s.owner(); owner != nil {
		return h.ownedBy(s, *owner), nil
	}
	if s.off {
		h.Path = hookName
		return h.leave(s.why(), "", hooksAgain), nil
	}
	for _, base := range []string{t.CommonDir(), t.Root()} {
		if name, err := filepath.Rel(base, h.Path); h.base == "" && err == nil && filepath.IsLocal(name) {
			h.base, h.name = base, name
		}
	}
	if h.base == "" {
		return h.elsewhere(s), nil
	}
	return h.inspect()
}

// ownedBy leaves the hook to a manager, and says what to add to its file, or that it is there.
func (h Hook) ownedBy(s *survey, m manager) Hook {
	h.Where = m.file.path
	if active, _ := s.active(); !s.runs(m) && !(m.entry.there && active) {
		h.Dead, h.Then = s.why(), m.install
	}
	if s.path == m.file.path && !s.executable {
		h.Dead, h.Then = "this version of husky runs only executable files", "chmod +x "+core.ShellWord(s.shown(s.path))
	}
	if m.entry.there {
		h.Action, h.Owner = scaffold.Unchanged, m.name
		return h
	}
	h.Instead = m.entry.flaw != ""
	if under := m.under(m.file); under != "" && !h.Instead {
		h.Where += ", " + under
	}
	reason := m.name + " manages the hooks"
	if h.Instead {
		reason += ", and " + m.entry.flaw
	}
	return h.leave(reason, h.Where, m.kind.entry(m.file))
}

// elsewhere leaves a hook outside of this repository alone, which may run gh hex already.
func (h Hook) elsewhere(s *survey) Hook {
	if judgeLine(string(s.text)).there && s.executable {
		h.Action = scaffold.Unchanged
		return h
	}
	return h.leave("core.hooksPath leads out of this repository", h.Path, shellEntry(file{text: s.text}))
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
		return h.leave("it is a folder", "", "git rev-parse --git-path hooks/"+hookName), nil
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
		h.Idle = "it is a broken link"
	case err != nil || !info.Mode().IsRegular():
		h.Idle = "it is not a file"
	case info.Mode()&0o111 == 0 && runtime.GOOS != "windows":
		h.Idle = "it is not executable (chmod +x)"
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
	found := shellFound(file{text: text})
	switch {
	case isEarlier(text), isOurs(string(text)) && string(text) != h.text && h.text != scriptFor(""):
		h.Action, h.before = scaffold.Updated, text
	case found.there:
		h.Action = scaffold.Unchanged
	case bytes.Contains(text, []byte(hookMark)):
		// Kept, it would look for a kept hook in its turn, and find itself.
		return h.leave("somebody changed the hook that gh hex wrote", h.Path, Line)
	case found.flaw != "":
		h.Instead = true
		return h.leave(found.flaw, h.Path, shellEntry(file{text: text}))
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
var errMeanwhile = errors.New("the hook keeps changing")

// again plans for the same place.
func (h Hook) again() (Hook, error) {
	return Hook{Path: h.Path, Action: scaffold.Created, base: h.base, name: h.name, text: h.text}.inspect()
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
	if err = writeHook(r, temporary, h.text); err == nil {
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

func writeHook(r *os.Root, name, text string) error {
	if err := r.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	f, err := r.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o777)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}
