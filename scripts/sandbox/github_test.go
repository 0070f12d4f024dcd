package sandbox_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/gh-hex/gh-hex/scripts/sandbox"
)

// places are all collections of secrets, with what names them in Secrets.
func places() []struct{ path, place, app, environment string } {
	list := []struct{ path, place, app, environment string }{
		{"/repos/octo/analytics/environments/prod%2Feu/secrets", "octo/analytics", "actions", "prod/eu"},
		{"/repos/octo/analytics/environments/sTAGING/secrets", "octo/analytics", "actions", "Staging"},
	}
	for _, app := range []string{"actions", "dependabot", "codespaces", "agents"} {
		list = append(list,
			struct{ path, place, app, environment string }{"/repos/octo/analytics/" + app + "/secrets", "octo/analytics", app, ""},
			struct{ path, place, app, environment string }{"/orgs/octo/" + app + "/secrets", "octo", app, ""})
	}
	return list
}

func TestSecretsOfEveryCollection(t *testing.T) {
	s := start(t)
	keys := map[string]string{}
	for _, p := range places() {
		t.Run(p.path, func(t *testing.T) {
			body := seal(t, s, p.path, "first")
			body["visibility"] = "private"
			id := fmt.Sprint(body["key_id"])
			if other := keys[id]; other != "" {
				t.Errorf("same key as %s", other)
			}
			keys[id] = p.path
			r := api(t, s, "PUT", p.path+"/hex_api_token", body)
			want(t, r, 201)
			if strings.TrimSpace(r.body) != "{}" {
				t.Errorf("body %q", r.body)
			}
			body = seal(t, s, p.path, "second")
			body["visibility"] = "private"
			want(t, api(t, s, "PUT", p.path+"/HEX_API_TOKEN", body), 204)
			if value, _ := secret(s, p.place, p.app, p.environment, "HEX_API_TOKEN"); value != "second" {
				t.Errorf("stored %q", value)
			}
			for _, read := range []string{p.path, p.path + "/hex_api_token"} {
				r := api(t, s, "GET", read, nil)
				want(t, r, 200)
				if !strings.Contains(r.body, `"name":"HEX_API_TOKEN"`) || strings.Contains(r.body, "second") {
					t.Errorf("%s: %s", read, r.body)
				}
				if !regexp.MustCompile(`"updated_at":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"`).MatchString(r.body) {
					t.Errorf("updated_at must have whole seconds: %s", r.body)
				}
			}
		})
	}
}

func TestSecretsThatAreRefused(t *testing.T) {
	s := start(t)
	const here, there = "/repos/octo/analytics/actions/secrets", "/repos/octo/analytics/dependabot/secrets"
	good, foreign := seal(t, s, here, "v"), seal(t, s, there, "v")
	garbage := map[string]any{"key_id": good["key_id"], "encrypted_value": foreign["encrypted_value"]}
	mislabelled := map[string]any{"key_id": foreign["key_id"], "encrypted_value": good["encrypted_value"]}
	plain := map[string]any{"key_id": good["key_id"], "encrypted_value": "not base64!"}
	for what, c := range map[string]struct {
		name string
		body map[string]any
	}{
		"key of another collection": {"A", foreign},
		"sealed for another key":    {"A", garbage},
		"wrong key_id":              {"A", mislabelled},
		"not encrypted":             {"A", plain},
		"begins with GITHUB_":       {"GITHUB_A", good},
		"begins with github_":       {"github_a", good},
		"begins with a digit":       {"1A", good},
		"has a dash":                {"A-B", good},
	} {
		t.Run(what, func(t *testing.T) { want(t, api(t, s, "PUT", here+"/"+c.name, c.body), 422) })
	}
	want(t, api(t, s, "PUT", "/repos/octo/analytics/environments/none/secrets/A", good), 404)
	if list := s.Secrets(); len(list) != 0 {
		t.Errorf("stored all the same: %+v", list)
	}
	want(t, api(t, s, "PUT", here+"/_a1", good), 201)
}

func TestEmptyCreated(t *testing.T) {
	s := start(t)
	merge(t, s, `{"github": {"github.com": {"emptyCreated": true}}}`)
	const path = "/repos/octo/site/actions/secrets"
	r := api(t, s, "PUT", path+"/A", seal(t, s, path, "v"))
	want(t, r, 201)
	if r.body != "" {
		t.Errorf("body %q", r.body)
	}
}

