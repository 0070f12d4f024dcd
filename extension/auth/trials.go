package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/inspect"
	"github.com/gh-hex/gh-hex/extension/workflow"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

// tryProjects has the token try what the workflows run with it, before anything is stored.
func (s *storing) tryProjects(ctx context.Context) error {
	all, err := s.starts(ctx)
	if err != nil || len(all) == 0 {
		return err
	}
	results := make([]inspect.Trial, len(all))
	err = s.Interruptible(ctx, "Trying the projects, without starting them", func(ctx context.Context) error {
		if err := s.trials.Try(ctx, all); err != nil && ctx.Err() == nil {
			return fmt.Errorf("%w\nnothing was stored", err)
		}
		bounded, cancel := context.WithTimeout(ctx, s.trials.Limit)
		defer cancel()
		for i, one := range all {
			if results[i] = s.trials.Of(one); results[i].Refused {
				results[i] = s.elsewhere(bounded, one)
			}
		}
		return console.Cancelled(ctx)
	})
	if err != nil {
		return err
	}
	return s.judgeTrials(all, results)
}

// judgeTrials refuses to store what would fail, and says what cannot be told.
func (s *storing) judgeTrials(all []inspect.Started, results []inspect.Trial) error {
	refused := &inspect.RefusedRunError{Kind: s.owner.Kind}
	var doubts []string
	for i, one := range all {
		switch {
		case results[i].Refused && s.force:
			s.Say("%s The token may not run %s (403); stored anyway, with --force", s.Yellow("!"), one.What())
		case results[i].Refused:
			refused.Places = append(refused.Places, one.What())
		case results[i].Doubt != "":
			doubts = append(doubts, fmt.Sprintf("Cannot tell whether the token may run %s: %s", one.What(), results[i].Doubt))
		}
	}
	inspect.SayDoubts(s.authOptions.Process, doubts)
	if len(refused.Places) == 0 {
		return nil
	}
	return fmt.Errorf("%w\nnothing was stored", refused)
}

// starts is what the stored secret will be used to run: --project alone, or what the steps do that read it.
func (s *storing) starts(ctx context.Context) ([]inspect.Started, error) {
	if s.project != "" {
		return []inspect.Started{{Id: s.runs}}, nil
	}
	read := slices.ContainsFunc(s.chosen(), func(at github.Place) bool {
		return at.App == github.Actions || at.App == github.Dependabot // no workflow reads the others
	})
	if s.org != "" || !read {
		return nil, nil
	}
	starts := s.workflows(ctx).Starts(s.secret)
	if s.known.Err != nil {
		s.Say("%s Cannot tell whether the token may run what the workflows run: %v", s.Yellow("!"), s.known.Err)
	}
	if s.env != "" {
		starts = slices.DeleteFunc(starts, func(x workflow.Start) bool { return !x.AnyEnvironment && !inspect.InEnvironment(x, s.env) })
	}
	if len(starts) == 0 {
		return nil, nil
	}
	var all []inspect.Started
	err := s.Interruptible(ctx, "Asking GitHub which projects the workflows run", func(ctx context.Context) error {
		all = s.trials.Resolve(ctx, s.target.Owner, s.target.Name, starts)
		return console.Cancelled(ctx)
	})
	for i, one := range all {
		if s.runs != "" && strings.EqualFold(one.Variable, workspace.ProjectName) { // it has been chosen just now
			all[i] = inspect.Started{Start: one.Start, Id: s.runs}
		}
	}
	return all, err
}

// elsewhere tells what a refusal means for a job that may read the secret of an environment instead.
func (s *storing) elsewhere(ctx context.Context, one inspect.Started) inspect.Trial {
	if one.Place.File == "" {
		return inspect.Trial{Refused: true}
	}
	if s.env != "" && inspect.OnlyEnvironment(one.Start) == "" || s.env == "" && one.AnyEnvironment {
		return inspect.Trial{Doubt: "Hex refuses it (403), but in which environment the job runs is decided at run time"}
	}
	if s.env != "" {
		return inspect.Trial{Refused: true}
	}
	for _, name := range one.Environments {
		if name == "" {
			return inspect.Trial{Refused: true}
		}
		at := github.InEnvironment(s.target.Owner, s.target.Name, name)
		_, err := s.client.Secret(ctx, at, s.secret)
		switch {
		case errors.Is(err, github.ErrNotFound):
			return inspect.Trial{Refused: true}
		case err != nil:
			return inspect.Trial{Doubt: "Hex refuses it (403), but the job may read another secret: " + err.Error()}
		}
	}
	return inspect.Trial{} // the environment has its own
}
