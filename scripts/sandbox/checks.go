package sandbox

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha1" //nolint:gosec // git names commits by SHA-1
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	hexcheck "github.com/gh-hex/gh-hex/extension/stored"
)

// The part of Actions that is played: runs of the workflow that gh hex init writes to ask Hex about the stored tokens, and
// of no other. Its steps really ask, with what is hexcheck.

// WorkflowRun is a run of it. What is missing is that of a run which ended well by schedule on the default branch.
type WorkflowRun struct {
	ID         int64          `json:"id,omitempty"`
	Event      string         `json:"event,omitempty"`
	Branch     string         `json:"branch,omitempty"`
	Commit     string         `json:"commit,omitempty"` // whose files it ran, a key of Files
	Status     string         `json:"status,omitempty"`
	Conclusion string         `json:"conclusion,omitempty"`
	Attempt    int            `json:"attempt,omitempty"`
	CreatedAt  time.Time      `json:"createdAt"`
	Jobs       []*WorkflowJob `json:"jobs,omitempty"`
}

// WorkflowJob is a job of a run.
type WorkflowJob struct {
	Name       string         `json:"name"`
	Status     string         `json:"status,omitempty"`
	Conclusion string         `json:"conclusion,omitempty"`
	Steps      []WorkflowStep `json:"steps,omitempty"`
}

// WorkflowStep is a step of a job that is over.
type WorkflowStep struct {
	Name       string `json:"name"`
	Conclusion string `json:"conclusion"`
}

// firstRun is where the numbers of runs begin.
const firstRun = 17_000_000_000

func (r *Repository) completeRuns(h *Host, now time.Time) {
	for _, run := range r.WorkflowRuns {
		if run.ID == 0 {
			run.ID = h.nextRun()
		}
		run.Event, run.Branch = cmp.Or(run.Event, "schedule"), cmp.Or(run.Branch, r.DefaultBranch)
		run.Status, run.Attempt = cmp.Or(run.Status, "completed"), cmp.Or(run.Attempt, 1)
		if run.Status == "completed" {
			run.Conclusion = cmp.Or(run.Conclusion, "success")
		}
		if run.CreatedAt.IsZero() {
			run.CreatedAt = now
		}
		if run.Commit == "" {
			run.Commit = r.commit(run.Branch)
		}
		for _, j := range run.Jobs {
			j.Status = cmp.Or(j.Status, "completed")
			if j.Status == "completed" {
				j.Conclusion = cmp.Or(j.Conclusion, "success")
			}
		}
	}
}

func (h *Host) nextRun() int64 {
	id := int64(firstRun)
	for _, r := range h.Repositories {
		for _, run := range r.WorkflowRuns {
			id = max(id, run.ID)
		}
	}
	return id + 1
}

// commit names the present files of a branch, and keeps them under that name.
func (r *Repository) commit(branch string) string {
	files := r.Files[branch]
	sum := sha1.New() //nolint:gosec // as git does
	for _, path := range sortedKeys(files) {
		fmt.Fprintf(sum, "%s\x00%s\x00", path, files[path])
	}
	id := fmt.Sprintf("%x", sum.Sum(nil))
	if len(files) > 0 {
		r.Files[id] = maps.Clone(files)
	}
	return id
}

func (s *Sandbox) checkRoutes() []route {
	const base = "/repos/{owner}/{repo}/actions/"
	return []route{
		{"GET", base + "workflows/{file}", (*call).getWorkflow},
		{"GET", base + "workflows/{file}/runs", (*call).listWorkflowRuns},
		{"POST", base + "workflows/{file}/dispatches", s.dispatchWorkflow},
		{"GET", base + "runs/{run}", (*call).getWorkflowRun},
		{"GET", base + "runs/{run}/jobs", (*call).listWorkflowJobs},
	}
}

