package sandbox_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gh-hex/gh-hex/scripts/sandbox"
)

func faults(t *testing.T, s *sandbox.Sandbox, list ...sandbox.Fault) {
	t.Helper()
	if err := s.AddFaults(list...); err != nil {
		t.Fatal(err)
	}
}

func TestFaultAnswers(t *testing.T) {
	for _, c := range []struct {
		name   string
		fault  sandbox.Fault
		status int
		text   string
	}{
		{"status", sandbox.Fault{Status: 500, Body: `{"reason":"boom"}`}, 500, "boom"},
		{"html", sandbox.Fault{HTML: true}, 200, "<!DOCTYPE html>"},
		{"html with a status", sandbox.Fault{HTML: true, Status: 503}, 503, "<!DOCTYPE html>"},
		{"redirect", sandbox.Fault{Redirect: "https://evil.example.com/"}, 302, ""},
		{"redirect with a status", sandbox.Fault{Redirect: "https://evil.example.com/", Status: 307}, 307, ""},
		{"delay", sandbox.Fault{DelayMS: 20}, 200, "org"},
		{"drip", sandbox.Fault{DripBytes: 10, DripMS: 1}, 200, "org"},
		{"header", sandbox.Fault{Header: map[string]string{"X-Extra": "1"}}, 200, "org"},
		{"edit", sandbox.Fault{Edit: func(r sandbox.Request, h http.Header, body []byte) []byte {
			h.Set("X-Path", r.Path)
			return bytes.ToUpper(body)
		}}, 200, "ORG"},
		{"length", sandbox.Fault{BodyBytes: 100_000}, 200, strings.Repeat("x", 90_000)},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := start(t)
			c.fault.Service = "hex"
			faults(t, s, c.fault)
			began := time.Now()
			r := hex(t, s, "ada", "GET", "/users/me", nil)
			want(t, r, c.status)
			if !strings.Contains(r.body, c.text) || r.header.Get("Location") != c.fault.Redirect {
				t.Errorf("body %q, Location %q", r.body, r.header.Get("Location"))
			}
			if time.Since(began) < time.Duration(c.fault.DelayMS)*time.Millisecond {
				t.Error("the answer came too soon")
			}
			if r.header.Get("X-Extra") != c.fault.Header["X-Extra"] {
				t.Error("the header is missing")
			}
			if c.fault.BodyBytes > 0 && len(r.body) != c.fault.BodyBytes {
				t.Errorf("%d bytes", len(r.body))
			}
			if c.fault.Edit != nil && r.header.Get("X-Path") != "/api/v1/users/me" {
				t.Errorf("the edit set %q", r.header.Get("X-Path"))
			}
			if got := s.Requests()[0].Status; got != c.status {
				t.Errorf("recorded status %d", got)
			}
			want(t, api(t, s, "GET", "/user", nil), 200)
		})
	}
}

func TestFaultsThatBreakTheConnection(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault sandbox.Fault
		err   error
	}{
		{"reset", sandbox.Fault{Reset: true}, syscall.ECONNRESET},
		{"close", sandbox.Fault{Close: true}, io.EOF},
		{"cut", sandbox.Fault{Cut: 5}, io.ErrUnexpectedEOF},
		{"cut before the body", sandbox.Fault{Cut: -1}, io.ErrUnexpectedEOF},
		{"cut answer", sandbox.Fault{Status: 200, Body: "0123456789", Cut: 5}, io.ErrUnexpectedEOF},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := start(t)
			faults(t, s, c.fault)
			// A POST, since Go repeats a GET whose connection breaks.
			r, err := try(t, s, "POST", s.HexURL()+"/api/v1/projects/x/runs", "Bearer "+s.State().Hex.Tokens["ada"].Value, nil)
			if !errors.Is(err, c.err) {
				t.Errorf("error %v, want %v (%+v)", err, c.err, r)
			}
			if len(r.body) != max(c.fault.Cut, 0) {
				t.Errorf("body %q", r.body)
			}
		})
	}
}

func TestApplyDecidesWhetherARequestTakesEffect(t *testing.T) {
	for _, f := range []sandbox.Fault{{Close: true}, {Reset: true}, {Status: 502}, {HTML: true}} {
		for _, apply := range []bool{false, true} {
			s := start(t)
			const path = "/repos/octo/site/actions/secrets"
			body := seal(t, s, path, "v")
			f.Method, f.Path, f.Apply = "PUT", "/repos/*/actions/secrets/*", apply
			faults(t, s, f)
			_, _ = try(t, s, "PUT", "http://api.github.com"+path+"/A", "token "+classic, body)
			if _, stored := secret(s, "octo/site", "actions", "", "A"); stored != apply {
				t.Errorf("%+v: stored %v", f, stored)
			}
		}
	}
}

func TestFaultsChooseTheirRequests(t *testing.T) {
	s := start(t)
	faults(t, s,
		sandbox.Fault{Service: "hex", Method: "GET", Path: "/api/v1/projects", Skip: 1, Times: 2, Status: 500},
		sandbox.Fault{Regexp: `/projects\?.*after=x`, Status: 501},
		sandbox.Fault{Host: "api.github.com", Path: "/repos/*/secrets", Status: 502},
	)
	for i, status := range []int{200, 500, 500, 200} {
		if r := hex(t, s, "ada", "GET", "/projects", nil); r.status != status {
			t.Errorf("request %d: %d, want %d", i+1, r.status, status)
		}
	}
	want(t, hex(t, s, "ada", "GET", "/projects?limit=1&after=x", nil), 501)
	want(t, hex(t, s, "ada", "GET", "/users/me", nil), 200)
	want(t, api(t, s, "GET", "/repos/octo/analytics/actions/secrets", nil), 502)
	want(t, api(t, s, "GET", "/repos/octo/analytics/actions/secrets/A", nil), 404)
	s.ClearFaults()
	want(t, api(t, s, "GET", "/repos/octo/analytics/actions/secrets", nil), 200)
	if s.AddFaults(sandbox.Fault{Status: 500}, sandbox.Fault{Regexp: "("}) == nil {
		t.Error("a broken pattern was accepted")
	}
	want(t, api(t, s, "GET", "/user", nil), 200)
}
