package workflow

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"
)

// maxCells is GitHub's own limit of a matrix.
const maxCells = 256

// cell is one combination of a matrix.
type cell = *fields

// cells lists the combinations of a job's matrix; one open one where they are decided at run time. nil is a job without.
func (i *instance) cells(m *actionlint.Matrix) []cell {
	rows := newFields("")
	var include, exclude []cell
	known := true
	if m.Expression != nil {
		rows, include, exclude, known = splitMatrix(i.scalar(m.Expression))
	} else {
		for _, name := range sortedKeys(m.Rows) {
			rows.put(name, i.row(m.Rows[name]))
		}
		include, exclude = i.combinations(m.Include), i.combinations(m.Exclude)
	}
	if !known {
		return []cell{newFields("matrix")}
	}
	out := crossed(rows)
	out = slices.DeleteFunc(out, func(c cell) bool {
		return slices.ContainsFunc(exclude, func(x cell) bool { return x.open == "" && covers(x, c) })
	})
	out = included(out, include, rows)
	if len(out) == 0 || len(out) > maxCells {
		return []cell{newFields("matrix")}
	}
	return out
}

// splitMatrix takes a matrix apart that is one expression: the rows of every value that it may have.
func splitMatrix(s set) (rows *fields, include, exclude []cell, known bool) {
	rows = newFields("")
	for _, v := range s {
		if v.is != object || v.fields.open != "" {
			return nil, nil, nil, false
		}
		for _, name := range v.fields.names {
			switch m := v.fields.get(name); strings.ToLower(name) {
			case "include":
				include = append(include, objectsIn(m)...)
			case "exclude":
				exclude = append(exclude, objectsIn(m)...)
			default:
				rows.put(name, members(m))
			}
		}
	}
	return rows, include, exclude, len(s) > 0
}

// members are the values of lists.
func members(s set) set {
	var out set
	for _, v := range s {
		if v.is == list {
			for _, item := range v.items {
				out = out.and(item)
			}
		} else {
			out = out.and(open(set{v}.undecided()))
		}
	}
	return out
}

func objectsIn(s set) []cell {
	var out []cell
	for _, v := range members(s) {
		if v.is == object {
			out = append(out, v.fields)
		} else {
			out = append(out, newFields("matrix"))
		}
	}
	return out
}

func (i *instance) row(r *actionlint.MatrixRow) set {
	if r.Expression != nil {
		return members(i.scalar(r.Expression))
	}
	var out set
	for _, raw := range r.Values {
		out = out.and(i.raw(raw))
	}
	return out
}

func (i *instance) combinations(c *actionlint.MatrixCombinations) []cell {
	if c == nil {
		return nil
	}
	if c.Expression != nil {
		return objectsIn(i.scalar(c.Expression))
	}
	var out []cell
	for _, x := range c.Combinations {
		if x.Expression != nil {
			out = append(out, objectsIn(one(value{is: list, items: []set{i.scalar(x.Expression)}}))...)
			continue
		}
		f := newFields("")
		for _, name := range sortedKeys(x.Assigns) {
			f.put(name, i.raw(x.Assigns[name].Value))
		}
		out = append(out, f)
	}
	return out
}

// raw is a value of a matrix as YAML has it.
func (i *instance) raw(raw actionlint.RawYAMLValue) set {
	switch r := raw.(type) {
	case *actionlint.RawYAMLArray:
		v := value{is: list}
		for _, e := range r.Elems {
			v.items = append(v.items, i.raw(e))
		}
		return one(v)
	case *actionlint.RawYAMLObject:
		f := newFields("")
		for _, name := range sortedKeys(r.Props) {
			f.put(name, i.raw(r.Props[name]))
		}
		return objectOf(f)
	case *actionlint.RawYAMLString:
		if strings.Contains(r.Value, "${{") {
			return i.uses(i.d.raw[r])
		}
		return one(i.doc().plain(r))
	}
	return one(value{})
}

// plain is a scalar by the rules of YAML: true, null and numbers are no texts unless they are quoted.
func (d *document) plain(r *actionlint.RawYAMLString) value {
	at := d.src.offset(r.Pos().Line, r.Pos().Col)
	if at < 0 || at >= len(d.src.text) || strings.IndexByte(`'"|>&!*`, d.src.text[at]) >= 0 {
		return textValue(r.Value)
	}
	switch r.Value {
	case "true", "True", "TRUE":
		return boolValue(true)
	case "false", "False", "FALSE":
		return boolValue(false)
	case "", "~", "null", "Null", "NULL":
		return value{}
	}
	if strings.IndexByte("0123456789-+.", r.Value[0]) >= 0 && isNumber(r.Value) {
		return numberValue(parseNumber(r.Value))
	}
	return textValue(r.Value)
}

func crossed(rows *fields) []cell {
	if len(rows.names) == 0 {
		return nil
	}
	out := []cell{newFields("")}
	for _, name := range rows.names {
		var next []cell
		for _, c := range out {
			for _, v := range rows.get(name) {
				if next = append(next, c.plus(name, one(v))); len(next) > maxCells {
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
	for _, name := range x.names {
		if !equalWithin(x.get(name), c.get(name)) {
			return false
		}
	}
	return true
}

func equalWithin(a, b set) bool {
	if len(a) != 1 || len(b) != 1 {
		return false
	}
	if x, y := a[0], b[0]; x.is == object && y.is == object {
		return covers(x.fields, y.fields)
	}
	return deepEqual(a, b)
}

func deepEqual(a, b set) bool {
	if len(a) != 1 || len(b) != 1 {
		return false
	}
	x, y := a[0], b[0]
	switch {
	case x.is == object && y.is == object:
		return len(x.fields.names) == len(y.fields.names) && covers(x.fields, y.fields)
	case x.is == list && y.is == list:
		return slices.EqualFunc(x.items, y.items, deepEqual)
	}
	s, knowX := x.asText()
	t, knowY := y.asText()
	return knowX && knowY && s == t
}

// included adds each entry to the cells it does not contradict; one that fits none becomes a cell of its own.
func included(cells, include []cell, rows *fields) []cell {
	own := len(cells)
	for _, entry := range include {
		fits := false
		for n, c := range cells[:own] {
			if !agrees(c, entry, rows) {
				continue
			}
			fits = true
			for _, name := range entry.names {
				cells[n] = cells[n].plus(name, entry.get(name))
			}
		}
		if !fits {
			cells = append(cells, entry)
		}
	}
	return cells
}

func agrees(c, entry cell, rows *fields) bool {
	for _, name := range entry.names {
		if _, original := rows.of[strings.ToLower(name)]; original && !deepEqual(entry.get(name), c.get(name)) {
			return false
		}
	}
	return true
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
				t, _ := v.asText()
				if j, ok := v.json(""); ok {
					t = j
				}
				fmt.Fprintf(&key, "%d%s%s\x00", v.is, t, v.text)
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
func at(f *fields, path []string) set {
	out := objectOf(f)
	for _, name := range path {
		var next set
		for _, v := range out {
			next = next.and(v.member(textValue(name)))
		}
		out = next
	}
	return out
}
