package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/gh-hex/gh-hex/extension/stored"
	"github.com/gh-hex/gh-hex/scripts/sandbox"
)

const checkPath = "/repos/octo/analytics/actions/workflows/" + stored.FileName

// withCheck stores a check on the default branch, and values in three places.
func withCheck(t *testing.T, s *sandbox.Sandbox, file stored.File, repository, prod, organization string) {
	t.Helper()
	file.Secret = "HEX_API_TOKEN"
	secret := func(value string) string {
		if value == "" {
			return "{}"
		}
		return fmt.Sprintf(`{"HEX_API_TOKEN": {"value": %q, "visibility": "all"}}`, value)
	}
	text, _ := json.Marshal(file.Text())
	merge(t, s, fmt.Sprintf(`{"github": {"github.com": {
		"accounts": {"octo": {"secrets": {"actions": %s}}},
		"repositories": {"octo/analytics": {
			"secrets": {"actions": %s}, "variables": {"HEX_WORKSPACE_URL": {"value": %q}},
			"environments": {"prod": {"secrets": %s}, "live": {"reviewers": true}},
			"files": {"main": {%q: %s}}
	}}}}}`, secret(organization), secret(repository), s.HexURL(), secret(prod), stored.Path, text))
}

// lastRun waits until the newest run is over, and returns the conclusions of each job's steps, by the job's name.
func lastRun(t *testing.T, s *sandbox.Sandbox) (run *sandbox.WorkflowRun, jobs map[string]string) {
	t.Helper()
	merge(t, s, `{}`) // waits for runs
	runs := s.State().GitHub["github.com"].Repositories["octo/analytics"].WorkflowRuns
	if len(runs) == 0 {
		t.Fatal("there is no run")
	}
	jobs = map[string]string{}
	run = runs[len(runs)-1]
	for _, j := range run.Jobs {
		text := j.Status + " " + j.Conclusion
		for _, step := range j.Steps {
			if strings.Contains(step.Name, "-") && step.Conclusion != "skipped" {
				text += " " + step.Name + "=" + step.Conclusion
			}
		}
		jobs[j.Name] = strings.TrimSpace(text)
	}
	return run, jobs
}

func TestCheckAsksHexWithWhatIsStored(t *testing.T) {
	s := start(t)
	merge(t, s, `{"hex": {
		"tokens": {"reader": {"kind": "workspace", "scopes": ["projects:read"]}, "gone": {"kind": "workspace", "revoked": true}, "soon": {"exp": 1}},
		"projects": {"019f681a-1870-731d-bf1e-b82d136117fa": {}}}}`)
	tokens := s.State().Hex.Tokens
	const accepted = "completed success token-accepted=success token-expiry=success scope-read=success scope-run=success"
	const rejected = "completed failure token-accepted=failure"
	for name, test := range map[string]struct{ value, want string }{
		"good":         {tokens["robot"].Value, accepted},
		"read-only":    {tokens["reader"].Value, "completed failure token-accepted=success token-expiry=success scope-read=success scope-run=failure"},
		"revoked":      {tokens["gone"].Value, rejected},
		"of elsewhere": {sandbox.NewToken(sandbox.Workspace, "elsewhere"), rejected},
		"garbage":      {"an older token", "completed failure token-format=failure"},
		"expiring":     {tokens["soon"].Value, "completed failure token-accepted=success token-expiry=failure scope-read=success scope-run=success"},
	} {
		withCheck(t, s, stored.File{Environments: []string{"PROD"}, Protected: []string{"live"}, Projects: []string{"019f681a-1870-731d-bf1e-b82d136117fa"}}, tokens["robot"].Value, test.value, "")
		s.Schedule()
		run, jobs := lastRun(t, s)
		want := map[string]string{"repository": accepted, "environment PROD": test.want, "environment ${{ matrix.environment }}": "completed skipped"}
		if fmt.Sprint(jobs) != fmt.Sprint(want) || run.Event != "schedule" || run.Status != "completed" {
			t.Errorf("%s: %s %s: %v", name, run.Event, run.Status, jobs)
		}
	}
	withCheck(t, s, stored.File{}, "", "", tokens["robot"].Value)
	s.Update(func(st *sandbox.State) {
		delete(st.GitHub["github.com"].Repositories["octo/analytics"].Secrets["actions"], "HEX_API_TOKEN")
	})
	s.Schedule()
	if _, jobs := lastRun(t, s); !strings.Contains(jobs["repository"], "token-accepted=success") {
		t.Errorf("the organization's secret is not seen: %v", jobs)
	}
}

func TestCheckWhileHexIsDown(t *testing.T) {
	s := start(t)
	withCheck(t, s, stored.File{}, s.State().Hex.Tokens["robot"].Value, "", "")
	for _, fault := range []sandbox.Fault{{Status: 503}, {HTML: true}, {Reset: true}, {Status: 404, HTML: true}, {Status: 429}} {
		fault.Service = "hex"
		if err := s.AddFaults(fault); err != nil {
			t.Fatal(err)
		}
		s.Schedule()
		s.ClearFaults()
		if run, jobs := lastRun(t, s); jobs["repository"] != "completed success" || run.Conclusion != "success" {
			t.Errorf("%+v: %s: %v", fault, run.Conclusion, jobs)
		}
	}
}

