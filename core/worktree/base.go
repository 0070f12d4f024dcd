package worktree

import (
	"context"
	"slices"
	"strings"
)

// maxBases bounds how many commits one push may be compared with.
const maxBases = 3

// Bases are the commits that a pushed commit is compared with: what the remote has under that name and, where that is not
// known here or the name is new, the commits that the push builds on. What came in from the remote's default branch is
// nothing new either.
func (t *Tree) Bases(ctx context.Context, p Push, commit string) ([]string, error) {
	var bases []string
	for _, u := range p.Updates {
		if id, err := t.Resolve(ctx, u.Local+"^{commit}"); isZero(u.Local) || err != nil || id != commit {
			continue
		}
		more, err := t.basesOf(ctx, p.Remote, u)
		if err != nil {
			return nil, err
		}
		bases = append(bases, more...)
	}
	if main, err := t.Resolve(ctx, "refs/remotes/"+p.Remote+"/HEAD^{commit}"); err == nil && t.reaches(ctx, commit, main) {
		bases = append(bases, main)
	}
	slices.Sort(bases)
	bases = slices.Compact(bases)
	return bases[:min(len(bases), maxBases)], nil
}

func (t *Tree) basesOf(ctx context.Context, remote string, u Update) ([]string, error) {
	if !isZero(u.Remote) {
		if id, err := t.Resolve(ctx, u.Remote+"^{commit}"); err == nil {
			return []string{id}, nil
		}
	}
	r, err := t.sent(ctx, remote, []Update{u})
	if err != nil {
		return nil, err
	}
	out, err := t.git.run(ctx, t.root, []byte(r.input), r.command("rev-list", "--boundary")...)
	var bases []string
	for line := range strings.Lines(string(out)) {
		if id, boundary := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "-"); boundary {
			bases = append(bases, id)
		}
	}
	return bases, err
}

// reaches tells whether a commit contains another one.
func (t *Tree) reaches(ctx context.Context, commit, other string) bool {
	_, err := t.git.run(ctx, t.root, nil, "merge-base", "--is-ancestor", other, commit)
	return err == nil
}
