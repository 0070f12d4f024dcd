package worktree

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/core/leak"
)

// maxPush bounds the list of refs that git hands to its pre-push hook, in bytes.
const maxPush = 16 << 20

// ErrPushList means that what was read is not the list that git hands to its pre-push hook.
var ErrPushList = errors.New("not the list of refs that git hands to a pre-push hook")

// Push is what git tells its pre-push hook. Remote is the name of the remote, or its URL when it has no name; empty when
// it is not known.
type Push struct {
	Remote  string
	Updates []Update
}

// Update is one ref that a push changes. Local and Remote are object IDs: what it is to become, all zeros for a deletion,
// and what it is on the remote, all zeros for a new one.
type Update struct {
	LocalRef, Local, RemoteRef, Remote string
}

// ReadPush reads the list of refs that git hands to its pre-push hook. The error wraps ErrPushList or is the reader's.
func ReadPush(r io.Reader) ([]Update, error) {
	var all []Update
	list := &io.LimitedReader{R: r, N: maxPush + 1}
	lines := bufio.NewScanner(list)
	for lines.Scan() {
		if lines.Text() == "" {
			continue // of a hook that hands on nothing as a line
		}
		parts := strings.Split(lines.Text(), " ")
		n := len(parts) // the first field is what was typed, and may hold spaces itself
		if n < 4 || !IsObjectID(parts[n-3]) || !IsObjectID(parts[n-1]) {
			return nil, fmt.Errorf("line %d: %w", len(all)+1, ErrPushList)
		}
		all = append(all, Update{LocalRef: strings.Join(parts[:n-3], " "), Local: parts[n-3], RemoteRef: parts[n-2], Remote: parts[n-1]})
	}
	if list.N == 0 {
		return nil, fmt.Errorf("more than %d MiB of refs: %w", maxPush>>20, ErrPushList)
	}
	return all, lines.Err()
}

// IsObjectID tells the ID of an object of git, in whole.
func IsObjectID(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}

func isZero(id string) bool { return strings.Trim(id, "0") == "" }

// Resolve returns the ID of the object that a revision names, such as "refs/heads/main".
func (t *Tree) Resolve(ctx context.Context, revision string) (string, error) {
	return t.git.line(ctx, t.root, "rev-parse", "--verify", "--quiet", "--end-of-options", revision)
}

// sent is what the updates bring to the remote: what they reach, less what the remote is known to have.
func (t *Tree) sent(ctx context.Context, remote string, updates []Update) (revisions, error) {
	var include, known []string
	for _, u := range updates {
		if !isZero(u.Local) {
			include = append(include, u.Local)
		}
		if !isZero(u.Remote) {
			known = append(known, u.Remote)
		}
	}
	if len(include) == 0 {
		return revisions{}, nil
	}
	here, err := t.present(ctx, known)
	if err != nil {
		return revisions{}, err
	}
	for _, id := range here {
		include = append(include, "^"+id)
	}
	return revisions{args: []string{"--not", remoteRefs(remote)}, input: strings.Join(include, "\n") + "\n"}, nil
}

// remoteRefs is the flag for what git knows of a remote; an empty name stands for all remotes.
func remoteRefs(remote string) string {
	if remote == "" {
		return "--remotes"
	}
	return "--remotes=" + escapeGlob(remote)
}

// present returns those of the objects that are in this clone: what somebody else pushed meanwhile need not be.
func (t *Tree) present(ctx context.Context, ids []string) ([]string, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	out, err := t.git.run(ctx, t.root, []byte(strings.Join(ids, "\n")+"\n"), "cat-file", "--batch-check=%(objectname)")
	var here []string
	for line := range strings.Lines(string(out)) {
		if id := strings.TrimSuffix(line, "\n"); IsObjectID(id) {
			here = append(here, id)
		}
	}
	return here, err
}

// Sending is a push that is judged. What git has to say of it is asked once.
type Sending struct {
	tree      *Tree
	push      Push
	paths     []string
	revisions func() (revisions, error)
	changed   func() ([]version, error) // of .env files and of the paths
}

// Sending prepares to judge a push. The paths, which may be pathspecs of git, are those that Commits asks about.
func (t *Tree) Sending(ctx context.Context, p Push, paths ...string) *Sending {
	s := &Sending{tree: t, push: p, paths: paths}
	s.revisions = sync.OnceValues(func() (revisions, error) { return t.sent(ctx, p.Remote, p.Updates) })
	s.changed = sync.OnceValues(func() ([]version, error) {
		r, err := s.revisions()
		if err != nil || r.input == "" {
			return nil, err
		}
		return t.changes(ctx, r, append(envPathspecs(), paths...)...)
	})
	return s
}

