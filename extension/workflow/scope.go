package workflow

import (
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/gh-hex/gh-hex/extension/github"
)

// variant is one way in which a run may come about: one combination of the matrix entries and choices that its
// environment and its worked-out names depend on.
type variant map[string]set

// combination is one cell of a matrix.
type combination map[string]actionlint.RawYAMLValue

// combinations expands a literal matrix; ok is false when it is decided at run time or larger than GitHub allows.
func combinations(m *actionlint.Matrix) (out []combination, ok bool) {
	if m.Expression != nil || undecided(m.Include) || undecided(m.Exclude) {
		return nil, false
	}
	out = []combination{{}}
	names := make([]string, 0, len(m.Rows))
	for name := range m.Rows {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		values, ok := rowValues(m.Rows[name])
		if !ok || len(out)*len(values) > maxValues {
			return nil, false
		}
		out = cross(out, name, values)
	}
	out = exclude(out, m.Exclude)
	if len(m.Rows) == 0 && m.Include != nil {
		out = nil
	}
	out = include(out, m)
	return out, len(out) <= maxValues
}

// sizeOf is how much expanding a matrix takes at most: its cells, each compared with what is included and excluded.
func sizeOf(m *actionlint.Matrix) int {
	cells := 1
	for _, row := range m.Rows {
		cells = min(cells*max(len(row.Values), 1), maxValues)
	}
	size := cells
	for _, c := range []*actionlint.MatrixCombinations{m.Include, m.Exclude} {
		if c != nil {
			size += cells * len(c.Combinations)
		}
	}
	return size
}

func undecided(c *actionlint.MatrixCombinations) bool { return c != nil && c.ContainsExpression() }

// rowValues returns the values of one row: literal, or a literal list in fromJSON.
func rowValues(row *actionlint.MatrixRow) ([]actionlint.RawYAMLValue, bool) {
	if row.Expression == nil {
		return row.Values, len(row.Values) > 0
	}
	list := expressions(row.Expression.Value, false, nil)
	if len(list) != 1 || list[0].node == nil {
		return nil, false
	}
	members, ok := literalJSON(list[0].node).([]any)
	if !ok {
		return nil, false
	}
	var out []actionlint.RawYAMLValue
	for _, member := range members {
		text, isText := member.(string)
		if !isText {
			return nil, false
		}
		out = append(out, &actionlint.RawYAMLString{Value: text})
	}
	return out, len(out) > 0
}

func cross(cells []combination, name string, values []actionlint.RawYAMLValue) []combination {
	var out []combination
	for _, cell := range cells {
		for _, v := range values {
			out = append(out, cell.and(name, v))
		}
	}
	return out
}

func (c combination) and(name string, v actionlint.RawYAMLValue) combination {
	out := make(combination, len(c)+1)
	for k, x := range c {
		out[k] = x
	}
	out[name] = v
	return out
}

func exclude(cells []combination, e *actionlint.MatrixCombinations) []combination {
	if e == nil {
		return cells
	}
	return slices.DeleteFunc(cells, func(cell combination) bool {
		return slices.ContainsFunc(e.Combinations, func(x *actionlint.MatrixCombination) bool {
			for name, assign := range x.Assigns {
				if v, ok := cell[name]; !ok || !matches(assign.Value, v) {
					return false
				}
			}
			return true
		})
	})
}

// matches tells whether an excluded value covers a cell's: equal, or an object whose members are.
func matches(pattern, v actionlint.RawYAMLValue) bool {
	p, ok := pattern.(*actionlint.RawYAMLObject)
	o, isObject := v.(*actionlint.RawYAMLObject)
	if !ok || !isObject {
		return pattern.Equals(v)
	}
	for name, member := range p.Props {
		if x, there := o.Props[name]; !there || !matches(member, x) {
			return false
		}
	}
	return true
}

// include adds each entry to the cells it does not contradict; one that fits none becomes a cell of its own.
func include(cells []combination, m *actionlint.Matrix) []combination {
	if m.Include == nil {
		return cells
	}
	own := len(cells)
	for _, entry := range m.Include.Combinations {
		fits := false
		for i, cell := range cells[:own] {
			if !agrees(cell, entry, m.Rows) {
				continue
			}
			fits = true
			for name, assign := range entry.Assigns {
				cells[i] = cells[i].and(name, assign.Value)
			}
		}
		if !fits {
			cell := combination{}
			for name, assign := range entry.Assigns {
				cell[name] = assign.Value
			}
			cells = append(cells, cell)
		}
	}
	return cells
}

