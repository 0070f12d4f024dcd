package workflow

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rhysd/actionlint"
)

// maxExpression is the length at which GitHub refuses an expression. It bounds the depth of the parser's recursion too.
const maxExpression = 21000

// expression is one ${{ }} of a scalar, or the whole of an `if:` without one. At is the offset of its content in the
// scalar's value. Either node or problem is set; a problem stands at the offset where.
type expression struct {
	node    actionlint.ExprNode
	at      int
	whole   bool // the scalar consists of this expression only
	problem string
	where   int
	numbers map[int]float64 // those in a form that the parser does not know, by their offset
}

// expressions returns the expressions of a scalar. condition tells that the scalar is an `if:`, which is an expression
// even without ${{ }}.
func expressions(value string, condition bool, known parsed) []expression {
	if !strings.Contains(value, "${{") {
		if !condition || strings.TrimSpace(value) == "" {
			return nil
		}
		e := known.parse(value+"}}", 0)
		e.whole = true
		return []expression{e}
	}
	var out []expression
	for at := 0; ; {
		open := strings.Index(value[at:], "${{")
		if open < 0 {
			break
		}
		start := at + open + len("${{")
		end := closing(value[start:])
		if end < 0 {
			out = append(out, expression{at: start, problem: "the expression is not closed: }} is missing", where: at + open})
			break
		}
		at = start + end + len("}}")
		out = append(out, known.parse(value[start:at], start))
	}
	if len(out) == 1 {
		v := strings.TrimSpace(value)
		out[0].whole = strings.HasPrefix(v, "${{") && out[0].problem == "" && closing(v[3:])+5 == len(v)
	}
	return out
}

// closing is the offset of the }} that ends an expression, outside its strings, or -1.
func closing(s string) int {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\'':
			quoted = !quoted
		case !quoted && strings.HasPrefix(s[i:], "}}"):
			return i
		}
	}
	return -1
}

// parsed remembers expressions by their text: most of a repository's workflows say the same few. A nil one remembers
// nothing. The trees are shared and never changed.
type parsed map[string]expression

// What is remembered: so many expressions, none of them long.
const (
	maxRemembered = 1000
	maxRemember   = 200
)

// parse parses the text of an expression that begins at an offset of its scalar.
func (p parsed) parse(text string, at int) expression {
	e, known := p[text]
	if !known {
		e = parseExpression(text)
		if p != nil && len(p) < maxRemembered && len(text) <= maxRemember {
			p[strings.Clone(text)] = e
		}
	}
	e.at += at
	e.where += at
	return e
}

func parseExpression(text string) expression {
	var e expression
	if len(text) > maxExpression {
		e.problem = "the expression is longer than the 21,000 characters that GitHub accepts"
		return e
	}
	text = plainBlanks(text)
	node, err := actionlint.NewExprParser().Parse(actionlint.NewExprLexer(text))
	if err != nil {
		if plain, numbers := plainNumbers(text); plain != text {
			node, err = actionlint.NewExprParser().Parse(actionlint.NewExprLexer(plain))
			e.numbers = numbers
		}
	}
	if err == nil {
		e.node = node
		return e
	}
	e.problem, e.where = plainly(err.Message), min(err.Offset, len(text))
	return e
}

