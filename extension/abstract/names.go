package abstract

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/rhysd/actionlint"
)

// Scope is what the expressions of one place may name, as GitHub's own reader has it. Names are in lower case.
type Scope struct {
	Contexts []string
	Status   bool // success(), failure(), always() and cancelled()
	Files    bool // hashFiles()
}

// Misnomer is a name in an expression for which GitHub refuses the whole file.
type Misnomer struct {
	Offset  int // in the expression
	Message string
}

// contexts are all that GitHub has, wherever they may stand.
func contexts() []string {
	return []string{"env", "github", "inputs", "job", "jobs", "matrix", "needs", "runner", "secrets", "steps", "strategy", "vars"}
}

// arity is how many arguments a function takes; -1 for any number.
type arity struct{ least, most int }

var functions = sync.OnceValue(func() map[string]arity {
	return map[string]arity{
		"contains": {2, 2}, "startswith": {2, 2}, "endswith": {2, 2}, "format": {1, 255}, "join": {1, 2}, "tojson": {1, 1}, "fromjson": {1, 1}, "case": {3, 255},
		"hashfiles": {1, 255}, "always": {0, 0}, "cancelled": {0, 0}, "success": {0, -1}, "failure": {0, -1},
	}
})

// Misnomers are the names of an expression that GitHub does not have, or not in this scope. Secrets are left to a judge of
// their own.
func (s Scope) Misnomers(node actionlint.ExprNode) []Misnomer {
	if len(s.Contexts) == 0 {
		return plain(node)
	}
	var found []Misnomer
	actionlint.VisitExprNode(node, func(n, _ actionlint.ExprNode, entering bool) {
		if !entering {
			return
		}
		message := ""
		switch x := n.(type) {
		case *actionlint.VariableNode:
			message = s.context(x.Token().Value)
		case *actionlint.FuncCallNode:
			message = s.function(x)
		}
		if message != "" {
			found = append(found, Misnomer{Offset: n.Token().Offset, Message: message})
		}
	})
	return found
}

// plain is what is wrong with an expression where GitHub wants a text: all but a text in quotes and its like.
func plain(node actionlint.ExprNode) []Misnomer {
	fine := false
	switch node.(type) {
	case *actionlint.StringNode, *actionlint.IntNode, *actionlint.FloatNode, *actionlint.BoolNode, *actionlint.NullNode:
		fine = true
	}
	actionlint.VisitExprNode(node, func(n, _ actionlint.ExprNode, _ bool) {
		v, ok := n.(*actionlint.VariableNode)
		fine = fine || ok && strings.EqualFold(v.Name, "secrets")
	})
	if fine {
		return nil
	}
	return []Misnomer{{Offset: node.Token().Offset, Message: "GitHub evaluates no expression here"}}
}

func (s Scope) context(name string) string {
	lower := strings.ToLower(name)
	switch {
	case name == "NaN", name == "Infinity", lower == "secrets", slices.Contains(s.Contexts, lower):
		return ""
	case slices.Contains(contexts(), lower):
		return fmt.Sprintf("GitHub has no %s here", lower)
	}
	for _, c := range contexts() {
		if c == lower+"s" || lower == c+"s" {
			return fmt.Sprintf("GitHub has nothing called %s; did you mean %s?", name, c)
		}
	}
	return fmt.Sprintf("GitHub has nothing called %s; strings are written '…'", name)
}

func (s Scope) function(x *actionlint.FuncCallNode) string {
	name := strings.ToLower(x.Callee)
	takes, known := functions()[name]
	status := slices.Contains([]string{"always", "cancelled", "success", "failure"}, name)
	switch {
	case !known:
		return fmt.Sprintf("GitHub has no function %s()", x.Callee)
	case status && !s.Status, name == "hashfiles" && !s.Files:
		return fmt.Sprintf("GitHub has no %s() here", x.Callee)
	case len(x.Args) < takes.least || takes.most >= 0 && len(x.Args) > takes.most:
		return fmt.Sprintf("%s() does not take %d arguments", x.Callee, len(x.Args))
	}
	return ""
}

// maxBranches bounds how many branches of one expression are told apart.
const maxBranches = 24

// BranchesIn are the names in an expression that looks at the ref: 'refs/heads/main', or a text of it.
func BranchesIn(node actionlint.ExprNode) []string {
	var out []string
	actionlint.VisitExprNode(node, func(n, _ actionlint.ExprNode, entering bool) {
		if s, ok := n.(*actionlint.StringNode); ok && entering && len(out) < maxBranches {
			out = append(out, branchNames(s.Value)...)
		}
	})
	return out
}

func branchNames(literal string) []string {
	if v, ok := FromJSON(literal); ok && v.Is == Object {
		return v.Fields.Names
	} else if ok && v.Is == List {
		var out []string
		for _, item := range v.Items {
			out = append(out, item.Known()...)
		}
		return out
	}
	name := strings.TrimPrefix(literal, "refs/heads/")
	if name == "" || len(name) > 100 || strings.HasPrefix(name, "refs/") || strings.HasSuffix(name, "/") || strings.ContainsAny(name, " ~^:?*[\\{") {
		return nil
	}
	return []string{name}
}
