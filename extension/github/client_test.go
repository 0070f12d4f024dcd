package github

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/h2non/gock"
	"golang.org/x/crypto/nacl/box"
)

const root = "https://api.github.com"

// newTestClient builds a client whose waits take no time; gock must know a mock before it is called.
func newTestClient(t *testing.T) *Client {
	t.Helper()
	t.Setenv("GH_CONFIG_DIR", t.TempDir())
	t.Setenv("GH_TOKEN", "sample-login")
	t.Setenv("GH_PATH", "/nonexistent")
	gock.New("https://unused.invalid") // installs gock before the client takes the default transport
	c, err := NewClient("github.com", Options{UserAgent: "test"})
	if err != nil {
		t.Fatal(err)
	}
	gock.Flush()
	c.pause = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	t.Cleanup(func() {
		if !gock.IsDone() {
			t.Errorf("not asked: %v", gock.Pending()[0].Request().URLStruct)
		}
		if gock.HasUnmatchedRequest() {
			t.Errorf("asked without a mock: %v", gock.GetUnmatchedRequests()[0].URL)
		}
		gock.OffAll()
		gock.CleanUnmatchedRequest()
	})
	return c
}

func analytics() Place {
	return Place{App: Actions, Level: LevelRepository, Owner: "octo", Repo: "analytics"}
}

func TestStorePaths(t *testing.T) {
	tests := []struct {
		at   Place
		want string
	}{
		{analytics(), "repos/octo/analytics/actions/secrets"},
		{Place{App: Dependabot, Level: LevelRepository, Owner: "octo", Repo: "analytics"}, "repos/octo/analytics/dependabot/secrets"},
		{Place{App: Actions, Level: LevelEnvironment, Owner: "octo", Repo: "analytics", Environment: "prod/eu"}, "repos/octo/analytics/environments/prod%2Feu/secrets"},
		{Place{App: Codespaces, Level: LevelOrganization, Owner: "octo"}, "orgs/octo/codespaces/secrets"},
		{Place{App: Agents, Level: LevelOrganization, Owner: "../x"}, "orgs/..%2Fx/agents/secrets"},
	}
	for _, tt := range tests {
		if got := tt.at.path("secrets"); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.at, got, tt.want)
		}
	}
}

// What GitHub calls a repository becomes part of commands to copy: a name that it does not have is none.
func TestNamesThatAreNone(t *testing.T) {
	c := newTestClient(t)
	for _, name := range []string{"a;id", "$(id)", "`id`", "a b", "a\nb", "a\u202eb", "a/b", "..", "", "-R=x y", "é", "a|b", strings.Repeat("a", maxName+1)} {
		for _, of := range []string{
			fmt.Sprintf(`{"id": 1, "name": %q, "owner": {"login": "octo"}}`, name),
			fmt.Sprintf(`{"id": 1, "name": "analytics", "owner": {"login": %q}}`, name),
			`{"name": "analytics", "owner": {"login": "octo"}}`, // they are told apart by their IDs
		} {
			gock.New(root).Get("/orgs/octo/repos").Reply(http.StatusOK).JSON("[" + of + "]")
			gock.New(root).Get("/repos/octo/analytics").Reply(http.StatusOK).JSON(of)
			err := c.OrganizationRepositories(t.Context(), "octo", func(r Repository) error {
				t.Errorf("takes %q for a name", r.FullName())
				return nil
			})
			if err == nil {
				t.Errorf("%q: no error", name)
			}
			if r, err := c.Repository(t.Context(), "octo", "analytics"); err == nil {
				t.Errorf("takes %q for a name", r.FullName())
			}
		}
	}
}

// An organization is named as it was typed.
func TestOrganizationThatIsNotThere(t *testing.T) {
	c := newTestClient(t)
	gock.New(root).Get("/orgs/oc to/repos").Reply(http.StatusNotFound).JSON(`{"message": "Not Found"}`)
	err := c.OrganizationRepositories(t.Context(), "oc to", func(Repository) error { return nil })
	var e *Error
	if !errors.As(err, &e) || e.Organization != "oc to" {
		t.Errorf("%v: %q", err, e.Organization)
	}
}

