package github

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxRuns is how many of the newest runs are looked at.
const maxRuns = 20

// Run is a run of a workflow.
type Run struct {
	ID         int64
	Event      string
	Branch     string
	Commit     string
	Status     string
	Conclusion string
	Attempt    int
	CreatedAt  time.Time
	URL        string // its page
}

// Job is a job of a run.
type Job struct {
	Name, Status, Conclusion string
	Steps                    []Step
}

// Step is a step of a job.
type Step struct{ Name, Conclusion string }

// CommitFile reads a file as it stands at a branch or commit. A missing one is [ErrNotFound].
func (c *Client) CommitFile(ctx context.Context, owner, repo, path, ref string) ([]byte, error) {
	what := fmt.Sprintf("read %s of %s/%s", path, owner, repo)
	return c.contents(ctx, fmt.Sprintf("repos/%s/%s/contents/%s?ref=%s", url.PathEscape(owner), url.PathEscape(repo), escapePath(path), url.QueryEscape(ref)), what)
}

// WorkflowState is active, disabled_manually, disabled_inactivity or another word of GitHub's. A workflow that the default
// branch does not have is [ErrNotFound].
func (c *Client) WorkflowState(ctx context.Context, owner, repo, file string) (string, error) {
	var raw struct{ Path, State string }
	what := fmt.Sprintf("look up the workflow %s of %s/%s", file, owner, repo)
	if _, err := c.get(ctx, workflowPath(owner, repo, file), what, &raw); err != nil {
		return "", err
	}
	if raw.State == "" || !strings.HasSuffix(raw.Path, "/"+file) {
		return "", c.unusable(http.StatusOK, what, errNotJSON)
	}
	return raw.State, nil
}

func workflowPath(owner, repo, file string) string {
	return fmt.Sprintf("repos/%s/%s/actions/workflows/%s", url.PathEscape(owner), url.PathEscape(repo), url.PathEscape(file))
}

// run is a run as GitHub sends it.
type run struct {
	ID         int64     `json:"id"`
	Event      string    `json:"event"`
	Branch     string    `json:"head_branch"`
	Commit     string    `json:"head_sha"`
	Status     string    `json:"status"`
	Conclusion string    `json:"conclusion"`
	Attempt    int       `json:"run_attempt"`
	CreatedAt  time.Time `json:"created_at"`
}

// public returns false for what names no run. The page's address is made here: nobody is sent to one that an answer names.
func (r run) public(c *Client, owner, repo string) (Run, bool) {
	page := fmt.Sprintf("https://%s/%s/%s/actions/runs/%d", c.host, owner, repo, r.ID)
	return Run{r.ID, r.Event, r.Branch, r.Commit, r.Status, r.Conclusion, r.Attempt, r.CreatedAt, page}, r.ID > 0 && r.Status != ""
}

// WorkflowRuns lists the newest runs of a workflow on a branch; all branches when it is empty.
func (c *Client) WorkflowRuns(ctx context.Context, owner, repo, file, branch string) ([]Run, error) {
	what := fmt.Sprintf("list the runs of %s of %s/%s", file, owner, repo)
	path := fmt.Sprintf("%s/runs?per_page=%d", workflowPath(owner, repo, file), maxRuns)
	if branch != "" {
		path += "&branch=" + url.QueryEscape(branch)
	}
	var raw struct {
		Runs []run `json:"workflow_runs"`
	}
	if _, err := c.get(ctx, path, what, &raw); err != nil {
		return nil, err
	}
	if raw.Runs == nil || len(raw.Runs) > maxPage {
		return nil, c.unusable(http.StatusOK, what, errNotJSON)
	}
	runs := make([]Run, len(raw.Runs))
	for i, r := range raw.Runs {
		var named bool
		if runs[i], named = r.public(c, owner, repo); !named {
			return nil, c.unusable(http.StatusOK, what, errNotJSON)
		}
	}
	return runs, nil
}

