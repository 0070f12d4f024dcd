package workspace

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cli/go-gh/v2/pkg/text"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
)

const (
	// maxOffered bounds the projects of a choice, and listingTime what it takes to list them: Hex answers about 30 requests
	// a minute, each with a hundred of them.
	maxOffered  = 1000
	listingTime = 30 * time.Second
)

// Settle completes what the arguments name: on a terminal a project that was left out is chosen from a list, and one that
// is named by its title is asked about. A command that runs projects wants published ones.
func (w *Workspace) Settle(ctx context.Context, r *Reference, published bool) error {
	if err := w.reach(*r); err != nil || r.Project != "" {
		return err
	}
	list, err := w.Offered(ctx, published)
	switch {
	case err != nil:
		return err
	case slices.ContainsFunc(list, func(p core.Project) bool { return p.ID == r.alone }):
		r.Project = r.alone
		return nil
	}
	noun := "project"
	if published {
		noun = "published project"
	}
	r.Run = r.alone
	p, err := w.choose(noun, list, r.title)
	r.Project = p.ID
	return err
}

// Offered lists the projects to choose from, published ones first, those last edited before others. It says when there
// are more.
func (w *Workspace) Offered(ctx context.Context, published bool) ([]core.Project, error) {
	ctx, stop := context.WithTimeout(ctx, listingTime)
	defer stop()
	var first, others []core.Project
	var cut string
	err := w.Read(ctx, "Listing the projects", func(ctx context.Context, soFar func(int)) error {
		n := 0
		for p, err := range w.Client.AllProjects(ctx, core.ProjectListOptions{SortBy: "LAST_EDITED_AT", SortDirection: "DESC", Limit: 100}) {
			switch {
			case err != nil && n == 0:
				return err
			case err != nil:
				cut = fmt.Sprintf("%d projects are offered (%v)", n, err)
				return nil
			case n == maxOffered:
				cut = fmt.Sprintf("%d projects are offered", n)
				return nil
			case p.Published():
				first = append(first, p)
			case !published:
				others = append(others, p)
			}
			n++
			soFar(n)
		}
		return nil
	})
	if err == nil && cut != "" {
		w.Say("%s Only the first %s; another one is named by its ID or URL", w.Yellow("!"), cut)
	}
	return append(first, others...), err
}

// choose asks which project is meant. A title alone never decides: several projects may have it, and others give it.
func (w *Workspace) choose(noun string, list []core.Project, title string) (core.Project, error) {
	found := called(list, title)
	w.Forget()
	switch {
	case len(list) == 0:
		return core.Project{}, command.Hinted("the token sees no "+noun, findProject)
	case len(found) == 0:
		return core.Project{}, command.Hinted(fmt.Sprintf("the token sees no %s called %q", noun, console.Safe(title)), findProject)
	case len(found) == 1 && title != "":
		p := found[0]
		yes, err := w.Confirm(fmt.Sprintf("Do you mean %s of %s (%s)?", p.Title, cmp.Or(p.Owner.Email, "an unknown owner"), p.ID), false)
		if err != nil || !yes {
			return core.Project{}, errors.Join(console.ErrCancelled, err)
		}
		return p, nil
	}
	i, err := w.Choose("Which project?", ProjectLabels(found))
	if err != nil {
		return core.Project{}, err
	}
	return found[i], nil
}

// called finds the projects of a title: those with exactly this one, else those whose titles contain it.
func called(list []core.Project, title string) []core.Project {
	title = strings.ToLower(strings.TrimSpace(title))
	if title == "" {
		return list
	}
	var same, like []core.Project
	for _, p := range list {
		switch own := strings.ToLower(strings.TrimSpace(p.Title)); {
		case own == title:
			same = append(same, p)
		case strings.Contains(own, title):
			like = append(like, p)
		}
	}
	if len(same) > 0 {
		return same
	}
	return like
}

// ProjectLabels are options of a choice, which fit on a terminal of 80 columns: titles, and the IDs that tell them apart.
func ProjectLabels(list []core.Project) []string {
	const most = 38
	titles, widest := make([]string, len(list)), 0
	for i, p := range list {
		titles[i] = text.Truncate(most, console.Safe(p.Title))
		widest = max(widest, text.DisplayWidth(titles[i]))
	}
	for i, p := range list {
		titles[i] = text.PadRight(widest, titles[i]) + "  " + p.ID
	}
	return titles
}
