package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cli/go-gh/v2/pkg/api"
	"github.com/cli/go-gh/v2/pkg/auth"
	"github.com/cli/go-gh/v2/pkg/config"

	"github.com/gh-hex/gh-hex/core"
)

var (
	// ErrNotFound means that GitHub answered 404: the thing is missing, or hidden from this login.
	ErrNotFound = errors.New("not found, or not visible to this login")
	// ErrForbidden means that the login lacks a permission.
	ErrForbidden = errors.New("permission missing")
	// ErrRateLimited means that GitHub refuses requests for a while.
	ErrRateLimited = errors.New("rate limit")
	// ErrUnauthorized means that GitHub did not accept gh's login.
	ErrUnauthorized = errors.New("login not accepted")

	errRedirect = errors.New("redirect not followed")
	errTooLarge = errors.New("the answer is too large")
	errNotJSON  = errors.New("the answer is not JSON of the expected form")
	errClimbs   = errors.New("a name in it leads to another path")
	// errStrayPage is for a list of which only the beginning is to be had.
	errStrayPage = errors.New("the answer names a next page elsewhere, which was not followed")
	errCircle    = errors.New("the pages of the list do not end")
)

// LoginError means that gh has no login for a host.
type LoginError struct{ Host string }

func (e *LoginError) Error() string { return fmt.Sprintf("gh is not logged in to %s", e.Host) }

// Error is an answer of GitHub that is not a success, or no answer at all (Status 0).
type Error struct {
	What   string // what was asked: "list the Actions secrets of octo/analytics"
	Host   string
	Source string // where gh's token came from: GH_TOKEN, oauth_token, gh
	Status int
	// Scopes are the classic scopes that would do and are not granted; Permissions the fine-grained ones
	// ("secrets=write"). Both come from the answer's own headers and are empty when it does not tell.
	Scopes      []string
	Permissions []string
	// Classic says that the login is a classic token or an OAuth login: what it lacks is a scope or a role of its account,
	// never a fine-grained permission.
	Classic bool
	// Organization is the one that was asked about; empty for anything else.
	Organization string
	// SSO is the address at which the login must be authorized for the organization.
	SSO         string
	RateLimited bool
	Retry       time.Time // when a rate limit ends; zero when the answer does not tell

	unsent bool // the request never left
	err    error
}

func (e *Error) Error() string {
	text := fmt.Sprintf("could not %s on %s: %s", e.What, e.Host, e.reason())
	return core.Printable(text)
}

func (e *Error) reason() string {
	switch {
	case e.RateLimited && !e.Retry.IsZero():
		return "GitHub's rate limit is reached until " + e.Retry.Format("15:04:05")
	case e.RateLimited:
		return "GitHub's rate limit is reached"
	case e.SSO != "":
		return "the organization requires single sign-on for this login"
	case e.unsent && errors.Is(e.err, context.Canceled):
		return "interrupted before it was asked"
	case e.unsent && errors.Is(e.err, context.DeadlineExceeded):
		return "not asked in time"
	case errors.Is(e.err, context.DeadlineExceeded), errors.Is(e.err, context.Canceled):
		return "no answer in time"
	}
	return e.err.Error()
}

func (e *Error) Unwrap() error { return e.err }

// Is maps statuses to the sentinels of this package.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrNotFound:
		return e.Status == http.StatusNotFound
	case ErrForbidden:
		return e.Status == http.StatusForbidden && !e.RateLimited
	case ErrRateLimited:
		return e.RateLimited
	case ErrUnauthorized:
		return e.Status == http.StatusUnauthorized
	}
	return false
}

// ForWrite is err with the permissions that a write of the same thing needs: who is refused the first look at what is to
// be changed gains nothing from a right to read it.
func ForWrite(err error) error {
	var e *Error
	if !errors.As(err, &e) || len(e.Permissions) == 0 {
		return err
	}
	wider := *e
	wider.Permissions = slices.Clone(e.Permissions)
	for i, p := range wider.Permissions {
		if name, found := strings.CutSuffix(p, "=read"); found {
			wider.Permissions[i] = name + "=write"
		}
	}
	return &wider
}

// account is the account of gh's login at the error's host, and whether gh has others there; empty for a token from the
// environment, and where gh does not keep the name.
func (e *Error) account() (name string, others bool) {
	cfg, err := config.Read(nil)
	if err != nil || strings.Contains(e.Source, "TOKEN") {
		return "", false
	}
	host := auth.NormalizeHostname(e.Host)
	name, _ = cfg.Get([]string{"hosts", host, "user"})
	users, _ := cfg.Keys([]string{"hosts", host, "users"})
	return core.Printable(name), len(users) > 1
}

// Ambiguous reports whether a request may have taken effect although it did not succeed.
func (e *Error) Ambiguous() bool {
	return !e.unsent && !e.RateLimited && (e.Status == 0 || e.Status >= 500)
}

// resumes is when GitHub may be asked again: what it said, else in a minute, or in a second where the time that it said is
// over, and then in twice as long; strikes counts the refusals in a row that said nothing to go by.
func (e *Error) resumes(strikes int) time.Time {
	if e.tellsWhen() {
		return e.Retry.Add(100 * time.Millisecond)
	}
	wait := time.Minute
	if !e.Retry.IsZero() {
		wait = time.Second
	}
	return time.Now().Add(wait << min(max(strikes-1, 0), 4))
}

