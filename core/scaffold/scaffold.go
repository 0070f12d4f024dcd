// Package scaffold keeps the files that go with a Hex token in order: .gitignore, .env.example and, when asked, .env.
// Planning only reads, [Apply] only writes, and a second run changes nothing.
package scaffold

import (
	"errors"
	"io/fs"
)

// DefaultHost is the value of HEX_WORKSPACE_URL in a new .env.example unless [Options] names another.
const DefaultHost = "https://app.hex.tech"

// Options says what goes into the files.
type Options struct {
	Host string // origin of the Hex host, such as https://eu.hex.tech; empty means DefaultHost
}

// Reach says for whom git ignores a path.
type Reach int

const (
	// Nobody means that git does not ignore the path.
	Nobody Reach = iota
	// User means that only .git/info/exclude or the user's own excludes file ignores it: teammates are not covered.
	User
	// Everyone means that a rule in the repository ignores it.
	Everyone
)

// Git answers what planning asks of git. Paths are relative to the top of the work tree and "/"-separated.
type Git struct {
	Ignored func(path string) (Reach, error)
	Tracked func(path string) (bool, error)
}

// Action is what a [Change] does to its file.
type Action string

// The actions.
const (
	Created   Action = "created"
	Updated   Action = "updated"
	Unchanged Action = "unchanged"
)

// Change is one file as it was found and as it will be. What it will hold stays out of every print of it.
type Change struct {
	Path   string // relative to the root, "/"-separated
	Action Action
	Detail string // such as "added .env, .env.local"; may be empty

	write *write
}

type write struct {
	before, after []byte
	existed       bool
	mode          fs.FileMode
	ignores       []string // lines that this change adds to .gitignore
}

// PathError says why a file cannot be written or read. Err is the cause when there is one.
type PathError struct {
	Path   string
	Reason string
	Err    error
}

func (e *PathError) Error() string { return e.Path + " " + e.Reason }

func (e *PathError) Unwrap() error { return e.Err }

// Plan says what .gitignore and .env.example lack.
func Plan(root string, git Git, o Options) ([]Change, error) { return nil, errors.ErrUnsupported }

// PlanDotenv says what has to be written to keep token in .env, readable by its owner alone: HEX_API_TOKEN, and
// HEX_WORKSPACE_URL when host is not the default or the file names another. It fails when git tracks .env, or would not
// ignore it even after planned, the result of [Plan] (nil when that will not be applied). The change goes behind those
// of planned into [Apply].
func PlanDotenv(root string, git Git, planned []Change, token func() string, host string) (Change, error) {
	return Change{}, errors.ErrUnsupported
}

// PlanFile says what has to be written so that path holds what edit makes of it; edit gets nil when there is no such
// file. A new file gets mode, an existing one keeps its own. The caller sets Detail.
func PlanFile(root, path string, mode fs.FileMode, edit func(old []byte) []byte) (Change, error) {
	return Change{}, errors.ErrUnsupported
}

// Apply writes the changes in order and stops at the first that fails. Each file is replaced whole or not at all.
func Apply(root string, changes []Change) error { return errors.ErrUnsupported }
