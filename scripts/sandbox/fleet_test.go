package sandbox_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/gh-hex/gh-hex/scripts/sandbox"
)

func TestSeriesOfRepositories(t *testing.T) {
	s := start(t)
	series := `{"github": {"github.com": {"generate": [
		{"name": "octo/plain-*", "count": 1200},
		{"name": "octo/hex-*", "count": 2, "as": {"private": true, "secrets": {"actions": {"HEX_API_TOKEN": {"value": "x"}}}}}
	]}}}`
	merge(t, s, series)
	state := s.State().GitHub["github.com"]
	if len(state.Repositories) != 1204 || state.Generate != nil {
		t.Fatalf("%d repositories", len(state.Repositories))
	}
	ids := map[int64]bool{}
	for _, r := range state.Repositories {
		ids[r.ID] = true
	}
	if len(ids) != 1204 {
		t.Errorf("%d different IDs", len(ids))
	}
	if r := api(t, s, "GET", "/repos/octo/hex-0002/actions/secrets", nil); !strings.Contains(r.body, "HEX_API_TOKEN") {
		t.Error(r.body)
	}
	id := state.Repositories["octo/hex-0001"].ID
	merge(t, s, series)
	if again := s.State().GitHub["github.com"].Repositories["octo/hex-0001"].ID; again != id {
		t.Errorf("ID %d became %d", id, again)
	}
}

// graphql asks for nodes by ID.
func graphql(t *testing.T, s *sandbox.Sandbox, fields string, ids ...string) map[string]any {
	t.Helper()
	r := api(t, s, "POST", "/graphql", map[string]any{"query": `query($ids:[ID!]!){nodes(ids:$ids){` + fields + `}}`, "variables": map[string]any{"ids": ids}})
	want(t, r, 200)
	return r.decode(t)
}

func TestNodesOfRepositoriesAndFiles(t *testing.T) {
	s := start(t)
	merge(t, s, `{"github": {"github.com": {"repositories": {
		"octo/analytics": {"forbidForking": true, "links": {".github/workflows/link.yml": "hex.yml"},
			"files": {"main": {".github/workflows/hex.yml": "on: push\n", ".github/workflows/old/a.yml": "", ".github/dependabot.yml": "version: 2\n"}}},
		"octo/secret": {"private": true, "permission": "none"}
	}}}}`)
	s.Update(func(st *sandbox.State) {
		st.GitHub["github.com"].Repositories["octo/site"].Files = map[string]map[string]string{"main": {
			".github/workflows/binary.yml": "a\x00b", ".github/workflows/long.yml": strings.Repeat("x", 600_000),
		}}
	})
	node := func(name string) string {
		return fmt.Sprintf("R_%d", s.State().GitHub["github.com"].Repositories[name].ID)
	}
	fields := `...on Repository{isPrivate forkingAllowed tree:object(expression:"HEAD:.github/workflows"){...on Tree{entries{name type mode object{...on Blob{id byteSize isBinary}}}}}
		yml:object(expression:"HEAD:.github/dependabot.yml"){__typename} yaml:object(expression:"HEAD:.github/dependabot.yaml"){__typename} environments(first:100){totalCount nodes{name}}}`
	got := graphql(t, s, fields, node("octo/analytics"), node("octo/secret"), "R_7")
	if n := len(got["errors"].([]any)); n != 2 {
		t.Errorf("%d errors: %v", n, got["errors"])
	}
	nodes := got["data"].(map[string]any)["nodes"].([]any)
	text := fmt.Sprint(nodes[0])
	for _, part := range []string{"forkingAllowed:false", "isPrivate:true", "name:hex.yml", "name:old", "mode:40960", "yaml:<nil>", "yml:map", "prod/eu", "totalCount:2"} {
		if !strings.Contains(text, part) {
			t.Errorf("no %s in %s", part, text)
		}
	}
	if nodes[1] != nil || nodes[2] != nil {
		t.Error(nodes[1:])
	}

	got = graphql(t, s, fields, node("octo/site"))
	entries := got["data"].(map[string]any)["nodes"].([]any)[0].(map[string]any)["tree"].(map[string]any)["entries"].([]any)
	var ids []string
	for _, e := range entries {
		ids = append(ids, e.(map[string]any)["object"].(map[string]any)["id"].(string))
	}
	got = graphql(t, s, `...on Blob{isBinary isTruncated byteSize text}`, ids...)
	blobs := got["data"].(map[string]any)["nodes"].([]any)
	binary, long := blobs[0].(map[string]any), blobs[1].(map[string]any)
	if binary["isBinary"] != true || binary["text"] != nil || long["isTruncated"] != true || long["byteSize"] != 600_000.0 || len(long["text"].(string)) != 512_000 {
		t.Error(binary, long["isTruncated"], long["byteSize"], len(long["text"].(string)))
	}
	if r := api(t, s, "GET", "/repos/octo/analytics/contents/.github/workflows/link.yml", nil); !strings.Contains(r.body, `"type":"file"`) {
		t.Error(r.body)
	}
}

func TestPointsOfAMinute(t *testing.T) {
	s := start(t)
	merge(t, s, `{"github": {"github.com": {"limits": {"points": 7, "retryAfter": 60}}}}`)
	want(t, api(t, s, "POST", "/graphql", map[string]any{"query": "{viewer{login}}"}), 200)
	want(t, api(t, s, "PUT", "/repos/octo/analytics/environments/x", nil), 200)
	want(t, api(t, s, "GET", "/repos/octo/analytics", nil), 200)
	r := api(t, s, "GET", "/repos/octo/analytics", nil)
	want(t, r, http.StatusForbidden)
	if r.header.Get("Retry-After") != "60" || !strings.Contains(r.body, "secondary rate limit") {
		t.Error(r.header, r.body)
	}
}
