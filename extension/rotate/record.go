package rotate

import (
	"context"
	"slices"
	"sync"

	"github.com/cli/go-gh/v2/pkg/auth"

	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/inspect"
	"github.com/gh-hex/gh-hex/extension/places"
	"github.com/gh-hex/gh-hex/extension/stored"
	"github.com/gh-hex/gh-hex/extension/target"
)

// recordSet notes what is to be written down of a place that is new.
func (r *rotation) recordSet(p *places.Place, sharing github.Sharing) {
	r.recording.Lock()
	defer r.recording.Unlock()
	r.records.Add(p.At, stored.NewEntry(r.token, r.owner, r.host, p.At.Owner, r.Client.Now()), sharing)
}

// writeRecords writes the records of all places that are done. Those that could not be written are a note; of many,
// the first says why.
func (r *rotation) writeRecords(ctx context.Context) {
	if r.variable == "" || len(r.records) == 0 {
		return
	}
	queue := make(chan github.Place)
	var mu sync.Mutex
	var failed []error
	var wg sync.WaitGroup
	for range min(maxWritesAtOnce, len(r.records)) {
		wg.Go(func() {
			for at := range queue {
				if err := r.writeRecord(ctx, at); err != nil {
					mu.Lock()
					failed = append(failed, err)
					mu.Unlock()
				}
			}
		})
	}
	for at := range r.records {
		queue <- at
	}
	close(queue)
	wg.Wait()
	if len(failed) > 0 {
		r.unwritten = places.NoRecord(r.secret, failed[0])
		if more := len(failed) - 1; more > 0 {
			r.unwritten += "; nor for " + console.Counted(more, "other place", "other places")
		}
	}
}

// writeRecord spares reading the record again where all variables were listed to compare the hosts.
func (r *rotation) writeRecord(ctx context.Context, at github.Place) error {
	l, listed := r.variables[at]
	if !listed || l.Err != nil {
		return places.WriteRecord(ctx, r.Client, at, r.secret, r.records[at])
	}
	before, _ := l.Find(stored.RecordName(r.secret))
	return places.ReplaceRecord(ctx, r.Client, at, r.secret, before, r.records[at])
}

// sayProof names the command that has Hex asked about what is stored now, where a repository has the workflow that does;
// false where none has.
func (r *rotation) sayProof() bool {
	var found []github.Repository
	for _, p := range r.places {
		if p.Status == statusNew && p.At.App == github.Actions && slices.Contains(p.UsedBy, stored.Path) &&
			!slices.ContainsFunc(found, func(q github.Repository) bool { return q.ID == p.Repo.ID }) {
			found = append(found, p.Repo)
		}
	}
	if len(found) == 0 {
		return false
	}
	flag, more := r.flagOf(found[0]), ""
	if len(found) > 1 {
		more = " (and for " + console.Counted(len(found)-1, "other repository", "other repositories") + ")"
	}
	r.Say("Before you revoke the old token: %s%s%s", inspect.ProveStored, flag, more)
	return true
}

// flagOf names a repository to a command, unless it is the one here.
func (r *rotation) flagOf(repo github.Repository) string {
	for _, t := range r.targets {
		if t.Here && t.Owner == repo.Owner && t.Name == repo.Name {
			return ""
		}
	}
	named := target.Repository{}
	named.Host, named.Owner, named.Name = auth.NormalizeHostname(r.Client.Host()), repo.Owner, repo.Name
	return " -R " + named.String()
}