// tellsWhen reports whether a rate limit ends at a time that is still to come.
func (e *Error) tellsWhen() bool { return e.Retry.After(time.Now()) }

// failure turns an unsuccessful response, whose body is bounded already, into an [Error].
func (c *Client) failure(r request, resp *http.Response) *Error {
	e := &Error{What: r.what, Host: c.host, Source: c.source, Status: resp.StatusCode, err: message(resp)}
	if path, found := strings.CutPrefix(strings.TrimPrefix(r.path, "/"), "orgs/"); found {
		org, _, _ := strings.Cut(path, "/")
		e.Organization, _ = url.PathUnescape(org)
	}
	h := resp.Header
	e.SSO = ssoURL(h.Get("X-GitHub-SSO"), c.host)
	_, e.Classic = h["X-Oauth-Scopes"]
	e.RateLimited, e.Retry = rateLimit(resp.StatusCode, h)
	if resp.StatusCode == http.StatusForbidden && strings.Contains(e.err.Error(), "secondary rate limit") {
		e.RateLimited = true // GitHub does not always say for how long
	}
	if resp.StatusCode == http.StatusForbidden || resp.StatusCode == http.StatusNotFound {
		e.Permissions = fields(h.Get("X-Accepted-GitHub-Permissions"), ";,")
		e.Permissions = e.Permissions[:min(len(e.Permissions), maxPermissions)]
		e.Scopes = missingScopes(h)
	}
	return e
}

// message is what GitHub said, in one line of bounded length.
func message(resp *http.Response) error {
	err := api.HandleHTTPError(resp)
	var he *api.HTTPError
	if !errors.As(err, &he) {
		return err
	}
	text := shortened(strings.ReplaceAll(he.Message, "\n", "; "))
	if text == "" {
		text = http.StatusText(resp.StatusCode)
	}
	if strings.HasPrefix(text, strconv.Itoa(resp.StatusCode)) {
		return fmt.Errorf("HTTP %s", text)
	}
	return fmt.Errorf("HTTP %d: %s", resp.StatusCode, text)
}

// maxShown bounds a text of GitHub's in an error, in characters.
const maxShown = 300

func shortened(text string) string {
	text = text[:min(len(text), 4*(maxShown+1))]
	if runes := []rune(text); len(runes) > maxShown {
		return string(runes[:maxShown]) + "…"
	}
	return text
}

func rateLimit(status int, h http.Header) (limited bool, retry time.Time) {
	if status != http.StatusForbidden && status != http.StatusTooManyRequests {
		return false, time.Time{}
	}
	if seconds, err := strconv.Atoi(h.Get("Retry-After")); err == nil && seconds >= 0 {
		return true, time.Now().Add(time.Duration(min(seconds, 86400)) * time.Second)
	}
	if h.Get("X-RateLimit-Remaining") == "0" {
		if reset, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64); err == nil {
			return true, time.Unix(reset, 0).Add(behind(h))
		}
		return true, time.Time{}
	}
	return status == http.StatusTooManyRequests, time.Time{}
}

// behind is by how much this machine's clock is ahead of the service's, to the second.
func behind(h http.Header) time.Duration {
	at, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return 0
	}
	return time.Since(at).Truncate(time.Second)
}

// ssoURL is where the user shall go to authorize the login: a page of the host that was asked, and no other.
func ssoURL(header, host string) string {
	required, found := strings.CutPrefix(header, "required; url=")
	u, err := url.Parse(required)
	if !found || err != nil || u.Scheme != "https" || u.User != nil || !strings.EqualFold(u.Host, auth.NormalizeHostname(host)) || len(required) > maxHeader {
		return ""
	}
	return core.Printable(required)
}

// missingScopes names the classic scopes that would have done, when none of them is granted.
func missingScopes(h http.Header) []string {
	if _, classic := h["X-Oauth-Scopes"]; !classic {
		return nil
	}
	granted := fields(h.Get("X-OAuth-Scopes"), ",")
	accepted := fields(h.Get("X-Accepted-OAuth-Scopes"), ",")
	for _, scope := range accepted {
		if slices.Contains(granted, scope) {
			return nil
		}
	}
	return accepted
}

// maxPermissions bounds how many of the permissions that would do are named.
const maxPermissions = 5

// maxHeader bounds what is read of a header that lists scopes or permissions, or names an address, in bytes.
const maxHeader = 2 << 10

func fields(s, separators string) []string {
	var out []string
	s = s[:min(len(s), maxHeader)]
	for f := range strings.FieldsFuncSeq(s, func(r rune) bool { return strings.ContainsRune(separators, r) }) {
		if f = strings.TrimSpace(core.Printable(f)); f != "" {
			out = append(out, f)
		}
	}
	return out
}

// noPushError means that the login can read the repository but not set its secrets.
type noPushError struct {
	place string
	login *Error // which login that is
}

func (e *noPushError) Error() string {
	return fmt.Sprintf("this login cannot set secrets of %s: permission to push is missing", e.place)
}

// Hint is the next command to type.
func (e *noPushError) Hint() string { return e.login.pushHint() }

// NoPush is a [noPushError] about this client's login.
func (c *Client) NoPush(place string) error {
	return &noPushError{place, &Error{Host: c.host, Source: c.source}}
}
