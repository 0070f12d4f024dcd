package core

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gh-hex/gh-hex/core/check"
)

// A workspace answers by path and counts what it was asked.
type workspace struct {
	me, projects answer
	dryRuns      map[string]answer // by project ID
	shown        map[string]answer // the project itself; a published one where it is not said

	mu    sync.Mutex
	asked []string
}

func (w *workspace) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	w.asked = append(w.asked, r.Method+" "+strings.TrimPrefix(r.URL.Path, apiBase))
	w.mu.Unlock()
	var a answer
	switch path := strings.TrimPrefix(r.URL.Path, apiBase); {
	case path == "/users/me":
		a = w.me
	case path == "/projects":
		a = w.projects
	case r.Method == http.MethodGet:
		id := strings.Split(path, "/")[2]
		var said bool
		if a, said = w.shown[id]; !said {
			a = answer{status: 200, body: `{"id":"` + id + `","lastPublishedAt":"2026-01-01T00:00:00Z"}`}
		}
	default:
		body, _ := io.ReadAll(r.Body)
		if !strings.Contains(string(body), `"dryRun":true`) {
			return nil, fmt.Errorf("a real run of %s", path)
		}
		a = w.dryRuns[strings.Split(path, "/")[2]]
	}
	select {
	case <-r.Context().Done():
		return nil, r.Context().Err()
	case <-time.After(a.delay):
	}
	if a.err != nil {
		return nil, a.err
	}
	return a.response(r), nil
}

var (
	meOK       = answer{status: 200, body: `{"org":{"id":"o"},"token":{"exp":null}}`}
	mePersonal = answer{status: 200, body: `{"id":"u","name":"Ada Lovelace","email":"ada@example.com","org":{"id":"o"},"token":{"exp":null}}`}
	listOK     = answer{status: 200, body: `{"values":[{"id":"a","lastPublishedAt":"2026-01-01T00:00:00Z"}],"pagination":{"after":null}}`}
	denied     = answer{status: 401, kind: "text/plain", body: "Unauthorized"}
	forbidden  = answer{status: 403, body: `{"code":"FORBIDDEN","message":"no scope"}`}
	missing    = answer{status: 404, body: `{"reason":"Not found"}`}
	gateway    = answer{status: 502, kind: "text/html", body: "<html>"}
	webPage    = answer{status: 200, kind: "text/html", body: "<!doctype html>"}
	offline    = answer{err: &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}}
	silent     = answer{delay: time.Hour}
)

func usual(w *workspace) TokenInput {
	secret := sample("hxtw_", "checks")
	token, _ := ParseToken(secret)
	advice := Advice{Keep: "keep it", Replace: func(other string) string { return "replace it with " + other }, Rotate: "rotate", Name: "name one with --project"}
	return TokenInput{Token: token, TokenSource: ".env", Advice: advice, Host: DefaultHost(), HostSource: "the default", Options: ClientOptions{Transport: w}}
}

func brief(report check.Report) string {
	var parts []string
	for _, r := range report {
		parts = append(parts, string(r.Status))
	}
	return strings.Join(parts, " ")
}

