//go:build !windows

package worktree

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gh-hex/gh-hex/core/check"
)

// impatient is this machine's git, which is given up soon: what waits for a named pipe does nothing for ever.
func impatient(t *testing.T) git {
	t.Helper()
	g, err := findGit()
	if err != nil {
		t.Fatal(err)
	}
	if g.patience != gitPatience {
		t.Errorf("git gets %s", g.patience)
	}
	g.patience = time.Second
	return g
}

func (r repository) pipe(name string) {
	r.t.Helper()
	path := filepath.Join(r.dir, name)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		r.t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := syscall.Mkfifo(path, 0o644); err != nil {
		r.t.Fatal(err)
	}
}

func expectStalled(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, ErrStalled) || !strings.Contains(err.Error(), "find . -type p") {
		t.Errorf("error is %v", err)
	}
}

// A repository is not even opened whose own files git waits for.
func TestNamedPipesEndOpen(t *testing.T) {
	for _, name := range []string{".git/HEAD", ".git/config", "included"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := sharedRepository(t)
			if name == "included" {
				r.git("config", "include.path", filepath.Join(r.dir, name))
			}
			r.pipe(name)
			_, err := impatient(t).open(t.Context(), r.dir)
			expectStalled(t, err)
		})
	}
}

// sharedRepository takes the configuration of its user as it is, so that tests can run at once.
func sharedRepository(t *testing.T) repository {
	t.Helper()
	r := repository{t, t.TempDir()}
	r.git("init", "-q", "-b", "main")
	r.git("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "-q", "--allow-empty", "-m", "start")
	return r
}

// Whatever asks git about a file that may be ignored says that it cannot tell.
func TestNamedPipesMakeChecksUnknown(t *testing.T) {
	for _, name := range []string{".gitignore", "sub/.gitignore", ".git/info/exclude", "excludes"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := sharedRepository(t)
			r.write("sub/file", "x")
			if name == "excludes" {
				r.git("config", "core.excludesFile", filepath.Join(r.dir, name))
			}
			r.pipe(name)
			tree, err := impatient(t).open(t.Context(), r.dir)
			if err != nil {
				t.Fatal(err)
			}
			_, err = tree.EnvFiles(t.Context())
			expectStalled(t, err)
			if name != "sub/.gitignore" {
				_, err = tree.Git(t.Context()).Ignored(".env")
				expectStalled(t, err)
			}
			got := LeakCheck(tree, LeakOptions{}).Run(t.Context())
			if got.Status != check.StatusUnknown || !strings.Contains(got.Message, "find . -type p") {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// A file that is read without git's help is not waited for either.
func TestNamedPipeIsNotWaitedFor(t *testing.T) {
	r := newRepository(t)
	r.commitEmpty("start")
	tree := r.open()
	r.pipe(".git/shallow")
	if got := tree.shallowCommits(); got != nil {
		t.Errorf("got %v", got)
	}
}

// A chain of two is ended as a whole, whichever of them waits.
func TestPipeOfTwoIsEnded(t *testing.T) {
	r := sharedRepository(t)
	tree, err := impatient(t).open(t.Context(), r.dir)
	if err != nil {
		t.Fatal(err)
	}
	r.pipe(".git/packed-refs")
	_, err = newSearch(tree, LeakOptions{}).readObjects(t.Context(), everything())
	expectStalled(t, err)
}

// A process that git started goes with it: nobody holds the pipe any more.
func TestGroupIsEnded(t *testing.T) {
	r := repository{t, t.TempDir()}
	r.pipe("held")
	r.pipe("never")
	held, err := os.OpenFile(filepath.Join(r.dir, "held"), os.O_RDONLY|nonblock, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	r.write("git", "#!/bin/sh\nsleep 1000 3>held &\nread x <never\n")
	r.chmod("git", 0o755)
	_, err = git{path: filepath.Join(r.dir, "git"), patience: time.Second}.run(t.Context(), r.dir, nil, "ls-files")
	expectStalled(t, err)
	if err := held.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if n, err := held.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("read %d bytes, %v", n, err)
	}
}

func TestWatch(t *testing.T) {
	ctx, end := context.WithCancelCause(t.Context())
	w := &watch{ctx: ctx, end: end}
	ticks := make(chan time.Time)
	over := make(chan struct{})
	go func() { w.look(ticks); close(over) }()
	for range 5 * ticksPerPatience {
		_, _ = w.Write([]byte("x"))
		ticks <- time.Time{}
		ticks <- time.Time{}
	}
	for range ticksPerPatience / 2 {
		ticks <- time.Time{}
	}
	if ctx.Err() != nil {
		t.Fatal("ended while something came")
	}
	for waiting := true; waiting; {
		select {
		case ticks <- time.Time{}:
		case <-over:
			waiting = false
		}
	}
	if !errors.Is(context.Cause(ctx), ErrStalled) {
		t.Errorf("ended by %v", context.Cause(ctx))
	}
}
