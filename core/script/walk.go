package script

import (
	"fmt"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// around is what a command inherits from what it stands in.
type around struct {
	function string
	into     string
	inputs   []Word
	sources  []Word
	outputs  []Word
}

// maxRedirects is how many redirections a command takes over from what it stands in, the nearest first.
const maxRedirects = 16

// walker collects the commands of a file. The parser has bounded how deep they are nested; what a shell reads from left
// to right without a bound, such as || or elif, is walked in loops.
type walker struct{ s *Script }

// maxInner is how many scripts within a script are read: of eval and sh -c.
const maxInner = 100

// collect lists the commands. The statement in which the parser broke off may lack anything: what is missing there ends
// the walk.
func (s *Script) collect() {
	if s.File == nil {
		s.cut()
		return
	}
	defer func() {
		if failure := recover(); failure != nil && s.Err == nil {
			s.Err = fmt.Errorf("the script could not be walked: %v", failure)
		}
	}()
	walker{s}.statements(s.File.Stmts, around{})
}

func (w walker) statements(list []*syntax.Stmt, a around) {
	for _, stmt := range list {
		w.statement(stmt, a)
	}
}

func (w walker) statement(stmt *syntax.Stmt, a around) {
	if stmt == nil {
		return
	}
	outer := a
	defer func() { w.redirections(stmt.Redirs, outer) }()
	a = w.redirected(a, stmt.Redirs)
	switch c := stmt.Cmd.(type) {
	case *syntax.CallExpr:
		w.call(stmt, c, a)
	case *syntax.DeclClause:
		w.declaration(c, a)
	case *syntax.BinaryCmd:
		w.binary(c, a)
	case *syntax.FuncDecl:
		if c.Name != nil {
			w.s.functions[c.Name.Value] = true
			a.function = c.Name.Value
		}
		w.statement(c.Body, a)
	case *syntax.TimeClause:
		w.statement(c.Stmt, a)
	case *syntax.CoprocClause:
		w.statement(c.Stmt, a)
	case *syntax.Subshell:
		w.statements(c.Stmts, a)
	case *syntax.Block:
		w.statements(c.Stmts, a)
	default:
		w.compound(stmt.Cmd, a)
	}
}

// compound walks what decides by conditions.
func (w walker) compound(cmd syntax.Command, a around) {
	switch c := cmd.(type) {
	case *syntax.IfClause:
		for ; c != nil; c = c.Else {
			w.statements(c.Cond, a)
			w.statements(c.Then, a)
		}
	case *syntax.WhileClause:
		w.statements(c.Cond, a)
		w.statements(c.Do, a)
	case *syntax.ForClause:
		if items, ok := c.Loop.(*syntax.WordIter); ok {
			w.keyword("for", c.Pos(), items, items.Items, a)
		}
		w.statements(c.Do, a)
	case *syntax.CaseClause:
		if c.Word != nil {
			w.keyword("case", c.Pos(), c.Word, []*syntax.Word{c.Word}, a)
		}
		for _, item := range c.Items {
			w.statements(item.Stmts, a)
		}
	case *syntax.TestClause:
		var words []*syntax.Word
		operands(c.X, func(word *syntax.Word) { words = append(words, word) })
		w.keyword("[[", c.Pos(), c, words, a)
	case *syntax.ArithmCmd:
		w.arithmetic(c.X, a)
	}
}

// binary walks a chain from left to right, with the names of the commands that read from pipes.
func (w walker) binary(c *syntax.BinaryCmd, a around) {
	type link struct {
		stmt *syntax.Stmt
		into string
	}
	var links []link
	here := link{c.Y, a.into}
	for {
		links = append(links, here)
		if c.Op != syntax.AndStmt && c.Op != syntax.OrStmt {
			here.into = w.reader(c.Y)
		}
		here.stmt = c.X
		inner, chained := c.X.Cmd.(*syntax.BinaryCmd)
		if !chained || len(c.X.Redirs) > 0 {
			links = append(links, here)
			break
		}
		c = inner
		here.stmt = c.Y
	}
	for _, l := range slices.Backward(links) {
		a.into = l.into
		w.statement(l.stmt, a)
	}
}

// reader is the name of a command that a pipe leads to.
func (w walker) reader(stmt *syntax.Stmt) string {
	if stmt == nil {
		return "?"
	}
	call, ok := stmt.Cmd.(*syntax.CallExpr)
	if !ok {
		return "?"
	}
	c := &Command{Words: w.words(call.Args[:min(len(call.Args), 16)])} // a name stands in front, whatever runs it
	if c.unwrap(); c.Name() == "" {
		return "?"
	}
	return c.Name()
}

// Command reads one statement of the file that is a simple command, without what stands around it; nil for any other.
func (s *Script) Command(stmt *syntax.Stmt) *Command {
	call, ok := stmt.Cmd.(*syntax.CallExpr)
	if !ok {
		return nil
	}
	w := walker{s}
	c := &Command{Words: w.words(call.Args)}
	for _, assign := range call.Assigns {
		c.Assigns = append(c.Assigns, w.assignment(assign))
	}
	c.unwrap()
	w.place(c, call, w.redirected(around{}, stmt.Redirs))
	return c
}

func (w walker) call(stmt *syntax.Stmt, c *syntax.CallExpr, a around) {
	command := w.s.Command(stmt)
	w.keep(command, c, a)
	for _, assign := range c.Assigns {
		w.insideAssign(assign, a)
	}
	for _, arg := range c.Args {
		w.inside(arg, a)
	}
	w.inner(command, a)
}

// inner walks a script that stands in the words or the input of a command, one level deep.
func (w walker) inner(c *Command, a around) {
	word, l := c.script()
	if word == nil || w.s.inner >= maxInner {
		return
	}
	w.s.inner++
	var text strings.Builder
	spans := []span{}
	for _, p := range word.Parts {
		from := text.Len()
		text.WriteString(p.Text)
		switch {
		case p.Kind == Literal:
			continue
		case p.Kind == Expression:
			spans = append(spans, span{from: from, to: text.Len()})
		case p.Kind == Variable && p.Whole:
			spans = append(spans, span{from: from, to: text.Len(), variable: p.Text})
		default:
			return
		}
	}
	if text.Len() == 0 || text.Len() > MaxLength {
		return
	}
	s := &Script{Language: l, text: text.String(), base: word.Parts[0].At, functions: w.s.functions, inner: maxInner, expressions: spans}
	s.parse()
	s.collect()
	for _, inner := range s.commands {
		inner.Inner = true
		if inner.Function == "" {
			inner.Function = a.function
		}
	}
	w.s.commands = append(w.s.commands, s.commands...)
}

func (w walker) declaration(c *syntax.DeclClause, a around) {
	command := &Command{}
	if c.Variant != nil {
		command.Words = w.named(c.Variant.Value, c.Pos(), nil)
	}
	for _, assign := range c.Args {
		if !assign.Naked {
			command.Assigns = append(command.Assigns, w.assignment(assign))
		} else if assign.Value != nil {
			command.Words = append(command.Words, w.s.Word(assign.Value))
		}
	}
	w.keep(command, c, a)
	for _, assign := range c.Args {
		w.insideAssign(assign, a)
	}
}

func (w walker) assignment(c *syntax.Assign) Assignment {
	out := Assignment{Value: w.s.Word(c.Value)}
	if c.Name != nil {
		out.Name = c.Name.Value
	}
	if c.Array != nil {
		for _, e := range c.Array.Elems {
			out.Members = append(out.Members, w.s.Word(e.Value))
		}
	}
	return out
}

// redirected adds where a statement's input comes from and its output goes to.
func (w walker) redirected(a around, list []*syntax.Redirect) around {
	if len(list) == 0 {
		return a
	}
	a.inputs, a.sources, a.outputs = nearest(a.inputs), nearest(a.sources), nearest(a.outputs)
	for _, r := range list {
		switch r.Op {
		case syntax.Hdoc, syntax.DashHdoc:
			a.inputs = append(a.inputs, w.s.Word(r.Hdoc))
		case syntax.WordHdoc:
			a.inputs = append(a.inputs, w.s.Word(r.Word))
		case syntax.RdrIn, syntax.RdrInOut:
			a.sources = append(a.sources, w.s.Word(r.Word))
		case syntax.DplIn, syntax.DplOut:
		default:
			a.outputs = append(a.outputs, w.s.Word(r.Word))
		}
	}
	return a
}

func nearest(list []Word) []Word {
	return slices.Clip(list[max(0, len(list)-maxRedirects):])
}

// keep adds a command that is written as a node.
func (w walker) keep(c *Command, node syntax.Node, a around) {
	w.place(c, node, a)
	w.s.commands = append(w.s.commands, c)
}

// place notes what stands around a command, and how it is written.
func (w walker) place(c *Command, node syntax.Node, a around) {
	c.Function, c.Into, c.Inputs = a.function, a.into, a.inputs
	c.Sources, c.Outputs = a.sources, a.outputs
	from, to := int(node.Pos().Offset()), int(node.End().Offset())
	if from <= to && to <= len(w.s.text) {
		c.Text = w.s.text[from:to]
	}
	c.At = w.s.base + from
}

// keyword adds what is no command by its own name.
func (w walker) keyword(name string, at syntax.Pos, node syntax.Node, words []*syntax.Word, a around) {
	w.keep(&Command{Words: w.named(name, at, words)}, node, a)
	for _, word := range words {
		w.inside(word, a)
	}
}

// named are the words of what is not written as a command.
func (w walker) named(name string, at syntax.Pos, words []*syntax.Word) []Word {
	first := Word{Parts: []Part{{Kind: Literal, Text: name, At: w.s.at(at)}}, At: w.s.at(at)}
	return append([]Word{first}, w.words(words)...)
}

func (w walker) words(list []*syntax.Word) []Word {
	out := make([]Word, 0, len(list))
	for _, word := range list {
		out = append(out, w.s.Word(word))
	}
	return out
}

func (w walker) redirections(list []*syntax.Redirect, a around) {
	for _, r := range list {
		w.inside(r.Word, a)
		w.inside(r.Hdoc, a)
	}
}

func (w walker) insideAssign(c *syntax.Assign, a around) {
	w.inside(c.Value, a)
	w.arithmetic(c.Index, a)
	if c.Array != nil {
		for _, e := range c.Array.Elems {
			w.inside(e.Value, a)
		}
	}
}

// inside walks the commands whose output is a part of a word.
func (w walker) inside(word *syntax.Word, a around) {
	if word != nil {
		w.insideParts(word.Parts, around{function: a.function})
	}
}

func (w walker) insideParts(parts []syntax.WordPart, a around) {
	for _, part := range parts {
		switch p := part.(type) {
		case *syntax.DblQuoted:
			w.insideParts(p.Parts, a)
		case *syntax.CmdSubst:
			w.statements(p.Stmts, a)
		case *syntax.ProcSubst:
			w.statements(p.Stmts, a)
		case *syntax.ArithmExp:
			w.arithmetic(p.X, a)
		case *syntax.ParamExp:
			w.arithmetic(p.Index, a)
			if p.Exp != nil {
				w.inside(p.Exp.Word, a)
			}
			if p.Repl != nil {
				w.inside(p.Repl.Orig, a)
				w.inside(p.Repl.With, a)
			}
			if p.Slice != nil {
				w.arithmetic(p.Slice.Offset, a)
				w.arithmetic(p.Slice.Length, a)
			}
		}
	}
}

func (w walker) arithmetic(x syntax.ArithmExpr, a around) {
	operands(x, func(word *syntax.Word) { w.inside(word, a) })
}

// operands are the words of an expression: one of arithmetic, which many operators nest on its left, or of a test, in
// [[ … ]], which they nest on its right.
func operands(x syntax.Node, each func(*syntax.Word)) {
	for x != nil {
		switch e := x.(type) {
		case *syntax.Word:
			each(e)
			return
		case *syntax.BinaryArithm:
			operands(e.Y, each)
			x = e.X
		case *syntax.BinaryTest:
			operands(e.X, each)
			x = e.Y
		case *syntax.UnaryArithm:
			x = e.X
		case *syntax.UnaryTest:
			x = e.X
		case *syntax.ParenArithm:
			x = e.X
		case *syntax.ParenTest:
			x = e.X
		default:
			return
		}
	}
}
