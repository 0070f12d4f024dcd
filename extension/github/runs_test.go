package github

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/h2non/gock"
)

const checkAPI = "/repos/octo/analytics/actions/workflows/hex-check.yml"

func TestWorkflowRequests(t *testing.T) {
	c := newTestClient(t)
	get := func(path string) *gock.Response { return gock.New(root).Get(path).Reply(200) }
	get(checkAPI + "$").JSON(`{"path": ".github/workflows/hex-check.yml", "state": "disabled_inactivity"}`)
	get(checkAPI + "/runs$").JSON(`{"total_count": 1, "workflow_runs": [{"id": 7, "event": "schedule", "head_branch": "main", "head_sha": "abc", "status": "completed", "conclusion": "success", "run_attempt": 1, "created_at": "2026-11-30T12:00:00Z", "html_url": "https://elsewhere.example.com"}]}`)
	get("/repos/octo/analytics/actions/runs/7$").JSON(`{"id": 7, "status": "waiting"}`)
	get("/repos/octo/analytics/actions/runs/7/jobs").JSON(`{"total_count": 1, "jobs": [{"name": "repository", "status": "completed", "conclusion": "success", "steps": [{"name": "token-accepted", "conclusion": "success"}]}]}`)
	get("/repos/octo/analytics/environments$").JSON(`{"total_count": 4, "environments": [
		{"name": "Live", "protection_rules": [{"type": "required_reviewers"}]}, {"name": "slow", "protection_rules": [{"type": "wait_timer", "wait_timer": 30}]},
		{"name": "main-only", "protection_rules": [{"type": "branch_policy"}, {"type": "wait_timer", "wait_timer": 0}]}, {"name": "gated", "protection_rules": [{"type": "other"}]}]}`)

	ctx := t.Context()
	if state, err := c.WorkflowState(ctx, "octo", "analytics", "hex-check.yml"); state != "disabled_inactivity" || err != nil {
		t.Errorf("%s, %v", state, err)
	}
	runs, err := c.WorkflowRuns(ctx, "octo", "analytics", "hex-check.yml", "main")
	want := Run{7, "schedule", "main", "abc", "completed", "success", 1, time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC), "https://github.com/octo/analytics/actions/runs/7"}
	if err != nil || len(runs) != 1 || runs[0] != want {
		t.Errorf("%+v, %v", runs, err)
	}
	if run, err := c.WorkflowRun(ctx, "octo", "analytics", 7); run.Status != "waiting" || err != nil {
		t.Errorf("%+v, %v", run, err)
	}
	jobs, err := c.Jobs(ctx, "octo", "analytics", 7)
	if err != nil || len(jobs) != 1 || jobs[0].Steps[0] != (Step{"token-accepted", "success"}) {
		t.Errorf("%+v, %v", jobs, err)
	}
	waits, err := c.Protected(ctx, "octo", "analytics")
	if err != nil || len(waits) != 4 || !waits["live"] || !waits["slow"] || waits["main-only"] || !waits["gated"] {
		t.Errorf("%v, %v", waits, err)
	}
	get("/repos/octo/analytics/environments$").JSON(`{"total_count": 1, "environments": [{}]}`)
	if waits, err := c.Protected(ctx, "octo", "analytics"); err == nil {
		t.Errorf("an environment without a name: %v", waits)
	}
}

// TestGarbledRuns has answers that are no list or name nothing: an error each, never an empty list.
func TestGarbledRuns(t *testing.T) {
	for _, body := range []string{`{}`, `[]`, `{"workflow_runs": null}`, `{"workflow_runs": [{}]}`, `{"workflow_runs": [{"id": -1, "status": "completed"}]}`, `<html>`} {
		c := newTestClient(t)
		gock.New(root).Get(checkAPI + "/runs").Reply(200).BodyString(body)
		if runs, err := c.WorkflowRuns(t.Context(), "octo", "analytics", "hex-check.yml", ""); err == nil {
			t.Errorf("runs: %s is taken for %v", body, runs)
		}
	}
	for _, body := range []string{`{}`, `{"id": 8, "status": "completed"}`, `{"id": 7}`} {
		c := newTestClient(t)
		gock.New(root).Get("/repos/octo/analytics/actions/runs/7$").Reply(200).BodyString(body)
		if run, err := c.WorkflowRun(t.Context(), "octo", "analytics", 7); err == nil {
			t.Errorf("run 7: %s is taken for %v", body, run)
		}
	}
	for _, body := range []string{`{}`, `{"jobs": [{}]}`, `{"jobs": [{"name": "repository"}]}`, `{"jobs": {}}`} {
		c := newTestClient(t)
		gock.New(root).Get("/repos/octo/analytics/actions/runs/7/jobs").Reply(200).BodyString(body)
		if jobs, err := c.Jobs(t.Context(), "octo", "analytics", 7); err == nil {
			t.Errorf("jobs: %s is taken for %v", body, jobs)
		}
	}
	for _, body := range []string{`{}`, `{"state": "active"}`, `{"state": "active", "path": ".github/workflows/other.yml"}`} {
		c := newTestClient(t)
		gock.New(root).Get(checkAPI).Reply(200).BodyString(body)
		if state, err := c.WorkflowState(t.Context(), "octo", "analytics", "hex-check.yml"); err == nil {
			t.Errorf("state: %s is taken for %s", body, state)
		}
	}
}

