package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// login returns whom a call comes from: nil when it gave no token, or one that nobody knows.
func (c *call) login() (l *Login, given bool) {
	kind, token, found := strings.Cut(c.Header.Get("Authorization"), " ")
	if !found || !strings.EqualFold(kind, "token") && !strings.EqualFold(kind, "bearer") {
		return nil, found
	}
	return c.host.Logins[token], true
}

func (c *call) ofActions() bool {
	_, token, _ := strings.Cut(c.Header.Get("Authorization"), " ")
	return strings.HasPrefix(token, "ghs_")
}

func (l *Login) fineGrained() bool { return l.Permissions != nil }

func (l *Login) scopes() []string {
	if l.Scopes == nil {
		return []string{"gist", "read:org", "repo", "workflow"}
	}
	return l.Scopes
}

// has reports whether a classic token has a scope, itself or within a wider one.
func (l *Login) has(scope string) bool {
	wider := map[string][]string{"read:org": {"write:org", "admin:org"}, "public_repo": {"repo"}}
	return slices.ContainsFunc(append(wider[scope], scope), func(s string) bool { return slices.Contains(l.scopes(), s) })
}

// label adds the headers with which GitHub says what a token may do.
func (c *call) label(a answer) answer {
	a = a.with("X-GitHub-Request-Id", "SAND:BOX:0001")
	if l, _ := c.login(); l != nil && !l.fineGrained() && !c.ofActions() {
		return a.with("X-OAuth-Scopes", strings.Join(l.scopes(), ", "))
	}
	return a
}

func (c *call) needSSO(l *Login) (answer, bool) {
	org := c.arg("owner")
	if l == nil || org == "" || !slices.ContainsFunc(l.SSO, func(o string) bool { return strings.EqualFold(o, org) }) {
		return answer{}, false
	}
	a := failure(http.StatusForbidden, "Resource protected by organization SAML enforcement. "+
		"You must grant your Personal Access token access to this organization.")
	return a.with("X-GitHub-SSO", "required; url=https://"+c.name+"/orgs/"+org+"/sso?authorization_request=SANDBOX"), true
}

// repository returns the repository of a call, by its proper name, if it exists.
func (c *call) repository() (string, *Repository) {
	wanted := c.arg("owner") + "/" + c.arg("repo")
	if r, exact := c.host.Repositories[wanted]; exact {
		return wanted, r
	}
	for name, r := range c.host.Repositories {
		if strings.EqualFold(name, wanted) {
			return name, r
		}
	}
	return "", nil
}

// visible returns the repository of a call if its login may see it.
func (c *call) visible() (string, *Repository) {
	name, r := c.repository()
	if r == nil || !c.sees(name, r) {
		return "", nil
	}
	return name, r
}

func (c *call) sees(name string, r *Repository) bool {
	if !r.Private {
		return true
	}
	l, _ := c.login()
	return l != nil && c.granted(l, name) && c.rank(name, r) >= rankOf("read")
}

// granted reports whether the token itself reaches a private repository.
func (c *call) granted(l *Login, name string) bool {
	if l.fineGrained() {
		return l.Repositories == nil || slices.ContainsFunc(l.Repositories, func(n string) bool { return strings.EqualFold(n, name) })
	}
	return c.ofActions() || l.has("repo")
}

func ranks() []string { return []string{"none", "read", "triage", "write", "maintain", "admin"} }

// rankOf is -1 for a permission that does not exist: it allows nothing.
func rankOf(permission string) int { return slices.Index(ranks(), permission) }

// rank is what the user behind a call may do in a repository.
func (c *call) rank(name string, r *Repository) int {
	l, _ := c.login()
	if l == nil {
		return rankOf("read")
	}
	if owner, _, _ := strings.Cut(name, "/"); strings.EqualFold(owner, l.User) {
		return rankOf("admin")
	}
	if own, found := lookup(r.Collaborators, l.User); found {
		return rankOf(own)
	}
	return rankOf(r.Permission)
}

// need is what a request takes: a permission of a fine-grained token, a scope of a classic one, a rank of the user.
type need struct {
	permission string // without the access, which follows from the method
	scope      string
	rank       string // repositories only; what a write takes is never less than write
}

func (c *call) access() string {
	if c.method() == http.MethodGet {
		return "read"
	}
	return "write"
}

// refused answers 401, 403 or 404 when a login lacks what a request takes; org for an organization's things.
func (c *call) refused(n need) (answer, bool) {
	l, _ := c.login()
	accepted := n.permission + "=" + c.access()
	switch {
	case l == nil:
		return failure(http.StatusUnauthorized, "Requires authentication"), true
	case c.ofActions():
		return failure(http.StatusForbidden, "Resource not accessible by integration").
			with("X-Accepted-GitHub-Permissions", accepted), true
	case l.fineGrained() && !c.permitted(l, n.permission):
		return failure(http.StatusForbidden, "Resource not accessible by personal access token").
			with("X-Accepted-GitHub-Permissions", accepted), true
	case !l.fineGrained() && !l.has(n.scope):
		return failure(http.StatusForbidden, "Must have admin rights to Repository.").
			with("X-Accepted-OAuth-Scopes", n.scope), true
	}
	return answer{}, false
}

