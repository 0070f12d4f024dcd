package worktree

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/gh-hex/gh-hex/core/leak"
)

const (
	// maxName bounds a path that git names, in bytes.
	maxName = 1 << 20
	// namesAtOnce are given to a reader together: most of them are in one folder.
	namesAtOnce = 64
)

// searchFiles looks into the files that git tracks, and those that it does not ignore, as they are in the work tree.
// Symbolic links are not followed, and nothing but regular files is opened.
func (s *search) searchFiles(ctx context.Context) error {
	names := make(chan []string, 4)
	failures := make([]error, max(2, runtime.GOMAXPROCS(0)))
	var wg sync.WaitGroup
	for i := range failures {
		wg.Go(func() { failures[i] = s.readFiles(ctx, names) })
	}
	err := s.tree.git.stream(ctx, s.tree.root, nil, func(out io.Reader) error {
		return distribute(ctx, out, names)
	}, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	close(names)
	wg.Wait()
	return errors.Join(append(failures, err)...)
}

// distribute reads names that end in NUL. One that stands there several times, as in a conflict, is passed on once.
func distribute(ctx context.Context, out io.Reader, names chan<- []string) error {
	lines := bufio.NewScanner(out)
	lines.Buffer(make([]byte, 64<<10), maxName)
	lines.Split(splitNUL)
	chunk := make([]string, 0, namesAtOnce)
	last := ""
	send := func() error {
		select {
		case names <- chunk:
			chunk = make([]string, 0, namesAtOnce)
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for lines.Scan() {
		name := lines.Text()
		if name == last || strings.HasSuffix(name, "/") { // a folder is a repository of its own
			continue
		}
		last = name
		if chunk = append(chunk, name); len(chunk) < namesAtOnce {
			continue
		}
		if err := send(); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("list the files: %w", err)
	}
	return send()
}

// splitNUL is a [bufio.SplitFunc] for records that end in NUL.
func splitNUL(data []byte, atEOF bool) (advance int, token []byte, err error) {
	for i, c := range data {
		if c == 0 {
			return i + 1, data[:i], nil
		}
	}
	if atEOF && len(data) > 0 {
		return 0, nil, io.ErrUnexpectedEOF
	}
	return 0, nil, nil
}

func (s *search) readFiles(ctx context.Context, names <-chan []string) error {
	root, err := os.OpenRoot(s.tree.root)
	if err != nil {
		for range names { // whoever sends them must not wait
		}
		return err
	}
	r := fileReader{ctx: ctx, root: root}
	defer r.close()
	for chunk := range names {
		for _, name := range chunk {
			matches, err := r.find(name)
			s.addFile(name, matches, err)
		}
	}
	return nil
}

// fileReader reads one file after the other. The folder of the last one stays open: its neighbours are next.
type fileReader struct {
	ctx     context.Context
	root    *os.Root
	dir     string
	folder  *os.Root // nil when dir is no folder of the work tree
	scanner leak.Scanner
}

func (r *fileReader) close() {
	if r.folder != nil {
		r.folder.Close()
	}
	r.root.Close()
}

// find returns the tokens in a file. What is no regular file has none, and neither has one that is gone.
func (r *fileReader) find(name string) ([]leak.Match, error) {
	if r.ctx.Err() != nil {
		return nil, nil // git says so, too
	}
	dir, base := path.Split(name)
	if r.folder == nil || dir != r.dir {
		r.enter(dir)
	}
	if r.folder == nil {
		return nil, nil
	}
	matches, err := r.scan(base)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return matches, err
}

// enter opens a folder that is reached without a symbolic link.
func (r *fileReader) enter(dir string) {
	if r.folder != nil {
		r.folder.Close()
	}
	r.dir, r.folder = dir, nil
	for i, c := range dir {
		if c != '/' {
			continue
		}
		if info, err := r.root.Lstat(filepath.FromSlash(dir[:i])); err != nil || !info.IsDir() {
			return
		}
	}
	r.folder, _ = r.root.OpenRoot(filepath.FromSlash("./" + dir))
}

func (r *fileReader) scan(base string) ([]leak.Match, error) {
	before, err := r.folder.Lstat(base)
	if err != nil || before.Mode()&fs.ModeSymlink != 0 {
		return r.scanLink(base, err)
	}
	if !before.Mode().IsRegular() || before.Size() == 0 {
		return nil, nil
	}
	// Should something else stand there by now, then it is opened without waiting, and is part of the work tree, too.
	f, err := r.folder.OpenFile(base, os.O_RDONLY|nonblock, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	// The end is known, so that nothing has to be read to find it.
	return r.scanner.Scan(interruptible{r.ctx, io.LimitReader(f, before.Size())})
}

// interruptible reads until ctx ends: one file alone can take minutes.
type interruptible struct {
	ctx context.Context
	io.Reader
}

func (i interruptible) Read(p []byte) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, err
	}
	return i.Reader.Read(p)
}

// scanLink looks at where a symbolic link points to, which is what git stores of it.
func (r *fileReader) scanLink(base string, err error) ([]leak.Match, error) {
	if err != nil {
		return nil, err
	}
	target, err := r.folder.Readlink(base)
	return leak.Find([]byte(target)), err
}