func agrees(cell combination, entry *actionlint.MatrixCombination, rows map[string]*actionlint.MatrixRow) bool {
	for name, assign := range entry.Assigns {
		if _, original := rows[name]; original && !assign.Value.Equals(cell[name]) {
			return false
		}
	}
	return true
}

// member reads a path in a cell: matrix.target.env.
func (c combination) member(path []string) set {
	v, ok := c[path[0]]
	for _, name := range path[1:] {
		o, isObject := v.(*actionlint.RawYAMLObject)
		if !ok || !isObject {
			return unknown()
		}
		v, ok = o.Props[name]
	}
	if !ok {
		return one(value{})
	}
	s, isText := v.(*actionlint.RawYAMLString)
	if !isText || strings.Contains(s.Value, "${{") {
		return unknown()
	}
	return one(textValue(s.Value))
}

// variants lists the ways a run may come about, as far as paths (matrix.…, inputs.…) tell them apart.
func (r *run) variants(paths [][]string, k *knowledge) []variant {
	out := []variant{{}}
	if !k.spend(len(paths)) {
		return out
	}
	paths = distinct(paths)
	if cells, ok := r.cells(k); ok && k.spend(len(cells)*len(paths)) {
		out = matrixVariants(cells, paths)
	}
	for _, p := range paths {
		key := inputKey(p)
		if key == "" {
			continue
		}
		s := r.input(key, k)
		if s.any || len(out)*len(s.values) > maxValues || !k.spend(len(out)*len(s.values)) {
			continue
		}
		out = choose(out, "inputs."+key, s)
	}
	return out
}

// distinct leaves out the paths that are there already.
func distinct(paths [][]string) [][]string {
	seen := map[string]bool{}
	return slices.DeleteFunc(paths, func(p []string) bool {
		key := strings.Join(p, ".")
		known := seen[key]
		seen[key] = true
		return known
	})
}

func (r *run) cells(k *knowledge) ([]combination, bool) {
	s := r.job.ast.Strategy
	if s == nil || s.Matrix == nil || !k.spend(sizeOf(s.Matrix)) {
		return nil, false
	}
	return combinations(s.Matrix)
}

func matrixVariants(cells []combination, paths [][]string) []variant {
	var out []variant
	seen := map[string]bool{}
	for _, cell := range cells {
		v := variant{}
		var id strings.Builder
		for _, p := range paths {
			if p[0] != "matrix" {
				continue
			}
			key := strings.Join(p, ".")
			v[key] = cell.member(p[1:])
			id.WriteString(key + "=" + strings.Join(v[key].texts(), ",") + "\x00")
		}
		if !seen[id.String()] {
			seen[id.String()] = true
			out = append(out, v)
		}
	}
	return out
}

// choose splits variants by the values of an input.
func choose(in []variant, key string, s set) []variant {
	if len(in) > 0 && in[0][key].values != nil {
		return in
	}
	var out []variant
	for _, v := range in {
		for _, x := range s.values {
			next := variant{key: one(x)}
			for k, y := range v {
				next[k] = y
			}
			out = append(out, next)
		}
	}
	return out
}

// inputKey is the input that a path reads, or "".
func inputKey(p []string) string {
	switch {
	case p[0] == "inputs" && len(p) == 2:
		return p[1]
	case len(p) == 4 && p[0] == "github" && p[1] == "event" && p[2] == "inputs":
		return p[3]
	}
	return ""
}

// knowledge is an inventory, with what was worked out from it. It belongs to one judgement.
type knowledge struct {
	github.Inventory
	inputs  map[*run]map[string]set
	choices map[*actionlint.DispatchInput]set
	left    int // how much may still be worked out
}

// maxWork is how many expressions, ways of a run and pairs of a call and what it calls one judgement looks at.
const maxWork = 200_000

func newKnowledge(inv github.Inventory) *knowledge {
	return &knowledge{Inventory: inv, inputs: map[*run]map[string]set{}, choices: map[*actionlint.DispatchInput]set{}, left: maxWork}
}