// A name out of a workflow, an answer or a flag stays one part of a path.
func TestNamesDoNotClimb(t *testing.T) {
	c := newTestClient(t)
	for _, uses := range []string{"../../user/repos@main", "octo/../user@main", "octo/x/../../../../user@main", "octo/x/./y@main", "octo/x/.github/workflows/..@main"} {
		if _, err := c.Workflow(t.Context(), uses); !errors.Is(err, errClimbs) {
			t.Errorf("%s: %v", uses, err)
		}
	}
	for _, at := range []Place{
		{App: Actions, Level: LevelRepository, Owner: "..", Repo: "analytics"},
		{App: Actions, Level: LevelRepository, Owner: "octo", Repo: ".."},
		{App: Actions, Level: LevelEnvironment, Owner: "octo", Repo: "analytics", Environment: ".."},
	} {
		if _, err := c.PublicKey(t.Context(), at); !errors.Is(err, errClimbs) || !strings.Contains(err.Error(), "leads to another path") {
			t.Errorf("%v: %v", at, err)
		}
	}
	gock.New(root).Get("/repos/octo/analytics/environments/prod/../secrets").Reply(200).JSON(map[string]any{"total_count": 0, "secrets": []any{}})
	odd := Place{App: Actions, Level: LevelEnvironment, Owner: "octo", Repo: "analytics", Environment: "prod/.."} // one part, as a whole
	if l := c.Secrets(t.Context(), odd); l.Err != nil {
		t.Error(l.Err)
	}
}

// key mocks a public key and returns what opens its boxes.
func key(t *testing.T, c *Client) (PublicKey, func(body []byte) string) {
	t.Helper()
	public, private, err := box.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	gock.New(root).Get("/repos/octo/analytics/actions/secrets/public-key").Reply(200).
		JSON(map[string]string{"key_id": "42", "key": base64.StdEncoding.EncodeToString(public[:])})
	k, err := c.PublicKey(t.Context(), analytics())
	if err != nil {
		t.Fatal(err)
	}
	return k, func(body []byte) string {
		var put struct {
			Value string `json:"encrypted_value"`
			Key   string `json:"key_id"`
		}
		if err := json.Unmarshal(body, &put); err != nil || put.Key != "42" {
			t.Errorf("PUT sent %s", body)
		}
		sealed, err := base64.StdEncoding.DecodeString(put.Value)
		if err != nil {
			t.Fatal(err)
		}
		value, ok := box.OpenAnonymous(nil, sealed, public, private)
		if !ok {
			t.Fatal("the sealed value does not open")
		}
		return string(value)
	}
}

const secretPath = "/repos/octo/analytics/actions/secrets/HEX_API_TOKEN"

// onBody looks at the body of the request that a mock answers.
func onBody(look func([]byte)) gock.MatchFunc {
	return func(r *http.Request, _ *gock.Request) (bool, error) {
		body, err := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		look(body)
		return true, err
	}
}

func TestPutSecret(t *testing.T) {
	old := Entry{Name: "HEX_API_TOKEN", UpdatedAt: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	metadata := func(updated string) {
		gock.New(root).Get(secretPath).Reply(200).JSON(map[string]string{"name": "HEX_API_TOKEN", "updated_at": updated})
	}
	put := func(status int) { gock.New(root).Put(secretPath).Reply(status) }
	tests := []struct {
		name    string
		before  Entry
		mock    func()
		created bool
		err     bool
		doubt   bool
	}{
		{"created, with an empty body", Entry{}, func() { put(201) }, true, false, false},
		{"updated", old, func() { put(204) }, false, false, false},
		{"lost answer, and the metadata is newer", old, func() { put(502); metadata("2026-11-25T00:00:00Z") }, false, false, false},
		{"lost answer to the first secret of that name", Entry{}, func() { put(500); metadata("2026-11-25T00:00:00Z") }, true, false, false},
		{"lost request: sent again", old, func() { put(500); metadata("2026-01-01T00:00:00Z"); put(204) }, false, false, false},
		{"lost request of the first secret", Entry{}, func() { put(500); gock.New(root).Get(secretPath).Reply(404); put(201) }, true, false, false},
		{"lost answer, and the metadata cannot be read", old, func() { put(500); gock.New(root).Get(secretPath).Reply(403) }, false, true, true},
		{"an odd success is no proof", old, func() { put(200); metadata("2026-01-01T00:00:00Z"); put(204) }, false, false, false},
		{"refused", old, func() { put(422) }, false, true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newTestClient(t)
			k, _ := key(t, c)
			tt.mock()
			created, err := c.PutSecret(t.Context(), analytics(), k, "HEX_API_TOKEN", "value", tt.before, Sharing{})
			var doubt *DoubtError
			if created != tt.created || (err != nil) != tt.err || errors.As(err, &doubt) != tt.doubt {
				t.Errorf("created %v, error %v", created, err)
			}
		})
	}
}

