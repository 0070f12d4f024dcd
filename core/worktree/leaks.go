package worktree

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
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
		s := newSearch(t, o)
		if o.History {
			s.where = " in the history"
		}
		var wg sync.WaitGroup
		var filesErr, stagedErr, commitsErr, refsErr error
		var staged []location
		wg.Go(func() { filesErr = s.searchFiles(ctx) })
		wg.Go(func() { staged, stagedErr = s.searchIndex(ctx) })
		wg.Go(func() { commitsErr = s.searchCommits(ctx) })
		wg.Go(func() { refsErr = s.searchRefs(ctx) })
		wg.Wait()
		s.addStaged(staged)
		return s.result(errors.Join(filesErr, stagedErr, commitsErr, refsErr, s.ask(ctx)), "no Hex token in "+s.seen())
	}}
}

// search is one search for tokens.
type search struct {
	tree     *Tree
	options  LeakOptions
	pushing  bool
	where    string // of what stands in a commit
	accepted *accepted

	archives archives

	mu       sync.Mutex
	findings []check.Finding
	listed   map[bool]int          // findings that are accepted, and those that are not
	tokens   map[string]core.Token // what was found, by its fingerprint
	dropped  int
	files    int
	commits  int
	unread   []error
	notes    []string
	unopened map[uint64]bool // compressed files that were not looked into
	unkept   map[string]bool // objects of git-lfs that are not here

	inFiles bool     // a file has one
	staged  bool     // what is staged has one
	ways    []string // that take tokens out of commits, tags, notes and names, which each names first
	kept    string   // who has what stands in the history; empty when that is not known
}

func newSearch(t *Tree, o LeakOptions) *search {
	return &search{tree: t, options: o, where: " in an unpushed commit", unopened: map[uint64]bool{}, unkept: map[string]bool{},
		accepted: t.accepted("token-leaked"), listed: map[bool]int{}, tokens: map[string]core.Token{}}
}

func (s *search) newContents(ctx context.Context) contents {
	c := contents{ctx: ctx, archives: &s.archives}
	if store, err := openFolder(s.tree.commonDir); err == nil {
		c.store = store
	}
	return c
}

// count takes in what could not be looked into.
func (s *search) count(unopened map[uint64]bool, unkept map[string]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.Copy(s.unopened, unopened)
	maps.Copy(s.unkept, unkept)
}

