package abstract

import (
	"maps"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/gh-hex/gh-hex/core/script"
)

// effect is what a script does, as far as a simulation asks, given the values of its variables.
type Effect struct {
	Lacks    []any             // empty secrets that a command that is reached is given, or for which the script fails
	Tested   []any             // those that it tests for
	External bool              // a command of another program is reached: it may read the environment by itself
	Commands []*script.Command // those that are reached
	Outputs  *Fields           // of the step
	Env      *Fields           // what it puts into the environment of later steps; open where that is not known
	fails    bool              // it may end with an error of its own making
	Ends     bool              // it ends with one, whatever happens
}

// maxStatements bounds how much of a script is followed.
const MaxStatements = 3000

// follower follows the control flow of a script, both ways where a condition is not decided.
type Follower struct {
	S         *script.Script
	Variable  func(name string) Set
	Expressed func(text string) Set  // of ${{ … }}
	Reads     func(name string) bool // tells variables that programs read by themselves
	E         *Evaluator
	Left      int
	functions map[string]*syntax.Stmt
	depth     int

	state    *shellState
	tested   []any
	exported []any // in variables that other programs see
	out      Effect
	well     bool // some way through ends well
}

// shellState is what a script has done at one place.
type shellState struct {
	vars, outputs, env map[string]Set
	openOutputs        bool
	openEnv            bool
	dead               bool
	into               string // where what is printed goes: GITHUB_OUTPUT, GITHUB_ENV, or somewhere else
}

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
	s.vars, s.outputs, s.env = joinSets(s.vars, t.vars, nil), joinSets(s.outputs, t.outputs, Texts("")), joinSets(s.env, t.env, nil)
	s.openOutputs, s.openEnv = s.openOutputs || t.openOutputs, s.openEnv || t.openEnv
	return s
}

// joinSets joins values by name; missing stands for one that only one of them has.
func joinSets(a, b map[string]Set, missing Set) map[string]Set {
	out := map[string]Set{}
	for _, m := range []map[string]Set{a, b} {
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
				x = x.And(y).And(Open(name))
			}
			out[name] = x.And(y)
		}
	}
	return out
}

// follow works out what a script does.
func (x *Follower) Follow() Effect {
	x.state = &shellState{vars: map[string]Set{}, outputs: map[string]Set{}, env: map[string]Set{}}
	x.Left, x.functions = MaxStatements, map[string]*syntax.Stmt{}
	x.statements(x.S.File.Stmts, false)
	if x.Left <= 0 || x.S.Err != nil {
		x.state.openOutputs, x.state.openEnv, x.out.External = true, true, true
	}
	if x.out.External {
		x.out.Lacks = Union(x.out.Lacks, x.exported)
	}
	x.out.Outputs, x.out.Env = NewFields(""), NewFields("")
	if x.state.openOutputs || x.out.External && len(x.state.outputs) == 0 {
		x.out.Outputs.Open = "the outputs of a script"
	}
	if x.state.openEnv {
		x.out.Env.Open = "GITHUB_ENV"
	}
	for _, name := range slices.Sorted(maps.Keys(x.state.outputs)) {
		x.out.Outputs.Put(name, x.state.outputs[name])
	}
	for _, name := range slices.Sorted(maps.Keys(x.state.env)) {
		x.out.Env.Put(name, x.state.env[name])
	}
	x.out.Tested = x.tested
	x.out.Ends = x.out.fails && x.state.dead && !x.well
	return x.out
}

func (x *Follower) statements(list []*syntax.Stmt, condition bool) Outcome {
	last := Certain(true)
	for _, stmt := range list {
		if x.state.dead {
			return last
		}
		last = x.statement(stmt, condition)
	}
	return last
}