// TestTokenChecksVerdicts goes through what Hex may answer to the two questions. The statuses stand for token-present,
// token-format, workspace-url, token-accepted, token-expiry, token-owner, scope-read, scope-run and project-runnable.
func TestTokenChecksVerdicts(t *testing.T) {
	const none = " skipped skipped" // no projects to try
	for _, test := range []struct {
		name         string
		me, projects answer
		want         string
		says         string
		auth         bool
	}{
		{"all well", meOK, listOK, "ok ok ok ok ok ok ok" + none, "", false},
		{"rejected", denied, denied, "ok ok ok error skipped skipped skipped" + none, "expired, revoked, or belongs to another region's host", true},
		{"rejected, old host", missing, denied, "ok ok ok error skipped skipped skipped" + none, "401", true},
		{"rejected, list unclear", denied, gateway, "ok ok ok error skipped skipped skipped" + none, "401", true},
		{"rejected and accepted", denied, listOK, "ok ok ok unknown unknown unknown ok" + none, "at the same time", false},
		{"rejected by something in between", answer{status: 401, kind: "text/html", body: "<html>"}, answer{status: 401, kind: "text/html", body: "<html>"},
			"ok ok ok unknown unknown unknown unknown" + none, "could not tell", false},
		{"no scope", meOK, forbidden, "ok ok ok ok ok ok error" + none, "403", false},
		{"no scope, old host", missing, forbidden, "ok ok ok ok skipped skipped error" + none, "no scope", false},
		{"API access off", forbidden, forbidden, "ok ok ok unknown unknown unknown error" + none, "403", false},
		{"old host", missing, listOK, "ok ok ok ok skipped skipped ok" + none, "does not say when", false},
		{"Me fails", gateway, listOK, "ok ok ok ok unknown unknown ok" + none, "could not tell when the token expires", false},
		{"the list fails", meOK, gateway, "ok ok ok ok ok ok unknown" + none, "could not tell whether the token can read", false},
		{"a contradiction", meOK, denied, "ok ok ok unknown ok ok unknown" + none, "accepts and rejects", false},
		{"server down", gateway, gateway, "ok ok ok unknown unknown unknown unknown" + none, "502", false},
		{"offline", offline, offline, "ok ok unknown unknown unknown unknown unknown" + none, "no answer from app.hex.tech", false},
		{"silence", silent, silent, "ok ok unknown unknown unknown unknown unknown" + none, "took too long", false},
		{"rate limit", answer{status: 429, header: http.Header{"Retry-After": {"90"}}}, answer{status: 429}, "ok ok ok unknown unknown unknown unknown" + none, "429", false},
		{"a redirect", answer{status: 302, header: http.Header{"Location": {"https://sso.example/"}}}, answer{status: 302, header: http.Header{"Location": {"https://sso.example/"}}},
			"ok ok ok unknown unknown unknown unknown" + none, "sso.example", false},
		{"cut", meOK, answer{status: 200, body: `{"values":[`}, "ok ok ok ok ok ok unknown" + none, "garbled", false},
		{"a web site", webPage, webPage, "ok ok error skipped skipped skipped skipped" + none, "not a Hex API host", false},
		{"another service", missing, missing, "ok ok error skipped skipped skipped skipped" + none, "404", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &workspace{me: test.me, projects: test.projects}
				start := time.Now()
				report := check.Run(t.Context(), TokenChecks(usual(w)))
				if took := time.Since(start); took > time.Minute {
					t.Errorf("took %s", took)
				}
				if got := brief(report); got != test.want {
					t.Errorf("got %s, want %s", got, test.want)
				}
				judgeTexts(t, report, test.says, test.auth)
			})
		})
	}
}

// judgeTexts wants the words said, a fix for every problem, and no token.
func judgeTexts(t *testing.T, report check.Report, says string, auth bool) {
	t.Helper()
	said, hasAuth := says == "", false
	for _, r := range report {
		said = said || strings.Contains(r.Message, says)
		hasAuth = hasAuth || r.Auth
		if problem := r.Status == check.StatusError || r.Status == check.StatusWarning || r.Status == check.StatusUnknown; problem != (r.Fix != "") {
			t.Errorf("%s is %s with the fix %q", r.ID, r.Status, r.Fix)
		}
		if text := fmt.Sprintf("%+v", r); strings.Contains(text, sample("hxtw_", "checks")) {
			t.Errorf("%s shows the token", r.ID)
		}
	}
	if !said || hasAuth != auth {
		t.Errorf("%q is not said, or Auth is %t:\n%+v", says, hasAuth, report)
	}
}

func TestTokenChecksAskOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(a answer) answer { a.delay = 3 * time.Second; return a }
		w := &workspace{me: slow(meOK), projects: slow(listOK)}
		start := time.Now()
		check.Run(t.Context(), TokenChecks(usual(w)))
		slices.Sort(w.asked)
		if got := strings.Join(w.asked, ", "); got != "GET /projects, GET /users/me" || time.Since(start) != 3*time.Second {
			t.Errorf("asked %s in %s", got, time.Since(start))
		}
	})
}

