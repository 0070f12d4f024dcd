package github

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// answering is a client that gets the same answer to every request.
func answering(status int, header http.Header, body []byte) *Client {
	reply := roundTrip(func(r *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: status, Header: header.Clone(), Request: r, ProtoMajor: 1, ProtoMinor: 1,
			Body: io.NopCloser(bytes.NewReader(body)),
		}, nil
	})
	return &Client{
		http: &http.Client{Transport: reply, CheckRedirect: stayOnHost}, base: "https://api.github.com/", host: "github.com",
		patience: time.Minute, pause: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
		clean: strings.Clone, slots: make(chan struct{}, maxAtOnce), gate: newGate(nil),
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// FuzzAnswer lets GitHub answer anything: nothing panics, and errors are of bounded length and safe to show.
func FuzzAnswer(f *testing.F) {
	f.Add(200, []byte(`{"total_count":1,"secrets":[{"name":"HEX_API_TOKEN","updated_at":"2026-01-02T03:04:05Z"}]}`), "")
	f.Add(200, []byte(`{"secrets":{"name":[1]}}`), "required; url=https://github.com/")
	f.Add(200, []byte(`{"secrets":`+strings.Repeat("[", 10_000)), "")
	f.Add(403, []byte("{\"message\":\"\\u001b[31mred\\u202e \",\"errors\":[{\"message\":\"a\\nb\"}]}"), "secrets=write")
	f.Add(404, []byte(`{"message":7,"errors":"x"}`), "repo, admin:org")
	f.Add(429, []byte("<html>"), "1")
	f.Fuzz(func(t *testing.T, status int, body []byte, header string) {
		if status < 200 || status > 599 || status >= 300 && status < 400 {
			return
		}
		h := http.Header{}
		for _, name := range []string{"Content-Type", "X-GitHub-SSO", "X-Accepted-GitHub-Permissions", "X-OAuth-Scopes", "X-Accepted-OAuth-Scopes", "X-RateLimit-Reset"} {
			h.Set(name, header)
		}
		h.Set("Retry-After", "3600") // else a limit would be waited for
		asked := map[string]func(*Client) error{
			"repository": func(c *Client) error { _, err := c.Repository(t.Context(), "octo", "analytics"); return err },
			"secrets":    func(c *Client) error { return c.Secrets(t.Context(), analytics()).Err },
			"variables":  func(c *Client) error { return c.Variables(t.Context(), analytics()).Err },
			"variable":   func(c *Client) error { _, err := c.Variable(t.Context(), analytics(), "HOST"); return err },
			"key":        func(c *Client) error { _, err := c.PublicKey(t.Context(), analytics()); return err },
			"workflows":  func(c *Client) error { _, err := c.Workflows(t.Context(), "octo", "analytics"); return err },
		}
		for name, ask := range asked {
			err := ask(answering(status, h, body))
			if err != nil {
				safeToShow(t, name, err.Error())
			}
			var e *Error
			if errors.As(err, &e) {
				safeToShow(t, name, e.SSO+strings.Join(append(e.Scopes, e.Permissions...), ""))
			}
		}
	})
}

func safeToShow(t *testing.T, what, text string) {
	t.Helper()
	if n := utf8.RuneCountInString(text); n > 100_000 {
		t.Errorf("%s: %d characters", what, n)
	}
	if i := strings.IndexFunc(text, unicode.IsControl); i >= 0 {
		t.Errorf("%s: a control character in %q", what, text)
	}
}

// FuzzNextPage lets the Link header say anything: what is followed stays below the API.
func FuzzNextPage(f *testing.F) {
	f.Add(`<https://api.github.com/repositories/1?page=2>; rel="next", <https://api.github.com/x>; rel="last"`)
	f.Add(`<https://elsewhere.example.com/>; rel="next"`)
	f.Add(`<https://api.github.com.elsewhere.example.com/>; rel="next"`)
	f.Add(`<https://api.github.com/@elsewhere.example.com/>; rel="next"; rel="prev",,;`)
	f.Fuzz(func(t *testing.T, link string) {
		c := answering(200, nil, nil)
		next, err := c.nextPage(http.Header{"Link": {link}})
		if err != nil || next == "" {
			return
		}
		r, err := http.NewRequest(http.MethodGet, c.url(next), nil)
		if err == nil && (r.URL.Scheme != "https" || r.URL.Host != "api.github.com") {
			t.Errorf("%q leads to %s", link, r.URL)
		}
	})
}