// seen says what was looked at.
func (s *search) seen() string {
	files := counted(s.files, "file")
	switch {
	case s.options.History:
		return files + " and " + counted(s.commits, "commit")
	case s.commits == 0:
		return files + " (no unpushed commits)"
	}
	return files + " and " + counted(s.commits, "unpushed commit")
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// addFile takes in what was found in a file of the work tree, and in its name.
func (s *search) addFile(name string, f found, err error) {
	inName := outside(leak.Find([]byte(name)))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files++
	f.count(s.unopened, s.unkept)
	if err != nil && len(s.unread) < 3 {
		s.unread = append(s.unread, err)
	}
	shown := name
	if len(inName)+len(f.matches) > 0 {
		shown = leak.Mask(name)
	}
	if len(f.matches) == leak.MaxMatches {
		s.dropped++ // what follows was not looked at
	}
	for _, m := range inName {
		s.inFiles = s.inFiles || !s.accepted.covers(m.Match)
		s.add(check.Finding{File: shown}, m, "the name of %s", shown)
	}
	s.addMatches(shown, f.matches)
}

func (s *search) addMatches(shown string, matches []match) {
	for _, m := range matches {
		s.inFiles = s.inFiles || !s.accepted.covers(m.Match)
		s.add(check.Finding{File: shown, Line: m.Line, Column: m.Column}, m, "%s", shown)
	}
}

// add completes a finding with a match, and says of what the subject holds.
func (s *search) add(f check.Finding, m match, subject string, args ...any) {
	s.addAt(f, m, "", subject, args...)
}

// addAt is add for a subject that needs to be told where it stands, such as " in an unpushed commit".
func (s *search) addAt(f check.Finding, m match, where, subject string, args ...any) {
	f.Fingerprint = s.remember(m.Token)
	accepted := s.accepted.covers(m.Match)
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
func says(subject string, m match) string {
	what := "a Hex token"
	if !m.Certain {
		what = "what may be a Hex token"
	}
	form := ""
	if m.Form == leak.FormBase64 || m.Form == leak.FormUTF16 {
		form = " in " + m.Form
	}
	if m.in != "" {
		form += " in " + m.in
	}
	return fmt.Sprintf("%s holds %s (%s)%s", subject, what, m.Masked, form)
}

// searchCommits looks at what a push could send, or at all the history.
func (s *search) searchCommits(ctx context.Context) error {
	if s.options.History {
		return s.searchHistory(ctx)
	}
	return s.tree.orUnborn(ctx, s.searchRevisions(ctx, unpushed()))
}

func (s *search) searchRevisions(ctx context.Context, r revisions) error {
	found, err := s.readObjects(ctx, r)
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
	found, err := s.readAllObjects(ctx)
	if err != nil {
		return err
	}
	there, missing, err := s.tree.countObjects(ctx, found.links)
	if err != nil {
		return err
	}
	return errors.Join(incomplete(found, there, missing), s.addObjects(ctx, everything(), found))
}

// incomplete says which share of the history was not seen; nil when all of it was.
func incomplete(found objects, there, missing int) error {
	var parts []string
	if found.boundary {
		parts = append(parts, fmt.Sprintf("this clone is shallow: only its %s were searched", counted(found.commits, "commit")))
	}
	if missing > 0 {
		parts = append(parts, fmt.Sprintf("this clone is partial: %d of at least %d objects were searched, the rest is on the remote", there, there+missing))
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
	s.count(found.unopened, found.unkept)
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
	open := s.accepted.open(places)
	for _, p := range open {
		s.inFiles = s.inFiles || !s.pushing && (p.kind == "blob" || p.kind == "tree")
	}
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
	if s.options.History {
		s.kept = s.tree.keepers(ctx, have, open)
	} else {
		s.addWay(s.tree.wayOutOfCommits(ctx, open))
	}
	s.addWay(wayOutOfTags(open))
	s.addWay(s.tree.wayOutOfNotes(ctx, open))
	return err
}

// addWay remembers what takes tokens out of one kind of place; nothing where it is empty.
func (s *search) addWay(way string) {
	if way != "" && !slices.Contains(s.ways, way) {
		s.ways = append(s.ways, way)
	}
}

func (s *search) addPlace(p location, m match, where string) {
	path, part := leak.Mask(p.path), "message"
	if p.kind == "commit" || p.kind == "tag" {
		part, m.in = cmp.Or(m.in, part), ""
	}
	link := "of"
	if part != "message" {
		link = "in"
	}
	switch p.kind {
	case "commit":
		s.add(check.Finding{Line: m.Line, Column: m.Column, Commit: p.commit}, m, "the %s %s commit %.7s", part, link, p.commit)
	case "tag":
		s.add(check.Finding{}, m, "the %s %s tag %s", part, link, path)
	case "note":
		s.add(check.Finding{Commit: p.path}, m, "the note of commit %.7s", p.path)
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
	if n := len(s.unkept); n > 0 && s.options.History {
		err = errors.Join(err, errors.New(unkept(n)))
	} else if n > 0 {
		s.note("%s", unkept(n))
	}
	if n := len(s.unopened); n > 0 && len(s.findings) == 0 {
		fine += "; " + unopened(n)
	} else if n > 0 {
		s.note("%s", unopened(n))
	}
	accepted := s.accepted.apply(s.findings)
	r := check.Judge(s.findings, apart(fine, accepted), s.fix())
	if s.dropped > 0 && r.Status == check.StatusOK {
		err = errors.Join(err, errors.New("there are too many tokens to look at each, so some may not be accepted"))
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

func unkept(n int) string {
	return "what git-lfs has of " + counted(n, "file") + " is not in this clone and was not searched (git lfs fetch --all)"
}

func unopened(n int) string {
	return counted(n, "compressed file") + " not searched, or not to the end (only zip and gzip are opened, up to 16 MiB, 64 MiB unpacked, and no archive inside another)"
}

// fix says how to make a token worthless, and how to get it out of what is not public yet.
func (s *search) fix() string {
	ways := s.ways
	switch {
	case s.inFiles && s.staged && len(ways) == 0:
		ways = []string{"the files, and git add those that are staged"}
	case s.inFiles:
		ways = append([]string{"the files"}, ways...)
	}
	fix := fmt.Sprintf("revoke it in Hex (%s: Settings → API keys)", s.options.Host)
	if len(ways) > 0 {
		fix += ", then take it out of " + strings.Join(ways, " and ")
	}
	if s.kept != "" {
		fix += "; " + s.kept
	}
	return fix
}

// countObjects counts the objects of the history that are here, and those that a partial clone left on its remote. Where
// nothing that was read names anything else, only the beginnings are left to ask for: git refuses those that are missing.
func (t *Tree) countObjects(ctx context.Context, l *links) (there, missing int, err error) {
	if l.whole() {
		_, err = t.git.run(ctx, t.root, nil, everything().command("rev-list", "--max-count=1")...)
		return 0, 0, err
	}
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