func TestPutSecretSealsTheValue(t *testing.T) {
	c := newTestClient(t)
	k, open := key(t, c)
	var got string
	gock.New(root).Put(secretPath).AddMatcher(onBody(func(body []byte) { got = open(body) })).Reply(201).JSON(struct{}{})
	if _, err := c.PutSecret(t.Context(), analytics(), k, "HEX_API_TOKEN", "the value", Entry{}, Sharing{}); err != nil {
		t.Fatal(err)
	}
	if got != "the value" {
		t.Errorf("GitHub decrypts %q", got)
	}
}

func TestPublicKeyIsChecked(t *testing.T) {
	for _, broken := range []string{"", "not base64", base64.StdEncoding.EncodeToString(make([]byte, 31))} {
		c := newTestClient(t)
		gock.New(root).Get("/repos/octo/analytics/actions/secrets/public-key").Reply(200).JSON(map[string]string{"key_id": "1", "key": broken})
		if _, err := c.PublicKey(t.Context(), analytics()); err == nil {
			t.Errorf("key %q is accepted", broken)
		}
		gock.OffAll()
	}
}

func TestListFollowsPagesOnItsOwnHost(t *testing.T) {
	c := newTestClient(t)
	page := func(n int, next string) {
		m := gock.New(root).Get("/repos/octo/analytics/actions/secrets").MatchParam("per_page", "100")
		if n > 1 {
			m.MatchParam("page", strconv.Itoa(n))
		}
		m.Reply(200).SetHeader("Link", next).JSON(map[string]any{"total_count": 3, "secrets": []map[string]string{{"name": "S" + strconv.Itoa(n)}}})
	}
	page(1, `<https://api.github.com/repos/octo/analytics/actions/secrets?per_page=100&page=2>; rel="next", <https://api.github.com/x>; rel="last"`)
	page(2, `<https://evil.example.com/repos/octo/analytics/actions/secrets?page=3>; rel="next"`)
	if l := c.Secrets(t.Context(), analytics()); !errors.Is(l.Err, errStrayPage) || len(l.Entries) != 0 {
		t.Errorf("%d entries and error %v although a page is elsewhere", len(l.Entries), l.Err)
	}
	page(1, `<https://api.github.com/repos/octo/analytics/actions/secrets?per_page=100&page=2>; rel="next", <https://api.github.com/x>; rel="last"`)
	page(2, `</repos/octo/analytics/actions/secrets?per_page=100&page=3>; rel="next"`)
	page(3, `<HTTP://API.GITHUB.COM/repos/octo/analytics/actions/secrets?per_page=100&page=4>; rel="next"`)
	page(4, `<https://api.github.com/x>; rel="prev"`)
	if l := c.Secrets(t.Context(), analytics()); l.Err != nil || len(l.Entries) != 4 {
		t.Errorf("%d entries, error %v", len(l.Entries), l.Err)
	}
	page(1, `<https://api.github.com/repos/octo/analytics/actions/secrets?per_page=100&page=2>; rel="next"`)
	page(2, `<https://api.github.com/repos/octo/analytics/actions/secrets?per_page=100&page=2>; rel="next"`)
	if l := c.Secrets(t.Context(), analytics()); !errors.Is(l.Err, errCircle) {
		t.Errorf("%d entries, error %v of a page that leads to itself", len(l.Entries), l.Err)
	}
}

