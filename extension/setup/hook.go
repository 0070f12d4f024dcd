package setup

import (
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/gh-hex/gh-hex/core/hook"
	"github.com/gh-hex/gh-hex/core/scaffold"
	"github.com/gh-hex/gh-hex/core/worktree"
)

// recordHook says what was done, or is to be done by hand, to have git run gh hex before a push.
func (o *initOptions) recordHook(tree *worktree.Tree, h hook.Hook) {
	path := inTreePath(tree, h.Path)
	switch {
	case h.Obstacle != "":
		o.Record("skipped", "%s: %s, so it was left alone", path, h.Obstacle)
		o.sayEntry(tree, h)
		return
	case h.Owner != "" && h.Dead == "":
		o.Record(o.outcome(), "%s: %s runs gh hex already", inTreePath(tree, h.Where), h.Owner)
		return
	case h.Owner != "":
		o.Record("warning", "%s: %s would run gh hex, but %s", inTreePath(tree, h.Where), h.Owner, h.Dead)
		o.Say("To fix that: %s", h.Then)
		return
	case h.Action == scaffold.Unchanged:
		o.Record(o.outcome(), "%s: nothing to change", path)
		return
	case h.Kept != "" && h.Idle != "":
		o.Record(o.outcome(), "%s: created; what was there is now %s, and does not run: %s", path, filepath.Base(h.Kept), h.Idle)
	case h.Kept != "":
		o.Record(o.outcome(), "%s: created; the hook that was there is now %s, and runs after it", path, filepath.Base(h.Kept))
	default:
		o.Record(o.outcome(), "%s: %s", path, string(h.Action))
	}
	if !o.dryRun {
		o.Say("Every push is checked from now on; git push --no-verify skips it. The file says how to remove it.")
	}
}

// sayEntry prints what to add to a file that is not ours to write.
func (o *initOptions) sayEntry(tree *worktree.Tree, h hook.Hook) {
	if h.Where == "" {
		o.Say("To see why, or to change it: %s", h.Add)
		return
	}
	ask := "Add to %s:"
	if h.Instead {
		ask = "In %s, write instead:"
	}
	o.Say(ask, inTreePath(tree, h.Where))
	for line := range strings.SplitSeq(h.Add, "\n") {
		o.Verbatim(line)
	}
	if h.Dead != "" {
		o.Say("%s. To fix that: %s", h.Dead, h.Then)
	}
}

// folderOfGH is where the gh is that runs this; empty when that is not known.
func (o *initOptions) folderOfGH() string {
	path := o.Getenv("GH_PATH")
	if path == "" {
		path, _ = exec.LookPath("gh")
	}
	if !filepath.IsAbs(path) {
		return ""
	}
	return filepath.Dir(path)
}

// outcome is the status of what was done, or would be.
func (o *initOptions) outcome() string {
	if o.dryRun {
		return "planned"
	}
	return "ok"
}

// inTreePath shows a path of the work tree without what leads to it.
func inTreePath(tree *worktree.Tree, path string) string {
	if rel, err := filepath.Rel(tree.Root(), path); filepath.IsAbs(path) && err == nil && filepath.IsLocal(rel) {
		return filepath.ToSlash(rel)
	}
	return path
}
