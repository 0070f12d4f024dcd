// Package inventory says what GitHub keeps for the workflows of a repository.
package inventory

import (
	"fmt"
	"strings"
	"sync"
)

// Inventory answers for what GitHub keeps for the workflows of a repository.
type Inventory interface {
	// Repository is the repository itself, and its environments.
	Repository() Repository
	// List returns what a place holds, or why it could not be listed.
	List(Place) ([]Entry, error)
}

// Repository is what decides how a repository's workflows are run.
type Repository struct {
	Owner, Name   string
	DefaultBranch string
	Private       bool
	AllowForking  bool
	Organization  bool // the owner is one

	Environments    []Environment
	EnvironmentsErr error // why they could not be listed
}

// Environment is a deployment environment and who it lets in.
type Environment struct {
	Name string
	// Reviewers tells that every job waits for a person.
	Reviewers bool
	// Restricted tells that only some branches and tags are let in; Branches and Tags are the patterns of those, and
	// PolicyErr says why they could not be listed.
	Restricted     bool
	Branches, Tags []string
	PolicyErr      error
}

// Level is where a secret or variable is kept, and for whom.
type Level uint8

// The levels. The first three are what Actions reads; AllOfOrganization are the organization's, whether or not the
// repository sees them.
const (
	OfRepository Level = iota
	OfOrganization
	OfEnvironment
	OfDependabot
	OfDependabotOrganization
	AllOfOrganization
)

// Place is one place that holds secrets or variables.
type Place struct {
	Variables   bool
	Level       Level
	Environment string
}

// Entry is a secret or variable. Value is set for variables only.
type Entry struct {
	Name, Value string
}

// nothing is the inventory of which nothing is known.
type nothing struct{}

func (nothing) Repository() Repository { return Repository{EnvironmentsErr: errOffline} }

func (nothing) List(Place) ([]Entry, error) { return nil, errOffline }

var errOffline = fmt.Errorf("GitHub was not asked")

// Knowledge is an inventory, with what was looked up in it. It belongs to one judgement.
type Knowledge struct {
	inventory  Inventory
	Repository Repository

	mu       sync.Mutex // several checks ask at once
	listings map[Place]*listing
	left     int // how many pairs of a call and what it calls may still be looked at
}

const maxWork = 200_000

// Spend tells whether so much may still be looked at.
func (k *Knowledge) Spend(n int) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.left -= n
	return k.left >= 0
}

// listing is what one place holds.
type listing struct {
	Entries []Entry
	byName  map[string]int // by name in upper case
	Err     error
}

// Remember asks an inventory, once for each place. Of nil nothing is known.
func Remember(inv Inventory) *Knowledge {
	if inv == nil {
		inv = nothing{}
	}
	return &Knowledge{inventory: inv, Repository: inv.Repository(), listings: map[Place]*listing{}, left: maxWork}
}

// Listing is what a place holds.
func (k *Knowledge) Listing(at Place) *listing {
	at.Environment = strings.ToLower(at.Environment)
	k.mu.Lock()
	defer k.mu.Unlock()
	if l, known := k.listings[at]; known {
		return l
	}
	l := &listing{byName: map[string]int{}}
	if l.Entries, l.Err = k.inventory.List(at); l.Err == nil {
		for i, e := range l.Entries {
			l.byName[strings.ToUpper(e.Name)] = i
		}
	}
	k.listings[at] = l
	return l
}

func (l *listing) Find(name string) (Entry, bool) {
	i, there := l.byName[strings.ToUpper(name)]
	if !there {
		return Entry{}, false
	}
	return l.Entries[i], true
}

func (l *listing) Has(name string) bool {
	_, there := l.Find(name)
	return there
}

// Environment is an environment by its name, which is not case-sensitive.
func (k *Knowledge) Environment(name string) (Environment, bool) {
	for _, e := range k.Repository.Environments {
		if strings.EqualFold(e.Name, name) {
			return e, true
		}
	}
	return Environment{}, false
}

func (k *Knowledge) EnvironmentNames() []string {
	out := make([]string, 0, len(k.Repository.Environments))
	for _, e := range k.Repository.Environments {
		out = append(out, e.Name)
	}
	return out
}

// Listed is what a place holds, and what the place is called.
type Listed struct {
	What string
	*listing
}

// Wide are the places that every job sees.
func (k *Knowledge) Wide(of Kind) []Listed {
	return []Listed{
		{"the repository's " + of.words(), k.Listing(Place{Variables: of == Variable})},
		{"the organization's " + of.words(), k.Listing(Place{Variables: of == Variable, Level: OfOrganization})},
	}
}

// InEnvironment is what an environment holds: nothing when it does not exist.
func (k *Knowledge) InEnvironment(of Kind, name string) Listed {
	if _, exists := k.Environment(name); name == "" || !exists && k.Repository.EnvironmentsErr == nil {
		return Listed{"environment " + name, &listing{}}
	}
	return Listed{"environment " + name, k.Listing(Place{Variables: of == Variable, Level: OfEnvironment, Environment: name})}
}

// ForDependabot are the places that Dependabot's runs see.
func (k *Knowledge) ForDependabot() []Listed {
	return []Listed{
		{"Dependabot's secrets", k.Listing(Place{Level: OfDependabot})},
		{"the organization's Dependabot secrets", k.Listing(Place{Level: OfDependabotOrganization})},
	}
}

// Search looks a name up in places, the first of which has precedence; doubt is the first that could not be listed.
func Search(name string, places []Listed) (found *Entry, doubt string) {
	for _, p := range places {
		if e, ok := p.Find(name); ok {
			return &e, doubt
		}
		if p.Err != nil && doubt == "" {
			doubt = fmt.Sprintf("%s could not be listed (%v)", p.What, p.Err)
		}
	}
	return nil, doubt
}

// Holders returns those of the environments that hold a name.
func (k *Knowledge) Holders(of Kind, name string, environments []string) []string {
	var out []string
	for _, e := range environments {
		if e != "" && k.InEnvironment(of, e).Has(name) {
			out = append(out, e)
		}
	}
	return out
}

func (k Kind) Word() string {
	if k == Variable {
		return "variable"
	}
	return "secret"
}

func (k Kind) words() string { return k.Word() + "s" }

func (k Kind) Other() Kind {
	if k == Variable {
		return Secret
	}
	return Variable
}

// Kind is one of the two contexts that are judged.
type Kind string

const (
	Secret   Kind = "secrets"
	Variable Kind = "vars"
)