// seeRuns returns the repository of a call whose runs a login may read.
func (c *call) seeRuns() (string, *Repository, answer) {
	name, r := c.visible()
	if l, _ := c.login(); r != nil && !r.Private && l == nil {
		return name, r, answer{}
	}
	return c.forRepository(need{"actions", "repo", "read"})
}

// workflow returns the text of a workflow on a branch.
func (c *call) workflow(r *Repository, branch string) (text string, found bool) {
	text, found = r.Files[branch][".github/workflows/"+c.arg("file")]
	return text, found
}

func (c *call) getWorkflow() answer {
	name, r, refusal := c.seeRuns()
	if r == nil {
		return refusal
	}
	if _, found := c.workflow(r, r.DefaultBranch); !found {
		return notFound()
	}
	path := ".github/workflows/" + c.arg("file")
	return jsonAnswer(http.StatusOK, map[string]any{
		"id": r.ID*10 + 1, "name": "Hex check", "path": path, "state": r.workflowState(c.arg("file")),
		"url": c.base() + "/repos/" + name + "/actions/workflows/" + c.arg("file"), "html_url": "https://" + c.name + "/" + name + "/blob/" + r.DefaultBranch + "/" + path,
	})
}

func (r *Repository) workflowState(file string) string {
	return cmp.Or(r.WorkflowStates[file], "active")
}

// listWorkflowRuns lists them newest first. Only one file has any.
func (c *call) listWorkflowRuns() answer {
	name, r, refusal := c.seeRuns()
	if r == nil {
		return refusal
	}
	if _, found := c.workflow(r, r.DefaultBranch); !found {
		return notFound()
	}
	query := c.http.URL.Query()
	runs := slices.Clone(r.WorkflowRuns)
	if c.arg("file") != hexcheck.FileName {
		runs = nil
	}
	slices.SortStableFunc(runs, func(a, b *WorkflowRun) int { return b.CreatedAt.Compare(a.CreatedAt)*2 + cmp.Compare(b.ID, a.ID) })
	items := []any{}
	for _, run := range runs {
		status := query.Get("status")
		if fits(query.Get("branch"), run.Branch) && fits(query.Get("event"), run.Event) && (fits(status, run.Status) || status == run.Conclusion) {
			items = append(items, c.describeRun(name, run))
		}
	}
	return c.page(items, 100, "workflow_runs")
}

func (c *call) describeRun(name string, run *WorkflowRun) map[string]any {
	at := run.CreatedAt.Format(time.RFC3339)
	return map[string]any{
		"id": run.ID, "name": "Hex check", "path": hexcheck.Path, "event": run.Event, "head_branch": run.Branch, "head_sha": run.Commit,
		"status": run.Status, "conclusion": textOrNull(run.Conclusion), "run_attempt": run.Attempt, "created_at": at, "run_started_at": at, "updated_at": at,
		"url": c.base() + "/repos/" + name + "/actions/runs/" + strconv.FormatInt(run.ID, 10), "html_url": c.runPage(name, run),
	}
}

func (c *call) runPage(name string, run *WorkflowRun) string {
	return fmt.Sprintf("https://%s/%s/actions/runs/%d", c.name, name, run.ID)
}

// workflowRun returns the run of a call.
func (c *call) workflowRun() (string, *WorkflowRun, answer) {
	name, r, refusal := c.seeRuns()
	if r == nil {
		return "", nil, refusal
	}
	for _, run := range r.WorkflowRuns {
		if strconv.FormatInt(run.ID, 10) == c.arg("run") {
			return name, run, answer{}
		}
	}
	return "", nil, notFound()
}

func (c *call) getWorkflowRun() answer {
	name, run, refusal := c.workflowRun()
	if run == nil {
		return refusal
	}
	return jsonAnswer(http.StatusOK, c.describeRun(name, run))
}

