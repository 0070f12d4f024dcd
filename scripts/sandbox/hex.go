package sandbox

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	hexOrg   = "019a0000-0000-7000-8000-00000000000a"
	hexTrace = "019a0000-0000-7000-8000-0000000000ff"
)

// hex answers a call to the workspace. Outside the API, and for paths that it does not know, that is a web page.
func (s *Sandbox) hex(c *call) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	path, api := strings.CutPrefix(c.Path, "/api/v1/")
	if !api {
		return htmlAnswer(http.StatusOK)
	}
	c.path = path
	r, args, found := match(s.hexRoutes(), c.method(), path)
	if !found {
		return s.hexList(c)
	}
	c.args = args
	if _, known := s.hexToken(c); !known {
		return unauthorized()
	}
	return r.answer(c).with("X-Trace-Id", hexTrace)
}

func (s *Sandbox) hexRoutes() []route {
	return []route{
		{"GET", "/users/me", s.hexMe},
		{"GET", "/projects", s.listProjects},
		{"GET", "/projects/{project}", s.getProject},
		{"GET", "/projects/{project}/runs", s.listRuns},
		{"POST", "/projects/{project}/runs", s.startRun},
		{"GET", "/projects/{project}/runs/{run}", s.getRun},
		{"DELETE", "/projects/{project}/runs/{run}", s.cancelRun},
	}
}

func unauthorized() answer {
	return textAnswer(http.StatusUnauthorized, "text/plain; charset=utf-8", "Unauthorized").with("X-Trace-Id", hexTrace)
}

func (s *Sandbox) hexToken(c *call) (*HexToken, bool) {
	value, found := strings.CutPrefix(c.Header.Get("Authorization"), "Bearer ")
	if !found || value == "" {
		return nil, false
	}
	for _, t := range s.state.Hex.Tokens {
		if t.Value == value {
			return t, !t.Revoked
		}
	}
	return nil, false
}

// hexError answers in the old or the new form of error bodies.
func (s *Sandbox) hexError(status int, reason string) answer {
	if s.state.Hex.NewErrors {
		code := strings.ToUpper(strings.ReplaceAll(http.StatusText(status), " ", "_"))
		return jsonAnswer(status, map[string]any{"code": code, "message": reason})
	}
	return jsonAnswer(status, map[string]any{"reason": reason, "details": reason, "traceId": hexTrace})
}

// lacks answers 403 to a workspace token without a scope. A personal token has its user's rights, and no scopes.
func (s *Sandbox) lacks(c *call, scope string) (answer, bool) {
	t, _ := s.hexToken(c)
	wider := map[string][]string{"projects:read": {"projects:run", "projects:write"}}
	if t.Kind != Workspace || t.Scopes == nil || slices.Contains(t.Scopes, scope) {
		return answer{}, false
	}
	if slices.ContainsFunc(wider[scope], func(w string) bool { return slices.Contains(t.Scopes, w) }) {
		return answer{}, false
	}
	return s.hexError(http.StatusForbidden, "Token does not have the required scope: "+scope), true
}

func (s *Sandbox) hexMe(c *call) answer {
	if s.state.Hex.MeMissing {
		return s.hexError(http.StatusNotFound, "Not found")
	}
	t, _ := s.hexToken(c)
	me := map[string]any{"org": map[string]any{"id": hexOrg}, "token": map[string]any{"exp": t.Exp}}
	if t.Kind != Workspace {
		me["id"] = uuid("user " + t.Email)
		me["email"] = t.Email
		me["role"] = "EDITOR"
		if t.Name != "" {
			me["name"] = t.Name
		}
	}
	return jsonAnswer(http.StatusOK, me)
}

// uuid makes a version 7 UUID out of a seed.
func uuid(seed string) string {
	b := sha256.Sum256([]byte(seed))
	b[0], b[1], b[2] = 0x01, 0x9a, b[2]&0x0f
	b[6], b[8] = 0x70|b[6]&0x0f, 0x80|b[8]&0x3f
	h := hex.EncodeToString(b[:16])
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}

// GeneratedProject returns the ID of one of the generated projects of Hex.ProjectCount, counted from 0.
func GeneratedProject(i int) string { return uuid(fmt.Sprintf("project %d", i)) }

