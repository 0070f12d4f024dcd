package scaffold

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"
)

// workshop is the folder in which files are written before they are put in their place. While it is there, its lock
// belongs to one process, and its .gitignore keeps all of it from git: a process that is killed may leave a token there.
const workshop = ".gh-hex"

const (
	lockFile   = workshop + "/lock"
	ignoreFile = workshop + "/.gitignore"
	ignoreAll  = "*\n"
	suffix     = ".tmp"
)

// patience is how long another process may take with its files.
const patience = 10 * time.Second

var errBusy = errors.New("another process is writing files here")

// enter opens the workshop for this process alone, and clears what a killed one has left there.
func enter(ctx context.Context, r *os.Root) (leave func(), err error) {
	var lock *os.File
	for until := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		lock, err = tryLock(r)
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		again := errors.Is(err, errBusy) || errors.Is(err, fs.ErrNotExist) // left between two of our steps
		if !again || time.Now().After(until) {
			return nil, inWorkshop(err)
		}
	}
	leave = func() {
		clearWorkshop(r)
		lock.Close()
	}
	removeTemporary(r)
	if err := ignoreWorkshop(r); err != nil {
		leave()
		return nil, inWorkshop(err)
	}
	return leave, nil
}

func inWorkshop(err error) error {
	if known := (*PathError)(nil); errors.As(err, &known) {
		return known
	}
	return &PathError{Path: workshop, Reason: "cannot be used to write files", Err: err}
}

// tryLock fails with errBusy while another process has the lock.
func tryLock(r *os.Root) (*os.File, error) {
	if err := r.Mkdir(workshop, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	info, err := r.Lstat(workshop)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, &PathError{Path: workshop, Reason: "is " + kind(info.Mode()) + ", where a folder is needed; remove it"}
	}
	created, err := r.OpenFile(lockFile, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		created.Close()
	} else if !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	f, mine, err := open(r, lockFile)
	if err != nil {
		return nil, err
	}
	if !lock(f) {
		f.Close()
		return nil, errBusy
	}
	// The one that had it may have removed it: a lock is good only where the next one looks for it.
	if there, err := r.Lstat(lockFile); err != nil || !os.SameFile(mine, there) {
		f.Close()
		return nil, errBusy
	}
	return f, nil
}

// ignoreWorkshop makes git ignore the folder whatever other files say. A repository that brings such a folder with other
// rules does not get a token into it.
func ignoreWorkshop(r *os.Root) error {
	data, _, err := Read(r, ignoreFile, maxSize)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	case string(data) == ignoreAll:
		return nil
	case !strings.HasPrefix(ignoreAll, string(data)):
		return &PathError{Path: ignoreFile, Reason: "contains rules that gh hex did not write; remove it"}
	}
	return r.WriteFile(ignoreFile, []byte(ignoreAll), 0o600)
}

func temporaryName() string { return path.Join(workshop, rand.Text()+suffix) }

// removeTemporary takes away what a killed process has left, and nothing else.
func removeTemporary(r *os.Root) {
	entries, _ := fs.ReadDir(r.FS(), workshop)
	for _, e := range entries {
		name := path.Join(workshop, e.Name())
		if e.Type().IsRegular() && len(name) == len(temporaryName()) && strings.HasSuffix(name, suffix) {
			_ = r.Remove(name)
		}
	}
}

// clearWorkshop ends in the order in which nothing is ever there that git sees; the lock is held until the end.
func clearWorkshop(r *os.Root) {
	removeTemporary(r)
	if data, _, err := Read(r, ignoreFile, maxSize); err == nil && string(data) == ignoreAll {
		_ = r.Remove(ignoreFile)
	}
	_ = r.Remove(lockFile)
	_ = r.Remove(workshop)
}
