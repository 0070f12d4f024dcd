package github

import (
	"context"
	"encoding/base64"
	"fmt"
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
	var file struct{ Content, Encoding string }
	path := fmt.Sprintf("repos/%s/%s/contents/%s?ref=%s", url.PathEscape(parts[0]), url.PathEscape(parts[1]), escapePath(parts[2]), url.QueryEscape(ref))
	if _, err := c.get(ctx, path, what, &file); err != nil {
		return nil, err
	}
	if file.Encoding != "base64" {
		return nil, fmt.Errorf("could not %s: GitHub sends its content as %q", what, file.Encoding)
	}
	content, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(file.Content, "\n", ""))
	if err != nil {
		return nil, fmt.Errorf("could not %s: %w", what, err)
	}
	return content, nil
}

func escapePath(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return strings.Join(parts, "/")
}
