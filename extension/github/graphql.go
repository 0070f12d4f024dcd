package github

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/gh-hex/gh-hex/core"
)

// graphqlPath is the one path of the GraphQL API, which has an address of its own.
const graphqlPath = "graphql"

// graphqlURL is where GraphQL lives beside a REST API: /api/graphql on a server.
func graphqlURL(base string) string {
	return strings.TrimSuffix(base, "v3/") + graphqlPath
}

// node is one entry of a GraphQL answer. Without data it was not answered in whole, or is not there.
type node struct {
	data json.RawMessage
}

// query asks one question that changes nothing. The text is a constant; what comes from outside goes into variables.
func (c *Client) query(ctx context.Context, text string, variables map[string]any, what string, out any) error {
	a, err := c.send(ctx, request{
		method: http.MethodPost, path: graphqlPath, what: what, reads: true, refused: c.graphqlRefusal(what),
		body: map[string]any{"query": text, "variables": variables},
	})
	if err != nil {
		return err
	}
	return c.decode(a, what, out)
}

// nodes asks for objects by their IDs and returns as many nodes. One about which GitHub reports any error has no data: what
// is in it may be a part.
func (c *Client) nodes(ctx context.Context, query string, ids []string, what string) ([]node, error) {
	var in struct {
		Data   struct{ Nodes []json.RawMessage }
		Errors []graphqlError
	}
	if err := c.query(ctx, query, map[string]any{"ids": ids}, what, &in); err != nil {
		return nil, err
	}
	if len(in.Data.Nodes) != len(ids) {
		return nil, c.unusable(http.StatusOK, what, graphqlFailure(in.Errors))
	}
	out := make([]node, len(ids))
	for i, raw := range in.Data.Nodes {
		if string(raw) != "null" {
			out[i].data = raw
		}
	}
	for _, e := range in.Errors {
		i, known := e.index()
		if !known || i >= len(out) {
			return nil, c.unusable(http.StatusOK, what, graphqlFailure(in.Errors))
		}
		out[i].data = nil
	}
	return out, nil
}

// graphqlError is one of the errors of an answer, which comes with 200.
type graphqlError struct {
	Type    string
	Path    []json.RawMessage
	Message string
}

// index is the entry of nodes that an error is about.
func (e graphqlError) index() (int, bool) {
	var i int
	known := len(e.Path) > 1 && string(e.Path[0]) == `"nodes"` && json.Unmarshal(e.Path[1], &i) == nil && i >= 0
	return i, known
}

func graphqlFailure(errs []graphqlError) error {
	if len(errs) == 0 || errs[0].Message == "" {
		return errNotJSON
	}
	return fmt.Errorf("GraphQL: %s", shortened(errs[0].Message))
}

const rateLimited = "RATE_LIMITED"

// graphqlRefusal finds GraphQL's own way to say that a rate limit is reached, which comes with 200.
func (c *Client) graphqlRefusal(what string) func(*answer) *Error {
	return func(a *answer) *Error {
		var in struct{ Errors []graphqlError }
		if !bytes.Contains(a.body, []byte(rateLimited)) || core.DecodeJSON(a.body, &in) != nil || len(in.Errors) == 0 || in.Errors[0].Type != rateLimited {
			return nil
		}
		e := &Error{What: what, Host: c.host, Source: c.source, Status: http.StatusForbidden, RateLimited: true, err: ErrRateLimited}
		_, e.Retry = rateLimit(http.StatusForbidden, a.header)
		return e
	}
}
