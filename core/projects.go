package core

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	maxPages    = 1000
	maxPageSize = 100
	maxCursor   = 4 << 10 // bytes
)

// Project is a project as Hex lists it, under Hex's own names.
type Project struct {
	ID              string            `json:"id"`
	Title           string            `json:"title"`
	Description     string            `json:"description"`
	Type            string            `json:"type"` // PROJECT or COMPONENT
	Creator         Person            `json:"creator"`
	Owner           Person            `json:"owner"`
	Status          *Label            `json:"status"`
	Categories      []Label           `json:"categories"`
	LastEditedAt    Timestamp         `json:"lastEditedAt"`
	LastPublishedAt Timestamp         `json:"lastPublishedAt"`
	CreatedAt       Timestamp         `json:"createdAt"`
	ArchivedAt      Timestamp         `json:"archivedAt"`
	TrashedAt       Timestamp         `json:"trashedAt"`
	Schedules       []json.RawMessage `json:"schedules"`
	Analytics       json.RawMessage   `json:"analytics"`
}

// Person is a user as projects name one.
type Person struct {
	Email string `json:"email"`
}

// Label is a status or a category of a workspace.
type Label struct {
	Name string `json:"name"`
}

// Timestamp is a time as Hex writes it. What is no date keeps its text and has the zero Time, since one odd date should
// not make a list unreadable. Marshalling gives back what was read; null when there was none.
type Timestamp struct {
	time.Time
	text string
}

// IsSet reports whether Hex gave anything at all, readable or not.
func (t Timestamp) IsSet() bool { return t.text != "" }

// UnmarshalJSON implements [json.Unmarshaler].
func (t *Timestamp) UnmarshalJSON(raw []byte) error {
	*t = Timestamp{}
	var text *string
	if err := json.Unmarshal(raw, &text); err != nil {
		t.text = cleanText(string(raw))
		return nil
	}
	if text == nil {
		return nil
	}
	t.text = cleanText(*text)
	if at, err := time.Parse(time.RFC3339, t.text); err == nil {
		t.Time = at
	}
	return nil
}

// MarshalJSON implements [json.Marshaler].
func (t Timestamp) MarshalJSON() ([]byte, error) {
	if t.text == "" {
		return []byte("null"), nil
	}
	return json.Marshal(t.text)
}

// Published reports whether the project has a published version: only those run.
func (p Project) Published() bool { return p.LastPublishedAt.IsSet() }

// ProjectListOptions choose and order projects. The zero value is Hex's own choice: no components, nothing archived or
// in the trash.
type ProjectListOptions struct {
	IncludeArchived   bool
	IncludeComponents bool
	IncludeTrashed    bool
	OwnerEmail        string
	CreatorEmail      string
	Statuses          []string
	Categories        []string
	CollectionID      string
	SortBy            string // CREATED_AT, LAST_EDITED_AT or LAST_PUBLISHED_AT
	SortDirection     string // DESC or ASC
	Limit             int    // of a page, 1 to 100; 0 for Hex's default of 25
	After             string // the cursor of the page before
}