func TestOrganizationSecretsReachRepositories(t *testing.T) {
	s := start(t)
	site := s.State().GitHub["github.com"].Repositories["octo/site"].ID
	put := func(app, name, visibility string, ids any) response {
		body := seal(t, s, "/orgs/octo/"+app+"/secrets", "v")
		body["visibility"] = visibility
		if ids != nil {
			body["selected_repository_ids"] = ids
		}
		return api(t, s, "PUT", "/orgs/octo/"+app+"/secrets/"+name, body)
	}
	for _, app := range []string{"actions", "agents"} {
		want(t, put(app, "FOR_ALL", "all", nil), 201)
		want(t, put(app, "FOR_PRIVATE", "private", nil), 201)
		want(t, put(app, "FOR_SITE", "selected", []any{site}), 201)
		for repo, names := range map[string]string{"analytics": "FOR_ALL FOR_PRIVATE", "site": "FOR_ALL FOR_SITE"} {
			r := api(t, s, "GET", "/repos/octo/"+repo+"/"+app+"/organization-secrets", nil)
			want(t, r, 200)
			if got := strings.Join(namesIn(r.body), " "); got != names {
				t.Errorf("%s sees %s of %s, want %s", repo, got, app, names)
			}
		}
	}
	want(t, put("dependabot", "AS_TEXT", "selected", []string{fmt.Sprint(site)}), 201)
	want(t, put("actions", "A", "", nil), 422)
	want(t, put("actions", "A", "everyone", nil), 422)
	want(t, put("actions", "A", "selected", []any{1}), 422)
	want(t, put("actions", "A", "private", []any{site}), 422)
	want(t, api(t, s, "GET", "/repos/octo/site/dependabot/organization-secrets", nil), 404)
	r := api(t, s, "GET", "/orgs/octo/actions/secrets/FOR_SITE/repositories", nil)
	if !strings.Contains(r.body, `"full_name":"octo/site"`) {
		t.Errorf("selected repositories: %s", r.body)
	}
}

func namesIn(body string) []string {
	var names []string
	for _, m := range regexp.MustCompile(`"name":"([^"]*)"`).FindAllStringSubmatch(body, -1) {
		names = append(names, m[1])
	}
	return names
}

func TestVariablesOfEveryLevel(t *testing.T) {
	s := start(t)
	for _, path := range []string{
		"/repos/octo/analytics/actions/variables", "/repos/octo/analytics/environments/prod%2Feu/variables", "/orgs/octo/actions/variables",
	} {
		t.Run(path, func(t *testing.T) {
			body := map[string]any{"name": "hex_workspace_url", "value": "https://eu.hex.tech", "visibility": "all"}
			want(t, api(t, s, "POST", path, body), 201)
			want(t, api(t, s, "POST", path, body), 409)
			want(t, api(t, s, "POST", path, map[string]any{"name": "GITHUB_X", "value": "", "visibility": "all"}), 422)
			want(t, api(t, s, "POST", path, map[string]any{"name": "NO_VALUE", "visibility": "all"}), 422)
			want(t, api(t, s, "PATCH", path+"/HEX_WORKSPACE_URL", map[string]any{"value": "https://hc.hex.tech"}), 204)
			want(t, api(t, s, "PATCH", path+"/NONE", map[string]any{"value": ""}), 404)
			want(t, api(t, s, "GET", path+"/NONE", nil), 404)
			for _, read := range []string{path, path + "/hex_workspace_url"} {
				if r := api(t, s, "GET", read, nil); !strings.Contains(r.body, `"value":"https://hc.hex.tech"`) {
					t.Errorf("%s: %s", read, r.body)
				}
			}
		})
	}
	if r := api(t, s, "GET", "/repos/octo/site/actions/organization-variables", nil); !strings.Contains(r.body, "HEX_WORKSPACE_URL") {
		t.Errorf("organization variables: %s", r.body)
	}
}