// statement follows one statement. Where it fails for certain and nothing looks at that, the script ends.
func (x *Follower) statement(stmt *syntax.Stmt, condition bool) Outcome {
	x.Left--
	if stmt == nil || stmt.Cmd == nil || x.Left <= 0 || x.state.dead {
		return Either()
	}
	before := x.state.into
	x.redirect(stmt.Redirs)
	out := x.command(stmt, condition)
	x.state.into = before
	if stmt.Negated {
		out, condition = out.Not(), true
	}
	if !condition && !out.Yes && out.No {
		x.fail()
	}
	return out
}

// fail ends the script with an error. What it looked at before that was empty is what it fails on.
func (x *Follower) fail() {
	x.state.dead, x.out.fails = true, true
	x.out.Lacks = Union(x.out.Lacks, x.tested)
}

func (x *Follower) redirect(list []*syntax.Redirect) {
	for _, r := range list {
		if r.Word == nil || r.Op != syntax.RdrOut && r.Op != syntax.AppOut && r.Op != syntax.RdrAll && r.Op != syntax.AppAll {
			continue
		}
		x.state.into = "file"
		for _, name := range x.S.Word(r.Word).Variables() {
			if name == "GITHUB_OUTPUT" || name == "GITHUB_ENV" {
				x.state.into = name
			}
		}
	}
}

func (x *Follower) command(stmt *syntax.Stmt, condition bool) Outcome {
	switch c := stmt.Cmd.(type) {
	case *syntax.CallExpr:
		return x.call(stmt, c)
	case *syntax.DeclClause:
		for _, a := range c.Args {
			x.inside(a.Value)
			x.assign(a)
			if c.Variant != nil && c.Variant.Value == "export" {
				x.exported = Union(x.exported, x.word(a.Value).Lacks())
			}
		}
		return Certain(true)
	case *syntax.BinaryCmd:
		return x.binary(c, condition)
	case *syntax.IfClause:
		return x.choose(c)
	case *syntax.CaseClause:
		return x.cases(c)
	case *syntax.WhileClause:
		x.maybe(func() { x.statements(c.Cond, true); x.statements(c.Do, true) })
		return Either()
	case *syntax.ForClause:
		if items, ok := c.Loop.(*syntax.WordIter); ok {
			for _, w := range items.Items {
				x.inside(w)
				x.use([]script.Word{x.S.Word(w)})
			}
		}
		x.maybe(func() { x.statements(c.Do, true) })
		return Either()
	case *syntax.Block:
		return x.statements(c.Stmts, condition)
	case *syntax.Subshell:
		return x.subshell(c.Stmts)
	case *syntax.FuncDecl:
		if c.Name != nil {
			x.functions[c.Name.Value] = c.Body
		}
		return Certain(true)
	case *syntax.TestClause:
		return x.test(c.X)
	case *syntax.TimeClause:
		return x.statement(c.Stmt, condition)
	}
	return Either()
}

// maybe follows what may happen any number of times.
func (x *Follower) maybe(body func()) {
	before := x.state.clone()
	body()
	for _, pair := range [][2]map[string]Set{{before.vars, x.state.vars}, {before.outputs, x.state.outputs}, {before.env, x.state.env}} {
		for name, v := range pair[1] {
			if old, there := pair[0][name]; !there || len(old) != len(v) {
				pair[1][name] = v.And(carry(Open(name), v.Lacks(), v.Holds()))
			}
		}
	}
	x.state = before.join(x.state)
}

func (x *Follower) subshell(list []*syntax.Stmt) Outcome {
	before := x.state.vars
	out := x.statements(list, true)
	x.state.dead, x.state.vars = false, before
	return out
}

// piped follows what prints into something that reads it.
func (x *Follower) piped(list []*syntax.Stmt) {
	into := x.state.into
	x.state.into = "pipe"
	x.subshell(list)
	x.state.into = into
}

// branch follows what is done when a condition is met and when it is not.
func (x *Follower) branch(o Outcome, yes, no func() Outcome) Outcome {
	switch {
	case !o.No:
		return yes()
	case !o.Yes:
		return no()
	}
	before := x.state.clone()
	a := yes()
	after := x.state
	x.state = before
	b := no()
	x.state = after.join(x.state)
	return a.Join(b)
}