// WorkflowRun looks a run up.
func (c *Client) WorkflowRun(ctx context.Context, owner, repo string, id int64) (Run, error) {
	what := fmt.Sprintf("look up run %d of %s/%s", id, owner, repo)
	var raw run
	if _, err := c.get(ctx, runPath(owner, repo, id), what, &raw); err != nil {
		return Run{}, err
	}
	r, named := raw.public(c, owner, repo)
	if !named || r.ID != id {
		return Run{}, c.unusable(http.StatusOK, what, errNotJSON)
	}
	return r, nil
}

func runPath(owner, repo string, id int64) string {
	return fmt.Sprintf("repos/%s/%s/actions/runs/%d", url.PathEscape(owner), url.PathEscape(repo), id)
}

// Jobs lists the jobs of a run with their steps.
func (c *Client) Jobs(ctx context.Context, owner, repo string, id int64) ([]Job, error) {
	var jobs []Job
	what := fmt.Sprintf("list the jobs of run %d of %s/%s", id, owner, repo)
	err := c.pages(ctx, runPath(owner, repo, id)+"/jobs?per_page=100", "jobs", what, func(raw json.RawMessage) error {
		var page []Job
		if json.Unmarshal(raw, &page) != nil || len(page) > maxPage {
			return errNotJSON
		}
		for _, j := range page {
			if j.Name == "" || len(j.Name) > maxName || j.Status == "" {
				return errNotJSON
			}
		}
		jobs = append(jobs, page...)
		return nil
	})
	return jobs, err
}

// Dispatch starts a workflow on a branch and returns the number of its run, or 0 from a server that does not tell. It is
// not repeated: an ambiguous error ([Error.Ambiguous]) leaves open whether a run began.
func (c *Client) Dispatch(ctx context.Context, owner, repo, file, branch string) (id int64, err error) {
	r := request{
		method: http.MethodPost, path: workflowPath(owner, repo, file) + "/dispatches", once: true,
		body: map[string]any{"ref": branch, "return_run_details": true},
		what: fmt.Sprintf("start %s of %s/%s", file, owner, repo),
	}
	a, err := c.send(ctx, r)
	if refusesDetails(err) {
		r.body = map[string]any{"ref": branch}
		a, err = c.send(ctx, r)
	}
	switch {
	case err != nil:
		return 0, err
	case a.status == http.StatusNoContent:
		return 0, nil
	}
	var raw struct {
		ID int64 `json:"workflow_run_id"`
	}
	if err := c.decode(a, r.what, &raw); err != nil {
		return 0, err
	}
	if raw.ID <= 0 {
		return 0, c.unusable(a.status, r.what, errNotJSON)
	}
	return raw.ID, nil
}

// refusesDetails tells that a server does not know the field, and has started nothing.
func refusesDetails(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Status == http.StatusBadRequest || e.Status == http.StatusUnprocessableEntity && strings.Contains(e.Error(), "return_run_details"))
}

// Protected are the environments in which each job waits for a reviewer or a timer, by name.
func (c *Client) Protected(ctx context.Context, owner, repo string) (map[string]bool, error) {
	waits := map[string]bool{}
	path := fmt.Sprintf("repos/%s/%s/environments?per_page=100", url.PathEscape(owner), url.PathEscape(repo))
	err := c.pages(ctx, path, "environments", fmt.Sprintf("list the environments of %s/%s", owner, repo), func(raw json.RawMessage) error {
		var page []struct {
			Name  string
			Rules []struct {
				Type      string
				WaitTimer int `json:"wait_timer"`
			} `json:"protection_rules"`
		}
		if json.Unmarshal(raw, &page) != nil || len(page) > maxPage {
			return errNotJSON
		}
		for _, e := range page {
			if e.Name == "" || len(e.Name) > maxName {
				return errNotJSON
			}
			name := strings.ToLower(e.Name)
			waits[name] = waits[name]
			for _, rule := range e.Rules {
				// A rule of another kind is a reviewer's too: an app that decides.
				waits[name] = waits[name] || rule.Type != "branch_policy" && (rule.Type != "wait_timer" || rule.WaitTimer > 0)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return waits, nil
}

// Now is GitHub's own time, to a second or so, as its last answer told it; ours when none has.
func (c *Client) Now() time.Time {
	if at := c.clock.now(); !at.IsZero() {
		return at
	}
	return time.Now()
}
