package workflow

import (
	"maps"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/gh-hex/gh-hex/core/script"
)

// effect is what a script does, as far as a simulation asks, given the values of its variables.
type effect struct {
	lacks    []*lack           // empty secrets that a command that is reached is given, or for which the script fails
	tested   []*lack           // those that it tests for
	external bool              // a command of another program is reached: it may read the environment by itself
	commands []*script.Command // those that are reached
	outputs  *fields           // of the step
	env      *fields           // what it puts into the environment of later steps; open where that is not known
	fails    bool              // it may end with an error of its own making
	ends     bool              // it ends with one, whatever happens
}

// maxStatements bounds how much of a script is followed.
const maxStatements = 3000

// follower follows the control flow of a script, both ways where a condition is not decided.
type follower struct {
	s         *script.Script
	variable  func(name string) set
	expressed func(text string) set // of ${{ … }}
	e         *evaluator
	left      int
	functions map[string]*syntax.Stmt
	depth     int

	state    *shellState
	tested   []*lack
	exported []*lack // in variables that other programs see
	out      effect
	well     bool // some way through ends well
}

// shellState is what a script has done at one place.
type shellState struct {
	vars, outputs, env map[string]set
	openOutputs        bool
	openEnv            bool
	dead               bool
	into               string // where what is printed goes: GITHUB_OUTPUT, GITHUB_ENV, or somewhere else
}

// outcome tells whether a command may succeed and whether it may fail.
type outcome struct{ yes, no bool }

func either() outcome { return outcome{true, true} }

func (s *shellState) clone() *shellState {
	c := *s
	c.vars, c.outputs, c.env = maps.Clone(s.vars), maps.Clone(s.outputs), maps.Clone(s.env)
	return &c
}

// join is a state after which it is not known which of two ways was taken.
func (s *shellState) join(t *shellState) *shellState {
	if s.dead {
		return t
	}
	if t.dead {
		return s
	}
	s.vars, s.outputs, s.env = joinSets(s.vars, t.vars, nil), joinSets(s.outputs, t.outputs, texts("")), joinSets(s.env, t.env, nil)
	s.openOutputs, s.openEnv = s.openOutputs || t.openOutputs, s.openEnv || t.openEnv
	return s
}

// joinSets joins values by name; missing stands for one that only one of them has.
func joinSets(a, b map[string]set, missing set) map[string]set {
	out := map[string]set{}
	for _, m := range []map[string]set{a, b} {
		for name := range m {
			x, inA := a[name]
			y, inB := b[name]
			if !inA {
				x = missing
			}
			if !inB {
				y = missing
			}
			if x == nil || y == nil {
				x = x.and(y).and(open(name))
			}
			out[name] = x.and(y)
		}
	}
	return out
}

// follow works out what a script does.
func (x *follower) follow() effect {
	x.state = &shellState{vars: map[string]set{}, outputs: map[string]set{}, env: map[string]set{}}
	x.left, x.functions = maxStatements, map[string]*syntax.Stmt{}
	x.statements(x.s.File.Stmts, false)
	if x.left <= 0 || x.s.Err != nil {
		x.state.openOutputs, x.state.openEnv, x.out.external = true, true, true
	}
	if x.out.external {
		x.out.lacks = union(x.out.lacks, x.exported)
	}
	x.out.outputs, x.out.env = newFields(""), newFields("")
	if x.state.openOutputs || x.out.external && len(x.state.outputs) == 0 {
		x.out.outputs.open = "the outputs of a script"
	}
	if x.state.openEnv {
		x.out.env.open = "GITHUB_ENV"
	}
	for _, name := range slices.Sorted(maps.Keys(x.state.outputs)) {
		x.out.outputs.put(name, x.state.outputs[name])
	}
	for _, name := range slices.Sorted(maps.Keys(x.state.env)) {
		x.out.env.put(name, x.state.env[name])
	}
	x.out.tested = x.tested
	x.out.ends = x.out.fails && x.state.dead && !x.well
	return x.out
}

func (x *follower) statements(list []*syntax.Stmt, condition bool) outcome {
	last := outcome{yes: true}
	for _, stmt := range list {
		if x.state.dead {
			return last
		}
		last = x.statement(stmt, condition)
	}
	return last
}