func (x *Follower) binary(c *syntax.BinaryCmd, condition bool) Outcome {
	switch c.Op {
	case syntax.AndStmt:
		l := x.statement(c.X, true)
		if l.No && !l.Yes {
			return Either() // a list that ends so does not end the script
		}
		return x.branch(l, func() Outcome { return x.statement(c.Y, condition) }, Either)
	case syntax.OrStmt:
		l := x.statement(c.X, true)
		return x.branch(l, succeeds, func() Outcome { return x.statement(c.Y, condition) })
	}
	x.piped([]*syntax.Stmt{c.X})
	x.state.openOutputs = x.state.openOutputs || x.state.into == "GITHUB_OUTPUT"
	return x.subshell([]*syntax.Stmt{c.Y})
}

func succeeds() Outcome { return Certain(true) }

func (x *Follower) choose(c *syntax.IfClause) Outcome {
	if len(c.Cond) == 0 { // else
		return x.statements(c.Then, false)
	}
	return x.branch(x.statements(c.Cond, true), func() Outcome { return x.statements(c.Then, false) }, func() Outcome {
		if c.Else == nil {
			return Certain(true)
		}
		return x.choose(c.Else)
	})
}

func (x *Follower) cases(c *syntax.CaseClause) Outcome {
	of := x.look(c.Word)
	out := Certain(true)
	for _, item := range c.Items {
		o := Either()
		if len(item.Patterns) == 1 {
			pattern, known := x.S.Word(item.Patterns[0]).Literal()
			switch {
			case known && pattern == "*":
				o = Certain(true)
			case known && !strings.ContainsAny(pattern, "*?["):
				o = compareTexts(of, Texts(pattern))
			}
		}
		if !o.Yes {
			continue
		}
		body := func() Outcome { return x.statements(item.Stmts, false) }
		if !o.No {
			return body()
		}
		out = x.branch(o, body, succeeds)
	}
	return out
}

func (x *Follower) assign(a *syntax.Assign) {
	if a.Name == nil || a.Naked {
		return
	}
	v := x.word(a.Value)
	if a.Append || a.Array != nil || a.Index != nil {
		v = Open(a.Name.Value)
	}
	x.state.vars[a.Name.Value] = v
	if x.Reads(a.Name.Value) {
		x.out.Lacks = Union(x.out.Lacks, v.Lacks())
	}
}

// word works out a word.
func (x *Follower) word(w *syntax.Word) Set {
	if w == nil {
		return Texts("")
	}
	return x.parts(x.S.Word(w).Parts)
}

func (x *Follower) parts(parts []script.Part) Set {
	out := Texts("")
	for _, p := range parts {
		var v Set
		switch {
		case p.Kind == script.Literal:
			v = Texts(p.Text)
		case p.Kind == script.Expression:
			v = x.Expressed(p.Text)
		case p.Kind == script.Variable && p.Whole && (!p.Checked || len(parts) == 1):
			v = x.value(p.Text)
		case p.Kind == script.Variable:
			v = carry(Open(p.Text), x.value(p.Text).Lacks(), nil)
		default:
			v = Open("the output of a command")
		}
		out = x.E.concat(out, v)
	}
	return out
}

func (x *Follower) value(name string) Set {
	if v, assigned := x.state.vars[name]; assigned {
		return v
	}
	return x.Variable(name)
}

// look is the value of a word that decides something: what is empty in it was looked at.
func (x *Follower) look(w *syntax.Word) Set {
	v := x.word(w)
	x.tested = Union(x.tested, v.Lacks())
	return v
}