// plainBlanks writes spaces for the white space that the parser does not take for it, such as a no-break space, so that
// offsets stay. What stands in quotes is left alone.
func plainBlanks(text string) string {
	wide := func(r rune) bool { return r >= utf8.RuneSelf && unicode.IsSpace(r) }
	if strings.IndexFunc(text, wide) < 0 {
		return text
	}
	var b strings.Builder
	quoted := false
	for _, r := range text {
		if r == '\'' {
			quoted = !quoted
		}
		if !quoted && wide(r) {
			b.WriteString(strings.Repeat(" ", utf8.RuneLen(r)))
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// plainNumbers writes ones for numbers in forms that GitHub reads and the parser does not (.5, +1, 0o17, 1e+5, .inf), so
// that offsets stay, and returns what they are.
func plainNumbers(text string) (string, map[int]float64) {
	out := []byte(text)
	numbers := map[int]float64{}
	quoted := false
	for i := 0; i < len(out); i++ {
		if out[i] == '\'' {
			quoted = !quoted
		}
		if quoted || i > 0 && (isWord(out[i-1]) || out[i-1] == ']' || out[i-1] == ')' || out[i-1] == '*') {
			continue
		}
		end := i
		for end < len(out) && (isWord(out[end]) || out[end] == '+' || out[end] == '.') {
			end++
		}
		if word := string(out[i:end]); isNumber(word) {
			numbers[i] = parseNumber(word)
			copy(out[i:end], strings.Repeat("1", end-i))
		}
	}
	return string(out), numbers
}

func isWord(b byte) bool { return b == '_' || b == '-' || isAlphanumeric(rune(b)) }

func isNumber(word string) bool {
	if word == "" || strings.IndexByte("0123456789.+-", word[0]) < 0 {
		return false
	}
	if _, err := strconv.ParseFloat(strings.Replace(word, ".", "0.", 1), 64); err == nil {
		return true
	}
	_, err := strconv.ParseInt(word, 0, 64)
	return err == nil || strings.EqualFold(strings.TrimLeft(word, "+-"), ".inf") || strings.EqualFold(word, ".nan")
}

// plainly shortens what the parser says of an expression.
func plainly(message string) string {
	if strings.Contains(message, "only single quotes are available") {
		return "strings take single quotes, not double ones"
	}
	message, _, _ = strings.Cut(message, ", expecting ")
	message, _, _ = strings.Cut(message, ". expecting ")
	return message
}

// maxPath is the length from which a chain of names is none that a context has.
const maxPath = 32

// pathOf is the chain of names that an expression reads from a context, in lower case: github.event.pull_request.
// It is nil for anything else.
func pathOf(node actionlint.ExprNode) []string {
	var out []string
	for len(out) < maxPath {
		switch n := node.(type) {
		case *actionlint.VariableNode:
			out = append(out, n.Name)
			slices.Reverse(out)
			return out
		case *actionlint.ObjectDerefNode:
			out, node = append(out, n.Property), n.Receiver
		case *actionlint.IndexAccessNode:
			s, ok := n.Index.(*actionlint.StringNode)
			if !ok {
				return nil
			}
			out, node = append(out, strings.ToLower(s.Value)), n.Operand
		default:
			return nil
		}
	}
	return nil
}

// alternatives are the operands of `A || B`: one that is there is enough.
type alternatives struct{ reads []*read }

// finder collects the reads of secrets and vars of an expression.
type finder struct {
	found    func(r read, offset int)
	group    *alternatives
	compared bool // in an operand of a comparison
	json     bool // in what fromJSON takes apart
}

func newFinder(found func(r read, offset int)) finder { return finder{found: found} }

// walk visits a node.
func (f finder) walk(node actionlint.ExprNode) {
	switch n := node.(type) {
	case *actionlint.VariableNode:
		if n.Name == "secrets" { // toJSON(secrets), secrets.*
			f.report(read{kind: secret, whole: true}, n.Token().Offset)
		}
	case *actionlint.ObjectDerefNode:
		if v, ok := n.Receiver.(*actionlint.VariableNode); ok {
			f.name(v, n.Property)
			return
		}
		f.walk(n.Receiver)
	case *actionlint.ArrayDerefNode:
		f.walk(n.Receiver)
	case *actionlint.IndexAccessNode:
		f.index(n)
	case *actionlint.NotOpNode:
		f.comparing().walk(n.Operand)
	case *actionlint.CompareOpNode:
		f.comparing().walk(n.Left)
		f.comparing().walk(n.Right)
	case *actionlint.LogicalOpNode:
		f.logical(n)
	case *actionlint.FuncCallNode:
		f.group, f.json = nil, f.json || strings.EqualFold(n.Callee, "fromJSON")
		for _, arg := range n.Args {
			f.walk(arg)
		}
	}
}

func (f finder) alone() finder {
	f.group = nil
	return f
}

// comparing is a finder for operands of a comparison.
func (f finder) comparing() finder {
	f.group, f.compared = nil, true
	return f
}

// report hands on a read.
func (f finder) report(r read, offset int) {
	r.compared, r.json = f.compared, f.json
	f.found(r, offset)
}

func (f finder) name(v *actionlint.VariableNode, name string) {
	if v.Name == "secrets" || v.Name == "vars" {
		f.report(read{kind: kind(v.Name), name: strings.ToUpper(name), group: f.group}, v.Token().Offset)
	}
}

func (f finder) index(n *actionlint.IndexAccessNode) {
	v, isVariable := n.Operand.(*actionlint.VariableNode)
	if !isVariable {
		f.walk(n.Operand)
		f.alone().walk(n.Index)
		return
	}
	if s, literal := n.Index.(*actionlint.StringNode); literal {
		f.name(v, s.Value)
		return
	}
	f.alone().walk(n.Index)
	if v.Name == "secrets" || v.Name == "vars" {
		f.report(read{kind: kind(v.Name), index: n.Index, group: f.group}, v.Token().Offset)
	}
}

// logical visits A && B && last, whose conditions are compared, and A || B, of which one that is there is enough.
func (f finder) logical(n *actionlint.LogicalOpNode) {
	operands := operandsOf(n, n.Kind, nil)
	last := len(operands) - 1
	if n.Kind == actionlint.LogicalOpNodeKindAnd {
		for _, c := range operands[:last] {
			f.comparing().walk(c)
		}
		f.walk(operands[last])
		return
	}
	if f.group == nil && allDirect(operands) {
		f.group = &alternatives{}
	}
	for _, o := range operands {
		f.walk(o)
	}
}

// operandsOf adds the operands of a chain of one operator, however it is nested.
func operandsOf(node actionlint.ExprNode, kind actionlint.LogicalOpNodeKind, out []actionlint.ExprNode) []actionlint.ExprNode {
	for {
		n, ok := node.(*actionlint.LogicalOpNode)
		if !ok || n.Kind != kind {
			return append(out, node)
		}
		out = operandsOf(n.Left, kind, out)
		node = n.Right
	}
}

func allDirect(operands []actionlint.ExprNode) bool {
	for _, o := range operands {
		if !direct(o) {
			return false
		}
	}
	return true
}

// direct tells a read of one secret or variable, chosen by a condition or not.
func direct(node actionlint.ExprNode) bool {
	switch n := node.(type) {
	case *actionlint.LogicalOpNode:
		return n.Kind == actionlint.LogicalOpNodeKindAnd && direct(n.Right)
	case *actionlint.ObjectDerefNode:
		v, ok := n.Receiver.(*actionlint.VariableNode)
		return ok && (v.Name == "secrets" || v.Name == "vars")
	case *actionlint.IndexAccessNode:
		v, ok := n.Operand.(*actionlint.VariableNode)
		return ok && (v.Name == "secrets" || v.Name == "vars")
	}
	return false
}

// pathsIn returns the paths of a node that begin with one of the contexts.
func pathsIn(node actionlint.ExprNode, contexts ...string) [][]string {
	var out [][]string
	actionlint.VisitExprNode(node, func(n, parent actionlint.ExprNode, entering bool) {
		if !entering || partOfPath(n, parent) {
			return
		}
		p := pathOf(n)
		if len(p) < 2 {
			return
		}
		for _, c := range contexts {
			if p[0] == c {
				out = append(out, p)
			}
		}
	})
	return out
}

// partOfPath tells a node that its parent's path goes on from.
func partOfPath(n, parent actionlint.ExprNode) bool {
	switch p := parent.(type) {
	case *actionlint.ObjectDerefNode:
		return true
	case *actionlint.IndexAccessNode:
		return p.Operand == n && pathOf(p) != nil
	}
	return false
}
