package sandbox_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gh-hex/gh-hex/scripts/sandbox"
)

func TestMe(t *testing.T) {
	s := start(t)
	me := hex(t, s, "ada", "GET", "/users/me", nil).decode(t)
	if me["email"] != "ada@example.com" || me["name"] != "Ada Lovelace" || fmt.Sprint(me["token"]) != "map[exp:1.9e+09]" {
		t.Errorf("personal: %v", me)
	}
	me = hex(t, s, "robot", "GET", "/users/me", nil).decode(t)
	if me["email"] != nil || me["org"] == nil || fmt.Sprint(me["token"]) != "map[exp:<nil>]" {
		t.Errorf("workspace: %v", me)
	}
	merge(t, s, `{"hex": {"tokens": {"robot": {"revoked": true}}}}`)
	for _, authorization := range []string{"", "Bearer nonsense", "Bearer " + s.State().Hex.Tokens["robot"].Value} {
		r := do(t, s, "GET", s.HexURL()+"/api/v1/users/me", authorization, nil)
		if r.status != 401 || r.body != "Unauthorized" || !strings.HasPrefix(r.header.Get("Content-Type"), "text/plain") {
			t.Errorf("%q: %+v", authorization, r)
		}
	}
	for _, path := range []string{"/", "/api/v2/users/me", "/api/v1/nothing"} {
		r := do(t, s, "GET", s.HexURL()+path, "", nil)
		if r.status != 200 || !strings.HasPrefix(r.header.Get("Content-Type"), "text/html") {
			t.Errorf("%s: %+v", path, r)
		}
	}
}

func TestAllProjectsCanBePaged(t *testing.T) {
	s := start(t)
	merge(t, s, `{"hex": {"projectCount": 700, "projects": {"p1": {"title": "Sales"}}}}`)
	seen, pages, after, last := map[string]bool{}, 0, "", ""
	for {
		page := hex(t, s, "ada", "GET", "/projects?limit=100&after="+after, nil).decode(t)
		pages++
		for _, p := range page["values"].([]any) {
			project := p.(map[string]any)
			seen[project["id"].(string)] = true
			if created := project["createdAt"].(string); last != "" && created > last {
				t.Fatalf("not sorted: %s after %s", created, last)
			} else {
				last = created
			}
		}
		next, more := page["pagination"].(map[string]any)["after"].(string)
		if !more || pages > 100 {
			break
		}
		after = next
	}
	if pages != 8 || len(seen) != 701 || !seen[sandbox.GeneratedProject(699)] {
		t.Errorf("%d pages, %d projects", pages, len(seen))
	}
	if n := len(hex(t, s, "ada", "GET", "/projects", nil).decode(t)["values"].([]any)); n != 25 {
		t.Errorf("%d projects on a page by default", n)
	}
	for _, query := range []string{"limit=0", "limit=101", "limit=x", "after=%21"} {
		want(t, hex(t, s, "ada", "GET", "/projects?"+query, nil), 400)
	}
}

func TestProjectFilters(t *testing.T) {
	s := start(t)
	merge(t, s, `{"hex": {"projects": {
		"a": {"createdAt": "2026-01-01T00:00:00.000Z", "lastEditedAt": "2026-03-03T00:00:00.000Z", "owner": "grace@example.com", "creator": "ada@example.com"},
		"b": {"createdAt": "2026-01-02T00:00:00.000Z", "status": "Production", "categories": ["Finance"], "collections": ["c1"]},
		"c": {"createdAt": "2026-01-03T00:00:00.000Z", "archivedAt": "2026-02-01T00:00:00.000Z"},
		"d": {"createdAt": "2026-01-04T00:00:00.000Z", "trashedAt": "2026-02-01T00:00:00.000Z"},
		"e": {"createdAt": "2026-01-05T00:00:00.000Z", "type": "COMPONENT"}}}}`)
	for query, ids := range map[string]string{
		"":                                    "b a",
		"sortDirection=ASC":                   "a b",
		"sortBy=LAST_EDITED_AT":               "a b",
		"includeArchived=true":                "c b a",
		"includeTrashed=true":                 "d b a",
		"includeComponents=true":              "e b a",
		"ownerEmail=grace@example.com":        "a",
		"creatorEmail=grace@example.com":      "",
		"statuses%5B%5D=Production":           "b",
		"categories=Finance&categories=Other": "b",
		"collectionId=c1":                     "b",
	} {
		var got []string
		for _, p := range hex(t, s, "ada", "GET", "/projects?"+query, nil).decode(t)["values"].([]any) {
			got = append(got, p.(map[string]any)["id"].(string))
		}
		if strings.Join(got, " ") != ids {
			t.Errorf("%s: %v, want %s", query, got, ids)
		}
	}
}

