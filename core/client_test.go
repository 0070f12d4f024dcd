package core

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/h2non/gock"
)

// A script plays the host: each request gets the next answer, the last one again and again.
type script struct {
	t       testing.TB
	answers []answer

	mu       sync.Mutex
	requests []*http.Request
	bodies   []string
}

type answer struct {
	status int
	kind   string // content type; JSON when empty
	body   string
	header http.Header
	err    error
	delay  time.Duration
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	a := s.answers[min(len(s.requests), len(s.answers)-1)]
	s.requests = append(s.requests, r)
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	s.bodies = append(s.bodies, string(body))
	s.mu.Unlock()
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

func (a answer) response(r *http.Request) *http.Response {
	header := a.header.Clone()
	if header == nil {
		header = http.Header{}
	}
	kind := a.kind
	if kind == "" {
		kind = "application/json; charset=utf-8"
	}
	header.Set("Content-Type", kind)
	return &http.Response{StatusCode: a.status, Proto: "HTTP/1.1", Header: header, Body: io.NopCloser(strings.NewReader(a.body)), Request: r}
}

func (s *script) client(t testing.TB) *Client {
	return NewClient(DefaultHost(), mustToken(t, sample("hxtp_", "client")), ClientOptions{UserAgent: "test/1", Transport: s})
}

func play(t testing.TB, answers ...answer) (*Client, *script) {
	s := &script{t: t, answers: answers}
	return s.client(t), s
}

func TestDoSendsWhatHexWants(t *testing.T) {
	c, s := play(t, answer{status: 200, body: `{}`})
	if _, err := c.Do(t.Context(), Request{Path: "/projects?limit=2", Query: url.Values{"after": {"a b"}}}); err != nil {
		t.Fatal(err)
	}
	r := s.requests[0]
	if r.URL.String() != "https://app.hex.tech/api/v1/projects?after=a+b&limit=2" || r.Method != "GET" {
		t.Errorf("%s %s", r.Method, r.URL)
	}
	if r.Header.Get("Authorization") != "Bearer "+c.token.Reveal() || r.Header.Get("User-Agent") != "test/1" || r.Header.Get("Content-Type") != "" {
		t.Errorf("header: %v", len(r.Header))
	}
}

func TestDoStaysOnItsHost(t *testing.T) {
	for _, path := range []string{"//evil.example/x", "@evil.example", "https://evil.example/", "/../../x", "/x#y", ".evil.example"} {
		c, s := play(t, answer{status: 200, body: `{}`})
		_, err := c.Do(t.Context(), Request{Path: path})
		if err == nil && (s.requests[0].URL.Host != "app.hex.tech" || !strings.HasPrefix(s.requests[0].URL.Path, "/api/v1/")) {
			t.Errorf("%q leads to %s", path, s.requests[0].URL)
		}
	}
	for _, c := range []*Client{NewClient(Host{}, mustToken(t, "some-token"), ClientOptions{}), NewClient(DefaultHost(), Token{}, ClientOptions{})} {
		if _, err := c.Do(t.Context(), Request{Path: "/x"}); err == nil {
			t.Error("asked without a host or a token")
		}
	}
}

// TestDoRepeats counts requests, and what the clock says in the end.
func TestDoRepeats(t *testing.T) {
	ok := answer{status: 200, body: `{}`}
	after := func(value string) answer {
		return answer{status: 429, body: `{"reason":"slow down"}`, header: http.Header{"Retry-After": {value}}}
	}
	reset := answer{err: &net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}}
	for _, test := range []struct {
		name     string
		request  Request
		answers  []answer
		requests int
		within   time.Duration
		least    time.Duration
		want     error
	}{
		{"at once", Request{}, []answer{ok}, 1, 0, 0, nil},
		{"a bad gateway", Request{}, []answer{{status: 502, kind: "text/html", body: "<html>"}, ok}, 2, time.Second, time.Second / 2, nil},
		{"a server that stays down", Request{}, []answer{{status: 500}}, 4, 7 * time.Second, 3 * time.Second, errAny},
		{"a reset", Request{}, []answer{reset, ok}, 2, time.Second, time.Second / 2, nil},
		{"resets only", Request{}, []answer{reset}, 3, 3 * time.Second, time.Second, syscall.ECONNRESET},
		{"a body that stops", Request{}, []answer{{err: io.ErrUnexpectedEOF}, ok}, 2, time.Second, time.Second / 2, nil},
		{"refused", Request{}, []answer{{err: &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}}}, 1, 0, 0, syscall.ECONNREFUSED},
		{"wait 7 s", Request{}, []answer{after("7"), ok}, 2, 7 * time.Second, 7 * time.Second, nil},
		{"wait until a date", Request{}, []answer{after("Sat, 01 Jan 2000 00:00:20 GMT"), ok}, 2, 20 * time.Second, 20 * time.Second, nil},
		{"wait longer than there is patience", Request{}, []answer{after("90")}, 1, 0, 0, ErrRateLimited},
		{"wait nonsense", Request{}, []answer{after("-5"), ok}, 2, time.Second, time.Second / 2, nil},
		{"429 for ever", Request{}, []answer{{status: 429}}, -1, 50 * time.Second, 20 * time.Second, ErrRateLimited},
		{"silence", Request{}, []answer{{status: 200, delay: time.Hour}}, 2, 50 * time.Second, 40 * time.Second, context.DeadlineExceeded},
		{"silence once", Request{}, []answer{{status: 200, delay: time.Hour}, ok}, 2, 26 * time.Second, 25 * time.Second, nil},
		{"404", Request{}, []answer{{status: 404}}, 1, 0, 0, ErrNotFound},
		{"POST, 500", Request{Method: "POST"}, []answer{{status: 500}}, 1, 0, 0, errAny},
		{"POST, reset", Request{Method: "POST"}, []answer{reset}, 1, 0, 0, syscall.ECONNRESET},
		{"POST, silence", Request{Method: "POST"}, []answer{{delay: time.Hour}}, 1, 50 * time.Second, 50 * time.Second, context.DeadlineExceeded},
		{"POST, 429", Request{Method: "POST"}, []answer{{status: 429}, ok}, 2, time.Second, time.Second / 2, nil},
		{"POST once, 429", Request{Method: "POST", Once: true}, []answer{{status: 429}, ok}, 1, 0, 0, ErrRateLimited},
		{"POST, 503", Request{Method: "POST"}, []answer{{status: 503, body: `{}`}, ok}, 1, 0, 0, errAny},
		{"POST, busy", Request{Method: "POST", RepeatBusy: true}, []answer{{status: 503, body: `{}`}, ok}, 2, time.Second, time.Second / 2, nil},
		{"POST, 503 from in between", Request{Method: "POST", RepeatBusy: true}, []answer{{status: 503, kind: "text/html", body: `<html>`}, ok}, 1, 0, 0, errAny},
		{"DELETE, 502", Request{Method: "DELETE"}, []answer{{status: 502}, ok}, 1, 0, 0, errAny},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, s := play(t, test.answers...)
				start := time.Now()
				test.request.Path = "/projects"
				_, err := c.Do(t.Context(), test.request)
				took := time.Since(start)
				switch {
				case test.want == nil && err != nil, test.want == errAny && err == nil:
					t.Errorf("err = %v", err)
				case test.want != nil && test.want != errAny && !errors.Is(err, test.want):
					t.Errorf("err = %v, want %v", err, test.want)
				}
				if test.requests >= 0 && len(s.requests) != test.requests {
					t.Errorf("%d requests, want %d", len(s.requests), test.requests)
				}
				if took > test.within || took < test.least {
					t.Errorf("took %s, want %s to %s", took, test.least, test.within)
				}
			})
		})
	}
}