// Commits returns the commits that the pushed refs are to name, each once, as far as the push of that ref changes one of
// the paths; deleting counts.
func (s *Sending) Commits(ctx context.Context) ([]string, error) {
	alone := len(s.push.Updates) == 1
	if alone { // what one of several refs brings is no news together with another one
		changed, err := s.changed()
		if err != nil || !slices.ContainsFunc(changed, func(v version) bool { return !isEnvFile(v.path) }) {
			return nil, err
		}
	}
	var commits []string
	for _, u := range s.push.Updates {
		brings := s.revisions
		if !alone {
			brings = func() (revisions, error) { return s.tree.sent(ctx, s.push.Remote, []Update{u}) }
		}
		commit, err := s.tree.changing(ctx, brings, u, s.paths)
		if err != nil {
			return nil, err
		}
		if commit != "" && !slices.Contains(commits, commit) {
			commits = append(commits, commit)
		}
	}
	return commits, nil
}

// changing returns the commit that a ref is to name when the push of it alone changes one of the paths, else nothing.
func (t *Tree) changing(ctx context.Context, brings func() (revisions, error), u Update, paths []string) (string, error) {
	r, err := brings()
	if err != nil || r.input == "" {
		return "", err
	}
	changed, err := t.git.run(ctx, t.root, []byte(r.input), append(r.command("rev-list", "--max-count=1"), paths...)...)
	if err != nil || len(changed) == 0 {
		return "", err
	}
	commit, err := t.Resolve(ctx, u.Local+"^{commit}")
	return commit, failure(err)
}

// Checks returns token-leaked and env-tracked for what a push sends, and nothing else: neither the work tree nor what the
// remote has already. host is where tokens are revoked, such as https://eu.hex.tech.
func (s *Sending) Checks(host string) []check.Check {
	return []check.Check{
		{ID: "env-tracked", Group: check.GroupFiles, Title: "No .env file is pushed", Run: s.env},
		{ID: "token-leaked", Group: check.GroupFiles, Title: "No Hex token is pushed", Run: func(ctx context.Context) check.Result {
			r, err := s.revisions()
			if err != nil {
				return check.Unknown(err.Error(), "")
			}
			if r.input == "" {
				return check.Skip("nothing is sent")
			}
			search := newSearch(s.tree, LeakOptions{Host: host})
			search.pushing, search.where = true, " in a commit to be pushed"
			search.searchNames(s.push.Updates)
			err = search.searchRevisions(ctx, r)
			return search.result(err, "no Hex token in "+counted(search.commits, "commit"))
		}},
	}
}

// searchNames looks at what the refs are to be called on the remote.
func (s *search) searchNames(updates []Update) {
	for _, u := range updates {
		if s.addName(u.RemoteRef) {
			s.addWay("the name: push it under another one")
		}
	}
}

// searchRefs looks at the names of branches and, with the history, of tags.
func (s *search) searchRefs(ctx context.Context) error {
	args := []string{"for-each-ref", "--format=%(refname)", "refs/heads"}
	if s.options.History {
		args = append(args, "refs/tags")
	}
	out, err := s.tree.git.run(ctx, s.tree.root, nil, args...)
	s.mu.Lock()
	defer s.mu.Unlock()
	for ref := range strings.Lines(string(out)) {
		switch ref = strings.TrimSuffix(ref, "\n"); {
		case !s.addName(ref):
		case strings.HasPrefix(ref, "refs/tags/"):
			s.addWay("the tag's name: git tag NEW OLD, git tag --delete OLD")
		default:
			s.addWay("the branch's name: git branch --move OLD NEW")
		}
	}
	return err
}

// addName takes in what is found in the name of a ref, and tells whether anything was.
func (s *search) addName(ref string) bool {
	matches := outside(leak.Find([]byte(ref)))
	for _, m := range matches {
		s.add(check.Finding{}, m, "the name of the ref %s", leak.Mask(ref))
	}
	return len(matches) > 0
}

