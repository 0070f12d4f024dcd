package abstract

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/rhysd/actionlint"
)

// maxExpression is the length at which GitHub refuses an expression. It bounds the depth of the parser's recursion too.
const MaxExpression = 21000

// expression is one ${{ }} of a scalar, or the whole of an `if:` without one. At is the offset of its content in the
// scalar's value. Either node or problem is set; a problem stands at the offset where.
type Expression struct {
	Node    actionlint.ExprNode
	At      int
	whole   bool // the scalar consists of this expression only
	Problem string
	Where   int
	numbers map[int]float64 // those in a form that the parser does not know, by their offset
}

// expressions returns the expressions of a scalar. condition tells that the scalar is an `if:`, which is an expression
// even without ${{ }}.
func Expressions(value string, condition bool, known *Parsed) []Expression {
	if !strings.Contains(value, "${{") {
		if !condition || strings.TrimSpace(value) == "" {
			return nil
		}
		e := known.parse(value+"}}", 0)
		e.whole = true
		return []Expression{e}
	}
	var out []Expression
	for at := 0; ; {
		open := strings.Index(value[at:], "${{")
		if open < 0 {
			break
		}
		start := at + open + len("${{")
		end := closing(value[start:])
		if end < 0 {
			out = append(out, Expression{At: start, Problem: "the expression is not closed: }} is missing", Where: at + open})
			break
		}
		at = start + end + len("}}")
		out = append(out, known.parse(value[start:at], start))
	}
	if len(out) == 1 {
		v := strings.TrimSpace(value)
		out[0].whole = strings.HasPrefix(v, "${{") && out[0].Problem == "" && closing(v[3:])+5 == len(v)
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

// Parsed remembers expressions by their text: most of a repository's workflows say the same few. A nil one remembers
// nothing. The trees are shared and never changed, also by several at once.
type Parsed struct {
	mu     sync.Mutex
	byText map[string]Expression
}

// What is remembered: so many expressions, none of them long.
const (
	maxRemembered = 1000
	maxRemember   = 200
)

// parse parses the text of an expression that begins at an offset of its scalar.
func (p *Parsed) parse(text string, at int) Expression {
	e, known := p.find(text)
	if !known {
		e = ParseExpression(text)
		p.remember(text, e)
	}
	e.At += at
	e.Where += at
	return e
}

func (p *Parsed) find(text string) (e Expression, known bool) {
	if p == nil {
		return e, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	e, known = p.byText[text]
	return e, known
}

func (p *Parsed) remember(text string, e Expression) {
	if p == nil || len(text) > maxRemember {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byText == nil {
		p.byText = map[string]Expression{}
	}
	if len(p.byText) < maxRemembered {
		p.byText[strings.Clone(text)] = e
	}
}

func ParseExpression(text string) Expression {
	var e Expression
	if len(text) > MaxExpression {
		e.Problem = "the expression is longer than the 21,000 characters that GitHub accepts"
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
		e.Node = node
		return e
	}
	e.Where = min(err.Offset, len(text))
	e.Problem = plainly(err.Message, text, e.Where)
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
	for i := range out {
		if out[i] == '\'' {
			quoted = !quoted
		}
		if quoted || i > 0 && (IsWord(out[i-1]) || out[i-1] == ']' || out[i-1] == ')' || out[i-1] == '*') {
			continue
		}
		end := i
		for end < len(out) && (IsWord(out[end]) || out[end] == '+' || out[end] == '.') {
			end++
		}
		if word := string(out[i:end]); IsNumber(word) {
			numbers[i] = ParseNumber(word)
			copy(out[i:end], strings.Repeat("1", end-i))
		}
	}
	return string(out), numbers
}

func IsWord(b byte) bool { return b == '_' || b == '-' || IsAlphanumeric(rune(b)) }

func IsNumber(word string) bool {
	if word == "" || strings.IndexByte("0123456789.+-", word[0]) < 0 {
		return false
	}
	if _, err := strconv.ParseFloat(strings.Replace(word, ".", "0.", 1), 64); err == nil {
		return true
	}
	_, err := strconv.ParseInt(word, 0, 64)
	return err == nil || strings.EqualFold(strings.TrimLeft(word, "+-"), ".inf") || strings.EqualFold(word, ".nan")
}

// plainly says in the words of who wrote the expression what the parser says of it, and where.
func plainly(message, text string, at int) string {
	has := func(part string) bool { return strings.Contains(message, part) }
	next := text[at:]
	if word := strings.Fields(strings.TrimSuffix(next, "}}")); len(word) > 0 {
		next = word[0]
	}
	switch {
	case has("only single quotes are available"):
		return "strings take single quotes, not double ones"
	case strings.TrimSpace(strings.TrimSuffix(text, "}}")) == "":
		return "the expression is empty"
	case has("did not reach end of input"):
		return "an operator such as && or == is missing before " + next
	case has("lexing == operator"):
		return "= does not compare: write =="
	case has("lexing && operator"):
		return "& is not an operator: write &&"
	case has("lexing || operator"):
		return "| is not an operator: write ||"
	case has("end of string literal"):
		return "a string is not closed: ' is missing"
	case has("closing ')'"):
		return "a parenthesis is not closed: ) is missing"
	case has("closing bracket ']'"):
		return "an index is not closed: ] is missing"
	case has("unexpected end of input"):
		return "the expression ends before it is complete"
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

// pathsIn returns the paths of a node that begin with one of the contexts.
func PathsIn(node actionlint.ExprNode, contexts ...string) [][]string {
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

// OnlyReads reports whether a node reads no contexts but these.
func OnlyReads(node actionlint.ExprNode, contexts ...string) bool {
	only := true
	actionlint.VisitExprNode(node, func(n, _ actionlint.ExprNode, entering bool) {
		if v, ok := n.(*actionlint.VariableNode); ok && entering {
			only = only && slices.Contains(contexts, v.Name)
		}
	})
	return only
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

func IsAlphanumeric(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}
