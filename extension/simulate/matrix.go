package simulate

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/gh-hex/gh-hex/extension/abstract"
)

const (
	// maxCells is GitHub's own limit of a matrix.
	maxCells = 256
	// maxPairs bounds the combinations times what is included in or excluded from them.
	maxPairs = 50_000
)

// cell is one combination of a matrix.
type cell = *abstract.Fields

// cells lists the combinations of a job's matrix that differ in what is looked at; one open one where they are decided at
// run time.
func (i *instance) cells(m *actionlint.Matrix, paths [][]string) []cell {
	all := i.combined(m, paths)
	if len(all) == 1 {
		return all
	}
	return projected(all, paths)
}

// combined lists the combinations of a matrix. Those of rows that nobody looks at, nor any entry, are one.
func (i *instance) combined(m *actionlint.Matrix, paths [][]string) []cell {
	rows := abstract.NewFields("")
	var include, exclude []cell
	known := true
	if m.Expression != nil {
		rows, include, exclude, known = splitMatrix(i.Scalar(m.Expression))
	} else {
		for _, name := range slices.Sorted(maps.Keys(m.Rows)) {
			row := i.row(m.Rows[name])
			if m.Include == nil && m.Exclude == nil && !looked(paths, name) {
				row = abstract.Open("matrix." + name) // nobody asks
			}
			rows.Put(name, row)
		}
		include, exclude = i.combinations(m.Include), i.combinations(m.Exclude)
	}
	if !known {
		return []cell{abstract.NewFields("matrix")}
	}
	out := crossed(rows)
	if len(out)*(len(include)+len(exclude)) > maxPairs {
		return []cell{abstract.NewFields("matrix")}
	}
	out = slices.DeleteFunc(out, func(c cell) bool {
		return slices.ContainsFunc(exclude, func(x cell) bool { return x.Open == "" && covers(x, c) })
	})
	if len(out) <= maxCells {
		out = included(out, include, rows)
	}
	if len(out) == 0 || len(out) > maxCells {
		return []cell{abstract.NewFields("matrix")}
	}
	return out
}

// looked tells whether one of the paths begins with a row of the matrix.
func looked(paths [][]string, name string) bool {
	return slices.ContainsFunc(paths, func(p []string) bool { return p[1] == strings.ToLower(name) })
}

// splitMatrix takes a matrix apart that is one expression: the rows of every value that it may have.
func splitMatrix(s abstract.Set) (rows *abstract.Fields, include, exclude []cell, known bool) {
	rows = abstract.NewFields("")
	for _, v := range s {
		if v.Is != abstract.Object || v.Fields.Open != "" {
			return nil, nil, nil, false
		}
		for _, name := range v.Fields.Names {
			switch m := v.Fields.Get(name); strings.ToLower(name) {
			case "include":
				include = append(include, objectsIn(m)...)
			case "exclude":
				exclude = append(exclude, objectsIn(m)...)
			default:
				rows.Put(name, membersIn(m))
			}
		}
	}
	return rows, include, exclude, len(s) > 0
}

// members are the values of lists.
func membersIn(s abstract.Set) abstract.Set {
	var out abstract.Set
	for _, v := range s {
		if v.Is == abstract.List {
			for _, item := range v.Items {
				out = out.And(item)
			}
		} else {
			out = out.And(abstract.Open(abstract.Set{v}.Undecided()))
		}
	}
	return out
}

func objectsIn(s abstract.Set) []cell {
	var out []cell
	for _, v := range membersIn(s) {
		if v.Is == abstract.Object {
			out = append(out, v.Fields)
		} else {
			out = append(out, abstract.NewFields("matrix"))
		}
	}
	return out
}

func (i *instance) row(r *actionlint.MatrixRow) abstract.Set {
	if r.Expression != nil {
		return membersIn(i.Scalar(r.Expression))
	}
	var out abstract.Set
	for _, raw := range r.Values {
		out = out.And(i.raw(raw))
	}
	return out
}

func (i *instance) combinations(c *actionlint.MatrixCombinations) []cell {
	if c == nil {
		return nil
	}
	if c.Expression != nil {
		return objectsIn(i.Scalar(c.Expression))
	}
	var out []cell
	for _, x := range c.Combinations {
		if x.Expression != nil {
			out = append(out, objectsIn(abstract.One(abstract.Value{Is: abstract.List, Items: []abstract.Set{i.Scalar(x.Expression)}}))...)
			continue
		}
		f := abstract.NewFields("")
		for _, name := range slices.Sorted(maps.Keys(x.Assigns)) {
			f.Put(name, i.raw(x.Assigns[name].Value))
		}
		out = append(out, f)
	}
	return out
}

