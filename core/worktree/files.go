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
	cleaned, err := s.tree.listFiles(ctx, names)
	close(names)
	wg.Wait()
	return errors.Join(append(failures, err, s.searchCleaned(ctx, cleaned))...)
}

// distributor reads what git lists, and sends it on.
type distributor struct {
	ctx      context.Context
	names    chan<- []string
	cleaners map[string]bool // with some, each name is followed by an attribute and its value
	chunk    []string
	cleaned  []string
}

// read reads names that end in NUL. One that stands there several times, as in a conflict, is passed on once.
func (d *distributor) read(out io.Reader) error {
	lines := bufio.NewScanner(out)
	lines.Buffer(make([]byte, 64<<10), maxName)
	lines.Split(splitNUL)
	last := ""
	for lines.Scan() {
		name := lines.Text()
		if len(d.cleaners) > 0 && lines.Scan() && lines.Scan() && d.cleaners[lines.Text()] && name != last {
			d.cleaned = append(d.cleaned, name)
			last = name
		}
		if name == last || strings.HasSuffix(name, "/") { // a folder is a repository of its own
			continue
		}
		last = name
		if d.chunk = append(d.chunk, name); len(d.chunk) < namesAtOnce {
			continue
		}
		if err := d.send(); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("list the files: %w", err)
	}
	return d.send()
}

func (d *distributor) send() error {
	select {
	case d.names <- d.chunk:
		d.chunk = make([]string, 0, namesAtOnce)
		return nil
	case <-d.ctx.Done():
		return d.ctx.Err()
	}
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
	r, err := s.newFileReader(ctx)
	if err != nil {
		for range names { // whoever sends them must not wait
		}
		return err
	}
	defer r.close()
	for chunk := range names {
		for _, name := range chunk {
			f, err := r.tokens(name)
			s.addFile(name, f, err)
		}
	}
	return nil
}

// fileReader reads one file after the other.
type fileReader struct {
	ctx context.Context
	*folder
	contents
}

func (s *search) newFileReader(ctx context.Context) (*fileReader, error) {
	root, err := openFolder(s.tree.root)
	if err != nil {
		return nil, err
	}
	return &fileReader{ctx, root, s.newContents(ctx)}, nil
}

func (r *fileReader) close() {
	r.folder.close()
	r.contents.close()
}

// tokens returns what is found in a file. What is no regular file has none, and neither has one that is gone.
func (r *fileReader) tokens(name string) (found, error) {
	if r.ctx.Err() != nil {
		return found{}, nil // git says so, too
	}
	info, base, err := r.find(name)
	var f found
	switch {
	case err != nil || info == nil:
	case info.Mode()&fs.ModeSymlink != 0: // git stores where it points to
		var target string
		target, err = r.at.Readlink(base)
		f.matches = outside(leak.Find([]byte(target)))
	case info.Mode().IsRegular() && info.Size() > 0:
		f, err = r.read(base, info.Size())
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return f, err
}

// read looks into a file whose end is known, so that nothing has to be read to find it.
func (r *fileReader) read(base string, size int64) (found, error) {
	f, err := r.open(base)
	if err != nil {
		return found{}, err
	}
	defer f.Close()
	return r.look(interruptible{r.ctx, f}, size)
}

// folder opens files below a root, one after the other. The folder of the last one stays open: its neighbours are next.
type folder struct {
	root *os.Root
	dir  string
	at   *os.Root // nil when dir is no folder below the root
}

func openFolder(path string) (*folder, error) {
	root, err := os.OpenRoot(path)
	return &folder{root: root}, err
}

func (d *folder) close() {
	if d.at != nil {
		d.at.Close()
	}
	d.root.Close()
}

// find tells what stands at name, without following a link; nil when nothing does. base is for open.
func (d *folder) find(name string) (info fs.FileInfo, base string, err error) {
	dir, base := path.Split(name)
	if d.at == nil || dir != d.dir {
		d.enter(dir)
	}
	if d.at == nil {
		return nil, "", nil
	}
	info, err = d.at.Lstat(base)
	return info, base, err
}

// open opens what find found. Should something else stand there by now, then it is opened without waiting, and is below
// the root, too.
func (d *folder) open(base string) (*os.File, error) {
	return d.at.OpenFile(base, os.O_RDONLY|nonblock, 0)
}

// enter opens a folder that is reached without a symbolic link.
func (d *folder) enter(dir string) {
	if d.at != nil {
		d.at.Close()
	}
	d.dir, d.at = dir, nil
	for i, c := range dir {
		if c != '/' {
			continue
		}
		if info, err := d.root.Lstat(filepath.FromSlash(dir[:i])); err != nil || !info.IsDir() {
			return
		}
	}
	d.at, _ = d.root.OpenRoot(filepath.FromSlash("./" + dir))
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