func TestTokenChecksAskNothingInVain(t *testing.T) {
	_, vendor := ParseToken("ghp_" + strings.Repeat("a1", 18))
	for _, test := range []struct {
		name   string
		change func(*TokenInput)
		want   string
		says   string
		auth   bool
	}{
		{"no token", func(in *TokenInput) { in.Token = Token{} }, "error skipped ok", "no Hex token", true},
		{"stored on GitHub", func(in *TokenInput) {
			in.Token, in.Missing = Token{}, func(context.Context) check.Result { return check.Skip("last set 12 days ago") }
		}, "skipped skipped ok", "12 days ago", false},
		{"another vendor's", func(in *TokenInput) { in.Token, in.TokenErr = Token{}, vendor }, "ok error ok", "GitHub", false},
		{"unreadable", func(in *TokenInput) { in.Token, in.TokenErr = Token{}, errors.New("keyring is locked") }, "unknown skipped ok", "locked", false},
		{"a bad host", func(in *TokenInput) { in.Host, in.HostErr = Host{}, errors.New("a token is only sent over https") }, "ok ok error", "https", false},
	} {
		w := &workspace{}
		in := usual(w)
		test.change(&in)
		report := check.Run(t.Context(), TokenChecks(in))
		if got := brief(report); got != test.want+" skipped skipped skipped skipped"+" skipped skipped" {
			t.Errorf("%s: %s", test.name, got)
		}
		judgeTexts(t, report, test.says, test.auth)
		if len(w.asked) > 0 {
			t.Errorf("%s: asked %v", test.name, w.asked)
		}
	}
}

func find(t *testing.T, report check.Report, id string) check.Result {
	t.Helper()
	i := slices.IndexFunc(report, func(r check.Result) bool { return r.ID == id })
	if i < 0 {
		t.Fatalf("no %s", id)
	}
	return report[i]
}

func TestTokenExpiry(t *testing.T) {
	now := time.Date(2027, 1, 1, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		exp    string
		status check.Status
		says   string
	}{
		{`null`, check.StatusOK, "never expires"},
		{`"soon"`, check.StatusUnknown, "when the token expires"},
		{fmt.Sprint(now.Add(15 * 24 * time.Hour).Unix()), check.StatusOK, "expires on 2027-01-16, in 15 days"},
		{fmt.Sprint(now.Add(14*24*time.Hour + time.Second).Unix()), check.StatusOK, "in 14 days"},
		{fmt.Sprint(now.Add(14 * 24 * time.Hour).UnixMilli()), check.StatusWarning, "expires on 2027-01-15, in 14 days"},
		{fmt.Sprint(now.Add(25 * time.Hour).Unix()), check.StatusWarning, "in 1 day"},
		{fmt.Sprint(now.Add(time.Hour).Unix()), check.StatusWarning, "in less than a day"},
		{fmt.Sprint(now.Unix()), check.StatusError, "expired on 2027-01-01"},
	} {
		w := &workspace{me: answer{status: 200, body: `{"org":{"id":"o"},"token":{"exp":` + test.exp + `}}`}, projects: listOK}
		in := usual(w)
		in.Now = func() time.Time { return now }
		r := find(t, check.Run(t.Context(), TokenChecks(in)), "token-expiry")
		if r.Status != test.status || !strings.Contains(r.Message, test.says) {
			t.Errorf("%s: %+v", test.exp, r)
		}
	}
}

func TestTokenOwner(t *testing.T) {
	for _, test := range []struct {
		me     answer
		shared bool
		status check.Status
		notes  int
	}{
		{mePersonal, true, check.StatusWarning, 0}, {mePersonal, false, check.StatusOK, 1}, {meOK, true, check.StatusOK, 0}, {meOK, false, check.StatusOK, 0},
	} {
		in := usual(&workspace{me: test.me, projects: listOK})
		in.Shared = test.shared
		report := check.Run(t.Context(), TokenChecks(in))
		r := find(t, report, "token-owner")
		if r.Status != test.status || len(r.Findings) != test.notes {
			t.Errorf("shared %t: %+v", test.shared, r)
		}
		if test.me.body == mePersonal.body && !strings.Contains(r.Message, "Ada Lovelace <ada@example.com>") {
			t.Errorf("does not say whose: %s", r.Message)
		}
		judgeTexts(t, report, "", false)
	}
}