// raw is a value of a matrix as YAML has it.
func (i *instance) raw(raw actionlint.RawYAMLValue) abstract.Set {
	switch r := raw.(type) {
	case *actionlint.RawYAMLArray:
		v := abstract.Value{Is: abstract.List}
		for _, e := range r.Elems {
			v.Items = append(v.Items, i.raw(e))
		}
		return abstract.One(v)
	case *actionlint.RawYAMLObject:
		f := abstract.NewFields("")
		for _, name := range slices.Sorted(maps.Keys(r.Props)) {
			f.Put(name, i.raw(r.Props[name]))
		}
		return abstract.ObjectOf(f)
	case *actionlint.RawYAMLString:
		if strings.Contains(r.Value, "${{") {
			return i.uses(i.d.Raw[r])
		}
		return abstract.One(i.Doc().Plain(r))
	}
	return abstract.One(abstract.Value{})
}

func crossed(rows *abstract.Fields) []cell {
	if len(rows.Names) == 0 {
		return nil
	}
	out := []cell{abstract.NewFields("")}
	for _, name := range rows.Names {
		var next []cell
		for _, c := range out {
			for _, v := range rows.Get(name) {
				if next = append(next, c.Plus(name, abstract.One(v))); len(next) > maxCells {
					return next
				}
			}
		}
		out = next
	}
	return out
}

// covers tells whether an excluded combination is one of a cell: each of its members is equal, of objects as far as given.
func covers(x, c cell) bool {
	return !slices.ContainsFunc(x.Names, func(name string) bool { return !equalWithin(x.Get(name), c.Get(name)) })
}

func equalWithin(a, b abstract.Set) bool {
	if len(a) != 1 || len(b) != 1 {
		return false
	}
	if x, y := a[0], b[0]; x.Is == abstract.Object && y.Is == abstract.Object {
		return covers(x.Fields, y.Fields)
	}
	return deepEqual(a, b)
}

func deepEqual(a, b abstract.Set) bool {
	if len(a) != 1 || len(b) != 1 {
		return false
	}
	x, y := a[0], b[0]
	switch {
	case x.Is == abstract.Object && y.Is == abstract.Object:
		return len(x.Fields.Names) == len(y.Fields.Names) && covers(x.Fields, y.Fields)
	case x.Is == abstract.List && y.Is == abstract.List:
		return slices.EqualFunc(x.Items, y.Items, deepEqual)
	}
	s, knowX := x.AsText()
	t, knowY := y.AsText()
	return knowX && knowY && s == t
}

// included adds each entry to the cells it does not contradict; one that fits none becomes a cell of its own.
func included(cells, include []cell, rows *abstract.Fields) []cell {
	own := len(cells)
	for _, entry := range include {
		fits := false
		for n, c := range cells[:own] {
			if !agrees(c, entry, rows) {
				continue
			}
			fits = true
			for _, name := range entry.Names {
				cells[n] = cells[n].Plus(name, entry.Get(name))
			}
		}
		if !fits {
			cells = append(cells, entry)
		}
	}
	return cells
}

func agrees(c, entry cell, rows *abstract.Fields) bool {
	return !slices.ContainsFunc(entry.Names, func(name string) bool {
		_, original := rows.Of[strings.ToLower(name)]
		return original && !deepEqual(entry.Get(name), c.Get(name))
	})
}

// maxPaths is from how many that expressions look at every combination is told apart.
const maxPaths = 50

// projected keeps what expressions look at of the cells, each combination once.
func projected(cells []cell, paths [][]string) []cell {
	if len(paths) > maxPaths {
		return cells
	}
	var out []cell
	seen := map[string]bool{}
	for _, c := range cells {
		var key strings.Builder
		for _, p := range paths {
			for _, v := range at(c, p[1:]) {
				t, _ := v.AsText()
				if j, ok := v.Json(""); ok {
					t = j
				}
				fmt.Fprintf(&key, "%d%s%s\x00", v.Is, t, v.Text)
			}
			key.WriteByte(1)
		}
		if !seen[key.String()] {
			seen[key.String()] = true
			out = append(out, c)
		}
	}
	return out
}

// at follows a path into an object.
func at(f *abstract.Fields, path []string) abstract.Set {
	out := f.Get(path[0])
	for _, name := range path[1:] {
		var next abstract.Set
		for _, v := range out {
			next = next.And(v.Member(abstract.TextValue(name)))
		}
		out = next
	}
	return out
}
