package workflow

import (
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
	scope, steps := r.doc.marks, &r.doc.inherit
	if r.job != nil {
		scope, steps = r.job.marks, &r.job.inherit
	}
	if name == "" || scope == 0 {
		return scope
	}
	if *steps == nil {
		*steps = newConsumers(r.doc.stepsOf(r.job))
	}
	m := (*steps).marksFor(name)
	if m == 0 && !scope.has(marksHex) {
		return scope // nothing but hex.pm is around, in whichever way it is given its key
	}
	return m
}

// stepsOf are the steps of a job, or with nil of all of them.
func (d *document) stepsOf(own *job) []*step {
	var out []*step
	for _, j := range d.jobs {
		if own == nil || own == j {
			out = append(out, j.steps...)
		}
	}
	return out
}

// consumers are steps by what they do with environment variables that they inherit: asked for one variable after another, they
// are not all looked at again.
type consumers struct {
	always marks              // of those that use a local action: what its steps read is not followed that far
	naming map[string][]*step // by the words of their scripts, inputs and variables
	number map[marks]int      // of the others, by what they talk to
}

func newConsumers(steps []*step) *consumers {
	u := &consumers{naming: map[string][]*step{}, number: map[marks]int{}}
	for _, s := range steps {
		switch {
		case s.marks == 0:
		case s.local != nil:
			u.always |= s.marks
		default:
			u.number[s.marks]++
			words := map[string]bool{}
			s.words(words)
			for word := range words {
				u.naming[word] = append(u.naming[word], s)
			}
		}
	}
	return u
}

// marksFor says what the steps do with an environment variable.
func (u *consumers) marksFor(name string) marks {
	m := u.always
	naming := map[marks]int{}
	for _, s := range u.naming[name] {
		m |= s.decided(name)
		naming[s.marks]++
	}
	for does, n := range u.number {
		if n == naming[does] {
			continue // all of them name it
		}
		if does.has(marksHex) && hexReads(name) {
			m |= does &^ marksPM
		}
		if does.has(marksPM) && packagesRead(name) {
			m |= marksPM
		}
	}
	return m
}

// decided takes one of two vendors out of the step's marks where the text tells which of them gets the variable.
func (s *step) decided(name string) marks {
	if !s.marks.has(marksHex) || !s.marks.has(marksPM) {
		return s.marks
	}
	lines := s.marksOfLines(name)
	switch hex, pm := lines.has(marksHex), lines.has(marksPM); {
	case hex && pm:
		return s.marks
	case pm, !hex && packagesRead(name):
		return marksPM
	}
	return s.marks &^ marksPM
}

// marksOfLines judges the lines of the script that name a variable. A line that is continued is one line.
func (s *step) marksOfLines(name string) marks {
	e, ok := s.ast.Exec.(*actionlint.ExecRun)
	if !ok {
		return 0
	}
	var m marks
	for line := range strings.SplitSeq(strings.ReplaceAll(withoutComments(e.Run.Value), "\\\n", " "), "\n") {
		if hasWord(line, name) {
			m |= marksOf(line)
		}
	}
	return m
}

func (s *step) mentions(name string) bool {
	found := false
	each(s.ast, func(_ string, value *actionlint.String) { found = found || hasWord(value.Value, name) })
	if e, ok := s.ast.Exec.(*actionlint.ExecRun); ok {
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

// hexReads tells the environment variables that Hex's tools read by themselves.
func hexReads(name string) bool {
	return isSecretName(name) && !isContested(name) || isVariableName(name)
}

// packagesRead tells those that the tools of hex.pm read by themselves.
func packagesRead(name string) bool {
	return isContested(name) || strings.HasPrefix(strings.ToUpper(name), "HEXPM_")
}

// namesOfHosts are the environment variables that hold the address of a Hex workspace.
func namesOfHosts(e *actionlint.Env) map[string]bool {
	out := map[string]bool{}
	if e == nil {
		return out
	}
	for _, x := range e.Vars {
		if callsHost(x.Value.Value) {
			out[x.Name.Value] = true
		}
	}
	return out
}

func (s *step) mentionsAny(names, more map[string]bool) bool {
	if len(names)+len(more) == 0 {
		return false
	}
	words := map[string]bool{}
	s.words(words)
	for word := range words {
		if names[word] || more[word] {
			return true
		}
	}
	return false
}

// assigned is the variable of Hex's that a script gives the value of the read's own environment variable to, in the step
// of the read; empty when there is none: export HEX_API_TOKEN=$TOKEN.
func (r *read) assigned() string {
	if r.step == nil || r.site.env == "" {
		return ""
	}
	e, ok := r.step.ast.Exec.(*actionlint.ExecRun)
	if !ok || !mentionsHex(e.Run.Value) || !strings.Contains(e.Run.Value, r.site.env) {
		return ""
	}
	script := withoutComments(e.Run.Value)
	for _, form := range []string{"$" + r.site.env, "${" + r.site.env + "}"} {
		for at := 0; ; {
			n := strings.Index(script[at:], form)
			if n < 0 {
				break
			}
			start := at + n
			at = start + len(form)
			if rest := script[at:]; rest != "" && isWord(rest[0]) && !strings.HasSuffix(form, "}") {
				continue
			}
			if name := assignedTo(script[:start]); name != "" {
				return name
			}
		}
	}
	return ""
}

func isNameByte(b byte) bool { return b == '_' || isAlphanumeric(rune(b)) }
