package workflow

import (
	"maps"
	"slices"
	"strings"
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
	reads := envReads(s.reads, nil)
	for _, name := range slices.Sorted(maps.Keys(s.script.uses)) {
		if u := s.script.uses[name]; u.tested || u.checked {
			for _, list := range []map[string][]*read{reads, own, shared} {
				s.looks = append(s.looks, list[strings.ToLower(name)]...)
			}
		}
	}
	for _, r := range s.reads {
		r.optional = r.optional || s.script.exits && s.script.uses[r.site.env].tested
	}
}
