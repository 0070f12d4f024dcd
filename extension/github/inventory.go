// Package github reads and writes what a GitHub repository keeps for its workflows: secrets, variables and
// environments. A place that could not be listed is unknown, never empty.
package github

import (
	"strings"
	"time"
)

// Entry is one secret or variable as GitHub lists it. Value is set for variables only: a secret is never read back.
type Entry struct {
	Name       string
	Value      string
	UpdatedAt  time.Time
	Visibility string // of an organization's: all, private or selected
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
}

// Repository is what GitHub says of a repository, as far as it matters here.
type Repository struct {
	ID            int64
	Host          string // github.com or the host of an Enterprise Server
	Owner         string
	Name          string
	Organization  bool // the owner is an organization
	Private       bool // private or internal
	AllowForking  bool // forks of a private repository are allowed; always true for a public one
	Fork          bool
	DefaultBranch string
	CanPush       bool
}

// FullName is OWNER/NAME.
func (r Repository) FullName() string { return r.Owner + "/" + r.Name }
