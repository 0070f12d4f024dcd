package worktree

import (
	"bytes"
	"context"
	"errors"
	"strings"

	"github.com/gh-hex/gh-hex/core/leak"
)

// cleaners are the filters of git's configuration that change a file on its way into git. Attributes of the repository say
// which files that is, but none of them can define one.
func (t *Tree) cleaners(ctx context.Context) (map[string]bool, error) {
	settings, err := t.settings(ctx)
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, s := range settings {
		if s.section == "filter" && s.value != "" {
			names[s.name] = true
		}
	}
	return names, nil
}

// listFiles sends the names of the files that git tracks or does not ignore. Those that go through a cleaner are returned
// instead.
func (t *Tree) listFiles(ctx context.Context, names chan<- []string) (cleaned []string, err error) {
	cleaners, err := t.cleaners(ctx)
	if err != nil {
		return nil, err
	}
	d := distributor{ctx: ctx, names: names, cleaners: cleaners}
	attributes := []string{"check-attr", "-z", "--stdin", "filter"}
	listed, err := t.listed(ctx)
	switch tooMuch := errors.Is(err, ErrTooMuch); {
	case err != nil && !tooMuch:
	case len(cleaners) == 0 && !tooMuch:
		err = d.read(bytes.NewReader(listed))
	case len(cleaners) == 0:
		err = t.git.stream(ctx, t.root, nil, d.read, listing()...)
	case !tooMuch:
		err = t.git.stream(ctx, t.root, bytes.NewReader(listed), d.read, attributes...)
	default:
		err = t.git.pipe(ctx, t.root, strings.NewReader(""), listing(), attributes, d.read)
	}
	return d.cleaned, err
}

// searchCleaned looks at files that go through a cleaner. What git has of them in its index is what it would send; the
// cleaner is not run, so that of a file which is not there yet nobody can tell.
func (s *search) searchCleaned(ctx context.Context, names []string) error {
	if len(names) == 0 {
		return nil
	}
	out, err := s.tree.git.run(ctx, s.tree.root, nil, "ls-files", "--stage", "-z")
	if err != nil {
		return err
	}
	staged := map[string][]version{}
	for _, v := range blobs(parseStages(fields(out))) {
		staged[v.path] = append(staged[v.path], v)
	}
	var versions []version
	var others []string
	for _, name := range names {
		if staged[name] == nil {
			others = append(others, name)
			continue
		}
		versions = append(versions, staged[name]...)
		s.addFile(name, found{}, nil)
	}
	s.mu.Lock()
	s.note("%s with a clean filter in git's configuration: git's index was searched instead, and the filter was not run", counted(len(names), "file"))
	s.mu.Unlock()
	places, err := s.searchBlobs(ctx, versions)
	if err != nil {
		return err
	}
	s.mu.Lock()
	for _, p := range places {
		s.addMatches(leak.Mask(p.path), p.matches)
	}
	s.mu.Unlock()
	return s.searchOthers(ctx, others)
}

// searchOthers looks into files that are not in git's index, and that a cleaner may clean.
func (s *search) searchOthers(ctx context.Context, names []string) error {
	r, err := s.newFileReader(ctx)
	if err != nil {
		return err
	}
	defer r.close()
	for _, name := range names {
		f, err := r.tokens(name)
		for i := range f.matches {
			f.matches[i].Certain = false
			f.matches[i].in = strings.TrimSuffix("what its clean filter may take out; "+f.matches[i].in, "; ")
		}
		s.addFile(name, f, err)
	}
	return nil
}
