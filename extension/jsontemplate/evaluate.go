package jsontemplate

import (
	"strings"
	"text/template/parse"
)

// pipeline evaluates a pipeline and sets the variables that it declares. It never returns nil; see noValue.
func (s *state) pipeline(dot any, pipe *parse.PipeNode) (any, error) {
	if pipe == nil {
		return noValue{}, nil
	}
	s.at(pipe)
	var v any = absent{}
	for _, cmd := range pipe.Cmds {
		result, err := s.command(dot, cmd, v)
		if err != nil {
			return nil, err
		}
		v = unwrap(result)
	}
	for _, decl := range pipe.Decl {
		if !pipe.IsAssign {
			s.vars = append(s.vars, variable{decl.Ident[0], v})
		} else if err := s.assign(decl.Ident[0], v); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// command evaluates one command of a pipeline; final is the value of the command before it.
func (s *state) command(dot any, cmd *parse.CommandNode, final any) (any, error) {
	extra := len(cmd.Args) > 1 || final != (absent{})
	switch n := cmd.Args[0].(type) {
	case *parse.IdentifierNode:
		return s.call(dot, n, cmd, cmd.Args[1:], final)
	case *parse.FieldNode:
		s.at(n)
		return s.fields(dot, n.Ident, extra)
	case *parse.ChainNode:
		return s.chain(dot, n, extra)
	case *parse.VariableNode:
		return s.variable(n, extra)
	case *parse.PipeNode:
		if extra {
			return nil, s.errorf("can't give argument to non-function %s", n)
		}
		return s.pipeline(dot, n)
	}
	s.at(cmd.Args[0])
	if extra {
		return nil, s.errorf("can't give argument to non-function %s", cmd.Args[0])
	}
	if cmd.Args[0].Type() == parse.NodeNil {
		return nil, s.errorf("nil is not a command")
	}
	return s.literal(dot, cmd.Args[0])
}

func (s *state) variable(n *parse.VariableNode, extra bool) (any, error) {
	s.at(n)
	v, err := s.find(n.Ident[0])
	if err != nil {
		return nil, err
	}
	if len(n.Ident) > 1 {
		return s.fields(v.value, n.Ident[1:], extra)
	}
	if extra {
		return nil, s.errorf("can't give argument to non-function %s", n)
	}
	return v.value, nil
}

// chain evaluates (pipeline).Field.Field.
func (s *state) chain(dot any, n *parse.ChainNode, extra bool) (any, error) {
	s.at(n)
	v, err := s.operand(dot, n.Node)
	if err != nil {
		return nil, err
	}
	return s.fields(v, n.Field, extra)
}

// fields follows names from object to object; extra tells that there are arguments, which no field takes.
func (s *state) fields(v any, names []string, extra bool) (any, error) {
	for i, name := range names {
		if v == (noValue{}) {
			return v, nil
		}
		if v == nil {
			return nil, s.errorf("nil pointer evaluating interface {}.%s", name)
		}
		object, ok := v.(map[string]any)
		if !ok {
			return nil, s.errorf("can't evaluate field %s in type %s", name, typeName(v))
		}
		if extra && i == len(names)-1 {
			return nil, s.errorf("%s is not a method but has arguments", name)
		}
		if v, ok = object[name]; !ok {
			v = noValue{}
		}
	}
	return v, nil
}

// operand evaluates a node that stands for a value of any type.
func (s *state) operand(dot any, node parse.Node) (any, error) {
	s.at(node)
	switch n := node.(type) {
	case *parse.FieldNode:
		return s.fields(dot, n.Ident, false)
	case *parse.VariableNode:
		return s.variable(n, false)
	case *parse.PipeNode:
		return s.pipeline(dot, n)
	case *parse.IdentifierNode:
		return s.call(dot, n, n, nil, absent{})
	case *parse.ChainNode:
		return s.chain(dot, n, false)
	}
	return s.literal(dot, node)
}

func (s *state) literal(dot any, node parse.Node) (any, error) {
	switch n := node.(type) {
	case *parse.DotNode:
		return dot, nil
	case *parse.BoolNode:
		return n.True, nil
	case *parse.StringNode:
		return n.Text, nil
	case *parse.NumberNode:
		return s.number(n)
	}
	return nil, s.errorf("can't evaluate command %q", node)
}

// number gives a number the type that its syntax suggests.
func (s *state) number(n *parse.NumberNode) (any, error) {
	switch {
	case n.IsComplex:
		return n.Complex128, nil
	case n.IsFloat && looksLikeFloat(n.Text):
		return n.Float64, nil
	case n.IsInt && int64(int(n.Int64)) == n.Int64:
		return int(n.Int64), nil
	}
	return nil, s.errorf("%s overflows int", n.Text)
}

func looksLikeFloat(text string) bool {
	if text[0] == '\'' {
		return false
	}
	lower := strings.ToLower(text)
	if strings.HasPrefix(lower, "0x") {
		return strings.Contains(lower, "p")
	}
	return strings.ContainsAny(lower, ".ep")
}

// argument evaluates a node as an argument of kind k. A literal must be of that kind by its syntax.
func (s *state) argument(dot any, k kind, node parse.Node) (any, error) {
	s.at(node)
	switch n := node.(type) {
	case *parse.NilNode:
		v, err := k.zero("cannot assign nil to %s")
		return v, s.wrap(err)
	case *parse.BoolNode, *parse.StringNode:
		return s.literalArgument(dot, k, node)
	case *parse.NumberNode:
		if k == intKind && n.IsInt { // 3.0 is one too, where an int is wanted
			return int(n.Int64), nil
		}
		return s.literalArgument(dot, k, node)
	}
	v, err := s.operand(dot, node)
	if err != nil {
		return nil, err
	}
	v, err = k.accept(v)
	return v, s.wrap(err)
}

func (s *state) literalArgument(dot any, k kind, node parse.Node) (any, error) {
	_, text := node.(*parse.StringNode)
	switch {
	case k == anyKind, k == stringKind && text:
		return s.literal(dot, node)
	case k == stringKind:
		return nil, s.errorf("expected string; found %s", node)
	case k == intKind:
		return nil, s.errorf("expected integer; found %s", node)
	}
	return nil, s.errorf("can't handle %s for arg of type %s", node, k)
}

// wrap adds the place to an error.
func (s *state) wrap(err error) error {
	if err == nil {
		return nil
	}
	return s.errorf("%w", err)
}

// call calls a function. The value of the command before it, if there is one, is its last argument; node is what errors
// of the function itself are reported at.
func (s *state) call(dot any, name *parse.IdentifierNode, node parse.Node, args []parse.Node, final any) (any, error) {
	s.at(name)
	f := s.functions[name.Ident]
	if err := f.checkCount(name.Ident, len(args), final != (absent{})); err != nil {
		return nil, s.wrap(err)
	}
	if f.until != nil {
		return s.shortCircuit(dot, *f.until, args, final)
	}
	values := make([]any, len(args), len(args)+1)
	for i, arg := range args {
		v, err := s.argument(dot, f.param(i), arg)
		if err != nil {
			return nil, err
		}
		values[i] = v
	}
	if final != (absent{}) {
		v, err := f.param(len(args)).accept(final)
		if err != nil {
			return nil, s.wrap(err)
		}
		values = append(values, v)
	}
	v, err := f.call(values)
	if err != nil {
		s.at(node)
		return nil, s.errorf("error calling %s: %w", name.Ident, err)
	}
	return v, nil
}

// shortCircuit evaluates arguments until one's truth is until; the last one evaluated is the result.
func (s *state) shortCircuit(dot any, until bool, args []parse.Node, final any) (any, error) {
	var v any
	for _, arg := range args {
		var err error
		if v, err = s.argument(dot, anyKind, arg); err != nil {
			return nil, err
		}
		if isTrue(v) == until {
			return v, nil
		}
	}
	if final != (absent{}) {
		return final, nil
	}
	return v, nil
}
