package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// runInput is the body that starts a run.
type runInput struct {
	InputParams map[string]any `json:"inputParams"`
	DryRun      bool           `json:"dryRun"`
	ViewID      string         `json:"viewId"`
}

func (s *Sandbox) startRun(c *call) answer {
	if refusal, lacks := s.lacks(c, "projects:run"); lacks {
		return refusal
	}
	p, found := s.project(c.arg("project"))
	if !found {
		return s.hexError(http.StatusNotFound, "Project not found")
	}
	var in runInput
	if body := strings.TrimSpace(c.Body); body != "" {
		if err := json.Unmarshal([]byte(body), &in); err != nil {
			return s.hexError(http.StatusBadRequest, "body is not a JSON object of the expected form")
		}
	}
	if refusal, refused := s.refuseRun(p, in); refused {
		return refusal
	}
	if x := s.state.Hex; x.KernelsBusy != 0 && !in.DryRun {
		x.KernelsBusy = max(x.KernelsBusy-1, -1)
		return s.hexError(http.StatusServiceUnavailable, "All kernels are busy, try again later")
	}
	id := uuid(fmt.Sprintf("run %s %d", c.arg("project"), len(p.Runs)))
	if !in.DryRun {
		p.Runs = append(p.Runs, p.newRun(id))
	}
	return jsonAnswer(http.StatusCreated, map[string]any{
		"projectId": c.arg("project"), "runId": id, "runUrl": s.runURL(c, id), "traceId": hexTrace, "projectVersion": 3,
		"runStatusUrl": fmt.Sprintf("%s/api/v1/projects/%s/runs/%s", s.hexURL, c.arg("project"), id),
	})
}

// refuseRun answers the 422 of a project that cannot be run, or not with these inputs.
func (s *Sandbox) refuseRun(p *Project, in runInput) (answer, bool) {
	if p.LastPublishedAt == "" {
		return s.hexError(http.StatusUnprocessableEntity, "Project has not been published"), true
	}
	if in.ViewID != "" && len(in.InputParams) > 0 {
		return s.hexError(http.StatusUnprocessableEntity, "viewId and inputParams exclude each other"), true
	}
	invalid, missing := []any{}, []string{}
	for _, name := range sortedKeys(in.InputParams) {
		kind, known := p.Inputs[name]
		switch {
		case p.Inputs == nil:
		case !known:
			missing = append(missing, name)
		case kindOf(in.InputParams[name]) != kind:
			invalid = append(invalid, map[string]any{
				"dataType": kind, "inputCellType": "TEXT_INPUT", "paramValue": in.InputParams[name], "paramName": name,
			})
		}
	}
	if len(invalid)+len(missing) == 0 {
		return answer{}, false
	}
	return jsonAnswer(http.StatusUnprocessableEntity, map[string]any{"traceId": hexTrace, "invalid": invalid, "notFound": missing}), true
}

func kindOf(v any) string {
	switch v.(type) {
	case bool:
		return "BOOLEAN"
	case float64:
		return "NUMBER"
	}
	return "STRING"
}

func (p *Project) newRun(id string) *Run {
	script := []string{"RUNNING", "COMPLETED"}
	if n := len(p.RunScripts); n > 0 {
		script = slices.Clone(p.RunScripts[min(p.started(), n-1)])
	}
	return &Run{
		ID: id, Status: "PENDING", Trigger: "API", Version: 3, Script: script, EndTimeAfter: p.EndTimeAfter, StartTime: time.Now().UTC(),
	}
}

// started counts the runs that were started through the API.
func (p *Project) started() int {
	n := 0
	for _, r := range p.Runs {
		if r.Trigger == "API" {
			n++
		}
	}
	return n
}

func (s *Sandbox) runURL(c *call, id string) string {
	return fmt.Sprintf("%s/sandbox/app/%s/runs/%s", s.hexURL, c.arg("project"), id)
}

// run finds the run of a call.
func (s *Sandbox) run(c *call) (*Run, bool) {
	p, found := s.project(c.arg("project"))
	if !found {
		return nil, false
	}
	i := slices.IndexFunc(p.Runs, func(r *Run) bool { return r.ID == c.arg("run") })
	if i < 0 {
		return nil, false
	}
	return p.Runs[i], true
}