func TestPages(t *testing.T) {
	s := start(t)
	s.Update(func(st *sandbox.State) {
		r := st.GitHub["github.com"].Repositories["octo/analytics"]
		for i := range 205 {
			name := fmt.Sprintf("S%03d", i)
			r.Secrets["actions"][name] = &sandbox.Secret{}
			r.Variables[name] = &sandbox.Variable{}
			st.GitHub["github.com"].Repositories[fmt.Sprintf("octo/r%03d", i)] = &sandbox.Repository{}
		}
	})
	for path, pages := range map[string]int{
		"/repos/octo/analytics/actions/secrets?per_page=100":   3,
		"/repos/octo/analytics/actions/secrets":                7,
		"/repos/octo/analytics/actions/variables?per_page=100": 7,
		"/orgs/octo/repos?per_page=1000":                       3,
	} {
		t.Run(path, func(t *testing.T) {
			seen := map[string]bool{}
			url := "http://api.github.com" + path
			n := 0
			for ; url != "" && n < 20; n++ {
				r := do(t, s, "GET", strings.Replace(url, "https:", "http:", 1), "Bearer "+classic, nil)
				want(t, r, 200)
				for _, name := range namesIn(r.body) {
					seen[name] = true
				}
				url = next(r.header)
			}
			if n != pages || len(seen) < 205 {
				t.Errorf("%d pages with %d names, want %d pages", n, len(seen), pages)
			}
		})
	}
}

func next(h http.Header) string {
	m := regexp.MustCompile(`<([^>]*)>; rel="next"`).FindStringSubmatch(h.Get("Link"))
	if m == nil {
		return ""
	}
	return m[1]
}

func TestEnvironments(t *testing.T) {
	s := start(t)
	const path = "/repos/octo/analytics/environments"
	if r := api(t, s, "GET", path, nil); strings.Join(namesIn(r.body), " ") != "Staging prod/eu" {
		t.Errorf("environments: %s", r.body)
	}
	want(t, api(t, s, "GET", path+"/PROD%2Feu", nil), 200)
	want(t, api(t, s, "GET", path+"/dev", nil), 404)
	want(t, api(t, s, "PUT", path+"/dev", map[string]any{}), 200)
	want(t, api(t, s, "PUT", path+"/DEV", nil), 200)
	if n := len(s.State().GitHub["github.com"].Repositories["octo/analytics"].Environments); n != 3 {
		t.Errorf("%d environments, want 3: names are not case-sensitive", n)
	}
}

func TestNothingIsDeleted(t *testing.T) {
	s := start(t)
	merge(t, s, `{"github": {"github.com": {"repositories": {"octo/site": {"secrets": {"actions": {"A": {"value": "v"}}}}}}}}`)
	for _, path := range []string{
		"/repos/octo/site/actions/secrets/A", "/repos/octo/site/actions/variables/A", "/orgs/octo/actions/secrets/A",
		"/repos/octo/site/environments/prod", "/repos/octo/site/environments/prod/secrets/A",
	} {
		want(t, api(t, s, "DELETE", path, nil), 405)
	}
	if n := len(s.Deleted()); n != 5 {
		t.Errorf("%d marked, want 5", n)
	}
	if _, found := secret(s, "octo/site", "actions", "", "A"); !found {
		t.Error("the secret is gone")
	}
}

