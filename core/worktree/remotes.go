package worktree

import (
	"context"
	"slices"
	"strings"
)

// Remote is a remote as git resolves it. Its URLs may hold credentials: never show them as they are.
type Remote struct {
	Name       string
	Configured string // the URL as it stands in the configuration
	URL        string
	PushURL    string
	Resolved   string // what gh repo set-default left: "base", OWNER/REPO or empty
}

// Remotes lists the remotes that have a URL, in the order of git's configuration, with insteadOf rules applied by git.
func (t *Tree) Remotes(ctx context.Context) ([]Remote, error) {
	settings, err := t.settings(ctx)
	if err != nil {
		return nil, err
	}
	var remotes []Remote
	for _, s := range settings {
		name, ok := s.in("remote", "url")
		if !ok || slices.ContainsFunc(remotes, func(r Remote) bool { return r.Name == name }) {
			continue
		}
		r := Remote{Name: name, Configured: s.value, URL: s.value, PushURL: s.value}
		for _, s := range settings {
			if of, ok := s.in("remote", "gh-resolved"); ok && of == name {
				r.Resolved = s.value
			}
		}
		if !plainly(name, settings) {
			if err := t.askURLs(ctx, &r); err != nil {
				return nil, err
			}
		}
		remotes = append(remotes, r)
	}
	return remotes, nil
}

// plainly tells of a remote that git can only take its one URL as it stands: no rule is there to change any, and its name
// is none that git has to be asked about.
func plainly(name string, settings []setting) bool {
	urls := 0
	for _, s := range settings {
		if _, rule := s.in("url", "insteadof", "pushinsteadof"); rule {
			return false
		}
		if of, ok := s.in("remote", "url", "pushurl"); ok && of == name {
			urls++
			if s.value == "" || strings.HasSuffix(s.key, ".pushurl") {
				return false
			}
		}
	}
	return urls == 1 && name != "" && strings.Trim(name[:1], "/.-") != ""
}

func (t *Tree) askURLs(ctx context.Context, r *Remote) (err error) {
	if r.URL, err = t.git.line(ctx, t.root, "remote", "get-url", "--", r.Name); err != nil {
		return err
	}
	r.PushURL, err = t.git.line(ctx, t.root, "remote", "get-url", "--push", "--", r.Name)
	return err
}
