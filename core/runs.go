package core

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// RunStatus is the state of a run, in Hex's words. New ones may appear: one that is not known is not an end.
type RunStatus string

// The statuses known today.
const (
	RunPending   RunStatus = "PENDING"
	RunRunning   RunStatus = "RUNNING"
	RunCompleted RunStatus = "COMPLETED"
	RunErrored   RunStatus = "ERRORED"
	RunKilled    RunStatus = "KILLED"
	RunNoKernel  RunStatus = "UNABLE_TO_ALLOCATE_KERNEL"
)

// Ended reports whether the run has come to an end, good or bad.
func (s RunStatus) Ended() bool {
	switch s {
	case RunCompleted, RunErrored, RunKilled, RunNoKernel:
		return true
	}
	return false
}

// ProjectVersion is the version of a project that ran, such as 3 or draft. Hex writes it as a number or as a string.
type ProjectVersion string

// UnmarshalJSON implements [json.Unmarshaler].
func (v *ProjectVersion) UnmarshalJSON(raw []byte) error {
	*v = ProjectVersion(textOf(raw))
	return nil
}

// ProjectRun is one run of a project, under Hex's own names. Hex gives no reason for a failure: RunURL shows it.
type ProjectRun struct {
	ProjectID      string         `json:"projectId"`
	ProjectVersion ProjectVersion `json:"projectVersion"`
	RunID          string         `json:"runId"`
	RunURL         string         `json:"runUrl"`
	Status         RunStatus      `json:"status"` // empty in the answer to starting a run
	RunTrigger     string         `json:"runTrigger"`
	StartTime      Timestamp      `json:"startTime"`
	EndTime        Timestamp      `json:"endTime"`
	ElapsedTime    *float64       `json:"elapsedTime"` // milliseconds; nil until Hex tells
	TraceID        string         `json:"traceId"`
}

// RunInput is what a run is started with. The zero value runs the published version with its default inputs.
type RunInput struct {
	// InputParams sets inputs of the published app by name.
	InputParams            map[string]any `json:"inputParams,omitempty"`
	DryRun                 bool           `json:"dryRun,omitempty"` // only validates
	UpdatePublishedResults bool           `json:"updatePublishedResults,omitempty"`
	// UseCachedSQLResults is Hex's default, true, when nil.
	UseCachedSQLResults *bool `json:"useCachedSqlResults,omitempty"`
}

// RunProject starts a run of a published project; it needs the scope "Run projects". It is repeated only after answers
// that promise that nothing was started (429, and 503 in JSON), within the client's patience. When it cannot be told
// whether a run was started, the error is [ErrMaybeStarted] as well; of a dry run, never. After a 403 or 422 it asks for
// the project, since that may be unknown. Other errors to expect:
// [ErrForbidden], [ErrNotFound], [ErrUnpublished], [ErrInputs], [ErrRateLimited], [ErrBusy].
func (c *Client) RunProject(ctx context.Context, projectID string, in RunInput) (ProjectRun, error) {
	return c.startRun(ctx, projectID, Request{RepeatBusy: true}, in)
}

func (c *Client) startRun(ctx context.Context, projectID string, r Request, in RunInput) (ProjectRun, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return ProjectRun{}, fmt.Errorf("inputs of the run: %w", err)
	}
	var run ProjectRun
	r.Method, r.Path, r.Body = http.MethodPost, projectPath(projectID)+"/runs", body
	err = c.call(ctx, r, &run)
	if err == nil && !isID(run.RunID) && !in.DryRun {
		err = c.garbled(r.Path)
	}
	if err != nil && !in.DryRun && maybeStarted(err) {
		return ProjectRun{}, fmt.Errorf("%w: %w", ErrMaybeStarted, err)
	}
	if err != nil {
		return ProjectRun{}, c.settle(ctx, projectID, in, err)
	}
	run.RunURL = c.ownURL(run.RunURL)
	return run, nil
}

// ownURL is a URL that Hex gave, when it leads to Hex: to the host that was asked, or to another one of hex.tech.
func (c *Client) ownURL(raw string) string {
	host, err := ParseHost(raw)
	if err != nil || host != c.host && !(host.IsHex() && c.host.IsHex()) {
		return ""
	}
	return raw
}

// maybeStarted rules out what certainly did not start a run: a refusal, and a request that never left.
func maybeStarted(err error) bool {
	if answer, ok := errors.AsType[*APIError](err); ok {
		return answer.Status >= http.StatusInternalServerError && !errors.Is(err, ErrBusy)
	}
	var network *net.OpError
	if errors.As(err, &network) && (network.Op == "dial" || network.Op == "proxyconnect") {
		return false
	}
	return !errors.Is(err, ErrRedirect) && !errors.Is(err, ErrNotHexAPI)
}

