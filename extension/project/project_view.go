package project

import (
	"context"
	"slices"
	"strings"

	"github.com/MakeNowJust/heredoc"
	"github.com/spf13/cobra"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

type projectViewOptions struct {
	*command.Process
	*workspace.Workspace
	export *command.Exporter

	project workspace.Reference
	web     bool
}

func newProjectViewCmd(p *command.Process) *cobra.Command {
	o := &projectViewOptions{Process: p}
	cmd := &cobra.Command{
		Use:        "view [<project>]",
		SuggestFor: []string{"show", "open"},
		Short:      "View a project",
		Long: heredoc.Doc(`
			View a project: who owns it, whether it is published, and when it was last
			edited.

			The project is named by its ID or by any URL of it, or by HEX_PROJECT_ID. On a
			terminal one that is left out is chosen from a list, and its title is accepted
			after a yes.`),
		Example: command.Example(`
			# View a project, named by the URL that the browser shows
			$ gh hex project view https://app.hex.tech/acme/app/Sales-033qADkKFIi4rt3feMxx3C/latest

			# Open it in the browser
			$ gh hex project view 019f681a-1870-731d-bf1e-b82d136117fa --web
		`),
		Args: command.AtMost(1),
		RunE: workspace.Run(p, &o.Workspace, func(args []string) (err error) {
			o.project, err = workspace.ProjectArgument(p, args)
			return err
		}, func(ctx context.Context) error { return runProjectView(ctx, o) }),
	}
	cmd.Flags().BoolVarP(&o.web, "web", "w", false, "Open the project in the browser")
	o.export = command.AddExport(cmd, projectFields())
	return cmd
}

func runProjectView(ctx context.Context, o *projectViewOptions) error {
	if err := o.Settle(ctx, &o.project, false); err != nil {
		return err
	}
	var p core.Project
	var site pages
	err := o.Read(ctx, "Asking Hex about the project", func(ctx context.Context, _ func(int)) (err error) {
		if p, err = o.Client.Project(ctx, o.project.Project); err != nil {
			return err
		}
		if site, err = pagesOf(ctx, o.Workspace); err != nil && (o.web || slices.Contains(o.export.Fields, "url")) {
			return err
		}
		return nil
	})
	if err != nil {
		return err
	}
	switch {
	case o.web:
		return o.Open(site.of(p))
	case o.export.Asked():
		return o.export.Write(o.Streams, site.result(p))
	}
	o.show(p, site.of(p))
	return nil
}

// show lists what is worth knowing; in a pipe all of it, a name and a value a line.
func (o *projectViewOptions) show(p core.Project, url string) {
	status := ""
	if p.Status != nil {
		status = p.Status.Name
	}
	published := o.When(p.LastPublishedAt)
	if !p.Published() && o.OutTTY {
		published = "never: it cannot be run"
	}
	if o.OutTTY {
		o.Print("%s", o.Bold(p.Title))
	}
	for _, line := range [][2]string{
		{"title", p.Title}, {"id", p.ID}, {"type", p.Type}, {"status", status}, {"categories", labels(p.Categories)},
		{"owner", p.Owner.Email}, {"creator", p.Creator.Email}, {"created", o.When(p.CreatedAt)}, {"edited", o.When(p.LastEditedAt)},
		{"published", published}, {"archived", o.When(p.ArchivedAt)}, {"trashed", o.When(p.TrashedAt)}, {"url", url},
		{"description", strings.TrimSpace(p.Description)},
	} {
		o.Detail(line[0], line[1], "title")
	}
}
