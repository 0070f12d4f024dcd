package hook

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/gh-hex/gh-hex/core/scaffold"
	"github.com/gh-hex/gh-hex/core/worktree"
)

// survey is what there is of hooks in a repository, and what git makes of it here.
type survey struct {
	tree *worktree.Tree
	// folder is where git looks for hooks; off says that it is told to look nowhere.
	folder     string
	configured bool
	off        bool
	// path is that of the hook that git would run, text what stands there.
	path       string
	present    bool
	executable bool
	text       []byte
	managers   []manager
}

func look(ctx context.Context, t *worktree.Tree) (*survey, error) {
	folder, configured, err := t.HooksFolder(ctx)
	if err != nil {
		return nil, err
	}
	s := &survey{tree: t, folder: folder, configured: configured, path: filepath.Join(folder, hookName)}
	s.off = folder == "" || folder == os.DevNull || folder == "/dev/null"
	if !s.off {
		s.text, s.present, s.executable = readThrough(s.path)
	}
	if s.managers, err = managers(ctx, t); err != nil {
		return nil, err
	}
	for i := range s.managers {
		s.managers[i].kind = s.installed(s.managers[i].kind)
	}
	if home, ok := huskyHome(folder); ok && configured && !slices.ContainsFunc(s.managers, func(m manager) bool { return filepath.Dir(m.file.path) == home }) {
		s.managers = append(s.managers, huskyAt(home))
	}
	return s, nil
}

// installed is the kind that wrote the hook, where several read a file of that name: prek does that of pre-commit.
func (s *survey) installed(k kind) kind {
	for _, other := range kinds() {
		if k.name == "pre-commit" && other.name == "prek" && s.present && bytes.Contains(s.text, []byte(other.mark)) {
			k.name, k.mark, k.install = other.name, other.mark, other.install
		}
	}
	return k
}

// huskyHome is the folder of husky's files that this folder of hooks belongs to.
func huskyHome(folder string) (string, bool) {
	i := strings.Index(filepath.ToSlash(folder)+"/", "/.husky/")
	if i < 0 {
		return "", false
	}
	return filepath.Join(folder[:i], ".husky"), true
}

// readThrough reads a hook as git finds it, through links. What is no file, or too long, has no text.
func readThrough(path string) (text []byte, present, executable bool) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, false, false
	}
	executable = info.Mode().IsRegular() && (info.Mode()&0o111 != 0 || runtime.GOOS == "windows")
	whole, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, true, executable
	}
	r, err := os.OpenRoot(filepath.Dir(whole))
	if err != nil {
		return nil, true, executable
	}
	defer r.Close()
	text, _, _ = scaffold.Read(r, filepath.Base(whole), maxHook)
	return text, true, executable
}

// owner is the manager that the hook is left to; nil when nobody manages hooks here. Of several it is the one that git runs,
// or else the one that was told of gh hex.
func (s *survey) owner() *manager {
	for i := range s.managers {
		if s.wrote(s.managers[i]) {
			return &s.managers[i]
		}
	}
	if len(s.managers) > 0 {
		return &s.managers[0]
	}
	return s.unseen()
}

// wrote tells whether the hook that git would run is this manager's.
func (s *survey) wrote(m manager) bool {
	if home, ok := huskyHome(s.folder); ok {
		return filepath.Dir(m.file.path) == home
	}
	return s.present && m.mark != "" && bytes.Contains(s.text, []byte(m.mark))
}

// unseen is the manager whose hook is there, and whose file is not.
func (s *survey) unseen() *manager {
	for _, k := range kinds() {
		if s.present && bytes.Contains(s.text, []byte(k.mark)) {
			f := file{path: filepath.Join(s.tree.Root(), filepath.FromSlash(k.files[0]))}
			return &manager{kind: k, file: f, entry: judgeLine(string(s.text))}
		}
	}
	return nil
}

// runs tells whether git runs what this manager's file says.
func (s *survey) runs(m manager) bool {
	if !s.present || !s.executable {
		return false
	}
	if s.path == m.file.path { // of husky before version 9
		return true
	}
	return s.wrote(m) && (m.name != "simple-git-hooks" || !m.entry.there || judgeLine(string(s.text)).there)
}

// active tells whether git runs gh hex before a push; maybe that a hook that runs may do so.
func (s *survey) active() (active, maybe bool) {
	if !s.present || !s.executable {
		return false, false
	}
	e := judgeLine(string(s.text))
	if e.there || e.flaw != "" || slices.ContainsFunc(s.managers, func(m manager) bool { return s.runs(m) && (m.entry.there || m.entry.flaw != "") }) {
		return true, false
	}
	return s.callsOurs()
}

// callsOurs tells whether the hook that git runs goes on to run ours under another name. The framework pre-commit does,
// with what it found in its place.
func (s *survey) callsOurs() (active, maybe bool) {
	for _, place := range s.ours() {
		_, _, executable := readThrough(place)
		name := filepath.Base(place)
		framework := bytes.Contains(s.text, []byte("hook-impl ")) && name == hookName+".legacy"
		switch {
		case executable && framework && filepath.Dir(place) == s.folder:
			return true, false
		case name != hookName && bytes.Contains(s.text, []byte(name)), filepath.Dir(place) != s.folder && bytes.Contains(s.text, []byte("hooks/")):
			maybe = true
		}
	}
	return false, maybe
}

// ours are the places of hooks that gh hex wrote, whatever they are called by now.
func (s *survey) ours() []string {
	var places []string
	folders := []string{filepath.Join(s.tree.CommonDir(), "hooks")}
	if !s.off && s.folder != folders[0] {
		folders = append(folders, s.folder)
	}
	for _, folder := range folders {
		for _, suffix := range []string{"", ".old", ".kept", ".legacy"} {
			place := filepath.Join(folder, hookName+suffix)
			if text, _, _ := readThrough(place); bytes.Contains(text, []byte(hookMark)) {
				places = append(places, place)
			}
		}
	}
	return places
}

// why says why git does not run what should run.
func (s *survey) why() string {
	switch info, err := os.Lstat(s.path); {
	case s.off:
		return fmt.Sprintf("core.hooksPath is %q: git runs no hook of this repository", s.folder)
	case !s.present && err == nil && info.Mode()&fs.ModeSymlink != 0:
		return s.shown(s.path) + " is a broken link"
	case !s.present && s.configured:
		return "git finds no hook here: core.hooksPath leads to " + s.shown(s.folder) + ", where there is no " + hookName
	case !s.present:
		return "git finds no hook here: there is no " + s.shown(s.path)
	case !s.executable:
		return "nobody may execute " + s.shown(s.path)
	}
	return "git runs " + s.shown(s.path) + ", which does not run it"
}

// shown is a path as it is told: from the top of the work tree, when it is in there.
func (s *survey) shown(path string) string {
	if rel, err := filepath.Rel(s.tree.Root(), path); err == nil && filepath.IsLocal(rel) {
		return filepath.ToSlash(rel)
	}
	return path
}