func TestScopeReadCounts(t *testing.T) {
	for _, test := range []struct{ body, says, note string }{
		{`{"values":[{"id":"a","lastPublishedAt":"x"},{"id":"b"}],"pagination":{"after":null}}`, "(2 visible)", ""},
		{`{"values":[{"id":"a"}],"pagination":{"after":"more"}}`, "(1+ visible)", ""},
		{`{"values":[{"id":"a"}],"pagination":{}}`, "(1 visible)", "published"},
		{`{"values":[]}`, "(0 visible)", "no project is visible"},
	} {
		r := find(t, check.Run(t.Context(), TokenChecks(usual(&workspace{me: meOK, projects: answer{status: 200, body: test.body}}))), "scope-read")
		if r.Status != check.StatusOK || !strings.Contains(r.Message, test.says) || (len(r.Findings) == 0) != (test.note == "") {
			t.Errorf("%s: %+v", test.body, r)
		}
		if len(r.Findings) > 0 && (r.Findings[0].Severity != check.SeverityNote || !strings.Contains(r.Findings[0].Message, test.note)) {
			t.Errorf("%s: %+v", test.body, r.Findings)
		}
	}
}

func TestDryRuns(t *testing.T) {
	ok := answer{status: 201, body: `{"runId":"r"}`}
	draft := answer{status: 200, body: `{"id":"p"}`}
	published := answer{status: 200, body: `{"id":"p","lastPublishedAt":"2026-01-01T00:00:00Z"}`}
	unpublished := answer{status: 422, body: `{"reason":"The project is not published"}`}
	issues := answer{status: 422, body: `{"message":"no","issues":[{"message":"input region is required"}]}`}
	inputs := answer{status: 422, body: `{"notFound":["n"],"traceId":"t"}`}
	busy := answer{status: 503, body: `{"reason":"busy"}`}
	for _, test := range []struct {
		name          string
		answers       []answer
		run, runnable check.Status
		says          string
		shown         answer // the zero answer where nothing asks for the project
	}{
		{"can run", []answer{ok}, check.StatusOK, check.StatusOK, "1 of 1", answer{}},
		{"inputs missing", []answer{inputs}, check.StatusOK, check.StatusOK, "1 of 1", answer{}},
		{"not published", []answer{unpublished}, check.StatusOK, check.StatusError, "not published", draft},
		{"not found", []answer{missing}, check.StatusSkipped, check.StatusError, "does not exist", answer{}},
		{"forbidden", []answer{forbidden}, check.StatusError, check.StatusSkipped, "scope-run", published},
		{"one of two forbidden", []answer{ok, forbidden}, check.StatusError, check.StatusOK, "1 of 2", published},
		{"issues that nobody sent", []answer{issues}, check.StatusOK, check.StatusOK, "1 of 1", published},
		{"a 422 of a draft", []answer{issues}, check.StatusOK, check.StatusError, "not published", draft},
		{"a 403 of what is not there", []answer{forbidden}, check.StatusSkipped, check.StatusError, "does not exist", missing},
		{"a 403 of what is not shown", []answer{forbidden}, check.StatusSkipped, check.StatusError, "not visible", forbidden},
		{"a 422 of what is not there", []answer{unpublished}, check.StatusSkipped, check.StatusError, "does not exist", missing},
		{"a 403, and no word of the project", []answer{forbidden}, check.StatusUnknown, check.StatusUnknown, "403", busy},
		{"a 422, and no word of the project", []answer{unpublished}, check.StatusUnknown, check.StatusUnknown, "422", busy},
		{"busy", []answer{busy}, check.StatusUnknown, check.StatusUnknown, "503", answer{}},
		{"rate limit", []answer{{status: 429}}, check.StatusUnknown, check.StatusUnknown, "429", answer{}},
		{"silence", []answer{silent}, check.StatusUnknown, check.StatusUnknown, "too long", answer{}},
		{"401", []answer{denied}, check.StatusUnknown, check.StatusUnknown, "401", answer{}},
		{"403 from in between", []answer{{status: 403, kind: "text/html", body: "<html>"}}, check.StatusUnknown, check.StatusUnknown, "403", answer{}},
		{"one unclear", []answer{ok, busy}, check.StatusOK, check.StatusUnknown, "503", answer{}},
		{"one wrong, one unclear", []answer{missing, busy}, check.StatusUnknown, check.StatusError, "does not exist", answer{}},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := &workspace{me: meOK, projects: listOK, dryRuns: map[string]answer{}, shown: map[string]answer{}}
			in := usual(w)
			var uses []ProjectUse
			for i, a := range test.answers {
				id := fmt.Sprint("p", i)
				w.dryRuns[id], w.shown[id] = a, test.shown
				uses = append(uses, ProjectUse{ID: id, Place: check.Finding{File: ".github/workflows/hex.yml", Line: i + 1}}, ProjectUse{ID: id})
			}
			in.Projects = func(context.Context) []ProjectUse { return uses }
			in.RunsProjects = true
			report := check.Run(t.Context(), TokenChecks(in))
			run, runnable := find(t, report, "scope-run"), find(t, report, "project-runnable")
			if run.Status != test.run || runnable.Status != test.runnable || !strings.Contains(runnable.Message, test.says) {
				t.Errorf("%s: %+v\n%+v", test.name, run, runnable)
			}
			more := 0
			if test.shown.status != 0 {
				more = 1
			}
			if len(w.asked) != 2+len(test.answers)+more {
				t.Errorf("%s: asked %v", test.name, w.asked)
			}
			for _, r := range []check.Result{run, runnable} {
				if r.Status == check.StatusError && (r.Findings[0].File == "" || r.Findings[0].Line == 0) {
					t.Errorf("%s: no place in %+v", test.name, r)
				}
			}
			judgeTexts(t, report, "", false)
		})
	}
}

