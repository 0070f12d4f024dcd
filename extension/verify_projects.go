package extension

import (
	"maps"
	"slices"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/workflow"
)

// namedProjects reads what --project names.
func namedProjects(refs []string) ([]reference, error) {
	var out []reference
	for _, ref := range refs {
		id, host, err := core.ParseProjectRef(ref)
		if err != nil {
			return nil, invalidArgument("project", safe(ref), err)
		}
		out = append(out, reference{project: id, host: host})
	}
	return out, nil
}

// reachProjects refuses a project on another host than the token's.
func (i *inspection) reachProjects() error {
	for _, r := range i.projects {
		if i.settings.hostErr == nil && !r.host.IsZero() && r.host != i.settings.host {
			return &otherHostError{r.host, i.settings.host}
		}
	}
	return nil
}

// projectUses are the projects to try: those that --project names, then those that workflows do.
func (i *inspection) projectUses() []core.ProjectUse {
	var uses []core.ProjectUse
	for _, r := range i.projects {
		uses = append(uses, core.ProjectUse{ID: r.project})
	}
	for _, p := range i.workflows().ProjectIDs() {
		place := check.Finding{File: p.Place.File, Line: p.Place.Line, Column: p.Place.Column}
		for _, ref := range i.projectRefs(p) {
			id, host, err := core.ParseProjectRef(ref)
			if err == nil && (host.IsZero() || host == i.settings.host) { // hex-endpoint speaks of another host
				uses = append(uses, core.ProjectUse{ID: id, Place: place})
			}
		}
	}
	return uses
}

// projectRefs are the texts that name a project: the one that is written, or the values of the variable.
func (i *inspection) projectRefs(p workflow.Project) []string {
	if p.Variable == "" {
		return []string{p.Ref}
	}
	inv, err := i.inventory()
	if err != nil {
		return nil // github-access says so
	}
	return valuesOf(inv, p.Variable)
}

// valuesOf is a variable's value at the repository's level, else at the organization's, and those of environments.
func valuesOf(inv github.Inventory, name string) []string {
	var values []string
	if v, found := inv.Variables.Find(name); found {
		values = append(values, v.Value)
	} else if v, found := inv.OrganizationVars.Find(name); found {
		values = append(values, v.Value)
	}
	for _, environment := range slices.Sorted(maps.Keys(inv.EnvironmentVars)) {
		if v, found := inv.EnvironmentVars[environment].Find(name); found && !slices.Contains(values, v.Value) {
			values = append(values, v.Value)
		}
	}
	return values
}
