package inspect

import (
	"os"
	"path"
	"strings"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/extension/workflow"
)

// maxMisplaced bounds how many files elsewhere are looked into.
const maxMisplaced = 20

// misplaced are notes about workflows of the work tree that use Hex and stand where GitHub does not look for any (R20).
func (i *Inspection) misplaced() []check.Finding {
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
	var notes []check.Finding
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
