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
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cli/go-gh/v2/pkg/api"
	"github.com/cli/go-gh/v2/pkg/auth"
	"github.com/cli/go-gh/v2/pkg/config"
	"github.com/cli/go-gh/v2/pkg/term"

	"github.com/gh-hex/gh-hex/core"
)

const (
	// maxBody bounds what is read of one answer: a page of a hundred secrets is about 20 KiB.
	maxBody = 8 << 20
	// maxPages bounds a listing: an organization holds at most 1,000 secrets, ten pages.
	maxPages = 200
	// maxPage bounds the entries of one page. GitHub sends at most the hundred that are asked for.
	maxPage = 1000
	// maxLink bounds the address of the next page, in bytes.
	maxLink = 4 << 10
	// attemptTimeout ends one attempt, so that a service that drips bytes does not hold a command for ever.
	attemptTimeout = 20 * time.Second
	// defaultPatience is how long one call may take with all its retries, unless the client waits for limits to end.
	defaultPatience = 50 * time.Second
	// shortPatience is what later calls get once one has used up its time: several that are made one after the other take
	// little longer together than one.
	shortPatience = 4 * time.Second
	// grace is how long a write that was sent may take to be answered after its context has ended.
	grace = 5 * time.Second
	// maxAtOnce bounds the requests under way; GitHub allows a hundred.
	maxAtOnce = 20
)

// Options configure a [Client].
type Options struct {
	UserAgent string
	// Patience is how long one call may take, repetitions and waits between them included. Default 50 s.
	Patience time.Duration
	// Limited makes the client wait for rate limits for as long as GitHub says, and is called each time with when that
	// will be, from any goroutine, and patience has no end then. Without it, a limit that outlasts it is an error.
	Limited func(until time.Time)
	// Paced keeps a client of github.com below the number of requests that it allows a minute.
	Paced bool
}

// Client talks to the REST API of one GitHub host with gh's own login. It is safe for concurrent use, has at most 20
// requests under way at once, and sends none while a rate limit holds. A write that was sent is carried to its answer
// even when its context ends meanwhile, for a few seconds.
type Client struct {
	http    *http.Client
	base    string
	graphql string // the address of the GraphQL API
	host    string
	source  string
	waits   bool
	// patience is how long one call may take.
	patience time.Duration
	// tired is set once a call has used up its time.
	tired atomic.Bool
	pause func(ctx context.Context, d time.Duration) error
	clean func(text string) string // of gh's login
	slots chan struct{}
	gate  *gate
	pace  *pace // nil for none
	clock clock
}

// Host is the GitHub host that the client talks to.
func (c *Client) Host() string { return c.host }

// Source is where gh's token for that host came from: GH_TOKEN, oauth_token, gh.
func (c *Client) Source() string { return c.source }

// NewClient builds a client for a host, such as github.com. It returns [ErrNoLogin] when gh has no login there.
func NewClient(host string, o Options) (*Client, error) {
	token, source := auth.TokenForHost(host)
	if token == "" {
		return nil, &LoginError{Host: host}
	}
	if o.Patience <= 0 {
		o.Patience = defaultPatience
	}
	clean := core.Redaction(token)
	options := api.ClientOptions{
		Host:          host,
		AuthToken:     token,
		Headers:       map[string]string{"User-Agent": o.UserAgent, "Accept": "application/vnd.github+json"},
		CheckRedirect: stayOnHost,
	}
	logTo(&options, clean)
	hc, err := api.NewHTTPClient(options)
	if err != nil {
		return nil, fmt.Errorf("prepare requests to %s: %w", host, err)
	}
	return &Client{
		http: hc, base: baseURL(host), graphql: graphqlURL(baseURL(host)), host: host, source: source,
		waits: o.Limited != nil, patience: o.Patience, pause: core.Sleep, clean: clean, slots: make(chan struct{}, maxAtOnce), gate: newGate(o.Limited), pace: newPace(host, o.Paced),
	}, nil
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
		return fmt.Errorf("%w: it leads to %s", errRedirect, shortened(req.URL.Hostname()))
	}
	if len(via) > 5 {
		return fmt.Errorf("%w: they do not end", errRedirect)
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
	// reads is set for a POST that changes nothing. refused finds a refusal in an answer that looks like a success.
	reads   bool
	refused func(*answer) *Error
}

func (r request) writes() bool { return r.method != http.MethodGet && !r.reads }