// statement follows one statement. Where it fails for certain and nothing looks at that, the script ends.
func (x *follower) statement(stmt *syntax.Stmt, condition bool) outcome {
	x.left--
	if stmt == nil || stmt.Cmd == nil || x.left <= 0 || x.state.dead {
		return either()
	}
	before := x.state.into
	x.redirect(stmt.Redirs)
	out := x.command(stmt, condition)
	x.state.into = before
	if stmt.Negated {
		out.yes, out.no = out.no, out.yes
		condition = true
	}
	if !condition && !out.yes && out.no {
		x.fail()
	}
	return out
}

// fail ends the script with an error. What it looked at before that was empty is what it fails on.
func (x *follower) fail() {
	x.state.dead, x.out.fails = true, true
	x.out.lacks = union(x.out.lacks, x.tested)
}

func (x *follower) redirect(list []*syntax.Redirect) {
	for _, r := range list {
		if r.Word == nil || r.Op != syntax.RdrOut && r.Op != syntax.AppOut && r.Op != syntax.RdrAll && r.Op != syntax.AppAll {
			continue
		}
		x.state.into = "file"
		for _, name := range x.s.Word(r.Word).Variables() {
			if name == "GITHUB_OUTPUT" || name == "GITHUB_ENV" {
				x.state.into = name
			}
		}
	}
}

func (x *follower) command(stmt *syntax.Stmt, condition bool) outcome {
	switch c := stmt.Cmd.(type) {
	case *syntax.CallExpr:
		return x.call(stmt, c)
	case *syntax.DeclClause:
		for _, a := range c.Args {
			x.inside(a.Value)
			x.assign(a)
			if c.Variant != nil && c.Variant.Value == "export" {
				x.exported = union(x.exported, x.word(a.Value).lacks())
			}
		}
		return outcome{yes: true}
	case *syntax.BinaryCmd:
		return x.binary(c, condition)
	case *syntax.IfClause:
		return x.choose(c)
	case *syntax.CaseClause:
		return x.cases(c)
	case *syntax.WhileClause:
		x.maybe(func() { x.statements(c.Cond, true); x.statements(c.Do, true) })
		return either()
	case *syntax.ForClause:
		if items, ok := c.Loop.(*syntax.WordIter); ok {
			for _, w := range items.Items {
				x.inside(w)
				x.use([]script.Word{x.s.Word(w)})
			}
		}
		x.maybe(func() { x.statements(c.Do, true) })
		return either()
	case *syntax.Block:
		return x.statements(c.Stmts, condition)
	case *syntax.Subshell:
		return x.subshell(c.Stmts)
	case *syntax.FuncDecl:
		if c.Name != nil {
			x.functions[c.Name.Value] = c.Body
		}
		return outcome{yes: true}
	case *syntax.TestClause:
		return x.test(c.X)
	case *syntax.TimeClause:
		return x.statement(c.Stmt, condition)
	}
	return either()
}

// maybe follows what may happen any number of times.
func (x *follower) maybe(body func()) {
	before := x.state.clone()
	body()
	for _, pair := range [][2]map[string]set{{before.vars, x.state.vars}, {before.outputs, x.state.outputs}, {before.env, x.state.env}} {
		for name, v := range pair[1] {
			if old, there := pair[0][name]; !there || len(old) != len(v) {
				pair[1][name] = v.and(carry(open(name), v.lacks(), v.holds()))
			}
		}
	}
	x.state = before.join(x.state)
}

func (x *follower) subshell(list []*syntax.Stmt) outcome {
	before := x.state.vars
	out := x.statements(list, true)
	x.state.dead, x.state.vars = false, before
	return out
}

// branch follows what is done when a condition is met and when it is not.
func (x *follower) branch(o outcome, yes, no func() outcome) outcome {
	switch {
	case !o.no:
		return yes()
	case !o.yes:
		return no()
	}
	before := x.state.clone()
	a := yes()
	after := x.state
	x.state = before
	b := no()
	x.state = after.join(x.state)
	return outcome{a.yes || b.yes, a.no || b.no}
}

