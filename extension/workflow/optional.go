package workflow

import (
	"regexp"
	"strings"
	"sync"

	"github.com/rhysd/actionlint"
)

// markOptional marks reads whose absence the workflow provides for by a condition (R18): a step's `if` looks at an
// environment variable that a secret is put into, or at the outputs of a step or job that looked at the secret.
func (d *document) markOptional() {
	for _, j := range d.jobs {
		j.index()
	}
	shared := envReads(d.reads, func(r *read) bool { return r.job == nil })
	for _, j := range d.jobs {
		own := envReads(j.reads, func(r *read) bool { return r.step == nil })
		for _, s := range j.steps {
			s.lookAt(shared, own)
		}
	}
	for _, j := range d.jobs {
		own := envReads(j.reads, func(r *read) bool { return r.step == nil })
		for _, s := range j.steps {
			names := map[string]bool{}
			inner := envReads(s.reads, nil)
			for name := range s.tested {
				take(names, shared[name], own[name], inner[name])
			}
			d.lookAtGates(j, s.gates, names)
			allow(s.reads, names)
		}
		j.provided = map[string]bool{}
		d.lookAtGates(j, j.gates(), j.provided)
		allow(j.reads, j.provided)
	}
}

// index sorts a job's reads and steps for look-ups.
func (j *job) index() {
	j.stepByID = map[string]*step{}
	for _, s := range j.steps {
		if s.ast.ID != nil {
			j.stepByID[strings.ToLower(s.ast.ID.Value)] = s
		}
	}
	for _, r := range j.reads {
		if r.step != nil {
			r.step.reads = append(r.step.reads, r)
		}
	}
}

// envReads returns the reads that go into an environment variable, by its name in lower case.
func envReads(reads []*read, keep func(*read) bool) map[string][]*read {
	out := map[string][]*read{}
	for _, r := range reads {
		if r.site.env != "" && (keep == nil || keep(r)) {
			name := strings.ToLower(r.site.env)
			out[name] = append(out[name], r)
		}
	}
	return out
}

// take marks reads that an `if` looks at as optional, and notes their names.
func take(names map[string]bool, lists ...[]*read) {
	for _, list := range lists {
		for _, r := range list {
			r.optional = true
			names[r.name] = r.name != ""
		}
	}
}

func allow(reads []*read, names map[string]bool) {
	for _, r := range reads {
		r.optional = r.optional || names[r.name]
	}
}

// gates returns the jobs whose outputs a job's `if` looks at.
func (j *job) gates() []string {
	if j.ast.If == nil {
		return nil
	}
	var out []string
	for _, e := range expressions(j.ast.If.Value, true, nil) {
		if e.node == nil {
			continue
		}
		for _, p := range pathsIn(e.node, "needs") {
			out = append(out, "needs."+p[1])
		}
	}
	return out
}

// lookAtGates notes what the steps or jobs look at whose outputs an `if` depends on.
func (d *document) lookAtGates(j *job, gates []string, names map[string]bool) {
	for _, gate := range gates {
		context, id, _ := strings.Cut(gate, ".")
		if s := j.stepByID[id]; context == "steps" && s != nil {
			take(names, s.looks)
		}
		if needed := d.byID[id]; context == "needs" && needed != nil {
			take(names, comparedIn(needed.reads))
			for _, s := range needed.steps {
				take(names, s.looks)
			}
		}
	}
}

// comparedIn returns the reads that yield whether a value is there.
func comparedIn(reads []*read) []*read {
	var out []*read
	for _, r := range reads {
		if r.compared {
			out = append(out, r)
		}
	}
	return out
}

// lookAt notes the reads that a step compares, or whose environment variable its script tests for emptiness. What the
// step reads itself and ends well without is provided for.
func (s *step) lookAt(shared, own map[string][]*read) {
	s.looks = comparedIn(s.reads)
	e, ok := s.ast.Exec.(*actionlint.ExecRun)
	if !ok {
		return
	}
	script := withoutComments(e.Run.Value)
	defaulted, tested := testedIn(script)
	for _, reads := range []map[string][]*read{envReads(s.reads, nil), own, shared} {
		for name := range defaulted {
			s.lookInto(reads, name)
		}
		for name := range tested {
			if !defaulted[name] {
				s.lookInto(reads, name)
			}
		}
	}
	if !strings.Contains(script, "exit") || !compiled().endsWell.MatchString(script) {
		return
	}
	for _, r := range s.reads {
		r.optional = r.optional || tested[r.site.env]
	}
}

func (s *step) lookInto(reads map[string][]*read, name string) {
	if list := reads[strings.ToLower(name)]; len(list) > 0 && list[0].site.env == name {
		s.looks = append(s.looks, list...)
	}
}

// testedIn returns the variables that a script has a default for, and those that it tests for emptiness.
func testedIn(script string) (defaulted, tested map[string]bool) {
	if strings.Contains(script, "${") {
		defaulted = namesIn(script, tests().defaulted)
	}
	if strings.Contains(script, "$") && (strings.Contains(script, "[") || strings.Contains(script, "test")) {
		tested = namesIn(script, tests().tested)
	}
	return defaulted, tested
}

// namesIn returns what the groups of a pattern match.
func namesIn(script string, pattern *regexp.Regexp) map[string]bool {
	out := map[string]bool{}
	for _, m := range pattern.FindAllStringSubmatch(script, -1) {
		for _, name := range m[1:] {
			if name != "" {
				out[name] = true
			}
		}
	}
	return out
}

// emptiness are a shell's tests of a variable: [ -n "$A" ], [[ $A ]], test "$A", [ "${A}" != "" ], ${A:-b}.
type emptiness struct{ tested, defaulted *regexp.Regexp }

var tests = sync.OnceValue(func() emptiness {
	const variable = `"?\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?::?-)?\})"?`
	return emptiness{
		tested:    regexp.MustCompile(`-[nz][ \t]+` + variable + `|(?:\btest|\[\[?)[ \t]+(?:![ \t]+)?` + variable + `[ \t]*(?:\]|;|\n|&&|\|\||!=|=|$)`),
		defaulted: regexp.MustCompile(`\$\{([A-Za-z_]\w*)[:+]`),
	}
})
