package github

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cli/go-gh/v2/pkg/api"
	"github.com/cli/go-gh/v2/pkg/auth"
	"github.com/cli/go-gh/v2/pkg/config"
)

const (
	// maxBody bounds what is read of one answer: a page of a hundred secrets is about 20 KiB.
	maxBody = 8 << 20
	// maxPages bounds a listing: an organization holds at most 1,000 secrets, ten pages.
	maxPages = 200
	// attemptTimeout ends one attempt, so that a service that drips bytes does not hold a command for ever.
	attemptTimeout = 20 * time.Second
)

// Options configure a [Client]. Patience is how long one request may take with all its retries, 50 s by default.
type Options struct {
	UserAgent string
	Patience  time.Duration
}

// Client talks to the REST API of one GitHub host with gh's own login. It is safe for concurrent use.
type Client struct {
	http     *http.Client
	base     string
	host     string
	source   string
	patience time.Duration
	pause    func(ctx context.Context, d time.Duration) error
}

// NewClient builds a client for a host, such as github.com. It returns [ErrNoLogin] when gh has no login there.
func NewClient(host string, o Options) (*Client, error) {
	token, source := auth.TokenForHost(host)
	if token == "" {
		return nil, &LoginError{Host: host}
	}
	hc, err := api.NewHTTPClient(api.ClientOptions{
		Host:          host,
		AuthToken:     token,
		Headers:       map[string]string{"User-Agent": o.UserAgent, "Accept": "application/vnd.github+json"},
		CheckRedirect: stayOnHost,
	})
	if err != nil {
		return nil, fmt.Errorf("prepare requests to %s: %w", host, err)
	}
	if o.Patience == 0 {
		o.Patience = 50 * time.Second
	}
	return &Client{http: hc, base: baseURL(host), host: host, source: source, patience: o.Patience, pause: pause}, nil
}

// baseURL is where the REST API of a host lives: api.HOST for github.com and tenants, HOST/api/v3 on a server.
func baseURL(host string) string {
	apiHost := ""
	if cfg, err := config.Read(nil); err == nil {
		apiHost, _ = cfg.Get([]string{"hosts", host, "api_host"})
	}
	if auth.IsEnterprise(host) {
		if apiHost == "" {
			apiHost = host
		}
		return "https://" + apiHost + "/api/v3/"
	}
	host = auth.NormalizeHostname(host)
	if apiHost == "" {
		apiHost = "api." + host
	}
	if host == "github.localhost" {
		return "http://" + apiHost + "/"
	}
	return "https://" + apiHost + "/"
}

// stayOnHost follows the redirects of a renamed repository, and none that leaves the host.
func stayOnHost(req *http.Request, via []*http.Request) error {
	first := via[0].URL
	if req.URL.Host != first.Host || req.URL.Scheme != first.Scheme {
		return fmt.Errorf("%w: %s", errRedirect, req.URL.Hostname())
	}
	if len(via) > 5 {
		return errors.New("too many redirects")
	}
	return nil
}

// answer is a response that has been read: the body is bounded and closed.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// request is one call. What names the thing asked for in error messages: "list the Actions secrets of octo/analytics".
type request struct {
	method string
	path   string
	body   any
	what   string
	// once is set for a request that must not be repeated after an ambiguous answer.
	once bool
}

// send carries out a request. Rate limits are obeyed when they end within the client's patience; a failed connection
// or a 5xx is tried again, but never for a request that is marked once.
func (c *Client) send(ctx context.Context, r request) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.patience)
	defer cancel()
	for attempt := 0; ; attempt++ {
		a, err := c.attempt(ctx, r)
		if err == nil {
			return a, nil
		}
		wait, again := retryAfter(err, attempt, r.once)
		if !again || ctx.Err() != nil {
			return nil, err
		}
		if deadline, _ := ctx.Deadline(); time.Now().Add(wait).After(deadline) {
			return nil, err
		}
		if c.pause(ctx, wait) != nil {
			return nil, err
		}
	}
}

func (c *Client) attempt(ctx context.Context, r request) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	var body io.Reader
	if r.body != nil {
		raw, err := json.Marshal(r.body)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.what, err)
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, c.url(r.path), body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.what, err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, &Error{What: r.what, Host: c.host, Source: c.source, err: plain(err)}
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil && resp.StatusCode < 300 {
		return nil, &Error{What: r.what, Host: c.host, Source: c.source, err: fmt.Errorf("the answer broke off: %w", plain(err))}
	}
	if len(raw) > maxBody {
		return nil, &Error{What: r.what, Host: c.host, Source: c.source, Status: resp.StatusCode, err: errTooLarge}
	}
	if resp.StatusCode >= 300 {
		resp.Body = io.NopCloser(bytes.NewReader(raw))
		return nil, c.failure(r, resp)
	}
	return &answer{resp.StatusCode, resp.Header, raw}, nil
}

func (c *Client) url(path string) string {
	if strings.HasPrefix(path, c.base) {
		return path // a "next" link, checked by nextPage to stay below the base
	}
	return c.base + path
}

// plain takes the URL out of a network error: the message names the host and what was asked already.
func plain(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// retryAfter says whether a failed attempt is worth another, and after how long.
func retryAfter(err error, attempt int, once bool) (time.Duration, bool) {
	var e *Error
	if !errors.As(err, &e) {
		return 0, false
	}
	if e.RateLimited {
		return e.wait(attempt), true
	}
	ambiguous := e.Status == 0 || e.Status >= 500
	if !ambiguous || once || attempt >= 3 || errors.Is(err, errRedirect) || errors.Is(err, errTooLarge) {
		return 0, false
	}
	return time.Duration(1<<attempt)*250*time.Millisecond + rand.N(250*time.Millisecond), true
}

// get decodes the JSON answer of a GET into out and returns the path of the next page, if there is one.
func (c *Client) get(ctx context.Context, path, what string, out any) (next string, err error) {
	a, err := c.send(ctx, request{method: http.MethodGet, path: path, what: what})
	if err != nil {
		return "", err
	}
	if err := json.Unmarshal(a.body, out); err != nil {
		return "", &Error{What: what, Host: c.host, Source: c.source, Status: a.status, err: errNotJSON}
	}
	return c.nextPage(a.header), nil
}

// nextPage reads the Link header. A link that leaves the API's base is not followed.
func (c *Client) nextPage(h http.Header) string {
	for part := range strings.SplitSeq(h.Get("Link"), ",") {
		target, rel, found := strings.Cut(part, ";")
		if !found || !strings.Contains(rel, `rel="next"`) {
			continue
		}
		target = strings.Trim(strings.TrimSpace(target), "<>")
		if strings.HasPrefix(target, c.base) {
			return target
		}
	}
	return ""
}
