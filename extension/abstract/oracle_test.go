package abstract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/gh-hex/gh-hex/scripts/oracle"
)

// oracleScript is GitHub's own evaluator of expressions. It answers with the value of each one, or why there is none.
const oracleScript = `
import {Lexer, Parser, Evaluator, data} from "@actions/expressions";
import {reviver} from "@actions/expressions/data/reviver";
import {createInterface} from "node:readline";
const names = JSON.parse(process.argv[1]);
const contexts = JSON.parse(process.argv[2], reviver);
for await (const line of createInterface({input: process.stdin})) {
  let out = null;
  try {
    const tokens = new Lexer(JSON.parse(line)).lex().tokens;
    const v = new Evaluator(new Parser(tokens, names, []).parse(), contexts).evaluate();
    out = {kind: v.kind, text: v.primitive ? v.coerceString() : JSON.stringify(plain(v))};
  } catch (e) { out = {failed: String(e)}; }
  console.log(JSON.stringify(out));
}
function plain(v) {
  switch (v.kind) {
    case data.Kind.Array: return v.values().map(plain);
    case data.Kind.Dictionary: return Object.fromEntries(v.pairs().map(p => [p.key, plain(p.value)]));
    case data.Kind.Null: return null;
    case data.Kind.Number: return Number.isFinite(v.value) ? v.value : String(v.value);
  }
  return v.value;
}
`

// oracleContexts are what the generated expressions read.
const oracleContexts = `{
 "github": {"event_name": "push", "ref": "refs/heads/Main", "ref_name": "Main", "actor": "dependabot[bot]", "run_number": 7, "none": null,
  "event": {"pull_request": {"draft": false, "number": 12, "title": "Fix {0}", "labels": [{"name": "a", "n": 1}, {"name": "B"}, {"x": "c"}, 3]}, "deleted": true, "empty": ""}},
 "env": {"HAS": "true", "NO": "false", "ZERO": "0", "HEX": "0xff", "SPACE": "  ", "NEG": "-3.50", "UNI": "Größe", "J": "[1,\"x\",null]"},
 "inputs": {"dry": false, "n": 1.5, "big": 123456789012345, "small": 0.000001},
 "matrix": {"os": ["linux", "windows"], "nested": [[1, 2], [3]], "o": {"A": 1, "b": {"c": "d"}}}
}`

// expressions are generated over these.
var oracleAtoms = []string{
	"true", "false", "null", "0", "1", "7", "-1", "1.5", "0xff", "1e3", "''", "'push'", "'PUSH'", "'true'", "'0'", "'a'", "'refs/heads/main'", "'{0} {{x}} {1}'", "'[1,2,{\"a\":\"B\"}]'", "'nope{'", "'Größe'", "' 12 '",
	"github.event_name", "github.ref", "github.ref_name", "github.actor", "github.run_number", "github.none", "github.missing", "github.event", "github.event.pull_request", "github.event.pull_request.draft",
	"github.event.pull_request.number", "github.event.pull_request.title", "github.event.pull_request.labels", "github.event.pull_request.labels.*.name", "github.event.pull_request.labels.*.n", "github.event.deleted", "github.event.empty",
	"env.HAS", "env.NO", "env.ZERO", "env.HEX", "env.SPACE", "env.NEG", "env.UNI", "env.J", "env.none", "inputs.dry", "inputs.n", "inputs.big", "inputs.small", "matrix.os", "matrix.os[0]", "matrix.os[1.9]", "matrix.os[-1]", "matrix.os['1']",
	"matrix.nested", "matrix.nested.*", "matrix.nested.*[0]", "matrix.nested[0][1]", "matrix.o", "matrix.o.*", "matrix.o.b.c", "matrix.o['a']", "github['event']['deleted']", "matrix.os[env.ZERO]", "matrix.o[github.none]",
}

// oraclePairs are equal, or nearly so.
var oraclePairs = [][2]string{
	{"github.event_name", "'PUSH'"}, {"github.ref", "'refs/heads/main'"}, {"env.UNI", "'GRÖßE'"}, {"github.run_number", "'7'"}, {"inputs.n", "'1.50'"}, {"env.HEX", "255"}, {"env.ZERO", "false"}, {"env.SPACE", "0"},
	{"github.none", "0"}, {"github.none", "''"}, {"env.NEG", "-3.5"}, {"matrix.o", "matrix.o"}, {"matrix.os", "matrix.os"}, {"github.event", "'Object'"}, {"github.event.empty", "false"}, {"env.HAS", "true"}, {"'1'", "true"}, {"null", "false"},
	{"github.missing", "github.none"}, {"fromJSON('[1]')", "fromJSON('[1]')"}, {"join(matrix.os)", "'LINUX,windows'"}, {"format('{0}', 7)", "'7'"}, {"toJSON(env.HAS)", "'\"TRUE\"'"}, {"'NaN'", "'nan'"}, {"env.none", "matrix.os[9]"},
}