func (c *call) listWorkflowJobs() answer {
	name, run, refusal := c.workflowRun()
	if run == nil {
		return refusal
	}
	items := []any{}
	for i, job := range run.Jobs {
		steps := []any{}
		for n, step := range job.Steps {
			steps = append(steps, map[string]any{"name": step.Name, "status": "completed", "conclusion": step.Conclusion, "number": n + 1})
		}
		items = append(items, map[string]any{
			"id": run.ID*100 + int64(i), "run_id": run.ID, "run_attempt": run.Attempt, "name": job.Name, "status": job.Status,
			"conclusion": textOrNull(job.Conclusion), "steps": steps, "html_url": fmt.Sprintf("%s/job/%d", c.runPage(name, run), run.ID*100+int64(i)),
		})
	}
	return c.page(items, 100, "jobs")
}

// dispatchWorkflow starts a run, as GitHub answers it: with the run's number where that is asked for, and the server can.
func (s *Sandbox) dispatchWorkflow(c *call) answer {
	name, r, refusal := c.forRepository(need{"actions", "repo", "write"})
	if r == nil {
		return refusal
	}
	var in map[string]any
	if err := json.Unmarshal([]byte(c.Body), &in); err != nil {
		return failure(http.StatusBadRequest, "Problems parsing JSON")
	}
	_, details := in["return_run_details"]
	if details && c.host.RunDetails == "refused" {
		return failure(http.StatusBadRequest, `"return_run_details" is not a permitted key.`)
	}
	branch, _ := in["ref"].(string)
	branch = strings.TrimPrefix(branch, "refs/heads/")
	text, found := c.workflow(r, r.DefaultBranch)
	if !found {
		return notFound()
	}
	_, there := r.Files[branch]
	switch {
	case !there:
		return failure(http.StatusUnprocessableEntity, "No ref found for: "+branch)
	case r.workflowState(c.arg("file")) != "active":
		return failure(http.StatusUnprocessableEntity, "Cannot trigger a 'workflow_dispatch' on a disabled workflow")
	case !strings.Contains(text, "workflow_dispatch"):
		return failure(http.StatusUnprocessableEntity, "Workflow does not have 'workflow_dispatch' trigger")
	}
	text, _ = c.workflow(r, branch)
	file, ours := hexcheck.Recognize([]byte(text))
	if !ours || c.arg("file") != hexcheck.FileName {
		return failure(http.StatusNotImplemented, "the sandbox runs what gh hex init --check writes, and nothing else")
	}
	run := s.startCheck(c.host, name, r, file, "workflow_dispatch", branch)
	if !details || c.host.RunDetails == "ignored" {
		return answer{status: http.StatusNoContent}
	}
	d := c.describeRun(name, run)
	return jsonAnswer(http.StatusOK, map[string]any{"workflow_run_id": run.ID, "run_url": d["url"], "html_url": d["html_url"]})
}

// Schedule lets every repository run its check as on schedule, and returns once those runs are over, or wait for a person.
func (s *Sandbox) Schedule() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.state.GitHub {
		for name, r := range h.Repositories {
			file, ours := hexcheck.Recognize([]byte(r.Files[r.DefaultBranch][hexcheck.Path]))
			if ours && r.workflowState(hexcheck.FileName) == "active" {
				s.startCheck(h, name, r, file, "schedule", r.DefaultBranch)
			}
		}
	}
	for s.checks > 0 {
		s.idle.Wait()
	}
}

// checkRun is a run at work.
type checkRun struct {
	host   *Host
	name   string
	repo   *Repository
	file   hexcheck.File
	run    *WorkflowRun
	secret string // of repository and organization, as they were when the run was queued
	vars   map[string]string
}

