package github

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
)

// Repository is what GitHub says of a repository, as far as it matters here.
type Repository struct {
	ID            int64
	NodeID        string // the same in GraphQL
	Host          string // github.com or the host of an Enterprise Server
	Owner         string
	Name          string
	Organization  bool // the owner is an organization
	Private       bool // private or internal
	AllowForking  bool // forks of a private repository are allowed; always true for a public one
	Archived      bool // nothing of it can be changed
	DefaultBranch string
	// CanPush is false when GitHub says that this login may not push. Where it leaves that out, the write decides.
	CanPush bool
	// Scopes are those of gh's login, when it is a classic token; Classic is false for the other kinds, which have none.
	Classic bool
	Scopes  []string
}

// FullName is OWNER/NAME.
func (r Repository) FullName() string { return r.Owner + "/" + r.Name }

// repository is a repository as GitHub sends it.
type repository struct {
	ID            int64
	NodeID        string `json:"node_id"`
	Name          string
	Owner         struct{ Login, Type string }
	Private       bool
	AllowForking  *bool `json:"allow_forking"`
	Archived      bool
	DefaultBranch string `json:"default_branch"`
	Permissions   struct{ Push *bool }
}

// What an owner and a repository are called on GitHub: both become part of addresses, and of the commands that hints show.
var (
	plainOwner = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_-]*$`) })
	plainName  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9._-]+$`) })
)

// IsOwner reports whether a user or an organization can be called so.
func IsOwner(name string) bool { return len(name) <= maxName && plainOwner().MatchString(name) }

// IsName reports whether a repository can be called so.
func IsName(name string) bool {
	return len(name) <= maxName && plainName().MatchString(name) && strings.Trim(name, ".") != ""
}

// public returns false when the answer names no repository.
func (r repository) public(host string) (Repository, bool) {
	named := r.ID > 0 && IsOwner(r.Owner.Login) && IsName(r.Name)
	return Repository{
		ID: r.ID, NodeID: r.NodeID, Host: host, Owner: r.Owner.Login, Name: r.Name,
		Organization: r.Owner.Type == "Organization",
		Private:      r.Private, AllowForking: !r.Private || r.AllowForking == nil || *r.AllowForking,
		Archived: r.Archived, DefaultBranch: r.DefaultBranch, CanPush: r.Permissions.Push == nil || *r.Permissions.Push,
	}, named
}

// Repository asks GitHub for a repository; a renamed one comes back under its present name.
func (c *Client) Repository(ctx context.Context, owner, name string) (Repository, error) {
	var raw repository
	path := fmt.Sprintf("repos/%s/%s", url.PathEscape(owner), url.PathEscape(name))
	what := fmt.Sprintf("look up the repository %s/%s", owner, name)
	a, err := c.send(ctx, request{method: http.MethodGet, path: path, what: what})
	if err != nil {
		return Repository{}, err
	}
	if err := c.decode(a, what, &raw); err != nil {
		return Repository{}, err
	}
	r, named := raw.public(c.host)
	if !named {
		return Repository{}, c.unusable(a.status, what, errors.New("the answer names none"))
	}
	_, r.Classic = a.header["X-Oauth-Scopes"]
	r.Scopes = fields(a.header.Get("X-OAuth-Scopes"), ",")
	return r, nil
}

// OrganizationRepositories yields the repositories of an organization that this login sees, page by page: only one page
// is held in memory. It stops at the first error of yield.
func (c *Client) OrganizationRepositories(ctx context.Context, org string, yield func(Repository) error) error {
	var stopped error
	err := c.pages(ctx, fmt.Sprintf("orgs/%s/repos?per_page=100&sort=full_name", url.PathEscape(org)), "",
		"list the repositories of "+org, func(raw json.RawMessage) error {
			var page []repository
			if json.Unmarshal(raw, &page) != nil || len(page) > maxPage {
				return errNotJSON
			}
			for _, item := range page {
				r, named := item.public(c.host)
				if !named {
					return errNotJSON
				}
				if stopped = yield(r); stopped != nil {
					return stopped
				}
			}
			return nil
		})
	if stopped != nil {
		return stopped
	}
	return err
}

// File is a file of a repository.
type File struct {
	Path   string
	Data   []byte
	Linked bool // it is a symbolic link, and this is what stands where that leads
}

// maxFiles bounds how many workflows of one repository are read.
const maxFiles = 100

// seesFiles is nil where this login sees the files of a repository, or there are none at all: what it does not find among
// them is then not there. Elsewhere it may be hidden.
func (c *Client) seesFiles(ctx context.Context, owner, repo, what string) error {
	path := fmt.Sprintf("repos/%s/%s/git/trees/HEAD", url.PathEscape(owner), url.PathEscape(repo))
	_, err := c.send(ctx, request{method: http.MethodGet, path: path, what: what})
	var e *Error
	if errors.As(err, &e) && e.Status == http.StatusConflict {
		return nil // nothing was ever committed
	}
	return err
}

// Workflows reads the workflow files of a repository's default branch. A repository without any has none, and no error.
func (c *Client) Workflows(ctx context.Context, owner, repo string) ([]File, error) {
	what := fmt.Sprintf("read the workflows of %s/%s", owner, repo)
	where := fmt.Sprintf("repos/%s/%s/contents/"+workflowFolder, url.PathEscape(owner), url.PathEscape(repo))
	var items []struct{ Name, Type string }
	_, err := c.get(ctx, where, what, &items)
	if errors.Is(err, ErrNotFound) {
		return nil, c.seesFiles(ctx, owner, repo, what)
	}
	if err != nil {
		return nil, err
	}
	if items == nil {
		return nil, c.unusable(http.StatusOK, what, errNotJSON)
	}
	var files []File
	for _, item := range items {
		if item.Name == "" {
			return nil, c.unusable(http.StatusOK, what, errNotJSON)
		}
		if item.Type != "file" && item.Type != "symlink" || !isYAML(item.Name) || strings.Contains(item.Name, "/") {
			continue
		}
		if len(files) == maxFiles {
			return nil, fmt.Errorf("could not %s: more than %d files", what, maxFiles)
		}
		name := workflowFolder + "/" + item.Name
		data, err := c.workflowFile(ctx, Snapshot{Repository: Repository{Owner: owner, Name: repo}}, name)
		if err != nil {
			return nil, err
		}
		if data != nil {
			files = append(files, File{name, data, item.Type == "symlink"})
		}
	}
	return files, nil
}
