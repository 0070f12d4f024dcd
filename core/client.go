package core

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	apiBase = "/api/v1"

	defaultPatience = 50 * time.Second
	attemptTimeout  = 25 * time.Second // an attempt to read, so that a slow drip leaves time for another
	maxBody         = 10 << 20
	maxHeader       = 1 << 20
	maxRedirects    = 3

	firstBackoff    = time.Second
	maxBackoff      = 15 * time.Second
	maxServerFaults = 4 // attempts that a read gets when the server fails
	maxNetFaults    = 3 // attempts that a read gets when the connection breaks
)

// ClientOptions sets a [Client] up. The zero value is ready to use.
type ClientOptions struct {
	// UserAgent names the program in each request; Go's own when empty.
	UserAgent string
	// Transport carries the requests; nil for [BoundedTransport], which obeys HTTP_PROXY and
	// HTTPS_PROXY.
	Transport http.RoundTripper
	// Patience is how long one request may take, repetitions and waits between them included. Default 50 s.
	Patience time.Duration
	// TokenSource is where the token was found, such as ".env", and Advice what to do when Hex rejects it: a
	// [*RejectedError] says both.
	TokenSource string
	Advice      Advice
}

// Client speaks to the API of one Hex host with one token. It may be used by several goroutines at once.
type Client struct {
	host     Host
	token    Token
	agent    string
	patience time.Duration
	http     *http.Client
	redactor *redactor
	source   string
	advice   Advice
}

// Request is one call of the API.
type Request struct {
	Method string // GET when empty
	Path   string // below /api/v1, such as /users/me; a query in it is kept
	Query  url.Values
	Body   []byte // JSON; nil for none
	// Header is added to the request. It cannot replace Authorization.
	Header http.Header
	// RepeatBusy allows a request other than a read to be repeated after a 503 in JSON, by which Hex says that it did
	// nothing. A 429 is repeated anyway.
	RepeatBusy bool
	// Once forbids every repetition.
	Once bool
}

// Response is an answer. The token stands neither in Header nor in Body, whatever the service echoed.
type Response struct {
	Status int
	Proto  string // such as HTTP/2.0
	Header http.Header
	Body   []byte
}

// NewClient returns a client that sends token to host and to nowhere else.
func NewClient(host Host, token Token, o ClientOptions) *Client {
	if o.Patience <= 0 {
		o.Patience = defaultPatience
	}
	if o.Transport == nil {
		o.Transport = BoundedTransport()
	}
	return &Client{host: host, token: token, agent: o.UserAgent, patience: o.Patience, redactor: newRedactor(token),
		source: o.TokenSource, advice: o.Advice,
		http: &http.Client{Transport: o.Transport, CheckRedirect: sameHost}}
}

// BoundedTransport is a copy of http.DefaultTransport as it is now that takes at most 1 MiB of headers. A default transport
// of another type is returned as it is: tests put theirs there.
func BoundedTransport() http.RoundTripper {
	standard, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	transport := standard.Clone()
	transport.MaxResponseHeaderBytes = maxHeader
	return transport
}

// Host is where the client sends its requests.
func (c *Client) Host() Host { return c.host }

func sameHost(next *http.Request, via []*http.Request) error {
	first := via[0]
	switch {
	case next.URL.Scheme != first.URL.Scheme || next.URL.Host != first.URL.Host:
		return fmt.Errorf("%w: it leads to %s, and the token goes nowhere else", ErrRedirect, cleanText(next.URL.Host))
	case first.Method != http.MethodGet:
		return fmt.Errorf("%w: only reads follow them", ErrRedirect)
	case len(via) > maxRedirects:
		return fmt.Errorf("%w: they do not end", ErrRedirect)
	}
	return nil
}

func (r Request) method() string {
	if r.Method == "" {
		return http.MethodGet
	}
	return strings.ToUpper(r.Method)
}

func (r Request) isRead() bool { return r.method() == http.MethodGet || r.method() == http.MethodHead }

// Do sends a request and returns the answer. Reads are repeated after 429, 500, 502, 503, 504 and broken connections;
// other requests after 429, and see [Request]. It waits as long as the answer's Retry-After says, and gives up at once
// when that is longer than its patience.
//
// The error is or wraps an [*APIError] for every status but success, and then the Response is returned too; it is a
// [*RejectedError] when Hex did not accept the token. Otherwise it wraps
// [ErrNotHexAPI], [ErrRedirect], [ErrTooLarge], or what the network or ctx said.
func (c *Client) Do(ctx context.Context, r Request) (*Response, error) {
	target, err := c.target(r)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.patience)
	defer cancel()
	for attempt := 1; ; attempt++ {
		response, err := c.attempt(ctx, r, target)
		if err == nil || !repeatable(r, err, attempt) || !wait(ctx, pause(err, attempt)) {
			return response, err
		}
	}
}

// target refuses a path that would lead to another host.
func (c *Client) target(r Request) (string, error) {
	if c.host.IsZero() || c.token.IsZero() {
		return "", errors.New("a request to Hex needs a host and a token")
	}
	u, err := url.Parse(c.host.String() + apiBase + "/" + strings.TrimPrefix(r.Path, "/"))
	if err != nil {
		return "", errors.New("the path of the request is malformed")
	}
	if u.Scheme+"://"+u.Host != c.host.String() || u.User != nil {
		return "", errors.New("the path of the request leads to another host")
	}
	if len(r.Query) > 0 {
		query := u.Query()
		for name, values := range r.Query {
			query[name] = append(query[name], values...)
		}
		u.RawQuery = query.Encode()
	}
	u.Fragment = ""
	return u.String(), nil
}