func (s *Sandbox) getRun(c *call) answer {
	if refusal, lacks := s.lacks(c, "projects:read"); lacks {
		return refusal
	}
	r, found := s.run(c)
	if !found {
		return s.hexError(http.StatusNotFound, "Run not found")
	}
	r.poll()
	return jsonAnswer(http.StatusOK, s.describeRun(c, r))
}

// poll takes a run one status further in its script.
func (r *Run) poll() {
	if len(r.Script) > 0 {
		r.Status, r.Script = r.Script[0], r.Script[1:]
	}
	if !ended(r.Status) || !r.EndTime.IsZero() {
		return
	}
	if r.EndTimeAfter != 0 {
		r.EndTimeAfter = max(r.EndTimeAfter-1, -1)
		return
	}
	r.EndTime = time.Now().UTC()
}

func ended(status string) bool {
	return slices.Contains([]string{"COMPLETED", "ERRORED", "KILLED", "UNABLE_TO_ALLOCATE_KERNEL"}, status)
}

func (s *Sandbox) describeRun(c *call, r *Run) map[string]any {
	d := map[string]any{
		"projectId": c.arg("project"), "runId": r.ID, "runUrl": s.runURL(c, r.ID), "status": r.Status, "traceId": hexTrace,
		"runTrigger": r.Trigger, "startTime": nil, "endTime": nil, "elapsedTime": nil, "projectVersion": strconv.Itoa(r.Version),
	}
	if s.state.Hex.VersionNumber {
		d["projectVersion"] = r.Version
	}
	if r.Trigger == "" {
		d["runTrigger"] = "API"
	}
	if !r.StartTime.IsZero() && r.Status != "PENDING" {
		d["startTime"] = r.StartTime.Format("2006-01-02T15:04:05.000Z")
	}
	if !r.EndTime.IsZero() {
		d["endTime"] = r.EndTime.Format("2006-01-02T15:04:05.000Z")
		d["elapsedTime"] = max(1, r.EndTime.Sub(r.StartTime).Milliseconds()) // no run takes no time
	}
	return d
}

// listRuns answers the newest run first.
func (s *Sandbox) listRuns(c *call) answer {
	if refusal, lacks := s.lacks(c, "projects:read"); lacks {
		return refusal
	}
	p, found := s.project(c.arg("project"))
	if !found {
		return s.hexError(http.StatusNotFound, "Project not found")
	}
	limit, ok := limitOf(c)
	query := c.http.URL.Query()
	offset, err := strconv.Atoi("0" + query.Get("offset"))
	if !ok || err != nil {
		return s.hexError(http.StatusBadRequest, "limit must be between 1 and 100, offset 0 or more")
	}
	items := []any{}
	for _, r := range slices.Backward(p.Runs) {
		d := s.describeRun(c, r)
		if fits(query.Get("statusFilter"), r.Status) && fits(query.Get("runTriggerFilter"), d["runTrigger"].(string)) {
			items = append(items, d)
		}
	}
	from := min(offset, len(items))
	to := min(from+limit, len(items))
	answer := map[string]any{"runs": items[from:to], "nextPage": nil, "previousPage": nil, "traceId": hexTrace}
	if to < len(items) {
		answer["nextPage"] = s.runsPage(c, limit, to)
	}
	if from > 0 {
		answer["previousPage"] = s.runsPage(c, limit, max(0, from-limit))
	}
	return jsonAnswer(http.StatusOK, answer)
}

func fits(filter, value string) bool { return filter == "" || filter == "ALL" || filter == value }

func (s *Sandbox) runsPage(c *call, limit, offset int) string {
	query := c.http.URL.Query()
	query.Set("limit", strconv.Itoa(limit))
	query.Set("offset", strconv.Itoa(offset))
	return s.hexURL + c.Path + "?" + query.Encode()
}

// cancelRun lets the run end as KILLED a little later: the next poll still sees the status it had.
func (s *Sandbox) cancelRun(c *call) answer {
	if refusal, lacks := s.lacks(c, "projects:run"); lacks {
		return refusal
	}
	r, found := s.run(c)
	if !found {
		return s.hexError(http.StatusNotFound, "Run not found")
	}
	if ended(r.Status) {
		return s.hexError(http.StatusUnprocessableEntity, "Run has already ended")
	}
	r.Script = []string{r.Status, "KILLED"}
	return answer{status: http.StatusNoContent}
}
