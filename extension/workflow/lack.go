package workflow

import "github.com/gh-hex/gh-hex/extension/abstract"

import (
	"fmt"
	"slices"
	"strings"
)

// state is how a secret or variable that is read fares.
type state uint8

const (
	absent   state = iota
	partly         // the environment is decided at run time, and some that it could be have it
	doubtful       // a place that could hold it could not be listed
	unpassed       // the caller of the workflow does not pass it
	required       // the caller does not pass it, or an environment holds it: secret-passed says so
	hollow         // the name that was worked out is empty
)

// lack is a secret or variable that is empty where it is read.
type lack struct {
	lackKey
	early   bool     // variables of the job's environment are not there yet
	holders []string // environments that have it
	reason  string   // of a doubt
	by      *run     // of unpassed: the job that does not pass it

	flows     bool // it reaches something that needs it
	tolerated bool // it reaches a step that may fail
}

// lackKey tells lacks apart.
type lackKey struct {
	x           *read
	r           *run
	name        string
	state       state
	environment string // where it was looked for; "" for none
	any         bool   // the environment is decided at run time
	scenario    *scenario
}

// lack makes the empty value of a read.
func (i *instance) lack(l lack) abstract.Value {
	if l.x == nil {
		return abstract.Value{Is: abstract.Text}
	}
	l.r, l.scenario = i.r, i.s
	known := i.sim.lacks[l.lackKey]
	if known != nil {
		known.early = known.early || l.early
	}
	if known == nil && len(i.sim.order) < maxLacks {
		known = &l
		i.sim.lacks[l.lackKey] = known
		i.sim.order = append(i.sim.order, known)
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
func (i *instance) unpassed(x *read, name string, by *run) abstract.Set {
	l := lack{lackKey: lackKey{x: x, name: name, state: unpassed}, by: by}
	if i.declares(name) == declaredRequired || len(i.holders(secret, name)) > 0 {
		l.state = required
	}
	return abstract.One(i.lack(l))
}

// holders are those of the environments that the job may be in which hold a name.
func (i *instance) holders(of kind, name string) []string {
	names := i.in.Known()
	if i.in.Undecided() != "" {
		names = i.sim.j.k.environmentNames()
	}
	return i.sim.j.k.holders(of, name, names)
}

// stored is what GitHub keeps under a name, in each environment that the job may be in.
func (i *instance) stored(x *read, of kind, name string) abstract.Set {
	if i.action != nil && of == secret {
		return abstract.Open("secrets")
	}
	if x != nil {
		key := readKey{x, i.r}
		i.sim.names[key] = abstract.Union(i.sim.names[key], []string{name})
	}
	present := i.present(of, name)
	if name == "" {
		return abstract.One(i.lack(lack{lackKey: lackKey{x: x, state: hollow}}))
	}
	switch {
	case i.s.source == ofCallers:
		return abstract.One(abstract.Value{Is: abstract.Anything, Text: string(of) + "." + name, Holds: holdsOf(of, name)})
	case of == variable && i.s.source == ofNobody:
		return i.lookedUp(x, of, name, present).And(abstract.Texts("")) // a fork's run may see none
	case of == variable:
		return i.lookedUp(x, of, name, present)
	case i.s.source == ofNobody:
		return abstract.One(i.lack(lack{lackKey: lackKey{x: x, name: name}}))
	case i.s.source == ofDependabot:
		found, doubt := search(name, i.sim.j.k.forDependabot())
		return i.said(lack{lackKey: lackKey{x: x, name: name}}, found, doubt, of, present)
	}
	return i.lookedUp(x, of, name, present)
}

func holdsOf(of kind, name string) []string {
	if of == secret {
		return []string{name}
	}
	return nil
}

// present is the value of a secret that is there.
func (i *instance) present(of kind, name string) abstract.Value {
	return abstract.Value{Is: abstract.Opaque, Opaque: &abstract.Opacity{Id: string(of) + "." + name}, Holds: holdsOf(of, name)}
}

func (i *instance) lookedUp(x *read, of kind, name string, present abstract.Value) abstract.Set {
	early := x != nil && x.site.early && of == variable && i.r.job.ast.Environment != nil
	if by := i.in.Undecided(); by != "" {
		return i.lookedAnywhere(x, of, name, early, present)
	}
	var out abstract.Set
	in := i.in.Known()
	if early && x.site.what == "environment" {
		in = append([]string{""}, i.sim.j.k.environmentNames()...)
	}
	for _, e := range in {
		l := lack{lackKey: lackKey{x: x, name: name, environment: e}}
		places := i.sim.j.k.wide(of)
		inner := i.sim.j.k.inEnvironment(of, e)
		if early {
			l.early, l.environment = inner.has(name), ""
		} else {
			places = append([]place{inner}, places...)
		}
		found, doubt := search(name, places)
		out = out.And(i.said(l, found, doubt, of, present))
	}
	return out
}

// said is the value of what was looked for.
func (i *instance) said(l lack, found *Entry, doubt string, of kind, present abstract.Value) abstract.Set {
	switch {
	case found != nil && of == variable && doubt != "":
		return abstract.One(abstract.TextValue(found.Value)).And(abstract.Open("vars." + l.name))
	case found != nil && of == variable:
		return abstract.One(abstract.TextValue(found.Value))
	case found != nil:
		return abstract.One(present)
	case doubt != "" && strings.EqualFold(i.sim.without, l.name):
		l.state, l.reason = doubtful, doubt
		return abstract.One(i.lack(l))
	case doubt != "":
		l.state, l.reason = doubtful, doubt
		if of == variable {
			present = abstract.Value{Is: abstract.Anything, Text: "vars." + l.name}
		}
		return abstract.One(present).With(i.lack(l))
	}
	return abstract.One(i.lack(l))
}

// lookedAnywhere looks everywhere, for a job whose environment is decided at run time.
func (i *instance) lookedAnywhere(x *read, of kind, name string, early bool, present abstract.Value) abstract.Set {
	k := i.sim.j.k
	l := lack{lackKey: lackKey{x: x, name: name, any: true}}
	found, doubt := search(name, k.wide(of))
	holders := k.holders(of, name, k.environmentNames())
	switch {
	case found != nil:
		if of == variable && len(holders) > 0 {
			return abstract.One(abstract.TextValue(found.Value)).And(abstract.Open("vars." + name))
		}
		return i.said(l, found, doubt, of, present)
	case early:
		l.early = len(holders) > 0
		return i.said(l, nil, doubt, of, present)
	case len(holders) > 0:
		l.state, l.holders = partly, holders
		if of == variable {
			present = abstract.Value{Is: abstract.Anything, Text: "vars." + name}
		}
		return abstract.One(present).With(i.lack(l))
	}
	if doubt == "" && k.repository.EnvironmentsErr != nil {
		doubt = fmt.Sprintf("the environments could not be listed (%v)", k.repository.EnvironmentsErr)
	}
	for _, e := range k.environmentNames() {
		if p := k.inEnvironment(of, e); p.err != nil && doubt == "" {
			doubt = fmt.Sprintf("%s could not be listed (%v)", p.what, p.err)
		}
	}
	return i.said(l, nil, doubt, of, present)
}

// declaration is what a called workflow says of a secret.
type declaration uint8

const (
	undeclared declaration = iota
	declaredOptional
	declaredRequired
)

func (i *instance) declares(name string) declaration { return i.r.declares(name) }

func (r *run) declares(name string) declaration {
	if r.job.doc.ast == nil {
		return undeclared
	}
	event, ok := r.job.doc.ast.FindWorkflowCallEvent()
	if !ok {
		return undeclared
	}
	s, declared := event.Secrets[strings.ToLower(name)]
	switch {
	case !declared:
		return undeclared
	case s.Required != nil && s.Required.Value:
		return declaredRequired
	}
	return declaredOptional
}

// origin says where a run's secret comes from: the stores, when neither field is set.
type origin struct {
	passed bool // its caller passes it, and is judged for that
	open   bool // from callers that are not at hand
	by     *run // the job that does not pass it
}

// origin follows a name through the callers (R9).
func (r *run) origin(name string) origin {
	for r.caller != nil {
		call := r.caller.job.ast.WorkflowCall
		if !call.InheritSecrets {
			if _, listed := call.Secrets[strings.ToLower(name)]; listed {
				return origin{passed: true}
			}
			return origin{by: r.caller}
		}
		r = r.caller
	}
	return origin{open: r.open}
}

// isBuiltInName tells the secrets that GitHub provides itself, or that are meant to be absent (R14).
func isBuiltInName(name string) bool {
	return slices.Contains([]string{"GITHUB_TOKEN", "ACTIONS_STEP_DEBUG", "ACTIONS_RUNNER_DEBUG"}, name)
}