// RunStatus returns the state of one run. It needs the scope "Read projects". Ask every 5 s or slower.
func (c *Client) RunStatus(ctx context.Context, projectID, runID string) (ProjectRun, error) {
	return c.runStatus(ctx, projectID, Request{Path: runPath(projectID, runID)})
}

// PollRun is [Client.RunStatus] without repetitions, which come sooner than 5 s: a [Watch] decides when to ask again.
func (c *Client) PollRun(ctx context.Context, projectID, runID string) (ProjectRun, error) {
	return c.runStatus(ctx, projectID, Request{Path: runPath(projectID, runID), Once: true})
}

func (c *Client) runStatus(ctx context.Context, projectID string, r Request) (ProjectRun, error) {
	var run ProjectRun
	if err := c.call(ctx, r, &run); err != nil {
		return ProjectRun{}, c.settle(ctx, projectID, RunInput{}, err)
	}
	if !isID(run.RunID) || run.Status == "" {
		return ProjectRun{}, c.garbled(r.Path)
	}
	run.RunURL = c.ownURL(run.RunURL)
	return run, nil
}

// CancelRun asks Hex to stop a run; it ends as KILLED a little later.
func (c *Client) CancelRun(ctx context.Context, projectID, runID string) error {
	err := c.call(ctx, Request{Method: http.MethodDelete, Path: runPath(projectID, runID)}, nil)
	return c.settle(ctx, projectID, RunInput{}, err)
}

// RunListOptions choose runs of a project.
type RunListOptions struct {
	Status  RunStatus // one only; all when empty
	Trigger string    // API, SCHEDULED, APP_REFRESH or ALL; ALL when empty
	Limit   int       // of a page, 1 to 100; 0 for Hex's default of 25
	Offset  int       // how many to leave out
}

func (o RunListOptions) query() url.Values {
	q := url.Values{"runTriggerFilter": {"ALL"}}
	if o.Trigger != "" {
		q.Set("runTriggerFilter", o.Trigger)
	}
	if o.Status != "" {
		q.Set("statusFilter", string(o.Status))
	}
	if o.Limit > 0 {
		q.Set("limit", strconv.Itoa(min(o.Limit, maxPageSize)))
	}
	if o.Offset > 0 {
		q.Set("offset", strconv.Itoa(o.Offset))
	}
	return q
}

// RunPage is one page of runs, newest first. More reports whether Hex names a following one.
type RunPage struct {
	Runs []ProjectRun
	More bool
}

// Runs lists one page of a project's runs. It needs the scope "Read projects".
func (c *Client) Runs(ctx context.Context, projectID string, o RunListOptions) (RunPage, error) {
	var answer struct {
		Runs     *[]ProjectRun   `json:"runs"`
		NextPage json.RawMessage `json:"nextPage"`
	}
	if err := c.call(ctx, Request{Path: projectPath(projectID) + "/runs", Query: o.query()}, &answer); err != nil {
		return RunPage{}, c.settle(ctx, projectID, RunInput{}, err)
	}
	if answer.Runs == nil {
		return RunPage{}, c.garbled(projectPath(projectID) + "/runs")
	}
	if slices.ContainsFunc(*answer.Runs, func(r ProjectRun) bool { return !isID(r.RunID) }) {
		return RunPage{}, c.garbled(projectPath(projectID) + "/runs")
	}
	next := string(answer.NextPage)
	return RunPage{Runs: *answer.Runs, More: next != "" && next != "null" && next != `""`}, nil
}

// AllRuns walks over all pages, from o.Offset on, and yields each run once: a run that starts meanwhile moves the others
// to the next page. The first error ends the walk; pages that do not end, or bring nothing new, are one.
func (c *Client) AllRuns(ctx context.Context, projectID string, o RunListOptions) iter.Seq2[ProjectRun, error] {
	return allPages(c, "runs", func(r ProjectRun) string { return r.RunID }, func() ([]ProjectRun, bool, error) {
		page, err := c.Runs(ctx, projectID, o)
		o.Offset += len(page.Runs)
		return page.Runs, page.More && len(page.Runs) > 0, err
	})
}

func runPath(projectID, runID string) string {
	return projectPath(projectID) + "/runs/" + url.PathEscape(runID)
}
