package jsontemplate

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/template/parse"
)

// maxDepth bounds templates that call templates, as in text/template.
const maxDepth = 100000

// errBreak and errContinue travel up to the range that they belong to; the parser lets them stand in a range only.
var (
	errBreak    = errors.New("break")
	errContinue = errors.New("continue")
)

// state is the execution of one template.
type state struct {
	out       io.Writer
	trees     map[string]*parse.Tree
	functions map[string]function

	tree  *parse.Tree // the template that is executed
	node  parse.Node  // where execution is, for errors
	vars  []variable  // a stack: the innermost is last
	depth int
}

type variable struct {
	name  string
	value any
}

func (s *state) at(node parse.Node) { s.node = node }

func (s *state) errorf(format string, args ...any) error {
	location, context := s.tree.ErrorContext(s.node)
	return fmt.Errorf("template: %s: executing %q at <%s>: %w", location, s.tree.Name, context, fmt.Errorf(format, args...))
}

func (s *state) pop(mark int) { s.vars = s.vars[:mark] }

// find returns the innermost variable of that name. The parser lets one be assigned to that was never declared.
func (s *state) find(name string) (*variable, error) {
	for i := len(s.vars) - 1; i >= 0; i-- {
		if s.vars[i].name == name {
			return &s.vars[i], nil
		}
	}
	return nil, s.errorf("undefined variable: %s", name)
}

func (s *state) assign(name string, value any) error {
	v, err := s.find(name)
	if err != nil {
		return err
	}
	v.value = value
	return nil
}

func (s *state) walk(dot any, node parse.Node) error {
	s.at(node)
	switch n := node.(type) {
	case *parse.TextNode:
		_, err := s.out.Write(n.Text)
		return err
	case *parse.ListNode:
		return s.walkList(dot, n)
	case *parse.ActionNode:
		return s.walkAction(dot, n)
	case *parse.IfNode:
		return s.walkIf(dot, &n.BranchNode)
	case *parse.WithNode:
		return s.walkWith(dot, &n.BranchNode)
	case *parse.RangeNode:
		return s.walkRange(dot, n)
	case *parse.TemplateNode:
		return s.walkTemplate(dot, n)
	case *parse.BreakNode:
		return errBreak
	case *parse.ContinueNode:
		return errContinue
	}
	return s.errorf("unknown node: %s", node)
}

func (s *state) walkList(dot any, list *parse.ListNode) error {
	if list == nil { // no else
		return nil
	}
	for _, node := range list.Nodes {
		if err := s.walk(dot, node); err != nil {
			return err
		}
	}
	return nil
}

func (s *state) walkAction(dot any, n *parse.ActionNode) error {
	v, err := s.pipeline(dot, n.Pipe)
	if err != nil || len(n.Pipe.Decl) > 0 {
		return err
	}
	if v == (noValue{}) {
		v = "<no value>"
	}
	_, err = fmt.Fprint(s.out, v)
	return err
}

func (s *state) walkIf(dot any, n *parse.BranchNode) error {
	defer s.pop(len(s.vars))
	v, err := s.pipeline(dot, n.Pipe)
	if err != nil {
		return err
	}
	if isTrue(v) {
		return s.walkList(dot, n.List)
	}
	return s.walkList(dot, n.ElseList)
}

func (s *state) walkWith(dot any, n *parse.BranchNode) error {
	defer s.pop(len(s.vars))
	v, err := s.pipeline(dot, n.Pipe)
	if err != nil {
		return err
	}
	if isTrue(v) {
		return s.walkList(v, n.List)
	}
	return s.walkList(dot, n.ElseList)
}

// walkTemplate calls another template. It sees no variable of the caller.
func (s *state) walkTemplate(dot any, n *parse.TemplateNode) error {
	tree := s.trees[n.Name]
	if tree == nil {
		return s.errorf("template %q not defined", n.Name)
	}
	if s.depth == maxDepth {
		return s.errorf("exceeded maximum template depth (%v)", maxDepth)
	}
	v, err := s.pipeline(dot, n.Pipe)
	if err != nil {
		return err
	}
	called := *s
	called.tree, called.depth, called.vars = tree, s.depth+1, []variable{{"$", v}}
	return called.walk(v, tree.Root)
}

func (s *state) walkRange(dot any, n *parse.RangeNode) error {
	defer s.pop(len(s.vars))
	v, err := s.pipeline(dot, n.Pipe)
	if err != nil {
		return err
	}
	ran, err := s.iterate(v, n)
	if err == nil && !ran {
		err = s.walkList(dot, n.ElseList)
	}
	if errors.Is(err, errBreak) { // even one of the else branch, as in text/template
		return nil
	}
	return err
}

// iterate runs the body for each element of v, and tells whether there was one.
func (s *state) iterate(v any, n *parse.RangeNode) (ran bool, err error) {
	switch v := v.(type) {
	case noValue:
		return false, nil
	case []any:
		for i, e := range v {
			if err := s.iteration(n, i, e); err != nil {
				return true, err
			}
		}
		return len(v) > 0, nil
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if err := s.iteration(n, key, v[key]); err != nil {
				return true, err
			}
		}
		return len(v) > 0, nil
	case int:
		return count(s, v, n)
	case uint8:
		return count(s, v, n)
	}
	return false, s.errorf("range can't iterate over %v", v)
}

func count[N int | uint8](s *state, limit N, n *parse.RangeNode) (ran bool, err error) {
	if len(n.Pipe.Decl) > 1 {
		return false, s.errorf("can't use %v to iterate over more than one variable", limit)
	}
	for i := N(0); i < limit; i++ {
		if err := s.iteration(n, noValue{}, i); err != nil {
			return true, err
		}
	}
	return limit > 0, nil
}

func (s *state) iteration(n *parse.RangeNode, index, element any) error {
	defer s.pop(len(s.vars))
	if err := s.setRangeVariables(n.Pipe, index, element); err != nil {
		return err
	}
	if err := s.walkList(element, n.List); err != nil && !errors.Is(err, errContinue) {
		return err
	}
	return nil
}

// setRangeVariables sets one variable to the element, two to the index and the element.
func (s *state) setRangeVariables(pipe *parse.PipeNode, index, element any) error {
	values := []any{index, element}[2-len(pipe.Decl):]
	for i, v := range values {
		if !pipe.IsAssign {
			// Declared ones are on top of the stack; their names need not be looked up, and may be equal.
			s.vars[len(s.vars)-len(values)+i].value = v
		} else if err := s.assign(pipe.Decl[i].Ident[0], v); err != nil {
			return err
		}
	}
	return nil
}