func (c *Client) attempt(ctx context.Context, r Request, target string) (*Response, error) {
	if r.isRead() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, attemptTimeout)
		defer cancel()
	}
	request, err := c.newRequest(ctx, r, target)
	if err != nil {
		return nil, err
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return nil, c.failure(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxBody+1))
	if err != nil {
		return nil, c.failure(err)
	}
	if len(body) > maxBody {
		return nil, fmt.Errorf("%s sent more than %d MiB for %s: %w", c.host.Name(), maxBody>>20, cleanText(r.Path), ErrTooLarge)
	}
	return c.judge(r, answer, body)
}

func (c *Client) newRequest(ctx context.Context, r Request, target string) (*http.Request, error) {
	var body io.Reader
	if r.Body != nil {
		body = bytes.NewReader(r.Body)
	}
	request, err := http.NewRequestWithContext(ctx, r.method(), target, body)
	if err != nil {
		return nil, errors.New("the request is malformed: check its method and path")
	}
	request.Header.Set("Accept", "application/json")
	if r.Body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.agent != "" {
		request.Header.Set("User-Agent", c.agent)
	}
	for name, values := range r.Header {
		request.Header[http.CanonicalHeaderKey(name)] = values
	}
	request.Header.Set("Authorization", "Bearer "+c.token.Reveal())
	return request, nil
}

// failure drops the URL that http wraps around an error.
func (c *Client) failure(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	return newNetworkError(c.host, c.token, err)
}

func (c *Client) judge(r Request, answer *http.Response, body []byte) (*Response, error) {
	response := &Response{Status: answer.StatusCode, Proto: answer.Proto, Header: c.redactHeader(answer.Header), Body: c.redact(body)}
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		e := newAPIError(r, answer.StatusCode, response.Header, response.Body, time.Now())
		if errors.Is(e, ErrUnauthorized) {
			return response, &RejectedError{Host: c.host, TokenSource: c.source, advice: c.advice, answer: e}
		}
		return response, e
	}
	if isMarkup(answer.Header, body) {
		return nil, fmt.Errorf("%s answered %s with a web page: no such path, or %w", c.host.Name(), cleanText(r.Path), ErrNotHexAPI)
	}
	return response, nil
}

func (c *Client) redact(body []byte) []byte { return []byte(c.redactor.redact(string(body))) }

func (c *Client) redactHeader(header http.Header) http.Header {
	clean := make(http.Header, len(header))
	for name, values := range header {
		for _, value := range values {
			clean.Add(name, c.redactor.redact(value))
		}
	}
	return clean
}

// call sends a request and decodes the answer into out, which is nil when there is none to read.
func (c *Client) call(ctx context.Context, r Request, out any) error {
	response, err := c.Do(ctx, r)
	if err != nil || out == nil {
		return err
	}
	body := bytes.TrimPrefix(response.Body, []byte("\ufeff"))
	switch err := DecodeJSON(body, out); {
	case err == nil:
		return nil
	case errors.Is(err, ErrTooLarge):
		return fmt.Errorf("%s sent more than %d values for %s: %w", c.host.Name(), maxValues, cleanText(r.Path), ErrTooLarge)
	case len(body) == 0 || looksLikeJSON(body) || json.Valid(body):
		return c.garbled(r.Path)
	}
	return fmt.Errorf("%s answered %s with something that is not JSON: %w", c.host.Name(), cleanText(r.Path), ErrNotHexAPI)
}

func (c *Client) garbled(path string) error {
	return fmt.Errorf("%s answered %s: %w", c.host.Name(), cleanText(path), ErrGarbled)
}

func repeatable(r Request, err error, attempt int) bool {
	if r.Once {
		return false
	}
	var answer *APIError
	if !errors.As(err, &answer) {
		return r.isRead() && attempt < maxNetFaults && isTransient(err)
	}
	switch answer.Status {
	case http.StatusTooManyRequests:
		return true
	case http.StatusServiceUnavailable:
		return r.RepeatBusy && answer.JSON || r.isRead() && attempt < maxServerFaults
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusGatewayTimeout:
		return r.isRead() && attempt < maxServerFaults
	}
	return false
}

// isTransient is for connections that broke or dried up. What could not be connected at all (no such host, refused, a
// bad certificate) will not mend within seconds, and whoever is offline should not have to wait.
func isTransient(err error) bool {
	var certificate *tls.CertificateVerificationError
	var network *net.OpError
	switch {
	case errors.As(err, &certificate), errors.Is(err, ErrRedirect):
		return false
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, context.DeadlineExceeded):
		return true
	case errors.As(err, &network):
		return network.Op == "read" || network.Op == "write" || network.Timeout()
	}
	return false
}

// pause grows from a second to a quarter of a minute, with up to half of it left to chance so that clients do not come
// back in step.
func pause(err error, attempt int) time.Duration {
	backoff := min(firstBackoff<<min(attempt-1, 8), maxBackoff)
	backoff -= rand.N(backoff / 2)
	if answer, ok := errors.AsType[*APIError](err); ok {
		return max(backoff, answer.RetryAfter)
	}
	return backoff
}

// wait returns false, at once, when ctx would end before the time is over.
func wait(ctx context.Context, d time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= d {
		return false
	}
	return Sleep(ctx, d) == nil
}

// Sleep takes d, or until ctx ends, and then returns its error.
func Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
