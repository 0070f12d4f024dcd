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
	resolved := map[string]string{}
	plain := true // git can only take each URL as it stands
	for _, s := range settings {
		switch again := slices.ContainsFunc(remotes, func(r Remote) bool { return r.Name == s.name }); {
		case s.variable == "gh-resolved":
			resolved[s.name] = s.value
		case s.section == "url", s.variable == "pushurl", s.variable == "url" && again:
			plain = false
		case s.variable == "url":
			remotes = append(remotes, Remote{Name: s.name, Configured: s.value, URL: s.value, PushURL: s.value})
			plain = plain && s.value != "" && s.name != "" && !strings.ContainsAny(s.name[:1], "/.-")
		}
	}
	for i := range remotes {
		r := &remotes[i]
		r.Resolved = resolved[r.Name]
		if plain {
			continue
		}
		if r.URL, err = t.git.line(ctx, t.root, "remote", "get-url", "--", r.Name); err != nil {
			return nil, err
		}
		if r.PushURL, err = t.git.line(ctx, t.root, "remote", "get-url", "--push", "--", r.Name); err != nil {
			return nil, err
		}
	}
	return remotes, nil
}
