// Package worktree tells what git says of a work tree, and judges its .env files by it.
//
// The repository is untrusted input: git is run so that nothing in it is executed, and files are read without following
// symbolic links.
package worktree

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/gh-hex/gh-hex/core/scaffold"
)

var (
	// ErrNoGit means that there is no git on this machine.
	ErrNoGit = errors.New("git is not installed")
	// ErrNotRepository means that the folder is in no git repository.
	ErrNotRepository = errors.New("not a git repository")
	// ErrBare means that there is no work tree: the repository is bare, or the folder is inside .git.
	ErrBare = errors.New("not in a work tree")
	// ErrTracked means that git tracks a file that is only trusted when it does not.
	ErrTracked = errors.New("tracked by git")
)

// Tree is the work tree of a git repository.
type Tree struct {
	git                     git
	root, commonDir, gitDir string

	// What a tree that is still keeps; nil for one that is not.
	settingsKept *kept[[]setting]
	listedKept   *kept[[]byte]
}

// Open finds the work tree that dir is in. The error is or wraps ErrNoGit, ErrNotRepository, ErrBare or a *GitError,
// which holds git's own reason, such as a repository of somebody else.
func Open(ctx context.Context, dir string) (*Tree, error) {
	g, err := findGit()
	if err != nil {
		return nil, err
	}
	return g.open(ctx, dir)
}

func (g git) open(ctx context.Context, dir string) (*Tree, error) {
	// One process answers all three. In a bare repository the second question fails, after the first was answered.
	out, err := g.run(ctx, dir, nil, "rev-parse", "--is-inside-work-tree", "--show-toplevel", "--git-common-dir", "--absolute-git-dir")
	inside, rest, _ := strings.Cut(string(out), "\n")
	if said := (*GitError)(nil); errors.As(err, &said) && strings.HasPrefix(said.Message, "not a git repository (or any") {
		return nil, ErrNotRepository
	}
	if said := (*GitError)(nil); inside == "false" || errors.As(err, &said) && strings.Contains(said.Message, "safe.bareRepository") {
		return nil, ErrBare
	}
	if err != nil {
		return nil, err
	}
	return newTree(ctx, g, dir, strings.TrimSuffix(rest, "\n"))
}

// OpenPushed opens the repository that a push is made from. gitDir is what git told its hook in GIT_DIR, relative to dir or
// absolute; empty when it told nothing. That may be a bare repository: the Tree is then good for the checks of a push, and
// its root is the git directory. Errors are those of Open.
func OpenPushed(ctx context.Context, dir, gitDir string) (*Tree, error) {
	t, err := Open(ctx, dir)
	if gitDir == "" {
		return t, err
	}
	if !filepath.IsAbs(gitDir) {
		gitDir = filepath.Join(dir, gitDir)
	}
	if err == nil && sameFile(t.gitDir, gitDir) {
		return t, nil
	}
	g, err := findGit()
	if err != nil {
		return nil, err
	}
	g.gitDir = gitDir
	common, err := g.line(ctx, gitDir, "rev-parse", "--path-format=absolute", "--git-common-dir")
	if err != nil {
		return nil, err
	}
	return &Tree{git: g, root: gitDir, commonDir: filepath.FromSlash(common), gitDir: gitDir}, nil
}

// newTree reads the three paths that git printed, one a line. A path that holds a line feed is asked for by itself.
func newTree(ctx context.Context, g git, dir, paths string) (*Tree, error) {
	lines := strings.Split(paths, "\n")
	if len(lines) != 3 {
		lines = nil
		for _, question := range []string{"--show-toplevel", "--git-common-dir", "--absolute-git-dir"} {
			line, err := g.line(ctx, dir, "rev-parse", question)
			if err != nil {
				return nil, err
			}
			lines = append(lines, line)
		}
	}
	root, common, own := filepath.FromSlash(lines[0]), filepath.FromSlash(lines[1]), filepath.FromSlash(lines[2])
	if !filepath.IsAbs(common) {
		common = filepath.Join(dir, common)
	}
	if !leadsTo(root, own) {
		return nil, ErrBare
	}
	return &Tree{git: g, root: root, commonDir: common, gitDir: own}, nil
}

// leadsTo tells whether the work tree has a .git that is, or names, the git directory that git found. A folder of the
// repository itself can look like a git directory, with a configuration that claims any work tree: such a one has no
// .git that leads there.
func leadsTo(root, gitDir string) bool {
	entry := filepath.Join(root, ".git")
	info, err := os.Lstat(entry)
	if err != nil {
		return false
	}
	if info.Mode().IsRegular() {
		data, err := readWhole(root, ".git", maxLocal)
		named, isLink := strings.CutPrefix(strings.TrimSpace(string(data)), "gitdir:")
		if err != nil || !isLink {
			return false
		}
		entry = filepath.FromSlash(strings.TrimSpace(named))
		if !filepath.IsAbs(entry) {
			entry = filepath.Join(root, entry)
		}
	}
	return sameFile(entry, gitDir)
}

// readWhole reads a regular file below a folder, as [scaffold.Read] does.
func readWhole(folder, name string, limit int64) ([]byte, error) {
	r, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data, _, err := scaffold.Read(r, name, limit)
	return data, err
}