// send carries out a request. Rate limits are obeyed when they end in time; a failed connection or a 5xx is tried
// again, but never for a request that is marked once.
func (c *Client) send(ctx context.Context, r request) (*answer, error) {
	ctx, cancel := c.patient(ctx)
	defer cancel()
	for attempt := 0; ; {
		a, err := c.attempt(ctx, r)
		if err == nil {
			return a, nil
		}
		var e *Error
		if errors.As(err, &e) && e.RateLimited {
			if e.unsent || ctx.Err() != nil || !c.waits && !endsInTime(ctx, e) {
				return nil, err
			}
			continue // the gate waits
		}
		late := !c.waits && errors.Is(err, context.DeadlineExceeded)
		if c.tired.Load() && late || !again(err, attempt, r.once) || c.pause(ctx, backoff(attempt)) != nil {
			c.tired.CompareAndSwap(false, late)
			return nil, err
		}
		attempt++
	}
}

// patient bounds a call in time, unless the client waits for limits to end: attempts are then bounded in number.
func (c *Client) patient(ctx context.Context) (context.Context, context.CancelFunc) {
	if c.waits {
		return context.WithCancel(ctx)
	}
	if c.tired.Load() {
		return context.WithTimeout(ctx, min(c.patience, shortPatience))
	}
	return context.WithTimeout(ctx, c.patience)
}

func endsInTime(ctx context.Context, e *Error) bool {
	deadline, has := ctx.Deadline()
	return !has || e.resumes(1).Before(deadline)
}

// attempt sends a request once, when its turn has come.
func (c *Client) attempt(ctx context.Context, r request) (*answer, error) {
	select {
	case c.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, c.noAnswer(r, ctx.Err())
	}
	defer func() { <-c.slots }()
	if err := c.pace.wait(ctx, r); err != nil {
		return nil, c.noAnswer(r, err)
	}
	probe, err := c.gate.enter(ctx)
	if refused, ok := errors.AsType[*Error](err); ok {
		return nil, &Error{What: r.what, Host: c.host, Source: c.source, Status: refused.Status, RateLimited: true, Retry: refused.Retry, unsent: true, err: refused.err}
	}
	if err != nil {
		return nil, c.noAnswer(r, err)
	}
	ctx, cancel := bounded(ctx, r.writes())
	defer cancel()
	a, err := c.exchange(ctx, r)
	c.gate.leave(probe, err)
	return a, err
}

// bounded gives an attempt its time. A write outlives its parent by grace: that it was sent cannot be taken back, and
// its answer tells what became of it.
func bounded(parent context.Context, write bool) (context.Context, context.CancelFunc) {
	if !write {
		return context.WithTimeout(parent, attemptTimeout)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(parent), attemptTimeout)
	stop := context.AfterFunc(parent, func() {
		_ = core.Sleep(ctx, grace)
		cancel()
	})
	return ctx, func() { stop(); cancel() }
}

func (c *Client) noAnswer(r request, err error) *Error {
	return &Error{What: r.what, Host: c.host, Source: c.source, unsent: true, err: err}
}

func (c *Client) exchange(ctx context.Context, r request) (*answer, error) {
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
	if climbs(req.URL) {
		return nil, c.noAnswer(r, errClimbs)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.unusable(0, r.what, plain(err))
	}
	defer resp.Body.Close()
	c.clock.set(resp.Header)
	return c.readAnswer(r, resp)
}

// readAnswer reads a response within bounds.
func (c *Client) readAnswer(r request, resp *http.Response) (*answer, error) {
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil && resp.StatusCode < 300 {
		return nil, c.unusable(0, r.what, fmt.Errorf("the answer broke off: %w", plain(err)))
	}
	if len(raw) > maxBody {
		return nil, c.unusable(resp.StatusCode, r.what, errTooLarge)
	}
	if resp.StatusCode >= 300 {
		if errors.Is(core.DecodeJSON(raw, new(json.RawMessage)), core.ErrTooLarge) {
			raw = nil
		}
		c.cleanUp(resp, raw)
		return nil, c.failure(r, resp)
	}
	a := &answer{resp.StatusCode, resp.Header, raw}
	if r.refused != nil {
		if e := r.refused(a); e != nil {
			return nil, e
		}
	}
	return a, nil
}

// cleanUp takes gh's login out of an answer that repeats it, as an error page may.
func (c *Client) cleanUp(resp *http.Response, body []byte) {
	for _, values := range resp.Header {
		for i, value := range values {
			values[i] = c.clean(value)
		}
	}
	resp.Body = io.NopCloser(strings.NewReader(c.clean(string(body))))
}

