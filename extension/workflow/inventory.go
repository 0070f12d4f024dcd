package workflow

import (
	"fmt"
	"strings"
	"sync"
)

// Inventory answers for what GitHub keeps for the workflows of a repository.
type Inventory interface {
	// Repository is the repository itself, and its environments.
	Repository() Repository
	// List returns what a store holds, or why it could not be listed.
	List(Store) ([]Entry, error)
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

// Store is one place that holds secrets or variables.
type Store struct {
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

func (nothing) List(Store) ([]Entry, error) { return nil, errOffline }

var errOffline = fmt.Errorf("GitHub was not asked")

// knowledge is an inventory, with what was looked up in it. It belongs to one judgement.
type knowledge struct {
	Inventory
	repository Repository

	mu       sync.Mutex // several checks ask at once
	listings map[Store]*listing
	left     int // how many pairs of a call and what it calls may still be looked at
}

const maxWork = 200_000

// spend tells whether so much may still be looked at.
func (k *knowledge) spend(n int) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.left -= n
	return k.left >= 0
}

// listing is what one store holds.
type listing struct {
	entries []Entry
	byName  map[string]int // by name in upper case
	err     error
}

func newKnowledge(inv Inventory) *knowledge {
	if inv == nil {
		inv = nothing{}
	}
	return &knowledge{Inventory: inv, repository: inv.Repository(), listings: map[Store]*listing{}, left: maxWork}
}

func (k *knowledge) list(s Store) *listing {
	s.Environment = strings.ToLower(s.Environment)
	k.mu.Lock()
	defer k.mu.Unlock()
	if l, known := k.listings[s]; known {
		return l
	}
	l := &listing{byName: map[string]int{}}
	if l.entries, l.err = k.List(s); l.err == nil {
		for i, e := range l.entries {
			l.byName[strings.ToUpper(e.Name)] = i
		}
	}
	k.listings[s] = l
	return l
}

func (l *listing) find(name string) (Entry, bool) {
	i, there := l.byName[strings.ToUpper(name)]
	if !there {
		return Entry{}, false
	}
	return l.entries[i], true
}

func (l *listing) has(name string) bool {
	_, there := l.find(name)
	return there
}

// environment is an environment by its name, which is not case-sensitive.
func (k *knowledge) environment(name string) (Environment, bool) {
	for _, e := range k.repository.Environments {
		if strings.EqualFold(e.Name, name) {
			return e, true
		}
	}
	return Environment{}, false
}

func (k *knowledge) environmentNames() []string {
	out := make([]string, 0, len(k.repository.Environments))
	for _, e := range k.repository.Environments {
		out = append(out, e.Name)
	}
	return out
}

// place is a store and what it is called.
type place struct {
	what string
	*listing
}

// wide are the places that every job sees.
func (k *knowledge) wide(of kind) []place {
	return []place{
		{"the repository's " + of.words(), k.list(Store{Variables: of == variable})},
		{"the organization's " + of.words(), k.list(Store{Variables: of == variable, Level: OfOrganization})},
	}
}

// inEnvironment is what an environment holds: nothing when it does not exist.
func (k *knowledge) inEnvironment(of kind, name string) place {
	if _, exists := k.environment(name); name == "" || !exists && k.repository.EnvironmentsErr == nil {
		return place{"environment " + name, &listing{}}
	}
	return place{"environment " + name, k.list(Store{Variables: of == variable, Level: OfEnvironment, Environment: name})}
}

// forDependabot are the places that Dependabot's runs see.
func (k *knowledge) forDependabot() []place {
	return []place{
		{"Dependabot's secrets", k.list(Store{Level: OfDependabot})},
		{"the organization's Dependabot secrets", k.list(Store{Level: OfDependabotOrganization})},
	}
}

// search looks a name up in places, the first of which has precedence; doubt is the first that could not be listed.
func search(name string, places []place) (found *Entry, doubt string) {
	for _, p := range places {
		if e, ok := p.find(name); ok {
			return &e, doubt
		}
		if p.err != nil && doubt == "" {
			doubt = fmt.Sprintf("%s could not be listed (%v)", p.what, p.err)
		}
	}
	return nil, doubt
}

// holders returns those of the environments that hold a name.
func (k *knowledge) holders(of kind, name string, environments []string) []string {
	var out []string
	for _, e := range environments {
		if e != "" && k.inEnvironment(of, e).has(name) {
			out = append(out, e)
		}
	}
	return out
}

func (k kind) word() string {
	if k == variable {
		return "variable"
	}
	return "secret"
}

func (k kind) words() string { return k.word() + "s" }

func (k kind) other() kind {
	if k == variable {
		return secret
	}
	return variable
}
