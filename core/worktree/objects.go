package worktree

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/gh-hex/gh-hex/core/leak"
)

const (
	// maxMessage bounds a commit or tag that is read whole, in bytes.
	maxMessage = 1 << 20
	// maxHits bounds the objects with tokens that are remembered.
	maxHits = 1000
	// maxInObject bounds the tokens of one object that are remembered.
	maxInObject = 20
)

// revisions name commits, tags and all they consist of, as "git rev-list" takes them.
type revisions struct {
	args  []string
	input string // lines for --stdin
}

// unpushed is what HEAD reaches and no remote had when git last asked it; everything when there is no remote.
func unpushed() revisions { return revisions{args: []string{"HEAD", "--not", "--remotes"}} }

// everything is what any ref or reflog reaches: branches, tags, stashes, and what was rewritten not long ago.
func everything() revisions { return revisions{args: []string{"--all", "--reflog"}} }

// command is a command of git that takes revisions, such as rev-list, with its flags. Paths may follow.
func (r revisions) command(name string, flags ...string) []string {
	args := append([]string{name}, flags...)
	if r.input != "" {
		args = append(args, "--stdin")
	}
	return append(append(args, r.args...), "--")
}

// hit is an object with tokens in it. Lines are those of the message for a commit or a tag, 0 where they mean nothing.
type hit struct {
	id, kind string
	matches  []match
}

// objects is what was found in git's objects.
type objects struct {
	hits     []hit
	dropped  int // hits beyond maxHits
	commits  int
	missing  int             // left on the remote by a partial clone
	boundary bool            // the history goes on where this clone ends
	links    *links          // nil where nobody asks whether something is missing
	unopened map[uint64]bool // compressed ones that were not looked into
	unkept   map[string]bool // what git-lfs does not keep here
}

// readObjects looks into every object that the revisions consist of. All of them come through one pipe, and none is held
// as a whole.
func (s *search) readObjects(ctx context.Context, r revisions) (objects, error) {
	return s.look(ctx, nil, func(read func(io.Reader) error) error {
		return s.tree.git.pipe(ctx, s.tree.root, strings.NewReader(r.input),
			r.command("rev-list", "--objects", "--no-object-names", "--missing=print"), []string{"cat-file", "--batch", "--buffer"}, read)
	})
}

// readAllObjects looks into every object that is stored at all, in the order in which git reads them fastest. Not all of
// them need be part of the history.
func (s *search) readAllObjects(ctx context.Context) (objects, error) {
	return s.look(ctx, newLinks(), func(read func(io.Reader) error) error {
		return s.tree.git.stream(ctx, s.tree.root, nil, read, "cat-file", "--batch", "--buffer", "--batch-all-objects", "--unordered")
	})
}

// look looks into what git prints. What git-lfs keeps is read when git has ended: it could take longer than git may wait.
func (s *search) look(ctx context.Context, l *links, run func(read func(io.Reader) error) error) (objects, error) {
	o := &objectReader{
		objects: objects{unopened: map[uint64]bool{}, unkept: map[string]bool{}, links: l},
		shallow: s.tree.shallowCommits(), contents: s.newContents(ctx), accepted: s.accepted,
	}
	defer o.contents.close()
	if err := run(o.read); err != nil {
		return o.objects, err
	}
	for _, p := range o.pointers {
		f, err := o.contents.follow(p.to)
		if err != nil {
			return o.objects, err
		}
		o.keep(hit{p.id, "blob", f.matches})
		f.count(o.unopened, o.unkept)
	}
	return o.objects, nil
}

// shallowCommits are those whose parents this clone lacks.
func (t *Tree) shallowCommits() map[string]bool {
	data, err := readWhole(t.commonDir, "shallow", maxOutput)
	if err != nil {
		return nil
	}
	all := map[string]bool{}
	for id := range strings.FieldsSeq(string(data)) {
		all[id] = true
	}
	return all
}

// objectReader reads what "git cat-file --batch" prints.
type objectReader struct {
	objects
	shallow  map[string]bool
	contents contents
	message  []byte
	accepted *accepted
	pointers []pointed
}

// pointed is a blob that is a pointer of git-lfs.
type pointed struct {
	id string
	to pointer
}

// errFraming means that git's output is not what was agreed on.
var errFraming = errors.New("unexpected output of git cat-file")

