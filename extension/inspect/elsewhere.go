package inspect

import (
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
	// maxFurther bounds how many other files of a repository on GitHub are read, each with a request of its own, and
	// maxFurtherBytes what they hold.
	maxFurther      = 10
	maxFurtherBytes = 256 << 10
)

// elsewhere is a repository that is judged as it stands on GitHub: its workflows are those of the default branch.
type elsewhere struct {
	client   func() (*github.Client, error)
	snapshot func() (github.Snapshot, error)

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
	s, err := e.snapshot()
	if err == nil {
		err = s.Err
	}
	if err != nil {
		e.fail(err)
		return workflow.Read(nil, o)
	}
	files := make([]workflow.File, len(s.Files))
	for i, f := range s.Files {
		files[i] = workflow.File(f)
	}
	for {
		var wanted wishes
		o.Lookup = func(name string) ([]byte, bool) { return e.lookup(name, &wanted) }
		w := workflow.Read(files, o)
		if len(wanted.names) == 0 || ctx.Err() != nil {
			return w
		}
		e.fetch(ctx, s, wanted.names)
	}
}

// wishes are files that reading asked for. Of a folder only the first one is asked for at a time: the others are other
// names for it.
type wishes struct{ names []string }

func (w *wishes) add(name string) {
	if !slices.ContainsFunc(w.names, func(n string) bool { return path.Dir(n) == path.Dir(name) }) {
		w.names = append(w.names, name)
	}
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
	case e.asked+len(wanted.names) >= maxFurther || e.bytes >= maxFurtherBytes:
		if !slices.Contains(e.left, name) {
			e.left = append(e.left, name)
		}
	default:
		wanted.add(name)
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
	var wg sync.WaitGroup
	for _, name := range names {
		wg.Go(func() {
			data, err := client.ReadFile(ctx, s, name)
			if errors.Is(err, github.ErrNotFound) {
				data, err = nil, nil
			}
			e.mu.Lock()
			defer e.mu.Unlock()
			e.known[name] = data
			e.asked, e.bytes = e.asked+1, e.bytes+len(data)
			if err != nil && e.trouble == nil {
				e.trouble = err
			}
		})
	}
	wg.Wait()
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

// dependabot tells whether Dependabot is set up there.
func (e *elsewhere) dependabot() bool {
	s, _ := e.snapshot()
	return s.Dependabot
}

// unreachable tells whether an error leaves open what it would have said, rather than refuses.
func unreachable(err error) bool {
	var e *github.Error
	return errors.As(err, &e) && !errors.Is(err, github.ErrNotFound) && !errors.Is(err, github.ErrForbidden)
}