// call follows a simple command.
func (x *Follower) call(stmt *syntax.Stmt, c *syntax.CallExpr) Outcome {
	if len(c.Args) == 0 {
		for _, a := range c.Assigns {
			x.inside(a.Value)
			x.assign(a)
		}
		return Either()
	}
	for _, a := range c.Args {
		x.inside(a)
	}
	for _, r := range stmt.Redirs {
		x.inside(r.Word)
	}
	command := x.S.Command(stmt)
	name, args := command.Name(), command.Words[min(1, len(command.Words)):]
	switch name {
	case "exit":
		return x.exit(args)
	case "true", ":", "set", "shift", "unset", "trap", "umask":
		return Certain(true)
	case "false":
		return Certain(false)
	case "test", "[":
		return x.testWords(args)
	case "echo", "printf":
		x.print(name, args)
		return Certain(true)
	case "return":
		return Either()
	}
	if body := x.functions[name]; body != nil && x.depth < 5 {
		x.depth++
		defer func() { x.depth-- }()
		x.use(args)
		return x.statement(body, true)
	}
	x.program(name, command)
	return Either()
}

// program is a command that the shell leaves to a program.
func (x *Follower) program(name string, c *script.Command) {
	x.out.Commands = append(x.out.Commands, c)
	x.out.External = x.out.External || name != "cd" && name != "read" && name != "sleep"
	x.use(c.Words)
	x.use(c.Inputs)
	for _, a := range c.Assigns {
		x.use([]script.Word{a.Value})
	}
	x.fed(name, c)
}

// fed is a here-document that goes on to the outputs: cat <<EOF >> $GITHUB_OUTPUT.
func (x *Follower) fed(name string, c *script.Command) {
	if x.state.into != "GITHUB_OUTPUT" && x.state.into != "GITHUB_ENV" {
		return
	}
	if (name == "cat" || name == "tee") && len(c.Inputs) == 1 {
		x.write(x.parts(c.Inputs[0].Parts))
		return
	}
	x.write(Open("the output of " + name))
}

// use notes that a command is given words.
func (x *Follower) use(words []script.Word) {
	for _, w := range words {
		if len(w.Variables()) > 0 || slices.ContainsFunc(w.Parts, func(p script.Part) bool { return p.Kind == script.Expression }) {
			x.out.Lacks = Union(x.out.Lacks, x.parts(w.Parts).Lacks())
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
func (x *Follower) inside(w *syntax.Word) {
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
		x.piped(list)
		return false
	})
}

func (x *Follower) exit(args []script.Word) Outcome {
	code := "0"
	if len(args) > 0 {
		code, _ = args[0].Literal()
	}
	if code == "0" {
		x.state.dead, x.well = true, true
	} else {
		x.fail()
	}
	return Certain(code == "0")
}

// print is echo and printf.
func (x *Follower) print(name string, args []script.Word) {
	for len(args) > 0 && (args[0].Is("-n") || args[0].Is("-e") || args[0].Is("--")) {
		args = args[1:]
	}
	if x.state.into == "GITHUB_OUTPUT" || x.state.into == "GITHUB_ENV" {
		x.write(x.printed(name, args))
		return
	}
	x.use(args)
	if len(args) > 0 && strings.Contains(args[0].Known(), "set-output") {
		x.setOutput(x.printed(name, args))
	}
}

// setOutput is the older way to name an output, which GitHub still takes: ::set-output name=NAME::VALUE, printed to the log.
func (x *Follower) setOutput(s Set) {
	const command = "::set-output name="
	var lines Set
	for _, v := range s {
		name, text, ok := strings.Cut(strings.TrimPrefix(v.begins(), command), "::")
		if !ok || x.state.into != "" || !strings.HasPrefix(v.begins(), command) {
			x.state.openOutputs = true
			return
		}
		line := TextValue(name + "=" + text)
		if _, whole := v.AsText(); !whole {
			line = Value{Is: Opaque, Opaque: &Opacity{Prefix: line.Text}}
		}
		line.Lacks, line.Holds = v.Lacks, v.Holds
		lines = lines.With(line)
	}
	x.state.into = "GITHUB_OUTPUT"
	x.write(lines)
	x.state.into = ""
}

// printed is what echo and printf print.
func (x *Follower) printed(name string, args []script.Word) Set {
	out := Texts("")
	for i, w := range args {
		if i > 0 && name == "printf" {
			before, _, formats := strings.Cut(args[0].Known(), "%")
			if formats {
				out = x.E.concat(Texts(before), Open("printf"))
			}
			break
		}
		if i > 0 {
			out = concatText(out, " ")
		}
		out = x.E.concat(out, x.parts(w.Parts))
	}
	return out
}

// write puts NAME=value lines into the outputs or the environment.
func (x *Follower) write(s Set) {
	into, open_ := x.state.outputs, &x.state.openOutputs
	if x.state.into == "GITHUB_ENV" {
		into, open_ = x.state.env, &x.state.openEnv
	}
	written := map[string]Set{}
	for _, v := range s {
		known := v.begins()
		t, whole := v.AsText()
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
			w := TextValue(text)
			if !whole {
				w = Value{Is: Anything, Text: "a script"}
			}
			w.Lacks, w.Holds = v.Lacks, v.Holds
			name = strings.TrimSpace(name)
			written[name] = written[name].With(w)
		}
	}
	for name, v := range written {
		into[name] = v
		if x.Reads(name) && x.state.into == "GITHUB_ENV" {
			x.out.Lacks = Union(x.out.Lacks, v.Lacks())
		}
	}
}