// eachObject reads what "git cat-file --batch" prints. What take leaves of the content of an object is passed over. missing
// counts those that are not here.
func eachObject(out io.Reader, take func(id, kind string, body *io.LimitedReader) error) (missing int, err error) {
	in := bufio.NewReaderSize(out, 128<<10)
	for {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return missing, nil
		}
		if err != nil {
			return missing, errors.Join(errFraming, err)
		}
		parts := strings.Fields(string(line))
		if len(parts) == 2 && parts[1] == "missing" {
			missing++
			continue
		}
		if len(parts) != 3 {
			return missing, errFraming
		}
		size, err := strconv.ParseInt(parts[2], 10, 64)
		if err != nil || size < 0 {
			return missing, errFraming
		}
		body := &io.LimitedReader{R: in, N: size}
		if err = take(parts[0], parts[1], body); err == nil {
			err = passOver(in, body)
		}
		if err != nil {
			return missing, fmt.Errorf("read object %s: %w", parts[0], err)
		}
	}
}

// readBlobs hands on those of the blobs that have at most limit bytes.
func (t *Tree) readBlobs(ctx context.Context, ids []string, limit int64, take func(id string, data []byte)) error {
	if len(ids) == 0 {
		return nil
	}
	return t.git.stream(ctx, t.root, strings.NewReader(strings.Join(ids, "\n")+"\n"), func(out io.Reader) error {
		_, err := eachObject(out, func(id, kind string, body *io.LimitedReader) error {
			if kind != "blob" || body.N > limit {
				return nil
			}
			data, err := io.ReadAll(body)
			if err == nil && body.N == 0 {
				take(id, data)
			}
			return err
		})
		return err
	}, "cat-file", "--batch", "--buffer")
}

// passOver reads the rest of an object and the line end behind it.
func passOver(in *bufio.Reader, body *io.LimitedReader) error {
	if _, err := io.Copy(io.Discard, body); err != nil {
		return err
	}
	if body.N > 0 {
		return io.ErrUnexpectedEOF
	}
	if c, err := in.ReadByte(); err != nil || c != '\n' {
		return errors.Join(errFraming, err)
	}
	return nil
}

func (o *objectReader) read(out io.Reader) (err error) {
	o.missing, err = eachObject(out, o.object)
	return err
}

func (o *objectReader) object(id, kind string, body *io.LimitedReader) error {
	if kind == "commit" {
		o.commits++
		o.boundary = o.boundary || o.shallow[id]
	}
	f, to, err := o.scan(id, kind, body)
	if err != nil {
		return err
	}
	if to != (pointer{}) {
		o.pointers = append(o.pointers, pointed{id, to})
	}
	o.keep(hit{id, kind, f.matches})
	f.count(o.unopened, o.unkept)
	return nil
}

func (o *objectReader) scan(id, kind string, body *io.LimitedReader) (f found, to pointer, err error) {
	switch {
	case kind == "blob":
		f, to, err = o.contents.scan(body, body.N)
		o.connect(id, kind, nil)
	case body.N <= maxMessage:
		f.matches, err = o.readMessage(kind, body)
		o.connect(id, kind, o.message)
	default:
		var matches []leak.Match
		matches, err = o.contents.scanner.Scan(body)
		f.matches = outside(matches)
		if o.links != nil {
			o.links.unclear = true
		}
	}
	return f, to, err
}

// connect notes what an object names, where somebody asks.
func (o *objectReader) connect(id, kind string, content []byte) {
	if o.links != nil {
		o.links.add(id, kind, content, o.shallow[id])
	}
}

// keep remembers what is not accepted before what is: the rest of an object with many tokens is dropped.
func (o *objectReader) keep(h hit) {
	if len(h.matches) == leak.MaxMatches {
		o.dropped++ // what follows was not looked at
	}
	if len(h.matches) > maxInObject {
		slices.SortStableFunc(h.matches, func(a, b match) int { return cmp.Compare(o.accepted.rank(a.Match), o.accepted.rank(b.Match)) })
	}
	switch {
	case len(h.matches) == 0:
	case len(o.hits) == maxHits:
		o.dropped++
	default:
		h.matches = h.matches[:min(len(h.matches), maxInObject)]
		o.hits = append(o.hits, h)
	}
}

