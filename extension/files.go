package extension

import (
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/gh-hex/gh-hex/extension/workflow"
)

// maxWorkflow bounds a workflow file; GitHub itself refuses larger ones.
const maxWorkflow = 1 << 20

// readWorkflows reads the workflows of the work tree as they are, uncommitted changes included.
func (i *inspection) readWorkflows() *workflow.Workflows {
	if i.tree == nil {
		return workflow.Read(nil, workflow.ReadOptions{})
	}
	root, err := os.OpenRoot(i.tree.Root())
	if err != nil {
		return workflow.Read(nil, workflow.ReadOptions{})
	}
	defer root.Close()
	return workflow.Read(workflowFiles(root), workflow.ReadOptions{
		Lookup: func(name string) ([]byte, bool) { return readRegular(root, name) },
		Secret: i.secret,
	})
}

// workflowFiles are the files right in .github/workflows whose name ends in .yml or .yaml.
func workflowFiles(root *os.Root) []workflow.File {
	const folder = ".github/workflows"
	entries, err := fs.ReadDir(root.FS(), folder)
	if err != nil {
		return nil
	}
	var files []workflow.File
	for _, e := range entries {
		name := path.Join(folder, e.Name())
		if !strings.HasSuffix(name, ".yml") && !strings.HasSuffix(name, ".yaml") {
			continue
		}
		if data, ok := readRegular(root, name); ok {
			files = append(files, workflow.File{Path: name, Data: data})
		}
	}
	return files
}

// readRegular reads a regular file inside the work tree. A FIFO would block, and a link out of the tree is not followed.
func readRegular(root *os.Root, name string) ([]byte, bool) {
	info, err := root.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return nil, false
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, false
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxWorkflow+1))
	return data, err == nil
}
