package sandbox

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// route is a request that a service knows. Segments in braces are arguments.
type route struct {
	method  string
	pattern string
	answer  func(*call) answer
}

// match looks a route up by the escaped segments of a path, so that an environment named prod/eu is one segment.
func match(routes []route, method, path string) (r route, args map[string]string, found bool) {
	segments := strings.Split(strings.Trim(path, "/"), "/")
	for _, r := range routes {
		if r.method != method {
			continue
		}
		if args, fits := fit(strings.Split(strings.Trim(r.pattern, "/"), "/"), segments); fits {
			return r, args, true
		}
	}
	return route{}, nil, false
}

func fit(pattern, segments []string) (map[string]string, bool) {
	args := map[string]string{}
	for i, p := range pattern {
		if p == "{rest}" && i < len(segments) {
			rest, err := url.PathUnescape(strings.Join(segments[i:], "/"))
			args["rest"] = rest
			return args, err == nil
		}
		if i >= len(segments) {
			return nil, false
		}
		value, err := url.PathUnescape(segments[i])
		if err != nil {
			return nil, false
		}
		if strings.HasPrefix(p, "{") {
			args[strings.Trim(p, "{}")] = value
		} else if p != value {
			return nil, false
		}
	}
	return args, len(pattern) == len(segments)
}

// github answers a call to any GitHub host.
func (s *Sandbox) github(c *call) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	api := c.locate()
	c.host = s.state.GitHub[c.name]
	if c.host == nil {
		c.host = &Host{}
	}
	if !api {
		return c.download()
	}
	limit := s.limiterOf(c.name)
	if refusal, refused := limit.refuse(c, s.flying["github"]); refused {
		return refusal
	}
	return limit.label(c.host, c.label(s.dispatch(c)))
}

// locate finds out which GitHub is meant and what part of its API: api.github.com/…, HOST/api/v3/…, api.TENANT.ghe.com/….
func (c *call) locate() (api bool) {
	host, _, _ := strings.Cut(strings.ToLower(c.Host), ":")
	if name, found := strings.CutPrefix(host, "api."); found {
		c.name, c.path = name, c.Path
		return true
	}
	c.name = host
	for _, base := range []string{"/api/v3", "/api"} {
		if rest, found := strings.CutPrefix(c.Path, base); found && (rest == "" || rest[0] == '/') {
			c.path = rest
			return true
		}
	}
	c.path = c.Path
	return false
}

// base is the address of the API that a call went to.
func (c *call) base() string {
	if c.name == "github.com" || strings.HasSuffix(c.name, ".ghe.com") {
		return "https://api." + c.name
	}
	return "https://" + c.name + "/api/v3"
}

// expand turns the numeric paths that GitHub's own "next" links use into those by name.
func (c *call) expand() {
	segments := strings.SplitN(strings.TrimPrefix(c.path, "/"), "/", 3)
	if len(segments) < 2 {
		return
	}
	id, err := strconv.ParseInt(segments[1], 10, 64)
	if err != nil {
		return
	}
	rest := strings.Join(segments[2:], "/")
	switch segments[0] {
	case "repositories":
		for name, r := range c.host.Repositories {
			if r.ID == id {
				c.path = strings.TrimSuffix("/repos/"+name+"/"+rest, "/")
			}
		}
	case "organizations":
		for name, a := range c.host.Accounts {
			if a.ID == id {
				c.path = strings.TrimSuffix("/orgs/"+name+"/"+rest, "/")
			}
		}
	}
}

func (s *Sandbox) dispatch(c *call) answer {
	login, given := c.login()
	if given && login == nil {
		return jsonAnswer(http.StatusUnauthorized, map[string]any{
			"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest",
		})
	}
	c.expand()
	if c.Method == http.MethodDelete && keepsForever(c.Path) {
		return failure(http.StatusMethodNotAllowed, "the sandbox deletes nothing")
	}
	r, args, found := match(s.githubRoutes(), c.method(), c.path)
	if !found {
		return notFound()
	}
	c.args = args
	if refusal, refused := c.needSSO(login); refused {
		return refusal
	}
	return r.answer(c)
}

// method treats HEAD as GET; net/http leaves the body out.
func (c *call) method() string {
	if c.Method == http.MethodHead {
		return http.MethodGet
	}
	return c.Method
}