func generate(i int) *Project {
	created := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC).Add(-time.Duration(i) * time.Minute).Format("2006-01-02T15:04:05.000Z")
	p := &Project{Title: fmt.Sprintf("Project %d", i), CreatedAt: created}
	p.complete()
	return p
}

// project returns a project, and keeps a generated one from now on: it may get runs.
func (s *Sandbox) project(id string) (*Project, bool) {
	if p, found := s.state.Hex.Projects[id]; found {
		return p, true
	}
	for i := range s.state.Hex.ProjectCount {
		if GeneratedProject(i) == id {
			s.state.Hex.Projects[id] = generate(i)
			return s.state.Hex.Projects[id], true
		}
	}
	return nil, false
}

type listedProject struct {
	id string
	*Project
}

func (s *Sandbox) allProjects() []listedProject {
	var list []listedProject
	for _, id := range sortedKeys(s.state.Hex.Projects) {
		list = append(list, listedProject{id, s.state.Hex.Projects[id]})
	}
	for i := range s.state.Hex.ProjectCount {
		id := GeneratedProject(i)
		if _, kept := s.state.Hex.Projects[id]; !kept {
			list = append(list, listedProject{id, generate(i)})
		}
	}
	return list
}

func (s *Sandbox) listProjects(c *call) answer {
	if refusal, lacks := s.lacks(c, "projects:read"); lacks {
		return refusal
	}
	list := slices.DeleteFunc(s.allProjects(), func(p listedProject) bool { return !p.wanted(c) })
	query := c.http.URL.Query()
	key := func(p listedProject) string {
		return map[string]string{
			"": p.CreatedAt, "CREATED_AT": p.CreatedAt, "LAST_EDITED_AT": p.LastEditedAt, "LAST_PUBLISHED_AT": p.LastPublishedAt,
		}[query.Get("sortBy")]
	}
	slices.SortStableFunc(list, func(a, b listedProject) int {
		if query.Get("sortDirection") == "ASC" {
			a, b = b, a
		}
		return strings.Compare(key(b), key(a))
	})
	items := make([]any, len(list))
	for i, p := range list {
		items[i] = p.describe()
	}
	return s.cursorPage(c, items)
}

// wanted applies the filters of the query.
func (p listedProject) wanted(c *call) bool {
	q := c.http.URL.Query()
	among := func(have []string, wanted ...string) bool {
		return len(wanted) == 0 || slices.ContainsFunc(have, func(h string) bool { return slices.Contains(wanted, h) })
	}
	given := func(key string) []string {
		return slices.DeleteFunc(slices.Clone(q[key]), func(v string) bool { return v == "" })
	}
	return (p.ArchivedAt == "" || q.Get("includeArchived") == "true") &&
		(p.TrashedAt == "" || q.Get("includeTrashed") == "true") &&
		(p.Type != "COMPONENT" || q.Get("includeComponents") == "true") &&
		among([]string{p.Creator}, given("creatorEmail")...) &&
		among([]string{p.Owner}, given("ownerEmail")...) &&
		among(p.Collections, given("collectionId")...) &&
		among([]string{p.Status}, append(given("statuses"), given("statuses[]")...)...) &&
		among(p.Categories, append(given("categories"), given("categories[]")...)...)
}

func (p listedProject) describe() map[string]any {
	var status any
	if p.Status != "" {
		status = map[string]any{"name": p.Status}
	}
	categories := []any{}
	for _, c := range p.Categories {
		categories = append(categories, map[string]any{"name": c})
	}
	views := map[string]any{"allTime": 0, "lastSevenDays": 0, "lastFourteenDays": 0, "lastThirtyDays": 0}
	return map[string]any{
		"id": p.id, "title": p.Title, "description": textOrNull(p.Description), "type": p.Type,
		"creator": map[string]any{"email": p.Creator}, "owner": map[string]any{"email": p.Owner},
		"status": status, "categories": categories, "reviews": map[string]any{"required": false},
		"analytics":    map[string]any{"appViews": views, "lastViewedAt": nil, "publishedResultsUpdatedAt": nil},
		"lastEditedAt": p.LastEditedAt, "lastPublishedAt": textOrNull(p.LastPublishedAt), "createdAt": p.CreatedAt,
		"archivedAt": textOrNull(p.ArchivedAt), "trashedAt": textOrNull(p.TrashedAt), "schedules": []any{},
	}
}

