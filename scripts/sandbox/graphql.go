package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// graphql answers what gh asks: who is logged in, and what repositories are. The answer holds exactly the fields that
// were asked for, since gh refuses others.
func (c *call) graphql() answer {
	l, _ := c.login()
	if l == nil {
		return failure(http.StatusUnauthorized, "This endpoint requires you to be authenticated.")
	}
	var in struct {
		Query     string         `json:"query"`
		Variables map[string]any `json:"variables"`
	}
	if err := json.Unmarshal([]byte(c.Body), &in); err != nil {
		return failure(http.StatusBadRequest, "Problems parsing JSON")
	}
	q := &query{variables: in.Variables, fragments: map[string][]selection{}, errs: []any{}}
	data := map[string]any{}
	for _, field := range q.parse(in.Query) {
		data[field.alias] = q.pick(c.graphqlRoot(q, field, l), field.fields, field.alias)
	}
	body := map[string]any{"data": data}
	if len(q.errs) > 0 {
		body["errors"] = q.errs
	}
	return jsonAnswer(http.StatusOK, body)
}

func (c *call) graphqlRoot(q *query, field selection, l *Login) any {
	switch field.name {
	case "viewer":
		return c.graphqlOwner(l.User)
	case "repository":
		c.args = map[string]string{"owner": field.args["owner"], "repo": field.args["name"]}
		if name, r := c.visible(); r != nil {
			return c.graphqlRepository(name, r, true)
		}
		q.fail("NOT_FOUND", field.alias, fmt.Sprintf("Could not resolve to a Repository with the name '%s/%s'.", field.args["owner"], field.args["name"]))
	case "organization", "user", "repositoryOwner":
		if _, found := lookup(c.host.Accounts, field.args["login"]); found {
			return c.graphqlOwner(field.args["login"])
		}
		q.fail("NOT_FOUND", field.alias, fmt.Sprintf("Could not resolve to an owner with the login of '%s'.", field.args["login"]))
	case "nodes":
		return c.graphqlNodes(q, field)
	case "node":
		return c.graphqlNode(field.args["id"], c.repositoryNames())
	case "__type": // gh looks for features; none that it asks for is here
	default:
		q.fail("undefinedField", field.alias, fmt.Sprintf("Field '%s' doesn't exist on type 'Query'", field.name))
	}
	return nil
}

func (c *call) graphqlOwner(login string) map[string]any {
	a, _ := lookup(c.host.Accounts, login)
	return map[string]any{"id": fmt.Sprintf("A_%d", a.ID), "databaseId": a.ID, "login": login, "name": a.Name, "__typename": a.Type}
}

func (c *call) graphqlRepository(name string, r *Repository, parents bool) map[string]any {
	owner, short, _ := strings.Cut(name, "/")
	visibility := "PUBLIC"
	if r.Private {
		visibility = "PRIVATE"
	}
	d := map[string]any{
		"id": fmt.Sprintf("R_%d", r.ID), "databaseId": r.ID, "name": short, "nameWithOwner": name,
		"owner": c.graphqlOwner(owner), "isPrivate": r.Private, "visibility": visibility, "isFork": r.Parent != "",
		"isArchived": r.Archived, "isEmpty": len(r.Files) == 0, "description": "", "url": "https://" + c.name + "/" + name,
		"sshUrl": "git@" + c.name + ":" + name + ".git", "defaultBranchRef": map[string]any{"name": r.DefaultBranch, "target": map[string]any{"oid": r.DefaultBranch}},
		"hasIssuesEnabled": true, "hasWikiEnabled": false, "viewerPermission": strings.ToUpper(ranks()[c.rank(name, r)]),
		"mergeCommitAllowed": true, "squashMergeAllowed": true, "rebaseMergeAllowed": true, "parent": nil,
		"forkingAllowed": !r.Private || !r.ForbidForking, "__typename": "Repository",
		"environments": lazy(func(selection) any { return graphqlEnvironments(r) }),
		"object":       lazy(func(f selection) any { return graphqlObject(r, f.args["expression"]) }),
	}
	if parent, found := lookup(c.host.Repositories, r.Parent); found && parents {
		d["parent"] = c.graphqlRepository(r.Parent, parent, false)
	}
	return d
}

