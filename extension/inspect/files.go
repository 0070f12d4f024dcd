package inspect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/gh-hex/gh-hex/core/worktree"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/workflow"
)

// WorkflowFolder is where GitHub looks for workflows.
const WorkflowFolder = ".github/workflows"

// MaxWorkflow bounds a workflow file; GitHub itself refuses larger ones.
const MaxWorkflow = 1 << 20

// maxRemote bounds how many files of other repositories are fetched, and maxRounds how often what was fetched asks for more.
const maxRemote, maxRounds = 20, 5

// Source is where workflows are read from: the work tree as it is, a commit, or nowhere.
type Source struct {
	Files  []workflow.File
	Lookup func(name string) ([]byte, bool) // of another file there
	// Unread are files that are there and could not be read, or are too large to be.
	Unread []string
	Tree   func() ([]string, error) // the files there; nil for a repository on GitHub
	lost   string                   // a workflow, or the folder of them, that GitHub has and that could not be read
}

// ReadWorkflows reads the workflows of a work tree as they are, uncommitted changes included.
func ReadWorkflows(tree *worktree.Tree, o workflow.ReadOptions) *workflow.Workflows {
	root, err := os.OpenRoot(tree.Root())
	if err != nil {
		return workflow.Read(nil, workflow.ReadOptions{})
	}
	defer root.Close()
	s := sourceHere(o.Ends, tree, root)
	s.Tree = func() ([]string, error) { return tree.Files(o.Ends) }
	return s.read(o)
}

// ReadHere is [ReadRemote] for a work tree.
func ReadHere(tree *worktree.Tree, o workflow.ReadOptions) Remote {
	w := ReadWorkflows(tree, o)
	return Remote{w, lost(w)}
}

// lost is why not all workflows are known; nil when they are.
func lost(w *workflow.Workflows) error {
	if w.Lost == "" {
		return nil
	}
	return command.Hinted(w.Lost+" could not be read", "Make it readable, then run the command again")
}

// sourceHere is a work tree as it is. What a sparse checkout leaves out of it is read from git's index: it was not deleted,
// and GitHub has it.
func sourceHere(ctx context.Context, tree *worktree.Tree, root *os.Root) *Source {
	s := &Source{}
	s.Files, s.lost = workflowFiles(root)
	left, err := tree.LeftOut(ctx)
	if err != nil {
		s.lost = WorkflowFolder
	}
	s.Lookup = readHere(ctx, tree, root, left)
	for _, name := range slices.Sorted(maps.Keys(left)) {
		there := slices.ContainsFunc(s.Files, func(f workflow.File) bool { return f.Path == name })
		if path.Dir(name) == WorkflowFolder && IsYAML(name) && !there {
			data, ok := s.Lookup(name)
			if !ok {
				s.lost = name
			}
			s.Files = append(s.Files, workflow.File{Path: name, Data: data, Unread: !ok})
		}
	}
	return s
}

// readHere reads one file of a work tree, or of those that are left out of it.
func readHere(ctx context.Context, tree *worktree.Tree, root *os.Root, left map[string]string) func(name string) ([]byte, bool) {
	return func(name string) ([]byte, bool) {
		if data, ok := readRegular(root, name); ok || left[name] == "" {
			return data, ok
		}
		return tree.Blob(ctx, left[name], MaxWorkflow+1)
	}
}

// ExampleNames are what .env.example should name in a work tree, once it has these workflows beside its own.
func ExampleNames(ctx context.Context, tree *worktree.Tree, planned ...workflow.File) []string {
	used := usedNames(ReadWorkflows(tree, workflow.ReadOptions{Ends: ctx}))
	return tree.ExampleNames(append(used, usedNames(workflow.Read(planned, workflow.ReadOptions{Ends: ctx}))...))
}

// usedNames are the secrets and variables that workflows use for Hex.
func usedNames(w *workflow.Workflows) []string {
	var names []string
	for _, n := range slices.Concat(w.HexSecrets(), w.HexVariables()) {
		names = append(names, n.Name)
	}
	for _, p := range w.ProjectIDs() {
		names = append(names, p.Variable)
	}
	return names
}

func (s *Source) read(o workflow.ReadOptions) *workflow.Workflows {
	o.Lookup = s.Lookup
	if s.Tree != nil {
		o.Tree = sync.OnceValue(func() []string {
			names, _ := s.Tree()
			return names
		})
	}
	w := workflow.Read(s.Files, o)
	w.Lost = s.lost
	return w
}

// lookup reads a file from where the workflows are.
func (i *Inspection) lookup(name string) ([]byte, bool) {
	if i.Source != nil {
		return i.Source.Lookup(name)
	}
	root, err := os.OpenRoot(i.Tree.Root())
	if err != nil {
		return nil, false
	}
	defer root.Close()
	left, _ := i.Tree.LeftOut(i.ends) // where that cannot be told, reading the workflows says so
	return readHere(i.ends, i.Tree, root, left)(name)
}

