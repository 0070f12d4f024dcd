package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/inspect"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

// storings are the repositories of one gh hex auth, or the organization.
type storings []*storing

// locateAll finds out for what the token is stored: each repository once.
func (o *authOptions) locateAll(ctx context.Context) (storings, error) {
	names := o.targets
	if len(names) == 0 {
		names = []string{""}
	}
	var all storings
	for _, name := range names {
		own := *o
		s := &storing{authOptions: &own}
		if err := s.locate(ctx, name); err != nil {
			return nil, err
		}
		same := func(t *storing) bool { return strings.EqualFold(t.target.String(), s.target.String()) }
		if !slices.ContainsFunc(all, same) {
			all = append(all, s)
		}
	}
	all.settleKeeper()
	return all, nil
}

// settleKeeper leaves the copy on this machine to one of several: that of the work tree, else the first.
func (all storings) settleKeeper() {
	keeper := max(slices.IndexFunc(all, func(s *storing) bool { return s.tree != nil }), 0)
	for i, s := range all {
		if i != keeper {
			s.local = "none"
		}
	}
}

// confirmFound asks about a token that nobody typed.
func (o *authOptions) confirmFound(how workspace.TokenSource, owner core.Identity, all storings) error {
	if how != workspace.FromEnvironment || !o.CanAsk() || o.dryRun {
		return nil
	}
	labels := make([]string, len(all))
	for i, s := range all {
		labels[i] = s.label()
	}
	yes, err := o.Confirm(fmt.Sprintf("Store the token from the environment variable %s (%s) for %s?", workspace.TokenName, owner.Describe(), strings.Join(labels, ", ")), true)
	if err != nil || !yes {
		return errors.Join(console.ErrCancelled, err)
	}
	return nil
}

// take hands the token that Hex accepted to all. The dry runs are counted together.
func (all storings) take(token core.Token, owner core.Identity) {
	results := map[string]inspect.Trial{}
	for _, s := range all {
		s.token, s.owner = token, owner
		s.trials = inspect.NewTrials(s.authOptions.Process, s.host, token, s.client)
		s.trials.Results = results
	}
}

// each does a step for all. One of several repositories that fails is told, and leaves the others alone; a "no" ends it.
func (all storings) each(step func(*storing) error) error {
	for _, s := range all {
		if s.err != nil {
			continue
		}
		err := step(s)
		if err != nil && (len(all) == 1 || errors.Is(err, console.ErrCancelled)) {
			return err
		}
		if s.err = err; err != nil {
			s.complain(fmt.Errorf("for %s: %w", s.label(), err))
		}
	}
	return nil
}

// carryOut writes for all, and prints the results for programs: one, or a list of several.
func (all storings) carryOut(ctx context.Context) error {
	if len(all) == 1 {
		r, err := all[0].carryOut(ctx)
		err = firstError(all[0].print(r), err)
		all.sayNext(ctx, err)
		return err
	}
	results := make([]authResult, len(all))
	code, interrupted := command.ExitOK, false
	for i, s := range all {
		if s.err == nil {
			s.interrupted = interrupted
			results[i], s.err = s.carryOut(ctx)
			if s.dryRun {
				s.complain(s.err) // a failure to write has been told
			}
			interrupted = interrupted || s.interrupted
		} else {
			results[i] = s.result()
		}
		var told command.Outcome
		if s.err != nil && !errors.As(s.err, &told) {
			results[i].Error = console.Safe(s.err.Error())
		}
		code = command.Worst(code, command.ExitCode(s.err))
	}
	if code == command.ExitAuth && slices.ContainsFunc(all, func(s *storing) bool { return s.err == nil }) {
		code = command.ExitProblem
	}
	err := firstError(all[0].print(results), ended(code))
	all.sayNext(ctx, err)
	return err
}

// sayNext names the next command, when everything is stored.
func (all storings) sayNext(ctx context.Context, err error) {
	s := all[0]
	if err != nil || s.dryRun {
		return
	}
	proof := s.proof(ctx)
	switch {
	case proof != "" && s.replaces():
		s.Say("Before you revoke the old token: %s", proof)
	case proof != "":
		s.Say("Next: %s", proof)
	case s.org != "":
		s.Say("Next: gh hex auth status --org %s", s.org)
	case s.runs != "" && s.unused(ctx):
		s.Say("Next: gh hex init --workflow")
	default:
		s.Say("Next: gh hex verify%s", s.repoFlag())
	}
}

// print writes what --json asks for.
func (o *authOptions) print(result any) error {
	if !o.export.Asked() {
		return nil
	}
	return o.export.Write(o.Streams, result)
}