// readMessage reads a commit, a tag or a tree. In the first two it counts lines from the first one of the message. What
// stands before it has none: it is in a field, such as the author's name.
func (o *objectReader) readMessage(kind string, body *io.LimitedReader) ([]match, error) {
	o.message = append(o.message[:0], make([]byte, body.N)...)
	if _, err := io.ReadFull(body, o.message); err != nil {
		return nil, err
	}
	matches := outside(leak.Find(o.message))
	if len(matches) == 0 || kind == "tree" {
		return matches, nil
	}
	head, _, _ := bytes.Cut(o.message, []byte("\n\n"))
	lines := bytes.Count(head, []byte("\n")) + 2
	for i := range matches {
		m := &matches[i]
		if m.Line -= lines; m.Line <= 0 {
			m.in = field(head[:min(m.Offset, int64(len(head)))])
			m.Line, m.Column = 0, 0
		}
	}
	return matches, nil
}

// field says in which field of a commit or tag something stands, by what is before it.
func field(before []byte) string {
	line := before[bytes.LastIndexByte(before, '\n')+1:]
	name, value, _ := strings.Cut(string(line), " ")
	switch {
	case name != "author" && name != "committer" && name != "tagger":
		return "head"
	case strings.Contains(value, "<"):
		return name + "'s address"
	}
	return name + "'s name"
}

// location is where an object stands in the history: its path, and the commit that brought it in. A commit has no path, a
// tag its name for one.
type location struct {
	hit
	path, commit string
}

// locate walks the history from its beginning, and returns where the hits stand, each once and the oldest first; what is
// no part of these revisions is left out. A tree was hit because of the names in it, so that these stand in its place.
func (t *Tree) locate(ctx context.Context, r revisions, hits []hit) ([]location, error) {
	if len(hits) == 0 {
		return nil, nil
	}
	l := locator{wanted: map[string]hit{}}
	for _, h := range hits {
		l.wanted[h.id] = h
	}
	flags := []string{"--objects", "--in-commit-order", "--topo-order", "--reverse", "--missing=print"}
	if err := t.git.stream(ctx, t.root, strings.NewReader(r.input), l.read, r.command("rev-list", flags...)...); err != nil {
		return nil, err
	}
	var all []location
	for _, found := range l.found {
		switch found.kind {
		case "tree":
			all = append(all, t.named(ctx, found)...)
		case "blob":
			found.path = t.exactPath(ctx, found)
			all = append(all, t.asNote(ctx, found))
		default:
			all = append(all, found)
		}
	}
	return all, ctx.Err()
}

// locator notes where the wanted objects stand in the history.
type locator struct {
	wanted map[string]hit
	commit string
	found  []location
}

// read takes lines of "<object>" for a commit, and of "<object> <path>" for what came with it.
func (l *locator) read(out io.Reader) error {
	lines := bufio.NewScanner(out)
	lines.Buffer(make([]byte, 64<<10), maxName)
	for lines.Scan() {
		id, path, named := strings.Cut(lines.Text(), " ")
		if !named {
			l.commit = id
		}
		if h, ok := l.wanted[id]; ok {
			delete(l.wanted, id)
			l.found = append(l.found, location{hit: h, path: path, commit: l.commit})
		}
	}
	return lines.Err()
}

// named lists what in a folder has a token in its name.
func (t *Tree) named(ctx context.Context, folder location) []location {
	out, err := t.git.run(ctx, t.root, nil, "ls-tree", "-z", "--name-only", folder.id)
	if err != nil {
		return nil
	}
	var all []location
	for _, name := range fields(out) {
		if matches := outside(leak.Find([]byte(name))); len(matches) > 0 {
			entry := location{hit: hit{id: folder.id, kind: "tree", matches: matches}, path: name, commit: folder.commit}
			if folder.path != "" {
				entry.path = folder.path + "/" + name
			}
			all = append(all, entry)
		}
	}
	return all
}

// exactPath asks the commit for the path of a blob: in the walk through the history, a path ends at a line feed.
func (t *Tree) exactPath(ctx context.Context, p location) string {
	out, err := t.git.run(ctx, t.root, nil, "diff-tree", "-r", "-z", "-m", "--root", "--raw", "--no-abbrev", "--no-renames", "--no-ext-diff", p.commit, "--")
	if err != nil {
		return p.path
	}
	for _, v := range parseLog(fields(out)) {
		if v.blob == p.id && strings.HasPrefix(v.path, p.path) {
			return v.path
		}
	}
	return p.path
}

// asNote makes the note of a commit out of a blob that stands where git keeps notes: at the ID of what it is about.
func (t *Tree) asNote(ctx context.Context, p location) location {
	id := strings.ReplaceAll(p.path, "/", "")
	if !IsObjectID(id) {
		return p
	}
	if here, err := t.present(ctx, []string{id}); err == nil && len(here) == 1 {
		p.kind, p.path = "note", id
	}
	return p
}