func TestWhoMayDoWhat(t *testing.T) {
	s := start(t)
	merge(t, s, `{"github": {"github.com": {
		"logins": {
			"narrow": {"user": "ada", "scopes": []},
			"no-org": {"user": "ada"},
			"fine": {"user": "ada", "permissions": {"metadata": "read", "secrets": "read"}},
			"elsewhere": {"user": "ada", "permissions": {"secrets": "write"}, "repositories": ["octo/other"]},
			"ghs_job": {"user": "github-actions[bot]"},
			"reader": {"user": "bob"},
			"saml": {"user": "ada", "sso": ["octo"]}
		},
		"accounts": {"octo": {"admins": ["ada"]}},
		"repositories": {
			"octo/analytics": {"collaborators": {"bob": "read"}},
			"octo/hidden": {"private": true, "collaborators": {"bob": "none"}},
			"octo/old": {"archived": true}
		}}}}`)
	const secrets = "/repos/octo/analytics/actions/secrets"
	for _, c := range []struct {
		token, method, path string
		status              int
		header, value       string
	}{
		{"unknown", "GET", "/user", 401, "", ""},
		{"", "GET", "/user", 401, "", ""},
		{"", "GET", "/repos/octo/site", 200, "", ""},
		{"", "GET", "/repos/octo/analytics", 404, "", ""},
		{classic, "GET", "/user", 200, "X-OAuth-Scopes", "repo, admin:org, workflow"},
		{classic, "GET", secrets, 200, "X-RateLimit-Remaining", "4999"},
		{"narrow", "GET", "/repos/octo/analytics", 404, "", ""},
		{"narrow", "GET", "/repos/octo/site/actions/secrets", 403, "X-Accepted-OAuth-Scopes", "repo"},
		{"no-org", "GET", "/orgs/octo/actions/secrets", 403, "X-Accepted-OAuth-Scopes", "admin:org"},
		{"no-org", "GET", "/orgs/octo/dependabot/secrets", 403, "X-OAuth-Scopes", "gist, read:org, repo, workflow"},
		{classic, "GET", "/orgs/ada/actions/secrets", 404, "", ""},
		{"fine", "GET", secrets, 200, "X-OAuth-Scopes", ""},
		{"fine", "PUT", secrets + "/A", 403, "X-Accepted-GitHub-Permissions", "secrets=write"},
		{"fine", "GET", "/repos/octo/analytics/actions/variables", 403, "X-Accepted-GitHub-Permissions", "actions_variables=read"},
		{"fine", "GET", "/repos/octo/analytics/environments/Staging/secrets", 403, "X-Accepted-GitHub-Permissions", "environments=read"},
		{"elsewhere", "GET", "/repos/octo/analytics", 404, "", ""},
		{"elsewhere", "GET", "/repos/octo/site/actions/secrets", 403, "", ""},
		{"ghs_job", "GET", "/repos/octo/analytics", 200, "", ""},
		{"ghs_job", "GET", secrets, 403, "X-Accepted-GitHub-Permissions", "secrets=read"},
		{"ghs_job", "GET", "/repos/octo/analytics/environments", 403, "", ""},
		{"ghs_job", "GET", secrets + "/public-key", 403, "", ""},
		{"ghs_job", "GET", "/user", 403, "", ""},
		{"reader", "GET", secrets, 403, "", ""},
		{"reader", "GET", secrets + "/public-key", 200, "", ""},
		{"reader", "GET", "/repos/octo/hidden", 404, "", ""},
		{"reader", "GET", "/orgs/octo/actions/secrets", 403, "", ""},
		{"saml", "GET", secrets, 403, "X-GitHub-SSO", "required; url=https://github.com/orgs/octo/sso?authorization_request=SANDBOX"},
		{classic, "PUT", "/repos/octo/old/actions/secrets/A", 403, "", ""},
	} {
		t.Run(c.token+" "+c.method+" "+c.path, func(t *testing.T) {
			authorization := "token " + c.token
			if c.token == "" {
				authorization = ""
			}
			r := do(t, s, c.method, "http://api.github.com"+c.path, authorization, nil)
			want(t, r, c.status)
			if c.header != "" && r.header.Get(c.header) != c.value {
				t.Errorf("%s: %q, want %q", c.header, r.header.Get(c.header), c.value)
			}
		})
	}
	r := do(t, s, "GET", "http://api.github.com/repos/octo/analytics", "token reader", nil)
	if !strings.Contains(r.body, `"push":false`) || !strings.Contains(r.body, `"pull":true`) {
		t.Errorf("permissions of a reader: %s", r.body)
	}
}

func TestEnterpriseHostIsAnotherGitHub(t *testing.T) {
	s := start(t)
	merge(t, s, `{"github": {"ghe.example.com": {"logins": {"ent": {"user": "grace"}}, "repositories": {"corp/data": {}}}}}`)
	want(t, do(t, s, "GET", "http://ghe.example.com/api/v3/repos/corp/data", "token ent", nil), 200)
	want(t, do(t, s, "GET", "http://ghe.example.com/api/v3/repos/corp/data", "token "+classic, nil), 401)
	want(t, do(t, s, "GET", "http://api.github.com/repos/corp/data", "token "+classic, nil), 404)
	want(t, do(t, s, "GET", "http://ghe.example.com/repos/corp/data", "token ent", nil), 404)
}

