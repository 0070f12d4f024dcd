// Package github reads and writes what a GitHub repository keeps for its workflows: secrets, variables and
// environments. A place that could not be listed is unknown, never empty.
package github

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gh-hex/gh-hex/core"
)

// Entry is one secret or variable as GitHub lists it. Value is set for variables only: a secret is never read back.
type Entry struct {
	Name       string
	Value      string
	UpdatedAt  time.Time
	Visibility string // of an organization's: all, private or selected
	Gate       Gate   // of an environment
}

// Gate is whom a deployment environment lets in.
type Gate struct {
	Reviewers bool   // every job waits for a person
	Branches  string // which ones: "protected", "custom", or empty for all
}

// Policy lists the branches and tags that an environment lets in, as patterns.
type Policy struct {
	Branches, Tags []string
	Err            error // why they could not be listed
}

// Listing is what one place holds. A non-nil Err says why the place could not be listed: it is then unknown.
type Listing struct {
	Entries []Entry
	Err     error
}

// Find looks an entry up by name; GitHub's names are not case-sensitive.
func (l Listing) Find(name string) (Entry, bool) {
	for _, e := range l.Entries {
		if strings.EqualFold(e.Name, name) {
			return e, true
		}
	}
	return Entry{}, false
}

// Inventory is what a repository's workflows can draw on, by level and app.
type Inventory struct {
	Repository Repository

	Secrets             Listing // the repository's Actions secrets
	OrganizationSecrets Listing // the organization's Actions secrets that reach this repository
	Variables           Listing // the repository's variables
	OrganizationVars    Listing // the organization's variables that reach this repository

	Dependabot             Listing // the repository's Dependabot secrets
	DependabotOrganization Listing // unknown without admin:org

	// Environments that exist; Err in it says why they could not be listed. Only Name of each entry is set.
	Environments Listing
	// EnvironmentSecrets and EnvironmentVars are keyed by the lower-cased name of the environment: environment names
	// are not case-sensitive. An environment that was not asked for has no entry.
	EnvironmentSecrets map[string]Listing
	EnvironmentVars    map[string]Listing
	// Policies are those of the environments that were looked into and let some branches in only, keyed the same way.
	Policies map[string]Policy
}

// maxEnvironments bounds how many environments an inventory looks into; the rest is unknown.
const maxEnvironments = 20

// Inventory lists everything a repository's workflows can draw on, with all requests at once. environments names the
// ones to look into; those past the twentieth are unknown. A listing that fails is unknown and does not stop the rest.
// The error is that of the repository itself, without which nothing can be said.
func (c *Client) Inventory(ctx context.Context, owner, repo string, environments []string) (Inventory, error) {
	inv := Inventory{EnvironmentSecrets: map[string]Listing{}, EnvironmentVars: map[string]Listing{}}
	var wg sync.WaitGroup
	var repoErr error
	actions := InRepository(Actions, owner, repo)
	wg.Go(func() { inv.Repository, repoErr = c.Repository(ctx, owner, repo) })
	wg.Go(func() { inv.Secrets = c.Secrets(ctx, actions) })
	wg.Go(func() { inv.Variables = c.Variables(ctx, actions) })
	wg.Go(func() { inv.OrganizationSecrets = c.VisibleOrganization(ctx, owner, repo, "secrets") })
	wg.Go(func() { inv.OrganizationVars = c.VisibleOrganization(ctx, owner, repo, "variables") })
	wg.Go(func() { inv.Dependabot = c.Secrets(ctx, InRepository(Dependabot, owner, repo)) })
	wg.Go(func() { inv.DependabotOrganization = c.Secrets(ctx, InOrganization(Dependabot, owner)) })
	wg.Go(func() { inv.Environments = c.Environments(ctx, owner, repo) })
	c.lookInto(ctx, &inv, actions, environments, maxEnvironments)
	wg.Wait()
	if !inv.Repository.Organization && repoErr == nil {
		inv.DependabotOrganization = Listing{} // a user's account has no organization level
		inv.OrganizationSecrets, inv.OrganizationVars = withoutOrganization(inv.OrganizationSecrets), withoutOrganization(inv.OrganizationVars)
	}
	inv.forgetMissing(environments)
	return inv, repoErr
}

