package worktree

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"
	"sync"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/core/leak"
)

// maxFindings bounds how many places are reported.
const maxFindings = 1000

// LeakOptions says where to look for tokens, and where they are revoked.
type LeakOptions struct {
	// History looks at everything that any ref or reflog reaches, not only at commits that no remote has.
	History bool
	// Host is the origin of the Hex host, such as https://eu.hex.tech.
	Host string
	// Accepts asks that host whether it still accepts a token that was found; nil asks nothing.
	Accepts func(context.Context, core.Token) (bool, error)
}

// LeakCheck returns token-leaked: a Hex token in a file that git tracks or does not ignore, or in commits that HEAD
// reaches and no remote has. What is staged counts, whether or not the file still holds it. Its findings never hold a token.
func LeakCheck(t *Tree, o LeakOptions) check.Check {
	return check.Check{ID: "token-leaked", Group: check.GroupFiles, Title: "No Hex token is in files or commits", Run: func(ctx context.Context) check.Result {
		s := newSearch(t, o, " in a commit that no remote has")
		if o.History {
			s.where = " in the history"
		}
		var wg sync.WaitGroup
		var filesErr, stagedErr, commitsErr error
		var staged []location
		wg.Go(func() { filesErr = s.searchFiles(ctx) })
		wg.Go(func() { staged, stagedErr = t.searchIndex(ctx, s.accepted) })
		wg.Go(func() { commitsErr = s.searchCommits(ctx) })
		wg.Wait()
		s.addStaged(staged)
		return s.result(errors.Join(filesErr, stagedErr, commitsErr, s.ask(ctx)), "no Hex token in "+s.seen())
	}}
}

// search is one search for tokens.
type search struct {
	tree     *Tree
	options  LeakOptions
	pushing  bool
	where    string // of what stands in a commit
	accepted *accepted

	mu       sync.Mutex
	findings []check.Finding
	listed   map[bool]int          // findings that are accepted, and those that are not
	tokens   map[string]core.Token // what was found, by its fingerprint
	dropped  int
	files    int
	unread   []error
	notes    []string

	staged  bool // what is staged has one
	commits int
	rewrite string // what takes a token out of commits or tags, which it names first; empty when none has one
	rename  bool   // the name of a ref has one
	kept    string // who has what stands in the history; empty when that is not known
}

func newSearch(t *Tree, o LeakOptions, where string) *search {
	return &search{tree: t, options: o, where: where, accepted: t.accepted("token-leaked"), listed: map[bool]int{}, tokens: map[string]core.Token{}}
}