func (x *follower) binary(c *syntax.BinaryCmd, condition bool) outcome {
	switch c.Op {
	case syntax.AndStmt:
		l := x.statement(c.X, true)
		if l.no && !l.yes {
			return either() // a list that ends so does not end the script
		}
		out := x.branch(l, func() outcome { return x.statement(c.Y, condition) }, func() outcome { return outcome{yes: true, no: true} })
		return out
	case syntax.OrStmt:
		l := x.statement(c.X, true)
		return x.branch(l, func() outcome { return outcome{yes: true} }, func() outcome { return x.statement(c.Y, condition) })
	}
	into := x.state.into
	x.state.into = "pipe"
	x.subshell([]*syntax.Stmt{c.X})
	x.state.into = into
	x.state.openOutputs = x.state.openOutputs || into == "GITHUB_OUTPUT"
	return x.subshell([]*syntax.Stmt{c.Y})
}

func (x *follower) choose(c *syntax.IfClause) outcome {
	if len(c.Cond) == 0 { // else
		return x.statements(c.Then, false)
	}
	return x.branch(x.statements(c.Cond, true), func() outcome { return x.statements(c.Then, false) }, func() outcome {
		if c.Else == nil {
			return outcome{yes: true}
		}
		return x.choose(c.Else)
	})
}

func (x *follower) cases(c *syntax.CaseClause) outcome {
	of := x.look(c.Word)
	out := outcome{yes: true}
	for _, item := range c.Items {
		o := either()
		if len(item.Patterns) == 1 {
			pattern, known := x.s.Word(item.Patterns[0]).Literal()
			switch {
			case known && pattern == "*":
				o = outcome{yes: true}
			case known && !strings.ContainsAny(pattern, "*?["):
				o.yes, o.no = compareTexts(of, texts(pattern))
			}
		}
		if !o.yes {
			continue
		}
		body := func() outcome { return x.statements(item.Stmts, false) }
		if !o.no {
			return body()
		}
		out = x.branch(o, body, func() outcome { return outcome{yes: true} })
	}
	return out
}

func (x *follower) assign(a *syntax.Assign) {
	if a.Name == nil || a.Naked {
		return
	}
	v := x.word(a.Value)
	if a.Append || a.Array != nil || a.Index != nil {
		v = open(a.Name.Value)
	}
	x.state.vars[a.Name.Value] = v
	if hexReads(a.Name.Value) {
		x.out.lacks = union(x.out.lacks, v.lacks())
	}
}

// word works out a word.
func (x *follower) word(w *syntax.Word) set {
	if w == nil {
		return texts("")
	}
	return x.parts(x.s.Word(w).Parts)
}

func (x *follower) parts(parts []script.Part) set {
	out := texts("")
	for _, p := range parts {
		var v set
		switch {
		case p.Kind == script.Literal:
			v = texts(p.Text)
		case p.Kind == script.Expression:
			v = x.expressed(p.Text)
		case p.Kind == script.Variable && p.Whole && (!p.Checked || len(parts) == 1):
			v = x.value(p.Text)
		case p.Kind == script.Variable:
			v = carry(open(p.Text), x.value(p.Text).lacks(), nil)
		default:
			v = open("the output of a command")
		}
		out = x.e.concat(out, v)
	}
	return out
}

func (x *follower) value(name string) set {
	if v, assigned := x.state.vars[name]; assigned {
		return v
	}
	return x.variable(name)
}

// look is the value of a word that decides something: what is empty in it was looked at.
func (x *follower) look(w *syntax.Word) set {
	v := x.word(w)
	x.tested = union(x.tested, v.lacks())
	return v
}

// call follows a simple command.
func (x *follower) call(stmt *syntax.Stmt, c *syntax.CallExpr) outcome {
	if len(c.Args) == 0 {
		for _, a := range c.Assigns {
			x.inside(a.Value)
			x.assign(a)
		}
		return either()
	}
	for _, a := range c.Args {
		x.inside(a)
	}
	for _, r := range stmt.Redirs {
		x.inside(r.Word)
	}
	command := x.s.Command(stmt)
	name := command.Name()
	args := command.Words[min(1, len(command.Words)):]
	switch name {
	case "exit":
		return x.exit(args)
	case "true", ":":
		return outcome{yes: true}
	case "false":
		return outcome{no: true}
	case "test", "[":
		return x.testWords(args)
	case "echo", "printf":
		x.print(name, args)
		return outcome{yes: true}
	case "set", "shift", "unset", "trap", "umask":
		return outcome{yes: true}
	case "return":
		return either()
	}
	if body := x.functions[name]; body != nil && x.depth < 5 {
		x.depth++
		defer func() { x.depth-- }()
		x.use(args)
		return x.statement(body, true)
	}
	x.out.commands = append(x.out.commands, command)
	x.out.external = x.out.external || name != "cd" && name != "read" && name != "sleep"
	x.use(command.Words)
	x.use(command.Inputs)
	for _, a := range command.Assigns {
		x.use([]script.Word{a.Value})
	}
	x.fed(name, command)
	return either()
}