func TestDispatch(t *testing.T) {
	s := start(t)
	good := s.State().Hex.Tokens["robot"].Value
	withCheck(t, s, stored.File{Protected: []string{"live"}}, good, "", "")
	send := func(body string) (int, string) {
		a := api(t, s, "POST", checkPath+"/dispatches", json.RawMessage(body))
		return a.status, a.body
	}
	code, body := send(`{"ref": "main", "return_run_details": true}`)
	run, jobs := lastRun(t, s)
	if code != 200 || !strings.Contains(body, fmt.Sprintf(`"workflow_run_id":%d`, run.ID)) || run.Event != "workflow_dispatch" || run.Status != "waiting" {
		t.Errorf("%d %s: %+v", code, body, run)
	}
	if jobs["environment live"] != "waiting" || !strings.Contains(jobs["repository"], "token-accepted=success") {
		t.Errorf("%v", jobs)
	}
	if code, body = send(`{"ref": "main"}`); code != 204 || body != "" {
		t.Errorf("without details: %d %s", code, body)
	}
	for name, test := range map[string]struct {
		patch string
		body  string
		want  int
	}{
		"a server that ignores details": {`{"runDetails": "ignored"}`, `{"ref": "main", "return_run_details": true}`, 204},
		"a server that refuses them":    {`{"runDetails": "refused"}`, `{"ref": "main", "return_run_details": true}`, 400},
		"and without them":              {`{"runDetails": "refused"}`, `{"ref": "main"}`, 204},
		"an unknown branch":             {`{}`, `{"ref": "nowhere"}`, 422},
		"disabled":                      {`{"repositories": {"octo/analytics": {"workflowStates": {"hex-check.yml": "disabled_inactivity"}}}}`, `{"ref": "main"}`, 422},
		"no right to":                   {`{"repositories": {"octo/analytics": {"permission": "read"}}}`, `{"ref": "main"}`, 403},
		"a foreign file":                {fmt.Sprintf(`{"repositories": {"octo/analytics": {"files": {"main": {%q: "on: workflow_dispatch\njobs: {}\n"}}}}}`, stored.Path), `{"ref": "main"}`, 501},
		"a file that takes none":        {fmt.Sprintf(`{"repositories": {"octo/analytics": {"files": {"main": {%q: "on: push\njobs: {}\n"}}}}}`, stored.Path), `{"ref": "main"}`, 422},
		"no file":                       {`{"repositories": {"octo/analytics": {"files": {"main": null}}}}`, `{"ref": "main"}`, 404},
	} {
		before := s.State()
		merge(t, s, `{"github": {"github.com": `+test.patch+`}}`)
		if code, body := send(test.body); code != test.want {
			t.Errorf("%s: %d %s", name, code, body)
		}
		merge(t, s, `{}`)
		runs := len(s.State().GitHub["github.com"].Repositories["octo/analytics"].WorkflowRuns)
		if grown := runs > len(before.GitHub["github.com"].Repositories["octo/analytics"].WorkflowRuns); grown != (test.want == 204) {
			t.Errorf("%s: a run began: %t", name, grown)
		}
		s.Update(func(st *sandbox.State) { *st = before })
	}
}

func TestRunsAreListed(t *testing.T) {
	s := start(t)
	withCheck(t, s, stored.File{}, "x y", "", "")
	merge(t, s, `{"github": {"github.com": {"repositories": {"octo/analytics": {"workflowRuns": [
		{"createdAt": "2026-11-01T00:00:00Z", "jobs": [{"name": "repository", "steps": [{"name": "token-accepted", "conclusion": "success"}]}]},
		{"createdAt": "2026-11-03T00:00:00Z", "attempt": 2},
		{"createdAt": "2026-11-02T00:00:00Z", "event": "workflow_dispatch", "branch": "feature", "commit": "0123456789012345678901234567890123456789", "conclusion": "failure"}
	]}}}}}`)
	for path, want := range map[string]string{
		checkPath:                                             `"state":"active"`,
		checkPath + "/runs":                                   `"run_attempt":2`,
		checkPath + "/runs?branch=feature":                    `"head_sha":"0123456789012345678901234567890123456789"`,
		checkPath + "/runs?status=failure":                    `"total_count":1`,
		checkPath + "/runs?event=schedule":                    `"total_count":2`,
		"/repos/octo/analytics/actions/runs/17000000001":      `"created_at":"2026-11-01T00:00:00Z"`,
		"/repos/octo/analytics/actions/runs/17000000001/jobs": `"steps":[{"conclusion":"success","name":"token-accepted"`,
	} {
		if a := api(t, s, "GET", path, nil); a.status != http.StatusOK || !strings.Contains(a.body, want) {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	for _, path := range []string{"/repos/octo/site/actions/workflows/hex-check.yml", "/repos/octo/site/actions/workflows/hex-check.yml/runs", "/repos/octo/analytics/actions/runs/1", "/repos/octo/analytics/actions/runs/1/jobs"} {
		if a := api(t, s, "GET", path, nil); a.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	sha := s.State().GitHub["github.com"].Repositories["octo/analytics"].WorkflowRuns[0].Commit
	if a := api(t, s, "GET", "/repos/octo/analytics/contents/"+stored.Path+"?ref="+sha, nil); a.status != http.StatusOK {
		t.Errorf("the file that ran: %d %s", a.status, a.body)
	}
}
