package github

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
)

const (
	// maxBatch is how many repositories one query is about: GitHub looks up at most a hundred IDs at once.
	maxBatch = 100
	// maxText bounds the bytes of files that one query asks for. JSON makes at most six bytes of one, and of an answer
	// 8 MiB are read.
	maxText = 1 << 20
	// maxOfRepository bounds the bytes of one repository's workflows.
	maxOfRepository = 8 << 20
	// maxWorkflow is the size from which a workflow is not read: GitHub refuses it.
	maxWorkflow = 1 << 20
	// maxBlobs is how many files one query asks for.
	maxBlobs = 100
	// maxAlone is how many repositories are read over REST at a time.
	maxAlone = 8

	workflowFolder = ".github/workflows"
)

// Snapshot is what stands on the default branch of a repository, as far as its workflows go.
type Snapshot struct {
	Repository Repository
	// Commit is where the default branch was; empty for a repository without one, and where that is not known: later reads
	// are then of the default branch.
	Commit     string
	Files      []File // right in .github/workflows, by path
	Dependabot bool   // .github/dependabot.yml (or .yaml) is there
	// Environments that exist; only their names are known.
	Environments Listing
	// Err says why the workflows could not be read: they are then unknown, and never none.
	Err error
}

// Snapshots reads the default branches of repositories and yields each as soon as it is known, in no order and from several
// goroutines: many in one query, and over REST what a query leaves open. One group of files is in memory at a time, about a
// mebibyte.
func (c *Client) Snapshots(ctx context.Context, repos []Repository, yield func(Snapshot)) {
	unnamed := func(r Repository) bool { return r.NodeID == "" }
	if slices.ContainsFunc(repos, unnamed) { // by a server that does not tell
		c.alone(ctx, repos, yield)
		return
	}
	for batch := range slices.Chunk(repos, maxBatch) {
		c.snapshots(ctx, batch, yield)
	}
}

const treesQuery = `query($ids:[ID!]!){nodes(ids:$ids){...on Repository{nameWithOwner isPrivate forkingAllowed
defaultBranchRef{target{oid}}
workflows:object(expression:"HEAD:.github/workflows"){__typename ...on Tree{entries{name type mode object{__typename ...on Blob{id byteSize isBinary}}}}}
yml:object(expression:"HEAD:.github/dependabot.yml"){__typename}
yaml:object(expression:"HEAD:.github/dependabot.yaml"){__typename}
environments(first:100){totalCount nodes{name}}}}}`

// treeFields is how many fields it asks of a repository.
const treeFields = 8

const blobsQuery = `query($ids:[ID!]!){nodes(ids:$ids){...on Blob{id byteSize isBinary isTruncated text}}}`

// tree is a repository as the query describes it.
type tree struct {
	NameWithOwner    string
	IsPrivate        *bool
	ForkingAllowed   *bool
	DefaultBranchRef *struct{ Target struct{ OID string } }
	Workflows        *struct {
		Typename string `json:"__typename"`
		Entries  []treeEntry
	}
	YML, YAML    *struct{}
	Environments *struct {
		TotalCount int
		Nodes      []struct{ Name string }
	}
}

type treeEntry struct {
	Name, Type string
	Mode       int
	Object     *struct {
		ID       string
		ByteSize int
		IsBinary *bool
	}
}

// modeLink is git's mode of a symbolic link.
const modeLink = 0o120000

func (c *Client) snapshots(ctx context.Context, repos []Repository, yield func(Snapshot)) {
	ids := make([]string, len(repos))
	for i, r := range repos {
		ids[i] = r.NodeID
	}
	what := "read the workflow folders of " + several(repos)
	found, err := c.nodes(ctx, treesQuery, ids, what)
	if errors.Is(err, errTooLarge) && len(repos) > 1 {
		half := len(repos) / 2
		c.snapshots(ctx, repos[:half], yield)
		c.snapshots(ctx, repos[half:], yield)
		return
	}
	var open []Repository
	var readings []*reading
	for i, repo := range repos {
		var r *reading
		if err == nil {
			r = newReading(repo, found[i].data)
		}
		if r == nil {
			open = append(open, repo)
		} else {
			readings = append(readings, r)
		}
	}
	c.read(ctx, readings, yield)
	c.alone(ctx, open, yield)
}

// read reads the files of repositories in groups that fit into one answer.
func (c *Client) read(ctx context.Context, readings []*reading, yield func(Snapshot)) {
	first, size := 0, 0
	for i, r := range readings {
		if size += r.size; size > maxText && i > first {
			c.finish(ctx, readings[first:i], yield)
			first, size = i, r.size
		}
	}
	c.finish(ctx, readings[first:], yield)
}

