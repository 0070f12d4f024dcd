package workflow

import "github.com/gh-hex/gh-hex/extension/abstract"

import (
	"slices"
	"strings"

	"github.com/rhysd/actionlint"
)

// What a step does tells where the values go that it is given, but not where each one goes. An environment variable of a
// job or file goes to the steps that use it: those that name it, and those whose tool reads a variable of that name by
// itself. In a step that talks to both vendors the line that names the variable decides, else the variable's name.

// marksAround says what the value that is read goes to, as far as the text tells.
func marksAround(r *read) marks {
	name := r.site.env
	if r.step != nil {
		if name == "" {
			return r.step.marks
		}
		return r.step.decided(name)
	}
	scope, goes := r.doc.marks, &r.doc.goes
	if r.job != nil {
		scope, goes = r.job.marks, &r.job.goes
	}
	if name == "" || scope == 0 {
		return scope
	}
	if goes.byName == nil {
		goes.find(r)
	}
	m := goes.to(name)
	if m == 0 && !scope.has(marksHex) {
		return scope // nothing but hex.pm is around, in whichever way it is given its key
	}
	return m
}

// destinations says what the environment variables of a job or a file go to.
type destinations struct {
	byName map[string]marks // by the steps that name them
	local  marks            // by local actions: what their steps read is not followed that far
	self   marks            // by the steps whose tools read variables by themselves
	both   int              // steps that talk to both vendors
	among  map[string]int   // how many of those name a variable
	mixed  marks            // of those
}

// find works the destinations out for all reads of a job or, for those that stand outside jobs, of a file.
func (t *destinations) find(r *read) {
	t.byName, t.among = map[string]marks{}, map[string]int{}
	jobs := []*job{r.job}
	if r.job == nil {
		jobs = r.doc.jobs
	}
	asked := namesOfReads(r.doc.reads, r.job)
	for _, j := range jobs {
		for _, s := range j.steps {
			t.step(s, asked)
		}
	}
}

func (t *destinations) step(s *step, asked map[string]bool) {
	switch {
	case s.marks == 0:
		return
	case s.local != nil:
		t.local |= s.marks
		return
	case s.marks.both():
		t.both++
		t.mixed |= s.marks
		s.namesAny(asked, func(name string) { t.among[name]++ })
	default:
		t.self |= s.marks
	}
	s.namesAny(asked, func(name string) { t.byName[name] |= s.decided(name) })
}

// to says where a variable goes: to the steps that name it, and to those that read one of its name by themselves.
func (t *destinations) to(name string) marks {
	m := t.local | t.byName[name]
	self := t.self
	if t.among[name] < t.both {
		self |= t.mixed
	}
	if self.has(marksHex) && hexReads(name) {
		m |= self &^ marksPM
	}
	if self.has(marksPM) && packagesRead(name) {
		m |= marksPM
	}
	return m
}

// decided takes one of two vendors out of the step's marks where the text tells which of them gets the variable.
func (s *step) decided(name string) marks {
	if !s.marks.both() {
		return s.marks
	}
	lines := s.script.uses[name].marks
	switch hex, pm := lines.has(marksHex), lines.has(marksPM); {
	case hex && pm:
		return s.marks
	case pm, !hex && packagesRead(name):
		return marksPM
	}
	return s.marks &^ marksPM
}

// namesOfReads are the environment variables that reads outside steps go into: those of these jobs, nil for the file's own.
func namesOfReads(reads []*read, jobs ...*job) map[string]bool {
	out := map[string]bool{}
	for _, r := range reads {
		if r.step == nil && r.site.env != "" && slices.Contains(jobs, r.job) {
			out[r.site.env] = true
		}
	}
	return out
}

// namesAny reports whether a step names one of the variables, and yields each that it does if asked to.
func (s *step) namesAny(names map[string]bool, yield func(name string)) bool {
	found := map[string]bool{}
	take := func(name string) {
		if names[name] {
			found[name] = true
		}
	}
	if len(names) == 0 {
		return false
	}
	s.eachName(take)
	if yield != nil {
		for name := range found {
			yield(name)
		}
	}
	return len(found) > 0
}

// eachName yields what could be the names of variables in a step's script, inputs and environment.
func (s *step) eachName(yield func(name string)) {
	each(s.ast, func(_ string, value *actionlint.String) { eachName(value.Value, yield) })
	if e, ok := s.ast.Exec.(*actionlint.ExecRun); ok && e.Run != nil {
		eachName(e.Run.Value, yield)
	}
}

// eachName yields what could be the name of a variable in a text.
func eachName(text string, yield func(name string)) {
	start := -1
	for i := 0; i <= len(text); i++ {
		in := i < len(text) && isNameByte(text[i])
		if in && start < 0 {
			start = i
		}
		if !in && start >= 0 {
			yield(text[start:i])
			start = -1
		}
	}
}

// hexReads tells the environment variables that Hex's tools read by themselves.
func hexReads(name string) bool {
	return isSecretName(name) && !isContested(name) || isVariableName(name)
}

// packagesRead tells those that the tools of hex.pm read by themselves.
func packagesRead(name string) bool {
	return isContested(name) || strings.HasPrefix(strings.ToUpper(name), "HEXPM_")
}

// namesOfHosts are the environment variables that hold the address of a Hex workspace.
func namesOfHosts(list ...*actionlint.Env) map[string]bool {
	out := map[string]bool{}
	for _, e := range list {
		if e == nil {
			continue
		}
		for _, x := range e.Vars {
			if callsHost(x.Value.Value) {
				out[x.Name.Value] = true
			}
		}
	}
	return out
}

// assigned is the variable of Hex's that a script gives the value of the read's own environment variable to, in the step
// of the read; empty when there is none: export HEX_API_TOKEN=$TOKEN.
func (r *read) assigned() string {
	if r.step == nil || r.site.env == "" {
		return ""
	}
	return r.step.script.uses[r.site.env].assigned
}

func isNameByte(b byte) bool { return b == '_' || abstract.IsAlphanumeric(rune(b)) }

// sentAsToken tells a value that a script of the read's step, or of its job, takes its token from.
func (r *read) sentAsToken() bool {
	if r.site.env == "" {
		return false
	}
	steps := []*step{r.step}
	if r.step == nil && r.job != nil {
		steps = r.job.steps
	}
	if r.job == nil {
		steps = nil
		for _, j := range r.doc.jobs {
			steps = append(steps, j.steps...)
		}
	}
	return slices.ContainsFunc(steps, func(s *step) bool { return s.takes(r.site.env) })
}

// takes tells a step whose script takes its token from a variable.
func (s *step) takes(name string) bool {
	return slices.ContainsFunc(s.script.needs, func(n need) bool { return n.name == name })
}

// mentions tells a step in whose script, inputs or environment a name stands.
func (s *step) mentions(name string) bool {
	found := false
	each(s.ast, func(_ string, value *actionlint.String) { found = found || hasWord(value.Value, name) })
	if e, ok := s.ast.Exec.(*actionlint.ExecRun); ok && e.Run != nil {
		found = found || hasWord(e.Run.Value, name)
	}
	return found
}

// hasWord tells whether a name stands in a text, and is not a part of a longer one there.
func hasWord(text, name string) bool {
	for at := 0; name != ""; {
		n := strings.Index(text[at:], name)
		if n < 0 {
			return false
		}
		start, end := at+n, at+n+len(name)
		if (start == 0 || !isNameByte(text[start-1])) && (end == len(text) || !isNameByte(text[end])) {
			return true
		}
		at = start + 1
	}
	return false
}