// readWorkflows reads what is judged. remote holds the content of workflows of other repositories that are called.
func (i *Inspection) readWorkflows(remote func(ref string) ([]byte, error)) *workflow.Workflows {
	o := workflow.ReadOptions{Ends: i.ends, Remote: remote, Secret: i.Secret, All: i.All}
	switch {
	case i.elsewhere != nil:
		return i.elsewhere.read(i.ends, o)
	case i.Tree == nil:
		return workflow.Read(nil, workflow.ReadOptions{})
	case i.Source != nil:
		return i.Source.read(o)
	}
	return ReadWorkflows(i.Tree, o)
}

// readCalled reads the workflows together with those of other repositories that they call, and what those call and use in
// turn: all that is known to be missing at once.
func (i *Inspection) readCalled(ctx context.Context) *workflow.Workflows {
	w := i.local()
	known := map[string]*calledFile{}
	for range maxRounds {
		var refs []string
		for _, ref := range w.RemoteRefs() {
			if known[ref] == nil && len(known) < maxRemote {
				refs, known[ref] = append(refs, ref), &calledFile{}
			}
		}
		if i.Offline || len(refs) == 0 || ctx.Err() != nil || !i.fetchCalled(ctx, refs, known) {
			break
		}
		w = i.readWorkflows(func(ref string) ([]byte, error) {
			if f := known[ref]; f != nil {
				return f.data, f.err
			}
			return nil, fmt.Errorf("%s was not asked for", ref)
		})
	}
	return w
}

// calledFile is a file of another repository, or why it could not be read.
type calledFile struct {
	data []byte
	err  error
}

// fetchCalled asks for files of other repositories, all at once; an action may have two names.
func (i *Inspection) fetchCalled(ctx context.Context, refs []string, known map[string]*calledFile) bool {
	client, err := i.client()
	if err != nil {
		return false
	}
	var wg sync.WaitGroup
	for _, ref := range refs {
		f := known[ref]
		wg.Go(func() {
			f.data, f.err = i.called(ctx, client, ref)
			if other := strings.Replace(ref, "/action.yml@", "/action.yaml@", 1); other != ref && errors.Is(f.err, github.ErrNotFound) {
				f.data, f.err = i.called(ctx, client, other)
			}
		})
	}
	wg.Wait()
	for _, ref := range refs {
		if err := known[ref].err; i.elsewhere != nil && unreachable(err) {
			i.elsewhere.fail(err)
		}
	}
	return true
}

// HasDependabot reports whether Dependabot is set up: its runs read secrets of their own.
func HasDependabot(tree *worktree.Tree) bool {
	if tree == nil {
		return false
	}
	root, err := os.OpenRoot(tree.Root())
	if err != nil {
		return false
	}
	defer root.Close()
	return slices.ContainsFunc([]string{".github/dependabot.yml", ".github/dependabot.yaml"}, func(name string) bool {
		info, err := root.Stat(name)
		return err == nil && info.Mode().IsRegular()
	})
}

// workflowFiles are the files, and what could not be read as one, right in .github/workflows whose name ends in .yml or .yaml.
// Of the latter lost is one that git takes for a file, or the folder itself.
func workflowFiles(root *os.Root) (files []workflow.File, lost string) {
	folder, err := root.OpenRoot(WorkflowFolder)
	if errors.Is(err, fs.ErrPermission) {
		return nil, WorkflowFolder
	}
	if err != nil {
		return nil, ""
	}
	defer folder.Close()
	names, err := namesIn(folder)
	if err != nil {
		return nil, WorkflowFolder
	}
	for _, name := range names {
		info, err := folder.Lstat(name)
		if err != nil || info.IsDir() {
			continue
		}
		full := path.Join(WorkflowFolder, name)
		var data []byte
		var ok bool
		if info.Mode().IsRegular() {
			data, ok = read(folder, name, info.Size()) // spares the way there
		} else {
			data, ok = readRegular(root, full)
		}
		if !ok && info.Mode().IsRegular() {
			lost = full
		}
		files = append(files, workflow.File{Path: full, Data: data, Unread: !ok})
	}
	return files, lost
}

// namesIn are the names of workflows in a folder, in order.
func namesIn(folder *os.Root) ([]string, error) {
	f, err := folder.Open(".")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	names = slices.DeleteFunc(names, func(name string) bool { return !IsYAML(name) })
	slices.Sort(names)
	return names, err
}

// IsYAML reports whether GitHub takes a file in [WorkflowFolder] for a workflow.
func IsYAML(name string) bool {
	return strings.HasSuffix(name, ".yml") || strings.HasSuffix(name, ".yaml")
}

// readRegular reads a regular file inside the work tree. A FIFO would block, and a link out of the tree is not followed.
func readRegular(root *os.Root, name string) ([]byte, bool) {
	info, err := root.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return nil, false
	}
	return read(root, name, info.Size())
}

// read reads a file that should be of some size.
func read(root *os.Root, name string, size int64) ([]byte, bool) {
	f, err := root.Open(name)
	if err != nil {
		return nil, false
	}
	defer f.Close()
	var data bytes.Buffer
	data.Grow(int(min(size, MaxWorkflow)) + bytes.MinRead) // else it grows several times, and the last time to find the end
	_, err = data.ReadFrom(io.LimitReader(f, MaxWorkflow+1))
	return data.Bytes(), err == nil
}