func sameFile(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

// line returns the one line that git prints.
func (g git) line(ctx context.Context, dir string, args ...string) (string, error) {
	out, err := g.run(ctx, dir, nil, args...)
	return strings.TrimSuffix(string(out), "\n"), err
}

// Root is the top of the work tree, an absolute path of this system.
func (t *Tree) Root() string { return t.root }

// CommonDir is the git directory that all work trees of the repository share, an absolute path of this system.
func (t *Tree) CommonDir() string { return t.commonDir }

// HooksFolder is where git looks for hooks, and whether somebody configured that. Our own setting is passed over.
func (t *Tree) HooksFolder(ctx context.Context) (folder string, configured bool, err error) {
	settings, err := t.settings(ctx)
	if slices.ContainsFunc(settings, expands) {
		settings, err = t.readSettings(ctx, `^core\.hookspath$`, "--type=path")
	}
	folder = filepath.Join(t.commonDir, "hooks")
	for _, s := range settings {
		if s.section != "core" || s.ours {
			continue
		}
		folder, configured = filepath.FromSlash(s.value), true
		if folder != "" && !filepath.IsAbs(folder) {
			folder = filepath.Join(t.root, folder)
		}
	}
	return folder, configured, err
}

// expands tells of a path that only git can read: it may begin with somebody's home, with git's own folder, or with a word
// to git such as ":(optional)".
func expands(s setting) bool {
	return s.section == "core" && s.value != "" && strings.ContainsAny(s.value[:1], "~%:")
}

// Ignore is what git makes of one path.
type Ignore struct {
	Path    string
	Ignored bool
	Source  string // file of the pattern that decided, as git names it; empty when none did
	Line    int
	Shared  bool // the pattern stands in a .gitignore of the repository, not only on this machine
}

// Ignored asks git about paths, relative to the root; whether they exist or are tracked does not matter. The answers are
// in the order of paths.
func (t *Tree) Ignored(ctx context.Context, paths ...string) ([]Ignore, error) {
	// "./" keeps a path from being read as a pathspec with magic: this command knows no literal ones.
	var input strings.Builder
	for _, p := range paths {
		input.WriteString("./" + p + "\x00")
	}
	out, err := t.git.run(ctx, t.root, []byte(input.String()), "check-ignore", "--no-index", "--verbose", "--non-matching", "-z", "--stdin")
	if err := failure(err); err != nil {
		return nil, err
	}
	var all []Ignore
	for record := range slices.Chunk(fields(out), 4) {
		if len(record) < 4 {
			break
		}
		all = append(all, newIgnore(record))
	}
	return all, nil
}

func newIgnore(record []string) Ignore {
	source, pattern := record[0], record[2]
	line, _ := strconv.Atoi(record[1])
	return Ignore{
		Path:    strings.TrimPrefix(record[3], "./"),
		Ignored: pattern != "" && !strings.HasPrefix(pattern, "!"),
		Source:  source,
		Line:    line,
		Shared:  filepath.Base(source) == ".gitignore" && !filepath.IsAbs(source),
	}
}

// Matching returns the paths in git's index that match pathspecs.
func (t *Tree) Matching(ctx context.Context, pathspecs ...string) ([]string, error) {
	out, err := t.git.run(ctx, t.root, nil, append([]string{"ls-files", "-z", "--"}, pathspecs...)...)
	return fields(out), err
}

// Files returns the paths of all files that git tracks or does not ignore.
func (t *Tree) Files(ctx context.Context) ([]string, error) {
	out, err := t.listed(ctx)
	return fields(out), err
}

// listed is what git prints of these paths, each ended by NUL.
func (t *Tree) listed(ctx context.Context) ([]byte, error) {
	return t.listedKept.ask(func() ([]byte, error) { return t.git.run(ctx, t.root, nil, listing()...) })
}

func listing() []string {
	return []string{"ls-files", "-z", "--cached", "--others", "--exclude-standard"}
}

// Git answers what package scaffold asks, until ctx ends.
func (t *Tree) Git(ctx context.Context) scaffold.Git {
	return scaffold.Git{
		Ignored: func(path string) (scaffold.Reach, error) { return t.reach(ctx, path) },
		Tracked: func(path string) (bool, error) { return t.tracks(ctx, path) },
	}
}

func (t *Tree) reach(ctx context.Context, path string) (scaffold.Reach, error) {
	answers, err := t.Ignored(ctx, path)
	switch {
	case err != nil || len(answers) != 1 || !answers[0].Ignored:
		return scaffold.Nobody, err
	case answers[0].Shared:
		return scaffold.Everyone, nil
	default:
		return scaffold.User, nil
	}
}

// tracks tells whether git tracks the file called name at the top of the work tree, under whatever name: a file system
// that folds case, or otherwise takes several names for one, would let a tracked .ENV pass for an untracked .env.
func (t *Tree) tracks(ctx context.Context, name string) (bool, error) {
	out, err := t.git.run(ctx, t.root, nil, "ls-files", "-z", "--", ":(glob)*")
	if err != nil {
		return false, err
	}
	r, err := os.OpenRoot(t.root)
	if err != nil {
		return false, err
	}
	defer r.Close()
	local, missing := r.Lstat(name)
	for _, tracked := range fields(out) {
		if strings.EqualFold(tracked, name) {
			return true, nil
		}
		if missing != nil {
			continue
		}
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		if info, err := r.Lstat(tracked); err == nil && os.SameFile(local, info) {
			return true, nil
		}
	}
	return false, nil
}
