package github

import (
	"context"
	"sync"
)

// InventoryOf is [Client.Inventory] for a repository whose snapshot and Actions secrets are known already: it asks for the
// rest. What environments hold is left to [Client.LookInto]. dependabot lists the organization's Dependabot secrets, which
// are the same for all its repositories.
func (c *Client) InventoryOf(ctx context.Context, s Snapshot, secrets Listing, dependabot func() Listing) Inventory {
	r := s.Repository
	inv := Inventory{
		Repository: r, Secrets: secrets, Environments: s.Environments,
		EnvironmentSecrets: map[string]Listing{}, EnvironmentVars: map[string]Listing{},
	}
	at := InRepository(Actions, r.Owner, r.Name)
	var wg sync.WaitGroup
	wg.Go(func() { inv.Variables = c.Variables(ctx, at) })
	wg.Go(func() {
		inv.Dependabot = c.Secrets(ctx, InRepository(Dependabot, r.Owner, r.Name))
	})
	if s.Environments.Err == nil && len(s.Environments.Entries) > 0 { // a snapshot does not say whom they let in
		wg.Go(func() { inv.Environments = c.Environments(ctx, r.Owner, r.Name) })
	}
	if r.Organization {
		wg.Go(func() { inv.OrganizationSecrets = c.VisibleOrganization(ctx, r.Owner, r.Name, "secrets") })
		wg.Go(func() { inv.OrganizationVars = c.VisibleOrganization(ctx, r.Owner, r.Name, "variables") })
		wg.Go(func() { inv.DependabotOrganization = dependabot() })
	}
	wg.Wait()
	return inv
}