// fed is a here-document that goes on to the outputs: cat <<EOF >> $GITHUB_OUTPUT.
func (x *follower) fed(name string, c *script.Command) {
	if x.state.into != "GITHUB_OUTPUT" && x.state.into != "GITHUB_ENV" {
		return
	}
	if (name == "cat" || name == "tee") && len(c.Inputs) == 1 {
		x.write(x.parts(c.Inputs[0].Parts))
		return
	}
	x.write(open("the output of " + name))
}

// use notes that a command is given words.
func (x *follower) use(words []script.Word) {
	for _, w := range words {
		if len(w.Variables()) > 0 || slices.ContainsFunc(w.Parts, func(p script.Part) bool { return p.Kind == script.Expression }) {
			x.out.lacks = union(x.out.lacks, x.parts(w.Parts).lacks())
		}
		if slices.Contains(w.Variables(), "GITHUB_OUTPUT") {
			x.state.openOutputs = true
		}
		if slices.Contains(w.Variables(), "GITHUB_ENV") {
			x.state.openEnv = true
		}
	}
}

// inside follows the commands whose output is a part of a word.
func (x *follower) inside(w *syntax.Word) {
	if w == nil {
		return
	}
	syntax.Walk(w, func(n syntax.Node) bool {
		var list []*syntax.Stmt
		switch c := n.(type) {
		case *syntax.CmdSubst:
			list = c.Stmts
		case *syntax.ProcSubst:
			list = c.Stmts
		default:
			return true
		}
		into := x.state.into
		x.state.into = "pipe"
		x.subshell(list)
		x.state.into = into
		return false
	})
}

func (x *follower) exit(args []script.Word) outcome {
	code := "0"
	if len(args) > 0 {
		code, _ = args[0].Literal()
	}
	if code == "0" {
		x.state.dead, x.well = true, true
	} else {
		x.fail()
	}
	return outcome{yes: code == "0", no: code != "0"}
}

// print is echo and printf.
func (x *follower) print(name string, args []script.Word) {
	for len(args) > 0 && (args[0].Is("-n") || args[0].Is("-e") || args[0].Is("--")) {
		args = args[1:]
	}
	if x.state.into != "GITHUB_OUTPUT" && x.state.into != "GITHUB_ENV" {
		x.use(args)
		if len(args) > 0 && strings.Contains(args[0].Known(), "set-output") {
			x.state.openOutputs = true
		}
		return
	}
	out := texts("")
	for i, w := range args {
		if i > 0 && name == "printf" {
			before, _, formats := strings.Cut(args[0].Known(), "%")
			if formats {
				out = x.e.concat(texts(before), open("printf"))
			}
			break
		}
		if i > 0 {
			out = concatText(out, " ")
		}
		out = x.e.concat(out, x.parts(w.Parts))
	}
	x.write(out)
}

// write puts NAME=value lines into the outputs or the environment.
func (x *follower) write(s set) {
	into, open_ := x.state.outputs, &x.state.openOutputs
	if x.state.into == "GITHUB_ENV" {
		into, open_ = x.state.env, &x.state.openEnv
	}
	written := map[string]set{}
	for _, v := range s {
		known := v.begins()
		t, whole := v.asText()
		if whole {
			known = t
		}
		if strings.Contains(known, "<<") || !strings.Contains(known, "=") {
			*open_ = true
			continue
		}
		for line := range strings.SplitSeq(strings.ReplaceAll(strings.TrimSpace(known), `\n`, "\n"), "\n") {
			name, text, ok := strings.Cut(line, "=")
			if !ok {
				*open_ = true
				continue
			}
			w := textValue(text)
			if !whole {
				w = value{is: anything, text: "a script"}
			}
			w.lacks, w.holds = v.lacks, v.holds
			name = strings.TrimSpace(name)
			written[name] = written[name].with(w)
		}
	}
	for name, v := range written {
		into[name] = v
		if hexReads(name) && x.state.into == "GITHUB_ENV" {
			x.out.lacks = union(x.out.lacks, v.lacks())
		}
	}
}

