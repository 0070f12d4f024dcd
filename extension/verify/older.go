package verify

import (
	"context"
	"slices"
	"strings"

	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/core/worktree"
	"github.com/gh-hex/gh-hex/extension/inspect"
)

// judgeSentCommit judges the workflows of a commit, less what the base of the push has wrong too: that is counted.
func judgeSentCommit(ctx context.Context, i *inspect.Inspection, about inspect.Scope, push worktree.Push, commit string) (check.Report, int) {
	i.Source = sourceAt(ctx, i.Tree, commit)
	found := about.Shown(check.Run(ctx, about.Of(i.Checks())))
	if !slices.ContainsFunc(found, func(r check.Result) bool { return r.Status == check.StatusError || r.Status == check.StatusWarning }) {
		return found, 0
	}
	bases, err := i.Tree.Bases(ctx, push, commit)
	if err != nil {
		return found, 0 // nothing shows that it is older
	}
	b := base{has: map[complaint]int{}, source: i.Source}
	for _, id := range bases {
		before := i.With(sourceAt(ctx, i.Tree, id))
		b.add(check.Run(ctx, about.Of(before.Checks())))
	}
	for n, r := range found {
		found[n] = b.without(r)
	}
	return found, b.older
}

// base is what is wrong before a push.
type base struct {
	has    map[complaint]int
	source *inspect.Source // what is pushed
	older  int             // what of that was found again
}

// complaint recognises a fault whatever its line is by now, and whatever the number of the step.
type complaint struct{ id, file, severity, message string }

func complaintOf(id string, f check.Finding) complaint {
	letters := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, f.Message)
	return complaint{id, f.File, string(f.Severity), letters}
}

// add takes in the faults of one base. Those of a file that is gone by now may have moved to any other one.
func (b *base) add(report check.Report) {
	count := map[complaint]int{}
	for _, r := range report {
		for _, f := range r.Wrong() {
			c := complaintOf(r.ID, f)
			if _, there := b.source.Lookup(f.File); f.File != "" && !there {
				c.file = anyFile
			}
			count[c]++
		}
	}
	for c, n := range count {
		b.has[c] = max(b.has[c], n)
	}
}

// anyFile stands for the file of a fault whose own one is gone.
const anyFile = "*"

// without is the result less what is older. That GitHub refuses this very push is never older.
func (b *base) without(r check.Result) check.Result {
	if r.ID == "push-scope" || r.ID == "github-access" {
		return r
	}
	wrong := r.Wrong()
	news := slices.DeleteFunc(slices.Clone(wrong), func(f check.Finding) bool { return b.takes(complaintOf(r.ID, f)) })
	if len(news) == len(wrong) {
		return r
	}
	b.older += len(wrong) - len(news)
	left := check.Judge(append(news, r.Notes()...), "nothing new is wrong", "")
	left.ID, left.Title, left.Group, left.ElapsedMS = r.ID, r.Title, r.Group, r.ElapsedMS
	return left
}

func (b *base) takes(c complaint) bool {
	for _, file := range []string{c.file, anyFile} {
		c.file = file
		if b.has[c] > 0 {
			b.has[c]--
			return true
		}
	}
	return false
}