// logTo has what GH_DEBUG asks for logged as gh does, less the login where an answer repeats it.
func logTo(options *api.ClientOptions, clean func(text string) string) {
	switch debug := os.Getenv("GH_DEBUG"); debug {
	case "", "0", "false", "no":
	default:
		options.Log, options.LogVerboseHTTP = cleaned{os.Stderr, clean}, strings.Contains(debug, "api")
		options.LogColorize = term.IsTerminal(os.Stderr) && !term.IsColorDisabled()
	}
}

type cleaned struct {
	io.Writer
	clean func(text string) string
}

func (c cleaned) Write(p []byte) (int, error) {
	_, err := io.WriteString(c.Writer, c.clean(string(p)))
	return len(p), err
}

// climbs reports whether an address holds a name, out of a file or an answer, that would lead to another path of the host.
func climbs(u *url.URL) bool {
	return slices.ContainsFunc(strings.Split(u.EscapedPath(), "/"), func(part string) bool {
		name, _ := url.PathUnescape(part)
		return name == "." || name == ".."
	})
}

func (c *Client) url(path string) string {
	if path == graphqlPath {
		return c.graphql
	}
	if strings.HasPrefix(path, c.base) {
		return path // a "next" link, checked by nextPage to stay below the base
	}
	return c.base + path
}

// plain takes the URL out of a network error: the message names the host and what was asked already.
func plain(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// again says whether a failed attempt is worth another. A service that did not answer in time gets one more chance only.
func again(err error, attempt int, once bool) bool {
	var e *Error
	if once || !errors.As(err, &e) || !e.Ambiguous() || e.unsent || errors.Is(err, errRedirect) || errors.Is(err, errTooLarge) {
		return false
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return attempt < 1
	}
	return attempt < 3
}

func backoff(attempt int) time.Duration {
	return time.Duration(1<<attempt)*250*time.Millisecond + rand.N(250*time.Millisecond)
}

// clock is the service's own time, to a second or so, as far as its answers tell.
type clock struct{ ahead atomic.Pointer[time.Duration] } // of ours

func (c *clock) set(h http.Header) {
	if at, err := http.ParseTime(h.Get("Date")); err == nil {
		ahead := time.Until(at)
		c.ahead.Store(&ahead)
	}
}

// now is the zero time when no answer has told yet.
func (c *clock) now() time.Time {
	ahead := c.ahead.Load()
	if ahead == nil {
		return time.Time{}
	}
	return time.Now().Add(*ahead)
}

// get decodes the JSON answer of a GET into out and returns the path of the next page, if there is one.
func (c *Client) get(ctx context.Context, path, what string, out any) (next string, err error) {
	a, err := c.send(ctx, request{method: http.MethodGet, path: path, what: what})
	if err != nil {
		return "", err
	}
	if err := c.decode(a, what, out); err != nil {
		return "", err
	}
	next, err = c.nextPage(a.header)
	if err != nil {
		return "", c.unusable(a.status, what, err)
	}
	return next, nil
}

func (c *Client) decode(a *answer, what string, out any) error {
	err := core.DecodeJSON(a.body, out)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, core.ErrTooLarge):
		err = errTooLarge
	default:
		err = errNotJSON
	}
	return c.unusable(a.status, what, err)
}

// unusable is what came, if anything, and does not hold what was asked for.
func (c *Client) unusable(status int, what string, err error) *Error {
	return &Error{What: what, Host: c.host, Source: c.source, Status: status, err: err}
}

// nextPage reads the Link header. What it returns stands below the API's base, whether the link is relative or names the
// host with another scheme. A link that leads elsewhere is not followed: without it the list would be cut short, so it is
// an error.
func (c *Client) nextPage(h http.Header) (string, error) {
	for part := range strings.SplitSeq(h.Get("Link"), ",") {
		target, rel, found := strings.Cut(part, ";")
		if !found || !strings.Contains(rel, `rel="next"`) {
			continue
		}
		target = strings.Trim(strings.TrimSpace(target), "<>")
		if len(target) > maxLink {
			return "", errStrayPage
		}
		return c.below(target)
	}
	return "", nil
}

// below is an address of the API, as a whole.
func (c *Client) below(target string) (string, error) {
	base, err := url.Parse(c.base)
	if err != nil {
		return "", err
	}
	next, err := base.Parse(target)
	if err != nil || !strings.EqualFold(next.Host, base.Host) || next.User != nil || next.Opaque != "" {
		return "", errStrayPage
	}
	next.Scheme, next.Host, next.Fragment = base.Scheme, base.Host, ""
	if whole := next.String(); strings.HasPrefix(whole, c.base) {
		return whole, nil
	}
	return "", errStrayPage
}
