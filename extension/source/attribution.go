package source

import (
	"slices"

	"github.com/rhysd/actionlint"

	"github.com/gh-hex/gh-hex/extension/vendors"
)

// What a step does tells where the values go that it is given, but not where each one goes. An environment variable of a
// job or file goes to the steps that use it: those that name it, and those whose tool reads a variable of that name by
// itself. In a step that talks to both vendors the line that names the variable decides, else the variable's name.

// marksAround says what the value that is read goes to, as far as the text tells.
func marksAround(r *Read) vendors.Marks {
	name := r.Site.Env
	if r.Step != nil {
		if name == "" {
			return r.Step.Marks
		}
		return r.Step.decided(name)
	}
	scope, goes := r.doc.Marks, &r.doc.goes
	if r.Job != nil {
		scope, goes = r.Job.Marks, &r.Job.goes
	}
	if name == "" || scope == 0 {
		return scope
	}
	if goes.byName == nil {
		goes.find(r)
	}
	m := goes.to(name)
	if m == 0 && !scope.Has(vendors.Hex) {
		return scope // nothing but hex.pm is around, in whichever way it is given its key
	}
	return m
}

// destinations says what the environment variables of a job or a file go to.
type destinations struct {
	byName map[string]vendors.Marks // by the steps that name them
	local  vendors.Marks            // by local actions: what their steps read is not followed that far
	self   vendors.Marks            // by the steps whose tools read variables by themselves
	both   int                      // steps that talk to both vendors
	among  map[string]int           // how many of those name a variable
	mixed  vendors.Marks            // of those
}

// find works the destinations out for all reads of a job or, for those that stand outside jobs, of a file.
func (t *destinations) find(r *Read) {
	t.byName, t.among = map[string]vendors.Marks{}, map[string]int{}
	jobs := []*Job{r.Job}
	if r.Job == nil {
		jobs = r.doc.Jobs
	}
	asked := namesOfReads(r.doc.Reads, r.Job)
	for _, j := range jobs {
		for _, s := range j.Steps {
			t.step(s, asked)
		}
	}
}

func (t *destinations) step(s *Step, asked map[string]bool) {
	switch {
	case s.Marks == 0:
		return
	case s.Local != nil:
		t.local |= s.Marks
		return
	case s.Marks.Both():
		t.both++
		t.mixed |= s.Marks
		for name := range s.among(asked) {
			t.among[name]++
		}
	default:
		t.self |= s.Marks
	}
	for name := range s.among(asked) {
		t.byName[name] |= s.decided(name)
	}
}

// to says where a variable goes: to the steps that name it, and to those that read one of its name by themselves.
func (t *destinations) to(name string) vendors.Marks {
	m := t.local | t.byName[name]
	self := t.self
	if t.among[name] < t.both {
		self |= t.mixed
	}
	if self.Has(vendors.Hex) && vendors.HexReads(name) {
		m |= self &^ vendors.Packages
	}
	if self.Has(vendors.Packages) && vendors.PackagesRead(name) {
		m |= vendors.Packages
	}
	return m
}

// decided takes one of two vendors out of the step's marks where the text tells which of them gets the variable.
func (s *Step) decided(name string) vendors.Marks {
	if !s.Marks.Both() {
		return s.Marks
	}
	lines := s.Script.Uses[name].Marks
	switch hex, pm := lines.Has(vendors.Hex), lines.Has(vendors.Packages); {
	case hex && pm:
		return s.Marks
	case pm, !hex && vendors.PackagesRead(name):
		return vendors.Packages
	}
	return s.Marks &^ vendors.Packages
}

// namesOfReads are the environment variables that reads outside steps go into: those of these jobs, nil for the file's own.
func namesOfReads(reads []*Read, jobs ...*Job) map[string]bool {
	out := map[string]bool{}
	for _, r := range reads {
		if r.Step == nil && r.Site.Env != "" && slices.Contains(jobs, r.Job) {
			out[r.Site.Env] = true
		}
	}
	return out
}

// among are those of the variables that a step names.
func (s *Step) among(names map[string]bool) map[string]bool {
	found := map[string]bool{}
	if len(names) == 0 {
		return nil
	}
	s.EachName(func(name string) {
		if names[name] {
			found[name] = true
		}
	})
	return found
}

// EachName yields what could be the names of variables in a step's script, inputs and environment.
func (s *Step) EachName(yield func(name string)) {
	s.eachText(func(text string) { vendors.EachName(text, yield) })
}

func (s *Step) eachText(yield func(text string)) {
	Each(s.AST, func(_ string, value *actionlint.String) { yield(value.Value) })
	if e, ok := s.AST.Exec.(*actionlint.ExecRun); ok && e.Run != nil {
		yield(e.Run.Value)
	}
}

// namesOfHosts are the environment variables that hold the address of a Hex workspace.
func namesOfHosts(list ...*actionlint.Env) map[string]bool {
	out := map[string]bool{}
	for _, e := range list {
		if e == nil {
			continue
		}
		for _, x := range e.Vars {
			if vendors.CallsHost(x.Value.Value) {
				out[x.Name.Value] = true
			}
		}
	}
	return out
}

// Assigned is the variable of Hex's that a script gives the value of the read's own environment variable to, in the step
// of the read; empty when there is none: export HEX_API_TOKEN=$TOKEN.
func (r *Read) Assigned() string {
	if r.Step == nil || r.Site.Env == "" {
		return ""
	}
	return r.Step.Script.Uses[r.Site.Env].Assigned
}

// SentAsToken tells a value that a script of the read's step, or of its job, takes its token from.
func (r *Read) SentAsToken() bool {
	if r.Site.Env == "" {
		return false
	}
	steps := []*Step{r.Step}
	if r.Step == nil && r.Job != nil {
		steps = r.Job.Steps
	}
	if r.Job == nil {
		steps = nil
		for _, s := range r.doc.Steps() {
			steps = append(steps, s)
		}
	}
	return slices.ContainsFunc(steps, func(s *Step) bool { return s.takes(r.Site.Env) })
}

// takes tells a step whose script takes its token from a variable.
func (s *Step) takes(name string) bool {
	return slices.ContainsFunc(s.Script.Needs, func(n vendors.Need) bool { return n.Name == name })
}

// mentions tells a step in whose script, inputs or environment a name stands.
func (s *Step) mentions(name string) bool {
	found := false
	s.eachText(func(text string) { found = found || vendors.HasWord(text, name) })
	return found
}

// Explicit tells a step that uses a variable which it inherits: it names it, or its tool reads it by itself.
func (s *Step) Explicit(name string) bool {
	if s.Local != nil {
		return s.Marks != 0 && (vendors.HexReads(name) || vendors.PackagesRead(name)) || s.mentions(name)
	}
	return s.Marks.Has(vendors.Hex) && vendors.HexReads(name) || s.Marks.Has(vendors.Packages) && vendors.PackagesRead(name) || s.mentions(name)
}