func TestRateLimits(t *testing.T) {
	t.Run("primary", func(t *testing.T) {
		s := start(t)
		merge(t, s, `{"github": {"github.com": {"limits": {"remaining": 2, "resetAfter": 60}}}}`)
		if r := api(t, s, "GET", "/user", nil); r.header.Get("X-RateLimit-Remaining") != "1" {
			t.Errorf("remaining %q", r.header.Get("X-RateLimit-Remaining"))
		}
		want(t, api(t, s, "GET", "/user", nil), 200)
		r := api(t, s, "GET", "/user", nil)
		want(t, r, 403)
		if r.header.Get("X-RateLimit-Remaining") != "0" || r.header.Get("X-RateLimit-Reset") == "" || r.header.Get("Retry-After") != "" {
			t.Errorf("headers %v", r.header)
		}
	})
	t.Run("writes in a window", func(t *testing.T) {
		s := start(t)
		merge(t, s, `{"github": {"github.com": {"limits": {"writes": 2, "windowMs": 60000, "retryAfter": 7, "status": 429}}}}`)
		var statuses []int
		var last response
		for i := range 3 {
			last = api(t, s, "POST", "/repos/octo/site/actions/variables", map[string]any{"name": fmt.Sprintf("V%d", i), "value": ""})
			statuses = append(statuses, last.status)
		}
		if fmt.Sprint(statuses) != "[201 201 429]" || last.header.Get("Retry-After") != "7" {
			t.Errorf("statuses %v, Retry-After %q", statuses, last.header.Get("Retry-After"))
		}
		want(t, api(t, s, "GET", "/user", nil), 200)
	})
	t.Run("at once", func(t *testing.T) {
		s := start(t)
		merge(t, s, `{"delayMs": 300, "github": {"github.com": {"limits": {"concurrent": 2}}}}`)
		statuses := make([]int, 6)
		var wg sync.WaitGroup
		for i := range statuses {
			wg.Go(func() { statuses[i] = api(t, s, "GET", "/user", nil).status })
		}
		wg.Wait()
		if text := fmt.Sprint(statuses); !strings.Contains(text, "403") || s.MaxConcurrent("github") < 3 {
			t.Errorf("statuses %v, at most %d at once", statuses, s.MaxConcurrent("github"))
		}
		s.ResetRequests()
		want(t, api(t, s, "GET", "/user", nil), 200)
		if n := s.MaxConcurrent("github"); n != 1 {
			t.Errorf("%d at once after the reset", n)
		}
	})
}

func TestContents(t *testing.T) {
	s := start(t)
	merge(t, s, `{"github": {"github.com": {"repositories": {"octo/site": {"files": {
		"main": {".github/workflows/call.yml": "on: workflow_call\n", ".github/CODEOWNERS": "* @ada"}, "v1": {"a": "old"}}}}}}}`)
	const base = "http://api.github.com/repos/octo/site/contents/"
	get := func(path, accept string) response {
		req, _ := http.NewRequestWithContext(t.Context(), "GET", base+path, nil)
		req.Header.Set("Accept", accept)
		resp, err := client(t, s).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var b strings.Builder
		if err := resp.Write(&b); err != nil {
			t.Fatal(err)
		}
		return response{status: resp.StatusCode, body: b.String()}
	}
	for _, c := range []struct {
		path, accept string
		status       int
		text         string
	}{
		{".github/workflows/call.yml", "application/vnd.github.raw+json", 200, "on: workflow_call\n"},
		{".github/workflows/call.yml", "application/vnd.github+json", 200, "b246IHdvcmtmbG93X2NhbGwK"},
		{".github", "application/vnd.github+json", 200, `"type":"dir"`},
		{"a?ref=v1", "application/vnd.github.raw", 200, "old"},
		{"a", "application/vnd.github.raw", 404, ""},
		{"a?ref=v2", "application/vnd.github.raw", 404, "No commit found"},
	} {
		if r := get(c.path, c.accept); r.status != c.status || !strings.Contains(r.body, c.text) {
			t.Errorf("%s: %d %s", c.path, r.status, r.body)
		}
	}
}

func TestReleases(t *testing.T) {
	s := start(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "gh-hex_linux-amd64"), []byte("binary"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Update(func(st *sandbox.State) {
		st.GitHub["github.com"].Repositories["octo/gh-hex"] = &sandbox.Repository{Releases: []*sandbox.Release{
			{Tag: "v1.0.0", Dir: dir}, {Tag: "v2.0.0-rc.1", Dir: dir, Prerelease: true}, {Tag: "v2.0.0", Dir: dir, Draft: true},
		}}
	})
	r := api(t, s, "GET", "/repos/octo/gh-hex/releases/latest", nil)
	if r.decode(t)["tag_name"] != "v1.0.0" {
		t.Errorf("latest: %s", r.body)
	}
	asset := r.decode(t)["assets"].([]any)[0].(map[string]any)
	for _, key := range []string{"url", "browser_download_url"} {
		got := do(t, s, "GET", strings.Replace(asset[key].(string), "https:", "http:", 1), "", nil)
		if got.body != "binary" {
			t.Errorf("%s: %d %q", key, got.status, got.body)
		}
	}
	want(t, api(t, s, "GET", "/repos/octo/gh-hex/releases/tags/v2.0.0-rc.1", nil), 200)
	want(t, api(t, s, "GET", "/repos/octo/gh-hex/releases/tags/v2.0.0", nil), 404)
	want(t, api(t, s, "GET", "/repos/octo/site/releases/latest", nil), 404)
}
