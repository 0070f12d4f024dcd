package scaffold

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path"
	"slices"
)

// Apply writes the changes in order and stops at the first that fails. Each file is replaced whole or not at all. Nothing
// is written when a file is neither as it was planned from nor, because another process did the same, as it was planned to
// be. Only one process at a time writes; what a killed one has left is removed, also when there is nothing to write. The
// error is a *PathError unless root itself cannot be opened, or ctx ended while another process was waited for; what has begun
// is written to its end.
func Apply(ctx context.Context, root string, changes []Change) error {
	return apply(ctx, root, changes, (*os.Root).Rename)
}

func apply(ctx context.Context, root string, changes []Change, rename func(r *os.Root, from, to string) error) error {
	r, err := os.OpenRoot(root)
	if err != nil {
		return err
	}
	defer r.Close()
	if !isWork(r, changes) {
		return nil
	}
	leave, err := enter(ctx, r)
	if err != nil {
		return err
	}
	defer leave()
	for _, c := range changes {
		if _, err := c.stillHolds(r); err != nil {
			return err
		}
	}
	for _, c := range changes {
		if err := c.replace(r, rename); err != nil {
			return err
		}
	}
	return nil
}

// isWork reports whether there is anything to write or to clear away.
func isWork(r *os.Root, changes []Change) bool {
	_, err := r.Lstat(workshop)
	return err == nil || slices.ContainsFunc(changes, func(c Change) bool { return c.Action != Unchanged })
}

// stillHolds returns an error when the file is not as it was when the change was planned; done tells that it is already
// as it will be.
func (c Change) stillHolds(r *os.Root) (done bool, err error) {
	if c.Action == Unchanged {
		return true, nil
	}
	now, err := current(r, c.Path)
	if err != nil {
		return false, err
	}
	planned := c.write()
	if now.existed && bytes.Equal(now.before, planned.after) && now.mode&^planned.mode == 0 {
		return true, nil
	}
	if now.existed != planned.existed || !bytes.Equal(now.before, planned.before) {
		return false, &PathError{Path: c.Path, Reason: "changed meanwhile, so nothing was written to it; run the command again"}
	}
	return false, nil
}

// replace writes a file in the workshop and puts it in the place of the old one.
func (c Change) replace(r *os.Root, rename func(r *os.Root, from, to string) error) error {
	if c.Action == Unchanged {
		return nil
	}
	dir := path.Dir(c.Path)
	if err := r.MkdirAll(dir, 0o777); err != nil {
		return &PathError{Path: c.Path, Reason: "cannot be written", Err: err}
	}
	temporary := temporaryName()
	err := c.write().create(r, temporary)
	done := false
	if err == nil {
		done, err = c.stillHolds(r)
	}
	if err == nil && !done {
		err = rename(r, temporary, c.Path)
	}
	if err == nil && !done {
		syncFolder(r, dir)
		return nil
	}
	_ = r.Remove(temporary)
	if known := (*PathError)(nil); err == nil || errors.As(err, &known) {
		return err
	}
	return &PathError{Path: c.Path, Reason: "cannot be written", Err: err}
}

// create writes a new file that is on the disk when create returns. Nobody but the owner can read it before it has its
// mode.
func (w write) create(r *os.Root, name string) error {
	mode := w.mode
	if w.existed {
		mode = 0o600
	}
	f, err := r.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(w.after)
	if err == nil && w.existed {
		err = f.Chmod(w.mode)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// syncFolder makes the new name last through a loss of power where the system can; where it cannot, the old file or
// the new one is there all the same.
func syncFolder(r *os.Root, dir string) {
	if d, err := r.Open(dir); err == nil {
		_ = d.Sync()
		d.Close()
	}
}
