package target

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/cli/go-gh/v2/pkg/auth"
	"github.com/cli/go-gh/v2/pkg/repository"
	"github.com/cli/go-gh/v2/pkg/ssh"

	"github.com/gh-hex/gh-hex/core/worktree"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/github"
)

// Repository is the repository that a command is about.
type Repository struct {
	repository.Repository
	// Here says that it is the repository of the current work tree, so that its files may be looked at.
	Here bool
}

func (t Repository) String() string {
	if auth.NormalizeHostname(t.Host) == "github.com" {
		return t.Owner + "/" + t.Name
	}
	return t.Host + "/" + t.Owner + "/" + t.Name
}

// RemoteRepository is a git remote that points to a GitHub host where gh is logged in.
type RemoteRepository struct {
	repository.Repository
	remote   string
	resolved string
}

func (r RemoteRepository) Is(other repository.Repository) bool {
	return strings.EqualFold(auth.NormalizeHostname(r.Host), auth.NormalizeHostname(other.Host)) &&
		strings.EqualFold(r.Owner, other.Owner) && strings.EqualFold(r.Name, other.Name)
}

const nameRepository = "Name the repository with: -R [HOST/]OWNER/REPO"

// NoRemoteError means that no remote of the work tree leads to a GitHub host where gh is logged in.
type NoRemoteError struct{ hosts []string }

func (e *NoRemoteError) Error() string {
	if len(e.hosts) == 0 {
		return "this repository has no remote on GitHub"
	}
	return fmt.Sprintf("no remote of this repository is on a GitHub host that gh is logged in to (found: %s)", strings.Join(e.hosts, ", "))
}

func (*NoRemoteError) Hint() string {
	return nameRepository
}

// severalRemotesError means that several remotes lead to different repositories and none was chosen.
type severalRemotesError struct{ names []string }

func (e *severalRemotesError) Error() string {
	return "several remotes lead to GitHub, and none is chosen: " + strings.Join(e.names, ", ")
}

func (*severalRemotesError) Hint() string {
	return "Choose one with: gh repo set-default, or name it with: -R OWNER/REPO"
}

// Resolve finds the repository: -R, else GH_REPO, else the remote that `gh repo set-default` chose, else the only
// GitHub remote. With several it asks on a terminal and fails elsewhere: a secret must never land in a fork's parent
// because of a remote's name. tree is nil outside a work tree.
func Resolve(ctx context.Context, p *command.Process, flag string, tree *worktree.Tree) (Repository, error) {
	if flag == "" {
		flag = p.Getenv("GH_REPO")
	}
	if flag != "" {
		named, err := plainRepository(repository.Parse(flag))
		if err != nil {
			return Repository{}, err
		}
		here, err := inTree(ctx, tree, named)
		return Repository{named, here}, err
	}
	if tree == nil {
		return Repository{}, worktree.ErrNotRepository
	}
	remotes, others, err := GitHubRemotes(ctx, tree)
	if err != nil {
		return Repository{}, err
	}
	if remotes, err = ofHost(remotes); err != nil {
		return Repository{}, err
	}
	if chosen, found, err := setDefault(remotes); found || err != nil {
		return Repository{chosen, true}, err
	}
	distinct := slices.CompactFunc(slices.Clone(remotes), func(a, b RemoteRepository) bool { return a.Is(b.Repository) })
	switch len(distinct) {
	case 0:
		return Repository{}, NoRemote(others)
	case 1:
		return Repository{distinct[0].Repository, true}, nil
	}
	return chooseRemote(p, distinct)
}

// otherHostsError means that GH_HOST names a host that no remote is on.
type otherHostsError struct{ host string }

func (e *otherHostsError) Error() string {
	return "no remote of this repository is on " + e.host + ", which the environment variable GH_HOST names"
}

func (*otherHostsError) Hint() string {
	return "Add a remote on that host, unset GH_HOST, or name the repository with: -R [HOST/]OWNER/REPO"
}

// ofHost keeps the remotes on the host that GH_HOST names, as gh does. Without it they are those on the only host that gh
// is logged in to, if there are any.
func ofHost(remotes []RemoteRepository) ([]RemoteRepository, error) {
	host, source := auth.DefaultHost()
	if source == "default" {
		return remotes, nil
	}
	var on []RemoteRepository
	for _, r := range remotes {
		if IsKnown([]string{host}, r.Host) {
			on = append(on, r)
		}
	}
	switch {
	case len(on) > 0:
		return on, nil
	case source == "GH_HOST":
		return nil, &otherHostsError{host}
	}
	return remotes, nil
}

// NoRemote tells a missing login from a missing remote.
func NoRemote(hosts []string) error {
	if slices.Contains(hosts, "github.com") {
		return &github.LoginError{Host: "github.com"}
	}
	if len(auth.KnownHosts()) == 0 && len(hosts) > 0 {
		return &github.LoginError{Host: hosts[0]}
	}
	return &NoRemoteError{hosts}
}

func inTree(ctx context.Context, tree *worktree.Tree, named repository.Repository) (bool, error) {
	if tree == nil {
		return false, nil
	}
	remotes, _, err := GitHubRemotes(ctx, tree)
	if moved := (*movedRemoteError)(nil); errors.As(err, &moved) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if chosen, found, _ := setDefault(remotes); found {
		return RemoteRepository{Repository: chosen}.Is(named), nil
	}
	return slices.ContainsFunc(remotes, func(r RemoteRepository) bool { return r.Is(named) }), nil
}

// strayDefaultError means that git's configuration chooses a repository that is none on the host of its remote.
type strayDefaultError struct{ remote, host string }