// testWords is test and [.
func (x *Follower) testWords(args []script.Word) Outcome {
	if n := len(args); n > 0 && args[n-1].Is("]") {
		args = args[:n-1]
	}
	if len(args) > 0 && args[0].Is("!") {
		return x.testWords(args[1:]).Not()
	}
	value := func(w script.Word) Set {
		v := x.parts(w.Parts)
		x.tested = Union(x.tested, v.Lacks())
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
			return notEmpty(value(args[1])).Not()
		}
	case 3:
		switch op, _ := args[1].Literal(); op {
		case "=", "==":
			return compareTexts(value(args[0]), value(args[2]))
		case "!=":
			return compareTexts(value(args[0]), value(args[2])).Not()
		}
	}
	x.use(args)
	return Either()
}

func notEmpty(s Set) Outcome { return compareTexts(s, Texts("")).Not() }

// compareTexts compares as a shell does, with case.
func compareTexts(a, b Set) Outcome {
	var equal Outcome
	for _, v := range a {
		for _, w := range b {
			s, knowS := v.AsText()
			t, knowT := w.AsText()
			if knowS && knowT {
				equal = equal.Join(Certain(s == t))
			} else {
				equal = equal.Join(meet(v, w))
			}
		}
	}
	return equal
}

// test is [[ … ]].
func (x *Follower) test(c syntax.TestExpr) Outcome {
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
	return Either()
}

func (x *Follower) unary(t *syntax.UnaryTest) Outcome {
	w, isWord := t.X.(*syntax.Word)
	switch {
	case t.Op == syntax.TsNot:
		return x.test(t.X).Not()
	case t.Op == syntax.TsNempStr && isWord:
		return notEmpty(x.look(w))
	case t.Op == syntax.TsEmpStr && isWord:
		return notEmpty(x.look(w)).Not()
	case isWord:
		x.use([]script.Word{x.S.Word(w)})
	}
	return Either()
}

func (x *Follower) binaryTest(t *syntax.BinaryTest) Outcome {
	switch t.Op {
	case syntax.AndTest:
		return x.test(t.X).And(x.test(t.Y))
	case syntax.OrTest:
		return x.test(t.X).Or(x.test(t.Y))
	}
	l, isLeft := t.X.(*syntax.Word)
	r, isRight := t.Y.(*syntax.Word)
	if !isLeft || !isRight {
		return Either()
	}
	a, b := x.look(l), x.look(r)
	glob := strings.ContainsAny(x.S.Word(r).Known(), "*?[")
	switch {
	case (t.Op == syntax.TsMatch || t.Op == syntax.TsMatchShort) && !glob:
		return compareTexts(a, b)
	case t.Op == syntax.TsNoMatch && !glob:
		return compareTexts(a, b).Not()
	}
	return Either()
}