func generate(r *rand.Rand, depth int) string {
	if depth == 0 || r.IntN(4) == 0 {
		return oracleAtoms[r.IntN(len(oracleAtoms))]
	}
	sub := func() string { return generate(r, depth-1) }
	switch r.IntN(18) {
	case 16, 17:
		pair := oraclePairs[r.IntN(len(oraclePairs))]
		return "(" + pair[0] + []string{" == ", " != ", " < ", " <= ", " > ", " >= "}[r.IntN(6)] + pair[1] + ")"
	case 0, 1:
		return "(" + sub() + []string{" == ", " != "}[r.IntN(2)] + sub() + ")"
	case 2:
		return "(" + sub() + []string{" < ", " <= ", " > ", " >= "}[r.IntN(4)] + sub() + ")"
	case 3, 4, 5:
		return "(" + sub() + []string{" && ", " || "}[r.IntN(2)] + sub() + ")"
	case 6:
		return "!" + sub()
	case 7:
		return "contains(" + sub() + ", " + sub() + ")"
	case 8:
		return []string{"startsWith(", "endsWith("}[r.IntN(2)] + sub() + ", " + sub() + ")"
	case 9:
		return "format('{0}-{1}{{}}', " + sub() + ", " + sub() + ")"
	case 10:
		return "format(" + sub() + ", " + sub() + ", " + sub() + ")"
	case 11:
		return "join(" + sub() + []string{")", ", '+')"}[r.IntN(2)]
	case 12:
		return "toJSON(" + sub() + ")"
	case 13:
		return "fromJSON(" + sub() + ")"
	case 14:
		return "case(" + sub() + ", " + sub() + ", " + sub() + ")"
	}
	return "fromJSON(toJSON(" + sub() + "))"
}

// TestSameAsGitHub holds the evaluator against GitHub's own on generated expressions.
func TestSameAsGitHub(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var list []string
	for len(list) < 4000 {
		list = append(list, generate(r, 1+r.IntN(4)))
	}
	answers := oracle.Ask[answer](t, oracleScript, list, `["github","env","inputs","matrix"]`, oracleContexts)
	contexts, ok := FromJSON(oracleContexts)
	if !ok {
		t.Fatal("the contexts are no JSON")
	}
	values, differ := 0, 0
	for i, text := range list {
		want, got := answers[i], concrete(t, text, contexts.Fields)
		if want.Failed == "" {
			values++
		}
		if got != want.String() && differ < 20 {
			differ++
			t.Errorf("%s\n got %s\nwant %s %s", text, got, want, want.Failed)
		}
	}
	if values < 2000 {
		t.Errorf("only %d expressions have a value", values)
	}
}

// concrete evaluates an expression whose contexts are all known, and writes its value as the oracle does.
func concrete(t *testing.T, text string, contexts *Fields) string {
	x := ParseExpression(text + "}}")
	if x.Node == nil {
		t.Fatalf("%s: %s", text, x.Problem)
	}
	fuel := 1_000_000
	e := &Evaluator{Context: contexts.Get, Fuel: &fuel}
	v := e.Expression(x)
	if e.Fails || len(v) == 0 {
		return "failed"
	}
	if len(v) != 1 {
		t.Errorf("%s: %d values", text, len(v))
	}
	return describe(v[0])
}

func describe(v Value) string {
	s, _ := v.AsText()
	if !v.primitive() {
		j, _ := v.Json("")
		var b bytes.Buffer
		if json.Compact(&b, []byte(j)) == nil {
			s = b.String()
		}
	}
	kind := map[class]string{null: "null", Boolean: "boolean", number: "number", Text: "text", List: "list", Object: "object"}[v.Is]
	return fmt.Sprintf("%s %q", kind, s)
}

// answer is the value of an expression.
type answer struct {
	Kind         int
	Text, Failed string
}

func (a answer) String() string {
	if a.Failed != "" {
		return "failed"
	}
	return fmt.Sprintf("%s %q", []string{"text", "list", "object", "boolean", "number", "", "null"}[a.Kind], a.Text)
}