// testWords is test and [.
func (x *follower) testWords(args []script.Word) outcome {
	if n := len(args); n > 0 && args[n-1].Is("]") {
		args = args[:n-1]
	}
	if len(args) > 0 && args[0].Is("!") {
		o := x.testWords(args[1:])
		return outcome{o.no, o.yes}
	}
	value := func(w script.Word) set {
		v := x.parts(w.Parts)
		x.tested = union(x.tested, v.lacks())
		return v
	}
	switch len(args) {
	case 1:
		return notEmpty(value(args[0]))
	case 2:
		switch op, _ := args[0].Literal(); op {
		case "-n":
			return notEmpty(value(args[1]))
		case "-z":
			o := notEmpty(value(args[1]))
			return outcome{o.no, o.yes}
		}
	case 3:
		op, _ := args[1].Literal()
		if op == "=" || op == "==" || op == "!=" {
			yes, no := compareTexts(value(args[0]), value(args[2]))
			if op == "!=" {
				yes, no = no, yes
			}
			return outcome{yes, no}
		}
	}
	x.use(args)
	return either()
}

func notEmpty(s set) outcome {
	yes, no := compareTexts(s, texts(""))
	return outcome{no, yes}
}

// compareTexts compares as a shell does, with case.
func compareTexts(a, b set) (equal, different bool) {
	for _, v := range a {
		for _, w := range b {
			s, knowS := v.asText()
			t, knowT := w.asText()
			if knowS && knowT {
				equal, different = equal || s == t, different || s != t
				continue
			}
			e, d := meet(v, w)
			equal, different = equal || e, different || d
		}
	}
	return equal, different
}

// test is [[ … ]].
func (x *follower) test(c syntax.TestExpr) outcome {
	switch t := c.(type) {
	case *syntax.Word:
		return notEmpty(x.look(t))
	case *syntax.ParenTest:
		return x.test(t.X)
	case *syntax.UnaryTest:
		return x.unary(t)
	case *syntax.BinaryTest:
		return x.binaryTest(t)
	}
	return either()
}

func (x *follower) unary(t *syntax.UnaryTest) outcome {
	w, isWord := t.X.(*syntax.Word)
	switch {
	case t.Op == syntax.TsNot:
		o := x.test(t.X)
		return outcome{o.no, o.yes}
	case t.Op == syntax.TsNempStr && isWord:
		return notEmpty(x.look(w))
	case t.Op == syntax.TsEmpStr && isWord:
		o := notEmpty(x.look(w))
		return outcome{o.no, o.yes}
	case isWord:
		x.use([]script.Word{x.s.Word(w)})
	}
	return either()
}

func (x *follower) binaryTest(t *syntax.BinaryTest) outcome {
	switch t.Op {
	case syntax.AndTest:
		a, b := x.test(t.X), x.test(t.Y)
		return outcome{a.yes && b.yes, a.no || b.no}
	case syntax.OrTest:
		a, b := x.test(t.X), x.test(t.Y)
		return outcome{a.yes || b.yes, a.no && b.no}
	}
	l, isLeft := t.X.(*syntax.Word)
	r, isRight := t.Y.(*syntax.Word)
	if !isLeft || !isRight {
		return either()
	}
	a, b := x.look(l), x.look(r)
	glob := strings.ContainsAny(x.s.Word(r).Known(), "*?[")
	switch {
	case (t.Op == syntax.TsMatch || t.Op == syntax.TsMatchShort) && !glob:
		yes, no := compareTexts(a, b)
		return outcome{yes, no}
	case t.Op == syntax.TsNoMatch && !glob:
		yes, no := compareTexts(a, b)
		return outcome{no, yes}
	}
	return either()
}
