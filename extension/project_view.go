package extension

import (
	"context"
	"slices"
	"strings"

	"github.com/MakeNowJust/heredoc"
	"github.com/cli/go-gh/v2/pkg/text"
	"github.com/spf13/cobra"

	"github.com/gh-hex/gh-hex/core"
)

type projectViewOptions struct {
	*process
	*workspace
	export *exporter

	project reference
	web     bool
}

func newProjectViewCmd(p *process) *cobra.Command {
	o := &projectViewOptions{process: p}
	cmd := &cobra.Command{
		Use:   "view [<project>]",
		Short: "View a project",
		Long: heredoc.Doc(`
			View a project: who owns it, whether it is published, and when it was last edited.

			The project is named by its ID or by any URL of it, or by HEX_PROJECT_ID.`),
		Example: example(`
			# View a project, named by the URL that the browser shows
			$ gh hex project view https://app.hex.tech/acme/app/Sales-033qADkKFIi4rt3feMxx3C/latest

			# Open it in the browser
			$ gh hex project view 019f681a-1870-731d-bf1e-b82d136117fa --web
		`),
		Args: atMost(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if o.project, err = p.projectArgument(args); err != nil {
				return &usageError{err, cmd}
			}
			if o.workspace, err = openWorkspace(cmd, p); err != nil {
				return err
			}
			return runProjectView(cmd.Context(), o)
		},
	}
	cmd.Flags().BoolVarP(&o.web, "web", "w", false, "Open the project in the browser")
	o.export = addExport(cmd, projectFields())
	return cmd
}

func runProjectView(ctx context.Context, o *projectViewOptions) error {
	if err := o.reach(o.project); err != nil {
		return err
	}
	p, err := o.client.Project(ctx, o.project.project)
	if err != nil {
		return err
	}
	site, err := o.pages(ctx)
	if err != nil && (o.web || slices.Contains(o.export.fields, "url")) {
		return err
	}
	switch {
	case o.web:
		return o.open(site.of(p))
	case o.export.asked():
		return o.export.write(o.streams, site.result(p))
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
	published := o.when(p.LastPublishedAt)
	if !p.Published() && o.outTTY {
		published = "never: it cannot be run"
	}
	if o.outTTY {
		o.print("%s", o.bold(p.Title))
	}
	for _, line := range [][2]string{
		{"title", p.Title}, {"id", p.ID}, {"type", p.Type}, {"status", status}, {"categories", labels(p.Categories)},
		{"owner", p.Owner.Email}, {"creator", p.Creator.Email}, {"created", o.when(p.CreatedAt)}, {"edited", o.when(p.LastEditedAt)},
		{"published", published}, {"archived", o.when(p.ArchivedAt)}, {"trashed", o.when(p.TrashedAt)}, {"url", url},
		{"description", strings.TrimSpace(p.Description)},
	} {
		o.detail(line[0], line[1], "title")
	}
}

// detail prints a name and a value. On a terminal those without a value are left out, and the one that is the heading.
func (s *streams) detail(name, value, heading string) {
	switch {
	case !s.outTTY:
		s.print("%s\t%s", name, value)
	case value != "" && name != heading:
		s.print("  %s %s", s.gray(text.PadRight(11, name)), value)
	}
}
