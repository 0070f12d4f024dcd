package inspect

import (
	"errors"
	"maps"
	"slices"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/workflow"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

// Refused is why nothing is to be judged: the question which repository is meant was not answered, or a project is on
// another host than the token's.
func (i *Inspection) Refused() error {
	if errors.Is(i.TargetErr, console.ErrCancelled) {
		return i.TargetErr
	}
	for _, r := range i.Projects {
		if i.settings.HostErr == nil && !r.Host.IsZero() && r.Host != i.settings.Host {
			return &workspace.OtherHostError{Named: r.Host, Used: i.settings.Host}
		}
	}
	return nil
}

// projectUses are the projects to try: those that --project names, then those that workflows do.
func (i *Inspection) projectUses() []core.ProjectUse {
	var uses []core.ProjectUse
	for _, r := range i.Projects {
		uses = append(uses, core.ProjectUse{ID: r.Project})
	}
	for _, p := range i.workflows().ProjectIDs() {
		place := check.Finding{File: p.Place.File, Line: p.Place.Line, Column: p.Place.Column}
		for _, ref := range i.projectRefs(p) {
			id, host, err := core.ParseProjectRef(ref)
			if err == nil && (host.IsZero() || host == i.settings.Host) { // hex-endpoint speaks of another host
				uses = append(uses, core.ProjectUse{ID: id, Place: place})
			}
		}
	}
	return uses
}

// projectRefs are the texts that name a project: the one that is written, or the values of the variable.
func (i *Inspection) projectRefs(p workflow.Project) []string {
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