// alone reads repositories over REST, some at a time.
func (c *Client) alone(ctx context.Context, repos []Repository, yield func(Snapshot)) {
	slots := make(chan struct{}, maxAlone)
	var wg sync.WaitGroup
	for _, repo := range repos {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			yield(c.snapshotREST(ctx, repo))
		})
	}
	wg.Wait()
}

func several(repos []Repository) string {
	if len(repos) == 1 {
		return repos[0].FullName()
	}
	return fmt.Sprintf("%s and %d more", repos[0].FullName(), len(repos)-1)
}

// reading is a snapshot whose files are still to be read.
type reading struct {
	Snapshot
	blobs []blob
	size  int // of all blobs
	read  int // bytes
	long  []byte
}

// blob is a file of a snapshot. One without an ID is read over REST, which follows links.
type blob struct {
	file int // in Files
	id   string
	size int
}

// newReading is nil for an answer that leaves something open.
func newReading(repo Repository, data json.RawMessage) *reading {
	var told map[string]json.RawMessage
	var t tree
	if json.Unmarshal(data, &told) != nil || len(told) != treeFields || json.Unmarshal(data, &t) != nil {
		return nil
	}
	if !strings.EqualFold(t.NameWithOwner, repo.FullName()) || t.IsPrivate == nil || t.ForkingAllowed == nil || t.Environments == nil {
		return nil
	}
	if t.Environments.TotalCount != len(t.Environments.Nodes) {
		return nil
	}
	r := &reading{}
	repo.Private, repo.AllowForking = *t.IsPrivate, !*t.IsPrivate || *t.ForkingAllowed
	r.Repository, r.Dependabot = repo, t.YML != nil || t.YAML != nil
	if t.DefaultBranchRef != nil {
		r.Commit = t.DefaultBranchRef.Target.OID
	}
	for _, e := range t.Environments.Nodes {
		r.Environments.Entries = append(r.Environments.Entries, Entry{Name: e.Name})
	}
	if t.Workflows == nil || t.Workflows.Typename == "Blob" {
		return r
	}
	if t.Workflows.Entries == nil || t.DefaultBranchRef == nil || slices.ContainsFunc(t.Workflows.Entries, func(e treeEntry) bool { return !r.take(e) }) {
		return nil
	}
	return r
}

// take adds an entry of the folder if it is a workflow; false for one that is described in part.
func (r *reading) take(e treeEntry) bool {
	if e.Name == "" || e.Type == "" || strings.Contains(e.Name, "/") {
		return false
	}
	if !isYAML(e.Name) || e.Type != "blob" {
		return true
	}
	if e.Object == nil || e.Object.ID == "" || e.Object.IsBinary == nil || e.Object.ByteSize < 0 {
		return false
	}
	b := blob{file: len(r.Files), id: e.Object.ID, size: e.Object.ByteSize}
	f := File{Path: workflowFolder + "/" + e.Name, Linked: e.Mode == modeLink}
	switch {
	case f.Linked:
		b.id = ""
	case b.size > maxWorkflow:
		if r.long == nil {
			r.long = tooLong()
		}
		f.Data, b.size = r.long, 0
	case *e.Object.IsBinary:
		b.id = ""
	}
	r.Files = append(r.Files, f)
	if f.Data == nil {
		r.blobs, r.size = append(r.blobs, b), r.size+b.size
	}
	return true
}

// tooLong stands for a file that is too large to be read: its size says so.
func tooLong() []byte { return make([]byte, maxWorkflow+1) }

func isYAML(name string) bool {
	ext := path.Ext(name)
	return ext == ".yml" || ext == ".yaml"
}

// finish reads the files of some repositories and yields them.
func (c *Client) finish(ctx context.Context, readings []*reading, yield func(Snapshot)) {
	texts := c.texts(ctx, readings)
	for _, r := range readings {
		c.complete(ctx, r, texts)
		yield(r.Snapshot)
	}
}

// complete fills in the files, those over REST that the texts leave out. A link that leads nowhere is no file.
func (c *Client) complete(ctx context.Context, r *reading, texts map[string][]byte) {
	for _, b := range r.blobs {
		f := &r.Files[b.file]
		if text, known := texts[b.id]; known {
			f.Data = text
		} else if r.Err == nil {
			f.Data, r.Err = c.workflowFile(ctx, r.Snapshot, f.Path)
		}
		r.read += len(f.Data)
	}
	if r.read > maxOfRepository && r.Err == nil {
		r.Err = tooMuch(r.Repository)
	}
	r.Files = slices.DeleteFunc(r.Files, func(f File) bool { return f.Data == nil })
	if r.Err != nil {
		r.Files = nil
	}
}

