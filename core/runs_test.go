package core

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestRunProject(t *testing.T) {
	c, s := play(t, answer{status: 201, body: `{"projectId":"p","runId":"r","runUrl":"https://app.hex.tech/x","runStatusUrl":"y","traceId":"t","projectVersion":3}`})
	noCache := false
	run, err := c.RunProject(t.Context(), "p", RunInput{InputParams: map[string]any{"n": 1}, UseCachedSQLResults: &noCache})
	if err != nil || run.RunID != "r" || run.ProjectVersion != "3" || run.Status != "" {
		t.Errorf("%+v, %v", run, err)
	}
	if got := s.requests[0].Method + " " + s.requests[0].URL.Path + " " + s.bodies[0]; got != `POST /api/v1/projects/p/runs {"inputParams":{"n":1},"useCachedSqlResults":false}` {
		t.Error(got)
	}
	c, s = play(t, answer{status: 200, body: `{}`})
	if _, err := c.RunProject(t.Context(), "p", RunInput{DryRun: true}); err != nil || s.bodies[0] != `{"dryRun":true}` {
		t.Error(err, s.bodies)
	}
}

// TestRunProjectStartsOnce is the promise that no run is started twice.
func TestRunProjectStartsOnce(t *testing.T) {
	ok := answer{status: 201, body: `{"runId":"r"}`}
	for _, test := range []struct {
		name     string
		first    answer
		requests int
		maybe    bool
	}{
		{"busy", answer{status: 503, body: `{"reason":"busy"}`}, 2, false},
		{"rate limit", answer{status: 429}, 2, false},
		{"503 from in between", answer{status: 503, kind: "text/html", body: "<html>"}, 1, true},
		{"500", answer{status: 500, body: `{}`}, 1, true},
		{"504", answer{status: 504}, 1, true},
		{"silence", answer{delay: time.Hour}, 1, true},
		{"reset", answer{err: &net.OpError{Op: "read", Err: syscall.ECONNRESET}}, 1, true},
		{"end of file", answer{err: io.EOF}, 1, true},
		{"not connected", answer{err: &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}}, 1, false},
		{"cut", answer{status: 201, body: `{"runId":`}, 1, true},
		{"no run in it", answer{status: 201, body: `{}`}, 1, true},
		{"a web page", answer{status: 200, kind: "text/html", body: "<html>"}, 1, false},
		{"403", answer{status: 403}, 1, false},
		{"422", answer{status: 422}, 1, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			c, s := play(t, test.first, ok)
			_, err := c.RunProject(t.Context(), "p", RunInput{})
			starts := slices.DeleteFunc(slices.Clone(s.requests), func(r *http.Request) bool { return r.Method == http.MethodGet })
			if len(starts) != test.requests || errors.Is(err, ErrMaybeStarted) != test.maybe || (err == nil) != (test.requests == 2) {
				t.Errorf("%s: %d requests, %v", test.name, len(s.requests), err)
			}
		})
	}
}

func TestRunStatusAndCancel(t *testing.T) {
	c, s := play(t, answer{status: 200, body: `{"runId":"r","status":"SOMETHING_NEW","projectVersion":"draft","endTime":null,"elapsedTime":12.5}`}, answer{status: 204})
	run, err := c.RunStatus(t.Context(), "p", "r")
	if err != nil || run.Status.Ended() || run.ProjectVersion != "draft" || *run.ElapsedTime != 12.5 || run.EndTime.IsSet() {
		t.Errorf("%+v, %v", run, err)
	}
	if err := c.CancelRun(t.Context(), "p", "r"); err != nil || s.requests[1].Method != "DELETE" || s.requests[1].URL.Path != "/api/v1/projects/p/runs/r" {
		t.Error(err)
	}
	for status, ended := range map[RunStatus]bool{RunPending: false, RunRunning: false, RunCompleted: true, RunErrored: true, RunKilled: true, RunNoKernel: true, "": false} {
		if status.Ended() != ended {
			t.Errorf("%s has ended: %t", status, !ended)
		}
	}
}

func TestPollRunAsksOnce(t *testing.T) {
	for _, status := range []int{429, 500, 503} {
		c, s := play(t, answer{status: status, body: `{"reason":"no"}`}, answer{status: 200, body: `{"runId":"r","status":"RUNNING"}`})
		if run, err := c.PollRun(t.Context(), "p", "r"); err == nil || len(s.requests) != 1 {
			t.Errorf("%d: %+v, %v after %d requests", status, run, err, len(s.requests))
		}
	}
}

