package abstract

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestSoundWhereValuesAreOpen holds the evaluator against the slow and obvious way: to try every value that the open ones
// may have. Whatever comes out has to be among what was worked out; and where each open value is read once and is one of
// a few, nothing else may be.
func TestSoundWhereValuesAreOpen(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	exact := 0
	for range 2500 {
		names := []string{"a", "b", "c", "d", "e", "f", "g"}
		r.Shuffle(len(names), func(i, k int) { names[i], names[k] = names[k], names[i] })
		text := generateOpen(r, 1+r.IntN(3), &names)
		used := slices.DeleteFunc([]string{"a", "b", "c", "d", "e", "f", "g"}, func(n string) bool { return !strings.Contains(text, "open."+n) })
		exact += holdOpen(t, text, used)
		if t.Failed() {
			return
		}
	}
	if exact < 250 {
		t.Errorf("only %d expressions were held to be exact", exact)
	}
}

// openValues are what each name may be, and what stands for it when it is tried.
func openValues(name string) (abstract Set, tried []Value) {
	switch name {
	case "a":
		tried = []Value{TextValue("push"), TextValue("pull_request")}
	case "b":
		tried = []Value{TextValue(""), TextValue("x"), {}}
	case "c":
		tried = []Value{BoolValue(true), BoolValue(false)}
	case "d":
		tried = []Value{NumberValue(0), NumberValue(7), TextValue("7"), BoolValue(true)}
	case "e": // a secret that is there
		return Hidden(Opacity{Id: "secrets.E"}), []Value{TextValue("x"), TextValue("7"), TextValue("true"), TextValue("refs/heads/main"), TextValue("push")}
	case "f": // anything
		return Open("f"), []Value{{}, TextValue(""), TextValue("x"), BoolValue(false), BoolValue(true), NumberValue(7), {Is: List}, {Is: Object, Fields: NewFields("")}}
	case "g": // a person's login
		return One(Value{Is: Opaque, Opaque: &Opacity{Id: "g", Without: "["}}), []Value{TextValue("x"), TextValue("7"), TextValue("push")}
	}
	for _, v := range tried {
		abstract = abstract.With(v)
	}
	return abstract, tried
}

func generateOpen(r *rand.Rand, depth int, names *[]string) string {
	if depth == 0 {
		if len(*names) > 0 && r.IntN(3) > 0 {
			n := (*names)[0]
			if r.IntN(4) > 0 {
				*names = (*names)[1:] // else it is read again
			}
			return "open." + n
		}
		return []string{"true", "'x'", "''", "7", "'push'", "null", "'7'", "'refs/heads/main'", "'x[bot]'", "'['"}[r.IntN(10)]
	}
	sub := func() string { return generateOpen(r, depth-1, names) }
	switch r.IntN(9) {
	case 0:
		return "(" + sub() + " == " + sub() + ")"
	case 1:
		return "(" + sub() + " != " + sub() + ")"
	case 2:
		return "(" + sub() + " && " + sub() + ")"
	case 3:
		return "(" + sub() + " || " + sub() + ")"
	case 4:
		return "!" + sub()
	case 5:
		return []string{"contains(", "startsWith(", "endsWith("}[r.IntN(3)] + sub() + ", " + sub() + ")"
	case 6:
		return "format('{0}-{1}', " + sub() + ", " + sub() + ")"
	case 7:
		return "fromJSON('{\"push\":\"x\",\"7\":true}')[" + sub() + "]"
	}
	return "(" + sub() + []string{" < ", " >= "}[r.IntN(2)] + sub() + ")"
}

func holdOpen(t *testing.T, text string, used []string) (exact int) {
	x := ParseExpression(text + "}}")
	if x.Node == nil {
		t.Fatalf("%s: %s", text, x.Problem)
	}
	work := func(given map[string]Set) Set {
		fuel := 1_000_000
		f := NewFields("")
		for name, s := range given {
			f.Put(name, s)
		}
		e := &Evaluator{Fuel: &fuel, Context: func(string) Set { return ObjectOf(f) }}
		return e.Expression(x)
	}
	abstract := map[string]Set{}
	few := true
	for _, name := range used {
		s, _ := openValues(name)
		abstract[name] = s
		few = few && name != "e" && name != "f" && name != "g" && strings.Count(text, "open."+name) == 1
	}
	got := work(abstract)
	var concrete Set
	var try func(left []string, given map[string]Set)
	try = func(left []string, given map[string]Set) {
		if len(left) > 0 {
			_, tried := openValues(left[0])
			for _, v := range tried {
				given[left[0]] = One(v)
				try(left[1:], given)
			}
			return
		}
		for _, v := range work(given) {
			if !slices.ContainsFunc(got, func(w Value) bool { return covers2(w, v) }) {
				t.Errorf("%s: %s comes out for %v, and is not among %v", text, says2(Set{v}), given, says2(got))
			}
			concrete = concrete.With(v)
		}
	}
	try(used, map[string]Set{})
	if few && len(got) < maxValues {
		exact = 1
		if got.Truth() != concrete.Truth() {
			t.Errorf("%s: worked out %s, but only %s comes out", text, says2(got), says2(concrete))
		}
	}
	return exact
}

// covers2 tells whether a value that was worked out stands for one that came out.
func covers2(w, v Value) bool {
	switch w.Is {
	case Anything:
		return w.Limit == 0 || v.truth() == Certain(w.Limit > 0) || v.truth() == Either()
	case Opaque:
		s, known := v.AsText()
		return v.Is == Opaque || known && v.Is == Text && w.Opaque.mayBe(s)
	case Object, List:
		return v.Is == w.Is
	}
	return w.same(v)
}

func says2(s Set) string {
	var out []string
	for _, v := range s {
		t, _ := v.AsText()
		out = append(out, fmt.Sprintf("%d %q %+d", v.Is, t, v.Limit))
	}
	return strings.Join(out, "; ")
}
