package sandbox

import (
	"crypto/sha1" //nolint:gosec // git names files by SHA-1
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"time"
)

func (c *call) getUser() answer {
	l, _ := c.login()
	switch {
	case l == nil:
		return failure(http.StatusUnauthorized, "Requires authentication")
	case c.ofActions():
		return failure(http.StatusForbidden, "Resource not accessible by integration")
	}
	return c.account(l.User, "")
}

func (c *call) getAccount() answer { return c.account(c.arg("owner"), "") }

func (c *call) getOrganization() answer { return c.account(c.arg("owner"), "Organization") }

func (c *call) account(login, kind string) answer {
	a, found := lookup(c.host.Accounts, login)
	if !found || kind != "" && a.Type != kind {
		return notFound()
	}
	return jsonAnswer(http.StatusOK, c.describeAccount(login, a))
}

func (c *call) describeAccount(login string, a *Account) map[string]any {
	return map[string]any{
		"login": login, "id": a.ID, "node_id": fmt.Sprintf("A_%d", a.ID), "type": a.Type,
		"name": textOrNull(a.Name), "email": textOrNull(a.Email),
		"url": c.base() + "/users/" + login, "html_url": "https://" + c.name + "/" + login,
	}
}

func textOrNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func (c *call) listRepositories() answer {
	l, _ := c.login()
	owner := c.arg("owner")
	if owner == "" && l != nil {
		owner = l.User
	}
	if _, found := lookup(c.host.Accounts, owner); !found {
		return notFound()
	}
	items := []any{}
	for _, name := range sortedKeys(c.host.Repositories) {
		r := c.host.Repositories[name]
		if of, _, _ := strings.Cut(name, "/"); strings.EqualFold(of, owner) && c.sees(name, r) {
			items = append(items, c.describeRepository(name, r))
		}
	}
	return c.page(items, 100, "")
}

func (c *call) getRepository() answer {
	name, r := c.visible()
	if r == nil {
		return notFound()
	}
	d := c.describeRepository(name, r)
	if parent, found := lookup(c.host.Repositories, r.Parent); found {
		d["parent"] = c.describeRepository(r.Parent, parent)
		d["source"] = d["parent"]
	}
	return jsonAnswer(http.StatusOK, d)
}

func (c *call) describeRepository(name string, r *Repository) map[string]any {
	owner, short, _ := strings.Cut(name, "/")
	account, _ := lookup(c.host.Accounts, owner)
	visibility := "public"
	if r.Private {
		visibility = "private"
	}
	web := "https://" + c.name + "/" + name
	d := map[string]any{
		"id": r.ID, "node_id": fmt.Sprintf("R_%d", r.ID), "name": short, "full_name": name,
		"owner": c.describeAccount(owner, account), "private": r.Private, "visibility": visibility,
		"html_url": web, "clone_url": web + ".git", "ssh_url": "git@" + c.name + ":" + name + ".git",
		"url": c.base() + "/repos/" + name, "fork": r.Parent != "", "archived": r.Archived, "disabled": false,
		"default_branch": r.DefaultBranch, "allow_forking": !r.Private || !r.ForbidForking, "description": nil,
	}
	if l, _ := c.login(); l != nil {
		d["permissions"] = c.describePermissions(l, name, r)
	}
	return d
}

func (c *call) describePermissions(l *Login, name string, r *Repository) map[string]bool {
	rank := c.rank(name, r)
	if c.ofActions() || !c.granted(l, name) {
		rank = rankOf("read")
	}
	d := map[string]bool{}
	for key, least := range map[string]string{"pull": "read", "triage": "triage", "push": "write", "maintain": "maintain", "admin": "admin"} {
		d[key] = rank >= rankOf(least)
	}
	return d
}

func (c *call) getReadme() answer {
	c.args["rest"] = "README.md"
	return c.getContents()
}

// contents are the files and links of a branch or commit, as far as a login may read them.
func (c *call) contents(ref string) (*Repository, map[string]string, answer) {
	_, r := c.visible()
	if r == nil {
		return nil, nil, notFound()
	}
	if l, _ := c.login(); l != nil && l.fineGrained() && r.Private && l.Permissions["contents"] == "" {
		return nil, nil, failure(http.StatusForbidden, "Resource not accessible by personal access token").
			with("X-Accepted-GitHub-Permissions", "contents=read")
	}
	if ref == "" || ref == "HEAD" {
		ref = r.DefaultBranch
	}
	files, found := r.Files[ref]
	if !found {
		return nil, nil, failure(http.StatusNotFound, "No commit found for the ref "+ref)
	}
	return r, files, answer{}
}

// getTree lists all files of a branch or commit.
func (c *call) getTree() answer {
	if _, r := c.visible(); r != nil && len(r.Files) == 0 {
		return failure(http.StatusConflict, "Git Repository is empty.")
	}
	r, files, refusal := c.contents(c.arg("ref"))
	if r == nil {
		return refusal
	}
	entries := []any{}
	for _, path := range sortedKeys(files) {
		entries = append(entries, map[string]any{"path": path, "type": "blob", "mode": "100644"})
	}
	for _, path := range sortedKeys(r.Links) {
		entries = append(entries, map[string]any{"path": path, "type": "blob", "mode": "120000"})
	}
	return jsonAnswer(http.StatusOK, map[string]any{"tree": entries, "truncated": false})
}