func (s *Sandbox) getProject(c *call) answer {
	if refusal, lacks := s.lacks(c, "projects:read"); lacks {
		return refusal
	}
	p, found := s.project(c.arg("project"))
	if !found {
		return s.hexError(http.StatusNotFound, "Project not found")
	}
	return jsonAnswer(http.StatusOK, listedProject{c.arg("project"), p}.describe())
}

// limitOf reads the page size: 25 unless 1 to 100 is given.
func limitOf(c *call) (int, bool) {
	text := c.http.URL.Query().Get("limit")
	if text == "" {
		return 25, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= 1 && n <= 100
}

// cursorPage answers one page. A cursor is opaque to clients; inside it is a position.
func (s *Sandbox) cursorPage(c *call, items []any) answer {
	limit, ok := limitOf(c)
	if !ok {
		return s.hexError(http.StatusBadRequest, "limit must be between 1 and 100")
	}
	query := c.http.URL.Query()
	from := 0
	if after := query.Get("after"); after != "" {
		from, ok = position(after)
	} else if before := query.Get("before"); before != "" {
		var end int
		end, ok = position(before)
		from = max(0, end-limit)
	}
	if !ok || from > len(items) {
		return s.hexError(http.StatusBadRequest, "invalid cursor")
	}
	to := min(from+limit, len(items))
	pagination := map[string]any{"after": nil, "before": nil}
	if to < len(items) {
		pagination["after"] = cursor(to)
	}
	if from > 0 {
		pagination["before"] = cursor(from)
	}
	return jsonAnswer(http.StatusOK, map[string]any{"values": items[from:to], "pagination": pagination})
}

func cursor(n int) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "position:%d", n))
}

func position(cursor string) (int, bool) {
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	text, found := strings.CutPrefix(string(raw), "position:")
	n, bad := strconv.Atoi(text)
	return n, err == nil && found && bad == nil && n >= 0
}

// hexList answers the other collections, which are what the state says they are: list, get, create, change.
func (s *Sandbox) hexList(c *call) answer {
	name, id, one := strings.Cut(strings.Trim(c.path, "/"), "/")
	items, found := s.state.Hex.Lists[name]
	if !found || strings.Contains(id, "/") {
		return htmlAnswer(http.StatusOK)
	}
	if _, known := s.hexToken(c); !known {
		return unauthorized()
	}
	if refusal, lacks := s.lacks(c, name+":"+c.access()); lacks {
		return refusal
	}
	if one {
		return s.hexItem(c, items, id)
	}
	switch c.method() {
	case http.MethodGet:
		all := make([]any, len(items))
		for i, item := range items {
			all[i] = item
		}
		return s.cursorPage(c, all)
	case http.MethodPost:
		item := map[string]any{}
		if err := json.Unmarshal([]byte(c.Body), &item); err != nil {
			return s.hexError(http.StatusBadRequest, "body is not a JSON object")
		}
		item["id"] = uuid(fmt.Sprintf("%s %d", name, len(items)))
		s.state.Hex.Lists[name] = append(items, item)
		return jsonAnswer(http.StatusCreated, item)
	}
	return htmlAnswer(http.StatusOK)
}

func (s *Sandbox) hexItem(c *call, items []map[string]any, id string) answer {
	i := slices.IndexFunc(items, func(item map[string]any) bool { return item["id"] == id })
	if i < 0 {
		return s.hexError(http.StatusNotFound, "Not found")
	}
	switch c.method() {
	case http.MethodGet:
		return jsonAnswer(http.StatusOK, items[i])
	case http.MethodPatch:
		if err := json.Unmarshal([]byte(c.Body), &items[i]); err != nil {
			return s.hexError(http.StatusBadRequest, "body is not a JSON object")
		}
		return jsonAnswer(http.StatusOK, items[i])
	}
	return htmlAnswer(http.StatusOK)
}