var errAny = errors.New("any error")

func TestDoSaysWhenToTryAgain(t *testing.T) {
	c, _ := play(t, answer{status: 429, header: http.Header{"Retry-After": {"120"}}})
	_, err := c.Do(t.Context(), Request{Path: "/projects"})
	if err == nil || !strings.Contains(err.Error(), "try again in 2m0s") {
		t.Error(err)
	}
}

func TestDoEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := play(t, answer{status: 503})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, cancel)
		start := time.Now()
		if _, err := c.Do(ctx, Request{Path: "/x"}); err == nil || time.Since(start) > time.Second {
			t.Errorf("%v after %s", err, time.Since(start))
		}
		c, _ = play(t, answer{status: 200, delay: time.Hour})
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Do(ctx, Request{Path: "/x"}); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "app.hex.tech: it took too long") {
			t.Error(err)
		}
	})
}

// drip sends a byte a second for ever.
type drip struct{ ctx context.Context }

func (d drip) Read(p []byte) (int, error) {
	select {
	case <-d.ctx.Done():
		return 0, d.ctx.Err()
	case <-time.After(time.Second):
		p[0] = ' '
		return 1, nil
	}
}

func TestDoEndsASlowDrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewClient(DefaultHost(), mustToken(t, sample("hxtp_", "a")), ClientOptions{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: io.NopCloser(drip{r.Context()}), Request: r}, nil
		})})
		start := time.Now()
		if _, err := c.Do(t.Context(), Request{Path: "/x"}); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > time.Minute {
			t.Errorf("%v after %s", err, time.Since(start))
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestDoBoundsTheBody(t *testing.T) {
	c, s := play(t, answer{status: 200, body: `"` + strings.Repeat("x", maxBody) + `"`})
	if _, err := c.Do(t.Context(), Request{Path: "/x"}); !errors.Is(err, ErrTooLarge) || len(s.requests) != 1 {
		t.Error(err)
	}
}

func TestDoBoundsTheHeaders(t *testing.T) {
	for size, want := range map[int]string{maxHeader - 64<<10: "", maxHeader + 1: "headers"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Padding", strings.Repeat("x", size))
		}))
		host, err := ParseHost(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		_, err = NewClient(host, mustToken(t, sample("hxtw_", "a")), ClientOptions{}).Do(t.Context(), Request{Path: "/x"})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%d bytes: %v", size, err)
		}
		server.Close()
	}
}

