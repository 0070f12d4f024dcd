package core

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// Hex answers 403 and 422 about the runs of a project that it does not know: no cause is named before it was asked for the
// project.
func TestRefusalsAreSettled(t *testing.T) {
	const published, draft = `{"id":"p","lastPublishedAt":"2026-01-01T00:00:00Z"}`, `{"id":"p","lastPublishedAt":null}`
	issue := `{"message":"no","issues":[{"message":"region takes a text"}]}`
	start := func(c *Client) error {
		_, err := c.RunProject(t.Context(), "p", RunInput{InputParams: map[string]any{"region": 1}})
		return err
	}
	plain := func(c *Client) error { _, err := c.RunProject(t.Context(), "p", RunInput{}); return err }
	status := func(c *Client) error { _, err := c.RunStatus(t.Context(), "p", "r"); return err }
	list := func(c *Client) error { _, err := c.Runs(t.Context(), "p", RunListOptions{}); return err }
	cancel := func(c *Client) error { return c.CancelRun(context.Background(), "p", "r") }
	for _, test := range []struct {
		name    string
		call    func(*Client) error
		refusal answer
		project answer
		want    error
		asked   bool
	}{
		{"a scope is missing", plain, answer{status: 403}, answer{status: 200, body: published}, ErrForbidden, true},
		{"unknown, by 403", plain, answer{status: 403}, answer{status: 404}, ErrNotFound, true},
		{"hidden, by 403", plain, answer{status: 403}, answer{status: 403}, ErrNotFound, true},
		{"unknown, by 422", plain, answer{status: 422, body: `{"reason":"not published"}`}, answer{status: 404}, ErrNotFound, true},
		{"a draft", plain, answer{status: 422, body: `{}`}, answer{status: 200, body: draft}, ErrUnpublished, true},
		{"a draft whose answer speaks of inputs", start, answer{status: 422, body: issue}, answer{status: 200, body: draft}, ErrUnpublished, true},
		{"an input that was sent", start, answer{status: 422, body: issue}, answer{status: 200, body: published}, ErrInputs, true},
		{"an input that was not", plain, answer{status: 422, body: issue}, answer{status: 200, body: published}, nil, true},
		{"inputs by name", start, answer{status: 422, body: `{"notFound":["region"]}`}, answer{}, ErrInputs, false},
		{"no word of the project", plain, answer{status: 403}, answer{status: 500}, nil, true},
		{"a page from in between", plain, answer{status: 403, kind: "text/html", body: "<html>"}, answer{}, ErrForbidden, false},
		{"the state of a run", status, answer{status: 403}, answer{status: 404}, ErrNotFound, true},
		{"a list", list, answer{status: 403}, answer{status: 404}, ErrNotFound, true},
		{"a cancellation", cancel, answer{status: 403}, answer{status: 404}, ErrNotFound, true},
		{"a cancellation that is not allowed", cancel, answer{status: 403}, answer{status: 200, body: published}, ErrForbidden, true},
	} {
		c, s := play(t, test.refusal, test.project)
		err := test.call(c)
		for _, cause := range []error{ErrForbidden, ErrNotFound, ErrUnpublished, ErrInputs} {
			if errors.Is(err, cause) != (cause == test.want) {
				t.Errorf("%s: %v is %v: %t", test.name, err, cause, errors.Is(err, cause))
			}
		}
		asked := slices.ContainsFunc(s.requests[1:], func(r *http.Request) bool {
			return r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/projects/p")
		})
		if asked != test.asked || len(s.requests) > 2 {
			t.Errorf("%s: asked for the project: %t, %d requests", test.name, asked, len(s.requests))
		}
		if says := strings.Contains(err.Error(), "does not show it"); says != (test.want == ErrNotFound) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// A server that ignores a filter answers with everything.
func TestProjectsAreChosenHereToo(t *testing.T) {
	all := answer{status: 200, body: `{"values":[{"id":"a","status":{"name":"Approved"}},{"id":"b","status":null},{"id":"c","status":{"name":"Draft"},"categories":[{"name":"Finance"}]}]}`}
	for _, test := range []struct {
		options ProjectListOptions
		want    string
	}{
		{ProjectListOptions{}, "abc"},
		{ProjectListOptions{Statuses: []string{"approved"}}, "a"},
		{ProjectListOptions{Statuses: []string{"Approved", "Draft"}}, "ac"},
		{ProjectListOptions{Categories: []string{"Finance", "Sales"}}, "c"},
		{ProjectListOptions{Statuses: []string{"Approved"}, Categories: []string{"Finance"}}, ""},
	} {
		c, _ := play(t, all)
		ids := ""
		for p, err := range c.AllProjects(t.Context(), test.options) {
			if err != nil {
				t.Fatal(err)
			}
			ids += p.ID
		}
		if ids != test.want {
			t.Errorf("%+v: %s, want %s", test.options, ids, test.want)
		}
	}
}