func (c *call) permitted(l *Login, permission string) bool {
	if name, r := c.repository(); r != nil && !c.granted(l, name) {
		return false
	}
	have := l.Permissions[permission]
	return have == "write" || have == "admin" || have == c.access()
}

// forRepository returns the repository of a call, or the answer to a login that may not do this there.
func (c *call) forRepository(n need) (string, *Repository, answer) {
	name, r := c.visible()
	if r == nil {
		return "", nil, notFound()
	}
	if refusal, refused := c.refused(n); refused {
		return "", nil, refusal
	}
	if c.rank(name, r) < rankOf(n.rank) {
		a := failure(http.StatusForbidden, "Must have admin rights to Repository.")
		return "", nil, a.with("X-Accepted-GitHub-Permissions", n.permission+"="+c.access()).with("X-Accepted-OAuth-Scopes", n.scope)
	}
	if r.Archived && c.access() == "write" {
		return "", nil, failure(http.StatusForbidden, "Repository was archived so is read-only.")
	}
	return name, r, answer{}
}

// forOrganization returns the organization of a call, or the answer to a login that may not do this there.
func (c *call) forOrganization(n need) (*Account, answer) {
	a, found := lookup(c.host.Accounts, c.arg("owner"))
	if !found || a.Type != "Organization" {
		return nil, notFound()
	}
	if refusal, refused := c.refused(n); refused {
		return nil, refusal
	}
	l, _ := c.login()
	if a.Admins != nil && !slices.Contains(a.Admins, l.User) {
		return nil, failure(http.StatusForbidden, "You must be an org admin or have the permission.").
			with("X-Accepted-OAuth-Scopes", n.scope).with("X-Accepted-GitHub-Permissions", n.permission+"="+c.access())
	}
	return a, answer{}
}

// limiter counts what a host's Limits are about.
type limiter struct {
	used    int
	reset   time.Time   // of the primary limit, once it was reached
	writes  []time.Time // content-creating requests within the window
	blocked time.Time   // until when a secondary refusal holds
	spent   ledger
}

func (s *Sandbox) limiterOf(host string) *limiter {
	if s.limits[host] == nil {
		s.limits[host] = &limiter{}
	}
	return s.limits[host]
}

// refuse answers a call that is over a limit. flying includes the call itself.
func (l *limiter) refuse(c *call, flying int) (answer, bool) {
	limits, now := c.host.Limits, time.Now()
	if limits == nil {
		return answer{}, false
	}
	l.used++
	if limits.Remaining != nil && l.primary(limits, now) {
		return l.label(c.host, failure(http.StatusForbidden, "API rate limit exceeded for user ID 1001.")), true
	}
	if limits.Points > 0 && l.spent.exceeds(limits.Points, c.points(), now) {
		return l.label(c.host, secondary(limits)), true
	}
	if limits.Concurrent > 0 && flying > limits.Concurrent || c.points() > 1 && l.tooMany(limits, now) {
		return l.label(c.host, secondary(limits)), true
	}
	return answer{}, false
}

func (l *limiter) primary(limits *Limits, now time.Time) bool {
	if l.used <= *limits.Remaining {
		return false
	}
	if l.reset.IsZero() {
		l.reset = now.Add(time.Duration(limits.ResetAfter) * time.Second)
	}
	if now.Before(l.reset) || limits.ResetAfter == 0 {
		return true
	}
	l.reset, l.used = time.Time{}, 1
	return false
}

func (l *limiter) tooMany(limits *Limits, now time.Time) bool {
	if limits.Writes == 0 {
		return false
	}
	if now.Before(l.blocked) {
		return true
	}
	since := now.Add(-time.Duration(limits.WindowMS) * time.Millisecond)
	l.writes = append(slices.DeleteFunc(l.writes, func(t time.Time) bool { return t.Before(since) }), now)
	if len(l.writes) <= limits.Writes {
		return false
	}
	l.blocked = now.Add(time.Duration(limits.RetryAfter) * time.Second)
	return true
}

func secondary(limits *Limits) answer {
	status := limits.Status
	if status == 0 {
		status = http.StatusForbidden
	}
	a := failure(status, "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.")
	if limits.RetryAfter > 0 {
		a = a.with("Retry-After", strconv.Itoa(limits.RetryAfter))
	}
	return a
}

// label adds the headers that tell how much of the primary limit is left.
func (l *limiter) label(h *Host, a answer) answer {
	remaining, reset := 4999, time.Now().Add(time.Hour)
	if h.Limits != nil && h.Limits.Remaining != nil {
		remaining = max(0, *h.Limits.Remaining-l.used)
		if !l.reset.IsZero() {
			reset = l.reset
		}
	}
	a = a.with("X-RateLimit-Limit", "5000").with("X-RateLimit-Resource", "core")
	return a.with("X-RateLimit-Remaining", strconv.Itoa(remaining)).with("X-RateLimit-Reset", fmt.Sprint(ceilUnix(reset)))
}

// ceilUnix rounds up: a client that waits until the second it was told must find the limit lifted.
func ceilUnix(t time.Time) int64 { return t.Add(time.Second - time.Nanosecond).Unix() }