// forgetMissing makes environments that do not exist empty: GitHub answers 404 for what they hold, which would
// otherwise read as "hidden".
func (inv *Inventory) forgetMissing(environments []string) {
	if inv.Environments.Err != nil {
		return
	}
	for _, name := range environments {
		if _, exists := inv.Environments.Find(name); !exists {
			inv.EnvironmentSecrets[strings.ToLower(name)] = Listing{}
			inv.EnvironmentVars[strings.ToLower(name)] = Listing{}
		}
	}
}

// Refusals are the errors of the places that could not be listed, one for each kind of place: of several environments the
// first by name. Places that few logins see, and that may hold nothing, are left out.
func (inv *Inventory) Refusals() []error {
	var errs []error
	add := func(l Listing) bool {
		if l.Err != nil {
			errs = append(errs, l.Err)
		}
		return l.Err != nil
	}
	for _, l := range []Listing{inv.Secrets, inv.OrganizationSecrets, inv.Variables, inv.OrganizationVars, inv.Environments} {
		add(l)
	}
	for _, kind := range []map[string]Listing{inv.EnvironmentSecrets, inv.EnvironmentVars} {
		for _, name := range slices.Sorted(maps.Keys(kind)) {
			if add(kind[name]) {
				break
			}
		}
	}
	return errs
}

// withoutOrganization is a listing of a level that does not exist for a repository of a user: a failure to list it
// leaves nothing unknown.
func withoutOrganization(l Listing) Listing {
	if errors.Is(l.Err, ErrNotFound) {
		return Listing{}
	}
	return l
}

// lookInto fills in what each environment of a repository holds.
func (c *Client) lookInto(ctx context.Context, inv *Inventory, of Place, environments []string, limit int) {
	secrets, vars := make([]Listing, len(environments)), make([]Listing, len(environments))
	var wg sync.WaitGroup
	for i, name := range environments {
		if i >= limit {
			err := fmt.Errorf("only %d environments were looked into, and this one was not", maxEnvironments)
			secrets[i], vars[i] = Listing{Err: err}, Listing{Err: err}
			continue
		}
		place := InEnvironment(of.Owner, of.Repo, name)
		wg.Go(func() { secrets[i] = c.Secrets(ctx, place) })
		wg.Go(func() { vars[i] = c.Variables(ctx, place) })
	}
	wg.Wait()
	for i, name := range environments {
		inv.EnvironmentSecrets[strings.ToLower(name)], inv.EnvironmentVars[strings.ToLower(name)] = secrets[i], vars[i]
	}
}

// LookInto adds what further environments hold to an inventory; those that it knows already are not asked again.
func (c *Client) LookInto(ctx context.Context, inv *Inventory, environments []string) {
	known := len(inv.EnvironmentSecrets)
	var rest []string
	for _, name := range environments {
		_, seen := inv.EnvironmentSecrets[strings.ToLower(name)]
		if !seen && !slices.ContainsFunc(rest, func(r string) bool { return strings.EqualFold(r, name) }) {
			rest = append(rest, name)
		}
	}
	c.lookInto(ctx, inv, InRepository(Actions, inv.Repository.Owner, inv.Repository.Name), rest, maxEnvironments-known)
	inv.forgetMissing(rest)
	c.policies(ctx, inv)
}

