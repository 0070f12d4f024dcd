package worktree

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
)

// wayOutOfCommits says what takes tokens out of commits, as steps that can be followed as they are; empty when none has
// one. The oldest place comes first.
func (t *Tree) wayOutOfCommits(ctx context.Context, places []location) string {
	if places = inCommits(places); len(places) == 0 {
		return ""
	}
	return "the commits: " + t.rewriting(ctx, places[0].commit, changes(places))
}

func inCommits(places []location) []location {
	return slices.DeleteFunc(slices.Clone(places), func(p location) bool { return p.kind == "tag" || p.kind == "note" })
}

func wayOutOfTags(places []location) string {
	i := slices.IndexFunc(places, func(p location) bool { return p.kind == "tag" })
	if i < 0 {
		return ""
	}
	line := command("git tag --force --annotate", places[i].path)
	if line == "" { // a name that cannot be typed as it is shown
		return "the tag: git tag --force --annotate"
	}
	return "the tag: " + command(line, places[i].path+"^{}")
}

// wayOutOfNotes says what takes tokens out of notes. These have a history of their own, which is pushed with them.
func (t *Tree) wayOutOfNotes(ctx context.Context, places []location) string {
	i := slices.IndexFunc(places, func(p location) bool { return p.kind == "note" })
	if i < 0 {
		return ""
	}
	const usual = "refs/notes/commits"
	ref := usual
	if out, err := t.git.run(ctx, t.root, nil, "for-each-ref", "--contains="+places[i].commit, "--format=%(refname)", "refs/notes"); err == nil && len(out) > 0 {
		ref, _, _ = strings.Cut(string(out), "\n")
	}
	remove := "git notes"
	if ref != usual {
		remove = command("git notes --ref", ref)
	}
	forget := command("git update-ref", ref)
	if remove == "" || forget == "" {
		return "the note: git notes remove"
	}
	tree := command("git commit-tree -m Notes", ref+"^{tree}")
	return fmt.Sprintf("the note: %s remove %.12s, then out of the history of notes: %s $(%s)", remove, places[i].path, forget, tree)
}

// changes are the steps in a commit that has these places, and the name that git rebase has for a stop there.
func changes(places []location) steps {
	kinds := map[string]int{}
	for i, p := range places {
		if p.kind == "commit" && slices.ContainsFunc(p.matches, func(m match) bool { return m.in != "" }) {
			kinds["person"]++
		}
		if p.kind == "commit" && !slices.ContainsFunc(p.matches, func(m match) bool { return m.in == "" }) {
			continue
		}
		if !slices.ContainsFunc(places[:i], func(other location) bool { return other.kind == p.kind && other.path == p.path }) {
			kinds[p.kind]++
		}
	}
	s := steps{stop: "edit"}
	switch {
	case kinds["blob"] == 1:
		s.inside = append(s.inside, "edit the file", "git add it")
	case kinds["blob"] > 1:
		s.inside = append(s.inside, "edit the files", "git add them")
	}
	if kinds["tree"] > 0 {
		s.inside = append(s.inside, "rename with git mv")
	}
	amend := "git commit --amend"
	if kinds["commit"] == 0 {
		amend += " --no-edit"
	}
	if kinds["person"] > 0 {
		s.inside = append(s.inside, "see that git config user.name and user.email have none")
		amend += " --reset-author"
	}
	if amend == "git commit --amend" && len(s.inside) == 0 {
		s.stop = "reword"
	}
	s.inside = append(s.inside, amend)
	return s
}

// steps change one commit. stop is the word for it in the list of git rebase --interactive.
type steps struct {
	stop   string
	inside []string
}

// rewriting says how to change a commit, and those after it.
func (t *Tree) rewriting(ctx context.Context, commit string, s steps) string {
	inside := strings.Join(s.inside, ", ")
	if head, err := t.git.line(ctx, t.root, "rev-parse", "HEAD"); err == nil && head == commit {
		return inside
	}
	from := "--root"
	if _, err := t.Resolve(ctx, commit+"^"); err == nil {
		from = fmt.Sprintf("%.12s^", commit)
	}
	rebase := fmt.Sprintf("git rebase --interactive %s, mark the commits that are listed as %s", from, s.stop)
	if s.stop == "reword" {
		return rebase
	}
	return rebase + ", and at each stop: " + inside + ", git rebase --continue"
}

// owners tell of commits who has them, by their ID. What is in neither set was pushed, as far as is known.
type owners struct {
	local map[string]bool // no remote was ever seen to have it
	loose map[string]bool // nor does a branch, a tag or a stash: only a reflog does
}

// owners asks git who has the commits of the places. A remote that takes a branch back leaves its reflog here.
func (t *Tree) owners(ctx context.Context, places []location) (owners, error) {
	wanted := map[string]bool{}
	for _, p := range places {
		if p.commit != "" {
			wanted[p.commit] = true
		}
	}
	seen, err := t.git.run(ctx, t.root, nil, "rev-list", "--walk-reflogs", "--remotes", "--")
	if err != nil {
		return owners{}, err
	}
	var pushed strings.Builder
	for id := range strings.FieldsSeq(string(seen)) {
		pushed.WriteString("^" + id + "\n")
	}
	local, err := t.among(ctx, wanted, pushed.String(), "--remotes")
	if err != nil {
		return owners{}, err
	}
	loose, err := t.among(ctx, local, "", "--all")
	return owners{local, loose}, err
}

// among returns those of the commits that neither the refs which the flag stands for nor the revisions in more reach.
func (t *Tree) among(ctx context.Context, commits map[string]bool, more, refs string) (map[string]bool, error) {
	var input strings.Builder
	for id := range commits {
		input.WriteString(id + "\n")
	}
	r := revisions{args: []string{"--not", refs}, input: input.String() + more}
	left := map[string]bool{}
	err := t.git.stream(ctx, t.root, strings.NewReader(r.input), func(out io.Reader) error {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if commits[lines.Text()] {
				left[lines.Text()] = true
			}
		}
		return lines.Err()
	}, r.command("rev-list")...)
	return left, err
}

// where says where a place stands when not everybody has it, and nothing otherwise.
func (o owners) where(p location) string {
	switch {
	case o.loose[p.commit]:
		return " in a commit that only the reflog of this clone has"
	case o.local[p.commit]:
		return " in an unpushed commit"
	}
	return ""
}

// keepers says what these places mean for others, and how what was never pushed goes away.
func (t *Tree) keepers(ctx context.Context, o owners, places []location) string {
	if places = inCommits(places); o.local == nil || len(places) == 0 {
		return ""
	}
	var parts []string
	if slices.ContainsFunc(places, func(p location) bool { return !o.local[p.commit] }) {
		parts = append(parts, "whoever has a clone keeps what was pushed")
	}
	mine := slices.DeleteFunc(slices.Clone(places), func(p location) bool { return !o.local[p.commit] || o.loose[p.commit] })
	if len(mine) > 0 {
		part := "rewrite the unpushed commits"
		if _, err := t.git.line(ctx, t.root, "merge-base", "--is-ancestor", mine[0].commit, "HEAD"); err == nil {
			part += ": " + t.rewriting(ctx, mine[0].commit, changes(mine))
		}
		parts = append(parts, part)
	}
	if slices.ContainsFunc(places, func(p location) bool { return o.loose[p.commit] }) {
		parts = append(parts, "to forget what only the reflog has, and all stashes: git reflog expire --expire=now --all && git gc --prune=now")
	}
	return strings.Join(parts, "; ")
}
