package simulate

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/gh-hex/gh-hex/extension/abstract"
	"github.com/gh-hex/gh-hex/extension/source"
)

const stepFuel = 20 // what following a step counts beside its expressions

// StepFact is one step in one run.
type StepFact struct {
	I      *instance
	S      *source.Step
	runs   abstract.Outcome
	Asked  abstract.Outcome // as long as all steps before went well
	Env    *environ
	effect abstract.Effect
	known  bool // the effect is that of a script that was understood
}

// step simulates one step.
func (i *instance) step(s *source.Step) {
	if i.sim.fuel -= stepFuel; i.sim.fuel < 0 {
		return
	}
	env := newEnviron(i.env)
	i.addEnv(env, s.AST.Env, ofStep)
	outer := i.env
	i.env = env
	runs := i.condition(s.AST.If)
	live := i.Live
	i.Live = live && runs.Yes
	tolerated := tolerates(s.AST.ContinueOnError)
	if c := s.AST.ContinueOnError; c != nil && c.Expression != nil {
		i.Scalar(c.Expression)
	}
	fact := StepFact{I: i, S: s, runs: runs, Asked: i.asked, Env: env}
	i.hands(s.AST.Name, tolerated)
	var outputs *abstract.Fields
	switch e := s.AST.Exec.(type) {
	case *actionlint.ExecRun:
		outputs = i.script(s, e, &fact, tolerated)
	case *actionlint.ExecAction:
		outputs = i.useAction(s, e, tolerated)
	default:
		outputs = abstract.NewFields("a step of an unknown kind")
	}
	if i.sim.watch.Step != nil {
		i.sim.watch.Step(fact)
	}
	if list := i.sim.steps[s]; i.Live && (len(list) == 0 || list[len(list)-1] != i.course) {
		i.sim.steps[s] = append(list, i.course)
	}
	i.finish(s, fact, outputs, tolerated)
	i.env, i.Live = outer, live
	if runs.Yes {
		i.remember(fact)
		i.exported(fact, outer)
	}
}

// finish notes what became of a step.
func (i *instance) finish(s *source.Step, fact StepFact, outputs *abstract.Fields, tolerated bool) {
	runs := fact.runs
	ends := fact.known && fact.effect.Ends
	if runs.Yes && !tolerated {
		i.failed = abstract.Outcome{Yes: true, No: i.failed.No && (!ends || runs.No)}
		i.fine = abstract.Outcome{Yes: i.failed.No, No: true}
	}
	if s.AST.ID == nil {
		return
	}
	outcomes := make([]string, 0, 3)
	if runs.Yes && !ends {
		outcomes = append(outcomes, "success")
	}
	if runs.Yes {
		outcomes = append(outcomes, "failure")
	}
	conclusions := slices.Clone(outcomes)
	if runs.Yes && tolerated {
		conclusions = []string{"success"}
	}
	if !runs.Yes {
		outputs = abstract.NewFields("")
	}
	if runs.No {
		outcomes, conclusions = append(outcomes, "skipped"), append(conclusions, "skipped")
		mayLack(outputs)
	}
	i.steps.Put(s.AST.ID.Value, abstract.ObjectOf(abstract.NewFields("").Put("outputs", abstract.ObjectOf(outputs)).
		Put("outcome", abstract.Texts(outcomes...)).Put("conclusion", abstract.Texts(conclusions...))))
}

// exported takes over what a step puts into the environment of later ones.
func (i *instance) exported(fact StepFact, outer *environ) {
	e := fact.effect.Env
	if e == nil {
		return
	}
	if e.Open != "" {
		i.changed = e.Open
	}
	for _, name := range e.Names {
		v := e.Get(name)
		if old := outer.Find(name); old != nil && fact.runs.No {
			v = v.And(old.Value)
		} else if fact.runs.No {
			v = v.And(abstract.Texts(""))
		}
		outer.put(&EnvVar{Name: name, Value: v, level: ofExport})
	}
}