// policies asks which branches the environments let in that were looked into.
func (c *Client) policies(ctx context.Context, inv *Inventory) {
	inv.Policies = map[string]Policy{}
	var wg sync.WaitGroup
	var mu sync.Mutex
	for _, e := range inv.Environments.Entries {
		key := strings.ToLower(e.Name)
		if _, asked := inv.EnvironmentSecrets[key]; !asked || e.Gate.Branches == "" {
			continue
		}
		wg.Go(func() {
			p := c.policy(ctx, inv.Repository, e)
			mu.Lock()
			defer mu.Unlock()
			inv.Policies[key] = p
		})
	}
	wg.Wait()
}

// policy lists what an environment lets in: patterns of its own, or the protected branches.
func (c *Client) policy(ctx context.Context, r Repository, e Entry) Policy {
	owner, repo := url.PathEscape(r.Owner), url.PathEscape(r.Name)
	path, key := fmt.Sprintf("repos/%s/%s/environments/%s/deployment-branch-policies?per_page=100", owner, repo, url.PathEscape(e.Name)), "branch_policies"
	if e.Gate.Branches == "protected" {
		path, key = fmt.Sprintf("repos/%s/%s/branches?protected=true&per_page=100", owner, repo), ""
	}
	var p Policy
	p.Err = c.pages(ctx, path, key, fmt.Sprintf("list the branches that environment %s lets in", e.Name), func(raw json.RawMessage) error {
		var list []struct{ Name, Type string }
		if err := json.Unmarshal(raw, &list); err != nil || len(list) > maxPage {
			return errNotJSON
		}
		for _, b := range list {
			if b.Type == "tag" {
				p.Tags = append(p.Tags, b.Name)
			} else {
				p.Branches = append(p.Branches, b.Name)
			}
		}
		return nil
	})
	return p
}

// EnvironmentNames are the names of the environments that exist.
func (inv *Inventory) EnvironmentNames() []string {
	names := make([]string, len(inv.Environments.Entries))
	for i, e := range inv.Environments.Entries {
		names[i] = e.Name
	}
	return names
}

// PlacedEntry is an entry and where it stands, in words: "repository", "environment prod", "organization".
type PlacedEntry struct {
	Entry
	Where string
}

// Places lists where Actions can find a secret of this name.
func (inv *Inventory) Places(name string) []PlacedEntry {
	var out []PlacedEntry
	add := func(l Listing, where string) {
		if e, found := l.Find(name); found {
			out = append(out, PlacedEntry{e, where})
		}
	}
	add(inv.Secrets, "repository")
	add(inv.OrganizationSecrets, "organization")
	for _, env := range slices.Sorted(maps.Keys(inv.EnvironmentSecrets)) {
		add(inv.EnvironmentSecrets[env], "environment "+env)
	}
	return out
}

// Holds reports whether Actions finds one of the names without an environment.
func (inv *Inventory) Holds(names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		_, repository := inv.Secrets.Find(name)
		_, organization := inv.OrganizationSecrets.Find(name)
		return repository || organization
	})
}

// Hidden is the reason why a place that could hold an Actions secret could not be listed; nil when all were.
func (inv *Inventory) Hidden() error {
	for _, l := range []Listing{inv.Secrets, inv.OrganizationSecrets, inv.Environments} {
		if l.Err != nil {
			return l.Err
		}
	}
	for _, env := range slices.Sorted(maps.Keys(inv.EnvironmentSecrets)) {
		if err := inv.EnvironmentSecrets[env].Err; err != nil {
			return err
		}
	}
	return nil
}

// Nearest is the stored Actions secret whose name is closest to one that is missing; empty when none is close.
func (inv *Inventory) Nearest(name string) string {
	best, distance := "", 4
	for _, l := range []Listing{inv.Secrets, inv.OrganizationSecrets} {
		for _, e := range l.Entries {
			d := core.EditDistance(strings.ToUpper(e.Name), strings.ToUpper(name))
			if strings.HasPrefix(strings.ToUpper(e.Name), "HEX_") && strings.HasPrefix(strings.ToUpper(name), "HEX_") {
				d = min(d, 3)
			}
			if d < distance {
				best, distance = e.Name, d
			}
		}
	}
	return best
}