// seen says what was looked at.
func (s *search) seen() string {
	commits := counted(s.commits, "commit")
	if !s.options.History {
		commits += " that no remote has"
	}
	return counted(s.files, "file") + " and " + commits
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// addFile takes in what was found in a file of the work tree, and in its name.
func (s *search) addFile(name string, matches []leak.Match, err error) {
	inName := leak.Find([]byte(name))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files++
	if err != nil && len(s.unread) < 3 {
		s.unread = append(s.unread, err)
	}
	shown := name
	if len(inName)+len(matches) > 0 {
		shown = leak.Mask(name)
	}
	if len(matches) == leak.MaxMatches {
		s.dropped++ // what follows was not looked at
	}
	for _, m := range inName {
		s.add(check.Finding{File: shown}, m, "the name of %s", shown)
	}
	for _, m := range matches {
		s.add(check.Finding{File: shown, Line: m.Line, Column: m.Column}, m, "%s", shown)
	}
}

// add completes a finding with a match, and says of what the subject holds.
func (s *search) add(f check.Finding, m leak.Match, subject string, args ...any) {
	s.addAt(f, m, "", subject, args...)
}

// addAt is add for a subject that needs to be told where it stands, such as " in a commit that no remote has".
func (s *search) addAt(f check.Finding, m leak.Match, where, subject string, args ...any) {
	f.Fingerprint = s.remember(m.Token)
	accepted := s.accepted.covers(m)
	if s.listed[accepted] == maxFindings {
		if !accepted {
			s.dropped++
		}
		return
	}
	s.listed[accepted]++
	f.Severity = check.SeverityError
	if !m.Certain {
		f.Severity = check.SeverityWarning
	}
	f.Message = says(fmt.Sprintf(subject, args...), m) + where
	s.findings = append(s.findings, f)
}

// says is the sentence about a match in a subject.
func says(subject string, m leak.Match) string {
	what := "a Hex token"
	if !m.Certain {
		what = "what may be a Hex token"
	}
	form := ""
	if m.Form == leak.FormBase64 || m.Form == leak.FormUTF16 {
		form = " in " + m.Form
	}
	return fmt.Sprintf("%s holds %s (%s)%s", subject, what, m.Masked, form)
}

// searchCommits looks at what a push could send, or at all the history.
func (s *search) searchCommits(ctx context.Context) error {
	if s.options.History {
		return s.searchHistory(ctx)
	}
	if _, err := s.tree.git.line(ctx, s.tree.root, "rev-parse", "--quiet", "--verify", "HEAD"); err != nil {
		return failure(err) // nothing is committed yet
	}
	return s.searchRevisions(ctx, unpushed())
}

func (s *search) searchRevisions(ctx context.Context, r revisions) error {
	found, err := s.tree.readObjects(ctx, r, s.accepted)
	if err != nil {
		return err
	}
	if found.missing > 0 {
		s.note("what this partial clone left on its remote was not read: %s", counted(found.missing, "object"))
	}
	if found.boundary {
		err = fmt.Errorf("this clone is shallow: only the newest %s were searched", counted(found.commits, "commit"))
	}
	return errors.Join(err, s.addObjects(ctx, r, found))
}

func (s *search) searchHistory(ctx context.Context) error {
	found, err := s.tree.readAllObjects(ctx, s.accepted)
	if err != nil {
		return err
	}
	return errors.Join(s.tree.incomplete(ctx, found), s.addObjects(ctx, everything(), found))
}

// incomplete says which share of the history was not seen; nil when all of it was.
func (t *Tree) incomplete(ctx context.Context, found objects) error {
	var parts []string
	if found.boundary {
		parts = append(parts, fmt.Sprintf("this clone is shallow: only its %s were searched", counted(found.commits, "commit")))
	}
	partial, err := t.git.run(ctx, t.root, nil, "config", "--get-regexp", `^(remote\..*\.promisor|extensions\.partialclone)$`)
	if err := failure(err); err != nil {
		return err
	}
	if len(partial) > 0 {
		there, missing, err := t.countObjects(ctx)
		if err != nil {
			return err
		}
		if missing > 0 {
			parts = append(parts, fmt.Sprintf("this clone is partial: %d of at least %d objects were searched, the rest is on the remote", there, there+missing))
		}
	}
	if len(parts) == 0 {
		return nil
	}
	return errors.New(strings.Join(parts, "; "))
}

func (s *search) note(format string, args ...any) {
	s.notes = append(s.notes, fmt.Sprintf(format, args...))
}

// addObjects takes in what was found in git's objects. A token that stays in a file through many commits is reported
// with the first one.
func (s *search) addObjects(ctx context.Context, r revisions, found objects) error {
	places, err := s.tree.locate(ctx, r, found.hits)
	var have owners
	if s.options.History && len(places) > 0 {
		var unknown error
		have, unknown = s.tree.owners(ctx, places)
		err = errors.Join(err, unknown)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commits, s.dropped = found.commits, s.dropped+found.dropped
	seen := map[string]string{}
	for _, p := range places {
		for _, m := range p.matches {
			key := p.kind + "\x00" + p.path + "\x00" + m.Masked
			if first, known := seen[key]; known && first != p.id && p.kind == "blob" {
				continue
			}
			seen[key] = p.id
			s.addPlace(p, m, cmp.Or(have.where(p), s.where))
		}
	}
	open := s.accepted.open(places)
	s.rewrite, s.kept = s.tree.wayOut(ctx, open), have.said(open)
	return err
}

func (s *search) addPlace(p location, m leak.Match, where string) {
	path := leak.Mask(p.path)
	switch p.kind {
	case "commit":
		s.add(check.Finding{Line: m.Line, Column: m.Column, Commit: p.commit}, m, "the message of commit %.7s", p.commit)
	case "tag":
		s.add(check.Finding{Line: m.Line, Column: m.Column}, m, "the message of tag %s", path)
	case "tree":
		s.addAt(check.Finding{File: path, Commit: p.commit}, m, where, "the name of %s", path)
	default:
		s.addAt(check.Finding{File: path, Line: m.Line, Column: m.Column, Commit: p.commit}, m, where, "%s", path)
	}
}

// result judges what was found. What could not be looked at makes it unknown unless there is something worse to say.
func (s *search) result(err error, fine string) check.Result {
	sort.SliceStable(s.findings, func(i, j int) bool { return before(s.findings[i], s.findings[j]) })
	if s.dropped > 0 {
		s.note("%d more places are not listed", s.dropped)
	}
	if len(s.unread) > 0 {
		err = errors.Join(err, fmt.Errorf("not every file could be read: %w", errors.Join(s.unread...)))
	}
	accepted := s.accepted.apply(s.findings)
	r := check.Judge(s.findings, apart(fine, accepted), s.fix())
	if s.dropped > 0 && r.Status == check.StatusOK {
		err = errors.Join(err, errors.New("there are more tokens than are looked at, and not all of them are accepted for sure"))
	}
	if err != nil && (r.Status == check.StatusOK || r.Status == check.StatusWarning) {
		r.Status, r.Message = check.StatusUnknown, oneLine(err)
	} else if err != nil {
		s.note("%s", oneLine(err))
	}
	for _, n := range s.notes {
		r.Findings = append(r.Findings, check.Finding{Severity: check.SeverityNote, Message: n})
	}
	r.Findings = append(r.Findings, s.accepted.notes(s.options.History && err == nil && s.dropped == 0)...)
	return r
}

// before puts files before commits, which stay as they are: the oldest first.
func before(a, b check.Finding) bool {
	switch {
	case a.Commit != "":
		return false
	case b.Commit != "":
		return true
	}
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column)) < 0
}

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// fix says how to make a token worthless, and how to get it out of what is not public yet.
func (s *search) fix() string {
	fix := fmt.Sprintf("revoke it in Hex (%s: Settings → API keys), then take it out of ", s.options.Host)
	switch {
	case s.options.History && s.kept != "":
		return fix + "the files; " + s.kept
	case s.pushing && s.rewrite == "":
		return fix + "the name: push it under another one"
	case s.pushing && s.rename:
		return fix + "the name and " + s.rewrite
	case s.pushing:
		return fix + s.rewrite
	case s.rewrite != "":
		return fix + "the files and " + s.rewrite
	case s.staged:
		return fix + "the files, and git add those that are staged"
	}
	return fix + "the files"
}

// countObjects counts the objects of the history that are here, and those that a partial clone left on its remote.
func (t *Tree) countObjects(ctx context.Context) (there, missing int, err error) {
	args := everything().command("rev-list", "--objects", "--no-object-names", "--missing=print")
	err = t.git.stream(ctx, t.root, nil, func(out io.Reader) error {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if bytes.HasPrefix(lines.Bytes(), []byte("?")) {
				missing++
			} else {
				there++
			}
		}
		return lines.Err()
	}, args...)
	return there, missing, err
}
