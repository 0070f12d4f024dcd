package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/stored"
	"github.com/gh-hex/gh-hex/extension/workflow"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

// offerProject asks which project the workflows are to run, where they read the variable of it and nobody has set it, and
// where there are none yet: the workflow of gh hex init reads it. That the projects cannot be listed keeps no token from
// being stored.
func (s *storing) offerProject(ctx context.Context) error {
	if !s.wantsProject(ctx) {
		return console.Cancelled(ctx)
	}
	question := fmt.Sprintf("Which project do the workflows of %s run (variable %s)?", s.target, workspace.ProjectName)
	if s.unused(ctx) {
		question = fmt.Sprintf("Which project should a workflow of %s run (variable %s)?", s.target, workspace.ProjectName)
	}
	w := &workspace.Workspace{Process: s.authOptions.Process, Client: core.NewClient(s.host, s.token, workspace.ClientOptions(s.authOptions.Process))}
	list, err := w.Offered(ctx, true)
	switch {
	case errors.Is(err, console.ErrCancelled):
		return err
	case (err != nil || len(list) == 0) && s.unused(ctx): // nobody has asked for a project
		return nil
	case err != nil:
		s.Say("%s The workflows of %s read the variable %s; no project can be offered for it: %v", s.Yellow("!"), s.target, workspace.ProjectName, err)
		return nil
	case len(list) == 0:
		s.Say("%s The workflows of %s read the variable %s; the token sees no published project to offer for it", s.Yellow("!"), s.target, workspace.ProjectName)
		return nil
	}
	i, err := s.Choose(question, append([]string{"not now"}, workspace.ProjectLabels(list)...))
	if err == nil && i > 0 {
		s.runs = list[i-1].ID
	}
	return err
}

// unused reports whether no workflow here uses Hex yet.
func (s *storing) unused(ctx context.Context) bool {
	return s.tree != nil && len(s.workflows(ctx).HexSecrets()) == 0
}

// wantsProject reports whether the workflows read the variable of the project, or are still to be written, and there is none
// on any level.
func (s *storing) wantsProject(ctx context.Context) bool {
	repository := func(at github.Place) bool {
		return at.App == github.Actions && at.Level == github.LevelRepository
	}
	if !s.CanAsk() || s.dryRun || s.runs != "" || !slices.ContainsFunc(s.chosen(), repository) || !readsProject(s.workflows(ctx)) && !s.unused(ctx) {
		return false
	}
	inv, err := s.inventory(ctx)
	if err != nil {
		return false
	}
	listings := []github.Listing{inv.Variables, inv.OrganizationVars}
	for _, l := range inv.EnvironmentVars {
		listings = append(listings, l)
	}
	return !slices.ContainsFunc(listings, func(l github.Listing) bool {
		_, found := l.Find(workspace.ProjectName)
		return found || l.Err != nil // what is not known is not asked for
	})
}

// readsProject leaves out the daily check, which does without.
func readsProject(w *workflow.Workflows) bool {
	return slices.ContainsFunc(w.HexVariables(), func(n workflow.Named) bool {
		return strings.EqualFold(n.Name, workspace.ProjectName) &&
			slices.ContainsFunc(n.Places, func(p workflow.Place) bool { return p.File != stored.Path })
	})
}