func TestErrors(t *testing.T) {
	headers := func(pairs ...string) map[string]string {
		m := map[string]string{"Content-Type": "application/json"}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = pairs[i+1]
		}
		return m
	}
	tests := []struct {
		name    string
		status  int
		headers map[string]string
		is      error
		check   func(e *Error) bool
	}{
		{"bad login", 401, headers(), ErrUnauthorized, func(e *Error) bool { return len(e.Scopes) == 0 }},
		{"classic token without the scope", 403, headers("X-OAuth-Scopes", "gist, repo", "X-Accepted-OAuth-Scopes", "admin:org"), ErrForbidden,
			func(e *Error) bool { return slices.Equal(e.Scopes, []string{"admin:org"}) }},
		{"classic token with the scope", 404, headers("X-OAuth-Scopes", "repo", "X-Accepted-OAuth-Scopes", "repo"), ErrNotFound,
			func(e *Error) bool { return len(e.Scopes) == 0 }},
		{"fine-grained token", 403, headers("X-Accepted-GitHub-Permissions", "secrets=write"), ErrForbidden,
			func(e *Error) bool { return slices.Equal(e.Permissions, []string{"secrets=write"}) }},
		{"classic login without the role", 403, headers("X-OAuth-Scopes", "repo", "X-Accepted-OAuth-Scopes", "repo", "X-Accepted-GitHub-Permissions", "secrets=write"), ErrForbidden,
			func(e *Error) bool { return e.Classic && len(e.Scopes) == 0 }},
		{"single sign-on", 403, headers("X-GitHub-SSO", "required; url=https://github.com/orgs/octo/sso"), ErrForbidden,
			func(e *Error) bool { return e.SSO == "https://github.com/orgs/octo/sso" }},
		{"single sign-on, another host", 403, headers("X-GitHub-SSO", "required; url=https://github.com.evil.example/orgs/octo/sso"), ErrForbidden, func(e *Error) bool { return e.SSO == "" }},
		{"single sign-on, another user", 403, headers("X-GitHub-SSO", "required; url=https://github.com@evil.example/sso"), ErrForbidden, func(e *Error) bool { return e.SSO == "" }},
		{"single sign-on, elsewhere", 403, headers("X-GitHub-SSO", "required; url=javascript:x"), ErrForbidden, func(e *Error) bool { return e.SSO == "" }},
		{"primary limit beyond our patience", 403, headers("X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "4102444800"), ErrRateLimited,
			func(e *Error) bool { return e.Retry.Year() == 2100 }},
		{"secondary limit beyond our patience", 429, headers("Retry-After", "3600"), ErrRateLimited, func(e *Error) bool { return !e.Retry.IsZero() }},
		{"hidden", 404, headers(), ErrNotFound, func(e *Error) bool { return !errors.Is(e, ErrForbidden) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newTestClient(t)
			gock.New(root).Get("/repos/octo/analytics/actions/secrets").Reply(tt.status).SetHeaders(tt.headers).
				BodyString(`{"message":"No \u001b[31mred\u001b[0m text"}`)
			err := c.Secrets(t.Context(), analytics()).Err
			var e *Error
			if !errors.As(err, &e) || !errors.Is(err, tt.is) || !tt.check(e) {
				t.Fatalf("%#v", err)
			}
			if strings.ContainsRune(e.Error(), '\x1b') {
				t.Errorf("control characters in %q", e.Error())
			}
			if !strings.Contains(e.Error(), "octo/analytics") {
				t.Errorf("%q does not name what was asked", e.Error())
			}
		})
	}
}

func TestRetries(t *testing.T) {
	list := "/repos/octo/analytics/actions/secrets"
	empty := func() { gock.New(root).Get(list).Reply(200).JSON(map[string]any{"secrets": []string{}}) }
	t.Run("a limit that ends soon is waited for", func(t *testing.T) {
		c := newTestClient(t)
		gock.New(root).Get(list).Reply(429).SetHeader("Retry-After", "1")
		empty()
		if err := c.Secrets(t.Context(), analytics()).Err; err != nil {
			t.Error(err)
		}
	})
	t.Run("a 5xx is asked again, not for ever", func(t *testing.T) {
		c := newTestClient(t)
		gock.New(root).Get(list).Times(4).Reply(503)
		if err := c.Secrets(t.Context(), analytics()).Err; err == nil {
			t.Error("no error")
		}
	})
	t.Run("a 404 is not asked again", func(t *testing.T) {
		c := newTestClient(t)
		gock.New(root).Get(list).Reply(404)
		if err := c.Secrets(t.Context(), analytics()).Err; !errors.Is(err, ErrNotFound) {
			t.Error(err)
		}
	})
}