// spend tells whether so much may still be worked out. What may not counts as decided at run time.
func (k *knowledge) spend(n int) bool {
	k.left -= n
	return k.left >= 0
}

// input is what an input may be. It is worked out once for each run: chains of calls would multiply the work.
func (r *run) input(key string, k *knowledge) set {
	if s, known := k.inputs[r][key]; known {
		return s
	}
	if k.inputs[r] == nil {
		k.inputs[r] = map[string]set{}
	}
	s := r.workInput(key, k)
	k.inputs[r][key] = s
	return s
}

// workInput is what the caller gives, a choice of a manual run, or nothing on other events.
func (r *run) workInput(key string, k *knowledge) set {
	if r.caller != nil {
		return r.given(key, k)
	}
	if r.open {
		return unknown()
	}
	var out set
	for _, e := range r.root.ast.On {
		if _, called := e.(*actionlint.WorkflowCallEvent); called {
			continue
		}
		dispatch, ok := e.(*actionlint.WorkflowDispatchEvent)
		if !ok {
			out = out.with(value{})
			continue
		}
		s, known := k.choices[dispatch.Inputs[key]]
		if !known {
			s = dispatched(dispatch.Inputs[key])
			k.choices[dispatch.Inputs[key]] = s
		}
		if s.any {
			return s
		}
		out = out.with(s.values...)
	}
	return out
}

func dispatched(in *actionlint.DispatchInput) set {
	switch {
	case in == nil:
		return one(value{})
	case in.Type == actionlint.WorkflowDispatchEventInputTypeBoolean:
		return either()
	case in.Type != actionlint.WorkflowDispatchEventInputTypeChoice || len(in.Options) == 0:
		return unknown()
	}
	if len(in.Options) > maxValues {
		return unknown()
	}
	var out set
	for _, o := range in.Options {
		out = out.with(textValue(o.Value))
	}
	return out
}

// given is what the caller passes for an input, or its default.
func (r *run) given(key string, k *knowledge) set {
	if in, ok := r.caller.job.ast.WorkflowCall.Inputs[key]; ok {
		return r.caller.work(in.Value.Value, k)
	}
	event, _ := r.job.doc.ast.FindWorkflowCallEvent()
	for _, in := range event.Inputs {
		if in.ID != key || in.Default == nil {
			continue
		}
		if strings.Contains(in.Default.Value, "${{") {
			return unknown()
		}
		return one(textValue(in.Default.Value))
	}
	return one(value{})
}

// work evaluates a text of the run's job over all its variants.
func (r *run) work(text string, k *knowledge) set {
	if !strings.Contains(text, "${{") {
		return one(textValue(text))
	}
	var out set
	list := expressions(text, false, nil)
	for _, v := range r.variants(pathsOf(list), k) {
		if !k.spend(len(text)/10 + 1) {
			return unknown()
		}
		s := evaluateText(text, list, r.resolver(v, k))
		if s.any {
			return s
		}
		out = out.with(s.values...)
	}
	return out
}

// pathsOf returns the paths that tell variants apart in a text.
func pathsOf(list []expression) [][]string {
	var out [][]string
	for _, e := range list {
		if e.node != nil {
			out = append(out, pathsIn(e.node, "matrix", "inputs", "github")...)
		}
	}
	return out
}

// resolver answers for the contexts of a run in one variant.
func (r *run) resolver(v variant, k *knowledge) resolver {
	return func(p []string) set {
		switch key := inputKey(p); {
		case key != "":
			if s, ok := v["inputs."+key]; ok {
				return s
			}
			return r.input(key, k)
		case p[0] == "matrix":
			if s, ok := v[strings.Join(p, ".")]; ok {
				return s
			}
			return unknown()
		case p[0] == "vars" && len(p) == 2:
			return variableValue(p[1], k)
		}
		return unknown()
	}
}

// variableValue is the value of a variable of the repository or organization.
func variableValue(name string, k *knowledge) set {
	for _, l := range []github.Listing{k.Variables, k.OrganizationVars} {
		if e, ok := l.Find(name); ok {
			return one(textValue(e.Value))
		}
		if l.Err != nil {
			return unknown()
		}
	}
	if k.Variables.Entries == nil && k.OrganizationVars.Entries == nil {
		return unknown() // nothing was listed, or there is nothing to be found
	}
	return one(value{})
}
