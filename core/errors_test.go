package core

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

func TestAPIErrorReadsEveryBody(t *testing.T) {
	for _, test := range []struct {
		status     int
		kind, body string
		want       string
	}{
		{401, "text/plain", "Unauthorized", "GET /x: 401 Unauthorized: Unauthorized"},
		{400, "", `{"reason":"bad page","traceId":"t1"}`, "GET /x: 400 Bad Request: bad page (trace ID t1)"},
		{400, "", `{"reason":"bad","details":"limit is 0"}`, "GET /x: 400 Bad Request: bad; limit is 0"},
		{400, "", `{"reason":"bad","details":[{"message":"a"},"b",{"x":1},7]}`, "GET /x: 400 Bad Request: bad; a; b; 7"},
		{403, "", `{"code":"FORBIDDEN","message":"no scope","issues":[{"message":"one"},{"message":"two"}]}`, "GET /x: 403 Forbidden: no scope; one; two"},
		{422, "", `{"traceId":"t","invalid":[{"dataType":"NUMBER","inputCellType":"TEXT","paramValue":"a","paramName":"n"}],"notFound":["m"]}`,
			`GET /x: 422 Unprocessable Entity: input n does not take "a" (NUMBER); no input m (trace ID t)`},
		{502, "text/html", "<html><h1>Bad gateway</h1>", "GET /x: 502 Bad Gateway"},
		{502, "text/plain", "<!DOCTYPE html>", "GET /x: 502 Bad Gateway"},
		{500, "", "", "GET /x: 500 Internal Server Error"},
		{500, "", `{"reason":"cut`, "GET /x: 500 Internal Server Error"},
		{500, "", `null`, "GET /x: 500 Internal Server Error: null"},
		{500, "", `{"reason":{"message":"deep"},"details":5,"issues":"one","invalid":"x","notFound":{"a":1},"traceId":9}`,
			"GET /x: 500 Internal Server Error: deep; 5; one (trace ID 9)"},
		{500, "", `{"error":"plain"}`, "GET /x: 500 Internal Server Error: plain"},
		{499, "", `{"reason":"\u001b[31mred\u0007\u009b2J \u202eevil\u2066\n\nnext\u2028line\u0000"}`, "GET /x: 499: [31mred2J evil next line"},
	} {
		header := http.Header{"Content-Type": {test.kind}}
		err := newAPIError(Request{Path: "/x"}, test.status, header, []byte(test.body), time.Time{})
		if err.Error() != test.want {
			t.Errorf("%d %s:\n got %s\nwant %s", test.status, test.body, err, test.want)
		}
	}
}

func TestAPIErrorMatchesItsSentinel(t *testing.T) {
	all := []error{ErrUnauthorized, ErrForbidden, ErrNotFound, ErrUnpublished, ErrInputs, ErrRateLimited, ErrBusy}
	for _, test := range []struct {
		request Request
		status  int
		body    string
		want    error
	}{
		{Request{Path: "/x"}, 401, "", ErrUnauthorized},
		{Request{Path: "/x"}, 403, "", ErrForbidden},
		{Request{Path: "/x"}, 404, "", ErrNotFound},
		{Request{Path: "/x"}, 429, "", ErrRateLimited},
		{Request{Path: "/x"}, 422, `{"reason":"Project is not published"}`, ErrUnpublished},
		{Request{Path: "/x"}, 422, `{}`, nil},
		{Request{Path: "/x"}, 422, `{"message":"no","issues":[{"message":"must be published first"}]}`, ErrUnpublished},
		{Request{Path: "/x"}, 422, `{"message":"no","issues":[{"message":"n is no number"}]}`, nil},
		{Request{Path: "/x"}, 422, `{"notFound":["a"]}`, ErrInputs},
		{Request{Path: "/x"}, 422, `{"invalid":[{"paramName":"a"}]}`, ErrInputs},
		{Request{Method: "POST", Path: "/projects/1/runs"}, 503, `{"reason":"busy"}`, ErrBusy},
		{Request{Method: "POST", Path: "/projects/1/runs"}, 503, `<html>`, nil},
		{Request{Path: "/projects/1/runs"}, 503, `{}`, nil},
		{Request{Path: "/x"}, 500, `{}`, nil},
	} {
		err := fmt.Errorf("wrapped: %w", newAPIError(test.request, test.status, nil, []byte(test.body), time.Time{}))
		for _, sentinel := range all {
			if errors.Is(err, sentinel) != (sentinel == test.want) {
				t.Errorf("%d %s: is %v = %t", test.status, test.body, sentinel, errors.Is(err, sentinel))
			}
		}
	}
}

func TestAPIErrorIsBounded(t *testing.T) {
	long := strings.Repeat("ä", 5000)
	err := newAPIError(Request{Path: "/x"}, 400, nil, []byte(`{"reason":"`+long+`","issues":[`+strings.Repeat(`"x",`, 999)+`"x"]}`), time.Time{})
	if utf8.RuneCountInString(err.Reason) != maxErrorText || len(err.Issues) > maxErrorList || utf8.RuneCountInString(err.Error()) > 2*maxErrorText {
		t.Errorf("%d runes, %d issues, %d in all", utf8.RuneCountInString(err.Reason), len(err.Issues), len(err.Error()))
	}
	if !strings.HasSuffix(err.Reason, "…") {
		t.Errorf("nothing says that %s was cut", err.Reason)
	}
	err = newAPIError(Request{Path: "/x"}, 422, nil, []byte(`{"issues":[`+strings.Repeat(`"x",`, 24)+`"x"],"notFound":["y"]}`), time.Time{})
	if !strings.HasSuffix(err.Detail(), "; no input y; and 5 more") {
		t.Errorf("nothing says how many issues were left out: %s", err.Detail())
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "0": 0, "7": 7 * time.Second, " 7 ": 7 * time.Second, "-1": 0, "1.5": 0, "NaN": 0, "99999999999999999999": 0,
		"2000000000": maxRetryAge, "Mon, 23 Nov 2026 12:01:00 GMT": time.Minute, "Mon, 23 Nov 2026 11:59:00 GMT": 0,
		"Tue, 23 Nov 2027 12:00:00 GMT": maxRetryAge, "soon": 0,
	} {
		if got := retryAfter(value, now); got != want {
			t.Errorf("retryAfter(%q) = %s, want %s", value, got, want)
		}
	}
}

func FuzzAPIError(f *testing.F) {
	for _, seed := range []string{"", "Unauthorized", `{"reason":1}`, `{"issues":[[{"message":{}}]]}`, `{"invalid":[{"paramValue":[1]},3]}`, "<", "\x1b[0m", `{"reason":"\ud800"}`} {
		f.Add(422, "text/plain", []byte(seed))
	}
	f.Fuzz(func(t *testing.T, status int, kind string, body []byte) {
		header := http.Header{"Content-Type": {kind}, "X-Trace-Id": {kind}, "Retry-After": {kind}}
		e := newAPIError(Request{Method: "POST", Path: "/projects/1/runs"}, status, header, body, time.Unix(0, 0))
		text := e.Error()
		if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) || utf8.RuneCountInString(text) > 3*maxErrorText {
			t.Errorf("unfit to be shown: %q", text)
		}
		if slices.Contains(e.Issues, "") || slices.Contains(e.NotFound, "") {
			t.Errorf("empty texts: %q", e)
		}
	})
}