// getContents answers a file, raw or in base64 as it is asked for, or what a folder holds.
func (c *call) getContents() answer {
	r, files, refusal := c.contents(c.http.URL.Query().Get("ref"))
	if r == nil {
		return refusal
	}
	path := strings.Trim(c.arg("rest"), "/")
	if target, linked := r.Links[path]; linked {
		return c.link(files, path, target)
	}
	if content, found := files[path]; found {
		return c.file(path, content)
	}
	if entries := append(c.folder(files, path), r.linksIn(path)...); len(entries) > 0 {
		return jsonAnswer(http.StatusOK, entries)
	}
	return notFound()
}

func (c *call) file(path, content string) answer {
	if accept := c.Header.Get("Accept"); strings.Contains(accept, "raw") {
		return textAnswer(http.StatusOK, "application/vnd.github.raw; charset=utf-8", content)
	}
	d := describeFile(path, content)
	d["encoding"] = "base64"
	d["content"] = base64.StdEncoding.EncodeToString([]byte(content)) + "\n"
	return jsonAnswer(http.StatusOK, d)
}

func describeFile(path, content string) map[string]any {
	blob := fmt.Sprintf("blob %d\x00%s", len(content), content)
	return map[string]any{
		"type": "file", "path": path, "name": path[strings.LastIndex(path, "/")+1:], "size": len(content),
		"sha": fmt.Sprintf("%x", sha1.Sum([]byte(blob))), //nolint:gosec // as git does
	}
}

// folder lists one level below a path.
func (c *call) folder(files map[string]string, path string) []any {
	prefix := path + "/"
	if path == "" {
		prefix = ""
	}
	var entries []any
	seen := map[string]bool{}
	for _, name := range sortedKeys(files) {
		rest, inside := strings.CutPrefix(name, prefix)
		if !inside {
			continue
		}
		dir, _, deeper := strings.Cut(rest, "/")
		switch {
		case !deeper:
			entries = append(entries, describeFile(name, files[name]))
		case !seen[dir]:
			seen[dir] = true
			entries = append(entries, map[string]any{"type": "dir", "path": prefix + dir, "name": dir, "size": 0})
		}
	}
	return entries
}

func (c *call) environment(r *Repository) (string, *Environment, bool) {
	for name, e := range r.Environments {
		if strings.EqualFold(name, c.arg("env")) {
			return name, e, true
		}
	}
	return "", nil, false
}

// seeEnvironments returns the repository of a call whose environments a login may read.
func (c *call) seeEnvironments() (*Repository, answer) {
	_, r := c.visible()
	if l, _ := c.login(); r != nil && !r.Private && l == nil {
		return r, answer{}
	}
	_, r, refusal := c.forRepository(need{"actions", "repo", "read"})
	return r, refusal
}

func (c *call) listEnvironments() answer {
	r, refusal := c.seeEnvironments()
	if r == nil {
		return refusal
	}
	items := []any{}
	for _, name := range sortedKeys(r.Environments) {
		items = append(items, c.describeEnvironment(name, r.Environments[name]))
	}
	return c.page(items, 100, "environments")
}

func (c *call) getEnvironment() answer {
	r, refusal := c.seeEnvironments()
	if r == nil {
		return refusal
	}
	name, e, found := c.environment(r)
	if !found {
		return notFound()
	}
	return jsonAnswer(http.StatusOK, c.describeEnvironment(name, e))
}

func (c *call) describeEnvironment(name string, e *Environment) map[string]any {
	created := e.CreatedAt.Format(time.RFC3339)
	rules, policy := []any{}, any(nil)
	if e.Reviewers {
		rules = append(rules, map[string]any{"id": 1, "type": "required_reviewers", "reviewers": []any{}})
	}
	if e.WaitTimer > 0 {
		rules = append(rules, map[string]any{"id": 3, "type": "wait_timer", "wait_timer": e.WaitTimer})
	}
	if len(e.Branches)+len(e.Tags) > 0 {
		policy = map[string]any{"protected_branches": false, "custom_branch_policies": true}
		rules = append(rules, map[string]any{"id": 2, "type": "branch_policy"})
	}
	return map[string]any{
		"id": e.ID, "node_id": fmt.Sprintf("EN_%d", e.ID), "name": name, "created_at": created, "updated_at": created,
		"protection_rules": rules, "deployment_branch_policy": policy,
	}
}

func (c *call) listBranchPolicies() answer {
	r, refusal := c.seeEnvironments()
	if r == nil {
		return refusal
	}
	_, e, found := c.environment(r)
	if !found {
		return notFound()
	}
	items := []any{}
	for kind, patterns := range map[string][]string{"branch": e.Branches, "tag": e.Tags} {
		for _, p := range patterns {
			items = append(items, map[string]any{"id": len(items) + 1, "name": p, "type": kind})
		}
	}
	return c.page(items, 100, "branch_policies")
}

// putEnvironment creates an environment; one that exists is left as it is.
func (s *Sandbox) putEnvironment(c *call) answer {
	_, r, refusal := c.forRepository(need{"administration", "repo", "admin"})
	if r == nil {
		return refusal
	}
	name, e, found := c.environment(r)
	if !found {
		name = c.arg("env")
		e = &Environment{ID: c.host.nextID(), CreatedAt: s.now(), Secrets: map[string]*Secret{}, Variables: map[string]*Variable{}}
		r.Environments[name] = e
	}
	return jsonAnswer(http.StatusOK, c.describeEnvironment(name, e))
}
