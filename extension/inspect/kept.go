package inspect

import (
	"fmt"
	"path"
	"strings"

	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/inventory"
	"github.com/gh-hex/gh-hex/extension/workflow"
)

// Kept answers package workflow from what GitHub listed. Shared lists what the organization keeps for any of its
// repositories, which few logins may; nil is nothing.
type Kept struct {
	Inventory github.Inventory
	Shared    func() github.Listing
}

func (k Kept) Repository() inventory.Repository {
	r := k.Inventory.Repository
	out := inventory.Repository{
		Owner: r.Owner, Name: r.Name, DefaultBranch: r.DefaultBranch, Private: r.Private, AllowForking: r.AllowForking,
		Organization: r.Organization, EnvironmentsErr: k.Inventory.Environments.Err,
	}
	for _, e := range k.Inventory.Environments.Entries {
		policy, asked := k.Inventory.Policies[strings.ToLower(e.Name)]
		out.Environments = append(out.Environments, inventory.Environment{
			Name: e.Name, Reviewers: e.Gate.Reviewers,
			Restricted: asked, Branches: policy.Branches, Tags: policy.Tags, PolicyErr: policy.Err,
		})
	}
	return out
}

func (k Kept) List(at inventory.Place) ([]inventory.Entry, error) {
	l := k.listing(at)
	if l.Err != nil {
		return nil, l.Err
	}
	out := make([]inventory.Entry, len(l.Entries))
	for i, e := range l.Entries {
		out[i] = inventory.Entry{Name: e.Name, Value: e.Value}
		if at.Level == inventory.AllOfOrganization {
			out[i].Value = e.Visibility
		}
	}
	return out, nil
}

func (k Kept) listing(at inventory.Place) github.Listing {
	inv := k.Inventory
	switch at.Level {
	case inventory.OfOrganization:
		return either(at.Variables, inv.OrganizationVars, inv.OrganizationSecrets)
	case inventory.OfEnvironment:
		lists := inv.EnvironmentSecrets
		if at.Variables {
			lists = inv.EnvironmentVars
		}
		if l, known := lists[strings.ToLower(at.Environment)]; known {
			return l
		}
		return github.Listing{Err: fmt.Errorf("it was not looked into")}
	case inventory.OfDependabot:
		return inv.Dependabot
	case inventory.OfDependabotOrganization:
		return inv.DependabotOrganization
	case inventory.AllOfOrganization:
		if k.Shared == nil {
			return github.Listing{}
		}
		return k.Shared()
	}
	return either(at.Variables, inv.Variables, inv.Secrets)
}

func either(variables bool, vars, secrets github.Listing) github.Listing {
	if variables {
		return vars
	}
	return secrets
}

// Explain lists what every job of a workflow gets, for each way in which its events start it; ok is false for a name that
// is none of a workflow's.
func (i *Inspection) Explain(name string) (rows []workflow.Row, ok bool, err error) {
	var inv inventory.Inventory
	if !i.Offline {
		known, err := i.inventory()
		if err != nil {
			return nil, false, err
		}
		inv = i.kept(known)
	}
	rows, ok = workflow.Explain(i.workflows(), inv, workflow.Context{Dependabot: i.hasDependabot()}, path.Join(WorkflowFolder, name))
	return rows, ok, nil
}