func TestDispatch(t *testing.T) {
	const full, bare = `{"ref":"main","return_run_details":true}`, `{"ref":"main"}`
	type exchange struct {
		sent   string
		status int
		body   string
	}
	for name, test := range map[string]struct {
		exchanges []exchange
		id        int64
		fails     error // nil for none, errNotJSON for any
		ambiguous bool
	}{
		"with details":              {[]exchange{{full, 200, `{"workflow_run_id": 7}`}}, 7, nil, false},
		"without":                   {[]exchange{{full, 204, ""}}, 0, nil, false},
		"a field that is unknown":   {[]exchange{{full, 400, `{"message": "no such key"}`}, {bare, 204, ""}}, 0, nil, false},
		"the same, as 422":          {[]exchange{{full, 422, `{"message": "\"return_run_details\" is not a permitted key"}`}, {bare, 204, ""}}, 0, nil, false},
		"disabled":                  {[]exchange{{full, 422, `{"message": "Cannot trigger a disabled workflow"}`}}, 0, errNotJSON, false},
		"no right":                  {[]exchange{{full, 403, `{"message": "Resource not accessible"}`}}, 0, ErrForbidden, false},
		"no file":                   {[]exchange{{full, 404, `{"message": "Not Found"}`}}, 0, ErrNotFound, false},
		"bad request twice":         {[]exchange{{full, 400, `{}`}, {bare, 400, `{}`}}, 0, errNotJSON, false},
		"a failure is not repeated": {[]exchange{{full, 502, `<html>`}}, 0, errNotJSON, true},
		"a page":                    {[]exchange{{full, 200, `<html>`}}, 0, errNotJSON, false},
		"no number":                 {[]exchange{{full, 200, `{}`}}, 0, errNotJSON, false},
	} {
		c := newTestClient(t)
		for _, e := range test.exchanges {
			gock.New(root).Post(checkAPI+"/dispatches").BodyString(e.sent).Reply(e.status).SetHeader("Content-Type", "application/json").BodyString(e.body)
		}
		id, err := c.Dispatch(t.Context(), "octo", "analytics", "hex-check.yml", "main")
		var e *Error
		if id != test.id || (err != nil) != (test.fails != nil) || test.fails != errNotJSON && !errors.Is(err, test.fails) {
			t.Errorf("%s: %d, %v", name, id, err)
		}
		if errors.As(err, &e) && e.Ambiguous() != test.ambiguous {
			t.Errorf("%s: ambiguous: %t", name, !test.ambiguous)
		}
		if !gock.IsDone() {
			t.Errorf("%s: not everything was asked", name)
		}
		gock.OffAll()
	}
}

func TestCommitFile(t *testing.T) {
	c := newTestClient(t)
	gock.New(root).Get("/repos/octo/analytics/contents/.github/workflows/hex-check.yml").MatchParam("ref", "feature/x").Reply(200).JSON(`{"encoding": "base64", "content": "b24="}`)
	gock.New(root).Get("/repos/octo/analytics/contents/.github/workflows/hex-check.yml").Reply(http.StatusNotFound).JSON(`{"message": "Not Found"}`)
	if text, err := c.CommitFile(t.Context(), "octo", "analytics", ".github/workflows/hex-check.yml", "feature/x"); string(text) != "on" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := c.CommitFile(t.Context(), "octo", "analytics", ".github/workflows/hex-check.yml", "main"); !errors.Is(err, ErrNotFound) {
		t.Errorf("%v", err)
	}
}