func tooMuch(repo Repository) error {
	return fmt.Errorf("the workflows of %s were not read: more than %d files, or %d MiB", repo.FullName(), maxFiles, maxOfRepository>>20)
}

// texts reads files by their IDs, as many at once as an answer has room for. What is missing in it was not told in whole.
func (c *Client) texts(ctx context.Context, readings []*reading) map[string][]byte {
	texts := map[string][]byte{}
	var ids []string
	size := 0
	ask := func() {
		if len(ids) > 0 {
			c.addTexts(ctx, ids, several(repositoriesOf(readings)), texts)
		}
		ids, size = nil, 0
	}
	for _, r := range readings {
		if len(r.blobs) > maxFiles || r.size > maxOfRepository {
			r.Err, r.blobs = tooMuch(r.Repository), nil
		}
		for _, b := range r.blobs {
			if b.id == "" {
				continue
			}
			if len(ids) == maxBlobs || size+b.size > maxText {
				ask()
			}
			ids, size = append(ids, b.id), size+b.size
		}
	}
	ask()
	return texts
}

func repositoriesOf(readings []*reading) []Repository {
	repos := make([]Repository, len(readings))
	for i, r := range readings {
		repos[i] = r.Repository
	}
	return repos
}

func (c *Client) addTexts(ctx context.Context, ids []string, whose string, texts map[string][]byte) {
	found, err := c.nodes(ctx, blobsQuery, ids, "read the workflows of "+whose)
	if err != nil {
		return
	}
	for _, n := range found {
		var b struct {
			ID string
			blobText
		}
		if n.data == nil || json.Unmarshal(n.data, &b) != nil {
			continue
		}
		if text, whole := b.whole(); whole {
			texts[b.ID] = text
		}
	}
}

// blobText is a file as a query tells it.
type blobText struct {
	ByteSize              *int
	IsBinary, IsTruncated *bool
	Text                  *string
}

// whole is the text if it is all there is. One of another length was changed on its way, such as one that is not UTF-8.
func (b blobText) whole() ([]byte, bool) {
	if b.Text == nil || b.ByteSize == nil || b.IsBinary == nil || b.IsTruncated == nil {
		return nil, false
	}
	return []byte(*b.Text), !*b.IsBinary && !*b.IsTruncated && len(*b.Text) == *b.ByteSize
}

// snapshotREST reads a repository alone.
func (c *Client) snapshotREST(ctx context.Context, repo Repository) Snapshot {
	s := Snapshot{Repository: repo}
	if s.Files, s.Err = c.Workflows(ctx, repo.Owner, repo.Name); s.Err != nil {
		return s
	}
	s.Environments = c.Environments(ctx, repo.Owner, repo.Name)
	s.Dependabot, s.Err = c.hasDependabot(ctx, repo)
	return s
}

// hasDependabot looks for the file that switches Dependabot on.
func (c *Client) hasDependabot(ctx context.Context, repo Repository) (bool, error) {
	var items []struct{ Name string }
	where := fmt.Sprintf("repos/%s/%s/contents/.github", url.PathEscape(repo.Owner), url.PathEscape(repo.Name))
	what := "look for the Dependabot settings of " + repo.FullName()
	_, err := c.get(ctx, where, what, &items)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err == nil && items == nil {
		err = c.unusable(http.StatusOK, what, errNotJSON)
	}
	for _, item := range items {
		if item.Name == "dependabot.yml" || item.Name == "dependabot.yaml" {
			return true, err
		}
	}
	return false, err
}

// workflowFile reads a file over REST, which follows a link within the repository. It is nil for a link that leads nowhere.
func (c *Client) workflowFile(ctx context.Context, s Snapshot, name string) ([]byte, error) {
	r := s.Repository
	where := fmt.Sprintf("repos/%s/%s/contents/%s", url.PathEscape(r.Owner), url.PathEscape(r.Name), escapePath(name))
	if s.Commit != "" {
		where += "?ref=" + url.QueryEscape(s.Commit)
	}
	what := fmt.Sprintf("read %s of %s", name, r.FullName())
	var raw json.RawMessage
	if _, err := c.get(ctx, where, what, &raw); err != nil {
		return nil, err
	}
	if strings.HasPrefix(string(raw), "[") {
		return nil, nil // a folder
	}
	var file contentsFile
	if json.Unmarshal(raw, &file) != nil {
		return nil, c.unusable(http.StatusOK, what, errNotJSON)
	}
	if file.Type == "symlink" || file.Type == "submodule" {
		return nil, nil
	}
	if file.Size > maxWorkflow {
		return tooLong(), nil
	}
	return c.content(file, what)
}