// env judges every .env file that the push brings in, whether or not a later commit takes it out again.
func (s *Sending) env(ctx context.Context) check.Result {
	if r, err := s.revisions(); err == nil && r.input == "" {
		return check.Skip("nothing is sent")
	}
	changed, err := s.changed()
	if err != nil {
		return check.Unknown(err.Error(), "")
	}
	versions, err := s.tree.envVersions(ctx, changed)
	if err != nil {
		return check.Unknown(err.Error(), "")
	}
	var v verdict
	for _, sent := range gather(versions) {
		fix := "take it out of the commits (" + s.tree.rewriting(ctx, sent.commit, untracking(sent.path)) + ")"
		if sent.held.token() {
			fix += ", and revoke the token that it held"
		}
		v.add(sent.inPush(), fix)
	}
	return v.without(s.tree.accepted("env-tracked"), false).result("no .env file is pushed")
}

// untracking are the steps that take a file out of a commit, and leave it in the work tree.
func untracking(path string) steps {
	return steps{stop: "edit", inside: []string{cmp.Or(command("git rm --cached", path), "git rm --cached and the file"), "git commit --amend --no-edit"}}
}

// Unsent is what else could be pushed to the remote: the branches and tags of this clone that p does not send, as far as the
// remote is not known to have their commits. Some tools hand over a part of a push only.
func (t *Tree) Unsent(ctx context.Context, p Push) (Push, error) {
	out, err := t.git.run(ctx, t.root, nil, "for-each-ref", "--format=%(objectname) %(refname)", "refs/heads", "refs/tags")
	if err != nil {
		return Push{}, err
	}
	others := Push{Remote: p.Remote}
	for line := range strings.Lines(string(out)) {
		id, ref, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if !slices.ContainsFunc(p.Updates, func(u Update) bool { return u.Local == id }) {
			others.Updates = append(others.Updates, Update{LocalRef: ref, Local: id, RemoteRef: ref, Remote: strings.Repeat("0", len(id))})
		}
	}
	for _, u := range p.Updates { // what these bring is judged already
		others.Updates = append(others.Updates, Update{LocalRef: u.LocalRef, Local: strings.Repeat("0", len(u.Local)), RemoteRef: u.RemoteRef, Remote: u.Local})
	}
	r, err := t.sent(ctx, others.Remote, others.Updates)
	if err != nil || r.input == "" {
		return Push{}, err
	}
	out, err = t.git.run(ctx, t.root, []byte(r.input), r.command("rev-list", "--max-count=1")...)
	if err != nil || len(out) == 0 {
		return Push{}, err
	}
	return others, nil
}

// FileAt reads a regular file of at most limit bytes as it stands in a commit; false when there is none.
func (t *Tree) FileAt(ctx context.Context, commit, path string, limit int) ([]byte, bool) {
	entries, err := t.entries(ctx, commit, path)
	if err != nil || len(entries) != 1 || entries[0].path != path {
		return nil, false
	}
	return t.Blob(ctx, entries[0].blob, limit)
}

// FilesAt reads the regular files of at most limit bytes right in a folder as it stands in a commit. paths are those of all
// that are wanted.
func (t *Tree) FilesAt(ctx context.Context, commit, folder string, limit int, wanted func(path string) bool) (paths []string, texts map[string][]byte, err error) {
	entries, err := t.entries(ctx, commit, folder+"/")
	if err != nil {
		return nil, nil, err
	}
	var ids []string
	byID := map[string][]string{}
	for _, e := range entries {
		if wanted(e.path) {
			paths, ids, byID[e.blob] = append(paths, e.path), append(ids, e.blob), append(byID[e.blob], e.path)
		}
	}
	texts = map[string][]byte{}
	err = t.readBlobs(ctx, ids, int64(limit), func(id string, data []byte) {
		for _, path := range byID[id] {
			texts[path] = data
		}
	})
	return paths, texts, err
}

// AllAt returns the paths of all files of a commit.
func (t *Tree) AllAt(ctx context.Context, commit string) ([]string, error) {
	out, err := t.git.run(ctx, t.root, nil, "ls-tree", "-r", "-z", "--name-only", "--full-tree", commit)
	return fields(out), err
}

func (t *Tree) entries(ctx context.Context, commit, path string) ([]version, error) {
	out, err := t.git.run(ctx, t.root, nil, "ls-tree", "-z", "--full-tree", commit, "--", path)
	var files []version
	for _, record := range fields(out) {
		about, name, _ := strings.Cut(record, "\t")
		parts := strings.Fields(about)
		if len(parts) == 3 && strings.HasPrefix(parts[0], "100") {
			files = append(files, version{committed: committed{path: name, commit: commit}, blob: parts[2]})
		}
	}
	return files, err
}