// useAction is a step that uses an action.
func (i *instance) useAction(s *source.Step, e *actionlint.ExecAction, tolerated bool) *abstract.Fields {
	i.hands(e.Entrypoint, tolerated)
	i.hands(e.Args, tolerated)
	ids := slices.Sorted(maps.Keys(e.Inputs))
	if s.Local != nil && s.Local.IsAction && i.actions < maxNested {
		given := abstract.NewFields("")
		for _, id := range ids {
			given.Put(id, i.Scalar(e.Inputs[id].Value))
		}
		return i.composite(s, given, tolerated)
	}
	for _, id := range ids {
		i.hands(e.Inputs[id].Value, tolerated)
	}
	for _, v := range append(i.inherited(s), i.env.List...) {
		i.flow(v.Value.Lacks(), tolerated)
	}
	i.see()
	name := ""
	if e.Uses != nil {
		name = e.Uses.Value
	}
	if !SetsNothing(name) {
		i.changed = name
	}
	return abstract.NewFields("the outputs of " + name)
}

// maxNested is GitHub's limit of actions within actions.
const maxNested = 10

// composite simulates the steps of an action of the repository.
func (i *instance) composite(s *source.Step, given *abstract.Fields, tolerated bool) *abstract.Fields {
	a := s.Local
	key := effectKey{a, i.R, i.S, i.Live, tolerated, i.signature(given)}
	if known := i.sim.effects[key]; known != nil {
		i.changed, i.loggedIn = cmp.Or(i.changed, known.changed), cmp.Or(i.loggedIn, known.loggedIn)
		return known.outputs.Copy()
	}
	i.sim.effects[key] = &actionEffect{outputs: abstract.NewFields("an action that uses itself")}
	inner := *i
	inner.Action, inner.actions, inner.steps, inner.given = a, i.actions+1, abstract.NewFields(""), abstract.NewFields("")
	inner.fine, inner.failed = abstract.Certain(true), abstract.Certain(false)
	for _, name := range slices.Sorted(maps.Keys(a.Defaults)) {
		if v, there := given.Of[name]; there {
			inner.given.Put(name, abstract.Mapped(v, abstract.AsTextValue))
		} else if d := a.Defaults[name]; d != nil {
			inner.given.Put(name, abstract.Mapped(inner.Scalar(d), abstract.AsTextValue))
		} else {
			inner.given.Put(name, abstract.Texts(""))
		}
	}
	for _, name := range given.Names {
		if !a.Asks(name) {
			i.flow(given.Get(name).Lacks(), tolerated) // whatever takes it does so in a way that is not seen
		}
	}
	for _, x := range a.Jobs[0].Steps {
		inner.step(x)
	}
	if i.env.seen {
		i.see()
		i.settleStep(a, tolerated)
	}
	i.changed, i.loggedIn = inner.changed, inner.loggedIn
	out := abstract.NewFields("")
	for _, name := range slices.Sorted(maps.Keys(a.Outputs)) {
		out.Put(name, abstract.Mapped(inner.Scalar(a.Outputs[name]), abstract.AsTextValue))
	}
	i.sim.effects[key] = &actionEffect{out.Copy(), inner.changed, inner.loggedIn}
	return out
}

// effectKey tells apart what an action may do in one job: an effect is worked out once.
type effectKey struct {
	action          *source.Document
	r               *source.Run
	s               *Scenario
	live, tolerated bool
	given           string
}

// actionEffect is what an action leaves to the steps behind it.
type actionEffect struct {
	outputs           *abstract.Fields
	changed, loggedIn string
}

// signature tells what an action is given apart.
func (i *instance) signature(given *abstract.Fields) string {
	var b strings.Builder
	for _, name := range given.Names {
		fmt.Fprintf(&b, "%s=", name)
		for _, v := range given.Get(name) {
			fmt.Fprintf(&b, "%d%v%v%q%p%p%v|", v.Is, v.Truth, v.Number, v.Text, v.Fields, v.Opaque, v.Lacks)
		}
	}
	for _, v := range i.env.List {
		fmt.Fprintf(&b, "%p", v)
	}
	fmt.Fprintf(&b, "%p %d", i.env.Job, len(i.env.Job.List))
	return b.String()
}
