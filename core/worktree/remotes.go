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
	out, err := t.git.run(ctx, t.root, nil, "config", "-z", "--get-regexp", `^remote\..*\.(url|gh-resolved)$`)
	if err := failure(err); err != nil {
		return nil, err
	}
	names, configured, resolved := remoteSettings(out)
	var remotes []Remote
	for _, name := range names {
		url, err := t.git.line(ctx, t.root, "remote", "get-url", "--", name)
		if err != nil {
			return nil, err
		}
		push, err := t.git.line(ctx, t.root, "remote", "get-url", "--push", "--", name)
		if err != nil {
			return nil, err
		}
		remotes = append(remotes, Remote{Name: name, Configured: configured[name], URL: url, PushURL: push, Resolved: resolved[name]})
	}
	return remotes, nil
}

// remoteSettings reads records of "remote.NAME.KEY\nVALUE"; a name may hold dots and line feeds.
func remoteSettings(out []byte) (names []string, configured, resolved map[string]string) {
	configured, resolved = map[string]string{}, map[string]string{}
	for _, record := range fields(out) {
		for _, key := range []string{".url", ".gh-resolved"} {
			before, value, ok := strings.Cut(record, key+"\n")
			name, isRemote := strings.CutPrefix(before, "remote.")
			switch {
			case !ok || !isRemote:
			case key == ".gh-resolved":
				resolved[name] = value
			case !slices.Contains(names, name):
				configured[name] = value
				names = append(names, name)
			}
		}
	}
	return names, configured, resolved
}

// Head is the full name of the ref that is checked out, such as refs/heads/main; empty when HEAD is detached.
func (t *Tree) Head(ctx context.Context) (string, error) {
	ref, err := t.git.line(ctx, t.root, "symbolic-ref", "--quiet", "HEAD")
	return ref, failure(err)
}
