package project

import (
	"context"
	"fmt"
	"strings"

	"github.com/MakeNowJust/heredoc"
	"github.com/spf13/cobra"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

// NewCmd builds the group of commands; start is the one that starts a run, under a name that fits here.
func NewCmd(p *command.Process, start *cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "project <command>",
		Short: "List and view Hex projects, and run one",
		Long: heredoc.Doc(`
			List and view the Hex projects that the token can see, and run one.

			A project is named by its ID or by any URL of it, copied from the browser. It
			may be left out when the environment variable HEX_PROJECT_ID is set. On a
			terminal one that is left out is chosen from a list, and its title is accepted
			after a yes.`),
		Example: command.Example(`
			# Find the ID of a project
			$ gh hex project list

			# Run it and wait for the end
			$ gh hex project run 019f681a-1870-731d-bf1e-b82d136117fa --watch
		`),
		Args: command.Group("view"),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	workspace.AddURLFlag(cmd)
	start.Example = strings.ReplaceAll(start.Example, "gh hex run start", "gh hex project run")
	cmd.AddCommand(newProjectListCmd(p), newProjectViewCmd(p), start)
	return cmd
}

func projectFields() []string {
	return []string{"id", "title", "description", "type", "creator", "owner", "status", "categories", "lastEditedAt",
		"lastPublishedAt", "createdAt", "archivedAt", "trashedAt", "schedules", "analytics", "url"}
}

// projectResult is what --json shows of a project.
type projectResult struct {
	core.Project
	URL string `json:"url"`
}

// pages makes the addresses of projects in the browser. Hex's API tells none, but a workspace can be named by its ID.
type pages struct {
	host core.Host
	org  string
}

func pagesOf(ctx context.Context, w *workspace.Workspace) (pages, error) {
	me, err := w.Client.Me(ctx)
	if err == nil && me.OrgID == "" {
		err = fmt.Errorf("%s does not tell which workspace the token belongs to", w.Client.Host().Name())
	}
	return pages{w.Client.Host(), me.OrgID}, err
}

// of is the published app or, before there is one, the draft.
func (s pages) of(p core.Project) string {
	if s.org == "" {
		return ""
	}
	kind, view := "app", "latest"
	if !p.Published() {
		kind, view = "hex", "draft/logic"
	}
	return workspace.Link(fmt.Sprintf("%s/%s/%s/%s/%s", s.host, s.org, kind, p.ID, view))
}

// result completes a project for --json: lists are never null.
func (s pages) result(p core.Project) projectResult {
	if p.Categories == nil {
		p.Categories = []core.Label{}
	}
	return projectResult{p, s.of(p)}
}

func labels(list []core.Label) string {
	names := make([]string, len(list))
	for i, l := range list {
		names[i] = l.Name
	}
	return strings.Join(names, ", ")
}
