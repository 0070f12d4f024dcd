package report

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/extension/console"
)

// Live shows a report on a terminal while its checks are carried out: each group as soon as it and those before it are
// complete, and meanwhile how far the others are.
type Live struct {
	s        *console.Streams
	progress *console.Progress

	mu    sync.Mutex
	found check.Report // in the order of the report; without a status where a check is not over
	told  int          // as many results are printed
}

// NewLive is for these checks; now tells the time.
func NewLive(s *console.Streams, checks []check.Check, now func() time.Time) *Live {
	l := &Live{s: s, progress: s.NewProgress(now), found: make(check.Report, len(checks))}
	for i, c := range checks {
		l.found[i] = check.Result{ID: c.ID, Group: c.Group}
	}
	l.tell()
	return l
}

// Done takes in a result.
func (l *Live) Done(r check.Result) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.found[slices.IndexFunc(l.found, func(f check.Result) bool { return f.ID == r.ID })] = r
	l.tell()
}

// tell prints the groups that are complete, and says what is left. A group with a problem waits for all that may tell of
// the same cause: the token, what GitHub stores and what the workflows read.
func (l *Live) tell() {
	for l.told < len(l.found) {
		group, rest := firstGroup(l.found[l.told:])
		if open(group) > 0 || slices.ContainsFunc(group, isProblem) && open(besideFiles(rest)) > 0 {
			break
		}
		l.progress.Clear()
		printGroups(l.s, group, tasksOf(l.found))
		l.told += len(group)
	}
	l.progress.Show("Checked %d of %d; left: %s", len(l.found)-open(l.found), len(l.found), l.left())
}

// open counts what is not over.
func open(found check.Report) (n int) {
	for _, r := range found {
		if r.Status == "" {
			n++
		}
	}
	return n
}

func besideFiles(found check.Report) check.Report {
	return slices.DeleteFunc(slices.Clone(found), func(r check.Result) bool { return r.Group == check.GroupFiles })
}

func (l *Live) left() string {
	var groups []string
	for _, r := range l.found {
		if r.Status == "" {
			groups = append(groups, string(r.Group))
		}
	}
	return strings.Join(slices.Compact(groups), ", ")
}

// Close takes away what says how far the checks are.
func (l *Live) Close() { l.progress.Clear() }
