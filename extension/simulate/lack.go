package simulate

import (
	"fmt"
	"strings"

	"github.com/gh-hex/gh-hex/extension/abstract"
	"github.com/gh-hex/gh-hex/extension/inventory"
	"github.com/gh-hex/gh-hex/extension/source"
)

// state is how a secret or variable that is read fares.
type state uint8

const (
	absent   state = iota
	Partly         // the environment is decided at run time, and some that it could be have it
	Doubtful       // a place that could hold it could not be listed
	Unpassed       // the caller of the workflow does not pass it
	Required       // the caller does not pass it, or an environment holds it: secret-passed says so
	Hollow         // the name that was worked out is empty
)

// Lack is a secret or variable that is empty where it is read.
type Lack struct {
	LackKey
	Early   bool        // variables of the job's environment are not there yet
	Holders []string    // environments that have it
	Reason  string      // of a doubt
	By      *source.Run // of unpassed: the job that does not pass it

	Flows     bool // it reaches something that needs it
	Tolerated bool // it reaches a step that may fail
}

// LackKey tells lacks apart.
type LackKey struct {
	X           *source.Read
	R           *source.Run
	Name        string
	State       state
	Environment string // where it was looked for; "" for none
	Any         bool   // the environment is decided at run time
	Scenario    *Scenario
}

// lack makes the empty value of a read.
func (i *instance) lack(l Lack) abstract.Value {
	if l.X == nil {
		return abstract.Value{Is: abstract.Text}
	}
	l.R, l.Scenario = i.R, i.S
	known := i.sim.lacks[l.LackKey]
	if known != nil {
		known.Early = known.Early || l.Early
	}
	if known == nil && len(i.sim.Order) < maxLacks {
		known = &l
		i.sim.lacks[l.LackKey] = known
		i.sim.Order = append(i.sim.Order, known)
	}
	if known == nil {
		return abstract.Value{Is: abstract.Text}
	}
	return abstract.Value{Is: abstract.Text, Lacks: []any{known}}
}

// maxLacks bounds how many of them are told apart.
const maxLacks = 20_000

// unpassed is a secret that the caller does not pass. That the job's own environment holds it is the business of
// secret-passed, and so is one that the called workflow requires.
func (i *instance) unpassed(x *source.Read, name string, by *source.Run) abstract.Set {
	l := Lack{LackKey: LackKey{X: x, Name: name, State: Unpassed}, By: by}
	if i.R.Declares(name) == source.DeclaredRequired || len(i.holders(inventory.Secret, name)) > 0 {
		l.State = Required
	}
	return abstract.One(i.lack(l))
}

// holders are those of the environments that the job may be in which hold a name.
func (i *instance) holders(of inventory.Kind, name string) []string {
	names := i.in.Known()
	if i.in.Undecided() != "" {
		names = i.sim.K.EnvironmentNames()
	}
	return i.sim.K.Holders(of, name, names)
}

// stored is what GitHub keeps under a name, in each environment that the job may be in.
func (i *instance) stored(x *source.Read, of inventory.Kind, name string) abstract.Set {
	if i.Action != nil && of == inventory.Secret {
		return abstract.Open("secrets")
	}
	if x != nil {
		key := ReadKey{x, i.R}
		i.sim.Names[key] = abstract.Union(i.sim.Names[key], []string{name})
	}
	present := i.present(of, name)
	if name == "" {
		return abstract.One(i.lack(Lack{LackKey: LackKey{X: x, State: Hollow}}))
	}
	switch {
	case i.S.Source == ofCallers:
		return abstract.One(abstract.Value{Is: abstract.Anything, Text: string(of) + "." + name, Holds: holdsOf(of, name)})
	case of == inventory.Variable && i.S.Source == OfNobody:
		return i.lookedUp(x, of, name, present).And(abstract.Texts("")) // a fork's run may see none
	case of == inventory.Variable:
		return i.lookedUp(x, of, name, present)
	case i.S.Source == OfNobody:
		return abstract.One(i.lack(Lack{LackKey: LackKey{X: x, Name: name}}))
	case i.S.Source == OfDependabot:
		found, doubt := inventory.Search(name, i.sim.K.ForDependabot())
		return i.said(Lack{LackKey: LackKey{X: x, Name: name}}, found, doubt, of, present)
	}
	return i.lookedUp(x, of, name, present)
}

