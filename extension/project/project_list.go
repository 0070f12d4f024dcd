package project

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/MakeNowJust/heredoc"
	"github.com/cli/go-gh/v2/pkg/text"
	"github.com/spf13/cobra"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

type projectListOptions struct {
	*command.Process
	*workspace.Workspace
	export *command.Exporter

	limit     int
	published bool
	sort      string
	order     string
	filter    core.ProjectListOptions
}

func newProjectListCmd(p *command.Process) *cobra.Command {
	o := &projectListOptions{Process: p}
	cmd := &cobra.Command{
		Use:        "list",
		SuggestFor: []string{"projects"},
		Aliases:    []string{"ls"},
		Short:      "List the projects that the token can see",
		Long: heredoc.Doc(`
			List the projects that the token can see. Components, archived projects and
			those in the trash are left out unless asked for.

			Only published projects can be run.`),
		Example: command.Example(`
			# List published projects, those last edited first
			$ gh hex project list --published --sort edited

			# IDs and titles of everything that Ada owns
			$ gh hex project list -L 1000 --owner ada@example.com --json id,title
		`),
		Args: command.NoArguments,
		RunE: workspace.Run(p, &o.Workspace, func([]string) error { return o.check() }, func(ctx context.Context) error { return runProjectList(ctx, o) }),
	}
	f := cmd.Flags()
	f.IntVarP(&o.limit, "limit", "L", 30, "Maximum number of projects to list")
	f.BoolVar(&o.published, "published", false, "Only projects that have a published version")
	f.BoolVar(&o.filter.IncludeArchived, "archived", false, "Archived projects too")
	f.BoolVar(&o.filter.IncludeComponents, "components", false, "Components too")
	f.BoolVar(&o.filter.IncludeTrashed, "trashed", false, "Projects in the trash too")
	f.StringVar(&o.filter.OwnerEmail, "owner", "", "Only projects of the owner with this `email`")
	f.StringVar(&o.filter.CreatorEmail, "creator", "", "Only projects of the creator with this `email`")
	f.StringSliceVar(&o.filter.Statuses, "status", nil, "Only projects with one of these statuses, by `name`")
	f.StringSliceVar(&o.filter.Categories, "category", nil, "Only projects in one of these categories, by `name`")
	f.StringVar(&o.filter.CollectionID, "collection", "", "Only projects in the collection with this `ID`")
	command.EnumVar(f, &o.sort, "sort", "", []string{"created", "edited", "published"}, "Sort by: {}")
	command.EnumVar(f, &o.order, "order", "", []string{"asc", "desc"}, "Order of the sorting: {}")
	o.export = command.AddExport(cmd, projectFields())
	return cmd
}

func (o *projectListOptions) check() error {
	if o.sort == "" && o.order != "" {
		return fmt.Errorf("`--order` is only supported with `--sort`")
	}
	keys := map[string]string{"created": "CREATED_AT", "edited": "LAST_EDITED_AT", "published": "LAST_PUBLISHED_AT"}
	o.filter.SortBy, o.filter.SortDirection = keys[o.sort], strings.ToUpper(o.order)
	return command.CheckLimit(o.limit)
}

func runProjectList(ctx context.Context, o *projectListOptions) error {
	var projects []core.Project
	more := false
	err := o.Read(ctx, "Listing the projects", func(ctx context.Context, soFar func(int)) (err error) {
		projects, more, err = o.fetch(ctx, soFar)
		return err
	})
	if err != nil {
		return err
	}
	if o.export.Asked() {
		return o.exportProjects(ctx, projects)
	}
	if len(projects) == 0 {
		o.Say("No projects found.")
		return nil
	}
	if err := o.printTable(projects); err != nil {
		return err
	}
	if more && o.OutTTY {
		o.Say("There are more than these %d; see more with: -L %d", len(projects), 10*o.limit)
	}
	return nil
}

// fetch asks for one project more than is shown, to know whether there are more without another page.
func (o *projectListOptions) fetch(ctx context.Context, soFar func(int)) (projects []core.Project, more bool, err error) {
	o.filter.Limit = o.limit + 1
	if o.published {
		o.filter.Limit = 100
	}
	looked := 0
	for p, err := range o.Client.AllProjects(ctx, o.filter) {
		looked++
		soFar(looked)
		switch {
		case err != nil:
			return nil, false, err
		case o.published && !p.Published():
		case len(projects) == o.limit:
			return projects, true, nil
		default:
			projects = append(projects, p)
		}
	}
	return projects, false, nil
}

func (o *projectListOptions) exportProjects(ctx context.Context, projects []core.Project) error {
	var site pages
	if slices.Contains(o.export.Fields, "url") {
		var err error
		if site, err = pagesOf(ctx, o.Workspace); err != nil {
			return err
		}
	}
	results := make([]projectResult, len(projects))
	for i, p := range projects {
		results[i] = site.result(p)
	}
	return o.export.Write(o.Streams, results)
}

func (o *projectListOptions) printTable(projects []core.Project) error {
	rows := make([][]string, len(projects))
	for i, p := range projects {
		rows[i] = []string{console.Safe(p.ID), o.title(p), console.Safe(p.Owner.Email), o.publication(p), o.Age(p.LastEditedAt)}
	}
	return o.Table(console.Columns{
		Titles: []string{"ID", "TITLE", "OWNER", "PUBLISHED", "EDITED"},
		Whole:  []string{"ID", "TITLE"},
		Spare:  []string{"OWNER", "EDITED", "PUBLISHED"},
	}, rows)
}

// title is shown as a whole, unless it would fill the screen.
func (o *projectListOptions) title(p core.Project) string {
	if o.OutTTY {
		return text.Truncate(100, console.Safe(p.Title))
	}
	return console.Safe(p.Title)
}

// publication says when a project was published. On a terminal one that cannot run says so.
func (o *projectListOptions) publication(p core.Project) string {
	if !p.Published() && o.OutTTY {
		return "never"
	}
	return o.Age(p.LastPublishedAt)
}