func (o ProjectListOptions) query() url.Values {
	q := url.Values{}
	for name, value := range map[string]string{
		"ownerEmail": o.OwnerEmail, "creatorEmail": o.CreatorEmail, "collectionId": o.CollectionID,
		"sortBy": o.SortBy, "sortDirection": o.SortDirection, "after": o.After,
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	for name, value := range map[string]bool{
		"includeArchived": o.IncludeArchived, "includeComponents": o.IncludeComponents, "includeTrashed": o.IncludeTrashed,
	} {
		if value {
			q.Set(name, "true")
		}
	}
	if o.Limit > 0 {
		q.Set("limit", strconv.Itoa(min(o.Limit, maxPageSize)))
	}
	addList(q, "statuses[]", o.Statuses)
	addList(q, "categories[]", o.Categories)
	return q
}

func addList(q url.Values, name string, values []string) {
	if len(values) > 0 {
		q[name] = values
	}
}

// chooses tells whether a project is one of those asked for. A server that does not know a filter leaves it out.
func (o ProjectListOptions) chooses(p Project) bool {
	among := func(names []string, name string) bool {
		return len(names) == 0 || slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
	}
	status := ""
	if p.Status != nil {
		status = p.Status.Name
	}
	category := len(o.Categories) == 0 || slices.ContainsFunc(p.Categories, func(c Label) bool { return among(o.Categories, c.Name) })
	return category && among(o.Statuses, status)
}

// ProjectPage is one page of a list. Next is the cursor of the following one; empty on the last.
type ProjectPage struct {
	Projects []Project
	Next     string
}

// Projects lists one page. It needs the scope "Read projects".
func (c *Client) Projects(ctx context.Context, o ProjectListOptions) (ProjectPage, error) {
	var answer struct {
		Values     *[]Project `json:"values"`
		Pagination struct {
			After *string `json:"after"`
		} `json:"pagination"`
	}
	if err := c.call(ctx, Request{Path: "/projects", Query: o.query()}, &answer); err != nil {
		return ProjectPage{}, err
	}
	if answer.Values == nil {
		return ProjectPage{}, c.garbled("/projects")
	}
	page := ProjectPage{Projects: *answer.Values}
	if answer.Pagination.After != nil {
		page.Next = *answer.Pagination.After
	}
	nameless := func(p Project) bool { return !isID(p.ID) }
	switch {
	case slices.ContainsFunc(page.Projects, nameless):
		return ProjectPage{}, c.garbled("/projects")
	case len(page.Next) > maxCursor:
		return ProjectPage{}, fmt.Errorf("%s names a next page by more than %d bytes: %w", c.host.Name(), maxCursor, ErrTooLarge)
	}
	return page, nil
}

// AllProjects walks over all pages, from o.After on, and yields each project once. The first error ends the walk; pages
// that do not end, or bring nothing new, are one.
func (c *Client) AllProjects(ctx context.Context, o ProjectListOptions) iter.Seq2[Project, error] {
	seen := map[string]bool{}
	pages := allPages(c, "projects", func(p Project) string { return p.ID }, func() ([]Project, bool, error) {
		if seen[o.After] {
			return nil, false, c.samePage("projects")
		}
		seen[o.After] = true
		page, err := c.Projects(ctx, o)
		o.After = page.Next
		return page.Projects, page.Next != "", err
	})
	return func(yield func(Project, error) bool) {
		for p, err := range pages {
			if (err != nil || o.chooses(p)) && !yield(p, err) {
				return
			}
		}
	}
}

// allPages yields what next returns, page by page until there are no more, each item once by its ID. The first error is the
// last that is yielded; pages that do not end, or bring nothing new, are one.
func allPages[T any](c *Client, what string, id func(T) string, next func() (page []T, more bool, err error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		listed := map[string]bool{}
		for range maxPages {
			page, more, err := next()
			before := len(listed)
			for _, item := range page {
				if again := listed[id(item)]; !again && !yield(item, nil) {
					return
				}
				listed[id(item)] = true
			}
			if err == nil && more && len(page) > 0 && len(listed) == before {
				err = c.samePage(what)
			}
			if err != nil {
				yield(none, err)
			}
			if err != nil || !more {
				return
			}
		}
		yield(none, fmt.Errorf("%s has more than %d pages of %s: %w", c.host.Name(), maxPages, what, ErrTooLarge))
	}
}

func (c *Client) samePage(what string) error {
	return fmt.Errorf("%s names the same page of %s twice: %w", c.host.Name(), what, ErrGarbled)
}

// Project returns one project. It needs the scope "Read projects".
func (c *Client) Project(ctx context.Context, id string) (Project, error) {
	return c.project(ctx, Request{Path: projectPath(id)})
}

func (c *Client) project(ctx context.Context, r Request) (Project, error) {
	var p Project
	if err := c.call(ctx, r, &p); err != nil {
		return Project{}, err
	}
	if !isID(p.ID) {
		return Project{}, c.garbled(r.Path)
	}
	return p, nil
}

func projectPath(id string) string { return "/projects/" + url.PathEscape(id) }
