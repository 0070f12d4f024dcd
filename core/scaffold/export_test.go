package scaffold

import (
	"context"
	"io/fs"
	"os"
)

// ApplyRenaming is Apply with another way to put a file in its place, so that a test can stop there.
func ApplyRenaming(root string, changes []Change, rename func(r *os.Root, from, to string) error) error {
	return apply(context.Background(), root, changes, rename)
}

// Private is a mode without the rights of others.
func Private(mode fs.FileMode) fs.FileMode { return private(mode) }