func (s *Sandbox) githubRoutes() []route {
	routes := []route{
		{"GET", "/", (*call).getRoot},
		{"GET", "/meta", (*call).getMeta},
		{"GET", "/rate_limit", (*call).getRoot},
		{"POST", "/graphql", (*call).graphql},
		{"GET", "/user", (*call).getUser},
		{"GET", "/users/{owner}", (*call).getAccount},
		{"GET", "/orgs/{owner}", (*call).getOrganization},
		{"GET", "/user/repos", (*call).listRepositories},
		{"GET", "/users/{owner}/repos", (*call).listRepositories},
		{"GET", "/orgs/{owner}/repos", (*call).listRepositories},
		{"GET", "/repos/{owner}/{repo}", (*call).getRepository},
		{"GET", "/repos/{owner}/{repo}/readme", (*call).getReadme},
		{"GET", "/repos/{owner}/{repo}/git/trees/{ref}", (*call).getTree},
		{"GET", "/repos/{owner}/{repo}/contents", (*call).getContents},
		{"GET", "/repos/{owner}/{repo}/contents/{rest}", (*call).getContents},
		{"GET", "/repos/{owner}/{repo}/releases", (*call).listReleases},
		{"GET", "/repos/{owner}/{repo}/releases/latest", (*call).getLatestRelease},
		{"GET", "/repos/{owner}/{repo}/releases/tags/{tag}", (*call).getTaggedRelease},
		{"GET", "/repos/{owner}/{repo}/releases/assets/{asset}", (*call).getAsset},
		{"GET", "/repos/{owner}/{repo}/environments", (*call).listEnvironments},
		{"GET", "/repos/{owner}/{repo}/environments/{env}", (*call).getEnvironment},
		{"GET", "/repos/{owner}/{repo}/environments/{env}/deployment-branch-policies", (*call).listBranchPolicies},
		{"PUT", "/repos/{owner}/{repo}/environments/{env}", s.putEnvironment},
	}
	routes = append(routes, s.secretRoutes()...)
	routes = append(routes, s.checkRoutes()...)
	return append(routes, s.variableRoutes()...)
}

func failure(status int, message string) answer {
	return jsonAnswer(status, map[string]any{
		"message": message, "documentation_url": "https://docs.github.com/rest", "status": strconv.Itoa(status),
	})
}

func notFound() answer { return failure(http.StatusNotFound, "Not Found") }

func (c *call) getRoot() answer {
	return jsonAnswer(http.StatusOK, map[string]any{
		"current_user_url": c.base() + "/user", "repository_url": c.base() + "/repos/{owner}/{repo}",
	})
}

func (c *call) getMeta() answer {
	meta := map[string]any{"verifiable_password_authentication": false}
	if c.name != "github.com" {
		meta["installed_version"] = "3.20.0"
	}
	return jsonAnswer(http.StatusOK, meta)
}

// paged cuts the page out of a list that a call asks for. The links are those by ID that GitHub itself uses.
func (c *call) paged(total, most int) (from, to int, link string) {
	query := c.http.URL.Query()
	size := atLeastOne(query.Get("per_page"), 30)
	size = min(size, most, cmp.Or(c.host.PageSize, most))
	page := atLeastOne(query.Get("page"), 1)
	from = min((page-1)*size, total)
	to = min(from+size, total)
	last := max(1, (total+size-1)/size)
	var links []string
	add := func(rel string, n int) {
		query.Set("page", strconv.Itoa(n))
		links = append(links, fmt.Sprintf("<%s%s?%s>; rel=%q", c.base(), c.numericPath(), query.Encode(), rel))
	}
	if page > 1 {
		add("prev", page-1)
	}
	if to < total {
		add("next", page+1)
		add("last", last)
	}
	if page > 1 {
		add("first", 1)
	}
	return from, to, strings.Join(links, ", ")
}

func (c *call) numericPath() string {
	segments := strings.SplitN(strings.TrimPrefix(c.path, "/"), "/", 4)
	switch {
	case len(segments) == 4 && segments[0] == "repos":
		if _, r := c.repository(); r != nil {
			return fmt.Sprintf("/repositories/%d/%s", r.ID, segments[3])
		}
	case len(segments) >= 3 && segments[0] == "orgs":
		if a, found := lookup(c.host.Accounts, c.arg("owner")); found {
			return fmt.Sprintf("/organizations/%d/%s", a.ID, strings.Join(segments[2:], "/"))
		}
	}
	return c.path
}

func atLeastOne(text string, otherwise int) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return otherwise
	}
	return n
}

// page answers one page of a list; key wraps it in an object with the total, as some lists are.
func (c *call) page(items []any, most int, key string) answer {
	from, to, link := c.paged(len(items), most)
	var body any = items[from:to]
	if key != "" {
		body = map[string]any{"total_count": len(items), key: items[from:to]}
	}
	a := jsonAnswer(http.StatusOK, body)
	if link != "" {
		a = a.with("Link", link)
	}
	return a
}
