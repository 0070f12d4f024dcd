package extension

import (
	"fmt"
	"strings"

	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/workflow"
)

// kept answers package workflow from what GitHub listed. shared lists what the organization keeps for any of its
// repositories, which few logins may; nil is nothing.
type kept struct {
	inventory github.Inventory
	shared    func() github.Listing
}

func (k kept) Repository() workflow.Repository {
	r := k.inventory.Repository
	out := workflow.Repository{
		Owner: r.Owner, Name: r.Name, DefaultBranch: r.DefaultBranch, Private: r.Private, AllowForking: r.AllowForking,
		Organization: r.Organization, EnvironmentsErr: k.inventory.Environments.Err,
	}
	for _, e := range k.inventory.Environments.Entries {
		policy, asked := k.inventory.Policies[strings.ToLower(e.Name)]
		out.Environments = append(out.Environments, workflow.Environment{
			Name: e.Name, Reviewers: e.Gate.Reviewers,
			Restricted: asked, Branches: policy.Branches, Tags: policy.Tags, PolicyErr: policy.Err,
		})
	}
	return out
}

func (k kept) List(s workflow.Store) ([]workflow.Entry, error) {
	l := k.listing(s)
	if l.Err != nil {
		return nil, l.Err
	}
	out := make([]workflow.Entry, len(l.Entries))
	for i, e := range l.Entries {
		out[i] = workflow.Entry{Name: e.Name, Value: e.Value}
		if s.Level == workflow.AllOfOrganization {
			out[i].Value = e.Visibility
		}
	}
	return out, nil
}

func (k kept) listing(s workflow.Store) github.Listing {
	inv := k.inventory
	switch s.Level {
	case workflow.OfOrganization:
		return either(s.Variables, inv.OrganizationVars, inv.OrganizationSecrets)
	case workflow.OfEnvironment:
		lists := inv.EnvironmentSecrets
		if s.Variables {
			lists = inv.EnvironmentVars
		}
		if l, known := lists[strings.ToLower(s.Environment)]; known {
			return l
		}
		return github.Listing{Err: fmt.Errorf("it was not looked into")}
	case workflow.OfDependabot:
		return inv.Dependabot
	case workflow.OfDependabotOrganization:
		return inv.DependabotOrganization
	case workflow.AllOfOrganization:
		if k.shared == nil {
			return github.Listing{}
		}
		return k.shared()
	}
	return either(s.Variables, inv.Variables, inv.Secrets)
}

func either(variables bool, vars, secrets github.Listing) github.Listing {
	if variables {
		return vars
	}
	return secrets
}