// A service that does not answer is waited for once in full: later calls get less time, and one attempt.
func TestOneCallUsesUpThePatience(t *testing.T) {
	c := newTestClient(t)
	gock.New(root).Get("/repos/octo/analytics/actions/secrets").Times(2).ReplyError(context.DeadlineExceeded)
	gock.New(root).Get("/repos/octo/analytics/actions/variables").Times(1).ReplyError(context.DeadlineExceeded)
	if l := c.Secrets(t.Context(), analytics()); l.Err == nil {
		t.Error("no error")
	}
	if l := c.Variables(t.Context(), analytics()); l.Err == nil {
		t.Error("no error")
	}
	ctx, cancel := c.patient(t.Context())
	defer cancel()
	if end, limited := ctx.Deadline(); !limited || time.Until(end) > shortPatience {
		t.Errorf("limited %t, until %s", limited, end)
	}
}

func TestNoListThatCountsNone(t *testing.T) {
	c := newTestClient(t)
	gock.New(root).Get("/repos/octo/analytics/actions/secrets").Reply(200).BodyString(`{"total_count":0,"secrets":null}`)
	if l := c.Secrets(t.Context(), analytics()); l.Err != nil || len(l.Entries) != 0 {
		t.Errorf("%v, %v", l.Entries, l.Err)
	}
}

func TestAnswersThatAreNotGitHubs(t *testing.T) {
	tests := map[string]string{
		"HTML":        "<html>",
		"cut":         `{"secrets":[{"name":`,
		"wrong types": `{"secrets":{"name":1}}`,
		"a list":      `[]`,
		"no list":     `{"total_count":0}`,
		"null":        `{"secrets":null}`,
		"null of one": `{"total_count":1,"secrets":null}`,
		"no secret":   `{"secrets":[null]}`,
		"a long name": `{"secrets":[{"name":"` + strings.Repeat("x", maxName+1) + `"}]}`,
		"a long page": `{"secrets":[` + strings.Repeat(`{"name":"A"},`, maxPage) + `{"name":"A"}]}`,
		"values":      `{"secrets":[],"x":[` + strings.Repeat(`0,`, 100_000) + `0]}`,
		"too large":   `{"secrets":[` + strings.Repeat(" ", maxBody) + `]}`,
	}
	for name, body := range tests {
		t.Run(name, func(t *testing.T) {
			c := newTestClient(t)
			gock.New(root).Get("/repos/octo/analytics/actions/secrets").Reply(200).BodyString(body)
			if l := c.Secrets(t.Context(), analytics()); l.Err == nil {
				t.Errorf("listed %d", len(l.Entries))
			}
		})
	}
}

// A list of repositories that cannot be read must not come back as an empty one: it is written again as it was read.
func TestSharingIsNeverGuessed(t *testing.T) {
	at := Place{App: Actions, Level: LevelOrganization, Owner: "octo"}
	for body, want := range map[string]int{`{"repositories":[{"id":7}]}`: 1, `{"repositories":[]}`: 0, `{"repositories":null}`: -1, `{}`: -1, `{"repositories":[{}]}`: -1, `{"repositories":[{"id":-7}]}`: -1} {
		c := newTestClient(t)
		gock.New(root).Get("/orgs/octo/actions/secrets/A/repositories").Reply(200).BodyString(body)
		o, err := c.Sharing(t.Context(), at, Entry{Name: "A", Visibility: "selected"})
		if (err != nil) != (want < 0) || err == nil && len(o.Repositories) != want {
			t.Errorf("%s: %+v, %v", body, o, err)
		}
	}
}

func TestEndlessPages(t *testing.T) {
	c, asked := answering(200, nil, nil), 0
	c.http.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		asked++
		header := http.Header{"Link": {fmt.Sprintf(`<%s/x?page=%d>; rel="next"`, root, asked)}}
		return &http.Response{StatusCode: 200, Header: header, Request: r, Body: io.NopCloser(strings.NewReader(`{"secrets":[]}`))}, nil
	})
	if l := c.Secrets(t.Context(), analytics()); !errors.Is(l.Err, errCircle) || asked != maxPages {
		t.Errorf("%d pages, then %v", asked, l.Err)
	}
}

func TestRedirectsEnd(t *testing.T) {
	for location, want := range map[string]int{root + "/moved": 6, "https://elsewhere.example.com/": 1, "http://api.github.com/moved": 1} {
		c, asked := answering(200, nil, nil), 0
		c.http.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			asked++
			return &http.Response{StatusCode: 301, Header: http.Header{"Location": {location}}, Request: r, Body: http.NoBody}, nil
		})
		_, err := c.Repository(t.Context(), "octo", "analytics")
		if err == nil || asked != want || !strings.Contains(err.Error(), "redirect") {
			t.Errorf("%s: %d requests, %v", location, asked, err)
		}
	}
}