func poll(t *testing.T, s *sandbox.Sandbox, project, run string) map[string]any {
	t.Helper()
	r := hex(t, s, "ada", "GET", "/projects/"+project+"/runs/"+run, nil)
	want(t, r, 200)
	return r.decode(t)
}

func startRun(t *testing.T, s *sandbox.Sandbox, project string) string {
	t.Helper()
	r := hex(t, s, "ada", "POST", "/projects/"+project+"/runs", map[string]any{})
	want(t, r, 201)
	return r.decode(t)["runId"].(string)
}

func TestRunsFollowTheirScripts(t *testing.T) {
	s := start(t)
	merge(t, s, `{"hex": {"projects": {"p": {"endTimeAfter": 1, "runScripts": [["PENDING", "RUNNING", "COMPLETED"], ["ERRORED"]]}}}}`)
	first, second, third := startRun(t, s, "p"), startRun(t, s, "p"), startRun(t, s, "p")
	for i, c := range []struct {
		status string
		end    bool
	}{{"PENDING", false}, {"RUNNING", false}, {"COMPLETED", false}, {"COMPLETED", true}, {"COMPLETED", true}} {
		if run := poll(t, s, "p", first); run["status"] != c.status || (run["endTime"] != nil) != c.end || run["projectVersion"] != "3" {
			t.Errorf("poll %d: %v", i+1, run)
		}
	}
	merge(t, s, `{"hex": {"versionNumber": true}}`)
	for _, id := range []string{second, third} {
		if run := poll(t, s, "p", id); run["status"] != "ERRORED" || run["projectVersion"] != 3.0 {
			t.Errorf("%v", run)
		}
	}
	list := hex(t, s, "ada", "GET", "/projects/p/runs?limit=1&statusFilter=ERRORED&runTriggerFilter=ALL", nil).decode(t)
	if len(list["runs"].([]any)) != 1 || list["nextPage"] == nil || list["previousPage"] != nil {
		t.Errorf("list: %v", list)
	}
}

func TestCancelledRunIsKilledALittleLater(t *testing.T) {
	s := start(t)
	merge(t, s, `{"hex": {"projectCount": 10}}`)
	project := sandbox.GeneratedProject(7)
	id := startRun(t, s, project)
	poll(t, s, project, id)
	r := hex(t, s, "ada", "DELETE", "/projects/"+project+"/runs/"+id, nil)
	want(t, r, 204)
	if r.body != "" {
		t.Errorf("body %q", r.body)
	}
	for i, status := range []string{"RUNNING", "KILLED", "KILLED"} {
		if got := poll(t, s, project, id)["status"]; got != status {
			t.Errorf("poll %d: %v, want %s", i+1, got, status)
		}
	}
	want(t, hex(t, s, "ada", "DELETE", "/projects/"+project+"/runs/"+id, nil), 422)
	want(t, hex(t, s, "ada", "DELETE", "/projects/"+project+"/runs/none", nil), 404)
	if n := len(s.Deleted()); n != 0 {
		t.Errorf("cancelling a run counts as deleting: %d", n)
	}
}

