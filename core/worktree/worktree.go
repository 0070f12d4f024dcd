// Package worktree tells what git says of a work tree, and judges its .env files by it.
package worktree

import (
	"context"
	"errors"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/scaffold"
)

var (
	// ErrNoGit means that there is no git on this machine.
	ErrNoGit = errors.New("git is not installed")
	// ErrNotRepository means that the folder is in no git repository.
	ErrNotRepository = errors.New("not a git repository")
	// ErrBare means that the repository has no work tree here: it is bare, or the folder is inside .git.
	ErrBare = errors.New("no work tree here")
	// ErrTracked means that git tracks a file that is only trusted when it does not.
	ErrTracked = errors.New("tracked by git")
)

// Tree is the work tree of a git repository.
type Tree struct{ root, commonDir string }

// Open finds the work tree that dir is in. Errors are ErrNoGit, ErrNotRepository, ErrBare or a *GitError.
func Open(ctx context.Context, dir string) (*Tree, error) { return nil, errors.ErrUnsupported }

// Root is the top of the work tree, as a path of this system.
func (t *Tree) Root() string { return t.root }

// CommonDir is the git directory that all work trees of the repository share, as a path of this system.
func (t *Tree) CommonDir() string { return t.commonDir }

// GitError is what git itself had to say, such as "detected dubious ownership in repository".
type GitError struct {
	Command string // such as "ls-files"
	Message string
	Err     error
}

func (e *GitError) Error() string { return "git " + e.Command + ": " + e.Message }

func (e *GitError) Unwrap() error { return e.Err }

// Ignore is what git makes of one path.
type Ignore struct {
	Path    string
	Ignored bool
	Source  string // file of the pattern that decided, empty when none did
	Line    int
	Pattern string
	Shared  bool // the pattern stands in a .gitignore of the repository, not only on this machine
}

// Ignored asks git about paths, relative to the root; whether they exist or are tracked does not matter.
func (t *Tree) Ignored(ctx context.Context, paths ...string) ([]Ignore, error) {
	return nil, errors.ErrUnsupported
}

// Tracked returns those of paths, and of the files below them, that are in git's index.
func (t *Tree) Tracked(ctx context.Context, paths ...string) ([]string, error) {
	return nil, errors.ErrUnsupported
}

// EnvFile is a .env file that may hold Hex's settings.
type EnvFile struct {
	Path    string
	Tracked bool
	Exists  bool // as a regular file in the work tree
}

// EnvFiles finds .env and .env.local, and any other .env.* that holds a Hex name, in every folder that git does not
// ignore as a whole; examples apart.
func (t *Tree) EnvFiles(ctx context.Context) ([]EnvFile, error) { return nil, errors.ErrUnsupported }

// ReadLocal reads a regular file of at most 64 KiB at the top of the work tree, as a source of token and host. The error
// wraps fs.ErrNotExist, ErrTracked, or is a *scaffold.PathError.
func (t *Tree) ReadLocal(ctx context.Context, name string) ([]byte, error) {
	return nil, errors.ErrUnsupported
}

// Remote is a remote as git resolves it. Its URLs may hold credentials: never show them as they are.
type Remote struct {
	Name     string
	URL      string
	PushURL  string
	Resolved string // what gh repo set-default left: "base", OWNER/REPO or empty
}

// Remotes lists the remotes, insteadOf rules applied.
func (t *Tree) Remotes(ctx context.Context) ([]Remote, error) { return nil, errors.ErrUnsupported }

// Head is the full name of the ref that is checked out, such as refs/heads/main; empty when HEAD is detached.
func (t *Tree) Head(ctx context.Context) (string, error) { return "", errors.ErrUnsupported }

// Git answers what scaffold asks.
func (t *Tree) Git(ctx context.Context) scaffold.Git { return scaffold.Git{} }

// Checks returns env-ignored, env-tracked, env-permissions and env-example.
func Checks(t *Tree) []core.Check { return nil }

// FixPermissions makes every untracked .env file that holds a token readable by its owner alone, and returns their paths.
func FixPermissions(ctx context.Context, t *Tree) ([]string, error) { return nil, errors.ErrUnsupported }