func holdsOf(of inventory.Kind, name string) []string {
	if of == inventory.Secret {
		return []string{name}
	}
	return nil
}

// present is the value of a secret that is there.
func (i *instance) present(of inventory.Kind, name string) abstract.Value {
	return abstract.Value{Is: abstract.Opaque, Opaque: &abstract.Opacity{Id: string(of) + "." + name}, Holds: holdsOf(of, name)}
}

func (i *instance) lookedUp(x *source.Read, of inventory.Kind, name string, present abstract.Value) abstract.Set {
	early := x != nil && x.Site.Early && of == inventory.Variable && i.R.Job.AST.Environment != nil
	if by := i.in.Undecided(); by != "" {
		return i.lookedAnywhere(x, of, name, early, present)
	}
	var out abstract.Set
	in := i.in.Known()
	if early && x.Site.What == "environment" {
		in = append([]string{""}, i.sim.K.EnvironmentNames()...)
	}
	for _, e := range in {
		l := Lack{LackKey: LackKey{X: x, Name: name, Environment: e}}
		places := i.sim.K.Wide(of)
		inner := i.sim.K.InEnvironment(of, e)
		if early {
			l.Early, l.Environment = inner.Has(name), ""
		} else {
			places = append([]inventory.Listed{inner}, places...)
		}
		found, doubt := inventory.Search(name, places)
		out = out.And(i.said(l, found, doubt, of, present))
	}
	return out
}

// said is the value of what was looked for.
func (i *instance) said(l Lack, found *inventory.Entry, doubt string, of inventory.Kind, present abstract.Value) abstract.Set {
	switch {
	case found != nil && of == inventory.Variable && doubt != "":
		return abstract.One(abstract.TextValue(found.Value)).And(abstract.Open("vars." + l.Name))
	case found != nil && of == inventory.Variable:
		return abstract.One(abstract.TextValue(found.Value))
	case found != nil:
		return abstract.One(present)
	case doubt != "" && strings.EqualFold(i.sim.Without, l.Name):
		l.State, l.Reason = Doubtful, doubt
		return abstract.One(i.lack(l))
	case doubt != "":
		l.State, l.Reason = Doubtful, doubt
		if of == inventory.Variable {
			present = abstract.Value{Is: abstract.Anything, Text: "vars." + l.Name}
		}
		return abstract.One(present).With(i.lack(l))
	}
	return abstract.One(i.lack(l))
}

// lookedAnywhere looks everywhere, for a job whose environment is decided at run time.
func (i *instance) lookedAnywhere(x *source.Read, of inventory.Kind, name string, early bool, present abstract.Value) abstract.Set {
	k := i.sim.K
	l := Lack{LackKey: LackKey{X: x, Name: name, Any: true}}
	found, doubt := inventory.Search(name, k.Wide(of))
	holders := k.Holders(of, name, k.EnvironmentNames())
	switch {
	case found != nil:
		if of == inventory.Variable && len(holders) > 0 {
			return abstract.One(abstract.TextValue(found.Value)).And(abstract.Open("vars." + name))
		}
		return i.said(l, found, doubt, of, present)
	case early:
		l.Early = len(holders) > 0
		return i.said(l, nil, doubt, of, present)
	case len(holders) > 0:
		l.State, l.Holders = Partly, holders
		if of == inventory.Variable {
			present = abstract.Value{Is: abstract.Anything, Text: "vars." + name}
		}
		return abstract.One(present).With(i.lack(l))
	}
	if doubt == "" && k.Repository.EnvironmentsErr != nil {
		doubt = fmt.Sprintf("the environments could not be listed (%v)", k.Repository.EnvironmentsErr)
	}
	for _, e := range k.EnvironmentNames() {
		if p := k.InEnvironment(of, e); p.Err != nil && doubt == "" {
			doubt = fmt.Sprintf("%s could not be listed (%v)", p.What, p.Err)
		}
	}
	return i.said(l, nil, doubt, of, present)
}