func (s *Sandbox) startCheck(h *Host, name string, r *Repository, file hexcheck.File, event, branch string) *WorkflowRun {
	run := &WorkflowRun{ID: h.nextRun(), Event: event, Branch: branch, Commit: r.commit(branch), Status: "in_progress", Attempt: 1, CreatedAt: s.now()}
	c := &checkRun{host: h, name: name, repo: r, file: file, run: run, vars: map[string]string{}}
	owner, _ := lookup(h.Accounts, strings.Split(name, "/")[0])
	secrets := []map[string]*Secret{r.Secrets["actions"]}
	variables := []map[string]*Variable{r.Variables}
	if owner != nil && owner.Type == "Organization" {
		secrets, variables = append(secrets, reach(owner.Secrets["actions"], name, r)), append(variables, reach(owner.Variables, name, r))
	}
	c.secret = first(file.Secret, secrets)
	for _, variable := range []string{"HEX_WORKSPACE_URL", "HEX_PROJECT_ID"} {
		c.vars[variable] = first(variable, variables)
	}
	r.WorkflowRuns = append(r.WorkflowRuns, run)
	c.addJobs()
	s.active++
	s.checks++
	go s.carryOut(c)
	return run
}

func reach(entries map[string]*Secret, name string, r *Repository) map[string]*Secret {
	reached := map[string]*Secret{}
	for key, e := range entries {
		if e.reaches(name, r) {
			reached[key] = e
		}
	}
	return reached
}

// first is the value of the nearest level that has a name.
func first(name string, levels []map[string]*Secret) string {
	for _, level := range levels {
		if e, found := lookup(level, name); found {
			return e.Value
		}
	}
	return ""
}

func (c *checkRun) addJobs() {
	add := func(name, status, conclusion string) {
		c.run.Jobs = append(c.run.Jobs, &WorkflowJob{Name: name, Status: status, Conclusion: conclusion})
	}
	add(hexcheck.RepositoryJob, "queued", "")
	names := slices.Clone(c.file.Environments)
	if c.run.Event == "workflow_dispatch" {
		names = append(names, c.file.Protected...)
	} else if len(c.file.Protected) > 0 {
		add("environment ${{ matrix.environment }}", "completed", "skipped") // nothing works a skipped job's name out
	}
	for _, name := range names {
		status := "queued"
		if e, found := lookup(c.repo.Environments, name); found && (e.Reviewers || e.WaitTimer > 0) {
			status = "waiting"
		}
		add(hexcheck.JobOf(name), status, "")
	}
}

// carryOut does the jobs one after the other. The lock is not held while Hex is asked.
func (s *Sandbox) carryOut(c *checkRun) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, job := range c.run.Jobs {
		if job.Status != "queued" {
			continue
		}
		job.Status = "in_progress"
		token, vars := c.see(job.Name)
		s.mu.Unlock()
		steps, conclusion := s.askHex(token, vars, c.file.Projects)
		s.mu.Lock()
		job.Steps, job.Status, job.Conclusion = steps, "completed", conclusion
	}
	c.conclude()
	s.active--
	s.checks--
	s.idle.Broadcast()
}

// see is what a job sees: what its environment holds hides the rest.
func (c *checkRun) see(job string) (token string, vars map[string]string) {
	token, vars = c.secret, maps.Clone(c.vars)
	name, inEnvironment := strings.CutPrefix(job, "environment ")
	e, found := lookup(c.repo.Environments, name)
	if !found || !inEnvironment {
		return token, vars
	}
	if own, there := lookup(e.Secrets, c.file.Secret); there {
		token = own.Value
	}
	for variable := range vars {
		if own, there := lookup(e.Variables, variable); there {
			vars[variable] = own.Value
		}
	}
	return token, vars
}

func (c *checkRun) conclude() {
	c.run.Status, c.run.Conclusion = "completed", "success"
	for _, job := range c.run.Jobs {
		switch {
		case job.Status == "waiting":
			c.run.Status, c.run.Conclusion = "waiting", ""
			return
		case job.Conclusion == "failure":
			c.run.Conclusion = "failure"
		}
	}
}