func TestLongHeadersAreCut(t *testing.T) {
	long := strings.Repeat("secrets=write,", 150_000)
	c := answering(403, http.Header{"X-Accepted-Github-Permissions": {long}, "X-Oauth-Scopes": {long}, "X-Accepted-Oauth-Scopes": {long}, "X-Github-Sso": {"required; url=https://" + long}}, nil)
	_, err := c.Repository(t.Context(), "octo", "analytics")
	var e *Error
	if !errors.As(err, &e) || len(e.Permissions) != maxPermissions || len(e.Scopes) > maxHeader || e.SSO != "" || len(err.Error()) > 500 {
		t.Errorf("%v", err)
	}
}

// An answer that repeats gh's login, as the error page of something in between may, is shown without it, and logged without it.
func TestLoginIsNotRepeated(t *testing.T) {
	login := "ghp_" + strings.Repeat("aB3", 12)
	t.Setenv("GH_DEBUG", "api")
	stderr := os.Stderr
	t.Cleanup(func() { os.Stderr = stderr })
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	os.Stderr = log
	newTestClient(t) // installs gock
	t.Setenv("GH_TOKEN", login)
	c, err := NewClient("github.com", Options{UserAgent: "test"})
	if err != nil {
		t.Fatal(err)
	}
	gock.New(root).Get("/repos/octo/analytics/actions/secrets").Reply(http.StatusForbidden).SetHeader("Content-Type", "application/json").
		SetHeader("X-Accepted-GitHub-Permissions", login+"=read").SetHeader("X-GitHub-SSO", "required; url=https://github.com/"+login).
		JSON(map[string]string{"message": "token " + login + " or " + strings.ToUpper(login) + " or " + base64.StdEncoding.EncodeToString([]byte(login))})
	l := c.Secrets(t.Context(), analytics())
	var e *Error
	if !errors.As(l.Err, &e) || e.Status != http.StatusForbidden {
		t.Fatal(l.Err)
	}
	logged, err := os.ReadFile(log.Name())
	if err != nil || !strings.Contains(string(logged), "X-Github-Sso") {
		t.Fatalf("%v: %s", err, logged)
	}
	for _, said := range []string{e.Error(), e.err.Error(), e.Hint(), fmt.Sprint(e.Permissions, e.SSO), string(logged)} {
		for _, part := range []string{login[4:], strings.ToUpper(login[4:]), base64.StdEncoding.EncodeToString([]byte(login))[3:40]} {
			if strings.Contains(said, part) {
				t.Errorf("repeats the login: %s", said)
			}
		}
	}
}

func TestNoLogin(t *testing.T) {
	t.Setenv("GH_CONFIG_DIR", t.TempDir())
	t.Setenv("GH_TOKEN", "")
	t.Setenv("GITHUB_TOKEN", "")
	t.Setenv("GH_PATH", "/nonexistent")
	var missing *LoginError
	if _, err := NewClient("github.com", Options{}); !errors.As(err, &missing) {
		t.Errorf("%v", err)
	}
}