// selection is one field of a query, or the use of a fragment.
type selection struct {
	alias, name string
	fragment    string
	on          string // the type of an inline fragment
	args        map[string]string
	fields      []selection
}

// query is a GraphQL document as far as gh's need reading: fields, aliases, arguments, fragments.
type query struct {
	tokens    []string
	variables map[string]any
	fragments map[string][]selection
	errs      []any
}

func (q *query) fail(kind, path, message string) {
	q.errs = append(q.errs, map[string]any{"type": kind, "path": []string{path}, "message": message})
}

// parse returns the fields of the operation and notes the fragments.
func (q *query) parse(text string) []selection {
	q.tokens = regexp.MustCompile(`\.\.\.|"(?:[^"\\]|\\.)*"|[{}():$!=\[\]@]|[\w-]+`).FindAllString(text, -1)
	var operation []selection
	for len(q.tokens) > 0 {
		heading := q.until("{")
		fields := q.selections()
		if len(heading) > 1 && heading[0] == "fragment" {
			q.fragments[heading[1]] = fields
		} else {
			operation = fields
		}
	}
	return operation
}

func (q *query) next() string {
	if len(q.tokens) == 0 {
		return ""
	}
	token := q.tokens[0]
	q.tokens = q.tokens[1:]
	return token
}

func (q *query) accept(token string) bool {
	if len(q.tokens) > 0 && q.tokens[0] == token {
		q.tokens = q.tokens[1:]
		return true
	}
	return false
}

// until returns the tokens before an end, and takes the end too.
func (q *query) until(end string) []string {
	i := slices.Index(q.tokens, end)
	if i < 0 {
		i = len(q.tokens) - 1
	}
	head := q.tokens[:i]
	q.tokens = q.tokens[i+1:]
	return head
}

// selections reads fields up to the closing brace.
func (q *query) selections() []selection {
	var list []selection
	for len(q.tokens) > 0 && !q.accept("}") {
		list = append(list, q.selection())
	}
	return list
}

func (q *query) selection() selection {
	if q.accept("...") {
		if name := q.next(); name != "on" {
			return selection{fragment: name}
		}
		on := q.next()
		q.until("{")
		return selection{on: on, fields: q.selections()}
	}
	s := selection{name: q.next()}
	s.alias = s.name
	if q.accept(":") {
		s.name = q.next()
	}
	if q.accept("(") {
		s.args = q.arguments(q.until(")"))
	}
	if q.accept("{") {
		s.fields = q.selections()
	}
	return s
}

// arguments reads name: "text" and name: $variable; others are not needed.
func (q *query) arguments(tokens []string) map[string]string {
	args := map[string]string{}
	for i := 0; i+2 < len(tokens); i++ {
		if tokens[i+1] != ":" {
			continue
		}
		value := strings.Trim(tokens[i+2], `"`)
		if value == "$" && i+3 < len(tokens) {
			value = fmt.Sprint(q.variables[tokens[i+3]])
			if _, isList := q.variables[tokens[i+3]].([]any); isList {
				value = "$" + tokens[i+3]
			}
		}
		args[tokens[i]] = value
	}
	return args
}

// pick reduces a value to the fields that were asked for.
func (q *query) pick(value any, fields []selection, path string) any {
	if list, isList := value.([]any); isList {
		return q.pickEach(list, fields, path)
	}
	object, isObject := value.(map[string]any)
	if !isObject || object == nil || len(fields) == 0 {
		return value
	}
	picked := map[string]any{}
	for _, f := range fields {
		q.pickInto(picked, object, f, path)
	}
	return picked
}

func (q *query) pickInto(picked, object map[string]any, f selection, path string) {
	if f.on != "" && object["__typename"] != nil && object["__typename"] != f.on {
		return
	}
	if f.name == "" {
		for _, inner := range append(slices.Clone(q.fragments[f.fragment]), f.fields...) {
			q.pickInto(picked, object, inner, path)
		}
		return
	}
	value, known := object[f.name]
	if later, isLazy := value.(lazy); isLazy {
		value = later(f)
	}
	if !known {
		q.fail("undefinedField", path, fmt.Sprintf("Field '%s' doesn't exist", f.name))
		return
	}
	picked[f.alias] = q.pick(value, f.fields, path)
}
