package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
)

// Series is many repositories that are alike: an organization's fleet.
type Series struct {
	Name  string          `json:"name"` // OWNER/NAME, in which a star stands for the number
	Count int             `json:"count"`
	As    json.RawMessage `json:"as,omitempty"` // a Repository
}

// generate adds the repositories of every series, unless one of that name is there.
func (h *Host) generate() {
	id := h.nextID()
	for _, s := range h.Generate {
		for n := range s.Count {
			name := strings.ReplaceAll(s.Name, "*", fmt.Sprintf("%04d", n+1))
			if h.Repositories[name] != nil {
				continue
			}
			r := &Repository{}
			if len(s.As) > 0 && json.Unmarshal(s.As, r) != nil {
				panic("sandbox: a series of repositories is no repository")
			}
			r.ID = id
			id++
			h.Repositories[name] = r
		}
	}
	h.Generate = nil
}

// ledger is the points of the last minute.
type ledger struct {
	times  []time.Time
	points []int
	sum    int
}

// exceeds enters points, unless they would be more than the limit.
func (l *ledger) exceeds(limit, points int, now time.Time) bool {
	for len(l.times) > 0 && now.Sub(l.times[0]) >= time.Minute {
		l.sum -= l.points[0]
		l.times, l.points = l.times[1:], l.points[1:]
	}
	if l.sum+points > limit {
		return true
	}
	l.times, l.points, l.sum = append(l.times, now), append(l.points, points), l.sum+points
	return false
}

func (c *call) points() int {
	if c.access() == "write" && c.path != "/graphql" {
		return 5
	}
	return 1
}

// link answers what a symbolic link leads to, as GitHub does where that is a file.
func (c *call) link(files map[string]string, from, target string) answer {
	to := path.Join(path.Dir(from), target)
	if content, found := files[to]; found {
		return c.file(from, content)
	}
	return jsonAnswer(http.StatusOK, map[string]any{"type": "symlink", "path": from, "name": path.Base(from), "target": target})
}

// linksIn lists the symbolic links right in a folder.
func (r *Repository) linksIn(folder string) []any {
	var entries []any
	for _, name := range sortedKeys(r.Links) {
		if path.Dir(name) == folder {
			entries = append(entries, map[string]any{"type": "symlink", "path": name, "name": path.Base(name), "size": len(r.Links[name])})
		}
	}
	return entries
}

// lazy is the value of a field that is worked out when it is asked for.
type lazy func(f selection) any

func (q *query) pickEach(list []any, fields []selection, path string) []any {
	picked := make([]any, len(list))
	for i, item := range list {
		picked[i] = q.pick(item, fields, path)
	}
	return picked
}

// graphqlNodes looks up repositories and files by their IDs. One that is not visible is null.
func (c *call) graphqlNodes(q *query, field selection) []any {
	ids, _ := q.variables[strings.TrimPrefix(field.args["ids"], "$")].([]any)
	names := c.repositoryNames()
	nodes := make([]any, len(ids))
	for i, id := range ids {
		if nodes[i] = c.graphqlNode(fmt.Sprint(id), names); nodes[i] == nil {
			q.errs = append(q.errs, map[string]any{"type": "NOT_FOUND", "path": []any{field.alias, i},
				"message": fmt.Sprintf("Could not resolve to a node with the global id of '%v'", id)})
		}
	}
	return nodes
}

// repositoryNames are the names of all repositories by ID.
func (c *call) repositoryNames() map[string]string {
	names := map[string]string{}
	for name, r := range c.host.Repositories {
		names[fmt.Sprint(r.ID)] = name
	}
	return names
}

func (c *call) graphqlNode(id string, names map[string]string) any {
	parts := strings.SplitN(id, "_", 3)
	if len(parts) < 2 {
		return nil
	}
	name := names[parts[1]]
	r := c.host.Repositories[name]
	if r == nil || !c.sees(name, r) {
		return nil
	}
	switch {
	case parts[0] == "R":
		return c.graphqlRepository(name, r, false)
	case parts[0] == "B" && len(parts) == 3:
		for path, content := range r.Files[r.DefaultBranch] {
			if blobOf(path, content) == parts[2] {
				return graphqlBlob(r, path, content)
			}
		}
	}
	return nil
}

func blobOf(path, content string) string { return describeFile(path, content)["sha"].(string) }

// maxBlobText is where GitHub cuts the text of a file.
const maxBlobText = 512_000

func graphqlBlob(r *Repository, path, content string) map[string]any {
	binary := strings.Contains(content[:min(len(content), 8000)], "\x00")
	d := map[string]any{
		"__typename": "Blob", "id": fmt.Sprintf("B_%d_%s", r.ID, blobOf(path, content)), "oid": blobOf(path, content), "byteSize": len(content),
		"isBinary": binary, "isTruncated": len(content) > maxBlobText, "text": nil,
	}
	if !binary {
		d["text"] = content[:min(len(content), maxBlobText)]
	}
	return d
}

// graphqlObject is a file or a folder of the default branch.
func graphqlObject(r *Repository, expression string) any {
	ref, at, _ := strings.Cut(expression, ":")
	inHead := ref == "HEAD" || ref == r.DefaultBranch
	files := r.Files[r.DefaultBranch]
	if content, found := files[at]; found && inHead {
		return graphqlBlob(r, at, content)
	}
	entries := graphqlEntries(r, files, at)
	if !inHead || len(entries) == 0 {
		return nil
	}
	return map[string]any{"__typename": "Tree", "entries": entries}
}

func graphqlEntries(r *Repository, files map[string]string, folder string) []any {
	var entries []any
	var folders []string
	for _, name := range sortedKeys(files) {
		rest, inside := strings.CutPrefix(name, folder+"/")
		dir, _, deeper := strings.Cut(rest, "/")
		switch {
		case inside && !deeper:
			entries = append(entries, map[string]any{"name": rest, "type": "blob", "mode": 0o100644, "object": graphqlBlob(r, name, files[name])})
		case inside && !slices.Contains(folders, dir):
			folders = append(folders, dir)
			entries = append(entries, map[string]any{"name": dir, "type": "tree", "mode": 0o040000, "object": map[string]any{"__typename": "Tree"}})
		}
	}
	for _, name := range sortedKeys(r.Links) {
		if path.Dir(name) == folder {
			entries = append(entries, map[string]any{"name": path.Base(name), "type": "blob", "mode": 0o120000, "object": graphqlBlob(r, name, r.Links[name])})
		}
	}
	return entries
}

func graphqlEnvironments(r *Repository) map[string]any {
	nodes := []any{}
	for _, name := range sortedKeys(r.Environments) {
		nodes = append(nodes, map[string]any{"name": name})
	}
	return map[string]any{"totalCount": len(nodes), "nodes": nodes[:min(len(nodes), 100)]}
}