func TestDoRedirects(t *testing.T) {
	to := func(location string) answer { return answer{status: 302, header: http.Header{"Location": {location}}} }
	for _, test := range []struct {
		location, method string
		requests         int
		want             error
	}{
		{"/api/v1/moved", "GET", 2, nil},
		{"https://app.hex.tech/api/v1/moved", "GET", 2, nil},
		{"https://evil.example/", "GET", 1, ErrRedirect},
		{"https://eu.hex.tech/api/v1/projects", "GET", 1, ErrRedirect},
		{"http://app.hex.tech/api/v1/projects", "GET", 1, ErrRedirect},
		{"https://app.hex.tech:8443/", "GET", 1, ErrRedirect},
		{"//evil.example", "GET", 1, ErrRedirect},
		{"/api/v1/moved", "POST", 1, ErrRedirect},
		{"/api/v1/moved", "DELETE", 1, ErrRedirect},
	} {
		c, s := play(t, to(test.location), answer{status: 200, body: "{}"})
		_, err := c.Do(t.Context(), Request{Method: test.method, Path: "/projects"})
		if !errors.Is(err, test.want) || len(s.requests) != test.requests {
			t.Errorf("%s to %s: %d requests, %v", test.method, test.location, len(s.requests), err)
		}
	}
	c, s := play(t, to("/api/v1/projects"))
	if _, err := c.Do(t.Context(), Request{Path: "/projects"}); !errors.Is(err, ErrRedirect) || len(s.requests) != maxRedirects+1 {
		t.Errorf("a circle: %d requests, %v", len(s.requests), err)
	}
}

func TestDoNeverGivesTheTokenBack(t *testing.T) {
	secret := sample("hxtp_", "client")
	for _, a := range []answer{
		{status: 200, body: `{"echo":"` + secret + `"}`},
		{status: 400, body: `{"reason":"bad ` + secret + `"}`},
		{status: 401, kind: "text/plain", body: "Unauthorized " + secret},
		{status: 422, body: `{"invalid":[{"paramName":"` + secret + `"}],"notFound":["` + secret + `"],"traceId":"` + secret + `"}`},
		{err: errors.New("dial https://user:pw@proxy: Bearer " + secret)},
		{status: 302, header: http.Header{"Location": {"https://" + secret + ".example/"}}},
	} {
		a.header = a.header.Clone()
		if a.header == nil {
			a.header = http.Header{}
		}
		a.header.Set("X-Echo", "Bearer "+secret)
		a.header.Set("X-Trace-Id", secret)
		c, _ := play(t, a)
		response, err := c.Do(t.Context(), Request{Path: "/projects"})
		var out bytes.Buffer
		fmt.Fprintf(&out, "%v %+v %#v", err, err, c)
		if response != nil {
			fmt.Fprintf(&out, "%s %v", response.Body, response.Header)
		}
		if strings.Contains(out.String(), secret) || strings.Contains(out.String(), "user:pw") {
			t.Errorf("%d %s gives away:\n%s", a.status, a.body, out.String())
		}
	}
}