func (e *strayDefaultError) Error() string {
	return fmt.Sprintf("git's configuration (remote.%s.gh-resolved) names no repository on %s, where that remote is", e.remote, e.host)
}

func (*strayDefaultError) Hint() string {
	return "Choose again with: gh repo set-default, or name the repository with: -R [HOST/]OWNER/REPO"
}

// setDefault is the choice that `gh repo set-default` left in git's configuration: another repository of the remote's
// host at most. The host is never taken from there: it is where gh's login goes.
func setDefault(remotes []RemoteRepository) (chosen repository.Repository, found bool, err error) {
	for _, r := range remotes {
		switch r.resolved {
		case "":
			continue
		case "base":
			return r.Repository, true, nil
		}
		chosen, err = plainRepository(repository.ParseWithHost(r.resolved, r.Host))
		if err != nil || !IsKnown([]string{r.Host}, chosen.Host) {
			return repository.Repository{}, false, &strayDefaultError{r.remote, r.Host}
		}
		chosen.Host = r.Host
		return chosen, true, nil
	}
	return repository.Repository{}, false, nil
}

func chooseRemote(p *command.Process, remotes []RemoteRepository) (Repository, error) {
	names := make([]string, len(remotes))
	for i, r := range remotes {
		names[i] = fmt.Sprintf("%s (%s)", Repository{Repository: r.Repository}, r.remote)
	}
	if !p.CanAsk() {
		return Repository{}, &severalRemotesError{names}
	}
	i, err := p.Choose("Which repository is this about?", names)
	if err != nil {
		return Repository{}, err
	}
	return Repository{remotes[i].Repository, true}, nil
}

// movedRemoteError means that a rule in git's configuration leads from one host that gh knows to another one.
type movedRemoteError struct{ remote, from, to string }

func (e *movedRemoteError) Error() string {
	return fmt.Sprintf("the remote %s is on %s, and a rule of git's configuration (url.….insteadOf) leads to %s", e.remote, e.from, e.to)
}

func (*movedRemoteError) Hint() string {
	return nameRepository
}

// GitHubRemotes lists the remotes on hosts where gh is logged in, ordered by repository, and the hosts of the others.
func GitHubRemotes(ctx context.Context, tree *worktree.Tree) (remotes []RemoteRepository, others []string, err error) {
	all, err := tree.Remotes(ctx)
	if err != nil {
		return nil, nil, err
	}
	known, translator := auth.KnownHosts(), ssh.NewTranslator()
	for _, r := range all {
		repo, err := ParseRemote(r.URL, known, translator)
		if err != nil {
			continue // a path, or a host that is no forge: not GitHub
		}
		if own, err := ParseRemote(r.Configured, known, translator); err == nil && IsKnown(known, own.Host) && !IsKnown([]string{own.Host}, repo.Host) {
			// A rule (url.….insteadOf) may shorten an address; from one of gh's hosts to another it may not lead.
			return nil, nil, &movedRemoteError{r.Name, own.Host, repo.Host}
		}
		if !IsKnown(known, repo.Host) {
			others = append(others, auth.NormalizeHostname(repo.Host))
			continue
		}
		remotes = append(remotes, RemoteRepository{repo, r.Name, r.Resolved})
	}
	key := func(r RemoteRepository) string { return strings.ToLower(r.Host + "/" + r.Owner + "/" + r.Name) }
	sort.SliceStable(remotes, func(i, j int) bool { return key(remotes[i]) < key(remotes[j]) })
	return remotes, others, nil
}

// ParseRemote reads the URL of a remote, also in the short form of ssh (git@github.com:octo/analytics.git), and resolves
// an alias that the user's ssh configuration has for the host.
func ParseRemote(raw string, known []string, translator *ssh.Translator) (repository.Repository, error) {
	if user, path, found := strings.Cut(raw, ":"); found && !strings.Contains(raw, "://") && !strings.ContainsAny(user, `/\`) {
		raw = "ssh://" + user + "/" + strings.TrimPrefix(path, "/")
	}
	u, err := url.Parse(raw)
	if err != nil || !plainHost().MatchString(u.Hostname()) {
		return repository.Repository{}, fmt.Errorf("not the address of a repository: %q", raw)
	}
	if u.Scheme == "ssh" && !IsKnown(known, u.Hostname()) {
		u = translator.Translate(u)
	}
	return plainRepository(repository.ParseWithHost(u.String(), ""))
}

// plainHost is what a host is called: it becomes part of addresses and of the commands that hints show, and may become an
// argument of ssh as well.
var plainHost = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`) })

// plainRepository refuses names that GitHub does not have. It takes what a function of package repository returned.
func plainRepository(repo repository.Repository, err error) (repository.Repository, error) {
	if err != nil {
		return repository.Repository{}, err
	}
	for _, part := range []struct {
		what, value string
		plain       bool
	}{
		{"host", repo.Host, plainHost().MatchString(repo.Host)},
		{"owner", repo.Owner, github.IsOwner(repo.Owner)},
		{"repository", repo.Name, github.IsName(repo.Name)},
	} {
		if !part.plain {
			return repository.Repository{}, fmt.Errorf(`expected the "[HOST/]OWNER/REPO" format: %q is not the name of a %s`, part.value, part.what)
		}
	}
	return repo, nil
}

// IsKnown reports whether a host is among hosts, which gh has logins for.
func IsKnown(hosts []string, host string) bool {
	return slices.ContainsFunc(hosts, func(h string) bool {
		return strings.EqualFold(auth.NormalizeHostname(h), auth.NormalizeHostname(host))
	})
}
