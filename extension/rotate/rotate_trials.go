package rotate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/inspect"
	"github.com/gh-hex/gh-hex/extension/places"
	"github.com/gh-hex/gh-hex/extension/workflow"
)

// tryProjects finds out for the chosen places whether the new token may run what their workflows run with it.
func (r *rotation) tryProjects(ctx context.Context) error {
	t := inspect.NewTrials(r.rotateOptions.Process, r.host, r.token, r.Client)
	found := map[*places.Place][]inspect.Started{}
	err := r.Interruptible(ctx, "Trying the projects, without starting them", func(ctx context.Context) error {
		bounded, cancel := context.WithTimeout(ctx, t.Limit)
		defer cancel()
		var all []inspect.Started
		for _, p := range r.places {
			if p.Chosen && p.Err == nil && p.Status == "" && ctx.Err() == nil {
				found[p] = t.Resolve(bounded, p.Repo.Owner, p.Repo.Name, r.startsOf(p))
				all = append(all, found[p]...)
			}
		}
		if err := t.Try(ctx, all); err != nil && ctx.Err() == nil {
			return fmt.Errorf("%w\nnothing was replaced", err)
		}
		return console.Cancelled(ctx)
	})
	if err != nil {
		return err
	}
	var doubts []string
	for _, p := range r.places {
		doubts = append(doubts, r.judgeTrials(t, p, found[p])...)
	}
	inspect.SayDoubts(r.rotateOptions.Process, slices.Compact(doubts))
	return nil
}

// judgeTrials notes what speaks against a place, and returns what could not be told.
func (r *rotation) judgeTrials(t *inspect.Trials, p *places.Place, all []inspect.Started) (doubts []string) {
	for _, one := range all {
		result := t.Of(one)
		if result.Refused && one.AnyEnvironment {
			result = inspect.Trial{Doubt: "Hex refuses it (403), but in which environment the job runs is decided at run time"}
		}
		switch {
		case result.Refused && r.force:
			doubts = append(doubts, fmt.Sprintf("%s: the token may not run %s (403); replaced anyway, with --force", r.label(p), one.What()))
		case result.Refused && p.Refused == nil:
			p.Refused = &inspect.RefusedRunError{Places: []string{one.What()}, Kind: r.owner.Kind}
		case result.Doubt != "":
			doubts = append(doubts, fmt.Sprintf("%s: cannot tell whether the token may run %s: %s", r.label(p), one.What(), result.Doubt))
		}
	}
	return doubts
}

// startsOf is what is started with the secret of this very place: a job of an environment that holds one reads that one.
func (r *rotation) startsOf(p *places.Place) []workflow.Start {
	return slices.DeleteFunc(slices.Clone(p.Starts), func(x workflow.Start) bool {
		if x.AnyEnvironment {
			return false
		}
		if p.At.Level == github.LevelEnvironment {
			return !inspect.InEnvironment(x, p.At.Environment)
		}
		return p.At.App == github.Actions && !slices.ContainsFunc(x.Environments, func(name string) bool { return !r.holds(p, name) })
	})
}

// holds reports whether an environment of a place's repository holds the secret, too, or could not be asked.
func (r *rotation) holds(p *places.Place, environment string) bool {
	return environment != "" && slices.ContainsFunc(r.places, func(q *places.Place) bool {
		return q.At.Level == github.LevelEnvironment && q.Repo.ID == p.Repo.ID &&
			(q.At.Environment == "*" || strings.EqualFold(q.At.Environment, environment))
	})
}