func TestCallTellsWhatIsNotHex(t *testing.T) {
	for _, test := range []struct {
		answer answer
		want   error
	}{
		{answer{status: 200, kind: "text/html", body: "<!doctype html>"}, ErrNotHexAPI},
		{answer{status: 200, kind: "text/html", body: `{"id":"1"}`}, ErrNotHexAPI},
		{answer{status: 200, body: " <html>"}, ErrNotHexAPI},
		{answer{status: 200, kind: "text/plain", body: "OK"}, ErrNotHexAPI},
		{answer{status: 200, body: ""}, ErrGarbled},
		{answer{status: 204, body: ""}, ErrGarbled},
		{answer{status: 200, body: `{"values":[`}, ErrGarbled},
		{answer{status: 200, body: `[]`}, ErrGarbled},
		{answer{status: 200, body: `{}`}, ErrGarbled},
		{answer{status: 200, body: `null`}, ErrGarbled},
		{answer{status: 200, body: `{"values":"x"}`}, ErrGarbled},
		{answer{status: 200, body: `42`}, ErrGarbled},
		{answer{status: 200, body: `{"values":[` + strings.Repeat(`{},`, maxValues/2) + `{}]}`}, ErrTooLarge},
		{answer{status: 200, body: `{"values":[{"id":"a","description":"` + strings.Repeat(`,[{\",`, maxValues) + `"}]}`}, nil},
		{answer{status: 200, body: `{"values":` + strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001) + `}`}, ErrGarbled},
		{answer{status: 200, body: `{"besides":` + strings.Repeat("[", 9_990) + strings.Repeat("]", 9_990) + `,"values":[]}`}, nil},
		{answer{status: 200, body: `{"values":[]}`}, nil},
		{answer{status: 200, kind: "text/plain", body: "\ufeff" + `{"values":[]}`}, nil},
	} {
		c, _ := play(t, test.answer)
		if _, err := c.Projects(t.Context(), ProjectListOptions{}); !errors.Is(err, test.want) {
			t.Errorf("%+v: %v, want %v", test.answer, err, test.want)
		}
	}
}

func TestClientOverTheWire(t *testing.T) {
	var connections sync.Map
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connections.Store(r.RemoteAddr, true)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"values":[{"id":"a","title":%s}],"pagination":{"after":null}}`, strconv.Quote(r.URL.Path))
	}))
	defer server.Close()
	host, err := ParseHost(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	c := NewClient(host, mustToken(t, sample("hxtw_", "a")), ClientOptions{})
	for range 3 {
		page, err := c.Projects(t.Context(), ProjectListOptions{})
		if err != nil || page.Projects[0].Title != "/api/v1/projects" {
			t.Fatal(page, err)
		}
	}
	n := 0
	connections.Range(func(any, any) bool { n++; return true })
	if n != 1 {
		t.Errorf("%d connections for three requests in a row", n)
	}
	server.Close()
	if _, err := c.Projects(t.Context(), ProjectListOptions{}); err == nil || !strings.Contains(err.Error(), host.Name()) {
		t.Errorf("err = %v", err)
	}
}

func TestClientTakesTheDefaultTransport(t *testing.T) {
	defer gock.Off()
	gock.New("https://app.hex.tech").Get("/api/v1/users/me").Reply(200).JSON(map[string]any{"id": "u", "org": map[string]string{"id": "o"}})
	me, err := NewClient(DefaultHost(), mustToken(t, sample("hxtp_", "a")), ClientOptions{}).Me(t.Context())
	if err != nil || me.UserID != "u" || !gock.IsDone() {
		t.Errorf("%+v, %v", me, err)
	}
}