func TestDryRunsAreFew(t *testing.T) {
	w := &workspace{me: meOK, projects: listOK, dryRuns: map[string]answer{}}
	in := usual(w)
	var uses []ProjectUse
	for i := range 8 {
		id := fmt.Sprint("p", i)
		w.dryRuns[id] = answer{status: 201, body: `{}`}
		uses = append(uses, ProjectUse{ID: id})
	}
	in.Projects = func(context.Context) []ProjectUse { return uses }
	r := find(t, check.Run(t.Context(), TokenChecks(in)), "project-runnable")
	if r.Status != check.StatusOK || len(r.Findings) != 3 || len(w.asked) != 2+maxDryRuns {
		t.Errorf("%+v\n%v", r, w.asked)
	}
}

func TestProjectThatNothingRuns(t *testing.T) {
	for runs, want := range map[bool]check.Status{true: check.StatusError, false: check.StatusSkipped} {
		w := &workspace{me: meOK, projects: listOK, dryRuns: map[string]answer{"p": {status: 403, body: `{"reason":"no"}`}}}
		in := usual(w)
		in.RunsProjects = runs
		in.Projects = func(context.Context) []ProjectUse {
			return []ProjectUse{{ID: "p", Place: check.Finding{File: ".github/workflows/hex.yml", Line: 1}}}
		}
		if r := find(t, check.Run(t.Context(), TokenChecks(in)), "scope-run"); r.Status != want {
			t.Errorf("a workflow runs projects: %t: %+v", runs, r)
		}
	}
}

func TestProjectsAreNotLookedUpForNothing(t *testing.T) {
	in := usual(&workspace{me: denied, projects: denied})
	in.Projects = func(context.Context) []ProjectUse {
		t.Error("looked up although the token was rejected")
		return nil
	}
	check.Run(t.Context(), TokenChecks(in))
}

func TestWithoutProjects(t *testing.T) {
	for runs, says := range map[bool]string{true: "--project", false: "nothing runs projects"} {
		in := usual(&workspace{me: meOK, projects: listOK})
		in.RunsProjects = runs
		r := find(t, check.Run(t.Context(), TokenChecks(in)), "scope-run")
		if r.Status != check.StatusSkipped || !strings.Contains(r.Message, says) {
			t.Errorf("%+v", r)
		}
	}
}
