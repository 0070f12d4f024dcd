package github

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Workflow reads a workflow of another repository, as named by `uses`: owner/repo/path@ref.
func (c *Client) Workflow(ctx context.Context, uses string) ([]byte, error) {
	what := "read the called workflow " + uses
	name, ref, found := strings.Cut(uses, "@")
	parts := strings.SplitN(name, "/", 3)
	if !found || len(parts) != 3 {
		return nil, fmt.Errorf("could not %s: not of the form owner/repo/path@ref", what)
	}
	path := fmt.Sprintf("repos/%s/%s/contents/%s?ref=%s", url.PathEscape(parts[0]), url.PathEscape(parts[1]), escapePath(parts[2]), url.QueryEscape(ref))
	return c.contents(ctx, path, what)
}

// contents reads one file, which comes in base64.
func (c *Client) contents(ctx context.Context, path, what string) ([]byte, error) {
	var file contentsFile
	if _, err := c.get(ctx, path, what, &file); err != nil {
		return nil, err
	}
	return c.content(file, what)
}

// contentsFile is a file as GitHub sends it.
type contentsFile struct {
	Type, Encoding, Content string
	Size                    int
}

func (c *Client) content(file contentsFile, what string) ([]byte, error) {
	if file.Encoding != "base64" {
		return nil, c.unusable(http.StatusOK, what, fmt.Errorf("GitHub sends its content as %.20q", file.Encoding))
	}
	data, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(file.Content, "\n", ""))
	if err != nil {
		return nil, c.unusable(http.StatusOK, what, errNotJSON)
	}
	return data, nil
}

// Tree lists the paths of all files of a snapshot; none when GitHub does not tell all of them, as for a very large repository.
func (c *Client) Tree(ctx context.Context, s Snapshot) ([]string, error) {
	var in struct {
		Tree      []struct{ Path, Type string }
		Truncated bool
	}
	r, at := s.Repository, s.Commit
	if at == "" {
		at = "HEAD"
	}
	path := fmt.Sprintf("repos/%s/%s/git/trees/%s?recursive=1", url.PathEscape(r.Owner), url.PathEscape(r.Name), url.PathEscape(at))
	_, err := c.get(ctx, path, "list the files of "+r.FullName(), &in)
	if errors.Is(err, errTooLarge) || in.Truncated {
		return nil, nil
	}
	var names []string
	for _, e := range in.Tree {
		if e.Type != "tree" {
			names = append(names, e.Path)
		}
	}
	return names, err
}

func escapePath(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return strings.Join(parts, "/")
}