// askHex plays the steps of a job.
func (s *Sandbox) askHex(token string, vars map[string]string, projects []string) (steps []WorkflowStep, conclusion string) {
	told := s.verifyToken(token, vars, projects)
	ask := "success"
	if told["token-accepted"] == "" && told["unknown"] == "" {
		ask = "failure"
	}
	steps = []WorkflowStep{{"Set up job", "success"}, {"Install gh hex", "success"}}
	for _, id := range []string{"token-present", "token-format", "token-accepted", "token-expiry", "scope-read", "scope-run"} {
		step := WorkflowStep{id, "skipped"}
		switch told[id] {
		case "ok":
			step.Conclusion = "success"
		case "error", "warning":
			step.Conclusion, conclusion = "failure", "failure"
		}
		steps = append(steps, step)
	}
	if conclusion == "failure" {
		ask = "failure"
	}
	steps = slices.Insert(steps, 2, WorkflowStep{"Ask Hex", ask})
	return append(steps, WorkflowStep{"Complete job", "success"}), cmp.Or(conclusion, ask)
}

// verifyToken has Hex judge a token, by the status of each check; those that are not told are skipped.
func (s *Sandbox) verifyToken(token string, vars map[string]string, projects []string) map[string]string {
	told := map[string]string{}
	switch {
	case token == "":
		return map[string]string{"token-present": "error"}
	case strings.ContainsAny(strings.TrimSpace(token), " \t\n") || strings.Contains(token, "://"):
		return map[string]string{"token-format": "error"}
	}
	host := strings.TrimSuffix(cmp.Or(vars["HEX_WORKSPACE_URL"], "https://app.hex.tech"), "/")
	if host != s.hexURL {
		return map[string]string{"token-accepted": "error"} // another region knows none of these tokens
	}
	me, meStatus := s.askHexFor(token, "GET", "users/me", "")
	_, listStatus := s.askHexFor(token, "GET", "projects", "")
	switch {
	case meStatus == http.StatusUnauthorized || listStatus == http.StatusUnauthorized:
		return map[string]string{"token-accepted": "error"}
	case meStatus != http.StatusOK && listStatus != http.StatusOK:
		return map[string]string{"unknown": "token-accepted"}
	}
	told["token-accepted"] = "ok"
	if meStatus == http.StatusOK {
		told["token-expiry"] = expiryStatus(me, time.Now())
	}
	told["scope-read"] = map[int]string{http.StatusOK: "ok", http.StatusForbidden: "error"}[listStatus]
	if id := vars["HEX_PROJECT_ID"]; id != "" {
		projects = append([]string{id}, projects...)
	}
	for _, id := range projects {
		_, status := s.askHexFor(token, "POST", "projects/"+id+"/runs", `{"dryRun":true}`)
		switch {
		case status == http.StatusForbidden:
			told["scope-run"] = "error"
		case status == http.StatusCreated || status == http.StatusUnprocessableEntity:
			told["scope-run"] = cmp.Or(told["scope-run"], "ok")
		}
	}
	return told
}

func expiryStatus(me []byte, now time.Time) string {
	var in struct{ Token struct{ Exp *float64 } }
	if json.Unmarshal(me, &in) != nil || in.Token.Exp == nil {
		return "ok"
	}
	exp := *in.Token.Exp
	if exp > 1e11 {
		exp /= 1000
	}
	if time.Unix(int64(exp), 0).Sub(now) <= 14*24*time.Hour {
		return "warning"
	}
	return "ok"
}

// askHexFor sends a request of a runner's. Status 0 means that there was no JSON answer.
func (s *Sandbox) askHexFor(token, method, path, body string) ([]byte, int) {
	ctx, cancel := context.WithTimeout(s.ctx, 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, s.hexURL+"/api/v1/"+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return nil, 0
	}
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(token))
	req.Header.Set("User-Agent", "runner")
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req) // tests put others into the default one's place
	if err != nil {
		return nil, 0
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil || resp.StatusCode < 300 && !json.Valid(raw) {
		return nil, 0
	}
	return raw, resp.StatusCode
}
