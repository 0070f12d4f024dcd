package inspect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"sync"

	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/workflow"
)

const (
	// maxFurther bounds how many other files of a repository on GitHub are asked for, and maxFurtherBytes what they hold.
	maxFurther      = 40
	maxFurtherBytes = 256 << 10
)

// elsewhere is a repository that is judged as it stands on GitHub: its workflows are those of the default branch.
type elsewhere struct {
	client   func() (*github.Client, error)
	snapshot func() (github.Snapshot, error)
	// matters reports whether scripts that the steps run are worth a request; nil for always.
	matters func(*workflow.Workflows) bool

	mu      sync.Mutex
	known   map[string][]byte // other files that were asked for; nil in it for one that is not there
	asked   int
	bytes   int
	left    []string // not asked for any more
	trouble error    // why something could not be read; nil when all was
}

func newElsewhere(client func() (*github.Client, error), snapshot func() (github.Snapshot, error)) *elsewhere {
	return &elsewhere{client: client, snapshot: snapshot, known: map[string][]byte{}}
}

// read understands the workflows. What they use besides the folder is fetched as reading asks for it, and they are read
// again: every file is asked for once.
func (e *elsewhere) read(ctx context.Context, o workflow.ReadOptions) *workflow.Workflows {
	s, err := e.whole()
	if err != nil {
		e.fail(err)
		return workflow.Read(nil, o)
	}
	files := filesOf(s.Files)
	o.Tree = sync.OnceValue(func() []string { return e.tree(ctx, s) })
	scripts := e.matters == nil
	for {
		wanted := &wishes{scripts: scripts}
		o.Lookup = func(name string) ([]byte, bool) { return e.lookup(name, wanted) }
		w := workflow.Read(files, o)
		if ctx.Err() != nil {
			return w
		}
		if len(wanted.names) == 0 {
			if scripts || !wanted.more || !e.matters(w) {
				return w
			}
			scripts = true
			continue
		}
		e.fetch(ctx, s, wanted.names)
	}
}

// wishes are files that reading asked for: actions, and scripts where those are read at all; else more says that there
// are some.
type wishes struct {
	names   []string
	scripts bool
	more    bool
}

func isAction(name string) bool {
	return path.Base(name) == "action.yml" || path.Base(name) == "action.yaml"
}

// lookup returns a file that is known, and notes one that is not.
func (e *elsewhere) lookup(name string, wanted *wishes) ([]byte, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if data, known := e.known[name]; known {
		return data, data != nil
	}
	switch {
	case !fs.ValidPath(name), path.Dir(name) == WorkflowFolder: // the folder is known as a whole
	case slices.Contains(wanted.names, name):
	case !wanted.scripts && !isAction(name):
		wanted.more = true
	case e.asked+len(wanted.names) >= maxFurther || e.bytes >= maxFurtherBytes:
		if !slices.Contains(e.left, name) {
			e.left = append(e.left, name)
		}
	default:
		wanted.names = append(wanted.names, name)
	}
	return nil, false
}

// fetch asks for files, all at once.
func (e *elsewhere) fetch(ctx context.Context, s github.Snapshot, names []string) {
	client, err := e.client()
	if err != nil {
		e.fail(err)
		return
	}
	found, err := client.Files(ctx, s, names)
	if err != nil {
		e.fail(err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, name := range names {
		e.known[name] = found[name]
		e.asked, e.bytes = e.asked+1, e.bytes+len(found[name])
	}
}

// tree lists the files there; none where that is not known.
func (e *elsewhere) tree(ctx context.Context, s github.Snapshot) []string {
	client, err := e.client()
	if err != nil {
		return nil
	}
	names, err := client.Tree(ctx, s)
	if err != nil && !errors.Is(err, github.ErrNotFound) {
		e.fail(err)
	}
	return names
}

func (e *elsewhere) fail(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.trouble == nil {
		e.trouble = err
	}
}

// unread is why not all that the workflows say is known; nil when it is.
func (e *elsewhere) unread() error {
	if e == nil {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.trouble
}

// notJudged says what was left out; empty for nothing.
func (e *elsewhere) notJudged() string {
	if e == nil {
		return ""
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.left) == 0 {
		return ""
	}
	return fmt.Sprintf("not judged: %s and what else the workflows use, beyond the %d files of a repository that are read", e.left[0], maxFurther)
}

// workflow is a file of the folder as it stands on the default branch.
func (e *elsewhere) workflow(name string) ([]byte, error) {
	s, err := e.whole()
	if err != nil {
		return nil, err
	}
	for _, f := range s.Files {
		if f.Path == name {
			return f.Data, nil
		}
	}
	return nil, github.ErrNotFound
}

// whole is a snapshot of which nothing is missing.
func (e *elsewhere) whole() (github.Snapshot, error) {
	s, err := e.snapshot()
	return s, cmp.Or(err, s.Err)
}

// at reports whether the default branch is at a commit.
func (e *elsewhere) at(commit string) bool {
	s, err := e.snapshot()
	return err == nil && s.Commit != "" && s.Commit == commit
}

// dependabot reports whether Dependabot is set up there.
func (e *elsewhere) dependabot() bool {
	s, _ := e.snapshot()
	return s.Dependabot
}

// unreachable reports whether an error leaves open what it would have said, rather than refuses.
func unreachable(err error) bool {
	var e *github.Error
	return errors.As(err, &e) && !errors.Is(err, github.ErrNotFound) && !errors.Is(err, github.ErrForbidden)
}
