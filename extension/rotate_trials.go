package extension

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/workflow"
)

// tryProjects finds out for the chosen places whether the new token may run what their workflows run with it.
func (r *rotation) tryProjects(ctx context.Context) error {
	t := r.newTrials(r.host, r.token, r.client)
	found := map[*spot][]started{}
	err := r.interruptible(ctx, "Trying the projects, without starting them", func(ctx context.Context) error {
		bounded, cancel := context.WithTimeout(ctx, t.limit)
		defer cancel()
		var all []started
		for _, p := range r.spots {
			if p.chosen && p.err == nil && p.status == "" && ctx.Err() == nil {
				found[p] = t.resolve(bounded, p.repo.Owner, p.repo.Name, r.startsOf(p))
				all = append(all, found[p]...)
			}
		}
		t.try(ctx, all)
		return cancelled(ctx)
	})
	if err != nil {
		return err
	}
	var doubts []string
	for _, p := range r.spots {
		doubts = append(doubts, r.judgeTrials(t, p, found[p])...)
	}
	r.sayDoubts(slices.Compact(doubts))
	return nil
}

// judgeTrials notes what speaks against a place, and returns what could not be told.
func (r *rotation) judgeTrials(t *trials, p *spot, all []started) (doubts []string) {
	for _, one := range all {
		result := t.of(one)
		if result.refused && one.AnyEnvironment {
			result = trial{doubt: "Hex refuses it (403), but in which environment the job runs is decided at run time"}
		}
		switch {
		case result.refused && r.force:
			doubts = append(doubts, fmt.Sprintf("%s: the token may not run %s (403); replaced all the same, with --force", r.label(p), one.what()))
		case result.refused && p.refused == nil:
			p.refused = &refusedRunError{places: []string{one.what()}, kind: r.owner.Kind}
		case result.doubt != "":
			doubts = append(doubts, fmt.Sprintf("%s: cannot tell whether the token may run %s: %s", r.label(p), one.what(), result.doubt))
		}
	}
	return doubts
}

// startsOf is what is started with the secret of this very place: a job of an environment that holds one reads that one.
func (r *rotation) startsOf(p *spot) []workflow.Start {
	return slices.DeleteFunc(slices.Clone(p.starts), func(x workflow.Start) bool {
		if x.AnyEnvironment {
			return false
		}
		if p.store.Level == github.LevelEnvironment {
			return !inEnvironment(x, p.store.Environment)
		}
		return p.store.App == github.Actions && !slices.ContainsFunc(x.Environments, func(name string) bool { return !r.holds(p, name) })
	})
}

// holds tells whether an environment of a place's repository holds the secret, too, or could not be asked.
func (r *rotation) holds(p *spot, environment string) bool {
	return environment != "" && slices.ContainsFunc(r.spots, func(q *spot) bool {
		return q.store.Level == github.LevelEnvironment && q.repo.ID == p.repo.ID &&
			(q.store.Environment == "*" || strings.EqualFold(q.store.Environment, environment))
	})
}
