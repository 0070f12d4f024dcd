package scaffold

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/gh-hex/gh-hex/core/dotenv"
)

// maxSize bounds a file that is completed, in bytes.
const maxSize = 1 << 20

// write is a file as it was found and as it will be.
type write struct {
	before, after []byte
	existed       bool
	mode          fs.FileMode
}

// PathError says why a file cannot be read or written. Err is the cause when there is one.
type PathError struct {
	Path   string
	Reason string
	Err    error
}

func (e *PathError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s %s: %v", e.Path, e.Reason, e.Err)
	}
	return e.Path + " " + e.Reason
}

func (e *PathError) Unwrap() error { return e.Err }

// PlanFile says what has to be written so that the file at path, relative to root and "/"-separated, holds what edit
// makes of it. edit gets nil when there is no such file, and returns what it got to leave it alone. A new file gets mode,
// less the umask; an existing one keeps its own. The error is a *PathError when the file is no regular file of UTF-8
// text below 1 MiB in folders of its own work tree, or could not be written. The caller sets Detail.
func PlanFile(root, path string, mode fs.FileMode, edit func(old []byte) []byte) (Change, error) {
	r, err := os.OpenRoot(root)
	if err != nil {
		return Change{}, err
	}
	defer r.Close()
	w, err := current(r, path)
	if err != nil {
		return Change{}, err
	}
	if !w.existed {
		w.mode = mode
	}
	w.after = edit(w.before)
	change := Change{Path: path, Action: w.action(), write: func() write { return w }}
	if change.Action == Unchanged {
		return change, nil
	}
	return change, writable(r, path, w)
}

func (w write) action() Action {
	switch {
	case bytes.Equal(w.before, w.after):
		return Unchanged
	case w.existed:
		return Updated
	default:
		return Created
	}
}

// current reads the file to be changed; one that does not exist is no error.
func current(r *os.Root, path string) (write, error) {
	data, info, err := Read(r, path, maxSize)
	if errors.Is(err, fs.ErrNotExist) {
		return write{}, nil
	}
	if err != nil {
		return write{}, err
	}
	if dotenv.UTF16(data) || bytes.IndexByte(data, 0) >= 0 {
		return write{}, &PathError{Path: path, Reason: "is not UTF-8 text; save it as UTF-8 first"}
	}
	return write{before: data, existed: true, mode: info.Mode().Perm()}, nil
}

// Read reads a regular file of at most limit bytes inside root. It neither follows a symbolic link nor waits on a named
// pipe. The error is a *PathError, and wraps fs.ErrNotExist when there is no such file.
func Read(r *os.Root, path string, limit int64) ([]byte, fs.FileInfo, error) {
	f, info, err := open(r, path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, nil, &PathError{Path: path, Reason: "cannot be read", Err: err}
	}
	if int64(len(data)) > limit {
		return nil, nil, &PathError{Path: path, Reason: fmt.Sprintf("is larger than %d KiB", limit>>10)}
	}
	return data, info, nil
}

// regular returns an error unless path is a regular file below folders that are no symbolic links.
func regular(r *os.Root, name string) error {
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return &PathError{Path: name, Reason: "is outside the work tree"}
	}
	for _, dir := range parents(path.Clean(name)) {
		info, err := r.Lstat(dir)
		if err != nil {
			return &PathError{Path: name, Reason: "cannot be read", Err: err}
		}
		if !info.IsDir() {
			return &PathError{Path: name, Reason: fmt.Sprintf("cannot be used: %s is %s", dir, kind(info.Mode()))}
		}
	}
	info, err := r.Lstat(name)
	if err != nil {
		return &PathError{Path: name, Reason: "cannot be read", Err: err}
	}
	if !info.Mode().IsRegular() {
		return &PathError{Path: name, Reason: "is " + kind(info.Mode()) + ", not a regular file"}
	}
	return nil
}

func kind(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeSymlink != 0:
		return "a symbolic link"
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode.IsRegular():
		return "a file"
	default:
		return "a special file"
	}
}

// writable finds out whether the file could be replaced, without leaving a trace.
func writable(r *os.Root, name string, w write) error {
	if w.existed {
		if w.mode&0o200 == 0 {
			return &PathError{Path: name, Reason: "is read-only"}
		}
		f, err := r.OpenFile(name, os.O_WRONLY|os.O_APPEND|nonblock, 0)
		if err != nil {
			return &PathError{Path: name, Reason: "cannot be written", Err: err}
		}
		f.Close()
	}
	dir := "."
	for _, parent := range parents(path.Clean(name)) {
		if _, err := r.Lstat(parent); err != nil {
			break
		}
		dir = parent
	}
	if err := writableFolder(r, dir); err != nil {
		return &PathError{Path: name, Reason: "cannot be written in this folder", Err: err}
	}
	return nil
}

// Chmod gives a regular file inside root another mode, without following a symbolic link.
func Chmod(r *os.Root, path string, mode fs.FileMode) error {
	f, _, err := open(r, path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Chmod(mode); err != nil {
		return &PathError{Path: path, Reason: "cannot be given another mode", Err: err}
	}
	return nil
}

// open opens a regular file for reading.
func open(r *os.Root, path string) (*os.File, fs.FileInfo, error) {
	if err := regular(r, path); err != nil {
		return nil, nil, err
	}
	before, err := r.Lstat(path)
	if err != nil {
		return nil, nil, &PathError{Path: path, Reason: "cannot be read", Err: err}
	}
	f, err := r.OpenFile(path, os.O_RDONLY|nonblock, 0)
	if err != nil {
		return nil, nil, &PathError{Path: path, Reason: "cannot be read", Err: err}
	}
	// What was opened must be what was looked at, and not what was put in its place meanwhile.
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || !os.SameFile(before, info) {
		f.Close()
		return nil, nil, &PathError{Path: path, Reason: "changed while it was opened", Err: err}
	}
	return f, info, nil
}
