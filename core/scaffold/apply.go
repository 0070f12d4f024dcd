package scaffold

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"path"
)

// Apply writes the changes in order and stops at the first that fails. Each file is replaced whole or not at all. Nothing
// is written when a file is no longer as it was planned. The error is a *PathError unless root itself cannot be opened.
func Apply(root string, changes []Change) error { return apply(root, changes, (*os.Root).Rename) }

func apply(root string, changes []Change, rename func(r *os.Root, from, to string) error) error {
	r, err := os.OpenRoot(root)
	if err != nil {
		return err
	}
	defer r.Close()
	for _, c := range changes {
		if err := c.stillHolds(r); err != nil {
			return err
		}
	}
	for _, c := range changes {
		if c.Action == Unchanged {
			continue
		}
		if err := c.replace(r, rename); err != nil {
			return err
		}
	}
	return nil
}

// stillHolds returns an error when the file is not as it was when the change was planned.
func (c Change) stillHolds(r *os.Root) error {
	if c.Action == Unchanged {
		return nil
	}
	now, err := current(r, c.Path)
	if err != nil {
		return err
	}
	if planned := c.write(); now.existed != planned.existed || !bytes.Equal(now.before, planned.before) {
		return &PathError{Path: c.Path, Reason: "changed meanwhile, nothing was written to it; run the command again"}
	}
	return nil
}

// replace writes a file beside the old one and puts it in its place.
func (c Change) replace(r *os.Root, rename func(r *os.Root, from, to string) error) error {
	dir := path.Dir(c.Path)
	if err := r.MkdirAll(dir, 0o777); err != nil {
		return &PathError{Path: c.Path, Reason: "cannot be written", Err: err}
	}
	temporary := path.Join(dir, ".gh-hex-"+rand.Text()+".tmp")
	err := c.write().create(r, temporary)
	if err == nil {
		err = c.stillHolds(r)
	}
	if err == nil {
		err = rename(r, temporary, c.Path)
	}
	if err == nil {
		syncFolder(r, dir)
		return nil
	}
	_ = r.Remove(temporary)
	if known := (*PathError)(nil); errors.As(err, &known) {
		return known
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