func TestAllRuns(t *testing.T) {
	c, s := play(t,
		answer{status: 200, body: `{"runs":[{"runId":"a"},{"runId":"b"}],"nextPage":"x"}`},
		answer{status: 200, body: `{"runs":[{"runId":"c"}],"nextPage":null}`})
	ids := ""
	for run, err := range c.AllRuns(t.Context(), "p", RunListOptions{Limit: 2, Status: RunErrored}) {
		if err != nil {
			t.Fatal(err)
		}
		ids += run.RunID
	}
	if ids != "abc" || s.requests[1].URL.RawQuery != "limit=2&offset=2&runTriggerFilter=ALL&statusFilter=ERRORED" {
		t.Errorf("%s, %s", ids, s.requests[1].URL.RawQuery)
	}
	for body, want := range map[string]string{
		`{"runs":[{"runId":"a"},{"runId":"a"}],"nextPage":"x"}`: "a, app.hex.tech names the same page of runs twice: garbled answer",
		`{"runs":[null]}`: ", app.hex.tech answered /projects/p/runs: garbled answer",
	} {
		c, _ := play(t, answer{status: 200, body: body})
		ids, failure := "", error(nil)
		for run, err := range c.AllRuns(t.Context(), "p", RunListOptions{}) {
			ids, failure = ids+run.RunID, err
		}
		if got := fmt.Sprintf("%s, %v", ids, failure); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
	c, s = play(t, answer{status: 200, body: `{"runs":[],"nextPage":"x"}`})
	for run, err := range c.AllRuns(t.Context(), "p", RunListOptions{}) {
		t.Error(run, err)
	}
	if len(s.requests) != 1 {
		t.Errorf("%d requests for empty pages", len(s.requests))
	}
}

func TestWatch(t *testing.T) {
	start := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	ended := Timestamp{Time: start, text: "x"}
	limited := &APIError{Status: 429, RetryAfter: 30 * time.Second}
	type ask struct {
		run ProjectRun
		err error
	}
	for _, test := range []struct {
		name  string
		asks  []ask
		delay []time.Duration
		want  error // after the last; nil for an end
	}{
		{"completed", []ask{{run: ProjectRun{Status: RunRunning}}, {run: ProjectRun{Status: RunCompleted, EndTime: ended}}}, []time.Duration{5 * time.Second, 0}, nil},
		{"completed without an end", []ask{{run: ProjectRun{Status: RunCompleted}}, {run: ProjectRun{Status: RunCompleted}}}, []time.Duration{5 * time.Second, 0}, nil},
		{"completed, and then not", []ask{{run: ProjectRun{Status: RunCompleted}}, {run: ProjectRun{Status: RunRunning}}, {run: ProjectRun{Status: RunErrored}}}, []time.Duration{5 * time.Second, 5 * time.Second, 0}, nil},
		{"an unknown status", []ask{{run: ProjectRun{Status: "NEW"}}, {run: ProjectRun{Status: RunKilled}}}, []time.Duration{5 * time.Second, 0}, nil},
		{"failures", []ask{{err: context.DeadlineExceeded}, {err: &APIError{Status: 502}}, {err: limited}, {err: ErrNotHexAPI}, {run: ProjectRun{Status: RunNoKernel}}},
			[]time.Duration{5 * time.Second, 5 * time.Second, 30 * time.Second, 5 * time.Second, 0}, nil},
		{"not allowed", []ask{{err: &APIError{Status: 403}}}, []time.Duration{0}, ErrForbidden},
		{"gone", []ask{{err: &APIError{Status: 404}}}, []time.Duration{0}, ErrNotFound},
		{"cancelled", []ask{{err: context.Canceled}}, []time.Duration{0}, context.Canceled},
		{"the deadline", []ask{{err: limited}, {err: limited}}, []time.Duration{30 * time.Second, 17 * time.Second}, ErrWatchTimeout},
	} {
		w, now := NewWatch(time.Second, start.Add(47*time.Second)), start
		for i, a := range test.asks {
			step := w.Next(now, a.run, a.err)
			last := i == len(test.asks)-1
			if step.Delay != test.delay[i] || step.Done != last || last && !errors.Is(step.Err, test.want) || !last && step.Err != nil {
				t.Errorf("%s: step %d is %+v", test.name, i, step)
			}
			now = now.Add(step.Delay)
		}
	}
	if step := NewWatch(time.Minute, time.Time{}).Next(start, ProjectRun{}, nil); step.Done || step.Delay != time.Minute {
		t.Errorf("without a deadline: %+v", step)
	}
}

func TestRunProjectGivesUpOnABusyWorkspace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := play(t, answer{status: 503, body: `{"reason":"all kernels are busy"}`})
		_, err := c.RunProject(t.Context(), "p", RunInput{})
		if !errors.Is(err, ErrBusy) || errors.Is(err, ErrMaybeStarted) || len(s.requests) < 3 {
			t.Errorf("%d requests, %v", len(s.requests), err)
		}
	})
}
