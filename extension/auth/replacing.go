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
	"github.com/gh-hex/gh-hex/extension/workflow"
)

// replaced names the age of the secret that is there already; empty when there is none.
func (s *storing) replaced(p *place) string {
	if p.before.Name == "" {
		return ""
	}
	return fmt.Sprintf(" (replaces the one set %s)", console.Ago(p.before.UpdatedAt, s.Now()))
}

// asksToReplace reports whether the user is asked: a personal token may take the place of the team's.
func (s *storing) asksToReplace() bool { return s.CanAsk() && s.owner.Kind == core.KindPersonal }

// sayReplaced names what is about to be replaced where that was not asked about.
func (s *storing) sayReplaced(p *place) {
	if p.before.Name != "" && !s.asksToReplace() {
		s.Say("Setting %s secret %s for %s%s", p.at, s.secret, s.describe(p), s.replaced(p))
	}
}

// settleReplacement asks about a personal token over secrets that are there.
func (s *storing) settleReplacement(ctx context.Context) error {
	if !s.asksToReplace() {
		return s.settleOtherKind(ctx)
	}
	if s.dryRun {
		return nil
	}
	var places []string
	for _, p := range s.places {
		if p.err == nil && p.before.Name != "" {
			places = append(places, fmt.Sprintf("%s secret %s of %s%s", p.at, s.secret, s.describe(p), s.replaced(p)))
		}
	}
	if len(places) == 0 {
		return nil
	}
	yes, err := s.Confirm(fmt.Sprintf("Store a personal token of %s as %s?", s.owner.Owner(), strings.Join(places, ", ")), false)
	if err != nil || !yes {
		return errors.Join(console.ErrCancelled, err)
	}
	return nil
}

// settleName is for a secret that no workflow reads while they read the token under another name.
func (s *storing) settleName(ctx context.Context) error {
	if s.org != "" {
		return nil
	}
	other := s.otherName(ctx)
	if other == "" {
		return nil
	}
	if holding := s.workflows(ctx).Holding(other); holding != "" {
		s.Say("Note: the workflows of %s read the token only out of %s, which has to be %s, and not as %s. To set that: %s", s.target, other, holding, s.secret, s.destination().Set("secret", other))
		return nil
	}
	if !s.CanAsk() || s.dryRun {
		s.Say("Note: the workflows of %s read the token only as %s, not as %s. To store it under that name: gh hex auth --secret %s%s", s.target, other, s.secret, other, s.repoFlag())
		return nil
	}
	yes, err := s.Confirm(fmt.Sprintf("The workflows of %s read the token only as %s, not as %s. Store it under that name instead?", s.target, other, s.secret), true)
	if yes {
		s.secret, s.known = other, nil
	}
	return err
}

// repoFlag names the repository for gh hex where it is not the one here.
func (s *storing) repoFlag() string {
	if s.target.Here {
		return ""
	}
	return " -R " + s.target.String()
}

// otherName is the name under which the workflows read the token, when it is not the secret's; empty when they read that
// one too, or none, or one that no secret can have or that is hex.pm's.
func (s *storing) otherName(ctx context.Context) string {
	workflows := s.workflows(ctx)
	uses := workflows.HexSecrets()
	for _, n := range uses {
		if strings.EqualFold(n.Name, s.secret) {
			return ""
		}
	}
	uses = slices.DeleteFunc(uses, func(n workflow.Named) bool {
		return command.CheckName(n.Name) != nil || len(workflows.Packages(n.Name)) > 0
	})
	if i := slices.IndexFunc(uses, func(n workflow.Named) bool { return workflows.Holding(n.Name) == "" }); i >= 0 {
		return uses[i].Name
	}
	if len(uses) > 0 {
		return uses[0].Name
	}
	return ""
}