func TestRunsThatAreRefused(t *testing.T) {
	s := start(t)
	merge(t, s, `{"hex": {"projects": {"p": {"inputs": {"day": "STRING", "rows": "NUMBER"}}, "draft": {"unpublished": true}}}}`)
	run := func(project string, body any) response {
		return hex(t, s, "ada", "POST", "/projects/"+project+"/runs", body)
	}
	want(t, run("p", map[string]any{"dryRun": true}), 201)
	want(t, run("none", nil), 404)
	want(t, run("draft", map[string]any{"dryRun": true}), 422)
	r := run("p", map[string]any{"inputParams": map[string]any{"day": 1, "rows": 2, "other": "x"}})
	want(t, r, 422)
	if body := r.decode(t); body["reason"] != nil || fmt.Sprint(body["notFound"]) != "[other]" || !strings.Contains(fmt.Sprint(body["invalid"]), "paramName:day") {
		t.Errorf("%s", r.body)
	}
	want(t, run("p", map[string]any{"inputParams": map[string]any{"day": "1"}, "viewId": "v"}), 422)
	merge(t, s, `{"hex": {"kernelsBusy": 1}}`)
	r = run("p", nil)
	want(t, r, 503)
	if r.decode(t)["reason"] == nil {
		t.Errorf("a busy kernel answers JSON: %s", r.body)
	}
	if n := len(s.State().Hex.Projects["p"].Runs); n != 0 {
		t.Errorf("%d runs were started", n)
	}
	want(t, run("p", nil), 201)
}

func TestScopes(t *testing.T) {
	s := start(t)
	merge(t, s, `{"hex": {"projects": {"p": {}}, "lists": {"users": [{"id": "u1"}, {"id": "u2"}]}}}`)
	for scopes, c := range map[string][3]int{ // list, dry run, users
		`null`:              {200, 201, 200},
		`[]`:                {403, 403, 403},
		`["projects:read"]`: {200, 403, 403},
		`["projects:run"]`:  {200, 201, 403},
		`["users:read"]`:    {403, 403, 200},
	} {
		merge(t, s, `{"hex": {"tokens": {"robot": {"scopes": `+scopes+`}}}}`)
		want(t, hex(t, s, "robot", "GET", "/projects", nil), c[0])
		want(t, hex(t, s, "robot", "POST", "/projects/p/runs", map[string]any{"dryRun": true}), c[1])
		want(t, hex(t, s, "robot", "GET", "/users", nil), c[2])
	}
	merge(t, s, `{"hex": {"tokens": {"robot": {"scopes": []}}}}`)
	if body := hex(t, s, "robot", "GET", "/projects", nil).decode(t); body["reason"] == nil || body["traceId"] == nil {
		t.Errorf("old form: %v", body)
	}
	merge(t, s, `{"hex": {"newErrors": true}}`)
	if body := hex(t, s, "robot", "GET", "/projects", nil).decode(t); body["code"] != "FORBIDDEN" || body["message"] == nil {
		t.Errorf("new form: %v", body)
	}
}

func TestOtherCollections(t *testing.T) {
	s := start(t)
	merge(t, s, `{"hex": {"lists": {"groups": [{"id": "g1", "name": "Finance"}, {"id": "g2", "name": "Sales"}]}}}`)
	page := hex(t, s, "ada", "GET", "/groups?limit=1", nil).decode(t)
	after := page["pagination"].(map[string]any)["after"]
	page = hex(t, s, "ada", "GET", fmt.Sprintf("/groups?limit=1&after=%v", after), nil).decode(t)
	if fmt.Sprint(page["values"]) != "[map[id:g2 name:Sales]]" || page["pagination"].(map[string]any)["after"] != nil {
		t.Errorf("second page: %v", page)
	}
	want(t, hex(t, s, "ada", "POST", "/groups", map[string]any{"name": "New"}), 201)
	want(t, hex(t, s, "ada", "PATCH", "/groups/g1", map[string]any{"name": "Money"}), 200)
	want(t, hex(t, s, "ada", "GET", "/groups/none", nil), 404)
	if body := hex(t, s, "ada", "GET", "/groups/g1", nil).decode(t); body["name"] != "Money" {
		t.Errorf("%v", body)
	}
	if groups := s.State().Hex.Lists["groups"]; len(groups) != 3 {
		t.Errorf("%v", groups)
	}
}
