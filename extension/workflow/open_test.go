package workflow

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
		names := []string{"a", "b", "c", "d", "e", "f"}
		r.Shuffle(len(names), func(i, k int) { names[i], names[k] = names[k], names[i] })
		text := generateOpen(r, 1+r.IntN(3), &names)
		used := slices.DeleteFunc([]string{"a", "b", "c", "d", "e", "f"}, func(n string) bool { return !strings.Contains(text, "open."+n) })
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
func openValues(name string) (abstract set, tried []value) {
	switch name {
	case "a":
		tried = []value{textValue("push"), textValue("pull_request")}
	case "b":
		tried = []value{textValue(""), textValue("x"), {}}
	case "c":
		tried = []value{boolValue(true), boolValue(false)}
	case "d":
		tried = []value{numberValue(0), numberValue(7), textValue("7"), boolValue(true)}
	case "e": // a secret that is there
		return one(hidden("secrets.E")), []value{textValue("x"), textValue("7"), textValue("true"), textValue("refs/heads/main"), textValue("push")}
	case "f": // anything
		return open("f"), []value{{}, textValue(""), textValue("x"), boolValue(false), boolValue(true), numberValue(7), {is: list}, {is: object, fields: newFields("")}}
	}
	for _, v := range tried {
		abstract = abstract.with(v)
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
		return []string{"true", "'x'", "''", "7", "'push'", "null", "'7'", "'refs/heads/main'"}[r.IntN(8)]
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
	x := parseExpression(text + "}}")
	if x.node == nil {
		t.Fatalf("%s: %s", text, x.problem)
	}
	work := func(given map[string]set) set {
		fuel := maxFuel
		f := newFields("")
		for name, s := range given {
			f.put(name, s)
		}
		e := &evaluator{fuel: &fuel, context: func(string) set { return objectOf(f) }}
		return e.expression(x)
	}
	abstract := map[string]set{}
	few := true
	for _, name := range used {
		s, _ := openValues(name)
		abstract[name] = s
		few = few && name != "e" && name != "f" && strings.Count(text, "open."+name) == 1
	}
	got := work(abstract)
	var concrete set
	var try func(left []string, given map[string]set)
	try = func(left []string, given map[string]set) {
		if len(left) > 0 {
			_, tried := openValues(left[0])
			for _, v := range tried {
				given[left[0]] = one(v)
				try(left[1:], given)
			}
			return
		}
		for _, v := range work(given) {
			if !slices.ContainsFunc(got, func(w value) bool { return covers2(w, v) }) {
				t.Errorf("%s: %s comes out for %v, and is not among %v", text, says2(set{v}), given, says2(got))
			}
			concrete = concrete.with(v)
		}
	}
	try(used, map[string]set{})
	if few && len(got) < maxValues {
		exact = 1
		if got.mayBe(true) != concrete.mayBe(true) || got.mayBe(false) != concrete.mayBe(false) {
			t.Errorf("%s: worked out %s, but only %s comes out", text, says2(got), says2(concrete))
		}
	}
	return exact
}

// covers2 tells whether a value that was worked out stands for one that came out.
func covers2(w, v value) bool {
	switch w.is {
	case anything:
		return w.limit == 0 || v.mayBe(w.limit > 0)
	case opaque:
		s, known := v.asText()
		return v.is == opaque || known && v.is == text && w.opaque.mayBe(s)
	case object, list:
		return v.is == w.is
	}
	return w.same(v)
}

func says2(s set) string {
	var out []string
	for _, v := range s {
		t, _ := v.asText()
		out = append(out, fmt.Sprintf("%d %q %+d", v.is, t, v.limit))
	}
	return strings.Join(out, "; ")
}
