package worktree

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/core/leak"
)

// searchIndex looks into what is staged and not committed yet: the next commit publishes it, whatever the files hold by
// then. The work tree is not asked, so that no filter of the repository runs.
func (s *search) searchIndex(ctx context.Context) ([]location, error) {
	staged, err := s.tree.stagedBlobs(ctx)
	if err != nil {
		return nil, err
	}
	return s.searchBlobs(ctx, staged)
}

// searchBlobs looks into blobs, and says in which files they stand.
func (s *search) searchBlobs(ctx context.Context, versions []version) ([]location, error) {
	if len(versions) == 0 {
		return nil, nil
	}
	var ids strings.Builder
	paths := map[string][]string{}
	for _, v := range versions {
		if paths[v.blob] == nil {
			ids.WriteString(v.blob + "\n")
		}
		paths[v.blob] = append(paths[v.blob], v.path)
	}
	found, err := s.look(ctx, nil, func(read func(io.Reader) error) error {
		return s.tree.git.stream(ctx, s.tree.root, strings.NewReader(ids.String()), read, "cat-file", "--batch", "--buffer")
	})
	var all []location
	for _, h := range found.hits {
		for _, path := range paths[h.id] {
			all = append(all, location{hit: h, path: path})
		}
	}
	s.count(found.unopened, found.unkept)
	return all, err
}

// stagedBlobs are those of the index that HEAD has not, or has elsewhere; all of them before the first commit.
func (t *Tree) stagedBlobs(ctx context.Context) ([]version, error) {
	out, err := t.git.run(ctx, t.root, nil, "diff-index", "--cached", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-ext-diff",
		"--diff-filter=AMT", "HEAD", "--")
	staged := parseLog(fields(out))
	if err != nil {
		if _, unborn := t.Resolve(ctx, "HEAD"); unborn == nil || failure(unborn) != nil {
			return nil, err
		}
		if out, err = t.git.run(ctx, t.root, nil, "ls-files", "--stage", "-z"); err != nil {
			return nil, err
		}
		staged = parseStages(fields(out))
	}
	return blobs(staged), nil
}

// blobs are those of the versions that are no commits of another repository.
func blobs(all []version) []version {
	return slices.DeleteFunc(all, func(v version) bool { return !strings.HasPrefix(v.mode, "1") || v.mode == "160000" })
}

// parseStages reads what "ls-files --stage -z" prints: "<mode> <object> <stage>\t<path>".
func parseStages(records []string) []version {
	var all []version
	for _, record := range records {
		about, path, _ := strings.Cut(record, "\t")
		if parts := strings.Fields(about); len(parts) == 3 {
			all = append(all, version{committed: committed{path: path}, mode: parts[0], blob: parts[1]})
		}
	}
	return all
}

// addStaged takes in what is staged, less what was found in the file itself.
func (s *search) addStaged(places []location) {
	inFile := map[string]bool{}
	for _, f := range s.findings {
		if f.Commit == "" {
			inFile[f.Message] = true
		}
	}
	s.staged = len(s.accepted.open(places)) > 0
	for _, p := range places {
		path := leak.Mask(p.path)
		for _, m := range p.matches {
			if !inFile[says(path, m)] {
				s.addAt(check.Finding{File: path, Line: m.Line, Column: m.Column}, m, " as it is staged", "%s", path)
			}
		}
	}
}
