package inspect

import (
	"os"
	"path"
	"slices"
	"strings"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/workflow"
)

// maxMisplaced bounds how many files elsewhere are looked into.
const maxMisplaced = 20

// misplaced are notes about workflows of the work tree that use Hex and stand where GitHub does not look for any (R20), and
// about symbolic links to workflows.
func (i *Inspection) misplaced() []check.Finding {
	if i.elsewhere != nil {
		s, _ := i.elsewhere.snapshot()
		return i.linked(slices.DeleteFunc(slices.Clone(s.Files), func(f github.File) bool { return !f.Linked }))
	}
	if i.Tree == nil || i.Source != nil {
		return nil
	}
	names, err := i.Tree.Files(i.ends)
	if err != nil {
		return nil
	}
	root, err := os.OpenRoot(i.Tree.Root())
	if err != nil {
		return nil
	}
	defer root.Close()
	notes := i.linked(linksIn(root))
	looked := 0
	for _, name := range names {
		if looked == maxMisplaced || !isMisplaced(name) {
			continue
		}
		looked++
		data, _ := readRegular(root, name)
		if w := workflow.Read([]workflow.File{{Path: WorkflowFolder + "/w.yml", Data: data}}, workflow.ReadOptions{Ends: i.ends}); len(w.HexSecrets()) > 0 || usesHex(w) {
			notes = append(notes, check.Finding{File: name, Severity: check.SeverityNote, Message: "this workflow uses Hex, and GitHub does not run it: it looks for workflows directly in " + WorkflowFolder + " only"})
		}
	}
	return notes
}

// linksIn are the symbolic links among the workflows of a work tree and the folders that they stand in.
func linksIn(root *os.Root) (links []github.File) {
	names := []string{path.Dir(WorkflowFolder), WorkflowFolder}
	if folder, err := root.OpenRoot(WorkflowFolder); err == nil {
		defer folder.Close()
		files, _ := namesIn(folder)
		for _, name := range files {
			names = append(names, path.Join(WorkflowFolder, name))
		}
	}
	for _, name := range names {
		if info, err := root.Lstat(name); err == nil && info.Mode()&os.ModeSymlink != 0 {
			links = append(links, github.File{Path: name})
		}
	}
	return links
}

// linked says, where something uses Hex, that GitHub follows no link: it takes the path in one for the workflow, and finds
// none in a folder that is one.
func (i *Inspection) linked(links []github.File) (notes []check.Finding) {
	if len(links) == 0 || !usesHex(i.local()) {
		return nil
	}
	for _, f := range links {
		notes = append(notes, check.Finding{File: f.Path, Severity: check.SeverityNote, Message: "this is a symbolic link, which GitHub does not follow: it runs no workflow from there"})
	}
	return notes
}

// isMisplaced tells a file that is meant as a workflow by the folders that it stands in.
func isMisplaced(name string) bool {
	if !IsYAML(name) || path.Dir(name) == WorkflowFolder {
		return false
	}
	folders := strings.Split(path.Dir(name), "/")
	for n, folder := range folders[1:] {
		if core.EditDistance(strings.ToLower(folders[n]), ".github") <= 1 && core.EditDistance(strings.ToLower(folder), "workflows") <= 2 {
			return true
		}
	}
	return false
}

// withNotes adds notes to a result: to the message of one that had nothing to look at, too.
func withNotes(r check.Result, notes []check.Finding) check.Result {
	if len(notes) > 0 && r.Status == check.StatusSkipped {
		r.Message += "; " + notes[0].File + ": " + notes[0].Message
	}
	r.Findings = append(r.Findings, notes...)
	return r
}