// A place that could not be listed is unknown; an environment that does not exist is empty.
func TestInventory(t *testing.T) {
	c := newTestClient(t)
	named := func(key string, names ...string) map[string]any {
		entries := []map[string]string{}
		for _, n := range names {
			entries = append(entries, map[string]string{"name": n})
		}
		return map[string]any{key: entries}
	}
	mock := func(path string) *gock.Response { return gock.New(root).Get(path).Reply(200) }
	mock("/repos/octo/analytics$").JSON(map[string]any{"id": 1, "name": "analytics", "owner": map[string]string{"login": "octo", "type": "Organization"}})
	mock("/repos/octo/analytics/actions/secrets$").JSON(named("secrets", "HEX_API_TOKEN"))
	mock("/repos/octo/analytics/actions/variables$").JSON(named("variables"))
	gock.New(root).Get("/repos/octo/analytics/actions/organization-secrets").Reply(403)
	mock("/repos/octo/analytics/actions/organization-variables").JSON(named("variables"))
	mock("/repos/octo/analytics/dependabot/secrets").JSON(named("secrets"))
	gock.New(root).Get("/orgs/octo/dependabot/secrets").Reply(403)
	mock("/repos/octo/analytics/environments$").JSON(named("environments", "Prod"))
	mock("/repos/octo/analytics/environments/prod/secrets").JSON(named("secrets", "HEX_API_TOKEN"))
	mock("/repos/octo/analytics/environments/prod/variables").JSON(named("variables"))
	gock.New(root).Get("/repos/octo/analytics/environments/gone/secrets").Reply(404)
	gock.New(root).Get("/repos/octo/analytics/environments/gone/variables").Reply(404)
	inv, err := c.Inventory(t.Context(), "octo", "analytics", []string{"prod", "gone"})
	if err != nil {
		t.Fatal(err)
	}
	if inv.OrganizationSecrets.Err == nil || inv.Hidden() == nil {
		t.Error("a forbidden listing reads as empty")
	}
	if l := inv.EnvironmentSecrets["gone"]; l.Err != nil || len(l.Entries) != 0 {
		t.Errorf("an environment that does not exist holds %v", l)
	}
	if places := inv.Places("hex_api_token"); len(places) != 2 {
		t.Errorf("found in %v", places)
	}
}

// An environment says whether it waits for people, and which branches and tags it lets in.
func TestPolicies(t *testing.T) {
	c := newTestClient(t)
	gate := func(name string, protected bool, rules ...string) Entry {
		e := entry{Name: name, Policy: &struct {
			Protected bool `json:"protected_branches"`
		}{protected}}
		for _, r := range rules {
			e.Rules = append(e.Rules, struct {
				Type string `json:"type"`
			}{r})
		}
		return e.public()
	}
	inv := Inventory{
		Repository:         Repository{Owner: "octo", Name: "analytics"},
		Environments:       Listing{Entries: []Entry{gate("Prod/eu", false, "required_reviewers"), gate("staging", true), gate("hidden", false), {Name: "open"}, gate("not asked for", false)}},
		EnvironmentSecrets: map[string]Listing{"prod/eu": {}, "staging": {}, "hidden": {}, "open": {}},
	}
	gock.New(root).Get("/repos/octo/analytics/environments/Prod/eu/deployment-branch-policies").Reply(200).
		JSON(map[string]any{"total_count": 2, "branch_policies": []any{map[string]string{"name": "main", "type": "branch"}, map[string]string{"name": "v*", "type": "tag"}}})
	gock.New(root).Get("/repos/octo/analytics/branches").MatchParam("protected", "true").Reply(200).JSON([]any{map[string]string{"name": "release"}})
	gock.New(root).Get("/repos/octo/analytics/environments/hidden/deployment-branch-policies").Reply(403)
	c.LookInto(t.Context(), &inv, nil)
	if p := inv.Policies["prod/eu"]; !inv.Environments.Entries[0].Gate.Reviewers || !slices.Equal(p.Branches, []string{"main"}) || !slices.Equal(p.Tags, []string{"v*"}) {
		t.Errorf("Prod/eu lets in %+v", p)
	}
	if p := inv.Policies["staging"]; !slices.Equal(p.Branches, []string{"release"}) || p.Err != nil {
		t.Errorf("staging lets in %+v", p)
	}
	if inv.Policies["hidden"].Err == nil || len(inv.Policies) != 3 {
		t.Errorf("policies are %+v", inv.Policies)
	}
}

// What GitHub leaves out of a repository's permissions is not known: the write decides.
func TestPermissionsLeftOut(t *testing.T) {
	for body, can := range map[string]bool{
		``:                              true,
		`,"permissions":null`:           true,
		`,"permissions":{}`:             true,
		`,"permissions":{"pull":true}`:  true,
		`,"permissions":{"push":true}`:  true,
		`,"permissions":{"push":false}`: false,
	} {
		c := newTestClient(t)
		gock.New(root).Get("/repos/octo/analytics").Reply(200).SetHeader("Content-Type", "application/json").
			BodyString(`{"id":1,"name":"analytics","owner":{"login":"octo"}` + body + `}`)
		if r, err := c.Repository(t.Context(), "octo", "analytics"); err != nil || r.CanPush != can {
			t.Errorf("%s: can push %v, %v", body, r.CanPush, err)
		}
	}
}
